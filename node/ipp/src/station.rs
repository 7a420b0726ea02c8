//! Printers of the site that have a queue of their own here, at `/ipp/print/NAME`: what is printed
//! there goes straight to that printer, and is held like any other job if that fails.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use papermesh_protocol::limits::NAME;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::identity::Identity;
use super::limits;
use super::queue::{JobNumber, Station};

/// What stays as it is in a path (RFC 3986 section 2.3).
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// At which queue of this computer a request is directed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// The hold printer itself.
    Hold,
    /// The queue of a printer of this name.
    Station(String),
}

/// The path of a station's URI.
#[must_use]
pub fn path(name: &str) -> String {
    format!("{}/{}", super::PATH, utf8_percent_encode(name, PLAIN))
}

/// What the path of a `printer-uri` means; none if it is nobody's.
pub(super) fn target(path: &str) -> Option<Target> {
    let path = path.strip_suffix('/').unwrap_or(path);
    if matches!(path, "" | super::PATH) {
        return Some(Target::Hold);
    }
    let encoded = path.strip_prefix(super::PATH)?.strip_prefix('/')?;
    let name = percent_decode_str(encoded).decode_utf8().ok()?;
    let fits = !name.is_empty() && name.len() <= NAME;
    fits.then(|| Target::Station(name.into_owned()))
}

impl Station {
    /// Who this queue is, where the hold printer is `hold`.
    pub(super) fn identity(&self, hold: &Identity) -> Identity {
        Identity {
            name: format!("{} Papermesh direct", self.name),
            location: self.location.clone().unwrap_or_default(),
            organization: hold.organization.clone(),
            seed: [hold.seed.as_slice(), self.id.as_bytes()].concat(),
        }
    }
}

/// Why jobs were not printed by the printers that they were sent to. Lives in memory: after a
/// restart such a job is held like any other.
#[derive(Debug, Default)]
pub(super) struct Notes(Mutex<BTreeMap<JobNumber, String>>);

impl Notes {
    pub(super) fn put(&self, job: JobNumber, why: String) {
        let mut notes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        notes.insert(job, why);
        while notes.len() > limits::NOTES {
            notes.pop_first();
        }
    }

    pub(super) fn of(&self, job: JobNumber) -> Option<String> {
        let notes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        notes.get(&job).cloned()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_name_comes_back_from_its_path() {
        for name in ["front-desk", "2. Stock, Büro", "a/b", "100%", "前台"] {
            assert_eq!(target(&path(name)), Some(Target::Station(name.into())));
        }
        for hold in ["", "/", "/ipp/print", "/ipp/print/"] {
            assert_eq!(target(hold), Some(Target::Hold), "{hold}");
        }
        let long = path(&"x".repeat(NAME + 1));
        for nobody in [
            "/ipp",
            "/ipp/printer",
            "/ipp/print//",
            "/ipp/print/%ff",
            &long,
        ] {
            assert_eq!(target(nobody), None, "{nobody}");
        }
    }

    #[test]
    fn notes_of_old_jobs_go_first() {
        let notes = Notes::default();
        for job in 1..=u32::try_from(limits::NOTES).unwrap() + 1 {
            notes.put(job, "out of paper".into());
        }
        assert_eq!((notes.of(1), notes.of(2).is_some()), (None, true));
    }
}
