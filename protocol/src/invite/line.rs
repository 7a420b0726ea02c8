//! Invites and tickets as one line of text.
//!
//! The line is a prefix that names kind and version, then the ticket in deterministic CBOR and a
//! checksum, in base32 (RFC 4648 §6, no padding). Base32 survives being spelled in one case,
//! packs well into a QR code's alphanumeric mode and is one word to a double click. The checksum is there for people, not against them: it turns a
//! character lost in copying into an error that says so, rather than into a denial.

use std::borrow::Cow;

use core::fmt;

use data_encoding::BASE32_NOPAD;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::codec;
use crate::limits;
use crate::remedy::Remedy;
use crate::time::Timestamp;

/// Bytes of checksum: a damaged line passes once in four thousand million times.
const CHECKSUM: usize = 4;
/// Bytes of an encoded ticket, so that its line keeps within [`limits::INVITE_TEXT`].
const ENCODED: usize = 1200;
/// What every kind's prefix begins with.
const FAMILY: &str = "papermesh-";

/// What a line is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TicketKind {
    /// An [`Invite`](super::Invite).
    Invite,
    /// A [`UserTicket`](super::UserTicket).
    User,
    /// A [`LinkTicket`](super::LinkTicket).
    Link,
    /// A [`Gateway`](crate::gateway::contract::Gateway).
    Gateway,
    /// A [`Callee`](crate::gateway::wake::Callee).
    Door,
}

impl TicketKind {
    const ALL: [Self; 5] = [
        Self::Invite,
        Self::User,
        Self::Link,
        Self::Gateway,
        Self::Door,
    ];

    /// How a line of this kind begins.
    #[must_use]
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Invite => "papermesh-invite-1:",
            Self::User => "papermesh-user-1:",
            Self::Link => "papermesh-link-1:",
            Self::Gateway => "papermesh-gateway-1:",
            Self::Door => "papermesh-door-1:",
        }
    }

    /// The command that takes it.
    const fn command(self) -> &'static str {
        match self {
            Self::Invite => "papermesh join",
            Self::User => "papermesh user enroll",
            Self::Link => "papermesh user link",
            Self::Gateway => "papermesh gateway add",
            Self::Door => "papermesh gateway wake",
        }
    }

    /// Who can make another.
    const fn issuer(self) -> &'static str {
        match self {
            Self::Invite | Self::User => "the site's admin",
            Self::Link => "your first computer",
            Self::Gateway => "the gateway's provider",
            Self::Door => "whoever opened the place",
        }
    }
}

impl fmt::Display for TicketKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Invite => "invite",
            Self::User => "user ticket",
            Self::Link => "link ticket",
            Self::Gateway => "gateway line",
            Self::Door => "line of a door",
        })
    }
}

/// Why a line is refused, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TicketError {
    /// Something else altogether.
    #[error("this is not the {0} that is needed")]
    NotOne(TicketKind),
    /// Good for another command.
    #[error("this is not the {expected} that is needed here (it is the {found})")]
    OtherKind {
        /// What was needed.
        expected: TicketKind,
        /// What was given.
        found: TicketKind,
    },
    /// Of a version that this program does not know.
    #[error("this {0} was made by another version of Papermesh")]
    OtherVersion(TicketKind),
    /// Longer than any ticket.
    #[error("this is longer than any {0} ({max} characters)", max = limits::INVITE_TEXT)]
    TooLong(TicketKind),
    /// A character is missing or wrong.
    #[error("this {0} is damaged or incomplete")]
    Damaged(TicketKind),
    /// Undamaged, yet makes no sense.
    #[error("this {kind} cannot be used ({reason})")]
    Malformed {
        /// What it is.
        kind: TicketKind,
        /// What is wrong.
        reason: String,
    },
    /// Its time is over.
    #[error("this {0} has expired")]
    Expired(TicketKind),
}

impl Remedy for TicketError {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        Some(match self {
            Self::NotOne(kind) => {
                format!("copy the line that begins with {}", kind.prefix()).into()
            }
            Self::OtherKind { found, .. } => format!("use it with `{}`", found.command()).into(),
            Self::OtherVersion(_) => "update the older of the two".into(),
            Self::TooLong(_) => "copy only that line".into(),
            Self::Damaged(_) => "copy the whole line again".into(),
            Self::Malformed { kind, .. } | Self::Expired(kind) => {
                format!("ask {} for a new one", kind.issuer()).into()
            }
        })
    }
}

/// A value that has a line.
pub(crate) trait Ticket: Serialize + DeserializeOwned {
    /// What it is for.
    const KIND: TicketKind;
    /// Checks what the types do not say.
    fn check(&self) -> Result<(), &'static str>;
}

