//! The hold printer: every program of a computer prints into the mesh.
//!
//! The suites of CUPS judge it by the standards; a user at a printer releases what they print,
//! because they wait for jobs to be completed. Then come those who print badly.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use papermesh_tests::answer::Job;
use papermesh_tests::command::Ended;
use papermesh_tests::ipp::{
    self, BOOLEAN, CANCEL_JOB, CREATE_JOB, Connection, GET_JOB_ATTRIBUTES, INTEGER, KEYWORD, MIME,
    NAME, PRINT_JOB, Request, SEND_DOCUMENT,
};
use papermesh_tests::network::{Namespace, Wire};
use papermesh_tests::sample::{self, Color};
use papermesh_tests::wait::wait_until;
use papermesh_tests::{Document, Machine, SOON, Seed, Setting, Site, User, program};

/// Where CUPS keeps its suites.
const SUITES: &str = "/usr/share/cups/ipptool";
/// How long one suite may take, with every job released by its user.
const SUITE: Duration = Duration::from_secs(900);
/// What programs of this computer call the user.
const LOCAL_NAME: &str = "charlies-login";
/// `pending-held`, `processing`, `canceled`, `aborted`, `completed`.
const HELD: u32 = 4;
const CANCELED: u32 = 7;
const COMPLETED: u32 = 9;

/// A laptop whose hold printer listens, and its address.
fn laptop(site: &Site, more: &[&str]) -> (Machine, SocketAddr) {
    let port = papermesh_tests::reserve_port();
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let users = format!("{LOCAL_NAME}=charlie,{}=charlie", login());
    let setting = Setting::default()
        .with("PAPERMESH_IPP_USERS", &users)
        .running(&["--ipp", &address.to_string()])
        .running(more);
    (site.founder_at("laptop-1", setting), address)
}

/// What the programs of CUPS call whoever runs them.
fn login() -> String {
    let named = std::process::Command::new("id")
        .arg("-un")
        .output()
        .unwrap();
    String::from_utf8(named.stdout).unwrap().trim().to_owned()
}

fn number(value: u32) -> [u8; 4] {
    value.to_be_bytes()
}

// The suites ----------------------------------------------------------------------------------

#[test]
fn the_suite_of_ipp_1_1_finds_no_fault() {
    suite("1.1", "1.1", "sample.pdf");
}

#[test]
fn the_suite_of_ipp_2_0_finds_no_fault() {
    suite("2.0", "2.0", "color.jpg");
}

#[test]
fn the_suite_of_ipp_2_1_finds_no_fault() {
    suite("2.1", "2.1", "sample.pwg");
}

#[test]
fn the_suite_of_ipp_2_2_finds_no_fault() {
    suite("2.2", "2.2", "sample.pdf");
}

#[test]
fn the_suite_of_ipp_everywhere_finds_no_fault() {
    suite("everywhere", "2.0", "sample.pdf");
}

/// Runs a suite over IPP and over IPPS, while Charlie releases what it prints.
fn suite(name: &str, version: &str, sample: &str) {
    let site = Site::new();
    let charlie = User::charlie();
    let (laptop, address) = laptop(&site, &[]);
    laptop.enroll(&charlie, &laptop);
    let printer = site.tray_printer(&laptop, "front-desk");
    let folder = site.path("suites");
    lay_out(&folder, name);

    for scheme in ["ipp", "ipps"] {
        let over = AtomicBool::new(false);
        let judged = std::thread::scope(|scope| {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    // A visit that finds nothing is no failure.
                    let _ = printer.visit(&charlie).attempt(&["--all"]);
                }
            });
            let judged = laptop
                .program(&program::system("ipptool"))
                .args(["-V", version, "-tIf"])
                .arg(folder.join(sample))
                .arg(format!("{scheme}://localhost:{}/ipp/print", address.port()))
                .arg(folder.join(format!("ipp-{name}.test")))
                .within(SUITE)
                .run();
            over.store(true, Ordering::Relaxed);
            judged
        });
        check(&format!("ipp-{name} over {scheme}"), &judged);
    }
}

