//! `open`: the page of this computer's users, in their browser.

use std::ffi::OsString;
use std::process::{Command, Stdio};

use clap::Args;
use papermesh_protocol::text::UserId;

use super::context::Context;
use super::failure::CliError;
use super::quantity;
use crate::control::message::OpenPortal;

/// Open your page in the browser: your held jobs, what became of others, your PIN
///
/// The link works once, and for two minutes. It is opened by the programs in $BROWSER, or by
/// xdg-open; where there is no browser, with --print and with --json it is printed.
#[derive(Args, Debug)]
pub(super) struct Open {
    /// The admin's page instead: devices, users, printers, policy and audit
    #[arg(long, conflicts_with = "user")]
    admin: bool,
    /// Whose page, if there are several users on this computer
    #[arg(long, value_name = "ID")]
    user: Option<UserId>,
    /// Print the link and open nothing
    #[arg(long)]
    print: bool,
}

impl Open {
    pub(super) async fn run(self, context: &Context) -> Result<(), CliError> {
        let screen = &context.screen;
        let link = context
            .call(OpenPortal {
                admin: self.admin,
                user: self.user,
            })
            .await?;
        if screen.is_json() {
            return screen.json(&link);
        }
        if !self.print && show(&link.url, browsers(|name| std::env::var_os(name))) {
            return screen.line(
                match link.user {
                    Some(user) => format!("the page of {user} is open in the browser"),
                    None => "the admin's page is open in the browser".to_owned(),
                }
                .as_str(),
            );
        }
        screen.line(&link.url)?;
        screen.remark(&format!(
            "good for {} and for one use: open it in a browser of this computer",
            quantity::rest(link.expires_at, screen.look().now)
        ));
        Ok(())
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
