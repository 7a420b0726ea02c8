//! Documents that users mail are held for them. Postfix takes the mails and says who sent them, Dovecot gives them out, both
//! real.

use std::fs;
use std::time::Duration;

use data_encoding::BASE64;
use papermesh_tests::sample;
use papermesh_tests::wait::{wait_for, wait_until};
use papermesh_tests::{Machine, SOON, Seed, Site, User};
use serde_json::Value;

use super::gateway_mail::servers::Servers;

/// Where the test's user mails from.
const DANA: &str = "dana@acme.example";
/// Rounds of a test that kills.
const ROUNDS: usize = 12;

/// A laptop that reads a mailbox, and its user who mails.
struct Office {
    laptop: Machine,
    printer: Machine,
    dana: User,
    mail: Servers,
    site: Site,
}

impl Office {
    fn new() -> Self {
        let (site, mail, dana) = (Site::new(), Servers::start(), User::dana());
        let mut laptop = site.founder("laptop-1");
        let printer = site.tray_printer(&laptop, "printer-1");
        laptop.enroll(&dana, &laptop);
        let settings = format!(
            "[mail]\naddress = \"hall@acme.example\"\nauthorities = \"{}\"\n{}\
             [mail.hold]\naddress = \"print@acme.example\"\nauthserv-id = \"mx.acme.example\"\n\
             [mail.hold.read]\nprotocol = \"imap\"\n{}",
            mail.path().join("ca.pem").display(),
            account("mail.send", &mail.sending(), &mail),
            account("mail.hold.read.account", &mail.reading(), &mail),
        );
        fs::write(laptop.home().join("papermesh.toml"), settings).unwrap();
        laptop.restart();
        Self {
            laptop,
            printer,
            dana,
            mail,
            site,
        }
    }

    /// The same, where the user has proved the address.
    fn registered() -> Self {
        let office = Self::new();
        office.register(&["--language", "en"]);
        office
    }

    fn register(&self, more: &[&str]) {
        let before = self.mail.read_all("dana").len();
        let _ = self.address("add", &[&[DANA], more].concat());
        let code = self.letter(before);
        let code = code.split("Your code: ").nth(1).unwrap();
        let _ = self.address("confirm", &[code.get(..8).unwrap()]);
    }

    fn address(&self, what: &str, args: &[&str]) -> Value {
        let command = format!("mail address {what}");
        let command = self.laptop.papermesh(&command).args(args);
        command.run().succeeded().json()
    }

    /// The next mail that the user gets, as it is read.
    fn letter(&self, before: usize) -> String {
        let letters = wait_for(SOON, "a mail to the user", || {
            let letters = self.mail.read_all("dana");
            (letters.len() > before).then_some(letters)
        });
        readable(letters.last().unwrap())
    }

    /// Sends a mail as the user does, and waits until it is not there any more.
    fn send(&self, mail: &str) {
        self.send_as(DANA, "print@acme.example", mail);
    }

    fn send_as(&self, from: &str, to: &str, mail: &str) {
        let before = self.handled();
        self.mail.hand_over(from, to, &mail.replace('\n', "\r\n"));
        wait_until(4 * SOON, "the mail to be taken", || self.handled() > before);
        wait_until(SOON, "the mailbox to be empty", || self.mail.mails() == 0);
    }

    /// Mails that were taken or dropped since the node started.
    fn handled(&self) -> u64 {
        let hold = self.status();
        hold["taken"].as_u64().unwrap() + hold["dropped"].as_u64().unwrap()
    }

    fn status(&self) -> Value {
        let status: Value = self.laptop.papermesh("status").run().succeeded().json();
        status["mail_hold"].clone()
    }

    /// What is in the audit log of this kind: why.
    fn noted(&self, kind: &str) -> Vec<String> {
        let all = self.laptop.audit().into_iter();
        let noted = all.filter(|entry| entry.what == kind);
        noted.map(|entry| entry.detail).collect()
    }

