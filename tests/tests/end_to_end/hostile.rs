//! Members and strangers who misbehave: forged records, wrong certificates, guesses at PINs,
//! peers that say nothing. See [`papermesh_tests::rogue`] for how they are made.

use std::fs;
use std::io::{ErrorKind, Read};
use std::net::TcpStream;
use std::path::Path;
use std::time::{Duration, Instant};

use papermesh_protocol::advert::{Advert, AdvertSet, Advertiser, Delegated};
use papermesh_protocol::badge::BadgeNumber;
use papermesh_protocol::certificate::{Certificate, Role, Roles};
use papermesh_protocol::delegation::Delegation;
use papermesh_protocol::id::{BadgeTag, NodeId, RecordKey, ReleaseId, SiteId, UserKey};
use papermesh_protocol::judge::Judge;
use papermesh_protocol::limits;
use papermesh_protocol::lookup;
use papermesh_protocol::record::DirectoryRecord;
use papermesh_protocol::release::message::{Answer, Refusal, Request};
use papermesh_protocol::release::printer::SessionError;
use papermesh_protocol::release::version::protocol;
use papermesh_protocol::signed::Signed;
use papermesh_protocol::site::{Revoked, SitePolicy, SiteState};
use papermesh_protocol::text::UserId;
use papermesh_protocol::user::{Badge, UserEntry, UserState};
use papermesh_protocol::version::Version;
use papermesh_tests::command::Invocation;
use papermesh_tests::http::OpenPage;
use papermesh_tests::program::system;
use papermesh_tests::rogue::{
    Conversation, FalseHolder, Identity, Lie, Lies, Rogue, Shown, new_key, now, peer_id,
};
use papermesh_tests::wait::wait_until;
use papermesh_tests::{Machine, SOON, Setting, Site, User};

// Records ---------------------------------------------------------------------------------------

/// A member offers records to an honest storage node: forged, replayed, expired, withdrawn,
/// oversized, foreign. None is stored; a reader believes none.
#[test]
fn invariant_6_a_bad_record_is_stored_by_no_one_and_believed_by_no_one() {
    let (site, charlie) = (Site::new(), User::charlie());
    let laptop = site.founder("laptop-1");
    let storage = site.member(&laptop, "storage-1", "client");
    let printer = site.tray_printer(&laptop, "printer-1");
    laptop.enroll(&charlie, &laptop);
    laptop.print(&site.document("report.pdf", "x"), &charlie);
    let rogue = Storer::join(&site, &laptop, "rogue-1", "client", &charlie);
    let at = rogue.dial(&storage);
    let bad = rogue.bad_records();

    // A good one is taken, so that a refusal means something.
    let good = DirectoryRecord::SiteState(rogue.identity.state.clone());
    let state_key = lookup::site_state_key(&rogue.identity.secret);
    rogue
        .peer
        .put(at, state_key, good.to_bytes().unwrap())
        .unwrap();

    let offers = bad.iter().map(|(_, key, value)| (*key, value.clone()));
    let taken = rogue.peer.put_each(at, offers);
    assert_eq!(taken.len(), bad.len());
    for ((what, key, value), taken) in bad.iter().zip(taken) {
        assert!(taken.is_err(), "{what} was taken");
        // What is there is what honest members put there, and nothing of ours.
        assert!(!rogue.peer.get(*key).contains(value), "{what} was stored");
    }
    // Nobody was irritated.
    let list = printer.visit(&charlie).list();
    assert_eq!(list.titles(), ["report.pdf"]);
    let holders: Vec<_> = list.holders.iter().map(|holder| &holder.holder).collect();
    assert_eq!(holders, [&laptop.id()]);
    assert_eq!(storage.status().state, "joined");
}

/// An advert that was withdrawn cannot be brought back by whoever kept the earlier one, not even
/// by sending it to a node that has forgotten nothing and was killed meanwhile.
#[test]
fn invariant_6_a_withdrawn_advert_is_not_resurrected_by_a_replay() {
    let (site, charlie) = (Site::new(), User::charlie());
    let laptop = site.founder("laptop-1");
    let mut storage = site.member(&laptop, "storage-1", "client");
    let printer = site.tray_printer(&laptop, "printer-1");
    laptop.enroll(&charlie, &laptop);
    laptop.print(&site.document("report.pdf", "x"), &charlie);
    let rogue = Storer::join(&site, &laptop, "rogue-1", "client", &charlie);
    let at = rogue.dial(&storage);
    let key = rogue.adverts_key();
    let kept = rogue.wait_for_adverts(|set| set.live().count() == 1);

    assert_eq!(printer.visit(&charlie).print_all().ending(), "printed");
    rogue.wait_for_adverts(|set| set.live().count() == 0 && set.len() == 1);
    for _ in 0..2 {
        // Taken or not, it changes nothing.
        let _ = rogue.peer.put(at, key, kept.clone());
        let set = rogue.adverts();
        assert_eq!((set.live().count(), set.len()), (0, 1));
        storage.kill();
        storage.run();
        rogue.dial(&storage);
    }
    assert!(printer.visit(&charlie).list().holders.is_empty());
}

