//! What each format looks like: one row of every column, and one of every single thing, byte by byte.
//!
//! `formats/N.txt` has a line per row: column, key and value in hexadecimal. That of [`CURRENT`] is what
//! this program writes; a test fails if it would write anything else, which is a new format with a
//! step of its own. Those before are what homes out there contain, and this program reads them all.
//! `PAPERMESH_WRITE_FORMAT=1` writes the file of a new format.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::fmt::Write;
use std::net::IpAddr;
use std::path::PathBuf;

use data_encoding::HEXLOWER;
use papermesh_protocol::certificate::{Role, Roles};
use papermesh_protocol::codec;
use papermesh_protocol::extension::Extensions;
use papermesh_protocol::gateway::name::HostName;
use papermesh_protocol::gateway::sighting::{Claim, Mismatch, Seen, Sighting};
use papermesh_protocol::gateway::token::allowance::{Allowance, Used};
use papermesh_protocol::gateway::token::rights::{Right, Rights};
use papermesh_protocol::gateway::wake::{Order, Row, WakeId};
use papermesh_protocol::id::{
    BadgeTag, KeyDigest, NodeId, RecordKey, ReleaseId, Serial, SessionId, TokenDigest, UserKey,
    WakeNonce,
};
use papermesh_protocol::job::{ColorMode, PrintOptions, Scaling, Sides};
use papermesh_protocol::release::guess::Guesses;
use papermesh_protocol::release::printer::Phase;
use papermesh_protocol::release::receipt::Outcome;
use papermesh_protocol::signed::Envelope;
use papermesh_protocol::time::Timestamp;
use papermesh_protocol::user::UserState;
use papermesh_protocol::web::{Address, Places};
use serde_bytes::ByteBuf;

use super::CURRENT;
use crate::column::{Column, Key, OfUser, Value};
use crate::columns::{self, SITE};
use crate::sample::{job, name, user};
use crate::site::{self, LastPorts, Singleton};
use crate::{
    Attempt, BadgeRow, Choice, ChoiceRow, DismissedRow, Floor, JobEnd, JobRow, JournalRow,
    LeaseRow, Linked, LocalUser, MailAddressRow, Mailed, MailedRow, MemberRow, MismatchRow,
    NamedPrinter, NumberedJob, OrdersRow, PastJobRow, PlaceRow, ProxyRow, PublicCertificateRow,
    Purpose, RefusedRow, RememberedPeer, Settled, SightingsRow, Source, StoredRecord,
    SubscriptionRow, Ticket, TicketId, TokenRow, UserRow, WebCertificateRow, WebIssuerRow, WokenBy,
};

const THEN: Timestamp = Timestamp::from_secs(1_800_000_000);
const LATER: Timestamp = Timestamp::from_secs(1_800_086_400);
const RELEASE: ReleaseId = ReleaseId::from_bytes([0x11; 16]);
const NODE: NodeId = NodeId::from_bytes([0x22; 32]);

/// Writes one row down, or reads one that was written down.
trait Visit {
    fn row<K: Key, V: Value>(&mut self, column: &Column<K, V>, key: &K, value: &V);

    fn thing<V: Value>(&mut self, thing: &Singleton<V>, value: &V) {
        self.row(&thing.column(), &thing.key(), value);
    }
}

struct Written(String);

impl Visit for Written {
    fn row<K: Key, V: Value>(&mut self, column: &Column<K, V>, key: &K, value: &V) {
        let value = codec::encode(value, column.max()).unwrap();
        let (key, value) = (HEXLOWER.encode(&key.to_bytes()), HEXLOWER.encode(&value));
        writeln!(self.0, "{} {key} {value}", column.name()).unwrap();
    }
}

/// Reads the lines that were written down of an earlier format.
struct Read<'a> {
    format: u32,
    lines: Vec<(&'a str, Vec<u8>, Vec<u8>)>,
    read: BTreeSet<usize>,
}

