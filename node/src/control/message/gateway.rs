//! The way in from outside the site: gateways, places at them, print tokens.

use std::net::IpAddr;

use papermesh_door::GatewayStatus;
use papermesh_protocol::gateway::contract::Gateway;
use papermesh_protocol::gateway::name::{Alias, HostName, Label};
use papermesh_protocol::gateway::sighting::Seen;
use papermesh_protocol::gateway::token::allowance::{Allowance, Used};
use papermesh_protocol::gateway::token::rights::Rights;
use papermesh_protocol::id::{GatewayId, KeyDigest, NodeId, TokenDigest};
use papermesh_protocol::text::{Name, UserId};
use papermesh_protocol::time::Timestamp;
use papermesh_store::{PlaceRow, WokenBy};
use serde::{Deserialize, Serialize};

use crate::control::Passphrase;

/// Adds a gateway for the whole site, or replaces what is known of it. Answered with what the line says.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AddGateway {
    /// The line that its provider gave.
    pub line: String,
    /// Where it is in a local network; nowhere there if it is on the Internet.
    #[serde(default)]
    pub within: Vec<IpAddr>,
    /// Opens the authority key.
    pub passphrase: Option<Passphrase>,
}

/// Removes a gateway: all doors of the site leave it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RemoveGateway {
    /// Its domain.
    pub domain: String,
    /// Opens the authority key.
    pub passphrase: Option<Passphrase>,
}

/// A gateway is not the site's any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GatewayRemoved {
    /// Its domain.
    pub domain: String,
}

/// Says whether a gateway may end TLS for the site's places, and so read what is printed by their names in paths.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AllowTerminated {
    /// Its domain.
    pub domain: String,
    /// Whether it may.
    pub allow: bool,
    /// Opens the authority key.
    pub passphrase: Option<Passphrase>,
}

/// Whether a gateway may end TLS for the site's places.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TerminatedAllowed {
    /// Its domain.
    pub domain: String,
    /// Whether it may.
    pub allowed: bool,
}

/// Has this node dial all gateways now. How it went is answered after half a minute
/// at most.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ConnectGateways {}

/// Asks which gateways the site has, and how it stands with them here.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ListGateways {}

/// The site's gateways, as this node sees them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GatewayList {
    /// Those of the site.
    pub gateways: Vec<Gateway>,
    /// The places that this node opens at each of them.
    pub places: Vec<PlaceRow>,
    /// How it stands with them; nothing of one at which this node opens no place.
    pub status: Vec<GatewayStatus>,
    /// The names of the places that are open here, and what outsiders see there.
    pub names: Vec<PlaceName>,
    /// The names of own domains that the site has,
    pub own_names: Vec<HostName>,
    /// and those of them that are to lead to places of this node.
    pub own_names_here: Vec<HostName>,
    /// Places that were seen and were not as their doors say, and that nobody here dismissed.
    pub mismatches: Vec<PlaceMismatch>,
    /// Gateways that may end TLS for the site's places.
    pub terminated: Vec<GatewayId>,
}

impl GatewayList {
    /// The first name of a place that is open or can be woken, or of the one that is meant.
    #[must_use]
    pub fn open_place(&self, meant: Option<&Label>) -> Option<&HostName> {
        let places = self.status.iter().flat_map(|status| &status.places);
        let mut meant = places.filter(|(label, _)| meant.is_none() || label.as_ref() == meant);
        meant.find_map(|(_, state)| {
            // One of an own domain stands last, and says more to people, once it is certified.
            let names = state.names();
            let mut own = names.iter().skip(1);
            own.find(|name| self.is_certified(name)).or(names.first())
        })
    }

    fn is_certified(&self, name: &HostName) -> bool {
        let mut names = self.names.iter();
        names.any(|of| of.name == *name && of.certified_until.is_some())
    }
}

/// Opens a place for this node's hold printer at all gateways of the site.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OpenPlace {
    /// Its label; without one it is drawn.
    pub label: Option<Label>,
    /// It is that of the site, which has no label: the site's name at the gateway leads there.
    #[serde(default)]
    pub of_site: bool,
    /// Who wakes its door; with nobody it is always there.
    #[serde(default)]
    pub woken_by: Option<WokenBy>,
    /// Texts that ask for it at gateways that may end TLS. What is not said stays.
    #[serde(default)]
    pub aliases: Option<Vec<Alias>>,
}

