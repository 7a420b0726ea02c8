//! What a print token is good for outside: how much may be printed with it, what it allows besides, and
//! what is given to somebody who has a browser or a system's own printer dialog, and no password.

use std::fs;

use papermesh_tests::SOON;
use papermesh_tests::browser::{Browser, Window};
use papermesh_tests::command::{Ended, Invocation};
use papermesh_tests::cups::Cups;
use papermesh_tests::document::Document;
use papermesh_tests::gateway::DOMAIN;
use papermesh_tests::program;
use papermesh_tests::wait::wait_until;
use serde_json::Value;

use super::gateway::{Outside, PRINT_JOB, request};

/// What `gateway guest` and `gateway share` give.
struct Shared {
    capability: String,
    page: String,
    token: String,
}

impl Shared {
    fn made(outside: &Outside, command: &[&str]) -> Self {
        let shared: Value = outside
            .laptop
            .papermesh("gateway")
            .args(command)
            .run()
            .succeeded()
            .json();
        let text = |name: &str| shared[name].as_str().unwrap().to_owned();
        assert!(text("mobileconfig").contains("com.apple.airprint"));
        assert!(text("powershell").contains(&text("capability")));
        assert!(text("lpadmin").contains(&text("uri")));
        Self {
            capability: text("capability"),
            page: text("page"),
            token: text("token"),
        }
    }
}

/// What a browser outside does, without verifying whom it speaks to.
fn curl(outside: &Outside, args: &[&str]) -> Ended {
    Invocation::new(&program::system("curl"), Some(outside.street.name()))
        .args(["-sSk", "-w", "\n%{http_code} %{redirect_url}"])
        .args(args)
        .run()
}

/// The status of what curl was answered.
fn status(ended: &Ended) -> &str {
    let last = ended.stdout().trim_end().rsplit('\n').next();
    last.and_then(|line| line.split(' ').next())
        .unwrap_or_default()
}

fn ipptool(outside: &Outside, uri: &str, document: &Document, test: &str) -> Ended {
    Invocation::new(&program::system("ipptool"), Some(outside.street.name()))
        .args(["-tvf", document.path_str(), uri, test])
        .run()
}

/// A test of ipptool's of one operation.
fn test_of(outside: &Outside, name: &str, operation: &str, more: &str) -> String {
    let path = outside.site.path(name);
    fs::write(&path, request(operation, more)).unwrap();
    path.to_str().unwrap().to_owned()
}

