//! A page's stream of news (server-sent events, WHATWG HTML section 9.2). It says that something
//! changed, never what: what there is to see is fetched with the page's token, which no address and
//! no other window has.

use std::convert::Infallible;
use std::sync::Arc;

use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::stream;
use papermesh_web::AtWork;
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::sleep;

use super::limits;
use super::screen::{self, Listening, Screen};
use super::visiting::Seen;

/// What a page is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum News {
    /// All of it is another.
    View,
    /// The list of jobs is.
    Jobs,
    /// What is being printed is.
    Prints,
    /// There are other pictures of first pages.
    Pictures,
    /// The code that it shows to phones is old.
    Code,
    /// The phone that is used in its place has more time.
    Clock,
}

impl News {
    const fn name(self) -> &'static str {
        match self {
            Self::View => "view",
            Self::Jobs => "jobs",
            Self::Prints => "prints",
            Self::Pictures => "pictures",
            Self::Code => "code",
            Self::Clock => "clock",
        }
    }
}

struct Stream {
    screen: Arc<Screen>,
    listening: Listening,
    view: watch::Receiver<screen::News>,
    /// What had happened to the page when it was told last.
    told: screen::News,
    session: Option<watch::Receiver<Seen>>,
    waiting: Vec<News>,
    _place: OwnedSemaphorePermit,
    _at_work: AtWork,
}

/// Answers with the stream of news of a page.
pub(super) fn answer(
    screen: &Arc<Screen>,
    place: OwnedSemaphorePermit,
    at_work: AtWork,
) -> Response {
    let listening = screen.listen();
    let view = screen.news();
    let told = *view.borrow();
    let mut stream = Stream {
        screen: Arc::clone(screen),
        listening,
        view,
        told,
        session: None,
        waiting: Vec::new(),
        _place: place,
        _at_work: at_work,
    };
    stream.follow_session();
    // An event without data is none (WHATWG HTML section 9.2.6).
    let events = stream::unfold(stream, |mut stream| async move {
        let news = stream.next().await?;
        let event = Event::default().event(news.name()).data("new");
        Some((Ok::<_, Infallible>(event), stream))
    });
    Sse::new(events)
        .keep_alive(KeepAlive::new().interval(limits::KEEP_ALIVE))
        .into_response()
}

impl Stream {
    /// Follows the session that the page is in now.
    fn follow_session(&mut self) {
        let mut state = self.screen.state();
        self.session = state.session().map(|session| session.visiting.seen.clone());
    }

    async fn next(&mut self) -> Option<News> {
        loop {
            if let Some(news) = self.waiting.pop() {
                return Some(news);
            }
            let ended = self.listening.ended.clone();
            tokio::select! {
                () = ended.cancelled() => return None,
                changed = self.view.changed() => {
                    changed.ok()?;
                    let now = *self.view.borrow_and_update();
                    self.follow_session();
                    let told = std::mem::replace(&mut self.told, now);
                    // Whoever fetches all of it has the rest.
                    if now.view != told.view {
                        self.waiting.push(News::View);
                    } else {
                        let news = [
                            (now.code != told.code, News::Code),
                            (now.clock != told.clock, News::Clock),
                        ];
                        self.wait_to_tell(&news);
                    }
                }
                changed = seen_changes(&mut self.session) => {
                    if changed {
                        sleep(limits::GATHER_NEWS).await;
                        self.compare();
                    } else {
                        self.session = None;
                    }
                }
                () = sleep(limits::TELL_AGAIN), if self.session.is_some() => self.compare(),
            }
        }
    }

    /// Tells of what the page has not fetched. It is told again until it has: what came while the
    /// page was exchanged, nobody heard.
    fn compare(&mut self) {
        let mut state = self.screen.state();
        let Some(session) = state.session() else {
            return;
        };
        let (jobs, prints, pictures) = session.has_news();
        drop(state);
        // The last is told first: a list comes before its pictures.
        self.wait_to_tell(&[
            (pictures, News::Pictures),
            (jobs, News::Jobs),
            (prints, News::Prints),
        ]);
    }

    fn wait_to_tell(&mut self, news: &[(bool, News)]) {
        self.waiting
            .extend(news.iter().filter(|(is, _)| *is).map(|(_, news)| *news));
    }
}

/// Waits until a session shows something else; false when it never will again.
async fn seen_changes(session: &mut Option<watch::Receiver<Seen>>) -> bool {
    match session {
        Some(session) => session.changed().await.is_ok(),
        None => std::future::pending().await,
    }
}
