//! The enroll protocol, `/papermesh/enroll/1`: what members ask of an admin, over the mesh.
//!
//! A user enrolls: the computer shows the ticket's secret and claims a user key, the authority
//! signs a user entry with that key. A node has its certificate renewed. Both are one question
//! and one answer on a stream of their own, each one frame of deterministic CBOR, at most
//! [`limits::ENROLL_MESSAGE`] bytes.
//!
//! Both sides' judgment is here. Who the other side is, the member handshake has proved; which
//! tickets there are, and the authority's key, are the admin's node's affair.

use std::borrow::Cow;

use ed25519_dalek::SigningKey;
use serde::{Deserialize, Serialize};

use crate::certificate::{Certificate, CertificateError, Role};
use crate::charter::Charter;
use crate::id::{BadgeTag, NodeId, Serial, SiteId, UserKey};
use crate::invite::{TicketError, TicketSecret, UserTicket};
use crate::judge::Judge;
use crate::limits;
use crate::remedy::Remedy;
use crate::signed::{Envelope, Record, Signed, SignedError};
use crate::text::UserId;
use crate::time::Timestamp;
use crate::user::{Badge, UserEntry, UserError};

/// The protocol's name.
pub const PROTOCOL: &str = "/papermesh/enroll/1";

/// What a member asks of an admin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Request {
    /// Enrolls a user on the asking node.
    Enroll {
        /// From the user's ticket.
        secret: TicketSecret,
        /// The user's key, proved to be in the asker's hands.
        claim: Envelope<KeyClaim>,
    },
    /// Renews the asking node's certificate.
    Renew,
    /// Shows another admin what is signed, a page of it.
    Signed {
        /// Where the page before ended; none for the first.
        after: Option<SignedPlace>,
    },
}

/// A place in what an admin has signed: certificates by serial, then users by id, then badges by tag.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SignedPlace {
    /// After this certificate.
    Certificate(Serial),
    /// Before the first user.
    Users,
    /// After this user.
    User(UserId),
    /// Before the first badge.
    Badges,
    /// After this badge.
    Badge(BadgeTag),
}

/// A page of what an admin knows to be signed, by itself or by others.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedPage {
    /// Certificates of members.
    pub certificates: Vec<Envelope<Certificate>>,
    /// User entries.
    pub users: Vec<Envelope<UserEntry>>,
    /// Badges.
    pub badges: Vec<Envelope<Badge>>,
    /// Where the next page begins; none if this is the last.
    pub next: Option<SignedPlace>,
}

/// What an admin answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    /// The user is enrolled.
    Enrolled(Envelope<UserEntry>),
    /// The new certificate.
    Renewed(Envelope<Certificate>),
    /// Neither.
    Denied(Denial),
    /// What is signed.
    Signed(Box<SignedPage>),
}

/// Why an admin's node does not do what it was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
pub enum Denial {
    /// No such ticket, or used up, or expired, or not this user's.
    #[error("the admin's node does not accept the ticket: it may be used, withdrawn or expired")]
    Refused,
    /// A user key belongs on a computer that is a client.
    #[error("this computer is not a client of the site, so no user can enroll on it")]
    NotAClient,
    /// The certificate is good for long enough.
    #[error("the certificate is not due for renewal yet")]
    NotDue,
    /// The node asked is no admin's, or its authority key is not at hand.
    #[error("that node cannot sign for the site right now")]
    Trouble,
    /// The request makes no sense.
    #[error("the admin's node did not understand the request")]
    Malformed,
}

impl Remedy for Denial {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        let remedy = match self {
            Self::Refused => "ask the admin for a new one",
            Self::Trouble => "ask the admin to check its log, then try again",
            Self::Malformed => "check that both sides run the same version",
            _ => return None,
        };
        Some(remedy.into())
    }
}

/// A user key's own statement whose it is and where. Signed by that key, so that nobody can have
/// the key of somebody else entered as theirs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyClaim {
    /// The site.
    pub site: SiteId,
    /// The user.
    pub user: UserId,
    /// The node where the key was made.
    pub node: NodeId,
    /// The key, which signs.
    pub key: UserKey,
}

