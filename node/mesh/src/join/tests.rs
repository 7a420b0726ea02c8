//! Devices and an admin's node over loopback, each with a swarm of its own; and, where time must
//! pass, either end alone on an in-memory stream under a paused clock.
#![allow(clippy::unwrap_used)]

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use ed25519_dalek::SigningKey;
use futures::StreamExt;
use libp2p::Multiaddr;
use libp2p::swarm::dial_opts::DialOpts;
use papermesh_frame::FrameError;
use papermesh_protocol::certificate::{Certificate, Role, Roles};
use papermesh_protocol::id::{NodeId, Serial, SiteId};
use papermesh_protocol::invite::{Invite, InviteGrant, Issued, TicketSecret};
use papermesh_protocol::join::{
    Applicant, Claim, Denial, Digits, JoinError, Joiner, Membership, Terms, Welcome,
};
use papermesh_protocol::limits;
use papermesh_protocol::remedy::Remedy;
use papermesh_protocol::seal::keys::SealingPublic;
use papermesh_protocol::signed::Signed;
use papermesh_protocol::site::{SiteSecret, SiteState};
use papermesh_protocol::text::Name;
use papermesh_protocol::time::Timestamp;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;
use tokio_util::compat::FuturesAsyncReadCompatExt;

use super::handler::JoinHandler;
use super::joiner::{choose, converse, join_at, join_searching};
use super::*;
use crate::peer;

/// Longer than anything here takes on the slowest machine.
const LIMIT: Duration = Duration::from_secs(60);
const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

fn now() -> Timestamp {
    NOW
}

fn name(text: &str) -> Name {
    text.parse().unwrap()
}

fn printer() -> Roles {
    Roles::of(&[Role::Printer])
}

fn node(seed: u8) -> NodeId {
    SigningKey::from_bytes(&[seed; 32]).verifying_key().into()
}

/// An authority with one ticket.
struct Authority {
    key: SigningKey,
    ticket: Issued<InviteGrant>,
}

impl Authority {
    const SECRET: TicketSecret = TicketSecret::from_bytes([9; 16]);

    fn new() -> Self {
        let grant = InviteGrant {
            roles: printer(),
            name: None,
        };
        Self {
            key: SigningKey::from_bytes(&[1; 32]),
            ticket: Issued::new(&Self::SECRET, grant, NOW, limits::INVITE_LIFETIME),
        }
    }

    fn site(&self) -> SiteId {
        self.key.verifying_key().into()
    }

    fn welcome(&self, applicant: &Applicant) -> Welcome {
        let certificate = Certificate {
            site: self.site(),
            node: applicant.node,
            sealing: applicant.terms.sealing,
            name: applicant.terms.name.clone(),
            roles: applicant.terms.roles,
            serial: Serial::from_bytes([1; 8]),
            not_before: NOW,
            not_after: NOW + limits::CERTIFICATE_LIFETIME,
            despite: None,
        };
        let state = SiteState::new(self.site(), name("Werk Nord"));
        Welcome {
            certificate: Signed::sign(certificate, &self.key)
                .unwrap()
                .envelope()
                .clone(),
            charter: crate::sample::charter_of(&self.key).envelope().clone(),
            state: Signed::sign(state, &self.key).unwrap().envelope().clone(),
            secret: SiteSecret::from_bytes([7; 32]),
            members: Vec::new(),
        }
    }

    fn redeem(&mut self, applicant: &Applicant) -> Result<Welcome, Denial> {
        let Claim::Invite(secret) = &applicant.claim else {
            return Err(Denial::Refused);
        };
        self.ticket
            .redeem(secret, applicant.node, NOW)
            .map_err(|_| Denial::Refused)?;
        match self.ticket.grant.admits(&applicant.terms) {
            true => Ok(self.welcome(applicant)),
            false => Err(Denial::Refused),
        }
    }
}

/// An admin's node on loopback, whose requests a test answers.
struct Admin {
    listener: JoinListener,
    requests: mpsc::Receiver<JoinRequest>,
    authority: Authority,
}

const ADMIN: u8 = 2;

