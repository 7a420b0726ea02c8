//! The file that opens the panel's page on this computer. Without one, whoever has an account on the
//! computer is at the panel, and may show a page of their own making to the next badge; with one, only
//! those are who can read it: the user that the screen's browser runs as.
//!
//! Its secret stays the same for as long as the file is there, because the browser outlives the node.

use std::fs::{self, File};
use std::io::{self, Read};
use std::net::SocketAddr;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::pages::{Redirect, Token};

/// Its owner may write it, its group read it: that of the screen's browser.
const MODE: u32 = 0o640;
/// What nobody else may do with it, and its group may not either.
const FORBIDDEN: u32 = 0o037;
/// The longest that is read.
const SIZE: u64 = 4096;
/// Where the page is that it leads to, before the secret.
pub(super) const PATH: &str = "/here/";

/// What whoever can read the file knows.
pub(super) struct Launch(Token);

impl Launch {
    /// Reads the file, or makes it, and has it lead to the panel at this address.
    ///
    /// # Errors
    /// Those of the system, and [`io::ErrorKind::PermissionDenied`] where others could have read or
    /// written it.
    pub(super) fn open(path: &Path, panel: SocketAddr) -> io::Result<Self> {
        let kept = match read(path) {
            Ok(text) => secret(&text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        let token = kept.unwrap_or_else(Token::random);
        let host = match panel.ip() {
            ip if ip.is_loopback() => panel,
            _ => SocketAddr::new([127, 0, 0, 1].into(), panel.port()),
        };
        let address = format!("http://{host}{PATH}{}", token.text());
        Redirect::put(path, &address, MODE)?;
        Ok(Self(token))
    }

    /// Whether this is the secret.
    pub(super) fn is(&self, text: &str) -> bool {
        self.0.is(text)
    }
}

fn read(path: &Path) -> io::Result<String> {
    let found = fs::symlink_metadata(path)?;
    let own = found.uid() == rustix::process::geteuid().as_raw();
    if !found.is_file() || !own || found.mode() & FORBIDDEN != 0 {
        return Err(io::Error::new(
            io::ErrorKind::PermissionDenied,
            "other accounts can read or write it; remove it to have a new one created",
        ));
    }
    let mut text = String::new();
    File::open(path)?.take(SIZE).read_to_string(&mut text)?;
    Ok(text)
}

fn secret(text: &str) -> Option<Token> {
    let (_, rest) = text.split_once(PATH)?;
    let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_')?;
    Token::read(rest.get(..end)?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    const PANEL: ([u8; 4], u16) = ([0, 0, 0, 0], 8310);

    /// Whoever stands at a kiosk with a keyboard gets to no console and to no page but the panel's, and the
    /// secret that leads there is in no argument list.
    #[test]
    fn the_kiosk_shows_the_panel_and_nothing_else() {
        let unit = include_str!("../../kiosk/papermesh-kiosk.service").replace("\\\n", "");
        let start = unit
            .lines()
            .find_map(|line| line.strip_prefix("ExecStart="));
        let (compositor, browser) = start.unwrap().split_once(" -- ").unwrap();
        // Every option of cage's is one letter; `-s` lets keyboards change to another console.
        let options: Vec<_> = compositor.split_whitespace().skip(1).collect();
        assert!(compositor.ends_with("/cage"), "{options:?}");
        let mut words: Vec<_> = browser.split_whitespace().collect();
        let file = words.pop().unwrap();
        for option in ["--kiosk", "--incognito"] {
            assert!(words.contains(&option), "{option}");
        }
        assert!(file.starts_with("file:///") && !file.contains('#') && !file.contains(PATH));

        let policy = include_str!("../../kiosk/chromium-policy.json");
        let policy: serde_json::Value = serde_json::from_str(policy).unwrap();
        let list = |name: &str| -> Vec<String> {
            serde_json::from_value(policy[name].clone()).unwrap_or_default()
        };
        assert!(list("URLBlocklist").iter().any(|blocked| blocked == "*"));
        let panel = format!("http://{}", crate::config::PANEL);
        assert_eq!(list("URLAllowlist"), [&*panel, file]);
        // 2 is never, for both.
        for forbidden in ["DeveloperToolsAvailability", "DefaultPopupsSetting"] {
            assert_eq!(policy[forbidden], 2, "{forbidden}");
        }
        // Who installs the one is told to install the other where it is read.
        let told = include_str!("../../kiosk/README.md");
        let policies = "chromium-policy.json /etc/chromium/policies/managed/";
        assert!(told.contains(policies));
        let launch = file.strip_prefix("file://").unwrap();
        assert!(told.contains(&format!("panel-launch = \"{launch}\"")));
    }

    #[test]
    fn the_secret_outlives_the_node_and_is_for_owner_and_group() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("panel.html");
        let first = Launch::open(&path, PANEL.into()).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains("url=http://127.0.0.1:8310/here/"), "{text}");
        let again = Launch::open(&path, PANEL.into()).unwrap();
        assert!(again.is(&first.0.text()) && !again.is(""));
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, MODE);
    }

    #[test]
    fn a_file_that_others_could_write_is_not_believed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("panel.html");
        Launch::open(&path, PANEL.into()).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        let refused = Launch::open(&path, PANEL.into());
        assert_eq!(
            refused.err().unwrap().kind(),
            io::ErrorKind::PermissionDenied
        );
        // Nor is a link to a file of somebody else.
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let link = folder.path().join("link.html");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert!(Launch::open(&link, PANEL.into()).is_err());
    }

    #[test]
    fn what_is_no_file_of_ours_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("panel.html");
        fs::write(&path, "/here/").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        assert!(Launch::open(&path, PANEL.into()).is_ok());
    }
}
