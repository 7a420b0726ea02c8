//! A real browser: Chromium, driven by `tests/browser/driver.mjs`.
//!
//! Every command waits until what it wants is there, and fails the test with what the page said
//! instead.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::command::Invocation;
use crate::network::Namespace;
use crate::program::{chromium, system};

/// How long a command may take; the driver gives up earlier, and says why.
const LIMIT: Duration = Duration::from_secs(60);

/// What has the focus: what it is, whether it is what was looked for, and what is wrong with how it is
/// seen (WCAG 2.2 sections 2.4.7, 2.4.11 and 2.5.8). A box that is drawn by its label is seen there.
const FOCUS: &str = "(wanted) => {
    const at = document.activeElement;
    if (!at || at === document.body) return null;
    const style = (one) => getComputedStyle(one);
    const seen = style(at).opacity === '0' ? at.nextElementSibling ?? at : at;
    const { left, right, top, bottom, width, height } = seen.getBoundingClientRect();
    const hit = document.elementFromPoint((left + right) / 2, (top + bottom) / 2);
    const problems = [];
    if (!hit || !(hit === at || seen.contains(hit))) {
        problems.push(`is under ${hit?.outerHTML.slice(0, 80)}`);
    }
    const around = [seen, seen.closest('label')].filter((one) => one);
    if (around.every((one) => style(one).outlineStyle === 'none')) problems.push('shows no focus');
    if (Math.min(width, height) < 24) problems.push(`is ${width} x ${height}`);
    return [seen.outerHTML.slice(0, 160), !!wanted && at.matches(wanted), problems.join(', ')];
}";
/// More stops than any page has.
const STOPS: usize = 250;

/// A browser with a window.
#[derive(Debug)]
pub struct Browser {
    child: Child,
    commands: ChildStdin,
    answers: Receiver<String>,
}

/// How a window looks at things.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// What it likes to read.
    pub language: &'static str,
    /// Whether it likes it dark.
    pub dark: bool,
}

impl Window {
    /// The screen at a printer.
    pub const PANEL: Self = Self::sized(1024, 600);
    /// A telephone.
    pub const PHONE: Self = Self::sized(360, 740);
    /// The smallest there is.
    pub const SMALL: Self = Self::sized(320, 640);
    /// A desk's.
    pub const DESKTOP: Self = Self::sized(1920, 1080);

    const fn sized(width: u32, height: u32) -> Self {
        Self {
            width,
            height,
            language: "en",
            dark: false,
        }
    }
}

impl Browser {
    /// Starts one.
    ///
    /// # Panics
    /// If it cannot be started; `scripts/setup` installs what it needs.
    #[must_use]
    pub fn start(window: Window) -> Self {
        Self::start_within(None, window)
    }

