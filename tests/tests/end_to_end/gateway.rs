//! Printing from outside, through a gateway that cannot read: three networks, of which the outsider and
//! the gateway are in one, and the office lets nobody in.

use std::fs;
use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::Arc;

use papermesh_tests::answer::Finding;
use papermesh_tests::command::{Ended, Invocation};
use papermesh_tests::document::Document;
use papermesh_tests::gateway::{DOMAIN, Dns, Gateway, PEBBLE, Pebble};
use papermesh_tests::network::{Namespace, Wire};
use papermesh_tests::program;
use papermesh_tests::wait::wait_until;
use papermesh_tests::{Machine, SOON, Setting, Site, User};
use serde_json::Value;

pub(super) const PRINT_JOB: &str = "/usr/share/cups/ipptool/print-job.test";

/// An office with a laptop and a printer; outside a gateway and somebody who wants to print.
pub(super) struct Outside {
    pub(super) laptop: Machine,
    pub(super) printer: Machine,
    pub(super) charlie: User,
    pub(super) gateway: Gateway,
    pub(super) office: Arc<Namespace>,
    pub(super) street: Arc<Namespace>,
    // They hold the networks.
    wires: (Wire, Wire),
    /// Where the gateway is.
    at: Ipv4Addr,
    // The last to go: it takes the others' homes with it.
    pub(super) site: Site,
}

impl Outside {
    /// The laptop opens the place `desk` at the gateway, which runs.
    pub(super) fn new() -> Self {
        Self::with(&[])
    }

    /// The same, where the laptop is set so.
    pub(super) fn with(variables: &[(&str, &str)]) -> Self {
        Self::asking(variables, |_, _| None).0
    }

    /// The same, where the laptop asks a certificate authority.
    fn certified() -> (Self, Pebble) {
        let (outside, pebble) =
            Self::asking(&[], |folder, street| Some(Pebble::start(folder, street)));
        (outside, pebble.unwrap())
    }

    fn asking(
        variables: &[(&str, &str)],
        authority: impl FnOnce(&Path, &Arc<Namespace>) -> Option<Pebble>,
    ) -> (Self, Option<Pebble>) {
        let site = Site::new();
        let charlie = User::charlie();
        let (mut inside, mut internet) = (Wire::new(1), Wire::new(2));
        let [office, hall, street] = [(); 3].map(|()| Arc::new(Namespace::new()));
        inside.plug(&office);
        inside.plug(&hall);
        // The way out of the office: nobody there listens on it.
        internet.plug(&office);
        let at = internet.plug(&street);
        // The printer's computer has a way out of its own.
        internet.plug(&hall);
        for network in [&office, &hall, &street] {
            network.resolves(&names(), at);
        }
        let pebble = authority(site.folder(), &street);
        let mut setting = Setting::within(&office);
        for (name, value) in variables {
            setting = setting.with(name, value);
        }
        match &pebble {
            Some(pebble) => {
                for (name, value) in pebble.variables() {
                    setting = setting.with(name, &value);
                }
            }
            None => setting = setting.with("PAPERMESH_ACME", "off"),
        }
        let laptop = site.founder_at("laptop-1", setting);
        let printer = site
            .invited(&laptop, "printer-1", "printer", Setting::within(&hall))
            .running();
        laptop.enroll(&charlie, &laptop);
        let mut gateway = Gateway::new(site.folder(), &street);
        gateway.start();
        let outside = Self {
            laptop,
            printer,
            charlie,
            gateway,
            office,
            street,
            wires: (inside, internet),
            at,
            site,
        };
        outside.let_in();
        (outside, pebble)
    }

    /// The provider's contract, the admin's gateway, the laptop's place.
    fn let_in(&self) {
        let status: Value = self.laptop.papermesh("status").run().succeeded().json();
        let id = status["site"]["id"].as_str().unwrap().to_owned();
        let line = self.gateway.contract(&id, "acme");
        // This Internet is in a network of private addresses.
        let at = self.at.to_string();
        for command in [
            &["gateway", "add", &line, "--at", &at][..],
            &["gateway", "place", "add", "--name", "desk"],
        ] {
            let _ = self.laptop.papermesh("").args(command).run().succeeded();
        }
        self.comes("up");
    }

