//! `jobs …`: the jobs that this device holds.

use clap::{Args, Subcommand};
use papermesh_protocol::job::JobSummary;
use papermesh_protocol::release::receipt::Outcome;
use papermesh_protocol::text::{UserId, counted};
use papermesh_services::holder::HeldView;
use papermesh_services::holder::JobState;
use papermesh_store::Attempt;

use super::context::Context;
use super::failure::CliError;
use super::quantity;
use super::screen::Style;
use super::secrets::DocumentPasswordArgs;
use super::table::{Facts, Grid};
use crate::control::message::{
    DeleteJob, Event, FollowJobs, JobRef, ListHistory, ListJobs, MoveJob, ProtectJob, ShowJob,
    UnlockJob,
};

/// List and manage the jobs that this device holds
#[derive(Args, Debug)]
pub(super) struct Jobs {
    #[command(subcommand)]
    action: Option<Action>,
    #[command(flatten)]
    list: List,
}

#[derive(Debug, Subcommand)]
enum Action {
    List(List),
    /// Show one job
    Show(One),
    /// Delete a job; it can no longer be printed
    Delete(One),
    /// Protect a job from automatic deletion when space runs low
    Protect(One),
    /// Stop protecting a job from automatic deletion
    Unprotect(One),
    /// Give the password of a locked document; it is stored sealed with the job
    Unlock(Unlock),
    /// Move a job to a position in the list that printers show
    Move(Move),
    History(History),
    Follow(Follow),
}

/// List jobs in the order that printers show: oldest first, unless moved or more urgent
#[derive(Args, Debug, Default, PartialEq, Eq)]
struct List {
    /// Only this user's jobs
    #[arg(long, value_name = "ID")]
    user: Option<UserId>,
    /// Include jobs that are gone: printed, deleted or expired in the last 30 days
    #[arg(long)]
    all: bool,
}

/// List jobs that were printed, deleted or expired in the last 30 days, latest first
#[derive(Args, Debug)]
struct History {
    /// Only this user's jobs
    #[arg(long, value_name = "ID")]
    user: Option<UserId>,
}

/// Print each job state change until interrupted; with --json, one JSON line each
#[derive(Args, Debug)]
struct Follow {
    /// Only this user's jobs
    #[arg(long, value_name = "ID")]
    user: Option<UserId>,
}

#[derive(Args, Debug)]
struct One {
    /// The job's number, or its id or the beginning of it
    job: JobRef,
}

#[derive(Args, Debug)]
struct Unlock {
    /// The job's number, or its id or the beginning of it
    job: JobRef,
    #[command(flatten)]
    password: DocumentPasswordArgs,
}

#[derive(Args, Debug)]
struct Move {
    /// The job's number, or its id or the beginning of it
    job: JobRef,
    /// Where to: 1 for the first
    #[arg(value_parser = clap::value_parser!(u32).range(1..))]
    position: u32,
}

impl Jobs {
    /// What is to be done. Options of the list belong to no other command, while those that every
    /// command has may stand before it.
    fn what(self) -> Result<Action, CliError> {
        match self.action {
            None => Ok(Action::List(self.list)),
            Some(action) if self.list == List::default() => Ok(action),
            Some(_) => Err(CliError::usage(
                "--user and --all go after the command, as in `papermesh jobs history --user ID`",
            )),
        }
    }

    pub(super) async fn run(self, context: &Context) -> Result<(), CliError> {
        let screen = &context.screen;
        match self.what()? {
            Action::List(List { user, all }) => {
                let mut jobs = context.call(ListJobs { user: user.clone() }).await?;
                if all {
                    jobs.extend(context.call(ListHistory { user }).await?);
                }
                screen.show(&jobs, |jobs, style| table(jobs, style))
            }
            Action::History(History { user }) => {
                let jobs = context.call(ListHistory { user }).await?;
                screen.show(&jobs, |jobs, style| table(jobs, style))
            }
            Action::Follow(Follow { user }) => {
                let told = |event| match event {
                    Event::Held(job) if screen.is_json() => screen.json(&job),
                    Event::Held(job) => screen.line(&format!(
                        "{} {}: {}",
                        job.number,
                        name(&job.summary),
                        state(&job, &screen.style())
                    )),
                    Event::Notice(text) => {
                        screen.warn(&text);
                        Ok(())
                    }
                    _ => Ok(()),
                };
                context.follow(FollowJobs { user }, told).await?;
                Ok(())
            }
            Action::Move(Move { job, position }) => {
                let moved = context.call(MoveJob { job, position }).await?;
                screen.show(&moved, |job, _| {
                    format!("moved {} to position {position}", name(&job.summary))
                })
            }
            Action::Show(one) => {
                let found = context.call(ShowJob { job: one.job }).await?;
                screen.show(&found, facts)
            }
            Action::Delete(one) => {
                let deleted = context.call(DeleteJob { job: one.job }).await?;
                screen.show(&deleted, |job, _| format!("deleted {}", name(&job.summary)))
            }
            Action::Unlock(Unlock { job, password }) => {
                let password = password.given_or_typed()?;
                let unlocked = context.call(UnlockJob { job, password }).await?;
                screen.show(&unlocked, |job, _| {
                    format!("{} opens with this password", name(&job.summary))
                })
            }
            Action::Protect(one) => protect(context, one.job, true).await,
            Action::Unprotect(one) => protect(context, one.job, false).await,
        }
    }
}

