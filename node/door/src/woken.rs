//! Which gateways a door visits because it was woken, which places it opens there, and when it leaves.
//!
//! | what happens | what the door does |
//! | --- | --- |
//! | a wake that was judged ([`papermesh_protocol::gateway::wake`]) says connect | dials the gateway, if it is not there, and opens the place |
//! | one that says cancel | closes the place, unless another wake or an outsider wants it |
//! | the gateway says that all knocks are through | closes the place |
//! | no outsider for [`limits::LINGER`], and no wake is good any more | closes the place |
//! | the last place is closed | hangs up |
//! | the pipe breaks | dials again, as long as a wake is good |
//!
//! There are neither sockets nor a clock here: whoever drives it says what happened and when, does the [`Step`]s that
//! come back, in their order, and calls [`Woken::tick`] when [`Woken::due`] says. Pipes that are kept all the time are
//! not its business: where there is one, its driver takes [`Step::Dial`] and [`Step::HangUp`] for done.

use std::collections::BTreeMap;
use std::time::Duration;

use papermesh_protocol::gateway::name::Label;
use papermesh_protocol::gateway::wake::{Accepted, Order, WakeId};
use papermesh_protocol::id::GatewayId;
use papermesh_protocol::limits;
use papermesh_protocol::time::{Moment, Timestamp};

/// A place of this node: its label, none for the site's own.
pub type Place = Option<Label>;

/// What the driver is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Dials the gateway, and again where that fails, until it is there or [`Step::HangUp`] comes; then it says
    /// [`up`](Woken::up).
    Dial(GatewayId),
    /// Opens a place there.
    Open(GatewayId, Place),
    /// Closes it.
    Close(GatewayId, Place),
    /// Leaves the gateway, or stops dialing it.
    HangUp(GatewayId),
}

/// The visits of a woken door.
#[derive(Debug, Default)]
pub struct Woken {
    visits: BTreeMap<GatewayId, Visit>,
}

/// A gateway that is dialed, or was.
#[derive(Debug, Default)]
struct Visit {
    /// Whether there is a pipe, on which all these places are open.
    is_up: bool,
    stays: BTreeMap<Place, Stay>,
}

/// Why a place is open.
#[derive(Debug)]
struct Stay {
    /// Wakes that were not taken back, and until when they are good, by a clock that nobody sets.
    wakes: BTreeMap<WakeId, Timestamp>,
    /// Outsiders who are there.
    knocks: usize,
    /// When the place was opened, or an outsider left last.
    quiet_since: Timestamp,
}

impl Stay {
    fn since(now: Timestamp) -> Self {
        Self {
            wakes: BTreeMap::new(),
            knocks: 0,
            quiet_since: now,
        }
    }

    /// When it is over, if nothing happens until then. Never while somebody is there.
    fn over_at(&self) -> Option<Timestamp> {
        let last = self.wakes.values().copied().max().unwrap_or_default();
        (self.knocks == 0).then(|| last.max(self.quiet_since) + limits::LINGER)
    }

    /// Whether a wake is good still.
    fn is_wanted(&self, now: Timestamp) -> bool {
        self.wakes.values().any(|until| *until > now)
    }
}

impl Woken {
    /// A wake was judged, and its row is stored.
    #[must_use = "the door is to do it"]
    pub fn called(&mut self, accepted: &Accepted, at: Moment) -> Vec<Step> {
        let now = at.steady;
        let mut steps = self.tick(now);
        let (gateway, place, wake) = (accepted.gateway, accepted.place.clone(), accepted.wake);
        if accepted.order == Order::Cancel {
            steps.extend(self.cancelled(gateway, &place, wake, now));
            return steps;
        }
        // Clocks differ: one that is good still may be over by this one, and nobody gets longer than anybody may ask.
        let left = accepted.until.since(at.now).min(limits::WAKE_LIFETIME);
        let visit = self.visits.entry(gateway).or_insert_with(|| {
            steps.push(Step::Dial(gateway));
            Visit::default()
        });
        let is_up = visit.is_up;
        let stay = visit.stays.entry(place.clone()).or_insert_with(|| {
            if is_up {
                steps.push(Step::Open(gateway, place));
            }
            Stay::since(now)
        });
        stay.wakes.insert(wake, now + left);
        steps
    }

