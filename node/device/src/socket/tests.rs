//! Raw ports that take, hold, break and refuse.
#![allow(clippy::unwrap_used)]

use std::io;
use std::time::Duration;

use papermesh_convert::device::Formats;
use papermesh_protocol::job::{ColorMode, PrintOptions, Sides};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::super::description::OutputOptions;
use super::super::event::DeviceEvent;
use super::super::failure::{AbortCause, Doubt, Outcome, PrintFailure, Refusal, Stop};
use super::super::ticket::PrintTicket;
use super::{Patience, SocketDevice};

fn ticket() -> PrintTicket {
    PrintTicket {
        release: "1f2e3d4c".into(),
        title: "Plan".into(),
        user: "ada".into(),
        format: "application/pdf".into(),
        size: None,
        converted: false,
        options: PrintOptions {
            color: Some(ColorMode::Auto),
            ..PrintOptions::default()
        },
    }
}

async fn port() -> (TcpListener, SocketDevice) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    (
        listener,
        SocketDevice::open("127.0.0.1".into(), port, OutputOptions::default()),
    )
}

async fn print<R>(device: &SocketDevice, body: R) -> Result<Outcome, PrintFailure>
where
    R: AsyncRead + Send + Unpin + 'static,
{
    let (sender, _receiver) = mpsc::channel(64);
    device
        .print(&ticket(), body, sender, CancellationToken::new())
        .await
}

/// Takes everything, talks back a little, closes.
async fn good(listener: &TcpListener) -> io::Result<Vec<u8>> {
    let (mut stream, _) = listener.accept().await?;
    stream.write_all(b"@PJL USTATUS\r\n").await?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await?;
    Ok(bytes)
}

#[tokio::test]
async fn what_is_taken_whole_is_delivered_and_no_more_is_said() {
    let (listener, device) = port().await;
    let document = vec![7u8; 3_000_000];
    let (printed, received) = tokio::join!(
        print(&device, io::Cursor::new(document.clone())),
        good(&listener)
    );
    assert!(
        matches!(printed, Ok(Outcome::Delivered { .. })),
        "{printed:?}"
    );
    assert_eq!(received.unwrap(), document);
}

#[tokio::test]
async fn a_port_that_has_everything_and_stays_open_is_delivered() {
    let (listener, mut device) = port().await;
    device.patience = Patience {
        drain: Duration::from_millis(20),
        tick: Duration::from_millis(5),
        ..Patience::default()
    };
    let holding = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).await.unwrap();
        (stream, bytes)
    };
    let (printed, (_stream, bytes)) = tokio::join!(print(&device, &b"page"[..]), holding);
    assert!(
        matches!(printed, Ok(Outcome::Delivered { .. })),
        "{printed:?}"
    );
    assert_eq!(bytes, b"page");
}

/// More than the buffers of both sides hold.
const LARGE: u64 = 64 << 20;

#[tokio::test]
async fn a_port_that_is_deaf_while_it_prints_for_others_gets_it_all_afterwards() {
    let (listener, mut device) = port().await;
    // All that the limits are about is over at once; only a device that has stopped is waited for.
    device.patience = Patience {
        drain: Duration::from_millis(20),
        quiet: Duration::from_millis(1),
        tick: Duration::from_millis(5),
        ..Patience::default()
    };
    let (sender, mut receiver) = mpsc::channel(64);
    let plan = ticket();
    let document = tokio::io::repeat(7).take(LARGE);
    let printing = device.print(&plan, document, sender, CancellationToken::new());
    let deaf = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        // Nothing is read until the user has been told so.
        while !matches!(receiver.recv().await, Some(DeviceEvent::Waiting { .. })) {}
        let drained = async { while receiver.recv().await.is_some() {} };
        let mut bytes = Vec::new();
        let (read, ()) = tokio::join!(stream.read_to_end(&mut bytes), drained);
        read.unwrap()
    };
    let (printed, read) = tokio::join!(printing, deaf);
    assert!(
        matches!(printed, Ok(Outcome::Delivered { .. })),
        "{printed:?}"
    );
    assert_eq!(read as u64, LARGE);
}

