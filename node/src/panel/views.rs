//! From what the panel knows to what its pages show. Everything that is text of others (titles, names,
//! a device's words) is escaped by the templates.
//!
//! - `phone`: what phones show, and what the panel shows of them

mod phone;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::time::Duration;

use askama::Template;
use fluent_bundle::FluentValue;
use papermesh_device::StateReason;
use papermesh_protocol::time::Timestamp;
use papermesh_services::printer::{Ending, HolderTrouble, ReleaseStep};
use tokio::time::Instant;

use super::change::{self, Offered};
use super::fair;
use super::reception::Device;
use super::screen::{
    BadgeOffer, Notice, PageLocation, Question, Remark, Session, Stage, State, Typist,
};
use super::visiting::{At, Binding, Print, SeenJob};
use crate::pages::describe::{Moment, age, facts, moment};
use crate::pages::{self, Language, Theme, Words};

/// The whole page: a frame around [`App`].
#[derive(Template)]
#[template(path = "page.html")]
struct Page<'a> {
    t: &'a Words,
    language: Language,
    theme: Theme,
    screen: &'a str,
    version: &'static str,
    title: String,
    app: String,
}

/// What is in the frame: all that a user sees.
#[derive(Template)]
#[template(path = "app.html")]
struct App<'a> {
    t: &'a Words,
    base: String,
    token: String,
    language: Language,
    theme: Theme,
    languages: [Language; 6],
    themes: [(Theme, &'static str); 4],
    site: String,
    printer: String,
    version: &'static str,
    body: String,
    in_session: bool,
    /// It is waited for while it is away: a phone.
    can_wait: bool,
}

#[derive(Template)]
#[template(path = "welcome.html")]
struct Welcome<'a> {
    t: &'a Words,
    base: &'a str,
    version: &'static str,
    reader: bool,
    notice: Option<Said>,
    device: Vec<Trouble>,
    ready: Said,
    /// For phones.
    code: Option<String>,
}

#[derive(Template)]
#[template(path = "typing.html")]
struct Typing<'a> {
    t: &'a Words,
    base: &'a str,
    version: &'static str,
    badge: bool,
    user: String,
    notice: Option<Said>,
    on_screen_keys: bool,
    is_phone: bool,
}

#[derive(Template)]
#[template(path = "session.html")]
struct InSession<'a> {
    t: &'a Words,
    base: &'a str,
    version: &'static str,
    user: String,
    clock: String,
    /// The user can go on with a phone.
    can_move: bool,
    prints: String,
    jobs: String,
    pictures: String,
    /// How the jobs may be printed otherwise than they were submitted.
    choices: Vec<Offered>,
}

#[derive(Template)]
#[template(path = "clock.html")]
struct Clock<'a> {
    t: &'a Words,
    base: &'a str,
    left: u128,
    whole: u128,
    /// Whoever touches the page has more time; if not, it is a phone's clock.
    can_stay: bool,
}

#[derive(Template)]
#[template(path = "jobs.html")]
struct Jobs<'a> {
    t: &'a Words,
    base: &'a str,
    version: &'static str,
    rows: Vec<Row>,
    total: usize,
    count: String,
    more: Option<String>,
    complete: bool,
    /// Neither here nor at work nor out of reach.
    nothing: bool,
    missing: Vec<Said>,
    asking: Vec<String>,
}

/// Which pictures there are, for the page's script: it fetches them with the page's token.
#[derive(Template)]
#[template(path = "pictures.html")]
struct Pictures {
    numbers: Vec<u32>,
}

#[derive(Template)]
#[template(path = "prints.html")]
struct Prints<'a> {
    t: &'a Words,
    base: &'a str,
    version: &'static str,
    ask: Option<Asked>,
    remark: Option<Said>,
    /// The user is asked whether to register a badge.
    offer: bool,
    /// What came of it.
    badge: Option<Said>,
    /// The panel's own keys are there for whoever has no others.
    on_screen_keys: bool,
    cards: Vec<Card>,
    failures: Vec<String>,
}

/// Something that is said, and how it looks.
struct Said {
    kind: &'static str,
    icon: &'static str,
    text: String,
    /// A moment that the text ends with, such as when somebody was last seen.
    at: Option<Moment>,
}

