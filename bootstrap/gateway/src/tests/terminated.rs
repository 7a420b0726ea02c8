//! Terminated mode without sockets: raw bytes of programs, a real pipe, and a door that says what it heard.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use papermesh_frame::read_message;
use papermesh_pipe::{PipeStream, gateway_id};
use papermesh_protocol::gateway::contract::Gateways;
use papermesh_protocol::gateway::description::Description;
use papermesh_protocol::gateway::message::{
    Connected, FromDoor, FromGateway, Head, Place, Refusal,
};
use papermesh_protocol::gateway::name::{Alias, HostName, Label};
use papermesh_protocol::gateway::own_name::{Heard, OwnNames};
use papermesh_protocol::gateway::terminated::alias::AliasRefusal;
use papermesh_protocol::limits;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::{Door, GATEWAY, Gateway, SOON, Site};
use crate::ledger::{self, Ledger};
use crate::own::Visit;
use crate::requests::Requests;
use crate::settings::HttpsSaid;
use crate::terminated::{Expp, Terminated};
use crate::web::Web;
use crate::{clock, contracts};

/// A request after which a connection ends.
const LAST: &[u8] = b"GET / HTTP/1.1\r\nHost: gw.example\r\n\r\n";
const ALIAS: &str = "expp1%abc.com";

/// A gateway with one place that is asked for by a path, and its door.
struct Outside {
    gateway: Gateway,
    site: Site,
    ledger: Arc<Ledger>,
    web: Arc<Web>,
    /// What the door heard: path and body of each request.
    heard: mpsc::UnboundedReceiver<(String, Vec<u8>)>,
    door: tokio::task::JoinHandle<()>,
}

async fn aliases(door: &mut Door, said: &[&str]) -> (Vec<Alias>, Vec<(Alias, AliasRefusal)>) {
    let place: Option<Label> = Some("desk".parse().unwrap());
    let aliases = said.iter().map(|text| text.parse().unwrap()).collect();
    door.say(&FromDoor::Aliases { place, aliases }).await;
    let answer = read_message(&mut door.control, limits::PIPE_MESSAGE, SOON).await;
    match answer.unwrap().unwrap() {
        FromGateway::Aliases { taken, refused, .. } => (taken, refused),
        other => panic!("{other:?}"),
    }
}

impl Outside {
    async fn new(expp: Expp) -> Self {
        let (gateway, site) = (Gateway::new(), Site::new(1, "acme"));
        gateway.contract(&site, 5);
        let mut door = gateway.door(&site, 10).await;
        door.keep(&["desk"]).await;
        door.open("desk").await.unwrap();
        let (taken, refused) = aliases(&mut door, &[ALIAS, "expp1.abc.com", "pipe"]).await;
        assert_eq!((taken.len(), refused.len()), (2, 1));
        let ledger = Arc::new(Ledger::open(gateway.folder.path().join("ledger.jsonl")));
        let places = Arc::clone(&gateway.places);
        let terminated = Terminated::new(places, Arc::clone(&ledger), expp);
        let terms = HttpsSaid::default().terms().unwrap();
        let requests = Requests::new(Arc::clone(&gateway.doors), terms);
        let description = Description {
            version: 1,
            key: gateway_id(&GATEWAY).unwrap(),
            domain: "gw.example".parse().unwrap(),
            carriers: Vec::new(),
            ipps: vec![443],
            wakes_from: None,
            terminated: true,
        };
        let web = Web::new(requests, &description, &GATEWAY).unwrap();
        let (hears, heard) = mpsc::unbounded_channel();
        Self {
            gateway,
            site,
            ledger,
            web: Arc::new(web.with_terminated(Some(terminated))),
            heard,
            door: tokio::spawn(serve(door, hears)),
        }
    }

    fn connect(&self) -> DuplexStream {
        let (near, far) = tokio::io::duplex(64 * 1024);
        let (web, visit) = (
            Arc::clone(&self.web),
            Visit {
                from: "198.51.100.7:50123".parse().unwrap(),
                at: 443,
            },
        );
        tokio::spawn(async move { web.serve(far, visit).await });
        near
    }

