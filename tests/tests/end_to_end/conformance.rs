//! The hold printer before its judges: the suites of CUPS, in which nothing may fail, and those of
//! the Printer Working Group, of which `tests/ipptool` has what is expected of each test and why.
//!
//! A user at a printer releases what they print, because they wait for jobs to be completed.

use std::fmt::Write as _;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use papermesh_tests::command::{Ended, Invocation};
use papermesh_tests::sample::{self, Color};
use papermesh_tests::{Document, Machine, Setting, Site, User, program};

/// Where CUPS keeps its suites.
const SUITES: &str = "/usr/share/cups/ipptool";
/// How long one suite may take, with every job released by its user.
const SUITE: Duration = Duration::from_secs(900);

// CUPS ----------------------------------------------------------------------------------------

#[test]
fn the_suite_of_ipp_1_1_finds_no_fault() {
    suite_of_cups("1.1", "1.1", "sample.pdf");
}

#[test]
fn the_suite_of_ipp_2_0_finds_no_fault() {
    suite_of_cups("2.0", "2.0", "color.jpg");
}

#[test]
fn the_suite_of_ipp_2_1_finds_no_fault() {
    suite_of_cups("2.1", "2.1", "sample.pwg");
}

#[test]
fn the_suite_of_ipp_2_2_finds_no_fault() {
    suite_of_cups("2.2", "2.2", "sample.pdf");
}

#[test]
fn the_suite_of_ipp_everywhere_finds_no_fault() {
    suite_of_cups("everywhere", "2.0", "sample.pdf");
}

/// Runs a suite over IPP and over IPPS.
fn suite_of_cups(name: &str, version: &str, sample: &str) {
    let office = Office::new();
    let folder = office.site.path("suites");
    lay_out(&folder, name);
    for scheme in ["ipp", "ipps"] {
        let suite = folder.join(format!("ipp-{name}.test"));
        let judged = office.judged(scheme, version, &folder.join(sample), &suite);
        check(&format!("ipp-{name} over {scheme}"), &judged);
    }
}

/// Nothing failed, nothing was left out but what this printer rightly does not have.
pub(super) fn check(what: &str, judged: &Ended) {
    let said = judged.stdout();
    let count = |verdict: &str| said.lines().filter(|line| line.ends_with(verdict)).count();
    let (passed, failed, skipped) = (count("[PASS]"), count("[FAIL]"), count("[SKIP]"));
    eprintln!("{what}: {passed} passed, {failed} failed, {skipped} skipped");
    let mut skips: Vec<&str> = (said.lines())
        .filter(|line| line.ends_with("[SKIP]"))
        .collect();
    skips.dedup();
    eprintln!("{}", skips[..skips.len().min(30)].join("\n"));
    // A file that is missing ends a suite without a word of failure.
    assert!(
        !judged.stderr().contains("cannot be read"),
        "{}",
        judged.stderr()
    );
    assert!(
        failed == 0 && judged.is_success(),
        "{what}:\n{said}\n{}",
        judged.stderr()
    );
    assert!(passed >= 30, "{what} was broken off:\n{said}");
}

/// Lays the suites out beside the samples that they ask for.
pub(super) fn lay_out(folder: &Path, name: &str) {
    fs::create_dir_all(folder).unwrap();
    for suite in fs::read_dir(SUITES).expect("the suites of CUPS (package cups-ipp-utils)") {
        let suite = suite.unwrap();
        fs::copy(suite.path(), folder.join(suite.file_name())).unwrap();
    }
    for name in ["sample.pdf", "document-a4.pdf", "document-letter.pdf"] {
        let _ = Document::pdf(folder, name, "a sample");
    }
    // The suites want these to be there even where they do not print them.
    for name in ["document-a4.ps", "document-letter.ps"] {
        fs::write(folder.join(name), "%!PS-Adobe-3.0\nshowpage\n").unwrap();
    }
    for name in ["color.jpg", "gray.jpg"] {
        fs::write(folder.join(name), sample::jpeg()).unwrap();
    }
    fs::write(
        folder.join("sample.pwg"),
        sample::pwg_raster(300, Color::Gray),
    )
    .unwrap();
    let suite = fs::read_to_string(folder.join(format!("ipp-{name}.test"))).unwrap();
    for path in suite
        .lines()
        .filter_map(|line| line.trim().strip_prefix("SKIP-IF-MISSING "))
    {
        // Those of other colors and resolutions are not printed, but opened.
        let color = match path.contains("/srgb-8/") {
            true => Color::Rgb,
            false => Color::Gray,
        };
        let dpi = if path.contains("-600dpi/") { 600 } else { 300 };
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, sample::pwg_raster(dpi, color)).unwrap();
    }
}

