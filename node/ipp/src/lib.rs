//! The hold printer: an IPP Everywhere printer (PWG 5100.14) through which every program of this
//! computer prints into the mesh, without a driver.
//!
//! This crate may know IPP, HTTP and what paper and options are called. It may not know the mesh, the store or the
//! holder: it asks a [`Queue`](queue::Queue).
//!
//! One reason per file, from the socket inwards:
//!
//! - [`listener`]: the socket, by [`papermesh_web`]
//! - `http`, `compression`: from an HTTP body to a request and its document; IPP's own encoding is that of
//!   [`papermesh_ipp_message`]
//! - `owner`: who asks, and by what right; `accounts`: which programs of this computer are believed,
//!   `names`: which user they mean, `made`: what they made; `outside`: those who come through a gateway; `terminated`:
//!   what a gateway says of them that has read it
//! - `operations/`: what may be asked (RFC 8011 and its extensions)
//! - `options`, `media`: how a job is printed: one entry reads, shows and offers an attribute; `template`:
//!   whatever else is asked of a job, against what can be had
//! - `printer_attributes`, `job_attributes`, `document_attributes`, `identity`: what is told
//! - `found`: what is told to those who look for a printer
//! - `station`: queues that lead straight to one printer of the site
//! - `open_jobs`: what lives in memory only; `news`: what subscribers are told
//! - [`queue`]: what is asked of whoever holds the jobs
//!
//! Jobs wait here, sealed, until their owner releases them at a printer: they are `pending-held`
//! (PWG 5100.11 `job-release-wait`), and their states follow what happens there.
//!
//! Deliberately absent: Print-URI and Send-URI (a node fetches nothing at a stranger's word),
//! pushed notifications (for the same reason), and PostScript.
#![forbid(unsafe_code)]

use std::net::{IpAddr, SocketAddr};

mod accounts;
mod compression;
mod document_attributes;
mod found;
mod http;
mod identity;
mod job_attributes;
mod limits;
pub mod listener;
mod made;
mod media;
mod names;
mod news;
mod open_jobs;
mod operations;
mod options;
mod outside;
mod owner;
mod printer_attributes;
pub mod queue;
mod server;
mod station;
mod template;
mod terminated;

use papermesh_ipp_message::{arriving, message, requested, status, subscriptions, values};

pub use identity::Identity;
pub use listener::{HoldPrinter, HoldPrinterError, Outside};
pub use names::Owners;
pub use outside::Browsing;
pub use papermesh_web::CertificateError;
pub use station::path as station_path;

/// The URI by which other computers reach a hold printer that listens at `address`; none if this
/// computer has no name to reach it by.
#[must_use]
pub fn elsewhere(address: SocketAddr) -> Option<String> {
    let host = match address.ip() {
        ip if ip.is_unspecified() => {
            let name = papermesh_web::host_name()?;
            if name.contains('.') {
                name
            } else {
                format!("{name}.local")
            }
        }
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => format!("[{ip}]"),
    };
    Some(format!("ipps://{host}:{}{PATH}", address.port()))
}

/// The path of the printer in its URI.
pub const PATH: &str = "/ipp/print";
/// Where the URIs of jobs begin.
const JOB_PATH: &str = "/ipp/job/";
/// The path of the printer's icon.
const ICON_PATH: &str = "/icon.png";

#[cfg(any(test, fuzzing))]
mod rehearsal;
#[cfg(any(test, fuzzing))]
mod tests;
#[cfg(any(test, fuzzing))]
pub use rehearsal::rehearse;
