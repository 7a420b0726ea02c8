//! Whose each place is, across restarts: a file of lines that only grows. A place is the node's that opened it first,
//! until that node closes it or is not let in any more; another node of the site does not get its name
//! while it is only away.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;

use anyhow::Context;
use papermesh_protocol::gateway::name::Label;
use papermesh_protocol::id::{NodeId, SiteId};
use serde::{Deserialize, Serialize};

use crate::lines;

/// Where a place is: its site and its label, none for the site's own.
pub(crate) type At = (SiteId, Option<Label>);

/// One line of the file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    site: SiteId,
    label: Option<Label>,
    /// None when it is nobody's any more.
    node: Option<NodeId>,
}

/// The owners of all places.
pub(crate) struct Owners {
    path: PathBuf,
    of: BTreeMap<SiteId, BTreeMap<Option<Label>, NodeId>>,
}

impl Owners {
    /// Those in a file; one that is not there is empty.
    pub(crate) fn open(path: PathBuf) -> anyhow::Result<Self> {
        let mut of = BTreeMap::new();
        let unread = || format!("cannot read {}", path.display());
        for line in lines::read(&path).with_context(unread)? {
            let (number, text) = line.with_context(unread)?;
            let Ok(line) = serde_json::from_slice::<Line>(&text) else {
                tracing::warn!(number, path = %path.display(), "skipped a line that is none");
                continue;
            };
            let of_site: &mut BTreeMap<_, _> = of.entry(line.site).or_default();
            match line.node {
                Some(node) => of_site.insert(line.label, node),
                None => of_site.remove(&line.label),
            };
        }
        Ok(Self { path, of })
    }

    /// Whose a place is.
    pub(crate) fn of(&self, at: &At) -> Option<NodeId> {
        self.of.get(&at.0)?.get(&at.1).copied()
    }

    /// How many places of a site are somebody's.
    pub(crate) fn count(&self, site: SiteId) -> usize {
        self.of.get(&site).map_or(0, BTreeMap::len)
    }

    /// The place is this node's from now on.
    pub(crate) fn take(&mut self, at: &At, node: NodeId) {
        let of_site = self.of.entry(at.0).or_default();
        if of_site.insert(at.1.clone(), node) != Some(node) {
            self.write(at, Some(node));
        }
    }

    /// The place is nobody's any more, if it was this node's.
    pub(crate) fn give_up(&mut self, at: &At, node: NodeId) {
        if let Some(of_site) = self.of.get_mut(&at.0)
            && of_site.get(&at.1) == Some(&node)
        {
            of_site.remove(&at.1);
            self.write(at, None);
        }
    }

    /// All places of a node are nobody's any more.
    pub(crate) fn forget(&mut self, site: SiteId, node: NodeId) {
        let of_site = self.of.get(&site).into_iter().flatten();
        let its: Vec<At> = of_site
            .filter(|(_, owner)| **owner == node)
            .map(|(label, _)| (site, label.clone()))
            .collect();
        for at in its {
            self.give_up(&at, node);
        }
    }

    /// Appends a line. It is not waited for the disk: what is lost with the power is taken again when the door
    /// comes back.
    fn write(&self, (site, label): &At, node: Option<NodeId>) {
        let line = Line {
            site: *site,
            label: label.clone(),
            node,
        };
        let written = serde_json::to_string(&line)
            .map_err(io::Error::from)
            .and_then(|line| lines::append(&self.path, &line));
        if let Err(error) = written {
            tracing::error!(%error, path = %self.path.display(), "cannot write down whose a place is");
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn whose_a_place_is_outlives_the_gateway() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("places.jsonl");
        let (site, other) = (SiteId::from_bytes([1; 32]), SiteId::from_bytes([2; 32]));
        let [one, two] = [3, 4].map(|byte| NodeId::from_bytes([byte; 32]));
        let at = |site, label: &str| (site, Some(label.parse().unwrap()));
        let mut owners = Owners::open(path.clone()).unwrap();
        owners.take(&at(site, "desk"), one);
        owners.take(&at(site, "hall"), one);
        owners.take(&at(site, "shop"), two);
        owners.take(&at(other, "desk"), two);
        owners.give_up(&at(site, "hall"), two);
        owners.give_up(&at(site, "hall"), one);
        let owners = Owners::open(path.clone()).unwrap();
        assert_eq!(owners.of(&at(site, "desk")), Some(one));
        assert_eq!(owners.of(&at(site, "hall")), None);
        assert_eq!((owners.count(site), owners.count(other)), (2, 1));
        let mut owners = owners;
        owners.forget(site, one);
        assert_eq!(Owners::open(path).unwrap().count(site), 1);
    }
}
