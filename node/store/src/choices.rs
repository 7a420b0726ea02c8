//! How users wanted things printed last at this printer: sides and color, nothing of any job.
//!
//! Kept under a keyed hash of the user id. Whoever does not print here for [`CHOICE_LIFETIME`] is
//! forgotten, and of more than [`CHOICES_MAX`] users those go who were here the longest ago.

use std::time::Duration;

use papermesh_protocol::id::RecordKey;
use papermesh_protocol::job::{ColorMode, Sides};
use papermesh_protocol::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::Inner;
use super::columns::CHOICES;
use super::database::{Durability, Range};
use super::error::StoreError;

/// Users whose choices are kept.
pub const CHOICES_MAX: usize = 1000;
/// How long a choice is kept that nobody repeats.
pub const CHOICE_LIFETIME: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// How a user wants things printed, otherwise than they were submitted; what is none is as it was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// On which sides.
    pub sides: Option<Sides>,
    /// Whether in color.
    pub color: Option<ColorMode>,
}

/// A choice, and when it was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChoiceRow {
    choice: Choice,
    at: Timestamp,
}

impl ChoiceRow {
    /// A choice that was made then.
    pub(super) const fn new(choice: Choice, at: Timestamp) -> Self {
        Self { choice, at }
    }
}

/// The choices of a store.
pub struct Choices<'a>(pub(super) &'a Inner);

impl Choices<'_> {
    /// What the user chose last; the default where that is not known, or too long ago.
    ///
    /// # Errors
    /// If the disk does not give it.
    pub fn get(&self, user: RecordKey, now: Timestamp) -> Result<Choice, StoreError> {
        let row = self.0.database.get(&CHOICES, &user)?;
        let row = row.filter(|row| now.since(row.at) < CHOICE_LIFETIME);
        Ok(row.map(|row| row.choice).unwrap_or_default())
    }

    /// Keeps a choice; the default is not worth keeping. A power cut may undo it.
    ///
    /// # Errors
    /// If the disk does not take it.
    pub fn put(&self, user: RecordKey, choice: Choice, now: Timestamp) -> Result<(), StoreError> {
        let database = &self.0.database;
        let _remembering = self.0.writing();
        let mut batch = database.batch();
        if choice == Choice::default() {
            batch.delete(&CHOICES, &user)?;
            return batch.commit(Durability::Buffered);
        }
        let mut others = database.scan(&CHOICES, Range::all(), CHOICES_MAX + 1)?;
        others.retain(|(other, _)| *other != user);
        others.sort_by_key(|(_, row)| row.at);
        let too_many = (others.len() + 1).saturating_sub(CHOICES_MAX);
        for (place, (other, row)) in others.into_iter().enumerate() {
            if place < too_many || now.since(row.at) >= CHOICE_LIFETIME {
                batch.delete(&CHOICES, &other)?;
            }
        }
        batch.put(&CHOICES, &user, &ChoiceRow::new(choice, now))?;
        batch.commit(Durability::Buffered)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::Store;
    use super::super::sample::{NOW, store};
    use super::*;

    const BOTH_SIDES: Choice = Choice {
        sides: Some(Sides::TwoSidedLongEdge),
        color: None,
    };

    fn user(number: u32) -> RecordKey {
        let mut key = [0; 32];
        key[..4].copy_from_slice(&number.to_be_bytes());
        RecordKey::from_bytes(key)
    }

    #[test]
    fn a_choice_is_kept_changed_and_taken_back() {
        let (home, store) = store().unwrap();
        assert_eq!(
            store.choices().get(user(1), NOW).unwrap(),
            Choice::default()
        );
        store.choices().put(user(1), BOTH_SIDES, NOW).unwrap();
        store.sync().unwrap();
        drop(store);
        let store = Store::open(home.path()).unwrap();
        let get = |user, at| store.choices().get(user, at).unwrap();
        assert_eq!(get(user(1), NOW), BOTH_SIDES);
        assert_eq!(get(user(2), NOW), Choice::default());
        assert_eq!(get(user(1), NOW + CHOICE_LIFETIME), Choice::default());
        let gray = Choice {
            color: Some(ColorMode::Monochrome),
            ..BOTH_SIDES
        };
        store.choices().put(user(1), gray, NOW).unwrap();
        assert_eq!(get(user(1), NOW), gray);
        store
            .choices()
            .put(user(1), Choice::default(), NOW)
            .unwrap();
        assert_eq!(get(user(1), NOW), Choice::default());
    }

    #[test]
    fn of_too_many_users_those_are_forgotten_who_were_here_longest_ago() {
        let (_home, store) = store().unwrap();
        let at = |number: u32| NOW + Duration::from_secs(number.into());
        for number in 0..1005 {
            store
                .choices()
                .put(user(number), BOTH_SIDES, at(number))
                .unwrap();
        }
        let rows = store
            .inner
            .database
            .scan(&CHOICES, Range::all(), 2000)
            .unwrap();
        assert_eq!(rows.len(), CHOICES_MAX);
        let get = |number| store.choices().get(user(number), at(1004)).unwrap();
        assert_eq!(get(4), Choice::default());
        assert_eq!(get(5), BOTH_SIDES);
        // All that are too old go at once.
        let later = at(2000) + CHOICE_LIFETIME;
        store.choices().put(user(1), BOTH_SIDES, later).unwrap();
        let left = store
            .inner
            .database
            .scan(&CHOICES, Range::all(), 2000)
            .unwrap();
        assert_eq!(left.len(), 1);
    }
}
