//! A real `papermesh-gateway`, many doors that keep pipes to it, and outsiders who knock: what an idle pipe costs, how
//! soon all are back after a restart, how many knocks it takes, and how fast bytes pass through it. Beside haproxy,
//! which routes TLS by the name in it as well, over one connection to the inside for each outsider and in clear.
//!
//! - [`doors`] and [`outsiders`] are parts: processes of their own, which speak the real protocols
//! - [`running`] starts the gateway; [`haproxy`] what it is compared with
//! - [`printing`] has a real node behind it

pub(crate) mod doors;
mod haproxy;
mod hello;
pub(crate) mod outsiders;
pub(crate) mod printing;
mod running;

use std::net::{Ipv4Addr, SocketAddr};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::Scale;
use crate::part::Part;
use crate::processor;
use crate::table::{Row, Speed, Waits};
use doors::{Doors, Served};
use haproxy::Haproxy;
use outsiders::{Knocked, Order};
use running::Running;

/// Memory of one idle pipe, in KiB.
const PIPE: f64 = 40.0;
/// Processor time that all of them may take, in percent of a core.
const PROCESSOR: f64 = 5.0;
/// How soon all are back after a restart.
const BACK: f64 = 60.0;
/// Doors that may have to dial once more then, in percent.
const REFUSED: f64 = 1.0;
/// Knocks in a second.
const KNOCKS: f64 = 500.0;
/// Outsiders who knock at once.
const AT_ONCE: usize = 64;
/// Gigabits that a core passes on in a second.
const A_CORE: f64 = 1.0;
/// How long a round trip through the gateway may take.
const ROUND_TRIP: Duration = Duration::from_millis(2);
/// Round trips that are measured.
const ROUND_TRIPS: usize = 5000;
/// How long it is waited before memory is looked at: what the beginning needed is given back by then.
const SETTLED: Duration = Duration::from_secs(3);
/// Files of a process that are no connections, with room to spare.
const FILES: u64 = 400;

/// The gateway with all its doors, and outsiders.
struct Scene {
    gateway: Running,
    doors: Part,
    /// Where the doors serve outsiders without a gateway.
    served: Served,
    outsiders: Part,
    count: u32,
}

impl Scene {
    fn new(count: u32) -> Result<Self> {
        let gateway = Running::start(count)?;
        let with = Doors {
            pipes: gateway.pipes(),
            key: gateway.key(),
            count,
        };
        let (mut doors, served) = Part::start(doors::PART, &with)?;
        let _: doors::Tally = doors.ask(&())?;
        let (outsiders, ()) = Part::start(outsiders::PART, &())?;
        Ok(Self {
            gateway,
            doors,
            served,
            outsiders,
            count,
        })
    }

    /// A name that leads to a door.
    fn name(&self, number: u32) -> String {
        running::name(number % self.count)
    }
}

/// Idle pipes, a restart, knocks.
pub(crate) fn pipes(scale: Scale) -> Result<Vec<Row>> {
    let room = allow_files()?;
    // The gateway has a connection for each door, and a few besides.
    let count = scale.pipes.min(u32::try_from(room - FILES)?);
    let before = Running::start(count)?.memory();
    let mut scene = Scene::new(count)?;
    let peer = idle_peer(&mut scene, count.min(u32::try_from((room - FILES) / 2)?))?;
    sleep(SETTLED);
    let each = kibibytes(scene.gateway.memory().saturating_sub(before)) / f64::from(count);
    let mut rows = vec![Row::at_most(
        &format!("memory of each of {count} idle pipes"),
        &peer,
        (each, "KiB"),
        PIPE,
    )];

    let busy = processor::time(scene.gateway.id())?;
    sleep(scale.idle);
    let busy = processor::time(scene.gateway.id())?.saturating_sub(busy);
    rows.push(Row::at_most(
        &format!("a core's time that {count} idle pipes take"),
        &format!("in {} s", scale.idle.as_secs()),
        (100.0 * busy.as_secs_f64() / scale.idle.as_secs_f64(), "%"),
        PROCESSOR,
    ));

    rows.push(knocks(&mut scene, scale)?);
    rows.extend(restart(&mut scene)?);
    Ok(rows)
}

