//! One login of one printer to one holder: three messages.

use core::fmt;

use opaque_ke::{
    ClientLoginFinishParameters, CredentialFinalization, CredentialRequest, CredentialResponse,
    ServerLoginParameters,
};
use rand_core::CryptoRng;
use zeroize::Zeroize;

use super::stretch::KsfMemo;
use super::suite::{Random, Suite};
use super::verifier::{PinVerifier, decoy, identifiers};
use super::{Ke1, Ke2, Ke3, LoginMessage, Pin, PinError};
use crate::seal::keys::{DecoySeed, LoginKey, SessionPublic, derive};

/// Longest id of a user, holder or printer, in bytes.
pub const MAX_NAME: usize = 255;

const CONTEXT_LABEL: &[u8] = b"papermesh/pin/1/login";
const KEY_LABEL: &[u8] = b"papermesh/pin/1/login key";

/// Who logs in where. Both sides put it together for themselves; if they do not agree, the login fails as with a
/// wrong PIN. That is what keeps a member in the middle from passing a login on as its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoginContext {
    user: String,
    /// label ‖ length of the holder's id, one byte ‖ it ‖ the same of the printer ‖ session key.
    bytes: Vec<u8>,
}

impl LoginContext {
    /// The login of `user` to `holder` at `printer` (the bytes of their peer ids) in a session that has the public
    /// key `session`.
    ///
    /// # Errors
    /// [`PinError::Name`] if an id is empty or longer than [`MAX_NAME`].
    pub fn new(
        user: &str,
        holder: &[u8],
        printer: &[u8],
        session: &SessionPublic,
    ) -> Result<Self, PinError> {
        check_name(user.as_bytes())?;
        let bytes = [
            CONTEXT_LABEL,
            &[check_name(holder)?],
            holder,
            &[check_name(printer)?],
            printer,
            session.as_bytes(),
        ]
        .concat();
        Ok(Self {
            user: user.to_owned(),
            bytes,
        })
    }
}

/// The length of an id, if it has an allowed one.
pub(super) fn check_name(name: &[u8]) -> Result<u8, PinError> {
    match u8::try_from(name.len()) {
        Ok(length) if length > 0 => Ok(length),
        _ => Err(PinError::Name),
    }
}

/// The printer between its first and second message. Wiped when dropped.
pub struct ClientLogin(opaque_ke::ClientLogin<Suite>);

impl ClientLogin {
    /// Starts a login. Each holder gets its own.
    ///
    /// # Errors
    /// None that a [`Pin`] could cause.
    pub fn start(pin: &Pin, rng: &mut dyn CryptoRng) -> Result<(Self, Ke1), PinError> {
        let started = opaque_ke::ClientLogin::<Suite>::start(&mut Random(rng), pin.as_bytes())
            .map_err(|error| PinError::about(error, 0))?;
        let message = LoginMessage::from_bytes(&started.message.serialize())?;
        Ok((Self(started.state), message))
    }

    /// Checks the holder's answer with the same PIN. Takes one Argon2id unless `memo` has it already: not for a task
    /// that must not block.
    ///
    /// # Errors
    /// [`PinError::WrongPin`], [`PinError::Malformed`] if the answer is no point of the group, [`PinError::Memory`].
    pub fn finish(
        self,
        pin: &Pin,
        context: &LoginContext,
        answer: &Ke2,
        memo: &KsfMemo,
        rng: &mut dyn CryptoRng,
    ) -> Result<(Ke3, LoginKey), PinError> {
        let failed = |error| PinError::about(error, answer.as_bytes().len());
        let response = CredentialResponse::deserialize(answer.as_bytes()).map_err(failed)?;
        let parameters = ClientLoginFinishParameters::new(
            Some(&context.bytes),
            identifiers(&context.user),
            Some(memo.stretcher()),
        );
        let mut finished = self
            .0
            .finish(&mut Random(rng), pin.as_bytes(), response, parameters)
            .map_err(failed)?;
        finished.export_key.as_mut_slice().zeroize();
        let message = LoginMessage::from_bytes(&finished.message.serialize())?;
        Ok((message, login_key(&mut finished.session_key)))
    }
}

