//! The first promise, again and again: `kill -9` at any moment, on either side, loses nothing
//! that success was told of, and prints nothing twice without having said that it might.
//!
//! A moment is chosen by chance, from a seed that a failure prints: a part of the time that the
//! operation usually takes, or the instant at which a file appears that marks a step of it. The
//! same homes are used all along, so that what one kill leaves behind is there for the next.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use papermesh_tests::answer::{Job, Submitted};
use papermesh_tests::device::{Fate, ScriptedPrinter};
use papermesh_tests::machine::files;
use papermesh_tests::wait::{wait_for, wait_until};
use papermesh_tests::{Document, Machine, SOON, Seed, Site, User};

/// Kills while documents are submitted.
const SUBMISSIONS: usize = 80;
/// Kills while documents are released into a tray.
const RELEASES: usize = 120;
/// Kills while documents are released to an IPP printer.
const IPP_RELEASES: usize = 40;
/// Sizes of documents: less than a segment, some segments, and enough to be caught on the way.
const SIZES: [u64; 3] = [2_000, 300_000, 6_000_000];
/// How long leases may take to lapse, and printers to find their holders again.
const SETTLED: Duration = Duration::from_secs(240);

#[test]
fn invariant_1_success_told_means_kept_while_submitting() {
    let site = Site::new();
    let mut seed = Seed::take();
    let charlie = User::charlie();
    let mut laptop = site.founder("laptop-1");
    let printer = site.tray_printer(&laptop, "printer-1");
    laptop.enroll(&charlie, &laptop);
    let documents = documents(&site);
    let mut usual = usual(|| laptop.print(&documents[2], &charlie));

    let mut cut_off = 0;
    let mut told: BTreeSet<String> = laptop.jobs().into_iter().map(|job| job.job).collect();
    for round in 0..SUBMISSIONS {
        let document = seed.one_of(&documents).clone();
        let spool = laptop.home().join("spool");
        let moment = Moment::choose(&mut seed, usual, || Moment::file_in(&spool));
        let mut submission = laptop.submission(&document, &charlie).start();
        moment.wait();
        let caught = !submission.has_ended();
        laptop.kill();
        usual = corrected(usual, caught);
        cut_off += usize::from(caught);
        let ended = submission.finish();
        if ended.is_success() {
            told.insert(ended.json::<Submitted>().job);
        }

        laptop.run();
        let held: BTreeSet<String> = laptop.jobs().into_iter().map(|job| job.job).collect();
        let lost: Vec<_> = told.difference(&held).collect();
        assert!(lost.is_empty(), "round {round}, {moment:?}: lost {lost:?}");
        // What is held without a word is a whole job; what is not held has left no file.
        let sealed: BTreeSet<String> = laptop.files("spool").iter().map(job_of).collect();
        assert_eq!(sealed, held, "round {round}, {moment:?}");
        told = held;
    }
    assert_spread("submissions", cut_off, SUBMISSIONS);

    let list = wait_for(SOON, "all jobs to be listed", || {
        let ended = printer.visit(&charlie).attempt(&["--all"]);
        ended
            .is_success()
            .then(|| ended.json::<papermesh_tests::answer::VisitReport>())
    });
    assert_eq!(list.jobs.len(), told.len());
    assert!(list.each_ended("printed"));
    let tray = printer.tray();
    assert_eq!(tray.len(), told.len());
    for paper in tray {
        assert!(documents.iter().any(|document| document.is_at(&paper)));
    }
}

/// The job that a file of the spool belongs to.
pub(super) fn job_of(file: &PathBuf) -> String {
    assert_eq!(
        file.extension().and_then(|e| e.to_str()),
        Some("sealed"),
        "{file:?}"
    );
    file.file_stem().unwrap().to_string_lossy().into_owned()
}

#[test]
fn invariant_1_nothing_is_lost_and_nothing_printed_twice_silently_while_releasing() {
    let site = Site::new();
    let laptop = site.founder("laptop-1");
    let printer = site.tray_printer(&laptop, "printer-1");
    let tray = Outlet::Tray(printer.home().join("tray"));
    release_and_kill(RELEASES, &site, laptop, printer, tray);
}