    /// Waits until the pipe is as it should be.
    pub(super) fn comes(&self, state: &str) {
        wait_until(SOON, "the pipe to the gateway", || {
            let list: Value = self
                .laptop
                .papermesh("gateway list")
                .run()
                .succeeded()
                .json();
            let status = &list["status"][0];
            match state {
                "asleep" => {
                    status["pipe"] == "asleep" && status["places"][0][1].get("asleep").is_some()
                }
                "up" => status["places"][0][1].get("open").is_some(),
                _ => status["pipe"].get("down").is_some(),
            }
        });
    }

    /// A print token of charlie's.
    pub(super) fn token(&self, name: &str) -> String {
        self.token_with(name, &[])
    }

    /// The same, which is good for something else than usual.
    pub(super) fn token_with(&self, name: &str, allowance: &[&str]) -> String {
        let made: Value = self
            .laptop
            .papermesh("gateway token add")
            .arg(name)
            .args(allowance)
            .run()
            .succeeded()
            .json();
        made["token"].as_str().unwrap().to_owned()
    }

    /// Somebody else's network on the street, and the address there.
    pub(super) fn passer_by(&mut self) -> (Arc<Namespace>, Ipv4Addr) {
        let network = Arc::new(Namespace::new());
        let address = self.wires.1.plug(&network);
        network.resolves(&names(), self.at);
        (network, address)
    }

    /// What an outsider's program does to a place.
    fn ipptool(&self, place: &str, secret: &str, document: &Document, test: &str) -> Ended {
        Invocation::new(&program::system("ipptool"), Some(self.street.name()))
            .args(["-tf", document.path_str()])
            .arg(format!(
                "ipps://{}:{secret}@{place}.acme.{DOMAIN}:443/ipp/print",
                self.charlie.id
            ))
            .arg(test)
            .run()
    }

    pub(super) fn prints(&self, secret: &str, document: &Document) -> bool {
        self.ipptool("desk", secret, document, PRINT_JOB)
            .is_success()
    }

    /// How TLS ends for who asks for a name.
    fn alert(&self, name: &str) -> String {
        let ended = Invocation::new(&program::system("openssl"), Some(self.street.name()))
            .args(["s_client", "-connect"])
            .arg(format!("{DOMAIN}:443"))
            .args(["-servername", name])
            .run();
        ended.stderr().to_owned()
    }
}

/// Seen from outside.
struct Probed(Ended);

impl Probed {
    /// What the printer's computer sees at the laptop's place.
    fn of(outside: &Outside) -> Self {
        let name = format!("desk.acme.{DOMAIN}");
        let probe = outside.printer.papermesh("gateway probe");
        Self(probe.arg(&name).run())
    }

    fn verdict(&self) -> Option<String> {
        let said: Value = serde_json::from_str(self.0.stdout()).ok()?;
        Some(said["verdict"].as_str()?.to_owned())
    }
}

/// Findings of `doctor` that a place is not as its computer says.
fn mismatches(machine: &Machine) -> Vec<Finding> {
    let all: Vec<Finding> = machine.papermesh("doctor").run().json();
    all.into_iter()
        .filter(|found| found.check == "place")
        .collect()
}

