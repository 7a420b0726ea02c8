//! Where secrets come from: a terminal without echo, standard input, or a file. Never from the
//! command line itself, which other users of the computer can see.

use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::os::fd::AsFd;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use clap::Args;
use inquire::{Confirm, InquireError, Password, PasswordDisplayMode};
use papermesh_protocol::document_password::DocumentPassword;
use papermesh_services::authority::bundle;
use zeroize::Zeroizing;

use super::failure::CliError;
use super::screen::Screen;
use crate::control::message::RootWord;
use crate::control::{CommandError, ErrorCode, Passphrase, RootFile, SecretError, TypedPin};

/// The longest line that is read from standard input or a secret's file, in bytes.
const LINE: usize = 4096;

/// Where a PIN comes from.
#[derive(Args, Clone, Copy, Debug)]
pub(super) struct PinArgs {
    /// Read the PIN from the first line of standard input
    #[arg(long)]
    pub(super) pin_stdin: bool,
}

/// Where the PIN of a single job comes from.
#[derive(Args, Clone, Copy, Debug)]
pub(super) struct JobPinArgs {
    /// Read the job's own PIN from the next line of standard input, after the one of --pin-stdin
    #[arg(long)]
    job_pin_stdin: bool,
}

impl JobPinArgs {
    /// The PIN that was given, if the command line says where.
    pub(super) fn given(self, question: &str) -> Result<Option<TypedPin>, CliError> {
        self.job_pin_stdin
            .then(|| pin(stdin_secret(question, false, JOB_PIN)?))
            .transpose()
    }

    /// A PIN that is to be, typed twice if it is typed.
    pub(super) fn chosen(self, question: &str) -> Result<Option<TypedPin>, CliError> {
        self.job_pin_stdin
            .then(|| pin(stdin_secret(question, true, JOB_PIN)?))
            .transpose()
    }
}

/// Where the password of a locked document comes from.
#[derive(Args, Clone, Copy, Debug)]
pub(super) struct DocumentPasswordArgs {
    /// Read the password of a locked document from the next line of standard input, after those of
    /// --pin-stdin and --job-pin-stdin
    #[arg(long)]
    document_password_stdin: bool,
}

impl DocumentPasswordArgs {
    /// The password that was given, if the command line says where; else none.
    pub(super) fn given(self) -> Result<Option<DocumentPassword>, CliError> {
        self.document_password_stdin
            .then(|| document_password(&stdin_secret(DOCUMENT, false, DOCUMENT_PASSWORD)?))
            .transpose()
    }

    /// The password that was given, or that a person types now.
    pub(super) fn given_or_typed(self) -> Result<DocumentPassword, CliError> {
        match self.given()? {
            Some(password) => Ok(password),
            None => ask_document_password(),
        }
    }
}

/// What a person is asked who prints a locked document.
const DOCUMENT: &str = "The password of the document:";

/// Whether a person is there to be asked.
pub(super) fn can_ask() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Asks a person for the password of a document.
pub(super) fn ask_document_password() -> Result<DocumentPassword, CliError> {
    document_password(&ask(DOCUMENT, false, DOCUMENT_PASSWORD)?)
}

fn document_password(text: &str) -> Result<DocumentPassword, CliError> {
    DocumentPassword::new(text).map_err(CliError::usage)
}

/// Where the passphrase of the authority key comes from.
#[derive(Args, Clone, Debug)]
pub(super) struct PassphraseArgs {
    /// Read the passphrase of the site's authority key from the first line of standard input
    #[arg(long)]
    passphrase_stdin: bool,
    /// Read the passphrase from the first line of a file that only you can read
    #[arg(
        long,
        value_name = "FILE",
        env = "PAPERMESH_PASSPHRASE_FILE",
        hide_env_values = true
    )]
    passphrase_file: Option<PathBuf>,
}

impl PinArgs {
    /// The PIN that was given, if the command line says where; else none.
    pub(super) fn given(self, question: &str) -> Result<Option<TypedPin>, CliError> {
        self.pin_stdin
            .then(|| pin(stdin_secret(question, false, PIN)?))
            .transpose()
    }

