//! `plan`: what each run will take, before any runs.

use std::path::Path;
use std::process::ExitCode;

use anyhow::Result;
use papermesh_sim_model::estimate;
use papermesh_sim_scenario::file::{Engine, Workload};

use crate::source;

/// A real node and its connections, in bytes, and the processor's seconds of one look-up among real nodes: measured, see
/// the table in `simulations/README.md`.
const SWARM_NODE: f64 = 900e3;
const SWARM_LOOKUP: f64 = 0.03;

pub(crate) fn plan(file: &Path, out: &Path) -> Result<ExitCode> {
    let (mut most, mut hours) = (0.0_f64, 0.0);
    for (number, run) in source::runs(file)?.iter().enumerate() {
        let (bytes, seconds) = match run.scenario.engine {
            Engine::Model => {
                let estimate = estimate(&run.scenario);
                (estimate.bytes, estimate.seconds)
            }
            Engine::Swarm => {
                let nodes = run.scenario.nodes() as f64;
                let lookups = match run.scenario.workload {
                    Workload::Lookups { total } => f64::from(total),
                    _ => 0.0,
                };
                let total =
                    (run.scenario.time.warm_up.0 + run.scenario.time.length.0).as_secs_f64();
                let refresh = run.scenario.kademlia.refresh.0.as_secs_f64();
                let own = if refresh > 0.0 {
                    nodes * total / refresh * nodes.log2()
                } else {
                    0.0
                };
                (nodes * SWARM_NODE + 50e6, (lookups + own) * SWARM_LOOKUP)
            }
        };
        most = most.max(bytes);
        hours += seconds / 3600.0;
        println!(
            "papermesh-sim one {} --run {number} --out {} # {}, {}",
            file.display(),
            out.display(),
            memory(bytes),
            duration(seconds)
        );
    }
    eprintln!(
        "at the most {} at once; {} of one processor in all",
        memory(most),
        duration(hours * 3600.0)
    );
    Ok(ExitCode::SUCCESS)
}

fn memory(bytes: f64) -> String {
    match bytes {
        bytes if bytes < 1e9 => format!("{:.0} MB", bytes / 1e6),
        bytes => format!("{:.1} GB", bytes / 1e9),
    }
}

fn duration(seconds: f64) -> String {
    match seconds {
        seconds if seconds < 120.0 => format!("{seconds:.0} s"),
        seconds if seconds < 7200.0 => format!("{:.0} min", seconds / 60.0),
        seconds => format!("{:.1} h", seconds / 3600.0),
    }
}
