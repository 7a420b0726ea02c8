//! `gateway domain`: names of a site's own domains.

use clap::Subcommand;
use papermesh_protocol::gateway::name::{HostName, Label};

use super::super::context::Context;
use super::super::failure::CliError;
use super::super::secrets::PassphraseArgs;
use crate::control::message::{AddOwnName, LeadsTo, OwnName, RemoveOwnName, ShowOwnName};

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
    let mut lines = Vec::new();
    match own.leads.as_slice() {
        [] => lines.push("the site has no gateway to which the name could lead".to_owned()),
        [only] => lines.extend(leads(only)),
        several => {
            lines.push("the name leads to one gateway; set the lines of one of these:".to_owned());
            for of in several {
                lines.push(String::new());
                lines.push(format!("{}:", of.domain));
                lines.extend(leads(of));
            }
            lines.push(String::new());
            lines.push("and for each of them:".to_owned());
        }
    }
    lines.extend(own.lines.iter().cloned());
    if !own.is_here {
        lines.push(String::new());
        lines.push(format!(
            "then run `papermesh gateway domain add {}` on the computer whose place it is to be, which prints one line more",
            own.name
        ));
    } else if own.lines.iter().all(|line| !line.contains(" CAA ")) {
        lines.push(String::new());
        lines.push(format!(
            "when this computer has its first certificate, `papermesh gateway domain show {}` prints a CAA line, too: without it \
             the gateway could have the name certified for itself",
            own.name
        ));
    }
    lines.join("\n")
}

fn leads(of: &LeadsTo) -> Vec<String> {
    match of.lines.is_empty() {
        true => vec![format!(
            "the addresses of {} were not found from here",
            of.domain
        )],
        false => of.lines.clone(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_lines_of_several_gateways_are_told_apart() {
        let leads = |domain: &str, address: &str| LeadsTo {
            domain: domain.to_owned(),
            lines: vec![format!("print.acme.example. A {address}")],
        };
        let one = OwnName {
            name: "print.acme.example".parse().unwrap(),
            is_here: true,
            leads: vec![leads("gw.example", "192.0.2.1")],
            lines: vec!["print.acme.example. CAA 0 issue \"ca.example\"".to_owned()],
        };
        assert_eq!(
            text(&one),
            "print.acme.example. A 192.0.2.1\nprint.acme.example. CAA 0 issue \"ca.example\""
        );
        let two = OwnName {
            leads: vec![
                leads("gw.example", "192.0.2.1"),
                leads("gw.other", "192.0.2.2"),
            ],
            ..one
        };
        let said = text(&two);
        assert!(
            said.contains("gw.example:\nprint.acme.example. A 192.0.2.1\n\ngw.other:"),
            "{said}"
        );
    }
}
