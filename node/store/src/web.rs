//! What a node shows over TLS by its site's word, and on an admin which member has which host name.

use papermesh_protocol::id::NodeId;
use papermesh_protocol::time::Timestamp;
use papermesh_protocol::web::{Label, Places};
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use super::Inner;
use super::columns::{PUBLIC_CERTIFICATES, WEB_NAMES};
use super::table::{Bound, Table};

/// Host names of the members of one site.
const BOUND: Bound = Bound {
    max: 100_000,
    what: "host names",
};

/// Certificates of names at gateways that a node keeps.
pub const PUBLIC_CERTIFICATES_MAX: usize = 4096;

const PUBLIC: Bound = Bound {
    max: PUBLIC_CERTIFICATES_MAX,
    what: "certificates",
};

/// A certificate for the web, with its key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebCertificateRow {
    /// The key, sealed with the storage key.
    pub sealed_key: ByteBuf,
    /// X.509, DER,
    pub certificate: ByteBuf,
    /// and that of the admin who issued it.
    pub issuer: ByteBuf,
    /// What it names,
    pub places: Places,
    /// and what was asked for.
    pub asked: Places,
    /// When it was got.
    pub from: Timestamp,
    /// Until when it is valid.
    pub not_after: Timestamp,
}

/// A certificate of a name at a gateway, with its key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublicCertificateRow {
    /// The key, sealed with the storage key.
    pub sealed_key: ByteBuf,
    /// The chain, PEM, the name's own certificate first.
    pub chain: String,
    /// Until when it is valid.
    pub not_after: Timestamp,
    /// When it is to be renewed.
    pub due_at: Timestamp,
}

/// With what an admin issues certificates for the web.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebIssuerRow {
    /// X.509, DER; the web authority's.
    pub certificate: ByteBuf,
    /// Until when it is valid.
    pub not_after: Timestamp,
}

/// Certificates of names at gateways.
pub(super) fn public(inner: &Inner) -> Table<'_, String, PublicCertificateRow> {
    Table::new(inner, PUBLIC_CERTIFICATES, PUBLIC)
}

/// Which member has which host name.
pub(super) fn names(inner: &Inner) -> Table<'_, Label, NodeId> {
    Table::new(inner, WEB_NAMES, BOUND)
}