/// What is the matter with the device.
struct Trouble {
    icon: &'static str,
    text: String,
}

/// A job in the list.
struct Row {
    number: u32,
    title: String,
    facts: String,
    age: String,
    holder: Option<String>,
    until: Moment,
    expires_soon: bool,
    protected: bool,
    may_have_printed: bool,
    leased: bool,
    needs_pin: bool,
    /// Its PIN was not proven yet.
    locked: bool,
    /// Its document is locked.
    needs_password: bool,
}

/// A job that is being printed or was.
struct Card {
    number: u32,
    job: u32,
    title: String,
    kind: &'static str,
    icon: &'static str,
    text: String,
    detail: Option<String>,
    percent: Option<u8>,
    troubles: Vec<Trouble>,
    can_cancel: bool,
    ended: bool,
    doubtful: bool,
}

struct Asked {
    /// What is to be typed.
    secret: Option<Secret>,
    title: String,
    text: String,
}

/// A secret that is asked for before a job is printed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Secret {
    Pin,
    Password,
}

/// What pages have in common.
pub(super) struct Frame<'a> {
    /// The page's id.
    pub(super) screen: &'a str,
    /// Where it is open.
    pub(super) place: PageLocation,
    /// There is a badge reader.
    pub(super) reader: bool,
    /// Where a phone finds its page, on a screen that is for phones to read.
    pub(super) phones: Option<String>,
    /// Of the site and of the printer.
    pub(super) names: (String, String),
    pub(super) device: Device,
    pub(super) now: Timestamp,
    pub(super) idle: Duration,
}