    /// Starts one on a computer that is in this namespace, or on the host.
    ///
    /// # Panics
    /// If it cannot be started; `scripts/setup` installs what it needs.
    #[must_use]
    pub fn start_within(namespace: Option<&Namespace>, window: Window) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("browser");
        assert!(
            folder.join("node_modules").is_dir(),
            "the browser's driver is not installed; run scripts/setup"
        );
        let driver = Invocation::new(&system("node"), namespace.map(Namespace::name));
        let mut child = driver
            .arg(folder.join("driver.mjs"))
            .env("CHROMIUM", chromium())
            .into_command()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap_or_else(|error| panic!("no browser: {error}"));
        let (Some(commands), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            panic!("no browser to talk to");
        };
        let (lines, answers) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if lines.send(line).is_err() {
                    return;
                }
            }
        });
        let mut browser = Self {
            child,
            commands,
            answers,
        };
        let ready = browser.answer("to start");
        assert!(ready.get("ready").is_some(), "{ready}");
        browser.begin(window);
        browser
    }

    fn answer(&mut self, what: &str) -> Value {
        let line = self.answers.recv_timeout(LIMIT);
        let line = line.unwrap_or_else(|_| panic!("the browser was asked {what} and is silent"));
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{line}: {error}"))
    }

    /// Gives a command; says what came of it.
    ///
    /// # Errors
    /// What the browser says went wrong.
    pub fn attempt(&mut self, name: &str, value: Value) -> Result<Value, String> {
        let command = json!({ name: value });
        writeln!(self.commands, "{command}").map_err(|error| error.to_string())?;
        let mut answer = self.answer(&command.to_string());
        match answer.get_mut("failed") {
            Some(failed) => Err(failed.as_str().unwrap_or_default().to_owned()),
            None => Ok(answer.get_mut("done").map(Value::take).unwrap_or_default()),
        }
    }

    #[track_caller]
    fn command(&mut self, name: &str, value: Value) -> Value {
        let shown = value.to_string();
        match self.attempt(name, value) {
            Ok(answer) => answer,
            Err(error) => {
                let page = self.attempt("text", json!("body")).unwrap_or_default();
                let folder = std::env::temp_dir().join("papermesh-browser-failed.png");
                drop(self.attempt("shot", json!(folder)));
                panic!("{name} {shown}: {error}\nthe page says: {page}");
            }
        }
    }

    #[track_caller]
    fn read<T: DeserializeOwned>(&mut self, name: &str, value: Value) -> T {
        let answer = self.command(name, value);
        serde_json::from_value(answer.clone())
            .unwrap_or_else(|error| panic!("{name}: {answer}: {error}"))
    }

    /// Forgets everything and opens a new window.
    #[track_caller]
    pub fn begin(&mut self, window: Window) {
        let scheme = if window.dark { "dark" } else { "light" };
        let Window {
            width,
            height,
            language,
            ..
        } = window;
        self.command(
            "begin",
            json!({ "width": width, "height": height, "language": language, "scheme": scheme }),
        );
    }

    /// Opens a page.
    #[track_caller]
    pub fn open(&mut self, url: &str) {
        self.command("open", json!(url));
    }

    /// Loads the page again.
    #[track_caller]
    pub fn reload(&mut self) {
        self.command("reload", Value::Null);
    }

    /// Goes back.
    #[track_caller]
    pub fn back(&mut self) {
        self.command("back", Value::Null);
    }

    /// Makes the window another size.
    #[track_caller]
    pub fn resize(&mut self, window: Window) {
        self.command("size", json!([window.width, window.height]));
    }

    /// A second window of the same browser.
    #[track_caller]
    pub fn another(&mut self) {
        self.command("another", Value::Null);
    }

    /// Goes to one of its windows.
    #[track_caller]
    pub fn switch(&mut self, window: usize) {
        self.command("switch", json!(window));
    }

    /// Touches something.
    #[track_caller]
    pub fn click(&mut self, selector: &str) {
        self.command("click", json!(selector));
    }

    /// Types into something.
    #[track_caller]
    pub fn fill(&mut self, selector: &str, text: &str) {
        self.command("fill", json!([selector, text]));
    }

    /// Presses a key.
    #[track_caller]
    pub fn press(&mut self, key: &str) {
        self.command("press", json!(key));
    }

    /// The next stop of the Tab key: what it is and whether it is this; none behind the last.
    #[track_caller]
    fn tab(&mut self, wanted: &str) -> Option<(String, bool)> {
        self.press("Tab");
        let script = format!("({FOCUS})({})", json!(wanted));
        let stop: Option<(String, bool, String)> = self.evaluate(&script);
        let (what, is_it, problems) = stop?;
        assert!(problems.is_empty(), "{what} {problems}");
        Some((what, is_it))
    }

    /// Goes with the Tab key to something; all that is stopped at on the way can be seen.
    #[track_caller]
    pub fn tab_to(&mut self, selector: &str) {
        for _ in 0..STOPS {
            if let Some((_, true)) = self.tab(selector) {
                return;
            }
        }
        panic!("the Tab key does not reach {selector}");
    }

    /// Goes with the Tab key through all of the page; gives what it stopped at, all of which can be seen.
    #[track_caller]
    pub fn tab_through(&mut self) -> Vec<String> {
        let mut stops = Vec::new();
        for _ in 0..STOPS {
            match self.tab("") {
                Some((what, _)) if stops.first() != Some(&what) => stops.push(what),
                Some(_) => break,
                // Behind the last and before the first.
                None => {}
            }
        }
        assert!(!stops.is_empty(), "the Tab key reaches nothing");
        stops
    }

    /// Types on the keyboard, into whatever has the focus.
    #[track_caller]
    pub fn type_in(&mut self, text: &str) {
        self.command("type", json!(text));
    }

    /// Chooses a file.
    #[track_caller]
    pub fn attach(&mut self, selector: &str, path: &Path) {
        self.command("attach", json!([selector, path]));
    }

    /// Touches what saves a file, and keeps it at this path; gives what it is called.
    #[track_caller]
    pub fn save(&mut self, selector: &str, path: &Path) -> String {
        self.read("save", json!([selector, path]))
    }

    /// Takes its network away, or gives it back.
    #[track_caller]
    pub fn set_offline(&mut self, is: bool) {
        self.command("offline", json!(is));
    }

    /// What its user has set up for all pages: `contrast` as `more`, `forcedColors` as `active`.
    #[track_caller]
    pub fn wish(&mut self, features: &Value) {
        self.command("media", features.clone());
    }

    /// Waits until something is seen.
    #[track_caller]
    pub fn see(&mut self, selector: &str) {
        self.command("see", json!(selector));
    }

    /// Waits until something is seen no more.
    #[track_caller]
    pub fn miss(&mut self, selector: &str) {
        self.command("miss", json!(selector));
    }

    /// What something says, once it is there.
    #[track_caller]
    pub fn text(&mut self, selector: &str) -> String {
        self.read("text", json!(selector))
    }

    /// What all of these say now.
    #[track_caller]
    pub fn texts(&mut self, selector: &str) -> Vec<String> {
        self.read("texts", json!(selector))
    }

    /// How many of these are there now.
    #[track_caller]
    pub fn count(&mut self, selector: &str) -> usize {
        self.read("count", json!(selector))
    }

    /// The page as it is now, with all that is in it.
    #[track_caller]
    pub fn html(&mut self) -> String {
        self.read("html", Value::Null)
    }

    /// What a script in the page gives.
    #[track_caller]
    pub fn evaluate<T: DeserializeOwned>(&mut self, script: &str) -> T {
        self.read("evaluate", json!(script))
    }

    /// Bytes that came over the network since this was asked last.
    #[track_caller]
    pub fn weight(&mut self) -> u64 {
        self.read("weight", Value::Null)
    }

    /// What the browser complained of since this was asked last.
    #[track_caller]
    pub fn complaints(&mut self) -> Vec<String> {
        self.read("complaints", Value::Null)
    }

    /// Keeps a picture of the page for people to look at.
    #[track_caller]
    pub fn picture(&mut self, name: &str) {
        let path = pictures().join(format!("{name}.png"));
        self.command("shot", json!(path));
    }

    /// Expects that everybody can use the page: axe-core finds nothing wrong with it.
    #[track_caller]
    pub fn is_for_everybody(&mut self, what: &str) {
        let found: Vec<String> = self.read("axe", Value::Null);
        assert!(found.is_empty(), "{what}: {found:#?}");
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Where pictures are kept.
fn pictures() -> PathBuf {
    let chosen = std::env::var_os("PAPERMESH_PICTURES").map(PathBuf::from);
    let folder = chosen.unwrap_or_else(|| {
        let built = std::env::current_exe().unwrap_or_default();
        let target = built.ancestors().nth(2).unwrap_or(Path::new("."));
        target.join("pictures")
    });
    drop(std::fs::create_dir_all(&folder));
    folder
}
