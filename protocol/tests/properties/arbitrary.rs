//! Values of every type that travels, within the limits of its type but otherwise any.

use core::fmt::Debug;

use papermesh_protocol::advert::{Advert, Delegated};
use papermesh_protocol::bind::{self, Attestation, BadgeClaim};
use papermesh_protocol::certificate::{Certificate, Role, Roles};
use papermesh_protocol::charter::{Admin, Charter};
use papermesh_protocol::delegation::Delegation;
use papermesh_protocol::direct;
use papermesh_protocol::document_password::DocumentPassword;
use papermesh_protocol::enroll::{self, KeyClaim, SignedPage, SignedPlace};
use papermesh_protocol::extension::Extensions;
use papermesh_protocol::id::{
    AdminKey, BadgeTag, JobId, NodeId, RecordDigest, ReleaseId, Serial, SessionId, SiteId, UserKey,
};
use papermesh_protocol::invite::TicketSecret;
use papermesh_protocol::job::{
    ColorMode, Finishing, Finishings, JobSummary, PageRange, PageRanges, PrintOptions, Scaling,
    Sides,
};
use papermesh_protocol::join::message::Right;
use papermesh_protocol::join::{self, Commitment, MemberAddress, Nonce, Terms, Welcome};
use papermesh_protocol::limits;
use papermesh_protocol::link::{self, Linked, PinCarrier};
use papermesh_protocol::pin::{KE1_LEN, KE2_LEN, KE3_LEN, LoginMessage};
use papermesh_protocol::preview;
use papermesh_protocol::release::message::{
    Answer, Grant, Login, Place, Progress, Refusal, Request,
};
use papermesh_protocol::release::receipt::{AuditHead, Outcome, Receipt};
use papermesh_protocol::release::stream::Token;
use papermesh_protocol::seal::{SealingPublic, SessionPublic, SessionWrappedKey};
use papermesh_protocol::signed::{Envelope, Record, Signed};
use papermesh_protocol::site::{LoginPolicy, Revoked, SitePolicy, SiteSecret, SiteState};
use papermesh_protocol::text::{Name, UserId};
use papermesh_protocol::time::Timestamp;
use papermesh_protocol::user::{Badge, UserEntry, UserState};
use papermesh_protocol::web::{
    self, CertificateRequest, HostName, Places, WebAuthority, WebProof, WebPublic,
};
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::sample::{select, subsequence};
use rand::SeedableRng;
use rand::rngs::StdRng;
use serde_bytes::ByteBuf;

use crate::site::key;

macro_rules! identities {
    ($($function:ident: $name:ident, $length:literal);*) => {$(
        pub(crate) fn $function() -> impl Strategy<Value = $name> {
            any::<[u8; $length]>().prop_map($name::from_bytes)
        }
    )*};
}
identities!(
    site_id: SiteId, 32;
    node_id: NodeId, 32;
    user_key: UserKey, 32;
    job_id: JobId, 16;
    session_id: SessionId, 32;
    release_id: ReleaseId, 16;
    badge_tag: BadgeTag, 32;
    serial: Serial, 8;
    sealing_public: SealingPublic, 32;
    session_public: SessionPublic, 32;
    ticket_secret: TicketSecret, 16;
    nonce: Nonce, 32;
    site_secret: SiteSecret, 32
);

pub(crate) fn time() -> impl Strategy<Value = Timestamp> {
    any::<u64>().prop_map(Timestamp::from_millis)
}

pub(crate) fn user_id() -> impl Strategy<Value = UserId> {
    "[a-z0-9._@-]{1,64}".prop_map(|text| text.parse().unwrap())
}

pub(crate) fn name() -> impl Strategy<Value = Name> {
    "[A-Za-zäöü中0-9.]{1,32}".prop_map(|text| text.parse().unwrap())
}

fn bytes(most: usize) -> impl Strategy<Value = ByteBuf> {
    vec(any::<u8>(), 0..=most).prop_map(ByteBuf::from)
}

fn login_message<const N: usize>() -> impl Strategy<Value = LoginMessage<N>> {
    vec(any::<u8>(), N).prop_map(|bytes| LoginMessage::from_bytes(&bytes).unwrap())
}