/// Whoever has the domain gets a certificate for any place of it, and does not get the place's key. Members who look
/// from outside see that, and the place's computer and the admins know it then, until somebody dismisses it.
#[test]
fn a_gateway_that_answers_for_a_place_is_seen() {
    let (mut outside, pebble) = Outside::certified();
    wait_until(SOON, "the place to be seen as it is", || {
        Probed::of(&outside).verdict().as_deref() == Some("as-said")
    });
    let list: Value = outside.laptop.papermesh("gateway list").run().json();
    let seen = &list["names"][0]["seen"];
    assert_eq!(seen["by_name"], "printer-1", "{list}");
    assert!(mismatches(&outside.printer).is_empty());

    // The provider of the domain has another gateway now, and at that a site of its own called like this one.
    outside.gateway.kill();
    let others = Site::new();
    let mut setting = Setting::within(&outside.street);
    for (name, value) in pebble.variables() {
        setting = setting.with(name, &value);
    }
    let mallory = others.founder_at("mallory", setting);
    let mut evil = Gateway::new(others.folder(), &outside.street);
    evil.start();
    let status: Value = mallory.papermesh("status").run().succeeded().json();
    let line = evil.contract(status["site"]["id"].as_str().unwrap(), "acme");
    for command in [
        &["gateway", "add", &line][..],
        &["gateway", "place", "add", "--name", "desk"],
    ] {
        let _ = mallory.papermesh("").args(command).run().succeeded();
    }
    wait_until(SOON, "the pretender to be certified", || {
        let list: Value = mallory.papermesh("gateway list").run().json();
        list["names"][0]["certified_until"].is_u64()
    });

    wait_until(SOON, "the pretender to be seen", || {
        Probed::of(&outside).verdict().as_deref() == Some("mismatch")
    });
    for machine in [&outside.printer, &outside.laptop] {
        let found = mismatches(machine);
        assert_eq!(found[0].verdict, "bad", "{found:?}");
        for said in ["printer-1", "laptop-1 says", "Pebble"] {
            assert!(found[0].detail.contains(said), "{said}: {found:?}");
        }
        let audit = machine.papermesh("audit").run();
        assert!(audit.stdout().contains("place-mismatch"), "{audit:?}");
    }

    // Somebody looked into it: on that computer it is over, though it is seen again.
    let list: Value = outside.laptop.papermesh("gateway list").run().json();
    let id = list["mismatches"][0]["id"].as_str().unwrap();
    let laptop = |command: &str| outside.laptop.papermesh(command).run();
    let _ = laptop(&format!("gateway dismiss {id}")).succeeded();
    assert!(!laptop("gateway dismiss 00000000").is_success());
    let probed = Probed::of(&outside).verdict();
    assert_eq!(probed.as_deref(), Some("mismatch"));
    assert!(mismatches(&outside.laptop).is_empty());
    let audit = laptop("audit");
    assert!(audit.stdout().contains("mismatch-dismissed"), "{audit:?}");
    assert_eq!(mismatches(&outside.printer).len(), 1);
}

/// A name of an own domain leads to a place as soon as its owner says so in DNS, and is certified through the pipe. A
/// name whose owner says nothing, or names another site, leads nowhere.
#[test]
fn a_name_of_an_own_domain_leads_to_a_place_when_its_owner_agrees() {
    let (mut outside, pebble) = Outside::certified();
    let (dns, street) = (Dns::start(&outside.street), "10.77.2.2");
    outside.gateway.kill();
    outside.gateway.asks(&dns);
    outside.gateway.start();
    outside.comes("up");
    for name in [DOMAIN, OWN_NAME, "www.other.test"] {
        dns.address_of(name, street);
    }
    dns.text_of(
        "_papermesh.www.other.test",
        &format!("papermesh-site={}", "0".repeat(64)),
    );
    let laptop = |command: &str| outside.laptop.papermesh(command).run();
    let own = |name: &str| -> Value {
        let list: Value = laptop("gateway list").succeeded().json();
        let refused = list["status"][0]["refused_names"].as_array().unwrap();
        let refused = refused.iter().find(|of| of[0] == name);
        refused.map_or(Value::Null, |of| of[1].clone())
    };
    let lines = |name: &str| -> Vec<String> {
        let added: Value = laptop(&format!("gateway domain add {name}"))
            .succeeded()
            .json();
        assert_eq!(added["leads"][0]["domain"], DOMAIN);
        let all = [&added["leads"][0]["lines"], &added["lines"]];
        all.iter()
            .flat_map(|lines| serde_json::from_value::<Vec<String>>((*lines).clone()).unwrap())
            .collect()
    };
    let _ = lines("www.other.test");
    let printed = lines(OWN_NAME);
    for name in [OWN_NAME, "www.other.test"] {
        wait_until(SOON, "the name to be refused", || own(name) == "no-proof");
        assert!(outside.alert(name).contains("unrecognized name"));
    }

    // Its owner sets what the command printed.
    assert!(
        printed.contains(&format!("{OWN_NAME}. A {street}")),
        "{printed:?}"
    );
    let text = printed
        .iter()
        .find_map(|line| line.strip_prefix(&format!("_papermesh.{OWN_NAME}. TXT ")));
    dns.text_of(
        &format!("_papermesh.{OWN_NAME}"),
        text.unwrap().trim_matches('"'),
    );
    let _ = laptop(&format!("gateway domain remove {OWN_NAME}")).succeeded();
    let _ = lines(OWN_NAME);
    wait_until(SOON, "the name to be certified", || {
        let list: Value = laptop("gateway list").succeeded().json();
        let names = list["names"].as_array().unwrap();
        names
            .iter()
            .any(|of| of["name"] == OWN_NAME && of["certified_until"].is_u64())
    });
    let is_trusted = |outside: &Outside| {
        Invocation::new(&program::system("openssl"), Some(outside.street.name()))
            .args([
                "s_client",
                "-verify_return_error",
                "-verify_hostname",
                OWN_NAME,
            ])
            .args(["-servername", OWN_NAME, "-connect"])
            .arg(format!("{OWN_NAME}:443"))
            .arg("-CAfile")
            .arg(pebble.root())
            .run()
            .is_success()
    };
    assert!(is_trusted(&outside));
    assert!(
        outside
            .alert("www.other.test")
            .contains("unrecognized name")
    );

    // A gateway that begins again on a bad day of DNS gives the name to nobody else, and takes it from nobody.
    dns.no_address_of(OWN_NAME);
    outside.gateway.kill();
    outside.gateway.start();
    outside.comes("up");
    wait_until(SOON, "the name to lead to its place", || {
        is_trusted(&outside)
    });
}

