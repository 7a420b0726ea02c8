//! `gateway`: printing from outside the site.

mod domain;
mod share;
mod token;

use std::net::IpAddr;

use clap::{Subcommand, ValueEnum};
use papermesh_door::{GatewayStatus, PipeState, PlaceState};
use papermesh_protocol::gateway::name::{Alias, HostName, Label};
use papermesh_protocol::gateway::sighting::Seen;
use papermesh_protocol::remedy::Remedy;
use papermesh_store::WokenBy;

use self::domain::Domain;
use self::share::{Guest, Share};
use self::token::TokenAction;
use super::context::Context;
use super::failure::CliError;
use super::quantity;
use super::screen::Style;
use super::secrets::{self, PassphraseArgs};
use super::table::Grid;
use crate::control::message::{
    AddGateway, AllowTerminated, ClosePlace, ConnectGateways, DismissMismatch, GatewayList,
    ListGateways, OpenPlace, PlaceChanged, PlaceMismatch, PlaceName, PlaceProbed, ProbePlace,
    ProbeVerdict, RemoveGateway, TerminatedAllowed, WakeDoor,
};
use crate::control::{CommandError, ErrorCode};

/// Print from outside the site, through a gateway on the Internet
///
/// A gateway gives printers whose network lets nothing in a public name. It passes on what is encrypted and
/// cannot read it. What is printed so is held, and comes out only for its owner at a printer.
#[derive(Debug, Subcommand)]
pub(super) enum Gateway {
    /// Add a gateway for the whole site, with the line that its provider gave you
    Add {
        /// The line that begins with papermesh-gateway-1; - to read it from standard input
        line: String,
        /// Where the gateway is, if that is in your own network and not on the Internet; give it once for each address
        ///
        /// Computers of the site look at places from outside, and go to no address of a local network but these.
        #[arg(long = "at", value_name = "ADDRESS")]
        within: Vec<IpAddr>,
        #[command(flatten)]
        passphrase: PassphraseArgs,
    },
    /// List the site's gateways, and how it stands with them on this computer
    List,
    /// Connect this computer to the site's gateways now, instead of at the next attempt, and say how it went
    Connect,
    /// Remove a gateway: all computers of the site leave it
    Remove {
        /// Its domain
        domain: String,
        #[command(flatten)]
        passphrase: PassphraseArgs,
    },
    /// Say whether a gateway may read what is printed through it, for programs that know no names of places
    ///
    /// Such programs find a place by a path at the gateway's own name, ipps://GATEWAY/ALIAS, and the gateway ends their
    /// encryption: its provider can read every document, token and user name that comes so. What comes to the names of places
    /// stays unread. The provider has to switch it on as well.
    Terminated {
        /// The gateway's domain
        domain: String,
        /// Whether it may
        state: Switch,
        #[command(flatten)]
        passphrase: PassphraseArgs,
    },
    /// Places: names by which this computer's hold printer is found from outside
    #[command(subcommand)]
    Place(Place),
    /// Call the door of a place that is not connected, and wait until somebody can print there
    Wake {
        /// The line that begins with papermesh-door-1; - to read it from standard input
        line: String,
        /// Wait at most so many seconds, from 5 to 900
        #[arg(long, value_name = "SECONDS", default_value_t = 60)]
        wait: u16,
    },
    /// Names of your own domain for places, such as print.acme.example
    #[command(subcommand)]
    Domain(Domain),
    /// Look at a place of another computer from here, as anybody does who prints from outside
    ///
    /// Whoever answers for the place and is not its computer shows another key than that says, which is told to the site's
    /// admins. Every computer of the site looks by itself, once a day.
    Probe {
        /// The place's name, such as desk.acme.gw.example [default: one of any other computer]
        name: Option<HostName>,
    },
    /// Dismiss that a place is not as its computer says, after you looked into it; on this computer
    ///
    /// The audit log keeps that you did. If the place shows yet another key, or another computer claims it, that is shown.
    Dismiss {
        /// Its id, as `papermesh doctor` shows it
        id: String,
    },
    /// Print tokens: what programs outside show instead of a PIN
    #[command(subcommand)]
    Token(TokenAction),
    /// Give a program or device outside all that it needs to print: addresses, a code, lines for each system
    Share(Share),
    /// The same for somebody who prints a few jobs for you, such as a visitor
    Guest(Guest),
}