/// The same with a printer that has a life and a memory of its own, and can be asked afterwards:
/// what counts is what it received and printed.
#[test]
fn invariant_1_nothing_is_lost_and_nothing_printed_twice_silently_by_an_ipp_printer() {
    let site = Site::new();
    let device = ScriptedPrinter::start(Fate::Prints);
    let laptop = site.founder("laptop-1");
    let printer = site.printer(&laptop, "printer-1", &device.uri());
    let device = Outlet::device(device);
    release_and_kill(IPP_RELEASES, &site, laptop, printer, device);
}

/// Kills printer or holder, by chance, while jobs are released, so many times.
fn release_and_kill(
    rounds: usize,
    site: &Site,
    mut laptop: Machine,
    mut printer: Machine,
    outlet: Outlet,
) {
    let mut seed = Seed::take();
    let charlie = User::charlie();
    laptop.enroll(&charlie, &laptop);
    let documents = documents(site);
    let mut ledger = Ledger::of(outlet);
    for document in &documents[1..] {
        ledger.submit(&laptop, &charlie, document);
    }
    let mut usual = usual(|| {
        printer.visit(&charlie).keeping().print_all();
    });
    ledger.forgive();

    let (mut cut_off, mut counted) = (0, 0);
    for round in 0..rounds {
        for _ in 0..2 {
            let document = seed.one_of(&documents).clone();
            ledger.submit(&laptop, &charlie, &document);
        }
        ledger.look(&laptop, &printer, &charlie);

        let moment = Moment::choose(&mut seed, usual, || ledger.outlet.next());
        let at_printer = seed.below(2) == 0;
        let works = ledger.outlet.works(&mut seed);
        let mut visit = printer.visit(&charlie).begin(&["--all"]);
        moment.wait();
        let caught = !visit.has_ended();
        let victim = if at_printer {
            &mut printer
        } else {
            &mut laptop
        };
        victim.kill();
        ledger.outlet.finish();
        // A step of the visit, or an endless one, is caught whatever the moment.
        if !works && matches!(moment, Moment::After(_)) {
            usual = corrected(usual, caught);
            cut_off += usize::from(caught);
            counted += 1;
        }
        let _ = visit.finish();
        victim.run();
        eprintln!(
            "round {round}: killed {}, {moment:?}, works: {works}",
            victim.name()
        );
    }
    assert_spread("visits", cut_off, counted);

    // Once nobody kills any more, everything comes out.
    wait_until(SETTLED, "all leases to end", || {
        ledger.look(&laptop, &printer, &charlie);
        !laptop.jobs().iter().any(|job| job.leased)
    });
    let visit = printer.visit(&charlie);
    assert!(visit.reprinting().print_all().each_ended("printed"));
    ledger.settle(&laptop);
    eprintln!(
        "{} of {} jobs were marked",
        ledger.told.len(),
        ledger.submitted.len()
    );
}

/// Where paper comes out.
enum Outlet {
    /// A tray's folder.
    Tray(PathBuf),
    /// A printer, and how many papers were taken out of it.
    Device(ScriptedPrinter, usize),
}

impl Outlet {
    fn device(device: ScriptedPrinter) -> Self {
        Self::Device(device, 0)
    }

