//! The simulator of Papermesh.
//!
//! - [`cli`] is what can be typed. Each command is one module: [`new`], [`run`](mod@run), [`plan`], [`report`], [`check`].
//! - [`one`] runs a single simulation. Every simulation has a process of its own, because counters inside libp2p make a
//!   second one in the same process differ; so the other commands start this program again.
//! - [`stats`] has means, intervals and tests; [`figure`] draws.
#![forbid(unsafe_code)]

mod check;
mod cli;
mod figure;
mod new;
mod one;
mod plan;
mod report;
mod run;
mod source;
mod stats;

use clap::Parser;
use std::process::ExitCode;

#[cfg(feature = "jemalloc")]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    match cli::Cli::parse().run() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
