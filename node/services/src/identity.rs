//! A node's identity: its keys, its certificate, the site's state and secret. Without it, it is
//! nobody's member and there is no mesh to start.
//!
//! An identity comes from founding a site, from joining one, or from importing one; it is kept here
//! all at once and loaded at every start. Whether the certificate is still accepted is not asked
//! when loading: an expired or withdrawn node should start, and say so.
//!
//! Everything here blocks on the store; see [`papermesh_store::offload`].

use std::borrow::Cow;

use ed25519_dalek::SigningKey;
use papermesh_mesh::Membership;
use papermesh_protocol::certificate::{Certificate, CertificateError};
use papermesh_protocol::charter::Charter;
use papermesh_protocol::id::{NodeId, SiteId};
use papermesh_protocol::join::joiner;
use papermesh_protocol::judge::Judge;
use papermesh_protocol::remedy::Remedy;
use papermesh_protocol::seal::{SealingSecret, StorageKey};
use papermesh_protocol::signed::{Envelope, Signed};
use papermesh_protocol::site::{SiteSecret, SiteState};
use papermesh_protocol::text::Name;
use papermesh_protocol::time::Clock;
use papermesh_protocol::time::Timestamp;
use papermesh_store::{NodeKeys, RememberedPeer, Store, StoreError, site};
use rand::Rng;
use serde_bytes::ByteBuf;

use crate::vault::{Vault, VaultError};

/// Why a node's identity is of no use.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// There are none.
    #[error("this home has no site yet")]
    NoSite,
    /// There are some already.
    #[error("this home is already a member of the site {name}")]
    HasSite {
        /// The site's name.
        name: Name,
    },
    /// Some are missing, or do not belong together.
    #[error("the keys and certificate in this home do not match ({0})")]
    Inconsistent(&'static str),
    /// A secret does not open.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Remedy for IdentityError {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        let remedy = match self {
            Self::NoSite => {
                "run `papermesh init` for a new site, or `papermesh join` to become a member of one"
            }
            Self::HasSite { .. } => "use another --home for another site",
            Self::Inconsistent(_) => {
                "restore the home from a backup, or join again with a new --home"
            }
            Self::Vault(error) => return error.remedy(),
            Self::Store(error) => return error.remedy(),
        };
        Some(remedy.into())
    }
}

/// All that makes a node a member.
#[derive(Debug)]
pub struct Identity {
    /// What only this node knows.
    pub keys: NodeKeys,
    /// The authority's word that it is a member.
    pub certificate: Signed<Certificate>,
    /// The newest charter that it has seen.
    pub charter: Signed<Charter>,
    /// The newest site state that it has seen.
    pub state: Signed<SiteState>,
    /// What the members share.
    pub secret: SiteSecret,
}

impl Identity {
    /// Loads the identity of a home.
    ///
    /// # Errors
    /// [`IdentityError::NoSite`] in a new home; every other one means damage.
    pub fn load(store: &Store) -> Result<Self, IdentityError> {
        let certificate = store
            .site()
            .get(&site::CERTIFICATE)?
            .ok_or(IdentityError::NoSite)?;
        let (certificate, site) = own_certificate(&certificate)?;
        let state = store
            .site()
            .get(&site::STATE)?
            .ok_or(IdentityError::Inconsistent("the site state is missing"))?;
        // Who signed it, or the certificate, may be no admin any more, which the mesh will see to.
        let state = SiteState::verify_kept(&state, site)
            .map_err(|_| IdentityError::Inconsistent("the site state is another site's"))?;
        let charter = store
            .site()
            .get(&site::CHARTER)?
            .ok_or(IdentityError::Inconsistent("the charter is missing"))?;
        let charter = Charter::verify(&charter, site)
            .map_err(|_| IdentityError::Inconsistent("the charter is another site's"))?;
        let secret = store
            .site()
            .get(&site::SECRET)?
            .ok_or(IdentityError::Inconsistent("the site secret is missing"))?;
        let keys = keys(store)?;
        if node_of(&keys) != certificate.node {
            return Err(IdentityError::Inconsistent(
                "the certificate is another node's",
            ));
        }
        let secret = Vault::new(&keys.storage).open_site_secret(site, &secret)?;
        Ok(Self {
            keys,
            certificate,
            charter,
            state,
            secret,
        })
    }

    /// Keeps the identity of a new member: of a site in a new home, or a new one of the same site.
    /// The certificate comes last, because it is what tells a member.
    ///
    /// # Errors
    /// [`IdentityError::HasSite`] in the home of another site's member; nothing is changed then.
    pub fn keep(
        store: &Store,
        certificate: &Signed<Certificate>,
        (charter, state): (&Signed<Charter>, &Signed<SiteState>),
        secret: &SiteSecret,
    ) -> Result<(), IdentityError> {
        let keys = keys(store)?;
        if node_of(&keys) != certificate.node {
            return Err(IdentityError::Inconsistent(
                "the certificate is another node's",
            ));
        }
        if let Some(known) = store.site().get(&site::CERTIFICATE)?
            && own_certificate(&known)?.1 != certificate.site
        {
            return Err(IdentityError::HasSite {
                name: site_name(store)?,
            });
        }
        let sealed = Vault::new(&keys.storage).seal_site_secret(certificate.site, secret)?;
        let site = store.site();
        site.put(&site::SECRET, &ByteBuf::from(sealed))?;
        keep_charter(store, charter)?;
        keep_state(store, state)?;
        site.put(&site::NODE_NAME, &certificate.name)?;
        site.put(&site::CERTIFICATE, certificate.envelope())?;
        Ok(())
    }

