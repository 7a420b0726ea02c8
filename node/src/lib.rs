//! A Papermesh node: holds sealed jobs, or releases them at a printer.
//!
//! Rooms, highest first; each uses only lower ones (see ARCHITECTURE.md):
//!
//! - [`mesh`] is the only one that knows libp2p.
#![forbid(unsafe_code)]

pub mod audit;
pub mod clock;
pub mod directory;
pub mod mesh;
pub mod network;
pub mod offload;
pub mod policy;
pub mod store;

pub mod authority;
pub mod memory;
pub mod papers;
pub mod renewal;
pub mod ticket;
pub mod user;
pub mod vault;
