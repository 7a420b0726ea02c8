//! What a node does: it holds jobs, releases them at a printer, enrolls users, acts for the site, finds
//! holders and records what happened.
//!
//! These are the services between the wire and the screen. They know the protocol, the [mesh](papermesh_mesh), the
//! [store](papermesh_store), [conversions](papermesh_convert) and [devices](papermesh_device). They know no page, no command
//! line, no IPP client and no configuration file: who runs them gives them what they need. ARCHITECTURE.md has the
//! table of layers; a module uses only lower ones.
//!
//! - [`holder`] takes and serves jobs, [`printer`] visits holders and releases, [`authority`] acts with the site's key,
//!   [`local_users`] enrolls, links and changes PINs, [`web_certificate`] is what listeners show, [`sightings`] what places
//!   show to who looks from outside, [`device_tokens`] who may fetch what is released here.
//! - [`directory`] publishes and finds, [`audit`] records, [`mesh_state`] keeps what the mesh must not forget,
//!   [`renewal`] renews this node's certificate.
//! - [`network`] reaches members and routes what they ask, [`auth`] counts guesses and proves PINs, [`identity`] is what makes
//!   this node a member, [`ticket`] lets users and devices in.
//! - [`waking`] judges the mails that call this node's door; [`mailed`] sees to it that what comes by mail is held once,
//!   and as its sender wants it.
//! - [`policy`], [`vault`], [`shares`], [`rate_window`] and [`clock`] stand alone.
#![forbid(unsafe_code)]

pub mod audit;
pub mod auth;
pub mod authority;
pub mod clock;
pub mod device_tokens;
pub mod directory;
pub mod holder;
pub mod identity;
pub mod local_users;
pub mod mailed;
pub mod mesh_state;
pub mod network;
pub mod policy;
pub mod printer;
pub mod rate_window;
pub mod renewal;
pub mod shares;
pub mod sightings;
pub mod ticket;
pub mod vault;
pub mod waking;
pub mod web_certificate;

#[cfg(test)]
mod tests;
