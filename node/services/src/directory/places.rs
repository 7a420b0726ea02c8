//! Which keys the places of this node and of others have.

use std::sync::atomic::Ordering;
use std::time::Duration;

use futures::StreamExt;
use papermesh_mesh::MeshError;
use papermesh_protocol::gateway::record::{PlaceRecord, Shown};
use papermesh_protocol::id::NodeId;
use papermesh_protocol::lookup;
use papermesh_protocol::record::DirectoryRecord;
use papermesh_protocol::signed::Signed;
use tokio::time::timeout;

use super::Directory;
use super::advertise::PublishError;
use crate::network::Network;

/// How long the DHT is asked for a record of places. Nobody waits for it, and the newest is wanted.
const LOOKUP: Duration = Duration::from_secs(5);

impl<N: Network> Directory<N> {
    /// Says which keys this node's places have; how many other members took it.
    ///
    /// # Errors
    /// [`PublishError`].
    pub async fn publish_places(&self, shown: Vec<Shown>) -> Result<usize, PublishError> {
        let signing = self.0.signing.lock().await;
        let (membership, certificate) = (&self.0.membership, self.0.membership.certificate());
        let last = self.0.places_sequence.load(Ordering::Relaxed);
        let record = PlaceRecord::sign(
            shown,
            (&self.0.key, &certificate),
            &membership.state(),
            (last, membership.now()),
        )?;
        self.0
            .places_sequence
            .store(record.sequence, Ordering::Relaxed);
        drop(signing);
        let place = lookup::places_key(membership.secret(), membership.node());
        match self.put(place, &DirectoryRecord::Places(record)).await {
            // It is stored here, and others take it when there are others.
            Err(PublishError::Mesh(MeshError::NotStored)) => Ok(0),
            placed => placed,
        }
    }

    /// What a door says of its places: the newest that anybody knows.
    pub async fn places_of(&self, node: NodeId) -> Option<Signed<PlaceRecord>> {
        let membership = &self.0.membership;
        let place = lookup::places_key(membership.secret(), node);
        let mut values = self.0.network.get(place);
        let mut newest: Option<DirectoryRecord> = None;
        let asking = async {
            while let Some(value) = values.next().await {
                let read = membership.judge(|judge| {
                    DirectoryRecord::read(place, &value, membership.secret(), judge, None)
                });
                match (&mut newest, read) {
                    (Some(newest), Ok(read)) => drop(newest.merge(&read)),
                    (None, Ok(read)) => newest = Some(read),
                    (_, Err(_)) => {}
                }
            }
        };
        // Dead nodes of the DHT may keep it from ending by itself.
        let _ = timeout(LOOKUP, asking).await;
        match newest {
            Some(DirectoryRecord::Places(record)) => Some(record),
            _ => None,
        }
    }
}
