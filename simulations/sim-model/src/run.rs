//! From a scenario to its outcome.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use papermesh_sim_results::Outcome;
use papermesh_sim_scenario::Scenario;
use papermesh_sim_scenario::file::{Churn, Protocol as Spoken, Tables, Workload};

use crate::chord::Chord;
use crate::engine::{CheckpointError, Setup, Simulation};
use crate::gateway::Gateway;
use crate::kademlia::Kademlia;
use crate::measure::{Count, Counts};
use crate::population::Population;
use crate::protocol::Protocol;
use crate::queue::Time;
use crate::ring::Ring;

/// How a scenario is run. None of it changes the outcome.
#[derive(Clone, Debug)]
pub struct Options {
    /// Threads; more than shards are of no use.
    pub threads: usize,
    /// Where a checkpoint is kept: written now and then, and taken up if it is there.
    pub checkpoint: Option<PathBuf>,
    /// Virtual time between two checkpoints.
    pub checkpoint_every: Time,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            threads: 1,
            checkpoint: None,
            checkpoint_every: 600_000_000_000,
        }
    }
}

/// Why a run ended without an outcome.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// A checkpoint could not be written or read.
    #[error("{0}: {1}")]
    Disk(PathBuf, #[source] io::Error),
    /// A checkpoint could not be taken up.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
}

/// Runs a scenario.
///
/// # Errors
///
/// A checkpoint is not what it should be.
pub fn run(scenario: &Scenario, options: &Options) -> Result<Outcome, RunError> {
    let nodes = u32::try_from(scenario.nodes()).unwrap_or(u32::MAX);
    run_on(scenario, Ring::random(scenario.seed, nodes), options)
}

/// Runs a scenario with these keys.
///
/// # Errors
///
/// As [`run`].
pub fn run_on(scenario: &Scenario, ring: Ring, options: &Options) -> Result<Outcome, RunError> {
    let population = Population::new(scenario, ring);
    let setup = Setup::new(scenario.clone(), population);
    match scenario.protocol {
        Spoken::Kademlia => simulate(Kademlia::new(&setup), setup, options),
        Spoken::Chord => simulate(Chord::new(&setup), setup, options),
        Spoken::Gateway => simulate(Gateway::new(&setup), setup, options),
    }
}

fn simulate<P: Protocol>(
    protocol: P,
    setup: Setup,
    options: &Options,
) -> Result<Outcome, RunError> {
    let (warm_up, end) = (setup.warm_up, setup.end);
    let mut simulation = Simulation::new(protocol, setup);
    let mut state = State {
        now: 0,
        warm: Counts::default(),
    };
    if let Some(path) = options.checkpoint.as_deref().filter(|path| path.exists()) {
        state = load(&mut simulation, path)?;
    }
    while state.now < end {
        let mut next = end;
        if state.now < warm_up {
            next = warm_up;
        }
        if options.checkpoint.is_some() {
            next = next.min(state.now + options.checkpoint_every.max(1));
        }
        simulation.run(next, options.threads);
        state.now = next;
        if next == warm_up {
            state.warm = simulation.counts();
        }
        if let Some(path) = options.checkpoint.as_deref().filter(|_| next < end) {
            save(&simulation, &state, path)?;
        }
    }
    let counts = simulation.counts();
    let trace = simulation.trace();
    let (samples, series) = simulation.results();
    let mut outcome = Outcome {
        samples,
        series,
        trace: trace.to_string(),
        events: trace.events,
        ..Outcome::default()
    };
    for count in Count::ALL {
        let before = if count.is_level() {
            0
        } else {
            state.warm.0[count as usize]
        };
        let value = counts.0[count as usize] - before;
        outcome.totals.insert(count.name(), value as f64);
    }
    outcome
        .totals
        .insert("bytes.counted", simulation.bytes() as f64);
    outcome.sort();
    if let Some(path) = &options.checkpoint {
        // The run has its results; what remains would begin another one at its end.
        let _ = fs::remove_file(path);
    }
    Ok(outcome)
}

