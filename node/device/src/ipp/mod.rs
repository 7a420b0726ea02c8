//! Printing over the Internet Printing Protocol (RFC 8010, RFC 8011; over TLS RFC 7472).
//!
//! One reason per file, lowest first:
//!
//! - `request`: messages out; `attributes`, `reply`: messages and values in, with suspicion and
//!   tolerance
//! - `certificate`, `trust`: TLS with pinned certificates; `reach`: encrypted or not; `transport`:
//!   HTTP, time and size limits
//! - `paper`, `capabilities`: what the printer can do against what the ticket asks
//! - `patience`: how long is waited for what
//! - `upload`, `probe`: the document's stream out; what the printer says of the job
//! - `settle`: taking a job back, and what that means for paper
//! - `admission`, `watch`: getting a job; watching it to its end
//! - `print`: one print from start to end
//! - `device`: the printer as the rest of the node sees it
//!
//! Deliberately absent: passwords (a node is let in at the printer by its address), compression
//! (documents come compressed), Print-URI (the printer has no way to a sealed job), and
//! subscriptions (polling works everywhere).

mod admission;
mod attributes;
mod capabilities;
mod certificate;
mod device;
mod paper;
mod patience;
mod print;
mod probe;
mod reach;
mod reply;
mod request;
mod settle;
mod transport;
mod trust;
mod upload;
mod watch;

#[cfg(test)]
mod fake_printer;
#[cfg(test)]
mod print_tests;
#[cfg(test)]
mod real_printer_tests;

pub(crate) use capabilities::{Capabilities, PRINTER_ATTRIBUTES};
pub use device::IppDevice;
pub(crate) use settle::Completion;
