//! The admin's side: one conversation with one device, up to the question whether to admit it.
//!
//! The machine decides nothing itself. It hands over an [`Applicant`] whose right has the form it
//! should have; whether an invite's secret is a good one, or whether the admin likes the digits,
//! the authority says.

use core::net::IpAddr;
use std::collections::VecDeque;

use rand_core::CryptoRng;

use super::digits::{Commitment, Compared, Digits, Nonce};
use super::message::{Answer, Denial, Request, Right, Terms, Welcome};
use crate::id::{NodeId, SiteId};
use crate::invite::{TicketSecret, may_ask_for};
use crate::limits;
use crate::text::Name;
use crate::time::Timestamp;

/// A device that asks to be admitted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applicant {
    /// Its node, as Noise proved it.
    pub node: NodeId,
    /// What it asks for. The roles are such as joining can give.
    pub terms: Terms,
    /// By what right.
    pub claim: Claim,
}

/// By what right a device asks, once the conversation got that far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// It has the secret of an invite. To be redeemed by the authority.
    Invite(TicketSecret),
    /// It shows these digits. To be compared by the admin.
    Digits(Digits),
}

/// What is to be done after a request.
#[derive(Debug)]
pub enum AdminStep {
    /// Send this and go on; a denial is the last word.
    Say(Answer),
    /// Ask the authority, then send what [`AdminJoin::decided`] says.
    Decide(Box<Applicant>),
}

/// Counts the challenges handed out, answered or not: each is a guess for somebody in the
/// middle. One count serves all conversations of an admin, and each address has a share of it, so
/// that whoever asks again and again uses up its own.
#[derive(Debug, Default)]
pub struct Attempts(VecDeque<(Option<IpAddr>, Timestamp)>);

impl Attempts {
    /// Takes one attempt of a device at this address; says whether there was one left.
    fn take(&mut self, from: Option<IpAddr>, now: Timestamp) -> bool {
        // A clock that was set back must not lock devices out: what lies ahead counts as over.
        self.0
            .retain(|&(_, at)| at <= now && now.since(at) < limits::APPROVAL);
        let of_address = self.0.iter().filter(|(other, _)| *other == from).count();
        if self.0.len() >= limits::PENDING_JOINS || of_address >= limits::JOINS_PER_ADDRESS {
            return false;
        }
        self.0.push_back((from, now));
        true
    }
}

/// An admin's conversation with one device.
#[derive(Debug)]
pub struct AdminJoin {
    site: SiteId,
    site_name: Name,
    admin: NodeId,
    joiner: NodeId,
    /// Where the device is seen, as far as addresses share challenges.
    from: Option<IpAddr>,
    state: State,
}

#[derive(Debug)]
enum State {
    /// Nothing was said.
    Fresh,
    /// The device committed itself and knows the admin's nonce.
    Challenged {
        terms: Terms,
        commitment: Commitment,
        nonce: Nonce,
    },
    /// The authority was asked.
    Deciding,
    /// The conversation is over.
    Over,
}

impl AdminJoin {
    /// A conversation between these two nodes, as Noise proved them, with a device that is seen
    /// there.
    #[must_use]
    pub fn new(
        (site, site_name): (SiteId, Name),
        admin: NodeId,
        joiner: NodeId,
        from: Option<IpAddr>,
    ) -> Self {
        Self {
            site,
            site_name,
            admin,
            joiner,
            from,
            state: State::Fresh,
        }
    }

    /// Takes the device's next word. What comes out of turn, a second `Reveal` for one, ends the
    /// conversation with [`Denial::Malformed`].
    pub fn handle(
        &mut self,
        request: Request,
        attempts: &mut Attempts,
        now: Timestamp,
        rng: &mut dyn CryptoRng,
    ) -> AdminStep {
        match (core::mem::replace(&mut self.state, State::Over), request) {
            (State::Fresh, Request::Ask { terms, .. }) if !may_ask_for(terms.roles) => {
                AdminStep::Say(Answer::Denied(Denial::Refused))
            }
            (
                State::Fresh,
                Request::Ask {
                    terms,
                    right: Right::Invite(secret),
                },
            ) => self.decide(terms, Claim::Invite(secret)),
            (
                State::Fresh,
                Request::Ask {
                    terms,
                    right: Right::Digits(commitment),
                },
            ) => {
                if !attempts.take(self.from, now) {
                    return AdminStep::Say(Answer::Denied(Denial::Busy));
                }
                let nonce = Nonce::random(rng);
                self.state = State::Challenged {
                    terms,
                    commitment,
                    nonce,
                };
                AdminStep::Say(Answer::Challenge {
                    site: self.site,
                    site_name: self.site_name.clone(),
                    nonce,
                })
            }
            (
                State::Challenged {
                    terms,
                    commitment,
                    nonce: admin_nonce,
                },
                Request::Reveal { nonce },
            ) => match self.compare(&terms, commitment, admin_nonce, nonce) {
                Some(digits) => self.decide(terms, Claim::Digits(digits)),
                None => AdminStep::Say(Answer::Denied(Denial::Malformed)),
            },
            _ => AdminStep::Say(Answer::Denied(Denial::Malformed)),
        }
    }

    /// The last word, as the authority decided.
    #[must_use]
    pub fn decided(&mut self, verdict: Result<Welcome, Denial>) -> Answer {
        match (core::mem::replace(&mut self.state, State::Over), verdict) {
            (State::Deciding, Ok(welcome)) => Answer::Welcome(Box::new(welcome)),
            (State::Deciding, Err(denial)) => Answer::Denied(denial),
            _ => Answer::Denied(Denial::Malformed),
        }
    }

    fn decide(&mut self, terms: Terms, claim: Claim) -> AdminStep {
        self.state = State::Deciding;
        AdminStep::Decide(Box::new(Applicant {
            node: self.joiner,
            terms,
            claim,
        }))
    }

    /// The digits, if the nonce is the one that the device committed itself to.
    fn compare(
        &self,
        terms: &Terms,
        commitment: Commitment,
        admin_nonce: Nonce,
        joiner_nonce: Nonce,
    ) -> Option<Digits> {
        let opened = Commitment::new(joiner_nonce, self.joiner, self.admin, terms).ok()?;
        if opened != commitment {
            return None;
        }
        let compared = Compared {
            site: self.site,
            site_name: &self.site_name,
            joiner: self.joiner,
            admin: self.admin,
            joiner_nonce,
            admin_nonce,
            terms,
        };
        compared.digits().ok()
    }
}
