//! Outsiders and doors that want something else than they say, at a gateway with sockets.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use papermesh_pipe::PipeError;
use papermesh_protocol::certificate::{Certificate, Role, Roles};
use papermesh_protocol::gateway::hello::{Alert, alert};
use papermesh_protocol::gateway::message::Refusal;
use papermesh_protocol::id::Serial;
use papermesh_protocol::limits;
use papermesh_protocol::seal::keys::SealingPublic;
use papermesh_protocol::signed::Signed;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::carriers::Listening;
use super::{Gateway, Site, node};
use crate::clock;

/// A machine with much to do takes long.
const SOON: Duration = Duration::from_secs(60);

/// A ClientHello with these extensions, in records of this length.
fn hello(extensions: &[u8], record: usize) -> Vec<u8> {
    let mut body = vec![3, 3];
    body.extend([7; 32]);
    // No session, one cipher suite, no compression.
    body.extend([0, 0, 2, 0x13, 1, 1, 0]);
    body.extend(length(extensions.len()));
    body.extend(extensions);
    let mut message = vec![1, 0];
    message.extend(length(body.len()));
    message.extend(body);
    let records = message.chunks(record).flat_map(|piece| {
        let mut bytes = vec![22, 3, 1];
        bytes.extend(length(piece.len()));
        bytes.extend(piece);
        bytes
    });
    records.collect()
}

fn length(length: usize) -> [u8; 2] {
    u16::try_from(length).unwrap().to_be_bytes()
}

/// The extension that asks for these names (RFC 6066 section 3).
fn names(names: &[&[u8]]) -> Vec<u8> {
    let list: Vec<u8> = names
        .iter()
        .flat_map(|name| [&[0][..], &length(name.len()), name].concat())
        .collect();
    let list = [&length(list.len())[..], &list].concat();
    [&[0, 0][..], &length(list.len()), &list].concat()
}

fn asking(name: &str) -> Vec<u8> {
    hello(&names(&[name.as_bytes()]), 4096)
}

async fn connect(front: u16, from: Ipv4Addr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::from((from, 0))).unwrap();
    let at = SocketAddr::from((Ipv4Addr::LOCALHOST, front));
    socket.connect(at).await.unwrap()
}

/// What is answered to these bytes until the connection ends.
async fn answer(front: u16, from: Ipv4Addr, bytes: &[u8]) -> Vec<u8> {
    let mut stream = connect(front, from).await;
    let mut answer = Vec::new();
    let said = async {
        // Whoever is closed at once cannot be spoken to.
        drop(stream.write_all(bytes).await);
        drop(stream.read_to_end(&mut answer).await);
    };
    timeout(SOON, said).await.unwrap();
    answer
}

#[tokio::test]
async fn who_asks_for_no_name_gets_an_alert_or_nothing() {
    let listening = Listening::new(&Site::new(1, "acme")).await;
    let nobody = alert(Alert::UnrecognizedName).to_vec();
    let long = "a".repeat(60) + ".";
    let two = names(&[b"desk.acme.localhost", b"hall.acme.localhost"]);
    let vast = [&[0xfa, 0xfa][..], &length(17_000), &[0; 17_000]].concat();
    for (what, bytes) in [
        ("no extension", hello(&[], 4096)),
        ("an address", asking("192.0.2.1")),
        ("another address", asking("2001:db8::7")),
        ("an address in brackets", asking("[2001:db8::7]")),
        ("a zero", asking("desk\0.acme.localhost")),
        ("an empty name", asking("")),
        ("a long name", asking(&(long.repeat(5) + "localhost"))),
        ("two names", hello(&two, 4096)),
        ("the name twice", {
            let name = names(&[b"desk.acme.localhost"]);
            hello(&[name.clone(), name].concat(), 4096)
        }),
        ("more than a hello may have", hello(&vast, 4096)),
    ] {
        let said = answer(listening.front, Ipv4Addr::LOCALHOST, &bytes).await;
        assert_eq!(said, nobody, "{what}");
    }
    for (what, bytes) in [
        // RFC 6101 appendix E.
        ("SSL 2", vec![0x80, 0x2e, 1, 0, 2, 0, 21, 0, 0, 0, 16]),
        ("a greeting", b"220 mail.example ESMTP\r\n".to_vec()),
        ("zeros", vec![0; 4096]),
        ("an alert", vec![21, 3, 3, 0, 2, 2, 80]),
        ("a record without a handshake", vec![23, 3, 3, 0, 1, 0]),
    ] {
        let said = answer(listening.front, Ipv4Addr::LOCALHOST, &bytes).await;
        assert_eq!(said, b"", "{what}");
    }
    // IPP without TLS is told how to go on.
    let plain = b"POST /ipp/print HTTP/1.1\r\nHost: desk.acme.localhost\r\n\r\n";
    let said = answer(listening.front, Ipv4Addr::LOCALHOST, plain).await;
    assert!(said.starts_with(b"HTTP/1.1 426 "), "{said:?}");
}

