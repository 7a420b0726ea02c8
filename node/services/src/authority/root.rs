//! The root: the key that is the site, and that signs nothing but who its admins are.
//!
//! It lies sealed under a passphrase of its own, which nobody chose and nothing keeps, on the node
//! that founded the site and in exports, until it is moved elsewhere. It is opened for one signature
//! and closed again. As a file it is lines of text:
//!
//! ```text
//! -----BEGIN PAPERMESH ROOT-----
//! base64 of the sealed key
//! -----END PAPERMESH ROOT-----
//! ```

use std::sync::Arc;

use data_encoding::BASE32_NOPAD;
use ed25519_dalek::SigningKey;
use papermesh_protocol::charter::{Admin, Charter, CharterError};
use papermesh_protocol::id::SiteId;
use papermesh_protocol::seal::passphrase::{self, PassphraseCost, PassphraseError};
use papermesh_protocol::signed::Signed;
use papermesh_protocol::text::Name;
use papermesh_protocol::time::Timestamp;
use papermesh_protocol::web::{self, WebAuthority, WebKey};
use papermesh_store::offload::offload;
use papermesh_store::{Store, StoreError, WebIssuerRow, site};
use rand::Rng;
use serde_bytes::ByteBuf;
use zeroize::Zeroizing;

use super::bundle::{Bundle, BundleError};
use super::key::Signer;
use super::{Authority, AuthorityError, armour, x509};
use crate::audit::Kind;
use crate::identity;
use crate::network::Network;

/// What the sealing is bound to.
const PURPOSE: &str = "papermesh/site-root/1";
/// What the lines of a root stand between.
const LABEL: &str = "PAPERMESH ROOT";
/// The most bytes of a sealed root.
const SEALED: usize = 512;
/// Random bytes of a passphrase that is made,
const ENTROPY: usize = 15;
/// and letters of a group of it.
const GROUP: usize = 4;

/// A passphrase that was made, to be written down. Shown once.
#[derive(Clone, PartialEq, Eq)]
pub struct MadePassphrase(pub Zeroizing<String>);

impl MadePassphrase {
    fn new() -> Self {
        let mut bytes = Zeroizing::new([0; ENTROPY]);
        rand::rng().fill_bytes(bytes.as_mut_slice());
        let letters = Zeroizing::new(BASE32_NOPAD.encode(bytes.as_slice()).to_lowercase());
        let mut text = Zeroizing::new(String::with_capacity(letters.len() * 2));
        for (at, letter) in letters.chars().enumerate() {
            if at > 0 && at % GROUP == 0 {
                text.push('-');
            }
            text.push(letter);
        }
        Self(text)
    }
}

impl std::fmt::Debug for MadePassphrase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MadePassphrase(..)")
    }
}

/// What opens the root.
#[derive(Clone)]
pub struct RootWord {
    /// Its passphrase.
    pub passphrase: Zeroizing<String>,
    /// Its file, where it is not kept on this node.
    pub file: Option<Zeroizing<String>>,
}

/// A new root, sealed under a passphrase that is made for it. Takes one Argon2id.
pub(super) fn make(root: &SigningKey) -> Result<(ByteBuf, MadePassphrase), AuthorityError> {
    let passphrase = MadePassphrase::new();
    let seed = Zeroizing::new(root.to_bytes());
    let cost = PassphraseCost::RECOMMENDED;
    let sealed = passphrase::seal(
        &passphrase.0,
        PURPOSE,
        seed.as_slice(),
        cost,
        &mut rand::rng(),
    )?;
    Ok((ByteBuf::from(sealed), passphrase))
}

/// Opens a sealed root of this site. Takes one Argon2id.
fn open(sealed: &[u8], word: &RootWord, site: SiteId) -> Result<SigningKey, AuthorityError> {
    let seed =
        passphrase::open(word.passphrase.trim(), PURPOSE, sealed).map_err(|error| match error {
            PassphraseError::WrongPassphrase => AuthorityError::RootPassphraseWrong,
            _ => AuthorityError::NoRoot,
        })?;
    let seed = <[u8; 32]>::try_from(seed.as_slice()).map(Zeroizing::new);
    let root = SigningKey::from_bytes(&*seed.map_err(|_| AuthorityError::NoRoot)?);
    if SiteId::from(root.verifying_key()) == site {
        Ok(root)
    } else {
        Err(AuthorityError::ForeignRoot)
    }
}