/// Writes the line.
pub(crate) fn write<T: Ticket>(ticket: &T) -> Result<Zeroizing<String>, TicketError> {
    ticket.check().map_err(malformed::<T>)?;
    let mut bytes = Zeroizing::new(codec::encode(ticket, ENCODED).map_err(malformed::<T>)?);
    let checksum = checksum(T::KIND, &bytes);
    // Grown before anything is appended, so that no copy of the secret stays behind unwiped.
    let mut whole = Zeroizing::new(Vec::with_capacity(bytes.len() + CHECKSUM));
    whole.append(&mut bytes);
    whole.extend_from_slice(&checksum);
    let mut line = Zeroizing::new(String::with_capacity(limits::INVITE_TEXT));
    line.push_str(T::KIND.prefix());
    BASE32_NOPAD.encode_append(&whole, &mut line);
    let prefix = T::KIND.prefix().len();
    line[prefix..].make_ascii_lowercase();
    Ok(line)
}

/// Reads a line. Letters of either case are taken, and white space anywhere is ignored, because
/// mail programs break long lines.
pub(crate) fn read<T: Ticket>(text: &str) -> Result<T, TicketError> {
    let kind = T::KIND;
    // Twice the limit leaves room for every sensible amount of white space.
    if text.len() > 2 * limits::INVITE_TEXT {
        return Err(TicketError::TooLong(kind));
    }
    let mut line = Zeroizing::new(String::with_capacity(text.len()));
    line.extend(text.chars().filter(|c| !c.is_whitespace()));
    line.make_ascii_lowercase();
    if line.len() > limits::INVITE_TEXT {
        return Err(TicketError::TooLong(kind));
    }
    let encoded = line
        .strip_prefix(kind.prefix())
        .ok_or_else(|| other(kind, &line))?;
    let upper = Zeroizing::new(encoded.to_ascii_uppercase());
    let whole = Zeroizing::new(
        BASE32_NOPAD
            .decode(upper.as_bytes())
            .map_err(|_| TicketError::Damaged(kind))?,
    );
    let (bytes, sum) = whole
        .split_last_chunk::<CHECKSUM>()
        .ok_or(TicketError::Damaged(kind))?;
    if checksum(kind, bytes) != *sum {
        return Err(TicketError::Damaged(kind));
    }
    let ticket: T = codec::decode(bytes, ENCODED).map_err(malformed::<T>)?;
    ticket.check().map_err(malformed::<T>)?;
    Ok(ticket)
}

/// Refuses a ticket of this kind that ended at `expires_at`.
pub(super) fn check_time<T: Ticket>(
    expires_at: Timestamp,
    now: Timestamp,
) -> Result<(), TicketError> {
    if now > expires_at + limits::CLOCK_SKEW {
        Err(TicketError::Expired(T::KIND))
    } else {
        Ok(())
    }
}

/// What a line is that does not begin as `expected` does.
fn other(expected: TicketKind, line: &str) -> TicketError {
    let named = |kind: &TicketKind| {
        let unversioned = kind.prefix().trim_end_matches("1:");
        line.strip_prefix(unversioned)
            .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
    };
    match TicketKind::ALL.into_iter().find(named) {
        Some(found) if found == expected => TicketError::OtherVersion(found),
        Some(found) => TicketError::OtherKind { expected, found },
        None if line.starts_with(FAMILY) => TicketError::Damaged(expected),
        None => TicketError::NotOne(expected),
    }
}

fn malformed<T: Ticket>(reason: impl fmt::Display) -> TicketError {
    TicketError::Malformed {
        kind: T::KIND,
        reason: reason.to_string(),
    }
}