// The Printer Working Group -------------------------------------------------------------------

#[test]
fn the_suite_of_production_printing_finds_what_is_expected() {
    suite_of_the_pwg("pwg5100.3");
}

#[test]
fn the_suite_of_finishings_finds_what_is_expected() {
    suite_of_the_pwg("pwg5100.1");
}

#[test]
fn the_suite_of_documents_finds_what_is_expected() {
    suite_of_the_pwg("pwg5100.5");
}

#[test]
fn the_suite_of_page_overrides_finds_what_is_expected() {
    suite_of_the_pwg("pwg5100.6");
}

#[test]
fn the_suite_of_job_extensions_finds_what_is_expected() {
    suite_of_the_pwg("pwg5100.7");
}

#[test]
fn the_suite_of_actual_attributes_finds_what_is_expected() {
    suite_of_the_pwg("pwg5100.8");
}

#[test]
fn the_suite_of_alerts_finds_what_is_expected() {
    suite_of_the_pwg("pwg5100.9");
}

#[test]
fn the_suite_of_enterprise_printing_finds_what_is_expected() {
    suite_of_the_pwg("pwg5100.11");
}

#[test]
fn the_suite_of_transactions_finds_what_is_expected() {
    suite_of_the_pwg("pwg5100.16");
}

#[test]
fn the_suite_of_settable_attributes_finds_what_is_expected() {
    suite_of_the_pwg("rfc3380");
}

#[test]
fn the_suite_of_notifications_finds_what_is_expected() {
    suite_of_the_pwg("rfc3995-3996");
}

#[test]
fn the_suite_of_administration_finds_what_is_expected() {
    suite_of_the_pwg("rfc3998");
}

/// Suites of which it is expected what they find at the hold printer, and at the infrastructure printer.
const EXPECTED: [&str; 13] = [
    "pwg5100.1",
    "pwg5100.3",
    "pwg5100.5",
    "pwg5100.6",
    "pwg5100.7",
    "pwg5100.8",
    "pwg5100.9",
    "pwg5100.11",
    "pwg5100.16",
    "pwg5100.18",
    "rfc3380",
    "rfc3995-3996",
    "rfc3998",
];

#[test]
fn whatever_does_not_pass_has_a_reason() {
    for entry in fs::read_dir(expectations()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let is_known = EXPECTED.contains(&name.as_str()) || ["suites", "README"].contains(&&*name);
        assert!(is_known, "nobody runs {name}");
    }
    for name in EXPECTED {
        let text = fs::read_to_string(expectations().join(format!("{name}.expected")));
        let expected = Verdict::expected(&text.unwrap());
        assert!(!expected.is_empty(), "{name}");
        for verdict in expected {
            let is_explained = !verdict.reason.trim().is_empty();
            assert!(
                verdict.word == "PASS" || is_explained,
                "{name}: {verdict:?}"
            );
        }
    }
}

/// Set to write what was found over what was expected, with the reasons that are known.
const WRITE: &str = "PAPERMESH_WRITE_EXPECTED";

