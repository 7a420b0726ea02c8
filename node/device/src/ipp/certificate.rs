//! A printer's certificate, as far as it is of use: its key, and what is weak about it (RFC 5280
//! section 4.1).
//!
//! Lives here: finding the key among the fields, in certificates of any version. Not here: whether
//! the printer holds the key, and whether it is the right printer (`trust.rs`).
//!
//! Libraries that judge chains refuse certificates of version 1 altogether, and with them printers
//! that made theirs fifteen years ago. No chain is judged here: the certificate is pinned as a
//! whole, and all that is read of it is the key.

use std::fmt;

use rustls::pki_types::UnixTime;

/// Shortest RSA key that is not called weak, in bits.
pub(super) const LONG_ENOUGH: usize = 2048;

/// A certificate's parts.
#[derive(Debug)]
pub(super) struct Certificate<'a> {
    /// 0 for version 1.
    version: u8,
    /// `notAfter` as it stands there, `YYYYMMDDHHMMSS`; empty where it is no time.
    ends: String,
    /// The content of the key's `AlgorithmIdentifier`.
    pub(super) algorithm: &'a [u8],
    /// The key itself.
    pub(super) key: &'a [u8],
}

/// What is weak about an encrypted connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weakness {
    /// A certificate of X.509 version 1.
    Version1,
    /// An RSA key of so many bits.
    ShortKey(usize),
    /// A certificate that has ended.
    Ended,
}

impl fmt::Display for Weakness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Version1 => f.write_str("its certificate is of the old version 1"),
            Self::ShortKey(bits) => write!(f, "its key has only {bits} bits"),
            Self::Ended => f.write_str("its certificate has expired"),
        }
    }
}

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const UTC_TIME: u8 = 0x17;
const SEQUENCE: u8 = 0x30;
/// `[0] EXPLICIT Version`.
const VERSION: u8 = 0xa0;

impl<'a> Certificate<'a> {
    /// Finds the parts; none where the bytes are no certificate.
    pub(super) fn read(der: &'a [u8]) -> Option<Self> {
        let mut whole = Der(der).sequence()?;
        let mut fields = whole.sequence()?;
        let version = match fields.peek() {
            Some(VERSION) => {
                let number = Der(fields.next(VERSION)?).next(INTEGER)?;
                *number.last()?
            }
            _ => 0,
        };
        fields.next(INTEGER)?;
        // The signature's algorithm, the issuer; then the dates, the subject, the key.
        fields.next(SEQUENCE)?;
        fields.next(SEQUENCE)?;
        let mut dates = fields.sequence()?;
        dates.any()?;
        let ends = time(dates.any()?);
        fields.next(SEQUENCE)?;
        let mut key = fields.sequence()?;
        let algorithm = key.next(SEQUENCE)?;
        // The first byte says how many bits of the last are unused; keys are whole bytes.
        let [0, key @ ..] = key.next(BIT_STRING)? else {
            return None;
        };
        Some(Self {
            version,
            ends,
            algorithm,
            key,
        })
    }

    /// Bits of the modulus, where the key is an RSA key.
    pub(super) fn rsa_bits(&self) -> Option<usize> {
        /// `rsaEncryption`, 1.2.840.113549.1.1.1.
        const RSA: [u8; 11] = [6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1];
        if !self.algorithm.starts_with(&RSA) {
            return None;
        }
        let modulus = Der(self.key).sequence()?.next(INTEGER)?;
        let digits = modulus.iter().position(|byte| *byte != 0)?;
        let first = modulus.get(digits)?;
        let bytes = modulus.len() - digits;
        Some(8 * bytes - usize::try_from(first.leading_zeros()).ok()?)
    }

    /// Whether its key is an RSA key of fewer than [`LONG_ENOUGH`] bits.
    pub(super) fn has_short_key(&self) -> bool {
        self.rsa_bits().is_some_and(|bits| bits < LONG_ENOUGH)
    }

