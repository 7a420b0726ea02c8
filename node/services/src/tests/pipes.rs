//! A network of pipes within the process, on which nodes can be switched off, and streams cut.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use futures::Stream;
use futures::StreamExt as _;
use papermesh_mesh::{Member, Membership, MeshError, Protocol};
use papermesh_protocol::id::{NodeId, RecordKey};
use papermesh_protocol::record::DirectoryRecord;
use papermesh_protocol::version::Version;
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader, DuplexStream};
use tokio::sync::{broadcast, mpsc};
use tokio_util::sync::CancellationToken;

use crate::network::serving::{Serve, serve};
use crate::network::{Change, Network};

/// Bytes that a pipe holds.
const PIPE: usize = 256 * 1024;

type Arriving = (Member, DuplexStream);

/// All nodes and what is stored in their DHT.
#[derive(Clone)]
pub(super) struct Pipes(Arc<Inner>);

struct Inner {
    nodes: Mutex<HashMap<NodeId, Node>>,
    records: Mutex<HashMap<RecordKey, DirectoryRecord>>,
    changes: broadcast::Sender<Change>,
}

#[derive(Clone)]
struct Node {
    services: HashMap<Protocol, mpsc::Sender<Arriving>>,
    /// The latest version that it speaks.
    speaks: Version,
    state: State,
    /// Ends every pipe to the node.
    cut: CancellationToken,
    /// Bytes after which the next job streams break, one each.
    job_limits: Vec<u64>,
    /// Job streams that were opened.
    job_streams: usize,
    /// Whether the node is gone once a job was streamed to its end.
    leaves_after_job: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    On,
    Off,
    /// Takes streams and never says a word.
    Silent,
}

impl Pipes {
    pub(super) fn new() -> Self {
        let (changes, _) = broadcast::channel(64);
        Self(Arc::new(Inner {
            nodes: Mutex::default(),
            records: Mutex::default(),
            changes,
        }))
    }

    /// Adds a node.
    pub(super) fn add(&self, node: NodeId) {
        let added = Node {
            services: HashMap::new(),
            speaks: Version::Two,
            state: State::On,
            cut: CancellationToken::new(),
            job_limits: Vec::new(),
            job_streams: 0,
            leaves_after_job: false,
        };
        self.0.nodes.lock().unwrap().insert(node, added);
    }

    /// Has a service of a node answer its protocol.
    pub(super) fn accept(&self, node: NodeId, service: impl Serve) {
        let (arriving, mut arrived) = mpsc::channel(16);
        let protocol = service.protocol();
        self.change(node, |node| {
            node.services.insert(protocol, arriving);
        });
        let arrived = futures::stream::poll_fn(move |cx| arrived.poll_recv(cx));
        tokio::spawn(serve(service, arrived));
    }

    /// The network as this member has it.
    pub(super) fn of(&self, membership: &Arc<Membership>) -> PipesOf {
        PipesOf {
            pipes: self.clone(),
            membership: Arc::clone(membership),
        }
    }

    pub(super) fn switch_off(&self, node: NodeId) {
        self.set(node, State::Off);
    }

    pub(super) fn silence(&self, node: NodeId) {
        self.set(node, State::Silent);
    }

    pub(super) fn switch_on(&self, node: NodeId) {
        self.set(node, State::On);
        let _ = self.0.changes.send(Change::Arrived(node));
    }

    fn set(&self, node: NodeId, state: State) {
        self.change(node, |node| {
            node.state = state;
            std::mem::take(&mut node.cut).cancel();
        });
    }

    /// Breaks the next job streams of a node after so many bytes each.
    pub(super) fn break_jobs_after(&self, node: NodeId, limits: &[u64]) {
        self.change(node, |node| {
            node.job_limits = limits.iter().rev().copied().collect()
        });
    }

    /// Lets a node speak no later version.
    pub(super) fn speaks(&self, node: NodeId, version: Version) {
        self.change(node, |node| node.speaks = version);
    }

    /// How many job streams of a node were opened.
    pub(super) fn job_streams(&self, node: NodeId) -> usize {
        self.0.nodes.lock().unwrap()[&node].job_streams
    }

    /// Lets a node be gone once a job of it was streamed.
    pub(super) fn leave_after_job(&self, node: NodeId) {
        self.change(node, |node| node.leaves_after_job = true);
    }

