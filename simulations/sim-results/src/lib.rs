//! What a run leaves: tables in Parquet, which pandas, R and DuckDB read, and one manifest.
//!
//! - [`Outcome`] is what an engine hands over: samples, points of series, sums, the trace.
//! - [`table`] writes and reads tables; [`run`] has the folder of a run.
//!
//! | file | a row is | columns |
//! | --- | --- | --- |
//! | `samples.parquet` | a look-up, publication, release or return | `time_s` `node` `kind` `wait_ms` `requests` `found` `ok` |
//! | `series.parquet` | a metric at a time | `time_s` `metric` `value` |
//! | `histograms.parquet` | a range of waits | `kind` `up_to_ms` `count` |
//! | `manifest.json` | | scenario, seed, versions, hashes of all files, trace, machine, times |
#![forbid(unsafe_code)]

pub mod outcome;
pub mod run;
pub mod table;

pub use outcome::{Kind, Outcome, Point, Sample};
pub use run::{Files, Machine, Manifest, RunError};
