//! Pictures of first pages: from the computer that holds a job to the panel where its owner stands,
//! and to nobody else; and holders that send what is no picture.

use std::process::Command;

use papermesh_protocol::limits;
use papermesh_tests::browser::{Browser, Window};
use papermesh_tests::program::system;
use papermesh_tests::rogue::{FalseHolder, Lie, Lies, now};
use papermesh_tests::wait::wait_until;
use papermesh_tests::{Document, Machine, PanelAt, SOON, Setting, Site, User};

use crate::hostile::Storer;

/// The picture of the job with this title.
fn picture(title: &str) -> String {
    format!("#jobs label:has-text(\"{title}\") .first-page img")
}

/// A photo of a page.
fn photo(site: &Site, report: &Document) -> Document {
    let page = site.path("photo");
    let ran = Command::new(system("pdftoppm"))
        .args(["-jpeg", "-r", "60", "-singlefile"])
        .args([report.path(), &page])
        .status();
    assert!(ran.is_ok_and(|status| status.success()));
    Document::at(&page.with_extension("jpg"))
}

/// The same page as a printer without drivers gets it.
fn raster(site: &Site, report: &Document, device: &str, name: &str) -> Document {
    let path = site.path(name);
    let output = format!("-sOutputFile={}", path.display());
    let ran = Command::new(system("gs"))
        .args(["-q", "-dBATCH", "-dNOPAUSE", "-dSAFER", "-r150"])
        .args(["-dcupsColorSpace=19", "-dcupsBitsPerColor=8"])
        .args([&format!("-sDEVICE={device}"), &output])
        .arg(report.path())
        .status();
    assert!(ran.is_ok_and(|status| status.success()), "{device}");
    Document::at(&path)
}

