//! Doors in offices that let out little: a way out that lets through one kind of traffic, and an outsider who prints
//! all the same.

use std::sync::Arc;
use std::time::Duration;

use papermesh_tests::command::Invocation;
use papermesh_tests::exit::{Exit, LetsOut, PROXY, PROXY_USER};
use papermesh_tests::gateway::{DOMAIN, Gateway};
use papermesh_tests::network::{Namespace, Wire};
use papermesh_tests::program;
use papermesh_tests::wait::wait_until;
use papermesh_tests::{Machine, SOON, Setting, Site, User};
use serde_json::Value;

const PRINT_JOB: &str = "/usr/share/cups/ipptool/print-job.test";
/// Longer than any request waits.
const NEVER: Duration = Duration::from_secs(600);
/// Shorter than a request waits, and longer than an answer takes.
const EARLY: Duration = Duration::from_secs(3);

/// An office with a laptop, behind a way out; on the street a gateway and somebody who wants to print.
struct Narrow {
    laptop: Machine,
    charlie: User,
    // Before the networks: it has connections there.
    exit: Option<Exit>,
    at: (Arc<Namespace>, std::net::Ipv4Addr),
    _gateway: Gateway,
    street: Arc<Namespace>,
    // They hold the networks.
    _wires: (Wire, Wire),
    // The last to go: it takes the others' homes with it.
    site: Site,
}

impl Narrow {
    /// The laptop opens the place `desk` at the gateway, as far as its office lets it.
    fn new(lets: LetsOut) -> Self {
        let site = Site::new();
        let charlie = User::charlie();
        let (mut inside, mut internet) = (Wire::new(1), Wire::new(2));
        let [office, between, street] = [(); 3].map(|()| Arc::new(Namespace::new()));
        inside.plug(&office);
        let way_out = inside.plug(&between);
        internet.plug(&between);
        let at = internet.plug(&street);
        let names = format!("{DOMAIN} acme.{DOMAIN} desk.acme.{DOMAIN}");
        // All that the office knows of the street is its way out.
        office.resolves(&names, way_out);
        street.resolves(&names, at);
        let mut setting = Setting::within(&office).with("PAPERMESH_ACME", "off");
        if matches!(lets, LetsOut::Proxied) {
            let proxy = format!("http://{PROXY_USER}@{way_out}:{PROXY}");
            setting = setting.with("PAPERMESH_PROXY", &proxy);
        }
        let exit = Exit::open(&between, at, lets);
        let laptop = site.founder_at("laptop-1", setting);
        laptop.enroll(&charlie, &laptop);
        let mut gateway = Gateway::new(site.folder(), &street);
        gateway.start();
        let status: Value = laptop.papermesh("status").run().succeeded().json();
        let line = gateway.contract(status["site"]["id"].as_str().unwrap(), "acme");
        for command in [
            &["gateway", "add", &line][..],
            &["gateway", "place", "add", "--name", "desk"],
        ] {
            let _ = laptop.papermesh("").args(command).run().succeeded();
        }
        Self {
            laptop,
            charlie,
            exit: Some(exit),
            at: (between, at),
            _gateway: gateway,
            street,
            _wires: (inside, internet),
            site,
        }
    }

    /// The office lets out something else from now on.
    fn lets_out(&mut self, lets: LetsOut) {
        // The ports are free again before somebody else listens on them.
        drop(self.exit.take());
        let (between, beyond) = &self.at;
        self.exit = Some(Exit::open(between, *beyond, lets));
    }

    /// Waits until the place is open by this carrier.
    fn comes_by(&self, carrier: &str) {
        wait_until(2 * SOON, &format!("a pipe by {carrier}"), || {
            let list = self.laptop.papermesh("gateway list").run().succeeded();
            let list: Value = list.json();
            let status = &list["status"][0];
            status["pipe"]["up"] == carrier && status["places"][0][1].get("open").is_some()
        });
    }

    /// An outsider prints, and it is held.
    fn an_outsider_prints(&self) {
        let made = self
            .laptop
            .papermesh("gateway token add phone")
            .run()
            .succeeded();
        let made: Value = made.json();
        let document = self.site.document("report.pdf", "report");
        let before = self.laptop.jobs().len();
        let (id, token) = (&self.charlie.id, made["token"].as_str().unwrap());
        let printed = Invocation::new(&program::system("ipptool"), Some(self.street.name()))
            .args(["-tf", document.path_str()])
            .arg(format!(
                "ipps://{id}:{token}@desk.acme.{DOMAIN}:443/ipp/print"
            ))
            .arg(PRINT_JOB)
            .run();
        assert!(printed.is_success(), "{printed:?}");
        assert_eq!(self.laptop.jobs().len(), before + 1);
    }
}

#[test]
fn an_office_that_lets_out_port_443_alone() {
    let narrow = Narrow::new(LetsOut::Ports(vec![443]));
    narrow.comes_by("tls");
    narrow.an_outsider_prints();
}

#[test]
fn an_office_with_an_http_proxy_alone() {
    let narrow = Narrow::new(LetsOut::Proxied);
    narrow.comes_by("tls");
    narrow.an_outsider_prints();
}

#[test]
fn an_office_that_looks_into_tls() {
    let narrow = Narrow::new(LetsOut::Inspected(NEVER));
    narrow.comes_by("https");
    narrow.an_outsider_prints();
}

#[test]
fn an_office_that_looks_into_tls_and_cuts_what_is_quiet() {
    let narrow = Narrow::new(LetsOut::Inspected(EARLY));
    narrow.comes_by("https-polling");
    narrow.an_outsider_prints();
}

/// The door goes another way when its own is closed.
#[test]
fn an_office_whose_rules_change() {
    let mut narrow = Narrow::new(LetsOut::Ports(vec![443, 4001]));
    narrow.comes_by("tcp");
    narrow.lets_out(LetsOut::Ports(vec![443]));
    narrow.comes_by("tls");
    narrow.lets_out(LetsOut::Inspected(NEVER));
    narrow.comes_by("https");
    narrow.an_outsider_prints();
}
