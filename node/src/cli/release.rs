//! `release`: a user's visit at this printer. Each call is a visit of its own: log in, see the
//! jobs, print and delete what was chosen, leave.

use std::time::Duration;

use clap::{ArgGroup, Args};
use papermesh_protocol::badge::BadgeNumber;
use papermesh_protocol::job::{JobSummary, Sides};
use papermesh_protocol::text::UserId;
use papermesh_services::printer::{Ending, ListedJob, Visitor};

use super::context::Context;
use super::failure::CliError;
use super::jobs::{flags, pages};
use super::progress::Bar;
use super::quantity;
use super::screen::Style;
use super::secrets::{self, DocumentPasswordArgs, JobPinArgs, PinArgs};
use super::table::Grid;
use crate::control::message::{
    Deletion, Event, HolderReport, HolderState, JobEnding, JobPrefix, JobResult, Selection, Visit,
    VisitReport,
};
use crate::control::{CommandError, ErrorCode};

/// Print held jobs at this printer
#[derive(Args, Debug)]
#[command(
    group(ArgGroup::new("who").required(true)),
    group(ArgGroup::new("what").required(true).multiple(true))
)]
pub(super) struct Release {
    /// The user
    #[arg(long, value_name = "ID", group = "who")]
    user: Option<UserId>,
    /// The user's badge number, as a reader reads it
    #[arg(long, value_name = "NUMBER", group = "who")]
    badge: Option<BadgeNumber>,
    #[command(flatten)]
    pin: PinArgs,
    /// List the user's jobs
    #[arg(long, group = "what", conflicts_with_all = ["all", "jobs", "delete"])]
    list: bool,
    /// Print all jobs, oldest first
    #[arg(long, group = "what", conflicts_with = "jobs")]
    all: bool,
    /// Print this job, by its id or the beginning of it; may be repeated
    #[arg(long = "job", value_name = "JOB", group = "what")]
    jobs: Vec<JobPrefix>,
    /// Delete this job after printing; may be repeated
    #[arg(long, value_name = "JOB", group = "what")]
    delete: Vec<JobPrefix>,
    #[command(flatten)]
    job_pin: JobPinArgs,
    #[command(flatten)]
    document_password: DocumentPasswordArgs,
    /// Keep jobs after printing
    #[arg(long)]
    keep: bool,
    /// Include jobs that may already have been printed
    #[arg(long)]
    reprint: bool,
}

const QUESTION: &str = "Your PIN:";
const JOB_QUESTION: &str = "The job's own PIN:";

impl Release {
    pub(super) async fn run(self, context: &Context) -> Result<(), CliError> {
        context.need_node().await?;
        let visit = self.visit()?;
        let report = match go(context, visit.clone()).await {
            // The site does not take a badge alone.
            Err(CliError::Refused(error))
                if error.code == ErrorCode::PinRequired && visit.pin.is_none() =>
            {
                let pin = Some(secrets::ask_pin(QUESTION)?);
                go(
                    context,
                    Visit {
                        pin,
                        ..visit.clone()
                    },
                )
                .await?
            }
            answer => answer?,
        };
        let screen = &context.screen;
        let listed = matches!(visit.print, Selection::None) && visit.delete.is_empty();
        screen.show(&report, |report, style| {
            if listed || report.results.is_empty() {
                jobs(&report.jobs, style)
            } else {
                results(&report.results, style)
            }
        })?;
        for holder in &report.holders {
            if let Some(trouble) = trouble(holder) {
                screen.warn(&trouble);
            }
        }
        verdict(&report)
    }

    fn visit(self) -> Result<Visit, CliError> {
        let (who, pin) = match (self.user, self.badge) {
            (Some(user), _) => (
                Visitor::User(user),
                Some(self.pin.given_or_typed(QUESTION)?),
            ),
            (None, Some(badge)) => (Visitor::Badge(badge), self.pin.given(QUESTION)?),
            (None, None) => {
                return Err(CliError::usage("name the user with --user or --badge"));
            }
        };
        Ok(Visit {
            who,
            pin,
            job_pin: self.job_pin.given(JOB_QUESTION)?,
            document_password: self.document_password.given()?,
            print: match (self.all, self.jobs) {
                (true, _) => Selection::All,
                (false, jobs) if jobs.is_empty() => Selection::None,
                (false, jobs) => Selection::Jobs(jobs),
            },
            keep: self.keep,
            reprint: self.reprint,
            delete: self.delete,
        })
    }
}

async fn go(context: &Context, visit: Visit) -> Result<VisitReport, CliError> {
    let bar = Bar::new(&context.screen, None);
    let heard = |event| {
        match event {
            Event::Progress(progress) => bar.show(&progress),
            Event::Notice(text) => context.screen.remark(&text),
            // Shown with all others at the end.
            Event::Job(_) | Event::Held(_) | Event::Join(_) | Event::Audit(_) | Event::Site => {}
        }
        Ok(())
    };
    context.follow(visit, heard).await
}

