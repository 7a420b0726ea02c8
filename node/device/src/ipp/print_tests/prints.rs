//! Prints that end well.

use papermesh_protocol::job::{PrintOptions, Sides};

use super::{
    Answer, CancellationToken, DeviceError, DeviceEvent, DeviceJobRef, DeviceJobState, IppVersion,
    NO_TIME, Operation, Outcome, Patience, PrintFailure, PrintTicket, device, document, io, job,
    job_named, mpsc, patience, print, print_as, printer, printer_that, printer_whose_job,
    printer_with, status, ticket,
};

#[tokio::test]
async fn prints_and_says_so_only_when_the_printer_does() {
    let fake = printer_that(|asked| {
        if asked.operation == Operation::CreateJob {
            assert_eq!(asked.text("job-name").unwrap(), "Plan [1f2e3d4c]");
            assert_eq!(asked.text("requesting-user-name").unwrap(), "ada");
            assert_eq!(asked.text("sides").unwrap(), "two-sided-long-edge");
            assert_eq!(asked.text("copies").unwrap(), "2");
            assert_eq!(asked.text("ipp-attribute-fidelity").unwrap(), "true");
        }
        if asked.operation == Operation::SendDocument {
            assert_eq!(asked.text("last-document").unwrap(), "true");
            assert_eq!(asked.text("document-format").unwrap(), "application/pdf");
        }
        None
    })
    .await;
    let wanted = PrintTicket {
        size: Some(document().len() as u64),
        options: PrintOptions {
            copies: 2,
            sides: Some(Sides::TwoSidedLongEdge),
            ..PrintOptions::default()
        },
        ..ticket()
    };
    let (result, events) = print_as(&fake, patience(), &wanted, io::Cursor::new(document())).await;
    let Ok(Outcome::Completed {
        pages: Some(3),
        device_job,
    }) = result
    else {
        panic!("{result:?}")
    };
    assert_eq!(fake.record.lock().unwrap().documents, [document()]);
    // What is journaled comes before the first byte leaves, and survives a restart.
    assert_eq!(
        events[0],
        DeviceEvent::Accepted {
            device_job: device_job.clone()
        }
    );
    assert!(events.contains(&DeviceEvent::Sent {
        bytes: document().len() as u64
    }));
    let journaled = serde_json::to_string(&device_job).unwrap();
    assert!(
        !journaled.contains("Plan"),
        "no title in the journal: {journaled}"
    );
    assert_eq!(
        serde_json::from_str::<DeviceJobRef>(&journaled).unwrap(),
        device_job
    );
}

#[tokio::test]
async fn an_old_printer_gets_job_and_document_in_one() {
    let fake = printer_that(|asked| {
        (asked.operation == Operation::GetPrinterAttributes)
            .then(|| printer_with(&[2, 8, 9, 10, 11], 3, &["none"]))
    })
    .await;
    let (result, events) = print(&fake).await;
    assert!(
        matches!(result, Ok(Outcome::Completed { .. })),
        "{result:?}"
    );
    assert_eq!(
        (
            fake.count(Operation::PrintJob),
            fake.count(Operation::CreateJob)
        ),
        (1, 0)
    );
    assert!(
        events
            .iter()
            .any(|event| matches!(event, DeviceEvent::Accepted { .. }))
    );
    assert_eq!(fake.record.lock().unwrap().documents, [document()]);
}

#[tokio::test]
async fn an_older_version_of_ipp_is_spoken_where_asked_for() {
    let fake =
        printer_that(|asked| (asked.version != IppVersion::v1_1()).then(|| status(0x0503))).await;
    assert!(print(&fake).await.0.is_ok());
}

#[tokio::test]
async fn out_of_paper_is_told_and_waited_for() {
    let fake = printer_that(|asked| match (asked.operation, asked.nth) {
        (Operation::GetJobAttributes, 0..40) => Some(job(6, &["printer-stopped"])),
        (Operation::GetPrinterAttributes, 1..30) => {
            Some(printer(5, &["media-empty-error", "toner-low-warning"]))
        }
        _ => None,
    })
    .await;
    let (result, events) = print(&fake).await;
    assert!(
        matches!(result, Ok(Outcome::Completed { .. })),
        "{result:?}"
    );
    let told = events.iter().find_map(|event| match event {
        DeviceEvent::State(progress) if progress.job == DeviceJobState::ProcessingStopped => {
            Some(progress)
        }
        _ => None,
    });
    let words: Vec<&str> = told
        .unwrap()
        .printer_reasons
        .iter()
        .map(|reason| reason.words.as_str())
        .collect();
    assert_eq!(words, ["out of paper", "toner is running low"]);
}

#[tokio::test]
async fn completed_is_taken_literally() {
    for reason in [
        "job-completed-with-errors",
        "errors-detected",
        "document-format-error",
        "aborted-by-system",
        "job-canceled-at-device",
        "unsupported-document-format",
    ] {
        let fake = printer_whose_job(move |asked| match asked.received {
            0 => job(3, &[]),
            _ => job(9, &[reason]),
        })
        .await;
        assert!(
            print(&fake).await.0.unwrap_err().may_have_printed(),
            "{reason}"
        );
    }
    let fake = printer_whose_job(|asked| match asked.received {
        0 => job(3, &[]),
        _ => job(9, &["queued-in-device"]),
    })
    .await;
    assert!(matches!(
        print(&fake).await.0,
        Ok(Outcome::Delivered { .. })
    ));
}

#[tokio::test]
async fn a_busy_printer_is_asked_again() {
    let fake = printer_that(|asked| {
        (asked.operation == Operation::CreateJob && asked.nth < 3).then(|| status(0x0507))
    })
    .await;
    let (result, events) = print(&fake).await;
    assert!(result.is_ok());
    assert!(
        events
            .iter()
            .any(|event| matches!(event, DeviceEvent::Waiting { .. }))
    );
    let fake =
        printer_that(|asked| (asked.operation == Operation::CreateJob).then(|| status(0x0507)))
            .await;
    let hurried = Patience {
        busy: NO_TIME,
        ..patience()
    };
    let failure = print_as(&fake, hurried, &ticket(), io::Cursor::new(document()))
        .await
        .0
        .unwrap_err();
    assert!(
        matches!(
            failure,
            PrintFailure::NotStarted(DeviceError::Status { .. })
        ),
        "{failure:?}"
    );
}

#[tokio::test]
async fn an_answer_lost_after_the_whole_document_changes_nothing() {
    let fake = printer_that(|asked| {
        (asked.operation == Operation::SendDocument).then_some(Answer::HangUp)
    })
    .await;
    let (result, _) = print(&fake).await;
    assert!(
        matches!(result, Ok(Outcome::Completed { .. })),
        "{result:?}"
    );
}

#[tokio::test]
async fn a_printer_that_renames_jobs_is_believed_while_it_answers() {
    let fake = printer_whose_job(|asked| {
        job_named(if asked.received > 0 { 9 } else { 3 }, &[], "untitled")
    })
    .await;
    let (result, _) = print(&fake).await;
    assert!(
        matches!(result, Ok(Outcome::Completed { .. })),
        "{result:?}"
    );
}

#[tokio::test]
async fn slow_listeners_hold_nothing_up() {
    let fake = printer_that(|_| None).await;
    let (sender, receiver) = mpsc::channel(1);
    let body = io::Cursor::new(document());
    let printed = device(&fake.address, patience())
        .print(&ticket(), body, sender, CancellationToken::new())
        .await;
    assert!(printed.is_ok());
    drop(receiver);
}