fn checksum(kind: TicketKind, bytes: &[u8]) -> [u8; CHECKSUM] {
    let hash: [u8; 32] = Sha256::new()
        .chain_update(kind.prefix())
        .chain_update(bytes)
        .finalize()
        .into();
    let mut sum = [0; CHECKSUM];
    sum.copy_from_slice(&hash[..CHECKSUM]);
    sum
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};
    use serde_bytes::ByteBuf;

    use super::*;
    use crate::certificate::{Role, Roles};
    use crate::id::{NodeId, SiteId};
    use crate::invite::{Invite, LinkTicket, TicketSecret, UserTicket};

    fn invite() -> Invite {
        Invite {
            site: SiteId::from_bytes([1; 32]),
            admin: NodeId::from_bytes([2; 32]),
            addresses: vec![ByteBuf::from(vec![4, 192, 168, 1, 2, 6, 0x1f, 0x90])],
            secret: TicketSecret::from_bytes([3; 16]),
            roles: Roles::of(&[Role::Printer]),
            name: Some("Drucker im Flur".parse().unwrap()),
            expires_at: Timestamp::from_secs(1_800_000_000),
        }
    }

    #[test]
    fn a_line_reads_back_however_it_was_copied() {
        let line = invite().to_text().unwrap();
        assert!(line.starts_with("papermesh-invite-1:"));
        assert_eq!(line.parse::<Invite>().unwrap(), invite());
        assert_eq!(line.to_uppercase().parse::<Invite>().unwrap(), invite());
        let wrapped = format!("  {}\r\n  {}\n", &line[..76], &line[76..]);
        assert_eq!(wrapped.parse::<Invite>().unwrap(), invite());
    }

    #[test]
    fn the_largest_invite_keeps_within_the_limit() {
        let mut largest = invite();
        largest.addresses =
            vec![ByteBuf::from(vec![0xff; limits::ADDRESS]); limits::ADDRESSES_PER_ADVERT];
        largest.name = Some("n".repeat(limits::NAME).parse().unwrap());
        largest.expires_at = Timestamp::from_millis(u64::MAX);
        let line = largest.to_text().unwrap();
        assert!(line.len() <= limits::INVITE_TEXT);
        assert_eq!(line.parse::<Invite>().unwrap(), largest);
    }

    #[test]
    fn each_mistake_has_its_own_word() {
        let line = invite().to_text().unwrap();
        let refused = |text: &str| text.parse::<Invite>().unwrap_err();
        assert_eq!(refused("hello"), TicketError::NotOne(TicketKind::Invite));
        assert_eq!(refused(""), TicketError::NotOne(TicketKind::Invite));
        assert_eq!(
            refused("papermesh-invite-1:"),
            TicketError::Damaged(TicketKind::Invite)
        );
        assert_eq!(
            refused(&line[..line.len() - 1]),
            TicketError::Damaged(TicketKind::Invite)
        );
        assert_eq!(
            refused("papermesh-invite-2:abc"),
            TicketError::OtherVersion(TicketKind::Invite)
        );
        assert_eq!(
            refused(&"x".repeat(5000)),
            TicketError::TooLong(TicketKind::Invite)
        );
        let found = line.parse::<UserTicket>().unwrap_err();
        assert_eq!(
            found,
            TicketError::OtherKind {
                expected: TicketKind::User,
                found: TicketKind::Invite
            }
        );
        assert!(found.remedy().unwrap().contains("papermesh join"));
        // The checksum covers the kind, so that an invite under a ticket's name is no ticket.
        let renamed = line.replace("invite", "link");
        assert_eq!(
            renamed.parse::<LinkTicket>().unwrap_err(),
            TicketError::Damaged(TicketKind::Link)
        );
    }

    #[test]
    fn what_joining_cannot_give_is_in_no_invite() {
        for roles in [
            Roles::default(),
            Roles::of(&[Role::Admin]),
            Roles::of(&[Role::Client, Role::Admin]),
        ] {
            let refused = Invite { roles, ..invite() }.to_text().unwrap_err();
            assert!(matches!(refused, TicketError::Malformed { .. }));
        }
    }

    #[test]
    fn it_ends_when_it_says_give_or_take_the_clocks() {
        let ticket = invite();
        assert_eq!(
            ticket.check_time(ticket.expires_at + limits::CLOCK_SKEW),
            Ok(())
        );
        let late = ticket.expires_at + limits::CLOCK_SKEW + core::time::Duration::from_secs(1);
        assert_eq!(
            ticket.check_time(late),
            Err(TicketError::Expired(TicketKind::Invite))
        );
    }

    #[test]
    fn the_secret_is_in_no_debug_output() {
        assert!(format!("{:?}", invite()).contains("TicketSecret(..)"));
    }

    proptest! {
        #[test]
        fn every_changed_character_is_refused(at in any::<proptest::sample::Index>(), to in "[!-~]") {
            let line = invite().to_text().unwrap();
            let at = at.index(line.len());
            let mut changed = line.to_string();
            changed.replace_range(at..=at, &to);
            if !changed.eq_ignore_ascii_case(&line) {
                prop_assert!(changed.parse::<Invite>().is_err());
            }
        }

        #[test]
        fn every_swap_of_neighbours_is_noticed(at in any::<proptest::sample::Index>()) {
            let line = invite().to_text().unwrap();
            let at = at.index(line.len() - 1);
            let mut bytes = line.as_bytes().to_vec();
            bytes.swap(at, at + 1);
            let changed = String::from_utf8(bytes).unwrap();
            prop_assert_eq!(changed.parse::<Invite>().is_ok(), changed == **line);
        }

        #[test]
        fn no_text_panics(text in "(papermesh-invite-1:)?[a-z2-7:\\s]{0,300}") {
            prop_assert!(text.parse::<Invite>().is_err());
        }
    }
}
