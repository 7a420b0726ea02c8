//! Every message of every protocol.

use ed25519_dalek::SigningKey;
use papermesh_protocol::advert::Delegated;
use papermesh_protocol::certificate::{Role, Roles};
use papermesh_protocol::document_password::DocumentPassword;
use papermesh_protocol::enroll::{SignedPage, SignedPlace};
use papermesh_protocol::extension::Extensions;
use papermesh_protocol::gateway::sighting::{self, Claim, Mismatch, Seen, Sighting, Told};
use papermesh_protocol::id::{KeyDigest, UserKey};
use papermesh_protocol::invite::TicketSecret;
use papermesh_protocol::job::{Finishings, PrintOptions};
use papermesh_protocol::join::message::Right;
use papermesh_protocol::join::{Commitment, MemberAddress, Nonce, Terms, Welcome};
use papermesh_protocol::link::{FirstComputer, Linked};
use papermesh_protocol::pin::{Ke1, Ke2, Ke3, Pin, PinVerifier};
use papermesh_protocol::release::message::{
    Answer, Grant, Login, Place, Progress, Refusal, Request,
};
use papermesh_protocol::release::receipt::Outcome;
use papermesh_protocol::release::stream::{Open, Token};
use papermesh_protocol::seal::{
    JobKey, PreviewKey, SessionSecret, SessionWrappedKey, seal_preview, sealed_len,
};
use papermesh_protocol::signed::Signed;
use papermesh_protocol::user::UserEntry;
use papermesh_protocol::web::{self, Asking, Certified, Denial, WebKey};
use papermesh_protocol::{bind, codec, direct, enroll, join, limits, link, preview};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_bytes::ByteBuf;
use serde_json::{Value, json};

use crate::site::{
    ADMIN, AUTHORITY, Counting, HOLDER, JOB, NOW, PRINTER, RELEASE, ROOT, SESSION, SHARED, USER,
    attestation, badge, badge_claim, certificate, charlie, charter, claim, delegation, entry, key,
    node, options, places, receipt, sealing_public, second_state, secret, site, summary, tag,
    web_authority,
};
use crate::{check, hex};

/// The messages of one protocol in one direction.
struct Direction {
    protocol: &'static str,
    says: &'static str,
    max: usize,
    vectors: Vec<Value>,
}

impl Direction {
    fn new(protocol: &'static str, says: &'static str, max: usize) -> Self {
        Self {
            protocol,
            says,
            max,
            vectors: Vec::new(),
        }
    }

    fn with<T: Serialize + DeserializeOwned>(mut self, name: &str, message: &T) -> Self {
        let bytes = codec::encode(message, self.max).unwrap();
        let read: T = codec::decode(&bytes, self.max).unwrap();
        assert_eq!(codec::encode(&read, self.max).unwrap(), bytes);
        self.vectors.push(json!({
            "name": format!("{} {} {name}", self.protocol, self.says),
            "protocol": self.protocol,
            "says": self.says,
            "bytes": hex(bytes),
        }));
        self
    }
}

fn grant() -> Grant {
    let rng = &mut Counting::default();
    let session = SessionSecret::from_bytes([0x72; 32]).public();
    let job_key = JobKey::from_bytes([0x70; 32]);
    Grant {
        token: Token::random(rng),
        key: SessionWrappedKey::wrap(&session, SESSION.as_bytes(), *JOB.as_bytes(), &job_key, rng)
            .unwrap(),
        sealed_size: sealed_len(summary().size).unwrap(),
        size: summary().size,
        format: summary().format,
        title: summary().title,
        options: options(),
        document_password: Some(DocumentPassword::new("Sesam").unwrap()),
        lease: 90_000,
        counted: None,
        extensions: Extensions::default(),
    }
}

fn finishings() -> Finishings {
    "staple-top-left,punch-dual-left".parse().unwrap()
}

