//! What users do, and when.

use papermesh_sim_scenario::file::{Role, Workload};
use rand_distr::{Distribution, Exp1, LogNormal};
use sha2::{Digest, Sha256};

use crate::chance::{Chance, Purpose};
use crate::churn::DAY;
use crate::engine::Setup;
use crate::protocol::Ask;
use crate::queue::Time;
use crate::ring::{Key, Node};

/// When people print: from eight to six, weekdays.
const OPENS: Time = 8 * DAY / 24;
const OPEN: Time = 10 * DAY / 24;

/// A look-up of the workload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lookup {
    /// When, the warm-up included.
    pub time: Time,
    /// Who.
    pub node: Node,
    /// What: keys of the product are hashes, and this is what is hashed.
    pub name: [u8; 8],
    /// The key.
    pub target: Key,
}

/// The key of a name: the first 64 bits of its SHA-256, as Kademlia of libp2p has it.
pub fn key_of(name: &[u8]) -> Key {
    let mut first = [0; 8];
    first.copy_from_slice(&Sha256::digest(name)[..8]);
    Key::from_be_bytes(first)
}

/// The look-ups of a scenario. Engine `swarm` does the very same ones.
pub fn lookups(setup: &Setup) -> impl Iterator<Item = Lookup> {
    let total = match setup.scenario.workload {
        Workload::Lookups { total } => total,
        _ => 0,
    };
    let (seed, nodes) = (setup.population.seed, setup.population.nodes());
    // The last ones end before the measured time does, else the longest would be left out.
    let length = setup.end - setup.warm_up;
    let length = length
        .saturating_sub(setup.scenario.kademlia.query_timeout.nanos())
        .max(length / 2);
    let start = setup.warm_up;
    (0..total).map(move |number| {
        let mut chance = Chance::new(seed, u64::from(number), Purpose::Lookups);
        let name = chance.long().to_be_bytes();
        let share = (f64::from(number) + 0.5) / f64::from(total);
        Lookup {
            time: start + (length as f64 * share) as Time,
            node: chance.below(nodes),
            target: key_of(&name),
            name,
        }
    })
}

/// When the first job of a node comes; never, if nobody prints there.
pub(crate) fn first(setup: &Setup, node: Node) -> Option<Time> {
    match setup.scenario.workload {
        Workload::OfficePrint {
            jobs_per_user_day, ..
        } if jobs_per_user_day > 0.0 => (setup.population.group(node).role == Role::Client)
            .then(|| after(setup, node, 0, jobs_per_user_day)),
        _ => None,
    }
}

/// A user prints: what is asked for now and later, and when the next job comes.
pub(crate) fn at(
    setup: &Setup,
    printers: &[Node],
    node: Node,
    now: Time,
    mut ask: impl FnMut(Time, Node, Ask),
) -> Option<Time> {
    let Workload::OfficePrint {
        jobs_per_user_day,
        release_after,
        release_sigma,
        never_released,
    } = setup.scenario.workload
    else {
        return None;
    };
    let mut chance = stream(setup, node, now).at(64);
    // What is asked now happens in the next window at the earliest: windows do not look back.
    let soon = setup.population.shortest();
    ask(now + soon, node, Ask::Submit);
    if chance.fraction() >= never_released && !printers.is_empty() {
        let printer = printers[chance.below(printers.len() as u32) as usize];
        let median = (release_after.nanos() as f64).max(1.0);
        let wait = LogNormal::new(median.ln(), release_sigma)
            .map_or(median, |waits| waits.sample(&mut chance))
            .min(30.0 * DAY as f64);
        // Nobody is at the printer before the advert can be.
        ask(
            now + soon + (wait as Time).max(5_000_000_000),
            printer,
            Ask::Release(node),
        );
    }
    Some(after(setup, node, now, jobs_per_user_day))
}

/// The numbers of a user at a time.
fn stream(setup: &Setup, node: Node, now: Time) -> Chance {
    let of = u64::from(node) | (now / 1_000_000 + 1) << 32;
    Chance::new(setup.population.seed, of, Purpose::Work)
}

/// The next job: an exponential time in working hours later.
fn after(setup: &Setup, node: Node, now: Time, jobs_a_day: f64) -> Time {
    let wait: f64 = Exp1.sample(&mut stream(setup, node, now));
    let begins = setup.scenario.time.begins.at.nanos();
    let mut left = (wait / jobs_a_day * OPEN as f64) as Time;
    let mut clock = begins + now + 1_000_000;
    loop {
        let day = clock / DAY;
        let (opens, closes) = (day * DAY + OPENS, day * DAY + OPENS + OPEN);
        if day % 7 >= 5 || clock >= closes {
            clock = (day + 1) * DAY;
            continue;
        }
        clock = clock.max(opens);
        if clock + left < closes {
            return clock + left - begins;
        }
        left -= closes - clock;
        clock = closes;
    }
}
