//! A user at a printer.

use std::time::Duration;

use crate::answer::VisitReport;
use crate::command::{Ended, Invocation, Running};
use crate::machine::Machine;
use crate::user::User;

/// A visit: who stands there and what is typed. What is done ends the sentence.
#[derive(Clone, Debug)]
#[must_use = "nothing is done yet"]
pub struct Visit<'a> {
    printer: &'a Machine,
    who: [String; 2],
    pin: String,
    more: Vec<String>,
    limit: Option<Duration>,
}

impl<'a> Visit<'a> {
    /// With the user's badge.
    pub fn by_badge(printer: &'a Machine, user: &User) -> Self {
        Self {
            printer,
            who: ["--badge".into(), user.badge.clone()],
            pin: user.pin.clone(),
            more: Vec::new(),
            limit: None,
        }
    }

    /// With the user's id typed instead.
    pub fn by_id(self, user: &User) -> Self {
        Self {
            who: ["--user".into(), user.id.clone()],
            ..self
        }
    }

    /// Wants printed jobs to stay held.
    pub fn keeping(mut self) -> Self {
        self.more.push("--keep".into());
        self
    }

    /// Wants jobs that may have printed to be printed again.
    pub fn reprinting(mut self) -> Self {
        self.more.push("--reprint".into());
        self
    }

    /// May take that long.
    pub fn within(mut self, limit: Duration) -> Self {
        self.limit = Some(limit);
        self
    }

    /// Looks at the jobs.
    pub fn list(&self) -> VisitReport {
        self.command(&["--list"]).json()
    }

    /// Whether as many jobs can be seen now. A visit that comes to nothing sees none.
    #[must_use]
    pub fn sees(&self, jobs: usize) -> bool {
        let ended = self.attempt(&["--list"]);
        ended.is_success() && ended.json::<VisitReport>().jobs.len() == jobs
    }

    /// Whether this job can be seen now.
    #[must_use]
    pub fn lists(&self, job: &str) -> bool {
        let ended = self.attempt(&["--list"]);
        let jobs = || ended.json::<VisitReport>().jobs;
        ended.is_success() && jobs().iter().any(|listed| listed.job == job)
    }

    /// Prints all jobs.
    pub fn print_all(&self) -> VisitReport {
        self.command(&["--all"]).json()
    }

    /// Prints these jobs.
    pub fn print<'j>(&self, jobs: impl IntoIterator<Item = &'j str>) -> VisitReport {
        self.each("--job", jobs).json()
    }

    /// Deletes these jobs.
    pub fn delete<'j>(&self, jobs: impl IntoIterator<Item = &'j str>) -> VisitReport {
        self.each("--delete", jobs).json()
    }

    /// Tries something that may fail.
    #[must_use]
    pub fn attempt(&self, what: &[&str]) -> Ended {
        self.command(what).run()
    }

    /// Begins something and leaves it running.
    #[must_use]
    pub fn begin(&self, what: &[&str]) -> Running {
        self.command(what).start()
    }

    fn each<'j>(&self, flag: &str, jobs: impl IntoIterator<Item = &'j str>) -> Invocation {
        let what: Vec<&str> = jobs.into_iter().flat_map(|job| [flag, job]).collect();
        self.command(&what)
    }

    fn command(&self, what: &[&str]) -> Invocation {
        let command = self
            .printer
            .papermesh("release --pin-stdin")
            .args(&self.who)
            .args(what)
            .args(&self.more)
            .stdin(&format!("{}\n", self.pin));
        match self.limit {
            Some(limit) => command.within(limit),
            None => command,
        }
    }
}

impl VisitReport {
    /// The one job that was chosen ended so.
    #[must_use]
    pub fn ending(&self) -> &str {
        match self.results.as_slice() {
            [only] => &only.ending,
            _ => "not one job",
        }
    }

    /// Jobs were chosen, and each of them ended so.
    #[must_use]
    pub fn each_ended(&self, ending: &str) -> bool {
        !self.results.is_empty() && self.results.iter().all(|job| job.ending == ending)
    }

    /// The titles listed, in their order.
    #[must_use]
    pub fn titles(&self) -> Vec<&str> {
        self.jobs.iter().map(|job| job.title.as_str()).collect()
    }

    /// Jobs listed that may have printed.
    pub fn doubtful(&self) -> impl Iterator<Item = &str> {
        self.jobs
            .iter()
            .filter(|job| job.may_have_printed)
            .map(|job| job.job.as_str())
    }
}
