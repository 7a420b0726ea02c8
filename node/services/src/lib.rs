//! What a node does: it holds jobs, releases them at a printer, enrolls users, acts for the site, finds
//! holders and records what happened.
//!
//! These are the services between the wire and the screen. They know the protocol, the [mesh](papermesh_mesh), the
//! [store](papermesh_store), [conversions](papermesh_convert) and [devices](papermesh_device). They know no page, no command
//! line, no IPP client and no configuration file: who runs them gives them what they need.
#![forbid(unsafe_code)]

pub mod audit;
pub mod auth;
pub mod authority;
pub mod clock;
pub mod directory;
pub mod holder;
pub mod identity;
pub mod local_users;
pub mod mesh_state;
pub mod network;
pub mod policy;
pub mod printer;
pub mod rate_window;
pub mod renewal;
pub mod shares;
pub mod ticket;
pub mod vault;
pub mod web_certificate;

#[cfg(test)]
mod tests;
