//! A device for tests of what happens around a device: it stands still in the middle of a document,
//! as one without paper does, goes on, and prints; after a power cut it starts for a while before it
//! tells what it printed. It exists in memory only, so that a test with a
//! clock of its own waits for nothing.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::time::{Instant, sleep};

use super::description::DeviceError;
use super::event::{DeviceJob, DeviceJobRef, DeviceVerdict};
use super::failure::{Outcome, PrintFailure, Stop};
use super::uri::OutputUri;

/// Bytes that it takes before it stands still.
const BEGINNING: usize = 1000;

/// The device.
#[derive(Clone, Debug)]
pub struct StillDevice {
    standstill: Duration,
    started: Instant,
    printed: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl StillDevice {
    /// One that stands still for so long within each document that has more than a beginning.
    pub fn new(standstill: Duration) -> Self {
        Self {
            standstill,
            started: Instant::now(),
            printed: Arc::default(),
        }
    }

    /// One that gives no answer for so long.
    pub fn starting(time: Duration) -> Self {
        Self {
            started: Instant::now() + time,
            ..Self::new(Duration::ZERO)
        }
    }

    /// The documents that came out, in order.
    pub fn printed(&self) -> Vec<Vec<u8>> {
        let printed = self.printed.lock();
        printed.unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn describe(&self) -> DeviceError {
        DeviceError::Unreachable {
            device: "a device of a test".to_owned(),
            why: "it does not describe itself".to_owned(),
        }
    }

    /// Once it has started it knows every job, and has printed it.
    pub(super) fn ask(&self) -> DeviceVerdict {
        if Instant::now() < self.started {
            return DeviceVerdict::Silent {
                why: "it is starting".to_owned(),
            };
        }
        DeviceVerdict::Completed { pages: None }
    }

    /// How it names any job.
    pub fn job() -> DeviceJobRef {
        DeviceJobRef {
            device: OutputUri::Tray("still".into()),
            job: DeviceJob::Socket,
        }
    }

    pub(super) async fn print<R>(&self, mut document: R) -> Result<Outcome, PrintFailure>
    where
        R: AsyncRead + Send + Unpin + 'static,
    {
        let broke = |error: io::Error| PrintFailure::Body {
            error,
            stop: Stop::Unconfirmed,
        };
        let mut paper = Vec::new();
        let mut beginning = (&mut document).take(BEGINNING as u64);
        beginning.read_to_end(&mut paper).await.map_err(broke)?;
        if paper.len() == BEGINNING {
            sleep(self.standstill).await;
        }
        document.read_to_end(&mut paper).await.map_err(broke)?;
        let mut printed = self.printed.lock().unwrap_or_else(PoisonError::into_inner);
        printed.push(paper);
        Ok(Outcome::Completed {
            pages: None,
            device_job: Self::job(),
        })
    }
}
