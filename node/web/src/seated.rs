//! An answer that keeps its connection's slot until it is sent.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use axum::response::Response;
use hyper::body::{Frame, SizeHint};

use super::slots::AtWork;

/// A body on its way to whoever asked, who is at work for as long as it exists.
struct Seated {
    body: Body,
    _at_work: AtWork,
}

impl AtWork {
    /// Goes on until all of an answer is sent, or its connection is gone: a document takes its time, and whoever
    /// fetches it says nothing meanwhile.
    pub fn until_sent(self, answer: Response) -> Response {
        let seated = |body| {
            Body::new(Seated {
                body,
                _at_work: self,
            })
        };
        answer.map(seated)
    }
}

impl HttpBody for Seated {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::io;
    use std::sync::Arc;

    use axum::response::IntoResponse;
    use futures::{StreamExt, stream};

    use super::super::slots::Slots;
    use super::*;

    #[tokio::test]
    async fn an_answer_keeps_its_slot_until_it_is_sent() {
        let slots = Slots::new(1);
        let slot = Arc::new(slots.take().unwrap());
        let pieces = stream::iter([Ok::<_, io::Error>("a"), Ok("b")]);
        let answer = Body::from_stream(pieces).into_response();
        let answer = slot.work().until_sent(answer);
        let mut body = answer.into_body().into_data_stream();
        assert!(body.next().await.is_some());
        assert!(slots.take().is_none());
        drop(body);
        assert!(slots.take().is_some() && slot.lost.is_cancelled());
        // What is known of its size is known still.
        let slot = Arc::new(Slots::new(1).take().unwrap());
        let answer = slot.work().until_sent("four".into_response());
        assert_eq!(answer.body().size_hint().exact(), Some(4));
    }
}
