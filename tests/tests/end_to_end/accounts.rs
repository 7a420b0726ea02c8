//! Who a program is to the hold printer: the node's own account, another one of the same computer, a
//! print system, another computer, a visitor, a web page. Most of this needs root, to be somebody else.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use papermesh_store::{Source, Store};
use papermesh_tests::cups::Cups;
use papermesh_tests::ipp::{
    self, Answer, BOOLEAN, CANCEL_JOB, CANCEL_JOBS, CANCEL_MY_JOBS, CREATE_JOB, DISABLE_PRINTER,
    ENABLE_PRINTER, GET_JOB_ATTRIBUTES, GET_JOBS, GET_PRINTER_ATTRIBUTES, INTEGER, NAME, PRINT_JOB,
    Request, SEND_DOCUMENT, basic,
};
use papermesh_tests::network::{Namespace, Wire};
use papermesh_tests::program::system;
use papermesh_tests::rogue::now;
use papermesh_tests::wait::wait_until;
use papermesh_tests::{Machine, SOON, Setting, Site, User};

/// Accounts that are not the node's: one that has a name, and one that nobody made.
const NOBODY: u32 = 65_534;
const OTHER: u32 = 4_242;
/// See [`OTHER`].
const ANOTHER: u32 = 4_243;
const PDF: &[u8] = b"%PDF-1.4\n";
/// `successful-ok`.
const OK: Option<u16> = Some(0);
/// Guesses of a PIN that are looked at before the next has to wait.
const FREE_GUESSES: usize = 3;

/// A computer with a hold printer, where Charlie is at home.
struct Home {
    laptop: Machine,
    charlie: User,
    address: SocketAddr,
    // The last to go: it takes the others' homes with it.
    site: Site,
}

impl Home {
    fn new() -> Self {
        let (site, charlie) = (Site::new(), User::charlie());
        let address = SocketAddr::from(([127, 0, 0, 1], papermesh_tests::reserve_port()));
        let setting = Setting::default()
            .with("PAPERMESH_IPP_OPERATORS", "charlie")
            .running(&["--ipp", &address.to_string()]);
        let laptop = site.founder_at("laptop-1", setting);
        laptop.enroll(&charlie, &laptop);
        Self {
            site,
            laptop,
            charlie,
            address,
        }
    }

    fn own(&self, request: &[u8]) -> Answer {
        ipp::ask(self.address, request).unwrap()
    }

    fn as_account(&self, account: u32, request: &[u8]) -> Answer {
        ipp::ask_as(account, self.address, &[], request).unwrap()
    }

    fn with_pin(&self, account: u32, pin: &str, request: &[u8]) -> Answer {
        let shown = basic(&self.charlie.id, pin);
        ipp::ask_as(account, self.address, &[&shown], request).unwrap()
    }

    fn titles(&self) -> Vec<String> {
        self.laptop
            .jobs()
            .into_iter()
            .map(|job| job.title)
            .collect()
    }
}

/// A hold printer as other computers reach it.
struct Network {
    printer: String,
    /// What is asked, and what is answered.
    files: [PathBuf; 2],
}

impl Network {
    fn new(site: &Site, address: Ipv4Addr) -> Self {
        Self {
            printer: format!("https://{address}:6310/ipp/print"),
            files: ["asked", "answered"].map(|name| site.path(name)),
        }
    }

    /// Asks one thing from there, perhaps as somebody: a user id, a colon and a PIN.
    fn ask(&self, from: &Machine, who: Option<&str>, request: &[u8]) -> Answer {
        let [asked, answered] = &self.files;
        std::fs::write(asked, request).unwrap();
        let curl = from
            .program(&system("curl"))
            .args(["-sk", "--noproxy", "*", "-w", "%{http_code}"])
            .args(["-H", "Content-Type: application/ipp", "--data-binary"])
            .arg(format!("@{}", asked.display()))
            .arg("-o")
            .arg(answered)
            .args(who.into_iter().flat_map(|who| ["-u", who]));
        let ended = curl.arg(&self.printer).run().succeeded();
        Answer {
            http: ended.stdout().trim().parse().unwrap(),
            body: std::fs::read(answered).unwrap(),
        }
    }
}

