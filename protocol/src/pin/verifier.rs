//! What a holder keeps of a user's PIN.
//!
//! ```text
//! offset  length  field
//!      0       1  version, 1
//!      1      64  OPRF seed
//!     65      32  the verifier's private key, a ristretto255 scalar
//!     97      32  public key for records of unknown users, unused here
//!    129      32  the user's public key
//!    161      64  masking key
//!    225      32  envelope nonce
//!    257      64  envelope MAC
//! ```
//!
//! Both what RFC 9807 calls the server's setup and the user's record are in it, so that it stands alone and all
//! holders of it are one server to OPAQUE. Whoever has it can guess PINs offline at the price of one Argon2id each: it
//! is sealed wherever it rests or travels.

use core::fmt;

use opaque_ke::{
    ClientRegistration, ClientRegistrationFinishParameters, Identifiers, ServerRegistration,
    ServerSetup,
};
use rand_core::CryptoRng;
use zeroize::{Zeroize, Zeroizing};

use super::login::check_name;
use super::suite::{Derived, Random, Suite};
use super::{Pin, PinError};
use crate::seal::DecoySeed;

const VERSION: u8 = 1;
const SETUP_AT: usize = 1;
const RECORD_AT: usize = 129;

/// A user's PIN as the holder knows it: enough to check it, not enough to use it.
#[derive(Clone)]
pub struct PinVerifier {
    setup: ServerSetup<Suite>,
    record: ServerRegistration<Suite>,
}

impl PinVerifier {
    /// Length in bytes.
    pub const LEN: usize = 321;

    /// Makes the verifier of `user`'s new PIN; both sides of OPAQUE's registration run here, on the user's
    /// computer. Takes one Argon2id.
    ///
    /// # Errors
    /// [`PinError::Name`], [`PinError::Memory`].
    pub fn register(user: &str, pin: &Pin, rng: &mut dyn CryptoRng) -> Result<Self, PinError> {
        check_name(user.as_bytes())?;
        let failed = |error| PinError::about(error, 0);
        let random = &mut Random(rng);
        let setup = ServerSetup::<Suite>::new(random);
        let request = ClientRegistration::<Suite>::start(random, pin.as_bytes()).map_err(failed)?;
        let response =
            ServerRegistration::start(&setup, request.message, user.as_bytes()).map_err(failed)?;
        let parameters = ClientRegistrationFinishParameters::new(identifiers(user), None);
        let upload = request
            .state
            .finish(random, pin.as_bytes(), response.message, parameters)
            .map_err(failed)?;
        let record = ServerRegistration::finish(upload.message);
        Ok(Self { setup, record })
    }

    /// The bytes to seal: at rest with [`crate::seal::seal_bytes`], to a linked computer with
    /// [`crate::seal::wrap::hpke_seal`].
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<[u8; Self::LEN]> {
        let mut bytes = Zeroizing::new([0; Self::LEN]);
        bytes[0] = VERSION;
        let mut setup = self.setup.serialize();
        bytes[SETUP_AT..RECORD_AT].copy_from_slice(&setup);
        setup.as_mut_slice().zeroize();
        let mut record = self.record.serialize();
        bytes[RECORD_AT..].copy_from_slice(&record);
        record.as_mut_slice().zeroize();
        bytes
    }

    /// From the bytes that were sealed.
    ///
    /// # Errors
    /// [`PinError::Malformed`] if they are not [`PinVerifier::LEN`] bytes of a verifier.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, PinError> {
        if bytes.len() != Self::LEN || bytes[0] != VERSION {
            return Err(PinError::Malformed(bytes.len()));
        }
        let malformed = |error| PinError::about(error, bytes.len());
        Ok(Self {
            setup: ServerSetup::deserialize(&bytes[SETUP_AT..RECORD_AT]).map_err(malformed)?,
            record: ServerRegistration::deserialize(&bytes[RECORD_AT..]).map_err(malformed)?,
        })
    }

    pub(super) fn setup(&self) -> &ServerSetup<Suite> {
        &self.setup
    }

    pub(super) fn record(&self) -> ServerRegistration<Suite> {
        self.record.clone()
    }
}

impl fmt::Debug for PinVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PinVerifier(secret)")
    }
}

/// The server's setup for a user without a verifier: the same whenever this node is asked about this user, because
/// an OPRF that changed between two logins would say that there is no such user.
pub(super) fn decoy(seed: &DecoySeed, user: &str) -> ServerSetup<Suite> {
    ServerSetup::new(&mut Derived::new(seed.expose(), user.as_bytes()))
}

/// The user is named, the server is its key.
pub(super) fn identifiers(user: &str) -> Identifiers<'_> {
    Identifiers {
        client: Some(user.as_bytes()),
        server: None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_verifier_comes_back_from_its_bytes() {
        let pin = Pin::new("2468").unwrap();
        let verifier = PinVerifier::register("alice", &pin, &mut rand::rng()).unwrap();
        let bytes = verifier.to_bytes();
        let again = PinVerifier::from_bytes(&*bytes).unwrap();
        assert_eq!(again.to_bytes(), bytes);
        assert_eq!(format!("{again:?}"), "PinVerifier(secret)");
    }

    #[test]
    fn other_bytes_are_no_verifier() {
        let pin = Pin::new("2468").unwrap();
        let bytes = PinVerifier::register("alice", &pin, &mut rand::rng())
            .unwrap()
            .to_bytes();
        for length in [0, 1, PinVerifier::LEN - 1] {
            let refused = PinVerifier::from_bytes(&bytes[..length]).unwrap_err();
            assert_eq!(refused, PinError::Malformed(length));
        }
        for at in [0, 96, 128, 160] {
            // Another version; a scalar that is not reduced; encodings of no point.
            let mut altered = bytes.clone();
            altered[at] = 0xff;
            let refused = PinVerifier::from_bytes(&*altered).unwrap_err();
            assert_eq!(refused, PinError::Malformed(PinVerifier::LEN), "{at}");
        }
    }

    #[test]
    fn decoys_are_one_per_node_and_user() {
        let rng = &mut rand::rng();
        let (seed, other) = (DecoySeed::generate(rng), DecoySeed::generate(rng));
        let bytes = |seed, user| decoy(seed, user).serialize();
        assert_eq!(bytes(&seed, "nobody"), bytes(&seed, "nobody"));
        assert_ne!(bytes(&seed, "nobody"), bytes(&seed, "no one"));
        assert_ne!(bytes(&seed, "nobody"), bytes(&other, "nobody"));
    }

    #[test]
    fn a_user_has_a_name() {
        let pin = Pin::new("2468").unwrap();
        for user in ["", &"x".repeat(256)] {
            let refused = PinVerifier::register(user, &pin, &mut rand::rng());
            assert_eq!(refused.unwrap_err(), PinError::Name);
        }
    }
}
