//! A phone at the panel: two real browsers, on computers of their own in one network. These need root
//! for network namespaces.

use std::sync::Arc;
use std::time::{Duration, Instant};

use papermesh_tests::browser::{Browser, Window};
use papermesh_tests::command::Running;
use papermesh_tests::network::{Namespace, Wire};
use papermesh_tests::panel::read_code;
use papermesh_tests::program::system;
use papermesh_tests::wait::wait_until;
use papermesh_tests::{Machine, PanelAt, SOON, Setting, Site, User};

/// A phone of today, upright.
const POCKET: Window = Window {
    width: 390,
    height: 844,
    ..Window::PHONE
};
const LIST: &str = "#jobs .job-title";
/// Users who are looked at are not logged out meanwhile.
const AT_LEISURE: [&str; 2] = ["--panel-idle", "10m"];
/// How often a state is begun anew that ended while it was looked at.
const AGAIN: usize = 5;

/// What panel and phone show, and the panel ends by itself: pictures and checks of a busy machine may take longer.
struct Passing {
    panel: &'static str,
    phone: &'static str,
    /// Whether the phone's number was touched.
    is_let_in: bool,
    /// What ends it at the panel.
    leave: &'static str,
}

/// A phone waits for its number to be touched: for half a minute.
const KNOCKING: Passing = Passing {
    panel: "main.knock",
    phone: ".big-number",
    is_let_in: false,
    leave: "main.knock > button",
};
/// Somebody is to type on it: for a minute and a half.
const TYPING: Passing = Passing {
    panel: "main.lent",
    phone: "#user",
    is_let_in: true,
    leave: "main.lent button.leave",
};

impl Passing {
    /// Looks at it. What ended meanwhile was not looked at, and is begun anew; in the end it is over, so that whoever
    /// goes on has all the time that there is.
    #[track_caller]
    fn look(
        &self,
        panel: &mut Browser,
        phone: &mut Browser,
        look: impl Fn(&mut Browser, &mut Browser),
    ) {
        for _ in 0..AGAIN {
            let number = knock(phone, &read_code(panel));
            if self.is_let_in {
                touch(panel, &number);
            }
            panel.see(self.panel);
            phone.see(self.phone);
            look(panel, phone);
            let lasted = panel.count(self.panel) == 1 && phone.count(self.phone) == 1;
            if lasted {
                // If it is over at this very moment there is nothing to touch.
                drop(panel.attempt("click", self.leave.into()));
            }
            panel.see("main.welcome");
            phone.see("main.outside");
            if lasted {
                return;
            }
        }
        panic!("{} is over before it was looked at", self.panel);
    }
}

/// A laptop, a printer with a panel, and the phones of people, in one network.
struct Hall {
    laptop: Machine,
    at: PanelAt,
    street: Arc<Namespace>,
    charlie: User,
    site: Site,
    // The last to go: it takes the network with it.
    _wire: Wire,
}

impl Hall {
    fn new(subnet: u8, args: &[&str]) -> Self {
        let site = Site::new();
        let charlie = User::charlie();
        let mut wire = Wire::new(subnet);
        let [office, hall, street] = [(); 3].map(|()| Arc::new(Namespace::new()));
        for place in [&office, &hall, &street] {
            wire.plug(place);
        }
        let laptop = site.founder_at("laptop-1", Setting::within(&office));
        laptop.enroll(&charlie, &laptop);
        let at = site.panel_for_phones(&laptop, "printer-1", &hall, args);
        laptop.wait_for_peers(1);
        Self {
            laptop,
            at,
            street,
            charlie,
            site,
            _wire: wire,
        }
    }

    fn print(&self, name: &str) {
        let document = self.site.document(name, name);
        self.laptop.print(&document, &self.charlie);
    }

    fn phone(&self) -> Browser {
        Browser::start_within(Some(&self.street), POCKET)
    }
}

/// The phone reads the code of the panel's screen and waits; gives the number that it shows.
#[track_caller]
fn knock(phone: &mut Browser, address: &str) -> String {
    phone.open("about:blank");
    phone.open(address);
    phone.text(".big-number")
}

#[track_caller]
fn is_refused(phone: &mut Browser, address: &str) {
    phone.open("about:blank");
    phone.open(address);
    phone.see("main.outside .notice:has-text(\"has been used or has expired\")");
}

