//! Whose each name of an own domain is, across restarts: a file of lines. A name is the place's to which its owner first
//! agreed, until DNS says otherwise, its door gives it up, or nothing was said of it for days.
//!
//! The file grows with every change, and is written anew where most of it is of no use any more.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use anyhow::Context;
use papermesh_protocol::gateway::name::{HostName, Label};
use papermesh_protocol::id::SiteId;
use serde::{Deserialize, Serialize};

use crate::home;
use crate::lines;
use crate::owners::At;

/// Lines of no use that are left.
const SLACK: usize = 1024;

/// One line of the file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    name: HostName,
    /// Whose place; none when it is nobody's any more.
    site: Option<SiteId>,
    /// Which of its places; none for the site's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    label: Option<Label>,
}

impl Line {
    fn of(name: &HostName, at: Option<&At>) -> Self {
        Self {
            name: name.clone(),
            site: at.map(|(site, _)| *site),
            label: at.and_then(|(_, label)| label.clone()),
        }
    }
}

/// The owners of all names.
#[derive(Default)]
pub(crate) struct NameOwners {
    /// None where nothing outlives the gateway.
    path: Option<PathBuf>,
    of: HashMap<HostName, At>,
    lines: usize,
}

impl NameOwners {
    /// Those in a file; one that is not there is empty.
    pub(crate) fn open(path: PathBuf) -> anyhow::Result<Self> {
        let (mut of, mut lines) = (HashMap::new(), 0);
        let unread = || format!("cannot read {}", path.display());
        for line in lines::read(&path).with_context(unread)? {
            let (number, text) = line.with_context(unread)?;
            lines = number;
            let Ok(Line { name, site, label }) = serde_json::from_slice(&text) else {
                tracing::warn!(number, path = %path.display(), "skipped a line that is none");
                continue;
            };
            match site {
                Some(site) => of.insert(name, (site, label)),
                None => of.remove(&name),
            };
        }
        Ok(Self {
            path: Some(path),
            of,
            lines,
        })
    }

    /// Whose a name is.
    pub(crate) fn of(&self, name: &HostName) -> Option<&At> {
        self.of.get(name)
    }

    /// All of them.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&HostName, &At)> {
        self.of.iter()
    }

    /// A name is this place's from now on.
    pub(crate) fn give(&mut self, name: &HostName, at: &At) {
        if self.of.get(name) != Some(at) {
            self.of.insert(name.clone(), at.clone());
            self.write(&Line::of(name, Some(at)));
        }
    }

    /// A name is nobody's any more.
    pub(crate) fn take(&mut self, name: &HostName) {
        if self.of.remove(name).is_some() {
            self.write(&Line::of(name, None));
        }
    }

    /// What cannot be written is known until the gateway ends.
    fn write(&mut self, line: &Line) {
        let Some(path) = &self.path else { return };
        self.lines += 1;
        let written = match self.lines > 2 * self.of.len() + SLACK {
            true => self.rewrite(path).map(|()| self.of.len()),
            false => append(path, line).map(|()| self.lines),
        };
        match written {
            Ok(lines) => self.lines = lines,
            Err(error) => {
                tracing::error!(error = %format!("{error:#}"), "cannot write down whose a name is");
            }
        }
    }

    fn rewrite(&self, path: &Path) -> anyhow::Result<()> {
        let mut text = String::new();
        for (name, at) in &self.of {
            text.push_str(&serde_json::to_string(&Line::of(name, Some(at)))?);
            text.push('\n');
        }
        home::keep(path, text.as_bytes())
    }
}

fn append(path: &Path, line: &Line) -> anyhow::Result<()> {
    let line = serde_json::to_string(line)?;
    let appended = lines::append_durably(path, &line);
    appended.with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn at(label: &str) -> At {
        (SiteId::from_bytes([1; 32]), Some(label.parse().unwrap()))
    }

    fn name(number: usize) -> HostName {
        format!("print{number}.acme.example").parse().unwrap()
    }

    #[test]
    fn whose_a_name_is_outlives_the_gateway_and_a_line_that_was_cut() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("names.jsonl");
        let mut owners = NameOwners::open(path.clone()).unwrap();
        owners.give(&name(1), &at("desk"));
        owners.give(&name(1), &at("desk"));
        owners.give(&name(2), &(SiteId::from_bytes([2; 32]), None));
        owners.give(&name(3), &at("desk"));
        owners.take(&name(3));
        owners.take(&name(3));
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text.lines().count(), 4, "{text}");
        std::fs::write(&path, format!("{text}{{\"name\":\"print1.ac")).unwrap();
        let owners = NameOwners::open(path.clone()).unwrap();
        assert_eq!(owners.of(&name(1)), Some(&at("desk")));
        let of_site = (SiteId::from_bytes([2; 32]), None);
        assert_eq!(owners.of(&name(2)), Some(&of_site));
        assert_eq!(owners.iter().count(), 2);
        let mut owners = owners;
        owners.take(&name(1));
        assert_eq!(NameOwners::open(path).unwrap().iter().count(), 1);
    }

    #[test]
    fn the_file_does_not_grow_without_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("names.jsonl");
        // What came and went before.
        let gone = serde_json::to_string(&Line::of(&name(1), None)).unwrap();
        std::fs::write(&path, format!("{gone}\n").repeat(SLACK + 1)).unwrap();
        let mut owners = NameOwners::open(path.clone()).unwrap();
        owners.give(&name(1), &at("desk"));
        owners.give(&name(2), &at("hall"));
        owners.take(&name(2));
        owners.take(&name(1));
        owners.give(&name(1), &at("desk"));
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.lines().count() < 10, "{}", text.lines().count());
        let owners = NameOwners::open(path).unwrap();
        assert_eq!(owners.of(&name(1)), Some(&at("desk")));
    }
}
