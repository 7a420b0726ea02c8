//! What can be typed.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand, ValueEnum};
use papermesh_sim_scenario::file;

use crate::{check, new, one, plan, report, run, source};

/// Simulates networks of Papermesh: ten million nodes as numbers, or ten thousand real libp2p nodes in virtual time.
#[derive(Parser)]
#[command(version, about, max_term_width = 120)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Write a commented scenario file to begin with. Without a name: list them.
    New {
        /// Which one.
        name: Option<String>,
    },
    /// Run a scenario: all its seeds, all its variants.
    Run(run::Args),
    /// Say what each run of a scenario will take, as one command a line for a cluster.
    Plan {
        /// The scenario file.
        file: PathBuf,
        /// Where results will go.
        #[arg(long, default_value = "results")]
        out: PathBuf,
    },
    /// Draw the figures of all runs below a folder, as one HTML page, with CSV beside it.
    Report {
        /// The folder with the results.
        #[arg(default_value = "results")]
        results: PathBuf,
    },
    /// Run a scenario in both engines and say whether they agree.
    Check(check::Args),
    /// Run a single simulation in this process. The other commands start this one.
    One(one::Args),
    /// Write a scenario with all its defaults.
    Explain {
        /// The scenario file.
        file: PathBuf,
    },
    /// Write the JSON schema of scenario files.
    Schema,
}

/// What runs it, where it is not what the file says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Engine {
    /// Nodes as numbers.
    Model,
    /// Real libp2p nodes.
    Swarm,
}

impl From<Engine> for file::Engine {
    fn from(engine: Engine) -> Self {
        match engine {
            Engine::Model => Self::Model,
            Engine::Swarm => Self::Swarm,
        }
    }
}

impl Cli {
    pub(crate) fn run(self) -> Result<ExitCode> {
        match self.command {
            Command::New { name } => new::new(name.as_deref()),
            Command::Run(args) => run::run(&args),
            Command::Plan { file, out } => plan::plan(&file, &out),
            Command::Report { results } => report::report(&results),
            Command::Check(args) => check::check(&args),
            Command::One(args) => one::one(&args),
            Command::Explain { file } => {
                print!("{}", source::scenario(&file)?.write()?);
                Ok(ExitCode::SUCCESS)
            }
            Command::Schema => {
                let schema = papermesh_sim_scenario::schema();
                println!("{}", serde_json::to_string_pretty(&schema)?);
                Ok(ExitCode::SUCCESS)
            }
        }
    }
}
