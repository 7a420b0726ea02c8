//! The panel's own screen and a phone that is used in its place: two pages, of which each knows the
//! other's id. What happens at one happens to both.
//!
//! The panel shows what its phone is at, never what it shows: a passer-by sees a name and a clock, and
//! no titles. A phone sleeps at times; it is waited for, and nobody at the panel has what it has meanwhile,
//! but anybody there can end it. Where the states of both are held at once, the panel's comes first.

use std::sync::Arc;

use tokio::time::Instant;

use super::phone::{Passed, Touched};
use super::screen::{
    BadgeOffer, Lent, Notice, PageLocation, Remark, Screen, Stage, State, Typed, Typist,
};
use super::{PanelServer, limits};

/// What a page has to hear of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Change {
    None,
    Clock,
    All,
}

/// A phone shows the secret of a code that it read from the panel's screen.
pub(super) fn knock(server: &PanelServer, phone: &Screen, secret: &str) {
    let now = Instant::now();
    let all = server.screens.all();
    let panels = all
        .iter()
        .filter(|screen| screen.place == PageLocation::Here);
    for panel in panels {
        let (mut at_panel, mut at_phone) = (panel.state(), phone.state());
        if !at_phone.is_outside(phone) {
            return;
        }
        if !at_panel.shows_code(panel.place) || !at_panel.is_listening() {
            continue;
        }
        let random = &mut rand::rng();
        if let Some(number) = at_panel.pairing.knock(secret, &phone.id, now, random) {
            at_phone.stage = Stage::Waiting { number };
            at_phone.panel = Some(panel.id.clone());
            drop((at_panel, at_phone));
            panel.tell();
            return;
        }
    }
    let mut at_phone = phone.state();
    if at_phone.is_outside(phone) {
        at_phone.end(Some(Notice::CodeOver));
    }
}

/// Somebody at the panel touched a number, or said that the phone is not theirs.
pub(super) fn touch(server: &PanelServer, panel: &Screen, number: Option<u8>) {
    let Some(phone) = guest(server, panel) else {
        return;
    };
    let now = Instant::now();
    let (mut at_panel, mut at_phone) = (panel.state(), phone.state());
    if !belong(panel, &at_panel, &phone, &at_phone) {
        return;
    }
    match at_panel.pairing.touch(number, now) {
        Some(Touched::Right) => {
            let lent = Stage::Lent(Lent {
                phone: phone.id.clone(),
                user: None,
                away: false,
            });
            let before = std::mem::replace(&mut at_panel.stage, lent);
            at_phone.stage = match before {
                Stage::Session(mut session) => {
                    session.moving = false;
                    // A badge is registered where it was shown.
                    session.offer = BadgeOffer::None;
                    session.deadline = now + server.idle;
                    Stage::Session(session)
                }
                _ => Stage::Typing {
                    who: Typist::Id(Typed::default()),
                    notice: None,
                    since: now,
                },
            };
            at_panel.rotate_secrets();
            at_phone.rotate_secrets();
            follow(&mut at_panel, &at_phone, now);
        }
        Some(Touched::Wrong) => {
            not_let_in(&mut at_panel, Some(Notice::PhoneRefused));
            at_phone.detach(Notice::NotLetIn);
        }
        None => return,
    }
    drop((at_panel, at_phone));
    phone.tell();
}

/// Whoever is at the panel goes, and whoever uses a phone there.
pub(super) fn leave(server: &PanelServer, panel: &Screen) {
    let phone = guest(server, panel);
    let mut at_panel = panel.state();
    let Some(phone) = phone else {
        at_panel.leave_or_back();
        return;
    };
    let mut at_phone = phone.state();
    if !belong(panel, &at_panel, &phone, &at_phone) {
        at_panel.leave_or_back();
        return;
    }
    at_phone.leave_or_back();
    at_phone.panel = None;
    let notice = at_phone.notice();
    match at_panel.stage {
        Stage::Lent(_) => at_panel.end(notice),
        _ => at_panel.leave_or_back(),
    }
    drop((at_panel, at_phone));
    phone.tell();
}

/// Lets a panel know what its phone is at, and ends at one what has ended at the other. Either of
/// the two may be given; a page that has no other is left alone.
pub(super) fn settle(server: &PanelServer, screen: &Arc<Screen>) {
    let other = {
        let state = screen.state();
        let other = match screen.place {
            PageLocation::Phone => state.panel.as_deref(),
            _ => state.guest(),
        };
        other.map(str::to_owned)
    };
    let Some(other) = other.map(|other| server.screens.get(&other)) else {
        return;
    };
    match (screen.place, other) {
        (PageLocation::Phone, Some(panel)) => agree(&panel, screen),
        (PageLocation::Phone, None) => {
            screen.state().detach(Notice::LoggedOut);
            screen.tell();
        }
        (_, Some(phone)) => agree(screen, &phone),
        (_, None) => {
            without_phone(&mut screen.state(), Some(Notice::LoggedOut));
            screen.tell();
        }
    }
}

