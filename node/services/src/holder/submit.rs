//! Taking a document: judged, sealed while it arrives, durable before it is acknowledged.
//!
//! Two workers cooperate: this task reads what arrives, a blocking thread seals it and writes it to
//! the spool; between them there is room for a few pieces. The plaintext is never on disk, and
//! memory does not grow with it. If anything fails, or whoever submits goes away before the end,
//! nothing is left.
//!
//! What is submitted is [`submission`](super::submission)'s; whether it may be held is
//! [`admission`](super::admission)'s.

use std::io;
use std::sync::Arc;

use papermesh_convert::format;
use papermesh_convert::{ComingPreview, Condition, Effort, Facts, Inspection, Looked};
use papermesh_protocol::extension::Extensions;
use papermesh_protocol::id::JobId;
use papermesh_protocol::job::JobSummary;
use papermesh_protocol::limits;
use papermesh_protocol::pin::{Pin, PinVerifier};
use papermesh_protocol::release::guess::Guesses;
use papermesh_protocol::release::holder::pin_name;
use papermesh_protocol::remedy::Remedy;
use papermesh_protocol::seal::{JobKey, SealWriter, WrappedJobKey, sealed_len};
use papermesh_protocol::text;
use papermesh_protocol::time::Moment;
use papermesh_store::offload::offload;
use papermesh_store::{InitialState, JobRow, SpoolWriter, StoreError};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::bytes::Bytes;

use super::direct::HandOver;
use super::early::{Arriving, EarlyJob};
use super::meta::JobMeta;
use super::submission::{DocumentFacts, Submission, SubmitError};
use super::{HeldView, Holder};
use crate::audit::{Event, Kind};
use crate::auth::verifier;
use crate::network::Network;
use crate::policy::{self, Acceptance, HoldingRight, SubmitRefusal};

/// Bytes of the document that are read at once.
const PIECE: usize = 256 * 1024;
/// Pieces that wait to be sealed.
const AHEAD: usize = 3;
/// Sealed bytes that are written at once.
const WRITE: usize = 1024 * 1024;

/// What goes from the reading task to the sealing thread. The end must be said: a channel that
/// just closes is a submitter that went away.
enum Piece {
    Bytes(Bytes),
    End(Facts),
}

/// What is to be done with a document once it is held.
enum Coming {
    Nothing,
    /// The picture of its first page is being made.
    Preview(Box<ComingPreview>),
    /// It was too large to be looked at while it arrived.
    Inspect,
}

/// A job of which the document is still to come.
struct Prepared {
    job: JobId,
    moment: Moment,
    row: JobRow,
    meta: JobMeta,
}

impl<N: Network> Holder<N> {
    /// Takes a document. When this returns it is held, whatever happens afterwards.
    pub async fn submit(
        &self,
        submission: Submission,
        document: impl AsyncRead + Send + Unpin,
    ) -> Result<HeldView, SubmitError> {
        self.submit_with(submission, None, document).await
    }

    /// As [`Holder::submit`]; `handing` is given what a printer is to have of it.
    pub(super) async fn submit_with(
        &self,
        submission: Submission,
        handing: Option<oneshot::Sender<HandOver>>,
        document: impl AsyncRead + Send + Unpin,
    ) -> Result<HeldView, SubmitError> {
        let user = submission.user.clone();
        let way = submission
            .token
            .map(|token| format!("from outside, with print token {token}"));
        match self.take(submission, handing, document).await {
            Ok(view) => {
                let mut event = Event::new(Kind::Submitted)
                    .user(&user)
                    .job(view.summary.job);
                if let Some(way) = way {
                    event = event.because(way);
                }
                self.0.audit.record_best_effort(event).await;
                self.0.directory.announce_soon(&user);
                self.tell(view.number).await;
                Ok(view)
            }
            // Who is asked for a PIN brings the document again, with it.
            Err(error @ SubmitError::PinRequired) => Err(error),
            Err(error) => {
                self.0
                    .audit
                    .record_best_effort(
                        Event::new(Kind::SubmitRefused)
                            .user(&user)
                            .because(error.in_full()),
                    )
                    .await;
                Err(error)
            }
        }
    }

