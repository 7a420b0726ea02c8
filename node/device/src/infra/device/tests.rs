//! A print and a proxy, side by side, on a clock of their own.
#![allow(clippy::unwrap_used)]

use std::io;
use std::time::Duration;

use futures::StreamExt as _;
use ipp::attribute::IppAttribute;
use ipp::value::IppValue;
use papermesh_protocol::job::PrintOptions;
use tokio::io::AsyncRead;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio_util::io::StreamReader;
use tokio_util::sync::CancellationToken;

use super::super::super::description::OutputOptions;
use super::super::super::event::{DeviceEvent, DeviceJobState, DeviceVerdict};
use super::super::super::failure::{Outcome, PrintFailure, Stop};
use super::super::super::ticket::PrintTicket;
use super::super::job::{JobWord, UNHEARD};
use super::super::state::ProxyId;
use super::{Change, InfraDevice};

type Printed = JoinHandle<Result<Outcome, PrintFailure>>;

fn proxy() -> ProxyId {
    "urn:uuid:00000000-0000-4000-8000-000000000001"
        .parse()
        .unwrap()
}

fn device() -> InfraDevice {
    let device = InfraDevice::new("hall".into(), OutputOptions::default());
    assert!(device.hear(&proxy()));
    let pdf = IppValue::MimeMediaType("application/pdf".try_into().unwrap());
    let said = [
        IppAttribute::with_name("document-format-supported", pdf).unwrap(),
        IppAttribute::with_name("printer-state", IppValue::Enum(3)).unwrap(),
    ];
    device.update(&proxy(), &said).unwrap();
    device
}

fn begin<R>(
    device: &InfraDevice,
    document: R,
) -> (Printed, mpsc::Receiver<DeviceEvent>, CancellationToken)
where
    R: AsyncRead + Send + Unpin + 'static,
{
    let ticket = PrintTicket {
        release: "1f2e3d4c5b6a7988".into(),
        title: "report".into(),
        user: "ada".into(),
        format: "application/pdf".into(),
        options: PrintOptions::default(),
        size: None,
        converted: false,
    };
    let (sender, events) = mpsc::channel(32);
    let cancel = CancellationToken::new();
    let (device, stop) = (device.clone(), cancel.clone());
    let printed = tokio::spawn(async move { device.print(&ticket, document, sender, stop).await });
    (printed, events, cancel)
}

