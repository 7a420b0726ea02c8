//! Prints that are stopped, and what may be said of paper then.

use tokio::io::AsyncReadExt as _;

use super::super::patience::CANCEL_LIMIT;
use super::{
    AbortCause, Answer, AsyncRead, CancellationToken, Doubt, Duration, FakePrinter, Manners,
    NO_TIME, Operation, Outcome, Patience, PrintFailure, PrintTicket, Stop, device, document, io,
    job, mpsc, ordinary, patience, print, print_as, printer_that, printer_whose_job, ticket,
};

#[tokio::test]
async fn a_printer_that_stands_still_loses_the_job() {
    let fake = printer_whose_job(|asked| match (asked.received, asked.canceled) {
        (0, _) => job(3, &["job-incoming"]),
        (_, false) => job(6, &["printer-stopped"]),
        (_, true) => job(7, &["job-canceled-by-user"]),
    })
    .await;
    let (result, _) = print_as(
        &fake,
        Patience {
            stopped: NO_TIME,
            ..patience()
        },
        &ticket(),
        io::Cursor::new(document()),
    )
    .await;
    let Err(PrintFailure::Aborted {
        cause: AbortCause::DeviceStopped(words),
        ..
    }) = &result
    else {
        panic!("{result:?}")
    };
    assert_eq!(words, "the printer has stopped");
}

#[tokio::test]
async fn a_printer_that_stands_still_and_confirms_nothing_leaves_a_doubt() {
    let fake = printer_whose_job(|asked| match asked.received {
        0 => job(3, &["job-incoming"]),
        _ => job(6, &["printer-stopped"]),
    })
    .await;
    let impatient = Patience {
        stopped: NO_TIME,
        cancel: NO_TIME,
        ..patience()
    };
    let (result, _) = print_as(&fake, impatient, &ticket(), io::Cursor::new(document())).await;
    let Err(failure) = result else { panic!() };
    assert!(
        matches!(
            failure,
            PrintFailure::Unknown {
                doubt: Doubt::Stopped(_),
                ..
            }
        ),
        "{failure:?}"
    );
    assert!(failure.may_have_printed());
}

#[tokio::test]
async fn the_printers_abort_is_told_with_its_reasons() {
    let fake = printer_whose_job(|_| job(8, &["document-format-error"])).await;
    let (result, _) = print(&fake).await;
    let Err(
        failure @ PrintFailure::Aborted {
            cause: AbortCause::Device(_),
            ..
        },
    ) = result
    else {
        panic!("{result:?}")
    };
    assert!(
        failure
            .to_string()
            .contains("the printer could not read the document"),
        "{failure}"
    );
    assert!(!failure.may_have_printed());
}

/// Cancels a print once the printer has begun it; `after` is how the job looks from the cancel on.
async fn cancel_when_processing(
    limit: Duration,
    after: fn() -> Answer,
) -> (Result<Outcome, PrintFailure>, FakePrinter) {
    let cancel = CancellationToken::new();
    let fake = {
        let cancel = cancel.clone();
        printer_whose_job(move |asked| match (asked.received, asked.canceled) {
            (0, _) => job(3, &["job-incoming"]),
            (_, false) => {
                cancel.cancel();
                job(5, &["job-printing"])
            }
            (_, true) => after(),
        })
        .await
    };
    let (sender, _receiver) = mpsc::channel(1);
    let patience = Patience {
        cancel: limit,
        ..patience()
    };
    let result = device(&fake.address, patience)
        .print(&ticket(), io::Cursor::new(document()), sender, cancel)
        .await;
    (result, fake)
}

#[tokio::test]
async fn a_cancel_is_a_cancel_once_the_printer_confirms() {
    let (result, fake) =
        cancel_when_processing(CANCEL_LIMIT, || job(7, &["job-canceled-by-user"])).await;
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
    assert_eq!(fake.count(Operation::CancelJob), 1);
}

#[tokio::test]
async fn a_cancel_that_came_too_late_is_a_print() {
    let (result, _) = cancel_when_processing(CANCEL_LIMIT, || job(9, &[])).await;
    assert!(
        matches!(result, Ok(Outcome::Completed { .. })),
        "{result:?}"
    );
}