#[track_caller]
fn touch(panel: &mut Browser, number: &str) {
    panel.see("main.knock");
    let numbers = panel.texts(".number");
    assert_eq!(numbers.len(), 3);
    assert!(numbers.iter().any(|shown| shown == number), "{numbers:?}");
    panel.click(&format!(".number[value=\"{number}\"]"));
}

#[track_caller]
fn log_in(phone: &mut Browser, user: &User) {
    phone.fill("#user", &user.id);
    phone.fill("#pin", &user.pin);
    phone.press("Enter");
    phone.see("main.session");
}

/// The code, the number, user id and PIN, the list, the sheet: all of it with a phone, while the
/// panel shows no title to whoever passes by.
#[test]
fn a_user_prints_with_a_phone() {
    let hall = Hall::new(31, &AT_LEISURE);
    for name in ["report.pdf", "minutes.pdf"] {
        hall.print(name);
    }
    let mut panel = hall.at.browser(Window::PANEL);
    let mut phone = hall.phone();
    let address = read_code(&mut panel);
    assert!(
        address.starts_with("https://10.77.31.2:8310/phone#"),
        "{address}"
    );
    panel.picture("phone-0-code");
    panel.is_for_everybody("a code for phones");

    // Without a code there is nothing to do.
    phone.open("https://10.77.31.2:8310/phone");
    phone.see("html[data-live] main.outside");
    phone.picture("phone-1-outside");
    phone.is_for_everybody("a phone outside");

    KNOCKING.look(&mut panel, &mut phone, |_, phone| {
        phone.picture("phone-2-number");
        phone.is_for_everybody("a phone's number");
    });
    KNOCKING.look(&mut panel, &mut phone, |panel, _| {
        panel.picture("phone-3-knock");
        panel.is_for_everybody("a phone that waits");
    });
    TYPING.look(&mut panel, &mut phone, |panel, phone| {
        phone.picture("phone-4-typing");
        phone.is_for_everybody("typing on a phone");
        panel.picture("phone-5-lent");
        panel.is_for_everybody("a phone in use");
    });

    let address = read_code(&mut panel);
    let number = knock(&mut phone, &address);
    let shown: String = phone.evaluate("location.href");
    assert_eq!(
        shown, "https://10.77.31.2:8310/phone",
        "the secret stays nowhere"
    );
    touch(&mut panel, &number);
    phone.see("#user");
    assert_eq!(phone.count(".keys"), 0, "a phone has keys of its own");
    phone.fill("#user", &hall.charlie.id);
    phone.fill("#pin", "000000");
    phone.press("Enter");
    phone.see(".notice.bad:has-text(\"Not logged in\")");
    log_in(&mut phone, &hall.charlie);
    phone.see("#jobs label:has-text(\"minutes.pdf\")");
    assert_eq!(phone.texts(LIST), ["report.pdf", "minutes.pdf"]);
    panel.see("main.lent h1:has-text(\"charlie\")");
    panel.see("#clock");
    phone.click("#jobs label:has-text(\"report.pdf\")");
    phone.picture("phone-6-list");
    phone.is_for_everybody("a list on a phone");
    panel.picture("phone-7-lent-user");
    panel.is_for_everybody("a phone whose user is logged in");
    phone.click("#print");
    phone.see(".card.good:has-text(\"report.pdf\")");
    wait_until(SOON, "one job to be left", || hall.laptop.jobs().len() == 1);
    assert_eq!(hall.at.printer.tray().len(), 1);
    let html = panel.html();
    assert!(!html.contains("report.pdf") && !html.contains("minutes.pdf"));
    phone.picture("phone-8-printed");

    // The panel ends it.
    panel.click("main.lent button.leave");
    panel.see("main.welcome .notice:has-text(\"logged out\")");
    phone.see("main.outside .notice:has-text(\"logged out\")");
    assert!(!phone.html().contains("minutes.pdf"));
    phone.picture("phone-9-over");

    // The code was good once.
    is_refused(&mut phone, &address);
    phone.picture("phone-10-refused");
    phone.is_for_everybody("a code that is used up");
    assert_ne!(read_code(&mut panel), address);
    for browser in [&mut panel, &mut phone] {
        assert_eq!(browser.complaints(), Vec::<String>::new());
    }
}

