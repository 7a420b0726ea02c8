//! What pages of others, people who guess and those who come in crowds do to everything that speaks HTTP:
//! the panel, the portal and the hold printer. What only one of them has to bear is with that one.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use data_encoding::BASE64;
use papermesh_tests::browser::{Browser, Window};
use papermesh_tests::http::{Answer, OpenPage, Request};
use papermesh_tests::network::{Namespace, Wire};
use papermesh_tests::portal::browser_at;
use papermesh_tests::program::system;
use papermesh_tests::wait::{wait_for, wait_until};
use papermesh_tests::{Machine, PanelAt, SOON, Setting, Site, User, ipp};

/// A PIN is guessed until waiting for the next guess takes longer than what follows.
const ENOUGH: u32 = 6;
/// How much memory a thousand streams may take beyond what a node has anyway.
const FOR_STREAMS: u64 = 64 << 20;

/// A laptop with a portal and a hold printer, a printer with a panel, and a job that waits.
struct Office {
    laptop: Machine,
    at: PanelAt,
    charlie: User,
    // The last to go: it takes the others' homes with it.
    _site: Site,
}

impl Office {
    fn new() -> Self {
        let site = Site::new();
        let charlie = User::charlie();
        let laptop = site.founder_at("laptop-1", Setting::default().with_portal());
        let at = site.panel(&laptop, "printer-1", &["--panel-idle", "10m"]);
        laptop.enroll(&charlie, &laptop);
        laptop.print(&site.document("secret-plan.pdf", "secret"), &charlie);
        Self {
            laptop,
            at,
            charlie,
            _site: site,
        }
    }

    /// A page of the panel on which the user is logged in and sees the list.
    fn panel(&self) -> OpenPage {
        let mut page = OpenPage::open(&self.at.url);
        page.log_in(&self.charlie.id, &self.charlie.pin);
        wait_until(SOON, "the list", || {
            page.get("jobs").send().body.contains("secret-plan")
        });
        page
    }

    fn portal(&self) -> OpenPage {
        OpenPage::enter(&self.laptop.link_of(&self.charlie))
    }
}

/// Sends it; whoever asks too often is told to wait, and does.
fn sent(request: &Request) -> Answer {
    wait_for(SOON, "a request to be heard", || {
        Some(request.send()).filter(|answer| answer.status != 429)
    })
}

// Secrets -----------------------------------------------------------------------------------------

/// Everywhere that a page of this kind may post to, as its sources say it, so that what is new there
/// is looked at without being told: each address, and in place of what is to be done every word that
/// stands in them.
fn posts(kind: &str, page: &OpenPage) -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../node/src/{kind}"));
    let routes = fs::read_to_string(folder.join("routes.rs")).unwrap();
    let mut sources = routes.clone();
    for template in fs::read_dir(folder.join("templates")).unwrap().flatten() {
        sources.push_str(&fs::read_to_string(template.path()).unwrap());
    }
    let is_word = |word: &&str| {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte == b'-';
        (2..20).contains(&word.len()) && word.bytes().all(plain)
    };
    let words: BTreeSet<&str> = sources.split(['"', '/', '\'']).filter(is_word).collect();
    let addresses = routes.split(".route(").skip(1).filter_map(|route| {
        let (answers, _) = route.split_once(".layer(").unwrap_or((route, ""));
        let (_, address) = answers.split_once('"')?;
        let (address, answers) = address.split_once('"')?;
        answers.contains("post").then_some(address)
    });
    let addresses: Vec<_> = addresses.collect();
    assert!(addresses.len() > 1, "{addresses:?}");
    let mut posts = Vec::new();
    for address in addresses {
        let address = address.replace("{id}", page.id());
        match address.split_once("{what}") {
            Some((before, after)) => {
                posts.extend(words.iter().map(|word| format!("{before}{word}{after}")));
            }
            None => posts.push(address),
        }
    }
    posts
}

