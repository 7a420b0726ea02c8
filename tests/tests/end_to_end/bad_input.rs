//! What users, files, disks and printers do wrong. Each ends in one clear line that says what to
//! do, and loses nothing.

use std::fs;
use std::path::Path;

use papermesh_tests::answer::{Submitted, VisitReport};
use papermesh_tests::command::must;
use papermesh_tests::device::{Fate, ScriptedPrinter};
use papermesh_tests::wait::wait_until;
use papermesh_tests::{Document, Machine, SOON, Setting, Site, User};

// Files -----------------------------------------------------------------------------------------

#[test]
fn a_file_that_is_empty_or_not_there_or_a_folder_is_refused() {
    let site = Site::new();
    let charlie = User::charlie();
    let laptop = site.founder("laptop-1");
    laptop.enroll(&charlie, &laptop);
    let (empty, folder) = (site.path("empty.pdf"), site.path("folder.pdf"));
    fs::write(&empty, "").unwrap();
    fs::create_dir(&folder).unwrap();

    for path in [&empty, &folder, &site.path("missing.pdf")] {
        let refused = laptop.papermesh("print").arg(path).run();
        let complaint = refused.complaint();
        let name = path.file_name().unwrap().to_str().unwrap();
        assert!(
            complaint.contains(name) || complaint.contains("document is empty"),
            "{complaint}"
        );
    }
    assert!(laptop.jobs().is_empty());
    assert!(laptop.files("spool").is_empty());
}

#[test]
fn a_title_of_control_characters_and_ten_thousand_letters_is_cleaned() {
    let site = Site::new();
    let charlie = User::charlie();
    let laptop = site.founder("laptop-1");
    let printer = site.tray_printer(&laptop, "printer-1");
    laptop.enroll(&charlie, &laptop);
    let report = site.document("report.pdf", "x");
    let letters = "ä".repeat(10_000);
    let nasty = "\u{1b}]0;owned\u{7}\r\n../../etc/passwd\u{202e}\t\u{200b}fdp.exe";
    for title in [nasty, &letters] {
        let submission = laptop.submission(&report, &charlie);
        let submitted: Submitted = submission.args(["--title", title]).json();
        let title = submitted.title;
        assert!(title.len() <= 255, "{} bytes of title", title.len());
        assert!(!title.chars().any(char::is_control), "{title:?}");
        assert!(!title.contains(['\u{202e}', '\u{200b}']), "{title:?}");
    }

    assert!(printer.visit(&charlie).print_all().each_ended("printed"));
    let tray = printer.tray();
    assert_eq!(tray.len(), 2);
    for paper in tray {
        assert_eq!(paper.parent(), Some(printer.home().join("tray").as_path()));
        assert!(report.is_at(&paper));
    }
}

#[test]
fn a_damaged_document_is_not_printed_and_harms_no_other() {
    let site = Site::new();
    let charlie = User::charlie();
    let laptop = site.founder("laptop-1");
    let printer = site.tray_printer(&laptop, "printer-1");
    laptop.enroll(&charlie, &laptop);
    let good = site.document("good.pdf", "good");
    for (name, damage) in [("flipped.pdf", flip as fn(&Path)), ("short.pdf", cut)] {
        let document = Document::pdf_of(site.folder(), name, "bad", 400_000);
        let job = laptop.print(&document, &charlie).job;
        damage(&sealed(&laptop, &job));
    }
    laptop.print(&good, &charlie);

    let ended = printer.visit(&charlie).attempt(&["--all"]);
    assert_eq!(ended.code(), Some(1), "{ended:?}");
    let report: VisitReport = ended.json();
    let mut results = report.results.iter();
    let printed = results.find(|result| result.ending == "printed");
    assert_eq!(
        printed.map(|result| &result.job),
        job_of(&report, "good.pdf")
    );
    for name in ["flipped.pdf", "short.pdf"] {
        let job = job_of(&report, name).expect("it is listed");
        let mut results = report.results.iter();
        let result = results.find(|result| result.job == *job).unwrap();
        assert_eq!(result.ending, "not-printed", "{result:?}");
        assert!(result.reason.is_some(), "{result:?}");
    }
    let tray = printer.tray();
    assert_eq!(tray.len(), 1, "{tray:?}");
    assert!(good.is_at(&tray[0]));

    // They stay until their user deletes them.
    let list = printer.visit(&charlie).list();
    assert_eq!(list.jobs.len(), 2);
    let jobs: Vec<&str> = list.jobs.iter().map(|job| &*job.job).collect();
    assert!(printer.visit(&charlie).delete(jobs).each_ended("deleted"));
    assert!(laptop.files("spool").is_empty());
}

