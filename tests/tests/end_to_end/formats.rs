//! Any format to any printer: what comes out is compared with the document, as pixels.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use papermesh_convert::device::{Device, Formats};
use papermesh_convert::plan::{Known, PrintRequest};
use papermesh_convert::{Converter, Program};
use papermesh_protocol::job::{self, PrintOptions};
use papermesh_tests::answer::{Job, VisitReport};
use papermesh_tests::device::CupsPrinter;
use papermesh_tests::document::pdf_of_objects;
use papermesh_tests::kernel::without_landlock;
use papermesh_tests::odd::{self, Cipher, OddPage, OddPdf, PASSWORD, Written};
use papermesh_tests::picture::Picture;
use papermesh_tests::program::system;
use papermesh_tests::wait::wait_until;
use papermesh_tests::{Document, Machine, SOON, Setting, Site, User};

use super::doctor::finding;

const PDF: &str = "application/pdf";
const PWG: &str = "image/pwg-raster";
const URF: &str = "image/urf";

/// A site with a user who has a computer.
struct Office {
    laptop: Machine,
    charlie: User,
    // The last to go: it takes the others' homes with it.
    site: Site,
}

impl Office {
    fn open() -> Self {
        let site = Site::new();
        let charlie = User::charlie();
        let laptop = site.founder("laptop-1");
        laptop.enroll(&charlie, &laptop);
        Self {
            site,
            laptop,
            charlie,
        }
    }

    /// A printer that takes these formats, and the node beside it.
    fn printer(&self, name: &str, formats: &str, options: &[&str]) -> (CupsPrinter, Machine) {
        let device =
            CupsPrinter::taking(&self.site.path(&format!("{name}-device")), formats, options);
        let setting = Setting::default()
            .running(&["--output", &device.uri()])
            .with("PAPERMESH_CONVERTER_TIMEOUT", "4s");
        let node = self
            .site
            .invited(&self.laptop, name, "printer", setting)
            .running();
        (device, node)
    }

    /// Prints a document with these options and releases it at the printer; returns what was said
    /// besides.
    fn print(&self, printer: &Machine, document: &Document, options: &[&str]) -> Option<String> {
        let submission = self
            .laptop
            .submission(document, &self.charlie)
            .args(options);
        let _ = submission.run().succeeded();
        let visit = printer.visit(&self.charlie);
        wait_until(SOON, "the job to be found", || visit.sees(1));
        let report = visit.print_all();
        assert_eq!(report.ending(), "printed", "{report:?}");
        assert!(self.laptop.jobs().is_empty());
        report.results[0].reason.clone()
    }
}

/// The one file that came out since so many had.
fn paper(device: &CupsPrinter, before: usize) -> PathBuf {
    let received = device.received();
    assert_eq!(received.len(), before + 1, "{received:?}");
    received[before].document.clone()
}

/// Each page is the document's page of that number; 0 is an empty one.
fn assert_pages(printed: &[Picture], document: &Document, resolution: u32, numbers: &[usize]) {
    let pages = Picture::of_pdf(document.path(), resolution);
    assert_eq!(printed.len(), numbers.len());
    for (place, (printed, number)) in printed.iter().zip(numbers).enumerate() {
        let right = match number {
            0 => printed.is_like(&printed.blank()),
            number => printed.is_like(&pages[number - 1]),
        };
        assert!(right, "page {place} is not the document's page {number}");
    }
    // A test of the test: the pages can be told apart.
    assert!(pages.len() < 2 || !pages[0].is_like(&pages[1]));
}