/// What the authority said once is no longer true when it has said something newer: the site
/// state from before a revocation undoes nothing, although it is genuine.
#[test]
fn invariant_6_an_older_word_of_the_authority_replaces_no_newer() {
    let (site, charlie) = (Site::new(), User::charlie());
    let laptop = site.founder("laptop-1");
    let storage = site.member(&laptop, "storage-1", "client");
    let stolen = site.invited(&laptop, "stolen-1", "client", Setting::default());
    let rogue = Storer::join(&site, &laptop, "rogue-1", "client", &charlie);
    let before = rogue.identity.state.clone();
    let revocation = laptop.papermesh("revoke stolen-1");
    let _ = revocation.run().succeeded();
    let at = rogue.dial(&storage);
    let key = lookup::site_state_key(&rogue.identity.secret);
    let sequence = |value: Vec<u8>| {
        let judge = rogue.judge();
        match DirectoryRecord::read(key, &value, &rogue.identity.secret, &judge, None) {
            Ok(DirectoryRecord::SiteState(state)) => state.sequence,
            other => panic!("no site state is stored but {other:?}"),
        }
    };
    let stored = || rogue.peer.get(key).into_iter().map(sequence).min();
    wait_until(SOON, "the newer state to be stored", || {
        stored().is_some_and(|stored| stored > before.sequence)
    });

    // Taken or not, it changes nothing.
    let replay = DirectoryRecord::SiteState(before.clone());
    let _ = rogue.peer.put(at, key, replay.to_bytes().unwrap());
    assert!(stored().is_some_and(|stored| stored > before.sequence));
    let thief = Rogue::with(&Identity::of(stolen.home()));
    for machine in [&laptop, &storage] {
        assert!(
            thief.dial(&machine.address()).is_err(),
            "{}",
            machine.name()
        );
    }
}

/// A member answers lookups with what nobody stored there. Its forgeries are believed by no one;
/// the authority's word is, whoever brings it: so the lies were heard, too.
#[test]
fn invariant_6_a_lie_in_answer_to_a_lookup_is_believed_by_no_one() {
    let (site, charlie) = (Site::new(), User::charlie());
    let mut laptop = site.founder("laptop-1");
    laptop.enroll(&charlie, &laptop);
    laptop.print(&site.document("report.pdf", "x"), &charlie);
    let rogue = Storer::join(&site, &laptop, "rogue-1", "client", &charlie);
    // The printer knows the rogue from the beginning, and asks it.
    let known = format!(
        "{}/p2p/{}",
        rogue.peer.address(),
        peer_id(&rogue.identity.node().to_string())
    );
    let setting = Setting::default().running(&["--bootstrap", &known]);
    let printer = site.invited(&laptop, "printer-1", "printer", setting);
    laptop.stop();
    let authority = Identity::authority(laptop.home());
    laptop.run();
    let printer = printer.running();
    printer.wait_for_peers(2);

    let (forged, genuine) = ("04F0F0F0F0F001", "04F0F0F0F0F002");
    let pretended = [(forged, &rogue.identity.key), (genuine, &authority)].map(|(number, key)| {
        let tag = lookup::badge_tag(&rogue.identity.secret, &BadgeNumber::of(number)).unwrap();
        let badge = Badge {
            site: rogue.site(),
            tag,
            user: Some(rogue.user.clone()),
            sequence: 7,
        };
        let badge = DirectoryRecord::Badge(Signed::sign(badge, key).unwrap());
        (lookup::badge_key(tag), badge.to_bytes().unwrap())
    });
    for (key, value) in pretended {
        rogue.peer.answer_with(key, value).unwrap();
    }
    for (_, key, value) in rogue.bad_records() {
        // Some are more than an answer can have.
        let _ = rogue.peer.answer_with(key, value);
    }

    let with = |badge: &str| User::new(&charlie.id, badge, &charlie.pin);
    wait_until(SOON, "the genuine badge to be found", || {
        printer.visit(&with(genuine)).sees(1)
    });
    let refused = printer.visit(&with(forged)).attempt(&["--list"]);
    assert!(refused.complaint().contains("badge"), "{refused:?}");
    // Nothing was lost to those who are looked up at the same keys.
    let list = printer.visit(&charlie).list();
    let holders: Vec<_> = list.holders.iter().map(|holder| &holder.holder).collect();
    assert_eq!(holders, [&laptop.id()]);
    assert_eq!(printer.visit(&charlie).print_all().ending(), "printed");
}

/// A member signs a delegation with a user key that it made up. Storage nodes cannot know the
/// user's key; the printer compares it with the authority's word, and asks the liar nothing.
#[test]
fn invariant_6_a_holder_with_a_made_up_user_key_is_not_believed() {
    let (site, charlie) = (Site::new(), User::charlie());
    let laptop = site.founder("laptop-1");
    let printer = site.tray_printer(&laptop, "printer-1");
    laptop.enroll(&charlie, &laptop);
    laptop.print(&site.document("report.pdf", "x"), &charlie);
    let rogue = Storer::join(&site, &laptop, "rogue-1", "client", &charlie);
    rogue.peer.keep_silent_on(protocol(Version::Two));
    let at = rogue.dial(&laptop);
    let own = new_key();
    let delegation = rogue.delegation(&own, rogue.identity.node());
    let advert = rogue.advert(Some(delegation), now(), false);
    let _ = rogue.peer.put(at, rogue.adverts_key(), rogue.set(advert));

    let list = printer.visit(&charlie).list();
    assert_eq!(list.titles(), ["report.pdf"]);
    let holders: Vec<_> = list.holders.iter().map(|holder| &holder.holder).collect();
    assert_eq!(holders, [&laptop.id()], "the liar is listed as a holder");
}

