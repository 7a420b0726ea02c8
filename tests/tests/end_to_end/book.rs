//! The book: its commands are run, and what it says of commands, settings and files is looked up.
//!
//! Each chapter is followed as a reader would. A block that begins with three backticks and `sh` is typed at the computer that its
//! first line names (`# on laptop-1`), in that computer's shell, which stays from block to block. Each computer is a
//! network namespace of its own on one wire, with a home folder of its own, so that every command runs as it is printed: with
//! its own defaults, ports and mDNS, and with questions that are answered at a terminal. They share the folder in which they work, for the
//! files that the book has carried over. Every chapter but the first begins where `start/site.md` ends.
//!
//! Blocks of other kinds are not run: `console` has what needs another system, a printer, or a person in between, and says
//! so by itself. Needs root.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use papermesh_tests::answer::Job;
use papermesh_tests::command::Invocation;
use papermesh_tests::cups::Cups;
use papermesh_tests::network::{Namespace, Wire};
use papermesh_tests::program::{self, system};
use papermesh_tests::wait::{wait_for, wait_until};
use papermesh_tests::{Machine, SOON, Setting, Site};
use rustix::process::{Pid, Signal, kill_process};

use super::doctor::finding;

/// How long one block may take.
const LIMIT: Duration = Duration::from_secs(120);
/// The chapter that makes the site on which all others go on.
const FIRST: &str = "start/site.md";
/// What a node calls its home where nobody says otherwise, below the user's folder.
const HOME: &str = ".local/share/papermesh";

macro_rules! chapters {
    ($($test:ident: $chapter:literal;)*) => {
        /// Chapters whose commands are run.
        const CHAPTERS: &[&str] = &[$($chapter),*];
        $(
            #[test]
            fn $test() {
                follow($chapter);
            }
        )*
    };
}

chapters! {
    a_site_in_five_minutes: "start/site.md";
    at_the_printer: "start/printer.md";
    your_own_page: "start/page.md";
    run_it_as_a_service: "operate/service.md";
    ports_and_bootstrap_nodes: "operate/network.md";
    configuration: "operate/configuration.md";
    printers_and_devices: "operate/printers.md";
    users_pins_and_badges: "operate/users.md";
    members_and_admins: "operate/members.md";
    certificates_for_browsers: "operate/certificates.md";
    logs_checks_and_audit: "operate/watch.md";
    what_was_lost: "recover/lost.md";
    what_went_wrong: "recover/trouble.md";
    back_up_and_restore: "recover/backup.md";
    upgrade: "upgrade.md";
}

/// Its site has a CUPS besides, and what is printed there arrives.
#[test]
fn from_a_desktop() {
    let readers = follow(DESKTOP);
    wait_until(SOON, "the job to be held", || readers.jobs("laptop-1") == 1);
}

const DESKTOP: &str = "start/desktop.md";

// What is run -----------------------------------------------------------------------------------

/// Runs the commands of a chapter, after those that make its site.
fn follow(chapter: &str) -> Readers {
    let mut readers = Readers::new();
    readers.has_cups = chapter == DESKTOP;
    readers.read(FIRST);
    assert_eq!(readers.printed("front-desk"), 2, "both documents came out");
    if chapter != FIRST {
        readers.read(chapter);
    }
    readers
}

/// Who does what the book says, and on which computers.
struct Readers {
    computers: BTreeMap<String, Computer>,
    has_cups: bool,
    cups: Option<Cups>,
    /// The passphrase of the site's root, which is shown once.
    root: String,
    wire: Wire,
    // The last to go: it takes the others' homes with it.
    site: Site,
}

impl Readers {
    fn new() -> Self {
        let site = Site::new();
        fs::create_dir(site.path("carried")).unwrap();
        for name in ["report.pdf", "letter.pdf", "contract.pdf"] {
            let document = site.document(name, name);
            fs::rename(document.path(), site.path("carried").join(name)).unwrap();
        }
        fs::write(site.path("computer.sh"), SHELL).unwrap();
        Self {
            computers: BTreeMap::new(),
            has_cups: false,
            cups: None,
            root: String::new(),
            wire: Wire::new(5),
            site,
        }
    }

