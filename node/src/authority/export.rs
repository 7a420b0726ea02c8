//! Taking a site's authority elsewhere: a copy under a passphrase, and what becomes of the node
//! that gets it.

use papermesh_protocol::certificate::{Certificate, Role, Roles};
use papermesh_protocol::id::{NodeId, SiteId};
use papermesh_protocol::signed::Signed;
use papermesh_protocol::site::SiteState;
use papermesh_protocol::text::Name;
use papermesh_protocol::time::Timestamp;
use papermesh_protocol::web::WebAuthority;
use zeroize::Zeroizing;

use super::bundle::{Bundle, BundleError, Row};
use super::found::{Wish, issue};
use super::{Authority, AuthorityError, PAGE, key};
use crate::audit::Kind;
use crate::network::Network;
use crate::offload::offload;
use crate::papers::{self, Papers, PapersError};
use crate::store::{Store, StoreError, site};
use crate::vault::Vault;

/// A site, sealed.
#[derive(Debug)]
pub struct Exported {
    /// The site.
    pub site: SiteId,
    /// Its name.
    pub site_name: Name,
    /// The export: lines of text, to be kept where the passphrase is not.
    pub text: Zeroizing<String>,
}

/// An export to be taken over.
pub struct Import {
    /// The export.
    pub text: Zeroizing<String>,
    /// Opens it, and from then on the authority key on this node.
    pub passphrase: Zeroizing<String>,
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
    /// Its name.
    pub site_name: Name,
    /// This node.
    pub node: NodeId,
    /// Its name.
    pub name: Name,
    /// Its new certificate,
    pub certificate: Signed<Certificate>,
    /// and the newest site state.
    pub state: Signed<SiteState>,
}

/// Makes this home's node an admin of an exported site, whether it was a member or not. Blocks.
///
/// A running node uses [`Authority::import_site`].
///
/// # Errors
/// [`AuthorityError::PassphraseWrong`], [`AuthorityError::Bundle`]; nothing is changed then.
pub fn import(store: &Store, import: Import, now: Timestamp) -> Result<Imported, AuthorityError> {
    let Import {
        text,
        passphrase,
        name,
        roles,
    } = import;
    let bundle = Bundle::open(&text, &passphrase)?;
    let site = bundle.state.site;
    let (name, roles, state) = match Papers::load(store) {
        Ok(papers) if papers.certificate.site != site => {
            return Err(BundleError::ForeignSite.into());
        }
        Ok(papers) => {
            let newer = if papers.state.sequence > bundle.state.sequence {
                papers.state
            } else {
                bundle.state
            };
            (
                papers.certificate.name.clone(),
                papers.certificate.roles,
                newer,
            )
        }
        Err(PapersError::NoSite) => (name.ok_or(BundleError::NameMissing)?, roles, bundle.state),
        Err(error) => return Err(error.into()),
    };
    let keys = papers::keys(store)?;
    let node = papers::node_of(&keys);
    let wish = Wish {
        node,
        sealing: keys.sealing.public(),
        name: name.clone(),
        roles: roles.with(Role::Admin),
    };
    take_over(store, bundle.rows, site)?;
    let certificate = issue(store, &bundle.authority, wish, now)?;
    key::keep(
        store,
        &Vault::new(&keys.storage),
        &bundle.authority,
        Some(&passphrase),
    )?;
    Papers::keep(store, &certificate, &state, &bundle.secret)?;
    Ok(Imported {
        site,
        site_name: state.name.clone(),
        node,
        name,
        certificate,
        state,
    })
}

/// Seals all that an admin has under a passphrase, where no node runs. Blocks.
///
/// # Errors
/// Those of the key; [`BundleError::TooLarge`].
pub fn export(store: &Store, passphrase: &str) -> Result<Exported, AuthorityError> {
    let papers = Papers::load(store)?;
    let site = papers.certificate.site;
    let authority = key::load(store, &papers.vault(), site, Some(passphrase))?;
    let Papers { state, secret, .. } = papers;
    let site_name = state.name.clone();
    let bundle = Bundle {
        authority,
        secret,
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
    /// Seals all that an admin has under a passphrase. Where the authority key is sealed itself,
    /// it is the same passphrase.
    ///
    /// # Errors
    /// Those of the key; [`BundleError::TooLarge`].
    pub async fn export_site(&self, passphrase: &str) -> Result<Exported, AuthorityError> {
        let authority = self.key(Some(passphrase)).await?;
        let (state, secret) = (
            self.membership().state(),
            self.membership().secret().clone(),
        );
        let (site, site_name) = (state.site, state.name.clone());
        let passphrase = Zeroizing::new(passphrase.to_owned());
        let text = offload(self.store(), move |store| {
            let bundle = Bundle {
                authority,
                secret,
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
    // What people have installed stays the same, whatever another version would make.
    let web = store.site().get(&site::WEB_AUTHORITY)?;
    rows.extend(web.map(Row::WebAuthority));
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
fn take_over(store: &Store, rows: Vec<Row>, site: SiteId) -> Result<(), AuthorityError> {
    // Users bring their badges, and the badges' own rows then say how often they changed hands.
    let mut badges = Vec::new();
    for row in rows {
        match row {
            Row::Member(row) => {
                let certificate = row
                    .certificate
                    .verify(site.as_bytes())
                    .map_err(|_| BundleError::Damaged)?;
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
            Row::WebAuthority(authority) => {
                WebAuthority::verify(&authority, site).map_err(|_| BundleError::Damaged)?;
                store.site().put(&site::WEB_AUTHORITY, &authority)?;
            }
        }
    }
    for (tag, row) in badges {
        store.badges().learn(tag, row)?;
    }
    Ok(())
}
