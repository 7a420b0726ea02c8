//! The user's own page and the admin's: a real browser, real nodes.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

use papermesh_tests::answer::{Finding, JoinStep, Member};
use papermesh_tests::browser::{Browser, Window};
use papermesh_tests::command::Ended;
use papermesh_tests::http::Request;
use papermesh_tests::network::{Namespace, Wire};
use papermesh_tests::portal::browser_at;
use papermesh_tests::program::system;
use papermesh_tests::wait::{wait_for, wait_until};
use papermesh_tests::{Machine, SOON, Setting, Site, User};

const LIST: &str = "#live .line-title";

/// A site with a laptop that has a portal; its admin, and Charlie's.
struct Scene {
    laptop: Machine,
    charlie: User,
    site: Site,
}

/// Opens the site's key, where it has one.
const PASSPHRASE: &str = "correct horse battery staple";

impl Scene {
    fn new() -> Self {
        let site = Site::new();
        let laptop = site.founder_at("laptop-1", Setting::default().with_portal());
        Self::with(site, laptop)
    }

    /// A site whose key has a passphrase, which was given since the node started.
    fn sealed() -> Self {
        let site = Site::new();
        let setting = Setting::default().with_portal();
        let mut laptop = Machine::new(site.folder(), "laptop-1", setting);
        let founding = laptop.papermesh("init --site Acme --role client --name laptop-1");
        let founding = founding.arg("--passphrase-stdin");
        site.write_down(&founding.stdin(&format!("{PASSPHRASE}\n")).json());
        laptop.run();
        let policy = laptop.papermesh("site policy --bind-badges off --passphrase-stdin");
        let _ = policy.stdin(&format!("{PASSPHRASE}\n")).run().succeeded();
        Self::with(site, laptop)
    }

    fn with(site: Site, laptop: Machine) -> Self {
        let charlie = User::charlie();
        laptop.enroll(&charlie, &laptop);
        Self {
            laptop,
            charlie,
            site,
        }
    }

    fn print(&self, name: &str) {
        let document = self.site.document(name, name);
        self.laptop.print(&document, &self.charlie);
    }

    fn page(&self, window: Window) -> Browser {
        browser_at(&self.laptop.link_of(&self.charlie), window)
    }

    fn admin(&self, window: Window) -> Browser {
        browser_at(&self.laptop.admin_link(), window)
    }
}

/// A button of one line.
fn press(browser: &mut Browser, title: &str, id: &str) {
    browser.click(&format!(
        "#live .line:has-text(\"{title}\") [id^=\"{id}-\"]"
    ));
}