fn print(user: &str, title: &str) -> Vec<u8> {
    let request = Request::new(PRINT_JOB, user).with(NAME, "job-name", title.as_bytes());
    request.document(PDF)
}

fn about(operation: u16, job: u32) -> Request {
    Request::new(operation, "charlie").with(INTEGER, "job-id", &job.to_be_bytes())
}

fn ask(operation: u16) -> Vec<u8> {
    Request::new(operation, "charlie").document(b"")
}

fn send(job: u32) -> Vec<u8> {
    let request = about(SEND_DOCUMENT, job).with(BOOLEAN, "last-document", &[1]);
    request.document(PDF)
}

// Other accounts ------------------------------------------------------------------------------

/// Whoever may use the computer is not for that whoever lives there.
#[test]
fn another_account_of_the_computer_is_nobody_without_a_pin() {
    let home = Home::new();
    let printer = home.site.tray_printer(&home.laptop, "front-desk");
    wait_until(SOON, "the printer to be known", || {
        let printers = home.laptop.papermesh("printers").run().succeeded();
        printers.stdout().contains("front-desk")
    });
    let job = home
        .own(&print("charlie", "mine"))
        .number("job-id")
        .unwrap();

    let straight = "ipp://localhost/ipp/print/front-desk";
    let attacks = [
        ("prints as Charlie", print("charlie", "forged")),
        ("makes a job", ask(CREATE_JOB)),
        ("lists the jobs", ask(GET_JOBS)),
        (
            "looks at a job",
            about(GET_JOB_ATTRIBUTES, job).document(b""),
        ),
        ("deletes a job", about(CANCEL_JOB, job).document(b"")),
        ("deletes all of Charlie's", ask(CANCEL_MY_JOBS)),
        ("deletes everybody's", ask(CANCEL_JOBS)),
        ("stops the printer", ask(DISABLE_PRINTER)),
        (
            "prints straight to a printer",
            Request::at(straight, PRINT_JOB, "charlie").document(PDF),
        ),
    ];
    for account in [NOBODY, OTHER] {
        for (what, attack) in &attacks {
            let answer = home.as_account(account, attack);
            assert_eq!(answer.http, 401, "account {account} {what}: {answer:?}");
        }
        // Who is gone at once is nobody, and not root.
        for _ in 0..10 {
            ipp::send_and_leave_as(account, home.address, &print("charlie", "left behind"));
        }
        // What the printer can do is no secret.
        let asked = home.as_account(account, &ask(GET_PRINTER_ATTRIBUTES));
        assert_eq!(asked.status(), OK);
        let shown = asked.text("uri-authentication-supported");
        assert_eq!(shown.as_deref(), Some("basic"));
    }
    assert_eq!(home.titles(), ["mine"]);
    assert!(printer.tray().is_empty());

    // With the PIN it is Charlie wherever it comes from.
    let pin = &home.charlie.pin;
    let printed = home.with_pin(OTHER, pin, &print("whoever", "proven"));
    assert_eq!(printed.status(), OK);
    assert_eq!(home.with_pin(OTHER, pin, &ask(GET_JOBS)).status(), OK);
    assert_eq!(home.titles().len(), 2);

    // And Charlie's own programs need none.
    for operation in [DISABLE_PRINTER, ENABLE_PRINTER, CANCEL_MY_JOBS] {
        assert_eq!(home.own(&ask(operation)).status(), OK, "{operation:#x}");
    }
    assert!(home.titles().is_empty());
}

/// A document comes without a PIN only from the account that made the job.
#[test]
fn nobody_else_sends_a_document_of_a_job() {
    let home = Home::new();
    let made = home.with_pin(OTHER, &home.charlie.pin, &ask(CREATE_JOB));
    let job = made.number("job-id").unwrap();
    assert_eq!(home.as_account(ANOTHER, &send(job)).http, 401);
    let close = Request::new(0x3b, "charlie").with(INTEGER, "job-id", &job.to_be_bytes());
    assert_eq!(home.as_account(ANOTHER, &close.document(b"")).http, 401);
    assert!(home.titles().is_empty());
    assert_eq!(home.as_account(OTHER, &send(job)).status(), OK);
    assert_eq!(home.titles().len(), 1);
}

