//! The tray: a folder that receives one file per release, in place of paper.
//!
//! Lives here: a document's way into a file that appears whole or not at all. Not here: names
//! (`name.rs`), the folder (`folder.rs`).
//!
//! What lies in a tray is plain text to whoever may read the folder, like paper in an output tray:
//! that is what it is for. The files are made readable by the node's own user only. A file holds
//! one copy; how many were asked for is in its name. Sides and color are for whoever prints it.

mod folder;
mod name;

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use papermesh_convert::device::{Device, Formats};
use papermesh_protocol::remedy::Remedy;
use tokio::fs::File;
use tokio::io::{AsyncRead, AsyncWriteExt as _};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::description::{DeviceDescription, DeviceError, Protection};
use super::event::{DeviceEvent, DeviceJob, DeviceJobRef, DeviceVerdict, PrinterState};
use super::failure::{AbortCause, Doubt, Outcome, PrintFailure, Refusal, Stop};
use super::reporter::Reporter;
use super::source::{SOURCE_STALL, Source, SourceFault};
use super::ticket::{PrintTicket, TAG_DIGITS};
use super::uri::OutputUri;
use folder::Part;

/// A tray folder.
#[derive(Debug)]
pub struct TrayDevice {
    folder: PathBuf,
    /// Releases whose half-written files were found and removed when the tray was opened: certainly
    /// not printed.
    unfinished: BTreeSet<String>,
}

/// Why a file is not finished.
enum Halt {
    Canceled,
    Source(SourceFault),
    Disk(io::Error),
}

impl TrayDevice {
    /// Opens a tray: makes the folder if need be, and removes what a crash left half-written.
    pub(super) async fn open(path: PathBuf) -> Result<Self, DeviceError> {
        let shown = path.display().to_string();
        blocking(move || {
            folder::make(&path)?;
            let unfinished = folder::sweep(&path)?;
            Ok(Self {
                folder: path,
                unfinished,
            })
        })
        .await
        .map_err(|source| DeviceError::Folder {
            folder: shown,
            source,
        })
    }

    fn uri(&self) -> OutputUri {
        OutputUri::tray(&self.folder)
    }

    fn failed(&self, source: io::Error) -> DeviceError {
        DeviceError::Folder {
            folder: self.folder.display().to_string(),
            source,
        }
    }

