//! Mails come late, twice, in any order or not at all: no wake counts twice, none counts that was taken back, nobody has
//! a door called too often, and a door forgets nothing of that when it starts again.

use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet};

use papermesh_protocol::gateway::name::Label;
use papermesh_protocol::gateway::wake::{
    Accepted, Door, Letter, Order, Refusal, Remembered, Signer, Wake,
};
use papermesh_protocol::id::{GatewayId, SiteId, UserKey, WakeNonce};
use papermesh_protocol::limits;
use papermesh_protocol::seal::{SealingSecret, wrap};
use papermesh_protocol::site::SiteState;
use papermesh_protocol::text::UserId;
use papermesh_protocol::time::Timestamp;
use proptest::collection::vec;
use proptest::prelude::{Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};

use crate::site::{
    Counting, GATEWAY, HOLDER, NOW, PRINTER, SECOND, SHARED, USER, charlie, front_desk, judge_at,
    key, letter, node, revoked, sealing, sealing_public, state, state_with_gateway, users, wake,
};

const SECOND_LONG: Duration = Duration::from_secs(1);

/// What the door knows in these tests.
struct Known {
    secret: SealingSecret,
    state: SiteState,
    users: BTreeMap<UserKey, UserId>,
    places: BTreeSet<Option<Label>>,
}

impl Known {
    fn new() -> Self {
        Self {
            secret: sealing(),
            state: state_with_gateway(),
            users: users(),
            places: BTreeSet::from([front_desk()]),
        }
    }

    fn judge(
        &self,
        sealed: &[u8],
        remembered: &mut Remembered,
        now: Timestamp,
    ) -> Result<Accepted, Refusal> {
        let door = Door {
            secret: &self.secret,
            judge: judge_at(&self.state, now),
            users: &self.users,
            places: &self.places,
        };
        door.judge(sealed, remembered)
    }
}

fn sealed(letter: &Letter) -> Vec<u8> {
    letter
        .seal(&sealing_public(), &mut Counting::default())
        .unwrap()
}

/// What a door says to the first mail that it ever gets.
fn first(known: &Known, wake: Wake, seed: u8) -> Result<Accepted, Refusal> {
    known.judge(
        &sealed(&letter(wake, seed)),
        &mut Remembered::default(),
        NOW,
    )
}

#[test]
fn gateway_member_and_user_may_call() {
    let known = Known::new();
    let gateway = GatewayId::from_bytes(key(GATEWAY).verifying_key().to_bytes());
    for (seed, signer) in [
        (GATEWAY, Signer::Gateway(gateway)),
        (HOLDER, Signer::Member(node(HOLDER))),
        (USER, Signer::User(charlie())),
    ] {
        let accepted = first(&known, wake(), seed).unwrap();
        assert_eq!(accepted.signer, signer);
        assert_eq!((accepted.gateway, accepted.place), (gateway, front_desk()));
    }
}

#[test]
fn a_gateway_calls_for_all_places_of_its_site() {
    let (known, mut remembered) = (Known::new(), Remembered::default());
    let mut call = |number: u16| {
        let mut nonce = [0; 16];
        nonce[..2].copy_from_slice(&number.to_be_bytes());
        let nonce = WakeNonce::from_bytes(nonce);
        let wake = Wake { nonce, ..wake() };
        known.judge(&sealed(&letter(wake, GATEWAY)), &mut remembered, NOW)
    };
    for number in 0..limits::WAKES_OF_SITE {
        call(number).unwrap();
    }
    assert_eq!(call(limits::WAKES_OF_SITE), Err(Refusal::TooMany));
}