#[test]
fn a_pdf_comes_out_of_every_printer_as_it_should_look() {
    let office = Office::open();
    let report = Document::pages(office.site.folder(), "report.pdf", 3);

    let (device, printer) = office.printer("pdf", PDF, &[]);
    assert_eq!(office.print(&printer, &report, &[]), None);
    assert!(
        report.is_at(&paper(&device, 0)),
        "what is taken is passed on"
    );

    for (name, formats, options, color) in [
        ("pwg", PWG, &[][..], false),
        ("urf", URF, &[], false),
        ("color-pwg", PWG, &["-s", "10,10"], true),
        ("color-urf", URF, &["-s", "10,10"], true),
    ] {
        let (device, printer) = office.printer(name, formats, options);
        assert_eq!(office.print(&printer, &report, &[]), None);
        let printed = Picture::pages(&paper(&device, 0));
        assert_pages(&printed, &report, 600, &[1, 2, 3]);
        assert_eq!(printed.iter().all(Picture::has_color), color, "{name}");
    }
}

#[test]
fn copies_and_both_sides_are_done_for_printers_that_cannot() {
    let office = Office::open();
    let report = Document::pages(office.site.folder(), "report.pdf", 3);
    let duplex = ["--copies", "2", "--sides", "two-sided-long-edge"];

    // Each copy begins a sheet.
    let (device, printer) = office.printer("pwg", PWG, &["-2"]);
    assert_eq!(office.print(&printer, &report, &duplex), None);
    let printed = Picture::pages(&paper(&device, 0));
    assert_pages(&printed, &report, 600, &[1, 2, 3, 0, 1, 2, 3]);
    let received = device.received();
    assert_eq!(
        received[0].attribute("IPP_SIDES"),
        Some("two-sided-long-edge")
    );
    assert_ne!(received[0].attribute("IPP_COPIES"), Some("2"));

    let (device, printer) = office.printer("simplex", URF, &[]);
    let told = office.print(&printer, &report, &duplex);
    assert!(told.is_some_and(|told| told.contains("one side")));
    let printed = Picture::pages(&paper(&device, 0));
    assert_pages(&printed, &report, 600, &[1, 2, 3, 1, 2, 3]);
}

/// Raster and pictures, made by others, to printers that take another format.
#[test]
fn raster_and_pictures_come_out_too() {
    let office = Office::open();
    let report = Document::pages(office.site.folder(), "report.pdf", 2);
    let made = |device: &str, name: &str| {
        let path = office.site.path(name);
        let ran = Command::new(system("gs"))
            .args([
                "-q",
                "-dSAFER",
                "-dBATCH",
                "-dNOPAUSE",
                "-r150",
                &format!("-sDEVICE={device}"),
                "-dcupsColorSpace=19",
                "-dcupsBitsPerColor=8",
                "-o",
            ])
            .args([&path, report.path()])
            .status();
        assert!(ran.is_ok_and(|status| status.success()), "{device}");
        Document::at(&path)
    };
    let (pwg, urf) = (
        made("pwgraster", "report.pwg"),
        made("appleraster", "report.urf"),
    );
    let jpeg = {
        let page = office.site.path("photo");
        let ran = Command::new(system("pdftoppm"))
            .args(["-jpeg", "-r", "100", "-singlefile"])
            .args([report.path(), &page])
            .status();
        assert!(ran.is_ok_and(|status| status.success()));
        Document::at(&page.with_extension("jpg"))
    };

    let (pdf_device, pdf_printer) = office.printer("pdf", PDF, &["-s", "10,10"]);
    let (urf_device, urf_printer) = office.printer("urf", URF, &["-s", "10,10"]);
    let (pwg_device, pwg_printer) = office.printer("pwg", PWG, &["-s", "10,10"]);

    assert_eq!(office.print(&urf_printer, &pwg, &[]), None);
    assert_pages(
        &Picture::pages(&paper(&urf_device, 0)),
        &report,
        600,
        &[1, 2],
    );
    assert_eq!(office.print(&pwg_printer, &urf, &["--copies", "2"]), None);
    assert_pages(
        &Picture::pages(&paper(&pwg_device, 0)),
        &report,
        600,
        &[1, 2, 1, 2],
    );
    assert_eq!(office.print(&pdf_printer, &pwg, &[]), None);
    let drawn = Picture::of_pdf(&paper(&pdf_device, 0), 150);
    assert_pages(&drawn, &report, 150, &[1, 2]);

    // A picture keeps a margin, so it is compared with itself as another way made it.
    assert_eq!(office.print(&pdf_printer, &jpeg, &[]), None);
    let as_pdf = Document::at(&paper(&pdf_device, 1));
    assert_eq!(
        office.print(&pwg_printer, &jpeg, &["--media", "iso_a4_210x297mm"]),
        None
    );
    let as_raster = Picture::pages(&paper(&pwg_device, 1));
    assert!(as_raster[0].has_color());
    let letter = Picture::of_pdf(as_pdf.path(), 600);
    assert_eq!((as_raster.len(), letter.len()), (1, 1));
    assert!(!letter[0].is_like(&letter[0].blank()));
}

