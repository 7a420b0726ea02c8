//! Whole runs: what they may not depend on, and what they have to find.
#![allow(clippy::unwrap_used)]

use papermesh_sim_model::engine::{Setup, Simulation};
use papermesh_sim_model::kademlia::Kademlia;
use papermesh_sim_model::population::Population;
use papermesh_sim_model::ring::Ring;
use papermesh_sim_model::{Options, run};
use papermesh_sim_results::{Kind, Outcome};
use papermesh_sim_scenario::Scenario;
use papermesh_sim_scenario::file::{Protocol, Tables, Workload};

/// 300 nodes at two sites, of which the clients come and go, jobs, jitter, losses, liars.
const EVERYTHING: &str = r#"
    engine = "model"
    [time]
    begins = "08:00"
    warm_up = "5 min"
    length = "40 min"
    [[site]]
    name = "a"
    latency = "1 ms .. 3 ms"
    nodes = [
      { role = "client", count = 220, churn = { kind = "exponential", up = "20 min", down = "5 min" } },
      { role = "printer", count = 30 },
    ]
    [[site]]
    name = "b"
    latency = "1 ms .. 3 ms"
    nodes = [{ role = "printer", count = 50 }]
    [network]
    jitter = "500 us"
    loss = 0.01
    [sybil]
    share = 0.05
    [workload]
    kind = "office-print"
    jobs_per_user_day = 20.0
    release_after = "3 min"
    release_sigma = 1.0
    never_released = 0.1
"#;

const LOOKUPS: &str = r#"
    engine = "model"
    [time]
    warm_up = "1 s"
    length = "20 s"
    [[site]]
    name = "a"
    latency = "1 ms .. 21 ms"
    nodes = [{ role = "client", count = 1500 }]
    [kademlia]
    refresh = "0 s"
    [workload]
    kind = "lookups"
    total = 200
"#;

const OUTAGE: &str = r#"
    engine = "model"
    protocol = "gateway"
    [time]
    warm_up = "2 min"
    length = "8 min"
    [[site]]
    name = "a"
    latency = "5 ms .. 80 ms"
    nodes = [{ role = "door", count = 500 }]
    [gateway]
    handshakes = 50
    waiting = 100
    [[faults]]
    what = "gateway-off"
    at = "1 min"
    lasts = "2 min"
"#;

fn read(text: &str) -> Scenario {
    Scenario::read(text).unwrap()
}

fn outcome(scenario: &Scenario, threads: usize) -> Outcome {
    let options = Options {
        threads,
        ..Options::default()
    };
    let mut outcome = run(scenario, &options).unwrap();
    // How much room lists have is no result.
    outcome.totals.remove("bytes.counted");
    outcome
}

#[test]
fn shards_and_threads_change_nothing() {
    let mut chord = read(LOOKUPS);
    chord.protocol = Protocol::Chord;
    for mut scenario in [read(EVERYTHING), read(LOOKUPS), chord, read(OUTAGE)] {
        let mut outcomes = Vec::new();
        for (shards, threads) in [(1, 1), (2, 1), (2, 2), (4, 3)] {
            scenario.model.shards = shards;
            outcomes.push(outcome(&scenario, threads));
        }
        assert!(outcomes[0].events > 1000);
        for other in &outcomes[1..] {
            assert_eq!(outcomes[0].trace, other.trace);
            assert_eq!(&outcomes[0], other);
        }
    }
}

#[test]
fn a_run_goes_on_from_its_checkpoint_as_if_nothing_had_been() {
    for text in [EVERYTHING, OUTAGE] {
        let scenario = read(text);
        let whole = outcome(&scenario, 1);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("checkpoint");
        let options = Options {
            threads: 1,
            checkpoint: Some(path.clone()),
            checkpoint_every: 101_000_000_000,
        };
        let mut cut = run(&scenario, &options).unwrap();
        cut.totals.remove("bytes.counted");
        assert_eq!(cut, whole);
        assert!(!path.exists());
    }
}

