//! Which sites may open how many places, until when: a file of lines that only grows.
//!
//! `contract add` and `contract end` append a line each; a running gateway reads the file again when it
//! has grown. The last line of a site counts. A label stays a site's for ninety days after the end, as do its places.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use papermesh_protocol::gateway::message::Refusal;
use papermesh_protocol::gateway::name::Label;
use papermesh_protocol::id::SiteId;
use papermesh_protocol::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::lines;

/// How long a label and places stay with their site after the contract's end.
const KEPT: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// One line of the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Contract {
    /// The site.
    pub(crate) site: SiteId,
    /// Its label under the gateway's domain.
    pub(crate) label: Label,
    /// Places that it may open at once.
    pub(crate) places: u32,
    /// Good until then; none for no end.
    pub(crate) until: Option<Timestamp>,
    /// When the line was written.
    pub(crate) at: Timestamp,
}

impl Contract {
    /// Whether it says the same as another, whenever that was written.
    pub(crate) fn is_as(&self, other: &Self) -> bool {
        (&self.label, self.places) == (&other.label, other.places)
    }

    /// Whether nothing is kept for its site any more.
    fn is_lapsed(&self, now: Timestamp) -> bool {
        self.until.is_some_and(|until| now >= until + KEPT)
    }

    /// Whether it is over.
    pub(crate) fn is_over(&self, now: Timestamp) -> bool {
        self.until.is_some_and(|until| now >= until)
    }
}

/// The contracts as they stand.
pub(crate) type Book = BTreeMap<SiteId, Contract>;

/// Why the file cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ContractsError {
    /// It cannot be read or written.
    #[error("cannot use {}: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
    /// A line of it is no contract.
    #[error("line {line} of {} is no contract: {reason}", path.display())]
    Malformed {
        path: PathBuf,
        line: usize,
        reason: String,
    },
    /// Another site has the label, or had it until lately.
    #[error("the label {label} belongs to site {site}")]
    Taken { label: Label, site: SiteId },
    /// There is nothing to end.
    #[error("there is no contract with that site")]
    Unknown,
}

/// Reads the file; one that is not there is empty.
pub(crate) fn read(path: &Path) -> Result<Book, ContractsError> {
    let failed = |source| ContractsError::Io {
        path: path.to_owned(),
        source,
    };
    let mut book = Book::new();
    for line in lines::read(path).map_err(failed)? {
        let (line, text) = line.map_err(failed)?;
        let contract: Contract =
            serde_json::from_slice(&text).map_err(|error| ContractsError::Malformed {
                path: path.to_owned(),
                line,
                reason: error.to_string(),
            })?;
        book.insert(contract.site, contract);
    }
    Ok(book)
}

/// Adds a contract, or changes one.
pub(crate) fn add(path: &Path, contract: &Contract) -> Result<(), ContractsError> {
    let taken = read(path)?.into_values().find(|other| {
        other.label == contract.label
            && other.site != contract.site
            && !other.is_lapsed(contract.at)
    });
    if let Some(other) = taken {
        return Err(ContractsError::Taken {
            label: other.label,
            site: other.site,
        });
    }
    append(path, contract)
}

/// Ends the contract of a site.
pub(crate) fn end(path: &Path, site: SiteId, now: Timestamp) -> Result<Contract, ContractsError> {
    let contract = read(path)?.remove(&site).ok_or(ContractsError::Unknown)?;
    let ended = Contract {
        until: Some(now),
        at: now,
        ..contract
    };
    append(path, &ended)?;
    Ok(ended)
}

fn append(path: &Path, contract: &Contract) -> Result<(), ContractsError> {
    let failed = |source| ContractsError::Io {
        path: path.to_owned(),
        source,
    };
    let line = serde_json::to_string(contract).map_err(|error| failed(error.into()))?;
    lines::append_durably(path, &line).map_err(failed)
}

/// The contracts of a running gateway.
pub(crate) struct Contracts {
    path: PathBuf,
    read: Mutex<(u64, Book)>,
}

impl Contracts {
    /// Those in a file.
    pub(crate) fn open(path: PathBuf) -> Result<Self, ContractsError> {
        let read = Mutex::new((length(&path), read(&path)?));
        Ok(Self { path, read })
    }