/// Jobs are listed, moved, protected and deleted, and what others do is seen at once.
#[test]
fn a_user_looks_after_jobs() {
    let scene = Scene::new();
    for name in ["report.pdf", "minutes.pdf", "invoice.pdf"] {
        scene.print(name);
    }
    let status = scene.laptop.papermesh("status").run().succeeded();
    assert!(status.stdout().contains("\"portal\":\"http://127.0.0.1:"));

    let mut browser = scene.page(Window::DESKTOP);
    assert_eq!(
        browser.texts(LIST),
        ["report.pdf", "minutes.pdf", "invoice.pdf"]
    );
    // What proves the link is gone from the address.
    let address: String = browser.evaluate("location.href");
    assert!(!address.contains('#'), "{address}");
    browser.picture("portal-jobs");
    browser.is_for_everybody("the jobs");

    press(&mut browser, "invoice.pdf", "up");
    browser.see(".notice:has-text(\"invoice.pdf was moved\")");
    assert_eq!(
        browser.texts(LIST),
        ["report.pdf", "invoice.pdf", "minutes.pdf"]
    );
    let order: Vec<_> = scene
        .laptop
        .jobs()
        .into_iter()
        .map(|job| job.title)
        .collect();
    assert_eq!(order, ["report.pdf", "invoice.pdf", "minutes.pdf"]);

    press(&mut browser, "report.pdf", "protect");
    browser.see("#live .line:has-text(\"report.pdf\") .chip.good");

    press(&mut browser, "minutes.pdf", "delete");
    browser.see("dialog[open]:has-text(\"minutes.pdf\")");
    browser.picture("portal-sure");
    browser.is_for_everybody("a question");
    browser.press("Escape");
    browser.miss("dialog");
    assert_eq!(scene.laptop.jobs().len(), 3);
    press(&mut browser, "minutes.pdf", "delete");
    browser.click("dialog .danger");
    browser.see(".notice:has-text(\"minutes.pdf was deleted\")");
    browser.miss("#live .line:has-text(\"minutes.pdf\")");
    assert_eq!(scene.laptop.jobs().len(), 2);

    // Without being asked.
    scene.print("letter.pdf");
    browser.see("#live .line:has-text(\"letter.pdf\")");
    wait_until(SOON, "the node to have it", || {
        scene.laptop.jobs().len() == 3
    });
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

/// Printed at a printer: gone from the list while the page is looked at, and in the history with its
/// receipt.
#[test]
fn what_was_printed_has_a_receipt() {
    let scene = Scene::new();
    let printer = scene.site.tray_printer(&scene.laptop, "front-desk");
    scene.print("report.pdf");
    let mut browser = scene.page(Window::PHONE);
    browser.see("#live .line:has-text(\"report.pdf\")");
    browser.picture("portal-jobs-phone");
    wait_until(SOON, "the job to be found", || {
        printer.visit(&scene.charlie).sees(1)
    });
    assert_eq!(
        printer.visit(&scene.charlie).print_all().ending(),
        "printed"
    );
    browser.miss("#live .line:has-text(\"report.pdf\")");
    browser.see("#live .empty");
    browser.picture("portal-empty-phone");
    browser.click("#go-history");
    browser.see("#live .line.good:has-text(\"Printed at front-desk\")");
    browser.click("#live .line summary");
    browser.see("#live dd:has-text(\"front-desk\")");
    let receipt = browser.text("#live dl");
    assert!(receipt.contains(&printer.id()), "{receipt}");
    browser.picture("portal-history-phone");
    browser.is_for_everybody("the history");
}

/// The PIN is changed by whoever knows the old one; from then on only the new one opens anything.
#[test]
fn a_pin_is_changed() {
    let scene = Scene::new();
    let printer = scene.site.tray_printer(&scene.laptop, "front-desk");
    scene.print("report.pdf");
    let page = scene.laptop.page_of(&scene.charlie);
    let mut browser = page.browser(Window::DESKTOP);
    browser.click("#go-account");
    let change = |browser: &mut Browser, old: &str, new: &str, again: &str| {
        browser.fill("#pin-old", old);
        browser.fill("#pin-new", new);
        browser.fill("#pin-again", again);
        browser.press("Enter");
    };
    browser.see("#pin-form");
    browser.picture("portal-account");
    browser.is_for_everybody("the account");
    change(&mut browser, "000000", "731731", "731731");
    browser.see(".notice.warn:has-text(\"current PIN is wrong\")");
    change(&mut browser, &scene.charlie.pin, "731731", "731732");
    browser.see(".notice.warn:has-text(\"do not match\")");
    change(&mut browser, &scene.charlie.pin, "731731", "731731");
    browser.see(".notice.good:has-text(\"PIN changed\")");
    assert!(!browser.html().contains("731731"));
    assert!(!scene.laptop.log().contains("731731"));

    let renewed = scene.charlie.guessing("731731");
    wait_until(SOON, "the new PIN to open the list", || {
        printer.visit(&renewed).sees(1)
    });
    let old = printer.visit(&scene.charlie).attempt(&["--list"]);
    assert!(!old.is_success(), "the old PIN opens nothing");

    // A further computer, which whoever has the page alone does not get.
    browser.click("#link");
    browser.see("dialog[open] #ask-proof");
    browser.picture("portal-code");
    browser.is_for_everybody("the question who it is");
    browser.fill("#ask-proof", "12345");
    browser.press("Enter");
    browser.see("dialog .notice:has-text(\"digits are wrong\")");
    assert_eq!(browser.count(".code"), 0);
    page.prove(&mut browser);
    browser.see("dialog[open] .code");
    browser.picture("portal-ticket");
    browser.is_for_everybody("a ticket");
    let line: String = browser.evaluate("document.querySelector('#ticket-line').value");
    browser.click("#ask-no");
    browser.miss("dialog");
    let second = scene.site.member(&scene.laptop, "laptop-2", "client");
    let _ = second.papermesh("user link").arg(line).run().succeeded();
    browser.click("#go-jobs");
    browser.see("#live .line");
    browser.click("#go-account");
    browser.see(".computers li:has-text(\"laptop-2\")");
}

/// The admin's page: a user is added and enrolls with the ticket; blocked and let in again; a badge
/// is given; a device joins by its digits; a member is revoked; the policy is changed; the audit holds.
#[test]
fn an_admin_looks_after_the_site() {
    let scene = Scene::new();
    let printer = scene.site.tray_printer(&scene.laptop, "front-desk");
    let page = scene.laptop.admin_page();
    let mut browser = page.browser(Window::DESKTOP);
    browser.see("#live .line:has-text(\"front-desk\")");
    browser.picture("portal-devices");
    browser.is_for_everybody("the devices");

    // Users.
    browser.click("#go-people");
    browser.click("#new-user");
    browser.see("dialog[open]");
    browser.fill("#ask-user", "no/id");
    browser.press("Enter");
    browser.see("dialog .notice:has-text(\"not a user ID\")");
    browser.picture("portal-new-user");
    browser.is_for_everybody("a new user");
    browser.fill("#ask-user", "dana");
    browser.fill("#ask-display", "Dana Scully");
    browser.press("Enter");
    // What was proved once need not be proved again at once.
    page.prove(&mut browser);
    browser.see("dialog .code");
    let ticket: String = browser.evaluate("document.querySelector('#ticket-line').value");
    browser.click("#ask-no");
    browser.see("#live .line:has-text(\"Dana Scully\")");
    browser.picture("portal-people");
    browser.is_for_everybody("the users");
    let dana = User::dana();
    let enrolling = scene
        .laptop
        .papermesh("user enroll --pin-stdin")
        .arg(ticket);
    let _ = enrolling
        .stdin(&format!("{}\n", dana.pin))
        .run()
        .succeeded();
    press(&mut browser, "Dana Scully", "badge");
    browser.fill("#ask-badge", &dana.badge);
    browser.click("dialog .primary");
    browser.see(".notice.good:has-text(\"Dana Scully\")");
    press(&mut browser, "Dana Scully", "disable");
    browser.click("dialog .danger");
    browser.see("#live .line.bad:has-text(\"Dana Scully\")");
    press(&mut browser, "Dana Scully", "enable");
    browser.see("#live .line:not(.bad):has-text(\"Dana Scully\")");

    // Printers say how they are.
    browser.click("#go-printers");
    browser.see("#live .line.good:has-text(\"Ready\")");
    browser.picture("portal-printers");
    browser.is_for_everybody("the printers");

    // The policy.
    browser.click("#go-policy");
    browser.click(".pick:has-text(\"User ID and PIN\")");
    browser.click(".pick:has-text(\"register their badges\")");
    browser.picture("portal-policy");
    browser.is_for_everybody("the policy");
    browser.click("#policy .primary");
    browser.see(".notice.good:has-text(\"policy was changed\")");
    let policy = scene.laptop.papermesh("site policy").run().succeeded();
    assert!(policy.stdout().contains("\"login\":\"pin\""));
    assert!(policy.stdout().contains("\"bind_badges\":true"));

    // A member is revoked, and told so.
    browser.click("#go-devices");
    press(&mut browser, "front-desk", "revoke");
    browser.see("dialog[open]:has-text(\"front-desk\")");
    browser.picture("portal-revoke");
    browser.click("dialog .danger");
    browser.see("#live .line.bad:has-text(\"front-desk\")");
    wait_until(SOON, "the printer to be revoked", || {
        printer.status().state == "revoked"
    });

    browser.click("#go-audit");
    browser.see("#live .line:has-text(\"revoked\")");
    browser.click("#verify");
    browser.see(".notice.good:has-text(\"chain is intact\")");
    browser.picture("portal-audit");
    browser.is_for_everybody("the audit");
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

/// A device is invited, and joins with the line that the page shows once; the site is exported into a
/// file, with which another computer becomes an admin.
#[test]
fn an_admin_invites_a_device_and_exports_the_site() {
    let scene = Scene::sealed();
    let mut browser = scene.admin(Window::DESKTOP);
    browser.click("#invite");
    browser.see("dialog[open] #ask-role");
    browser.fill("#ask-name", "hall\u{200b}printer");
    browser.press("Enter");
    browser.see("dialog .notice:has-text(\"not a valid name\")");
    browser.fill("#ask-name", "hall-printer");
    browser.press("Enter");
    browser.fill("dialog[open] #ask-proof", PASSPHRASE);
    browser.press("Enter");
    browser.see("dialog .code");
    browser.see("dialog:has-text(\"hall-printer\") time");
    let line: String = browser.evaluate("document.querySelector('#ticket-line').value");
    assert!(line.starts_with("papermesh-invite-1:"), "{line}");
    let join = |name: &str| {
        let device = Machine::new(scene.site.folder(), name, Setting::default());
        (device.papermesh("join").arg(&line).run(), device)
    };
    let (joined, device) = join("hall-printer");
    let joined: Member = joined.succeeded().json();
    assert_eq!(
        (&*joined.name, joined.roles),
        ("hall-printer", vec!["printer".to_owned()])
    );
    drop(device);
    assert!(!join("impostor").0.is_success(), "the invite was used");
    browser.click("#ask-no");
    browser.miss("dialog");
    browser.see("#live [id^=member-]:has-text(\"hall-printer\")");
    assert!(!browser.html().contains(&line));
    assert!(!scene.laptop.log().contains(&line));

    // Another is taken back before anybody uses it.
    browser.click("#invite");
    browser.click("dialog .primary");
    browser.see("dialog .code");
    let line: String = browser.evaluate("document.querySelector('#ticket-line').value");
    browser.click("#ask-no");
    // The other one stays: it says which device used it.
    browser.click("#live [id^=invite-]:not(:has-text(\"Used by\")) [id^=withdraw-]");
    browser.see(".notice.good:has-text(\"was withdrawn\")");
    browser.miss("#live [id^=invite-]:not(:has-text(\"Used by\"))");
    assert_eq!(browser.count("#live [id^=invite-]"), 1);
    let late = Machine::new(scene.site.folder(), "late", Setting::default());
    assert!(!late.papermesh("join").arg(line).run().is_success());
    browser.click("#live [id^=invite-] [id^=withdraw-]");
    browser.miss("#live [id^=invite-]");
    let open = scene.laptop.papermesh("invites").run().succeeded();
    assert_eq!(open.stdout().trim(), "[]");

    browser.click("#go-policy");
    browser.click("#export");
    for (again, said) in [("", ""), ("another", "do not match")] {
        browser.fill("#ask-passphrase", PASSPHRASE);
        browser.fill("#ask-again", again);
        browser.press("Enter");
        // A field that is empty is not sent at all.
        if !said.is_empty() {
            browser.see(&format!("dialog .notice:has-text(\"{said}\")"));
        }
    }
    browser.fill("#ask-passphrase", PASSPHRASE);
    browser.fill("#ask-again", PASSPHRASE);
    browser.press("Enter");
    browser.see("dialog [data-save]");
    let asked: Vec<(u16, Option<String>, Option<String>)> = browser.evaluate(
        "(async () => {\
           const from = document.querySelector('[data-save]').dataset.save;\
           const token = document.querySelector('#app').dataset.page;\
           const ask = async (page, credentials) => {\
             const headers = page ? { 'X-Papermesh-Page': page } : {};\
             const answer = await fetch(from, { headers, credentials });\
             return [answer.status, answer.headers.get('cache-control'),\
                     answer.headers.get('content-disposition')];\
           };\
           return [await ask(token), await ask(null), await ask(token, 'omit')];\
         })()",
    );
    let statuses: Vec<u16> = asked.iter().map(|(status, ..)| *status).collect();
    assert_eq!(statuses, [200, 403, 403]);
    assert_eq!(asked[0].1.as_deref(), Some("no-store"));
    let attached = asked[0].2.as_deref().unwrap_or_default();
    assert!(attached.starts_with("attachment;"), "{attached}");

    let kept = scene.site.path("kept.site");
    assert_eq!(browser.save("[data-save]", &kept), "Acme.papermesh-site");
    browser.see("[data-save]:has-text(\"Saved\")");
    let sealed = std::fs::read_to_string(&kept).unwrap();
    assert!(sealed.starts_with("-----BEGIN PAPERMESH SITE-----"));
    let html = browser.html();
    assert!(!html.contains("BEGIN PAPERMESH") && !html.contains(PASSPHRASE));
    let from: String = browser.evaluate("document.querySelector('[data-save]').dataset.save");
    browser.click("#ask-no");
    browser.miss("dialog");
    let gone: u16 = browser.evaluate(&format!(
        "fetch('{from}', {{ headers: {{ 'X-Papermesh-Page':\
           document.querySelector('#app').dataset.page }} }}).then((answer) => answer.status)"
    ));
    assert_eq!(gone, 404);
    assert!(!scene.laptop.log().contains(PASSPHRASE));

    let second = scene.site.member(&scene.laptop, "laptop-2", "client");
    let import = second
        .papermesh("site import --passphrase-stdin")
        .arg("--root-passphrase-file")
        .args([&scene.site.root_passphrase(), &kept]);
    let _ = import.stdin(&format!("{PASSPHRASE}\n")).run().succeeded();
    let _ = scene.site.tray_printer(&second, "printer-2");
    let said = scene.laptop.audit();
    assert!(said.iter().any(|entry| entry.what == "site-exported"));
}

/// Where the site's key has a passphrase, what is grave asks for it although the key is open, and an
/// export is sealed with no other.
#[test]
fn a_site_whose_key_is_sealed_asks_for_the_passphrase() {
    let mut scene = Scene::sealed();
    let page = scene.laptop.admin_page();
    let mut browser = page.browser(Window::DESKTOP);
    browser.click("#go-policy");
    browser.click("#export");
    let export = |browser: &mut Browser, passphrase: &str| {
        browser.fill("#ask-passphrase", passphrase);
        browser.fill("#ask-again", passphrase);
        browser.press("Enter");
    };
    export(&mut browser, "another passphrase");
    browser.see("dialog .notice:has-text(\"a different passphrase\")");
    export(&mut browser, PASSPHRASE);
    browser.see("dialog [data-save]");
    browser.click("#ask-no");
    browser.miss("dialog");
    // The digits of the terminal are no passphrase.
    browser.click("#policy .primary");
    page.prove(&mut browser);
    browser.see("dialog .notice:has-text(\"does not open it\")");
    browser.click("#ask-no");
    scene.laptop.restart();
    browser.see(".outside");

    browser.open(&scene.laptop.admin_link());
    browser.click("#invite");
    browser.click("dialog .primary");
    browser.see("dialog #ask-proof");
    browser.fill("#ask-proof", PASSPHRASE);
    browser.press("Enter");
    browser.see("dialog .code");
}

/// Whoever has the page and not the terminal gets nothing by trying: the page closes. A key without a
/// passphrase leaves by no page.
#[test]
fn a_page_whose_user_proves_nothing_closes() {
    let scene = Scene::new();
    let page = scene.laptop.admin_page();
    let mut browser = page.browser(Window::DESKTOP);
    browser.click("#go-policy");
    browser.click("#export");
    browser.fill("#ask-passphrase", PASSPHRASE);
    browser.fill("#ask-again", PASSPHRASE);
    browser.press("Enter");
    browser.see("dialog .notice:has-text(\"a page cannot export it\")");
    assert_eq!(browser.count("[data-save]"), 0);
    browser.click("#ask-no");
    browser.miss("dialog");

    browser.click(".pick:has-text(\"Badge alone\")");
    browser.click("#policy .primary");
    browser.see("dialog #ask-proof");
    let wrong = if page.code == "000000" {
        "111111"
    } else {
        "000000"
    };
    for _ in 0..4 {
        browser.fill("#ask-proof", wrong);
        browser.press("Enter");
        browser.see("dialog .notice:has-text(\"digits are wrong\")");
    }
    browser.fill("#ask-proof", wrong);
    browser.press("Enter");
    browser.see(".outside:has-text(\"too many wrong attempts\")");
    browser.picture("portal-unproven");
    browser.is_for_everybody("a page that was closed");
    let policy = scene.laptop.papermesh("site policy").run().succeeded();
    assert!(policy.stdout().contains("\"login\":\"badge+pin\""));
    assert!(!scene.laptop.log().contains(&page.code));
    assert!(
        !scene
            .laptop
            .audit()
            .iter()
            .any(|entry| entry.what == "site-exported")
    );
}

/// What is asked of an admin, and what is shown once, in two languages and both themes, for everybody.
#[test]
fn invites_and_exports_are_for_everybody() {
    let scene = Scene::sealed();
    let mut browser = Browser::start(Window::PHONE);
    for (language, dark, size, window) in [
        ("en", false, "desktop", Window::DESKTOP),
        ("en", true, "phone", Window::PHONE),
        ("ar", false, "small", Window::SMALL),
        ("ar", true, "desktop", Window::DESKTOP),
    ] {
        browser.begin(Window {
            language,
            dark,
            ..window
        });
        browser.open(&scene.laptop.admin_link());
        browser.see("html[data-live] #app");
        let look = |browser: &mut Browser, what: &str| {
            let theme = if dark { "dark" } else { "light" };
            let what = format!("portal-{what}-{language}-{theme}-{size}");
            browser.picture(&what);
            browser.is_for_everybody(&what);
            let wide: bool = browser.evaluate(
                "document.documentElement.scrollWidth > document.documentElement.clientWidth + 1",
            );
            assert!(!wide, "{what} is wider than its window");
        };
        browser.click("#invite");
        browser.see("dialog[open] #ask-role");
        look(&mut browser, "invite");
        browser.click("dialog .primary");
        browser.see("dialog #ask-proof");
        look(&mut browser, "proof");
        browser.fill("#ask-proof", PASSPHRASE);
        browser.press("Enter");
        browser.see("dialog .code");
        look(&mut browser, "invited");
        browser.click("#ask-no");
        browser.miss("dialog");
        browser.click("#go-policy");
        browser.click("#export");
        browser.see("dialog[open] #ask-again");
        look(&mut browser, "export");
        browser.fill("#ask-passphrase", PASSPHRASE);
        browser.fill("#ask-again", PASSPHRASE);
        browser.press("Enter");
        browser.see("dialog [data-save]");
        look(&mut browser, "exported");
        browser.click("#ask-no");
        browser.miss("dialog");
    }
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

/// A device asks to join. Its digits are on its own screen and nowhere else; whoever read them there and
/// types them lets it in.
#[test]
fn a_device_joins_by_digits_that_an_admin_types() {
    let site = Site::new();
    let mut wire = Wire::new(1);
    let [office, hall] = [(); 2].map(|()| Arc::new(Namespace::new()));
    wire.plug(&office);
    wire.plug(&hall);
    let mut laptop = site.founder_at("laptop-1", Setting::within(&office));
    let printer = Machine::new(site.folder(), "front-desk", Setting::within(&hall));
    let late = Machine::new(site.folder(), "late", Setting::within(&hall));
    let mut browser = Browser::start_within(Some(&office), Window::DESKTOP);
    let page = laptop.admin_page();
    browser.open(&page.url);
    browser.see("html[data-live] #live");

    let ask = |device: &Machine, name: &str| {
        let joining = device
            .papermesh("join --role printer")
            .args(["--name", name])
            .start();
        let digits = joining.says(
            "the digits at the printer",
            |line| match serde_json::from_str(line) {
                Ok(JoinStep::Compare { digits }) => Some(digits),
                _ => None,
            },
        );
        (joining, digits)
    };
    let line = |name: &str| format!("#live [id^=pending-]:has-text(\"{name}\")");
    let (refused, digits) = ask(&printer, "impostor");
    browser.see(&line("impostor"));
    assert!(!browser.html().contains(&digits));
    browser.click(&format!("{} [id^=refuse-]", line("impostor")));
    browser.see(".notice.good:has-text(\"turned away\")");
    assert!(!refused.finish().is_success());

    let (joining, digits) = ask(&printer, "front-desk");
    browser.see(&line("front-desk"));
    assert!(!browser.html().contains(&digits));
    browser.picture("portal-pending");
    browser.is_for_everybody("a device that wants to join");
    browser.click(&format!("{} [id^=approve-]", line("front-desk")));
    browser.see("dialog[open] #ask-code");
    browser.picture("portal-digits");
    browser.is_for_everybody("the digits of a device");
    let wrong = if digits.starts_with("000") {
        "111111"
    } else {
        "000111"
    };
    browser.fill("#ask-code", wrong);
    browser.press("Enter");
    page.prove(&mut browser);
    browser.see(".notice:has-text(\"No waiting device shows these digits\")");
    browser.click(&format!("{} [id^=approve-]", line("front-desk")));
    let grouped = format!("{} {}", &digits[..3], &digits[3..]);
    browser.fill("dialog[open] #ask-code", &grouped);
    browser.press("Enter");
    browser.see(".notice.good:has-text(\"front-desk is now a member\")");
    let joined: Member = joining.finish().succeeded().json();
    assert_eq!(joined.name, "front-desk");
    browser.see("#live [id^=member-]:has-text(\"front-desk\")");
    assert_eq!(browser.complaints(), Vec::<String>::new());

    // A node that is to end keeps no device waiting, and is not kept by one.
    let (_waiting, _) = ask(&late, "late");
    browser.see(&line("late"));
    laptop.stop();
    assert!(!laptop.log().contains("was still joining"));
}

/// A link opens one page once; another window, a reload and a page that was closed show nothing; a
/// user's page is not the admin's.
#[test]
fn a_link_opens_one_page_once() {
    let scene = Scene::new();
    scene.print("secret-plan.pdf");
    let link = scene.laptop.link_of(&scene.charlie);
    let mut browser = browser_at(&link, Window::DESKTOP);
    browser.see("#live .line:has-text(\"secret-plan.pdf\")");
    assert_eq!(browser.count("#go-audit"), 0);

    let url = link.split('#').next().unwrap().to_owned();
    browser.another();
    browser.open(&url);
    browser.see(".outside:has-text(\"papermesh open\")");
    assert!(!browser.html().contains("secret-plan"));
    browser.switch(0);
    browser.see("#live .line:has-text(\"secret-plan.pdf\")");

    // Somebody else has the link as well: nobody has the page.
    browser.switch(1);
    browser.open(&link);
    browser.see(".outside:has-text(\"already been used\")");
    assert!(!browser.html().contains("secret-plan"));
    browser.picture("portal-outside");
    browser.is_for_everybody("the door");
    browser.switch(0);
    browser.see(".outside");
    assert!(!browser.html().contains("secret-plan"));

    browser.open(&scene.laptop.link_of(&scene.charlie));
    browser.see("#live .line:has-text(\"secret-plan.pdf\")");
    browser.reload();
    browser.see(".outside");
    assert!(!browser.html().contains("secret-plan"));

    let last = scene.laptop.link_of(&scene.charlie);
    browser.open(&last);
    browser.see("#live .line");
    browser.click("button.leave");
    browser.see(".outside:has-text(\"closed\")");
    assert!(!browser.html().contains("secret-plan"));
    // A link outlives its page, and opens nothing then.
    browser.open(&last);
    browser.see(".outside:has-text(\"already been used\")");
    assert!(!browser.html().contains("secret-plan"));
    // The link is in no log.
    let token = link.split('#').nth(1).unwrap();
    assert!(!scene.laptop.log().contains(token));
}

/// Whose page it is must be clear, and be somebody's who is here.
#[test]
fn whose_page_it_is_must_be_clear() {
    let scene = Scene::new();
    let one = scene.laptop.papermesh("open").run().succeeded();
    assert!(one.stdout().contains("\"user\":\"charlie\""));
    scene.laptop.enroll(&User::dana(), &scene.laptop);
    let which = scene.laptop.papermesh("open").run();
    assert_eq!(which.code(), Some(2));
    assert!(
        which.stderr().contains("charlie, dana"),
        "{}",
        which.stderr()
    );
    let nobody = scene.laptop.papermesh("open --user lucy").run();
    assert!(nobody.stderr().contains("lucy is not enrolled"));
    let second = scene.site.member(&scene.laptop, "laptop-2", "client");
    let without = second.papermesh("open --admin").run();
    assert!(
        without.stderr().contains("no portal"),
        "{}",
        without.stderr()
    );

    let elsewhere = Setting::default().running(&["--portal", "0.0.0.0:0"]);
    let mut third = scene
        .site
        .invited(&scene.laptop, "laptop-3", "client", elsewhere);
    third.start();
    wait_until(SOON, "the node to say why it does not start", || {
        third.log().contains("is not a loopback address")
    });
}

/// A port that is taken keeps no node from running, and is named by those who are asked.
#[test]
fn a_port_that_is_taken_is_named() {
    let site = Site::new();
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = other.local_addr().unwrap().to_string();
    let setting = Setting::default().running(&["--portal", &address]);
    let laptop = site.founder_at("laptop-1", setting);
    let status = laptop.papermesh("status").run().succeeded();
    assert!(status.stdout().contains("\"portal\":null"));
    let findings: Vec<Finding> = laptop.papermesh("doctor").run().json();
    let portal = findings.iter().find(|finding| finding.check == "portal");
    let portal = portal.unwrap();
    assert_eq!(portal.verdict, "doubtful");
    assert!(portal.detail.contains(&address), "{}", portal.detail);
}

/// Pages of others change and read nothing, under whatever name they reach the portal, and half of
/// the secrets opens nothing.
#[test]
fn other_pages_are_not_heard() {
    let scene = Scene::new();
    scene.print("report.pdf");
    let link = scene.laptop.link_of(&scene.charlie);
    let (url, token) = link.split_once('#').unwrap();
    let enter = |token: &str| Request::post(url, "/enter", &format!("link={token}"));
    for forged in [
        enter(token).header("Origin", "http://evil.example"),
        enter(token).header("Origin", "null"),
        enter(token).without("Origin"),
        enter(token).header("Sec-Fetch-Site", "cross-site"),
    ] {
        assert_eq!(forged.send().status, 403);
    }
    for host in ["evil.example", "localhost.evil.example", ""] {
        for request in [Request::get(url, "/"), enter(token)] {
            assert_eq!(request.header("Host", host).send().status, 421, "{host:?}");
        }
    }
    assert_eq!(enter("AAAA").send().status, 403);

    // None of that used the link up.
    let entered = enter(token).send();
    assert_eq!(entered.status, 200);
    assert!(entered.body.contains("report.pdf"));
    let cookie = entered.header("set-cookie").unwrap().to_owned();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"));
    let (cookie, path) = cookie.split_once("; Path=").unwrap();
    let path = path.split(';').next().unwrap();
    let page = entered.body.split("data-page=\"").nth(1).unwrap();
    let page = page.split('"').next().unwrap();
    let order = "order=delete&number=1";
    let whole = Request::post(url, &format!("{path}/do"), order)
        .header("Cookie", cookie)
        .header("X-Papermesh-Page", page);
    for forged in [
        whole.clone().without("Cookie"),
        whole.clone().without("X-Papermesh-Page"),
        whole.clone().header("Origin", "http://evil.example"),
        whole.clone().header("Sec-Fetch-Site", "same-site"),
    ] {
        assert_eq!(forged.send().status, 403);
    }
    let live = Request::get(url, &format!("{path}/live")).header("Cookie", cookie);
    assert_eq!(live.send().status, 403);
    // What is the admin's is not there on a user's page, and neither is another user's job.
    let admins = Request::post(url, &format!("{path}/do"), "order=verify")
        .header("Cookie", cookie)
        .header("X-Papermesh-Page", page);
    assert_eq!(admins.send().status, 404);
    let dana = User::dana();
    scene.laptop.enroll(&dana, &scene.laptop);
    let other = scene.site.document("diary.pdf", "diary");
    let theirs = scene.laptop.print(&other, &dana);
    let stolen = Request::post(
        url,
        &format!("{path}/do"),
        &format!("order=protect&on=yes&number={}", theirs.number),
    );
    let stolen = stolen
        .header("Cookie", cookie)
        .header("X-Papermesh-Page", page)
        .send();
    assert!(stolen.body.contains("is no longer here"), "{}", stolen.body);
    assert!(!stolen.body.contains("diary"));
    assert_eq!(scene.laptop.jobs().len(), 2);
    // Whoever comes with the link once more closes the page that it opened.
    assert_eq!(enter(token).send().status, 403);
    assert_eq!(whole.send().status, 403);
    assert_eq!(scene.laptop.jobs().len(), 2);
    let policy = entered
        .header("content-security-policy")
        .unwrap_or_default();
    assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"));
}

/// A title is text, whatever it looks like: in the list, in a question, in what is said of it, and in the
/// history.
#[test]
fn titles_with_markup_are_text() {
    let scene = Scene::new();
    let title = "<img src=x onerror=alert(1)><script>document.title='owned'</script>\"'{{7*7}}";
    let document = scene.site.document("report.pdf", "report");
    let submission = scene.laptop.submission(&document, &scene.charlie);
    let _ = submission.args(["--title", title]).run().succeeded();
    let mut browser = scene.page(Window::DESKTOP);
    browser.see(LIST);
    assert_eq!(browser.texts(LIST), [title]);
    press(&mut browser, "onerror", "protect");
    browser.see(".remarks .notice:has-text(\"onerror=alert(1)\")");
    press(&mut browser, "onerror", "delete");
    assert!(browser.text("dialog .dialog-text").contains(title));
    browser.click("dialog .danger");
    browser.see(".notice:has-text(\"was deleted\")");
    assert!(browser.text(".remarks .notice").contains(title));
    browser.click("#go-history");
    browser.see("#live .line");
    assert_eq!(browser.texts(LIST), [title]);
    assert_eq!(browser.count("#app img, #app script"), 0);
    let name: String = browser.evaluate("document.title");
    assert_eq!(name, "Papermesh");
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

/// Whoever needs more contrast has it everywhere, chosen on the page or set up for all pages; a keyboard
/// reaches everything, and what it reaches can be seen.
#[test]
fn contrast_is_kept_and_a_keyboard_is_enough() {
    let scene = Scene::new();
    for name in ["report.pdf", "minutes.pdf"] {
        scene.print(name);
    }
    let users = ["jobs", "history", "elsewhere", "account"];
    let admins = [
        "devices", "people", "printers", "internet", "policy", "audit",
    ];
    let mut browser = Browser::start(Window::PHONE);
    let [more, dark_more, forced] = crate::panel::WISHES;
    for (look, (wish, features)) in [
        ("contrast", ("", "{}")),
        ("auto", more),
        ("auto", dark_more),
        ("auto", forced),
    ] {
        for (size, window) in [
            ("small", Window::SMALL),
            ("panel", Window::PANEL),
            ("desktop", Window::DESKTOP),
        ] {
            for (link, places) in [
                (scene.laptop.link_of(&scene.charlie), &users[..]),
                (scene.laptop.admin_link(), &admins[..]),
            ] {
                browser.begin(window);
                browser.wish(&serde_json::from_str(features).unwrap());
                browser.open(&link);
                browser.see("html[data-live] #app");
                browser.click(".menu summary");
                browser.click(&format!(".choice[value={look}]"));
                browser.see(&format!("#app[data-look={look}]"));
                for place in places {
                    browser.click(&format!("#go-{place}"));
                    browser.see(&format!(".room[data-place={place}]"));
                    let what = format!("portal-{place}-{look}{wish}-{size}");
                    browser.picture(&what);
                    browser.is_for_everybody(&what);
                    let stops = browser.tab_through();
                    assert!(stops.len() > places.len(), "{what}: {stops:?}");
                }
            }
        }
    }
}

/// Every place in two languages and both themes, for everybody, at every size.
#[test]
fn every_place_is_for_everybody() {
    let scene = Scene::new();
    let long = "A title that goes on and on, because whoever named it wanted to say all of it at once, twice.pdf";
    for name in ["report.pdf", long] {
        scene.print(name);
    }
    let users = ["jobs", "history", "elsewhere", "account"];
    let admins = [
        "devices", "people", "printers", "internet", "policy", "audit",
    ];
    let mut browser = Browser::start(Window::PHONE);
    for (language, dark) in [("en", false), ("ar", false), ("en", true), ("ar", true)] {
        for (size, window) in [
            ("phone", Window::PHONE),
            ("small", Window::SMALL),
            ("desktop", Window::DESKTOP),
        ] {
            if size == "small" && dark {
                continue;
            }
            for admin in [false, true] {
                let shown = format!("{language}-{}-{size}", if dark { "dark" } else { "light" });
                let (link, places) = match admin {
                    true => (scene.laptop.admin_link(), &admins[..]),
                    false => (scene.laptop.link_of(&scene.charlie), &users[..]),
                };
                browser.begin(Window {
                    language,
                    dark,
                    ..window
                });
                browser.open(&link);
                browser.see("html[data-live] #app");
                for place in places {
                    browser.click(&format!("#go-{place}"));
                    browser.see(&format!(".room[data-place={place}]"));
                    let what = format!("portal-{place}-{shown}");
                    browser.picture(&what);
                    browser.is_for_everybody(&what);
                    let wide: bool = browser.evaluate(
                        "document.documentElement.scrollWidth > document.documentElement.clientWidth + 1",
                    );
                    assert!(!wide, "{what} is wider than its window");
                    let small: Vec<String> = browser.evaluate(
                        "[...document.querySelectorAll('button, .menu summary, input:not([type=radio]):not([type=hidden]), select')]
                            .filter((one) => one.offsetParent && !one.closest('dialog:not([open])'))
                            .filter((one) => one.getBoundingClientRect().height < 47.5)
                            .map((one) => one.outerHTML)",
                    );
                    assert!(
                        small.is_empty(),
                        "{what}: too small for a finger: {small:?}"
                    );
                }
            }
        }
    }
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

/// Runs a program as an account that has nothing to do with anybody here.
fn as_nobody(program: &str, args: &[&str]) -> Ended {
    let args = [
        &["--reuid=65534", "--regid=65534", "--clear-groups", program],
        args,
    ]
    .concat();
    papermesh_tests::command::Invocation::of(&system("setpriv"))
        .args(args)
        .run()
}

/// Another account that reads every argument list while `papermesh open` starts a slow browser finds the
/// name of a file, and cannot read it. The file goes when the page is open, and so it does when the
/// command is stopped.
#[test]
fn another_account_takes_no_page_while_it_opens() {
    let scene = Scene::new();
    let home = scene.site.path("own");
    std::fs::create_dir_all(home.join("Downloads")).unwrap();
    // The folder of the tests lets nobody else in; a home often does.
    let (asked, slow) = (scene.site.path("asked"), scene.site.path("browser"));
    // It has its argument for as long as what it was asked is there.
    let asked_at = asked.display();
    let script = format!(
        "#!/bin/sh\necho \"$1\" > {asked_at}\nwhile [ -e {asked_at} ]; do sleep 0.2; done\n"
    );
    std::fs::write(&slow, script).unwrap();
    std::fs::set_permissions(&slow, std::fs::Permissions::from_mode(0o755)).unwrap();
    let open = || {
        let _ = std::fs::remove_file(&asked);
        let opening = scene
            .laptop
            .program(papermesh_tests::program::papermesh())
            .args(["open", "--admin"])
            .env("HOME", &home)
            .env("BROWSER", &slow)
            .start();
        let file = wait_for(SOON, "the browser to be started", || {
            let asked = std::fs::read_to_string(&asked).ok()?;
            Some(asked.trim().strip_prefix("file://")?.to_owned())
        });
        (opening, file)
    };
    let (opening, file) = open();
    let seen = as_nobody(
        "sh",
        &["-c", "cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' '"],
    );
    assert!(seen.stdout().contains(&file), "the name can be seen");
    let page = std::fs::read_to_string(&file).unwrap();
    let token = page.split('#').nth(1).unwrap().split('"').next().unwrap();
    assert!(token.len() > 40);
    assert!(!seen.stdout().contains(token), "the link can be seen");
    assert!(
        !as_nobody("cat", &[&file]).is_success(),
        "the file can be read"
    );
    let mode = std::fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    // Nor is a thief heard who has the link from elsewhere.
    let url = scene.laptop.admin_link();
    let door = url.split('#').next().unwrap();
    let heard = as_nobody(
        "curl",
        &["-s", "-o", "/dev/null", "-w", "%{http_code}", door],
    );
    assert_eq!(heard.stdout(), "403");

    let mut browser = Browser::start(Window::DESKTOP);
    browser.open(&format!("file://{file}"));
    browser.see("html[data-live] #app #go-audit");
    let opened = opening.finish().succeeded();
    assert!(
        opened.stdout().contains("is open in the browser"),
        "{}",
        opened.stdout()
    );
    assert!(!std::path::Path::new(&file).exists());
    // The thief knows the digits as little as the page does.
    let (_, digits) = opened.stdout().split_once("digits: ").unwrap();
    let digits = digits.lines().next().unwrap_or_default().replace(' ', "");
    assert_eq!(digits.len(), 6, "{}", opened.stdout());
    assert!(!browser.html().contains(&digits));

    let (opening, file) = open();
    assert!(std::path::Path::new(&file).exists());
    opening.terminate();
    let _ = opening.finish();
    assert!(!std::path::Path::new(&file).exists());
}
