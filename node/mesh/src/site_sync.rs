//! Spreading the charter and the site state: `/papermesh/site/1`.
//!
//! One exchange on one stream: the opener says which charter and state it has and sends along those
//! of which it knows the other's to be older; the other answers with its own where they are newer. Two
//! members that meet exchange when their handshakes named different ones; a member that learns of a
//! newer one tells all it is connected with. So a revocation travels as fast as connections do, with
//! nobody in charge.

use std::time::Duration;

use futures::{StreamExt, stream};
use papermesh_frame::{FrameError, read_message, write_message};
use papermesh_protocol::charter::{Charter, CharterMark};
use papermesh_protocol::id::NodeId;
use papermesh_protocol::limits;
use papermesh_protocol::remedy::Remedy;
use papermesh_protocol::signed::Envelope;
use papermesh_protocol::site::SiteState;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncWrite};

use super::handle::{Mesh, Protocol};
use super::membership::{Edition, Membership};

/// How long one side waits for the other.
const WAIT: Duration = Duration::from_secs(10);
/// An exchange carries at most one charter and one state.
const MESSAGE: usize = limits::CHARTER + limits::SITE_STATE + 512;

/// Members that are told of newer papers at the same time. As many may be silent and delay nobody.
const TOLD_AT_ONCE: usize = 64;

/// What either side says.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Exchange {
    /// Which charter the sender has.
    mark: CharterMark,
    /// The sequence number of the sender's state.
    sequence: u64,
    /// That charter, where the receiver is thought to lack it.
    charter: Option<Envelope<Charter>>,
    /// That state, where the receiver is thought to lack it.
    state: Option<Envelope<SiteState>>,
}

impl Exchange {
    /// What is said to a member that has `theirs`; none if nothing is known.
    fn to(theirs: Option<Edition>, membership: &Membership) -> Self {
        let (charter, state) = (membership.charter(), membership.state());
        let lacks_charter = theirs.is_none_or(|theirs| theirs.charter < charter.mark());
        let lacks_state = theirs.is_none_or(|theirs| theirs.state < state.sequence);
        Self {
            mark: charter.mark(),
            sequence: state.sequence,
            charter: lacks_charter.then(|| charter.envelope().clone()),
            // Under a newer charter the other may not believe its own any more.
            state: (lacks_charter || lacks_state).then(|| state.envelope().clone()),
        }
    }

    /// Which papers the sender has.
    const fn edition(&self) -> Edition {
        Edition {
            charter: self.mark,
            state: self.sequence,
        }
    }
}

/// Exchanges papers with members of whom nothing is known, without waiting for one after the other.
pub(super) async fn tell(mesh: &Mesh, members: impl IntoIterator<Item = NodeId>) {
    stream::iter(members)
        .for_each_concurrent(TOLD_AT_ONCE, |member| async move {
            exchange_with(mesh.clone(), member, None).await;
        })
        .await;
}

/// Exchanges papers with a member; `theirs` is what it is known to have. Says whether anything newer
/// was learned.
pub(super) async fn exchange_with(mesh: Mesh, member: NodeId, theirs: Option<Edition>) -> bool {
    let exchanged = async {
        let mut stream = mesh
            .open(member, &[], Protocol::Site)
            .await
            .map_err(|error| error.in_full().to_string())?;
        let membership = mesh.membership();
        let said = Exchange::to(theirs, membership);
        write_message(&mut stream, &said, MESSAGE)
            .await
            .map_err(|error| error.to_string())?;
        let answer: Option<Exchange> = read_message(&mut stream, MESSAGE, WAIT)
            .await
            .map_err(|error| error.to_string())?;
        Ok::<bool, String>(answer.is_some_and(|answer| learn(membership, &answer)))
    };
    match exchanged.await {
        Ok(learned) => learned,
        Err(error) => {
            tracing::debug!(%member, %error, "site state exchange failed");
            false
        }
    }
}

/// Answers an exchange that a member began. Says whether anything newer was learned.
pub(super) async fn answer<S>(membership: &Membership, stream: &mut S) -> Result<bool, FrameError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let Some(said) = read_message::<Exchange>(stream, MESSAGE, WAIT).await? else {
        return Ok(false);
    };
    let learned = learn(membership, &said);
    let answer = Exchange::to(Some(said.edition()), membership);
    write_message(stream, &answer, MESSAGE).await?;
    Ok(learned)
}

/// The charter first: it says whose states are believed.
fn learn(membership: &Membership, said: &Exchange) -> bool {
    let charter = said.charter.as_ref().is_some_and(|charter| {
        membership.recharter(charter).unwrap_or_else(|error| {
            tracing::warn!(error = %error.in_full(), "a member sent an unacceptable charter");
            false
        })
    });
    let state = said.state.as_ref().is_some_and(|state| {
        membership.advance(state).unwrap_or_else(|error| {
            tracing::warn!(error = %error.in_full(), "a member sent an unacceptable site state");
            false
        })
    });
    charter | state
}
