//! The clock: whether other members believe it.

use std::time::Duration;

use papermesh_mesh::clocks::ClockOffset;
use papermesh_protocol::certificate::Certificate;
use papermesh_protocol::limits;
use papermesh_protocol::time::Timestamp;

use super::{bad, doubtful, good};
use crate::control::message::Finding;

/// Built after then: a clock that shows less is wrong.
const BUILT_AFTER: Timestamp = Timestamp::from_secs(1_760_000_000);

const CLOCK_ADVICE: &str = "correct the clock that is wrong, preferably with NTP; with more than 5 minutes between them, members do not find each other's jobs";

/// Whether the clock is one that other members believe: against what is known for certain, and
/// against the clocks of those who are connected. With a single one, either may be wrong.
pub(super) fn clock_of(now: Timestamp, own: &Certificate, offset: Option<ClockOffset>) -> Finding {
    if now < BUILT_AFTER || now + limits::CLOCK_SKEW < own.not_before {
        return bad(
            "clock",
            "this computer's clock is behind the time when it became a member".to_owned(),
            CLOCK_ADVICE,
        );
    }
    let Some(offset) = offset else {
        return good(
            "clock",
            "plausible; no other member to compare with".to_owned(),
        );
    };
    let apart = Duration::from_millis(offset.ahead.unsigned_abs());
    let detail = offset.to_string();
    if apart <= limits::CLOCK_SKEW / 2 {
        good("clock", detail)
    } else if apart <= limits::CLOCK_SKEW || offset.members == 1 {
        doubtful("clock", detail, CLOCK_ADVICE)
    } else {
        bad("clock", detail, CLOCK_ADVICE)
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::{DAY, NOW, certificate};
    use super::*;
    use crate::control::message::Verdict;

    #[test]
    fn a_clock_that_is_behind_is_found() {
        let own = certificate();
        let verdict = |now| clock_of(now, &own, None).verdict;
        assert_eq!(verdict(NOW), Verdict::Good);
        assert_eq!(verdict(NOW - DAY), Verdict::Bad);
        assert_eq!(verdict(Timestamp::from_secs(0)), Verdict::Bad);
    }

    #[test]
    fn a_clock_that_others_do_not_share_is_found_although_it_is_plausible() {
        let own = certificate();
        let found = |minutes: i64, members| {
            let ahead = minutes * 60_000;
            clock_of(NOW, &own, Some(ClockOffset { ahead, members }))
        };
        assert_eq!(found(0, 3).verdict, Verdict::Good);
        assert_eq!(found(-4, 3).verdict, Verdict::Doubtful);
        let ahead = found(61, 3);
        assert_eq!(ahead.verdict, Verdict::Bad);
        assert_eq!(
            ahead.detail,
            "this computer's clock is 61 min ahead of the other members'"
        );
        let behind = found(-61, 1);
        // One other clock is no proof.
        assert_eq!(behind.verdict, Verdict::Doubtful);
        assert!(behind.detail.contains("61 min behind"), "{}", behind.detail);
    }
}
