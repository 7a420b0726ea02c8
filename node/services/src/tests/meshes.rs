//! Whole members on real meshes on loopback: a home, a store, a mesh, an authority and a computer
//! each, wired as a node wires them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures::Stream;
use papermesh_mesh::join::{Device, JoinFailure, JoinListener, ListenerConfig, join_with_invite};
use papermesh_mesh::{self as mesh, Mesh, MeshConfig, MeshError, MeshStatus, Multiaddr, Protocol};
use papermesh_protocol::certificate::{Role, Roles};
use papermesh_protocol::id::{NodeId, RecordKey};
use papermesh_protocol::invite::Invite;
use papermesh_protocol::text::UserId;
use papermesh_protocol::time::Clock;
use papermesh_protocol::time::Timestamp;
use papermesh_store::Store;
use papermesh_web::FromSite;
use tokio::io::DuplexStream;
use tokio::time::timeout;
use tokio_util::either::Either;
use zeroize::Zeroizing;

use crate::audit::{Audit, Kind};
use crate::authority::{self, Authority, Founding, Import, Imported, NewInvite, NewUser, RootWord};
use crate::clock;
use crate::directory::Directory;
use crate::identity::{self, Identity};
use crate::local_users::{self, LocalUsers};
use crate::mesh_state::{self, RecordStore};
use crate::network::itself::WithItself;
use crate::network::serving::Router;
use crate::network::{Change, Network};
use crate::web_certificate::{self, WebCertificate};

/// Long enough for any machine; nothing waits this long unless it fails.
pub(super) const LIMIT: Duration = Duration::from_secs(60);
pub(super) const MINUTES: Duration = Duration::from_secs(600);

pub(super) type Net = Breaking<WithItself<Mesh>>;

/// A network of which connections break when a test says so.
#[derive(Clone)]
pub(super) struct Breaking<N> {
    network: N,
    links: Arc<AtomicUsize>,
}

impl<N> Breaking<N> {
    fn new(network: N) -> Self {
        Self {
            network,
            links: Arc::default(),
        }
    }

    /// The next so many streams on which computers are linked and hear of PINs break before anything is said.
    pub(super) fn break_links(&self, count: usize) {
        self.links.store(count, Ordering::SeqCst);
    }

    /// How many of them have not broken yet.
    pub(super) fn links_to_break(&self) -> usize {
        self.links.load(Ordering::SeqCst)
    }
}

impl<N: Network> Network for Breaking<N> {
    type Stream = Either<N::Stream, DuplexStream>;

    async fn open(
        &self,
        to: NodeId,
        addresses: &[Vec<u8>],
        protocol: Protocol,
    ) -> Result<Self::Stream, MeshError> {
        let opened = self.network.open(to, addresses, protocol).await?;
        let less = |left: usize| left.checked_sub(1);
        if protocol == Protocol::Link
            && self
                .links
                .fetch_update(Ordering::SeqCst, Ordering::SeqCst, less)
                .is_ok()
        {
            let (near, _) = tokio::io::duplex(64);
            return Ok(Either::Right(near));
        }
        Ok(Either::Left(opened))
    }

    async fn put(&self, key: RecordKey, value: Vec<u8>) -> Result<usize, MeshError> {
        self.network.put(key, value).await
    }

    fn get(&self, key: RecordKey) -> impl Stream<Item = Vec<u8>> + Send + Unpin + use<N> {
        self.network.get(key)
    }

    fn addresses(&self) -> Vec<Vec<u8>> {
        self.network.addresses()
    }

    fn changes(&self) -> impl Stream<Item = Change> + Send + Unpin + use<N> {
        self.network.changes()
    }
}

/// A home without a running node.
pub(super) struct Home {
    folder: tempfile::TempDir,
    /// Opens the root, where the site was founded here.
    pub(super) root: Option<RootWord>,
}

/// A running member.
pub(super) struct Running {
    pub(super) home: Home,
    pub(super) store: Store,
    pub(super) mesh: Mesh,
    pub(super) network: Net,
    pub(super) authority: Authority<Net>,
    pub(super) local_users: LocalUsers<Net>,
    pub(super) directory: Directory<Net>,
    pub(super) audit: Audit,
    pub(super) web: WebCertificate<Net>,
    /// What its listeners show.
    pub(super) tls: FromSite,
    pub(super) join_listener: Option<JoinListener>,
    tasks: tokio::task::JoinSet<()>,
    serving: tokio::task::JoinSet<()>,
}