/// Nothing failed, nothing was left out but what this printer rightly does not have.
fn check(what: &str, judged: &Ended) {
    let said = judged.stdout();
    let count = |verdict: &str| said.lines().filter(|line| line.ends_with(verdict)).count();
    let (passed, failed, skipped) = (count("[PASS]"), count("[FAIL]"), count("[SKIP]"));
    eprintln!("{what}: {passed} passed, {failed} failed, {skipped} skipped");
    let mut skips: Vec<&str> = (said.lines())
        .filter(|line| line.ends_with("[SKIP]"))
        .collect();
    skips.dedup();
    eprintln!("{}", skips[..skips.len().min(30)].join("\n"));
    // A file that is missing ends a suite without a word of failure.
    assert!(
        !judged.stderr().contains("cannot be read"),
        "{}",
        judged.stderr()
    );
    assert!(
        failed == 0 && judged.is_success(),
        "{what}:\n{said}\n{}",
        judged.stderr()
    );
    assert!(passed >= 30, "{what} was broken off:\n{said}");
}

/// Lays the suites out beside the samples that they ask for.
fn lay_out(folder: &Path, name: &str) {
    fs::create_dir_all(folder).unwrap();
    for suite in fs::read_dir(SUITES).expect("the suites of CUPS (package cups-ipp-utils)") {
        let suite = suite.unwrap();
        fs::copy(suite.path(), folder.join(suite.file_name())).unwrap();
    }
    for name in ["sample.pdf", "document-a4.pdf", "document-letter.pdf"] {
        let _ = Document::pdf(folder, name, "a sample");
    }
    // The suites want these to be there even where they do not print them.
    for name in ["document-a4.ps", "document-letter.ps"] {
        fs::write(folder.join(name), "%!PS-Adobe-3.0\nshowpage\n").unwrap();
    }
    for name in ["color.jpg", "gray.jpg"] {
        fs::write(folder.join(name), sample::jpeg()).unwrap();
    }
    fs::write(
        folder.join("sample.pwg"),
        sample::pwg_raster(300, Color::Gray),
    )
    .unwrap();
    let suite = fs::read_to_string(folder.join(format!("ipp-{name}.test"))).unwrap();
    for path in suite
        .lines()
        .filter_map(|line| line.trim().strip_prefix("SKIP-IF-MISSING "))
    {
        // Those of other colours and resolutions are not printed, but opened.
        let color = match path.contains("/srgb-8/") {
            true => Color::Rgb,
            false => Color::Gray,
        };
        let dpi = if path.contains("-600dpi/") { 600 } else { 300 };
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, sample::pwg_raster(dpi, color)).unwrap();
    }
}

// Programs that print -------------------------------------------------------------------------

/// A job of several documents is one job to the program, and several papers at the printer; its
/// state follows what happens there.
#[test]
fn a_job_of_several_documents_is_printed_in_their_order() {
    let site = Site::new();
    let charlie = User::charlie();
    let (mut laptop, address) = laptop(&site, &[]);
    laptop.enroll(&charlie, &laptop);
    let printer = site.tray_printer(&laptop, "front-desk");

    let create = Request::new(CREATE_JOB, LOCAL_NAME).with(NAME, "job-name", b"minutes");
    let created = ipp::ask(address, &create.document(b"")).unwrap();
    assert_eq!(created.status(), Some(0));
    let job = created.number("job-id").unwrap();
    for (place, last) in [(1, false), (2, false), (3, true)] {
        let document = format!("%PDF-1.4\n%document {place}\n");
        let sent = ipp::ask(address, &send(job, last, document.as_bytes())).unwrap();
        assert_eq!(sent.status(), Some(0), "{sent:?}");
        // A power cut between two documents takes nothing that was told.
        if place == 2 {
            assert_eq!(laptop.jobs().len(), 2);
        }
    }
    assert_eq!(laptop.jobs().len(), 3);
    assert_eq!(look(address, job), (Some(0), Some(HELD)));
    laptop.kill();
    laptop.run();
    assert_eq!(look(address, job), (Some(0), Some(HELD)));

    wait_until(SOON, "the jobs to be seen", || {
        printer.visit(&charlie).sees(3)
    });
    assert!(printer.visit(&charlie).print_all().each_ended("printed"));
    assert_eq!(look(address, job), (Some(0), Some(COMPLETED)));
    let mut tray = printer.tray();
    tray.sort_by_key(|paper| paper.metadata().and_then(|file| file.modified()).unwrap());
    let papers: Vec<Vec<u8>> = tray.iter().map(|paper| fs::read(paper).unwrap()).collect();
    assert_eq!(papers.len(), 3);
    for (place, paper) in (1..).zip(&papers) {
        assert_eq!(paper, format!("%PDF-1.4\n%document {place}\n").as_bytes());
    }
}

