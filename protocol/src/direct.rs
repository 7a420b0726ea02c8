//! Printing straight to a printer, `/papermesh/direct/2` and `/papermesh/direct/1`: a holder asks what a
//! printer can do, or offers it a job of a user who sits at the holder.
//!
//! This hands a session of one job over, no more. From then on the job is released like any other:
//! the printer selects it, fetches it, extends its lease and reports, all on the streams of the release
//! protocol ([`crate::release`]).

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::advert::Delegated;
use crate::certificate::{Certificate, Role};
use crate::delegation::Delegation;
use crate::extension::Extensions;
use crate::id::{SessionId, SiteId};
use crate::job::{Finishing, JobSummary, check_format, check_media};
use crate::release::receipt::Outcome;
use crate::remedy::Remedy;
use crate::seal::SessionPublic;
use crate::text::{self, UserId};
use crate::time::Timestamp;
use crate::user::UserEntry;
use crate::version::Version;
use crate::{job, limits};

/// The protocol's name: one stream per question or job.
#[must_use]
pub const fn protocol(version: Version) -> &'static str {
    match version {
        Version::One => "/papermesh/direct/1",
        Version::Two => "/papermesh/direct/2",
    }
}

/// What a holder says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Request {
    /// Asks what the printer can do.
    Describe,
    /// Offers a job.
    Offer(Box<Offer>),
    /// Hands the session of the offered job over.
    Hand {
        /// The session. It shows this job and nothing else.
        session: SessionId,
    },
}

/// A job to print now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Offer {
    /// Whose it is.
    pub user: UserId,
    /// By what right the holder speaks for the user; none: as a shared computer.
    pub delegated: Option<Delegated>,
    /// The job.
    pub job: JobSummary,
}

/// What a printer says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Answer {
    /// What it can do.
    Described(Box<Abilities>),
    /// It takes the job, with this key for the session.
    Ready {
        /// The printer's ephemeral key, to which the job key is sealed.
        session_key: SessionPublic,
    },
    /// It does not.
    Declined(Decline),
    /// The release has ended. The receipt is what counts; this is for whoever waits.
    Ended {
        /// How.
        outcome: Outcome,
        /// Why, for people; cleaned, and at most [`limits::REASON`] bytes.
        reason: Option<String>,
    },
}

/// Why a job is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
pub enum Decline {
    /// The holder has no right to speak for the user, or the user may not print.
    #[error("the printer does not accept this user's jobs from this computer")]
    NotAllowed,
    /// There are more jobs than it takes at once.
    #[error("the printer is busy")]
    Busy,
    /// It did not understand, or has trouble of its own.
    #[error("the printer had an internal error")]
    Trouble,
    /// The authority's word on the user cannot be had: there is no such user, or nobody who knows
    /// answers.
    #[error(
        "the printer does not know this user: either there is no such user, or no member that knows the user can be \
         reached"
    )]
    Unknown,
}

impl Remedy for Decline {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Unknown => {
                Some("try again in a minute, or release the job at the printer".into())
            }
            _ => None,
        }
    }
}

/// What a printer can do, as its device says it. Lists may be empty where the device does not say.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Abilities {
    /// Maker and model.
    pub model: Option<String>,
    /// Where it stands.
    pub location: Option<String>,
    /// Formats that the device takes; empty: not said, or any.
    pub formats: Vec<String>,
    /// `sides` keywords.
    pub sides: Vec<String>,
    /// Whether it prints in color.
    pub color: Option<bool>,
    /// Media that are loaded, then others that it can print on.
    pub media: Vec<String>,
    /// Whether it takes jobs now.
    pub accepting: bool,
    /// What is the matter with it: IPP keywords.
    pub reasons: Vec<String>,
    /// What it does to sheets, `finishings` keywords (SPEC, direct/2).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub finishings: Vec<String>,
    /// What later versions of this program add (SPEC, direct/2).
    #[serde(default, skip_serializing_if = "Extensions::is_empty")]
    pub extensions: Extensions,
}

impl Request {
    /// As it is said in a version; none if the job must not be printed by who speaks that one.
    #[must_use]
    pub fn said_in(mut self, version: Version) -> Option<Self> {
        match (&mut self, version) {
            (Self::Offer(offer), Version::One) => offer.job.reduce().then_some(self),
            _ => Some(self),
        }
    }
}