    fn read(&mut self, chapter: &str) {
        for block in commands_of(chapter) {
            if !self.computers.contains_key(&block.computer) {
                self.switch_on(&block.computer);
            }
            // So that the shell's numbers of lines are those of the chapter.
            let file = format!("{}-{}.sh", chapter.replace('/', "-"), block.line);
            let file = self.site.path(&file);
            let text = format!("{}{}\n", "\n".repeat(block.line - 1), block.text);
            fs::write(&file, text).unwrap();
            let computer = self.computers.get_mut(&block.computer).unwrap();
            let shown = computer.run(chapter, &block, &file, &self.root);
            let root = shown.split("root passphrase").nth(1);
            if let Some(root) = root.and_then(|rest| rest.split_whitespace().next()) {
                root.clone_into(&mut self.root);
            }
        }
    }

    fn switch_on(&mut self, name: &str) {
        let namespace = Namespace::new();
        self.wire.plug(&namespace);
        if self.has_cups && self.cups.is_none() {
            self.cups = Some(Cups::within(&namespace));
        }
        let computer = Computer::start(name, &self.site, namespace, self.cups.as_ref());
        self.computers.insert(name.to_owned(), computer);
    }

    /// How many documents came out of a printer's tray.
    fn printed(&self, printer: &str) -> usize {
        let tray = self.site.path(printer).join(HOME).join("tray");
        papermesh_tests::machine::files(&tray).len()
    }

    /// How many jobs a computer holds.
    fn jobs(&self, computer: &str) -> usize {
        let namespace = self.computers[computer].namespace.name();
        let jobs = Invocation::new(program::papermesh(), Some(namespace))
            .env("PAPERMESH_HOME", self.site.path(computer).join(HOME))
            .args(["--json", "jobs", "list"]);
        jobs.json::<Vec<Job>>().len()
    }
}

/// What the shell of a computer does: it runs one file after the other, and ends at the first command that
/// fails, saying which.
const SHELL: &str = r#"stty -echo cols 100 rows 40
set -eE -o pipefail
trap 'printf "@failed %s:%s: %s (exit status %s)\n" "$chapter" "$LINENO" "$BASH_COMMAND" "$?"' ERR
while read -r chapter block; do
    . "$block"
    echo @done
done
"#;
const DONE: &str = "@done";
const FAILED: &str = "@failed";

/// What people type when they are asked.
const PASSPHRASE: &str = "correct horse battery staple";
const PIN: &str = "481516";
const NEW_PIN: &str = "2718281";
const JOB_PIN: &str = "90210";

/// A computer with somebody at its terminal.
struct Computer {
    name: String,
    terminal: Child,
    keyboard: ChildStdin,
    screen: Arc<Mutex<String>>,
    namespace: Namespace,
}

impl Computer {
    fn start(name: &str, site: &Site, namespace: Namespace, cups: Option<&Cups>) -> Self {
        let home = site.path(name);
        fs::create_dir(&home).unwrap();
        let mut command = Command::new(system("ip"));
        command
            .args(["netns", "exec", namespace.name()])
            .arg(system("script"))
            .args(["--quiet", "--flush", "--return", "--command"])
            .arg(format!("bash {}", site.path("computer.sh").display()))
            .arg("/dev/null")
            .current_dir(site.path("carried"))
            .env("HOME", &home)
            .env("PATH", search_path())
            .env("TERM", "xterm")
            .env("NO_COLOR", "1");
        for (variable, _) in std::env::vars_os() {
            let name = variable.to_string_lossy();
            if name.starts_with("PAPERMESH_") || name.starts_with("XDG_") {
                command.env_remove(&variable);
            }
        }
        if let Some(cups) = cups {
            command.env("CUPS_SERVER", cups.socket());
        }
        let mut terminal = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let screen = Arc::new(Mutex::new(String::new()));
        let (mut output, shown) = (terminal.stdout.take().unwrap(), Arc::clone(&screen));
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(count @ 1..) = output.read(&mut bytes) {
                let text = String::from_utf8_lossy(&bytes[..count]).into_owned();
                shown.lock().unwrap().push_str(&text);
            }
        });
        Self {
            name: name.to_owned(),
            keyboard: terminal.stdin.take().unwrap(),
            terminal,
            screen,
            namespace,
        }
    }

    /// Runs a block, answers what is asked, and gives what was shown.
    fn run(&mut self, chapter: &str, block: &Block, file: &Path, root: &str) -> String {
        let begun = self.shown().len();
        writeln!(self.keyboard, "{chapter} {}", file.display()).unwrap();
        let what = format!("{chapter}:{} to be done on {}", block.line, self.name);
        let (mut read, mut typed) = (begun, String::new());
        let succeeded = wait_for(LIMIT, &what, || {
            let screen = self.shown();
            if let Some((question, rest)) = question(&screen[read..]) {
                read = screen.len() - rest.len();
                typed = answer(question, &typed, root);
                write!(self.keyboard, "{typed}\r").unwrap();
            }
            let shown = &screen[begun..];
            // What failed may have been said last.
            let ended = matches!(self.terminal.try_wait(), Ok(Some(_)));
            match (shown.contains(FAILED) || ended, shown.contains(DONE)) {
                (true, _) => Some(false),
                (false, true) => Some(true),
                (false, false) => None,
            }
        });
        let shown = self.shown()[begun..].to_owned();
        assert!(
            succeeded,
            "{chapter}:{} failed on {}:\n{shown}",
            block.line, self.name
        );
        shown
    }

    fn shown(&self) -> String {
        self.screen.lock().unwrap().clone()
    }
}