/// Places: names by which this computer's hold printer is found from outside
#[derive(Debug, Subcommand)]
pub(super) enum Place {
    /// Open a place at all gateways of the site
    Add {
        /// Its name, which everybody can look up in public lists of certificates [default: a random one]
        #[arg(long, conflicts_with = "site")]
        name: Option<Label>,
        /// Open that of the whole site, which is found by the site's name alone
        #[arg(long)]
        site: bool,
        /// Keep no connection to the gateway, and come when a mail calls [default: always connected]
        #[arg(long, value_name = "WHO")]
        woken_by: Option<Waker>,
        /// Have programs find it as ipps://GATEWAY/ALIAS, too, where the gateway may read what they print; may be repeated
        #[arg(long, value_name = "ALIAS")]
        alias: Vec<Alias>,
        /// Have no program find it so any more
        #[arg(long, conflicts_with = "alias")]
        no_alias: bool,
    },
    /// Close a place
    Remove {
        /// Its name
        #[arg(required_unless_present = "site", conflicts_with = "site")]
        name: Option<Label>,
        /// That of the whole site
        #[arg(long)]
        site: bool,
    },
}

/// On or off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Switch {
    /// It may
    On,
    /// It may not
    Off,
}

/// Who wakes a place's door.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Waker {
    /// The gateway, because somebody knocks; it has to send mails
    Gateway,
    /// Whoever is about to print, with `papermesh gateway wake`
    Client,
}

impl From<Waker> for WokenBy {
    fn from(waker: Waker) -> Self {
        match waker {
            Waker::Gateway => Self::Gateway,
            Waker::Client => Self::Client,
        }
    }
}

impl Gateway {
    pub(super) async fn run(self, context: &Context) -> Result<(), CliError> {
        let screen = &context.screen;
        match self {
            Self::Add {
                line,
                within,
                passphrase,
            } => {
                let line = secrets::argument_or_stdin(line)?;
                let added = context
                    .call_as_admin(&passphrase, |passphrase| AddGateway {
                        line: line.to_string(),
                        within: within.clone(),
                        passphrase,
                    })
                    .await?;
                screen.show(&added, |added, _| {
                    format!(
                        "added the gateway {}; open a place with `papermesh gateway place add` on the computer that \
                         is to hold what outsiders print",
                        added.domain
                    )
                })
            }
            Self::List => {
                let list = context.call(ListGateways {}).await?;
                screen.show(&list, table)
            }
            Self::Connect => {
                let status = context.call(ConnectGateways {}).await?;
                screen.show(&status, |status, _| connected_text(status))?;
                let down = status.iter().find(|of| of.is_in_vain());
                down.map_or(Ok(()), |of| Err(not_connected(of).into()))
            }
            Self::Remove { domain, passphrase } => {
                let removed = context
                    .call_as_admin(&passphrase, |passphrase| RemoveGateway {
                        domain: domain.clone(),
                        passphrase,
                    })
                    .await?;
                screen.show(&removed, |removed, _| {
                    format!("removed the gateway {}", removed.domain)
                })
            }
            Self::Terminated {
                domain,
                state,
                passphrase,
            } => {
                let said = context
                    .call_as_admin(&passphrase, |passphrase| AllowTerminated {
                        domain: domain.clone(),
                        allow: state == Switch::On,
                        passphrase,
                    })
                    .await?;
                screen.show(&said, |said, _| terminated_text(said))
            }
            Self::Place(place) => place.run(context).await,
            Self::Wake { line, wait } => {
                let line = secrets::argument_or_stdin(line)?.to_string();
                let woken = context.call(WakeDoor { line, wait }).await?;
                context
                    .screen
                    .show(&woken, |woken, _| format!("{} is open", woken.place))
            }
            Self::Domain(domain) => domain.run(context).await,
            Self::Probe { name } => {
                let probed = context.call(ProbePlace { name }).await?;
                let is_mismatch = probed.verdict == ProbeVerdict::Mismatch;
                screen.show(&probed, |probed, _| probed_text(probed))?;
                match is_mismatch {
                    false => Ok(()),
                    true => Err(CommandError::new(
                        ErrorCode::Failed,
                        format!("{} is not as its computer says", probed.name),
                    )
                    .with_remedy("`papermesh doctor` says what it may mean and what to do")
                    .into()),
                }
            }
            Self::Dismiss { id } => {
                let dismissed = context.call(DismissMismatch { id }).await?;
                screen.show(&dismissed, |dismissed, _| {
                    format!("dismissed what was seen at {}", dismissed.name)
                })
            }
            Self::Token(token) => token.run(context).await,
            Self::Share(share) => share.run(context).await,
            Self::Guest(guest) => guest.run(context).await,
        }
    }
}

