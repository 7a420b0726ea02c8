//! One open page, and how far its user has come: welcome, typing, logged in. The server keeps it,
//! the page only shows it.
//!
//! A request must show two secrets: the page's cookie, which no script can read, and its token, which
//! is in the page alone. So a second window of the same browser, a page that was loaded again and a
//! page in the history show nobody's jobs. Both secrets are new after every login and log-out.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use papermesh_protocol::badge::BadgeNumber;
use papermesh_protocol::document_password::DocumentPassword;
use papermesh_protocol::pin::Pin;
use papermesh_protocol::text::UserId;
use papermesh_web::Origin;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::change::Change;
use super::limits;
use super::phone::PhonePairing;
use super::previews::Pictures;
use super::visiting::{At, Print, Seen, SeenBadge, VisitCommand, Visiting};
use crate::pages::{Language, Theme, Token};

/// A page that is open.
pub(super) struct Screen {
    /// In its addresses; no secret.
    pub(super) id: String,
    pub(super) place: PageLocation,
    /// From where its browser asks.
    pub(super) origin: Origin,
    state: Mutex<State>,
    news: watch::Sender<News>,
}

/// Where a page is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PageLocation {
    /// On this computer: the panel's own screen.
    Here,
    /// On another that is a panel as well, such as the printer's own screen.
    Elsewhere,
    /// On a phone that is to be used in place of the panel's own screen.
    Phone,
}

/// Counts what happened to a page that its user did not do there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct News {
    /// The page has to fetch itself anew.
    pub(super) view: u64,
    /// The code that it shows to phones is old.
    pub(super) code: u64,
    /// The phone that is used in its place has more time.
    pub(super) clock: u64,
    /// Somebody came or went.
    session: u64,
}

/// How the page is, and what it shows.
pub(super) struct State {
    pub(super) cookie: Token,
    pub(super) token: Token,
    /// The cookie and the token before somebody came or went last, and when that was.
    former: Option<(Token, Token, Instant)>,
    pub(super) language: Language,
    pub(super) theme: Theme,
    pub(super) stage: Stage,
    /// By which phones come in, on the panel's own screen.
    pub(super) pairing: PhonePairing,
    /// The panel's screen that a phone waits at or is used in place of.
    pub(super) panel: Option<String>,
    /// The secrets are to be new with the next answer: somebody came or went.
    renew: bool,
    /// A login is under way.
    pub(super) logging_in: bool,
    /// The stream of news that the page listens to.
    stream: Option<CancellationToken>,
    /// When the page was last heard of, while it listens to no stream.
    heard: Instant,
}

/// The secrets that a request shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Secrets {
    /// Those that the page has now.
    Present,
    /// Those that it had until somebody came or went: the request was on its way meanwhile.
    Former,
    /// None of these.
    Wrong,
}

/// How far the user has come.
pub(super) enum Stage {
    /// Nobody is there.
    Welcome(Option<(Notice, Instant)>),
    /// Somebody is about to type a PIN.
    Typing {
        who: Typist,
        notice: Option<Notice>,
        since: Instant,
    },
    /// Somebody is logged in.
    Session(Box<Session>),
    /// A phone shows a number, until the same is touched at the panel.
    Waiting { number: u8 },
    /// A phone is used in place of the panel's own screen.
    Lent(Lent),
}

/// What the panel knows of the phone that is used in its place.
pub(super) struct Lent {
    /// The phone's page.
    pub(super) phone: String,
    /// Who is logged in there, and until when.
    pub(super) user: Option<(UserId, Instant)>,
    /// It is not heard of.
    pub(super) away: bool,
}

/// Who types.
#[derive(Clone)]
pub(super) enum Typist {
    /// Types a user id, too.
    Id(Typed),
    /// Showed a badge.
    Badge(BadgeNumber),
}

/// What is known of somebody who types a user id.
#[derive(Clone, Default)]
pub(super) struct Typed {
    /// What was typed before.
    pub(super) user: String,
    /// A badge that was shown before and is nobody's, where users may register theirs.
    pub(super) unknown: Option<BadgeNumber>,
}

