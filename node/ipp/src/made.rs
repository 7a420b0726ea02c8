//! Which account of this computer made a job. A print system asks after the jobs that it sent, and shows no
//! PIN with that; whoever else says the same name sees nothing of them.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use papermesh_web::Account;

use super::limits;
use super::queue::JobNumber;

/// What made the latest jobs of this run of the node.
#[derive(Debug, Default)]
pub(super) struct Made(Mutex<Latest>);

#[derive(Debug, Default)]
struct Latest {
    makers: BTreeMap<JobNumber, Account>,
    /// Their numbers, the oldest first: numbers from elsewhere are drawn.
    order: VecDeque<JobNumber>,
}

impl Made {
    pub(super) fn note(&self, job: JobNumber, by: Account) {
        let mut latest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if latest.makers.insert(job, by).is_none() {
            latest.order.push_back(job);
        }
        while latest.order.len() > limits::MADE {
            if let Some(oldest) = latest.order.pop_front() {
                latest.makers.remove(&oldest);
            }
        }
    }

    /// Whether this account made the job; nobody did if it is not known.
    pub(super) fn is_by(&self, job: JobNumber, account: Option<Account>) -> bool {
        let latest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        account.is_some_and(|account| latest.makers.get(&job) == Some(&account))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_job_is_of_the_account_that_made_it_and_the_oldest_are_forgotten() {
        let (made, [one, other]) = (Made::default(), [1, 2].map(Account::numbered));
        let last = u32::try_from(limits::MADE).unwrap() + 1;
        for job in 1..=last {
            made.note(job, one);
        }
        assert!(made.is_by(last, Some(one)) && !made.is_by(1, Some(one)));
        assert!(!made.is_by(last, Some(other)) && !made.is_by(last, None));
        assert!(!made.is_by(1, None));
        // Numbers are drawn: the oldest is not the lowest.
        made.note(3 * last, one);
        made.note(last + 1, one);
        assert!(!made.is_by(3, Some(one)) && made.is_by(3 * last, Some(one)));
    }
}
