//! Log-ins with a badge alone, counted: where the site's policy takes them, a printer needs nobody to be
//! there to make them. Remembered by this process.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use papermesh_protocol::id::NodeId;
use papermesh_protocol::text::UserId;
use papermesh_protocol::time::Timestamp;

use crate::rate_window::RateWindow;

/// Log-ins of one user at one printer that are let in within a [`WINDOW`],
const OF_USER: u32 = 10;
/// and of all users at one printer together.
const OF_PRINTER: u32 = 240;
/// How long is counted.
const WINDOW: Duration = Duration::from_secs(60 * 60);
/// Users and printers that are counted at once; more wait until these are forgotten.
const COUNTED: usize = 4096;

/// How often printers opened sessions by a badge alone.
pub struct Unproven(Mutex<Counts>);

struct Counts {
    printers: RateWindow,
    users: BTreeMap<(NodeId, UserId), (Timestamp, u32)>,
}

impl Default for Unproven {
    fn default() -> Self {
        Self(Mutex::new(Counts {
            printers: RateWindow::new(OF_PRINTER, WINDOW),
            users: BTreeMap::new(),
        }))
    }
}

impl Unproven {
    /// Counts once more; says whether this printer may still log this user in so.
    pub fn count(&self, printer: NodeId, user: &UserId, now: Timestamp) -> bool {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts
            .users
            .retain(|_, (since, _)| now.since(*since) < WINDOW);
        let key = (printer, user.clone());
        if counts.users.len() >= COUNTED && !counts.users.contains_key(&key) {
            return false;
        }
        let (_, count) = counts.users.entry(key).or_insert((now, 0));
        *count = count.saturating_add(1);
        let within = *count <= OF_USER;
        counts.printers.count(printer, now) && within
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

    fn let_in(unproven: &Unproven, users: usize, each: usize) -> usize {
        let printer = NodeId::from_bytes([1; 32]);
        let users = (0..users).map(|n| format!("user{n}").parse().unwrap());
        let users: Vec<UserId> = users.collect();
        let all = users.iter().flat_map(|user| (0..each).map(move |_| user));
        all.filter(|user| unproven.count(printer, user, NOW))
            .count()
    }

    #[test]
    fn a_printer_logs_one_user_in_by_badge_some_times_an_hour_and_all_of_them_not_at_once() {
        let unproven = Unproven::default();
        assert_eq!(let_in(&unproven, 1, 100), OF_USER as usize);
        let (other, user) = (NodeId::from_bytes([2; 32]), "user0".parse().unwrap());
        assert!(unproven.count(other, &user, NOW));
        let unproven = Unproven::default();
        assert_eq!(let_in(&unproven, 2_000, 1), OF_PRINTER as usize);
        let printer = NodeId::from_bytes([1; 32]);
        assert!(unproven.count(printer, &user, NOW + WINDOW));
    }
}
