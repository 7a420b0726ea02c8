//! Why something could not be done for a user of this computer, and what to do about it.

use std::borrow::Cow;
use std::time::Duration;

use papermesh_frame::FrameError;
use papermesh_mesh::MeshError;
use papermesh_protocol::codec::CodecError;
use papermesh_protocol::enroll::EnrollError;
use papermesh_protocol::invite::TicketError;
use papermesh_protocol::link::LinkError;
use papermesh_protocol::pin::{ChoiceError, PinError};
use papermesh_protocol::remedy::Remedy;
use papermesh_protocol::signed::SignedError;
use papermesh_protocol::text::UserId;
use papermesh_store::{LINKED_PER_USER, StoreError};

use super::addresses::{ADDRESSES, MAILS};
use super::tokens::LONGEST;
use crate::auth::verifier::VerifierError;
use crate::ticket::OddLifetime;
use crate::vault::VaultError;

/// Why something could not be done for a user of this computer.
#[derive(Debug, thiserror::Error)]
pub enum LocalUsersError {
    /// The ticket is none, or of no use any more.
    #[error(transparent)]
    Ticket(#[from] TicketError),
    /// A ticket with an odd lifetime was asked for.
    #[error(transparent)]
    Lifetime(#[from] OddLifetime),
    /// Enrolling did not end well.
    #[error(transparent)]
    Enroll(#[from] EnrollError),
    /// Linking did not end well.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// The node that the ticket names is not there.
    #[error("the computer that the ticket names cannot be reached ({0})")]
    Unreachable(MeshError),
    /// It broke off.
    #[error("the connection was lost ({0})")]
    Frame(#[from] FrameError),
    /// It said nothing.
    #[error("the other computer closed the connection (it may be busy)")]
    HungUp,
    /// The PIN cannot be one.
    #[error(transparent)]
    Pin(PinError),
    /// The PIN is easily guessed.
    #[error(transparent)]
    PinChoice(#[from] ChoiceError),
    /// The PIN until now is another one.
    #[error("the old PIN is wrong")]
    WrongPin,
    /// Too many wrong PINs.
    #[error("too many wrong PINs")]
    Wait(Duration),
    /// No print token, or more than one, is meant.
    #[error("no single print token is called {0}")]
    NoToken(String),
    /// A print token is to last for no time, or for longer than they do.
    #[error("a print token lasts for {} days at most, and not for no time", LONGEST.as_secs() / 86_400)]
    TokenLifetime,
    /// A further mail address.
    #[error("a user has at most {ADDRESSES} mail addresses")]
    TooManyAddresses,
    /// Codes were mailed too often.
    #[error("{MAILS} codes an hour are mailed for a user or to an address, and no more")]
    TooManyCodes,
    /// No code is waited for.
    #[error("no mail address waits for a code")]
    NoCode,
    /// It is another one.
    #[error("this is not the code that was mailed")]
    WrongCode,
    /// Nobody has the address, or somebody else.
    #[error("{0} is nobody's mail address here")]
    NoAddress(String),
    /// The user is not one of this computer's.
    #[error("{0} is not enrolled on this computer")]
    NotEnrolled(UserId),
    /// The user enrolled on another computer.
    #[error("{0} enrolled on another computer and is only linked here")]
    OnlyLinked(UserId),
    /// The user enrolled anew, on another computer.
    #[error("{0} has enrolled again on another computer")]
    EnrolledElsewhere(UserId),
    /// Nobody enrolled here.
    #[error("nobody is enrolled on this computer")]
    NobodyEnrolled,
    /// Several did.
    #[error("several users are enrolled on this computer")]
    WhichUser,
    /// The user may not print.
    #[error("{0} is disabled")]
    Disabled(UserId),
    /// The ticket came back to where it was made.
    #[error("this ticket was made on this computer")]
    OwnTicket,
    /// No more computers can be linked.
    #[error("{LINKED_PER_USER} computers are already linked, which is the limit")]
    TooManyLinked,
    /// A record could not be signed.
    #[error("cannot sign: {0}")]
    Signed(#[from] SignedError),
    /// A record could not be encoded.
    #[error("cannot encode: {0}")]
    Codec(#[from] CodecError),
    /// A kept secret does not open.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The PIN that is kept cannot be used.
    #[error(transparent)]
    Verifier(#[from] VerifierError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Remedy for LocalUsersError {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        Some(match self {
            Self::Ticket(error) => return error.remedy(),
            Self::Enroll(error) => return error.remedy(),
            Self::Link(error) => return error.remedy(),
            Self::Unreachable(_) => {
                "check that it is running and on the network, then try again with the same ticket"
                    .into()
            }
            Self::Frame(_) | Self::HungUp => "try again with the same ticket".into(),
            Self::PinChoice(error) => return error.remedy(),
            Self::WrongPin => {
                "if you forgot it, enroll again with a new ticket from your admin".into()
            }
            Self::Wait(time) => format!("try again in {} s", time.as_secs().max(1)).into(),
            Self::NotEnrolled(_) | Self::NobodyEnrolled => {
                "run `papermesh user enroll TICKET` with a ticket from your admin".into()
            }
            Self::OnlyLinked(_) => "run this on that computer".into(),
            Self::EnrolledElsewhere(_) => "link this one to it with `papermesh user link`".into(),
            Self::WhichUser => "name one with --user".into(),
            Self::Disabled(_) => "ask your admin".into(),
            Self::TooManyAddresses => "remove one with `papermesh mail address remove`".into(),
            Self::TooManyCodes => "type the code that came last, or try again in an hour".into(),
            Self::NoCode => "run `papermesh mail address add ADDRESS`, which mails one".into(),
            Self::WrongCode => {
                "type the digits of the newest mail; after some wrong ones a new code is needed"
                    .into()
            }
            Self::OwnTicket => "use it on the computer to link".into(),
            Self::Vault(error) => return error.remedy(),
            Self::Verifier(error) => return error.remedy(),
            Self::Store(error) => return error.remedy(),
            _ => return None,
        })
    }
}

impl From<PinError> for LocalUsersError {
    fn from(error: PinError) -> Self {
        match error {
            PinError::WrongPin => Self::WrongPin,
            error => Self::Pin(error),
        }
    }
}