/// A member sends records on end, genuine ones and as large as they come. It is heard as long as it sends
/// no more than a node stores, and then waits; others are heard, and what they do goes on meanwhile.
#[test]
fn a_member_that_sends_records_on_end_is_not_heard_on_end() {
    const AT_ONCE: usize = 8;
    let (site, charlie) = (Site::new(), User::charlie());
    let mut laptop = site.founder("laptop-1");
    laptop.enroll(&charlie, &laptop);
    laptop.stop();
    let authority = Identity::authority(laptop.home());
    laptop.run();
    let printer = site.tray_printer(&laptop, "printer-1");
    laptop.print(&site.document("report.pdf", "x"), &charlie);
    let [rogue, other] =
        ["rogue-1", "client-1"].map(|name| Storer::join(&site, &laptop, name, "client", &charlie));
    let at = rogue.dial(&laptop);
    assert_eq!(other.dial(&laptop), at);

    // Genuine, but for those whom it puts out, whom there are not.
    let put_out = (0..850_u16).map(|number| {
        let mut node = [0; 32];
        node[..2].copy_from_slice(&number.to_be_bytes());
        let node = NodeId::from_bytes(node);
        Revoked { node, at: now() }
    });
    let state = SiteState {
        sequence: rogue.identity.state.sequence + 1,
        revoked: put_out.collect(),
        ..(*rogue.identity.state).clone()
    };
    let state = DirectoryRecord::SiteState(Signed::sign(state, &authority).unwrap());
    let (key, state) = (
        lookup::site_state_key(&rogue.identity.secret),
        state.to_bytes().unwrap(),
    );
    let began = Instant::now();
    let sent = std::thread::scope(|scope| {
        let flood = scope.spawn(|| {
            let mut sent = 0;
            loop {
                let offers = (0..AT_ONCE).map(|_| (key, state.clone()));
                if rogue.peer.put_each(at, offers).iter().any(Result::is_err) {
                    return sent;
                }
                sent += AT_ONCE * state.len();
                // What a node stores is sent anew every quarter of an hour.
                let share = 1.0 + began.elapsed().as_secs_f64() / (15.0 * 60.0);
                let most = (limits::STORED_BYTES as f64 * share) as usize;
                assert!(sent <= most, "{sent} bytes were taken");
            }
        });
        assert_eq!(printer.visit(&charlie).print_all().ending(), "printed");
        flood.join().unwrap()
    });
    let fewest = limits::STORED_BYTES - AT_ONCE * state.len();
    assert!(sent >= fewest, "only {sent} bytes were taken");
    assert_eq!(other.peer.put(at, key, state), Ok(()));
}

/// A shared computer may advertise for anybody, and this one never answers anybody. The jobs of
/// the others appear without it.
#[test]
fn a_silent_peer_delays_nobody() {
    let (site, charlie) = (Site::new(), User::charlie());
    let laptop = site.founder("laptop-1");
    let printer = site.tray_printer(&laptop, "printer-1");
    laptop.enroll(&charlie, &laptop);
    laptop.print(&site.document("report.pdf", "x"), &charlie);
    let began = Instant::now();
    assert!(printer.visit(&charlie).sees(1));
    let usual = began.elapsed();

    let rogue = Storer::join(&site, &laptop, "rogue-1", "shared-client", &charlie);
    rogue.peer.keep_silent_on(protocol(Version::Two));
    let at = rogue.dial(&laptop);
    let advert = rogue.advert(None, now(), false);
    rogue
        .peer
        .put(at, rogue.adverts_key(), rogue.set(advert))
        .unwrap();

    let began = Instant::now();
    let list = printer.visit(&charlie).list();
    let took = began.elapsed();
    assert_eq!(list.titles(), ["report.pdf"]);
    assert!(took < usual + DELAY, "it took {took:?}, usually {usual:?}");
    let silent = rogue.identity.node().to_string();
    let states: Vec<_> = list
        .holders
        .iter()
        .filter(|holder| holder.holder == silent)
        .map(|holder| &*holder.state)
        .collect();
    assert!(!states.contains(&"open"), "{states:?}");
    assert_eq!(printer.visit(&charlie).print_all().ending(), "printed");
}

/// How much longer a list may take because a holder that was reached says nothing. Less than a
/// visit waits for somebody when nobody answers, and more than two slow cores hesitate.
const DELAY: Duration = Duration::from_secs(4);

/// A shared computer guesses a PIN and sees whether the user's is the same. It learns that it is not; and
/// whoever stands at the printer sees which computer wants another PIN, and so does its audit log.
#[test]
fn a_holder_that_wants_another_pin_than_the_others_is_shown() {
    let (site, charlie) = (Site::new(), User::charlie());
    let laptop = site.founder("laptop-1");
    let at = site.panel(&laptop, "printer-1", &[]);
    laptop.enroll(&charlie, &laptop);
    laptop.print(&site.document("report.pdf", "x"), &charlie);
    let rogue = Storer::join(&site, &laptop, "rogue-1", "shared-client", &charlie);
    let guess = charlie.guessing("000000");
    let lies = Lies {
        jobs: 1,
        picture: Lie::Bytes(0),
    };
    let _holder = FalseHolder::begin(&rogue.peer, &rogue.identity, &guess, &at.printer.id(), lies);
    let there = rogue.dial(&laptop);
    let advert = rogue.set(rogue.advert(None, now(), false));
    let taken = rogue.peer.put(there, rogue.adverts_key(), advert);
    assert_eq!(taken, Ok(()));

    let guesser = rogue.identity.node().to_string();
    wait_until(SOON, "the guesser to be asked", || {
        let list = at.printer.visit(&charlie).list();
        assert_eq!(list.titles(), ["report.pdf"]);
        let state = list.holders.iter().find(|found| found.holder == guesser);
        state.is_some_and(|found| found.state == "denied")
    });
    let denied = at.printer.audit().into_iter().any(|entry| {
        entry.what == "login-denied"
            && entry.user.as_deref() == Some(&*charlie.id)
            && entry.peer.as_deref() == Some(&*guesser)
    });
    assert!(denied, "{:?}", at.printer.audit());

    let mut page = OpenPage::open(&at.url);
    page.log_in(&charlie.id, &charlie.pin);
    wait_until(SOON, "the page to say so", || {
        let jobs = page.get("jobs").send().body;
        jobs.contains("report.pdf") && jobs.contains("rogue-1 needs a different PIN")
    });
}

