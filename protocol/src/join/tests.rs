//! The two machines against each other, and somebody in between.
#![allow(clippy::unwrap_used)]

use core::net::IpAddr;
use core::time::Duration;

use ed25519_dalek::SigningKey;
use proptest::prelude::{any, prop_assert, prop_assert_ne, proptest};
use rand::SeedableRng;
use rand::rngs::StdRng;
use serde_bytes::ByteBuf;

use super::*;
use crate::certificate::{Certificate, CertificateError, Role, Roles};
use crate::charter::{Admin, Charter, CharterError};
use crate::codec;
use crate::id::{NodeId, RecordDigest, Serial, SiteId};
use crate::invite::{Invite, InviteGrant, Issued, TicketSecret};
use crate::limits;
use crate::seal::keys::SealingPublic;
use crate::signed::Signed;
use crate::site::{Revoked, SiteSecret, SiteState, SiteStateError};
use crate::text::Name;
use crate::time::Timestamp;

const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);
const JOINER: NodeId = NodeId::from_bytes([2; 32]);
const ADMIN: NodeId = NodeId::from_bytes([3; 32]);

/// A site with its authority.
struct Site {
    key: SigningKey,
    name: Name,
}

impl Site {
    fn new(byte: u8) -> Self {
        Self {
            key: SigningKey::from_bytes(&[byte; 32]),
            name: "Werk Nord".parse().unwrap(),
        }
    }

    fn id(&self) -> SiteId {
        self.key.verifying_key().into()
    }

    fn certificate(&self, applicant: &Applicant) -> Certificate {
        Certificate {
            site: self.id(),
            node: applicant.node,
            sealing: applicant.terms.sealing,
            name: applicant.terms.name.clone(),
            roles: applicant.terms.roles,
            serial: Serial::from_bytes([1; 8]),
            not_before: NOW,
            not_after: NOW + limits::CERTIFICATE_LIFETIME,
            despite: None,
        }
    }

    fn welcome_with(&self, certificate: Certificate, state: SiteState) -> Welcome {
        Welcome {
            certificate: Signed::sign(certificate, &self.key)
                .unwrap()
                .envelope()
                .clone(),
            charter: Signed::sign(self.charter(), &self.key)
                .unwrap()
                .envelope()
                .clone(),
            state: Signed::sign(state, &self.key).unwrap().envelope().clone(),
            secret: SiteSecret::from_bytes([7; 32]),
            members: vec![MemberAddress {
                node: ADMIN,
                address: ByteBuf::from([4, 127, 0, 0, 1]),
            }],
        }
    }

    /// Its root signs as an admin, too.
    fn charter(&self) -> Charter {
        let admin = Admin {
            key: self.key.verifying_key().into(),
            node: ADMIN,
            since: NOW,
        };
        Charter::new(self.id(), admin)
    }

    fn state(&self) -> SiteState {
        SiteState::new(self.id(), self.name.clone())
    }

    fn welcome(&self, applicant: &Applicant) -> Welcome {
        self.welcome_with(self.certificate(applicant), self.state())
    }

    fn handler(&self, admin: NodeId, joiner: NodeId) -> AdminJoin {
        self.handler_seeing(None, admin, joiner)
    }

    fn handler_seeing(&self, from: Option<IpAddr>, admin: NodeId, joiner: NodeId) -> AdminJoin {
        AdminJoin::new((self.id(), self.name.clone()), admin, joiner, from)
    }

    fn invite(&self) -> Invite {
        Invite {
            site: self.id(),
            admin: ADMIN,
            addresses: Vec::new(),
            secret: TicketSecret::from_bytes([9; 16]),
            roles: terms().roles,
            name: None,
            expires_at: NOW + limits::INVITE_LIFETIME,
        }
    }
}

fn terms() -> Terms {
    Terms {
        sealing: SealingPublic::from_bytes([5; 32]),
        name: "Empfang".parse().unwrap(),
        roles: Roles::of(&[Role::Printer]),
    }
}

fn rng(seed: u64) -> StdRng {
    StdRng::seed_from_u64(seed)
}