/// A name of the site's own domain.
const OWN_NAME: &str = "print.acme.test";

fn names() -> String {
    let places = ["desk", "nobody"].map(|place| format!("{place}.acme.{DOMAIN}"));
    format!(
        "{DOMAIN} acme.{DOMAIN} {PEBBLE} {OWN_NAME} {}",
        places.join(" ")
    )
}

/// What the whole is for: an outsider's document is held, comes out for its owner alone, and the gateway
/// has seen neither it nor its title nor the token.
#[test]
fn an_outsider_prints_into_the_hold_through_a_gateway_that_cannot_read() {
    let outside = Outside::new();
    let token = outside.token("phone");
    let document = outside
        .site
        .document("quarterly-figures.pdf", "nobody else reads this");

    let printed = outside.ipptool("desk", &token, &document, PRINT_JOB);
    assert!(printed.is_success(), "{printed:?}");
    let jobs: Value = outside
        .laptop
        .papermesh("jobs list")
        .run()
        .succeeded()
        .json();
    assert_eq!(jobs[0]["user"], outside.charlie.id.as_str());
    let seen = outside.gateway.remembers(&[
        b"nobody else reads this",
        b"quarterly-figures",
        token.as_bytes(),
        outside.charlie.id.as_bytes(),
        // What it has to see, or the search proves nothing.
        b"desk.acme.gw.test",
    ]);
    assert_eq!(seen, [4]);

    // Only its owner gets it out.
    assert!(outside.printer.tray().is_empty());
    let report = outside.printer.visit(&outside.charlie).print_all();
    assert!(report.each_ended("printed"), "{report:?}");
    wait_until(SOON, "the job to be gone", || {
        outside.laptop.jobs().is_empty()
    });
    assert!(document.is_at(&outside.printer.tray()[0]));
}

