//! Processes of their own for each side of a measurement: this same binary, started with the name
//! of a part. A part says one JSON line when it is ready, and one more for each line it is told.

use std::io::{self, BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context, Result, bail};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A part that runs in a process of its own. Dropped, it is killed.
pub(crate) struct Part {
    name: &'static str,
    process: Child,
    tell: ChildStdin,
    said: BufReader<ChildStdout>,
}

impl Part {
    /// Starts a part and waits until it is ready.
    pub(crate) fn start<T: DeserializeOwned>(
        name: &'static str,
        with: &impl Serialize,
    ) -> Result<(Self, T)> {
        let mut process = Command::new(std::env::current_exe()?)
            .args(["part", name])
            .arg(serde_json::to_string(with)?)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("start {name}"))?;
        let (Some(tell), Some(said)) = (process.stdin.take(), process.stdout.take()) else {
            bail!("{name} has no pipes");
        };
        let mut part = Self {
            name,
            process,
            tell,
            said: BufReader::new(said),
        };
        let ready = part.hear()?;
        Ok((part, ready))
    }

    /// Tells a part something and waits for what it answers.
    pub(crate) fn ask<T: DeserializeOwned>(&mut self, what: &impl Serialize) -> Result<T> {
        writeln!(self.tell, "{}", serde_json::to_string(what)?)
            .with_context(|| format!("tell {}", self.name))?;
        self.hear()
    }

    fn hear<T: DeserializeOwned>(&mut self) -> Result<T> {
        let mut line = String::new();
        if self.said.read_line(&mut line)? == 0 {
            bail!("{} ended", self.name);
        }
        serde_json::from_str(&line).with_context(|| format!("{} said {line}", self.name))
    }

    /// Ends the process as a power cut would.
    pub(crate) fn kill(&mut self) -> Result<()> {
        self.process.kill()?;
        self.process.wait()?;
        Ok(())
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        let _ = self.kill();
    }
}

/// What a part says.
pub(crate) fn say(what: &impl Serialize) -> Result<()> {
    let mut out = io::stdout().lock();
    serde_json::to_writer(&mut out, what)?;
    writeln!(out)?;
    out.flush()?;
    Ok(())
}

/// What a part is told next; none when its parent ended.
pub(crate) async fn told<T: DeserializeOwned + Send + 'static>() -> Result<Option<T>> {
    tokio::task::spawn_blocking(|| {
        let mut line = String::new();
        if io::stdin().lock().read_line(&mut line)? == 0 {
            return Ok(None);
        }
        Ok(Some(serde_json::from_str(&line)?))
    })
    .await?
}