/// The machines say things to each other; here as bytes, as on the wire.
fn carried(request: Request) -> Request {
    codec::decode(
        &codec::encode(&request, limits::JOIN_MESSAGE).unwrap(),
        limits::JOIN_MESSAGE,
    )
    .unwrap()
}

fn answered(answer: Answer) -> Answer {
    codec::decode(
        &codec::encode(&answer, limits::JOIN_MESSAGE).unwrap(),
        limits::JOIN_MESSAGE,
    )
    .unwrap()
}

fn said(step: AdminStep) -> Answer {
    match step {
        AdminStep::Say(answer) => answered(answer),
        AdminStep::Decide(applicant) => panic!("decides about {applicant:?}"),
    }
}

fn denied(step: AdminStep) -> Denial {
    match said(step) {
        Answer::Denied(denial) => denial,
        answer => panic!("says {answer:?}"),
    }
}

fn asked(step: AdminStep) -> Applicant {
    match step {
        AdminStep::Decide(applicant) => *applicant,
        AdminStep::Say(answer) => panic!("says {answer:?}"),
    }
}

fn compare(next: Next) -> (Request, Digits) {
    match next {
        Next::Compare { say, digits, .. } => (carried(say), digits),
        Next::Joined(_) => panic!("joined"),
    }
}

fn joined(next: Next) -> Membership {
    match next {
        Next::Joined(membership) => *membership,
        Next::Compare { .. } => panic!("compares"),
    }
}

/// An honest conversation by digits up to the decision.
fn by_digits(site: &Site, seed: u64) -> (Joiner, AdminJoin, Applicant, Digits) {
    let (mut joiner, ask) = Joiner::with_digits(terms(), (JOINER, ADMIN), &mut rng(seed)).unwrap();
    let mut handler = site.handler(ADMIN, JOINER);
    let mut attempts = Attempts::default();
    let challenge = said(handler.handle(carried(ask), &mut attempts, NOW, &mut rng(seed + 1)));
    let (reveal, shown) = compare(joiner.handle(challenge, NOW).unwrap());
    let applicant = asked(handler.handle(reveal, &mut attempts, NOW, &mut rng(seed + 2)));
    (joiner, handler, applicant, shown)
}

#[test]
fn by_digits_both_screens_show_the_same_and_the_device_is_admitted() {
    let site = Site::new(1);
    let (mut joiner, mut handler, applicant, shown) = by_digits(&site, 1);
    assert_eq!(applicant.claim, Claim::Digits(shown));
    assert_eq!((applicant.node, &applicant.terms), (JOINER, &terms()));
    let answer = answered(handler.decided(Ok(site.welcome(&applicant))));
    let membership = joined(joiner.handle(answer, NOW).unwrap());
    assert_eq!(membership.certificate.node, JOINER);
    assert_eq!(membership.state.site, site.id());
    assert_eq!(membership.secret.expose(), &[7; 32]);
    assert_eq!(membership.members.len(), 1);
}

#[test]
fn with_an_invite_the_device_is_admitted_at_once() {
    let site = Site::new(1);
    let invite = site.invite();
    let mut ticket = Issued::new(
        &invite.secret,
        InviteGrant {
            roles: invite.roles,
            name: None,
        },
        NOW,
        limits::INVITE_LIFETIME,
    );
    let terms = Joiner::terms(&invite, Some("Empfang".parse().unwrap()), terms().sealing).unwrap();
    let (mut joiner, ask) = Joiner::with_invite(&invite, terms, (JOINER, ADMIN), NOW).unwrap();
    let mut handler = site.handler(ADMIN, JOINER);
    let applicant = asked(handler.handle(carried(ask), &mut Attempts::default(), NOW, &mut rng(1)));
    let Claim::Invite(secret) = &applicant.claim else {
        panic!("no invite")
    };
    ticket.redeem(secret, applicant.node, NOW).unwrap();
    assert!(ticket.grant.admits(&applicant.terms));
    let answer = answered(handler.decided(Ok(site.welcome(&applicant))));
    assert_eq!(
        joined(joiner.handle(answer, NOW).unwrap()).certificate.name,
        applicant.terms.name
    );
}