impl Answer {
    /// As it is said in a version.
    #[must_use]
    pub fn said_in(mut self, version: Version) -> Self {
        if let (Self::Described(abilities), Version::One) = (&mut self, version) {
            abilities.finishings.clear();
            abilities.extensions = Extensions::default();
        }
        self
    }
}

impl Abilities {
    /// What printers can do together, media apart: what one of them can.
    #[must_use]
    pub fn of_all(printers: &[Self]) -> Self {
        let both = match printers.iter().any(Self::prints_both_sides) {
            true => &["one-sided", "two-sided-long-edge", "two-sided-short-edge"][..],
            false => &["one-sided"],
        };
        Self {
            sides: both.iter().map(|&sides| sides.to_owned()).collect(),
            color: Some(printers.iter().any(Self::prints_color)),
            finishings: once_each(
                printers
                    .iter()
                    .flat_map(|printer| printer.finishings.clone()),
            ),
            ..Self::default()
        }
    }

    /// What it does to sheets, as far as that is known here.
    pub fn finishes(&self) -> impl Iterator<Item = Finishing> + Clone {
        (self.finishings.iter()).filter_map(|keyword| keyword.parse().ok())
    }

    /// Whether it prints in color; one that does not say is believed to.
    #[must_use]
    pub fn prints_color(&self) -> bool {
        self.color != Some(false)
    }

    /// Whether it prints on both sides; one that does not say is believed to.
    #[must_use]
    pub fn prints_both_sides(&self) -> bool {
        job::Sides::both_among(&self.sides)
    }

    /// What of it is within the limits; the rest is left out. For both sides: the printer says no
    /// more than this, and the holder believes no more.
    #[must_use]
    pub fn bounded(self) -> Self {
        let words = |text: Option<String>| {
            text.map(|text| text::clean(&text, limits::NAME))
                .filter(|text| !text.is_empty())
        };
        let list = |list: Vec<String>, is_sound: fn(&str) -> bool| -> Vec<String> {
            let sound = list.into_iter().filter(|text| is_sound(text));
            sound.take(limits::ABILITIES).collect()
        };
        let is_media: fn(&str) -> bool = |media| check_media(media).is_ok();
        Self {
            model: words(self.model),
            location: words(self.location),
            formats: list(self.formats, |format| check_format(format).is_ok()),
            sides: list(self.sides, |sides| sides.parse::<job::Sides>().is_ok()),
            media: list(self.media, is_media),
            reasons: list(self.reasons, is_media),
            finishings: once_each(list(self.finishings, |one| {
                one.parse::<Finishing>().is_ok()
            })),
            extensions: match self.extensions.can_be_kept() {
                Ok(()) => self.extensions,
                Err(_) => Extensions::default(),
            },
            ..self
        }
    }
}

/// At most [`limits::ABILITIES`] of these, each once and in the order in which they come.
fn once_each(items: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut once: Vec<String> = Vec::new();
    for item in items {
        if once.len() < limits::ABILITIES && !once.contains(&item) {
            once.push(item);
        }
    }
    once
}

impl Offer {
    /// Whether a printer believes that `holder` may hand over a job of this user. `entry` is the
    /// authority's word on the user. Without that nobody prints: a computer can make up users, and of
    /// those there are it does not say who may print no more.
    pub fn judge(
        &self,
        holder: &Certificate,
        site: SiteId,
        entry: Option<&UserEntry>,
        now: Timestamp,
    ) -> Result<(), Decline> {
        self.job.check().map_err(|_| Decline::Trouble)?;
        let key = match &self.delegated {
            Some(delegated) if holder.roles.may_hold() => {
                let whose = (site, &self.user, holder.node);
                Delegation::verify(&delegated.delegation, delegated.key, whose, now)
                    .map_err(|_| Decline::NotAllowed)?;
                Some(delegated.key)
            }
            None if holder.roles.has(Role::SharedClient) => None,
            _ => return Err(Decline::NotAllowed),
        };
        let entry = entry.ok_or(Decline::Unknown)?;
        let is_known = entry.user == self.user && entry.is_active();
        match is_known && (key.is_none() || entry.key == key) {
            true => Ok(()),
            false => Err(Decline::NotAllowed),
        }
    }
}