/// Three jobs and a day: what a guest is given needs no password, in a program or a browser, and the jobs are
/// the inviter's.
#[test]
fn a_guest_prints_three_jobs_with_a_link_alone() {
    let outside = Outside::new();
    let guest = Shared::made(&outside, &["guest", "Dana"]);
    let document = outside.site.document("contract.pdf", "the contract");

    // A program that shows no password finds the printer, and all its addresses lead back there.
    let asked = test_of(&outside, "ask.test", "Get-Printer-Attributes", "");
    let told = ipptool(&outside, &guest.capability, &document, &asked);
    assert!(told.is_success(), "{told:?}");
    let said = |name: &str| {
        let mut lines = told.stdout().lines().map(str::trim);
        lines
            .find_map(|line| line.strip_prefix(&format!("{name} (")))
            .and_then(|rest| rest.split_once(" = "))
            .map(|(_, value)| value.to_owned())
            .unwrap_or_default()
    };
    let place = format!("ipps://desk.acme.{DOMAIN}:443/t/{}", guest.token);
    assert_eq!(said("printer-uri-supported"), format!("{place}/ipp/print"));
    assert_eq!(said("uri-authentication-supported"), "none");
    let web = place.replace("ipps://", "https://");
    assert_eq!(said("printer-more-info"), format!("{web}/"));
    let printed = ipptool(&outside, &guest.capability, &document, PRINT_JOB);
    assert!(printed.is_success(), "{printed:?}");
    assert!(
        printed.stdout().contains(&format!("{place}/ipp/job/")),
        "{printed:?}"
    );

    // A browser shows the page, and sends a file.
    let page = curl(&outside, &[&guest.page]);
    assert_eq!(status(&page), "200", "{page:?}");
    let jobs: Value = outside
        .laptop
        .papermesh("jobs list")
        .run()
        .succeeded()
        .json();
    let title = jobs[0]["title"].as_str().unwrap();
    assert!(page.stdout().contains(title), "{page:?}");
    assert!(page.stdout().contains("printer-1"), "{page:?}");
    let origin = format!("Origin: https://desk.acme.{DOMAIN}");
    let send = |file: &Document| {
        let (file, to) = (
            format!("file=@{};filename=notes.pdf", file.path_str()),
            format!("{}print", guest.page),
        );
        curl(
            &outside,
            &["-H", &origin, "-F", "copies=2", "-F", &file, &to],
        )
    };
    let sent = send(&document);
    assert_eq!(status(&sent), "303", "{sent:?}");
    assert!(sent.stdout().ends_with("/?held=1"), "{sent:?}");
    let jobs: Value = outside
        .laptop
        .papermesh("jobs list")
        .run()
        .succeeded()
        .json();
    assert_eq!(jobs[1]["title"], "notes.pdf");
    assert_eq!(jobs[1]["options"]["copies"], 2);
    assert_eq!(jobs[1]["user"], outside.charlie.id.as_str());
    // Nothing is sent by a page of somebody else's, and nothing that cannot be printed is taken.
    let elsewhere = ["-H", "Origin: https://evil.test", "-F", "copies=1"];
    let to = format!("{}print", guest.page);
    let refused = curl(&outside, &[&elsewhere[..], &[&to]].concat());
    assert_eq!(status(&refused), "403", "{refused:?}");
    let odd = outside.site.path("odd.bin");
    fs::write(&odd, [0_u8; 64]).unwrap();
    let refused = send(&Document::at(&odd));
    assert_eq!(status(&refused), "422", "{refused:?}");

    // A deleted job came, too: the third is the last.
    let number = jobs[1]["number"].to_string();
    let delete = format!("{}delete", guest.page);
    let number = format!("number={number}");
    let deleted = curl(&outside, &["-H", &origin, "-d", &number, &delete]);
    assert_eq!(status(&deleted), "303", "{deleted:?}");
    assert_eq!(outside.laptop.jobs().len(), 1);
    let printed = ipptool(&outside, &guest.capability, &document, PRINT_JOB);
    assert!(printed.is_success(), "{printed:?}");
    let spent = ipptool(&outside, &guest.capability, &document, PRINT_JOB);
    assert!(
        spent.stdout().contains("account-limit-reached"),
        "{spent:?}"
    );
    let spent = send(&document);
    assert_eq!(status(&spent), "429", "{spent:?}");
    assert!(spent.stdout().contains("3 jobs"), "{spent:?}");
    let tokens: Value = outside
        .laptop
        .papermesh("gateway token list")
        .run()
        .succeeded()
        .json();
    assert_eq!(tokens[0]["name"], "Dana");
    assert_eq!(tokens[0]["used"]["jobs"], 3);

    // A token that nobody has leads nowhere, and none stands in a log.
    let nobody = guest
        .page
        .replace(&guest.token, "pm-0123456789abcdefghjkmnpq");
    assert_eq!(status(&curl(&outside, &[&nobody])), "404");
    let log = outside.laptop.log();
    assert!(!log.contains(&guest.token), "{log}");
    let withdrawn = outside.laptop.papermesh("gateway token remove Dana").run();
    let _ = withdrawn.succeeded();
    assert_eq!(status(&curl(&outside, &[&guest.page])), "404");
}

/// A stock CUPS on the street adds the printer as everybody does, with its options, and prints.
#[test]
fn a_stock_cups_adds_the_printer_and_prints() {
    let outside = Outside::new();
    let shared = Shared::made(&outside, &["share", "desktop"]);
    let cups = Cups::within(&outside.street);
    let program = |program: &str, args: &[&str]| {
        let there = Invocation::new(&program::system(program), Some(outside.street.name()));
        cups.serving(there.args(args)).run()
    };
    // With a password in the address, as CUPS keeps those that it asked for; and with none.
    let user = format!("ipps://{}:{}@", outside.charlie.id, shared.token);
    let asked = format!("{user}desk.acme.{DOMAIN}:443/ipp/print");
    for (queue, uri) in [("asked", &asked), ("capable", &shared.capability)] {
        let added = program(
            "lpadmin",
            &["-p", queue, "-E", "-v", uri, "-m", "everywhere"],
        );
        assert!(added.is_success(), "{added:?}");
        // CUPS asks the printer for its options after it has said that it is added.
        wait_until(SOON, "CUPS to know the printer", || {
            cups.description(queue).is_file()
        });
        let name = format!("{queue}.pdf");
        let document = outside.site.document(&name, queue);
        let printed = program(
            "lp",
            &["-d", queue, "-n", "2", "-t", &name, document.path_str()],
        );
        assert!(printed.is_success(), "{printed:?}");
        let is_held = || {
            let jobs: Value = outside
                .laptop
                .papermesh("jobs list")
                .run()
                .succeeded()
                .json();
            let mut jobs = jobs.as_array().unwrap().clone().into_iter();
            jobs.find(|job| job["title"] == *name)
        };
        wait_until(SOON, "the job to be held", || is_held().is_some());
        assert_eq!(is_held().unwrap()["options"]["copies"], 2);
    }
    let report = outside.printer.visit(&outside.charlie).print_all();
    assert!(report.each_ended("printed"), "{report:?}");
    wait_until(SOON, "the queues to be empty", || {
        program("lpstat", &["-o"]).stdout().is_empty()
    });
}