    /// A wake is taken back.
    fn cancelled(
        &mut self,
        gateway: GatewayId,
        place: &Place,
        wake: WakeId,
        now: Timestamp,
    ) -> Vec<Step> {
        let stay = self
            .visits
            .get_mut(&gateway)
            .and_then(|visit| visit.stays.get_mut(place));
        // It came before the wake, or after all was over; or the place was opened for somebody else.
        let Some(stay) = stay.filter(|stay| stay.wakes.contains_key(&wake)) else {
            return Vec::new();
        };
        stay.wakes.remove(&wake);
        match stay.knocks == 0 && !stay.is_wanted(now) {
            true => self.close(gateway, place),
            false => Vec::new(),
        }
    }

    /// The pipe to a gateway is there. If it is not wanted any more, it is to be hung up.
    #[must_use = "the door is to do it"]
    pub fn up(&mut self, gateway: GatewayId, now: Timestamp) -> Vec<Step> {
        let mut steps = self.tick(now);
        match self.visits.get_mut(&gateway) {
            Some(visit) if !visit.is_up => {
                visit.is_up = true;
                for (place, stay) in &mut visit.stays {
                    stay.quiet_since = now;
                    steps.push(Step::Open(gateway, place.clone()));
                }
            }
            Some(_) => {}
            // It may just have been told: once more does no harm.
            None => steps.push(Step::HangUp(gateway)),
        }
        steps
    }

    /// The pipe broke, and with it all knocks that were on it.
    #[must_use = "the door is to do it"]
    pub fn lost(&mut self, gateway: GatewayId, now: Timestamp) -> Vec<Step> {
        let mut steps = self.tick(now);
        let Some(visit) = self.visits.get_mut(&gateway).filter(|visit| visit.is_up) else {
            return steps;
        };
        visit.is_up = false;
        // Who was served may come back at once, but will hardly wait for a door that nobody calls.
        visit.stays.retain(|_, stay| {
            stay.knocks = 0;
            stay.is_wanted(now)
        });
        match visit.stays.is_empty() {
            true => drop(self.visits.remove(&gateway)),
            false => steps.push(Step::Dial(gateway)),
        }
        steps
    }

    /// The gateway says that all knocks of a place are through, and that it is closed.
    #[must_use = "the door is to do it"]
    pub fn done(&mut self, gateway: GatewayId, place: &Place, now: Timestamp) -> Vec<Step> {
        let mut steps = self.tick(now);
        let stay = self
            .visits
            .get(&gateway)
            .filter(|visit| visit.is_up)
            .and_then(|visit| visit.stays.get(place));
        // What came after it said so is the next thing that it hears of: then it is no more done.
        if stay.is_some_and(|stay| stay.knocks == 0) {
            steps.extend(self.close(gateway, place));
        }
        steps
    }

    /// An outsider came through a gateway.
    pub fn knocked(&mut self, gateway: GatewayId, place: &Place) {
        if let Some(stay) = self.stay(gateway, place) {
            stay.knocks += 1;
        }
    }

    /// An outsider left.
    pub fn left(&mut self, gateway: GatewayId, place: &Place, now: Timestamp) {
        if let Some(stay) = self.stay(gateway, place)
            && stay.knocks > 0
        {
            stay.knocks -= 1;
            stay.quiet_since = now;
        }
    }

    /// Time passed.
    #[must_use = "the door is to do it"]
    pub fn tick(&mut self, now: Timestamp) -> Vec<Step> {
        let over = self.visits.iter().flat_map(|(gateway, visit)| {
            let over = visit.stays.iter().filter(|(_, stay)| {
                let over_at = match visit.is_up {
                    true => stay.over_at(),
                    // Nobody is reached any more who could wait.
                    false => stay.wakes.values().copied().max(),
                };
                over_at.is_some_and(|at| at <= now)
            });
            over.map(|(place, _)| (*gateway, place.clone()))
        });
        let over: Vec<_> = over.collect();
        over.into_iter()
            .flat_map(|(gateway, place)| self.close(gateway, &place))
            .collect()
    }

