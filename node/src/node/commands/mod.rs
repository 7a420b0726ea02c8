//! What the command line asks, carried to the room that can do it, and the answer carried back in the
//! command line's own words: one [`Handle`](crate::control::Handle) per command. Nothing is decided
//! here.

mod audit;
mod gateway;
mod infra;
mod jobs;
mod mail;
mod portal;
mod printers;
mod site;
mod users;
mod visit;

pub(super) use site::{code, exported_site as exported, import as import_of};