/// One that may be passed over and one that must be known.
fn extensions() -> Extensions {
    let odd = Extensions::default().with(1, vec![0x07]);
    odd.and_then(|some| some.with(2, vec![0x18, 0x2a])).unwrap()
}

fn release() -> Vec<Value> {
    let (session, job, release) = (SESSION, JOB, RELEASE);
    let session_key = SessionSecret::from_bytes([0x72; 32]).public();
    let login = |badge, ke1| {
        Request::Login(Login {
            user: charlie(),
            badge,
            ke1,
            session_key,
            extensions: Extensions::default(),
        })
    };
    let ke1 = Ke1::from_bytes(&[0x90; 96]).unwrap();
    let place = Place::of(50, NOW, job);
    let outcome = Outcome::Printed {
        pages: Some(12),
        keep: true,
    };
    let report = Signed::sign(receipt(outcome), &key(PRINTER))
        .unwrap()
        .envelope()
        .clone();
    let requests = Direction::new("release", "request", limits::RELEASE_MESSAGE)
        .with("Login with a PIN", &login(None, Some(ke1)))
        .with("Login with badge and PIN", &login(Some(tag()), Some(ke1)))
        .with("Login with a badge", &login(Some(tag()), None))
        .with(
            "Prove",
            &Request::Prove {
                session,
                ke3: Ke3::from_bytes(&[0x92; 64]).unwrap(),
            },
        )
        .with(
            "List",
            &Request::List {
                session,
                after: None,
            },
        )
        .with(
            "List after a place",
            &Request::List {
                session,
                after: Some(place),
            },
        )
        .with(
            "Select",
            &Request::Select {
                session,
                job,
                release,
                options: options(),
                extensions: Extensions::default(),
            },
        )
        .with(
            "Select with extensions (release/2)",
            &Request::Select {
                session,
                job,
                release,
                options: PrintOptions {
                    extensions: extensions(),
                    ..options()
                },
                extensions: extensions(),
            },
        )
        .with(
            "Select with finishings and extensions (release/2)",
            &Request::Select {
                session,
                job,
                release,
                options: PrintOptions {
                    finishings: finishings(),
                    extensions: extensions(),
                    ..options()
                },
                extensions: Extensions::default(),
            },
        )
        .with(
            "Select with finishings (release/2)",
            &Request::Select {
                session,
                job,
                release,
                options: PrintOptions {
                    finishings: finishings(),
                    ..options()
                },
                extensions: Extensions::default(),
            },
        )
        .with("Extend", &Request::Extend { release })
        .with("Report", &Request::Report(report))
        .with("Delete", &Request::Delete { session, job })
        .with(
            "Protect",
            &Request::Protect {
                session,
                job,
                on: true,
            },
        )
        .with("Close", &Request::Close { session })
        .with(
            "Progress",
            &Request::Progress(Progress {
                release,
                impressions: Some(4),
                stopped: true,
                reasons: vec!["media-empty-error".to_owned()],
            }),
        )
        .with("Unlock", &Request::Unlock { session, job, ke1 })
        .with(
            "ProveJob",
            &Request::ProveJob {
                session,
                job,
                ke3: Ke3::from_bytes(&[0x92; 64]).unwrap(),
            },
        )
        .with(
            "Attest",
            &Request::Attest {
                session,
                badge: tag(),
            },
        );
    let mut answers = Direction::new("release", "answer", limits::RELEASE_MESSAGE)
        .with(
            "Challenge",
            &Answer::Challenge {
                session,
                ke2: Ke2::from_bytes(&[0x91; 320]).unwrap(),
            },
        )
        .with("SessionOpen", &Answer::session_open(session, 3))
        .with("Denied", &Answer::Denied { retry_after: 4000 })
        .with(
            "Jobs",
            &Answer::Jobs {
                jobs: vec![summary()],
                more: false,
            },
        )
        .with("Grant", &Answer::Grant(grant()))
        .with(
            "Grant of counted pages, with extensions (release/2)",
            &Answer::Grant(Grant {
                counted: summary().pages,
                extensions: extensions(),
                ..grant()
            }),
        )
        .with("Settled (release/2)", &Answer::settled())
        .with(
            "Explained (release/2)",
            &Answer::Explained {
                why: Refusal::Policy,
                extensions: extensions(),
            },
        )
        .with("Extended", &Answer::extended())
        .with("Done", &Answer::Done)
        .with(
            "Attested",
            &Answer::Attested(Box::new(attestation(badge_claim()))),
        );
    for refusal in [
        Refusal::NoSession,
        Refusal::NoJob,
        Refusal::Leased,
        Refusal::NoLease,
        Refusal::Malformed,
        Refusal::Policy,
        Refusal::Damaged,
        Refusal::Trouble,
        Refusal::Locked,
        Refusal::Unproven,
    ] {
        answers = answers.with(&format!("Refused {refusal:?}"), &Answer::Refused(refusal));
    }
    [requests.vectors, answers.vectors].concat()
}