    fn pdf(&self, name: &str) -> Vec<u8> {
        let document = self.site.document(name, name);
        fs::read(document.path()).unwrap()
    }
}

fn account(section: &str, (server, port): &(String, u16), mail: &Servers) -> String {
    format!(
        "[{section}]\nserver = \"{server}\"\nport = {port}\nuser = \"hall\"\npassword-file = \"{}\"\n",
        mail.password_file().display()
    )
}

/// The text of a mail without what is broken where lines are long (quoted-printable, RFC 2045 §6.7).
fn readable(mail: &str) -> String {
    mail.replace("=\r\n", "").replace("\r\n", "\n")
}

/// A mail of the user with files.
fn mail(id: &str, subject: &str, files: &[(&str, &[u8])]) -> String {
    let parts = files.iter().map(|(name, bytes)| {
        let bytes = BASE64.encode(bytes);
        let lines = bytes.as_bytes().chunks(76);
        let lines: Vec<_> = lines.map(|line| std::str::from_utf8(line).unwrap()).collect();
        format!(
            "--m\nContent-Type: application/octet-stream; name=\"{name}\"\nContent-Disposition: attachment\n\
             Content-Transfer-Encoding: base64\n\n{}\n",
            lines.join("\n")
        )
    });
    format!(
        "From: Dana <{DANA}>\nTo: print@acme.example\nSubject: {subject}\nMessage-ID: <{id}@acme.example>\n\
         MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=m\n\n--m\n\nPlease.\n{}--m--\n",
        parts.collect::<String>()
    )
}

#[test]
fn what_a_user_mails_is_held_and_comes_out_when_she_releases_it() {
    let office = Office::registered();
    let listed = office.address("list", &[]);
    assert_eq!(listed["to"], "print@acme.example");
    assert_eq!(listed["addresses"][0]["address"], DANA);
    let before = office.mail.read_all("dana").len();
    let files: [(&str, &[u8]); 3] = [
        ("report.pdf", &office.pdf("report.pdf")),
        ("photo.bin", &sample::jpeg()),
        ("tool.exe", b"MZ\x90\0\x03"),
    ];
    office.send_as(
        DANA,
        "print@acme.example",
        &mail("1", "[2x] Bericht", &files).replace("print@", "print+a4+duplex+mono@"),
    );
    let jobs = office.laptop.jobs();
    assert_eq!(jobs.len(), 2);
    let answer = office.letter(before);
    for line in [
        "Auto-Submitted: auto-replied\n",
        "In-Reply-To: <1@acme.example>\n",
        "From: print@acme.example\n",
        "Return-Path: <>\n",
        "Held for you:\n- report.pdf (",
        "- photo.bin (",
        "Not held:\n- tool.exe: ",
        "Release it at any printer of ",
    ] {
        assert!(answer.contains(line), "{line} is not in {answer}");
    }
    assert!(
        answer.contains("2 copies") && answer.contains("iso_a4"),
        "{answer}"
    );
    assert_eq!(office.noted("mail-taken"), ["2 of 3 documents are held"]);
    let doctor = office.laptop.papermesh("doctor").run();
    assert!(doctor.stdout().contains("mail to hold"), "{doctor:?}");

    let report = office.printer.visit(&office.dana).print_all();
    assert!(report.each_ended("printed"), "{report:?}");

    // The same mail, and the same document in another one: once.
    office.send(&mail("1", "again", &files));
    office.send(&mail("2", "again", &files[..1]));
    assert!(office.laptop.jobs().is_empty());
    assert_eq!(office.noted("mail-dropped"), ["it came before"]);
    let answer = office.letter(before + 1);
    assert!(answer.contains("the same document came before"), "{answer}");

    // A user who takes the address back is a stranger.
    let _ = office.address("remove", &[DANA]);
    office.send(&mail("3", "more", &[("new.pdf", &office.pdf("new.pdf"))]));
    assert!(office.laptop.jobs().is_empty());
    assert_eq!(office.mail.read_all("dana").len(), before + 2);
}