impl Place {
    async fn run(self, context: &Context) -> Result<(), CliError> {
        match self {
            Self::Add {
                name,
                site,
                woken_by,
                alias,
                no_alias,
            } => {
                let is_said = no_alias || !alias.is_empty();
                let command = OpenPlace {
                    label: name,
                    of_site: site,
                    woken_by: woken_by.map(Into::into),
                    aliases: is_said.then_some(alias),
                };
                let opened = context.call(command).await?;
                context
                    .screen
                    .show(&opened, |opened, _| opened_text(opened))
            }
            Self::Remove { name, site: _ } => {
                let closed = context.call(ClosePlace { label: name }).await?;
                context.screen.show(&closed, |closed, _| {
                    format!("closed the place {}", named(closed.label.as_ref()))
                })
            }
        }
    }
}

fn connected_text(all: &[GatewayStatus]) -> String {
    let lines = all
        .iter()
        .map(|status| format!("{}: {}", status.gateway.domain, pipe(&status.pipe)));
    lines.collect::<Vec<_>>().join("\n")
}

fn not_connected(status: &GatewayStatus) -> CommandError {
    let text = format!("there is no connection to {}", status.gateway.domain);
    let error = CommandError::new(ErrorCode::Failed, text);
    match &status.pipe {
        PipeState::Down {
            remedy: Some(remedy),
            ..
        } => error.with_remedy(remedy.clone()),
        _ => error.with_remedy("`papermesh doctor` says what may be in its way"),
    }
}

fn terminated_text(said: &TerminatedAllowed) -> String {
    match said.allowed {
        true => format!(
            "{} may read what is printed by names in paths; give a place one with `papermesh gateway place add --alias`",
            said.domain
        ),
        false => format!("{} reads nothing", said.domain),
    }
}

fn probed_text(probed: &PlaceProbed) -> String {
    let PlaceProbed {
        name, door_name, ..
    } = probed;
    let seen = match &probed.seen {
        Some(Seen::Key { key, issuer }) => {
            format!("it shows the key {key}, in a certificate of {issuer:?}")
        }
        Some(Seen::NoTls(why)) => format!("somebody answers, and not by TLS: {why}"),
        Some(Seen::Closed) => "the gateway says that it is closed".to_owned(),
        None => probed
            .why
            .clone()
            .unwrap_or_else(|| "it does not answer".to_owned()),
    };
    let says = probed.claims.iter().map(|claim| match claim.key {
        Some(key) => format!("\n{} says that it is {key}", claim.called()),
        None => format!("\n{} says that the place is its own", claim.called()),
    });
    let says: String = says.collect();
    match probed.verdict {
        ProbeVerdict::AsSaid => format!("{name} is as {door_name} says: {seen}"),
        ProbeVerdict::Unsaid => format!("{door_name} says nothing of {name} any more: {seen}"),
        ProbeVerdict::Closed => format!("{name} is closed: {seen}"),
        ProbeVerdict::Mismatch => format!("{name} is not as {door_name} says: {seen}{says}"),
        ProbeVerdict::NoTls => format!("{name} could not be looked at: {seen}{says}"),
        ProbeVerdict::Unreachable => format!("{name} was not reached: {seen}"),
    }
}

fn opened_text(opened: &PlaceChanged) -> String {
    if opened.names.is_empty() {
        return format!(
            "the place {} opens as soon as the site has a gateway: `papermesh gateway add`",
            named(opened.label.as_ref())
        );
    }
    let uris = opened
        .names
        .iter()
        .map(|name| format!("ipps://{name}:443/ipp/print"));
    let mut said: Vec<String> = uris.collect();
    let paths = opened.paths.iter();
    said.extend(paths.map(|path| format!("{path} (the gateway can read what comes so)")));
    let calls = opened.lines.iter();
    said.extend(calls.map(|line| format!("others call it with: papermesh gateway wake {line}")));
    said.join("\n")
}