    /// Keeps what joining brought: the identity, and where to find the first members.
    ///
    /// # Errors
    /// As [`Identity::keep`].
    pub fn keep_joined(
        store: &Store,
        joined: &joiner::Membership,
        now: Timestamp,
    ) -> Result<(), IdentityError> {
        let identity = (&joined.charter, &joined.state);
        Self::keep(store, &joined.certificate, identity, &joined.secret)?;
        for member in &joined.members {
            let mut peer = store
                .peers()
                .get(member.node)?
                .unwrap_or_else(|| unmet(member.node, now));
            if !peer.addresses.contains(&member.address) {
                peer.addresses.push(member.address.clone());
            }
            store.peers().remember(member.node, peer)?;
        }
        Ok(())
    }

    /// Whether the site accepts the certificate now; what is wrong with it else.
    ///
    /// # Errors
    /// Those of [`Certificate::verify`].
    pub fn standing(&self, now: Timestamp) -> Result<(), CertificateError> {
        let judge = Judge {
            charter: &self.charter,
            state: &self.state,
            now,
        };
        Certificate::verify(self.certificate.envelope(), &judge).map(|_| ())
    }

    /// The membership that the mesh is started with.
    #[must_use]
    pub fn membership(&self, clock: Clock) -> Membership {
        Membership::new(
            self.certificate.clone(),
            (self.charter.clone(), self.state.clone()),
            self.secret.clone(),
            clock,
        )
    }

    /// The node's own key, for what it signs itself.
    #[must_use]
    pub fn signing_key(&self) -> SigningKey {
        SigningKey::from_bytes(self.keys.node.expose())
    }

    /// What the node keeps sealed.
    #[must_use]
    pub fn vault(&self) -> Vault {
        Vault::new(&self.keys.storage)
    }

    /// Opens what is sealed to the node.
    #[must_use]
    pub fn sealing(&self) -> &SealingSecret {
        &self.keys.sealing
    }

    /// Opens what the node keeps.
    #[must_use]
    pub fn storage(&self) -> &StorageKey {
        &self.keys.storage
    }
}

/// The node's own keys, made at the first time.
pub fn keys(store: &Store) -> Result<NodeKeys, StoreError> {
    store.keys(|bytes| rand::rng().fill_bytes(bytes))
}

/// The node that has these keys.
#[must_use]
pub fn node_of(keys: &NodeKeys) -> NodeId {
    NodeId::from(SigningKey::from_bytes(keys.node.expose()).verifying_key())
}

/// Whether a device may ask to become a member: it is none, or its site does not accept it any
/// more.
///
/// # Errors
/// [`IdentityError::HasSite`] if it is one; [`IdentityError`] if that cannot be told.
pub fn may_join(store: &Store, now: Timestamp) -> Result<(), IdentityError> {
    match Identity::load(store) {
        Err(IdentityError::NoSite) => Ok(()),
        Ok(identity) if identity.standing(now).is_err() => Ok(()),
        Ok(identity) => Err(IdentityError::HasSite {
            name: identity.state.name.clone(),
        }),
        Err(error) => Err(error),
    }
}

/// Keeps a charter, unless a newer one is kept already: an older one is never believed again.
///
/// # Errors
/// [`StoreError`].
pub(crate) fn keep_charter(store: &Store, charter: &Signed<Charter>) -> Result<(), StoreError> {
    let kept = store.site().get(&site::CHARTER)?;
    let newer = kept
        .and_then(|kept| Charter::verify(&kept, charter.site).ok())
        .is_none_or(|kept| kept.mark() < charter.mark());
    if newer {
        store.site().put(&site::CHARTER, charter.envelope())
    } else {
        Ok(())
    }
}

/// Keeps a site state, unless a newer one is kept already.
///
/// # Errors
/// [`StoreError`].
pub(crate) fn keep_state(store: &Store, state: &Signed<SiteState>) -> Result<(), StoreError> {
    let kept = store.site().get(&site::STATE)?;
    let newer = kept
        .and_then(|kept| SiteState::verify_kept(&kept, state.site).ok())
        .is_none_or(|kept| kept.sequence <= state.sequence);
    if newer {
        store.site().put(&site::STATE, state.envelope())
    } else {
        Ok(())
    }
}

fn own_certificate(
    envelope: &Envelope<Certificate>,
) -> Result<(Signed<Certificate>, SiteId), IdentityError> {
    let certificate = envelope
        .verify_named()
        .map_err(|_| IdentityError::Inconsistent("the certificate does not verify"))?;
    let site = certificate.site;
    Ok((certificate, site))
}

fn site_name(store: &Store) -> Result<Name, IdentityError> {
    let state = store
        .site()
        .get(&site::STATE)?
        .and_then(|state| state.verify_named().ok());
    state
        .map(|state| state.name.clone())
        .ok_or(IdentityError::Inconsistent("the site state is missing"))
}

/// A member of which nothing is known yet but where it is.
fn unmet(node: NodeId, now: Timestamp) -> RememberedPeer {
    let short = node.to_string()[..8].to_owned();
    RememberedPeer {
        // Eight digits are a name.
        name: short
            .parse()
            .unwrap_or_else(|_| unreachable!("{short} is a name")),
        roles: papermesh_protocol::certificate::Roles::default(),
        addresses: Vec::new(),
        last_seen: now,
        certificate: None,
    }
}
