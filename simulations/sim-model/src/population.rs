//! Who the nodes are: of which group, at which site, how far from each other, and who of them lies.

use std::sync::Arc;

use papermesh_sim_scenario::Scenario;
use papermesh_sim_scenario::file::{Churn, Role};
use papermesh_sim_scenario::units::Between;

use crate::chance::{Chance, Purpose, philox};
use crate::queue::Time;
use crate::ring::{Node, Ring};

/// Nodes that are alike, at one site.
#[derive(Clone, Debug)]
pub struct Group {
    /// What they are.
    pub role: Role,
    /// When they are there.
    pub churn: Churn,
    site: u16,
}

/// All nodes.
#[derive(Debug)]
pub struct Population {
    /// Their keys.
    pub ring: Arc<Ring>,
    /// What all chance follows from.
    pub seed: u64,
    groups: Vec<Group>,
    /// The group of each node; empty where there is one group only.
    group_of: Vec<u16>,
    within: Vec<Between>,
    between: Between,
    liars: f64,
}

impl Population {
    /// The nodes of a scenario. Who is of which group does not follow from the keys.
    pub fn new(scenario: &Scenario, ring: Ring) -> Self {
        let mut groups = Vec::new();
        let mut counts = Vec::new();
        for (site, of) in scenario.site.iter().enumerate() {
            for group in &of.nodes {
                groups.push(Group {
                    role: group.role,
                    churn: group.churn,
                    site: site as u16,
                });
                counts.push(group.count);
            }
        }
        let mut group_of = Vec::new();
        if groups.len() > 1 {
            for (number, &count) in counts.iter().enumerate() {
                group_of.extend(std::iter::repeat_n(number as u16, count as usize));
            }
            group_of.resize(ring.nodes() as usize, 0);
            // Fisher and Yates.
            let mut chance = Chance::new(scenario.seed, 0, Purpose::Groups);
            for place in (1..group_of.len()).rev() {
                group_of.swap(place, chance.below(place as u32 + 1) as usize);
            }
        }
        Self {
            ring: Arc::new(ring),
            seed: scenario.seed,
            groups,
            group_of,
            within: scenario.site.iter().map(|site| site.latency).collect(),
            between: scenario.network.between_sites,
            liars: scenario.sybil.share,
        }
    }

    /// How many nodes.
    pub fn nodes(&self) -> u32 {
        self.ring.nodes()
    }

    /// The group of a node.
    pub fn group(&self, node: Node) -> &Group {
        let number = self.group_of.get(node as usize).map_or(0, |&group| group);
        &self.groups[usize::from(number).min(self.groups.len() - 1)]
    }

    /// All nodes of a role, in order.
    pub fn of_role(&self, role: Role) -> Vec<Node> {
        (0..self.nodes())
            .filter(|&node| self.group(node).role == role)
            .collect()
    }

    /// The least time that any message takes.
    pub fn shortest(&self) -> Time {
        let mut shortest = u64::MAX;
        for within in &self.within {
            shortest = shortest.min(within.least.nanos());
        }
        if self.within.len() > 1 {
            shortest = shortest.min(self.between.least.nanos());
        }
        shortest.max(1)
    }

    /// The least time from one node to another, in nanoseconds; the same both ways.
    pub fn distance(&self, one: Node, other: Node) -> Time {
        let between = if self.within.len() == 1 {
            self.within[0]
        } else {
            let (site, other_site) = (self.group(one).site, self.group(other).site);
            if site == other_site {
                self.within[usize::from(site)]
            } else {
                self.between
            }
        };
        let (least, most) = (between.least.nanos(), between.most.nanos());
        if least == most {
            return least;
        }
        let seed = [self.seed as u32, (self.seed >> 32) as u32];
        let words = philox(
            seed,
            [0, Purpose::Distance as u32, one.min(other), one.max(other)],
        );
        let word = u64::from(words[0]) << 32 | u64::from(words[1]);
        least + ((u128::from(word) * u128::from(most - least + 1)) >> 64) as Time
    }

    /// Whether a node lies.
    pub fn lies(&self, node: Node) -> bool {
        self.liars > 0.0
            && Chance::new(self.seed, u64::from(node), Purpose::Fault).fraction() < self.liars
    }

    /// Bytes that this takes.
    pub fn bytes(&self) -> usize {
        self.ring.bytes() + self.group_of.capacity() * size_of::<u16>()
    }
}
