//! Answering `/papermesh/sighting/1`: what a door or an admin is told.

use std::sync::PoisonError;
use std::time::Duration;

use papermesh_frame::{FrameError, read_message, write_message};
use papermesh_mesh::{Member, Protocol};
use papermesh_protocol::certificate::Role;
use papermesh_protocol::gateway::sighting::{Answer, Sighting, Told};
use papermesh_protocol::id::NodeId;
use papermesh_protocol::limits;
use papermesh_protocol::remedy::Remedy;
use papermesh_store::offload::offload;
use papermesh_store::{ExposureRow, StoreError};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};

use super::{Sightings, kept};
use crate::audit::{Event, Kind};
use crate::network::Network;
use crate::network::serving::{Admission, Serve};

/// How long a member may take to say what it saw.
const QUESTION: Duration = Duration::from_secs(10);

/// What answers members who looked.
#[derive(Clone)]
pub(super) struct SightingService<N: Network>(pub(super) Sightings<N>);

impl<N: Network> Serve for SightingService<N> {
    fn protocol(&self) -> Protocol {
        Protocol::Sighting
    }

    fn admission(&self) -> Admission {
        Admission::questions()
    }

    async fn serve<S>(&self, from: Member, mut stream: S) -> Result<(), FrameError>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let told = read_message(&mut stream, limits::SIGHTING_MESSAGE, QUESTION).await?;
        let Some(told) = told else { return Ok(()) };
        let answer = self.0.hear(from.node, told).await;
        write_message(&mut stream, &answer, limits::SIGHTING_MESSAGE).await?;
        Ok(stream.shutdown().await?)
    }
}

impl<N: Network> Sightings<N> {
    async fn hear(&self, from: NodeId, told: Told) -> Answer {
        let may = {
            let mut told = self.0.told.lock().unwrap_or_else(PoisonError::into_inner);
            told.count(from, self.now())
        };
        if !may {
            return Answer::Noted;
        }
        match told {
            Told::Seen(sighting) => self.hear_of_own(from, &sighting.cleaned()).await,
            Told::Exposed { door, sighting } => {
                let own = self.0.deps.mesh.membership().certificate();
                if !own.roles.has(Role::Admin) {
                    return Answer::NotHere;
                }
                match self.expose(from, door, sighting.cleaned()).await {
                    Ok(()) => Answer::Noted,
                    Err(error) => {
                        tracing::error!(error = %error.in_full(), "could not keep what a member saw");
                        Answer::NotHere
                    }
                }
            }
        }
    }

    /// What this node's own place showed.
    async fn hear_of_own(&self, from: NodeId, sighting: &Sighting) -> Answer {
        let at = {
            let shown = self.0.deps.shown.borrow();
            let mut shown = shown.iter();
            shown.find(|shown| shown.name == sighting.name).cloned()
        };
        match at {
            None => Answer::NotHere,
            Some(shown) if shown.has(sighting.key) => {
                let mut seen = self.0.seen.lock().unwrap_or_else(PoisonError::into_inner);
                seen.insert(shown.name, self.now());
                Answer::Mine
            }
            Some(_) => {
                let door = self.0.deps.mesh.node();
                if let Err(error) = self.expose(from, door, sighting.clone()).await {
                    tracing::error!(error = %error.in_full(), "could not keep what a member saw");
                }
                Answer::NotMine
            }
        }
    }

    /// Keeps that somebody pretends to be a place, and writes it down, if that is new.
    pub(super) async fn expose(
        &self,
        by: NodeId,
        door: NodeId,
        sighting: Sighting,
    ) -> Result<(), StoreError> {
        let exposure = ExposureRow {
            by,
            door,
            sighting,
            at: self.now(),
            told: false,
        };
        let kept = exposure.clone();
        let is_new = offload(&self.0.deps.store, move |store| kept::keep(store, kept)).await?;
        if !is_new {
            return Ok(());
        }
        let ExposureRow { sighting, .. } = exposure;
        let Sighting { name, key, issuer } = &sighting;
        tracing::error!(%name, %key, issuer, %by, "a place shows a key that is not its door's");
        let saw = format!("{name} showed the key {key}, by {issuer}");
        let event = Event::new(Kind::PlaceExposed).peer(by).because(saw);
        self.0.deps.audit.record_best_effort(event).await;
        Ok(())
    }
}
