//! What made a job: which account of this computer, or which print token. A print system asks after the
//! jobs that it sent, and shows no PIN with that; whoever else says the same name sees nothing of them.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

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

/// What made the latest jobs of this run of the node.
#[derive(Debug, Default)]
pub(super) struct Made(Mutex<BTreeMap<JobNumber, Maker>>);

impl Made {
    pub(super) fn note(&self, job: JobNumber, by: Maker) {
        let mut made = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        made.insert(job, by);
        while made.len() > limits::MADE {
            made.pop_first();
        }
    }

    /// Whether it made the job; nothing did if it is not known.
    pub(super) fn is_by(&self, job: JobNumber, maker: Option<Maker>) -> bool {
        let made = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        maker.is_some() && made.get(&job).copied() == maker
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
        let token = Maker::Token(TokenDigest::from_bytes([1; 32]));
        assert!(!made.is_by(last, Some(token)));
    }
}
