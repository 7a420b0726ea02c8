//! Spreading the site state: `/papermesh/site/1`.
//!
//! One exchange on one stream: the opener says which state it has and sends it along if it knows
//! the other's to be older; the other answers with its own state if that is newer. Two members
//! that meet exchange when their handshakes named different sequence numbers; a member that
//! learns of a newer state tells all it is connected with. So a revocation travels as fast as
//! connections do, with nobody in charge.

use std::time::Duration;

use futures::{StreamExt, stream};
use papermesh_protocol::id::NodeId;
use papermesh_protocol::limits;
use papermesh_protocol::signed::Envelope;
use papermesh_protocol::site::SiteState;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncWrite};

use super::frame::{FrameError, read_message, write_message};
use super::handle::{Mesh, Protocol};
use super::membership::Membership;

/// How long one side waits for the other.
const WAIT: Duration = Duration::from_secs(10);
/// An exchange carries at most one state.
const MESSAGE: usize = limits::SITE_STATE + 256;

/// Members that are told of a newer state at the same time. As many may be silent and delay nobody.
const TOLD_AT_ONCE: usize = 64;

/// What either side says.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Exchange {
    /// The sequence number of the sender's state.
    sequence: u64,
    /// That state, where the receiver is thought to lack it.
    state: Option<Envelope<SiteState>>,
}

/// Exchanges states with members of whom nothing is known, without waiting for one after the other.
pub(super) async fn tell(mesh: &Mesh, members: impl IntoIterator<Item = NodeId>) {
    stream::iter(members)
        .for_each_concurrent(TOLD_AT_ONCE, |member| async move {
            exchange_with(mesh.clone(), member, 0).await;
        })
        .await;
}

/// Exchanges states with a member; `theirs` is what it is known to have, 0 if nothing is known.
/// Says whether a newer state was learned.
pub(super) async fn exchange_with(mesh: Mesh, member: NodeId, theirs: u64) -> bool {
    let exchanged = async {
        let mut stream = mesh
            .open(member, &[], Protocol::Site)
            .await
            .map_err(|error| error.to_string())?;
        let membership = mesh.membership();
        let mine = membership.state();
        let state = (theirs < mine.sequence).then(|| mine.envelope().clone());
        let said = Exchange {
            sequence: mine.sequence,
            state,
        };
        write_message(&mut stream, &said, MESSAGE)
            .await
            .map_err(|error| error.to_string())?;
        let answer: Option<Exchange> = read_message(&mut stream, MESSAGE, WAIT)
            .await
            .map_err(|error| error.to_string())?;
        Ok::<bool, String>(answer.is_some_and(|answer| learn(membership, answer)))
    };
    match exchanged.await {
        Ok(learned) => learned,
        Err(error) => {
            tracing::debug!(%member, %error, "no exchange of site states");
            false
        }
    }
}

/// Answers an exchange that a member began. Says whether a newer state was learned.
pub(super) async fn answer<S>(membership: &Membership, stream: &mut S) -> Result<bool, FrameError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let Some(said) = read_message::<Exchange>(stream, MESSAGE, WAIT).await? else {
        return Ok(false);
    };
    let theirs = said.sequence;
    let learned = learn(membership, said);
    let mine = membership.state();
    let state = (theirs < mine.sequence).then(|| mine.envelope().clone());
    write_message(
        stream,
        &Exchange {
            sequence: mine.sequence,
            state,
        },
        MESSAGE,
    )
    .await?;
    Ok(learned)
}

fn learn(membership: &Membership, said: Exchange) -> bool {
    let Some(state) = said.state else {
        return false;
    };
    membership.advance(&state).unwrap_or_else(|error| {
        tracing::warn!(%error, "a member sent an unacceptable site state");
        false
    })
}