/// Who prints from outside sees what becomes of the job, and how the printer is, as somebody in the office does.
#[test]
fn who_prints_from_outside_watches_the_job_and_the_printer() {
    let outside = Outside::new();
    let token = outside.token("phone");
    let document = outside.site.document("report.pdf", "report");
    assert!(outside.prints(&token, &document));
    let asking = outside.site.path("state.test");
    let state = |operation: &str, of: &str, what: &str| {
        let asked = request(operation, of).replace("job-name", what);
        fs::write(&asking, asked).unwrap();
        let said = outside.ipptool("desk", &token, &document, asking.to_str().unwrap());
        assert!(said.is_success(), "{said:?}");
        let is_state = format!("{what} (enum) = ");
        let mut lines = said.stdout().lines();
        let state = lines.find_map(|line| line.trim().strip_prefix(&is_state));
        state.unwrap().to_owned()
    };
    assert_eq!(state("Get-Printer-Attributes", "", "printer-state"), "idle");
    let jobs: Value = outside.laptop.papermesh("jobs list").run().json();
    let job = format!("ATTR integer job-id {}", jobs[0]["number"]);
    let job_is = |wanted: &str| state("Get-Job-Attributes", &job, "job-state") == wanted;
    assert!(job_is("pending-held"));
    let report = outside.printer.visit(&outside.charlie).print_all();
    assert!(report.each_ended("printed"), "{report:?}");
    wait_until(SOON, "the job to be completed", || job_is("completed"));
}

/// Whoever has no token, a wrong one or a withdrawn one prints nothing, and neither does a PIN; a name
/// that nobody has looks like one that is closed.
#[test]
fn nothing_but_a_token_that_is_good_prints_from_outside() {
    let outside = Outside::new();
    let token = outside.token("phone");
    let document = outside.site.document("report.pdf", "report");
    assert!(outside.prints(&token, &document));

    assert!(!outside.prints(&outside.charlie.pin, &document));
    assert!(!outside.prints("pm-0123456789abcdefghjkmnpq", &document));
    assert!(!outside.prints("", &document));
    // However many somebody tries, who has a good one prints.
    for _ in 0..12 {
        assert!(!outside.prints("pm-0123456789abcdefghjkmnpq", &document));
    }
    assert!(outside.prints(&token, &document));
    // The PIN of a job is neither chosen nor tried from the Internet.
    let with_pin = outside.site.path("with-pin.test");
    fs::write(
        &with_pin,
        request(
            "Print-Job",
            "ATTR octetString job-password 2468 FILE $filename",
        ),
    )
    .unwrap();
    let with_pin = outside.ipptool("desk", &token, &document, with_pin.to_str().unwrap());
    assert!(!with_pin.is_success(), "{with_pin:?}");
    let withdrawn = outside.laptop.papermesh("gateway token remove phone").run();
    let _ = withdrawn.succeeded();
    assert!(!outside.prints(&token, &document));
    assert_eq!(outside.laptop.jobs().len(), 2);

    let nobody = outside.alert(&format!("nobody.acme.{DOMAIN}"));
    assert!(nobody.contains("unrecognized name"), "{nobody}");
    let closed = outside.laptop.papermesh("gateway place remove desk").run();
    let _ = closed.succeeded();
    wait_until(SOON, "the place to be closed", || {
        outside
            .alert(&format!("desk.acme.{DOMAIN}"))
            .contains("unrecognized name")
    });
}

/// A token shows and cancels what was printed with it, and nothing else of its user.
#[test]
fn a_token_knows_its_own_jobs_alone() {
    let outside = Outside::new();
    let (phone, tablet) = (outside.token("phone"), outside.token("tablet"));
    let document = outside.site.document("report.pdf", "report");
    assert!(outside.prints(&phone, &document));
    let at_home = outside.site.document("letter.pdf", "letter");
    outside.laptop.print(&at_home, &outside.charlie);
    assert_eq!(outside.laptop.jobs().len(), 2);

    let listing = outside.site.path("get-jobs.test");
    fs::write(
        &listing,
        request("Get-Jobs", "ATTR keyword requested-attributes job-name"),
    )
    .unwrap();
    let listed = |token: &str| {
        let said = outside.ipptool("desk", token, &document, listing.to_str().unwrap());
        assert!(said.is_success(), "{said:?}");
        let names = said
            .stdout()
            .lines()
            .filter(|line| line.contains("job-name ("));
        names.count()
    };
    assert_eq!((listed(&phone), listed(&tablet)), (1, 0));

    let jobs: Value = outside
        .laptop
        .papermesh("jobs list")
        .run()
        .succeeded()
        .json();
    for job in jobs.as_array().unwrap() {
        let canceling = outside.site.path("cancel.test");
        let number = format!("ATTR integer job-id {}", job["number"]);
        fs::write(&canceling, request("Cancel-Job", &number)).unwrap();
        let cancels = |token: &str| {
            let canceling = canceling.to_str().unwrap();
            outside
                .ipptool("desk", token, &document, canceling)
                .is_success()
        };
        assert!(!cancels(&tablet), "{job}");
        assert_eq!(cancels(&phone), job["title"] != "letter.pdf", "{job}");
    }
    assert_eq!(outside.laptop.jobs().len(), 1);
}