/// What time changes in all pairings, and what was not heard of at once.
pub(super) fn pass_time(server: &PanelServer) {
    let now = Instant::now();
    for screen in server.screens.all() {
        let passed = screen.state().pairing.pass_time(now);
        match passed {
            // Who waits learns it when the two are settled.
            Some(Passed::NobodyAnswered) => {
                not_let_in(&mut screen.state(), None);
                screen.tell();
            }
            Some(Passed::OldCode) => screen.tell_code(),
            None => {}
        }
        settle(server, &screen);
    }
}

/// The page of the phone that a panel has to do with.
fn guest(server: &PanelServer, panel: &Screen) -> Option<Arc<Screen>> {
    let phone = panel.state().guest()?.to_owned();
    server.screens.get(&phone)
}

fn belong(panel: &Screen, at_panel: &State, phone: &Screen, at_phone: &State) -> bool {
    at_panel.guest() == Some(&phone.id) && at_phone.panel.as_deref() == Some(&panel.id)
}

fn agree(panel: &Screen, phone: &Screen) {
    let (mut at_panel, mut at_phone) = (panel.state(), phone.state());
    let (mut told, mut detached) = (Change::None, false);
    if belong(panel, &at_panel, phone, &at_phone) {
        let together = match (&at_panel.stage, &at_phone.stage) {
            (Stage::Lent(_), Stage::Typing { .. } | Stage::Session(_)) => true,
            (Stage::Lent(_), _) => false,
            (_, stage) => matches!(stage, Stage::Waiting { .. }),
        };
        if together {
            told = follow(&mut at_panel, &at_phone, Instant::now());
        } else {
            detached = at_phone.detach(Notice::LoggedOut);
            without_phone(&mut at_panel, at_phone.notice());
            told = Change::All;
        }
    } else if at_phone.panel.as_deref() == Some(&panel.id) {
        detached = at_phone.detach(Notice::NotLetIn);
    } else if at_panel.guest() == Some(&phone.id) {
        without_phone(&mut at_panel, None);
        told = Change::All;
    }
    drop((at_panel, at_phone));
    match told {
        Change::None => {}
        Change::Clock => panel.tell_clock(),
        Change::All => panel.tell(),
    }
    if detached {
        phone.tell();
    }
}

/// The panel shows what its phone is at; says what of it is new.
fn follow(at_panel: &mut State, at_phone: &State, now: Instant) -> Change {
    let Stage::Lent(lent) = &mut at_panel.stage else {
        return Change::None;
    };
    let user = match &at_phone.stage {
        Stage::Session(session) => Some((session.visiting.user.clone(), session.deadline)),
        _ => None,
    };
    let away = at_phone.is_away(now);
    let change = match (&lent.user, &user) {
        _ if away != lent.away => Change::All,
        (Some((before, until)), Some((user, deadline))) if before == user => {
            // The page counts by itself; it is told when that is too far off.
            if deadline.saturating_duration_since(*until) < limits::CLOCK_OFF {
                return Change::None;
            }
            Change::Clock
        }
        (None, None) => Change::None,
        _ => Change::All,
    };
    lent.user = user;
    lent.away = away;
    change
}

/// A phone is not let in: whoever is at the panel goes on there.
fn not_let_in(at_panel: &mut State, notice: Option<Notice>) {
    at_panel.pairing.shut();
    match &mut at_panel.stage {
        Stage::Welcome(said) => *said = notice.map(|notice| (notice, Instant::now())),
        Stage::Session(session) => {
            session.moving = false;
            session.remark = notice.map(|_| Remark::PhoneRefused);
        }
        _ => {}
    }
}

/// The phone is gone.
fn without_phone(at_panel: &mut State, notice: Option<Notice>) {
    match at_panel.stage {
        Stage::Lent(_) => at_panel.end(notice),
        _ => not_let_in(at_panel, None),
    }
}

impl State {
    /// The page of the phone that waits at this screen or is used in its place.
    pub(super) fn guest(&self) -> Option<&str> {
        match &self.stage {
            Stage::Lent(lent) => Some(&lent.phone),
            _ => self.pairing.guest(),
        }
    }

    /// Whether it is a phone's page that has to do with no panel.
    fn is_outside(&self, phone: &Screen) -> bool {
        phone.place == PageLocation::Phone
            && self.panel.is_none()
            && matches!(self.stage, Stage::Welcome(_))
    }

    /// What is said to whoever is not there any more.
    fn notice(&self) -> Option<Notice> {
        match &self.stage {
            Stage::Welcome(notice) => notice.as_ref().map(|(notice, _)| *notice),
            _ => None,
        }
    }

    /// A phone has to do with the panel no more; says whether it shows something else now.
    fn detach(&mut self, why: Notice) -> bool {
        self.panel = None;
        let inside = !matches!(self.stage, Stage::Welcome(_));
        match self.stage {
            Stage::Welcome(_) => {}
            Stage::Session(_) => self.leave(false),
            _ => self.end(Some(why)),
        }
        inside
    }
}
