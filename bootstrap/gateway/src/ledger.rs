//! What each site used: a file of lines that only grows, one line per site and minute in which there
//! was something.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::Context;
use papermesh_protocol::id::SiteId;
use papermesh_protocol::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::lines;

/// What was used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub(crate) struct Usage {
    /// Outsiders' connections that a door got.
    pub(crate) knocks: u64,
    /// Bytes that outsiders sent.
    pub(crate) bytes_in: u64,
    /// Bytes that doors sent.
    pub(crate) bytes_out: u64,
    /// Mails that woke doors.
    pub(crate) wakes: u64,
    /// The most places that the site had.
    pub(crate) places: u32,
}

impl Usage {
    fn add(&mut self, other: &Self) {
        self.knocks += other.knocks;
        self.bytes_in += other.bytes_in;
        self.bytes_out += other.bytes_out;
        self.wakes += other.wakes;
        self.places = self.places.max(other.places);
    }
}

/// One line of the file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    at: Timestamp,
    site: SiteId,
    used: Usage,
}

/// What is used now, until it is written down.
pub(crate) struct Ledger {
    path: PathBuf,
    used: Mutex<BTreeMap<SiteId, Usage>>,
}

impl Ledger {
    /// The ledger in a file.
    pub(crate) const fn open(path: PathBuf) -> Self {
        Self {
            path,
            used: Mutex::new(BTreeMap::new()),
        }
    }

    fn used(&self) -> MutexGuard<'_, BTreeMap<SiteId, Usage>> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes what a site used.
    pub(crate) fn note(&self, site: SiteId, used: Usage) {
        self.used().entry(site).or_default().add(&used);
    }

    /// Writes down what was noted. What cannot be written is kept for the next time. Blocks.
    pub(crate) fn write(&self, now: Timestamp) {
        let noted = std::mem::take(&mut *self.used());
        for (site, used) in noted {
            let line = Line {
                at: now,
                site,
                used,
            };
            let written = serde_json::to_string(&line)
                .map_err(std::io::Error::from)
                .and_then(|line| lines::append_durably(&self.path, &line));
            if let Err(error) = written {
                tracing::error!(%error, path = %self.path.display(), "cannot write the ledger");
                self.note(site, used);
            }
        }
    }
}

/// What each site used from one moment to another.
pub(crate) fn read(
    path: &Path,
    (from, to): (Timestamp, Timestamp),
) -> anyhow::Result<BTreeMap<SiteId, Usage>> {
    let mut sites: BTreeMap<SiteId, Usage> = BTreeMap::new();
    let unread = || format!("cannot read {}", path.display());
    for line in lines::read(path).with_context(unread)? {
        let (number, text) = line.with_context(unread)?;
        let line: Line = serde_json::from_slice(&text)
            .with_context(|| format!("line {number} of {} is malformed", path.display()))?;
        if (from..to).contains(&line.at) {
            sites.entry(line.site).or_default().add(&line.used);
        }
    }
    Ok(sites)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_was_noted_is_summed_up_by_site_and_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.jsonl");
        let ledger = Ledger::open(path.clone());
        let (acme, other) = (SiteId::from_bytes([1; 32]), SiteId::from_bytes([2; 32]));
        let at = Timestamp::from_secs;
        let knock = |bytes_in| Usage {
            knocks: 1,
            bytes_in,
            places: 2,
            ..Usage::default()
        };
        ledger.note(acme, knock(10));
        ledger.note(acme, knock(20));
        ledger.note(other, knock(5));
        ledger.write(at(60));
        ledger.write(at(120));
        ledger.note(acme, knock(40));
        ledger.write(at(180));
        let used = read(&path, (at(0), at(180))).unwrap();
        assert_eq!(used[&acme].bytes_in, 30);
        assert_eq!((used[&acme].knocks, used[&acme].places), (2, 2));
        assert_eq!(used[&other].knocks, 1);
        assert_eq!(read(&path, (at(0), at(181))).unwrap()[&acme].bytes_in, 70);
    }
}