/// The memory of haproxy for as many idle connections, in words.
fn idle_peer(scene: &mut Scene, count: u32) -> Result<String> {
    let Some(haproxy) = Haproxy::start(scene.served.plain)? else {
        return Ok(haproxy::MISSING.to_owned());
    };
    let before = haproxy.memory();
    let hold = Order::Hold {
        at: haproxy.address(),
        name: scene.name(0),
        count,
    };
    let () = scene.outsiders.ask(&hold)?;
    sleep(SETTLED);
    let each = kibibytes(haproxy.memory().saturating_sub(before)) / f64::from(count);
    let () = scene.outsiders.ask(&Order::Release)?;
    Ok(format!("haproxy, {count} idle connections: {each:.1} KiB"))
}

fn knocks(scene: &mut Scene, scale: Scale) -> Result<Row> {
    let order = |at, names| Order::Knock {
        at,
        names,
        count: scale.knocks,
        at_once: AT_ONCE,
    };
    let names: Vec<String> = (0..256).map(|number| scene.name(number * 37)).collect();
    let ours = order(scene.gateway.front(), names.clone());
    let ours: Knocked = scene.outsiders.ask(&ours)?;
    let beside = match Haproxy::start(scene.served.plain)? {
        Some(haproxy) => {
            let theirs: Knocked = scene.outsiders.ask(&order(haproxy.address(), names))?;
            format!("haproxy: {theirs}")
        }
        None => haproxy::MISSING.to_owned(),
    };
    Ok(Row::at_least(
        &format!("knocks, from connecting to the first byte back: {ours}"),
        &beside,
        (ours.each_second(), "/s"),
        KNOCKS,
    ))
}

/// The gateway is gone at once and starts again; the doors find that out, and dial as nodes do.
fn restart(scene: &mut Scene) -> Result<Vec<Row>> {
    let begun = Instant::now();
    scene.gateway.kill();
    scene.gateway.again();
    let tally: doors::Tally = scene.doors.ask(&())?;
    let took = begun.elapsed().as_secs_f64();
    let refused = 100.0 * f64::from(tally.failed) / f64::from(scene.count);
    let what = format!("{} pipes are back after a restart", scene.count);
    Ok(vec![
        Row::at_most(&what, "with killing and starting it", (took, "s"), BACK),
        Row::at_most(
            "doors that had a connection and got no pipe then",
            &format!(
                "{} that found nobody listening wait and dial again",
                tally.unheard
            ),
            (refused, "%"),
            REFUSED,
        ),
    ])
}

/// Bytes and round trips through the gateway.
pub(crate) fn forward(scale: Scale) -> Result<Vec<Row>> {
    allow_files()?;
    let mut scene = Scene::new(8)?;
    let served = scene.served;
    let (Some(haproxy), Some(encrypting)) = (
        Haproxy::start(served.plain)?,
        Haproxy::encrypting(served.encrypted)?,
    ) else {
        let (ours, waits) = alone(&mut scene, scale)?;
        return Ok(vec![
            Row::unknown(&format!("bytes from outside: {ours}"), haproxy::MISSING),
            Row::wait("a round trip", &waits, 0.99, ROUND_TRIP),
        ]);
    };
    let front = scene.gateway.front();
    let mut ways = [
        Way::new("no proxy", served.plain, None),
        Way::new("haproxy", haproxy.address(), Some(haproxy.id())),
        Way::new(
            "haproxy that encrypts",
            encrypting.address(),
            Some(encrypting.id()),
        ),
        Way::new("the gateway", front, Some(scene.gateway.id())),
    ];
    for _ in 0..scale.rounds {
        for way in &mut ways {
            way.send(&mut scene, scale)?;
        }
    }
    let [direct, plain, encrypted, ours] = ways;
    let our_trips = trips(&mut scene, front)?;
    let their_trips = trips(&mut scene, haproxy.address())?;
    let no_trips = trips(&mut scene, served.plain)?;
    let what = "bytes from outside, encrypted to the door";
    Ok(vec![
        Row::ratio(what, &ours.speed, &encrypted.speed, 1.0),
        Row::ratio(
            &format!("the same (no proxy: {})", direct.speed),
            &ours.speed,
            &plain.speed,
            1.0,
        ),
        Row::at_least(
            "bytes from outside that a core passes on",
            &format!(
                "haproxy: {:.1} Gbit/s, encrypting {:.1} Gbit/s",
                plain.of_a_core(),
                encrypted.of_a_core()
            ),
            (ours.of_a_core(), "Gbit/s"),
            A_CORE,
        ),
        Row::wait_beside(
            "a round trip",
            &our_trips,
            &format!("haproxy: {their_trips}; no proxy: {no_trips}"),
            0.99,
            ROUND_TRIP,
        ),
    ])
}

