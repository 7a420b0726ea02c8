//! Slots for pending connections: those of which nobody knows yet whose they are.
//!
//! A handshake that was begun costs its sender nothing and us a socket, a task and a slot. So each
//! address has a few slots and no more, and none is ever refused to a newcomer: one that came
//! earlier from the same address leaves instead, and of those one that has said nothing if there is
//! one. So connections that keep silent keep nobody out, whoever opens them and however many.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::net::{IpAddr, Ipv6Addr};
use std::pin::Pin;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use futures::task::AtomicWaker;
use futures::{AsyncRead, AsyncWrite};
use libp2p::Multiaddr;
use libp2p::core::ConnectedPoint;

use super::peer;

/// Slots for connections that others opened, until it is known whose they are.
#[derive(Clone, Debug)]
pub(super) struct PendingConnections(Arc<Mutex<Shared>>);

#[derive(Debug)]
struct Shared {
    all: usize,
    each: usize,
    /// The number of the next one: who came earlier has a lower one.
    next: u64,
    visitors: BTreeMap<u64, Visitor>,
}

#[derive(Debug)]
struct Visitor {
    /// Where it comes from, as far as slots are shared.
    origin: Option<IpAddr>,
    /// Between which two sockets the connection is.
    between: (Multiaddr, Multiaddr),
    standing: Arc<Standing>,
}

/// What a socket and the slots tell each other.
#[derive(Debug, Default)]
struct Standing {
    stage: AtomicU8,
    waker: AtomicWaker,
}

/// Nothing was heard of it.
const SILENT: u8 = 0;
/// It has said something.
const HEARD: u8 = 1;
/// It has to leave: somebody else needs the slot.
const TURNED_AWAY: u8 = 2;
/// It is known whose it is.
const ADMITTED: u8 = 3;

impl PendingConnections {
    /// Slots: so many in all and for each address. An address is the first half of
    /// an IPv6 address: whoever has one such address has all the others of its link.
    pub(super) fn new(all: usize, each: usize) -> Self {
        Self(Arc::new(Mutex::new(Shared {
            all,
            each,
            next: 0,
            visitors: BTreeMap::new(),
        })))
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives a new connection a slot, and turns away another one if there was none left. One that
    /// this node opened itself needs none.
    pub(super) fn enter<S>(&self, socket: S, point: &ConnectedPoint) -> PendingSocket<S> {
        let ConnectedPoint::Listener {
            local_addr,
            send_back_addr,
        } = point
        else {
            return PendingSocket { socket, slot: None };
        };
        let standing = Arc::new(Standing::default());
        let number = self.shared().take(Visitor {
            origin: origin_of(send_back_addr),
            between: (local_addr.clone(), send_back_addr.clone()),
            standing: standing.clone(),
        });
        PendingSocket {
            socket,
            slot: Some(PendingSlot {
                pending: self.clone(),
                number,
                standing,
            }),
        }
    }

    /// It is known whose this connection is: from now on it needs no slot here.
    pub(super) fn admit(&self, point: &ConnectedPoint) {
        if let ConnectedPoint::Listener {
            local_addr,
            send_back_addr,
        } = point
        {
            self.shared().admit(local_addr, send_back_addr);
        }
    }
}

impl Shared {
    fn take(&mut self, visitor: Visitor) -> u64 {
        let mut shares: HashMap<Option<IpAddr>, usize> = HashMap::new();
        for known in self.visitors.values() {
            *shares.entry(known.origin).or_default() += 1;
        }
        if shares.get(&visitor.origin).copied().unwrap_or(0) >= self.each {
            self.turn_away(visitor.origin);
        } else if self.visitors.len() >= self.all
            && let Some((fullest, _)) = shares.into_iter().max_by_key(|(_, taken)| *taken)
        {
            self.turn_away(fullest);
        }
        let number = self.next;
        self.next += 1;
        self.visitors.insert(number, visitor);
        number
    }

    /// Turns away one of those from there: the first that said nothing, or else the first.
    fn turn_away(&mut self, origin: Option<IpAddr>) {
        let leaves = self
            .visitors
            .iter()
            .filter(|(_, known)| known.origin == origin)
            .min_by_key(|(number, known)| (!known.standing.is(SILENT), **number))
            .map(|(number, _)| *number);
        if let Some(visitor) = leaves.and_then(|number| self.visitors.remove(&number)) {
            tracing::debug!(from = %visitor.between.1, "closed a silent connection to make room for another");
            visitor.standing.turn(TURNED_AWAY);
        }
    }

