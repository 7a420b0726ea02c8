//! Which addresses are of the Internet: those that the registries of special addresses (RFC 6890) leave.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Networks of IPv4 that are not the Internet's: an address, and how many of its bits count.
const SPECIAL_4: [(Ipv4Addr, u8); 14] = [
    // This network, private use, shared by a provider, this computer, link-local (RFC 1122, 1918, 6598, 3927).
    (Ipv4Addr::new(0, 0, 0, 0), 8),
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    // Protocols, documentation, relays of 6to4, benchmarks (RFC 6890, 5737, 7526, 2544).
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    (Ipv4Addr::new(192, 88, 99, 0), 24),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    // Multicast, and all above it (RFC 5771, 1112).
    (Ipv4Addr::new(224, 0, 0, 0), 3),
];

/// Networks below 2000::/3, the Internet of IPv6, that are not: protocols with Teredo, documentation (RFC 2928, 3849, 9637).
const SPECIAL_6: [(Ipv6Addr, u8); 3] = [
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),
];

/// The Internet of IPv6 (RFC 4291).
const GLOBAL_6: (Ipv6Addr, u8) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);
/// Addresses of IPv4 as hosts without it reach them (RFC 6052), the last 32 bits,
const NAT64: (Ipv6Addr, u8) = (Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), 96);
/// and as 6to4 has them (RFC 3056), from the 17th bit on.
const SIX_TO_FOUR: (Ipv6Addr, u8) = (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16);

/// Whether an address is one of the Internet, as are those that stand for one.
#[must_use]
pub fn is_global(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(ip) => is_global_4(ip),
        IpAddr::V6(ip) if is_in(ip, NAT64) => is_global_4(within(ip, 0)),
        IpAddr::V6(ip) if is_in(ip, SIX_TO_FOUR) => is_global_4(within(ip, 80)),
        IpAddr::V6(ip) => is_in(ip, GLOBAL_6) && !SPECIAL_6.iter().any(|net| is_in(ip, *net)),
    }
}

fn is_global_4(ip: Ipv4Addr) -> bool {
    let is_in = |(net, bits): &(Ipv4Addr, u8)| {
        (ip.to_bits() ^ net.to_bits()) >> (32 - u32::from(*bits)) == 0
    };
    !SPECIAL_4.iter().any(is_in)
}

fn is_in(ip: Ipv6Addr, (net, bits): (Ipv6Addr, u8)) -> bool {
    (ip.to_bits() ^ net.to_bits()) >> (128 - u32::from(bits)) == 0
}

/// The address of IPv4 that has so many bits after it.
fn within(ip: Ipv6Addr, after: u32) -> Ipv4Addr {
    let [.., a, b, c, d] = (ip.to_bits() >> after).to_be_bytes();
    Ipv4Addr::new(a, b, c, d)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn addresses_of_this_network_and_of_none_are_not_the_internets() {
        let is_global = |text: &str| is_global(text.parse().unwrap());
        for special in [
            "0.0.0.0",
            "10.77.2.2",
            "100.64.0.1",
            "127.0.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "192.0.0.8",
            "192.0.2.1",
            "198.19.0.1",
            "224.0.0.251",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:10.0.0.1",
            "::ffff:127.0.0.1",
            "::10.0.0.1",
            "64:ff9b::10.0.0.1",
            "64:ff9b:1::1",
            "2002:a00:1::1",
            "2002:7f00:1::",
            "2001::1",
            "2001:db8::1",
            "3fff::1",
            "fd00::1",
            "fe80::1",
            "fec0::1",
            "ff02::fb",
            "4000::1",
        ] {
            assert!(!is_global(special), "{special}");
        }
        for global in [
            "1.1.1.1",
            "9.255.255.255",
            "100.128.0.1",
            "172.32.0.1",
            "192.0.1.1",
            "198.20.0.1",
            "223.255.255.255",
            "::ffff:1.1.1.1",
            "64:ff9b::1.1.1.1",
            "2002:101:101::1",
            "2001:200::1",
            "2a00:1450::1",
            "2606:4700::1111",
        ] {
            assert!(is_global(global), "{global}");
        }
    }
}
