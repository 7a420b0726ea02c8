//! Connections between nodes, the streams on them, and what is under way.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

use libp2p::multiaddr::Protocol;
use libp2p::{Multiaddr, PeerId};
use papermesh_sim_clock::{self as clock, Nanos};
use papermesh_sim_rt::{Events, Trace};

use crate::delay::{Delay, mix};
use crate::stream::Inbox;

/// The number of a node. It is also its address: [`address`].
pub type NodeNumber = u32;

/// The port at which all nodes listen.
const PORT: u16 = 4001;
/// The first of the ports that dialing takes.
const EPHEMERAL: u16 = 49_152;

/// Where a node listens: its number in `10.0.0.0/8`.
pub fn address(node: NodeNumber) -> Multiaddr {
    let ip = Ipv4Addr::from(0x0a00_0000 | (node & 0x00ff_ffff));
    Multiaddr::from(ip).with(Protocol::Tcp(PORT))
}

/// Whose address that is.
pub fn node_at(address: &Multiaddr) -> Option<NodeNumber> {
    match address.iter().next()? {
        Protocol::Ip4(ip) if ip.octets()[0] == 10 => Some(u32::from(ip) & 0x00ff_ffff),
        _ => None,
    }
}

/// What Noise, Yamux and TCP would add, which this fidelity does not compute.
#[derive(Clone, Copy, Debug)]
pub struct WireCosts {
    /// Round trips until the dialer may send: one of TCP, one of Noise, one of the members' certificates.
    pub handshake_round_trips: u32,
    /// Bytes of a whole handshake, in both directions together.
    pub handshake_bytes: u64,
    /// Bytes around each message: 12 of Yamux, 18 of Noise, 40 of TCP and IP.
    pub message_bytes: u64,
}

impl Default for WireCosts {
    fn default() -> Self {
        Self {
            handshake_round_trips: 3,
            // Six packets; Noise XX 32 + 96 + 64 and the signed keys in it 2 × 104, two certificates of some 400.
            handshake_bytes: 1_456,
            message_bytes: 70,
        }
    }
}

/// How links disturb what they carry.
#[derive(Clone, Copy, Debug, Default)]
pub struct LinkConfig {
    /// Chooses jitter and losses.
    pub seed: u64,
    /// The most that a message is late, evenly spread from nothing.
    pub jitter: Nanos,
    /// The share of messages whose packet is lost and sent again.
    pub loss: f64,
    /// Bytes a second that a node can send; 0 for no limit.
    pub upload: u64,
}

/// The time after which TCP sends again what was lost, beside the round trip: RFC 6298's least is a second; Linux has this.
const RETRANSMISSION: Nanos = 200_000_000;

/// What went over the network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Messages that arrived.
    pub messages: u64,
    /// Bytes of them, with what the wire adds.
    pub bytes: u64,
    /// Connections that were dialed.
    pub dials: u64,
    /// Connections that are open.
    pub open: u64,
}

/// Which side of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Dialer,
    Listener,
}

impl Side {
    pub(crate) fn other(self) -> Self {
        match self {
            Self::Dialer => Self::Listener,
            Self::Listener => Self::Dialer,
        }
    }
}

pub(crate) type StreamNumber = u32;
pub(crate) type ConnectionNumber = u64;

#[derive(Debug)]
enum Event {
    /// The first packet of a dial reaches whom it is for.
    Knock,
    /// A side may send.
    Open(Side),
    /// A message reaches this side.
    Message(Side, StreamNumber),
    /// The end of a stream reaches this side.
    EndOfStream(Side, StreamNumber),
    /// The end of the connection reaches this side.
    EndOfConnection(Side),
    /// The dialer hears that nobody listens.
    Refused,
}

/// What is sent and when it arrives. Those of one time happen in the order in which they were sent.
struct Flying {
    at: Nanos,
    number: u64,
    connection: ConnectionNumber,
    event: Event,
}

impl PartialEq for Flying {
    fn eq(&self, other: &Self) -> bool {
        self.number == other.number
    }
}
impl Eq for Flying {}
impl PartialOrd for Flying {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Flying {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.number).cmp(&(other.at, other.number))
    }
}

/// How far a side of a connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Shaking,
    Open,
    Refused,
    /// The other side closed it.
    Ended,
    /// This side let go of it.
    Gone,
}

