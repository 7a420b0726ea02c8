//! Certificates that this admin issued.

use papermesh_protocol::certificate::Certificate;
use papermesh_protocol::id::Serial;
use papermesh_protocol::signed::Envelope;
use papermesh_protocol::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::Inner;
use super::columns::MEMBERS;
use super::table::{Bound, Table};

/// Certificates of one site, renewed ones included.
const BOUND: Bound = Bound {
    max: 100_000,
    what: "certificates",
};

/// An issued certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MemberRow {
    /// The certificate.
    pub certificate: Envelope<Certificate>,
    /// When it was withdrawn, if it was.
    pub revoked_at: Option<Timestamp>,
}

pub(super) fn table(inner: &Inner) -> Table<'_, Serial, MemberRow> {
    Table::new(inner, MEMBERS, BOUND)
}