/// The holder between its answer and the printer's second message. Wiped when dropped.
pub struct ServerLogin(opaque_ke::ServerLogin<Suite>);

impl ServerLogin {
    /// Answers a login: with the user's verifier if there is one, else with a decoy made from `decoys`, which then never
    /// succeeds. Either way the same work is done and the answer looks the same; the caller must do the same with
    /// it, too.
    ///
    /// # Errors
    /// [`PinError::Malformed`] if the message is no point of the group, whether there is a verifier or not.
    pub fn respond(
        verifier: Option<&PinVerifier>,
        decoys: &DecoySeed,
        context: &LoginContext,
        message: &Ke1,
        rng: &mut dyn CryptoRng,
    ) -> Result<(Self, Ke2), PinError> {
        let failed = |error| PinError::about(error, message.as_bytes().len());
        // Made for known users as well, so that time does not tell them from unknown ones.
        let decoy = decoy(decoys, &context.user);
        let setup = verifier.map_or(&decoy, PinVerifier::setup);
        let request = CredentialRequest::deserialize(message.as_bytes()).map_err(failed)?;
        let started = opaque_ke::ServerLogin::start(
            &mut Random(rng),
            setup,
            verifier.map(PinVerifier::record),
            request,
            context.user.as_bytes(),
            context.parameters(),
        )
        .map_err(failed)?;
        let answer = LoginMessage::from_bytes(&started.message.serialize())?;
        Ok((Self(started.state), answer))
    }

    /// Checks the printer's second message; if it is right, so was the PIN.
    ///
    /// # Errors
    /// [`PinError::WrongPin`].
    pub fn finish(self, context: &LoginContext, message: &Ke3) -> Result<LoginKey, PinError> {
        let failed = |error| PinError::about(error, message.as_bytes().len());
        let message = CredentialFinalization::deserialize(message.as_bytes()).map_err(failed)?;
        let mut finished = self
            .0
            .finish(message, context.parameters())
            .map_err(failed)?;
        Ok(login_key(&mut finished.session_key))
    }
}

impl LoginContext {
    fn parameters(&self) -> ServerLoginParameters<'_, '_> {
        ServerLoginParameters {
            context: Some(&self.bytes),
            identifiers: identifiers(&self.user),
        }
    }
}

/// Ours from OPAQUE's session key, which is wiped.
fn login_key(session_key: &mut [u8]) -> LoginKey {
    let key = LoginKey::from_bytes(*derive(&[], session_key, &[KEY_LABEL]));
    session_key.zeroize();
    key
}

impl fmt::Debug for ClientLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientLogin(secret)")
    }
}

