//! Certificates: this node's as a member, what an admin has from the root, what listeners show in the site.

use std::time::Duration;

use papermesh_protocol::certificate::{Certificate, CertificateError};
use papermesh_protocol::text::counted;
use papermesh_protocol::time::Timestamp;
use papermesh_protocol::web::HostName;
use papermesh_services::web_certificate::Kept;

use super::{bad, doubtful, good};
use crate::control::message::Finding;

/// A certificate that ends within this time should be renewed by now.
const NEAR: Duration = Duration::from_secs(14 * 24 * 60 * 60);

/// What an admin has from the root should be renewed within this time, while people are there who know
/// its passphrase.
const RENEWAL: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// Seconds of a day.
const DAY: u64 = 24 * 60 * 60;
/// So many days are left until then, to the nearest: what has just begun has all of them.
fn days_until(then: Timestamp, now: Timestamp) -> u64 {
    (then.since(now).as_secs() + DAY / 2) / DAY
}

pub(super) fn certificate_of(
    now: Timestamp,
    own: &Certificate,
    standing: Result<(), CertificateError>,
) -> Finding {
    let days = days_until(own.not_after, now);
    match standing {
        Err(error @ CertificateError::Expired) => bad(
            "certificate",
            error.to_string(),
            "set the clock if it is ahead; otherwise ask the admin for an invite, stop the node, and join again with \
             `papermesh join INVITE`",
        ),
        Err(error @ CertificateError::NotYetValid) => {
            bad("certificate", error.to_string(), "set the clock")
        }
        Err(error) => bad(
            "certificate",
            error.to_string(),
            "ask the admin for an invite, stop the node, and join again with `papermesh join INVITE`",
        ),
        Ok(()) if now + NEAR >= own.not_after => doubtful(
            "certificate",
            format!("expires in {} and was not renewed", counted(days, "day")),
            "connect this node to an admin's node; the certificate is then renewed automatically",
        ),
        Ok(()) => good("certificate", format!("valid for {days} more days")),
    }
}

/// Whether this admin's node can certify members for the web, and for how long still.
pub(super) fn issuer_of(now: Timestamp, until: Timestamp) -> Finding {
    let days = days_until(until, now);
    let detail = format!("this admin certifies panels and hold printers for {days} more days");
    match now + RENEWAL >= until {
        true => doubtful(
            "root",
            detail,
            "run `papermesh site root renew` where the site's root is (`papermesh site root show`)",
        ),
        false => good("root", detail),
    }
}

/// That hold printer and panel show a certificate of this node's own, for whatever reason: `open` says whether
/// the authority key is, on a node that is an admin's, `trouble` why it was asked for in vain.
pub(super) fn uncertified(open: Option<bool>, trouble: Option<String>) -> Finding {
    let (why, advice) = match (open, trouble) {
        (Some(false), _) => (
            "the authority key of this node is sealed".to_owned(),
            "give its passphrase with the next admin command, or set passphrase-file in papermesh.toml; this node then \
             certifies itself",
        ),
        (_, None) => (
            "the site is being asked for one".to_owned(),
            "look again in a few seconds",
        ),
        (Some(true), Some(trouble)) => (
            trouble,
            "this node asks itself again within 15 minutes; if it stays so, look into its log",
        ),
        (None, Some(trouble)) => (
            trouble,
            "connect this node to an admin's node with its authority key open; the certificate is then requested \
             automatically",
        ),
    };
    let detail =
        format!("browsers and programs get this node's own certificate and warn about it: {why}");
    doubtful("tls", detail, advice)
}

/// What hold printer and panel show browsers and programs by the site's word.
pub(super) fn tls_of(now: Timestamp, kept: &Kept) -> Finding {
    let days = days_until(kept.not_after, now);
    let detail = format!(
        "certified by the site for {}, valid for {days} more days",
        kept.places
    );
    let refused = kept.refused.names();
    if refused.is_empty() {
        return good("tls", detail);
    }
    let refused: Vec<_> = refused.iter().map(HostName::as_str).collect();
    doubtful(
        "tls",
        format!(
            "{detail}; not for {}, which another member has",
            refused.join(", ")
        ),
        "if that member is gone for good, revoke it; this node asks again once a day",
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::sample::{DAY, NOW, certificate};
    use super::*;
    use crate::control::message::Verdict;

    #[test]
    fn a_root_that_is_to_be_renewed_is_found_in_time() {
        assert_eq!(issuer_of(NOW, NOW + DAY * 800).verdict, Verdict::Good);
        let late = issuer_of(NOW, NOW + DAY * 80);
        assert_eq!(late.verdict, Verdict::Doubtful);
        assert!(late.detail.contains("80 more days"), "{}", late.detail);
        assert_eq!(issuer_of(NOW, NOW - DAY).verdict, Verdict::Doubtful);
    }
    #[test]
    fn a_certificate_near_its_end_or_beyond_is_found() {
        let own = certificate();
        let verdict = |at, standing| certificate_of(at, &own, standing).verdict;
        assert_eq!(verdict(NOW, Ok(())), Verdict::Good);
        assert_eq!(verdict(NOW + DAY * 360, Ok(())), Verdict::Doubtful);
        for error in [
            CertificateError::Expired,
            CertificateError::NotYetValid,
            CertificateError::Revoked,
        ] {
            assert_eq!(verdict(NOW, Err(error)), Verdict::Bad);
        }
    }

    #[test]
    fn a_certificate_that_has_just_been_issued_has_all_its_days() {
        let own = certificate();
        for seconds in [0, 1, 100] {
            let later = NOW + Duration::from_secs(seconds);
            let found = certificate_of(later, &own, Ok(()));
            assert_eq!(found.detail, "valid for 365 more days");
        }
    }

    #[test]
    fn a_node_without_a_certificate_of_the_site_says_what_it_waits_for() {
        let said = |open, trouble: Option<&str>| {
            let found = uncertified(open, trouble.map(str::to_owned));
            assert_eq!(found.verdict, Verdict::Doubtful);
            (found.detail, found.advice.unwrap())
        };
        // Nobody is sent to another admin's node whose own will do.
        let (detail, advice) = said(Some(false), Some("no signature"));
        assert!(detail.ends_with("the authority key of this node is sealed"));
        assert!(advice.contains("passphrase"), "{advice}");
        let (detail, advice) = said(Some(true), None);
        assert!(detail.ends_with("is being asked for one"), "{detail}");
        assert!(advice.contains("seconds"), "{advice}");
        let (detail, advice) = said(Some(true), Some("no signature"));
        assert!(detail.ends_with(": no signature"), "{detail}");
        assert!(!advice.contains("connect"), "{advice}");
        let (detail, advice) = said(None, Some("no admin's node is connected"));
        assert!(detail.ends_with("no admin's node is connected"));
        assert!(advice.contains("connect"), "{advice}");
    }
}
