//! A Papermesh node put together: the program `papermesh`, its command line, and its pages.
//!
//! Modules, highest layer first; each uses only lower ones. ARCHITECTURE.md has the table, and a test
//! holds the code to it.
//!
//! - [`cli`] is the command line, [`node`] the only wiring.
//! - [`portal`] is a user's own page and the admin's, [`panel`] the page on a printer's touch screen, [`outside`] that of
//!   people outside the site, [`inbox`] what comes by mail.
//! - [`control`] is how the command line talks to a running node, [`hold_queue`] the holder as an IPP queue.
//! - [`share`] is what a person outside is given to print.
//! - [`pages`] is what the web pages have in common, [`config`] what a node is told before it starts, [`logs`] where the
//!   log goes.
//!
//! What a node does is in [`papermesh_services`].
#![forbid(unsafe_code)]

pub mod cli;
pub mod config;
pub mod control;
pub mod hold_queue;
mod inbox;
pub mod logs;
pub mod node;
pub mod outside;
pub mod pages;
pub mod panel;
pub mod portal;
pub mod share;
