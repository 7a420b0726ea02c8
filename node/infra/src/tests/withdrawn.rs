//! What a token that is withdrawn ends, whenever that happens; and what is told again of what was missed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode, header};
use axum::response::Response;
use hyper::service::Service as _;
use hyper_util::service::TowerToHyperService;
use papermesh_corpus::ipp::{self, INTEGER, KEYWORD, URI};
use papermesh_device::ProxyId;
use papermesh_protocol::gateway::token::DeviceToken;
use papermesh_protocol::id::TokenDigest;
use papermesh_web::Slots;
use tokio::sync::watch;
use tokio::time::sleep;

use crate::rehearsal::{comes, connection, printer, proxy, release, token};
use crate::tokens::{Admitted, NotAdmitted, NotKept, Registration, Tokens};

const GET_JOBS: u16 = 0x0a;
const GET_PRINTER_ATTRIBUTES: u16 = 0x0b;
const CREATE_PRINTER_SUBSCRIPTIONS: u16 = 0x16;
const GET_NOTIFICATIONS: u16 = 0x1c;
const ANSWER: usize = 1024 * 1024;
/// More than any listener may be behind.
const MANY: usize = 500;

/// One token, until it is withdrawn.
#[derive(Clone)]
struct Ledger(Arc<Book>);

struct Book {
    is_withdrawn: AtomicBool,
    /// It is withdrawn just after it is found good for the next time.
    is_doomed: AtomicBool,
    /// How often it can not be read.
    unreadable: AtomicUsize,
    news: watch::Sender<()>,
}

impl Ledger {
    fn new() -> Self {
        Self(Arc::new(Book {
            is_withdrawn: false.into(),
            is_doomed: false.into(),
            unreadable: 0.into(),
            news: watch::Sender::new(()),
        }))
    }

    fn withdraw(&self) {
        self.0.is_withdrawn.store(true, Ordering::Relaxed);
        self.0.news.send_replace(());
    }

    fn has(&self) -> Option<Admitted> {
        let is_there = !self.0.is_withdrawn.load(Ordering::Relaxed);
        is_there.then(|| Admitted {
            token: token(1).digest(),
            proxy: Some(proxy(1)),
        })
    }
}

impl Tokens for Ledger {
    async fn admit(
        &self,
        shown: &DeviceToken,
        _: Option<&ProxyId>,
    ) -> Result<Admitted, NotAdmitted> {
        let admitted = self.has().filter(|known| known.token == shown.digest());
        if self.0.is_doomed.swap(false, Ordering::Relaxed) {
            self.withdraw();
        }
        admitted.ok_or(NotAdmitted::Unknown)
    }

    async fn good(&self) -> Result<Vec<Admitted>, NotKept> {
        let left = |left: usize| left.checked_sub(1);
        let unreadable = &self.0.unreadable;
        match unreadable.fetch_update(Ordering::Relaxed, Ordering::Relaxed, left) {
            Ok(_) => Err(NotKept("the disk is full".to_owned())),
            Err(_) => Ok(self.has().into_iter().collect()),
        }
    }

    fn withdrawn(&self) -> watch::Receiver<()> {
        self.0.news.subscribe()
    }

    async fn kept(&self, _: TokenDigest) -> Result<Registration, NotKept> {
        Ok(Registration::default())
    }

    async fn keep(&self, _: TokenDigest, _: Registration) -> Result<(), NotKept> {
        Ok(())
    }
}

fn request(operation: u16) -> ipp::Request {
    ipp::Request::new(operation, "ipps://localhost/ipp/print/hall")
}

