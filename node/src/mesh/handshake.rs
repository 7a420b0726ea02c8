//! The member handshake: the gate that every connection of the mesh passes, relayed ones too.
//!
//! It is libp2p's Noise XX with the site id as prologue, followed, inside the encrypted channel,
//! by one frame each way: two bytes of length (big-endian) and a [`Hello`] with the certificate
//! and which charter and site state its sender has. Where the charters differ, the side with the
//! newer one sends it, and its state after it; where only the states differ, the side with the newer
//! one sends that. So both judge by the same papers, and a member that was withdrawn while it was
//! away learns why it is not let in. Whoever does not show
//! a valid, unrevoked certificate for the very key that Noise authenticated gets no connection,
//! and so never reaches identify, Kademlia or any other protocol.

use std::cmp::Ordering;
use std::io;
use std::pin::Pin;
use std::sync::Arc;

use futures::io::BufReader;
use futures::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, Future};
use libp2p::core::UpgradeInfo;
use libp2p::core::upgrade::{InboundConnectionUpgrade, OutboundConnectionUpgrade};
use libp2p::identity::Keypair;
use libp2p::{PeerId, noise};
use papermesh_protocol::certificate::{Certificate, CertificateError};
use papermesh_protocol::charter::{Charter, CharterError, CharterMark};
use papermesh_protocol::codec::{self, CodecError};
use papermesh_protocol::limits;
use papermesh_protocol::signed::Envelope;
use papermesh_protocol::site::{SiteState, SiteStateError};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::membership::{Edition, Membership};
use super::peer;

/// The name that multistream-select negotiates.
const PROTOCOL: &str = "/papermesh/member/1";

/// Bytes that one read from the socket may bring. Noise itself reads 8 KiB at a time, which would
/// be a system call for each.
const READ_BUFFER: usize = 64 * 1024;

/// The most bytes of a charter with its signature.
const CHARTER_FRAME: usize = limits::CHARTER + 256;
/// The most bytes of a site state with its signature.
const STATE_FRAME: usize = limits::SITE_STATE + 256;
// Lengths have two bytes.
const _: () = assert!(CHARTER_FRAME <= u16::MAX as usize && STATE_FRAME <= CHARTER_FRAME);

/// What each side says after Noise.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Hello {
    certificate: Envelope<Certificate>,
    charter: CharterMark,
    state_sequence: u64,
}

