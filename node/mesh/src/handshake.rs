//! The member handshake: the gate that every connection of the mesh passes, relayed ones too.
//!
//! It is libp2p's Noise XX with a prologue that only members can make, followed, inside the
//! encrypted channel, by frames of two bytes of length (big-endian) and CBOR. The dialer says
//! [`Hello`]: its certificate, and which charter and site state it has. The listener looks at that
//! before it shows its own certificate in an [`Answer`]; who signed the dialer's may be an admin
//! that only a newer charter names, so it asks for the dialer's charter first where that is newer.
//! The side with the newer papers sends them along, so that both judge by the same ones, and a
//! member that was withdrawn while it was away learns why it is not let in. Whoever does not show a
//! valid, unrevoked certificate for the very key that Noise authenticated gets no connection, and so
//! never reaches identify, Kademlia or any other protocol.

use std::borrow::Cow;
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
use papermesh_protocol::charter::CharterError;
use papermesh_protocol::codec::{self, CodecError};
use papermesh_protocol::id::NodeId;
use papermesh_protocol::remedy::Remedy;
use papermesh_protocol::signed::{Envelope, Signed};
use papermesh_protocol::site::SiteStateError;
use papermesh_protocol::{limits, lookup};
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

/// What the dialer says first.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Hello {
    certificate: Envelope<Certificate>,
    edition: Edition,
}

/// What the listener says.
#[derive(Serialize, Deserialize)]
enum Reply {
    /// Show the newer charter first.
    Charter,
    /// The dialer's certificate is one that the site issued.
    Answer(Answer),
}

/// What the listener says to a dialer whose certificate the site issued. Newer papers follow.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Answer {
    /// Its certificate; none if the dialer's does not count any more.
    certificate: Option<Envelope<Certificate>>,
    edition: Edition,
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
    /// The other side does not let this node in.
    #[error("the peer no longer accepts this node's certificate")]
    Unwelcome,
}

