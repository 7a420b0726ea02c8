//! A printer with a panel, and badges to tap there.

use std::io::Write;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::browser::{Browser, Window};
use crate::machine::{Machine, SOON, Setting};
use crate::network::Namespace;
use crate::site::Site;
use crate::user::User;
use crate::wait::wait_for;

/// After what time a badge that was read is not believed to be at the reader still, and does not end the
/// session that it opened, whichever is longer; a little more.
const HELD: Duration = Duration::from_millis(5500);

/// A printer's panel.
#[derive(Debug)]
pub struct PanelAt {
    /// The printer; its node runs.
    pub printer: Machine,
    /// Where a browser finds it.
    pub url: String,
    reader: PathBuf,
    /// The badge that was tapped last, and when.
    tapped: Mutex<Option<(String, Instant)>>,
    /// Where its screen is; none for the host.
    namespace: Option<Arc<Namespace>>,
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
            tapped: Mutex::default(),
            namespace: None,
        }
    }

    /// A printer in a namespace, with a panel that phones reach, with more arguments of `papermesh run`.
    #[must_use]
    pub fn panel_for_phones(
        &self,
        admin: &Machine,
        name: &str,
        namespace: &Arc<Namespace>,
        args: &[&str],
    ) -> PanelAt {
        let reader = self.path(&format!("{name}.badges"));
        let socket = format!("socket:{}", reader.display());
        let setting = Setting::within(namespace)
            .running(&["--panel", "0.0.0.0:8310", "--badge-reader", &socket])
            .running(args);
        let printer = self.invited(admin, name, "printer", setting).running();
        PanelAt {
            printer,
            url: "http://localhost:8310/".into(),
            reader,
            tapped: Mutex::default(),
            namespace: Some(Arc::clone(namespace)),
        }
    }
}

impl PanelAt {
    /// Taps a badge. One that was tapped before was taken away meanwhile: what is read sooner is the
    /// same tap.
    ///
    /// # Panics
    /// If there is no reader.
    pub fn tap(&self, badge: &str) {
        self.wait_to_tap(badge);
        self.read(badge);
        let mut tapped = self.tapped.lock().unwrap_or_else(PoisonError::into_inner);
        *tapped = Some((badge.to_owned(), Instant::now()));
    }

    /// Waits until reading this badge is another tap.
    pub fn wait_to_tap(&self, badge: &str) {
        let mut tapped = self.tapped.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, at)) = tapped.take().filter(|(before, _)| before == badge) {
            std::thread::sleep(HELD.saturating_sub(at.elapsed()));
        }
    }

    /// The reader reads a badge, which may lie there still.
    ///
    /// # Panics
    /// If there is no reader.
    pub fn read(&self, badge: &str) {
        let mut reader = wait_for(SOON, "the badge reader", || {
            UnixStream::connect(&self.reader).ok()
        });
        writeln!(reader, "{badge}").unwrap_or_else(|error| panic!("the badge reader: {error}"));
    }

    /// A browser at the panel.
    #[must_use]
    pub fn browser(&self, window: Window) -> Browser {
        let mut browser = Browser::start_within(self.namespace.as_deref(), window);
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

/// What a phone's camera reads from a panel's screen.
///
/// # Panics
/// If there is no code, or none that can be read.
#[must_use]
#[track_caller]
pub fn read_code(browser: &mut Browser) -> String {
    const SCALE: usize = 4;
    browser.see(".code");
    let (size, drawn): (usize, Vec<[usize; 3]>) = browser.evaluate(
        "[document.querySelector('.code').viewBox.baseVal.width,
          [...document.querySelector('.code-ink').getAttribute('d').matchAll(/M(\\d+) (\\d+)h(\\d+)/g)]
            .map((run) => run.slice(1).map(Number))]",
    );
    let mut dark = vec![false; size * size];
    for [x, y, length] in drawn {
        // A margin of four modules is around it.
        let begin = (y + 4) * size + x + 4;
        dark[begin..begin + length].fill(true);
    }
    let mut picture =
        rqrr::PreparedImage::prepare_from_greyscale(size * SCALE, size * SCALE, |x, y| {
            if dark[y / SCALE * size + x / SCALE] {
                0
            } else {
                255
            }
        });
    let codes = picture.detect_grids();
    assert_eq!(codes.len(), 1, "codes on the screen");
    let read = codes[0].decode();
    let (_, address) = read.unwrap_or_else(|error| panic!("the code cannot be read: {error}"));
    address
}