#[tokio::test]
async fn a_port_that_takes_no_more_leaves_a_doubt() {
    let (listener, mut device) = port().await;
    device.patience = Patience {
        stopped: Duration::from_millis(50),
        tick: Duration::from_millis(5),
        ..Patience::default()
    };
    let holding = async { listener.accept().await.unwrap().0 };
    let (printed, _stream) = tokio::join!(print(&device, tokio::io::repeat(7)), holding);
    assert!(
        matches!(
            printed,
            Err(PrintFailure::Unknown {
                doubt: Doubt::Stopped(_),
                ..
            })
        ),
        "{printed:?}"
    );
}

#[tokio::test]
async fn a_port_with_one_connection_is_waited_for() {
    let (listener, mut device) = port().await;
    let address = listener.local_addr().unwrap();
    drop(listener);
    device.patience = Patience {
        tick: Duration::from_millis(5),
        ..Patience::default()
    };
    let (sender, mut receiver) = mpsc::channel(64);
    let plan = ticket();
    let printing = device.print(&plan, &b"page"[..], sender, CancellationToken::new());
    let free_again = async {
        while !matches!(receiver.recv().await, Some(DeviceEvent::Waiting { .. })) {}
        let listener = TcpListener::bind(address).await.unwrap();
        good(&listener).await.unwrap()
    };
    let (printed, received) = tokio::join!(printing, free_again);
    assert!(
        matches!(printed, Ok(Outcome::Delivered { .. })),
        "{printed:?}"
    );
    assert_eq!(received, b"page");
}

#[tokio::test]
async fn looking_opens_no_connection() {
    let (listener, device) = port().await;
    assert_eq!(device.describe().can.formats, Formats::NotAsked);
    let accepted = tokio::time::timeout(Duration::from_millis(50), listener.accept()).await;
    assert!(accepted.is_err(), "somebody else's print would wait");
    // Only a person who looks for what is wrong has it tried.
    let (tried, accepted) = tokio::join!(device.try_out(), listener.accept());
    assert!(tried.is_ok() && accepted.is_ok());
}

#[tokio::test]
async fn commands_for_the_printer_are_no_document() {
    let (listener, device) = port().await;
    for program in [
        &b"\n%!PS\n% %PDF-1.7"[..],
        b"\x1b%-12345X@PJL INFO ID\r\n%PDF-1.7",
    ] {
        let printed = print(&device, program).await;
        assert!(
            matches!(printed, Err(PrintFailure::Refused(Refusal::Language(_)))),
            "{printed:?}"
        );
    }
    // What this node wrote itself in a language of printers is what was asked for.
    let made = PrintTicket {
        converted: true,
        ..ticket()
    };
    let pcl = b"\x1b%-12345X@PJL ENTER LANGUAGE = PCLXL\r\n) HP-PCL XL";
    let (sender, _receiver) = mpsc::channel(64);
    let (printed, received) = tokio::join!(
        device.print(&made, &pcl[..], sender, CancellationToken::new()),
        good(&listener)
    );
    assert!(printed.is_ok(), "{printed:?}");
    assert_eq!(received.unwrap(), pcl);
}

#[tokio::test]
async fn a_document_does_not_leave_itself_for_a_talk_with_the_printer() {
    let (listener, device) = port().await;
    let mut document = vec![b'x'; 300_000];
    document[200_000..200_009].copy_from_slice(b"\x1b%-12345X");
    let (printed, received) = tokio::join!(
        print(&device, io::Cursor::new(document.clone())),
        good(&listener)
    );
    assert!(printed.is_ok(), "{printed:?}");
    let received = received.unwrap();
    document[200_000] = b' ';
    assert_eq!(received, document);
}

