//! The part that is all doors: each has a key and a certificate of its own, keeps a pipe, opens a place, and dials again
//! when the pipe ended, as a node does. Outsiders who come through are served by all in the same way, and so are those
//! who come without a gateway.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Error, Result, bail, ensure};
use papermesh_frame::{read_message, write_message};
use papermesh_pipe::{Pipe, PipeStream, dial};
use papermesh_protocol::gateway::message::{Connected, FromDoor, FromGateway, Head, Hello, Place};
use papermesh_protocol::id::GatewayId;
use papermesh_protocol::limits;
use rand::RngExt;
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::PrivateKeyDer;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;

use super::{running, source};
use crate::part;
use crate::site::Site;

/// The name of the part.
pub(crate) const PART: &str = "gateway-doors";
/// What an outsider says after its ClientHello: send back what comes,
pub(super) const ECHO: u8 = b'e';
/// or take all of it and say how much it was.
pub(super) const TAKE: u8 = b't';

/// Doors of one network, as the gateway counts: an office.
const OFFICE: u32 = 500;
/// The first wait after a failure; it doubles, and is spread as that of a node is.
const FIRST: Duration = Duration::from_secs(1);
/// The longest.
const LONGEST: Duration = Duration::from_secs(300);
const SPREAD: f64 = 0.25;
/// A pipe is not waited for longer than that.
const UP: Duration = Duration::from_secs(300);
/// Bytes of one read.
const BUFFER: usize = 64 * 1024;

/// What the doors are told.
#[derive(Serialize, Deserialize)]
pub(crate) struct Doors {
    /// Where the gateway hears doors.
    pub(super) pipes: SocketAddr,
    /// Its key.
    pub(super) key: GatewayId,
    /// How many there are.
    pub(super) count: u32,
}

/// Where outsiders are served without a gateway.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(super) struct Served {
    /// As they come.
    pub(super) plain: SocketAddr,
    /// Within one more TLS, which ends here.
    pub(super) encrypted: SocketAddr,
}

/// What happened since the last time that somebody asked.
#[derive(Clone, Copy, Default, Serialize, Deserialize)]
pub(crate) struct Tally {
    /// Places that are open.
    up: u32,
    /// Times that a connection was made and no pipe came of it.
    pub(super) failed: u32,
    /// Times that nobody listened.
    pub(super) unheard: u32,
}

/// What all doors share.
struct Shared {
    site: Site,
    doors: Doors,
    tally: watch::Sender<Tally>,
}

impl Shared {
    fn note(&self, change: impl FnOnce(&mut Tally)) {
        self.tally.send_modify(change);
    }
}

/// The process: says where it serves those who come without a gateway, then, as often as it is asked, waits until all
/// places are open.
pub(crate) async fn serve(doors: Doors) -> Result<()> {
    let (plain, encrypted) = (bind().await?, bind().await?);
    part::say(&Served {
        plain: plain.local_addr()?,
        encrypted: encrypted.local_addr()?,
    })?;
    tokio::spawn(serve_plain(plain));
    tokio::spawn(serve_encrypted(encrypted, acceptor()?));
    let count = doors.count;
    let shared = Arc::new(Shared {
        site: Site::new()?,
        doors,
        tally: watch::Sender::default(),
    });
    for number in 0..count {
        tokio::spawn(door(Arc::clone(&shared), number));
    }
    while let Some(()) = part::told().await? {
        let mut tally = shared.tally.subscribe();
        // Those whose gateway was killed have to notice it first, or the pipes of before would be counted.
        sleep(Duration::from_millis(500)).await;
        let all = tally.wait_for(|tally| tally.up == count);
        match timeout(UP, all).await {
            Ok(all) => drop(all?),
            Err(_) => bail!("{} of {count} places are open", shared.tally.borrow().up),
        }
        let so_far = shared.tally.send_replace(Tally {
            up: count,
            ..Tally::default()
        });
        part::say(&so_far)?;
    }
    Ok(())
}

/// One door, for ever.
async fn door(shared: Arc<Shared>, number: u32) {
    let Ok((seed, hello)) = shared.site.door(number) else {
        return;
    };
    let mut wait = FIRST;
    loop {
        match connect(&shared, number).await {
            Ok(stream) => match session(&shared, stream, number, (&seed, &hello)).await {
                Ok(()) => wait = FIRST,
                Err(error) => {
                    if shared.tally.borrow().failed == 0 {
                        eprintln!("the first door that failed: {error:#}");
                    }
                    shared.note(|tally| tally.failed += 1);
                }
            },
            Err(_) => shared.note(|tally| tally.unheard += 1),
        }
        let spread = rand::rng().random_range(-SPREAD..=SPREAD);
        sleep(wait.mul_f64(1.0 + spread)).await;
        wait = (2 * wait).min(LONGEST);
    }
}