fn joining() -> Vec<Value> {
    let nonce = Nonce::from_bytes([0x93; 32]);
    let terms = Terms {
        sealing: sealing_public(),
        name: "Empfang".parse().unwrap(),
        roles: Roles::of(&[Role::Printer]),
    };
    let ask = |right| join::Request::Ask {
        terms: terms.clone(),
        right,
    };
    let commitment = Commitment::new(nonce, node(PRINTER), node(ADMIN), &terms).unwrap();
    let welcome = Welcome {
        certificate: certificate(PRINTER, &[Role::Printer]).envelope().clone(),
        charter: Signed::sign(charter().clone(), &key(ROOT))
            .unwrap()
            .envelope()
            .clone(),
        state: Signed::sign(second_state(), &key(AUTHORITY))
            .unwrap()
            .envelope()
            .clone(),
        secret: secret(),
        members: vec![MemberAddress {
            node: node(ADMIN),
            address: ByteBuf::from([4, 127, 0, 0, 1, 6, 0x1f, 0x90]),
        }],
    };
    let challenge = join::Answer::Challenge {
        site: site(),
        site_name: "Werk Nord".parse().unwrap(),
        nonce,
    };
    let requests = Direction::new("join", "request", limits::JOIN_MESSAGE)
        .with(
            "Ask with an invite",
            &ask(Right::Invite(TicketSecret::from_bytes([0x80; 16]))),
        )
        .with("Ask with digits", &ask(Right::Digits(commitment)))
        .with("Reveal", &join::Request::Reveal { nonce });
    let mut answers = Direction::new("join", "answer", limits::JOIN_MESSAGE)
        .with("Challenge", &challenge)
        .with("Welcome", &join::Answer::Welcome(Box::new(welcome)));
    for denial in [
        join::Denial::Refused,
        join::Denial::Busy,
        join::Denial::Unanswered,
        join::Denial::Malformed,
        join::Denial::Trouble,
    ] {
        answers = answers.with(&format!("Denied {denial:?}"), &join::Answer::Denied(denial));
    }
    [requests.vectors, answers.vectors].concat()
}