    /// All that is answered to these bytes, and to one request for the gateway's own page, after which the connection ends.
    /// That one is answered if nothing ended it before.
    async fn say(&self, bytes: &[u8]) -> String {
        let mut stream = self.connect();
        drop(stream.write_all(bytes).await);
        drop(stream.write_all(LAST).await);
        let mut answer = Vec::new();
        let read = timeout(SOON, stream.read_to_end(&mut answer)).await;
        read.unwrap().unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    }
}

/// A door that answers each request with what it heard.
async fn serve(mut door: Door, hears: mpsc::UnboundedSender<(String, Vec<u8>)>) {
    while let Some(mut stream) = door.pipe.next().await {
        let head = read_message(&mut stream, limits::PIPE_HEAD, SOON).await;
        let Ok(Some(Head::Terminated(head))) = head else {
            panic!("{head:?}");
        };
        assert_eq!(head.knock.name.as_str(), "desk.acme.gw.example");
        assert_eq!(head.knock.port, 50123);
        tokio::spawn(answer(stream, hears.clone()));
    }
}

async fn answer(stream: PipeStream, hears: mpsc::UnboundedSender<(String, Vec<u8>)>) {
    let service = service_fn(|request: Request<Incoming>| {
        let hears = hears.clone();
        async move {
            let (head, body) = request.into_parts();
            assert_eq!(head.headers["host"], "desk.acme.gw.example");
            assert!(!head.headers.contains_key("x-forwarded-for"));
            let client = head.headers.get("papermesh-client").cloned();
            let body = body.collect().await.map(|body| body.to_bytes().to_vec());
            let body = body.unwrap_or_default();
            let client = client.map(|it| it.to_str().unwrap().to_owned());
            let said = format!("{} {}", head.uri, client.unwrap_or_default());
            hears.send((said, body.clone())).unwrap();
            let answer = Response::builder()
                .header("content-type", "application/ipp")
                .header("x-inside", "10.0.0.1")
                .body(Full::new(Bytes::from(body)));
            Ok::<_, Infallible>(answer.unwrap())
        }
    });
    let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    drop(connection.await);
}

/// Get-Printer-Attributes, without an attribute.
fn message(id: u8) -> Vec<u8> {
    vec![2, 0, 0, 0x0b, 0, 0, 0, id, 1, 3]
}

fn post(path: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: gw.example\r\nContent-Type: application/ipp\r\n{headers}\r\n"
    );
    [head.as_bytes(), body].concat()
}

fn statuses(answers: &str) -> Vec<&str> {
    let parts = answers.split("HTTP/1.").skip(1);
    parts.map(|part| &part[2..5]).collect()
}

