//! The promises of the design, each by its name. Three of them need a file of their own: the
//! first is in `crash`, the sixth and the seventh are in `hostile`.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use papermesh_protocol::id::{JobId, ReleaseId};
use papermesh_protocol::release::message::{Answer, Refusal, Request};
use papermesh_protocol::release::printer::SessionError;
use papermesh_protocol::release::receipt::Outcome;
use papermesh_protocol::release::stream::STATUS_OK;
use papermesh_store::Store;
use papermesh_tests::answer::{Submitted, VisitReport};
use papermesh_tests::device::{CupsPrinter, Fate, ScriptedPrinter};
use papermesh_tests::ipp;
use papermesh_tests::rogue::{Conversation, Identity, Rogue};
use papermesh_tests::wait::wait_until;
use papermesh_tests::{Document, Machine, SOON, Seed, Setting, Site, User};

// 2 ---------------------------------------------------------------------------------------------

/// Marked title, text and PIN are in no file of holder, printer or storage node, nor in their
/// logs: neither while the job is held, nor while it prints, nor after a power cut, nor when it
/// is done.
#[test]
fn invariant_2_no_plaintext_title_or_pin_in_any_file() {
    const TITLE: &str = "Zebra-crossing 7731";
    const TEXT: &str = "the secret of the turquoise giraffe";
    let site = Site::new();
    let charlie = User::new("charlie", "04A1B2C3D4E5F6", "quokka-8315");
    let device = ScriptedPrinter::start(Fate::Works);
    let laptop = site.founder("laptop-1");
    let linked = site.member(&laptop, "laptop-2", "client");
    let storage = site.member(&laptop, "storage-1", "client");
    let printer = site.printer(&laptop, "printer-1", &device.uri());
    laptop.enroll(&charlie, &laptop);
    laptop.link(&charlie, &linked);
    let document = Document::pdf_of(site.folder(), "marked.pdf", TEXT, 200_000);
    let submission = laptop.submission(&document, &charlie);
    let _: Submitted = submission.args(["--title", TITLE]).json();

    let mut machines = [laptop, linked, storage, printer];
    let markers = [TITLE, TEXT, &charlie.pin, &charlie.badge];
    assert_unmarked(&site, &machines, &markers, "held");

    let visit = machines[3].visit(&charlie).begin(&["--all"]);
    wait_until(SOON, "the document to be in the device", || {
        device.is_busy()
    });
    assert_unmarked(&site, &machines, &markers, "printing");
    machines.iter_mut().for_each(Machine::kill);
    drop(visit.kill());
    assert_unmarked(&site, &machines, &markers, "after a power cut");

    machines.iter_mut().for_each(Machine::start);
    machines.iter().for_each(Machine::wait_until_ready);
    device.set(Fate::Prints);
    wait_until(Duration::from_secs(180), "the job to be settled", || {
        machines[0].jobs().iter().all(|job| !job.leased)
    });
    let visit = machines[3].visit(&charlie).reprinting();
    let _ = visit.attempt(&["--all"]);
    wait_until(SOON, "the job to be done", || machines[0].jobs().is_empty());
    machines.iter_mut().for_each(Machine::stop);
    assert_unmarked(&site, &machines, &markers, "done");
}

