//! The first promise, from outside: `kill -9` of the gateway or of the node with the door, at any moment while an outsider
//! prints, loses nothing that the outsider was told is held, and leaves nothing that is half a job.
//!
//! Moments are chosen as those of `crash` are, from a seed that a failure prints; a seeded sample of a few, and a hundred
//! with `PAPERMESH_LONG`. The same homes are used all along.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use papermesh_tests::command::{Ended, Invocation};
use papermesh_tests::document::Document;
use papermesh_tests::gateway::DOMAIN;
use papermesh_tests::program;
use papermesh_tests::wait::wait_until;
use papermesh_tests::{SOON, Seed, ipp};
use serde_json::Value;

use super::crash::{Moment, corrected, job_of, usual};
use super::gateway::Outside;

/// Kills with `PAPERMESH_LONG`, and without.
const MANY: usize = 100;
const FEW: usize = 6;
/// Longer than any door waits before it dials again.
const BACK: Duration = Duration::from_secs(7 * 60);
/// Sizes of documents: less than a segment, some segments, and enough to be caught on the way.
const SIZES: [u64; 3] = [2_000, 300_000, 6_000_000];

/// An outsider with a token, and what the outsider knows.
struct Prints {
    outside: Outside,
    /// As HTTP Basic has it.
    credentials: String,
    documents: Vec<Document>,
    /// Every title that was tried, and its document.
    tried: BTreeMap<String, Document>,
    /// Those of which the outsider was told that they are held.
    told: BTreeSet<String>,
    /// What the token had been used for when it was looked at last.
    used: u64,
}

impl Prints {
    fn new() -> Self {
        let outside = Outside::new();
        let token = outside.token_with("phone", &["--jobs-per-day", "1000"]);
        let folder = outside.site.folder();
        let documents = SIZES
            .map(|size| Document::pdf_of(folder, &format!("{size}.pdf"), "x", size))
            .to_vec();
        Self {
            credentials: format!("{}:{token}", outside.charlie.id),
            documents,
            tried: BTreeMap::new(),
            told: BTreeSet::new(),
            used: 0,
            outside,
        }
    }

    /// A program that sends a document once, under a title that no other has. It never tries again: what it is told is
    /// all that its user knows.
    fn printing(&mut self, document: &Document) -> (String, Invocation) {
        let title = format!("paper{:04}", self.tried.len());
        self.tried.insert(title.clone(), document.clone());
        let uri = format!("ipps://desk.acme.{DOMAIN}/ipp/print");
        let request = ipp::Request::at(&uri, ipp::PRINT_JOB, self.outside.charlie.id.as_str())
            .with(ipp::NAME, "job-name", title.as_bytes());
        let bytes = fs::read(document.path()).unwrap();
        fs::write(self.request(), request.document(&bytes)).unwrap();
        let _ = fs::remove_file(self.answer());
        let program = program::system("curl");
        let printing = Invocation::new(&program, Some(self.outside.street.name()))
            .args(["-sSkf", "-H", "Content-Type: application/ipp", "-u"])
            .args([&self.credentials, "--data-binary"])
            .arg(format!("@{}", self.request().display()))
            .arg("-o")
            .arg(self.answer())
            .arg(uri.replacen("ipps", "https", 1));
        (title, printing)
    }

    fn request(&self) -> PathBuf {
        self.outside.site.path("request.ipp")
    }

    fn answer(&self) -> PathBuf {
        self.outside.site.path("answer.ipp")
    }

    /// Whether the program, which has ended, was told that the document is held.
    fn was_told(&self, ended: &Ended) -> bool {
        // Version, then the status (RFC 8010 section 3.1.1): successful-ok, or with attributes ignored.
        let answer = fs::read(self.answer()).unwrap_or_default();
        ended.is_success() && matches!(answer.get(2..4), Some([0, 0 | 1]))
    }

    fn print(&mut self, document: &Document) {
        let (title, printing) = self.printing(document);
        let ended = printing.run();
        assert!(self.was_told(&ended), "{ended:?}");
        self.told.insert(title);
    }

    /// Whether the door demands of outsiders to say who they are.
    fn door_answers(&self) -> bool {
        let program = program::system("curl");
        let asked = Invocation::new(&program, Some(self.outside.street.name()))
            .args(["-sk", "-o", "/dev/null", "-w", "%{http_code}"])
            .arg(format!("https://desk.acme.{DOMAIN}/"))
            .run();
        asked.stdout() == "401"
    }

