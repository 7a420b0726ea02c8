//! Putting the services together: each gets what it needs of the home, the mesh and the configuration,
//! and registers for the protocols that it answers.

use std::net::SocketAddr;
use std::sync::Arc;

use papermesh_convert::{Converter, NoProgram};
use papermesh_device::{FilePins, OutputDevice, OutputOptions, OutputUri};
use papermesh_door::acme::CertificateAuthority;
use papermesh_mail::Trust;
use papermesh_mesh::{self as mesh, Membership, Mesh, MeshConfig, Multiaddr, Ports};
use papermesh_protocol::certificate::{Role, Roles};
use papermesh_protocol::remedy::Remedy;
use papermesh_services::audit::Audit;
use papermesh_services::authority::{self, Authority};
use papermesh_services::clock;
use papermesh_services::device_tokens::DeviceTokens;
use papermesh_services::directory::Directory;
use papermesh_services::holder::{self, Holder};
use papermesh_services::identity::Identity;
use papermesh_services::local_users::{self, LocalUsers};
use papermesh_services::mailed::once::Names;
use papermesh_services::mesh_state::{self, RecordStore};
use papermesh_services::network::itself::WithItself;
use papermesh_services::network::serving::Router;
use papermesh_services::printer::{self, Printer};
use papermesh_services::renewal;
use papermesh_services::sightings::{self, OwnPlaces, Sightings};
use papermesh_services::waking::{self, Waking};
use papermesh_services::web_certificate::{self, WebCertificate};
use papermesh_store::Store;
use papermesh_store::purge;
use papermesh_web::{FromSite, PublicCertificates};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::door::{self, DoorHere};
use super::mail_hold::{self, MailHoldHere};
use super::mailbox::{self, MailHere, MailSettingsError, MailboxHere};
use super::own_domain::Certifying;
use super::panel::PanelHere;
use super::place_certificates::PlaceCertificates;
use super::place_records::{self, PlaceRecords};
use super::probing::Prober;
use super::public_certificates::PublicCertificatesKeeper;
use super::{Network, NodeError, blocking, hold_printer, infra, keys, open_store, panel};
use crate::config::{Config, DhtMode, Home, HomeLock};
use crate::control::Server;
use crate::inbox;

/// What services are made of.
pub(super) struct Parts<'a> {
    home: &'a Home,
    pub(super) lock: HomeLock,
    pub(super) server: Server,
    pub(super) config: Config,
    pub(super) store: Store,
    pub(super) identity: Identity,
    pub(super) membership: Arc<Membership>,
    pub(super) mesh: Mesh,
    network: Network,
    pub(super) audit: Audit,
    directory: Directory<Network>,
    pub(super) router: Router,
    pub(super) tasks: JoinSet<()>,
}

impl<'a> Parts<'a> {
    /// Opens a home and joins its mesh.
    pub(super) async fn of(home: &'a Home, config: Config) -> Result<Self, NodeError> {
        home.check()?;
        let lock = home.lock()?;
        let server = Server::bind(home, &lock)?;
        let store = open_store(home).await?;
        let identity = {
            let (store, protection) = (store.clone(), config.protect_keys);
            blocking(move || {
                keys::protect(&store, protection)?;
                Identity::load(&store)
            })
            .await?
        };
        let key = identity.signing_key();
        let membership = Arc::new(identity.membership(clock::now).with_waits_by(clock::steady));
        if let Err(error) = identity.standing(clock::now()) {
            tracing::error!(error = %error.in_full(), "this node is no longer a member of its site; see `papermesh doctor`");
        }
        let storage = Box::new(RecordStore::new(store.clone(), clock::now));
        let (mesh, streams) = mesh::start(
            identity.keys.node.expose(),
            Arc::clone(&membership),
            storage,
            mesh_config(&store, &config)?,
        )?;
        let (network, to_itself) = WithItself::new(mesh.clone(), mesh.node());
        let router = Router::new(streams, to_itself, Arc::clone(&membership));
        let audit = Audit::new(store.clone(), key.clone(), clock::now);
        let directory =
            Directory::new(store.clone(), network.clone(), Arc::clone(&membership), key);
        let mut tasks = JoinSet::new();
        tasks.spawn(mesh_state::remember(
            store.clone(),
            mesh.clone(),
            clock::now,
        ));
        tasks.spawn(purge::keep(store.clone()));
        tasks.spawn(renewal::keep_valid(
            store.clone(),
            mesh.clone(),
            network.clone(),
        ));
        tasks.spawn(directory.clone().run());
        Ok(Self {
            home,
            lock,
            server,
            config,
            store,
            identity,
            membership,
            mesh,
            network,
            audit,
            directory,
            router,
            tasks,
        })
    }

