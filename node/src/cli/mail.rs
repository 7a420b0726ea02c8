//! `mail`: documents that come by mail.

use clap::Subcommand;
use papermesh_protocol::gateway::mailbox::MailAddress;
use papermesh_protocol::text::UserId;

use super::context::Context;
use super::failure::CliError;
use super::quantity;
use super::screen::Style;
use super::secrets;
use super::table::Grid;
use crate::control::MailCode;
use crate::control::message::{
    ClaimMailAddress, ConfirmMailAddress, ListMailAddresses, MailAddresses, RemoveMailAddress,
};

/// Documents that are held because their user mailed them
#[derive(Debug, Subcommand)]
pub(super) enum Mail {
    /// The addresses from which users mail documents
    #[command(subcommand)]
    Address(Address),
}

#[derive(Debug, Subcommand)]
pub(super) enum Address {
    /// Have a code mailed to an address, which proves that you read it
    Add {
        /// The address from which you mail documents
        address: MailAddress,
        /// Whose it becomes [default: that of the only user who enrolled here]
        #[arg(long)]
        user: Option<UserId>,
        /// The language of answers: en, de, fr, es, zh or ar [default: en]
        #[arg(long, value_name = "TAG")]
        language: Option<String>,
    },
    /// Register the address to which this code was mailed
    Confirm {
        /// The code, or - to read it from the first line of standard input
        code: String,
        /// Whose [default: that of the only user who enrolled here]
        #[arg(long)]
        user: Option<UserId>,
    },
    /// List the addresses registered on this computer
    List {
        /// Whose [default: everybody's]
        #[arg(long)]
        user: Option<UserId>,
    },
    /// Remove an address: nothing is held any more that is mailed from there
    Remove {
        /// The address
        address: MailAddress,
    },
}

impl Mail {
    pub(super) async fn run(self, context: &Context) -> Result<(), CliError> {
        let Self::Address(action) = self;
        action.run(context).await
    }
}

impl Address {
    async fn run(self, context: &Context) -> Result<(), CliError> {
        let screen = &context.screen;
        match self {
            Self::Add {
                address,
                user,
                language,
            } => {
                let claim = ClaimMailAddress {
                    user,
                    address,
                    language,
                };
                let claimed = context.call(claim).await?;
                screen.show(&claimed, |claimed, _| {
                    format!(
                        "a code was mailed to {}: run `papermesh mail address confirm CODE` within {} minutes",
                        claimed.address,
                        claimed.valid / 60
                    )
                })
            }
            Self::Confirm { code, user } => {
                let code = MailCode::new(secrets::argument_or_stdin(code)?);
                let code = code.map_err(CliError::usage)?;
                let confirmed = context.call(ConfirmMailAddress { user, code }).await?;
                screen.show(&confirmed, |confirmed, _| {
                    format!(
                        "what is mailed from {} is held for {}",
                        confirmed.address, confirmed.user
                    )
                })
            }
            Self::List { user } => {
                let all = context.call(ListMailAddresses { user }).await?;
                screen.show(&all, table)
            }
            Self::Remove { address } => {
                let user = None;
                let removed = context.call(RemoveMailAddress { user, address }).await?;
                screen.show(&removed, |removed, _| {
                    format!(
                        "what is mailed from {} is no longer held for {}",
                        removed.address, removed.user
                    )
                })
            }
        }
    }
}

fn table(all: &MailAddresses, style: &Style) -> String {
    let to = match &all.to {
        Some(to) => format!("mail documents to {to}"),
        None => "this node holds nothing that comes by mail".to_owned(),
    };
    if all.addresses.is_empty() {
        return format!("no mail addresses; {to}");
    }
    let mut grid = Grid::new(&["ADDRESS~", "USER~", "REGISTERED", "LANGUAGE"]);
    for address in &all.addresses {
        grid.row([
            address.address.clone(),
            address.user.to_string(),
            quantity::age(address.since, style.now),
            address.language.clone().unwrap_or_else(|| "en".to_owned()),
        ]);
    }
    format!("{}\n{to}", grid.render(style))
}
