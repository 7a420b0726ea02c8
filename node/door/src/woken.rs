//! Which gateways a door visits that keeps no pipe, which places it has open there, and until when.
//!
//! | what happens | what the door does |
//! | --- | --- |
//! | it is new at a gateway | dials it, opens the place so that the gateway knows it, and leaves |
//! | a wake that was judged ([`papermesh_protocol::gateway::wake`]) says connect | dials the gateway, if it is not there, and opens the place |
//! | one that says cancel | leaves the place, unless another wake or an outsider wants it |
//! | the gateway says that all knocks are through | leaves the place, unless a client called that did not come yet |
//! | no outsider for [`limits::LINGER`], and no wake is good any more | leaves the place |
//! | it has left the last place | hangs up |
//! | the pipe breaks | dials again, as long as a wake is good |
//!
//! There are neither sockets nor a clock here: whoever drives it says what happened and when, has open what is
//! [`wanted`](Woken::wanted), and calls [`Woken::tick`] when [`Woken::due`] says.

use std::collections::{BTreeMap, BTreeSet};

use papermesh_protocol::gateway::name::Label;
use papermesh_protocol::gateway::wake::{Accepted, Order, Signer, WakeId};
use papermesh_protocol::id::{GatewayId, WakeNonce};
use papermesh_protocol::limits;
use papermesh_protocol::time::{Moment, Timestamp};

/// A place of this node at a gateway: its label, none for the site's own.
pub(crate) type At = (GatewayId, Option<Label>);

/// The visits of a woken door.
#[derive(Debug, Default)]
pub(crate) struct Woken {
    /// The gateways to which there is a pipe, for whatever reason.
    up: BTreeSet<GatewayId>,
    /// What is to be open.
    stays: BTreeMap<At, Stay>,
}

/// A wake that was not taken back.
#[derive(Debug)]
struct Call {
    /// Until when it is good, by a clock that nobody sets.
    until: Timestamp,
    /// Whether the gateway may not know of it: a client sent it, and nobody came since.
    is_unknown: bool,
}

/// Why a place is open.
#[derive(Debug)]
struct Stay {
    /// Whether the gateway knows that the door is woken here. Until it does it cannot call.
    is_known: bool,
    /// Wakes that were not taken back.
    wakes: BTreeMap<WakeId, Call>,
    /// The nonce of the gateway's last one.
    heard: Option<WakeNonce>,
    /// Outsiders who are there.
    guests: usize,
    /// When the place was opened, or an outsider left last.
    quiet_since: Timestamp,
}

impl Stay {
    fn since(now: Timestamp, is_known: bool) -> Self {
        Self {
            is_known,
            wakes: BTreeMap::new(),
            heard: None,
            guests: 0,
            quiet_since: now,
        }
    }

    /// When it is over, if nothing happens until then. With a pipe: a while after the last outsider and the last wake, and
    /// never while an outsider is there. Without: with the last wake, and never before the gateway knows of the place.
    fn over_at(&self, is_up: bool) -> Option<Timestamp> {
        let last = self.wakes.values().map(|call| call.until).max();
        match is_up {
            true => (self.guests == 0)
                .then(|| last.unwrap_or_default().max(self.quiet_since) + limits::LINGER),
            // Nobody is reached any more who could wait.
            false => self.is_known.then(|| last.unwrap_or_default()),
        }
    }

    /// Whether a wake is good still.
    fn is_wanted(&self, now: Timestamp) -> bool {
        self.wakes.values().any(|call| call.until > now)
    }

    /// Whether somebody called who may come still, of which the gateway does not know.
    fn is_awaiting(&self, now: Timestamp) -> bool {
        let mut calls = self.wakes.values();
        calls.any(|call| call.is_unknown && call.until > now)
    }
}

impl Woken {
    /// The places that are to be open at each gateway, and the gateway's last wake for each; to others no pipe is needed.
    pub(crate) fn wanted(&self) -> BTreeMap<GatewayId, BTreeMap<Option<Label>, Option<WakeNonce>>> {
        let mut wanted: BTreeMap<GatewayId, BTreeMap<_, _>> = BTreeMap::new();
        for ((gateway, place), stay) in &self.stays {
            let of_gateway = wanted.entry(*gateway).or_default();
            of_gateway.insert(place.clone(), stay.heard);
        }
        wanted
    }