fn enrolling(authority: &SigningKey, entry: &Signed<UserEntry>) -> Vec<Value> {
    let claim = Signed::sign(claim(), &key(USER))
        .unwrap()
        .envelope()
        .clone();
    let secret = TicketSecret::from_bytes([0x80; 16]);
    let renewed = certificate(HOLDER, &[Role::Client]);
    assert_eq!(renewed.signer(), authority.verifying_key().as_bytes());
    let requests = Direction::new("enroll", "request", limits::ENROLL_MESSAGE)
        .with("Enroll", &enroll::Request::Enroll { secret, claim })
        .with("Renew", &enroll::Request::Renew)
        .with("Signed", &enroll::Request::Signed { after: None })
        .with(
            "Signed after a user",
            &enroll::Request::Signed {
                after: Some(SignedPlace::User(charlie())),
            },
        );
    let bound = Signed::sign(badge(), authority).unwrap();
    let page = SignedPage {
        certificates: vec![renewed.envelope().clone()],
        users: vec![entry.envelope().clone()],
        badges: vec![bound.envelope().clone()],
        next: Some(SignedPlace::Badge(tag())),
    };
    let mut answers = Direction::new("enroll", "answer", limits::ENROLL_MESSAGE)
        .with(
            "Enrolled",
            &enroll::Answer::Enrolled(entry.envelope().clone()),
        )
        .with(
            "Renewed",
            &enroll::Answer::Renewed(renewed.envelope().clone()),
        )
        .with("Signed", &enroll::Answer::Signed(Box::new(page)));
    for denial in [
        enroll::Denial::Refused,
        enroll::Denial::NotAClient,
        enroll::Denial::NotDue,
        enroll::Denial::Trouble,
        enroll::Denial::Malformed,
    ] {
        answers = answers.with(
            &format!("Denied {denial:?}"),
            &enroll::Answer::Denied(denial),
        );
    }
    [requests.vectors, answers.vectors].concat()
}

fn linking(entry: &Signed<UserEntry>) -> Vec<Value> {
    let pin = Pin::new("2468").unwrap();
    let verifier = PinVerifier::register("charlie", &pin, &mut Counting::default()).unwrap();
    let user_key = key(USER);
    let first = FirstComputer {
        entry,
        key: &user_key,
        verifier: &verifier,
        epoch: 7,
    };
    let other = certificate(HOLDER, &[Role::Client]);
    let linked: Linked = first.link(&other, NOW, &mut Counting::default()).unwrap();
    let secret = TicketSecret::from_bytes([0x80; 16]);
    let requests = Direction::new("link", "request", limits::ENROLL_MESSAGE)
        .with("Link", &link::Request::Link { secret })
        .with(
            "NewPin",
            &first.new_pin(&other, &mut Counting::default()).unwrap(),
        );
    let mut answers = Direction::new("link", "answer", limits::ENROLL_MESSAGE)
        .with("Linked", &link::Answer::Linked(Box::new(linked)))
        .with("Taken", &link::Answer::Taken { epoch: 7 });
    for refusal in [
        link::Refusal::Refused,
        link::Refusal::NotAClient,
        link::Refusal::Stale,
        link::Refusal::NotLinked,
        link::Refusal::Malformed,
        link::Refusal::Trouble,
    ] {
        answers = answers.with(
            &format!("Refused {refusal:?}"),
            &link::Answer::Refused(refusal),
        );
    }
    [requests.vectors, answers.vectors].concat()
}

fn directly() -> Vec<Value> {
    let delegation = delegation(HOLDER);
    let delegated = Delegated {
        key: UserKey::from_bytes(*delegation.signer()),
        delegation: delegation.envelope().clone(),
    };
    let offer = |delegated| {
        direct::Request::Offer(Box::new(direct::Offer {
            user: charlie(),
            delegated,
            job: summary(),
        }))
    };
    let abilities = direct::Abilities {
        model: Some("Example 9000".to_owned()),
        location: Some("2nd floor".to_owned()),
        formats: vec!["application/pdf".to_owned()],
        sides: vec!["one-sided".to_owned(), "two-sided-long-edge".to_owned()],
        color: Some(true),
        media: vec!["iso_a4_210x297mm".to_owned()],
        accepting: true,
        reasons: Vec::new(),
        finishings: Vec::new(),
        extensions: Extensions::default(),
    };
    let finisher = direct::Abilities {
        finishings: finishings()
            .iter()
            .map(|one| one.keyword().to_owned())
            .collect(),
        ..abilities.clone()
    };
    let requests = Direction::new("direct", "request", limits::DIRECT_MESSAGE)
        .with("Describe", &direct::Request::Describe)
        .with("Offer of a delegate", &offer(Some(delegated)))
        .with("Offer of a shared computer", &offer(None))
        .with("Hand", &direct::Request::Hand { session: SESSION });
    let session_key = SessionSecret::from_bytes([0x72; 32]).public();
    let mut answers = Direction::new("direct", "answer", limits::DIRECT_MESSAGE)
        .with("Described", &direct::Answer::Described(Box::new(abilities)))
        .with(
            "Described, with finishings",
            &direct::Answer::Described(Box::new(finisher.clone())),
        )
        .with(
            "Described, with finishings and extensions",
            &direct::Answer::Described(Box::new(direct::Abilities {
                extensions: extensions(),
                ..finisher
            })),
        )
        .with("Ready", &direct::Answer::Ready { session_key })
        .with(
            "Ended",
            &direct::Answer::Ended {
                outcome: Outcome::NotPrinted,
                reason: Some("out of paper".to_owned()),
            },
        );
    for decline in [
        direct::Decline::NotAllowed,
        direct::Decline::Busy,
        direct::Decline::Trouble,
    ] {
        answers = answers.with(
            &format!("Declined {decline:?}"),
            &direct::Answer::Declined(decline),
        );
    }
    [requests.vectors, answers.vectors].concat()
}

