//! Devices and admins that were put out, and come back with all that they kept: keys, invites, exports.

use std::path::Path;

use papermesh_protocol::badge::BadgeNumber;
use papermesh_protocol::certificate::{Certificate, Role, Roles};
use papermesh_protocol::id::{NodeId, Serial, UserKey};
use papermesh_protocol::limits;
use papermesh_protocol::lookup;
use papermesh_protocol::record::DirectoryRecord;
use papermesh_protocol::seal::SealingPublic;
use papermesh_protocol::signed::Signed;
use papermesh_protocol::site::SiteState;
use papermesh_protocol::user::{Badge, UserEntry, UserState};
use papermesh_tests::answer::{Invite, Member, Root};
use papermesh_tests::rogue::{Identity, Rogue, Shown, new_key, now};
use papermesh_tests::wait::wait_until;
use papermesh_tests::{Machine, SOON, Setting, Site, User};

/// Copies the keys of a device, and nothing else of it, into a new home.
fn stolen_keys(of: &Machine, into: &Machine) {
    let (from, to) = (of.home().join("keys"), into.home().join("keys"));
    std::fs::create_dir_all(&to).unwrap();
    for private in [into.home(), to.as_path()] {
        private_folder(private);
    }
    for file in std::fs::read_dir(from).unwrap() {
        let file = file.unwrap().path();
        std::fs::copy(&file, to.join(file.file_name().unwrap())).unwrap();
    }
}

fn private_folder(folder: &Path) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700)).unwrap();
}

/// A printer joins with an invite that is good for days, is stolen and revoked. Whoever has its keys
/// joins with the same line from an empty home. Nobody is let in, and the admin sees why; invited anew,
/// it is a member again.
#[test]
fn a_revoked_device_does_not_join_again_with_the_invite_that_it_used() {
    let site = Site::new();
    let laptop = site.founder("laptop-1");
    let inviting = laptop.papermesh("invite --role printer --ttl 7d --name printer-1");
    let Invite { invite } = inviting.json();
    let mut printer = Machine::new(site.folder(), "printer-1", Setting::default());
    let joined: Member = printer.papermesh("join").arg(&invite).json();
    printer.run();
    // Used as it is, it is listed with its device, and could be taken back.
    let listed = laptop.papermesh("invites").run().succeeded();
    assert!(
        listed.stdout().contains("\"used_by\":\"printer-1\""),
        "{listed:?}"
    );
    let _ = laptop.papermesh("revoke printer-1").run().succeeded();
    printer.stop();

    let thief = Machine::new(site.folder(), "thief", Setting::default());
    stolen_keys(&printer, &thief);
    let refused = thief.papermesh("join").arg(&invite).run();
    assert!(refused.complaint().contains("invite"), "{refused:?}");
    // Nor from its own home.
    assert!(!printer.papermesh("join").arg(&invite).run().is_success());
    let listed = laptop.papermesh("invites").run().succeeded();
    assert!(!listed.stdout().contains("printer-1"), "{listed:?}");

    let again = laptop.papermesh("invite --role printer --name printer-1");
    let Invite { invite } = again.json();
    let readmitted: Member = thief.papermesh("join").arg(&invite).json();
    assert_eq!(readmitted.node, joined.node);
    let thief = thief.running();
    assert_eq!(thief.status().state, "joined");
}

