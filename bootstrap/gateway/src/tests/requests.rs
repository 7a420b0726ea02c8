//! Requests of the carrier over HTTP, as somebody makes them who is no door.

use std::sync::Arc;
use std::time::Duration;

use data_encoding::HEXLOWER;
use papermesh_pipe::gateway_id;
use papermesh_protocol::gateway::description::{self, Description, Offered};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::time::timeout;

use super::{GATEWAY, Gateway, SOON};
use crate::own::Visit;
use crate::requests::Requests;
use crate::settings::HttpsSaid;
use crate::web::Web;

/// The web of a gateway to which nobody has to go through TLS.
struct Site {
    _gateway: Gateway,
    web: Arc<Web>,
}

struct Reply {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Reply {
    fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (of, value) = line.split_once(": ")?;
            (of == name).then_some(value)
        })
    }
}

impl Site {
    fn new() -> Self {
        let gateway = Gateway::new();
        let terms = HttpsSaid::default().terms().unwrap();
        let description = Description {
            version: 1,
            key: gateway_id(&GATEWAY).unwrap(),
            domain: "gw.example".parse().unwrap(),
            carriers: vec![Offered::Tcp { port: 4001 }],
            ipps: vec![443],
            wakes_from: None,
            terminated: false,
        };
        let requests = Requests::new(Arc::clone(&gateway.doors), terms);
        let web = Web::new(requests, &description, &GATEWAY).unwrap();
        Self {
            _gateway: gateway,
            web: Arc::new(web),
        }
    }

    fn connect(&self) -> DuplexStream {
        let (near, far) = tokio::io::duplex(64 * 1024);
        let web = Arc::clone(&self.web);
        let visit = Visit {
            from: "192.0.2.1:50000".parse().unwrap(),
            at: 443,
        };
        tokio::spawn(async move { web.serve(far, visit).await });
        near
    }

    /// Sends a request on a connection of its own, and reads the answer.
    async fn ask(&self, line: &str, headers: &[&str], body: &[u8]) -> Reply {
        let mut stream = self.connect();
        send(&mut stream, line, headers, body).await;
        answer(&mut stream).await
    }

    async fn pipe(&self) -> String {
        let made = self.ask("POST /pipe/1/", &[], b"").await;
        assert_eq!(made.status, 201);
        let terms = "wait=55, poll=30, chunk=262144";
        assert_eq!(made.header("papermesh-pipe"), Some(terms));
        format!("POST {}", made.header("location").unwrap())
    }
}

async fn send(stream: &mut DuplexStream, line: &str, headers: &[&str], body: &[u8]) {
    let mut head = format!(
        "{line} HTTP/1.1\r\nHost: gw.example\r\nContent-Length: {}\r\n",
        body.len()
    );
    for header in headers {
        head += header;
        head += "\r\n";
    }
    head += "\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    // Who is told that it is too long may be cut off before the end.
    drop(stream.write_all(body).await);
}

async fn answer(stream: &mut DuplexStream) -> Reply {
    let read = async {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        let head = String::from_utf8(head).unwrap();
        let mut reply = Reply {
            status: head[9..12].parse().unwrap(),
            head,
            body: Vec::new(),
        };
        let length = reply
            .header("content-length")
            .map_or(0, |of| of.parse().unwrap());
        reply.body = vec![0; length];
        stream.read_exact(&mut reply.body).await.unwrap();
        reply
    };
    timeout(SOON, read).await.unwrap()
}

const AT_ONCE: &str = "prefer: wait=0";

#[tokio::test]
async fn who_asks_otherwise_than_a_door_is_told_so_and_gets_nothing() {
    let site = Site::new();
    let pipe = site.pipe().await;
    let begin = "papermesh-offset: up=0, down=0";
    let answered = site.ask(&pipe, &[begin, AT_ONCE], b"").await;
    assert_eq!(answered.status, 204);
    assert_eq!(answered.header("papermesh-offset"), Some("up=0, down=0"));
    assert_eq!(
        answered.header("cache-control"),
        Some("no-store, no-transform")
    );

    for headers in [
        &[][..],
        &[begin],
        &[AT_ONCE],
        &["papermesh-offset: up=0", AT_ONCE],
        &[begin, begin, AT_ONCE],
        &[begin, "prefer: wait=76"],
        &[begin, "prefer: respond-async"],
    ] {
        let answered = site.ask(&pipe, headers, b"").await;
        assert_eq!(answered.status, 400, "{headers:?}");
    }
    let unknown = "POST /pipe/1/aaaaaaaaaaaaaaaaaaaaaaaaaa";
    let answered = site.ask(unknown, &[begin, AT_ONCE], b"").await;
    assert_eq!(answered.status, 404);
    let long = vec![0; 256 * 1024 + 1];
    let answered = site.ask(&pipe, &[begin, AT_ONCE], &long).await;
    assert_eq!(answered.status, 413);
    let read = pipe.replace("POST", "GET");
    let answered = site.ask(&read, &[begin, AT_ONCE], b"").await;
    assert_eq!(
        (answered.status, answered.header("allow")),
        (405, Some("POST, DELETE"))
    );

    // What was not sent, and what is missing before it: the pipe is of no use then.
    for forged in [
        "papermesh-offset: up=0, down=1",
        "papermesh-offset: up=1, down=0",
        "papermesh-offset: up=18446744073709551615, down=0",
    ] {
        let pipe = site.pipe().await;
        let answered = site.ask(&pipe, &[forged, AT_ONCE], b"x").await;
        assert_eq!(answered.status, 409, "{forged}");
        gone(&site, &pipe).await;
    }
}

