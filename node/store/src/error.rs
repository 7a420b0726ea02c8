//! What can go wrong while keeping things, told so that a person knows what to do next.

use std::borrow::Cow;
use std::io;
use std::path::{Path, PathBuf};

use papermesh_protocol::codec::CodecError;
use papermesh_protocol::id::JobId;
use papermesh_protocol::remedy::Remedy;
use papermesh_protocol::text::UserId;

use super::keys::{Protector, ProtectorError};

/// Why something could not be kept, or could not be found again as it was kept.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process has this home open.
    #[error("another papermesh is using {}", home.display())]
    InUse {
        /// The home.
        home: PathBuf,
    },
    /// Files are missing, cut short or altered. Nothing was changed.
    #[error("{} is damaged ({what})", path.display())]
    Damaged {
        /// The folder or file.
        path: PathBuf,
        /// What was found.
        what: String,
    },
    /// The database is sound but older than it was: something that had been told a success is gone.
    #[error(
        "{missing} missing from {}: a file there was cut short, removed or replaced by an older copy",
        folder.display()
    )]
    Behind {
        /// How much of what.
        missing: String,
        /// The database's folder.
        folder: PathBuf,
        /// The file that remembers how many there were.
        mark: PathBuf,
    },
    /// Written by a newer version of this program.
    #[error("{} was written by a newer papermesh ({found})", folder.display())]
    Newer {
        /// The database's folder.
        folder: PathBuf,
        /// What is newer about it.
        found: String,
    },
    /// There is no room. What was begun has been undone.
    #[error("no space left on the disk of {} ({})", path.display(), room(*needed, *free))]
    DiskFull {
        /// The folder that should have taken more.
        path: PathBuf,
        /// Bytes that would have to be free, where that is known.
        needed: Option<u64>,
        /// Bytes that are free.
        free: u64,
    },
    /// One stored row cannot be read. All others can.
    #[error("row {key} of {column} is damaged: {source}")]
    Row {
        /// The column family.
        column: &'static str,
        /// The key, in hexadecimal.
        key: String,
        /// What is wrong with it.
        source: CodecError,
    },
    /// A value is larger than its column takes.
    #[error("too large to store in {column}: {source}")]
    TooLarge {
        /// The column family.
        column: &'static str,
        /// By how much.
        source: CodecError,
    },
    /// The file of one job is not what was stored. All other jobs are sound.
    #[error("the file of job {job} is damaged ({damage})")]
    Job {
        /// The job.
        job: JobId,
        /// What is wrong with it.
        damage: Damage,
    },
    /// A stream was asked for from beyond the end of the job.
    #[error("offset {offset} is past the end of job {job}, which has {len} bytes")]
    Offset {
        /// The job.
        job: JobId,
        /// What was asked for.
        offset: u64,
        /// The sealed length.
        len: u64,
    },
    /// A bounded column is full.
    #[error("limit reached: at most {max} {what}")]
    TooMany {
        /// What there are too many of, in the plural.
        what: &'static str,
        /// How many are kept.
        max: usize,
    },
    /// The badge names another user.
    #[error("the badge already belongs to {user}")]
    BadgeTaken {
        /// Whose badge it is.
        user: UserId,
    },
    /// The audit log was to be extended at another place than its end.
    #[error("the audit log continues at {expected}, not at {found}")]
    OutOfOrder {
        /// The number of the next entry.
        expected: u64,
        /// The number that was given.
        found: u64,
    },
    /// A secret file that others may read.
    #[error("other accounts can read {} (mode {mode:o})", path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// What keeps the keys shut does not open them. Nothing was changed.
    #[error(
        "the keys in {} are sealed by {protector}, which does not open them: {source}. Nothing was changed",
        folder.display()
    )]
    Locked {
        /// The folder of the keys.
        folder: PathBuf,
        /// Who has their key.
        protector: Protector,
        /// Why it does not give it.
        source: ProtectorError,
    },
    /// The keys cannot be sealed. Nothing was changed.
    #[error("the keys cannot be sealed by {protector}: {source}. Nothing was changed")]
    NotLocked {
        /// Who should have their key.
        protector: Protector,
        /// Why it does not take it.
        source: ProtectorError,
    },
    /// The operating system refused.
    #[error("cannot {doing} {}: {source}", path.display())]
    Io {
        /// What was tried, as a verb.
        doing: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// RocksDB refused, for none of the reasons above.
    #[error("the database in {} failed: {what}", folder.display())]
    Database {
        /// The database's folder.
        folder: PathBuf,
        /// What RocksDB said.
        what: String,
    },
}

impl Remedy for StoreError {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        Some(match self {
            Self::InUse { .. } => "stop it or use another --home".into(),
            Self::Damaged { .. } => {
                "restore it from a backup, or move it away to start over without its content".into()
            }
            Self::Behind { mark, .. } => format!(
                "restore the folder from a backup, or delete {} to continue without what is missing",
                mark.display()
            )
            .into(),
            Self::Newer { .. } => "update this one".into(),
            Self::DiskFull { .. } => "make room and try again".into(),
            Self::Job { .. } => "delete the job and print it again".into(),
            Self::BadgeTaken { .. } => "remove it from them first".into(),
            Self::Exposed { path, .. } => format!(
                "make new keys if they may have read it, else: chmod go= {}",
                path.display()
            )
            .into(),
            Self::Locked { source, .. } => source.remedy().unwrap_or_else(|| {
                "they open only on the computer and for the account that sealed them; elsewhere, \
                 start with a new home"
                    .into()
            }),
            Self::NotLocked { source, .. } => return source.remedy(),
            _ => return None,
        })
    }
}

/// How a job's file differs from what its row says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Damage {
    /// There is none.
    #[error("it is missing")]
    Missing,
    /// It was cut short, or something was added.
    #[error("it has {found} bytes instead of {expected}")]
    Length {
        /// By the row.
        expected: u64,
        /// By the file.
        found: u64,
    },
}

impl StoreError {
    /// What the system said while `doing` something to `path`; a full disk or quota is told apart.
    pub(super) fn io(doing: &'static str, path: &Path, source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::full(path, None),
            _ => Self::Io {
                doing,
                path: path.to_owned(),
                source,
            },
        }
    }

    /// No room on the disk of `path`.
    pub(super) fn full(path: &Path, needed: Option<u64>) -> Self {
        let free = super::folder::free(path).unwrap_or(0);
        Self::DiskFull {
            path: path.to_owned(),
            needed,
            free,
        }
    }

    /// What RocksDB said about the database in `folder`.
    pub(super) fn database(folder: &Path, error: &rocksdb::Error) -> Self {
        let what = error.to_string();
        if ["No space left", "Disk quota exceeded"]
            .iter()
            .any(|sign| what.contains(sign))
        {
            return Self::full(folder, None);
        }
        // A file that the manifest names and that is gone is told as an IO error.
        if error.kind() == rocksdb::ErrorKind::Corruption
            || what.contains("No such file or directory")
        {
            return Self::Damaged {
                path: folder.to_owned(),
                what,
            };
        }
        Self::Database {
            folder: folder.to_owned(),
            what,
        }
    }
}

fn room(needed: Option<u64>, free: u64) -> String {
    match needed {
        Some(needed) => format!("{needed} bytes needed, {free} free"),
        None => format!("{free} bytes free"),
    }
}
