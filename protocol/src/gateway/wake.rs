//! Waking a door by mail: what the mail carries, and how the door judges it.
//!
//! A door that keeps no pipe reads a mailbox. Whoever wants it to come signs a [`Wake`] and seals it to the door's key
//! as a [`Letter`]; mail servers learn that a mail came, and nothing else. The door opens the letter and judges it with
//! [`Door::judge`], which says what to do: dial the gateway, or leave it again. A letter gives no right but to have the
//! door dial a gateway that its site has already; what comes through that gateway is judged as ever.
//!
//! Mails come late, twice, in any order or not at all. [`Remembered`] is what a door keeps of those that it took, so that
//! none counts twice, and that a wake which was taken back before it arrived does nothing. It is kept across restarts as
//! [`Row`]s. How mails are sent and received is not here.

use core::str::FromStr;
use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet};

use ed25519_dalek::SigningKey;
use rand_core::CryptoRng;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::contract::Gateways;
use super::mailbox::MailAddress;
use super::name::{HostName, Label};
use crate::certificate::{Certificate, CertificateError};
use crate::codec::{self, CodecError};
use crate::id::{GatewayId, NodeId, SiteId, UserKey, WakeNonce};
use crate::invite::TicketError;
use crate::invite::line::{self, Ticket, TicketKind};
use crate::judge::Judge;
use crate::limits;
use crate::seal::wrap::{HPKE_OVERHEAD, WrapError, hpke_open, hpke_seal};
use crate::seal::{SealingPublic, SealingSecret};
use crate::signed::{Envelope, Record, Signed, SignedError};
use crate::text::UserId;
use crate::time::Timestamp;

/// What a letter is sealed for (HPKE's `info`), and the domain of the record in it.
const DOMAIN: &str = "papermesh/wake/1";

/// The longest that a sealed letter is, in bytes.
pub const SEALED: usize = limits::LETTER + HPKE_OVERHEAD;

// Within a remembered hour every wake has become too old, by whatever clocks.
const _: () = assert!(
    limits::WAKE_LIFETIME.as_secs() + 2 * limits::CLOCK_SKEW.as_secs()
        < limits::WAKE_MEMORY.as_secs()
);

// The record --------------------------------------------------------------------------------

/// What the door is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Order {
    /// Dial the gateway and open the place.
    Connect,
    /// Leave it again, or do not come: nobody waits any more.
    Cancel,
}

/// Somebody waits at a place, or does not any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wake {
    /// The door's site.
    pub site: SiteId,
    /// The place at which somebody waits, by its name at the gateway.
    pub place: HostName,
    /// What the door is to do.
    pub order: Order,
    /// Names this wake; what takes it back repeats it.
    pub nonce: WakeNonce,
    /// The gateway that is to be dialed.
    pub gateway: GatewayId,
    /// Said then,
    pub made_at: Timestamp,
    /// and good until then, at most [`limits::WAKE_LIFETIME`] later.
    pub until: Timestamp,
}

impl Record for Wake {
    const DOMAIN: &'static str = DOMAIN;
    const MAX: usize = limits::WAKE;
}

impl Wake {
    /// What takes this wake back, said at `now`. It is good for as long as the wake is.
    #[must_use]
    pub fn cancel(&self, now: Timestamp) -> Self {
        Self {
            order: Order::Cancel,
            made_at: now.clamp(self.made_at, self.until.max(self.made_at)),
            ..self.clone()
        }
    }
}

// The letter --------------------------------------------------------------------------------

/// What a mail carries: a wake, and what shows that its signer is a member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Letter {
    /// The wake.
    pub wake: Envelope<Wake>,
    /// The certificate of a node that signed. Gateways and users have none: the door knows them.
    pub certificate: Option<Envelope<Certificate>>,
}