impl Home {
    pub(super) fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            root: None,
        }
    }

    pub(super) fn store(&self) -> Store {
        Store::open(self.folder.path()).unwrap()
    }

    /// A home that founded a site.
    pub(super) fn founder(roles: &[Role], passphrase: Option<&str>) -> Self {
        let mut home = Self::new();
        let founding = Founding {
            site: "Acme".parse().unwrap(),
            name: "Office".parse().unwrap(),
            roles: Roles::of(roles),
            passphrase: passphrase.map(|text| Zeroizing::new(text.to_owned())),
        };
        home.found(founding, clock::now());
        home
    }

    pub(super) fn found(&mut self, founding: Founding, now: Timestamp) {
        let founded = authority::found(&self.store(), founding, now).unwrap();
        self.root = Some(RootWord {
            passphrase: founded.root.0,
            file: None,
        });
    }

    /// Becomes a member with an invite.
    pub(super) async fn join(&self, invite: &str, name: Option<&str>) -> Result<(), JoinFailure> {
        let store = self.store();
        let keys = identity::keys(&store).unwrap();
        let device = Device {
            seed: keys.node.expose(),
            sealing: keys.sealing.public(),
            clock: clock::now,
        };
        let invite: Invite = invite.parse().unwrap();
        let joined =
            join_with_invite(&device, &invite, name.map(|name| name.parse().unwrap())).await?;
        Identity::keep_joined(&store, &joined, clock::now()).unwrap();
        Ok(())
    }

    /// Takes over an export while no node runs here.
    pub(super) fn import(
        &self,
        text: &str,
        passphrase: &str,
        root: Option<RootWord>,
    ) -> Result<Imported, authority::AuthorityError> {
        let import = Import {
            root,
            ..import_of(text, passphrase)
        };
        authority::import(&self.store(), import, clock::now())
    }

    pub(super) async fn run(self) -> Running {
        self.run_by(clock::now).await
    }

    /// Runs where the clock shows something else.
    pub(super) async fn run_by(self, clock: Clock) -> Running {
        let store = self.store();
        let identity = Identity::load(&store).unwrap();
        let membership = Arc::new(identity.membership(clock));
        let remembered = mesh_state::recall(&store).unwrap().into_iter();
        let address = |bytes: Vec<u8>| Multiaddr::try_from(bytes).unwrap();
        let config = MeshConfig {
            listen: vec!["/ip4/127.0.0.1/tcp/0".parse().unwrap()],
            last_ports: papermesh_mesh::Ports::default(),
            announce: Vec::new(),
            bootstrap: Vec::new(),
            remembered: remembered
                .map(|(node, known)| (node, known.into_iter().map(address).collect()))
                .collect(),
            mdns: false,
            use_relays: false,
            dht_server: true,
        };
        let storage = Box::new(RecordStore::new(store.clone(), clock::now));
        let (mesh, streams) = mesh::start(
            identity.keys.node.expose(),
            Arc::clone(&membership),
            storage,
            config,
        )
        .unwrap();
        let (network, to_itself) = WithItself::new(mesh.clone(), mesh.node());
        let network = Breaking::new(network);
        let key = identity.signing_key();
        let audit = Audit::new(store.clone(), key.clone(), clock);
        let directory =
            Directory::new(store.clone(), network.clone(), Arc::clone(&membership), key);
        let authority = Authority::new(authority::Deps {
            store: store.clone(),
            vault: identity.vault(),
            mesh: mesh.clone(),
            directory: directory.clone(),
            audit: audit.clone(),
            clock,
        });
        let (web, tls) = WebCertificate::open(web_certificate::Deps {
            store: store.clone(),
            vault: identity.vault(),
            mesh: mesh.clone(),
            network: network.clone(),
            audit: audit.clone(),
            opening: authority.opening(),
        })
        .await
        .unwrap();
        let local_users = LocalUsers::new(local_users::Deps {
            store: store.clone(),
            vault: identity.vault(),
            sealing: identity.sealing().clone(),
            network: network.clone(),
            membership,
            directory: directory.clone(),
            audit: audit.clone(),
            clock,
        });
        let mut tasks = tokio::task::JoinSet::new();
        tasks.spawn(mesh_state::remember(
            store.clone(),
            mesh.clone(),
            clock::now,
        ));
        tasks.spawn(authority.clone().run());
        let mut router = Router::new(streams, to_itself, Arc::clone(mesh.membership()));
        authority.accept(&mut router);
        local_users.accept(&mut router);
        tasks.spawn(local_users.clone().run());
        let serving = router.into_serving();
        let join_listener = if identity.certificate.roles.has(Role::Admin) {
            let config = ListenerConfig {
                listen: ([127, 0, 0, 1], 0).into(),
                announce: false,
                site: identity.certificate.site,
                site_name: identity.state.name.clone(),
                clock: clock::now,
            };
            let (join_listener, requests) =
                JoinListener::start(identity.keys.node.expose(), config)
                    .await
                    .unwrap();
            tasks.spawn(authority.clone().admit(requests));
            Some(join_listener)
        } else {
            None
        };
        let running = Running {
            home: self,
            store,
            mesh,
            network,
            authority,
            local_users,
            directory,
            audit,
            web,
            tls,
            join_listener,
            tasks,
            serving,
        };
        running.until(|status| !status.advertised.is_empty()).await;
        running
    }
}