/// Whoever has a printer puts its home back to what it was, so that its log knows nothing of what was
/// printed since. The log is whole, and not the one of which the holder wrote down the end.
#[test]
fn a_printers_log_that_was_put_back_is_not_what_the_holder_saw() {
    let (site, charlie) = (Site::new(), User::charlie());
    let laptop = site.founder("laptop-1");
    let mut printer = site.tray_printer(&laptop, "printer-1");
    laptop.enroll(&charlie, &laptop);
    let print = |printer: &Machine| {
        laptop.print(&site.document("report.pdf", "x"), &charlie);
        let visit = printer.visit(&charlie);
        wait_until(SOON, "the job to be found", || visit.sees(1));
        assert_eq!(visit.print_all().ending(), "printed");
        let written = laptop.audit().into_iter().rev().find_map(|entry| {
            let (_, head) = entry.detail.split_once("its log ended at ")?;
            Some(head.trim().to_owned())
        });
        written.unwrap_or_else(|| panic!("no end of a log: {:?}", laptop.audit()))
    };
    let verify = |printer: &Machine, head: &str| {
        let verify = printer.papermesh("audit verify");
        verify.args(["--witnessed", head]).run()
    };
    let copy = |from: &Path, to: &Path| {
        let _ = fs::remove_dir_all(to);
        let copying = Invocation::of(&system("cp")).arg("-a").args([from, to]);
        let _ = copying.run().succeeded();
    };
    let earlier = print(&printer);
    printer.stop();
    let kept = site.path("kept");
    copy(printer.home(), &kept);
    printer.run();
    // Of a print the holder hears how the log was before it.
    let [_, later] = [(); 2].map(|()| print(&printer));
    for head in [&earlier, &later] {
        let _ = verify(&printer, head).succeeded();
    }

    printer.stop();
    copy(&kept, printer.home());
    printer.run();
    let _ = printer.papermesh("audit verify").run().succeeded();
    let _ = verify(&printer, &earlier).succeeded();
    let told = verify(&printer, &later);
    assert!(told.complaint().contains("cut off"), "{told:?}");
}

// Certificates ----------------------------------------------------------------------------------

/// Strangers and members with the wrong papers get no connection.
#[test]
fn invariant_7_a_non_member_completes_no_handshake() {
    let site = Site::new();
    let laptop = site.founder("laptop-1");
    let printer = site.tray_printer(&laptop, "printer-1");
    let elsewhere = Machine::new(site.folder(), "elsewhere", Setting::default());
    let founding =
        elsewhere.papermesh("init --no-passphrase --site Other --name elsewhere --role printer");
    let _ = founding.run().succeeded();
    let foreign = Identity::of(elsewhere.home());
    let member = site.invited(&laptop, "rogue-1", "printer", Setting::default());
    let identity = Identity::of(member.home());
    let stranger = new_key();
    let shown =
        |certificate: &Signed<Certificate>| Shown::Certificate(certificate.envelope().clone());

    let template = identity.certificate.clone().into_value();
    let self_signed = |change: &dyn Fn(&mut Certificate)| {
        let mut certificate = template.clone();
        certificate.node = NodeId::from(stranger.verifying_key());
        change(&mut certificate);
        shown(&Signed::sign(certificate, &stranger).unwrap())
    };
    let strangers = [
        ("nothing", Shown::Nothing),
        (
            "no hello",
            Shown::Bytes {
                length: 4,
                bytes: vec![0xff; 4],
            },
        ),
        (
            "an endless hello",
            Shown::Bytes {
                length: u16::MAX,
                bytes: vec![0; 100],
            },
        ),
        (
            "an empty hello",
            Shown::Bytes {
                length: 0,
                bytes: Vec::new(),
            },
        ),
        ("a member's certificate", shown(&identity.certificate)),
        (
            "the certificate of another site",
            shown(&foreign.certificate),
        ),
        ("a certificate of its own", self_signed(&|_| {})),
        (
            "a certificate of a site of its own",
            self_signed(&|certificate| certificate.site = SiteId::from(stranger.verifying_key())),
        ),
        (
            "an admin's certificate of its own",
            self_signed(&|certificate| certificate.roles = Roles::of(&[Role::Admin])),
        ),
    ];
    for (what, shown) in strangers {
        let rogue = Rogue::new(&stranger, &identity, shown);
        for machine in [&laptop, &printer] {
            let entered = rogue.dial(&machine.address());
            assert!(entered.is_err(), "{what} was let in at {}", machine.name());
        }
    }
    // Members of another site do not even get as far as to show a certificate, and neither does
    // whoever knows of this one what it announces.
    let other = Rogue::with(&foreign);
    assert!(other.dial(&laptop.address()).is_err());
    let own_site = identity.certificate.site;
    let eavesdropper = Rogue::knowing(
        &stranger,
        own_site,
        *own_site.as_bytes(),
        shown(&identity.certificate),
    );
    assert!(eavesdropper.dial(&laptop.address()).is_err());

    // The same device with its own papers is let in, and all were left in peace.
    assert!(Rogue::with(&identity).dial(&laptop.address()).is_ok());
    assert_eq!(laptop.status().state, "joined");
    laptop.wait_for_peers(1);
}

/// A stranger opens many connections to a member and says nothing on them. Whoever comes afterwards
/// is let in at once all the same, also from the stranger's own address.
#[test]
fn connections_that_say_nothing_keep_no_member_out() {
    const SILENT: usize = 300;
    let site = Site::new();
    let laptop = site.founder("laptop-1");
    let member = site.invited(&laptop, "rogue-1", "client", Setting::default());
    let identity = Identity::of(member.home());
    let address = laptop.address().parse().unwrap();
    let socket = papermesh_mesh::socket_of(&address).unwrap();
    for _ in 0..3 {
        let silent: Vec<_> = (0..SILENT)
            .map(|_| TcpStream::connect(socket).unwrap())
            .collect();
        for stream in &silent {
            stream.set_nonblocking(true).unwrap();
        }
        // More than the node has places for come to their end; from then on it has seen them all.
        let is_over = |stream: &&TcpStream| {
            let mut heard = [0; 256];
            loop {
                match (&mut &**stream).read(&mut heard) {
                    Ok(0) => return true,
                    Ok(_) => {}
                    Err(error) => return error.kind() != ErrorKind::WouldBlock,
                }
            }
        };
        wait_until(SOON, "the node to have seen all connections", || {
            silent.iter().filter(is_over).count() >= SILENT - 128
        });
        let entered = Rogue::with(&identity).dial(&laptop.address());
        assert!(entered.is_ok(), "{entered:?}");
        drop(silent);
    }
}