/// Each format on one computer, a PDF on another, one job with a PIN of its own: all but the last
/// show their first pages, to their owner alone, and only while that user stands there.
#[test]
fn a_user_sees_the_first_pages_of_the_jobs() {
    let site = Site::new();
    let (charlie, dana) = (User::charlie(), User::dana());
    let laptop = site.founder("laptop-1");
    let at = site.panel(&laptop, "printer-1", &[]);
    let second = site.member(&laptop, "laptop-2", "client");
    laptop.enroll(&charlie, &laptop);
    laptop.enroll(&dana, &laptop);
    laptop.link(&charlie, &second);
    let report = Document::pages(site.folder(), "report.pdf", 3);
    laptop.print(&report, &charlie);
    laptop.print(&photo(&site, &report), &charlie);
    laptop.print(&raster(&site, &report, "pwgraster", "report.pwg"), &charlie);
    laptop.print(
        &raster(&site, &report, "appleraster", "report.urf"),
        &charlie,
    );
    second.print(&Document::pages(site.folder(), "plan.pdf", 1), &charlie);
    let secret = Document::pages(site.folder(), "secret.pdf", 1);
    let submission = laptop.submission(&secret, &charlie);
    let submission = submission.arg("--job-pin-stdin").stdin("777777\n");
    let _ = submission.run().succeeded();
    laptop.print(&Document::pages(site.folder(), "other.pdf", 2), &dana);

    let mut browser = at.browser(Window::PANEL);
    wait_until(SOON, "both computers to be found", || {
        at.printer.visit(&charlie).sees(6)
    });
    at.log_in(&mut browser, &charlie);
    let shown = [
        "report.pdf",
        "photo.jpg",
        "report.pwg",
        "report.urf",
        "plan.pdf",
    ];
    for title in shown {
        browser.see(&picture(title));
    }
    assert_eq!(browser.count(&picture("secret.pdf")), 0);
    browser.see("#jobs label:has-text(\"secret.pdf\") .first-page .icon");
    // Each is a page that stands upright, with a word for those who do not see it.
    let looks: Vec<(u32, u32, String)> = browser.evaluate(
        "[...document.querySelectorAll('.first-page img')]\
         .map((one) => [one.naturalWidth, one.naturalHeight, one.alt])",
    );
    assert_eq!(looks.len(), shown.len());
    for (width, height, alt) in looks {
        assert!(width < height && height <= limits::PREVIEW_HEIGHT && height > 200);
        assert_eq!(alt, "First page");
    }
    for (size, window) in [
        ("panel", Window::PANEL),
        ("small", Window::SMALL),
        ("phone", Window::PHONE),
        ("desktop", Window::DESKTOP),
    ] {
        browser.resize(window);
        browser.picture(&format!("first-pages-{size}"));
        let wide: bool = browser.evaluate(
            "document.documentElement.scrollWidth > document.documentElement.clientWidth",
        );
        assert!(!wide, "{size} scrolls sideways");
    }
    browser.is_for_everybody("a list with pictures");

    // The address of a picture shows nothing to whoever does not have both secrets.
    let asked: Vec<(u16, String)> = browser.evaluate(
        "(async () => {\
           const from = document.querySelector('#pictures').dataset.from;\
           const token = document.querySelector('#app').dataset.page;\
           const ask = async (number, page, credentials) => {\
             const headers = page ? { 'X-Papermesh-Page': page } : {};\
             const answer = await fetch(from + number, { headers, credentials });\
             return [answer.status, answer.headers.get('cache-control') ?? ''];\
           };\
           const one = document.querySelector('#pictures data').value;\
           return [await ask(one, token), await ask(one, null), await ask(one, 'x' + token.slice(1)),\
                   await ask(one, token, 'omit'), await ask(999, token)];\
         })()",
    );
    let statuses: Vec<u16> = asked.iter().map(|(status, _)| *status).collect();
    assert_eq!(statuses, [200, 403, 403, 403, 404]);
    assert_eq!(asked[0].1, "no-store");

    // With the job goes its picture; with the user, all.
    browser.click("#jobs label:has-text(\"report.pdf\")");
    browser.click("#print");
    browser.miss(&picture("report.pdf"));
    browser.see(&picture("plan.pdf"));
    let blob: String = browser.evaluate("document.querySelector('.first-page img').src");
    assert!(blob.starts_with("blob:"), "{blob}");
    let from: String = browser.evaluate("document.querySelector('#pictures').dataset.from");
    browser.click("button.leave");
    browser.see("main.welcome");
    assert_eq!(browser.count("img"), 0);
    // Until the page has loaded it has the secrets of the one before, and is refused.
    wait_until(SOON, "the page to hear that there is no picture", || {
        let status: u16 = browser.evaluate(&format!(
            "(async () => (await fetch('{from}1', {{ headers: {{ 'X-Papermesh-Page':\
               document.querySelector('#app').dataset.page }} }})).status)()"
        ));
        assert!(matches!(status, 403 | 404), "{status}");
        status == 404
    });
    let is_there: bool =
        browser.evaluate(&format!("fetch('{blob}').then(() => true, () => false)"));
    assert!(!is_there);
    at.log_in(&mut browser, &dana);
    browser.see(&picture("other.pdf"));
    assert_eq!(browser.count(".first-page img"), 1);
    // What was refused above is all that the browser complains of.
    let complaints = browser.complaints();
    assert!(
        complaints
            .iter()
            .all(|said| said.contains("40") || said.contains("blob:")),
        "{complaints:?}"
    );
    for machine in [&laptop, &second, &at.printer] {
        assert_no_picture(machine);
    }
}

