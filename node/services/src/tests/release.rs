//! Jobs from submission to paper, and what keeps them safe on the way.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use papermesh_frame::{read_message, write_message};
use papermesh_mesh::Protocol;
use papermesh_protocol::badge::BadgeNumber;
use papermesh_protocol::certificate::Role;
use papermesh_protocol::extension::Extensions;
use papermesh_protocol::id::{JobId, NodeId, ReleaseId};
use papermesh_protocol::job::{ColorMode, PageRange, PageRanges, PrintOptions, Scaling, Sides};
use papermesh_protocol::limits;
use papermesh_protocol::pin::{KsfMemo, Pin};
use papermesh_protocol::release::message::{Answer, Grant, Refusal, Request};
use papermesh_protocol::release::printer::{Challenged, Evidence, LoginUnderWay, Session};
use papermesh_protocol::release::receipt::{AuditHead, Outcome, Receipt};
use papermesh_protocol::release::stream::{Open, STATUS_OK, STATUS_REFUSED};
use papermesh_protocol::signed::Signed;
use papermesh_protocol::site::LoginPolicy;
use papermesh_protocol::text::UserId;
use papermesh_protocol::time::Timestamp;
use papermesh_protocol::version::Version;
use papermesh_store::Store;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

use super::site::{
    HolderNode, Site, Tray, User, deeds, document, eventually, kinds, release_request, submission,
};
use crate::audit::{AuditError, ChainError, Kind};
use crate::clock;
use crate::holder::{Submission, SubmitError};
use crate::network::Network;
use crate::policy::SubmitRefusal;
use crate::printer::{Ending, HolderTrouble, NotLetIn, ReleaseRequest, VisitError, Visitor};

const WAIT: Duration = Duration::from_secs(30);

/// One user, one holder, one printer.
pub(super) async fn small_site() -> (Site, User, HolderNode, Tray) {
    let site = Site::new(clock::now);
    let alice = site.user(10, "alice", "2468").await;
    let laptop = site.holder(20, "laptop").await;
    site.publish(&laptop, &alice).await;
    site.link(&laptop, &alice);
    let printer = site.printer(30).await;
    (site, alice, laptop, printer)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_is_held_listed_printed_and_gone() {
    let (_site, alice, laptop, printer) = small_site().await;
    let text = document(700_000);
    let held = laptop.submit(&alice, "Quarterly\tfigures", &text).await;

    let visit = printer.visit(&alice, "2468").await;
    let listed = visit.jobs();
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].summary.title, "Quarterly figures");
    assert_eq!(listed[0].holder_name.as_ref().unwrap().as_str(), "laptop");

    let released = printer.print(&visit, release_request(&held, &laptop)).await;
    assert_eq!((released.ending, released.reason), (Ending::Printed, None));
    assert_eq!(printer.paper(), [text]);
    assert!(laptop.jobs().await.is_empty());
    assert_eq!(
        kinds(&laptop.audit).await,
        [Kind::Submitted, Kind::LoggedIn, Kind::Released]
    );
    assert_eq!(kinds(&printer.audit).await, [Kind::Released]);
    visit.close().await;

    // The advert is withdrawn: nobody has anything for her.
    laptop.announce(&alice).await;
    let visit = printer.visit(&alice, "2468").await;
    assert!(visit.holders().is_empty() && visit.jobs().is_empty());
    // Still it is her computer that tells whether it is she who asks.
    assert_eq!(visit.admission(), Ok(()));
    let other = printer.visit(&alice, "1357").await;
    assert_eq!(other.admission(), Err(NotLetIn { retry_after: None }));
}

/// A holder grants nothing of which it does not know what is meant, and keeps no more than a little of what
/// it need not know.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_later_printer_relies_on_is_refused_and_what_it_adds_is_kept() {
    let (_site, alice, laptop, printer) = small_site().await;
    let held = laptop.submit(&alice, "report", b"text").await;
    let job = held.summary.job;
    let mut talk = Talk::with(&printer, laptop.node).await;
    let session = talk.login(&alice.id, "2468").await;
    let with = |number, bytes| Extensions::default().with(number, vec![7; bytes]).unwrap();
    let asked = |extensions| PrintOptions {
        copies: limits::COPIES,
        sides: Some(Sides::TwoSidedShortEdge),
        color: Some(ColorMode::Monochrome),
        scaling: Some(Scaling::AutoFit),
        as_image: true,
        finishings: "staple-triple-bottom,punch-multiple-bottom,fold-engineering-z"
            .parse()
            .unwrap(),
        media: Some("m".repeat(limits::MEDIA)),
        page_ranges: PageRanges::try_from(
            (0..limits::PAGE_RANGES as u32)
                .map(|page| PageRange {
                    first: 900_000 + 2 * page,
                    last: 900_000 + 2 * page,
                })
                .collect::<Vec<_>>(),
        )
        .unwrap(),
        extensions,
    };
    let none = Extensions::default;
    for (options, extensions) in [
        (asked(none()), with(2, 1)),
        (asked(with(2, 1)), none()),
        (asked(with(1, limits::KEPT_EXTENSIONS + 1)), none()),
    ] {
        let refused = talk.select_with(&session, job, release(1), (options, extensions));
        assert_eq!(refused.await.unwrap_err(), Refusal::Malformed);
    }
    // The longest lease is kept, and what it is not asked to know is told back.
    let many = (0..limits::EXTENSIONS as u16).fold(none(), |many, place| {
        let bytes = limits::KEPT_EXTENSIONS / limits::EXTENSIONS;
        many.with(65_535 - 2 * place, vec![7; bytes]).unwrap()
    });
    let longest = asked(many);
    let granted = talk.select_with(&session, job, release(1), (longest.clone(), with(1, 9)));
    assert_eq!(granted.await.unwrap().options, longest);
}

