//! Doors that reach a gateway by one carrier alone: a real door, a real gateway, sockets of this computer, and
//! between them what a network may be.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use papermesh_door::Call;
use papermesh_door::{
    Carrier, Deps, Door, GatewayStatus, Knocked, PipeState, PlaceState, Terminated, Ways,
};
use papermesh_frame::write_message;
use papermesh_pipe::gateway_id;
use papermesh_protocol::gateway::contract::Gateway as Known;
use papermesh_protocol::gateway::description::Description;
use papermesh_protocol::gateway::message::{Address, Connected, Head, Knock, Place};
use papermesh_protocol::id::GatewayId;
use papermesh_protocol::limits;
use papermesh_protocol::time::Timestamp;
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use zeroize::Zeroizing;

use super::{GATEWAY, Gateway, Site};
use crate::certificate::{self, OwnCertificate};
use crate::clock;
use crate::front::Front;
use crate::ledger::Ledger;
use crate::own::Own;
use crate::places::Fate;
use crate::proxied::Proxies;
use crate::requests::Requests;
use crate::run;
use crate::settings::HttpsSaid;
use crate::web::Web;

/// A machine with much to do takes long.
const SOON: Duration = Duration::from_secs(60);
/// A port where nobody listens.
const CLOSED: u16 = 1;
/// More than a window, so that everything has to wait for the other end.
const MUCH: usize = 3 * 512 * 1024;

/// A gateway with sockets.
pub(super) struct Listening {
    pub(super) gateway: Gateway,
    pipes: u16,
    pub(super) front: u16,
    _tasks: JoinSet<()>,
}

async fn bind() -> (TcpListener, u16) {
    let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = socket.local_addr().unwrap().port();
    (socket, port)
}

impl Listening {
    pub(super) async fn new(site: &Site) -> Self {
        Self::behind(site, &[]).await
    }

    /// One to which these pass connections on.
    async fn behind(site: &Site, proxies: &[IpAddr]) -> Self {
        let gateway = Gateway::of(tempfile::tempdir().unwrap(), "localhost");
        gateway.contract(site, 5);
        let (pipes, pipes_port) = bind().await;
        let (front, front_port) = bind().await;
        let (doors, stop) = (Arc::clone(&gateway.doors), CancellationToken::new());
        let description = Description {
            version: 1,
            key: gateway_id(&GATEWAY).unwrap(),
            domain: "localhost".parse().unwrap(),
            carriers: Vec::new(),
            ipps: Vec::new(),
            wakes_from: None,
            terminated: false,
        };
        let requests = Requests::new(Arc::clone(&doors), HttpsSaid::default().terms().unwrap());
        let web = Web::new(requests, &description, &GATEWAY).unwrap();
        let certificate = OwnCertificate::new(&description.domain, None).unwrap();
        let name = description.domain.host_name().clone();
        let own = Own::new(
            name,
            Arc::new(certificate),
            Arc::clone(&doors),
            Arc::new(web),
        )
        .unwrap();
        let ledger = Ledger::open(gateway.folder.path().join("ledger.jsonl"));
        let outsiders = Front::new(
            Arc::clone(&gateway.places),
            Arc::new(ledger),
            own,
            Proxies::new(proxies),
        );
        let mut tasks = JoinSet::new();
        tasks.spawn(run::hear(pipes, (doors, run::doors_turns()), stop.clone()));
        tasks.spawn(Arc::new(outsiders).serve(front, stop));
        Self {
            gateway,
            pipes: pipes_port,
            front: front_port,
            _tasks: tasks,
        }
    }
}

/// A door that keeps the place `desk` open.
struct Office {
    status: watch::Receiver<BTreeMap<GatewayId, GatewayStatus>>,
    knocked: mpsc::Receiver<Knocked>,
    _deps: (
        watch::Sender<Vec<Known>>,
        watch::Sender<Vec<Place>>,
        mpsc::Sender<Call>,
    ),
    _tasks: JoinSet<()>,
}

