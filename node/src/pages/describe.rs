//! Jobs and times, in the words of a page.

use std::time::{Duration, SystemTime};

use fluent_bundle::FluentValue;
use papermesh_protocol::job::{ColorMode, Finishing, JobSummary, Scaling, Sides};
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
    facts.extend(options.sides.map(|chosen| sides(t, chosen)));
    facts.extend(match (options.color, job.color) {
        (Some(ColorMode::Monochrome), _) | (_, Some(false)) => color(t, ColorMode::Monochrome),
        (Some(ColorMode::Color), _) | (_, Some(true)) => color(t, ColorMode::Color),
        _ => None,
    });
    facts.extend(options.scaling.and_then(|chosen| scaling(t, chosen)));
    facts.extend(options.finishings.iter().map(|one| finishing(t, one)));
    if options.as_image {
        facts.push(t.say("as-image").into_owned());
    }
    facts.join(" · ")
}

/// Which sides.
pub(crate) fn sides(t: &Words, sides: Sides) -> String {
    let key = match sides {
        Sides::OneSided => "sides-one",
        Sides::TwoSidedLongEdge => "sides-long",
        Sides::TwoSidedShortEdge => "sides-short",
    };
    t.say(key).into_owned()
}

/// In color or not; nothing for what the document is anyway.
pub(crate) fn color(t: &Words, color: ColorMode) -> Option<String> {
    let key = match color {
        ColorMode::Color => "color-color",
        ColorMode::Monochrome => "color-mono",
        ColorMode::Auto => return None,
    };
    Some(t.say(key).into_owned())
}

/// How pages fit the paper; nothing for the usual way.
pub(crate) fn scaling(t: &Words, scaling: Scaling) -> Option<String> {
    let key = match scaling {
        Scaling::Fit => "scaling-fit",
        Scaling::Fill => "scaling-fill",
        Scaling::None => "scaling-none",
        Scaling::Auto | Scaling::AutoFit => return None,
    };
    Some(t.say(key).into_owned())
}

/// What is done to the sheets: what, and where if its keyword says so.
pub(crate) fn finishing(t: &Words, finishing: Finishing) -> String {
    const PLACES: [(&str, &str); 8] = [
        ("-top-left", "at-top-left"),
        ("-bottom-left", "at-bottom-left"),
        ("-top-right", "at-top-right"),
        ("-bottom-right", "at-bottom-right"),
        ("-left", "at-left"),
        ("-top", "at-top"),
        ("-right", "at-right"),
        ("-bottom", "at-bottom"),
    ];
    let keyword = finishing.keyword();
    let mut places = PLACES.into_iter();
    let place = places.find_map(|(end, key)| Some((keyword.strip_suffix(end)?, key)));
    let (what, place) = place.map_or((keyword, None), |(what, key)| (what, Some(key)));
    // Rare folds are called by the name that the trade has for them.
    let what = t.say_if_known(what).unwrap_or_else(|| {
        let name = what.trim_start_matches("fold-").to_owned();
        t.say_with("fold-other", [("name", name.into())]).into()
    });
    match place {
        Some(key) => t.say_with(
            "finishing-at",
            [
                ("what", what.into_owned().into()),
                ("place", t.say(key).into_owned().into()),
            ],
        ),
        None => what.into_owned(),
    }
}

/// What a device complains of (an IPP keyword), in words; what has none stays as the device says it.
pub(crate) fn reason(t: &Words, keyword: &str) -> String {
    let plain = ["-error", "-warning", "-report"]
        .into_iter()
        .find_map(|severity| keyword.strip_suffix(severity))
        .unwrap_or(keyword);
    t.say_if_known(&format!("reason-{plain}"))
        .map_or_else(|| keyword.to_owned(), std::borrow::Cow::into_owned)
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
