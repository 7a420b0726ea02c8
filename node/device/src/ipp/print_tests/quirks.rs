//! Printers as they are: each kind of mistake, and the document that comes out all the same.

use papermesh_protocol::job::{PrintOptions, Sides};
use papermesh_protocol::remedy::Remedy;

use super::super::super::description::OutputOptions;
use super::super::super::failure::AbortCause;
use super::{
    Answer, Arc, CancellationToken, Chunks, DelimiterTag, DeviceError, DeviceEvent, DeviceJobState,
    Doubt, Duration, FakePrinter, IppDevice, IppValue, Manners, MemoryPins, NO_TIME, Operation,
    Outcome, Patience, PrintFailure, PrintTicket, Refusal, described, device, document, io, job,
    keywords, mpsc, patience, print, print_as, printer, printer_of, printer_that,
    printer_whose_job, printer_with, status, ticket,
};

/// The document came out, once, and that is told.
async fn prints(fake: &FakePrinter, kind: &str) {
    let (result, _) = print(fake).await;
    assert!(
        matches!(result, Ok(Outcome::Completed { .. })),
        "{kind}: {result:?}"
    );
    assert_eq!(
        fake.record.lock().unwrap().documents,
        [document()],
        "{kind}"
    );
}

#[tokio::test]
async fn an_answer_without_a_name_is_known_by_what_it_is() {
    for content_type in [
        "",
        "Content-Type: \r\n",
        "Content-Type: application/octet-stream\r\n",
    ] {
        let manners = Manners {
            content_type,
            ..Manners::default()
        };
        prints(&printer_of(manners).await, content_type).await;
    }
}

#[tokio::test]
async fn answers_that_are_all_numbered_alike_are_answers() {
    for number in [0, 1] {
        let manners = Manners {
            number: Some(number),
            ..Manners::default()
        };
        prints(&printer_of(manners).await, "numbers").await;
    }
}

fn element(tag: u8, name: &[u8], value: &[u8]) -> Vec<u8> {
    let mut bytes = vec![tag];
    for part in [name, value] {
        bytes.extend(u16::try_from(part.len()).unwrap().to_be_bytes());
        bytes.extend(part);
    }
    bytes
}

#[tokio::test]
async fn what_nobody_needs_may_be_wrong_or_long() {
    let named_members = [
        element(0x34, b"media-col-default", b""),
        element(0x34, b"media-size", b""),
        element(0x21, b"x-dimension", &[0, 0, 0x52, 0x08]),
        element(0x37, b"", b""),
        element(0x37, b"", b""),
    ];
    let empty = [element(0x21, b"copies-default", b"")];
    let much = vec![element(0x41, b"vendor", &[b'x'; 900]); 460];
    for noise in [&named_members[..], &empty, &much] {
        let manners = Manners {
            noise: noise.concat(),
            ..Manners::default()
        };
        prints(&printer_of(manners).await, "noise").await;
    }
}

#[tokio::test]
async fn a_printer_on_this_computer_is_asked_for_by_the_name_that_it_listens_to() {
    let fake = printer_that(|asked| {
        assert!(asked.host.starts_with("localhost:"), "{}", asked.host);
        None
    })
    .await;
    prints(&fake, "host").await;
}

