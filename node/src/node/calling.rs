//! Calls the door of another place, because somebody here is about to print there.

use std::borrow::Cow;
use std::time::Duration;

use papermesh_door::{Ways, reach};
use papermesh_mail::MailError;
use papermesh_mail::message::Addresses;
use papermesh_mail::submit::Submitter;
use papermesh_protocol::gateway::wake::{Callee, LetterError};
use papermesh_protocol::remedy::Remedy;
use papermesh_protocol::text::counted;
use papermesh_services::waking::Letters;
use tokio::time::timeout;

use super::mailbox::MailHere;

/// How long a mail that takes a wake back is tried to be sent.
const TAKE_BACK: Duration = Duration::from_secs(30);

/// A door was not called, or did not come.
#[derive(Debug, thiserror::Error)]
pub(super) enum CallError {
    /// There is no account.
    #[error("this node has no account to send mails")]
    NoAccount,
    /// The mail could not be written.
    #[error(transparent)]
    Letter(#[from] LetterError),
    /// It could not be sent.
    #[error(transparent)]
    Mail(#[from] MailError),
    /// Nobody came.
    #[error("the door of {place} did not come within {}", counted(.wait.as_secs(), "second"))]
    NotCome {
        /// At which place.
        place: String,
        /// How long it was waited.
        wait: Duration,
    },
}

impl Remedy for CallError {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::NoAccount => {
                Some("add the section mail.send to papermesh.toml and start the node again".into())
            }
            Self::Letter(_) => None,
            Self::Mail(error) => error.remedy(),
            Self::NotCome { .. } => Some(
                "try again; if that does not help, see `papermesh doctor` on the computer that opens the place".into(),
            ),
        }
    }
}

/// Calls a door and waits until its place answers. If it does not in time, the call is taken back.
pub(super) async fn call(
    callee: &Callee,
    wait: Duration,
    (letters, mail): (&Letters, Option<&MailHere>),
    ways: &Ways,
) -> Result<(), CallError> {
    let mail = mail.ok_or(CallError::NoAccount)?;
    let account = mail.accounts.send.clone().ok_or(CallError::NoAccount)?;
    let submitter = Submitter::new(account, mail.trust.clone());
    let addresses = Addresses::of_person(mail.accounts.address.as_str(), callee.mailbox.as_str())?;
    let wake = letters.wake(callee, wait);
    let letter = letters.write(callee, wake.clone())?;
    // Whether the mail or the knock comes first makes no difference, but the mail goes out: somebody else may answer
    // in the place's stead.
    let calling = async { Ok(submitter.send(&letter, &addresses, wait).await?) };
    let answered = async {
        reach::until_answered(ways, &callee.place).await;
        Ok::<(), CallError>(())
    };
    let come = async { tokio::try_join!(calling, answered).map(drop) };
    if let Ok(come) = timeout(wait, come).await {
        return come;
    }
    let back = letters.write(callee, letters.cancel(&wake))?;
    if let Err(error) = submitter.send(&back, &addresses, TAKE_BACK).await {
        tracing::warn!(%error, place = %callee.place, "a call could not be taken back");
    }
    Err(CallError::NotCome {
        place: callee.place.to_string(),
        wait,
    })
}