/// Why a letter could not be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LetterError {
    /// It could not be signed.
    #[error(transparent)]
    Signed(#[from] SignedError),
    /// It is too long.
    #[error(transparent)]
    Codec(#[from] CodecError),
    /// It could not be sealed to the door.
    #[error(transparent)]
    Sealed(#[from] WrapError),
}

impl Letter {
    /// Signs a wake, with the signer's certificate if it is a node.
    ///
    /// # Errors
    /// [`LetterError::Signed`] where the record is too long, which none with a [`HostName`] is.
    pub fn sign(
        wake: Wake,
        key: &SigningKey,
        certificate: Option<Envelope<Certificate>>,
    ) -> Result<Self, LetterError> {
        let wake = Signed::sign(wake, key)?.envelope().clone();
        Ok(Self { wake, certificate })
    }

    /// Seals the letter to the door whose certificate has this key: at most [`SEALED`] bytes.
    ///
    /// # Errors
    /// [`LetterError`].
    pub fn seal(
        &self,
        to: &SealingPublic,
        rng: &mut dyn CryptoRng,
    ) -> Result<Vec<u8>, LetterError> {
        let letter = codec::encode(self, limits::LETTER)?;
        Ok(hpke_seal(to, DOMAIN.as_bytes(), b"", &letter, rng)?)
    }

    /// Opens a letter with the door's key, and believes nothing of it.
    ///
    /// # Errors
    /// [`Refusal::NotForMe`], [`Refusal::Malformed`].
    pub fn open(sealed: &[u8], secret: &SealingSecret) -> Result<Self, Refusal> {
        if sealed.len() > SEALED {
            return Err(Refusal::Malformed);
        }
        let letter =
            hpke_open(secret, DOMAIN.as_bytes(), b"", sealed).map_err(|_| Refusal::NotForMe)?;
        codec::decode(&letter, limits::LETTER).map_err(|_| Refusal::Malformed)
    }
}

// Who is called -------------------------------------------------------------------------------

/// A door that can be called: what whoever calls has to know, and a line that says it. It is no secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Callee {
    /// The gateway that it dials then.
    pub gateway: GatewayId,
    /// The place's name there.
    pub place: HostName,
    /// The mailbox that it reads.
    pub mailbox: MailAddress,
    /// To what its letters are sealed: the key in its certificate.
    pub sealing: SealingPublic,
}

impl Ticket for Callee {
    const KIND: TicketKind = TicketKind::Door;

    fn check(&self) -> Result<(), &'static str> {
        Ok(())
    }
}

impl Callee {
    /// The line, `papermesh-door-1:…`.
    ///
    /// # Errors
    /// [`TicketError::Malformed`].
    pub fn to_line(&self) -> Result<Zeroizing<String>, TicketError> {
        line::write(self)
    }

    /// What calls it: a wake that is good for so long, at most [`limits::WAKE_LIFETIME`].
    #[must_use]
    pub fn wake(&self, site: SiteId, nonce: WakeNonce, (now, long): (Timestamp, Duration)) -> Wake {
        Wake {
            site,
            place: self.place.clone(),
            order: Order::Connect,
            nonce,
            gateway: self.gateway,
            made_at: now,
            until: now + long.min(limits::WAKE_LIFETIME),
        }
    }
}

impl FromStr for Callee {
    type Err = TicketError;
    fn from_str(text: &str) -> Result<Self, TicketError> {
        line::read(text)
    }
}

// Judging -----------------------------------------------------------------------------------

/// Why a letter does nothing. Nobody is answered: it is counted, and noted in the audit log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
pub enum Refusal {
    /// It is sealed to another key, or damaged.
    #[error("it is not sealed to this computer")]
    NotForMe,
    /// What is in it is no letter.
    #[error("it is no wake")]
    Malformed,
    /// The signature does not verify.
    #[error("its signature does not verify")]
    Signature,
    /// It is of another site.
    #[error("it is of another site")]
    ForeignSite,
    /// The signer is no gateway of the site, no member and no user for whom this computer holds.
    #[error("its signer is a stranger here")]
    Stranger,
    /// The signer is a node that was withdrawn.
    #[error("its signer was revoked")]
    Revoked,
    /// The certificate of the signer is not believed.
    #[error("the certificate of its signer is not believed")]
    Certificate,
    /// The site has no such gateway, or a gateway names another.
    #[error("its gateway is not one to which its signer may call")]
    Gateway,
    /// This computer does not open that place, or not when it is woken.
    #[error("this computer opens no such place when it is woken")]
    Place,
    /// It says that it is good for too long.
    #[error("it would be good for too long")]
    TooLong,
    /// It was made in the future.
    #[error("it was made in the future")]
    TooEarly,
    /// It came too late.
    #[error("it came too late")]
    Expired,
    /// It came before.
    #[error("it came before")]
    Replayed,
    /// It was taken back, perhaps before it came.
    #[error("it was taken back")]
    Cancelled,
    /// Its signer wakes this computer too often.
    #[error("its signer called too often")]
    TooMany,
    /// More is remembered than there is room for.
    #[error("too many came within an hour")]
    Full,
}

