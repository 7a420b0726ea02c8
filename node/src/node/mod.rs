//! The only wiring: configuration in, a running node out, and its orderly end.
//!
//! [`Node::start`] opens the store, starts the mesh and puts the services on it that the node's
//! roles ask for; [`Node::run`] answers the command line until it is told to stop. What each
//! service does is its own business: see the modules below this one. [`commands`] carries what the
//! command line asks to whoever can do it, [`becoming`] is how a home becomes a member's.

mod becoming;
mod commands;
mod doctor;
mod failure;
mod hold_printer;
mod keys;
mod output;
mod panel;
mod portal;
mod status;

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use futures::{Stream, StreamExt, stream};
use papermesh_protocol::certificate::Role;
use papermesh_protocol::remedy::Remedy;
use papermesh_protocol::version::Version;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::either::Either;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::audit::Audit;
use crate::authority::{Authority, Desk};
use crate::client::{Client, ClientParts};
use crate::clock;
use crate::config::{Config, DhtMode, Home, HomeLock};
use crate::control::{Passphrase, Server};
use crate::convert::Converter;
use crate::directory::Directory;
use crate::memory::{self, Shelf};
use crate::mesh::join::{JoinListener, JoinRequest, ListenerConfig};
use crate::mesh::{self, Incoming, Member, Mesh, MeshConfig, Multiaddr, Ports};
use crate::network::WithItself;
use crate::offload::offload;
use crate::papers::Papers;
use crate::portal::{Door, Portal};
use crate::printer::output::{FilePins, OutputDevice, OutputOptions, OutputUri};
use crate::printer::{Printer, PrinterParts};
use crate::purge;
use crate::renewal;
use crate::store::Store;
use crate::user::{self, Computer};
use crate::web_certificate::{self, WebCertificate};
use panel::PanelHere;

pub use becoming::{export_site, import_site, init, join};
pub use doctor::diagnose_at_rest;
pub use failure::NodeError;

/// How long a device that is just joining may keep the node from ending.
const CLOSING: Duration = Duration::from_secs(5);

/// The network of the services: the mesh, and this node itself.
type Network = WithItself<Mesh>;

/// A running node.
pub struct Node {
    services: Arc<Services>,
    server: Server,
    tasks: JoinSet<()>,
}

/// All that commands can reach.
struct Services {
    // Given back when the node has ended.
    _lock: HomeLock,
    config: Config,
    store: Store,
    seed: [u8; 32],
    mesh: Mesh,
    audit: Audit,
    authority: Authority<Network>,
    computer: Computer<Network>,
    client: Option<Client<Network>>,
    printer: Option<Printer<Network>>,
    /// Where the hold printer listens, on a client.
    hold_printer: Option<SocketAddr>,
    /// The panel, on a printer.
    panel: Option<PanelHere>,
    /// What listeners show by the site's word.
    web_certificate: WebCertificate<Network>,
    /// Where the portal is, if it could be opened.
    portal: Option<Door>,
    /// Where devices join, on an admin.
    door: OnceLock<JoinListener>,
    /// What began after the node had started, and ends with it.
    later: TaskTracker,
    started: Instant,
}