#[derive(serde::Serialize, serde::Deserialize)]
struct State {
    now: Time,
    warm: Counts,
}

fn save<P: Protocol>(
    simulation: &Simulation<P>,
    state: &State,
    path: &Path,
) -> Result<(), RunError> {
    let mut bytes = postcard::to_stdvec(state).map_err(CheckpointError::from)?;
    bytes.extend(simulation.save()?);
    // Whole or not at all.
    let part = path.with_extension("part");
    fs::write(&part, bytes).map_err(|error| RunError::Disk(part.clone(), error))?;
    fs::rename(&part, path).map_err(|error| RunError::Disk(path.to_owned(), error))
}

fn load<P: Protocol>(simulation: &mut Simulation<P>, path: &Path) -> Result<State, RunError> {
    let bytes = fs::read(path).map_err(|error| RunError::Disk(path.to_owned(), error))?;
    let (state, rest) = postcard::take_from_bytes(&bytes).map_err(CheckpointError::from)?;
    simulation.restore(rest)?;
    Ok(state)
}

/// What a run will take.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// Bytes of memory.
    pub bytes: f64,
    /// Events.
    pub events: f64,
    /// Seconds of one processor.
    pub seconds: f64,
}

/// What a scenario will take, before it runs: bytes from the lists that it will have, events from what its nodes do, time
/// from events by a rate that was measured.
pub fn estimate(scenario: &Scenario) -> Estimate {
    let nodes = scenario.nodes() as f64;
    let total = (scenario.time.warm_up.0 + scenario.time.length.0).as_secs_f64();
    let log = nodes.max(2.0).log2();
    let kademlia = &scenario.kademlia;
    // A node, whoever it is: key, index, group, counts of the engine.
    let mut bytes = 8.0 + 2.0 + 2.0 + 8.0;
    let mut events = 0.0;
    // Requests of a look-up: measured between 10^3 and 10^7 nodes at k = 20.
    let requests = (f64::from(kademlia.replication) * 1.3 + 1.9 * log).min(nodes);
    match scenario.protocol {
        Spoken::Kademlia => {
            let far = (log - 15.0).max(0.0).ceil();
            if scenario.model.tables == Tables::Explicit {
                bytes += (log.floor() + 2.0) * 41.0 + far * 40.0;
            }
            bytes += 8.0 * f64::from(scenario.model.connections) + 2.0 + 9.0;
            let refresh = kademlia.refresh.0.as_secs_f64();
            if refresh > 0.0 {
                bytes += 24.0;
                events += nodes * total / refresh * (2.0 * 2.0 * requests + 1.0);
            }
            events += match scenario.workload {
                Workload::None => 0.0,
                Workload::Lookups { total } => f64::from(total) * 2.0 * requests,
                // A publication, its repetitions for as long as it runs, a release.
                Workload::OfficePrint {
                    jobs_per_user_day, ..
                } => {
                    let jobs = nodes * jobs_per_user_day * (total / 86_400.0).max(0.1);
                    let again = nodes * total / kademlia.advert_refresh.0.as_secs_f64().max(1.0);
                    (2.0 * jobs + again) * 2.0 * requests
                }
            };
        }
        Spoken::Chord => {
            if let Workload::Lookups { total } = scenario.workload {
                events += f64::from(total) * (log + 2.0) * 1.5;
            }
        }
        Spoken::Gateway => {
            bytes += 100.0;
            events += nodes * total / scenario.gateway.keepalive.0.as_secs_f64().max(1.0) * 3.0;
        }
    }
    for group in scenario.site.iter().flat_map(|site| &site.nodes) {
        if group.churn != Churn::None {
            bytes += 24.0;
        }
    }
    // Caches miss more with more nodes.
    let rate = if nodes < 1e5 {
        600_000.0
    } else if nodes < 2e6 {
        350_000.0
    } else {
        220_000.0
    };
    let building = nodes * log * 0.4e-6;
    Estimate {
        bytes: bytes * nodes * 1.05 + 30e6,
        events,
        seconds: events / rate + building,
    }
}