impl Refusal {
    /// All of them, for whoever counts them.
    pub const ALL: [Self; 16] = [
        Self::NotForMe,
        Self::Malformed,
        Self::Signature,
        Self::ForeignSite,
        Self::Stranger,
        Self::Revoked,
        Self::Certificate,
        Self::Gateway,
        Self::Place,
        Self::TooLong,
        Self::TooEarly,
        Self::Expired,
        Self::Replayed,
        Self::Cancelled,
        Self::TooMany,
        Self::Full,
    ];
}

/// Who signed a wake that is believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signer {
    /// The gateway at which somebody knocks.
    Gateway(GatewayId),
    /// A member of the site.
    Member(NodeId),
    /// A user for whom this door holds.
    User(UserId),
}

/// What a door knows when it judges a letter.
#[derive(Clone, Copy, Debug)]
pub struct Door<'a> {
    /// The secret half of the sealing key in its certificate.
    pub secret: &'a SealingSecret,
    /// Its site, whose state lists the gateways, and the time.
    pub judge: Judge<'a>,
    /// The users for whom it holds, by their keys. None of them is disabled.
    pub users: &'a BTreeMap<UserKey, UserId>,
    /// The labels of the places that it opens when it is woken; none is the place that is the site's own.
    pub places: &'a BTreeSet<Option<Label>>,
}

/// A wake that the door acts on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// Who called.
    pub signer: Signer,
    /// What to do.
    pub order: Order,
    /// The wake's name. What another signer calls by the same name is another wake.
    pub wake: WakeId,
    /// The gateway, which the site's state lists. Where it is, that list says and not the letter.
    pub gateway: GatewayId,
    /// The place's label.
    pub place: Option<Label>,
    /// When the wake is over.
    pub until: Timestamp,
    /// What to keep before anything is done.
    pub row: Row,
}

impl Door<'_> {
    /// Judges what came by mail. What it takes it remembers; what it refuses leaves no trace.
    ///
    /// # Errors
    /// [`Refusal`], in this order: what is seen without knowing the signer, the signer's right, what is asked, the
    /// time, and what is remembered.
    pub fn judge(&self, sealed: &[u8], remembered: &mut Remembered) -> Result<Accepted, Refusal> {
        let letter = Letter::open(sealed, self.secret)?;
        let wake = letter.wake.verify_named().map_err(|error| match error {
            SignedError::Codec(_) => Refusal::Malformed,
            SignedError::WrongSigner | SignedError::BadSignature => Refusal::Signature,
        })?;
        if wake.site != self.judge.site() {
            return Err(Refusal::ForeignSite);
        }
        let signer = self.signer(&wake, letter.certificate.as_ref())?;
        let place = self.place(&wake, &signer)?;
        self.check_times(&wake)?;
        let id = WakeId {
            signer: *wake.signer(),
            nonce: wake.nonce,
        };
        // A gateway calls for whoever knocks at any of its site's places.
        let most = match signer {
            Signer::Gateway(_) => usize::from(limits::WAKES_OF_SITE),
            Signer::Member(_) | Signer::User(_) => limits::WAKES_BY_SIGNER,
        };
        let row = remembered.take(id, wake.order, (most, self.judge.now))?;
        Ok(Accepted {
            signer,
            order: wake.order,
            wake: id,
            gateway: wake.gateway,
            place,
            until: wake.until,
            row,
        })
    }

    /// Who signed, if that is somebody who may.
    fn signer(
        &self,
        wake: &Signed<Wake>,
        certificate: Option<&Envelope<Certificate>>,
    ) -> Result<Signer, Refusal> {
        let key = *wake.signer();
        if let Some(certificate) = certificate {
            let node = NodeId::from_bytes(key);
            return match Certificate::verify_of(certificate, node, &self.judge) {
                Ok(_) => Ok(Signer::Member(node)),
                Err(CertificateError::Revoked) => Err(Refusal::Revoked),
                Err(_) => Err(Refusal::Certificate),
            };
        }
        if let Some(user) = self.users.get(&UserKey::from_bytes(key)) {
            return Ok(Signer::User(user.clone()));
        }
        let gateway = GatewayId::from_bytes(key);
        match Gateways::of(self.judge.state)
            .iter()
            .any(|known| known.key == gateway)
        {
            true => Ok(Signer::Gateway(gateway)),
            false => Err(Refusal::Stranger),
        }
    }

    /// Which place of this door is meant, at a gateway of the site.
    fn place(&self, wake: &Wake, signer: &Signer) -> Result<Option<Label>, Refusal> {
        // A gateway calls to itself alone: it has no business with what comes through another.
        if let Signer::Gateway(key) = signer
            && *key != wake.gateway
        {
            return Err(Refusal::Gateway);
        }
        let gateways = Gateways::of(self.judge.state);
        let gateway = gateways
            .iter()
            .find(|known| known.key == wake.gateway)
            .ok_or(Refusal::Gateway)?;
        self.places
            .iter()
            .find(|label| gateway.domain.place(&gateway.site, label.as_ref()) == wake.place)
            .cloned()
            .ok_or(Refusal::Place)
    }

    fn check_times(&self, wake: &Wake) -> Result<(), Refusal> {
        let now = self.judge.now;
        if wake.until.since(wake.made_at) > limits::WAKE_LIFETIME {
            return Err(Refusal::TooLong);
        }
        if wake.made_at > now + limits::CLOCK_SKEW {
            return Err(Refusal::TooEarly);
        }
        if wake.until + limits::CLOCK_SKEW < now {
            return Err(Refusal::Expired);
        }
        Ok(())
    }
}