impl Running {
    /// A site with one admin, who is a client, too.
    pub(super) async fn admin() -> Self {
        Home::founder(&[Role::Client], None).run().await
    }

    /// A new member, connected with this one.
    pub(super) async fn admit(&self, name: &str, role: Role) -> Self {
        self.admit_by(name, role, clock::now).await
    }

    /// The same where the clock shows something else.
    pub(super) async fn admit_by(&self, name: &str, role: Role, clock: Clock) -> Self {
        let home = Home::new();
        home.join(&self.invite(role).await, Some(name))
            .await
            .unwrap();
        let member = home.run_by(clock).await;
        member.meet(self).await;
        member
    }

    /// A new printer, admitted by an admin whose key is sealed.
    pub(super) async fn admit_sealed(&self, name: &str, passphrase: &str) -> Self {
        self.authority.unlock(Some(passphrase)).await.unwrap();
        self.admit(name, Role::Printer).await
    }

    /// What is in its audit log.
    pub(super) async fn audit(&self) -> Vec<Kind> {
        let page = self.audit.read(0, Timestamp::default()).await.unwrap();
        page.entries.iter().map(|entry| entry.event.kind).collect()
    }

    pub(super) async fn invite(&self, role: Role) -> String {
        let new = NewInvite {
            roles: Roles::of(&[role]),
            name: None,
            lifetime: MINUTES,
            addresses: self.join_listener.as_ref().unwrap().addresses(),
        };
        self.authority
            .invite(new, None)
            .await
            .unwrap()
            .text
            .to_string()
    }

    /// A ticket for a new user, or another one.
    pub(super) async fn ticket(&self, user: &UserId) -> String {
        self.authority
            .add_user(new_user(user), None)
            .await
            .unwrap()
            .text
            .to_string()
    }

    pub(super) async fn meet(&self, other: &Self) {
        self.mesh
            .connect(other.mesh.node(), &other.mesh.addresses())
            .await
            .unwrap();
        let (one, two) = (self.mesh.node(), other.mesh.node());
        self.until(|status| status.members.iter().any(|member| member.node == two))
            .await;
        other
            .until(|status| status.members.iter().any(|member| member.node == one))
            .await;
    }

    pub(super) async fn until(&self, state: impl FnMut(&MeshStatus) -> bool) {
        let mut status = self.mesh.watch();
        drop(
            timeout(LIMIT, status.wait_for(state))
                .await
                .unwrap()
                .unwrap(),
        );
    }

    /// Stops the node; its home remains.
    pub(super) async fn stop(mut self) -> Home {
        self.serving.shutdown().await;
        self.tasks.shutdown().await;
        self.mesh.stop().await;
        let Self {
            home,
            store,
            mesh,
            network,
            authority,
            local_users,
            directory,
            web,
            audit,
            ..
        } = self;
        drop((mesh, network, authority, local_users, directory, web, audit));
        // The home is free again when the last of the node's tasks has let go of the store.
        let path = home.folder.path().to_owned();
        drop(store);
        timeout(LIMIT, async {
            while Store::open(&path).is_err() {
                tokio::task::yield_now().await;
            }
        })
        .await
        .unwrap();
        home
    }
}

pub(super) fn new_user(user: &UserId) -> NewUser {
    NewUser {
        user: user.clone(),
        display: None,
        groups: Vec::new(),
        badge: None,
        lifetime: MINUTES,
    }
}

pub(super) fn import_of(text: &str, passphrase: &str) -> Import {
    Import {
        text: Zeroizing::new(text.to_owned()),
        passphrase: Zeroizing::new(passphrase.to_owned()),
        root: None,
        name: Some("Spare".parse().unwrap()),
        roles: Roles::of(&[Role::Client]),
    }
}

/// Looks again and again until it is so.
pub(super) async fn eventually<F: Future<Output = bool>>(mut so: impl FnMut() -> F) {
    timeout(LIMIT, async {
        while !so().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await
    .expect("in time");
}
