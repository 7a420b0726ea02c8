//! The spool: sealed documents, one file each, named by their job.
//!
//! A file is written as `<job>.partial` and becomes `<job>.sealed` when all of it is durable. What
//! is in it is ciphertext and is not looked at here. A file without a row in the database is
//! nothing; see [`super::jobs`] for how the two come together and [`super::sweep`] for what a
//! crash leaves.
//!
//! All of it blocks on the disk: async callers belong on a blocking thread.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use papermesh_protocol::id::JobId;
use papermesh_protocol::remedy::Remedy;

use super::error::{Damage, StoreError};
use super::folder;

/// Smaller pieces are gathered up to this many bytes, so that the calls cost nothing beside the
/// disk; larger ones are written as they come.
const WRITE: usize = 512 * 1024;
/// The system is asked to bring to the disk what was written whenever it is so many bytes, so that
/// little is left to wait for at the end.
const WRITE_BACK: u64 = 4 * 1024 * 1024;
/// Bytes of the disk that jobs leave free, so that there is room to store what happens to them.
pub const RESERVE: u64 = 8 * 1024 * 1024;

/// The folder of the spool.
#[derive(Clone)]
pub(super) struct Spool {
    folder: Arc<Path>,
}

/// What a name in the spool's folder stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Entry {
    /// A whole document.
    Sealed(JobId),
    /// One that is being written, or was when the process died.
    Partial(JobId),
}

impl Spool {
    /// Opens the spool in `folder`, which is made if need be.
    pub(super) fn open(folder: &Path) -> Result<Self, StoreError> {
        folder::create(folder)?;
        Ok(Self {
            folder: folder.into(),
        })
    }

    /// Begins a document of which `expected` bytes are known to come, or 0.
    pub(super) fn create(&self, job: JobId, expected: u64) -> Result<SpoolWriter, StoreError> {
        self.check_room(expected)?;
        let path = self.path(Entry::Partial(job));
        let file =
            folder::create_file(&path).map_err(|error| StoreError::io("create", &path, error))?;
        Ok(SpoolWriter {
            spool: self.clone(),
            job,
            file,
            buffer: Vec::with_capacity(WRITE),
            written: 0,
            on_its_way: 0,
            finished: false,
        })
    }

    /// Opens a document of `expected` bytes at an offset.
    pub(super) fn read(
        &self,
        job: JobId,
        expected: u64,
        offset: u64,
    ) -> Result<SpoolReader, StoreError> {
        if let Some(damage) = self.check(job, expected)? {
            return Err(StoreError::Job { job, damage });
        }
        if offset > expected {
            return Err(StoreError::Offset {
                job,
                offset,
                len: expected,
            });
        }
        let path = self.path(Entry::Sealed(job));
        let open = || {
            let mut file = File::open(&path)?;
            file.seek(SeekFrom::Start(offset))?;
            Ok(SpoolReader {
                file,
                left: expected - offset,
            })
        };
        open().map_err(|error: io::Error| match error.kind() {
            io::ErrorKind::NotFound => StoreError::Job {
                job,
                damage: Damage::Missing,
            },
            _ => StoreError::io("read", &path, error),
        })
    }

    /// What is wrong with the file of a job, as far as its length tells.
    pub(super) fn check(&self, job: JobId, expected: u64) -> Result<Option<Damage>, StoreError> {
        let path = self.path(Entry::Sealed(job));
        match fs::metadata(&path) {
            Ok(file) if file.len() == expected => Ok(None),
            Ok(file) => Ok(Some(Damage::Length {
                expected,
                found: file.len(),
            })),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Some(Damage::Missing)),
            Err(error) => Err(StoreError::io("look at", &path, error)),
        }
    }

    /// Removes a file and gives the bytes that it had.
    pub(super) fn remove(&self, entry: Entry) -> Result<u64, StoreError> {
        let path = self.path(entry);
        let len = fs::metadata(&path).map_or(0, |file| file.len());
        folder::remove(&path).map_err(|error| StoreError::io("remove", &path, error))?;
        Ok(len)
    }

    /// Everything in the folder that the spool put there. Other files are told to the log and left.
    pub(super) fn entries(
        &self,
    ) -> Result<impl Iterator<Item = Result<Entry, StoreError>>, StoreError> {
        let failed = |error| StoreError::io("read", &self.folder, error);
        let names = fs::read_dir(&self.folder).map_err(failed)?;
        Ok(names.filter_map(move |name| {
            let name = match name {
                Ok(name) => name.file_name(),
                Err(error) => return Some(Err(failed(error))),
            };
            let entry = name.to_str().and_then(Entry::parse);
            if entry.is_none() {
                tracing::warn!(?name, folder = %self.folder.display(), "unknown file in the spool; left alone");
            }
            entry.map(Ok)
        }))
    }

    fn path(&self, entry: Entry) -> PathBuf {
        self.folder.join(entry.name())
    }

    /// Bytes that may still be written on its disk.
    pub(super) fn free(&self) -> Result<u64, StoreError> {
        folder::free(&self.folder).map_err(|error| StoreError::io("look at", &self.folder, error))
    }

    /// Refuses what would leave less than [`RESERVE`].
    pub(super) fn check_room(&self, more: u64) -> Result<(), StoreError> {
        let free = self.free()?;
        let needed = more.saturating_add(RESERVE);
        if free < needed {
            return Err(StoreError::DiskFull {
                path: self.folder.to_path_buf(),
                needed: Some(needed),
                free,
            });
        }
        Ok(())
    }
}

