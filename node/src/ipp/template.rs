//! Job template attributes and their kin: what a program asks of a job, against what can be had
//! (RFC 8011 sections 4.1.7 and 5.2; PWG 5100.11 and 5100.13).
//!
//! What is not understood, or cannot be had, is told to the program as unsupported. With
//! `ipp-attribute-fidelity` that refuses the job; without, it is printed without.

use std::time::Duration;

use ipp::attribute::IppAttribute;
use ipp::value::IppValue;
use papermesh_protocol::job::{ColorMode, PageRange, PrintOptions, Sides};
use papermesh_protocol::limits;
use papermesh_protocol::pin::Pin;

use super::media;
use super::message::{Failure, Request};
use super::queue::{Hold, Offer, Terms};
use super::status::Status;
use super::values::{Values, attribute, text_of, unsupported};

/// Everything that may be asked of a job, `job-creation-attributes-supported`.
pub(super) const SUPPORTED: [&str; 27] = [
    "copies",
    "finishings",
    "ipp-attribute-fidelity",
    "job-cancel-after",
    "job-hold-until",
    "job-hold-until-time",
    "job-mandatory-attributes",
    "job-name",
    "job-password",
    "job-password-encryption",
    "job-priority",
    "job-release-action",
    "job-sheets",
    "job-storage",
    "media",
    "media-col",
    "multiple-document-handling",
    "number-up",
    "orientation-requested",
    "output-bin",
    "page-ranges",
    "print-color-mode",
    "print-content-optimize",
    "print-quality",
    "print-rendering-intent",
    "printer-resolution",
    "sides",
];

/// `print-quality` *normal*, the only one.
pub(super) const NORMAL_QUALITY: i32 = 4;
/// `finishings` *none*, the only one.
pub(super) const NO_FINISHING: i32 = 3;
/// `orientation-requested` *portrait*: as the document is.
pub(super) const PORTRAIT: i32 = 3;
/// Dots per inch at which rasters are taken; printers scale what they must.
pub(super) const RESOLUTIONS: [i32; 2] = [300, 600];
/// `job-priority-default`.
pub(super) const PRIORITY: u8 = 50;
/// The shortest `job-cancel-after`, in seconds.
pub(super) const SHORTEST_LIFE: i32 = 60;

/// What a program asked, and what of it cannot be had.
#[derive(Debug, Default)]
pub(super) struct Asked {
    pub(super) terms: Terms,
    pub(super) unsupported: Vec<IppAttribute>,
}

impl Asked {
    /// Reads what a request asks of a job.
    ///
    /// # Errors
    /// With fidelity, [`Status::AttributesOrValues`] if anything cannot be had; a job password
    /// that cannot be used refuses the job in any case, for printing without it is no substitute.
    pub(super) fn read(request: &Request, offer: &Offer) -> Result<Self, Failure> {
        let mut asked = Self::default();
        for wish in request.job().0 {
            let name = wish.name().as_str();
            match take(&mut asked.terms, name, wish.value(), offer) {
                Taken::Yes => {}
                Taken::Value => asked.unsupported.push(wish.clone()),
                Taken::Unknown => asked.unsupported.extend(attribute(name, unsupported())),
            }
        }
        let operation = request.operation();
        asked.terms.pin = password(operation)?;
        let whole = operation.flag("ipp-attribute-fidelity") == Some(true);
        let mandatory = operation.texts("job-mandatory-attributes");
        let must = |refused: &IppAttribute| whole || mandatory.contains(&refused.name().as_str());
        if asked.unsupported.iter().any(must) {
            let names: Vec<&str> = (asked.unsupported.iter())
                .map(|attribute| attribute.name().as_str())
                .take(8)
                .collect();
            let text = format!("this printer cannot do this: {}", names.join(", "));
            return Err(Failure {
                unsupported: asked.unsupported,
                ..Failure::new(Status::AttributesOrValues, text)
            });
        }
        Ok(asked)
    }
}