/// An operation as `ipptool` reads it.
pub(super) fn request(operation: &str, more: &str) -> String {
    format!(
        "{{ OPERATION {operation} GROUP operation-attributes-tag ATTR charset attributes-charset utf-8 \
         ATTR language attributes-natural-language en ATTR uri printer-uri $uri {more} \
         STATUS successful-ok DISPLAY job-name }}"
    )
}

/// A gateway that is killed comes back, and so do the doors; a contract that ends closes the pipe.
#[test]
fn doors_come_back_to_a_gateway_that_was_killed_and_leave_one_whose_contract_ended() {
    let mut outside = Outside::new();
    let token = outside.token("phone");
    let document = outside.site.document("report.pdf", "report");
    assert!(outside.prints(&token, &document));

    outside.gateway.kill();
    outside.comes("down");
    let finding = |outside: &Outside| {
        let all: Vec<Finding> = outside.laptop.papermesh("doctor").run().json();
        all.into_iter()
            .find(|found| found.check == "gateway")
            .unwrap()
    };
    let found = finding(&outside);
    assert_eq!(found.verdict, "bad", "{found:?}");
    assert!(found.detail.contains(DOMAIN), "{found:?}");
    let connect = |outside: &Outside| outside.laptop.papermesh("gateway connect").run();
    let refused = connect(&outside);
    assert!(refused.complaint().contains("there is no connection to"));
    outside.gateway.start();
    // Nobody has to wait for the next attempt.
    let _ = connect(&outside).succeeded();
    outside.comes("up");
    let found = finding(&outside);
    assert_eq!(found.verdict, "good", "{found:?}");
    assert!(outside.prints(&token, &document));
    assert_eq!(outside.laptop.jobs().len(), 2);

    let _ = outside.gateway.run(&["contract", "end", "acme"]);
    outside.comes("down");
    wait_until(SOON, "the reason to be told", || {
        let list: Value = outside
            .laptop
            .papermesh("gateway list")
            .run()
            .succeeded()
            .json();
        list["status"][0]["pipe"]["down"]["why"]
            .as_str()
            .is_some_and(|why| why.contains("contract with this site has ended"))
    });
    assert!(!outside.prints(&token, &document));
}

/// The name gets a certificate through the very pipe that it is for; whoever trusts the authority trusts the
/// place, and it is still there after a restart without asking again.
#[test]
fn a_place_is_certified_through_the_pipe() {
    let (mut outside, pebble) = Outside::certified();
    let root = pebble.root();
    let name = format!("desk.acme.{DOMAIN}");
    let is_trusted = |outside: &Outside| {
        Invocation::new(&program::system("openssl"), Some(outside.street.name()))
            .args([
                "s_client",
                "-verify_return_error",
                "-verify_hostname",
                &name,
            ])
            .args([
                "-servername",
                &name,
                "-connect",
                &format!("{name}:443"),
                "-CAfile",
            ])
            .arg(&root)
            .run()
            .is_success()
    };
    wait_until(SOON, "the certificate", || is_trusted(&outside));
    let all: Vec<Finding> = outside.laptop.papermesh("doctor").run().json();
    let found = all.iter().find(|found| found.check == "place-certificate");
    let found = found.unwrap();
    assert_eq!(found.verdict, "good", "{found:?}");
    assert!(found.detail.contains(&name), "{found:?}");
    assert!(found.detail.contains("more days"), "{found:?}");
    let token = outside.token("phone");
    let document = outside.site.document("report.pdf", "report");
    assert!(outside.prints(&token, &document));

    // The authority is gone: what was got is kept.
    drop(pebble);
    outside.laptop.kill();
    outside.laptop.run();
    outside.comes("up");
    wait_until(SOON, "the certificate of before", || is_trusted(&outside));
}