    /// The PIN that was given, or that a person types now.
    pub(super) fn given_or_typed(self, question: &str) -> Result<TypedPin, CliError> {
        match self.given(question)? {
            Some(pin) => Ok(pin),
            None => ask_pin(question),
        }
    }

    /// A PIN that is to be, typed twice if it is typed.
    pub(super) fn new_pin(self, question: &str) -> Result<TypedPin, CliError> {
        if self.pin_stdin {
            pin(stdin_secret(question, true, PIN)?)
        } else {
            pin(ask(question, true, PIN)?)
        }
    }
}

/// Asks a person for a PIN.
pub(super) fn ask_pin(question: &str) -> Result<TypedPin, CliError> {
    pin(ask(question, false, PIN)?)
}

impl PassphraseArgs {
    /// The passphrase that was given, if the command line says where.
    pub(super) fn given(&self, screen: &Screen) -> Result<Option<Passphrase>, CliError> {
        self.read(screen, false)
    }

    /// As [`PassphraseArgs::given`], but for one that is to be: typed twice if it is typed.
    pub(super) fn chosen(&self, screen: &Screen) -> Result<Option<Passphrase>, CliError> {
        self.read(screen, true)
    }

    fn read(&self, screen: &Screen, twice: bool) -> Result<Option<Passphrase>, CliError> {
        if self.passphrase_stdin {
            return passphrase(stdin_secret("Passphrase:", twice, PASSPHRASE)?).map(Some);
        }
        let file = self.passphrase_file.as_deref();
        file.map(|path| passphrase_file(path, screen)).transpose()
    }
}

/// Where what opens the site's root comes from.
#[derive(Args, Clone, Debug)]
pub(super) struct RootArgs {
    /// The root's file, if the root is not stored on this node
    #[arg(id = "root_file", long = "root", value_name = "FILE")]
    file: Option<PathBuf>,
    /// Read the root's passphrase from the next line of standard input, after that of
    /// --passphrase-stdin
    #[arg(long)]
    root_passphrase_stdin: bool,
    /// Read the root's passphrase from the first line of a file that only you can read
    #[arg(long, value_name = "FILE")]
    root_passphrase_file: Option<PathBuf>,
}

impl RootArgs {
    /// What opens the root, if the command line says where it is.
    pub(super) fn given(&self, screen: &Screen) -> Result<Option<RootWord>, CliError> {
        let passphrase = if self.root_passphrase_stdin {
            Some(passphrase(stdin_secret(
                "The root's passphrase:",
                false,
                ROOT,
            )?)?)
        } else {
            let file = self.root_passphrase_file.as_deref();
            file.map(|path| passphrase_file(path, screen)).transpose()?
        };
        passphrase
            .map(|passphrase| self.with(passphrase))
            .transpose()
    }

    /// The same, or what a person types now.
    pub(super) fn given_or_typed(&self, screen: &Screen) -> Result<RootWord, CliError> {
        match self.given(screen)? {
            Some(word) => Ok(word),
            None => self.typed(),
        }
    }

    /// What a person types now.
    pub(super) fn typed(&self) -> Result<RootWord, CliError> {
        self.with(passphrase(ask("The root's passphrase:", false, ROOT)?)?)
    }

    fn with(&self, passphrase: Passphrase) -> Result<RootWord, CliError> {
        let file = self.file.as_deref().map(root_file).transpose()?;
        Ok(RootWord { passphrase, file })
    }
}

fn root_file(path: &Path) -> Result<RootFile, CliError> {
    let unreadable = |source| CliError::File {
        action: "read",
        path: path.display().to_string(),
        source,
    };
    let mut text = Zeroizing::new(String::new());
    let file = File::open(path).map_err(unreadable)?;
    file.take(RootFile::LIMIT as u64 + 1)
        .read_to_string(&mut text)
        .map_err(unreadable)?;
    if bundle::is_one(&text) {
        let shown = path.display();
        let told = format!("{shown} is a site export, not the root");
        return Err(CommandError::new(ErrorCode::BadData, told)
            .with_remedy(format!(
                "take the root out of it with `papermesh site root export --from {shown} FILE`, and give that file"
            ))
            .into());
    }
    RootFile::new(text).map_err(refused)
}