/// A printer that gives of its description what `gives` lets pass.
async fn stingy(gives: impl Fn(&[String], &'static str) -> bool + Send + 'static) -> FakePrinter {
    printer_that(move |asked| {
        let names = asked.names();
        (asked.operation == Operation::GetPrinterAttributes)
            .then(|| described(|all| all.retain(|(_, name, _)| gives(&names, name))))
    })
    .await
}

#[tokio::test]
async fn a_printer_that_answers_only_the_last_name_is_asked_for_all() {
    let fake = stingy(|names, name| match names {
        [all] if all == "all" => true,
        names => names.last().is_some_and(|last| last == name),
    })
    .await;
    prints(&fake, "last name").await;
}

#[tokio::test]
async fn a_printer_that_knows_no_all_is_asked_one_by_one() {
    let fake = stingy(|names, name| names.last().is_some_and(|last| last == name)).await;
    prints(&fake, "one by one").await;
}

#[tokio::test]
async fn a_printer_that_refuses_names_is_asked_for_all() {
    let fake = printer_that(|asked| {
        let names = asked.names();
        (names.len() > 4).then(|| status(0x040B))
    })
    .await;
    prints(&fake, "names refused").await;
}

#[tokio::test]
async fn how_a_printer_is_best_asked_is_found_out_once() {
    let fake = stingy(|_, name| name != "document-format-supported").await;
    let device = device(&fake.address, patience());
    for _ in 0..3 {
        device.describe().await.unwrap();
    }
    let first = fake.count(Operation::GetPrinterAttributes);
    device.describe().await.unwrap();
    assert_eq!(fake.count(Operation::GetPrinterAttributes), first + 1);
}

#[tokio::test]
async fn formats_that_are_not_listed_are_in_the_device_id_or_the_configuration() {
    let unlisted = |id: Option<&'static str>| {
        printer_that(move |asked| {
            (asked.operation == Operation::GetPrinterAttributes).then(|| {
                described(|all| {
                    all.retain(|(_, name, _)| *name != "document-format-supported");
                    let anything = IppValue::new_mime_media_type("application/octet-stream");
                    let group = DelimiterTag::PrinterAttributes;
                    all.push((group, "document-format-supported", anything.unwrap()));
                    if let Some(id) = id {
                        let id = IppValue::new_text_without_language(id).unwrap();
                        all.push((group, "printer-device-id", id));
                    }
                })
            })
        })
    };
    prints(&unlisted(Some("MFG:HP;CMD:PCLXL,PDF;")).await, "device id").await;

    let silent = unlisted(None).await;
    let asked = device(&silent.address, patience()).known(&|_| ()).await;
    let Err(error @ DeviceError::FormatsUnknown { .. }) = asked else {
        panic!("{asked:?}")
    };
    let remedy = error.remedy().unwrap();
    assert!(remedy.contains("formats = ["), "{remedy}");

    let options = OutputOptions {
        formats: Some(vec!["application/pdf".into()]),
        as_image: Some(true),
    };
    let pins = Arc::new(MemoryPins::default());
    let told = IppDevice::open(&silent.address, pins, options).unwrap();
    let known = told.known(&|_| ()).await.unwrap();
    assert!(known.can.as_image);
    let (sender, _receiver) = mpsc::channel(64);
    let printed = told
        .print(
            &ticket(),
            io::Cursor::new(document()),
            sender,
            CancellationToken::new(),
        )
        .await;
    assert!(printed.is_ok(), "{printed:?}");
}

#[tokio::test]
async fn paper_is_asked_for_by_the_name_that_the_printer_has_for_it() {
    for (listed, sent) in [
        (&["iso-a4", "na-letter"][..], "iso-a4"),
        (&["A4", "Letter"], "A4"),
        (&["iso-a4-transparent", "iso-a4-white"], "iso-a4-white"),
    ] {
        let fake = printer_that(move |asked| match asked.operation {
            Operation::GetPrinterAttributes => Some(described(|all| {
                let group = DelimiterTag::PrinterAttributes;
                all.push((group, "media-supported", keywords(listed)));
            })),
            Operation::CreateJob => {
                assert_eq!(asked.text("media").unwrap(), sent);
                None
            }
            _ => None,
        })
        .await;
        let wanted = PrintTicket {
            options: PrintOptions {
                media: Some("iso_a4_210x297mm".into()),
                ..PrintOptions::default()
            },
            ..ticket()
        };
        let description = device(&fake.address, patience()).describe().await.unwrap();
        assert!(
            description
                .can
                .media
                .contains(&"iso_a4_210x297mm".to_owned())
        );
        let (result, _) = print_as(&fake, patience(), &wanted, io::Cursor::new(document())).await;
        assert!(result.is_ok(), "{listed:?}: {result:?}");
    }
}

/// A printer that refuses options with this status and names these.
async fn refusing(code: u16, named: &'static [&'static str], only: bool) -> FakePrinter {
    printer_that(move |asked| {
        let objects = asked.operation == Operation::CreateJob
            && match only {
                true => named.iter().any(|name| asked.text(name).is_some()),
                false => asked.text("ipp-attribute-fidelity").is_some(),
            };
        objects.then(|| {
            let group = DelimiterTag::UnsupportedAttributes;
            let named = named.iter();
            Answer::Ipp(
                code,
                named
                    .map(|name| (group, *name, IppValue::Boolean(true)))
                    .collect(),
            )
        })
    })
    .await
}

fn two_sided() -> PrintTicket {
    PrintTicket {
        options: PrintOptions {
            sides: Some(Sides::TwoSidedLongEdge),
            ..PrintOptions::default()
        },
        ..ticket()
    }
}