/// A device joined twice and kept the first certificate in reserve: it is put out with both, at members
/// that never saw either.
#[test]
fn a_member_with_two_certificates_is_out_for_good() {
    let site = Site::new();
    let laptop = site.founder("laptop-1");
    let other = site.member(&laptop, "laptop-2", "client");
    let rogue = site.invited(&laptop, "rogue-1", "client", Setting::default());
    let first = Identity::of(rogue.home());
    // As a second admin would have signed it, of whose registry the first knows nothing.
    let mut laptop = laptop;
    laptop.stop();
    let authority = Identity::authority(laptop.home());
    laptop.run();
    let reserve = Certificate {
        serial: Serial::from_bytes([7; 8]),
        ..first.certificate.clone().into_value()
    };
    let reserve = Signed::sign(reserve, &authority).unwrap();
    let shown = |certificate: &Signed<Certificate>| {
        let shown = Shown::Certificate(certificate.envelope().clone());
        Rogue::new(&first.key, &first, shown)
    };
    for certificate in [&first.certificate, &reserve] {
        assert!(shown(certificate).dial(&other.address()).is_ok());
    }
    let _ = laptop.papermesh("revoke rogue-1").run().succeeded();
    other.wait_for_peers(1);
    for certificate in [&first.certificate, &reserve] {
        for machine in [&laptop, &other] {
            wait_until(SOON, "the revocation to be known", || {
                shown(certificate).dial(&machine.address()).is_err()
            });
        }
    }
}

/// An admin that was away while another put a device out lets that device in again, with an invite of its
/// own. The certificate is good for nobody who knows of the revocation, and for that admin no longer than
/// until it hears of it.
#[test]
fn an_admin_who_missed_a_revocation_takes_it_back_for_nobody() {
    let site = Site::new();
    let mut laptop = site.founder("laptop-1");
    let mut second = site.member(&laptop, "laptop-2", "client");
    site.appoint(&laptop, &second);
    let stolen = site.invited(&laptop, "box-1", "client", Setting::default());
    second.stop();
    let _ = laptop.papermesh("revoke box-1").run().succeeded();
    laptop.stop();
    // Alone, so that nobody tells it.
    second.start();
    wait_until(SOON, "the second admin to run", || {
        second.papermesh("status").run().is_success()
    });
    let inviting = second.papermesh("invite --role client --name box-1 --passphrase-stdin");
    let inviting = inviting.stdin("correct horse battery staple\n");
    let Invite { invite } = inviting.json();
    let mut thief = Machine::new(site.folder(), "thief", Setting::default());
    stolen_keys(&stolen, &thief);
    let _: Member = thief.papermesh("join").arg(&invite).json();
    let identity = Identity::of(thief.home());
    thief.run();
    second.wait_for_peers(1);

    laptop.run();
    wait_until(SOON, "the second admin to hear of it", || {
        second.status().peers == 1 && thief.status().peers == 0
    });
    for machine in [&laptop, &second] {
        let shown = Shown::Certificate(identity.certificate.envelope().clone());
        let rogue = Rogue::new(&identity.key, &identity, shown);
        assert!(
            rogue.dial(&machine.address()).is_err(),
            "{}",
            machine.name()
        );
    }
}

