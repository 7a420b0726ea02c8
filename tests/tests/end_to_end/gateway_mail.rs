//! Doors that keep no pipe to the gateway and come when a mail calls them. Postfix takes the mails and Dovecot gives them
//! out, both real and on the Internet.

use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::{Path, PathBuf};

use papermesh_tests::gateway::DOMAIN;
use papermesh_tests::wait::wait_until;
use papermesh_tests::{SOON, Setting};
use serde_json::Value;

use super::gateway::Outside;
use servers::{At, Servers};

#[allow(dead_code, reason = "the tests of the mail alone need more of it")]
#[path = "../../../node/mail/tests/real/servers.rs"]
pub(super) mod servers;

/// An office whose laptop is called, and the mail by which that is done.
struct Called {
    outside: Outside,
    mail: Servers,
}

impl Called {
    /// The place `desk` is woken by the gateway, or by clients.
    fn by(who: &str) -> Self {
        let mut outside = Outside::new();
        let mail = Servers::start_at(At {
            namespace: Some(outside.street.name().to_owned()),
            address: "0.0.0.0",
            name: DOMAIN,
        });
        outside.gateway.set(&format!(
            "[timers]\nknock-wait = 20\nlinger = 5\nwake-spacing = 10\n\
             [mail]\nfrom = \"wake@{DOMAIN}\"\nauthorities = \"{}\"\n{}",
            mail.path().join("ca.pem").display(),
            account("mail.account", &mail.sending(), &mail),
        ));
        outside.gateway.kill();
        outside.gateway.start();
        let settings = format!(
            "[mail]\naddress = \"hall@acme.example\"\nauthorities = \"{}\"\n\
             [mail.read]\nprotocol = \"imap\"\n{}",
            mail.path().join("ca.pem").display(),
            account("mail.read.account", &mail.reading(), &mail),
        );
        fs::write(outside.laptop.home().join("papermesh.toml"), settings).unwrap();
        outside.laptop.restart();
        let called = Self { outside, mail };
        let _ = called.place(&["add", "--name", "desk", "--woken-by", who]);
        called.outside.comes("asleep");
        called
    }

    fn place(&self, args: &[&str]) -> Value {
        let command = self.outside.laptop.papermesh("gateway place").args(args);
        command.run().succeeded().json()
    }

    /// What is in the audit log of this kind: why.
    fn noted(&self, kind: &str) -> Vec<String> {
        let all = self.outside.laptop.audit().into_iter();
        let noted = all.filter(|entry| entry.what == kind);
        noted.map(|entry| entry.detail).collect()
    }

    /// The mails that wait, each a file.
    fn letters(&self) -> Vec<PathBuf> {
        let inbox = self.mail.path().join("mail/hall");
        let of = |folder: &str| papermesh_tests::machine::files(&inbox.join(folder));
        [of("new"), of("cur")].concat()
    }
}

fn account(section: &str, (server, port): &(String, u16), mail: &Servers) -> String {
    format!(
        "[{section}]\nserver = \"{server}\"\nport = {port}\nuser = \"hall\"\npassword-file = \"{}\"\n",
        mail.password_file().display()
    )
}