    fn roles(&self) -> Roles {
        self.identity.certificate.roles
    }

    /// The site's authority, which answers on every node; on most, that it is none.
    pub(super) fn authority(&mut self) -> Authority<Network> {
        let authority = Authority::new(authority::Deps {
            store: self.store.clone(),
            vault: self.identity.vault(),
            mesh: self.mesh.clone(),
            directory: self.directory.clone(),
            audit: self.audit.clone(),
            clock: clock::now,
        });
        self.tasks.spawn(authority.clone().run());
        authority.accept(&mut self.router);
        authority
    }

    /// The users of this computer.
    pub(super) fn local_users(&mut self) -> LocalUsers<Network> {
        let local_users = LocalUsers::new(local_users::Deps {
            store: self.store.clone(),
            vault: self.identity.vault(),
            sealing: self.identity.sealing().clone(),
            network: self.network.clone(),
            membership: Arc::clone(&self.membership),
            directory: self.directory.clone(),
            audit: self.audit.clone(),
            clock: clock::now,
        });
        self.tasks.spawn(local_users.clone().run());
        local_users.accept(&mut self.router);
        local_users
    }

    pub(super) async fn converter(&self) -> Converter {
        let converter = converter(&self.config);
        let roles = self.identity.certificate.roles;
        if (roles.may_hold() || roles.has(Role::Printer))
            && let Err(error) = check(&converter).await
        {
            tracing::error!(error = %error.in_full(), "documents are neither inspected nor converted");
        }
        converter
    }

    /// The holder, on a client.
    pub(super) async fn holder(
        &mut self,
        converter: &Converter,
    ) -> Result<Option<Holder<Network>>, NodeError> {
        if !self.roles().may_hold() {
            return Ok(None);
        }
        let holder = Holder::open(holder::Deps {
            store: self.store.clone(),
            network: self.network.clone(),
            directory: self.directory.clone(),
            membership: Arc::clone(&self.membership),
            audit: self.audit.clone(),
            key: self.identity.signing_key(),
            storage: self.identity.storage().clone(),
            largest: self.config.max_spool,
            previews: self.config.previews,
            converter: converter.clone(),
        })
        .await?;
        self.tasks.spawn(holder.clone().keep());
        holder.accept(&mut self.router);
        Ok(Some(holder))
    }

    /// The printer and its device, on a printer.
    pub(super) async fn printer(
        &mut self,
        converter: Converter,
    ) -> Result<Option<Printer<Network>>, NodeError> {
        if !self.roles().has(Role::Printer) {
            return Ok(None);
        }
        let pins = FilePins::new(self.home.printer_pins());
        let output: OutputUri = self.config.output.parse().map_err(NodeError::Output)?;
        let device = OutputDevice::open(output, Arc::new(pins), output_options(&self.config))
            .await
            .map_err(NodeError::Device)?;
        let printer = Printer::new(printer::Deps {
            store: self.store.clone(),
            network: self.network.clone(),
            directory: self.directory.clone(),
            membership: Arc::clone(&self.membership),
            key: self.identity.signing_key(),
            audit: self.audit.clone(),
            device,
            delivered_is_printed: self.config.delivered_is_printed,
            holder_timeout: self.config.holder_timeout,
            converter,
        });
        self.tasks.spawn(printer.clone().run());
        printer.accept(&mut self.router);
        Ok(Some(printer))
    }

    /// What listeners show by the site's word.
    pub(super) async fn web_certificate(
        &self,
        authority: &Authority<Network>,
    ) -> Result<(WebCertificate<Network>, FromSite), NodeError> {
        let opened = WebCertificate::open(web_certificate::Deps {
            store: self.store.clone(),
            vault: self.identity.vault(),
            mesh: self.mesh.clone(),
            network: self.network.clone(),
            audit: self.audit.clone(),
            opening: authority.opening(),
        });
        Ok(opened.await?)
    }

