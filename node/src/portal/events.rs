//! A page's stream of news (server-sent events, WHATWG HTML section 9.2). It says that something is
//! new, never what: what there is to see is fetched with the page's token, which no address and no
//! other window has.

use std::convert::Infallible;
use std::sync::Arc;

use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::stream;
use papermesh_web::AtWork;
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::limits;
use super::session::{Listening, Session};
use super::watch::watch;
use crate::control::Service;

struct Stream {
    session: Arc<Session>,
    listening: Listening,
    news: watch::Receiver<u64>,
    over: bool,
    /// Who looks for news; ends with the stream.
    _watching: JoinSet<()>,
    _place: OwnedSemaphorePermit,
    _at_work: AtWork,
}

/// Answers with the stream of news of a page.
pub(super) fn answer<S: Service>(
    service: &Arc<S>,
    session: &Arc<Session>,
    place: OwnedSemaphorePermit,
    at_work: AtWork,
) -> Response {
    let mut watching = JoinSet::new();
    let (service, watched) = (Arc::clone(service), Arc::clone(session));
    watching.spawn(async move { watch(&*service, &watched).await });
    let stream = Stream {
        session: Arc::clone(session),
        listening: session.listen(),
        news: session.news(),
        over: false,
        _watching: watching,
        _place: place,
        _at_work: at_work,
    };
    // An event without data is none (WHATWG HTML section 9.2.6).
    let events = stream::unfold(stream, |mut stream| async move {
        stream.next().await?;
        let event = Event::default().event("new").data("new");
        Some((Ok::<_, Infallible>(event), stream))
    });
    Sse::new(events)
        .keep_alive(KeepAlive::new().interval(limits::KEEP_ALIVE))
        .into_response()
}

impl Stream {
    /// Waits until there is something that the page has not fetched. It is told again until it
    /// has: what came while the page was exchanged, nobody heard. A page that is closed is told
    /// once more, and learns it.
    async fn next(&mut self) -> Option<()> {
        if self.over {
            return None;
        }
        let ended = self.listening.ended.clone();
        let closed = self.session.closed.clone();
        loop {
            tokio::select! {
                biased;
                () = closed.cancelled() => {
                    self.over = true;
                    return Some(());
                }
                () = ended.cancelled() => return None,
                changed = self.news.changed() => {
                    changed.ok()?;
                    sleep(limits::GATHER_NEWS).await;
                }
                () = sleep(limits::TELL_AGAIN) => {}
            }
            let now = *self.news.borrow_and_update();
            if now != self.session.state().fetched {
                return Some(());
            }
        }
    }
}