/// The founder's computer is lost, and of the root there is what an export carries. A member becomes an admin with
/// it, takes the root out of it, and takes the lost key back; each step that does not go so names the next.
#[test]
fn a_lost_founders_key_is_taken_back_with_what_an_export_carries() {
    const PASSPHRASE: &str = "correct horse battery staple\n";
    let site = Site::new();
    let mut laptop = site.founder("laptop-1");
    let mut second = site.member(&laptop, "laptop-2", "client");
    let printer = site.tray_printer(&laptop, "printer-1");
    let (export, root_file) = (site.path("acme.site"), site.path("acme.root"));
    let exporting = laptop
        .papermesh("site export --passphrase-stdin")
        .arg(&export);
    let _ = exporting.stdin(PASSPHRASE).run().succeeded();
    laptop.stop();

    let importing = second
        .papermesh("site import --passphrase-stdin")
        .arg("--root-passphrase-file")
        .args([site.root_passphrase(), export.clone()]);
    let _ = importing.stdin(PASSPHRASE).run().succeeded();
    let root: Root = second.papermesh("site root show").json();
    assert!(!root.here && root.admins.len() == 2, "{root:?}");
    let revoking = |machine: &Machine| {
        machine
            .papermesh("revoke laptop-1")
            .arg("--root-passphrase-file")
            .arg(site.root_passphrase())
    };
    for said in [
        revoking(&second).run(),
        revoking(&second).arg("--root").arg(&export).run(),
    ] {
        let said = said.complaint();
        assert!(said.contains("papermesh site root export --from"), "{said}");
    }

    // With its passphrase alone, and with no node.
    second.stop();
    let taking = |passphrase: &str| {
        let taking = second.papermesh("site root export --passphrase-stdin");
        let taking = taking.arg("--from").args([&export, &root_file]);
        taking.stdin(passphrase).run()
    };
    let guessed = taking("wrong horse battery staple\n");
    assert!(guessed.complaint().contains("passphrase"), "{guessed:?}");
    assert!(!root_file.exists());
    let _ = taking(PASSPHRASE).succeeded();
    let text = std::fs::read_to_string(&root_file).unwrap();
    assert!(text.starts_with("-----BEGIN PAPERMESH ROOT-----"), "{text}");
    let _ = taking(PASSPHRASE).complaint();
    second.run();

    // Its own key is closed again.
    let revoking = revoking(&second).arg("--root").arg(&root_file);
    let revoking = revoking.arg("--passphrase-stdin").stdin(PASSPHRASE);
    let _ = revoking.run().succeeded();
    let root: Root = second.papermesh("site root show").json();
    assert_eq!((root.charter, root.admins.len()), (2, 1));
    wait_until(SOON, "the printer to know", || {
        let root: Root = printer.papermesh("site root show").json();
        root.admins.len() == 1
    });
}

