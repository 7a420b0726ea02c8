//! The panel: the web page at the printer, where a user walks up, taps a badge and prints. It is
//! served by the node itself to a touch screen beside the printer, or to the printer's own browser.
//!
//! One reason per file, from the socket inwards:
//!
//! - [`papermesh_web`] listens; [`crate::pages`] is what it has in common with other pages: whose
//!   requests are heard at all, forms, themes, words
//! - `routes`: what pages may ask; `change`: how jobs are to be printed
//! - `screen`, `screens`: the pages that are open, and how far their users have come
//! - `launch`: who is at the panel of those on this computer
//! - `login`: coming and going; [`badge`]: badge readers
//! - `phone`: codes and numbers by which a phone comes in; `lending`: the panel's own screen and the phone
//!   that is used in its place
//! - `reception`: what is asked of the printer; `visiting`: a user's visit, and what is printed;
//!   `previews`: pictures of first pages; `fair`: which jobs of too many are shown
//! - `events`: how a page hears that there is something new
//! - `views`, `templates/`: what a user sees
//!
//! Pages are rendered here and kept up to date by htmx; a page keeps nothing but which jobs are
//! ticked. What a session knew is gone when it ends: the list, the keys, the PIN; a page that is
//! loaded again, a second window and the history of the browser show nobody's.

pub mod badge;
mod change;
mod events;
mod fair;
mod launch;
mod lending;
mod limits;
mod login;
mod phone;
mod previews;
mod reception;
mod routes;
mod screen;
mod screens;
mod views;
mod visiting;

use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::{Fuse, FusedFuture};
use papermesh_protocol::remedy::Remedy;
use papermesh_services::network::Network;
use papermesh_services::printer::Printer;
use papermesh_web::{Certificates, ListenError, Listener, Patience, Rate, Rates, reachable};
use tokio::sync::{Semaphore, mpsc};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

use crate::pages::Gate;
use badge::{Held, ReaderKind, ReaderWord, Reading, Rule, Tap};
use launch::Launch;
use reception::{Front, Reception};
use screen::{PageLocation, Screen};
use screens::Screens;
use views::Frame;

pub use limits::IDLE;

/// A panel that listens. [`Panel::serve`] answers.
pub struct Panel {
    listener: Listener,
    server: Arc<PanelServer>,
    reader: Option<Reader>,
}

/// Why there is no panel.
#[derive(Debug, thiserror::Error)]
pub enum PanelError {
    /// Nobody is heard.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// The file that opens its page cannot be used.
    #[error("the file that opens the panel, {}: {source}", path.display())]
    Launch {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
}

impl Remedy for PanelError {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Listen(error) => error.remedy(),
            _ => None,
        }
    }
}

/// The badge reader of a panel.
#[derive(Clone, Debug)]
pub struct Reader {
    /// Its kind.
    pub kind: ReaderKind,
    /// How its numbers become those that are registered.
    pub rule: Rule,
    /// How it is.
    pub word: ReaderWord,
}

/// What all pages share.
struct PanelServer {
    reception: Box<dyn Reception>,
    /// Where the panel listens.
    address: SocketAddr,
    screens: Screens,
    /// Streams of news.
    streams: Streams,
    logins: Rates,
    gate: Arc<Gate>,
    /// How long a user may do nothing.
    idle: Duration,
    has_reader: bool,
    /// Other computers whose browsers are panels.
    remote: Vec<IpAddr>,
    /// What a browser of this computer shows that is at the panel; none: all are.
    launch: Option<Launch>,
}

/// Streams of news: those of the panel's own screen are taken by no other.
struct Streams {
    here: Arc<Semaphore>,
    away: Arc<Semaphore>,
}

/// How a panel is set up.
#[derive(Clone, Debug, Default)]
pub struct Setting {
    /// The badge reader.
    pub reader: Option<Reader>,
    /// How long a user may do nothing before being logged out; nothing says [`IDLE`].
    pub idle: Option<Duration>,
    /// Other computers whose browsers are panels, such as a printer's own screen.
    pub remote: Vec<IpAddr>,
    /// The file that opens the page on this computer; without one every account's browser does.
    pub launch: Option<PathBuf>,
}

impl PanelServer {
    /// What the pages of a screen have in common, now.
    async fn frame<'s>(&self, screen: &'s Screen) -> Frame<'s> {
        Frame {
            screen: &screen.id,
            place: screen.place,
            reader: self.has_reader,
            phones: match screen.place {
                PageLocation::Here => self.for_phones(),
                _ => None,
            },
            names: self.reception.names(),
            device: self.reception.device().await,
            now: self.reception.now(),
            idle: self.idle,
        }
    }

    /// Where a phone finds its page, if phones reach this computer.
    fn for_phones(&self) -> Option<String> {
        let address = SocketAddr::new(reachable(self.address.ip())?, self.address.port());
        Some(format!("https://{address}{}", routes::PHONE))
    }
}

