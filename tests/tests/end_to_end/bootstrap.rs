//! `papermesh-bootstrap` as whoever looks after it sees it, and as strangers do: it stands where
//! everybody can dial it. That it relays is shown in [`super::network`].

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};

use futures::{AsyncReadExt, AsyncWriteExt};
use libp2p::PeerId;
use papermesh_tests::rogue::{Identity, Rogue, Shown, new_key};
use papermesh_tests::wait::{wait_for, wait_until};
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
    let identity = Identity::of(member.home());
    let elsewhere = Machine::new(site.folder(), "elsewhere", Setting::default());
    let founding =
        elsewhere.papermesh("init --no-passphrase --site Other --name elsewhere --role client");
    let _ = founding.run().succeeded();
    wait_until(SOON, "the laptop to be counted", || {
        metric(pages, "members_connected") == Some(1)
    });

    let stolen = Shown::Certificate(identity.certificate.envelope().clone());
    for (what, stranger) in [
        ("nothing", Rogue::new(&new_key(), &identity, Shown::Nothing)),
        (
            "a member's certificate",
            Rogue::new(&new_key(), &identity, stolen),
        ),
        (
            "papers of another site",
            Rogue::with(&Identity::of(elsewhere.home())),
        ),
    ] {
        let entered = stranger.dial(&node.address());
        assert!(entered.is_err(), "{what} was let in");
    }
    assert_eq!(metric(pages, "members_connected"), Some(1));

    // The same device with its own papers is let in.
    let rogue = Rogue::with(&identity);
    assert!(rogue.dial(&node.address()).is_ok());
    wait_until(SOON, "the member to be counted", || {
        metric(pages, "members_connected") == Some(2)
    });
}

/// A member asks how it is reached and names an address of somebody else's. The node dials the asker's
/// own address, and nobody else's.
#[test]
fn a_member_has_a_bootstrap_node_dial_nobody_but_itself() {
    let site = Site::new();
    let laptop = site.founder("laptop-1");
    let (node, _) = bootstrap(&site, &laptop);
    let member = site.invited(&laptop, "rogue-1", "client", Setting::default());
    let rogue = Rogue::with(&Identity::of(member.home()));
    let at = rogue.dial(&node.address()).unwrap();

    let own = TcpListener::bind("127.0.0.1:0").unwrap();
    own.set_nonblocking(true).unwrap();
    let asked = std::thread::scope(|scope| {
        let asking = scope.spawn(|| ask_to_dial(&rogue, at, own.local_addr().unwrap()));
        // It is no node that listens there; it is enough that somebody came.
        drop(wait_for(SOON, "the asker to be dialed", || {
            own.accept().ok()
        }));
        asking.join().unwrap()
    });
    assert!(asked > 0, "it was not said what came of it");

    // Another address of this computer, from which the asker does not come.
    let others = TcpListener::bind("127.0.0.2:0").unwrap();
    others.set_nonblocking(true).unwrap();
    let asked = ask_to_dial(&rogue, at, others.local_addr().unwrap());
    assert!(asked > 0, "it was not said what came of it");
    let came = others.accept().map_err(|error| error.kind());
    assert_eq!(came.err(), Some(ErrorKind::WouldBlock));
}

/// Asks a node to dial an address, and sends as much as that costs whoever is elsewhere (AutoNAT 2);
/// gives how many bytes it answered until it was done.
fn ask_to_dial(rogue: &Rogue, at: PeerId, address: SocketAddr) -> usize {
    const PIECE: usize = 4000;
    /// The most that is asked for.
    const COST: usize = 100_000;
    let (ip, port) = (address.ip(), address.port());
    let address: libp2p::Multiaddr = format!("/ip4/{ip}/tcp/{port}").parse().unwrap();
    let address = address.to_vec();
    let length = u8::try_from(address.len()).unwrap();
    // In the encoding of protocol buffers: the message's length, then the fields of a request.
    let mut words = vec![length + 13, 0x0a, length + 11, 0x0a, length];
    words.extend(address);
    words.push(0x11);
    words.extend([7; 8]);
    for _ in 0..COST / PIECE {
        words.extend([0xa6, 0x1f, 0x22, 0xa3, 0x1f, 0x0a, 0xa0, 0x1f]);
        words.extend([0; PIECE]);
    }
    let mut stream = rogue.open(at, "/libp2p/autonat/2/dial-request").unwrap();
    let heard = rogue.block_on(async {
        // It may have heard enough before the end.
        let _ = stream.write_all(&words).await;
        let _ = stream.flush().await;
        let mut heard = Vec::new();
        let _ = stream.read_to_end(&mut heard).await;
        heard.len()
    });
    heard.unwrap()
}
