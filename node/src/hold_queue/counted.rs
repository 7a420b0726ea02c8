//! What comes with a print token counts: each document as a job, and its bytes as they come.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use papermesh_services::local_users::tokens::meter::Meter;
use tokio::io::{AsyncRead, ReadBuf};

/// Gives a job of a token back when it is dropped, unless it came to something.
pub(super) struct TakenBack<'a>(Option<&'a Meter>);

impl<'a> TakenBack<'a> {
    /// Until it is known what came of a job that was taken.
    pub(super) const fn unless_kept(meter: &'a Meter) -> Self {
        Self(Some(meter))
    }

    /// It came to something.
    pub(super) fn keep(mut self) {
        self.0 = None;
    }
}

impl Drop for TakenBack<'_> {
    fn drop(&mut self) {
        if let Some(meter) = self.0 {
            meter.give_back_job();
        }
    }
}

/// A document that is counted as it comes.
pub(super) struct Metered<'a, R> {
    document: R,
    meter: &'a Meter,
}

impl<'a, R> Metered<'a, R> {
    pub(super) const fn new(document: R, meter: &'a Meter) -> Self {
        Self { document, meter }
    }
}

impl<R: AsyncRead + Unpin> AsyncRead for Metered<'_, R> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.document).poll_read(context, buffer);
        if let Poll::Ready(Ok(())) = read {
            let came = buffer.filled().len().saturating_sub(before);
            let counted = self
                .meter
                .take_bytes(u64::try_from(came).unwrap_or(u64::MAX));
            return Poll::Ready(counted.map_err(io::Error::other));
        }
        read
    }
}