impl Visit for Read<'_> {
    fn row<K: Key, V: Value>(&mut self, column: &Column<K, V>, key: &K, _: &V) {
        let key = key.to_bytes();
        for (at, (name, other, value)) in self.lines.iter().enumerate() {
            // The single things of a site differ in their types, and have a line each.
            if *name != column.name() || (*name == SITE && *other != key) {
                continue;
            }
            let row = codec::decode_stored::<V>(value, column.max());
            assert!(
                row.is_ok(),
                "format {}, {name}: {:?}",
                self.format,
                row.err()
            );
            assert!(K::read(other).is_some(), "format {}, {name}", self.format);
            self.read.insert(at);
        }
    }
}

/// A signed record of whatever kind: rows keep it as it came.
fn envelope<T>() -> Envelope<T> {
    let bytes = [
        &[0xa3, 0x00, 0x58, 32][..],
        &[0x33; 32],
        &[0x01, 0x43, 1, 2, 3, 0x02, 0x58, 64],
        &[0x44; 64],
    ];
    codec::decode_stored(&bytes.concat(), 256).unwrap()
}

fn options() -> PrintOptions {
    PrintOptions {
        copies: 2,
        sides: Some(Sides::TwoSidedLongEdge),
        color: Some(ColorMode::Monochrome),
        media: Some("iso_a4_210x297mm".to_owned()),
        page_ranges: "1-3".parse().unwrap(),
        scaling: Some(Scaling::Fit),
        as_image: true,
        finishings: "staple-top-left,punch-dual-left".parse().unwrap(),
        extensions: Extensions::default().with(1, vec![4]).unwrap(),
    }
}

fn printer() -> NamedPrinter {
    NamedPrinter {
        node: NODE,
        name: name("Empfang"),
    }
}

fn guesses() -> Guesses {
    Guesses {
        unproven: 3,
        last: THEN,
    }
}

fn attempt() -> Attempt {
    Attempt {
        printer: printer(),
        at: LATER,
        outcome: Outcome::MayHavePrinted,
        reason: Some("the device fell silent".to_owned()),
    }
}

fn held() -> JobRow {
    JobRow {
        user: user("alice"),
        number: 7,
        sealed_meta: vec![1; 40],
        wrapped_key: vec![2; 60],
        plain_size: 1000,
        sealed_size: 1100,
        submitted_at: THEN,
        priority: 50,
        listed_at: THEN,
        hold_until: Some(LATER),
        expires_at: LATER,
        protected: true,
        may_have_printed: true,
        visit_pin: true,
        sealed_pin: Some(ByteBuf::from([3; 20])),
        pin_guesses: guesses(),
        last: Some(attempt()),
    }
}

fn past(end: JobEnd) -> PastJobRow {
    PastJobRow {
        job: job(9),
        sealed_meta: vec![1; 40],
        plain_size: 1000,
        submitted_at: THEN,
        expires_at: LATER,
        priority: 50,
        ended_at: LATER,
        end,
    }
}

fn of_user<K: Key>(key: K) -> OfUser<K> {
    OfUser {
        user: user("alice"),
        key,
    }
}

fn jobs(visit: &mut impl Visit) {
    visit.row(&columns::JOBS, &job(7), &held());
    visit.row(&columns::PREVIEWS, &job(7), &ByteBuf::from([4; 9]));
    let listed = of_user((50, (THEN, job(7))));
    visit.row(&columns::JOBS_BY_USER, &listed, &());
    visit.row(&columns::JOBS_BY_EXPIRY, &(LATER, job(7)), &());
    let pages = Some(3);
    let ends = [
        JobEnd::Printed {
            printer: printer(),
            pages,
        },
        JobEnd::Deleted {
            printer: Some(printer()),
        },
        JobEnd::Expired,
    ];
    for (number, end) in (1..).zip(ends) {
        visit.row(&columns::HISTORY, &of_user(number), &past(end));
    }
    let numbered = NumberedJob {
        job: job(7),
        user: user("alice"),
        part_of: Some(6),
        parts: vec![8, 9],
    };
    visit.row(&columns::JOB_NUMBERS, &7, &numbered);
    visit.row(&columns::COUNTERS, &"job numbers".to_owned(), &64);
    let lease = LeaseRow {
        job: job(7),
        user: user("alice"),
        printer: NODE,
        printer_name: name("Empfang"),
        session: SessionId::from_bytes([0x55; 32]),
        granted_at: THEN,
        until: LATER,
        streamed: true,
        lapsed: true,
        options: options(),
    };
    visit.row(&columns::LEASES, &RELEASE, &lease);
    visit.row(&columns::LEASE_OF, &job(7), &RELEASE);
    for (at, outcome) in outcomes().into_iter().enumerate() {
        let settled = Settled {
            job: job(7),
            user: user("alice"),
            printer: NODE,
            outcome,
            at: LATER,
        };
        let release = ReleaseId::from_bytes([at as u8; 16]);
        visit.row(&columns::SETTLED, &release, &settled);
    }
}

