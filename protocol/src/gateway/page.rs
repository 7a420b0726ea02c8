//! The page of one place: which knocks wait, which door gets them, and when a door is woken.
//!
//! | state | entered by | left by |
//! | --- | --- | --- |
//! | [`Absent`](State::Absent) | nothing happened yet | a knock, where doors can be woken; a door that opens |
//! | [`Waiting`](State::Waiting) | a knock without a door | a door that opens; too long without a further knock |
//! | [`Open`](State::Open) | a door that opens | the last door that closes or is lost |
//! | [`Idle`](State::Idle) | the last knock that ends, where doors can be woken | a knock; too long without one |
//!
//! Knock, wake and door come in any order. The page has neither sockets nor a clock: whoever drives
//! it says what happened and when, by a clock that nobody sets; does what comes back, in the order
//! given; and calls [`Page::tick`] when [`Page::due`] says. The names of places are the
//! driver's business, and so are the limits over more than one of them: streams of a pipe, knocks
//! of an address, wakes of a site.

use core::mem;
use core::ops::RangeInclusive;
use core::time::Duration;
use std::collections::{BTreeMap, VecDeque};

use crate::limits;
use crate::time::Timestamp;

/// The time over which wakes are counted.
const HOUR: Duration = Duration::from_secs(60 * 60);

/// The number of a pipe, never used again while the gateway runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PipeId(pub u64);

/// The number of a knock, never used again while the gateway runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KnockId(pub u64);

/// When the doors of a place are connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Always. A knock that finds no door is refused at once.
    Constant,
    /// When the gateway has sent a mail, because somebody knocked.
    WakeByGateway,
    /// When the client has sent a mail, before its knock or after it.
    WakeByClient,
}

/// How long a page waits for what, and how often it wakes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timers {
    /// How long one knock is held for a door, within [`limits::KNOCK_HOLD_RANGE`].
    pub knock_hold: Duration,
    /// How long the place waits for a door after its last knock, within
    /// [`limits::KNOCK_WAIT_RANGE`]. Where this is the shorter one, no knock is held longer.
    pub knock_wait: Duration,
    /// How long a woken door stays without a knock, within [`limits::LINGER_RANGE`].
    pub linger: Duration,
    /// The time between two wakes, within [`limits::WAKE_SPACING_RANGE`].
    pub wake_spacing: Duration,
    /// Wakes within an hour. With 0 the gateway wakes nobody.
    pub wakes_per_hour: u8,
}

impl Default for Timers {
    fn default() -> Self {
        Self {
            knock_hold: limits::KNOCK_HOLD,
            knock_wait: limits::KNOCK_WAIT,
            linger: limits::LINGER,
            wake_spacing: limits::WAKE_SPACING,
            wakes_per_hour: limits::WAKES_PER_HOUR,
        }
    }
}

impl Timers {
    /// Whether each of them is within its range. A page works with any, but not usefully.
    ///
    /// # Errors
    /// [`TimerError`] about the first that is not.
    pub fn check(&self) -> Result<(), TimerError> {
        let all = [
            ("knock-hold", self.knock_hold, limits::KNOCK_HOLD_RANGE),
            ("knock-wait", self.knock_wait, limits::KNOCK_WAIT_RANGE),
            ("linger", self.linger, limits::LINGER_RANGE),
            (
                "wake-spacing",
                self.wake_spacing,
                limits::WAKE_SPACING_RANGE,
            ),
        ];
        let outside = all
            .into_iter()
            .find(|(_, time, range)| !range.contains(time));
        match outside {
            Some((timer, _, range)) => Err(TimerError { timer, range }),
            None => Ok(()),
        }
    }
}

/// A timer that is outside of its range.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{timer} must be from {} to {} seconds",
    range.start().as_secs(),
    range.end().as_secs()
)]
pub struct TimerError {
    /// Its name.
    pub timer: &'static str,
    /// What it may be.
    pub range: RangeInclusive<Duration>,
}

/// A door came to a place that has [`limits::DOORS`] already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} doors already have the place open", limits::DOORS)]
pub struct TooManyDoors;