/// The picture of a job with a PIN of its own is shown once that PIN was proven, in that visit alone; a wrong
/// one shows nothing.
#[test]
fn a_jobs_own_pin_opens_its_picture() {
    let site = Site::new();
    let charlie = User::charlie();
    let laptop = site.founder("laptop-1");
    let at = site.panel(&laptop, "printer-1", &[]);
    laptop.enroll(&charlie, &laptop);
    laptop.print(&Document::pages(site.folder(), "plan.pdf", 1), &charlie);
    let secret = Document::pages(site.folder(), "secret.pdf", 1);
    let submission = laptop.submission(&secret, &charlie);
    let submission = submission.arg("--job-pin-stdin").stdin("777777\n");
    let _ = submission.run().succeeded();

    let mut browser = at.browser(Window::PANEL);
    at.log_in(&mut browser, &charlie);
    let locked = "#jobs label:has-text(\"secret.pdf\") .first-page:not([data-picture])";
    let print_and_keep = |browser: &mut Browser, pin: &str| {
        browser.click("#jobs label:has-text(\"secret.pdf\")");
        browser.click("button:has-text(\"Print and keep\")");
        browser.fill(".ask input[name=pin]", pin);
        browser.click(".ask .primary");
    };
    browser.see(&picture("plan.pdf"));
    browser.see(locked);
    print_and_keep(&mut browser, "777778");
    browser.see(".card.bad:has-text(\"PIN is wrong\")");
    browser.see(locked);
    print_and_keep(&mut browser, "777777");
    browser.see(".card.good:has-text(\"secret.pdf\")");
    browser.see(&picture("secret.pdf"));
    browser.picture("first-page-unlocked");
    assert_eq!(laptop.jobs().len(), 2);

    // Somebody who knows the user's PIN alone sees what was to be seen before.
    browser.click("button.leave");
    browser.see("main.welcome");
    at.log_in(&mut browser, &charlie);
    browser.see(&picture("plan.pdf"));
    browser.see(locked);
    assert_eq!(browser.count(".first-page img"), 1);
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

/// No file of a home has a picture in clear.
fn assert_no_picture(machine: &Machine) {
    let mut folders = vec![machine.home().to_owned()];
    let mut looked = 0;
    while let Some(folder) = folders.pop() {
        for file in std::fs::read_dir(folder).unwrap().flatten() {
            let path = file.path();
            if path.is_dir() {
                if path != machine.home().join("tray") {
                    folders.push(path);
                }
            } else if let Ok(bytes) = std::fs::read(&path) {
                looked += 1;
                let found = bytes.windows(4).any(|window| window == b"JFIF");
                assert!(!found, "{}", path.display());
            }
        }
    }
    assert!(looked > 5);
}

/// A computer that makes no pictures shows none, and everything else is as ever.
#[test]
fn no_picture_is_made_where_none_is_wanted() {
    let site = Site::new();
    let charlie = User::charlie();
    let setting = Setting::default().running(&["--no-previews"]);
    let laptop = site.founder_at("laptop-1", setting);
    let at = site.panel(&laptop, "printer-1", &[]);
    laptop.enroll(&charlie, &laptop);
    laptop.print(&Document::pages(site.folder(), "report.pdf", 1), &charlie);
    let mut browser = at.browser(Window::PANEL);
    at.log_in(&mut browser, &charlie);
    browser.see("#jobs label:has-text(\"report.pdf\") .first-page .icon");
    browser.click("#jobs label:has-text(\"report.pdf\")");
    browser.click("#print");
    browser.see(".card.good");
    assert_eq!(browser.count(".first-page img"), 0);
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

// Holders that lie ---------------------------------------------------------------------------------

/// A panel, an honest computer with one job, and a shared computer that lies to printers.
struct Lied {
    at: PanelAt,
    charlie: User,
    holder: FalseHolder,
    _rogue: Storer,
    _laptop: Machine,
    _site: Site,
}

impl Lied {
    fn to(lies: Lies) -> Self {
        let site = Site::new();
        let charlie = User::charlie();
        let laptop = site.founder("laptop-1");
        let at = site.panel(&laptop, "printer-1", &[]);
        laptop.enroll(&charlie, &laptop);
        laptop.print(&Document::pages(site.folder(), "honest.pdf", 1), &charlie);
        let rogue = Storer::join(&site, &laptop, "rogue-1", "shared-client", &charlie);
        let printer = at.printer.id();
        let holder = FalseHolder::begin(&rogue.peer, &rogue.identity, &charlie, &printer, lies);
        let there = rogue.dial(&laptop);
        let advert = rogue.advert(None, now(), false);
        let taken = rogue
            .peer
            .put(there, rogue.adverts_key(), rogue.set(advert));
        assert_eq!(taken, Ok(()));
        Self {
            at,
            charlie,
            holder,
            _rogue: rogue,
            _laptop: laptop,
            _site: site,
        }
    }

    fn browser(&self) -> Browser {
        let mut browser = self.at.browser(Window::PANEL);
        self.at.log_in(&mut browser, &self.charlie);
        browser
    }

    fn memory(&mut self) -> u64 {
        self.at.printer.node().memory_now()
    }
}

/// The jobs of both are listed, the honest one's picture is shown, the liar is asked for one picture
/// and for no other, and whoever stands there prints.
fn assert_unimpressed(lied: &mut Lied) {
    let before = lied.memory();
    let mut browser = lied.browser();
    browser.see("#jobs label:has-text(\"lie 0\")");
    browser.see(&picture("honest.pdf"));
    wait_until(SOON, "the liar to be asked for a picture", || {
        lied.holder.heard().pictures > 0
    });
    assert_eq!(browser.count(".first-page img"), 1);
    browser.click("#jobs label:has-text(\"honest.pdf\")");
    browser.click("#print");
    browser.see(".card.good:has-text(\"honest.pdf\")");
    // That it stays at one, however long, is shown where time is made (`panel/previews`).
    assert_eq!(lied.holder.heard().pictures, 1);
    assert_eq!(browser.complaints(), Vec::<String>::new());
    let grown = lied.at.printer.node().peak_memory().saturating_sub(before);
    assert!(grown < 48 << 20, "{} MiB more", grown >> 20);
}

/// 50 MB where a picture should be.
#[test]
fn a_picture_of_fifty_megabytes_is_not_taken() {
    let mut lied = Lied::to(Lies {
        jobs: 3,
        picture: Lie::Bytes(50_000_000),
    });
    assert_unimpressed(&mut lied);
}

/// A picture of a few bytes that promises 65,500 pixels each way.
#[test]
fn a_picture_that_would_grow_is_not_decoded() {
    let mut bomb = vec![0xff, 0xd8];
    // A frame header (ISO/IEC 10918-1 annex B.2.2): three components of 8 bits.
    bomb.extend([0xff, 0xc0, 0, 17, 8, 0xff, 0xdc, 0xff, 0xdc, 3]);
    bomb.extend([1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0]);
    bomb.extend([0xff, 0xda, 0, 12, 3, 1, 0, 2, 0, 3, 0, 0, 63, 0]);
    bomb.extend([0; 4096]);
    bomb.extend([0xff, 0xd9]);
    let mut lied = Lied::to(Lies {
        jobs: 3,
        picture: Lie::Sealed(bomb),
    });
    assert_unimpressed(&mut lied);
}

/// What no browser should be given as a picture: a page with a script.
#[test]
fn what_is_no_picture_is_shown_to_nobody() {
    let page = "<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>";
    let mut lied = Lied::to(Lies {
        jobs: 3,
        picture: Lie::Sealed(page.as_bytes().to_vec()),
    });
    assert_unimpressed(&mut lied);
}

/// A million jobs: as many are taken as one holder may have, the others' are listed beside them, and
/// the page shows some and says how many there are.
#[test]
fn a_million_jobs_of_one_holder_hide_nobody_elses() {
    let mut lied = Lied::to(Lies {
        jobs: 1_000_000,
        picture: Lie::Bytes(0),
    });
    let before = lied.memory();
    let mut browser = lied.browser();
    browser.see("#jobs label:has-text(\"lie 0\")");
    browser.see("#jobs label:has-text(\"honest.pdf\")");
    browser.see(".list-count:has-text(\"10001\"), .list-count:has-text(\"10,001\")");
    assert_eq!(browser.count("#jobs .job"), 100);
    browser.picture("a-million-jobs");
    let most = limits::JOBS_PER_HOLDER.div_ceil(limits::JOBS_PER_PAGE) as u64;
    assert!(
        lied.holder.heard().lists <= 4 * most,
        "{:?}",
        lied.holder.heard()
    );
    let grown = lied.at.printer.node().peak_memory().saturating_sub(before);
    assert!(grown < 128 << 20, "{} MiB more", grown >> 20);
    browser.click("button.leave");
    browser.see("main.welcome");
    assert_eq!(browser.complaints(), Vec::<String>::new());
}
