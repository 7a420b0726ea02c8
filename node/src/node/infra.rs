//! The infrastructure printer of a printer whose device is whoever fetches: put together.

use std::net::SocketAddr;

use papermesh_device::{OutputDevice, ProxyId};
use papermesh_infra::{Admitted, Identity, InfraPrinter, NotAdmitted, Tokens};
use papermesh_mesh::Membership;
use papermesh_protocol::gateway::token::DeviceToken;
use papermesh_protocol::remedy::Remedy;
use papermesh_services::clock;
use papermesh_services::device_tokens::{DeviceTokenError, DeviceTokens};
use papermesh_services::printer::Printer;
use papermesh_web::{Certificates, FromSite};
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
        let row = match self.0.admit(token, device).await {
            Ok(row) => row,
            Err(DeviceTokenError::Unknown) => return Err(NotAdmitted::Unknown),
            Err(DeviceTokenError::Another) => return Err(NotAdmitted::Another),
            Err(error) => return Err(NotAdmitted::Failed(error.in_full().to_string())),
        };
        Ok(Admitted {
            token: row.token,
            proxy: row.device.and_then(|device| device.parse().ok()),
        })
    }
}