/// The record's envelope, signed by whoever.
fn envelope<T: Record + Debug>(
    record: impl Strategy<Value = T>,
) -> impl Strategy<Value = Envelope<T>> {
    (record, any::<u8>())
        .prop_map(|(record, seed)| Signed::sign(record, &key(seed)).unwrap().envelope().clone())
}

pub(crate) fn roles() -> impl Strategy<Value = Roles> {
    subsequence(&Role::ALL[..], 0..=Role::ALL.len()).prop_map(|roles| Roles::of(&roles))
}

// Records -------------------------------------------------------------------------------------

pub(crate) fn certificate() -> impl Strategy<Value = Certificate> {
    (
        site_id(),
        node_id(),
        sealing_public(),
        name(),
        roles(),
        serial(),
        time(),
        time(),
        proptest::option::of(time()),
    )
        .prop_map(
            |(site, node, sealing, name, roles, serial, not_before, not_after, despite)| {
                Certificate {
                    site,
                    node,
                    sealing,
                    name,
                    roles,
                    serial,
                    not_before,
                    not_after,
                    despite,
                }
            },
        )
}

pub(crate) fn charter() -> impl Strategy<Value = Charter> {
    let admin = (any::<[u8; 32]>(), node_id(), time()).prop_map(|(key, node, since)| Admin {
        key: AdminKey::from_bytes(key),
        node,
        since,
    });
    let kept = any::<[u8; 16]>().prop_map(RecordDigest::from_bytes);
    (
        site_id(),
        any::<u32>(),
        vec(admin, 1..=16),
        vec(kept, 0..50),
    )
        .prop_map(|(site, sequence, admins, kept)| Charter {
            site,
            sequence,
            admins,
            kept,
        })
}

pub(crate) fn site_state() -> impl Strategy<Value = SiteState> {
    let login = select(
        &[
            LoginPolicy::BadgeAndPin,
            LoginPolicy::Pin,
            LoginPolicy::Badge,
        ][..],
    );
    let policy = (login, any::<u32>(), any::<bool>(), any::<u8>()).prop_map(
        |(login, job_lifetime, bind_badges, pin_length)| SitePolicy {
            login,
            job_lifetime,
            bind_badges,
            pin_length,
        },
    );
    let revoked = (node_id(), time()).prop_map(|(node, at)| Revoked { node, at });
    let lists = (vec(revoked, 0..50), extensions());
    (site_id(), any::<u64>(), name(), policy, lists).prop_map(
        |(site, sequence, name, policy, (revoked, extensions))| SiteState {
            site,
            sequence,
            name,
            policy,
            revoked,
            extensions,
        },
    )
}

pub(crate) fn user_entry() -> impl Strategy<Value = UserEntry> {
    let state = select(&[UserState::Active, UserState::Disabled][..]);
    let lists = (vec(badge_tag(), 0..=8), vec(name(), 0..=8));
    (
        site_id(),
        user_id(),
        any::<u64>(),
        time(),
        name(),
        of(user_key()),
        lists,
        state,
    )
        .prop_map(
            |(site, user, sequence, issued_at, display, key, (badges, groups), state)| UserEntry {
                site,
                user,
                sequence,
                issued_at,
                display,
                key,
                badges,
                groups,
                state,
            },
        )
}

pub(crate) fn badge() -> impl Strategy<Value = Badge> {
    (site_id(), badge_tag(), of(user_id()), any::<u64>()).prop_map(|(site, tag, user, sequence)| {
        Badge {
            site,
            tag,
            user,
            sequence,
        }
    })
}

pub(crate) fn delegation() -> impl Strategy<Value = Delegation> {
    (site_id(), user_id(), node_id(), time(), time()).prop_map(
        |(site, user, holder, issued_at, expires_at)| Delegation {
            site,
            user,
            holder,
            issued_at,
            expires_at,
        },
    )
}

pub(crate) fn advert() -> impl Strategy<Value = Advert> {
    let delegated = (
        any::<[u8; 32]>().prop_map(UserKey::from_bytes),
        envelope(delegation()),
    )
        .prop_map(|(key, delegation)| Delegated { key, delegation });
    let who = (
        site_id(),
        user_id(),
        node_id(),
        envelope(certificate()),
        of(delegated),
    );
    (
        who,
        any::<u64>(),
        time(),
        vec(bytes(128), 0..=4),
        any::<bool>(),
    )
        .prop_map(
            |(
                (site, user, holder, certificate, delegation),
                sequence,
                expires_at,
                addresses,
                withdrawn,
            )| Advert {
                site,
                user,
                holder,
                sequence,
                expires_at,
                addresses,
                withdrawn,
                certificate,
                delegation,
            },
        )
}