    /// Whether a place is to be open.
    pub(crate) fn is_wanted(&self, at: &At) -> bool {
        self.stays.contains_key(at)
    }

    /// A gateway is to be told of a place, as for the first time.
    pub(crate) fn introduce(&mut self, at: At, now: Timestamp) {
        let stay = self.stays.entry(at);
        stay.or_insert_with(|| Stay::since(now, false)).is_known = false;
    }

    /// A wake was judged, and its row is stored.
    pub(crate) fn called(&mut self, accepted: &Accepted, moment: Moment) {
        let now = moment.steady;
        self.tick(now);
        let at = (accepted.gateway, accepted.place.clone());
        match accepted.order {
            Order::Connect => {
                // Clocks differ: one that is good still may be over by this one, and nobody gets longer than anybody
                // may ask.
                let left = accepted.until.since(moment.now).min(limits::WAKE_LIFETIME);
                let stay = self.stays.entry(at);
                let stay = stay.or_insert_with(|| Stay::since(now, true));
                let by_gateway = accepted.signer == Signer::Gateway(accepted.gateway);
                if by_gateway {
                    stay.heard = Some(accepted.wake.nonce);
                }
                let call = Call {
                    until: now + left,
                    is_unknown: !by_gateway,
                };
                stay.wakes.insert(accepted.wake, call);
            }
            Order::Cancel => {
                let Some(stay) = self.stays.get_mut(&at) else {
                    return;
                };
                // It may have come before the wake, or the place was opened for somebody else.
                let was_called = stay.wakes.remove(&accepted.wake).is_some();
                if was_called && stay.is_known && stay.guests == 0 && !stay.is_wanted(now) {
                    self.stays.remove(&at);
                }
                // It may have been the only reason for which the place is open still.
                self.tick(now);
            }
        }
    }

    /// The pipe to a gateway is there.
    pub(crate) fn up(&mut self, gateway: GatewayId, now: Timestamp) {
        self.tick(now);
        if self.up.insert(gateway) {
            for stay in self.of(gateway) {
                stay.quiet_since = now;
            }
        }
    }

    /// The pipe broke, and with it all knocks that were on it.
    pub(crate) fn lost(&mut self, gateway: GatewayId, now: Timestamp) {
        self.tick(now);
        if self.up.remove(&gateway) {
            // Who was served may come back at once, but will hardly wait for a door that nobody calls.
            self.stays
                .retain(|at, stay| at.0 != gateway || !stay.is_known || stay.is_wanted(now));
        }
    }

    /// The gateway has answered whether a place is open: it knows of it, whatever it said.
    pub(crate) fn answered(&mut self, at: &At) {
        if self.up.contains(&at.0)
            && let Some(stay) = self.stays.get_mut(at)
        {
            stay.is_known = true;
        }
    }

    /// The gateway says that all knocks of a place are through, and that it is closed.
    pub(crate) fn done(&mut self, at: &At, now: Timestamp) {
        self.tick(now);
        let is_over = |stay: &Stay| stay.guests == 0 && !stay.is_awaiting(now);
        if self.up.contains(&at.0) && self.stays.get(at).is_some_and(is_over) {
            self.stays.remove(at);
        }
    }

    /// So many outsiders are at each place now; at others nobody is.
    pub(crate) fn attended(&mut self, guests: &BTreeMap<At, usize>, now: Timestamp) {
        for (at, stay) in &mut self.stays {
            let here = guests.get(at).copied().unwrap_or_default();
            if here < stay.guests {
                stay.quiet_since = now;
            }
            if here > stay.guests {
                // Who came may be whoever called: from here on the gateway counts.
                for call in stay.wakes.values_mut() {
                    call.is_unknown = false;
                }
            }
            stay.guests = here;
        }
    }

