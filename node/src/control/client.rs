//! The command line's end: one connection, one command, one answer.

use std::future::pending;
use std::io;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};

use super::frame::{self, LineError};
use super::message::{Call, Command, Event, Line, VERSION};
use super::{ControlError, limits, socket};
use crate::config::Home;

/// A connection to the node that runs on a home.
#[derive(Debug)]
pub struct Client {
    reader: BufReader<OwnedReadHalf>,
    writer: OwnedWriteHalf,
}

impl Client {
    /// Connects.
    ///
    /// # Errors
    /// [`ControlError::NoNode`] if none runs, [`ControlError::Stranger`] if it is not this
    /// user's, [`ControlError::Connect`].
    pub async fn connect(home: &Home) -> Result<Self, ControlError> {
        let path = socket::locate(home);
        let failed = |source: io::Error| match source.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => ControlError::NoNode {
                home: home.root().to_owned(),
            },
            _ => ControlError::Connect {
                socket: path.clone(),
                source,
            },
        };
        let stream = UnixStream::connect(&path).await.map_err(failed)?;
        // Root may talk to anybody's node; others only to their own or root's.
        let (own, uid) = socket::is_own(&stream).map_err(failed)?;
        if !own && socket::own_uid().map_err(failed)? != 0 {
            return Err(ControlError::Stranger { socket: path, uid });
        }
        let (reader, writer) = stream.into_split();
        Ok(Self {
            reader: BufReader::new(reader),
            writer,
        })
    }

    /// Runs a command that needs no document.
    ///
    /// # Errors
    /// [`ControlError::Refused`] with the node's own words; the others if it did not answer.
    /// An error of `on_event` ends the command, too.
    pub async fn call<C: Command, E: From<ControlError>>(
        mut self,
        command: C,
        on_event: impl FnMut(Event) -> Result<(), E>,
    ) -> Result<C::Reply, E> {
        self.request(command).await?;
        answer::<C, E>(&mut self.reader, on_event).await?.reply()
    }

    /// Runs a command and sends its document, once the node asks for it. `on_sent` is told of
    /// every byte that went.
    ///
    /// # Errors
    /// As [`Client::call`]; [`ControlError::Document`] if the document cannot be read to its
    /// end, whereupon the node forgets the command.
    pub async fn send<C: Command, E: From<ControlError>>(
        mut self,
        command: C,
        mut document: impl AsyncRead + Unpin,
        mut on_event: impl FnMut(Event) -> Result<(), E>,
        on_sent: impl FnMut(u64),
    ) -> Result<C::Reply, E> {
        self.request(command).await?;
        if let Heard::Reply(reply) = answer::<C, E>(&mut self.reader, &mut on_event).await? {
            return Ok(reply);
        }
        let sending = send(&mut self.writer, &mut document, on_sent);
        tokio::select! {
            heard = answer::<C, E>(&mut self.reader, &mut on_event) => heard?.reply(),
            failed = sending => Err(ControlError::Document(failed).into()),
        }
    }

    async fn request<C: Command>(&mut self, command: C) -> Result<(), ControlError> {
        let call = Call {
            version: VERSION,
            request: command.into(),
        };
        let line = frame::encode(&call, limits::REQUEST_LINE).ok_or(ControlError::TooLarge)?;
        self.writer
            .write_all(&line)
            .await
            .map_err(|_| ControlError::Broken)
    }
}

enum Heard<R> {
    GoAhead,
    Reply(R),
}

impl<R> Heard<R> {
    /// The reply, where nothing else makes sense any more.
    fn reply<E: From<ControlError>>(self) -> Result<R, E> {
        match self {
            Self::Reply(reply) => Ok(reply),
            Self::GoAhead => Err(ControlError::Malformed.into()),
        }
    }
}

/// Hears events until there is something else.
async fn answer<C: Command, E: From<ControlError>>(
    reader: &mut BufReader<OwnedReadHalf>,
    mut on_event: impl FnMut(Event) -> Result<(), E>,
) -> Result<Heard<C::Reply>, E> {
    loop {
        let line = match frame::read_line(reader, limits::ANSWER_LINE).await {
            Ok(Some(line)) => line,
            Ok(None) | Err(LineError::Truncated | LineError::Io(_)) => {
                return Err(ControlError::Broken.into());
            }
            Err(LineError::TooLong(_)) => return Err(ControlError::Malformed.into()),
        };
        match serde_json::from_slice(&line).map_err(|_| ControlError::Malformed)? {
            Line::GoAhead => return Ok(Heard::GoAhead),
            Line::Event(event) => on_event(event)?,
            Line::Done(reply) => return Ok(Heard::Reply(reply)),
            Line::Failed(error) => return Err(ControlError::Refused(error).into()),
        }
    }
}

/// Sends a document. Returns only if it cannot be read; if it cannot be written, the node's
/// answer says why.
async fn send(
    writer: &mut OwnedWriteHalf,
    document: &mut (impl AsyncRead + Unpin),
    mut on_sent: impl FnMut(u64),
) -> io::Error {
    let mut buffer = vec![0; limits::CHUNK];
    loop {
        let read = match document.read(&mut buffer).await {
            Ok(read) => read,
            Err(error) => return error,
        };
        let written = match read {
            0 => frame::write_end(writer).await,
            _ => frame::write_chunk(writer, &buffer[..read]).await,
        };
        if read == 0 || written.is_err() {
            return pending().await;
        }
        on_sent(read as u64);
    }
}
