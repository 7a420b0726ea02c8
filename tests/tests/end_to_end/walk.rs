//! The walk: what a person does, from a new site to paper.

use std::io::Read;
use std::net::TcpListener;
use std::path::PathBuf;

use papermesh_tests::answer::Submitted;
use papermesh_tests::device::CupsPrinter;
use papermesh_tests::wait::wait_until;
use papermesh_tests::{Document, Machine, SOON, Setting, Site, User};

/// The whole of it, command by command, as the manual has it.
#[test]
fn from_a_new_site_to_paper() {
    let site = Site::new();
    let charlie = User::charlie();
    let report = site.document("report.pdf", "Quarterly report");

    let laptop = site.founder("laptop-1");
    let printer = site.tray_printer(&laptop, "printer-1");
    laptop.enroll(&charlie, &laptop);

    let submitted = print_twice_on_both_sides(&laptop, &report, &charlie);
    assert_eq!(submitted.title, "report.pdf");
    assert_eq!(submitted.size, report.size());

    let visit = printer.visit(&charlie);
    let list = visit.list();
    assert_eq!(list.user, "charlie");
    let [job] = list.jobs.as_slice() else {
        panic!("one job was to be listed: {list:?}");
    };
    assert_eq!(job.job, submitted.job);
    assert_eq!(job.holder_name.as_deref(), Some("laptop-1"));
    assert_eq!(job.options.copies, 2);
    assert_eq!(job.options.sides.as_deref(), Some("two-sided-long-edge"));

    assert_eq!(visit.print([&*job.job]).ending(), "printed");
    let paper = printed_once(&printer, &report);
    assert!(paper.to_string_lossy().ends_with("-x2.pdf"), "{paper:?}");
    assert_nothing_is_left(&laptop);
    assert!(visit.list().jobs.is_empty());
}

/// What becomes of one release can be followed through the logs of all nodes that it meets, and no log
/// names its user.
#[test]
fn one_release_is_followed_through_the_logs() {
    let site = Site::new();
    let charlie = User::charlie();
    let laptop = site.founder("laptop-1");
    let printer = site.tray_printer(&laptop, "printer-1");
    laptop.enroll(&charlie, &laptop);
    laptop.print(&site.document("report.pdf", "Quarterly report"), &charlie);
    assert_eq!(printer.visit(&charlie).print_all().ending(), "printed");

    let log = printer.log();
    let release = log.split("release{release=").nth(1);
    let release = release.and_then(|rest| rest.split_whitespace().next());
    let of_release = format!("release={}", release.expect("the release is in the log"));
    for (machine, steps) in [
        (&printer, ["job granted", "release ended"]),
        (&laptop, ["lease granted", "release settled"]),
    ] {
        let log = machine.log();
        for step in steps {
            let line = log.lines().find(|line| line.contains(step));
            let line = line.unwrap_or_else(|| panic!("{}: not in the log: {step}", machine.name()));
            assert!(line.contains(&of_release), "{line}");
        }
        assert!(!log.contains("charlie"), "{}: {log}", machine.name());
    }
}

/// The same to a printer that others built.
#[test]
fn a_real_printer_gets_the_very_bytes_and_options() {
    let site = Site::new();
    let charlie = User::charlie();
    let real = CupsPrinter::start(site.folder());
    let report = Document::pdf_of(site.folder(), "report.pdf", "Quarterly report", 3_000_000);

    let laptop = site.founder("laptop-1");
    let printer = site.printer(&laptop, "printer-1", &real.uri());
    laptop.enroll(&charlie, &laptop);
    print_twice_on_both_sides(&laptop, &report, &charlie);

    assert_eq!(printer.visit(&charlie).print_all().ending(), "printed");
    let received = real.received();
    let [paper] = received.as_slice() else {
        panic!("one document was to come out: {received:?}");
    };
    assert!(report.is_at(&paper.document));
    assert_eq!(paper.attribute("IPP_COPIES"), Some("2"));
    assert_eq!(paper.attribute("IPP_SIDES"), Some("two-sided-long-edge"));
    assert_nothing_is_left(&laptop);
}

/// A raw port says nothing, and is sent the document as it is.
#[test]
fn a_raw_port_gets_the_very_bytes() {
    let site = Site::new();
    let charlie = User::charlie();
    let port = TcpListener::bind("127.0.0.1:0").unwrap();
    let uri = format!("socket://{}", port.local_addr().unwrap());
    // Whoever only looks whether somebody is there sends nothing.
    let received = std::thread::spawn(move || {
        let mut documents = port.incoming().flatten().map(|mut stream| {
            let mut bytes = Vec::new();
            drop(stream.read_to_end(&mut bytes));
            bytes
        });
        documents.find(|bytes| !bytes.is_empty())
    });
    let laptop = site.founder("laptop-1");
    let printer = site.printer(&laptop, "printer-1", &uri);
    laptop.enroll(&charlie, &laptop);
    let report = site.document("report.pdf", "Quarterly report");
    laptop.print(&report, &charlie);

    assert_eq!(printer.visit(&charlie).print_all().ending(), "printed");
    assert_eq!(received.join().unwrap(), std::fs::read(report.path()).ok());
    assert_nothing_is_left(&laptop);
}

