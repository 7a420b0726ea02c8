//! What the page shows. Everything that is text of others is escaped by the template.

use std::borrow::Cow;

use askama::Template;
use papermesh_ipp::queue::{IppJobState, KnownStation, QueuedJob};
use papermesh_protocol::direct::Abilities;
use papermesh_protocol::limits::COPIES;
use papermesh_protocol::remedy::Remedy;
use papermesh_protocol::time::Timestamp;

use super::upload::UploadError;
use crate::pages::describe::{self, age};
use crate::pages::{self, Language, Words};
use crate::share::{Secret, Share};

/// What is said above all else.
pub(super) enum Remark {
    /// So many files were taken.
    Held(usize),
    /// One was not.
    Failed(UploadError),
}

/// The page as it is now.
pub(super) struct View<'a> {
    pub(super) language: Language,
    /// What the systems of whoever looks at it need to print here.
    pub(super) share: &'a Share<'a>,
    /// The path of the profile for Apple's systems.
    pub(super) profile: &'static str,
    /// What its addresses begin with.
    pub(super) base: &'a str,
    pub(super) search: &'a str,
    pub(super) remark: Option<&'a Remark>,
    pub(super) jobs: &'a [QueuedJob],
    pub(super) printers: &'a [KnownStation],
    pub(super) now: Timestamp,
}

#[derive(Template)]
#[template(path = "place.html")]
struct PlacePage<'a> {
    t: &'a Words,
    language: Language,
    version: &'static str,
    base: &'a str,
    site: &'a str,
    user: &'a str,
    search: &'a str,
    profile: &'static str,
    /// Lines for other systems, and what they are called.
    lines: Vec<(Cow<'a, str>, Secret)>,
    most_copies: u16,
    good: Option<String>,
    bad: Option<String>,
    jobs: Vec<Job>,
    printers: Vec<Printer>,
}

struct Job {
    number: u32,
    title: String,
    facts: String,
    /// It can be deleted still.
    waits: bool,
}

struct Printer {
    name: String,
    facts: String,
    /// As it said last.
    ready: Option<bool>,
}

impl View<'_> {
    pub(super) fn render(&self) -> Result<String, askama::Error> {
        let t = self.language.words();
        let (good, bad) = match self.remark {
            None => (None, None),
            Some(Remark::Held(held)) => (Some(t.count("outside-held", *held)), None),
            Some(Remark::Failed(error)) => (None, Some(error.in_full().to_string())),
        };
        let found = self
            .printers
            .iter()
            .filter(|printer| is_found(printer, self.search));
        PlacePage {
            t,
            language: self.language,
            version: pages::version(),
            base: self.base,
            site: self.share.site.as_str(),
            user: self.share.user.as_str(),
            profile: self.profile,
            lines: vec![
                (t.say("outside-address"), self.share.capability()),
                (t.say("outside-windows"), self.share.powershell()),
                (t.say("outside-cups"), self.share.lpadmin().into()),
            ],
            search: self.search,
            most_copies: COPIES,
            good,
            bad,
            jobs: self.jobs.iter().map(|one| self.job(t, one)).collect(),
            printers: found.map(|one| printer(t, one)).collect(),
        }
        .render()
    }

    fn job(&self, t: &Words, job: &QueuedJob) -> Job {
        let at = |key: &str| {
            let printer = job.printer.as_deref().unwrap_or_default();
            t.say_with(key, [("printer", printer.into())])
        };
        let state = match &job.state {
            IppJobState::Incoming => t.say("outside-incoming").into_owned(),
            IppJobState::Held => t.say("outside-waits").into_owned(),
            IppJobState::Processing => at("is-printing"),
            IppJobState::Completed(_) => at("gone-printed"),
            IppJobState::Canceled(_) => t.say("outside-deleted").into_owned(),
            IppJobState::Aborted(..) => t.say("gone-expired").into_owned(),
        };
        let said = [state, age(t, self.now.since(job.created_at))];
        Job {
            number: job.number,
            title: job.title.clone(),
            facts: said.join(" · "),
            waits: matches!(job.state, IppJobState::Held | IppJobState::Incoming),
        }
    }
}