#[tokio::test]
async fn each_request_is_a_knock_of_its_own_and_is_counted() {
    let mut outside = Outside::new(Expp::Header).await;
    let length = |id| {
        (
            format!("Content-Length: {}\r\n", message(id).len()),
            message(id),
        )
    };
    let (one, two) = (length(1), length(2));
    let (first, second) = ("/expp1%abc.com", "/expp1.abc.com/ipp/job/7?x=%41");
    let lies = "Papermesh-Client: addr=\"192.0.2.1\", port=1, socket=1\r\nX-Forwarded-For: 192.0.2.1\r\nForwarded: for=192.0.2.1\r\n";
    let pipelined = [
        post(first, &format!("{lies}{}", one.0), &one.1),
        post("/expp2.abc.com", "Content-Length: 0\r\n", b""),
        post(second, &two.0, &two.1),
    ];
    // One after the other: an unknown path ends the connection.
    let answers = outside.say(&pipelined[0]).await + &outside.say(&pipelined[2]).await;
    assert_eq!(statuses(&answers), ["200"; 4], "{answers}");
    assert!(!answers.contains("x-inside"), "{answers}");
    assert_eq!(
        statuses(&outside.say(&pipelined.concat()).await),
        ["200", "404"]
    );
    for path in ["/ipp/print", "/ipp/job/7?x=%41", "/ipp/print"] {
        let (said, _) = outside.heard.recv().await.unwrap();
        let (asked, client) = said.split_once(' ').unwrap();
        assert_eq!(asked, path);
        assert!(client.starts_with("addr=\"198.51.100.7\", port=50123, socket="));
    }
    let used = || {
        outside.ledger.write(crate::clock::now());
        let path = outside.gateway.folder.path().join("ledger.jsonl");
        let always = (
            papermesh_protocol::time::Timestamp::from_secs(0),
            crate::clock::now() + SOON,
        );
        ledger::read(&path, always)
            .unwrap()
            .get(&outside.site.id())
            .copied()
    };
    let counted = async {
        while used().is_none_or(|used| used.knocks < 3) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(SOON, counted).await.unwrap();
    assert!(used().unwrap().bytes_in > 300);
}

#[tokio::test]
async fn what_is_no_request_is_none() {
    let mut outside = Outside::new(Expp::Attributes).await;
    let body = message(1);
    let length = format!("Content-Length: {}\r\n", body.len());
    let chunked = [&b"a\r\n"[..], &body, b"\r\n0\r\n\r\n"].concat();
    let hidden = post("/expp1.abc.com", "Content-Length: 10\r\n", &message(9));
    for (bytes, expected) in [
        // Lengths that are said in two ways: chunks count (RFC 9112 section 6.3), and what follows is never read as a
        // request.
        (
            [
                post(
                    "/expp1.abc.com",
                    "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
                    &chunked,
                ),
                hidden.clone(),
            ]
            .concat(),
            &["200"][..],
        ),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(), &[]),
        (
            post("/expp1.abc.com", &format!("{length}Host: b\r\n"), &body),
            &["400"],
        ),
        (
            post(
                "/expp1.abc.com",
                &format!("{length}Content-Encoding: gzip\r\n"),
                &body,
            ),
            &["415", "200"],
        ),
        (
            post("/expp1.abc.com", "Content-Length: 3\r\n", &body[..3]),
            &["400"],
        ),
        (
            post("/expp1.abc.com", "Transfer-Encoding: chunked\r\n", &chunked),
            &["200", "200"],
        ),
        (
            post(
                "/expp1.abc.com",
                &format!("Expect: 100-continue\r\n{length}"),
                &body,
            ),
            &["100", "200", "200"],
        ),
        (
            b"GET /expp1.abc.com/ HTTP/1.1\r\nHost: gw.example\r\n\r\n".to_vec(),
            &["307", "200"],
        ),
        (
            b"OPTIONS /expp1.abc.com HTTP/1.1\r\nHost: gw.example\r\n\r\n".to_vec(),
            &["405", "200"],
        ),
        (
            b"POST /expp1.abc.com HTTP/1.1\r\nHost: gw.example\r\nContent-Length: 0\r\n\r\n"
                .to_vec(),
            &["415", "200"],
        ),
    ] {
        let answers = outside.say(&bytes).await;
        assert_eq!(
            statuses(&answers),
            expected,
            "{}: {answers}",
            String::from_utf8_lossy(&bytes)
        );
    }
    // Three were whole.
    for _ in 0..3 {
        assert_eq!(outside.heard.recv().await.unwrap().1, body);
    }
    assert!(outside.heard.try_recv().is_err());
    // What is no IPP after its first bytes is not passed on to its end.
    let odd = [&message(7)[..9], &[0x80]].concat();
    let answers = outside.say(&post("/expp1.abc.com", &length, &odd)).await;
    assert_eq!(statuses(&answers), ["400"], "{answers}");
    assert!(answers.contains("application/ipp"), "{answers}");
    // Half of a request is none that a door hears as a whole.
    let mut stream = outside.connect();
    let half = post("/expp1.abc.com", "Content-Length: 100\r\n", &body);
    stream.write_all(&half).await.unwrap();
    drop(stream);
    while let Ok((_, heard)) = outside.heard.try_recv() {
        assert_ne!(heard.len(), 100);
    }
}

