//! `open`: the page of this computer's users, in their browser.

use std::ffi::OsString;
use std::process::{Command, Stdio};
use std::time::Duration;

use clap::Args;
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use papermesh_protocol::text::UserId;
use tokio::signal::unix::{SignalKind, signal};

use super::context::Context;
use super::failure::CliError;
use super::lead;
use super::quantity;
use crate::control::ErrorCode;
use crate::control::message::{AwaitPage, GetStatus, OpenPortal, PortalLink};

/// Open your page in the browser: your held jobs, your history, your PIN
///
/// The link works once, within two minutes. The programs in $BROWSER, or xdg-open, open it through a
/// file that only you can read and that is removed once the page is open. Without a browser, and with
/// --print or --json, the link is printed. For sensitive actions, the page asks for the six digits that
/// are printed here.
#[derive(Args, Debug)]
pub(super) struct Open {
    /// Open the admin's page instead: devices, users, printers, policy and audit
    #[arg(long, conflicts_with = "user")]
    admin: bool,
    /// Open this printer's panel instead
    #[arg(long, conflicts_with_all = ["user", "admin"])]
    panel: bool,
    /// Whose page to open, if this computer has several users
    #[arg(long, value_name = "ID")]
    user: Option<UserId>,
    /// Print the link instead of opening it
    #[arg(long)]
    print: bool,
}

impl Open {
    pub(super) async fn run(self, context: &Context) -> Result<(), CliError> {
        let screen = &context.screen;
        if self.panel {
            return self.panel(context).await;
        }
        let link = context
            .call(OpenPortal {
                admin: self.admin,
                user: self.user,
            })
            .await?;
        if screen.is_json() {
            return screen.json(&link);
        }
        if !self.print && shown(context, &link).await? {
            return Ok(());
        }
        screen.line(&link.url)?;
        screen.remark(&format!(
            "valid for {} and one use: open it in a browser on this computer",
            quantity::rest(link.expires_at, screen.style().now)
        ));
        screen.remark(&code(&link));
        Ok(())
    }

    /// The panel's address is no secret.
    async fn panel(&self, context: &Context) -> Result<(), CliError> {
        let status = context.call(GetStatus {}).await?;
        let url = status.panel.ok_or_else(|| {
            CliError::failed(
                ErrorCode::NotHere,
                "this node has no panel: it is not a printer, or the panel is off".to_owned(),
            )
        })?;
        let programs = browsers(|name| std::env::var_os(name));
        if self.print || context.screen.is_json() || !show(&url, programs) {
            context.screen.line(&url)?;
        }
        Ok(())
    }
}

/// Shows the page that a link opens, and waits until it is open; says whether the link was used or a
/// browser was found that may use it.
async fn shown(context: &Context, link: &PortalLink) -> Result<bool, CliError> {
    let screen = &context.screen;
    let programs = browsers(|name| std::env::var_os(name));
    if programs.is_empty() {
        return Ok(false);
    }
    // From here on there is something to remove.
    let stopped = stopped();
    let left = link.expires_at.since(screen.style().now);
    let file = match lead::to(&link.url, context.home.root(), left.max(TWO_MINUTES)) {
        Ok(file) => file,
        Err(error) => {
            screen.warn(&format!(
                "could not create the file that opens the page: {error}"
            ));
            return Ok(false);
        }
    };
    if !show(&lead::address(file.path()), programs) {
        return Ok(false);
    }
    screen.line(&code(link))?;
    let opened = tokio::select! {
        opened = context.call(AwaitPage { id: link.id.clone() }) => opened?.opened,
        () = stopped => return Ok(true),
    };
    drop(file);
    if opened {
        screen.line(&match &link.user {
            Some(user) => format!("the page of {user} is open in the browser"),
            None => "the admin's page is open in the browser".to_owned(),
        })?;
    } else {
        screen.warn(
            "the browser did not open the page. A sandboxed browser (Snap, Flatpak) may not be allowed to read files in \
             your home: `papermesh open --print` prints a link to paste into it",
        );
    }
    Ok(true)
}

/// Until when what an earlier command left is old.
const TWO_MINUTES: Duration = Duration::from_secs(120);

/// What the page will ask for.
fn code(link: &PortalLink) -> String {
    let (first, rest) = link.code.split_at_checked(3).unwrap_or((&link.code, ""));
    format!("for sensitive actions, the page asks for these digits: {first} {rest}")
}

/// Ends when this command is told to stop, from the moment of the call; what it made is then removed.
fn stopped() -> impl Future<Output = ()> {
    let kinds = [
        SignalKind::interrupt(),
        SignalKind::terminate(),
        SignalKind::hangup(),
    ];
    // Where a signal cannot be waited for, it ends the command, and the next one removes what it left.
    let mut signals: FuturesUnordered<_> = kinds
        .into_iter()
        .filter_map(|kind| signal(kind).ok())
        .map(|mut told| async move { told.recv().await })
        .collect();
    async move {
        if signals.next().await.is_none() {
            std::future::pending::<()>().await;
        }
    }
}

/// The programs that may open a page, in the order in which they are tried.
fn browsers(variable: impl Fn(&str) -> Option<OsString>) -> Vec<OsString> {
    let mut programs: Vec<OsString> = variable("BROWSER")
        .and_then(|named| named.into_string().ok())
        .into_iter()
        .flat_map(|named| named.split(':').map(OsString::from).collect::<Vec<_>>())
        .filter(|program| !program.is_empty())
        .collect();
    let is_mac = cfg!(target_os = "macos");
    let has_screen = ["DISPLAY", "WAYLAND_DISPLAY"]
        .into_iter()
        .any(|name| variable(name).is_some_and(|value| !value.is_empty()));
    // Without a screen xdg-open may start a browser for terminals, which nobody asked for.
    if is_mac || has_screen {
        programs.push(if is_mac { "open" } else { "xdg-open" }.into());
    }
    programs
}

/// Shows a page with the first program that does.
fn show(url: &str, programs: Vec<OsString>) -> bool {
    programs.into_iter().any(|program| {
        Command::new(program)
            .arg(url)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .is_ok_and(|mut started| {
                // A program that opens pages hands them on and ends; a browser itself stays.
                std::thread::sleep(std::time::Duration::from_millis(300));
                !matches!(started.try_wait(), Ok(Some(ended)) if !ended.success())
            })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_browser_is_the_one_that_was_chosen() {
        let of = |pairs: &'static [(&str, &str)]| {
            browsers(move |name| {
                let found = pairs.iter().find(|(other, _)| *other == name);
                found.map(|(_, value)| value.into())
            })
        };
        assert_eq!(of(&[("BROWSER", "firefox:w3m")]), ["firefox", "w3m"]);
        assert!(of(&[("DISPLAY", "")]).is_empty() || cfg!(target_os = "macos"));
        assert_eq!(of(&[("BROWSER", "firefox"), ("DISPLAY", ":0")]).len(), 2);
    }

    #[test]
    fn a_browser_that_is_not_there_opens_nothing() {
        assert!(!show(
            "http://localhost/",
            vec!["/nonexistent/browser".into()]
        ));
        assert!(!show("http://localhost/", vec!["false".into()]));
        assert!(show(
            "http://localhost/",
            vec!["false".into(), "true".into()]
        ));
    }
}
