//! What a gateway publishes of itself, at [`PATH`]: JSON ([`Description`]), signed with its key.
//!
//! Whoever looks for a way to a gateway reads there which ones it offers. The signature stands in the header
//! [`SIGNATURE_HEADER`] and is over the bytes of the body as they came, so that nobody has to write JSON in one
//! form; without it, somebody between the two could send all doors by the way that suits him.

use ed25519_dalek::{Signature, Signer, SigningKey};
use serde::{Deserialize, Serialize};

use super::mailbox::MailAddress;
use super::name::Domain;
use crate::id::GatewayId;

/// Where it is published.
pub const PATH: &str = "/.well-known/papermesh-gateway";

/// The header with the signature: 128 hexadecimal digits in lower case.
pub const SIGNATURE_HEADER: &str = "papermesh-signature";

/// What is signed begins with this.
const DOMAIN: &[u8] = b"papermesh/gateway-description/1";

/// What a gateway says of itself. Fields and kinds of carriers may be added; a reader ignores those that it does not
/// know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Description {
    /// 1.
    pub version: u8,
    /// The gateway's key.
    pub key: GatewayId,
    /// The domain under which its places have their names.
    pub domain: Domain,
    /// The ways to it.
    pub carriers: Vec<Offered>,
    /// The ports where outsiders knock.
    pub ipps: Vec<u16>,
    /// From where it sends mails that wake doors; none if it wakes nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wakes_from: Option<MailAddress>,
    /// Whether it ends TLS for places of sites that allow it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub terminated: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
const fn is_false(flag: &bool) -> bool {
    !*flag
}

/// A way to a gateway.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Offered {
    /// TCP, with nothing between it and the pipe.
    Tcp {
        /// The port.
        port: u16,
    },
    /// TLS for the gateway's domain.
    Tls {
        /// The port.
        port: u16,
        /// Its protocol (ALPN).
        alpn: String,
    },
    /// Requests ([`super::carrier`]).
    Https {
        /// The port.
        port: u16,
        /// Where pipes are made.
        path: String,
        /// Seconds that a request may wait; with 0 none may.
        wait: u64,
        /// Seconds between requests where none waits.
        poll: u64,
    },
    /// A way that this version does not know; no gateway says so.
    #[serde(other)]
    Unknown,
}

fn signed(body: &[u8]) -> Vec<u8> {
    [DOMAIN, body].concat()
}

/// The signature of a body with the gateway's key.
#[must_use]
pub fn sign(seed: &[u8; 32], body: &[u8]) -> [u8; 64] {
    SigningKey::from_bytes(seed).sign(&signed(body)).to_bytes()
}

/// Whether a gateway signed this body.
#[must_use]
pub fn is_signed(gateway: GatewayId, body: &[u8], signature: &[u8; 64]) -> bool {
    let signature = Signature::from_bytes(signature);
    gateway
        .verifying_key()
        .is_some_and(|key| key.verify_strict(&signed(body), &signature).is_ok())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_a_reader_does_not_know_it_ignores() {
        let description = Description {
            version: 1,
            key: GatewayId::from_bytes([1; 32]),
            domain: "gw.example".parse().unwrap(),
            carriers: vec![Offered::Unknown, Offered::Tcp { port: 4001 }],
            ipps: vec![443],
            wakes_from: None,
            terminated: false,
        };
        let mut newer = serde_json::to_value(&description).unwrap();
        newer["motto"] = "new".into();
        newer["carriers"][0] = serde_json::json!({ "kind": "pigeon", "wings": [2, 2] });
        newer["carriers"][1]["hops"] = 3.into();
        let read: Description = serde_json::from_value(newer).unwrap();
        assert_eq!(read, description);
    }

    #[test]
    fn a_description_is_its_gateways_or_nobodys() {
        let seed = [4; 32];
        let gateway = GatewayId::from(SigningKey::from_bytes(&seed).verifying_key());
        let description = Description {
            version: 1,
            key: gateway,
            domain: "gw.example".parse().unwrap(),
            carriers: vec![Offered::Tcp { port: 4001 }],
            ipps: vec![443, 631],
            wakes_from: Some("wake@gw.example".parse().unwrap()),
            terminated: true,
        };
        let mut body = serde_json::to_vec(&description).unwrap();
        let signature = sign(&seed, &body);
        assert!(is_signed(gateway, &body, &signature));
        assert!(!is_signed(
            GatewayId::from_bytes([1; 32]),
            &body,
            &signature
        ));
        let read: Description = serde_json::from_slice(&body).unwrap();
        assert_eq!(read, description);
        body[20] ^= 1;
        assert!(!is_signed(gateway, &body, &signature));
    }
}
