//! Walking up to a printer: a real browser at its panel, against real nodes.

use std::os::unix::fs::PermissionsExt;

use papermesh_tests::browser::{Browser, Window};
use papermesh_tests::device::{Fate, ScriptedPrinter};
use papermesh_tests::http::{OpenPage, Request};
use papermesh_tests::wait::wait_until;
use papermesh_tests::{Machine, PanelAt, SOON, Site, User};

const LIST: &str = "#jobs .job-title";
/// What people set up on their computers for all pages.
pub(crate) const WISHES: [(&str, &str); 3] = [
    ("more-contrast", "{\"contrast\":\"more\"}"),
    (
        "dark-more-contrast",
        "{\"contrast\":\"more\",\"colorScheme\":\"dark\"}",
    ),
    ("forced-colors", "{\"forcedColors\":\"active\"}"),
];

/// A site with a laptop, and a printer with a panel and a device that does as it is told.
struct Walk {
    device: ScriptedPrinter,
    laptop: Machine,
    at: PanelAt,
    charlie: User,
    // The last to go: it takes the others' homes with it.
    site: Site,
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
            device,
            laptop,
            at,
            charlie,
            site,
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
    // It is held to the reader once more, and what is typed meanwhile stays.
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

/// What a device says is shown in words and pictures; once somebody helped, it goes on by itself.
#[test]
fn a_device_that_stands_still_says_why_and_goes_on() {
    let walk = Walk::new(Fate::WantsPaper, &[]);
    walk.print("report.pdf");
    let mut browser = walk.at.browser(Window::PANEL);
    walk.at.log_in(&mut browser, &walk.charlie);
    choose(&mut browser, "report.pdf");
    browser.click("#print");
    browser.see(".card.warn .trouble:has-text(\"Out of paper\")");
    browser.picture("out-of-paper");
    browser.is_for_everybody("a device that wants paper");
    walk.device.set(Fate::Prints);
    browser.see(".card.good:has-text(\"Printed\")");
    walk.holds(0);
    browser.see(".empty");
    browser.picture("nothing-left");
}

/// What was begun can be taken back, and what was not printed stays in the list.
#[test]
fn a_print_can_be_canceled_and_its_job_stays() {
    let walk = Walk::new(Fate::Works, &[]);
    for name in ["first.pdf", "second.pdf"] {
        walk.print(name);
    }
    let mut browser = walk.at.browser(Window::PANEL);
    walk.at.log_in(&mut browser, &walk.charlie);
    browser.see("#jobs label:has-text(\"second.pdf\")");
    browser.click(".all");
    browser.click("#print");
    browser.see(".card.calm:has-text(\"second.pdf\")");
    browser.click(".card:has-text(\"second.pdf\") button");
    browser.see("#jobs label:has-text(\"second.pdf\")");
    wait_until(SOON, "the device to have the first", || {
        walk.device.is_busy()
    });
    browser.picture("printing");
    browser.click(".card:has-text(\"first.pdf\") button");
    browser.see(".card.bad:has-text(\"Not printed\")");
    browser.see("#jobs label:has-text(\"first.pdf\")");
    assert_eq!(walk.laptop.jobs().len(), 2);
    assert!(walk.device.printed().is_empty());
}

/// Copies and the like are changed before printing; nonsense is said to be nonsense.
#[test]
fn a_job_is_printed_otherwise_than_submitted() {
    let site = Site::new();
    let charlie = User::charlie();
    let laptop = site.founder("laptop-1");
    let at = site.panel(&laptop, "printer-1", &[]);
    laptop.enroll(&charlie, &laptop);
    laptop.print(&site.document("report.pdf", "report"), &charlie);

    let mut browser = at.browser(Window::PANEL);
    at.log_in(&mut browser, &charlie);
    choose(&mut browser, "report.pdf");
    browser.click(".bar button:has-text(\"Options\")");
    browser.click("[data-step=\"1\"]");
    browser.click("[data-step=\"1\"]");
    browser.fill("#pages", "7-3");
    browser.picture("options");
    browser.is_for_everybody("the options");
    browser.click("#options .primary");
    browser.click("#print");
    browser.see(".notice:has-text(\"Enter pages like\")");
    assert!(at.printer.tray().is_empty());

    choose(&mut browser, "report.pdf");
    browser.click(".bar button:has-text(\"Options\")");
    browser.fill("#pages", "");
    browser.click("#options .primary");
    browser.click("#print");
    browser.see(".card.good");
    let tray = at.printer.tray();
    assert!(tray[0].to_string_lossy().ends_with("-x3.pdf"), "{tray:?}");
}

/// Sides and color of last time are chosen again at the next visit, are seen to be, and one touch
/// takes them back; copies and pages are of one job, and are not remembered. Nobody else gets them.
#[test]
fn what_a_user_chose_last_is_offered_again() {
    let site = Site::new();
    let (charlie, dana) = (User::charlie(), User::dana());
    let laptop = site.founder("laptop-1");
    let mut at = site.panel(&laptop, "printer-1", &[]);
    laptop.enroll(&charlie, &laptop);
    laptop.enroll(&dana, &laptop);
    for name in ["one.pdf", "two.pdf", "three.pdf"] {
        laptop.print(&site.document(name, name), &charlie);
    }
    laptop.print(&site.document("hers.pdf", "4"), &dana);
    let both_sides = "#options input[value=two-sided-long-edge]";
    let is_chosen = |browser: &mut Browser, selector: &str| -> bool {
        browser.evaluate(&format!("document.querySelector('{selector}').checked"))
    };

    let mut browser = at.browser(Window::PANEL);
    at.log_in(&mut browser, &charlie);
    assert!(!is_chosen(&mut browser, both_sides));
    browser.miss("#applies");
    choose(&mut browser, "one.pdf");
    browser.click(".bar button:has-text(\"Options\")");
    browser.fill("#copies", "2");
    browser.click("#options label:has-text(\"Both sides\")");
    browser.click("#options label:has-text(\"Black and white\")");
    browser.click("#options .primary");
    browser.see("#applies:has-text(\"2 × · Both sides · Black and white\")");
    browser.picture("options-apply");
    browser.is_for_everybody("options that apply");
    browser.click("#print");
    browser.see(".card.good:has-text(\"one.pdf\")");
    browser.click("button.leave");
    browser.see("main.welcome");

    // Somebody else has made no choice.
    at.log_in(&mut browser, &dana);
    browser.see("#jobs label:has-text(\"hers.pdf\")");
    browser.miss("#applies");
    browser.click("button.leave");
    browser.see("main.welcome");

    // Also after the printer's computer was off.
    at.printer.restart();
    browser.open(&at.url);
    browser.see("html[data-live] main.welcome");
    at.log_in(&mut browser, &charlie);
    browser.see("#applies:has-text(\"Both sides · Black and white\")");
    assert!(!browser.text("#applies").contains('×'));
    assert!(is_chosen(&mut browser, both_sides));
    for (size, window) in [("panel", Window::PANEL), ("small", Window::SMALL)] {
        browser.resize(window);
        let is_in_sight: bool = browser.evaluate(
            "document.querySelector('#applies').getBoundingClientRect().bottom <= innerHeight",
        );
        assert!(is_in_sight, "{size}");
        browser.picture(&format!("options-of-last-time-{size}"));
    }
    choose(&mut browser, "two.pdf");
    browser.click("#print");
    browser.see(".card.good:has-text(\"two.pdf\")");

    // One touch, and everything is as it was sent; that is remembered, too.
    browser.click("#applies button");
    browser.miss("#applies");
    choose(&mut browser, "three.pdf");
    browser.click("#print");
    browser.see(".card.good:has-text(\"three.pdf\")");
    browser.click("button.leave");
    browser.see("main.welcome");
    at.log_in(&mut browser, &charlie);
    browser.see(".empty");
    browser.miss("#applies");
    assert!(!is_chosen(&mut browser, both_sides));
}

/// One list over two computers; what one of them holds is named when it is asleep.
#[test]
fn jobs_of_a_computer_that_is_asleep_are_named() {
    let site = Site::new();
    let charlie = User::charlie();
    let laptop = site.founder("laptop-1");
    let at = site.panel(&laptop, "printer-1", &[]);
    let mut second = site.member(&laptop, "laptop-2", "client");
    laptop.enroll(&charlie, &laptop);
    laptop.link(&charlie, &second);
    laptop.print(&site.document("one.pdf", "1"), &charlie);
    second.print(&site.document("two.pdf", "2"), &charlie);

    let mut browser = at.browser(Window::PANEL);
    wait_until(SOON, "both computers to be found", || {
        at.printer.visit(&charlie).sees(2)
    });
    at.log_in(&mut browser, &charlie);
    browser.see("#jobs label:has-text(\"laptop-2\")");
    assert_eq!(browser.texts(LIST), ["one.pdf", "two.pdf"]);
    browser.click("button.leave");
    browser.see("main.welcome");

    second.kill();
    at.log_in(&mut browser, &charlie);
    browser.see("#jobs .notice:has-text(\"laptop-2\") time");
    assert_eq!(browser.texts(LIST), ["one.pdf"]);
    browser.picture("asleep");
    browser.is_for_everybody("a list with a computer that is asleep");
}

/// Nobody touches the screen: the user is logged out, what was chosen is printed all the same, and
/// nothing of it is left in the page, in a second window, or in the history.
#[test]
fn a_user_who_left_leaves_nothing() {
    let walk = Walk::new(Fate::Works, &["--panel-idle", "6s"]);
    walk.print("secret-plan.pdf");
    let dana = User::dana();
    walk.laptop.enroll(&dana, &walk.laptop);
    let mut browser = walk.at.browser(Window::PANEL);
    walk.at.log_in(&mut browser, &walk.charlie);
    browser.see("#jobs label:has-text(\"secret-plan.pdf\")");

    // A second window of the same browser is nobody's.
    browser.another();
    browser.open(&walk.at.url);
    browser.see("html[data-live] main.welcome");
    assert!(!browser.html().contains("secret-plan"));
    browser.switch(0);
    browser.see("#jobs label:has-text(\"secret-plan.pdf\")");

    choose(&mut browser, "secret-plan.pdf");
    browser.click("#print");
    browser.see(".card:has-text(\"secret-plan.pdf\")");
    browser.see("#clock.soon");
    browser.picture("soon");
    browser.click("#clock button");
    browser.miss("#clock.soon");
    browser.see("main.welcome .notice:has-text(\"still being printed\")");
    assert!(!browser.html().contains("secret-plan"));
    browser.picture("logged-out");
    walk.device.set(Fate::Prints);
    walk.holds(0);

    // Whoever comes next sees nothing of it, however often they go back.
    walk.at.log_in(&mut browser, &dana);
    assert!(!browser.html().contains("secret-plan"));
    browser.see(".empty");
    browser.reload();
    browser.see("html[data-live] main.welcome");
    browser.open("about:blank");
    browser.back();
    browser.see("main.welcome");
    assert!(!browser.html().contains("dana"));
}

/// Wrong PINs, unknown badges and nobody there each have their words.
#[test]
fn who_is_not_let_in_is_told_what_to_do() {
    let walk = Walk::new(Fate::Prints, &[]);
    walk.print("report.pdf");
    let mut browser = walk.at.browser(Window::PANEL);
    walk.at.tap("0000000000");
    browser.see(".notice:has-text(\"This badge isn’t registered.\")");
    browser.picture("unknown-badge");
    browser.fill("#user", "charlie");
    browser.fill("#pin", "000000");
    browser.press("Enter");
    browser.see(".notice.bad:has-text(\"Not logged in\")");
    browser.picture("wrong-pin");
    browser.is_for_everybody("a wrong PIN");
    wait_until(SOON, "guesses to be slowed", || {
        browser.fill("#pin", "000000");
        browser.press("Enter");
        browser.see(".login:not(.htmx-request) #pin:focus");
        browser.count(".notice.bad:has-text(\"Too many attempts\")") == 1
    });
}

/// Every page in two languages and all colors, for everybody, at every size, with pictures to look at.
#[test]
fn every_page_is_for_everybody() {
    let walk = Walk::new(Fate::Prints, &[]);
    let long = "A title that goes on and on, because whoever named it wanted to say all of it at once, twice.pdf";
    for name in ["report.pdf", long] {
        walk.print(name);
    }
    let mut browser = walk.at.browser(Window::PANEL);
    for (language, name) in [("en", "English"), ("ar", "العربية")] {
        for look in ["light", "dark", "contrast"] {
            for (size, window) in [
                ("panel", Window::PANEL),
                ("phone", Window::PHONE),
                ("small", Window::SMALL),
                ("desktop", Window::DESKTOP),
            ] {
                let extreme = matches!(size, "small" | "desktop");
                if extreme && look == "dark" {
                    continue;
                }
                let shown = format!("{language}-{look}-{size}");
                browser.begin(Window { language, ..window });
                browser.open(&walk.at.url);
                browser.see("html[data-live] main.welcome");
                browser.click(".menu summary");
                browser.click(&format!(".choice[value={look}]"));
                browser.see(&format!("#app[data-look={look}]"));
                let menu = browser.html();
                assert!(menu.contains(name), "{shown}");
                for page in ["welcome", "typing", "list"] {
                    match page {
                        "typing" => {
                            browser.click(".hero-words button");
                            browser.see("#pin");
                        }
                        "list" => {
                            browser.fill("#user", &walk.charlie.id);
                            browser.fill("#pin", &walk.charlie.pin);
                            browser.press("Enter");
                            browser.see("#jobs label:has-text(\"report.pdf\")");
                            choose(&mut browser, "report.pdf");
                        }
                        _ => {}
                    }
                    let what = format!("{page}-{shown}");
                    browser.picture(&what);
                    browser.is_for_everybody(&what);
                    let wide: bool = browser.evaluate(
                        "document.documentElement.scrollWidth > document.documentElement.clientWidth + 1",
                    );
                    assert!(!wide, "{what} is wider than its window");
                    let small: Vec<String> = browser.evaluate(
                        "[...document.querySelectorAll('button, summary, input:not([type=radio]):not([type=checkbox])')]
                            .filter((one) => one.offsetParent && !one.closest('dialog:not([open])'))
                            .filter((one) => one.getBoundingClientRect().height < 47.5)
                            .map((one) => one.outerHTML)",
                    );
                    assert!(
                        small.is_empty(),
                        "{what}: too small for a finger: {small:?}"
                    );
                }
                browser.click("button.leave");
                browser.see("main.welcome");
            }
        }
    }
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

/// What somebody set up on their computer for all pages is kept: more contrast, few colors of their own.
#[test]
fn colours_of_the_system_are_kept() {
    let walk = Walk::new(Fate::WantsPaper, &[]);
    for name in ["report.pdf", "minutes.pdf"] {
        walk.print(name);
    }
    let mut browser = walk.at.browser(Window::PANEL);
    for (wish, features) in WISHES {
        for (size, window) in [
            ("panel", Window::PANEL),
            ("small", Window::SMALL),
            ("desktop", Window::DESKTOP),
        ] {
            browser.begin(window);
            browser.wish(&serde_json::from_str(features).unwrap());
            browser.open(&walk.at.url);
            browser.see("html[data-live] main.welcome");
            let look = |browser: &mut Browser, page: &str| {
                let what = format!("{page}-{wish}-{size}");
                browser.picture(&what);
                browser.is_for_everybody(&what);
            };
            look(&mut browser, "welcome");
            browser.click(".hero-words button");
            browser.see("#pin");
            look(&mut browser, "typing");
            browser.tab_through();
            browser.fill("#user", &walk.charlie.id);
            browser.fill("#pin", &walk.charlie.pin);
            browser.press("Enter");
            browser.see("#jobs label:has-text(\"minutes.pdf\")");
            choose(&mut browser, "report.pdf");
            browser.click("#print");
            browser.see(".card.warn .trouble");
            choose(&mut browser, "minutes.pdf");
            look(&mut browser, "list");
            browser.tab_through();
            browser.click(".bar button:has-text(\"Options\")");
            browser.see("#options[open]");
            look(&mut browser, "options");
            browser.tab_through();
            browser.press("Escape");
            browser.click(".card button:has-text(\"Cancel\")");
            browser.see("#jobs label:has-text(\"report.pdf\")");
            browser.click("button.leave");
            browser.see("main.welcome");
        }
    }
}

/// From the log-in to the log-out with a keyboard alone: whatever has the focus is seen, is large enough,
/// and lies under nothing, however long the list is.
#[test]
fn a_keyboard_is_enough() {
    let walk = Walk::new(Fate::Prints, &[]);
    for number in 0..14 {
        walk.print(&format!("report-{number:02}.pdf"));
    }
    let mut browser = walk.at.browser(Window::PANEL);
    for (window, last) in [
        (Window::PANEL, "report-13.pdf"),
        (Window::SMALL, "report-12.pdf"),
    ] {
        browser.resize(window);
        browser.tab_to(".hero-words button");
        browser.press("Enter");
        browser.see("#user:focus");
        browser.type_in(&walk.charlie.id);
        browser.tab_to("#pin");
        browser.type_in(&walk.charlie.pin);
        browser.press("Enter");
        browser.see(&format!("#jobs label:has-text(\"{last}\")"));
        let id: String = browser.evaluate(&format!(
            "[...document.querySelectorAll('#jobs .job')]\
             .find((job) => job.textContent.includes('{last}')).querySelector('input').id"
        ));
        browser.tab_to(&format!("#{id}"));
        browser.press("Space");
        browser.see(&format!("#jobs input:checked + label:has-text(\"{last}\")"));
        browser.tab_to("#print");
        browser.press("Enter");
        browser.see(&format!(".card.good:has-text(\"{last}\")"));
        browser.tab_to("button.leave");
        browser.press("Enter");
        browser.see("main.welcome");
    }
    walk.holds(12);
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

/// How much a page weighs, and what it costs to keep it new.
#[test]
fn pages_are_light() {
    let walk = Walk::new(Fate::Prints, &[]);
    for name in ["one.pdf", "two.pdf", "three.pdf"] {
        walk.print(name);
    }
    let mut browser = walk.at.browser(Window::PANEL);
    let first = browser.weight();
    assert!(first <= 150 * 1024, "the first page weighs {first} bytes");
    walk.at.log_in(&mut browser, &walk.charlie);
    browser.see("#jobs label:has-text(\"three.pdf\")");
    let list = browser.weight();
    assert!(list <= 4 * 10 * 1024, "login and list weigh {list} bytes");
    choose(&mut browser, "one.pdf");
    browser.weight();
    browser.click("#print");
    browser.see(".card.good");
    browser.miss("#jobs label:has-text(\"one.pdf\")");
    let print = browser.weight();
    println!("weights: first {first}, login and list {list}, print {print}");
}

// Hostile -------------------------------------------------------------------------------------------

/// Neither one user's PIN nor one PIN for many users can be guessed through the page.
#[test]
fn pins_cannot_be_guessed_through_the_page() {
    let walk = Walk::new(Fate::Prints, &[]);
    walk.print("report.pdf");
    let mut page = OpenPage::open(&walk.at.url);
    let mut looked_at = 0;
    for guess in 0..20 {
        let answer = page.log_in("charlie", &format!("{:06}", 100_000 + guess));
        assert!(!answer.body.contains("report.pdf"));
        looked_at += usize::from(answer.body.contains("Not logged in"));
    }
    assert!(looked_at <= 8, "{looked_at} guesses were looked at");
    // The right one has to wait, too.
    let answer = page.log_in("charlie", &walk.charlie.pin);
    assert!(answer.body.contains("oo many attempts"), "{}", answer.body);
    // And another user from another page is slowed by the panel itself.
    let spray = (0..20).map(|user| {
        let mut page = OpenPage::open(&walk.at.url);
        page.log_in(&format!("user-{user}"), "123456")
    });
    let slowed = spray
        .filter(|answer| answer.body.contains("oo many attempts"))
        .count();
    assert!(slowed >= 10, "{slowed} were slowed");
}

/// A page that knows the secrets of before the login does not know those of after it.
#[test]
fn a_session_cannot_be_fixed() {
    let walk = Walk::new(Fate::Prints, &[]);
    walk.print("report.pdf");

    let mut page = OpenPage::open(&walk.at.url);
    let attacker = page.clone();
    let list = page.log_in("charlie", &walk.charlie.pin);
    assert!(list.body.contains("data-session"), "{}", list.body);
    assert_ne!(attacker.cookie, page.cookie);
    assert_ne!(attacker.token, page.token);
    wait_until(SOON, "the list", || {
        page.get("jobs").send().body.contains("report.pdf")
    });
    for what in ["view", "jobs", "prints"] {
        let answer = attacker.get(what).send();
        assert_eq!((answer.status, answer.body.as_str()), (204, ""));
    }
    for deed in ["print", "leave"] {
        let answer = attacker.post(deed, "job=0").send();
        assert_eq!((answer.status, answer.body.as_str()), (204, ""));
    }
    assert!(page.get("jobs").send().body.contains("report.pdf"));
    assert_eq!(walk.device.given(), 0);
    assert_eq!(attacker.get("events").send().status, 403);
    // Half of the secrets is none.
    let half = page.get("jobs").without("X-Papermesh-Page").send();
    assert_eq!(half.status, 403);
    assert_eq!(
        page.get("jobs")
            .header("Cookie", &attacker.cookie)
            .send()
            .status,
        403
    );
    // Neither is a page that is over.
    let over = page.post("leave", "").send();
    assert!(!over.body.contains("report.pdf"));
    assert_eq!(page.get("jobs").send().status, 204);
}

/// Another site's page changes and reads nothing, under whatever name it reaches the panel.
#[test]
fn other_pages_are_not_heard() {
    let walk = Walk::new(Fate::Prints, &[]);
    walk.print("report.pdf");
    let mut page = OpenPage::open(&walk.at.url);
    page.log_in("charlie", &walk.charlie.pin);
    let url = &walk.at.url;
    let delete = page.post("delete", "job=0");
    for forged in [
        delete.clone().header("Origin", "http://evil.example"),
        delete.clone().header("Origin", "null"),
        delete.clone().without("Origin"),
        delete.clone().header("Sec-Fetch-Site", "cross-site"),
        delete.clone().without("X-Papermesh-Page"),
    ] {
        assert_eq!(forged.send().status, 403);
    }
    assert_eq!(walk.laptop.jobs().len(), 1);
    // Nor is this computer's own name, which the network may give to another.
    let own = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
    let own = own.trim();
    for host in [
        "evil.example",
        "evil.example:8310",
        "localhost.evil.example",
        own,
        &format!("{own}.local:8310"),
        "",
    ] {
        for request in [Request::get(url, "/"), page.get("jobs"), page.get("events")] {
            let answer = request.header("Host", host).send();
            assert_eq!(answer.status, 421, "{host:?}");
        }
    }
    let shown = Request::get(url, "/").send();
    let policy = shown.header("content-security-policy").unwrap_or_default();
    assert!(policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"));
    assert_eq!(shown.header("cache-control"), Some("no-store"));
    let cookie = shown.header("set-cookie").unwrap_or_default();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"));
    // A form has an end, and so has a header.
    let much = page.post("print", &"job=1&".repeat(20_000)).send();
    assert_eq!(much.status, 413);
}

/// A thousand streams of news keep nobody from printing.
#[test]
fn a_thousand_streams_keep_nobody_out() {
    let mut walk = Walk::new(Fate::Prints, &[]);
    walk.print("report.pdf");
    let mut browser = walk.at.browser(Window::PANEL);
    let before = walk.at.printer.node().memory_now();
    let page = OpenPage::open(&walk.at.url);
    let streams: Vec<_> = (0..1000)
        .filter_map(|_| page.get("events").try_begin().ok())
        .collect();
    assert!(streams.len() > 500);
    let pages: Vec<_> = (0..100)
        .filter_map(|_| Request::get(&walk.at.url, "/").try_begin().ok())
        .collect();
    walk.at.log_in(&mut browser, &walk.charlie);
    choose(&mut browser, "report.pdf");
    browser.click("#print");
    browser.see(".card.good");
    let grown = walk.at.printer.node().peak_memory().saturating_sub(before);
    assert!(grown < 64 << 20, "{} MiB more", grown >> 20);
    drop((streams, pages));
}

/// A title is text, whatever it looks like.
#[test]
fn titles_with_markup_are_text() {
    let walk = Walk::new(Fate::Prints, &[]);
    let title = "<img src=x onerror=alert(1)><script>document.title='owned'</script>\"'{{7*7}}";
    let document = walk.site.document("report.pdf", "report");
    let submitted = walk
        .laptop
        .submission(&document, &walk.charlie)
        .args(["--title", title])
        .run()
        .succeeded();
    drop(submitted);
    let mut browser = walk.at.browser(Window::PANEL);
    walk.at.log_in(&mut browser, &walk.charlie);
    browser.see("#jobs .job-title");
    assert_eq!(browser.texts(LIST), [title]);
    // The picture of the first page is no part of a title.
    assert_eq!(
        browser.count("#jobs :not(.first-page) > img, #jobs script"),
        0
    );
    choose(&mut browser, "onerror");
    browser.click("#print");
    browser.see(".card.good");
    assert_eq!(browser.text(".card-title"), title);
    let name: String = browser.evaluate("document.title");
    assert!(name.contains("printer-1"));
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

/// Where nobody can tell whether paper came out, the user is asked before it is printed again; and a
/// job with a PIN of its own asks for it.
#[test]
fn what_may_have_printed_is_asked_about() {
    let site = Site::new();
    let charlie = User::charlie();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let output = format!("socket://{}", port.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut stream in port.incoming().flatten() {
            drop(std::io::copy(&mut stream, &mut std::io::sink()));
        }
    });
    let laptop = site.founder("laptop-1");
    let args = ["--output", &*output, "--delivered-is-printed", "false"];
    let at = site.panel(&laptop, "printer-1", &args);
    laptop.enroll(&charlie, &laptop);
    let report = site.document("report.pdf", "report");
    let submission = laptop.submission(&report, &charlie);
    let _ = submission
        .arg("--job-pin-stdin")
        .stdin("777777\n")
        .run()
        .succeeded();

    let mut browser = at.browser(Window::PANEL);
    at.log_in(&mut browser, &charlie);
    choose(&mut browser, "report.pdf");
    browser.click("#print");
    browser.see(".ask input[name=pin]");
    browser.picture("job-pin");
    browser.is_for_everybody("a job's own PIN");
    browser.fill(".ask input[name=pin]", "777777");
    browser.click(".ask .primary");
    browser.see(".card.warn:has-text(\"May have printed\")");
    browser.see("#jobs .doubtful .chip.warn");
    browser.picture("may-have-printed");
    browser.is_for_everybody("what may have printed");

    choose(&mut browser, "report.pdf");
    browser.click("#print");
    browser.see(".ask:has-text(\"already be printed\")");
    browser.picture("again");
    browser.click(".ask .danger");
    browser.miss("#jobs .doubtful");
    wait_until(SOON, "the job to be gone", || laptop.jobs().is_empty());
}

/// With a launch file only who can read it is at the panel; another browser of the same computer, which any
/// account may start, types nothing there and is shown no badge's prompt.
#[test]
fn another_account_of_the_computer_is_not_at_the_panel() {
    let site = Site::new();
    let charlie = User::charlie();
    let laptop = site.founder("laptop-1");
    let file = site.path("panel.html");
    let at = site.panel(
        &laptop,
        "printer-1",
        &["--panel-launch", &file.to_string_lossy()],
    );
    laptop.enroll(&charlie, &laptop);
    laptop.print(&site.document("report.pdf", "report"), &charlie);
    wait_until(SOON, "the laptop to be found", || {
        at.printer.visit(&charlie).sees(1)
    });

    let mode = std::fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o640);
    let mut own = Browser::start(Window::PANEL);
    own.open(&format!("file://{}", file.display()));
    own.see("html[data-live] main.welcome");
    // It is opened later, and still is not the one where badges are asked about.
    let mut other = Browser::start(Window::PANEL);
    other.open(&at.url);
    other.see("main.outside:has-text(\"Scan the code on the panel\")");
    assert_eq!(other.count(".hero-words button"), 0);
    other.open(&format!("{}here/AAAA", at.url));
    assert_eq!(other.count("#app"), 0);
    other.open(&at.url);
    other.see("main.outside");
    let mut page = OpenPage::open(&at.url);
    let answer = page.log_in(&charlie.id, &charlie.pin);
    assert!(!answer.body.contains("report.pdf") && !answer.body.contains("id=\"pin\""));
    at.tap(&charlie.badge);
    own.see("#pin");
    other.see("main.outside");
    own.fill("#pin", &charlie.pin);
    own.press("Enter");
    own.see("#jobs label:has-text(\"report.pdf\")");
    // The page is found again after a reload, and the secret is in no log.
    own.reload();
    own.see("html[data-live] main.welcome");
    let text = std::fs::read_to_string(&file).unwrap();
    let secret = text
        .split("/here/")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    assert!(secret.len() > 40 && !at.printer.log().contains(secret));
}