/// Pages are counted while the document is sealed, and lists show them.
#[test]
fn pages_are_counted_while_a_document_is_sealed() {
    let office = Office::open();
    let report = Document::pages(office.site.folder(), "report.pdf", 7);
    office.laptop.print(&report, &office.charlie);
    let damaged = office.site.path("damaged.pdf");
    fs::write(&damaged, b"%PDF-1.7\nand nothing else").unwrap();
    office
        .laptop
        .print(&Document::at(&damaged), &office.charlie);
    let pages = |title: &str, jobs: &[Job]| {
        jobs.iter()
            .find(|job| job.title == title)
            .map(|job| job.pages)
    };
    let jobs = office.laptop.jobs();
    assert_eq!(pages("report.pdf", &jobs), Some(Some(7)));
    assert_eq!(pages("damaged.pdf", &jobs), Some(None));
}

/// A locked document is told where it is submitted; its password comes with it, later, or at the
/// printer, and is in no file in clear.
#[test]
fn locked_documents_are_told_and_opened() {
    let office = Office::open();
    let path = office.site.path("locked.pdf");
    // The second stands on its head.
    let pages = [0, 180, 0].map(|rotate| OddPage {
        rotate,
        ..OddPage::default()
    });
    let file = |written| OddPdf {
        written,
        ..OddPdf::new("locked", pages.to_vec())
    };
    fs::write(&path, file(Written::Locked(Cipher::Aes256)).bytes()).unwrap();
    let locked = Document::at(&path);
    fs::write(office.site.path("plain.pdf"), file(Written::Plain).bytes()).unwrap();
    let plain = Document::at(&office.site.path("plain.pdf"));
    let (device, printer) = office.printer("pwg", PWG, &[]);
    let held = |laptop: &Machine| laptop.jobs().into_iter().next().unwrap();

    // Without it, nothing is printed, and the words say what to do.
    let submitted = office.laptop.print(&locked, &office.charlie);
    let job = held(&office.laptop);
    assert!(job.locked && job.pages.is_none());
    wait_until(SOON, "the job to be found", || {
        printer.visit(&office.charlie).lists(&submitted.job)
    });
    let report: VisitReport = printer
        .visit(&office.charlie)
        .attempt(&["--job", &submitted.job])
        .json();
    assert_eq!(report.ending(), "not-printed");
    let reason = report.results[0].reason.clone().unwrap_or_default();
    assert!(reason.contains("its password is not known"), "{reason}");
    assert!(device.received().is_empty());

    // A wrong one is refused; the right one is kept.
    let unlock = |password: &str| {
        let command = office.laptop.papermesh("jobs");
        let command = command.args(["unlock", &submitted.job, "--document-password-stdin"]);
        command.stdin(&format!("{password}\n")).run()
    };
    assert!(!unlock("guess").is_success());
    assert!(held(&office.laptop).locked);
    let _ = unlock(PASSWORD).succeeded();
    let job = held(&office.laptop);
    assert_eq!((job.locked, job.pages), (false, Some(3)));
    wait_until(SOON, "the printer to know", || {
        let listed = printer.visit(&office.charlie).list();
        listed.jobs.iter().all(|job| !job.locked)
    });
    let report = printer.visit(&office.charlie).print([&*submitted.job]);
    assert_eq!(report.ending(), "printed", "{report:?}");
    assert_pages(&Picture::pages(&paper(&device, 0)), &plain, 600, &[1, 2, 3]);

    // With the job: a wrong one is told at once.
    let with = |password: &str| {
        let submission = office.laptop.submission(&locked, &office.charlie);
        let submission = submission.args(["--document-password-stdin"]);
        submission.stdin(&format!("{password}\n")).run()
    };
    assert!(with("guess").complaint().contains("does not open it"));
    assert!(office.laptop.jobs().is_empty());
    let _ = with(PASSWORD).succeeded();
    assert_eq!(held(&office.laptop).pages, Some(3));
    for file in office
        .laptop
        .files("store")
        .iter()
        .chain(&office.laptop.files("spool"))
    {
        let bytes = fs::read(file).unwrap_or_default();
        let found = bytes
            .windows(PASSWORD.len())
            .any(|window| window == PASSWORD.as_bytes());
        assert!(!found, "the password is in {}", file.display());
    }
    wait_until(SOON, "the job to be found", || {
        printer.visit(&office.charlie).sees(1)
    });
    let report = printer.visit(&office.charlie).print_all();
    assert_eq!(report.ending(), "printed", "{report:?}");
}