impl Frame<'_> {
    fn base(&self) -> String {
        format!("/screens/{}", self.screen)
    }

    /// The whole page.
    pub(super) fn page(&self, state: &State) -> Result<String, askama::Error> {
        let words = state.language.words();
        Page {
            t: words,
            language: state.language,
            theme: state.theme,
            screen: self.screen,
            version: pages::version(),
            title: words.say_with("page-title", [("printer", self.names.1.as_str().into())]),
            app: self.app(state)?,
        }
        .render()
    }

    /// What is in its frame.
    pub(super) fn app(&self, state: &State) -> Result<String, askama::Error> {
        let words = state.language.words();
        let base = self.base();
        let body = match &state.stage {
            Stage::Welcome(_) | Stage::Session(_) if state.pairing.guest().is_some() => {
                self.knock(words, &base, state.pairing.numbers().unwrap_or_default())?
            }
            Stage::Welcome(notice) if self.place == PageLocation::Phone => {
                self.outside(words, &base, notice.as_ref().map(|(n, _)| *n))?
            }
            Stage::Welcome(notice) => {
                self.welcome(words, &base, notice.as_ref().map(|(n, _)| *n), state)?
            }
            Stage::Waiting { number } => self.waiting(words, &base, *number)?,
            Stage::Lent(lent) => self.lent(words, &base, lent)?,
            Stage::Session(session) if session.moving => {
                self.moving(words, &base, session, state)?
            }
            Stage::Typing { who, notice, .. } => self.typing(words, &base, who, *notice)?,
            Stage::Session(session) => self.in_session(words, &base, session)?,
        };
        App {
            t: words,
            token: state.token.text(),
            language: state.language,
            theme: state.theme,
            languages: Language::ALL,
            themes: Theme::ALL.map(|theme| (theme, theme.key())),
            site: self.names.0.clone(),
            printer: self.names.1.clone(),
            version: pages::version(),
            body,
            in_session: state.is_in_session(),
            can_wait: state.panel.is_some(),
            base,
        }
        .render()
    }

    fn welcome(
        &self,
        t: &Words,
        base: &str,
        notice: Option<Notice>,
        state: &State,
    ) -> Result<String, askama::Error> {
        let code = state.pairing.shown().is_some();
        let ready = match &self.device {
            Device { changed: true, .. } => said("warn", "shield", t.say("device-changed")),
            Device { answers: false, .. } => said("warn", "offline", t.say("device-silent")),
            Device { stopped: true, .. } => said("warn", "warn", t.say("device-stopped")),
            Device { busy: true, .. } => said("busy", "print", t.say("device-busy")),
            _ => said("good", "check", t.say("device-ready")),
        };
        Welcome {
            t,
            base,
            version: pages::version(),
            reader: self.reader && self.place == PageLocation::Here,
            notice: notice.map(|notice| say_notice(t, notice)),
            device: troubles(t, &self.device.reasons),
            ready,
            code: code.then(|| self.code(t, state)).transpose()?,
        }
        .render()
    }

    fn typing(
        &self,
        t: &Words,
        base: &str,
        who: &Typist,
        notice: Option<Notice>,
    ) -> Result<String, askama::Error> {
        let (badge, user) = match who {
            Typist::Badge(_) => (true, String::new()),
            Typist::Id(typed) => (false, typed.user.clone()),
        };
        Typing {
            t,
            base,
            version: pages::version(),
            badge,
            user,
            notice: notice.map(|notice| say_notice(t, notice)),
            on_screen_keys: self.place == PageLocation::Here,
            is_phone: self.place == PageLocation::Phone,
        }
        .render()
    }

    fn in_session(
        &self,
        t: &Words,
        base: &str,
        session: &Session,
    ) -> Result<String, askama::Error> {
        InSession {
            t,
            base,
            version: pages::version(),
            user: session.visiting.user.to_string(),
            clock: self.clock(t, session)?,
            can_move: self.phones.is_some(),
            prints: self.prints(t, session)?,
            jobs: self.jobs(t, session)?,
            pictures: Self::pictures(session)?,
            choices: change::offered(t, &self.device.can, session.visiting.choice),
        }
        .render()
    }

    /// The count-down to the automatic log-out.
    pub(super) fn clock(&self, t: &Words, session: &Session) -> Result<String, askama::Error> {
        self.clock_until(t, session.deadline, true)
    }

    fn clock_until(
        &self,
        t: &Words,
        deadline: Instant,
        can_stay: bool,
    ) -> Result<String, askama::Error> {
        let left = deadline.saturating_duration_since(Instant::now());
        Clock {
            t,
            base: &self.base(),
            left: left.as_millis(),
            whole: self.idle.as_millis(),
            can_stay,
        }
        .render()
    }

    /// The list, as the page has just fetched it.
    pub(super) fn jobs(&self, t: &Words, session: &Session) -> Result<String, askama::Error> {
        let seen = &session.fetched.list;
        let at_work: BTreeSet<u32> = seen.at_work().collect();
        let listed: Vec<&SeenJob> = seen
            .jobs
            .iter()
            .filter(|job| !at_work.contains(&job.number))
            .collect();
        let rows: Vec<Row> = fair::some_of(listed.iter().copied(), session.shown)
            .into_iter()
            .map(|job| self.row(t, job))
            .collect();
        let rest = listed.len() - rows.len();
        let name = |name: &Option<papermesh_protocol::text::Name>| {
            name.as_ref()
                .map_or_else(|| t.say("a-computer").into_owned(), ToString::to_string)
        };
        let (asking, missing): (Vec<_>, Vec<_>) =
            seen.missing.iter().partition(|missing| missing.trying);
        Jobs {
            t,
            base: &self.base(),
            version: pages::version(),
            total: listed.len(),
            count: t.count("jobs-count", listed.len()),
            more: (rest > 0).then(|| t.count("jobs-more", rest)),
            nothing: seen.jobs.is_empty() && seen.complete && seen.missing.is_empty(),
            rows,
            complete: seen.complete,
            missing: missing
                .into_iter()
                .map(|missing| {
                    let key = match missing.trouble {
                        HolderTrouble::Unreachable | HolderTrouble::Slow => "holder-asleep",
                        HolderTrouble::WrongPin | HolderTrouble::Denied { .. } => {
                            "holder-other-pin"
                        }
                        HolderTrouble::Failed(_) => "holder-failed",
                    };
                    let text = t.say_with(key, [("name", name(&missing.name).into())]);
                    Said {
                        at: Some(moment(missing.last_seen)),
                        ..said("warn", "asleep", text.into())
                    }
                })
                .collect(),
            asking: asking
                .into_iter()
                .map(|asked| t.say_with("holder-asking", [("name", name(&asked.name).into())]))
                .collect(),
        }
        .render()
    }

    fn row(&self, t: &Words, seen: &SeenJob) -> Row {
        let job = &seen.job.summary;
        let left = job.expires_at.since(self.now);
        Row {
            number: seen.number,
            title: job.title.clone(),
            facts: facts(t, job),
            age: age(t, self.now.since(job.submitted_at)),
            holder: seen.job.holder_name.as_ref().map(ToString::to_string),
            until: moment(job.expires_at),
            expires_soon: left < SOON_GONE,
            protected: job.protected,
            may_have_printed: job.may_have_printed,
            leased: job.leased,
            needs_pin: job.needs_pin,
            locked: seen.job.pin_missing,
            needs_password: job.locked,
        }
    }

    /// Which pictures there are, as the page has just fetched them.
    pub(super) fn pictures(session: &Session) -> Result<String, askama::Error> {
        let numbers = session.fetched.pictures.keys().copied().collect();
        Pictures { numbers }.render()
    }

    /// What is being printed, as the page has just fetched it, and what the user has to decide.
    pub(super) fn prints(&self, t: &Words, session: &Session) -> Result<String, askama::Error> {
        let fetched = &session.fetched;
        let ask = session.ask.as_ref().map(|ask| match ask.question {
            Question::Again => Asked {
                secret: None,
                title: t.say("again-title").into_owned(),
                text: t.say("again-text").into_owned(),
            },
            Question::JobPin => Asked {
                secret: Some(Secret::Pin),
                title: t.say("job-pin-title").into_owned(),
                text: t.say("job-pin-text").into_owned(),
            },
            Question::Password => Asked {
                secret: Some(Secret::Password),
                title: t.say("document-password-title").into_owned(),
                text: t.say("document-password-text").into_owned(),
            },
        });
        let remark = session.remark.map(|remark| {
            let key = match remark {
                Remark::NothingChosen => "remark-nothing",
                Remark::BadCopies => "remark-copies",
                Remark::BadPages => "remark-pages",
                Remark::TooMuch => "remark-too-much",
                Remark::Gone => "remark-gone",
                Remark::PhoneRefused => "notice-phone-refused",
            };
            said("warn", "warn", t.say(key))
        });
        Prints {
            t,
            base: &self.base(),
            version: pages::version(),
            ask,
            remark,
            offer: matches!(session.offer, BadgeOffer::Made(_)) && fetched.badge.vouched,
            badge: match session.offer {
                BadgeOffer::Taken => fetched.badge.binding.map(|binding| say_binding(t, binding)),
                BadgeOffer::None | BadgeOffer::Made(_) => None,
            },
            cards: fetched
                .prints
                .iter()
                .rev()
                .take(CARDS)
                .map(|print| card(t, print))
                .collect(),
            on_screen_keys: self.place == PageLocation::Here,
            failures: fetched.failures.iter().rev().take(3).cloned().collect(),
        }
        .render()
    }
}

