//! What the clocks of connected members show: `/papermesh/clock/1`.
//!
//! Records are dated, and refused when they are from the future or too old. A computer whose clock
//! is wrong therefore holds jobs that nobody finds, and cannot see by itself why. So two members
//! tell each other their time when they are connected, and again from time to time. It is advice
//! for people only: nothing is judged by it, because any member may say what it likes.

use std::fmt;
use std::time::Duration;

use futures::{StreamExt, stream};
use papermesh_frame::{FrameError, read_message, write_message};
use papermesh_protocol::id::NodeId;
use papermesh_protocol::remedy::Remedy;
use papermesh_protocol::time::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncWrite};

use super::handle::{Mesh, Protocol};
use super::membership::Membership;

/// How often connected members are asked again.
pub(super) const AGAIN: Duration = Duration::from_secs(10 * 60);
/// Members that are asked again, so many at once.
pub(super) const ASKED: usize = 16;
/// How long one side waits for the other.
const WAIT: Duration = Duration::from_secs(5);
/// A message is a structure of one number.
const MESSAGE: usize = 16;

/// What either side says.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ClockMessage {
    /// What the sender's clock shows.
    now: Timestamp,
}

/// How far this computer's clock is from those of connected members.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockOffset {
    /// Milliseconds that it is ahead of them, or behind if negative: the median.
    pub ahead: i64,
    /// How many members that is the median of; at least one.
    pub members: usize,
}

impl ClockOffset {
    /// The median of what this clock is ahead of each member's; of an even number of them the one
    /// nearer to right, since a doubt should not be told as an error. None of none.
    pub(super) fn median(mut ahead: Vec<i64>) -> Option<Self> {
        ahead.sort_unstable();
        let members = ahead.len();
        let middle = [members.checked_sub(1)? / 2, members / 2].map(|at| ahead[at]);
        let ahead = middle
            .into_iter()
            .min_by_key(|ahead| ahead.unsigned_abs())?;
        Some(Self { ahead, members })
    }
}

impl fmt::Display for ClockOffset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.ahead.unsigned_abs() / 1000;
        let (amount, unit) = match seconds {
            0 => return f.write_str("this computer's clock agrees with the other members'"),
            1..60 => (seconds, "s"),
            60..=7200 => (seconds / 60, "min"),
            _ => (seconds / 3600, "h"),
        };
        let side = match self.ahead {
            0.. => "ahead of",
            _ => "behind",
        };
        let whose = match self.members {
            1 => "the clock of the only connected member",
            _ => "the other members'",
        };
        write!(f, "this computer's clock is {amount} {unit} {side} {whose}")
    }
}

/// Tells members the time and asks for theirs.
pub(super) async fn ask(mesh: Mesh, members: Vec<NodeId>) {
    stream::iter(members)
        .for_each_concurrent(ASKED, |member| {
            let mesh = &mesh;
            async move {
                if let Err(error) = exchange_with(mesh, member).await {
                    tracing::debug!(%member, %error, "the member did not send its time");
                }
            }
        })
        .await;
}

async fn exchange_with(mesh: &Mesh, member: NodeId) -> Result<(), String> {
    let mut stream = mesh
        .open(member, &[], Protocol::Clock)
        .await
        .map_err(|error| error.in_full().to_string())?;
    let membership = mesh.membership();
    let now = membership.now();
    write_message(&mut stream, &ClockMessage { now }, MESSAGE)
        .await
        .map_err(|error| error.to_string())?;
    let answer: Option<ClockMessage> = read_message(&mut stream, MESSAGE, WAIT)
        .await
        .map_err(|error| error.to_string())?;
    if let Some(told) = answer {
        // It looked at its clock somewhere between the question and the answer.
        let halfway = now + membership.now().since(now) / 2;
        membership.note_clock(member, ahead(halfway, told.now));
    }
    Ok(())
}

/// Answers a member that tells the time.
pub(super) async fn answer<S>(
    membership: &Membership,
    from: NodeId,
    stream: &mut S,
) -> Result<(), FrameError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let Some(told) = read_message::<ClockMessage>(stream, MESSAGE, WAIT).await? else {
        return Ok(());
    };
    let now = membership.now();
    membership.note_clock(from, ahead(now, told.now));
    write_message(stream, &ClockMessage { now }, MESSAGE).await
}

fn ahead(mine: Timestamp, theirs: Timestamp) -> i64 {
    let millis = |duration: Duration| i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
    millis(mine.since(theirs)) - millis(theirs.since(mine))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_that_of_most_members_and_gives_the_clock_the_doubt() {
        let median = |ahead: &[i64]| {
            ClockOffset::median(ahead.to_vec()).map(|offset| (offset.ahead, offset.members))
        };
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[-7]), Some((-7, 1)));
        // One member whose own clock is wrong, or who lies, does not matter.
        assert_eq!(median(&[3, i64::MAX, 2]), Some((3, 3)));
        assert_eq!(median(&[3_600_000, 1]), Some((1, 2)));
        assert_eq!(median(&[-3_600_000, -1]), Some((-1, 2)));
    }

    #[test]
    fn hostile_times_are_far_away_and_nothing_else() {
        let (first, last) = (Timestamp::from_millis(0), Timestamp::from_millis(u64::MAX));
        assert_eq!(ahead(last, first), i64::MAX);
        assert_eq!(ahead(first, last), -i64::MAX);
    }
}