/// A certificate is good between its dates, and for nobody but its node.
#[test]
fn invariant_7_an_expired_certificate_opens_nothing() {
    let site = Site::new();
    let mut laptop = site.founder("laptop-1");
    laptop.stop();
    let authority = Identity::authority(laptop.home());
    laptop.run();
    let storage = site.member(&laptop, "storage-1", "client");
    let member = site.invited(&laptop, "rogue-1", "printer", Setting::default());
    let identity = Identity::of(member.home());
    let day = Duration::from_secs(24 * 3600);
    let issued = |change: &dyn Fn(&mut Certificate)| {
        let mut certificate = identity.certificate.clone().into_value();
        change(&mut certificate);
        let certificate = Signed::sign(certificate, &authority).unwrap();
        Rogue::new(
            &identity.key,
            &identity,
            Shown::Certificate(certificate.envelope().clone()),
        )
    };
    let other_site = SiteId::from(new_key().verifying_key());
    let bad = [
        (
            "an expired certificate",
            issued(&|certificate| {
                certificate.not_before = now() - day * 30;
                certificate.not_after = now() - day;
            }),
        ),
        (
            "a certificate from the future",
            issued(&|certificate| certificate.not_before = now() + day),
        ),
        (
            "a certificate of another node",
            issued(&|certificate| certificate.node = NodeId::from(new_key().verifying_key())),
        ),
        (
            "a certificate that names another site",
            issued(&|certificate| certificate.site = other_site),
        ),
    ];
    for (what, rogue) in bad {
        for machine in [&laptop, &storage] {
            let entered = rogue.dial(&machine.address());
            assert!(entered.is_err(), "{what} was let in at {}", machine.name());
        }
    }
    let good = issued(&|_| {});
    assert!(good.dial(&laptop.address()).is_ok());
}

/// A revoked member loses its connections everywhere and gets no new ones; its adverts are
/// believed no more.
#[test]
fn invariant_7_a_revoked_member_loses_its_connections() {
    let (site, charlie) = (Site::new(), User::charlie());
    let laptop = site.founder("laptop-1");
    let mut stolen = site.member(&laptop, "stolen-1", "client");
    let printer = site.tray_printer(&laptop, "printer-1");
    laptop.enroll(&charlie, &laptop);
    laptop.link(&charlie, &stolen);
    laptop.print(&site.document("mine.pdf", "x"), &charlie);
    stolen.print(&site.document("theirs.pdf", "x"), &charlie);
    assert!(printer.visit(&charlie).sees(2));
    stolen.stop();
    let identity = Identity::of(stolen.home());
    let rogue = Rogue::with(&identity);
    let ends = [&laptop, &printer].map(|machine| rogue.dial(&machine.address()).unwrap());
    assert!(ends.iter().all(|peer| rogue.is_connected(*peer)));

    let revocation = laptop.papermesh("revoke stolen-1");
    let _ = revocation.run().succeeded();
    wait_until(
        SOON,
        "all connections of the revoked member to close",
        || !ends.iter().any(|peer| rogue.is_connected(*peer)),
    );
    for machine in [&laptop, &printer] {
        assert!(
            rogue.dial(&machine.address()).is_err(),
            "{}",
            machine.name()
        );
    }
    drop(rogue);

    // The honest program on that device does not get in either, and says why.
    stolen.start();
    wait_until(SOON, "the revoked node to know that it is", || {
        let status = stolen.papermesh("status").run();
        status.is_success() && {
            let status = status.json::<papermesh_tests::answer::Status>();
            status.state == "revoked" && status.peers == 0
        }
    });
    let waiting = stolen.papermesh("status --wait 45s").run();
    assert!(
        waiting.complaint().contains("papermesh join"),
        "{waiting:?}"
    );
    let list = printer.visit(&charlie).list();
    assert_eq!(list.titles(), ["mine.pdf"]);

    // Admitted again, with the same key and another certificate, it is back, and nobody was
    // started anew for it.
    stolen.stop();
    let invite: papermesh_tests::answer::Invite = laptop.papermesh("invite --role client").json();
    let _ = stolen
        .papermesh("join")
        .arg(&invite.invite)
        .run()
        .succeeded();
    stolen.run();
    wait_until(SOON, "both lists to be there again", || {
        printer.visit(&charlie).sees(2)
    });
}

/// A printer to which a user was let in once selects a job and extends its lease on end. The owner
/// deletes the job all the same, and the printer has lost it.
#[test]
fn a_printer_that_never_lets_go_keeps_no_job_from_its_owner() {
    let (site, charlie) = (Site::new(), User::charlie());
    let laptop = site.founder("laptop-1");
    laptop.enroll(&charlie, &laptop);
    let job = laptop
        .print(&site.document("report.pdf", "x"), &charlie)
        .job;
    let device = site.invited(&laptop, "rogue-1", "printer", Setting::default());
    let identity = Identity::of(device.home());
    let rogue = Rogue::with(&identity);
    rogue.dial(&laptop.address()).unwrap();
    let mut talk = Conversation::begin(&rogue, &identity, &laptop.id());
    let session = talk.login(&charlie).unwrap();
    let release = ReleaseId::from_bytes([7; 16]);
    talk.select(&session, job.parse().unwrap(), release)
        .unwrap();
    for _ in 0..5 {
        assert_eq!(talk.ask(&Request::Extend { release }), Answer::extended());
    }
    let deletion = laptop.papermesh("jobs delete").arg(&job);
    let _ = deletion.run().succeeded();
    assert!(laptop.jobs().is_empty());
    let lost = Answer::Refused(Refusal::NoLease);
    assert_eq!(talk.ask(&Request::Extend { release }), lost);
    assert!(talk.list(&session).unwrap().is_empty());
}