    fn admit(&mut self, local: &Multiaddr, remote: &Multiaddr) {
        let admitted = self
            .visitors
            .iter()
            .find(|(_, known)| known.between.0 == *local && known.between.1 == *remote)
            .map(|(number, _)| *number);
        if let Some(visitor) = admitted.and_then(|number| self.visitors.remove(&number)) {
            visitor.standing.turn(ADMITTED);
        }
    }
}

/// By what slots are shared: an IPv4 address, the network of an IPv6 address (64 bits), or one that is
/// of the link itself. None of what is neither.
pub(super) fn origin_of(remote: &Multiaddr) -> Option<IpAddr> {
    peer::socket_of(remote).map(|socket| origin(socket.ip()))
}

fn origin(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        // All addresses of a link are of one network.
        IpAddr::V6(ip) if ip.is_unicast_link_local() => ip.into(),
        IpAddr::V6(ip) => {
            let mut segments = ip.segments();
            segments[4..].fill(0);
            Ipv6Addr::from(segments).into()
        }
        ip => ip,
    }
}

impl Standing {
    fn is(&self, stage: u8) -> bool {
        self.stage.load(Ordering::Acquire) == stage
    }

    fn turn(&self, stage: u8) {
        self.stage.store(stage, Ordering::Release);
        self.waker.wake();
    }

    /// Notes that something was heard. Who has to leave has to leave all the same.
    fn heard(&self) {
        let _ = self
            .stage
            .compare_exchange(SILENT, HEARD, Ordering::AcqRel, Ordering::Acquire);
    }

    /// An error if this connection has to leave; whoever waits hears of it later, too.
    fn stays(&self, cx: &Context<'_>) -> io::Result<()> {
        if self.is(ADMITTED) {
            return Ok(());
        }
        // First the waker, then the look: what happens between the two is not missed.
        self.waker.register(cx.waker());
        if self.is(TURNED_AWAY) {
            let reason = "too many unauthenticated connections from this address";
            return Err(io::Error::new(io::ErrorKind::ConnectionAborted, reason));
        }
        Ok(())
    }
}

/// A pending connection, and afterwards an ordinary one.
#[derive(Debug)]
pub(super) struct PendingSocket<S> {
    socket: S,
    slot: Option<PendingSlot>,
}

#[derive(Debug)]
struct PendingSlot {
    pending: PendingConnections,
    number: u64,
    standing: Arc<Standing>,
}

impl Drop for PendingSlot {
    fn drop(&mut self) {
        self.pending.shared().visitors.remove(&self.number);
    }
}