impl Drop for Computer {
    /// Ends what was started here, the nodes in the background as well.
    fn drop(&mut self) {
        if std::thread::panicking() {
            let screen = self.screen.lock().map(|shown| shown.clone());
            eprintln!("--- what {} showed:", self.name);
            eprintln!("{}", screen.unwrap_or_default());
        }
        let running = Command::new(system("ip"))
            .args(["netns", "pids", self.namespace.name()])
            .output();
        let running = running.map(|output| output.stdout).unwrap_or_default();
        let running = String::from_utf8_lossy(&running).into_owned();
        let ids = running.split_whitespace().filter_map(|id| id.parse().ok());
        for id in ids.filter_map(Pid::from_raw) {
            // It fails only if it has ended already.
            let _ = kill_process(id, Signal::KILL);
        }
        let _ = self.terminal.kill();
        let _ = self.terminal.wait();
    }
}

/// The question that is asked last, without its colon, and what was shown after it. One that was answered is
/// shown again, with stars behind it.
fn question(shown: &str) -> Option<(&str, &str)> {
    shown.match_indices(": \r").find_map(|(at, asked)| {
        let line = shown[..at].rsplit('\n').next()?;
        let (_, question) = line.rsplit_once("? ")?;
        Some((question, &shown[at + asked.len()..]))
    })
}

/// What is typed when this is asked; `typed` was the last answer.
fn answer(question: &str, typed: &str, root: &str) -> String {
    let answer = match question {
        "Once more" => typed,
        _ if question.starts_with("The root's passphrase") => root,
        _ if question.contains("assphrase") => PASSPHRASE,
        _ if question.contains("new PIN") => NEW_PIN,
        _ if question.contains("this job only") || question.contains("job's own") => JOB_PIN,
        _ if question.contains("PIN") => PIN,
        _ => panic!("nobody knows what to answer to {question:?}"),
    };
    answer.to_owned()
}

/// The programs that were built, before all others.
fn search_path() -> OsString {
    let built = program::papermesh().parent().unwrap().to_owned();
    let rest = std::env::var_os("PATH").unwrap_or_default();
    let all = std::iter::once(built).chain(std::env::split_paths(&rest));
    std::env::join_paths(all).unwrap()
}

// What is read ----------------------------------------------------------------------------------

/// A fenced block of a page: what stands behind the backticks, its first line's number, and its text.
struct Fenced {
    kind: String,
    line: usize,
    text: String,
}

/// A block that is typed somewhere.
struct Block {
    line: usize,
    computer: String,
    text: String,
}

fn repository() -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().unwrap().to_owned()
}

fn source() -> PathBuf {
    repository().join("docs/src")
}

/// All pages of the book, and README.
fn pages() -> Vec<PathBuf> {
    let mut pages = vec![repository().join("README.md")];
    let mut folders = vec![source()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                pages.push(path);
            }
        }
    }
    pages.sort();
    pages
}

