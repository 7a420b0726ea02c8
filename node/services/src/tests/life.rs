//! What becomes of jobs, as their owner sees it: states and their news, history, numbers, order,
//! jobs for later, and jobs with a PIN of their own.

use std::time::Duration;

use papermesh_protocol::limits;
use papermesh_protocol::pin::Pin;
use papermesh_protocol::release::receipt::Outcome;
use tokio::sync::broadcast::Receiver;
use tokio::time::timeout;

use super::release::small_site;
use super::site::{HolderNode, User, document, release_request, submission};
use crate::audit::Kind;
use crate::clock;
use crate::holder::{HeldView, JobState, Submission, SubmitError};
use crate::policy::SubmitRefusal;
use crate::printer::{Ending, ReleaseRequest};

const WAIT: Duration = Duration::from_secs(30);

async fn submit((laptop, alice): (&HolderNode, &User), submission: Submission) -> HeldView {
    let held = laptop
        .holder
        .submit(submission, &b"text"[..])
        .await
        .unwrap();
    laptop.announce(alice).await;
    held
}

async fn told(news: &mut Receiver<HeldView>) -> HeldView {
    timeout(WAIT, news.recv()).await.unwrap().unwrap()
}

/// The states that are told until the job is gone or held again.
async fn states(news: &mut Receiver<HeldView>) -> Vec<HeldView> {
    let mut told_ = Vec::new();
    loop {
        let view = told(news).await;
        let ends = !matches!(view.state, JobState::Processing { .. });
        told_.push(view);
        if ends {
            return told_;
        }
    }
}

