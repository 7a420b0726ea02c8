//! How the node is: what `papermesh status` shows.

use papermesh_device::{OutputDevice, PrinterState};
use papermesh_mesh::Mesh;
use papermesh_protocol::certificate::CertificateError;
use papermesh_protocol::remedy::Remedy;
use papermesh_protocol::text::UserId;
use papermesh_protocol::web::Places;
use papermesh_store::offload::offload;
use papermesh_store::{Store, StoreError};

use super::Services;
use super::mail_hold::MailHoldHere;
use crate::control::message::{
    DeviceStatus, GetStatus, MailHoldStatus, MeshState, NodeIdentity, SiteIdentity, Status,
    TlsStatus,
};
use crate::control::{Answer, Handle, Io};
use crate::portal::PortalLinks;

/// Users that are listed.
const USERS: usize = 256;
/// Jobs that are read from the store at once.
const PAGE: usize = 512;

/// What the store knows of it.
struct Held {
    users: Vec<UserId>,
    jobs: u64,
    spool: u64,
    /// Whether any other member is known from earlier.
    acquainted: bool,
}

impl Handle<GetStatus> for Services {
    async fn handle(&self, _: GetStatus, _: Io) -> Answer<Status> {
        let membership = self.mesh.membership();
        let certificate = membership.certificate();
        let state = membership.state();
        let mesh = self.mesh.status();
        let held: Held = offload(&self.store, |store| {
            let (jobs, spool) = total(store)?;
            Ok::<_, StoreError>(Held {
                users: store
                    .local_users()
                    .scan(None, USERS)?
                    .into_iter()
                    .map(|(user, _)| user)
                    .collect(),
                jobs,
                spool,
                acquainted: !store.peers().scan(None, 1)?.is_empty(),
            })
        })
        .await
        .map_err(super::NodeError::from)?;
        let place = match membership.standing() {
            Err(CertificateError::Revoked | CertificateError::Signed(_)) => MeshState::Revoked,
            Err(_) => MeshState::Expired,
            Ok(()) if !mesh.members.is_empty() => MeshState::Joined,
            Ok(()) if held.acquainted || !self.config.bootstrap.is_empty() => MeshState::Joining,
            Ok(()) => MeshState::Alone,
        };
        let outside = self.gateway_list().await?;
        Ok(Status {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            state: place,
            node: NodeIdentity {
                id: certificate.node,
                name: certificate.name.clone(),
                roles: certificate.roles.iter().collect(),
                not_after: certificate.not_after,
            },
            site: SiteIdentity {
                id: state.site,
                name: state.name.clone(),
                sequence: state.sequence,
            },
            uptime: self.started.elapsed().as_secs(),
            peers: u32::try_from(mesh.members.len()).unwrap_or(u32::MAX),
            listening: with_peer(&self.mesh, &mesh.listening),
            users: held.users,
            jobs: held.jobs,
            spool: held.spool,
            max_spool: self.config.max_spool,
            outside: (!outside.gateways.is_empty()).then_some(outside),
            mail_hold: self.mail_hold.as_ref().map(mail_hold),
            device: match &self.printer {
                Some(printer) => Some(device(&self.config.output, printer.device()).await),
                None => None,
            },
            ipp: self.hold_printer.map(|address| {
                format!("ipp://localhost:{}{}", address.port(), papermesh_ipp::PATH)
            }),
            ipp_elsewhere: self
                .hold_printer
                .filter(|address| !address.ip().is_loopback())
                .and_then(papermesh_ipp::elsewhere),
            panel: self
                .panel
                .as_ref()
                .map(|panel| super::panel::url(panel.address)),
            tls: self.bound().next().map(|_| self.tls()),
            portal: self.portal.as_ref().map(PortalLinks::url),
            clock: membership.clock_offset(),
            pending: self
                .join_listener
                .get()
                .map(|_| u32::try_from(self.authority.pending_count()).unwrap_or(u32::MAX)),
            authority_open: self.authority.is_open().await?,
            keys_kept_by: offload(&self.store, Store::key_protector)
                .await
                .map_err(super::NodeError::from)?
                .map(|protector| protector.to_string()),
        })
    }
}

impl Services {
    fn tls(&self) -> TlsStatus {
        let shown = |places: &Places| {
            let names = places.names().iter().map(ToString::to_string);
            let addresses = places.addresses().iter().map(ToString::to_string);
            names.chain(addresses).collect()
        };
        match self.web_certificate.kept() {
            Some(kept) => TlsStatus::Site {
                places: shown(&kept.places),
                refused: shown(&kept.refused),
                not_after: kept.not_after,
            },
            None => TlsStatus::Own,
        }
    }
}

/// How many jobs are held and how many bytes they have in the spool. Blocks.
pub(super) fn total(store: &Store) -> Result<(u64, u64), StoreError> {
    let (mut jobs, mut bytes, mut after) = (0, 0, None);
    loop {
        let page = store.jobs().all(after, PAGE)?;
        jobs += page.len() as u64;
        bytes += page.iter().map(|held| held.row.sealed_size).sum::<u64>();
        after = page.last().map(|held| held.job);
        if page.len() < PAGE {
            return Ok((jobs, bytes));
        }
    }
}

/// Addresses that can be handed to `--bootstrap` elsewhere: with the peer that they lead to.
fn with_peer(mesh: &Mesh, addresses: &[String]) -> Vec<String> {
    let peer = papermesh_mesh::peer_id(mesh.node());
    addresses
        .iter()
        .map(|address| {
            if address.contains("/p2p/") {
                address.clone()
            } else {
                format!("{address}/p2p/{peer}")
            }
        })
        .collect()
}

fn mail_hold(here: &MailHoldHere) -> MailHoldStatus {
    let counts = here.counts();
    MailHoldStatus {
        address: here.address.clone(),
        is_open: here.status().is_open(),
        taken: counts.taken,
        held: counts.held,
        dropped: counts.dropped.values().sum(),
    }
}

async fn device(output: &str, device: &OutputDevice) -> DeviceStatus {
    match device.describe().await {
        Ok(described) => DeviceStatus {
            output: output.to_owned(),
            name: Some(described.make_and_model.unwrap_or(described.name)),
            ready: described.accepting && described.state != PrinterState::Stopped,
            reasons: described
                .reasons
                .into_iter()
                .map(|reason| reason.keyword)
                .collect(),
        },
        Err(error) => DeviceStatus {
            output: output.to_owned(),
            name: None,
            ready: false,
            reasons: vec![error.in_full().to_string()],
        },
    }
}
