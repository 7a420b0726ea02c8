//! Two transports and what goes between them, to the nanosecond.
#![allow(clippy::unwrap_used)]

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use futures::{AsyncReadExt, AsyncWriteExt};
use libp2p::core::Endpoint;
use libp2p::core::muxing::{StreamMuxerBox, StreamMuxerExt};
use libp2p::core::transport::{DialOpts, ListenerId, PortUse, TransportEvent};
use libp2p::{PeerId, Transport as _};
use papermesh_sim_clock as clock;
use papermesh_sim_net::{Delay, LinkConfig, Net, NodeNumber, Transport, WireCosts, address};
use papermesh_sim_rt::World;

const MS: u64 = 1_000_000;

struct TenMillis;
impl Delay for TenMillis {
    fn between(&self, _: NodeNumber, _: NodeNumber) -> u64 {
        10 * MS
    }
}

type Seen = Arc<Mutex<Vec<(&'static str, u64)>>>;

fn see(seen: &Seen, what: &'static str) {
    seen.lock().unwrap().push((what, clock::now() / MS));
}

fn network() -> Net {
    let net = Net::new(2, TenMillis, LinkConfig::default(), WireCosts::default());
    net.enter(0, PeerId::random());
    net.enter(1, PeerId::random());
    net
}

/// Listens, and answers the first stream with what it brings.
async fn echo(net: Net, seen: Seen) {
    let mut transport = Transport::new(net, 1);
    transport.listen_on(ListenerId::next(), address(1)).unwrap();
    loop {
        let event = poll_fn(|cx| Pin::new(&mut transport).poll(cx)).await;
        if let TransportEvent::Incoming { upgrade, .. } = event {
            let Ok((_, mut muxer)) = upgrade.await else {
                see(&seen, "not accepted");
                continue;
            };
            see(&seen, "accepted");
            let mut stream = inbound(&mut muxer).await.unwrap();
            let mut read = Vec::new();
            stream.read_to_end(&mut read).await.unwrap();
            see(&seen, "heard");
            stream.write_all(&read).await.unwrap();
            stream.close().await.unwrap();
            assert!(inbound(&mut muxer).await.is_err());
            see(&seen, "left");
        }
    }
}

async fn inbound(
    muxer: &mut StreamMuxerBox,
) -> std::io::Result<libp2p::core::muxing::SubstreamBox> {
    poll_fn(|cx| {
        // Connections are told of by whoever polls them.
        let _ = muxer.poll_unpin(cx);
        muxer.poll_inbound_unpin(cx)
    })
    .await
}

fn dial(
    transport: &mut Transport,
) -> impl Future<Output = std::io::Result<(PeerId, StreamMuxerBox)>> {
    let options = DialOpts {
        role: Endpoint::Dialer,
        port_use: PortUse::New,
    };
    transport.dial(address(1), options).unwrap()
}

#[test]
fn a_stream_there_and_back() {
    let (mut net, mut world, seen) = (network(), World::new(), Seen::default());
    world.spawner(1).spawn(echo(net.clone(), seen.clone()));
    let (handle, said) = (net.clone(), seen.clone());
    world.spawner(0).spawn(async move {
        let mut transport = Transport::new(handle, 0);
        let (_, mut muxer) = dial(&mut transport).await.unwrap();
        see(&said, "dialed");
        let mut stream = poll_fn(|cx| muxer.poll_outbound_unpin(cx)).await.unwrap();
        // More than a window, so that the writer waits for the reader.
        let sent = vec![7; 600_000];
        stream.write_all(&sent).await.unwrap();
        stream.close().await.unwrap();
        let mut read = Vec::new();
        stream.read_to_end(&mut read).await.unwrap();
        assert_eq!(read, sent);
        see(&said, "answered");
    });
    world.run(&mut net, 1000 * MS).unwrap();
    // Three round trips for the dialer, half a one less for the listener; then a window, and each further one as soon
    // as the one before was read.
    let expected = [
        ("accepted", 50),
        ("dialed", 60),
        ("heard", 90),
        ("answered", 120),
        ("left", 130),
    ];
    assert_eq!(*seen.lock().unwrap(), expected);
    assert_eq!(net.counters().open, 0);
    assert!(net.counters().bytes > 1_200_000);
}

#[test]
fn nobody_listens_and_nobody_is_there() {
    let (mut net, mut world, seen) = (network(), World::new(), Seen::default());
    let (handle, said) = (net.clone(), seen.clone());
    world.spawner(0).spawn(async move {
        let mut transport = Transport::new(handle.clone(), 0);
        let refused = dial(&mut transport).await.map(|_| ()).unwrap_err();
        assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused);
        see(&said, "refused");
        handle.set_reachable(1, false);
        let _ = dial(&mut transport).await;
        see(&said, "never");
    });
    world.run(&mut net, 60_000 * MS).unwrap();
    assert_eq!(*seen.lock().unwrap(), [("refused", 20)]);
    drop(world);
    assert_eq!(net.counters().open, 0);
}
