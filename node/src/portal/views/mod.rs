//! From what the node says to what a page shows. Everything that is text of others (titles, names, a
//! device's words) is escaped by the templates.
//!
//! - [`mod@line`]: what lists are made of
//! - `user`, `admin`: what each place shows; `internet`: those about printing from outside; `mail`: what comes by mail
//! - `dialog`: what is asked; `remark`: what is said

mod admin;
mod dialog;
mod internet;
mod line;
mod mail;
mod remark;
mod user;

use askama::Template;
use papermesh_protocol::remedy::Remedy;
use papermesh_protocol::time::Timestamp;

use super::content::Content;
use super::links::Whose;
use super::section::Section;
use super::session::{Session, State};
use crate::pages::{self, Language, Theme, Words};
use line::Lines;

/// What this computer and its site are called.
pub(super) struct Names {
    pub(super) site: String,
    pub(super) node: String,
}

/// Why there is no page to see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// The link was used before, or is too old.
    UsedLink,
    /// The page is closed, or this window is not it.
    Over,
    /// Its user closed it.
    Closed,
    /// Its user could not prove to have opened it.
    Unproven,
}

/// A page, and what it shows now.
pub(super) struct View<'a> {
    pub(super) names: &'a Names,
    pub(super) session: &'a Session,
    pub(super) state: &'a State,
    pub(super) content: &'a Content,
    /// Devices that want to join.
    pub(super) waiting: usize,
    pub(super) now: Timestamp,
}

/// The whole document, with nobody's page in it.
#[derive(Template)]
#[template(path = "door.html")]
struct EntryPage<'a> {
    t: &'a Words,
    language: Language,
    version: &'static str,
    outside: String,
}

#[derive(Template)]
#[template(path = "turned_away.html")]
struct Outside<'a> {
    t: &'a Words,
    language: Language,
    version: &'static str,
    title: String,
    text: String,
}

/// A frame that listens to news, around [`Frame`].
#[derive(Template)]
#[template(path = "listening.html")]
struct Listening {
    base: String,
    app: String,
}

