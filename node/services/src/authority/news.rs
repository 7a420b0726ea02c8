//! News for whoever shows the site: that the devices that wait, or the members, changed.

use papermesh_mesh::MeshEvent;
use tokio::sync::broadcast::{self, error::RecvError};
use tokio::sync::watch;

use super::Authority;
use crate::network::Network;

/// Says that something changed, not what: whoever hears it looks again.
#[derive(Debug)]
pub struct SiteNews {
    registry: watch::Receiver<()>,
    mesh: broadcast::Receiver<MeshEvent>,
}

impl<N: Network> Authority<N> {
    /// News of devices that wait, of members, and of who is connected, from now on.
    #[must_use]
    pub fn news(&self) -> SiteNews {
        SiteNews {
            registry: self.0.changed.subscribe(),
            mesh: self.mesh().subscribe(),
        }
    }

    /// Says that the devices that wait, or the registry of members, are others than before.
    pub(super) fn tell_change(&self) {
        self.0.changed.send_replace(());
    }
}

impl SiteNews {
    /// Waits for the next change; false when the node stops.
    pub async fn changed(&mut self) -> bool {
        loop {
            tokio::select! {
                changed = self.registry.changed() => return changed.is_ok(),
                event = self.mesh.recv() => match event {
                    // Addresses are not shown.
                    Ok(MeshEvent::Seen(..) | MeshEvent::Addresses) => {}
                    Ok(MeshEvent::Connected(_) | MeshEvent::Parted(_) | MeshEvent::SiteState)
                    | Err(RecvError::Lagged(_)) => return true,
                    Err(RecvError::Closed) => return false,
                },
            }
        }
    }
}
