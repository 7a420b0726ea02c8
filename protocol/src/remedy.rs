//! What to do about an error. An error's own text says only what is wrong; the remedy stands beside it, so that
//! nobody has to find it in the text, where words of a device or a path may look like it.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;

/// An error that may know what to do about it.
///
/// One that wraps others and shows their text gives their remedy as well.
pub trait Remedy: Error {
    /// What a person does about it: one line, no capital letter at its start, no full stop at its end. None where
    /// nobody knows, or the text leaves no question.
    fn remedy(&self) -> Option<Cow<'_, str>>;

    /// What is wrong and what to do, as `wrong; remedy`: for whoever reads both in one line.
    fn in_full(&self) -> InFull<'_, Self> {
        InFull(self)
    }
}

/// An error with its remedy, as text.
#[derive(Debug)]
pub struct InFull<'a, E: ?Sized>(&'a E);

impl<E: Remedy + ?Sized> fmt::Display for InFull<'_, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.remedy() {
            Some(remedy) => write!(f, "{}; {remedy}", self.0),
            None => write!(f, "{}", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::invite::{TicketError, TicketKind};
    use crate::join::{Denial, JoinError};
    use crate::release::message::Refusal;
    use crate::release::printer::SessionError;
    use crate::text::Name;

    #[test]
    fn an_error_and_what_to_do_about_it_are_two_things() {
        let expired = TicketError::Expired(TicketKind::Invite);
        assert_eq!(expired.to_string(), "this invite has expired");
        assert_eq!(
            expired.remedy().unwrap(),
            "ask the site's admin for a new one"
        );
        assert_eq!(
            expired.in_full().to_string(),
            "this invite has expired; ask the site's admin for a new one"
        );
    }

    #[test]
    fn who_wraps_an_error_passes_its_remedy_on() {
        let name: Name = "hall".parse().unwrap();
        let denied = JoinError::from(Denial::Busy);
        assert_eq!(denied.remedy(), Denial::Busy.remedy());
        let ended = SessionError::from(Refusal::NoSession);
        assert_eq!(
            ended.in_full().to_string(),
            "the session has ended; log in again"
        );
        assert_eq!(
            JoinError::NameFixed(name).remedy().unwrap(),
            "leave out --name"
        );
    }

    #[test]
    fn where_nothing_is_to_be_done_the_text_is_all() {
        let gone = Refusal::NoJob;
        assert_eq!(gone.remedy(), None);
        assert_eq!(gone.in_full().to_string(), gone.to_string());
    }
}