/// A connection as one side has it.
struct End {
    node: NodeNumber,
    phase: Phase,
    inboxes: BTreeMap<StreamNumber, Inbox>,
    /// Streams that the other side began and this one has not taken.
    begun: VecDeque<StreamNumber>,
    /// The task that handles the connection.
    handler: Option<Waker>,
    /// When the last message to this side arrives: none overtakes another.
    last_arrival: Nanos,
    next_stream: StreamNumber,
}

impl End {
    fn new(node: NodeNumber, first_stream: StreamNumber) -> Self {
        Self {
            node,
            phase: Phase::Shaking,
            inboxes: BTreeMap::new(),
            begun: VecDeque::new(),
            handler: None,
            last_arrival: 0,
            next_stream: first_stream,
        }
    }

    fn wake(&mut self) {
        if let Some(handler) = self.handler.take() {
            handler.wake();
        }
    }
}

struct Connection {
    dialer: End,
    listener: End,
}

impl Connection {
    fn end(&mut self, side: Side) -> &mut End {
        match side {
            Side::Dialer => &mut self.dialer,
            Side::Listener => &mut self.listener,
        }
    }
}

#[derive(Default)]
struct Node {
    peer: Option<PeerId>,
    listening: bool,
    /// Whether anything reaches it or leaves it.
    reachable: bool,
    knocks: VecDeque<ConnectionNumber>,
    acceptor: Option<Waker>,
    /// Until when what it sent already keeps its line busy.
    busy: Nanos,
}

pub(crate) struct State {
    nodes: Vec<Node>,
    connections: BTreeMap<ConnectionNumber, Connection>,
    dialed: ConnectionNumber,
    flying: BinaryHeap<Reverse<Flying>>,
    sent: u64,
    delay: Box<dyn Delay>,
    config: LinkConfig,
    costs: WireCosts,
    counters: Counters,
    trace: Trace,
}

/// The network. Clones are handles of one network.
#[derive(Clone)]
pub struct Net(Arc<Mutex<State>>);