/// A way to the door, and how it did.
struct Way {
    at: SocketAddr,
    /// What passes the bytes on.
    process: Option<u32>,
    speed: Speed,
    /// Bytes that went, and the processor time that this took.
    sent: u64,
    busy: Duration,
}

impl Way {
    fn new(name: &'static str, at: SocketAddr, process: Option<u32>) -> Self {
        Self {
            at,
            process,
            speed: Speed::of(name),
            sent: 0,
            busy: Duration::ZERO,
        }
    }

    fn send(&mut self, scene: &mut Scene, scale: Scale) -> Result<()> {
        let busy = || self.process.map_or(Ok(Duration::ZERO), processor::time);
        let before = busy()?;
        let order = send(scene, self.at, scale);
        let took = scene.outsiders.ask(&order)?;
        self.busy += busy()?.saturating_sub(before);
        self.sent += scale.document;
        self.speed.note(scale.document, took);
        Ok(())
    }

    /// Gigabits for each second of processor time.
    #[allow(clippy::cast_precision_loss)]
    fn of_a_core(&self) -> f64 {
        self.sent as f64 * 8e-9 / self.busy.as_secs_f64()
    }
}

/// The same without a peer.
fn alone(scene: &mut Scene, scale: Scale) -> Result<(Speed, Waits)> {
    let mut ours = Speed::of("the gateway");
    let at = scene.gateway.front();
    for _ in 0..scale.rounds {
        let order = send(scene, at, scale);
        ours.note(scale.document, scene.outsiders.ask(&order)?);
    }
    Ok((ours, trips(scene, at)?))
}

fn send(scene: &Scene, at: SocketAddr, scale: Scale) -> Order {
    Order::Send {
        at,
        name: scene.name(0),
        size: scale.document,
    }
}

fn trips(scene: &mut Scene, at: SocketAddr) -> Result<Waits> {
    let order = Order::RoundTrips {
        at,
        name: scene.name(1),
        count: ROUND_TRIPS,
    };
    let taken: Vec<Duration> = scene.outsiders.ask(&order)?;
    Ok(taken.into_iter().collect())
}

/// Lets this process and those that it starts have as many files open as they may; says how many.
fn allow_files() -> Result<u64> {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    let wanted = Rlimit {
        current: maximum,
        maximum,
    };
    setrlimit(Resource::Nofile, wanted).context("the limit of open files")?;
    Ok(maximum.unwrap_or(u64::from(u32::MAX)))
}

/// An address of this computer: a network of its own, as gateways see it.
fn source(network: u8, number: u32) -> SocketAddr {
    let [.., high, low] = (number + 1).to_be_bytes();
    SocketAddr::from((Ipv4Addr::new(127, network, high, low), 0))
}

#[allow(clippy::cast_precision_loss)]
fn kibibytes(bytes: u64) -> f64 {
    bytes as f64 / 1024.0
}