/// Runs a suite and compares what it finds, test by test, with what is expected.
fn suite_of_the_pwg(name: &str) {
    let suite = suite(name);
    let office = Office::new();
    let folder = office.site.path("suites");
    fs::create_dir_all(&folder).unwrap();
    let sample = Document::pdf(&folder, "sample.pdf", "a sample");
    // A file that is missing ends a suite, even where it is not printed.
    let _ = Document::pdf(&folder, "onepage-letter.pdf", "one page");
    fs::write(folder.join("color.jpg"), sample::jpeg()).unwrap();
    for name in ["testfile.ps", "testfile.txt"] {
        fs::write(folder.join(name), "a sample\n").unwrap();
    }
    let laid_out = folder.join(format!("{name}.test"));
    fs::copy(&suite, &laid_out).unwrap();
    let judged = office.judged("ipp", "2.0", Path::new(sample.path_str()), &laid_out);
    compare(name, &judged);
}

/// The suite of PWG 5100.18 before the infrastructure printer. Its lines with a question mark mean operations
/// that may be left out, and `ipptool` takes them for values that an attribute must have: they are left out.
#[test]
fn the_suite_of_infrastructure_printers_finds_what_is_expected() {
    let name = "pwg5100.18";
    let suite = suite(name);
    let office = super::infra::Office::new();
    let laid_out = office.site.path("suite.test");
    let text = fs::read_to_string(suite).unwrap();
    let lines = text.lines().filter(|line| !line.contains("EXPECT ?"));
    fs::write(&laid_out, lines.collect::<Vec<_>>().join("\n")).unwrap();
    let uri = format!("ipp://{}/ipp/print/front-desk", office.address);
    let ipptool = Invocation::new(&program::system("ipptool"), None);
    let judged = ipptool
        .args(["-V", "2.0", "-tI"])
        .arg(uri)
        .arg(&laid_out)
        .run();
    compare(name, &judged);
}

/// Where a suite of the Printer Working Group is.
fn suite(name: &str) -> PathBuf {
    let suite = expectations().join(format!("suites/{name}.test"));
    assert!(
        suite.exists(),
        "the suites of the Printer Working Group are not here; run scripts/suites"
    );
    suite
}

/// Where it is kept what is expected of each suite.
fn expectations() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("ipptool")
}

/// Compares what a suite finds, test by test, with what is expected.
fn compare(name: &str, judged: &Ended) {
    let found = Verdict::all(judged);
    let path = expectations().join(format!("{name}.expected"));
    let expected = fs::read_to_string(&path).unwrap_or_default();
    let expected = Verdict::expected(&expected);
    if std::env::var_os(WRITE).is_some() {
        fs::write(&path, Verdict::written(name, &found, &expected)).unwrap();
        return;
    }
    let mut differences = String::new();
    for place in 0..found.len().max(expected.len()) {
        let (found, expected) = (found.get(place), expected.get(place));
        if found.map(Verdict::what) != expected.map(Verdict::what) {
            let _ = writeln!(differences, "expected {expected:?}\n   found {found:?}");
        }
    }
    assert!(
        differences.is_empty(),
        "{name} is not as expected:\n{differences}\n{}\n{}",
        judged.stdout(),
        judged.stderr()
    );
    for verdict in &expected {
        assert!(
            verdict.word == "PASS" || !verdict.reason.is_empty(),
            "{name}: nobody says why {verdict:?}"
        );
    }
    let passed = found.iter().filter(|verdict| verdict.word == "PASS");
    eprintln!(
        "{name}: {} of {} tests passed, the others as expected",
        passed.count(),
        found.len()
    );
}

/// What became of one test of a suite.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Verdict {
    test: String,
    /// `PASS`, `SKIP`, `FAIL`; `END` where the suite breaks off.
    word: String,
    reason: String,
}

impl Verdict {
    fn what(&self) -> (&str, &str) {
        (&self.test, &self.word)
    }

