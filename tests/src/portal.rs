//! A computer with a portal, and people who open their pages there.

use serde::Deserialize;

use crate::browser::{Browser, Window};
use crate::machine::{Machine, Setting};
use crate::user::User;

/// A link as the command line gives it.
#[derive(Clone, Debug, Deserialize)]
pub struct Link {
    /// The link.
    pub url: String,
}

impl Setting {
    /// The same with a portal.
    #[must_use]
    pub fn with_portal(self) -> Self {
        let address = format!("127.0.0.1:{}", crate::port::reserve());
        self.running(&["--portal", &address])
    }
}

impl Machine {
    /// A link to the user's page.
    #[must_use]
    pub fn link_of(&self, user: &User) -> String {
        let link: Link = self.papermesh("open").args(["--user", &user.id]).json();
        link.url
    }

    /// A link to the admin's page.
    #[must_use]
    pub fn admin_link(&self) -> String {
        let link: Link = self.papermesh("open --admin").json();
        link.url
    }
}

/// A browser on that page.
#[must_use]
pub fn browser_at(link: &str, window: Window) -> Browser {
    let mut browser = Browser::start(window);
    browser.open(link);
    browser.see("html[data-live] #app");
    browser
}