#[tokio::test]
async fn who_finds_no_door_is_told_when_to_come_again() {
    let outside = Outside::new(Expp::Group).await;
    let body = message(7);
    let length = format!("Content-Length: {}\r\n", body.len());
    let asked = post("/expp1.abc.com", &length, &body);
    assert_eq!(statuses(&outside.say(&asked).await), ["200", "200"]);
    outside.door.abort();
    let gone = async {
        while outside.gateway.is_open("desk.acme.gw.example").await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(SOON, gone).await.unwrap();
    let answer = outside.say(&asked).await;
    assert_eq!(statuses(&answer), ["503", "200"], "{answer}");
    assert!(answer.contains("retry-after: 30"), "{answer}");
    // server-error-service-unavailable, to request 7.
    let at = answer.find("\r\n\r\n").unwrap() + 4;
    assert_eq!(&answer.as_bytes()[at..at + 8], [2, 0, 5, 2, 0, 0, 0, 7]);
    // The path is known for as long as the place is somebody's, also after a restart.
    let places = &outside.gateway.places;
    assert!(places.asked(ALIAS).is_some());
    let (site, state) = (outside.site.id(), outside.site.state_without(10));
    places.learned(site, &state, clock::moment());
    assert!(places.asked(ALIAS).is_none());
    assert_eq!(statuses(&outside.say(&asked).await), ["404"]);
}

#[tokio::test]
async fn an_alias_is_of_the_places_own_door() {
    let (gateway, site) = (Gateway::new(), Site::new(1, "acme"));
    gateway.contract(&site, 5);
    let mut one = gateway.door(&site, 10).await;
    one.keep(&["desk"]).await;
    one.open("desk").await.unwrap();
    let (taken, _) = aliases(&mut one, &[ALIAS]).await;
    assert_eq!(taken.len(), 1);
    // Another door of the site says something of a place that is not its own: it is not answered.
    let mut two = gateway.door(&site, 11).await;
    two.say(&FromDoor::Aliases {
        place: Some("desk".parse().unwrap()),
        aliases: Vec::new(),
    })
    .await;
    two.keep(&[]).await;
    assert!(gateway.places.asked(ALIAS).is_some());
    // After a restart it is known, and told to the door that opens the place again.
    drop((one, two));
    let gateway = gateway.again();
    assert!(gateway.places.asked(ALIAS).is_some());
    let mut one = gateway.door(&site, 10).await;
    one.keep(&["desk"]).await;
    one.open("desk").await.unwrap();
    let said = read_message(&mut one.control, limits::PIPE_MESSAGE, SOON).await;
    assert!(
        matches!(said.unwrap().unwrap(), FromGateway::Aliases { taken, .. } if taken.len() == 1)
    );
    one.keep(&[]).await;
    assert!(gateway.places.asked(ALIAS).is_none());
}

/// Whose place it is not does not hear by which paths it is asked for.
#[tokio::test]
async fn a_door_whose_place_is_refused_hears_no_aliases() {
    let outside = Outside::new(Expp::Header).await;
    let mut other = outside.gateway.door(&outside.site, 11).await;
    assert_eq!(other.open("desk").await, Err(Refusal::Taken));
    // What is said next is the answer to what is asked next.
    other.keep(&[]).await;
}

/// An own name leads to its place alone, also in a path, whoever said it first; a name of the gateway's is nobody's to say.
#[tokio::test]
async fn no_path_asks_for_one_place_by_the_name_of_another() {
    let gateway = Gateway::new();
    let (acme, other) = (Site::new(1, "acme"), Site::new(2, "other"));
    gateway.contract(&acme, 1);
    gateway.contract(&other, 1);
    let mut attacker = gateway.door(&other, 20).await;
    attacker.open("desk").await.unwrap();
    let below = [
        "desk.acme.gw.example",
        "gw.example",
        "desk%2Eacme.gw.example",
    ];
    let (taken, refused) = aliases(&mut attacker, &below).await;
    assert_eq!((taken.len(), refused.len()), (0, 3));
    assert!(
        refused
            .iter()
            .all(|(_, why)| *why == AliasRefusal::Reserved)
    );

    let spelled = ["print.acme.example", "print%2Eacme.example"];
    let (taken, _) = aliases(&mut attacker, &spelled).await;
    assert_eq!(taken.len(), 2);
    // Then its owner agrees that the name is another site's.
    let name: HostName = spelled[0].parse().unwrap();
    let mut door = gateway.door(&acme, 10).await;
    let place = Place {
        label: Some("desk".parse().unwrap()),
        own_names: vec![name.clone()],
        connected: Connected::Always,
    };
    door.open_place(place).await.unwrap();
    let listed = OwnNames::default().with(name.clone(), &Gateways::default());
    let state = listed.unwrap().put(&acme.state()).unwrap();
    gateway.places.learned(acme.id(), &state, clock::moment());
    let at = (acme.id(), Some("desk".parse().unwrap()));
    gateway
        .places
        .judged(&at, &name, Heard::Agreed, clock::steady());
    for spelled in spelled {
        assert!(gateway.places.asked(spelled).is_none(), "{spelled}");
    }
    // Its own place may be asked for so.
    let said = read_message::<FromGateway>(&mut door.control, limits::PIPE_MESSAGE, SOON).await;
    assert!(matches!(said.unwrap(), Some(FromGateway::Opened { .. })));
    let (taken, _) = aliases(&mut door, &spelled).await;
    assert_eq!(taken.len(), 2);
    assert_eq!(gateway.places.asked(spelled[0]).unwrap().at, at);
    let (taken, refused) = aliases(&mut attacker, &spelled).await;
    assert_eq!((taken.len(), refused.len()), (0, 2));
    assert!(refused.iter().all(|(_, why)| *why == AliasRefusal::Taken));
}

/// A path is kept for a site whose contract ended, and not for ever.
#[tokio::test]
async fn an_alias_is_free_long_after_its_sites_contract() {
    let gateway = Gateway::new();
    let (acme, other) = (Site::new(1, "acme"), Site::new(2, "other"));
    gateway.contract(&acme, 1);
    gateway.contract(&other, 1);
    let mut door = gateway.door(&acme, 10).await;
    door.open("desk").await.unwrap();
    aliases(&mut door, &[ALIAS]).await;
    let mut elsewhere = gateway.door(&other, 20).await;
    elsewhere.open("desk").await.unwrap();
    contracts::end(&gateway.contracts, acme.id(), clock::now()).unwrap();
    gateway.doors.contracts.refresh();
    gateway.doors.look_again();
    door.ends().await;
    let (_, refused) = aliases(&mut elsewhere, &[ALIAS]).await;
    assert_eq!(refused[0].1, AliasRefusal::Taken);
    gateway.places.lapsed(&[acme.id()], clock::moment());
    let (taken, _) = aliases(&mut elsewhere, &[ALIAS]).await;
    assert_eq!(taken.len(), 1);
}

/// Who asks only where paths lead, to learn which there are, has as few turns as who prints.
#[tokio::test]
async fn who_tries_paths_is_told_to_wait() {
    let outside = Outside::new(Expp::Header).await;
    let asks = b"GET /expp1.abc.com/ HTTP/1.1\r\nHost: gw.example\r\n\r\n".repeat(50);
    let mut told = Vec::new();
    while !told.contains(&"429".to_owned()) && told.len() < 5000 {
        let answers = outside.say(&asks).await;
        told.extend(statuses(&answers).into_iter().map(str::to_owned));
    }
    assert_eq!(told[0], "307");
    assert!(told.contains(&"429".to_owned()));
}
