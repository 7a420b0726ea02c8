//! Homes of earlier versions, opened by this one.
//!
//! `homes/format-N.tar.gz` has the homes of a laptop, which is the site's admin, and of a printer, as the
//! last program with format N left them. They are never made again: a home that an upgrade cannot read is
//! a user's loss. They live on the day on which they were made, because jobs and certificates end.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use papermesh_tests::answer::{Status, VisitReport};
use papermesh_tests::program::system;
use papermesh_tests::wait::wait_until;
use papermesh_tests::{Machine, SOON, Setting, Site, User};

/// Hours after the homes of each format were made: what was to be held back for two is not any more.
const DAYS: [&str; 2] = ["@2026-11-29 09:00:00", "@2026-11-29 20:00:00"];
/// The user's PIN, and that of the job that has one.
const JOB_PIN: &str = "7391\n2468\n";

/// Everything that was held prints, what was printed and deleted is known, and every chain verifies.
#[test]
fn a_home_of_the_first_format_prints_all_that_it_holds() {
    let site = Site::new();
    let charlie = User::new("charlie", "04A1B2C3", "7391");
    let (laptop, hall) = homes_of(&site, 1);

    let held: BTreeMap<String, String> = laptop
        .jobs()
        .into_iter()
        .map(|job| (job.title, job.job))
        .collect();
    let titles = [
        "contract.pdf",
        "later.pdf",
        "letter.txt",
        "locked.pdf",
        "report.pdf",
        "slides.pdf",
    ];
    assert!(held.keys().eq(titles), "{held:?}");
    let letter = laptop
        .jobs()
        .into_iter()
        .find(|job| job.title == "letter.txt")
        .unwrap();
    assert_eq!(letter.options.copies, 2);
    assert_eq!(letter.options.sides.as_deref(), Some("two-sided-long-edge"));

    wait_until(SOON, "the jobs to be found", || {
        hall.visit(&charlie).sees(6)
    });
    let report = hall.visit(&charlie).list();
    let urgent = report.titles();
    assert_eq!(
        urgent.first(),
        Some(&"slides.pdf"),
        "the urgent one comes first: {urgent:?}"
    );
    let contract = held["contract.pdf"].as_str();
    let others: Vec<&str> = held
        .values()
        .map(String::as_str)
        .filter(|job| *job != contract)
        .collect();
    let printed = hall.visit(&charlie).print(others);
    assert!(printed.each_ended("printed"), "{printed:?}");
    assert_eq!(printed.results.len(), 5);
    let with_its_pin = hall
        .papermesh("release --user charlie --pin-stdin --job-pin-stdin")
        .args(["--job", contract])
        .stdin(JOB_PIN);
    let printed: VisitReport = with_its_pin.json();
    assert_eq!(printed.ending(), "printed", "{printed:?}");
    assert!(laptop.jobs().is_empty());
    assert_eq!(
        std::fs::read_dir(hall.home().join("tray")).unwrap().count(),
        6
    );

    let all: Vec<serde_json::Value> = laptop.papermesh("jobs list --all").json();
    assert_eq!(
        all.len(),
        8,
        "what was printed and deleted before is known: {all:?}"
    );
    for machine in [&laptop, &hall] {
        let _ = machine.papermesh("audit verify").run().succeeded();
        assert!(
            !machine.log().contains("skipped a damaged row"),
            "{}",
            machine.log()
        );
        assert!(machine.log().contains("upgrading the home"));
    }
}

/// The second format has options with finishings, and knows which documents are whole.
#[test]
fn a_home_of_the_second_format_prints_all_that_it_holds() {
    let site = Site::new();
    let charlie = User::new("charlie", "04A1B2C3", "7391");
    let (laptop, hall) = homes_of(&site, 2);
    let letter: serde_json::Value = laptop.papermesh("jobs show 2").json();
    assert!(letter.to_string().contains("staple-top-left"), "{letter}");
    wait_until(SOON, "the jobs to be found", || {
        hall.visit(&charlie).sees(3)
    });
    let report = hall.visit(&charlie).list();
    assert_eq!(report.titles().first(), Some(&"slides.pdf"));
    let printed = hall.visit(&charlie).print_all();
    assert!(printed.each_ended("printed"), "{printed:?}");
    assert!(laptop.jobs().is_empty());
    let all: Vec<serde_json::Value> = laptop.papermesh("jobs list --all").json();
    assert_eq!(all.len(), 5, "{all:?}");
    for machine in [&laptop, &hall] {
        let _ = machine.papermesh("audit verify").run().succeeded();
        assert!(machine.log().contains("upgrading the home"));
    }
}

/// What was brought up to date stays so: users, PINs, the admin's key and the members are what they were.
#[test]
fn a_home_that_was_brought_up_to_date_goes_on() {
    let site = Site::new();
    let charlie = User::new("charlie", "04A1B2C3", "7391");
    let (mut laptop, mut hall) = homes_of(&site, 1);
    let dana = User::dana();
    laptop.enroll(&dana, &laptop);
    for machine in [&mut laptop, &mut hall] {
        machine.kill();
        machine.start();
    }
    for machine in [&laptop, &hall] {
        machine.wait_until_ready();
        // Each step once, and not again after a restart.
        assert_eq!(
            machine.log().matches("upgrading the home").count(),
            DAYS.len()
        );
    }
    for user in [&charlie, &dana] {
        let report = site.document("new.pdf", "Made by the new program");
        let job = laptop.print(&report, user).job;
        wait_until(SOON, "the job to be found", || hall.visit(user).lists(&job));
        assert_eq!(hall.visit(user).print([&*job]).ending(), "printed");
    }
    let _ = laptop.papermesh("revoke hall").run().succeeded();
}

/// The laptop and the printer of a format, running.
fn homes_of(site: &Site, format: usize) -> (Machine, Machine) {
    let archive =
        Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("homes/format-{format}.tar.gz"));
    let unpacked = Command::new(system("tar"))
        .arg("-xzf")
        .arg(&archive)
        .arg("-C")
        .arg(site.folder())
        .status();
    assert!(
        unpacked.is_ok_and(|status| status.success()),
        "{}",
        archive.display()
    );
    // Each knows the other and looks for it, where it was on that day.
    let mut laptop = Machine::new(site.folder(), "laptop-1", that_day(format));
    laptop.start();
    wait_until(SOON, "the laptop to listen", || {
        let status = laptop.papermesh("status").run();
        status.is_success() && !status.json::<Status>().listening.is_empty()
    });
    let near = that_day(format).running(&["--bootstrap", &laptop.address()]);
    let hall = Machine::new(site.folder(), "hall", near).running();
    laptop.wait_until_ready();
    (laptop, hall)
}

/// For a node that takes today for the day of a format's homes.
fn that_day(format: usize) -> Setting {
    Setting::default()
        .with("LD_PRELOAD", &library().to_string_lossy())
        .with("FAKETIME", DAYS[format - 1])
        .with("TZ", "UTC")
        // Waits are as long as they are.
        .with("FAKETIME_DONT_FAKE_MONOTONIC", "1")
        .with("NO_FAKE_STAT", "1")
}

fn library() -> PathBuf {
    let arch = std::env::consts::ARCH;
    let folders = [
        format!("/usr/lib/{arch}-linux-gnu"),
        "/usr/lib64".to_owned(),
        "/usr/lib".to_owned(),
    ];
    let found = folders
        .iter()
        .map(|folder| Path::new(folder).join("faketime/libfaketimeMT.so.1"))
        .find(|library| library.is_file());
    found.expect("this test needs libfaketime; run scripts/setup")
}
