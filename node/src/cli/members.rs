//! `pending`, `approve`, `members`, `revoke`: who is let in, who is in, who is put out.

use clap::Args;
use papermesh_protocol::remedy::Remedy;
use papermesh_protocol::text::{Name, UserId};

use super::context::Context;
use super::failure::CliError;
use super::init::roles;
use super::quantity;
use super::screen::Style;
use super::secrets::{PassphraseArgs, RootArgs};
use super::table::Grid;
use crate::control::message::{self, Legacy, ListMembers, ListPending, Member, PendingDevice};
use crate::control::{CommandError, ErrorCode};

/// List devices waiting for approval; each shows the digits to approve it with on its own screen
#[derive(Args, Debug)]
pub(super) struct Pending {
    /// Wait up to this long for a device
    #[arg(long, value_name = "TIME", value_parser = quantity::parse_seconds)]
    wait: Option<u32>,
}

/// Admit a waiting device by the digits that its screen shows
#[derive(Args, Debug)]
pub(super) struct Approve {
    /// The six digits that the device shows
    code: String,
    #[command(flatten)]
    passphrase: PassphraseArgs,
}

/// Turn away a device that is waiting for approval
#[derive(Args, Debug)]
pub(super) struct Refuse {
    /// The six digits that the device shows, its name or the beginning of its id
    device: String,
}

/// List the members of the site
#[derive(Args, Debug)]
pub(super) struct Members {}

/// Revoke a member: it is disconnected and can no longer connect
///
/// An admin has its own key that signs for the site, and copies of that key may exist. Only the root
/// can revoke it; `papermesh init` showed the root's passphrase.
#[derive(Args, Debug)]
pub(super) struct Revoke {
    /// The member's name, or the beginning of its id if the name is not unique
    node: String,
    /// For an admin: disconnect it but leave its key valid, so that it can still sign
    #[arg(long)]
    keep_key: bool,
    #[command(flatten)]
    passphrase: PassphraseArgs,
    #[command(flatten)]
    root: RootArgs,
}

impl Pending {
    pub(super) async fn run(self, context: &Context) -> Result<(), CliError> {
        let wait = self.wait.unwrap_or(0);
        let devices = context.call(ListPending { wait }).await?;
        context
            .screen
            .show(&devices, |devices, style| pending(devices, style))
    }
}

impl Approve {
    pub(super) async fn run(self, context: &Context) -> Result<(), CliError> {
        let code = digits(&self.code)?;
        let member = context
            .call_as_admin(&self.passphrase, |passphrase| message::Approve {
                code: code.clone(),
                passphrase,
            })
            .await?;
        context.screen.show(&member, |member, _| {
            format!("{} is a member now: {}", member.name, roles(&member.roles))
        })
    }
}

impl Refuse {
    pub(super) async fn run(self, context: &Context) -> Result<(), CliError> {
        let device = digits(&self.device).unwrap_or(self.device);
        let refused = context.call(message::Refuse { device }).await?;
        context
            .screen
            .show(&refused, |refused, _| match refused.devices {
                1 => "the device was turned away".to_owned(),
                more => format!("{more} devices that showed these digits were turned away"),
            })
    }
}

impl Members {
    pub(super) async fn run(self, context: &Context) -> Result<(), CliError> {
        let members = context.call(ListMembers {}).await?;
        context
            .screen
            .show(&members, |members, style| table(members, style))
    }
}

impl Revoke {
    pub(super) async fn run(self, context: &Context) -> Result<(), CliError> {
        let given = self.passphrase.given(&context.screen)?;
        let root = self.root.given(&context.screen)?;
        let command = |passphrase, root| message::Revoke {
            node: self.node.clone(),
            passphrase,
            root,
            keep_key: self.keep_key,
        };
        let asked = root.is_none() && !self.keep_key;
        let revoked = context
            .call_with(given.clone(), |passphrase| {
                command(passphrase, root.clone())
            })
            .await;
        let revocation = match revoked {
            Err(CliError::Refused(error)) if asked && error.code == ErrorCode::RootRequired => {
                context.screen.warn(&error.in_full().to_string());
                let root = Some(self.root.typed()?);
                context
                    .call_with(given, |passphrase| command(passphrase, root.clone()))
                    .await?
            }
            answer => answer?,
        };
        context.screen.show(&revocation, |revocation, _| {
            let name = &revocation.name;
            match (revocation.admin, revocation.key_taken) {
                (false, _) => format!("{name} was revoked"),
                (true, true) => format!(
                    "{name} was revoked as member and admin: its key no longer signs for the site, nor do copies of it{}",
                    legacy(&revocation.legacy)
                ),
                (true, false) => format!(
                    "{name} was revoked as member, but its key still signs for the site: anyone who has it can admit \
                     devices and change users; revoke the key with the root"
                ),
            }
        })
    }
}

