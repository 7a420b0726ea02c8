//! The charter: who may sign for the site.
//!
//! A site's id is the public key of its **root**. The root signs charters and nothing else, so that it
//! can lie sealed in a drawer. A charter names the **admins** and the key of each; what one of them
//! signs is believed for as long as the newest charter names its key. Taking a key out of the charter
//! therefore takes it back, wherever copies of it are.
//!
//! A stolen key can date what it signs back, so no date saves what an admin signed who is one no more.
//! Certificates of members that are away would fall with it; a charter *keeps* those that it lists by
//! their digests. Users, badges and site states fall, and whoever changed the charter signs them anew.
//!
//! **Sequence numbers** of what admins sign are made of two halves: the upper 32 bits are those of the
//! charter under which they were signed. No reader believes one that is ahead of its own charter. So
//! an admin can use up the numbers of its time in office and none beyond, and the first word under the
//! next charter is newer than all of them.

use std::borrow::Cow;

use core::cmp::Ordering;

use serde::{Deserialize, Serialize};

use crate::id::{AdminKey, NodeId, RecordDigest, SiteId};
use crate::limits;
use crate::remedy::Remedy;
use crate::signed::{Envelope, Record, Signed, SignedError};
use crate::time::Timestamp;

/// One who may sign for the site.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Admin {
    /// The key that signs.
    pub key: AdminKey,
    /// The node on which the key was made.
    pub node: NodeId,
    /// When the root named it.
    pub since: Timestamp,
}

/// Who may sign for the site, as of one moment. The newer replaces the older, whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Charter {
    /// The site, whose key signs.
    pub site: SiteId,
    /// Grows with every change, from 0.
    pub sequence: u32,
    /// The admins, ascending by key.
    pub admins: Vec<Admin>,
    /// Certificates that stay good although who signed them is no admin any more, ascending.
    pub kept: Vec<RecordDigest>,
}

impl Record for Charter {
    const DOMAIN: &'static str = "papermesh/charter/1";
    const MAX: usize = limits::CHARTER;
}

/// Tells charters apart and orders them: the newer is the greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CharterMark {
    /// The charter's sequence number.
    pub sequence: u32,
    /// How many admins it names. Of two that the root signed under one number the one that names fewer
    /// stays, wherever they meet: whoever was removed does not come back by a charter that somebody made
    /// who had not heard of it.
    pub admins: u8,
    /// Of two that are alike in that, too, the greater stays.
    pub digest: RecordDigest,
}

impl Ord for CharterMark {
    fn cmp(&self, other: &Self) -> Ordering {
        let newer = self.sequence.cmp(&other.sequence);
        let fewer = other.admins.cmp(&self.admins);
        newer.then(fewer).then(self.digest.cmp(&other.digest))
    }
}

impl PartialOrd for CharterMark {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Why a charter is not accepted, or not made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CharterError {
    /// It is not what the root signed.
    #[error(transparent)]
    Signed(#[from] SignedError),
    /// It is another site's.
    #[error("the charter belongs to another site")]
    ForeignSite,
    /// Its lists are empty, too long or not in order.
    #[error("the charter's lists are malformed")]
    Malformed,
    /// No room for a further admin.
    #[error("the site already has {} admins", limits::ADMINS)]
    TooManyAdmins,
    /// Nobody could sign for the site any more.
    #[error("this is the site's only admin")]
    LastAdmin,
    /// More certificates stay than a charter can list.
    #[error(
        "more than {} certificates of former admins would have to stay valid",
        limits::KEPT
    )]
    TooManyKept,
    /// There is no further number.
    #[error("this was the last number")]
    Exhausted,
}

impl Remedy for CharterError {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        let remedy = match self {
            Self::TooManyAdmins => "revoke one first",
            Self::TooManyKept => {
                "let those members renew theirs first, which happens automatically while another admin's node is \
                 running"
            }
            Self::Exhausted => {
                "have the root sign the next charter with `papermesh site root renew`"
            }
            _ => return None,
        };
        Some(remedy.into())
    }
}

impl Charter {
    /// The charter of a new site.
    #[must_use]
    pub fn new(site: SiteId, admin: Admin) -> Self {
        Self {
            site,
            sequence: 0,
            admins: vec![admin],
            kept: Vec::new(),
        }
    }

