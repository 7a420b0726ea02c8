//! `join`: this device becomes a member, with an invite or with an admin who compares digits.

use clap::Args;
use papermesh_protocol::certificate::Role;
use papermesh_protocol::text::Name;
use serde::Serialize;

use super::context::Context;
use super::failure::CliError;
use super::init::roles;
use super::screen::{Screen, Style};
use super::secrets;
use super::table::Facts;
use crate::config::{Address, Settings};
use crate::control::message::{Event, JoinSite, JoinStep, Joined};
use crate::control::{CommandError, Events};
use crate::node;

/// Make this device a member of a site
///
/// With an invite, joining needs no approval. Without one, this device looks for the site on the local
/// network and shows six digits, with which the admin approves it.
#[derive(Args, Debug)]
pub(super) struct Join {
    /// The invite, or - to read it from standard input
    invite: Option<String>,
    /// This device's role; separate several with commas [default: client]
    #[arg(
        long = "role",
        value_name = "ROLE",
        value_delimiter = ',',
        conflicts_with = "invite"
    )]
    roles: Vec<Role>,
    /// This node's name, unless the invite sets it [default: the host's name]
    #[arg(long)]
    name: Option<Name>,
    /// The site to join, by name or the beginning of its id, if there are several
    #[arg(long, conflicts_with = "invite")]
    site: Option<String>,
    /// Bootstrap nodes that lead to the mesh later; multiaddrs
    #[arg(long, value_name = "MULTIADDR", value_delimiter = ',')]
    bootstrap: Option<Vec<Address>>,
}

/// The last line of the output for scripts.
#[derive(Serialize)]
struct LastStep<'a> {
    step: &'static str,
    #[serde(flatten)]
    joined: &'a Joined,
}

impl Join {
    pub(super) async fn run(self, context: &Context) -> Result<(), CliError> {
        let invite = self.invite.map(secrets::argument_or_stdin).transpose()?;
        let command = JoinSite {
            roles: match (self.roles, &invite) {
                (roles, None) if roles.is_empty() => vec![Role::Client],
                (roles, _) => roles,
            },
            invite: invite.map(|line| line.trim().to_owned()),
            site: self.site,
            name: self.name,
        };
        let config = context.config(Settings {
            bootstrap: self.bootstrap,
            ..Settings::default()
        })?;
        let (events, mut happened) = Events::channel();
        let joining = node::join(&context.home, &config, command, events);
        tokio::pin!(joining);
        let joined = loop {
            tokio::select! {
                biased;
                Some(event) = happened.recv() => tell(&context.screen, &event)?,
                joined = &mut joining => break joined.map_err(CommandError::from)?,
            }
        };
        let screen = &context.screen;
        if screen.is_json() {
            return screen.json(&LastStep {
                step: "joined",
                joined: &joined,
            });
        }
        screen.show(&joined, render)?;
        screen.remark("start the node with `papermesh run`");
        Ok(())
    }
}

fn tell(screen: &Screen, event: &Event) -> Result<(), CliError> {
    match event {
        Event::Join(step) if screen.is_json() => screen.json(step),
        Event::Join(JoinStep::Searching) => {
            screen.remark("looking for a site on this network …");
            Ok(())
        }
        Event::Join(JoinStep::Asking) => {
            screen.remark("asking the admin's node …");
            Ok(())
        }
        // Not a remark: without these digits nobody can join.
        Event::Join(JoinStep::Compare {
            digits, site_name, ..
        }) => screen.line(&format!(
            "{digits}  tell the admin of {site_name} these digits; approve with: papermesh approve {digits}"
        )),
        Event::Notice(text) => {
            screen.remark(text);
            Ok(())
        }
        _ => Ok(()),
    }
}

fn render(joined: &Joined, _: &Style) -> String {
    Facts::default()
        .add("site", format!("{} ({})", joined.site_name, joined.site))
        .add("node", format!("{} ({})", joined.name, joined.node))
        .add("roles", roles(&joined.roles))
        .add("home", joined.home.display().to_string())
        .render()
}
