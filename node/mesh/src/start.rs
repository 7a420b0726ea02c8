//! The start of a mesh: the swarm is put together and listens, its streams are accepted, and the
//! [`EventLoop`] is begun that owns it from then on.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use libp2p::core::Transport;
use libp2p::core::upgrade::Version;
use libp2p::{Swarm, SwarmBuilder, tcp};
use tokio::sync::{broadcast, mpsc, watch};
use tokio_util::compat::FuturesAsyncReadCompatExt;

use super::behaviour::{self, Behaviour, MeshConfig};
use super::event_loop::EventLoop;
use super::handle::{
    COMMANDS, CONNECT_TIMEOUT, EVENTS, INCOMING, Incoming, Mesh, MeshError, MeshStatus, Protocol,
    Streams,
};
use super::handshake::MemberUpgrade;
use super::membership::Membership;
use super::muxer::MuxerUpgrade;
use super::peer::{keypair, node_of};
use super::pending::PendingConnections;
use super::records::RecordStorage;
use super::{clocks, ports, site_sync};

/// Connections are kept this long without use: they carry revocations and make the next login fast.
const IDLE: Duration = Duration::from_secs(30 * 60);

/// Starts the mesh of a node with this key.
pub fn start(
    seed: &[u8; 32],
    membership: Arc<Membership>,
    storage: Box<dyn RecordStorage>,
    config: MeshConfig,
) -> Result<(Mesh, Streams), MeshError> {
    let identity = keypair(seed).map_err(|_| MeshError::Protocol)?;
    let upgrade = {
        let membership = membership.clone();
        move |identity: &libp2p::identity::Keypair| MemberUpgrade::new(identity, membership)
    };
    let transport = |error: &dyn std::fmt::Display| MeshError::Transport(error.to_string());
    // The builder gives no more of an error than its text.
    let mut failed = None;
    let mut swarm = SwarmBuilder::with_existing_identity(identity)
        .with_tokio()
        .with_other_transport(
            |identity| -> Result<_, Box<dyn std::error::Error + Send + Sync>> {
                let pending = PendingConnections::new(
                    behaviour::PENDING_SLOTS,
                    behaviour::PENDING_SLOTS_PER_ADDRESS,
                );
                let admitting = pending.clone();
                Ok(
                    tcp::tokio::Transport::new(tcp::Config::default().nodelay(true))
                        .map(move |socket, point| pending.enter(socket, &point))
                        .upgrade(Version::V1Lazy)
                        .authenticate(upgrade.clone()(identity)?)
                        .multiplex(MuxerUpgrade::default())
                        .map(move |connection, point| {
                            admitting.admit(&point);
                            connection
                        }),
                )
            },
        )
        .map_err(|error| transport(&error))?
        .with_dns()
        .map_err(|error| transport(&error))?
        .with_relay_client(upgrade, MuxerUpgrade::default)
        .map_err(|error| transport(&error))?
        .with_behaviour(|identity, relay_client| {
            Behaviour::new(identity, &membership, storage, relay_client, &config)
                .map_err(|error| failed.insert(error).to_string().into())
        })
        .map_err(|error| failed.take().unwrap_or_else(|| transport(&error)))?
        .with_swarm_config(|swarm| swarm.with_idle_connection_timeout(IDLE))
        .with_connection_timeout(CONNECT_TIMEOUT)
        .build();
    let (commands, inbox) = mpsc::channel(COMMANDS);
    let (events, _) = broadcast::channel(EVENTS);
    let (view, status) = watch::channel(MeshStatus::default());
    let mesh = Mesh {
        membership: membership.clone(),
        commands,
        streams: swarm.behaviour().streams.new_control(),
        events,
        status,
    };
    let editions = membership.editions();
    listen(&mut swarm, &config)?;
    let event_loop = EventLoop::new(swarm, mesh.clone(), view, config, editions);
    let streams = accept_all(&mesh)?;
    tokio::spawn(event_loop.run(inbox));
    Ok((mesh, streams))
}

/// Listens at the addresses of the configuration, at last time's ports if they are free.
fn listen(swarm: &mut Swarm<Behaviour>, config: &MeshConfig) -> Result<(), MeshError> {
    let mut heard = false;
    let mut unheard = None;
    for address in &config.listen {
        let last = config.last_ports.fill(address);
        if let Some(last) = last.filter(|last| ports::is_free_at(last).is_ok())
            && swarm.listen_on(last).is_ok()
        {
            heard = true;
            continue;
        }
        let listening = ports::is_free_at(address)
            .map_err(|error| error.to_string())
            .and_then(|()| {
                let listening = swarm.listen_on(address.clone());
                listening.map_err(|error| error.to_string())
            });
        let refused = |reason| MeshError::Listen {
            address: address.clone(),
            reason,
        };
        match listening {
            Ok(_) => heard = true,
            // A machine without IPv6, or without IPv4, was not asked for either by name.
            Err(reason) if ports::is_any(address) => {
                tracing::info!(%address, %reason, "could not listen");
                unheard = Some(refused(reason));
            }
            Err(reason) => return Err(refused(reason)),
        }
    }
    if let Some(error) = unheard.filter(|_| !heard) {
        return Err(error);
    }
    for address in &config.announce {
        swarm.add_external_address(address.clone());
    }
    Ok(())
}

/// Accepts the streams of all protocols, in a tight loop each: libp2p drops what is not taken at
/// once. Site states and times are exchanged here; the rest waits, bounded, for its service.
fn accept_all(mesh: &Mesh) -> Result<Streams, MeshError> {
    let membership = mesh.membership.clone();
    let mut site = mesh
        .streams
        .clone()
        .accept(Protocol::Site.name())
        .map_err(|_| MeshError::Protocol)?;
    tokio::spawn(async move {
        while let Some((_, stream)) = site.next().await {
            let membership = membership.clone();
            tokio::spawn(async move {
                if let Err(error) = site_sync::answer(&membership, &mut stream.compat()).await {
                    tracing::debug!(%error, "site state exchange failed");
                }
            });
        }
    });
    let membership = mesh.membership.clone();
    let mut clock = mesh
        .streams
        .clone()
        .accept(Protocol::Clock.name())
        .map_err(|_| MeshError::Protocol)?;
    tokio::spawn(async move {
        while let Some((peer, stream)) = clock.next().await {
            let (Some(from), membership) = (node_of(&peer), membership.clone()) else {
                continue;
            };
            tokio::spawn(async move {
                if let Err(error) = clocks::answer(&membership, from, &mut stream.compat()).await {
                    tracing::debug!(%error, "could not send the time");
                }
            });
        }
    });
    let accept = |protocol: Protocol| {
        let mut arriving = mesh
            .streams
            .clone()
            .accept(protocol.name())
            .map_err(|_| MeshError::Protocol)?;
        let membership = mesh.membership.clone();
        let (queue, incoming) = mpsc::channel(INCOMING);
        tokio::spawn(async move {
            while let Some((peer, stream)) = arriving.next().await {
                let Some(from) = node_of(&peer).and_then(|node| membership.member(node)) else {
                    continue;
                };
                let stream = stream.compat();
                if let Err(mpsc::error::TrySendError::Full(_)) =
                    queue.try_send(Incoming { from, stream })
                {
                    tracing::warn!(
                        ?protocol,
                        "dropped a stream: too many are waiting for the service"
                    );
                }
            }
        });
        Ok(incoming)
    };
    let accepted = Protocol::OF_SERVICES.map(|protocol| Ok((protocol, accept(protocol)?)));
    let accepted: Result<_, MeshError> = accepted.into_iter().collect();
    Ok(Streams(accepted?))
}
