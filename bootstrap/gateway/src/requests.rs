//! Pipes over HTTP requests, for doors whose network lets out nothing else ([`papermesh_protocol::gateway::carrier`]).
//!
//! Each is a [`papermesh_carrier::Stream`] to [`Doors`], as a socket would be. Requests bring bytes into it and take
//! bytes out of it, in any order and as often as they are repeated.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{HeaderMap, HeaderName};
use hyper::{Request, StatusCode};
use papermesh_carrier::{Exchange, carrier};
use papermesh_pace::Pace;
use papermesh_protocol::gateway::carrier::{
    OFFSET_HEADER, OffsetError, Offsets, PipeName, Prefer, Terms,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit, watch};
use tokio::time::{sleep, timeout};

use crate::doors::Doors;
use crate::turns::Turns;

/// Pipes at once.
const PIPES: usize = 5000;
/// How often one network may ask for one: all doors of a site come from one, perhaps, and at one moment.
const EACH: Pace = Pace {
    burst: 200,
    every: Duration::from_millis(50),
};
/// How often all together may.
const ALL: Pace = Pace {
    burst: 5000,
    every: Duration::from_millis(2),
};
/// Bodies of requests that are being read at once. Each takes twice [`Terms::chunk`] of the memory at most: as it
/// came, and in one piece.
const BODIES: usize = 1000;
/// The same of one pipe.
const BODIES_EACH: usize = 2;
/// Requests of one pipe at once, until their answers are written. A door has two, and two more may be lost on the way.
const REQUESTS_EACH: usize = 4;
/// How long a request waits for its turn, and for room before its body.
const ROOM: Duration = Duration::from_secs(5);
/// How long a body may take.
const BODY: Duration = Duration::from_secs(60);
/// How long a door may take to hear why its pipe ended.
const LAST_WORDS: Duration = Duration::from_secs(10);
/// When who was refused may ask again.
const AGAIN: Duration = Duration::from_secs(5);

/// All pipes over requests.
pub(crate) struct Requests {
    doors: Arc<Doors>,
    terms: Terms,
    turns: Turns,
    bodies: Semaphore,
    pipes: Arc<Table>,
}

/// A pipe.
struct Carried {
    exchange: Exchange,
    /// Turns of requests.
    requests: Arc<Semaphore>,
    /// Turns to bring a body.
    bodies: Semaphore,
    /// Told of each request.
    heard: watch::Sender<()>,
    /// How many requests have waited: only the newest goes on.
    waiting: watch::Sender<u64>,
    /// What is known of who asked first, for the log alone.
    from: SocketAddr,
}

#[derive(Default)]
struct Table(Mutex<HashMap<PipeName, Arc<Carried>>>);

impl Table {
    fn lock(&self) -> MutexGuard<'_, HashMap<PipeName, Arc<Carried>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a request is answered with.
pub(crate) struct Answer {
    pub(crate) offsets: Offsets,
    pub(crate) body: Vec<u8>,
    /// The request's turn, until the answer is written.
    pub(crate) turn: OwnedSemaphorePermit,
}

/// Why a request gets no such answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Problem {
    #[error("a header is missing or malformed")]
    Malformed,
    #[error("there is no such pipe")]
    Unknown,
    #[error(transparent)]
    Offset(#[from] OffsetError),
    #[error("the body is too long")]
    TooLong,
    #[error("the gateway has too much to do")]
    Busy {
        /// When to ask again.
        wait: Duration,
    },
}

impl Problem {
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::Malformed => StatusCode::BAD_REQUEST,
            Self::Unknown => StatusCode::NOT_FOUND,
            Self::Offset(error) => {
                StatusCode::from_u16(error.status()).unwrap_or(StatusCode::CONFLICT)
            }
            Self::TooLong => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Busy { .. } => StatusCode::TOO_MANY_REQUESTS,
        }
    }
}

impl Requests {
    /// Pipes with these terms, to these doors.
    pub(crate) fn new(doors: Arc<Doors>, terms: Terms) -> Self {
        Self {
            doors,
            terms,
            turns: Turns::new(PIPES, EACH, ALL),
            bodies: Semaphore::new(BODIES),
            pipes: Arc::default(),
        }
    }

    /// Makes a pipe.
    pub(crate) fn open(&self, from: SocketAddr) -> Result<(PipeName, Terms), Problem> {
        let turn = self.turns.take(from.ip());
        let turn = turn.ok_or(Problem::Busy { wait: AGAIN })?;
        // 128 bits do not come twice.
        let name = PipeName::drawn(rand::random());
        let (stream, exchange) = carrier(self.terms.chunk);
        let pipe = Arc::new(Carried {
            exchange,
            requests: Arc::new(Semaphore::new(REQUESTS_EACH)),
            bodies: Semaphore::new(BODIES_EACH),
            heard: watch::Sender::new(()),
            waiting: watch::Sender::new(0),
            from,
        });
        self.pipes.lock().insert(name.clone(), Arc::clone(&pipe));
        let (doors, pipes) = (Arc::clone(&self.doors), Arc::clone(&self.pipes));
        let (silence, key) = (self.terms.silence(), name.clone());
        tokio::spawn(async move {
            let mut serving = pin!(doors.serve(stream, from));
            tokio::select! {
                () = &mut serving => {
                    // What it was told last may be on its way still.
                    drop(timeout(LAST_WORDS, pipe.exchange.over()).await);
                }
                () = pipe.silent(silence) => {
                    pipe.exchange.fail("no request came any more".to_owned());
                    serving.await;
                }
            }
            pipes.lock().remove(&key);
            drop(turn);
        });
        Ok((name, self.terms))
    }