pub(crate) fn key_claim() -> impl Strategy<Value = KeyClaim> {
    (site_id(), user_id(), node_id(), user_key()).prop_map(|(site, user, node, key)| KeyClaim {
        site,
        user,
        node,
        key,
    })
}

pub(crate) fn badge_claim() -> impl Strategy<Value = BadgeClaim> {
    (
        site_id(),
        user_id(),
        badge_tag(),
        node_id(),
        node_id(),
        time(),
    )
        .prop_map(|(site, user, badge, printer, holder, at)| BadgeClaim {
            site,
            user,
            badge,
            printer,
            holder,
            at,
        })
}

pub(crate) fn attestation() -> impl Strategy<Value = Attestation> {
    (
        envelope(badge_claim()),
        envelope(certificate()),
        envelope(delegation()),
    )
        .prop_map(|(claim, certificate, delegation)| Attestation {
            claim,
            certificate,
            delegation,
        })
}

pub(crate) fn pin_carrier() -> impl Strategy<Value = PinCarrier> {
    (site_id(), user_id(), node_id(), any::<u64>(), bytes(400)).prop_map(
        |(site, user, holder, epoch, sealed)| PinCarrier {
            site,
            user,
            holder,
            epoch,
            sealed,
        },
    )
}

pub(crate) fn outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        (of(any::<u32>()), any::<bool>())
            .prop_map(|(pages, keep)| Outcome::Printed { pages, keep }),
        Just(Outcome::NotPrinted),
        Just(Outcome::MayHavePrinted),
    ]
}

fn audit_head() -> impl Strategy<Value = AuditHead> {
    let fields = (any::<u64>(), any::<[u8; 32]>());
    fields.prop_map(|(records, hash)| AuditHead { records, hash })
}

pub(crate) fn receipt() -> impl Strategy<Value = Receipt> {
    (
        site_id(),
        release_id(),
        job_id(),
        node_id(),
        node_id(),
        time(),
        (outcome(), of("[a-z -]{1,60}"), of(audit_head())),
    )
        .prop_map(
            |(site, release, job, holder, printer, at, (outcome, reason, audit))| Receipt {
                site,
                release,
                job,
                holder,
                printer,
                at,
                outcome,
                reason,
                audit,
            },
        )
}

// Jobs and the release protocol -----------------------------------------------------------------

pub(crate) fn options() -> impl Strategy<Value = PrintOptions> {
    let sides = select(
        &[
            Sides::OneSided,
            Sides::TwoSidedLongEdge,
            Sides::TwoSidedShortEdge,
        ][..],
    );
    let color = select(&[ColorMode::Auto, ColorMode::Color, ColorMode::Monochrome][..]);
    let page_ranges = vec(1..=limits::PAGES, 0..8).prop_map(|mut ends| {
        ends.sort_unstable();
        ends.dedup();
        let pairs = ends.chunks_exact(2);
        let ranges = pairs.map(|pair| PageRange {
            first: pair[0],
            last: pair[1],
        });
        PageRanges::try_from(ranges.collect::<Vec<_>>()).unwrap()
    });
    let media = of("[a-z0-9_.-]{1,127}");
    let scaling = select(
        &[
            Scaling::Auto,
            Scaling::AutoFit,
            Scaling::Fit,
            Scaling::Fill,
            Scaling::None,
        ][..],
    );
    let look = (of(sides), of(color), of(scaling), any::<bool>());
    (
        any::<u16>(),
        look,
        media,
        (page_ranges, finishings()),
        extensions(),
    )
        .prop_map(
            |(
                copies,
                (sides, color, scaling, as_image),
                media,
                (page_ranges, finishings),
                extensions,
            )| {
                PrintOptions {
                    copies,
                    sides,
                    color,
                    media,
                    page_ranges,
                    scaling,
                    as_image,
                    finishings,
                    extensions,
                }
            },
        )
}

