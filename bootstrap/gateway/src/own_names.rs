//! Names of sites' own domains: which lead to which place, for as long as DNS shows that their owners agree.
//!
//! [`Names`] decides and knows no DNS; [`keep`] asks what it wants to know.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use papermesh_dns::{Dns, DnsError};
use papermesh_protocol::gateway::name::{Domain, HostName};
use papermesh_protocol::gateway::own_name::{Answers, NameRefusal, proof_name};
use papermesh_protocol::time::Timestamp;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

use crate::clock;
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
    lead: HashMap<HostName, At>,
}

/// A name that a door wants.
struct Wanted {
    due: Timestamp,
    looked: Timestamp,
    /// When its owner last agreed.
    agreed: Option<Timestamp>,
    refused: Option<NameRefusal>,
}

impl Names {
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
            });
            // Whoever asks again has perhaps set the lines; who asks without end is looked up no oftener for that.
            if wanted.agreed.is_none() {
                wanted.due = wanted.due.min(now.max(wanted.looked + SPACING));
            }
        }
    }

    fn drop(&mut self, key: &(At, HostName)) {
        self.wanted.remove(key);
        if self.lead.get(&key.1) == Some(&key.0) {
            self.lead.remove(&key.1);
        }
    }

    fn of(&self, at: &At) -> impl Iterator<Item = (&HostName, &Wanted)> {
        let all = self.wanted.iter();
        all.filter(move |((of, _), _)| of == at)
            .map(|((_, name), wanted)| (name, wanted))
    }

    /// The place that a name leads to.
    pub(crate) fn find(&self, name: &HostName) -> Option<&At> {
        self.lead.get(name)
    }

    /// The names that lead to a place.
    pub(crate) fn leading_to(&self, at: &At) -> Vec<HostName> {
        let all = self.of(at).map(|(name, _)| name);
        all.filter(|name| self.lead.get(*name) == Some(at))
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
        judged: Result<(), NameRefusal>,
        now: Timestamp,
    ) -> bool {
        let led = self.lead.get(name).cloned();
        let is_anothers = led.as_ref().is_some_and(|of| of != at);
        let Some(wanted) = self.wanted.get_mut(&(at.clone(), name.clone())) else {
            return false;
        };
        let judged = match judged {
            Ok(()) if is_anothers => Err(NameRefusal::Taken),
            // DNS may be away for days; what was agreed is not taken back by that alone.
            Err(NameRefusal::NoAnswer) if wanted.agreed.is_some_and(|at| at + PATIENCE > now) => {
                wanted.due = now + UNANSWERED;
                return false;
            }
            judged => judged,
        };
        let before = (wanted.agreed.is_some(), wanted.refused);
        match judged {
            Ok(()) => {
                (wanted.agreed, wanted.refused, wanted.due) = (Some(now), None, now + DAILY);
                self.lead.insert(name.clone(), at.clone());
                before != (true, None)
            }
            Err(why) => {
                (wanted.agreed, wanted.refused, wanted.due) = (None, Some(why), now + REFUSED);
                if !is_anothers {
                    self.lead.remove(name);
                }
                before != (false, Some(why))
            }
        }
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
) -> Result<(), NameRefusal> {
    let unanswered = |error: &DnsError| {
        tracing::info!(%name, %error, "a name could not be looked up");
        NameRefusal::NoAnswer
    };
    let gateway = gateway.as_ref().map_err(unanswered)?;
    let proof = proof_name(name);
    let (addresses, texts) = tokio::join!(dns.addresses(name.as_str()), dns.texts(&proof));
    let answers = Answers {
        addresses: addresses.map_err(|error| unanswered(&error))?,
        texts: texts.map_err(|error| unanswered(&error))?,
    };
    answers.judge(at.0, gateway)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use papermesh_protocol::id::SiteId;

    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

    fn at(site: u8) -> At {
        (
            SiteId::from_bytes([site; 32]),
            Some("desk".parse().unwrap()),
        )
    }

    fn name() -> HostName {
        "print.acme.example".parse().unwrap()
    }

    #[test]
    fn a_name_leads_to_a_place_for_as_long_as_its_owner_agrees() {
        let mut names = Names::default();
        names.want(&at(1), &[name()], NOW);
        assert_eq!(names.find(&name()), None);
        assert_eq!(names.due(NOW), [(at(1), name())]);
        assert!(names.due(NOW).is_empty(), "it is being looked up");
        assert!(names.judged(&at(1), &name(), Err(NameRefusal::NoProof), NOW));
        assert!(!names.judged(&at(1), &name(), Err(NameRefusal::NoProof), NOW));
        assert!(!names.due(NOW + REFUSED).is_empty());
        assert!(names.judged(&at(1), &name(), Ok(()), NOW));
        assert_eq!(names.find(&name()), Some(&at(1)));
        assert_eq!(names.leading_to(&at(1)), [name()]);
        assert!(names.due(NOW + DAILY / 2).is_empty());
        assert!(!names.due(NOW + DAILY).is_empty());
        // Silence for some days is no answer; then it is.
        let silence = |names: &mut Names, days| {
            names.judged(
                &at(1),
                &name(),
                Err(NameRefusal::NoAnswer),
                NOW + DAILY * days,
            )
        };
        assert!(!silence(&mut names, 2));
        assert_eq!(names.find(&name()), Some(&at(1)));
        assert!(silence(&mut names, 3));
        assert_eq!(names.find(&name()), None);
    }

    #[test]
    fn what_two_want_is_the_firsts_until_that_one_loses_it() {
        let mut names = Names::default();
        for site in [1, 2] {
            names.want(&at(site), &[name()], NOW);
        }
        assert!(names.judged(&at(1), &name(), Ok(()), NOW));
        assert!(names.judged(&at(2), &name(), Ok(()), NOW));
        assert_eq!(names.find(&name()), Some(&at(1)));
        // A refusal of the other takes nothing from the first.
        assert!(names.judged(&at(2), &name(), Err(NameRefusal::NoProof), NOW));
        assert_eq!(names.find(&name()), Some(&at(1)));
        names.want(&at(1), &[], NOW);
        assert_eq!(names.find(&name()), None);
        assert!(names.judged(&at(2), &name(), Ok(()), NOW));
        assert_eq!(names.find(&name()), Some(&at(2)));
    }
}