fn outcomes() -> [Outcome; 3] {
    let (pages, keep) = (Some(3), true);
    [
        Outcome::Printed { pages, keep },
        Outcome::NotPrinted,
        Outcome::MayHavePrinted,
    ]
}

fn users(visit: &mut impl Visit) {
    let local = LocalUser {
        entry: Some(envelope()),
        sealed_user_key: Some(vec![5; 60]),
        sealed_pin: Some(vec![6; 60]),
        pin_epoch: 2,
        delegation: Some(envelope()),
        linked: vec![Linked {
            node: NODE,
            name: name("desktop"),
            pin_epoch: 1,
        }],
        advert_sequence: 12,
        advertised: true,
    };
    visit.row(&columns::LOCAL_USERS, &user("alice"), &local);
    let mut used = Used::default();
    used.take_job(Allowance::default(), THEN).unwrap();
    let token = TokenRow {
        user: user("alice"),
        name: name("iPad"),
        made_at: THEN,
        until: LATER,
        rights: Rights::try_from(BTreeSet::from([
            Right::Own,
            Right::Print(name("front-desk")),
        ]))
        .unwrap(),
        allowance: Allowance {
            jobs: Some(3),
            ..Allowance::default()
        },
        used,
    };
    let public = PublicCertificateRow {
        sealed_key: ByteBuf::from([4; 60]),
        chain: "-----BEGIN CERTIFICATE-----".to_owned(),
        not_after: LATER,
        due_at: THEN,
    };
    let at = "desk.acme.gw.example".to_owned();
    visit.row(&columns::PUBLIC_CERTIFICATES, &at, &public);
    visit.row(&columns::TOKENS, &TokenDigest::from_bytes([8; 32]), &token);
    let wake = Row {
        wake: WakeId {
            signer: [5; 32],
            nonce: WakeNonce::from_bytes([6; 16]),
        },
        order: Order::Cancel,
        first_at: THEN,
    };
    visit.row(&columns::WAKES, &vec![5; 48], &wake);
    mailed(visit);
    visit.row(&columns::GUESSES, &of_user(NODE), &guesses());
    visit.row(&columns::GUESS_TOTALS, &user("alice"), &guesses());
    visit.row(&columns::TYPED_GUESSES, &of_user(Source::HERE), &guesses());
    visit.row(&columns::TYPED_TOTALS, &user("alice"), &guesses());
}

fn mailed(visit: &mut impl Visit) {
    let address = MailAddressRow {
        user: user("alice"),
        since: THEN,
        language: Some("de".to_owned()),
    };
    let at = "alice@acme.example".to_owned();
    visit.row(&columns::MAIL_ADDRESSES, &at, &address);
    let document = |held| Mailed::Document {
        mail: [9; 32].into(),
        number: 7,
        held,
    };
    for (at, what) in (0..).zip([Mailed::Mail, document(false), document(true)]) {
        let row = MailedRow {
            user: user("alice"),
            at: THEN,
            what,
        };
        visit.row(&columns::MAILED, &[at; 32], &row);
    }
}

fn mesh(visit: &mut impl Visit) {
    let record = StoredRecord {
        value: vec![7; 30],
        expires_at: LATER,
        updated_at: THEN,
    };
    visit.row(
        &columns::RECORDS,
        &RecordKey::from_bytes([0x66; 32]),
        &record,
    );
    let floor = Floor {
        sequence: 4,
        until: LATER,
    };
    visit.row(&columns::FLOORS, &b"advert".to_vec(), &floor);
    let peer = RememberedPeer {
        name: name("laptop-2"),
        roles: Roles::of(&[Role::Client, Role::Admin]),
        addresses: vec![ByteBuf::from([4, 127, 0, 0, 1, 6, 0x1f, 0x90])],
        last_seen: THEN,
        certificate: Some(envelope()),
    };
    visit.row(&columns::PEERS, &NODE, &peer);
}

