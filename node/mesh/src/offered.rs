//! Records that members offer: judged on a thread of their own before the DHT's storage takes them.
//!
//! Kademlia has its records judged where they arrive, on the task that owns the swarm, and does not
//! say whose they are. A member that sends records on end would have every stream of this node wait
//! for signatures to be verified. So each member may send as much as a node stores, once in the time
//! in which everything is replicated, and what it sends is judged elsewhere; Kademlia sees a record
//! only when it is known to be good.

use std::collections::{HashMap, VecDeque};
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use libp2p::core::Endpoint;
use libp2p::core::transport::PortUse;
use libp2p::kad;
use libp2p::swarm::{
    ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour, NotifyHandler, THandler,
    THandlerInEvent, THandlerOutEvent, ToSwarm,
};
use libp2p::{Multiaddr, PeerId};
use papermesh_protocol::id::RecordKey;
use papermesh_protocol::limits;
use papermesh_protocol::record::DirectoryRecord;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::membership::Membership;
use super::records::{Judged, VerifiedRecords};

/// How often every node sends others what it stores.
pub(super) const REPLICATION_EVERY: Duration = Duration::from_secs(15 * 60);
/// Records that wait to be judged.
const WAITING: usize = 512;
/// Records of one member that wait to be judged.
const WAITING_OF_MEMBER: usize = 32;

type Kad = kad::Behaviour<VerifiedRecords>;
type Said = THandlerOutEvent<Kad>;

/// Kademlia, behind a worker that judges records.
pub(super) struct Kademlia {
    kad: Kad,
    allowances: HashMap<PeerId, Allowance>,
    /// Those that are being judged.
    waiting: HashMap<u64, PendingRecord>,
    next: u64,
    judge: mpsc::Sender<Question>,
    verdicts: mpsc::Receiver<(u64, Option<Judged>)>,
    refused: VecDeque<ToSwarm<kad::Event, THandlerInEvent<Kad>>>,
}

/// What Kademlia is to hear once its record is judged.
struct PendingRecord {
    peer: PeerId,
    connection: ConnectionId,
    said: Said,
}

struct Question {
    number: u64,
    key: RecordKey,
    bytes: Vec<u8>,
    known: Option<Arc<DirectoryRecord>>,
}

/// Bytes of records that a member may still send.
#[derive(Clone, Copy, Debug)]
struct Allowance {
    bytes: usize,
    at: Instant,
}

impl Allowance {
    const MOST: usize = limits::STORED_BYTES;

    fn full(now: Instant) -> Self {
        Self {
            bytes: Self::MOST,
            at: now,
        }
    }

    /// What it has grown to.
    fn grown(self, now: Instant) -> Self {
        let passed = now.duration_since(self.at).min(REPLICATION_EVERY);
        let share = passed.as_secs_f64() / REPLICATION_EVERY.as_secs_f64();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a share of 64 MiB"
        )]
        let more = (Self::MOST as f64 * share) as usize;
        Self {
            bytes: Self::MOST.min(self.bytes + more),
            at: now,
        }
    }

    /// Takes so many bytes, if there are as many left.
    fn take(&mut self, bytes: usize, now: Instant) -> bool {
        *self = self.grown(now);
        let left = self.bytes.checked_sub(bytes);
        self.bytes = left.unwrap_or(self.bytes);
        left.is_some()
    }
}

impl Kademlia {
    /// Judges by this membership. To be called within a runtime.
    pub(super) fn new(kad: Kad, membership: Arc<Membership>) -> Self {
        let (judge, mut questions) = mpsc::channel::<Question>(WAITING);
        let (answer, verdicts) = mpsc::channel(WAITING);
        tokio::task::spawn_blocking(move || {
            while let Some(question) = questions.blocking_recv() {
                let Question {
                    number,
                    key,
                    bytes,
                    known,
                } = question;
                let judged = Judged::new(&membership, key, bytes, known.as_deref());
                if answer.blocking_send((number, judged.ok())).is_err() {
                    return;
                }
            }
        });
        Self {
            kad,
            allowances: HashMap::new(),
            waiting: HashMap::new(),
            next: 0,
            judge,
            verdicts,
            refused: VecDeque::new(),
        }
    }

    /// Has a record judged, if its sender may send another one.
    fn offered(&mut self, peer: PeerId, connection: ConnectionId, said: Said) {
        let question = match &said {
            Said::PutRecord { record, .. } => self.question(peer, record),
            _ => return self.kad.on_connection_handler_event(peer, connection, said),
        };
        let pending = PendingRecord {
            peer,
            connection,
            said,
        };
        match question.map(|question| (question.number, self.judge.try_send(question))) {
            Some((number, Ok(()))) => drop(self.waiting.insert(number, pending)),
            Some((_, Err(_))) | None => self.refuse(pending),
        }
    }