impl Office {
    fn new(site: &Site, pipes: u16, ways: Ways) -> Self {
        let gateway = Known {
            key: gateway_id(&GATEWAY).unwrap(),
            domain: "localhost".parse().unwrap(),
            site: site.label.parse().unwrap(),
            port: pipes,
            within: Vec::new(),
        };
        let place = Place {
            label: Some("desk".parse().unwrap()),
            own_names: Vec::new(),
            connected: Connected::Always,
        };
        let (_, hello) = watch::channel(site.hello(10));
        let (gateways, known) = watch::channel(vec![gateway]);
        let (places, opened) = watch::channel(vec![place]);
        let (knocked, knocks) = mpsc::channel(16);
        let (status, told) = watch::channel(BTreeMap::new());
        let deps = Deps {
            seed: Arc::new(Zeroizing::new([10; 32])),
            ways,
            hello,
            gateways: known,
            places: opened,
            terminated: watch::channel(Terminated::default()).1,
            knocked,
            status,
            moment: clock::moment,
        };
        let (calls, called) = mpsc::channel(1);
        let mut tasks = JoinSet::new();
        tasks.spawn(Door::new(deps, called).run());
        Self {
            status: told,
            knocked: knocks,
            _deps: (gateways, places, calls),
            _tasks: tasks,
        }
    }

    /// Waits until it stands so with the gateway.
    async fn is(&mut self, so: impl Fn(&GatewayStatus) -> bool) -> GatewayStatus {
        let now = self.status.clone();
        let wait = self.status.wait_for(|all| all.values().any(&so));
        match timeout(SOON, wait).await {
            Ok(status) => status.unwrap().values().next().unwrap().clone(),
            Err(_) => panic!("{:?}", now.borrow()),
        }
    }

    /// Waits until the place is open by this carrier.
    async fn is_up(&mut self, by: &[Carrier]) {
        let _ = self
            .is(|status| {
                let is_open = |place: &(_, PlaceState)| matches!(place.1, PlaceState::Open(_));
                matches!(status.pipe, PipeState::Up(carrier) if by.contains(&carrier))
                    && status.places.iter().any(is_open)
            })
            .await;
    }

    /// Why there is no pipe, and what to do.
    async fn is_down(&mut self) -> (String, Option<String>) {
        let status = self
            .is(|status| matches!(status.pipe, PipeState::Down { .. }))
            .await;
        match status.pipe {
            PipeState::Down { why, remedy } => (why, remedy),
            other => panic!("{other:?}"),
        }
    }
}

fn stream_of(seed: u8) -> Vec<u8> {
    (0..MUCH)
        .map(|at| (at / 7) as u8 ^ (at >> 13) as u8 ^ seed)
        .collect()
}

/// An outsider sends much and gets much, and nothing is lost, twice there, or in another order.
async fn an_outsider_is_served(listening: &Listening, office: &mut Office) {
    let served = async {
        let fate = listening.gateway.knock("desk.acme.localhost").await;
        let Fate::Serve { opener, .. } = fate else {
            panic!("nobody is there");
        };
        let mut outsider = opener.open().await.unwrap();
        let head = Head::Knock(Knock {
            name: "desk.acme.localhost".parse().unwrap(),
            address: Address("192.0.2.7".parse().unwrap()),
            port: 50_000,
            at: 443,
            number: 1,
            time: Timestamp::default(),
        });
        write_message(&mut outsider, &head, limits::PIPE_HEAD)
            .await
            .unwrap();
        let asking = async {
            // TLS begins with short words, of which each waits for the other's.
            for word in 0..8 {
                outsider.write_all(&[word; 300]).await.unwrap();
                outsider.flush().await.unwrap();
                let mut answer = [0; 3000];
                outsider.read_exact(&mut answer).await.unwrap();
            }
            outsider.write_all(&stream_of(1)).await.unwrap();
            outsider.shutdown().await.unwrap();
            let mut came = Vec::new();
            outsider.read_to_end(&mut came).await.unwrap();
            came
        };
        let answering = async {
            let mut stream = office.knocked.recv().await.unwrap().stream;
            for word in 0..8 {
                let mut question = [0; 300];
                stream.read_exact(&mut question).await.unwrap();
                stream.write_all(&[word; 3000]).await.unwrap();
                stream.flush().await.unwrap();
            }
            let mut came = Vec::new();
            stream.read_to_end(&mut came).await.unwrap();
            stream.write_all(&stream_of(2)).await.unwrap();
            stream.shutdown().await.unwrap();
            came
        };
        let (answer, question) = tokio::join!(asking, answering);
        assert!(question == stream_of(1), "other bytes came in");
        assert!(answer == stream_of(2), "other bytes came out");
    };
    timeout(SOON, served).await.unwrap();
}

