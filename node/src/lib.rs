//! A Papermesh node: holds sealed jobs, or releases them at a printer.
//!
//! Rooms, highest first; each uses only lower ones (see ARCHITECTURE.md):
//!
//! - [`cli`] is the command line.
//! - [`control`] is how it talks to a running node.
//! - [`mesh`] is the only one that knows libp2p.
//! - [`config`] is what a node is told before it starts.
#![forbid(unsafe_code)]

pub mod cli;
pub mod clock;
pub mod config;
pub mod control;
pub mod logs;
pub mod mesh;
pub mod node;
pub mod policy;
