//! A badge that is held to the reader. Some readers read it again every second for as long as it lies
//! there, and a wallet that moves is read twice; that is one tap.

use papermesh_protocol::badge::BadgeNumber;
use tokio::time::Instant;

use super::super::limits;

/// The badge that was read last, and when; forgotten when it cannot be there any more.
#[derive(Default)]
pub(in crate::panel) struct Held(Option<(BadgeNumber, Instant)>);

impl Held {
    /// A badge was read; says whether it has been there since it was read before.
    pub(in crate::panel) fn stays(&mut self, badge: &BadgeNumber, now: Instant) -> bool {
        self.pass_time(now);
        let stays = self.0.as_ref().is_some_and(|(before, _)| before == badge);
        self.0 = Some((badge.clone(), now));
        stays
    }

    /// A badge was read while nobody could be let in: another one is as if it had not been.
    pub(in crate::panel) fn again(&mut self, badge: &BadgeNumber, now: Instant) {
        if let Some((before, at)) = &mut self.0
            && before == badge
        {
            *at = now;
        }
    }

    /// When it is forgotten.
    pub(in crate::panel) fn until(&self) -> Option<Instant> {
        self.0.as_ref().map(|(_, at)| *at + limits::HELD)
    }

    pub(in crate::panel) fn pass_time(&mut self, now: Instant) {
        if self.until().is_some_and(|until| until <= now) {
            self.0 = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_badge_that_lies_there_is_one_tap() {
        let mut held = Held::default();
        let (badge, other) = (BadgeNumber::of("04A1B2C3"), BadgeNumber::of("04FFFFFF"));
        let mut now = Instant::now();
        assert!(!held.stays(&badge, now));
        // Read twice at once, and then every second, for much longer than it is remembered.
        for wait in [300].into_iter().chain([1000; 8]) {
            now += Duration::from_millis(wait);
            assert!(held.stays(&badge, now));
        }
        // Somebody else's.
        assert!(!held.stays(&other, now));
        assert!(!held.stays(&badge, now));
        // Not heard while somebody was let in, and tapped again.
        held.again(&other, now);
        assert!(!held.stays(&other, now));
        assert!(!held.stays(&badge, now));
        // Taken away, and shown again.
        now += limits::HELD;
        assert!(!held.stays(&badge, now));
        held.pass_time(now + limits::HELD);
        assert_eq!(held.until(), None);
    }
}