/// Why a connection was not let in.
#[derive(Debug, thiserror::Error)]
pub enum HandshakeError {
    /// Noise failed: another site, or an attack.
    #[error(transparent)]
    Noise(#[from] noise::Error),
    /// The connection broke.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The other side's frame was no hello, or no site state.
    #[error("malformed frame: {0}")]
    Malformed(#[from] CodecError),
    /// The other side's key is not Ed25519.
    #[error("the peer's identity is not an Ed25519 key")]
    ForeignKey,
    /// The other side's certificate is not accepted.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// The other side's newer charter is none.
    #[error(transparent)]
    Charter(#[from] CharterError),
    /// The other side's newer site state is none.
    #[error(transparent)]
    State(#[from] SiteStateError),
}

/// The security upgrade of all transports.
#[derive(Clone)]
pub(super) struct MemberUpgrade {
    noise: noise::Config,
    membership: Arc<Membership>,
}

impl MemberUpgrade {
    pub(super) fn new(
        identity: &Keypair,
        membership: Arc<Membership>,
    ) -> Result<Self, noise::Error> {
        let prologue = membership.site().as_bytes().to_vec();
        Ok(Self {
            noise: noise::Config::new(identity)?.with_prologue(prologue),
            membership,
        })
    }

    async fn exchange<S>(&self, peer: PeerId, stream: &mut S) -> Result<(), HandshakeError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let node = peer::node_of(&peer).ok_or(HandshakeError::ForeignKey)?;
        let (charter, mine) = (self.membership.charter(), self.membership.state());
        let hello = Hello {
            certificate: self.membership.certificate().envelope().clone(),
            charter: charter.mark(),
            state_sequence: mine.sequence,
        };
        // Both sides write first: a hello fits into any socket's buffer.
        send(stream, &hello, limits::HANDSHAKE_FRAME).await?;
        let theirs: Hello = receive(stream, limits::HANDSHAKE_FRAME).await?;
        // Who signed their certificate may be an admin that only their newer charter names.
        let newer = theirs.charter.cmp(&charter.mark());
        if newer == Ordering::Greater {
            let charter: Envelope<Charter> = receive(stream, CHARTER_FRAME).await?;
            self.membership.recharter(&charter)?;
        }
        let certificate = self
            .membership
            .recognise(node, &theirs.certificate)
            .inspect_err(|error| tracing::warn!(%node, %error, "a connection was refused"))?;

        // Both know who has the newer papers, so that nobody waits in vain.
        match newer.then(theirs.state_sequence.cmp(&mine.sequence)) {
            Ordering::Less => {
                if newer == Ordering::Less {
                    send(stream, charter.envelope(), CHARTER_FRAME).await?;
                }
                send(stream, mine.envelope(), STATE_FRAME).await?;
            }
            Ordering::Equal => {}
            Ordering::Greater => {
                let state: Envelope<SiteState> = receive(stream, STATE_FRAME).await?;
                self.membership.advance(&state)?;
            }
        }
        let told = Edition {
            charter: theirs.charter,
            state: theirs.state_sequence,
        };
        let mine = Edition {
            charter: charter.mark(),
            state: mine.sequence,
        };
        let known = Edition {
            charter: told.charter.max(mine.charter),
            state: told.state.max(mine.state),
        };
        self.membership
            .admit(certificate, known)
            .inspect_err(|error| {
                // Whoever was told already and comes again is noise.
                if told != mine && told.charter <= mine.charter {
                    tracing::warn!(%node, %error, "a connection was refused");
                } else {
                    tracing::debug!(%node, %error, "a connection was refused");
                }
            })?;
        Ok(())
    }
}

/// Writes one frame of at most `max` bytes.
async fn send<S, T>(stream: &mut S, message: &T, max: usize) -> Result<(), HandshakeError>
where
    S: AsyncWrite + Unpin,
    T: Serialize,
{
    let bytes = codec::encode(message, max)?;
    stream
        .write_all(&u16::try_from(bytes.len()).unwrap_or(u16::MAX).to_be_bytes())
        .await?;
    stream.write_all(&bytes).await?;
    stream.flush().await?;
    Ok(())
}

/// Reads one frame of at most `max` bytes. The swarm's limit on a connection's time is the limit.
async fn receive<S, T>(stream: &mut S, max: usize) -> Result<T, HandshakeError>
where
    S: AsyncRead + Unpin,
    T: Serialize + DeserializeOwned,
{
    let mut length = [0; 2];
    stream.read_exact(&mut length).await?;
    let length = usize::from(u16::from_be_bytes(length));
    if length > max {
        return Err(CodecError::TooLong { len: length, max }.into());
    }
    let mut bytes = vec![0; length];
    stream.read_exact(&mut bytes).await?;
    Ok(codec::decode(&bytes, max)?)
}

impl UpgradeInfo for MemberUpgrade {
    type Info = &'static str;
    type InfoIter = std::iter::Once<&'static str>;

    fn protocol_info(&self) -> Self::InfoIter {
        std::iter::once(PROTOCOL)
    }
}

/// The encrypted connection that comes out.
type Secured<C> = (PeerId, noise::Output<BufReader<C>>);
type Upgrading<C> = Pin<Box<dyn Future<Output = Result<Secured<C>, HandshakeError>> + Send>>;

impl<C> InboundConnectionUpgrade<C> for MemberUpgrade
where
    C: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    type Output = Secured<C>;
    type Error = HandshakeError;
    type Future = Upgrading<C>;

    fn upgrade_inbound(self, socket: C, info: &'static str) -> Upgrading<C> {
        Box::pin(async move {
            let socket = BufReader::with_capacity(READ_BUFFER, socket);
            let (peer, mut stream) = self.noise.clone().upgrade_inbound(socket, info).await?;
            self.exchange(peer, &mut stream).await?;
            Ok((peer, stream))
        })
    }
}

impl<C> OutboundConnectionUpgrade<C> for MemberUpgrade
where
    C: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    type Output = Secured<C>;
    type Error = HandshakeError;
    type Future = Upgrading<C>;

    fn upgrade_outbound(self, socket: C, info: &'static str) -> Upgrading<C> {
        Box::pin(async move {
            let socket = BufReader::with_capacity(READ_BUFFER, socket);
            let (peer, mut stream) = self.noise.clone().upgrade_outbound(socket, info).await?;
            self.exchange(peer, &mut stream).await?;
            Ok((peer, stream))
        })
    }
}
