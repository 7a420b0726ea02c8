//! The command line: parses what was typed, has it done, shows the answer.
//!
//! One file per command or family of commands, each with its arguments, what it asks of the
//! node, and how the answer looks. A command talks to the running node through
//! [`control`](crate::control), or, where none runs yet, calls [`node`](crate::node) directly.
//!
//! # Output
//!
//! Answers go to standard output: for people, or with `--json` as one JSON document (`audit` and
//! `join`: as JSON lines). Logs and remarks go to standard error. An error is its last line:
//! `papermesh: what is wrong; what to do`, with `--json`
//! `{"error":{"code":…,"message":…,"remedy":…,"retry_after":…}}`. Exit codes: 0 done, 1 not done, 2
//! the command makes no sense as given.
//!
//! Nobody is asked anything unless standard input is a terminal.

mod audit;
mod context;
mod doctor;
mod document;
mod failure;
mod file;
mod gateway;
mod generate;
mod infra;
mod init;
mod invite;
mod jobs;
mod join;
mod lead;
mod mail;
mod members;
mod open;
mod print;
mod printers;
mod progress;
mod quantity;
mod release;
mod run;
mod screen;
mod secrets;
mod setup_printer;
mod site;
mod status;
mod table;
mod ticket;
mod user;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use tokio::runtime::Runtime;

use context::Context;
use failure::CliError;
use screen::Screen;

use crate::config::{Home, Settings};
use crate::logs;

/// Secure print release without a server
#[derive(Debug, Parser)]
#[command(name = "papermesh", version, propagate_version = true, after_help = AFTER_HELP)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// How long a node that was told to stop may take to close what it has open.
const NODE_END: Duration = Duration::from_secs(10);

const AFTER_HELP: &str = "\
Environment:
  PAPERMESH_HOME   the home, where --home does not name one
  PAPERMESH_LOG    the log filter, where --log does not name one
  NO_COLOR         no colors, no bold type
  Every option of `papermesh run` can be said as PAPERMESH_OPTION, too, or in papermesh.toml in the home.

Exit codes: 0 done, 1 failed, 2 wrong usage.";

#[derive(Args, Debug)]
#[command(next_help_heading = "General options")]
struct Global {
    /// The folder in which this node keeps everything [default: the platform's data folder]
    #[arg(long, global = true, value_name = "FOLDER")]
    home: Option<PathBuf>,
    /// Answer in JSON
    #[arg(long, global = true)]
    json: bool,
    /// What to log, such as info or papermesh=debug
    #[arg(long, global = true, value_name = "FILTER")]
    log: Option<String>,
    /// Log as JSON lines
    #[arg(long, global = true)]
    log_json: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    Init(init::Init),
    Invite(invite::Invite),
    Invites(invite::Invites),
    Join(join::Join),
    Pending(members::Pending),
    Approve(members::Approve),
    Refuse(members::Refuse),
    Members(members::Members),
    Revoke(members::Revoke),
    #[command(subcommand)]
    Site(site::Site),
    #[command(subcommand)]
    Gateway(gateway::Gateway),
    Infra(infra::Infra),
    #[command(subcommand)]
    Mail(mail::Mail),
    Run(Box<run::Run>),
    Status(status::Status),
    #[command(subcommand)]
    User(user::User),
    Print(print::Print),
    Printers(printers::Printers),
    SetupPrinter(setup_printer::SetupPrinter),
    Jobs(jobs::Jobs),
    Open(open::Open),
    Release(release::Release),
    Audit(audit::Audit),
    Doctor(doctor::Doctor),
    Completions(generate::Completions),
    Man(generate::Man),
}

/// Does what the command line of this process says.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let as_json = cli.global.json;
    match start(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => error.report(as_json),
    }
}

fn start(cli: Cli) -> Result<(), CliError> {
    let Cli { global, command } = cli;
    let screen = Screen::new(global.json);
    let command = match command {
        // These two are about the program itself and need no home.
        Command::Completions(command) => return command.run(&screen),
        Command::Man(command) => return command.run(&screen),
        command => command,
    };
    let variables = Settings::from_environment(|name| std::env::var_os(name))?;
    let context = Context {
        home: Home::resolve(global.home, std::env::var_os("PAPERMESH_HOME"))?,
        screen,
        environment: Settings {
            log: global.log,
            log_json: global.log_json.then_some(true),
            ..Settings::default()
        }
        .over(variables),
    };
    let runtime = Runtime::new().map_err(|source| CliError::File {
        action: "start",
        path: "the runtime".to_owned(),
        source,
    })?;
    let is_node = matches!(command, Command::Run(_));
    let ended = runtime.block_on(obey(command, &context));
    if is_node {
        // RocksDB must be closed before the process tears down what its threads still use.
        runtime.shutdown_timeout(NODE_END);
    } else {
        // A read of standard input that nobody waits for any more must not keep the process.
        runtime.shutdown_background();
    }
    ended
}

async fn obey(command: Command, context: &Context) -> Result<(), CliError> {
    // A node logs what its configuration says, once that is read.
    if let Command::Run(command) = command {
        return command.run(context).await;
    }
    let said = &context.environment;
    logs::start(
        said.log.as_deref().unwrap_or(logs::COMMAND_FILTER),
        said.log_json.unwrap_or(false),
    )?;
    match command {
        Command::Init(command) => command.run(context).await,
        Command::Invite(command) => command.run(context).await,
        Command::Invites(command) => command.run(context).await,
        Command::Join(command) => command.run(context).await,
        Command::Pending(command) => command.run(context).await,
        Command::Approve(command) => command.run(context).await,
        Command::Refuse(command) => command.run(context).await,
        Command::Members(command) => command.run(context).await,
        Command::Revoke(command) => command.run(context).await,
        Command::Site(command) => command.run(context).await,
        Command::Gateway(command) => command.run(context).await,
        Command::Infra(command) => command.run(context).await,
        Command::Mail(command) => command.run(context).await,
        Command::Run(command) => command.run(context).await,
        Command::Status(command) => command.run(context).await,
        Command::User(command) => command.run(context).await,
        Command::Print(command) => command.run(context).await,
        Command::Printers(command) => command.run(context).await,
        Command::SetupPrinter(command) => command.run(context).await,
        Command::Jobs(command) => command.run(context).await,
        Command::Open(command) => command.run(context).await,
        Command::Release(command) => command.run(context).await,
        Command::Audit(command) => command.run(context).await,
        Command::Doctor(command) => command.run(context).await,
        Command::Completions(command) => command.run(&context.screen),
        Command::Man(command) => command.run(&context.screen),
    }
}

#[cfg(test)]
mod tests;
