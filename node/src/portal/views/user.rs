//! What a user's places show.

use std::time::Duration;

use askama::Template;
use fluent_bundle::FluentValue;
use papermesh_protocol::release::receipt::Outcome;
use papermesh_services::holder::HeldView;
use papermesh_services::holder::JobState;

use super::View;
use super::line::{Button, Chip, Detail, Line, Lines, Saying};
use crate::control::message::UserHere;
use crate::pages::describe::{age, facts, moment, reason};
use crate::pages::{self, Words};

/// When a job will be gone soon.
const SOON_GONE: Duration = Duration::from_secs(60 * 60);
/// How urgent a job is when nobody said otherwise.
const USUAL: u8 = papermesh_protocol::job::DEFAULT_PRIORITY;

#[derive(Template)]
#[template(path = "account.html")]
struct Account<'a> {
    t: &'a Words,
    base: &'a str,
    version: &'static str,
    /// None on a shared computer.
    here: Option<&'a UserHere>,
    /// Here, and not on another computer.
    enrolled: bool,
    node: &'a str,
    badges: String,
}

/// Jobs that wait, in the order in which printers list them.
pub(super) fn jobs(view: &View<'_>, jobs: &[HeldView]) -> Lines {
    let t = view.t();
    let lines = jobs
        .iter()
        .enumerate()
        .take(view.state.shown)
        .map(|(at, job)| waiting(view, job, at, jobs.len()))
        .collect();
    Lines {
        more: more(t, jobs.len(), view.state.shown),
        ordered: true,
        ..Lines::of(lines, t.say("jobs-nothing").as_ref())
    }
}

fn more(t: &Words, all: usize, shown: usize) -> Option<String> {
    let rest = all.saturating_sub(shown);
    (rest > 0).then(|| t.count("jobs-more", rest))
}

fn waiting(view: &View<'_>, job: &HeldView, at: usize, of: usize) -> Line {
    let (t, summary) = (view.t(), &job.summary);
    let number = job.number.to_string();
    let busy = summary.leased || matches!(job.state, JobState::Processing { .. });
    let (kind, icon) = match &job.state {
        JobState::Processing { stopped: true, .. } => ("warn", "warn"),
        JobState::Processing { .. } => ("busy", "print"),
        JobState::Waiting { .. } => ("", "wait"),
        _ if job.damage.is_some() => ("bad", "warn"),
        _ if summary.may_have_printed => ("warn", "document"),
        _ => ("", "document"),
    };
    let size = size(t, summary.size);
    let mut all = facts(t, summary);
    if let Some(media) = &summary.options.media {
        all = [all, media.clone()].join(" · ");
    }
    let known = [all, size].into_iter().filter(|text| !text.is_empty());
    let mut said = vec![
        Saying::plain(age(t, view.now.since(summary.submitted_at))),
        Saying::at(t.say("until"), moment(summary.expires_at)),
    ];
    said.extend(state(t, job));
    let mut chips = Vec::new();
    if summary.may_have_printed {
        chips.push(Chip::new("warn", None, t.say("chip-maybe")));
    }
    if summary.needs_pin {
        chips.push(Chip::new("", Some("lock"), t.say("chip-pin")));
    }
    if summary.locked {
        chips.push(Chip::new("warn", Some("lock"), t.say("chip-locked")));
    }
    if summary.protected {
        chips.push(Chip::new("good", Some("shield"), t.say("chip-protected")));
    }
    if summary.expires_at.since(view.now) < SOON_GONE {
        chips.push(Chip::new("warn", None, t.say("chip-soon")));
    }
    if summary.priority > USUAL {
        chips.push(Chip::new("busy", None, t.say("chip-urgent")));
    }
    if job.damage.is_some() {
        chips.push(Chip::new("warn", None, t.say("chip-damaged")));
    }
    let moved = |id: &str, to: usize, icon, text: &str| {
        let to = to.to_string();
        let values = [("order", "move"), ("number", number.as_str()), ("to", &to)];
        Button::command(format!("{id}-{number}"), &values)
            .looking(icon, text)
            .about(&summary.title)
            .small()
    };
    let mut protect = vec![("order", "protect"), ("number", number.as_str())];
    if !summary.protected {
        protect.push(("on", "yes"));
    }
    let unlock = summary.locked.then(|| {
        let values = [
            ("what", "unlock"),
            ("number", number.as_str()),
            ("title", summary.title.as_str()),
        ];
        Button::ask(format!("unlock-{number}"), &values)
            .looking("lock", t.say("job-unlock").as_ref())
            .about(&summary.title)
    });
    let usual = vec![
        // Positions count from one.
        moved("up", at, "up", t.say("job-up").as_ref()).unless(at == 0),
        moved("down", at + 2, "down", t.say("job-down").as_ref()).unless(at + 1 == of),
        Button::command(format!("protect-{number}"), &protect)
            .looking("shield", t.say("protect").as_ref())
            .about(&summary.title)
            .small()
            .pressed(summary.protected),
        Button::command(
            format!("delete-{number}"),
            &[("order", "delete"), ("number", &number)],
        )
        .looking("bin", t.say("delete").as_ref())
        .about(&summary.title)
        .small()
        .dangerous()
        .unless(busy),
    ];
    Line {
        id: format!("job-{number}"),
        kind,
        icon,
        title: summary.title.clone(),
        facts: Some(known.collect::<Vec<_>>().join(" · ")),
        said,
        chips,
        buttons: unlock.into_iter().chain(usual).collect(),
        ..Line::default()
    }
}