/// The same for the other ways in and out: through the hold printer, with a PIN of the job's own,
/// from a shared computer, straight to a printer, and turned into another format on the way.
#[test]
fn invariant_2_no_other_way_in_or_out_leaves_any_either() {
    const TITLE: &str = "Zebra-crossing 7731";
    const TEXT: &str = "the secret of the turquoise giraffe";
    const JOB_PIN: &str = "77319955";
    const OCTETS: u8 = 0x30;
    let site = Site::new();
    let charlie = User::new("charlie", "04A1B2C3D4E5F6", "quokka-8315");
    let visiting = charlie.guessing("wombat-4478");
    let address = SocketAddr::from(([127, 0, 0, 1], papermesh_tests::reserve_port()));
    let setting = Setting::default().running(&["--ipp", &address.to_string()]);
    let laptop = site.founder_at("laptop-1", setting);
    let library = site.member(&laptop, "library-1", "shared-client");
    let device = CupsPrinter::taking(&site.path("device"), "image/pwg-raster", &[]);
    let printer = site.printer(&laptop, "printer-1", &device.uri());
    laptop.enroll(&charlie, &laptop);
    let document = Document::pdf(site.folder(), "marked.pdf", TEXT);
    let bytes = fs::read(document.path()).unwrap();

    let request = ipp::Request::new(ipp::PRINT_JOB, "charlie")
        .with(ipp::NAME, "job-name", TITLE.as_bytes())
        .with(OCTETS, "job-password", JOB_PIN.as_bytes())
        .with(ipp::KEYWORD, "job-password-encryption", b"none");
    let printed = ipp::ask(address, &request.document(&bytes)).unwrap();
    assert_eq!(printed.status(), Some(0), "{printed:?}");
    let visit = library
        .submission(&document, &charlie)
        .args(["--title", TITLE, "--pin-stdin"]);
    let _: Submitted = visit.stdin(&format!("{}\n", visiting.pin)).json();
    let straight = laptop
        .submission(&document, &charlie)
        .args(["--title", TITLE, "--to", "printer-1"])
        .run()
        .succeeded();
    assert!(straight.stdout().contains("printed"), "{straight:?}");
    assert_eq!(device.received().len(), 1);

    let mut machines = [laptop, library, printer];
    let markers = [TITLE, TEXT, JOB_PIN, &charlie.pin, &visiting.pin];
    assert_unmarked(&site, &machines, &markers, "held");
    wait_until(SOON, "the visitor to be let in", || {
        machines[2].visit(&visiting).sees(1)
    });
    let ended = machines[2].visit(&visiting).print_all();
    assert_eq!(ended.ending(), "printed", "{ended:?}");
    assert_eq!(device.received().len(), 2);
    machines.iter_mut().for_each(Machine::kill);
    assert_unmarked(&site, &machines, &markers, "after a power cut");
}

fn assert_unmarked(site: &Site, machines: &[Machine], markers: &[&str], when: &str) {
    let mut looked = 0;
    for machine in machines {
        let mut files = all_files(machine.home());
        files.push(site.path(&format!("{}.log", machine.name())));
        looked += files.len();
        for file in files {
            // A file may vanish while we look, and a socket cannot be read.
            let Ok(bytes) = fs::read(&file) else { continue };
            for marker in markers {
                for form in forms(marker) {
                    let found = bytes.windows(form.len()).any(|window| window == form);
                    assert!(!found, "{when}: {marker:?} is in {}", file.display());
                }
            }
        }
    }
    assert!(
        looked > 10 * machines.len(),
        "only {looked} files to look at"
    );
}

/// A marker as it might lie there: as it is, as UTF-16, as hexadecimal digits.
fn forms(marker: &str) -> [Vec<u8>; 3] {
    let wide = marker.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let digits: String = marker.bytes().map(|byte| format!("{byte:02x}")).collect();
    [marker.as_bytes().to_vec(), wide, digits.into_bytes()]
}

fn all_files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let (folders, mut files): (Vec<PathBuf>, Vec<PathBuf>) = entries
        .map(|entry| entry.path())
        .partition(|path| path.is_dir());
    files.extend(folders.iter().flat_map(|folder| all_files(folder)));
    files
}

/// The key of a deleted job is in no file of a node that was stopped in good order, so that a copy of the
/// document that somebody kept stays sealed.
#[test]
fn invariant_2_the_key_of_a_deleted_job_is_in_no_file_after_an_orderly_stop() {
    let (site, charlie) = (Site::new(), User::charlie());
    let mut laptop = site.founder("laptop-1");
    laptop.enroll(&charlie, &laptop);
    let document = site.document("report.pdf", "x");
    let job = laptop.print(&document, &charlie).job;
    laptop.stop();
    let key = {
        let store = Store::open(laptop.home()).unwrap();
        let held = store.jobs().get(job.parse().unwrap()).unwrap();
        held.unwrap().row.wrapped_key
    };
    let is_there = |laptop: &Machine| {
        let files = all_files(&laptop.home().join("store"));
        assert!(files.len() > 3, "{files:?}");
        files.iter().any(|file| {
            let bytes = fs::read(file).unwrap();
            bytes.windows(key.len()).any(|found| found == key)
        })
    };
    laptop.run();
    assert!(is_there(&laptop));
    let deletion = laptop.papermesh("jobs delete").arg(&job);
    let _ = deletion.run().succeeded();
    // A database that is appended to has it still.
    assert!(is_there(&laptop));
    laptop.stop();
    assert!(!is_there(&laptop));
}