/// Asks a person for a passphrase; twice if it is to be.
pub(super) fn ask_passphrase(question: &str, twice: bool) -> Result<Passphrase, CliError> {
    passphrase(ask(question, twice, PASSPHRASE)?)
}

/// Asks a person for a yes. Where nobody can be asked the command line has to say it.
pub(super) fn agrees(question: &str) -> Result<bool, CliError> {
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return Err(CommandError::new(
            ErrorCode::Usage,
            "this needs confirmation, and there is no terminal to ask",
        )
        .with_remedy("use --yes")
        .into());
    }
    Confirm::new(question)
        .with_default(false)
        .prompt()
        .map_err(|error| {
            let message = format!("cannot ask on this terminal: {error}");
            CommandError::new(ErrorCode::Usage, message)
                .with_remedy("use --yes")
                .into()
        })
}

/// Reads a passphrase from a file, and warns if others can read it, too.
pub(super) fn passphrase_file(path: &Path, screen: &Screen) -> Result<Passphrase, CliError> {
    let unreadable = |source| CliError::File {
        action: "read the passphrase from",
        path: path.display().to_string(),
        source,
    };
    let mut file = File::open(path).map_err(unreadable)?;
    let mode = file.metadata().map_err(unreadable)?.permissions().mode();
    if mode & 0o077 != 0 {
        screen.warn(&format!(
            "warning: other accounts can read {}; restrict it with chmod 600",
            path.display()
        ));
    }
    passphrase(first_line(&mut file)?)
}

/// What `value` stands for on the command line: itself, or with `-` the first line of standard
/// input.
pub(super) fn argument_or_stdin(value: String) -> Result<Zeroizing<String>, CliError> {
    if value == "-" {
        first_line(&mut stdin()?)
    } else {
        Ok(Zeroizing::new(value))
    }
}

/// Standard input without a buffer, so that what follows a line that was read is still there,
/// and so that no copy of a secret stays behind.
pub(super) fn stdin() -> Result<File, CliError> {
    io::stdin()
        .as_fd()
        .try_clone_to_owned()
        .map(File::from)
        .map_err(|source| CliError::File {
            action: "read",
            path: "standard input".to_owned(),
            source,
        })
}

/// A secret from standard input: its next line, or typed without echo if that is a terminal.
fn stdin_secret(question: &str, twice: bool, kind: Kind) -> Result<Zeroizing<String>, CliError> {
    if io::stdin().is_terminal() {
        ask(question, twice, kind)
    } else {
        first_line(&mut stdin()?)
    }
}

/// What a person is asked for, and how a script says it instead.
#[derive(Clone, Copy)]
struct Kind {
    what: &'static str,
    flag: &'static str,
}

const PIN: Kind = Kind {
    what: "a PIN",
    flag: "--pin-stdin",
};
const JOB_PIN: Kind = Kind {
    what: "the job's own PIN",
    flag: "--job-pin-stdin",
};
const ROOT: Kind = Kind {
    what: "the passphrase of the site's root",
    flag: "--root-passphrase-stdin or --root-passphrase-file",
};
const DOCUMENT_PASSWORD: Kind = Kind {
    what: "the password of the document",
    flag: "--document-password-stdin",
};
const PASSPHRASE: Kind = Kind {
    what: "a passphrase",
    flag: "--passphrase-stdin or --passphrase-file",
};

