//! The examples, run as their heads say.

use std::path::Path;
use std::process::Command;

use papermesh_tests::command::Invocation;
use papermesh_tests::program::{example, system};
use papermesh_tests::wait::wait_until;
use papermesh_tests::{Process, SOON, Site};

/// Another language reads every message of the vectors, and writes it again as it was.
#[test]
fn the_vectors_are_read_in_another_language() {
    let program =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../protocol/examples/read_vectors.py");
    let read = Invocation::of(&system("python3"))
        .arg(program)
        .arg("release")
        .run();
    let read = read.succeeded();
    assert!(read.stdout().contains("release answer Grant"), "{read:?}");
    assert!(
        read.stdout().contains("written again as they were"),
        "{read:?}"
    );
}

/// A program with a node in it is a member like any other.
#[test]
fn a_program_with_a_node_sees_members_come_and_go() {
    let site = Site::new();
    let laptop = site.founder("laptop-1");
    let mut hall = site.member(&laptop, "hall", "client");
    let mut kitchen = site.member(&laptop, "kitchen", "client");
    hall.stop();

    let settings =
        "mdns = false\nipp = \"off\"\nportal = \"off\"\nlisten = [\"/ip4/127.0.0.1/tcp/0\"]\n";
    std::fs::write(hall.home().join("papermesh.toml"), settings).unwrap();
    let log = site.path("example.log");
    let mut command = Command::new(example("who_is_there"));
    let mut program = Process::start("who_is_there", command.arg(hall.home()), &log);
    let says = |what: &str| std::fs::read_to_string(&log).unwrap().contains(what);
    wait_until(SOON, "the others to be seen", || {
        says("laptop-1 is here") && says("kitchen is here")
    });
    kitchen.stop();
    wait_until(SOON, "one of them to be missed", || {
        says("kitchen has gone")
    });
    program.terminate();
    let _ = program.wait(SOON);
}
