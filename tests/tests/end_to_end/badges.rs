//! Badges that nobody has: their users register them at the panel, where the site lets them.

use std::sync::Arc;

use papermesh_tests::browser::{Browser, Window};
use papermesh_tests::network::{Namespace, Wire};
use papermesh_tests::panel::read_code;
use papermesh_tests::wait::wait_until;
use papermesh_tests::{Machine, PanelAt, SOON, Setting, Site, User};

/// A badge that nobody has.
const NEW: &str = "04C0FFEE15600D";

/// An admin's computer, charlie's laptop, and a printer with a panel.
struct Hall {
    admin: Machine,
    laptop: Machine,
    at: PanelAt,
    charlie: User,
    // The last to go: it takes the others' homes with it.
    site: Site,
}

impl Hall {
    fn new(policy: &str) -> Self {
        let site = Site::new();
        let charlie = User::charlie();
        let admin = site.founder("office-1");
        let laptop = site.member(&admin, "laptop-1", "client");
        let at = site.panel(&admin, "printer-1", &[]);
        admin.enroll(&charlie, &laptop);
        laptop.print(&site.document("report.pdf", "report"), &charlie);
        let hall = Self {
            admin,
            laptop,
            at,
            charlie,
            site,
        };
        hall.decide(policy);
        wait_until(SOON, "the laptop to be found", || {
            hall.at.printer.visit(&hall.charlie).sees(1)
        });
        hall
    }

    /// Changes the policy, and waits until everybody has heard of it.
    fn decide(&self, policy: &str) {
        let command = format!("site policy {policy}");
        let changed = self.admin.papermesh(&command).run().succeeded();
        for machine in [&self.laptop, &self.at.printer] {
            wait_until(SOON, "the policy to arrive", || {
                let shown = machine.papermesh("site policy").run().succeeded();
                shown.stdout() == changed.stdout()
            });
        }
    }

    /// Taps the badge that nobody has, and is told so in words that begin like this.
    fn tap_new(&self, browser: &mut Browser, told: &str) {
        self.at.tap(NEW);
        browser.see(&format!(".typing .notice:has-text(\"{told}\")"));
    }

    fn type_id_and_pin(&self, browser: &mut Browser) {
        browser.fill("#user", &self.charlie.id);
        browser.fill("#pin", &self.charlie.pin);
        browser.press("Enter");
        browser.see("main.session");
    }

    /// Charlie with the badge that was new.
    fn charlie_with_it(&self) -> User {
        User::new(&self.charlie.id, NEW, &self.charlie.pin)
    }

    /// How often the audit of each computer has this record: the admin's, the laptop's, the printer's.
    fn audited(&self, what: &str) -> [usize; 3] {
        [&self.admin, &self.laptop, &self.at.printer].map(|machine| {
            let audit = machine.audit();
            audit.iter().filter(|entry| entry.what == what).count()
        })
    }
}

fn log_out(browser: &mut Browser) {
    browser.click("button.leave");
    browser.see("main.welcome");
}

