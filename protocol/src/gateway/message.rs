//! What a door and a gateway say to each other, on a pipe.
//!
//! A pipe is one connection that the door made: Noise XX over whatever carries bytes, its prologue
//! [`prologue`]; then one frame each way, [`Hello`] and [`Answer`]; then Yamux. The door opens the
//! first stream, which is for control; the gateway opens one for each knock. Every stream begins with
//! a [`Head`]. Frames are four bytes of length, big-endian, and deterministic CBOR.
//!
//! Both sides' judgment is in [`super::admission`] and [`super::page`]; sockets and waits are not here.

use core::net::IpAddr;

use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use super::mailbox::MailAddress;
use super::name::{Alias, HostName, Label};
use super::own_name::NameRefusal;
use super::terminated::alias::AliasRefusal;
use crate::certificate::Certificate;
use crate::charter::Charter;
use crate::id::{GatewayId, WakeNonce};
use crate::remedy::Remedy;
use crate::signed::Envelope;
use crate::site::SiteState;
use crate::time::Timestamp;

/// The protocol's name and version.
pub const PROTOCOL: &str = "/papermesh/gateway-pipe/1";

/// With what both sides of a pipe begin (Noise's prologue): it binds the pipe to this gateway and this
/// version.
#[must_use]
pub fn prologue(gateway: GatewayId) -> Vec<u8> {
    [PROTOCOL.as_bytes(), gateway.as_bytes()].concat()
}

/// What a door says first: who it is, and by which papers of its site.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hello {
    /// The door's certificate.
    pub certificate: Envelope<Certificate>,
    /// The newest charter that it knows.
    pub charter: Envelope<Charter>,
    /// The newest site state that it knows.
    pub state: Envelope<SiteState>,
}

/// What the gateway answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    /// The door may open places.
    Welcome(Welcome),
    /// The pipe ends here.
    Refused(Refusal),
}

/// What holds for an accepted pipe.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Welcome {
    /// The site's label under the gateway's domain.
    pub site: Label,
    /// Places that the site may open still.
    pub places_left: u32,
    /// Seconds of silence after which the gateway believes the pipe dead.
    pub dead_after: u16,
}

/// Why a gateway does not let a door in, or does not open a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
pub enum Refusal {
    /// The site has no contract here.
    #[error("the gateway has no contract with this site")]
    NoContract,
    /// It had one.
    #[error("the gateway's contract with this site has ended")]
    Ended,
    /// The certificate, or who signed it, does not count.
    #[error("the gateway does not accept this computer's certificate")]
    Certificate,
    /// The certificate was withdrawn.
    #[error("this computer was revoked")]
    Revoked,
    /// The certificate is not valid yet or any more, by the gateway's clock.
    #[error("by the gateway's clock this computer's certificate is not valid now")]
    Clock,
    /// Neither a client nor a printer.
    #[error("this computer is neither a client nor a printer of the site")]
    NoDoor,
    /// As many places are open as the contract allows.
    #[error("the site has as many places open as its contract allows")]
    Full,
    /// Another node of the site has the name, or another site had it until lately.
    #[error("the name is taken")]
    Taken,
    /// The gateway cannot answer now.
    #[error("the gateway has too much to do")]
    Busy,
    /// It sends no mails.
    #[error("the gateway wakes nobody: it sends no mails")]
    NoMail,
}

impl Remedy for Refusal {
    fn remedy(&self) -> Option<std::borrow::Cow<'_, str>> {
        Some(match self {
            Self::NoContract => {
                "tell its provider the site's id, which `papermesh status` shows".into()
            }
            Self::Ended | Self::Full => "ask the gateway's provider".into(),
            Self::Certificate | Self::Revoked => "ask the site's admin".into(),
            Self::Clock => "set the clock".into(),
            Self::NoDoor => "open the place on another computer".into(),
            Self::Taken => "choose another".into(),
            Self::Busy => "wait a minute".into(),
            Self::NoMail => {
                "keep the place connected, or have clients wake it: `papermesh gateway place add`"
                    .into()
            }
        })
    }
}

/// How a stream begins: what it is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Head {
    /// The stream for control, opened by the door.
    Control,
    /// An outsider's connection, opened by the gateway: what follows is what the outsider sends, TLS
    /// from its first byte on.
    Knock(Knock),
    /// One request of an outsider whose TLS the gateway ended, opened by the gateway: what follows is
    /// HTTP ([`terminated::PROTOCOL`](super::terminated::PROTOCOL)).
    Terminated(Terminated),
}

/// A request of an outsider whose TLS the gateway ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Terminated {
    /// The outsider's connection. Its name is that of the place at the gateway.
    pub knock: Knock,
    /// By what the place was asked for.
    pub alias: Alias,
}

/// An outsider's connection. Nothing follows from what it says: it is for logs and limits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Knock {
    /// The name as asked.
    pub name: HostName,
    /// The outsider's address: `job-client-addr`.
    pub address: Address,
    /// The outsider's port: `job-client-port`.
    pub port: u16,
    /// Where the outsider came in: 443 or 631.
    pub at: u16,
    /// The knock's number, never used again while the gateway runs: `job-proxy-socket`.
    pub number: u64,
    /// When it came, by the gateway's clock.
    pub time: Timestamp,
}

/// An IP address: 4 or 16 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "ByteBuf", into = "ByteBuf")]
pub struct Address(pub IpAddr);