/// A document that was cut in a download is not printed as if it were whole, wherever it goes.
#[test]
fn a_cut_document_stays_and_says_what_is_missing() {
    let office = Office::open();
    let path = office.site.path("cut.pdf");
    fs::write(&path, odd::cut()).unwrap();
    for (name, format) in [("pdf", PDF), ("pwg", PWG)] {
        let (device, printer) = office.printer(name, format, &[]);
        let submitted = office.laptop.print(&Document::at(&path), &office.charlie);
        wait_until(SOON, "the job to be found", || {
            printer.visit(&office.charlie).lists(&submitted.job)
        });
        let visit = printer.visit(&office.charlie);
        let report: VisitReport = visit.attempt(&["--job", &submitted.job]).json();
        assert_eq!(report.ending(), "not-printed", "{name}: {report:?}");
        let reason = report.results[0].reason.clone().unwrap_or_default();
        assert!(reason.contains("7 of its 9 pages"), "{name}: {reason}");
        assert!(device.received().is_empty(), "{name}");
    }
    assert_eq!(office.laptop.jobs().len(), 2);
}

/// A page of which a part cannot be read comes out as far as it can be, and its job stays.
#[test]
fn a_torn_page_is_printed_and_kept() {
    let office = Office::open();
    let path = office.site.path("torn.pdf");
    fs::write(&path, odd::torn()).unwrap();
    let (_device, printer) = office.printer("pwg", PWG, &[]);
    let submitted = office.laptop.print(&Document::at(&path), &office.charlie);
    wait_until(SOON, "the job to be found", || {
        printer.visit(&office.charlie).lists(&submitted.job)
    });
    let visit = printer.visit(&office.charlie);
    let report = visit.print([&*submitted.job]);
    assert_eq!(report.ending(), "printed-and-kept", "{report:?}");
    assert!(report.results[0].reason.is_some(), "{report:?}");
    assert_eq!(office.laptop.jobs().len(), 1);
}

/// Nobody waits until a large document was looked at; its pages are known soon after.
#[test]
fn pages_of_a_large_document_are_counted_once_it_is_held() {
    let office = Office::open();
    let large = Document::pdf_of(office.site.folder(), "large.pdf", "large", 24 << 20);
    office.laptop.print(&large, &office.charlie);
    wait_until(SOON, "its pages to be known", || {
        office.laptop.jobs()[0].pages == Some(1)
    });
}