/// `--all`, the user's id in place of the badge, and keeping what was printed.
#[test]
fn all_jobs_at_once_and_kept_ones_again() {
    let site = Site::new();
    let charlie = User::charlie();
    let laptop = site.founder("laptop-1");
    let printer = site.tray_printer(&laptop, "printer-1");
    laptop.enroll(&charlie, &laptop);
    for name in ["one.pdf", "two.pdf", "three.pdf"] {
        laptop.print(&site.document(name, name), &charlie);
    }

    let typed = printer.visit(&charlie).by_id(&charlie);
    let kept = typed.clone().keeping().print_all();
    assert_eq!(kept.titles(), ["one.pdf", "two.pdf", "three.pdf"]);
    assert!(kept.each_ended("printed-and-kept"), "{kept:?}");
    assert_eq!(printer.tray().len(), 3);
    assert_eq!(laptop.jobs().len(), 3);

    let printed = typed.print_all();
    assert!(printed.each_ended("printed"), "{printed:?}");
    assert_eq!(printer.tray().len(), 6);
    assert_nothing_is_left(&laptop);
}

/// A job that its user deletes is gone and was never on paper.
#[test]
fn a_job_can_be_deleted_at_the_printer_and_at_the_computer() {
    let site = Site::new();
    let charlie = User::charlie();
    let laptop = site.founder("laptop-1");
    let printer = site.tray_printer(&laptop, "printer-1");
    laptop.enroll(&charlie, &laptop);
    let first = laptop.print(&site.document("first.pdf", "1"), &charlie);
    let second = laptop.print(&site.document("second.pdf", "2"), &charlie);

    let report = printer.visit(&charlie).delete([&*first.job]);
    assert_eq!(report.ending(), "deleted");
    assert_eq!(laptop.jobs().len(), 1);

    let deletion = laptop.papermesh("jobs delete").arg(&second.job);
    let _ = deletion.run().succeeded();
    assert_nothing_is_left(&laptop);
    assert!(printer.tray().is_empty());
}

/// What was held and known is held and known by nodes that were stopped and started.
#[test]
fn a_restart_of_everything_changes_nothing() {
    let site = Site::new();
    let charlie = User::charlie();
    let mut laptop = site.founder("laptop-1");
    let mut printer = site.tray_printer(&laptop, "printer-1");
    laptop.enroll(&charlie, &laptop);
    let report = site.document("report.pdf", "Quarterly report");
    laptop.print(&report, &charlie);

    laptop.stop();
    printer.stop();
    printer.start();
    laptop.run();
    printer.wait_until_ready();

    wait_until(SOON, "the job to be found again", || {
        printer.visit(&charlie).sees(1)
    });
    assert_eq!(printer.visit(&charlie).print_all().ending(), "printed");
    printed_once(&printer, &report);
}

/// Settings are taken from the file in the home, and flags beat them.
#[test]
fn a_flag_beats_the_configuration_file() {
    let site = Site::new();
    let laptop = site.founder("laptop-1");
    let mut printer = site.invited(&laptop, "printer-1", "printer", Setting::default());
    let (by_file, by_flag) = (site.path("by-file"), site.path("by-flag"));
    let line = format!("output = 'tray:{}'\n", by_file.display());
    std::fs::write(printer.home().join("papermesh.toml"), line).unwrap();

    printer.run();
    assert!(by_file.is_dir());
    printer.stop();
    let flag = format!("tray:{}", by_flag.display());
    printer.setting().run.extend(["--output".into(), flag]);
    printer.run();
    assert!(by_flag.is_dir());
}

fn print_twice_on_both_sides(laptop: &Machine, document: &Document, user: &User) -> Submitted {
    let submission = laptop.submission(document, user);
    submission
        .args(["--copies", "2", "--sides", "two-sided-long-edge"])
        .json()
}

/// The one file in the tray, which has the document's very bytes.
fn printed_once(printer: &Machine, document: &Document) -> PathBuf {
    let tray = printer.tray();
    let [paper] = tray.as_slice() else {
        panic!("one file was to be in the tray: {tray:?}");
    };
    assert!(document.is_at(paper), "other bytes came out");
    paper.clone()
}

/// Neither a row nor a file of any job.
fn assert_nothing_is_left(laptop: &Machine) {
    assert!(laptop.jobs().is_empty());
    assert_eq!(laptop.files("spool"), Vec::<PathBuf>::new());
    let status = laptop.status();
    assert_eq!((status.jobs, status.spool), (0, 0));
}