    /// The door leaves.
    pub(crate) fn leave(&self, name: &PipeName) {
        if let Some(pipe) = self.pipes.lock().get(name) {
            pipe.exchange.fail("the door left".to_owned());
        }
    }

    /// Takes what a request brings, and gives what there is for its door.
    pub(crate) async fn carry(
        &self,
        name: &PipeName,
        request: Request<Incoming>,
    ) -> Result<Answer, Problem> {
        let pipe = self.pipes.lock().get(name).map(Arc::clone);
        let pipe = pipe.ok_or(Problem::Unknown)?;
        let offsets: Offsets = header(request.headers(), OFFSET_HEADER)?;
        let prefer: Prefer = header(request.headers(), "prefer")?;
        pipe.heard.send_replace(());
        let turn = timeout(ROOM, Arc::clone(&pipe.requests).acquire_owned()).await;
        let turn = turn.ok().and_then(Result::ok);
        let turn = turn.ok_or(Problem::Busy { wait: AGAIN })?;
        {
            let _turns = body_turns(&pipe.bodies, &self.bodies).await?;
            let body = tokio::select! {
                body = self.body(request.into_body()) => body?,
                // Who is not let in, or says nothing that a door would, brings nothing more.
                () = pipe.exchange.closed() => Bytes::new(),
            };
            pipe.take(offsets, &body).await?;
        }
        pipe.heard.send_replace(());
        let body = match prefer {
            Prefer::Nothing => (pipe.exchange.confirmed(), Vec::new()),
            Prefer::Bytes(wait) => pipe.wait(wait.min(self.terms.wait), self.terms.chunk).await,
        };
        if pipe.exchange.is_over() {
            return Err(Problem::Unknown);
        }
        let (down, body) = body;
        let up = pipe.exchange.has();
        Ok(Answer {
            offsets: Offsets { up, down },
            body,
            turn,
        })
    }

    async fn body(&self, body: Incoming) -> Result<Bytes, Problem> {
        let body = Limited::new(body, self.terms.chunk).collect();
        match timeout(BODY, body).await {
            Ok(Ok(body)) => Ok(body.to_bytes()),
            Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Problem::TooLong),
            // It broke off, so nobody hears the answer.
            Ok(Err(_)) | Err(_) => Err(Problem::Malformed),
        }
    }
}

impl Carried {
    /// Waits until no request came for so long.
    async fn silent(&self, silence: Duration) {
        let mut heard = self.heard.subscribe();
        while timeout(silence, heard.changed()).await.is_ok() {}
    }

    /// Takes a body; where there is no room for all of it, as much as there is within a while.
    async fn take(&self, offsets: Offsets, body: &[u8]) -> Result<(), Problem> {
        let taken = async {
            while !self.exchange.take(offsets.down, offsets.up, body)? {
                self.exchange.room(1).await;
            }
            Ok::<(), OffsetError>(())
        };
        match timeout(ROOM, taken).await {
            Ok(Err(error)) => {
                // One of both has lost the stream, or somebody else writes into it.
                tracing::debug!(from = %self.from, %error, "requests of a pipe do not fit together");
                self.exchange.fail(error.to_string());
                Err(Problem::Offset(error))
            }
            Ok(Ok(())) | Err(_) => Ok(()),
        }
    }

    /// The bytes for the door, as soon as there are any; none after so long, or when another request waits.
    async fn wait(&self, wait: Duration, chunk: usize) -> (u64, Vec<u8>) {
        if !wait.is_zero() {
            let mut waiting = self.waiting.subscribe();
            let mut number = 0;
            self.waiting.send_modify(|newest| {
                *newest += 1;
                number = *newest;
            });
            tokio::select! {
                biased;
                _ = waiting.wait_for(|newest| *newest != number) => {
                    return (self.exchange.confirmed(), Vec::new());
                }
                () = self.exchange.news() => {}
                () = sleep(wait) => {}
            }
        }
        self.exchange.body(chunk)
    }
}

/// The turn to bring a body: first that of the pipe, so that who waits for it takes none from other pipes.
async fn body_turns<'a>(
    own: &'a Semaphore,
    all: &'a Semaphore,
) -> Result<(SemaphorePermit<'a>, SemaphorePermit<'a>), Problem> {
    let turns = async { Some((own.acquire().await.ok()?, all.acquire().await.ok()?)) };
    let turns = timeout(ROOM, turns).await.ok().flatten();
    turns.ok_or(Problem::Busy { wait: AGAIN })
}

/// A header that stands there once, in its one form.
fn header<T: std::str::FromStr>(headers: &HeaderMap, name: &'static str) -> Result<T, Problem> {
    let mut values = headers.get_all(HeaderName::from_static(name)).iter();
    let value = values.next().filter(|_| values.next().is_none());
    let text = value.and_then(|value| value.to_str().ok());
    text.and_then(|text| text.parse().ok())
        .ok_or(Problem::Malformed)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[tokio::test]
    async fn who_waits_for_its_own_pipe_takes_nothing_from_others() {
        let (own, other, all) = (Semaphore::new(1), Semaphore::new(1), Semaphore::new(2));
        let _first = body_turns(&own, &all).await.unwrap();
        let mut second = pin!(body_turns(&own, &all));
        let waits = at_once(second.as_mut()).await;
        assert!(waits.is_none());
        assert_eq!(all.available_permits(), 1);
        assert!(body_turns(&other, &all).await.is_ok());
    }

    /// Lets a future go as far as it comes at once.
    async fn at_once<F: Future>(future: F) -> Option<F::Output> {
        tokio::select! {
            biased;
            output = future => Some(output),
            () = std::future::ready(()) => None,
        }
    }
}