/// Documents that crash, hang or overflow converters stay held with a reason, and others print.
#[test]
fn documents_that_harm_converters_harm_nobody() {
    let office = Office::open();
    let (device, mut printer) = office.printer("pwg", PWG, &[]);
    let mut hostile: Vec<(&str, Vec<u8>)> = vec![
        ("forms.pdf", forms_in_forms()),
        ("loop.pdf", pages_in_pages()),
        ("tiles.pdf", tiles()),
        (
            "nothing.pdf",
            b"%PDF-1.7\n\xff\xfe nothing of a PDF".to_vec(),
        ),
        (
            "broken.urf",
            [
                b"UNIRAST\0\0\0\0\x01".to_vec(),
                urf_page(100, 100),
                vec![0, 200],
            ]
            .concat(),
        ),
        (
            "huge.urf",
            [b"UNIRAST\0\0\0\0\x01".to_vec(), urf_page(31_623, 31_623)].concat(),
        ),
    ];
    for (name, bytes) in &mut hostile {
        let path = office.site.path(name);
        fs::write(&path, &bytes).unwrap();
        let submitted = office.laptop.print(&Document::at(&path), &office.charlie);
        wait_until(SOON, "the job to be found", || {
            printer.visit(&office.charlie).lists(&submitted.job)
        });
        let visit = printer
            .visit(&office.charlie)
            .within(Duration::from_secs(90));
        let report: VisitReport = visit.attempt(&["--job", &submitted.job]).json();
        assert_eq!(report.ending(), "not-printed", "{name}: {report:?}");
        let reason = report.results[0].reason.clone().unwrap_or_default();
        let told = ["cannot be converted", "the document is damaged"];
        assert!(
            told.iter().any(|words| reason.contains(words)),
            "{name}: {reason}"
        );
    }
    assert_eq!(
        office.laptop.jobs().len(),
        hostile.len(),
        "each of them is still held"
    );
    assert!(device.received().is_empty());

    // Twelve pages are 400 MB of pixels, of which the node keeps nothing.
    let before = printer.node().peak_memory();
    let report = Document::pages(office.site.folder(), "report.pdf", 12);
    let good = office.laptop.print(&report, &office.charlie);
    let ended = printer.visit(&office.charlie).print([&*good.job]);
    assert_eq!(ended.ending(), "printed", "{ended:?}");
    let every: Vec<usize> = (1..=12).collect();
    assert_pages(&Picture::pages(&paper(&device, 0)), &report, 600, &every);
    let grown = printer.node().peak_memory() - before;
    assert!(grown < 64 << 20, "the node itself took {grown} more bytes");
}

/// PostScript is a program, whatever it says of itself.
#[test]
fn postscript_is_refused_even_as_pdf() {
    let office = Office::open();
    let program =
        "%!PS\n%PDF-1.7\n(/etc/passwd) (r) file 1024 string readstring pop print showpage\n";
    for (name, options) in [("disguised.pdf", &[][..]), ("told.pdf", &["--format", PDF])] {
        let path = office.site.path(name);
        fs::write(&path, program).unwrap();
        let submission = office
            .laptop
            .submission(&Document::at(&path), &office.charlie);
        let ended = submission.args(options).run();
        let told = ended.complaint().to_owned();
        assert!(told.contains("PostScript"), "{name}: {told}");
    }
    assert!(office.laptop.jobs().is_empty());
}

/// What a converter's process may do: read its input, write to its pipe, and nothing else.
#[test]
fn a_converter_can_touch_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("secret");
    fs::write(&secret, "marked").unwrap();
    let tried = |script: &str| confined(folder.path(), script);
    assert_eq!(tried("echo works").trim(), "works");
    for script in [
        "echo x > made; [ -e made ] && echo made",
        "exec 3>>secret && echo x >&3 && echo changed",
        "/bin/true && echo started",
        "exec cat secret",
        "exec bash -c 'exec 3<>/dev/tcp/127.0.0.1/631 && echo connected'",
        "kill -0 $PPID && echo signaled",
        "ulimit -f unlimited && echo unlimited",
    ] {
        assert_eq!(tried(script).trim(), "", "{script}");
    }
    // What is not on the list is not there: files emptied by being read, signals to others by way of a
    // file, memory and messages that others share. The system is not even asked.
    for call in [
        "sysopen(F, q(secret), O_RDONLY|O_TRUNC)",
        "fcntl(STDIN, 8, getppid())",
        "fcntl(STDIN, 10, 9)",
        "defined shmget(1, 4096, 0)",
        "defined msgget(1, 0)",
        "defined semget(1, 1, 0)",
        "socket(S, 1, 1, 0)",
        "kill(0, getppid())",
        "fork()",
        "unlink(q(secret))",
        "rename(q(secret), q(known))",
    ] {
        let script = format!("exec perl -e 'use Fcntl; print(({call}) ? q(done) : 0 + $!)'");
        assert_eq!(tried(&script).trim(), NO_SUCH_CALL, "{call}");
    }
    assert_eq!(fs::read_to_string(&secret).unwrap(), "marked");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

