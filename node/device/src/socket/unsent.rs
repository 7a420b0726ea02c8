//! How much of what was written to a connection the other side has not confirmed.
//!
//! Lives here: reading the system's table of connections. Not here: what follows from it.
//!
//! A write to a socket succeeds when the system has taken the bytes, which may be long before the
//! device does. Between the two lies the difference between *nothing was sent* and *it may have
//! printed*.

use std::net::SocketAddr;

use tokio::net::TcpStream;

/// The two ends of a connection.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ends {
    #[cfg_attr(not(target_os = "linux"), allow(dead_code))]
    here: SocketAddr,
    #[cfg_attr(not(target_os = "linux"), allow(dead_code))]
    there: SocketAddr,
}

impl Ends {
    /// Those of a connection; none if it has ended already.
    pub(super) fn of(stream: &TcpStream) -> Option<Self> {
        Some(Self {
            here: stream.local_addr().ok()?,
            there: stream.peer_addr().ok()?,
        })
    }

    /// Bytes that were written and are not confirmed, the end of the stream counted as one; none
    /// where the system does not say.
    pub(super) async fn unsent(self) -> Option<u64> {
        tokio::task::spawn_blocking(move || system::unsent(self))
            .await
            .ok()
            .flatten()
    }
}

#[cfg(target_os = "linux")]
mod system {
    use std::fs::File;
    use std::io::{BufRead as _, BufReader, Read as _};
    use std::net::{IpAddr, SocketAddr};

    use super::Ends;

    /// Most of the table that is read, in bytes: some 20,000 connections.
    const MAX_TABLE: u64 = 4 << 20;

    pub(super) fn unsent(ends: Ends) -> Option<u64> {
        let table = match ends.here {
            SocketAddr::V4(_) => "/proc/self/net/tcp",
            SocketAddr::V6(_) => "/proc/self/net/tcp6",
        };
        let table = BufReader::new(File::open(table).ok()?.take(MAX_TABLE));
        let mut lines = table.lines().map_while(Result::ok);
        lines.find_map(|line| unsent_in(&line, ends))
    }

    /// `sl local_address rem_address st tx_queue:rx_queue …`, see proc_pid_net(5).
    pub(super) fn unsent_in(line: &str, ends: Ends) -> Option<u64> {
        let mut fields = line.split_ascii_whitespace().skip(1);
        let ours = fields.next()? == written(ends.here) && fields.next()? == written(ends.there);
        let queues = fields.nth(1).filter(|_| ours)?;
        let (unsent, _) = queues.split_once(':')?;
        u64::from_str_radix(unsent, 16).ok()
    }

    /// An address as it stands in the table: words in the order of this computer's bytes.
    pub(super) fn written(address: SocketAddr) -> String {
        let octets = match address.ip() {
            IpAddr::V4(ip) => ip.octets().to_vec(),
            IpAddr::V6(ip) => ip.octets().to_vec(),
        };
        let words = octets.chunks_exact(4).map(|word| {
            let word = word.try_into().map_or(0, u32::from_ne_bytes);
            format!("{word:08X}")
        });
        let words: String = words.collect();
        format!("{words}:{:04X}", address.port())
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    pub(super) fn unsent(_: super::Ends) -> Option<u64> {
        None
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    #![allow(clippy::unwrap_used)]

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::{TcpListener, TcpStream};

    use super::Ends;

    #[tokio::test]
    async fn what_the_other_side_does_not_take_is_unsent() {
        for address in ["127.0.0.1:0", "[::1]:0"] {
            let Ok(listener) = TcpListener::bind(address).await else {
                continue;
            };
            let mut stream = TcpStream::connect(listener.local_addr().unwrap())
                .await
                .unwrap();
            let ends = Ends::of(&stream).unwrap();
            assert_eq!(ends.unsent().await, Some(0), "{address}");
            // More than both buffers hold: the other side reads nothing yet.
            let piece = vec![7u8; 64 * 1024];
            let mut written = 0;
            let limit = std::time::Duration::from_millis(200);
            while let Ok(count) = tokio::time::timeout(limit, stream.write(&piece)).await {
                written += count.unwrap();
            }
            assert!(ends.unsent().await.unwrap() > 0, "{address}");
            let (mut there, _) = listener.accept().await.unwrap();
            there.read_exact(&mut vec![0; written]).await.unwrap();
            // The confirmation may still be on its way.
            while ends.unsent().await.unwrap() > 0 {
                tokio::task::yield_now().await;
            }
        }
    }
}
