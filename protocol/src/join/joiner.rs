//! The device's side: asks, reveals, and believes a welcome only when all of it fits.

use std::borrow::Cow;

use rand_core::CryptoRng;

use super::digits::{Commitment, Compared, Digits, Nonce};
use super::message::{Answer, Denial, MemberAddress, Request, Right, Terms, Welcome};
use crate::certificate::{Certificate, CertificateError};
use crate::charter::{Charter, CharterError};
use crate::codec::CodecError;
use crate::id::{NodeId, SiteId};
use crate::invite::{Invite, TicketError, may_ask_for};
use crate::judge::Judge;
use crate::limits;
use crate::remedy::Remedy;
use crate::seal::keys::SealingPublic;
use crate::signed::Signed;
use crate::site::{SiteSecret, SiteState, SiteStateError};
use crate::text::Name;
use crate::time::Timestamp;

/// Why a device did not become a member.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JoinError {
    /// The invite is of no use any more.
    #[error(transparent)]
    Invite(#[from] TicketError),
    /// Someone else answers at the admin's address.
    #[error("the invite names a different node than the one that answered")]
    WrongAdmin,
    /// Neither the invite nor the user named the device.
    #[error("the invite does not name this device")]
    NameMissing,
    /// The invite named the device, and the user did too.
    #[error("the invite is for a device named {0:?}")]
    NameFixed(Name),
    /// The roles cannot be had by joining.
    #[error(
        "request at least one role, and not admin: whoever has the authority key is an admin (see `papermesh site \
         import`)"
    )]
    Roles,
    /// The admin said no.
    #[error(transparent)]
    Denied(#[from] Denial),
    /// The answer fits no question.
    #[error("unexpected reply (protocol error)")]
    OutOfTurn,
    /// The charter does not verify.
    #[error("the admin's answer cannot be trusted: {0}")]
    Charter(#[from] CharterError),
    /// The site state does not verify.
    #[error("the admin's answer cannot be trusted: {0}")]
    State(#[from] SiteStateError),
    /// The certificate does not verify.
    #[error("the admin's answer cannot be trusted: {0}")]
    Certificate(#[from] CertificateError),
    /// The certificate says something else than was asked for.
    #[error("the admin's answer cannot be trusted: the certificate does not match the request")]
    NotAsAsked,
    /// More or longer addresses than allowed.
    #[error("the admin's answer contains malformed member addresses")]
    Addresses,
    /// A message could not be encoded.
    #[error(transparent)]
    Codec(#[from] CodecError),
}

impl Remedy for JoinError {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        let remedy = match self {
            Self::Invite(error) => return error.remedy(),
            Self::NameMissing => "choose a name with --name",
            Self::NameFixed(_) => "leave out --name",
            Self::Denied(error) => return error.remedy(),
            Self::Charter(error) => return error.remedy(),
            Self::State(error) => return error.remedy(),
            Self::Certificate(error) => return error.remedy(),
            _ => return None,
        };
        Some(remedy.into())
    }
}

/// A device that asks to become a member, in one conversation with one admin.
#[derive(Debug)]
pub struct Joiner {
    node: NodeId,
    admin: NodeId,
    terms: Terms,
    state: State,
}

#[derive(Debug)]
enum State {
    /// Sent a commitment to this nonce.
    Committed(Nonce),
    /// Waits for the decision; the site is the one that the invite or the digits bind.
    Waiting(SiteId),
    /// The conversation is over.
    Over,
}

/// What is to be done after an answer.
#[derive(Debug)]
pub enum Next {
    /// Send `say`, show the digits, and wait for as long as [`limits::APPROVAL`].
    Compare {
        /// The next message.
        say: Request,
        /// To be shown.
        digits: Digits,
        /// The site that asks for them,
        site: SiteId,
        /// and its name.
        site_name: Name,
    },
    /// The device is a member.
    Joined(Box<Membership>),
}

/// A verified [`Welcome`].
#[derive(Clone, Debug)]
pub struct Membership {
    /// The device's certificate.
    pub certificate: Signed<Certificate>,
    /// The site as of now.
    pub charter: Signed<Charter>,
    /// The site as of now.
    pub state: Signed<SiteState>,
    /// What the members share.
    pub secret: SiteSecret,
    /// Members to begin with.
    pub members: Vec<MemberAddress>,
}

impl Joiner {
    /// What an invited device asks for: what the invite says, under `name` where it leaves the
    /// name open.
    ///
    /// # Errors
    /// [`JoinError::NameMissing`], [`JoinError::NameFixed`].
    pub fn terms(
        invite: &Invite,
        name: Option<Name>,
        sealing: SealingPublic,
    ) -> Result<Terms, JoinError> {
        let name = match (&invite.name, name) {
            (Some(fixed), Some(name)) if *fixed != name => {
                return Err(JoinError::NameFixed(fixed.clone()));
            }
            (Some(fixed), _) => fixed.clone(),
            (None, Some(name)) => name,
            (None, None) => return Err(JoinError::NameMissing),
        };
        Ok(Terms {
            sealing,
            name,
            roles: invite.roles,
        })
    }

    /// Asks with an invite. `admin` is the node that Noise proved to be at the other end; the
    /// secret is shown to no other than the one that the invite names.
    ///
    /// # Errors
    /// [`JoinError::WrongAdmin`], [`JoinError::Invite`] when it has expired.
    pub fn with_invite(
        invite: &Invite,
        terms: Terms,
        (node, admin): (NodeId, NodeId),
        now: Timestamp,
    ) -> Result<(Self, Request), JoinError> {
        if admin != invite.admin {
            return Err(JoinError::WrongAdmin);
        }
        invite.check_time(now)?;
        let ask = Request::Ask {
            terms: terms.clone(),
            right: Right::Invite(invite.secret.clone()),
        };
        Ok((
            Self {
                node,
                admin,
                terms,
                state: State::Waiting(invite.site),
            },
            ask,
        ))
    }

    /// Asks an admin's node that nothing is known of yet.
    ///
    /// # Errors
    /// [`JoinError::Roles`] if the terms cannot be had by joining.
    pub fn with_digits(
        terms: Terms,
        (node, admin): (NodeId, NodeId),
        rng: &mut dyn CryptoRng,
    ) -> Result<(Self, Request), JoinError> {
        if !may_ask_for(terms.roles) {
            return Err(JoinError::Roles);
        }
        let nonce = Nonce::random(rng);
        let commitment = Commitment::new(nonce, node, admin, &terms)?;
        let ask = Request::Ask {
            terms: terms.clone(),
            right: Right::Digits(commitment),
        };
        Ok((
            Self {
                node,
                admin,
                terms,
                state: State::Committed(nonce),
            },
            ask,
        ))
    }

    /// Takes the admin's next word. After an error the conversation is over.
    ///
    /// # Errors
    /// [`JoinError::Denied`], [`JoinError::OutOfTurn`], and all that a welcome can lack.
    pub fn handle(&mut self, answer: Answer, now: Timestamp) -> Result<Next, JoinError> {
        match (core::mem::replace(&mut self.state, State::Over), answer) {
            (
                State::Committed(nonce),
                Answer::Challenge {
                    site,
                    site_name,
                    nonce: admin_nonce,
                },
            ) => {
                let compared = Compared {
                    site,
                    site_name: &site_name,
                    joiner: self.node,
                    admin: self.admin,
                    joiner_nonce: nonce,
                    admin_nonce,
                    terms: &self.terms,
                };
                let digits = compared.digits()?;
                self.state = State::Waiting(site);
                Ok(Next::Compare {
                    say: Request::Reveal { nonce },
                    digits,
                    site,
                    site_name,
                })
            }
            (State::Waiting(site), Answer::Welcome(welcome)) => {
                Ok(Next::Joined(Box::new(self.verify(*welcome, site, now)?)))
            }
            (State::Committed(_) | State::Waiting(_), Answer::Denied(denial)) => Err(denial.into()),
            _ => Err(JoinError::OutOfTurn),
        }
    }

    fn verify(
        &self,
        welcome: Welcome,
        site: SiteId,
        now: Timestamp,
    ) -> Result<Membership, JoinError> {
        let charter = Charter::verify(&welcome.charter, site)?;
        let state = SiteState::verify(&welcome.state, &charter)?;
        let judge = Judge {
            charter: &charter,
            state: &state,
            now,
        };
        let certificate = Certificate::verify_of(&welcome.certificate, self.node, &judge)?;
        let Terms {
            sealing,
            name,
            roles,
        } = &self.terms;
        if (&certificate.sealing, &certificate.name, &certificate.roles) != (sealing, name, roles) {
            return Err(JoinError::NotAsAsked);
        }
        let fits = |member: &MemberAddress| member.address.len() <= limits::ADDRESS;
        if welcome.members.len() > limits::ADDRESSES_ON_JOIN || !welcome.members.iter().all(fits) {
            return Err(JoinError::Addresses);
        }
        Ok(Membership {
            certificate,
            charter,
            state,
            secret: welcome.secret,
            members: welcome.members,
        })
    }
}
