//! A Papermesh node: holds sealed jobs, or releases them at a printer.
//!
//! Modules, highest layer first; each uses only lower ones. ARCHITECTURE.md has the table, and a test
//! holds the code to it.
//!
//! - [`cli`] is the command line, [`node`] the only wiring.
//! - [`control`] is how the command line talks to a running node, [`ipp`] how every program prints
//!   into it, [`panel`] the page on a printer's touch screen, [`portal`] a user's own page.
//! - [`client`] holds jobs, [`printer`] releases them; [`authority`] is what an admin's node does
//!   with the site's key, [`user`] what a user's own computer does.
//! - [`directory`] finds holders, [`auth`] checks users, [`audit`] writes down what happened,
//!   [`policy`] says what is allowed, [`mod@format`] what a document is, [`papers`] make a node a member.
//! - [`mesh`] is the only one that knows libp2p, [`store`] the only one that knows RocksDB,
//!   [`config`] is what a node is told before it starts, [`web`] how it listens for HTTP, [`pages`] what
//!   its web pages have in common; [`ipp_guard`] says which IPP messages may be parsed at all.
#![forbid(unsafe_code)]

pub mod audit;
pub mod auth;
pub mod authority;
pub mod cli;
pub mod client;
pub mod clock;
pub mod config;
pub mod control;
pub mod convert;
pub mod directory;
pub mod dnssd;
pub mod format;
pub mod ipp;
pub mod ipp_guard;
pub mod logs;
pub mod memory;
pub mod mesh;
pub mod network;
pub mod node;
pub mod offload;
pub mod pages;
pub mod panel;
pub mod papers;
pub mod policy;
pub mod portal;
pub mod printer;
pub mod purge;
pub mod renewal;
pub mod shares;
pub mod store;
pub mod tally;
pub mod ticket;
pub mod user;
pub mod vault;
pub mod web;
pub mod web_certificate;

#[cfg(test)]
mod tests;
