//! Who sent a mail, as the server of the mailbox found.
//!
//! Anybody can write any address into `From`. The server that takes mails for the mailbox looks whether the address's
//! domain stands behind it (DMARC, RFC 7489), and writes down what it found on top of the mail, under a name of its own.
//! Of the headers with that name only the topmost one counts: whatever stands below may have come with the mail. A server
//! takes headers with its own name away from what comes in (RFC 8601 §5), so that without one of its own there is none.

use papermesh_protocol::gateway::mailbox::MailAddress;

use crate::head::{FromError, Head};
use crate::results;

/// Why it is not known who sent a mail.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SenderError {
    /// It does not say it so that it could be true.
    #[error(transparent)]
    From(#[from] FromError),
    /// A program sent it.
    #[error("a program sent it by itself")]
    Automatic,
    /// The server found nothing, or is called otherwise.
    #[error("the mail server did not look who sent it")]
    NoResults,
    /// What the server wrote cannot be read.
    #[error("what the mail server found cannot be read")]
    Unreadable,
    /// The server did not look, or wrote more than one result.
    #[error("the mail server has no one result of DMARC")]
    NoDmarc,
    /// The domain does not stand behind it.
    #[error("its domain does not stand behind it (DMARC says not pass)")]
    NotPassed,
    /// Another domain does.
    #[error("another domain than its writer's stands behind it")]
    OtherDomain,
}

/// Whether the mailbox's server, which has this authserv-id, said anything of a mail.
#[must_use]
pub fn is_judged(head: &Head, server: &str) -> bool {
    head.results.iter().any(|value| is_of(server, value))
}

fn is_of(server: &str, value: &str) -> bool {
    results::server(value).is_some_and(|id| id.eq_ignore_ascii_case(server))
}

/// The address that sent a mail. `server` is the authserv-id of the mailbox's server.
///
/// # Errors
/// [`SenderError`].
pub fn proven(head: &Head, server: &str) -> Result<MailAddress, SenderError> {
    let from = head.from.clone()?;
    if head.is_automatic {
        return Err(SenderError::Automatic);
    }
    let topmost = head.results.iter().find(|value| is_of(server, value));
    let topmost = topmost.ok_or(SenderError::NoResults)?;
    let results = results::read(topmost).ok_or(SenderError::Unreadable)?;
    let mut dmarc = results.found.iter().filter(|found| found.method == "dmarc");
    let (Some(dmarc), None) = (dmarc.next(), dmarc.next()) else {
        return Err(SenderError::NoDmarc);
    };
    if dmarc.result != "pass" {
        return Err(SenderError::NotPassed);
    }
    let domain = from.as_str().rsplit_once('@').map(|(_, domain)| domain);
    let stands_behind = dmarc.property("header.from");
    match (domain, stands_behind) {
        (Some(domain), Some(behind)) if domain.eq_ignore_ascii_case(behind) => Ok(from),
        _ => Err(SenderError::OtherDomain),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const DANA: &str = "From: Dana <dana@acme.example>\r\n";

    fn who(head: &str) -> Result<String, SenderError> {
        let head = Head::read(format!("{head}\r\nhello").as_bytes()).unwrap();
        proven(&head, "MX.acme.example").map(|address| address.to_string())
    }

    fn found(results: &str) -> Result<String, SenderError> {
        who(&format!("Authentication-Results: {results}\r\n{DANA}"))
    }

    #[test]
    fn what_the_mailboxs_server_found_is_believed() {
        let dana = Ok("dana@acme.example".to_owned());
        for results in [
            "mx.acme.example; dmarc=pass header.from=acme.example",
            "mx.acme.example; spf=fail smtp.mailfrom=x.example; dmarc=pass header.from=ACME.example",
            "evil.example; dmarc=fail header.from=acme.example\r\n\
             Authentication-Results: mx.acme.example; dmarc=pass header.from=acme.example",
        ] {
            assert_eq!(found(results), dana, "{results}");
        }
    }

    #[test]
    fn what_came_with_the_mail_is_not() {
        let forged = "Authentication-Results: mx.acme.example; dmarc=pass header.from=acme.example";
        for (results, error) in [
            (
                "evil.example; dmarc=pass header.from=acme.example",
                SenderError::NoResults,
            ),
            (
                "mx.acme.example; spf=pass smtp.mailfrom=acme.example",
                SenderError::NoDmarc,
            ),
            ("mx.acme.example; none", SenderError::NoDmarc),
            (
                "mx.acme.example; dmarc=fail header.from=acme.example",
                SenderError::NotPassed,
            ),
            (
                "mx.acme.example; dmarc=none header.from=acme.example",
                SenderError::NotPassed,
            ),
            (
                "mx.acme.example; dmarc=pass header.from=evil.example",
                SenderError::OtherDomain,
            ),
            ("mx.acme.example; dmarc=pass", SenderError::OtherDomain),
            (
                "mx.acme.example; dmarc=pass header.from=sub.acme.example",
                SenderError::OtherDomain,
            ),
            (
                "mx.acme.example; dmarc=pass header.from=acme.example; dmarc=fail header.from=acme.example",
                SenderError::NoDmarc,
            ),
            (
                "mx.acme.example; dmarc=pass header.from=\"acme.example",
                SenderError::Unreadable,
            ),
        ] {
            assert_eq!(found(results), Err(error.clone()), "{results}");
            // A header that says otherwise changes nothing where it is not on top.
            if error != SenderError::NoResults {
                assert_eq!(
                    found(&format!("{results}\r\n{forged}")),
                    Err(error),
                    "{results}"
                );
            }
        }
        assert_eq!(who(DANA), Err(SenderError::NoResults));
    }

    #[test]
    fn programs_are_nobody() {
        let good = format!(
            "Authentication-Results: mx.acme.example; dmarc=pass header.from=acme.example\r\n{DANA}"
        );
        assert!(who(&good).is_ok());
        for automatic in [
            "Auto-Submitted: auto-replied\r\n",
            "Return-Path: <>\r\n",
            "Precedence: bulk\r\n",
        ] {
            assert_eq!(
                who(&format!("{automatic}{good}")),
                Err(SenderError::Automatic)
            );
        }
    }
}