/// The number of the job, when it is there.
async fn job(device: &InfraDevice) -> i32 {
    for _ in 0..1000 {
        if let Some(job) = device.fetchable(&proxy()).first() {
            return job.number;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    panic!("no job can be fetched");
}

fn says(state: DeviceJobState) -> JobWord {
    JobWord {
        state: Some(state),
        reasons: Vec::new(),
        message: None,
        impressions: Some(2),
    }
}

#[tokio::test(start_paused = true)]
async fn a_document_is_fetched_piece_by_piece_and_printed() {
    let device = device();
    let bytes = vec![7u8; 1_000_000];
    let (printed, mut events, _) = begin(&device, io::Cursor::new(bytes.clone()));
    let number = job(&device).await;
    device.take(number, &proxy()).unwrap();
    let mut fetched = device.fetch_document(number, &proxy()).unwrap();
    assert_eq!(fetched.format, "application/pdf");
    assert!(
        device.fetch_document(number, &proxy()).is_err(),
        "it is given once"
    );
    let mut got = Vec::new();
    while let Some(piece) = fetched.document.next().await {
        got.extend_from_slice(&piece.unwrap());
    }
    assert!(got == bytes);
    device.acknowledge(number, &proxy()).unwrap();
    device
        .hear_of_job(number, &proxy(), says(DeviceJobState::Completed))
        .unwrap();
    let outcome = printed.await.unwrap().unwrap();
    assert!(matches!(outcome, Outcome::Completed { pages: Some(2), .. }));
    let (mut accepted, mut taken) = (0, 0);
    while let Ok(event) = events.try_recv() {
        accepted += usize::from(matches!(event, DeviceEvent::Accepted { .. }));
        taken += usize::from(matches!(event, DeviceEvent::Taken));
    }
    // Once when it is offered, and once with the proxy that took it.
    assert_eq!((accepted, taken), (2, 1));
    assert_eq!(
        device.job(number).unwrap().ended,
        Some(DeviceJobState::Completed)
    );
}

#[tokio::test(start_paused = true)]
async fn a_document_that_breaks_off_never_ends_well_for_its_proxy() {
    let device = device();
    // It breaks off when its proxy has some of it: before, nothing would have been sent.
    let (broken, breaks) = oneshot::channel::<()>();
    let first = Ok(tokio_util::bytes::Bytes::from_static(b"%PDF"));
    let then = futures::stream::once(async {
        drop(breaks.await);
        Err(io::Error::other("gone"))
    });
    let pieces = futures::stream::iter([first]).chain(then);
    let document = StreamReader::new(Box::pin(pieces));
    let (printed, _events, _) = begin(&device, document);
    let number = job(&device).await;
    device.take(number, &proxy()).unwrap();
    let mut fetched = device.fetch_document(number, &proxy()).unwrap();
    assert_eq!(
        &fetched.document.next().await.unwrap().unwrap()[..],
        b"%PDF"
    );
    broken.send(()).unwrap();
    assert!(fetched.document.next().await.unwrap().is_err());
    // Whatever the proxy says of it.
    device.acknowledge(number, &proxy()).unwrap();
    device
        .hear_of_job(number, &proxy(), says(DeviceJobState::Completed))
        .unwrap();
    let failure = printed.await.unwrap().unwrap_err();
    assert!(failure.may_have_printed(), "{failure}");
    assert!(matches!(
        failure,
        PrintFailure::Body {
            stop: Stop::Unconfirmed,
            ..
        }
    ));
}

#[tokio::test(start_paused = true)]
async fn a_document_that_is_gone_before_anybody_came_is_not_printed() {
    let device = device();
    let pieces = [Err::<tokio_util::bytes::Bytes, _>(io::Error::other("gone"))];
    let (printed, _events, _) = begin(&device, StreamReader::new(futures::stream::iter(pieces)));
    let failure = printed.await.unwrap().unwrap_err();
    assert!(matches!(
        failure,
        PrintFailure::Body {
            stop: Stop::NothingSent,
            ..
        }
    ));
    assert_eq!(device.queued(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_job_is_taken_back_from_nobody() {
    let device = device();
    let (printed, mut events, _) = begin(&device, io::Cursor::new(b"%PDF"));
    let begun = tokio::time::Instant::now();
    let failure = printed.await.unwrap().unwrap_err();
    assert!(
        begun.elapsed() >= UNHEARD && failure.nothing_printed(),
        "{failure}"
    );
    assert!(
        failure.to_string().contains("no proxy has asked for jobs"),
        "{failure}"
    );
    let mut waits = false;
    while let Ok(event) = events.try_recv() {
        waits |= matches!(event, DeviceEvent::Waiting { .. });
    }
    assert!(waits);
    // And then nothing is begun that nobody would fetch.
    let described = device.describe().unwrap_err().to_string();
    assert!(
        described.contains("no proxy has asked for jobs for 2 minutes"),
        "{described}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_canceled_job_is_given_to_nobody() {
    let device = device();
    let (printed, _events, cancel) = begin(&device, io::Cursor::new(b"%PDF"));
    let number = job(&device).await;
    device.take(number, &proxy()).unwrap();
    cancel.cancel();
    let failure = printed.await.unwrap().unwrap_err();
    assert!(failure.nothing_printed(), "{failure}");
    assert!(device.fetch_document(number, &proxy()).is_err());
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_breaks_leaves_a_doubt() {
    let device = device();
    let (printed, _events, _) = begin(&device, io::Cursor::new(vec![7u8; 1_000_000]));
    let number = job(&device).await;
    device.take(number, &proxy()).unwrap();
    let mut fetched = device.fetch_document(number, &proxy()).unwrap();
    let _ = fetched.document.next().await;
    drop(fetched);
    let failure = printed.await.unwrap().unwrap_err();
    assert!(failure.may_have_printed(), "{failure}");
}

fn other() -> ProxyId {
    "urn:uuid:00000000-0000-4000-8000-000000000002"
        .parse()
        .unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_job_that_is_given_back_says_nothing_of_the_try_before() {
    let device = device();
    let (printed, mut events, cancel) = begin(&device, io::Cursor::new(b"%PDF"));
    let number = job(&device).await;
    device.take(number, &proxy()).unwrap();
    let word = JobWord {
        message: Some("no paper".into()),
        ..says(DeviceJobState::ProcessingStopped)
    };
    device.hear_of_job(number, &proxy(), word).unwrap();
    let mut said = Vec::new();
    while said.is_empty() {
        if let Some(DeviceEvent::State(state)) = events.recv().await {
            said.push(state);
        }
    }
    assert_eq!(said[0].message.as_deref(), Some("no paper"));
    device.decline(number, &proxy(), "full".into()).unwrap();
    while said.len() < 2 {
        if let Some(DeviceEvent::State(state)) = events.recv().await {
            said.push(state);
        }
    }
    let now = &said[1];
    assert_eq!((now.job, now.pages), (DeviceJobState::Pending, None));
    assert!(now.message.is_none() && now.job_reasons.is_empty());
    assert_eq!(device.job(number).unwrap().impressions, None);
    cancel.cancel();
    assert!(printed.await.unwrap().unwrap_err().nothing_printed());
}

#[tokio::test(start_paused = true)]
async fn the_proxy_that_fetches_from_now_on_is_told_what_there_is() {
    let device = device();
    let mut changes = device.changes();
    let (printed, _events, cancel) = begin(&device, io::Cursor::new(b"%PDF"));
    let number = job(&device).await;
    device.take(number, &proxy()).unwrap();
    let pdf = IppValue::MimeMediaType("application/pdf".try_into().unwrap());
    let said = [IppAttribute::with_name("document-format-supported", pdf).unwrap()];
    assert!(device.hear(&other()));
    device.update(&other(), &said).unwrap();
    // It may not know of what another took.
    assert!(device.jobs_of(&other()).is_empty() && device.job_of(number, &other()).is_none());
    assert_eq!(device.jobs_of(&proxy()).len(), 1);
    while changes.try_recv().is_ok() {}
    let mut is_told = false;
    for _ in 0..UNHEARD.as_secs() / 10 + 2 {
        tokio::time::sleep(Duration::from_secs(10)).await;
        assert!(device.hear(&other()));
        while let Ok(change) = changes.try_recv() {
            is_told |= change == Change::Fetchable(number);
        }
    }
    assert!(is_told);
    assert_eq!(device.fetchable(&other()).len(), 1);
    assert!(device.jobs_of(&proxy()).is_empty());
    device.take(number, &other()).unwrap();
    cancel.cancel();
    assert!(printed.await.unwrap().unwrap_err().nothing_printed());
    assert!(device.ended_of(&proxy()).is_empty());
    assert_eq!(device.ended_of(&other()).len(), 1);
}

#[tokio::test]
async fn what_a_proxy_said_is_taken_back_as_it_was_given() {
    let before = device();
    let said = before.said_by(&proxy());
    assert!(!said.is_empty());
    let after = InfraDevice::new("hall".into(), OutputOptions::default());
    after.remember(proxy(), &said);
    assert_eq!(after.said_by(&proxy()), said);
    assert!(after.describe().is_err(), "nobody was heard of");
    assert!(after.hear(&proxy()));
    let described = (before.describe().unwrap(), after.describe().unwrap());
    assert_eq!(described.0.can.formats, described.1.can.formats);
    for odd in [&b""[..], b"\x02", &said[..said.len() - 1], &[7; 400_000]] {
        let device = InfraDevice::new("hall".into(), OutputOptions::default());
        device.remember(proxy(), odd);
        assert!(device.said_by(&proxy()).is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn after_a_restart_the_proxy_that_had_a_job_says_how_it_ended() {
    let device = device();
    let id = proxy();
    let ask = || device.ask(77, Some(id.as_str()));
    assert!(matches!(ask(), DeviceVerdict::Silent { .. }));
    device
        .hear_of_job(77, &id, says(DeviceJobState::Completed))
        .unwrap();
    assert_eq!(ask(), DeviceVerdict::Completed { pages: Some(2) });
    // Nobody knows of a job that nobody had taken when it was last written down.
    assert!(matches!(
        device.ask(78, None),
        DeviceVerdict::Unknown { .. }
    ));
}
