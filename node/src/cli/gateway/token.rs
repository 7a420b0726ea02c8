//! `gateway token`: what programs outside show instead of a PIN.

use std::collections::BTreeSet;

use clap::{Args, Subcommand};
use papermesh_protocol::gateway::token::allowance::Allowance;
use papermesh_protocol::gateway::token::rights::{Right, RightError, Rights};
use papermesh_protocol::remedy::Remedy;
use papermesh_protocol::text::{Name, UserId};

use super::super::context::Context;
use super::super::failure::CliError;
use super::super::quantity;
use super::super::screen::Style;
use super::super::table::Grid;
use crate::config::ByteSize;
use crate::control::message::{ListTokens, MakeToken, Token, TokenMade, WithdrawToken};

/// Characters of a token's id that are shown.
const ID: usize = 8;

/// Print tokens: what programs outside show instead of a PIN
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum TokenAction {
    /// Make a print token; it is shown once
    Add(New),
    /// List the print tokens made on this computer
    List {
        /// Whose [default: everybody's]
        #[arg(long)]
        user: Option<UserId>,
    },
    /// Withdraw a print token: it is good for nothing from now on
    Remove {
        /// Its name, or the beginning of its id
        token: String,
    },
}

/// A print token to be made.
#[derive(Args, Debug)]
pub(in crate::cli) struct New {
    /// What it is for, such as "iPad"
    name: Name,
    /// Whose [default: the only user who enrolled here]
    #[arg(long)]
    user: Option<UserId>,
    /// What it allows besides holding jobs: own (see and change all own jobs), operate (what operators may), or print:PRINTER
    /// (print straight to that printer, with nobody there); may be repeated
    #[arg(long = "may", value_name = "RIGHT", value_parser = right)]
    rights: Vec<Right>,
    /// How long it is good for [default: 1y]
    #[arg(long = "valid", value_name = "TIME", value_parser = quantity::parse_seconds)]
    lifetime: Option<u32>,
    /// Jobs in all [default: any number]
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..))]
    jobs: Option<u32>,
    /// Jobs in a day
    #[arg(long, value_name = "NUMBER", default_value_t = Allowance::default().jobs_a_day, value_parser = clap::value_parser!(u32).range(1..))]
    jobs_per_day: u32,
    /// Size of documents in a day [default: 1GiB]
    #[arg(long, value_name = "SIZE")]
    size_per_day: Option<ByteSize>,
}

fn right(text: &str) -> Result<Right, String> {
    text.parse()
        .map_err(|error: RightError| error.in_full().to_string())
}

impl New {
    /// Has the node make it.
    pub(super) async fn make(self, context: &Context) -> Result<TokenMade, CliError> {
        let rights: BTreeSet<Right> = self.rights.into_iter().collect();
        let usual = Allowance::default();
        let command = MakeToken {
            user: self.user,
            name: self.name,
            lifetime: self.lifetime,
            rights: Rights::try_from(rights).map_err(CliError::usage)?,
            allowance: Allowance {
                jobs_a_day: self.jobs_per_day,
                bytes_a_day: self.size_per_day.map_or(usual.bytes_a_day, ByteSize::bytes),
                jobs: self.jobs,
            },
        };
        context.call(command).await
    }
}

impl TokenAction {
    pub(super) async fn run(self, context: &Context) -> Result<(), CliError> {
        let screen = &context.screen;
        match self {
            Self::Add(new) => {
                let made = new.make(context).await?;
                screen.show(&made, |made, _| {
                    format!(
                        "{}\nprint from outside with the user id {} and this as the password; it is not shown again",
                        made.token, made.view.user
                    )
                })
            }
            Self::List { user } => {
                let tokens = context.call(ListTokens { user }).await?;
                screen.show(&tokens, |tokens, style| table(tokens, style))
            }
            Self::Remove { token } => {
                let withdrawn = context.call(WithdrawToken { token }).await?;
                screen.show(&withdrawn, |withdrawn, _| {
                    format!("withdrew the print token {}", withdrawn.name)
                })
            }
        }
    }
}

fn table(tokens: &[Token], style: &Style) -> String {
    if tokens.is_empty() {
        return "no print tokens".to_owned();
    }
    let mut grid = Grid::new(&["ID", "USER~", "NAME~", "VALID", "JOBS", "MAY~"]);
    for token in tokens {
        grid.row([
            token.id.to_string()[..ID].to_owned(),
            token.user.to_string(),
            token.name.to_string(),
            quantity::rest(token.until, style.now),
            jobs(token),
            rights(&token.rights),
        ]);
    }
    grid.render(style)
}

/// How many jobs it had, and of how many.
fn jobs(token: &Token) -> String {
    match token.allowance.jobs {
        Some(most) => format!("{} of {most}", token.used.jobs),
        None => token.used.jobs.to_string(),
    }
}

fn rights(rights: &Rights) -> String {
    let all = rights.iter().map(Right::to_string);
    let all: Vec<String> = ["hold".to_owned()].into_iter().chain(all).collect();
    all.join(", ")
}
