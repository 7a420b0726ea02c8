//! The only way out of an office: a program between two networks that lets out what it is told to and nothing else.

use std::fs::File;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::os::fd::AsFd;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::thread::JoinHandle;
use std::time::Duration;

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error, ServerConfig, SignatureScheme};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::{TlsAcceptor, TlsConnector};
use tokio_util::sync::CancellationToken;

use crate::network::Namespace;

/// The port of the proxy.
pub const PROXY: u16 = 3128;
/// Who may use it, as an HTTP proxy is written in an address.
pub const PROXY_USER: &str = "ann:secret";
/// The same as HTTP Basic says it.
const PROXY_BASIC: &str = "basic yw5uonnly3jlda==";

/// What gets out.
#[derive(Clone, Debug)]
pub enum LetsOut {
    /// TCP to these ports.
    Ports(Vec<u16>),
    /// What asks a proxy for port 443, and says who it is.
    Proxied,
    /// HTTPS to port 443, into which it looks: TLS ends here and begins anew, and what speaks no HTTP is refused.
    /// Connections that are quiet for so long are cut.
    Inspected(Duration),
}

/// The way out; it is closed when this is dropped, with all connections through it.
#[derive(Debug)]
pub struct Exit {
    stop: CancellationToken,
    serving: Option<JoinHandle<()>>,
}

impl Exit {
    /// Opens it in a namespace that is plugged to both networks. Whatever comes out goes to `beyond`.
    ///
    /// # Panics
    /// If it cannot be opened.
    #[must_use]
    pub fn open(namespace: &Namespace, beyond: Ipv4Addr, lets: LetsOut) -> Self {
        let path = Path::new("/run/netns").join(namespace.name());
        let file = File::open(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let (opened, is_open) = channel();
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        let serving = std::thread::spawn(move || {
            // Of this thread alone: all sockets that it makes are there.
            move_into_link_name_space(file.as_fd(), Some(LinkNameSpaceType::Network))
                .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap_or_else(|error| panic!("{error}"));
            runtime.block_on(async {
                let mut serving = JoinSet::new();
                for (port, way) in ways(&lets) {
                    let socket = TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).await;
                    let socket = socket.unwrap_or_else(|error| panic!("port {port}: {error}"));
                    serving.spawn(serve(socket, way, IpAddr::V4(beyond)));
                }
                let _ = opened.send(());
                stopped.cancelled().await;
            });
        });
        is_open
            .recv()
            .unwrap_or_else(|_| panic!("the way out is not open"));
        Self {
            stop,
            serving: Some(serving),
        }
    }
}

impl Drop for Exit {
    fn drop(&mut self) {
        self.stop.cancel();
        if let Some(serving) = self.serving.take() {
            // What went wrong there the test has seen.
            let _ = serving.join();
        }
    }
}

/// What is done with a connection.
#[derive(Clone)]
enum Way {
    /// It goes to the same port.
    Through(u16),
    /// It asks first.
    Proxy,
    /// It is looked into.
    Inspected(TlsAcceptor, TlsConnector, Duration),
}

fn ways(lets: &LetsOut) -> Vec<(u16, Way)> {
    match lets {
        LetsOut::Ports(ports) => ports
            .iter()
            .map(|port| (*port, Way::Through(*port)))
            .collect(),
        LetsOut::Proxied => vec![(PROXY, Way::Proxy)],
        LetsOut::Inspected(quiet) => {
            let (inside, outside) = tls().unwrap_or_else(|error| panic!("{error}"));
            vec![(443, Way::Inspected(inside, outside, *quiet))]
        }
    }
}

async fn serve(socket: TcpListener, way: Way, beyond: IpAddr) {
    while let Ok((stream, _)) = socket.accept().await {
        let way = way.clone();
        // A connection that breaks is none of the others' business.
        tokio::spawn(async move {
            let _ = match way {
                Way::Through(port) => through(stream, SocketAddr::new(beyond, port)).await,
                Way::Proxy => proxy(stream, SocketAddr::new(beyond, 443)).await,
                Way::Inspected(inside, outside, quiet) => {
                    inspect(
                        stream,
                        (inside, outside),
                        SocketAddr::new(beyond, 443),
                        quiet,
                    )
                    .await
                }
            };
        });
    }
}

async fn through(mut stream: TcpStream, to: SocketAddr) -> std::io::Result<()> {
    let mut beyond = TcpStream::connect(to).await?;
    tokio::io::copy_bidirectional(&mut stream, &mut beyond).await?;
    Ok(())
}

async fn proxy(mut stream: TcpStream, to: SocketAddr) -> std::io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") && head.len() < 8192 {
        head.push(stream.read_u8().await?);
    }
    let head = String::from_utf8_lossy(&head).to_lowercase();
    let refusal = if !head.contains(&format!("proxy-authorization: {PROXY_BASIC}\r\n")) {
        "407 Proxy Authentication Required"
    } else if !head.starts_with("connect ") || !head.contains(":443 http/1.1\r\n") {
        "403 Forbidden"
    } else {
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await?;
        return through(stream, to).await;
    };
    let answer = format!("HTTP/1.1 {refusal}\r\nContent-Length: 0\r\n\r\n");
    stream.write_all(answer.as_bytes()).await
}

async fn inspect(
    stream: TcpStream,
    (inside, outside): (TlsAcceptor, TlsConnector),
    to: SocketAddr,
    quiet: Duration,
) -> std::io::Result<()> {
    let stream = inside.accept(stream).await?;
    let name = stream.get_ref().1.server_name().unwrap_or("unnamed");
    let name = ServerName::try_from(name.to_owned()).map_err(std::io::Error::other)?;
    let beyond = outside.connect(name, TcpStream::connect(to).await?).await?;
    pass(stream, beyond, quiet).await
}

/// Passes bytes both ways until one end hangs up, or nothing moved for so long.
async fn pass<A, B>(inside: A, outside: B, quiet: Duration) -> std::io::Result<()>
where
    A: AsyncRead + AsyncWrite,
    B: AsyncRead + AsyncWrite,
{
    let (mut from_inside, mut to_inside) = tokio::io::split(inside);
    let (mut from_outside, mut to_outside) = tokio::io::split(outside);
    let (mut going_out, mut coming_in) = (vec![0; 16 * 1024], vec![0; 16 * 1024]);
    loop {
        tokio::select! {
            read = from_inside.read(&mut going_out) => match read? {
                0 => return Ok(()),
                read => {
                    to_outside.write_all(&going_out[..read]).await?;
                    to_outside.flush().await?;
                }
            },
            read = from_outside.read(&mut coming_in) => match read? {
                0 => return Ok(()),
                read => {
                    to_inside.write_all(&coming_in[..read]).await?;
                    to_inside.flush().await?;
                }
            },
            () = tokio::time::sleep(quiet) => return Ok(()),
        }
    }
}

/// TLS with who is inside, under a certificate of the office's own, and with who is outside. Both speak HTTP only.
fn tls() -> Result<(TlsAcceptor, TlsConnector), Box<dyn std::error::Error>> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let made = rcgen::generate_simple_self_signed(vec![crate::gateway::DOMAIN.to_owned()])?;
    let key = PrivateKeyDer::try_from(made.key_pair.serialize_der())?;
    let mut inside = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)?;
    let mut outside = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anybody(provider)))
        .with_no_client_auth();
    let http = vec![b"http/1.1".to_vec()];
    inside.alpn_protocols.clone_from(&http);
    outside.alpn_protocols = http;
    Ok((Arc::new(inside).into(), Arc::new(outside).into()))
}

/// Takes any certificate: the gateway of a test has one that it made itself.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
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
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