fn by_tls(port: u16) -> Ways {
    Ways {
        proxy: None,
        tls_port: port,
    }
}

#[tokio::test]
async fn by_tcp() {
    let site = Site::new(1, "acme");
    let listening = Listening::new(&site).await;
    let mut office = Office::new(&site, listening.pipes, by_tls(CLOSED));
    office.is_up(&[Carrier::Tcp]).await;
    an_outsider_is_served(&listening, &mut office).await;
}

#[tokio::test]
async fn by_tls_where_the_gateways_own_port_is_closed() {
    let site = Site::new(1, "acme");
    let listening = Listening::new(&site).await;
    let mut office = Office::new(&site, CLOSED, by_tls(listening.front));
    office.is_up(&[Carrier::Tls]).await;
    an_outsider_is_served(&listening, &mut office).await;
}

/// What stands before the gateway says from where an outsider comes, and the door is told so.
#[tokio::test]
async fn behind_a_program_that_says_who_comes() {
    let site = Site::new(1, "acme");
    let listening = Listening::behind(&site, &[Ipv4Addr::LOCALHOST.into()]).await;
    let mut office = Office::new(&site, listening.pipes, by_tls(CLOSED));
    office.is_up(&[Carrier::Tcp]).await;
    let mut header = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c".to_vec();
    header.extend([198, 51, 100, 7, 203, 0, 113, 1, 0xc3, 0x50, 0x01, 0xbb]);
    let outsider = async {
        let mut stream = TcpStream::connect(("127.0.0.1", listening.front))
            .await
            .unwrap();
        stream.write_all(&header).await.unwrap();
        let name = "desk.acme.localhost".try_into().unwrap();
        // There is nobody to speak TLS with.
        drop(trusting().connect(name, stream).await);
    };
    let door = async {
        let knocked = office.knocked.recv().await.unwrap();
        (knocked.knock.address.0, knocked.knock.port)
    };
    let (told, ()) = timeout(SOON, async { tokio::join!(door, outsider) })
        .await
        .unwrap();
    assert_eq!(told, ("198.51.100.7".parse().unwrap(), 50_000));
}

/// A proxy that knows `CONNECT` and nobody but Ann.
async fn proxy(tasks: &mut JoinSet<()>) -> (u16, Arc<AtomicUsize>) {
    let ((socket, port), passed) = (bind().await, Arc::new(AtomicUsize::new(0)));
    let counting = Arc::clone(&passed);
    tasks.spawn(async move {
        loop {
            let (mut stream, _) = socket.accept().await.unwrap();
            let counting = Arc::clone(&counting);
            tokio::spawn(async move {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    head.push(stream.read_u8().await.unwrap());
                }
                let head = String::from_utf8(head).unwrap();
                if !head.contains("\r\nproxy-authorization: Basic YW5uOnNlY3JldA==\r\n") {
                    let wants = "HTTP/1.1 407 Proxy Authentication Required\r\n\
                        Proxy-Authenticate: Basic realm=\"office\"\r\nContent-Length: 0\r\n\r\n";
                    return drop(stream.write_all(wants.as_bytes()).await);
                }
                let target = head.strip_prefix("CONNECT ").unwrap();
                let target = target.split(' ').next().unwrap();
                let mut beyond = TcpStream::connect(target).await.unwrap();
                stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
                counting.fetch_add(1, Ordering::Relaxed);
                drop(tokio::io::copy_bidirectional(&mut stream, &mut beyond).await);
            });
        }
    });
    (port, passed)
}

