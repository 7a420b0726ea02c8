//! Outsiders' connections: the name that is asked for is read, and all bytes go to who has it. That is a door, or for
//! the gateway's own name the gateway.

use std::io::{self, Cursor};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use papermesh_frame::write_message;
use papermesh_pace::Pace;
use papermesh_pipe::Opener;
use papermesh_protocol::gateway::hello::{self, Alert, ClientHello, Progress};
use papermesh_protocol::gateway::message::{Address, Head, Knock};
use papermesh_protocol::gateway::name::HostName;
use papermesh_protocol::gateway::page::KnockId;
use papermesh_protocol::id::SiteId;
use papermesh_protocol::limits;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::clock;
use crate::crowd::Crowd;
use crate::knocked::{Noted, Seated};
use crate::ledger::Ledger;
use crate::own::{self, Own, Visit};
use crate::places::{Fate, Places};
use crate::proxied::{self, Proxies};
use crate::splice::splice;
use crate::turns::{Seat, Turns};

/// How long an outsider may take for the ClientHello.
const HELLO: Duration = Duration::from_secs(5);
/// How long a door may take to open a stream.
const OPEN: Duration = Duration::from_secs(5);
/// How long an outsider may take to hear that the connection ends.
const FAREWELL: Duration = Duration::from_secs(5);
/// How long it is waited when the system has no room for a connection.
const NO_ROOM: Duration = Duration::from_millis(200);
/// The port where nothing but TLS is answered.
const HTTPS: u16 = 443;
/// The answer to IPP without TLS.
const UPGRADE: &[u8] = b"HTTP/1.1 426 Upgrade Required\r\nUpgrade: TLS/1.2, HTTP/1.1\r\n\
    Connection: Upgrade, close\r\nContent-Type: text/plain\r\nContent-Length: 13\r\n\r\nuse ipps://\r\n";
/// Bytes of a ClientHello that are expected: most have fewer.
const EXPECTED: usize = 2048;
/// Pieces in which a ClientHello may come.
const READS: usize = 64;
/// Outsiders at once.
const OUTSIDERS: usize = 20_000;
/// How often one network may come: an IPv4 address, or 64 bits of IPv6, which is what one customer has.
const EACH: Pace = Pace {
    burst: 100,
    every: Duration::from_millis(50),
};
/// How often all together may.
const ALL: Pace = Pace {
    burst: 20_000,
    every: Duration::from_micros(500),
};

/// What every outsider's connection needs.
pub(crate) struct Front {
    places: Arc<Places>,
    ledger: Arc<Ledger>,
    own: Own,
    proxies: Proxies,
    turns: Turns,
    crowd: Crowd,
}

impl Front {
    pub(crate) fn new(
        places: Arc<Places>,
        ledger: Arc<Ledger>,
        own: Own,
        proxies: Proxies,
    ) -> Self {
        Self {
            places,
            ledger,
            own,
            proxies,
            turns: Turns::new(OUTSIDERS, EACH, ALL),
            crowd: Crowd::default(),
        }
    }

    /// A turn for an outsider from there; none if that network comes too often, or there is no room. Where there is
    /// hardly any, others give way.
    fn turn(&self, from: IpAddr) -> Option<Seat> {
        if self.turns.are_nearly_all_taken() {
            self.crowd.make_room(clock::steady());
        }
        self.turns.take(from)
    }