    /// A number for a job that comes later, such as one of which the document is sent in a request
    /// of its own. One that is not used is never given again.
    pub async fn reserve_number(&self) -> Result<u32, StoreError> {
        offload(&self.0.store, |store| store.numbers().next()).await
    }

    /// A number for a job that is to come, which nobody guesses.
    pub async fn draw_number(&self) -> Result<u32, StoreError> {
        offload(&self.0.store, |store| store.numbers().draw()).await
    }

    async fn take(
        &self,
        submission: Submission,
        handing: Option<oneshot::Sender<HandOver>>,
        document: impl AsyncRead + Send + Unpin,
    ) -> Result<HeldView, SubmitError> {
        let admitted = self.admit(&submission).await?;
        let Prepared {
            job,
            moment,
            row,
            meta,
        } = self.prepare(&submission, &admitted.acceptance).await?;
        let (ready, waiting) = oneshot::channel();
        let is_direct = handing.is_some();
        if let Some(handing) = handing {
            let job = Box::new(offered(job, &row, &meta, submission.size));
            let offer = self.offer(&submission, job).await?;
            // The caller may have been dropped.
            drop(handing.send(HandOver {
                offer,
                ready: waiting,
            }));
        }
        let (pieces, arriving) = mpsc::channel(AHEAD);
        let inner = Arc::clone(&self.0);
        let (expected, part_of) = (submission.size, submission.part_of);
        let sealing = offload(&self.0.store, move |store| {
            let key = JobKey::generate(&mut rand::rng());
            let mut ready = Some(ready);
            let row = JobRow {
                wrapped_key: WrappedJobKey::wrap(
                    &inner.storage,
                    *job.as_bytes(),
                    &key,
                    &mut rand::rng(),
                )?
                .as_bytes()
                .to_vec(),
                ..row
            };
            let spool = store.spool(job, expected.and_then(sealed_len).unwrap_or(0))?;
            let available = watch::Sender::new(0);
            // A printer can have what it knows the length of while it still arrives.
            let sizes = expected.and_then(|size| Some((size, sealed_len(size)?)));
            let early = match sizes.filter(|_| is_direct) {
                Some(sizes) => {
                    let whose = (row.user.clone(), key.clone());
                    let password = meta.document_password.clone();
                    let about = (meta.title.clone(), meta.format.clone(), password);
                    let early =
                        EarlyJob::new(whose, about, sizes, spool.tail()?, available.subscribe());
                    Arriving::begin(&inner, job, early)
                }
                None => None,
            };
            let tell = |ready: Option<oneshot::Sender<()>>| ready.map(|ready| ready.send(()));
            if early.is_some() {
                tell(ready.take());
            }
            let Some((spool, plain_size, facts)) = seal(job, &key, spool, arriving, &available)?
            else {
                return Ok(None);
            };
            let meta = meta.fill_missing(&DocumentFacts::from(facts).within_limits());
            let file = spool.finish()?;
            admitted.local.keep(store, &row.user)?;
            // Last, because what the document itself tells is known by now.
            let row = JobRow {
                sealed_meta: meta.seal(&inner.storage, job)?,
                plain_size,
                ..row
            };
            let held = match early {
                Some(early) => early.keep(store, file, row, inner.membership.moment())?,
                None => {
                    let initial = InitialState {
                        part_of,
                        ..InitialState::default()
                    };
                    store.jobs().insert_with(file, row, initial)?
                }
            };
            // Now the end of the document may go out, too.
            available.send_replace(held.row.sealed_size);
            tell(ready.take());
            let view = inner.life.view(store, &inner.storage, held, moment)?;
            Ok::<_, SubmitError>(Some(view))
        });
        let (read, sealed) = tokio::join!(self.read(&submission, document, pieces), sealing);
        self.conclude(job, read, sealed)
    }