impl Panel {
    /// Listens on `address` for the users of `printer`, with these certificates; other computers reach
    /// the panel over TLS only.
    ///
    /// # Errors
    /// [`PanelError`].
    pub async fn bind<N: Network>(
        address: SocketAddr,
        certificates: &Certificates,
        printer: Printer<N>,
        setting: Setting,
    ) -> Result<Self, PanelError> {
        let reception: Box<dyn Reception> = Box::new(Front::new(printer));
        let (_, name) = reception.names();
        let listener = Listener::bind(address, certificates, &name).await?;
        let address = listener
            .address()
            .map_err(|source| ListenError::Address { address, source })?;
        let launch = match setting.launch {
            Some(path) => Some(
                Launch::open(&path, address)
                    .map_err(|source| PanelError::Launch { path, source })?,
            ),
            None => None,
        };
        let server = PanelServer {
            reception,
            address,
            screens: Screens::default(),
            streams: Streams {
                here: Arc::new(Semaphore::new(limits::SCREENS_HERE)),
                away: Arc::new(Semaphore::new(limits::SCREENS_AWAY)),
            },
            logins: Rates::new(limits::LOGINS, limits::LOGINS_AWAY),
            gate: Arc::new(Gate {
                name: "the panel",
                requests: Rates::new(limits::REQUESTS, limits::REQUESTS_AWAY),
            }),
            idle: setting.idle.unwrap_or(IDLE),
            has_reader: setting.reader.is_some(),
            remote: setting.remote,
            launch,
        };
        Ok(Self {
            listener,
            server: Arc::new(server),
            reader: setting.reader,
        })
    }

    /// Where it listens.
    ///
    /// # Errors
    /// Those of the system.
    pub fn address(&self) -> std::io::Result<SocketAddr> {
        self.listener.address()
    }

    /// Answers, until it is dropped; then every session has ended.
    pub async fn serve(self) {
        let router = routes::router(Arc::clone(&self.server));
        let patience = Patience {
            connections: limits::CONNECTIONS_AWAY,
            each: limits::CONNECTIONS_EACH,
            here: limits::CONNECTIONS_HERE,
            handshake: limits::HANDSHAKE,
            header: limits::HTTP_HEADER,
            buffer: limits::HTTP_BUFFER,
        };
        tokio::join!(
            self.listener.serve(router, patience),
            pass_time(&self.server),
            hear_badges(&self.server, self.reader),
        );
    }
}

async fn pass_time(server: &PanelServer) {
    let mut ticks = interval(limits::SWEEP);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        server.screens.pass_time();
        lending::pass_time(server);
    }
}

/// Lets in whoever taps a badge. What is read while somebody is let in is not waited for: a badge that
/// stays at the reader is told from one that comes, and another is tapped again.
async fn hear_badges(server: &PanelServer, reader: Option<Reader>) {
    let Some(Reader { kind, rule, word }) = reader else {
        return;
    };
    let (read, mut taps) = mpsc::channel(1);
    let tries = Rate::new(1, limits::TRY_RULES);
    let hearing = async {
        let mut held = Held::default();
        let mut entering = std::pin::pin!(Fuse::terminated());
        let mut trying = std::pin::pin!(Fuse::terminated());
        loop {
            let forgotten = held.until().unwrap_or_else(Instant::now);
            tokio::select! {
                biased;
                unknown = &mut entering, if !entering.is_terminated() => {
                    let unknown: Option<Reading> = unknown;
                    if let Some(reading) = unknown
                        && trying.is_terminated()
                        && tries.take(std::time::Instant::now()).is_ok()
                    {
                        trying.set(login::try_rules(server, reading, &rule, &word).fuse());
                    }
                }
                tap = taps.recv() => {
                    let Some(Tap { reading, at }) = tap else {
                        return;
                    };
                    let badge = rule.number(&reading);
                    if !entering.is_terminated() {
                        held.again(&badge, at);
                    } else if !held.stays(&badge, at) {
                        let entry = login::with_badge(server, badge);
                        entering.set(entry.map(|unknown| unknown.then_some(reading)).fuse());
                    }
                }
                () = &mut trying, if !trying.is_terminated() => {}
                () = sleep_until(forgotten), if held.until().is_some() => {
                    held.pass_time(Instant::now());
                }
            }
        }
    };
    tokio::join!(badge::read(kind, word.clone(), read), hearing);
}