fn ask(question: &str, twice: bool, kind: Kind) -> Result<Zeroizing<String>, CliError> {
    let Kind { what, flag } = kind;
    if !can_ask() {
        return Err(CommandError::new(
            ErrorCode::Usage,
            format!("{what} is needed, and there is no terminal to ask for it"),
        )
        .with_remedy(format!("use {flag}"))
        .into());
    }
    let prompt = Password::new(question).with_display_mode(PasswordDisplayMode::Hidden);
    let prompt = if twice {
        prompt
            .with_custom_confirmation_message("Once more:")
            .with_custom_confirmation_error_message("They do not match.")
    } else {
        prompt.without_confirmation()
    };
    prompt
        .prompt()
        .map(Zeroizing::new)
        .map_err(|error| match error {
            InquireError::OperationCanceled | InquireError::OperationInterrupted => {
                CliError::failed(ErrorCode::Failed, "canceled; nothing was done")
            }
            other => {
                let message = format!("cannot ask on this terminal: {other}");
                CommandError::new(ErrorCode::Usage, message)
                    .with_remedy(format!("use {flag}"))
                    .into()
            }
        })
}

/// Reads up to the first end of line and not a byte further; the end is not part of it.
fn first_line(reader: &mut impl Read) -> Result<Zeroizing<String>, CliError> {
    let wrong = |what: &str| CliError::usage(format!("the line on standard input {what}"));
    let mut line = Zeroizing::new(Vec::with_capacity(LINE));
    let mut byte = Zeroizing::new([0]);
    loop {
        match reader.read(&mut *byte) {
            Ok(0) => break,
            Ok(_) if byte[0] == b'\n' => break,
            Ok(_) if line.len() == LINE => return Err(wrong("is too long")),
            Ok(_) => line.push(byte[0]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(source) => {
                return Err(CliError::File {
                    action: "read",
                    path: "standard input".to_owned(),
                    source,
                });
            }
        }
    }
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    let text = std::str::from_utf8(&line).map_err(|_| wrong("is not UTF-8"))?;
    Ok(Zeroizing::new(text.to_owned()))
}

fn pin(text: Zeroizing<String>) -> Result<TypedPin, CliError> {
    TypedPin::new(text).map_err(refused)
}

fn passphrase(text: Zeroizing<String>) -> Result<Passphrase, CliError> {
    Passphrase::new(text).map_err(refused)
}

fn refused(error: SecretError) -> CliError {
    CliError::usage(error)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use papermesh_protocol::remedy::Remedy;

    use super::*;

    #[test]
    fn one_line_is_read_and_the_rest_left() {
        let mut input: &[u8] = b"4711\r\n%PDF-1.7";
        assert_eq!(first_line(&mut input).unwrap().as_str(), "4711");
        assert_eq!(input, b"%PDF-1.7");
        assert_eq!(first_line(&mut input).unwrap().as_str(), "%PDF-1.7");
        assert_eq!(first_line(&mut input).unwrap().as_str(), "");
    }

    #[test]
    fn endless_and_binary_lines_are_refused() {
        let endless = vec![b'1'; LINE + 1];
        assert!(first_line(&mut endless.as_slice()).is_err());
        assert!(first_line(&mut [0xff, b'\n'].as_slice()).is_err());
    }

    #[test]
    fn an_export_that_is_given_as_the_root_is_told_from_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("acme.site");
        // Longer than any root.
        let export = format!(
            "-----BEGIN PAPERMESH SITE-----\n{}",
            "A".repeat(2 * RootFile::LIMIT)
        );
        std::fs::write(&path, export).unwrap();
        let said = root_file(&path).err().unwrap().in_full().to_string();
        let remedy = format!("site root export --from {} FILE", path.display());
        assert!(said.contains(&remedy), "{said}");
        std::fs::write(&path, "-----BEGIN PAPERMESH ROOT-----\n").unwrap();
        assert!(root_file(&path).is_ok());
    }

    #[test]
    fn a_passphrase_comes_from_the_first_line_of_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("passphrase");
        std::fs::write(&path, "correct horse\nbattery\n").unwrap();
        let read = passphrase_file(&path, &Screen::new(true)).unwrap();
        assert_eq!(read.expose(), "correct horse");
        assert!(passphrase_file(&folder.path().join("none"), &Screen::new(true)).is_err());
    }
}