/// From another computer a document comes without a PIN only from the address that made the job, and only from
/// who was told the job's number: others behind that address do not guess it.
#[test]
fn nobody_else_behind_the_same_address_sends_a_document_of_a_job() {
    const CLOSE_JOB: u16 = 0x3b;
    let (site, charlie) = (Site::new(), User::charlie());
    let mut wire = Wire::new(9);
    let [office, hall, street] = [(); 3].map(|()| Arc::new(Namespace::new()));
    let here = wire.plug(&office);
    wire.plug(&hall);
    wire.plug(&street);
    let setting = Setting::within(&office).running(&["--ipp", "0.0.0.0:6310"]);
    let laptop = site.founder_at("laptop-1", setting);
    laptop.enroll(&charlie, &laptop);
    let computer = |name, namespace| Machine::new(site.folder(), name, Setting::within(namespace));
    let (phone, neighbour) = (computer("phone", &hall), computer("neighbour", &hall));
    let stranger = computer("stranger", &street);
    let over_network = Network::new(&site, here);
    let close = |job| about(CLOSE_JOB, job).document(b"");

    // The one before is what a neighbor makes, to know where the numbers are.
    let shown = format!("{}:{}", charlie.id, charlie.pin);
    let made = || {
        let made = over_network.ask(&phone, Some(&shown), &ask(CREATE_JOB));
        assert_eq!(made.status(), OK, "{made:?}");
        made.number("job-id").unwrap()
    };
    let (before, job) = (made(), made());
    let guesses = (1..=5).chain(before + 1..=before + 3).chain(job - 3..job);
    for guess in guesses {
        for attack in [send(guess), close(guess)] {
            let answer = over_network.ask(&neighbour, None, &attack);
            assert_eq!(answer.http, 401, "{guess} was taken");
        }
    }
    for attack in [send(job), close(job)] {
        assert_eq!(over_network.ask(&stranger, None, &attack).http, 401);
    }
    assert!(laptop.jobs().is_empty());

    // The phone shows the PIN once, as many do.
    assert_eq!(over_network.ask(&phone, None, &send(job)).status(), OK);
    assert_eq!(laptop.jobs().len(), 1);
}

/// CUPS says what its clients say. The queue that is made for it asks them who they are; and
/// whoever prints through another queue gets at nothing that lies here.
#[test]
fn through_cups_people_print_as_who_they_are() {
    let home = Home::new();
    let cups = Cups::start();
    let setup = home.laptop.papermesh("setup-printer");
    let said = cups.serving(setup).run().succeeded();
    assert!(said.stdout().contains("\"asks_who\":true"), "{said:?}");
    let printing = |account, options: &[&str]| {
        let lp = home.laptop.program(&system("lp")).as_account(account);
        cups.serving(lp.args(["-d", "Papermesh"]).args(options))
            .stdin("Dear all,\n")
            .run()
    };

    // The node's own account is its user, whatever they are called.
    assert!(printing(0, &["-t", "mine"]).is_success());
    wait_until(SOON, "the job to be held", || home.titles() == ["mine"]);

    // Nobody says another's name; the own one is nobody's here.
    for name in ["charlie", "root"] {
        let forged = printing(NOBODY, &["-U", name, "-t", "forged"]);
        assert!(!forged.is_success(), "{forged:?}");
    }
    assert!(printing(NOBODY, &["-t", "stray"]).is_success());
    wait_until(SOON, "CUPS to be told that nobody is nobody", || {
        cups.log().contains("no user here is known as")
    });
    assert_eq!(home.titles(), ["mine"]);

    // In a queue that believes everybody, a name is a name: the job comes, and shows nothing of others.
    let _ = cups.run(
        &home.laptop,
        "lpadmin",
        &["-p", "Papermesh", "-o", "printer-op-policy=default"],
    );
    assert!(printing(NOBODY, &["-U", "charlie", "-t", "believed"]).is_success());
    wait_until(SOON, "the job to be held", || home.titles().len() == 2);
    let cups_account = 7;
    for operation in [CANCEL_MY_JOBS, CANCEL_JOBS, DISABLE_PRINTER] {
        let refused = home.as_account(cups_account, &ask(operation));
        assert_eq!(refused.http, 401, "{operation:#x}");
    }
    let listed = home.as_account(cups_account, &ask(GET_JOBS));
    assert_eq!((listed.status(), listed.number("job-id")), (OK, None));
    // Of a job that it did not bring it is told nothing.
    let job = home.own(&ask(CREATE_JOB)).number("job-id").unwrap();
    let looked = home.as_account(cups_account, &about(GET_JOB_ATTRIBUTES, job).document(b""));
    assert_eq!(looked.status(), Some(0x0406));
}

