//! Single things that a member keeps of its site, each under a name.

use std::marker::PhantomData;
use std::sync::PoisonError;

use papermesh_protocol::certificate::Certificate;
use papermesh_protocol::charter::Charter;
use papermesh_protocol::limits;
use papermesh_protocol::signed::Envelope;
use papermesh_protocol::site::SiteState;
use papermesh_protocol::text::Name;
use papermesh_protocol::time::Timestamp;
use papermesh_protocol::web::WebAuthority;
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use super::Inner;
use super::column::{Column, Value};
use super::columns::SITE;
use super::database::Durability;
use super::error::StoreError;
use super::outside::{OrdersRow, PlaceRow, SightingsRow};
use super::tokens::DeviceTokenRow;
use super::web::{WebCertificateRow, WebIssuerRow};

/// A single thing: its name, its type and the most bytes it may have.
pub struct Singleton<V> {
    name: &'static str,
    max: usize,
    value: PhantomData<fn() -> V>,
}

impl<V: Value> Singleton<V> {
    const fn new(name: &'static str, max: usize) -> Self {
        Self {
            name,
            max,
            value: PhantomData,
        }
    }

    /// Under which name it is kept.
    pub(super) fn key(&self) -> String {
        self.name.to_owned()
    }

    /// The column that it is in, as its own type.
    pub(super) const fn column(&self) -> Column<String, V> {
        Column::new(SITE, self.max)
    }
}

/// This node's certificate.
pub const CERTIFICATE: Singleton<Envelope<Certificate>> =
    Singleton::new("certificate", limits::CERTIFICATE + ENVELOPE);
/// The newest charter that this node has.
pub const CHARTER: Singleton<Envelope<Charter>> =
    Singleton::new("charter", limits::CHARTER + ENVELOPE);
/// The newest site state that this node has.
pub const STATE: Singleton<Envelope<SiteState>> =
    Singleton::new("state", limits::SITE_STATE + ENVELOPE);
/// The site secret, sealed with the storage key.
pub const SECRET: Singleton<ByteBuf> = Singleton::new("secret", 256);
/// This admin's own key: sealed with its passphrase or with the storage key.
pub const AUTHORITY: Singleton<ByteBuf> = Singleton::new("authority", 1024);
/// The root, where it is kept: sealed with a passphrase of its own.
pub const ROOT: Singleton<ByteBuf> = Singleton::new("root", 1024);
/// With what this admin issues certificates for the web.
pub const WEB_ISSUER: Singleton<WebIssuerRow> =
    Singleton::new("web-issuer", limits::WEB_ISSUER + ENVELOPE);
/// What stands in for the PIN verifier of a user who has none, sealed with the storage key.
pub const DECOY_PIN: Singleton<ByteBuf> = Singleton::new("decoy-pin", 4096);
/// The site's web authority.
pub const WEB_AUTHORITY: Singleton<Envelope<WebAuthority>> =
    Singleton::new("web-authority", limits::WEB_AUTHORITY + ENVELOPE);
/// This node's certificate for the web.
pub const WEB_CERTIFICATE: Singleton<WebCertificateRow> =
    Singleton::new("web-certificate", 2 * limits::WEB_MESSAGE);
/// This node's name.
pub const NODE_NAME: Singleton<Name> = Singleton::new("node-name", limits::NAME + 16);
/// The ports that this node listened on last.
pub const LAST_PORTS: Singleton<LastPorts> = Singleton::new("last-ports", 32);
/// This node's account with a certificate authority, sealed with the storage key.
pub const ACME_ACCOUNT: Singleton<ByteBuf> = Singleton::new("acme-account", 8 * 1024);
/// The places that this node opens at the site's gateways.
pub const PLACES: Singleton<Vec<PlaceRow>> = Singleton::new("places", 192 * 1024);
/// How often certificates were ordered, and which orders were refused.
pub const ACME_ORDERS: Singleton<OrdersRow> = Singleton::new("acme-orders", 256 * 1024);
/// Places that were seen and were not as their doors say.
pub const SIGHTINGS: Singleton<SightingsRow> = Singleton::new("sightings", 128 * 1024);
/// When this node last looked at a place of another from outside.
pub const LAST_LOOK: Singleton<Timestamp> = Singleton::new("last-look", 16);
/// The device tokens of the proxies that fetch what is released here, by their digests.
pub const DEVICE_TOKENS: Singleton<Vec<DeviceTokenRow>> =
    Singleton::new("device-tokens", 16 * 1024);
/// That the files with this node's own keys were made; from then on a missing one is a loss.
pub(super) const KEYS_MADE: Singleton<bool> = Singleton::new("keys-made", 1);

/// Ports of a node, none where it did not listen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LastPorts {
    /// Of the mesh, on IPv4.
    pub ip4: Option<u16>,
    /// Of the mesh, on IPv6.
    pub ip6: Option<u16>,
    /// Of the listener for devices that join, on an admin.
    pub join: Option<u16>,
}

/// What an envelope adds to its payload, with room to spare.
const ENVELOPE: usize = 128;

/// The single things of a store.
pub struct Site<'a>(pub(super) &'a Inner);

impl Site<'_> {
    /// What is kept under this name.
    pub fn get<V: Value>(&self, thing: &Singleton<V>) -> Result<Option<V>, StoreError> {
        self.0.database.get(&thing.column(), &thing.key())
    }

    /// Keeps it, durably, in place of what was there.
    pub fn put<V: Value>(&self, thing: &Singleton<V>, value: &V) -> Result<(), StoreError> {
        let mut batch = self.0.database.batch();
        batch.put(&thing.column(), &thing.key(), value)?;
        batch.commit(Durability::Synced)
    }

    /// Changes what is kept under this name, or its default if nothing is; writes only what
    /// became different.
    pub fn change<V: Value + Clone + Default + PartialEq>(
        &self,
        thing: &Singleton<V>,
        change: impl FnOnce(&mut V),
    ) -> Result<(), StoreError> {
        let _changing = self
            .0
            .remembering
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let kept = self.get(thing)?.unwrap_or_default();
        let mut changed = kept.clone();
        change(&mut changed);
        if changed == kept {
            Ok(())
        } else {
            self.put(thing, &changed)
        }
    }

    /// Keeps it no longer.
    pub fn delete<V: Value>(&self, thing: &Singleton<V>) -> Result<(), StoreError> {
        let mut batch = self.0.database.batch();
        batch.delete(&thing.column(), &thing.key())?;
        batch.commit(Durability::Synced)
    }
}
