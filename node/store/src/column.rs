//! Typed column families: what a key and a value are, as bytes and as types.
//!
//! Keys are written so that their order as bytes is their order as values, since RocksDB sorts
//! bytes. Values are deterministic CBOR ([`papermesh_protocol::codec`]) of a bounded size. The
//! families themselves are listed in [`super::columns`].

use std::marker::PhantomData;

use papermesh_protocol::id::{BadgeTag, JobId, NodeId, RecordKey, ReleaseId, Serial, TokenDigest};
use papermesh_protocol::text::UserId;
use papermesh_protocol::time::Timestamp;
use papermesh_protocol::web::Label;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A column family with keys `K` and values `V`.
pub(super) struct Column<K, V> {
    name: &'static str,
    max: usize,
    types: PhantomData<fn() -> (K, V)>,
}

impl<K: Key, V: Value> Column<K, V> {
    /// The family called `name`, whose encoded values have at most `max` bytes.
    pub(super) const fn new(name: &'static str, max: usize) -> Self {
        Self {
            name,
            max,
            types: PhantomData,
        }
    }

    /// The family's name on disk.
    pub(super) const fn name(&self) -> &'static str {
        self.name
    }

    /// The most bytes of an encoded value.
    pub(super) const fn max(&self) -> usize {
        self.max
    }
}

/// What can be a value.
pub trait Value: Serialize + DeserializeOwned {}
impl<T: Serialize + DeserializeOwned> Value for T {}

/// What can be a key.
pub trait Key: Sized {
    /// Appends the key's bytes.
    fn write(&self, bytes: &mut Vec<u8>);
    /// The key that these bytes are, all of them.
    fn read(bytes: &[u8]) -> Option<Self>;

    /// The key's bytes.
    fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(48);
        self.write(&mut bytes);
        bytes
    }
}

/// Keys of one length, which can therefore be followed by others without a separator.
pub(super) trait FixedKey: Key {
    /// The length in bytes.
    const LEN: usize;
}

macro_rules! identity_keys {
    ($($id:ident),*) => {$(
        impl Key for $id {
            fn write(&self, bytes: &mut Vec<u8>) {
                bytes.extend_from_slice(self.as_bytes());
            }
            fn read(bytes: &[u8]) -> Option<Self> {
                bytes.try_into().ok().map(Self::from_bytes)
            }
        }
        impl FixedKey for $id {
            const LEN: usize = $id::LEN;
        }
    )*};
}
identity_keys!(
    BadgeTag,
    JobId,
    NodeId,
    RecordKey,
    ReleaseId,
    Serial,
    TokenDigest
);

impl<const N: usize> Key for [u8; N] {
    fn write(&self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(self);
    }
    fn read(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok()
    }
}

impl Key for u64 {
    fn write(&self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&self.to_be_bytes());
    }
    fn read(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self::from_be_bytes)
    }
}

impl Key for u32 {
    fn write(&self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&self.to_be_bytes());
    }
    fn read(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self::from_be_bytes)
    }
}

impl Key for u8 {
    fn write(&self, bytes: &mut Vec<u8>) {
        bytes.push(*self);
    }
    fn read(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [byte] => Some(*byte),
            _ => None,
        }
    }
}
impl FixedKey for u8 {
    const LEN: usize = 1;
}

impl Key for Timestamp {
    fn write(&self, bytes: &mut Vec<u8>) {
        self.as_millis().write(bytes);
    }
    fn read(bytes: &[u8]) -> Option<Self> {
        u64::read(bytes).map(Self::from_millis)
    }
}
impl FixedKey for Timestamp {
    const LEN: usize = 8;
}

impl Key for UserId {
    fn write(&self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(self.as_str().as_bytes());
    }
    fn read(bytes: &[u8]) -> Option<Self> {
        let user: Self = str::from_utf8(bytes).ok()?.parse().ok()?;
        // Parsing folds case and trims; what was written needs neither.
        (user.as_str().as_bytes() == bytes).then_some(user)
    }
}

impl Key for Label {
    fn write(&self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(self.as_str().as_bytes());
    }
    fn read(bytes: &[u8]) -> Option<Self> {
        str::from_utf8(bytes).ok()?.parse().ok()
    }
}

impl Key for String {
    fn write(&self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(self.as_bytes());
    }
    fn read(bytes: &[u8]) -> Option<Self> {
        Self::from_utf8(bytes.to_vec()).ok()
    }
}

impl Key for Vec<u8> {
    fn write(&self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(self);
    }
    fn read(bytes: &[u8]) -> Option<Self> {
        Some(bytes.to_vec())
    }
}

/// First by `A`, then by `B`.
impl<A: FixedKey, B: Key> Key for (A, B) {
    fn write(&self, bytes: &mut Vec<u8>) {
        self.0.write(bytes);
        self.1.write(bytes);
    }
    fn read(bytes: &[u8]) -> Option<Self> {
        let (first, second) = bytes.split_at_checked(A::LEN)?;
        Some((A::read(first)?, B::read(second)?))
    }
}

/// Something of a user. The user id ends with a zero byte, which no user id contains, so that one
/// user's keys are never among those of another whose id begins alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct OfUser<K> {
    pub(super) user: UserId,
    pub(super) key: K,
}

impl<K> OfUser<K> {
    /// What all keys of this user begin with, and no others.
    pub(super) fn prefix(user: &UserId) -> Vec<u8> {
        let mut bytes = user.to_bytes();
        bytes.push(0);
        bytes
    }
}

impl<K: Key> Key for OfUser<K> {
    fn write(&self, bytes: &mut Vec<u8>) {
        self.user.write(bytes);
        bytes.push(0);
        self.key.write(bytes);
    }
    fn read(bytes: &[u8]) -> Option<Self> {
        let end = bytes.iter().position(|&byte| byte == 0)?;
        Some(Self {
            user: UserId::read(&bytes[..end])?,
            key: K::read(&bytes[end + 1..])?,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn keys_sort_as_their_values_and_round_trip(
            a in ("[a-z]{1,4}", any::<u64>(), any::<[u8; 16]>()),
            b in ("[a-z]{1,4}", any::<u64>(), any::<[u8; 16]>()),
        ) {
            let make = |(user, at, job): &(String, u64, [u8; 16])| OfUser {
                user: user.parse().unwrap(),
                key: (Timestamp::from_millis(*at), JobId::from_bytes(*job)),
            };
            let (first, second) = (make(&a), make(&b));
            let order = (&first.user, first.key).cmp(&(&second.user, second.key));
            prop_assert_eq!(first.to_bytes().cmp(&second.to_bytes()), order);
            prop_assert_eq!(OfUser::read(&first.to_bytes()), Some(first.clone()));
            prop_assert_eq!(
                first.to_bytes().starts_with(&OfUser::<JobId>::prefix(&second.user)),
                first.user == second.user
            );
        }

        #[test]
        fn no_bytes_make_a_key_panic(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            if let Some(key) = OfUser::<(Timestamp, JobId)>::read(&bytes) {
                prop_assert_eq!(key.to_bytes(), bytes);
            }
        }
    }
}