    fn change(&self, node: NodeId, change: impl FnOnce(&mut Node)) {
        change(self.0.nodes.lock().unwrap().get_mut(&node).unwrap());
    }
}

/// The network as one member has it.
#[derive(Clone)]
pub(super) struct PipesOf {
    pipes: Pipes,
    membership: Arc<Membership>,
}

impl Network for PipesOf {
    type Stream = DuplexStream;

    async fn open(
        &self,
        to: NodeId,
        _: &[Vec<u8>],
        protocol: Protocol,
    ) -> Result<DuplexStream, MeshError> {
        let (node, limit) = {
            let mut nodes = self.pipes.0.nodes.lock().unwrap();
            let node = nodes
                .get_mut(&to)
                .ok_or_else(|| MeshError::Unreachable("no such node".into()))?;
            if let Protocol::Release(version) | Protocol::Direct(version) = protocol
                && version > node.speaks
            {
                return Err(MeshError::Unsupported);
            }
            let limit = if protocol == Protocol::Job {
                node.job_streams += 1;
                node.job_limits.pop()
            } else {
                None
            };
            (node.clone(), limit)
        };
        let me = Member {
            node: self.membership.node(),
            certificate: self.membership.certificate(),
        };
        let (near, far) = tokio::io::duplex(PIPE);
        let (theirs, served) = tokio::io::duplex(PIPE);
        let unserved = match node.state {
            State::Off => return Err(MeshError::Unreachable("switched off".into())),
            State::Silent => Some(served),
            State::On => {
                let service = node.services.get(&protocol);
                let service = service.unwrap_or_else(|| panic!("nobody speaks {protocol:?}"));
                service
                    .send((me, served))
                    .await
                    .map_err(|_| MeshError::Busy)?;
                None
            }
        };
        let leaves =
            (protocol == Protocol::Job && node.leaves_after_job).then(|| (self.pipes.clone(), to));
        tokio::spawn(async move {
            tokio::select! {
                () = pump(far, theirs, limit, leaves) => {}
                () = node.cut.cancelled() => {}
            }
            drop(unserved);
        });
        Ok(near)
    }

    async fn put(&self, key: RecordKey, value: Vec<u8>) -> Result<usize, MeshError> {
        let secret = self.membership.secret();
        let read = self
            .membership
            .judge(|judge| DirectoryRecord::read(key, &value, secret, judge, None));
        let record = read.map_err(|_| MeshError::Refused)?;
        let mut records = self.pipes.0.records.lock().unwrap();
        records
            .entry(key)
            .and_modify(|known| {
                known.merge(&record);
            })
            .or_insert(record);
        Ok(8)
    }

    fn get(&self, key: RecordKey) -> impl Stream<Item = Vec<u8>> + Send + Unpin + use<> {
        let value = self
            .pipes
            .0
            .records
            .lock()
            .unwrap()
            .get(&key)
            .map(|record| record.to_bytes().unwrap());
        futures::stream::iter(value)
    }

    fn addresses(&self) -> Vec<Vec<u8>> {
        vec![b"pipe".to_vec()]
    }

    fn changes(&self) -> impl Stream<Item = Change> + Send + Unpin + use<> {
        let changes = self.pipes.0.changes.subscribe();
        futures::stream::unfold(changes, |mut changes| async {
            Some((changes.recv().await.ok()?, changes))
        })
        .boxed()
    }
}

/// Carries bytes both ways; those to the near end up to `limit`.
async fn pump(
    far: DuplexStream,
    theirs: DuplexStream,
    limit: Option<u64>,
    leaves: Option<(Pipes, NodeId)>,
) {
    let (mut from_near, mut to_near) = tokio::io::split(far);
    let (mut from_served, mut to_served) = tokio::io::split(theirs);
    let out = async {
        let _ = tokio::io::copy(&mut from_near, &mut to_served).await;
        let _ = to_served.shutdown().await;
        std::future::pending::<()>().await;
    };
    let back = async {
        let _ = tokio::io::copy_buf(
            &mut BufReader::with_capacity(PIPE, (&mut from_served).take(limit.unwrap_or(u64::MAX))),
            &mut to_near,
        )
        .await;
        if let Some((pipes, node)) = leaves {
            pipes.switch_off(node);
        }
    };
    tokio::select! {
        () = out => {}
        () = back => {}
    }
}
