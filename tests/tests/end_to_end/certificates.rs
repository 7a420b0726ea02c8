//! Whoever trusts the one certificate of the site trusts every panel and every hold printer of it, and
//! whoever does not is warned. The programs that judge are others' than this one: curl and openssl.

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use papermesh_tests::answer::{Finding, SiteAuthority, Tls};
use papermesh_tests::network::{Namespace, Wire};
use papermesh_tests::wait::{wait_for, wait_until};
use papermesh_tests::{Machine, SOON, Setting, Site, program, reserve_port};

/// The names and addresses that the site certified a computer for, as soon as it did.
#[track_caller]
fn certified(machine: &Machine) -> Vec<String> {
    wait_for(SOON, "a certificate of the site", || {
        match machine.status().tls {
            Some(Tls::Site { places, .. }) => Some(places),
            _ => None,
        }
    })
}

/// The site's certificate as this computer prints it, in a file.
fn authority(site: &Site, machine: &Machine) -> (PathBuf, SiteAuthority) {
    let authority: SiteAuthority = machine.papermesh("site ca").json();
    let path = site.path(&format!("{}.ca.pem", machine.name()));
    std::fs::write(&path, &authority.pem).unwrap();
    (path, authority)
}

/// Whether curl on this computer gets an answer, believing what `trusted` says, or nobody.
fn fetches(from: &Machine, url: &str, trusted: Option<&Path>, more: &[&str]) -> bool {
    let mut curl = from
        .program(&program::system("curl"))
        .args([
            "--silent",
            "--show-error",
            "--max-time",
            "20",
            "--noproxy",
            "*",
        ])
        .args(more);
    if let Some(trusted) = trusted {
        curl = curl.arg("--cacert").arg(trusted);
    }
    let ended = curl.arg(url).run();
    // 60: the certificate cannot be verified. Everything else would be another test.
    assert!(matches!(ended.code(), Some(0 | 60)), "{ended:?}");
    ended.is_success()
}

/// Whether openssl believes what is shown at this address.
fn is_verified(from: &Machine, (address, port): (Ipv4Addr, u16), trusted: &Path) -> bool {
    let address = address.to_string();
    from.program(&program::system("openssl"))
        .args(["s_client", "-verify_return_error", "-verify_ip", &address])
        .arg("-CAfile")
        .arg(trusted)
        .args(["-connect", &format!("{address}:{port}")])
        .run()
        .is_success()
}

/// What this computer is called in its network, if that is a name that others can ask for.
fn host_name() -> Option<String> {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
    let name = name.trim();
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let good = name.chars().all(plain) && name.len() < 64 && !name.starts_with('-');
    (good && !name.ends_with('-')).then(|| name.to_owned())
}

/// A laptop, which is the admin's, and a printer, each where others reach it. A third computer trusts
/// what `papermesh site ca` printed, and nobody else.
#[test]
fn whoever_trusts_the_sites_certificate_trusts_its_panels_and_hold_printers() {
    let site = Site::new();
    let mut wire = Wire::new(1);
    let [office, hall, street] = [(); 3].map(|()| Arc::new(Namespace::new()));
    let laptop_at = wire.plug(&office);
    let printer_at = wire.plug(&hall);
    wire.plug(&street);
    let host = host_name();
    let setting = Setting::within(&office).running(&["--ipp", "0.0.0.0:6310"]);
    let laptop = site.founder_at(host.as_deref().unwrap_or("laptop-1"), setting);
    let at = site.panel_for_phones(&laptop, "printer-1", &hall, &[]);
    let printer = &at.printer;
    let phone = Machine::new(site.folder(), "phone", Setting::within(&street));

    let (trusted, shown) = authority(&site, &laptop);
    for (machine, address) in [(&laptop, laptop_at), (printer, printer_at)] {
        let places = certified(machine);
        assert!(places.contains(&address.to_string()), "{places:?}");
    }
    // Every member shows the same.
    assert_eq!(authority(&site, printer).1, shown);
    let (panel, hold_printer) = ((printer_at, 8310), (laptop_at, 6310));
    for (address, port) in [panel, hold_printer] {
        let url = format!("https://{address}:{port}/");
        assert!(fetches(&phone, &url, Some(&trusted), &[]), "{url}");
        assert!(!fetches(&phone, &url, None, &[]), "{url}");
        assert!(is_verified(&phone, (address, port), &trusted));
    }
    // Nobody of the site is somebody else of it.
    let names = format!("laptop.local:8310:{printer_at}");
    let url = "https://laptop.local:8310/";
    assert!(!fetches(
        &phone,
        url,
        Some(&trusted),
        &["--resolve", &names]
    ));
    if let Some(host) = host {
        let url = format!("https://{host}.local:6310/");
        let names = format!("{host}.local:6310:{laptop_at}");
        assert!(fetches(
            &phone,
            &url,
            Some(&trusted),
            &["--resolve", &names]
        ));
    }

    let findings: Vec<Finding> = printer.papermesh("doctor").run().json();
    let tls = findings.iter().find(|found| found.check == "tls").unwrap();
    assert_eq!(tls.verdict, "good", "{tls:?}");
    let noted = |machine: &Machine| {
        let mut entries = machine.audit().into_iter();
        entries.any(|entry| entry.what == "web-certified")
    };
    assert!(noted(&laptop) && noted(printer));
}