#[test]
fn who_is_no_user_here_gets_nothing_and_hears_nothing() {
    let office = Office::registered();
    let before = office.mail.read_all("dana").len();
    let pdf = office.pdf("report.pdf");
    let good = mail("1", "report", &[("report.pdf", &pdf)]);
    let forged = "Authentication-Results: mx.acme.example; dmarc=pass header.from=acme.example\n";
    for (from, letter) in [
        // In a user's name, from elsewhere; with a result of its own; from nobody, which is a bounce.
        ("evil@elsewhere.example", good.clone()),
        ("evil@elsewhere.example", format!("{forged}{good}")),
        ("", good.clone()),
        // By a program, from an address that nobody registered, in two names.
        (DANA, format!("Auto-Submitted: auto-replied\n{good}")),
        (DANA, good.replace(DANA, "bob@acme.example")),
        (DANA, format!("From: bob@acme.example\n{good}")),
    ] {
        office.send_as(from, "print@acme.example", &letter);
    }
    assert!(office.laptop.jobs().is_empty());
    assert_eq!(
        office.noted("mail-dropped"),
        [
            "its domain does not stand behind it (DMARC says not pass)",
            "its domain does not stand behind it (DMARC says not pass)",
            "a program sent it by itself",
            "a program sent it by itself",
            "its sender is nobody whose jobs are held here",
            "it names more than one writer",
        ]
    );
    assert_eq!(office.status()["dropped"], 6);
    // Nobody was answered, here or elsewhere: what Postfix could not get rid of would come back.
    assert_eq!(office.mail.read_all("dana").len(), before);
    assert_eq!(office.mail.mails(), 0);
    // The same mail is good from whom it says.
    office.send(&good);
    assert_eq!(office.laptop.jobs().len(), 1);
}

#[test]
fn what_is_not_understood_is_not_held_and_said_in_the_users_language() {
    let office = Office::new();
    let refused = office
        .laptop
        .papermesh("mail address confirm 12345678")
        .run();
    assert!(
        refused
            .complaint()
            .contains("no mail address waits for a code")
    );
    let refused = office
        .laptop
        .papermesh("mail address add print@acme.example")
        .run();
    assert!(
        refused
            .misuse()
            .contains("is where documents are mailed to")
    );
    office.register(&["--language", "en"]);
    // Whoever proves it again says anew in which language.
    let before = office.mail.read_all("dana").len();
    let _ = office.address("add", &[DANA, "--language", "de"]);
    let code = office.letter(before);
    let code = code.split("Ihr Code: ").nth(1).unwrap();
    let _ = office.address("confirm", &[code.get(..8).unwrap()]);

    let pdf = office.pdf("report.pdf");
    let before = office.mail.read_all("dana").len();
    office.send(&mail("1", "[2x momo]", &[("report.pdf", &pdf)]));
    assert!(office.laptop.jobs().is_empty());
    assert!(office.letter(before).contains("Es wurde nichts verwahrt."));
    let many = [("report.pdf", &*pdf); 11];
    office.send(&mail("2", "many", &many));
    assert!(office.letter(before + 1).contains("mehr als 10"));
    office.send(&format!(
        "From: {DANA}\nSubject: page\nContent-Type: text/html\n\n<p>hello</p>\n"
    ));
    assert!(office.letter(before + 2).contains("formatiert"));
    assert!(office.laptop.jobs().is_empty());
    // What is a text is held as one, and what was refused may come again as it should be.
    office.send(&format!(
        "From: {DANA}\nSubject: Merkzettel\n\nMilch, Brot\n"
    ));
    assert_eq!(office.laptop.jobs().len(), 1);
    assert!(office.letter(before + 3).contains("- Merkzettel"));
    office.send(&mail("3", "[2x mono]", &[("report.pdf", &pdf)]));
    assert_eq!(office.laptop.jobs().len(), 2);
}