/// A site is not updated on one day: whoever speaks the earlier version only releases and prints directly
/// all the same, as holder and as printer.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn members_of_two_versions_understand_one_another() {
    for (of_holder, of_printer) in [(Version::One, Version::Two), (Version::Two, Version::One)] {
        let (site, alice, laptop, printer) = small_site().await;
        site.pipes.speaks(laptop.node, of_holder);
        site.pipes.speaks(printer.node, of_printer);
        let text = b"a document".repeat(20_000);
        let held = laptop.submit(&alice, "report", &text).await;
        let visit = printer.visit(&alice, "2468").await;
        let released = printer.print(&visit, release_request(&held, &laptop)).await;
        assert_eq!((released.ending, released.reason), (Ending::Printed, None));
        assert_eq!(printer.paper(), [text]);
        assert!(laptop.jobs().await.is_empty());
        // What a user wants of the sheets at the printer is not lost in a version that has no word for it.
        let held = laptop.submit(&alice, "minutes", b"text").await;
        let visit = printer.visit(&alice, "2468").await;
        let stapled = ReleaseRequest {
            options: Some(PrintOptions {
                finishings: "staple".parse().unwrap(),
                ..held.summary.options.clone()
            }),
            ..release_request(&held, &laptop)
        };
        let released = printer.print(&visit, stapled).await;
        let said = released.reason.unwrap_or_default();
        assert!(said.contains("staples, holes or folds"), "{said}");
        let known = laptop.holder.abilities(&printer.known).await;
        assert!(known.is_ok_and(|abilities| abilities.accepting));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn invariant_2_no_file_of_holder_or_printer_shows_document_title_or_pin() {
    let (_site, alice, laptop, printer) = small_site().await;
    let text = b"plain marker of the document ".repeat(5000);
    let held = laptop.submit(&alice, "title marker", &text).await;
    let visit = printer.visit(&alice, "2468").await;
    let release_request = ReleaseRequest {
        keep: true,
        ..release_request(&held, &laptop)
    };
    assert_eq!(
        printer.print(&visit, release_request).await.ending,
        Ending::PrintedAndKept
    );
    for home in [laptop.home.path(), printer.home.path()] {
        for marker in ["plain marker", "title marker", "2468"] {
            assert_eq!(
                found_in(home, marker.as_bytes()),
                Vec::<String>::new(),
                "{marker}"
            );
        }
    }
}

/// The files under a folder, but for the tray, in which these bytes are.
fn found_in(folder: &Path, marker: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("tray") {
            found.extend(found_in(&path, marker));
        } else if path.is_file()
            && std::fs::read(&path)
                .unwrap()
                .windows(marker.len())
                .any(|w| w == marker)
        {
            found.push(path.display().to_string());
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_pin_shows_nothing_and_is_recorded_on_both_sides() {
    let (_site, alice, laptop, printer) = small_site().await;
    laptop.submit(&alice, "secret", b"text").await;
    let visit = printer.visit(&alice, "1357").await;
    assert!(visit.jobs().is_empty());
    assert_eq!(visit.holders()[0].trouble, Some(HolderTrouble::WrongPin));
    assert_eq!(kinds(&printer.audit).await, [Kind::LoginDenied]);
    eventually(|| async { kinds(&laptop.audit).await == [Kind::Submitted, Kind::LoginDenied] })
        .await;
    assert_eq!(printer.visit(&alice, "2468").await.jobs().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guesses_earn_a_wait_that_not_even_the_right_pin_passes() {
    let (_site, alice, laptop, printer) = small_site().await;
    laptop.submit(&alice, "secret", b"text").await;
    for _ in 0..limits::FREE_GUESSES {
        printer.visit(&alice, "1357").await;
    }
    let visit = printer.visit(&alice, "2468").await;
    assert!(visit.jobs().is_empty());
    assert!(
        matches!(visit.holders()[0].trouble, Some(HolderTrouble::Denied { retry_after }) if !retry_after.is_zero())
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dead_and_a_silent_holder_delay_nobody() {
    let (site, alice, laptop, printer) = small_site().await;
    let (dead, silent) = (
        site.holder(21, "dead").await,
        site.holder(22, "silent").await,
    );
    for holder in [&dead, &silent] {
        site.link(holder, &alice);
        holder.submit(&alice, "out of reach", b"text").await;
    }
    laptop.submit(&alice, "in reach", b"text").await;
    site.pipes.switch_off(dead.node);
    site.pipes.silence(silent.node);

    let mut visit = printer.visit(&alice, "2468").await;
    assert_eq!(
        visit
            .jobs()
            .iter()
            .map(|job| job.summary.title.as_str())
            .collect::<Vec<_>>(),
        ["in reach"]
    );
    let trouble = |node: NodeId| {
        visit
            .holders()
            .into_iter()
            .find(|holder| holder.holder == node)
            .unwrap()
            .trouble
    };
    assert_eq!(trouble(dead.node), Some(HolderTrouble::Unreachable));
    assert_eq!(trouble(silent.node), Some(HolderTrouble::Slow));
    assert_eq!(trouble(laptop.node), None);
    assert!(!visit.is_complete());

    // It is not given up: when its stream breaks, that is noticed and told.
    site.pipes.switch_off(silent.node);
    visit.gather().await;
    assert!(visit.is_complete());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists_of_several_holders_are_one_in_time_order() {
    let (site, alice, laptop, printer) = small_site().await;
    let desktop = site.holder(21, "desktop").await;
    site.link(&desktop, &alice);
    for (holder, title) in [(&laptop, "1"), (&desktop, "2"), (&laptop, "3")] {
        holder.submit(&alice, title, b"text").await;
        let then = clock::now();
        while clock::now() == then {
            tokio::task::yield_now().await;
        }
    }
    let jobs = printer.visit(&alice, "2468").await.jobs();
    assert_eq!(
        jobs.iter()
            .map(|job| job.summary.title.as_str())
            .collect::<Vec<_>>(),
        ["1", "2", "3"]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn invariant_4_a_session_never_shows_or_gives_anothers_job() {
    let (site, alice, laptop, printer) = small_site().await;
    let bob = site.user(11, "bob", "1111").await;
    site.publish(&laptop, &bob).await;
    site.link(&laptop, &bob);
    let hers = laptop.submit(&alice, "hers", b"text").await;
    laptop.submit(&bob, "his", b"text").await;

    let visit = printer.visit(&bob, "1111").await;
    assert_eq!(
        visit
            .jobs()
            .iter()
            .map(|job| job.summary.title.as_str())
            .collect::<Vec<_>>(),
        ["his"]
    );

    let mut talk = Talk::with(&printer, laptop.node).await;
    let his = talk.login(&bob.id, "1111").await;
    let job = hers.summary.job;
    assert_eq!(
        talk.select(&his, job, release(1)).await,
        Err(Refusal::NoJob)
    );
    assert_eq!(
        talk.ask(Request::Delete {
            session: his.id(),
            job
        })
        .await,
        Answer::Refused(Refusal::NoJob)
    );
    let protect = Request::Protect {
        session: his.id(),
        job,
        on: true,
    };
    assert_eq!(talk.ask(protect).await, Answer::Refused(Refusal::NoJob));
    assert_eq!(laptop.jobs().await.len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn invariant_4_no_session_no_answer() {
    let (site, alice, laptop, printer) = small_site().await;
    let held = laptop.submit(&alice, "hers", b"text").await;
    let hers = Talk::with(&printer, laptop.node)
        .await
        .login(&alice.id, "2468")
        .await;
    // Another printer that has got hold of the session's name.
    let other = site.printer(31).await;
    let mut thief = Talk::with(&other, laptop.node).await;
    let refused = Answer::Refused(Refusal::NoSession);
    assert_eq!(
        thief
            .ask(Request::List {
                session: hers.id(),
                after: None
            })
            .await,
        refused
    );
    assert_eq!(
        thief.select(&hers, held.summary.job, release(1)).await,
        Err(Refusal::NoSession)
    );
    // Whatever is tried is written down.
    let extend = Request::Extend {
        release: release(1),
    };
    assert_eq!(thief.ask(extend).await, Answer::Refused(Refusal::NoLease));
    assert_eq!(
        deeds(&laptop.audit).await,
        [Kind::Submitted, Kind::Refused, Kind::Refused, Kind::Refused]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_user_that_does_not_exist_is_challenged_like_one_that_does() {
    let (_site, _alice, laptop, printer) = small_site().await;
    let mut talk = Talk::with(&printer, laptop.node).await;
    let nobody: UserId = "nobody".parse().unwrap();
    let pin = Pin::new("2468").unwrap();
    let (_, login) = LoginUnderWay::begin(
        printer.node,
        laptop.node,
        &nobody,
        Evidence::Pin(&pin, None),
        &mut rand::rng(),
    )
    .unwrap();
    assert!(matches!(talk.ask(login).await, Answer::Challenge { .. }));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_is_good_once_and_for_its_printer_only() {
    let (site, alice, laptop, printer) = small_site().await;
    let held = laptop.submit(&alice, "hers", &document(1000)).await;
    let other = site.printer(31).await;
    let mut talk = Talk::with(&printer, laptop.node).await;
    let session = talk.login(&alice.id, "2468").await;

    let stolen = talk
        .select(&session, held.summary.job, release(1))
        .await
        .unwrap();
    assert_eq!(
        fetch(&other, laptop.node, &stolen, 0).await,
        (STATUS_REFUSED, Vec::new())
    );
    // A thief who had to show it has used it up.
    assert_eq!(
        fetch(&printer, laptop.node, &stolen, 0).await,
        (STATUS_REFUSED, Vec::new())
    );

    let grant = talk
        .select(&session, held.summary.job, release(1))
        .await
        .unwrap();
    let (status, sealed) = fetch(&printer, laptop.node, &grant, 0).await;
    assert_eq!(
        (status, sealed.len() as u64),
        (STATUS_OK, grant.sealed_size)
    );
    assert_eq!(
        fetch(&printer, laptop.node, &grant, 0).await,
        (STATUS_REFUSED, Vec::new())
    );

    let grant = talk
        .select(&session, held.summary.job, release(1))
        .await
        .unwrap();
    assert_eq!(
        fetch(&printer, laptop.node, &grant, 500).await,
        (STATUS_OK, sealed[500..].to_vec())
    );
    assert_eq!(
        deeds(&laptop.audit).await,
        [Kind::Submitted, Kind::Refused, Kind::Refused, Kind::Refused]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn invariant_3_a_printer_that_never_fetched_a_job_cannot_have_printed_it() {
    let (site, alice, laptop, printer) = small_site().await;
    let held = laptop.submit(&alice, "hers", b"text").await;
    let mut talk = Talk::with(&printer, laptop.node).await;
    let session = talk.login(&alice.id, "2468").await;
    let job = held.summary.job;
    let printed = Outcome::Printed {
        pages: Some(1),
        keep: false,
    };
    let no_lease = Answer::Refused(Refusal::NoLease);

    assert_eq!(
        talk.report(job, release(1), printed.clone()).await,
        no_lease
    );
    talk.select(&session, job, release(1)).await.unwrap();
    assert_eq!(
        talk.report(job, release(1), printed.clone()).await,
        no_lease
    );
    // Nor can another printer end its release.
    let other = site.printer(31).await;
    assert_eq!(
        Talk::with(&other, laptop.node)
            .await
            .report(job, release(1), printed)
            .await,
        no_lease
    );
    assert_eq!(laptop.jobs().await.len(), 1);
    assert_eq!(
        deeds(&laptop.audit).await,
        [Kind::Submitted, Kind::Refused, Kind::Refused, Kind::Refused]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_late_or_repeated_word_is_taken_once() {
    let (_site, alice, laptop, printer) = small_site().await;
    let held = laptop.submit(&alice, "hers", b"text").await;
    let job = held.summary.job;
    let mut talk = Talk::with(&printer, laptop.node).await;
    let session = talk.login(&alice.id, "2468").await;
    let grant = talk.select(&session, job, release(1)).await.unwrap();
    fetch(&printer, laptop.node, &grant, 0).await;
    // On a stream of its own, long after the session.
    talk.ask(Request::Close {
        session: session.id(),
    })
    .await;
    let mut late = Talk::with(&printer, laptop.node).await;
    let printed = Outcome::Printed {
        pages: None,
        keep: false,
    };
    assert_eq!(
        late.report(job, release(1), printed.clone()).await,
        Answer::settled()
    );
    assert!(laptop.jobs().await.is_empty());
    assert_eq!(
        late.report(job, release(1), printed).await,
        Answer::settled()
    );
    assert_eq!(
        deeds(&laptop.audit).await,
        [Kind::Submitted, Kind::Released]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn invariant_5_two_printers_never_print_one_job_at_once() {
    let (site, alice, laptop, printer) = small_site().await;
    let held = laptop.submit(&alice, "hers", b"text").await;
    let other = site.printer(31).await;
    let mut talk = Talk::with(&other, laptop.node).await;
    let session = talk.login(&alice.id, "2468").await;
    talk.select(&session, held.summary.job, release(1))
        .await
        .unwrap();

    let visit = printer.visit(&alice, "2468").await;
    assert!(visit.jobs()[0].summary.leased);
    let released = printer.print(&visit, release_request(&held, &laptop)).await;
    assert_eq!(released.ending, Ending::NotPrinted);
    assert!(released.reason.unwrap().contains("another printer"));
    assert!(printer.paper().is_empty());
    let delete = Request::Delete {
        session: session.id(),
        job: held.summary.job,
    };
    assert_eq!(talk.ask(delete).await, Answer::Refused(Refusal::Leased));

    // The other gives it back.
    assert_eq!(
        talk.report(held.summary.job, release(1), Outcome::NotPrinted)
            .await,
        Answer::settled()
    );
    assert_eq!(
        printer
            .print(&visit, release_request(&held, &laptop))
            .await
            .ending,
        Ending::Printed
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broken_stream_goes_on_where_it_was() {
    let (site, alice, laptop, printer) = small_site().await;
    let text = document(3_000_000);
    let held = laptop.submit(&alice, "long", &text).await;
    site.pipes
        .break_jobs_after(laptop.node, &[5, 9, 300_000, 1_000_001]);
    let visit = printer.visit(&alice, "2468").await;
    assert_eq!(
        printer
            .print(&visit, release_request(&held, &laptop))
            .await
            .ending,
        Ending::Printed
    );
    assert_eq!(printer.paper(), [text]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_holder_that_left_hears_of_the_print_when_it_is_back() {
    let (site, alice, laptop, printer) = small_site().await;
    let held = laptop.submit(&alice, "hers", &document(100_000)).await;
    let visit = printer.visit(&alice, "2468").await;
    site.pipes.leave_after_job(laptop.node);
    let released = printer.print(&visit, release_request(&held, &laptop)).await;
    assert_eq!(released.ending, Ending::Printed);
    assert!(
        released
            .reason
            .unwrap()
            .contains("as soon as it can be reached")
    );
    assert_eq!(laptop.jobs().await.len(), 1);

    tokio::spawn(printer.printer.clone().run());
    site.pipes.switch_on(laptop.node);
    eventually(|| async { laptop.jobs().await.is_empty() }).await;
    eventually(|| async { printer.store.journal().scan(None, 10).unwrap().is_empty() }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_dead_printer_left_open_is_settled_in_its_next_life() {
    let (_site, alice, laptop, mut printer) = small_site().await;
    let held = laptop.submit(&alice, "hers", b"text").await;
    let mut talk = Talk::with(&printer, laptop.node).await;
    let session = talk.login(&alice.id, "2468").await;
    let grant = talk
        .select(&session, held.summary.job, release(1))
        .await
        .unwrap();
    fetch(&printer, laptop.node, &grant, 0).await;
    let row = papermesh_store::JournalRow {
        holder: laptop.node,
        job: held.summary.job,
        user: alice.id.clone(),
        phase: papermesh_protocol::release::printer::Phase::Sending,
        keep: false,
        device: None,
        receipt: None,
        started_at: clock::now(),
        changed_at: clock::now(),
    };
    printer.store.journal().put(&release(1), &row).unwrap();

    printer.restart().await;
    tokio::spawn(printer.printer.clone().run());
    eventually(|| async { laptop.jobs().await[0].summary.may_have_printed }).await;
    let visit = printer.visit(&alice, "2468").await;
    let released = printer.print(&visit, release_request(&held, &laptop)).await;
    assert_eq!(released.ending, Ending::NotPrinted);
    assert!(released.reason.unwrap().contains("--reprint"));
    let again = ReleaseRequest {
        reprint: true,
        ..release_request(&held, &laptop)
    };
    assert_eq!(printer.print(&visit, again).await.ending, Ending::Printed);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lease_that_runs_out_marks_what_was_streamed_and_a_job_expires() {
    static MILLIS: AtomicU64 = AtomicU64::new(1_800_000_000_000);
    let site = Site::new(|| Timestamp::from_millis(MILLIS.load(Ordering::Relaxed)));
    let pass = |time: Duration| {
        MILLIS.fetch_add(u64::try_from(time.as_millis()).unwrap(), Ordering::Relaxed);
    };
    let alice = site.user(10, "alice", "2468").await;
    let laptop = site.holder(20, "laptop").await;
    site.publish(&laptop, &alice).await;
    site.link(&laptop, &alice);
    let printer = site.printer(30).await;
    let (first, second) = (
        laptop.submit(&alice, "1", b"text").await,
        laptop.submit(&alice, "2", b"text").await,
    );
    let mut talk = Talk::with(&printer, laptop.node).await;
    let session = talk.login(&alice.id, "2468").await;
    let grant = talk
        .select(&session, first.summary.job, release(1))
        .await
        .unwrap();
    fetch(&printer, laptop.node, &grant, 0).await;
    talk.select(&session, second.summary.job, release(2))
        .await
        .unwrap();

    pass(limits::LEASE / 2);
    assert_eq!(
        talk.ask(Request::Extend {
            release: release(2)
        })
        .await,
        Answer::extended()
    );
    pass(limits::LEASE / 2 + Duration::from_secs(1));
    laptop.holder.sweep().await.unwrap();
    let state = |job: JobId| {
        let holder = laptop.holder.clone();
        async move {
            let summary = holder.job(job).await.unwrap().summary;
            (summary.leased, summary.may_have_printed)
        }
    };
    assert_eq!(state(first.summary.job).await, (false, true));
    assert_eq!(state(second.summary.job).await, (true, false));
    pass(limits::LEASE);
    laptop.holder.sweep().await.unwrap();
    assert_eq!(state(second.summary.job).await, (false, false));

    // The paper was out all the same, and the printer says so at last.
    let printed = Outcome::Printed {
        pages: None,
        keep: false,
    };
    assert_eq!(
        talk.report(first.summary.job, release(1), printed).await,
        Answer::settled()
    );
    assert_eq!(laptop.jobs().await.len(), 1);
    pass(limits::JOB_LIFETIME);
    laptop.holder.sweep().await.unwrap();
    assert!(laptop.jobs().await.is_empty());
    let expected = [
        Kind::Submitted,
        Kind::Submitted,
        Kind::Lapsed,
        Kind::Lapsed,
        Kind::Released,
        Kind::Expired,
    ];
    assert_eq!(deeds(&laptop.audit).await, expected);
}

/// A printer that was once let in keeps a job from its owner, and never fetches it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_printer_that_never_lets_go_has_a_job_for_a_while_and_not_for_ever() {
    static MILLIS: AtomicU64 = AtomicU64::new(1_800_000_000_000);
    let site = Site::new(|| Timestamp::from_millis(MILLIS.load(Ordering::Relaxed)));
    let pass = |time: Duration| {
        MILLIS.fetch_add(u64::try_from(time.as_millis()).unwrap(), Ordering::Relaxed);
    };
    let alice = site.user(10, "alice", "2468").await;
    let laptop = site.holder(20, "laptop").await;
    site.publish(&laptop, &alice).await;
    site.link(&laptop, &alice);
    let printer = site.printer(30).await;
    let job = laptop.submit(&alice, "hers", b"text").await.summary.job;
    let mut talk = Talk::with(&printer, laptop.node).await;
    let session = talk.login(&alice.id, "2468").await;
    talk.select(&session, job, release(1)).await.unwrap();
    let mut hold = Duration::ZERO;
    let extend = Request::Extend {
        release: release(1),
    };
    while talk.ask(extend.clone()).await == Answer::extended() {
        pass(limits::LEASE_EXTEND);
        hold += limits::LEASE_EXTEND;
        assert!(hold <= limits::LEASE_UNFETCHED);
        laptop.holder.sweep().await.unwrap();
    }
    // Nor does it get it again by asking with the same release, lapsed or not.
    let again = talk.select(&session, job, release(1)).await;
    assert_eq!(again.unwrap_err(), Refusal::NoLease);
    pass(limits::LEASE);
    laptop.holder.sweep().await.unwrap();
    assert!(!laptop.jobs().await[0].summary.leased);
    let again = talk.select(&session, job, release(1)).await;
    assert_eq!(again.unwrap_err(), Refusal::NoLease);

    // With one release after the other it has it as long as the session lasts; then there is none,
    // and the job, whose time is over, goes.
    let mut number = 2;
    let mut held = Duration::ZERO;
    while let Ok(_grant) = talk.select(&session, job, release(number)).await {
        number += 1;
        pass(limits::LEASE * 2);
        held += limits::LEASE * 2;
        assert!(held <= limits::SESSION_MAX);
    }
    pass(limits::JOB_LIFETIME);
    laptop.holder.sweep().await.unwrap();
    assert!(laptop.jobs().await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_whose_time_is_over_is_granted_to_nobody_anew() {
    static MILLIS: AtomicU64 = AtomicU64::new(1_800_000_000_000);
    let site = Site::new(|| Timestamp::from_millis(MILLIS.load(Ordering::Relaxed)));
    let alice = site.user(10, "alice", "2468").await;
    let laptop = site.holder(20, "laptop").await;
    site.publish(&laptop, &alice).await;
    site.link(&laptop, &alice);
    let printer = site.printer(30).await;
    let job = laptop.submit(&alice, "hers", b"text").await.summary.job;
    let over = u64::try_from(limits::JOB_LIFETIME.as_millis()).unwrap();
    MILLIS.fetch_add(over - 1000, Ordering::Relaxed);
    let mut talk = Talk::with(&printer, laptop.node).await;
    let session = talk.login(&alice.id, "2468").await;
    talk.select(&session, job, release(1)).await.unwrap();
    MILLIS.fetch_add(2000, Ordering::Relaxed);
    // What began before goes on.
    laptop.holder.sweep().await.unwrap();
    assert_eq!(laptop.jobs().await.len(), 1);
    talk.select(&session, job, release(1)).await.unwrap();
    MILLIS.fetch_add(
        u64::try_from(limits::LEASE.as_millis()).unwrap() + 1,
        Ordering::Relaxed,
    );
    let anew = talk.select(&session, job, release(2)).await;
    assert_eq!(anew.unwrap_err(), Refusal::NoJob);
    laptop.holder.sweep().await.unwrap();
    assert!(laptop.jobs().await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_owner_deletes_here_what_a_printer_has_and_the_printer_learns_it() {
    let (_site, alice, laptop, printer) = small_site().await;
    let job = laptop.submit(&alice, "hers", b"text").await.summary.job;
    let mut talk = Talk::with(&printer, laptop.node).await;
    let session = talk.login(&alice.id, "2468").await;
    let grant = talk.select(&session, job, release(1)).await.unwrap();
    assert!(laptop.jobs().await[0].summary.leased);
    laptop.holder.delete(job).await.unwrap();
    assert!(laptop.jobs().await.is_empty());
    let extended = talk
        .ask(Request::Extend {
            release: release(1),
        })
        .await;
    assert_eq!(extended, Answer::Refused(Refusal::NoLease));
    let (status, _) = fetch(&printer, laptop.node, &grant, 0).await;
    assert_eq!(status, STATUS_REFUSED);
    let again = talk.select(&session, job, release(2)).await;
    assert_eq!(again.unwrap_err(), Refusal::NoJob);
    let printed = Outcome::Printed {
        pages: None,
        keep: false,
    };
    let reported = talk.report(job, release(1), printed).await;
    assert_eq!(reported, Answer::Refused(Refusal::NoLease));
}

/// Somebody who answers for the time server puts the clock an hour ahead, or a day back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_jumps_forgets_no_guess_and_ends_no_lease_and_no_session() {
    static MILLIS: AtomicU64 = AtomicU64::new(1_800_000_000_000);
    let site = Site::new(|| Timestamp::from_millis(MILLIS.load(Ordering::Relaxed)))
        .with_waits_by(clock::steady);
    let alice = site.user(10, "alice", "2468").await;
    let laptop = site.holder(20, "laptop").await;
    site.publish(&laptop, &alice).await;
    site.link(&laptop, &alice);
    let (printer, guesser) = (site.printer(30).await, site.printer(31).await);
    let job = laptop.submit(&alice, "hers", b"text").await.summary.job;
    let mut talk = Talk::with(&printer, laptop.node).await;
    let session = talk.login(&alice.id, "2468").await;
    talk.select(&session, job, release(1)).await.unwrap();
    let mut guessing = Talk::with(&guesser, laptop.node).await;
    let wrong = Pin::new("1357").unwrap();
    let mut guess = async || {
        let evidence = Evidence::Pin(&wrong, None);
        let (_, request) = LoginUnderWay::begin(
            guesser.node,
            laptop.node,
            &alice.id,
            evidence,
            &mut rand::rng(),
        )
        .unwrap();
        matches!(guessing.ask(request).await, Answer::Denied { .. })
    };
    for _ in 0..limits::FREE_GUESSES {
        assert!(!guess().await);
    }
    for jump in [3_600_000, 3_600_000 - 86_400_000] {
        MILLIS.store(
            1_800_000_000_000_u64.wrapping_add_signed(jump),
            Ordering::Relaxed,
        );
        laptop.holder.sweep().await.unwrap();
        assert!(guess().await, "the count was forgotten");
        assert!(laptop.jobs().await[0].summary.leased);
        let list = Request::List {
            session: session.id(),
            after: None,
        };
        assert!(matches!(talk.ask(list).await, Answer::Jobs { .. }));
    }
}

/// The holder writes down where the printer's log ended.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_that_was_cut_short_is_not_the_one_that_the_holder_saw() {
    let (_site, alice, laptop, printer) = small_site().await;
    let mut witnessed = Vec::new();
    for title in ["first", "second"] {
        let held = laptop.submit(&alice, title, b"text").await;
        let visit = printer.visit(&alice, "2468").await;
        let released = printer.print(&visit, release_request(&held, &laptop)).await;
        assert_eq!(released.ending, Ending::Printed);
        let page = laptop.audit.read(0, Timestamp::default()).await.unwrap();
        let last = page.entries.iter().rev().find_map(|e| e.event.witnessed);
        witnessed.push(last.unwrap());
    }
    let [first, second] = witnessed[..] else {
        panic!("{witnessed:?}")
    };
    assert!(first.records < second.records);
    for head in [first, second] {
        assert!(printer.audit.verify(Some(head)).await.is_ok());
    }
    // Another chain of the same length, and one that was longer.
    let other = AuditHead {
        hash: [1; 32],
        ..second
    };
    let longer = AuditHead {
        records: second.records + 100,
        ..second
    };
    assert!(matches!(
        printer.audit.verify(Some(other)).await,
        Err(AuditError::Chain(ChainError::Rewritten(_)))
    ));
    assert!(matches!(
        printer.audit.verify(Some(longer)).await,
        Err(AuditError::Chain(ChainError::Cut { .. }))
    ));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_owner_deletes_and_protects_at_the_printer() {
    let (_site, alice, laptop, printer) = small_site().await;
    let held = laptop.submit(&alice, "hers", b"text").await;
    let visit = printer.visit(&alice, "2468").await;
    let mut news = laptop.holder.news();
    printer
        .printer
        .protect(&visit, laptop.node, held.summary.job, true)
        .await
        .unwrap();
    // Whoever looks at the computer's own page sees it at once.
    assert!(news.try_recv().is_ok_and(|told| told.summary.protected));
    assert!(laptop.jobs().await[0].summary.protected);
    printer
        .printer
        .delete(&visit, laptop.node, held.summary.job)
        .await
        .unwrap();
    assert!(laptop.jobs().await.is_empty());
    assert!(
        printer
            .printer
            .delete(&visit, laptop.node, held.summary.job)
            .await
            .is_err()
    );
    let both = [Kind::Protected, Kind::Deleted, Kind::Refused];
    assert_eq!(kinds(&printer.audit).await, both);
    assert_eq!(deeds(&laptop.audit).await[1..], both);
}

/// Where a badge alone suffices, a printer can say that anybody is there. It has a user's jobs no more often than
/// people come, and each time is written down.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_printer_that_says_a_badge_on_end_is_stopped_and_written_down() {
    let site = Site::with(clock::now, LoginPolicy::Badge);
    let badge = site.badge("04A1B2");
    let alice = site.user_with(10, "alice", "2468", vec![badge]).await;
    let laptop = site.holder(20, "laptop").await;
    site.publish(&laptop, &alice).await;
    site.link(&laptop, &alice);
    let (printer, other) = (site.printer(30).await, site.printer(31).await);
    let say = async |talk: &mut Talk, printer: &Tray| {
        let (_, request) = LoginUnderWay::begin(
            printer.node,
            laptop.node,
            &alice.id,
            Evidence::Badge(badge),
            &mut rand::rng(),
        )
        .unwrap();
        talk.ask(request).await
    };
    let mut talk = Talk::with(&printer, laptop.node).await;
    for _ in 0..10 {
        let answer = say(&mut talk, &printer).await;
        assert!(matches!(answer, Answer::SessionOpen { .. }), "{answer:?}");
    }
    for _ in 0..2 {
        let answer = say(&mut talk, &printer).await;
        assert!(matches!(answer, Answer::Denied { .. }), "{answer:?}");
    }
    let page = laptop.audit.read(0, Timestamp::default()).await.unwrap();
    let noted = |kind| {
        let of_kind = page.entries.iter().filter(|entry| entry.event.kind == kind);
        let here = of_kind.filter(|entry| {
            entry.event.user.as_ref() == Some(&alice.id) && entry.event.peer == Some(printer.node)
        });
        here.count()
    };
    assert_eq!((noted(Kind::LoggedIn), noted(Kind::LoginDenied)), (10, 2));

    // With the PIN she is let in there, and with the badge elsewhere.
    talk.login(&alice.id, "2468").await;
    let mut talk = Talk::with(&other, laptop.node).await;
    let answer = say(&mut talk, &other).await;
    assert!(matches!(answer, Answer::SessionOpen { .. }), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_badge_names_and_where_the_site_says_so_proves() {
    for (policy, suffices) in [
        (LoginPolicy::BadgeAndPin, false),
        (LoginPolicy::Badge, true),
    ] {
        let site = Site::with(clock::now, policy);
        let alice = site
            .user_with(10, "alice", "2468", vec![site.badge("04A1B2")])
            .await;
        let laptop = site.holder(20, "laptop").await;
        site.publish(&laptop, &alice).await;
        site.link(&laptop, &alice);
        let printer = site.printer(30).await;
        laptop.submit(&alice, "hers", b"text").await;
        let badge = Visitor::Badge(BadgeNumber::of("04:a1:b2"));
        match printer.printer.visit(badge.clone(), None).await {
            Ok(visit) => assert_eq!((suffices, visit.jobs().len()), (true, 1)),
            Err(error) => assert!(!suffices && matches!(error, VisitError::Login(_))),
        }
        // Being asked for a PIN is no refusal.
        let denied = async || kinds(&printer.audit).await.contains(&Kind::LoginDenied);
        assert!(!denied().await, "{policy:?}");
        let visit = printer
            .printer
            .visit(badge, Some(Pin::new("2468").unwrap()))
            .await
            .unwrap();
        assert_eq!(visit.jobs().len(), 1);
        let stranger = printer
            .printer
            .visit(
                Visitor::Badge(BadgeNumber::of("99")),
                Some(Pin::new("2468").unwrap()),
            )
            .await;
        assert_eq!(stranger.err(), Some(VisitError::UnknownBadge));
        assert!(denied().await, "{policy:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shared_computer_holds_for_a_visitor_with_a_pin_for_the_visit() {
    let (site, alice, _laptop, printer) = small_site().await;
    let shared = site.holder_with(21, "lobby", Role::SharedClient).await;
    let refused = shared
        .holder
        .submit(submission(&alice, "hers"), &b"text"[..])
        .await;
    assert!(matches!(refused, Err(SubmitError::PinRequired)));
    assert!(!kinds(&shared.audit).await.contains(&Kind::SubmitRefused));
    let visit_pin = Some(Pin::new("9753").unwrap());
    let visiting = Submission {
        visit_pin,
        ..submission(&alice, "hers")
    };
    let held = shared.holder.submit(visiting, &b"text"[..]).await.unwrap();
    shared.announce(&alice).await;

    // Somebody else who says to be her does not get at what she left with a PIN of their own.
    let pretending = |pin: &str| Submission {
        visit_pin: Some(Pin::new(pin).unwrap()),
        ..submission(&alice, "bait")
    };
    let bait = shared.holder.submit(pretending("1111"), &b"bait"[..]).await;
    assert!(matches!(bait, Err(SubmitError::OtherPin(_))), "{bait:?}");
    let stranger = printer.visit(&alice, "1111").await;
    assert_eq!(stranger.holders()[0].trouble, Some(HolderTrouble::WrongPin));
    // She herself prints more with hers.
    let more = shared.holder.submit(pretending("9753"), &b"more"[..]).await;
    let more = more.unwrap();
    shared.holder.delete(more.summary.job).await.unwrap();

    let own = printer.visit(&alice, "2468").await;
    assert_eq!(own.holders()[0].trouble, Some(HolderTrouble::WrongPin));
    let visit = printer.visit(&alice, "9753").await;
    assert_eq!(
        printer
            .print(&visit, release_request(&held, &shared))
            .await
            .ending,
        Ending::Printed
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_document_that_is_refused_or_breaks_off_leaves_nothing() {
    let (_site, alice, laptop, _printer) = small_site().await;
    let submit = |submission, document: &'static [u8]| laptop.holder.submit(submission, document);
    let base = || submission(&alice, "hers");
    assert!(matches!(submit(base(), b"").await, Err(SubmitError::Empty)));
    assert!(matches!(
        submit(base(), b"\0\x01").await,
        Err(SubmitError::Format { .. })
    ));
    let short = Submission {
        size: Some(9),
        ..base()
    };
    assert!(matches!(
        submit(short, b"text").await,
        Err(SubmitError::Size {
            expected: 9,
            found: 4
        })
    ));
    let script = Submission {
        format: "application/postscript".into(),
        ..base()
    };
    assert!(matches!(
        submit(script, b"%!").await,
        Err(SubmitError::Refused(SubmitRefusal::Format(_)))
    ));
    let broken = AsyncReadExt::chain(&b"text"[..], Broken);
    assert!(matches!(
        laptop.holder.submit(base(), broken).await,
        Err(SubmitError::Broken(_))
    ));
    assert!(laptop.jobs().await.is_empty());
    assert_eq!(
        std::fs::read_dir(laptop.home.path().join("spool"))
            .unwrap()
            .count(),
        0
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_held_is_there_after_a_restart() {
    let (_site, alice, laptop, _printer) = small_site().await;
    let held = laptop.submit(&alice, "hers", &document(300_000)).await;
    let copy = tempfile::tempdir().unwrap();
    copy_folder(laptop.home.path(), copy.path());
    let store = Store::open(copy.path()).unwrap();
    let found = store.jobs().get(held.summary.job).unwrap().unwrap();
    assert_eq!((found.damage, found.row.plain_size), (None, 300_000));
}

fn copy_folder(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            std::fs::create_dir_all(&target).unwrap();
            copy_folder(&path, &target);
        } else {
            std::fs::copy(&path, &target).unwrap();
        }
    }
}

/// A document that breaks off.
struct Broken;

impl tokio::io::AsyncRead for Broken {
    fn poll_read(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
        _: &mut tokio::io::ReadBuf<'_>,
    ) -> std::task::Poll<std::io::Result<()>> {
        std::task::Poll::Ready(Err(std::io::ErrorKind::ConnectionReset.into()))
    }
}

// A printer that says what it likes -------------------------------------------------------------

pub(super) fn release(n: u8) -> ReleaseId {
    ReleaseId::from_bytes([n; 16])
}

/// A conversation of a printer with a holder, request by request.
pub(super) struct Talk {
    stream: DuplexStream,
    printer: NodeId,
    holder: NodeId,
    key: ed25519_dalek::SigningKey,
    site: papermesh_protocol::id::SiteId,
}

impl Talk {
    pub(super) async fn with(printer: &Tray, holder: NodeId) -> Self {
        let stream = printer
            .network
            .open(holder, &[], Protocol::Release(Version::Two))
            .await
            .unwrap();
        let (key, site) = printer.identity();
        Self {
            stream,
            printer: printer.node,
            holder,
            key,
            site,
        }
    }

    pub(super) async fn ask(&mut self, request: Request) -> Answer {
        write_message(&mut self.stream, &request, limits::RELEASE_MESSAGE)
            .await
            .unwrap();
        read_message(&mut self.stream, limits::RELEASE_MESSAGE, WAIT)
            .await
            .unwrap()
            .unwrap()
    }

    pub(super) async fn login(&mut self, user: &UserId, pin: &str) -> Session {
        let pin = Pin::new(pin).unwrap();
        let evidence = Evidence::Pin(&pin, None);
        let (login, request) =
            LoginUnderWay::begin(self.printer, self.holder, user, evidence, &mut rand::rng())
                .unwrap();
        let answer = self.ask(request).await;
        match login
            .challenged(answer, &KsfMemo::new(), &mut rand::rng())
            .unwrap()
        {
            Challenged::Prove(proving, ke3) => {
                let answer = self.ask(proving.request(ke3)).await;
                proving.answered(answer).unwrap()
            }
            Challenged::Open(session) => session,
        }
    }

    pub(super) async fn select(
        &mut self,
        session: &Session,
        job: JobId,
        release: ReleaseId,
    ) -> Result<Grant, Refusal> {
        let plain = (PrintOptions::default(), Extensions::default());
        self.select_with(session, job, release, plain).await
    }

    async fn select_with(
        &mut self,
        session: &Session,
        job: JobId,
        release: ReleaseId,
        (options, extensions): (PrintOptions, Extensions),
    ) -> Result<Grant, Refusal> {
        let request = Request::Select {
            session: session.id(),
            job,
            release,
            options,
            extensions,
        };
        match self.ask(request).await {
            Answer::Refused(refusal) => Err(refusal),
            answer => Ok(session.granted(job, answer).unwrap().0),
        }
    }

    async fn report(&mut self, job: JobId, release: ReleaseId, outcome: Outcome) -> Answer {
        let (printer, holder) = (self.printer, self.holder);
        let receipt = Receipt {
            site: self.site,
            release,
            job,
            holder,
            printer,
            at: clock::now(),
            outcome,
            reason: None,
            audit: None,
        };
        let receipt = Signed::sign(receipt, &self.key).unwrap();
        self.ask(Request::Report(receipt.envelope().clone())).await
    }
}

/// Fetches ciphertext with a grant's token: the status, and what came.
pub(super) async fn fetch(
    printer: &Tray,
    holder: NodeId,
    grant: &Grant,
    offset: u64,
) -> (u8, Vec<u8>) {
    let mut stream = printer
        .network
        .open(holder, &[], Protocol::Job)
        .await
        .unwrap();
    stream
        .write_all(
            &Open {
                token: grant.token.clone(),
                offset,
            }
            .to_bytes(),
        )
        .await
        .unwrap();
    let mut said = Vec::new();
    stream.read_to_end(&mut said).await.unwrap();
    let head = if said[0] == STATUS_OK { 9 } else { 1 };
    (said[0], said.split_off(head))
}

/// How fast a job goes in and out, through pipes: for orientation, run by hand with `--ignored`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement, not a test"]
async fn throughput() {
    let (_site, alice, laptop, printer) = small_site().await;
    let text = document(512 << 20);
    let started = std::time::Instant::now();
    let held = laptop.submit(&alice, "large", &text).await;
    let submitted = started.elapsed();
    let visit = printer.visit(&alice, "2468").await;
    let started = std::time::Instant::now();
    assert_eq!(
        printer
            .print(&visit, release_request(&held, &laptop))
            .await
            .ending,
        Ending::Printed
    );
    let printed = started.elapsed();
    let rate = |time: Duration| text.len() as f64 / time.as_secs_f64() / 1e6;
    println!(
        "submitted {:.0} MB/s, printed {:.0} MB/s",
        rate(submitted),
        rate(printed)
    );
}
