//! The types of a scenario file, with their defaults. What a comment here says, editors show by the JSON schema.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::units::{Between, Span, TimeOfDay};

/// A simulation: what there is, what happens, what is measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// What the report is headed with.
    #[serde(default)]
    pub title: String,
    /// Which engine runs it.
    pub engine: Engine,
    /// What all chance follows from.
    #[serde(default = "one")]
    pub seed: u64,
    /// Runs with other seeds, from `seed` upwards. Figures have confidence intervals with three or more.
    #[serde(default = "one")]
    pub replicas: u64,
    /// What the nodes speak with each other.
    #[serde(default)]
    pub protocol: Protocol,
    /// How long.
    #[serde(default)]
    pub time: Time,
    /// Who is where.
    pub site: Vec<Site>,
    /// How messages travel.
    #[serde(default)]
    pub network: Network,
    /// The distributed hash table, as the product has it.
    #[serde(default)]
    pub kademlia: Kademlia,
    /// The pipes of doors to a gateway.
    #[serde(default)]
    pub gateway: Gateway,
    /// What users do.
    #[serde(default)]
    pub workload: Workload,
    /// What goes wrong.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<Fault>,
    /// Nodes that lie.
    #[serde(default)]
    pub sybil: Sybil,
    /// What is written down, and how often.
    #[serde(default)]
    pub measure: Measure,
    /// How engine `model` works.
    #[serde(default)]
    pub model: Model,
    /// How engine `swarm` works.
    #[serde(default)]
    pub swarm: Swarm,
    /// Values to try: a path such as `kademlia.replication` and a list. Several make all combinations.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(with = "BTreeMap<String, Vec<serde_json::Value>>")]
    pub sweep: BTreeMap<String, Vec<toml::Value>>,
}

fn one() -> u64 {
    1
}

/// What runs a scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Engine {
    /// Nodes as numbers: up to ten million.
    Model,
    /// Unmodified libp2p nodes: up to ten thousand.
    Swarm,
}

impl Engine {
    /// Its name in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::Swarm => "swarm",
        }
    }
}

/// What nodes speak with each other. `swarm` speaks Kademlia only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Protocol {
    /// The product's Kademlia and its directory of adverts.
    #[default]
    Kademlia,
    /// Chord (Stoica et al. 2001): the example of an own protocol.
    Chord,
    /// Doors that keep pipes to a gateway.
    Gateway,
}

/// How long, from when.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Time {
    /// Not measured: until the network is as it is.
    pub warm_up: Span,
    /// Measured.
    pub length: Span,
    /// The time of day at the beginning, which is a Monday.
    pub begins: TimeOfDay,
}

impl Default for Time {
    fn default() -> Self {
        Self {
            warm_up: Span::seconds(60),
            length: Span::seconds(600),
            begins: TimeOfDay {
                at: Span::seconds(6 * 3600),
                spread: Span::default(),
            },
        }
    }
}

/// A place with its nodes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Site {
    /// Its name in results.
    pub name: String,
    /// One way between two of its nodes; each pair has its own time.
    #[serde(default = "lan")]
    pub latency: Between,
    /// Its nodes.
    pub nodes: Vec<Group>,
}

fn lan() -> Between {
    Between {
        least: Span(std::time::Duration::from_micros(200)),
        most: Span::millis(1),
    }
}

/// Nodes that are alike.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// What they are.
    pub role: Role,
    /// How many.
    pub count: u32,
    /// When they are there.
    #[serde(default)]
    pub churn: Churn,
}

/// What a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// A user's own computer: it submits and holds.
    Client,
    /// A computer that holds for others.
    Shared,
    /// It releases.
    Printer,
    /// Whom others find first.
    Bootstrap,
    /// A way in from outside: it keeps pipes to the gateway.
    Door,
}

/// When nodes are there. Lengths of one node's sessions are drawn anew each time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Churn {
    /// Always.
    #[default]
    None,
    /// Sessions of a Weibull distribution, which fits desktops (Brevik, Nurmi, Wolski 2005).
    Weibull {
        /// Below 1: many short sessions and a few very long ones.
        shape: f64,
        /// The scale of sessions.
        scale: Span,
        /// The mean of absences, which are exponential.
        down: Span,
    },
    /// Sessions without memory.
    Exponential {
        /// Mean session.
        up: Span,
        /// Mean absence.
        down: Span,
    },
    /// Sessions with a heavy tail (Stutzbach and Rejaie 2006 measured such).
    Pareto {
        /// Above 1, so that there is a mean.
        shape: f64,
        /// The shortest session.
        least: Span,
        /// Mean absence.
        down: Span,
    },
    /// Laptops of an office: there on weekdays, asleep now and then, gone at night.
    Office {
        /// When their people come.
        arrive: TimeOfDay,
        /// When they leave.
        leave: TimeOfDay,
        /// How long a lid is open, in the mean.
        awake: Span,
        /// How long it is closed during the day, in the mean.
        asleep: Span,
    },
}

/// How messages travel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Network {
    /// One way between nodes of different sites; each pair has its own time.
    pub between_sites: Between,
    /// The most that a message is late beyond that, evenly spread.
    pub jitter: Span,
    /// The share of messages that are lost and sent again by TCP.
    pub loss: f64,
    /// Round trips until a dialer may send: TCP, Noise, certificates.
    pub handshake_round_trips: u32,
    /// How long an unused connection is kept.
    pub idle: Span,
}

