//! Jobs that go straight to a printer: while they arrive, when they are held, or not at all.

use std::time::Duration;

use papermesh_frame::{read_message, write_message};
use papermesh_mesh::Protocol;
use papermesh_protocol::direct::{Answer, Decline, Offer, Request};
use papermesh_protocol::limits;
use papermesh_protocol::pin::Pin;
use papermesh_protocol::release::receipt::Outcome;
use papermesh_protocol::version::Version;
use tokio::io::{AsyncWriteExt, DuplexStream};
use tokio::time::timeout;

use super::release::small_site;
use super::site::{HolderNode, Tray, User, document, eventually, kinds, submission};
use crate::audit::Kind;
use crate::holder::{DirectEnd, HeldView, JobState, Submission, SubmitError};
use crate::network::Network;

const WAIT: Duration = Duration::from_secs(30);
const PRINTED: Outcome = Outcome::Printed {
    pages: None,
    keep: false,
};

async fn direct(
    (laptop, printer): (&HolderNode, &Tray),
    submission: Submission,
    text: &[u8],
) -> (HeldView, DirectEnd) {
    let print = laptop
        .holder
        .submit_direct(submission, &printer.known, text);
    let (held, print) = timeout(WAIT, print).await.unwrap().unwrap();
    (held, timeout(WAIT, print.ended()).await.unwrap())
}

