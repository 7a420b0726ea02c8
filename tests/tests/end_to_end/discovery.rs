//! The hold printer is found by itself: by programs of its own computer, and by other devices where
//! its owner allows it.

use std::sync::Arc;

use papermesh_tests::answer::Member;
use papermesh_tests::avahi::Avahi;
use papermesh_tests::command::Invocation;
use papermesh_tests::network::{Namespace, Wire};
use papermesh_tests::program::system;
use papermesh_tests::wait::wait_until;
use papermesh_tests::{Machine, SOON, Setting, Site, User};

/// What devices ask the network for before they show a printer.
const FOR_PHONES: &str = "_ipps._tcp,_universal";
/// Prints what was found in a line.
const SHOW: [&str; 12] = [
    "--exec",
    "echo",
    "{service_name}",
    "{service_uri}",
    "{txt_rp}",
    "{txt_air}",
    "{txt_Color}",
    "{txt_URF}",
    "{txt_pdl}",
    "{txt_adminurl}",
    "{txt_UUID}",
    ";",
];

/// Through Avahi, which a desktop has: nobody but this computer's programs is told.
#[test]
fn programs_of_this_computer_find_the_hold_printer() {
    let site = Site::new();
    let mut wire = Wire::new(1);
    let [office, hall] = [(); 2].map(|()| Arc::new(Namespace::new()));
    wire.plug(&office);
    wire.plug(&hall);
    let (here, elsewhere) = (
        Avahi::start(site.folder(), &office),
        Avahi::start(site.folder(), &hall),
    );
    let (name, value) = here.variable();
    let laptop = site.founder_at("laptop-1", Setting::within(&office).with(name, &value));
    laptop.enroll(&User::charlie(), &laptop);

    wait_until(SOON, "the hold printer to be found", || {
        here.find(&["_ipp._tcp,_print"]).is_success()
    });
    let found = here.find(&[&["_ipp._tcp,_universal"][..], &SHOW].concat());
    let said = found.stdout();
    assert!(said.contains("Papermesh @ laptop-1"), "{said}");
    assert!(
        said.contains("ipp/print") && said.contains("SRGB24"),
        "{said}"
    );
    assert!(!said.contains("username"), "{said}");
    assert!(!elsewhere.find(&["_ipp._tcp"]).is_success());
    assert!(!elsewhere.find(&["_ipps._tcp"]).is_success());
}

/// Without Avahi the node says it itself, and only of the protected way; a device that found it
/// prints there.
#[test]
fn other_devices_find_a_hold_printer_that_is_open_to_them() {
    let site = Site::new();
    let charlie = User::charlie();
    let mut wire = Wire::new(1);
    let [office, hall] = [(); 2].map(|()| Arc::new(Namespace::new()));
    let here = wire.plug(&office);
    wire.plug(&hall);
    let avahi = Avahi::start(site.folder(), &hall);
    let setting = Setting::within(&office)
        .running(&["--ipp", "0.0.0.0:6310"])
        // No bus: this computer has no Avahi.
        .with("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nowhere");
    let laptop = site.founder_at("laptop-1", setting);
    laptop.enroll(&charlie, &laptop);

    wait_until(SOON, "the hold printer to be found", || {
        avahi.find(&[FOR_PHONES]).is_success()
    });
    let found = avahi.find(&[&[FOR_PHONES][..], &SHOW].concat());
    let said = found.stdout();
    assert!(said.contains("Papermesh @ laptop-1"), "{said}");
    assert!(said.contains("username,password"), "{said}");
    assert!(
        said.contains("application/pdf") && said.contains("https://papermesh-"),
        "{said}"
    );
    assert!(!avahi.find(&["_ipp._tcp"]).is_success());

    // What was found leads there. The name is for resolvers that ask by multicast; the test's
    // network has none, so it is asked of Avahi.
    let uri = avahi.find(&[FOR_PHONES, "--print"]);
    let uri = uri.stdout().trim();
    let host = uri
        .strip_prefix("ipps://")
        .and_then(|rest| rest.split(':').next());
    let resolved = avahi
        .program("avahi-resolve")
        .args(["-4", "-n", host.unwrap_or_default().trim_end_matches('.')])
        .run();
    assert!(
        resolved.stdout().contains(&here.to_string()),
        "{uri}: {resolved:?}"
    );
    let printed = avahi
        .program("ipptool")
        .args([
            "-tf",
            site.document("from-the-phone.pdf", "hello").path_str(),
        ])
        .arg(format!(
            "ipps://charlie:{}@{here}:6310/ipp/print",
            charlie.pin
        ))
        .arg("/usr/share/cups/ipptool/print-job.test")
        .run();
    assert!(printed.is_success(), "{printed:?}");
    assert_eq!(laptop.jobs().len(), 1);
}

/// Two computers of one long name: both are found, one of them under another name, which fits and
/// which it tells.
#[test]
fn of_two_hold_printers_of_one_name_both_are_found() {
    let site = Site::new();
    let mut wire = Wire::new(1);
    let places = [(); 2].map(|()| Arc::new(Namespace::new()));
    let found = places.each_ref().map(|place| {
        wire.plug(place);
        Avahi::start(site.folder(), place)
    });
    let names = "€".repeat(40);
    let laptops: Vec<Machine> = (places.iter().zip(&found).enumerate())
        .map(|(number, (place, avahi))| {
            let (name, value) = avahi.variable();
            let setting = Setting::within(place)
                .running(&["--ipp", "0.0.0.0:6310"])
                .with(name, &value);
            let folder = site.path(&format!("site-{number}"));
            std::fs::create_dir(&folder).unwrap();
            let laptop = Machine::new(&folder, "laptop-1", setting);
            let _: Member = laptop
                .papermesh("init --role client --name laptop-1 --no-passphrase")
                .arg("--site")
                .arg(&names)
                .json();
            laptop.running()
        })
        .collect();

    let seen = || -> Vec<String> {
        let found = found[0].find(&[FOR_PHONES, "--exec", "echo", "{service_name}", ";"]);
        let mut seen: Vec<String> = found.stdout().lines().map(str::to_owned).collect();
        seen.sort();
        seen.dedup();
        seen
    };
    wait_until(SOON, "both to be found", || seen().len() == 2);
    let seen = seen();
    for name in &seen {
        assert!(name.len() <= 63 && name.contains(" @ laptop-1"), "{name}");
        assert!(name.starts_with("€€€€€€€€€€"), "{name}");
    }
    let told = |place: &Namespace| {
        let uri = "ipp://localhost:6310/ipp/print";
        let told = Invocation::new(&system("ipptool"), Some(place.name()))
            .args(["-tv", uri, "get-printer-attributes.test"])
            .run();
        told.stdout().to_owned()
    };
    for (place, laptop) in places.iter().zip(&laptops) {
        let told = told(place);
        let name = seen.iter().find(|name| {
            told.contains(&format!(
                "printer-dns-sd-name (nameWithoutLanguage) = {name}\n"
            ))
        });
        assert!(
            name.is_some(),
            "{} tells another name: {told}",
            laptop.name()
        );
    }
}