    /// What is known of a job before its document arrives.
    async fn prepare(
        &self,
        submission: &Submission,
        acceptance: &Acceptance,
    ) -> Result<Prepared, SubmitError> {
        let moment = self.0.membership.moment();
        let now = moment.now;
        let job = JobId::random(&mut rand::rng());
        let sealed_pin = match &submission.job_pin {
            Some(pin) => Some(self.sealed_job_pin(job, pin).await?.into()),
            None => None,
        };
        let DocumentFacts {
            pages,
            page_size,
            color,
            ..
        } = submission.facts.clone().within_limits();
        let meta = JobMeta {
            title: title(&submission.title),
            format: submission.format.clone(),
            pages,
            page_size,
            color,
            options: submission.options.clone(),
            locked: false,
            whole: false,
            document_password: submission.password.clone(),
            token: submission.token,
            client: submission.client,
        };
        let number = match submission.number {
            Some(number) => number,
            None => self.reserve_number().await?,
        };
        let row = JobRow {
            user: submission.user.clone(),
            number,
            sealed_meta: Vec::new(),
            wrapped_key: Vec::new(),
            plain_size: 0,
            sealed_size: 0,
            submitted_at: now,
            priority: submission.priority,
            listed_at: now,
            hold_until: submission.hold_until.filter(|until| *until > now),
            expires_at: policy::expiry(acceptance, now),
            protected: false,
            may_have_printed: false,
            visit_pin: acceptance.right == HoldingRight::Shared,
            sealed_pin,
            pin_guesses: Guesses::default(),
            last: None,
        };
        Ok(Prepared {
            job,
            moment,
            row,
            meta,
        })
    }

    /// What came of a document that was read and sealed at once.
    fn conclude(
        &self,
        job: JobId,
        read: Result<Coming, SubmitError>,
        sealed: Result<Option<HeldView>, SubmitError>,
    ) -> Result<HeldView, SubmitError> {
        // If sealing failed, reading could not go on either, and the cause is what counts.
        match (read, sealed?) {
            (Ok(coming), Some(view)) => {
                match coming {
                    Coming::Preview(coming) => self.keep_preview(job, *coming),
                    Coming::Inspect => self.inspect_later(job),
                    Coming::Nothing => {}
                }
                Ok(view)
            }
            (Err(error), _) => Err(error),
            (Ok(_), None) => Err(SubmitError::Broken(io::ErrorKind::UnexpectedEof.into())),
        }
    }

    /// Reads the document to its end and hands it on; gives what is to be done once it is held.
    async fn read(
        &self,
        submission: &Submission,
        mut document: impl AsyncRead + Send + Unpin,
        pieces: mpsc::Sender<Piece>,
    ) -> Result<Coming, SubmitError> {
        let mut size = 0;
        let mut watch = format::Watch::new(&submission.format);
        let (format, converter) = (&submission.format, &self.0.converter);
        let password = submission.password.as_ref();
        let mut inspection = Inspection::begin(
            converter,
            format,
            self.0.previews,
            password,
            Effort::WAITED_FOR,
        );
        loop {
            let mut piece = Vec::with_capacity(PIECE);
            let mut limited = (&mut document).take(PIECE as u64);
            while piece.len() < PIECE {
                if limited
                    .read_buf(&mut piece)
                    .await
                    .map_err(SubmitError::Broken)?
                    == 0
                {
                    break;
                }
            }
            if size == 0 {
                check_format(&submission.format, &piece)?;
            }
            watch.look(&piece)?;
            let ended = piece.len() < PIECE;
            size += piece.len() as u64;
            if size > self.0.largest {
                return Err(SubmitRefusal::TooLarge(self.0.largest).into());
            }
            match submission.size {
                Some(expected) if size > expected || (ended && size < expected) => {
                    return Err(SubmitError::Size {
                        expected,
                        found: size,
                    });
                }
                _ => {}
            }
            let piece = Bytes::from(piece);
            inspection.feed(piece.clone()).await;
            // Sending fails when sealing has failed, which then says why.
            let taken = pieces.send(Piece::Bytes(piece)).await.is_ok();
            if ended {
                let is_large = inspection.is_too_large();
                let Looked { facts, preview } = inspection.finish().await;
                if facts.condition == Condition::Locked && password.is_some() {
                    return Err(SubmitError::Password);
                }
                if let Some(flaw) = facts.flaw {
                    return Err(flaw.into());
                }
                drop(pieces.send(Piece::End(facts)).await);
                return Ok(match preview {
                    _ if is_large => Coming::Inspect,
                    Some(preview) => Coming::Preview(Box::new(preview)),
                    None => Coming::Nothing,
                });
            }
            if !taken {
                return Ok(Coming::Nothing);
            }
        }
    }

