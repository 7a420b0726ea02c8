//! Badge readers. Each gives numbers as it reads them, as hexadecimal or decimal digits, whole; what
//! a number means, the directory knows. A number goes from the reader straight to the panel's own
//! process: it is in no page, no form and no log.
//!
//! - [`keyboard`]: readers that type, grabbed so that nothing else hears them; [`typed`]: from their keys
//!   to what they read
//! - [`smart_card`]: contactless readers that speak PC/SC
//! - [`lines`]: whoever writes numbers to a socket: tests, and readers with a program of their own
//! - [`number`], [`rule`]: what was read, and the number that it comes to
//! - [`held`]: one tap is one tap
//! - [`word`]: how the reader is, for `doctor`

mod held;
#[cfg(target_os = "linux")]
mod keyboard;
mod lines;
mod number;
mod rule;
#[cfg(all(target_os = "linux", feature = "pcsc"))]
mod smart_card;
#[cfg(target_os = "linux")]
mod typed;
mod word;

use std::borrow::Cow;
use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use futures::future::BoxFuture;
use papermesh_protocol::remedy::Remedy;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};

use super::limits;
pub(super) use held::Held;
pub use number::Reading;
pub use rule::Rule;
pub use word::{ReaderState, ReaderWord};

/// What to do about a reader that does not answer.
const PLUGGED_IN: &str = "check that it is plugged in and that badge-reader names it (`papermesh run --help` shows the forms)";
/// What to do about one that may not be used.
const GROUP_INPUT: &str =
    "let the node's user read it: `usermod --append --groups input USER`, then restart the node";

/// Why a reader does not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReaderError {
    /// The system says so.
    #[error("the badge reader {reader}: {why}")]
    Failed {
        /// The reader.
        reader: String,
        /// The cause.
        why: String,
        /// What to do.
        remedy: &'static str,
    },
    /// This program was built without it.
    #[error("this program was built without support for {0} readers")]
    Unsupported(&'static str),
}

impl ReaderError {
    /// A file of the system that cannot be used.
    fn of_file(path: &Path, error: &io::Error) -> Self {
        Self::Failed {
            reader: path.display().to_string(),
            why: error.to_string(),
            remedy: match error.kind() {
                io::ErrorKind::PermissionDenied => GROUP_INPUT,
                _ => PLUGGED_IN,
            },
        }
    }
}

impl Remedy for ReaderError {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        let remedy = match self {
            Self::Failed { remedy, .. } => remedy,
            Self::Unsupported(_) => PLUGGED_IN,
        };
        Some(remedy.into())
    }
}

/// A reader of badges.
pub trait BadgeReader: Send {
    /// Waits for the next badge. A reader that failed is opened anew.
    fn next(&mut self) -> BoxFuture<'_, Result<Reading, ReaderError>>;
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
                "{text:?} is not a badge reader: write pcsc, pcsc:NAME, keyboard:/dev/input/… or socket:/PATH"
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
            Self::SmartCard(name) => Ok(Box::new(smart_card::SmartCards::open(name.clone())?)),
            #[cfg(not(all(target_os = "linux", feature = "pcsc")))]
            Self::SmartCard(_) => Err(ReaderError::Unsupported("pcsc")),
        }
    }
}

/// A badge that was read: what the reader said, and when.
pub(super) struct Tap {
    pub(super) reading: Reading,
    pub(super) at: Instant,
}

/// Reads badges for as long as somebody listens, and opens the reader again when it failed: they
/// are unplugged, and plugged in again.
pub(super) async fn read(kind: ReaderKind, word: ReaderWord, read: mpsc::Sender<Tap>) {
    let mut complained = false;
    while !read.is_closed() {
        let failed = match kind.open().await {
            Ok(mut reader) => {
                tracing::info!(reader = ?kind, "badge reader");
                word.works();
                complained = false;
                loop {
                    match reader.next().await {
                        Ok(reading) => {
                            let at = Instant::now();
                            if read.send(Tap { reading, at }).await.is_err() {
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
            tracing::warn!(failed = %failed.in_full(), "badge reader failed; will retry");
            complained = true;
        }
        word.failed(failed);
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
}
