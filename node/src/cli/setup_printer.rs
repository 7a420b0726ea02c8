//! `setup-printer`: makes the hold printer a printer of this computer's programs, by CUPS, and says
//! how other devices print to it.

use std::io;
use std::process::{Output, Stdio};
use std::time::Duration;

use clap::Args;
use papermesh_protocol::text;
use serde::Serialize;
use tokio::process::Command;
use tokio::time::{sleep, timeout};

use super::context::Context;
use super::failure::CliError;
use super::screen::Style;
use crate::control::message::{GetStatus, ListPrinters, Printer, Status};
use crate::control::{CommandError, ErrorCode};

/// The tool of CUPS that makes queues.
const LPADMIN: &str = "lpadmin";
/// How long CUPS may take; it asks the hold printer what it can do.
const PATIENCE: Duration = Duration::from_secs(120);
/// How long CUPS is given before the queue is told to be there. CUPS 2.4 loads the filters of a new queue a
/// moment after it has said that it added it, and nothing tells when; of what is printed in that moment it
/// says "Unable to convert" and aborts it.
const SETTLING: Duration = Duration::from_millis(1500);
/// The longest name of a queue of CUPS.
const QUEUE: usize = 127;
/// What is shown of what CUPS says, in bytes.
const SAID: usize = 400;
/// The policy under which CUPS asks its clients who they are, as it is installed. On this computer their
/// account is the proof, so that nobody is asked for a password; without it CUPS passes on whatever
/// name a client says.
const ASKS_WHO: &str = "printer-op-policy=authenticated";

/// Let this computer's programs print into the mesh: add a print queue to CUPS
#[derive(Args, Debug)]
pub(super) struct SetupPrinter {
    /// The queue's name [default: Papermesh; with --to, the printer's name]
    #[arg(long, value_name = "NAME", value_parser = queue_name)]
    queue: Option<String>,
    /// Print straight to this printer of the site instead of holding jobs
    #[arg(long, value_name = "PRINTER")]
    to: Option<String>,
    /// Make it the default printer
    #[arg(long)]
    default: bool,
    /// Remove the queue instead
    #[arg(long, conflicts_with_all = ["to", "default", "steps"])]
    remove: bool,
    /// Change nothing; only show the steps for this computer and other devices
    #[arg(long)]
    steps: bool,
}

/// What was done, and what is left to people.
#[derive(Debug, Serialize)]
struct Done {
    /// The queue.
    queue: String,
    /// Where it leads.
    uri: String,
    /// Whether CUPS has it now.
    added: bool,
    /// Whether CUPS asks whoever prints there who they are.
    asks_who: bool,
    /// Where other devices reach the hold printer; none if they do not.
    elsewhere: Option<String>,
}

impl SetupPrinter {
    pub(super) async fn run(self, context: &Context) -> Result<(), CliError> {
        if self.remove {
            let queue = self.queue.unwrap_or_else(|| "Papermesh".to_owned());
            lpadmin(&["-x", &queue]).await?;
            return context
                .screen
                .show(&serde_json::json!({"removed": queue}), |_, _| {
                    format!("removed the queue {queue}")
                });
        }
        let status = context.call(GetStatus {}).await?;
        let printer = match &self.to {
            Some(named) => Some(chosen(named, context.call(ListPrinters {}).await?)?),
            None => None,
        };
        let uri = match &printer {
            Some(printer) => printer.queue.clone(),
            None => status.ipp.clone(),
        };
        let uri = uri.ok_or_else(|| {
            CommandError::new(ErrorCode::NotHere, "this node has no hold printer")
                .with_remedy("run it as a client, with --ipp 127.0.0.1:6310")
        })?;
        let queue = self.queue.unwrap_or_else(|| match &printer {
            Some(printer) => cups_name(printer.name.as_str()),
            None => "Papermesh".to_owned(),
        });
        let mut asks_who = true;
        if !self.steps {
            let about = match &printer {
                Some(printer) => format!("{} by Papermesh", printer.name),
                None => format!("Papermesh: held for you at {}", status.site.name),
            };
            asks_who = add(&queue, &uri, &about, status.node.name.as_str()).await?;
            sleep(SETTLING).await;
            if self.default {
                lpadmin(&["-d", &queue]).await?;
            }
        }
        let done = Done {
            queue,
            uri,
            added: !self.steps,
            asks_who,
            elsewhere: status.ipp_elsewhere.clone(),
        };
        context
            .screen
            .show(&done, |done, style| steps(done, &status, style))
    }
}

/// The printer that is meant.
fn chosen(named: &str, printers: Vec<Printer>) -> Result<Printer, CliError> {
    let wanted = named.trim().to_lowercase();
    let names: Vec<String> = printers.iter().map(|p| p.name.to_string()).collect();
    let mut found = printers
        .into_iter()
        .filter(|printer| printer.name.as_str().to_lowercase() == wanted);
    match (found.next(), found.next()) {
        (Some(printer), None) => Ok(printer),
        (Some(_), Some(_)) => Err(CommandError::new(
            ErrorCode::Usage,
            format!("more than one printer is named {named:?}"),
        )
        .with_remedy("rename one of them")
        .into()),
        (None, _) => Err(CommandError::new(
            ErrorCode::NotFound,
            format!(
                "this computer has never met a printer named {named:?} (it knows {})",
                match names.is_empty() {
                    true => "none".to_owned(),
                    false => names.join(", "),
                }
            ),
        )
        .with_remedy("check the name with `papermesh printers`")
        .into()),
    }
}