    fn question(&mut self, peer: PeerId, record: &kad::Record) -> Option<Question> {
        let key = RecordKey::from_bytes(record.key.as_ref().try_into().ok()?);
        let now = Instant::now();
        let allowance = self.allowances.entry(peer);
        let allowance = allowance.or_insert_with(|| Allowance::full(now));
        if !allowance.take(record.value.len(), now) {
            tracing::warn!(%peer, "a member sends more records than its share");
            return None;
        }
        let of_member = self.waiting.values().filter(|pending| pending.peer == peer);
        if of_member.count() >= WAITING_OF_MEMBER {
            return None;
        }
        self.next += 1;
        Some(Question {
            number: self.next,
            key,
            bytes: record.value.clone(),
            known: self.kad.store_mut().known(key),
        })
    }

    /// Resets the stream on which a record came: its sender counts only those who believed it.
    fn refuse(&mut self, pending: PendingRecord) {
        if let Said::PutRecord { request_id, .. } = pending.said {
            self.refused.push_back(ToSwarm::NotifyHandler {
                peer_id: pending.peer,
                handler: NotifyHandler::One(pending.connection),
                event: THandlerInEvent::<Kad>::Reset(request_id),
            });
        }
    }

    fn decided(&mut self, number: u64, judged: Option<Judged>) {
        match (self.waiting.remove(&number), judged) {
            (Some(pending), Some(judged)) => {
                self.kad.store_mut().believe(judged);
                self.kad.on_connection_handler_event(
                    pending.peer,
                    pending.connection,
                    pending.said,
                );
            }
            (Some(pending), None) => self.refuse(pending),
            (None, _) => {}
        }
    }

    /// Forgets those who have not sent anything for long.
    fn forget(&mut self) {
        let now = Instant::now();
        self.allowances
            .retain(|_, allowance| allowance.grown(now).bytes < Allowance::MOST);
    }
}

impl Deref for Kademlia {
    type Target = Kad;

    fn deref(&self) -> &Kad {
        &self.kad
    }
}

impl DerefMut for Kademlia {
    fn deref_mut(&mut self) -> &mut Kad {
        &mut self.kad
    }
}

impl NetworkBehaviour for Kademlia {
    type ConnectionHandler = THandler<Kad>;
    type ToSwarm = kad::Event;

    fn handle_pending_inbound_connection(
        &mut self,
        connection: ConnectionId,
        local: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<(), ConnectionDenied> {
        self.kad
            .handle_pending_inbound_connection(connection, local, remote)
    }

    fn handle_established_inbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: PeerId,
        local: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.kad
            .handle_established_inbound_connection(connection, peer, local, remote)
    }

    fn handle_pending_outbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: Option<PeerId>,
        addresses: &[Multiaddr],
        role: Endpoint,
    ) -> Result<Vec<Multiaddr>, ConnectionDenied> {
        self.kad
            .handle_pending_outbound_connection(connection, peer, addresses, role)
    }

    fn handle_established_outbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: PeerId,
        address: &Multiaddr,
        role: Endpoint,
        port: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.kad
            .handle_established_outbound_connection(connection, peer, address, role, port)
    }

    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        if let FromSwarm::ConnectionClosed(_) = &event {
            self.forget();
        }
        self.kad.on_swarm_event(event);
    }

    fn on_connection_handler_event(
        &mut self,
        peer: PeerId,
        connection: ConnectionId,
        said: THandlerOutEvent<Self>,
    ) {
        self.offered(peer, connection, said);
    }

    fn poll(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<ToSwarm<Self::ToSwarm, THandlerInEvent<Self>>> {
        while let Poll::Ready(Some((number, judged))) = self.verdicts.poll_recv(cx) {
            self.decided(number, judged);
        }
        match self.refused.pop_front() {
            Some(refused) => Poll::Ready(refused),
            None => self.kad.poll(cx),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_may_send_what_a_node_stores_and_then_waits() {
        let now = Instant::now();
        let mut allowance = Allowance::full(now);
        let records = (0..).take_while(|_| allowance.take(limits::ADVERT_SET, now));
        assert_eq!(records.count(), limits::STORED_BYTES / limits::ADVERT_SET);
        // In a minute comes a fifteenth of it, and in a day no more than there was.
        let minute = now + Duration::from_secs(60);
        assert!(allowance.take(limits::STORED_BYTES / 16, minute));
        assert!(!allowance.take(limits::STORED_BYTES / 16, minute));
        let day = now + Duration::from_secs(24 * 60 * 60);
        assert!(!allowance.take(limits::STORED_BYTES + 1, day));
        assert!(allowance.take(limits::STORED_BYTES, day));
    }
}