#[test]
fn each_reason_to_refuse_a_wake_is_told_apart() {
    let known = Known::new();
    let refused = |wake, seed| first(&known, wake, seed).unwrap_err();
    let judge = |bytes: &[u8]| {
        known
            .judge(bytes, &mut Remembered::default(), NOW)
            .unwrap_err()
    };
    let good = sealed(&letter(wake(), GATEWAY));

    let elsewhere = Known {
        secret: SealingSecret::from_bytes([0x61; 32]),
        ..Known::new()
    };
    assert_eq!(first(&elsewhere, wake(), GATEWAY), Err(Refusal::NotForMe));
    assert_eq!(judge(&good[..good.len() - 1]), Refusal::NotForMe);
    let rubbish = wrap::hpke_seal(
        &sealing_public(),
        b"papermesh/wake/1",
        b"",
        b"wake up",
        &mut Counting::default(),
    );
    assert_eq!(judge(&rubbish.unwrap()), Refusal::Malformed);
    assert_eq!(judge(&vec![0; 10_000]), Refusal::Malformed);

    let forged = Letter {
        certificate: letter(wake(), HOLDER).certificate,
        ..letter(wake(), SHARED)
    };
    assert_eq!(judge(&sealed(&forged)), Refusal::Certificate);
    let site = SiteId::from_bytes(*node(GATEWAY).as_bytes());
    assert_eq!(
        refused(Wake { site, ..wake() }, GATEWAY),
        Refusal::ForeignSite
    );
    assert_eq!(refused(wake(), SECOND), Refusal::Stranger);
    let revoking = Known {
        state: state_with_gateway()
            .revoke(&[revoked(PRINTER)], NOW)
            .unwrap(),
        ..Known::new()
    };
    assert_eq!(first(&revoking, wake(), PRINTER), Err(Refusal::Revoked));
    let disabled = Known {
        users: BTreeMap::new(),
        ..Known::new()
    };
    assert_eq!(first(&disabled, wake(), USER), Err(Refusal::Stranger));

    let other = GatewayId::from_bytes(*node(SECOND).as_bytes());
    let gateway = Wake {
        gateway: other,
        ..wake()
    };
    assert_eq!(refused(gateway.clone(), HOLDER), Refusal::Gateway);
    assert_eq!(refused(gateway, GATEWAY), Refusal::Gateway);
    let ended = Known {
        state: state(),
        ..Known::new()
    };
    assert_eq!(first(&ended, wake(), GATEWAY), Err(Refusal::Stranger));
    assert_eq!(first(&ended, wake(), HOLDER), Err(Refusal::Gateway));
    let place = "other.acme.gw.example".parse().unwrap();
    assert_eq!(refused(Wake { place, ..wake() }, GATEWAY), Refusal::Place);

    let until = NOW + limits::WAKE_LIFETIME + SECOND_LONG;
    assert_eq!(refused(Wake { until, ..wake() }, GATEWAY), Refusal::TooLong);
    let made_at = NOW + limits::CLOCK_SKEW + SECOND_LONG;
    let until = made_at;
    let early = Wake {
        made_at,
        until,
        ..wake()
    };
    assert_eq!(refused(early, GATEWAY), Refusal::TooEarly);
    let until = NOW - limits::CLOCK_SKEW - SECOND_LONG;
    let made_at = until;
    let late = Wake {
        made_at,
        until,
        ..wake()
    };
    assert_eq!(refused(late, GATEWAY), Refusal::Expired);
}

#[test]
fn a_wake_whose_signature_is_not_its_signers_is_refused() {
    let wake = letter(wake(), GATEWAY);
    let mut bytes = wake.wake.to_bytes().unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    let envelope = papermesh_protocol::signed::Envelope::from_bytes(&bytes).unwrap();
    let forged = Letter {
        wake: envelope,
        certificate: None,
    };
    let judged = Known::new().judge(&sealed(&forged), &mut Remembered::default(), NOW);
    assert_eq!(judged, Err(Refusal::Signature));
}

#[test]
fn what_was_taken_back_before_it_came_does_nothing() {
    let (known, mut remembered) = (Known::new(), Remembered::default());
    let connect = sealed(&letter(wake(), GATEWAY));
    let cancel = sealed(&letter(wake().cancel(NOW), GATEWAY));
    let taken = known.judge(&cancel, &mut remembered, NOW).unwrap();
    assert_eq!(taken.order, Order::Cancel);
    let judged = known.judge(&connect, &mut remembered, NOW);
    assert_eq!(judged, Err(Refusal::Cancelled));
    // Another's wake of the same name is another wake.
    let others = sealed(&letter(wake(), HOLDER));
    assert!(known.judge(&others, &mut remembered, NOW).is_ok());
}

#[test]
fn a_door_remembers_so_many_wakes_and_takes_no_more() {
    let mut remembered = Remembered::default();
    let mut known = Known::new();
    let mut seeds = (10_u32..).map(|seed| {
        let mut bytes = [0; 32];
        bytes[..4].copy_from_slice(&seed.to_le_bytes());
        ed25519_dalek::SigningKey::from_bytes(&bytes)
    });
    let mut taken = 0;
    let last = loop {
        let signer = seeds.next().unwrap();
        known.users = BTreeMap::from([(signer.verifying_key().into(), charlie())]);
        let call = |known: &Known, remembered: &mut Remembered, nonce: u8| {
            let nonce = WakeNonce::from_bytes([nonce; 16]);
            let letter = Letter::sign(Wake { nonce, ..wake() }, &signer, None).unwrap();
            known.judge(&sealed(&letter), remembered, NOW)
        };
        let refused = (0..).find_map(|nonce| match call(&known, &mut remembered, nonce) {
            Ok(_) => {
                taken += 1;
                None
            }
            Err(refused) => Some(refused),
        });
        if refused != Some(Refusal::TooMany) {
            break refused;
        }
        assert_eq!(taken % limits::WAKES_BY_SIGNER, 0);
    };
    assert_eq!(
        (last, taken),
        (Some(Refusal::Full), limits::WAKES_REMEMBERED)
    );
    assert_eq!(remembered.rows().count(), limits::WAKES_REMEMBERED);
    // After an hour there is room again.
    let later = NOW + limits::WAKE_MEMORY;
    let made_at = later;
    let until = later;
    let again = sealed(&letter(
        Wake {
            made_at,
            until,
            ..wake()
        },
        GATEWAY,
    ));
    assert!(known.judge(&again, &mut remembered, later).is_ok());
    assert_eq!(remembered.rows().count(), 1);
}