#[tokio::test]
async fn through_an_http_proxy_that_wants_to_know_who() {
    let site = Site::new(1, "acme");
    let listening = Listening::new(&site).await;
    let mut tasks = JoinSet::new();
    let (port, passed) = proxy(&mut tasks).await;
    let through = |user: &str| Ways {
        proxy: Some(Arc::new(
            format!("http://{user}127.0.0.1:{port}").parse().unwrap(),
        )),
        tls_port: listening.front,
    };
    let mut nobody = Office::new(&site, CLOSED, through(""));
    let (why, remedy) = nobody.is_down().await;
    assert!(why.contains("wants a user and a password"), "{why}");
    assert!(remedy.unwrap().contains("http://user:password@host:port"));
    drop(nobody);
    assert_eq!(passed.load(Ordering::Relaxed), 0);

    let mut office = Office::new(&site, CLOSED, through("ann:secret@"));
    office.is_up(&[Carrier::Tls]).await;
    assert!(passed.load(Ordering::Relaxed) > 0);
    an_outsider_is_served(&listening, &mut office).await;
}

/// A network that looks into TLS and lets HTTP through: for each connection it shows a certificate of its own. It
/// cuts connections that were quiet for so long, and those that had so many bytes.
#[derive(Clone, Copy)]
struct Inspector {
    beyond: u16,
    quiet: Duration,
    most: usize,
}

impl Inspector {
    async fn start(self, tasks: &mut JoinSet<()>) -> u16 {
        let (socket, port) = bind().await;
        let tls = inspecting();
        tasks.spawn(async move {
            loop {
                let (stream, _) = socket.accept().await.unwrap();
                let tls = tls.clone();
                tokio::spawn(async move {
                    // Who offers no HTTP is refused.
                    let Ok(inside) = tls.accept(stream).await else {
                        return;
                    };
                    let outside = TcpStream::connect(("127.0.0.1", self.beyond))
                        .await
                        .unwrap();
                    let outside = trusting().connect("localhost".try_into().unwrap(), outside);
                    self.pass(inside, outside.await.unwrap()).await;
                });
            }
        });
        port
    }

    async fn pass<A, B>(self, inside: A, outside: B)
    where
        A: AsyncRead + AsyncWrite,
        B: AsyncRead + AsyncWrite,
    {
        let (mut from_inside, mut to_inside) = tokio::io::split(inside);
        let (mut from_outside, mut to_outside) = tokio::io::split(outside);
        let (mut in_buffer, mut out_buffer) = (vec![0; 16 * 1024], vec![0; 16 * 1024]);
        let mut passed = 0;
        while passed < self.most {
            let (read, is_out) = tokio::select! {
                read = from_inside.read(&mut in_buffer) => (read, true),
                read = from_outside.read(&mut out_buffer) => (read, false),
                () = tokio::time::sleep(self.quiet) => return,
            };
            let Ok(read @ 1..) = read else { return };
            passed += read;
            let written = match is_out {
                true => to_outside
                    .write_all(&in_buffer[..read])
                    .await
                    .and(to_outside.flush().await),
                false => to_inside
                    .write_all(&out_buffer[..read])
                    .await
                    .and(to_inside.flush().await),
            };
            if written.is_err() {
                return;
            }
        }
    }
}

