//! `completions` and `man`: what the command line tells of itself.

use std::fs;
use std::path::PathBuf;

use clap::{Args, CommandFactory};
use clap_complete::Shell;
use serde_json::json;

use super::Cli;
use super::failure::CliError;
use super::screen::Screen;

/// Print a shell completion script
#[derive(Args, Debug)]
pub(super) struct Completions {
    /// The shell
    shell: Shell,
}

/// Write man pages into a folder
#[derive(Args, Debug)]
pub(super) struct Man {
    /// The folder; created if it does not exist
    folder: PathBuf,
}

impl Completions {
    pub(super) fn run(self, screen: &Screen) -> Result<(), CliError> {
        let mut command = Cli::command();
        let name = command.get_name().to_owned();
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut command, name, &mut script);
        screen.bytes(&script)
    }
}

impl Man {
    pub(super) fn run(self, screen: &Screen) -> Result<(), CliError> {
        let folder = self.folder.display().to_string();
        fs::create_dir_all(&self.folder)
            .and_then(|()| clap_mangen::generate_to(Cli::command(), &self.folder))
            .map_err(|source| CliError::File {
                action: "write man pages into",
                path: folder.clone(),
                source,
            })?;
        if screen.is_json() {
            screen.json(&json!({ "folder": folder }))
        } else {
            screen.remark(&format!("wrote the man pages into {folder}"));
            Ok(())
        }
    }
}
