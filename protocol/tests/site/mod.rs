//! One site with fixed keys, from which vectors, properties and corpora are made.
//!
//! Nothing here is random: a key is one byte repeated, time stands still, and what asks for
//! randomness gets [`Counting`]. So every byte that comes out is the same in every run.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    reason = "each test uses a part of it, on values that are known to be good"
)]

use core::convert::Infallible;

use ed25519_dalek::SigningKey;
use std::collections::BTreeMap;
use std::sync::OnceLock;

use papermesh_protocol::advert::{Advert, AdvertSet, Delegated};
use papermesh_protocol::badge::BadgeNumber;
use papermesh_protocol::bind::{Attestation, BadgeClaim};
use papermesh_protocol::certificate::{Certificate, Role, Roles};
use papermesh_protocol::charter::{Admin, Charter};
use papermesh_protocol::delegation::Delegation;
use papermesh_protocol::enroll::KeyClaim;
use papermesh_protocol::extension::Extensions;
use papermesh_protocol::gateway::contract::{Gateway, Gateways};
use papermesh_protocol::gateway::name::Label;
use papermesh_protocol::gateway::own_name::OwnNames;
use papermesh_protocol::gateway::record::{PlaceRecord, Shown};
use papermesh_protocol::gateway::wake::{Letter, Order, Wake};
use papermesh_protocol::id::{
    BadgeTag, GatewayId, JobId, KeyDigest, NodeId, ReleaseId, Serial, SessionId, SiteId, UserKey,
    WakeNonce,
};
use papermesh_protocol::job::{ColorMode, Finishings, JobSummary, PrintOptions, Scaling, Sides};
use papermesh_protocol::judge::Judge;
use papermesh_protocol::limits;
use papermesh_protocol::lookup;
use papermesh_protocol::release::receipt::{AuditHead, Outcome, Receipt};
use papermesh_protocol::seal::{SealingPublic, SealingSecret};
use papermesh_protocol::signed::Signed;
use papermesh_protocol::site::{Revoked, SiteSecret, SiteState};
use papermesh_protocol::text::UserId;
use papermesh_protocol::time::Timestamp;
use papermesh_protocol::user::{Badge, UserEntry, UserState};
use papermesh_protocol::web::{Places, WebAuthority};
use rand_core::{TryCryptoRng, TryRng};
use serde_bytes::ByteBuf;

/// When everything happens: 2027-01-15T08:00:00Z.
pub const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

/// Whose keys these seeds make.
pub const AUTHORITY: u8 = 1;
pub const HOLDER: u8 = 2;
pub const PRINTER: u8 = 3;
pub const USER: u8 = 4;
pub const SHARED: u8 = 5;
pub const ADMIN: u8 = 6;
/// The root, whose public key is the site's id.
pub const ROOT: u8 = 7;
/// A second admin's key.
pub const SECOND: u8 = 8;
/// A gateway, which is no member.
pub const GATEWAY: u8 = 9;

pub const JOB: JobId = JobId::from_bytes([0x10; 16]);
pub const RELEASE: ReleaseId = ReleaseId::from_bytes([0x20; 16]);
pub const SESSION: SessionId = SessionId::from_bytes([0x30; 32]);
pub const SERIAL: Serial = Serial::from_bytes([0x40; 8]);

/// The randomness of every vector: the bytes 00, 01, 02 and so on, after ff again 00.
#[derive(Default)]
pub struct Counting(u8);

impl TryRng for Counting {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        for byte in bytes {
            *byte = self.0;
            self.0 = self.0.wrapping_add(1);
        }
        Ok(())
    }
}

impl TryCryptoRng for Counting {}

/// The Ed25519 key whose seed is this byte, 32 times.
pub fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

pub fn node(seed: u8) -> NodeId {
    key(seed).verifying_key().into()
}

pub fn site() -> SiteId {
    key(ROOT).verifying_key().into()
}

/// Who signs for the site: one admin.
pub fn charter() -> &'static Charter {
    static CHARTER: OnceLock<Charter> = OnceLock::new();
    CHARTER.get_or_init(|| Charter::new(site(), admin(AUTHORITY, ADMIN)))
}

/// The admin with this key on this node.
pub fn admin(seed: u8, on: u8) -> Admin {
    Admin {
        key: key(seed).verifying_key().into(),
        node: node(on),
        since: NOW,
    }
}

/// The charter after the admin was replaced by another: what it signed for the holder stays.
pub fn second_charter() -> Charter {
    let kept = certificate(HOLDER, &[Role::Client]).envelope().digest();
    let both = charter().with(admin(SECOND, SHARED)).unwrap();
    both.without(node(ADMIN), [kept]).unwrap()
}

pub fn secret() -> SiteSecret {
    SiteSecret::from_bytes([0x50; 32])
}

pub fn charlie() -> UserId {
    "charlie".parse().unwrap()
}