#[tokio::test]
async fn a_cancel_that_nobody_confirms_is_a_doubt() {
    let (result, _) =
        cancel_when_processing(NO_TIME, || job(5, &["processing-to-stop-point"])).await;
    assert!(
        matches!(
            result,
            Err(PrintFailure::Unknown {
                doubt: Doubt::CancelUnconfirmed,
                ..
            })
        ),
        "{result:?}"
    );
}

#[tokio::test]
async fn a_cancel_before_the_first_byte_prints_nothing() {
    let fake = printer_that(|_| None).await;
    let (sender, _receiver) = mpsc::channel(1);
    let cancel = CancellationToken::new();
    cancel.cancel();
    let body = io::Cursor::new(document());
    let failure = device(&fake.address, patience())
        .print(&ticket(), body, sender, cancel)
        .await
        .unwrap_err();
    assert!(failure.nothing_printed());
    assert!(fake.record.lock().unwrap().operations.is_empty());
}

/// A printer that ends the connection within the document.
fn cutting() -> Manners {
    Manners {
        cut: Some(100_000),
        ..Manners::default()
    }
}

#[tokio::test]
async fn a_connection_lost_within_the_document_takes_the_job_back() {
    for (after, certain) in [(8, true), (5, false)] {
        let fake = FakePrinter::start_with(cutting(), move |asked| match asked.operation {
            Operation::GetJobAttributes => job(after, &[]),
            _ => ordinary(asked),
        })
        .await;
        let late = Patience {
            poll_first: Duration::from_secs(1),
            cancel: NO_TIME,
            ..patience()
        };
        // The document never ends by itself, so that only the lost connection can end the print.
        let endless = io::Cursor::new(document()).chain(tokio::io::repeat(7));
        let failure = print_as(&fake, late, &ticket(), endless)
            .await
            .0
            .unwrap_err();
        assert_eq!(failure.may_have_printed(), !certain, "{failure:?}");
        assert_eq!(fake.record.lock().unwrap().documents.len(), 0);
    }
}

/// A stream that breaks after its first bytes.
fn breaking() -> impl AsyncRead + Send + Unpin + 'static {
    let broken = tokio_util::io::StreamReader::new(futures::stream::iter([
        Ok(tokio_util::bytes::Bytes::from(document())),
        Err(io::Error::new(
            io::ErrorKind::ConnectionReset,
            "the holder went away",
        )),
    ]));
    Box::pin(broken)
}

#[tokio::test]
async fn a_document_that_breaks_off_is_taken_back_and_never_looks_whole() {
    // Like some real ones, this printer prints what it has when a document breaks off.
    let confirmed = || {
        printer_whose_job(|asked| match (asked.canceled, asked.broken) {
            (true, _) => job(7, &[]),
            (false, 0) => job(5, &["job-incoming"]),
            (false, _) => job(9, &[]),
        })
    };
    let fake = confirmed().await;
    let failure = print_as(&fake, patience(), &ticket(), breaking())
        .await
        .0
        .unwrap_err();
    assert!(
        matches!(
            failure,
            PrintFailure::Body {
                stop: Stop::Confirmed,
                ..
            }
        ),
        "{failure:?}"
    );
    assert!(
        fake.record.lock().unwrap().documents.is_empty(),
        "no whole document arrived"
    );

    let fake = confirmed().await;
    let short = PrintTicket {
        size: Some(document().len() as u64 + 1),
        ..ticket()
    };
    let failure = print_as(&fake, patience(), &short, io::Cursor::new(document()))
        .await
        .0
        .unwrap_err();
    assert!(matches!(failure, PrintFailure::Body { .. }), "{failure:?}");
    assert!(fake.record.lock().unwrap().documents.is_empty());
}

#[tokio::test]
async fn a_document_that_never_comes_is_given_up() {
    let fake = printer_that(|_| None).await;
    let (_silent, reader) = tokio::io::duplex(64);
    let hurried = Patience {
        source: NO_TIME,
        ..patience()
    };
    let failure = print_as(&fake, hurried, &ticket(), reader)
        .await
        .0
        .unwrap_err();
    assert!(
        matches!(
            failure,
            PrintFailure::Stalled {
                stop: Stop::NothingSent,
                ..
            }
        ),
        "{failure:?}"
    );
    assert_eq!(fake.count(Operation::CancelJob), 1);
}