// 3 ---------------------------------------------------------------------------------------------

/// A printer that says *printed* is believed only for a job that was leased to it and that it
/// fetched, at the word of a user who was there.
#[test]
fn invariant_3_a_job_is_deleted_only_after_printed() {
    let (site, charlie) = (Site::new(), User::charlie());
    let laptop = site.founder("laptop-1");
    laptop.enroll(&charlie, &laptop);
    let (identity, rogue) = rogue_printer(&site, &laptop, "rogue-1");
    let document = Document::pdf_of(site.folder(), "report.pdf", "x", 200_000);
    let job: JobId = laptop.print(&document, &charlie).job.parse().unwrap();
    let holder = laptop.id();
    let release = ReleaseId::from_bytes([7; 16]);
    let printed = Outcome::Printed {
        pages: None,
        keep: false,
    };

    // A job that it never leased.
    let mut talk = Conversation::begin(&rogue, &identity, &holder);
    let answer = talk.report(job, release, printed.clone());
    assert_eq!(answer, Answer::Refused(Refusal::NoLease));
    assert_eq!(laptop.jobs().len(), 1);

    // One that was leased to it, and that it never fetched.
    let session = talk.login(&charlie).unwrap();
    let (grant, _) = talk.select(&session, job, release).unwrap();
    let answer = talk.report(job, release, printed.clone());
    assert_eq!(answer, Answer::Refused(Refusal::NoLease));
    assert_eq!(laptop.jobs().len(), 1);

    // One that was leased to somebody else, or that another signed for.
    let (status, sealed) = talk.fetch(&grant.token, 0).unwrap();
    assert_eq!(
        (status, sealed.len() as u64 - 8),
        (STATUS_OK, grant.sealed_size)
    );
    let (other_papers, other) = rogue_printer(&site, &laptop, "rogue-2");
    let mut other_talk = Conversation::begin(&other, &other_papers, &holder);
    let answer = other_talk.report(job, release, printed.clone());
    assert_eq!(answer, Answer::Refused(Refusal::NoLease));
    let not_mine = other_talk.receipt(job, release, printed.clone());
    assert!(matches!(
        talk.ask(&Request::Report(not_mine)),
        Answer::Refused(_)
    ));
    assert_eq!(laptop.jobs().len(), 1);

    // The true word at last, twice: the second time nothing happens.
    assert_eq!(
        talk.report(job, release, printed.clone()),
        Answer::settled()
    );
    assert!(laptop.jobs().is_empty());
    assert_eq!(talk.report(job, release, printed), Answer::settled());
}

#[test]
fn invariant_3_a_job_that_nobody_claims_expires_and_no_other() {
    let (site, charlie) = (Site::new(), User::charlie());
    let laptop = site.founder("laptop-1");
    laptop.enroll(&charlie, &laptop);
    let document = site.document("report.pdf", "x");
    let submission = laptop.submission(&document, &charlie);
    let brief: Submitted = submission.args(["--expires", "1m"]).json();
    let protected = laptop.submission(&document, &charlie);
    let protected: Submitted = protected.args(["--expires", "1m"]).json();
    let protection = laptop.papermesh("jobs protect").arg(&protected.job);
    let _ = protection.run().succeeded();
    let lasting = laptop.print(&document, &charlie);

    // Protecting a job exempts it from pressure for space, not from expiry.
    let ids = || {
        laptop
            .jobs()
            .into_iter()
            .map(|job| job.job)
            .collect::<Vec<_>>()
    };
    assert_eq!(ids().len(), 3);
    wait_until(
        Duration::from_secs(60) + SOON * 2,
        "two jobs to expire",
        || ids() == [lasting.job.clone()],
    );
    let audit = laptop.audit();
    for job in [&brief.job, &protected.job] {
        let mut entries = audit.iter().filter(|entry| entry.job.as_ref() == Some(job));
        assert!(entries.any(|entry| entry.what == "expired"), "{job}");
    }
}

// 4 ---------------------------------------------------------------------------------------------

