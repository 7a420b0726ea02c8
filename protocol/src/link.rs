//! The link protocol, `/papermesh/link/1`: between a user's computers, over the mesh.
//!
//! The first computer has the user key. With a link ticket from it, a further one asks to be
//! linked and gets all that a holder needs: the user entry, a delegation, and the user's PIN
//! verifier, sealed to the further computer's own key. Later, a changed PIN goes the same way,
//! unasked. Each is one question and one answer on a stream of its own, each one frame of
//! deterministic CBOR, at most [`limits::ENROLL_MESSAGE`] bytes.
//!
//! Both sides' judgment is here; keeping what was agreed is not.

use std::borrow::Cow;

use ed25519_dalek::SigningKey;
use rand_core::CryptoRng;
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use crate::certificate::Certificate;
use crate::charter::Charter;
use crate::codec::{self, CodecError};
use crate::delegation::{Delegation, DelegationError};
use crate::id::{NodeId, SiteId};
use crate::invite::{LinkTicket, TicketError, TicketSecret};
#[cfg(doc)]
use crate::limits;
use crate::pin::{PinError, PinVerifier};
use crate::remedy::Remedy;
use crate::seal::keys::{SealingPublic, SealingSecret};
use crate::seal::wrap::{WrapError, hpke_open, hpke_seal};
use crate::signed::{Envelope, Record, Signed, SignedError};
use crate::text::UserId;
use crate::time::Timestamp;
use crate::user::{UserEntry, UserError};

/// The protocol's name.
pub const PROTOCOL: &str = "/papermesh/link/1";

/// The HPKE domain of a sealed verifier.
const PIN_INFO: &[u8] = b"papermesh/pin-carrier/1";

/// What one computer asks of another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Request {
    /// A further computer asks the first to be linked.
    Link {
        /// From the link ticket.
        secret: TicketSecret,
    },
    /// The first tells a linked one the changed PIN.
    NewPin(Envelope<PinCarrier>),
}

/// What the other answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    /// The computer is linked.
    Linked(Box<Linked>),
    /// The PIN of this epoch is in force there.
    Taken {
        /// As in [`PinCarrier::epoch`].
        epoch: u64,
    },
    /// Neither.
    Refused(Refusal),
}

/// All that a further computer needs to hold for the user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Linked {
    /// The user, as the site says.
    pub entry: Envelope<UserEntry>,
    /// The user's word that this computer may hold.
    pub delegation: Envelope<Delegation>,
    /// The user's PIN.
    pub pin: Envelope<PinCarrier>,
}

/// Why a computer does not do what it was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
pub enum Refusal {
    /// No such ticket, or used up, or expired.
    #[error("the other computer does not accept the ticket: it may be used or expired")]
    Refused,
    /// The asking node's roles do not let it hold jobs.
    #[error("this computer is not a client of the site, so it cannot hold jobs")]
    NotAClient,
    /// The PIN is older than the one in force.
    #[error("the other computer already has a newer PIN")]
    Stale,
    /// The user is not linked there, or has another key by now.
    #[error("the other computer does not know this user")]
    NotLinked,
    /// The request makes no sense.
    #[error("the other computer did not understand the request")]
    Malformed,
    /// The other computer cannot do it now.
    #[error("the other computer had an internal error")]
    Trouble,
}

impl Remedy for Refusal {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        let remedy = match self {
            Self::Refused => "make a new one there",
            Self::NotLinked => "link it again",
            Self::Malformed => "check that both run the same version",
            Self::Trouble => "check its log, then try again",
            _ => return None,
        };
        Some(remedy.into())
    }
}

/// A user's PIN verifier on its way to one computer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PinCarrier {
    /// The site.
    pub site: SiteId,
    /// The user, whose key signs.
    pub user: UserId,
    /// The computer that it is for.
    pub holder: NodeId,
    /// Grows with every change of the PIN.
    pub epoch: u64,
    /// The verifier, sealed with HPKE to that computer's key and bound to all of the above.
    pub sealed: ByteBuf,
}

impl Record for PinCarrier {
    const DOMAIN: &'static str = "papermesh/pin-carrier/1";
    const MAX: usize = 1024;
}