/// What a user is told who is not logged in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Notice {
    TimedOut,
    LoggedOut,
    /// The jobs that were chosen are still being printed.
    StillPrinting(usize),
    UnknownBadge,
    /// Nobody has the badge, and whoever logs in now may register it.
    NewBadge,
    /// The badge makes up its number anew each time.
    RandomBadge,
    UnreadBadge,
    NoBadges,
    /// Wrong PIN, unknown user, or nobody could be asked: these are not told apart.
    Refused,
    Wait(Duration),
    /// This is no user id.
    NoUser,
    /// This is no PIN.
    NoPin,
    /// The code that a phone read is used up or too old.
    CodeOver,
    /// Nobody at the panel touched the number that the phone shows.
    NotLetIn,
    /// The phone was not let in.
    PhoneRefused,
}

/// A user who is logged in.
pub(super) struct Session {
    pub(super) visiting: Visiting,
    pub(super) deadline: Instant,
    /// Jobs that the page shows.
    pub(super) shown: usize,
    /// What the page has fetched.
    pub(super) fetched: Fetched,
    pub(super) ask: Option<Ask>,
    pub(super) remark: Option<Remark>,
    /// The user wants to go on with a phone: the page shows a code in place of the list.
    pub(super) moving: bool,
    pub(super) offer: BadgeOffer,
    /// The badge that opened it, and until when it does not end it.
    opened_by: Option<(BadgeNumber, Instant)>,
}

/// Whether the user is to register the unknown badge that was shown before the login. It is asked
/// where the badge was shown, and ends with the session.
pub(super) enum BadgeOffer {
    /// There is none, or none any more.
    None,
    /// The user is asked.
    Made(BadgeNumber),
    /// The user said yes; what comes of it is seen.
    Taken,
}

/// What a page has fetched of what there is to see.
#[derive(Default)]
pub(super) struct Fetched {
    pub(super) list: Seen,
    pub(super) prints: Vec<Print>,
    pub(super) failures: Vec<String>,
    pub(super) badge: SeenBadge,
    pub(super) pictures: Pictures,
}

/// What the user has to decide.
pub(super) struct Ask {
    pub(super) question: Question,
    pub(super) jobs: Vec<u32>,
    pub(super) change: Change,
    pub(super) keep: bool,
    pub(super) pin: Option<Pin>,
    pub(super) password: Option<DocumentPassword>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Question {
    /// Some of the jobs may be on paper already.
    Again,
    /// Some of the jobs have a PIN of their own.
    JobPin,
    /// Some of the documents are locked.
    Password,
}

/// What a user is told who is logged in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Remark {
    NothingChosen,
    BadCopies,
    BadPages,
    TooMuch,
    Gone,
    /// The phone was not let in.
    PhoneRefused,
}

impl Session {
    pub(super) fn new(visiting: Visiting, idle: Duration) -> Self {
        Self {
            visiting,
            deadline: Instant::now() + idle,
            shown: limits::SHOWN,
            fetched: Fetched::default(),
            ask: None,
            remark: None,
            moving: false,
            offer: BadgeOffer::None,
            opened_by: None,
        }
    }

    /// The session was opened by this badge.
    pub(super) fn note_badge(&mut self, badge: BadgeNumber) {
        self.opened_by = Some((badge, Instant::now() + limits::OWN_BADGE));
    }

    /// Whether this badge has just opened the session, and is still in its user's hand.
    pub(super) fn was_just_opened_by(&self, badge: &BadgeNumber) -> bool {
        self.opened_by
            .as_ref()
            .is_some_and(|(own, until)| own == badge && Instant::now() < *until)
    }

    /// What is seen now.
    pub(super) fn seen(&self) -> Seen {
        self.visiting.seen.borrow().clone()
    }

    /// The page fetches the list.
    pub(super) fn fetch_jobs(&mut self) {
        self.fetched.list = self.seen();
    }

    /// The page fetches what is being printed.
    pub(super) fn fetch_prints(&mut self) {
        let seen = self.seen();
        self.fetched.prints = seen.prints;
        self.fetched.failures = seen.failures;
        self.fetched.badge = seen.badge;
    }

    /// The page fetches which pictures there are.
    pub(super) fn fetch_pictures(&mut self) {
        self.fetched.pictures = self.seen().pictures;
    }

