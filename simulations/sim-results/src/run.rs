//! The folder of a run.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::outcome::{Kind, Outcome, Point, Sample};
use crate::table::{self, Column, Table};

/// Why a run could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The disk failed.
    #[error("{path}: {source}")]
    Disk {
        /// Which file.
        path: PathBuf,
        /// How.
        source: io::Error,
    },
    /// A table is none.
    #[error("{path}: {source}")]
    Table {
        /// Which file.
        path: PathBuf,
        /// How.
        source: parquet::errors::ParquetError,
    },
    /// A manifest is none.
    #[error("{path}: {source}")]
    Manifest {
        /// Which file.
        path: PathBuf,
        /// How.
        source: serde_json::Error,
    },
    /// A file is not as it was when the run ended.
    #[error("{0} was changed after its run: its SHA-256 is not that of the manifest")]
    Changed(PathBuf),
}

/// Where a run took place.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Machine {
    /// Operating system and processor architecture.
    pub system: String,
    /// Processors that it could use.
    pub processors: usize,
}

/// What a run was, and what its files are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// The scenario's title.
    pub title: String,
    /// Which engine ran it.
    pub engine: String,
    /// The seed.
    pub seed: u64,
    /// What the file of this run varies, with the values of this run.
    pub varied: BTreeMap<String, String>,
    /// The scenario with all its defaults: it gives this run again.
    pub scenario: String,
    /// Versions of the simulator and of the compiler, and the SHA-256 of its `Cargo.lock`. Traces are promised for equal ones.
    pub versions: BTreeMap<String, String>,
    /// What happened, in 128 bits.
    pub trace: String,
    /// Events that were simulated.
    pub events: u64,
    /// How many nodes.
    pub nodes: u64,
    /// Sums of the measured time.
    pub totals: BTreeMap<String, f64>,
    /// Where it ran.
    pub machine: Machine,
    /// Seconds of the clock on the wall.
    pub wall_s: f64,
    /// Seconds of processors.
    pub processor_s: f64,
    /// The most memory that the process had, in bytes.
    pub peak_bytes: u64,
    /// SHA-256 of each file beside this one.
    pub files: BTreeMap<String, String>,
}

impl Manifest {
    /// Under which name a run lies: equal runs have equal names.
    pub fn name(&self) -> String {
        let identity = format!("{}\n{}\n{:?}", self.scenario, self.seed, self.versions);
        sha256(identity.as_bytes())[..16].to_owned()
    }
}

/// SHA-256 in hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    HEXLOWER.encode(&Sha256::digest(bytes))
}

/// The folder of one run.
#[derive(Clone, Debug)]
pub struct Files(PathBuf);

const MANIFEST: &str = "manifest.json";
const SAMPLES: &str = "samples.parquet";
const SERIES: &str = "series.parquet";
const HISTOGRAMS: &str = "histograms.parquet";

impl Files {
    /// Writes a run below this folder and returns where. The manifest comes last: a folder with one is complete.
    ///
    /// # Errors
    ///
    /// The disk failed.
    pub fn write(
        below: &Path,
        mut manifest: Manifest,
        outcome: &Outcome,
    ) -> Result<Self, RunError> {
        let files = Self(below.join(manifest.name()));
        fs::create_dir_all(&files.0).map_err(disk(&files.0))?;
        for (name, table) in [
            (SAMPLES, samples(&outcome.samples)),
            (SERIES, series(&outcome.series)),
            (HISTOGRAMS, histograms(&outcome.samples)),
        ] {
            let path = files.0.join(name);
            table::write(&path, &table).map_err(|source| RunError::Table {
                path: path.clone(),
                source,
            })?;
            let bytes = fs::read(&path).map_err(disk(&path))?;
            manifest.files.insert(name.to_owned(), sha256(&bytes));
        }
        let path = files.0.join(MANIFEST);
        let text =
            serde_json::to_string_pretty(&manifest).map_err(|source| RunError::Manifest {
                path: path.clone(),
                source,
            })?;
        fs::write(&path, text + "\n").map_err(disk(&path))?;
        Ok(files)
    }

