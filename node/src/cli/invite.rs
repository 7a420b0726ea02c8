//! `invite`, `invites`: one line that lets one device in, and taking it back.

use clap::{Args, Subcommand};
use papermesh_protocol::certificate::Role;
use papermesh_protocol::limits;
use papermesh_protocol::text::Name;

use super::context::Context;
use super::failure::CliError;
use super::init::roles;
use super::screen::Style;
use super::secrets::PassphraseArgs;
use super::table::Grid;
use super::{quantity, ticket};
use crate::control::message::{self, ListInvites, OpenInvite, WithdrawInvite};

/// Characters of an invite's id that are shown: enough to tell it from all others.
const ID: usize = 8;

/// Make an invite for one device, for use with `papermesh join` there
#[derive(Args, Debug)]
pub(super) struct Invite {
    /// The device's role: client, shared-client, printer or bootstrap; separate several with commas
    #[arg(
        long = "role",
        value_name = "ROLE",
        value_delimiter = ',',
        required = true
    )]
    roles: Vec<Role>,
    /// The device's name [default: the device chooses]
    #[arg(long)]
    name: Option<Name>,
    #[command(flatten)]
    lifetime: Lifetime,
    #[command(flatten)]
    passphrase: PassphraseArgs,
}

/// List or withdraw open invites
#[derive(Args, Debug)]
pub(super) struct Invites {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List invites that are unused and have not expired
    List,
    /// Withdraw an invite: no device can join with it any longer
    Withdraw {
        /// The invite's id or the beginning of it
        invite: String,
    },
}

/// How long an invite or a ticket is good for.
#[derive(Args, Debug)]
pub(super) struct Lifetime {
    /// How long it is valid, at most 7 days [default: 15m]
    #[arg(long = "ttl", value_name = "TIME", value_parser = lifetime)]
    lifetime: Option<u32>,
}

impl Lifetime {
    /// In seconds.
    pub(super) fn seconds(&self) -> u32 {
        let usual = u32::try_from(limits::INVITE_LIFETIME.as_secs()).unwrap_or(u32::MAX);
        self.lifetime.unwrap_or(usual)
    }
}

impl Invite {
    pub(super) async fn run(self, context: &Context) -> Result<(), CliError> {
        let lifetime = self.lifetime.seconds();
        let issued = context
            .call_as_admin(&self.passphrase, |passphrase| message::Invite {
                roles: self.roles.clone(),
                name: self.name.clone(),
                lifetime,
                passphrase,
            })
            .await?;
        if context.screen.is_json() {
            return context.screen.json(&issued);
        }
        let hint = format!(
            "valid for one {}, for {}: run `papermesh join -` on that device and paste it",
            roles(&issued.roles),
            quantity::rest(issued.expires_at, context.screen.style().now),
        );
        ticket::show(context, &issued.invite, &hint)
    }
}

impl Invites {
    pub(super) async fn run(self, context: &Context) -> Result<(), CliError> {
        let screen = &context.screen;
        match self.action.unwrap_or(Action::List) {
            Action::List => {
                let open = context.call(ListInvites {}).await?;
                screen.show(&open, |open, style| table(open, style))
            }
            Action::Withdraw { invite } => {
                let withdrawn = context.call(WithdrawInvite { invite }).await?;
                screen.show(&withdrawn, |withdrawn, _| {
                    format!("invite {} was withdrawn", short(withdrawn))
                })
            }
        }
    }
}

fn table(open: &[OpenInvite], style: &Style) -> String {
    if open.is_empty() {
        return "no open invites".to_owned();
    }
    let mut grid = Grid::new(&["ID", "NAME~", "ROLES", "VALID", "USED BY~"]);
    for invite in open {
        let name = invite.name.as_ref().map(ToString::to_string);
        grid.row([
            short(invite).to_owned(),
            name.unwrap_or_default(),
            roles(&invite.roles),
            quantity::rest(invite.expires_at, style.now),
            invite.used_by.clone().unwrap_or_default(),
        ]);
    }
    grid.render(style)
}

fn short(invite: &OpenInvite) -> &str {
    invite.id.get(..ID).unwrap_or(&invite.id)
}

fn lifetime(text: &str) -> Result<u32, String> {
    let seconds = quantity::parse_seconds(text)?;
    if u64::from(seconds) > limits::INVITE_LIFETIME_MAX.as_secs() {
        return Err("at most 7 days are allowed".to_owned());
    }
    Ok(seconds)
}