/// The gateway's mail: somebody knocks, the door comes, holds what is printed, and leaves.
#[test]
fn who_knocks_at_a_door_that_is_away_has_it_called_and_prints() {
    let called = Called::by("gateway");
    let token = called.outside.token("phone");
    let document = called.outside.site.document("report.pdf", "report");
    // A program may have given up before the mail was there; its user tries again.
    wait_until(4 * SOON, "the document to be held", || {
        called.outside.prints(&token, &document)
    });
    assert_eq!(called.outside.laptop.jobs().len(), 1);
    assert!(
        called
            .noted("woken")
            .contains(&"to come, at desk".to_owned())
    );
    called.outside.comes("asleep");
    // It comes when it is told to, and leaves again.
    let connected = called.outside.laptop.papermesh("gateway connect").run();
    let _ = connected.succeeded();
    called.outside.comes("asleep");
    // The gateway knows from now on that the mailbox is the door's.
    let owned = called.outside.gateway.places();
    wait_until(SOON, "the gateway to know who reads the mailbox", || {
        fs::read_to_string(&owned).is_ok_and(|owned| owned.contains(r#""is_read":true"#))
    });
    // The mail has done its work.
    wait_until(SOON, "the mailbox to be empty", || {
        called.letters().is_empty()
    });
    let report = called
        .outside
        .printer
        .visit(&called.outside.charlie)
        .print_all();
    assert!(report.each_ended("printed"), "{report:?}");
}

/// Nobody came in time: a second mail takes the first back, and a door that reads both stays away. One that somebody
/// sends again does nothing either, and is not kept.
#[test]
fn a_call_that_nobody_heard_in_time_is_taken_back() {
    let mut called = Called::by("gateway");
    let token = called.outside.token("phone");
    let document = called.outside.site.document("report.pdf", "report");
    called.outside.laptop.kill();
    assert!(!called.outside.prints(&token, &document));
    wait_until(4 * SOON, "both mails", || called.letters().len() == 2);
    let kept: Vec<(PathBuf, Vec<u8>)> = called
        .letters()
        .into_iter()
        .map(|path| (path.clone(), fs::read(path).unwrap()))
        .collect();
    called.outside.laptop.run();
    wait_until(SOON, "the mailbox to be empty", || {
        called.letters().is_empty()
    });
    assert_eq!(called.noted("woken"), ["to leave, at desk"]);
    assert_eq!(called.noted("wake-refused"), ["it was taken back"]);
    called.outside.comes("asleep");

    for (path, mail) in &kept {
        deliver(path, mail);
    }
    wait_until(SOON, "the mailbox to be empty", || {
        called.letters().is_empty()
    });
    assert_eq!(called.noted("woken").len(), 1);
    assert_eq!(called.noted("wake-refused").len(), 3);
    assert!(called.outside.laptop.jobs().is_empty());
}

/// The same mail once more, as somebody would have it who has seen it.
fn deliver(path: &Path, mail: &[u8]) {
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    let (name, _) = name.split_once(':').unwrap_or((&name, ""));
    let inbox = path.parent().unwrap().parent().unwrap();
    let written = inbox.join("tmp").join(format!("again-{name}"));
    fs::write(&written, mail).unwrap();
    let owner = fs::metadata(inbox).unwrap();
    chown(&written, Some(owner.uid()), Some(owner.gid())).unwrap();
    fs::rename(&written, inbox.join("new").join(format!("again-{name}"))).unwrap();
}

/// The client's mail: a member calls the door, and is told when it is there, or that it did not come.
#[test]
fn a_member_calls_a_door_and_prints() {
    let mut called = Called::by("client");
    let line = called.place(&["add", "--name", "desk", "--woken-by", "client"]);
    let line = line["lines"][0].as_str().unwrap().to_owned();
    // Somebody who is at a customer's, say.
    let away = called.outside.site.invited(
        &called.outside.laptop,
        "away-1",
        "client",
        Setting::within(&called.outside.street),
    );
    let settings = format!(
        "[mail]\naddress = \"hall@acme.example\"\nauthorities = \"{}\"\n{}",
        called.mail.path().join("ca.pem").display(),
        account("mail.send", &called.mail.sending(), &called.mail),
    );
    fs::write(away.home().join("papermesh.toml"), settings).unwrap();
    let away = away.running();
    let token = called.outside.token("phone");
    let document = called.outside.site.document("report.pdf", "report");
    called.outside.comes("asleep");
    let woken = away.papermesh("gateway wake").arg(&line).run().succeeded();
    assert_eq!(
        woken.json::<Value>()["place"],
        format!("desk.acme.{DOMAIN}")
    );
    assert!(called.outside.prints(&token, &document));
    called.outside.comes("asleep");

    // Where nobody comes that is said, and the call is taken back.
    called.outside.laptop.kill();
    let call = ["--wait", "5", &line];
    let refused = away.papermesh("gateway wake").args(call).run();
    assert!(!refused.is_success());
    assert!(
        refused.stderr().contains("did not come within 5 seconds"),
        "{refused:?}"
    );
    wait_until(SOON, "both mails", || called.letters().len() == 2);
    called.outside.laptop.run();
    wait_until(SOON, "the mailbox to be empty", || {
        called.letters().is_empty()
    });
    called.outside.comes("asleep");
}
