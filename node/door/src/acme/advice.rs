//! When an authority advises to renew a certificate (ACME renewal information, RFC 9773). It may want it
//! sooner than its end says, because it has to revoke many; and renewals that it advised are free of its limits.

use std::time::Duration;

use data_encoding::BASE64URL_NOPAD;
use instant_acme::{CertificateIdentifier, Error};
use papermesh_protocol::time::Timestamp;
use sha2::{Digest, Sha256};
use tokio::time::timeout;
use x509_parser::extensions::ParsedExtension;
use x509_parser::parse_x509_certificate;
use x509_parser::pem::parse_x509_pem;

use super::{AcmeAccount, AcmeError, STEP};

/// How soon an authority is asked again at the earliest, and at the latest (RFC 9773 section 4.3.2).
const SOONEST: Duration = Duration::from_secs(60 * 60);
/// See [`SOONEST`].
const LATEST: Duration = Duration::from_secs(24 * 60 * 60);

/// What an authority advises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Advice {
    /// When to renew: a moment of the time that it gives, the same whenever it is asked for this certificate.
    pub renew_at: Timestamp,
    /// How long this is good for.
    pub good_for: Duration,
}

impl AcmeAccount {
    /// What the authority advises of a certificate that it issued, PEM; nothing if it does not advise.
    ///
    /// # Errors
    /// [`AcmeError`].
    pub async fn advice(&self, chain: &str) -> Result<Option<Advice>, AcmeError> {
        let identifier = identifier(chain)?;
        let asked = timeout(STEP, self.account.renewal_info(&identifier)).await;
        let (told, again) = match asked.map_err(|_| AcmeError::Timeout)? {
            Ok(told) => told,
            Err(Error::Unsupported(_)) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let window = told.suggested_window;
        let seconds = |at: i64| u64::try_from(at).map_err(|_| AcmeError::Malformed);
        let from = seconds(window.start.unix_timestamp())?;
        let to = seconds(window.end.unix_timestamp())?;
        Ok(Some(Advice {
            renew_at: within((from, to), &identifier.to_string()),
            good_for: again.clamp(SOONEST, LATEST),
        }))
    }
}

/// The name of a certificate where renewals are spoken of (RFC 9773 section 4.1).
pub(super) fn identifier(chain: &str) -> Result<CertificateIdentifier<'static>, AcmeError> {
    let malformed = || AcmeError::Malformed;
    let (_, pem) = parse_x509_pem(chain.as_bytes()).map_err(|_| malformed())?;
    let (_, certificate) = parse_x509_certificate(&pem.contents).map_err(|_| malformed())?;
    let issuer =
        certificate
            .extensions()
            .iter()
            .find_map(|extension| match extension.parsed_extension() {
                ParsedExtension::AuthorityKeyIdentifier(known) => known.key_identifier.as_ref(),
                _ => None,
            });
    let issuer = issuer.ok_or_else(malformed)?;
    Ok(CertificateIdentifier {
        authority_key_identifier: BASE64URL_NOPAD.encode(issuer.0).into(),
        serial: BASE64URL_NOPAD.encode(certificate.raw_serial()).into(),
    })
}

/// A moment of this time, in seconds, that follows from the certificate: so all certificates of an authority
/// are spread over it, and each is renewed once (RFC 9773 section 4.2).
fn within((from, to): (u64, u64), identifier: &str) -> Timestamp {
    let hash = Sha256::digest(identifier.as_bytes());
    let drawn = hash
        .first_chunk()
        .map_or(0, |bytes| u32::from_be_bytes(*bytes));
    let length = u128::from(to.saturating_sub(from));
    let into = (length * u128::from(drawn)) >> 32;
    Timestamp::from_secs(from.saturating_add(u64::try_from(into).unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// The example of RFC 9773 appendix A.
    const EXAMPLE: &str = include_str!("fixtures/rfc9773.pem");

    #[test]
    fn a_certificate_is_named_as_the_standard_says() {
        let named = identifier(EXAMPLE).unwrap().to_string();
        assert_eq!(named, "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE");
        assert!(identifier("no certificate").is_err());
    }

    #[test]
    fn a_moment_is_of_its_time_and_the_same_each_time() {
        let moments: Vec<u64> = (0..100)
            .map(|one| within((1_000, 2_000), &one.to_string()).as_secs())
            .collect();
        assert!(moments.iter().all(|at| (1_000..2_000).contains(at)));
        assert!(moments.iter().any(|at| *at < 1_500) && moments.iter().any(|at| *at > 1_500));
        assert_eq!(within((1_000, 2_000), "7"), within((1_000, 2_000), "7"));
        // A time that ends before it begins is its beginning.
        assert_eq!(within((2_000, 1_000), "7").as_secs(), 2_000);
        let _ = within((u64::MAX, u64::MAX), "7");
    }
}
