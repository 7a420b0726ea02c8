//! The device's end: finds the admin's node, connects, and holds the one conversation.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use futures::StreamExt;
use libp2p::swarm::SwarmEvent;
use libp2p::swarm::dial_opts::{DialOpts, PeerCondition};
use libp2p::{Multiaddr, Swarm};
use papermesh_frame::{FrameError, read_message, write_message};
use papermesh_protocol::certificate::Roles;
use papermesh_protocol::id::{NodeId, SiteId};
use papermesh_protocol::invite::Invite;
use papermesh_protocol::join::{
    Answer, Digits, JoinError, Joiner, Membership, Next, Request, Terms,
};
use papermesh_protocol::limits;
use papermesh_protocol::remedy::Remedy;
use papermesh_protocol::seal::keys::SealingPublic;
use papermesh_protocol::text::Name;
use papermesh_protocol::time::Clock;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;
use tokio_util::compat::FuturesAsyncReadCompatExt;

use super::announce::{self, FoundAdmin};
use super::listener::multiaddr;
use super::network::{self, Behaviour, NetworkError};
use crate::peer;

/// How long a connection and its stream may take to stand, all addresses tried.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);
/// How long an admin's node may take to answer by itself.
const ADMIN_ANSWERS: Duration = Duration::from_secs(20);
/// How long beyond [`limits::APPROVAL`] to wait for the word that nobody approved.
const GRACE: Duration = Duration::from_secs(15);

/// The device that wants to join.
#[derive(Clone, Copy)]
pub struct Device<'a> {
    /// The seed of its node key, which it keeps as a member.
    pub seed: &'a [u8; 32],
    /// Its key for what is sealed to it.
    pub sealing: SealingPublic,
    /// Tells the time.
    pub clock: Clock,
}

impl fmt::Debug for Device<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Device")
            .field("sealing", &self.sealing)
            .finish_non_exhaustive()
    }
}

/// What a person is to compare, and with whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// To be shown on this device, and found again on the admin's.
    pub digits: Digits,
    /// The site that is asked,
    pub site: SiteId,
    /// and its name.
    pub site_name: Name,
}

/// Why a device did not become a member.
#[derive(Debug, thiserror::Error)]
pub enum JoinFailure {
    /// The conversation did not end well.
    #[error(transparent)]
    Join(#[from] JoinError),
    /// The conversation broke off.
    #[error("the connection to the admin's node was lost ({0})")]
    Frame(#[from] FrameError),
    /// The admin's node hung up.
    #[error("the admin's node closed the connection (it may be busy)")]
    HungUp,
    /// No address leads to the admin's node.
    #[error("the admin's node cannot be reached ({0})")]
    Unreachable(String),
    /// There is nobody.
    #[error("no site was found on this network")]
    NothingFound,
    /// There are others.
    #[error("no site named {wanted:?} was found on this network")]
    NoSuchSite {
        /// What was asked for.
        wanted: String,
        /// What there is.
        found: Listing,
    },
    /// There are several.
    #[error("several sites were found on this network: {0}")]
    SeveralSites(Listing),
    /// Multicast DNS does not work.
    #[error("the network could not be searched for sites ({0})")]
    Search(String),
    /// There is no network.
    #[error(transparent)]
    Network(#[from] NetworkError),
}

impl Remedy for JoinFailure {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        Some(match self {
            Self::Join(error) => return error.remedy(),
            Self::Frame(_) => "try again".into(),
            Self::HungUp => "try again in a few minutes".into(),
            Self::Unreachable(_) => {
                "check that it is running and on the same network as this device".into()
            }
            Self::NothingFound => {
                "check that the admin's node is running here or, where multicast does not pass, ask the admin for an \
                 invite"
                    .into()
            }
            Self::NoSuchSite { found, .. } => {
                format!("choose one of these with --site: {found}").into()
            }
            Self::SeveralSites(_) => "choose one with --site, by its name or by its id".into(),
            Self::Search(_) => "ask the admin for an invite".into(),
            Self::Network(error) => return error.remedy(),
        })
    }
}

/// Sites by name and the beginning of their ids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing(Vec<(Name, SiteId)>);

impl fmt::Display for Listing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (name, site)) in self.0.iter().enumerate() {
            let separator = if at == 0 { "" } else { ", " };
            write!(
                f,
                "{separator}{name} ({})",
                &site.to_string()[..SITE_ID_SHOWN]
            )?;
        }
        Ok(())
    }
}

/// Digits of a site's id that are shown, and the fewest by which a site can be chosen.
const SITE_ID_SHOWN: usize = 16;