impl Net {
    /// A network of so many nodes, of which none listens yet.
    pub fn new(
        nodes: u32,
        delay: impl Delay + 'static,
        config: LinkConfig,
        costs: WireCosts,
    ) -> Self {
        let reachable = || Node {
            reachable: true,
            ..Node::default()
        };
        Self(Arc::new(Mutex::new(State {
            nodes: (0..nodes).map(|_| reachable()).collect(),
            connections: BTreeMap::new(),
            dialed: 0,
            flying: BinaryHeap::new(),
            sent: 0,
            delay: Box::new(delay),
            config,
            costs,
            counters: Counters::default(),
            trace: Trace::default(),
        })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says whose node a number is.
    pub fn enter(&self, node: NodeNumber, peer: PeerId) {
        if let Some(node) = self.state().nodes.get_mut(node as usize) {
            node.peer = Some(peer);
        }
    }

    /// Cuts a node off, or connects it again. What is under way to it is lost; nobody is told.
    pub fn set_reachable(&self, node: NodeNumber, reachable: bool) {
        if let Some(node) = self.state().nodes.get_mut(node as usize) {
            node.reachable = reachable;
        }
    }

    /// What went over the network until now.
    pub fn counters(&self) -> Counters {
        let state = self.state();
        Counters {
            open: state.connections.len() as u64,
            ..state.counters
        }
    }

    /// All messages until now, folded.
    pub fn trace(&self) -> Trace {
        self.state().trace
    }

    pub(crate) fn peer(&self, node: NodeNumber) -> Option<PeerId> {
        self.state().nodes.get(node as usize)?.peer
    }

    pub(crate) fn listen(&self, node: NodeNumber, listening: bool) {
        if let Some(node) = self.state().nodes.get_mut(node as usize) {
            node.listening = listening;
            node.knocks.clear();
        }
    }

    /// Whoever dialed this node and was not accepted yet.
    pub(crate) fn next_knock(
        &self,
        node: NodeNumber,
        waker: &Waker,
    ) -> Option<(ConnectionNumber, Multiaddr)> {
        let mut state = self.state();
        let state = &mut *state;
        let node = state.nodes.get_mut(node as usize)?;
        let Some(number) = node.knocks.pop_front() else {
            node.acceptor = Some(waker.clone());
            return None;
        };
        let dialer = state.connections.get(&number)?.dialer.node;
        Some((number, ephemeral(dialer, number)))
    }

    pub(crate) fn dial(&self, from: NodeNumber, to: NodeNumber) -> ConnectionNumber {
        let mut state = self.state();
        state.dialed += 1;
        state.counters.dials += 1;
        let number = state.dialed;
        let connection = Connection {
            dialer: End::new(from, 1),
            listener: End::new(to, 2),
        };
        state.connections.insert(number, connection);
        let arrival = state.arrival(from, to, 0);
        state.send(arrival, number, Event::Knock);
        number
    }

    /// Whether a side may send, or why it never will.
    pub(crate) fn poll_open(
        &self,
        number: ConnectionNumber,
        side: Side,
        waker: &Waker,
    ) -> Poll<Result<PeerId, std::io::ErrorKind>> {
        let mut state = self.state();
        let state = &mut *state;
        let Some(connection) = state.connections.get_mut(&number) else {
            return Poll::Ready(Err(std::io::ErrorKind::ConnectionReset));
        };
        let other = connection.end(side.other()).node;
        let end = connection.end(side);
        match end.phase {
            Phase::Shaking => {
                end.handler = Some(waker.clone());
                Poll::Pending
            }
            Phase::Open => match state.nodes.get(other as usize).and_then(|node| node.peer) {
                Some(peer) => Poll::Ready(Ok(peer)),
                None => Poll::Ready(Err(std::io::ErrorKind::NotConnected)),
            },
            Phase::Refused => Poll::Ready(Err(std::io::ErrorKind::ConnectionRefused)),
            Phase::Ended | Phase::Gone => Poll::Ready(Err(std::io::ErrorKind::ConnectionReset)),
        }
    }

    pub(crate) fn open_stream(&self, number: ConnectionNumber, side: Side) -> Option<StreamNumber> {
        let mut state = self.state();
        let end = state.connections.get_mut(&number)?.end(side);
        if end.phase != Phase::Open {
            return None;
        }
        let stream = end.next_stream;
        end.next_stream += 2;
        end.inboxes.insert(stream, Inbox::default());
        Some(stream)
    }

    pub(crate) fn next_stream(
        &self,
        number: ConnectionNumber,
        side: Side,
        waker: &Waker,
    ) -> Poll<Option<StreamNumber>> {
        let mut state = self.state();
        let Some(connection) = state.connections.get_mut(&number) else {
            return Poll::Ready(None);
        };
        let end = connection.end(side);
        match end.begun.pop_front() {
            Some(stream) => Poll::Ready(Some(stream)),
            None if end.phase != Phase::Open => Poll::Ready(None),
            None => {
                end.handler = Some(waker.clone());
                Poll::Pending
            }
        }
    }

    /// Whether the connection is still open; if it is, its end wakes.
    pub(crate) fn poll_alive(&self, number: ConnectionNumber, side: Side, waker: &Waker) -> bool {
        let mut state = self.state();
        let Some(connection) = state.connections.get_mut(&number) else {
            return false;
        };
        let end = connection.end(side);
        end.handler = Some(waker.clone());
        end.phase == Phase::Open
    }

    /// One side lets go of the connection: it closed it, gave up dialing, or is gone itself.
    pub(crate) fn let_go(&self, number: ConnectionNumber, side: Side) {
        let mut state = self.state();
        let state = &mut *state;
        let Some(connection) = state.connections.get_mut(&number) else {
            return;
        };
        let (from, to) = (connection.end(side).node, connection.end(side.other()).node);
        let gone = connection.end(side);
        if gone.phase == Phase::Gone {
            return;
        }
        gone.phase = Phase::Gone;
        gone.handler = None;
        gone.inboxes.clear();
        match connection.end(side.other()).phase {
            Phase::Gone => {
                state.connections.remove(&number);
            }
            _ => {
                let arrival = state.ordered_arrival(number, side.other(), from, to, 0);
                state.send(arrival, number, Event::EndOfConnection(side.other()));
            }
        }
    }

    /// Sends bytes on a stream; with the first of them the other side hears of it.
    pub(crate) fn write(
        &self,
        (number, side, stream): (ConnectionNumber, Side, StreamNumber),
        first: bool,
        bytes: &[u8],
        waker: &Waker,
    ) -> Poll<Result<usize, std::io::ErrorKind>> {
        let mut state = self.state();
        let state = &mut *state;
        let Some(connection) = state.connections.get_mut(&number) else {
            return Poll::Ready(Err(std::io::ErrorKind::BrokenPipe));
        };
        if connection.end(side).phase != Phase::Open {
            return Poll::Ready(Err(std::io::ErrorKind::BrokenPipe));
        }
        let (from, to) = (connection.end(side).node, connection.end(side.other()).node);
        let far = connection.end(side.other());
        if first && far.phase != Phase::Gone {
            far.inboxes.insert(stream, Inbox::default());
        }
        let Some(inbox) = far.inboxes.get_mut(&stream) else {
            // Nobody reads this any more. The writer learns it when it waits for an answer.
            return Poll::Ready(Ok(bytes.len()));
        };
        let sent = bytes.len().min(inbox.room());
        if sent == 0 && !bytes.is_empty() {
            inbox.writer = Some(waker.clone());
            return Poll::Pending;
        }
        if inbox.send(clock::now(), &bytes[..sent]) {
            let length = sent as u64 + state.costs.message_bytes;
            let arrival = state.ordered_arrival(number, side.other(), from, to, length);
            state.send(arrival, number, Event::Message(side.other(), stream));
        }
        Poll::Ready(Ok(sent))
    }

    pub(crate) fn end_stream(&self, number: ConnectionNumber, side: Side, stream: StreamNumber) {
        let mut state = self.state();
        let Some(connection) = state.connections.get_mut(&number) else {
            return;
        };
        if connection.end(side).phase != Phase::Open {
            return;
        }
        let (from, to) = (connection.end(side).node, connection.end(side.other()).node);
        let arrival = state.ordered_arrival(number, side.other(), from, to, 0);
        state.send(arrival, number, Event::EndOfStream(side.other(), stream));
    }

    pub(crate) fn read(
        &self,
        number: ConnectionNumber,
        side: Side,
        stream: StreamNumber,
        into: &mut [u8],
        waker: &Waker,
    ) -> Poll<Result<usize, std::io::ErrorKind>> {
        let mut state = self.state();
        let Some(connection) = state.connections.get_mut(&number) else {
            return Poll::Ready(Err(std::io::ErrorKind::ConnectionReset));
        };
        let end = connection.end(side);
        let phase = end.phase;
        let Some(inbox) = end.inboxes.get_mut(&stream) else {
            return Poll::Ready(Err(std::io::ErrorKind::ConnectionReset));
        };
        match inbox.read(into) {
            Some(read) => Poll::Ready(Ok(read)),
            None if phase != Phase::Open => Poll::Ready(Err(std::io::ErrorKind::ConnectionReset)),
            None => {
                inbox.reader = Some(waker.clone());
                Poll::Pending
            }
        }
    }

    /// The reader of a stream is gone.
    pub(crate) fn forget_stream(&self, number: ConnectionNumber, side: Side, stream: StreamNumber) {
        let mut state = self.state();
        if let Some(connection) = state.connections.get_mut(&number) {
            connection.end(side).inboxes.remove(&stream);
        }
    }
}

/// The address that a dialer is seen from.
fn ephemeral(node: NodeNumber, number: ConnectionNumber) -> Multiaddr {
    let port = EPHEMERAL + (number % u64::from(u16::MAX - EPHEMERAL)) as u16;
    let ip = Ipv4Addr::from(0x0a00_0000 | (node & 0x00ff_ffff));
    Multiaddr::from(ip).with(Protocol::Tcp(port))
}

impl State {
    fn send(&mut self, at: Nanos, connection: ConnectionNumber, event: Event) {
        self.sent += 1;
        self.flying.push(Reverse(Flying {
            at,
            number: self.sent,
            connection,
            event,
        }));
    }

    /// When so many bytes that are sent now arrive.
    fn arrival(&mut self, from: NodeNumber, to: NodeNumber, bytes: u64) -> Nanos {
        let mut sent = clock::now();
        if self.config.upload > 0
            && let Some(node) = self.nodes.get_mut(from as usize)
        {
            sent = sent.max(node.busy) + bytes * 1_000_000_000 / self.config.upload;
            node.busy = sent;
        }
        let path = self.delay.between(from, to);
        let chance = mix(self.config.seed ^ mix(self.sent ^ u64::from(from) << 40));
        let jitter = (u128::from(chance) * u128::from(self.config.jitter)) >> 64;
        // 53 bits are a fraction between 0 and 1.
        let lost = ((mix(chance) >> 11) as f64 / (1_u64 << 53) as f64) < self.config.loss;
        let again = if lost { RETRANSMISSION + 2 * path } else { 0 };
        sent + path + jitter as Nanos + again
    }

    /// As [`Self::arrival`], not before what was sent earlier to this side of a connection.
    fn ordered_arrival(
        &mut self,
        number: ConnectionNumber,
        side: Side,
        from: NodeNumber,
        to: NodeNumber,
        bytes: u64,
    ) -> Nanos {
        let mut arrival = self.arrival(from, to, bytes);
        if let Some(connection) = self.connections.get_mut(&number) {
            let end = connection.end(side);
            arrival = arrival.max(end.last_arrival);
            end.last_arrival = arrival;
        }
        arrival
    }

    fn reachable(&self, node: NodeNumber) -> bool {
        self.nodes
            .get(node as usize)
            .is_some_and(|node| node.reachable)
    }

    fn happen(&mut self) {
        let Some(Reverse(Flying {
            at,
            connection: number,
            event,
            ..
        })) = self.flying.pop()
        else {
            return;
        };
        let Some(connection) = self.connections.get_mut(&number) else {
            return;
        };
        let (dialer, listener) = (connection.dialer.node, connection.listener.node);
        if !self.reachable(dialer) || !self.reachable(listener) {
            if let (Some(connection), Event::Knock) = (self.connections.get_mut(&number), &event) {
                // It never heard of this.
                connection.listener.phase = Phase::Gone;
            }
            return;
        }
        let Some(connection) = self.connections.get_mut(&number) else {
            return;
        };
        let link = u64::from(dialer) << 32 | u64::from(listener);
        match event {
            Event::Knock => {
                let path = self.delay.between(dialer, listener);
                let Some(node) = self
                    .nodes
                    .get_mut(listener as usize)
                    .filter(|node| node.listening)
                else {
                    self.send(at + path, number, Event::Refused);
                    return;
                };
                node.knocks.push_back(number);
                if let Some(acceptor) = node.acceptor.take() {
                    acceptor.wake();
                }
                let round_trips = u64::from(self.costs.handshake_round_trips.max(1));
                self.counters.bytes += self.costs.handshake_bytes;
                self.trace.fold(&[at, link, u64::MAX]);
                self.send(
                    at + (round_trips - 1) * 2 * path,
                    number,
                    Event::Open(Side::Listener),
                );
                self.send(
                    at + (round_trips * 2 - 1) * path,
                    number,
                    Event::Open(Side::Dialer),
                );
            }
            Event::Open(side) => {
                let end = connection.end(side);
                if end.phase == Phase::Shaking {
                    end.phase = Phase::Open;
                    end.wake();
                }
            }
            Event::Refused => {
                connection.dialer.phase = Phase::Refused;
                connection.listener.phase = Phase::Gone;
                connection.dialer.wake();
            }
            Event::Message(side, stream) => {
                let end = connection.end(side);
                if end.phase == Phase::Gone {
                    return;
                }
                let Some(inbox) = end.inboxes.get_mut(&stream) else {
                    // The reader is gone, but the bytes came.
                    return;
                };
                let (length, first) = inbox.arrive();
                begin(end, side, stream);
                self.counters.messages += 1;
                self.counters.bytes += length as u64 + self.costs.message_bytes;
                self.trace.fold(&[
                    at,
                    link,
                    number << 1 | u64::from(side == Side::Dialer),
                    u64::from(stream),
                    length as u64,
                    first,
                ]);
            }
            Event::EndOfStream(side, stream) => {
                if let Some(inbox) = connection.end(side).inboxes.get_mut(&stream) {
                    inbox.end();
                }
            }
            Event::EndOfConnection(side) => {
                let end = connection.end(side);
                if end.phase == Phase::Gone {
                    self.connections.remove(&number);
                    return;
                }
                end.phase = Phase::Ended;
                for inbox in end.inboxes.values_mut() {
                    for waker in [inbox.reader.take(), inbox.writer.take()]
                        .into_iter()
                        .flatten()
                    {
                        waker.wake();
                    }
                }
                end.wake();
            }
        }
    }
}

/// Tells a side of a stream that the other side began, with its first message.
fn begin(end: &mut End, side: Side, stream: StreamNumber) {
    let others = match side {
        Side::Dialer => stream.is_multiple_of(2),
        Side::Listener => !stream.is_multiple_of(2),
    };
    if let Some(inbox) = end.inboxes.get_mut(&stream).filter(|_| others)
        && !std::mem::replace(&mut inbox.begun, true)
    {
        end.begun.push_back(stream);
        end.wake();
    }
}

impl Events for Net {
    fn next(&self) -> Option<Nanos> {
        self.state().flying.peek().map(|Reverse(flying)| flying.at)
    }

    fn happen(&mut self) {
        self.state().happen();
    }
}
