//! The authority: what an admin's node does with the key that makes a site a site.
//!
//! Every node has an [`Authority`]; on one without a key each call answers
//! [`AuthorityError::NotAdmin`], until the site is imported there. An admin's key admits devices, enrolls
//! users, withdraws members and sets the policy, for as long as the site's charter names it. The root
//! signs the charter and nothing else. Printing never waits for any of it.
//!
//! | module | what it does |
//! | --- | --- |
//! | [`key`] | keeps the key sealed, and open in memory once its passphrase was given |
//! | [`root`] | who is an admin at all: the charter, and the root that signs it |
//! | [`mod@found`] | a new site, in a new home |
//! | [`bundle`], [`mod@export`] | all that an admin knows, sealed, on its way to another admin |
//! | [`invite`], [`admit`] | devices become members |
//! | [`members`], [`revoke`] | who is one, and who is none any more |
//! | [`settings`] | the site's policy |
//! | [`users`], [`badges`] | users and their badges |
//! | [`enrollment`] | answers `/papermesh/enroll/1` |
//! | [`binding`] | answers `/papermesh/bind/1` |
//! | [`web`], [`x509`] | answers `/papermesh/web-certificate/1`: certificates for browsers and programs |
//! | [`publish`] | puts what the authority signed into the DHT again and again |
//!
//! There may be several admins, each with a key of its own. Each keeps its own registry and learns from
//! what the others signed: of users and badges that it is asked about, since the DHT has the newest
//! record of each, and of all others when it is connected with another admin ([`peers`]). Of two
//! contradicting changes the later wins.
//!
//! Not here: the connections on which devices join ([`papermesh_mesh::join`]) and the user's own
//! computer ([`crate::local_users`]).

pub mod admit;
pub mod badges;
pub mod binding;
pub mod bundle;
pub mod enrollment;
pub mod export;
pub mod found;
mod gateways;
pub mod invite;
pub mod key;
pub mod members;
pub mod revoke;
pub mod root;
pub mod settings;
pub mod users;
pub mod web;

mod armour;
mod error;
mod namesake;
mod news;
mod peers;
mod publish;
mod x509;

use std::sync::{Arc, Mutex};

use papermesh_mesh::{Membership, Mesh};
use papermesh_protocol::id::SiteId;
use papermesh_protocol::time::Clock;
use papermesh_protocol::time::Timestamp;
use papermesh_store::Store;
use tokio::sync::{Mutex as AsyncMutex, watch};

pub use admit::Pending;
pub use error::AuthorityError;
pub use export::{Exported, Import, Imported, export, import};
pub use found::{Founded, Founding, found};
pub use invite::{IssuedInvite, NewInvite, OpenInvite};
pub use members::MemberView;
pub use revoke::{Legacy, OfAdmin, Revocation};
pub use root::{MadePassphrase, RootWord, root_of_export};
pub use settings::{PolicyChange, PolicyView};
pub use users::{IssuedTicket, NewUser, UserView};

use crate::audit::{Audit, Event, Kind};
use crate::directory::Directory;
use crate::network::Network;
use crate::network::serving::Router;
use crate::rate_window::RateWindow;
use crate::vault::Vault;
use admit::WaitingDevices;
use key::{AuthorityKey, Signer};

/// Rows of a registry that are read from the store at once.
const PAGE: usize = 512;

/// Dependencies of an [`Authority`].
pub struct Deps<N> {
    /// Where the registry is kept.
    pub store: Store,
    /// Seals the key where no passphrase does.
    pub vault: Vault,
    /// Who is connected, and where this node is.
    pub mesh: Mesh,
    /// Where entries, badges and states are published.
    pub directory: Directory<N>,
    /// Where what was done is written down.
    pub audit: Audit,
    /// Tells the time.
    pub clock: Clock,
}

/// The authority as this node has it; cheap to clone.
pub struct Authority<N>(Arc<Inner<N>>);

// Written out because deriving would ask the same of the network.
impl<N> Clone for Authority<N> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

struct Inner<N> {
    deps: Deps<N>,
    key: AuthorityKey,
    waiting: Mutex<WaitingDevices>,
    /// Told of each change of who waits, and of who is registered as a member.
    changed: watch::Sender<()>,
    /// Held while the next site state is made, so that no change is lost to another.
    changing: AsyncMutex<()>,
    /// Printers that ask to bind badges.
    binders: Mutex<RateWindow>,
    /// Claims that were carried out. Held while one is looked at, so that none is twice.
    spent: AsyncMutex<binding::Spent>,
    /// How often each member asks for certificates for the web.
    web: web::Turns,
}

impl<N: Network> Authority<N> {
    /// The authority of this node, its key still closed.
    #[must_use]
    pub fn new(deps: Deps<N>) -> Self {
        let (waiting, changed, changing) = (
            Mutex::default(),
            watch::Sender::new(()),
            AsyncMutex::default(),
        );
        let web = web::Turns::default();
        Self(Arc::new(Inner {
            deps,
            key: AuthorityKey::default(),
            waiting,
            changed,
            changing,
            binders: Mutex::new(binding::rate_window()),
            spent: AsyncMutex::default(),
            web,
        }))
    }

    /// Registers everything that an authority answers.
    pub fn accept(&self, router: &mut Router) {
        router.accept(enrollment::EnrollService(self.clone()));
        router.accept(binding::BindService(self.clone()));
        router.accept(web::WebService(self.clone()));
    }

    fn store(&self) -> &Store {
        &self.0.deps.store
    }

    fn mesh(&self) -> &Mesh {
        &self.0.deps.mesh
    }

    fn membership(&self) -> &Arc<Membership> {
        self.0.deps.mesh.membership()
    }

    fn site(&self) -> SiteId {
        self.membership().site()
    }

    fn now(&self) -> Timestamp {
        (self.0.deps.clock)()
    }

    /// The key, for one act; see [`AuthorityKey::get`].
    async fn key(&self, passphrase: Option<&str>) -> Result<Signer, AuthorityError> {
        let site = self.site();
        let key = &self.0.key;
        let key = key.get(self.store(), &self.0.deps.vault, site, passphrase);
        Signer::new(key.await?, self.membership().charter()).ok_or(AuthorityError::NoAdminAnyMore)
    }

    /// Writes down what was done. A command that was carried out is not undone because the log
    /// is full; its own log says so.
    async fn record_best_effort(&self, event: Event) {
        self.0.deps.audit.record_best_effort(event).await;
    }

    /// Writes down an act of the authority.
    async fn acted(&self, kind: Kind, what: impl std::fmt::Display) {
        self.record_best_effort(Event::new(kind).because(what))
            .await;
    }
}