/// An admin exports the site, leaves, and is revoked with the root. Nothing that the old key signs is
/// believed, whatever its numbers; the export opens nothing. Everybody else goes on as before.
#[test]
fn an_admin_who_was_revoked_signs_for_nobody_and_everybody_else_goes_on() {
    let (site, charlie, dana) = (Site::new(), User::charlie(), User::dana());
    let mut laptop = site.founder("laptop-1");
    let printer = site.tray_printer(&laptop, "printer-1");
    let second = site.member(&laptop, "laptop-2", "client");
    laptop.enroll(&charlie, &second);
    site.appoint(&laptop, &second);
    // A user and a member that the second admin knows from the first one alone.
    let away = site.member(&laptop, "laptop-3", "client");
    laptop.enroll(&dana, &away);
    let export = site.path("kept-by-the-leaver.site");
    let exporting = laptop
        .papermesh("site export --passphrase-stdin")
        .arg(&export);
    const PASSPHRASE: &str = "correct horse battery staple\n";
    let _ = exporting.stdin(PASSPHRASE).run().succeeded();
    let root_file = site.path("site.root");
    let moving = laptop
        .papermesh("site root export --move")
        .arg("--root-passphrase-file")
        .args([site.root_passphrase(), root_file.clone()]);
    let moved: Root = moving.json();
    assert!(!moved.here && moved.admins.len() == 2, "{moved:?}");
    laptop.stop();
    let stolen = Identity::authority(laptop.home());
    laptop.run();
    second.wait_for_peers(3);
    wait_until(SOON, "the admins to know the same users", || {
        let users = second.papermesh("user list").run().succeeded();
        users.stdout().contains("dana")
    });

    // Without the root it is said what cannot be done.
    let said = second.papermesh("revoke laptop-1").run();
    assert!(said.misuse().contains("root"), "{said:?}");
    let revoking = second
        .papermesh("revoke laptop-1")
        .arg("--root-passphrase-file")
        .args([site.root_passphrase(), "--root".into(), root_file]);
    let _ = revoking.run().succeeded();
    let chartered = |machine: &Machine| {
        let root: Root = machine.papermesh("site root show").json();
        (root.charter, root.admins.len())
    };
    for machine in [&second, &printer, &away] {
        let what = format!("{} to know the charter", machine.name());
        wait_until(SOON, &what, || chartered(machine) == (2, 1));
    }
    laptop.stop();

    // Those who were admitted and enrolled by the old key print as before, without a visit of anybody.
    second.print(&site.document("one.pdf", "x"), &charlie);
    away.print(&site.document("two.pdf", "x"), &dana);
    wait_until(SOON, "the jobs to be found", || {
        printer.visit(&charlie).sees(1) && printer.visit(&dana).sees(1)
    });

    // What the old key signs.
    let member = site.member(&second, "rogue-1", "client");
    let mut member = member;
    member.stop();
    let identity = Identity::of(member.home());
    let key = new_key();
    let certificate = Certificate {
        site: identity.certificate.site,
        node: NodeId::from(key.verifying_key()),
        sealing: SealingPublic::from_bytes([9; 32]),
        name: "ghost".parse().unwrap(),
        roles: Roles::of(&[Role::Printer, Role::Admin]),
        serial: Serial::from_bytes([9; 8]),
        // Dated back to when the key was good.
        not_before: identity.certificate.not_before - limits::CLOCK_SKEW * 12,
        not_after: identity.certificate.not_after - limits::CLOCK_SKEW * 12,
        despite: None,
    };
    let forged = Signed::sign(certificate, &stolen).unwrap();
    let shown = Shown::Certificate(forged.envelope().clone());
    let ghost = Rogue::new(&key, &identity, shown);
    for machine in [&second, &printer, &away] {
        assert!(
            ghost.dial(&machine.address()).is_err(),
            "{}",
            machine.name()
        );
    }
    let rogue = Rogue::with(&identity);
    let at = rogue.dial(&printer.address()).unwrap();
    let tag = lookup::badge_tag(&identity.secret, &BadgeNumber::of("0499")).unwrap();
    let own = new_key();
    for sequence in [2, (2 << 32) + 1, (3 << 32) + 1, u64::MAX] {
        let entry = UserEntry {
            site: identity.certificate.site,
            user: charlie.id.parse().unwrap(),
            sequence,
            issued_at: now(),
            display: "Mallory".parse().unwrap(),
            key: Some(UserKey::from(own.verifying_key())),
            badges: vec![tag],
            groups: Vec::new(),
            state: UserState::Active,
        };
        let badge = Badge {
            site: identity.certificate.site,
            tag,
            user: Some(charlie.id.parse().unwrap()),
            sequence,
        };
        let state = SiteState {
            sequence,
            revoked: Vec::new(),
            ..identity.state.clone().into_value()
        };
        let user = lookup::user_entry_key(&identity.secret, &charlie.id.parse().unwrap());
        let records = [
            (
                user,
                DirectoryRecord::UserEntry(Signed::sign(entry, &stolen).unwrap()),
            ),
            (
                lookup::badge_key(tag),
                DirectoryRecord::Badge(Signed::sign(badge, &stolen).unwrap()),
            ),
            (
                lookup::site_state_key(&identity.secret),
                DirectoryRecord::SiteState(Signed::sign(state, &stolen).unwrap()),
            ),
        ];
        for (key, record) in records {
            let taken = rogue.put(at, key, record.to_bytes().unwrap());
            assert!(taken.is_err(), "{record:?} was stored");
        }
    }
    // The export makes nobody an admin, not even with what opened it.
    let ghost = Machine::new(site.folder(), "ghost", Setting::default());
    let import = ghost
        .papermesh("site import --passphrase-stdin --name ghost")
        .arg(&export);
    let refused = import.stdin(PASSPHRASE).run();
    assert!(refused.misuse().contains("root"), "{refused:?}");
    // Nor does the home that it was made in come back.
    laptop.start();
    wait_until(SOON, "the leaver to know", || {
        laptop
            .papermesh("status")
            .run()
            .stdout()
            .contains("revoked")
    });
    assert!(!laptop.papermesh("invite --role client").run().is_success());

    assert_eq!(printer.visit(&charlie).print_all().ending(), "printed");
    assert_eq!(printer.visit(&dana).print_all().ending(), "printed");
    let _ = site.tray_printer(&second, "printer-2");
}