/// What the driver is to do. No more than [`limits::KNOCKS_HELD`] and [`limits::DOORS`] together
/// come back at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Opens a stream on the pipe, passes the knock's bytes both ways, and says
    /// [`ended`](Page::ended) when that is over, or when the stream did not come about.
    Serve {
        /// Whose bytes.
        knock: KnockId,
        /// The pipe of the door that gets them.
        pipe: PipeId,
    },
    /// Ends the knock with the TLS alert `internal_error`: no door came in time.
    Alert(KnockId),
    /// Ends the knock as one at a name that nobody has.
    Refuse(KnockId),
    /// Sends a mail that wakes the place's doors.
    Wake,
    /// Takes back all wakes since the place was last open, because no door came.
    CancelWake,
    /// Tells the door that all knocks are processed and the place is closed.
    Done(PipeId),
    /// Drops the page: a new one would do the same from here on.
    Close,
}

/// What a page is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// There is no door, and none is waited for.
    Absent,
    /// Somebody knocked, and there is no door yet.
    Waiting,
    /// A door has the place open.
    Open,
    /// A door has the place open and is about to be sent away: nobody has a use for it.
    Idle,
}

/// What a gateway knows of one place.
#[derive(Debug)]
pub struct Page {
    mode: Mode,
    timers: Timers,
    stage: Stage,
    /// Knocks that doors have, at most [`limits::KNOCKS_SERVED`], with their pipes.
    served: BTreeMap<KnockId, PipeId>,
    /// The wakes of the last hour, the oldest first, at most [`Timers::wakes_per_hour`].
    wakes: VecDeque<Timestamp>,
}

#[derive(Debug)]
enum Stage {
    Absent,
    Waiting(Waiting),
    Open(Open),
}

#[derive(Debug)]
struct Waiting {
    /// Knocks that are held, the oldest first, at most [`limits::KNOCKS_HELD`].
    held: VecDeque<Held>,
    last_knock: Timestamp,
    /// Whether a wake was sent since there is no door.
    is_woken: bool,
    /// Whether one is to be sent as soon as the place's limits allow.
    wants_wake: bool,
}

#[derive(Debug)]
struct Held {
    knock: KnockId,
    since: Timestamp,
}

impl Waiting {
    /// Nobody waits yet.
    fn since(now: Timestamp) -> Self {
        Self {
            held: VecDeque::new(),
            last_knock: now,
            is_woken: false,
            wants_wake: false,
        }
    }
}

#[derive(Debug)]
struct Open {
    /// The door that gets the knocks: the one that opened last.
    newest: PipeId,
    /// The others, the oldest first, together at most [`limits::DOORS`].
    standby: Vec<PipeId>,
    /// When a door opened or a knock ended last.
    quiet_since: Timestamp,
}

impl Open {
    fn has(&self, pipe: PipeId) -> bool {
        self.newest == pipe || self.standby.contains(&pipe)
    }

    fn doors(&self) -> impl Iterator<Item = PipeId> {
        self.standby.iter().copied().chain([self.newest])
    }
}

impl Page {
    /// A page of a place where nothing has happened yet.
    #[must_use]
    pub fn new(mode: Mode, timers: Timers) -> Self {
        Self {
            mode,
            timers,
            stage: Stage::Absent,
            served: BTreeMap::new(),
            wakes: VecDeque::new(),
        }
    }

    /// What it is doing.
    #[must_use]
    pub fn state(&self) -> State {
        match self.stage {
            Stage::Absent => State::Absent,
            Stage::Waiting(_) => State::Waiting,
            Stage::Open(_) if self.is_idle() => State::Idle,
            Stage::Open(_) => State::Open,
        }
    }

    /// How many knocks doors have.
    #[must_use]
    pub fn served(&self) -> usize {
        self.served.len()
    }

    /// The place's doors are connected at other times from now on.
    pub fn change(&mut self, mode: Mode) {
        self.mode = mode;
    }

    // What happened ---------------------------------------------------------------------------