    /// Looks at what is held, when everything is up again.
    fn look(&mut self, at: &str) {
        let laptop = &self.outside.laptop;
        // What was on its way when the gateway went is given up by and by.
        wait_until(
            SOON,
            "the spool to have what is held and nothing else",
            || {
                let held: BTreeSet<String> = laptop.jobs().into_iter().map(|job| job.job).collect();
                let sealed: BTreeSet<String> = laptop.files("spool").iter().map(job_of).collect();
                held == sealed
            },
        );
        let mut held: BTreeMap<String, usize> = BTreeMap::new();
        for job in laptop.jobs() {
            let document = &self.tried[&job.title];
            assert_eq!(
                job.size,
                document.size(),
                "{at}: {} is cut short",
                job.title
            );
            *held.entry(job.title).or_default() += 1;
        }
        let twice: Vec<_> = held.iter().filter(|(_, count)| **count > 1).collect();
        assert!(twice.is_empty(), "{at}: held twice: {twice:?}");
        let lost: Vec<_> = self
            .told
            .iter()
            .filter(|told| !held.contains_key(*told))
            .collect();
        assert!(lost.is_empty(), "{at}: lost {lost:?}");
        let list = laptop.papermesh("gateway token list").run().succeeded();
        let list: Value = list.json();
        let used = list[0]["used"]["jobs"].as_u64().unwrap();
        assert!(used >= held.len() as u64, "{at}: {used} of {}", held.len());
        assert!(used >= self.used, "{at}: {used} after {}", self.used);
        self.used = used;
    }
}

/// There are lines in a ledger, and all of them are whole.
fn is_whole(ledger: &Path) -> bool {
    let text = fs::read_to_string(ledger).unwrap();
    let is_line = |line: &str| serde_json::from_str::<Value>(line).is_ok();
    text.ends_with('\n') && text.lines().all(is_line)
}

#[test]
fn what_an_outsider_was_told_is_held_outlives_gateway_and_door() {
    let mut seed = Seed::take();
    let mut prints = Prints::new();
    let largest = prints.documents[2].clone();
    let mut usual = usual(|| prints.print(&largest));
    let rounds = match std::env::var_os("PAPERMESH_LONG") {
        Some(_) => MANY,
        None => FEW,
    };
    let (mut round, mut cut_off) = (0, 0);
    // Where the moments are all too late by chance, there are more.
    while round < rounds || (cut_off == 0 && round < 4 * rounds) {
        round += 1;
        let document = seed.one_of(&prints.documents).clone();
        let spool = prints.outside.laptop.home().join("spool");
        let moment = Moment::choose(&mut seed, usual, || Moment::file_in(&spool));
        let is_gateway = seed.below(2) == 0;
        let (title, printing) = prints.printing(&document);
        let mut printing = printing.start();
        moment.wait();
        let caught = !printing.has_ended();
        if is_gateway {
            prints.outside.gateway.kill();
        } else {
            prints.outside.laptop.kill();
        }
        usual = corrected(usual, caught);
        cut_off += usize::from(caught);
        let ended = printing.finish();
        if prints.was_told(&ended) {
            prints.told.insert(title);
        }
        if is_gateway {
            prints.outside.gateway.start();
        } else {
            prints.outside.laptop.run();
        }
        // The pipe is back, and carries. A door whose pipes end within a minute, one after the other, waits ever longer,
        // and one that asks by requests believes its pipe to be up until the next is answered.
        wait_until(BACK, "the door to answer outside", || prints.door_answers());
        let victim = if is_gateway { "gateway" } else { "door" };
        prints.look(&format!("round {round}, {victim} killed {moment:?}"));
        if round % 5 == 0 {
            let small = prints.documents[0].clone();
            prints.print(&small);
        }
    }
    eprintln!("{cut_off} of {round} jobs were cut off");
    assert!(cut_off > 0);
    // Of which there is something to write down.
    let small = prints.documents[0].clone();
    prints.print(&small);

    // What was used is written down when the gateway ends in order, whatever it had to leave before.
    prints.outside.gateway.stop();
    assert!(is_whole(&prints.outside.gateway.ledger()));
    prints.outside.gateway.start();

    // Everything that is held comes out once, as it was.
    let held = prints.outside.laptop.jobs().len();
    let visit = prints.outside.printer.visit(&prints.outside.charlie);
    assert!(visit.print_all().each_ended("printed"));
    let mut papers: BTreeMap<String, usize> = BTreeMap::new();
    for paper in prints.outside.printer.tray() {
        let name = paper.file_name().unwrap().to_str().unwrap();
        let title = name.split('-').next().unwrap().to_owned();
        assert!(prints.tried[&title].is_at(&paper), "{title} differs");
        *papers.entry(title).or_default() += 1;
    }
    assert_eq!(papers.len(), held);
    assert!(papers.values().all(|count| *count == 1), "{papers:?}");
    assert!(prints.told.iter().all(|told| papers.contains_key(told)));
}