/// The root that the word opens: of its file, of `carried`, or of this node. Blocks.
pub(super) fn get(
    store: &Store,
    site: SiteId,
    word: &RootWord,
    carried: Option<&ByteBuf>,
) -> Result<SigningKey, AuthorityError> {
    let sealed = match (&word.file, carried) {
        (Some(text), _) => from_text(text)?,
        (None, Some(sealed)) => sealed.to_vec(),
        (None, None) => store
            .site()
            .get(&site::ROOT)?
            .ok_or(AuthorityError::RootElsewhere)?
            .into_vec(),
    };
    open(&sealed, word, site)
}

/// The root that an export carries, as its file, sealed as ever: what [`get`] wants where the root lies on no
/// node any more. Needs no home. Takes one Argon2id.
///
/// # Errors
/// [`AuthorityError::PassphraseWrong`], [`AuthorityError::Bundle`].
pub fn root_of_export(text: &str, passphrase: &str) -> Result<Zeroizing<String>, AuthorityError> {
    let bundle = Bundle::open(text, passphrase)?;
    let sealed = bundle.root.ok_or(BundleError::NoRoot)?;
    to_text(&sealed)
}

fn to_text(sealed: &[u8]) -> Result<Zeroizing<String>, AuthorityError> {
    let text = armour::close(sealed, LABEL).ok_or(AuthorityError::NoRoot)?;
    Ok(Zeroizing::new(text))
}

fn from_text(text: &str) -> Result<Vec<u8>, AuthorityError> {
    armour::open(text, LABEL, SEALED).ok_or(AuthorityError::NoRoot)
}

/// What the root signs for an admin, once: its place in the charter, and with what it issues
/// certificates for the web.
pub(super) struct Appointment {
    pub(super) charter: Signed<Charter>,
    pub(super) web_authority: Signed<WebAuthority>,
    pub(super) web_issuer: WebIssuerRow,
}

/// Names an admin: in the site's first charter, or in the one that follows `before`.
pub(super) fn appoint(
    root: &SigningKey,
    before: Option<&Charter>,
    admin: &Admin,
    (key, site_name): (&SigningKey, &Name),
    now: Timestamp,
) -> Result<Appointment, AuthorityError> {
    let site = SiteId::from(root.verifying_key());
    let charter = match before {
        None => Charter::new(site, *admin),
        Some(before) => before.with(*admin)?,
    };
    let (web_authority, web_issuer) = web(root, site_name, key, now)?;
    Ok(Appointment {
        charter: Signed::sign(charter, root)?,
        web_authority,
        web_issuer,
    })
}

/// The site's web authority, and an admin's certificate of it.
fn web(
    root: &SigningKey,
    site_name: &Name,
    key: &SigningKey,
    now: Timestamp,
) -> Result<(Signed<WebAuthority>, WebIssuerRow), AuthorityError> {
    let site = SiteId::from(root.verifying_key());
    let authority = x509::Authority::new(root, site_name)?;
    let (from, not_after) = web::issuing(now);
    let issuer = authority.appoint(WebKey::of_admin(key).public(), (from, not_after))?;
    let issuer = WebIssuerRow {
        certificate: ByteBuf::from(issuer),
        not_after,
    };
    let authority = WebAuthority {
        site,
        certificate: ByteBuf::from(authority.certificate()),
    };
    Ok((Signed::sign(authority, root)?, issuer))
}

/// Keeps what the root signed for this admin, but for the charter. Blocks.
pub(super) fn keep(store: &Store, appointment: &Appointment) -> Result<(), StoreError> {
    let site = store.site();
    site.put(&site::WEB_AUTHORITY, appointment.web_authority.envelope())?;
    site.put(&site::WEB_ISSUER, &appointment.web_issuer)
}

impl<N: Network> Authority<N> {
    /// The root as its file, sealed as ever. It is opened first: nobody is to carry away what does not
    /// open.
    ///
    /// # Errors
    /// [`AuthorityError::RootElsewhere`], [`AuthorityError::RootPassphraseWrong`].
    pub async fn export_root(&self, word: RootWord) -> Result<Zeroizing<String>, AuthorityError> {
        let site = self.site();
        let text = offload(self.store(), move |store| -> Result<_, AuthorityError> {
            get(store, site, &word, None)?;
            let sealed = store
                .site()
                .get(&site::ROOT)?
                .ok_or(AuthorityError::RootElsewhere)?;
            to_text(&sealed)
        })
        .await?;
        self.acted(Kind::SiteExported, "the root").await;
        Ok(text)
    }

