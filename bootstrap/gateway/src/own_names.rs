//! Names of sites' own domains: which lead to which place, for as long as the site lists them and DNS shows that their
//! owners agree.
//!
//! [`Names`] decides and knows no DNS; [`keep`] asks what it wants to know.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;
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
/// Names that are looked up at once.
const AT_ONCE: usize = 8;

/// Names that doors want, and those of them that lead to places.
#[derive(Default)]
pub(crate) struct Names {
    wanted: BTreeMap<(At, HostName), Wanted>,
    lead: NameOwners,
    /// The names that each site's admin has listed, by the newest state that the gateway has of it.
    listed: HashMap<SiteId, OwnNames>,
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

    /// Names that are to be looked up now; they are due again when [`Names::judged`] says so.
    pub(crate) fn due(&mut self, now: Timestamp) -> Vec<(At, HostName)> {
        let all = self.wanted.iter_mut();
        let mut due: Vec<_> = all.filter(|(_, wanted)| wanted.due <= now).collect();
        // Who has waited longest is first.
        due.sort_by_key(|(_, wanted)| wanted.due);
        due.truncate(AT_ONCE);
        let looked = due.into_iter().map(|(key, wanted)| {
            (wanted.looked, wanted.due) = (now, now + REFUSED);
            key.clone()
        });
        looked.collect()
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
    loop {
        ticks.tick().await;
        let due = places.names_due(clock::steady());
        if due.is_empty() {
            continue;
        }
        // Where the gateway is found by others is where names must lead.
        let gateway = dns.addresses(domain.host_name().as_str()).await;
        let gateway = Arc::new(gateway);
        let mut looking = JoinSet::new();
        for (at, name) in due {
            if !places.is_listed(at.0, &name) {
                let unlisted = Heard::Refused(NameRefusal::Unlisted);
                places.judged(&at, &name, unlisted, clock::steady());
                continue;
            }
            let (dns, gateway) = (dns.clone(), Arc::clone(&gateway));
            looking.spawn(async move {
                let judged = judge(&dns, &name, &at, &gateway).await;
                (at, name, judged)
            });
        }
        while let Some(looked) = looking.join_next().await {
            if let Ok((at, name, judged)) = looked {
                places.judged(&at, &name, judged, clock::steady());
            }
        }
    }
}

async fn judge(
    dns: &Dns,
    name: &HostName,
    at: &At,
    gateway: &Result<BTreeSet<IpAddr>, DnsError>,
) -> Heard {
    let answers = async {
        let proof = proof_name(name);
        let (addresses, texts) = tokio::join!(dns.addresses(name.as_str()), dns.texts(&proof));
        let answers = Answers {
            addresses: addresses?,
            texts: texts?,
        };
        Ok::<_, DnsError>(answers)
    };
    let answers = answers.await;
    match (&answers, gateway) {
        (Ok(answers), Ok(gateway)) => answers.judge(at.0, gateway),
        (Err(error), _) | (_, Err(error)) => {
            tracing::info!(%name, %error, "a name could not be looked up");
            Heard::Silent(NameRefusal::NoAnswer)
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use papermesh_protocol::gateway::contract::Gateways;

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
        assert_eq!(names.due(NOW), [(at(1), name())]);
        assert!(names.due(NOW).is_empty(), "it is being looked up");
        // Who has not had it yet is told at once that nothing is said of it.
        let nothing = Heard::Silent(NameRefusal::NoProof);
        assert!(names.judged(&at(1), &name(), nothing, NOW));
        assert!(!names.judged(&at(1), &name(), NO_PROOF, NOW));
        assert!(!names.due(NOW + REFUSED).is_empty());
        assert!(names.judged(&at(1), &name(), Heard::Agreed, NOW));
        assert_eq!(names.find(&name()), Some(&at(1)));
        assert_eq!(names.leading_to(&at(1)), [name()]);
        assert!(names.due(NOW + DAILY / 2).is_empty());
        assert!(!names.due(NOW + DAILY).is_empty());
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
        assert!(names.due(NOW).contains(&(at(1), name())));
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
        assert!(names.due(NOW).is_empty());
        // As soon as it is listed, it is looked up.
        names.listed(at(1).0, list(), NOW);
        assert_eq!(names.due(NOW), [(at(1), name())]);
        assert!(names.judged(&at(1), &name(), Heard::Agreed, NOW));
        assert_eq!(names.find(&name()), Some(&at(1)));
        names.listed(at(1).0, OwnNames::default(), NOW);
        assert_eq!(names.due(NOW), [(at(1), name())]);
        assert!(names.judged(&at(1), &name(), Heard::Agreed, NOW));
        assert_eq!(names.find(&name()), None);
    }
}