impl Admin {
    async fn start() -> Self {
        let authority = Authority::new();
        let config = ListenerConfig {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            announce: false,
            site: authority.site(),
            site_name: name("Werk Nord"),
            clock: now,
        };
        let (listener, requests) = JoinListener::start(&[ADMIN; 32], config).await.unwrap();
        Self {
            listener,
            requests,
            authority,
        }
    }

    fn invite(&self) -> Invite {
        Invite {
            site: self.authority.site(),
            admin: node(ADMIN),
            addresses: self
                .listener
                .addresses()
                .into_iter()
                .map(Into::into)
                .collect(),
            secret: Authority::SECRET,
            roles: printer(),
            name: None,
            expires_at: self.authority.ticket.expires_at,
        }
    }

    fn found(&self) -> FoundAdmin {
        FoundAdmin {
            site: self.authority.site(),
            site_name: name("Werk Nord"),
            node: node(ADMIN),
            addresses: vec![SocketAddr::from((
                Ipv4Addr::LOCALHOST,
                self.listener.port(),
            ))],
        }
    }

    /// Answers every request with what the ticket is good for.
    fn redeem_all(mut self) -> (Invite, JoinListener, tokio::task::JoinHandle<()>) {
        let invite = self.invite();
        let task = tokio::spawn(async move {
            while let Some(request) = self.requests.recv().await {
                let verdict = self.authority.redeem(&request.applicant);
                let _ = request.reply.send(verdict);
            }
        });
        (invite, self.listener, task)
    }
}

struct Seed([u8; 32]);

impl Seed {
    fn device(&self) -> Device<'_> {
        Device {
            seed: &self.0,
            sealing: SealingPublic::from_bytes([5; 32]),
            clock: now,
        }
    }
}

async fn join(seed: u8, invite: &Invite) -> Result<Membership, JoinFailure> {
    let seed = Seed([seed; 32]);
    let device = seed.device();
    let nowhere = async |_| None;
    let joining = join_searching(&device, invite, Some(name("Empfang")), nowhere);
    timeout(LIMIT, joining).await.unwrap()
}