/// What a guest does with the link, in a real browser: a file is sent, seen and deleted again.
#[test]
fn a_guest_sends_a_file_from_a_browser() {
    let outside = Outside::new();
    let guest = Shared::made(&outside, &["guest", "Dana"]);
    let document = outside.site.document("contract.pdf", "the contract");
    let mut browser = Browser::start_within(Some(&outside.street), Window::DESKTOP);
    browser.open(&guest.page);
    browser.see("h1:has-text(\"Print from here\")");
    browser.is_for_everybody("the page of a place");
    browser.see("#printers li:has-text(\"printer-1\")");
    browser.picture("place");
    browser.fill("#copies", "2");
    browser.attach("#file", document.path());
    browser.click("button.primary");
    browser.see(".notice.good:has-text(\"One file is waiting.\")");
    browser.see("#jobs li:has-text(\"contract.pdf\")");
    let jobs: Value = outside
        .laptop
        .papermesh("jobs list")
        .run()
        .succeeded()
        .json();
    assert_eq!(jobs[0]["title"], "contract.pdf");
    assert_eq!(jobs[0]["options"]["copies"], 2);
    let odd = outside.site.path("odd.bin");
    fs::write(&odd, [0_u8; 64]).unwrap();
    browser.attach("#file", &odd);
    browser.click("button.primary");
    browser.see(".notice.bad:has-text(\"odd.bin\")");
    browser.click("#jobs button.danger");
    browser.see("#jobs li:has-text(\"Deleted\")");
    assert!(outside.laptop.jobs().is_empty());
    let complaints = browser.complaints();
    // What was refused is an error of the browser's log.
    let others = complaints.iter().filter(|text| !text.contains("422"));
    assert_eq!(others.count(), 0, "{complaints:?}");
}

/// An admin opens a place on the page, and a user gives a guest an address there; it prints until it is
/// taken back.
#[test]
fn places_and_addresses_are_given_on_the_portal() {
    let outside = Outside::new();
    let mut browser = Browser::start_within(Some(&outside.office), Window::DESKTOP);
    let page = outside.laptop.admin_page();
    browser.open(&page.url);
    browser.click("#go-internet");
    browser.see(&format!(
        "#live .line.good:has-text(\"{DOMAIN}\"):has-text(\"Connected\")"
    ));
    browser.see("#place-desk:has-text(\"desk.acme\")");
    browser.click("#open-place");
    page.prove(&mut browser);
    browser.see(".notice.good:has-text(\"being opened\")");
    let list: Value = outside
        .laptop
        .papermesh("gateway list")
        .run()
        .succeeded()
        .json();
    assert_eq!(list["places"].as_array().unwrap().len(), 2);

    let page = outside.laptop.page_of(&outside.charlie);
    browser.begin(Window::DESKTOP);
    browser.open(&page.url);
    browser.click("#go-elsewhere");
    browser.click("#share");
    browser.fill("dialog[open] #ask-name", "Dana");
    browser.press("Enter");
    page.prove(&mut browser);
    browser.see("dialog .code");
    let address: String = browser.evaluate("document.querySelector('#ticket-line').value");
    assert!(address.starts_with("https://"), "{address}");
    // It may be at the new place, whose name nobody on the street knows yet.
    let there = format!("::{DOMAIN}:443");
    let at = |address: &str| curl(&outside, &["--connect-to", &there, address]);
    assert_eq!(status(&at(&address)), "200");
    browser.click("#ask-no");
    browser.miss("dialog");
    browser.see("#live [id^=token-]:has-text(\"Dana\")");
    assert!(!browser.html().contains(&address));
    browser.click("#live [id^=token-] [id^=withdraw-]");
    browser.see(".notice.good:has-text(\"Dana\")");
    browser.miss("#live [id^=token-]");
    assert_eq!(status(&at(&address)), "404");
}

