//! What made a job: which account of this computer, or which print token. A print system asks after the
//! jobs that it sent, and shows no PIN with that; whoever else says the same name sees nothing of them.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use papermesh_protocol::id::TokenDigest;
use papermesh_web::Account;

use super::limits;
use super::queue::JobNumber;

/// What a job is made by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Maker {
    /// A program of this account.
    Account(Account),
    /// A program outside that showed this token.
    Token(TokenDigest),
}

/// What made the latest jobs of this run of the node. Those of one kind take nothing from the other.
#[derive(Debug, Default)]
pub(super) struct Made {
    by_accounts: Mutex<Latest>,
    by_tokens: Mutex<Latest>,
}

#[derive(Debug, Default)]
struct Latest {
    makers: BTreeMap<JobNumber, Maker>,
    /// Their numbers, the oldest first: numbers from elsewhere are drawn.
    order: VecDeque<JobNumber>,
}

impl Made {
    fn latest(&self, maker: Maker) -> MutexGuard<'_, Latest> {
        let latest = match maker {
            Maker::Account(_) => &self.by_accounts,
            Maker::Token(_) => &self.by_tokens,
        };
        latest.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn note(&self, job: JobNumber, by: Maker) {
        let mut latest = self.latest(by);
        if latest.makers.insert(job, by).is_none() {
            latest.order.push_back(job);
        }
        while latest.order.len() > limits::MADE {
            if let Some(oldest) = latest.order.pop_front() {
                latest.makers.remove(&oldest);
            }
        }
    }

    /// The latest jobs that it made, at most so many, the newest first.
    pub(super) fn of(&self, maker: Maker, most: usize) -> Vec<JobNumber> {
        let latest = self.latest(maker);
        let is_its = |job: &&JobNumber| latest.makers.get(job) == Some(&maker);
        let newest = latest.order.iter().rev().filter(is_its);
        newest.take(most).copied().collect()
    }

    /// Whether it made the job; nothing did if it is not known.
    pub(super) fn is_by(&self, job: JobNumber, maker: Option<Maker>) -> bool {
        maker.is_some_and(|maker| self.latest(maker).makers.get(&job) == Some(&maker))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_job_is_of_what_made_it_and_the_oldest_are_forgotten() {
        let (made, [one, other]) = (
            Made::default(),
            [1, 2].map(|number| Maker::Account(Account::numbered(number))),
        );
        let last = u32::try_from(limits::MADE).unwrap() + 1;
        for job in 1..=last {
            made.note(job, one);
        }
        assert!(made.is_by(last, Some(one)) && !made.is_by(1, Some(one)));
        assert!(!made.is_by(last, Some(other)) && !made.is_by(last, None));
        assert!(!made.is_by(1, None));
        // However many somebody outside makes, what is known of accounts stays.
        let token = Maker::Token(TokenDigest::from_bytes([1; 32]));
        assert!(!made.is_by(last, Some(token)));
        for job in (last + 1..=3 * last).rev() {
            made.note(job, token);
        }
        assert!(made.is_by(last, Some(one)));
        // Numbers are drawn there: the oldest is not the lowest.
        assert!(made.is_by(last + 1, Some(token)) && !made.is_by(3 * last, Some(token)));
        assert_eq!(made.of(token, 2), [last + 1, last + 2]);
        assert_eq!(made.of(one, 1), [last]);
    }
}
