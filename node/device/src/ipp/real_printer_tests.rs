//! Prints against `ippeveprinter` (CUPS's IPP Everywhere printer), whose bytes received must equal
//! the bytes sent.
//!
//! Not run by default: they need `ippeveprinter` (Debian: `cups-ipp-utils`) with a D-Bus system bus
//! and Avahi running, which it wants even when it is told to announce nothing:
//!
//! ```text
//! dbus-daemon --system --fork; avahi-daemon --no-drop-root -D
//! cargo test -p papermesh-node real_printer -- --ignored
//! ```
//!
//! How it is started is in [`RealPrinter::start`]: `-r off` announces nothing, `-k -d DIR` keeps
//! what it receives, `-f` lists the formats (PDF is not in its own list), `-K DIR` is where it
//! makes its certificate, `-c COMMAND` runs for each document in place of paper. What the command
//! writes to its standard error sets the printer's state (`STATE: +media-empty-error`) and the
//! job's attributes (`ATTR: …`), and its exit code tells completed from aborted. It speaks IPP and
//! IPPS on the same port, and prints one job at a time; without a command it takes up to fifteen
//! seconds for each.
#![cfg(unix)]
#![allow(clippy::unwrap_used)]

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use papermesh_protocol::job::{ColorMode, PrintOptions, Sides};
use papermesh_protocol::remedy::Remedy;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::super::description::DeviceError;
use super::super::event::{DeviceEvent, DeviceVerdict};
use super::super::failure::{AbortCause, Outcome, PrintFailure};
use super::super::pins::{FilePins, MemoryPins, PinError};
use super::super::ticket::PrintTicket;
use super::super::uri::IppAddress;
use super::super::{OutputDevice, OutputOptions, OutputUri};

/// Prints as long as there is a file `paper`, and fails if there is a file `broken`.
const COMMAND: &str = r#"#!/bin/sh
cd "$(dirname "$0")" || exit 1
if [ ! -e paper ]; then
    echo "STATE: +media-empty-error" >&2
    while [ ! -e paper ]; do sleep 0.1; done
    echo "STATE: -media-empty-error" >&2
fi
[ ! -e broken ] || exit 1
echo "ATTR: job-impressions=3 job-impressions-completed=3" >&2
"#;

struct RealPrinter {
    process: Child,
    home: tempfile::TempDir,
    port: u16,
}

impl RealPrinter {
    fn start(port: Option<u16>) -> Self {
        let home = tempfile::tempdir().unwrap();
        let free = || {
            std::net::TcpListener::bind("127.0.0.1:0")
                .unwrap()
                .local_addr()
                .unwrap()
                .port()
        };
        let port = port.unwrap_or_else(free);
        for folder in ["spool", "keys"] {
            fs::create_dir(home.path().join(folder)).unwrap();
        }
        let command = home.path().join("print");
        fs::write(&command, COMMAND).unwrap();
        fs::set_permissions(&command, fs::Permissions::from_mode(0o700)).unwrap();
        fs::write(home.path().join("paper"), "").unwrap();
        let process = Command::new("ippeveprinter")
            .args([
                "-r",
                "off",
                "-n",
                "localhost",
                "-p",
                &port.to_string(),
                "-2",
                "-s",
                "10,10",
                "-k",
            ])
            .args(["-f", "application/pdf,image/pwg-raster"])
            .arg("-c")
            .arg(command)
            .arg("-d")
            .arg(home.path().join("spool"))
            .arg("-K")
            .arg(home.path().join("keys"))
            .arg("Papermesh test")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("ippeveprinter is installed");
        Self {
            process,
            home,
            port,
        }
    }

    fn uri(&self, tls: bool) -> OutputUri {
        OutputUri::Ipp(IppAddress {
            tls,
            host: "localhost".into(),
            port: self.port,
            path: "/ipp/print".into(),
        })
    }

    /// The documents it has received. Beside each it keeps what its command printed.
    fn spooled(&self) -> Vec<PathBuf> {
        let files = fs::read_dir(self.home.path().join("spool")).unwrap();
        let files = files.map(|entry| entry.unwrap().path());
        files
            .filter(|file| file.extension().is_some_and(|extension| extension == "pdf"))
            .collect()
    }
}

impl Drop for RealPrinter {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// Asks until the printer has started.
async fn awake(device: &OutputDevice) {
    for _ in 0..300 {
        match device.describe().await {
            Err(DeviceError::Unreachable { .. }) => {
                tokio::time::sleep(Duration::from_millis(100)).await
            }
            described => {
                let description = described.unwrap();
                assert_eq!(
                    description.make_and_model.as_deref(),
                    Some("Example Printer")
                );
                assert!(description.accepting && description.can.sides.len() == 3);
                return;
            }
        }
    }
    panic!("ippeveprinter did not start: are D-Bus and Avahi running?");
}

fn ticket(size: usize) -> PrintTicket {
    PrintTicket {
        release: "1f2e3d4c5b6a7988".into(),
        title: "Plan".into(),
        user: "ada".into(),
        format: "application/pdf".into(),
        size: Some(size as u64),
        converted: false,
        options: PrintOptions {
            copies: 2,
            sides: Some(Sides::TwoSidedLongEdge),
            color: Some(ColorMode::Monochrome),
            media: Some("iso_a4_210x297mm".into()),
            ..PrintOptions::default()
        },
    }
}

fn document(size: usize) -> Vec<u8> {
    let mut bytes = b"%PDF-1.7\n".to_vec();
    bytes.extend(
        (0u32..)
            .map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()[0])
            .take(size - bytes.len()),
    );
    bytes
}

