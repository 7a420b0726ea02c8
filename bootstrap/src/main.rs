//! `papermesh-bootstrap`: an always-on member that helps others find each other.
//!
//! It is an ordinary member with the role `bootstrap`, and refuses non-members like everyone else.
//! It seeds the DHT, relays between members that cannot dial each other (what it relays is
//! encrypted end to end) and tells nodes how they are seen from outside. `/healthz` and `/metrics`
//! are for whoever looks after it.
#![forbid(unsafe_code)]

mod command;
mod health;
mod metrics;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let command = command::Command::parse();
    match command.execute() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("papermesh-bootstrap: {error:#}");
            ExitCode::FAILURE
        }
    }
}