fn fenced(page: &str) -> Vec<Fenced> {
    let mut blocks = Vec::new();
    let mut open: Option<Fenced> = None;
    for (number, line) in (1..).zip(page.lines()) {
        if let Some(kind) = line.trim_start().strip_prefix("```") {
            match open.take() {
                Some(block) => blocks.push(block),
                None => {
                    open = Some(Fenced {
                        kind: kind.to_owned(),
                        line: number + 1,
                        text: String::new(),
                    });
                }
            }
        } else if let Some(block) = &mut open {
            block.text.push_str(line);
            block.text.push('\n');
        }
    }
    assert!(open.is_none(), "a block has no end");
    blocks
}

/// A page without its blocks.
fn prose(page: &str) -> String {
    let mut within = false;
    let mut kept = String::new();
    for line in page.lines() {
        if line.trim_start().starts_with("```") {
            within = !within;
        } else if !within {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    kept
}

/// The blocks of a chapter that are run.
fn commands_of(chapter: &str) -> Vec<Block> {
    let page = fs::read_to_string(source().join(chapter)).unwrap();
    let typed = |block: Fenced| {
        let first = block.text.lines().next().unwrap_or_default();
        let computer = first.strip_prefix("# on ").unwrap_or_else(|| {
            panic!(
                "{chapter}:{}: the first line does not say on which computer",
                block.line
            )
        });
        Block {
            line: block.line,
            computer: computer.to_owned(),
            text: block.text,
        }
    };
    let run = fenced(&page).into_iter().filter(|block| block.kind == "sh");
    run.map(typed).collect()
}

/// None is left out.
#[test]
fn every_chapter_with_commands_is_run_and_every_chapter_is_in_the_summary() {
    let summary = fs::read_to_string(source().join("SUMMARY.md")).unwrap();
    let mut with_commands = BTreeSet::new();
    for page in pages() {
        let Ok(chapter) = page.strip_prefix(source()) else {
            continue;
        };
        let chapter = chapter.to_str().unwrap().to_owned();
        let listed = summary.contains(&format!("]({chapter})"));
        assert!(listed || chapter == "SUMMARY.md", "{chapter} is not listed");
        if !commands_of(&chapter).is_empty() {
            with_commands.insert(chapter);
        }
    }
    let run = CHAPTERS.iter().chain([&DESKTOP]);
    let run: BTreeSet<String> = run.map(|&chapter| chapter.to_owned()).collect();
    assert_eq!(with_commands, run);
}

/// What the pages configure is understood.
#[test]
fn every_setting_in_the_book_is_one() {
    let site = Site::new();
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        for block in fenced(&text) {
            if block.kind != "toml" {
                continue;
            }
            let place = format!("{}:{}", page.display(), block.line);
            let machine = Machine::new(site.folder(), "settings", Setting::default());
            fs::create_dir_all(machine.home()).unwrap();
            fs::write(machine.home().join("papermesh.toml"), &block.text).unwrap();
            let found = finding(&machine, "configuration");
            assert_eq!(found.verdict, "good", "{place}: {}", found.detail);
        }
    }
}

/// Relative links lead to files and headings that are there.
#[test]
fn every_link_leads_somewhere() {
    for page in pages() {
        let text = prose(&fs::read_to_string(&page).unwrap());
        for rest in text.split("](").skip(1) {
            let link = rest.split(')').next().unwrap_or_default();
            if link.starts_with("https://") {
                continue;
            }
            let (path, heading) = link.split_once('#').unwrap_or((link, ""));
            let target = match path {
                "" => page.clone(),
                path => page.parent().unwrap().join(path),
            };
            let at = page.display();
            assert!(target.exists(), "{at}: {link} leads nowhere");
            if !heading.is_empty() {
                let there = prose(&fs::read_to_string(&target).unwrap());
                let is_there = there.lines().any(|line| anchor(line) == heading);
                assert!(is_there, "{at}: {link}: there is no such heading");
            }
        }
    }
}

/// The name by which a heading is linked to; empty for other lines.
fn anchor(line: &str) -> String {
    let title = line.trim_start_matches('#');
    if title == line {
        return String::new();
    }
    let kept = title.trim().to_lowercase();
    kept.chars()
        .filter(|c| c.is_alphanumeric() || " -_".contains(*c))
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}

/// Commands and flags are those that the programs have.
#[test]
fn every_command_and_flag_in_the_book_exists() {
    let mut manual = Manual::default();
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        let blocks = fenced(&text).into_iter();
        let typed = blocks.filter(|block| ["sh", "console"].contains(&&*block.kind));
        let mut lines: Vec<String> = typed
            .flat_map(|block| {
                block
                    .text
                    .lines()
                    .map(str::to_owned)
                    .collect::<Vec<String>>()
            })
            .collect();
        let prose = prose(&text).replace('\n', " ");
        lines.extend(prose.split('`').skip(1).step_by(2).map(str::to_owned));
        for line in lines {
            let checked = manual.check(&line);
            assert_eq!(checked, Ok(()), "{}: {line}", page.display());
        }
    }
}