pub fn tag() -> BadgeTag {
    lookup::badge_tag(&secret(), &BadgeNumber::of("04A1B2C3D4E5F6")).unwrap()
}

pub fn sealing() -> SealingSecret {
    SealingSecret::from_bytes([0x60; 32])
}

pub fn state() -> SiteState {
    SiteState::new(site(), "Werk Nord".parse().unwrap())
}

/// That the node with this seed was withdrawn.
pub fn revoked(seed: u8) -> Revoked {
    Revoked {
        node: node(seed),
        at: NOW,
    }
}

/// The site state after one node was withdrawn.
pub fn second_state() -> SiteState {
    state().revoke(&[revoked(PRINTER)], NOW).unwrap()
}

pub fn judge(state: &SiteState) -> Judge<'_> {
    judge_at(state, NOW)
}

pub fn judge_at(state: &SiteState, now: Timestamp) -> Judge<'_> {
    Judge {
        charter: charter(),
        state,
        now,
    }
}

/// What the authority says of the node with this seed. Its serial is the seed, eight times.
pub fn certificate_of(node: NodeId, seed: u8, roles: &[Role]) -> Certificate {
    Certificate {
        site: site(),
        node,
        sealing: sealing().public(),
        name: "Empfang".parse().unwrap(),
        roles: Roles::of(roles),
        serial: Serial::from_bytes([seed; 8]),
        not_before: NOW,
        not_after: NOW + limits::CERTIFICATE_LIFETIME,
        despite: None,
    }
}

pub fn certificate(seed: u8, roles: &[Role]) -> Signed<Certificate> {
    Signed::sign(certificate_of(node(seed), seed, roles), &key(AUTHORITY)).unwrap()
}

pub fn entry() -> UserEntry {
    UserEntry {
        site: site(),
        user: charlie(),
        sequence: 2,
        issued_at: NOW,
        display: "Charlie Löwe".parse().unwrap(),
        key: Some(key(USER).verifying_key().into()),
        badges: vec![tag()],
        groups: vec!["Buchhaltung".parse().unwrap()],
        state: UserState::Active,
    }
}

pub fn badge() -> Badge {
    Badge {
        site: site(),
        tag: tag(),
        user: Some(charlie()),
        sequence: 1,
    }
}

/// The user's word that the node with this seed may hold.
pub fn delegation(holder: u8) -> Signed<Delegation> {
    let delegation = Delegation::new(site(), charlie(), node(holder), NOW);
    Signed::sign(delegation, &key(USER)).unwrap()
}

/// An advert of the node with this seed, unsigned so that a test can bend it.
pub fn advert(seed: u8, delegated: bool, age: u64) -> Advert {
    let role = if delegated {
        Role::Client
    } else {
        Role::SharedClient
    };
    let sequence = NOW.as_millis() - age;
    Advert {
        site: site(),
        user: charlie(),
        holder: node(seed),
        sequence,
        expires_at: Timestamp::from_millis(sequence) + limits::ADVERT_LIFETIME,
        addresses: vec![serde_bytes::ByteBuf::from([
            4, 192, 168, 1, 2, 6, 0x1f, 0x90,
        ])],
        withdrawn: false,
        certificate: certificate(seed, &[role]).envelope().clone(),
        delegation: delegated.then(|| Delegated {
            key: key(USER).verifying_key().into(),
            delegation: delegation(seed).envelope().clone(),
        }),
    }
}

pub fn signed_advert(seed: u8, delegated: bool, age: u64) -> Signed<Advert> {
    Signed::sign(advert(seed, delegated, age), &key(seed)).unwrap()
}

pub fn set(adverts: impl IntoIterator<Item = Signed<Advert>>) -> AdvertSet {
    let mut set = AdvertSet::default();
    for advert in adverts {
        set.insert(advert);
    }
    set
}

pub fn claim() -> KeyClaim {
    KeyClaim {
        site: site(),
        user: charlie(),
        node: node(HOLDER),
        key: key(USER).verifying_key().into(),
    }
}

pub fn badge_claim() -> BadgeClaim {
    BadgeClaim {
        site: site(),
        user: charlie(),
        badge: tag(),
        printer: node(PRINTER),
        holder: node(HOLDER),
        at: NOW,
    }
}

/// A claim as its holder would sign it, with what shows that it may.
pub fn attestation(claim: BadgeClaim) -> Attestation {
    Attestation {
        claim: Signed::sign(claim, &key(HOLDER))
            .unwrap()
            .envelope()
            .clone(),
        certificate: certificate(HOLDER, &[Role::Client]).envelope().clone(),
        delegation: delegation(HOLDER).envelope().clone(),
    }
}

