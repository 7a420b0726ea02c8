//! Raw ports that take, hold, break and refuse.
#![allow(clippy::unwrap_used)]

use std::io;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::super::event::DeviceEvent;
use super::super::failure::{AbortCause, Doubt, Outcome, PrintFailure, Refusal, Stop};
use super::super::ticket::{ColorMode, PrintTicket, Sides};
use super::{Patience, SocketDevice};

fn ticket() -> PrintTicket {
    PrintTicket {
        release: "1f2e3d4c".into(),
        title: "Plan".into(),
        user: "ada".into(),
        format: "application/pdf".into(),
        copies: 1,
        sides: None,
        color: Some(ColorMode::Auto),
        media: None,
        page_ranges: Vec::new(),
        scaling: None,
        size: None,
    }
}

async fn port() -> (TcpListener, SocketDevice) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, SocketDevice::open("127.0.0.1".into(), port))
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
async fn a_port_that_does_not_close_leaves_a_doubt() {
    let (listener, mut device) = port().await;
    device.patience = Patience {
        drain: Duration::from_millis(20),
        ..Patience::default()
    };
    let holding = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.read_to_end(&mut Vec::new()).await.unwrap();
        stream
    };
    let (printed, _stream) = tokio::join!(print(&device, &b"page"[..]), holding);
    assert!(
        matches!(
            printed,
            Err(PrintFailure::Unknown {
                doubt: Doubt::NotDrained(_),
                ..
            })
        ),
        "{printed:?}"
    );
}

#[tokio::test]
async fn a_port_that_takes_no_more_leaves_a_doubt() {
    let (listener, mut device) = port().await;
    device.patience = Patience {
        stopped: Duration::from_millis(50),
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
async fn a_broken_document_is_reset_not_closed() {
    let (listener, device) = port().await;
    let broken = Box::pin(tokio_util::io::StreamReader::new(futures::stream::iter([
        Ok(tokio_util::bytes::Bytes::from_static(b"half a page")),
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
    let (listener, device) = port().await;
    drop(listener);
    assert!(device.describe().await.is_err());
    assert!(matches!(
        print(&device, &b"page"[..]).await,
        Err(PrintFailure::NotStarted(_))
    ));
}

#[tokio::test]
async fn what_a_raw_port_cannot_be_told_is_refused() {
    let (_listener, device) = port().await;
    for wish in [
        PrintTicket {
            copies: 2,
            ..ticket()
        },
        PrintTicket {
            sides: Some(Sides::TwoSidedLongEdge),
            ..ticket()
        },
        PrintTicket {
            color: Some(ColorMode::Monochrome),
            ..ticket()
        },
        PrintTicket {
            media: Some("iso_a4_210x297mm".into()),
            ..ticket()
        },
    ] {
        let (sender, _receiver) = mpsc::channel(1);
        let printed = device
            .print(&wish, &b"page"[..], sender, CancellationToken::new())
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