/// Without an admin a printer shows its own certificate; when one comes it asks by itself, and whoever
/// connects then is shown the site's.
#[test]
fn a_printer_is_certified_when_an_admin_comes_without_being_started_again() {
    let site = Site::new();
    let mut laptop = site.founder("laptop-1");
    let port = reserve_port();
    let panel = format!("127.0.0.1:{port}");
    let setting = Setting::default().running(&["--panel", &panel]);
    let mut printer = site.invited(&laptop, "printer-1", "printer", setting);
    let (trusted, shown) = authority(&site, &laptop);
    laptop.stop();

    printer.start();
    let url = format!("https://{panel}/");
    wait_until(SOON, "the panel", || {
        printer.papermesh("status").run().is_success()
    });
    assert_eq!(printer.status().tls, Some(Tls::Own));
    assert!(!fetches(&printer, &url, Some(&trusted), &[]));
    assert!(fetches(&printer, &url, None, &["--insecure"]));
    let unknown = printer.papermesh("site ca").run();
    let complaint = unknown.complaint().to_owned();
    assert!(complaint.contains("admin's node"), "{complaint}");
    let own = std::fs::read(printer.home().join("panel.pem")).unwrap();

    laptop.run();
    let places = certified(&printer);
    assert!(places.contains(&"127.0.0.1".to_owned()), "{places:?}");
    assert!(fetches(&printer, &url, Some(&trusted), &[]));
    assert_eq!(authority(&site, &printer).1, shown);
    // What others remember of it is not touched.
    assert_eq!(
        std::fs::read(printer.home().join("panel.pem")).unwrap(),
        own
    );
    // It is kept, and needs no admin.
    laptop.stop();
    printer.stop();
    printer.start();
    wait_until(SOON, "the panel", || {
        printer.papermesh("status").run().is_success()
    });
    assert!(fetches(&printer, &url, Some(&trusted), &[]));
}

/// A device that calls itself as another machine of the network does is not certified for that name,
/// and the admin's audit log says so.
#[test]
fn a_name_that_another_machine_answers_to_is_certified_for_nobody() {
    let Some(host) = host_name() else {
        panic!("this computer has a host name that is nobody's name in a network");
    };
    let site = Site::new();
    let mut wire = Wire::new(2);
    let [office, hall] = [(); 2].map(|()| Arc::new(Namespace::new()));
    wire.plug(&office);
    let printer_at = wire.plug(&hall);
    let name = format!("{host}.local");
    office.resolves(&name, Ipv4Addr::new(10, 77, 2, 99));
    let laptop = site.founder_at("laptop-1", Setting::within(&office));
    let at = site.panel_for_phones(&laptop, &host, &hall, &[]);
    let places = certified(&at.printer);
    assert!(places.contains(&printer_at.to_string()), "{places:?}");
    assert!(!places.contains(&name), "{places:?}");
    let audit = laptop.audit();
    assert!(
        audit.iter().any(|entry| entry.what == "web-name-refused"),
        "{audit:?}"
    );
}
