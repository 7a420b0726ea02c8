//! `check`: the same scenario in both engines, pair by pair.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, bail};
use papermesh_sim_results::Outcome;

use crate::run::start;
use crate::source;
use crate::stats::{equivalent, quantile};

/// Metrics are the same when they differ by less than this.
const BOUND: f64 = 0.05;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// The scenario file.
    file: PathBuf,
    /// Pairs of runs; without it, as many as the file has seeds.
    #[arg(long)]
    seeds: Option<usize>,
}

/// What is compared of a run.
pub(crate) fn figures(outcome: &Outcome) -> BTreeMap<String, f64> {
    let count = outcome.samples.len().max(1) as f64;
    let mut waits: Vec<f64> = outcome
        .samples
        .iter()
        .map(|sample| sample.wait as f64 / 1e6)
        .collect();
    waits.sort_by(f64::total_cmp);
    let requests: f64 = outcome
        .samples
        .iter()
        .map(|sample| f64::from(sample.requests))
        .sum();
    let found: f64 = outcome
        .samples
        .iter()
        .map(|sample| f64::from(sample.found))
        .sum();
    let total = |name| outcome.totals.get(name).copied().unwrap_or(0.0);
    BTreeMap::from([
        ("requests a look-up".to_owned(), requests / count),
        ("wait p50, ms".to_owned(), quantile(&waits, 0.5)),
        ("wait p90, ms".to_owned(), quantile(&waits, 0.9)),
        ("wait p99, ms".to_owned(), quantile(&waits, 0.99)),
        ("bytes a look-up".to_owned(), total("traffic.bytes") / count),
        (
            "messages a look-up".to_owned(),
            total("traffic.messages") / count,
        ),
        ("dials a look-up".to_owned(), total("traffic.dials") / count),
        ("found share".to_owned(), found / count),
    ])
}

pub(crate) fn check(args: &Args) -> Result<ExitCode> {
    let runs = source::runs(&args.file)?;
    let pairs = args.seeds.unwrap_or(runs.len()).min(runs.len());
    if pairs < 2 {
        bail!(
            "intervals need two pairs at least: say replicas = 30 in {}",
            args.file.display()
        );
    }
    let mut differences: BTreeMap<String, Vec<(f64, f64)>> = BTreeMap::new();
    for run in 0..pairs {
        let swarm = start(&args.file, run, &["--engine", "swarm"])?;
        let model = start(&args.file, run, &["--engine", "model", "--keys-of-swarm"])?;
        for (metric, real) in swarm.figures {
            let modeled = model.figures.get(&metric).copied().unwrap_or(f64::NAN);
            differences.entry(metric).or_default().push((real, modeled));
        }
        eprintln!("pair {} of {pairs}", run + 1);
    }
    println!(
        "{:20} {:>12} {:>12} {:>10} {:>10}",
        "metric", "swarm", "model", "differs", "±"
    );
    let mut agree = true;
    for (metric, pairs) in &differences {
        let relative: Vec<f64> = pairs
            .iter()
            .map(|(real, modeled)| modeled / real - 1.0)
            .collect();
        let (mean, same) = equivalent(&relative, BOUND);
        let average =
            |of: fn(&(f64, f64)) -> f64| pairs.iter().map(of).sum::<f64>() / pairs.len() as f64;
        println!(
            "{metric:20} {:12.2} {:12.2} {:9.2}% {:9.2}%  {}",
            average(|pair| pair.0),
            average(|pair| pair.1),
            mean.mean * 100.0,
            mean.half.unwrap_or(f64::NAN) * 100.0,
            if same { "same" } else { "DIFFERENT" }
        );
        agree &= same;
    }
    println!(
        "{} pairs; the same is: within {} % with 95 % confidence, by two one-sided tests",
        pairs,
        BOUND * 100.0
    );
    Ok(if agree {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
