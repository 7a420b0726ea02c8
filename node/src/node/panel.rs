//! The panel of a printer: put together.

use std::net::SocketAddr;

use papermesh_services::printer::Printer;
use papermesh_web::{Certificates, FromSite, ListenError};
use tokio::task::JoinSet;

use super::{Network, NodeError};
use crate::config::{Config, Home};
use crate::panel::badge::{ReaderKind, ReaderWord, Rule};
use crate::panel::{Panel, PanelError, Reader, Setting};

/// A panel that answers.
pub(super) struct PanelHere {
    /// Where it listens.
    pub(super) address: SocketAddr,
    /// How its badge reader is, if it has one.
    pub(super) reader: Option<ReaderWord>,
}

/// Starts the panel, unless it is switched off; says where it listens. An address that nobody
/// demanded may be taken: then this node has none.
pub(super) async fn start(
    home: &Home,
    config: &Config,
    (printer, site_certificate): (&Printer<Network>, &FromSite),
    tasks: &mut JoinSet<()>,
) -> Result<Option<PanelHere>, NodeError> {
    let reader = reader(config)?;
    let Some(address) = config.panel.address() else {
        return Ok(None);
    };
    let certificates = Certificates {
        own: home.panel_certificate(),
        site: site_certificate.clone(),
    };
    let word = reader.as_ref().map(|reader| reader.word.clone());
    let setting = Setting {
        reader,
        idle: Some(config.panel_idle),
        remote: config.panel_remote.clone(),
        launch: config.panel_launch.clone(),
    };
    let panel = match Panel::bind(address, &certificates, printer.clone(), setting).await {
        Ok(panel) => panel,
        Err(PanelError::Listen(ListenError::Address { source, .. })) if !config.panel_demanded => {
            tracing::warn!(%address, error = %source, "no panel: its address is in use; choose another with --panel");
            return Ok(None);
        }
        Err(error) => return Err(error.into()),
    };
    let address = panel.address().unwrap_or(address);
    tracing::info!(url = url(address), "panel");
    tasks.spawn(panel.serve());
    Ok(Some(PanelHere {
        address,
        reader: word,
    }))
}

/// The badge reader that is configured.
fn reader(config: &Config) -> Result<Option<Reader>, NodeError> {
    let rule = config.badge_rule.as_deref().map(str::parse::<Rule>);
    let rule = rule.transpose().map_err(NodeError::BadgeReader)?;
    let kind = config.badge_reader.as_deref().map(str::parse::<ReaderKind>);
    let kind = kind.transpose().map_err(NodeError::BadgeReader)?;
    Ok(kind.map(|kind| Reader {
        kind,
        rule: rule.unwrap_or_default(),
        word: ReaderWord::default(),
    }))
}

/// Where a browser finds the panel: by plain HTTP on this computer, by HTTPS from elsewhere.
pub(super) fn url(address: SocketAddr) -> String {
    match address.ip() {
        ip if ip.is_loopback() => format!("http://{address}/"),
        ip if ip.is_unspecified() => format!("http://localhost:{}/", address.port()),
        _ => format!("https://{address}/"),
    }
}
