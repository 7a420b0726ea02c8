//! The way in from outside the site: gateways, places at them, print tokens.

use papermesh_door::GatewayStatus;
use papermesh_protocol::gateway::contract::Gateway;
use papermesh_protocol::gateway::name::Label;
use papermesh_protocol::id::TokenDigest;
use papermesh_protocol::text::{Name, UserId};
use papermesh_protocol::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::control::Passphrase;

/// Adds a gateway for the whole site, or replaces what is known of it. Answered with what the line says.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AddGateway {
    /// The line that its provider gave.
    pub line: String,
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

/// Asks which gateways the site has, and how it stands with them here.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ListGateways {}

/// The site's gateways, as this node sees them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GatewayList {
    /// Those of the site.
    pub gateways: Vec<Gateway>,
    /// The places that this node opens at each of them.
    pub places: Vec<Label>,
    /// How it stands with them; nothing of one at which this node opens no place.
    pub status: Vec<GatewayStatus>,
}

/// Opens a place for this node's hold printer at all gateways of the site.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OpenPlace {
    /// Its label; without one it is drawn.
    pub label: Option<Label>,
}

/// Closes a place.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ClosePlace {
    /// Its label.
    pub label: Label,
}

/// A place was opened, or closed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlaceChanged {
    /// Its label.
    pub label: Label,
    /// The names that lead to it, one at each gateway of the site.
    pub names: Vec<String>,
}

/// Makes a print token.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct MakeToken {
    /// Whose; without one that of the only user who enrolled here.
    pub user: Option<UserId>,
    /// What it is called.
    pub name: Name,
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
    /// Since when,
    pub made_at: Timestamp,
    /// and until when it is good.
    pub until: Timestamp,
}