/// A code that somebody else read first, a wrong number, no answer and an old code let nobody in.
#[test]
fn a_code_that_was_seen_from_afar_lets_nobody_in() {
    let hall = Hall::new(32, &[]);
    hall.print("report.pdf");
    let mut panel = hall.at.browser(Window::PANEL);
    // A code that nobody uses for long, in a window of its own.
    panel.another();
    panel.open(&hall.at.url);
    panel.see("html[data-live] main.welcome");
    let _ = read_code(&mut panel);
    panel.switch(0);
    let mut phone = hall.phone();

    // Two phones race for one code: the second waits nowhere, and the first is not disturbed.
    let address = read_code(&mut panel);
    let number = knock(&mut phone, &address);
    phone.another();
    is_refused(&mut phone, &address);
    // Somebody touches a wrong number.
    panel.see("main.knock");
    let numbers = panel.texts(".number");
    let wrong = numbers.iter().find(|shown| **shown != number);
    touch(&mut panel, wrong.unwrap());
    panel.see("main.welcome .notice:has-text(\"not connected\")");
    panel.picture("phone-wrong-number");
    phone.switch(0);
    phone.see("main.outside .notice:has-text(\"not connected\")");
    assert_eq!(phone.count("#user"), 0);
    // The phone that was turned away does not come again with what it has.
    is_refused(&mut phone, &address);

    // Nobody knows the phone.
    let address = read_code(&mut panel);
    let number = knock(&mut phone, &address);
    panel.see("main.knock");
    // A phone does not touch its number itself.
    let asked: bool = phone.evaluate(&format!(
        "htmx.ajax('POST', document.querySelector('main.waiting button').getAttribute('hx-post').replace('leave', 'touch'),
            {{ target: '#app', swap: 'outerHTML', values: {{ number: '{number}' }} }}).then(() => true)",
    ));
    assert!(asked);
    assert_eq!(phone.text(".big-number"), number);
    panel.see("main.knock");
    panel.click("main.knock > button");
    panel.see("main.welcome .notice:has-text(\"not connected\")");
    phone.see("main.outside .notice:has-text(\"not connected\")");
    is_refused(&mut phone, &address);

    // Nobody answers.
    let address = read_code(&mut panel);
    let _ = knock(&mut phone, &address);
    panel.see("main.knock");
    wait_until(SOON, "the panel to give up", || {
        panel.count("main.welcome") == 1
    });
    phone.see("main.outside .notice:has-text(\"not connected\")");

    // The user goes back, and so does the panel.
    let address = read_code(&mut panel);
    let _ = knock(&mut phone, &address);
    panel.see("main.knock");
    phone.click("main.waiting button");
    phone.see("main.outside");
    panel.see("main.welcome");

    // How long a code is good is shown where time is made (`panel/phone`). Here it is that the one that the other
    // window shows now, the first or a later one, is good after all this.
    panel.switch(1);
    let address = read_code(&mut panel);
    let number = knock(&mut phone, &address);
    touch(&mut panel, &number);
    phone.see("#user");
}

/// A user who is logged in at the panel goes on with a phone; both end together, whoever ends it.
#[test]
fn a_session_moves_to_a_phone_and_ends_at_both() {
    let hall = Hall::new(33, &["--panel-idle", "25s"]);
    hall.print("secret-plan.pdf");
    let mut panel = hall.at.browser(Window::PANEL);
    let mut phone = hall.phone();
    let move_on = |panel: &mut Browser, phone: &mut Browser| {
        hall.at.log_in_with_badge(panel, &hall.charlie);
        panel.see("#jobs label:has-text(\"secret-plan.pdf\")");
        panel.click(".move-on");
        panel.see("main .move");
        assert!(!panel.html().contains("secret-plan"));
        let address = read_code(panel);
        let number = knock(phone, &address);
        touch(panel, &number);
        phone.see("#jobs label:has-text(\"secret-plan.pdf\")");
        panel.see("main.lent h1:has-text(\"charlie\")");
        assert!(!panel.html().contains("secret-plan"));
    };
    // Back to the list, for whoever has no phone at hand.
    hall.at.log_in_with_badge(&mut panel, &hall.charlie);
    panel.see("#jobs label:has-text(\"secret-plan.pdf\")");
    panel.picture("phone-panel-list");
    panel.click(".move-on");
    panel.see("main .move");
    panel.picture("phone-move");
    panel.is_for_everybody("a code for whoever is logged in");
    panel.click(".move button");
    panel.see("#jobs label:has-text(\"secret-plan.pdf\")");
    panel.click("button.leave");
    panel.see("main.welcome");

    // Time ends it at both.
    move_on(&mut panel, &mut phone);
    phone.see("#clock.soon");
    panel.see("#clock.soon");
    phone.picture("phone-soon");
    wait_until(SOON, "both to be logged out", || {
        panel.count("main.welcome") + phone.count("main.outside") == 2
    });
    phone.see(".notice:has-text(\"due to inactivity\")");
    panel.see(".notice:has-text(\"due to inactivity\")");
    assert!(!phone.html().contains("secret-plan"));

    // So does whoever leaves at the phone,
    move_on(&mut panel, &mut phone);
    phone.click("button.leave");
    phone.see("main.outside");
    panel.see("main.welcome");

    // whoever taps a badge at the panel,
    move_on(&mut panel, &mut phone);
    hall.at.tap(&hall.charlie.badge);
    panel.see("#pin");
    phone.see("main.outside .notice:has-text(\"logged out\")");
    assert!(!phone.html().contains("secret-plan"));
    panel.click(".login-buttons .quiet");
    panel.see("main.welcome");

    // and a phone that is gone.
    move_on(&mut panel, &mut phone);
    phone.open("about:blank");
    panel.see("main.welcome");
    // What the phone's browser remembers is nobody's.
    phone.back();
    phone.see("main.outside");
    assert!(!phone.html().contains("secret-plan"));
}

