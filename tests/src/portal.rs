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
    /// What its page asks for before it does what is grave.
    pub code: String,
}

impl Link {
    /// A browser on its page.
    #[must_use]
    pub fn browser(&self, window: Window) -> Browser {
        browser_at(&self.url, window)
    }

    /// The user types the digits that the terminal showed.
    pub fn prove(&self, browser: &mut Browser) {
        browser.fill("dialog[open] #ask-proof", &self.code);
        browser.press("Enter");
    }
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
    /// A way to the user's page.
    #[must_use]
    pub fn page_of(&self, user: &User) -> Link {
        self.papermesh("open").args(["--user", &user.id]).json()
    }

    /// A link to the user's page.
    #[must_use]
    pub fn link_of(&self, user: &User) -> String {
        self.page_of(user).url
    }

    /// A way to the admin's page.
    #[must_use]
    pub fn admin_page(&self) -> Link {
        self.papermesh("open --admin").json()
    }

    /// A link to the admin's page.
    #[must_use]
    pub fn admin_link(&self) -> String {
        self.admin_page().url
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