/// Waits until a pipe is unknown.
async fn gone(site: &Site, pipe: &str) {
    let begin = "papermesh-offset: up=0, down=0";
    let gone = async {
        while site.ask(pipe, &[begin, AT_ONCE], b"").await.status != 404 {
            tokio::task::yield_now().await;
        }
    };
    timeout(SOON, gone).await.unwrap();
}

#[tokio::test]
async fn the_newer_request_that_waits_ends_the_older() {
    let site = Site::new();
    let pipe = site.pipe().await;
    let headers = ["papermesh-offset: up=0, down=0", "prefer: wait=55"];
    let (mut older, mut newer) = (site.connect(), site.connect());
    send(&mut older, &pipe, &headers, b"").await;
    // The older one waits by now, or will end the newer one: one of both is answered at once.
    send(&mut newer, &pipe, &headers, b"").await;
    let first = async {
        tokio::select! {
            reply = answer(&mut older) => reply,
            reply = answer(&mut newer) => reply,
        }
    };
    assert_eq!(first.await.status, 204);
    let left = site.ask(&pipe.replace("POST", "DELETE"), &[], b"").await;
    assert_eq!(left.status, 204);
    gone(&site, &pipe).await;
}

/// Whoever speaks no Noise is told nothing and forgotten: a frame of one byte is none of it.
#[tokio::test]
async fn a_pipe_without_a_door_ends() {
    let site = Site::new();
    let pipe = site.pipe().await;
    let begin = "papermesh-offset: up=0, down=0";
    let answered = site.ask(&pipe, &[begin, AT_ONCE], &[0, 1, 0xff]).await;
    assert!(matches!(answered.status, 204 | 404));
    assert!(answered.body.is_empty() || answered.status == 404);
    gone(&site, &pipe).await;
}

#[tokio::test]
async fn a_gateway_says_what_it_is_and_signs_it() {
    let site = Site::new();
    let said = site
        .ask("GET /.well-known/papermesh-gateway", &[], b"")
        .await;
    assert_eq!(said.status, 200);
    assert_eq!(said.header("content-type"), Some("application/json"));
    let signature = said.header("papermesh-signature").unwrap().as_bytes();
    let signature: [u8; 64] = HEXLOWER.decode(signature).unwrap().try_into().unwrap();
    let key = gateway_id(&GATEWAY).unwrap();
    assert!(description::is_signed(key, &said.body, &signature));
    let read: Description = serde_json::from_slice(&said.body).unwrap();
    assert_eq!(read.key, key);
    let known = format!("if-none-match: {}", said.header("etag").unwrap());
    let again = site
        .ask("GET /.well-known/papermesh-gateway", &[&known], b"")
        .await;
    assert_eq!((again.status, again.body.len()), (304, 0));
    assert_eq!(site.ask("GET /", &[], b"").await.status, 200);
    for line in [
        "GET /pipe/1/",
        "POST /",
        "GET /admin",
        "DELETE /.well-known/papermesh-gateway",
    ] {
        assert_eq!(site.ask(line, &[], b"").await.status, 404, "{line}");
    }
}

/// A connection is for pipes: who looks at a page has it for that page, and who says nothing not for long.
#[tokio::test(start_paused = true)]
async fn a_connection_without_a_pipe_ends() {
    let site = Site::new();
    let ended = async |stream: &mut DuplexStream, within: u64| {
        let mut rest = Vec::new();
        let read = stream.read_to_end(&mut rest);
        let read = timeout(Duration::from_secs(within), read).await;
        assert_eq!(read.unwrap().unwrap(), 0);
    };
    for line in ["GET /", "DELETE /pipe/1/aaaaaaaaaaaaaaaaaaaaaaaaaa"] {
        let mut stream = site.connect();
        send(&mut stream, line, &[], b"").await;
        let reply = answer(&mut stream).await;
        assert_eq!(reply.header("connection"), Some("close"), "{line}");
        ended(&mut stream, 1).await;
    }
    ended(&mut site.connect(), 11).await;
    let mut stream = site.connect();
    send(&mut stream, "POST /pipe/1/", &[], b"").await;
    assert_eq!(answer(&mut stream).await.status, 201);
    ended(&mut stream, 11).await;
}