/// A phone whose screen goes off is waited for, and goes on where it was; meanwhile the panel says that it
/// is away, shows nothing of it and can end it. It is not waited for longer than a minute.
#[test]
fn a_phone_that_sleeps_is_waited_for() {
    // The panel waited no longer than this for pages that it did not hear of.
    const SLEEP: Duration = Duration::from_secs(18);
    let hall = Hall::new(37, &["--panel-idle", "10m"]);
    hall.print("secret-plan.pdf");
    let mut panel = hall.at.browser(Window::PANEL);
    let mut phone = hall.phone();
    let begin = |panel: &mut Browser, phone: &mut Browser| {
        let number = knock(phone, &read_code(panel));
        touch(panel, &number);
        log_in(phone, &hall.charlie);
        phone.see("#jobs label:has-text(\"secret-plan.pdf\")");
        panel.see("main.lent h1:has-text(\"charlie\")");
    };
    let sleep = |panel: &mut Browser, phone: &mut Browser| {
        phone.set_offline(true);
        hall.street.hang_up(8310);
        phone.see("#away");
        panel.see("main.lent .lead:has-text(\"screen is off\")");
        panel.see("main.lent #clock");
        assert!(!panel.html().contains("secret-plan"));
    };
    begin(&mut panel, &mut phone);
    sleep(&mut panel, &mut phone);
    panel.picture("phone-away");
    panel.is_for_everybody("a phone that is away");
    std::thread::sleep(SLEEP);
    // Another phone finds no code there, and no page has what the first one sees.
    assert_eq!(panel.count(".code"), 0);
    phone.set_offline(false);
    phone.miss("#away");
    phone.see("#jobs label:has-text(\"secret-plan.pdf\")");
    panel.see("main.lent .lead:not(:has-text(\"screen is off\"))");
    // It is told again what is new, and can do what it could.
    hall.print("minutes.pdf");
    phone.see("#jobs label:has-text(\"minutes.pdf\")");
    phone.click(".menu summary");
    phone.click(".choice[value=dark]");
    phone.see("#app[data-look=dark]");
    phone.click("#jobs label:has-text(\"secret-plan.pdf\")");
    phone.click("#print");
    phone.see(".card.good:has-text(\"secret-plan.pdf\")");

    // Whoever is at the panel ends it, also while it sleeps; it wakes to nothing.
    sleep(&mut panel, &mut phone);
    panel.click("main.lent button.leave");
    panel.see("main.welcome");
    phone.set_offline(false);
    phone.see("main.outside");
    assert_eq!(phone.count("#jobs"), 0);

    // A phone that does not come back.
    hall.print("secret-plan.pdf");
    begin(&mut panel, &mut phone);
    sleep(&mut panel, &mut phone);
    let asleep = Instant::now();
    wait_until(2 * SOON, "the panel to be free again", || {
        panel.count("main.welcome") == 1
    });
    assert!(asleep.elapsed() > SLEEP);
    phone.set_offline(false);
    phone.see("main.outside");
    assert!(!phone.html().contains("secret-plan"));
}