#[test]
fn an_invite_gives_what_it_says_and_nothing_else() {
    let grant = InviteGrant {
        roles: terms().roles,
        name: Some("Empfang".parse().unwrap()),
    };
    assert!(grant.admits(&terms()));
    assert!(!grant.admits(&Terms {
        roles: Roles::of(&[Role::SharedClient]),
        ..terms()
    }));
    assert!(!grant.admits(&Terms {
        name: "Eingang".parse().unwrap(),
        ..terms()
    }));
    let anything = Roles::of(&[Role::Printer, Role::Admin]);
    let grant = InviteGrant {
        roles: anything,
        name: None,
    };
    assert!(!grant.admits(&Terms {
        roles: anything,
        ..terms()
    }));
}

#[test]
fn an_invites_secret_is_shown_to_its_admin_only_and_in_time_only() {
    let invite = Site::new(1).invite();
    let other = NodeId::from_bytes([8; 32]);
    let refused = Joiner::with_invite(&invite, terms(), (JOINER, other), NOW).unwrap_err();
    assert_eq!(refused, JoinError::WrongAdmin);
    let late = invite.expires_at + limits::CLOCK_SKEW + Duration::from_secs(1);
    let refused = Joiner::with_invite(&invite, terms(), (JOINER, ADMIN), late).unwrap_err();
    assert!(matches!(refused, JoinError::Invite(_)));
}

#[test]
fn the_device_has_one_name() {
    let open = Site::new(1).invite();
    let name: Name = "Empfang".parse().unwrap();
    let fixed = Invite {
        name: Some(name.clone()),
        ..open.clone()
    };
    let sealing = terms().sealing;
    assert_eq!(
        Joiner::terms(&open, None, sealing),
        Err(JoinError::NameMissing)
    );
    assert_eq!(Joiner::terms(&fixed, None, sealing).unwrap().name, name);
    assert_eq!(
        Joiner::terms(&fixed, Some(name.clone()), sealing)
            .unwrap()
            .name,
        name
    );
    let other = Some("Eingang".parse().unwrap());
    assert_eq!(
        Joiner::terms(&fixed, other, sealing),
        Err(JoinError::NameFixed(name))
    );
}

#[test]
fn somebody_in_the_middle_shows_other_digits_on_each_screen() {
    let site = Site::new(1);
    let middle = NodeId::from_bytes([6; 32]);
    for seed in 0..200 {
        // Towards the device the middle plays the admin, of the very same site,
        let (mut joiner, _) =
            Joiner::with_digits(terms(), (JOINER, middle), &mut rng(seed)).unwrap();
        // towards the admin it plays the device, and passes on whatever it may.
        let (mut false_joiner, ask) =
            Joiner::with_digits(terms(), (middle, ADMIN), &mut rng(seed + 1000)).unwrap();
        let mut handler = site.handler(ADMIN, middle);
        let mut attempts = Attempts::default();
        let challenge = said(handler.handle(ask, &mut attempts, NOW, &mut rng(seed + 2000)));
        let (_, on_the_device) = compare(joiner.handle(challenge.clone(), NOW).unwrap());
        let (reveal, _) = compare(false_joiner.handle(challenge, NOW).unwrap());
        let applicant = asked(handler.handle(reveal, &mut attempts, NOW, &mut rng(0)));
        assert_ne!(applicant.claim, Claim::Digits(on_the_device));
    }
}

#[test]
fn another_nonce_than_the_committed_one_is_refused() {
    let (_, ask) = Joiner::with_digits(terms(), (JOINER, ADMIN), &mut rng(1)).unwrap();
    let mut handler = Site::new(1).handler(ADMIN, JOINER);
    let mut attempts = Attempts::default();
    said(handler.handle(ask, &mut attempts, NOW, &mut rng(2)));
    let other = Request::Reveal {
        nonce: Nonce::from_bytes([0; 32]),
    };
    assert_eq!(
        denied(handler.handle(other, &mut attempts, NOW, &mut rng(3))),
        Denial::Malformed
    );
}