/// Whatever a page can ask for, it is not done for whoever lacks one of its secrets, has another
/// page's, or comes from elsewhere.
#[test]
fn nothing_is_done_without_the_secrets_of_a_page() {
    const ELSEWHERE: &str = "http://evil.example";
    let office = Office::new();
    let (panel, portal) = (office.panel(), office.portal());
    let admin = OpenPage::enter(&office.laptop.admin_link());
    let welcome = OpenPage::open(&office.at.url);
    // Pages that nobody looks at are closed after a while.
    let _looked_at = [&panel, &portal, &admin, &welcome].map(|page| page.get("events").begin());
    let everything = "job=0&print=1&number=1&order=delete&yes=yes&answer=again&what=new-user&user=charlie\
        &place=audit&login=badge&lifetime=3600&language=de&look=dark";
    for (kind, page, other, form) in [
        ("panel", &panel, &welcome, everything.to_owned()),
        ("portal", &portal, &admin, everything.to_owned()),
        (
            "portal",
            &admin,
            &portal,
            everything.replace("delete", "disable"),
        ),
    ] {
        let posts = posts(kind, page);
        assert!(posts.len() > 15, "{posts:?}");
        for path in posts {
            let whole = page.post_to(&path, &form);
            for (lack, forged) in [
                ("token", whole.clone().without("X-Papermesh-Page")),
                (
                    "token",
                    whole.clone().header("X-Papermesh-Page", &other.token),
                ),
                ("cookie", whole.clone().without("Cookie")),
                ("cookie", whole.clone().header("Cookie", &other.cookie)),
                ("both", other.post_to(&path, &form)),
                ("origin", whole.clone().without("Origin")),
                ("origin", whole.clone().header("Origin", ELSEWHERE)),
                ("origin", whole.clone().header("Origin", "null")),
                ("site", whole.clone().header("Sec-Fetch-Site", "same-site")),
            ] {
                let answer = sent(&forged);
                // What is only fetched is posted by nobody.
                let refused = matches!(answer.status, 403 | 405);
                assert!(
                    refused,
                    "{kind} {path} without its {lack}: {}",
                    answer.status
                );
                assert!(!answer.body.contains("secret-plan"), "{kind} {path}");
            }
        }
        // With all of them it is heard, and the page is as it was.
        let answer = sent(&page.post("look", "look=contrast"));
        assert_eq!(answer.status, 200, "{kind}: {}", answer.body);
    }
    assert_eq!(office.laptop.jobs().len(), 1);
    assert!(office.at.printer.tray().is_empty());
    let policy = office.laptop.papermesh("site policy").run().succeeded();
    assert!(policy.stdout().contains("\"login\":\"badge+pin\""));
    let users = office.laptop.papermesh("user list").run().succeeded();
    assert!(users.stdout().contains("\"active\""), "{}", users.stdout());
}

/// A cookie that somebody planted before is not the one of the page that is opened or logged in.
#[test]
fn a_cookie_that_was_planted_opens_nothing() {
    let office = Office::new();
    for (url, name) in [
        (office.at.url.clone(), "papermesh-panel"),
        (office.laptop.link_of(&office.charlie), "papermesh-portal"),
    ] {
        let planted = format!("{name}={}", "A".repeat(43));
        let page = match url.split_once('#') {
            None => {
                let opening = Request::get(&url, "/").header("Cookie", &planted);
                let mut page = OpenPage::of(&url, &opening.send());
                assert_ne!(page.cookie, planted);
                let before = page.clone();
                page.log_in(&office.charlie.id, &office.charlie.pin);
                assert_ne!(page.cookie, before.cookie);
                page
            }
            Some((url, token)) => {
                let entering = Request::post(url, "/enter", &format!("link={token}"));
                OpenPage::of(url, &entering.header("Cookie", &planted).send())
            }
        };
        assert_ne!(page.cookie, planted);
        // Nor does it help beside the right one.
        for cookie in [planted.clone(), format!("{planted}; {}", page.cookie)] {
            let look = page.post("look", "look=dark").header("Cookie", &cookie);
            assert_eq!(look.send().status, 403, "{name}");
        }
        assert_eq!(page.post("look", "look=dark").send().status, 200, "{name}");
    }
}