/// The page at a place asks for a user id and a token, and finds printers; so does the place of the site.
#[test]
fn a_browser_finds_the_sites_printers() {
    let outside = Outside::new();
    let token = outside.token("browser");
    let place = format!("https://desk.acme.{DOMAIN}/");
    let stranger = curl(&outside, &[&place]);
    assert_eq!(status(&stranger), "401", "{stranger:?}");
    assert!(!stranger.stdout().contains("printer-1"), "{stranger:?}");
    let pin = format!("{}:{}", outside.charlie.id, outside.charlie.pin);
    assert_eq!(status(&curl(&outside, &["-u", &pin, &place])), "401");

    let user = format!("{}:{token}", outside.charlie.id);
    let found = |address: &str| {
        let page = curl(&outside, &["-u", &user, address]);
        assert_eq!(status(&page), "200", "{page:?}");
        page.stdout().contains("printer-1")
    };
    assert!(found(&place));
    assert!(found(&format!("{place}?q=PRINTER")));
    assert!(!found(&format!("{place}?q=back-office")));
    let listed = curl(&outside, &["-u", &user, &format!("{place}printers.json")]);
    let json = listed.stdout().lines().next().unwrap();
    let printers: Value = serde_json::from_str(json).unwrap();
    assert_eq!(printers[0]["name"], "printer-1");

    // A large file is no form without end.
    let large = Document::pdf_of(outside.site.folder(), "large.pdf", "large", 20 << 20);
    let (file, to) = (
        format!("file=@{}", large.path_str()),
        format!("{place}print"),
    );
    let origin = format!("Origin: https://desk.acme.{DOMAIN}");
    let sent = curl(
        &outside,
        &[
            "-u", &user, "-H", &origin, "-F", "copies=1", "-F", &file, &to,
        ],
    );
    assert_eq!(status(&sent), "303", "{sent:?}");
    assert_eq!(outside.laptop.jobs().len(), 1);

    // Programs list them as they do CUPS's: the hold printer, and those to which they may print straight.
    let straight = Shared::made(&outside, &["share", "straight", "--may", "print:printer-1"]);
    let document = outside.site.document("report.pdf", "report");
    let listing = outside.site.path("printers.test");
    let all = "{ OPERATION CUPS-Get-Printers GROUP operation-attributes-tag ATTR charset attributes-charset utf-8 \
               ATTR language attributes-natural-language en STATUS successful-ok }";
    fs::write(&listing, all).unwrap();
    let listed = |uri: &str| {
        let told = ipptool(&outside, uri, &document, listing.to_str().unwrap());
        assert!(told.is_success(), "{told:?}");
        let names = told.stdout().matches("printer-name (").count();
        (names, told.stdout().contains("/ipp/print/printer-1"))
    };
    let plain = format!("ipps://{user}@desk.acme.{DOMAIN}:443/ipp/print");
    assert_eq!(listed(&plain), (1, false));
    assert_eq!(listed(&straight.capability), (2, true));

    let opened = outside.laptop.papermesh("gateway place add --site").run();
    let _ = opened.succeeded();
    let of_site = format!("https://acme.{DOMAIN}/");
    wait_until(SOON, "the place of the site", || {
        status(&curl(&outside, &["-u", &user, &of_site])) == "200"
    });
    assert!(found(&of_site));
    // Another name on that connection is another place.
    let other = format!("Host: desk.acme.{DOMAIN}");
    let misdirected = curl(&outside, &["-u", &user, "-H", &other, &of_site]);
    assert_eq!(status(&misdirected), "421", "{misdirected:?}");
}