async fn open(printer: &RealPrinter, tls: bool) -> OutputDevice {
    OutputDevice::open(
        printer.uri(tls),
        Arc::new(MemoryPins::default()),
        OutputOptions::default(),
    )
    .await
    .unwrap()
}

async fn print(
    device: &OutputDevice,
    document: &[u8],
) -> (Result<Outcome, PrintFailure>, Vec<DeviceEvent>) {
    let (sender, mut receiver) = mpsc::channel(10_000);
    let body = io::Cursor::new(document.to_vec());
    let result = device
        .print(
            &ticket(document.len()),
            body,
            sender,
            CancellationToken::new(),
        )
        .await;
    let mut events = Vec::new();
    while let Ok(event) = receiver.try_recv() {
        events.push(event);
    }
    (result, events)
}

#[tokio::test]
#[ignore = "needs ippeveprinter, D-Bus and Avahi"]
async fn what_is_sent_is_what_is_printed_and_what_is_asked_later() {
    for (tls, size) in [(false, 32 * 1024 * 1024), (true, 1024 * 1024 + 1)] {
        let printer = RealPrinter::start(None);
        let device = open(&printer, tls).await;
        awake(&device).await;
        let document = document(size);
        let (result, events) = print(&device, &document).await;
        let Ok(Outcome::Completed {
            device_job,
            pages: Some(3),
        }) = result
        else {
            panic!("{result:?} {events:?}")
        };
        let spooled = printer.spooled();
        assert_eq!(spooled.len(), 1);
        assert!(
            fs::read(&spooled[0]).unwrap() == document,
            "the bytes differ"
        );
        let verdict = device.ask(&device_job).await;
        assert!(
            matches!(verdict, DeviceVerdict::Completed { .. }),
            "{verdict:?}"
        );
    }
}

#[tokio::test]
#[ignore = "needs ippeveprinter, D-Bus and Avahi"]
async fn a_cancel_is_confirmed_by_the_printer() {
    let printer = RealPrinter::start(None);
    let device = open(&printer, false).await;
    awake(&device).await;
    let cancel = CancellationToken::new();
    let (sender, mut receiver) = mpsc::channel(100);
    let plan = PrintTicket {
        size: None,
        converted: false,
        ..ticket(0)
    };
    let printing = device.print(&plan, tokio::io::repeat(7), sender, cancel.clone());
    let canceling = async {
        while !matches!(receiver.recv().await, Some(DeviceEvent::Sent { .. })) {}
        cancel.cancel();
    };
    let (result, ()) = tokio::join!(printing, canceling);
    assert!(
        matches!(
            result,
            Err(PrintFailure::Aborted {
                cause: AbortCause::Asked,
                ..
            })
        ),
        "{result:?}"
    );
    // And the printer is fit for the next job.
    assert!(print(&device, &document(1000)).await.0.is_ok());
}

#[tokio::test]
#[ignore = "needs ippeveprinter, D-Bus and Avahi"]
async fn another_certificate_is_refused_until_a_person_forgets_the_first() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("printer-certificates.toml");
    let first = RealPrinter::start(None);
    let port = first.port;
    let device = OutputDevice::open(
        first.uri(true),
        Arc::new(FilePins::new(&file)),
        OutputOptions::default(),
    )
    .await
    .unwrap();
    awake(&device).await;
    drop(first);
    let second = RealPrinter::start(Some(port));
    let plain = open(&second, false).await;
    awake(&plain).await;
    let device = OutputDevice::open(
        second.uri(true),
        Arc::new(FilePins::new(&file)),
        OutputOptions::default(),
    )
    .await
    .unwrap();
    let (result, _) = print(&device, &document(1000)).await;
    let Err(failure @ PrintFailure::NotStarted(DeviceError::Pin(PinError::Changed { .. }))) =
        result
    else {
        panic!("{result:?}")
    };
    assert!(
        failure
            .remedy()
            .unwrap()
            .contains(&format!("remove the line \"localhost:{port}\"")),
        "{failure}"
    );
    fs::remove_file(&file).unwrap();
    assert!(print(&device, &document(1000)).await.0.is_ok());
}

#[tokio::test]
#[ignore = "needs ippeveprinter, D-Bus and Avahi"]
async fn out_of_paper_is_told_and_paper_ends_it() {
    let printer = RealPrinter::start(None);
    let paper = printer.home.path().join("paper");
    fs::remove_file(&paper).unwrap();
    let device = open(&printer, false).await;
    awake(&device).await;
    let (sender, mut receiver) = mpsc::channel(100);
    let plan = ticket(1000);
    let body = io::Cursor::new(document(1000));
    let printing = device.print(&plan, body, sender, CancellationToken::new());
    let loading = async {
        loop {
            let event = receiver.recv().await.unwrap();
            let DeviceEvent::State(progress) = event else {
                continue;
            };
            if progress
                .printer_reasons
                .iter()
                .any(|reason| reason.words == "out of paper")
            {
                fs::write(&paper, "").unwrap();
                return;
            }
        }
    };
    let (result, ()) = tokio::join!(printing, loading);
    assert!(
        matches!(result, Ok(Outcome::Completed { pages: Some(3), .. })),
        "{result:?}"
    );
}

#[tokio::test]
#[ignore = "needs ippeveprinter, D-Bus and Avahi"]
async fn a_job_that_the_printer_aborts_is_aborted() {
    let printer = RealPrinter::start(None);
    fs::write(printer.home.path().join("broken"), "").unwrap();
    let device = open(&printer, false).await;
    awake(&device).await;
    let (result, _) = print(&device, &document(1000)).await;
    let aborted = matches!(
        result,
        Err(PrintFailure::Aborted {
            cause: AbortCause::Device(_),
            ..
        })
    );
    assert!(aborted, "{result:?}");
}
