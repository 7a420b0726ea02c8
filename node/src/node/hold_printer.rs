//! The hold printer of a client: put together, and kept informed of what the site's printers can
//! do.

use std::net::SocketAddr;
use std::time::Duration;

use papermesh_door::Guest;
use papermesh_ipp::{HoldPrinter, HoldPrinterError, Identity, Outside, Owners};
use papermesh_mesh::Membership;
use papermesh_protocol::remedy::Remedy;
use papermesh_services::holder::Holder;
use papermesh_services::local_users::LocalUsers;
use papermesh_web::{Arrival, Certificates, FromSite, Knocks, PublicCertificates};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use super::{Network, NodeError};
use crate::config::{Config, Home};
use crate::hold_queue::HoldQueue;
use crate::outside;

/// How soon after the start printers are asked what they can do, and how often: an office buys a
/// printer less often.
const FIRST: Duration = Duration::from_secs(20);
/// See [`FIRST`].
const AGAIN: Duration = Duration::from_secs(15 * 60);
/// Printers that are asked each time.
const ASKED: usize = 64;

/// Starts the hold printer, unless it is switched off; says where it listens. An address that
/// nobody demanded may be taken: then this node has none.
pub(super) async fn start(
    (home, config, membership): (&Home, &Config, &Membership),
    (holder, local_users): (&Holder<Network>, &LocalUsers<Network>),
    (site_certificate, public): (&FromSite, &PublicCertificates),
    outsiders: mpsc::Receiver<Arrival<Guest>>,
    tasks: &mut JoinSet<()>,
) -> Result<Option<SocketAddr>, NodeError> {
    let Some(address) = config.ipp.address() else {
        return Ok(None);
    };
    let site = membership.state();
    let identity = Identity {
        name: format!("{} Papermesh", site.name),
        location: membership.certificate().name.to_string(),
        organization: site.name.to_string(),
        seed: membership.node().as_bytes().to_vec(),
    };
    let owners = Owners {
        users: config.ipp_users.clone(),
        default_user: config.ipp_default_user.clone(),
        operators: config.ipp_operators.iter().cloned().collect(),
        domains: config.ipp_domains.clone(),
        spoolers: config.ipp_accounts.clone(),
        internet_pins: config.internet_pin,
    };
    let certificates = Certificates {
        own: home.hold_printer_certificate(),
        site: site_certificate.clone(),
    };
    let queue = HoldQueue(holder.clone(), local_users.clone());
    let bound = HoldPrinter::bind(address, &certificates, (identity, owners), queue.clone()).await;
    let printer = match bound {
        Ok(printer) => printer,
        Err(HoldPrinterError::Listen { source, .. }) if !config.ipp_demanded => {
            tracing::warn!(%address, error = %source, "no hold printer: its address is in use; choose another with --ipp");
            return Ok(None);
        }
        Err(error) => return Err(error.into()),
    };
    let address = printer.address().unwrap_or(address);
    tracing::info!(%address, "hold printer");
    let knocks = Knocks::new(&home.place_certificate(), public).map_err(HoldPrinterError::from)?;
    let outside = Outside {
        knocks,
        arriving: outsiders,
        pages: outside::pages(queue, site.name.clone()),
    };
    tasks.spawn(printer.serve(config.mdns, outside));
    tasks.spawn(ask_printers(holder.clone()));
    Ok(Some(address))
}

/// Asks printers what they can do, so that dialogs offer it.
async fn ask_printers(holder: Holder<Network>) {
    let mut times = interval_at(Instant::now() + FIRST, AGAIN);
    times.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        times.tick().await;
        let printers = match holder.printers().await {
            Ok(printers) => printers,
            Err(error) => {
                tracing::warn!(error = %error.in_full(), "could not ask printers for their capabilities");
                continue;
            }
        };
        for printer in printers.iter().take(ASKED) {
            if let Err(error) = holder.abilities(printer).await {
                tracing::debug!(printer = %printer.name(), error = %error.in_full(), "printer did not report its capabilities");
            }
        }
    }
}