/// Prints that are shown; of many more nobody reads all.
const CARDS: usize = 24;
/// When a job will be gone soon.
const SOON_GONE: Duration = Duration::from_secs(60 * 60);

fn said(kind: &'static str, icon: &'static str, text: Cow<'_, str>) -> Said {
    Said {
        kind,
        icon,
        text: text.into_owned(),
        at: None,
    }
}

fn say_notice(t: &Words, notice: Notice) -> Said {
    match notice {
        Notice::TimedOut => said("calm", "check", t.say("notice-timed-out")),
        Notice::LoggedOut => said("calm", "check", t.say("notice-logged-out")),
        Notice::StillPrinting(jobs) => said("calm", "print", t.count("notice-still", jobs).into()),
        Notice::UnknownBadge => said("warn", "badge", t.say("notice-unknown-badge")),
        Notice::NewBadge => said("calm", "badge", t.say("notice-new-badge")),
        Notice::RandomBadge => said("warn", "badge", t.say("notice-random-badge")),
        Notice::UnreadBadge => said("warn", "badge", t.say("notice-unread-badge")),
        Notice::NoBadges => said("warn", "badge", t.say("notice-no-badges")),
        Notice::Refused => said("bad", "lock", t.say("notice-refused")),
        Notice::Wait(wait) => {
            let (key, count) = match wait.as_secs().max(1) {
                seconds @ 0..=90 => ("notice-wait-seconds", seconds),
                seconds => ("notice-wait-minutes", seconds.div_ceil(60)),
            };
            let text = t.say_with(key, [("count", FluentValue::from(count))]);
            said("bad", "lock", text.into())
        }
        Notice::NoUser => said("warn", "user", t.say("notice-no-user")),
        Notice::NoPin => said("warn", "lock", t.say("notice-no-pin")),
        Notice::CodeOver => said("warn", "phone", t.say("notice-code-over")),
        Notice::NotLetIn => said("warn", "phone", t.say("notice-not-let-in")),
        Notice::PhoneRefused => said("calm", "phone", t.say("notice-phone-refused")),
    }
}

