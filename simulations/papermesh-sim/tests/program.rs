//! The program as people use it. Every simulation is a process of its own, so what needs two of them is tested here.
#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::process::{Command, Output};

fn program(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_papermesh-sim"))
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

const MODEL: &str = r#"
    title = "<Small> & quick"
    engine = "model"
    replicas = 2
    [time]
    warm_up = "1 s"
    length = "10 s"
    [[site]]
    name = "a"
    latency = "1 ms .. 5 ms"
    nodes = [{ role = "client", count = 200 }]
    [kademlia]
    refresh = "0 s"
    [workload]
    kind = "lookups"
    total = 50
    [measure]
    every = "2 s"
    [sweep]
    "kademlia.replication" = [10, 20]
"#;

/// Twenty real nodes, of which some come and go.
const SWARM: &str = r#"
    engine = "swarm"
    [time]
    warm_up = "2 s"
    length = "20 s"
    [[site]]
    name = "a"
    latency = "1 ms .. 21 ms"
    nodes = [
      { role = "client", count = 15 },
      { role = "client", count = 5, churn = { kind = "exponential", up = "8 s", down = "4 s" } },
    ]
    [network]
    idle = "5 s"
    jitter = "1 ms"
    loss = 0.001
    [workload]
    kind = "lookups"
    total = 10
"#;

#[test]
fn from_a_scenario_to_figures() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("small.toml"), MODEL).unwrap();
    let plan = program(folder.path(), &["plan", "small.toml"]);
    assert_eq!(
        String::from_utf8_lossy(&plan.stdout).lines().count(),
        4,
        "{}",
        said(&plan)
    );
    let run = program(folder.path(), &["run", "small.toml", "--jobs", "2"]);
    assert!(run.status.success(), "{}", said(&run));
    let report = program(folder.path(), &["report", "results"]);
    assert!(report.status.success(), "{}", said(&report));
    let page = std::fs::read_to_string(folder.path().join("results/report.html")).unwrap();
    assert!(page.contains("&lt;Small&gt; &amp; quick") && page.contains("<svg"));
    assert!(page.contains("replication = 10") && !page.contains("NaN"));
    // The page needs nothing from a network.
    assert!(!page.contains("http") && !page.contains("src=") && !page.contains("<script"));
    let summary = std::fs::read_to_string(folder.path().join("results/summary.csv")).unwrap();
    assert!(
        summary.lines().any(|line| line.contains("\"found\",1,")),
        "{summary}"
    );
}

#[test]
fn two_processes_of_real_nodes_leave_one_trace() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("swarm.toml"), SWARM).unwrap();
    let twice = program(folder.path(), &["run", "--twice", "swarm.toml"]);
    assert!(
        twice.status.success() && said(&twice).contains("two processes, one trace"),
        "{}",
        said(&twice)
    );
    // Another seed is another run.
    std::fs::write(
        folder.path().join("other.toml"),
        format!("seed = 2\n{SWARM}"),
    )
    .unwrap();
    let trace = |file| {
        let one = program(folder.path(), &["one", file]);
        let said: serde_json::Value = serde_json::from_slice(&one.stdout).unwrap();
        said["trace"].as_str().unwrap().to_owned()
    };
    let (first, other) = (trace("swarm.toml"), trace("other.toml"));
    assert_ne!(first, other);
    // Promised for this lock file and compiler only; see the changelog of whoever changed either.
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/swarm.trace");
    assert_eq!(first, std::fs::read_to_string(golden).unwrap().trim());
}

#[test]
fn mistakes_are_told_with_file_line_and_column() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("wrong.toml"),
        "engine = \"model\"\n[[site]]\nname = \"a\"\nnodes = []\n",
    )
    .unwrap();
    let run = program(folder.path(), &["run", "wrong.toml"]);
    assert!(!run.status.success());
    assert!(
        said(&run).contains("wrong.toml:4:9: a site has nodes"),
        "{}",
        said(&run)
    );
    let new = program(folder.path(), &["new", "nothing"]);
    assert!(
        said(&new).contains("there are office, branches"),
        "{}",
        said(&new)
    );
}

#[test]
fn new_scenarios_are_written_once() {
    let folder = tempfile::tempdir().unwrap();
    assert!(program(folder.path(), &["new", "office"]).status.success());
    assert!(!program(folder.path(), &["new", "office"]).status.success());
    let plan = program(folder.path(), &["plan", "office.toml"]);
    assert!(plan.status.success(), "{}", said(&plan));
}