pub fn receipt(outcome: Outcome) -> Receipt {
    Receipt {
        site: site(),
        release: RELEASE,
        job: JOB,
        holder: node(HOLDER),
        printer: node(PRINTER),
        at: NOW,
        outcome,
        reason: None,
        audit: Some(AuditHead {
            records: 7,
            hash: [0xa7; 32],
        }),
    }
}

pub fn options() -> PrintOptions {
    PrintOptions {
        copies: 2,
        sides: Some(Sides::TwoSidedLongEdge),
        color: Some(ColorMode::Monochrome),
        media: Some("iso_a4_210x297mm".to_owned()),
        page_ranges: "1-3,7".parse().unwrap(),
        scaling: Some(Scaling::Fit),
        as_image: true,
        finishings: Finishings::default(),
        extensions: Extensions::default(),
    }
}

pub fn summary() -> JobSummary {
    JobSummary {
        job: JOB,
        title: "Quartalsbericht".to_owned(),
        format: "application/pdf".to_owned(),
        size: 1_048_576,
        pages: Some(12),
        page_size: Some("iso_a4_210x297mm".to_owned()),
        color: Some(true),
        submitted_at: NOW,
        priority: 50,
        listed_at: NOW,
        expires_at: NOW + limits::JOB_LIFETIME,
        options: options(),
        protected: false,
        may_have_printed: true,
        leased: false,
        needs_pin: true,
        locked: false,
        extensions: Extensions::default(),
    }
}

/// The site's only gateway.
pub fn gateway() -> Gateway {
    Gateway {
        key: GatewayId::from_bytes(key(GATEWAY).verifying_key().to_bytes()),
        domain: "gw.example".parse().unwrap(),
        site: "acme".parse().unwrap(),
        port: 4001,
        within: Vec::new(),
    }
}

/// The site state with that gateway.
pub fn state_with_gateway() -> SiteState {
    let gateways = Gateways::default().with(gateway()).unwrap();
    gateways.put(&state()).unwrap()
}

/// What the holder's places show.
pub fn shown() -> Vec<Shown> {
    let gateway = gateway();
    vec![
        Shown {
            name: gateway.domain.place(&gateway.site, front_desk().as_ref()),
            now: Some(KeyDigest::from_bytes([0x61; 32])),
            next: Some(KeyDigest::from_bytes([0x62; 32])),
        },
        Shown {
            name: "print.acme.example".parse().unwrap(),
            now: None,
            next: None,
        },
    ]
}

/// The holder's record of them.
pub fn place_record() -> PlaceRecord {
    PlaceRecord {
        site: site(),
        node: node(HOLDER),
        sequence: NOW.as_millis(),
        expires_at: NOW + limits::PLACE_RECORD_LIFETIME,
        shown: shown(),
        certificate: certificate(HOLDER, &[Role::Client]).envelope().clone(),
    }
}

/// The site state with that gateway and a name of an own domain.
pub fn state_with_own_name() -> SiteState {
    let state = state_with_gateway();
    let names =
        OwnNames::default().with("print.acme.example".parse().unwrap(), &Gateways::of(&state));
    names.unwrap().put(&state).unwrap()
}

/// The label of the place that the door opens when it is woken.
pub fn front_desk() -> Option<Label> {
    Some("front-desk".parse().unwrap())
}

/// Somebody waits there.
pub fn wake() -> Wake {
    let gateway = gateway();
    Wake {
        site: site(),
        place: gateway.domain.place(&gateway.site, front_desk().as_ref()),
        order: Order::Connect,
        nonce: WakeNonce::from_bytes([0x45; 16]),
        gateway: gateway.key,
        made_at: NOW,
        until: NOW + limits::KNOCK_WAIT,
    }
}

/// A wake as the key with this seed signs it, with its certificate if it is a node's.
pub fn letter(wake: Wake, seed: u8) -> Letter {
    let is_node = [HOLDER, PRINTER, SHARED, ADMIN].contains(&seed);
    let certificate = is_node.then(|| certificate(seed, &[Role::Client]).envelope().clone());
    Letter::sign(wake, &key(seed), certificate).unwrap()
}

/// The users for whom the door holds.
pub fn users() -> BTreeMap<UserKey, UserId> {
    BTreeMap::from([(key(USER).verifying_key().into(), charlie())])
}

pub fn sealing_public() -> SealingPublic {
    sealing().public()
}

/// Where a printer of the site is reached.
pub fn places() -> Places {
    let names = ["empfang.local", "localhost"].map(|name| name.parse().unwrap());
    let addresses = ["10.1.2.3", "127.0.0.1", "fd00::7"].map(|text| {
        let ip: core::net::IpAddr = text.parse().unwrap();
        ip.try_into().unwrap()
    });
    Places::new(names, addresses).unwrap()
}

/// The site's web authority, with something in place of its certificate.
pub fn web_authority() -> WebAuthority {
    WebAuthority {
        site: site(),
        certificate: ByteBuf::from([0xa0; 48]),
    }
}