fn inspecting() -> TlsAcceptor {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(made.key_pair.serialize_der()).unwrap();
    let mut config = ServerConfig::builder_with_provider(Arc::new(certificate::provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    TlsAcceptor::from(Arc::new(config))
}

/// TLS that takes whatever certificate is shown.
fn trusting() -> tokio_rustls::TlsConnector {
    use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
    use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
    use rustls::{ClientConfig, DigitallySignedStruct, Error, SignatureScheme};

    #[derive(Debug)]
    struct Any;
    impl ServerCertVerifier for Any {
        fn verify_server_cert(
            &self,
            _: &CertificateDer<'_>,
            _: &[CertificateDer<'_>],
            _: &ServerName<'_>,
            _: &[u8],
            _: UnixTime,
        ) -> Result<ServerCertVerified, Error> {
            Ok(ServerCertVerified::assertion())
        }
        fn verify_tls12_signature(
            &self,
            _: &[u8],
            _: &CertificateDer<'_>,
            _: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, Error> {
            Ok(HandshakeSignatureValid::assertion())
        }
        fn verify_tls13_signature(
            &self,
            _: &[u8],
            _: &CertificateDer<'_>,
            _: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, Error> {
            Ok(HandshakeSignatureValid::assertion())
        }
        fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
            certificate::provider()
                .signature_verification_algorithms
                .supported_schemes()
        }
    }
    let mut config = ClientConfig::builder_with_provider(Arc::new(certificate::provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Any))
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Arc::new(config).into()
}

#[tokio::test]
async fn in_requests_where_tls_is_looked_into() {
    let site = Site::new(1, "acme");
    let listening = Listening::new(&site).await;
    let mut tasks = JoinSet::new();
    let inspector = Inspector {
        beyond: listening.front,
        quiet: SOON,
        most: usize::MAX,
    };
    let port = inspector.start(&mut tasks).await;
    let mut office = Office::new(&site, CLOSED, by_tls(port));
    office.is_up(&[Carrier::Https]).await;
    an_outsider_is_served(&listening, &mut office).await;
    assert_eq!(
        office.status.borrow().values().next().unwrap().pipe,
        PipeState::Up(Carrier::Https)
    );
}

#[tokio::test]
async fn in_requests_now_and_then_where_those_that_wait_are_cut() {
    let site = Site::new(1, "acme");
    let listening = Listening::new(&site).await;
    let mut tasks = JoinSet::new();
    let inspector = Inspector {
        beyond: listening.front,
        quiet: Duration::from_secs(3),
        most: usize::MAX,
    };
    let port = inspector.start(&mut tasks).await;
    let mut office = Office::new(&site, CLOSED, by_tls(port));
    office.is_up(&[Carrier::HttpsPolling]).await;
    an_outsider_is_served(&listening, &mut office).await;
}

/// Connections end in the middle of requests and of answers, again and again, and the stream stays whole.
#[tokio::test]
async fn connections_that_break_lose_no_byte() {
    let site = Site::new(1, "acme");
    let listening = Listening::new(&site).await;
    let mut tasks = JoinSet::new();
    let inspector = Inspector {
        beyond: listening.front,
        quiet: SOON,
        // A body and a half.
        most: 400 * 1000,
    };
    let port = inspector.start(&mut tasks).await;
    let mut office = Office::new(&site, CLOSED, by_tls(port));
    let either = [Carrier::Https, Carrier::HttpsPolling];
    office.is_up(&either).await;
    an_outsider_is_served(&listening, &mut office).await;
    // It is the same pipe as before.
    office.is_up(&either).await;
}

/// A network that wants somebody to log in first answers everything itself.
#[tokio::test]
async fn a_page_to_log_in_is_no_gateway() {
    let site = Site::new(1, "acme");
    let (socket, port) = bind().await;
    let tls = inspecting();
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        loop {
            let (stream, _): (_, SocketAddr) = socket.accept().await.unwrap();
            let tls = tls.clone();
            tokio::spawn(async move {
                let Ok(mut stream) = tls.accept(stream).await else {
                    return;
                };
                drop(stream.read(&mut [0; 4096]).await);
                let page =
                    "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 5\r\n\r\nlogin";
                drop(stream.write_all(page.as_bytes()).await);
            });
        }
    });
    let mut office = Office::new(&site, CLOSED, by_tls(port));
    let (why, remedy) = office.is_down().await;
    assert!(
        why.contains("somebody else answers requests to localhost (status 200)"),
        "{why}"
    );
    assert!(remedy.unwrap().contains("log in to the network"));
}

/// What a gateway refuses it refuses by each way, and says why through each.
#[tokio::test]
async fn a_refusal_is_heard_through_requests() {
    let (site, other) = (Site::new(1, "acme"), Site::new(2, "other"));
    let listening = Listening::new(&site).await;
    let mut tasks = JoinSet::new();
    let inspector = Inspector {
        beyond: listening.front,
        quiet: SOON,
        most: usize::MAX,
    };
    let port = inspector.start(&mut tasks).await;
    let mut office = Office::new(&other, CLOSED, by_tls(port));
    let (why, _) = office.is_down().await;
    assert_eq!(why, "the gateway has no contract with this site");
}