    /// Each paper that came out: its title, and whether it is what `document` says for that title.
    fn papers<'d>(&self, document: impl Fn(&str) -> Option<&'d Document>) -> Vec<(String, bool)> {
        match self {
            Self::Tray(folder) => {
                let papers = files(folder).into_iter().filter_map(|paper| {
                    let name = paper.file_name()?.to_string_lossy().into_owned();
                    let title = name.split('-').next()?.to_owned();
                    // What is on its way there is hidden.
                    (!name.starts_with('.')).then_some((paper, title))
                });
                papers
                    .map(|(paper, title)| {
                        let whole = document(&title).is_none_or(|d| d.is_at(&paper));
                        (title, whole)
                    })
                    .collect()
            }
            Self::Device(device, taken) => {
                let papers = device.papers(|name, bytes| {
                    let title = name.split(' ').next().unwrap_or_default().to_owned();
                    let whole = document(&title).is_none_or(|d| d.is(bytes));
                    (title, whole)
                });
                papers.into_iter().skip(*taken).collect()
            }
        }
    }

    /// Takes out what is there.
    fn clear(&mut self) {
        match self {
            Self::Tray(folder) => {
                for paper in files(folder) {
                    std::fs::remove_file(paper).unwrap();
                }
            }
            Self::Device(device, taken) => *taken = device.printed().len(),
        }
    }

    /// By chance, lets a printer work at what it is given, with no end in sight, so that the kill
    /// comes while it prints; says whether it does. A tray knows nothing between empty and full.
    fn works(&self, seed: &mut Seed) -> bool {
        match self {
            Self::Device(device, _) if seed.below(3) == 0 => {
                device.set(Fate::Works);
                true
            }
            _ => false,
        }
    }

    /// Lets a printer finish what it works at.
    fn finish(&self) {
        if let Self::Device(device, _) = self {
            device.set(Fate::Prints);
        }
    }

    /// The instant at which it is given something.
    fn next(&self) -> Moment {
        match self {
            Self::Tray(folder) => Moment::file_in(folder),
            Self::Device(device, _) => Moment::Given(device.clone(), device.given()),
        }
    }
}

/// What the user knows: what was submitted, what may have printed, and what came out.
struct Ledger {
    outlet: Outlet,
    /// Each job, and the document that it is.
    submitted: BTreeMap<String, Document>,
    /// Jobs of which the list said that they may have printed.
    told: BTreeSet<String>,
    /// Papers of each title when the user last looked.
    papers: BTreeMap<String, usize>,
}

impl Ledger {
    fn of(outlet: Outlet) -> Self {
        Self {
            outlet,
            submitted: BTreeMap::new(),
            told: BTreeSet::new(),
            papers: BTreeMap::new(),
        }
    }

    /// Each job has a title of its own, by which its papers are known.
    fn submit(&mut self, laptop: &Machine, user: &User, document: &Document) {
        let title = format!("paper{:04}", self.submitted.len());
        let submission = laptop.submission(document, user).args(["--title", &title]);
        let submitted: Submitted = submission.json();
        self.submitted.insert(title, document.clone());
        assert!(!submitted.job.is_empty());
    }

    /// Papers made before the kills began are not counted.
    fn forgive(&mut self) {
        self.outlet.clear();
    }

    /// How many papers there are of each title.
    fn counted(&self) -> BTreeMap<String, usize> {
        let mut papers = BTreeMap::new();
        for (title, _) in self.outlet.papers(|_| None) {
            *papers.entry(title).or_default() += 1;
        }
        papers
    }

    /// The user looks at what came out and at the list, in this order: what came out before the
    /// list was made must be gone from it, or be marked, or be in a printer's hands.
    fn look(&mut self, laptop: &Machine, printer: &Machine, user: &User) {
        let papers = self.counted();
        let held = laptop.jobs();
        for (title, count) in &papers {
            let before = self.papers.get(title).copied().unwrap_or(0);
            let again = *count > before.max(1);
            assert!(
                !again || self.told.contains(title),
                "{title} was printed twice silently"
            );
        }
        for job in &held {
            let out = papers.get(&job.title).is_some_and(|count| *count > 0);
            assert!(
                !out || job.may_have_printed || job.leased,
                "{} is on paper and would be printed again silently",
                job.title
            );
        }
        for title in self.submitted.keys() {
            let kept = held.iter().any(|job| job.title == *title);
            assert!(kept || papers.contains_key(title), "{title} is lost");
        }
        self.papers = papers;
        // The list that the user sees says the same as the holder.
        let seen: Vec<Job> = wait_for(SETTLED, "the holder to be reached", || {
            let ended = printer.visit(user).attempt(&["--list"]);
            let list = ended
                .is_success()
                .then(|| ended.json::<papermesh_tests::answer::VisitReport>());
            list.map(|list| list.jobs)
                .filter(|jobs| jobs.len() >= held.len())
        });
        let doubtful = seen.into_iter().filter(|job| job.may_have_printed);
        self.told.extend(doubtful.map(|job| job.title));
    }