impl Entry {
    fn name(self) -> String {
        match self {
            Self::Sealed(job) => format!("{job}.sealed"),
            Self::Partial(job) => format!("{job}.partial"),
        }
    }

    fn parse(name: &str) -> Option<Self> {
        let (job, kind) = name.split_once('.')?;
        let entry = match kind {
            "sealed" => Self::Sealed(job.parse().ok()?),
            "partial" => Self::Partial(job.parse().ok()?),
            _ => return None,
        };
        (entry.name() == name).then_some(entry)
    }
}

/// A document being written. Dropped before [`finish`](Self::finish), it is removed.
pub struct SpoolWriter {
    spool: Spool,
    job: JobId,
    file: File,
    buffer: Vec<u8>,
    written: u64,
    /// Bytes that the system was asked to bring to the disk.
    on_its_way: u64,
    finished: bool,
}

impl SpoolWriter {
    /// The next bytes of the sealed document. After an error the document cannot be finished; drop
    /// it to free its space.
    ///
    /// # Errors
    /// [`StoreError::DiskFull`] when the disk or quota is full, or would be nearly so.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        if self.buffer.len() + bytes.len() > WRITE {
            self.flush()?;
        }
        if bytes.len() >= WRITE {
            return self.write_out(bytes);
        }
        self.buffer.extend_from_slice(bytes);
        Ok(())
    }

    /// Bytes that a [`SpoolTail`] finds by now; what is gathered is not among them.
    #[must_use]
    pub fn written(&self) -> u64 {
        self.written
    }

    /// The document for reading while it is written, and for as long as anybody reads.
    pub fn tail(&self) -> Result<SpoolTail, StoreError> {
        let path = self.spool.path(Entry::Partial(self.job));
        File::open(&path)
            .map(|file| SpoolTail { file })
            .map_err(|error| StoreError::io("read", &path, error))
    }

    /// Makes the document durable under its name. It still is nothing until its row says otherwise
    /// ([`super::Jobs::keep`]).
    pub fn finish(mut self) -> Result<Spooled, StoreError> {
        self.flush()?;
        let partial = self.spool.path(Entry::Partial(self.job));
        let sealed = self.spool.path(Entry::Sealed(self.job));
        let file = Spooled {
            spool: self.spool.clone(),
            job: self.job,
            sealed_size: self.written,
            kept: false,
        };
        let mut settle = || {
            self.file.sync_all()?;
            fs::rename(&partial, &sealed)?;
            self.finished = true; // from here on it is the other's to remove
            folder::sync(&self.spool.folder)
        };
        settle().map_err(|error| StoreError::io("write", &sealed, error))?;
        Ok(file)
    }

    fn flush(&mut self) -> Result<(), StoreError> {
        let buffer = std::mem::take(&mut self.buffer);
        let flushed = self.write_out(&buffer);
        self.buffer = buffer;
        self.buffer.clear();
        flushed
    }

    fn write_out(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        self.spool.check_room(bytes.len() as u64)?;
        self.file.write_all(bytes).map_err(|error| {
            StoreError::io("write", &self.spool.path(Entry::Partial(self.job)), error)
        })?;
        self.written += bytes.len() as u64;
        if self.written - self.on_its_way >= WRITE_BACK {
            write_back(&self.file, self.on_its_way, self.written - self.on_its_way);
            self.on_its_way = self.written;
        }
        Ok(())
    }
}

impl Drop for SpoolWriter {
    fn drop(&mut self) {
        if !self.finished {
            discard(&self.spool, Entry::Partial(self.job));
        }
    }
}

/// A document that is still being written. Whether it will ever be whole is not known here.
pub struct SpoolTail {
    file: File,
}

impl SpoolTail {
    /// Reads what is there from an offset on; 0 at the end of what is there.
    pub fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.file.read_at(buffer, offset)
    }
}