fn previewing() -> Vec<Value> {
    let rng = &mut Counting::default();
    let to = SessionSecret::from_bytes([0x72; 32]).public();
    let key = PreviewKey::derive(&JobKey::from_bytes([0x70; 32]));
    let job = *JOB.as_bytes();
    let wrapped = SessionWrappedKey::wrap_preview(&to, SESSION.as_bytes(), job, &key, rng).unwrap();
    let sealed = seal_preview(&key, job, b"a picture".to_vec(), rng).unwrap();
    let request = preview::Request {
        session: SESSION,
        job: JOB,
    };
    let requests =
        Direction::new("preview", "request", limits::PREVIEW_MESSAGE).with("of a job", &request);
    let mut answers = Direction::new("preview", "answer", limits::PREVIEW_MESSAGE)
        .with(
            "Preview",
            &preview::Answer::Preview {
                key: wrapped,
                sealed: ByteBuf::from(sealed),
            },
        )
        .with("None", &preview::Answer::None);
    for refusal in [Refusal::NoSession, Refusal::NoJob, Refusal::Locked] {
        answers = answers.with(
            &format!("Refused {refusal:?}"),
            &preview::Answer::Refused(refusal),
        );
    }
    [requests.vectors, answers.vectors].concat()
}

fn binding(authority: &SigningKey) -> Vec<Value> {
    let bound = Signed::sign(badge(), authority).unwrap();
    let requests = Direction::new("bind", "request", limits::BIND_MESSAGE)
        .with("of a badge", &attestation(badge_claim()));
    let mut answers = Direction::new("bind", "answer", limits::BIND_MESSAGE)
        .with("Bound", &bind::Answer::Bound(bound.envelope().clone()));
    for denial in [
        bind::Denial::NotAllowed,
        bind::Denial::NotBelieved,
        bind::Denial::Stale,
        bind::Denial::Refused,
        bind::Denial::Taken,
        bind::Denial::TooMany,
        bind::Denial::Busy,
        bind::Denial::Trouble,
        bind::Denial::Malformed,
    ] {
        answers = answers.with(&format!("Denied {denial:?}"), &bind::Answer::Denied(denial));
    }
    [requests.vectors, answers.vectors].concat()
}