    /// Whether the list, what is being printed, and which pictures there are, are others than the
    /// page has fetched.
    pub(super) fn has_news(&self) -> (bool, bool, bool) {
        let (now, list) = (self.visiting.seen.borrow(), &self.fetched.list);
        let jobs = !Arc::ptr_eq(&now.jobs, &list.jobs)
            || !Arc::ptr_eq(&now.missing, &list.missing)
            || now.complete != list.complete
            // What is being printed is not in the list.
            || now.at_work().ne(list.at_work());
        let prints = now.prints != self.fetched.prints
            || now.failures != self.fetched.failures
            || (self.is_offered() && now.badge != self.fetched.badge);
        let pictures = !Arc::ptr_eq(&now.pictures, &self.fetched.pictures);
        (jobs, prints, pictures)
    }

    /// Prints these jobs, once it is known what the user must be asked about them.
    pub(super) fn print(&mut self, wanted: Ask, again: bool) {
        let seen = self.seen();
        let wished: BTreeSet<u32> = wanted.jobs.iter().copied().collect();
        let chosen = || {
            let jobs = seen.jobs.iter();
            jobs.filter(|job| wished.contains(&job.number))
                .map(|job| &job.job.summary)
        };
        if chosen().next().is_none() {
            self.remark = Some(if wanted.jobs.is_empty() {
                Remark::NothingChosen
            } else {
                Remark::Gone
            });
            return;
        }
        let question = if !again && chosen().any(|job| job.may_have_printed) {
            Some(Question::Again)
        } else if wanted.pin.is_none() && chosen().any(|job| job.needs_pin) {
            Some(Question::JobPin)
        } else if wanted.password.is_none() && chosen().any(|job| job.locked) {
            Some(Question::Password)
        } else {
            None
        };
        if let Some(question) = question {
            self.ask = Some(Ask { question, ..wanted });
            return;
        }
        self.command(VisitCommand::Print {
            jobs: wanted.jobs,
            change: Box::new(wanted.change),
            keep: wanted.keep,
            again,
            pin: wanted.pin,
            password: wanted.password,
        });
    }

    /// Whether the user is asked about a badge, or sees what comes of it.
    fn is_offered(&self) -> bool {
        !matches!(self.offer, BadgeOffer::None)
    }

    /// What the user says to the offer, or to what came of it.
    pub(super) fn answer_offer(&mut self, yes: bool) {
        let offer = std::mem::replace(&mut self.offer, BadgeOffer::None);
        if let (BadgeOffer::Made(badge), true) = (offer, yes) {
            self.command(VisitCommand::Bind(badge));
            self.offer = BadgeOffer::Taken;
        }
    }

    pub(super) fn command(&mut self, command: VisitCommand) {
        if !self.visiting.command(command) {
            self.remark = Some(Remark::TooMuch);
        }
    }
}

impl Screen {
    pub(super) fn new(id: String, place: PageLocation, origin: Origin, language: Language) -> Self {
        Self {
            id,
            place,
            origin,
            state: Mutex::new(State {
                cookie: Token::random(),
                token: Token::random(),
                former: None,
                language,
                theme: Theme::default(),
                stage: Stage::Welcome(None),
                pairing: PhonePairing::default(),
                panel: None,
                renew: false,
                logging_in: false,
                stream: None,
                heard: Instant::now(),
            }),
            news: watch::Sender::new(News::default()),
        }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The page has to fetch itself anew.
    pub(super) fn tell(&self) {
        self.news.send_modify(|news| {
            news.view += 1;
            news.session += 1;
        });
    }

    /// Somebody came or went, and the page knows.
    pub(super) fn session_changed(&self) {
        self.news.send_modify(|news| news.session += 1);
    }

    /// The code that the page shows is old.
    pub(super) fn tell_code(&self) {
        self.news.send_modify(|news| news.code += 1);
    }

    /// The phone that is used in place of the page has more time.
    pub(super) fn tell_clock(&self) {
        self.news.send_modify(|news| news.clock += 1);
    }

    pub(super) fn news(&self) -> watch::Receiver<News> {
        self.news.subscribe()
    }

    /// A stream of news begins; the one before ends.
    pub(super) fn listen(self: &Arc<Self>) -> Listening {
        let ended = CancellationToken::new();
        let before = self.state().stream.replace(ended.clone());
        if let Some(before) = before {
            before.cancel();
        }
        Listening {
            screen: Arc::clone(self),
            ended,
        }
    }
}

/// While it exists, the page listens.
pub(super) struct Listening {
    screen: Arc<Screen>,
    /// Another stream took its place, or the page is gone.
    pub(super) ended: CancellationToken,
}

impl Drop for Listening {
    fn drop(&mut self) {
        let mut state = self.screen.state();
        if !self.ended.is_cancelled() {
            state.stream = None;
            state.heard = Instant::now();
        }
    }
}

impl State {
    /// Whether somebody is logged in.
    pub(super) fn is_in_session(&self) -> bool {
        matches!(self.stage, Stage::Session(_))
    }