    /// Somebody knocks. `may_wake` says whether the limits of the site allow a wake.
    #[must_use = "the knock is to be answered"]
    pub fn knock(&mut self, knock: KnockId, may_wake: bool, now: Timestamp) -> Vec<Action> {
        let mut actions = self.pass(now);
        if matches!(self.stage, Stage::Absent) && self.mode != Mode::Constant {
            self.stage = Stage::Waiting(Waiting::since(now));
        }
        let wakes = self.mode == Mode::WakeByGateway && self.timers.wakes_per_hour > 0;
        let may_repeat = self.next_wake() <= now;
        match &mut self.stage {
            Stage::Open(Open { newest, .. }) => {
                let newest = *newest;
                actions.push(self.serve(knock, newest));
            }
            Stage::Waiting(waiting) if waiting.held.len() < limits::KNOCKS_HELD => {
                waiting.held.push_back(Held { knock, since: now });
                waiting.last_knock = now;
                // A mail that is on its way is waited for; one that should have come is sent again.
                waiting.wants_wake |= wakes && (!waiting.is_woken || may_repeat);
            }
            Stage::Waiting(_) | Stage::Absent => actions.push(Action::Refuse(knock)),
        }
        self.wake(may_wake, now, &mut actions);
        self.closing(actions)
    }

    /// A door opens the place on this pipe. It gets what is held, and the knocks to come until a
    /// newer one opens. Of a door that dialed again, the earlier pipe is [`lost`](Self::lost)
    /// first.
    ///
    /// # Errors
    /// [`TooManyDoors`]; nothing changes then.
    pub fn opened(&mut self, pipe: PipeId, now: Timestamp) -> Result<Vec<Action>, TooManyDoors> {
        if let Stage::Open(open) = &self.stage
            && open.doors().count() >= limits::DOORS
            && !open.has(pipe)
        {
            return Err(TooManyDoors);
        }
        let mut actions = self.pass(now);
        if let Stage::Open(open) = &mut self.stage {
            if !open.has(pipe) {
                open.standby.push(mem::replace(&mut open.newest, pipe));
            }
            open.quiet_since = now;
            return Ok(actions);
        }
        let opened = Stage::Open(Open {
            newest: pipe,
            standby: Vec::new(),
            quiet_since: now,
        });
        if let Stage::Waiting(waiting) = mem::replace(&mut self.stage, opened) {
            for held in waiting.held {
                actions.push(self.serve(held.knock, pipe));
            }
        }
        Ok(actions)
    }

    /// A door closes the place. Knocks that it has go on.
    #[must_use = "the page may be over"]
    pub fn closed(&mut self, pipe: PipeId, now: Timestamp) -> Vec<Action> {
        self.leave(pipe);
        let actions = self.pass(now);
        self.closing(actions)
    }

    /// A pipe broke, and with it all knocks that were on it.
    #[must_use = "the page may be over"]
    pub fn lost(&mut self, pipe: PipeId, now: Timestamp) -> Vec<Action> {
        let before = self.served.len();
        self.served.retain(|_, on| *on != pipe);
        if self.served.len() < before {
            self.quiet(now);
        }
        self.closed(pipe, now)
    }

    /// A knock is over, whoever ended it, also one that is still held. It may be said twice.
    #[must_use = "the page may be over"]
    pub fn ended(&mut self, knock: KnockId, now: Timestamp) -> Vec<Action> {
        if self.served.remove(&knock).is_some() {
            self.quiet(now);
        } else if let Stage::Waiting(waiting) = &mut self.stage {
            waiting.held.retain(|held| held.knock != knock);
        }
        let actions = self.pass(now);
        self.closing(actions)
    }

    /// Time passed. `may_wake` is as in [`knock`](Self::knock).
    #[must_use = "knocks may have to be answered"]
    pub fn tick(&mut self, may_wake: bool, now: Timestamp) -> Vec<Action> {
        let mut actions = self.pass(now);
        self.wake(may_wake, now, &mut actions);
        self.closing(actions)
    }

    /// When [`tick`](Self::tick) is to be called next, if nothing else happens before.
    #[must_use]
    pub fn due(&self) -> Option<Timestamp> {
        match &self.stage {
            Stage::Waiting(waiting) => {
                let oldest = waiting.held.front();
                let alert = oldest.map(|held| held.since + self.timers.knock_hold);
                let wake = waiting.wants_wake.then(|| self.next_wake());
                let give_up = Some(waiting.last_knock + self.timers.knock_wait);
                [alert, wake, give_up].into_iter().flatten().min()
            }
            Stage::Open(open) if self.is_idle() => Some(open.quiet_since + self.timers.linger),
            Stage::Absent if self.served.is_empty() => self.wakes.back().map(|last| *last + HOUR),
            Stage::Absent | Stage::Open(_) => None,
        }
    }