// PINs ------------------------------------------------------------------------------------------

/// Ten thousand guesses at one PIN from a printer: three are free, and then the guesser waits
/// longer and longer; even the right PIN waits. A restart of the holder forgives nothing. At
/// another printer the user is let in meanwhile.
#[test]
fn ten_thousand_guesses_are_a_handful() {
    const GUESSES: u32 = 10_000;
    let (site, charlie) = (Site::new(), User::charlie());
    let mut laptop = site.founder("laptop-1");
    let printer = site.tray_printer(&laptop, "printer-1");
    laptop.enroll(&charlie, &laptop);
    laptop.print(&site.document("report.pdf", "x"), &charlie);
    let device = site.invited(&laptop, "rogue-1", "printer", Setting::default());
    let identity = Identity::of(device.home());
    let rogue = Rogue::with(&identity);
    rogue.dial(&laptop.address()).unwrap();
    let holder = laptop.id();

    let mut talk = Conversation::begin(&rogue, &identity, &holder);
    // A challenge is all that a guesser needs to know whether it was right.
    let mut challenged = 0;
    for guess in 0..GUESSES {
        let (_, login) = talk.first_words(&charlie.guessing(&format!("{guess:06}")));
        match talk.ask(&login) {
            Answer::Challenge { session, .. } => {
                challenged += 1;
                let _ = talk.ask(&Request::Close { session });
            }
            Answer::Denied { .. } => {}
            other => panic!("a login is not answered with {other:?}"),
        }
    }
    assert!(
        (limits::FREE_GUESSES..=limits::GUESSES_PER_PRINTER).contains(&challenged),
        "{challenged} of {GUESSES} guesses were looked at"
    );
    // From the sixth guess on a wait is longer than what follows takes.
    wait_until(2 * SOON, "the sixth guess to be looked at", || {
        let (_, login) = talk.first_words(&charlie.guessing("000000"));
        if let Answer::Challenge { session, .. } = talk.ask(&login) {
            challenged += 1;
            let _ = talk.ask(&Request::Close { session });
        }
        challenged >= 6
    });
    assert_locked_out(talk.login(&charlie));

    laptop.kill();
    laptop.run();
    rogue.dial(&laptop.address()).unwrap();
    let mut talk = Conversation::begin(&rogue, &identity, &holder);
    assert_locked_out(talk.login(&charlie));

    // An unknown user looks the same, from the first guess to the lock-out.
    let nobody = User::new("nobody", "0", "123456");
    let mut challenged = 0;
    for _ in 0..50 {
        let (_, login) = talk.first_words(&nobody);
        if let Answer::Challenge { session, .. } = talk.ask(&login) {
            challenged += 1;
            let _ = talk.ask(&Request::Close { session });
        }
    }
    assert!((limits::FREE_GUESSES..=limits::GUESSES_PER_PRINTER).contains(&challenged));

    wait_until(SOON, "the user to be let in elsewhere", || {
        printer.visit(&charlie).sees(1)
    });
}

/// A printer begins logins of one made-up name after another, which would push out the counts of
/// those who are locked out. It is stopped long before, whomever it names; other printers are not.
#[test]
fn a_printer_that_makes_up_names_is_stopped_before_it_pushes_counts_out() {
    let (site, charlie) = (Site::new(), User::charlie());
    let laptop = site.founder("laptop-1");
    let printer = site.tray_printer(&laptop, "printer-1");
    laptop.enroll(&charlie, &laptop);
    laptop.print(&site.document("report.pdf", "x"), &charlie);
    let device = site.invited(&laptop, "rogue-1", "printer", Setting::default());
    let identity = Identity::of(device.home());
    let rogue = Rogue::with(&identity);
    rogue.dial(&laptop.address()).unwrap();
    let mut talk = Conversation::begin(&rogue, &identity, &laptop.id());
    let mut challenged = 0;
    loop {
        let nobody = User::new(&format!("nobody-{challenged}"), "0", "123456");
        let (_, login) = talk.first_words(&nobody);
        match talk.ask(&login) {
            Answer::Challenge { session, .. } => {
                challenged += 1;
                let _ = talk.ask(&Request::Close { session });
            }
            Answer::Denied { retry_after } => {
                assert!(retry_after > 0);
                break;
            }
            other => panic!("a login is not answered with {other:?}"),
        }
        assert!(challenged <= limits::GUESSES_OF_PRINTER);
    }
    assert_eq!(challenged, limits::GUESSES_OF_PRINTER);
    assert_locked_out(talk.login(&charlie));
    assert!(printer.visit(&charlie).sees(1));
}