/// What the programs say of their commands, by the words with which each is called.
#[derive(Default)]
struct Manual {
    help: BTreeMap<Vec<String>, String>,
}

impl Manual {
    fn help(&mut self, command: &[String]) -> &str {
        self.help.entry(command.to_vec()).or_insert_with(|| {
            let program = match command[0].as_str() {
                "papermesh-bootstrap" => program::bootstrap(),
                _ => program::papermesh(),
            };
            let help = Invocation::of(program).args(&command[1..]).arg("--help");
            help.run().succeeded().stdout().to_owned()
        })
    }

    /// The commands below a command.
    fn below(&mut self, command: &[String]) -> Vec<String> {
        let help = self.help(command);
        let listed = help.split("\nCommands:\n").nth(1).unwrap_or_default();
        let listed = listed.split("\n\n").next().unwrap_or_default().lines();
        // Their first lines; what is said of them goes on further in.
        let named =
            listed.filter_map(|line| line.strip_prefix("  ").filter(|l| !l.starts_with(' ')));
        named
            .filter_map(|line| line.split_whitespace().next().map(str::to_owned))
            .collect()
    }

    /// All flags of a command and of those below it.
    fn flags(&mut self, command: &[String]) -> BTreeSet<String> {
        let help = self.help(command).to_owned();
        let mut flags: BTreeSet<String> = flags_in(&help).map(str::to_owned).collect();
        for name in self.below(command) {
            if name != "help" {
                let further = [command, &[name]].concat();
                flags.extend(self.flags(&further));
            }
        }
        flags
    }

    /// Whether the commands of ours in a line, and a flag that stands there alone, are those that there are.
    fn check(&mut self, line: &str) -> Result<(), String> {
        let line = line.split(" #").next().unwrap_or_default();
        let mut words = line.split_whitespace().peekable();
        if let Some(flag) = words.next_if(|word| word.starts_with("--")) {
            let mut all = self.flags(&["papermesh".to_owned()]);
            all.extend(self.flags(&["papermesh-bootstrap".to_owned()]));
            return match all.contains(flag) {
                true => Ok(()),
                false => Err(format!("no command has the flag {flag}")),
            };
        }
        while let Some(word) = words.next() {
            if word != "papermesh" && word != "papermesh-bootstrap" {
                continue;
            }
            let mut command = vec![word.to_owned()];
            // The account that runs it has its name.
            while let Some(word) = words.next_if(|next| *next != "papermesh") {
                if ["|", ">", "<", "&", "&&", ";", "help"].contains(&word) {
                    break;
                }
                if word.starts_with("--") {
                    let help = self.help(&command);
                    if !flags_in(help).any(|flag| flag == word) {
                        return Err(format!("{command:?} has no flag {word}"));
                    }
                    if help.contains(&format!("{word} <")) {
                        let _ = words.next();
                    }
                } else if self.below(&command).iter().any(|name| name == word) {
                    command.push(word.to_owned());
                } else if command.len() == 1 && is_name(word) {
                    return Err(format!("{command:?} has no command {word}"));
                }
            }
        }
        Ok(())
    }
}

/// The flags that a help text names.
fn flags_in(help: &str) -> impl Iterator<Item = &str> {
    let words = help
        .split_whitespace()
        .map(|word| word.trim_end_matches(','));
    words.filter(|word| word.starts_with("--"))
}

/// Whether a word could be the name of a command.
fn is_name(word: &str) -> bool {
    word.chars().all(|c| c.is_ascii_lowercase() || c == '-') && !word.starts_with('-')
}
