//! Whose job is it? Who asks, by what right, and as which user of the site.
//!
//! A program on this computer says a name (`requesting-user-name`), which the configuration maps
//! to a user; it is believed, as everything is believed that has this computer's keyboard. From
//! elsewhere a user comes over IPPS only, and with a PIN (HTTP Basic, RFC 7617).

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use data_encoding::BASE64;
use papermesh_protocol::pin::Pin;
use papermesh_protocol::text::{self, UserId};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::limits;
use super::message::Failure;
use super::queue::{Queue, QueueError, QueueErrorKind};
use super::status::Status;
pub(super) use crate::web::Peer;

/// Bytes of a requesting user's name that are shown.
const SHOWN: usize = 64;

/// Which users the names are that programs of this computer say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Owners {
    /// Names that programs say, and who is meant.
    pub users: BTreeMap<String, UserId>,
    /// Who is meant by all other names.
    pub default_user: Option<UserId>,
    /// Users who may delete the jobs of others here and stop the printer from taking jobs.
    pub operators: BTreeSet<UserId>,
}

impl Owners {
    /// Who is meant by a name, where these users print from this computer.
    pub(super) fn named(
        &self,
        said: Option<&str>,
        (here, shared): (&[UserId], bool),
    ) -> Result<UserId, Failure> {
        let said = said.unwrap_or_default();
        if let Some(user) = self.users.get(said) {
            return Ok(user.clone());
        }
        if let Some(user) = here
            .iter()
            .find(|user| user.as_str().eq_ignore_ascii_case(said))
        {
            return Ok(user.clone());
        }
        if let Some(user) = &self.default_user {
            return Ok(user.clone());
        }
        // On a shared computer people log in as who they are to the site.
        if shared && let Ok(user) = said.parse() {
            return Ok(user);
        }
        // A personal computer that nobody configured: whoever types there is its user.
        match here {
            [only] if self.users.is_empty() => Ok(only.clone()),
            _ => Err(stranger(said, here)),
        }
    }
}

fn stranger(said: &str, here: &[UserId]) -> Failure {
    let said = text::clean(said, SHOWN);
    let why = if here.is_empty() {
        "nobody is enrolled on this computer; run `papermesh user enroll` there".to_owned()
    } else {
        format!(
            "nobody here prints as {said:?}; map that name to a user with [ipp-users] in papermesh.toml, or set ipp-default-user"
        )
    };
    Failure::new(Status::NotAuthorized, why)
}

/// A user id and a PIN as they came with a request.
pub(super) struct Credentials {
    user: UserId,
    pin: Pin,
    /// What stands for both among those that were proven.
    key: [u8; 32],
}

impl Credentials {
    /// Reads the value of an `Authorization` header; none if it is no such thing.
    pub(super) fn read(header: &str, salt: &[u8; 32]) -> Option<Self> {
        let (scheme, encoded) = header.split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("basic") {
            return None;
        }
        let decoded = Zeroizing::new(BASE64.decode(encoded.trim().as_bytes()).ok()?);
        let (user, pin) = std::str::from_utf8(&decoded).ok()?.split_once(':')?;
        let key = Sha256::new_with_prefix(salt)
            .chain_update(decoded.as_slice())
            .finalize()
            .into();
        Some(Self {
            user: user.parse().ok()?,
            pin: Pin::new(pin).ok()?,
            key,
        })
    }
}

/// Proven credentials of the last minutes, by a salted hash: what is kept tells no PIN.
pub(super) struct Proven {
    /// Of this run of the node.
    pub(super) salt: [u8; 32],
    known: Mutex<HashMap<[u8; 32], Instant>>,
}

impl Proven {
    pub(super) fn new() -> Self {
        Self {
            salt: rand::random(),
            known: Mutex::default(),
        }
    }

    /// Whose credentials these are.
    pub(super) async fn check<Q: Queue>(
        &self,
        queue: &Q,
        credentials: &Credentials,
    ) -> Result<UserId, QueueError> {
        if !self.knows(&credentials.key) {
            queue.prove(&credentials.user, &credentials.pin).await?;
            self.remember(credentials.key);
        }
        Ok(credentials.user.clone())
    }

    fn knows(&self, key: &[u8; 32]) -> bool {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known
            .get(key)
            .is_some_and(|at| at.elapsed() < limits::PROVEN_FOR)
    }

    fn remember(&self, key: [u8; 32]) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, at| at.elapsed() < limits::PROVEN_FOR);
        if known.len() < limits::PROVEN {
            known.insert(key, Instant::now());
        }
    }
}

/// Who asks.
#[derive(Debug)]
pub(super) enum Who {
    /// A user.
    User(UserId),
    /// Somebody who is no user, and what to tell them.
    Stranger(Failure),
}

impl Who {
    /// The user, or what a stranger is told.
    pub(super) fn user(&self) -> Result<&UserId, Failure> {
        match self {
            Self::User(user) => Ok(user),
            Self::Stranger(failure) => Err(Failure::new(failure.status, failure.text.clone())),
        }
    }
}

/// What is told where the PIN was wrong or too many were.
pub(super) fn refused(error: QueueError) -> Failure {
    match error.kind {
        QueueErrorKind::NotProven => Failure::new(Status::NotAuthenticated, error.text),
        _ => error.into(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn users(names: &[&str]) -> Vec<UserId> {
        names.iter().map(|name| name.parse().unwrap()).collect()
    }

    #[test]
    fn the_only_user_of_a_computer_is_meant_by_any_name_until_names_are_mapped() {
        let mut owners = Owners::default();
        let here = users(&["charlie"]);
        assert_eq!(
            owners.named(Some("root"), (&here, false)).unwrap().as_str(),
            "charlie"
        );
        owners
            .users
            .insert("root".into(), "charlie".parse().unwrap());
        assert_eq!(
            owners.named(Some("root"), (&here, false)).unwrap().as_str(),
            "charlie"
        );
        let failure = owners.named(Some("not-root"), (&here, false)).unwrap_err();
        assert_eq!(failure.status, Status::NotAuthorized);
        assert!(failure.text.contains("not-root"), "{}", failure.text);
    }

    #[test]
    fn several_users_are_told_apart_by_their_ids() {
        let here = users(&["alice", "bob"]);
        let mut owners = Owners::default();
        assert_eq!(
            owners.named(Some("Bob"), (&here, false)).unwrap().as_str(),
            "bob"
        );
        assert!(owners.named(Some("carol"), (&here, false)).is_err());
        assert_eq!(
            owners.named(Some("carol"), (&here, true)).unwrap().as_str(),
            "carol"
        );
        assert!(owners.named(None, (&here, false)).is_err());
        owners.default_user = Some("alice".parse().unwrap());
        assert_eq!(
            owners.named(None, (&here, false)).unwrap().as_str(),
            "alice"
        );
    }

    #[test]
    fn credentials_are_read_from_the_header_only_as_they_should_be() {
        let header = format!("Basic {}", BASE64.encode(b"charlie:24:68"));
        let credentials = Credentials::read(&header, &[0; 32]).unwrap();
        assert_eq!(credentials.user.as_str(), "charlie");
        for wrong in [
            "",
            "Basic",
            "Basic !",
            "Bearer YTpi",
            "Basic YTpi",
            "Basic YWJj",
        ] {
            assert!(Credentials::read(wrong, &[0; 32]).is_none(), "{wrong}");
        }
    }
}
