//! The panel: the web page at the printer, where a user walks up, taps a badge and prints. It is
//! served by the node itself to a touch screen beside the printer, or to the printer's own browser.
//!
//! One reason per file, from the socket inwards:
//!
//! - [`crate::web`] listens; [`crate::pages`] is what it has in common with other pages: whose
//!   requests are heard at all, forms, looks, words
//! - `routes`: what pages may ask; `change`: how jobs are to be printed
//! - `screen`, `screens`: the pages that are open, and how far their users have come
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

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, mpsc};
use tokio::time::{MissedTickBehavior, interval};

use crate::network::Network;
use crate::pages::{Gate, Rate};
use crate::printer::Printer;
use crate::web::{Certificates, ListenError, Listener, Patience, reachable};
use badge::ReaderKind;
use reception::{Front, Reception};
use screen::{Place, Screen};
use screens::Screens;
use views::Frame;

pub use limits::IDLE;

/// A panel that listens. [`Panel::serve`] answers.
pub struct Panel {
    listener: Listener,
    desk: Arc<Desk>,
    reader: Option<ReaderKind>,
}

/// What all pages share.
struct Desk {
    reception: Box<dyn Reception>,
    /// Where the panel listens.
    address: SocketAddr,
    screens: Screens,
    /// Streams of news.
    streams: Arc<Semaphore>,
    logins: Rate,
    gate: Arc<Gate>,
    /// How long a user may do nothing.
    idle: Duration,
    has_reader: bool,
}

impl Desk {
    /// What the pages of a screen have in common, now.
    async fn frame<'s>(&self, screen: &'s Screen) -> Frame<'s> {
        Frame {
            screen: &screen.id,
            place: screen.place,
            reader: self.has_reader,
            phones: match screen.place {
                Place::Here => self.for_phones(),
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
    /// `idle` is how long a user may do nothing before being logged out.
    ///
    /// # Errors
    /// [`ListenError`].
    pub async fn bind<N: Network>(
        address: SocketAddr,
        certificates: &Certificates,
        printer: Printer<N>,
        (reader, idle): (Option<ReaderKind>, Duration),
    ) -> Result<Self, ListenError> {
        let reception: Box<dyn Reception> = Box::new(Front::new(printer));
        let (_, name) = reception.names();
        let listener = Listener::bind(address, certificates, &name).await?;
        let address = listener
            .address()
            .map_err(|source| ListenError::Address { address, source })?;
        let desk = Desk {
            reception,
            address,
            screens: Screens::default(),
            streams: Arc::new(Semaphore::new(limits::STREAMS)),
            logins: Rate::new(limits::LOGINS, limits::LOGIN_EVERY),
            gate: Arc::new(Gate {
                name: "the panel",
                requests: Rate::new(limits::REQUESTS, limits::REQUEST_EVERY),
            }),
            idle,
            has_reader: reader.is_some(),
        };
        Ok(Self {
            listener,
            desk: Arc::new(desk),
            reader,
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
        let router = routes::router(Arc::clone(&self.desk));
        let patience = Patience {
            connections: limits::CONNECTIONS,
            handshake: limits::HANDSHAKE,
            header: limits::HTTP_HEADER,
            buffer: limits::HTTP_BUFFER,
        };
        tokio::join!(
            self.listener.serve(router, patience),
            pass_time(&self.desk),
            hear_badges(&self.desk, self.reader),
        );
    }
}

async fn pass_time(desk: &Desk) {
    let mut ticks = interval(limits::SWEEP);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        desk.screens.pass_time();
        lending::pass_time(desk);
    }
}

async fn hear_badges(desk: &Desk, reader: Option<ReaderKind>) {
    let Some(reader) = reader else {
        return;
    };
    let (read, mut badges) = mpsc::channel(1);
    let hearing = async {
        while let Some(number) = badges.recv().await {
            login::with_badge(desk, number).await;
        }
    };
    tokio::join!(badge::read(reader, read), hearing);
}