fn say_binding(t: &Words, binding: Binding) -> Said {
    match binding {
        Binding::Asked => said("busy", "badge", t.say("badge-asking")),
        Binding::Bound => said("good", "check", t.say("badge-bound")),
        Binding::Taken => said("warn", "badge", t.say("badge-taken")),
        Binding::TooMany => said("warn", "badge", t.say("badge-too-many")),
        Binding::NoAdmin => said("warn", "offline", t.say("badge-no-admin")),
        Binding::Not => said("warn", "badge", t.say("badge-not")),
    }
}

fn card(t: &Words, print: &Print) -> Card {
    let mut card = Card {
        number: print.number,
        job: print.job,
        title: print.title.clone(),
        kind: "busy",
        icon: "print",
        text: String::new(),
        detail: None,
        percent: None,
        troubles: Vec::new(),
        can_cancel: !print.canceling,
        ended: false,
        doubtful: false,
    };
    match &print.at {
        At::InLine => {
            card.kind = "calm";
            card.icon = "wait";
            card.text = t.say("print-in-line").into_owned();
        }
        At::Device {
            step,
            percent,
            pages,
            note,
            reasons,
        } => {
            card.text = match step {
                _ if print.canceling => t.say("print-canceling").into_owned(),
                ReleaseStep::Queued => t.say("print-queued").into_owned(),
                ReleaseStep::Sending => t.say("print-sending").into_owned(),
                ReleaseStep::Printing => match (pages, print.pages) {
                    (Some(page), Some(of)) => t.say_with(
                        "print-page-of",
                        [
                            ("page", FluentValue::from(*page)),
                            ("pages", FluentValue::from(of)),
                        ],
                    ),
                    (Some(page), None) => {
                        t.say_with("print-page", [("page", FluentValue::from(*page))])
                    }
                    _ => t.say("print-printing").into_owned(),
                },
                ReleaseStep::Stopped => t.say("print-stopped").into_owned(),
            };
            card.percent = match (step, pages, print.pages) {
                (ReleaseStep::Queued, ..) => None,
                (_, Some(page), Some(of @ 1..)) => {
                    u8::try_from(u64::from(*page.min(&of)) * 100 / u64::from(of)).ok()
                }
                // Half of the way is to the device.
                _ => Some(percent / 2),
            };
            if *step == ReleaseStep::Stopped {
                card.kind = "warn";
                card.icon = "warn";
                card.troubles = troubles(t, reasons);
                if card.troubles.is_empty() {
                    card.detail.clone_from(note);
                }
            }
        }
        At::Ended {
            ending,
            pages,
            reason,
        } => {
            card.ended = true;
            card.can_cancel = false;
            card.detail.clone_from(reason);
            let counted = pages.map(|pages| t.say_with("pages-count", [("count", pages.into())]));
            (card.kind, card.icon, card.text) = match ending {
                Ending::Printed => ("good", "check", t.say("ended-printed").into_owned()),
                Ending::PrintedAndKept => ("good", "check", t.say("ended-kept").into_owned()),
                Ending::NotPrinted => ("bad", "warn", t.say("ended-not").into_owned()),
                Ending::MayHavePrinted => ("warn", "warn", t.say("ended-maybe").into_owned()),
            };
            card.doubtful = *ending == Ending::MayHavePrinted;
            card.detail = card.detail.or(counted);
        }
    }
    card
}

