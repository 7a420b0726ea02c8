//! This node's certificate for the web: asked for at an admin's node, kept, renewed in the last third of
//! its life or when the node is reached elsewhere, and handed to the listeners.
//!
//! Until there is one, and when the last has ended, listeners show the node's own
//! ([`papermesh_web::Certificates`]). Nothing waits for it. What an admin's node grants, and why, is
//! [`crate::authority::web`]'s; how a certificate is checked [`papermesh_web`]'s.

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::StreamExt;
use papermesh_mesh::frame::{FrameError, read_message, write_message};
use papermesh_mesh::{Mesh, MeshError, Protocol};
use papermesh_protocol::certificate::{Certificate, Role};
use papermesh_protocol::id::NodeId;
use papermesh_protocol::limits;
use papermesh_protocol::remedy::Remedy;
use papermesh_protocol::signed::Signed;
use papermesh_protocol::time::Timestamp;
use papermesh_protocol::web::{
    self, Address, Answer, Asking, HostName, Label, Places, Request, WebAuthority, WebError,
    WebKey, place,
};
use papermesh_store::offload::offload;
use papermesh_store::{Store, StoreError, WebCertificateRow, site};
use papermesh_web::{
    FromSite, SiteCertificate, SiteCertificateError, ToListeners, host_name, own_addresses,
};
use serde_bytes::ByteBuf;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use crate::audit::{Audit, Event, Kind};
use crate::network::{Change, Network};
use crate::vault::{Vault, VaultError};

/// How often it is looked whether something has changed.
const LOOK: Duration = Duration::from_secs(10 * 60);
/// The least time between two attempts, however many members arrive.
const BETWEEN_ATTEMPTS: Duration = Duration::from_secs(5);
/// How long an arriving admin is left to arrive.
const SETTLING: Duration = Duration::from_millis(500);
/// The first wait after an attempt that came to nothing; it doubles with each further one,
const FIRST_WAIT: Duration = Duration::from_secs(30);
/// up to this.
const LONGEST_WAIT: Duration = Duration::from_secs(15 * 60);
/// How often is asked again for what was not granted.
const ASK_AGAIN: Duration = Duration::from_secs(24 * 60 * 60);
/// How long an admin may take to answer.
const ANSWER: Duration = Duration::from_secs(20);

/// Why an admin's node gave nothing.
#[derive(Debug, thiserror::Error)]
pub enum WebCertificateError {
    /// No admin's node is connected.
    #[error("no admin's node is connected")]
    NoAdmin,
    /// It cannot be reached.
    #[error(transparent)]
    Mesh(#[from] MeshError),
    /// It broke off.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// It said nothing.
    #[error("the admin's node closed the connection")]
    HungUp,
    /// It said no, or something that is not to be believed.
    #[error(transparent)]
    Web(#[from] WebError),
    /// What it gave is not what it should be.
    #[error("the admin's answer cannot be trusted: {0}")]
    Certificate(#[from] SiteCertificateError),
    /// The key could not be sealed.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// What it gave could not be kept.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Remedy for WebCertificateError {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Mesh(error) => error.remedy(),
            Self::Web(error) => error.remedy(),
            Self::Vault(error) => error.remedy(),
            Self::Store(error) => error.remedy(),
            _ => None,
        }
    }
}

/// Dependencies of a [`WebCertificate`]. `network` reaches this node itself, too, which is how an admin
/// certifies its own.
pub struct Deps<N> {
    /// Where the certificate is kept.
    pub store: Store,
    /// Seals its key.
    pub vault: Vault,
    /// Who is connected.
    pub mesh: Mesh,
    /// How admins are reached.
    pub network: N,
    /// Where it is written down that there is a new one.
    pub audit: Audit,
    /// Changes when the key of this node's own authority is opened, which then certifies this node.
    pub opening: watch::Receiver<bool>,
}

/// Keeps this node's certificate for the web; cheap to clone.
pub struct WebCertificate<N>(Arc<Inner<N>>);

// Written out because deriving would ask the same of the network.
impl<N> Clone for WebCertificate<N> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

struct Inner<N> {
    deps: Deps<N>,
    listeners: ToListeners,
    kept: Mutex<Option<Kept>>,
    /// Why nobody gave one when it was last asked for; none while it is asked for.
    trouble: Mutex<Option<String>>,
}

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
    fn of(row: &WebCertificateRow) -> Self {
        Self {
            places: row.places.clone(),
            refused: row.asked.without(&row.places),
            from: row.from,
            not_after: row.not_after,
            asked: row.asked.clone(),
        }
    }