    /// When [`tick`](Self::tick) is to be called next, if nothing else happens before.
    #[must_use]
    pub fn due(&self) -> Option<Timestamp> {
        let all = self.visits.values().flat_map(|visit| {
            visit.stays.values().filter_map(|stay| match visit.is_up {
                true => stay.over_at(),
                false => stay.wakes.values().copied().max(),
            })
        });
        all.min()
    }

    /// Whether a gateway is visited, or being dialed.
    #[must_use]
    pub fn visits(&self, gateway: GatewayId) -> bool {
        self.visits.contains_key(&gateway)
    }

    fn stay(&mut self, gateway: GatewayId, place: &Place) -> Option<&mut Stay> {
        let visit = self.visits.get_mut(&gateway).filter(|visit| visit.is_up);
        visit.and_then(|visit| visit.stays.get_mut(place))
    }

    fn close(&mut self, gateway: GatewayId, place: &Place) -> Vec<Step> {
        let mut steps = Vec::new();
        let Some(visit) = self.visits.get_mut(&gateway) else {
            return steps;
        };
        if visit.stays.remove(place).is_some() && visit.is_up {
            steps.push(Step::Close(gateway, place.clone()));
        }
        if visit.stays.is_empty() {
            self.visits.remove(&gateway);
            steps.push(Step::HangUp(gateway));
        }
        steps
    }
}

