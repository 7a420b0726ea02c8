//! A running gateway: its sockets, and what goes on beside them.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use papermesh_dns::Dns;
use papermesh_pace::Pace;
use papermesh_protocol::gateway::description::{Description, Offered};
use papermesh_protocol::gateway::{carrier, hello};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, sleep};
use tokio_util::sync::CancellationToken;

use crate::certificate::OwnCertificate;
use crate::clock;
use crate::contracts::Contracts;
use crate::doors::Doors;
use crate::front::Front;
use crate::home::{Home, Settings};
use crate::ledger::Ledger;
use crate::name_owners::NameOwners;
use crate::own::Own;
use crate::own_names::{self, Names};
use crate::owners::Owners;
use crate::places::Places;
use crate::post;
use crate::proxied::Proxies;
use crate::requests::Requests;
use crate::terminated::{Aliases, Terminated};
use crate::turns::Turns;
use crate::web::Web;

/// The port where doors dial that reach no other.
const HTTPS: u16 = 443;
/// How often pages are told the time, and contracts looked at.
const TICK: Duration = Duration::from_secs(1);
/// How often the ledger is written.
const WRITE: Duration = Duration::from_secs(60);
/// How often every door is judged again: certificates end, and so do contracts.
const LOOK: Duration = Duration::from_secs(10);
/// How long outsiders who are served may go on when the gateway stops.
const DRAIN: Duration = Duration::from_secs(30);
/// How long it is waited when the system has no room for a connection.
const NO_ROOM: Duration = Duration::from_millis(200);
/// Doors at once, at all sockets together.
const DOORS: usize = 20_000;
/// How often one network may dial: all doors of a site come from one, perhaps, and at one moment.
const EACH: Pace = Pace {
    burst: 1000,
    every: Duration::from_millis(5),
};
/// How often all together may.
const ALL: Pace = Pace {
    burst: 20_000,
    every: Duration::from_micros(500),
};

/// Where a gateway listens.
#[derive(Clone, Debug)]
pub(crate) struct Listen {
    /// For outsiders.
    pub(crate) front: Vec<SocketAddr>,
    /// For doors.
    pub(crate) pipes: Vec<SocketAddr>,
}

/// Runs the gateway until it is told to stop.
pub(crate) async fn run(
    home: &Home,
    listen: Listen,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let settings = home.settings()?;
    let contracts = Contracts::open(home.contracts())?;
    let ledger = Arc::new(Ledger::open(home.ledger()));
    let owners = Owners::open(home.places())?;
    let names = (settings.domain.clone(), settings.timers.timers()?);
    let (mail, post) = match &settings.mail {
        Some(said) => {
            let (mail, post) = post::open(home, said)?;
            (Some(mail), Some(post))
        }
        None => (None, None),
    };
    let own_names = Names::kept(NameOwners::open(home.names())?, clock::steady());
    let mut places = Places::new(names, owners, mail).with_names(own_names);
    if settings.terminated.is_some() {
        places = places.with_aliases(Aliases::open(home.aliases())?);
    }
    let places = Arc::new(places);
    let doors = Doors::new(home.key()?, contracts, Arc::clone(&places), home.papers())?;
    let doors = Arc::new(doors);
    doors.look_again();
    let files = settings.certificate_files(home.path())?;
    let certificate = Arc::new(OwnCertificate::new(&settings.domain, files)?);
    let terminated = settings.terminated.map(|said| {
        tracing::warn!("places whose sites allow it are read by this gateway");
        Terminated::new(Arc::clone(&places), Arc::clone(&ledger), said.expp)
    });
    let own = own(home, &settings, &listen, (&certificate, &doors, terminated))?;
    let front = Front::new(
        Arc::clone(&places),
        Arc::clone(&ledger),
        own,
        Proxies::new(&settings.proxies),
    );
    let front = Arc::new(front);

    let mut tasks = JoinSet::new();
    tasks.spawn(certificate.keep());
    // Doors that wait for the gateway find the better way first.
    let turns = doors_turns();
    for address in listen.pipes {
        let socket = socket(address).await?;
        tracing::info!(address = %socket.local_addr()?, "doors are heard");
        tasks.spawn(hear(
            socket,
            (Arc::clone(&doors), turns.clone()),
            stop.clone(),
        ));
    }
    for address in listen.front {
        let socket = socket(address).await?;
        tracing::info!(address = %socket.local_addr()?, "outsiders are heard");
        tasks.spawn(Arc::clone(&front).serve(socket, stop.clone()));
    }
    let (dns, domain) = (Dns::new(&settings.resolver)?, settings.domain.clone());
    tasks.spawn(own_names::keep(Arc::clone(&places), dns, domain));
    tasks.spawn(keep_time(Arc::clone(&places), Arc::clone(&doors)));
    tasks.spawn(keep_ledger(Arc::clone(&ledger)));
    if let Some(post) = post {
        tasks.spawn(post.run(Arc::clone(&places), Arc::clone(&ledger)));
    }
    tracing::info!(domain = %settings.domain, "the gateway is up");

    stop.cancelled().await;
    places.drain(u16::try_from(DRAIN.as_secs()).unwrap_or(u16::MAX));
    let served = async {
        while places.served() > 0 {
            sleep(TICK).await;
        }
    };
    drop(tokio::time::timeout(DRAIN, served).await);
    tasks.shutdown().await;
    tokio::task::spawn_blocking(move || ledger.write(clock::now())).await?;
    Ok(())
}