    /// Keeps the root on this node no longer.
    ///
    /// # Errors
    /// [`AuthorityError::RootElsewhere`], [`AuthorityError::Store`].
    pub async fn remove_root(&self) -> Result<(), AuthorityError> {
        offload(self.store(), |store| -> Result<(), AuthorityError> {
            if store.site().get(&site::ROOT)?.is_none() {
                return Err(AuthorityError::RootElsewhere);
            }
            Ok(store.site().delete(&site::ROOT)?)
        })
        .await
    }

    /// Whether the root is kept on this node.
    ///
    /// # Errors
    /// [`AuthorityError::Store`].
    pub async fn has_root(&self) -> Result<bool, AuthorityError> {
        let kept = offload(self.store(), |store| store.site().get(&site::ROOT)).await?;
        Ok(kept.is_some())
    }

    /// Until when this node may issue certificates for the web; none on one that is no admin's.
    ///
    /// # Errors
    /// [`AuthorityError::Store`].
    pub async fn web_until(&self) -> Result<Option<Timestamp>, AuthorityError> {
        let kept = offload(self.store(), |store| store.site().get(&site::WEB_ISSUER)).await?;
        Ok(kept.map(|issuer| issuer.not_after))
    }

    /// Has the root sign the next charter, which says the same, and this admin's certificate for the
    /// web anew.
    ///
    /// # Errors
    /// Those of the key and of the root.
    pub async fn renew_root(
        &self,
        word: RootWord,
        passphrase: Option<&str>,
    ) -> Result<Signed<Charter>, AuthorityError> {
        let signer = self.key(passphrase).await?;
        let site_name = self.membership().state().name.clone();
        let now = self.now();
        self.recharter(
            word,
            move |charter| charter.renewed(),
            move |store, root| {
                let (authority, issuer) = web(root, &site_name, &signer.key, now)?;
                store
                    .site()
                    .put(&site::WEB_AUTHORITY, authority.envelope())?;
                Ok(store.site().put(&site::WEB_ISSUER, &issuer)?)
            },
        )
        .await
    }

    /// Has the root sign what follows the newest charter, keeps it, and puts it into force here; it
    /// spreads with the connections.
    pub(super) async fn recharter(
        &self,
        word: RootWord,
        change: impl Fn(&Charter) -> Result<Charter, CharterError> + Send + 'static,
        besides: impl FnOnce(&Store, &SigningKey) -> Result<(), AuthorityError> + Send + 'static,
    ) -> Result<Signed<Charter>, AuthorityError> {
        let _one_at_a_time = self.0.changing.lock().await;
        let (site, before) = (self.site(), self.membership().charter());
        let next = offload(self.store(), move |store| -> Result<_, AuthorityError> {
            let root = get(store, site, &word, None)?;
            let next = Signed::sign(change(&before)?, &root)?;
            besides(store, &root)?;
            identity::keep_charter(store, &next)?;
            Ok(next)
        })
        .await?;
        if self.membership().recharter(next.envelope())? {
            Ok(next)
        } else {
            Err(AuthorityError::Overtaken)
        }
    }
}

/// The signer that this node becomes with a charter that names its key.
pub(super) fn signer(key: SigningKey, charter: &Signed<Charter>) -> Result<Signer, AuthorityError> {
    Signer::new(key, Arc::new(charter.clone())).ok_or(AuthorityError::NotAdmin)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_root_opens_with_its_passphrase_and_for_its_site_alone() {
        let root = SigningKey::from_bytes(&[1; 32]);
        let site = SiteId::from(root.verifying_key());
        let (sealed, made) = make(&root).unwrap();
        assert_eq!(made.0.len(), ENTROPY * 8 / 5 + ENTROPY * 8 / 5 / GROUP - 1);
        let word = |passphrase: &str| RootWord {
            passphrase: Zeroizing::new(passphrase.to_owned()),
            file: None,
        };
        // Typed with what a terminal adds.
        let typed = format!("{}\r", *made.0);
        assert_eq!(open(&sealed, &word(&typed), site).unwrap(), root);
        assert!(matches!(
            open(&sealed, &word("wrong"), site),
            Err(AuthorityError::RootPassphraseWrong)
        ));
        let other = SiteId::from_bytes([2; 32]);
        assert!(matches!(
            open(&sealed, &word(&made.0), other),
            Err(AuthorityError::ForeignRoot)
        ));
        let text = to_text(&sealed).unwrap();
        assert_eq!(from_text(&text).unwrap(), sealed.into_vec());
        assert!(matches!(from_text("no root"), Err(AuthorityError::NoRoot)));
        assert_eq!(format!("{made:?}"), "MadePassphrase(..)");
    }
}
