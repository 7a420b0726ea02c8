//! Founding a site: in a home in which nothing is yet, and no node runs.

use ed25519_dalek::SigningKey;
use papermesh_protocol::certificate::{Certificate, Role, Roles};
use papermesh_protocol::id::{NodeId, Serial, SiteId};
use papermesh_protocol::limits;
use papermesh_protocol::seal::SealingPublic;
use papermesh_protocol::signed::Signed;
use papermesh_protocol::site::{SiteSecret, SiteState};
use papermesh_protocol::text::Name;
use papermesh_protocol::time::Timestamp;
use zeroize::Zeroizing;

use super::{AuthorityError, key};
use crate::papers::{self, Papers, PapersError};
use crate::store::{MemberRow, Store, StoreError};
use crate::vault::{self, Vault};

/// A site to be founded.
pub struct Founding {
    /// Its name.
    pub site: Name,
    /// The name of this node.
    pub name: Name,
    /// What this node does besides being the admin.
    pub roles: Roles,
    /// Seals the authority key.
    pub passphrase: Option<Zeroizing<String>>,
}

/// A site that was founded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Founded {
    /// The site.
    pub site: SiteId,
    /// Its name.
    pub site_name: Name,
    /// This node.
    pub node: NodeId,
    /// Its name.
    pub name: Name,
    /// All its roles, `admin` among them.
    pub roles: Roles,
    /// Whether the authority key needs a passphrase.
    pub sealed: bool,
}

/// Founds a site, of which this home's node is the first member and the admin. Blocks.
///
/// # Errors
/// [`PapersError::HasSite`] in a home that has one; nothing is changed then.
pub fn found(store: &Store, founding: Founding, now: Timestamp) -> Result<Founded, AuthorityError> {
    match Papers::load(store) {
        Err(PapersError::NoSite) => {}
        Ok(papers) => {
            return Err(PapersError::HasSite {
                name: papers.state.name.clone(),
            }
            .into());
        }
        Err(error) => return Err(error.into()),
    }
    let Founding {
        site: site_name,
        name,
        roles,
        passphrase,
    } = founding;
    let keys = papers::keys(store)?;
    let authority = vault::new_key();
    let site = SiteId::from(authority.verifying_key());
    let node = papers::node_of(&keys);
    let roles = roles.with(Role::Admin);

    let wish = Wish {
        node,
        sealing: keys.sealing.public(),
        name: name.clone(),
        roles,
    };
    let certificate = issue(store, &authority, wish, now)?;
    let state = Signed::sign(SiteState::new(site, site_name.clone()), &authority)?;
    let vault = Vault::new(&keys.storage);
    key::keep(
        store,
        &vault,
        &authority,
        passphrase.as_ref().map(|text| text.as_str()),
    )?;
    Papers::keep(
        store,
        &certificate,
        &state,
        &SiteSecret::random(&mut rand::rng()),
    )?;
    Ok(Founded {
        site,
        site_name,
        node,
        name,
        roles,
        sealed: passphrase.is_some(),
    })
}

/// Whom to certify, and as what.
pub(super) struct Wish {
    pub(super) node: NodeId,
    pub(super) sealing: SealingPublic,
    pub(super) name: Name,
    pub(super) roles: Roles,
}

/// Signs a certificate and enters it into the registry, durably, before anybody has it. Blocks.
pub(super) fn issue(
    store: &Store,
    authority: &SigningKey,
    wish: Wish,
    now: Timestamp,
) -> Result<Signed<Certificate>, AuthorityError> {
    let Wish {
        node,
        sealing,
        name,
        roles,
    } = wish;
    let certificate = Certificate {
        site: SiteId::from(authority.verifying_key()),
        node,
        sealing,
        name,
        roles,
        serial: Serial::random(&mut rand::rng()),
        not_before: now,
        not_after: now + limits::CERTIFICATE_LIFETIME,
    };
    let certificate = Signed::sign(certificate, authority)?;
    enter(store, &certificate)?;
    Ok(certificate)
}

/// Enters a certificate into the registry. Blocks.
pub(super) fn enter(store: &Store, certificate: &Signed<Certificate>) -> Result<(), StoreError> {
    store.members().change(&certificate.serial, |row| {
        row.get_or_insert_with(|| MemberRow {
            certificate: certificate.envelope().clone(),
            revoked_at: None,
        });
    })
}