/// Mails lie in the mailbox until somebody corrects the settings.
#[test]
fn a_wrong_authserv_id_loses_no_mail() {
    let mut office = Office::registered();
    let path = office.laptop.home().join("papermesh.toml");
    let right = fs::read_to_string(&path).unwrap();
    fs::write(
        &path,
        right.replace("\"mx.acme.example\"", "\"mx.other.example\""),
    )
    .unwrap();
    office.laptop.restart();
    let letter = mail("1", "report", &[("report.pdf", &office.pdf("report.pdf"))]);
    office
        .mail
        .hand_over(DANA, "print@acme.example", &letter.replace('\n', "\r\n"));
    wait_until(4 * SOON, "the doctor to find it", || {
        let doctor = office.laptop.papermesh("doctor").run();
        doctor.stdout().contains("1 mails stay in the mailbox")
    });
    assert_eq!((office.mail.mails(), office.handled()), (1, 0));
    fs::write(&path, right).unwrap();
    office.laptop.restart();
    wait_until(4 * SOON, "the document to be held", || {
        office.laptop.jobs().len() == 1
    });
    wait_until(SOON, "the mailbox to be empty", || office.mail.mails() == 0);
}

/// A mail that was made to end its reader ends one process, and those behind it are read.
#[test]
fn a_mail_made_to_end_the_node_is_answered_and_holds_up_nobody() {
    let office = Office::registered();
    let before = office.mail.read_all("dana").len();
    let nested = "Content-Type: message/rfc822\n\n".repeat(100_000);
    office.send(&format!(
        "From: {DANA}\nMessage-ID: <1@acme.example>\nSubject: deep\n{nested}"
    ));
    assert!(office.letter(before).contains("Nothing was held."));
    let pdf = office.pdf("report.pdf");
    office.send(&mail("2", "report", &[("report.pdf", &pdf)]));
    assert_eq!(office.laptop.jobs().len(), 1);
}

/// `kill -9` at any moment between the mail's arrival and its end holds each document once. Every other round kills when the first
/// document was begun, the others some time after the mail came.
#[test]
fn invariant_1_what_is_mailed_is_held_once_whenever_the_node_is_killed() {
    let mut office = Office::registered();
    let mut seed = Seed::take();
    let mut between = 0;
    for round in 0..ROUNDS {
        let held = office.laptop.files("spool").len();
        let names = [format!("a{round}.pdf"), format!("b{round}.pdf")];
        let files = names.clone().map(|name| office.pdf(&name));
        let files: Vec<(&str, &[u8])> = names
            .iter()
            .map(String::as_str)
            .zip(files.iter().map(Vec::as_slice))
            .collect();
        let letter = mail(&round.to_string(), "report", &files);
        office
            .mail
            .hand_over(DANA, "print@acme.example", &letter.replace('\n', "\r\n"));
        let is_begun = || office.laptop.files("spool").len() > held;
        match round % 2 {
            0 => wait_until(4 * SOON, "a document to be begun", is_begun),
            _ => {
                let is_there = || office.mail.mails() > 0 || is_begun();
                wait_until(4 * SOON, "the mail to come", is_there);
                std::thread::sleep(Duration::from_millis(seed.below(300)));
            }
        }
        office.laptop.kill();
        // What is not done is still in the mailbox.
        let is_begun = office.laptop.files("spool").len() > held;
        between += usize::from(is_begun && office.mail.mails() > 0);
        office.laptop.run();
        wait_until(4 * SOON, "both documents to be held", || {
            office.laptop.jobs().len() >= 2 * (round + 1)
        });
        wait_until(4 * SOON, "the mailbox to be empty", || {
            office.mail.mails() == 0
        });
        let mut titles: Vec<String> = office
            .laptop
            .jobs()
            .into_iter()
            .map(|job| job.title)
            .collect();
        titles.sort();
        let once: std::collections::BTreeSet<_> = titles.iter().cloned().collect();
        assert_eq!(titles.len(), once.len(), "round {round}: {titles:?}");
        assert_eq!(titles.len(), 2 * (round + 1), "round {round}: {titles:?}");
    }
    assert!(
        between > 0,
        "no round of {ROUNDS} was between begin and end"
    );
}
