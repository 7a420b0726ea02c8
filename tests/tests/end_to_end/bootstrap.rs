//! `papermesh-bootstrap` as whoever looks after it sees it, and as strangers do: it stands where
//! everybody can dial it. That it relays is shown in [`super::network`].

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use papermesh_tests::rogue::{Papers, Rogue, Shown, new_key};
use papermesh_tests::wait::wait_until;
use papermesh_tests::{Machine, SOON, Setting, Site, program, reserve_port};

/// A bootstrap node that runs, and where its pages are.
fn bootstrap(site: &Site, admin: &Machine) -> (Machine, SocketAddr) {
    let pages = SocketAddr::from(([127, 0, 0, 1], reserve_port()));
    let mut setting = Setting::default().running(&["--http", &pages.to_string()]);
    setting.program = program::bootstrap().into();
    let node = site.invited(admin, "bootstrap-1", "bootstrap", setting);
    (node.running(), pages)
}

/// What is answered when a page is asked for: head and body.
fn page(at: SocketAddr, path: &str) -> (String, String) {
    let mut stream = TcpStream::connect(at).unwrap();
    stream.set_read_timeout(Some(SOON)).unwrap();
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: {at}\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.to_ascii_lowercase(), body.to_owned())
}

/// The number that the metrics say for a name.
fn metric(at: SocketAddr, name: &str) -> Option<u64> {
    let (_, text) = page(at, "/metrics");
    let mut lines = text.lines().filter_map(|line| line.split_once(' '));
    let (_, value) = lines.find(|(said, _)| *said == format!("papermesh_{name}"))?;
    value.parse().ok()
}

/// The pages answer while the node runs, count the members that are connected, and name nobody.
#[test]
fn health_and_metrics_are_told_while_the_node_runs_and_name_nobody() {
    let site = Site::new();
    let laptop = site.founder("laptop-1");
    let (mut node, pages) = bootstrap(&site, &laptop);
    let (head, body) = page(pages, "/healthz");
    assert!(head.starts_with("http/1.1 200"), "{head}");
    assert_eq!(body, "ok\n");

    wait_until(SOON, "the laptop to be counted", || {
        metric(pages, "members_connected") == Some(1)
    });
    let (head, text) = page(pages, "/metrics");
    assert!(head.contains("application/openmetrics-text"), "{head}");
    assert!(text.ends_with("# EOF\n"), "{text}");
    assert_eq!(metric(pages, "relay_circuits_seen"), Some(0));
    for private in [laptop.name(), &laptop.id(), node.name(), &node.id()] {
        assert!(!text.contains(private), "{private} is told to everybody");
    }
    assert!(page(pages, "/").0.starts_with("http/1.1 404"));

    node.stop();
    assert!(TcpStream::connect(pages).is_err());
}

/// The node that everybody can dial lets in nobody but members: strangers complete no handshake.
#[test]
fn invariant_7_a_stranger_completes_no_handshake_at_a_bootstrap_node() {
    let site = Site::new();
    let laptop = site.founder("laptop-1");
    let (node, pages) = bootstrap(&site, &laptop);
    let member = site.invited(&laptop, "rogue-1", "client", Setting::default());
    let papers = Papers::of(member.home());
    let elsewhere = Machine::new(site.folder(), "elsewhere", Setting::default());
    let founding =
        elsewhere.papermesh("init --no-passphrase --site Other --name elsewhere --role client");
    let _ = founding.run().succeeded();
    wait_until(SOON, "the laptop to be counted", || {
        metric(pages, "members_connected") == Some(1)
    });

    let own_site = papers.certificate.site;
    let stolen = Shown::Certificate(papers.certificate.envelope().clone());
    for (what, stranger) in [
        ("nothing", Rogue::new(&new_key(), own_site, Shown::Nothing)),
        (
            "a member's certificate",
            Rogue::new(&new_key(), own_site, stolen),
        ),
        (
            "papers of another site",
            Rogue::with(&Papers::of(elsewhere.home())),
        ),
    ] {
        let entered = stranger.dial(&node.address());
        assert!(entered.is_err(), "{what} was let in");
    }
    assert_eq!(metric(pages, "members_connected"), Some(1));

    // The same device with its own papers is let in.
    let rogue = Rogue::with(&papers);
    assert!(rogue.dial(&node.address()).is_ok());
    wait_until(SOON, "the member to be counted", || {
        metric(pages, "members_connected") == Some(2)
    });
}