/// A title is text on a phone, too, and on the panel it is nowhere.
#[test]
fn titles_with_markup_are_text() {
    let hall = Hall::new(36, &[]);
    let title = "<img src=x onerror=alert(1)><script>document.title='owned'</script>\"'{{7*7}}";
    let document = hall.site.document("report.pdf", "report");
    let submission = hall.laptop.submission(&document, &hall.charlie);
    let _ = submission.args(["--title", title]).run().succeeded();
    let mut panel = hall.at.browser(Window::PANEL);
    let mut phone = hall.phone();
    let number = knock(&mut phone, &read_code(&mut panel));
    touch(&mut panel, &number);
    log_in(&mut phone, &hall.charlie);
    phone.see("#jobs .job-title");
    assert_eq!(phone.texts(LIST), [title]);
    phone.click("#jobs label:has-text(\"onerror\")");
    phone.click("#print");
    phone.see(".card.good");
    assert_eq!(phone.text(".card-title"), title);
    // The picture of the first page is no part of a title.
    let elements = "#app :not(.first-page) > img, #app script";
    for browser in [&mut panel, &mut phone] {
        assert_eq!(browser.count(elements), 0);
        let name: String = browser.evaluate("document.title");
        assert!(name.contains("printer-1"), "{name}");
        assert_eq!(browser.complaints(), Vec::<String>::new());
    }
    assert!(!panel.html().contains("onerror"));
}

/// Every page of phones in other languages and colors, for everybody.
#[test]
fn phones_are_for_everybody() {
    let hall = Hall::new(34, &AT_LEISURE);
    let mut panel = hall.at.browser(Window::PANEL);
    let mut phone = hall.phone();
    let [contrast, dark_contrast, forced] = crate::panel::WISHES;
    for (language, look, window, (wish, features)) in [
        ("de", "dark", POCKET, ("", "{}")),
        ("ar", "light", POCKET, ("", "{}")),
        ("fr", "contrast", Window::SMALL, ("", "{}")),
        ("en", "auto", Window::SMALL, contrast),
        ("de", "auto", POCKET, dark_contrast),
        ("ar", "auto", POCKET, forced),
    ] {
        let shown = format!("{language}-{look}{wish}");
        let features = serde_json::from_str(features).unwrap();
        let choose = |browser: &mut Browser| {
            browser.click(".menu summary");
            browser.click(&format!(".choice[value={look}]"));
            browser.see(&format!("#app[data-look={look}]"));
        };
        panel.begin(Window {
            language,
            ..Window::PANEL
        });
        panel.wish(&features);
        panel.open(&hall.at.url);
        panel.see("html[data-live] main.welcome");
        choose(&mut panel);
        phone.begin(Window { language, ..window });
        phone.wish(&features);
        panel.see(".code");
        panel.picture(&format!("phone-code-{shown}"));
        panel.is_for_everybody(&format!("code {shown}"));
        let look = |browser: &mut Browser, name: &str| {
            let wide: bool = browser.evaluate(
                "document.documentElement.scrollWidth > document.documentElement.clientWidth + 1",
            );
            assert!(!wide, "{shown} is wider than its window");
            browser.is_for_everybody(&format!("number {shown}"));
            browser.picture(&format!("{name}-{shown}"));
        };
        KNOCKING.look(&mut panel, &mut phone, |panel, _| {
            look(panel, "phone-knock");
        });
        KNOCKING.look(&mut panel, &mut phone, |_, phone| {
            choose(phone);
            look(phone, "phone-number");
        });
        let number = knock(&mut phone, &read_code(&mut panel));
        touch(&mut panel, &number);
        phone.see("#user");
        choose(&mut phone);
        phone.picture(&format!("phone-typing-{shown}"));
        log_in(&mut phone, &hall.charlie);
        panel.see("main.lent h1:has-text(\"charlie\")");
        panel.picture(&format!("phone-lent-{shown}"));
        panel.is_for_everybody(&format!("lent {shown}"));
        phone.is_for_everybody(&format!("session {shown}"));
        phone.picture(&format!("phone-session-{shown}"));
        phone.tab_through();
        panel.tab_through();
        phone.click("button.leave");
        panel.see("main.welcome");
    }
}

/// What another computer asks with `curl`, which keeps its cookies: the status, and what was answered.
fn asked(from: &Machine, jar: &str, args: &[&str]) -> (u16, String) {
    let asked = from
        .program(&system("curl"))
        .args(["-sk", "--max-time", "30", "-b", jar, "-c", jar])
        .args(["-w", "\n%{http_code}"])
        .args(args)
        .run();
    let (body, status) = asked.stdout().trim().rsplit_once('\n').unwrap_or_default();
    (status.parse().unwrap_or_default(), body.to_owned())
}