    /// Verifies a charter that anybody handed over.
    pub fn verify(envelope: &Envelope<Self>, site: SiteId) -> Result<Signed<Self>, CharterError> {
        let charter = envelope.verify(site.as_bytes())?;
        if charter.site != site {
            return Err(CharterError::ForeignSite);
        }
        let in_order = charter.admins.is_sorted_by(|a, b| a.key < b.key)
            && charter.kept.is_sorted_by(|a, b| a < b);
        let fits = (1..=limits::ADMINS).contains(&charter.admins.len())
            && charter.kept.len() <= limits::KEPT;
        if in_order && fits {
            Ok(charter)
        } else {
            Err(CharterError::Malformed)
        }
    }

    /// Whether this key is an admin's.
    #[must_use]
    pub fn names(&self, key: &[u8; 32]) -> bool {
        self.admins
            .binary_search_by(|admin| admin.key.as_bytes().cmp(key))
            .is_ok()
    }

    /// The admin on this node; the one named last, if there were several.
    #[must_use]
    pub fn admin_on(&self, node: NodeId) -> Option<&Admin> {
        let admins = self.admins.iter().filter(|admin| admin.node == node);
        admins.max_by_key(|admin| admin.since)
    }

    /// Whether what says this stays good, whoever signed it.
    #[must_use]
    pub fn keeps(&self, digest: RecordDigest) -> bool {
        self.kept.binary_search(&digest).is_ok()
    }

    /// Verifies a record that an admin has to have signed.
    ///
    /// # Errors
    /// [`SignedError`].
    pub fn signed<T: Record>(&self, envelope: &Envelope<T>) -> Result<Signed<T>, SignedError> {
        if self.names(envelope.signer()) {
            envelope.verify_named()
        } else {
            Err(SignedError::WrongSigner)
        }
    }

    /// Whether a record of an admin may have this sequence number.
    #[must_use]
    pub fn allows(&self, sequence: u64) -> bool {
        sequence >> 32 <= u64::from(self.sequence)
    }

    /// The sequence number that follows `last` under this charter.
    ///
    /// # Errors
    /// [`CharterError::Exhausted`].
    pub fn next(&self, last: u64) -> Result<u64, CharterError> {
        let first = u64::from(self.sequence) << 32;
        last.checked_add(1)
            .map(|next| next.max(first))
            .filter(|next| self.allows(*next))
            .ok_or(CharterError::Exhausted)
    }

    /// The next charter, with one admin more.
    ///
    /// # Errors
    /// [`CharterError::TooManyAdmins`], [`CharterError::Exhausted`].
    pub fn with(&self, admin: Admin) -> Result<Self, CharterError> {
        let mut next = self.renewed()?;
        next.admins.retain(|known| known.key != admin.key);
        next.admins.push(admin);
        next.admins.sort_unstable();
        if next.admins.len() > limits::ADMINS {
            return Err(CharterError::TooManyAdmins);
        }
        Ok(next)
    }

    /// The next charter, without the admins on a node. `kept` is all that stays of what they and those
    /// before them signed; what a former charter kept and this one does not list falls.
    ///
    /// # Errors
    /// [`CharterError::LastAdmin`], [`CharterError::TooManyKept`], [`CharterError::Exhausted`].
    pub fn without(
        &self,
        node: NodeId,
        kept: impl IntoIterator<Item = RecordDigest>,
    ) -> Result<Self, CharterError> {
        let mut next = self.renewed()?;
        next.admins.retain(|admin| admin.node != node);
        if next.admins.is_empty() {
            return Err(CharterError::LastAdmin);
        }
        next.kept = kept.into_iter().collect();
        next.kept.sort_unstable();
        next.kept.dedup();
        if next.kept.len() > limits::KEPT {
            return Err(CharterError::TooManyKept);
        }
        Ok(next)
    }

    /// The next charter, which says the same.
    ///
    /// # Errors
    /// [`CharterError::Exhausted`].
    pub fn renewed(&self) -> Result<Self, CharterError> {
        let sequence = self
            .sequence
            .checked_add(1)
            .ok_or(CharterError::Exhausted)?;
        Ok(Self {
            sequence,
            ..self.clone()
        })
    }
}

impl Signed<Charter> {
    /// Tells it from others, and the newer from the older.
    #[must_use]
    pub fn mark(&self) -> CharterMark {
        CharterMark {
            sequence: self.sequence,
            // At most as many as `limits::ADMINS`.
            admins: u8::try_from(self.admins.len()).unwrap_or(u8::MAX),
            digest: self.envelope().digest(),
        }
    }

    /// Takes another charter of the same site if it is newer; says whether it was.
    pub fn merge(&mut self, other: &Self) -> bool {
        let newer = other.site == self.site && other.mark() > self.mark();
        if newer {
            *self = other.clone();
        }
        newer
    }
}