/// Why computers were not linked, or a PIN was not carried.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// The ticket is of no use any more.
    #[error(transparent)]
    Ticket(#[from] TicketError),
    /// The ticket is another site's.
    #[error("the ticket is for a different site than this computer")]
    ForeignSite,
    /// Another node than the ticket's answers.
    #[error("the ticket names a different computer than the one that answered")]
    WrongComputer,
    /// The other computer said no.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The answer fits no question.
    #[error("unexpected reply (protocol error)")]
    OutOfTurn,
    /// Something signed does not verify.
    #[error("the other computer's answer cannot be trusted: {0}")]
    Signed(#[from] SignedError),
    /// The user entry does not verify.
    #[error("the other computer's answer cannot be trusted: {0}")]
    User(#[from] UserError),
    /// The delegation does not verify.
    #[error("the other computer's answer cannot be trusted: {0}")]
    Delegation(#[from] DelegationError),
    /// It is about another user, or one who is disabled or has no key.
    #[error("the other computer's answer cannot be trusted: it does not match the request")]
    NotAsAsked,
    /// The sealed verifier does not open.
    #[error("the PIN did not arrive: {0}")]
    Wrap(#[from] WrapError),
    /// What was sealed is no verifier.
    #[error("the PIN did not arrive: {0}")]
    Pin(#[from] PinError),
    /// A message could not be encoded.
    #[error(transparent)]
    Codec(#[from] CodecError),
}

impl Remedy for LinkError {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Ticket(error) => error.remedy(),
            Self::Refused(error) => error.remedy(),
            _ => None,
        }
    }
}

impl PinCarrier {
    /// Seals a verifier to `holder` and signs it with the user key.
    fn seal(
        verifier: &PinVerifier,
        epoch: u64,
        (site, user): (SiteId, &UserId),
        (holder, sealing): (NodeId, &SealingPublic),
        key: &SigningKey,
        rng: &mut dyn CryptoRng,
    ) -> Result<Signed<Self>, LinkError> {
        let mut carrier = Self {
            site,
            user: user.clone(),
            holder,
            epoch,
            sealed: ByteBuf::new(),
        };
        let sealed = hpke_seal(
            sealing,
            PIN_INFO,
            &carrier.bound()?,
            &*verifier.to_bytes(),
            rng,
        )?;
        carrier.sealed = ByteBuf::from(sealed);
        Ok(Signed::sign(carrier, key)?)
    }

    /// The verifier, opened with the key of the computer that it is for.
    fn open(&self, sealing: &SealingSecret) -> Result<PinVerifier, LinkError> {
        let verifier = hpke_open(sealing, PIN_INFO, &self.bound()?, &self.sealed)?;
        Ok(PinVerifier::from_bytes(&verifier)?)
    }

    /// What the sealed verifier is bound to: all other fields, as CBOR.
    fn bound(&self) -> Result<Vec<u8>, CodecError> {
        codec::encode(&(self.site, &self.user, self.holder, self.epoch), Self::MAX)
    }

    /// Whether it is about the user of this entry, for `holder`, and signed by the user's key.
    fn is_for(carrier: &Signed<Self>, entry: &UserEntry, holder: NodeId) -> bool {
        entry
            .key
            .is_some_and(|key| key.as_bytes() == carrier.signer())
            && (carrier.site, &carrier.user, carrier.holder) == (entry.site, &entry.user, holder)
    }
}

/// A user's first computer: what it needs to link others and to tell them the PIN.
#[derive(Debug)]
pub struct FirstComputer<'a> {
    /// The user, as the site says.
    pub entry: &'a Signed<UserEntry>,
    /// The user's key.
    pub key: &'a SigningKey,
    /// The user's PIN,
    pub verifier: &'a PinVerifier,
    /// and its epoch.
    pub epoch: u64,
}

impl FirstComputer<'_> {
    /// Links the computer with this certificate, once its ticket was redeemed.
    ///
    /// # Errors
    /// [`LinkError::Refused`] with [`Refusal::NotAClient`]; [`LinkError::Wrap`] if the
    /// certificate's sealing key is unusable.
    pub fn link(
        &self,
        other: &Certificate,
        now: Timestamp,
        rng: &mut dyn CryptoRng,
    ) -> Result<Linked, LinkError> {
        if !other.roles.may_hold() {
            return Err(Refusal::NotAClient.into());
        }
        let delegation = Delegation::new(self.entry.site, self.entry.user.clone(), other.node, now);
        Ok(Linked {
            entry: self.entry.envelope().clone(),
            delegation: Signed::sign(delegation, self.key)?.envelope().clone(),
            pin: self.carry(other, rng)?,
        })
    }

    /// Tells the computer with this certificate the PIN.
    ///
    /// # Errors
    /// [`LinkError::Wrap`] if the certificate's sealing key is unusable.
    pub fn new_pin(
        &self,
        other: &Certificate,
        rng: &mut dyn CryptoRng,
    ) -> Result<Request, LinkError> {
        Ok(Request::NewPin(self.carry(other, rng)?))
    }

    fn carry(
        &self,
        other: &Certificate,
        rng: &mut dyn CryptoRng,
    ) -> Result<Envelope<PinCarrier>, LinkError> {
        let whose = (self.entry.site, &self.entry.user);
        let to = (other.node, &other.sealing);
        Ok(
            PinCarrier::seal(self.verifier, self.epoch, whose, to, self.key, rng)?
                .envelope()
                .clone(),
        )
    }
}

/// A further computer that asks to be linked.
#[derive(Debug)]
pub struct Linking {
    site: SiteId,
    user: UserId,
    node: NodeId,
}

/// A user for whom a further computer may hold from now on.
#[derive(Clone, Debug)]
pub struct LinkedUser {
    /// The user, as the site says.
    pub entry: Signed<UserEntry>,
    /// The user's word that this computer may hold.
    pub delegation: Signed<Delegation>,
    /// The user's PIN,
    pub verifier: PinVerifier,
    /// and its epoch.
    pub epoch: u64,
}

impl Linking {
    /// Asks `first`, the node that the member handshake proved. The secret is shown to no other
    /// than the one that the ticket names.
    ///
    /// # Errors
    /// [`LinkError::ForeignSite`], [`LinkError::WrongComputer`], [`LinkError::Ticket`] when it
    /// has expired, [`LinkError::Refused`] when this computer may not hold.
    pub fn new(
        ticket: &LinkTicket,
        own: &Certificate,
        first: NodeId,
        now: Timestamp,
    ) -> Result<(Self, Request), LinkError> {
        if ticket.site != own.site {
            return Err(LinkError::ForeignSite);
        }
        if ticket.first != first {
            return Err(LinkError::WrongComputer);
        }
        if !own.roles.may_hold() {
            return Err(Refusal::NotAClient.into());
        }
        ticket.check_time(now)?;
        let asking = Self {
            site: ticket.site,
            user: ticket.user.clone(),
            node: own.node,
        };
        Ok((
            asking,
            Request::Link {
                secret: ticket.secret.clone(),
            },
        ))
    }

    /// Takes the answer: the authority vouches for the user's key, that key for everything else.
    ///
    /// # Errors
    /// [`LinkError::Refused`], and all that an answer can lack.
    pub fn finish(
        self,
        answer: Answer,
        charter: &Charter,
        sealing: &SealingSecret,
        now: Timestamp,
    ) -> Result<LinkedUser, LinkError> {
        let linked = match answer {
            Answer::Linked(linked) => *linked,
            Answer::Refused(refusal) => return Err(refusal.into()),
            Answer::Taken { .. } => return Err(LinkError::OutOfTurn),
        };
        let entry = UserEntry::verify(&linked.entry, charter)?;
        let Some(key) = entry
            .key
            .filter(|_| entry.user == self.user && entry.is_active())
        else {
            return Err(LinkError::NotAsAsked);
        };
        let delegation = Delegation::verify(
            &linked.delegation,
            key,
            (self.site, &self.user, self.node),
            now,
        )?;
        let carrier = linked.pin.verify(key.as_bytes())?;
        if !PinCarrier::is_for(&carrier, &entry, self.node) {
            return Err(LinkError::NotAsAsked);
        }
        let verifier = carrier.open(sealing)?;
        Ok(LinkedUser {
            entry,
            delegation,
            verifier,
            epoch: carrier.epoch,
        })
    }
}

/// A linked computer that was told a PIN, and what it makes of it.
#[derive(Debug)]
pub struct NewPin(Signed<PinCarrier>);

impl NewPin {
    /// Reads what was told. It may come from any member: the user's signature is what counts.
    ///
    /// # Errors
    /// [`Refusal::Malformed`].
    pub fn read(carrier: &Envelope<PinCarrier>) -> Result<Self, Refusal> {
        carrier
            .verify_named()
            .map(Self)
            .map_err(|_| Refusal::Malformed)
    }

    /// Whose PIN it claims to be. Nothing but a key to look the user up with.
    #[must_use]
    pub fn user(&self) -> &UserId {
        &self.0.user
    }

    /// The PIN to keep from now on with its epoch; none if the computer, which has that of
    /// `epoch`, has it already. Either way the answer is then [`Answer::Taken`].
    ///
    /// # Errors
    /// [`Refusal::NotLinked`] if it is not of this user, for this computer, by the user's key;
    /// [`Refusal::Stale`]; [`Refusal::Malformed`] if it does not open.
    pub fn take(
        &self,
        entry: &UserEntry,
        holder: NodeId,
        epoch: u64,
        sealing: &SealingSecret,
    ) -> Result<Option<(PinVerifier, u64)>, Refusal> {
        let carrier = &self.0;
        if !PinCarrier::is_for(carrier, entry, holder) {
            return Err(Refusal::NotLinked);
        }
        match carrier.epoch.cmp(&epoch) {
            core::cmp::Ordering::Less => Err(Refusal::Stale),
            core::cmp::Ordering::Equal => Ok(None),
            core::cmp::Ordering::Greater => {
                let verifier = carrier.open(sealing).map_err(|_| Refusal::Malformed)?;
                Ok(Some((verifier, carrier.epoch)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    use super::*;
    use crate::certificate::{Role, Roles};
    use crate::charter::Admin;
    use crate::id::Serial;
    use crate::limits;
    use crate::pin::Pin;
    use crate::user::UserState;

    const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);
    const FIRST: NodeId = NodeId::from_bytes([3; 32]);
    const FURTHER: NodeId = NodeId::from_bytes([2; 32]);

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
            node: FIRST,
            since: NOW,
        };
        Charter::new(site(), admin)
    }

    fn sealing() -> SealingSecret {
        SealingSecret::from_bytes([5; 32])
    }

    fn further() -> Certificate {
        Certificate {
            site: site(),
            node: FURTHER,
            sealing: sealing().public(),
            name: "Laptop".parse().unwrap(),
            roles: Roles::of(&[Role::Client]),
            serial: Serial::from_bytes([1; 8]),
            not_before: NOW,
            not_after: NOW + limits::CERTIFICATE_LIFETIME,
            despite: None,
        }
    }

    fn ticket() -> LinkTicket {
        LinkTicket {
            site: site(),
            first: FIRST,
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
            sequence: 2,
            issued_at: NOW,
            display: "Charlie".parse().unwrap(),
            key: Some(key(4).verifying_key().into()),
            badges: Vec::new(),
            groups: Vec::new(),
            state: UserState::Active,
        }
    }

    /// A first computer whose site says `entry` and whose user key is `key`.
    struct First {
        entry: Signed<UserEntry>,
        key: SigningKey,
        verifier: PinVerifier,
    }

    impl First {
        fn new(entry: UserEntry, key: SigningKey) -> Self {
            let pin = Pin::new("2468").unwrap();
            let verifier =
                PinVerifier::register("charlie", &pin, &mut StdRng::seed_from_u64(1)).unwrap();
            Self {
                entry: Signed::sign(entry, &self::key(1)).unwrap(),
                key,
                verifier,
            }
        }

        fn at(&self, epoch: u64) -> FirstComputer<'_> {
            FirstComputer {
                entry: &self.entry,
                key: &self.key,
                verifier: &self.verifier,
                epoch,
            }
        }

        fn told(&self, epoch: u64) -> NewPin {
            match self
                .at(epoch)
                .new_pin(&further(), &mut StdRng::seed_from_u64(3))
                .unwrap()
            {
                Request::NewPin(carrier) => NewPin::read(&carrier).unwrap(),
                Request::Link { .. } => panic!("asks to be linked"),
            }
        }
    }

    fn finish(linked: Linked) -> Result<LinkedUser, LinkError> {
        let (asking, _) = Linking::new(&ticket(), &further(), FIRST, NOW).unwrap();
        let bytes =
            codec::encode(&Answer::Linked(Box::new(linked)), limits::ENROLL_MESSAGE).unwrap();
        asking.finish(
            codec::decode(&bytes, limits::ENROLL_MESSAGE).unwrap(),
            &charter(),
            &sealing(),
            NOW,
        )
    }

    fn linked(first: &First) -> Linked {
        first
            .at(7)
            .link(&further(), NOW, &mut StdRng::seed_from_u64(2))
            .unwrap()
    }

    #[test]
    fn a_further_computer_gets_all_that_a_holder_needs() {
        let first = First::new(entry(), key(4));
        let user = finish(linked(&first)).unwrap();
        assert_eq!(user.entry, first.entry);
        assert_eq!((user.delegation.holder, user.epoch), (FURTHER, 7));
        assert_eq!(user.verifier.to_bytes(), first.verifier.to_bytes());
    }

    #[test]
    fn the_secret_is_shown_to_the_tickets_computer_only_and_by_one_that_may_hold() {
        let asked = |ticket: &LinkTicket, own: &Certificate, first| {
            Linking::new(ticket, own, first, NOW)
                .map(|_| ())
                .unwrap_err()
        };
        let foreign = LinkTicket {
            site: SiteId::from_bytes([7; 32]),
            ..ticket()
        };
        assert_eq!(asked(&foreign, &further(), FIRST), LinkError::ForeignSite);
        assert_eq!(
            asked(&ticket(), &further(), FURTHER),
            LinkError::WrongComputer
        );
        let printer = Certificate {
            roles: Roles::of(&[Role::Printer]),
            ..further()
        };
        assert_eq!(
            asked(&ticket(), &printer, FIRST),
            LinkError::Refused(Refusal::NotAClient)
        );
        let first = First::new(entry(), key(4));
        let refused = first
            .at(7)
            .link(&printer, NOW, &mut StdRng::seed_from_u64(2))
            .unwrap_err();
        assert_eq!(refused, LinkError::Refused(Refusal::NotAClient));
        let late = ticket().expires_at + limits::CLOCK_SKEW * 2;
        assert!(matches!(
            Linking::new(&ticket(), &further(), FIRST, late),
            Err(LinkError::Ticket(_))
        ));
    }

    #[test]
    fn nothing_is_believed_that_the_users_key_did_not_sign_for_this_computer() {
        let first = First::new(entry(), key(4));
        let right = linked(&first);
        // Someone who has the ticket's address but not the user's key.
        let imposter = linked(&First::new(entry(), key(6)));
        let refused = finish(Linked {
            entry: right.entry.clone(),
            ..imposter.clone()
        })
        .unwrap_err();
        assert!(matches!(refused, LinkError::Delegation(_)));
        let refused = finish(Linked {
            pin: imposter.pin,
            ..right.clone()
        })
        .unwrap_err();
        assert_eq!(refused, LinkError::Signed(SignedError::WrongSigner));
        // A carrier for another computer, and one sealed to another key.
        let other = Certificate {
            node: FIRST,
            ..further()
        };
        let stray = first
            .at(7)
            .link(&other, NOW, &mut StdRng::seed_from_u64(2))
            .unwrap();
        assert_eq!(
            finish(Linked {
                pin: stray.pin,
                ..right.clone()
            })
            .unwrap_err(),
            LinkError::NotAsAsked
        );
        let other = Certificate {
            sealing: SealingSecret::from_bytes([6; 32]).public(),
            ..further()
        };
        let stray = first
            .at(7)
            .link(&other, NOW, &mut StdRng::seed_from_u64(2))
            .unwrap();
        assert!(matches!(
            finish(Linked {
                pin: stray.pin,
                ..right
            })
            .unwrap_err(),
            LinkError::Wrap(_)
        ));
        // Users for whom nothing can be held.
        for entry in [
            UserEntry {
                key: None,
                ..entry()
            },
            UserEntry {
                user: "dora".parse().unwrap(),
                ..entry()
            },
            UserEntry {
                state: UserState::Disabled,
                ..entry()
            },
        ] {
            let refused = finish(linked(&First::new(entry, key(4)))).unwrap_err();
            assert_eq!(refused, LinkError::NotAsAsked);
        }
    }

    #[test]
    fn a_changed_pin_is_taken_once_and_an_old_one_never() {
        let first = First::new(entry(), key(4));
        let told = first.told(8);
        assert_eq!(told.user(), &entry().user);
        let (verifier, epoch) = told
            .take(&entry(), FURTHER, 7, &sealing())
            .unwrap()
            .unwrap();
        assert_eq!((verifier.to_bytes(), epoch), (first.verifier.to_bytes(), 8));
        assert!(
            told.take(&entry(), FURTHER, 8, &sealing())
                .unwrap()
                .is_none()
        );
        assert_eq!(
            told.take(&entry(), FURTHER, 9, &sealing()).unwrap_err(),
            Refusal::Stale
        );
    }

    #[test]
    fn a_pin_of_another_user_key_or_computer_is_not_taken() {
        let told = First::new(entry(), key(4)).told(8);
        let replaced = UserEntry {
            key: Some(key(6).verifying_key().into()),
            ..entry()
        };
        let other = UserEntry {
            user: "dora".parse().unwrap(),
            ..entry()
        };
        for entry in [replaced, other] {
            assert_eq!(
                told.take(&entry, FURTHER, 7, &sealing()).unwrap_err(),
                Refusal::NotLinked
            );
        }
        assert_eq!(
            told.take(&entry(), FIRST, 7, &sealing()).unwrap_err(),
            Refusal::NotLinked
        );
        // The epoch is part of what is sealed: a carrier cannot be dressed up as a later one.
        let mut dressed = told.0.into_value();
        dressed.epoch = 9;
        let dressed = NewPin(Signed::sign(dressed, &key(4)).unwrap());
        assert_eq!(
            dressed.take(&entry(), FURTHER, 8, &sealing()).unwrap_err(),
            Refusal::Malformed
        );
    }
}
