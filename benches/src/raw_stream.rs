//! What a release is compared with: a stream of libp2p as it comes, TCP, Noise and Yamux with their
//! defaults, between two processes. The sender has the bytes in memory, the receiver throws them
//! away: no disk, no cipher but that of the connection, no printing.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use futures::{AsyncReadExt, AsyncWriteExt, StreamExt};
use libp2p::swarm::SwarmEvent;
use libp2p::{Multiaddr, PeerId, StreamProtocol, Swarm, SwarmBuilder, noise, tcp, yamux};
use serde::{Deserialize, Serialize};

use crate::part::{self, Part};

/// The name of the sending part.
pub(crate) const SENDER: &str = "raw-stream-sender";
/// The name of the receiving part.
pub(crate) const RECEIVER: &str = "raw-stream-receiver";

const PROTOCOL: StreamProtocol = StreamProtocol::new("/papermesh/bench/1");
/// Bytes that each side gives to the stream or takes from it at once.
const BUFFER: usize = 256 * 1024;
/// Longer than any measurement.
const IDLE: Duration = Duration::from_secs(3600);

/// Both sides, connected.
pub(crate) struct RawStream {
    _sender: Part,
    receiver: Part,
}

/// Where the sender is.
#[derive(Serialize, Deserialize)]
pub(crate) struct SenderAddress {
    peer: Vec<u8>,
    address: Multiaddr,
}

impl RawStream {
    /// Starts and connects both.
    pub(crate) fn start() -> Result<Self> {
        let (sender, place) = Part::start::<SenderAddress>(SENDER, &())?;
        let (receiver, ()) = Part::start(RECEIVER, &place)?;
        Ok(Self {
            _sender: sender,
            receiver,
        })
    }

    /// Moves so many bytes; gives the time from the first to the last.
    pub(crate) fn receive(&mut self, size: u64) -> Result<Duration> {
        self.receiver.ask(&size)
    }
}

fn swarm() -> Result<Swarm<libp2p_stream::Behaviour>> {
    Ok(SwarmBuilder::with_new_identity()
        .with_tokio()
        .with_tcp(
            tcp::Config::default(),
            noise::Config::new,
            yamux::Config::default,
        )?
        .with_behaviour(|_| libp2p_stream::Behaviour::new())?
        .with_swarm_config(|config| config.with_idle_connection_timeout(IDLE))
        .build())
}

/// The sending process.
pub(crate) async fn send() -> Result<()> {
    let mut swarm = swarm()?;
    let mut arriving = swarm.behaviour().new_control().accept(PROTOCOL)?;
    swarm.listen_on("/ip4/127.0.0.1/tcp/0".parse()?)?;
    let address = loop {
        if let SwarmEvent::NewListenAddr { address, .. } = swarm.select_next_some().await {
            break address;
        }
    };
    let peer = swarm.local_peer_id().to_bytes();
    tokio::spawn(async move { while swarm.next().await.is_some() {} });
    tokio::spawn(async move {
        while let Some((_, stream)) = arriving.next().await {
            tokio::spawn(answer(stream));
        }
    });
    part::say(&SenderAddress { peer, address })?;
    while let Some(()) = part::told().await? {}
    Ok(())
}

async fn answer(mut stream: libp2p::Stream) -> Result<()> {
    let mut size = [0; 8];
    stream.read_exact(&mut size).await?;
    let mut left = usize::try_from(u64::from_be_bytes(size))?;
    let buffer = vec![0x5a; BUFFER];
    while left > 0 {
        let now = left.min(buffer.len());
        stream.write_all(&buffer[..now]).await?;
        left -= now;
    }
    stream.close().await?;
    Ok(())
}

/// The receiving process.
pub(crate) async fn receive(from: SenderAddress) -> Result<()> {
    let mut swarm = swarm()?;
    let mut control = swarm.behaviour().new_control();
    let peer = PeerId::from_bytes(&from.peer).context("the sender's peer id")?;
    swarm.dial(from.address)?;
    while !matches!(
        swarm.select_next_some().await,
        SwarmEvent::ConnectionEstablished { .. }
    ) {}
    tokio::spawn(async move { while swarm.next().await.is_some() {} });
    part::say(&())?;
    let mut buffer = vec![0; BUFFER];
    while let Some(size) = part::told::<u64>().await? {
        let mut stream = control.open_stream(peer, PROTOCOL).await?;
        stream.write_all(&size.to_be_bytes()).await?;
        let mut received = stream.read(&mut buffer).await? as u64;
        let begun = Instant::now();
        loop {
            match stream.read(&mut buffer).await? {
                0 => break,
                read => received += read as u64,
            }
        }
        ensure!(received == size, "{received} bytes of {size}");
        part::say(&begun.elapsed())?;
    }
    Ok(())
}
