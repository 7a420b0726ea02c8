//! Whatever happens at a place in whatever order: every knock is answered once and in time, by a
//! door that is there; no door is sent away that is used, and nobody can have doors woken too often.

use core::time::Duration;

use papermesh_protocol::gateway::page::{Action, KnockId, Mode, Page, PipeId, State, Timers};
use papermesh_protocol::limits;
use papermesh_protocol::time::Timestamp;
use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_oneof, proptest};
use proptest::sample::{Index, select};

const HOUR: Duration = Duration::from_secs(3600);

/// As the page promises.
const MOST_ACTIONS: usize = limits::KNOCKS_HELD + limits::DOORS;

/// What happens at the place.
#[derive(Clone, Debug)]
enum Event {
    Knocks(usize),
    /// A knock is over, or whoever knocked leaves.
    End(Index),
    Open(u64),
    Shut(u64),
    Lose(u64),
    /// From now on the limits of the site allow wakes, or do not.
    Site(bool),
    Wait(Duration),
}

fn event() -> impl Strategy<Value = Event> {
    let pipe = || 0..6_u64;
    let knocks = prop_oneof![20 => Just(1_usize), 2 => 2..20_usize, 1 => Just(150)];
    let wait = prop_oneof![
        6 => 0..20_000_u64,
        4 => 20_000..100_000_u64,
        1 => 100_000..4_000_000_u64,
    ];
    prop_oneof![
        6 => knocks.prop_map(Event::Knocks),
        4 => any::<Index>().prop_map(Event::End),
        3 => pipe().prop_map(Event::Open),
        1 => pipe().prop_map(Event::Shut),
        2 => pipe().prop_map(Event::Lose),
        1 => any::<bool>().prop_map(Event::Site),
        6 => wait.prop_map(|millis| Event::Wait(Duration::from_millis(millis))),
    ]
}

fn mode() -> impl Strategy<Value = Mode> {
    select(vec![
        Mode::Constant,
        Mode::WakeByGateway,
        Mode::WakeByGateway,
        Mode::WakeByClient,
    ])
}

fn timers() -> impl Strategy<Value = Timers> {
    let secs = Duration::from_secs;
    let own = (5..=110_u64, 5..=900_u64, 5..=900_u64, 10..=300_u64, 0..6_u8).prop_map(
        move |(hold, wait, linger, spacing, wakes_per_hour)| Timers {
            knock_hold: secs(hold),
            knock_wait: secs(wait),
            linger: secs(linger),
            wake_spacing: secs(spacing),
            wakes_per_hour,
        },
    );
    prop_oneof![Just(Timers::default()), own]
}

/// What became of a knock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Held,
    Served(PipeId),
    /// It was served, and is over.
    Over,
    Alerted,
    Refused,
    /// Whoever knocked left before there was an answer.
    Left,
}

/// A gateway that does what its page says, and what is true outside of the page.
struct Gateway {
    page: Page,
    mode: Mode,
    timers: Timers,
    /// Whether ticks come when they are due.
    is_punctual: bool,
    now: Timestamp,
    may_wake: bool,
    /// Whether a knock or a tick was ever told that the site allows no wake.
    was_forbidden: bool,
    knocks: Vec<(Timestamp, Fate)>,
    /// Doors that have the place open, the newest last.
    doors: Vec<PipeId>,
    wakes: Vec<Timestamp>,
    /// Whether a wake was sent since the last door left, and not taken back.
    is_woken: bool,
    /// Whether the page was to be dropped after what happened last.
    is_closed: bool,
}

impl Gateway {
    fn new(mode: Mode, timers: Timers, is_punctual: bool) -> Self {
        assert_eq!(timers.check(), Ok(()));
        Self {
            page: Page::new(mode, timers),
            mode,
            timers,
            is_punctual,
            now: Timestamp::from_secs(1_000_000),
            may_wake: true,
            was_forbidden: false,
            knocks: Vec::new(),
            doors: Vec::new(),
            wakes: Vec::new(),
            is_woken: false,
            is_closed: false,
        }
    }

    fn count(&self, is: impl Fn(Fate) -> bool) -> usize {
        self.knocks.iter().filter(|(_, fate)| is(*fate)).count()
    }

    fn held(&self) -> usize {
        self.count(|fate| fate == Fate::Held)
    }

    fn served(&self) -> usize {
        self.count(|fate| matches!(fate, Fate::Served(_)))
    }

    fn happens(&mut self, event: &Event) {
        match event {
            Event::Knocks(count) => (0..*count).for_each(|_| self.knock()),
            Event::End(at) if !self.knocks.is_empty() => self.end(at.index(self.knocks.len())),
            Event::End(_) => {}
            Event::Open(pipe) => self.open(PipeId(*pipe)),
            Event::Shut(pipe) => {
                self.doors.retain(|door| door.0 != *pipe);
                let actions = self.page.closed(PipeId(*pipe), self.now);
                self.carry_out(actions);
            }
            Event::Lose(pipe) => self.lose(PipeId(*pipe)),
            Event::Site(may_wake) => self.may_wake = *may_wake,
            Event::Wait(time) => self.wait(*time),
        }
    }

