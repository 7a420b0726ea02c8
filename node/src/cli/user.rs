//! `user …`: users are added by the admin, and enroll and link computers by themselves.

use clap::{Args, Subcommand};
use papermesh_protocol::badge::BadgeNumber;
use papermesh_protocol::text::{Name, UserId};
use papermesh_protocol::user::UserState;

use super::context::Context;
use super::failure::CliError;
use super::invite::Lifetime;
use super::screen::Style;
use super::secrets::{self, PassphraseArgs, PinArgs};
use super::table::{Facts, Grid};
use super::{quantity, ticket};
use crate::control::message::{
    self, AcceptLink, AddUser, ChangeBadge, ChangePin, EnrollUser, ListUsers, OfferLink,
    SetUserState, ShowUser, UserHere,
};

/// Add, enroll and manage users
#[derive(Debug, Subcommand)]
pub(super) enum User {
    Add(Add),
    Enroll(Enroll),
    Link(Link),
    List(List),
    Show(Show),
    Badge(Badge),
    /// Disable a user
    Disable(Switch),
    /// Enable a disabled user
    Enable(Switch),
    Pin(ChangeOwnPin),
}

/// Add a user and print the ticket with which the user enrolls
///
/// For a user who has been added already, print another ticket. Who enrolled before and enrolls again with
/// it gets a new key and chooses a new PIN: the way back from a forgotten PIN or a lost computer. Linked
/// computers must then be linked again.
#[derive(Args, Debug)]
pub(super) struct Add {
    /// The user's id, such as a login name or a mail address
    id: UserId,
    /// The user's name [default: the id]
    #[arg(long, value_name = "NAME")]
    display: Option<Name>,
    /// A badge number, as a reader reads it
    #[arg(long, value_name = "NUMBER")]
    badge: Option<BadgeNumber>,
    /// A group; may be repeated
    #[arg(long = "group", value_name = "GROUP")]
    groups: Vec<Name>,
    #[command(flatten)]
    lifetime: Lifetime,
    #[command(flatten)]
    passphrase: PassphraseArgs,
}

/// Enroll on this computer with a ticket from the admin, and choose a PIN
#[derive(Args, Debug)]
pub(super) struct Enroll {
    /// The ticket, or - to read it from the first line of standard input
    ticket: String,
    #[command(flatten)]
    pin: PinArgs,
}

/// Link another computer: run without a ticket on the first, which prints one, then with that ticket on
/// the other
#[derive(Args, Debug)]
pub(super) struct Link {
    /// The ticket from the first computer, or - to read it from standard input
    #[arg(conflicts_with_all = ["user", "lifetime"])]
    ticket: Option<String>,
    /// User to make the ticket for, if several enrolled here
    #[arg(long, value_name = "ID")]
    user: Option<UserId>,
    #[command(flatten)]
    lifetime: Lifetime,
}

/// List the users of the site
#[derive(Args, Debug)]
pub(super) struct List {}

/// Show what this computer knows of one of its users: badges, linked computers
#[derive(Args, Debug)]
pub(super) struct Show {
    /// The user, if this computer has several
    #[arg(long, value_name = "ID")]
    user: Option<UserId>,
}

/// Give a user a badge or remove it
#[derive(Args, Debug)]
pub(super) struct Badge {
    /// The user's id
    id: UserId,
    /// The badge number, as a reader reads it
    number: BadgeNumber,
    /// Remove the badge
    #[arg(long)]
    remove: bool,
    #[command(flatten)]
    passphrase: PassphraseArgs,
}

/// A user to disable or enable.
#[derive(Args, Debug)]
pub(super) struct Switch {
    /// The user's id
    id: UserId,
    #[command(flatten)]
    passphrase: PassphraseArgs,
}

/// Change the PIN of a user who enrolled or is linked on this computer
///
/// With --pin-stdin, the first line of standard input is the current PIN and the second the new one.
#[derive(Args, Debug)]
pub(super) struct ChangeOwnPin {
    /// The user, if this computer has several
    #[arg(long, value_name = "ID")]
    user: Option<UserId>,
    #[command(flatten)]
    pin: PinArgs,
}

impl User {
    pub(super) async fn run(self, context: &Context) -> Result<(), CliError> {
        match self {
            Self::Add(command) => command.run(context).await,
            Self::Enroll(command) => command.run(context).await,
            Self::Link(command) => command.run(context).await,
            Self::List(List {}) => list(context).await,
            Self::Show(Show { user }) => {
                let here = context.call(ShowUser { user }).await?;
                context.screen.show(&here, facts)
            }
            Self::Badge(command) => command.run(context).await,
            Self::Disable(command) => command.run(context, UserState::Disabled).await,
            Self::Enable(command) => command.run(context, UserState::Active).await,
            Self::Pin(command) => command.run(context).await,
        }
    }
}

impl Add {
    async fn run(self, context: &Context) -> Result<(), CliError> {
        let issued = context
            .call_as_admin(&self.passphrase, |passphrase| AddUser {
                user: self.id.clone(),
                display: self.display.clone(),
                groups: self.groups.clone(),
                badge: self.badge.clone(),
                lifetime: self.lifetime.seconds(),
                passphrase,
            })
            .await?;
        if issued.enrolled {
            context.screen.warn(&format!(
                "{} has already enrolled: using this ticket replaces the key and the PIN, and linked computers must be \
                 linked again",
                issued.user
            ));
        }
        if context.screen.is_json() {
            return context.screen.json(&issued);
        }
        let hint = format!(
            "valid for {}: on the computer of {} run `papermesh user enroll TICKET`",
            quantity::rest(issued.expires_at, context.screen.style().now),
            issued.display
        );
        ticket::show(context, &issued.ticket, &hint)
    }
}

