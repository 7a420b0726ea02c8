//! A PIN typed at the holder itself: both sides of a login within one computer.

use std::borrow::Cow;
use std::time::Duration;

use papermesh_protocol::id::NodeId;
use papermesh_protocol::pin::{
    ClientLogin, KsfMemo, LoginContext, Pin, PinError, PinVerifier, ServerLogin,
};
use papermesh_protocol::remedy::Remedy;
use papermesh_protocol::seal::{DecoySeed, SessionSecret};
use papermesh_protocol::text::{UserId, counted};
use papermesh_protocol::time::Timestamp;
use papermesh_store::{Source, Store, StoreError};

/// Why a PIN was not proven.
#[derive(Debug, thiserror::Error)]
pub enum TypedError {
    /// It is wrong, or there is none.
    #[error(transparent)]
    Pin(#[from] PinError),
    /// Too many were wrong.
    #[error("too many wrong PINs")]
    Wait(Duration),
    /// Too many are being looked at, or came from one place.
    #[error("too many PINs at once")]
    Busy(Duration),
    /// It is right, and the site has disabled the user.
    #[error("{0} is disabled")]
    Disabled(UserId),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Remedy for TypedError {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        Some(match self {
            Self::Wait(time) => format!("wait {}", counted(time.as_secs().max(1), "second")).into(),
            Self::Busy(time) => {
                format!("try again in {}", counted(time.as_secs().max(1), "second")).into()
            }
            Self::Disabled(_) => "ask your admin".into(),
            Self::Store(error) => return error.remedy(),
            _ => return None,
        })
    }
}

/// Checks a PIN against a user's verifier. Wrong ones count and make the next wait, as at a printer,
/// where `from` stands for the printer; where there is no verifier every PIN is wrong, and counts. From
/// where the user is `known`, wrong ones from elsewhere make nobody wait. What is left unproven over
/// all users makes nobody wait here: whoever types need be no member. Blocks for one Argon2id.
pub fn prove(
    store: &Store,
    (user, verifier): (&UserId, Option<&PinVerifier>),
    pin: &Pin,
    (node, decoys): (NodeId, &DecoySeed),
    (from, known): (Source, bool),
    now: Timestamp,
) -> Result<(), TypedError> {
    let counts = store.typed_guesses();
    if let Some(wait) = counts.begin(user, (from, known), now)? {
        return Err(TypedError::Wait(wait));
    }
    log_in(user, verifier, pin, node, decoys)?;
    Ok(counts.proven(user, from)?)
}

fn log_in(
    user: &UserId,
    verifier: Option<&PinVerifier>,
    pin: &Pin,
    node: NodeId,
    decoys: &DecoySeed,
) -> Result<(), PinError> {
    let rng = &mut rand::rng();
    let session = SessionSecret::generate(rng).public();
    let context = LoginContext::new(user.as_str(), node.as_bytes(), node.as_bytes(), &session)?;
    let (client, first) = ClientLogin::start(pin, rng)?;
    let (server, answer) = ServerLogin::respond(verifier, decoys, &context, &first, rng)?;
    let (last, _) = client.finish(pin, &context, &answer, &KsfMemo::new(), rng)?;
    server.finish(&context, &last)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use papermesh_protocol::limits;

    use super::*;

    const HERE: (Source, bool) = (Source::HERE, false);

    #[test]
    fn only_the_right_pin_is_proven_and_wrong_ones_count() {
        let home = tempfile::tempdir().unwrap();
        let store = Store::open(home.path()).unwrap();
        let (alice, rng) = ("alice".parse::<UserId>().unwrap(), &mut rand::rng());
        let (right, wrong) = (Pin::new("2468").unwrap(), Pin::new("1357").unwrap());
        let verifier = PinVerifier::register("alice", &right, rng).unwrap();
        let (decoys, node) = (DecoySeed::generate(rng), NodeId::from_bytes([1; 32]));
        let now = Timestamp::from_secs(1_000_000);
        let try_it = |pin: &Pin, verifier| {
            prove(&store, (&alice, verifier), pin, (node, &decoys), HERE, now)
        };
        try_it(&right, Some(&verifier)).unwrap();
        for _ in 0..limits::FREE_GUESSES - 1 {
            assert!(matches!(
                try_it(&wrong, Some(&verifier)),
                Err(TypedError::Pin(PinError::WrongPin))
            ));
        }
        assert!(matches!(try_it(&right, None), Err(TypedError::Pin(_))));
        assert!(matches!(
            try_it(&right, Some(&verifier)),
            Err(TypedError::Wait(_))
        ));
    }

    #[test]
    fn many_guesses_at_once_are_no_more_guesses() {
        let home = tempfile::tempdir().unwrap();
        let store = Store::open(home.path()).unwrap();
        let (alice, rng) = ("alice".parse::<UserId>().unwrap(), &mut rand::rng());
        let verifier = PinVerifier::register("alice", &Pin::new("2468").unwrap(), rng).unwrap();
        let (decoys, node) = (DecoySeed::generate(rng), NodeId::from_bytes([1; 32]));
        let now = Timestamp::from_secs(1_000_000);
        let guess = |number: u32| {
            let pin = Pin::new(&format!("{number:04}")).unwrap();
            let whose = (&alice, Some(&verifier));
            prove(&store, whose, &pin, (node, &decoys), HERE, now)
        };
        let guess = &guess;
        let looked_at = std::thread::scope(|scope| {
            let guesses: Vec<_> = (0..40).map(|n| scope.spawn(move || guess(n))).collect();
            let ended = guesses.into_iter().map(|guess| guess.join().unwrap());
            ended
                .filter(|end| matches!(end, Err(TypedError::Pin(_))))
                .count()
        });
        assert_eq!(looked_at, limits::FREE_GUESSES as usize);
    }
}
