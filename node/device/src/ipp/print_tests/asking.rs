//! Asking a printer about itself, and about a job of an earlier life.

use super::{
    Answer, DelimiterTag, DeviceVerdict, IppJob, IppValue, Operation, device, job, job_named,
    keywords, patience, printer, printer_that, printer_whose_job, status,
};

fn journaled(uuid: Option<&str>) -> IppJob {
    IppJob {
        id: 1,
        uuid: uuid.map(str::to_owned),
        tag: "1f2e3d4c".into(),
        user: "ada".into(),
    }
}

#[tokio::test]
async fn after_a_restart_the_printer_is_asked() {
    let verdict = async |answer: fn() -> Answer, uuid| {
        let fake = printer_whose_job(move |_| answer()).await;
        device(&fake.address, patience())
            .ask(&journaled(uuid))
            .await
    };
    assert_eq!(
        verdict(|| job(9, &[]), None).await,
        DeviceVerdict::Completed { pages: Some(3) }
    );
    assert!(matches!(
        verdict(|| job(8, &["aborted-by-system"]), None).await,
        DeviceVerdict::Aborted { .. }
    ));
    assert!(matches!(
        verdict(|| job(5, &[]), None).await,
        DeviceVerdict::StillPrinting(_)
    ));
    for answer in [
        || job_named(9, &[], "Somebody else's letter"),
        || job(9, &["queued-in-device"]),
        || job(9, &["job-completed-with-errors"]),
        || status(0x0406),
    ] {
        assert!(matches!(
            verdict(answer, None).await,
            DeviceVerdict::Unknown { .. }
        ));
    }
    // It is starting, or busy: it may tell later.
    for answer in [|| Answer::HangUp, || status(0x0507)] {
        assert!(matches!(
            verdict(answer, None).await,
            DeviceVerdict::Silent { .. }
        ));
    }
    let with_uuid: fn() -> Answer = || {
        let Answer::Ipp(code, mut attributes) = job(9, &[]) else {
            panic!()
        };
        attributes.push((
            DelimiterTag::JobAttributes,
            "job-uuid",
            IppValue::new_uri("urn:uuid:other").unwrap(),
        ));
        Answer::Ipp(code, attributes)
    };
    assert!(matches!(
        verdict(with_uuid, Some("urn:uuid:ours")).await,
        DeviceVerdict::Unknown { .. }
    ));
    assert!(matches!(
        verdict(with_uuid, Some("urn:uuid:other")).await,
        DeviceVerdict::Completed { .. }
    ));
}

#[tokio::test]
async fn a_description_is_what_the_printer_says_cleaned() {
    let fake = printer_that(|asked| {
        (asked.operation == Operation::GetPrinterAttributes).then(|| {
            let Answer::Ipp(code, mut attributes) = printer(5, &["media-jam-error"]) else {
                panic!()
            };
            let group = DelimiterTag::PrinterAttributes;
            attributes.push((
                group,
                "printer-info",
                IppValue::new_text_without_language("\u{1b}[2J2nd floor").unwrap(),
            ));
            attributes.push((group, "media-ready", keywords(&["iso_a4_210x297mm"])));
            Answer::Ipp(code, attributes)
        })
    })
    .await;
    let description = device(&fake.address, patience()).describe().await.unwrap();
    assert_eq!(description.name, "[2J2nd floor");
    assert_eq!(description.reasons[0].words, "paper jam");
    assert_eq!(description.can.media_ready, ["iso_a4_210x297mm"]);
    assert_eq!(description.can.max_copies, 9);
}
