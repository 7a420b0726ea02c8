//! Names of sites' own domains: which lead to which place, for as long as the site lists them and DNS shows that their
//! owners agree.
//!
//! [`Names`] decides and knows no DNS; [`keep`] asks what it wants to know.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use papermesh_dns::{Dns, DnsError};
use papermesh_protocol::gateway::name::{Domain, HostName};
use papermesh_protocol::gateway::own_name::{Answers, Heard, NameRefusal, OwnNames, proof_name};
use papermesh_protocol::id::SiteId;
use papermesh_protocol::time::Timestamp;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

use crate::clock;
use crate::name_owners::NameOwners;
use crate::owners::At;
use crate::places::Places;

/// How often a name is looked up that leads to a place,
const DAILY: Duration = Duration::from_secs(24 * 60 * 60);
/// how soon again if DNS did not answer,
const UNANSWERED: Duration = Duration::from_secs(60 * 60);
/// how long it leads there without an answer,
const PATIENCE: Duration = Duration::from_secs(3 * 24 * 60 * 60);
/// and how soon a name is looked up again that leads nowhere.
const REFUSED: Duration = Duration::from_secs(10 * 60);
/// The least time between two looks that somebody asks for.
const SPACING: Duration = Duration::from_secs(5);
/// How often it is seen which are due.
const TICK: Duration = Duration::from_secs(1);
/// Names that are looked up at once,
const AT_ONCE: usize = 32;
/// and of them those of one site: DNS that is silent for one delays no other.
const OF_SITE: usize = 2;

/// Names that doors want, and those of them that lead to places.
#[derive(Default)]
pub(crate) struct Names {
    wanted: BTreeMap<(At, HostName), Wanted>,
    lead: NameOwners,
    /// The names that each site's admin has listed, by the newest state that the gateway has of it.
    listed: HashMap<SiteId, OwnNames>,
}

/// How many names of each site are being looked up.
#[derive(Default)]
pub(crate) struct Looking(HashMap<SiteId, usize>);

impl Looking {
    /// Begins another look, if there is room.
    fn begin(&mut self, site: SiteId) -> bool {
        let all: usize = self.0.values().sum();
        let of_site = self.0.get(&site).copied().unwrap_or_default();
        let has_room = all < AT_ONCE && of_site < OF_SITE;
        if has_room {
            self.0.insert(site, of_site + 1);
        }
        has_room
    }

    /// A look is over.
    fn end(&mut self, site: SiteId) {
        if let Some(of_site) = self.0.get_mut(&site) {
            *of_site -= 1;
            if *of_site == 0 {
                self.0.remove(&site);
            }
        }
    }
}

/// What is to be done now.
#[derive(Default)]
pub(crate) struct Due {
    /// Names that no admin has listed: nobody is asked about them.
    pub(crate) unlisted: Vec<(At, HostName)>,
    /// Names that are to be looked up; they were begun.
    pub(crate) listed: Vec<(At, HostName)>,
}

/// A name that a door wants, or had when the gateway ended.
struct Wanted {
    due: Timestamp,
    looked: Timestamp,
    /// When its owner last agreed.
    agreed: Option<Timestamp>,
    refused: Option<NameRefusal>,
    /// Whether a door has asked for it since the gateway began.
    is_asked: bool,
}

impl Names {
    /// Names that led to places when the gateway ended do so now: they are looked up, and nobody else gets them before.
    pub(crate) fn kept(lead: NameOwners, now: Timestamp) -> Self {
        let of = |(name, at): (&HostName, &At)| {
            let wanted = Wanted {
                due: now,
                looked: Timestamp::default(),
                agreed: Some(now),
                refused: None,
                is_asked: false,
            };
            ((at.clone(), name.clone()), wanted)
        };
        Self {
            wanted: lead.iter().map(of).collect(),
            lead,
            listed: HashMap::new(),
        }
    }

    /// A place has these names from now on, if their owners agree, and no others.
    pub(crate) fn want(&mut self, at: &At, names: &[HostName], now: Timestamp) {
        let gone: Vec<(At, HostName)> = self
            .of(at)
            .filter(|(name, _)| !names.contains(name))
            .map(|(name, _)| (at.clone(), name.clone()))
            .collect();
        for key in gone {
            self.drop(&key);
        }
        for name in names {
            let wanted = self.wanted.entry((at.clone(), name.clone()));
            let wanted = wanted.or_insert(Wanted {
                due: now,
                looked: Timestamp::default(),
                agreed: None,
                refused: None,
                is_asked: true,
            });
            wanted.is_asked = true;
            // Whoever asks again has perhaps set the lines; who asks without end is looked up no oftener for that.
            if wanted.agreed.is_none() {
                wanted.due = wanted.due.min(now.max(wanted.looked + SPACING));
            }
        }
    }