fn send(job: u32, last: bool, document: &[u8]) -> Vec<u8> {
    Request::new(SEND_DOCUMENT, LOCAL_NAME)
        .with(INTEGER, "job-id", &number(job))
        .with(BOOLEAN, "last-document", &[u8::from(last)])
        .document(document)
}

/// Status and state of a job.
fn look(address: SocketAddr, job: u32) -> (Option<u16>, Option<u32>) {
    let ask = Request::new(GET_JOB_ATTRIBUTES, LOCAL_NAME).with(INTEGER, "job-id", &number(job));
    let answer = ipp::ask(address, &ask.document(b"")).unwrap();
    (answer.status(), answer.number("job-state"))
}

/// Whose job is it? Nobody is told of another's, and who is nobody is told what to do.
#[test]
fn strangers_are_told_what_to_do_and_nothing_else() {
    let site = Site::new();
    let charlie = User::charlie();
    let (laptop, address) = laptop(&site, &[]);
    laptop.enroll(&charlie, &laptop);
    let printed = ipp::ask(address, &print(LOCAL_NAME, b"%PDF-1.4\n")).unwrap();
    let job = printed.number("job-id").unwrap();

    for operation in [PRINT_JOB, CREATE_JOB] {
        let refused = Request::new(operation, "somebody").document(b"%PDF-1.4\n");
        let refused = ipp::ask(address, &refused).unwrap();
        assert_eq!(refused.status(), Some(0x0403));
        let why = refused.text("status-message").unwrap();
        assert!(
            why.contains("somebody") && why.contains("papermesh.toml"),
            "{why}"
        );
    }
    for operation in [GET_JOB_ATTRIBUTES, CANCEL_JOB] {
        let ask = Request::new(operation, "somebody").with(INTEGER, "job-id", &number(job));
        assert_eq!(
            ipp::ask(address, &ask.document(b"")).unwrap().status(),
            Some(0x0403)
        );
    }
    assert_eq!(laptop.jobs().len(), 1);
    let cancel = Request::new(CANCEL_JOB, LOCAL_NAME).with(INTEGER, "job-id", &number(job));
    assert_eq!(
        ipp::ask(address, &cancel.document(b"")).unwrap().status(),
        Some(0)
    );
    assert_eq!(look(address, job), (Some(0), Some(CANCELED)));
    assert!(laptop.jobs().is_empty());
}

fn print(user: &str, document: &[u8]) -> Vec<u8> {
    Request::new(PRINT_JOB, user).document(document)
}

/// From another computer a user prints with id and PIN, over IPPS, or not at all; wrong PINs count.
#[test]
fn from_elsewhere_it_takes_ipps_and_the_pin() {
    let site = Site::new();
    let charlie = User::charlie();
    let mut wire = Wire::new(1);
    let [office, hall] = [(); 2].map(|()| std::sync::Arc::new(Namespace::new()));
    let here = wire.plug(&office);
    wire.plug(&hall);
    let setting = Setting::within(&office).running(&["--ipp", "0.0.0.0:6310"]);
    let laptop = site.founder_at("laptop-1", setting);
    laptop.enroll(&charlie, &laptop);
    let document = site.document("from-the-phone.pdf", "hello");
    let phone = Machine::new(site.folder(), "phone", Setting::within(&hall));
    let print = |uri: String| {
        phone
            .program(&program::system("ipptool"))
            .args(["-tf", document.path_str()])
            .arg(uri)
            .arg(format!("{SUITES}/print-job.test"))
            .run()
    };
    let right = format!("ipps://charlie:{}@{here}:6310/ipp/print", charlie.pin);
    assert!(!print(format!("ipp://{here}:6310/ipp/print")).is_success());
    assert!(!print(format!("ipps://{here}:6310/ipp/print")).is_success());
    assert!(
        !print(format!(
            "ipps://mallory:{}@{here}:6310/ipp/print",
            charlie.pin
        ))
        .is_success()
    );
    assert!(laptop.jobs().is_empty());
    assert!(print(right.clone()).is_success());
    assert_eq!(laptop.jobs().len(), 1);
    // The programs try a wrong PIN more than once; soon not even the right one is heard. One that
    // was proven a moment ago still is.
    for wrong in 1..=4 {
        assert!(
            !print(format!(
                "ipps://charlie:{wrong}{wrong}{wrong}{wrong}@{here}:6310/ipp/print"
            ))
            .is_success()
        );
    }
    assert_eq!(laptop.jobs().len(), 1);
}

// Power cuts ----------------------------------------------------------------------------------

/// Rounds of the next test.
const KILLS: usize = 30;