fn denial(joined: Result<Membership, JoinFailure>) -> Denial {
    match joined.unwrap_err() {
        JoinFailure::Join(JoinError::Denied(denial)) => denial,
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn an_invite_admits_one_device() {
    let (invite, _listener, _) = Admin::start().await.redeem_all();
    let wrong = Invite {
        secret: TicketSecret::from_bytes([8; 16]),
        ..invite.clone()
    };
    assert_eq!(denial(join(10, &wrong).await), Denial::Refused);
    let membership = join(11, &invite).await.unwrap();
    assert_eq!(membership.certificate.node, node(11));
    assert_eq!(membership.certificate.name, name("Empfang"));
    assert_eq!(membership.state.site, invite.site);
    assert_eq!(membership.secret.expose(), &[7; 32]);
    // A second device with the same invite; the first may ask again.
    assert_eq!(denial(join(12, &invite).await), Denial::Refused);
    assert_eq!(join(11, &invite).await.unwrap().certificate.node, node(11));
}

#[tokio::test]
async fn an_expired_invite_admits_nobody_whatever_the_device_believes() {
    let mut admin = Admin::start().await;
    admin.authority.ticket.expires_at = NOW;
    let (invite, _listener, _) = admin.redeem_all();
    let rewritten = Invite {
        expires_at: NOW + limits::INVITE_LIFETIME,
        ..invite.clone()
    };
    assert_eq!(denial(join(10, &rewritten).await), Denial::Refused);
    let honest = Invite {
        expires_at: NOW - limits::CLOCK_SKEW * 2,
        ..invite
    };
    let refused = join(10, &honest).await.unwrap_err();
    assert!(matches!(refused, JoinFailure::Join(JoinError::Invite(_))));
}

#[tokio::test]
async fn an_invite_is_shown_to_no_other_node() {
    let (invite, _listener, _) = Admin::start().await.redeem_all();
    let other = Invite {
        admin: node(99),
        ..invite.clone()
    };
    let refused = join(10, &other).await.unwrap_err();
    assert!(matches!(refused, JoinFailure::Unreachable(_)), "{refused}");
    // And with no address at all, the network is searched.
    let seed = Seed([10; 32]);
    let lost = Invite {
        addresses: Vec::new(),
        ..invite.clone()
    };
    let port = _listener.port();
    let search = async |admin| {
        Some(FoundAdmin {
            site: invite.site,
            site_name: name("Werk Nord"),
            node: admin,
            addresses: vec![SocketAddr::from((Ipv4Addr::LOCALHOST, port))],
        })
    };
    let joined = join_searching(&seed.device(), &lost, Some(name("Empfang")), search).await;
    assert_eq!(joined.unwrap().certificate.node, node(10));
}

/// A device that joins by digits, on its own, and the digits that it shows.
fn by_digits(
    found: FoundAdmin,
    seed: u8,
) -> (
    oneshot::Receiver<Digits>,
    tokio::task::JoinHandle<Result<Membership, JoinFailure>>,
) {
    let (shown, digits) = oneshot::channel();
    let task = tokio::spawn(async move {
        let seed = Seed([seed; 32]);
        let show = |comparison: Comparison| shown.send(comparison.digits).unwrap();
        join_at(&seed.device(), &found, name("Empfang"), printer(), show).await
    });
    (digits, task)
}

#[tokio::test]
async fn by_digits_a_device_is_admitted_or_refused() {
    let mut admin = Admin::start().await;
    let (shown, joining) = by_digits(admin.found(), 10);
    let request = timeout(LIMIT, admin.requests.recv())
        .await
        .unwrap()
        .unwrap();
    let shown = shown.await.unwrap();
    assert_eq!(request.applicant.claim, Claim::Digits(shown));
    assert_eq!(request.applicant.node, node(10));
    let welcome = admin.authority.welcome(&request.applicant);
    request.reply.send(Ok(welcome)).unwrap();
    let membership = timeout(LIMIT, joining).await.unwrap().unwrap().unwrap();
    assert_eq!(membership.certificate.roles, printer());

    let (_shown, joining) = by_digits(admin.found(), 11);
    let request = timeout(LIMIT, admin.requests.recv())
        .await
        .unwrap()
        .unwrap();
    request.reply.send(Err(Denial::Refused)).unwrap();
    assert_eq!(denial(joining.await.unwrap()), Denial::Refused);

    // An authority that dies over the question.
    let (_shown, joining) = by_digits(admin.found(), 12);
    drop(
        timeout(LIMIT, admin.requests.recv())
            .await
            .unwrap()
            .unwrap(),
    );
    assert_eq!(denial(joining.await.unwrap()), Denial::Trouble);
}

#[tokio::test]
async fn the_admin_learns_that_a_waiting_device_has_gone() {
    let mut admin = Admin::start().await;
    let (_shown, joining) = by_digits(admin.found(), 10);
    let mut request = timeout(LIMIT, admin.requests.recv())
        .await
        .unwrap()
        .unwrap();
    joining.abort();
    timeout(LIMIT, request.reply.closed()).await.unwrap();
}

#[tokio::test]
async fn strangers_that_fill_the_listener_keep_no_device_from_joining() {
    let (invite, listener, _) = Admin::start().await.redeem_all();
    let port = listener.port();
    // Many say nothing at all, some do so once they have a stream, and some ask for what they cannot
    // have; all of them stay.
    let mut silent = Vec::new();
    for _ in 0..200 {
        let stranger = tokio::net::TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await;
        silent.push(stranger.unwrap());
    }
    let mut heard = Vec::new();
    for seed in 100..120 {
        heard.push(say(&invite, seed, b"").await);
    }
    let wrong = Invite {
        secret: TicketSecret::from_bytes([8; 16]),
        ..invite.clone()
    };
    for seed in 120..130 {
        assert_eq!(denial(join(seed, &wrong).await), Denial::Refused);
    }
    assert_eq!(join(10, &invite).await.unwrap().certificate.node, node(10));
}

#[tokio::test]
async fn challenges_that_a_stranger_used_up_cost_an_invite_nothing() {
    let admin = Admin::start().await;
    let found = admin.found();
    let (invite, _listener, _) = admin.redeem_all();
    for _ in 0..limits::JOINS_PER_ADDRESS {
        let (_shown, joining) = by_digits(found.clone(), 66);
        assert_eq!(denial(joining.await.unwrap()), Denial::Refused);
    }
    let (_shown, joining) = by_digits(found, 66);
    assert_eq!(denial(joining.await.unwrap()), Denial::Busy);
    assert_eq!(join(10, &invite).await.unwrap().certificate.node, node(10));
}

/// A peer that connects, opens a stream, says `bytes`, and keeps the connection.
async fn say(invite: &Invite, seed: u8, bytes: &'static [u8]) -> oneshot::Receiver<Vec<u8>> {
    let (mut swarm, _) = network::swarm(&[seed; 32]).unwrap();
    let peer = peer::peer_of(invite.admin).unwrap();
    let address = Multiaddr::try_from(invite.addresses[0].to_vec()).unwrap();
    let dial = DialOpts::peer_id(peer).addresses(vec![address]).build();
    swarm.dial(dial).unwrap();
    let mut control = swarm.behaviour().streams.new_control();
    tokio::spawn(async move { while swarm.next().await.is_some() {} });
    let opening = control.open_stream(peer, network::protocol());
    let stream = timeout(LIMIT, opening).await.unwrap().unwrap();
    let (heard, answer) = oneshot::channel();
    let (begun, beginning) = oneshot::channel();
    tokio::spawn(async move {
        let mut stream = stream.compat();
        let _ = stream.write_all(bytes).await;
        let _ = stream.flush().await;
        let _ = begun.send(());
        let mut said = Vec::new();
        let _ = stream.read_to_end(&mut said).await;
        let _ = heard.send(said);
    });
    beginning.await.unwrap();
    answer
}

#[tokio::test]
async fn a_silent_peer_and_a_noisy_one_hold_nobody_up() {
    let (invite, _listener, _) = Admin::start().await.redeem_all();
    let _silent = say(&invite, 20, b"").await;
    let _half = say(&invite, 21, &[0, 0, 0, 9, 1]).await;
    let garbage = say(&invite, 22, &[0, 0, 0, 4, 0xff, 0xff, 0xff, 0xff]).await;
    let oversized = say(&invite, 23, &[0xff; 64]).await;
    let web = say(&invite, 24, b"GET / HTTP/1.1\r\nHost: papermesh\r\n\r\n").await;
    assert_eq!(join(10, &invite).await.unwrap().certificate.node, node(10));
    for answer in [garbage, oversized, web] {
        assert_eq!(timeout(LIMIT, answer).await.unwrap().unwrap(), b"");
    }
}

#[tokio::test]
async fn an_address_of_another_machine_is_an_error_that_names_it() {
    let admin = Admin::start().await;
    let config = ListenerConfig {
        listen: SocketAddr::from((Ipv4Addr::new(192, 0, 2, 1), admin.listener.port())),
        announce: false,
        site: admin.authority.site(),
        site_name: name("Werk Nord"),
        clock: now,
    };
    let refused = JoinListener::start(&[3; 32], config).await.unwrap_err();
    assert!(refused.to_string().contains("192.0.2.1"), "{refused}");
}

fn found(site: u8, node: u8, site_name: &str) -> FoundAdmin {
    FoundAdmin {
        site: SiteId::from_bytes([site; 32]),
        site_name: name(site_name),
        node: NodeId::from_bytes([node; 32]),
        addresses: Vec::new(),
    }
}

#[test]
fn the_user_chooses_among_several_sites() {
    let all = || {
        vec![
            found(0xa1, 1, "Werk Nord"),
            found(0xb2, 2, "Werk Süd"),
            found(0xa1, 3, "Werk Nord"),
            found(0xc3, 4, "Werk Nord"),
        ]
    };
    assert!(matches!(
        choose(Vec::new(), None),
        Err(JoinFailure::NothingFound)
    ));
    let two_admins = vec![found(0xa1, 1, "Werk Nord"), found(0xa1, 3, "Werk Nord")];
    assert_eq!(choose(two_admins.clone(), None).unwrap(), two_admins);
    assert_eq!(
        choose(all(), Some("werk süd")).unwrap(),
        [found(0xb2, 2, "Werk Süd")]
    );
    // One name, two sites: the name does not say which, the id does.
    let ambiguous = choose(all(), Some("Werk Nord")).unwrap_err();
    let ambiguous = ambiguous.in_full().to_string();
    assert!(
        ambiguous.contains("Werk Nord (a1a1a1a1a1a1a1a1), Werk Nord (c3c3c3c3c3c3c3c3)"),
        "{ambiguous}"
    );
    assert_eq!(choose(all(), Some(&"A1".repeat(8))).unwrap(), two_admins);
    assert!(choose(all(), Some("a1")).is_err());
    let several = choose(all(), None).unwrap_err();
    assert!(several.remedy().unwrap().contains("--site"));
    let none = choose(all(), Some("Werk West")).unwrap_err();
    assert!(matches!(none, JoinFailure::NoSuchSite { .. }));
}

/// A handler and what it asks, without any network.
fn handler(authority: &Authority) -> (JoinHandler, mpsc::Receiver<JoinRequest>) {
    let (requests, inbox) = mpsc::channel(1);
    let handler = JoinHandler::new(
        authority.site(),
        name("Werk Nord"),
        node(ADMIN),
        now,
        requests,
    );
    (handler, inbox)
}

async fn ask_over<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    seed: u8,
) -> Result<Membership, JoinFailure> {
    let terms = Terms {
        sealing: SealingPublic::from_bytes([5; 32]),
        name: name("Empfang"),
        roles: printer(),
    };
    let nodes = (node(seed), node(ADMIN));
    let (joiner, ask) = Joiner::with_digits(terms, nodes, &mut rand::rng()).unwrap();
    converse(stream, joiner, ask, now, |_| {}).await
}

#[tokio::test(start_paused = true)]
async fn a_silent_device_is_given_up() {
    let (handler, _inbox) = handler(&Authority::new());
    let (mut near, _far) = tokio::io::duplex(1024);
    let ended = handler
        .converse(&mut near, (node(10), None), || {})
        .await
        .unwrap_err();
    assert!(matches!(ended, FrameError::Timeout));
}

#[tokio::test(start_paused = true)]
async fn a_silent_admin_is_given_up() {
    let (mut near, _far) = tokio::io::duplex(4096);
    let ended = ask_over(&mut near, 10).await.unwrap_err();
    assert!(matches!(ended, JoinFailure::Frame(FrameError::Timeout)));
}

#[tokio::test(start_paused = true)]
async fn a_device_that_nobody_approves_is_told() {
    let (handler, mut inbox) = handler(&Authority::new());
    let (mut near, mut far) = tokio::io::duplex(4096);
    let answering =
        tokio::spawn(async move { handler.converse(&mut far, (node(10), None), || {}).await });
    let ended = ask_over(&mut near, 10).await;
    assert_eq!(denial(ended), Denial::Unanswered);
    assert!(inbox.recv().await.unwrap().reply.is_closed());
    drop(near);
    answering.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_busy_authority_turns_devices_away() {
    let (handler, _inbox) = handler(&Authority::new());
    let handler = std::sync::Arc::new(handler);
    // The first fills the queue, which nobody empties.
    let (mut first, mut far) = tokio::io::duplex(4096);
    let answering = handler.clone();
    tokio::spawn(async move { answering.converse(&mut far, (node(10), None), || {}).await });
    let waiting = tokio::spawn(async move { ask_over(&mut first, 10).await });
    tokio::time::sleep(Duration::from_secs(1)).await;
    let (mut second, mut far) = tokio::io::duplex(4096);
    tokio::spawn(async move { handler.converse(&mut far, (node(11), None), || {}).await });
    assert_eq!(denial(ask_over(&mut second, 11).await), Denial::Busy);
    assert_eq!(denial(waiting.await.unwrap()), Denial::Unanswered);
}