impl Remedy for HandshakeError {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Certificate(error) => error.remedy(),
            Self::Charter(error) => error.remedy(),
            Self::State(error) => error.remedy(),
            _ => None,
        }
    }
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
        let prologue = lookup::prologue(membership.secret(), membership.site()).to_vec();
        Ok(Self {
            noise: noise::Config::new(identity)?.with_prologue(prologue),
            membership,
        })
    }

    /// The dialer's part.
    async fn dialled<S>(&self, peer: PeerId, stream: &mut S) -> Result<(), HandshakeError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let node = peer::node_of(&peer).ok_or(HandshakeError::ForeignKey)?;
        let (charter, state) = (self.membership.charter(), self.membership.state());
        let mine = Edition::of(&charter, &state);
        let hello = Hello {
            certificate: self.membership.certificate().envelope().clone(),
            edition: mine,
        };
        send(stream, &hello, limits::HANDSHAKE_FRAME).await?;
        let reply = match receive(stream, limits::HANDSHAKE_FRAME).await? {
            Reply::Charter => {
                send(stream, charter.envelope(), CHARTER_FRAME).await?;
                receive(stream, limits::HANDSHAKE_FRAME).await?
            }
            answer @ Reply::Answer(_) => answer,
        };
        // It has been given the charter, and asks for no other.
        let Reply::Answer(answer) = reply else {
            return Err(HandshakeError::Unwelcome);
        };
        let theirs = answer.edition;
        if theirs.charter > mine.charter {
            self.membership
                .recharter(&receive(stream, CHARTER_FRAME).await?)?;
        }
        if theirs > mine {
            self.membership
                .advance(&receive(stream, STATE_FRAME).await?)?;
        }
        let certificate = answer.certificate.ok_or(HandshakeError::Unwelcome)?;
        let certificate = self.recognise(node, &certificate)?;
        if mine > theirs {
            send(stream, state.envelope(), STATE_FRAME).await?;
        }
        self.admit(certificate, theirs, mine)
    }

    /// The listener's part.
    async fn answered<S>(&self, peer: PeerId, stream: &mut S) -> Result<(), HandshakeError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let node = peer::node_of(&peer).ok_or(HandshakeError::ForeignKey)?;
        let hello: Hello = receive(stream, limits::HANDSHAKE_FRAME).await?;
        let (charter, state) = (self.membership.charter(), self.membership.state());
        let (theirs, mine) = (hello.edition, Edition::of(&charter, &state));
        if theirs.charter > mine.charter {
            send(stream, &Reply::Charter, limits::HANDSHAKE_FRAME).await?;
            self.membership
                .recharter(&receive(stream, CHARTER_FRAME).await?)?;
        }
        let certificate = self.recognise(node, &hello.certificate)?;
        // What is revoked here is revoked by all newer papers, too.
        let stands = self
            .membership
            .judge(|judge| certificate.stands(judge))
            .is_ok();
        if stands || mine > theirs {
            let own = self.membership.certificate();
            let answer = Answer {
                certificate: stands.then(|| own.envelope().clone()),
                edition: mine,
            };
            send(stream, &Reply::Answer(answer), limits::HANDSHAKE_FRAME).await?;
            if mine.charter > theirs.charter {
                send(stream, charter.envelope(), CHARTER_FRAME).await?;
            }
            if mine > theirs {
                send(stream, state.envelope(), STATE_FRAME).await?;
            }
        }
        if stands && theirs > mine {
            self.membership
                .advance(&receive(stream, STATE_FRAME).await?)?;
        }
        self.admit(certificate, theirs, mine)
    }

    fn recognise(
        &self,
        node: NodeId,
        certificate: &Envelope<Certificate>,
    ) -> Result<Signed<Certificate>, HandshakeError> {
        self.membership
            .recognise(node, certificate)
            .inspect_err(
                |error| tracing::warn!(%node, error = %error.in_full(), "connection refused"),
            )
            .map_err(Into::into)
    }

    /// Judges by the newer of both sides' papers, which both have now.
    fn admit(
        &self,
        certificate: Signed<Certificate>,
        theirs: Edition,
        mine: Edition,
    ) -> Result<(), HandshakeError> {
        let node = certificate.node;
        let known = Edition {
            charter: theirs.charter.max(mine.charter),
            state: theirs.state.max(mine.state),
        };
        self.membership.admit(certificate, known).map_err(|error| {
            // Whoever was told already and comes again is noise.
            if theirs < mine {
                tracing::warn!(%node, error = %error.in_full(), "connection refused");
            } else {
                tracing::debug!(%node, error = %error.in_full(), "connection refused");
            }
            error.into()
        })
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
            self.answered(peer, &mut stream).await?;
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
            self.dialled(peer, &mut stream).await?;
            Ok((peer, stream))
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::time::Duration;

    use ed25519_dalek::SigningKey;
    use papermesh_protocol::certificate::{Role, Roles};
    use papermesh_protocol::charter::Charter;
    use papermesh_protocol::id::{Serial, SiteId};
    use papermesh_protocol::seal::keys::SealingPublic;
    use papermesh_protocol::site::{Revoked, SiteSecret, SiteState};
    use papermesh_protocol::time::Timestamp;
    use tokio::io::DuplexStream;
    use tokio_util::compat::{Compat, TokioAsyncReadCompatExt};

    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

    fn authority() -> SigningKey {
        SigningKey::from_bytes(&[1; 32])
    }

    fn site() -> SiteId {
        authority().verifying_key().into()
    }

    fn certificate(seed: u8) -> Signed<Certificate> {
        let certificate = Certificate {
            site: site(),
            node: SigningKey::from_bytes(&[seed; 32]).verifying_key().into(),
            sealing: SealingPublic::from_bytes([9; 32]),
            name: "laptop".parse().unwrap(),
            roles: Roles::of(&[Role::Client]),
            serial: Serial::from_bytes([seed; 8]),
            not_before: NOW,
            not_after: NOW + Duration::from_secs(3600),
            despite: None,
        };
        Signed::sign(certificate, &authority()).unwrap()
    }

    /// A state with this sequence number in which these nodes are revoked.
    fn state(sequence: u64, revoked: &[u8]) -> Signed<SiteState> {
        let mut state = SiteState::new(site(), "Acme".parse().unwrap());
        state.sequence = sequence;
        state.revoked = revoked
            .iter()
            .map(|seed| Revoked {
                node: SigningKey::from_bytes(&[*seed; 32]).verifying_key().into(),
                at: NOW,
            })
            .collect();
        Signed::sign(state, &authority()).unwrap()
    }

    fn charter() -> Signed<Charter> {
        crate::sample::charter_of(&authority())
    }

    fn membership(seed: u8, state: Signed<SiteState>) -> Arc<Membership> {
        let secret = SiteSecret::from_bytes([7; 32]);
        let papers = (charter(), state);
        Arc::new(Membership::new(certificate(seed), papers, secret, || NOW))
    }

    fn gate(seed: u8, membership: &Arc<Membership>) -> MemberUpgrade {
        let identity = peer::keypair(&[seed; 32]).unwrap();
        MemberUpgrade::new(&identity, membership.clone()).unwrap()
    }

    fn line() -> (Compat<DuplexStream>, Compat<DuplexStream>) {
        let (near, far) = tokio::io::duplex(128 * 1024);
        (near.compat(), far.compat())
    }

    /// The end of somebody who knows of the site what this prologue says.
    fn noise(prologue: &[u8]) -> noise::Config {
        let identity = peer::keypair(&[66; 32]).unwrap();
        let noise = noise::Config::new(&identity).unwrap();
        noise.with_prologue(prologue.to_vec())
    }

    fn prologue() -> [u8; 32] {
        lookup::prologue(&SiteSecret::from_bytes([7; 32]), site())
    }

    /// All that the other side says to a dialer who says this.
    async fn heard_by_dialler(prologue: &[u8], says: &[u8]) -> Option<Vec<u8>> {
        let (near, far) = line();
        let member = gate(2, &membership(2, state(1, &[])));
        let listening = tokio::spawn(member.upgrade_inbound(near, PROTOCOL));
        let (_, mut stream) = noise(prologue).upgrade_outbound(far, PROTOCOL).await.ok()?;
        stream.write_all(says).await.ok()?;
        stream.flush().await.ok()?;
        let mut heard = Vec::new();
        let _ = stream.read_to_end(&mut heard).await;
        assert!(listening.await.unwrap().is_err());
        Some(heard)
    }

    #[tokio::test]
    async fn a_stranger_is_shown_no_certificate() {
        // It knows what is announced: the site.
        assert_eq!(heard_by_dialler(site().as_bytes(), b"").await, None);
        // It knows the secret, as whoever was a member once, and shows what it has seen of others.
        let hello = Hello {
            certificate: certificate(3).envelope().clone(),
            edition: Edition::of(&charter(), &state(0, &[])),
        };
        let hello = codec::encode(&hello, limits::HANDSHAKE_FRAME).unwrap();
        let length = u16::try_from(hello.len()).unwrap().to_be_bytes();
        let stolen = [&length[..], &hello].concat();
        for says in [&stolen[..], &[0, 0], &[0xff; 64]] {
            assert_eq!(heard_by_dialler(&prologue(), says).await, Some(Vec::new()));
        }
    }

    #[tokio::test]
    async fn a_stranger_that_is_dialled_is_shown_no_certificate() {
        let (near, far) = line();
        let member = gate(2, &membership(2, state(1, &[])));
        let dialling = tokio::spawn(member.upgrade_outbound(near, PROTOCOL));
        let stranger = noise(site().as_bytes());
        let taken = stranger.upgrade_inbound(far, PROTOCOL).await;
        assert!(taken.is_err());
        assert!(dialling.await.unwrap().is_err());
    }

    #[tokio::test]
    async fn both_sides_end_with_the_newer_state() {
        for (dialler, listener) in [(1, 1), (1, 5), (5, 1)] {
            let (near, far) = line();
            let dialler = membership(2, state(dialler, &[]));
            let listener = membership(3, state(listener, &[]));
            let dialling = gate(2, &dialler).upgrade_outbound(near, PROTOCOL);
            let listening = gate(3, &listener).upgrade_inbound(far, PROTOCOL);
            let (dialled, listened) = tokio::join!(dialling, listening);
            assert!(dialled.is_ok() && listened.is_ok());
            assert_eq!(dialler.state().sequence, listener.state().sequence);
            assert!(dialler.member(listener.node()).is_some());
            assert!(listener.member(dialler.node()).is_some());
        }
    }

    #[tokio::test]
    async fn a_revoked_member_learns_why_and_sees_no_certificate() {
        let (near, far) = line();
        let revoked = membership(2, state(1, &[]));
        let listener = membership(3, state(2, &[2]));
        let dialling = gate(2, &revoked).upgrade_outbound(near, PROTOCOL);
        let listening = gate(3, &listener).upgrade_inbound(far, PROTOCOL);
        let (dialled, listened) = tokio::join!(dialling, listening);
        assert!(matches!(dialled, Err(HandshakeError::Unwelcome)));
        assert!(listened.is_err());
        assert_eq!(revoked.standing(), Err(CertificateError::Revoked));
        assert!(revoked.member(listener.node()).is_none());
    }

    #[tokio::test]
    async fn a_revoked_member_that_is_dialled_learns_why() {
        let (near, far) = line();
        let dialler = membership(2, state(2, &[3]));
        let revoked = membership(3, state(1, &[]));
        let dialling = gate(2, &dialler).upgrade_outbound(near, PROTOCOL);
        let listening = gate(3, &revoked).upgrade_inbound(far, PROTOCOL);
        let (dialled, _) = tokio::join!(dialling, listening);
        assert!(dialled.is_err());
        assert_eq!(revoked.standing(), Err(CertificateError::Revoked));
        assert!(dialler.member(revoked.node()).is_none());
    }
}
