//! Job numbers: small, of this holder, never given twice. IPP wants them (RFC 8011 §5.3.2 `job-id`,
//! 1 to 2^31 - 1), and people can say them.
//!
//! Numbers are taken from the disk a block at a time, so that one costs no disk flush. What is left
//! of a block when the process ends is skipped.
//!
//! A number can also be drawn: then it is large, and nobody knows it who was not told.

use std::ops::Range;
use std::sync::PoisonError;

use rand::RngExt;

use super::Inner;
use super::columns::{COUNTERS, JOB_NUMBERS};
use super::database::Durability;
use super::error::StoreError;

/// Numbers that are taken from the disk at once.
const BLOCK: u64 = 64;
/// The highest number that is counted; those above are drawn.
const HIGHEST: u32 = (1 << 30) - 1;
/// The highest number that is drawn.
const HIGHEST_DRAWN: u32 = i32::MAX as u32;
/// Numbers that are drawn until one is free: with a million jobs, one in a thousand is not.
const DRAWS: usize = 8;
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

    /// A number that no job here has, and that nobody guesses: one of about a billion.
    ///
    /// # Errors
    /// [`StoreError::TooMany`] when none is found.
    pub fn draw(&self) -> Result<u32, StoreError> {
        for _ in 0..DRAWS {
            let number = rand::rng().random_range(HIGHEST + 1..=HIGHEST_DRAWN);
            if !self.0.database.contains(&JOB_NUMBERS, &number)? {
                return Ok(number);
            }
        }
        Err(StoreError::TooMany {
            what: "job numbers",
            max: HIGHEST_DRAWN as usize,
        })
    }

    /// Whether such a number is drawn, so that whoever knows it was told.
    #[must_use]
    pub const fn is_drawn(number: u32) -> bool {
        number > HIGHEST
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
    fn numbers_that_are_drawn_are_none_that_are_counted() {
        let (_home, store) = store().unwrap();
        let drawn: std::collections::BTreeSet<u32> =
            (0..100).map(|_| store.numbers().draw().unwrap()).collect();
        assert!(drawn.len() > 98 && drawn.iter().all(|number| JobNumbers::is_drawn(*number)));
        assert!(drawn.iter().all(|number| i32::try_from(*number).is_ok()));
        assert!(!JobNumbers::is_drawn(store.numbers().next().unwrap()));
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