fn printers(visit: &mut impl Visit) {
    for (at, phase) in [Phase::Granted, Phase::Sending, Phase::Taken, Phase::Settled]
        .into_iter()
        .enumerate()
    {
        let row = JournalRow {
            holder: NODE,
            job: job(7),
            user: user("alice"),
            phase,
            keep: true,
            device: Some("ipp://printer/42".to_owned()),
            receipt: Some(envelope()),
            started_at: THEN,
            changed_at: LATER,
        };
        let release = ReleaseId::from_bytes([at as u8; 16]);
        visit.row(&columns::JOURNAL, &release, &row);
    }
    let choice = Choice {
        sides: Some(Sides::OneSided),
        color: Some(ColorMode::Color),
    };
    let chosen = ChoiceRow::new(choice, THEN);
    visit.row(
        &columns::CHOICES,
        &RecordKey::from_bytes([0x77; 32]),
        &chosen,
    );
    let proxy = ProxyRow {
        attributes: ByteBuf::from([2, 0, 0, 0, 0, 0, 0, 1, 3]),
        subscriptions: vec![SubscriptionRow {
            id: 3,
            events: vec!["job-fetchable".to_owned()],
            user_data: Some(ByteBuf::from([1, 2])),
            lease: 86_400,
            expires_at: LATER,
            sequence: 1024,
        }],
    };
    visit.row(&columns::PROXIES, &TokenDigest::from_bytes([9; 32]), &proxy);
}

fn admins(visit: &mut impl Visit) {
    let member = MemberRow {
        certificate: envelope(),
        revoked_at: Some(LATER),
    };
    visit.row(&columns::MEMBERS, &Serial::from_bytes([1; 8]), &member);
    let known = UserRow {
        entry: Some(envelope()),
        sequence: 3,
        display: name("Alice"),
        key: Some(UserKey::from_bytes([0x12; 32])),
        badges: vec![BadgeTag::from_bytes([0x13; 32])],
        groups: vec![name("staff")],
        state: UserState::Disabled,
    };
    visit.row(&columns::USERS, &user("alice"), &known);
    let badge = BadgeRow {
        user: Some(user("alice")),
        sequence: 5,
    };
    visit.row(&columns::BADGES, &BadgeTag::from_bytes([0x13; 32]), &badge);
    let invite = Purpose::Invite {
        roles: Roles::of(&[Role::Printer]),
        name: Some(name("hall")),
    };
    let purposes = [
        invite,
        Purpose::Enroll {
            user: user("alice"),
        },
        Purpose::Link {
            user: user("alice"),
        },
    ];
    for (at, purpose) in purposes.into_iter().enumerate() {
        let ticket = Ticket {
            purpose,
            issued_at: THEN,
            expires_at: LATER,
            used_by: Some(NODE),
        };
        visit.row(&columns::TICKETS, &TicketId::from([at as u8; 16]), &ticket);
    }
    visit.row(&columns::WEB_NAMES, &"hall".parse().unwrap(), &NODE);
    visit.row(&columns::AUDIT, &1, &ByteBuf::from([8; 30]));
}