/// What happens at the mailbox.
#[derive(Clone, Debug)]
enum Event {
    /// The mail with this wake comes, by this signer, once more or for the first time.
    Mail(Order, u8, u8),
    Wait(u64),
    /// The door's program starts again.
    Restart,
}

fn event() -> impl Strategy<Value = Event> {
    let order = any::<bool>().prop_map(|cancel| match cancel {
        true => Order::Cancel,
        false => Order::Connect,
    });
    prop_oneof![
        12 => (order, 0..30_u8, 0..3_u8).prop_map(|(order, nonce, by)| Event::Mail(order, nonce, by)),
        2 => (0..2_000_u64).prop_map(Event::Wait),
        1 => any::<bool>().prop_map(|_| Event::Restart),
    ]
}

proptest! {
    #[test]
    fn no_wake_counts_twice_or_after_it_was_taken_back(events in vec(event(), 1..60)) {
        let known = Known::new();
        let mut remembered = Remembered::default();
        let mut now = NOW;
        // What was taken, with its time.
        let mut taken: BTreeMap<(u8, u8), (Vec<Order>, Timestamp)> = BTreeMap::new();
        for event in events {
            match event {
                Event::Wait(seconds) => now = now + Duration::from_secs(seconds),
                Event::Restart => {
                    let rows: Vec<_> = remembered.rows().collect();
                    remembered = Remembered::restore(rows, now);
                }
                Event::Mail(order, nonce, by) => {
                    let seed = [GATEWAY, HOLDER, USER][usize::from(by)];
                    // Made again as it was made at the beginning of this hour's half.
                    let nonce_id = WakeNonce::from_bytes([nonce; 16]);
                    let until = NOW + limits::WAKE_LIFETIME;
                    let wake = Wake { nonce: nonce_id, order, until, ..wake() };
                    let judged = known.judge(&sealed(&letter(wake, seed)), &mut remembered, now);
                    let (before, first) = taken.get(&(nonce, by)).cloned().unwrap_or((Vec::new(), now));
                    match judged {
                        Ok(accepted) => {
                            prop_assert!(now <= until + limits::CLOCK_SKEW);
                            prop_assert!(!before.contains(&order), "taken twice");
                            prop_assert!(!before.contains(&Order::Cancel), "taken after it was taken back");
                            prop_assert_eq!(accepted.row.first_at, first);
                            let orders = [before, vec![order]].concat();
                            taken.insert((nonce, by), (orders, first));
                        }
                        Err(Refusal::Expired) => prop_assert!(now > until + limits::CLOCK_SKEW),
                        Err(Refusal::Replayed) => prop_assert!(before.contains(&order)),
                        Err(Refusal::Cancelled) => {
                            prop_assert!(order == Order::Connect && before.contains(&Order::Cancel));
                        }
                        Err(Refusal::TooMany) => {
                            prop_assert!(before.is_empty());
                            let by_it = taken.keys().filter(|(_, other)| *other == by).count();
                            prop_assert_eq!(by_it, limits::WAKES_BY_SIGNER);
                            prop_assert!(by != 0, "a gateway may call more often");
                        }
                        Err(other) => prop_assert!(false, "refused as {other}"),
                    }
                    for by in 1..3 {
                        let by_it = taken.keys().filter(|(_, other)| *other == by).count();
                        prop_assert!(by_it <= limits::WAKES_BY_SIGNER);
                    }
                }
            }
        }
    }

    #[test]
    fn no_byte_of_a_letter_can_be_changed(at in any::<proptest::sample::Index>(), flip in 1..=u8::MAX) {
        let mut letter = sealed(&letter(wake(), HOLDER));
        let at = at.index(letter.len());
        letter[at] ^= flip;
        let judged = Known::new().judge(&letter, &mut Remembered::default(), NOW);
        prop_assert_eq!(judged, Err(Refusal::NotForMe));
    }
}