fn certifying() -> Vec<Value> {
    let own = certificate(PRINTER, &[Role::Printer]);
    let (_, certify) = Asking::new(&WebKey::random(&mut Counting::default()), &own, places());
    let requests = Direction::new("web", "request", limits::WEB_MESSAGE)
        .with("Authority", &web::Request::Authority)
        .with("Certify", &certify);
    let authority = Signed::sign(web_authority(), &key(ROOT)).unwrap();
    let authority = authority.envelope().clone();
    let mut answers = Direction::new("web", "answer", limits::WEB_MESSAGE)
        .with("Authority", &web::Answer::Authority(authority.clone()))
        .with(
            "Certified",
            &web::Answer::Certified(Certified {
                authority,
                issuer: ByteBuf::from([0xa2; 48]),
                certificate: ByteBuf::from([0xa1; 48]),
                places: places(),
                not_after: NOW + limits::WEB_CERTIFICATE_LIFETIME,
            }),
        );
    for denial in [
        Denial::Nowhere,
        Denial::TooOften,
        Denial::Trouble,
        Denial::Malformed,
    ] {
        answers = answers.with(&format!("Denied {denial:?}"), &web::Answer::Denied(denial));
    }
    [requests.vectors, answers.vectors].concat()
}

fn sightings() -> Vec<Value> {
    let saw = |seen| Sighting {
        name: "print.acme.example".parse().unwrap(),
        seen,
    };
    let digest = |byte| KeyDigest::from_bytes([byte; 32]);
    let seen = Seen::key(digest(0x64), "C=US, O=Let's Encrypt, CN=R11");
    let claim = |door, key| Claim { door, key };
    let mismatch = Mismatch {
        sighting: saw(seen.clone()),
        claims: vec![
            claim(node(HOLDER), Some(digest(0x61))),
            claim(node(SHARED), None),
        ],
    };
    let told = Direction::new("sighting", "told", limits::SIGHTING_MESSAGE)
        .with("Seen a key", &Told::Seen(saw(seen)))
        .with("Seen no TLS", &Told::Seen(saw(Seen::no_tls("it hung up"))))
        .with("Seen closed", &Told::Seen(saw(Seen::Closed)))
        .with("Mismatch", &Told::Mismatch(mismatch));
    let mut answers = Direction::new("sighting", "answer", limits::SIGHTING_MESSAGE);
    for answer in [
        sighting::Answer::Mine,
        sighting::Answer::NotMine,
        sighting::Answer::Noted,
        sighting::Answer::NotHere,
    ] {
        answers = answers.with(&format!("{answer:?}"), &answer);
    }
    [told.vectors, answers.vectors].concat()
}

/// The key is that of the site and no other, in every implementation.
#[test]
fn the_web_authority_has_the_key_that_it_always_had() {
    let root = ("web authority", ROOT, WebKey::of_root(&key(ROOT)));
    let issuer = ("issuer", AUTHORITY, WebKey::of_admin(&key(AUTHORITY)));
    let vectors = [root, issuer].map(|(what, seed, web)| {
        json!({
            "name": format!("{what} of seed {seed}"),
            "seed": hex([seed; 32]),
            "secret": hex(*web.expose()),
            "public": hex(web.public().as_bytes()),
            "message": hex(b"message"),
            "signature": hex(web.sign(b"message")),
        })
    });
    check(
        "web",
        "The P-256 keys of a web authority and of an issuer, and their signatures (RFC 6979, SHA-256, DER).",
        vectors.into(),
    );
}

#[test]
fn messages_are_encoded_as_ever() {
    let authority = key(AUTHORITY);
    let entry = Signed::sign(entry(), &authority).unwrap();
    let vectors = [
        release(),
        joining(),
        enrolling(&authority, &entry),
        linking(&entry),
        directly(),
        previewing(),
        binding(&authority),
        certifying(),
        sightings(),
    ]
    .concat();
    check(
        "messages",
        "Every message of every protocol, without the four bytes of length before it.",
        vectors,
    );
}

#[test]
fn a_stream_opens_as_ever() {
    let vectors = [0, 65_600, u64::MAX].map(|offset| {
        let open = Open { token: Token::random(&mut Counting::default()), offset };
        assert_eq!(Open::from_bytes(&open.to_bytes()), open);
        json!({ "name": format!("open at {offset}"), "offset": offset, "bytes": hex(open.to_bytes()) })
    });
    check(
        "stream",
        "The printer's first words on a job's stream; the token is the bytes 00 to 1f.",
        vectors.into(),
    );
}