impl Node {
    /// Starts the node of a home.
    ///
    /// # Errors
    /// [`NodeError`]; nothing runs then.
    pub async fn start(
        home: &Home,
        config: Config,
        passphrase: Option<Passphrase>,
    ) -> Result<Self, NodeError> {
        home.check()?;
        let lock = home.lock()?;
        let server = Server::bind(home, &lock)?;
        let store = open_store(home).await?;
        let papers = {
            let (store, wish) = (store.clone(), config.protect_keys);
            blocking(move || {
                keys::protect(&store, wish)?;
                Papers::load(&store)
            })
            .await?
        };
        let seed = *papers.keys.node.expose();
        let key = papers.signing_key();
        let membership = Arc::new(papers.membership(clock::now).with_waits_by(clock::steady));
        let roles = papers.certificate.roles;
        if let Err(error) = papers.standing(clock::now()) {
            tracing::error!(error = %error.in_full(), "this node is no longer a member of its site; see `papermesh doctor`");
        }

        let shelf = Box::new(Shelf::new(store.clone(), clock::now));
        let (mesh, streams) = mesh::start(
            &seed,
            Arc::clone(&membership),
            shelf,
            mesh_config(&store, &config)?,
        )?;
        let (network, to_itself) = WithItself::new(mesh.clone(), mesh.node());
        let me = Member {
            node: mesh.node(),
            certificate: membership.certificate(),
        };
        let audit = Audit::new(store.clone(), key.clone(), clock::now);
        let directory = Directory::new(
            store.clone(),
            network.clone(),
            Arc::clone(&membership),
            key.clone(),
        );

        let mut tasks = JoinSet::new();
        tasks.spawn(memory::remember(store.clone(), mesh.clone(), clock::now));
        tasks.spawn(purge::keep(store.clone()));
        tasks.spawn(renewal::keep_valid(
            store.clone(),
            mesh.clone(),
            network.clone(),
        ));
        tasks.spawn(directory.clone().run());

        let authority = Authority::new(Desk {
            store: store.clone(),
            vault: papers.vault(),
            mesh: mesh.clone(),
            directory: directory.clone(),
            audit: audit.clone(),
            clock: clock::now,
        });
        tasks.spawn(authority.clone().run());
        tasks.spawn(authority.clone().serve(streams.enroll));
        tasks.spawn(authority.clone().serve_itself(to_itself.enroll));
        tasks.spawn(
            authority
                .clone()
                .serve_binds(both(streams.bind, to_itself.bind, &me)),
        );
        tasks.spawn(authority.clone().serve_web(streams.web));
        tasks.spawn(authority.clone().serve_web_itself(to_itself.web));

        let computer = Computer::new(user::Desk {
            store: store.clone(),
            vault: papers.vault(),
            sealing: papers.sealing().clone(),
            network: network.clone(),
            membership: Arc::clone(&membership),
            directory: directory.clone(),
            audit: audit.clone(),
            clock: clock::now,
        });
        tasks.spawn(computer.clone().run());
        tasks.spawn(computer.clone().serve(streams.link));

        let converter = Converter::found(config.converter_timeout)
            .without_landlock(config.converter_without_landlock);
        let client = if roles.may_hold() {
            let client = Client::open(ClientParts {
                store: store.clone(),
                network: network.clone(),
                directory: directory.clone(),
                membership: Arc::clone(&membership),
                audit: audit.clone(),
                key: key.clone(),
                storage: papers.storage().clone(),
                largest: config.max_spool,
                previews: config.previews,
                converter: converter.clone(),
            })
            .await?;
            tasks.spawn(client.clone().keep());
            let [latest, earlier] = streams.release;
            let latest = both(latest, to_itself.release, &me);
            tasks.spawn(client.clone().serve_release(Version::Two, latest));
            let earlier = from_others(earlier);
            tasks.spawn(client.clone().serve_release(Version::One, earlier));
            tasks.spawn(
                client
                    .clone()
                    .serve_jobs(both(streams.job, to_itself.job, &me)),
            );
            tasks.spawn(client.clone().serve_previews(both(
                streams.preview,
                to_itself.preview,
                &me,
            )));
            Some(client)
        } else {
            None
        };

        let printer = if roles.has(Role::Printer) {
            let pins = FilePins::new(home.printer_pins());
            let output: OutputUri = config.output.parse().map_err(NodeError::Output)?;
            let device = OutputDevice::open(output, Arc::new(pins), output_options(&config))
                .await
                .map_err(NodeError::Device)?;
            let printer = Printer::new(PrinterParts {
                store: store.clone(),
                network: network.clone(),
                directory: directory.clone(),
                membership: Arc::clone(&membership),
                key: key.clone(),
                audit: audit.clone(),
                device,
                delivered_is_printed: config.delivered_is_printed,
                holder_timeout: config.holder_timeout,
                converter,
            });
            tasks.spawn(printer.clone().run());
            let [latest, earlier] = streams.direct;
            let latest = both(latest, to_itself.direct, &me);
            tasks.spawn(printer.clone().serve_direct(Version::Two, latest));
            let earlier = from_others(earlier);
            tasks.spawn(printer.clone().serve_direct(Version::One, earlier));
            Some(printer)
        } else {
            None
        };

        let (web_certificate, site_certificate) = WebCertificate::open(web_certificate::Desk {
            store: store.clone(),
            vault: papers.vault(),
            mesh: mesh.clone(),
            network: network.clone(),
            audit: audit.clone(),
        })
        .await?;
        let hold_printer = match &client {
            Some(client) => {
                let served = (client, &site_certificate);
                hold_printer::start(home, &config, &membership, served, &mut tasks).await?
            }
            None => None,
        };

        let panel = match &printer {
            Some(printer) => {
                let served = (printer, &site_certificate);
                panel::start(home, &config, served, &mut tasks).await?
            }
            None => None,
        };

        let portal = portal::open(&config, &membership).await?;

        let services = Services {
            _lock: lock,
            config,
            store,
            seed,
            mesh,
            audit,
            authority,
            computer,
            client,
            printer,
            hold_printer,
            panel,
            web_certificate,
            portal: portal.as_ref().map(Portal::door),
            door: OnceLock::new(),
            later: TaskTracker::new(),
            started: Instant::now(),
        };
        let services = Arc::new(services);
        if let Some(portal) = portal {
            tasks.spawn(portal.serve(Arc::clone(&services)));
        }
        let mut node = Self {
            services,
            server,
            tasks,
        };
        if let Some(passphrase) = passphrase {
            node.services
                .authority
                .unlock(Some(passphrase.expose()))
                .await?;
        }
        if roles.has(Role::Admin) {
            node.services.open_door().await?;
        }
        let services = &node.services;
        let bound: Vec<_> = services.bound().map(|address| address.ip()).collect();
        if !bound.is_empty() {
            node.tasks
                .spawn(services.web_certificate.clone().run(bound));
        }
        Ok(node)
    }

