//! Badge readers. Each gives numbers as it reads them, as hexadecimal or decimal digits, whole; what
//! a number means, the directory knows. A number goes from the reader straight to the panel's own
//! process: it is in no page, no form and no log.
//!
//! - [`keyboard`]: readers that type, grabbed so that nothing else hears them
//! - [`smart_card`]: contactless readers that speak PC/SC
//! - [`lines`]: whoever writes numbers to a socket: tests, and readers with a program of their own

#[cfg(target_os = "linux")]
mod keyboard;
mod lines;
#[cfg(all(target_os = "linux", feature = "pcsc"))]
mod smart_card;

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use futures::future::BoxFuture;
use tokio::sync::mpsc;
use tokio::time::sleep;
use zeroize::Zeroizing;

use super::limits;

/// The number of a badge.
#[derive(Clone, PartialEq, Eq)]
pub struct BadgeNumber(Zeroizing<String>);

impl BadgeNumber {
    /// What a reader read; none if there are no digits in it.
    fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        let fits = (1..=papermesh_protocol::limits::BADGE_NUMBER).contains(&text.len());
        fits.then(|| Self(Zeroizing::new(text.to_owned())))
    }

    /// The digits.
    pub(super) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for BadgeNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BadgeNumber(secret)")
    }
}

/// Why a reader does not read.
#[derive(Debug, thiserror::Error)]
pub enum ReaderError {
    /// The system says so.
    #[error("the badge reader {reader}: {why}")]
    Failed {
        /// Which.
        reader: String,
        /// Why.
        why: String,
    },
    /// This program was built without it.
    #[error("this program was built without readers of the kind {0}")]
    Unsupported(&'static str),
}

/// A reader of badges.
pub trait BadgeReader: Send {
    /// Waits for the next badge. A reader that failed is opened anew.
    fn next(&mut self) -> BoxFuture<'_, Result<BadgeNumber, ReaderError>>;
}

/// Which reader, as the configuration writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReaderKind {
    /// `keyboard:/dev/input/by-id/…`
    Keyboard(PathBuf),
    /// `pcsc`, or `pcsc:NAME` for the reader whose name begins so.
    SmartCard(Option<String>),
    /// `socket:PATH`: a Unix socket to which numbers are written, one a line.
    Socket(PathBuf),
}

impl FromStr for ReaderKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.trim().split_once(':') {
            Some(("keyboard", path)) if path.starts_with('/') => Ok(Self::Keyboard(path.into())),
            Some(("socket", path)) if path.starts_with('/') => Ok(Self::Socket(path.into())),
            Some(("pcsc", name)) if !name.trim().is_empty() => {
                Ok(Self::SmartCard(Some(name.trim().to_owned())))
            }
            None if text.trim() == "pcsc" => Ok(Self::SmartCard(None)),
            _ => Err(format!(
                "{text:?} is no badge reader: write pcsc, pcsc:NAME, keyboard:/dev/input/… or socket:/PATH"
            )),
        }
    }
}

impl ReaderKind {
    async fn open(&self) -> Result<Box<dyn BadgeReader>, ReaderError> {
        match self {
            Self::Socket(path) => Ok(Box::new(lines::Lines::open(path)?)),
            #[cfg(target_os = "linux")]
            Self::Keyboard(path) => Ok(Box::new(keyboard::Keyboard::open(path)?)),
            #[cfg(not(target_os = "linux"))]
            Self::Keyboard(_) => Err(ReaderError::Unsupported("keyboard")),
            #[cfg(all(target_os = "linux", feature = "pcsc"))]
            Self::SmartCard(name) => Ok(Box::new(smart_card::SmartCards::open(name.clone()))),
            #[cfg(not(all(target_os = "linux", feature = "pcsc")))]
            Self::SmartCard(_) => Err(ReaderError::Unsupported("pcsc")),
        }
    }
}

/// Reads badges for as long as somebody listens, and opens the reader again when it failed: they
/// are unplugged, and plugged in again.
pub(super) async fn read(kind: ReaderKind, read: mpsc::Sender<BadgeNumber>) {
    let mut complained = false;
    while !read.is_closed() {
        let failed = match kind.open().await {
            Ok(mut reader) => {
                tracing::info!(reader = ?kind, "badge reader");
                complained = false;
                loop {
                    match reader.next().await {
                        Ok(number) => {
                            if read.send(number).await.is_err() {
                                return;
                            }
                        }
                        Err(error) => break error,
                    }
                }
            }
            Err(error) => error,
        };
        if !complained {
            tracing::warn!(%failed, "no badges are read; the reader is tried again");
            complained = true;
        }
        sleep(limits::READER_AGAIN).await;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn readers_are_named_in_the_configuration() {
        assert_eq!("pcsc".parse(), Ok(ReaderKind::SmartCard(None)));
        assert_eq!(
            "pcsc:ACS ACR122U".parse(),
            Ok(ReaderKind::SmartCard(Some("ACS ACR122U".into())))
        );
        assert_eq!(
            "socket:/run/badge".parse(),
            Ok(ReaderKind::Socket("/run/badge".into()))
        );
        for wrong in ["", "usb", "keyboard", "keyboard:event3", "pcsc:"] {
            assert!(wrong.parse::<ReaderKind>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_badge_number_is_not_shown() {
        let number = BadgeNumber::read(" 04A1 \n").unwrap();
        assert_eq!(number.expose(), "04A1");
        assert_eq!(format!("{number:?}"), "BadgeNumber(secret)");
        assert!(BadgeNumber::read("  ").is_none());
    }
}