fn finishings() -> impl Strategy<Value = Finishings> {
    vec(4..=101_i32, 0..6).prop_map(|numbers| {
        let all = numbers.into_iter().filter_map(Finishing::numbered);
        all.fold(Finishings::default(), |all, one| {
            all.with(one.kind(), Some(one))
        })
    })
}

pub(crate) fn extensions() -> impl Strategy<Value = Extensions> {
    let some = vec((any::<u16>(), bytes(24)), 0..4);
    some.prop_map(|some| {
        let with = |list: Extensions, (number, content): (u16, ByteBuf)| {
            list.with(number, content.into_vec()).unwrap()
        };
        some.into_iter().fold(Extensions::default(), with)
    })
}

pub(crate) fn summary() -> impl Strategy<Value = JobSummary> {
    let about = (
        "[^\\x00-\\x1f]{0,60}",
        "[a-z]{1,9}/[a-z.+-]{1,40}",
        any::<u64>(),
        of(any::<u32>()),
        of("[a-z0-9_.-]{1,40}"),
        of(any::<bool>()),
    );
    (
        job_id(),
        about,
        [time(), time(), time()],
        any::<u8>(),
        options(),
        any::<[bool; 5]>(),
        extensions(),
    )
        .prop_map(
            |(job, about, times, priority, options, flags, extensions)| {
                let (title, format, size, pages, page_size, color) = about;
                let [submitted_at, listed_at, expires_at] = times;
                let [protected, may_have_printed, leased, needs_pin, locked] = flags;
                JobSummary {
                    job,
                    title,
                    format,
                    size,
                    pages,
                    page_size,
                    color,
                    submitted_at,
                    priority,
                    listed_at,
                    expires_at,
                    options,
                    protected,
                    may_have_printed,
                    leased,
                    needs_pin,
                    locked,
                    extensions,
                }
            },
        )
}

pub(crate) fn request() -> impl Strategy<Value = Request> {
    let login = (
        user_id(),
        of(badge_tag()),
        of(login_message::<KE1_LEN>()),
        session_public(),
        extensions(),
    )
        .prop_map(|(user, badge, ke1, session_key, extensions)| Login {
            user,
            badge,
            ke1,
            session_key,
            extensions,
        });
    let place = (any::<u8>(), time(), job_id()).prop_map(|(rank, listed_at, job)| Place {
        rank,
        listed_at,
        job,
    });
    let reasons = vec("[a-z-]{1,40}", 0..4);
    let progress = (release_id(), of(any::<u32>()), any::<bool>(), reasons).prop_map(
        |(release, impressions, stopped, reasons)| Progress {
            release,
            impressions,
            stopped,
            reasons,
        },
    );
    prop_oneof![
        login.prop_map(Request::Login),
        (session_id(), login_message::<KE3_LEN>())
            .prop_map(|(session, ke3)| Request::Prove { session, ke3 }),
        (session_id(), of(place)).prop_map(|(session, after)| Request::List { session, after }),
        (
            session_id(),
            job_id(),
            release_id(),
            options(),
            extensions()
        )
            .prop_map(
                |(session, job, release, options, extensions)| Request::Select {
                    session,
                    job,
                    release,
                    options,
                    extensions,
                }
            ),
        release_id().prop_map(|release| Request::Extend { release }),
        envelope(receipt()).prop_map(Request::Report),
        (session_id(), job_id()).prop_map(|(session, job)| Request::Delete { session, job }),
        (session_id(), job_id(), any::<bool>()).prop_map(|(session, job, on)| Request::Protect {
            session,
            job,
            on
        }),
        session_id().prop_map(|session| Request::Close { session }),
        progress.prop_map(Request::Progress),
        (session_id(), job_id(), login_message::<KE1_LEN>())
            .prop_map(|(session, job, ke1)| Request::Unlock { session, job, ke1 }),
        (session_id(), job_id(), login_message::<KE3_LEN>())
            .prop_map(|(session, job, ke3)| Request::ProveJob { session, job, ke3 }),
        (session_id(), badge_tag()).prop_map(|(session, badge)| Request::Attest { session, badge }),
    ]
}

fn wrapped_key() -> impl Strategy<Value = SessionWrappedKey> {
    vec(any::<u8>(), SessionWrappedKey::LEN)
        .prop_map(|bytes| SessionWrappedKey::from_bytes(&bytes).unwrap())
}

