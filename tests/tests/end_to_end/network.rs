//! Networks of their own: finding and joining by mDNS, and a relay between those who cannot
//! reach each other. These need root for network namespaces.

use std::sync::Arc;

use papermesh_tests::answer::{Finding, JoinStep, KnownMember, Member, Pending, VisitReport};
use papermesh_tests::network::{Namespace, Wire};
use papermesh_tests::wait::{wait_for, wait_until};
use papermesh_tests::{Document, Machine, SOON, Setting, Site, User};

/// A device that has no invite finds the site by mDNS; both screens show the same six digits; the
/// admin compares and approves. From then on the two find each other by mDNS alone.
#[test]
fn a_device_joins_by_comparing_six_digits_and_finds_the_others_by_itself() {
    let site = Site::new();
    let charlie = User::charlie();
    let mut wire = Wire::new(1);
    let [office, hall] = [(); 2].map(|()| Arc::new(Namespace::new()));
    wire.plug(&office);
    wire.plug(&hall);
    let laptop = site.founder_at("laptop-1", Setting::within(&office));
    laptop.enroll(&charlie, &laptop);
    let mut printer = Machine::new(site.folder(), "front-desk", Setting::within(&hall));

    let joining = printer
        .papermesh("join --role printer --name front-desk")
        .start();
    let digits = joining.says(
        "the digits at the printer",
        |line| match serde_json::from_str(line) {
            Ok(JoinStep::Compare { digits }) => Some(digits),
            _ => None,
        },
    );
    assert_eq!(digits.chars().filter(char::is_ascii_digit).count(), 6);
    let waiting: Pending = wait_for(SOON, "the printer to wait for approval", || {
        laptop.papermesh("pending").json::<Vec<_>>().pop()
    });
    assert_eq!(waiting.name, "front-desk");
    // Whoever admits it has to read the digits where it is.
    let pending = laptop.papermesh("pending").run().succeeded();
    assert!(!pending.stdout().contains(&digits), "{}", pending.stdout());

    // Wrong digits admit nobody.
    let wrong = if digits.starts_with("000") {
        "111111"
    } else {
        "000111"
    };
    let refused = laptop.papermesh("approve").arg(wrong).run();
    assert!(!refused.complaint().is_empty());
    let _ = laptop.papermesh("approve").arg(&digits).run().succeeded();
    let joined: Member = joining.finish().succeeded().json();
    assert_eq!(joined.name, "front-desk");
    assert_eq!(joined.roles, ["printer"]);

    printer.run();
    laptop.wait_for_peers(1);
    assert_walks(&site, &laptop, &printer, &charlie);

    // Both come back under addresses that neither ever heard of: only mDNS finds them. That they
    // met before does not help; what they remember of each other is where nobody is any more.
    let mut laptop = laptop;
    laptop.stop();
    printer.stop();
    let moved = [&office, &hall].map(|machine| wire.plug_anew(machine));
    laptop.start();
    printer.start();
    laptop.wait_until_ready();
    printer.wait_until_ready();
    for (machine, address) in [(&laptop, moved[0]), (&printer, moved[1])] {
        let own = machine.status().listening;
        let at = format!("/ip4/{address}/");
        assert!(own.iter().any(|own| own.starts_with(&at)), "{own:?}");
    }
    laptop.wait_for_peers(1);
    assert_walks(&site, &laptop, &printer, &charlie);
}

