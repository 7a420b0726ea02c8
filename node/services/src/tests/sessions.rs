//! How long sessions last: as long as somebody prints under them, and no longer than the visit.

use std::time::Duration;

use papermesh_device::{OutputDevice, StillDevice};
use papermesh_protocol::limits;
use papermesh_protocol::release::message::{Answer, Progress, Refusal, Request};
use tokio::time::{Instant, sleep};

use super::release::{Talk, fetch, release};
use super::site::{document, eventually, release_request, two_holders};
use crate::printer::Ending;

/// The device wants paper for longer than a session lasts, twice. What stood still in the middle
/// goes on where it was, and what comes after it, here and elsewhere, comes out as well.
#[tokio::test(start_paused = true)]
async fn nobody_is_logged_out_while_the_device_stands_still() {
    let standstill = limits::SESSION_IDLE + Duration::from_secs(60);
    let (site, alice, [laptop, desktop], mut printer) = two_holders().await;
    let device = StillDevice::new(standstill);
    printer.set_device(OutputDevice::Still(device.clone()));

    // Longer than what is on its way can be, so that the stream stands still as well and breaks;
    // and short enough to be read ahead to its end, since no time passes while a file is read.
    let long = document(2_600_000);
    let mut papers = Vec::new();
    let mut wishes = Vec::new();
    for (holder, text) in [
        (&laptop, &long[..]),
        (&laptop, &long[..5000]),
        (&desktop, &long[..500]),
    ] {
        let held = holder.submit(&alice, "hers", text).await;
        papers.push(text.to_vec());
        wishes.push(release_request(&held, holder));
    }
    let began = Instant::now();
    let visit = printer.visit(&alice, "2468").await;
    assert_eq!(visit.jobs().len(), papers.len());
    for release_request in wishes {
        let released = printer.print(&visit, release_request).await;
        assert_eq!((released.ending, released.reason), (Ending::Printed, None));
    }
    assert!(began.elapsed() >= standstill * 2);
    assert!(
        site.pipes.job_streams(laptop.node) > 2,
        "no stream of the two jobs broke"
    );
    assert_eq!(device.printed(), papers);
    assert!(laptop.jobs().await.is_empty() && desktop.jobs().await.is_empty());
}

/// While a printer works it says no more than that it does: that uses the session, and silence
/// does not.
#[tokio::test(start_paused = true)]
async fn a_word_under_a_lease_uses_the_session_of_the_lease() {
    let (_site, alice, [laptop, _desktop], printer) = two_holders().await;
    let first = laptop.submit(&alice, "1", b"text").await.summary.job;
    let second = laptop.submit(&alice, "2", b"text").await.summary.job;
    let mut talk = Talk::with(&printer, laptop.node).await;
    let session = talk.login(&alice.id, "2468").await;
    let grant = talk.select(&session, first, release(1)).await.unwrap();
    // Of a document that nobody fetches no lease lasts so long.
    fetch(&printer, laptop.node, &grant, 0).await;
    let extend = Request::Extend {
        release: release(1),
    };
    let began = Instant::now();
    while began.elapsed() < limits::SESSION_IDLE * 2 {
        sleep(limits::LEASE_EXTEND).await;
        assert_eq!(talk.ask(extend.clone()).await, Answer::extended());
    }
    sleep(limits::LEASE - Duration::from_secs(10)).await;
    let progress = Progress {
        release: release(1),
        impressions: Some(1),
        stopped: true,
        reasons: Vec::new(),
    };
    assert_eq!(talk.ask(Request::Progress(progress)).await, Answer::Done);
    sleep(limits::SESSION_IDLE - Duration::from_secs(10)).await;
    talk.select(&session, second, release(2)).await.unwrap();

    // Silence ends the stream as well.
    sleep(limits::SESSION_IDLE).await;
    let mut talk = Talk::with(&printer, laptop.node).await;
    let refused = talk.select(&session, second, release(2)).await;
    assert_eq!(refused, Err(Refusal::NoSession));
}

/// However a visit ends, its sessions end with it; but a release that goes on keeps its own.
#[tokio::test(start_paused = true)]
async fn a_visit_that_is_cut_off_leaves_no_session() {
    let (_site, alice, [laptop, desktop], mut printer) = two_holders().await;
    let device = StillDevice::new(limits::SESSION_IDLE * 2);
    printer.set_device(OutputDevice::Still(device.clone()));
    let text = document(5000);
    let held = laptop.submit(&alice, "hers", &text).await;
    desktop.submit(&alice, "hers, too", b"text").await;
    let open = || {
        (
            laptop.holder.open_sessions(),
            desktop.holder.open_sessions(),
        )
    };
    let waited = Duration::from_secs(60);

    let visit = printer.visit(&alice, "2468").await;
    assert_eq!(open(), (1, 1));
    let came = Instant::now();
    drop(visit);
    eventually(|| async { open() == (0, 0) }).await;

    let visit = printer.visit(&alice, "2468").await;
    let mut printing = Box::pin(printer.print(&visit, release_request(&held, &laptop)));
    assert!(tokio::time::timeout(waited, &mut printing).await.is_err());
    drop(printing);
    drop(visit);
    eventually(|| async { open() == (1, 0) }).await;
    assert!(came.elapsed() < limits::SESSION_IDLE);

    sleep(limits::SESSION_IDLE * 2).await;
    assert_eq!(device.printed(), [text]);
    eventually(|| async { open() == (0, 0) && laptop.jobs().await.is_empty() }).await;
}