    /// Whether another should follow it, on a node that is reached at `places`.
    fn is_due(&self, places: &Places, now: Timestamp) -> bool {
        self.asked != *places
            || now >= web::due_at(self.from, self.not_after)
            || (!self.refused.is_empty() && now >= self.from + ASK_AGAIN)
    }
}

/// What looking came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Looked {
    /// There was nothing to do.
    Good,
    /// There is a new certificate.
    Renewed,
    /// A new one is due and nobody gave it.
    Missing,
}

impl<N: Network> WebCertificate<N> {
    /// The certificate that is kept here, if there is one, shown to whoever holds the second value.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn open(deps: Deps<N>) -> Result<(Self, FromSite), StoreError> {
        let (listeners, shown) = ToListeners::new();
        let kept = match read(&deps).await {
            Ok(read) => read,
            Err(WebCertificateError::Store(error)) => return Err(error),
            Err(error) => {
                tracing::warn!(error = %error.in_full(), "the stored web certificate is unusable; requesting another");
                None
            }
        };
        let keeper = Self(Arc::new(Inner {
            deps,
            listeners,
            kept: Mutex::default(),
            trouble: Mutex::default(),
        }));
        if let Some((kept, certificate)) = kept {
            keeper.show(kept, certificate);
        }
        Ok((keeper, shown))
    }

    /// What is known of the certificate that there is.
    #[must_use]
    pub fn kept(&self) -> Option<Kept> {
        let kept = self.0.kept.lock();
        kept.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Why there is none yet, or no newer one, if it was asked for and nobody gave it.
    #[must_use]
    pub fn trouble(&self) -> Option<String> {
        let trouble = self.0.trouble.lock();
        trouble.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Keeps the certificate good until the mesh ends, for listeners that are bound to these
    /// addresses.
    pub async fn run(self, bound: Vec<IpAddr>) {
        let mut changes = self.0.deps.network.changes();
        let mut opening = self.0.deps.opening.clone();
        let (mut next, mut last) = (Instant::now(), None::<Instant>);
        let mut wait = FIRST_WAIT;
        loop {
            tokio::select! {
                () = sleep_until(next) => {}
                // This node is the admin's itself, and waited for its own key.
                Ok(()) = opening.changed() => wait = FIRST_WAIT,
                change = changes.next() => {
                    let soon = match change {
                        Some(Change::Arrived(node)) if !self.is_admin(node) => continue,
                        Some(_) => Instant::now() + SETTLING,
                        None => return,
                    };
                    let earliest = last.map_or(soon, |last| last + BETWEEN_ATTEMPTS);
                    next = next.min(soon.max(earliest));
                    continue;
                }
            }
            last = Some(Instant::now());
            let own = self.membership_certificate();
            let looked = self.look(&places(&own, &bound)).await;
            let after = match looked {
                Looked::Good | Looked::Renewed => {
                    wait = FIRST_WAIT;
                    LOOK
                }
                Looked::Missing => {
                    let after = wait;
                    wait = (wait * 2).min(LONGEST_WAIT);
                    after
                }
            };
            next = Instant::now() + after;
        }
    }

    /// Looks whether the certificate is good for a node that is reached at `places`, and asks for
    /// another one if not.
    pub async fn look(&self, places: &Places) -> Looked {
        let membership = self.0.deps.mesh.membership();
        let now = membership.now();
        let kept = self.kept();
        // A node that is no member any more does not speak in the site's name.
        let standing = membership.standing().is_ok();
        if !standing || kept.as_ref().is_some_and(|kept| now > kept.not_after) {
            self.hide();
        }
        if !standing {
            return Looked::Missing;
        }
        if kept.is_some_and(|kept| !kept.is_due(places, now)) {
            return Looked::Good;
        }
        self.set_trouble(None);
        let renewed = self.renew(places).await;
        self.set_trouble(renewed.as_ref().err().map(ToString::to_string));
        match renewed {
            Ok(kept) => {
                tracing::info!(places = %kept.places, until = %kept.not_after, "received a web certificate from the site");
                if !kept.refused.is_empty() {
                    tracing::info!(refused = %kept.refused, "some places not certified: another member has the name, or the admin's node does not see this one there");
                }
                Looked::Renewed
            }
            Err(error) => {
                tracing::info!(error = %error.in_full(), "no web certificate from the site; will retry");
                Looked::Missing
            }
        }
    }

    /// The site's web authority, asked of the admins' nodes that are connected, and kept.
    ///
    /// # Errors
    /// Why the last of them did not show it; [`WebCertificateError::NoAdmin`].
    pub async fn authority(&self) -> Result<Signed<WebAuthority>, WebCertificateError> {
        let site = self.0.deps.mesh.membership().site();
        let mut last = WebCertificateError::NoAdmin;
        for admin in self.admins() {
            let shown = self.ask(admin, &Request::Authority).await;
            match shown.and_then(|answer| Ok(web::shown(answer, site)?)) {
                Ok(authority) => {
                    let envelope = authority.envelope().clone();
                    let kept: Result<(), StoreError> = offload(&self.0.deps.store, move |store| {
                        store.site().put(&site::WEB_AUTHORITY, &envelope)
                    })
                    .await;
                    kept?;
                    return Ok(authority);
                }
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// Asks the admins' nodes that are connected, one after the other, until one certifies a new key.
    async fn renew(&self, places: &Places) -> Result<Kept, WebCertificateError> {
        let mut last = WebCertificateError::NoAdmin;
        for admin in self.admins() {
            match self.renew_at(admin, places).await {
                Ok(kept) => return Ok(kept),
                Err(error) => {
                    tracing::debug!(%admin, error = %error.in_full(), "this admin's node issued no web certificate");
                    last = error;
                }
            }
        }
        Err(last)
    }

    async fn renew_at(&self, admin: NodeId, places: &Places) -> Result<Kept, WebCertificateError> {
        let deps = &self.0.deps;
        let (own, key) = (
            self.membership_certificate(),
            WebKey::random(&mut rand::rng()),
        );
        let (asking, request) = Asking::new(&key, &own, places.clone());
        let given = asking.finish(self.ask(admin, &request).await?)?;
        let now = deps.mesh.membership().now();
        let certificate = SiteCertificate::read(
            (
                &given.authority.certificate,
                &given.issuer,
                &given.certificate,
            ),
            &key,
            given.places.clone(),
            (now, given.not_after),
        )?;
        let row = WebCertificateRow {
            sealed_key: ByteBuf::from(deps.vault.seal_web_key(own.site, &key)?),
            certificate: ByteBuf::from(given.certificate),
            issuer: ByteBuf::from(given.issuer),
            places: given.places,
            asked: places.clone(),
            from: now,
            not_after: given.not_after,
        };
        let kept = Kept::of(&row);
        let authority = given.authority.envelope().clone();
        let stored: Result<(), StoreError> = offload(&deps.store, move |store| {
            // The authority first: without it the certificate is of no use.
            store.site().put(&site::WEB_AUTHORITY, &authority)?;
            store.site().put(&site::WEB_CERTIFICATE, &row)
        })
        .await;
        stored?;
        self.show(kept.clone(), certificate);
        let event = Event::new(Kind::WebCertified);
        deps.audit
            .record_best_effort(event.peer(admin).because(&kept.places))
            .await;
        Ok(kept)
    }

    async fn ask(&self, admin: NodeId, request: &Request) -> Result<Answer, WebCertificateError> {
        let network = &self.0.deps.network;
        let mut stream = network.open(admin, &[], Protocol::Web).await?;
        write_message(&mut stream, request, limits::WEB_MESSAGE).await?;
        let answer = read_message(&mut stream, limits::WEB_MESSAGE, ANSWER).await?;
        answer.ok_or(WebCertificateError::HungUp)
    }

    /// The admins' nodes that can be asked: this one first, if it is one.
    fn admins(&self) -> Vec<NodeId> {
        let mesh = &self.0.deps.mesh;
        let own = self.membership_certificate().roles.has(Role::Admin);
        let others = mesh.status().members.into_iter();
        let others = others.filter(|member| member.roles.has(Role::Admin));
        own.then(|| mesh.node())
            .into_iter()
            .chain(others.map(|member| member.node))
            .collect()
    }

    fn is_admin(&self, node: NodeId) -> bool {
        let member = self.0.deps.mesh.membership().member(node);
        member.is_some_and(|member| member.certificate.roles.has(Role::Admin))
    }

    fn membership_certificate(&self) -> Arc<Signed<Certificate>> {
        self.0.deps.mesh.membership().certificate()
    }

    fn set_trouble(&self, trouble: Option<String>) {
        *self
            .0
            .trouble
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = trouble;
    }

    fn hide(&self) {
        self.0.listeners.show(None);
        *self.0.kept.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn show(&self, kept: Kept, certificate: SiteCertificate) {
        self.0.listeners.show(Some(certificate));
        *self.0.kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(kept);
    }
}

/// The certificate that is kept, unless it has ended.
async fn read<N>(deps: &Deps<N>) -> Result<Option<(Kept, SiteCertificate)>, WebCertificateError> {
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

/// Where a node with this certificate, whose listeners are bound to these addresses, is reached. Of
/// names these are the computer's own, as far as they begin with the name that the site knows the
/// node by: others are granted to nobody.
fn places(own: &Certificate, bound: &[IpAddr]) -> Places {
    let label = Label::of_device(&own.name);
    let host = host_name().filter(|_| bound.iter().any(|ip| !ip.is_loopback()));
    let with_domain = host.iter().map(|host| match host.split_once('.') {
        Some(_) => host.clone(),
        None => format!("{host}.local"),
    });
    let in_local = host.iter().filter_map(|host| {
        let (first, _) = host.split_once('.')?;
        Some(format!("{first}.local"))
    });
    let names = with_domain
        .chain(in_local)
        .filter_map(|name| name.parse::<HostName>().ok())
        .filter(|name| name.label().is_some() && name.label() == label)
        .chain(place::LOCALHOST.parse().ok());
    let own = bound.iter().flat_map(|ip| own_addresses(*ip));
    let mut addresses: Vec<Address> = own
        .filter(|ip| !ip.is_loopback())
        .filter_map(|ip| Address::try_from(ip).ok())
        .collect();
    addresses.sort_unstable();
    addresses.dedup();
    let here = [
        IpAddr::from(std::net::Ipv4Addr::LOCALHOST),
        IpAddr::from(std::net::Ipv6Addr::LOCALHOST),
    ];
    let here: Vec<Address> = here
        .into_iter()
        .filter_map(|ip| Address::try_from(ip).ok())
        .collect();
    addresses.truncate(limits::WEB_ADDRESSES - here.len());
    Places::new(names, here.into_iter().chain(addresses)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use papermesh_protocol::certificate::Roles;
    use papermesh_protocol::id::{Serial, SiteId};
    use papermesh_protocol::seal::SealingPublic;

    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);
    const DAY: Duration = Duration::from_secs(86_400);

    fn certificate(name: &str) -> Certificate {
        Certificate {
            site: SiteId::from_bytes([1; 32]),
            node: NodeId::from_bytes([2; 32]),
            sealing: SealingPublic::from_bytes([3; 32]),
            name: name.parse().unwrap(),
            roles: Roles::of(&[Role::Printer]),
            serial: Serial::from_bytes([4; 8]),
            not_before: NOW,
            not_after: NOW + DAY * 365,
            despite: None,
        }
    }

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

    #[test]
    fn a_node_asks_for_where_it_listens() {
        let here = places(&certificate("desk"), &["127.0.0.1".parse().unwrap()]);
        assert_eq!(here.to_string(), "localhost, 127.0.0.1, ::1");
        let own = host_name().unwrap_or_default();
        let label = own.split('.').next().unwrap_or_default();
        let bound: Vec<IpAddr> = vec!["10.1.2.3".parse().unwrap(), "8.8.8.8".parse().unwrap()];
        let anywhere = places(&certificate("another name"), &bound);
        assert_eq!(anywhere.to_string(), "localhost, 10.1.2.3, 127.0.0.1, ::1");
        if let Ok(name) = format!("{label}.local").parse::<HostName>() {
            let named = places(&certificate(label), &bound);
            assert!(named.names().contains(&name), "{named}");
        }
    }

    #[test]
    fn a_computer_with_many_addresses_asks_for_some() {
        let bound: Vec<IpAddr> = (1..50).map(|n| IpAddr::from([10, 0, 0, n])).collect();
        let places = places(&certificate("desk"), &bound);
        assert_eq!(places.addresses().len(), limits::WEB_ADDRESSES);
    }
}
