//! Who asks, and by what right.
//!
//! A program of this computer says a name (`requesting-user-name`). How far it is believed depends on
//! the account that it runs as ([`super::accounts`]), which user is meant on the configuration
//! ([`super::names`]). All others show a user id and a PIN (HTTP Basic, RFC 7617): those of other
//! computers, which come over IPPS only, and those of other accounts. Those outside the site, who come
//! through a gateway, show a print token ([`super::outside`]).

use papermesh_ipp_message::http::Credentials;
use papermesh_protocol::gateway::token::PrintToken;
use papermesh_protocol::gateway::token::rights::Right;
use papermesh_protocol::id::TokenDigest;
use papermesh_protocol::pin::Pin;
use papermesh_protocol::text::UserId;

use super::accounts::Standing;
use super::message::Failure;
use super::names::Meant;
use super::queue::{Bearer, QueueError, QueueErrorKind};
use super::status::Status;
pub(super) use papermesh_web::Peer;

/// The secret as a PIN; none if it is no PIN.
pub(super) fn pin(shown: &Credentials) -> Option<Pin> {
    Pin::new(&shown.secret).ok()
}

/// The secret as a print token; none if it is none.
pub(super) fn token(shown: &Credentials) -> Option<PrintToken> {
    shown.secret.parse().ok()
}

/// Who asks.
#[derive(Debug)]
pub(super) enum Requester {
    /// A user.
    User(UserId),
    /// A program that says that it is for this user: it may bring jobs, and ask after those that the same
    /// account brought.
    Named(UserId),
    /// A program outside that shows a print token: it may bring jobs, ask after those that came with the
    /// token, and what the token allows besides.
    Bearer(Bearer),
    /// The same, of a user who is only a visitor at this computer: of these, jobs are held and not
    /// printed at once.
    Visitor(UserId),
    /// Somebody who is no user, and what to tell them.
    Stranger(Failure),
}

impl Requester {
    /// Who asks where a program of this standing says a name by which somebody is meant.
    pub(super) fn says(standing: Standing, meant: Meant) -> Self {
        match (standing, meant) {
            (Standing::Own | Standing::Root, Meant::Resident(user)) => Self::User(user),
            (Standing::Spooler, Meant::Resident(user)) => Self::Named(user),
            (_, Meant::Visitor(user)) => Self::Visitor(user),
        }
    }

    /// Whether nothing but a name says who it is.
    pub(super) fn is_unproven(&self) -> bool {
        matches!(self, Self::Named(_) | Self::Visitor(_))
    }

    /// Whether all jobs of the user are to be seen and changed.
    pub(super) fn has_all_jobs(&self) -> bool {
        match self {
            Self::User(_) => true,
            Self::Bearer(bearer) => bearer.rights.allow(&Right::Own),
            Self::Named(_) | Self::Visitor(_) | Self::Stranger(_) => false,
        }
    }

    /// The print token that was shown.
    pub(super) fn token(&self) -> Option<TokenDigest> {
        match self {
            Self::Bearer(bearer) => Some(bearer.token),
            Self::User(_) | Self::Named(_) | Self::Visitor(_) | Self::Stranger(_) => None,
        }
    }

    /// The user, or what a stranger is told.
    pub(super) fn user(&self) -> Result<&UserId, Failure> {
        match self {
            Self::User(user) | Self::Named(user) | Self::Visitor(user) => Ok(user),
            Self::Bearer(bearer) => Ok(&bearer.user),
            Self::Stranger(failure) => Err(Failure::new(failure.status, failure.text.clone())),
        }
    }
}

/// What is told where the PIN was wrong or too many were.
pub(super) fn refused(error: QueueError) -> Failure {
    match error.kind {
        QueueErrorKind::NotProven => Failure::new(Status::NotAuthenticated, error.text),
        _ => error.into(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_name_alone_makes_a_user_only_of_who_could_read_the_nodes_files() {
        let user: UserId = "charlie".parse().unwrap();
        let says = |standing, meant| matches!(Requester::says(standing, meant), Requester::User(_));
        for standing in [Standing::Own, Standing::Root] {
            assert!(says(standing, Meant::Resident(user.clone())));
            assert!(!says(standing, Meant::Visitor(user.clone())));
        }
        for meant in [Meant::Resident(user.clone()), Meant::Visitor(user)] {
            assert!(!says(Standing::Spooler, meant));
        }
    }
}