fn table(list: &GatewayList, style: &Style) -> String {
    if list.gateways.is_empty() {
        return "the site has no gateway".to_owned();
    }
    let mut grid = Grid::new(&["GATEWAY~", "PIPE~", "PLACES~", "KNOCKS"]);
    for gateway in &list.gateways {
        let status = list
            .status
            .iter()
            .find(|status| status.gateway.key == gateway.key);
        let (pipe, places, knocks) = match status {
            Some(status) => (
                pipe(&status.pipe),
                places(status),
                status.knocks.to_string(),
            ),
            None => ("-".to_owned(), "-".to_owned(), "-".to_owned()),
        };
        grid.row([gateway.domain.to_string(), pipe, places, knocks]);
    }
    let mut text = grid.render(style);
    if !list.names.is_empty() {
        let mut grid = Grid::new(&["NAME~", "CERTIFICATE~", "SEEN FROM OUTSIDE"]);
        for name in &list.names {
            grid.row([
                name.name.to_string(),
                certificate(name, style),
                seen(name, style),
            ]);
        }
        text.push_str("\n\n");
        text.push_str(&grid.render(style));
    }
    for line in read(list) {
        text.push_str("\n\n");
        text.push_str(&line);
    }
    for of in &list.mismatches {
        text.push_str("\n\n");
        text.push_str(&mismatch(of));
    }
    text
}

/// What gateways can read, a line for each place.
pub(super) fn read(list: &GatewayList) -> impl Iterator<Item = String> {
    list.status.iter().flat_map(|status| {
        let domain = &status.gateway.domain;
        status.aliases.iter().map(move |(label, aliases)| {
            let uris = aliases
                .iter()
                .map(|alias| format!("ipps://{domain}/{alias}"));
            let uris: Vec<_> = uris.collect();
            format!(
                "{domain} can read the documents that come to the place {} by {}",
                named(label.as_ref()),
                uris.join(", ")
            )
        })
    })
}

/// Until when a name has a certificate of the Internet's, or why it has none.
pub(super) fn certificate(name: &PlaceName, style: &Style) -> String {
    match (name.certified_until, &name.refused) {
        (Some(until), _) => format!("for {}", quantity::rest(until, style.now)),
        (None, Some((until, _))) => {
            format!("refused for {}", quantity::rest(*until, style.now))
        }
        (None, None) => "none".to_owned(),
    }
}

/// Who last said that a name shows what it should, and when.
pub(super) fn seen(name: &PlaceName, style: &Style) -> String {
    name.seen.as_ref().map_or_else(
        || "-".to_owned(),
        |seen| {
            format!(
                "{} ago, says {}",
                quantity::age(seen.at, style.now),
                seen.by()
            )
        },
    )
}

/// That a place is not as its door says, in a line.
pub(super) fn mismatch(of: &PlaceMismatch) -> String {
    let (name, by) = (&of.name, of.by());
    let doors = of.doors().join(" and ");
    let what = match (&of.seen, of.claims.len()) {
        (Seen::Key { .. }, 2..) => format!("{name} is claimed by {doors}, seen by {by}"),
        (Seen::Key { .. }, _) => format!("{name} showed {by} another key than {doors} says"),
        (Seen::NoTls(_), _) => format!("{name} of {doors} does not speak TLS with {by}"),
        (Seen::Closed, _) => format!("{name} of {doors} is closed for {by}"),
    };
    format!("{what}: `papermesh doctor` says more")
}

pub(super) fn pipe(state: &PipeState) -> String {
    match state {
        PipeState::Asleep => "comes when it is called".to_owned(),
        PipeState::Dialing => "dialing".to_owned(),
        PipeState::Up(carrier) => format!("up, by {carrier}"),
        PipeState::Down { why, remedy: None } => format!("down: {why}"),
        PipeState::Down {
            why,
            remedy: Some(remedy),
        } => format!("down: {why}; {remedy}"),
    }
}

/// What a place is called.
fn named(label: Option<&Label>) -> &str {
    label.map_or("of the site", Label::as_str)
}

pub(super) fn places(status: &GatewayStatus) -> String {
    let places = status.places.iter().map(|(label, state)| {
        let label = named(label.as_ref());
        match state {
            PlaceState::Asked => format!("{label} (not open yet)"),
            PlaceState::Open(_) => label.to_owned(),
            PlaceState::Asleep(_) => format!("{label} (comes when it is called)"),
            PlaceState::Refused(why) => format!("{label} ({})", why.in_full()),
        }
    });
    let places: Vec<_> = places.collect();
    match places.is_empty() {
        true => "-".to_owned(),
        false => places.join(", "),
    }
}
