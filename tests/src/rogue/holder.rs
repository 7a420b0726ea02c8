//! A rogue that holds jobs of a user and lets printers in as it should, and then sends them what it
//! likes: lists without end, pictures that are none.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::StreamExt;
use libp2p::StreamProtocol;
use papermesh_frame::{read_message, write_message};
use papermesh_protocol::certificate::{Certificate, Role, Roles};
use papermesh_protocol::extension::Extensions;
use papermesh_protocol::id::{JobId, NodeId};
use papermesh_protocol::job::{JobSummary, PrintOptions};
use papermesh_protocol::limits;
use papermesh_protocol::pin::{Pin, PinVerifier};
use papermesh_protocol::preview;
use papermesh_protocol::release::holder::{LoginFacts, Pictured, Sessions};
use papermesh_protocol::release::message::{Answer, Place, Request};
use papermesh_protocol::release::version::protocol;
use papermesh_protocol::seal::{DecoySeed, JobKey, PreviewKey, seal_preview};
use papermesh_protocol::site::LoginPolicy;
use papermesh_protocol::text::UserId;
use papermesh_protocol::user::{UserEntry, UserState};
use papermesh_protocol::version::Version;
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio_util::compat::FuturesAsyncReadCompatExt;

use super::conversation::now;
use super::identity::Identity;
use super::peer::Rogue;
use crate::user::User;

/// How long it waits for a word.
const WAIT: Duration = Duration::from_secs(600);

/// What a false holder holds, and what it sends for a picture.
#[derive(Clone, Debug)]
pub struct Lies {
    /// How many jobs it says it has.
    pub jobs: u64,
    /// What it sends who is asked for a picture.
    pub picture: Lie,
}

/// What is sent for a picture.
#[derive(Clone, Debug)]
pub enum Lie {
    /// So many bytes, where a message should be.
    Bytes(usize),
    /// This, properly sealed.
    Sealed(Vec<u8>),
}

/// What was asked of a false holder.
#[derive(Clone, Copy, Debug, Default)]
pub struct Heard {
    /// Pages of jobs.
    pub lists: u64,
    /// Pictures.
    pub pictures: u64,
}

/// A rogue at its work as a holder.
pub struct FalseHolder {
    heard: Arc<Mutex<Heard>>,
}

struct Inner {
    holder: Mutex<Sessions>,
    printer: Certificate,
    user: UserId,
    entry: UserEntry,
    verifier: PinVerifier,
    lies: Lies,
    heard: Arc<Mutex<Heard>>,
}

impl FalseHolder {
    /// Begins to hold for `user`, whose PIN it knows, and to answer the printer with this id.
    ///
    /// # Panics
    /// If it does so already, or the PIN or the id are none.
    #[must_use]
    pub fn begin(
        rogue: &Rogue,
        identity: &Identity,
        user: &User,
        printer: &str,
        lies: Lies,
    ) -> Self {
        let rng = &mut rand::rng();
        let name: UserId = user.id.parse().unwrap_or_else(|error| panic!("{error}"));
        let pin = Pin::new(&user.pin).unwrap_or_else(|error| panic!("{error}"));
        let printer: NodeId = printer.parse().unwrap_or_else(|error| panic!("{error}"));
        let own = identity.certificate.clone().into_value();
        let heard = Arc::<Mutex<Heard>>::default();
        let inner = Arc::new(Inner {
            holder: Mutex::new(Sessions::new(identity.node(), DecoySeed::generate(rng))),
            printer: Certificate {
                node: printer,
                roles: Roles::of(&[Role::Printer]),
                ..own
            },
            entry: UserEntry {
                site: identity.certificate.site,
                user: name.clone(),
                sequence: 1,
                issued_at: now(),
                display: "Nobody".parse().unwrap_or_else(|error| panic!("{error}")),
                key: None,
                badges: Vec::new(),
                groups: Vec::new(),
                state: UserState::Active,
            },
            verifier: PinVerifier::register(&user.id, &pin, rng)
                .unwrap_or_else(|error| panic!("{error}")),
            user: name,
            lies,
            heard: Arc::clone(&heard),
        });
        let (talking, showing) = (Arc::clone(&inner), inner);
        // As a holder that was not updated yet.
        rogue.serve(protocol(Version::One), move |stream| {
            let inner = Arc::clone(&talking);
            async move {
                let mut stream = stream.compat();
                while let Ok(Some(request)) =
                    read_message(&mut stream, limits::RELEASE_MESSAGE, WAIT).await
                {
                    let answer = inner.answer(request);
                    // It keeps to no limit of its own.
                    drop(write_message(&mut stream, &answer, usize::MAX).await);
                }
            }
        });
        rogue.serve(preview::PROTOCOL, move |stream| {
            let inner = Arc::clone(&showing);
            async move {
                let mut stream = stream.compat();
                while let Ok(Some(request)) =
                    read_message(&mut stream, limits::PREVIEW_MESSAGE, WAIT).await
                {
                    inner.show(&mut stream, request).await;
                }
            }
        });
        Self { heard }
    }

