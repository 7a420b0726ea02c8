//! The node's end: takes connections, reads one command of each, has it answered.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;
use tokio::io::{AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::net::unix::OwnedWriteHalf;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use super::frame::{self, LineError};
use super::message::{Call, CallVersion, Line, Request, VERSION};
use super::service::{Answers, Io};
use super::socket::{self, BindError, Listener};
use super::{Body, CommandError, ErrorCode, Events, Service, limits};
use crate::config::{Home, HomeLock};

/// How long to wait after the system refused a connection, for want of descriptors perhaps.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Listens for commands.
#[derive(Debug)]
pub struct Server {
    listener: Listener,
    patience: Patience,
}

/// How long the server waits for a command line, and for the end.
#[derive(Clone, Copy, Debug)]
struct Patience {
    request: Duration,
    write: Duration,
    drain: Duration,
}

const PATIENCE: Patience = Patience {
    request: limits::REQUEST_TIMEOUT,
    write: limits::WRITE_STALL,
    drain: limits::DRAIN,
};

impl Server {
    /// Binds the control socket of a home.
    ///
    /// # Errors
    /// [`BindError`].
    pub fn bind(home: &Home, lock: &HomeLock) -> Result<Self, BindError> {
        Listener::bind(home, lock).map(|listener| Self {
            listener,
            patience: PATIENCE,
        })
    }

    /// Answers commands until `stop`, at most [`limits::CONNECTIONS`] at once. Those that run
    /// then have [`limits::DRAIN`] to end.
    pub async fn serve<S: Service>(self, service: Arc<S>, stop: CancellationToken) {
        self.run(service, stop).await;
    }

    async fn run<H: Answers>(self, handler: Arc<H>, stop: CancellationToken) {
        let free = Arc::new(Semaphore::new(limits::CONNECTIONS));
        let mut connections = JoinSet::new();
        loop {
            let accepted = tokio::select! {
                () = stop.cancelled() => break,
                accepted = self.listener.inner.accept() => accepted,
                Some(_) = connections.join_next() => continue,
            };
            let stream = match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    warn!(%error, "could not accept a command");
                    sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            };
            match socket::is_own(&stream) {
                Ok((true, _)) => {}
                Ok((false, uid)) => {
                    warn!(uid, "another user tried to command this node");
                    continue;
                }
                Err(error) => {
                    warn!(%error, "could not tell who sent a command");
                    continue;
                }
            }
            let permit = Arc::clone(&free).try_acquire_owned().ok();
            let handler = Arc::clone(&handler);
            let patience = self.patience;
            connections.spawn(async move {
                let served = match permit {
                    Some(_permit) => attend(stream, &*handler, patience).await,
                    None => turn_away(stream, patience).await,
                };
                if let Err(error) = served {
                    debug!(%error, "a command line disconnected");
                }
            });
            if connections.len() > limits::CONNECTIONS * 2 {
                // Those turned away get their word first.
                connections.join_next().await;
            }
        }
        drop(self.listener);
        let drained = async { while connections.join_next().await.is_some() {} };
        if timeout(self.patience.drain, drained).await.is_err() {
            warn!("commands were cut off because the node is stopping");
        }
    }
}

/// Serves one connection. An error means that nobody is there to be answered.
async fn attend<H: Answers>(stream: UnixStream, handler: &H, patience: Patience) -> io::Result<()> {
    let (reader, writer) = stream.into_split();
    let (mut reader, mut mouth) = (BufReader::new(reader), Mouth::new(writer, patience));
    let request = frame::read_line(&mut reader, limits::REQUEST_LINE);
    let request = match timeout(patience.request, request).await {
        Ok(Ok(Some(line))) => parse(&line),
        Ok(Err(error @ LineError::TooLong(_))) => Err(CommandError::new(ErrorCode::Usage, error)),
        Ok(Ok(None) | Err(LineError::Truncated)) => return Ok(()),
        Ok(Err(LineError::Io(error))) => return Err(error),
        Err(_) => Err(CommandError::new(
            ErrorCode::Timeout,
            "the command did not arrive in time",
        )),
    };
    let request = match request {
        Ok(request) => request,
        Err(error) => return mouth.conclude(Err(error)).await,
    };

    let (body, feed, mut wanted) = Body::channel();
    let (events, mut happened) = Events::channel();
    let mut asked = false;
    let answer = handler.answer(request, Io { body, events });
    let gone = feed.attend(reader);
    tokio::pin!(answer, gone);
    let answer = loop {
        tokio::select! {
            Some(event) = happened.recv() => mouth.say(&Line::<()>::Event(event)).await?,
            is_wanted = &mut wanted, if !asked => {
                asked = true;
                if is_wanted.is_ok() {
                    mouth.say(&Line::<()>::GoAhead).await?;
                }
            }
            answer = &mut answer => break answer,
            () = &mut gone => return Err(io::ErrorKind::UnexpectedEof.into()),
        }
    };
    while let Ok(event) = happened.try_recv() {
        mouth.say(&Line::<()>::Event(event)).await?;
    }
    mouth.conclude(answer).await
}

async fn turn_away(stream: UnixStream, patience: Patience) -> io::Result<()> {
    let (_reader, writer) = stream.into_split();
    let busy = CommandError::new(ErrorCode::Busy, "the node is busy with other commands")
        .with_remedy("try again in a moment");
    Mouth::new(writer, patience).conclude(Err(busy)).await
}

/// Says lines to one command line.
struct Mouth {
    writer: OwnedWriteHalf,
    patience: Duration,
}

impl Mouth {
    fn new(writer: OwnedWriteHalf, patience: Patience) -> Self {
        Self {
            writer,
            patience: patience.write,
        }
    }

    /// Says the last line.
    async fn conclude(mut self, answer: Result<Value, CommandError>) -> io::Result<()> {
        let line = match answer {
            Ok(reply) => Line::Done(reply),
            Err(error) => Line::Failed(error),
        };
        self.say(&line).await?;
        self.writer.shutdown().await
    }

    async fn say<R: Serialize>(&mut self, line: &Line<R>) -> io::Result<()> {
        let bytes = match frame::encode(line, limits::ANSWER_LINE) {
            Some(bytes) => bytes,
            None => {
                let error = CommandError::new(ErrorCode::Full, "the answer is too long")
                    .with_remedy("ask for less");
                frame::encode(&Line::<()>::Failed(error), limits::ANSWER_LINE)
                    .ok_or(io::ErrorKind::InvalidData)?
            }
        };
        timeout(self.patience, self.writer.write_all(&bytes))
            .await
            .map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
    }
}

fn parse(line: &[u8]) -> Result<Request, CommandError> {
    let usage = |message: String| {
        CommandError::new(ErrorCode::Usage, message).with_remedy("restart the node")
    };
    match serde_json::from_slice::<Call>(line) {
        Ok(call) if call.version == VERSION => Ok(call.request),
        Ok(Call { version, .. }) => Err(usage(other_version(version))),
        Err(error) => Err(usage(match serde_json::from_slice::<CallVersion>(line) {
            Ok(CallVersion { version }) if version != VERSION => other_version(version),
            // The text of the error could repeat a value: its kind and place tell enough.
            _ => format!(
                "the command was not understood ({:?} at byte {}, the node may be a different version)",
                error.classify(),
                error.column()
            ),
        })),
    }
}

fn other_version(version: u32) -> String {
    format!("the command line speaks version {version}, the running node {VERSION}")
}

#[cfg(test)]
mod tests;
