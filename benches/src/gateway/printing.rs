//! A document from a program on the street, through a gateway, into the hold printer of a computer in an office that lets
//! nobody in; beside the same program in the office. Each is measured until the program is told that the document is
//! held. Networks of their own are needed for that, and so is root: CUPS asks for another name where an address is this
//! computer's.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use papermesh_tests::command::Invocation;
use papermesh_tests::gateway::{DOMAIN, Gateway};
use papermesh_tests::network::{Namespace, Wire};
use papermesh_tests::wait::wait_until;
use papermesh_tests::{Document, Machine, SOON, Setting, Site, User, program};
use serde_json::Value;

use crate::Scale;
use crate::table::{Row, Speed, Waits};

/// What is sent.
const TEST: &str = "/usr/share/cups/ipptool/print-job.test";
/// Where the hold printer is in the office.
const HOLD: &str = "127.0.0.1:8631";
/// How long one document may take on a slow machine.
const LONG: Duration = Duration::from_secs(600);
/// How long one page may take from outside.
const PAGE: Duration = Duration::from_secs(1);
/// Speed of a large document, of that in the office: it is encrypted once more, and passes three programs more.
const PART: f64 = 0.5;

/// The office and the street.
struct Scene {
    laptop: Machine,
    _gateway: Gateway,
    office: Arc<Namespace>,
    street: Arc<Namespace>,
    /// Addresses of the hold printer inside and outside.
    inside: String,
    outside: String,
    _wire: Wire,
    // The last to go: it takes the others' homes with it.
    site: Site,
}

impl Scene {
    fn new() -> Result<Self> {
        let (site, charlie, mut wire) = (Site::new(), User::charlie(), Wire::new(1));
        let [office, street] = [(); 2].map(|()| Arc::new(Namespace::new()));
        wire.plug(&office);
        let at = wire.plug(&street);
        for network in [&office, &street] {
            network.resolves(&format!("{DOMAIN} acme.{DOMAIN} desk.acme.{DOMAIN}"), at);
        }
        let setting = Setting::within(&office)
            .with("PAPERMESH_ACME", "off")
            .running(&["--ipp", HOLD]);
        let laptop = site.founder_at("laptop-1", setting);
        laptop.enroll(&charlie, &laptop);
        let mut gateway = Gateway::new(site.folder(), &street);
        gateway.start();
        let status: Value = laptop.papermesh("status").json();
        let id = status["site"]["id"].as_str().context("the site's id")?;
        let line = gateway.contract(id, "acme");
        for command in [
            &["gateway", "add", &line][..],
            &["gateway", "place", "add", "--name", "desk"],
        ] {
            let _ = laptop.papermesh("").args(command).run().succeeded();
        }
        let made: Value = laptop
            .papermesh("gateway token add bench --jobs-per-day 100000 --size-per-day 1TiB")
            .json();
        let token = made["token"].as_str().context("the token")?;
        wait_until(SOON, "the pipe to the gateway", || {
            let list: Value = laptop.papermesh("gateway list").json();
            list["status"][0]["places"][0][1].get("open").is_some()
        });
        Ok(Self {
            laptop,
            _gateway: gateway,
            office,
            street,
            inside: format!("ipps://{HOLD}/ipp/print").replace("127.0.0.1", "localhost"),
            outside: format!(
                "ipps://{}:{token}@desk.acme.{DOMAIN}:443/ipp/print",
                charlie.id
            ),
            _wire: wire,
            site,
        })
    }

    /// How long `ipptool` takes to print a document; it is deleted again.
    fn print(&self, document: &Document, is_outside: bool) -> Result<Duration> {
        let (network, uri) = match is_outside {
            true => (&self.street, &self.outside),
            false => (&self.office, &self.inside),
        };
        rustix::fs::sync();
        let begun = Instant::now();
        let printed = Invocation::new(&program::system("ipptool"), Some(network.name()))
            .args(["-tf", document.path_str(), uri, TEST])
            .within(LONG)
            .run();
        let took = begun.elapsed();
        ensure!(printed.is_success(), "{}", printed.stdout());
        // It is looked at once it is held; that must not be in the next one's way.
        wait_until(LONG, "the document to be looked at", || {
            self.laptop.jobs().iter().all(|job| job.pages.is_some())
        });
        for job in self.laptop.jobs() {
            ensure!(job.size == document.size(), "the document was cut off");
            let deleted = self.laptop.papermesh("jobs delete").arg(&job.job).run();
            let _ = deleted.succeeded();
        }
        Ok(took)
    }
}

/// One page and a large document.
pub(crate) fn printing(scale: Scale) -> Result<Vec<Row>> {
    let scene = Scene::new()?;
    let large = Document::pdf_of(scene.site.folder(), "large.pdf", "x", scale.printed);
    let (mut ours, mut theirs) = (Speed::of("through the gateway"), Speed::of("in the office"));
    for _ in 0..scale.rounds {
        theirs.note(large.size(), scene.print(&large, false)?);
        ours.note(large.size(), scene.print(&large, true)?);
    }
    let page = scene.site.document("page.pdf", "one page");
    let (mut from_street, mut from_office) = (Waits::default(), Waits::default());
    for _ in 0..scale.visits {
        from_office.note(scene.print(&page, false)?);
        from_street.note(scene.print(&page, true)?);
    }
    Ok(vec![
        Row::ratio(
            "printed from outside, program to held",
            &ours,
            &theirs,
            PART,
        ),
        Row::wait_beside(
            "one page from outside, program to held",
            &from_street,
            &format!("in the office: {from_office}"),
            0.95,
            PAGE,
        ),
    ])
}