async fn protect(context: &Context, job: JobRef, on: bool) -> Result<(), CliError> {
    let held = context.call(ProtectJob { job, on }).await?;
    context.screen.show(&held, |held, _| {
        let how = if held.summary.protected {
            "is protected from automatic deletion when space runs low; it still expires"
        } else {
            "is no longer protected"
        };
        format!("{} {how}", name(&held.summary))
    })
}

fn table(jobs: &[HeldView], style: &Style) -> String {
    if jobs.is_empty() {
        return "no jobs".to_owned();
    }
    let mut grid = Grid::new(&[
        ">#", "JOB", "USER", "TITLE~", "STATE~", ">SIZE", ">PAGES", ">AGE", ">LEFT", "FLAGS",
    ]);
    for job in jobs {
        let summary = &job.summary;
        grid.row([
            job.number.to_string(),
            summary.job.short(),
            job.user.to_string(),
            summary.title.clone(),
            state(job, style),
            quantity::size(summary.size),
            pages(summary),
            quantity::age(summary.submitted_at, style.now),
            match job.state.is_over() {
                true => String::new(),
                false => quantity::rest(summary.expires_at, style.now),
            },
            job.damage
                .as_ref()
                .map_or_else(|| flags(summary), |_| "damaged".to_owned()),
        ]);
    }
    grid.render(style)
}

/// Where a job is in its life, in a few words.
fn state(job: &HeldView, style: &Style) -> String {
    let ago = |at| quantity::age(at, style.now);
    match &job.state {
        JobState::Held => match &job.last {
            None => "held".to_owned(),
            Some(last) => format!("held; {}", attempt(last, style)),
        },
        JobState::Waiting { until } => {
            format!("offered in {}", quantity::rest(*until, style.now))
        }
        JobState::Processing {
            printer,
            impressions,
            stopped,
            reasons,
            ..
        } => {
            let pages = impressions.map(|pages| format!(", {} out", counted(pages.into(), "page")));
            let reasons = Some(reasons.join(", "))
                .filter(|reasons| *stopped && !reasons.is_empty())
                .map(|reasons| format!(": {reasons}"));
            format!(
                "{} at {}{}{}",
                if *stopped { "stopped" } else { "printing" },
                printer.name,
                pages.unwrap_or_default(),
                reasons.unwrap_or_default()
            )
        }
        JobState::Printed { printer, at, pages } => {
            let pages = pages.map(|pages| format!(", {}", counted(pages.into(), "page")));
            format!(
                "printed at {}{} {} ago",
                printer.name,
                pages.unwrap_or_default(),
                ago(*at)
            )
        }
        JobState::Deleted { at, printer: None } => format!("deleted {} ago", ago(*at)),
        JobState::Deleted {
            at,
            printer: Some(printer),
        } => format!("deleted at {} {} ago", printer.name, ago(*at)),
        JobState::Expired { at } => format!("expired {} ago", ago(*at)),
    }
}

/// How an earlier release ended, in a few words.
fn attempt(last: &Attempt, style: &Style) -> String {
    let (printer, ago) = (&last.printer.name, quantity::age(last.at, style.now));
    match last.outcome {
        Outcome::Printed { .. } => format!("printed at {printer} {ago} ago"),
        Outcome::MayHavePrinted => format!("may have printed at {printer} {ago} ago"),
        Outcome::NotPrinted => format!("failed at {printer} {ago} ago"),
    }
}

fn facts(job: &HeldView, style: &Style) -> String {
    let summary = &job.summary;
    let color = summary.color.map(|color| match color {
        true => "in color",
        false => "black and white",
    });
    let expires = format!(
        "{} (in {})",
        quantity::date(summary.expires_at),
        quantity::rest(summary.expires_at, style.now)
    );
    let reason = job.last.as_ref().and_then(|last| last.reason.clone());
    let mut facts = Facts::default();
    facts
        .add("job", summary.job.to_string())
        .add("number", job.number.to_string())
        .add("user", job.user.as_str())
        .add("title", &summary.title)
        .add("state", state(job, style))
        .add("reason", reason.unwrap_or_default())
        .add("format", &summary.format)
        .add("size", quantity::size(summary.size))
        .add("pages", pages(summary))
        .add(
            "page size",
            summary.page_size.as_deref().unwrap_or_default(),
        )
        .add("document", color.unwrap_or_default());
    for (name, value) in summary.options.named() {
        facts.add(name, value);
    }
    facts
        .add("priority", summary.priority.to_string())
        .add("submitted", quantity::date(summary.submitted_at))
        .add(
            "expires",
            match job.state.is_over() {
                true => String::new(),
                false => expires,
            },
        )
        .add("flags", flags(summary))
        .add("damage", job.damage.clone().unwrap_or_default())
        .render()
}