/// Where the kernel cannot keep Ghostscript from files, it is not started unless the configuration says so, and
/// doctor says both. The job is kept, and printed where Ghostscript is started.
#[test]
fn without_landlock_ghostscript_is_started_only_where_the_configuration_says_so() {
    // By the process itself, whoever starts it.
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(confined(folder.path(), "echo started").trim(), "started");
    let said = without_landlock(|| confined(folder.path(), "echo started"));
    assert_eq!(said.trim(), "");

    let office = Office::open();
    let report = Document::pages(office.site.folder(), "report.pdf", 1);
    let (device, mut printer) = without_landlock(|| office.printer("pwg", PWG, &[]));
    office.laptop.print(&report, &office.charlie);
    wait_until(SOON, "the job to be found", || {
        printer.visit(&office.charlie).sees(1)
    });
    let printed: VisitReport = printer.visit(&office.charlie).attempt(&["--all"]).json();
    assert_eq!(printed.ending(), "not-printed");
    let reason = printed.results[0].reason.clone().unwrap_or_default();
    assert!(reason.contains("no Landlock"), "{reason}");
    assert!(device.received().is_empty());
    let found = finding(&printer, "converters");
    assert_eq!(found.verdict, "doubtful");
    assert!(found.detail.contains("is not started"), "{}", found.detail);

    printer.stop();
    // So it is said of a node that does not run.
    let found = without_landlock(|| finding(&printer, "converters"));
    assert!(found.detail.contains("is not started"), "{}", found.detail);
    let line = "converter-without-landlock = true\n";
    fs::write(printer.home().join("papermesh.toml"), line).unwrap();
    without_landlock(|| printer.run());
    let found = finding(&printer, "converters");
    assert_eq!(found.verdict, "doubtful");
    assert!(found.detail.contains("could read"), "{}", found.detail);
    wait_until(SOON, "the job to be found", || {
        printer.visit(&office.charlie).sees(1)
    });
    assert_eq!(
        printer.visit(&office.charlie).print_all().ending(),
        "printed"
    );
    assert_eq!(device.received().len(), 1);

    // Where the kernel has Landlock, there is nothing to say.
    printer.restart();
    assert_eq!(finding(&printer, "converters").verdict, "good");
}

/// What a node starts is told no password in its arguments or its environment, which others can read;
/// neither is the node itself, nor the command that brought the document.
#[test]
fn passwords_are_in_no_argument_list_and_no_environment() {
    let office = Office::open();
    let path = office.site.path("locked.pdf");
    let locked = OddPdf {
        written: Written::Locked(Cipher::Aes256),
        ..OddPdf::new("locked", vec![OddPage::default()])
    };
    fs::write(&path, locked.bytes()).unwrap();
    let (_device, printer) = office.printer("pwg", PWG, &[]);
    let (mut laptop, mut printer) = (office.laptop, printer);
    let nodes = [laptop.node().id(), printer.node().id()];
    let over = AtomicBool::new(false);
    let seen = Mutex::new(BTreeSet::new());
    let has_seen = |words: &str| {
        let seen = seen.lock().unwrap();
        seen.iter().any(|told: &String| told.contains(words))
    };
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                let told = nodes.iter().flat_map(|node| told_by(*node));
                seen.lock().unwrap().extend(told);
            }
        });
        let _over = Over(&over);
        let printing = laptop
            .submission(&Document::at(&path), &office.charlie)
            .arg("--document-password-stdin")
            .stdin(&format!("{PASSWORD}\n"));
        let printing = printing.start();
        let command = told_to(printing.id());
        let _ = printing.finish().succeeded();
        seen.lock().unwrap().insert(command);
        // Some live for so short a time that they are missed.
        wait_until(3 * SOON, "all that is started to be seen", || {
            let visit = printer.visit(&office.charlie).keeping();
            if visit.sees(1) {
                assert_eq!(visit.print_all().ending(), "printed-and-kept");
            }
            ["\"Facts\"", "\"Open\"", "-dSAFER"]
                .iter()
                .all(|words| has_seen(words))
        });
    });
    let seen = seen.into_inner().unwrap();
    for told in &seen {
        for secret in [PASSWORD, &*office.charlie.pin] {
            assert!(!told.contains(secret), "{secret} is in {told}");
        }
    }
}

