//! The site's printers.

use futures::{StreamExt, stream};
use papermesh_services::holder::KnownPrinter;

use super::super::Services;
use crate::control::message::{ListPrinters, Printer};
use crate::control::{Answer, Handle, Io};
use crate::node::NodeError;

/// Printers that are listed.
const LISTED: usize = 256;
/// Printers that are asked at once.
const AT_ONCE: usize = 32;

impl Services {
    fn queue_of(&self, printer: &KnownPrinter) -> Option<String> {
        let port = self.hold_printer?.port();
        let path = papermesh_ipp::station_path(printer.name().as_str());
        Some(format!("ipp://localhost:{port}{path}"))
    }
}

impl Handle<ListPrinters> for Services {
    async fn handle(&self, _: ListPrinters, _: Io) -> Answer<Vec<Printer>> {
        let holder = self.holder()?;
        let mut known = holder.printers().await.map_err(NodeError::from)?;
        known.truncate(LISTED);
        let asked = stream::iter(known).map(|printer: KnownPrinter| async move {
            Printer {
                name: printer.name().clone(),
                node: printer.node(),
                last_seen: printer.last_seen,
                abilities: holder.abilities(&printer).await.ok(),
                queue: self.queue_of(&printer),
            }
        });
        Ok(asked.buffered(AT_ONCE).collect().await)
    }
}
