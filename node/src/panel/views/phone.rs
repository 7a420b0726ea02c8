//! What phones show, and what the panel shows of them.

use askama::Template;

use super::{Frame, Said, say_notice};
use crate::pages::{self, Picture, Words};
use crate::panel::phone::NUMBERS;
use crate::panel::screen::{Lent, Notice, Session, State};

/// The code that a phone reads from the panel's screen.
#[derive(Template)]
#[template(path = "code.html")]
struct Code<'a> {
    t: &'a Words,
    code: Picture,
}

/// On the panel: the user wants to go on with a phone.
#[derive(Template)]
#[template(path = "moving.html")]
struct Moving<'a> {
    t: &'a Words,
    base: &'a str,
    version: &'static str,
    user: String,
    clock: String,
    code: String,
}

/// On the panel: a phone waits.
#[derive(Template)]
#[template(path = "knock.html")]
struct Knock<'a> {
    t: &'a Words,
    base: &'a str,
    numbers: [u8; NUMBERS],
}

/// On the panel: a phone is used in its place.
#[derive(Template)]
#[template(path = "lent.html")]
struct LentOut<'a> {
    t: &'a Words,
    base: &'a str,
    version: &'static str,
    title: String,
    clock: Option<String>,
    away: bool,
}

/// On a phone: it has read no code, or none that is good.
#[derive(Template)]
#[template(path = "outside.html")]
struct Outside<'a> {
    t: &'a Words,
    base: &'a str,
    version: &'static str,
    notice: Option<Said>,
}

/// On a phone: its number is to be touched at the panel.
#[derive(Template)]
#[template(path = "waiting.html")]
struct Waiting<'a> {
    t: &'a Words,
    base: &'a str,
    number: u8,
}

impl Frame<'_> {
    /// The page fetches the code that it shows, if it shows one.
    pub(in crate::panel) fn fetch_code(&self, state: &mut State) {
        if self.phones.is_some() && state.shows_code(self.place) {
            state.pairing.show(tokio::time::Instant::now());
        }
    }

    /// The code, as the page has just fetched it; nothing where there is none.
    pub(in crate::panel) fn code(&self, t: &Words, state: &State) -> Result<String, askama::Error> {
        let Some((page, secret)) = self.phones.as_ref().zip(state.pairing.shown()) else {
            return Ok(String::new());
        };
        let address = format!("{page}#{}", secret.text());
        let Some(code) = pages::picture(&address) else {
            return Ok(String::new());
        };
        Code { t, code }.render()
    }

    pub(super) fn moving(
        &self,
        t: &Words,
        base: &str,
        session: &Session,
        state: &State,
    ) -> Result<String, askama::Error> {
        Moving {
            t,
            base,
            version: pages::version(),
            user: session.visiting.user.to_string(),
            clock: self.clock(t, session)?,
            code: self.code(t, state)?,
        }
        .render()
    }

    pub(super) fn knock(
        &self,
        t: &Words,
        base: &str,
        numbers: [u8; NUMBERS],
    ) -> Result<String, askama::Error> {
        Knock { t, base, numbers }.render()
    }

    pub(super) fn lent(&self, t: &Words, base: &str, lent: &Lent) -> Result<String, askama::Error> {
        let title = match &lent.user {
            Some((user, _)) => t.say_with("phone-lent-user", [("user", user.as_str().into())]),
            None => t.say("phone-lent").into_owned(),
        };
        let clock = lent.user.as_ref().map(|_| self.phone_clock(t, lent));
        LentOut {
            t,
            base,
            version: pages::version(),
            title,
            clock: clock.transpose()?,
            away: lent.away,
        }
        .render()
    }

    /// The count-down of the phone that is used in place of the panel.
    pub(in crate::panel) fn phone_clock(
        &self,
        t: &Words,
        lent: &Lent,
    ) -> Result<String, askama::Error> {
        match &lent.user {
            Some((_, deadline)) => self.clock_until(t, *deadline, false),
            None => Ok(String::new()),
        }
    }

    pub(super) fn outside(
        &self,
        t: &Words,
        base: &str,
        notice: Option<Notice>,
    ) -> Result<String, askama::Error> {
        Outside {
            t,
            base,
            version: pages::version(),
            notice: notice.map(|notice| say_notice(t, notice)),
        }
        .render()
    }

    pub(super) fn waiting(
        &self,
        t: &Words,
        base: &str,
        number: u8,
    ) -> Result<String, askama::Error> {
        Waiting { t, base, number }.render()
    }
}