    /// Serves all who come to a socket until the gateway stops, and then those who are there.
    pub(crate) async fn serve(self: Arc<Self>, socket: TcpListener, stop: CancellationToken) {
        let at = socket.local_addr().map_or(0, |address| address.port());
        let mut outsiders = JoinSet::new();
        loop {
            let accepted = tokio::select! {
                accepted = socket.accept() => accepted,
                Some(_) = outsiders.join_next() => continue,
                () = stop.cancelled() => break,
            };
            match accepted {
                Ok((mut stream, from)) if self.proxies.has(from.ip()) => {
                    // Their turn is that of those for whom they speak.
                    if outsiders.len() < 2 * OUTSIDERS + own::ROOM {
                        let front = Arc::clone(&self);
                        outsiders.spawn(async move {
                            let said = proxied::origin(&mut stream, from).await;
                            if let Some(from) = said
                                && let Some(turn) = front.turn(from.ip())
                            {
                                front.outsider(stream, (from, turn), at).await;
                            }
                        });
                    }
                }
                Ok((stream, from)) => {
                    // Whoever comes too often, or when there is no room, is closed at once.
                    let Some(turn) = self.turn(from.ip()) else {
                        continue;
                    };
                    let front = Arc::clone(&self);
                    outsiders.spawn(async move {
                        front.outsider(stream, (from, turn), at).await;
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "connection not accepted");
                    sleep(NO_ROOM).await;
                }
            }
        }
        drop(socket);
        while outsiders.join_next().await.is_some() {}
    }

    /// Serves an outsider, who has a seat until it is served. At the gateway's own name there are others: doors there
    /// and outsiders take nothing from each other.
    async fn outsider(&self, mut stream: TcpStream, (from, seat): (SocketAddr, Seat), at: u16) {
        // TLS handshakes are short messages that the other end waits for.
        drop(stream.set_nodelay(true));
        let mut said = Vec::with_capacity(EXPECTED);
        let name = match timeout(HELLO, ask(&mut stream, &mut said)).await {
            Ok(Some(Ok(hello))) => match hello.server_name {
                Some(name) => name,
                // Who asks for no name may ask by a path.
                None if self.own.terminates() => self.own.name().clone(),
                None => return farewell(stream, Alert::UnrecognizedName).await,
            },
            Ok(Some(Err(alert))) => return farewell(stream, alert).await,
            // It hung up, says nothing, or speaks something else.
            Ok(None) | Err(_) => {
                if at != HTTPS && said.first().is_some_and(u8::is_ascii_uppercase) {
                    upgrade(stream).await;
                }
                return;
            }
        };
        if self.own.is(&name) {
            let Some(own) = self.own.seat(from.ip()) else {
                return;
            };
            drop(seat);
            self.own
                .serve(replayed(stream, said), Visit { from, at })
                .await;
            return drop(own);
        }
        let (knock, fate) = self.places.knock(&name, clock::moment());
        let knock = Seated {
            places: Arc::clone(&self.places),
            knock,
        };
        let gone = async {
            // Before it has an answer an outsider says no more; bytes would wait in the system.
            let mut more = [0];
            matches!(stream.peek(&mut more).await, Ok(0) | Err(_))
        };
        let fate = tokio::select! {
            fate = fate => fate,
            true = gone => return,
        };
        match fate {
            Ok(Fate::Serve { opener, site }) => {
                let visitor = Visitor {
                    name,
                    from,
                    at,
                    number: knock.knock,
                };
                self.pass(stream, &said, visitor, (&opener, site)).await;
            }
            Ok(Fate::Refuse) => farewell(stream, Alert::UnrecognizedName).await,
            Ok(Fate::Alert) | Err(_) => farewell(stream, Alert::InternalError).await,
        }
    }

    /// Passes everything between an outsider and a door.
    async fn pass(
        &self,
        stream: TcpStream,
        said: &[u8],
        visitor: Visitor,
        (opener, site): (&Opener, SiteId),
    ) {
        let head = Head::Knock(visitor.knock());
        let opened = async {
            let mut door = opener.open().await?;
            write_message(&mut door, &head, limits::PIPE_HEAD)
                .await
                .ok()?;
            door.write_all(said).await.ok()?;
            Some(door)
        };
        let Ok(Some(door)) = timeout(OPEN, opened).await else {
            return farewell(stream, Alert::InternalError).await;
        };
        let noted = Noted {
            places: Arc::clone(&self.places),
            ledger: Arc::clone(&self.ledger),
            site,
            moved: Arc::default(),
        };
        noted.moved.add_inward(said.len());
        let served = self.crowd.serve(clock::steady());
        let on_move = || served.moved(clock::steady());
        tokio::select! {
            ended = splice(stream, door, &noted.moved, on_move) => if let Err(error) = ended {
                tracing::trace!(%error, "a knock broke off");
            },
            () = served.gives_way() => tracing::debug!("a quiet knock gave way to another"),
        }
    }
}

/// An outsider whose name was read.
struct Visitor {
    name: HostName,
    from: SocketAddr,
    at: u16,
    number: KnockId,
}

impl Visitor {
    fn knock(self) -> Knock {
        Knock {
            name: self.name,
            address: Address(self.from.ip().to_canonical()),
            port: self.from.port(),
            at: self.at,
            number: self.number.0,
            time: clock::now(),
        }
    }
}

/// A connection from its first byte on, though some were read already.
fn replayed(stream: TcpStream, said: Vec<u8>) -> impl AsyncRead + AsyncWrite + Unpin + Send {
    let (from_outsider, to_outsider) = stream.into_split();
    tokio::io::join(Cursor::new(said).chain(from_outsider), to_outsider)
}

/// Reads what is asked for; what was read stays in `said`. None if the outsider is not to be answered at
/// all.
async fn ask(stream: &mut TcpStream, said: &mut Vec<u8>) -> Option<Result<ClientHello, Alert>> {
    // Each read looks at all of it again: a client that sends byte by byte is none.
    for _ in 0..READS {
        if stream.read_buf(said).await.ok()? == 0 {
            return None;
        }
        match hello::read(said) {
            Ok(Progress::More) => {}
            Ok(Progress::Done(hello)) => return Some(Ok(hello)),
            Err(hello::HelloError::NotTls) => return None,
            Err(_) => return Some(Err(Alert::UnrecognizedName)),
        }
    }
    None
}

/// Tells a program that speaks IPP without TLS that it has to.
async fn upgrade(mut stream: TcpStream) {
    let said = async {
        stream.write_all(UPGRADE).await?;
        stream.shutdown().await?;
        // The rest of what it says is read, or the system would take the answer back.
        let mut rest = [0; 8 * 1024];
        while stream.read(&mut rest).await? > 0 {}
        Ok::<_, io::Error>(())
    };
    drop(timeout(FAREWELL, said).await);
}

/// Tells an outsider in TLS that the connection ends, and ends it.
async fn farewell(mut stream: TcpStream, alert: Alert) {
    let said = async {
        stream.write_all(&hello::alert(alert)).await?;
        stream.shutdown().await
    };
    drop(timeout(FAREWELL, said).await);
}