/// Joins with an invite, under `name` where the invite leaves it open. If no address of the
/// invite answers, the admin's node is looked for on the local network.
///
/// # Errors
/// [`JoinFailure`]. The invite remains good unless the admin's node said otherwise.
pub async fn join_with_invite(
    device: &Device<'_>,
    invite: &Invite,
    name: Option<Name>,
) -> Result<Membership, JoinFailure> {
    let search = async |admin| announce::search_for(admin).await.ok().flatten();
    join_searching(device, invite, name, search).await
}

/// As [`join_with_invite`], with `search` to look for the admin's node.
pub(super) async fn join_searching(
    device: &Device<'_>,
    invite: &Invite,
    name: Option<Name>,
    search: impl AsyncFnOnce(NodeId) -> Option<FoundAdmin>,
) -> Result<Membership, JoinFailure> {
    invite
        .check_time((device.clock)())
        .map_err(JoinError::from)?;
    let terms = Joiner::terms(invite, name, device.sealing)?;
    let addresses = invite.addresses.iter();
    let addresses = addresses.filter_map(|bytes| peer::address(bytes)).collect();
    let mut line = match Line::to(device, invite.admin, addresses).await {
        Err(JoinFailure::Unreachable(reason)) => match search(invite.admin).await {
            Some(found) => Line::to(device, invite.admin, found.multiaddrs()).await?,
            None => return Err(JoinFailure::Unreachable(reason)),
        },
        line => line?,
    };
    let nodes = (line.own, line.far);
    let (joiner, ask) = Joiner::with_invite(invite, terms, nodes, (device.clock)())?;
    line.hold(joiner, ask, device.clock, |_| {}).await
}

