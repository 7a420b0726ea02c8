//! The member handshake (SPEC.md), done right except for what is shown.

use std::pin::Pin;

use futures::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, Future};
use libp2p::core::UpgradeInfo;
use libp2p::core::upgrade::{InboundConnectionUpgrade, OutboundConnectionUpgrade};
use libp2p::identity::Keypair;
use libp2p::{PeerId, noise};
use papermesh_protocol::certificate::Certificate;
use papermesh_protocol::charter::CharterMark;
use papermesh_protocol::codec::{self, CodecError};
use papermesh_protocol::id::RecordDigest;
use papermesh_protocol::limits;
use papermesh_protocol::signed::Envelope;
use serde::Serialize;

/// What a rogue shows in place of its own certificate.
#[derive(Clone, Debug)]
pub enum Shown {
    /// This certificate, whosever it is.
    Certificate(Envelope<Certificate>),
    /// These bytes, with this length before them.
    Bytes {
        /// What the two bytes of length say.
        length: u16,
        /// What follows.
        bytes: Vec<u8>,
    },
    /// Nothing, for ever.
    Nothing,
}

#[derive(Serialize)]
struct Hello<'a> {
    certificate: &'a Envelope<Certificate>,
    edition: Edition,
}

/// That of somebody who has no papers of the site.
#[derive(Serialize)]
struct Edition {
    charter: CharterMark,
    state: u64,
}

impl Edition {
    const fn none() -> Self {
        Self {
            charter: CharterMark {
                sequence: 0,
                // The least of all marks.
                admins: u8::MAX,
                digest: RecordDigest::from_bytes([0; 16]),
            },
            state: 0,
        }
    }
}

#[derive(Serialize)]
enum Reply<'a> {
    #[expect(dead_code, reason = "a rogue asks for no charter")]
    Charter,
    Answer(Answer<'a>),
}

#[derive(Serialize)]
struct Answer<'a> {
    certificate: Option<&'a Envelope<Certificate>>,
    edition: Edition,
}

impl Shown {
    /// The frame that a dialer says.
    fn hello(&self) -> Option<Vec<u8>> {
        self.frame(|certificate| {
            let hello = Hello {
                certificate,
                edition: Edition::none(),
            };
            codec::encode(&hello, limits::HANDSHAKE_FRAME)
        })
    }

    /// The frame that a listener answers.
    fn answer(&self) -> Option<Vec<u8>> {
        self.frame(|certificate| {
            let answer = Reply::Answer(Answer {
                certificate: Some(certificate),
                edition: Edition::none(),
            });
            codec::encode(&answer, limits::HANDSHAKE_FRAME)
        })
    }

    fn frame(
        &self,
        encode: impl FnOnce(&Envelope<Certificate>) -> Result<Vec<u8>, CodecError>,
    ) -> Option<Vec<u8>> {
        let (length, bytes) = match self {
            Self::Certificate(certificate) => {
                let bytes = encode(certificate).ok()?;
                (u16::try_from(bytes.len()).ok()?, bytes)
            }
            Self::Bytes { length, bytes } => (*length, bytes.clone()),
            Self::Nothing => return None,
        };
        Some([&length.to_be_bytes()[..], &bytes].concat())
    }
}

/// The security upgrade of a rogue's transport.
#[derive(Clone)]
pub(super) struct RogueUpgrade {
    noise: noise::Config,
    shown: Shown,
}

impl RogueUpgrade {
    pub(super) fn new(
        identity: &Keypair,
        prologue: [u8; 32],
        shown: Shown,
    ) -> Result<Self, noise::Error> {
        let noise = noise::Config::new(identity)?.with_prologue(prologue.to_vec());
        Ok(Self { noise, shown })
    }

    async fn dialled<S>(&self, stream: &mut S) -> std::io::Result<()>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        show(stream, self.shown.hello()).await?;
        // Whatever the other side answers is fine with us. Its charter and its site state, which are
        // newer than what we said to have, follow.
        skip(stream).await?;
        skip(stream).await?;
        skip(stream).await
    }

    async fn answered<S>(&self, stream: &mut S) -> std::io::Result<()>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        skip(stream).await?;
        show(stream, self.shown.answer()).await?;
        // Its site state, which is newer than ours.
        skip(stream).await
    }
}

/// Sends a frame, or nothing for ever.
async fn show<S: AsyncWrite + Unpin>(
    stream: &mut S,
    frame: Option<Vec<u8>>,
) -> std::io::Result<()> {
    let Some(frame) = frame else {
        return futures::future::pending().await;
    };
    stream.write_all(&frame).await?;
    stream.flush().await
}

/// Reads a frame, whatever is in it.
async fn skip<S: AsyncRead + Unpin>(stream: &mut S) -> std::io::Result<()> {
    let mut length = [0; 2];
    stream.read_exact(&mut length).await?;
    let mut frame = vec![0; usize::from(u16::from_be_bytes(length))];
    stream.read_exact(&mut frame).await
}

impl UpgradeInfo for RogueUpgrade {
    type Info = &'static str;
    type InfoIter = std::iter::Once<&'static str>;

    fn protocol_info(&self) -> Self::InfoIter {
        std::iter::once("/papermesh/member/1")
    }
}

type Upgrading<C> =
    Pin<Box<dyn Future<Output = Result<(PeerId, noise::Output<C>), noise::Error>> + Send>>;

impl<C> InboundConnectionUpgrade<C> for RogueUpgrade
where
    C: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    type Output = (PeerId, noise::Output<C>);
    type Error = noise::Error;
    type Future = Upgrading<C>;

    fn upgrade_inbound(self, socket: C, info: &'static str) -> Upgrading<C> {
        Box::pin(async move {
            let (peer, mut stream) = self.noise.clone().upgrade_inbound(socket, info).await?;
            self.answered(&mut stream).await?;
            Ok((peer, stream))
        })
    }
}

impl<C> OutboundConnectionUpgrade<C> for RogueUpgrade
where
    C: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    type Output = (PeerId, noise::Output<C>);
    type Error = noise::Error;
    type Future = Upgrading<C>;

    fn upgrade_outbound(self, socket: C, info: &'static str) -> Upgrading<C> {
        Box::pin(async move {
            let (peer, mut stream) = self.noise.clone().upgrade_outbound(socket, info).await?;
            self.dialled(&mut stream).await?;
            Ok((peer, stream))
        })
    }
}