fn jobs(listed: &[ListedJob], style: &Style) -> String {
    if listed.is_empty() {
        return "no jobs".to_owned();
    }
    let mut grid = Grid::new(&[
        ">#", "JOB", "TITLE~", ">PAGES", ">COPIES", "SIDES", ">AGE", "HOLDER", "FLAGS",
    ]);
    for (number, job) in (1..).zip(listed) {
        let number: usize = number;
        grid.row([
            number.to_string(),
            job.summary.job.short(),
            job.summary.title.clone(),
            pages(&job.summary),
            job.summary.options.copies.to_string(),
            sides(&job.summary).to_owned(),
            quantity::age(job.summary.submitted_at, style.now),
            job.holder_name.as_ref().map_or_else(
                || job.holder.to_string()[..16].to_owned(),
                ToString::to_string,
            ),
            flags(&job.summary),
        ]);
    }
    grid.render(style)
}

fn sides(summary: &JobSummary) -> &'static str {
    match summary.options.sides {
        None => "",
        Some(Sides::OneSided) => "one",
        Some(Sides::TwoSidedLongEdge) => "two, long edge",
        Some(Sides::TwoSidedShortEdge) => "two, short edge",
    }
}

fn results(results: &[JobResult], style: &Style) -> String {
    let mut grid = Grid::new(&["JOB", "TITLE~", "RESULT", ">PAGES", "REASON~"]);
    for result in results {
        grid.row([
            result.job.short(),
            result.title.clone(),
            ending(result.ending).to_owned(),
            result
                .pages
                .map(|pages| pages.to_string())
                .unwrap_or_default(),
            result.reason.clone().unwrap_or_default(),
        ]);
    }
    grid.render(style)
}

const fn ending(ending: JobEnding) -> &'static str {
    match ending {
        JobEnding::Released(Ending::Printed) => "printed",
        JobEnding::Released(Ending::PrintedAndKept) => "printed, kept",
        JobEnding::Released(Ending::NotPrinted) => "not printed",
        JobEnding::Released(Ending::MayHavePrinted) => "may have printed",
        JobEnding::Deletion(Deletion::Deleted) => "deleted",
        JobEnding::Deletion(Deletion::NotDeleted) => "not deleted",
    }
}

/// Why jobs of this holder may be missing.
fn trouble(holder: &HolderReport) -> Option<String> {
    let name = holder_name(holder);
    let reason = match &holder.reason {
        Some(reason) => format!(" ({reason})"),
        None => String::new(),
    };
    match holder.state {
        HolderState::Open => None,
        HolderState::Denied => Some(format!(
            "{name} did not accept this PIN; it may need a different one{}",
            wait(holder.retry_after)
        )),
        HolderState::Unreachable => Some(format!(
            "{name} could not be reached{reason}, so jobs that it holds are not shown"
        )),
        HolderState::Failed => Some(format!("{name} could not list its jobs{reason}")),
    }
}

fn holder_name(holder: &HolderReport) -> String {
    match &holder.holder_name {
        Some(name) => name.to_string(),
        None => format!("node {}", &holder.holder.to_string()[..8]),
    }
}

fn wait(retry_after: Option<u64>) -> String {
    match retry_after {
        Some(millis @ 1..) => format!(
            "; try again in {}",
            quantity::span(Duration::from_secs(millis.div_ceil(1000)))
        ),
        _ => String::new(),
    }
}

