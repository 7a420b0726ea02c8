//! Stores and rows for the tests of this module.

use std::fs;
use std::path::Path;

use papermesh_protocol::id::{JobId, NodeId, SessionId};
use papermesh_protocol::job::PrintOptions;
use papermesh_protocol::release::guess::Guesses;
use papermesh_protocol::text::{Name, UserId};
use papermesh_protocol::time::Timestamp;
use tempfile::TempDir;

use super::{HeldJob, JobRow, LeaseRow, Spooled, Store, StoreError};

pub(super) const NOW: Timestamp = Timestamp::from_secs(1_000_000);

pub(super) fn store() -> Result<(TempDir, Store), StoreError> {
    let home = tempfile::tempdir()
        .map_err(|error| StoreError::io("create", Path::new("a temporary folder"), error))?;
    let store = Store::open(home.path())?;
    Ok((home, store))
}

pub(super) fn user(name: &str) -> UserId {
    name.parse()
        .unwrap_or_else(|error| panic!("{name}: {error}"))
}

pub(super) fn name(text: &str) -> Name {
    text.parse()
        .unwrap_or_else(|error| panic!("{text}: {error}"))
}

pub(super) fn job(number: u8) -> JobId {
    JobId::from_bytes([number; 16])
}

pub(super) fn job_row(owner: &str) -> JobRow {
    JobRow {
        user: user(owner),
        number: 1,
        sealed_meta: vec![1; 100],
        wrapped_key: vec![2; 60],
        plain_size: 5,
        sealed_size: 0,
        submitted_at: NOW,
        priority: 50,
        listed_at: NOW,
        hold_until: None,
        expires_at: NOW + std::time::Duration::from_secs(3600),
        protected: false,
        may_have_printed: false,
        visit_pin: false,
        sealed_pin: None,
        pin_guesses: Guesses::default(),
        last: None,
    }
}

pub(super) fn spooled(store: &Store, number: u8) -> Result<Spooled, StoreError> {
    let mut writer = store.spool(job(number), 0)?;
    writer.write(b"sealed document")?;
    writer.finish()
}

pub(super) fn held(store: &Store, number: u8, owner: &str) -> Result<HeldJob, StoreError> {
    let row = JobRow {
        number: number.into(),
        ..job_row(owner)
    };
    store.jobs().keep(spooled(store, number)?, row)
}

pub(super) fn lease(number: u8, owner: &str, printer: u8, until: Timestamp) -> LeaseRow {
    LeaseRow {
        job: job(number),
        user: user(owner),
        printer: NodeId::from_bytes([printer; 32]),
        printer_name: name("Empfang"),
        session: SessionId::from_bytes([printer; 32]),
        granted_at: NOW,
        until,
        streamed: false,
        lapsed: false,
        options: PrintOptions::default(),
    }
}

/// The names in the spool.
pub(super) fn spool_files(home: &Path) -> Vec<String> {
    let names = fs::read_dir(home.join("spool"))
        .into_iter()
        .flatten()
        .flatten();
    names
        .map(|name| name.file_name().to_string_lossy().into_owned())
        .collect()
}

/// A home with the same files, as a process that is killed now would leave them.
pub(super) fn copy(home: &Path) -> TempDir {
    let copied = tempfile::tempdir().unwrap_or_else(|error| panic!("a temporary folder: {error}"));
    copy_into(home, copied.path()).unwrap_or_else(|error| panic!("{}: {error}", home.display()));
    copied
}

fn copy_into(from: &Path, to: &Path) -> std::io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            fs::create_dir(&target)?;
            copy_into(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