/// Whatever shows something of somebody forbids to keep it; after the log-out neither the way back,
/// nor a second window, nor the addresses show any of it.
#[test]
fn what_was_seen_is_kept_nowhere() {
    let office = Office::new();
    let mut panel = office.panel();
    let portal = office.portal();
    let kept = |page: &OpenPage, what: &str| {
        let answer = page.get(what).send();
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{what}");
        answer
    };
    for what in ["view", "jobs", "prints", "pictures", "clock", "picture/0"] {
        kept(&panel, what);
    }
    for (page, what) in [(&panel, "jobs"), (&portal, "live")] {
        assert!(kept(page, what).body.contains("secret-plan"), "{what}");
    }
    for (page, end) in [(&mut panel, "leave"), (&mut portal.clone(), "close")] {
        let before = page.clone();
        let answer = page.post(end, "").send();
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert!(!answer.body.contains("secret-plan"));
        page.learn(&answer);
        for page in [&before, &*page] {
            for what in ["view", "jobs", "prints", "pictures", "picture/0", "live"] {
                let answer = kept(page, what);
                assert!(!answer.body.contains("secret-plan"), "{what}");
            }
        }
    }

    let shows_nothing = |browser: &mut Browser, sees: &str| {
        browser.see(sees);
        assert!(!browser.html().contains("secret-plan"));
    };
    let mut browser = office.at.browser(Window::PANEL);
    office.at.log_in(&mut browser, &office.charlie);
    browser.see("#jobs label:has-text(\"secret-plan.pdf\")");
    browser.another();
    browser.open(&office.at.url);
    shows_nothing(&mut browser, "html[data-live] main.welcome");
    browser.switch(0);
    browser.click("button.leave");
    shows_nothing(&mut browser, "main.welcome");
    browser.open(&format!("{}?again", office.at.url));
    browser.see("html[data-live] main.welcome");
    browser.back();
    shows_nothing(&mut browser, "html[data-live] main.welcome");
    browser.switch(1);
    shows_nothing(&mut browser, "main.welcome");
    drop(browser);

    let link = office.laptop.link_of(&office.charlie);
    let url = link.split('#').next().unwrap();
    let mut browser = browser_at(&link, Window::DESKTOP);
    browser.see("#live .line:has-text(\"secret-plan.pdf\")");
    browser.another();
    browser.open(url);
    shows_nothing(&mut browser, ".outside");
    browser.switch(0);
    browser.click("button.leave");
    shows_nothing(&mut browser, ".outside");
    browser.open(&format!("{url}?again"));
    browser.see(".outside");
    browser.back();
    shows_nothing(&mut browser, ".outside");
    browser.switch(1);
    shows_nothing(&mut browser, ".outside");
}

/// No answer tells a browser to come to this host encrypted only: that would hold for its other ports, which may be
/// the printer's own pages, and for whatever has the name later.
#[test]
fn no_answer_demands_that_a_host_be_reached_encrypted_for_ever() {
    let site = Site::new();
    let ipp = format!("127.0.0.1:{}", papermesh_tests::reserve_port());
    let setting = Setting::default().with_portal().running(&["--ipp", &ipp]);
    let laptop = site.founder_at("laptop-1", setting);
    let at = site.panel(&laptop, "printer-1", &[]);
    let panel = at.url.trim_start_matches("http://").trim_end_matches('/');
    let portal = laptop.admin_link();
    let (portal, _) = portal.split_once('#').unwrap();
    let portal = portal.trim_start_matches("http://").trim_end_matches('/');
    let served = [
        ("http", panel),
        ("https", panel),
        ("http", portal),
        ("http", &*ipp),
        ("https", &*ipp),
    ];
    let said = site.path("said");
    for (scheme, address) in served {
        let mut answered = BTreeSet::new();
        for path in ["", "phone", "here/no", "alive", "ipp/print", "nowhere"] {
            let url = format!("{scheme}://{address}/{path}");
            let args = ["-D", said.to_str().unwrap(), &*url];
            answered.insert(curl(&laptop, &args));
            let heads = fs::read_to_string(&said).unwrap().to_ascii_lowercase();
            assert!(heads.starts_with("http/"), "{url}: {heads}");
            assert!(!heads.contains("strict-transport"), "{url}: {heads}");
        }
        assert!(
            answered.contains(&200),
            "{scheme}://{address}: {answered:?}"
        );
    }
}

