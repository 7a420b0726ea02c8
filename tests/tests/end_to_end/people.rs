//! People come and go: PINs and badges change, users are disabled, computers are shared, admins
//! lose their laptops, invites fall into the wrong hands.

use papermesh_tests::answer::{Invite, Member, Submitted, Ticket};
use papermesh_tests::wait::wait_until;
use papermesh_tests::{Machine, SOON, Setting, Site, User};

#[test]
fn a_changed_pin_replaces_the_old_one_on_all_computers_of_the_user() {
    let (site, charlie) = (Site::new(), User::charlie());
    let laptop = site.founder("laptop-1");
    let mut linked = site.member(&laptop, "laptop-2", "client");
    let printer = site.tray_printer(&laptop, "printer-1");
    laptop.enroll(&charlie, &laptop);
    laptop.link(&charlie, &linked);
    laptop.print(&site.document("one.pdf", "1"), &charlie);
    linked.print(&site.document("two.pdf", "2"), &charlie);
    assert!(printer.visit(&charlie).sees(2));

    // One computer is away while the PIN changes, and gets the new one when it is back.
    linked.stop();
    let newer = charlie.guessing("162342");
    let wrong = change_pin(&laptop, "000000", &newer.pin);
    assert!(!wrong.complaint().is_empty());
    let _ = change_pin(&laptop, &charlie.pin, &newer.pin).succeeded();
    assert!(printer.visit(&newer).sees(1));
    linked.run();
    wait_until(SOON, "the other computer to want the new PIN", || {
        printer.visit(&newer).sees(2)
    });
    let old = printer.visit(&charlie).attempt(&["--list"]);
    assert!(!old.complaint().is_empty());
}

fn change_pin(laptop: &Machine, old: &str, new: &str) -> papermesh_tests::command::Ended {
    let change = laptop.papermesh("user pin --pin-stdin");
    change.stdin(&format!("{old}\n{new}\n")).run()
}

#[test]
fn a_disabled_user_neither_prints_nor_releases_until_enabled_again() {
    let (site, charlie) = (Site::new(), User::charlie());
    let laptop = site.founder("laptop-1");
    let printer = site.tray_printer(&laptop, "printer-1");
    laptop.enroll(&charlie, &laptop);
    let report = site.document("report.pdf", "x");
    laptop.print(&report, &charlie);
    assert!(printer.visit(&charlie).sees(1));

    let _ = laptop.papermesh("user disable charlie").run().succeeded();
    wait_until(SOON, "the user to be turned away", || {
        !printer.visit(&charlie).sees(1)
    });
    let refused = laptop.submission(&report, &charlie).run();
    assert!(!refused.complaint().is_empty());
    assert_eq!(laptop.jobs().len(), 1, "what was held stays");

    let _ = laptop.papermesh("user enable charlie").run().succeeded();
    wait_until(SOON, "the user to be let in again", || {
        printer.visit(&charlie).sees(1)
    });
    assert_eq!(printer.visit(&charlie).print_all().ending(), "printed");
}

#[test]
fn a_badge_changes_hands() {
    let (site, charlie, dana) = (Site::new(), User::charlie(), User::dana());
    let laptop = site.founder("laptop-1");
    let printer = site.tray_printer(&laptop, "printer-1");
    laptop.enroll(&charlie, &laptop);
    laptop.enroll(&dana, &laptop);
    laptop.print(&site.document("dana.pdf", "x"), &dana);

    let taken = laptop.papermesh("user badge charlie --remove");
    let _ = taken.arg(&charlie.badge).run().succeeded();
    let given = laptop.papermesh("user badge dana");
    let _ = given.arg(&charlie.badge).run().succeeded();
    let carrying = User::new("dana", &charlie.badge, &dana.pin);
    wait_until(SOON, "the badge to name its new owner", || {
        let ended = printer.visit(&carrying).attempt(&["--list"]);
        ended.is_success() && ended.stdout().contains("dana.pdf")
    });
    // However its reader writes it.
    let written = charlie
        .badge
        .to_lowercase()
        .as_bytes()
        .chunks(2)
        .map(|pair| String::from_utf8_lossy(pair).into_owned())
        .collect::<Vec<_>>()
        .join(":");
    let carrying = User::new("dana", &written, &dana.pin);
    assert!(printer.visit(&carrying).sees(1));
}

/// A shared computer knows nobody's PIN. A visitor gives one for the job, and with it the job is
/// released; the visitor's own PIN opens nothing there.
#[test]
fn a_shared_computer_takes_a_pin_for_the_visit() {
    let (site, charlie) = (Site::new(), User::charlie());
    let laptop = site.founder("laptop-1");
    let library = site.member(&laptop, "library-1", "shared-client");
    let printer = site.tray_printer(&laptop, "printer-1");
    laptop.enroll(&charlie, &laptop);
    let report = site.document("report.pdf", "x");

    let without = library.submission(&report, &charlie).run();
    assert!(without.stderr().contains("PIN"), "{without:?}");
    let submission = library.submission(&report, &charlie).arg("--pin-stdin");
    let common = submission.stdin("1234\n").run();
    assert!(common.stderr().contains("too easy to guess"), "{common:?}");
    assert!(library.jobs().is_empty());
    let visiting = charlie.guessing("998877");
    let submission = library.submission(&report, &charlie).arg("--pin-stdin");
    let _: Submitted = submission.stdin(&format!("{}\n", visiting.pin)).json();

    let own = printer.visit(&charlie).attempt(&["--list"]);
    assert!(!own.is_success() || !own.stdout().contains("report.pdf"));
    wait_until(SOON, "the visitor to be let in", || {
        printer.visit(&visiting).sees(1)
    });
    assert_eq!(printer.visit(&visiting).print_all().ending(), "printed");
    assert!(library.jobs().is_empty());
}

