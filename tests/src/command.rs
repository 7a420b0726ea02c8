//! One use of the command line: what was typed, what came out.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde::de::DeserializeOwned;

use crate::wait::{wait_for, wait_until};

/// How long a command may take unless the test says otherwise. Long enough for two slow cores
/// that do something else besides; a command that waits for ever is the bug it catches.
const LIMIT: Duration = Duration::from_secs(90);

/// A command about to be run.
#[derive(Debug)]
#[must_use = "it is not run yet"]
pub struct Invocation {
    command: Command,
    typed: String,
    stdin: Vec<u8>,
    limit: Duration,
}

/// A command that runs.
#[derive(Debug)]
pub struct Running {
    child: Child,
    typed: String,
    limit: Duration,
    stdout: Option<JoinHandle<Vec<u8>>>,
    stderr: Option<JoinHandle<Vec<u8>>>,
    /// Lines of standard output that nobody looked at yet.
    lines: Receiver<String>,
}

/// A command that ended.
#[derive(Debug)]
pub struct Ended {
    typed: String,
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Invocation {
    /// `program`, run as it is or, if there is one, within the network namespace.
    pub fn new(program: &Path, namespace: Option<&str>) -> Self {
        let mut command;
        if let Some(namespace) = namespace {
            command = Command::new(crate::program::system("ip"));
            command.args(["netns", "exec", namespace]).arg(program);
        } else {
            command = Command::new(program);
        }
        Self {
            typed: program
                .file_name()
                .map(|name| name.to_string_lossy().into_owned())
                .unwrap_or_default(),
            command,
            stdin: Vec::new(),
            limit: LIMIT,
        }
    }

    /// A program of the host, run as it is.
    pub fn of(program: &Path) -> Self {
        Self::new(program, None)
    }

    /// Adds an argument.
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.typed.push(' ');
        // Tests that type ten thousand letters should not print them all.
        let shown: String = arg.as_ref().to_string_lossy().chars().take(120).collect();
        self.typed.push_str(&shown);
        self.command.arg(arg);
        self
    }

    /// Adds arguments.
    pub fn args<S: AsRef<OsStr>>(self, args: impl IntoIterator<Item = S>) -> Self {
        args.into_iter().fold(self, Self::arg)
    }

    /// Sets a variable of its environment.
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Runs it as another account of this computer. Needs root.
    pub fn as_account(mut self, account: u32) -> Self {
        self.command.uid(account);
        self
    }

    /// Types something at it. Without, it has nothing to read.
    pub fn stdin(mut self, text: &str) -> Self {
        self.stdin = text.as_bytes().to_vec();
        self
    }

    /// Lets it take that long.
    pub fn within(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Starts it.
    ///
    /// # Panics
    /// If it cannot be started.
    #[must_use]
    pub fn start(mut self) -> Running {
        let mut child = self
            .command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {}: {error}", self.typed));
        if let Some(mut stdin) = child.stdin.take() {
            // A command that does not read what was typed is not wrong for that.
            let _ = stdin.write_all(&self.stdin);
        }
        let (lines, unread) = channel();
        let (ignored, _) = channel();
        Running {
            stdout: child.stdout.take().map(|pipe| read(pipe, lines)),
            stderr: child.stderr.take().map(|pipe| read(pipe, ignored)),
            child,
            typed: self.typed,
            limit: self.limit,
            lines: unread,
        }
    }

    /// Runs it to its end.
    ///
    /// # Panics
    /// If it takes too long.
    #[must_use]
    pub fn run(self) -> Ended {
        self.start().finish()
    }

    /// Runs it, expects success, and reads what it printed.
    ///
    /// # Panics
    /// If it fails, or prints something else.
    pub fn json<T: DeserializeOwned>(self) -> T {
        self.run().succeeded().json()
    }

    /// The command for those who start a process that stays.
    pub(crate) fn into_command(self) -> Command {
        self.command
    }
}

/// Reads a pipe to its end, telling of each line as it comes.
fn read(pipe: impl Read + Send + 'static, lines: Sender<String>) -> JoinHandle<Vec<u8>> {
    std::thread::spawn(move || {
        let mut pipe = BufReader::new(pipe);
        let mut bytes = Vec::new();
        loop {
            let begun = bytes.len();
            match pipe.read_until(b'\n', &mut bytes) {
                Ok(0) | Err(_) => return bytes,
                // Whoever does not listen any more misses nothing: all of it is given at the end.
                Ok(_) => drop(lines.send(String::from_utf8_lossy(&bytes[begun..]).into_owned())),
            }
        }
    })
}

impl Running {
    /// Whether it has ended.
    pub fn has_ended(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(Some(_)))
    }

    /// The process.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits until it prints a line of which `find` makes something, without its end.
    ///
    /// # Panics
    /// If none comes in time.
    #[track_caller]
    pub fn says<T>(&self, what: &str, mut find: impl FnMut(&str) -> Option<T>) -> T {
        wait_for(self.limit, what, || {
            self.lines.try_iter().find_map(|line| find(line.trim_end()))
        })
    }