    /// Forgets places that are not woken any more.
    pub(crate) fn keep(&mut self, is_woken: impl Fn(&At) -> bool) {
        self.stays.retain(|at, _| is_woken(at));
    }

    /// Time passed.
    pub(crate) fn tick(&mut self, now: Timestamp) {
        let up = &self.up;
        self.stays.retain(|at, stay| {
            let over_at = stay.over_at(up.contains(&at.0));
            over_at.is_none_or(|over_at| over_at > now)
        });
    }

    /// When [`tick`](Self::tick) is to be called next, if nothing else happens before.
    pub(crate) fn due(&self) -> Option<Timestamp> {
        let all = self.stays.iter();
        all.filter_map(|(at, stay)| stay.over_at(self.up.contains(&at.0)))
            .min()
    }

    fn of(&mut self, gateway: GatewayId) -> impl Iterator<Item = &mut Stay> {
        let all = self.stays.iter_mut();
        all.filter(move |(at, _)| at.0 == gateway)
            .map(|(_, stay)| stay)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::time::Duration;

    use papermesh_protocol::gateway::wake::Row;
    use papermesh_protocol::id::NodeId;
    use proptest::collection::vec;
    use proptest::prelude::{Strategy, prop_assert, prop_assert_eq, prop_oneof, proptest};

    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);
    const GATEWAY: GatewayId = GatewayId::from_bytes([9; 32]);
    const WAIT: Duration = Duration::from_secs(60);
    /// The longest that a door stays for one wake at which nobody comes.
    const LONGEST: Duration =
        Duration::from_secs(limits::WAKE_LIFETIME.as_secs() + limits::LINGER.as_secs());

    fn at(seconds: u64) -> Timestamp {
        NOW + Duration::from_secs(seconds)
    }

    fn place(number: u8) -> At {
        (GATEWAY, Some(format!("place-{number}").parse().unwrap()))
    }

    fn wake(order: Order, (gateway, place): At, nonce: u8, now: Timestamp) -> Accepted {
        let wake = WakeId {
            signer: *gateway.as_bytes(),
            nonce: WakeNonce::from_bytes([nonce; 16]),
        };
        Accepted {
            signer: Signer::Gateway(gateway),
            order,
            wake,
            gateway,
            place,
            until: now + WAIT,
            row: Row {
                wake,
                order,
                first_at: now,
            },
        }
    }

    fn connect(woken: &mut Woken, number: u8, nonce: u8, now: Timestamp) {
        woken.called(&wake(Order::Connect, place(number), nonce, now), now.into());
    }

    fn cancel(woken: &mut Woken, number: u8, nonce: u8, now: Timestamp) {
        woken.called(&wake(Order::Cancel, place(number), nonce, now), now.into());
    }

    fn guests(woken: &mut Woken, number: u8, here: usize, now: Timestamp) {
        woken.attended(&BTreeMap::from([(place(number), here)]), now);
    }

    fn is_open(woken: &Woken, number: u8) -> bool {
        woken.is_wanted(&place(number))
    }

    /// A client of the site calls, of whom the gateway does not know.
    fn client_calls(woken: &mut Woken, number: u8, now: Timestamp) {
        let signer = NodeId::from_bytes([5; 32]);
        let mut called = wake(Order::Connect, place(number), 1, now);
        called.wake.signer = *signer.as_bytes();
        called.signer = Signer::Member(signer);
        woken.called(&called, now.into());
    }

    #[test]
    fn a_woken_door_comes_serves_and_leaves() {
        let mut woken = Woken::default();
        connect(&mut woken, 1, 1, at(0));
        assert!(is_open(&woken, 1));
        woken.up(GATEWAY, at(2));
        // A second mail for the same place finds it open.
        connect(&mut woken, 1, 2, at(3));
        guests(&mut woken, 1, 1, at(4));
        woken.tick(at(500));
        assert_eq!((woken.due(), is_open(&woken, 1)), (None, true));
        guests(&mut woken, 1, 0, at(510));
        assert_eq!(woken.due(), Some(at(570)));
        woken.done(&place(1), at(569));
        assert_eq!((woken.due(), woken.wanted()), (None, BTreeMap::new()));
    }