/// Without a session of the right user there is no list, no title, no byte.
#[test]
fn invariant_4_no_session_no_list_no_title_no_byte() {
    let (site, charlie, dana) = (Site::new(), User::charlie(), User::dana());
    let laptop = site.founder("laptop-1");
    laptop.enroll(&charlie, &laptop);
    laptop.enroll(&dana, &laptop);
    let (identity, rogue) = rogue_printer(&site, &laptop, "rogue-1");
    let (other_papers, other) = rogue_printer(&site, &laptop, "rogue-2");
    let document = Document::pdf_of(site.folder(), "charlie.pdf", "c", 200_000);
    let job: JobId = laptop.print(&document, &charlie).job.parse().unwrap();
    laptop.print(&site.document("dana.pdf", "d"), &dana);
    let holder = laptop.id();
    let mut talk = Conversation::begin(&rogue, &identity, &holder);
    let release = ReleaseId::from_bytes([1; 16]);
    let no_session = SessionError::Refused(Refusal::NoSession);
    let no_job = SessionError::Refused(Refusal::NoJob);

    // A session that was never opened, and one whose PIN is not proven yet.
    let (_, login) = talk.first_words(&charlie);
    let Answer::Challenge { session, .. } = talk.ask(&login) else {
        panic!("a login is answered with a challenge");
    };
    let all = Request::List {
        session,
        after: None,
    };
    assert_eq!(talk.ask(&all), Answer::Refused(Refusal::NoSession));
    let close = talk.ask(&Request::Close { session });
    assert_eq!(close, Answer::Done);

    // Dana's session shows Dana's jobs, and gives nobody else's.
    let danas = talk.login(&dana).unwrap();
    let titles = |jobs: Vec<papermesh_protocol::job::JobSummary>| -> Vec<String> {
        jobs.into_iter().map(|job| job.title).collect()
    };
    assert_eq!(titles(talk.list(&danas).unwrap()), ["dana.pdf"]);
    assert_eq!(talk.select(&danas, job, release).unwrap_err(), no_job);
    for request in [
        Request::Delete {
            session: danas.id(),
            job,
        },
        Request::Protect {
            session: danas.id(),
            job,
            on: true,
        },
    ] {
        assert_eq!(talk.ask(&request), Answer::Refused(Refusal::NoJob));
    }

    // Charlie's session is of no use to another printer, nor is the token of a grant. Its stream is opened
    // now: of two that come at one moment libp2p drops one where the holder's loop does not get its turn.
    let mut other_talk = Conversation::begin(&other, &other_papers, &holder);
    let charlies = talk.login(&charlie).unwrap();
    assert_eq!(titles(talk.list(&charlies).unwrap()), ["charlie.pdf"]);
    assert_eq!(other_talk.list(&charlies).unwrap_err(), no_session);
    assert_eq!(
        other_talk.select(&charlies, job, release).unwrap_err(),
        no_session
    );
    let (grant, _) = talk.select(&charlies, job, release).unwrap();
    assert_no_bytes(other_talk.fetch(&grant.token, 0));
    // A token that was tried by a thief is spent; the printer selects again, and fetches once.
    let (grant, _) = talk.select(&charlies, job, release).unwrap();
    let (status, _) = talk.fetch(&grant.token, 0).unwrap();
    assert_eq!(status, STATUS_OK);
    assert_no_bytes(talk.fetch(&grant.token, 0));

    // What is closed is closed.
    assert_eq!(
        talk.ask(&Request::Close {
            session: charlies.id()
        }),
        Answer::Done
    );
    assert_eq!(talk.list(&charlies).unwrap_err(), no_session);
    assert_eq!(laptop.jobs().len(), 2);
}

fn assert_no_bytes(fetched: Result<(u8, Vec<u8>), String>) {
    if let Ok((status, bytes)) = fetched {
        assert_ne!(status, STATUS_OK);
        assert!(bytes.is_empty());
    }
}

// 5 ---------------------------------------------------------------------------------------------