fn things(visit: &mut impl Visit) {
    let bytes = ByteBuf::from([9; 48]);
    visit.thing(&site::CERTIFICATE, &envelope());
    visit.thing(&site::CHARTER, &envelope());
    visit.thing(&site::STATE, &envelope());
    visit.thing(&site::SECRET, &bytes);
    visit.thing(&site::AUTHORITY, &bytes);
    visit.thing(&site::ROOT, &bytes);
    let issuer = WebIssuerRow {
        certificate: bytes.clone(),
        not_after: LATER,
    };
    visit.thing(&site::WEB_ISSUER, &issuer);
    visit.thing(&site::DECOY_PIN, &bytes);
    visit.thing(&site::WEB_AUTHORITY, &envelope());
    let places = Places::new(
        ["hall.local".parse().unwrap()],
        Address::try_from("192.168.1.2".parse::<IpAddr>().unwrap()),
    );
    let certificate = WebCertificateRow {
        sealed_key: bytes.clone(),
        certificate: bytes.clone(),
        issuer: bytes,
        places: places.clone().unwrap(),
        asked: places.unwrap(),
        from: THEN,
        not_after: LATER,
    };
    visit.thing(&site::WEB_CERTIFICATE, &certificate);
    visit.thing(&site::NODE_NAME, &name("laptop-1"));
    let ports = LastPorts {
        ip4: Some(4001),
        ip6: Some(4002),
        join: Some(4003),
    };
    visit.thing(&site::LAST_PORTS, &ports);
    visit.thing(&site::ACME_ACCOUNT, &ByteBuf::from([7; 48]));
    let own: HostName = "print.acme.example".parse().unwrap();
    visit.thing(
        &site::PLACES,
        &vec![
            PlaceRow {
                label: None,
                woken_by: None,
                own_names: Vec::new(),
                aliases: Vec::new(),
            },
            PlaceRow {
                label: Some("front-desk".parse().unwrap()),
                woken_by: Some(WokenBy::Gateway),
                own_names: vec![own.clone()],
                aliases: vec!["desk@acme.example".parse().unwrap()],
            },
        ],
    );
    let refused = RefusedRow {
        until: LATER,
        why: "too many certificates".to_owned(),
    };
    let orders = OrdersRow {
        begun: [(own.to_string(), vec![THEN])].into(),
        refused: [(None, refused)].into(),
    };
    visit.thing(&site::ACME_ORDERS, &orders);
    let key = KeyDigest::from_bytes([5; 32]);
    let seen = [Seen::key(key, "R11"), Seen::no_tls("why"), Seen::Closed];
    let mismatches = seen.map(|seen| MismatchRow {
        by: NODE,
        mismatch: Mismatch {
            sighting: Sighting {
                name: own.clone(),
                seen,
            },
            claims: vec![Claim {
                door: NODE,
                key: Some(key),
            }],
        },
        first: THEN,
        last: LATER,
        times: 1,
        counts: true,
        told: true,
    });
    let dismissed = DismissedRow {
        sighting: mismatches[0].mismatch.sighting.clone(),
        doors: vec![NODE],
        last: LATER,
    };
    let sightings = SightingsRow {
        mismatches: mismatches.to_vec(),
        dismissed: vec![dismissed],
    };
    visit.thing(&site::SIGHTINGS, &sightings);
    visit.thing(&site::LAST_LOOK, &THEN);
    visit.thing(&site::KEYS_MADE, &true);
}

fn all(visit: &mut impl Visit) {
    jobs(visit);
    users(visit);
    mesh(visit);
    printers(visit);
    admins(visit);
    things(visit);
}

fn file(format: u32) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/upgrade/formats");
    folder.join(format!("{format}.txt"))
}

#[test]
fn what_is_written_is_what_this_format_says() {
    let mut written = Written(String::new());
    all(&mut written);
    if std::env::var_os("PAPERMESH_WRITE_FORMAT").is_some() {
        std::fs::write(file(CURRENT), &written.0).unwrap();
    }
    let known = std::fs::read_to_string(file(CURRENT)).unwrap();
    for (known, written) in known.lines().zip(written.0.lines()) {
        let column = written.split(' ').next().unwrap();
        assert_eq!(
            known, written,
            "{column} is written otherwise than in format {CURRENT}: that is a new format, see store::upgrade"
        );
    }
    assert_eq!(known.lines().count(), written.0.lines().count());
    let columns: BTreeSet<&str> = known
        .lines()
        .filter_map(|line| line.split(' ').next())
        .collect();
    assert_eq!(columns, columns::NAMES.into_iter().collect());
}

#[test]
fn every_format_is_read() {
    for format in 1..=CURRENT {
        let text = std::fs::read_to_string(file(format)).unwrap();
        let hex = |text: &str| HEXLOWER.decode(text.as_bytes()).unwrap();
        let lines = text.lines().map(|line| {
            let mut words = line.split(' ');
            let mut word = || words.next().unwrap();
            (word(), hex(word()), hex(word()))
        });
        let mut read = Read {
            format,
            lines: lines.collect(),
            read: BTreeSet::new(),
        };
        all(&mut read);
        assert_eq!(
            read.read.len(),
            read.lines.len(),
            "format {format} has columns that nobody reads"
        );
    }
}
