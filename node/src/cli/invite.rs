//! `invite`: one line that lets one device in.

use clap::Args;
use papermesh_protocol::certificate::Role;
use papermesh_protocol::limits;
use papermesh_protocol::text::Name;

use super::context::Context;
use super::failure::CliError;
use super::init::roles;
use super::secrets::PassphraseArgs;
use super::{quantity, ticket};
use crate::control::message;

/// Make an invite for one device, to be given to `papermesh join` there
#[derive(Args, Debug)]
pub(super) struct Invite {
    /// What the device is to be: client, shared-client, printer, bootstrap or admin; several
    /// separated by commas
    #[arg(long = "role", value_name = "ROLE", value_delimiter = ',', required = true)]
    roles: Vec<Role>,
    /// The device's name; without one it chooses
    #[arg(long)]
    name: Option<Name>,
    #[command(flatten)]
    lifetime: Lifetime,
    #[command(flatten)]
    passphrase: PassphraseArgs,
}

/// How long an invite or a ticket is good for.
#[derive(Args, Debug)]
pub(super) struct Lifetime {
    /// How long it is good for, at most 7 days [default: 15m]
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
            "good for one {}, for {}: on that device run `papermesh join INVITE`",
            roles(&issued.roles),
            quantity::rest(issued.expires_at, context.screen.look().now),
        );
        ticket::show(context, &issued.invite, &hint)
    }
}

fn lifetime(text: &str) -> Result<u32, String> {
    let seconds = quantity::parse_seconds(text)?;
    if u64::from(seconds) > limits::INVITE_LIFETIME_MAX.as_secs() {
        return Err("at most 7 days are allowed".to_owned());
    }
    Ok(seconds)
}
