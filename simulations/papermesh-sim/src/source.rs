//! Scenario files as they are read from the disk: what is wrong is said with file, line and column.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use papermesh_sim_scenario::sweep::{self, Run};
use papermesh_sim_scenario::{Scenario, Wrong};

fn read(file: &Path) -> Result<String> {
    fs::read_to_string(file).with_context(|| {
        format!(
            "can not read {}; `papermesh-sim new` writes one",
            file.display()
        )
    })
}

/// The scenario of a file.
pub(crate) fn scenario(file: &Path) -> Result<Scenario> {
    good(file, Scenario::read(&read(file)?))
}

/// All runs of a file.
pub(crate) fn runs(file: &Path) -> Result<Vec<Run>> {
    good(file, sweep::runs(&read(file)?))
}

fn good<T>(file: &Path, read: Result<T, Vec<Wrong>>) -> Result<T> {
    match read {
        Ok(read) => Ok(read),
        Err(wrong) => {
            let lines: Vec<_> = wrong
                .iter()
                .map(|it| {
                    format!(
                        "{}:{}:{}: {}",
                        file.display(),
                        it.line,
                        it.column,
                        it.message
                    )
                })
                .collect();
            bail!("{}", lines.join("\n"))
        }
    }
}
