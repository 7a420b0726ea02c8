//! Taking what an admin knows elsewhere: a copy under a passphrase, and what becomes of the node that
//! gets it. An export has no key that signs; the root names the importing node an admin.

use papermesh_protocol::certificate::{Certificate, Role, Roles};
use papermesh_protocol::charter::{Admin, Charter};
use papermesh_protocol::id::{NodeId, SiteId};
use papermesh_protocol::signed::Signed;
use papermesh_protocol::site::SiteState;
use papermesh_protocol::text::Name;
use papermesh_protocol::time::Timestamp;
use papermesh_store::offload::offload;
use papermesh_store::{Store, StoreError, site};
use zeroize::Zeroizing;

use super::bundle::{Bundle, BundleError, Row};
use super::found::{CertificateRequest, issue};
use super::root::{self, RootWord};
use super::{Authority, AuthorityError, PAGE, key};
use crate::audit::Kind;
use crate::identity::{self, Identity, IdentityError};
use crate::network::Network;
use crate::vault::{self, Vault};

/// A site, sealed.
#[derive(Debug)]
pub struct Exported {
    /// The site.
    pub site: SiteId,
    /// The site's name.
    pub site_name: Name,
    /// The export: lines of text, to be kept where the passphrase is not.
    pub text: Zeroizing<String>,
}

/// An export to be taken over.
pub struct Import {
    /// The export.
    pub text: Zeroizing<String>,
    /// Opens the export, and from then on the key that is made for this node.
    pub passphrase: Zeroizing<String>,
    /// Opens the root, on a node that is no admin yet.
    pub root: Option<RootWord>,
    /// The node's name, if it is no member yet.
    pub name: Option<Name>,
    /// What it does besides being an admin, if it is no member yet.
    pub roles: Roles,
}

/// A node that is an admin now.
#[derive(Debug)]
pub struct Imported {
    /// The site.
    pub site: SiteId,
    /// The site's name.
    pub site_name: Name,
    /// This node.
    pub node: NodeId,
    /// The node's name.
    pub name: Name,
    /// Its new certificate,
    pub certificate: Signed<Certificate>,
    /// the charter that names it,
    pub charter: Signed<Charter>,
    /// and the newest site state.
    pub state: Signed<SiteState>,
}

/// Fewest characters of a passphrase that seals something new.
pub const PASSPHRASE_LEAST: usize = 12;

/// Whether a passphrase may seal something new.
///
/// # Errors
/// [`AuthorityError::PassphraseWeak`].
pub(super) fn strong(passphrase: &str) -> Result<(), AuthorityError> {
    if passphrase.chars().count() >= PASSPHRASE_LEAST {
        Ok(())
    } else {
        Err(AuthorityError::PassphraseWeak)
    }
}

/// Makes this home's node an admin of an exported site, whether it was a member or not. Blocks.
///
/// A running node uses [`Authority::import_site`].
///
/// # Errors
/// [`AuthorityError::PassphraseWrong`], [`AuthorityError::Bundle`], and those of the root; nothing is
/// changed then.
pub fn import(store: &Store, import: Import, now: Timestamp) -> Result<Imported, AuthorityError> {
    let Import {
        text,
        passphrase,
        root: word,
        name,
        roles,
    } = import;
    let bundle = Bundle::open(&text, &passphrase)?;
    let site = bundle.charter.site;
    let (name, roles, charter, state) = match Identity::load(store) {
        Ok(identity) if identity.certificate.site != site => {
            return Err(BundleError::ForeignSite.into());
        }
        Ok(identity) => {
            let newer = if identity.state.sequence > bundle.state.sequence {
                identity.state
            } else {
                bundle.state
            };
            let mut charter = bundle.charter;
            charter.merge(&identity.charter);
            (
                identity.certificate.name.clone(),
                identity.certificate.roles,
                charter,
                newer,
            )
        }
        Err(IdentityError::NoSite) => {
            let name = name.ok_or(BundleError::NameMissing)?;
            (name, roles, bundle.charter, bundle.state)
        }
        Err(error) => return Err(error.into()),
    };
    let keys = identity::keys(store)?;
    let node = identity::node_of(&keys);
    let request = CertificateRequest {
        node,
        sealing: keys.sealing.public(),
        name: name.clone(),
        roles: roles.with(Role::Admin),
    };
    let vault = Vault::new(&keys.storage);
    let signer = match (charter.admin_on(node), word) {
        // An admin already: it learns what is new, and stays who it is.
        (Some(_), _) => root::signer(key::load(store, &vault, site, Some(&passphrase))?, &charter)?,
        (None, None) => return Err(AuthorityError::RootNeeded),
        (None, Some(word)) => {
            let root = root::get(store, site, &word, bundle.root.as_ref())?;
            let key = vault::new_key();
            let admin = Admin {
                key: key.verifying_key().into(),
                node,
                since: now,
            };
            let signing = (&key, &state.name);
            let appointment = root::appoint(&root, Some(&charter), &admin, signing, now)?;
            // The key first: a charter that names one that is lost is of no use.
            key::keep(store, &vault, site, &key, Some(&passphrase))?;
            root::keep(store, &appointment)?;
            root::signer(key, &appointment.charter)?
        }
    };
    take_over(store, bundle.rows, signer.charter())?;
    let certificate = issue(store, &signer, &state, request, now)?;
    let charter = signer.signed_charter().clone();
    Identity::keep(store, &certificate, (&charter, &state), &bundle.secret)?;
    Ok(Imported {
        site,
        site_name: state.name.clone(),
        node,
        name,
        certificate,
        charter,
        state,
    })
}

