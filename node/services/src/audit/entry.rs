//! What an audit record says, and how records hang together. Pure: no store, no clock.
//!
//! A record names users, jobs and nodes by their ids, never a title or anything of a document.
//! Each carries the hash of the one before it, and the node signs each: whoever changes, removes
//! or inserts a record in the middle breaks the chain at that place. What a chain by itself cannot
//! show is that its newest records were cut off; the records of the other side can: a printer's receipt
//! says where its log ends, and the holder writes that into its own.

use papermesh_protocol::id::{JobId, NodeId, ReleaseId};
use papermesh_protocol::release::receipt::{AuditHead, Outcome};
use papermesh_protocol::signed::{Envelope, Record, Signed, SignedError};
use papermesh_protocol::text::{UserId, clean};
use papermesh_protocol::time::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The most bytes of a record's reason.
pub const REASON: usize = 200;

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A job was taken and is held.
    Submitted,
    /// A job was not taken.
    SubmitRefused,
    /// A user logged in.
    LoggedIn,
    /// A login came to nothing.
    LoginDenied,
    /// Something asked within a session was refused.
    Refused,
    /// An attempt to print ended; see its outcome.
    Released,
    /// A lease ran out without a word from its printer.
    Lapsed,
    /// A job was deleted at its owner's word.
    Deleted,
    /// A job was deleted because nobody claimed it in time.
    Expired,
    /// A job was protected, or not any longer.
    Protected,
    /// An invite was made.
    Invited,
    /// An invite was taken back before anybody used it.
    InviteWithdrawn,
    /// A device became a member.
    MemberAdmitted,
    /// A device was not let in.
    JoinRefused,
    /// A member was withdrawn.
    MemberRevoked,
    /// A member's certificate was renewed.
    CertificateRenewed,
    /// The site's policy was changed.
    PolicyChanged,
    /// A user was added, changed, disabled or enabled.
    UserChanged,
    /// A user enrolled.
    UserEnrolled,
    /// A user could not enroll.
    EnrollRefused,
    /// A computer was linked to a user's first one.
    ComputerLinked,
    /// A computer was not linked.
    LinkRefused,
    /// A user's PIN was changed.
    PinChanged,
    /// The site's authority was exported.
    SiteExported,
    /// This node became an admin.
    SiteImported,
    /// A holder vouched that a user showed a badge at a printer.
    BadgeAttested,
    /// A user registered a badge at a printer.
    BadgeBound,
    /// A user did not get a badge at a printer.
    BindRefused,
    /// A member's key for the web was certified; at the member, its own was.
    WebCertified,
    /// A member asked for a host name that is not its own.
    WebNameRefused,
    /// A print token was made.
    TokenMade,
    /// A print token was withdrawn.
    TokenWithdrawn,
    /// The site has a further gateway.
    GatewayAdded,
    /// A mail called this node's door, or took that back.
    Woken,
    /// A mail that should have called it was refused.
    WakeRefused,
    /// The site has a gateway less.
    GatewayRemoved,
    /// The site has a further name of an own domain.
    OwnNameAdded,
    /// The site has such a name less.
    OwnNameRemoved,
    /// A place was not as its door says.
    PlaceMismatch,
    /// Somebody here looked into such a mismatch and dismissed it.
    MismatchDismissed,
    /// A gateway may end TLS for the site's places.
    TerminatedAllowed,
    /// It may not any more.
    TerminatedForbidden,
    /// A user's mail with documents was taken.
    MailTaken,
    /// A mail that should have brought documents was dropped.
    MailDropped,
    /// A user proved to read a mail address.
    MailAddressAdded,
    /// A mail address is not its user's any longer.
    MailAddressRemoved,
}

/// What one record tells. What does not apply is left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// What happened.
    pub kind: Kind,
    /// The user it happened for.
    pub user: Option<UserId>,
    /// The job.
    pub job: Option<JobId>,
    /// The attempt to print.
    pub release: Option<ReleaseId>,
    /// The node on the other side: the printer in a holder's record, the holder in a printer's.
    pub peer: Option<NodeId>,
    /// How an attempt to print ended.
    pub outcome: Option<Outcome>,
    /// Why, in a few words of this program's own.
    pub reason: Option<String>,
    /// Where the log of the other side ended then, by its own word.
    pub witnessed: Option<AuditHead>,
}

