//! The first promise, from outside: `kill -9` of the gateway or of the node with the door, at any moment while an outsider
//! prints, loses nothing that the outsider was told is held, and leaves nothing that is half a job.
//!
//! Moments are chosen as those of `crash` are, from a seed that a failure prints; a seeded sample of a few, and a hundred
//! with `PAPERMESH_LONG`. The same homes are used all along.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::time::Duration;

use papermesh_tests::command::Invocation;
use papermesh_tests::document::Document;
use papermesh_tests::gateway::DOMAIN;
use papermesh_tests::program;
use papermesh_tests::wait::wait_until;
use papermesh_tests::{SOON, Seed};
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

/// Print-Job with a title of its own.
const TEST: &str = "{ OPERATION Print-Job GROUP operation-attributes-tag \
    ATTR charset attributes-charset utf-8 ATTR language attributes-natural-language en \
    ATTR uri printer-uri $uri ATTR name job-name $title ATTR mimeMediaType document-format application/pdf \
    FILE $filename STATUS successful-ok }";

/// An outsider with a token, and what the outsider knows.
struct Prints {
    outside: Outside,
    address: String,
    test: String,
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
        let token = outside.token("phone");
        let folder = outside.site.folder();
        let documents = SIZES
            .map(|size| Document::pdf_of(folder, &format!("{size}.pdf"), "x", size))
            .to_vec();
        let test = outside.site.path("titled.test");
        fs::write(&test, TEST).unwrap();
        Self {
            address: format!(
                "ipps://{}:{token}@desk.acme.{DOMAIN}:443/ipp/print",
                outside.charlie.id
            ),
            test: test.to_str().unwrap().to_owned(),
            documents,
            tried: BTreeMap::new(),
            told: BTreeSet::new(),
            used: 0,
            outside,
        }
    }

    /// What prints a document under a title that no other has.
    fn printing(&mut self, document: &Document) -> (String, Invocation) {
        let title = format!("paper{:04}", self.tried.len());
        self.tried.insert(title.clone(), document.clone());
        let program = program::system("ipptool");
        let printing = Invocation::new(&program, Some(self.outside.street.name()))
            .args(["-tf", document.path_str(), "-d"])
            .arg(format!("title={title}"))
            .args([&self.address, &self.test]);
        (title, printing)
    }

    fn print(&mut self, document: &Document) {
        let (title, printing) = self.printing(document);
        let _ = printing.run().succeeded();
        self.told.insert(title);
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

/// All lines of a ledger are whole.
fn is_whole(ledger: &Path) -> bool {
    let text = fs::read_to_string(ledger).unwrap_or_default();
    let is_line = |line: &str| serde_json::from_str::<Value>(line).is_ok();
    (text.is_empty() || text.ends_with('\n')) && text.lines().all(is_line)
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
    let mut cut_off = 0;
    for round in 0..rounds {
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
        if printing.finish().is_success() {
            prints.told.insert(title);
        }
        if is_gateway {
            prints.outside.gateway.start();
        } else {
            prints.outside.laptop.run();
        }
        // The pipe is back. A door whose pipes end within a minute, one after the other, waits ever longer.
        prints.outside.comes_within(BACK, "up");
        let victim = if is_gateway { "gateway" } else { "door" };
        prints.look(&format!("round {round}, {victim} killed {moment:?}"));
        // And it carries.
        if round % 5 == 0 {
            let small = prints.documents[0].clone();
            prints.print(&small);
        }
    }
    eprintln!("{cut_off} of {rounds} jobs were cut off");

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
