//! Where devices join, on an admin's node.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::timeout;

use super::{NodeError, Services};
use crate::clock;
use crate::memory;
use crate::mesh::join::{JoinListener, JoinRequest, ListenerConfig};
use crate::mesh::{self, Multiaddr};
use crate::offload::offload;

/// How long a device that is just joining may keep the node from ending.
const CLOSING: Duration = Duration::from_secs(5);

impl Services {
    /// Lets devices join here, if that does not happen already.
    pub(super) async fn open_door(&self) -> Result<(), NodeError> {
        if self.door.get().is_some() {
            return Ok(());
        }
        let state = self.mesh.membership().state();
        let listen = self
            .config
            .join_listen
            .iter()
            .find_map(|text| {
                text.parse::<Multiaddr>()
                    .ok()
                    .as_ref()
                    .and_then(mesh::socket_of)
            })
            .ok_or(NodeError::JoinListen)?;
        let door = ListenerConfig {
            listen,
            announce: self.config.mdns,
            site: state.site,
            site_name: state.name.clone(),
            clock: clock::steady,
        };
        let (listener, requests) = self.join_listener(door).await?;
        memory::keep_join_port(&self.store, listener.port()).await;
        self.later.spawn(self.authority.clone().admit(requests));
        let _ = self.door.set(listener);
        Ok(())
    }

    /// Lets devices join here no more, and waits until those that are being admitted are.
    pub(super) async fn close_door(&self) {
        if let Some(listener) = self.door.get() {
            listener.stop();
        }
        self.later.close();
        if timeout(CLOSING, self.later.wait()).await.is_err() {
            tracing::warn!("stopped although a device was still joining");
        }
    }

    /// Where the configuration leaves the port open, that of last time is tried first: invites
    /// and screens name it.
    async fn join_listener(
        &self,
        door: ListenerConfig,
    ) -> Result<(JoinListener, mpsc::Receiver<JoinRequest>), NodeError> {
        if door.listen.port() == 0 {
            let last = offload(&self.store, memory::last_ports).await?.join;
            let again = last.map(|port| ListenerConfig {
                listen: SocketAddr::new(door.listen.ip(), port),
                ..door.clone()
            });
            if let Some(again) = again
                && let Ok(started) = JoinListener::start(&self.seed, again).await
            {
                return Ok(started);
            }
        }
        Ok(JoinListener::start(&self.seed, door).await?)
    }
}
