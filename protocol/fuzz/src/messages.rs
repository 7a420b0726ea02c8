//! Messages of the protocols: decoded, encoded again, and judged as their receiver judges them.

use papermesh_protocol::bind::{self, Attestation, Standing};
use papermesh_protocol::certificate::Role;
use papermesh_protocol::invite::{LinkTicket, TicketSecret};
use papermesh_protocol::join::admin::{AdminJoin, Attempts};
use papermesh_protocol::join::{Joiner, Terms};
use papermesh_protocol::pin::{
    ClientLogin, KE1_LEN, KE2_LEN, Ke1, Ke2, KsfMemo, LoginContext, Pin, PinVerifier, ServerLogin,
};
use papermesh_protocol::release::message::{Answer, Request};
use papermesh_protocol::release::printer::{self, Session};
use papermesh_protocol::release::receipt::Receipt;
use papermesh_protocol::release::stream::Open;
use papermesh_protocol::seal::{
    DecoySeed, Header, SessionSecret, plain_len, sealed_len, segment_at, segment_offset,
};
use papermesh_protocol::web::{self, Asking, WebKey};
use papermesh_protocol::{codec, direct, enroll, join, limits, link, preview};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::site::{
    ADMIN, AUTHORITY, Counting, HOLDER, JOB, NOW, PRINTER, SESSION, certificate, charlie, charter,
    entry, judge, key, node, places, sealing, sealing_public, site, state, tag,
};

/// The message that these bytes are, if they are one.
fn decoded<T: Serialize + DeserializeOwned>(bytes: &[u8], max: usize) -> Option<T> {
    let message = codec::decode(bytes, max).ok()?;
    assert_eq!(
        codec::encode(&message, max).as_deref(),
        Ok(bytes),
        "one value, two encodings"
    );
    Some(message)
}

pub(crate) fn release_request(bytes: &[u8]) {
    match decoded(bytes, limits::RELEASE_MESSAGE) {
        Some(Request::Report(receipt)) => {
            let _ = Receipt::verify(&receipt, site(), node(HOLDER), node(PRINTER));
        }
        Some(Request::Select { options, .. }) => {
            let _ = options.check();
        }
        Some(Request::Progress(progress)) => {
            let _ = progress.is_sound();
        }
        _ => {}
    }
}

pub(crate) fn release_answer(bytes: &[u8]) {
    let Some(answer) = decoded::<Answer>(bytes, limits::RELEASE_MESSAGE) else {
        return;
    };
    let _ = printer::done(answer.clone());
    let about = (node(PRINTER), node(HOLDER));
    let _ = Session::attested(answer.clone(), (&charlie(), tag()), about);
    if let Ok((jobs, next)) = Session::page(answer, None, 0) {
        assert!(jobs.len() <= limits::JOBS_PER_PAGE && jobs.iter().all(|job| job.check().is_ok()));
        assert!(next.is_none_or(|next| jobs.iter().all(|job| printer::place(job) <= next)));
    }
}

pub(crate) fn join_request(bytes: &[u8]) {
    if let Some(request) = decoded(bytes, limits::JOIN_MESSAGE) {
        let name = "Werk Nord".parse().expect("a name");
        let mut handler = AdminJoin::new((site(), name), node(ADMIN), node(PRINTER), None);
        handler.handle(
            request,
            &mut Attempts::default(),
            NOW,
            &mut Counting::default(),
        );
    }
}

pub(crate) fn join_answer(bytes: &[u8]) {
    let Some(answer) = decoded::<join::Answer>(bytes, limits::JOIN_MESSAGE) else {
        return;
    };
    let terms = Terms {
        sealing: sealing_public(),
        name: "Empfang".parse().expect("a name"),
        roles: certificate(PRINTER, &[Role::Printer]).roles,
    };
    let nodes = (node(PRINTER), node(ADMIN));
    let Ok((mut joiner, _)) = Joiner::with_digits(terms, nodes, &mut Counting::default()) else {
        return;
    };
    let challenge = join::Answer::Challenge {
        site: site(),
        site_name: "Werk Nord".parse().expect("a name"),
        nonce: join::Nonce::from_bytes([1; 32]),
    };
    if matches!(answer, join::Answer::Welcome(_)) {
        let _ = joiner.handle(challenge, NOW);
    }
    let _ = joiner.handle(answer, NOW);
}

pub(crate) fn enroll_request(bytes: &[u8]) {
    if let Some(enroll::Request::Enroll { claim, .. }) = decoded(bytes, limits::ENROLL_MESSAGE)
        && let Ok(claim) = enroll::examine(&claim, &certificate(HOLDER, &[Role::Client]))
    {
        let _ = enroll::enter(&entry(), &claim, NOW);
    }
}

pub(crate) fn enroll_answer(bytes: &[u8]) {
    if let Some(answer) = decoded(bytes, limits::ENROLL_MESSAGE) {
        let _ = enroll::renewed(
            answer,
            &certificate(HOLDER, &[Role::Client]),
            &judge(&state()),
        );
    }
}

pub(crate) fn direct_request(bytes: &[u8]) {
    if let Some(direct::Request::Offer(offer)) = decoded(bytes, limits::DIRECT_MESSAGE) {
        let holder = certificate(HOLDER, &[Role::Client]);
        let _ = offer.judge(&holder, site(), Some(&entry()), NOW);
    }
}

pub(crate) fn direct_answer(bytes: &[u8]) {
    if let Some(direct::Answer::Described(abilities)) = decoded(bytes, limits::DIRECT_MESSAGE) {
        let bounded = abilities.bounded();
        assert!(bounded.media.len() <= limits::ABILITIES);
        assert_eq!(bounded.clone().bounded(), bounded);
    }
}

