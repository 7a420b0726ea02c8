//! Jobs that a printer does not take.

use papermesh_protocol::job::{PrintOptions, Sides};

use super::{
    Answer, DelimiterTag, DeviceError, IppValue, Operation, PrintFailure, PrintTicket, Refusal,
    document, io, job, patience, print, print_as, printer_that, status, ticket,
};

#[tokio::test]
async fn refusals_are_told_apart() {
    let refuse = |code: u16| {
        printer_that(move |asked| (asked.operation == Operation::CreateJob).then(|| status(code)))
    };
    let failure = print(&refuse(0x0506).await).await.0.unwrap_err();
    assert!(
        matches!(failure, PrintFailure::Refused(Refusal::NotAccepting { .. })),
        "{failure:?}"
    );
    let failure = print(&refuse(0x040A).await).await.0.unwrap_err();
    assert!(
        matches!(failure, PrintFailure::Unsupported { .. }),
        "{failure:?}"
    );
    let failure = print(&refuse(0x0403).await).await.0.unwrap_err();
    assert!(
        matches!(failure, PrintFailure::Refused(Refusal::Status(_))),
        "{failure:?}"
    );
    let failure = print(&refuse(0x0500).await).await.0.unwrap_err();
    assert!(
        matches!(
            failure,
            PrintFailure::NotStarted(DeviceError::Status { .. })
        ),
        "{failure:?}"
    );
}

#[tokio::test]
async fn a_document_it_cannot_print_is_not_sent() {
    let fake = printer_that(|_| None).await;
    let raster = PrintTicket {
        format: "image/pwg-raster".into(),
        ..ticket()
    };
    let failure = print_as(&fake, patience(), &raster, io::Cursor::new(document()))
        .await
        .0
        .unwrap_err();
    let PrintFailure::Unsupported { format, accepted } = &failure else {
        panic!("{failure:?}")
    };
    assert_eq!(
        (format.as_str(), accepted[0].as_str()),
        ("image/pwg-raster", "application/pdf")
    );
    assert_eq!(
        fake.record.lock().unwrap().operations,
        [Operation::GetPrinterAttributes]
    );
}

#[tokio::test]
async fn an_option_that_the_printer_ignores_takes_the_job_back() {
    let fake = printer_that(|asked| {
        (asked.operation == Operation::CreateJob).then(|| {
            let Answer::Ipp(_, mut attributes) = job(3, &[]) else {
                panic!()
            };
            let ignored = IppValue::new_keyword("two-sided-long-edge").unwrap();
            attributes.push((DelimiterTag::UnsupportedAttributes, "sides", ignored));
            Answer::Ipp(1, attributes)
        })
    })
    .await;
    let wanted = PrintTicket {
        options: PrintOptions {
            sides: Some(Sides::TwoSidedLongEdge),
            ..PrintOptions::default()
        },
        ..ticket()
    };
    let failure = print_as(&fake, patience(), &wanted, io::Cursor::new(document()))
        .await
        .0
        .unwrap_err();
    assert!(
        matches!(
            failure,
            PrintFailure::Refused(Refusal::Attribute {
                attribute: "sides",
                ..
            })
        ),
        "{failure:?}"
    );
    assert_eq!(
        (
            fake.count(Operation::CancelJob),
            fake.count(Operation::SendDocument)
        ),
        (1, 0)
    );
}

#[tokio::test]
async fn a_document_refused_while_it_comes_is_settled_first() {
    let fake = printer_that(|asked| match asked.operation {
        Operation::SendDocument => Some(status(0x040A)),
        Operation::GetJobAttributes if asked.received > 0 => {
            Some(job(8, &["unsupported-document-format"]))
        }
        _ => None,
    })
    .await;
    let failure = print(&fake).await.0.unwrap_err();
    assert!(
        matches!(failure, PrintFailure::Unsupported { .. }),
        "{failure:?}"
    );
}