/// Adds a queue; says whether CUPS asks whoever prints there who they are. One that does not know how
/// takes the queue without that.
async fn add(queue: &str, uri: &str, about: &str, place: &str) -> Result<bool, CliError> {
    let mut arguments = vec![
        "-p",
        queue,
        "-E",
        "-v",
        uri,
        "-m",
        "everywhere",
        "-D",
        about,
        "-L",
        place,
        // Others on the network would print as whoever CUPS says they are.
        "-o",
        "printer-is-shared=false",
    ];
    let plain = arguments.len();
    arguments.extend(["-o", ASKS_WHO]);
    match lpadmin(&arguments).await {
        Err(CliError::Refused(error)) if error.message.contains("op-policy") => {
            lpadmin(&arguments[..plain]).await?;
            Ok(false)
        }
        added => added.map(|()| true),
    }
}

async fn lpadmin(arguments: &[&str]) -> Result<(), CliError> {
    let run = Command::new(LPADMIN)
        .args(arguments)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output: Output = match timeout(PATIENCE, run).await {
        Ok(Ok(output)) => output,
        Ok(Err(error)) if error.kind() == io::ErrorKind::NotFound => {
            return Err(CommandError::new(
                ErrorCode::Failed,
                "CUPS is not installed (no lpadmin)",
            )
            .with_remedy(
                "install it, on Debian with `apt install cups`, or see `papermesh setup-printer --steps`",
            )
            .into());
        }
        Ok(Err(source)) => {
            return Err(CliError::File {
                action: "run",
                path: LPADMIN.to_owned(),
                source,
            });
        }
        Err(_) => {
            return Err(CommandError::new(ErrorCode::Failed, "CUPS does not answer")
                .with_remedy("check that it is running with `lpstat -r`")
                .into());
        }
    };
    if output.status.success() {
        return Ok(());
    }
    let said = text::clean(&String::from_utf8_lossy(&output.stderr), SAID);
    let remedy = if said.contains("orbidden") || said.contains("nauthorized") {
        Some("run this as root or as a member of the group lpadmin")
    } else if said.contains("cheduler") || said.contains("onnect") {
        Some("start CUPS, on most systems with `systemctl start cups`")
    } else {
        None
    };
    let mut refused = CommandError::new(ErrorCode::Failed, format!("CUPS refused: {said}"));
    refused.remedy = remedy.map(str::to_owned);
    Err(refused.into())
}

/// What people do on other devices.
fn steps(done: &Done, status: &Status, _: &Style) -> String {
    let Done { queue, uri, .. } = done;
    let here = match done.added {
        true if !done.asks_who => format!(
            "The queue {queue} is ready: every program on this computer can print to it.\n\
             CUPS has no policy \"authenticated\" here, so every account of this computer can print as any other.\n"
        ),
        true => {
            format!("The queue {queue} is ready: every program on this computer can print to it.\n")
        }
        false => format!(
            "This computer (CUPS)\n  lpadmin -p {queue} -E -v {uri} -m everywhere -o printer-is-shared=false -o \
             {ASKS_WHO}\n"
        ),
    };
    let Some(elsewhere) = &done.elsewhere else {
        return format!(
            "{here}\nOther devices cannot reach the hold printer: it listens for this computer only. To let phones and\n\
             other computers print here, with user id and PIN, put this into papermesh.toml and restart the node:\n  \
             ipp = \"0.0.0.0:6310\"",
        );
    };
    let web = elsewhere.replacen("ipps://", "https://", 1);
    let address = web.trim_start_matches("https://");
    let (host, path) = address.split_once('/').unwrap_or((address, ""));
    let name = format!("{} Papermesh @ {}", status.site.name, status.node.name);
    format!(
        "{here}\n\
         On other devices of this network, a job belongs to the user whose id and PIN are entered.\n\
         \n\
         macOS\n  \
         System Settings > Printers & Scanners > Add Printer: choose \"{name}\".\n  \
         Not listed? In the tab IP: address {host}, protocol IPP, queue {path}.\n\
         \n\
         iPhone, iPad\n  \
         Print, then Printer: choose \"{name}\". It asks for user id and PIN.\n\
         \n\
         Windows\n  \
         Settings > Bluetooth & devices > Printers & scanners > Add manually > Select a shared printer by name:\n  \
         {web}\n\
         \n\
         Android\n  \
         An app that prints to IPPS printers and asks for a user name and a password, at {elsewhere}\n\
         \n\
         Linux\n  \
         lpadmin -p {queue} -E -v {elsewhere} -m everywhere\n\
         \n\
         The printer shows a certificate that this node made itself; accept it once.",
    )
}

/// A name for CUPS: no spaces, no `/`, no `#`.
fn queue_name(text: &str) -> Result<String, String> {
    let fits = !text.is_empty()
        && text.len() <= QUEUE
        && !text.starts_with('-')
        && !text.contains(|c: char| c.is_whitespace() || c.is_control() || "/#\\'\"".contains(c));
    match fits {
        true => Ok(text.to_owned()),
        false => Err(format!(
            "{text:?} is not a queue name; use letters, digits, - and _, at most {QUEUE}"
        )),
    }
}

/// A printer's name as that of a queue.
fn cups_name(name: &str) -> String {
    let plain = |c: char| match c {
        c if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.') => c,
        _ => '_',
    };
    let name: String = name.chars().map(plain).take(QUEUE - 1).collect();
    match name.starts_with('-') {
        true => format!("_{name}"),
        false => name,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn names_of_queues_are_what_cups_takes() {
        for name in ["front-desk", "2. Stock, Büro", "-x", "a/b#c"] {
            assert!(queue_name(&cups_name(name)).is_ok(), "{name}");
        }
        for wrong in ["", "a b", "-E", "a/b", "x\n"] {
            assert!(queue_name(wrong).is_err(), "{wrong:?}");
        }
    }
}
