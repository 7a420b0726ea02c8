//! Badges that nobody has: their users register them at the panel, where the site lets them.

use std::sync::Arc;

use papermesh_tests::answer::Finding;
use papermesh_tests::browser::{Browser, Window};
use papermesh_tests::network::{Namespace, Wire};
use papermesh_tests::panel::read_code;
use papermesh_tests::wait::{wait_for, wait_until};
use papermesh_tests::{Machine, PanelAt, SOON, Setting, Site, User};
use serde_json::json;

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
    hall.tap_new(&mut browser, "This badge isn’t registered yet");
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
    hall.tap_new(&mut browser, "This badge isn’t registered.");
    hall.type_id_and_pin(&mut browser);
    browser.see("#jobs label:has-text(\"report.pdf\")");
    browser.miss("#offer");
    log_out(&mut browser);

    hall.decide("--bind-badges on");
    hall.tap_new(&mut browser, "This badge isn’t registered yet");
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
    hall.tap_new(&mut browser, "This badge isn’t registered yet");
    hall.at.tap(&hall.charlie.badge);
    browser.miss("#user");
    hall.at.log_in_with_badge(&mut browser, &hall.charlie);
    browser.see("#jobs label:has-text(\"report.pdf\")");
    browser.miss("#offer");
    log_out(&mut browser);
    hall.tap_new(&mut browser, "This badge isn’t registered yet");
    browser.click("button:has-text(\"Back\")");
    hall.at.log_in(&mut browser, &hall.charlie);
    browser.see("#jobs label:has-text(\"report.pdf\")");
    browser.miss("#offer");
    log_out(&mut browser);

    hall.tap_new(&mut browser, "This badge isn’t registered yet");
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
    hall.tap_new(&mut browser, "This badge isn’t registered yet");
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
        !ended.is_success() && ended.stderr().contains("this badge is not registered")
    });
    hall.tap_new(&mut browser, "This badge isn’t registered yet");
    hall.admin.kill();
    hall.type_id_and_pin(&mut browser);
    browser.see("#offer");
    browser.click("#offer .primary");
    browser.see("#badge.warn:has-text(\"no admin\")");
    browser.picture("badge-no-admin");
    log_out(&mut browser);

    hall.admin.run();
    hall.admin.wait_for_peers(2);
    hall.tap_new(&mut browser, "This badge isn’t registered yet");
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
    panel.see(".typing .notice:has-text(\"This badge isn’t registered yet\")");
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

/// A badge that lies on a reader which reads it again and again is one tap: the session that it opened
/// stays, and ends with the next tap.
#[test]
fn a_badge_that_rests_on_the_reader_is_one_tap() {
    let hall = Hall::new("--login badge --yes");
    let mut browser = hall.at.browser(Window::PANEL);
    hall.at.tap(&hall.charlie.badge);
    for _ in 0..3 {
        hall.at.read(&hall.charlie.badge);
    }
    browser.see("main.session");
    let page = |browser: &mut Browser| -> String {
        browser.evaluate("document.querySelector('#app').dataset.page")
    };
    let before = page(&mut browser);
    for _ in 0..3 {
        hall.at.read(&hall.charlie.badge);
    }
    browser.see("#jobs label:has-text(\"report.pdf\")");
    // The secrets of a page are new with each login.
    assert_eq!(page(&mut browser), before);
    // Another badge ends it at once; its own does again once it was taken away.
    hall.at.tap("0000000000");
    browser.miss("main.session");
    // A page that is loading at that moment does not show what was said before; whoever sees nothing taps again.
    let notice = json!(".typing .notice:has-text(\"This badge isn’t registered.\")");
    let is_told = (0..3).any(|again| {
        if again > 0 {
            hall.at.tap("0000000000");
        }
        browser.attempt("see", notice.clone()).is_ok()
    });
    assert!(is_told);
    hall.at.tap(&hall.charlie.badge);
    browser.see("main.session");
    let before = page(&mut browser);
    hall.at.tap(&hall.charlie.badge);
    wait_until(SOON, "the session to be another", || {
        page(&mut browser) != before
    });
}

/// A card that makes up its number each time is nobody's and becomes nobody's, and its user is told why.
#[test]
fn a_badge_without_a_number_of_its_own_is_not_registered() {
    let hall = Hall::new("--bind-badges on");
    let mut browser = hall.at.browser(Window::PANEL);
    for number in ["08A1B2C3", "08:d4:e5:f6"] {
        hall.at.tap(number);
        browser.see(".typing .notice.warn:has-text(\"shows a different number each time\")");
    }
    browser.picture("badge-random");
    browser.is_for_everybody("a badge without a number of its own");
    hall.type_id_and_pin(&mut browser);
    browser.see("#jobs label:has-text(\"report.pdf\")");
    assert_eq!(browser.count("#offer"), 0);
    log_out(&mut browser);
}

/// A reader that prints the numbers otherwise than the site has them: the admin is told which rule it
/// needs, and with the rule its users are known.
#[test]
fn a_reader_with_a_rule_of_its_own_knows_the_same_badges() {
    let mut hall = Hall::new("--bind-badges off");
    let mut bytes = hex(&hall.charlie.badge);
    bytes.reverse();
    let backwards = data_encoding::HEXUPPER.encode(&bytes);
    let mut browser = hall.at.browser(Window::PANEL);
    hall.at.tap(&backwards);
    browser.see(".typing .notice:has-text(\"This badge isn’t registered.\")");
    let reader = |hall: &Hall| {
        let findings: Vec<Finding> = hall.at.printer.papermesh("doctor").run().json();
        findings
            .into_iter()
            .find(|finding| finding.check == "badge reader")
            .unwrap()
    };
    let advice = wait_for(SOON, "the rule to be found", || reader(&hall).advice);
    assert!(advice.contains("badge-rule = \"reverse\""), "{advice}");
    assert!(hall.at.printer.log().contains("badge_rule=reverse"));
    assert!(!hall.at.printer.log().contains(&backwards));

    let setting = hall.at.printer.setting();
    *setting = setting.clone().running(&["--badge-rule", "reverse"]);
    hall.at.printer.restart();
    assert_eq!(reader(&hall).verdict, "good");
    browser.open(&hall.at.url);
    browser.see("html[data-live] main.welcome");
    hall.at.tap(&backwards);
    browser.see("#pin");
}

fn hex(number: &str) -> Vec<u8> {
    data_encoding::HEXUPPER.decode(number.as_bytes()).unwrap()
}