#[tokio::test]
async fn a_printer_that_does_not_know_fidelity_is_asked_without_it() {
    for (code, named) in [
        (0x040B, &["ipp-attribute-fidelity"][..]),
        (0x040B, &[]),
        (0x0400, &[]),
    ] {
        let fake = refusing(code, named, false).await;
        let body = io::Cursor::new(document());
        let (result, _) = print_as(&fake, patience(), &two_sided(), body).await;
        assert!(
            matches!(result, Ok(Outcome::Completed { .. })),
            "{code:#06x} {named:?}: {result:?}"
        );
        assert_eq!(fake.count(Operation::CreateJob), 2);
    }
}

#[tokio::test]
async fn an_option_that_is_refused_is_named_and_one_that_changes_nothing_is_left_out() {
    let fake = refusing(0x040B, &["sides"], true).await;
    let body = || io::Cursor::new(document());
    let (result, _) = print_as(&fake, patience(), &two_sided(), body()).await;
    assert!(
        matches!(
            result,
            Err(PrintFailure::Refused(Refusal::Attribute {
                attribute: "sides",
                ..
            }))
        ),
        "{result:?}"
    );
    assert_eq!(fake.count(Operation::SendDocument), 0);

    let wanted = PrintTicket {
        options: PrintOptions {
            sides: Some(Sides::OneSided),
            ..PrintOptions::default()
        },
        ..ticket()
    };
    let (result, _) = print_as(&fake, patience(), &wanted, body()).await;
    assert!(result.is_ok(), "{result:?}");
}

#[tokio::test]
async fn a_printer_without_create_job_is_asked_before_it_has_the_document() {
    let fake = printer_that(|asked| match asked.operation {
        Operation::GetPrinterAttributes => Some(printer_with(&[2, 4, 8, 9, 10, 11], 3, &["none"])),
        Operation::ValidateJob | Operation::PrintJob
            if asked.text("ipp-attribute-fidelity").is_some() =>
        {
            Some(status(0x040B))
        }
        Operation::ValidateJob => Some(status(0)),
        _ => None,
    })
    .await;
    let body = io::Cursor::new(document());
    let (result, _) = print_as(&fake, patience(), &two_sided(), body).await;
    assert!(
        matches!(result, Ok(Outcome::Completed { .. })),
        "{result:?}"
    );
    assert_eq!(
        (
            fake.count(Operation::ValidateJob),
            fake.count(Operation::PrintJob)
        ),
        (2, 1)
    );
}

#[tokio::test]
async fn a_document_of_known_length_is_never_sent_in_chunks() {
    let fake = printer_that(|asked| {
        assert!(!asked.chunked, "{:?}", asked.operation);
        None
    })
    .await;
    let wanted = PrintTicket {
        size: Some(document().len() as u64),
        ..ticket()
    };
    let body = io::Cursor::new(document());
    let (result, _) = print_as(&fake, patience(), &wanted, body).await;
    assert!(result.is_ok(), "{result:?}");
}

#[tokio::test]
async fn a_printer_that_does_not_take_chunks_is_told_the_length() {
    let old = Manners {
        http: "HTTP/1.0",
        chunks: Chunks::Waits,
        ..Manners::default()
    };
    let with = |chunks| Manners {
        chunks,
        ..Manners::default()
    };
    for manners in [
        with(Chunks::Refuses(411)),
        with(Chunks::Refuses(400)),
        with(Chunks::Waits),
        old,
    ] {
        let fake = printer_of(manners).await;
        let hurried = Patience {
            call: Duration::from_millis(500),
            ..patience()
        };
        let body = io::Cursor::new(document());
        let (result, _) = print_as(&fake, hurried, &ticket(), body).await;
        assert!(
            matches!(result, Ok(Outcome::Completed { .. })),
            "{result:?}"
        );
        assert_eq!(fake.record.lock().unwrap().documents, [document()]);
    }
}

#[tokio::test]
async fn a_job_that_is_forgotten_when_it_was_taken_whole_is_delivered() {
    let fake = printer_whose_job(|asked| match asked.received {
        0 => job(3, &[]),
        _ => status(0x0406),
    })
    .await;
    let (result, _) = print(&fake).await;
    assert!(
        matches!(result, Ok(Outcome::Delivered { .. })),
        "{result:?}"
    );
    assert_eq!(fake.count(Operation::SendDocument), 1);
}

#[tokio::test]
async fn a_printer_that_says_nothing_of_its_jobs_has_what_it_took() {
    for code in [0x0400, 0x0403, 0x0500, 0x0501] {
        let fake = printer_whose_job(move |_| status(code)).await;
        let (result, _) = print(&fake).await;
        assert!(
            matches!(result, Ok(Outcome::Delivered { .. })),
            "{code:#06x}: {result:?}"
        );
        assert_eq!(fake.count(Operation::SendDocument), 1);
    }
}

