//! How a pipe begins: Noise, then one frame each way.

use std::borrow::Cow;
use std::time::Duration;

use libp2p_core::upgrade::{InboundConnectionUpgrade, OutboundConnectionUpgrade};
use libp2p_identity::{Keypair, PeerId, PublicKey};
use libp2p_noise as noise;
use papermesh_frame::{FrameError, read_message, write_message};
use papermesh_protocol::gateway::message::{Answer, Hello, Refusal, Welcome, prologue};
use papermesh_protocol::id::{GatewayId, NodeId};
use papermesh_protocol::limits;
use papermesh_protocol::remedy::Remedy;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;
use tokio_util::compat::{Compat, FuturesAsyncReadCompatExt, TokioAsyncReadCompatExt};
use yamux::Mode;

use crate::streams::Pipe;

/// How long a door may take to begin a pipe, once it has its turn,
const BEGIN: Duration = Duration::from_secs(10);
/// and how long a door waits for that. After a restart all doors come to a gateway at once.
const WAIT: Duration = Duration::from_secs(60);

/// Why there is no pipe.
#[derive(Debug, thiserror::Error)]
pub enum PipeError {
    /// The own key is none.
    #[error("the key of this end of the pipe cannot be used")]
    Key,
    /// Noise failed: another gateway, another version, or an attack.
    #[error("the other end is not a Papermesh gateway, or not the one that the site knows: {0}")]
    Noise(#[from] noise::Error),
    /// Another gateway than the one that was to be reached.
    #[error("another gateway answers than the one that the site knows")]
    OtherGateway,
    /// The connection broke, or what came was no answer.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// The other end hung up.
    #[error("the other end hung up before the pipe began")]
    Ended,
    /// The gateway does not let this door in.
    #[error("{0}")]
    Refused(Refusal),
    /// It took too long.
    #[error("the pipe did not begin within {} seconds", .0.as_secs())]
    Timeout(Duration),
}

impl Remedy for PipeError {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Refused(why) => why.remedy(),
            // Another key than the site's is another prologue, and so Noise fails already.
            Self::Noise(_) | Self::OtherGateway => {
                Some("ask the gateway's provider for a new line, and add it again".into())
            }
            _ => None,
        }
    }
}

/// The identity of a gateway with this key; none if it is no key.
#[must_use]
pub fn gateway_id(seed: &[u8; 32]) -> Option<GatewayId> {
    let key = Keypair::ed25519_from_bytes(*seed).ok()?;
    key_of(&key.public()).map(GatewayId::from_bytes)
}

fn key_of(key: &PublicKey) -> Option<[u8; 32]> {
    let key = key.clone().try_into_ed25519().ok()?;
    Some(key.to_bytes())
}

/// The Ed25519 key that a peer id carries; none of others.
fn key_in(peer: PeerId) -> Option<[u8; 32]> {
    // 0x00 is the identity hash: the digest is the key itself, as protobuf.
    let hash = peer.as_ref();
    if hash.code() != 0 {
        return None;
    }
    key_of(&PublicKey::try_decode_protobuf(hash.digest()).ok()?)
}

/// Begins a pipe to a gateway, as the door with this key.
///
/// # Errors
/// [`PipeError`].
pub async fn dial<C>(
    carrier: C,
    seed: &[u8; 32],
    gateway: GatewayId,
    hello: &Hello,
) -> Result<(Pipe, Welcome), PipeError>
where
    C: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let begin = async {
        let noise = config(seed, gateway)?;
        let (peer, stream) = noise.upgrade_outbound(carrier.compat(), "").await?;
        if key_in(peer) != Some(*gateway.as_bytes()) {
            return Err(PipeError::OtherGateway);
        }
        let mut stream = stream.compat();
        write_message(&mut stream, hello, limits::PIPE_HELLO).await?;
        match read_message(&mut stream, limits::PIPE_HEAD, WAIT).await? {
            Some(Answer::Welcome(welcome)) => {
                Ok((Pipe::new(stream.into_inner(), Mode::Client), welcome))
            }
            Some(Answer::Refused(why)) => Err(PipeError::Refused(why)),
            None => Err(PipeError::Ended),
        }
    };
    timeout(WAIT, begin)
        .await
        .map_err(|_| PipeError::Timeout(WAIT))?
}

/// A door that was let in.
pub struct Admitted<T> {
    /// The pipe to it.
    pub pipe: Pipe,
    /// What the judgment kept of it.
    pub kept: T,
}

/// Answers a door, as the gateway with this key. `judge` decides by who it is and what it says.
///
/// # Errors
/// [`PipeError`]; a refusal has been said to the door then.
pub async fn answer<C, T>(
    carrier: C,
    seed: &[u8; 32],
    judge: impl FnOnce(NodeId, Hello) -> Result<(Welcome, T), Refusal>,
) -> Result<Admitted<T>, PipeError>
where
    C: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let begin = async {
        let own = gateway_id(seed).ok_or(PipeError::Key)?;
        let noise = config(seed, own)?;
        let (peer, stream) = noise.upgrade_inbound(carrier.compat(), "").await?;
        let node = NodeId::from_bytes(key_in(peer).ok_or(PipeError::Key)?);
        let mut stream: Compat<_> = stream.compat();
        let hello = read_message(&mut stream, limits::PIPE_HELLO, BEGIN).await?;
        let hello = hello.ok_or(PipeError::Ended)?;
        match judge(node, hello) {
            Ok((welcome, kept)) => {
                let welcome = Answer::Welcome(welcome);
                write_message(&mut stream, &welcome, limits::PIPE_HEAD).await?;
                let pipe = Pipe::new(stream.into_inner(), Mode::Server);
                Ok(Admitted { pipe, kept })
            }
            Err(why) => {
                let refused = Answer::Refused(why);
                write_message(&mut stream, &refused, limits::PIPE_HEAD).await?;
                Err(PipeError::Refused(why))
            }
        }
    };
    timeout(BEGIN, begin)
        .await
        .map_err(|_| PipeError::Timeout(BEGIN))?
}

fn config(seed: &[u8; 32], gateway: GatewayId) -> Result<noise::Config, PipeError> {
    let key = Keypair::ed25519_from_bytes(*seed).map_err(|_| PipeError::Key)?;
    Ok(noise::Config::new(&key)?.with_prologue(prologue(gateway)))
}
