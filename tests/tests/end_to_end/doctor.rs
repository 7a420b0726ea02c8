//! `papermesh doctor`: what is commonly wrong, made wrong, and found by its name with advice.

use std::collections::BTreeSet;
use std::fs;
use std::net::TcpListener;
use std::sync::Arc;

use papermesh_tests::answer::Finding;
use papermesh_tests::network::Namespace;
use papermesh_tests::program;
use papermesh_tests::{Machine, Setting, Site, reserve_port};

/// What doctor says of one thing.
pub(super) fn finding(machine: &Machine, check: &str) -> Finding {
    let found = finding_if_any(machine, check);
    found.unwrap_or_else(|| panic!("doctor does not look at {check}"))
}

fn finding_if_any(machine: &Machine, check: &str) -> Option<Finding> {
    let said = machine.papermesh("doctor").run();
    let findings: Vec<Finding> = said.json();
    // Two things of one name could not be told apart.
    let names: BTreeSet<_> = findings.iter().map(|found| found.check.clone()).collect();
    assert_eq!(names.len(), findings.len(), "{findings:#?}");
    let found = findings.into_iter().find(|found| found.check == check)?;
    // Bad things make the command fail; everything that is not good comes with advice.
    assert!(found.verdict != "bad" || said.code() == Some(1));
    assert_eq!(found.verdict == "good", found.advice.is_none());
    Some(found)
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

/// Whoever answers at that address has the document. A printer on the same computer, and one to which
/// the way is encrypted or not known to be in clear, is nothing to be told of.
#[test]
fn doctor_finds_the_way_on_which_documents_travel_in_clear() {
    let site = Site::new();
    // Nobody can be reached from here.
    let alone = Arc::new(Namespace::new());
    let printer = Machine::new(site.folder(), "printer-1", Setting::within(&alone));
    let founding =
        printer.papermesh("init --no-passphrase --site Acme --name printer-1 --role printer");
    let _ = founding.run().succeeded();
    let way = |output: &str| {
        let line = format!("output = \"{output}\"\n");
        fs::write(printer.home().join("papermesh.toml"), line).unwrap();
        finding_if_any(&printer, "way to the printer")
    };
    for output in ["ipp://192.0.2.7/ipp/print", "socket://192.0.2.7"] {
        let found = way(output).unwrap_or_else(|| panic!("nothing is said of {output}"));
        assert_eq!(found.verdict, "doubtful", "{output}");
        assert!(found.detail.contains("unencrypted"), "{}", found.detail);
        assert!(found.advice.unwrap().contains("ipps://"), "{output}");
    }
    for output in [
        "ipps://192.0.2.7/ipp/print",
        "ipp://127.0.0.1/ipp/print",
        "socket://127.0.0.1",
    ] {
        let found = way(output);
        assert!(found.is_none(), "{output}: {found:?}");
    }
}

/// What looks into documents is a program of its own. Where it is missing, may not be started, or is of another
/// release, doctor says so and how to mend it, and is content afterwards.
#[test]
fn the_converter_that_is_missing_or_another_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let own = folder.path().join("papermesh");
    std::fs::copy(program::papermesh(), &own).unwrap();
    let papermesh = |arguments: &[&str]| {
        let ran = std::process::Command::new(&own)
            .args(arguments)
            .args(["--json", "--home"])
            .arg(folder.path().join("home"))
            .stdin(std::process::Stdio::null())
            .output()
            .unwrap();
        String::from_utf8_lossy(&ran.stdout).into_owned()
    };
    papermesh(&[
        "init",
        "--site",
        "Acme",
        "--name",
        "laptop-1",
        "--role",
        "client",
        "--no-passphrase",
    ]);
    let found = || {
        let said = papermesh(&["doctor"]);
        let findings: Vec<serde_json::Value> = serde_json::from_str(&said).unwrap();
        let of =
            |finding: &serde_json::Value, what: &str| finding[what].as_str().unwrap().to_owned();
        let mut found = findings
            .iter()
            .filter(|finding| finding["check"] == "converters");
        found
            .next()
            .map(|finding| (of(finding, "detail"), of(finding, "advice")))
    };
    let (missing, advice) = found().unwrap();
    assert!(missing.contains("No such file"), "{missing}");
    assert!(advice.contains("same release"), "{advice}");

    let converter = folder.path().join("papermesh-convert");
    std::fs::copy("/bin/true", &converter).unwrap();
    let (other, advice) = found().unwrap();
    assert!(other.contains("version"), "{other}");
    assert!(advice.contains("one release"), "{advice}");

    std::fs::remove_file(&converter).unwrap();
    std::fs::copy(program::converter(), &converter).unwrap();
    assert_eq!(found(), None);
}
