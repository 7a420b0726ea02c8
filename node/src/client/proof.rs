//! Who prints from this computer, and whether that is who they say.

use std::sync::Arc;

use papermesh_protocol::pin::Pin;
use papermesh_protocol::text::UserId;

use super::Client;
use crate::audit::{Event, Kind};
use crate::auth::typed::{self, TypedError};
use crate::auth::verifier;
use crate::network::Network;
use crate::offload::offload;
use crate::store::StoreError;

/// Users of one computer.
const USERS: usize = 256;

impl<N: Network> Client<N> {
    /// The users who delegated to this computer, by their ids.
    pub async fn users(&self) -> Result<Vec<UserId>, StoreError> {
        offload(&self.0.store, |store| {
            let rows = store.local_users().scan(None, USERS)?;
            let delegated = rows.into_iter().filter(|(_, row)| row.delegation.is_some());
            Ok(delegated.map(|(user, _)| user).collect())
        })
        .await
    }

    /// Whether a PIN is that of the user. Wrong ones count, and users who are not known here are
    /// treated like those who are.
    ///
    /// # Errors
    /// [`TypedError`].
    pub async fn prove(&self, user: &UserId, pin: &Pin) -> Result<(), TypedError> {
        let (inner, whose, pin) = (Arc::clone(&self.0), user.clone(), pin.clone());
        let proven = offload(&self.0.store, move |store| {
            let user = whose;
            let failed = |error: verifier::VerifierError| match error {
                verifier::VerifierError::Store(error) => TypedError::Store(error),
                error => {
                    tracing::error!(%user, %error, "the user cannot log in here until the PIN is set anew");
                    TypedError::Pin(papermesh_protocol::pin::PinError::WrongPin)
                }
            };
            let decoys = verifier::decoys(store, &inner.storage).map_err(failed)?;
            let sealed = store.local_users().get(&user)?.and_then(|row| row.sealed_pin);
            let known = sealed
                .map(|sealed| verifier::open(&inner.storage, &user, &sealed))
                .transpose()
                .map_err(failed)?;
            let (node, now) = (inner.membership.node(), inner.membership.steady());
            typed::prove(store, (&user, known.as_ref()), &pin, (node, &decoys), now)
        })
        .await;
        if let Err(error) = &proven {
            let event = Event::new(Kind::LoginDenied).user(user).because(error);
            self.record_refusal(self.0.membership.node(), event).await;
        }
        proven
    }
}