// Guesses -------------------------------------------------------------------------------------

/// Who guesses with forty hands guesses no more often.
#[test]
fn forty_guesses_at_once_are_three() {
    let home = Home::new();
    let guess = |number: u32| {
        home.with_pin(OTHER, &format!("{number:06}"), &ask(GET_JOBS))
            .http
    };
    let guess = &guess;
    let answers: Vec<u16> = std::thread::scope(|scope| {
        let guesses: Vec<_> = (0..40).map(|n| scope.spawn(move || guess(n))).collect();
        guesses
            .into_iter()
            .map(|guess| guess.join().unwrap())
            .collect()
    });
    let looked_at = answers.iter().filter(|http| **http == 401).count();
    assert!(looked_at <= FREE_GUESSES, "{answers:?}");
    assert!(answers.iter().all(|http| matches!(http, 200 | 401 | 503)));
    // Charlie's own programs notice nothing of it.
    assert_eq!(home.own(&print("charlie", "mine")).status(), OK);
}

/// How much memory guesses may take beyond what the node has anyway.
const ALLOWED: u64 = 96 << 20;

#[test]
fn a_hundred_and_fifty_guesses_at_once_take_the_memory_of_a_few() {
    let mut home = Home::new();
    assert_eq!(home.own(&ask(GET_JOBS)).status(), OK);
    let before = home.laptop.node().memory_now();
    std::thread::scope(|scope| {
        for number in 0..150 {
            let shown = basic(&format!("invented{number}"), "481516");
            let address = home.address;
            scope.spawn(move || ipp::ask_with(address, &[&shown], &ask(GET_JOBS)));
        }
    });
    let peak = home.laptop.node().peak_memory();
    assert!(peak < before + ALLOWED, "{} MiB", (peak - before) >> 20);
}

/// A phone that has an old PIN repeats it for ever: that is one guess.
#[test]
fn the_same_wrong_pin_counts_once_and_locks_nobody_out() {
    let home = Home::new();
    for _ in 0..20 {
        assert_eq!(home.with_pin(OTHER, "000000", &ask(GET_JOBS)).http, 401);
    }
    let pin = &home.charlie.pin;
    assert_eq!(home.with_pin(OTHER, pin, &ask(GET_JOBS)).status(), OK);
}