    /// The mesh, for whoever builds on a node.
    #[must_use]
    pub fn mesh(&self) -> &Mesh {
        &self.services.mesh
    }

    /// Answers the command line until `stop`, and ends in order: commands first, then what devices
    /// join by, the services, the mesh.
    pub async fn run(self, stop: CancellationToken) {
        let Self {
            services,
            server,
            mut tasks,
        } = self;
        server.serve(Arc::clone(&services), stop).await;
        services.close_door().await;
        tasks.shutdown().await;
        services.mesh.stop().await;
        purge::now(&services.store).await;
        tracing::info!("stopped");
    }
}

/// Runs the node of a home until `stop`. `passphrase` opens the authority key, if it is sealed.
///
/// # Errors
/// [`NodeError`] when the node does not start.
pub async fn run(
    home: Home,
    config: Config,
    passphrase: Option<Passphrase>,
    stop: CancellationToken,
) -> Result<(), NodeError> {
    let node = Node::start(&home, config, passphrase).await?;
    tracing::info!(home = %home.root().display(), node = %node.mesh().node(), "running");
    node.run(stop).await;
    Ok(())
}

impl Services {
    /// Where TLS is spoken.
    fn bound(&self) -> impl Iterator<Item = SocketAddr> {
        let panel = self.panel.as_ref().map(|panel| panel.address);
        self.hold_printer.into_iter().chain(panel)
    }

    /// Lets devices join here, if that does not happen already.
    async fn open_door(&self) -> Result<(), NodeError> {
        if self.door.get().is_some() {
            return Ok(());
        }
        let state = self.mesh.membership().state();
        let listen = self
            .config
            .join_listen
            .iter()
            .find_map(|text| {
                text.parse::<Multiaddr>()
                    .ok()
                    .as_ref()
                    .and_then(mesh::socket_of)
            })
            .ok_or(NodeError::JoinListen)?;
        let door = ListenerConfig {
            listen,
            announce: self.config.mdns,
            site: state.site,
            site_name: state.name.clone(),
            clock: clock::steady,
        };
        let (listener, requests) = self.join_listener(door).await?;
        memory::keep_join_port(&self.store, listener.port()).await;
        self.later.spawn(self.authority.clone().admit(requests));
        let _ = self.door.set(listener);
        Ok(())
    }
}

