//! The part that is all outsiders: they come from many networks, begin as TLS does, and then send bytes.

use std::collections::HashMap;
use std::fmt;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;

use super::doors::{ECHO, TAKE};
use super::hello::hello;
use super::source;
use crate::part;
use crate::table::Waits;

/// The name of the part.
pub(crate) const PART: &str = "gateway-outsiders";
/// Networks from which outsiders come; none of them comes too often.
const NETWORKS: u32 = 400;
/// Connections that are made at once before they are held.
const TOGETHER: usize = 64;
/// Bytes of one write.
const BUFFER: usize = 256 * 1024;

/// What the outsiders are told to do.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) enum Order {
    /// Make connections to these names by turns, have one byte sent back over each, and close it: [`Knocked`].
    Knock {
        at: SocketAddr,
        names: Vec<String>,
        count: usize,
        at_once: usize,
    },
    /// Have a byte sent back, again and again: the time of each.
    RoundTrips {
        at: SocketAddr,
        name: String,
        count: usize,
    },
    /// Send so many bytes: the time until all were taken.
    Send {
        at: SocketAddr,
        name: String,
        size: u64,
    },
    /// Make connections and keep them: nothing.
    Hold {
        at: SocketAddr,
        name: String,
        count: u32,
    },
    /// Close those: nothing.
    Release,
}

/// How knocks went.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Knocked {
    took: Duration,
    failed: usize,
    waits: Vec<Duration>,
}

impl Knocked {
    /// Knocks in a second.
    #[allow(clippy::cast_precision_loss)]
    pub(super) fn each_second(&self) -> f64 {
        self.waits.len() as f64 / self.took.as_secs_f64()
    }
}

impl fmt::Display for Knocked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let waits: Waits = self.waits.iter().copied().collect();
        let rate = self.each_second();
        write!(f, "{rate:.0}/s, {waits}, {} failed", self.failed)
    }
}

/// The process.
pub(crate) async fn serve() -> Result<()> {
    part::say(&())?;
    let mut held = Vec::new();
    while let Some(order) = part::told().await? {
        match order {
            Order::Knock {
                at,
                names,
                count,
                at_once,
            } => part::say(&knock(at, &names, count, at_once).await?)?,
            Order::RoundTrips { at, name, count } => {
                part::say(&round_trips(at, &name, count).await?)?;
            }
            Order::Send { at, name, size } => part::say(&send(at, &name, size).await?)?,
            Order::Hold { at, name, count } => {
                hold(&mut held, at, &hello(&name)?, count).await?;
                part::say(&())?;
            }
            Order::Release => {
                held.clear();
                part::say(&())?;
            }
        }
    }
    Ok(())
}

/// A connection from one of many networks, which has begun.
async fn begun(at: SocketAddr, number: u32, hello: &[u8], then: u8) -> Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    // Where connections come from is told by their address; the port is the system's choice when they are made.
    socket.bind(source(2, number % NETWORKS))?;
    let mut stream = socket.connect(at).await?;
    stream.set_nodelay(true)?;
    stream.write_all(hello).await?;
    stream.write_u8(then).await?;
    Ok(stream)
}

async fn echoed(stream: &mut TcpStream) -> Result<Duration> {
    let begun = Instant::now();
    stream.write_u8(7).await?;
    ensure!(stream.read_u8().await? == 7, "another byte came back");
    Ok(begun.elapsed())
}

async fn knock(at: SocketAddr, names: &[String], count: usize, at_once: usize) -> Result<Knocked> {
    let mut hellos = HashMap::new();
    for name in names {
        hellos.insert(name.clone(), hello(name)?);
    }
    let hellos: Arc<Vec<Vec<u8>>> = Arc::new(hellos.into_values().collect());
    let (next, failed) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let waits = Arc::new(Mutex::new(Vec::with_capacity(count)));
    let began = Instant::now();
    let mut workers = JoinSet::new();
    for _ in 0..at_once {
        let (hellos, next, failed) = (Arc::clone(&hellos), Arc::clone(&next), Arc::clone(&failed));
        let waits = Arc::clone(&waits);
        workers.spawn(async move {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= count {
                    return;
                }
                let said = &hellos[number % hellos.len()];
                let begun_at = Instant::now();
                let knocked = async {
                    let number = u32::try_from(number)?;
                    let mut stream = begun(at, number, said, ECHO).await?;
                    echoed(&mut stream).await
                };
                match knocked.await {
                    Ok(_) => {
                        let mut waits = waits.lock().unwrap_or_else(PoisonError::into_inner);
                        waits.push(begun_at.elapsed());
                    }
                    Err(error) => {
                        if failed.fetch_add(1, Ordering::Relaxed) == 0 {
                            eprintln!("the first knock that failed: {error:#}");
                        }
                    }
                }
            }
        });
    }
    while workers.join_next().await.is_some() {}
    let took = began.elapsed();
    let waits = std::mem::take(&mut *waits.lock().unwrap_or_else(PoisonError::into_inner));
    Ok(Knocked {
        took,
        failed: failed.load(Ordering::Relaxed),
        waits,
    })
}

async fn round_trips(at: SocketAddr, name: &str, count: usize) -> Result<Vec<Duration>> {
    let mut stream = begun(at, 0, &hello(name)?, ECHO).await?;
    // The first ones open the way.
    for _ in 0..count / 10 {
        echoed(&mut stream).await?;
    }
    let mut taken = Vec::with_capacity(count);
    for _ in 0..count {
        taken.push(echoed(&mut stream).await?);
    }
    Ok(taken)
}

async fn send(at: SocketAddr, name: &str, size: u64) -> Result<Duration> {
    let mut stream = begun(at, 0, &hello(name)?, TAKE).await?;
    let buffer = vec![0x5a; BUFFER];
    let began = Instant::now();
    let mut left = usize::try_from(size)?;
    while left > 0 {
        let now = left.min(buffer.len());
        stream.write_all(&buffer[..now]).await?;
        left -= now;
    }
    stream.shutdown().await?;
    let taken = stream.read_u64().await?;
    ensure!(taken == size, "{taken} bytes of {size} were taken");
    Ok(began.elapsed())
}

async fn hold(held: &mut Vec<TcpStream>, at: SocketAddr, hello: &[u8], count: u32) -> Result<()> {
    let hello: Arc<[u8]> = hello.into();
    let mut coming = JoinSet::new();
    for number in 0..count {
        if coming.len() >= TOGETHER
            && let Some(stream) = coming.join_next().await
        {
            held.push(stream??);
        }
        let hello = Arc::clone(&hello);
        coming.spawn(async move {
            let mut stream = begun(at, number, &hello, ECHO).await?;
            echoed(&mut stream).await?;
            anyhow::Ok(stream)
        });
    }
    while let Some(stream) = coming.join_next().await {
        held.push(stream??);
    }
    Ok(())
}