fn grant() -> impl Strategy<Value = Grant> {
    let token = any::<u64>().prop_map(|seed| Token::random(&mut StdRng::seed_from_u64(seed)));
    (
        token,
        wrapped_key(),
        any::<[u64; 3]>(),
        "[a-z]{1,9}/[a-z]{1,40}",
        "[^\\x00-\\x1f]{0,60}",
        options(),
        of("[a-z]{1,40}"),
        (of(any::<u32>()), extensions()),
    )
        .prop_map(
            |(
                token,
                key,
                [sealed_size, size, lease],
                format,
                title,
                options,
                password,
                (counted, extensions),
            )| Grant {
                token,
                key,
                sealed_size,
                size,
                format,
                title,
                options,
                document_password: password
                    .and_then(|password| DocumentPassword::new(&password).ok()),
                lease,
                counted,
                extensions,
            },
        )
}

fn refusal() -> impl Strategy<Value = Refusal> {
    select(
        &[
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
        ][..],
    )
}

pub(crate) fn answer() -> impl Strategy<Value = Answer> {
    prop_oneof![
        (session_id(), login_message::<KE2_LEN>())
            .prop_map(|(session, ke2)| Answer::Challenge { session, ke2 }),
        (session_id(), any::<u32>(), extensions()).prop_map(|(session, jobs, extensions)| {
            Answer::SessionOpen {
                session,
                jobs,
                extensions,
            }
        }),
        any::<u64>().prop_map(|retry_after| Answer::Denied { retry_after }),
        (vec(summary(), 0..8), any::<bool>()).prop_map(|(jobs, more)| Answer::Jobs { jobs, more }),
        grant().prop_map(Answer::Grant),
        any::<u64>().prop_map(|lease| Answer::Extended { lease }),
        Just(Answer::Done),
        refusal().prop_map(Answer::Refused),
        extensions().prop_map(|extensions| Answer::Settled { extensions }),
        (refusal(), extensions())
            .prop_map(|(why, extensions)| Answer::Explained { why, extensions }),
        attestation().prop_map(|attestation| Answer::Attested(Box::new(attestation))),
    ]
}

// Joining, enrolling, linking --------------------------------------------------------------------

pub(crate) fn terms() -> impl Strategy<Value = Terms> {
    (sealing_public(), name(), roles()).prop_map(|(sealing, name, roles)| Terms {
        sealing,
        name,
        roles,
    })
}

pub(crate) fn join_request() -> impl Strategy<Value = join::Request> {
    let committed =
        (nonce(), node_id(), node_id(), terms()).prop_map(|(nonce, joiner, admin, terms)| {
            Commitment::new(nonce, joiner, admin, &terms).unwrap()
        });
    let right = prop_oneof![
        ticket_secret().prop_map(Right::Invite),
        committed.prop_map(Right::Digits)
    ];
    prop_oneof![
        (terms(), right).prop_map(|(terms, right)| join::Request::Ask { terms, right }),
        nonce().prop_map(|nonce| join::Request::Reveal { nonce }),
    ]
}

pub(crate) fn join_answer() -> impl Strategy<Value = join::Answer> {
    use join::Denial::{Busy, Malformed, Refused, Trouble, Unanswered};
    let member =
        (node_id(), bytes(128)).prop_map(|(node, address)| MemberAddress { node, address });
    let welcome = (
        envelope(certificate()),
        envelope(charter()),
        envelope(site_state()),
        site_secret(),
        vec(member, 0..=32),
    )
        .prop_map(|(certificate, charter, state, secret, members)| Welcome {
            certificate,
            charter,
            state,
            secret,
            members,
        });
    prop_oneof![
        (site_id(), name(), nonce()).prop_map(|(site, site_name, nonce)| join::Answer::Challenge {
            site,
            site_name,
            nonce
        }),
        welcome.prop_map(|welcome| join::Answer::Welcome(Box::new(welcome))),
        select(&[Refused, Busy, Unanswered, Malformed, Trouble][..]).prop_map(join::Answer::Denied),
    ]
}

pub(crate) fn enroll_request() -> impl Strategy<Value = enroll::Request> {
    prop_oneof![
        (ticket_secret(), envelope(key_claim()))
            .prop_map(|(secret, claim)| enroll::Request::Enroll { secret, claim }),
        Just(enroll::Request::Renew),
        of(signed_place()).prop_map(|after| enroll::Request::Signed { after }),
    ]
}

