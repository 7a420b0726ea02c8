//! Whom a request means, by its `Host` (RFC 9110 section 7.2). A web page can make a browser send
//! requests anywhere, also here, if its owner lets the page's name resolve to this computer (DNS
//! rebinding); but such a request carries the page's name.

use super::certificate;

/// Whether a program of this computer meant this computer.
pub(crate) fn is_this_computer(host: &str) -> bool {
    let name = name_of(host).to_ascii_lowercase();
    let name = name.trim_end_matches('.');
    matches!(name, "localhost" | "[::1]")
        || name
            .parse::<std::net::Ipv4Addr>()
            .is_ok_and(|ip| ip.is_loopback())
        || is_own_name(name)
}

/// Whether it is the name that this computer has on its network.
pub(crate) fn is_own_name(host: &str) -> bool {
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
pub(crate) fn name_of(host: &str) -> &str {
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
}