// Remembering -------------------------------------------------------------------------------

/// Names a wake: nobody can take back or use up what another signer calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WakeId {
    /// Whose key signed.
    #[serde(with = "serde_bytes")]
    pub signer: [u8; 32],
    /// The name that the signer gave it.
    pub nonce: WakeNonce,
}

/// What is remembered of one wake, to be stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// Which one.
    pub wake: WakeId,
    /// What came of it last.
    pub order: Order,
    /// When its first mail came, by the door's clock.
    pub first_at: Timestamp,
}

impl Row {
    /// Whether it may be forgotten: by then the wake is too old to be believed.
    #[must_use]
    pub fn is_over(&self, now: Timestamp) -> bool {
        now.since(self.first_at) >= limits::WAKE_MEMORY
    }
}

/// The wakes that a door took within [`limits::WAKE_MEMORY`], at most [`limits::WAKES_REMEMBERED`];
/// [`limits::WAKES_OF_SITE`] by one gateway, and [`limits::WAKES_BY_SIGNER`] by anybody else.
#[derive(Clone, Debug, Default)]
pub struct Remembered(BTreeMap<WakeId, Known>);

#[derive(Clone, Copy, Debug)]
struct Known {
    order: Order,
    first_at: Timestamp,
}

impl Remembered {
    /// What was stored; rows that are over, or too many, are left out.
    #[must_use]
    pub fn restore(rows: impl IntoIterator<Item = Row>, now: Timestamp) -> Self {
        let rows = rows.into_iter().filter(|row| !row.is_over(now));
        let known = rows.take(limits::WAKES_REMEMBERED).map(|row| {
            let known = Known {
                order: row.order,
                first_at: row.first_at,
            };
            (row.wake, known)
        });
        Self(known.collect())
    }

    /// What is to be stored.
    pub fn rows(&self) -> impl Iterator<Item = Row> {
        self.0.iter().map(|(wake, known)| Row {
            wake: *wake,
            order: known.order,
            first_at: known.first_at,
        })
    }

    /// Takes what nobody said before, of a signer of whom so many are remembered at most.
    fn take(
        &mut self,
        wake: WakeId,
        order: Order,
        (most, now): (usize, Timestamp),
    ) -> Result<Row, Refusal> {
        self.0
            .retain(|_, known| now.since(known.first_at) < limits::WAKE_MEMORY);
        if let Some(known) = self.0.get_mut(&wake) {
            return match (known.order, order) {
                (Order::Connect, Order::Cancel) => {
                    known.order = Order::Cancel;
                    let first_at = known.first_at;
                    Ok(Row {
                        wake,
                        order,
                        first_at,
                    })
                }
                (Order::Cancel, Order::Connect) => Err(Refusal::Cancelled),
                _ => Err(Refusal::Replayed),
            };
        }
        if self.by(wake.signer) >= most {
            return Err(Refusal::TooMany);
        }
        if self.0.len() >= limits::WAKES_REMEMBERED {
            return Err(Refusal::Full);
        }
        let first_at = now;
        self.0.insert(wake, Known { order, first_at });
        Ok(Row {
            wake,
            order,
            first_at,
        })
    }

    /// How many are by one signer.
    fn by(&self, signer: [u8; 32]) -> usize {
        let nonce = WakeNonce::from_bytes;
        let from = WakeId {
            signer,
            nonce: nonce([0; 16]),
        };
        let to = WakeId {
            signer,
            nonce: nonce([u8::MAX; 16]),
        };
        self.0.range(from..=to).count()
    }
}
