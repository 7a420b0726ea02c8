//! Where devices join, on an admin's node.

use std::net::SocketAddr;
use std::time::Duration;

use papermesh_mesh::join::{JoinListener, JoinRequest, ListenerConfig};
use papermesh_mesh::{self as mesh, Multiaddr};
use papermesh_services::clock;
use papermesh_services::mesh_state;
use papermesh_store::offload::offload;
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::{NodeError, Services};

/// How long a device that is just joining may keep the node from ending.
const CLOSING: Duration = Duration::from_secs(5);

impl Services {
    /// Lets devices join here, if that does not happen already.
    pub(super) async fn open_join_listener(&self) -> Result<(), NodeError> {
        if self.join_listener.get().is_some() {
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
        let config = ListenerConfig {
            listen,
            announce: self.config.mdns,
            site: state.site,
            site_name: state.name.clone(),
            clock: clock::steady,
        };
        let (listener, requests) = self.start_join_listener(config).await?;
        mesh_state::keep_join_port(&self.store, listener.port()).await;
        self.later.spawn(self.authority.clone().admit(requests));
        let _ = self.join_listener.set(listener);
        Ok(())
    }

    /// Lets devices join here no more, and waits until those that are being admitted are.
    pub(super) async fn close_join_listener(&self) {
        if let Some(listener) = self.join_listener.get() {
            listener.stop();
        }
        self.later.close();
        if timeout(CLOSING, self.later.wait()).await.is_err() {
            tracing::warn!("stopped although a device was still joining");
        }
    }

    /// Where the configuration leaves the port open, that of last time is tried first: invites
    /// and screens name it.
    async fn start_join_listener(
        &self,
        config: ListenerConfig,
    ) -> Result<(JoinListener, mpsc::Receiver<JoinRequest>), NodeError> {
        if config.listen.port() == 0 {
            let last = offload(&self.store, mesh_state::last_ports).await?.join;
            let again = last.map(|port| ListenerConfig {
                listen: SocketAddr::new(config.listen.ip(), port),
                ..config.clone()
            });
            if let Some(again) = again
                && let Ok(started) = JoinListener::start(&self.seed, again).await
            {
                return Ok(started);
            }
        }
        Ok(JoinListener::start(&self.seed, config).await?)
    }
}