/// What an admin leaves behind, for somebody to look through.
fn legacy(legacy: &Legacy) -> String {
    let Legacy {
        devices,
        users,
        more,
    } = legacy;
    let line = |what: &str, names: Vec<&str>, then: &str| match names.is_empty() {
        true => String::new(),
        false => format!(
            "\n{what} that it signed and that remain: {}. Remove any you do not recognize: `papermesh {then}`",
            names.join(", ")
        ),
    };
    let devices = devices.iter().map(Name::as_str).collect();
    let users = users.iter().map(UserId::as_str).collect();
    let mut text =
        line("Devices", devices, "revoke NAME") + &line("Users", users, "user disable ID");
    if *more > 0 {
        text += &format!("\nand {more} more");
    }
    text
}

/// The digits, however they were grouped when they were read out.
fn digits(code: &str) -> Result<String, CliError> {
    let digits: String = code.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
    if digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        Ok(digits)
    } else {
        Err(CommandError::new(
            ErrorCode::Usage,
            format!("{code:?} is not an approval code"),
        )
        .with_remedy("enter the six digits that the device shows")
        .into())
    }
}

fn pending(devices: &[PendingDevice], style: &Style) -> String {
    if devices.is_empty() {
        return "no devices are waiting".to_owned();
    }
    let mut grid = Grid::new(&["NAME~", "ROLES", "NODE", "AGE"]);
    for device in devices {
        grid.row([
            device.name.to_string(),
            roles(&device.roles),
            device.node.to_string()[..16].to_owned(),
            quantity::age(device.since, style.now),
        ]);
    }
    grid.render(style)
}

fn table(members: &[Member], style: &Style) -> String {
    let mut grid = Grid::new(&["NAME~", "NODE", "ROLES", "STATE", "SEEN", "VALID"]);
    for member in members {
        grid.row([
            member.name.to_string(),
            member.node.to_string()[..8].to_owned(),
            roles(&member.roles),
            state(member).to_owned(),
            match (member.this || member.connected, member.seen_at) {
                (true, _) => "now".to_owned(),
                (false, Some(then)) => quantity::age(then, style.now),
                (false, None) => "never".to_owned(),
            },
            quantity::rest(member.not_after, style.now),
        ]);
    }
    grid.render(style)
}

fn state(member: &Member) -> &'static str {
    if member.revoked {
        "revoked"
    } else if member.this {
        "this node"
    } else if member.connected {
        "connected"
    } else {
        "away"
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use papermesh_protocol::certificate::Role;
    use papermesh_protocol::id::{NodeId, Serial};
    use papermesh_protocol::time::Timestamp;

    use super::*;

    fn member(name: &str, byte: u8) -> Member {
        Member {
            node: NodeId::from_bytes([byte; 32]),
            name: name.parse().unwrap(),
            roles: vec![Role::Client],
            serial: Serial::from_bytes([byte; 8]),
            not_after: Timestamp::from_secs(30 * 86_400),
            revoked: false,
            this: false,
            connected: false,
            seen_at: None,
        }
    }

    #[test]
    fn what_an_admin_leaves_behind_is_named_with_what_to_do() {
        assert_eq!(legacy(&Legacy::default()), "");
        let left = Legacy {
            devices: vec!["hall".parse().unwrap(), "nas".parse().unwrap()],
            users: vec!["mallory".parse().unwrap()],
            more: 3,
        };
        assert_eq!(
            legacy(&left),
            "\nDevices that it signed and that remain: hall, nas. Remove any you do not recognize: `papermesh revoke NAME`\
             \nUsers that it signed and that remain: mallory. Remove any you do not recognize: `papermesh user disable ID`\
             \nand 3 more"
        );
    }

    #[test]
    fn members_are_a_table() {
        let members = [
            Member {
                this: true,
                roles: vec![Role::Client, Role::Admin],
                ..member("desk", 0xaa)
            },
            Member {
                connected: true,
                ..member("Drucker im Flur", 0xbb)
            },
            Member {
                revoked: true,
                seen_at: Some(Timestamp::default()),
                not_after: Timestamp::default(),
                ..member("lost laptop", 0xcc)
            },
        ];
        assert_eq!(
            table(&members, &Style::plain()),
            "\
NAME             NODE      ROLES         STATE      SEEN  VALID
desk             aaaaaaaa  client,admin  this node  now   30 d
Drucker im Flur  bbbbbbbb  client        connected  now   30 d
lost laptop      cccccccc  client        revoked    0 s   expired"
        );
    }

    #[test]
    fn nobody_waiting_is_said() {
        assert_eq!(pending(&[], &Style::plain()), "no devices are waiting");
    }

    #[test]
    fn approval_codes_may_be_grouped_but_not_guessed_at() {
        assert_eq!(digits("123 456").unwrap(), "123456");
        assert_eq!(digits("123-456").unwrap(), "123456");
        for wrong in ["", "12345", "1234567", "12345a", "١٢٣٤٥٦"] {
            assert!(digits(wrong).is_err(), "{wrong}");
        }
    }
}