    // What follows from it --------------------------------------------------------------------

    /// Does what the time has come for, all but wakes.
    fn pass(&mut self, now: Timestamp) -> Vec<Action> {
        let mut actions = Vec::new();
        self.wakes.retain(|wake| now.since(*wake) < HOUR);
        let is_idle = self.is_idle();
        match &mut self.stage {
            Stage::Waiting(waiting) => {
                let gives_up = now.since(waiting.last_knock) >= self.timers.knock_wait;
                let is_over =
                    |held: &Held| gives_up || now.since(held.since) >= self.timers.knock_hold;
                while let Some(held) = waiting.held.front().filter(|held| is_over(held)) {
                    actions.push(Action::Alert(held.knock));
                    waiting.held.pop_front();
                }
                if gives_up {
                    actions.extend(waiting.is_woken.then_some(Action::CancelWake));
                    self.stage = Stage::Absent;
                }
            }
            Stage::Open(open) if is_idle && now.since(open.quiet_since) >= self.timers.linger => {
                actions.extend(open.doors().map(Action::Done));
                self.stage = Stage::Absent;
            }
            Stage::Absent | Stage::Open(_) => {}
        }
        actions
    }

    /// Gives a knock to a door, if the doors do not have too many.
    fn serve(&mut self, knock: KnockId, pipe: PipeId) -> Action {
        if self.served.len() >= limits::KNOCKS_SERVED {
            return Action::Refuse(knock);
        }
        self.served.insert(knock, pipe);
        Action::Serve { knock, pipe }
    }

    /// Sends the wake that is wanted, once the place's own limits allow it. Where those of the site
    /// do not, the next knock asks again: nobody knows when they will.
    fn wake(&mut self, may_wake: bool, now: Timestamp, actions: &mut Vec<Action>) {
        let next = self.next_wake();
        let Stage::Waiting(waiting) = &mut self.stage else {
            return;
        };
        if waiting.wants_wake && next <= now {
            waiting.wants_wake = false;
            if may_wake {
                waiting.is_woken = true;
                self.wakes.push_back(now);
                actions.push(Action::Wake);
            }
        }
    }

    /// When the place's own limits allow the next wake.
    fn next_wake(&self) -> Timestamp {
        let spaced = self
            .wakes
            .back()
            .map(|last| *last + self.timers.wake_spacing);
        let is_full = self.wakes.len() >= usize::from(self.timers.wakes_per_hour);
        let hourly = self
            .wakes
            .front()
            .filter(|_| is_full)
            .map(|first| *first + HOUR);
        spaced.max(hourly).unwrap_or_default()
    }

    /// Forgets a door; the one that opened before it takes its turn.
    fn leave(&mut self, pipe: PipeId) {
        let Stage::Open(open) = &mut self.stage else {
            return;
        };
        if open.newest != pipe {
            open.standby.retain(|door| *door != pipe);
        } else if let Some(next) = open.standby.pop() {
            open.newest = next;
        } else {
            self.stage = Stage::Absent;
        }
    }

    /// Notes that a knock ended.
    fn quiet(&mut self, now: Timestamp) {
        if let Stage::Open(open) = &mut self.stage {
            open.quiet_since = now;
        }
    }

    /// Whether a woken door has nothing to do.
    fn is_idle(&self) -> bool {
        self.mode != Mode::Constant && self.served.is_empty()
    }

    /// Adds [`Action::Close`] if there is nothing left to remember. Wakes are, for an hour: whoever
    /// knocks at a page that was dropped could have doors woken without end.
    fn closing(&self, mut actions: Vec<Action>) -> Vec<Action> {
        let is_over =
            matches!(self.stage, Stage::Absent) && self.served.is_empty() && self.wakes.is_empty();
        actions.extend(is_over.then_some(Action::Close));
        actions
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_000_000);
    const FIRST: KnockId = KnockId(1);
    const SECOND: KnockId = KnockId(2);

