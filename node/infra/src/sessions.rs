//! Whose tokens were shown, and an end to all that goes on with one that is withdrawn.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use papermesh_device::ProxyId;
use papermesh_protocol::id::TokenDigest;
use tokio_util::sync::CancellationToken;

use crate::tokens::Admitted;

/// Tokens that were shown while they were good: not more than there are, and those that were withdrawn lately.
#[derive(Debug, Default)]
pub(super) struct Sessions(Mutex<BTreeMap<TokenDigest, Session>>);

#[derive(Debug)]
struct Session {
    proxy: Option<ProxyId>,
    withdrawn: CancellationToken,
}

impl Sessions {
    fn known(&self) -> MutexGuard<'_, BTreeMap<TokenDigest, Session>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A token was good just now; gives what is canceled when it is withdrawn. What withdraws it from now on finds the
    /// session: whoever opens it sees that nothing was withdrawn between its being good and this.
    pub(super) fn open(&self, admitted: &Admitted) -> CancellationToken {
        let mut known = self.known();
        let session = known.entry(admitted.token).or_insert_with(|| Session {
            proxy: None,
            withdrawn: CancellationToken::new(),
        });
        if admitted.proxy.is_some() {
            session.proxy.clone_from(&admitted.proxy);
        }
        session.withdrawn.clone()
    }

    /// A proxy said which it is. Nothing where the token was withdrawn meanwhile.
    pub(super) fn belongs_to(&self, admitted: &Admitted) {
        if let Some(session) = self.known().get_mut(&admitted.token)
            && admitted.proxy.is_some()
        {
            session.proxy.clone_from(&admitted.proxy);
        }
    }

    /// A token is not good any more: all that goes on with it ends.
    pub(super) fn close(&self, token: &TokenDigest) {
        if let Some(session) = self.known().remove(token) {
            session.withdrawn.cancel();
        }
    }

    /// All tokens that were shown, and whose they are.
    pub(super) fn all(&self) -> Vec<Admitted> {
        let known = self.known();
        let all = known.iter();
        all.map(|(token, session)| Admitted {
            token: *token,
            proxy: session.proxy.clone(),
        })
        .collect()
    }

    /// The token of a proxy.
    pub(super) fn token_of(&self, proxy: &ProxyId) -> Option<TokenDigest> {
        let known = self.known();
        let mut own = (known.iter()).filter(|(_, session)| session.proxy.as_ref() == Some(proxy));
        own.next().map(|(token, _)| *token)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_goes_on_with_a_token_ends_when_it_is_withdrawn() {
        let proxy: ProxyId = "urn:uuid:00000000-0000-4000-8000-000000000001"
            .parse()
            .unwrap();
        let sessions = Sessions::default();
        let admitted = |proxy| Admitted {
            token: TokenDigest::from_bytes([1; 32]),
            proxy,
        };
        let first = sessions.open(&admitted(None));
        assert_eq!(sessions.token_of(&proxy), None);
        let second = sessions.open(&admitted(None));
        sessions.belongs_to(&admitted(Some(proxy.clone())));
        let token = sessions.token_of(&proxy).unwrap();
        assert_eq!(sessions.all(), [admitted(Some(proxy.clone()))]);
        sessions.close(&token);
        assert!(first.is_cancelled() && second.is_cancelled());
        assert_eq!(sessions.all(), []);
        // What is said with it a moment too late opens none.
        sessions.belongs_to(&admitted(Some(proxy.clone())));
        assert_eq!(sessions.all(), []);
        // One that is made again is another.
        assert!(!sessions.open(&admitted(None)).is_cancelled());
        assert_eq!(sessions.token_of(&proxy), None);
    }
}