    pub(super) fn session(&mut self) -> Option<&mut Session> {
        match &mut self.stage {
            Stage::Session(session) => Some(session),
            _ => None,
        }
    }

    /// The page asked for something.
    pub(super) fn touch(&mut self) {
        self.heard = Instant::now();
    }

    /// Whether a page listens.
    pub(super) fn is_listening(&self) -> bool {
        self.stream.is_some()
    }

    /// Whether the page is closed, by all that can be seen. A phone that is used at a panel sleeps at
    /// times, and is waited for.
    pub(super) fn is_gone(&self, now: Instant) -> bool {
        self.is_unheard(
            now,
            match self.panel {
                Some(_) => limits::PHONE_AWAY,
                None => limits::SCREEN_GONE,
            },
        )
    }

    /// Whether it is a phone's page that is missed at the panel.
    pub(super) fn is_away(&self, now: Instant) -> bool {
        self.is_unheard(now, limits::PHONE_MISSED)
    }

    fn is_unheard(&self, now: Instant, patience: Duration) -> bool {
        !self.is_listening() && now.duration_since(self.heard) > patience
    }

    /// Whether the page is one that shows a code to phones: nobody is there, or somebody wants to go
    /// on with a phone.
    pub(super) fn shows_code(&self, place: PageLocation) -> bool {
        let wanted = match &self.stage {
            Stage::Welcome(_) => true,
            Stage::Session(session) => session.moving,
            _ => false,
        };
        place == PageLocation::Here && wanted && self.pairing.guest().is_none()
    }

    /// Somebody is let in.
    pub(super) fn enter(&mut self, visiting: Visiting, idle: Duration) {
        self.stage = Stage::Session(Box::new(Session::new(visiting, idle)));
        self.rotate_secrets();
    }

    /// Somebody came or went: the secrets are to be new, and whatever was shown to phones is over.
    pub(super) fn rotate_secrets(&mut self) {
        self.pairing.shut();
        self.renew = true;
    }

    /// Nobody is there, or there any more.
    pub(super) fn end(&mut self, notice: Option<Notice>) {
        self.stage = Stage::Welcome(notice.map(|notice| (notice, Instant::now())));
        self.rotate_secrets();
    }

    /// Whoever is there goes, or goes back.
    pub(super) fn leave_or_back(&mut self) {
        if self.is_in_session() {
            self.leave(false);
        } else {
            self.end(None);
        }
    }

    /// Nobody is there any more; what the page knew is forgotten.
    pub(super) fn leave(&mut self, timed_out: bool) {
        let printing = self.session().map_or(0, |session| session.still_printing());
        let notice = match printing {
            0 if timed_out => Notice::TimedOut,
            0 => Notice::LoggedOut,
            printing => Notice::StillPrinting(printing),
        };
        self.end(Some(notice));
    }

    /// New secrets for the next answer, if somebody came or went; says whether they are new.
    pub(super) fn renewed(&mut self) -> bool {
        let renew = std::mem::take(&mut self.renew);
        if renew {
            let cookie = std::mem::replace(&mut self.cookie, Token::random());
            let token = std::mem::replace(&mut self.token, Token::random());
            self.former = Some((cookie, token, Instant::now()));
        }
        renew
    }

    /// Whose secrets these are. Former ones are told apart for [`limits::ON_ITS_WAY`]: a page that still
    /// shows them then never had its answer, and is to begin anew.
    pub(super) fn judge(&self, cookie: &str, token: &str) -> Secrets {
        let former = self.former.as_ref();
        let former = former.filter(|(_, _, at)| at.elapsed() < limits::ON_ITS_WAY);
        let former = former.is_some_and(|(c, t, _)| c.is(cookie) & t.is(token));
        match self.cookie.is(cookie) & self.token.is(token) {
            true => Secrets::Present,
            false if former => Secrets::Former,
            false => Secrets::Wrong,
        }
    }