#[test]
fn a_checkpoint_is_taken_up_by_whoever_knows_nothing_else() {
    let begin = || {
        let scenario = read(EVERYTHING);
        let ring = Ring::random(scenario.seed, 300);
        let population = Population::new(&scenario, ring);
        let setup = Setup::new(scenario, population);
        Simulation::new(Kademlia::new(&setup), setup)
    };
    let mut whole = begin();
    whole.run(500_000_000_000, 1);
    let checkpoint = whole.save().unwrap();
    whole.run(900_000_000_000, 1);
    let mut later = begin();
    later.restore(&checkpoint).unwrap();
    later.run(900_000_000_000, 2);
    assert_eq!(whole.trace(), later.trace());
    assert_eq!(whole.results(), later.results());
    assert!(later.restore(&checkpoint[..checkpoint.len() / 2]).is_err());
}

#[test]
fn every_look_up_finds_all_that_are_nearest() {
    for tables in [Tables::Explicit, Tables::Implicit] {
        let mut scenario = read(LOOKUPS);
        scenario.model.tables = tables;
        let outcome = outcome(&scenario, 1);
        assert_eq!(outcome.samples.len(), 200);
        assert!(
            outcome
                .samples
                .iter()
                .all(|sample| sample.ok && sample.found == 1.0)
        );
        let requests: u32 = outcome.samples.iter().map(|sample| sample.requests).sum();
        assert!((20..120).contains(&(requests / 200)), "{requests}");
    }
}

#[test]
fn chord_finds_who_is_responsible_in_logarithmic_steps() {
    let mut scenario = read(LOOKUPS);
    scenario.protocol = Protocol::Chord;
    let outcome = outcome(&scenario, 1);
    assert_eq!(outcome.samples.len(), 200);
    assert!(outcome.samples.iter().all(|sample| sample.ok));
    // Half of log2(1500), and one for the last step.
    let mean = outcome
        .samples
        .iter()
        .map(|sample| f64::from(sample.requests))
        .sum::<f64>()
        / 200.0;
    assert!((4.0..8.0).contains(&mean), "{mean}");
}

#[test]
fn jobs_of_an_office_without_faults_are_found() {
    let mut scenario = read(EVERYTHING);
    scenario.sybil.share = 0.0;
    scenario.network.loss = 0.0;
    scenario.site[0].nodes[0].churn = papermesh_sim_scenario::file::Churn::None;
    let outcome = outcome(&scenario, 1);
    let of = |kind| {
        outcome
            .samples
            .iter()
            .filter(move |sample| sample.kind == kind)
    };
    assert!(of(Kind::Publish).count() > 50 && of(Kind::Release).count() > 20);
    assert!(of(Kind::Publish).all(|sample| sample.found == 1.0));
    assert!(of(Kind::Release).all(|sample| sample.ok));
}

#[test]
fn all_doors_come_back() {
    let outcome = outcome(&read(OUTAGE), 1);
    let last = outcome
        .series
        .iter()
        .rev()
        .find(|point| point.metric == "gateway.pipes")
        .unwrap();
    assert_eq!(last.value, 499.0);
    let gone = outcome
        .series
        .iter()
        .filter(|point| point.metric == "gateway.pipes")
        .map(|point| point.value);
    assert_eq!(gone.fold(f64::INFINITY, f64::min), 0.0);
}

#[test]
fn no_workload_no_samples() {
    let mut scenario = read(LOOKUPS);
    scenario.workload = Workload::None;
    assert!(outcome(&scenario, 1).samples.is_empty());
}

/// Changes when a protocol, a distribution or the order of events changes: then say so in the changelog, since results
/// of earlier versions are not those of this one.
#[test]
fn traces_are_those_of_this_version() {
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/everything.trace");
    let golden = std::fs::read_to_string(golden).unwrap();
    assert_eq!(outcome(&read(EVERYTHING), 1).trace, golden.trim());
}
