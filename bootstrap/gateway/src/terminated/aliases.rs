//! Which texts ask for which place at the gateway's own name, across restarts: a place whose door is away is found then,
//! too. A text is the place's that said it first, until that takes it back or is nobody's any more.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::PathBuf;

use papermesh_protocol::gateway::name::{Alias, Label};
use papermesh_protocol::gateway::terminated::alias::{AliasRefusal, is_reserved};
use papermesh_protocol::id::SiteId;
use papermesh_protocol::limits;
use serde::{Deserialize, Serialize};

use crate::owners::At;
use crate::register::Register;

/// Texts of one message that are looked at: a door that says more hears nothing of the rest.
const HEARD: usize = 2 * limits::ALIASES;

/// One line of the file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    site: SiteId,
    label: Option<Label>,
    aliases: Vec<Alias>,
}

/// The texts of all places.
pub(crate) struct Aliases {
    register: Register,
    of: BTreeMap<At, Vec<Alias>>,
    lead: HashMap<Alias, At>,
}

/// Those that ask for a place now, and those that do not.
pub(crate) type Judged = (Vec<Alias>, Vec<(Alias, AliasRefusal)>);

impl Aliases {
    /// Those in a file; one that is not there is empty.
    pub(crate) fn open(path: PathBuf) -> anyhow::Result<Self> {
        let mut aliases = Self {
            register: Register::default(),
            of: BTreeMap::new(),
            lead: HashMap::new(),
        };
        aliases.register = Register::open(path, |line: Line| {
            aliases.put(&(line.site, line.label), line.aliases);
        })?;
        Ok(aliases)
    }

    /// Those of a place.
    pub(crate) fn of(&self, at: &At) -> &[Alias] {
        self.of.get(at).map_or(&[], Vec::as_slice)
    }

    /// Has these ask for a place, and no others. `names` says which of them is meant for something else by its name.
    pub(crate) fn set(
        &mut self,
        at: &At,
        said: &[Alias],
        names: impl Fn(&Alias) -> Option<AliasRefusal>,
    ) -> Judged {
        let (mut taken, mut refused) = (Vec::new(), Vec::new());
        for alias in said.iter().take(HEARD) {
            let judged = match names(alias) {
                Some(why) => Err(why),
                None => self.judge(at, alias, taken.len()),
            };
            match judged {
                Ok(()) if taken.contains(alias) => {}
                Ok(()) => taken.push(alias.clone()),
                Err(why) => refused.push((alias.clone(), why)),
            }
        }
        if self.of(at) != taken {
            self.put(at, taken.clone());
            self.write(at);
        }
        (taken, refused)
    }

    fn judge(&self, at: &At, alias: &Alias, taken: usize) -> Result<(), AliasRefusal> {
        if is_reserved(alias) {
            return Err(AliasRefusal::Reserved);
        }
        if self.lead.get(alias) != Some(at) && self.is_meant_elsewhere(at, alias) {
            return Err(AliasRefusal::Taken);
        }
        match taken < limits::ALIASES {
            true => Ok(()),
            false => Err(AliasRefusal::Full),
        }
    }

    /// Whether a path that asks for another place, however it is escaped, would ask for this text too, or the other way
    /// round: then one place could have what is meant for the other.
    fn is_meant_elsewhere(&self, at: &At, alias: &Alias) -> bool {
        let mut readings = Alias::readings(alias.as_str());
        let mut others = self.lead.iter().filter(|(_, of)| *of != at);
        readings.any(|reading| self.lead.get(&reading).is_some_and(|of| of != at))
            || others.any(|(other, _)| alias.matches(other.as_str()))
    }

    /// A place has texts that are meant for something else now: they ask for it no more.
    pub(crate) fn drop(&mut self, is_meant_elsewhere: impl Fn(&Alias, &At) -> bool) {
        let gone = self
            .lead
            .iter()
            .filter(|(alias, at)| is_meant_elsewhere(alias, at));
        let places: BTreeSet<At> = gone.map(|(_, at)| at.clone()).collect();
        for at in places {
            let left = self
                .of(&at)
                .iter()
                .filter(|alias| !is_meant_elsewhere(alias, &at));
            let left = left.cloned().collect();
            self.put(&at, left);
            self.write(&at);
        }
    }

    /// The place is nobody's any more.
    pub(crate) fn forget(&mut self, at: &At) {
        if self.of.contains_key(at) {
            self.put(at, Vec::new());
            self.write(at);
        }
    }

