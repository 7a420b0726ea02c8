//! Walking up to a printer: a real browser at its panel, against real nodes.

use papermesh_tests::browser::{Browser, Window};
use papermesh_tests::device::{Fate, ScriptedPrinter};
use papermesh_tests::wait::wait_until;
use papermesh_tests::{Document, Machine, PanelAt, SOON, Site, User};

const LIST: &str = "#jobs .job-title";

/// A site with a laptop, and a printer with a panel and a device that does as it is told.
struct Walk {
    site: Site,
    device: ScriptedPrinter,
    laptop: Machine,
    at: PanelAt,
    charlie: User,
}

impl Walk {
    fn new(fate: Fate, args: &[&str]) -> Self {
        let site = Site::new();
        let device = ScriptedPrinter::start(fate);
        let laptop = site.founder("laptop-1");
        let uri = device.uri();
        let output = [&["--output", &*uri], args].concat();
        let at = site.panel(&laptop, "printer-1", &output);
        let charlie = User::charlie();
        laptop.enroll(&charlie, &laptop);
        Self {
            site,
            device,
            laptop,
            at,
            charlie,
        }
    }

    fn print(&self, name: &str) {
        let document = self.site.document(name, name);
        self.laptop.print(&document, &self.charlie);
    }

    fn holds(&self, count: usize) {
        wait_until(SOON, "the jobs that the laptop holds", || {
            self.laptop.jobs().len() == count
        });
    }
}

fn choose(browser: &mut Browser, title: &str) {
    browser.click(&format!("#jobs label:has-text(\"{title}\")"));
}

/// Badge, PIN on the screen, list, print: the whole of it, as most people will know it.
#[test]
fn a_user_taps_a_badge_and_prints() {
    let walk = Walk::new(Fate::Prints, &[]);
    walk.print("report.pdf");
    walk.print("minutes.pdf");
    walk.print("invoice.pdf");
    let status = walk.at.printer.papermesh("status").run().succeeded();
    assert!(status.stdout().contains(&walk.at.url));

    let mut browser = walk.at.browser(Window::PANEL);
    browser.picture("welcome");
    walk.at.tap(&walk.charlie.badge);
    browser.see("#pin");
    browser.picture("pin");
    // The number of the badge is in the panel's process, and nowhere in the page.
    assert!(!browser.html().contains(&walk.charlie.badge));
    walk.at.log_in_with_badge(&mut browser, &walk.charlie);
    browser.see("#jobs label:has-text(\"invoice.pdf\")");
    assert_eq!(
        browser.texts(LIST),
        ["report.pdf", "minutes.pdf", "invoice.pdf"]
    );
    browser.picture("list");

    choose(&mut browser, "report.pdf");
    browser.click("#print");
    browser.see(".card.good:has-text(\"report.pdf\")");
    browser.miss("#jobs label:has-text(\"report.pdf\")");
    walk.holds(2);

    // Printed and kept.
    choose(&mut browser, "minutes.pdf");
    browser.click("button:has-text(\"Print and keep\")");
    browser.see(".card.good:has-text(\"minutes.pdf\")");
    browser.see("#jobs label:has-text(\"minutes.pdf\")");
    walk.holds(2);

    // Protected.
    choose(&mut browser, "invoice.pdf");
    browser.click(".bar button:has-text(\"Protect\")");
    browser.see("#jobs label:has-text(\"invoice.pdf\") .chip.good");

    // Deleted, after a question.
    browser.click("button:has-text(\"Delete\")");
    browser.see("#sure");
    browser.picture("sure");
    browser.click("#sure .solid");
    browser.miss("#jobs label:has-text(\"invoice.pdf\")");
    walk.holds(1);

    browser.picture("printed");
    browser.click("button.leave");
    browser.see("main.welcome");
    assert!(!browser.html().contains("minutes.pdf"));
    assert_eq!(browser.complaints(), Vec::<String>::new());
}