    /// What `ipptool -t` found.
    fn all(judged: &Ended) -> Vec<Self> {
        let found = judged.stdout();
        let verdicts = found.lines().filter_map(|line| {
            let (test, word) = line.trim().strip_suffix(']')?.rsplit_once('[')?;
            ["PASS", "SKIP", "FAIL"].contains(&word).then(|| Self {
                test: test.trim().to_owned(),
                word: word.to_owned(),
                reason: String::new(),
            })
        });
        let said = judged.stderr();
        let end = said.lines().find(|line| line.contains(".test"));
        let end = end.map(|_| Self {
            test: "the suite".to_owned(),
            word: "END".to_owned(),
            reason: String::new(),
        });
        verdicts.chain(end).collect()
    }

    /// Lines of `test = WORD`, and of `test = WORD because reason`; others are remarks.
    fn expected(text: &str) -> Vec<Self> {
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let verdicts = lines.filter_map(|line| {
            let (told, reason) = line.split_once(" because ").unwrap_or((line, ""));
            let (test, word) = told.rsplit_once(" = ")?;
            Some(Self {
                test: test.to_owned(),
                word: word.to_owned(),
                reason: reason.to_owned(),
            })
        });
        verdicts.collect()
    }

    fn written(name: &str, found: &[Self], known: &[Self]) -> String {
        let mut text = format!("# What is expected of {name}.test, in its order.\n");
        for (place, verdict) in found.iter().enumerate() {
            let same = |other: &&Self| other.what() == verdict.what();
            let at_place = known.get(place).filter(same);
            let reason = at_place.or_else(|| known.iter().find(same));
            let _ = write!(text, "{} = {}", verdict.test, verdict.word);
            if verdict.word != "PASS" {
                let reason = reason.map_or("", |known| known.reason.as_str());
                let _ = write!(text, " because {reason}");
            }
            text.push('\n');
        }
        text
    }
}

// What both have in common ----------------------------------------------------------------------

/// A laptop with a hold printer, whose user is its operator, and a printer where the user is.
struct Office {
    printer: Machine,
    laptop: Machine,
    charlie: User,
    address: SocketAddr,
    site: Site,
}

impl Office {
    fn new() -> Self {
        let site = Site::new();
        let charlie = User::charlie();
        let address = SocketAddr::from(([127, 0, 0, 1], papermesh_tests::reserve_port()));
        let setting = Setting::default()
            .with("PAPERMESH_IPP_USERS", &format!("{}=charlie", login()))
            .with("PAPERMESH_IPP_OPERATORS", "charlie")
            .running(&["--ipp", &address.to_string()]);
        let laptop = site.founder_at("laptop-1", setting);
        laptop.enroll(&charlie, &laptop);
        let printer = site.tray_printer(&laptop, "front-desk");
        Self {
            printer,
            laptop,
            charlie,
            address,
            site,
        }
    }

    /// Runs a suite, while Charlie releases what it prints.
    fn judged(&self, scheme: &str, version: &str, sample: &Path, suite: &Path) -> Ended {
        let uri = format!("{scheme}://localhost:{}/ipp/print", self.address.port());
        let ipptool = self.laptop.program(&program::system("ipptool"));
        judge(
            (&self.printer, &self.charlie),
            ipptool,
            (version, &uri),
            (sample, suite),
        )
    }
}

/// Runs a suite, while a user at a printer releases what it prints.
pub(super) fn judge(
    (printer, user): (&Machine, &User),
    ipptool: Invocation,
    (version, uri): (&str, &str),
    (sample, suite): (&Path, &Path),
) -> Ended {
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                // A visit that finds nothing is no failure.
                let _ = printer.visit(user).attempt(&["--all"]);
            }
        });
        let judged = ipptool
            // Who the suites say they are, where they say it.
            .env("CUPS_USER", &user.id)
            .args(["-V", version, "-tIf"])
            .arg(sample)
            .arg(uri)
            .arg(suite)
            .within(SUITE)
            .run();
        over.store(true, Ordering::Relaxed);
        judged
    })
}

/// What the programs of CUPS call whoever runs them.
fn login() -> String {
    let named = std::process::Command::new("id")
        .arg("-un")
        .output()
        .unwrap();
    String::from_utf8(named.stdout).unwrap().trim().to_owned()
}
