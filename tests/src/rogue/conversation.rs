//! What a rogue says to a holder: anything, in any order.

use std::time::{Duration, SystemTime};

use libp2p::PeerId;
use papermesh_frame::{read_message, write_message};
use papermesh_protocol::extension::Extensions;
use papermesh_protocol::id::{JobId, NodeId, ReleaseId};
use papermesh_protocol::job::{JobSummary, PrintOptions};
use papermesh_protocol::limits;
use papermesh_protocol::pin::{KsfMemo, Pin};
use papermesh_protocol::release::STREAM_PROTOCOL;
use papermesh_protocol::release::message::{Answer, Grant, Request};
use papermesh_protocol::release::printer::{
    Challenged, Evidence, LoginUnderWay, Session, SessionError,
};
use papermesh_protocol::release::receipt::{Outcome, Receipt};
use papermesh_protocol::release::stream::{Open, Token};
use papermesh_protocol::release::version::protocol;
use papermesh_protocol::seal::JobKey;
use papermesh_protocol::signed::{Envelope, Signed};
use papermesh_protocol::time::Timestamp;
use papermesh_protocol::version::Version;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_util::compat::{Compat, FuturesAsyncReadCompatExt};

use super::identity::Identity;
use super::peer::Rogue;
use crate::user::User;

/// How long a holder may take for one answer.
const WAIT: Duration = Duration::from_secs(15);

/// A stream of the release protocol to one holder.
pub struct Conversation<'a> {
    rogue: &'a Rogue,
    identity: &'a Identity,
    peer: PeerId,
    holder: NodeId,
    stream: Compat<libp2p::Stream>,
}

impl<'a> Conversation<'a> {
    /// Begins one with a node that the rogue is connected with.
    ///
    /// # Panics
    /// If the node does not take the stream.
    #[must_use]
    pub fn begin(rogue: &'a Rogue, identity: &'a Identity, holder: &str) -> Self {
        let peer = super::peer_id(holder);
        let stream = rogue
            .open(peer, protocol(Version::Two))
            .unwrap_or_else(|error| panic!("no conversation: {error}"));
        Self {
            rogue,
            identity,
            peer,
            holder: holder
                .parse()
                .unwrap_or_else(|error| panic!("{holder}: {error}")),
            stream: stream.compat(),
        }
    }

    /// Asks anything.
    ///
    /// # Panics
    /// If there is no answer.
    #[must_use]
    pub fn ask(&mut self, request: &Request) -> Answer {
        let stream = &mut self.stream;
        let asked = self.rogue.block_on(async {
            write_message(stream, request, limits::RELEASE_MESSAGE).await?;
            read_message(stream, limits::RELEASE_MESSAGE, WAIT).await
        });
        match asked {
            Ok(Ok(Some(answer))) => answer,
            other => panic!("no answer to {request:?}: {other:?}"),
        }
    }

    /// Logs a user in with a PIN, as an honest printer does.
    ///
    /// # Errors
    /// As the protocol says.
    ///
    /// # Panics
    /// If the holder does not answer.
    pub fn login(&mut self, user: &User) -> Result<Session, SessionError> {
        let (under_way, login) = self.first_words(user);
        let answer = self.ask(&login);
        match under_way.challenged(answer, &KsfMemo::default(), &mut rand::rng())? {
            Challenged::Open(session) => Ok(session),
            Challenged::Prove(proving, ke3) => {
                let answer = self.ask(&proving.request(ke3));
                proving.answered(answer)
            }
        }
    }

    /// The first message of a login, for those who want to send it themselves.
    ///
    /// # Panics
    /// If the user or the PIN is none.
    #[must_use]
    pub fn first_words(&self, user: &User) -> (LoginUnderWay, Request) {
        let id = user.id.parse().unwrap_or_else(|error| panic!("{error}"));
        let pin = Pin::new(&user.pin).unwrap_or_else(|error| panic!("{error}"));
        let (printer, evidence) = (self.identity.node(), Evidence::Pin(&pin, None));
        LoginUnderWay::begin(printer, self.holder, &id, evidence, &mut rand::rng())
            .unwrap_or_else(|error| panic!("{error}"))
    }

    /// The first page of a session's jobs.
    ///
    /// # Errors
    /// As the protocol says.
    pub fn list(&mut self, session: &Session) -> Result<Vec<JobSummary>, SessionError> {
        let answer = self.ask(&Request::List {
            session: session.id(),
            after: None,
        });
        Session::page(answer, None, 0).map(|(jobs, _)| jobs)
    }

    /// Selects a job.
    ///
    /// # Errors
    /// As the protocol says.
    pub fn select(
        &mut self,
        session: &Session,
        job: JobId,
        release: ReleaseId,
    ) -> Result<(Grant, JobKey), SessionError> {
        let answer = self.ask(&Request::Select {
            session: session.id(),
            job,
            release,
            options: PrintOptions::default(),
            extensions: Extensions::default(),
        });
        session.granted(job, answer)
    }

    /// Says how a release ended, true or not.
    #[must_use]
    pub fn report(&mut self, job: JobId, release: ReleaseId, outcome: Outcome) -> Answer {
        let receipt = self.receipt(job, release, outcome);
        self.ask(&Request::Report(receipt))
    }

    /// A receipt of this rogue.
    ///
    /// # Panics
    /// If it cannot be signed.
    #[must_use]
    pub fn receipt(&self, job: JobId, release: ReleaseId, outcome: Outcome) -> Envelope<Receipt> {
        let receipt = Receipt {
            site: self.identity.certificate.site,
            release,
            job,
            holder: self.holder,
            printer: self.identity.node(),
            at: now(),
            outcome,
            reason: None,
            audit: None,
        };
        Signed::sign(receipt, &self.identity.key)
            .unwrap_or_else(|error| panic!("{error}"))
            .envelope()
            .clone()
    }

    /// Fetches a job's ciphertext; gives the holder's status and what followed.
    ///
    /// # Errors
    /// If the stream broke before the status.
    pub fn fetch(&self, token: &Token, offset: u64) -> Result<(u8, Vec<u8>), String> {
        let stream = self.rogue.open(self.peer, STREAM_PROTOCOL)?;
        let mut stream = stream.compat();
        let open = Open {
            token: token.clone(),
            offset,
        };
        self.rogue.block_on(async {
            let fetch = async {
                stream.write_all(&open.to_bytes()).await?;
                stream.flush().await?;
                let status = stream.read_u8().await?;
                let mut sealed = Vec::new();
                stream.read_to_end(&mut sealed).await?;
                Ok::<_, std::io::Error>((status, sealed))
            };
            fetch.await.map_err(|error| error.to_string())
        })?
    }
}

/// The time, by this machine's clock.
#[must_use]
pub fn now() -> Timestamp {
    let now = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    Timestamp::from_millis(u64::try_from(now.as_millis()).unwrap_or(u64::MAX))
}