/// Where a job is in its life.
fn state(t: &Words, job: &HeldView) -> Option<Saying> {
    let at = |key: &str, printer: &str| t.say_with(key, [("printer", printer.into())]);
    match &job.state {
        JobState::Held => {
            let last = job.last.as_ref()?;
            let key = match last.outcome {
                Outcome::Printed { .. } => "was-printed",
                Outcome::MayHavePrinted => "was-maybe",
                Outcome::NotPrinted => "was-not",
            };
            let text = at(key, last.printer.name.as_str());
            Some(Saying::at(text, moment(last.at)))
        }
        JobState::Waiting { until } => Some(Saying::at(t.say("is-waiting"), moment(*until))),
        JobState::Processing {
            printer,
            impressions,
            stopped,
            reasons,
            ..
        } => {
            let name = printer.name.as_str();
            let mut text = match (stopped, impressions) {
                (true, _) => at("is-stopped", name),
                (false, None) => at("is-printing", name),
                (false, Some(pages)) => t.say_with(
                    "is-printing-page",
                    [
                        ("printer", name.into()),
                        ("page", FluentValue::from(*pages)),
                    ],
                ),
            };
            if *stopped && !reasons.is_empty() {
                let reasons = reasons.iter().map(|keyword| reason(t, keyword));
                text = format!("{text}: {}", reasons.collect::<Vec<_>>().join(", "));
            }
            Some(Saying::plain(text))
        }
        JobState::Printed { .. } | JobState::Deleted { .. } | JobState::Expired { .. } => None,
    }
}

fn size(t: &Words, bytes: u64) -> String {
    let (key, amount) = match bytes {
        0..1_000 => return t.say_with("size-bytes", [("amount", bytes.into())]),
        1_000..1_000_000 => ("size-kb", bytes / 1_000),
        _ => ("size-mb", bytes / 1_000_000),
    };
    t.say_with(key, [("amount", amount.into())])
}

/// Jobs that are gone, the last first, each with its receipt.
pub(super) fn history(view: &View<'_>, past: &[HeldView]) -> Lines {
    let t = view.t();
    let lines = past.iter().take(view.state.shown).map(|job| gone(t, job));
    Lines {
        more: more(t, past.len(), view.state.shown),
        ..Lines::of(lines.collect(), t.say("history-nothing").as_ref())
    }
}

fn gone(t: &Words, job: &HeldView) -> Line {
    let summary = &job.summary;
    let printer = |key: &str, name: &str| t.say_with(key, [("printer", name.into())]);
    let (kind, icon, text) = match &job.state {
        JobState::Printed { printer: at, .. } => {
            ("good", "check", printer("gone-printed", at.name.as_str()))
        }
        JobState::Deleted {
            printer: Some(at), ..
        } => ("", "bin", printer("gone-deleted-at", at.name.as_str())),
        JobState::Expired { .. } => ("", "wait", t.say("gone-expired").into_owned()),
        _ => ("", "bin", t.say("gone-deleted").into_owned()),
    };
    let detail = |key: &str, value: String| Detail {
        name: t.say(key).into_owned(),
        value,
        at: None,
    };
    let mut details = vec![
        detail("receipt-number", job.number.to_string()),
        detail("receipt-job", summary.job.to_string()),
        Detail {
            at: Some(moment(summary.submitted_at)),
            ..detail("receipt-sent", String::new())
        },
    ];
    let mut said = vec![Saying::plain(text)];
    if let JobState::Printed { printer, pages, .. } = &job.state {
        details.push(detail("receipt-printer", printer.name.to_string()));
        details.push(detail("receipt-node", printer.node.to_string()));
        if let Some(pages) = pages {
            let pages = t.say_with("pages-count", [("count", FluentValue::from(*pages))]);
            details.push(detail("receipt-pages", pages.clone()));
            said.push(Saying::plain(pages));
        }
    }
    let ended = job.state.ended_at();
    said.extend(ended.map(|at| Saying::at(String::new(), moment(at))));
    Line {
        id: format!("past-{}", job.number),
        kind,
        icon,
        title: summary.title.clone(),
        said,
        details,
        ..Line::default()
    }
}

/// PIN, badges and linked computers.
pub(super) fn account(view: &View<'_>, here: Option<&UserHere>) -> Result<String, askama::Error> {
    let t = view.t();
    let badges = here.map_or(0, |here| here.badges);
    Account {
        t,
        base: &view.base(),
        version: pages::version(),
        here,
        enrolled: here.is_some_and(|here| here.enrolled),
        node: &view.names.node,
        badges: t.count("account-badges-count", usize::try_from(badges).unwrap_or(0)),
    }
    .render()
}
