//! Documents that become files, and those that leave nothing.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::io;
use std::path::Path;

use papermesh_protocol::job::PrintOptions;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::super::event::{DeviceEvent, DeviceVerdict};
use super::super::failure::{AbortCause, Outcome, PrintFailure, Stop};
use super::super::ticket::PrintTicket;
use super::TrayDevice;
use super::name::part_name;

const RELEASE: &str = "1f2e3d4c5b6a7988";

fn ticket() -> PrintTicket {
    PrintTicket {
        release: RELEASE.into(),
        title: "Plan".into(),
        user: "ada".into(),
        format: "application/pdf".into(),
        size: None,
        converted: false,
        options: PrintOptions {
            copies: 2,
            ..PrintOptions::default()
        },
    }
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

async fn print<R>(tray: &TrayDevice, ticket: &PrintTicket, body: R) -> Result<Outcome, PrintFailure>
where
    R: AsyncRead + Send + Unpin + 'static,
{
    let (sender, _receiver) = mpsc::channel(64);
    tray.print(ticket, body, sender, CancellationToken::new())
        .await
}

async fn open(home: &tempfile::TempDir) -> TrayDevice {
    TrayDevice::open(home.path().join("new/tray"))
        .await
        .unwrap()
}

#[tokio::test]
async fn a_document_becomes_one_private_file() {
    let home = tempfile::tempdir().unwrap();
    let tray = open(&home).await;
    let document: Vec<u8> = (0..700_000u32).map(|n| n.to_le_bytes()[0]).collect();
    assert!(tray.describe().await.unwrap().accepting);
    let printed = print(&tray, &ticket(), io::Cursor::new(document.clone())).await;
    assert!(
        matches!(printed, Ok(Outcome::Completed { pages: None, .. })),
        "{printed:?}"
    );
    assert_eq!(names(tray.folder()), ["Plan-1f2e3d4c-x2.pdf"]);
    let file = tray.folder().join("Plan-1f2e3d4c-x2.pdf");
    assert_eq!(fs::read(&file).unwrap(), document);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(
            fs::metadata(&file).unwrap().permissions().mode() & 0o777,
            0o600
        );
    }
    assert_eq!(
        tray.ask(RELEASE).await,
        DeviceVerdict::Completed { pages: None }
    );
}

#[tokio::test]
async fn nothing_is_ever_overwritten() {
    let home = tempfile::tempdir().unwrap();
    let tray = open(&home).await;
    print(&tray, &ticket(), &b"first"[..]).await.unwrap();
    let again = print(&tray, &ticket(), &b"second"[..]).await;
    assert!(matches!(again, Err(PrintFailure::Refused(_))), "{again:?}");
    assert_eq!(
        fs::read(tray.folder().join("Plan-1f2e3d4c-x2.pdf")).unwrap(),
        b"first"
    );
    // Not even where the name is taken while the document comes.
    let other = PrintTicket {
        release: "00000000aaaa".into(),
        ..ticket()
    };
    let (mut writer, reader) = tokio::io::duplex(64);
    let (sender, mut receiver) = mpsc::channel(64);
    let printing = tray.print(&other, reader, sender, CancellationToken::new());
    let taking = async {
        assert!(matches!(
            receiver.recv().await,
            Some(DeviceEvent::Accepted { .. })
        ));
        fs::write(tray.folder().join("Plan-00000000-x2.pdf"), "another's").unwrap();
        writer.write_all(b"ours").await.unwrap();
        drop(writer);
    };
    let (printed, ()) = tokio::join!(printing, taking);
    assert!(
        matches!(
            printed,
            Err(PrintFailure::Aborted {
                cause: AbortCause::Tray(_),
                ..
            })
        ),
        "{printed:?}"
    );
    assert_eq!(
        fs::read(tray.folder().join("Plan-00000000-x2.pdf")).unwrap(),
        b"another's"
    );
    assert_eq!(names(tray.folder()).len(), 2, "nothing half-written stays");
}

