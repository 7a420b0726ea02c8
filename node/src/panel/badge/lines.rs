//! Badge numbers that somebody writes to a Unix socket, one a line: tests, and readers with a
//! program of their own.

use std::fs;
use std::io;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::time::timeout;
use zeroize::Zeroizing;

use super::super::limits;
use super::number::Reading;
use super::{BadgeReader, ReaderError};

/// How long whoever connects may take to write a line; the next one waits as long.
const LINE: Duration = Duration::from_secs(5);

/// A socket, and who writes to it now.
pub(super) struct Lines {
    path: PathBuf,
    socket: UnixListener,
    from: Option<BufReader<UnixStream>>,
}

impl Lines {
    pub(super) fn open(path: &Path) -> Result<Self, ReaderError> {
        let failed = |error: io::Error| ReaderError::of_file(path, &error);
        // One that an earlier run left is in the way; anything else is somebody's.
        if fs::symlink_metadata(path).is_ok_and(|found| found.file_type().is_socket()) {
            fs::remove_file(path).map_err(failed)?;
        }
        let socket = UnixListener::bind(path).map_err(failed)?;
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).map_err(failed)?;
        Ok(Self {
            path: path.to_owned(),
            socket,
            from: None,
        })
    }

    async fn line(&mut self) -> io::Result<Option<Reading>> {
        let from = match &mut self.from {
            Some(from) => from,
            None => {
                let (stream, _) = self.socket.accept().await?;
                self.from.insert(BufReader::new(stream))
            }
        };
        let mut line = Zeroizing::new(Vec::with_capacity(limits::BADGE_LINE));
        let mut bounded = from.take(limits::BADGE_LINE as u64);
        let read = timeout(LINE, bounded.read_until(b'\n', &mut line)).await;
        if !matches!(read, Ok(Ok(1..))) || line.last() != Some(&b'\n') {
            self.from = None;
            return Ok(None);
        }
        Ok(std::str::from_utf8(&line).ok().and_then(Reading::of))
    }
}

impl BadgeReader for Lines {
    fn next(&mut self) -> BoxFuture<'_, Result<Reading, ReaderError>> {
        Box::pin(async {
            loop {
                match self.line().await {
                    Ok(Some(number)) => return Ok(number),
                    Ok(None) => {}
                    Err(error) => return Err(ReaderError::of_file(&self.path, &error)),
                }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use tokio::io::AsyncWriteExt;

    use super::*;

    #[tokio::test]
    async fn lines_are_badges_and_noise_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("badge");
        let mut lines = Lines::open(&path).unwrap();
        let mut noise = UnixStream::connect(&path).await.unwrap();
        noise
            .write_all(&[b'7'; 2 * limits::BADGE_LINE])
            .await
            .unwrap();
        drop(noise);
        let mut writes = UnixStream::connect(&path).await.unwrap();
        writes.write_all(b"\n04A1B2\n04A1B3\n").await.unwrap();
        assert_eq!(lines.next().await.unwrap().text(), "04A1B2");
        assert_eq!(lines.next().await.unwrap().text(), "04A1B3");
        drop(Lines::open(&path).unwrap());
    }
}