/// Whoever begins and does not go on is given up, be it at once or piece by piece.
#[tokio::test]
async fn a_hello_that_does_not_come_is_not_waited_for() {
    let listening = Listening::new(&Site::new(1, "acme")).await;
    let whole = asking("desk.acme.localhost");
    let half = answer(
        listening.front,
        Ipv4Addr::LOCALHOST,
        &whole[..whole.len() / 2],
    );
    let drop_by_drop = async {
        let mut stream = connect(listening.front, Ipv4Addr::LOCALHOST).await;
        stream.set_nodelay(true).unwrap();
        // Slower than is waited for.
        let mut pieces = whole.iter().cycle();
        let ended = async {
            loop {
                let mut answer = [0];
                let wait = Duration::from_secs(1);
                match timeout(wait, stream.read(&mut answer)).await {
                    Ok(Ok(0) | Err(_)) => return,
                    Ok(Ok(_)) => panic!("it was answered"),
                    Err(_) => drop(stream.write_all(&[*pieces.next().unwrap()]).await),
                }
            }
        };
        timeout(SOON, ended).await.unwrap();
    };
    let (half, ()) = tokio::join!(half, drop_by_drop);
    assert_eq!(half, b"");
}

#[tokio::test]
async fn names_that_lead_nowhere_look_alike() {
    let (acme, other) = (Site::new(1, "acme"), Site::new(2, "other"));
    let listening = Listening::new(&acme).await;
    listening.gateway.contract(&other, 1);
    let mut door = listening.gateway.door(&acme, 10).await;
    door.open("desk").await.unwrap();
    door.open("hall").await.unwrap();
    door.keep(&["desk"]).await;
    let mut answers = Vec::new();
    for name in [
        "hall.acme.localhost",
        "nobody.acme.localhost",
        "acme.localhost",
        "desk.other.localhost",
        "desk.nobody.localhost",
        "desk.acme.gw.example",
        "example.com",
    ] {
        let said = answer(listening.front, Ipv4Addr::LOCALHOST, &asking(name)).await;
        answers.push((name, said));
    }
    for (name, said) in answers {
        assert_eq!(said, alert(Alert::UnrecognizedName), "{name}");
    }
}

#[tokio::test]
async fn a_network_that_comes_too_often_is_closed_and_another_is_answered() {
    const TRIED: usize = 400;
    let listening = Listening::new(&Site::new(1, "acme")).await;
    let front = listening.front;
    let [often, seldom] = [2, 3].map(|last| Ipv4Addr::new(127, 0, 0, last));
    let begun = Instant::now();
    let mut coming = JoinSet::new();
    for _ in 0..TRIED {
        let hello = asking("nobody.acme.localhost");
        coming.spawn(async move { answer(front, often, &hello).await });
    }
    let mut answered = 0;
    while let Some(said) = coming.join_next().await {
        match said.unwrap().as_slice() {
            b"" => {}
            said => {
                assert_eq!(said, alert(Alert::UnrecognizedName));
                answered += 1;
            }
        }
    }
    // A hundred, and twenty more for each second that passed.
    let due = 101 + usize::try_from(begun.elapsed().as_millis() / 50).unwrap();
    assert!(
        answered <= due,
        "{answered} of {TRIED} in {:?}",
        begun.elapsed()
    );
    assert!(answered >= 100, "{answered}");
    let hello = asking("nobody.acme.localhost");
    assert_eq!(
        answer(front, seldom, &hello).await,
        alert(Alert::UnrecognizedName)
    );
}