#[tokio::test]
async fn a_document_that_breaks_off_leaves_nothing() {
    let home = tempfile::tempdir().unwrap();
    let tray = open(&home).await;
    let short = PrintTicket {
        size: Some(10),
        ..ticket()
    };
    let broken = print(&tray, &short, &b"half"[..]).await;
    assert!(
        matches!(
            broken,
            Err(PrintFailure::Body {
                stop: Stop::NothingSent,
                ..
            })
        ),
        "{broken:?}"
    );
    assert!(names(tray.folder()).is_empty());
}

#[tokio::test]
async fn a_cancel_leaves_nothing() {
    let home = tempfile::tempdir().unwrap();
    let tray = open(&home).await;
    let (sender, mut receiver) = mpsc::channel(1);
    let cancel = CancellationToken::new();
    let plan = ticket();
    let printing = tray.print(
        &plan,
        tokio::io::repeat(7).take(u64::MAX),
        sender,
        cancel.clone(),
    );
    let canceling = async {
        receiver.recv().await.unwrap();
        cancel.cancel();
    };
    let (printed, ()) = tokio::join!(printing, canceling);
    assert!(
        matches!(
            printed,
            Err(PrintFailure::Aborted {
                cause: AbortCause::Asked,
                ..
            })
        ),
        "{printed:?}"
    );
    assert!(names(tray.folder()).is_empty());
}

#[tokio::test]
async fn a_crash_is_swept_up_and_remembered() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("new/tray");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(part_name(RELEASE)), "half").unwrap();
    fs::write(folder.join("somebody's.pdf"), "theirs").unwrap();
    let tray = open(&home).await;
    assert_eq!(names(&folder), ["somebody's.pdf"]);
    assert!(matches!(
        tray.ask(RELEASE).await,
        DeviceVerdict::Aborted { pages: Some(0), .. }
    ));
    assert!(matches!(
        tray.ask("ffffffffffff").await,
        DeviceVerdict::Unknown { .. }
    ));
    assert!(matches!(tray.ask("é").await, DeviceVerdict::Unknown { .. }));
}

#[tokio::test]
async fn what_another_process_is_writing_stays() {
    let home = tempfile::tempdir().unwrap();
    let first = open(&home).await;
    let (mut writer, reader) = tokio::io::duplex(64);
    let (sender, mut receiver) = mpsc::channel(64);
    let plan = ticket();
    let printing = first.print(&plan, reader, sender, CancellationToken::new());
    let meddling = async {
        receiver.recv().await.unwrap();
        // A lock belongs to an open file, so a second tray in this process stands for one in
        // another.
        let second = open(&home).await;
        assert_eq!(names(second.folder()), [part_name(RELEASE)]);
        writer.write_all(b"whole").await.unwrap();
        drop(writer);
    };
    let (printed, ()) = tokio::join!(printing, meddling);
    assert!(printed.is_ok(), "{printed:?}");
}

#[tokio::test]
async fn a_folder_that_cannot_be_is_named() {
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("file"), "").unwrap();
    let error = TrayDevice::open(home.path().join("file/tray"))
        .await
        .unwrap_err();
    assert!(error.to_string().contains("file/tray"), "{error}");
}

/// A full disk is Linux's `/dev/full`, standing in for the file under way.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_full_disk_is_told() {
    use super::super::reporter::Reporter;
    use super::super::source::{SOURCE_STALL, Source};
    use super::{Halt, fill};

    let full = tokio::fs::OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .await
        .unwrap();
    let (sender, _receiver) = mpsc::channel(1);
    let document = vec![7u8; 100_000];
    let mut source = Source::new(&document[..], None, SOURCE_STALL);
    let Err(Halt::Disk(error)) = fill(full, &mut source, &Reporter::new(sender)).await else {
        panic!()
    };
    assert_eq!(error.kind(), io::ErrorKind::StorageFull);
}