    /// All complete runs below a folder, in order of their names.
    ///
    /// # Errors
    ///
    /// The folder can not be read.
    pub fn all(below: &Path) -> Result<Vec<Self>, RunError> {
        let mut found = Vec::new();
        for entry in fs::read_dir(below).map_err(disk(below))? {
            let path = entry.map_err(disk(below))?.path();
            if path.join(MANIFEST).is_file() {
                found.push(Self(path));
            }
        }
        found.sort_by(|one, other| one.0.cmp(&other.0));
        Ok(found)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Reads the manifest and compares all files with it.
    ///
    /// # Errors
    ///
    /// There is none, or a file was changed.
    pub fn manifest(&self) -> Result<Manifest, RunError> {
        let path = self.0.join(MANIFEST);
        let text = fs::read(&path).map_err(disk(&path))?;
        let manifest: Manifest =
            serde_json::from_slice(&text).map_err(|source| RunError::Manifest { path, source })?;
        for (name, expected) in &manifest.files {
            let path = self.0.join(name);
            if sha256(&fs::read(&path).map_err(disk(&path))?) != *expected {
                return Err(RunError::Changed(path));
            }
        }
        Ok(manifest)
    }

    /// The table of samples.
    ///
    /// # Errors
    ///
    /// It can not be read.
    pub fn samples(&self) -> Result<Table, RunError> {
        self.table(SAMPLES)
    }

    /// The table of series.
    ///
    /// # Errors
    ///
    /// It can not be read.
    pub fn series(&self) -> Result<Table, RunError> {
        self.table(SERIES)
    }

    fn table(&self, name: &str) -> Result<Table, RunError> {
        let path = self.0.join(name);
        table::read(&path).map_err(|source| RunError::Table { path, source })
    }
}

fn disk(path: &Path) -> impl Fn(io::Error) -> RunError {
    move |source| RunError::Disk {
        path: path.to_owned(),
        source,
    }
}

fn seconds(nanos: i64) -> f64 {
    nanos as f64 / 1e9
}

fn samples(samples: &[Sample]) -> Table {
    let millis = |sample: &Sample| sample.wait as f64 / 1e6;
    vec![
        (
            "time_s".to_owned(),
            Column::Float(samples.iter().map(|it| seconds(it.time)).collect()),
        ),
        (
            "node".to_owned(),
            Column::Whole(samples.iter().map(|it| i64::from(it.node)).collect()),
        ),
        (
            "kind".to_owned(),
            Column::Text(samples.iter().map(|it| it.kind.name().to_owned()).collect()),
        ),
        (
            "wait_ms".to_owned(),
            Column::Float(samples.iter().map(millis).collect()),
        ),
        (
            "requests".to_owned(),
            Column::Whole(samples.iter().map(|it| i64::from(it.requests)).collect()),
        ),
        (
            "found".to_owned(),
            Column::Float(samples.iter().map(|it| f64::from(it.found)).collect()),
        ),
        (
            "ok".to_owned(),
            Column::Yes(samples.iter().map(|it| it.ok).collect()),
        ),
    ]
}

fn series(points: &[Point]) -> Table {
    vec![
        (
            "time_s".to_owned(),
            Column::Float(points.iter().map(|it| seconds(it.time)).collect()),
        ),
        (
            "metric".to_owned(),
            Column::Text(points.iter().map(|it| it.metric.to_owned()).collect()),
        ),
        (
            "value".to_owned(),
            Column::Float(points.iter().map(|it| it.value).collect()),
        ),
    ]
}

fn histograms(samples: &[Sample]) -> Table {
    let (mut kinds, mut bounds, mut counts) = (Vec::new(), Vec::new(), Vec::new());
    for kind in Kind::ALL {
        // Two digits: a range is at most 1 % wide. Microseconds up to a day.
        let Ok(mut waits) = Histogram::<u64>::new_with_bounds(1, 86_400_000_000, 2) else {
            continue;
        };
        for sample in samples.iter().filter(|sample| sample.kind == kind) {
            waits.saturating_record((sample.wait / 1_000).max(1));
        }
        for step in waits.iter_recorded() {
            kinds.push(kind.name().to_owned());
            bounds.push(step.value_iterated_to() as f64 / 1e3);
            counts.push(i64::try_from(step.count_since_last_iteration()).unwrap_or(i64::MAX));
        }
    }
    vec![
        ("kind".to_owned(), Column::Text(kinds)),
        ("up_to_ms".to_owned(), Column::Float(bounds)),
        ("count".to_owned(), Column::Whole(counts)),
    ]
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn manifest() -> Manifest {
        Manifest {
            title: String::new(),
            engine: "model".to_owned(),
            seed: 1,
            varied: BTreeMap::new(),
            scenario: String::new(),
            versions: BTreeMap::new(),
            trace: String::new(),
            events: 0,
            nodes: 1,
            totals: BTreeMap::new(),
            machine: Machine::default(),
            wall_s: 0.0,
            processor_s: 0.0,
            peak_bytes: 0,
            files: BTreeMap::new(),
        }
    }

    #[test]
    fn a_run_is_read_as_it_was_written_and_changes_are_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let outcome = Outcome {
            samples: vec![Sample {
                time: 5,
                node: 3,
                kind: Kind::Lookup,
                wait: 2_000_000,
                requests: 7,
                found: 1.0,
                ok: true,
            }],
            ..Outcome::default()
        };
        let files = Files::write(folder.path(), manifest(), &outcome).unwrap();
        let [found] = &Files::all(folder.path()).unwrap()[..] else {
            panic!("one run");
        };
        assert_eq!(found.path(), files.path());
        assert_eq!(found.manifest().unwrap().files.len(), 3);
        assert_eq!(found.samples().unwrap()[3].1, Column::Float(vec![2.0]));
        fs::write(files.path().join(SERIES), "x").unwrap();
        assert!(matches!(files.manifest(), Err(RunError::Changed(_))));
    }
}