/// The first promise: `kill -9` during Send-Document leaves the job that was told, or nothing.
#[test]
fn invariant_1_a_power_cut_during_send_document_leaves_a_whole_job_or_none() {
    let site = Site::new();
    let mut seed = Seed::take();
    let charlie = User::charlie();
    let (mut laptop, address) = laptop(&site, &[]);
    laptop.enroll(&charlie, &laptop);
    let document = [b"%PDF-1.4\n".to_vec(), vec![b'x'; 3_000_000]].concat();
    let mut told = 0;
    for round in 0..KILLS {
        let create = Request::new(CREATE_JOB, LOCAL_NAME).document(b"");
        let job = ipp::ask(address, &create)
            .unwrap()
            .number("job-id")
            .unwrap();
        let request = send(job, true, &document);
        // One kill comes within the document, one after success was told, and all others within
        // it, while it is made durable, or after: as the seed and the machine have it.
        let all = request.len() as u64;
        let part = match round {
            0 => request.len() / 2,
            1 => request.len(),
            _ => usize::try_from(seed.below(all * 5 / 4).min(all)).unwrap(),
        };
        let pause = Duration::from_millis(seed.below(25));
        let mut connection = Connection::to(address);
        connection.begin(Some(all));
        connection.send(&request[..part]);
        let success = std::thread::scope(|scope| {
            let waiting = scope.spawn(|| connection.answer().and_then(|answer| answer.status()));
            if round == 1 {
                let status = waiting.join().unwrap();
                laptop.kill();
                return status == Some(0);
            }
            std::thread::sleep(pause);
            laptop.kill();
            waiting.join().unwrap() == Some(0)
        });
        laptop.run();
        let held: Vec<Job> = laptop.jobs();
        let sealed = laptop.files("spool");
        assert_eq!(sealed.len(), held.len(), "round {round}");
        assert!(
            held.iter().all(|job| job.size == document.len() as u64),
            "round {round}"
        );
        assert!(
            held.len() >= told + usize::from(success),
            "round {round}: a job was lost"
        );
        assert!(
            held.len() == told || part == request.len(),
            "round {round}: a part is held"
        );
        if success {
            assert_eq!(look(address, job), (Some(0), Some(HELD)));
        }
        assert!(success || round != 1, "nothing was held without a kill");
        told = held.len();
    }
    eprintln!("{told} of {KILLS} documents were held");
}

// Programs that print badly -------------------------------------------------------------------

/// What the spool may hold in these tests.
const SPOOL: u64 = 8 * 1024 * 1024;
/// How much memory all of this may take beyond what the node has anyway.
const ALLOWED: u64 = 96 * 1024 * 1024;

