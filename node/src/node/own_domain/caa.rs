//! Who may have a name certified, by what its owner says in DNS (CAA, RFC 8659), down to the account (RFC 8657).

use std::fmt;

use papermesh_dns::Certifier;

/// The one account that is to have a name certified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::node) struct Binding {
    /// The authority, by the name that it has in such lines.
    pub(super) issuer: String,
    /// The account, as the authority names it.
    pub(super) account: String,
}

/// The value of the line that lets this account alone have a name certified, in the way that doors use.
impl fmt::Display for Binding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { issuer, account } = self;
        write!(
            f,
            "0 issue \"{issuer}; accounturi={account}; validationmethods=tls-alpn-01\""
        )
    }
}

/// What is wrong with what an owner says.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Loose {
    /// It says nothing, so every authority certifies it for whoever answers there.
    #[error("no CAA line binds it to an account")]
    Unsaid,
    /// An authority may certify it for any of its accounts.
    #[error("a CAA line lets every account of {0} have it certified")]
    EveryAccount(String),
    /// Another account may have it certified.
    #[error("a CAA line lets another account have it certified: {0}")]
    Another(String),
    /// This node's account may not.
    #[error("its CAA lines do not let this computer have it certified")]
    NotThis,
    /// Authorities certify it for nobody, as they have to understand a line that they do not.
    #[error("authorities have to understand its CAA line {0:?}, which they may not")]
    Critical(String),
}

/// Whether exactly this account may have a name certified of which this is said.
pub(super) fn bound(lines: &[Certifier], binding: &Binding) -> Result<(), Loose> {
    const KNOWN: [&str; 5] = ["issue", "issuewild", "iodef", "issuemail", "issuevmc"];
    let unknown = |line: &&Certifier| line.is_critical && !KNOWN.contains(&line.tag.as_str());
    if let Some(line) = lines.iter().find(unknown) {
        return Err(Loose::Critical(line.tag.clone()));
    }
    // Certificates of wildcards below the name are none of the name.
    let mut issue = lines.iter().filter(|line| line.tag == "issue").peekable();
    if issue.peek().is_none() {
        return Err(Loose::Unsaid);
    }
    let mut is_let = false;
    for (issuer, account) in issue.filter_map(|line| issuer_of(&line.value)) {
        match account {
            None => return Err(Loose::EveryAccount(issuer.to_owned())),
            Some(account)
                if account != binding.account || !issuer.eq_ignore_ascii_case(&binding.issuer) =>
            {
                return Err(Loose::Another(account.to_owned()));
            }
            Some(_) => is_let = true,
        }
    }
    match is_let {
        true => Ok(()),
        false => Err(Loose::NotThis),
    }
}

/// Which authority a value lets certify, and for which account if not for each: `ISSUER; NAME=VALUE; …` (RFC 8659 section
/// 4.2). None of one that names no authority, or is malformed: it lets nobody.
fn issuer_of(value: &str) -> Option<(&str, Option<&str>)> {
    let mut parts = value.split(';').map(str::trim);
    let issuer = parts.next().filter(|issuer| !issuer.is_empty())?;
    let mut account = None;
    for part in parts.filter(|part| !part.is_empty()) {
        let (name, value) = part.split_once('=')?;
        if name.trim().eq_ignore_ascii_case("accounturi") {
            // Two of them are malformed (RFC 8657 section 3).
            if account.replace(value.trim()).is_some() {
                return None;
            }
        }
    }
    Some((issuer, account))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(tag: &str, value: &str) -> Certifier {
        Certifier {
            is_critical: false,
            tag: tag.to_owned(),
            value: value.to_owned(),
        }
    }

    fn judged(lines: &[Certifier]) -> Result<(), Loose> {
        let binding = Binding {
            issuer: "ca.example".to_owned(),
            account: "https://ca.example/acct/1".to_owned(),
        };
        bound(lines, &binding)
    }

    const OURS: &str =
        "ca.example; accounturi=https://ca.example/acct/1; validationmethods=tls-alpn-01";

    #[test]
    fn a_name_is_bound_to_exactly_one_account() {
        assert_eq!(judged(&[line("issue", OURS)]), Ok(()));
        let plain = "CA.example;accounturi=https://ca.example/acct/1";
        assert_eq!(judged(&[line("issue", plain)]), Ok(()));
        // Who may certify wildcards below it, and who is written to, is another matter.
        let beside = [
            line("issue", OURS),
            line("issuewild", "other.example"),
            line("iodef", "mailto:ca@acme.example"),
            line("issue", ";"),
        ];
        assert_eq!(judged(&beside), Ok(()));
    }

    #[test]
    fn a_line_that_lets_anybody_else_is_found_beside_ours() {
        let with = |value| judged(&[line("issue", OURS), line("issue", value)]);
        let every = Err(Loose::EveryAccount("ca.example".to_owned()));
        assert_eq!(with("ca.example"), every);
        assert_eq!(with("ca.example; validationmethods=dns-01"), every);
        for other in [
            "ca.example; accounturi=https://ca.example/acct/12",
            "ca.example; accounturi=https://ca.example/ACCT/1",
            "other.example; accounturi=https://ca.example/acct/1",
        ] {
            assert!(matches!(with(other), Err(Loose::Another(_))), "{other}");
        }
        assert_eq!(judged(&[]), Err(Loose::Unsaid));
        assert_eq!(judged(&[line("iodef", "mailto:a@b")]), Err(Loose::Unsaid));
        assert_eq!(judged(&[line("issue", ";")]), Err(Loose::NotThis));
        let twice = "ca.example; accounturi=https://ca.example/acct/1; accounturi=x";
        assert_eq!(judged(&[line("issue", twice)]), Err(Loose::NotThis));
        let odd = Certifier {
            is_critical: true,
            ..line("issueodd", "x")
        };
        assert!(matches!(
            judged(&[line("issue", OURS), odd]),
            Err(Loose::Critical(_))
        ));
    }
}