#[test]
fn the_site_says_whether_a_badge_alone_suffices() {
    let (site, charlie) = (Site::new(), User::charlie());
    let laptop = site.founder("laptop-1");
    let printer = site.tray_printer(&laptop, "printer-1");
    laptop.enroll(&charlie, &laptop);
    laptop.print(&site.document("report.pdf", "x"), &charlie);
    let badge_alone = || {
        let release = printer.papermesh("release --all");
        release.args(["--badge", &charlie.badge]).run()
    };
    assert!(!badge_alone().is_success());

    let policy = laptop.papermesh("site policy --login badge --yes");
    let _ = policy.run().succeeded();
    wait_until(SOON, "the policy to arrive", || badge_alone().is_success());
    assert_eq!(printer.tray().len(), 1);
    assert!(laptop.jobs().is_empty());
}

#[test]
fn the_site_says_whether_badges_are_taken_at_all() {
    let (site, charlie) = (Site::new(), User::charlie());
    let laptop = site.founder("laptop-1");
    let printer = site.tray_printer(&laptop, "printer-1");
    laptop.enroll(&charlie, &laptop);
    laptop.print(&site.document("report.pdf", "x"), &charlie);
    let by_badge = || printer.visit(&charlie).attempt(&["--list"]);
    let _ = by_badge().succeeded();

    let policy = laptop.papermesh("site policy --login pin");
    let _ = policy.run().succeeded();
    wait_until(SOON, "the policy to arrive", || !by_badge().is_success());
    let complaint = by_badge().complaint().to_owned();
    assert!(complaint.contains("badge"), "{complaint}");
    let by_id = printer.visit(&charlie).by_id(&charlie);
    assert_eq!(by_id.print_all().ending(), "printed");
}

/// An invite and a ticket are good once, for one device, and for a time.
#[test]
fn an_invite_is_good_once() {
    let (site, charlie) = (Site::new(), User::charlie());
    let laptop = site.founder("laptop-1");
    let invitation = laptop.papermesh("invite --role printer --name printer-1");
    let Invite { invite } = invitation.json();
    let [first, second] =
        ["first", "second"].map(|name| Machine::new(site.folder(), name, Setting::default()));
    let joined: Member = first.papermesh("join").arg(&invite).json();
    assert_eq!(
        (&*joined.name, &*joined.roles.concat()),
        ("printer-1", "printer")
    );
    let again = second.papermesh("join").arg(&invite).run();
    assert!(!again.complaint().is_empty());

    // With its secret changed, or cut short, it is good for nothing.
    let Invite { invite } = laptop.papermesh("invite --role printer").json();
    let mut forged = invite.clone().into_bytes();
    let last = forged.len() - 2;
    forged[last] = if forged[last] == b'a' { b'b' } else { b'a' };
    for bad in [
        &*String::from_utf8(forged).unwrap(),
        &invite[..invite.len() - 8],
    ] {
        let refused = second.papermesh("join").arg(bad).run();
        assert!(!refused.is_success(), "{bad} was taken");
    }
    assert!(second.papermesh("run").run().complaint().contains("join"));

    let elsewhere = site.member(&laptop, "laptop-2", "client");
    let adding = laptop.papermesh("user add charlie");
    let Ticket { ticket } = adding.json();
    let enroll = |computer: &Machine| {
        let enrolling = computer.papermesh("user enroll --pin-stdin");
        let enrolling = enrolling.arg(&ticket);
        enrolling.stdin(&format!("{}\n", charlie.pin)).run()
    };
    let _ = enroll(&laptop).succeeded();
    assert!(!enroll(&elsewhere).complaint().is_empty());
}

/// The admin's laptop is gone for good. Printing went on without it; with the export that was
/// kept elsewhere, another machine admits new members.
#[test]
fn a_dead_admin_is_no_dead_site() {
    const PASSPHRASE: &str = "correct horse battery staple\n";
    let (site, charlie) = (Site::new(), User::charlie());
    let mut admin = site.founder("admin-1");
    let laptop = site.member(&admin, "laptop-1", "client");
    let printer = site.tray_printer(&admin, "printer-1");
    admin.enroll(&charlie, &laptop);
    let kept = site.path("kept.site");
    let export = admin.papermesh("site export --passphrase-stdin").arg(&kept);
    let _ = export.stdin(PASSPHRASE).run().succeeded();
    admin.kill();

    laptop.print(&site.document("report.pdf", "x"), &charlie);
    assert_eq!(printer.visit(&charlie).print_all().ending(), "printed");

    let import = |passphrase| {
        let import = laptop
            .papermesh("site import --passphrase-stdin")
            .arg("--root-passphrase-file")
            .args([&site.root_passphrase(), &kept]);
        import.stdin(passphrase).run()
    };
    assert!(!import("another passphrase\n").complaint().is_empty());
    let _ = import(PASSPHRASE).succeeded();
    let further = site.tray_printer(&laptop, "printer-2");
    laptop.print(&site.document("report.pdf", "x"), &charlie);
    wait_until(SOON, "the job to be found", || {
        further.visit(&charlie).sees(1)
    });
    assert_eq!(further.visit(&charlie).print_all().ending(), "printed");
}