/// A stranger on the network guesses at Charlie's PIN until nobody hears any more. Charlie's phone is heard.
#[test]
fn who_guesses_from_elsewhere_locks_out_nobody_but_himself() {
    let (site, charlie) = (Site::new(), User::charlie());
    let mut wire = Wire::new(7);
    let [office, hall, street] = [(); 3].map(|()| Arc::new(Namespace::new()));
    let here = wire.plug(&office);
    wire.plug(&hall);
    wire.plug(&street);
    let setting = Setting::within(&office).running(&["--ipp", "0.0.0.0:6310"]);
    let laptop = site.founder_at("laptop-1", setting);
    laptop.enroll(&charlie, &laptop);
    let document = site.document("from-the-phone.pdf", "hello");
    let computer = |name, namespace| Machine::new(site.folder(), name, Setting::within(namespace));
    let (phone, stranger) = (computer("phone", &hall), computer("stranger", &street));
    let print = |from: &Machine, pin: &str| {
        from.program(&system("ipptool"))
            .args(["-tf", document.path_str()])
            .arg(format!("ipps://charlie:{pin}@{here}:6310/ipp/print"))
            .arg("/usr/share/cups/ipptool/print-job.test")
            .run()
            .is_success()
    };
    for wrong in ["1111", "2222", "3333", "4444", "5555", "6666"] {
        assert!(!print(&stranger, wrong));
    }
    assert!(!print(&stranger, &charlie.pin), "the stranger has to wait");
    assert!(print(&phone, &charlie.pin));
    assert_eq!(laptop.jobs().len(), 1);
}

/// Strangers on the network have typed so many invented names that no more fit. Who has a PIN here is let in all the
/// same, over the network and at a printer.
#[test]
fn strangers_who_make_up_names_on_end_keep_nobody_out() {
    /// As many counts as are kept.
    const FULL: u16 = 8192;
    let (site, charlie) = (Site::new(), User::charlie());
    let mut wire = Wire::new(8);
    let [office, hall, street] = [(); 3].map(|()| Arc::new(Namespace::new()));
    let here = wire.plug(&office);
    wire.plug(&hall);
    wire.plug(&street);
    let setting = Setting::within(&office).running(&["--ipp", "0.0.0.0:6310"]);
    let mut laptop = site.founder_at("laptop-1", setting);
    laptop.enroll(&charlie, &laptop);
    let printer = site
        .invited(&laptop, "printer-1", "printer", Setting::within(&hall))
        .running();
    let computer = |name, namespace| Machine::new(site.folder(), name, Setting::within(namespace));
    let (phone, stranger) = (computer("phone", &hall), computer("stranger", &street));
    let over_network = Network::new(&site, here);

    // What a night of theirs comes to.
    laptop.stop();
    {
        let store = Store::open(laptop.home()).unwrap();
        for number in 0..FULL {
            let [high, low] = number.to_be_bytes();
            let from = Source::from(IpAddr::from([198, 51, high, low]));
            let name = format!("invented{number}").parse().unwrap();
            store.typed_guesses().count(&name, from, now()).unwrap();
        }
    }
    laptop.run();
    for number in 0..2 {
        let shown = format!("made-up{number}:481516");
        let answer = over_network.ask(&stranger, Some(&shown), &ask(GET_JOBS));
        assert_eq!(answer.http, 401);
    }

    let shown = format!("{}:{}", charlie.id, charlie.pin);
    let printed = over_network.ask(&phone, Some(&shown), &print("charlie", "mine"));
    assert_eq!(printed.status(), OK, "{printed:?}");
    let visit = printer.visit(&charlie);
    wait_until(SOON, "Charlie to be let in at the printer", || {
        visit.sees(1)
    });
}

/// A PIN is not remembered longer than it is right, and nobody is heard whom the site has disabled.
#[test]
fn a_changed_pin_and_a_disabled_user_are_forgotten_at_once() {
    let home = Home::new();
    let (old, new) = (&home.charlie.pin, "151623");
    let asks = |pin| home.with_pin(OTHER, pin, &ask(GET_JOBS));
    assert_eq!(asks(old).status(), OK);
    let change = home.laptop.papermesh("user pin --pin-stdin");
    let change = change.stdin(&format!("{old}\n{new}\n"));
    let _ = change.run().succeeded();
    assert_eq!(asks(old).http, 401);
    assert_eq!(asks(new).status(), OK);

    let job = home
        .own(&print("charlie", "mine"))
        .number("job-id")
        .unwrap();
    let disable = home.laptop.papermesh("user disable charlie");
    let _ = disable.run().succeeded();
    let delete = about(CANCEL_JOB, job).document(b"");
    let listed = asks(new);
    assert_eq!((listed.status(), listed.number("job-id")), (OK, None));
    for refused in [
        home.with_pin(OTHER, new, &delete),
        home.own(&delete),
        home.own(&ask(CANCEL_MY_JOBS)),
    ] {
        assert_eq!(refused.status(), Some(0x0403), "{refused:?}");
    }
    assert_eq!(home.titles(), ["mine"]);
}

