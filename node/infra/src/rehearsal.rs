//! Some requests of proxies and strangers, one after the other, the whole way from the body of HTTP to the answer, in
//! front of a printer with one job: for fuzzers, and for the tests that replay what they found. Built for these only.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Extension;
use axum::http::{Request, StatusCode, header};
use hyper::service::Service as _;
use hyper_util::service::TowerToHyperService;
use papermesh_device::{
    InfraDevice, Outcome, OutputDevice, OutputOptions, PrintFailure, PrintTicket, ProxyId,
};
use papermesh_ipp_guard::{Guard, MAX_VALUES};
use papermesh_protocol::gateway::token::DeviceToken;
use papermesh_protocol::job::PrintOptions;
use papermesh_protocol::time::Timestamp;
use papermesh_web::{Peer, Slot, Slots, Way};
use tokio::runtime::Builder;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::http;
use crate::listener::Identity;
use crate::server::InfraServer;
use crate::tokens::{Admitted, NotAdmitted, NotKept, Registration, Tokens};

/// Requests of one script.
const REQUESTS: usize = 24;
/// More than any answer has.
const ANSWER: usize = 16 * 1024 * 1024;
/// The document, as it goes out.
const DOCUMENT: &[u8] = b"%PDF-1.4 of somebody";
/// Its title, which a stranger never reads.
const TITLE: &str = "confidential";
/// The number of its job: half of its release's mark.
pub(crate) const JOB: i32 = 0x1122_3344 >> 1;

const FETCH_DOCUMENT: u16 = 0x42;
const ACKNOWLEDGE_DOCUMENT: u16 = 0x3f;

/// Who sends a request.
const WHO: u8 = 0b11;
/// Whether it goes to the system.
const TO_SYSTEM: u8 = 0b100;

/// Sends a script: a byte that says who sends a request and where (bits 0 and 1: 0 the proxy that fetches, 1 the one
/// that stands by, else a stranger; bit 2: the system and not the printer), two bytes of its length, its body; and so on.
/// Says whether the job counts as printed.
///
/// # Panics
/// If an answer is not well-formed, a stranger reads a title, or a job counts as printed of which no proxy had all
/// and said so: that is what is looked for.
pub fn rehearse(script: &[u8]) -> bool {
    let runtime = Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build();
    runtime.expect("a runtime").block_on(play(script))
}

async fn play(script: &[u8]) -> bool {
    let mut stage = Stage::new().await;
    let mut rest = script;
    for _ in 0..REQUESTS {
        let Some((&[flags, high, low], after)) = rest.split_first_chunk() else {
            break;
        };
        let length = usize::from(u16::from_be_bytes([high, low])).min(after.len());
        let (body, after) = after.split_at(length);
        rest = after;
        stage.send(flags, body).await;
    }
    stage.end().await
}

/// A proxy of this number.
pub(crate) fn proxy(number: u8) -> ProxyId {
    let text = format!("urn:uuid:00000000-0000-4000-8000-0000000000{number:02x}");
    text.parse().expect("a UUID")
}

/// Its token.
pub(crate) fn token(number: u8) -> DeviceToken {
    let text = format!("pd-0123456789abcdefghjkmnp{number}");
    text.parse().expect("a device token")
}

/// Two tokens, each of its proxy.
#[derive(Clone)]
struct TwoTokens(watch::Sender<()>);

impl Tokens for TwoTokens {
    async fn admit(
        &self,
        shown: &DeviceToken,
        said: Option<&ProxyId>,
    ) -> Result<Admitted, NotAdmitted> {
        let known = [1, 2].into_iter().find(|number| token(*number) == *shown);
        let number = known.ok_or(NotAdmitted::Unknown)?;
        match said {
            Some(said) if *said != proxy(number) => Err(NotAdmitted::Another),
            _ => Ok(Admitted {
                token: shown.digest(),
                proxy: Some(proxy(number)),
            }),
        }
    }

    async fn good(&self) -> Result<Vec<Admitted>, NotKept> {
        let one = |number| Admitted {
            token: token(number).digest(),
            proxy: Some(proxy(number)),
        };
        Ok(vec![one(1), one(2)])
    }

    fn withdrawn(&self) -> watch::Receiver<()> {
        self.0.subscribe()
    }

    async fn kept(&self, _: papermesh_protocol::id::TokenDigest) -> Result<Registration, NotKept> {
        Ok(Registration::default())
    }

    async fn keep(
        &self,
        _: papermesh_protocol::id::TokenDigest,
        registration: Registration,
    ) -> Result<(), NotKept> {
        // What is kept is what can be read again.
        let again = InfraDevice::new("again".to_owned(), OutputOptions::default());
        again.remember(proxy(1), &registration.attributes);
        assert_eq!(again.said_by(&proxy(1)), registration.attributes);
        Ok(())
    }
}

/// A printer without jobs, in front of whoever keeps these tokens.
pub(crate) fn printer<T: Tokens>(tokens: T) -> Arc<InfraServer<T>> {
    let device = InfraDevice::new("hall".to_owned(), OutputOptions::default());
    let identity = Identity {
        name: "printer-1".to_owned(),
        organization: "Acme".to_owned(),
        seed: vec![7; 32],
    };
    let clock = || Timestamp::from_secs(1_800_000_000);
    Arc::new(InfraServer::new(identity, device, tokens, clock))
}