    /// The place for which a segment of a path asks, and the text that does.
    pub(crate) fn find(&self, segment: &str) -> Option<(Alias, &At)> {
        Alias::readings(segment).find_map(|alias| {
            let at = self.lead.get(&alias)?;
            Some((alias, at))
        })
    }

    fn put(&mut self, at: &At, aliases: Vec<Alias>) {
        for former in self.of.remove(at).unwrap_or_default() {
            self.lead.remove(&former);
        }
        for alias in &aliases {
            self.lead.insert(alias.clone(), at.clone());
        }
        if !aliases.is_empty() {
            self.of.insert(at.clone(), aliases);
        }
    }

    fn write(&mut self, at: &At) {
        let now = line(at, self.of(at));
        let of = &self.of;
        let all = || of.iter().map(|(at, aliases)| line(at, aliases));
        self.register.note(&now, || all().collect());
    }
}

fn line((site, label): &At, aliases: &[Alias]) -> Line {
    Line {
        site: *site,
        label: label.clone(),
        aliases: aliases.to_vec(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// Nothing is meant for something else.
    fn free(_: &Alias) -> Option<AliasRefusal> {
        None
    }

    #[test]
    fn a_text_asks_for_the_place_that_said_it_first_also_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("aliases.jsonl");
        let at = |site: u8, label: &str| {
            (
                SiteId::from_bytes([site; 32]),
                Some(label.parse::<Label>().unwrap()),
            )
        };
        let alias = |text: &str| text.parse::<Alias>().unwrap();
        let (desk, hall) = (at(1, "desk"), at(2, "hall"));
        let mut aliases = Aliases::open(path.clone()).unwrap();
        let said = ["expp1@abc.com", "expp1.abc.com", "pipe", "expp1%abc.com"].map(alias);
        let (taken, refused) = aliases.set(&desk, &said, free);
        assert_eq!(taken, said[..2]);
        assert_eq!(refused, [(alias("pipe"), AliasRefusal::Reserved)]);
        let (taken, refused) = aliases.set(&hall, &said[..1], free);
        assert_eq!(taken, []);
        assert_eq!(refused, [(said[0].clone(), AliasRefusal::Taken)]);
        // Nor what a program would say that escapes it.
        let escaped = ["expp1%40abc.com", "expp1%25abc.com", "EXPP1%2Eabc.com"].map(alias);
        for escaped in &escaped {
            let (taken, refused) = aliases.set(&hall, std::slice::from_ref(escaped), free);
            assert_eq!((taken.len(), refused[0].1), (0, AliasRefusal::Taken));
        }
        // What is said again is not written again.
        aliases.set(&desk, &said, free);
        let lines = std::fs::read_to_string(&path).unwrap();
        assert_eq!(lines.lines().count(), 1, "{lines}");
        let aliases = Aliases::open(path.clone()).unwrap();
        for segment in [
            "expp1%abc.com",
            "EXPP1@abc.com",
            "expp1%25abc.com",
            "expp1.abc.com",
        ] {
            assert_eq!(aliases.find(segment).unwrap().1, &desk, "{segment}");
        }
        assert_eq!(aliases.find("expp2%abc.com"), None);
        let mut aliases = aliases;
        let many: Vec<Alias> = (0..40).map(|n| alias(&format!("a{n}.b"))).collect();
        let (taken, refused) = aliases.set(&desk, &many, free);
        assert_eq!(
            (taken.len(), refused.len()),
            (limits::ALIASES, limits::ALIASES)
        );
        assert_eq!(refused[0].1, AliasRefusal::Full);
        // The former ones are free.
        assert_eq!(aliases.set(&hall, &said[..1], free).0, said[..1]);
        // The other way round: who has the escaped text first keeps others from being led there.
        let (first, second) = (alias("a%40b.org"), alias("a@b.org"));
        aliases.set(&desk, &[alias("a1.b"), first], free);
        let (taken, refused) = aliases.set(&hall, &[said[0].clone(), second], free);
        assert_eq!((taken.len(), refused[0].1), (1, AliasRefusal::Taken));
        aliases.forget(&desk);
        let aliases = Aliases::open(path).unwrap();
        assert_eq!(aliases.find("a1.b"), None);
        assert_eq!(aliases.find("expp1@abc.com").unwrap().1, &hall);
    }
}