#[tokio::test]
async fn a_broken_document_is_reset_not_closed() {
    let (listener, device) = port().await;
    let broken = Box::pin(tokio_util::io::StreamReader::new(futures::stream::iter([
        Ok(tokio_util::bytes::Bytes::from(vec![b'x'; 5000])),
        Err(io::Error::other("the holder went away")),
    ])));
    let (printed, received) = tokio::join!(print(&device, broken), good(&listener));
    assert!(
        matches!(
            printed,
            Err(PrintFailure::Body {
                stop: Stop::Unconfirmed,
                ..
            })
        ),
        "{printed:?}"
    );
    assert!(printed.unwrap_err().may_have_printed());
    assert_eq!(received.unwrap_err().kind(), io::ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn a_document_that_breaks_off_at_its_beginning_opens_no_connection() {
    let (listener, device) = port().await;
    let broken = Box::pin(tokio_util::io::StreamReader::new(futures::stream::iter([
        Ok(tokio_util::bytes::Bytes::from_static(b"half a page")),
        Err(io::Error::other("the holder went away")),
    ])));
    let failure = print(&device, broken).await.unwrap_err();
    assert!(failure.nothing_printed(), "{failure:?}");
    let opened = tokio::time::timeout(Duration::from_millis(50), listener.accept()).await;
    assert!(opened.is_err());
}

#[tokio::test]
async fn a_cancel_is_a_doubt_once_bytes_have_left() {
    let (listener, device) = port().await;
    let cancel = CancellationToken::new();
    let (sender, mut receiver) = mpsc::channel(64);
    let plan = ticket();
    let printing = device.print(&plan, tokio::io::repeat(7), sender, cancel.clone());
    let canceling = async {
        let (_stream, _): (TcpStream, _) = listener.accept().await.unwrap();
        while !matches!(receiver.recv().await, Some(DeviceEvent::Sent { .. })) {}
        cancel.cancel();
    };
    let (printed, ()) = tokio::join!(printing, canceling);
    assert!(
        matches!(
            printed,
            Err(PrintFailure::Unknown {
                doubt: Doubt::CancelUnconfirmed,
                ..
            })
        ),
        "{printed:?}"
    );

    let (sender, _receiver) = mpsc::channel(1);
    let early = device.print(&plan, &b"page"[..], sender, cancel).await;
    assert!(
        matches!(
            early,
            Err(PrintFailure::Aborted {
                cause: AbortCause::Asked,
                ..
            })
        ),
        "{early:?}"
    );
}

#[tokio::test]
async fn a_port_where_nobody_listens_is_unreachable() {
    let (listener, mut device) = port().await;
    drop(listener);
    device.patience = Patience {
        busy: Duration::ZERO,
        ..Patience::default()
    };
    assert!(device.try_out().await.is_err());
    assert!(matches!(
        print(&device, &b"page"[..]).await,
        Err(PrintFailure::NotStarted(_))
    ));
}

#[tokio::test]
async fn what_a_raw_port_cannot_be_told_is_refused() {
    let (_listener, device) = port().await;
    for wanted in [
        PrintTicket {
            options: PrintOptions {
                copies: 2,
                ..PrintOptions::default()
            },
            ..ticket()
        },
        PrintTicket {
            options: PrintOptions {
                sides: Some(Sides::TwoSidedLongEdge),
                ..PrintOptions::default()
            },
            ..ticket()
        },
        PrintTicket {
            options: PrintOptions {
                color: Some(ColorMode::Monochrome),
                ..PrintOptions::default()
            },
            ..ticket()
        },
    ] {
        let (sender, _receiver) = mpsc::channel(1);
        let printed = device
            .print(&wanted, &b"page"[..], sender, CancellationToken::new())
            .await;
        assert!(
            matches!(
                printed,
                Err(PrintFailure::Refused(Refusal::Attribute { .. }))
            ),
            "{printed:?}"
        );
    }
}
