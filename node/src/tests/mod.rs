//! Holders and printers against each other, through pipes instead of a network: real stores, real
//! keys, real conversations.

#![allow(clippy::unwrap_used)]

mod authority;
mod binding;
mod direct;
mod life;
mod meshes;
mod pipes;
mod recovery;
mod release;
mod sessions;
mod site;
mod user;
mod web_certificate;