/// A whole and durable document that no row has yet. Dropped before a row has it, it is removed.
pub struct Spooled {
    spool: Spool,
    job: JobId,
    sealed_size: u64,
    kept: bool,
}

impl Spooled {
    /// Its job.
    #[must_use]
    pub fn job(&self) -> JobId {
        self.job
    }

    /// Bytes of the file.
    #[must_use]
    pub fn sealed_size(&self) -> u64 {
        self.sealed_size
    }

    /// Leaves the file to the row that is durable now.
    pub(super) fn keep(mut self) {
        self.kept = true;
    }
}

impl Drop for Spooled {
    fn drop(&mut self) {
        if !self.kept {
            discard(&self.spool, Entry::Sealed(self.job));
        }
    }
}

/// Asks the system to begin bringing a part of a file to the disk. Linux does so when it is told that
/// the part is not needed soon, and errors wait for whoever syncs the file.
#[cfg(target_os = "linux")]
fn write_back(file: &File, offset: u64, len: u64) {
    use rustix::fs::{Advice, fadvise};
    // It is an advice.
    let _ = fadvise(
        file,
        offset,
        std::num::NonZeroU64::new(len),
        Advice::DontNeed,
    );
}

#[cfg(not(target_os = "linux"))]
fn write_back(_: &File, _: u64, _: u64) {}

/// Removes what nobody wants; if that fails, the sweep at the next start does it.
fn discard(spool: &Spool, entry: Entry) {
    if let Err(error) = spool.remove(entry) {
        tracing::warn!(error = %error.in_full(), "left for the next start");
    }
}

/// A sealed document being read, from an offset to its end. The file may be deleted meanwhile:
/// reading goes on.
pub struct SpoolReader {
    file: File,
    left: u64,
}

impl SpoolReader {
    /// Bytes from here to the end.
    #[must_use]
    pub fn left(&self) -> u64 {
        self.left
    }
}

impl Read for SpoolReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.left = self.left.saturating_sub(read as u64);
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::sample::{job, spool_files, store};
    use super::*;

    #[test]
    fn pieces_of_any_size_become_one_document() {
        let (_home, store) = store().unwrap();
        let mut writer = store.spool(job(1), 0).unwrap();
        let mut whole = Vec::new();
        for (number, len) in [1, WRITE - 1, 1, WRITE, 0, 65_552, 3 * WRITE + 7, 5]
            .into_iter()
            .enumerate()
        {
            let piece = vec![u8::try_from(number).unwrap(); len];
            writer.write(&piece).unwrap();
            whole.extend_from_slice(&piece);
        }
        let spooled = writer.finish().unwrap();
        let len = spooled.sealed_size();
        assert_eq!(len, whole.len() as u64);
        for offset in [0, 1, WRITE as u64, len] {
            let mut reader = store.inner.spool.read(job(1), len, offset).unwrap();
            assert_eq!(reader.left(), len - offset);
            let mut read = Vec::new();
            reader.read_to_end(&mut read).unwrap();
            assert_eq!(reader.left(), 0);
            assert!(read == whole[usize::try_from(offset).unwrap()..]);
        }
    }

    #[test]
    fn what_will_not_fit_is_refused_before_it_begins() {
        let (home, store) = store().unwrap();
        let refused = store.spool(job(1), u64::MAX).map(|_| ()).unwrap_err();
        assert!(
            matches!(
                refused,
                StoreError::DiskFull {
                    needed: Some(u64::MAX),
                    ..
                }
            ),
            "{refused}"
        );
        assert_eq!(spool_files(home.path()), [""; 0]);
    }

    #[test]
    fn two_writers_never_share_a_file() {
        let (_home, store) = store().unwrap();
        let first = store.spool(job(1), 0).unwrap();
        assert!(store.spool(job(1), 0).is_err());
        first.finish().unwrap();
    }

    #[test]
    fn a_document_can_be_read_on_while_it_is_deleted() {
        let (_home, store) = store().unwrap();
        let mut writer = store.spool(job(1), 0).unwrap();
        writer.write(b"sealed").unwrap();
        let spooled = writer.finish().unwrap();
        let mut reader = store.inner.spool.read(job(1), 6, 3).unwrap();
        drop(spooled);
        let mut rest = String::new();
        reader.read_to_string(&mut rest).unwrap();
        assert_eq!(rest, "led");
    }

    #[test]
    fn only_the_spools_own_names_are_entries() {
        let name = format!("{}.sealed", job(0xab));
        assert_eq!(Entry::parse(&name), Some(Entry::Sealed(job(0xab))));
        for foreign in [
            name.to_uppercase(),
            format!("{name}.sealed"),
            "x.partial".into(),
            String::new(),
        ] {
            assert_eq!(Entry::parse(&foreign), None, "{foreign}");
        }
    }
}
