//! Whom a request means, by its `Host` (RFC 9110 section 7.2). A web page can make a browser send
//! requests anywhere, also here, if its owner lets the page's name resolve to this computer (DNS
//! rebinding); but such a request carries the page's name.

use super::certificate;

/// Whether a program of this computer meant this computer.
pub fn is_this_computer(host: &str) -> bool {
    let name = name_of(host).to_ascii_lowercase();
    let name = name.trim_end_matches('.');
    matches!(name, "localhost" | "[::1]")
        || name
            .parse::<std::net::Ipv4Addr>()
            .is_ok_and(|ip| ip.is_loopback())
        || is_own_name(name)
}

/// Whether nobody can make it point elsewhere: an address, in whichever spelling, or `localhost`.
pub fn is_fixed(host: &str) -> bool {
    let is_address = |name: &str| {
        let name = name.trim_start_matches('[').trim_end_matches(']');
        let name = name.split('%').next().unwrap_or_default();
        name.parse::<std::net::IpAddr>().is_ok()
    };
    // An IPv6 address without brackets may have a port behind it, or not.
    let name = name_of(host);
    name.trim_end_matches('.').eq_ignore_ascii_case("localhost")
        || is_address(name)
        || is_address(host)
}

/// Whether it is the name that this computer has on its network.
pub fn is_own_name(host: &str) -> bool {
    let name = name_of(host).to_ascii_lowercase();
    let name = name.trim_end_matches('.');
    certificate::host_name().is_some_and(|own| {
        name == own
            || name
                .strip_suffix(".local")
                .is_some_and(|name| name == own.trim_end_matches(".local"))
    })
}

/// A `Host` without its port.
pub fn name_of(host: &str) -> &str {
    match host.rfind(':') {
        Some(colon) if host[colon + 1..].bytes().all(|byte| byte.is_ascii_digit()) => {
            &host[..colon]
        }
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_web_page_does_not_speak_in_the_name_of_this_computer() {
        for own in [
            "localhost",
            "LOCALHOST:6310",
            "127.0.0.1:6310",
            "[::1]:6310",
            "[::1]",
            "localhost.",
        ] {
            assert!(is_this_computer(own), "{own}");
        }
        for other in [
            "",
            "evil.example",
            "evil.example:6310",
            "localhost.evil.example",
            "10.0.0.1",
        ] {
            assert!(!is_this_computer(other), "{other}");
        }
    }

    #[test]
    fn an_address_is_one_however_it_is_written() {
        for fixed in [
            "localhost:6310",
            "Localhost.",
            "127.0.0.1",
            "127.0.0.1:6310",
            "[::1]:6310",
            "[::1]",
            "::1",
            "::1:6310",
            "[fe80::1%eth0]:6310",
            "[fe80::1%25eth0]",
            "fe80::1%eth0",
        ] {
            assert!(is_fixed(fixed), "{fixed}");
        }
        for other in [
            "",
            ":6310",
            "[]",
            "%lo",
            "laptop.local:6310",
            "laptop",
            "127.0.0.1.evil.example",
            "localhost.evil.example",
            "evil.example%127.0.0.1",
        ] {
            assert!(!is_fixed(other), "{other}");
        }
    }
}