pub(crate) fn preview_request(bytes: &[u8]) {
    let _ = decoded::<preview::Request>(bytes, limits::PREVIEW_MESSAGE);
}

pub(crate) fn preview_answer(bytes: &[u8]) {
    if let Some(answer) = decoded(bytes, limits::PREVIEW_MESSAGE) {
        let secret = SessionSecret::from_bytes([0x72; 32]);
        let session = Session::handed(SESSION, secret);
        if let Ok(Some(picture)) = session.previewed(JOB, answer) {
            assert!(picture.len() <= limits::PREVIEW);
        }
    }
}

pub(crate) fn bind_request(bytes: &[u8]) {
    if let Some(attestation) = decoded(bytes, limits::BIND_MESSAGE) {
        attested(&attestation);
    }
}

/// What a printer brings to an admin of a site where users may register badges.
pub(crate) fn attested(attestation: &Attestation) {
    let mut state = state();
    state.policy.bind_badges = true;
    let asker = certificate(PRINTER, &[Role::Printer]);
    if let Ok(examined) = bind::examine(attestation, &asker, &judge(&state)) {
        let entry = entry();
        let standing = Standing {
            state: entry.state,
            key: entry.key,
            badges: &[],
            owner: None,
        };
        let _ = examined.decide(Some(&standing), NOW);
    }
}

pub(crate) fn bind_answer(bytes: &[u8]) {
    if let Some(answer) = decoded(bytes, limits::BIND_MESSAGE) {
        let _ = bind::bound(&answer, charter(), (&charlie(), tag()));
    }
}

pub(crate) fn web_request(bytes: &[u8]) {
    if let Some(web::Request::Certify(wanted)) = decoded(bytes, limits::WEB_MESSAGE) {
        let _ = web::examine(&wanted, &certificate(PRINTER, &[Role::Printer]));
        assert!(wanted.places.names().len() <= limits::WEB_NAMES);
        assert!(wanted.places.addresses().len() <= limits::WEB_ADDRESSES);
    }
}

pub(crate) fn web_answer(bytes: &[u8]) {
    let Some(answer) = decoded::<web::Answer>(bytes, limits::WEB_MESSAGE) else {
        return;
    };
    let _ = web::shown(answer.clone(), site());
    let own = certificate(PRINTER, &[Role::Printer]);
    let (asking, _) = Asking::new(&WebKey::of_admin(&key(AUTHORITY)), &own, places());
    if let Ok(given) = asking.finish(answer) {
        assert!(given.places.is_within(&places()));
    }
}

pub(crate) fn link_request(bytes: &[u8]) {
    if let Some(link::Request::NewPin(carrier)) = decoded(bytes, limits::ENROLL_MESSAGE)
        && let Ok(pin) = link::NewPin::read(&carrier)
    {
        let _ = pin.take(&entry(), node(HOLDER), 0, &sealing());
    }
}

pub(crate) fn link_answer(bytes: &[u8]) {
    let Some(answer) = decoded(bytes, limits::ENROLL_MESSAGE) else {
        return;
    };
    let ticket = LinkTicket {
        site: site(),
        first: node(ADMIN),
        addresses: Vec::new(),
        secret: TicketSecret::from_bytes([0x80; 16]),
        user: charlie(),
        expires_at: NOW,
    };
    if let Ok((linking, _)) = link::Linking::new(
        &ticket,
        &certificate(HOLDER, &[Role::Client]),
        node(ADMIN),
        NOW,
    ) {
        let _ = linking.finish(answer, charter(), &sealing(), NOW);
    }
}

/// The messages of a login and the verifier, told apart by their lengths.
pub(crate) fn pin_message(bytes: &[u8]) {
    let rng = &mut Counting::default();
    let session = SessionSecret::from_bytes([0x72; 32]).public();
    let context = LoginContext::new(
        "charlie",
        node(HOLDER).as_bytes(),
        node(PRINTER).as_bytes(),
        &session,
    )
    .expect("names");
    let decoys = DecoySeed::from_bytes([0x73; 32]);
    match bytes.len() {
        KE1_LEN => {
            let ke1 = Ke1::from_bytes(bytes).expect("its length");
            let _ = ServerLogin::respond(None, &decoys, &context, &ke1, rng);
        }
        KE2_LEN => {
            let pin = Pin::new("2468").expect("a PIN");
            let (login, _) = ClientLogin::start(&pin, rng).expect("a PIN");
            let ke2 = Ke2::from_bytes(bytes).expect("its length");
            let _ = login.finish(&pin, &context, &ke2, &KsfMemo::new(), rng);
        }
        _ => {
            if let Ok(verifier) = PinVerifier::from_bytes(bytes) {
                assert_eq!(*verifier.to_bytes(), *bytes);
            }
        }
    }
}

/// The headers of a job's stream and of a sealed document, and the arithmetic of both.
pub(crate) fn stream_header(bytes: &[u8]) {
    if let Some(bytes) = bytes.first_chunk::<{ Open::LEN }>() {
        let open = Open::from_bytes(bytes);
        assert_eq!(open.to_bytes(), *bytes);
        if let Some(sealed) = sealed_len(open.offset) {
            assert_eq!(plain_len(sealed), Some(open.offset));
        }
        if let Some(plain) = plain_len(open.offset) {
            assert_eq!(sealed_len(plain), Some(open.offset));
        }
        if let Some(segment) = segment_at(open.offset) {
            assert!(segment_offset(segment) <= open.offset);
        }
    }
    if let Some(bytes) = bytes.first_chunk()
        && let Ok(header) = Header::from_bytes(*bytes)
    {
        assert_eq!(header.as_bytes(), bytes);
    }
}