impl Enroll {
    async fn run(self, context: &Context) -> Result<(), CliError> {
        let ticket = secrets::argument_or_stdin(self.ticket)?.trim().to_owned();
        context.need_node().await?;
        let pin = self.pin.new_pin("A PIN for use at printers:")?;
        let enrolled = context.call(EnrollUser { ticket, pin }).await?;
        context.screen.show(&enrolled, |enrolled, _| {
            format!(
                "{} ({}) is enrolled on {}",
                enrolled.display, enrolled.user, enrolled.node_name
            )
        })
    }
}

impl Link {
    async fn run(self, context: &Context) -> Result<(), CliError> {
        let screen = &context.screen;
        if let Some(ticket) = self.ticket {
            let ticket = secrets::argument_or_stdin(ticket)?.trim().to_owned();
            let linked = context.call(AcceptLink { ticket }).await?;
            return screen.show(&linked, |linked, _| {
                format!("{} can now print from {}", linked.user, linked.node_name)
            });
        }
        let issued = context
            .call(OfferLink {
                user: self.user,
                lifetime: self.lifetime.seconds(),
            })
            .await?;
        if screen.is_json() {
            return screen.json(&issued);
        }
        let hint = format!(
            "valid for {}: on the other computer of {} run `papermesh user link TICKET`",
            quantity::rest(issued.expires_at, screen.style().now),
            issued.user
        );
        ticket::show(context, &issued.ticket, &hint)
    }
}

async fn list(context: &Context) -> Result<(), CliError> {
    let users = context.call(ListUsers {}).await?;
    context
        .screen
        .show(&users, |users, style| table(users, style))
}

impl Badge {
    async fn run(self, context: &Context) -> Result<(), CliError> {
        let changed = context
            .call_as_admin(&self.passphrase, |passphrase| ChangeBadge {
                user: self.id.clone(),
                number: self.number.clone(),
                remove: self.remove,
                passphrase,
            })
            .await?;
        context.screen.show(&changed, |changed, _| {
            let user = &changed.user;
            let now = format!("{} now has {}", user.user, badges(user.badges));
            match &changed.former_owner {
                Some(former) => format!("{now}; this one previously belonged to {former}"),
                None => now,
            }
        })
    }
}

impl Switch {
    async fn run(self, context: &Context, state: UserState) -> Result<(), CliError> {
        let user = context
            .call_as_admin(&self.passphrase, |passphrase| SetUserState {
                user: self.id.clone(),
                state,
                passphrase,
            })
            .await?;
        context.screen.show(&user, |user, _| {
            format!("{} is now {}", user.user, state_name(user.state))
        })
    }
}

impl ChangeOwnPin {
    async fn run(self, context: &Context) -> Result<(), CliError> {
        context.need_node().await?;
        let old = self.pin.given_or_typed("The current PIN:")?;
        let new = self.pin.new_pin("The new PIN:")?;
        let user = self.user;
        let changed = context.call(ChangePin { user, old, new }).await?;
        for computer in &changed.outdated {
            context.screen.warn(&format!(
                "{computer} still has the old PIN; it gets the new one as soon as it can be reached"
            ));
        }
        context.screen.show(&changed, |changed, _| {
            format!("{} has a new PIN", changed.user)
        })
    }
}

fn table(users: &[message::User], style: &Style) -> String {
    if users.is_empty() {
        return "no users".to_owned();
    }
    let mut grid = Grid::new(&["USER", "NAME~", "STATE", "ENROLLED", ">BADGES", "GROUPS~"]);
    for user in users {
        let groups: Vec<_> = user.groups.iter().map(Name::as_str).collect();
        grid.row([
            user.user.to_string(),
            user.display.to_string(),
            state_name(user.state).to_owned(),
            if user.enrolled { "yes" } else { "no" }.to_owned(),
            user.badges.to_string(),
            groups.join(","),
        ]);
    }
    grid.render(style)
}

fn facts(here: &UserHere, _: &Style) -> String {
    let computers = here.computers.iter().map(|computer| {
        let pin = if computer.outdated { " (old PIN)" } else { "" };
        format!("{}{pin}", computer.name)
    });
    let place = if here.enrolled {
        "enrolled here"
    } else {
        "linked; enrolled on another computer"
    };
    Facts::default()
        .add("user", here.user.as_str())
        .add("name", here.display.as_str())
        .add("state", state_name(here.state))
        .add("this computer", place)
        .add("badges", here.badges.to_string())
        .add("linked computers", computers.collect::<Vec<_>>().join(", "))
        .render()
}

const fn state_name(state: UserState) -> &'static str {
    match state {
        UserState::Active => "active",
        UserState::Disabled => "disabled",
    }
}

fn badges(count: u32) -> String {
    match count {
        0 => "no badge".to_owned(),
        1 => "1 badge".to_owned(),
        more => format!("{more} badges"),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn users_are_a_table() {
        let users = [
            message::User {
                user: "charlie@example.org".parse().unwrap(),
                display: "Charlie Brown".parse().unwrap(),
                state: UserState::Active,
                enrolled: true,
                badges: 2,
                groups: vec!["staff".parse().unwrap(), "board".parse().unwrap()],
            },
            message::User {
                user: "lucy".parse().unwrap(),
                display: "lucy".parse().unwrap(),
                state: UserState::Disabled,
                enrolled: false,
                badges: 0,
                groups: vec![],
            },
        ];
        assert_eq!(
            table(&users, &Style::plain()),
            "\
USER                 NAME           STATE     ENROLLED  BADGES  GROUPS
charlie@example.org  Charlie Brown  active    yes            2  staff,board
lucy                 lucy           disabled  no             0  -"
        );
    }
}