/// Two networks that have nothing in common but a bootstrap node, which is plugged into both and
/// forwards no packets: jobs, large ones too, pass through its relay, and it learns nothing of them.
#[test]
fn two_networks_that_share_only_a_bootstrap_node_print_through_its_relay() {
    let site = Site::new();
    let charlie = User::charlie();
    let (mut near, mut far) = (Wire::new(2), Wire::new(3));
    let [office, between, branch] = [(); 3].map(|()| Arc::new(Namespace::new()));
    near.plug(&office);
    let seen_near = near.plug(&between);
    let seen_far = far.plug(&between);

    let mut laptop = site.founder_at("laptop-1", Setting::within(&office));
    laptop.enroll(&charlie, &laptop);
    // The printer joins while it is in the office, and is carried to the branch.
    let mut printer = site.invited(&laptop, "printer-1", "printer", Setting::within(&office));
    let mut relay = site.invited(
        &laptop,
        "bootstrap-1",
        "bootstrap",
        Setting::within(&between),
    );
    let port = 4001;
    for address in [seen_near, seen_far] {
        let listen = format!("/ip4/{address}/tcp/{port}");
        relay.setting().run.extend(["--listen".into(), listen]);
    }
    relay.setting().program = papermesh_tests::program::bootstrap().into();
    relay.run();
    let id = peer_id(&laptop, &relay);
    let bootstrap = |address| format!("/ip4/{address}/tcp/{port}/p2p/{id}");
    let run = ["--no-mdns".to_owned(), "--bootstrap".to_owned()];

    far.plug(&branch);
    laptop.stop();
    laptop.setting().run = [&run[..], &[bootstrap(seen_near)]].concat();
    laptop.run();
    *printer.setting() = Setting::within(&branch);
    printer.setting().run = [&run[..], &[bootstrap(seen_far)]].concat();
    printer.run();

    assert_walks(&site, &laptop, &printer, &charlie);
    let before = far.sent_by(&between);
    let large = Document::pdf_of(site.folder(), "large.pdf", CONTENT, LARGE);
    assert_document_walks(&large, &laptop, &printer, &charlie);
    let relayed = far.sent_by(&between) - before;
    assert!(relayed >= LARGE, "the relay sent on {relayed} bytes only");
    for machine in [&laptop, &printer] {
        let findings: Vec<Finding> = machine.papermesh("doctor").run().json();
        let relay = findings.iter().find(|finding| finding.check == "relay");
        let relay = relay.expect("doctor looks at the relay");
        assert_eq!(relay.verdict, "doubtful", "{}", relay.detail);
    }
    for folder in ["store", "spool", "keys"] {
        for file in relay.files(folder) {
            let bytes = std::fs::read(&file).unwrap();
            let marker = CONTENT.as_bytes();
            let found = bytes.windows(marker.len()).any(|window| window == marker);
            assert!(!found, "{} has the document", file.display());
        }
    }
}

/// Bytes of a document that a relay with the usual limits would break off.
const LARGE: u64 = 60_000_000;

/// What the documents of this file say.
const CONTENT: &str = "the text between two networks";

/// A job of the user on the laptop comes out at the printer.
fn assert_walks(site: &Site, laptop: &Machine, printer: &Machine, user: &User) {
    let report = site.document("report.pdf", CONTENT);
    assert_document_walks(&report, laptop, printer, user);
}

/// This document does.
fn assert_document_walks(report: &Document, laptop: &Machine, printer: &Machine, user: &User) {
    laptop.print(report, user);
    wait_until(SOON, "the job to be found", || printer.visit(user).sees(1));
    let copies = || {
        let tray = printer.tray().into_iter();
        tray.filter(|paper| report.is_at(paper)).count()
    };
    let before = (printer.tray().len(), copies());
    let visit: VisitReport = printer.visit(user).print_all();
    assert_eq!(visit.ending(), "printed");
    assert_eq!(
        (printer.tray().len(), copies()),
        (before.0 + 1, before.1 + 1)
    );
    assert!(laptop.jobs().is_empty());
}

/// The libp2p name of a member: what stands at the end of its address.
fn peer_id(admin: &Machine, member: &Machine) -> String {
    let members: Vec<KnownMember> = admin.papermesh("members").json();
    let member = members.iter().find(|known| known.name == member.name());
    let node = member.expect("the admin knows who joined").node.clone();
    papermesh_tests::rogue::peer_id(&node).to_string()
}