#[test]
fn a_commitment_of_another_device_is_of_no_use() {
    // Heard from one device, said by another that later learns the nonce too.
    let (mut joiner, ask) = Joiner::with_digits(terms(), (JOINER, ADMIN), &mut rng(1)).unwrap();
    let mut handler = Site::new(1).handler(ADMIN, NodeId::from_bytes([6; 32]));
    let mut attempts = Attempts::default();
    let challenge = said(handler.handle(ask, &mut attempts, NOW, &mut rng(2)));
    let (reveal, _) = compare(joiner.handle(challenge, NOW).unwrap());
    assert_eq!(
        denied(handler.handle(reveal, &mut attempts, NOW, &mut rng(3))),
        Denial::Malformed
    );
}

#[test]
fn what_comes_out_of_turn_ends_the_conversation() {
    let site = Site::new(1);
    let mut attempts = Attempts::default();
    let reveal = || Request::Reveal {
        nonce: Nonce::from_bytes([0; 32]),
    };

    let mut handler = site.handler(ADMIN, JOINER);
    assert_eq!(
        denied(handler.handle(reveal(), &mut attempts, NOW, &mut rng(1))),
        Denial::Malformed
    );
    let (_, ask) = Joiner::with_digits(terms(), (JOINER, ADMIN), &mut rng(1)).unwrap();
    assert_eq!(
        denied(handler.handle(ask, &mut attempts, NOW, &mut rng(1))),
        Denial::Malformed
    );

    // A reveal that is played again, then a decision that nobody waits for.
    let (mut joiner, ask) = Joiner::with_digits(terms(), (JOINER, ADMIN), &mut rng(1)).unwrap();
    let mut handler = site.handler(ADMIN, JOINER);
    let challenge = said(handler.handle(ask, &mut attempts, NOW, &mut rng(2)));
    let (reveal, _) = compare(joiner.handle(challenge.clone(), NOW).unwrap());
    let applicant = asked(handler.handle(reveal.clone(), &mut attempts, NOW, &mut rng(3)));
    assert_eq!(
        denied(handler.handle(reveal, &mut attempts, NOW, &mut rng(3))),
        Denial::Malformed
    );
    let answer = handler.decided(Ok(site.welcome(&applicant)));
    assert!(matches!(answer, Answer::Denied(Denial::Malformed)));

    // A second challenge, and a welcome before the digits were compared.
    assert_eq!(
        joiner.handle(challenge, NOW).unwrap_err(),
        JoinError::OutOfTurn
    );
    let (mut joiner, _) = Joiner::with_digits(terms(), (JOINER, ADMIN), &mut rng(1)).unwrap();
    let early = Answer::Welcome(Box::new(site.welcome(&applicant)));
    assert_eq!(joiner.handle(early, NOW).unwrap_err(), JoinError::OutOfTurn);
}

#[test]
fn a_denial_is_told_and_final() {
    let site = Site::new(1);
    let (mut joiner, mut handler, applicant, _) = by_digits(&site, 1);
    let answer = answered(handler.decided(Err(Denial::Unanswered)));
    assert_eq!(
        joiner.handle(answer, NOW).unwrap_err(),
        JoinError::Denied(Denial::Unanswered)
    );
    let late = Answer::Welcome(Box::new(site.welcome(&applicant)));
    assert_eq!(joiner.handle(late, NOW).unwrap_err(), JoinError::OutOfTurn);
}

#[test]
fn roles_that_joining_cannot_give_are_refused_on_both_sides() {
    for roles in [Roles::default(), Roles::of(&[Role::Client, Role::Admin])] {
        let terms = Terms { roles, ..terms() };
        let refused = Joiner::with_digits(terms.clone(), (JOINER, ADMIN), &mut rng(1)).unwrap_err();
        assert_eq!(refused, JoinError::Roles);
        for right in [
            message::Right::Invite(TicketSecret::from_bytes([9; 16])),
            message::Right::Digits(
                Commitment::new(Nonce::from_bytes([0; 32]), JOINER, ADMIN, &terms).unwrap(),
            ),
        ] {
            let ask = Request::Ask {
                terms: terms.clone(),
                right,
            };
            let step = Site::new(1).handler(ADMIN, JOINER).handle(
                ask,
                &mut Attempts::default(),
                NOW,
                &mut rng(1),
            );
            assert_eq!(denied(step), Denial::Refused);
        }
    }
}