    fn knock(&mut self) {
        let expected = match self.mode {
            _ if !self.doors.is_empty() && self.served() < limits::KNOCKS_SERVED => {
                Fate::Served(self.doors[self.doors.len() - 1])
            }
            Mode::Constant => Fate::Refused,
            _ if self.doors.is_empty() && self.held() < limits::KNOCKS_HELD => Fate::Held,
            _ => Fate::Refused,
        };
        let number = self.knocks.len();
        self.knocks.push((self.now, Fate::Held));
        self.was_forbidden |= !self.may_wake;
        let knock = KnockId(number as u64);
        let actions = self.page.knock(knock, self.may_wake, self.now);
        self.carry_out(actions);
        if self.is_punctual {
            assert_eq!(self.knocks[number].1, expected);
        }
    }

    fn end(&mut self, number: usize) {
        let fate = &mut self.knocks[number].1;
        *fate = match *fate {
            Fate::Held => Fate::Left,
            Fate::Served(_) => Fate::Over,
            other => other,
        };
        let actions = self.page.ended(KnockId(number as u64), self.now);
        self.carry_out(actions);
    }

    fn open(&mut self, pipe: PipeId) {
        let is_new = !self.doors.contains(&pipe);
        let is_full = self.doors.len() >= limits::DOORS;
        let Ok(actions) = self.page.opened(pipe, self.now) else {
            assert!(is_new && is_full, "a door was sent away");
            return;
        };
        assert!(!(is_new && is_full), "a door too many");
        // Whatever was over before it came is said first; serving it comes after.
        let serves = |action: &Action| matches!(action, Action::Serve { .. } | Action::Refuse(_));
        let at = actions.iter().position(serves).unwrap_or(actions.len());
        let (before, after) = actions.split_at(at);
        self.carry_out_all(before);
        if !self.doors.contains(&pipe) {
            self.doors.push(pipe);
        }
        self.is_woken = false;
        self.carry_out(after.to_vec());
    }

    fn lose(&mut self, pipe: PipeId) {
        self.doors.retain(|door| *door != pipe);
        for (_, fate) in &mut self.knocks {
            if *fate == Fate::Served(pipe) {
                *fate = Fate::Over;
            }
        }
        let actions = self.page.lost(pipe, self.now);
        self.carry_out(actions);
    }

    /// Time passes, with ticks when they are due or only at its end.
    fn wait(&mut self, time: Duration) {
        let until = self.now + time;
        while let Some(due) = self.page.due().filter(|due| *due <= until) {
            self.now = if self.is_punctual { due } else { until };
            self.tick();
            assert!(self.page.due() > Some(self.now) || self.page.due().is_none());
        }
        self.now = until;
    }

    fn tick(&mut self) {
        self.was_forbidden |= !self.may_wake;
        let actions = self.page.tick(self.may_wake, self.now);
        self.carry_out(actions);
    }

    fn carry_out(&mut self, actions: Vec<Action>) {
        self.carry_out_all(&actions);
        self.nothing_is_amiss();
    }

    fn carry_out_all(&mut self, actions: &[Action]) {
        assert!(actions.len() <= MOST_ACTIONS);
        self.is_closed = actions.last() == Some(&Action::Close);
        for action in actions {
            assert!(*action != Action::Close || self.is_closed, "not the last");
            match *action {
                Action::Serve { knock, pipe } => {
                    assert_eq!(self.doors.last(), Some(&pipe), "not the newest door");
                    self.answer(knock, Fate::Served(pipe));
                }
                Action::Alert(knock) => {
                    assert_ne!(self.mode, Mode::Constant);
                    self.answer(knock, Fate::Alerted);
                }
                Action::Refuse(knock) => self.answer(knock, Fate::Refused),
                Action::Wake => self.wake(),
                Action::CancelWake => {
                    assert!(self.is_woken && self.doors.is_empty());
                    let now = self.now;
                    let waited = |(since, fate): &(_, _)| *fate == Fate::Held && *since < now;
                    assert!(!self.knocks.iter().any(waited), "somebody waits");
                    self.is_woken = false;
                }
                Action::Done(pipe) => {
                    assert_ne!(self.mode, Mode::Constant);
                    assert_eq!(self.served(), 0, "a door was sent away that is used");
                    assert!(self.doors.contains(&pipe));
                    self.doors.retain(|door| *door != pipe);
                }
                Action::Close => {
                    assert!(self.doors.is_empty() && !self.is_woken);
                    assert_eq!((self.held(), self.served()), (0, 0));
                    let last = self.wakes.last();
                    assert!(last.is_none_or(|last| self.now.since(*last) >= HOUR));
                }
            }
        }
    }

    fn answer(&mut self, knock: KnockId, answer: Fate) {
        let (since, fate) = &mut self.knocks[usize::try_from(knock.0).unwrap()];
        assert_eq!(*fate, Fate::Held, "answered twice");
        *fate = answer;
        if self.is_punctual {
            assert!(self.now.since(*since) <= self.timers.knock_hold);
        }
    }