/// Printers that guess together have thirty guesses at one user; then the user is locked out
/// everywhere, and the holder says for how long.
#[test]
fn many_printers_together_get_no_more_guesses() {
    let (site, charlie, dana) = (Site::new(), User::charlie(), User::dana());
    let laptop = site.founder("laptop-1");
    let printer = site.tray_printer(&laptop, "printer-1");
    laptop.enroll(&charlie, &laptop);
    laptop.enroll(&dana, &laptop);
    laptop.print(&site.document("charlie.pdf", "x"), &charlie);
    laptop.print(&site.document("dana.pdf", "x"), &dana);
    let holder = laptop.id();
    let printers = limits::GUESSES_PER_USER / limits::FREE_GUESSES + 2;
    let mut challenged = 0;
    for number in 1..=printers {
        let device = site.invited(
            &laptop,
            &format!("rogue-{number}"),
            "printer",
            Setting::default(),
        );
        let identity = Identity::of(device.home());
        let rogue = Rogue::with(&identity);
        rogue.dial(&laptop.address()).unwrap();
        let mut talk = Conversation::begin(&rogue, &identity, &holder);
        for guess in 0..limits::FREE_GUESSES {
            let (_, login) = talk.first_words(&charlie.guessing(&format!("{guess:06}")));
            challenged += u32::from(matches!(talk.ask(&login), Answer::Challenge { .. }));
        }
    }
    assert_eq!(challenged, limits::GUESSES_PER_USER);

    let locked = printer.visit(&charlie).attempt(&["--list"]);
    assert!(locked.complaint().contains("retry_after"), "{locked:?}");
    // Nobody else is, and what the user holds is still there.
    assert!(printer.visit(&dana).sees(1));
    assert_eq!(laptop.jobs().len(), 2);
}

fn assert_locked_out<T>(login: Result<T, SessionError>) {
    match login {
        Err(SessionError::Denied { retry_after }) => {
            assert!(retry_after > Duration::ZERO, "denied without a wait");
        }
        Err(other) => panic!("the right PIN was not denied but: {other}"),
        Ok(_) => panic!("the right PIN was taken in the midst of guesses"),
    }
}

/// Only printers may ask: a computer that is none is denied whatever it says, and is told
/// nothing that a wrong PIN is not told.
#[test]
fn a_member_that_is_no_printer_is_not_let_in() {
    let (site, charlie) = (Site::new(), User::charlie());
    let laptop = site.founder("laptop-1");
    laptop.enroll(&charlie, &laptop);
    laptop.print(&site.document("report.pdf", "x"), &charlie);
    let device = site.invited(&laptop, "rogue-1", "client", Setting::default());
    let identity = Identity::of(device.home());
    let rogue = Rogue::with(&identity);
    rogue.dial(&laptop.address()).unwrap();
    let mut talk = Conversation::begin(&rogue, &identity, &laptop.id());
    assert!(matches!(
        talk.login(&charlie),
        Err(SessionError::Denied { .. })
    ));
}

/// Nonsense on a stream ends that stream and nothing else.
#[test]
fn nonsense_on_a_stream_harms_nobody() {
    use futures::{AsyncReadExt, AsyncWriteExt};
    let (site, charlie) = (Site::new(), User::charlie());
    let laptop = site.founder("laptop-1");
    let printer = site.tray_printer(&laptop, "printer-1");
    laptop.enroll(&charlie, &laptop);
    laptop.print(&site.document("report.pdf", "x"), &charlie);
    let rogue = Storer::join(&site, &laptop, "rogue-1", "printer", &charlie);
    let at = rogue.dial(&laptop);
    let huge = [&u32::MAX.to_be_bytes()[..], &[0xff; 4096]].concat();
    let nested = [&4096u32.to_be_bytes()[..], &[0x81; 4096]].concat();
    for protocol in [
        protocol(Version::Two),
        papermesh_protocol::release::STREAM_PROTOCOL,
        "/papermesh/site/1",
        "/papermesh/enroll/1",
        "/papermesh/link/1",
    ] {
        for nonsense in [&huge, &nested, &vec![0; 64 * 1024]] {
            let Ok(mut stream) = rogue.peer.open(at, protocol) else {
                continue;
            };
            let _ = rogue.peer.block_on(async {
                let _ = stream.write_all(nonsense).await;
                let _ = stream.flush().await;
                let _ = stream.close().await;
                let mut heard = Vec::new();
                let _ = stream.read_to_end(&mut heard).await;
            });
        }
    }
    assert_eq!(laptop.status().state, "joined");
    assert_eq!(printer.visit(&charlie).print_all().ending(), "printed");
}

// The rogue that stores -------------------------------------------------------------------------

/// A member that offers records to others.
pub(super) struct Storer {
    pub(super) identity: Identity,
    pub(super) peer: Rogue,
    user: UserId,
}

impl Storer {
    pub(super) fn join(site: &Site, admin: &Machine, name: &str, role: &str, user: &User) -> Self {
        let device = site.invited(admin, name, role, Setting::default());
        let identity = Identity::of(device.home());
        Self {
            peer: Rogue::with(&identity),
            identity,
            user: user.id.parse().unwrap(),
        }
    }

    pub(super) fn dial(&self, machine: &Machine) -> libp2p::PeerId {
        let peer = self.peer.dial(&machine.address()).unwrap();
        assert_eq!(peer, peer_id(&machine.id()));
        peer
    }

    fn site(&self) -> SiteId {
        self.identity.certificate.site
    }

    pub(super) fn adverts_key(&self) -> RecordKey {
        lookup::adverts_key(&self.identity.secret, &self.user)
    }

    /// What the DHT has at the user's lookup key, merged.
    fn adverts(&self) -> AdvertSet {
        let mut adverts = AdvertSet::default();
        for value in self.peer.get(self.adverts_key()) {
            if let Some(set) = self.judged(&value) {
                adverts.merge(&set);
            }
        }
        adverts
    }

