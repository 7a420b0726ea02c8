//! Answering `/papermesh/sighting/1`: what a door or an admin is told.

use std::sync::PoisonError;
use std::time::Duration;

use papermesh_frame::{FrameError, read_message, write_message};
use papermesh_mesh::{Member, Protocol};
use papermesh_protocol::certificate::Role;
use papermesh_protocol::gateway::name::HostName;
use papermesh_protocol::gateway::sighting::{Answer, Mismatch, Seen, Told};
use papermesh_protocol::id::NodeId;
use papermesh_protocol::limits;
use papermesh_protocol::remedy::Remedy;
use papermesh_protocol::time::Timestamp;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};

use super::kept::Note;
use super::own::OwnPlaces;
use super::{SeenFrom, Sightings};
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
        let answer = self.0.hear(from.node, &told).await;
        write_message(&mut stream, &answer, limits::SIGHTING_MESSAGE).await?;
        Ok(stream.shutdown().await?)
    }
}

/// Who hears.
#[derive(Clone, Copy)]
struct Hearer<'a> {
    node: NodeId,
    is_admin: bool,
    own: &'a OwnPlaces,
}

/// What is done with what was heard.
#[derive(Debug, PartialEq, Eq)]
enum Effect {
    Nothing,
    /// A place of this node was seen as it is.
    Seen(HostName),
    /// It is kept; whether who says it is sure.
    Keep(Mismatch, bool),
}

/// What is answered to what a member tells, and what is done.
fn heard(told: &Told, hearer: Hearer<'_>, now: Timestamp) -> (Answer, Effect) {
    match told {
        Told::Seen(sighting) => {
            let sighting = sighting.cleaned();
            let answer = hearer.own.answer(&sighting, now);
            let claim = hearer.own.claim(hearer.node, &sighting.name);
            let effect = match (answer, claim) {
                (Answer::Mine, _) => Effect::Seen(sighting.name),
                (Answer::NotMine, Some(claim)) => {
                    let is_key = matches!(sighting.seen, Seen::Key { .. });
                    let claims = vec![claim];
                    Effect::Keep(Mismatch { sighting, claims }, is_key)
                }
                _ => Effect::Nothing,
            };
            (answer, effect)
        }
        Told::Mismatch(mismatch) => match mismatch.cleaned() {
            Some(mismatch) if hearer.is_admin => (Answer::Noted, Effect::Keep(mismatch, true)),
            _ => (Answer::NotHere, Effect::Nothing),
        },
    }
}

impl<N: Network> Sightings<N> {
    async fn hear(&self, from: NodeId, told: &Told) -> Answer {
        let now = self.now();
        let (answer, effect) = {
            let own = self.0.deps.own.borrow();
            let membership = self.0.deps.mesh.membership();
            let hearer = Hearer {
                node: membership.node(),
                is_admin: membership.certificate().roles.has(Role::Admin),
                own: &own,
            };
            heard(told, hearer, now)
        };
        match effect {
            Effect::Nothing => answer,
            Effect::Seen(name) => {
                let mut seen = self.0.seen.lock().unwrap_or_else(PoisonError::into_inner);
                seen.insert(name, SeenFrom { by: from, at: now });
                answer
            }
            Effect::Keep(mismatch, is_sure) => {
                let may = {
                    let mut told = self.0.told.lock().unwrap_or_else(PoisonError::into_inner);
                    told.count(from, now)
                };
                let kept = match may {
                    true => {
                        let note = Note {
                            by: from,
                            mismatch,
                            at: now,
                            is_sure,
                        };
                        self.note(note).await.map_err(|error| {
                            tracing::error!(error = %error.in_full(), "could not keep what a member saw");
                        })
                    }
                    false => Err(()),
                };
                match (answer, kept) {
                    // It tells somebody else, or later.
                    (Answer::Noted, Err(())) => Answer::NotHere,
                    _ => answer,
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use papermesh_protocol::gateway::record::Shown;
    use papermesh_protocol::gateway::sighting::{Claim, Sighting};
    use papermesh_protocol::id::KeyDigest;

    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);
    const ME: NodeId = NodeId::from_bytes([1; 32]);
    const MINE: KeyDigest = KeyDigest::from_bytes([1; 32]);
    const FALSE: KeyDigest = KeyDigest::from_bytes([3; 32]);

    fn name() -> HostName {
        "desk.acme.gw.example".parse().unwrap()
    }

    fn own(is_open: bool) -> OwnPlaces {
        let mut own = OwnPlaces::default();
        let shown = Shown {
            name: name(),
            now: Some(MINE),
            next: None,
        };
        own.show(vec![shown], NOW);
        if is_open {
            own.open([name()].into());
        }
        own
    }

    fn sighting(seen: Seen) -> Sighting {
        let name = name();
        Sighting { name, seen }
    }

    /// Whatever is told to whomever: a place is seen, or is kept as it should not be, or neither.
    #[test]
    fn a_door_judges_its_own_places_and_an_admin_notes_others() {
        let all = [
            Seen::key(MINE, "CA"),
            Seen::key(FALSE, "CA"),
            Seen::no_tls("why"),
            Seen::Closed,
        ];
        let claims = vec![Claim {
            door: ME,
            key: Some(MINE),
        }];
        for is_admin in [false, true] {
            for (has, is_open) in [(false, false), (true, false), (true, true)] {
                let own = if has {
                    own(is_open)
                } else {
                    OwnPlaces::default()
                };
                let hearer = Hearer {
                    node: ME,
                    is_admin,
                    own: &own,
                };
                for seen in &all {
                    let sighting = sighting(seen.clone());
                    let mismatch = Mismatch {
                        sighting: sighting.clone(),
                        claims: claims.clone(),
                    };
                    let to_door = heard(&Told::Seen(sighting), hearer, NOW);
                    let keep = |is_sure| (Answer::NotMine, Effect::Keep(mismatch.clone(), is_sure));
                    let expected = match (has, is_open, seen) {
                        (true, _, Seen::Key { key: MINE, .. }) => {
                            (Answer::Mine, Effect::Seen(name()))
                        }
                        (true, _, Seen::Key { .. }) => keep(true),
                        (true, true, _) => keep(false),
                        _ => (Answer::NotHere, Effect::Nothing),
                    };
                    assert_eq!(to_door, expected);
                    let to_admin = heard(&Told::Mismatch(mismatch.clone()), hearer, NOW);
                    let expected = match is_admin {
                        true => (Answer::Noted, Effect::Keep(mismatch.clone(), true)),
                        false => (Answer::NotHere, Effect::Nothing),
                    };
                    assert_eq!(to_admin, expected);
                    let malformed = Mismatch {
                        claims: Vec::new(),
                        ..mismatch
                    };
                    let refused = heard(&Told::Mismatch(malformed), hearer, NOW);
                    assert_eq!(refused, (Answer::NotHere, Effect::Nothing));
                }
            }
        }
    }
}