fn sealed(laptop: &Machine, job: &str) -> std::path::PathBuf {
    laptop.home().join("spool").join(format!("{job}.sealed"))
}

fn flip(file: &Path) {
    let mut bytes = fs::read(file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(file, bytes).unwrap();
}

fn cut(file: &Path) {
    let bytes = fs::read(file).unwrap();
    fs::write(file, &bytes[..bytes.len() / 2]).unwrap();
}

fn job_of<'a>(report: &'a VisitReport, title: &str) -> Option<&'a String> {
    let mut jobs = report.jobs.iter();
    jobs.find(|job| job.title == title).map(|job| &job.job)
}

// Disks -----------------------------------------------------------------------------------------

#[test]
fn a_full_disk_refuses_the_new_job_and_keeps_the_old() {
    let site = Site::new();
    let charlie = User::charlie();
    let laptop = site.founder("laptop-1");
    let printer = site.tray_printer(&laptop, "printer-1");
    let disk = SmallDisk::mount(&site.path("laptop-2"), 96);
    let small = site.invited(&laptop, "laptop-2", "client", Setting::default());
    let small = small.running();
    laptop.enroll(&charlie, &small);
    let held = site.document("held.pdf", "held");
    small.print(&held, &charlie);

    let large = Document::pdf_of(site.folder(), "large.pdf", "large", 120 << 20);
    let refused = small.submission(&large, &charlie).run();
    let complaint = refused.complaint();
    assert!(
        complaint.contains("space") || complaint.contains("full"),
        "{complaint}"
    );
    // A program that does not say beforehand how much is to come.
    let filler = small.home().join("filler");
    fill(&filler);
    let refused = small.submission(&held, &charlie).run();
    assert!(!refused.complaint().is_empty());
    fs::remove_file(&filler).unwrap();

    assert_eq!(small.jobs().len(), 1);
    assert_eq!(small.files("spool").len(), 1);
    wait_until(SOON, "the job to be listed", || {
        printer.visit(&charlie).sees(1)
    });
    assert_eq!(printer.visit(&charlie).print_all().ending(), "printed");
    drop(small);
    drop(disk);
}

/// A printer that can write down nothing prints nothing: it could not say afterwards whether it did.
/// With room again it does.
#[test]
fn a_full_disk_at_the_printer_prints_nothing_and_loses_nothing() {
    let (site, charlie) = (Site::new(), User::charlie());
    let laptop = site.founder("laptop-1");
    laptop.enroll(&charlie, &laptop);
    let disk = SmallDisk::mount(&site.path("printer-1"), 96);
    let printer = site.tray_printer(&laptop, "printer-1");
    laptop.print(&site.document("held.pdf", "held"), &charlie);
    wait_until(SOON, "the job to be listed", || {
        printer.visit(&charlie).sees(1)
    });
    let filler = printer.home().join("filler");
    fill(&filler);
    let refused = printer.visit(&charlie).attempt(&["--all"]);
    assert!(!refused.is_success(), "{refused:?}");
    assert_eq!(laptop.jobs().len(), 1);
    assert!(printer.tray().is_empty());

    fs::remove_file(&filler).unwrap();
    wait_until(SOON, "the job to be printed", || {
        let visit = printer.visit(&charlie).reprinting();
        visit.attempt(&["--all"]).is_success()
    });
    assert_eq!(printer.tray().len(), 1);
    assert!(laptop.jobs().is_empty());
    drop(printer);
    drop(disk);
}

/// A file that leaves no byte free.
fn fill(path: &Path) {
    use std::io::Write;
    let mut file = fs::File::create(path).unwrap();
    let block = [0x55; 64 * 1024];
    while file.write_all(&block).is_ok() {}
    while file.write_all(&block[..1]).is_ok() {}
}

/// A file system of its own, in memory.
struct SmallDisk {
    at: String,
}

impl SmallDisk {
    fn mount(at: &Path, mebibytes: u32) -> Self {
        fs::create_dir_all(at).unwrap();
        let at = at.to_str().unwrap().to_owned();
        let size = format!("size={mebibytes}m,mode=700");
        must("mount", &["-t", "tmpfs", "-o", &size, "tmpfs", &at]);
        Self { at }
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: a node that a failed test left there may still hold it.
        must("umount", &["-l", &self.at]);
    }
}

