//! Whose each name of an own domain is, across restarts. A name is the place's to which its owner first agreed, until DNS
//! says otherwise, its door gives it up, or nothing was said of it for days.

use std::collections::HashMap;
use std::path::PathBuf;

use papermesh_protocol::gateway::name::{HostName, Label};
use papermesh_protocol::id::SiteId;
use serde::{Deserialize, Serialize};

use crate::owners::At;
use crate::register::Register;

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
    register: Register,
    of: HashMap<HostName, At>,
}

impl NameOwners {
    /// Those in a file; one that is not there is empty.
    pub(crate) fn open(path: PathBuf) -> anyhow::Result<Self> {
        let mut of = HashMap::new();
        let register = Register::open(path, |Line { name, site, label }| {
            match site {
                Some(site) => of.insert(name, (site, label)),
                None => of.remove(&name),
            };
        })?;
        Ok(Self {
            // Whoever loses a name would see another computer of the site take it.
            register: register.durable(),
            of,
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

    fn write(&mut self, line: &Line) {
        let of = &self.of;
        let all = || of.iter().map(|(name, at)| Line::of(name, Some(at)));
        self.register.note(line, || all().collect());
    }
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
}
