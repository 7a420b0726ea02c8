//! Jobs and times, in the words of a page.

use std::borrow::Cow;
use std::time::{Duration, SystemTime};

use fluent_bundle::FluentValue;
use papermesh_protocol::job::{ColorMode, JobSummary, Scaling, Sides};
use papermesh_protocol::time::Timestamp;

use super::Words;

/// A moment, for whoever shows it in the time of the place.
#[derive(Clone)]
pub(crate) struct Moment {
    pub(crate) machine: String,
    pub(crate) text: String,
}

/// What is known of a job, and how it is to be printed.
pub(crate) fn facts(t: &Words, job: &JobSummary) -> String {
    let options = &job.options;
    let mut facts = Vec::new();
    if let Some(pages) = job.pages {
        facts.push(t.say_with("pages-count", [("count", FluentValue::from(pages))]));
    }
    if !options.page_ranges.is_all() {
        let ranges = options.page_ranges.to_string().replace(',', ", ");
        facts.push(t.say_with("pages-only", [("pages", ranges.into())]));
    }
    if options.copies > 1 {
        facts.push(t.count("copies-count", usize::from(options.copies)));
    }
    let sides = options.sides.map(|sides| match sides {
        Sides::OneSided => t.say("sides-one"),
        Sides::TwoSidedLongEdge => t.say("sides-long"),
        Sides::TwoSidedShortEdge => t.say("sides-short"),
    });
    facts.extend(sides.map(Cow::into_owned));
    let color = match (options.color, job.color) {
        (Some(ColorMode::Monochrome), _) | (_, Some(false)) => Some(t.say("color-mono")),
        (Some(ColorMode::Color), _) | (_, Some(true)) => Some(t.say("color-color")),
        _ => None,
    };
    facts.extend(color.map(Cow::into_owned));
    let scaling = options.scaling.and_then(|scaling| match scaling {
        Scaling::Fit => Some(t.say("scaling-fit")),
        Scaling::Fill => Some(t.say("scaling-fill")),
        Scaling::None => Some(t.say("scaling-none")),
        Scaling::Auto | Scaling::AutoFit => None,
    });
    facts.extend(scaling.map(Cow::into_owned));
    if options.as_image {
        facts.push(t.say("as-image").into_owned());
    }
    facts.join(" · ")
}

/// How long ago something was.
pub(crate) fn age(t: &Words, age: Duration) -> String {
    let (key, count) = match age.as_secs() / 60 {
        0 => return t.say("age-now").into_owned(),
        minutes @ 1..60 => ("age-minutes", minutes),
        minutes @ 60..1440 => ("age-hours", minutes / 60),
        minutes => ("age-days", minutes / 1440),
    };
    t.say_with(key, [("count", FluentValue::from(count))])
}

/// A moment, as machines and people write it.
pub(crate) fn moment(at: Timestamp) -> Moment {
    let latest = 253_402_300_799; // the last second that has four digits of a year
    let since = Duration::from_secs(at.as_secs().min(latest));
    let machine = humantime::format_rfc3339_seconds(SystemTime::UNIX_EPOCH + since).to_string();
    let text = machine
        .get(11..16)
        .map_or_else(String::new, |clock| format!("{clock} UTC"));
    Moment { machine, text }
}
