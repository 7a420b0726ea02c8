//! A Papermesh node: holds sealed jobs, or releases them at a printer.
//!
//! Rooms, highest first; each uses only lower ones (see ARCHITECTURE.md):
//!
//! - [`mesh`] is the only one that knows libp2p.
#![forbid(unsafe_code)]

pub mod clock;
pub mod mesh;
pub mod policy;