impl Default for Network {
    fn default() -> Self {
        Self {
            between_sites: Between {
                least: Span::millis(5),
                most: Span::millis(20),
            },
            jitter: Span::default(),
            loss: 0.0,
            handshake_round_trips: 3,
            idle: Span::seconds(30 * 60),
        }
    }
}

/// Kademlia. The defaults are the product's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Kademlia {
    /// Nodes that store a record (k).
    pub replication: u32,
    /// Nodes that are asked at once (α).
    pub parallelism: u32,
    /// How long one node may take to answer.
    pub request_timeout: Span,
    /// How long a look-up may take.
    pub query_timeout: Span,
    /// How often a node looks up itself and refreshes its buckets; 0 for never.
    pub refresh: Span,
    /// Whether engine `model` dials the oldest contact of a full bucket when a stranger connects, as libp2p does.
    pub probe: bool,
    /// How often a holder puts its advert again.
    pub advert_refresh: Span,
    /// How long an advert is believed.
    pub advert_lifetime: Span,
    /// Bytes of an advert.
    pub advert_bytes: u32,
}

impl Default for Kademlia {
    fn default() -> Self {
        Self {
            replication: 20,
            parallelism: 8,
            request_timeout: Span::seconds(5),
            query_timeout: Span::seconds(10),
            refresh: Span::seconds(5 * 60),
            probe: false,
            advert_refresh: Span::seconds(30 * 60),
            advert_lifetime: Span::seconds(2 * 60 * 60),
            advert_bytes: 700,
        }
    }
}

/// Pipes of doors to a gateway, and how doors come back. The defaults are the product's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Gateway {
    /// The first pause before a door tries again; each further one is twice as long.
    pub first_pause: Span,
    /// The longest pause.
    pub longest_pause: Span,
    /// Whether a pause is drawn from nothing to its length, so that doors do not come all at once.
    pub spread: bool,
    /// Handshakes a second that the gateway can do.
    pub handshakes: u32,
    /// How many may wait before it turns doors away.
    pub waiting: u32,
    /// How long a handshake may take until a door gives up.
    pub patience: Span,
    /// How often a door shows that its pipe is alive.
    pub keepalive: Span,
}

impl Default for Gateway {
    fn default() -> Self {
        Self {
            first_pause: Span::seconds(1),
            longest_pause: Span::seconds(5 * 60),
            spread: true,
            handshakes: 2_000,
            waiting: 4_000,
            patience: Span::seconds(30),
            keepalive: Span::seconds(15),
        }
    }
}

/// What users do.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Workload {
    /// Nothing.
    #[default]
    None,
    /// Nodes look up keys, both drawn evenly.
    Lookups {
        /// So many, at even distances: from the warm-up to one query time-out before the end.
        total: u32,
    },
    /// Users submit at their computers and release at printers, on weekdays.
    OfficePrint {
        /// Jobs of a user on a weekday, in the mean. No public trace says how many: vary it.
        jobs_per_user_day: f64,
        /// From submission to release: the median of a log-normal distribution.
        release_after: Span,
        /// The sigma of that distribution's logarithm.
        release_sigma: f64,
        /// The share of jobs that nobody ever releases.
        never_released: f64,
    },
}

/// Something that goes wrong at a time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// When, after the warm-up.
    pub at: Span,
    /// What.
    pub what: What,
    /// The share of the nodes it concerns, drawn evenly.
    #[serde(default = "all")]
    pub share: f64,
    /// How long.
    pub lasts: Span,
}

fn all() -> f64 {
    1.0
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// Nodes are off, and nobody is told.
    Off,
    /// The gateway is off.
    GatewayOff,
}

/// Nodes that answer with each other only, and drop what they are to store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Sybil {
    /// Their share among all nodes, drawn evenly.
    pub share: f64,
}

/// What is written down.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Measure {
    /// How often series have a point.
    pub every: Span,
}

impl Default for Measure {
    fn default() -> Self {
        Self {
            every: Span::seconds(60),
        }
    }
}

/// Where routing tables are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Tables {
    /// In memory: contacts come and go. Some 1.4 KiB a node at ten million.
    #[default]
    Explicit,
    /// Nowhere: a function of the seed and of who there is. For tables that nothing changes.
    Implicit,
}

/// How engine `model` works.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Model {
    /// Where routing tables are.
    pub tables: Tables,
    /// Into how many parts the nodes are cut. Results do not depend on it.
    pub shards: u32,
    /// Connections that a node remembers; the oldest is forgotten first.
    pub connections: u32,
}

impl Default for Model {
    fn default() -> Self {
        Self {
            tables: Tables::default(),
            shards: 2,
            connections: 16,
        }
    }
}

/// How engine `swarm` works.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Swarm {
    /// How nodes begin to know each other.
    pub start: Start,
}

impl Default for Swarm {
    fn default() -> Self {
        Self { start: Start::Warm }
    }
}

/// How nodes begin to know each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Start {
    /// Their tables are filled as the model fills them.
    Warm,
    /// They join one after the other by asking a node that is there.
    Join,
}