    /// Waits for its end.
    ///
    /// # Panics
    /// If it takes too long.
    #[must_use]
    pub fn finish(mut self) -> Ended {
        let (what, began) = (format!("`{}` to end", self.typed), Instant::now());
        // Benches want to know at once: who ends has nothing more to say.
        let left = || self.limit.saturating_sub(began.elapsed());
        while self.lines.recv_timeout(left()).is_ok() {}
        wait_until(left(), &what, || self.has_ended());
        self.ended()
    }

    /// Asks it to end: `SIGTERM`.
    pub fn terminate(&self) {
        let id = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        if let Some(id) = id {
            // It fails only if it has ended already.
            let _ = kill_process(id, Signal::TERM);
        }
    }

    /// Ends it, as a user with a power switch does.
    #[must_use]
    pub fn kill(mut self) -> Ended {
        let _ = self.child.kill();
        self.ended()
    }

    fn ended(&mut self) -> Ended {
        let code = self.child.wait().ok().and_then(|status| status.code());
        Ended {
            typed: self.typed.clone(),
            code,
            stdout: text(self.stdout.take()),
            stderr: text(self.stderr.take()),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn text(pipe: Option<JoinHandle<Vec<u8>>>) -> String {
    let bytes = pipe.and_then(|pipe| pipe.join().ok()).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

impl Ended {
    /// Whether it exited with 0.
    #[must_use]
    pub fn is_success(&self) -> bool {
        self.code == Some(0)
    }

    /// Its exit code; none if a signal ended it.
    #[must_use]
    pub fn code(&self) -> Option<i32> {
        self.code
    }

    /// What it printed.
    #[must_use]
    pub fn stdout(&self) -> &str {
        &self.stdout
    }

    /// What it said besides.
    #[must_use]
    pub fn stderr(&self) -> &str {
        &self.stderr
    }

    /// Expects success.
    ///
    /// # Panics
    /// If it failed.
    #[must_use]
    #[track_caller]
    pub fn succeeded(self) -> Self {
        assert!(self.is_success(), "it failed: {}", self.shown());
        self
    }

    /// Expects that it failed as the command line promises: exit code 1, and on standard error
    /// one clear line at the end, which is given.
    ///
    /// # Panics
    /// If it did otherwise.
    #[must_use]
    #[track_caller]
    pub fn complaint(&self) -> &str {
        self.last_line(1)
    }

    /// Expects that the command makes no sense as given, and says so as for a failure.
    ///
    /// # Panics
    /// If it did otherwise.
    #[must_use]
    #[track_caller]
    pub fn misuse(&self) -> &str {
        self.last_line(2)
    }

    #[track_caller]
    fn last_line(&self, code: i32) -> &str {
        assert_eq!(self.code, Some(code), "{}", self.shown());
        let line = self.stderr.trim_end().lines().last().unwrap_or_default();
        assert!(!line.is_empty(), "it does not say why: {}", self.shown());
        assert!(!self.stderr.contains("panicked"), "{}", self.shown());
        line
    }

    /// Reads the last JSON document of what it printed.
    ///
    /// # Panics
    /// If there is none of that shape.
    #[must_use]
    #[track_caller]
    pub fn json<T: DeserializeOwned>(&self) -> T {
        let mut documents = serde_json::Deserializer::from_str(&self.stdout).into_iter();
        let mut last = None;
        for document in &mut documents {
            match document {
                Ok(document) => last = Some(document),
                Err(error) => panic!("no JSON ({error}): {}", self.shown()),
            }
        }
        let last: serde_json::Value =
            last.unwrap_or_else(|| panic!("it printed nothing: {}", self.shown()));
        serde_json::from_value(last)
            .unwrap_or_else(|error| panic!("other JSON ({error}): {}", self.shown()))
    }

    /// Reads every JSON document of what it printed.
    ///
    /// # Panics
    /// If one is not of that shape.
    #[must_use]
    #[track_caller]
    pub fn json_lines<T: DeserializeOwned>(&self) -> Vec<T> {
        serde_json::Deserializer::from_str(&self.stdout)
            .into_iter()
            .collect::<Result<_, _>>()
            .unwrap_or_else(|error| panic!("other JSON ({error}): {}", self.shown()))
    }

    fn shown(&self) -> String {
        format!(
            "`{}` ended with {:?}\nstdout: {}\nstderr: {}",
            self.typed, self.code, self.stdout, self.stderr
        )
    }
}

/// Runs a program of the system that has to succeed.
///
/// # Panics
/// If it does not.
#[track_caller]
pub fn must(program: &str, args: &[&str]) {
    let _ = Invocation::new(&crate::program::system(program), None)
        .args(args)
        .run()
        .succeeded();
}