/// Finds the site on the local network (the one that `site` names, by name or by the beginning
/// of its id, if there are several), asks, calls `show` with what is to be compared, and waits
/// until the admin approves, for at most [`limits::APPROVAL`].
///
/// # Errors
/// [`JoinFailure`].
pub async fn join_by_discovery(
    device: &Device<'_>,
    site: Option<&str>,
    name: Name,
    roles: Roles,
    show: impl FnOnce(Comparison),
) -> Result<Membership, JoinFailure> {
    let found = announce::search()
        .await
        .map_err(|error| JoinFailure::Search(error.to_string()))?;
    let terms = Terms {
        sealing: device.sealing,
        name,
        roles,
    };
    // A site may have several admins, and one of them may be asleep.
    let mut failure = JoinFailure::NothingFound;
    for admin in choose(found, site)? {
        match Line::to(device, admin.node, admin.multiaddrs()).await {
            Ok(line) => return ask_with_digits(line, device, terms, show).await,
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

/// As [`join_by_discovery`], with an admin's node that is known already.
///
/// # Errors
/// [`JoinFailure`].
pub async fn join_at(
    device: &Device<'_>,
    admin: &FoundAdmin,
    name: Name,
    roles: Roles,
    show: impl FnOnce(Comparison),
) -> Result<Membership, JoinFailure> {
    let terms = Terms {
        sealing: device.sealing,
        name,
        roles,
    };
    let line = Line::to(device, admin.node, admin.multiaddrs()).await?;
    ask_with_digits(line, device, terms, show).await
}

async fn ask_with_digits(
    mut line: Line,
    device: &Device<'_>,
    terms: Terms,
    show: impl FnOnce(Comparison),
) -> Result<Membership, JoinFailure> {
    let nodes = (line.own, line.far);
    let (joiner, ask) = Joiner::with_digits(terms, nodes, &mut rand::rng())?;
    line.hold(joiner, ask, device.clock, show).await
}

/// The admins of the one site that is meant.
pub(super) fn choose(
    found: Vec<FoundAdmin>,
    wanted: Option<&str>,
) -> Result<Vec<FoundAdmin>, JoinFailure> {
    if found.is_empty() {
        return Err(JoinFailure::NothingFound);
    }
    let listing = |admins: &[FoundAdmin]| {
        let mut sites: Vec<_> = admins
            .iter()
            .map(|admin| (admin.site_name.clone(), admin.site))
            .collect();
        sites.sort();
        sites.dedup_by_key(|(_, site)| *site);
        Listing(sites)
    };
    let meant: Vec<_> = match wanted {
        None => found,
        Some(wanted) => {
            let by_id = wanted.len() >= SITE_ID_SHOWN;
            let is_meant = |admin: &&FoundAdmin| {
                admin.site_name.as_str().to_lowercase() == wanted.trim().to_lowercase()
                    || (by_id && admin.site.to_string().starts_with(&wanted.to_lowercase()))
            };
            let meant: Vec<_> = found.iter().filter(is_meant).cloned().collect();
            if meant.is_empty() {
                return Err(JoinFailure::NoSuchSite {
                    wanted: papermesh_protocol::text::clean(wanted, limits::NAME),
                    found: listing(&found),
                });
            }
            meant
        }
    };
    match meant.split_first() {
        Some((first, rest)) if rest.iter().any(|other| other.site != first.site) => {
            Err(JoinFailure::SeveralSites(listing(&meant)))
        }
        _ => Ok(meant),
    }
}

impl FoundAdmin {
    fn multiaddrs(&self) -> Vec<Multiaddr> {
        self.addresses.iter().copied().map(multiaddr).collect()
    }
}

/// A stream to an admin's node, and the swarm under it, which moves only while it is polled.
struct Line {
    swarm: Swarm<Behaviour>,
    stream: tokio_util::compat::Compat<libp2p::Stream>,
    own: NodeId,
    far: NodeId,
}

impl Line {
    /// Connects with the node and no other: Noise proves that it is the one.
    async fn to(
        device: &Device<'_>,
        far: NodeId,
        addresses: Vec<Multiaddr>,
    ) -> Result<Self, JoinFailure> {
        let (mut swarm, _) = network::swarm(device.seed)?;
        let own = peer::node_of(swarm.local_peer_id()).ok_or(NetworkError::Key)?;
        let unreachable = |reason: &str| JoinFailure::Unreachable(reason.to_owned());
        if addresses.is_empty() {
            return Err(unreachable("no address is known"));
        }
        let peer =
            peer::peer_of(far).ok_or_else(|| unreachable("its node id is not a valid key"))?;
        let dial = DialOpts::peer_id(peer)
            .addresses(addresses)
            .condition(PeerCondition::Always)
            .build();
        swarm
            .dial(dial)
            .map_err(|error| JoinFailure::Unreachable(error.to_string()))?;
        let mut control = swarm.behaviour().streams.new_control();
        let connected = async {
            loop {
                match swarm.select_next_some().await {
                    SwarmEvent::ConnectionEstablished { .. } => break,
                    SwarmEvent::OutgoingConnectionError { error, .. } => {
                        return Err(JoinFailure::Unreachable(error.to_string()));
                    }
                    _ => {}
                }
            }
            let opening = control.open_stream(peer, network::protocol());
            tokio::pin!(opening);
            loop {
                tokio::select! {
                    opened = &mut opening => {
                        return opened.map_err(|error| JoinFailure::Unreachable(error.to_string()));
                    }
                    _ = swarm.select_next_some() => {}
                }
            }
        };
        let stream = timeout(CONNECT_TIMEOUT, connected)
            .await
            .map_err(|_| unreachable("it did not answer in time"))??;
        Ok(Self {
            swarm,
            stream: stream.compat(),
            own,
            far,
        })
    }

    /// Holds the conversation that begins with `ask`.
    async fn hold(
        &mut self,
        joiner: Joiner,
        ask: Request,
        clock: Clock,
        show: impl FnOnce(Comparison),
    ) -> Result<Membership, JoinFailure> {
        let conversation = converse(&mut self.stream, joiner, ask, clock, show);
        tokio::pin!(conversation);
        loop {
            tokio::select! {
                ended = &mut conversation => return ended,
                _ = self.swarm.select_next_some() => {}
            }
        }
    }
}

/// Asks, shows the digits if there are any, and takes the last word.
pub(super) async fn converse<S>(
    stream: &mut S,
    mut joiner: Joiner,
    ask: Request,
    clock: Clock,
    show: impl FnOnce(Comparison),
) -> Result<Membership, JoinFailure>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut show = Some(show);
    let mut say = ask;
    let mut wait = ADMIN_ANSWERS;
    loop {
        write_message(stream, &say, limits::JOIN_MESSAGE).await?;
        let answer: Option<Answer> = read_message(stream, limits::JOIN_MESSAGE, wait).await?;
        match joiner.handle(answer.ok_or(JoinFailure::HungUp)?, clock())? {
            Next::Joined(membership) => {
                // Hangs up, so that the admin's node need not wait for it.
                let _ = stream.shutdown().await;
                return Ok(*membership);
            }
            Next::Compare {
                say: reveal,
                digits,
                site,
                site_name,
            } => {
                if let Some(show) = show.take() {
                    show(Comparison {
                        digits,
                        site,
                        site_name,
                    });
                }
                say = reveal;
                wait = limits::APPROVAL + GRACE;
            }
        }
    }
}
