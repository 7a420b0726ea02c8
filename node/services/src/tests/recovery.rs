//! What a printer finds after a restart, and how it is settled.

use std::time::Duration;

use papermesh_device::{OutputDevice, StillDevice};
use papermesh_protocol::release::printer::Phase;
use papermesh_store::JournalRow;
use tokio::time::{Instant, sleep};

use super::release::{Talk, fetch, release};
use super::site::{eventually, release_request, two_holders};
use crate::printer::Ending;

/// The power cut that stopped the printer stopped its device, too, which starts for minutes.
/// Meanwhile holders are told of other releases, and then the device is believed.
#[tokio::test(start_paused = true)]
async fn a_device_that_starts_for_minutes_is_asked_until_it_tells_and_keeps_nobody_waiting() {
    let starting = Duration::from_secs(10 * 60);
    let (site, alice, [laptop, desktop], mut printer) = two_holders().await;
    let before = laptop.submit(&alice, "before", b"text").await;
    let after = desktop.submit(&alice, "after", b"text").await;
    let job = before.summary.job;
    let mut talk = Talk::with(&printer, laptop.node).await;
    let session = talk.login(&alice.id, "2468").await;
    let grant = talk.select(&session, job, release(1)).await.unwrap();
    fetch(&printer, laptop.node, &grant, 0).await;
    let row = JournalRow {
        holder: laptop.node,
        job,
        user: alice.id.clone(),
        phase: Phase::Taken,
        keep: false,
        device: serde_json::to_string(&StillDevice::job()).ok(),
        receipt: None,
        started_at: laptop.holder.now(),
        changed_at: laptop.holder.now(),
    };
    printer.store.journal().put(&release(1), &row).unwrap();

    let began = Instant::now();
    printer.set_device(OutputDevice::Still(StillDevice::starting(starting)));
    tokio::spawn(printer.printer.clone().run());
    let visit = printer.visit(&alice, "2468").await;
    site.pipes.leave_after_job(desktop.node);
    let released = printer
        .print(&visit, release_request(&after, &desktop))
        .await;
    assert_eq!(released.ending, Ending::Printed);
    assert_eq!(desktop.jobs().await.len(), 1, "it has not heard of it");
    site.pipes.switch_on(desktop.node);
    eventually(|| async { desktop.jobs().await.is_empty() }).await;
    assert!(began.elapsed() < starting);
    let waiting = laptop.jobs().await.remove(0).summary;
    assert!(waiting.leased && !waiting.may_have_printed);

    sleep(starting).await;
    eventually(|| async { laptop.jobs().await.is_empty() }).await;
    eventually(|| async { printer.store.journal().scan(None, 10).unwrap().is_empty() }).await;
}

/// A device that is never switched on again cannot tell, and after half an hour nobody waits for
/// its word any more.
#[tokio::test(start_paused = true)]
async fn a_device_that_stays_silent_is_given_up() {
    let (_site, alice, [laptop, _desktop], mut printer) = two_holders().await;
    let job = laptop.submit(&alice, "hers", b"text").await.summary.job;
    let mut talk = Talk::with(&printer, laptop.node).await;
    let session = talk.login(&alice.id, "2468").await;
    let grant = talk.select(&session, job, release(1)).await.unwrap();
    fetch(&printer, laptop.node, &grant, 0).await;
    let row = JournalRow {
        holder: laptop.node,
        job,
        user: alice.id.clone(),
        phase: Phase::Sending,
        keep: false,
        device: serde_json::to_string(&StillDevice::job()).ok(),
        receipt: None,
        started_at: laptop.holder.now(),
        changed_at: laptop.holder.now(),
    };
    printer.store.journal().put(&release(1), &row).unwrap();
    let day = Duration::from_secs(24 * 60 * 60);
    printer.set_device(OutputDevice::Still(StillDevice::starting(day)));
    tokio::spawn(printer.printer.clone().run());
    sleep(Duration::from_secs(31 * 60)).await;
    eventually(|| async { laptop.jobs().await[0].summary.may_have_printed }).await;
}