    fn judge(&self) -> Judge<'_> {
        Judge {
            charter: &self.identity.charter,
            state: &self.identity.state,
            now: now(),
        }
    }

    fn judged(&self, value: &[u8]) -> Option<AdvertSet> {
        let judge = self.judge();
        let key = self.adverts_key();
        match DirectoryRecord::read(key, value, &self.identity.secret, &judge, None) {
            Ok(DirectoryRecord::Adverts(set)) => Some(set),
            _ => None,
        }
    }

    /// Waits until the adverts are so; gives them as they travel.
    fn wait_for_adverts(&self, is_so: impl Fn(&AdvertSet) -> bool) -> Vec<u8> {
        wait_until(SOON, "the adverts to be so", || is_so(&self.adverts()));
        DirectoryRecord::Adverts(self.adverts()).to_bytes().unwrap()
    }

    fn delegation(&self, user_key: &ed25519_dalek::SigningKey, holder: NodeId) -> Delegated {
        let delegation = Delegation::new(self.site(), self.user.clone(), holder, now());
        Delegated {
            key: UserKey::from(user_key.verifying_key()),
            delegation: Signed::sign(delegation, user_key)
                .unwrap()
                .envelope()
                .clone(),
        }
    }

    pub(super) fn advert(
        &self,
        delegation: Option<Delegated>,
        at: papermesh_protocol::time::Timestamp,
        withdrawn: bool,
    ) -> Signed<Advert> {
        let advertiser = Advertiser {
            key: &self.identity.key,
            certificate: &self.identity.certificate,
            user: &self.user,
            delegation,
        };
        let address = self.peer.address().to_vec();
        advertiser.sign(0, &[address], withdrawn, at).unwrap()
    }

    /// A set of one advert, as it travels. No judge has looked at it.
    pub(super) fn set(&self, advert: Signed<Advert>) -> Vec<u8> {
        let mut set = AdvertSet::default();
        set.insert(advert);
        DirectoryRecord::Adverts(set).to_bytes().unwrap()
    }

    /// An advert with something about it changed after the fact, signed by the rogue.
    fn tampered(&self, change: impl FnOnce(&mut Advert)) -> Vec<u8> {
        let own = new_key();
        let delegation = self.delegation(&own, self.identity.node());
        let mut advert = self.advert(Some(delegation), now(), false).into_value();
        change(&mut advert);
        self.set(Signed::sign(advert, &self.identity.key).unwrap())
    }

    /// Everything that must be refused, what it is, and where it is offered.
    fn bad_records(&self) -> Vec<(&'static str, RecordKey, Vec<u8>)> {
        let (secret, user) = (&self.identity.secret, &self.user);
        let adverts = self.adverts_key();
        let entry_key = lookup::user_entry_key(secret, user);
        let state_key = lookup::site_state_key(secret);
        let tag = BadgeTag::from_bytes([5; 32]);
        let own = new_key();
        let hour = Duration::from_secs(3600);
        let expired = self.advert(
            Some(self.delegation(&own, self.identity.node())),
            now() - hour * 3,
            false,
        );
        let mut flipped = self.tampered(|_| {});
        let last = flipped.len() - 1;
        flipped[last] ^= 1;
        let other_site = SiteId::from(own.verifying_key());
        let entry = UserEntry {
            site: self.site(),
            user: user.clone(),
            sequence: u64::MAX,
            issued_at: now(),
            display: "Mallory".parse().unwrap(),
            key: Some(UserKey::from(own.verifying_key())),
            badges: vec![tag],
            groups: Vec::new(),
            state: UserState::Active,
        };
        let badge = Badge {
            site: self.site(),
            tag,
            user: Some(user.clone()),
            sequence: u64::MAX,
        };
        let state = SiteState {
            sequence: u64::MAX,
            policy: SitePolicy {
                login: papermesh_protocol::site::LoginPolicy::Badge,
                ..SitePolicy::default()
            },
            ..(*self.identity.state).clone()
        };
        let bytes = |record: DirectoryRecord| record.to_bytes().unwrap();
        let key = &self.identity.key;
        vec![
            ("noise", adverts, vec![0xa5; 300]),
            ("nothing", adverts, Vec::new()),
            ("a record of 90,000 bytes", adverts, vec![0x80; 90_000]),
            (
                "a record of 2,000,000 bytes",
                adverts,
                vec![0x80; 2_000_000],
            ),
            (
                "an advert without a right",
                adverts,
                self.set(self.advert(None, now(), false)),
            ),
            ("an advert changed after it was signed", adverts, flipped),
            ("an expired advert", adverts, self.set(expired)),
            (
                "a withdrawn advert without a right",
                adverts,
                self.set(self.advert(None, now(), true)),
            ),
            (
                "an advert that lives for a year",
                adverts,
                self.tampered(|advert| advert.expires_at = now() + hour * 24 * 365),
            ),
            (
                "an advert from the future",
                adverts,
                self.tampered(|advert| advert.sequence = (now() + hour).as_millis()),
            ),
            (
                "an advert of another site",
                adverts,
                self.tampered(|advert| advert.site = other_site),
            ),
            (
                "an advert in the name of another holder",
                adverts,
                self.tampered(|advert| advert.holder = NodeId::from_bytes(*other_site.as_bytes())),
            ),
            (
                "an advert with too many addresses",
                adverts,
                self.tampered(|advert| {
                    let one = advert.addresses[0].clone();
                    advert.addresses = vec![one; limits::ADDRESSES_PER_ADVERT + 1];
                }),
            ),
            (
                "an advert with a delegation to somebody else",
                adverts,
                self.set(self.advert(
                    Some(self.delegation(&own, NodeId::from_bytes([1; 32]))),
                    now(),
                    false,
                )),
            ),
            ("an advert at another key", entry_key, self.tampered(|_| {})),
            (
                "a user entry of a member's own",
                entry_key,
                bytes(DirectoryRecord::UserEntry(
                    Signed::sign(entry, key).unwrap(),
                )),
            ),
            (
                "a badge of a member's own",
                lookup::badge_key(tag),
                bytes(DirectoryRecord::Badge(Signed::sign(badge, key).unwrap())),
            ),
            (
                "a site state of a member's own",
                state_key,
                bytes(DirectoryRecord::SiteState(
                    Signed::sign(state, key).unwrap(),
                )),
            ),
            (
                "the site state at another key",
                adverts,
                bytes(DirectoryRecord::SiteState(self.identity.state.clone())),
            ),
        ]
    }
}