impl Asked {
    /// Reads what is to be different about a job that has these options. All of it must be
    /// possible (RFC 3380 section 4.2).
    pub(super) fn of_change(
        wanted: Values<'_>,
        offer: &Offer,
        options: &PrintOptions,
    ) -> Result<Terms, Failure> {
        let mut terms = Terms {
            options: options.clone(),
            ..Terms::default()
        };
        let mut refused = Vec::new();
        for wish in wanted.0 {
            let name = wish.name().as_str();
            if name != "job-name"
                && !matches!(take(&mut terms, name, wish.value(), offer), Taken::Yes)
            {
                refused.push(wish.clone());
            }
        }
        if refused.is_empty() {
            return Ok(terms);
        }
        Err(Failure {
            unsupported: refused,
            ..Failure::new(Status::AttributesOrValues, "this printer cannot do this")
        })
    }
}

enum Taken {
    /// It is done as asked.
    Yes,
    /// The attribute is known, its value cannot be had.
    Value,
    /// The attribute is not known.
    Unknown,
}

impl From<bool> for Taken {
    fn from(possible: bool) -> Self {
        if possible { Self::Yes } else { Self::Value }
    }
}

/// Takes one attribute into the terms.
fn take(terms: &mut Terms, name: &str, value: &IppValue, offer: &Offer) -> Taken {
    let only = |allowed: &[&str]| {
        text_of(value)
            .is_some_and(|text| allowed.contains(&text))
            .into()
    };
    let options = &mut terms.options;
    match name {
        "copies" => set(&mut options.copies, copies(value)),
        "sides" => set(&mut options.sides, sides(value, offer).map(Some)),
        "print-color-mode" => set(&mut options.color, color(value, offer).map(Some)),
        "media" => {
            let known = text_of(value).filter(|name| offer.media.iter().any(|had| had == name));
            set(&mut options.media, known.map(|name| Some(name.to_owned())))
        }
        "media-col" => {
            let known = media::of_column(value).map(|size| size.name);
            let known = known.filter(|name| offer.media.iter().any(|had| had == name));
            set(&mut options.media, known.map(|name| Some(name.to_owned())))
        }
        "page-ranges" => match ranges(value) {
            Some(ranges) => {
                let pages = options.page_ranges.clone();
                options.page_ranges = ranges;
                let sound = options.check().is_ok();
                if !sound {
                    options.page_ranges = pages;
                }
                sound.into()
            }
            None => Taken::Value,
        },
        "job-hold-until-time" => set(&mut terms.hold, hold_time(value)),
        "job-priority" => set(&mut terms.priority, priority(value).map(Some)),
        "job-hold-until" => set(&mut terms.hold, hold(value)),
        "job-cancel-after" => set(&mut terms.lifetime, lifetime(value).map(Some)),
        "finishings" => all_are(value, &IppValue::Enum(NO_FINISHING)),
        "print-quality" => (*value == IppValue::Enum(NORMAL_QUALITY)).into(),
        "orientation-requested" => (*value == IppValue::Enum(PORTRAIT)).into(),
        "number-up" => (*value == IppValue::Integer(1)).into(),
        "printer-resolution" => RESOLUTIONS.map(super::values::dpi).contains(value).into(),
        "job-sheets" => only(&["none"]),
        "output-bin" | "print-content-optimize" | "print-rendering-intent" => only(&["auto"]),
        "multiple-document-handling" => only(&["separate-documents-collated-copies"]),
        // What every job does here: it is released by its owner's proof.
        "job-release-action" => only(&["owner-authorized", "job-password"]),
        "job-storage" => storage(value),
        _ => Taken::Unknown,
    }
}

fn set<T>(place: &mut T, value: Option<T>) -> Taken {
    match value {
        Some(value) => {
            *place = value;
            Taken::Yes
        }
        None => Taken::Value,
    }
}

fn all_are(value: &IppValue, only: &IppValue) -> Taken {
    value.into_iter().all(|value| value == only).into()
}