impl Record for KeyClaim {
    const DOMAIN: &'static str = "papermesh/key-claim/1";
    const MAX: usize = 256;
}

/// Why a user did not enroll or a certificate was not renewed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EnrollError {
    /// The ticket is of no use any more.
    #[error(transparent)]
    Ticket(#[from] TicketError),
    /// The ticket is another site's.
    #[error("the ticket is for a different site than this computer")]
    ForeignSite,
    /// Another node than the ticket's answers.
    #[error("the ticket names a different node than the one that answered")]
    WrongAdmin,
    /// The admin's node said no.
    #[error(transparent)]
    Denied(#[from] Denial),
    /// The answer fits no question.
    #[error("unexpected reply (protocol error)")]
    OutOfTurn,
    /// The user entry or the claim does not verify.
    #[error("cannot be trusted: {0}")]
    Signed(#[from] SignedError),
    /// The user entry does not verify.
    #[error("the admin's answer cannot be trusted: {0}")]
    User(#[from] UserError),
    /// The certificate does not verify.
    #[error("the admin's answer cannot be trusted: {0}")]
    Certificate(#[from] CertificateError),
    /// What was signed says something else than was asked for.
    #[error("the admin's answer cannot be trusted: it does not match the request")]
    NotAsAsked,
}

impl Remedy for EnrollError {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Ticket(error) => error.remedy(),
            Self::Denied(error) => error.remedy(),
            Self::Certificate(error) => error.remedy(),
            _ => None,
        }
    }
}

/// A user who enrolls, on the asking side.
#[derive(Debug)]
pub struct Enrolling {
    user: UserId,
    key: UserKey,
}

impl Enrolling {
    /// Asks `admin` to enter `key` as that of the ticket's user. `admin` and `own` are what the
    /// member handshake proved and what this node is; the secret is shown to no other node than
    /// the one that the ticket names.
    ///
    /// # Errors
    /// [`EnrollError::ForeignSite`], [`EnrollError::WrongAdmin`], [`EnrollError::Ticket`] when it
    /// has expired, [`EnrollError::Denied`] when no user can enroll on this node.
    pub fn new(
        ticket: &UserTicket,
        key: &SigningKey,
        own: &Certificate,
        admin: NodeId,
        now: Timestamp,
    ) -> Result<(Self, Request), EnrollError> {
        if ticket.site != own.site {
            return Err(EnrollError::ForeignSite);
        }
        if ticket.admin != admin {
            return Err(EnrollError::WrongAdmin);
        }
        if !own.roles.has(Role::Client) {
            return Err(Denial::NotAClient.into());
        }
        ticket.check_time(now)?;
        let (site, user) = (ticket.site, ticket.user.clone());
        let claim = KeyClaim {
            site,
            user: user.clone(),
            node: own.node,
            key: key.verifying_key().into(),
        };
        let asking = Self {
            user,
            key: claim.key,
        };
        let claim = Signed::sign(claim, key)?.envelope().clone();
        Ok((
            asking,
            Request::Enroll {
                secret: ticket.secret.clone(),
                claim,
            },
        ))
    }

    /// The user's entry, which names the key.
    ///
    /// # Errors
    /// [`EnrollError::Denied`], and all that an answer can lack.
    pub fn finish(
        self,
        answer: Answer,
        charter: &Charter,
    ) -> Result<Signed<UserEntry>, EnrollError> {
        let entry = match answer {
            Answer::Enrolled(entry) => UserEntry::verify(&entry, charter)?,
            Answer::Denied(denial) => return Err(denial.into()),
            Answer::Renewed(_) | Answer::Signed(_) => return Err(EnrollError::OutOfTurn),
        };
        if entry.user != self.user || entry.key != Some(self.key) || !entry.is_active() {
            return Err(EnrollError::NotAsAsked);
        }
        Ok(entry)
    }
}

/// The admin's side: the claim of a member with this certificate, if it may make it. Whether the
/// ticket is good, and this user's, is to be seen after.
///
/// # Errors
/// What to answer the member.
pub fn examine(claim: &Envelope<KeyClaim>, member: &Certificate) -> Result<KeyClaim, Denial> {
    let claim = claim.verify_named().map_err(|_| Denial::Malformed)?;
    if claim.signer() != claim.key.as_bytes()
        || (claim.site, claim.node) != (member.site, member.node)
    {
        return Err(Denial::Malformed);
    }
    if member.roles.has(Role::Client) {
        Ok(claim.into_value())
    } else {
        Err(Denial::NotAClient)
    }
}

/// The admin's side: the user's next entry, to be signed once the ticket was redeemed. A key that
/// stood there before is replaced: a ticket for a user who has enrolled is how an admin helps one
/// who lost the computer.
///
/// # Errors
/// What to answer the member.
pub fn enter(entry: &UserEntry, claim: &KeyClaim, now: Timestamp) -> Result<UserEntry, Denial> {
    if entry.user != claim.user || entry.site != claim.site || !entry.is_active() {
        return Err(Denial::Refused);
    }
    Ok(UserEntry {
        sequence: entry.sequence.saturating_add(1),
        issued_at: now,
        key: Some(claim.key),
        ..entry.clone()
    })
}

/// The admin's side: the certificate that follows `old`, to be signed. The old one stays valid
/// until it ends, so a member that misses the answer asks again.
///
/// # Errors
/// [`Denial::NotDue`].
pub fn renew(
    old: &Signed<Certificate>,
    serial: Serial,
    judge: &Judge<'_>,
) -> Result<Certificate, Denial> {
    if !old.is_due(judge.charter, judge.now) {
        return Err(Denial::NotDue);
    }
    let (despite, not_before) = judge.state.readmission(old.node, judge.now);
    let old: &Certificate = old;
    Ok(Certificate {
        serial,
        not_before,
        not_after: not_before + limits::CERTIFICATE_LIFETIME,
        despite,
        ..old.clone()
    })
}

/// The member's side: the certificate that follows its `old` one. Name and roles may differ from
/// the old ones, as the authority says; keys may not.
///
/// # Errors
/// [`EnrollError::Denied`], and all that an answer can lack.
pub fn renewed(
    answer: Answer,
    old: &Certificate,
    judge: &Judge<'_>,
) -> Result<Signed<Certificate>, EnrollError> {
    let certificate = match answer {
        Answer::Renewed(certificate) => Certificate::verify_of(&certificate, old.node, judge)?,
        Answer::Denied(denial) => return Err(denial.into()),
        Answer::Enrolled(_) | Answer::Signed(_) => return Err(EnrollError::OutOfTurn),
    };
    if certificate.sealing != old.sealing || certificate.not_after <= old.not_after {
        return Err(EnrollError::NotAsAsked);
    }
    Ok(certificate)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use core::time::Duration;

    use super::*;
    use crate::certificate::Roles;
    use crate::charter::Admin;
    use crate::codec;
    use crate::seal::keys::SealingPublic;
    use crate::site::SiteState;
    use crate::user::UserState;

    const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);
    const ADMIN: NodeId = NodeId::from_bytes([3; 32]);

    fn key(byte: u8) -> SigningKey {
        SigningKey::from_bytes(&[byte; 32])
    }

    fn site() -> SiteId {
        key(1).verifying_key().into()
    }

    /// A site whose root signs as an admin, too.
    fn charter() -> Charter {
        let admin = Admin {
            key: key(1).verifying_key().into(),
            node: ADMIN,
            since: NOW,
        };
        Charter::new(site(), admin)
    }

    fn member() -> Certificate {
        Certificate {
            site: site(),
            node: NodeId::from_bytes([2; 32]),
            sealing: SealingPublic::from_bytes([5; 32]),
            name: "Laptop".parse().unwrap(),
            roles: Roles::of(&[Role::Client]),
            serial: Serial::from_bytes([1; 8]),
            not_before: NOW,
            not_after: NOW + limits::CERTIFICATE_LIFETIME,
            despite: None,
        }
    }

    fn ticket() -> UserTicket {
        UserTicket {
            site: site(),
            admin: ADMIN,
            addresses: Vec::new(),
            secret: TicketSecret::from_bytes([9; 16]),
            user: "charlie".parse().unwrap(),
            expires_at: NOW + limits::INVITE_LIFETIME,
        }
    }

    fn entry() -> UserEntry {
        UserEntry {
            site: site(),
            user: "charlie".parse().unwrap(),
            sequence: 1,
            issued_at: NOW,
            display: "Charlie".parse().unwrap(),
            key: None,
            badges: Vec::new(),
            groups: Vec::new(),
            state: UserState::Active,
        }
    }

    fn ask() -> (Enrolling, Envelope<KeyClaim>) {
        let (asking, request) = Enrolling::new(&ticket(), &key(4), &member(), ADMIN, NOW).unwrap();
        let bytes = codec::encode(&request, limits::ENROLL_MESSAGE).unwrap();
        match codec::decode(&bytes, limits::ENROLL_MESSAGE).unwrap() {
            Request::Enroll { claim, .. } => (asking, claim),
            _ => panic!("asks for something else"),
        }
    }

    fn enrolled(entry: UserEntry, by: &SigningKey) -> Answer {
        Answer::Enrolled(Signed::sign(entry, by).unwrap().envelope().clone())
    }

    #[test]
    fn a_user_enrols() {
        let (asking, claim) = ask();
        let next = enter(&entry(), &examine(&claim, &member()).unwrap(), NOW).unwrap();
        let entry = asking.finish(enrolled(next, &key(1)), &charter()).unwrap();
        assert_eq!(
            (entry.sequence, entry.key),
            (2, Some(key(4).verifying_key().into()))
        );
    }

    #[test]
    fn the_secret_is_shown_to_the_tickets_admin_only_in_time_only_and_from_a_client_only() {
        let asked = |ticket: &UserTicket, own: &Certificate, admin, now| {
            Enrolling::new(ticket, &key(4), own, admin, now)
                .map(|_| ())
                .unwrap_err()
        };
        let foreign = UserTicket {
            site: SiteId::from_bytes([7; 32]),
            ..ticket()
        };
        assert_eq!(
            asked(&foreign, &member(), ADMIN, NOW),
            EnrollError::ForeignSite
        );
        let other = NodeId::from_bytes([8; 32]);
        assert_eq!(
            asked(&ticket(), &member(), other, NOW),
            EnrollError::WrongAdmin
        );
        let late = ticket().expires_at + limits::CLOCK_SKEW + Duration::from_secs(1);
        assert!(matches!(
            asked(&ticket(), &member(), ADMIN, late),
            EnrollError::Ticket(_)
        ));
        let printer = Certificate {
            roles: Roles::of(&[Role::Printer]),
            ..member()
        };
        assert_eq!(
            asked(&ticket(), &printer, ADMIN, NOW),
            EnrollError::Denied(Denial::NotAClient)
        );
    }

    #[test]
    fn a_claim_is_made_by_its_key_for_its_own_node_and_site() {
        let examined = |claim: KeyClaim, by: &SigningKey| {
            examine(Signed::sign(claim, by).unwrap().envelope(), &member()).map(|_| ())
        };
        let (_, claim) = ask();
        let claim = claim.verify_named().unwrap().into_value();
        assert_eq!(examined(claim.clone(), &key(4)), Ok(()));
        assert_eq!(examined(claim.clone(), &key(5)), Err(Denial::Malformed));
        let elsewhere = KeyClaim {
            node: ADMIN,
            ..claim.clone()
        };
        assert_eq!(examined(elsewhere, &key(4)), Err(Denial::Malformed));
        let foreign = KeyClaim {
            site: SiteId::from_bytes([7; 32]),
            ..claim
        };
        assert_eq!(examined(foreign, &key(4)), Err(Denial::Malformed));
        let (_, claim) = ask();
        let printer = Certificate {
            roles: Roles::of(&[Role::Printer]),
            ..member()
        };
        assert_eq!(examine(&claim, &printer), Err(Denial::NotAClient));
    }

    #[test]
    fn a_claim_enters_nobody_elses_entry_and_no_disabled_one() {
        let (_, claim) = ask();
        let claim = examine(&claim, &member()).unwrap();
        let other = UserEntry {
            user: "dora".parse().unwrap(),
            ..entry()
        };
        assert_eq!(enter(&other, &claim, NOW), Err(Denial::Refused));
        let disabled = UserEntry {
            state: UserState::Disabled,
            ..entry()
        };
        assert_eq!(enter(&disabled, &claim, NOW), Err(Denial::Refused));
    }

    #[test]
    fn an_entry_is_believed_only_as_asked_for() {
        let right = UserEntry {
            key: Some(key(4).verifying_key().into()),
            ..entry()
        };
        let finish = |answer| ask().0.finish(answer, &charter()).map(|_| ());
        assert_eq!(finish(enrolled(right.clone(), &key(1))), Ok(()));
        assert!(matches!(
            finish(enrolled(right.clone(), &key(2))),
            Err(EnrollError::User(_))
        ));
        let wrong = [
            UserEntry {
                key: None,
                ..right.clone()
            },
            UserEntry {
                key: Some(key(6).verifying_key().into()),
                ..right.clone()
            },
            UserEntry {
                user: "dora".parse().unwrap(),
                ..right.clone()
            },
            UserEntry {
                state: UserState::Disabled,
                ..right
            },
        ];
        for entry in wrong {
            assert_eq!(
                finish(enrolled(entry, &key(1))),
                Err(EnrollError::NotAsAsked)
            );
        }
        assert_eq!(
            finish(Answer::Denied(Denial::Refused)),
            Err(EnrollError::Denied(Denial::Refused))
        );
    }

    #[test]
    fn a_certificate_is_renewed_when_due_for_the_same_keys() {
        let old = Signed::sign(member(), &key(1)).unwrap();
        let (charter, state) = (charter(), SiteState::new(site(), "Werk".parse().unwrap()));
        let judge = |now| Judge {
            charter: &charter,
            state: &state,
            now,
        };
        let serial = Serial::from_bytes([2; 8]);
        assert_eq!(renew(&old, serial, &judge(NOW)), Err(Denial::NotDue));
        let due = old.not_after - limits::CERTIFICATE_LIFETIME / 4;
        let next = renew(&old, serial, &judge(due)).unwrap();
        // Who signed it is no admin any more: it is due at once.
        let orphan = Signed::sign(member(), &key(7)).unwrap();
        let soon = NOW + Duration::from_secs(1);
        assert_eq!(
            renew(&orphan, serial, &judge(soon)).unwrap().not_before,
            soon
        );
        let answer = |certificate: Certificate| {
            Answer::Renewed(
                Signed::sign(certificate, &key(1))
                    .unwrap()
                    .envelope()
                    .clone(),
            )
        };
        assert_eq!(
            *renewed(answer(next.clone()), &old, &judge(due)).unwrap(),
            next
        );
        let wrong = [
            member(),
            Certificate {
                sealing: SealingPublic::from_bytes([6; 32]),
                ..next.clone()
            },
        ];
        for certificate in wrong {
            assert_eq!(
                renewed(answer(certificate), &old, &judge(due)),
                Err(EnrollError::NotAsAsked)
            );
        }
        let other = Certificate {
            node: ADMIN,
            ..next
        };
        let refused = renewed(answer(other), &old, &judge(due)).unwrap_err();
        assert_eq!(
            refused,
            EnrollError::Certificate(CertificateError::WrongNode)
        );
    }
}