/// All that a user sees.
#[derive(Template)]
#[template(path = "desk.html")]
struct Frame<'a> {
    t: &'a Words,
    base: &'a str,
    version: &'static str,
    token: String,
    language: Language,
    theme: Theme,
    languages: [Language; 6],
    themes: [(Theme, &'static str); 4],
    names: &'a Names,
    who: String,
    sections: Vec<Tab>,
    section: Tab,
    lead: String,
    remark: Option<Said>,
    action: Option<line::Button>,
    body: String,
    live: String,
    /// Others are to be asked for what is shown.
    ask_others: bool,
    dialog: Option<String>,
}

/// A section, as it is shown.
struct Tab {
    name: &'static str,
    icon: &'static str,
    text: String,
    here: bool,
    /// How many wait there, where that is shown at every place.
    count: Option<usize>,
}

/// Something that is said, and how it looks.
struct Said {
    kind: &'static str,
    icon: &'static str,
    text: String,
    /// In the node's own words, which are English.
    detail: Option<String>,
}

/// The document that a browser gets first.
pub(super) fn entry(language: Language) -> Result<String, askama::Error> {
    EntryPage {
        t: language.words(),
        language,
        version: pages::version(),
        outside: outside_of(language, "door-title", "door-text")?,
    }
    .render()
}

/// What is shown in place of a page.
pub(super) fn outside(language: Language, why: Why) -> Result<String, askama::Error> {
    match why {
        Why::UsedLink => outside_of(language, "used-title", "used-text"),
        Why::Over => outside_of(language, "over-title", "over-text"),
        Why::Closed => outside_of(language, "closed-title", "closed-text"),
        Why::Unproven => outside_of(language, "unproven-title", "unproven-text"),
    }
}

fn outside_of(language: Language, title: &str, text: &str) -> Result<String, askama::Error> {
    let t = language.words();
    Outside {
        t,
        language,
        version: pages::version(),
        title: t.say(title).into_owned(),
        text: t.say(text).into_owned(),
    }
    .render()
}

impl View<'_> {
    fn t(&self) -> &'static Words {
        self.state.language.words()
    }

    fn base(&self) -> String {
        format!("/sessions/{}", self.session.id)
    }

    /// All of it.
    pub(super) fn page(&self) -> Result<String, askama::Error> {
        Listening {
            base: self.base(),
            app: self.app()?,
        }
        .render()
    }

    /// All that a user sees.
    pub(super) fn app(&self) -> Result<String, askama::Error> {
        let (t, whose, state) = (self.t(), &self.session.whose, self.state);
        let tab = |section: Section| Tab {
            name: section.name(),
            icon: section.icon(),
            text: t.say(section.key()).into_owned(),
            here: section == state.section,
            count: (section == Section::Devices).then_some(self.waiting),
        };
        Frame {
            t,
            base: &self.base(),
            version: pages::version(),
            token: state.token.text(),
            language: state.language,
            theme: state.theme,
            languages: Language::ALL,
            themes: Theme::ALL.map(|theme| (theme, theme.key())),
            names: self.names,
            who: match whose {
                Whose::User(user) => user.to_string(),
                Whose::Admin => t.say("admin").into_owned(),
            },
            sections: Section::all(whose).iter().copied().map(tab).collect(),
            section: tab(state.section),
            lead: self.lead(),
            // What is asked says itself what was wrong with the answer.
            remark: match state.ask {
                None => state.remark.as_ref().map(|remark| remark::said(t, remark)),
                Some(_) => None,
            },
            action: self.action(),
            body: self.body()?,
            live: self.lists(None)?,
            ask_others: matches!(self.content, Content::Printers { asked: None, .. }),
            dialog: dialog::of(self)?,
        }
        .render()
    }

    /// What a section is for.
    fn lead(&self) -> String {
        let key = match self.state.section {
            Section::Jobs => "lead-jobs",
            Section::History => "lead-history",
            Section::Account => "lead-account",
            Section::Elsewhere => "lead-elsewhere",
            Section::Devices => "lead-devices",
            Section::People => "lead-people",
            Section::Printers => "lead-printers",
            Section::Internet => "lead-internet",
            Section::Policy => "lead-policy",
            Section::Audit => "lead-audit",
        };
        self.t().say(key).into_owned()
    }

    /// What can be done there at all.
    fn action(&self) -> Option<line::Button> {
        let t = self.t();
        match self.state.section {
            Section::People => {
                let new = line::Button::ask("new-user", &[("what", "new-user")]);
                Some(new.looking("plus", t.say("people-add").as_ref()).first())
            }
            Section::Devices => {
                let invite = line::Button::ask("invite", &[("what", "invite")]);
                Some(invite.looking("plus", t.say("invite").as_ref()).first())
            }
            Section::Elsewhere => {
                let share = line::Button::ask("share", &[("what", "share")]);
                Some(share.looking("plus", t.say("share").as_ref()).first())
            }
            Section::Internet => {
                let add = line::Button::ask("gateway", &[("what", "gateway")]);
                Some(add.looking("plus", t.say("gateway-add").as_ref()).first())
            }
            Section::Policy => {
                let export = line::Button::ask("export", &[("what", "export")]);
                Some(export.looking("save", t.say("export").as_ref()))
            }
            Section::Audit => {
                let verify = line::Button::command("verify", &[("order", "verify")]);
                Some(
                    verify
                        .looking("check", t.say("audit-verify").as_ref())
                        .first(),
                )
            }
            _ => None,
        }
    }

    /// What stays as it is while there are news: forms.
    fn body(&self) -> Result<String, askama::Error> {
        match self.content {
            Content::Account(here) => user::account(self, here.as_ref()),
            Content::Policy(policy) => admin::policy(self, policy),
            _ => Ok(String::new()),
        }
    }

    /// What changes by itself: lists, and how many devices want to join.
    pub(super) fn live(&self) -> Result<String, askama::Error> {
        self.lists((self.session.whose == Whose::Admin).then_some(self.waiting))
    }

    fn lists(&self, waiting: Option<usize>) -> Result<String, askama::Error> {
        let t = self.t();
        let lists = match self.content {
            Content::Jobs(jobs) => vec![user::jobs(self, jobs)],
            Content::History(past) => vec![user::history(self, past)],
            Content::Account(_) | Content::Policy(_) => Vec::new(),
            Content::Elsewhere {
                tokens,
                gateways,
                mail,
            } => {
                let mut lists = vec![internet::tokens(self, tokens, gateways)];
                lists.extend(mail::addresses(self, mail));
                lists
            }
            Content::Internet(list) => {
                vec![internet::gateways(self, list), internet::places(self, list)]
            }
            Content::Devices {
                pending,
                invites,
                members,
            } => {
                let mut lists = vec![admin::pending(self, pending)];
                if !invites.is_empty() {
                    lists.push(admin::invites(self, invites));
                }
                lists.push(admin::members(self, members));
                lists
            }
            Content::People(users) => vec![admin::people(self, users)],
            Content::Printers { members, asked } => {
                vec![admin::printers(self, members, asked.as_deref())]
            }
            Content::Audit(entries) => vec![admin::audit(self, entries)],
            Content::Failed(error) => {
                let mut failed = Lines::empty(t.say("failed").as_ref());
                failed.note = Some(error.in_full().to_string());
                vec![failed]
            }
        };
        line::render(t, &self.base(), lists, waiting)
    }
}

#[cfg(test)]
mod tests;
