//! `run`: all runs of a scenario, each in a process of its own.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, Result, bail};

use crate::one::Said;
use crate::source;

/// Jemalloc: give back what is not used, and no huge pages, which would make untouched memory real.
const ALLOCATOR: &str = "thp:never,dirty_decay_ms:0,muzzy_decay_ms:0,narenas:1";

#[derive(clap::Args)]
pub(crate) struct Args {
    /// The scenario file.
    file: PathBuf,
    /// Where results go.
    #[arg(long, default_value = "results")]
    out: PathBuf,
    /// Simulations at the same time.
    #[arg(long, default_value_t = 1)]
    jobs: usize,
    /// Threads of each simulation of engine model.
    #[arg(long, default_value_t = 1)]
    threads: usize,
    /// Run the first run twice and compare what happened; no results are written.
    #[arg(long)]
    twice: bool,
}

/// Starts one simulation and waits for it.
pub(crate) fn start(file: &Path, run: usize, more: &[&str]) -> Result<Said> {
    let program = std::env::current_exe().context("where is this program?")?;
    let output = Command::new(program)
        .arg("one")
        .arg(file)
        .args(["--run", &run.to_string()])
        .args(more)
        .env("_RJEM_MALLOC_CONF", ALLOCATOR)
        .stderr(Stdio::inherit())
        .output()
        .context("the simulation did not start")?;
    if !output.status.success() {
        bail!("run {run} of {} failed: {}", file.display(), output.status);
    }
    serde_json::from_slice(&output.stdout).context("the simulation said something else")
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let runs = source::runs(&args.file)?;
    let threads = args.threads.to_string();
    if args.twice {
        return twice(&args.file, &threads);
    }
    let out = args.out.to_string_lossy();
    let (next, failed) = (AtomicUsize::new(0), Mutex::new(None));
    println!("{} runs of {}", runs.len(), args.file.display());
    std::thread::scope(|scope| {
        for _ in 0..args.jobs.clamp(1, 256) {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let Some(run) = runs.get(number) else {
                        return;
                    };
                    match start(&args.file, number, &["--out", &out, "--threads", &threads]) {
                        Ok(said) => println!("{}", line(&run.varied, run.scenario.seed, &said)),
                        Err(error) => {
                            eprintln!("error: {error:#}");
                            if let Ok(mut failed) = failed.lock() {
                                *failed = Some(number);
                            }
                        }
                    }
                }
            });
        }
    });
    if failed.lock().is_ok_and(|failed| failed.is_some()) {
        return Ok(ExitCode::FAILURE);
    }
    println!("papermesh-sim report {out}");
    Ok(ExitCode::SUCCESS)
}

fn line(varied: &std::collections::BTreeMap<String, String>, seed: u64, said: &Said) -> String {
    let varied: Vec<_> = varied
        .iter()
        .map(|(path, value)| format!("{path} = {value}, "))
        .collect();
    format!(
        "{}seed {seed}: {} events, {:.1} s of processor, {:.0} MB, trace {}",
        varied.concat(),
        said.events,
        said.processor_s,
        said.peak_bytes as f64 / 1e6,
        said.trace
    )
}

fn twice(file: &Path, threads: &str) -> Result<ExitCode> {
    let (one, other) = (
        start(file, 0, &["--threads", threads])?,
        start(file, 0, &["--threads", threads])?,
    );
    println!("{} events, trace {}", one.events, one.trace);
    println!("{} events, trace {}", other.events, other.trace);
    if (one.events, &one.trace, &one.figures) != (other.events, &other.trace, &other.figures) {
        println!("two runs of one seed differ: something is not deterministic");
        return Ok(ExitCode::FAILURE);
    }
    println!("two processes, one trace");
    Ok(ExitCode::SUCCESS)
}