/// Closes a place.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ClosePlace {
    /// Its label; none for that of the site.
    pub label: Option<Label>,
}

/// A place was opened, or closed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlaceChanged {
    /// Its label; that of the site has none.
    pub label: Option<Label>,
    /// The names that lead to it, one at each gateway of the site.
    pub names: Vec<String>,
    /// What asks for it in paths at gateways that may read it.
    #[serde(default)]
    pub paths: Vec<String>,
    /// What others call its door with, one line for each of them; none if it is always there.
    #[serde(default)]
    pub lines: Vec<String>,
}

/// Calls the door of a place, and waits until it is there.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct WakeDoor {
    /// The line that whoever opened the place was given.
    pub line: String,
    /// How long to wait at most, in seconds.
    pub wait: u16,
}

/// A door is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DoorWoken {
    /// The place.
    pub place: HostName,
}

/// Lets a name of an own domain lead to a place: for the site, on an admin's node; and to a place of this node, if it has
/// one.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AddOwnName {
    /// The name.
    pub name: HostName,
    /// To which place of this node; without one to the only one that it opens, or that of the site.
    pub place: Option<Label>,
    /// Opens the authority key.
    pub passphrase: Option<Passphrase>,
}

/// Takes a name of an own domain from the place here that has it and, on an admin's node, from the site.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RemoveOwnName {
    /// The name.
    pub name: HostName,
    /// Opens the authority key.
    pub passphrase: Option<Passphrase>,
}

/// Asks what the owner of a domain has to set for a name of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ShowOwnName {
    /// The name.
    pub name: HostName,
}

/// A name of an own domain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnName {
    /// The name.
    pub name: HostName,
    /// Whether it is to lead to a place of this node.
    pub is_here: bool,
    /// Where it leads: to one of these gateways.
    pub leads: Vec<LeadsTo>,
    /// What else its owner sets in DNS, as lines of a zone file.
    pub lines: Vec<String>,
}

/// What leads a name to one gateway.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeadsTo {
    /// The gateway's domain.
    pub domain: String,
    /// What the name's owner sets in DNS, as lines of a zone file; none where the gateway's addresses are not found.
    pub lines: Vec<String>,
}

/// Looks at a place of another computer from here, over the Internet, as anybody does who prints from outside.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ProbePlace {
    /// Its name; without one any place that somebody has.
    pub name: Option<HostName>,
}

/// What was seen at a place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlaceProbed {
    /// The place's name.
    pub name: HostName,
    /// The node that has it,
    pub door: NodeId,
    /// and what that is called.
    pub door_name: Name,
    /// What follows.
    pub verdict: ProbeVerdict,
    /// What was seen, if somebody was reached.
    pub seen: Option<Seen>,
    /// Where it is not as its door says: what that says, and who else claims the name.
    pub claims: Vec<PlaceClaim>,
    /// Why nobody was reached.
    pub why: Option<String>,
}

/// What follows from what was seen at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProbeVerdict {
    /// It shows what its door says.
    AsSaid,
    /// Its door says nothing of it any more.
    Unsaid,
    /// It is closed.
    Closed,
    /// It shows another key than its door says. Admins and the door are told.
    Mismatch,
    /// Somebody answers and nobody can print there, although its door has it open, as far as is known. Admins are told when
    /// that was seen three times on several days.
    NoTls,
    /// It was not reached.
    Unreachable,
}

/// That a node says that a place is its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlaceClaim {
    /// The node,
    pub door: NodeId,
    /// and what that is called, if it is known.
    pub door_name: Option<Name>,
    /// The key that it shows there, by its word.
    pub key: Option<KeyDigest>,
}

/// A place that was not as its door says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlaceMismatch {
    /// By what it is dismissed.
    pub id: String,
    /// The place's name.
    pub name: HostName,
    /// What was seen there.
    pub seen: Seen,
    /// What the node says that has the place, and others that claim it.
    pub claims: Vec<PlaceClaim>,
    /// Who saw it,
    pub by: NodeId,
    /// and what that is called, if it is known.
    pub by_name: Option<Name>,
    /// When it became known here,
    pub first: Timestamp,
    /// and when last.
    pub last: Timestamp,
}

