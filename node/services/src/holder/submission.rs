//! A document that is to be held, as whoever submits it describes it, and why it may not be held.

use std::borrow::Cow;
use std::io;
use std::time::Duration;

use papermesh_convert::flaw::Flaw;
use papermesh_convert::format::Foreign;
use papermesh_convert::media::PageSize;
use papermesh_convert::{Condition, Facts};
use papermesh_protocol::document_password::DocumentPassword;
use papermesh_protocol::gateway::terminated::client::Client;
use papermesh_protocol::id::TokenDigest;
use papermesh_protocol::job::{DEFAULT_PRIORITY, PrintOptions, check_media};
use papermesh_protocol::limits;
use papermesh_protocol::pin::{ChoiceError, Pin, PinError};
use papermesh_protocol::remedy::Remedy;
use papermesh_protocol::seal::{SealError, WrapError};
use papermesh_protocol::text::{UserId, counted};
use papermesh_protocol::time::Timestamp;
use papermesh_store::StoreError;

use super::meta::MetaError;
use crate::auth::verifier::VerifierError;
use crate::policy::SubmitRefusal;

/// A document to hold.
#[derive(Debug, Clone)]
pub struct Submission {
    /// Whose it is.
    pub user: UserId,
    /// Its title; any text.
    pub title: String,
    /// Its format, a MIME media type in lower case (see [`papermesh_convert::format::FORMATS`]).
    pub format: String,
    /// Its bytes, where they are known before; then it must have as many.
    pub size: Option<u64>,
    /// What is known of its pages.
    pub facts: DocumentFacts,
    /// How to print it.
    pub options: PrintOptions,
    /// How urgent it is, 1 to 100; 50 as a rule.
    pub priority: u8,
    /// Not to be offered at printers before then.
    pub hold_until: Option<Timestamp>,
    /// How long to keep it; none for what the site says.
    pub lifetime: Option<Duration>,
    /// On a shared computer, the PIN that releases this user's jobs there from now on.
    pub visit_pin: Option<Pin>,
    /// A PIN of this job alone, asked for at the printer beside the user's own.
    pub job_pin: Option<Pin>,
    /// The password that opens the document, if it is locked.
    pub password: Option<DocumentPassword>,
    /// The number that it is to have, from [`Holder::reserve_number`](super::Holder::reserve_number); none for the next.
    pub number: Option<u32>,
    /// It is a further document of the job that has this number, printed as a job of its own but
    /// after it.
    pub part_of: Option<u32>,
    /// The print token with which it comes from outside the site, if it does.
    pub token: Option<TokenDigest>,
    /// Who sends it, as a gateway says that ended their TLS.
    pub client: Option<Client>,
}

/// What is known of a document's pages.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DocumentFacts {
    /// How many they are.
    pub pages: Option<u32>,
    /// The size of the first: a PWG 5101.1 size name.
    pub page_size: Option<String>,
    /// Whether there is any color.
    pub color: Option<bool>,
    /// Whether the document opens with a password only, which is not known.
    pub locked: bool,
    /// Whether all of it was read, and is whole.
    pub whole: bool,
}

impl DocumentFacts {
    /// What can be believed of them.
    pub(super) fn within_limits(self) -> Self {
        Self {
            pages: self.pages.filter(|pages| *pages <= limits::PAGES),
            page_size: self.page_size.filter(|size| check_media(size).is_ok()),
            ..self
        }
    }
}

impl From<Facts> for DocumentFacts {
    fn from(facts: Facts) -> Self {
        Self {
            pages: facts.pages,
            page_size: facts.page_size.map(PageSize::name),
            color: facts.color,
            locked: facts.condition == Condition::Locked,
            whole: facts.condition == Condition::Whole,
        }
    }
}

impl Submission {
    /// A submission of which nothing else is said.
    #[must_use]
    pub fn new(user: UserId, title: impl Into<String>, format: impl Into<String>) -> Self {
        Self {
            user,
            title: title.into(),
            format: format.into(),
            size: None,
            facts: DocumentFacts::default(),
            options: PrintOptions::default(),
            priority: DEFAULT_PRIORITY,
            hold_until: None,
            lifetime: None,
            visit_pin: None,
            job_pin: None,
            password: None,
            number: None,
            part_of: None,
            token: None,
            client: None,
        }
    }
}

/// Why a document is not held. Nothing is left of it.
#[derive(Debug, thiserror::Error)]
pub enum SubmitError {
    /// It is not allowed.
    #[error(transparent)]
    Refused(#[from] SubmitRefusal),
    /// A shared computer, and it knows no PIN of the user.
    #[error("this computer is shared")]
    PinRequired,
    /// The user's own computer.
    #[error("this computer already has your own PIN")]
    PinNotTaken,
    /// A shared computer, where jobs of the user wait under another PIN.
    #[error("jobs of {0} are held here under a different PIN")]
    OtherPin(UserId),
    /// Too many of those that were typed were not that one.
    #[error("too many wrong PINs")]
    TooManyPins(Duration),
    /// The PIN is not one to choose.
    #[error(transparent)]
    Choice(#[from] ChoiceError),
    /// So many come with a PIN that this one was not looked at.
    #[error("too many documents arrived with a PIN at once")]
    Busy,
    /// The PIN cannot be used.
    #[error(transparent)]
    Pin(#[from] PinError),
    /// Nothing came.
    #[error("the document is empty")]
    Empty,
    /// It is something else than was said, or nothing that is held.
    #[error(transparent)]
    Format(#[from] Foreign),
    /// A picture that can be printed nowhere.
    #[error(transparent)]
    Flaw(#[from] Flaw),
    /// Its password is another one.
    #[error("the document is locked, and the password that came with it does not open it")]
    Password,
    /// It is shorter or longer than was said.
    #[error("the document should be {expected} bytes long but is {found}")]
    Size {
        /// What was said.
        expected: u64,
        /// What came; more may have followed.
        found: u64,
    },
    /// It broke off.
    #[error("the document was cut off: {0}")]
    Broken(io::Error),
    /// It could not be kept.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It could not be sealed.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// Its key could not be sealed.
    #[error(transparent)]
    Key(#[from] WrapError),
    /// Its title and options could not be sealed.
    #[error(transparent)]
    Meta(#[from] MetaError),
    /// The PIN could not be sealed.
    #[error(transparent)]
    Verifier(#[from] VerifierError),
}

impl Remedy for SubmitError {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        Some(match self {
            Self::Refused(error) => return error.remedy(),
            Self::PinRequired => "choose a PIN to release your jobs with".into(),
            Self::PinNotTaken => {
                "leave out the PIN for this visit, which only shared computers need".into()
            }
            Self::OtherPin(_) => {
                "enter that one, or delete them first with `papermesh jobs delete`".into()
            }
            Self::TooManyPins(time) => {
                format!("wait {}", counted(time.as_secs().max(1), "second")).into()
            }
            Self::Choice(error) => return error.remedy(),
            Self::Busy => "send this one again in a moment".into(),
            Self::Format(error) => return error.remedy(),
            Self::Flaw(error) => return error.remedy(),
            Self::Size { .. } | Self::Broken(_) => "submit it again".into(),
            Self::Store(error) => return error.remedy(),
            Self::Seal(error) => return error.remedy(),
            Self::Verifier(error) => return error.remedy(),
            _ => return None,
        })
    }
}
