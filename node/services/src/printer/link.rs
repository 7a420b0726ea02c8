//! Talking to one holder: one request, one answer, in order, on a stream that is opened again when
//! it broke. Sessions and leases outlive streams, so a broken one costs the user nothing.

use std::time::Duration;

use papermesh_frame::{read_message, write_message};
use papermesh_mesh::{MeshError, Protocol};
use papermesh_protocol::id::NodeId;
use papermesh_protocol::limits;
use papermesh_protocol::release::message::{Answer, Request};
use papermesh_protocol::version::Version;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::network::{self, LinkError, Network, Opening};

/// How long a holder may take to answer. It may have a disk to wait for, but not a user.
pub(super) const ANSWER: Duration = Duration::from_secs(10);

/// Where a holder is.
#[derive(Clone)]
pub(super) struct Route<N> {
    pub(super) network: N,
    pub(super) holder: NodeId,
    /// Binary multiaddrs; those that the mesh remembers are tried besides.
    pub(super) addresses: Vec<Vec<u8>>,
}

impl<N: Network> Route<N> {
    /// Opens a stream to the holder.
    pub(super) async fn open(&self, protocol: Protocol) -> Result<N::Stream, MeshError> {
        self.network
            .open(self.holder, &self.addresses, protocol)
            .await
    }

    /// Opens a stream to the holder with a first question.
    pub(super) async fn begin<Q, A>(
        &self,
        opening: Opening<'_, Q>,
    ) -> Result<(N::Stream, A), LinkError>
    where
        Q: Serialize + Send + Sync,
        A: Serialize + DeserializeOwned,
    {
        network::begin(&self.network, self.holder, &self.addresses, opening).await
    }
}

/// The conversation with one holder.
pub(super) struct Link<N: Network> {
    route: Route<N>,
    /// The stream, between requests; absent while one is under way, so that a request that was
    /// dropped half-way takes its stream with it and no later one gets its answer.
    stream: Option<(N::Stream, Version)>,
}

impl<N: Network> Link<N> {
    /// A conversation that has not begun yet.
    pub(super) fn new(route: Route<N>) -> Self {
        Self {
            route,
            stream: None,
        }
    }

    pub(super) fn route(&self) -> &Route<N> {
        &self.route
    }

    /// Makes sure that there is a stream.
    pub(super) async fn connect(&mut self) -> Result<(), LinkError> {
        if self.stream.is_none() {
            let Route {
                network,
                holder,
                addresses,
            } = &self.route;
            self.stream =
                Some(network::open(network, *holder, addresses, Protocol::Release).await?);
        }
        Ok(())
    }

    /// Asks, and asks once more on a new stream if the stream ends before the answer: it was broken,
    /// or the holder never saw it (see [`crate::network::begin`]). Only for requests that may arrive
    /// twice, which all but the proof of a login may.
    pub(super) async fn ask(&mut self, request: &Request) -> Result<Answer, LinkError> {
        match self.ask_once(request).await {
            Err(error) if error.is_end() => self.ask_once(request).await,
            answered => answered,
        }
    }

    /// Asks, once.
    pub(super) async fn ask_once(&mut self, request: &Request) -> Result<Answer, LinkError> {
        self.connect().await?;
        let Some((mut stream, version)) = self.stream.take() else {
            return Err(LinkError::Ended);
        };
        let said = request.clone().said_in(version);
        write_message(&mut stream, &said, limits::RELEASE_MESSAGE).await?;
        let answer = read_message(&mut stream, limits::RELEASE_MESSAGE, ANSWER)
            .await?
            .ok_or(LinkError::Ended)?;
        self.stream = Some((stream, version));
        Ok(answer)
    }
}
