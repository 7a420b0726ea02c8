//! What comes with a print token counts: each document as a job, and its bytes as they come.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use papermesh_services::local_users::tokens::meter::Meter;
use tokio::io::{AsyncRead, ReadBuf};

/// A job that was taken of a token's. When nobody waits any more for what comes of it, it is given back only if its
/// document had not come to its end: after that the job may be held all the same.
pub(super) struct TakenJob<'a> {
    meter: &'a Meter,
    /// Whether the document has come to its end.
    came: AtomicBool,
    /// Whether it is known what came of it.
    is_settled: bool,
}

impl<'a> TakenJob<'a> {
    /// One that was just taken.
    pub(super) const fn of(meter: &'a Meter) -> Self {
        Self {
            meter,
            came: AtomicBool::new(false),
            is_settled: false,
        }
    }

    /// The job's document, which is counted as it comes.
    pub(super) const fn document<R>(&self, document: R) -> Metered<'_, R> {
        Metered {
            document,
            meter: self.meter,
            came: &self.came,
        }
    }

    /// It came to something.
    pub(super) fn keep(mut self) {
        self.is_settled = true;
    }

    /// It came to nothing.
    pub(super) fn give_back(mut self) {
        self.is_settled = true;
        self.meter.give_back_job();
    }
}

impl Drop for TakenJob<'_> {
    fn drop(&mut self) {
        if !self.is_settled && !self.came.load(Ordering::Relaxed) {
            self.meter.give_back_job();
        }
    }
}

/// A document that is counted as it comes.
pub(super) struct Metered<'a, R> {
    document: R,
    meter: &'a Meter,
    /// Set when its end has come.
    came: &'a AtomicBool,
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
            if came == 0 && buffer.remaining() > 0 {
                self.came.store(true, Ordering::Relaxed);
            }
            let counted = self
                .meter
                .take_bytes(u64::try_from(came).unwrap_or(u64::MAX));
            return Poll::Ready(counted.map_err(io::Error::other));
        }
        read
    }
}
