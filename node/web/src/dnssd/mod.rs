//! DNS-SD: a service is found by programs that look for one of its kind (RFC 6763).
//!
//! - [`Announcement`] is what is told
//! - `avahi` has it told by Avahi, where that runs: a computer has one mDNS responder
//! - `responder` tells it by itself where there is none
//!
//! Not here: finding other members (`mesh/`), and what the hold printer says of itself (`ipp/`).

mod announcement;
#[cfg(target_os = "linux")]
mod avahi;
mod responder;

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::sleep;

pub use announcement::{Announcement, Kind, Reach, service_name};

/// Interval between checks whether Avahi has started meanwhile.
const LOOK: Duration = Duration::from_secs(30);
/// How long is waited after something went wrong.
const PAUSE: Duration = Duration::from_secs(60);

/// Announces, and again whenever the announcement changes, until it is dropped. `named` is given the
/// name under which it is found, which is another where somebody else has that of the announcement.
/// Trouble is logged: a service that is not found by itself can still be used by its
/// address.
pub async fn announce(
    mut announcement: watch::Receiver<Announcement>,
    named: &watch::Sender<Option<String>>,
) {
    loop {
        #[cfg(target_os = "linux")]
        if let Some(avahi) = avahi::Avahi::find().await {
            match avahi.announce(&mut announcement, named).await {
                Ok(()) => tracing::info!("Avahi disconnected"),
                Err(error) => {
                    tracing::warn!(%error, "Avahi did not announce this service");
                    sleep(PAUSE).await;
                }
            }
            continue;
        }
        // Without Avahi no program of this computer looks, and others are not to find it.
        if announcement.borrow().reach == Reach::ThisComputer {
            sleep(LOOK).await;
            continue;
        }
        if let Err(error) = responder::announce(&mut announcement, named, avahi_came()).await {
            tracing::warn!(%error, "service not announced");
            sleep(PAUSE).await;
        }
    }
}

/// Waits until Avahi is there.
async fn avahi_came() {
    loop {
        sleep(LOOK).await;
        #[cfg(target_os = "linux")]
        if avahi::Avahi::find().await.is_some() {
            return;
        }
    }
}