    /// A site's admin has listed these names and no others. What its doors want of them is looked up at once.
    pub(crate) fn listed(&mut self, site: SiteId, names: OwnNames, now: Timestamp) {
        for ((_, name), wanted) in self.wanted.iter_mut().filter(|(key, _)| key.0.0 == site) {
            let was = self
                .listed
                .get(&site)
                .is_some_and(|listed| listed.has(name));
            if was != names.has(name) {
                wanted.due = wanted.due.min(now);
            }
        }
        self.listed.insert(site, names);
    }

    /// Whether a site's admin has listed a name.
    pub(crate) fn is_listed(&self, site: SiteId, name: &HostName) -> bool {
        self.listed.get(&site).is_some_and(|names| names.has(name))
    }

    fn drop(&mut self, key: &(At, HostName)) {
        self.wanted.remove(key);
        if self.lead.of(&key.1) == Some(&key.0) {
            self.lead.take(&key.1);
        }
    }

    fn of(&self, at: &At) -> impl Iterator<Item = (&HostName, &Wanted)> {
        let all = self.wanted.iter();
        all.filter(move |((of, _), _)| of == at)
            .map(|((_, name), wanted)| (name, wanted))
    }

    /// The place that a name leads to.
    pub(crate) fn find(&self, name: &HostName) -> Option<&At> {
        self.lead.of(name)
    }

    /// The names that lead to a place.
    pub(crate) fn leading_to(&self, at: &At) -> Vec<HostName> {
        let all = self.of(at).map(|(name, _)| name);
        all.filter(|name| self.lead.of(name) == Some(at))
            .cloned()
            .collect()
    }

    /// Names that are to be looked up now and for which there is room; they are due again when [`Names::judged`] says so.
    pub(crate) fn due(&mut self, now: Timestamp, looking: &mut Looking) -> Due {
        let all = self.wanted.iter_mut();
        let mut waiting: Vec<_> = all.filter(|(_, wanted)| wanted.due <= now).collect();
        // Who has waited longest is first.
        waiting.sort_by_key(|(_, wanted)| wanted.due);
        let mut due = Due::default();
        for (key, wanted) in waiting {
            let (site, name) = (key.0.0, &key.1);
            let list = match self.listed.get(&site).is_some_and(|names| names.has(name)) {
                false => &mut due.unlisted,
                true if looking.begin(site) => &mut due.listed,
                true => continue,
            };
            (wanted.looked, wanted.due) = (now, now + REFUSED);
            list.push(key.clone());
        }
        due
    }

    /// A name was looked up: whether anything is other than before, for its door to be told.
    pub(crate) fn judged(
        &mut self,
        at: &At,
        name: &HostName,
        heard: Heard,
        now: Timestamp,
    ) -> bool {
        let is_anothers = self.lead.of(name).is_some_and(|of| of != at);
        let is_listed = self.is_listed(at.0, name);
        let key = (at.clone(), name.clone());
        let Some(wanted) = self.wanted.get_mut(&key) else {
            return false;
        };
        let judged = match heard {
            _ if !is_listed => Err(NameRefusal::Unlisted),
            Heard::Agreed if is_anothers => Err(NameRefusal::Taken),
            // Zones have bad days, and DNS may be away; what was agreed is not taken back by that alone.
            Heard::Silent(_) if wanted.agreed.is_some_and(|at| at + PATIENCE > now) => {
                wanted.due = now + UNANSWERED;
                return false;
            }
            heard => heard.judged(),
        };
        let before = (wanted.agreed.is_some(), wanted.refused);
        let (agreed, due) = match judged {
            Ok(()) => (Some(now), now + DAILY),
            Err(_) => (None, now + REFUSED),
        };
        (wanted.agreed, wanted.refused, wanted.due) = (agreed, judged.err(), due);
        let is_asked = wanted.is_asked;
        match judged {
            Ok(()) => self.lead.give(name, at),
            Err(_) if !is_asked => self.drop(&key),
            Err(_) if !is_anothers => self.lead.take(name),
            Err(_) => {}
        }
        before != (agreed.is_some(), judged.err())
    }
}