/// A database that lost a part of itself is not run on and not thrown away: the node says so, and
/// with the lost part put back nothing is missing.
#[test]
fn a_truncated_database_is_noticed_and_left_alone() {
    let site = Site::new();
    let charlie = User::charlie();
    let mut laptop = site.founder("laptop-1");
    let printer = site.tray_printer(&laptop, "printer-1");
    laptop.enroll(&charlie, &laptop);
    laptop.print(&site.document("held.pdf", "held"), &charlie);
    // An orderly end would leave no log to cut.
    laptop.kill();

    let store = laptop.home().join("store");
    let kept = site.path("kept");
    copy_folder(&store, &kept);
    let cut_logs = |name: &str| name.ends_with(".log");
    let cut_tables = |name: &str| name.ends_with(".sst");
    let cut_manifest = |name: &str| name.starts_with("MANIFEST");
    let no_current = |name: &str| name == "CURRENT";
    let damages: [&dyn Fn(&str) -> bool; 4] = [&cut_logs, &cut_tables, &cut_manifest, &no_current];
    for (number, damaged) in damages.iter().enumerate() {
        let hurt = fs::read_dir(&store)
            .unwrap()
            .map(|entry| entry.unwrap())
            .filter(|entry| damaged(&entry.file_name().to_string_lossy()))
            .filter(|entry| entry.metadata().unwrap().len() > 0)
            .map(|entry| cut(&entry.path()))
            .count();
        assert!(hurt > 0, "damage {number} hurt nothing");
        laptop.start();
        let status = laptop.node().wait(SOON);
        assert_eq!(status.code(), Some(1), "damage {number}");
        let log = laptop.log();
        let line = log.trim_end().lines().last().unwrap_or_default();
        assert!(line.contains("store"), "damage {number}: {line}");
        assert!(!log.contains("panicked"), "damage {number}: {log}");
        fs::remove_dir_all(&store).unwrap();
        copy_folder(&kept, &store);
    }

    laptop.run();
    assert_eq!(laptop.jobs().len(), 1);
    wait_until(SOON, "the job to be found again", || {
        printer.visit(&charlie).sees(1)
    });
    assert_eq!(printer.visit(&charlie).print_all().ending(), "printed");
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

#[test]
fn two_nodes_on_one_home_are_one_too_many() {
    let site = Site::new();
    let laptop = site.founder("laptop-1");
    let second = laptop.papermesh("run --no-mdns").run();
    let complaint = second.complaint();
    assert!(complaint.contains("laptop-1"), "{complaint}");
    // Nor may anybody join or make a site there meanwhile.
    let site_again = laptop
        .papermesh("init --no-passphrase --site Other --name other")
        .run();
    assert!(!site_again.complaint().is_empty());
    assert_eq!(laptop.status().state, "alone");
}

// People ----------------------------------------------------------------------------------------

#[test]
fn a_wrong_pin_and_an_unknown_badge_are_turned_away_alike() {
    let site = Site::new();
    let charlie = User::charlie();
    let nobody = User::new("nobody", "0499999999", "111111");
    let laptop = site.founder("laptop-1");
    let printer = site.tray_printer(&laptop, "printer-1");
    laptop.enroll(&charlie, &laptop);
    laptop.print(&site.document("report.pdf", "x"), &charlie);

    let wrong = printer
        .visit(&charlie.guessing("000000"))
        .attempt(&["--list"]);
    assert!(!wrong.complaint().contains("report"), "{wrong:?}");
    assert!(!wrong.stdout().contains("report"), "{wrong:?}");
    let unknown = printer.visit(&nobody).by_id(&nobody).attempt(&["--list"]);
    assert_eq!(unknown.complaint(), wrong.complaint());
    assert_eq!(unknown.code(), wrong.code());
    // A badge that is nobody's is no secret: whoever registers it is to know.
    let badge = printer.visit(&nobody).attempt(&["--list"]);
    assert!(badge.complaint().contains("badge"), "{badge:?}");

    // The right one is taken all the same.
    assert!(printer.visit(&charlie).sees(1));

    // Where nothing is held, a wrong PIN is a wrong PIN still.
    assert!(printer.visit(&charlie).print_all().each_ended("printed"));
    wait_until(SOON, "the list to be empty", || {
        printer.visit(&charlie).sees(0)
    });
    let nothing = printer
        .visit(&charlie.guessing("000000"))
        .attempt(&["--list"]);
    assert_eq!(nothing.complaint(), wrong.complaint());
}

#[test]
fn no_jobs_is_a_plain_notice_and_no_failure() {
    let site = Site::new();
    let charlie = User::charlie();
    let laptop = site.founder("laptop-1");
    let printer = site.tray_printer(&laptop, "printer-1");
    laptop.enroll(&charlie, &laptop);

    for what in ["--list", "--all"] {
        let visit = printer.visit(&charlie).attempt(&[what]).succeeded();
        let report: VisitReport = visit.json();
        assert!(report.jobs.is_empty() && report.results.is_empty());
    }
    let plain = printer
        .program(papermesh_tests::program::papermesh())
        .args([
            "release",
            "--badge",
            &charlie.badge,
            "--pin-stdin",
            "--list",
        ])
        .stdin(&charlie.pin)
        .run()
        .succeeded();
    let notice = format!("{}{}", plain.stdout(), plain.stderr()).to_lowercase();
    assert!(notice.contains("no jobs"), "{notice}");
}

#[test]
fn commands_that_make_no_sense_say_what_would() {
    let site = Site::new();
    let charlie = User::charlie();
    let laptop = site.founder("laptop-1");
    laptop.enroll(&charlie, &laptop);
    let nowhere = Machine::new(site.folder(), "nowhere", Setting::default());

    let no_home = nowhere.papermesh("run").run();
    assert!(no_home.complaint().contains("papermesh init"));
    let no_node = nowhere.papermesh("jobs list").run();
    assert!(no_node.complaint().contains("papermesh"));
    for nonsense in ["print", "release --list", "frobnicate", "run --output"] {
        let ended = laptop.papermesh(nonsense).run();
        assert_eq!(ended.code(), Some(2), "{nonsense}: {ended:?}");
    }
    for (command, argument) in [
        ("join", "papermesh-invite-of-somebody-else"),
        ("jobs show", "ffffffff"),
        ("approve", "000000"),
        ("revoke", "nobody-of-that-name"),
        ("user disable", "nobody-of-that-name"),
    ] {
        let ended = laptop.papermesh(command).arg(argument).run();
        assert!(matches!(ended.code(), Some(1 | 2)), "{command}: {ended:?}");
        assert!(!ended.stderr().contains("panicked"), "{command}: {ended:?}");
    }
}

// Printers --------------------------------------------------------------------------------------

#[test]
fn a_printer_out_of_paper_says_so_and_prints_when_it_has_some() {
    let site = Site::new();
    let charlie = User::charlie();
    let device = ScriptedPrinter::start(Fate::WantsPaper);
    let laptop = site.founder("laptop-1");
    let printer = site.printer(&laptop, "printer-1", &device.uri());
    laptop.enroll(&charlie, &laptop);
    let report = site.document("report.pdf", "x");
    laptop.print(&report, &charlie);

    let mut visit = printer.visit(&charlie).begin(&["--all"]);
    wait_until(SOON, "the document to wait for paper", || device.is_busy());
    wait_until(SOON, "the printer to say that it wants paper", || {
        let device = printer.status().device;
        device.is_some_and(|device| {
            let mut reasons = device.reasons.iter();
            reasons.any(|reason| reason.starts_with("media-empty"))
        })
    });
    assert!(!visit.has_ended());
    assert_eq!(laptop.jobs().len(), 1, "the job stays until it is on paper");

    device.set(Fate::Prints);
    let report_of_visit: VisitReport = visit.finish().succeeded().json();
    assert_eq!(report_of_visit.ending(), "printed");
    assert_eq!(device.printed(), [fs::read(report.path()).unwrap()]);
    assert!(laptop.jobs().is_empty());
}

#[test]
fn a_printer_that_is_gone_gives_up_or_breaks_off_loses_nothing() {
    let site = Site::new();
    let charlie = User::charlie();
    let device = ScriptedPrinter::start(Fate::Aborts);
    let laptop = site.founder("laptop-1");
    let printer = site.printer(&laptop, "printer-1", &device.uri());
    let nobody = "ipp://127.0.0.1:1/ipp/print";
    let gone = site.printer(&laptop, "printer-2", nobody);
    laptop.enroll(&charlie, &laptop);
    let report = Document::pdf_of(site.folder(), "report.pdf", "x", 8_000_000);
    laptop.print(&report, &charlie);

    // Nothing was sent, or the device has said that nothing comes out, or the job was taken back from it.
    for (printer, fate) in [
        (&gone, Fate::Prints),
        (&printer, Fate::Aborts),
        (&printer, Fate::Breaks),
    ] {
        device.set(fate);
        let ended = printer.visit(&charlie).attempt(&["--all"]);
        assert_eq!(ended.code(), Some(1), "{fate:?}: {ended:?}");
        let visit: VisitReport = ended.json();
        let [result] = visit.results.as_slice() else {
            panic!("{fate:?}: one job was chosen: {visit:?}");
        };
        assert_eq!(result.ending, "not-printed", "{fate:?}: {result:?}");
        assert!(result.reason.is_some(), "{fate:?}: {result:?}");
        assert_eq!(laptop.jobs().len(), 1, "{fate:?}");
    }

    device.set(Fate::Prints);
    assert_eq!(printer.visit(&charlie).print_all().ending(), "printed");
    assert_eq!(device.printed(), [fs::read(report.path()).unwrap()]);
}