/// Says that it is over when it is dropped, however that comes.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// What a process and those that it started were told: arguments and environments (proc(5)).
fn told_by(process: u32) -> Vec<String> {
    let tasks = fs::read_dir(format!("/proc/{process}/task"));
    let started = tasks.into_iter().flatten().flatten().flat_map(|task| {
        let started = fs::read_to_string(task.path().join("children")).unwrap_or_default();
        let started = started.split(' ').filter_map(|child| child.parse().ok());
        started.collect::<Vec<u32>>()
    });
    started.chain([process]).map(told_to).collect()
}

fn told_to(process: u32) -> String {
    let told = ["cmdline", "environ"].map(|what| {
        let words = fs::read(format!("/proc/{process}/{what}")).unwrap_or_default();
        String::from_utf8_lossy(&words).into_owned()
    });
    told.join("\n")
}

/// ENOSYS, which is the same on all Linux but MIPS, Sparc and Alpha.
const NO_SUCH_CALL: &str = "38";

/// What a shell script says that runs in place of a renderer.
fn confined(folder: &Path, script: &str) -> String {
    let script = format!("cd '{}'; {script}", folder.display());
    let stage = serde_json::json!({
        "Ghostscript": { "program": system("sh"), "arguments": ["-c", script] }
    });
    let ran = Command::new(papermesh_tests::program::converter())
        .arg(papermesh_convert::VERSION)
        .arg(stage.to_string())
        .stdin(std::process::Stdio::null())
        .output()
        .unwrap();
    String::from_utf8_lossy(&ran.stdout).into_owned()
}

fn stream(dictionary: &str, content: &str) -> Vec<u8> {
    let length = content.len();
    format!("<<{dictionary}/Length {length}>>stream\n{content}\nendstream ").into_bytes()
}

/// One page whose contents are `content`, with these resources.
fn page(resources: &str, content: Vec<u8>, more: Vec<Vec<u8>>) -> Vec<u8> {
    let page = format!(
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<<{resources}>>>>"
    );
    let mut objects = vec![
        b"<</Type/Catalog/Pages 2 0 R>>".to_vec(),
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>".to_vec(),
        page.into_bytes(),
        content,
    ];
    objects.extend(more);
    pdf_of_objects(&objects)
}

/// A form that paints a form twelve times, which paints a form twelve times, and so on.
fn forms_in_forms() -> Vec<u8> {
    let form = |resources: &str, content: &str| {
        stream(
            &format!("/Type/XObject/Subtype/Form/BBox[0 0 595 842]{resources}"),
            content,
        )
    };
    let mut forms: Vec<Vec<u8>> = (6..16)
        .map(|next| {
            form(
                &format!("/Resources<</XObject<</F {next} 0 R>>>>"),
                &"/F Do ".repeat(12),
            )
        })
        .collect();
    forms.push(form("", "0 0 1 1 re f"));
    page("/XObject<</F 5 0 R>>", stream("", "/F Do"), forms)
}