impl Event {
    /// An event of which nothing but its kind is said yet.
    #[must_use]
    pub const fn new(kind: Kind) -> Self {
        Self {
            kind,
            user: None,
            job: None,
            release: None,
            peer: None,
            outcome: None,
            reason: None,
            witnessed: None,
        }
    }

    /// Whose event it is.
    #[must_use]
    pub fn user(self, user: &UserId) -> Self {
        Self {
            user: Some(user.clone()),
            ..self
        }
    }

    /// Which job it is about.
    #[must_use]
    pub fn job(self, job: JobId) -> Self {
        Self {
            job: Some(job),
            ..self
        }
    }

    /// Which attempt to print it is about.
    #[must_use]
    pub fn release(self, release: ReleaseId) -> Self {
        Self {
            release: Some(release),
            ..self
        }
    }

    /// Who was on the other side.
    #[must_use]
    pub fn peer(self, peer: NodeId) -> Self {
        Self {
            peer: Some(peer),
            ..self
        }
    }

    /// How the attempt ended.
    #[must_use]
    pub fn outcome(self, outcome: Outcome) -> Self {
        Self {
            outcome: Some(outcome),
            ..self
        }
    }

    /// Why; shortened to [`REASON`].
    #[must_use]
    pub fn because(self, reason: impl core::fmt::Display) -> Self {
        Self {
            reason: Some(clean(&reason.to_string(), REASON)),
            ..self
        }
    }
}

impl From<Head> for AuditHead {
    fn from(head: Head) -> Self {
        Self {
            records: head.next,
            hash: head.hash,
        }
    }
}

/// One record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditEntry {
    /// Whose log it is in, and who signs.
    pub node: NodeId,
    /// Its number, from 0 on, without gaps.
    pub sequence: u64,
    /// SHA-256 over the bytes of the record before it; zeros before the first.
    #[serde(with = "serde_bytes")]
    pub previous: [u8; 32],
    /// When it was written, by the node's clock.
    pub at: Timestamp,
    /// What happened.
    pub event: Event,
}

impl Record for AuditEntry {
    const DOMAIN: &'static str = "papermesh/audit/1";
    const MAX: usize = 1024;
}

/// Where a chain ends, and the next record goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// The number of the next record.
    pub next: u64,
    /// The hash of the last record; zeros before the first.
    pub hash: [u8; 32],
}

/// Why a record is not the next one of its chain.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    /// A number is missing or was used twice.
    #[error("record {expected} is missing, {found} follows instead")]
    Gap {
        /// The number that should follow.
        expected: u64,
        /// The number that does.
        found: u64,
    },
    /// It does not carry the hash of the record before it.
    #[error("record {0} does not follow from the record before it: one of them was changed")]
    Broken(u64),
    /// Somebody saw the chain when it was longer.
    #[error(
        "the log has {found} records, but another computer recorded {expected}: the newest were cut off"
    )]
    Cut {
        /// How many there were.
        expected: u64,
        /// How many there are.
        found: u64,
    },
    /// Somebody saw another chain.
    #[error(
        "the first {0} records do not match what another computer recorded: they were rewritten"
    )]
    Rewritten(u64),
    /// It is not what this node signed.
    #[error("record {sequence} was not written by this node: {source}")]
    Signed {
        /// The record's number in the store.
        sequence: u64,
        /// What is wrong with it.
        source: SignedError,
    },
}

/// Reads one record by itself: that it is what `node` signed, not where it stands.
pub fn read(sequence: u64, bytes: &[u8], node: NodeId) -> Result<Signed<AuditEntry>, ChainError> {
    let failed = |source| ChainError::Signed { sequence, source };
    let envelope =
        Envelope::<AuditEntry>::from_bytes(bytes).map_err(|error| failed(error.into()))?;
    envelope.verify(node.as_bytes()).map_err(failed)
}

impl Head {
    /// The head after a record with these bytes.
    #[must_use]
    pub fn after(sequence: u64, bytes: &[u8]) -> Self {
        Self {
            next: sequence.saturating_add(1),
            hash: Sha256::digest(bytes).into(),
        }
    }

    /// The next record of this chain.
    #[must_use]
    pub fn entry(&self, node: NodeId, at: Timestamp, event: Event) -> AuditEntry {
        AuditEntry {
            node,
            sequence: self.next,
            previous: self.hash,
            at,
            event,
        }
    }

