//! What Papermesh costs, measured beside what it is compared with, in one run.
//!
//! Absolute times say more about the machine than about the program. So each figure is a ratio to a
//! peer that is measured by turns with it, or it is one that a person feels: a wait, or memory.
//! What is measured are the programs that people run, unless a file here says otherwise; they must
//! have been built (`scripts/bench` does that).
#![forbid(unsafe_code)]

mod finding;
mod gateway;
mod login;
mod memory;
mod panel;
mod part;
mod printing;
mod processor;
mod raw_stream;
mod release;
mod site;
mod spool;
mod table;
mod three_holders;

use std::time::Duration;

use anyhow::{Result, bail};
use clap::{Parser, ValueEnum};

use table::Row;

/// Measures Papermesh beside what it is compared with.
#[derive(Parser)]
#[command(name = "papermesh-bench")]
struct Arguments {
    /// What to measure; everything if nothing is named.
    #[arg(value_enum)]
    what: Vec<What>,
    /// Small documents, few nodes, few rounds: whether it works rather than how fast it is.
    #[arg(long)]
    quick: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum What {
    /// A document from its holder's disk to the printer, and the memory of both.
    Release,
    /// A document from a file into the spool, and the holder's memory.
    Spool,
    /// A document from a program into the hold printer, and the list of many jobs.
    Printing,
    /// The holders of a user in the DHT.
    Finding,
    /// From the PIN to the list.
    Login,
    /// From the badge to the list in a browser at the panel, and the panel's memory.
    Panel,
    /// Many doors at a gateway: memory, a restart, and those who knock.
    Pipes,
    /// Bytes through a gateway.
    Forward,
    /// A document through a gateway into the hold printer.
    Outside,
}

/// How much of everything.
#[derive(Clone, Copy)]
struct Scale {
    /// Bytes of a large document.
    document: u64,
    /// Times that a document is moved, each way.
    rounds: usize,
    /// Bytes of a document that a program prints.
    printed: u64,
    /// Jobs of one user.
    jobs: usize,
    /// Nodes of the DHT.
    meshes: &'static [usize],
    /// Searches in one of these, before and after half of it died.
    searches: usize,
    /// Visits to a printer.
    visits: usize,
    /// Doors at a gateway.
    pipes: u32,
    /// How long they are watched while they do nothing.
    idle: Duration,
    /// Knocks at them.
    knocks: usize,
}

const WHOLE: Scale = Scale {
    document: 1 << 30,
    rounds: 5,
    printed: 200_000_000,
    jobs: 1000,
    meshes: &[50, 200],
    searches: 200,
    visits: 60,
    pipes: 10_000,
    idle: Duration::from_secs(60),
    knocks: 10_000,
};

const QUICK: Scale = Scale {
    document: 64 << 20,
    rounds: 3,
    printed: 20_000_000,
    jobs: 100,
    meshes: &[20],
    searches: 40,
    visits: 10,
    pipes: 500,
    idle: Duration::from_secs(10),
    knocks: 1000,
};

fn main() -> Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if let ["part", name, with] = words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        return run_part(name, with);
    }
    let arguments = Arguments::parse();
    let scale = if arguments.quick { QUICK } else { WHOLE };
    let wanted = |what| arguments.what.is_empty() || arguments.what.contains(&what);
    let mut rows: Vec<Row> = Vec::new();
    for (what, measure) in [
        (
            What::Release,
            release::measure as fn(Scale) -> Result<Vec<Row>>,
        ),
        (What::Spool, spool::measure),
        (What::Printing, printing::measure),
        (What::Finding, finding::measure),
        (What::Login, login::measure),
        (What::Panel, panel::measure),
        (What::Pipes, gateway::pipes),
        (What::Forward, gateway::forward),
        (What::Outside, gateway::printing::printing),
    ] {
        if wanted(what) {
            rows.extend(measure(scale)?);
        }
    }
    println!("{}", table::of(&rows));
    Ok(())
}

/// What this process is when it is a side of a measurement; see [`part`].
#[tokio::main]
async fn run_part(name: &str, with: &str) -> Result<()> {
    match name {
        raw_stream::SENDER => raw_stream::send().await,
        raw_stream::RECEIVER => raw_stream::receive(serde_json::from_str(with)?).await,
        finding::NEIGHBOURS => finding::neighbours(serde_json::from_str(with)?).await,
        gateway::doors::PART => gateway::doors::serve(serde_json::from_str(with)?).await,
        gateway::outsiders::PART => gateway::outsiders::serve().await,
        _ => bail!("there is no part {name}"),
    }
}