impl Services {
    /// Lets devices join here no more, and waits until those that are being admitted are.
    async fn close_door(&self) {
        if let Some(listener) = self.door.get() {
            listener.stop();
        }
        self.later.close();
        if timeout(CLOSING, self.later.wait()).await.is_err() {
            tracing::warn!("stopped although a device was still joining");
        }
    }

    /// Where the configuration leaves the port open, that of last time is tried first: invites
    /// and screens name it.
    async fn join_listener(
        &self,
        door: ListenerConfig,
    ) -> Result<(JoinListener, mpsc::Receiver<JoinRequest>), NodeError> {
        if door.listen.port() == 0 {
            let last = offload(&self.store, memory::last_ports).await?.join;
            let again = last.map(|port| ListenerConfig {
                listen: SocketAddr::new(door.listen.ip(), port),
                ..door.clone()
            });
            if let Some(again) = again
                && let Ok(started) = JoinListener::start(&self.seed, again).await
            {
                return Ok(started);
            }
        }
        Ok(JoinListener::start(&self.seed, door).await?)
    }
}

/// Opens the store of a home on a thread where waiting holds nobody up.
async fn open_store(home: &Home) -> Result<Store, NodeError> {
    let path = home.root().to_owned();
    let store = blocking(move || Store::open(&path)).await?;
    let swept = store.swept();
    tracing::debug!(?swept, "store opened");
    Ok(store)
}

async fn blocking<T, E>(
    work: impl FnOnce() -> Result<T, E> + Send + 'static,
) -> Result<T, NodeError>
where
    T: Send + 'static,
    E: Into<NodeError> + Send + 'static,
{
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done.map_err(Into::into),
        Err(stopped) => std::panic::resume_unwind(stopped.into_panic()),
    }
}

/// What the configuration says of the output device.
fn output_options(config: &Config) -> OutputOptions {
    OutputOptions {
        formats: config.formats.clone(),
        as_image: config.as_image,
    }
}

fn mesh_config(store: &Store, config: &Config) -> Result<MeshConfig, NodeError> {
    let addresses = |texts: &[String]| -> Result<Vec<Multiaddr>, NodeError> {
        texts
            .iter()
            .map(|text| text.parse().map_err(|_| NodeError::Address(text.clone())))
            .collect()
    };
    let remembered = memory::recall(store)?
        .into_iter()
        .map(|(node, known)| {
            let known = known
                .into_iter()
                .filter_map(|bytes| Multiaddr::try_from(bytes).ok())
                .collect();
            (node, known)
        })
        .collect();
    let last = memory::last_ports(store)?;
    Ok(MeshConfig {
        listen: addresses(&config.listen)?,
        last_ports: Ports {
            ip4: last.ip4,
            ip6: last.ip6,
        },
        announce: addresses(&config.announce)?,
        bootstrap: addresses(&config.bootstrap)?,
        remembered,
        mdns: config.mdns,
        use_relays: config.relay,
        dht_server: config.dht != DhtMode::Client,
    })
}

/// The streams that other members open, and those that this node opens to itself.
fn both<S>(
    others: mpsc::Receiver<Incoming>,
    itself: mpsc::Receiver<S>,
    me: &Member,
) -> impl Stream<Item = (Member, Either<mesh::MeshStream, S>)> + Send + use<S>
where
    S: AsyncRead + AsyncWrite + Send + 'static,
{
    let me = me.clone();
    let others = from_others(others).map(|(from, stream)| (from, Either::Left(stream)));
    let itself = received(itself).map(move |stream| (me.clone(), Either::Right(stream)));
    stream::select(others, itself)
}

/// The streams that other members open.
fn from_others(
    others: mpsc::Receiver<Incoming>,
) -> impl Stream<Item = (Member, mesh::MeshStream)> + Send {
    received(others).map(|incoming| (incoming.from, incoming.stream))
}

fn received<T: Send + 'static>(receiver: mpsc::Receiver<T>) -> impl Stream<Item = T> + Send {
    stream::unfold(receiver, |mut receiver| async move {
        Some((receiver.recv().await?, receiver))
    })
}