    /// At the end each document is on paper, as it was, and nothing is held.
    fn settle(&self, laptop: &Machine) {
        assert!(laptop.jobs().is_empty());
        assert!(laptop.files("spool").is_empty());
        for (title, whole) in self.outlet.papers(|title| self.submitted.get(title)) {
            assert!(whole, "{title} differs");
        }
        let papers = self.counted();
        for title in self.submitted.keys() {
            let count = papers.get(title).copied().unwrap_or(0);
            assert!(count > 0, "{title} is lost");
            assert!(
                count == 1 || self.told.contains(title),
                "{title} was printed {count} times silently"
            );
        }
    }
}

/// When to kill.
pub(super) enum Moment {
    /// So long after the operation began.
    After(Duration),
    /// As soon as another file appears in a folder, hidden ones included.
    File(PathBuf, BTreeSet<PathBuf>),
    /// As soon as a printer has been given more than so many jobs.
    Given(ScriptedPrinter, usize),
}

impl fmt::Debug for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::After(time) => write!(f, "after {time:?}"),
            Self::File(folder, _) => write!(f, "the next file of {}", folder.display()),
            Self::Given(_, jobs) => write!(f, "the printer's job after {jobs}"),
        }
    }
}

/// Beyond this much of the usual time the operation is over; some kills should come then, too.
const PERCENT: u64 = 130;

impl Moment {
    /// A moment by chance: every third is a `step` of the operation.
    pub(super) fn choose(seed: &mut Seed, usual: Duration, step: impl FnOnce() -> Self) -> Self {
        if seed.below(3) == 0 {
            return step();
        }
        let percent = u32::try_from(seed.below(PERCENT)).unwrap();
        Self::After(usual * percent / 100)
    }

    pub(super) fn file_in(folder: &Path) -> Self {
        Self::File(folder.to_owned(), files(folder).into_iter().collect())
    }

    fn has_come(&self, began: Instant) -> bool {
        match self {
            Self::After(time) => began.elapsed() >= *time,
            Self::File(folder, known) => files(folder).iter().any(|file| !known.contains(file)),
            Self::Given(device, jobs) => device.given() > *jobs,
        }
    }

    /// Waits for the moment, or for two seconds if it never comes.
    pub(super) fn wait(&self) {
        let began = Instant::now();
        if let Self::After(time) = self {
            std::thread::sleep(*time);
        }
        while !self.has_come(began) && began.elapsed() < Duration::from_secs(2) {
            std::thread::yield_now();
        }
    }
}

/// Kills that all come before or after what they are to interrupt show nothing.
fn assert_spread(what: &str, cut_off: usize, all: usize) {
    eprintln!("{cut_off} of {all} {what} were cut off");
    let tenth = all / 10;
    assert!(
        (tenth..=all - tenth).contains(&cut_off),
        "the kills came at the wrong moments"
    );
}

/// How long an operation takes is learned while it is killed: whatever the machine, about as many
/// kills come before its end as after it.
pub(crate) fn corrected(usual: Duration, caught: bool) -> Duration {
    if caught { usual * 3 / 2 } else { usual * 2 / 3 }
}

/// How long an operation usually takes: the middle one of three.
pub(crate) fn usual<T>(mut operation: impl FnMut() -> T) -> Duration {
    let mut times = [(); 3].map(|()| {
        let began = Instant::now();
        operation();
        began.elapsed()
    });
    times.sort();
    times[1]
}

fn documents(site: &Site) -> Vec<Document> {
    let document = |size: &u64| Document::pdf_of(site.folder(), &format!("{size}.pdf"), "x", *size);
    SIZES.iter().map(document).collect()
}