    #[test]
    fn who_called_while_the_gateway_closed_the_place_is_waited_for() {
        let mut woken = Woken::default();
        connect(&mut woken, 1, 1, at(0));
        woken.up(GATEWAY, at(2));
        guests(&mut woken, 1, 1, at(3));
        guests(&mut woken, 1, 0, at(10));
        // The mail and the gateway's word cross each other.
        client_calls(&mut woken, 1, at(69));
        woken.done(&place(1), at(70));
        assert!(is_open(&woken, 1));
        guests(&mut woken, 1, 1, at(80));
        guests(&mut woken, 1, 0, at(81));
        woken.done(&place(1), at(120));
        assert!(!is_open(&woken, 1));
    }

    #[test]
    fn the_gateway_hears_of_its_last_wake_and_of_no_clients() {
        let mut woken = Woken::default();
        let heard = |woken: &Woken| woken.wanted()[&GATEWAY][&place(1).1];
        client_calls(&mut woken, 1, at(0));
        assert_eq!(heard(&woken), None);
        for nonce in [1, 2] {
            connect(&mut woken, 1, nonce, at(1));
            assert_eq!(heard(&woken), Some(WakeNonce::from_bytes([nonce; 16])));
        }
    }

    #[test]
    fn a_door_to_which_nobody_comes_leaves_by_itself() {
        let mut woken = Woken::default();
        connect(&mut woken, 1, 1, at(0));
        woken.up(GATEWAY, at(2));
        assert_eq!(woken.due(), Some(at(120)));
        woken.tick(at(119));
        assert!(is_open(&woken, 1));
        woken.tick(at(120));
        assert!(!is_open(&woken, 1));
        woken.lost(GATEWAY, at(121));
        // One that cannot be reached is not dialed for ever.
        connect(&mut woken, 1, 2, at(200));
        woken.tick(at(260));
        assert!(!is_open(&woken, 1));
    }

    #[test]
    fn a_gateway_is_dialed_until_it_knows_the_place() {
        let mut woken = Woken::default();
        woken.introduce(place(1), at(0));
        woken.tick(at(10_000));
        assert!(is_open(&woken, 1));
        woken.up(GATEWAY, at(10_000));
        woken.lost(GATEWAY, at(10_001));
        assert!(is_open(&woken, 1));
        // A wake that is taken back makes no difference to it.
        connect(&mut woken, 1, 1, at(10_002));
        cancel(&mut woken, 1, 1, at(10_003));
        assert!(is_open(&woken, 1));
        woken.up(GATEWAY, at(10_010));
        woken.answered(&place(1));
        assert_eq!(woken.due(), Some(at(10_070)));
        woken.lost(GATEWAY, at(10_020));
        assert!(!is_open(&woken, 1));
    }

    #[test]
    fn what_is_taken_back_is_closed_unless_somebody_wants_it() {
        let mut woken = Woken::default();
        cancel(&mut woken, 1, 1, at(0));
        assert!(!is_open(&woken, 1));
        connect(&mut woken, 1, 1, at(0));
        cancel(&mut woken, 1, 1, at(1));
        assert!(!is_open(&woken, 1));
        connect(&mut woken, 1, 2, at(2));
        woken.up(GATEWAY, at(3));
        connect(&mut woken, 1, 3, at(4));
        connect(&mut woken, 2, 4, at(4));
        cancel(&mut woken, 1, 2, at(5));
        assert!(is_open(&woken, 1));
        cancel(&mut woken, 1, 3, at(5));
        assert!(!is_open(&woken, 1));
        guests(&mut woken, 2, 1, at(6));
        cancel(&mut woken, 2, 4, at(6));
        assert!(is_open(&woken, 2));
        guests(&mut woken, 2, 0, at(7));
        woken.tick(at(67));
        assert!(!is_open(&woken, 2));
        // A wake that is over wants nothing any more.
        connect(&mut woken, 1, 5, at(100));
        connect(&mut woken, 1, 6, at(150));
        cancel(&mut woken, 1, 6, at(170));
        assert!(!is_open(&woken, 1));
    }

