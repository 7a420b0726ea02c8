//! How it stands with a gateway, for `status`, `doctor` and the pages.

use std::fmt;

use papermesh_protocol::gateway::contract::Gateway;
use papermesh_protocol::gateway::message::Refusal;
use papermesh_protocol::gateway::name::{Alias, HostName, Label};
use papermesh_protocol::gateway::own_name::NameRefusal;
use papermesh_protocol::gateway::terminated::alias::AliasRefusal;
use papermesh_protocol::time::Timestamp;
use serde::{Deserialize, Serialize};

/// How it stands with one gateway.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GatewayStatus {
    /// The gateway.
    pub gateway: Gateway,
    /// Whether there is a pipe,
    pub pipe: PipeState,
    /// and since when it stands so; by another carrier it is another.
    pub since: Timestamp,
    /// The places that this node opens there.
    pub places: Vec<(Option<Label>, PlaceState)>,
    /// Names of own domains that do not lead to places there, and why not.
    pub refused_names: Vec<(HostName, NameRefusal)>,
    /// Texts that ask for places in paths at the gateway's own name: it can read what comes so.
    pub aliases: Vec<(Option<Label>, Vec<Alias>)>,
    /// Those that do not, for which place, and why not.
    pub refused_aliases: Vec<(Option<Label>, Alias, AliasRefusal)>,
    /// Outsiders who came since the node started.
    pub knocks: u64,
}

impl GatewayStatus {
    /// Whether a pipe is wanted and there is none.
    #[must_use]
    pub const fn is_in_vain(&self) -> bool {
        matches!(self.pipe, PipeState::Dialing | PipeState::Down { .. })
    }
}

/// Whether there is a pipe to a gateway.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PipeState {
    /// There is none and none is wanted: the door comes when it is woken.
    Asleep,
    /// It is being dialed.
    Dialing,
    /// There is one, by this carrier.
    Up(Carrier),
    /// There is none.
    Down {
        /// Why not.
        why: String,
        /// What to do about it, where somebody can.
        remedy: Option<String>,
    },
}

/// What carries the bytes of a pipe, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Carrier {
    /// TCP to the gateway's port for pipes.
    Tcp,
    /// TLS on port 443.
    Tls,
    /// Requests of HTTPS, of which one waits for bytes.
    Https,
    /// Requests of HTTPS now and then, because the network cuts those that wait.
    HttpsPolling,
}

impl fmt::Display for Carrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tcp => "tcp",
            Self::Tls => "tls",
            Self::Https => "https",
            Self::HttpsPolling => "https-polling",
        })
    }
}

/// Whether a place is open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PlaceState {
    /// The gateway has not answered yet.
    Asked,
    /// Outsiders find it by these names.
    Open(Vec<HostName>),
    /// Its door comes when it is woken; outsiders will find it by these names.
    Asleep(Vec<HostName>),
    /// The gateway does not open it.
    Refused(Refusal),
}

impl PlaceState {
    /// The names by which outsiders find it, now or as soon as its door was woken.
    #[must_use]
    pub fn names(&self) -> &[HostName] {
        match self {
            Self::Open(names) | Self::Asleep(names) => names,
            Self::Asked | Self::Refused(_) => &[],
        }
    }
}
