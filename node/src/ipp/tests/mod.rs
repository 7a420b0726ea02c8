//! The hold printer over real sockets, in front of jobs that live in memory.

#![allow(clippy::unwrap_used)]

mod memory;
mod suites;
