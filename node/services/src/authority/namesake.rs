//! Whether a host name belongs to another machine already.
//!
//! Who certifies a name for the web first asks who answers to it, as any program of this computer
//! would: by mDNS (RFC 6762) where the system does, by a hosts file, or by DNS. A member that calls
//! itself `nas` gets no certificate for the `nas.local` that is somebody else's. A name that nobody
//! answers to is free: where the system asks nobody, this check finds nothing.

use std::net::IpAddr;
use std::time::Duration;

use papermesh_protocol::web::HostName;
use tokio::net::lookup_host;
use tokio::time::timeout;

/// How long an answer may take. An mDNS query is answered within one second or not at all.
const ANSWER: Duration = Duration::from_secs(2);
/// Addresses of one name that are looked at.
const ADDRESSES: usize = 32;

/// Whether somebody answers to a name, and none of the answers is where its member is seen.
pub(super) async fn is_of_another(name: &HostName, seen: &[IpAddr]) -> bool {
    match timeout(ANSWER, lookup_host((name.as_str(), 0))).await {
        Ok(Ok(answers)) => {
            let answers: Vec<_> = answers.take(ADDRESSES).map(|answer| answer.ip()).collect();
            is_elsewhere(&answers, seen)
        }
        // Nobody has that name.
        Ok(Err(_)) | Err(_) => false,
    }
}

fn is_elsewhere(answers: &[IpAddr], seen: &[IpAddr]) -> bool {
    // A loopback address is how a computer calls itself, whoever it is, and a link-local one means
    // another machine on each link.
    let mut telling = answers
        .iter()
        .map(IpAddr::to_canonical)
        .filter(|ip| !ip.is_loopback() && !is_link_local(*ip))
        .peekable();
    telling.peek().is_some() && !telling.any(|ip| seen.contains(&ip))
}

fn is_link_local(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_name_is_of_another_only_where_somebody_else_answers_to_it() {
        let ips = |text: &str| -> Vec<IpAddr> {
            let words = text.split_whitespace();
            words.map(|word| word.parse().unwrap()).collect()
        };
        let seen = ips("192.168.1.7 fd00::7");
        for (answers, is_another) in [
            ("", false),
            ("192.168.1.7", false),
            ("10.0.0.7 ::ffff:192.168.1.7", false),
            ("127.0.1.1 ::1", false),
            ("169.254.3.4 fe80::9", false),
            ("192.168.1.8", true),
            ("127.0.0.1 192.168.1.8 fd00::8", true),
            ("fe80::7 192.168.1.8", true),
        ] {
            assert_eq!(is_elsewhere(&ips(answers), &seen), is_another, "{answers}");
        }
        assert!(is_elsewhere(&ips("192.168.1.7"), &[]));
    }
}