impl<S> PendingSocket<S> {
    fn stays(&self, cx: &Context<'_>) -> io::Result<()> {
        match &self.slot {
            Some(slot) => slot.standing.stays(cx),
            None => Ok(()),
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for PendingSocket<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        self.stays(cx)?;
        let read = ready!(Pin::new(&mut self.socket).poll_read(cx, buffer))?;
        if let Some(slot) = &self.slot
            && read > 0
        {
            slot.standing.heard();
        }
        Poll::Ready(Ok(read))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for PendingSocket<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.stays(cx)?;
        Pin::new(&mut self.socket).poll_write(cx, buffer)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.stays(cx)?;
        Pin::new(&mut self.socket).poll_write_vectored(cx, buffers)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stays(cx)?;
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_close(cx)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use futures::io::Cursor;
    use futures::{AsyncReadExt, FutureExt};

    use super::*;

    fn from(ip: &str, port: u16) -> ConnectedPoint {
        let kind = if ip.contains(':') { "ip6" } else { "ip4" };
        ConnectedPoint::Listener {
            local_addr: "/ip4/192.0.2.1/tcp/4001".parse().unwrap(),
            send_back_addr: format!("/{kind}/{ip}/tcp/{port}").parse().unwrap(),
        }
    }

    /// A socket that has something to say, if it is let.
    fn socket() -> Cursor<Vec<u8>> {
        Cursor::new(vec![7; 8])
    }

    /// Whether a connection is still pending, or admitted.
    fn stays(connection: &mut PendingSocket<Cursor<Vec<u8>>>) -> bool {
        let polled = futures::future::poll_fn(|cx| Poll::Ready(connection.stays(cx).is_ok()));
        polled.now_or_never().unwrap()
    }

    fn says(connection: &mut PendingSocket<Cursor<Vec<u8>>>) {
        connection.read(&mut [0]).now_or_never().unwrap().unwrap();
    }

    #[test]
    fn an_ipv6_network_is_one_place_but_on_the_link_each_address_is() {
        let slot = |text: &str| origin(text.parse().unwrap());
        assert_eq!(slot("2001:db8:1:2::1"), slot("2001:db8:1:2::2"));
        assert_ne!(slot("2001:db8:1:2::1"), slot("2001:db8:1:3::1"));
        assert_ne!(slot("fe80::1"), slot("fe80::2"));
        assert_eq!(slot("::ffff:192.0.2.7"), slot("192.0.2.7"));
    }

    #[test]
    fn whoever_knocks_too_often_keeps_out_itself_only() {
        let pending = PendingConnections::new(128, 2);
        let mut other = pending.enter(socket(), &from("192.0.2.7", 1));
        let mut many: Vec<_> = (1..=100)
            .map(|port| pending.enter(socket(), &from("192.0.2.66", port)))
            .collect();
        let staying: Vec<bool> = many.iter_mut().map(stays).collect();
        assert_eq!(staying.iter().filter(|stays| **stays).count(), 2);
        // A newcomer is let in all the same, the last one for instance.
        assert!(staying[99] && stays(&mut other));
    }

    #[test]
    fn who_says_nothing_leaves_before_who_said_something() {
        let pending = PendingConnections::new(128, 2);
        let mut speaks = pending.enter(socket(), &from("192.0.2.66", 1));
        says(&mut speaks);
        let mut silent: Vec<_> = (2..=50)
            .map(|port| pending.enter(socket(), &from("192.0.2.66", port)))
            .collect();
        assert!(stays(&mut speaks));
        let staying = silent.iter_mut().map(stays).filter(|stays| *stays);
        assert_eq!(staying.count(), 1);
    }

    #[test]
    fn the_address_with_most_connections_gives_way_when_all_places_are_taken() {
        let pending = PendingConnections::new(4, 3);
        let mut crowd: Vec<_> = (1..=3)
            .map(|port| pending.enter(socket(), &from("192.0.2.66", port)))
            .collect();
        let mut one = pending.enter(socket(), &from("192.0.2.1", 1));
        let mut other = pending.enter(socket(), &from("192.0.2.2", 1));
        assert!(stays(&mut one) && stays(&mut other));
        let staying: Vec<bool> = crowd.iter_mut().map(stays).collect();
        assert_eq!(staying, [false, true, true]);
    }

    #[test]
    fn all_addresses_of_a_link_share_its_places() {
        let pending = PendingConnections::new(128, 1);
        let mut first = pending.enter(socket(), &from("2001:db8:0:1::1", 1));
        let mut second = pending.enter(socket(), &from("2001:db8:0:1:aaaa::2", 1));
        let mut elsewhere = pending.enter(socket(), &from("2001:db8:0:2::1", 1));
        assert!(!stays(&mut first));
        assert!(stays(&mut second) && stays(&mut elsewhere));
        // Written as IPv6, an IPv4 address is what it is.
        let mut mapped = pending.enter(socket(), &from("::ffff:192.0.2.9", 1));
        let mut plain = pending.enter(socket(), &from("192.0.2.9", 2));
        assert!(!stays(&mut mapped) && stays(&mut plain));
    }

    #[test]
    fn whoever_is_known_or_gone_has_no_pending_slot() {
        let pending = PendingConnections::new(2, 1);
        let mut known = pending.enter(socket(), &from("192.0.2.1", 1));
        pending.admit(&from("192.0.2.1", 1));
        let mut second = pending.enter(socket(), &from("192.0.2.1", 2));
        assert!(stays(&mut known) && stays(&mut second));
        drop((known, second));
        assert!(pending.shared().visitors.is_empty());
    }

    #[test]
    fn who_waits_to_read_is_told_to_leave() {
        let pending = PendingConnections::new(2, 1);
        // Nothing ever comes.
        let (_far, near) = tokio::io::duplex(8);
        let near = tokio_util::compat::TokioAsyncReadCompatExt::compat(near);
        let mut waits = pending.enter(near, &from("192.0.2.1", 1));
        let mut buffer = [0];
        let mut reading = waits.read(&mut buffer);
        let (waker, woken) = futures_test_waker();
        let mut cx = Context::from_waker(&waker);
        assert!(reading.poll_unpin(&mut cx).is_pending());
        let _newcomer = pending.enter(socket(), &from("192.0.2.1", 2));
        assert!(woken.load(Ordering::SeqCst));
        assert!(matches!(reading.poll_unpin(&mut cx), Poll::Ready(Err(_))));
    }

    fn futures_test_waker() -> (std::task::Waker, Arc<std::sync::atomic::AtomicBool>) {
        struct Woken(Arc<std::sync::atomic::AtomicBool>);
        impl std::task::Wake for Woken {
            fn wake(self: Arc<Self>) {
                self.0.store(true, Ordering::SeqCst);
            }
        }
        let woken = Arc::new(std::sync::atomic::AtomicBool::new(false));
        (Arc::new(Woken(woken.clone())).into(), woken)
    }
}
