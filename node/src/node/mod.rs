//! The only wiring: configuration in, a running node out, and its orderly end.
//!
//! [`Node::start`] opens the store, starts the mesh and puts the services on it that the node's
//! roles ask for; [`Node::run`] answers the command line until it is told to stop. What each
//! service does is its own business: see the modules below this one. [`commands`] carries what the
//! command line asks to whoever can do it, [`becoming`] is how a home becomes a member's, [`parts`] puts
//! the services together.

mod acme_orders;
mod becoming;
mod calling;
mod commands;
mod doctor;
mod door;
mod failure;
mod hold_printer;
mod infra;
mod join_listener;
mod keys;
mod mail_hold;
mod mailbox;
mod output;
mod own_domain;
mod panel;
mod parts;
mod place_certificates;
mod place_records;
mod portal;
mod probing;
mod public_certificates;
mod status;

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use papermesh_convert::Converter;
use papermesh_mesh::Mesh;
use papermesh_mesh::join::JoinListener;
use papermesh_protocol::certificate::Role;
use papermesh_services::audit::Audit;
use papermesh_services::authority::Authority;
use papermesh_services::device_tokens::DeviceTokens;
use papermesh_services::holder::Holder;
use papermesh_services::local_users::LocalUsers;
use papermesh_services::network::itself::WithItself;
use papermesh_services::printer::Printer;
use papermesh_services::sightings::Sightings;
use papermesh_services::waking::Letters;
use papermesh_services::web_certificate::WebCertificate;
use papermesh_store::Store;
use papermesh_store::purge;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::{Config, Home, HomeLock};
use crate::control::{Passphrase, Server};
use crate::portal::{Portal, PortalLinks};
use door::DoorHere;
use mail_hold::MailHoldHere;
use mailbox::{MailHere, MailboxHere};
use own_domain::Certifying;
use panel::PanelHere;
use parts::Parts;
use probing::Prober;

pub use becoming::{export_site, import_site, init, join};
pub use doctor::diagnose_at_rest;
pub use failure::NodeError;

/// The network of the services: the mesh, and this node itself.
type Network = WithItself<Mesh>;

/// A running node.
pub struct Node {
    services: Arc<Services>,
    server: Server,
    tasks: JoinSet<()>,
    /// What answers other members.
    serving: JoinSet<()>,
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
    local_users: LocalUsers<Network>,
    converter: Converter,
    holder: Option<Holder<Network>>,
    printer: Option<Printer<Network>>,
    /// Where the hold printer listens, on a client.
    hold_printer: Option<SocketAddr>,
    /// The door for outsiders, where there is a hold printer.
    door: Option<DoorHere>,
    /// The accounts for mail.
    mail: Option<MailHere>,
    /// Calls others' doors.
    letters: Letters,
    /// The mailbox by which the door is called.
    mailbox: Option<MailboxHere>,
    /// The mailbox to which users send documents.
    mail_hold: Option<MailHoldHere>,
    /// What orders certificates for places, where something does.
    certifying: Option<Certifying>,
    /// What members saw of places from outside,
    sightings: Sightings<Network>,
    /// and what looks at those of others.
    prober: Prober,
    /// Where the infrastructure printer listens, if that is this printer's device.
    infra: Option<SocketAddr>,
    device_tokens: DeviceTokens,
    /// The panel, on a printer.
    panel: Option<PanelHere>,
    /// What listeners show by the site's word.
    web_certificate: WebCertificate<Network>,
    /// Where the portal is, if it could be opened.
    portal: Option<PortalLinks>,
    /// Where devices join, on an admin.
    join_listener: OnceLock<JoinListener>,
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
        let mut parts = Parts::of(home, config).await?;
        let authority = parts.authority();
        let local_users = parts.local_users();
        let converter = parts.converter().await;
        let holder = parts.holder(&converter).await?;
        let printer = parts.printer(converter.clone()).await?;
        let (web_certificate, site_certificate) = parts.web_certificate(&authority).await?;
        let (sightings, shown) = parts.sightings();
        let (hold_printer, door) = parts
            .hold_printer(holder.as_ref(), &local_users, &site_certificate, shown)
            .await?;
        let mail = parts.mail().await?;
        let mailbox = parts.mailbox(door.as_ref(), mail.as_ref()).await?;
        let holding = (holder.as_ref(), &converter);
        let mail_hold = parts.mail_hold(holding, &local_users, mail.as_ref())?;
        let prober = parts.prober(&sightings);
        let certifying = parts.certifying();
        let (infra, device_tokens) = parts.infra(printer.as_ref(), &site_certificate).await?;
        let panel = parts.panel(printer.as_ref(), &site_certificate).await?;
        let portal = portal::open(&parts.config, &parts.membership).await?;

        let Parts {
            lock,
            server,
            config,
            store,
            identity,
            membership,
            mesh,
            audit,
            router,
            mut tasks,
            ..
        } = parts;
        let services = Arc::new(Services {
            _lock: lock,
            config,
            store,
            seed: *identity.keys.node.expose(),
            mesh,
            audit,
            authority,
            local_users,
            converter,
            holder,
            printer,
            hold_printer,
            door,
            mail,
            mailbox,
            mail_hold,
            letters: Letters::new(identity.signing_key(), membership),
            certifying,
            sightings,
            prober,
            infra,
            device_tokens,
            panel,
            web_certificate,
            portal: portal.as_ref().map(Portal::links),
            join_listener: OnceLock::new(),
            later: TaskTracker::new(),
            started: Instant::now(),
        });
        if let Some(portal) = portal {
            tasks.spawn(portal.serve(Arc::clone(&services)));
        }
        let mut node = Self {
            services,
            server,
            tasks,
            serving: router.into_serving(),
        };
        node.open(passphrase).await?;
        Ok(node)
    }

    /// What can only begin when all services run: the authority's key, joining, certificates for the web.
    async fn open(&mut self, passphrase: Option<Passphrase>) -> Result<(), NodeError> {
        let services = &self.services;
        if let Some(passphrase) = passphrase {
            let opened = services.authority.unlock(Some(passphrase.expose()));
            opened.await?;
        }
        let own = services.mesh.membership().certificate();
        if own.roles.has(Role::Admin) {
            services.open_join_listener().await?;
        }
        let bound: Vec<_> = services.bound().map(|address| address.ip()).collect();
        if !bound.is_empty() {
            self.tasks
                .spawn(services.web_certificate.clone().run(bound));
        }
        Ok(())
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
            mut serving,
        } = self;
        server.serve(Arc::clone(&services), stop).await;
        services.close_join_listener().await;
        serving.shutdown().await;
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
        self.hold_printer.into_iter().chain(self.infra).chain(panel)
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
