//! Who asks, as the gateway tells the door: address, port, and the number of the connection.
//!
//! The gateway has ended the client's connection, so the door is told whose it was: in a header, or in the IPP message
//! itself. It is for limits, logs and the job's owner; no right follows from it.

use core::fmt;
use core::net::{IpAddr, SocketAddr};
use core::str::FromStr;

use serde::{Deserialize, Serialize};

/// The header that says it, as a dictionary of RFC 9651: `addr="198.51.100.7", port=50123, socket=8812`.
pub const HEADER: &str = "papermesh-client";
/// The header that says it in the words of RFC 7239.
pub const FORWARDED: &str = "forwarded";
/// The longest [`HEADER`].
const HEADER_MAX: usize = 128;

/// The attribute with the client's address: text.
pub const ADDRESS: &str = "job-client-addr";
/// The attribute with the client's port: integer.
pub const PORT: &str = "job-client-port";
/// The attribute with the number of the connection: integer.
pub const SOCKET: &str = "job-proxy-socket";

/// A client of the gateway. It is stored as the text of [`HEADER`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Client {
    /// Its address.
    pub address: IpAddr,
    /// Its port.
    pub port: u16,
    /// Which of the gateway's knocks it is, as an IPP integer: from 0 to 2³¹ − 1.
    pub socket: u32,
}

/// Text that says no client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it says no client")]
pub struct ClientError;

impl Client {
    /// Who came from there as this knock. Of numbers that no IPP integer has the lowest 31 bits are told.
    #[must_use]
    pub fn new(from: SocketAddr, knock: u64) -> Self {
        let socket = knock & u64::from(i32::MAX.unsigned_abs());
        Self {
            address: from.ip().to_canonical(),
            port: from.port(),
            socket: u32::try_from(socket).unwrap_or_default(),
        }
    }

    /// The value of [`FORWARDED`], for a client that asked by this `Host`.
    #[must_use]
    pub fn forwarded(&self, host: &str) -> String {
        let host: String = host.chars().filter(|c| !"\"\\".contains(*c)).collect();
        let from = SocketAddr::new(self.address, self.port);
        format!("for=\"{from}\";proto=https;host=\"{host}\"")
    }
}

/// The value of [`HEADER`].
impl fmt::Display for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            address,
            port,
            socket,
        } = self;
        write!(f, "addr=\"{address}\", port={port}, socket={socket}")
    }
}

impl FromStr for Client {
    type Err = ClientError;

    /// Reads what [`Display`](fmt::Display) writes, and nothing else.
    fn from_str(text: &str) -> Result<Self, ClientError> {
        let read = || {
            let rest = text.strip_prefix("addr=\"")?;
            let (address, rest) = rest.split_once("\", port=")?;
            let (port, socket) = rest.split_once(", socket=")?;
            let client = Self {
                address: address.parse().ok()?,
                port: port.parse().ok()?,
                socket: socket.parse().ok()?,
            };
            (client.to_string() == text).then_some(client)
        };
        let client = (text.len() <= HEADER_MAX).then(read).flatten();
        client
            .filter(|client| i32::try_from(client.socket).is_ok())
            .ok_or(ClientError)
    }
}

impl TryFrom<String> for Client {
    type Error = ClientError;
    fn try_from(text: String) -> Result<Self, ClientError> {
        text.parse()
    }
}

impl From<Client> for String {
    fn from(client: Client) -> Self {
        client.to_string()
    }
}

/// What was said of a client in the attributes of a message, piece by piece.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Said {
    address: Option<IpAddr>,
    port: Option<u16>,
    socket: Option<u32>,
}

impl Said {
    /// Whether an attribute is one of those that say it.
    pub(super) fn is_about(name: &[u8]) -> bool {
        [ADDRESS, PORT, SOCKET]
            .iter()
            .any(|known| known.as_bytes() == name)
    }

    /// Takes the first value of each.
    pub(super) fn take(&mut self, name: &[u8], value: &[u8]) {
        let number = || <[u8; 4]>::try_from(value).map(i32::from_be_bytes).ok();
        match name {
            name if name == ADDRESS.as_bytes() => {
                let text = core::str::from_utf8(value).ok();
                self.address = self.address.or(text.and_then(|text| text.parse().ok()));
            }
            name if name == PORT.as_bytes() => {
                let port = number().and_then(|number| u16::try_from(number).ok());
                self.port = self.port.or(port);
            }
            name if name == SOCKET.as_bytes() => {
                let socket = number().and_then(|number| u32::try_from(number).ok());
                self.socket = self.socket.or(socket);
            }
            _ => {}
        }
    }

    /// The client, if all of it was said.
    pub(super) fn client(&self) -> Option<Client> {
        Some(Client {
            address: self.address?,
            port: self.port?,
            socket: self.socket?,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_header_says_a_client_and_only_in_one_form() {
        for (from, said, forwarded) in [
            (
                "198.51.100.7:50123",
                "addr=\"198.51.100.7\", port=50123, socket=8812",
                "for=\"198.51.100.7:50123\";proto=https;host=\"gw.example:631\"",
            ),
            (
                "[2001:db8::7]:1",
                "addr=\"2001:db8::7\", port=1, socket=8812",
                "for=\"[2001:db8::7]:1\";proto=https;host=\"gw.example:631\"",
            ),
            (
                "[::ffff:192.0.2.1]:9",
                "addr=\"192.0.2.1\", port=9, socket=8812",
                "for=\"192.0.2.1:9\";proto=https;host=\"gw.example:631\"",
            ),
        ] {
            let client = Client::new(from.parse().unwrap(), 8812);
            assert_eq!(client.to_string(), said);
            assert_eq!(said.parse(), Ok(client));
            assert_eq!(client.forwarded("gw.example:631"), forwarded);
        }
        let far = Client::new("192.0.2.1:1".parse().unwrap(), u64::MAX);
        assert_eq!(far.socket, i32::MAX.unsigned_abs());
        for wrong in [
            "",
            "addr=\"192.0.2.1\"",
            "addr=\"192.0.2.1\", port=1, socket=2147483648",
            "addr=\"192.0.2.1\", port=01, socket=1",
            "addr=\"192.0.2.1\", port=1, socket=1 ",
            "addr=\"nobody\", port=1, socket=1",
            "addr=\"192.0.2.1\", port=65536, socket=1",
        ] {
            assert_eq!(wrong.parse::<Client>(), Err(ClientError), "{wrong}");
        }
    }
}