    /// What members see of places; and where it is to be told what those of this node are.
    pub(super) fn sightings(&mut self) -> (Sightings<Network>, watch::Sender<OwnPlaces>) {
        let (told, own) = watch::channel(OwnPlaces::default());
        let sightings = Sightings::new(sightings::Deps {
            store: self.store.clone(),
            mesh: self.mesh.clone(),
            network: self.network.clone(),
            directory: self.directory.clone(),
            audit: self.audit.clone(),
            own,
        });
        sightings.accept(&mut self.router);
        (sightings, told)
    }

    /// What orders certificates for places.
    pub(super) fn certifying(&self) -> Option<Certifying> {
        let (store, vault) = (self.store.clone(), self.identity.vault());
        let authority = authority_of(&self.config)?;
        Some(Certifying::new(store, vault, authority))
    }

    /// What looks at the places of others.
    pub(super) fn prober(&mut self, sightings: &Sightings<Network>) -> Prober {
        let around = (&self.store, &self.mesh);
        let prober = Prober::new(around, sightings.clone(), &self.config);
        if self.config.probe {
            self.tasks.spawn(prober.clone().run());
        }
        self.tasks.spawn(prober.clone().tell());
        prober
    }

    /// The hold printer, on a client, with the door for outsiders; says where it listens.
    pub(super) async fn hold_printer(
        &mut self,
        holder: Option<&Holder<Network>>,
        local_users: &LocalUsers<Network>,
        site_certificate: &FromSite,
        own: watch::Sender<OwnPlaces>,
    ) -> Result<(Option<SocketAddr>, Option<DoorHere>), NodeError> {
        let Some(holder) = holder else {
            return Ok((None, None));
        };
        let public = PublicCertificates::default();
        let (arriving, outsiders) = door::outsiders();
        let (config, membership, tasks) = (&self.config, &self.membership, &mut self.tasks);
        let (served, shown) = ((holder, local_users), (site_certificate, &public));
        let around = (self.home, config, membership.as_ref());
        let address = hold_printer::start(around, served, shown, outsiders, tasks).await?;
        if address.is_none() {
            return Ok((None, None));
        }
        if config.system_proxy_is_other {
            tracing::warn!(
                "HTTPS_PROXY is no HTTP proxy and is not used: set `proxy` in papermesh.toml if gateways are reached through one"
            );
        }
        let mail = config.mail.as_ref().filter(|mail| mail.read.is_some());
        let start = door::Start {
            seed: *self.identity.keys.node.expose(),
            mesh: &self.mesh,
            store: &self.store,
            proxy: config.proxy.clone(),
            mailbox: mail.map(|mail| mail.address.clone()),
        };
        let authority = authority_of(config);
        let (store, vault) = (self.store.clone(), self.identity.vault());
        let certificates = PlaceCertificates::new(store, vault, public);
        if authority.is_some() {
            // Whoever comes first through a gateway is shown what the directory says.
            certificates.restore().await?;
        }
        let door = door::start(start, arriving, tasks).await?;
        let records = PlaceRecords::new(place_records::Start {
            mesh: self.mesh.clone(),
            directory: self.directory.clone(),
            certificates: certificates.clone(),
            places: door.opened(),
            status: door.news(),
            own,
        });
        self.tasks.spawn(records.clone().run());
        if let Some(authority) = authority {
            let keeper = PublicCertificatesKeeper {
                store: self.store.clone(),
                vault: self.identity.vault(),
                authority,
                certificates,
                records,
                status: door.news(),
            };
            self.tasks.spawn(keeper.run());
        }
        Ok((address, Some(door)))
    }

    /// The accounts for mail, if there are any.
    pub(super) async fn mail(&self) -> Result<Option<MailHere>, NodeError> {
        let Some(accounts) = self.config.mail.clone() else {
            return Ok(None);
        };
        let authorities = accounts.authorities.clone();
        let trust =
            blocking(move || Trust::load(authorities.as_deref()).map_err(MailSettingsError::from));
        let trust = trust.await?;
        Ok(Some(MailHere { accounts, trust }))
    }

