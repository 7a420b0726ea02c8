//! How much may be printed with a token, and how much was. Days are those of UTC.

use serde::{Deserialize, Serialize};

use crate::text::counted;
use crate::time::Timestamp;

/// Seconds of a day.
const DAY: u64 = 24 * 60 * 60;

/// How much may be printed with a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Allowance {
    /// Jobs in a day.
    pub jobs_a_day: u32,
    /// Bytes of documents in a day.
    pub bytes_a_day: u64,
    /// Jobs in all; none for any number.
    pub jobs: Option<u32>,
}

impl Default for Allowance {
    /// A hundred jobs and a gibibyte in a day: more than a person prints, less than fills a disk in a night.
    fn default() -> Self {
        Self {
            jobs_a_day: 100,
            bytes_a_day: 1 << 30,
            jobs: None,
        }
    }
}

/// How much was printed with a token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Used {
    /// Days since the beginning of 1970 at which the next two count.
    day: u64,
    jobs_today: u32,
    bytes_today: u64,
    /// Jobs in all.
    pub jobs: u32,
}

/// Nothing more may be printed with a token for now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Spent {
    /// It had so many jobs in all.
    #[error("this print token has no jobs left: it was good for {}", counted((*.0).into(), "job"))]
    Jobs(u32),
    /// It had so many jobs for today.
    #[error("this print token has no jobs left for today: it is good for {} a day", counted((*.0).into(), "job"))]
    JobsToday(u32),
    /// It had so many bytes for today.
    #[error("this print token has no bytes left for today: it is good for {} MiB a day", *.0 >> 20)]
    BytesToday(u64),
}

impl Used {
    /// What was used of today.
    fn on(self, now: Timestamp) -> Self {
        let day = now.as_secs() / DAY;
        match day != self.day {
            true => Self {
                day,
                jobs_today: 0,
                bytes_today: 0,
                ..self
            },
            false => self,
        }
    }

    /// Checks that one more job may come.
    ///
    /// # Errors
    /// [`Spent`].
    pub fn check(self, allowance: Allowance, now: Timestamp) -> Result<(), Spent> {
        let used = self.on(now);
        if let Some(most) = allowance.jobs
            && used.jobs >= most
        {
            return Err(Spent::Jobs(most));
        }
        if used.jobs_today >= allowance.jobs_a_day {
            return Err(Spent::JobsToday(allowance.jobs_a_day));
        }
        if used.bytes_today >= allowance.bytes_a_day {
            return Err(Spent::BytesToday(allowance.bytes_a_day));
        }
        Ok(())
    }

    /// Takes one job.
    ///
    /// # Errors
    /// [`Spent`].
    pub fn take_job(&mut self, allowance: Allowance, now: Timestamp) -> Result<(), Spent> {
        self.check(allowance, now)?;
        *self = self.on(now);
        self.jobs = self.jobs.saturating_add(1);
        self.jobs_today = self.jobs_today.saturating_add(1);
        Ok(())
    }

    /// Gives a job back that came to nothing. Its bytes came all the same.
    pub fn give_back_job(&mut self, now: Timestamp) {
        // The day on which it was taken may be over.
        *self = self.on(now);
        self.jobs = self.jobs.saturating_sub(1);
        self.jobs_today = self.jobs_today.saturating_sub(1);
    }

    /// Takes so many bytes.
    ///
    /// # Errors
    /// [`Spent::BytesToday`]; then they are taken as well: nobody tries again for nothing.
    pub fn take_bytes(
        &mut self,
        bytes: u64,
        allowance: Allowance,
        now: Timestamp,
    ) -> Result<(), Spent> {
        *self = self.on(now);
        self.bytes_today = self.bytes_today.saturating_add(bytes);
        match self.bytes_today <= allowance.bytes_a_day {
            true => Ok(()),
            false => Err(Spent::BytesToday(allowance.bytes_a_day)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOST: Allowance = Allowance {
        jobs_a_day: 2,
        bytes_a_day: 100,
        jobs: Some(3),
    };

    fn on(day: u64) -> Timestamp {
        Timestamp::from_secs(day * DAY + 7)
    }

    #[test]
    fn a_day_has_so_many_jobs_and_all_days_together_have() {
        let mut used = Used::default();
        assert_eq!(used.take_job(MOST, on(1)), Ok(()));
        assert_eq!(used.take_job(MOST, on(1)), Ok(()));
        assert_eq!(used.take_job(MOST, on(1)), Err(Spent::JobsToday(2)));
        assert_eq!(used.take_job(MOST, on(2)), Ok(()));
        assert_eq!(used.take_job(MOST, on(2)), Err(Spent::Jobs(3)));
        used.give_back_job(on(2));
        assert_eq!(used.take_job(MOST, on(2)), Ok(()));
        assert_eq!(used.check(MOST, on(9)), Err(Spent::Jobs(3)));
        // A clock that was ahead, and is right again, takes no day's jobs from the next ones.
        let mut ahead = Used::default();
        assert_eq!(ahead.take_job(MOST, on(900)), Ok(()));
        assert_eq!(ahead.take_job(MOST, on(1)), Ok(()));
        assert_eq!(ahead.take_job(MOST, on(2)), Ok(()));
        // What is given back after midnight makes no day longer.
        let mut late = Used::default();
        assert_eq!(late.take_job(MOST, on(1)), Ok(()));
        late.give_back_job(on(2));
        assert_eq!(
            late,
            Used {
                day: 2,
                ..Used::default()
            }
        );
    }

    #[test]
    fn a_day_has_so_many_bytes() {
        let mut used = Used::default();
        assert_eq!(used.take_bytes(100, MOST, on(1)), Ok(()));
        assert_eq!(used.check(MOST, on(1)), Err(Spent::BytesToday(100)));
        assert_eq!(used.take_bytes(1, MOST, on(1)), Err(Spent::BytesToday(100)));
        assert_eq!(
            used.take_bytes(u64::MAX, MOST, on(2)),
            Err(Spent::BytesToday(100))
        );
        assert_eq!(used.check(MOST, on(3)), Ok(()));
    }

    #[test]
    fn what_is_used_up_is_said_in_words() {
        let said = [
            Spent::Jobs(3),
            Spent::JobsToday(1),
            Spent::BytesToday(1 << 30),
        ]
        .map(|spent| spent.to_string());
        assert_eq!(
            said,
            [
                "this print token has no jobs left: it was good for 3 jobs",
                "this print token has no jobs left for today: it is good for 1 job a day",
                "this print token has no bytes left for today: it is good for 1024 MiB a day",
            ]
        );
    }
}