#[tokio::test]
async fn what_is_forgotten_by_a_printer_that_has_stopped_is_not_delivered() {
    let fake = printer_that(|asked| match asked.operation {
        Operation::GetJobAttributes if asked.received > 0 => Some(status(0x0406)),
        Operation::GetPrinterAttributes if asked.received > 0 => {
            Some(printer(5, &["media-jam-error"]))
        }
        _ => None,
    })
    .await;
    let hurried = Patience {
        completed: NO_TIME,
        ..patience()
    };
    let (result, _) = print_as(&fake, hurried, &ticket(), io::Cursor::new(document())).await;
    assert!(
        matches!(
            &result,
            Err(PrintFailure::Unknown { doubt: Doubt::Standstill(words), .. }) if words == "paper jam"
        ),
        "{result:?}"
    );
}

/// A job that is completed, at a printer that counts nothing.
fn completed_uncounted() -> Answer {
    let Answer::Ipp(code, mut attributes) = job(9, &[]) else {
        panic!("a job is IPP")
    };
    attributes.retain(|(_, name, _)| *name != "job-impressions-completed");
    Answer::Ipp(code, attributes)
}

/// A printer that completes at once, and says this of itself from then on.
async fn completes_early(state: i32, reasons: &'static [&'static str]) -> FakePrinter {
    printer_that(move |asked| match asked.operation {
        Operation::GetPrinterAttributes if asked.received > 0 => Some(printer(state, reasons)),
        Operation::GetJobAttributes if asked.received > 0 => Some(completed_uncounted()),
        _ => None,
    })
    .await
}

#[tokio::test]
async fn completed_is_not_believed_while_the_paper_is_out() {
    for (state, reasons) in [
        (5, &["media-empty-error"][..]),
        (5, &["none"]),
        (3, &["media-empty-error"]),
        (4, &["media-jam"]),
    ] {
        let fake = completes_early(state, reasons).await;
        let hurried = Patience {
            completed: NO_TIME,
            ..patience()
        };
        let body = io::Cursor::new(document());
        let (result, events) = print_as(&fake, hurried, &ticket(), body).await;
        assert!(
            matches!(
                result,
                Err(PrintFailure::Unknown {
                    doubt: Doubt::Standstill(_),
                    ..
                })
            ),
            "{state} {reasons:?}: {result:?}"
        );
        let told = |event: &DeviceEvent| matches!(event, DeviceEvent::State(state) if state.job == DeviceJobState::Completed);
        assert!(events.iter().any(told), "nobody was told");
    }
    for reasons in [
        &["media-empty-report"][..],
        &["toner-low-warning"],
        &["none"],
    ] {
        let fake = completes_early(3, reasons).await;
        assert!(print(&fake).await.0.is_ok(), "{reasons:?}");
    }
}

/// It completes what it has received, goes on, and finds that there is no paper.
#[tokio::test]
async fn completed_is_not_believed_while_a_printer_that_counts_nothing_is_at_work() {
    let later = |works: usize, end: i32, reasons: &'static [&'static str]| async move {
        printer_that(move |asked| match asked.operation {
            Operation::GetPrinterAttributes if asked.received > 0 && asked.nth < works => {
                Some(printer(4, &["none"]))
            }
            Operation::GetPrinterAttributes if asked.received > 0 => Some(printer(end, reasons)),
            Operation::GetJobAttributes if asked.received > 0 => Some(completed_uncounted()),
            _ => None,
        })
        .await
    };
    let fake = later(20, 3, &["none"]).await;
    assert!(print(&fake).await.0.is_ok());
    let fake = later(3, 5, &["media-empty-error"]).await;
    let soon_tired = Patience {
        completed: Duration::from_secs(15),
        ..patience()
    };
    let body = io::Cursor::new(document());
    let (result, _) = print_as(&fake, soon_tired, &ticket(), body).await;
    assert!(
        matches!(
            result,
            Err(PrintFailure::Unknown {
                doubt: Doubt::Standstill(_),
                ..
            })
        ),
        "{result:?}"
    );
    // Others print there, too: it is not waited for without end.
    let fake = later(usize::MAX, 3, &["none"]).await;
    let hurried = Patience {
        completed: NO_TIME,
        ..patience()
    };
    let body = io::Cursor::new(document());
    assert!(print_as(&fake, hurried, &ticket(), body).await.0.is_ok());
}