fn signed_place() -> impl Strategy<Value = SignedPlace> {
    prop_oneof![
        serial().prop_map(SignedPlace::Certificate),
        Just(SignedPlace::Users),
        user_id().prop_map(SignedPlace::User),
        Just(SignedPlace::Badges),
        badge_tag().prop_map(SignedPlace::Badge),
    ]
}

fn signed_page() -> impl Strategy<Value = SignedPage> {
    (
        vec(envelope(certificate()), 0..3),
        vec(envelope(user_entry()), 0..3),
        vec(envelope(badge()), 0..3),
        of(signed_place()),
    )
        .prop_map(|(certificates, users, badges, next)| SignedPage {
            certificates,
            users,
            badges,
            next,
        })
}

pub(crate) fn enroll_answer() -> impl Strategy<Value = enroll::Answer> {
    use enroll::Denial::{Malformed, NotAClient, NotDue, Refused, Trouble};
    prop_oneof![
        envelope(user_entry()).prop_map(enroll::Answer::Enrolled),
        envelope(certificate()).prop_map(enroll::Answer::Renewed),
        select(&[Refused, NotAClient, NotDue, Trouble, Malformed][..])
            .prop_map(enroll::Answer::Denied),
        signed_page().prop_map(|page| enroll::Answer::Signed(Box::new(page))),
    ]
}

pub(crate) fn link_request() -> impl Strategy<Value = link::Request> {
    prop_oneof![
        ticket_secret().prop_map(|secret| link::Request::Link { secret }),
        envelope(pin_carrier()).prop_map(link::Request::NewPin),
    ]
}

pub(crate) fn link_answer() -> impl Strategy<Value = link::Answer> {
    use link::Refusal::{Malformed, NotAClient, NotLinked, Refused, Stale, Trouble};
    let linked = (
        envelope(user_entry()),
        envelope(delegation()),
        envelope(pin_carrier()),
    )
        .prop_map(|(entry, delegation, pin)| {
            link::Answer::Linked(Box::new(Linked {
                entry,
                delegation,
                pin,
            }))
        });
    prop_oneof![
        linked,
        any::<u64>().prop_map(|epoch| link::Answer::Taken { epoch }),
        select(&[Refused, NotAClient, Stale, NotLinked, Malformed, Trouble][..])
            .prop_map(link::Answer::Refused),
    ]
}

// Printing straight to a printer ----------------------------------------------------------------

pub(crate) fn direct_request() -> impl Strategy<Value = direct::Request> {
    let delegated = (
        any::<[u8; 32]>().prop_map(UserKey::from_bytes),
        envelope(delegation()),
    )
        .prop_map(|(key, delegation)| Delegated { key, delegation });
    let offer = (user_id(), of(delegated), summary()).prop_map(|(user, delegated, job)| {
        direct::Request::Offer(Box::new(direct::Offer {
            user,
            delegated,
            job,
        }))
    });
    prop_oneof![
        Just(direct::Request::Describe),
        offer,
        session_id().prop_map(|session| direct::Request::Hand { session }),
    ]
}

pub(crate) fn direct_answer() -> impl Strategy<Value = direct::Answer> {
    let words = || of("[a-z ]{0,40}");
    let list = || vec("[a-z-]{0,20}", 0..4);
    let abilities = (
        [words(), words()],
        [list(), list(), list(), list()],
        of(any::<bool>()),
        any::<bool>(),
        (finishings(), extensions()),
    )
        .prop_map(
            |([model, location], lists, color, accepting, (finishings, extensions))| {
                let [formats, sides, media, reasons] = lists;
                direct::Answer::Described(Box::new(direct::Abilities {
                    model,
                    location,
                    formats,
                    sides,
                    color,
                    media,
                    accepting,
                    reasons,
                    finishings: (finishings.iter())
                        .map(|one| one.keyword().to_owned())
                        .collect(),
                    extensions,
                }))
            },
        );
    let decline = select(
        &[
            direct::Decline::NotAllowed,
            direct::Decline::Busy,
            direct::Decline::Trouble,
        ][..],
    );
    prop_oneof![
        abilities,
        session_public().prop_map(|session_key| direct::Answer::Ready { session_key }),
        decline.prop_map(direct::Answer::Declined),
        (outcome(), words())
            .prop_map(|(outcome, reason)| direct::Answer::Ended { outcome, reason }),
    ]
}

