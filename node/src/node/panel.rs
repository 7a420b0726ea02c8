//! The panel of a printer: put together.

use std::net::SocketAddr;

use tokio::task::JoinSet;

use super::{Network, NodeError};
use crate::config::{Config, Home};
use crate::panel::Panel;
use crate::panel::badge::ReaderKind;
use crate::printer::Printer;
use crate::web::{Certificates, FromSite, ListenError};

/// Starts the panel, unless it is switched off; says where it listens. An address that nobody
/// demanded may be taken: then this node has none.
pub(super) async fn start(
    home: &Home,
    config: &Config,
    (printer, site_certificate): (&Printer<Network>, &FromSite),
    tasks: &mut JoinSet<()>,
) -> Result<Option<SocketAddr>, NodeError> {
    let reader = config.badge_reader.as_deref().map(str::parse::<ReaderKind>);
    let reader = reader.transpose().map_err(NodeError::BadgeReader)?;
    let Some(address) = config.panel.address() else {
        return Ok(None);
    };
    let certificates = Certificates {
        own: home.panel_certificate(),
        site: site_certificate.clone(),
    };
    let setting = (reader, config.panel_idle);
    let panel = match Panel::bind(address, &certificates, printer.clone(), setting).await {
        Ok(panel) => panel,
        Err(ListenError::Address { source, .. }) if !config.panel_demanded => {
            tracing::warn!(%address, error = %source, "no panel: its address is taken; name another with --panel");
            return Ok(None);
        }
        Err(error) => return Err(error.into()),
    };
    let address = panel.address().unwrap_or(address);
    tracing::info!(url = url(address), "panel");
    tasks.spawn(panel.serve());
    Ok(Some(address))
}

/// Where a browser finds the panel: by plain HTTP on this computer, by HTTPS from elsewhere.
pub(super) fn url(address: SocketAddr) -> String {
    match address.ip() {
        ip if ip.is_loopback() => format!("http://{address}/"),
        ip if ip.is_unspecified() => format!("http://localhost:{}/", address.port()),
        _ => format!("https://{address}/"),
    }
}
