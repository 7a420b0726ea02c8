//! Founding a site: in a home in which nothing is yet, and no node runs.

use papermesh_protocol::certificate::{Certificate, Role, Roles};
use papermesh_protocol::charter::Admin;
use papermesh_protocol::id::{NodeId, Serial, SiteId};
use papermesh_protocol::limits;
use papermesh_protocol::seal::SealingPublic;
use papermesh_protocol::signed::Signed;
use papermesh_protocol::site::{SiteSecret, SiteState};
use papermesh_protocol::text::Name;
use papermesh_protocol::time::Timestamp;
use papermesh_store::{self as store, MemberRow, Store, StoreError};
use zeroize::Zeroizing;

use super::key::Signer;
use super::root::MadePassphrase;
use super::{AuthorityError, export, key, root};
use crate::identity::{self, Identity, IdentityError};
use crate::vault::{self, Vault};

/// A site to be founded.
pub struct Founding {
    /// The site's name.
    pub site: Name,
    /// The name of this node.
    pub name: Name,
    /// What this node does besides being the admin.
    pub roles: Roles,
    /// Seals the admin's key.
    pub passphrase: Option<Zeroizing<String>>,
}

/// A site that was founded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Founded {
    /// The site.
    pub site: SiteId,
    /// The site's name.
    pub site_name: Name,
    /// This node.
    pub node: NodeId,
    /// The node's name.
    pub name: Name,
    /// All its roles, `admin` among them.
    pub roles: Roles,
    /// Whether the admin's key needs a passphrase.
    pub sealed: bool,
    /// Opens the root. Shown once, and kept nowhere.
    pub root: MadePassphrase,
}

/// Founds a site, of which this home's node is the first member and the admin. Blocks.
///
/// # Errors
/// [`IdentityError::HasSite`] in a home that has one; nothing is changed then.
pub fn found(store: &Store, founding: Founding, now: Timestamp) -> Result<Founded, AuthorityError> {
    match Identity::load(store) {
        Err(IdentityError::NoSite) => {}
        Ok(identity) => {
            return Err(IdentityError::HasSite {
                name: identity.state.name.clone(),
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
    if let Some(passphrase) = &passphrase {
        export::strong(passphrase)?;
    }
    let keys = identity::keys(store)?;
    let (root, key) = (vault::new_key(), vault::new_key());
    let site = SiteId::from(root.verifying_key());
    let node = identity::node_of(&keys);
    let roles = roles.with(Role::Admin);
    let admin = Admin {
        key: key.verifying_key().into(),
        node,
        since: now,
    };
    let appointment = root::appoint(&root, None, &admin, (&key, &site_name), now)?;
    let (sealed_root, root) = root::make(&root)?;
    let signer = root::signer(key, &appointment.charter)?;

    let request = CertificateRequest {
        node,
        sealing: keys.sealing.public(),
        name: name.clone(),
        roles,
    };
    let state = SiteState::new(site, site_name.clone());
    let certificate = issue(store, &signer, &state, request, now)?;
    let state = signer.sign(state)?;
    let vault = Vault::new(&keys.storage);
    store.site().put(&store::site::ROOT, &sealed_root)?;
    root::keep(store, &appointment)?;
    key::keep(
        store,
        &vault,
        site,
        &signer.key,
        passphrase.as_ref().map(|text| text.as_str()),
    )?;
    Identity::keep(
        store,
        &certificate,
        (&appointment.charter, &state),
        &SiteSecret::random(&mut rand::rng()),
    )?;
    Ok(Founded {
        site,
        site_name,
        node,
        name,
        roles,
        sealed: passphrase.is_some(),
        root,
    })
}

/// Whom to certify, and as what.
pub(super) struct CertificateRequest {
    pub(super) node: NodeId,
    pub(super) sealing: SealingPublic,
    pub(super) name: Name,
    pub(super) roles: Roles,
}

/// Signs a certificate and enters it into the registry, durably, before anybody has it. Blocks.
pub(super) fn issue(
    store: &Store,
    signer: &Signer,
    state: &SiteState,
    request: CertificateRequest,
    now: Timestamp,
) -> Result<Signed<Certificate>, AuthorityError> {
    let CertificateRequest {
        node,
        sealing,
        name,
        roles,
    } = request;
    let (despite, not_before) = state.readmission(node, now);
    let certificate = Certificate {
        site: signer.site(),
        node,
        sealing,
        name,
        roles,
        serial: Serial::random(&mut rand::rng()),
        not_before,
        not_after: not_before + limits::CERTIFICATE_LIFETIME,
        despite,
    };
    let certificate = signer.sign(certificate)?;
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