    /// What was asked of it so far.
    #[must_use]
    pub fn heard(&self) -> Heard {
        *locked(&self.heard)
    }
}

impl Inner {
    fn answer(&self, request: Request) -> Answer {
        let (rng, printer) = (&mut rand::rng(), self.printer.node);
        let mut holder = locked(&self.holder);
        match request {
            Request::Login(login) => {
                let facts = LoginFacts {
                    entry: Some(&self.entry),
                    verifier: Some(&self.verifier),
                    policy: LoginPolicy::Pin,
                    wait: None,
                    jobs: u32::MAX,
                };
                holder.login(&self.printer, &login, &facts, now(), rng).0
            }
            Request::Prove { session, ke3 } => {
                holder
                    .prove(printer, session, &ke3, false, u32::MAX, now())
                    .0
            }
            Request::List { after, .. } => {
                locked(&self.heard).lists += 1;
                self.page(after)
            }
            _ => Answer::Done,
        }
    }

    /// A page of the jobs that it says it has.
    fn page(&self, after: Option<Place>) -> Answer {
        let first = after.map_or(0, |place| place.listed_at.as_millis().saturating_add(1));
        let last = first
            .saturating_add(limits::JOBS_PER_PAGE as u64)
            .min(self.lies.jobs);
        Answer::Jobs {
            jobs: (first..last).map(|number| self.job(number)).collect(),
            more: last < self.lies.jobs,
        }
    }

    fn job(&self, number: u64) -> JobSummary {
        let mut id = [0; 16];
        id[..8].copy_from_slice(&number.to_be_bytes());
        let at = papermesh_protocol::time::Timestamp::from_millis(number);
        JobSummary {
            job: JobId::from_bytes(id),
            title: format!("lie {number}"),
            format: "application/pdf".to_owned(),
            size: 1000,
            pages: Some(1),
            page_size: None,
            color: None,
            submitted_at: now(),
            priority: 50,
            listed_at: at,
            expires_at: now() + limits::JOB_LIFETIME,
            options: PrintOptions::default(),
            protected: false,
            may_have_printed: false,
            leased: false,
            needs_pin: false,
            locked: false,
            extensions: Extensions::default(),
        }
    }

    /// A picture, properly sealed.
    fn sealed(&self, sent: Vec<u8>, request: preview::Request) -> preview::Answer {
        let rng = &mut rand::rng();
        let key = PreviewKey::derive(&JobKey::generate(rng));
        let pictured = Pictured {
            job: request.job,
            owner: &self.user,
            has_pin: false,
            key: &key,
        };
        let (printer, session) = (self.printer.node, request.session);
        let wrapped = locked(&self.holder).preview(printer, session, &pictured, now(), rng);
        match (
            wrapped,
            seal_preview(&key, *request.job.as_bytes(), sent, rng),
        ) {
            (Ok(key), Ok(sealed)) => preview::Answer::Preview {
                key,
                sealed: sealed.into(),
            },
            _ => preview::Answer::None,
        }
    }

    async fn show(&self, stream: &mut (impl AsyncWrite + Unpin), request: preview::Request) {
        locked(&self.heard).pictures += 1;
        let sent = match &self.lies.picture {
            Lie::Bytes(count) => {
                // It begins like the message of that length.
                let length = u32::try_from(*count).unwrap_or(u32::MAX);
                drop(stream.write_all(&length.to_be_bytes()).await);
                let piece = vec![0x59; 1 << 20];
                let mut left = *count;
                while left > 0 {
                    let next = left.min(piece.len());
                    if stream.write_all(&piece[..next]).await.is_err() {
                        return;
                    }
                    left -= next;
                }
                return drop(stream.flush().await);
            }
            Lie::Sealed(picture) => picture.clone(),
        };
        let answer = self.sealed(sent, request);
        drop(write_message(stream, &answer, usize::MAX).await);
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Rogue {
    /// Answers every stream of this protocol from now on.
    ///
    /// # Panics
    /// If it does so already.
    fn serve<F>(
        &self,
        protocol: &'static str,
        answer: impl Fn(libp2p::Stream) -> F + Send + 'static,
    ) where
        F: Future<Output = ()> + Send + 'static,
    {
        let mut arriving = self
            .streams()
            .accept(StreamProtocol::new(protocol))
            .unwrap_or_else(|error| panic!("{protocol}: {error}"));
        self.spawn(async move {
            while let Some((_, stream)) = arriving.next().await {
                tokio::spawn(answer(stream));
            }
        });
    }
}