/// Seals all that an admin knows under a passphrase, where no node runs. Blocks.
///
/// # Errors
/// Those of the key; [`AuthorityError::PassphraseWeak`]; [`BundleError::TooLarge`].
pub fn export(store: &Store, passphrase: &str) -> Result<Exported, AuthorityError> {
    let identity = Identity::load(store)?;
    let site = identity.certificate.site;
    key::load(store, &identity.vault(), site, Some(passphrase))?;
    strong(passphrase)?;
    let Identity {
        charter,
        state,
        secret,
        ..
    } = identity;
    let site_name = state.name.clone();
    let bundle = Bundle {
        root: store.site().get(&site::ROOT)?,
        secret,
        charter,
        state,
        rows: rows(store)?,
    };
    Ok(Exported {
        site,
        site_name,
        text: bundle.seal(passphrase)?,
    })
}

impl<N: Network> Authority<N> {
    /// Seals all that an admin knows under a passphrase. Where the admin's key is sealed itself, it is
    /// the same passphrase.
    ///
    /// # Errors
    /// Those of the key; [`AuthorityError::PassphraseWeak`]; [`BundleError::TooLarge`].
    pub async fn export_site(&self, passphrase: &str) -> Result<Exported, AuthorityError> {
        self.key(Some(passphrase)).await?;
        strong(passphrase)?;
        let (charter, state, secret) = (
            self.membership().charter(),
            self.membership().state(),
            self.membership().secret().clone(),
        );
        let (site, site_name) = (state.site, state.name.clone());
        let passphrase = Zeroizing::new(passphrase.to_owned());
        let text = offload(self.store(), move |store| {
            let bundle = Bundle {
                root: store.site().get(&site::ROOT)?,
                secret,
                charter: Signed::clone(&charter),
                state: Signed::clone(&state),
                rows: rows(store)?,
            };
            bundle.seal(&passphrase)
        });
        let text = text.await?;
        self.acted(Kind::SiteExported, "sealed under a passphrase")
            .await;
        Ok(Exported {
            site,
            site_name,
            text,
        })
    }

    /// Makes this running member an admin. Its connections show the new certificate from the next
    /// handshake on.
    ///
    /// # Errors
    /// As [`import`].
    pub async fn import_site(&self, import: Import) -> Result<Imported, AuthorityError> {
        let now = self.now();
        let passphrase = import.passphrase.clone();
        let imported = offload(self.store(), move |store| self::import(store, import, now)).await?;
        self.membership().recharter(imported.charter.envelope())?;
        self.membership().renew(imported.certificate.clone());
        self.membership().advance(imported.state.envelope())?;
        self.key(Some(&passphrase)).await?;
        self.acted(Kind::SiteImported, "this node is an admin now")
            .await;
        Ok(imported)
    }
}

/// The whole registry. Blocks.
fn rows(store: &Store) -> Result<Vec<Row>, StoreError> {
    let mut rows = Vec::new();
    paged(
        |after| store.members().scan(after, PAGE),
        |_, row| rows.push(Row::Member(row)),
    )?;
    paged(
        |after| store.users().scan(after, PAGE),
        |user, row| rows.push(Row::User(user, row)),
    )?;
    paged(
        |after| store.badges().scan(after.copied(), PAGE),
        |tag, row| rows.push(Row::Badge(tag, row)),
    )?;
    paged(
        |after| store.web_names().scan(after, PAGE),
        |label, node| rows.push(Row::WebName(label, node)),
    )?;
    Ok(rows)
}

fn paged<K: Clone, V>(
    mut scan: impl FnMut(Option<&K>) -> Result<Vec<(K, V)>, StoreError>,
    mut each: impl FnMut(K, V),
) -> Result<(), StoreError> {
    let mut after: Option<K> = None;
    loop {
        let page = scan(after.as_ref())?;
        after = page.last().map(|(key, _)| key.clone());
        let whole = page.len() == PAGE;
        page.into_iter().for_each(|(key, row)| each(key, row));
        if !whole {
            return Ok(());
        }
    }
}

/// Adds a registry to the one that is here: of two rows of one thing, the newer stays. Blocks.
pub(super) fn take_over(
    store: &Store,
    rows: Vec<Row>,
    charter: &Charter,
) -> Result<(), AuthorityError> {
    // Users bring their badges, and the badges' own rows then say how often they changed hands.
    let mut badges = Vec::new();
    for row in rows {
        match row {
            Row::Member(row) => {
                // Of admins that have gone meanwhile there may be more than the charter keeps.
                let Ok(certificate) = Certificate::verify_issued(&row.certificate, charter) else {
                    continue;
                };
                store
                    .members()
                    .change(&certificate.serial, |known| match known {
                        Some(known) => known.revoked_at = known.revoked_at.or(row.revoked_at),
                        None => *known = Some(row),
                    })?;
            }
            Row::User(user, mut row) => {
                let known = store.users().get(&user)?;
                if known
                    .as_ref()
                    .is_some_and(|known| known.sequence >= row.sequence)
                {
                    continue;
                }
                match store
                    .users()
                    .change(&user, |known| *known = Some(row.clone()))
                {
                    Err(StoreError::BadgeTaken { .. }) => {
                        // This admin gave it to somebody else; the badge's own record decides.
                        row.badges = known.map_or_else(Vec::new, |known| known.badges);
                        store.users().change(&user, |known| *known = Some(row))?;
                    }
                    changed => {
                        changed?;
                    }
                }
            }
            Row::Badge(tag, row) => badges.push((tag, row)),
            Row::WebName(label, node) => store.web_names().change(&label, |holder| {
                holder.get_or_insert(node);
            })?,
        }
    }
    for (tag, row) in badges {
        store.badges().learn(tag, row)?;
    }
    Ok(())
}