// Pictures of first pages -----------------------------------------------------------------------

pub(crate) fn preview_request() -> impl Strategy<Value = preview::Request> {
    (session_id(), job_id()).prop_map(|(session, job)| preview::Request { session, job })
}

pub(crate) fn preview_answer() -> impl Strategy<Value = preview::Answer> {
    prop_oneof![
        (wrapped_key(), bytes(4096))
            .prop_map(|(key, sealed)| preview::Answer::Preview { key, sealed }),
        Just(preview::Answer::None),
        refusal().prop_map(preview::Answer::Refused),
    ]
}

// Registering badges ----------------------------------------------------------------------------

pub(crate) fn bind_answer() -> impl Strategy<Value = bind::Answer> {
    let denial = select(
        &[
            bind::Denial::NotAllowed,
            bind::Denial::NotBelieved,
            bind::Denial::Stale,
            bind::Denial::Refused,
            bind::Denial::Taken,
            bind::Denial::TooMany,
            bind::Denial::Busy,
            bind::Denial::Trouble,
            bind::Denial::Malformed,
        ][..],
    );
    prop_oneof![
        envelope(badge()).prop_map(bind::Answer::Bound),
        denial.prop_map(bind::Answer::Denied),
    ]
}

// Certificates for the web ----------------------------------------------------------------------

fn places() -> impl Strategy<Value = Places> {
    let name =
        "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\\.[a-z0-9]{1,63})?\\.(local|lan|home\\.arpa|internal)";
    let names = vec(name, 0..=limits::WEB_NAMES).prop_map(|names| -> Vec<HostName> {
        names.iter().map(|name| name.parse().unwrap()).collect()
    });
    let address = prop_oneof![
        any::<[u8; 3]>().prop_map(|[a, b, c]| core::net::IpAddr::from([10, a, b, c])),
        any::<[u8; 15]>().prop_map(|rest| {
            let mut bytes = [0xfd; 16];
            bytes[1..].copy_from_slice(&rest);
            core::net::IpAddr::from(bytes)
        }),
    ];
    let address = address.prop_map(|ip| ip.try_into().unwrap());
    (names, vec(address, 0..=limits::WEB_ADDRESSES))
        .prop_map(|(names, addresses)| Places::new(names, addresses).unwrap())
}

pub(crate) fn web_authority() -> impl Strategy<Value = WebAuthority> {
    (site_id(), bytes(1500)).prop_map(|(site, certificate)| WebAuthority { site, certificate })
}

pub(crate) fn web_request() -> impl Strategy<Value = web::Request> {
    let key = (any::<[u8; 32]>(), any::<[u8; 33]>()).prop_map(|(x, y)| {
        let mut point = [0; 65];
        point[..32].copy_from_slice(&x);
        point[32..].copy_from_slice(&y);
        WebPublic::from_bytes(point)
    });
    let proof = any::<[[u8; 32]; 2]>().prop_map(|halves| {
        let mut proof = [0; 64];
        proof[..32].copy_from_slice(&halves[0]);
        proof[32..].copy_from_slice(&halves[1]);
        WebProof::from_bytes(proof)
    });
    prop_oneof![
        Just(web::Request::Authority),
        (key, places(), proof).prop_map(|(key, places, proof)| web::Request::Certify(
            CertificateRequest { key, places, proof }
        )),
    ]
}

pub(crate) fn web_answer() -> impl Strategy<Value = web::Answer> {
    let denial = select(
        &[
            web::Denial::Nowhere,
            web::Denial::TooOften,
            web::Denial::Trouble,
            web::Denial::Malformed,
        ][..],
    );
    let authority = || envelope(web_authority());
    let certified = (authority(), bytes(1500), bytes(1500), places(), time()).prop_map(
        |(authority, issuer, certificate, places, not_after)| {
            web::Answer::Certified(web::Certified {
                authority,
                issuer,
                certificate,
                places,
                not_after,
            })
        },
    );
    prop_oneof![
        authority().prop_map(web::Answer::Authority),
        certified,
        denial.prop_map(web::Answer::Denied),
    ]
}
