//! A gateway behind a real haproxy, which has the ports that outsiders come to and passes everything on by the name in
//! TLS: it says from where each comes (`send-proxy-v2`), and nobody else can.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use papermesh_tests::SOON;
use papermesh_tests::command::{Ended, Invocation, Running};
use papermesh_tests::gateway::DOMAIN;
use papermesh_tests::network::Namespace;
use papermesh_tests::program;
use papermesh_tests::wait::wait_until;

use super::gateway::{Outside, PRINT_JOB};

/// Where the gateway hears haproxy and nobody else.
const INNER: &str = "127.0.0.1:8443";

/// haproxy where the gateway is.
fn haproxy(folder: &Path, street: &Namespace) -> Running {
    let settings = folder.join("haproxy.cfg");
    let text = format!(
        "defaults\n  mode tcp\n  timeout connect 5s\n  timeout client 10m\n  timeout server 10m\n\
         frontend outside\n  bind 0.0.0.0:443\n  tcp-request inspect-delay 5s\n  \
         tcp-request content accept if {{ req.ssl_hello_type 1 }}\n  \
         use_backend gateway if {{ req.ssl_sni -m end {DOMAIN} }}\n\
         backend gateway\n  server gateway {INNER} send-proxy-v2 check\n"
    );
    fs::write(&settings, text).unwrap();
    Invocation::new(&program::system("haproxy"), Some(street.name()))
        .args(["-db", "-f"])
        .arg(&settings)
        .start()
}

fn curl(from: &Namespace, args: &[&str]) -> Ended {
    Invocation::new(&program::system("curl"), Some(from.name()))
        .args(["-sS", "-w", "\n%{http_code}"])
        .args(args)
        .run()
}

#[test]
fn behind_haproxy_everything_goes_on_and_the_outsiders_address_arrives() {
    let mut outside = Outside::new();
    let street = Arc::clone(&outside.street);
    let (passer_by, address) = outside.passer_by();
    outside.gateway.kill();
    outside.gateway.set(&format!(
        "listen = [\"{INNER}\"]\nproxies = [\"127.0.0.1\"]"
    ));
    let haproxy = haproxy(outside.site.folder(), &street);
    // It waits for the gateway's own page, which comes through haproxy now.
    outside.gateway.start();
    outside.comes("up");

    let token = outside.token("phone");
    let document = outside.site.document("report.pdf", "report");
    let place = format!("https://desk.acme.{DOMAIN}/");
    let user = format!("{}:{token}", outside.charlie.id);
    let page = curl(&passer_by, &["-k", "-u", &user, &place]);
    assert!(page.stdout().ends_with("\n200"), "{page:?}");
    let printed = Invocation::new(&program::system("ipptool"), Some(passer_by.name()))
        .args(["-tf", document.path_str()])
        .arg(format!("ipps://{user}@desk.acme.{DOMAIN}:443/ipp/print"))
        .arg(PRINT_JOB)
        .run();
    assert!(printed.is_success(), "{printed:?}");
    assert_eq!(outside.laptop.jobs().len(), 1);

    // The door logs from where somebody came who did not trust its certificate.
    let told = || outside.laptop.log().contains(&format!("from={address} "));
    assert!(!told());
    let distrusting = curl(&passer_by, &[&place]);
    assert!(!distrusting.is_success(), "{distrusting:?}");
    wait_until(SOON, "the outsider's address at the door", told);

    // Who comes past haproxy says no header, and is closed without a word.
    let past = Invocation::new(&program::system("openssl"), Some(street.name()))
        .args(["s_client", "-connect", INNER, "-servername"])
        .arg(format!("desk.acme.{DOMAIN}"))
        .run();
    assert!(!past.is_success(), "{past:?}");
    assert!(past.stdout().contains("no peer certificate"), "{past:?}");
    assert!(!past.stderr().contains("alert"), "{past:?}");
    drop(haproxy);
}
