//! An outsider who is here, and how many are.

use std::collections::BTreeMap;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use papermesh_pipe::PipeStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::watch;

use crate::woken::At;

/// How many outsiders are at each place; nothing of those where nobody is.
pub(crate) type Guests = BTreeMap<At, usize>;

/// What an outsider sends and gets, who counts as being here until it is dropped.
pub struct Guest {
    stream: PipeStream,
    _presence: Presence,
}

impl Guest {
    pub(crate) fn new(stream: PipeStream, presence: Presence) -> Self {
        Self {
            stream,
            _presence: presence,
        }
    }
}

/// That somebody is at a place.
pub(crate) struct Presence {
    guests: watch::Sender<Guests>,
    at: At,
}

impl Presence {
    pub(crate) fn new(guests: watch::Sender<Guests>, at: At) -> Self {
        guests.send_modify(|guests| *guests.entry(at.clone()).or_default() += 1);
        Self { guests, at }
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        self.guests.send_modify(|guests| {
            if let Some(here) = guests.get_mut(&self.at) {
                *here = here.saturating_sub(1);
            }
            guests.retain(|_, here| *here > 0);
        });
    }
}

impl AsyncRead for Guest {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Guest {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