    /// Takes the record found at `sequence`, if it is the next one of the chain of `node`.
    pub fn follow(
        &self,
        sequence: u64,
        bytes: &[u8],
        node: NodeId,
    ) -> Result<(Self, Signed<AuditEntry>), ChainError> {
        let entry = read(sequence, bytes, node)?;
        let expected = self.next;
        if sequence != expected || entry.sequence != expected {
            return Err(ChainError::Gap {
                expected,
                found: entry.sequence.max(sequence),
            });
        }
        if entry.previous != self.hash || entry.node != node {
            return Err(ChainError::Broken(sequence));
        }
        Ok((Self::after(sequence, bytes), entry))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use ed25519_dalek::SigningKey;

    use super::*;

    const JOB: JobId = JobId::from_bytes([3; 16]);

    fn chain(length: u64) -> (NodeId, Vec<Vec<u8>>) {
        let key = SigningKey::from_bytes(&[7; 32]);
        let node = NodeId::from(key.verifying_key());
        let mut head = Head::default();
        let records = (0..length).map(|n| {
            let event = Event::new(Kind::Deleted).job(JOB).because(n);
            let bytes = Signed::sign(head.entry(node, Timestamp::from_secs(n), event), &key)
                .unwrap()
                .to_bytes()
                .unwrap();
            head = Head::after(n, &bytes);
            bytes
        });
        (node, records.collect())
    }

    fn walk(node: NodeId, records: &[(u64, &Vec<u8>)]) -> Result<Head, ChainError> {
        records
            .iter()
            .try_fold(Head::default(), |head, (sequence, bytes)| {
                Ok(head.follow(*sequence, bytes, node)?.0)
            })
    }

    #[test]
    fn a_chain_that_nobody_touched_holds() {
        let (node, records) = chain(5);
        let numbered: Vec<_> = (0..).zip(&records).collect();
        assert_eq!(walk(node, &numbered).unwrap().next, 5);
    }

    #[test]
    fn a_removed_a_swapped_and_a_foreign_record_break_it() {
        let (node, records) = chain(4);
        let removed = [(0, &records[0]), (1, &records[1]), (3, &records[3])];
        assert_eq!(
            walk(node, &removed),
            Err(ChainError::Gap {
                expected: 2,
                found: 3
            })
        );
        let renumbered = [(0, &records[0]), (1, &records[2])];
        assert_eq!(
            walk(node, &renumbered),
            Err(ChainError::Gap {
                expected: 1,
                found: 2
            })
        );
        let other = NodeId::from_bytes([1; 32]);
        assert!(matches!(
            walk(other, &[(0, &records[0])]),
            Err(ChainError::Signed { sequence: 0, .. })
        ));
    }

    #[test]
    fn a_record_signed_anew_breaks_the_one_after_it() {
        let (node, mut records) = chain(3);
        let key = SigningKey::from_bytes(&[7; 32]);
        let (_, second) = Head::after(0, &records[0])
            .follow(1, &records[1], node)
            .unwrap();
        let mut changed = second.into_value();
        changed.event.job = None;
        records[1] = Signed::sign(changed, &key).unwrap().to_bytes().unwrap();
        let numbered: Vec<_> = (0..).zip(&records).collect();
        assert_eq!(walk(node, &numbered), Err(ChainError::Broken(2)));
    }

    #[test]
    fn the_longest_event_fits() {
        let event = Event {
            outcome: Some(Outcome::Printed {
                pages: Some(u32::MAX),
                keep: true,
            }),
            ..Event::new(Kind::SubmitRefused)
                .user(&"u".repeat(64).parse().unwrap())
                .job(JOB)
                .release(ReleaseId::from_bytes([1; 16]))
                .peer(NodeId::from_bytes([1; 32]))
                .because("r".repeat(5000))
        };
        let key = SigningKey::from_bytes(&[7; 32]);
        let head = Head {
            next: u64::MAX,
            hash: [0xff; 32],
        };
        let entry = head.entry(
            NodeId::from(key.verifying_key()),
            Timestamp::from_millis(u64::MAX),
            event,
        );
        assert!(Signed::sign(entry, &key).unwrap().to_bytes().unwrap().len() <= 1024);
    }
}