fn part<'t>(text: &'t str, before: &str, after: &str) -> &'t str {
    let rest = text.split(before).nth(1);
    rest.and_then(|rest| rest.split(after).next())
        .unwrap_or_else(|| panic!("no {before} in {text}"))
}

/// A browser elsewhere that does what the panel's own page does: opens it, wants to type, logs in.
fn types_from_elsewhere(hall: &Hall, from: &Machine, user: &User) -> String {
    let jar = hall.site.path("jar");
    let (jar, url) = (
        jar.to_string_lossy().into_owned(),
        "https://10.77.39.2:8310",
    );
    let (status, page) = asked(from, &jar, &[&format!("{url}/")]);
    assert_eq!(status, 200, "{page}");
    let base = part(&page, "sse-connect=\"", "/events").to_owned();
    let origin = format!("Origin: {url}");
    let mut shown = page;
    for (what, form) in [
        ("start", String::new()),
        ("login", format!("user={}&pin={}", user.id, user.pin)),
        ("view", String::new()),
    ] {
        let token = format!("X-Papermesh-Page: {}", part(&shown, "data-page=\"", "\""));
        let to = format!("{url}{base}/{what}");
        let args = match what {
            "view" => vec!["-H", &token, &to],
            _ => vec!["-H", &token, "-H", &origin, "-d", &form, &to],
        };
        let (status, page) = asked(from, &jar, &args);
        assert_eq!(status, 200, "{what}: {page}");
        shown = page;
    }
    shown
}

/// Whoever does not stand at the panel types nothing there: a browser elsewhere is told to come with a
/// phone, unless its computer is named as a panel. No PIN can be tried, and nobody is locked out.
#[test]
fn nobody_types_a_pin_from_elsewhere() {
    let mut hall = Hall::new(39, &[]);
    hall.print("secret-plan.pdf");
    let stranger = Machine::new(
        hall.site.folder(),
        "stranger",
        Setting::within(&hall.street),
    );
    for _ in 0..3 {
        let shown = types_from_elsewhere(&hall, &stranger, &hall.charlie.guessing("000000"));
        assert!(shown.contains("Scan the code on the panel"), "{shown}");
        assert!(!shown.contains("id=\"pin\""), "{shown}");
    }
    assert!(!types_from_elsewhere(&hall, &stranger, &hall.charlie).contains("secret-plan"));
    let audit = hall.at.printer.audit();
    assert!(
        !audit.iter().any(|entry| entry.what == "login-denied"),
        "{audit:?}"
    );
    // A printer's own screen is one, if the admin says so.
    let setting = hall.at.printer.setting();
    *setting = setting.clone().running(&["--panel-remote", "10.77.39.3"]);
    hall.at.printer.restart();
    wait_until(SOON, "the list", || {
        types_from_elsewhere(&hall, &stranger, &hall.charlie).contains("secret-plan")
    });
}

/// A stranger who asks without end is refused, and neither the panel's own screen nor a phone is.
#[test]
fn a_strangers_flood_keeps_nobody_from_the_panel() {
    let hall = Hall::new(40, &[]);
    hall.print("report.pdf");
    let stranger = Machine::new(
        hall.site.folder(),
        "stranger",
        Setting::within(&hall.street),
    );
    let flood = |what: &str| {
        let url = format!("https://10.77.40.2:8310/{what}?[1-1000000]");
        stranger
            .program(&system("curl"))
            .args([
                "-sk",
                "--parallel",
                "--parallel-max",
                "100",
                "-o",
                "/dev/null",
            ])
            .args(["-w", "%{http_code}\n"])
            .arg(url)
            .within(10 * SOON)
            .start()
    };
    let refused = |flood: &Running| {
        flood.says("a request to be refused", |line| {
            // By its answer, or without one where its address has all connections that it may have.
            ["429", "000"].contains(&line).then_some(())
        });
    };
    // Pages, and then anything.
    let floods = [flood("phone"), flood("alive")];
    floods.iter().for_each(refused);
    let mut panel = hall.at.browser(Window::PANEL);
    hall.at.log_in(&mut panel, &hall.charlie);
    panel.see("#jobs label:has-text(\"report.pdf\")");
    panel.click("button.leave");
    panel.see("main.welcome .code");
    // They still come.
    floods.iter().for_each(refused);
    assert_eq!(panel.complaints(), Vec::<String>::new());
    for flood in floods {
        let _ = flood.kill();
    }
}