/// A tree of pages that is its own child.
fn pages_in_pages() -> Vec<u8> {
    pdf_of_objects(&[
        b"<</Type/Catalog/Pages 2 0 R>>".to_vec(),
        b"<</Type/Pages/Kids[2 0 R 2 0 R]/Count 1000000>>".to_vec(),
    ])
}

/// A page tiled with a million times a million tiles.
fn tiles() -> Vec<u8> {
    let tile = "/Type/Pattern/PatternType 1/PaintType 1/TilingType 1/BBox[0 0 10 10]/XStep 0.001/YStep 0.001/Resources<<>>";
    page(
        "/Pattern<</P 5 0 R>>",
        stream("", "/Pattern cs /P scn 0 0 595 842 re f"),
        vec![stream(tile, "0 0 5 5 re f")],
    )
}

/// The header of a page of Apple raster.
fn urf_page(width: u32, height: u32) -> Vec<u8> {
    let mut header = vec![8, 0, 1, 4, 0, 0, 0, 0, 0, 0, 0, 0];
    for value in [width, height, 300, 0, 0] {
        header.extend(value.to_be_bytes());
    }
    header
}

/// The converter by itself: page ranges, and printers of which there is none here.
#[tokio::test]
async fn pages_are_chosen_and_other_printers_are_served() {
    let folder = tempfile::tempdir().unwrap();
    let report = Document::pages(folder.path(), "report.pdf", 5);
    let gs = Some(system("gs"));
    let program = Program::at(papermesh_tests::program::converter().to_owned());
    let converter = Converter::new(program, gs, Duration::from_secs(60));
    let request = PrintRequest {
        format: PDF.to_owned(),
        known: Known::default(),
        options: PrintOptions {
            copies: 2,
            sides: Some(job::Sides::TwoSidedLongEdge),
            page_ranges: "2-3,5".parse().unwrap(),
            ..PrintOptions::default()
        },
    };
    for format in [
        PDF,
        PWG,
        "application/postscript",
        "application/vnd.hp-pcl",
        "application/vnd.hp-pclxl",
    ] {
        let device = Device {
            sides: vec!["two-sided-long-edge".to_owned()],
            color: Some(true),
            ..Device::taking(Formats::Listed(vec![format.to_owned()]))
        };
        let document = tokio::fs::File::open(report.path()).await.unwrap();
        let mut made = converter
            .convert(&device, &request, None, document)
            .await
            .unwrap();
        assert_eq!(made.facts.pages, Some(5));
        assert_eq!(
            (
                made.plan.request.options.copies,
                made.plan.request.options.page_ranges.is_all()
            ),
            (1, true)
        );
        let path = folder.path().join("made");
        let mut file = tokio::fs::File::create(&path).await.unwrap();
        tokio::io::copy(&mut made.document, &mut file)
            .await
            .unwrap();
        tokio::io::AsyncWriteExt::flush(&mut file).await.unwrap();
        match format {
            PWG => assert_pages(&Picture::pages(&path), &report, 300, &[2, 3, 5, 0, 2, 3, 5]),
            PDF => assert_pages(
                &Picture::of_pdf(&path, 100),
                &report,
                100,
                &[2, 3, 5, 0, 2, 3, 5],
            ),
            "application/postscript" => {
                let pdf = folder.path().join("made.pdf");
                let read = Command::new(system("gs"))
                    .args(["-q", "-dSAFER", "-sDEVICE=pdfwrite", "-o"])
                    .args([&pdf, &path])
                    .status();
                assert!(read.is_ok_and(|status| status.success()));
                assert_pages(
                    &Picture::of_pdf(&pdf, 150),
                    &report,
                    150,
                    &[2, 3, 5, 0, 2, 3, 5],
                );
            }
            "application/vnd.hp-pcl" => assert_eq!(Picture::pcl(&path, 4960).len(), 7),
            _ => assert_pages(
                &Picture::pcl_xl(&path),
                &report,
                600,
                &[2, 3, 5, 0, 2, 3, 5],
            ),
        }
    }
}