/// Tapped, typed once, asked once: from then on the badge names its user.
#[test]
fn a_user_registers_a_badge_at_the_panel() {
    let hall = Hall::new("--bind-badges on");
    let mut browser = hall.at.browser(Window::PANEL);
    hall.tap_new(&mut browser, "Nobody has this badge yet");
    browser.picture("badge-new");
    browser.is_for_everybody("a badge that nobody has");
    hall.type_id_and_pin(&mut browser);
    browser.see("#offer:has-text(\"Register this badge as yours?\")");
    browser.picture("badge-question");
    browser.is_for_everybody("the question about a badge");
    // With a keyboard as with a finger.
    browser.evaluate::<()>("document.querySelector('#offer .primary').focus()");
    browser.press("Enter");
    browser.see("#badge.good:has-text(\"The badge is yours\")");
    browser.miss("#offer");
    browser.picture("badge-bound");
    browser.is_for_everybody("a badge that is registered");
    assert!(!browser.html().contains(NEW));
    browser.click("#badge button");
    browser.miss("#badge");
    log_out(&mut browser);

    // Here at once, and everywhere soon.
    hall.at
        .log_in_with_badge(&mut browser, &hall.charlie_with_it());
    browser.see("#jobs label:has-text(\"report.pdf\")");
    browser.miss("#offer");
    log_out(&mut browser);
    let second = hall.site.tray_printer(&hall.admin, "printer-2");
    wait_until(SOON, "the second printer to know the badge", || {
        second.visit(&hall.charlie_with_it()).sees(1)
    });
    assert_eq!(hall.audited("badge-attested"), [0, 1, 1]);
    assert_eq!(hall.audited("badge-bound"), [1, 0, 1]);
    for machine in [&hall.admin, &hall.laptop, &hall.at.printer] {
        assert!(!machine.log().contains(NEW), "{}", machine.name());
        let audit = machine.papermesh("audit").run().succeeded();
        assert!(!audit.stdout().contains(NEW), "{}", machine.name());
    }

    // Where the badge alone suffices, it does.
    hall.decide("--login badge --yes");
    hall.at.tap(NEW);
    browser.see("main.session");
    browser.see("#jobs label:has-text(\"report.pdf\")");
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

/// Nobody is asked where the site does not allow it; who says no is asked nothing more; and the
/// question is for whoever showed the badge, not for who comes next.
#[test]
fn nobody_is_asked_about_a_badge_without_reason() {
    let hall = Hall::new("--bind-badges off");
    let mut browser = hall.at.browser(Window::PANEL);
    hall.tap_new(&mut browser, "Nobody is known by this badge");
    hall.type_id_and_pin(&mut browser);
    browser.see("#jobs label:has-text(\"report.pdf\")");
    browser.miss("#offer");
    log_out(&mut browser);

    hall.decide("--bind-badges on");
    hall.tap_new(&mut browser, "Nobody has this badge yet");
    // A wrong PIN first: the badge is still the one that was shown.
    browser.fill("#user", &hall.charlie.id);
    browser.fill("#pin", "000000");
    browser.press("Enter");
    browser.see(".notice.bad:has-text(\"Not logged in\")");
    browser.fill("#pin", &hall.charlie.pin);
    browser.press("Enter");
    browser.see("#offer");
    browser.click("#offer button:has-text(\"Not now\")");
    browser.miss("#offer");
    log_out(&mut browser);

    // Somebody else stands there: a badge that is known, or nobody for a while.
    hall.tap_new(&mut browser, "Nobody has this badge yet");
    hall.at.tap(&hall.charlie.badge);
    browser.miss("#user");
    hall.at.log_in_with_badge(&mut browser, &hall.charlie);
    browser.see("#jobs label:has-text(\"report.pdf\")");
    browser.miss("#offer");
    log_out(&mut browser);
    hall.tap_new(&mut browser, "Nobody has this badge yet");
    browser.click("button:has-text(\"Back\")");
    hall.at.log_in(&mut browser, &hall.charlie);
    browser.see("#jobs label:has-text(\"report.pdf\")");
    browser.miss("#offer");
    log_out(&mut browser);

    hall.tap_new(&mut browser, "Nobody has this badge yet");
    assert_eq!(hall.audited("badge-attested"), [0; 3]);
    assert_eq!(hall.audited("badge-bound"), [0; 3]);
}

/// A badge that is somebody else's by then stays so, and nobody is told whose it is. Without an
/// admin's computer the panel says that, and the next time it works.
#[test]
fn a_badge_that_cannot_be_registered_is_said_to_be_so() {
    let mut hall = Hall::new("--bind-badges on");
    let dana = User::dana();
    hall.admin.enroll(&dana, &hall.admin);
    let mut browser = hall.at.browser(Window::PANEL);
    hall.tap_new(&mut browser, "Nobody has this badge yet");
    hall.type_id_and_pin(&mut browser);
    browser.see("#offer");
    let badge = |more: &str| {
        let command = hall.admin.papermesh("user badge");
        let command = command.args([&*dana.id, NEW]);
        command.args(more.split_whitespace()).run().succeeded()
    };
    let _ = badge("");
    browser.click("#offer .primary");
    browser.see("#badge.warn:has-text(\"somebody else\")");
    browser.picture("badge-taken");
    browser.is_for_everybody("a badge of somebody else");
    assert!(!browser.html().contains(&dana.id));
    log_out(&mut browser);
    assert_eq!(hall.audited("bind-refused"), [1, 0, 1]);
    let _ = badge("--remove");

    wait_until(SOON, "the badge to be nobody's", || {
        let visit = hall.at.printer.papermesh("release --list --pin-stdin");
        let ended = visit.args(["--badge", NEW]).stdin("481516\n").run();
        !ended.is_success() && ended.stderr().contains("nobody is known")
    });
    hall.tap_new(&mut browser, "Nobody has this badge yet");
    hall.admin.kill();
    hall.type_id_and_pin(&mut browser);
    browser.see("#offer");
    browser.click("#offer .primary");
    browser.see("#badge.warn:has-text(\"no admin\")");
    browser.picture("badge-no-admin");
    log_out(&mut browser);

    hall.admin.run();
    hall.admin.wait_for_peers(2);
    hall.tap_new(&mut browser, "Nobody has this badge yet");
    hall.type_id_and_pin(&mut browser);
    browser.see("#offer");
    browser.click("#offer .primary");
    browser.see("#badge.good");
}

/// Who goes on with a phone is not asked there: nobody showed a badge to a phone. These need root for
/// network namespaces.
#[test]
fn the_question_is_not_taken_along_to_a_phone() {
    let (site, charlie) = (Site::new(), User::charlie());
    let mut wire = Wire::new(41);
    let [office, hall, street] = [(); 3].map(|()| Arc::new(Namespace::new()));
    for place in [&office, &hall, &street] {
        wire.plug(place);
    }
    let laptop = site.founder_at("laptop-1", Setting::within(&office));
    laptop.enroll(&charlie, &laptop);
    let policy = laptop.papermesh("site policy --bind-badges on");
    let _ = policy.run().succeeded();
    let at = site.panel_for_phones(&laptop, "printer-1", &hall, &[]);
    laptop.wait_for_peers(1);

    let mut panel = at.browser(Window::PANEL);
    at.tap(NEW);
    panel.see(".typing .notice:has-text(\"Nobody has this badge yet\")");
    panel.fill("#user", &charlie.id);
    panel.fill("#pin", &charlie.pin);
    panel.press("Enter");
    panel.see("#offer");
    panel.click(".move-on");
    let address = read_code(&mut panel);
    let mut phone = Browser::start_within(Some(&street), Window::PHONE);
    phone.open(&address);
    let number = phone.text(".big-number");
    panel.click(&format!(".number[value=\"{number}\"]"));
    phone.see("main.session .empty");
    phone.miss("#offer");
    assert!(!phone.html().contains(NEW));
}