/// Sends a request, of the proxy or of a stranger.
async fn ask(router: &axum::Router, is_proxy: bool, request: ipp::Request) -> Response {
    let prefix = match is_proxy {
        true => format!("/t/{}", *token(1).expose()),
        false => String::new(),
    };
    let request = Request::post(format!("{prefix}/ipp/print/hall"))
        .header(header::HOST, "localhost")
        .header(header::CONTENT_TYPE, "application/ipp")
        .body(Body::from(request.end(b"")));
    let service = TowerToHyperService::new(router.clone());
    service.call(request.unwrap()).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_token_that_is_withdrawn_as_it_is_shown_leaves_nothing_behind() {
    // What ends the sessions of tokens that are withdrawn has looked before this one was opened.
    let ledger = Ledger::new();
    let server = printer(ledger.clone());
    let router = connection(Arc::clone(&server), Slots::new(1).take().unwrap());
    ledger.0.is_doomed.store(true, Ordering::Relaxed);
    let malformed = request(GET_JOBS).with(URI, "output-device-uuid", b"lobby");
    let answer = ask(&router, true, malformed).await;
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(server.sessions.all(), []);
    assert!(server.device.proxies().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_withdrawal_is_carried_out_as_soon_as_tokens_can_be_read() {
    let ledger = Ledger::new();
    let server = printer(ledger.clone());
    let session = server.sessions.open(&ledger.has().unwrap());
    let (watching, withdrawn) = (Arc::clone(&server), ledger.withdrawn());
    tokio::spawn(async move { watching.watch(withdrawn).await });
    ledger.0.unreadable.store(3, Ordering::Relaxed);
    ledger.withdraw();
    sleep(Duration::from_secs(1)).await;
    assert!(!session.is_cancelled(), "nobody knows whose it was");
    sleep(Duration::from_secs(60)).await;
    assert!(session.is_cancelled());
    assert_eq!(server.sessions.all(), []);
}

#[tokio::test(start_paused = true)]
async fn only_a_proxy_keeps_its_seat_and_for_as_long_as_its_token_is_good() {
    let ledger = Ledger::new();
    let server = printer(ledger.clone());
    let slots = Slots::new(1);
    let router = connection(Arc::clone(&server), slots.take().unwrap());
    // Nobody reads the answer.
    let unread = ask(&router, false, request(GET_PRINTER_ATTRIBUTES)).await;
    assert_eq!(unread.status(), StatusCode::OK);
    let slot = slots.take().unwrap();
    drop(unread);

    let router = connection(Arc::clone(&server), slot);
    let jobs = request(GET_JOBS).with(URI, "output-device-uuid", proxy(1).as_str().as_bytes());
    let unread = ask(&router, true, jobs).await;
    assert_eq!(unread.status(), StatusCode::OK);
    assert!(slots.take().is_none());
    server.end(&ledger.has().unwrap());
    assert!(slots.take().is_some());
}

#[tokio::test(start_paused = true)]
async fn jobs_are_told_again_where_more_happened_than_was_told() {
    let server = printer(Ledger::new());
    let (device, changes) = (&server.device, server.device.changes());
    let router = connection(Arc::clone(&server), Slots::new(1).take().unwrap());
    let subscribe = request(CREATE_PRINTER_SUBSCRIPTIONS)
        .with(URI, "output-device-uuid", proxy(1).as_str().as_bytes())
        .group(6)
        .with(KEYWORD, "notify-pull-method", b"ippget")
        .with(KEYWORD, "notify-events", b"job-fetchable")
        .with(INTEGER, "notify-lease-duration", &[0; 4]);
    assert_eq!(ask(&router, true, subscribe).await.status(), StatusCode::OK);
    comes(device, 1);
    let _print = release(device.clone());
    sleep(Duration::from_secs(1)).await;
    for _ in 0..MANY {
        assert!(device.hear(&proxy(2)));
        device.leave(&proxy(2));
    }
    let following = Arc::clone(&server);
    tokio::spawn(async move { following.follow(changes).await });
    sleep(Duration::from_secs(1)).await;
    let told = request(GET_NOTIFICATIONS)
        .with(INTEGER, "notify-subscription-ids", &[0, 0, 0, 1])
        .with(INTEGER, "notify-sequence-numbers", &[0, 0, 0, 1]);
    let told = ask(&router, true, told).await;
    let told = to_bytes(Body::new(told.into_body()), ANSWER).await.unwrap();
    let event = b"job-fetchable";
    assert!(told.windows(event.len()).any(|part| part == event));
}
