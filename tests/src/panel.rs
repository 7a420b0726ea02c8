//! A printer with a panel, and badges to tap there.

use std::io::Write;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;

use crate::browser::{Browser, Window};
use crate::machine::{Machine, SOON, Setting};
use crate::site::Site;
use crate::user::User;
use crate::wait::wait_for;

/// A printer's panel.
#[derive(Debug)]
pub struct PanelAt {
    /// The printer; its node runs.
    pub printer: Machine,
    /// Where a browser finds it.
    pub url: String,
    reader: PathBuf,
}

impl Site {
    /// A printer with a panel, with more arguments of `papermesh run`.
    #[must_use]
    pub fn panel(&self, admin: &Machine, name: &str, args: &[&str]) -> PanelAt {
        let port = crate::port::reserve();
        let reader = self.path(&format!("{name}.badges"));
        let (address, socket) = (
            format!("127.0.0.1:{port}"),
            format!("socket:{}", reader.display()),
        );
        let setting = Setting::default()
            .running(&["--panel", &address, "--badge-reader", &socket])
            .running(args);
        let printer = self.invited(admin, name, "printer", setting).running();
        PanelAt {
            printer,
            url: format!("http://{address}/"),
            reader,
        }
    }
}

impl PanelAt {
    /// Holds a badge to the reader.
    ///
    /// # Panics
    /// If there is no reader.
    pub fn tap(&self, badge: &str) {
        let mut reader = wait_for(SOON, "the badge reader", || {
            UnixStream::connect(&self.reader).ok()
        });
        writeln!(reader, "{badge}").unwrap_or_else(|error| panic!("the badge reader: {error}"));
    }

    /// A browser at the panel.
    #[must_use]
    pub fn browser(&self, window: Window) -> Browser {
        let mut browser = Browser::start(window);
        browser.open(&self.url);
        browser.see("html[data-live] main.welcome");
        browser
    }

    /// The user types id and PIN, and sees the list.
    pub fn log_in(&self, browser: &mut Browser, user: &User) {
        browser.click(".hero-words button");
        browser.fill("#user", &user.id);
        browser.fill("#pin", &user.pin);
        browser.press("Enter");
        browser.see("main.session");
    }

    /// The user taps the badge, types the PIN on the screen, and sees the list.
    pub fn log_in_with_badge(&self, browser: &mut Browser, user: &User) {
        self.tap(&user.badge);
        browser.see("#pin");
        for digit in user.pin.chars() {
            browser.click(&format!(".pad [data-key=\"{digit}\"]"));
        }
        browser.click("button[type=submit].primary");
        browser.see("main.session");
    }
}