fn printer(t: &Words, printer: &KnownStation) -> Printer {
    let mut facts = Vec::new();
    let mut ready = None;
    if let Some(can) = &printer.abilities {
        facts.extend(can.location.clone().filter(|text| !text.is_empty()));
        facts.extend(can.model.clone());
        if can.color == Some(true) {
            facts.push(t.say("color-color").into_owned());
        }
        if can.prints_both_sides() {
            facts.push(t.say("sides-long").into_owned());
        }
        facts.extend(troubles(can).map(|one| describe::reason(t, one)));
        ready = Some(is_ready(can));
    }
    Printer {
        name: printer.name.clone(),
        facts: facts.join(" · "),
        ready,
    }
}

/// What is the matter with a printer.
fn troubles(can: &Abilities) -> impl Iterator<Item = &String> {
    can.reasons.iter().filter(|reason| *reason != "none")
}

fn is_ready(can: &Abilities) -> bool {
    can.accepting && troubles(can).next().is_none()
}

/// Whether all words that are searched for stand in what is known of a printer: its name, its place, its
/// model and its paper, and *color*, *duplex* and *ready* for what it can do.
pub(super) fn is_found(printer: &KnownStation, search: &str) -> bool {
    let mut known = vec![printer.name.to_lowercase()];
    if let Some(can) = &printer.abilities {
        known.extend(words(can));
    }
    let wanted = search.to_lowercase();
    wanted
        .split_whitespace()
        .all(|word| known.iter().any(|text| text.contains(word)))
}

fn words(can: &Abilities) -> Vec<String> {
    let texts = [&can.location, &can.model].into_iter().flatten();
    let mut all: Vec<String> = texts
        .chain(&can.media)
        .map(|text| text.to_lowercase())
        .collect();
    for (is_so, word) in [
        (can.color == Some(true), "color"),
        (can.prints_both_sides(), "duplex"),
        (is_ready(can), "ready"),
    ] {
        if is_so {
            all.push(word.to_owned());
        }
    }
    all
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn printers_are_found_by_any_of_their_words() {
        let printer = KnownStation {
            name: "Front Desk".to_owned(),
            abilities: Some(Abilities {
                location: Some("Second floor".to_owned()),
                color: Some(true),
                sides: vec!["two-sided-long-edge".to_owned()],
                media: vec!["iso_a4_210x297mm".to_owned()],
                accepting: true,
                ..Abilities::default()
            }),
        };
        for found in ["", "front", "DESK", "floor color", "a4 duplex ready"] {
            assert!(is_found(&printer, found), "{found}");
        }
        for missing in ["back", "front a3"] {
            assert!(!is_found(&printer, missing), "{missing}");
        }
    }

    #[test]
    fn nothing_of_others_is_read_as_markup() {
        let (place, site) = (
            "desk.acme.gw.example".parse().unwrap(),
            "<b>Acme".parse().unwrap(),
        );
        let user = "charlie".parse().unwrap();
        let token = "pm-0123456789abcdefghjkmnpq".parse().unwrap();
        let page = View {
            language: Language::English,
            share: &Share {
                place: &place,
                site: &site,
                user: &user,
                token: &token,
            },
            profile: "/printer.mobileconfig",
            base: "/t/x",
            search: "\"><script>",
            remark: Some(&Remark::Failed(UploadError::Nothing)),
            jobs: &[],
            printers: &[KnownStation {
                name: "<i>desk".to_owned(),
                abilities: None,
            }],
            now: Timestamp::default(),
        };
        let page = page.render().unwrap_or_default();
        assert!(page.contains("no file was chosen"));
        for tag in ["<b>Acme", "<script>", "<i>desk"] {
            assert!(!page.contains(tag), "{tag}");
        }
    }
}