/// Its paths, for requests of one connection.
pub(crate) fn connection<T: Tokens>(server: Arc<InfraServer<T>>, slot: Slot) -> Router {
    let peer = Peer {
        address: std::net::Ipv4Addr::LOCALHOST.into(),
        own: std::net::Ipv4Addr::LOCALHOST.into(),
        tls: true,
        way: Way::Socket,
    };
    http::router(server)
        .layer(Extension(peer))
        .layer(Extension(Arc::new(slot)))
}

/// A proxy comes and describes its printer.
pub(crate) fn comes(device: &InfraDevice, number: u8) {
    assert!(device.hear(&proxy(number)));
    let updated = device.update(&proxy(number), &described());
    updated.expect("attributes");
}

/// Somebody releases a document.
pub(crate) fn release(device: InfraDevice) -> JoinHandle<Result<Outcome, PrintFailure>> {
    let ticket = PrintTicket {
        release: "1122334455667788".to_owned(),
        title: TITLE.to_owned(),
        user: "charlie".to_owned(),
        format: "application/pdf".to_owned(),
        options: PrintOptions::default(),
        size: Some(DOCUMENT.len() as u64),
        converted: false,
    };
    tokio::spawn(async move {
        let (progress, _events) = mpsc::channel(32);
        let output = OutputDevice::Infra(device);
        let document = std::io::Cursor::new(DOCUMENT);
        output
            .print(&ticket, document, progress, CancellationToken::new())
            .await
    })
}

/// The printer, its job, and what was seen of it.
struct Stage {
    router: Router,
    print: JoinHandle<Result<Outcome, PrintFailure>>,
    whole: bool,
    acknowledged: bool,
}

impl Stage {
    async fn new() -> Self {
        let server = printer(TwoTokens(watch::Sender::new(())));
        server.remember().await.expect("what is kept");
        let slot = Slots::new(1).take().expect("a free slot");
        let (follow, device) = (Arc::clone(&server), server.device.clone());
        let changes = device.changes();
        tokio::spawn(async move { follow.follow(changes).await });
        for number in [1, 2] {
            comes(&device, number);
        }
        let print = release(device);
        tokio::task::yield_now().await;
        Self {
            router: connection(server, slot),
            print,
            whole: false,
            acknowledged: false,
        }
    }

    async fn send(&mut self, flags: u8, body: &[u8]) {
        let who = (flags & WHO) + 1;
        let path = match flags & TO_SYSTEM {
            0 => format!("{}hall", crate::PATH),
            _ => crate::SYSTEM_PATH.to_owned(),
        };
        let path = match who {
            1 | 2 => format!("/t/{}{path}", *token(who).expose()),
            _ => path,
        };
        let request = Request::post(path)
            .header(header::HOST, "localhost")
            .header(header::CONTENT_TYPE, "application/ipp")
            .body(Body::from(body.to_vec()))
            .expect("a request");
        let service = TowerToHyperService::new(self.router.clone());
        let answer = service.call(request).await.expect("no service fails");
        let status = answer.status();
        assert!(
            matches!(status, StatusCode::OK | StatusCode::UNAUTHORIZED),
            "{status}"
        );
        let Ok(answer) = to_bytes(answer.into_body(), ANSWER).await else {
            // A document that broke off.
            return;
        };
        let is_stranger = who > 2;
        if is_stranger {
            let mut parts = answer.windows(TITLE.len());
            assert!(!parts.any(|part| part == TITLE.as_bytes()));
        }
        if status != StatusCode::OK {
            assert!(is_stranger);
            return;
        }
        // What it says is well-formed itself.
        let end = Guard::with_room(ANSWER, 64 * MAX_VALUES).advance(&answer);
        let end = end.ok().flatten().expect("an answer in IPP");
        let operation = body
            .get(2..4)
            .map(|code| u16::from_be_bytes([code[0], code[1]]));
        if answer.get(2..4) == Some(&[0, 0]) && !is_stranger {
            match operation {
                Some(FETCH_DOCUMENT) => {
                    assert!(!self.whole, "it is given once");
                    assert_eq!(&answer[end..], DOCUMENT);
                    self.whole = true;
                }
                Some(ACKNOWLEDGE_DOCUMENT) => self.acknowledged |= self.whole,
                _ => {}
            }
        }
    }

    /// Time alone ends what is left.
    async fn end(self) -> bool {
        match self.print.await.expect("no print fails like that") {
            Ok(_) => {
                assert!(self.whole && self.acknowledged);
                true
            }
            Err(failure) => {
                assert!(!self.whole || failure.may_have_printed() || is_its_word(&failure));
                false
            }
        }
    }
}

/// A proxy may say that a document could not be printed, and count no page.
fn is_its_word(failure: &PrintFailure) -> bool {
    failure.to_string().contains("its proxy ended the job")
}

/// What the printers of both can do.
fn described() -> [ipp::attribute::IppAttribute; 2] {
    use ipp::value::IppValue;
    use papermesh_ipp_message::values::{attribute, mime};
    [
        attribute("document-format-supported", mime("application/pdf")),
        attribute("printer-state", IppValue::Enum(3)),
    ]
    .map(|attribute| attribute.expect("an attribute"))
}
