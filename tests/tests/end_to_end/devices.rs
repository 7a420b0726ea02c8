//! Printers as they are: what they say of a job is judged, and looking at them keeps nobody from
//! printing.

use std::io::{self, Read as _};
use std::net::TcpListener;

use papermesh_tests::answer::VisitReport;
use papermesh_tests::device::{Fate, ScriptedPrinter};
use papermesh_tests::wait::wait_until;
use papermesh_tests::{SOON, Site, User};

/// Looks that a printer must have survived before it is believed to be looked at.
const LOOKS: usize = 5;

#[test]
fn a_job_that_is_called_done_without_paper_is_held_until_the_paper_is_there() {
    let (site, charlie) = (Site::new(), User::charlie());
    let device = ScriptedPrinter::start(Fate::CompletesWithoutPaper);
    let laptop = site.founder("laptop-1");
    let printer = site.printer(&laptop, "printer-1", &device.uri());
    laptop.enroll(&charlie, &laptop);
    laptop.print(&site.document("report.pdf", "x"), &charlie);

    let visit = printer.visit(&charlie).begin(&["--all"]);
    wait_until(SOON, "the printer to be asked how it is", || {
        device.doubted() >= LOOKS
    });
    assert_eq!(laptop.jobs().len(), 1, "the job is gone without paper");
    device.set(Fate::Prints);
    let report: VisitReport = visit.finish().succeeded().json();
    assert_eq!(report.ending(), "printed");
    wait_until(SOON, "the job to be done", || laptop.jobs().is_empty());
}

#[test]
fn a_printer_that_forgets_its_jobs_prints_each_once() {
    let (site, charlie) = (Site::new(), User::charlie());
    let device = ScriptedPrinter::start(Fate::Forgets);
    let laptop = site.founder("laptop-1");
    let printer = site.printer(&laptop, "printer-1", &device.uri());
    laptop.enroll(&charlie, &laptop);
    laptop.print(&site.document("report.pdf", "x"), &charlie);

    let report = printer.visit(&charlie).print_all();
    assert_eq!(report.ending(), "printed");
    assert_eq!(device.given(), 1);
    wait_until(SOON, "the job to be done", || laptop.jobs().is_empty());
}

#[test]
fn a_raw_port_is_opened_to_print_and_for_nothing_else() {
    let (site, charlie) = (Site::new(), User::charlie());
    let port = TcpListener::bind("127.0.0.1:0").unwrap();
    port.set_nonblocking(true).unwrap();
    let uri = format!("socket://{}", port.local_addr().unwrap());
    let laptop = site.founder("laptop-1");
    let printer = site.printer(&laptop, "printer-1", &uri);
    laptop.enroll(&charlie, &laptop);
    let document = site.document("report.pdf", "x");
    laptop.print(&document, &charlie);
    printer.wait_until_ready();
    let looked = port.accept().map(drop).map_err(|error| error.kind());
    assert_eq!(looked, Err(io::ErrorKind::WouldBlock), "somebody looked");

    let visit = printer.visit(&charlie).begin(&["--all"]);
    let mut stream = None;
    wait_until(SOON, "the port to be opened", || {
        stream = port.accept().ok();
        stream.is_some()
    });
    let (mut stream, _) = stream.unwrap();
    stream.set_nonblocking(false).unwrap();
    let mut received = Vec::new();
    stream.read_to_end(&mut received).unwrap();
    drop(stream);
    let report: VisitReport = visit.finish().succeeded().json();
    assert_eq!(report.ending(), "printed");
    assert_eq!(received, std::fs::read(document.path()).unwrap());
}
