//! What the types do not say: values that make no sense together.

use crate::Scenario;
use crate::file::{Churn, Engine, Protocol, Tables, Workload};
use crate::units::Span;

/// The most nodes that engine `model` takes: numbers of nodes have 32 bits, a few of which are kept.
pub const MODEL_NODES: u64 = 1 << 28;
/// The most nodes that engine `swarm` takes: addresses are in `10.0.0.0/8`.
pub const SWARM_NODES: u64 = 1 << 16;

/// Everything that is wrong, each with its path in the file.
pub(crate) fn check(scenario: &Scenario) -> Vec<(String, String)> {
    let mut wrong = Vec::new();
    let mut say = |right: bool, path: &str, message: &str| {
        if !right {
            wrong.push((path.to_owned(), message.to_owned()));
        }
    };
    say(
        !scenario.site.is_empty(),
        "site",
        "there has to be a site: add [[site]]",
    );
    say(
        scenario.replicas >= 1,
        "replicas",
        "at least one run is needed",
    );
    say(
        scenario.time.length > Span::default(),
        "time.length",
        "nothing is measured in no time",
    );
    say(
        scenario.measure.every > Span::default(),
        "measure.every",
        "points of a series need a distance",
    );
    for (s, site) in scenario.site.iter().enumerate() {
        say(
            !site.nodes.is_empty(),
            &format!("site.{s}.nodes"),
            "a site has nodes",
        );
        say(
            site.latency.least > Span::default(),
            &format!("site.{s}.latency"),
            "no message travels in no time",
        );
        for (g, group) in site.nodes.iter().enumerate() {
            let path = format!("site.{s}.nodes.{g}");
            say(
                group.count > 0,
                &format!("{path}.count"),
                "a group has at least one node",
            );
            for (field, message) in churn(&group.churn) {
                say(false, &format!("{path}.churn.{field}"), message);
            }
        }
    }
    let network = &scenario.network;
    say(
        network.between_sites.least > Span::default(),
        "network.between_sites",
        "no message travels in no time",
    );
    say(
        (0.0..1.0).contains(&network.loss),
        "network.loss",
        "the share of lost messages is from 0 to below 1",
    );
    let handshakes = "a handshake takes from 1 to 16 round trips";
    say(
        (1..=16).contains(&network.handshake_round_trips),
        "network.handshake_round_trips",
        handshakes,
    );
    let kademlia = &scenario.kademlia;
    say(
        (1..=20).contains(&kademlia.replication),
        "kademlia.replication",
        "k is from 1 to 20",
    );
    say(
        (1..=64).contains(&kademlia.parallelism),
        "kademlia.parallelism",
        "α is from 1 to 64",
    );
    say(
        kademlia.request_timeout > Span::default(),
        "kademlia.request_timeout",
        "nobody answers in no time",
    );
    say(
        scenario.gateway.handshakes > 0,
        "gateway.handshakes",
        "a gateway does at least one a second",
    );
    match &scenario.workload {
        Workload::None => {}
        Workload::Lookups { total } => say(*total > 0, "workload.total", "at least one look-up"),
        Workload::OfficePrint {
            jobs_per_user_day,
            release_sigma,
            never_released,
            ..
        } => {
            say(
                (0.0..=1000.0).contains(jobs_per_user_day),
                "workload.jobs_per_user_day",
                "from 0 to 1000 jobs",
            );
            say(
                (0.0..=5.0).contains(release_sigma),
                "workload.release_sigma",
                "sigma is from 0 to 5",
            );
            say(
                (0.0..=1.0).contains(never_released),
                "workload.never_released",
                "a share is from 0 to 1",
            );
        }
    }
    for (f, fault) in scenario.faults.iter().enumerate() {
        say(
            (0.0..=1.0).contains(&fault.share),
            &format!("faults.{f}.share"),
            "a share is from 0 to 1",
        );
    }
    say(
        (0.0..1.0).contains(&scenario.sybil.share),
        "sybil.share",
        "the share of liars is from 0 to below 1",
    );
    say(
        (1..=64).contains(&scenario.model.shards),
        "model.shards",
        "nodes are cut into 1 to 64 shards",
    );
    say(
        (1..=1024).contains(&scenario.model.connections),
        "model.connections",
        "a node remembers 1 to 1024",
    );
    let churning = scenario
        .site
        .iter()
        .flat_map(|site| &site.nodes)
        .any(|group| group.churn != Churn::None);
    say(
        scenario.model.tables == Tables::Explicit || !churning,
        "model.tables",
        "implicit tables do not change, so no node may come and go: say \"explicit\"",
    );
    let nodes = scenario.nodes();
    match scenario.engine {
        Engine::Model => say(
            nodes <= MODEL_NODES,
            "site",
            "engine model takes up to 2^28 nodes",
        ),
        Engine::Swarm => {
            say(
                nodes <= SWARM_NODES,
                "site",
                "engine swarm takes up to 65,536 nodes: say engine = \"model\"",
            );
            say(
                scenario.protocol == Protocol::Kademlia,
                "protocol",
                "engine swarm speaks Kademlia only",
            );
            say(
                scenario.sybil.share == 0.0,
                "sybil.share",
                "nodes of engine swarm do not lie: say engine = \"model\"",
            );
            let office = matches!(scenario.workload, Workload::OfficePrint { .. });
            say(
                !office,
                "workload.kind",
                "engine swarm does look-ups only: say engine = \"model\"",
            );
        }
    }
    wrong
}

fn churn(churn: &Churn) -> Vec<(&'static str, &'static str)> {
    let mut wrong = Vec::new();
    let positive = |span: Span| span > Span::default();
    match churn {
        Churn::None => {}
        Churn::Weibull { shape, scale, down } => {
            if !(0.05..=20.0).contains(shape) {
                wrong.push((
                    "shape",
                    "the shape of a Weibull distribution is from 0.05 to 20",
                ));
            }
            if !positive(*scale) {
                wrong.push(("scale", "sessions have a length"));
            }
            if !positive(*down) {
                wrong.push(("down", "absences have a length"));
            }
        }
        Churn::Exponential { up, down } => {
            if !positive(*up) {
                wrong.push(("up", "sessions have a length"));
            }
            if !positive(*down) {
                wrong.push(("down", "absences have a length"));
            }
        }
        Churn::Pareto { shape, least, down } => {
            if !(1.01..=20.0).contains(shape) {
                wrong.push(("shape", "the shape of a Pareto distribution is from 1.01 to 20, so that there is a mean"));
            }
            if !positive(*least) {
                wrong.push(("least", "sessions have a length"));
            }
            if !positive(*down) {
                wrong.push(("down", "absences have a length"));
            }
        }
        Churn::Office {
            arrive,
            leave,
            awake,
            asleep,
        } => {
            if leave.at <= arrive.at {
                wrong.push(("leave", "people leave after they came"));
            }
            if !positive(*awake) {
                wrong.push(("awake", "a lid is open for some time"));
            }
            if !positive(*asleep) {
                wrong.push(("asleep", "a lid is closed for some time"));
            }
        }
    }
    wrong
}
