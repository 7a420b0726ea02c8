//! The devices that wait for an admin to compare digits.

use std::borrow::Cow;

use super::digits::Digits;
use super::message::{Denial, Terms};
use crate::id::NodeId;
use crate::limits;
use crate::remedy::Remedy;
use crate::time::Timestamp;

/// One that waits. `R` is how it is told the decision.
#[derive(Debug)]
pub struct Device<R> {
    /// Its node.
    pub node: NodeId,
    /// What it asks for.
    pub terms: Terms,
    /// What its screen shows.
    pub digits: Digits,
    /// Since when it waits.
    pub since: Timestamp,
    /// How it is told.
    pub reply: R,
}

/// Why no device was found by its digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ApproveError {
    /// None shows them.
    #[error("no waiting device shows {0}")]
    Unknown(Digits),
    /// Two show them, and only one can be the one that the admin sees.
    #[error("two waiting devices show {0}")]
    Ambiguous(Digits),
}

impl Remedy for ApproveError {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        let remedy = match self {
            Self::Unknown(_) => {
                "read the digits on its screen again. If it does show them, somebody is intercepting: refuse every \
                 device that `papermesh pending` lists, and start again"
            }
            Self::Ambiguous(_) => "refuse both, and let yours join again",
        };
        Some(remedy.into())
    }
}

/// Devices in the order in which they came: one per node, at most [`limits::PENDING_JOINS`],
/// none for longer than [`limits::APPROVAL`].
#[derive(Debug)]
pub struct Waiting<R>(Vec<Device<R>>);

impl<R> Default for Waiting<R> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<R> Waiting<R> {
    /// Adds a device. Those to be told something else come back: with [`Denial::Busy`] the new one
    /// if there is no room, with [`Denial::Refused`] an earlier one of the same node, which it replaces.
    #[must_use]
    pub fn add(&mut self, device: Device<R>) -> Option<(R, Denial)> {
        if let Some(at) = self.0.iter().position(|other| other.node == device.node) {
            let earlier = self.0.remove(at);
            self.0.push(device);
            return Some((earlier.reply, Denial::Refused));
        }
        if self.0.len() >= limits::PENDING_JOINS {
            return Some((device.reply, Denial::Busy));
        }
        self.0.push(device);
        None
    }

    /// Takes out the one device that shows these digits, to admit it.
    ///
    /// # Errors
    /// [`ApproveError::Unknown`], [`ApproveError::Ambiguous`]; nobody is taken out then.
    pub fn take(&mut self, digits: Digits) -> Result<Device<R>, ApproveError> {
        let mut shown = (0..self.0.len()).filter(|&at| self.0[at].digits == digits);
        match (shown.next(), shown.next()) {
            (Some(at), None) => Ok(self.0.remove(at)),
            (Some(_), Some(_)) => Err(ApproveError::Ambiguous(digits)),
            (None, _) => Err(ApproveError::Unknown(digits)),
        }
    }

    /// Takes out all devices that show these digits, to refuse them.
    pub fn refuse(&mut self, digits: Digits) -> Vec<Device<R>> {
        self.0
            .extract_if(.., |device| device.digits == digits)
            .collect()
    }

    /// Takes out a node, to refuse it.
    pub fn refuse_node(&mut self, node: NodeId) -> Vec<Device<R>> {
        self.0
            .extract_if(.., |device| device.node == node)
            .collect()
    }

    /// Takes out those that waited too long, to be told [`Denial::Unanswered`].
    pub fn expire(&mut self, now: Timestamp) -> Vec<Device<R>> {
        self.0
            .extract_if(.., |device| now.since(device.since) >= limits::APPROVAL)
            .collect()
    }

    /// Forgets those that have gone.
    pub fn retain(&mut self, mut still_there: impl FnMut(&R) -> bool) {
        self.0.retain(|device| still_there(&device.reply));
    }

    /// Those that wait, in the order in which they came.
    pub fn iter(&self) -> impl Iterator<Item = &Device<R>> {
        self.0.iter()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use core::time::Duration;

    use super::*;
    use crate::certificate::{Role, Roles};
    use crate::seal::keys::SealingPublic;

    const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

    fn device(node: u8, digits: &str, reply: u8) -> Device<u8> {
        Device {
            node: NodeId::from_bytes([node; 32]),
            terms: Terms {
                sealing: SealingPublic::from_bytes([node; 32]),
                name: "Empfang".parse().unwrap(),
                roles: Roles::of(&[Role::Printer]),
            },
            digits: digits.parse().unwrap(),
            since: NOW,
            reply,
        }
    }

    #[test]
    fn one_device_waits_once() {
        let mut waiting = Waiting::default();
        assert_eq!(waiting.add(device(1, "111111", 1)), None);
        assert_eq!(
            waiting.add(device(1, "222222", 2)),
            Some((1, Denial::Refused))
        );
        assert_eq!(
            waiting.take("111111".parse().unwrap()).unwrap_err(),
            ApproveError::Unknown("111111".parse().unwrap())
        );
        assert_eq!(waiting.take("222222".parse().unwrap()).unwrap().reply, 2);
        assert_eq!(waiting.iter().count(), 0);
    }

    #[test]
    fn there_is_room_for_so_many_and_no_more() {
        let mut waiting = Waiting::default();
        for node in 0..u8::try_from(limits::PENDING_JOINS).unwrap() {
            assert_eq!(waiting.add(device(node, "111111", node)), None);
        }
        assert_eq!(
            waiting.add(device(99, "111111", 99)),
            Some((99, Denial::Busy))
        );
        // One that is among them may still begin again.
        assert_eq!(
            waiting.add(device(3, "333333", 103)),
            Some((3, Denial::Refused))
        );
        assert_eq!(waiting.iter().count(), limits::PENDING_JOINS);
    }

    #[test]
    fn equal_digits_admit_nobody() {
        let mut waiting = Waiting::default();
        assert_eq!(waiting.add(device(1, "123456", 1)), None);
        assert_eq!(waiting.add(device(2, "123456", 2)), None);
        let digits = "123456".parse().unwrap();
        assert_eq!(
            waiting.take(digits).unwrap_err(),
            ApproveError::Ambiguous(digits)
        );
        assert_eq!(waiting.refuse(digits).len(), 2);
    }

    #[test]
    fn waiting_ends() {
        let mut waiting = Waiting::default();
        assert_eq!(waiting.add(device(1, "111111", 1)), None);
        assert!(
            waiting
                .expire(NOW + limits::APPROVAL - Duration::from_millis(1))
                .is_empty()
        );
        assert_eq!(waiting.expire(NOW + limits::APPROVAL).len(), 1);
        assert_eq!(waiting.add(device(1, "111111", 1)), None);
        waiting.retain(|&reply| reply != 1);
        assert_eq!(waiting.iter().count(), 0);
    }
}