    #[test]
    fn a_pipe_that_breaks_is_dialed_again_while_a_wake_is_good() {
        let mut woken = Woken::default();
        connect(&mut woken, 1, 1, at(0));
        woken.up(GATEWAY, at(2));
        guests(&mut woken, 1, 1, at(3));
        woken.lost(GATEWAY, at(30));
        assert!(is_open(&woken, 1));
        woken.up(GATEWAY, at(31));
        guests(&mut woken, 1, 1, at(32));
        woken.lost(GATEWAY, at(90));
        assert!(!is_open(&woken, 1));
    }

    /// What happens.
    #[derive(Clone, Debug)]
    enum Event {
        Introduce(At),
        Called(Order, At, u8),
        Up(GatewayId),
        Lost(GatewayId),
        Answered(At),
        Done(At),
        Guests(At, usize),
        Wait(u64),
    }

    fn event() -> impl Strategy<Value = Event> {
        let gateway = || (0..2_u8).prop_map(|number| GatewayId::from_bytes([number; 32]));
        let at = || (gateway(), 0..3_u8).prop_map(|(gateway, number)| (gateway, place(number).1));
        let called =
            |order| (at(), 0..6_u8).prop_map(move |(at, nonce)| Event::Called(order, at, nonce));
        prop_oneof![
            1 => at().prop_map(Event::Introduce),
            4 => called(Order::Connect),
            2 => called(Order::Cancel),
            4 => gateway().prop_map(Event::Up),
            1 => gateway().prop_map(Event::Lost),
            2 => at().prop_map(Event::Answered),
            2 => at().prop_map(Event::Done),
            6 => (at(), 0..3_usize).prop_map(|(at, here)| Event::Guests(at, here)),
            3 => (0..100_u64).prop_map(Event::Wait),
        ]
    }

    proptest! {
        #[test]
        fn whatever_happens_the_door_is_where_it_is_wanted_and_leaves_in_the_end(
            events in vec(event(), 1..150),
        ) {
            let mut woken = Woken::default();
            let mut up = BTreeSet::new();
            let mut here: BTreeMap<At, usize> = BTreeMap::new();
            let mut now = NOW;
            for event in events {
                let mut called = None;
                match event {
                    Event::Introduce(at) => woken.introduce(at, now),
                    Event::Called(order, at, nonce) => {
                        called = (order == Order::Connect).then(|| at.clone());
                        woken.called(&wake(order, at, nonce, now), now.into());
                    }
                    Event::Up(gateway) => {
                        up.insert(gateway);
                        woken.up(gateway, now);
                    }
                    Event::Lost(gateway) => {
                        up.remove(&gateway);
                        here.retain(|at, _| at.0 != gateway);
                        woken.lost(gateway, now);
                        woken.attended(&here, now);
                    }
                    Event::Answered(at) => woken.answered(&at),
                    Event::Done(at) => woken.done(&at, now),
                    Event::Guests(at, guests) if up.contains(&at.0) && woken.stays.contains_key(&at) => {
                        here.insert(at, guests);
                        woken.attended(&here, now);
                    }
                    Event::Guests(..) => {}
                    Event::Wait(seconds) => {
                        now = now + Duration::from_secs(seconds);
                        woken.tick(now);
                    }
                }
                // Whoever is called comes, and nobody is left alone.
                prop_assert!(called.is_none_or(|at| woken.stays.contains_key(&at)));
                for at in here.iter().filter(|(_, guests)| **guests > 0).map(|(at, _)| at) {
                    prop_assert!(woken.stays.contains_key(at));
                }
                prop_assert!(woken.due().is_none_or(|due| due > now), "late");
            }
            // Who is there leaves, all is known, and nobody comes any more.
            woken.attended(&BTreeMap::new(), now);
            for gateway in woken.wanted().into_keys() {
                woken.up(gateway, now);
            }
            for at in woken.stays.keys().cloned().collect::<Vec<_>>() {
                woken.answered(&at);
            }
            woken.tick(now + LONGEST);
            prop_assert_eq!((woken.due(), woken.wanted()), (None, BTreeMap::new()));
        }
    }
}
