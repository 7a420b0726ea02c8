//! Ports that stay a machine's own while its node is killed and started again.

use std::net::TcpListener;
use std::sync::atomic::{AtomicU16, Ordering};

/// Below the ports that Linux hands out by itself (32768 to 60999), so that nobody gets one of
/// ours while its node is down.
const FIRST: u16 = 20_000;
const COUNT: u16 = 12_000;

static NEXT: AtomicU16 = AtomicU16::new(0);

/// A TCP port of loopback that nobody listens on and that is given once per run.
///
/// # Panics
/// If there is none left.
#[must_use]
pub fn reserve() -> u16 {
    // Two runs side by side begin at different places.
    let begin = u16::try_from(std::process::id() % u32::from(COUNT)).unwrap_or(0);
    for _ in 0..COUNT {
        let step = NEXT.fetch_add(1, Ordering::Relaxed) % COUNT;
        let port = FIRST + (begin + step) % COUNT;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
    panic!("no port from {FIRST} on is free");
}
