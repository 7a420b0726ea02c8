//! `gateway`: printing from outside the site.

mod domain;
mod share;
mod token;

use clap::{Subcommand, ValueEnum};
use papermesh_door::{GatewayStatus, PipeState, PlaceState};
use papermesh_protocol::gateway::name::{Alias, HostName, Label};
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
    AddGateway, AllowTerminated, ClosePlace, GatewayList, ListGateways, OpenPlace, PlaceChanged,
    PlaceName, PlaceProbed, ProbePlace, ProbeVerdict, RemoveGateway, TerminatedAllowed, WakeDoor,
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
        #[command(flatten)]
        passphrase: PassphraseArgs,
    },
    /// List the site's gateways, and how it stands with them on this computer
    List,
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
    /// A gateway that pretends to be the place shows another key than the place's computer has, which is told to the site's
    /// admins. Every computer of the site looks by itself, once a day.
    Probe {
        /// The place's name, such as desk.acme.gw.example [default: one of any other computer]
        name: Option<HostName>,
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
            Self::Add { line, passphrase } => {
                let line = secrets::argument_or_stdin(line)?;
                let added = context
                    .call_as_admin(&passphrase, |passphrase| AddGateway {
                        line: line.to_string(),
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
                let is_exposed = probed.verdict == ProbeVerdict::Exposed;
                screen.show(&probed, |probed, _| probed_text(probed))?;
                match is_exposed {
                    false => Ok(()),
                    true => Err(CommandError::new(
                        ErrorCode::Failed,
                        format!("somebody pretends to be {}", probed.name),
                    )
                    .with_remedy("`papermesh doctor` says what to do")
                    .into()),
                }
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
    let shows = match (&probed.key, &probed.issuer) {
        (Some(key), Some(issuer)) => format!("the key {key}, in a certificate of {issuer:?}"),
        _ => String::new(),
    };
    match probed.verdict {
        ProbeVerdict::AsSaid => format!("{name} shows what {door_name} says: {shows}"),
        ProbeVerdict::Unsaid => format!("{door_name} has no place {name} any more"),
        ProbeVerdict::Exposed => format!("{name} does not show what {door_name} says, but {shows}"),
        ProbeVerdict::Unreachable => format!(
            "{name} does not answer: {}",
            probed
                .why
                .as_deref()
                .unwrap_or("for no reason that is known")
        ),
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
    if !list.exposures.is_empty() {
        text.push_str(
            "\n\nsomebody pretends to be a place of this site: `papermesh doctor` says more",
        );
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

/// When a member last saw that a name shows what it should.
pub(super) fn seen(name: &PlaceName, style: &Style) -> String {
    let ago = |at| format!("{} ago", quantity::age(at, style.now));
    name.seen_at.map_or_else(|| "-".to_owned(), ago)
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
