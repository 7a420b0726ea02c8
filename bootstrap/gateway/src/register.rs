//! What outlives the gateway and changes: a file of lines, one for each change. What was said last of a thing counts. The
//! file is written anew when most of its lines are over.

use std::path::PathBuf;

use anyhow::Context;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{home, lines};

/// Lines that may be over without the file being written anew.
pub(crate) const SLACK: usize = 1024;

/// Such a file.
#[derive(Default)]
pub(crate) struct Register {
    /// None where nothing outlives the gateway.
    path: Option<PathBuf>,
    lines: usize,
    /// With more it is written anew.
    most: usize,
    is_durable: bool,
}

impl Register {
    /// Reads a file, the oldest line first. One that is not there is empty, and a line that is none is skipped.
    pub(crate) fn open<L: DeserializeOwned>(
        path: PathBuf,
        mut each: impl FnMut(L),
    ) -> anyhow::Result<Self> {
        let mut count = 0;
        let unread = || format!("cannot read {}", path.display());
        for line in lines::read(&path).with_context(unread)? {
            let (number, text) = line.with_context(unread)?;
            count = number;
            match serde_json::from_slice(&text) {
                Ok(line) => each(line),
                Err(_) => {
                    tracing::warn!(number, path = %path.display(), "skipped a line that is none");
                }
            }
        }
        Ok(Self {
            path: Some(path),
            lines: count,
            most: SLACK,
            is_durable: false,
        })
    }

    /// The same, whose changes are on the disk before they are told to anybody. Others are not waited for: what is lost
    /// with the power is said again when doors come back.
    pub(crate) fn durable(self) -> Self {
        Self {
            is_durable: true,
            ..self
        }
    }

    /// Writes a change down, or all lines that say how it is now. What cannot be written is known until the gateway
    /// ends.
    pub(crate) fn note<L: Serialize>(&mut self, line: &L, all: impl FnOnce() -> Vec<L>) {
        let written = self.write(line, all);
        if let (Err(error), Some(path)) = (written, &self.path) {
            tracing::error!(error = %format!("{error:#}"), path = %path.display(), "cannot write down a change");
        }
    }

    fn write<L: Serialize>(
        &mut self,
        line: &L,
        all: impl FnOnce() -> Vec<L>,
    ) -> anyhow::Result<()> {
        let Some(path) = &self.path else {
            return Ok(());
        };
        self.lines += 1;
        if self.lines <= self.most {
            let line = serde_json::to_string(line)?;
            match self.is_durable {
                true => lines::append_durably(path, &line)?,
                false => drop(lines::append(path, &line)?),
            }
            return Ok(());
        }
        let all = all();
        (self.lines, self.most) = (all.len(), 2 * all.len() + SLACK);
        let mut text = String::new();
        for line in all {
            text.push_str(&serde_json::to_string(&line)?);
            text.push('\n');
        }
        home::keep(path, text.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::collections::BTreeMap;
    use std::fs;

    use super::*;

    type Known = BTreeMap<String, Option<u32>>;

    fn read(path: &std::path::Path) -> (Register, Known) {
        let mut known = Known::new();
        let register = Register::open(path.to_owned(), |(name, value): (String, Option<u32>)| {
            known.insert(name, value);
        });
        known.retain(|_, value| value.is_some());
        (register.unwrap(), known)
    }

    #[test]
    fn what_comes_and_goes_does_not_fill_the_disk_and_what_was_cut_short_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("facts.jsonl");
        let (mut register, mut known) = read(&path);
        assert!(known.is_empty());
        for number in 0..3 * u32::try_from(SLACK).unwrap() {
            let name = format!("thing-{}", number % 4);
            let value = (number % 3 > 0).then_some(number);
            match value {
                Some(_) => known.insert(name.clone(), value),
                None => known.remove(&name),
            };
            let all = || known.clone().into_iter().collect();
            register.note(&(name, value), all);
        }
        let text = fs::read_to_string(&path).unwrap();
        assert!(
            text.lines().count() <= SLACK + 8,
            "{}",
            text.lines().count()
        );
        fs::write(&path, format!("{text}[\"thing-0\",")).unwrap();
        let (register, again) = read(&path);
        assert_eq!(again, known);
        // It is counted on from there.
        let mut register = register.durable();
        register.note(&("thing-0".to_owned(), None::<u32>), Vec::new);
        known.remove("thing-0");
        assert_eq!(read(&path).1, known);
    }
}