/// Asks from there, and hangs up after the answer.
fn ask_from(site: &Site, from: u8, attempts: &mut Attempts, now: Timestamp) -> Answer {
    let (_, ask) = Joiner::with_digits(terms(), (JOINER, ADMIN), &mut rng(1)).unwrap();
    let from = Some(IpAddr::from([192, 0, 2, from]));
    let mut handler = site.handler_seeing(from, ADMIN, JOINER);
    said(handler.handle(ask, attempts, now, &mut rng(2)))
}

#[test]
fn leaving_early_buys_no_further_guess() {
    let site = Site::new(1);
    let mut attempts = Attempts::default();
    let mut ask_at = |from, now| ask_from(&site, from, &mut attempts, now);
    for asked in 0..limits::PENDING_JOINS {
        let from = u8::try_from(asked / limits::JOINS_PER_ADDRESS).unwrap();
        assert!(matches!(ask_at(from, NOW), Answer::Challenge { .. }));
    }
    assert!(matches!(ask_at(99, NOW), Answer::Denied(Denial::Busy)));
    let later = NOW + limits::APPROVAL - Duration::from_millis(1);
    assert!(matches!(ask_at(99, later), Answer::Denied(Denial::Busy)));
    assert!(matches!(
        ask_at(99, NOW + limits::APPROVAL),
        Answer::Challenge { .. }
    ));
    // A clock that was set back by a year locks nobody out for a year.
    assert!(matches!(
        ask_at(99, NOW - Duration::from_secs(31_536_000)),
        Answer::Challenge { .. }
    ));
}

#[test]
fn whoever_asks_again_and_again_uses_up_its_own_share() {
    let site = Site::new(1);
    let mut attempts = Attempts::default();
    let challenges = (0..1000)
        .map(|_| ask_from(&site, 66, &mut attempts, NOW))
        .filter(|answer| matches!(answer, Answer::Challenge { .. }));
    assert_eq!(challenges.count(), limits::JOINS_PER_ADDRESS);
    let elsewhere = ask_from(&site, 7, &mut attempts, NOW);
    assert!(matches!(elsewhere, Answer::Challenge { .. }));
}