    async fn sealed_job_pin(&self, job: JobId, pin: &Pin) -> Result<Vec<u8>, SubmitError> {
        let _place = self.0.proofs.place().await.ok_or(SubmitError::Busy)?;
        let (storage, pin) = (Arc::clone(&self.0.storage), pin.clone());
        offload(&self.0.store, move |_| {
            let verifier = PinVerifier::register(&pin_name(job), &pin, &mut rand::rng())?;
            Ok(verifier::seal_for_job(&storage, job, &verifier)?)
        })
        .await
    }
}

/// Seals what arrives into the spool; none if it broke off.
fn seal(
    job: JobId,
    key: &JobKey,
    mut spool: SpoolWriter,
    mut arriving: mpsc::Receiver<Piece>,
    available: &watch::Sender<u64>,
) -> Result<Option<(SpoolWriter, u64, Facts)>, SubmitError> {
    let mut sealed = Vec::with_capacity(WRITE + 2 * PIECE);
    let mut writer = SealWriter::new(key, *job.as_bytes(), &mut rand::rng(), &mut sealed)?;
    while let Some(piece) = arriving.blocking_recv() {
        match piece {
            Piece::Bytes(bytes) => {
                writer.update(&bytes, &mut sealed)?;
                if sealed.len() >= WRITE {
                    spool.write(&sealed)?;
                    sealed.clear();
                    available.send_replace(spool.written());
                }
            }
            Piece::End(facts) => {
                let size = writer.finish(&mut sealed)?;
                spool.write(&sealed)?;
                return Ok(Some((spool, size, facts)));
            }
        }
    }
    Ok(None)
}

fn check_format(expected: &str, head: &[u8]) -> Result<(), SubmitError> {
    if head.is_empty() {
        Err(SubmitError::Empty)
    } else {
        Ok(format::check(expected, head)?)
    }
}

/// A job that is not held yet, as a printer is offered it.
fn offered(job: JobId, row: &JobRow, meta: &JobMeta, size: Option<u64>) -> JobSummary {
    JobSummary {
        job,
        title: meta.title.clone(),
        format: meta.format.clone(),
        size: size.unwrap_or(0),
        pages: meta.pages,
        page_size: meta.page_size.clone(),
        color: meta.color,
        submitted_at: row.submitted_at,
        priority: row.priority,
        listed_at: row.listed_at,
        expires_at: row.expires_at,
        options: meta.options.clone(),
        protected: false,
        may_have_printed: false,
        leased: false,
        needs_pin: row.sealed_pin.is_some(),
        locked: meta.locked,
        extensions: Extensions::default(),
    }
}

/// A title for people, whatever was said.
pub(super) fn title(text: &str) -> String {
    let title = text::clean(text, limits::TITLE);
    if title.is_empty() {
        "untitled".to_owned()
    } else {
        title
    }
}