    fn at(seconds: u64) -> Timestamp {
        NOW + Duration::from_secs(seconds)
    }

    fn page(mode: Mode) -> Page {
        Page::new(mode, Timers::default())
    }

    fn serve(knock: KnockId, pipe: u64) -> Action {
        let pipe = PipeId(pipe);
        Action::Serve { knock, pipe }
    }

    #[test]
    fn a_woken_door_gets_the_knock_and_is_sent_away() {
        let mut page = page(Mode::WakeByGateway);
        assert_eq!(page.knock(FIRST, true, at(0)), [Action::Wake]);
        assert_eq!(page.state(), State::Waiting);
        let actions = page.opened(PipeId(7), at(5)).unwrap();
        assert_eq!(actions, [serve(FIRST, 7)]);
        assert_eq!(page.due(), None);
        assert_eq!(page.ended(FIRST, at(90)), []);
        assert_eq!((page.state(), page.due()), (State::Idle, Some(at(150))));
        assert_eq!(page.tick(true, at(150)), [Action::Done(PipeId(7))]);
        // Its wake counts for an hour.
        assert_eq!((page.state(), page.due()), (State::Absent, Some(at(3600))));
        assert_eq!(page.tick(true, at(3600)), [Action::Close]);
        assert_eq!(page.due(), None);
    }

    #[test]
    fn a_place_outlasts_a_knock_and_takes_its_wake_back_in_the_end() {
        let mut page = page(Mode::WakeByGateway);
        assert_eq!(page.knock(FIRST, true, at(0)), [Action::Wake]);
        assert_eq!(page.tick(true, at(25)), [Action::Alert(FIRST)]);
        // The program tries again, while the mail is still under way.
        assert_eq!(page.knock(SECOND, true, at(30)), []);
        assert_eq!(page.ended(SECOND, at(31)), []);
        assert_eq!(page.due(), Some(at(90)));
        assert_eq!(page.tick(true, at(90)), [Action::CancelWake]);
    }

    #[test]
    fn a_door_that_is_lost_is_woken_again_when_the_limits_allow_it() {
        let mut page = page(Mode::WakeByGateway);
        assert_eq!(page.knock(FIRST, true, at(0)), [Action::Wake]);
        assert_eq!(page.opened(PipeId(7), at(5)), Ok(vec![serve(FIRST, 7)]));
        assert_eq!(page.lost(PipeId(7), at(20)), []);
        assert_eq!(page.knock(SECOND, true, at(40)), []);
        assert_eq!(page.due(), Some(at(60)));
        assert_eq!(page.tick(true, at(60)), [Action::Wake]);
        assert_eq!(page.due(), Some(at(65)));
    }

    #[test]
    fn the_newest_door_gets_the_knocks_and_the_one_before_it_takes_over() {
        let mut page = page(Mode::Constant);
        for pipe in 1..=4 {
            assert_eq!(page.opened(PipeId(pipe), at(0)), Ok(vec![]));
        }
        assert_eq!(page.opened(PipeId(5), at(0)), Err(TooManyDoors));
        assert_eq!(page.opened(PipeId(2), at(0)), Ok(vec![]));
        assert_eq!(page.knock(FIRST, true, at(1)), [serve(FIRST, 4)]);
        assert_eq!(page.lost(PipeId(4), at(2)), []);
        assert_eq!((page.served(), page.state()), (0, State::Open));
        assert_eq!(page.knock(SECOND, true, at(3)), [serve(SECOND, 3)]);
        for pipe in [1, 2, 3] {
            assert_eq!(page.closed(PipeId(pipe), at(4)), []);
        }
        // A door that closed still has its knock.
        assert_eq!((page.served(), page.state()), (1, State::Absent));
        assert_eq!(page.ended(SECOND, at(9)), [Action::Close]);
    }

    #[test]
    fn timers_have_ranges() {
        let mut timers = Timers::default();
        assert_eq!(timers.check(), Ok(()));
        timers.knock_hold = Duration::from_secs(111);
        let error = timers.check().unwrap_err();
        assert_eq!(
            error.to_string(),
            "knock-hold must be from 5 to 110 seconds"
        );
    }
}
