//! The infrastructure printer of a printer whose device is whoever fetches: put together.

use std::net::SocketAddr;
use std::time::Duration;

use papermesh_device::{OutputDevice, ProxyId};
use papermesh_infra::{
    Admitted, Identity, InfraPrinter, KeptSubscription, NotAdmitted, NotKept, Registration, Tokens,
};
use papermesh_mesh::Membership;
use papermesh_protocol::gateway::token::DeviceToken;
use papermesh_protocol::id::TokenDigest;
use papermesh_protocol::remedy::Remedy;
use papermesh_services::clock;
use papermesh_services::device_tokens::{DeviceTokenError, DeviceTokens};
use papermesh_services::printer::Printer;
use papermesh_store::{DeviceTokenRow, ProxyRow, SubscriptionRow};
use papermesh_web::{Certificates, FromSite};
use serde_bytes::ByteBuf;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::{Network, NodeError};
use crate::config::{Config, Home};

/// Starts the infrastructure printer, if that is this printer's device; says where it listens. Without its
/// address nothing could ever be printed, so the node does not start then.
pub(super) async fn start(
    (home, config, membership): (&Home, &Config, &Membership),
    (printer, tokens): (&Printer<Network>, DeviceTokens),
    site_certificate: &FromSite,
    tasks: &mut JoinSet<()>,
) -> Result<Option<SocketAddr>, NodeError> {
    let OutputDevice::Infra(device) = printer.device() else {
        return Ok(None);
    };
    let site = membership.state();
    let identity = Identity {
        name: membership.certificate().name.to_string(),
        organization: site.name.to_string(),
        seed: membership.node().as_bytes().to_vec(),
    };
    let certificates = Certificates {
        own: home.infra_printer_certificate(),
        site: site_certificate.clone(),
    };
    let served = (device.clone(), Kept(tokens));
    let (address, clock) = (config.infra, clock::now);
    let bound = InfraPrinter::bind(address, &certificates, identity, served, clock).await?;
    let address = bound.address().unwrap_or(address);
    tracing::info!(%address, name = device.name(), "infrastructure printer");
    tasks.spawn(bound.serve());
    Ok(Some(address))
}

/// Device tokens as the infrastructure printer asks for them.
#[derive(Clone)]
struct Kept(DeviceTokens);

impl Tokens for Kept {
    async fn admit(
        &self,
        token: &DeviceToken,
        proxy: Option<&ProxyId>,
    ) -> Result<Admitted, NotAdmitted> {
        let device = proxy.map(ToString::to_string);
        match self.0.admit(token, device).await {
            Ok(row) => Ok(admitted(row)),
            Err(DeviceTokenError::Unknown) => Err(NotAdmitted::Unknown),
            Err(DeviceTokenError::Another) => Err(NotAdmitted::Another),
            Err(error) => Err(NotAdmitted::Failed(error.in_full().to_string())),
        }
    }

    async fn good(&self) -> Result<Vec<Admitted>, NotKept> {
        let all = self.0.all().await.map_err(not_kept)?;
        Ok(all.into_iter().map(admitted).collect())
    }

    fn withdrawn(&self) -> watch::Receiver<()> {
        self.0.withdrawn()
    }

    async fn kept(&self, token: TokenDigest) -> Result<Registration, NotKept> {
        let row = self.0.kept(token).await.map_err(not_kept)?;
        let subscriptions = row.subscriptions.into_iter();
        Ok(Registration {
            attributes: row.attributes.into_vec(),
            subscriptions: subscriptions.map(|row| subscription(token, row)).collect(),
        })
    }

    async fn keep(&self, token: TokenDigest, registration: Registration) -> Result<(), NotKept> {
        let subscriptions = registration.subscriptions.into_iter();
        let row = ProxyRow {
            attributes: registration.attributes.into(),
            subscriptions: subscriptions.map(subscription_row).collect(),
        };
        self.0.keep(token, row).await.map_err(not_kept)
    }
}

fn admitted(row: DeviceTokenRow) -> Admitted {
    Admitted {
        token: row.token,
        proxy: row.device.and_then(|device| device.parse().ok()),
    }
}

fn not_kept(error: DeviceTokenError) -> NotKept {
    NotKept(error.in_full().to_string())
}

fn subscription(owner: TokenDigest, row: SubscriptionRow) -> KeptSubscription {
    KeptSubscription {
        id: row.id,
        owner,
        events: row.events,
        user_data: row.user_data.map(ByteBuf::into_vec),
        lease: Duration::from_secs(row.lease),
        expires_at: row.expires_at,
        sequence: row.sequence,
    }
}

fn subscription_row(kept: KeptSubscription) -> SubscriptionRow {
    SubscriptionRow {
        id: kept.id,
        events: kept.events,
        user_data: kept.user_data.map(ByteBuf::from),
        lease: kept.lease.as_secs(),
        expires_at: kept.expires_at,
        sequence: kept.sequence,
    }
}
