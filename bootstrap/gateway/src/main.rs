//! `papermesh-gateway`: gives printers whose network lets nothing in a public name.
//!
//! A door inside dials out and keeps a pipe. An outsider's TLS connection to a place's name is a
//! knock: the gateway reads the name (SNI) from its first bytes and passes all of them through the
//! pipe, as they are. It ends no TLS but its own name's, has no key to any other, and is a member of no
//! site: it sees who, when and how much. Where its provider and a site agree, it does more (`terminated`).
//!
//! - `command`: the command line; `home`: what the gateway keeps on its disk; `settings`: what its provider may change
//! - `contracts`: which sites may open how many places; `ledger`: what they used; both are files of `lines`
//! - `register`: what outlives the gateway and changes, in such a file
//! - `front`: outsiders' connections, up to the name; `proxied`: those that another program passes on;
//!   `splice`: bytes both ways; `crowd`: who gives way when there is hardly any room
//! - `knocked`: what goes on for as long as a knock
//! - `terminated`: places that are asked for by a path at the gateway's own name, of which it reads all; off by default
//! - `places`: which names there are, and who answers there (the state machine is
//!   [`papermesh_protocol::gateway::page`])
//! - `owners`: whose each place is
//! - `own_names`: names of sites' own domains, and whether their owners agree
//! - `doors`: the pipes, and whom they let in; `beginnings`: whose turn it is to begin one
//! - `wake`: when doors that keep no pipe are called by mail, and how often; `post`: how those mails go out
//! - `own`: connections to the gateway's own name, with its `certificate`; its `web`, pipes over `requests`, and the
//!   `body` of answers
//! - `turns`: how many connections there may be, of all and of one network, and how often; `clock`: the time
//! - `run`: all of it together
#![forbid(unsafe_code)]

mod beginnings;
mod body;
mod certificate;
mod clock;
mod command;
mod contracts;
mod crowd;
mod doors;
mod front;
mod home;
mod knocked;
mod ledger;
mod lines;
mod name_owners;
mod own;
mod own_names;
mod owners;
mod places;
mod post;
mod proxied;
mod register;
mod requests;
mod run;
mod settings;
mod splice;
mod terminated;
#[cfg(test)]
mod tests;
mod turns;
mod wake;
mod web;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    match command::Command::parse().execute() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("papermesh-gateway: {error:#}");
            ExitCode::FAILURE
        }
    }
}