impl fmt::Debug for ServerLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ServerLogin(secret)")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::seal::SessionSecret;

    /// A holder that may know a user, and a printer.
    struct Site {
        verifier: Option<PinVerifier>,
        decoys: DecoySeed,
        session: SessionPublic,
        memo: KsfMemo,
    }

    fn pin(text: &str) -> Pin {
        Pin::new(text).unwrap()
    }

    fn site(registered: Option<&str>) -> Site {
        let rng = &mut rand::rng();
        Site {
            verifier: registered
                .map(|text| PinVerifier::register("alice", &pin(text), rng).unwrap()),
            decoys: DecoySeed::generate(rng),
            session: SessionSecret::generate(rng).public(),
            memo: KsfMemo::new(),
        }
    }

    impl Site {
        fn context(&self) -> LoginContext {
            LoginContext::new("alice", b"holder", b"printer", &self.session).unwrap()
        }

        /// Logs in with the two sides' own ideas of the login; gives the two keys.
        fn login(
            &self,
            typed: &str,
            at_printer: &LoginContext,
            at_holder: &LoginContext,
        ) -> Result<(LoginKey, LoginKey), PinError> {
            let rng = &mut rand::rng();
            let typed = pin(typed);
            let (client, ke1) = ClientLogin::start(&typed, rng)?;
            let verifier = self.verifier.as_ref();
            let (server, ke2) = ServerLogin::respond(verifier, &self.decoys, at_holder, &ke1, rng)?;
            let (ke3, printers) = client.finish(&typed, at_printer, &ke2, &self.memo, rng)?;
            let holders = server.finish(at_holder, &ke3)?;
            Ok((printers, holders))
        }
    }

    #[test]
    fn the_right_pin_gives_both_sides_one_new_key() {
        let site = site(Some("2468"));
        let context = site.context();
        let (printers, holders) = site.login("2468", &context, &context).unwrap();
        assert_eq!(printers, holders);
        let (again, _) = site.login("2468", &context, &context).unwrap();
        assert_ne!(printers, again);
    }

    #[test]
    fn a_wrong_pin_is_noticed_at_the_printer() {
        let site = site(Some("2468"));
        let context = site.context();
        let refused = site.login("2469", &context, &context);
        assert_eq!(refused.unwrap_err(), PinError::WrongPin);
    }

    #[test]
    fn a_login_counts_in_its_own_context_only() {
        let site = site(Some("2468"));
        let own = site.context();
        let other_session = SessionSecret::generate(&mut rand::rng()).public();
        for other in [
            LoginContext::new("alice", b"other", b"printer", &site.session),
            LoginContext::new("alice", b"holder", b"other", &site.session),
            LoginContext::new("alice", b"holder", b"printer", &other_session),
            LoginContext::new("alice", b"holderp", b"rinter", &site.session),
            LoginContext::new("bob", b"holder", b"printer", &site.session),
        ] {
            let other = other.unwrap();
            for refused in [
                site.login("2468", &own, &other),
                site.login("2468", &other, &own),
            ] {
                assert_eq!(refused.unwrap_err(), PinError::WrongPin);
            }
        }
    }

    #[test]
    fn names_have_bounds() {
        let session = SessionPublic::from_bytes([1; 32]);
        let long = "x".repeat(MAX_NAME + 1);
        for name in ["", &long] {
            for refused in [
                LoginContext::new(name, b"h", b"p", &session),
                LoginContext::new("u", name.as_bytes(), b"p", &session),
                LoginContext::new("u", b"h", name.as_bytes(), &session),
            ] {
                assert_eq!(refused, Err(PinError::Name));
            }
        }
        assert!(LoginContext::new(&long[1..], b"h", b"p", &session).is_ok());
    }

    #[test]
    fn an_unknown_user_is_answered_like_a_wrong_pin() {
        let site = site(None);
        let context = site.context();
        let refused = site.login("2468", &context, &context);
        assert_eq!(refused.unwrap_err(), PinError::WrongPin);
    }

    #[test]
    fn asking_twice_does_not_tell_unknown_users_from_known_ones() {
        let rng = &mut rand::rng();
        for site in [site(None), site(Some("2468"))] {
            let (_, ke1) = ClientLogin::start(&pin("2468"), rng).unwrap();
            let mut answer = || {
                let verifier = site.verifier.as_ref();
                ServerLogin::respond(verifier, &site.decoys, &site.context(), &ke1, rng)
                    .unwrap()
                    .1
            };
            let (first, second) = (answer(), answer());
            // The evaluated element repeats, everything after it is new.
            assert_eq!(first.as_bytes()[..32], second.as_bytes()[..32]);
            for field in [32..64, 64..192, 192..224, 224..256, 256..320] {
                assert_ne!(
                    first.as_bytes()[field.clone()],
                    second.as_bytes()[field.clone()]
                );
            }
        }
    }

    #[test]
    fn every_altered_message_fails() {
        let site = site(Some("2468"));
        let (context, typed) = (site.context(), pin("2468"));
        let rng = &mut rand::rng();
        for at in (0..KE2_AND_KE3).step_by(7) {
            let (client, ke1) = ClientLogin::start(&typed, rng).unwrap();
            let verifier = site.verifier.as_ref();
            let (server, mut ke2) =
                ServerLogin::respond(verifier, &site.decoys, &context, &ke1, rng).unwrap();
            // The evaluated element is left alone here: each other one costs an Argon2id.
            if let Some(byte) = ke2.0[32..].get_mut(at) {
                *byte ^= 1;
                let refused = client.finish(&typed, &context, &ke2, &site.memo, rng);
                assert!(refused.is_err(), "KE2 byte {}", at + 32);
                continue;
            }
            let (mut ke3, _) = client
                .finish(&typed, &context, &ke2, &site.memo, rng)
                .unwrap();
            ke3.0[at - (KE2_AND_KE3 - super::super::KE3_LEN)] ^= 1;
            let refused = server.finish(&context, &ke3);
            assert_eq!(refused, Err(PinError::WrongPin), "KE3");
        }
    }

    /// Bytes of both messages without KE2's evaluated element.
    const KE2_AND_KE3: usize = super::super::KE2_LEN - 32 + super::super::KE3_LEN;

    #[test]
    fn messages_that_are_no_points_are_malformed_for_all_users() {
        let rng = &mut rand::rng();
        for site in [site(None), site(Some("2468"))] {
            for bytes in [[0; 96], [0xff; 96]] {
                let refused = ServerLogin::respond(
                    site.verifier.as_ref(),
                    &site.decoys,
                    &site.context(),
                    &LoginMessage(bytes),
                    rng,
                );
                assert_eq!(refused.unwrap_err(), PinError::Malformed(96));
            }
        }
        let (client, _) = ClientLogin::start(&pin("2468"), rng).unwrap();
        let site = site(None);
        let refused = client.finish(
            &pin("2468"),
            &site.context(),
            &LoginMessage([0xff; 320]),
            &site.memo,
            rng,
        );
        assert_eq!(refused.unwrap_err(), PinError::Malformed(320));
    }

    #[test]
    fn a_holder_that_reflects_the_message_is_refused() {
        let rng = &mut rand::rng();
        let site = site(Some("2468"));
        let (client, ke1) = ClientLogin::start(&pin("2468"), rng).unwrap();
        let verifier = site.verifier.as_ref();
        let (_, mut ke2) =
            ServerLogin::respond(verifier, &site.decoys, &site.context(), &ke1, rng).unwrap();
        ke2.0[..32].copy_from_slice(&ke1.0[..32]);
        let refused = client.finish(&pin("2468"), &site.context(), &ke2, &site.memo, rng);
        assert_eq!(refused.unwrap_err(), PinError::Malformed(320));
    }

    #[test]
    fn two_holders_of_one_verifier_cost_one_argon2() {
        let first = site(Some("2468"));
        let bytes = first.verifier.as_ref().unwrap().to_bytes();
        let second = Site {
            verifier: Some(PinVerifier::from_bytes(&*bytes).unwrap()),
            memo: KsfMemo::new(),
            ..site(None)
        };
        let rng = &mut rand::rng();
        let (memo, typed) = (KsfMemo::new(), pin("2468"));
        for (site, holder) in [(&first, b"one"), (&second, b"two")] {
            let context = LoginContext::new("alice", holder, b"printer", &site.session).unwrap();
            let (client, ke1) = ClientLogin::start(&typed, rng).unwrap();
            let verifier = site.verifier.as_ref();
            let (server, ke2) =
                ServerLogin::respond(verifier, &site.decoys, &context, &ke1, rng).unwrap();
            let (ke3, key) = client.finish(&typed, &context, &ke2, &memo, rng).unwrap();
            assert_eq!(server.finish(&context, &ke3), Ok(key));
        }
        assert_eq!(memo.runs(), 1);
    }
}