/// The turns of doors that dial the port for pipes.
pub(crate) fn doors_turns() -> Turns {
    Turns::new(DOORS, EACH, ALL)
}

/// What answers to the gateway's own name.
fn own(
    home: &Home,
    settings: &Settings,
    listen: &Listen,
    (certificate, doors, terminated): (&Arc<OwnCertificate>, &Arc<Doors>, Option<Terminated>),
) -> anyhow::Result<Own> {
    let (key, terms) = (home.key()?, settings.https.terms()?);
    let description = Description {
        version: 1,
        key: papermesh_pipe::gateway_id(&key).context("the gateway's key cannot be used")?,
        domain: settings.domain.clone(),
        carriers: vec![
            Offered::Tcp {
                port: settings.pipe_port,
            },
            Offered::Tls {
                port: HTTPS,
                alpn: String::from_utf8_lossy(hello::PIPE).into_owned(),
            },
            Offered::Https {
                port: HTTPS,
                path: carrier::PATH.to_owned(),
                wait: terms.wait.as_secs(),
                poll: terms.poll.as_secs(),
            },
        ],
        ipps: listen.front.iter().map(SocketAddr::port).collect(),
        terminated: settings.terminated.is_some(),
        wakes_from: settings.mail.as_ref().map(|mail| mail.from.clone()),
    };
    let web = Web::new(Requests::new(Arc::clone(doors), terms), &description, &key)?;
    let web = web.with_terminated(terminated);
    let (name, certificate) = (settings.domain.host_name().clone(), Arc::clone(certificate));
    Own::new(name, certificate, Arc::clone(doors), Arc::new(web))
}

async fn socket(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address)
        .await
        .with_context(|| format!("cannot listen on {address}"))
}

/// Serves all doors that come to a socket.
pub(crate) async fn hear(
    socket: TcpListener,
    (doors, turns): (Arc<Doors>, Turns),
    stop: CancellationToken,
) {
    let mut serving = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = socket.accept() => accepted,
            Some(_) = serving.join_next() => continue,
            () = stop.cancelled() => break,
        };
        match accepted {
            Ok((stream, from)) => {
                // Whoever comes too often, or when there is no room, is closed at once.
                let Some(turn) = turns.take(from.ip()) else {
                    continue;
                };
                drop(stream.set_nodelay(true));
                let doors = Arc::clone(&doors);
                serving.spawn(async move {
                    doors.serve(stream, from).await;
                    drop(turn);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "connection not accepted");
                sleep(NO_ROOM).await;
            }
        }
    }
    drop(socket);
    while serving.join_next().await.is_some() {}
}

async fn keep_time(places: Arc<Places>, doors: Arc<Doors>) {
    let (mut ticks, mut looks) = (interval(TICK), interval(LOOK));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => places.tick(clock::moment()),
            _ = looks.tick() => {
                let reading = Arc::clone(&doors);
                drop(tokio::task::spawn_blocking(move || reading.contracts.refresh()).await);
                doors.look_again();
            }
        }
    }
}

async fn keep_ledger(ledger: Arc<Ledger>) {
    let mut writes = interval(WRITE);
    loop {
        writes.tick().await;
        let ledger = Arc::clone(&ledger);
        drop(tokio::task::spawn_blocking(move || ledger.write(clock::now())).await);
    }
}