/// A certificate of a door, with what differs from one that is good.
fn certificate(site: &Site, change: impl FnOnce(&mut Certificate)) -> Signed<Certificate> {
    let now = clock::now();
    let mut certificate = Certificate {
        site: site.id(),
        node: node(10),
        sealing: SealingPublic::from_bytes([9; 32]),
        name: "door".parse().unwrap(),
        roles: Roles::of(&[Role::SharedClient]),
        serial: Serial::from_bytes([10; 8]),
        not_before: now - Duration::from_secs(7200),
        not_after: now + Duration::from_secs(3600),
        despite: None,
    };
    change(&mut certificate);
    Signed::sign(certificate, &site.root).unwrap()
}

#[tokio::test]
async fn only_doors_that_their_site_lets_in_get_a_pipe() {
    let gateway = Gateway::new();
    let (acme, other) = (Site::new(1, "acme"), Site::new(2, "other"));
    gateway.contract(&acme, 1);
    let hour = Duration::from_secs(3600);
    let refused = async |what: &str, certificate: Signed<Certificate>, expected: Refusal| {
        let mut hello = acme.hello(10);
        hello.certificate = certificate.envelope().clone();
        match gateway.dial_saying(10, &hello).await {
            Err(PipeError::Refused(why)) => assert_eq!(why, expected, "{what}"),
            other => panic!("{what}: {:?}", other.err()),
        }
    };
    let over = certificate(&acme, |it| it.not_after = clock::now() - hour);
    refused("one that is over", over, Refusal::Clock).await;
    let early = certificate(&acme, |it| {
        it.not_before = clock::now() + 2 * hour;
        it.not_after = clock::now() + 4 * hour;
    });
    refused("one of later", early, Refusal::Clock).await;
    let stolen = certificate(&acme, |it| it.node = node(11));
    refused("another node's", stolen, Refusal::Certificate).await;
    let foreign = certificate(&other, |it| it.site = acme.id());
    refused("signed by another site", foreign, Refusal::Certificate).await;
    let abroad = certificate(&other, |_| {});
    refused("another site's", abroad, Refusal::Certificate).await;
    // The same door with its own.
    let mut hello = acme.hello(10);
    hello.certificate = certificate(&acme, |_| {}).envelope().clone();
    assert!(gateway.dial_saying(10, &hello).await.is_ok());
}

/// A door whose certificate ends while its pipe stands is let in no longer; its place waits for it, as for one that is away.
#[tokio::test]
async fn a_pipe_ends_with_its_doors_certificate() {
    let (gateway, acme) = (Gateway::new(), Site::new(1, "acme"));
    gateway.contract(&acme, 2);
    let mut hello = acme.hello(10);
    // Clocks may differ by so much: it counts for five more seconds, which is enough to come.
    let soon = clock::now() + Duration::from_secs(5) - limits::CLOCK_SKEW;
    let certificate = certificate(&acme, |it| it.not_after = soon);
    hello.certificate = certificate.envelope().clone();
    let mut door = gateway.door_saying(10, &hello).await;
    door.open("desk").await.unwrap();
    let looking = async {
        loop {
            gateway.doors.look_again();
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::select! {
        () = door.ends() => {}
        () = looking => {}
    }
    assert!(!gateway.is_open("desk.acme.gw.example").await);
    let mut other = gateway.door(&acme, 11).await;
    assert_eq!(other.open("desk").await, Err(Refusal::Taken));
    gateway.door(&acme, 10).await.open("desk").await.unwrap();
}
