//! The hold printer over real sockets, in front of jobs that live in memory.

#![allow(clippy::unwrap_used)]

#[cfg(test)]
mod corpus;
pub(super) mod memory;
#[cfg(test)]
mod suites;