    fn wake(&mut self) {
        assert_eq!(self.mode, Mode::WakeByGateway);
        assert!(self.may_wake && self.doors.is_empty());
        let last = self.wakes.last();
        assert!(last.is_none_or(|last| self.now.since(*last) >= self.timers.wake_spacing));
        self.wakes.push(self.now);
        self.is_woken = true;
        assert!(self.wakes_lately() <= usize::from(self.timers.wakes_per_hour));
    }

    /// Whether the gateway wakes doors, and was allowed to whenever it could.
    fn wakes_itself(&self) -> bool {
        self.mode == Mode::WakeByGateway && !self.was_forbidden
    }

    fn wakes_lately(&self) -> usize {
        let lately = |wake: &&Timestamp| self.now.since(**wake) < HOUR;
        self.wakes.iter().filter(lately).count()
    }

    /// What holds whenever all was done that the page said.
    fn nothing_is_amiss(&self) {
        assert_eq!(self.page.served(), self.served());
        assert!(self.served() <= limits::KNOCKS_SERVED);
        assert!(self.held() <= limits::KNOCKS_HELD);
        let is_open = matches!(self.page.state(), State::Open | State::Idle);
        assert_eq!(is_open, !self.doors.is_empty());
        if is_open {
            assert_eq!(self.held(), 0, "a knock waits though there is a door");
        }
        if self.is_punctual && self.held() > 0 && self.wakes_itself() {
            let is_spaced = self
                .wakes
                .last()
                .is_none_or(|last| self.now.since(*last) >= self.timers.wake_spacing);
            let is_allowed =
                is_spaced && self.wakes_lately() < usize::from(self.timers.wakes_per_hour);
            assert!(self.is_woken || !is_allowed, "a knock waits for nobody");
        }
    }

    /// All doors leave and nobody knocks any more: nothing is left behind.
    fn everybody_goes(mut self) {
        for pipe in self.doors.clone() {
            self.lose(pipe);
        }
        for number in 0..self.knocks.len() {
            if matches!(self.knocks[number].1, Fate::Served(_)) {
                self.end(number);
            }
        }
        self.wait(HOUR * 3);
        self.tick();
        assert!(self.is_closed && self.page.due().is_none());
        assert_eq!(self.page.state(), State::Absent);
        assert_eq!(self.held(), 0, "a knock was never answered");
    }
}

proptest! {
    #[test]
    fn every_knock_is_answered_once_and_in_time(
        mode in mode(),
        timers in timers(),
        events in vec(event(), 0..80),
    ) {
        let mut gateway = Gateway::new(mode, timers, true);
        events.iter().for_each(|event| gateway.happens(event));
        gateway.everybody_goes();
    }

    #[test]
    fn a_driver_that_comes_late_does_nothing_wrong(
        mode in mode(),
        timers in timers(),
        events in vec(event(), 0..80),
    ) {
        let mut gateway = Gateway::new(mode, timers, false);
        for event in &events {
            match event {
                // Nobody looks at the clock, and the next event comes first.
                Event::Wait(time) => gateway.now = gateway.now + *time,
                event => gateway.happens(event),
            }
        }
        gateway.everybody_goes();
    }
}

#[test]
fn knock_door_and_loss_may_come_in_any_order() {
    let pipe = PipeId(1);
    let (knock, open, lose) = (Event::Knocks(1), Event::Open(1), Event::Lose(1));
    for mode in [Mode::WakeByGateway, Mode::WakeByClient, Mode::Constant] {
        // Where doors are always connected, none is waited for.
        let waited = |fate| {
            if mode == Mode::Constant {
                Fate::Refused
            } else {
                fate
            }
        };
        for (order, fate, state) in [
            ([&knock, &open, &lose], waited(Fate::Over), State::Absent),
            (
                [&knock, &lose, &open],
                waited(Fate::Served(pipe)),
                State::Open,
            ),
            ([&open, &knock, &lose], Fate::Over, State::Absent),
            ([&open, &lose, &knock], waited(Fate::Held), State::Waiting),
            (
                [&lose, &knock, &open],
                waited(Fate::Served(pipe)),
                State::Open,
            ),
            ([&lose, &open, &knock], Fate::Served(pipe), State::Open),
        ] {
            let mut gateway = Gateway::new(mode, Timers::default(), true);
            for event in order {
                gateway.happens(event);
                gateway.wait(Duration::from_secs(2));
            }
            assert_eq!(gateway.knocks[0].1, fate, "{mode:?} {order:?}");
            let state = match state {
                State::Waiting if mode == Mode::Constant => State::Absent,
                state => state,
            };
            assert_eq!(gateway.page.state(), state, "{mode:?} {order:?}");
            gateway.wait(limits::KNOCK_HOLD);
            let answered = if fate == Fate::Held {
                Fate::Alerted
            } else {
                fate
            };
            assert_eq!(gateway.knocks[0].1, answered, "{mode:?} {order:?}");
            gateway.everybody_goes();
        }
    }
}
