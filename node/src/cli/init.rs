//! `init`: a new site, of which this device is the first member and the admin.

use clap::Args;
use papermesh_protocol::certificate::Role;
use papermesh_protocol::text::Name;

use super::context::Context;
use super::failure::CliError;
use super::screen::Style;
use super::secrets::{self, PassphraseArgs};
use super::table::Facts;
use crate::control::CommandError;
use crate::control::message::{InitSite, Initialized};
use crate::node;

/// Create a new site; this device becomes its admin
#[derive(Args, Debug)]
pub(super) struct Init {
    /// The site's name
    #[arg(long)]
    site: Name,
    /// This node's name
    #[arg(long)]
    name: Name,
    /// What this node does besides being the admin; separate several roles with commas
    #[arg(
        long = "role",
        value_name = "ROLE",
        value_delimiter = ',',
        default_value = "client"
    )]
    roles: Vec<Role>,
    #[command(flatten)]
    passphrase: PassphraseArgs,
    /// Do not seal this admin's key with a passphrase: anyone who can read the home can then sign for
    /// the site
    #[arg(long, conflicts_with_all = ["passphrase_stdin", "passphrase_file"])]
    no_passphrase: bool,
}

impl Init {
    pub(super) async fn run(self, context: &Context) -> Result<(), CliError> {
        let passphrase = match self.passphrase.chosen(&context.screen)? {
            Some(passphrase) => Some(passphrase),
            None if self.no_passphrase => None,
            None => Some(secrets::ask_passphrase(
                "A passphrase for your admin key, 12 characters or more:",
                true,
            )?),
        };
        let command = InitSite {
            site: self.site,
            name: self.name,
            roles: self.roles,
            passphrase,
        };
        let made = node::init(&context.home, command)
            .await
            .map_err(CommandError::from)?;
        if !made.sealed {
            context.screen.warn(&format!(
                "warning: your admin key is stored unsealed under {} (mode 0600); anyone who can read it can sign for \
                 the site",
                made.home.display()
            ));
        }
        context.screen.show(&made, render)?;
        context.screen.remark(
            "write the root's passphrase down and keep it away from this computer: it is needed to add admins and to \
             revoke the key of one who has left. It is stored nowhere. `papermesh site root export` moves the root \
             itself elsewhere",
        );
        context
            .screen
            .remark("start the node with `papermesh run`, then invite devices with `papermesh invite --role ROLE`");
        Ok(())
    }
}

fn render(made: &Initialized, _: &Style) -> String {
    Facts::default()
        .add("site", format!("{} ({})", made.site_name, made.site))
        .add("node", format!("{} ({})", made.name, made.node))
        .add("roles", roles(&made.roles))
        .add("root passphrase", made.root_passphrase.expose())
        .add("home", made.home.display().to_string())
        .render()
}

/// Roles as a list for people.
pub(super) fn roles(roles: &[Role]) -> String {
    roles
        .iter()
        .map(|role| role.as_str())
        .collect::<Vec<_>>()
        .join(",")
}
