//! IPP as the printers that a node is hear and speak it: the hold printer, and the infrastructure
//! printer of a printer's node.
//!
//! This crate may know IPP and HTTP. It may not know what is printed, for whom, or on what.
//!
//! One reason per file, from the socket inwards:
//!
//! - [`http`]: what HTTP says before IPP is read (RFC 8010 section 4)
//! - [`arriving`]: a body on its way: attributes first, then perhaps a document
//! - [`message`], [`reading`], [`values`], [`status`], [`requested`]: IPP's own encoding (RFC 8010)
//! - [`operations!`]: which operations a printer has; [`uuid`]: UUIDs of what has none of its own
//! - [`subscriptions`]: who wants to be told what happens, and fetches it (RFC 3995, RFC 3996)
//! - [`limits`]: how much of all that there may be
#![forbid(unsafe_code)]

pub mod arriving;
pub mod http;
pub mod limits;
pub mod message;
mod operation;
pub mod reading;
pub mod requested;
pub mod status;
pub mod subscriptions;
pub mod uuid;
pub mod values;
