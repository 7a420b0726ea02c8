//! `jobs …`: the jobs that this device holds.

use clap::{Args, Subcommand};
use papermesh_protocol::job::{JobSummary, Sides};
use papermesh_protocol::text::UserId;

use super::context::Context;
use super::failure::CliError;
use super::quantity;
use super::screen::Look;
use super::table::{Facts, Grid};
use crate::control::ErrorCode;
use crate::control::message::{
    DeleteJob, HeldJob, JobPrefix, ListJobs, PrefixError, ProtectJob,
};

/// List and manage the jobs that this device holds
#[derive(Args, Debug)]
#[command(args_conflicts_with_subcommands = true)]
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
    /// Delete a job: nobody can print it any more
    Delete(One),
    /// Exempt a job from making room for others
    Protect(One),
    /// No longer exempt a job from making room for others
    Unprotect(One),
}

/// List the jobs, oldest first
#[derive(Args, Debug)]
struct List {
    /// Only those of this user
    #[arg(long, value_name = "ID")]
    user: Option<UserId>,
}

#[derive(Args, Debug)]
struct One {
    /// The job's id, or its beginning
    job: JobPrefix,
}

impl Jobs {
    pub(super) async fn run(self, context: &Context) -> Result<(), CliError> {
        let screen = &context.screen;
        match self.action.unwrap_or(Action::List(self.list)) {
            Action::List(List { user }) => {
                let jobs = context.call(ListJobs { user }).await?;
                screen.show(&jobs, |jobs, look| table(jobs, look))
            }
            Action::Show(one) => screen.show(&find(context, &one.job).await?, facts),
            Action::Delete(one) => {
                let job = find(context, &one.job).await?.summary.job;
                let deleted = context.call(DeleteJob { job }).await?;
                screen.show(&deleted, |job, _| format!("deleted {}", name(&job.summary)))
            }
            Action::Protect(one) => protect(context, &one.job, true).await,
            Action::Unprotect(one) => protect(context, &one.job, false).await,
        }
    }
}

async fn protect(context: &Context, prefix: &JobPrefix, on: bool) -> Result<(), CliError> {
    let job = find(context, prefix).await?.summary.job;
    let held = context.call(ProtectJob { job, on }).await?;
    context.screen.show(&held, |held, _| {
        let how = if held.summary.protected {
            "is protected: it makes no room for others, but expires as before"
        } else {
            "is not protected"
        };
        format!("{} {how}", name(&held.summary))
    })
}

async fn find(context: &Context, prefix: &JobPrefix) -> Result<HeldJob, CliError> {
    let jobs = context.call(ListJobs { user: None }).await?;
    let id = prefix
        .choose(jobs.iter().map(|job| job.summary.job))
        .map_err(|error| match error {
            PrefixError::Unknown(_) => CliError::failed(
                ErrorCode::NotFound,
                format!("{error} on this device; `papermesh jobs` lists them"),
            ),
            _ => CliError::Usage(error.to_string()),
        })?;
    let found = jobs.into_iter().find(|job| job.summary.job == id);
    found.ok_or_else(|| CliError::failed(ErrorCode::NotFound, format!("there is no job {id}")))
}

fn table(jobs: &[HeldJob], look: &Look) -> String {
    if jobs.is_empty() {
        return "no jobs".to_owned();
    }
    let mut grid = Grid::new(&[
        "JOB", "USER", "TITLE~", ">SIZE", ">PAGES", ">COPIES", ">AGE", ">LEFT", "FLAGS",
    ]);
    for HeldJob { user, summary } in jobs {
        grid.row([
            summary.job.short(),
            user.to_string(),
            summary.title.clone(),
            quantity::size(summary.size),
            pages(summary),
            summary.options.copies.to_string(),
            quantity::age(summary.submitted_at, look.now),
            quantity::rest(summary.expires_at, look.now),
            flags(summary),
        ]);
    }
    grid.render(look)
}

fn facts(HeldJob { user, summary }: &HeldJob, look: &Look) -> String {
    let options = &summary.options;
    Facts::default()
        .add("job", summary.job.to_string())
        .add("user", user.as_str())
        .add("title", &summary.title)
        .add("format", &summary.format)
        .add("size", quantity::size(summary.size))
        .add("pages", pages(summary))
        .add("copies", options.copies.to_string())
        .add("sides", options.sides.map_or("", Sides::keyword))
        .add("color", options.color.map_or("", |color| color.keyword()))
        .add("media", options.media.as_deref().unwrap_or_default())
        .add("submitted", quantity::date(summary.submitted_at))
        .add(
            "expires",
            format!(
                "{} (in {})",
                quantity::date(summary.expires_at),
                quantity::rest(summary.expires_at, look.now)
            ),
        )
        .add("flags", flags(summary))
        .render()
}

/// A job as a sentence names it.
pub(super) fn name(summary: &JobSummary) -> String {
    format!("{} ({})", summary.title, summary.job.short())
}

/// Its pages, if they are known.
pub(super) fn pages(summary: &JobSummary) -> String {
    summary.pages.map(|pages| pages.to_string()).unwrap_or_default()
}

/// What is unusual about it.
pub(super) fn flags(summary: &JobSummary) -> String {
    [
        (summary.protected, "protected"),
        (summary.leased, "being printed"),
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
    use papermesh_protocol::id::JobId;
    use papermesh_protocol::job::PrintOptions;
    use papermesh_protocol::time::Timestamp;

    use super::*;

    fn job() -> HeldJob {
        HeldJob {
            user: "charlie".parse().unwrap(),
            summary: JobSummary {
                job: JobId::from_bytes([0xab; 16]),
                title: "Report".into(),
                format: "application/pdf".into(),
                size: 1_500_000,
                pages: Some(12),
                submitted_at: Timestamp::from_secs(0),
                expires_at: Timestamp::from_secs(86_400),
                options: PrintOptions {
                    sides: Some(Sides::TwoSidedLongEdge),
                    ..PrintOptions::default()
                },
                protected: true,
                may_have_printed: true,
                leased: false,
            },
        }
    }

    #[test]
    fn jobs_are_a_table() {
        let look = Look {
            now: Timestamp::from_secs(3600),
            ..Look::plain()
        };
        assert_eq!(
            table(&[job()], &look),
            "\
JOB       USER     TITLE      SIZE  PAGES  COPIES  AGE  LEFT  FLAGS
abababab  charlie  Report  1.4 MiB     12       1  1 h  23 h  protected, may have printed"
        );
        assert_eq!(table(&[], &look), "no jobs");
    }

    #[test]
    fn one_job_is_a_list_of_facts() {
        assert_eq!(
            facts(&job(), &Look::plain()),
            "\
job        abababababababababababababababab
user       charlie
title      Report
format     application/pdf
size       1.4 MiB
pages      12
copies     1
sides      two-sided-long-edge
submitted  1970-01-01T00:00:00Z
expires    1970-01-02T00:00:00Z (in 1 d)
flags      protected, may have printed"
        );
    }
}