fn titles(jobs: impl IntoIterator<Item = String>) -> String {
    jobs.into_iter().collect::<Vec<_>>().join(" ")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_owner_follows_a_job_from_held_to_printed_and_finds_it_afterwards() {
    let (_site, alice, laptop, printer) = small_site().await;
    let mut news = laptop.holder.news();
    let held = laptop.submit(&alice, "figures", &document(1000)).await;
    assert_eq!((held.number, &held.state), (1, &JobState::Held));
    assert_eq!(told(&mut news).await, held);

    let visit = printer.visit(&alice, "2468").await;
    printer.print(&visit, release_request(&held, &laptop)).await;
    let told = states(&mut news).await;
    let JobState::Processing { printer: at, .. } = &told[0].state else {
        panic!("{told:?}")
    };
    assert_eq!((at.node, at.name.as_str()), (printer.node, "printer"));
    let gone = told.last().unwrap();
    assert!(matches!(&gone.state, JobState::Printed { printer, .. } if printer == at));
    assert_eq!(gone.summary.title, "figures");

    let past = laptop.holder.history(Some(alice.id.clone()), None).await;
    assert_eq!(past.unwrap().as_slice(), std::slice::from_ref(gone));
    assert_eq!(
        laptop.holder.numbered(1).await.unwrap().as_ref(),
        Some(gone)
    );
    assert!(laptop.holder.numbered(2).await.unwrap().is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_did_not_work_is_kept_with_the_job() {
    let (_site, alice, laptop, printer) = small_site().await;
    let held = laptop.submit(&alice, "figures", &document(1000)).await;
    let kept = ReleaseRequest {
        keep: true,
        ..release_request(&held, &laptop)
    };
    let visit = printer.visit(&alice, "2468").await;
    let mut news = laptop.holder.news();
    printer.print(&visit, kept).await;
    let told = states(&mut news).await;
    let last = told.last().unwrap().last.clone().unwrap();
    assert_eq!(told.last().unwrap().state, JobState::Held);
    assert_eq!(last.printer.node, printer.node);
    assert!(matches!(last.outcome, Outcome::Printed { keep: true, .. }));
    assert_eq!(laptop.jobs().await[0].last, Some(last));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_way_to_go_is_remembered() {
    let (_site, alice, laptop, printer) = small_site().await;
    let here = laptop.submit(&alice, "here", b"text").await;
    let there = laptop.submit(&alice, "there", b"text").await;
    laptop.holder.delete(here.summary.job).await.unwrap();
    let visit = printer.visit(&alice, "2468").await;
    printer
        .printer
        .delete(&visit, laptop.node, there.summary.job)
        .await
        .unwrap();
    let past = laptop.holder.history(None, None).await.unwrap();
    let by: Vec<_> = past
        .iter()
        .map(|past| match &past.state {
            JobState::Deleted { printer, .. } => printer.as_ref().map(|printer| printer.node),
            state => panic!("{state:?}"),
        })
        .collect();
    assert_eq!(by, [None, Some(printer.node)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists_are_in_time_order_unless_the_owner_says_otherwise() {
    let (_site, alice, laptop, printer) = small_site().await;
    for title in ["a", "b", "c"] {
        laptop.submit(&alice, title, b"text").await;
    }
    let urgent = Submission {
        priority: 80,
        ..submission(&alice, "urgent")
    };
    submit((&laptop, &alice), urgent).await;
    let listed = || async {
        let visit = printer.visit(&alice, "2468").await;
        titles(visit.jobs().into_iter().map(|job| job.summary.title))
    };
    assert_eq!(listed().await, "urgent a b c");
    let c = laptop.jobs().await;
    let c = c.iter().find(|job| job.summary.title == "c").unwrap();
    laptop.holder.move_to(c.summary.job, 1).await.unwrap();
    assert_eq!(listed().await, "c urgent a b");
    laptop.holder.move_to(c.summary.job, 3).await.unwrap();
    assert_eq!(listed().await, "urgent a c b");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_for_later_is_not_offered_before() {
    let (_site, alice, laptop, printer) = small_site().await;
    let until = clock::now() + Duration::from_secs(3600);
    let later = Submission {
        hold_until: Some(until),
        ..submission(&alice, "later")
    };
    let later = submit((&laptop, &alice), later).await;
    assert_eq!(later.state, JobState::Waiting { until });
    laptop.submit(&alice, "now", b"text").await;
    let visit = printer.visit(&alice, "2468").await;
    let listed = visit.jobs();
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].summary.title, "now");
    // It is kept from printers, not from its owner.
    assert_eq!(laptop.jobs().await.len(), 2);

    let never = Submission {
        hold_until: Some(clock::now() + limits::JOB_LIFETIME * 2),
        ..submission(&alice, "never")
    };
    assert!(matches!(
        laptop.holder.submit(never, &b"text"[..]).await,
        Err(SubmitError::Refused(SubmitRefusal::Hold))
    ));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_number_can_be_had_before_the_document() {
    let (_site, alice, laptop, _printer) = small_site().await;
    let number = laptop.holder.reserve_number().await.unwrap();
    let other = laptop.submit(&alice, "meanwhile", b"text").await;
    let reserved = Submission {
        number: Some(number),
        ..submission(&alice, "reserved")
    };
    let reserved = submit((&laptop, &alice), reserved).await;
    assert_eq!((reserved.number, other.number), (number, number + 1));
    assert_eq!(
        laptop.holder.numbered(number).await.unwrap(),
        Some(reserved)
    );
}

fn locked(alice: &User) -> Submission {
    Submission {
        job_pin: Some(Pin::new("8642").unwrap()),
        ..submission(alice, "contract")
    }
}

fn with_pin(release_request: ReleaseRequest, pin: &str) -> ReleaseRequest {
    ReleaseRequest {
        pin: Some(Pin::new(pin).unwrap()),
        ..release_request
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_with_a_pin_of_its_own_wants_that_pin_too() {
    let (_site, alice, laptop, printer) = small_site().await;
    let held = submit((&laptop, &alice), locked(&alice)).await;
    assert!(held.summary.needs_pin);
    let visit = printer.visit(&alice, "2468").await;
    let listed = &visit.jobs()[0].summary;
    assert!(listed.needs_pin && listed.title == "contract");

    let plain = release_request(&held, &laptop);
    let none = printer.print(&visit, plain.clone()).await;
    let wrong = printer.print(&visit, with_pin(plain.clone(), "2468")).await;
    assert_eq!(none.ending, Ending::NotPrinted);
    assert_eq!(wrong.ending, Ending::NotPrinted);
    assert!(wrong.reason.unwrap().contains("PIN is wrong"));
    assert!(printer.paper().is_empty());
    let right = printer.print(&visit, with_pin(plain, "8642")).await;
    assert_eq!((right.ending, right.reason), (Ending::Printed, None));
    assert_eq!(printer.paper().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guesses_at_a_jobs_pin_earn_a_wait_that_a_new_login_does_not_end() {
    let (_site, alice, laptop, printer) = small_site().await;
    let held = submit((&laptop, &alice), locked(&alice)).await;
    let plain = release_request(&held, &laptop);
    for _ in 0..limits::FREE_GUESSES {
        let visit = printer.visit(&alice, "2468").await;
        printer.print(&visit, with_pin(plain.clone(), "1111")).await;
    }
    let visit = printer.visit(&alice, "2468").await;
    let right = printer.print(&visit, with_pin(plain, "8642")).await;
    assert_eq!(right.ending, Ending::NotPrinted);
    assert!(right.reason.unwrap().contains("too many attempts"));
    let refused = super::site::kinds(&laptop.audit).await;
    assert!(refused.contains(&Kind::LoginDenied), "{refused:?}");
}
