//! Proxies that fetch what is released at this printer: the tokens that they show.

use papermesh_protocol::text::Name;
use papermesh_protocol::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Makes a device token.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct MakeDeviceToken {
    /// What it is called.
    pub name: Name,
}

/// A device token was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceTokenMade {
    /// The token. It is told once.
    pub token: String,
    /// What it is called.
    pub name: Name,
    /// The port at which proxies register, if this node is an infrastructure printer.
    pub port: Option<u16>,
}

/// Asks for the device tokens of this printer.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ListDeviceTokens {}

/// A device token, and the output device that has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceTokenView {
    /// What it is called.
    pub name: Name,
    /// When it was made.
    pub made_at: Timestamp,
    /// The `output-device-uuid` of the proxy that has it; none until one has shown it.
    pub device: Option<String>,
    /// How it stands with that proxy; none if it is not there.
    pub proxy: Option<ProxyStatus>,
}

/// How it stands with a proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProxyStatus {
    /// Whether it is the one that fetches; others stand by.
    pub active: bool,
    /// Whether it has said what its printer can do.
    pub described: bool,
    /// Seconds since it was heard of.
    pub silent: u64,
}

/// Withdraws a device token.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct WithdrawDeviceToken {
    /// Its name.
    pub name: String,
}