#[test]
fn who_prints_badly_harms_nobody() {
    let site = Site::new();
    let charlie = User::charlie();
    let (mut laptop, address) = laptop(&site, &["--max-spool", "8MiB"]);
    laptop.enroll(&charlie, &laptop);
    let before = laptop.node().memory_now();
    let still_prints = |laptop: &Machine, what: &str| {
        let held = laptop.jobs().len();
        let printed = ipp::ask(address, &print(LOCAL_NAME, b"%PDF-1.4\n")).unwrap();
        assert_eq!(printed.status(), Some(0), "after {what}");
        assert_eq!(laptop.jobs().len(), held + 1, "after {what}");
    };

    // Collections nested 5,000 deep, in 80 KB; 100 MB of attributes; lengths that lie.
    let member = [&[0x4a, 0, 0, 0, 1, b'm'][..], &[0x34, 0, 0, 0, 0]].concat();
    let nested = Request::new(PRINT_JOB, LOCAL_NAME)
        .raw(&[2])
        .with(0x34, "media-col", b"");
    let nested = nested.raw(&member.repeat(5_000));
    let refused = ipp::ask(address, &nested.document(b"")).unwrap();
    assert_eq!(refused.status(), Some(0x0400));
    still_prints(&laptop, "nested collections");

    let attribute = [&[0x44, 0, 1, b'a', 0x7f, 0xff][..], &[b'a'; 0x7fff]].concat();
    let begun = Request::new(PRINT_JOB, LOCAL_NAME).document(b"");
    let mut flood = Connection::to(address);
    flood.begin(Some(100_000_000));
    flood.send(&begun[..begun.len() - 1]);
    while flood.send(&attribute) {}
    still_prints(&laptop, "100 MB of attributes");

    for lie in [
        &b"\x44\xff\xff"[..],
        b"\x44\0\x01a\xff\xff",
        b"\x35\0\x01a\0\x02\xff\xff",
        b"\x37\0\0\0\0",
        b"\x7f\0\0",
    ] {
        let lying = Request::new(PRINT_JOB, LOCAL_NAME).raw(lie).document(b"");
        assert_eq!(
            ipp::ask(address, &lying).unwrap().status(),
            Some(0x0400),
            "{lie:?}"
        );
    }
    still_prints(&laptop, "lying lengths");

    // A document without an end, a decompression bomb, a body that is shorter than was said.
    let mut connection = Connection::to(address);
    connection.begin(None);
    let piece = vec![b'x'; 65_536];
    let chunk =
        |bytes: &[u8]| [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat();
    connection.send(&chunk(&print(LOCAL_NAME, b"%PDF-1.4\n")));
    let mut sent = 0u64;
    while sent < 64 * SPOOL && connection.send(&chunk(&piece)) {
        sent += piece.len() as u64;
    }
    drop(connection);
    still_prints(&laptop, "a document without an end");

    let bomb = Request::new(PRINT_JOB, LOCAL_NAME)
        .with(MIME, "document-format", b"text/plain")
        .with(KEYWORD, "compression", b"deflate");
    let exploded = ipp::ask(address, &bomb.document(&deflate_bomb(1 << 28))).unwrap();
    assert_eq!(exploded.status(), Some(0x0408));
    let broken = Request::new(PRINT_JOB, LOCAL_NAME).with(KEYWORD, "compression", b"gzip");
    let broken = ipp::ask(address, &broken.document(b"this is not gzip at all")).unwrap();
    assert_eq!(broken.status(), Some(0x0410));
    let mut connection = Connection::to(address);
    connection.begin(Some(1_000_000));
    connection.send(&print(LOCAL_NAME, b"%PDF-1.4\nand then nothing"));
    drop(connection);
    still_prints(&laptop, "bombs and broken bodies");

    // What a web page makes a browser send.
    let mut page = Connection::to(address);
    page.send(b"POST /ipp/print HTTP/1.1\r\nHost: evil.example\r\nContent-Type: application/ipp\r\nContent-Length: 0\r\n\r\n");
    assert_eq!(page.answer().unwrap().http, 421);

    // 1,000 connections: some that say nothing, some that stop in the middle of their request.
    let mut crowd: Vec<Connection> = Vec::new();
    for place in 0..1_000 {
        let mut connection = Connection::to(address);
        if place % 2 == 0 {
            connection.send(b"POST /ipp/print HTTP/1.1\r\nHost: local");
        }
        crowd.push(connection);
    }
    still_prints(&laptop, "1,000 connections");
    assert!(
        crowd.first_mut().unwrap().is_closed(),
        "the first to be silent goes first"
    );
    // And some that stop in the middle of a document.
    for connection in &mut crowd {
        *connection = Connection::to(address);
        connection.begin(Some(1_000_000));
        connection.send(&print(LOCAL_NAME, b"%PDF-1.4\nand then nothing"));
    }
    still_prints(&laptop, "1,000 documents that stand still");
    drop(crowd);
    still_prints(&laptop, "their end");

    let spool: u64 = laptop
        .files("spool")
        .iter()
        .map(|file| file.metadata().unwrap().len())
        .sum();
    assert!(spool < SPOOL, "{spool} bytes are left in the spool");
    let peak = laptop.node().peak_memory();
    assert!(peak < before + ALLOWED, "{} MiB of memory", peak >> 20);
}

/// Deflate (RFC 1951) that unpacks to about so many bytes of spaces: one block of fixed codes, in
/// it one literal and then repetitions of 258 bytes at distance 1.
fn deflate_bomb(bytes: u64) -> Vec<u8> {
    let (mut packed, mut bits, mut count) = (Vec::new(), 0u32, 0);
    let mut put = |value: u32, length: u32| {
        bits |= value << count;
        count += length;
        while count >= 8 {
            packed.push((bits & 0xff) as u8);
            bits >>= 8;
            count -= 8;
        }
    };
    put(0b011, 3); // the last block, of fixed codes
    // Huffman codes go in from their highest bit.
    put(u32::from((0x30 + b' ').reverse_bits()), 8);
    for _ in 0..bytes / 258 {
        put(u32::from(0b1100_0101u8.reverse_bits()), 8); // length 258
        put(0, 5); // distance 1
    }
    put(0, 7); // the end of the block
    put(0, 8);
    packed
}