impl PlaceClaim {
    /// What the node is called, else its id.
    #[must_use]
    pub fn called(&self) -> String {
        called(self.door_name.as_ref(), self.door)
    }
}

impl PlaceMismatch {
    /// What who saw it is called, else its id.
    #[must_use]
    pub fn by(&self) -> String {
        called(self.by_name.as_ref(), self.by)
    }

    /// What the nodes are called that claim the place.
    #[must_use]
    pub fn doors(&self) -> Vec<String> {
        self.claims.iter().map(PlaceClaim::called).collect()
    }
}

fn called(name: Option<&Name>, node: NodeId) -> String {
    name.map_or_else(|| node.to_string(), ToString::to_string)
}

/// Dismisses a mismatch that somebody looked into, on this node. Answered with the place's name. What is different of it
/// later is shown all the same.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DismissMismatch {
    /// Its id.
    pub id: String,
}

/// A mismatch was dismissed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MismatchDismissed {
    /// The place's name.
    pub name: HostName,
}

/// That a place was seen from outside as it should be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenOutside {
    /// When,
    pub at: Timestamp,
    /// who says so,
    pub by: NodeId,
    /// and what that is called, if it is known.
    pub by_name: Option<Name>,
}

impl SeenOutside {
    /// What who says so is called, else its id.
    #[must_use]
    pub fn by(&self) -> String {
        called(self.by_name.as_ref(), self.by)
    }
}

/// What is known here of one name of a place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlaceName {
    /// The name.
    pub name: HostName,
    /// Until when it has a certificate of the Internet's, if it has one.
    pub certified_until: Option<Timestamp>,
    /// Which member last said that it shows what it should, seen from outside, since the node started.
    pub seen: Option<SeenOutside>,
    /// Before when the certificate authority takes no order of it, and why.
    pub refused: Option<(Timestamp, String)>,
}

/// Makes a print token.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct MakeToken {
    /// Whose; without one that of the only user who enrolled here.
    pub user: Option<UserId>,
    /// What it is called.
    pub name: Name,
    /// How long it is good for, in seconds; without it for a year.
    pub lifetime: Option<u32>,
    /// What it allows besides holding jobs.
    #[serde(default)]
    pub rights: Rights,
    /// How much may be printed with it.
    #[serde(default)]
    pub allowance: Allowance,
}

/// How many jobs a guest prints,
const GUEST_JOBS: u32 = 3;
/// and for how long, in seconds.
const GUEST_LIFETIME: u32 = 24 * 60 * 60;

impl MakeToken {
    /// One that holds, for a year.
    #[must_use]
    pub fn named(name: Name) -> Self {
        Self {
            user: None,
            name,
            lifetime: None,
            rights: Rights::default(),
            allowance: Allowance::default(),
        }
    }

    /// One for somebody who prints a few jobs, soon.
    #[must_use]
    pub fn for_guest(name: Name) -> Self {
        Self {
            lifetime: Some(GUEST_LIFETIME),
            allowance: Allowance {
                jobs: Some(GUEST_JOBS),
                ..Allowance::default()
            },
            ..Self::named(name)
        }
    }
}

/// A print token was made. The token itself is told now and never again.
#[derive(Clone, Serialize, Deserialize)]
pub struct TokenMade {
    /// The token.
    pub token: String,
    /// What is known of it.
    pub view: Token,
}

/// Asks for the print tokens that are good.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ListTokens {
    /// Whose; without one everybody's.
    pub user: Option<UserId>,
}

/// Withdraws a print token: it is good for nothing from now on. Answered with what it was.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct WithdrawToken {
    /// Its name, or the beginning of its id.
    pub token: String,
}

/// A print token, without what one prints with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    /// Names it.
    pub id: TokenDigest,
    /// Whose.
    pub user: UserId,
    /// What it is called.
    pub name: Name,
    /// When it was made.
    pub made_at: Timestamp,
    /// Until when it is good.
    pub until: Timestamp,
    /// What it allows besides holding jobs.
    pub rights: Rights,
    /// How much may be printed with it.
    pub allowance: Allowance,
    /// How much was printed with it.
    pub used: Used,
}
