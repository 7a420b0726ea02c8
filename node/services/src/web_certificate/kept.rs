//! The certificate as it is kept: what is known of it, when another is due, and how it is read from the
//! store.

use std::time::Duration;

use papermesh_protocol::time::Timestamp;
use papermesh_protocol::web::{self, Places, WebAuthority, WebError};
use papermesh_store::offload::offload;
use papermesh_store::{StoreError, WebCertificateRow, site};
use papermesh_web::SiteCertificate;

use super::Deps;
use super::error::WebCertificateError;

/// How often is asked again for what was not granted.
const ASK_AGAIN: Duration = Duration::from_secs(24 * 60 * 60);

/// What is known of the certificate that there is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// What it names.
    pub places: Places,
    /// What was asked for and not granted.
    pub refused: Places,
    /// When it was got.
    pub from: Timestamp,
    /// Until when it is valid.
    pub not_after: Timestamp,
    asked: Places,
}

impl Kept {
    pub(super) fn of(row: &WebCertificateRow) -> Self {
        Self {
            places: row.places.clone(),
            refused: row.asked.without(&row.places),
            from: row.from,
            not_after: row.not_after,
            asked: row.asked.clone(),
        }
    }

    /// Whether another should follow it, on a node that is reached at `places`.
    pub(super) fn is_due(&self, places: &Places, now: Timestamp) -> bool {
        self.asked != *places
            || now >= web::due_at(self.from, self.not_after)
            || (!self.refused.is_empty() && now >= self.from + ASK_AGAIN)
    }
}

/// The certificate that is kept, unless it has ended.
pub(super) async fn read<N>(
    deps: &Deps<N>,
) -> Result<Option<(Kept, SiteCertificate)>, WebCertificateError> {
    let (site, now) = (deps.mesh.membership().site(), deps.mesh.membership().now());
    let kept = offload(&deps.store, |store| -> Result<_, StoreError> {
        let authority = store.site().get(&site::WEB_AUTHORITY)?;
        Ok((authority, store.site().get(&site::WEB_CERTIFICATE)?))
    });
    let (Some(authority), Some(row)) = kept.await? else {
        return Ok(None);
    };
    if now > row.not_after {
        return Ok(None);
    }
    let authority = WebAuthority::verify(&authority, site).map_err(WebError::from)?;
    let key = deps.vault.open_web_key(site, &row.sealed_key)?;
    let certificate = SiteCertificate::read(
        (&authority.certificate, &row.issuer, &row.certificate),
        &key,
        row.places.clone(),
        // A clock that was set back does not make it worse.
        (row.not_after, row.not_after),
    )?;
    Ok(Some((Kept::of(&row), certificate)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_bytes::ByteBuf;

    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);
    const DAY: Duration = Duration::from_secs(86_400);

    fn named(names: &[&str]) -> Places {
        Places::new(names.iter().map(|name| name.parse().unwrap()), []).unwrap()
    }

    fn kept(asked: &[&str], given: &[&str]) -> Kept {
        Kept::of(&WebCertificateRow {
            sealed_key: ByteBuf::new(),
            certificate: ByteBuf::new(),
            issuer: ByteBuf::new(),
            places: named(given),
            asked: named(asked),
            from: NOW,
            not_after: NOW + DAY * 90,
        })
    }

    #[test]
    fn it_is_renewed_in_its_last_third_and_when_the_node_is_elsewhere() {
        let whole = kept(&["desk.local"], &["desk.local"]);
        let places = named(&["desk.local"]);
        assert!(!whole.is_due(&places, NOW + DAY * 59));
        assert!(whole.is_due(&places, NOW + DAY * 60));
        assert!(whole.is_due(&named(&["desk.lan"]), NOW));
        // What another member has may be free tomorrow.
        let less = kept(&["desk.local", "localhost"], &["localhost"]);
        let places = named(&["desk.local", "localhost"]);
        assert_eq!(less.refused, named(&["desk.local"]));
        assert!(!less.is_due(&places, NOW + DAY / 2));
        assert!(less.is_due(&places, NOW + DAY));
    }
}