#[test]
fn a_welcome_is_believed_only_when_all_of_it_fits() {
    let site = Site::new(1);
    let foreign = Site::new(2);
    let with = |make: &dyn Fn(&Applicant) -> Welcome| {
        let (mut joiner, _, applicant, _) = by_digits(&site, 1);
        joiner
            .handle(answered(Answer::Welcome(Box::new(make(&applicant)))), NOW)
            .unwrap_err()
    };
    // Of another site, though well signed; and another site's word on this one.
    assert!(matches!(
        with(&|a| foreign.welcome(a)),
        JoinError::Charter(CharterError::Signed(_))
    ));
    assert!(matches!(
        with(&|a| Welcome {
            charter: site.welcome(a).charter,
            ..foreign.welcome(a)
        }),
        JoinError::State(SiteStateError::Signed(_))
    ));
    assert!(matches!(
        with(&|a| Welcome {
            charter: site.welcome(a).charter,
            state: site.welcome(a).state,
            ..foreign.welcome(a)
        }),
        JoinError::Certificate(CertificateError::Signed(_))
    ));
    // Someone else's certificate, or one that is not as asked for.
    let changed = |change: &dyn Fn(&mut Certificate)| {
        with(&|a| {
            let mut certificate = site.certificate(a);
            change(&mut certificate);
            site.welcome_with(certificate, site.state())
        })
    };
    assert_eq!(
        changed(&|c| c.node = ADMIN),
        JoinError::Certificate(CertificateError::WrongNode)
    );
    assert_eq!(
        changed(&|c| c.sealing = SealingPublic::from_bytes([6; 32])),
        JoinError::NotAsAsked
    );
    assert_eq!(
        changed(&|c| c.name = "Eingang".parse().unwrap()),
        JoinError::NotAsAsked
    );
    assert_eq!(
        changed(&|c| c.roles = c.roles.with(Role::Bootstrap)),
        JoinError::NotAsAsked
    );
    assert_eq!(
        changed(&|c| c.not_after = NOW - Duration::from_secs(3600)),
        JoinError::Certificate(CertificateError::Expired)
    );
    // Revoked in the very state that comes with it.
    let revoked = with(&|a| {
        let certificate = site.certificate(a);
        let revoked = Revoked {
            node: certificate.node,
            at: NOW,
        };
        site.welcome_with(certificate, site.state().revoke(&[revoked], NOW).unwrap())
    });
    assert_eq!(revoked, JoinError::Certificate(CertificateError::Revoked));
    // Addresses without end.
    let many = vec![
        MemberAddress {
            node: ADMIN,
            address: ByteBuf::new()
        };
        limits::ADDRESSES_ON_JOIN + 1
    ];
    assert_eq!(
        with(&|a| Welcome {
            members: many.clone(),
            ..site.welcome(a)
        }),
        JoinError::Addresses
    );
    let long = vec![MemberAddress {
        node: ADMIN,
        address: ByteBuf::from([0; limits::ADDRESS + 1]),
    }];
    assert_eq!(
        with(&|a| Welcome {
            members: long.clone(),
            ..site.welcome(a)
        }),
        JoinError::Addresses
    );
}

#[test]
fn the_largest_welcome_fits_into_a_message() {
    let site = Site::new(1);
    let (_, _, applicant, _) = by_digits(&site, 1);
    let revoked: Vec<_> = (0..limits::REVOKED as u64)
        .map(|n| Revoked {
            node: NodeId::from_bytes(std::array::from_fn(|at| n.to_be_bytes()[at % 8])),
            at: NOW,
        })
        .collect();
    let state = site.state().revoke(&revoked, NOW).unwrap();
    let address = MemberAddress {
        node: ADMIN,
        address: ByteBuf::from([0xff; limits::ADDRESS]),
    };
    let kept = (0..limits::KEPT as u64)
        .map(|n| RecordDigest::from_bytes(std::array::from_fn(|at| n.to_be_bytes()[at % 8])));
    let other = NodeId::from_bytes([9; 32]);
    let charter = site.charter().without(other, kept).unwrap();
    let charter = Signed::sign(charter, &site.key).unwrap();
    let welcome = Welcome {
        charter: charter.envelope().clone(),
        members: vec![address; limits::ADDRESSES_ON_JOIN],
        ..site.welcome_with(site.certificate(&applicant), state)
    };
    assert!(codec::encode(&Answer::Welcome(Box::new(welcome)), limits::JOIN_MESSAGE).is_ok());
}

proptest! {
    #[test]
    fn every_changed_byte_of_a_welcome_is_noticed(at in any::<proptest::sample::Index>(), flip in 1u8..) {
        let site = Site::new(1);
        let (mut joiner, _, applicant, _) = by_digits(&site, 1);
        let welcome = Welcome { members: Vec::new(), ..site.welcome(&applicant) };
        let mut bytes = codec::encode(&Answer::Welcome(Box::new(welcome)), limits::JOIN_MESSAGE).unwrap();
        let at = at.index(bytes.len());
        bytes[at] ^= flip;
        if let Ok(answer) = codec::decode::<Answer>(&bytes, limits::JOIN_MESSAGE) {
            // The site secret alone is not signed: the channel, whose far end is known, covers it.
            match joiner.handle(answer, NOW) {
                Ok(next) => {
                    let membership = joined(next);
                    prop_assert_ne!(membership.secret.expose(), &[7; 32]);
                }
                Err(error) => prop_assert!(!matches!(error, JoinError::Codec(_))),
            }
        }
    }
}
