//! What the mesh learns and a restart must not forget: the newest site state, where members were
//! met, the ports that others know this node by, and the records that the DHT stores here.

mod record_store;

use std::time::Duration;

use papermesh_mesh::{Member, Membership, Mesh, MeshEvent, Ports};
use papermesh_protocol::id::NodeId;
use papermesh_protocol::remedy::Remedy;
use papermesh_protocol::time::Clock;
use papermesh_protocol::time::Timestamp;
use papermesh_store::offload::offload;
use papermesh_store::site::LastPorts;
use papermesh_store::{RememberedPeer, Store, StoreError, site};
use serde_bytes::ByteBuf;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{MissedTickBehavior, interval};

use crate::identity;

pub use record_store::RecordStore;

/// Members whose addresses are handed to the mesh at its start; it dials some of them.
const RECALLED: usize = 64;
/// How often it is noted who is connected, for the day on which the node does not end in order.
const SIGHTING: Duration = Duration::from_secs(5 * 60);

/// A member met before, and its addresses: binary multiaddrs.
pub type Recalled = (NodeId, Vec<Vec<u8>>);

/// Where members were met before, the last met first: for the mesh to find its site again.
/// Blocks on the store.
///
/// # Errors
/// [`StoreError`].
pub fn recall(store: &Store) -> Result<Vec<Recalled>, StoreError> {
    let mut peers = store.peers().scan(None, papermesh_store::PEERS_MAX)?;
    peers.sort_by_key(|(_, peer)| std::cmp::Reverse(peer.last_seen));
    let addresses =
        |peer: RememberedPeer| peer.addresses.into_iter().map(ByteBuf::into_vec).collect();
    Ok(peers
        .into_iter()
        .take(RECALLED)
        .map(|(node, peer)| (node, addresses(peer)))
        .collect())
}

/// Writes down what the mesh learns, until it ends.
pub async fn remember(store: Store, mesh: Mesh, clock: Clock) {
    let mut events = mesh.subscribe();
    // What was learned before anybody listened.
    keep_state(&store, mesh.membership()).await;
    keep_ports(&store, mesh.status().ports).await;
    let mut round = interval(SIGHTING);
    round.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let event = tokio::select! {
            event = events.recv() => event,
            _ = round.tick() => {
                let connected = mesh.status().members.into_iter();
                seen(&store, connected.map(|member| member.node).collect(), clock()).await;
                continue;
            }
        };
        match event {
            Ok(MeshEvent::SiteState) | Err(RecvError::Lagged(_)) => {
                keep_state(&store, mesh.membership()).await
            }
            Ok(MeshEvent::Connected(member)) => {
                remember_member(&store, member, None, clock()).await
            }
            Ok(MeshEvent::Seen(member, addresses)) => {
                remember_member(&store, member, Some(addresses), clock()).await
            }
            Ok(MeshEvent::Parted(node)) => seen(&store, vec![node], clock()).await,
            Ok(MeshEvent::Addresses) => keep_ports(&store, mesh.status().ports).await,
            Err(RecvError::Closed) => return,
        }
    }
}

/// The ports of last time, for the mesh to listen on again. Blocks on the store.
///
/// # Errors
/// [`StoreError`].
pub fn last_ports(store: &Store) -> Result<LastPorts, StoreError> {
    Ok(store.site().get(&site::LAST_PORTS)?.unwrap_or_default())
}

async fn keep_ports(store: &Store, ports: Ports) {
    let kept = offload(store, move |store| {
        store.site().change(&site::LAST_PORTS, |kept| {
            kept.ip4 = ports.ip4.or(kept.ip4);
            kept.ip6 = ports.ip6.or(kept.ip6);
        })
    });
    told(kept.await);
}

/// Keeps the port of the listener for devices that join.
pub async fn keep_join_port(store: &Store, port: u16) {
    let kept = offload(store, move |store| {
        store
            .site()
            .change(&site::LAST_PORTS, |kept| kept.join = Some(port))
    });
    told(kept.await);
}

fn told(kept: Result<(), StoreError>) {
    if let Err(error) = kept {
        tracing::warn!(error = %error.in_full(), "could not save listening ports; they may change on restart");
    }
}

/// Notes that members are, or were until now, connected.
async fn seen(store: &Store, nodes: Vec<NodeId>, now: Timestamp) {
    let noted: Result<(), StoreError> = offload(store, move |store| {
        nodes
            .into_iter()
            .try_for_each(|node| store.peers().seen(node, now))
    })
    .await;
    if let Err(error) = noted {
        tracing::warn!(error = %error.in_full(), "could not save when members were last seen");
    }
}

async fn keep_state(store: &Store, membership: &Membership) {
    let (charter, state) = (membership.charter(), membership.state());
    let kept: Result<(), StoreError> = offload(store, move |store| {
        identity::keep_charter(store, &charter)?;
        identity::keep_state(store, &state)
    })
    .await;
    if let Err(error) = kept {
        tracing::error!(error = %error.in_full(), "could not save charter and site state; after a restart older ones apply until members connect");
    }
}

/// Remembers a member that is connected; its addresses come a moment later.
async fn remember_member(
    store: &Store,
    member: Member,
    addresses: Option<Vec<Vec<u8>>>,
    now: Timestamp,
) {
    let node = member.node;
    let kept: Result<(), StoreError> = offload(store, move |store| {
        let addresses = match addresses {
            Some(addresses) => addresses.into_iter().map(ByteBuf::from).collect(),
            None => store
                .peers()
                .get(node)?
                .map(|known| known.addresses)
                .unwrap_or_default(),
        };
        let peer = RememberedPeer {
            name: member.certificate.name.clone(),
            roles: member.certificate.roles,
            addresses,
            last_seen: now,
            certificate: Some(member.certificate.envelope().clone()),
        };
        store.peers().remember(node, peer)
    })
    .await;
    if let Err(error) = kept {
        tracing::warn!(%node, error = %error.in_full(), "could not save a member's addresses");
    }
}