#[test]
fn invariant_5_two_printers_never_print_one_job_at_once() {
    let (site, charlie) = (Site::new(), User::charlie());
    let devices = [Fate::Works, Fate::Prints].map(ScriptedPrinter::start);
    let laptop = site.founder("laptop-1");
    let near = site.printer(&laptop, "printer-1", &devices[0].uri());
    let far = site.printer(&laptop, "printer-2", &devices[1].uri());
    laptop.enroll(&charlie, &laptop);
    let report = site.document("report.pdf", "x");
    let job = laptop.print(&report, &charlie).job;

    let printing = near.visit(&charlie).begin(&["--job", &job]);
    wait_until(SOON, "the first printer to work", || devices[0].is_busy());
    let list = far.visit(&charlie).list();
    assert!(list.jobs[0].leased, "{list:?}");
    let refused = far.visit(&charlie).attempt(&["--job", &job]);
    assert_eq!(refused.code(), Some(1), "{refused:?}");
    assert_eq!(refused.json::<VisitReport>().ending(), "not-printed");
    let all = far.visit(&charlie).print_all();
    assert!(all.results.is_empty(), "{all:?}");
    assert!(devices[1].printed().is_empty());

    devices[0].set(Fate::Prints);
    let report_of_visit: VisitReport = printing.finish().succeeded().json();
    assert_eq!(report_of_visit.ending(), "printed");
    assert_eq!(devices[0].printed(), [fs::read(report.path()).unwrap()]);

    // Both at the same moment, again and again: exactly one paper each time.
    for round in 1..=6 {
        let before = devices
            .iter()
            .map(|device| device.printed().len())
            .sum::<usize>();
        laptop.print(&report, &charlie);
        let visits = [&near, &far].map(|printer| printer.visit(&charlie).begin(&["--all"]));
        for visit in visits {
            drop(visit.finish());
        }
        let after = devices
            .iter()
            .map(|device| device.printed().len())
            .sum::<usize>();
        assert_eq!(after, before + 1, "round {round}");
        assert!(laptop.jobs().is_empty(), "round {round}");
    }
}

// 8 ---------------------------------------------------------------------------------------------