/// A job as a sentence names it.
pub(super) fn name(summary: &JobSummary) -> String {
    format!("{} ({})", summary.title, summary.job.short())
}

/// Its pages, if they are known.
pub(super) fn pages(summary: &JobSummary) -> String {
    summary
        .pages
        .map(|pages| pages.to_string())
        .unwrap_or_default()
}

/// What is unusual about it.
pub(super) fn flags(summary: &JobSummary) -> String {
    [
        (summary.protected, "protected"),
        (summary.leased, "being printed"),
        (summary.needs_pin, "own PIN"),
        (summary.locked, "locked"),
        (summary.may_have_printed, "may have printed"),
    ]
    .into_iter()
    .filter_map(|(is_so, flag)| is_so.then_some(flag))
    .collect::<Vec<_>>()
    .join(", ")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use papermesh_protocol::id::{JobId, NodeId};
    use papermesh_protocol::job::PrintOptions;
    use papermesh_protocol::time::Timestamp;

    use super::*;
    use papermesh_store::NamedPrinter;

    fn job() -> HeldView {
        HeldView {
            token: None,
            client: None,
            damage: None,
            user: "charlie".parse().unwrap(),
            number: 7,
            state: JobState::Held,
            last: None,
            summary: JobSummary {
                job: JobId::from_bytes([0xab; 16]),
                title: "Report".into(),
                format: "application/pdf".into(),
                size: 1_500_000,
                pages: Some(12),
                page_size: None,
                color: None,
                submitted_at: Timestamp::from_secs(0),
                priority: 50,
                listed_at: Timestamp::from_secs(0),
                expires_at: Timestamp::from_secs(86_400),
                options: PrintOptions {
                    sides: Some(papermesh_protocol::job::Sides::TwoSidedLongEdge),
                    ..PrintOptions::default()
                },
                protected: true,
                may_have_printed: true,
                leased: false,
                needs_pin: false,
                locked: false,
                extensions: Default::default(),
            },
        }
    }

    fn hall() -> NamedPrinter {
        NamedPrinter {
            node: NodeId::from_bytes([3; 32]),
            name: "hall".parse().unwrap(),
        }
    }

    #[test]
    fn jobs_are_a_table() {
        let style = Style {
            now: Timestamp::from_secs(7200),
            ..Style::plain()
        };
        assert_eq!(
            table(&[job()], &style),
            "\
#  JOB       USER     TITLE   STATE     SIZE  PAGES  AGE  LEFT  FLAGS
7  abababab  charlie  Report  held   1.4 MiB     12  2 h  22 h  protected, may have printed"
        );
        assert_eq!(table(&[], &style), "no jobs");
    }

    #[test]
    fn every_state_is_said_in_a_few_words() {
        let style = Style {
            now: Timestamp::from_secs(3600),
            ..Style::plain()
        };
        let said = |state_: JobState| {
            state(
                &HeldView {
                    state: state_,
                    ..job()
                },
                &style,
            )
        };
        let at = Timestamp::from_secs(3000);
        let printer = Some(hall());
        let processing = |stopped| JobState::Processing {
            printer: hall(),
            since: at,
            impressions: Some(4),
            stopped,
            reasons: vec!["media-jam".into()],
        };
        for (state, words) in [
            (
                JobState::Waiting {
                    until: Timestamp::from_secs(7200),
                },
                "offered in 60 min",
            ),
            (processing(false), "printing at hall, 4 pages out"),
            (processing(true), "stopped at hall, 4 pages out: media-jam"),
            (
                JobState::Printed {
                    printer: hall(),
                    at,
                    pages: Some(12),
                },
                "printed at hall, 12 pages 10 min ago",
            ),
            (
                JobState::Deleted { at, printer: None },
                "deleted 10 min ago",
            ),
            (
                JobState::Deleted { at, printer },
                "deleted at hall 10 min ago",
            ),
            (JobState::Expired { at }, "expired 10 min ago"),
        ] {
            assert_eq!(said(state), words);
        }
        let failed = HeldView {
            last: Some(Attempt {
                printer: hall(),
                at,
                outcome: Outcome::NotPrinted,
                reason: Some("out of paper".into()),
            }),
            ..job()
        };
        assert_eq!(state(&failed, &style), "held; failed at hall 10 min ago");
    }

    #[test]
    fn one_job_is_a_list_of_facts() {
        assert_eq!(
            facts(&job(), &Style::plain()),
            "\
job        abababababababababababababababab
number     7
user       charlie
title      Report
state      held
format     application/pdf
size       1.4 MiB
pages      12
copies     1
sides      two-sided-long-edge
priority   50
submitted  1970-01-01T00:00:00Z
expires    1970-01-02T00:00:00Z (in 24 h)
flags      protected, may have printed"
        );
    }
}