/// What a token allows besides holding jobs: it is what was said when it was made, and no more.
#[test]
fn a_token_does_what_it_was_made_for() {
    let outside = Outside::new();
    let document = outside.site.document("report.pdf", "report");
    outside.laptop.print(&document, &outside.charlie);
    let made = |name: &str, more: &[&str]| {
        let shared = [&["share", name][..], more].concat();
        Shared::made(&outside, &shared)
    };
    let (plain, own) = (made("plain", &[]), made("own", &["--may", "own"]));
    let straight = made("straight", &["--may", "print:printer-1"]);

    let listing = test_of(
        &outside,
        "jobs.test",
        "Get-Jobs",
        "ATTR keyword requested-attributes job-name",
    );
    let listed = |shared: &Shared| {
        let said = ipptool(&outside, &shared.capability, &document, &listing);
        assert!(said.is_success(), "{said:?}");
        said.stdout().matches("job-name (").count()
    };
    assert_eq!((listed(&plain), listed(&own)), (0, 1));

    // Straight to a printer, with nobody there: only where the token names it.
    let at_printer = |shared: &Shared| {
        let uri = format!("{}/printer-1", shared.capability);
        ipptool(&outside, &uri, &document, PRINT_JOB)
    };
    for refused in [&plain, &own] {
        let refused = at_printer(refused);
        assert!(!refused.is_success(), "{refused:?}");
    }
    let printed = at_printer(&straight);
    assert!(printed.is_success(), "{printed:?}");
    wait_until(SOON, "paper", || outside.printer.tray().len() == 1);

    // Operators are named by the node's configuration, and this user is none.
    let operate = made("operate", &["--may", "operate"]);
    let disable = test_of(&outside, "disable.test", "Disable-Printer", "");
    for refused in [&plain, &operate] {
        let refused = ipptool(&outside, &refused.capability, &document, &disable);
        assert!(!refused.is_success(), "{refused:?}");
    }
    let wrong = outside
        .laptop
        .papermesh("gateway token add wrong --may everything")
        .run();
    assert!(wrong.stderr().contains("print:PRINTER"), "{wrong:?}");
}

/// What came with a token, and how much, outlives the node; what is over the day's bytes is not held.
#[test]
fn what_came_with_a_token_is_known_after_a_crash() {
    let mut outside = Outside::new();
    let shared = Shared::made(
        &outside,
        &["share", "phone", "--jobs", "2", "--size-per-day", "64KiB"],
    );
    let document = outside.site.document("report.pdf", "report");
    let printed = ipptool(&outside, &shared.capability, &document, PRINT_JOB);
    assert!(printed.is_success(), "{printed:?}");
    let large = Document::pdf_of(outside.site.folder(), "large.pdf", "large", 1 << 20);
    let refused = ipptool(&outside, &shared.capability, &large, PRINT_JOB);
    assert!(
        refused.stdout().contains("account-limit-reached"),
        "{refused:?}"
    );
    assert_eq!(outside.laptop.jobs().len(), 1);

    outside.laptop.kill();
    outside.laptop.run();
    outside.comes("up");
    let listing = test_of(
        &outside,
        "jobs.test",
        "Get-Jobs",
        "ATTR keyword requested-attributes job-name",
    );
    let listed = ipptool(&outside, &shared.capability, &document, &listing);
    assert_eq!(
        listed.stdout().matches("job-name (").count(),
        1,
        "{listed:?}"
    );
    // The bytes of the day are used up still.
    let refused = ipptool(&outside, &shared.capability, &document, PRINT_JOB);
    assert!(
        refused.stdout().contains("account-limit-reached"),
        "{refused:?}"
    );
}

/// A PIN is taken from outside only where the computer is told so; wrong ones make outsiders wait, and nobody
/// at a printer.
#[test]
fn a_pin_from_outside_is_taken_where_that_is_said_and_counted_apart() {
    let outside = Outside::with(&[("PAPERMESH_INTERNET_PIN", "true")]);
    let document = outside.site.document("report.pdf", "report");
    let shows = |pin: &str| {
        let uri = format!(
            "ipps://{}:{pin}@desk.acme.{DOMAIN}:443/ipp/print",
            outside.charlie.id
        );
        ipptool(&outside, &uri, &document, PRINT_JOB)
    };
    let right = shows(&outside.charlie.pin);
    assert!(right.is_success(), "{right:?}");
    // Each wrong one doubles the wait, so that one comes in which the right one is surely shown.
    let mut wrong = (1357..).map(|pin| pin.to_string());
    wait_until(4 * SOON, "a long wait", || {
        let refused = shows(&wrong.next().unwrap());
        assert!(!refused.is_success(), "{refused:?}");
        let (_, wait) = refused
            .stdout()
            .split_once("too many wrong PINs; wait ")
            .unwrap_or_default();
        let seconds = wait.split(' ').next().unwrap_or_default();
        seconds.parse().is_ok_and(|seconds: u32| seconds > 4)
    });
    // Outsiders wait now, whatever they show.
    let right = shows(&outside.charlie.pin);
    assert!(!right.is_success(), "{right:?}");
    let report = outside.printer.visit(&outside.charlie).print_all();
    assert!(report.each_ended("printed"), "{report:?}");
}
