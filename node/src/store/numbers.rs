//! Job numbers: small, of this holder, never given twice. IPP wants them (RFC 8011 §5.3.2 `job-id`,
//! 1 to 2^31 - 1), and people can say them.
//!
//! Numbers are taken from the disk a block at a time, so that one costs no disk flush. What is left
//! of a block when the process ends is skipped.

use std::ops::Range;
use std::sync::PoisonError;

use super::Inner;
use super::columns::COUNTERS;
use super::database::Durability;
use super::error::StoreError;

/// Numbers that are taken from the disk at once.
const BLOCK: u64 = 64;
/// The highest number.
const HIGHEST: u32 = i32::MAX as u32;
/// The counter's name.
const COUNTER: &str = "job numbers";

/// Numbers taken from the disk and not given yet.
pub(super) type Block = Range<u32>;

/// The job numbers of a store.
pub struct JobNumbers<'a>(pub(super) &'a Inner);

impl JobNumbers<'_> {
    /// A number that no job here ever had.
    ///
    /// # Errors
    /// [`StoreError::TooMany`] when all have been given.
    pub fn next(&self) -> Result<u32, StoreError> {
        let mut block = self
            .0
            .numbers
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if block.is_empty() {
            *block = self.take()?;
        }
        block.next().ok_or(StoreError::TooMany {
            what: "job numbers",
            max: HIGHEST as usize,
        })
    }

    fn take(&self) -> Result<Block, StoreError> {
        let database = &self.0.database;
        let name = COUNTER.to_owned();
        let first = database.get(&COUNTERS, &name)?.unwrap_or(1);
        let end = (first + BLOCK).min(u64::from(HIGHEST) + 1);
        let mut batch = database.batch();
        batch.put(&COUNTERS, &name, &end)?;
        batch.commit(Durability::Synced)?;
        let number = |number| u32::try_from(number).unwrap_or(HIGHEST + 1);
        Ok(number(first)..number(end))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::Store;
    use super::super::sample::store;
    use super::*;

    #[test]
    fn numbers_grow_and_are_never_given_twice() {
        let (home, store) = store().unwrap();
        let first: Vec<u32> = (0..100).map(|_| store.numbers().next().unwrap()).collect();
        assert_eq!(first, (1..=100).collect::<Vec<_>>());
        drop(store);
        let store = Store::open(home.path()).unwrap();
        assert_eq!(store.numbers().next().unwrap(), 129);
    }

    #[test]
    fn the_last_number_is_the_last() {
        let (_home, store) = store().unwrap();
        let mut batch = store.inner.database.batch();
        batch
            .put(&COUNTERS, &COUNTER.to_owned(), &u64::from(HIGHEST))
            .unwrap();
        batch.commit(Durability::Synced).unwrap();
        assert_eq!(store.numbers().next().unwrap(), HIGHEST);
        for _ in 0..2 {
            assert!(matches!(
                store.numbers().next(),
                Err(StoreError::TooMany { .. })
            ));
        }
    }
}
