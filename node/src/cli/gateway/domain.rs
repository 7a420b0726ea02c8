//! `gateway domain`: names of a site's own domains.

use clap::Subcommand;
use papermesh_protocol::gateway::name::{HostName, Label};

use super::super::context::Context;
use super::super::failure::CliError;
use super::super::secrets::PassphraseArgs;
use crate::control::message::{AddOwnName, OwnName, RemoveOwnName, ShowOwnName};

/// Names of your own domain for places, such as print.acme.example
///
/// A gateway can have every name below its own domain certified for itself. It cannot with a name of yours, if you set
/// all lines that this command prints.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Domain {
    /// Have a name lead to a place of this computer, and say what to set in DNS; an admin allows it first
    Add {
        /// The name
        name: HostName,
        /// Which place [default: the only one here, or that of the whole site]
        #[arg(long, value_name = "NAME")]
        place: Option<Label>,
        #[command(flatten)]
        passphrase: PassphraseArgs,
    },
    /// Say again what to set in DNS for a name
    Show {
        /// The name
        name: HostName,
    },
    /// Have a name lead nowhere any more
    Remove {
        /// The name
        name: HostName,
        #[command(flatten)]
        passphrase: PassphraseArgs,
    },
}

impl Domain {
    pub(super) async fn run(self, context: &Context) -> Result<(), CliError> {
        let screen = &context.screen;
        match self {
            Self::Add {
                name,
                place,
                passphrase,
            } => {
                let added = context
                    .call_as_admin(&passphrase, |passphrase| AddOwnName {
                        name: name.clone(),
                        place: place.clone(),
                        passphrase,
                    })
                    .await?;
                screen.show(&added, |added, _| text(added))
            }
            Self::Show { name } => {
                let shown = context.call(ShowOwnName { name }).await?;
                screen.show(&shown, |shown, _| text(shown))
            }
            Self::Remove { name, passphrase } => {
                let removed = context
                    .call_as_admin(&passphrase, |passphrase| RemoveOwnName {
                        name: name.clone(),
                        passphrase,
                    })
                    .await?;
                screen.show(&removed, |removed, _| {
                    format!("{} leads to no place any more", removed.name)
                })
            }
        }
    }
}

fn text(own: &OwnName) -> String {
    let mut lines = own.lines.clone();
    if !own.is_here {
        lines.push(String::new());
        lines.push(format!(
            "then run `papermesh gateway domain add {}` on the computer whose place it is to be, which prints one line more",
            own.name
        ));
    } else if lines.iter().all(|line| !line.contains(" CAA ")) {
        lines.push(String::new());
        lines.push(format!(
            "when this computer has its first certificate, `papermesh gateway domain show {}` prints a CAA line, too: without it \
             the gateway could have the name certified for itself",
            own.name
        ));
    }
    lines.join("\n")
}