/// What is the matter, in words and pictures; what stops nothing is left out.
fn troubles(t: &Words, reasons: &[StateReason]) -> Vec<Trouble> {
    use papermesh_device::Severity;
    let is_serious = |reason: &&StateReason| reason.severity != Severity::Report;
    // That it has stopped is no news where something says why.
    let says_why = |reason: &StateReason| !reason.keyword.starts_with("printer-stopped");
    let why = reasons.iter().filter(is_serious).any(says_why);
    let serious = reasons
        .iter()
        .filter(is_serious)
        .filter(|reason| !why || says_why(reason));
    serious
        .take(4)
        .map(|reason| {
            let known = t.say_if_known(&format!("reason-{}", reason.keyword));
            Trouble {
                icon: picture(&reason.keyword),
                text: known.map_or_else(|| reason.words.clone(), Cow::into_owned),
            }
        })
        .collect()
}

/// The picture of a reason.
fn picture(keyword: &str) -> &'static str {
    let begins = |stems: &[&str]| stems.iter().any(|stem| keyword.starts_with(stem));
    if begins(&["media-jam"]) {
        "jam"
    } else if begins(&["media-", "input-tray", "resources-are-not-ready"]) {
        "paper"
    } else if begins(&["toner", "marker", "developer", "opc", "fuser"]) {
        "toner"
    } else if begins(&["cover", "door", "interlock"]) {
        "cover"
    } else if begins(&["output-"]) {
        "tray"
    } else if begins(&["offline", "shutdown", "timed-out", "connecting"]) {
        "offline"
    } else {
        "warn"
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use papermesh_protocol::id::{JobId, NodeId};
    use papermesh_protocol::job::{JobSummary, PrintOptions};

    use super::super::visiting::{Seen, Visiting};
    use super::*;
    use papermesh_services::printer::ListedJob;

    fn job(number: u32, title: &str) -> SeenJob {
        let summary = JobSummary {
            job: JobId::from_bytes([7; 16]),
            title: title.to_owned(),
            format: "application/pdf".into(),
            size: 1000,
            pages: Some(3),
            page_size: None,
            color: None,
            submitted_at: Timestamp::from_secs(1_000_000),
            priority: 50,
            listed_at: Timestamp::from_secs(1_000_000),
            expires_at: Timestamp::from_secs(1_086_400),
            options: PrintOptions::default(),
            protected: false,
            may_have_printed: false,
            leased: false,
            needs_pin: false,
            locked: false,
            extensions: Default::default(),
        };
        let job = ListedJob {
            holder: NodeId::from_bytes([1; 32]),
            holder_name: Some("<b>laptop</b>".parse().unwrap()),
            pin_missing: false,
            summary,
        };
        SeenJob { number, job }
    }

    fn list(jobs: Vec<SeenJob>) -> (String, Session) {
        let frame = Frame {
            screen: "1",
            place: PageLocation::Here,
            reader: false,
            phones: None,
            names: ("Acme".into(), "printer".into()),
            device: Device::default(),
            now: Timestamp::from_secs(1_000_600),
            idle: Duration::from_secs(60),
        };
        let seen = Seen {
            jobs: jobs.into(),
            complete: true,
            ..Seen::default()
        };
        let visiting = Visiting::showing("charlie".parse().unwrap(), seen);
        let mut session = Session::new(visiting, Duration::from_secs(60));
        session.fetch_jobs();
        session.fetch_pictures();
        let page = frame.jobs(Language::English.words(), &session).unwrap();
        (page, session)
    }

    #[test]
    fn a_million_jobs_are_a_hundred_rows() {
        let (page, session) = list((0..1_000_000).map(|n| job(n, "report")).collect());
        assert_eq!(page.matches("class=\"job\"").count(), 100);
        assert!(page.len() < 120_000, "{}", page.len());
        assert!(page.contains("1,000,000 jobs") || page.contains("1000000 jobs"));
        assert_eq!(session.has_news(), (false, false, false));
    }

    #[test]
    fn what_others_wrote_is_text() {
        let (page, _) = list(vec![job(0, "<script>alert('1')</script>")]);
        assert!(!page.contains("<script") && !page.contains("<b>"));
        assert!(page.contains("10 minutes ago"));
    }
}
