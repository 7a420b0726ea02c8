//! What members make of the site's secret: where records live in the DHT, what a badge number
//! becomes, and with what a handshake begins. So neither a user id nor a badge number can be guessed
//! from what others store, and no stranger is shown a certificate.

use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::badge::BadgeNumber;
use crate::id::{BadgeTag, NodeId, RecordKey, SiteId};
use crate::limits;
use crate::site::SiteSecret;
use crate::text::UserId;

/// Where the adverts of a user live: the user's lookup key.
#[must_use]
pub fn adverts_key(secret: &SiteSecret, user: &UserId) -> RecordKey {
    RecordKey::from_bytes(keyed(secret, "advert", user.as_str().as_bytes()))
}

/// Where the user entry lives.
#[must_use]
pub fn user_entry_key(secret: &SiteSecret, user: &UserId) -> RecordKey {
    RecordKey::from_bytes(keyed(secret, "user", user.as_str().as_bytes()))
}

/// Where the badge record lives: the tag itself, since it is a keyed hash of the number already.
#[must_use]
pub fn badge_key(tag: BadgeTag) -> RecordKey {
    RecordKey::from_bytes(*tag.as_bytes())
}

/// Where the site state lives.
#[must_use]
pub fn site_state_key(secret: &SiteSecret) -> RecordKey {
    RecordKey::from_bytes(keyed(secret, "site", &[]))
}

/// Where the record of a door's places lives.
#[must_use]
pub fn places_key(secret: &SiteSecret, node: NodeId) -> RecordKey {
    RecordKey::from_bytes(keyed(secret, "places", node.as_bytes()))
}

/// With what both sides of a member handshake begin (Noise's prologue). Without the site's secret
/// nobody gets as far as to be shown a certificate.
#[must_use]
pub fn prologue(secret: &SiteSecret, site: SiteId) -> [u8; 32] {
    keyed(secret, "handshake", site.as_bytes())
}

/// What stands for a user in logs: 8 hexadecimal digits, the same at every member of the site, that tell
/// nothing to whoever does not know its secret.
#[must_use]
pub fn log_name(secret: &SiteSecret, user: &UserId) -> String {
    let name = keyed(secret, "log", user.as_str().as_bytes());
    HEXLOWER.encode(&name[..4])
}

/// HMAC-SHA-256(site secret, length of the label ‖ label ‖ data).
fn keyed(secret: &SiteSecret, label: &str, data: &[u8]) -> [u8; 32] {
    #[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose()).expect("any key length");
    mac.update(&[u8::try_from(label.len()).unwrap_or(u8::MAX)]);
    mac.update(label.as_bytes());
    mac.update(data);
    mac.finalize().into_bytes().into()
}

/// Why a badge number was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadgeError {
    /// Nothing was read.
    #[error("the badge number is empty")]
    Empty,
    /// Longer than any badge.
    #[error("the badge number is longer than {} characters", limits::BADGE_NUMBER)]
    TooLong,
    /// Readers deliver letters and digits.
    #[error("a badge number has letters and digits only")]
    Character,
}

/// The tag of a whole badge number; every digit counts.
pub fn badge_tag(secret: &SiteSecret, number: &BadgeNumber) -> Result<BadgeTag, BadgeError> {
    let number = number.expose();
    if number.len() > limits::BADGE_NUMBER {
        return Err(BadgeError::TooLong);
    }
    if !number.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err(BadgeError::Character);
    }
    if number.is_empty() {
        return Err(BadgeError::Empty);
    }
    Ok(BadgeTag::from_bytes(keyed(
        secret,
        "badge",
        number.as_bytes(),
    )))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn one_badge_has_one_tag_however_the_reader_prints_it() {
        let secret = SiteSecret::from_bytes([1; 32]);
        let tag = badge_tag(&secret, &BadgeNumber::of("04A1B2C3D4E5F6")).unwrap();
        assert_eq!(
            badge_tag(&secret, &BadgeNumber::of("04:a1:b2:c3:d4:e5:f6\n")).unwrap(),
            tag
        );
        assert_ne!(
            badge_tag(&secret, &BadgeNumber::of("4A1B2C3D4E5F6")).unwrap(),
            tag
        );
        assert_ne!(
            badge_tag(
                &SiteSecret::from_bytes([2; 32]),
                &BadgeNumber::of("04A1B2C3D4E5F6")
            )
            .unwrap(),
            tag
        );
        assert_eq!(
            badge_tag(&secret, &BadgeNumber::of(" ")),
            Err(BadgeError::Empty)
        );
        assert_eq!(
            badge_tag(&secret, &BadgeNumber::of("04;A1")),
            Err(BadgeError::Character)
        );
    }

    #[test]
    fn kinds_of_records_never_share_a_key() {
        let secret = SiteSecret::from_bytes([1; 32]);
        let user: UserId = "charlie".parse().unwrap();
        assert_ne!(adverts_key(&secret, &user), user_entry_key(&secret, &user));
        assert_ne!(site_state_key(&secret), user_entry_key(&secret, &user));
    }
}
