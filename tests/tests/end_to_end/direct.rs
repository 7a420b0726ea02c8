//! Printing straight to a printer: to paper while the document is still being held, and whatever
//! goes wrong, simply a held job.

use papermesh_tests::device::{Fate, ScriptedPrinter};
use papermesh_tests::wait::wait_until;
use papermesh_tests::{Document, Machine, SOON, Site, User};
use serde_json::Value;

/// A laptop with a user, and a printer that both know each other.
fn site_with(output: Option<&ScriptedPrinter>) -> (Site, User, Machine, Machine) {
    let site = Site::new();
    let charlie = User::charlie();
    let laptop = site.founder("laptop-1");
    let printer = match output {
        Some(device) => site.printer(&laptop, "front-desk", &device.uri()),
        None => site.tray_printer(&laptop, "front-desk"),
    };
    laptop.enroll(&charlie, &laptop);
    laptop.wait_for_peers(1);
    (site, charlie, laptop, printer)
}

fn history(laptop: &Machine) -> Vec<Value> {
    laptop.papermesh("jobs history").json()
}

#[test]
fn a_document_goes_straight_to_the_printer_that_was_named() {
    let (site, charlie, laptop, printer) = site_with(None);
    let report = Document::pdf_of(site.folder(), "report.pdf", "Quarterly report", 6_000_000);
    let printed: Value = laptop
        .submission(&report, &charlie)
        .args(["--to", "Front-Desk"])
        .json();
    assert_eq!(printed["printed"]["ending"], "printed", "{printed}");
    let tray = printer.tray();
    assert_eq!(tray.len(), 1);
    assert!(report.is_at(&tray[0]));
    assert!(laptop.jobs().is_empty());
    let past = history(&laptop);
    assert_eq!(past.len(), 1);
    assert_eq!(past[0]["number"], printed["number"]);
    assert_eq!(past[0]["state"]["kind"], "printed");
    assert_eq!(past[0]["state"]["printer"]["name"], "front-desk");
}

#[test]
fn without_the_printer_it_is_held_and_the_user_is_told() {
    let (site, charlie, laptop, mut printer) = site_with(None);
    let report = site.document("report.pdf", "Quarterly report");
    printer.stop();
    let ended = laptop
        .submission(&report, &charlie)
        .args(["--to", "front-desk"])
        .run();
    assert!(ended.is_success(), "{ended:?}");
    assert!(ended.stderr().contains("is held for"), "{ended:?}");
    let submitted: Value = ended.json();
    assert_eq!(submitted["printed"]["ending"], "not-printed", "{submitted}");
    assert_eq!(laptop.jobs().len(), 1);

    printer.run();
    let released = || {
        let ended = printer.visit(&charlie).attempt(&["--all"]);
        ended.is_success() && printer.tray().len() == 1
    };
    wait_until(SOON, "the held job to be released", released);
}

#[test]
fn a_printer_that_nobody_knows_is_no_reason_to_hold_anything() {
    let (site, charlie, laptop, _printer) = site_with(None);
    let report = site.document("report.pdf", "Quarterly report");
    let ended = laptop
        .submission(&report, &charlie)
        .args(["--to", "back-desk"])
        .run();
    assert!(!ended.is_success());
    let error = ended.stderr();
    assert!(
        error.contains("back-desk") && error.contains("front-desk"),
        "{error}"
    );
    assert!(laptop.jobs().is_empty());
}

#[test]
fn a_device_that_gives_up_leaves_a_held_job() {
    let device = ScriptedPrinter::start(Fate::Aborts);
    let (site, charlie, laptop, _printer) = site_with(Some(&device));
    let report = site.document("report.pdf", "Quarterly report");
    let submitted: Value = laptop
        .submission(&report, &charlie)
        .args(["--to", "front-desk"])
        .json();
    assert_ne!(submitted["printed"]["ending"], "printed", "{submitted}");
    let jobs = laptop.jobs();
    assert_eq!(jobs.len(), 1);
    assert!(!jobs[0].leased);
}

/// `kill -9` of the printer in the middle: the job stays, and when the printer is back it asks the
/// device and tells the holder.
#[test]
fn a_printer_that_dies_in_the_middle_neither_loses_nor_repeats() {
    let device = ScriptedPrinter::start(Fate::Works);
    let (site, charlie, laptop, mut printer) = site_with(Some(&device));
    let report = site.document("report.pdf", "Quarterly report");
    let printing = laptop
        .submission(&report, &charlie)
        .args(["--to", "front-desk"])
        .start();
    wait_until(SOON, "the device to have the document", || {
        device.is_known_to_be_busy()
    });
    printer.kill();
    let ended = printing.finish();
    assert!(ended.is_success(), "{ended:?}");
    let submitted: Value = ended.json();
    assert_eq!(
        submitted["printed"]["ending"], "may-have-printed",
        "{submitted}"
    );
    assert_eq!(laptop.jobs().len(), 1);

    device.set(Fate::Prints);
    printer.run();
    wait_until(SOON, "the holder to hear of the print", || {
        laptop.jobs().is_empty()
    });
    assert_eq!(device.printed().len(), 1);
    assert_eq!(history(&laptop)[0]["state"]["kind"], "printed");
}

/// `kill -9` of the holder in the middle: what the printer has goes on, and the holder hears of it.
#[test]
fn a_holder_that_dies_in_the_middle_neither_loses_nor_repeats() {
    let device = ScriptedPrinter::start(Fate::Works);
    let (site, charlie, mut laptop, _printer) = site_with(Some(&device));
    let report = site.document("report.pdf", "Quarterly report");
    let printing = laptop
        .submission(&report, &charlie)
        .args(["--to", "front-desk"])
        .start();
    // The device has the end of the document, so the job is held, lease and all.
    wait_until(SOON, "the device to have the document", || device.is_busy());
    laptop.kill();
    assert!(!printing.finish().is_success());
    laptop.run();
    assert_eq!(laptop.jobs().len(), 1);
    device.set(Fate::Prints);
    wait_until(SOON, "the holder to hear of the print", || {
        laptop.jobs().is_empty()
    });
    assert_eq!(device.printed().len(), 1);
}
