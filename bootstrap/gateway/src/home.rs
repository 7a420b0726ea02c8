//! What the gateway keeps on its disk: its key, its settings, the contracts, the ledger.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use zeroize::Zeroizing;

pub(crate) use crate::settings::Settings;

/// The largest settings file that is read, in bytes.
const SETTINGS_MAX: u64 = 64 * 1024;

/// The folder of a gateway.
#[derive(Clone, Debug)]
pub(crate) struct Home(PathBuf);

impl Home {
    /// The folder that was said, else `PAPERMESH_GATEWAY_HOME`, else `/var/lib/papermesh-gateway`.
    pub(crate) fn resolve(said: Option<PathBuf>) -> Self {
        let home = said.or_else(|| std::env::var_os("PAPERMESH_GATEWAY_HOME").map(PathBuf::from));
        Self(home.unwrap_or_else(|| PathBuf::from("/var/lib/papermesh-gateway")))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn contracts(&self) -> PathBuf {
        self.0.join("contracts.jsonl")
    }

    pub(crate) fn ledger(&self) -> PathBuf {
        self.0.join("ledger.jsonl")
    }

    pub(crate) fn places(&self) -> PathBuf {
        self.0.join("places.jsonl")
    }

    pub(crate) fn aliases(&self) -> PathBuf {
        self.0.join("aliases.jsonl")
    }

    /// Whose each name of an own domain is.
    pub(crate) fn names(&self) -> PathBuf {
        self.0.join("names.jsonl")
    }

    /// The newest papers of each site, a file each.
    pub(crate) fn papers(&self) -> PathBuf {
        self.0.join("papers")
    }

    fn key_file(&self) -> PathBuf {
        self.0.join("gateway.key")
    }

    fn settings_file(&self) -> PathBuf {
        self.0.join("gateway.toml")
    }

    /// Makes the gateway. Nothing that is there is written over.
    pub(crate) fn init(&self, settings: &Settings, key: &[u8; 32]) -> anyhow::Result<()> {
        if self.key_file().exists() {
            bail!(
                "there is a gateway in {} already; choose another folder with --home",
                self.0.display()
            );
        }
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.0)
            .with_context(|| format!("cannot make {}", self.0.display()))?;
        let text = toml::to_string(settings).context("cannot write the settings")?;
        keep(&self.settings_file(), text.as_bytes())?;
        // Last: where the key is, everything is.
        keep(&self.key_file(), key)
    }

    /// The key.
    pub(crate) fn key(&self) -> anyhow::Result<Zeroizing<[u8; 32]>> {
        let path = self.key_file();
        let mut key = Zeroizing::new([0; 32]);
        let read = File::open(&path).and_then(|mut file| {
            file.read_exact(&mut *key)?;
            match file.read(&mut [0])? {
                0 => Ok(()),
                _ => Err(io::Error::other("it is longer than a key")),
            }
        });
        read.with_context(|| {
            format!(
                "cannot read the gateway's key in {}; make a gateway with `papermesh-gateway init`",
                path.display()
            )
        })?;
        Ok(key)
    }

    /// The settings.
    pub(crate) fn settings(&self) -> anyhow::Result<Settings> {
        let path = self.settings_file();
        let mut text = String::new();
        let read =
            File::open(&path).and_then(|file| file.take(SETTINGS_MAX).read_to_string(&mut text));
        read.with_context(|| {
            format!(
                "cannot read {}; make a gateway with `papermesh-gateway init`",
                path.display()
            )
        })?;
        Settings::read(&text).with_context(|| format!("correct {}", path.display()))
    }
}

/// Writes the whole file or none, for the gateway's own account only.
pub(crate) fn keep(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let unfinished = path.with_extension("new");
    let written = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&unfinished)
        .and_then(|mut file| {
            file.write_all(bytes)?;
            file.sync_all()?;
            fs::rename(&unfinished, path)
        });
    written.with_context(|| format!("cannot write {}", path.display()))
}