/// Bytes that are no IP address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an address has 4 or 16 bytes")]
pub struct AddressError;

impl TryFrom<ByteBuf> for Address {
    type Error = AddressError;
    fn try_from(bytes: ByteBuf) -> Result<Self, AddressError> {
        let bytes = bytes.as_slice();
        let four = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
        let sixteen = <[u8; 16]>::try_from(bytes).map(IpAddr::from);
        four.or(sixteen).map(Self).map_err(|_| AddressError)
    }
}

impl From<Address> for ByteBuf {
    fn from(address: Address) -> Self {
        Self::from(match address.0 {
            IpAddr::V4(ip) => ip.octets().to_vec(),
            IpAddr::V6(ip) => ip.octets().to_vec(),
        })
    }
}

/// What a door says on the control stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FromDoor {
    /// Opens a place, or says again that it is open.
    Open(Place),
    /// All places that are this door's, open or not, at most [`limits::PLACES`](crate::limits::PLACES). Any other that
    /// was becomes nobody's.
    Keeps(Vec<Option<Label>>),
    /// Newer papers of the site.
    Papers(Box<Papers>),
    /// The answer to [`FromGateway::Ping`].
    Pong,
    /// Leaves a place, which stays this door's: it comes again when it is woken.
    Leave(Option<Label>),
    /// A wake of the gateway's arrived by mail. That shows who reads the mailbox: the nonce stands nowhere but in the
    /// letter, which this door alone can open.
    Heard {
        /// The place's label.
        place: Option<Label>,
        /// The wake's nonce.
        nonce: WakeNonce,
    },
    /// All texts that are to ask for a place of this door in terminated mode, at most
    /// [`limits::ALIASES`](crate::limits::ALIASES). Any other that did does not any more.
    Aliases {
        /// The place's label.
        place: Option<Label>,
        /// The texts.
        aliases: Vec<Alias>,
    },
}

/// Papers of a site.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Papers {
    /// The newest charter.
    pub charter: Envelope<Charter>,
    /// The newest site state.
    pub state: Envelope<SiteState>,
}

/// A place as its door opens it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// Its label; none for the place that is the site's own.
    pub label: Option<Label>,
    /// Names of the site's own domain that are to lead to it, too, as soon as their owner agrees: at most [`limits::OWN_NAMES`](crate::limits::OWN_NAMES).
    pub own_names: Vec<HostName>,
    /// When its door is connected.
    pub connected: Connected,
}

/// When the door of a place is connected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Connected {
    /// Always.
    Always,
    /// When the gateway wakes it, by a mail to this address.
    WokenByGateway(MailAddress),
    /// When a client wakes it, by a mail of which the gateway knows nothing.
    WokenByClient,
}

/// What a gateway says on the control stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FromGateway {
    /// A place is open.
    Opened {
        /// Its label.
        place: Option<Label>,
        /// The names that lead to it.
        names: Vec<HostName>,
    },
    /// A place is not open.
    Refused {
        /// Its label.
        place: Option<Label>,
        /// Why not.
        why: Refusal,
    },
    /// All knocks of a place that is woken are through: the door may leave.
    Done(Option<Label>),
    /// The gateway stops, and ends the pipe when no knock is left, after so many seconds at most.
    Drain(u16),
    /// To be answered, so that both sides know of each other.
    Ping,
    /// The answer to [`FromDoor::Keeps`]: the same places.
    Kept(Vec<Option<Label>>),
    /// A name of an own domain does not lead to a place. It is looked up again.
    NameRefused {
        /// The place's label.
        place: Option<Label>,
        /// The name.
        name: HostName,
        /// Why not.
        why: NameRefusal,
    },
    /// The answer to [`FromDoor::Aliases`].
    Aliases {
        /// The place's label.
        place: Option<Label>,
        /// Those that ask for the place.
        taken: Vec<Alias>,
        /// Those that do not, and why.
        refused: Vec<(Alias, AliasRefusal)>,
    },
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::codec;
    use crate::limits;

    #[test]
    fn an_address_is_as_long_as_it_is() {
        for text in ["192.0.2.7", "2001:db8::7"] {
            let address = Address(text.parse().unwrap());
            let bytes = codec::encode(&address, 32).unwrap();
            assert_eq!(codec::decode::<Address>(&bytes, 32).unwrap(), address);
        }
        let odd = codec::encode(&ByteBuf::from(vec![1; 5]), 32).unwrap();
        assert!(codec::decode::<Address>(&odd, 32).is_err());
    }

    #[test]
    fn the_longest_knock_is_within_its_limit() {
        let name = format!("{0}.{0}.{0}.example", "a".repeat(63));
        let knock = Head::Knock(Knock {
            name: name.parse().unwrap(),
            address: Address("2001:db8::7".parse().unwrap()),
            port: u16::MAX,
            at: 443,
            number: u64::MAX,
            time: Timestamp::from_millis(u64::MAX),
        });
        let Head::Knock(knock) = knock else {
            unreachable!()
        };
        let terminated = Head::Terminated(Terminated {
            knock: knock.clone(),
            alias: "a".repeat(limits::ALIAS).parse().unwrap(),
        });
        for head in [Head::Knock(knock), terminated] {
            codec::encode(&head, limits::PIPE_HEAD).unwrap();
        }
    }
}