    /// The page is closed for good.
    pub(super) fn close(&mut self) {
        if let Some(stream) = self.stream.take() {
            stream.cancel();
        }
        self.stage = Stage::Welcome(None);
        self.pairing.shut();
    }

    /// What time changes; says whether the page has to hear of it.
    pub(super) fn pass_time(&mut self, now: Instant) -> bool {
        match &mut self.stage {
            Stage::Session(session) if now >= session.deadline => {
                self.leave(true);
                true
            }
            Stage::Typing { since, .. }
                if now.duration_since(*since) > limits::TYPING && !self.logging_in =>
            {
                self.stage = Stage::Welcome(None);
                true
            }
            Stage::Welcome(notice @ Some(_)) => {
                let over = notice
                    .as_ref()
                    .is_some_and(|(_, at)| now.duration_since(*at) > limits::FAREWELL);
                if over {
                    *notice = None;
                }
                over
            }
            _ => false,
        }
    }
}

impl Session {
    fn still_printing(&self) -> usize {
        let seen = self.visiting.seen.borrow();
        let prints = seen.prints.iter();
        prints
            .filter(|print| !matches!(print.at, At::Ended { .. }))
            .count()
    }
}

/// A user id as it was typed, if it is one.
pub(super) fn user_id(typed: &str) -> Option<UserId> {
    typed.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_request_that_was_on_its_way_when_somebody_came_is_told_apart() {
        let screen = Screen::new(
            String::new(),
            PageLocation::Here,
            Origin::Here,
            Language::English,
        );
        let mut secrets = Vec::new();
        let mut shown = |state: &State| secrets.push((state.cookie.text(), state.token.text()));
        shown(&screen.state());
        for _ in 0..2 {
            let mut state = screen.state();
            state.rotate_secrets();
            assert!(state.renewed());
            shown(&state);
        }
        let judged: Vec<Secrets> = (secrets.iter())
            .map(|(cookie, token)| screen.state().judge(cookie, token))
            .collect();
        assert_eq!(judged, [Secrets::Wrong, Secrets::Former, Secrets::Present]);
        let (old, new) = (&secrets[1], &secrets[2]);
        tokio::time::advance(limits::ON_ITS_WAY).await;
        let state = screen.state();
        assert_eq!(state.judge(&old.0, &old.1), Secrets::Wrong);
        assert_eq!(state.judge(&new.0, &new.1), Secrets::Present);
        for mixed in [(&old.0, &new.1), (&new.0, &old.1)] {
            assert_eq!(state.judge(mixed.0, mixed.1), Secrets::Wrong);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_phone_at_a_panel_is_waited_for_and_no_other_page() {
        let open = |place, panel: Option<&str>| {
            let screen = Arc::new(Screen::new(
                String::new(),
                place,
                Origin::Here,
                Language::English,
            ));
            screen.state().panel = panel.map(str::to_owned);
            screen
        };
        let (own, stranger) = (
            open(PageLocation::Here, None),
            open(PageLocation::Phone, None),
        );
        let phone = open(PageLocation::Phone, Some("panel"));
        let all = [&own, &stranger, &phone];
        let gone = || all.map(|screen| screen.state().is_gone(Instant::now()));
        let listening = all.map(Screen::listen);
        tokio::time::advance(2 * limits::PHONE_AWAY).await;
        assert_eq!(gone(), [false; 3]);
        assert!(!phone.state().is_away(Instant::now()));
        drop(listening);
        tokio::time::advance(limits::SCREEN_GONE + limits::SWEEP).await;
        assert_eq!(gone(), [true, true, false]);
        assert!(phone.state().is_away(Instant::now()));
        // It is back, and away once more.
        drop(phone.listen());
        assert!(!phone.state().is_away(Instant::now()));
        tokio::time::advance(limits::PHONE_AWAY).await;
        assert!(!gone()[2]);
        tokio::time::advance(limits::SWEEP).await;
        assert!(gone()[2]);
    }
}
