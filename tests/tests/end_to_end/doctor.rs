//! `papermesh doctor`: what is commonly wrong, made wrong, and found by its name with advice.

use std::fs;
use std::net::TcpListener;

use papermesh_tests::answer::Finding;
use papermesh_tests::{Machine, Setting, Site, reserve_port};

/// What doctor says of one thing.
fn finding(machine: &Machine, check: &str) -> Finding {
    let said = machine.papermesh("doctor").run();
    let mut findings: Vec<Finding> = said.json();
    let at = findings.iter().position(|finding| finding.check == check);
    let at = at.unwrap_or_else(|| panic!("doctor does not look at {check}: {findings:?}"));
    let found = findings.swap_remove(at);
    // Bad things make the command fail; everything that is not good comes with advice.
    assert!(found.verdict != "bad" || said.code() == Some(1));
    assert_eq!(found.verdict == "good", found.advice.is_none());
    found
}

#[test]
fn doctor_finds_the_port_that_another_program_took() {
    let site = Site::new();
    let laptop = Machine::new(site.folder(), "laptop-1", Setting::default());
    let founding =
        laptop.papermesh("init --no-passphrase --site Acme --name laptop-1 --role client");
    let _ = founding.run().succeeded();
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = other.local_addr().unwrap();
    let line = format!(
        "listen = [\"/ip4/127.0.0.1/tcp/{}\"]\nipp = \"off\"\n",
        at.port()
    );
    fs::write(laptop.home().join("papermesh.toml"), line).unwrap();

    let found = finding(&laptop, "ports");
    assert_eq!(found.verdict, "bad");
    assert!(found.detail.contains(&at.to_string()), "{}", found.detail);
    assert_eq!(finding(&laptop, "node").verdict, "bad", "none runs");
    drop(other);
    assert_eq!(finding(&laptop, "ports").verdict, "good");
}

#[test]
fn doctor_finds_the_printer_that_does_not_answer_and_says_when_nobody_is_there() {
    let site = Site::new();
    let laptop = site.founder("laptop-1");
    let alone = finding(&laptop, "members");
    assert_eq!(alone.verdict, "doubtful");
    assert!(alone.advice.unwrap().contains("--bootstrap"));

    let silent = format!("ipp://127.0.0.1:{}/ipp/print", reserve_port());
    let printer = site.invited(&laptop, "printer-1", "printer", Setting::default());
    let line = format!("output = \"{silent}\"\n");
    fs::write(printer.home().join("papermesh.toml"), line).unwrap();
    assert_eq!(finding(&printer, "printer").verdict, "bad");
    // While the node runs it is asked, and says the same.
    let printer = printer.running();
    assert_eq!(finding(&printer, "printer").verdict, "bad");

    laptop.wait_for_peers(1);
    assert_eq!(finding(&laptop, "members").verdict, "good");
    assert_eq!(finding(&laptop, "relay").verdict, "good");
}