async fn connect(shared: &Shared, number: u32) -> Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(source(1, number / OFFICE))?;
    let stream = socket.connect(shared.doors.pipes).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// A pipe from its beginning to its end.
///
/// # Errors
/// Why it did not come so far that the place was open.
async fn session(
    shared: &Shared,
    stream: TcpStream,
    number: u32,
    (seed, hello): (&[u8; 32], &Hello),
) -> Result<()> {
    let (mut pipe, _) = dial(stream, seed, shared.doors.key, hello).await?;
    let Some(mut control) = pipe.opener().open().await else {
        bail!("the pipe ended");
    };
    write_message(&mut control, &Head::Control, limits::PIPE_HEAD).await?;
    let Ok(label) = running::label(number).parse() else {
        bail!("a label that is none");
    };
    let place = Place {
        label: Some(label),
        own_names: Vec::new(),
        connected: Connected::Always,
    };
    write_message(&mut control, &FromDoor::Open(place), limits::PIPE_MESSAGE).await?;
    let opened = read_message(&mut control, limits::PIPE_MESSAGE, limits::PIPE_SILENCE).await?;
    let Some(FromGateway::Opened { .. }) = opened else {
        bail!("the place is not open: {opened:?}");
    };
    shared.note(|tally| tally.up += 1);
    tokio::select! {
        () = listen(control) => {}
        () = knocks(&mut pipe) => {}
    }
    shared.note(|tally| tally.up -= 1);
    Ok(())
}

/// Answers the gateway until it says nothing any more.
async fn listen(mut control: PipeStream) {
    loop {
        let said = read_message(&mut control, limits::PIPE_MESSAGE, limits::PIPE_SILENCE).await;
        match said {
            Ok(Some(FromGateway::Ping)) => {
                let pong = write_message(&mut control, &FromDoor::Pong, limits::PIPE_MESSAGE);
                if pong.await.is_err() {
                    return;
                }
            }
            Ok(Some(_)) => {}
            Ok(None) | Err(_) => return,
        }
    }
}

async fn knocks(pipe: &mut Pipe) {
    while let Some(mut stream) = pipe.next().await {
        tokio::spawn(async move {
            let head = read_message(&mut stream, limits::PIPE_HEAD, limits::PIPE_SILENCE).await;
            if let Ok(Some(Head::Knock(_))) = head {
                // Outsiders go when they like.
                let _ = outsider(stream).await;
            }
        });
    }
}

async fn serve_plain(socket: TcpListener) {
    while let Ok((stream, _)) = socket.accept().await {
        tokio::spawn(async move {
            let _ = stream.set_nodelay(true);
            let _ = outsider(stream).await;
        });
    }
}

async fn bind() -> Result<TcpListener> {
    Ok(TcpListener::bind("127.0.0.1:0").await?)
}

/// TLS with a certificate that nobody verifies.
fn acceptor() -> Result<TlsAcceptor> {
    let made = rcgen::generate_simple_self_signed(["door.test".to_owned()])?;
    let key = PrivateKeyDer::try_from(made.key_pair.serialize_der()).map_err(Error::msg)?;
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

async fn serve_encrypted(socket: TcpListener, tls: TlsAcceptor) {
    while let Ok((stream, _)) = socket.accept().await {
        let tls = tls.clone();
        tokio::spawn(async move {
            let _ = stream.set_nodelay(true);
            if let Ok(stream) = tls.accept(stream).await {
                let _ = outsider(stream).await;
            }
        });
    }
}

/// Serves an outsider, whose first record is its ClientHello.
async fn outsider(mut stream: impl AsyncRead + AsyncWrite + Unpin) -> Result<()> {
    let mut record = [0; 5];
    stream.read_exact(&mut record).await?;
    ensure!(record[0] == 22, "no handshake of TLS");
    let length = usize::from(u16::from_be_bytes([record[3], record[4]]));
    stream.read_exact(&mut vec![0; length]).await?;
    match stream.read_u8().await? {
        ECHO => {
            let mut buffer = vec![0; 1024];
            loop {
                match stream.read(&mut buffer).await? {
                    0 => break,
                    read => stream.write_all(&buffer[..read]).await?,
                }
                stream.flush().await?;
            }
        }
        TAKE => {
            let (mut buffer, mut taken) = (vec![0; BUFFER], 0);
            loop {
                match stream.read(&mut buffer).await? {
                    0 => break,
                    read => taken += read as u64,
                }
            }
            stream.write_u64(taken).await?;
            stream.flush().await?;
        }
        other => bail!("what is {other}?"),
    }
    stream.shutdown().await?;
    Ok(())
}