/// Looks names up when they are due, for as long as it is let run.
pub(crate) async fn keep(places: Arc<Places>, dns: Dns, domain: Domain) {
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut looks, mut sites, mut looking) = (JoinSet::new(), HashMap::new(), Looking::default());
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            Some(looked) = looks.join_next_with_id() => {
                let (id, looked) = match looked {
                    Ok((id, looked)) => (id, Some(looked)),
                    Err(error) => (error.id(), None),
                };
                if let Some(site) = sites.remove(&id) {
                    looking.end(site);
                }
                if let Some((at, name, heard)) = looked {
                    places.judged(&at, &name, heard, clock::steady());
                }
            }
        }
        let due = places.names_due(clock::steady(), &mut looking);
        for (at, name) in due.unlisted {
            let unlisted = Heard::Refused(NameRefusal::Unlisted);
            places.judged(&at, &name, unlisted, clock::steady());
        }
        for (at, name) in due.listed {
            let (site, dns, domain) = (at.0, dns.clone(), domain.clone());
            let look = looks.spawn(async move {
                let heard = look(&dns, &name, (site, &domain)).await;
                (at, name, heard)
            });
            sites.insert(look.id(), site);
        }
    }
}

async fn look(dns: &Dns, name: &HostName, (site, domain): (SiteId, &Domain)) -> Heard {
    let proof = proof_name(name);
    let (addresses, texts, gateway) = tokio::join!(
        dns.addresses(name.as_str()),
        dns.texts(&proof),
        // Where the gateway is found by others is where names must lead.
        dns.addresses(domain.host_name().as_str())
    );
    let judged = || {
        let answers = Answers {
            addresses: addresses?,
            texts: texts?,
        };
        Ok::<_, DnsError>(answers.judge(site, &gateway?))
    };
    judged().unwrap_or_else(|error| {
        tracing::info!(%name, %error, "a name could not be looked up");
        Heard::Silent(NameRefusal::NoAnswer)
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use papermesh_protocol::gateway::contract::Gateways;
    use papermesh_protocol::limits;

    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);
    const NO_PROOF: Heard = Heard::Refused(NameRefusal::NoProof);

    fn at(site: u8) -> At {
        (
            SiteId::from_bytes([site; 32]),
            Some("desk".parse().unwrap()),
        )
    }

    fn name() -> HostName {
        "print.acme.example".parse().unwrap()
    }

    fn list() -> OwnNames {
        let gateways = Gateways::default();
        OwnNames::default().with(name(), &gateways).unwrap()
    }

    /// What is looked up when nothing else is.
    fn due(names: &mut Names, now: Timestamp) -> Vec<(At, HostName)> {
        names.due(now, &mut Looking::default()).listed
    }

    fn unlisted(names: &mut Names, now: Timestamp) -> Vec<(At, HostName)> {
        names.due(now, &mut Looking::default()).unlisted
    }

    /// Both sites have listed the name.
    fn listed(lead: NameOwners) -> Names {
        let mut names = Names::kept(lead, NOW);
        for site in [1, 2] {
            names.listed(at(site).0, list(), NOW);
        }
        names
    }

    #[test]
    fn a_name_leads_to_a_place_for_as_long_as_its_owner_agrees() {
        let mut names = listed(NameOwners::default());
        names.want(&at(1), &[name()], NOW);
        assert_eq!(names.find(&name()), None);
        assert_eq!(due(&mut names, NOW), [(at(1), name())]);
        assert!(due(&mut names, NOW).is_empty(), "it is being looked up");
        // Who has not had it yet is told at once that nothing is said of it.
        let nothing = Heard::Silent(NameRefusal::NoProof);
        assert!(names.judged(&at(1), &name(), nothing, NOW));
        assert!(!names.judged(&at(1), &name(), NO_PROOF, NOW));
        assert!(!due(&mut names, NOW + REFUSED).is_empty());
        assert!(names.judged(&at(1), &name(), Heard::Agreed, NOW));
        assert_eq!(names.find(&name()), Some(&at(1)));
        assert_eq!(names.leading_to(&at(1)), [name()]);
        assert!(due(&mut names, NOW + DAILY / 2).is_empty());
        assert!(!due(&mut names, NOW + DAILY).is_empty());
        // Silence for some days is no answer; then it is.
        for silent in [
            NameRefusal::NoAnswer,
            NameRefusal::Elsewhere,
            NameRefusal::NoProof,
        ] {
            names.judged(&at(1), &name(), Heard::Agreed, NOW);
            let silence = |names: &mut Names, days| {
                names.judged(&at(1), &name(), Heard::Silent(silent), NOW + DAILY * days)
            };
            assert!(!silence(&mut names, 2));
            assert_eq!(names.find(&name()), Some(&at(1)));
            assert!(silence(&mut names, 3));
            assert_eq!(names.find(&name()), None);
        }
        // What says otherwise counts at once.
        names.judged(&at(1), &name(), Heard::Agreed, NOW);
        assert!(names.judged(&at(1), &name(), NO_PROOF, NOW));
        assert_eq!(names.find(&name()), None);
    }

    #[test]
    fn what_two_want_is_the_firsts_until_that_one_loses_it() {
        let mut names = listed(NameOwners::default());
        for site in [1, 2] {
            names.want(&at(site), &[name()], NOW);
        }
        assert!(names.judged(&at(1), &name(), Heard::Agreed, NOW));
        assert!(names.judged(&at(2), &name(), Heard::Agreed, NOW));
        assert_eq!(names.find(&name()), Some(&at(1)));
        // A refusal of the other takes nothing from the first.
        assert!(names.judged(&at(2), &name(), NO_PROOF, NOW));
        assert_eq!(names.find(&name()), Some(&at(1)));
        names.want(&at(1), &[], NOW);
        assert_eq!(names.find(&name()), None);
        assert!(names.judged(&at(2), &name(), Heard::Agreed, NOW));
        assert_eq!(names.find(&name()), Some(&at(2)));
    }

    #[test]
    fn who_has_a_name_has_it_after_the_gateway_began_again() {
        let folder = tempfile::tempdir().unwrap();
        let open = || NameOwners::open(folder.path().join("names.jsonl")).unwrap();
        let mut names = listed(open());
        names.want(&at(1), &[name()], NOW);
        names.judged(&at(1), &name(), Heard::Agreed, NOW);
        // Another comes first, and DNS speaks for both.
        let mut names = listed(open());
        assert_eq!(names.find(&name()), Some(&at(1)));
        names.want(&at(2), &[name()], NOW);
        assert!(names.judged(&at(2), &name(), Heard::Agreed, NOW));
        assert_eq!(names.find(&name()), Some(&at(1)));
        // It is looked up although its door is away, and lost when its owner says otherwise.
        assert!(due(&mut names, NOW).contains(&(at(1), name())));
        names.judged(&at(1), &name(), NO_PROOF, NOW);
        assert_eq!(names.find(&name()), None);
        assert!(names.of(&at(1)).next().is_none(), "nobody asks for it");
        assert_eq!(Names::kept(open(), NOW).find(&name()), None);
    }

    #[test]
    fn a_name_that_the_admin_has_not_listed_leads_nowhere() {
        let mut names = Names::default();
        names.want(&at(1), &[name()], NOW);
        assert!(names.judged(&at(1), &name(), Heard::Agreed, NOW));
        assert_eq!(names.find(&name()), None);
        assert!(unlisted(&mut names, NOW).is_empty());
        // As soon as it is listed, it is looked up.
        names.listed(at(1).0, list(), NOW);
        assert_eq!(due(&mut names, NOW), [(at(1), name())]);
        assert!(names.judged(&at(1), &name(), Heard::Agreed, NOW));
        assert_eq!(names.find(&name()), Some(&at(1)));
        names.listed(at(1).0, OwnNames::default(), NOW);
        assert_eq!(unlisted(&mut names, NOW), [(at(1), name())]);
        assert!(names.judged(&at(1), &name(), Heard::Agreed, NOW));
        assert_eq!(names.find(&name()), None);
    }

    #[test]
    fn who_waits_for_silent_dns_delays_no_other_site() {
        let (mut names, mut looking) = (Names::default(), Looking::default());
        let many: Vec<HostName> = (0..limits::OWN_NAMES_OF_SITE)
            .map(|number| format!("print{number}.acme.example").parse().unwrap())
            .collect();
        let gateways = Gateways::default();
        let list = |all: &[HostName]| {
            let add = |list: OwnNames, name: &HostName| list.with(name.clone(), &gateways);
            all.iter().try_fold(OwnNames::default(), add).unwrap()
        };
        names.listed(at(0).0, list(&many), NOW);
        names.want(&at(0), &many, NOW);
        assert_eq!(names.due(NOW, &mut looking).listed.len(), OF_SITE);
        // Another site's name is looked up at once, however many of the first wait.
        let later = NOW + TICK;
        names.listed(at(1).0, list(&[name()]), later);
        names.want(&at(1), &[name()], later);
        assert_eq!(names.due(later, &mut looking).listed, [(at(1), name())]);
        // As many as there is room for, of whatever sites.
        for site in 2..100 {
            names.listed(at(site).0, list(&[name()]), later);
            names.want(&at(site), &[name()], later);
        }
        let begun = names.due(later, &mut looking).listed.len();
        assert_eq!(OF_SITE + 1 + begun, AT_ONCE);
        assert!(names.due(later, &mut looking).listed.is_empty());
        // The first that is through makes room for whoever has waited longest.
        looking.end(at(0).0);
        let next = names.due(later, &mut looking).listed;
        assert_eq!(next.len(), 1);
        assert_eq!(next[0].0, at(0));
    }
}