    /// The mailbox by which the door is called, if there is one.
    pub(super) async fn mailbox(
        &mut self,
        door: Option<&DoorHere>,
        mail: Option<&MailHere>,
    ) -> Result<Option<MailboxHere>, NodeError> {
        let (Some(door), Some(mail)) = (door, mail) else {
            return Ok(None);
        };
        let Some(mailbox) = mail.accounts.read.clone() else {
            return Ok(None);
        };
        let waking = Waking::open(waking::Deps {
            store: self.store.clone(),
            membership: Arc::clone(&self.membership),
            sealing: self.identity.sealing().clone(),
            audit: self.audit.clone(),
        });
        let waking = waking.await?;
        let read = (mailbox, mail.trust.clone());
        let called = (door.opened(), door.calls());
        Ok(Some(mailbox::watch(read, waking, called, &mut self.tasks)))
    }

    /// The mailbox to which users send documents, if there is one and this node holds jobs.
    pub(super) fn mail_hold(
        &mut self,
        (holder, converter): (Option<&Holder<Network>>, &Converter),
        local_users: &LocalUsers<Network>,
        mail: Option<&MailHere>,
    ) -> Result<Option<MailHoldHere>, NodeError> {
        let (Some(holder), Some(mail)) = (holder, mail) else {
            return Ok(None);
        };
        let Some(hold) = mail.accounts.hold.clone() else {
            return Ok(None);
        };
        let deps = inbox::Deps {
            store: self.store.clone(),
            holder: holder.clone(),
            converter: converter.clone(),
            local_users: local_users.clone(),
            membership: Arc::clone(&self.membership),
            names: Names::new(self.identity.storage()),
            audit: self.audit.clone(),
            address: hold.address.clone(),
            server: hold.authserv_id.clone(),
        };
        let settings = (&mail.accounts, hold);
        let here = mail_hold::watch(settings, &mail.trust, deps, &mut self.tasks)?;
        Ok(Some(here))
    }

    /// The infrastructure printer, where that is the device, and the tokens of those who fetch there.
    pub(super) async fn infra(
        &mut self,
        printer: Option<&Printer<Network>>,
        site_certificate: &FromSite,
    ) -> Result<(Option<SocketAddr>, DeviceTokens), NodeError> {
        let tokens = DeviceTokens::new(self.store.clone(), self.audit.clone());
        let Some(printer) = printer else {
            return Ok((None, tokens));
        };
        let around = (self.home, &self.config, self.membership.as_ref());
        let served = (printer, tokens.clone());
        let address = infra::start(around, served, site_certificate, &mut self.tasks).await?;
        Ok((address, tokens))
    }

    /// The panel, on a printer.
    pub(super) async fn panel(
        &mut self,
        printer: Option<&Printer<Network>>,
        site_certificate: &FromSite,
    ) -> Result<Option<PanelHere>, NodeError> {
        let Some(printer) = printer else {
            return Ok(None);
        };
        let served = (printer, site_certificate);
        panel::start(self.home, &self.config, served, &mut self.tasks).await
    }
}

/// The certificate authority that the configuration names.
fn authority_of(config: &Config) -> Option<CertificateAuthority> {
    let directory = config.acme.clone()?;
    Some(CertificateAuthority {
        directory,
        root: config.acme_root.clone(),
    })
}

/// What the configuration says of the output device.
pub(super) fn output_options(config: &Config) -> OutputOptions {
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
    let remembered = mesh_state::recall(store)?
        .into_iter()
        .map(|(node, known)| {
            let known = known
                .into_iter()
                .filter_map(|bytes| Multiaddr::try_from(bytes).ok())
                .collect();
            (node, known)
        })
        .collect();
    let last = mesh_state::last_ports(store)?;
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

/// What converts documents, as the configuration has it.
pub(super) fn converter(config: &Config) -> Converter {
    Converter::found(config.converter_timeout).without_landlock(config.converter_without_landlock)
}

/// Whether the program that does a converter's steps can be used.
pub(super) async fn check(converter: &Converter) -> Result<(), NoProgram> {
    let program = converter.program().clone();
    let checked = tokio::task::spawn_blocking(move || program.check()).await;
    checked.unwrap_or_else(|stopped| std::panic::resume_unwind(stopped.into_panic()))
}