/// Whether the visit did what it was for.
fn verdict(report: &VisitReport) -> Result<(), CliError> {
    let failed: Vec<_> = report
        .results
        .iter()
        .filter(|result| !result.ending.is_success())
        .collect();
    if let Some(first) = failed.first() {
        return Err(CliError::failed(
            ErrorCode::Failed,
            format!(
                "{} of {} jobs failed, {} first: {}; they are still held",
                failed.len(),
                report.results.len(),
                first.title,
                first.reason.as_deref().unwrap_or("no reason was given")
            ),
        ));
    }
    let is = |state| report.holders.iter().any(|holder| holder.state == state);
    if report.holders.is_empty() || is(HolderState::Open) {
        return Ok(());
    }
    Err(CommandError::new(
        ErrorCode::Unreachable,
        "none of the computers that hold jobs could be reached",
    )
    .with_remedy("check that they are switched on and on the network")
    .into())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use papermesh_protocol::id::{JobId, NodeId};
    use papermesh_protocol::job::PrintOptions;
    use papermesh_protocol::time::Timestamp;

    use super::*;

    fn listed(byte: u8, title: &str) -> ListedJob {
        ListedJob {
            holder: NodeId::from_bytes([9; 32]),
            pin_missing: false,
            holder_name: Some("desk".parse().unwrap()),
            summary: JobSummary {
                job: JobId::from_bytes([byte; 16]),
                title: title.into(),
                format: "application/pdf".into(),
                size: 10,
                pages: None,
                page_size: None,
                color: None,
                submitted_at: Timestamp::default(),
                priority: 50,
                listed_at: Timestamp::default(),
                expires_at: Timestamp::default(),
                options: PrintOptions {
                    copies: 2,
                    sides: Some(Sides::OneSided),
                    ..PrintOptions::default()
                },
                protected: false,
                may_have_printed: false,
                leased: byte == 2,
                needs_pin: false,
                locked: false,
                extensions: Default::default(),
            },
        }
    }

    fn result(ending: Ending, reason: Option<&str>) -> JobResult {
        JobResult {
            job: JobId::from_bytes([1; 16]),
            title: "Report".into(),
            ending: JobEnding::Released(ending),
            pages: Some(3),
            reason: reason.map(str::to_owned),
        }
    }

    fn holder(state: HolderState, retry_after: Option<u64>) -> HolderReport {
        HolderReport {
            holder: NodeId::from_bytes([0xab; 32]),
            holder_name: None,
            state,
            retry_after,
            reason: None,
        }
    }

    fn report(holders: Vec<HolderReport>, results: Vec<JobResult>) -> VisitReport {
        VisitReport {
            user: "charlie".parse().unwrap(),
            jobs: vec![],
            holders,
            results,
        }
    }

    #[test]
    fn what_a_node_reports_is_what_is_read() {
        let mut jobs = vec![listed(1, "Report"), listed(2, "Letter")];
        jobs[1].pin_missing = true;
        jobs[0].summary.locked = true;
        let mut results = vec![result(Ending::MayHavePrinted, Some("it was switched off"))];
        results.push(JobResult {
            ending: JobEnding::Deletion(Deletion::Deleted),
            ..result(Ending::Printed, None)
        });
        let told = VisitReport {
            jobs,
            ..report(vec![holder(HolderState::Open, None)], results)
        };
        let json = serde_json::to_string(&told).unwrap();
        assert_eq!(serde_json::from_str::<VisitReport>(&json).unwrap(), told);
        assert!(json.contains("\"ending\":\"may-have-printed\""), "{json}");
        assert!(json.contains("\"ending\":\"deleted\""), "{json}");
    }

    #[test]
    fn the_list_is_numbered_and_names_holders() {
        assert_eq!(
            jobs(&[listed(1, "Report"), listed(2, "Letter")], &Style::plain()),
            "\
#  JOB       TITLE   PAGES  COPIES  SIDES  AGE  HOLDER  FLAGS
1  01010101  Report      -       2  one    0 s  desk    -
2  02020202  Letter      -       2  one    0 s  desk    being printed"
        );
        assert_eq!(jobs(&[], &Style::plain()), "no jobs");
    }

    #[test]
    fn every_chosen_job_has_its_result() {
        assert_eq!(
            results(
                &[
                    result(Ending::Printed, None),
                    result(Ending::NotPrinted, Some("media-jam"))
                ],
                &Style::plain()
            ),
            "\
JOB       TITLE   RESULT       PAGES  REASON
01010101  Report  printed          3  -
01010101  Report  not printed      3  media-jam"
        );
    }

    #[test]
    fn nothing_to_print_is_no_failure_but_nobody_to_ask_is() {
        assert!(verdict(&report(vec![], vec![])).is_ok());
        let open = holder(HolderState::Open, None);
        let away = holder(HolderState::Unreachable, None);
        assert!(verdict(&report(vec![open.clone(), away.clone()], vec![])).is_ok());
        let error = verdict(&report(vec![away], vec![])).unwrap_err();
        assert!(error.to_string().contains("could be reached"), "{error}");
    }

    #[test]
    fn one_failed_job_fails_the_visit() {
        let results = vec![
            result(Ending::Printed, None),
            result(Ending::MayHavePrinted, Some("the printer was switched off")),
        ];
        let error = verdict(&report(vec![holder(HolderState::Open, None)], results)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "1 of 2 jobs failed, Report first: the printer was switched off; they are still held"
        );
    }

    #[test]
    fn holders_in_trouble_are_named() {
        assert_eq!(trouble(&holder(HolderState::Open, None)), None);
        for (state, expected) in [
            (
                HolderState::Denied,
                "node abababab did not accept this PIN; it may need a different one; try again in 2 s",
            ),
            (
                HolderState::Unreachable,
                "node abababab could not be reached, so jobs that it holds are not shown",
            ),
        ] {
            assert_eq!(
                trouble(&holder(state, Some(1500))).as_deref(),
                Some(expected)
            );
        }
    }
}