// Guesses -----------------------------------------------------------------------------------------

/// Whoever sits at an open page of the portal guesses the PIN no more often than at a printer; then
/// not even the right one is taken, on a new page neither, nor after a restart.
#[test]
fn pins_cannot_be_guessed_through_the_portal() {
    let mut office = Office::new();
    let change = |page: &OpenPage, old: &str| {
        let form = format!("order=pin&old={old}&new=731731&again=731731");
        sent(&page.post("do", &form)).body
    };
    let page = office.portal();
    let (mut looked_at, mut sent) = (0, 0);
    wait_until(2 * SOON, "the sixth guess to be looked at", || {
        sent += 1;
        let answer = change(&page, &format!("{:06}", 100_000 + sent));
        looked_at += u32::from(answer.contains("current PIN is wrong"));
        looked_at >= ENOUGH
    });
    assert!(
        sent > looked_at,
        "every one of {sent} guesses was looked at"
    );
    let waits = |page: &OpenPage, office: &Office| {
        let answer = change(page, &office.charlie.pin);
        assert!(answer.contains("oo many attempts"), "{answer}");
    };
    waits(&page, &office);
    waits(&office.portal(), &office);
    office.laptop.kill();
    office.laptop.run();
    waits(&office.portal(), &office);
}

/// The same for the hold printer, which takes a PIN with every request.
#[test]
fn pins_cannot_be_guessed_through_the_hold_printer() {
    let site = Site::new();
    let charlie = User::charlie();
    let address = format!("127.0.0.1:{}", papermesh_tests::reserve_port());
    let setting = Setting::default().running(&["--ipp", &address]);
    let laptop = site.founder_at("laptop-1", setting);
    laptop.enroll(&charlie, &laptop);
    let url = format!("http://{address}/");
    let job = ipp::Request::new(ipp::PRINT_JOB, "charlie").document(b"%PDF-1.4\n");
    let job = String::from_utf8(job).unwrap();
    let print = |pin: &str| {
        let credentials = format!("{}:{pin}", charlie.id);
        let credentials = BASE64.encode(credentials.as_bytes());
        Request::post(&url, "/ipp/print", &job)
            .without("Origin")
            .header("Content-Type", "application/ipp")
            .header("Authorization", &format!("Basic {credentials}"))
            .send()
    };
    let (mut looked_at, mut sent) = (0, 0);
    wait_until(2 * SOON, "the sixth guess to be looked at", || {
        sent += 1;
        let answer = print(&format!("{:06}", 100_000 + sent));
        looked_at += u32::from(answer.status == 401);
        looked_at >= ENOUGH
    });
    assert!(
        sent > looked_at,
        "every one of {sent} guesses was looked at"
    );
    let right = print(&charlie.pin);
    assert!(right.body.contains("wrong PINs"), "{right:?}");
    assert!(laptop.jobs().is_empty());
}

// Names that are made to point here ---------------------------------------------------------------

/// What another computer of the network asks with `curl`: the status of the answer, 0 if there was none.
fn curl(from: &Machine, args: &[&str]) -> u16 {
    let asked = from
        .program(&system("curl"))
        .args(["-sk", "--max-time", "30", "-o", "/dev/null"])
        .args(["-w", "%{http_code}"])
        .args(args)
        .run();
    asked.stdout().trim().parse().unwrap()
}