fn sized(alice: &User, text: &[u8]) -> Submission {
    Submission {
        size: Some(text.len() as u64),
        ..submission(alice, "straight")
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_goes_straight_to_paper_whether_its_length_is_known_or_not() {
    let (_site, alice, laptop, printer) = small_site().await;
    let text = document(3_000_000);
    for submission in [sized(&alice, &text), submission(&alice, "of some length")] {
        let (held, end) = direct((&laptop, &printer), submission, &text).await;
        assert_eq!((end.outcome, end.reason), (PRINTED, None));
        assert_eq!(printer.paper().last(), Some(&text));
        assert!(laptop.jobs().await.is_empty());
        let gone = laptop.holder.numbered(held.number).await.unwrap().unwrap();
        assert!(
            matches!(&gone.state, JobState::Printed { printer: at, .. } if at.node == printer.node),
            "{gone:?}"
        );
    }
    assert_eq!(printer.paper().len(), 2);
    // On both sides, as every release.
    let here = kinds(&laptop.audit).await;
    for kind in [Kind::Submitted, Kind::Released] {
        assert_eq!(here.iter().filter(|noted| **noted == kind).count(), 2);
    }
    assert_eq!(
        kinds(&printer.audit).await,
        [Kind::Released, Kind::Released]
    );
}

/// A document that is written by hand.
fn by_hand() -> (DuplexStream, DuplexStream) {
    tokio::io::duplex(64 * 1024)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn paper_begins_before_the_document_has_ended_and_the_end_waits_until_it_is_held() {
    let (_site, alice, laptop, printer) = small_site().await;
    let text = document(8_000_000);
    let (mut hand, arriving) = by_hand();
    let (holder, known, submitted) = (
        laptop.holder.clone(),
        printer.known.clone(),
        sized(&alice, &text),
    );
    let submitting =
        tokio::spawn(async move { holder.submit_direct(submitted, &known, arriving).await });
    let (first, rest) = text.split_at(6_000_000);
    hand.write_all(first).await.unwrap();
    // The tray has the beginning of a job of which nothing is held.
    eventually(|| async { printer.begun() > 1_000_000 }).await;
    assert!(laptop.jobs().await.is_empty());
    assert!(printer.paper().is_empty());
    hand.write_all(rest).await.unwrap();
    drop(hand);
    let (_, print) = submitting.await.unwrap().unwrap();
    assert_eq!(print.ended().await.outcome, PRINTED);
    assert_eq!(printer.paper(), [text]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_document_that_breaks_off_is_neither_held_nor_printed() {
    let (_site, alice, laptop, printer) = small_site().await;
    let text = document(8_000_000);
    let (mut hand, arriving) = by_hand();
    let (holder, known, submitted) = (
        laptop.holder.clone(),
        printer.known.clone(),
        sized(&alice, &text),
    );
    let submitting =
        tokio::spawn(async move { holder.submit_direct(submitted, &known, arriving).await });
    hand.write_all(&text[..6_000_000]).await.unwrap();
    eventually(|| async { printer.begun() > 1_000_000 }).await;
    drop(hand);
    assert!(matches!(
        submitting.await.unwrap(),
        Err(SubmitError::Size { .. })
    ));
    // The printer hears that there is no such release, and is free again.
    eventually(|| async { !printer.printer.is_busy() }).await;
    assert!(printer.paper().is_empty());
    assert!(laptop.jobs().await.is_empty());
    assert!(laptop.holder.history(None, None).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_its_printer_it_is_simply_a_held_job() {
    let (site, alice, laptop, printer) = small_site().await;
    site.pipes.switch_off(printer.node);
    let text = document(1000);
    let (held, end) = direct((&laptop, &printer), sized(&alice, &text), &text).await;
    assert_eq!(end.outcome, Outcome::NotPrinted);
    assert!(end.reason.unwrap().contains("cannot be reached"));
    assert_eq!(laptop.jobs().await, [held]);

    // And can be released as ever.
    site.pipes.switch_on(printer.node);
    laptop.announce(&alice).await;
    let visit = printer.visit(&alice, "2468").await;
    assert_eq!(visit.jobs().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_printer_says_what_it_can_do() {
    let (_site, _alice, laptop, printer) = small_site().await;
    assert_eq!(laptop.holder.known_abilities(printer.node), None);
    let abilities = laptop.holder.abilities(&printer.known).await.unwrap();
    assert!(abilities.accepting);
    assert_eq!(laptop.holder.known_abilities(printer.node), Some(abilities));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_jobs_own_pin_is_not_asked_of_the_owner_who_hands_it_over() {
    let (_site, alice, laptop, printer) = small_site().await;
    let text = document(100_000);
    let locked = Submission {
        job_pin: Some(Pin::new("8642").unwrap()),
        ..sized(&alice, &text)
    };
    let (_, end) = direct((&laptop, &printer), locked, &text).await;
    assert_eq!(end.outcome, PRINTED);
}

/// What a computer says to a printer itself; none if the printer does not listen to it.
async fn offered(
    laptop: &HolderNode,
    printer: &Tray,
    offer: Offer,
) -> Option<(DuplexStream, Answer)> {
    let opening = laptop
        .network
        .open(printer.node, &[], Protocol::Direct(Version::Two));
    let mut stream = opening.await.ok()?;
    let request = Request::Offer(Box::new(offer));
    write_message(&mut stream, &request, limits::DIRECT_MESSAGE)
        .await
        .ok()?;
    let answer = read_message(&mut stream, limits::DIRECT_MESSAGE, WAIT).await;
    Some((stream, answer.ok()??))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_prints_as_a_user_whom_the_site_does_not_know() {
    let (site, _alice, laptop, printer) = small_site().await;
    // A key and a delegation are quickly made; the site has no entry of her.
    let ghost = site.user(66, "ghost", "2468").await;
    site.link(&laptop, &ghost);
    let text = document(1000);
    let (held, end) = direct((&laptop, &printer), sized(&ghost, &text), &text).await;
    assert_eq!(end.outcome, Outcome::NotPrinted);
    let reason = end.reason.unwrap();
    assert!(reason.contains("does not know this user"), "{reason}");
    assert!(printer.paper().is_empty());
    assert_eq!(kinds(&printer.audit).await, [Kind::Refused]);
    // For an honest user that is a held job like any other.
    assert_eq!(laptop.jobs().await, [held]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_computer_leaves_places_at_a_printer_for_others() {
    let (site, alice, laptop, printer) = small_site().await;
    let other = site.holder(21, "desktop").await;
    site.link(&other, &alice);
    let held = laptop.submit(&alice, "offered", b"text").await;
    let offer = laptop.offer(&alice, &held);
    let mut silent = Vec::new();
    for _ in 0..70 {
        // It hands no session over.
        silent.push(offered(&laptop, &printer, offer.clone()).await);
    }
    let heard = silent.iter().flatten();
    let taken = heard.filter(|(_, answer)| *answer != Answer::Declined(Decline::Busy));
    assert!((1..64).contains(&taken.count()));
    let text = document(1000);
    let (_, end) = direct((&other, &printer), sized(&alice, &text), &text).await;
    assert_eq!(end.outcome, PRINTED);
}
