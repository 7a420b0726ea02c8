//! Connections that another program passes on, such as haproxy, which says before them from where they come:
//! the PROXY protocol, version 2 (<https://www.haproxy.org/download/3.2/doc/proxy-protocol.txt>, section 2.2).
//!
//! It is believed to those addresses alone that the provider lists, and they have to say it.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::time::timeout;

/// How long the header may take.
const HEADER: Duration = Duration::from_secs(5);
/// With what it begins.
const SIGNATURE: [u8; 12] = *b"\r\n\r\n\0\r\nQUIT\n";
/// The signature, version and command, family and protocol, length of the rest.
const FIXED: usize = 16;
/// The longest rest that is read: addresses, and what else the program has to say.
const REST: usize = 1024;
/// Version 2, and the connection is the program's own, or somebody's.
const LOCAL: u8 = 0x20;
const PROXY: u8 = 0x21;
/// TCP over IPv4 and IPv6.
const TCP4: u8 = 0x11;
const TCP6: u8 = 0x21;

/// Who may say from where a connection comes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Proxies(BTreeSet<IpAddr>);

impl Proxies {
    /// Programs at these addresses.
    pub(crate) fn new(addresses: &[IpAddr]) -> Self {
        Self(addresses.iter().map(IpAddr::to_canonical).collect())
    }

    /// Whether this is the address of one.
    pub(crate) fn has(&self, address: IpAddr) -> bool {
        self.0.contains(&address.to_canonical())
    }
}

/// From where a connection comes that one of them passes on, as it says; none if it does not say so.
pub(crate) async fn origin(
    stream: &mut (impl AsyncRead + Unpin),
    proxy: SocketAddr,
) -> Option<SocketAddr> {
    let said = async {
        let mut fixed = [0; FIXED];
        stream.read_exact(&mut fixed).await.ok()?;
        let length = rest(&fixed)?;
        let mut rest = vec![0; length];
        stream.read_exact(&mut rest).await.ok()?;
        read(&fixed, &rest, proxy)
    };
    timeout(HEADER, said).await.ok().flatten()
}

/// How long the rest of a header is; none if it is no header.
fn rest(fixed: &[u8; FIXED]) -> Option<usize> {
    let length = usize::from(u16::from_be_bytes([fixed[14], fixed[15]]));
    (fixed.starts_with(&SIGNATURE) && length <= REST).then_some(length)
}

fn read(fixed: &[u8; FIXED], rest: &[u8], proxy: SocketAddr) -> Option<SocketAddr> {
    let (ip, port): (IpAddr, &[u8]) = match (fixed[12], fixed[13]) {
        // It looks whether the gateway is there.
        (LOCAL, _) => return Some(proxy),
        // Source and destination address, source and destination port.
        (PROXY, TCP4) => {
            let ip: [u8; 4] = rest.get(..4)?.try_into().ok()?;
            (Ipv4Addr::from(ip).into(), rest.get(8..10)?)
        }
        (PROXY, TCP6) => {
            let ip: [u8; 16] = rest.get(..16)?.try_into().ok()?;
            (Ipv6Addr::from(ip).into(), rest.get(32..34)?)
        }
        _ => return None,
    };
    let port = u16::from_be_bytes(port.try_into().ok()?);
    Some(SocketAddr::new(ip.to_canonical(), port))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const LB: &str = "192.0.2.1:4000";

    /// A header with this command, family and rest, and what comes after it.
    fn header(command: u8, family: u8, rest: &[u8]) -> Vec<u8> {
        let mut bytes = SIGNATURE.to_vec();
        bytes.extend([command, family]);
        bytes.extend(u16::try_from(rest.len()).unwrap().to_be_bytes());
        bytes.extend(rest);
        bytes.extend(b"TLS");
        bytes
    }

    async fn said(bytes: &[u8]) -> Option<(SocketAddr, Vec<u8>)> {
        let mut left = bytes;
        let from = origin(&mut left, LB.parse().unwrap()).await?;
        Some((from, left.to_vec()))
    }

    #[tokio::test]
    async fn an_address_is_as_it_is_said_and_what_follows_is_left() {
        let four = [198, 51, 100, 7, 203, 0, 113, 1, 0xc3, 0x50, 0x01, 0xbb];
        let expected = |text: &str| Some((text.parse().unwrap(), b"TLS".to_vec()));
        assert_eq!(
            said(&header(PROXY, TCP4, &four)).await,
            expected("198.51.100.7:50000")
        );
        // More may follow the addresses.
        let more = [&four[..], &[4, 0, 1, 0]].concat();
        assert_eq!(
            said(&header(PROXY, TCP4, &more)).await,
            expected("198.51.100.7:50000")
        );
        let mut six = [0; 36];
        six[..16].copy_from_slice(&"2001:db8::7".parse::<Ipv6Addr>().unwrap().octets());
        six[33] = 9;
        assert_eq!(
            said(&header(PROXY, TCP6, &six)).await,
            expected("[2001:db8::7]:9")
        );
        assert_eq!(said(&header(LOCAL, 0, &[])).await, expected(LB));
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_no_header_is_not_guessed_at() {
        let four = [198, 51, 100, 7, 203, 0, 113, 1, 0xc3, 0x50, 0x01, 0xbb];
        for wrong in [
            b"PROXY TCP4 198.51.100.7 203.0.113.1 50000 443\r\n".to_vec(),
            vec![22, 3, 1, 0, 200, 1, 0, 0, 196, 3, 3, 0, 0, 0, 0, 0, 0],
            header(0x11, TCP4, &four),
            header(0x22, TCP4, &four),
            header(PROXY, 0x12, &four),
            header(PROXY, TCP4, &four[..9]),
            header(PROXY, TCP6, &four),
            header(PROXY, TCP4, &[0; REST + 1]),
            header(PROXY, TCP4, &four)[..20].to_vec(),
            Vec::new(),
        ] {
            assert_eq!(said(&wrong).await, None, "{wrong:?}");
        }
        let (mut silent, _other) = tokio::io::duplex(8);
        assert_eq!(origin(&mut silent, LB.parse().unwrap()).await, None);
        let proxies = Proxies::new(&["192.0.2.1".parse().unwrap()]);
        assert!(proxies.has("::ffff:192.0.2.1".parse().unwrap()));
        assert!(!proxies.has("192.0.2.2".parse().unwrap()));
    }
}