/// On the network, too, a page of another name or from another place is not heard, and the portal not
/// reached at all. The same on the computer itself is with each of them.
#[test]
fn a_name_that_was_made_to_point_to_another_computer_reaches_nothing() {
    let site = Site::new();
    let charlie = User::charlie();
    let mut wire = Wire::new(35);
    let [office, hall, street] = [(); 3].map(|()| Arc::new(Namespace::new()));
    let laptop_at = wire.plug(&office);
    let panel_at = wire.plug(&hall);
    wire.plug(&street);
    let setting = Setting::within(&office).running(&["--ipp", "0.0.0.0:6310"]);
    let laptop = site.founder_at("laptop-1", setting);
    laptop.enroll(&charlie, &laptop);
    let _at = site.panel_for_phones(&laptop, "printer-1", &hall, &[]);
    let other = Machine::new(site.folder(), "other", Setting::within(&street));

    let panel = format!("https://{panel_at}:8310/");
    assert_eq!(curl(&other, &[&panel]), 200);
    assert_eq!(curl(&other, &[&panel.replace("https", "http")]), 426);
    for host in [
        "evil.example:8310",
        "evil.example",
        "localhost:8310",
        "127.0.0.1:8310",
    ] {
        let host = format!("Host: {host}");
        for path in ["", "phone", "screens/0/view"] {
            let url = format!("{panel}{path}");
            assert_eq!(curl(&other, &["-H", &host, &url]), 421, "{host} {path}");
        }
        let login = format!("{panel}screens/0/login");
        let asked = curl(
            &other,
            &["-H", &host, "-d", "user=charlie&pin=1234", &login],
        );
        assert_eq!(asked, 421, "{host}");
    }
    for origin in ["https://evil.example", "https://evil.example:8310", "null"] {
        let origin = format!("Origin: {origin}");
        for args in [&[][..], &["-d", "user=charlie&pin=1234"]] {
            let login = format!("{panel}screens/0/login");
            let args = [&["-H", &*origin][..], args, &[&*login]].concat();
            assert_eq!(curl(&other, &args), 403, "{origin}");
        }
    }

    // The portal is nowhere but on its own computer.
    let status = laptop.papermesh("status").run().succeeded();
    let (_, portal) = status
        .stdout()
        .split_once("\"portal\":\"http://127.0.0.1:")
        .unwrap();
    let port = portal.split('/').next().unwrap();
    assert_eq!(curl(&other, &[&format!("http://{laptop_at}:{port}/")]), 0);

    // A hold printer asks everybody elsewhere for a PIN, whatever they call it; no page can send
    // what it speaks without asking first, and it lets none.
    let job = site.path("print-job.ipp");
    fs::write(
        &job,
        ipp::Request::new(ipp::PRINT_JOB, "charlie").document(b"%PDF-1.4\n"),
    )
    .unwrap();
    let (printer, job) = (
        format!("https://{laptop_at}:6310/ipp/print"),
        format!("@{}", job.display()),
    );
    let kind = "Content-Type: application/ipp";
    for host in ["evil.example:6310", "localhost:6310"] {
        let host = format!("Host: {host}");
        let args = ["-H", &host, "-H", kind, "--data-binary", &job, &printer];
        assert_eq!(curl(&other, &args), 401, "{host}");
    }
    let plain = [
        "-H",
        "Content-Type: text/plain",
        "--data-binary",
        &job,
        &printer,
    ];
    assert_eq!(curl(&other, &plain), 415);
    let asking_first = [
        "-X",
        "OPTIONS",
        "-H",
        "Origin: https://evil.example",
        &printer,
    ];
    assert!(curl(&other, &asking_first) >= 400);
    assert!(laptop.jobs().is_empty());
}

// Crowds ------------------------------------------------------------------------------------------

/// A thousand streams of news of one page of the portal, and a thousand that are nobody's: its user
/// goes on, and the node does not grow with them.
#[test]
fn a_thousand_streams_of_the_portal_keep_nobody_out() {
    let mut office = Office::new();
    let mut browser = browser_at(&office.laptop.link_of(&office.charlie), Window::DESKTOP);
    let page = office.portal();
    let before = office.laptop.node().memory_now();
    let own = page.get("events");
    let streams: Vec<_> = [&own, &own.clone().without("Cookie")]
        .iter()
        .flat_map(|stream| (0..1000).filter_map(|_| stream.try_begin().ok()))
        .collect();
    assert!(streams.len() > 1000, "{}", streams.len());
    browser.click("#go-history");
    browser.see("#live .empty");
    browser.click("#go-jobs");
    browser.see("#live .line:has-text(\"secret-plan.pdf\")");
    assert_eq!(office.laptop.jobs().len(), 1);
    let grown = office.laptop.node().peak_memory().saturating_sub(before);
    assert!(grown < FOR_STREAMS, "{} MiB more", grown >> 20);
    drop(streams);
    assert_eq!(browser.complaints(), Vec::<String>::new());
}