/// The longest that a door stays for one wake at which nobody comes.
pub const LONGEST: Duration =
    Duration::from_secs(limits::WAKE_LIFETIME.as_secs() + limits::LINGER.as_secs());

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::collections::{BTreeMap, BTreeSet};

    use papermesh_protocol::gateway::wake::{Row, Signer};
    use papermesh_protocol::id::WakeNonce;
    use proptest::collection::vec;
    use proptest::prelude::{Strategy, prop_assert, prop_assert_eq, prop_oneof, proptest};

    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);
    const GATEWAY: GatewayId = GatewayId::from_bytes([9; 32]);
    const WAIT: Duration = Duration::from_secs(60);

    fn at(seconds: u64) -> Timestamp {
        NOW + Duration::from_secs(seconds)
    }

    fn place(number: u8) -> Place {
        Some(format!("place-{number}").parse().unwrap())
    }

    fn wake(order: Order, gateway: GatewayId, place: Place, nonce: u8, now: Timestamp) -> Accepted {
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

    fn connect(woken: &mut Woken, number: u8, nonce: u8, now: Timestamp) -> Vec<Step> {
        let wake = wake(Order::Connect, GATEWAY, place(number), nonce, now);
        woken.called(&wake, now.into())
    }

    fn cancel(woken: &mut Woken, number: u8, nonce: u8, now: Timestamp) -> Vec<Step> {
        let wake = wake(Order::Cancel, GATEWAY, place(number), nonce, now);
        woken.called(&wake, now.into())
    }

    fn open(number: u8) -> Step {
        Step::Open(GATEWAY, place(number))
    }

    fn close(number: u8) -> Step {
        Step::Close(GATEWAY, place(number))
    }

    const HANG_UP: Step = Step::HangUp(GATEWAY);
    const DIAL: Step = Step::Dial(GATEWAY);

    #[test]
    fn a_woken_door_comes_serves_and_leaves() {
        let mut woken = Woken::default();
        assert_eq!(connect(&mut woken, 1, 1, at(0)), [DIAL]);
        assert_eq!(woken.up(GATEWAY, at(2)), [open(1)]);
        // A second mail for the same place finds it open.
        assert_eq!(connect(&mut woken, 1, 2, at(3)), []);
        woken.knocked(GATEWAY, &place(1));
        assert_eq!((woken.due(), woken.tick(at(500))), (None, vec![]));
        woken.left(GATEWAY, &place(1), at(510));
        assert_eq!(woken.due(), Some(at(570)));
        assert_eq!(woken.done(GATEWAY, &place(1), at(569)), [close(1), HANG_UP]);
        assert_eq!((woken.due(), woken.visits(GATEWAY)), (None, false));
    }

    #[test]
    fn a_door_to_which_nobody_comes_leaves_by_itself() {
        let mut woken = Woken::default();
        assert_eq!(connect(&mut woken, 1, 1, at(0)), [DIAL]);
        assert_eq!(woken.up(GATEWAY, at(2)), [open(1)]);
        assert_eq!(woken.due(), Some(at(120)));
        assert_eq!(woken.tick(at(120)), [close(1), HANG_UP]);
        // One that cannot be reached is not dialed for ever.
        assert_eq!(connect(&mut woken, 1, 2, at(200)), [DIAL]);
        assert_eq!(woken.tick(at(260)), [HANG_UP]);
        assert_eq!(woken.up(GATEWAY, at(261)), [HANG_UP]);
    }

    #[test]
    fn what_is_taken_back_is_closed_unless_somebody_wants_it() {
        let mut woken = Woken::default();
        assert_eq!(cancel(&mut woken, 1, 1, at(0)), []);
        assert_eq!(connect(&mut woken, 1, 1, at(0)), [DIAL]);
        assert_eq!(cancel(&mut woken, 1, 1, at(1)), [HANG_UP]);
        assert_eq!(connect(&mut woken, 1, 2, at(2)), [DIAL]);
        assert_eq!(woken.up(GATEWAY, at(3)), [open(1)]);
        assert_eq!(connect(&mut woken, 1, 3, at(4)), []);
        assert_eq!(connect(&mut woken, 2, 4, at(4)), [open(2)]);
        assert_eq!(cancel(&mut woken, 1, 2, at(5)), []);
        assert_eq!(cancel(&mut woken, 1, 3, at(5)), [close(1)]);
        woken.knocked(GATEWAY, &place(2));
        assert_eq!(cancel(&mut woken, 2, 4, at(6)), []);
        woken.left(GATEWAY, &place(2), at(7));
        assert_eq!(woken.tick(at(67)), [close(2), HANG_UP]);
        // A wake that is over wants nothing any more.
        assert_eq!(connect(&mut woken, 1, 5, at(100)), [DIAL]);
        assert_eq!(woken.up(GATEWAY, at(101)), [open(1)]);
        assert_eq!(connect(&mut woken, 1, 6, at(150)), []);
        assert_eq!(cancel(&mut woken, 1, 6, at(170)), [close(1), HANG_UP]);
    }

    #[test]
    fn a_pipe_that_breaks_is_dialed_again_while_a_wake_is_good() {
        let mut woken = Woken::default();
        assert_eq!(connect(&mut woken, 1, 1, at(0)), [DIAL]);
        assert_eq!(woken.up(GATEWAY, at(2)), [open(1)]);
        woken.knocked(GATEWAY, &place(1));
        assert_eq!(woken.lost(GATEWAY, at(30)), [DIAL]);
        assert_eq!(woken.up(GATEWAY, at(31)), [open(1)]);
        woken.knocked(GATEWAY, &place(1));
        assert_eq!(woken.lost(GATEWAY, at(90)), []);
        assert!(!woken.visits(GATEWAY));
    }

    /// What happens.
    #[derive(Clone, Debug)]
    enum Event {
        Connect(u8, u8, u8),
        Cancel(u8, u8, u8),
        Up(u8),
        Lost(u8),
        Done(u8, u8),
        Knock(u8, u8),
        Leave(u8, u8),
        Wait(u64),
    }

    fn event() -> impl Strategy<Value = Event> {
        let (gateway, number, nonce) = (|| 0..2_u8, || 0..3_u8, || 0..6_u8);
        prop_oneof![
            4 => (gateway(), number(), nonce()).prop_map(|(g, p, n)| Event::Connect(g, p, n)),
            2 => (gateway(), number(), nonce()).prop_map(|(g, p, n)| Event::Cancel(g, p, n)),
            4 => gateway().prop_map(Event::Up),
            1 => gateway().prop_map(Event::Lost),
            2 => (gateway(), number()).prop_map(|(g, p)| Event::Done(g, p)),
            4 => (gateway(), number()).prop_map(|(g, p)| Event::Knock(g, p)),
            4 => (gateway(), number()).prop_map(|(g, p)| Event::Leave(g, p)),
            3 => (0..100_u64).prop_map(Event::Wait),
        ]
    }

    /// What a driver has of a gateway.
    #[derive(Default)]
    struct Pipe {
        is_up: bool,
        open: BTreeSet<Place>,
        knocks: BTreeMap<Place, usize>,
    }

    proptest! {
        #[test]
        fn whatever_happens_the_door_is_where_it_is_wanted_and_leaves_in_the_end(
            events in vec(event(), 1..150),
        ) {
            let gateway = |number: u8| GatewayId::from_bytes([number; 32]);
            let mut woken = Woken::default();
            let mut pipes: BTreeMap<GatewayId, Pipe> = BTreeMap::new();
            let mut now = NOW;
            for event in events {
                let mut is_loss = false;
                let mut called = None;
                let steps = match event {
                    Event::Connect(g, p, n) => {
                        called = Some((gateway(g), place(p)));
                        woken.called(&wake(Order::Connect, gateway(g), place(p), n, now), now.into())
                    }
                    Event::Cancel(g, p, n) => {
                        woken.called(&wake(Order::Cancel, gateway(g), place(p), n, now), now.into())
                    }
                    Event::Up(g) => match pipes.get_mut(&gateway(g)).filter(|pipe| !pipe.is_up) {
                        Some(pipe) => {
                            pipe.is_up = true;
                            woken.up(gateway(g), now)
                        }
                        None => continue,
                    },
                    Event::Lost(g) => match pipes.get(&gateway(g)).is_some_and(|pipe| pipe.is_up) {
                        true => {
                            is_loss = true;
                            pipes.remove(&gateway(g));
                            woken.lost(gateway(g), now)
                        }
                        false => continue,
                    },
                    Event::Done(g, p) => woken.done(gateway(g), &place(p), now),
                    Event::Knock(g, p) => {
                        let pipe = pipes.get_mut(&gateway(g));
                        if let Some(pipe) = pipe.filter(|pipe| pipe.open.contains(&place(p))) {
                            *pipe.knocks.entry(place(p)).or_default() += 1;
                            woken.knocked(gateway(g), &place(p));
                        }
                        continue;
                    }
                    Event::Leave(g, p) => {
                        let pipe = pipes.get_mut(&gateway(g));
                        if let Some(knocks) = pipe.and_then(|pipe| pipe.knocks.get_mut(&place(p)))
                            && *knocks > 0
                        {
                            *knocks -= 1;
                            woken.left(gateway(g), &place(p), now);
                        }
                        continue;
                    }
                    Event::Wait(seconds) => {
                        now = now + Duration::from_secs(seconds);
                        woken.tick(now)
                    }
                };
                for step in steps {
                    match step {
                        Step::Dial(g) => {
                            prop_assert!(pipes.insert(g, Pipe::default()).is_none(), "dialed twice");
                        }
                        Step::Open(g, place) => {
                            let pipe = pipes.get_mut(&g).unwrap();
                            prop_assert!(pipe.is_up && pipe.open.insert(place));
                        }
                        Step::Close(g, place) => {
                            let pipe = pipes.get_mut(&g).unwrap();
                            prop_assert!(pipe.is_up && pipe.open.remove(&place));
                            prop_assert_eq!(pipe.knocks.remove(&place).unwrap_or(0), 0, "somebody is there");
                        }
                        Step::HangUp(g) => {
                            let pipe = pipes.remove(&g);
                            prop_assert!(is_loss || pipe.is_some_and(|pipe| pipe.open.is_empty()));
                        }
                    }
                }
                if let Some((g, place)) = called {
                    let pipe = pipes.get(&g).unwrap();
                    prop_assert!(!pipe.is_up || pipe.open.contains(&place));
                }
                for (g, pipe) in &pipes {
                    prop_assert!(woken.visits(*g));
                    prop_assert!(!pipe.is_up || !pipe.open.is_empty());
                }
                prop_assert!(woken.due().is_none_or(|due| due > now), "late");
            }
            // Who is there leaves, and nobody comes any more.
            for (g, pipe) in &pipes {
                for (place, knocks) in &pipe.knocks {
                    for _ in 0..*knocks {
                        woken.left(*g, place, now);
                    }
                }
            }
            drop(woken.tick(now + LONGEST));
            prop_assert_eq!(woken.due(), None);
            for g in 0..2 {
                prop_assert!(!woken.visits(gateway(g)));
            }
        }
    }
}