/// Machines die, stand still and come back in any order while people go on printing. Once that
/// ends, everything that was accepted comes out.
#[test]
fn invariant_8_once_faults_end_every_held_job_can_be_released() {
    const STEPS: usize = 16;
    let (site, charlie) = (Site::new(), User::charlie());
    let mut seed = Seed::take();
    let laptop = site.founder("laptop-1");
    let linked = site.member(&laptop, "laptop-2", "client");
    let printers = ["printer-1", "printer-2"].map(|name| site.tray_printer(&laptop, name));
    laptop.enroll(&charlie, &laptop);
    laptop.link(&charlie, &linked);
    let [near, far] = printers;
    let mut machines = [laptop, linked, near, far];
    let mut health = [Health::Well; 4];
    let mut accepted = 0;

    for step in 0..STEPS {
        let victim = usize::try_from(seed.below(4)).unwrap();
        health[victim] = match (health[victim], seed.below(2)) {
            (Health::Well, 0) => {
                machines[victim].kill();
                Health::Dead
            }
            (Health::Well, _) => {
                machines[victim].freeze();
                Health::Frozen
            }
            (Health::Dead, _) => {
                machines[victim].start();
                Health::Well
            }
            (Health::Frozen, _) => {
                machines[victim].thaw();
                Health::Well
            }
        };
        for laptop in [0, 1].map(|at| (&machines[at], health[at])) {
            let document = site.document(&format!("{step}.pdf"), &step.to_string());
            // A node that is only starting may say no; what it says yes to counts.
            if laptop.1 == Health::Well
                && laptop.0.submission(&document, &charlie).run().is_success()
            {
                accepted += 1;
            }
        }
    }
    for (machine, health) in machines.iter_mut().zip(health) {
        match health {
            Health::Well => {}
            Health::Dead => machine.start(),
            Health::Frozen => machine.thaw(),
        }
    }

    machines.iter().for_each(Machine::wait_until_ready);
    let printer = &machines[2];
    wait_until(SOON * 2, "all jobs to be listed", || {
        printer.visit(&charlie).sees(accepted)
    });
    assert!(printer.visit(&charlie).print_all().each_ended("printed"));
    assert_eq!(printer.tray().len(), accepted);
    assert!(accepted > 0);
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Health {
    Well,
    Dead,
    Frozen,
}

// 9 ---------------------------------------------------------------------------------------------

#[test]
fn invariant_9_every_release_refusal_and_deletion_is_in_the_audit_of_both_sides() {
    let (site, charlie) = (Site::new(), User::charlie());
    let laptop = site.founder("laptop-1");
    let printer = site.tray_printer(&laptop, "printer-1");
    laptop.enroll(&charlie, &laptop);
    let first = laptop.print(&site.document("first.pdf", "1"), &charlie).job;
    let second = laptop
        .print(&site.document("second.pdf", "2"), &charlie)
        .job;
    let third = laptop.print(&site.document("third.pdf", "3"), &charlie).job;

    let wrong = printer
        .visit(&charlie.guessing("000000"))
        .attempt(&["--list"]);
    assert!(!wrong.complaint().is_empty());
    assert_eq!(printer.visit(&charlie).print([&*first]).ending(), "printed");
    assert_eq!(
        printer.visit(&charlie).delete([&*second]).ending(),
        "deleted"
    );
    let deletion = laptop.papermesh("jobs delete").arg(&third);
    let _ = deletion.run().succeeded();

    let (laptops, printers) = (laptop.audit(), printer.audit());
    let (laptop_id, printer_id) = (laptop.id(), printer.id());
    for (job, what) in [
        (&first, "submitted"),
        (&second, "submitted"),
        (&third, "deleted"),
    ] {
        let mut entries = laptops.iter();
        let found = entries.any(|entry| entry.what == what && entry.job.as_ref() == Some(job));
        assert!(found, "{what} {job} is not in {laptops:#?}");
    }
    for (side, audit, peer) in [
        ("the holder", &laptops, &printer_id),
        ("the printer", &printers, &laptop_id),
    ] {
        for (what, job) in [
            ("login-denied", None),
            ("released", Some(&first)),
            ("deleted", Some(&second)),
        ] {
            let found = audit.iter().any(|entry| {
                entry.what == what
                    && entry.job.as_ref() == job
                    && entry.user.as_deref() == Some("charlie")
                    && entry.peer.as_ref() == Some(peer)
            });
            assert!(found, "{what} is not in the audit of {side}: {audit:#?}");
        }
        let numbers: Vec<u64> = audit.iter().map(|entry| entry.sequence).collect();
        let whole: Vec<u64> = (0..numbers.len() as u64).collect();
        assert_eq!(numbers, whole, "the audit of {side} has gaps");
    }
    for machine in [&laptop, &printer] {
        let _ = machine.papermesh("audit verify").run().succeeded();
    }
}

// 10 --------------------------------------------------------------------------------------------

/// A document of 1 GiB, submitted and printed, costs either side a few tens of MiB.
#[test]
fn invariant_10_memory_does_not_grow_with_the_document() {
    const GIB: u64 = 1 << 30;
    const ABOVE_IDLE: u64 = 48 << 20;
    const LONG: Duration = Duration::from_secs(420);
    let (site, charlie) = (Site::new(), User::charlie());
    let mut laptop = site.founder("laptop-1");
    let mut printer = site.tray_printer(&laptop, "printer-1");
    laptop.enroll(&charlie, &laptop);
    // Everything that is done once is done now: the first login, the first job.
    laptop.print(&site.document("small.pdf", "x"), &charlie);
    assert_eq!(printer.visit(&charlie).print_all().ending(), "printed");
    let idle = [laptop.node().memory_now(), printer.node().memory_now()];

    let large = Document::pdf_of(site.folder(), "large.pdf", "x", GIB);
    let submission = laptop.submission(&large, &charlie).within(LONG);
    let submitted: Submitted = submission.json();
    assert_eq!(submitted.size, large.size());
    let visit = printer.visit(&charlie).within(LONG).print_all();
    assert_eq!(visit.ending(), "printed");
    assert!(printer.tray().iter().any(|paper| large.is_at(paper)));

    let peak = [laptop.node().peak_memory(), printer.node().peak_memory()];
    for (side, idle, peak) in [
        ("the holder", idle[0], peak[0]),
        ("the printer", idle[1], peak[1]),
    ] {
        let above = peak.saturating_sub(idle);
        eprintln!(
            "{side}: {} MiB idle, {} MiB above at most",
            idle >> 20,
            above >> 20
        );
        assert!(above <= ABOVE_IDLE, "{side} grew by {} MiB", above >> 20);
    }
}

/// A member with the role `printer` that is a rogue: it joins like every device, and then says
/// what the test says.
fn rogue_printer(site: &Site, laptop: &Machine, name: &str) -> (Identity, Rogue) {
    let device = site.invited(laptop, name, "printer", Setting::default());
    let identity = Identity::of(device.home());
    let rogue = Rogue::with(&identity);
    rogue.dial(&laptop.address()).unwrap();
    (identity, rogue)
}