    /// The sites that have or had one.
    pub(crate) fn sites(&self) -> Vec<SiteId> {
        self.known().1.keys().copied().collect()
    }

    /// The contracts of all sites that may open places now, as the file said last.
    pub(crate) fn standing(&self, now: Timestamp) -> Vec<Contract> {
        let known = self.known();
        let all = known.1.values().filter(|contract| !contract.is_over(now));
        all.cloned().collect()
    }

    /// The sites whose contracts ended so long ago that nothing is kept for them, as the file said last.
    pub(crate) fn lapsed(&self, now: Timestamp) -> Vec<SiteId> {
        let known = self.known();
        let all = known.1.values().filter(|contract| contract.is_lapsed(now));
        all.map(|contract| contract.site).collect()
    }

    /// Reads the file again if it has grown. Blocks.
    pub(crate) fn refresh(&self) {
        let length = length(&self.path);
        if length == self.known().0 {
            return;
        }
        let book = read(&self.path);
        let mut known = self.known();
        // One that cannot be read is said once, until it changes again.
        known.0 = length;
        match book {
            Ok(book) => known.1 = book,
            Err(error) => tracing::error!(%error, "the contracts stay as they were"),
        }
    }

    fn known(&self) -> MutexGuard<'_, (u64, Book)> {
        self.read.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The contract of a site that may open places now, as the file said last.
    pub(crate) fn of(&self, site: SiteId, now: Timestamp) -> Result<Contract, Refusal> {
        match self.known().1.get(&site) {
            None => Err(Refusal::NoContract),
            Some(contract) if contract.is_over(now) => Err(Refusal::Ended),
            Some(contract) => Ok(contract.clone()),
        }
    }
}

/// How long the file is: it only grows, so this tells whether it was changed.
fn length(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |file| file.len())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn contract(site: u8, label: &str, at: u64) -> Contract {
        Contract {
            site: SiteId::from_bytes([site; 32]),
            label: label.parse().unwrap(),
            places: 50,
            until: None,
            at: Timestamp::from_secs(at),
        }
    }

    #[test]
    fn a_running_gateway_hears_of_what_is_added_and_ended() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("contracts.jsonl");
        let contracts = Contracts::open(path.clone()).unwrap();
        let acme = contract(1, "acme", 100);
        let of = |at| {
            contracts.refresh();
            contracts.of(acme.site, Timestamp::from_secs(at))
        };
        assert_eq!(of(100), Err(Refusal::NoContract));
        add(&path, &acme).unwrap();
        assert_eq!(of(100), Ok(acme.clone()));
        end(&path, acme.site, Timestamp::from_secs(200)).unwrap();
        assert_eq!(of(200), Err(Refusal::Ended));
        add(&path, &contract(1, "acme", 300)).unwrap();
        assert!(of(300).is_ok());
    }

    #[test]
    fn a_label_stays_with_its_site_for_a_while() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("contracts.jsonl");
        add(&path, &contract(1, "acme", 100)).unwrap();
        end(
            &path,
            SiteId::from_bytes([1; 32]),
            Timestamp::from_secs(200),
        )
        .unwrap();
        let later = 200 + KEPT.as_secs();
        let contracts = Contracts::open(path.clone()).unwrap();
        let lapsed = |at| contracts.lapsed(Timestamp::from_secs(at));
        for at in [200, later - 1] {
            let taken = add(&path, &contract(2, "acme", at));
            assert!(matches!(taken, Err(ContractsError::Taken { .. })));
            assert_eq!(lapsed(at), []);
        }
        assert_eq!(lapsed(later), [SiteId::from_bytes([1; 32])]);
        add(&path, &contract(2, "acme", later)).unwrap();
    }

    #[test]
    fn a_line_that_is_none_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("contracts.jsonl");
        add(&path, &contract(1, "acme", 100)).unwrap();
        lines::append_durably(&path, "nonsense").unwrap();
        let error = read(&path).unwrap_err().to_string();
        assert!(error.starts_with("line 2 of"), "{error}");
    }
}