fn copies(value: &IppValue) -> Option<u16> {
    match value {
        IppValue::Integer(number) => u16::try_from(*number)
            .ok()
            .filter(|copies| (1..=limits::COPIES).contains(copies)),
        _ => None,
    }
}

fn sides(value: &IppValue, offer: &Offer) -> Option<Sides> {
    let sides = text_of(value)?.parse().ok()?;
    (offer.duplex || sides == Sides::OneSided).then_some(sides)
}

fn color(value: &IppValue, offer: &Offer) -> Option<ColorMode> {
    let color = text_of(value)?.parse().ok()?;
    (offer.color || color != ColorMode::Color).then_some(color)
}

pub(super) fn priority(value: &IppValue) -> Option<u8> {
    match value {
        IppValue::Integer(number) => u8::try_from(*number)
            .ok()
            .filter(|priority| (1..=100).contains(priority)),
        _ => None,
    }
}

pub(super) fn hold(value: &IppValue) -> Option<Hold> {
    match text_of(value)? {
        "no-hold" => Some(Hold::No),
        "indefinite" => Some(Hold::Indefinite),
        _ => None,
    }
}

/// `page-ranges`: pages from 1, in order (RFC 8011 section 5.2.7).
fn ranges(value: &IppValue) -> Option<Vec<PageRange>> {
    let range = |value: &IppValue| match value {
        IppValue::RangeOfInteger { min, max } => Some(PageRange {
            first: u32::try_from(*min).ok()?,
            last: u32::try_from(*max).ok()?.min(limits::PAGES),
        }),
        _ => None,
    };
    value.into_iter().map(range).collect()
}

/// `job-hold-until-time` (PWG 5100.7).
fn hold_time(value: &IppValue) -> Option<Hold> {
    match value {
        IppValue::DateTime(date) => super::values::timestamp(date).map(Hold::Until),
        _ => None,
    }
}

fn lifetime(value: &IppValue) -> Option<Duration> {
    match value {
        IppValue::Integer(seconds) if *seconds >= SHORTEST_LIFE => {
            let asked = Duration::from_secs(u64::try_from(*seconds).ok()?);
            (asked <= limits::JOB_LIFETIME_MAX).then_some(asked)
        }
        _ => None,
    }
}

/// `job-storage` (PWG 5100.11): every job is stored for its owner only, until it is printed.
fn storage(value: &IppValue) -> Taken {
    let IppValue::Collection(members) = value else {
        return Taken::Value;
    };
    let is = |name: &str, only: &str| {
        members
            .get(name)
            .is_none_or(|value| text_of(value) == Some(only))
    };
    (is("job-storage-access", "owner") && is("job-storage-disposition", "print-and-store")).into()
}

/// The PIN of this one job (PWG 5100.11 `job-password`). A hash of it cannot be checked at a
/// printer, where people type digits.
fn password(operation: Values<'_>) -> Result<Option<Pin>, Failure> {
    let refused = |name: &str, text: String| Failure {
        unsupported: attribute(
            name,
            operation.get(name).cloned().unwrap_or_else(unsupported),
        )
        .into_iter()
        .filter(|attribute| attribute.name().as_str() != "job-password")
        .collect(),
        ..Failure::new(Status::AttributesOrValues, text)
    };
    if operation.get("job-password").is_none() {
        return Ok(None);
    }
    match operation.text("job-password-encryption") {
        None | Some("none") => {}
        Some(_) => {
            let text =
                "the PIN of a job must come as it is, over ipps: job-password-encryption=none";
            return Err(refused("job-password-encryption", text.into()));
        }
    }
    let octets = operation.octets("job-password").unwrap_or_default();
    if octets.is_empty() {
        return Ok(None);
    }
    let typed = std::str::from_utf8(octets)
        .map_err(|_| refused("job-password", "the PIN of the job is no text".into()))?;
    let pin = Pin::new(typed).map_err(|error| refused("job-password", error.to_string()))?;
    Ok(Some(pin))
}