/// It completes the job and is too busy to say that there is no paper.
#[tokio::test]
async fn completed_is_not_believed_while_a_printer_does_not_say_how_it_is() {
    let fake = printer_that(|asked| match asked.operation {
        Operation::GetPrinterAttributes if asked.received > 0 && asked.nth < 6 => {
            Some(status(0x0507))
        }
        Operation::GetPrinterAttributes if asked.received > 0 => {
            Some(printer(5, &["media-empty-error"]))
        }
        Operation::GetJobAttributes if asked.received > 0 => Some(completed_uncounted()),
        _ => None,
    })
    .await;
    let hurried = Patience {
        completed: Duration::from_secs(15),
        ..patience()
    };
    let body = io::Cursor::new(document());
    let (result, _) = print_as(&fake, hurried, &ticket(), body).await;
    assert!(result.unwrap_err().may_have_printed());
}

/// It reads a document to its end, refuses it, and completes the job that has none.
#[tokio::test]
async fn a_refused_document_is_not_printed_though_its_job_is_completed() {
    let fake = printer_that(|asked| match asked.operation {
        Operation::SendDocument => Some(status(0x0411)),
        Operation::GetJobAttributes if asked.received > 0 => Some(job(9, &[])),
        _ => None,
    })
    .await;
    let (result, _) = print(&fake).await;
    assert!(result.unwrap_err().may_have_printed());
}

#[tokio::test]
async fn completed_is_believed_when_somebody_has_helped() {
    let fake = printer_that(|asked| match asked.operation {
        Operation::GetPrinterAttributes if asked.received > 0 && asked.nth < 30 => {
            Some(printer(5, &["media-empty-error"]))
        }
        _ => None,
    })
    .await;
    prints(&fake, "paper again").await;
}

#[tokio::test]
async fn a_second_tray_that_is_always_empty_keeps_no_counted_page_in() {
    let fake = printer_that(|asked| {
        (asked.operation == Operation::GetPrinterAttributes)
            .then(|| printer(3, &["media-empty-error"]))
    })
    .await;
    prints(&fake, "second tray").await;
}

#[tokio::test]
async fn a_printer_that_keeps_the_job_itself_is_told_of_and_loses_it() {
    let fake = printer_whose_job(|asked| match (asked.received, asked.canceled) {
        (0, _) => job(3, &["job-incoming"]),
        (_, false) => job(4, &["job-hold-until-specified"]),
        (_, true) => job(7, &["job-canceled-by-user"]),
    })
    .await;
    let hurried = Patience {
        held: NO_TIME,
        ..patience()
    };
    let (result, events) = print_as(&fake, hurried, &ticket(), io::Cursor::new(document())).await;
    assert!(
        matches!(
            &result,
            Err(PrintFailure::Aborted { cause: AbortCause::HeldThere(words), .. })
                if words == "held at the printer"
        ),
        "{result:?}"
    );
    let held = |event: &DeviceEvent| matches!(event, DeviceEvent::State(state) if state.job == DeviceJobState::PendingHeld);
    assert!(events.iter().any(held), "nobody was told");
    assert!(Patience::default().held <= Duration::from_secs(5 * 60));
}

#[tokio::test]
async fn an_idle_printer_that_leaves_a_document_lying_loses_it() {
    let fake = printer_whose_job(|asked| match asked.canceled {
        false => job(3, &["none"]),
        true => job(7, &["job-canceled-by-user"]),
    })
    .await;
    let hurried = Patience {
        idle: Duration::from_millis(100),
        quiet: NO_TIME,
        ..patience()
    };
    let (result, events) = print_as(&fake, hurried, &ticket(), io::Cursor::new(document())).await;
    assert!(
        matches!(
            result,
            Err(PrintFailure::Aborted {
                cause: AbortCause::DeviceStopped(_),
                ..
            })
        ),
        "{result:?}"
    );
    let told = |event: &DeviceEvent| matches!(event, DeviceEvent::Waiting { .. });
    assert!(events.iter().any(told), "nothing was said");
}

#[tokio::test]
async fn a_printer_that_sleeps_is_woken_up_and_that_is_told() {
    let fake = printer_that(|asked| {
        (asked.operation == Operation::GetPrinterAttributes && asked.nth < 3)
            .then_some(Answer::HangUp)
    })
    .await;
    let (result, events) = print(&fake).await;
    assert!(result.is_ok(), "{result:?}");
    let told = events
        .iter()
        .any(|event| matches!(event, DeviceEvent::Waiting { why } if why.contains("waking up")));
    assert!(told, "{events:?}");
}