// Visitors ------------------------------------------------------------------------------------

/// At a shared computer a name is enough for nothing but a job with a PIN.
#[test]
fn at_a_shared_computer_a_name_brings_jobs_and_shows_none() {
    let (site, charlie) = (Site::new(), User::charlie());
    let laptop = site.founder("laptop-1");
    laptop.enroll(&charlie, &laptop);
    let address = SocketAddr::from(([127, 0, 0, 1], papermesh_tests::reserve_port()));
    let setting = Setting::default().running(&["--ipp", &address.to_string()]);
    let library = site
        .invited(&laptop, "library-1", "shared-client", setting)
        .running();
    let print = |name: &str, pin: Option<&str>| {
        let request = Request::new(PRINT_JOB, name).with(NAME, "job-name", name.as_bytes());
        let request = match pin {
            Some(pin) => request.with(0x30, "job-password", pin.as_bytes()).with(
                0x44,
                "job-password-encryption",
                b"none",
            ),
            None => request,
        };
        ipp::ask(address, &request.document(PDF)).unwrap()
    };

    let without = print("charlie", None);
    assert_ne!(without.status(), OK);
    assert!(without.text("status-message").unwrap().contains("PIN"));
    // Names of accounts with a domain are those of the site's users, or nobody's.
    for name in ["charlie", "ACME\\charlie", "charlie@acme.example"] {
        let printed = print(name, Some("998877"));
        assert_eq!(printed.status(), OK, "{name}: {printed:?}");
    }
    for stranger in ["mallory", "ACME\\mallory", "mallory@acme.example"] {
        let refused = print(stranger, Some("998877"));
        assert_eq!(refused.status(), Some(0x0403), "{stranger}: {refused:?}");
    }
    assert_eq!(library.jobs().len(), 3);

    // Neither the next visitor nor a program of the node's own account sees them by a name.
    let listed = ipp::ask(address, &ask(GET_JOBS)).unwrap();
    assert_eq!((listed.status(), listed.number("job-id")), (OK, None));
    for operation in [CANCEL_MY_JOBS, CANCEL_JOBS] {
        assert_eq!(ipp::ask(address, &ask(operation)).unwrap().http, 401);
    }
    let shown = basic("ACME\\charlie", "998877");
    let listed = ipp::ask_with(address, &[&shown], &ask(GET_JOBS)).unwrap();
    assert_eq!(listed.status(), OK);
    let found = b"\0\x06job-id";
    let count = listed
        .body
        .windows(found.len())
        .filter(|part| part == found)
        .count();
    assert_eq!(count, 3, "all of them are Charlie's");
}

// Web pages -----------------------------------------------------------------------------------

/// A browser adds to what a page sends where it comes from. Programs that print do not.
#[test]
fn web_pages_do_not_reach_the_hold_printer() {
    let home = Home::new();
    let own = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
    let own = own.trim();
    for (headers, http) in [
        (&["Origin: http://localhost:6310"][..], 403),
        (&["Origin: null"], 403),
        (&["Sec-Fetch-Site: same-origin"], 403),
        (&["Sec-Fetch-Mode: no-cors"], 403),
        (&[&*format!("Host: {own}:6310")], 421),
        (&[&*format!("Host: {own}.local")], 421),
        (&["Host: evil.example"], 421),
        (&["Host: ::1:6310"], 200),
        (&["Host: [::1]:6310"], 200),
        (&["Host: [fe80::1%25eth0]:6310"], 200),
        (&["Host: 127.0.0.1"], 200),
    ] {
        let answer = ipp::ask_with(home.address, headers, &ask(GET_JOBS)).unwrap();
        assert_eq!(answer.http, http, "{headers:?}");
    }
}