    /// What is weak about it at a time.
    pub(super) fn weaknesses(&self, now: UnixTime) -> Vec<Weakness> {
        let seconds = i64::try_from(now.as_secs()).ok();
        let now = seconds.and_then(|now| time::OffsetDateTime::from_unix_timestamp(now).ok());
        let ended = now.is_some_and(|now| {
            let now = format!(
                "{:04}{:02}{:02}{:02}{:02}{:02}",
                now.year(),
                u8::from(now.month()),
                now.day(),
                now.hour(),
                now.minute(),
                now.second()
            );
            !self.ends.is_empty() && self.ends < now
        });
        let short = self.rsa_bits().filter(|bits| *bits < LONG_ENOUGH);
        [
            (self.version == 0).then_some(Weakness::Version1),
            short.map(Weakness::ShortKey),
            ended.then_some(Weakness::Ended),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

/// `UTCTime` or `GeneralizedTime` as `YYYYMMDDHHMMSS` (RFC 5280 section 4.1.2.5).
fn time((tag, bytes): (u8, &[u8])) -> String {
    let text = std::str::from_utf8(bytes).unwrap_or("");
    let digits: String = text.chars().take_while(char::is_ascii_digit).collect();
    match (tag, digits.len()) {
        (UTC_TIME, 12) if digits.as_str() < "5" => format!("20{digits}"),
        (UTC_TIME, 12) => format!("19{digits}"),
        (_, 14) if tag != UTC_TIME => digits,
        _ => String::new(),
    }
}

/// Fields in DER (ITU-T X.690), one after the other.
struct Der<'a>(&'a [u8]);

impl<'a> Der<'a> {
    fn peek(&self) -> Option<u8> {
        self.0.first().copied()
    }

    /// The next field's tag and content.
    fn any(&mut self) -> Option<(u8, &'a [u8])> {
        let [tag, length, rest @ ..] = self.0 else {
            return None;
        };
        let (length, rest) = match length {
            0..=0x7f => (usize::from(*length), rest),
            // A length of so many bytes; a certificate fits into three.
            0x81..=0x83 => {
                let (bytes, rest) = rest.split_at_checked(usize::from(length & 0x7f))?;
                let length = bytes
                    .iter()
                    .fold(0, |length, byte| length << 8 | usize::from(*byte));
                (length, rest)
            }
            _ => return None,
        };
        let (content, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some((*tag, content))
    }

    /// The next field's content, if it has this tag.
    fn next(&mut self, tag: u8) -> Option<&'a [u8]> {
        self.any()
            .filter(|(found, _)| *found == tag)
            .map(|(_, content)| content)
    }

    fn sequence(&mut self) -> Option<Der<'a>> {
        self.next(SEQUENCE).map(Der)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::time::Duration;

    use proptest::collection::vec;
    use proptest::prelude::{any, proptest};
    use rustls::pki_types::UnixTime;

    use super::{Certificate, Weakness};

    fn at(seconds: u64) -> UnixTime {
        UnixTime::since_unix_epoch(Duration::from_secs(seconds))
    }

    #[test]
    fn a_certificate_of_today_has_a_key_and_no_weakness() {
        let made = rcgen::generate_simple_self_signed(vec!["printer.local".to_owned()]).unwrap();
        let read = Certificate::read(made.cert.der()).unwrap();
        assert_eq!(read.key, made.key_pair.public_key_raw());
        assert_eq!(read.rsa_bits(), None);
        assert!(read.weaknesses(at(1_800_000_000)).is_empty());
        // rcgen's certificates end in the year 4096.
        assert_eq!(
            read.weaknesses(at(70_000_000_000)),
            [Weakness::Ended],
            "{}",
            read.ends
        );
    }

    /// One of version 1 with an RSA key of 1024 bits, as `openssl x509 -req` made it; it ends in 2035.
    const OLD: &[u8] = include_bytes!("fixtures/old-rsa-1024.der");

    #[test]
    fn an_old_certificate_has_a_key_and_its_weaknesses() {
        let read = Certificate::read(OLD).unwrap();
        assert_eq!(read.rsa_bits(), Some(1024));
        assert!(read.has_short_key());
        assert_eq!(
            read.weaknesses(at(1_800_000_000)),
            [Weakness::Version1, Weakness::ShortKey(1024)]
        );
        assert!(
            read.weaknesses(at(2_200_000_000))
                .contains(&Weakness::Ended)
        );
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in vec(any::<u8>(), 0..400)) {
            if let Some(read) = Certificate::read(&bytes) {
                read.weaknesses(at(0));
            }
        }

        #[test]
        fn no_changed_byte_makes_it_panic(place in any::<proptest::sample::Index>(), byte in any::<u8>()) {
            let mut bytes = OLD.to_vec();
            bytes[place.index(OLD.len())] = byte;
            if let Some(read) = Certificate::read(&bytes) {
                read.weaknesses(at(1_800_000_000));
            }
        }
    }
}
