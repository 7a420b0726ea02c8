//! `one`: a single simulation, in this process.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, Result};
use papermesh_sim_model as model;
use papermesh_sim_results::run::sha256;
use papermesh_sim_results::{Files, Machine, Manifest, Outcome};
use papermesh_sim_scenario::Scenario;
use papermesh_sim_scenario::file::Engine;
use papermesh_sim_swarm as swarm;
use rustix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};

use crate::{cli, source};

#[derive(clap::Args, Clone, Debug)]
pub(crate) struct Args {
    /// The scenario file.
    pub(crate) file: PathBuf,
    /// Which of its runs, from 0.
    #[arg(long, default_value_t = 0)]
    pub(crate) run: usize,
    /// Where results go; without it none are written.
    #[arg(long)]
    pub(crate) out: Option<PathBuf>,
    /// Which engine, where it is not that of the file.
    #[arg(long)]
    pub(crate) engine: Option<cli::Engine>,
    /// Engine model: take the keys that the nodes of engine swarm have.
    #[arg(long)]
    pub(crate) keys_of_swarm: bool,
    /// Engine model: threads. Results do not depend on it.
    #[arg(long, default_value_t = 1)]
    pub(crate) threads: usize,
    /// Engine model: keep a checkpoint in this file, and go on from it if it is there.
    #[arg(long)]
    pub(crate) checkpoint: Option<PathBuf>,
}

/// What a simulation says at its end, as one line of JSON.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Said {
    /// What happened, in 128 bits.
    pub(crate) trace: String,
    pub(crate) events: u64,
    pub(crate) processor_s: f64,
    pub(crate) wall_s: f64,
    pub(crate) peak_bytes: u64,
    /// Where its results are.
    pub(crate) folder: Option<PathBuf>,
    /// What `check` compares.
    pub(crate) figures: BTreeMap<String, f64>,
    pub(crate) totals: BTreeMap<String, f64>,
}

pub(crate) fn one(args: &Args) -> Result<ExitCode> {
    let begin = Instant::now();
    let runs = source::runs(&args.file)?;
    let run = runs
        .get(args.run)
        .with_context(|| format!("{} has {} runs", args.file.display(), runs.len()))?;
    let mut scenario = run.scenario.clone();
    if let Some(engine) = args.engine {
        scenario.engine = engine.into();
    }
    let outcome = simulate(&scenario, args)?;
    let processor = clock_gettime(ClockId::ProcessCPUTime);
    let mut said = Said {
        trace: outcome.trace.clone(),
        events: outcome.events,
        processor_s: processor.tv_sec as f64 + processor.tv_nsec as f64 / 1e9,
        wall_s: begin.elapsed().as_secs_f64(),
        peak_bytes: peak(),
        folder: None,
        figures: crate::check::figures(&outcome),
        totals: outcome
            .totals
            .iter()
            .map(|(name, value)| ((*name).to_owned(), *value))
            .collect(),
    };
    if let Some(out) = &args.out {
        let manifest = manifest(&scenario, run.varied.clone(), &said)?;
        said.folder = Some(Files::write(out, manifest, &outcome)?.path().to_owned());
    }
    println!("{}", serde_json::to_string(&said)?);
    Ok(ExitCode::SUCCESS)
}

fn simulate(scenario: &Scenario, args: &Args) -> Result<Outcome> {
    match scenario.engine {
        Engine::Swarm => {
            let outcome = papermesh_sim_rt::simulate(scenario.seed, || swarm::run(scenario))?;
            Ok(outcome?)
        }
        Engine::Model => {
            let options = model::Options {
                threads: args.threads,
                checkpoint: args.checkpoint.clone(),
                ..model::Options::default()
            };
            Ok(match args.keys_of_swarm {
                true => model::run_on(scenario, swarm::ring(scenario)?, &options)?,
                false => model::run(scenario, &options)?,
            })
        }
    }
}

fn manifest(
    scenario: &Scenario,
    varied: BTreeMap<String, String>,
    said: &Said,
) -> Result<Manifest> {
    let versions = [
        ("papermesh-sim", env!("CARGO_PKG_VERSION").to_owned()),
        ("compiler", env!("COMPILER").to_owned()),
        ("Cargo.lock", sha256(include_bytes!("../../Cargo.lock"))),
    ];
    Ok(Manifest {
        title: scenario.title.clone(),
        engine: scenario.engine.name().to_owned(),
        seed: scenario.seed,
        varied,
        scenario: scenario.write()?,
        versions: versions
            .map(|(name, version)| (name.to_owned(), version))
            .into(),
        trace: said.trace.clone(),
        events: said.events,
        nodes: scenario.nodes(),
        totals: said.totals.clone(),
        machine: Machine {
            system: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
            processors: std::thread::available_parallelism().map_or(1, usize::from),
        },
        wall_s: said.wall_s,
        processor_s: said.processor_s,
        peak_bytes: said.peak_bytes,
        files: BTreeMap::new(),
    })
}

/// The most memory that this process had; 0 where the system does not say.
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kibibytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kibibytes.unwrap_or(0) * 1024
}
