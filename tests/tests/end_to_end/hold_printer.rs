//! The hold printer: every program of a computer prints into the mesh.
//!
//! Those who print well, those who print oddly, and those who print badly. The judges of its
//! standards are in `conformance`.

use std::fs;
use std::net::SocketAddr;
use std::time::Duration;

use papermesh_tests::answer::Job;
use papermesh_tests::ipp::{
    self, BOOLEAN, CANCEL_JOB, CREATE_JOB, Connection, DOCUMENT_GROUP, GET_DOCUMENT_ATTRIBUTES,
    GET_JOB_ATTRIBUTES, GET_PRINTER_ATTRIBUTES, HOLD_NEW_JOBS, INTEGER, JOB_GROUP, KEYWORD, MIME,
    Member, NAME, OCTETS, PRINT_JOB, RELEASE_HELD_NEW_JOBS, Request, SEND_DOCUMENT,
    SET_JOB_ATTRIBUTES, URI,
};
use papermesh_tests::network::{Namespace, Wire};
use papermesh_tests::wait::wait_until;
use papermesh_tests::{Machine, SOON, Seed, Setting, Site, User, program};

/// Where CUPS keeps its suites.
const SUITES: &str = "/usr/share/cups/ipptool";
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
    let documents = [1, 2, 3].map(|place| {
        let document = site.document(&format!("{place}.pdf"), &format!("document {place}"));
        fs::read(document.path()).unwrap()
    });
    for (place, last) in [(1, false), (2, false), (3, true)] {
        let sent = ipp::ask(address, &send(job, last, &documents[place - 1])).unwrap();
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
    assert_eq!(papers, documents);
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

// Programs that print oddly ---------------------------------------------------------------------

/// No document is lost because its title is odd, and no title harms a screen.
#[test]
fn odd_titles_lose_no_document() {
    let site = Site::new();
    let charlie = User::charlie();
    let (laptop, address) = laptop(&site, &[]);
    laptop.enroll(&charlie, &laptop);
    let long = "ü".repeat(150);
    let cut = "ä".repeat(128);
    let titles: [(&[u8], &str); 12] = [
        (b"Ravage_contr\xf4le", "Ravage_contrôle"),
        (&cut.as_bytes()[..255], &"ä".repeat(127)),
        (&[b'T'; 256], &"T".repeat(255)),
        (long.as_bytes(), &"ü".repeat(127)),
        ("Bericht 📄✅".as_bytes(), "Bericht 📄✅"),
        (b"Wiki\x13pedia", "Wiki pedia"),
        (b"a\nb\r\nc", "a b c"),
        (b"\x1b[31mred", "[31mred"),
        ("invoice\u{202e}fdp.exe".as_bytes(), "invoice fdp.exe"),
        (b"a\0b", "a b"),
        (b"", "untitled"),
        (b"   ", "untitled"),
    ];
    for (title, expected) in titles {
        let print = Request::new(PRINT_JOB, LOCAL_NAME).with(NAME, "job-name", title);
        let printed = ipp::ask(address, &print.document(b"%PDF-1.4\n")).unwrap();
        assert_eq!(printed.status(), Some(0), "{expected}: {printed:?}");
        let job = printed.number("job-id").unwrap();
        assert_eq!(
            attributes(address, job).text("job-name").as_deref(),
            Some(expected)
        );
    }
    // Other attributes of which nothing depends.
    let odd = Request::new(PRINT_JOB, LOCAL_NAME)
        .with(INTEGER, "job-k-octets", &[0, 1])
        .with(KEYWORD, "requested-attributes", &[b'k'; 300])
        .with(NAME, "document-name", b"\xff\xfe")
        .group(JOB_GROUP)
        .with(INTEGER, "job-priority", &[7]);
    let printed = ipp::ask(address, &odd.document(b"%PDF-1.4\n")).unwrap();
    // Held; and of what was asked it is said what nothing becomes of.
    assert_eq!(printed.status(), Some(1), "{printed:?}");
    assert!(
        printed
            .text("status-message")
            .unwrap()
            .contains("job-priority")
    );
    assert_eq!(laptop.jobs().len(), titles.len() + 1);
    // A compression that cannot be read is not taken for none.
    let packed = Request::new(PRINT_JOB, LOCAL_NAME).with(KEYWORD, "compression", b"\xff");
    let refused = ipp::ask(address, &packed.document(b"%PDF-1.4\n")).unwrap();
    assert_eq!(refused.status(), Some(0x040f));
}

/// What the hold printer tells of a job.
fn attributes(address: SocketAddr, job: u32) -> ipp::Answer {
    let ask = Request::new(GET_JOB_ATTRIBUTES, LOCAL_NAME).with(INTEGER, "job-id", &number(job));
    ipp::ask(address, &ask.document(b"")).unwrap()
}

/// Charset names have any case, and only charsets that are understood are taken.
#[test]
fn charsets_are_taken_in_any_case() {
    let site = Site::new();
    let (_laptop, address) = laptop(&site, &[]);
    for (charset, language, status) in [
        ("UTF-8", "en", 0),
        ("utf-8", "EN-US", 0),
        ("US-ASCII", "de-de", 0),
        ("iso-8859-1", "en", 0x040d),
        ("", "en", 0x040d),
    ] {
        let ask = Request::bare(GET_PRINTER_ATTRIBUTES)
            .with(0x47, "attributes-charset", charset.as_bytes())
            .with(0x48, "attributes-natural-language", language.as_bytes())
            .with(URI, "printer-uri", b"ipp://localhost/ipp/print");
        let answer = ipp::ask(address, &ask.document(b"")).unwrap();
        assert_eq!(answer.status(), Some(status), "{charset}");
        assert_eq!(answer.text("attributes-charset").unwrap(), "utf-8");
    }
}

/// At a path that is nobody's a program is told so in its own language.
#[test]
fn programs_that_look_elsewhere_are_told_where_the_printer_is() {
    let site = Site::new();
    let (_laptop, address) = laptop(&site, &[]);
    let at = |path: &str| {
        let uri = format!("ipp://localhost{path}");
        let ask = Request::at(&uri, GET_PRINTER_ATTRIBUTES, LOCAL_NAME);
        let mut connection = Connection::to(address);
        connection.post_to(path, &ask.document(b""));
        connection.answer().unwrap()
    };
    for path in ["/ipp/print", "/ipp/print/", "/"] {
        assert_eq!(at(path).status(), Some(0), "{path}");
    }
    for path in [
        "/ipp",
        "/ipp/",
        "/printers/x",
        "/ipp/printer",
        "/ipp/faxout",
    ] {
        let told = at(path);
        assert_eq!(told.status(), Some(0x0406), "{path}");
        let words = told.text("status-message").unwrap();
        assert!(words.contains("/ipp/print"), "{words}");
    }
}

/// A4 is A4 however it is said; paper that nobody has is named and loses no document.
#[test]
fn paper_is_found_by_any_of_its_names() {
    const A4: &str = "iso_a4_210x297mm";
    let site = Site::new();
    let charlie = User::charlie();
    let (laptop, address) = laptop(&site, &[]);
    laptop.enroll(&charlie, &laptop);
    let print = |ask: Request| ipp::ask(address, &ask.document(b"%PDF-1.4\n")).unwrap();
    let asking = || Request::new(PRINT_JOB, LOCAL_NAME).group(JOB_GROUP);
    let media = |printed: &ipp::Answer| {
        let job = printed.number("job-id").unwrap();
        attributes(address, job).text("media")
    };
    for name in ["A4", "iso-a4", "iso_a4", A4, "iso_a4_210x297mm_borderless"] {
        for tag in [KEYWORD, NAME] {
            let printed = print(asking().with(tag, "media", name.as_bytes()));
            assert_eq!(printed.status(), Some(0), "{name}");
            assert_eq!(media(&printed).as_deref(), Some(A4), "{name}");
        }
    }
    let by_size = |width: u32, height: u32, more: &[(&str, Member<'_>)]| {
        let (width, height) = (number(width), number(height));
        let size = [
            ("x-dimension", Member::Value(INTEGER, &width)),
            ("y-dimension", Member::Value(INTEGER, &height)),
        ];
        let members = [&[("media-size", Member::Collection(&size))], more].concat();
        print(asking().collection("media-col", &members))
    };
    let odd_name = Member::Value(KEYWORD, b"iso_a4_210x297mm_borderless");
    for (width, height) in [(21_000, 29_700), (20_990, 29_704), (29_700, 21_000)] {
        for more in [&[][..], &[("media-size-name", odd_name)]] {
            let printed = by_size(width, height, more);
            assert_eq!(printed.status(), Some(0));
            assert_eq!(media(&printed).as_deref(), Some(A4), "{width}x{height}");
        }
    }
    // The tray is the printer's affair, and it is said that nothing becomes of it.
    let tray = ("media-source", Member::Value(KEYWORD, b"tray-2"));
    let printed = by_size(21_000, 29_700, &[tray]);
    assert_eq!(printed.status(), Some(1));
    assert!(
        printed
            .text("status-message")
            .unwrap()
            .contains("media-col")
    );
    assert_eq!(media(&printed).as_deref(), Some(A4));
    // What nobody has is named, or refused where all or nothing was asked.
    let strange = by_size(12_345, 23_456, &[]);
    assert_eq!(strange.status(), Some(1));
    assert_eq!(media(&strange), None);
    for nothing in [&b""[..], b"default"] {
        assert_eq!(
            print(asking().with(KEYWORD, "media", nothing)).status(),
            Some(0)
        );
    }
    assert_eq!(
        print(asking().collection("media-col", &[])).status(),
        Some(0)
    );
    let whole = |media: &[u8]| {
        let ask = Request::new(PRINT_JOB, LOCAL_NAME)
            .with(BOOLEAN, "ipp-attribute-fidelity", &[1])
            .group(JOB_GROUP)
            .with(KEYWORD, "media", media);
        print(ask).status()
    };
    assert_eq!((whole(b"A4"), whole(b"papyrus")), (Some(0), Some(0x040b)));
}

/// What is asked in a second group, or of one document, is done or named.
#[test]
fn what_is_asked_in_further_groups_counts() {
    let site = Site::new();
    let charlie = User::charlie();
    let (laptop, address) = laptop(&site, &[]);
    laptop.enroll(&charlie, &laptop);
    let print = |ask: Request| ipp::ask(address, &ask.document(b"%PDF-1.4\n")).unwrap();
    let two_sided = |ask: Request| ask.with(KEYWORD, "sides", b"two-sided-long-edge");
    let copies = |ask: Request, of: u32| ask.with(INTEGER, "copies", &number(of));
    let new = || Request::new(PRINT_JOB, LOCAL_NAME);

    let ask = two_sided(copies(new().group(JOB_GROUP), 2).group(JOB_GROUP));
    let printed = print(ask);
    assert_eq!(printed.status(), Some(0));
    let told = attributes(address, printed.number("job-id").unwrap());
    assert_eq!(told.number("copies"), Some(2));
    assert_eq!(told.text("sides").as_deref(), Some("two-sided-long-edge"));

    // Of what is said twice the first counts, and the other is named.
    let ask = copies(copies(new().group(JOB_GROUP), 2).group(JOB_GROUP), 3);
    let printed = print(ask);
    assert_eq!(printed.status(), Some(1));
    assert_eq!(printed.number("copies"), Some(3), "named as unsupported");
    let told = attributes(address, printed.number("job-id").unwrap());
    assert_eq!(told.number("copies"), Some(2));

    // What is said of the document goes before what is said of the job.
    let ask = copies(copies(new().group(JOB_GROUP), 2).group(DOCUMENT_GROUP), 4);
    let printed = print(ask.with(KEYWORD, "print-scaling", b"none"));
    assert_eq!(printed.status(), Some(0));
    let told = attributes(address, printed.number("job-id").unwrap());
    assert_eq!(told.number("copies"), Some(4));
    assert_eq!(told.text("print-scaling").as_deref(), Some("none"));

    // Two documents of one job, one of which is to be printed in its own way.
    let create = copies(Request::new(CREATE_JOB, LOCAL_NAME).group(JOB_GROUP), 2);
    let created = ipp::ask(address, &create.document(b"")).unwrap();
    let job = created.number("job-id").unwrap();
    let sending = |last: bool| {
        Request::new(SEND_DOCUMENT, LOCAL_NAME)
            .with(INTEGER, "job-id", &number(job))
            .with(BOOLEAN, "last-document", &[u8::from(last)])
    };
    assert_eq!(print(sending(false)).status(), Some(0));
    let second = two_sided(sending(true).group(DOCUMENT_GROUP));
    let sent = print(second.with(KEYWORD, "job-hold-until", b"indefinite"));
    assert_eq!(sent.status(), Some(1), "that is not a document's: {sent:?}");
    let document = |place: u32| {
        let ask = Request::new(GET_DOCUMENT_ATTRIBUTES, LOCAL_NAME)
            .with(INTEGER, "job-id", &number(job))
            .with(INTEGER, "document-number", &number(place));
        ipp::ask(address, &ask.document(b"")).unwrap()
    };
    assert_eq!(document(1).text("sides"), None);
    assert_eq!(
        document(2).text("sides").as_deref(),
        Some("two-sided-long-edge")
    );
    // When the job is changed, the document keeps what is its own.
    let change = Request::new(SET_JOB_ATTRIBUTES, LOCAL_NAME)
        .with(INTEGER, "job-id", &number(job))
        .group(JOB_GROUP);
    let changed = ipp::ask(address, &copies(change, 5).document(b"")).unwrap();
    assert_eq!(changed.status(), Some(0), "{changed:?}");
    assert_eq!(document(1).number("copies"), Some(5));
    assert_eq!(document(2).number("copies"), Some(5));
    assert_eq!(
        document(2).text("sides").as_deref(),
        Some("two-sided-long-edge")
    );
}

/// A locked document is told at once, held all the same, and opens with the password that comes with
/// it; with another one it stays with its program.
#[test]
fn a_locked_document_is_told_and_opens_with_its_password() {
    let site = Site::new();
    let charlie = User::charlie();
    let (laptop, address) = laptop(&site, &[]);
    laptop.enroll(&charlie, &laptop);
    let plain = site.document("plain.pdf", "secret");
    let locked = |name: &str, user: &str| {
        let path = site.path(name);
        let _ = laptop
            .program(&program::system("qpdf"))
            .args(["--encrypt", user, "owner", "256", "--"])
            .arg(plain.path_str())
            .arg(&path)
            .run()
            .succeeded();
        fs::read(path).unwrap()
    };
    let (locked, opens) = (locked("locked.pdf", "sesame"), locked("opens.pdf", ""));
    let print = |document: &[u8], password: Option<&str>| {
        let ask = Request::new(PRINT_JOB, LOCAL_NAME);
        let ask = match password {
            Some(password) => ask.with(OCTETS, "document-password", password.as_bytes()),
            None => ask,
        };
        ipp::ask(address, &ask.document(document)).unwrap()
    };
    let told = |job: u32| {
        let told = attributes(address, job);
        let reason = b"document-password-error";
        let has = told.body.windows(reason.len()).any(|part| part == reason);
        (has, told.text("job-state-message").unwrap())
    };

    let held = print(&locked, None).number("job-id").unwrap();
    wait_until(SOON, "the lock to be told", || told(held).0);
    assert!(told(held).1.contains("password"), "{:?}", told(held));
    assert_eq!(look(address, held), (Some(0), Some(HELD)));
    // Its owner gives the password afterwards.
    let _ = laptop
        .papermesh("jobs unlock")
        .args([&held.to_string(), "--document-password-stdin"])
        .stdin("sesame\n")
        .run()
        .succeeded();
    assert!(!told(held).0);

    let before = laptop.jobs().len();
    let refused = print(&locked, Some("open"));
    assert_eq!(refused.status(), Some(0x0418), "{refused:?}");
    assert_eq!(laptop.jobs().len(), before);
    for (document, password) in [(&locked, Some("sesame")), (&opens, None)] {
        let printed = print(document, password);
        let job = printed.number("job-id").unwrap();
        assert_eq!(printed.status(), Some(0));
        assert!(!told(job).0);
    }
}

/// An operator holds new jobs back and gives them free again; a job that its user held back stays
/// so.
#[test]
fn jobs_that_an_operator_held_back_are_given_free_again() {
    let site = Site::new();
    let charlie = User::charlie();
    let port = papermesh_tests::reserve_port();
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let setting = Setting::default()
        .with("PAPERMESH_IPP_USERS", &format!("{LOCAL_NAME}=charlie"))
        .with("PAPERMESH_IPP_OPERATORS", "charlie")
        .running(&["--ipp", &address.to_string()]);
    let laptop = site.founder_at("laptop-1", setting);
    laptop.enroll(&charlie, &laptop);
    let operate = |operation: u16| {
        let ask = Request::new(operation, LOCAL_NAME).document(b"");
        assert_eq!(ipp::ask(address, &ask).unwrap().status(), Some(0));
    };
    let reasons = || {
        let ask = Request::new(GET_PRINTER_ATTRIBUTES, LOCAL_NAME).document(b"");
        let told = ipp::ask(address, &ask).unwrap();
        told.text("printer-state-reasons").unwrap()
    };
    let printed = |ask: Request| {
        let printed = ipp::ask(address, &ask.document(b"%PDF-1.4\n")).unwrap();
        printed.number("job-id").unwrap()
    };
    let hold = |job: u32| attributes(address, job).text("job-hold-until").unwrap();
    assert_eq!(reasons(), "none");
    operate(HOLD_NEW_JOBS);
    assert_eq!(reasons(), "hold-new-jobs");
    let job = printed(Request::new(PRINT_JOB, LOCAL_NAME));
    let own = Request::new(PRINT_JOB, LOCAL_NAME).group(JOB_GROUP);
    let own = printed(own.with(KEYWORD, "job-hold-until", b"indefinite"));
    assert_eq!(
        (hold(job), hold(own)),
        ("indefinite".into(), "indefinite".into())
    );
    operate(RELEASE_HELD_NEW_JOBS);
    assert_eq!(reasons(), "none");
    assert_eq!(
        (hold(job), hold(own)),
        ("no-hold".into(), "indefinite".into())
    );
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