    /// The folder of this tray.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    pub(super) async fn describe(&self) -> Result<DeviceDescription, DeviceError> {
        let metadata = tokio::fs::metadata(&self.folder)
            .await
            .map_err(|error| self.failed(error))?;
        Ok(DeviceDescription {
            device: self.uri(),
            name: self.uri().to_string(),
            make_and_model: None,
            location: None,
            can: Device {
                max_copies: u32::from(u16::MAX),
                ..Device::taking(Formats::Any)
            },
            state: PrinterState::Idle,
            reasons: Vec::new(),
            message: None,
            accepting: metadata.is_dir() && !metadata.permissions().readonly(),
            protection: Protection::Local,
        })
    }

    pub(super) async fn print<R>(
        &self,
        ticket: &PrintTicket,
        document: R,
        progress: mpsc::Sender<DeviceEvent>,
        cancel: CancellationToken,
    ) -> Result<Outcome, PrintFailure>
    where
        R: AsyncRead + Send + Unpin + 'static,
    {
        ticket.check()?;
        if cancel.is_cancelled() {
            return Err(aborted(AbortCause::Asked));
        }
        let (part, file) = self.begin(ticket).await?;
        let device_job = DeviceJobRef {
            device: self.uri(),
            job: DeviceJob::Tray {
                release: ticket.release.clone(),
            },
        };
        let reporter = Reporter::new(progress);
        reporter.accepted(&device_job).await;
        let mut source = Source::new(document, ticket.size, SOURCE_STALL);
        let filled = tokio::select! {
            biased;
            () = cancel.cancelled() => Err(Halt::Canceled),
            filled = fill(file, &mut source, &reporter) => filled,
        };
        match filled {
            Ok(()) => {}
            // The half-written file goes with `part`: nothing of it was ever in the tray.
            Err(Halt::Canceled) => return Err(aborted(AbortCause::Asked)),
            Err(Halt::Source(SourceFault::Broke(error))) => {
                return Err(PrintFailure::Body {
                    error,
                    stop: Stop::NothingSent,
                });
            }
            Err(Halt::Source(SourceFault::Stalled(after))) => {
                return Err(PrintFailure::Stalled {
                    after,
                    stop: Stop::NothingSent,
                });
            }
            Err(Halt::Disk(error)) => return Err(aborted(AbortCause::Tray(error.to_string()))),
        }
        // A file has its name in the tray only as a whole.
        reporter.taken().await;
        let name = name::file_name(ticket);
        let finished = blocking(move || part.finish(&name).map(|()| part)).await;
        let part = finished.map_err(|error| aborted(AbortCause::Tray(error.to_string())))?;
        match blocking(move || part.settle()).await {
            Ok(()) => Ok(Outcome::Completed {
                pages: None,
                device_job,
            }),
            Err(error) => Err(PrintFailure::Unknown {
                doubt: Doubt::NotSynced(error.to_string()),
                reasons: Vec::new(),
                device_job: Some(Box::new(device_job)),
            }),
        }
    }

    /// Begins a release's file. A release whose tag is in the tray already is refused, so that
    /// later the tag alone tells whether this release was printed.
    async fn begin(&self, ticket: &PrintTicket) -> Result<(Part, File), PrintFailure> {
        let (folder, release, tag) = (
            self.folder.clone(),
            ticket.release.clone(),
            ticket.tag().to_owned(),
        );
        let begun = blocking(move || {
            if folder::has_file_of(&folder, &tag)? {
                return Ok(None);
            }
            Part::begin(&folder, &release).map(Some)
        });
        match begun
            .await
            .map_err(|error| PrintFailure::NotStarted(self.failed(error)))?
        {
            Some((part, file)) => Ok((part, File::from_std(file))),
            None => {
                let why = format!(
                    "the tray already has a file of release {}: release the job again",
                    ticket.tag()
                );
                Err(Refusal::Ticket(why).into())
            }
        }
    }

    /// Whether the tray has, or had, the file of a release of an earlier life of this node.
    pub(super) async fn ask(&self, release: &str) -> DeviceVerdict {
        let unknown = |why: String| DeviceVerdict::Unknown { why };
        let Some(tag) = release.get(..TAG_DIGITS).map(str::to_owned) else {
            return unknown("the journal's release id is too short".to_owned());
        };
        let (folder, id) = (self.folder.clone(), release.to_owned());
        let found = blocking(move || {
            Ok((
                folder::has_file_of(&folder, &tag)?,
                folder::discard_part(&folder, &id)?,
            ))
        });
        match found.await {
            Ok((true, _)) => DeviceVerdict::Completed { pages: None },
            Ok((false, discarded)) if discarded || self.unfinished.contains(release) => {
                DeviceVerdict::Aborted {
                    reasons: Vec::new(),
                    pages: Some(0),
                }
            }
            // Either it was never begun, or somebody has taken it out of the tray.
            Ok((false, _)) => unknown("the tray no longer has its file".to_owned()),
            Err(error) => unknown(self.failed(error).in_full().to_string()),
        }
    }
}

/// Writes the document and makes it durable.
async fn fill<R: AsyncRead + Unpin>(
    mut file: File,
    source: &mut Source<R>,
    reporter: &Reporter,
) -> Result<(), Halt> {
    let mut bytes = 0u64;
    while let Some(piece) = source.next().await.map_err(Halt::Source)? {
        file.write_all(&piece).await.map_err(Halt::Disk)?;
        bytes += piece.len() as u64;
        reporter.tell(DeviceEvent::Sent { bytes });
    }
    file.flush().await.map_err(Halt::Disk)?;
    file.sync_all().await.map_err(Halt::Disk)
}

fn aborted(cause: AbortCause) -> PrintFailure {
    PrintFailure::Aborted {
        cause,
        reasons: Vec::new(),
        pages: Some(0),
    }
}

/// Runs file system work where it may block.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(io::Error::other)?
}

#[cfg(test)]
mod tests;
