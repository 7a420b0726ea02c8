//! The portal: a page of their own for the users of a computer, and one for the site's admin, in the
//! browser of that computer. Every node serves it, to its own computer only.
//!
//! One reason per file, from the socket inwards:
//!
//! - [`papermesh_web`] listens; [`crate::pages`] is what it has in common with other pages: whose
//!   requests are heard at all, forms, themes, words
//! - `links`: what `papermesh open` hands out, good for one page, once
//! - `proof`: what a page asks its user before it does what is grave
//! - `routes`: what pages may ask
//! - `session`: the pages that are open; `section`: where their users are
//! - `commands`: what a page may have done; `content`: what a section shows. Both ask the node through
//!   [`crate::control::Service`], as the command line does, and nothing else
//! - `watch`, `events`: how a page hears that there is something new
//! - `ticket`: tickets that are to be carried to another device; `export`: the site on its way into a file
//! - `views/`, `templates/`: what a user sees
//!
//! Whoever may use the control socket may open a page, and nobody else: the page can do what the
//! command line can; for what is grave, only with a proof from the terminal. A user's page shows the jobs of that user and changes no others; it is a view, not
//! a wall between users of one account. Nothing is kept in the browser, and nothing outlives the process.

mod commands;
mod content;
mod events;
mod export;
mod limits;
mod links;
mod proof;
mod routes;
mod section;
mod session;
mod ticket;
mod views;
mod watch;

use std::net::SocketAddr;
use std::sync::Arc;

use papermesh_web::{ListenError, Listener, Patience, Rate, Rates};
use tokio::sync::Semaphore;
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::control::Service;
use crate::pages::Gate;
use links::Links;
use session::Sessions;
use views::Names;

pub use limits::LINK;
pub use links::Whose;

/// A portal that listens. [`Portal::serve`] answers.
pub struct Portal {
    listener: Listener,
    links: PortalLinks,
    names: Names,
}

/// Makes links to pages. Cheap to clone.
#[derive(Clone)]
pub struct PortalLinks {
    address: SocketAddr,
    links: Arc<Links>,
}

/// A link to a page, for whoever may open it.
pub struct PageLink {
    /// The link itself.
    pub url: String,
    /// Names it, and opens nothing.
    pub id: String,
    /// Six digits that the page asks for before it does what is grave. They are to be shown where the
    /// link is not.
    pub code: String,
}

/// What all pages share.
struct PortalServer<S> {
    service: Arc<S>,
    links: Arc<Links>,
    sessions: Sessions,
    /// Streams of news.
    streams: Arc<Semaphore>,
    /// Links that were none.
    wrong_links: Rate,
    gate: Arc<Gate>,
    names: Names,
}

impl Portal {
    /// Listens on `address`, which must be one of this computer alone. `names` are those of the
    /// site and of this node.
    ///
    /// # Errors
    /// [`ListenError::Address`].
    pub async fn open(address: SocketAddr, names: (String, String)) -> Result<Self, ListenError> {
        let listener = Listener::bind_here(address).await?;
        let links = PortalLinks {
            address: listener.address().unwrap_or(address),
            links: Arc::default(),
        };
        let (site, node) = names;
        Ok(Self {
            listener,
            links,
            names: Names { site, node },
        })
    }

    /// What makes links to its pages.
    #[must_use]
    pub fn links(&self) -> PortalLinks {
        self.links.clone()
    }

    /// Answers with what `service` knows and does, until it is dropped; then every page is closed.
    pub async fn serve<S: Service>(self, service: Arc<S>) {
        let server = Arc::new(PortalServer {
            service,
            links: self.links.links,
            sessions: Sessions::default(),
            streams: Arc::new(Semaphore::new(limits::STREAMS)),
            wrong_links: Rate::new(limits::WRONG_LINKS, limits::WRONG_LINK_EVERY),
            gate: Arc::new(Gate {
                name: "the portal",
                requests: Rates::new(limits::REQUESTS, limits::REQUESTS),
            }),
            names: self.names,
        });
        let router = routes::router(Arc::clone(&server));
        let patience = Patience {
            connections: 0,
            each: 0,
            here: limits::CONNECTIONS,
            handshake: limits::HANDSHAKE,
            header: limits::HTTP_HEADER,
            buffer: limits::HTTP_BUFFER,
        };
        tokio::join!(
            self.listener.serve(router, patience),
            pass_time(&server.sessions)
        );
    }
}

impl PortalLinks {
    /// Where it is, without what lets anybody in.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// A link that opens one page, once, within [`LINK`]. What opens it is behind the `#`: a browser
    /// sends that nowhere, so that it is in no log.
    #[must_use]
    pub fn link(&self, whose: &Whose) -> PageLink {
        let issued = self.links.issue(whose.clone(), Instant::now());
        PageLink {
            url: format!("{}#{}", self.url(), issued.token.text()),
            id: issued.id,
            code: issued.code.text().to_owned(),
        }
    }

    /// Waits until the link with this id was used, or cannot be any more; says whether it was.
    pub async fn is_used(&self, id: &str) -> bool {
        self.links.is_used(id).await
    }
}

async fn pass_time(sessions: &Sessions) {
    let mut ticks = interval(limits::SWEEP);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        sessions.pass_time(Instant::now());
    }
}
