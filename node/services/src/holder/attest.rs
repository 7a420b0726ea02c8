//! Vouching for a badge that a user showed at a printer before logging in there: the word of the
//! computer that checked the PIN, for an admin (see [`papermesh_protocol::bind`]).

use papermesh_protocol::bind::{self, Attestation};
use papermesh_protocol::id::{BadgeTag, SessionId};
use papermesh_protocol::release::holder::Grounds;
use papermesh_protocol::release::message::{Answer, Refusal};
use papermesh_protocol::signed::Signed;
use papermesh_protocol::text::UserId;
use papermesh_store::offload::offload;
use papermesh_store::{LocalUser, StoreError};

use super::conversation::{Conversation, Failure};
use super::{Holder, sessions};
use crate::audit::{Event, Kind};
use crate::network::Network;

impl<N: Network> Conversation<N> {
    /// Vouches, in a session of this printer, for the badge that it read.
    pub(super) async fn attest(
        &self,
        session: SessionId,
        badge: BadgeTag,
    ) -> Result<Answer, Failure> {
        let (inner, printer) = (&self.holder.0, self.from.node);
        let user = self.user(session)?;
        let name = user.clone();
        let row: Result<_, StoreError> =
            offload(&inner.store, move |store| store.local_users().get(&name)).await;
        let row = row?.unwrap_or_default();
        let personal = self.holder.is_users_own(&user, &row).await;
        let membership = &inner.membership;
        let (site, state, now) = (membership.site(), membership.state(), membership.steady());
        let grounds = Grounds {
            site,
            policy: &state.policy,
            personal,
            at: membership.now(),
        };
        let attested =
            sessions(&inner.sessions).attest((printer, session), badge, &grounds, now)?;
        let delegation = row.delegation.ok_or(Refusal::Unproven)?;
        let claim = Signed::sign(attested.claim, &inner.key).map_err(|error| {
            tracing::error!(%error, "could not sign a claim");
            Refusal::Trouble
        })?;
        if attested.new {
            let event = Event::new(Kind::BadgeAttested).user(&user).peer(printer);
            inner.audit.record_best_effort(event).await;
        }
        Ok(Answer::Attested(Box::new(Attestation {
            claim: claim.envelope().clone(),
            certificate: membership.certificate().envelope().clone(),
            delegation,
        })))
    }
}

impl<N: Network> Holder<N> {
    /// Whether this is a computer of an active user's own: the user delegated to it, and nobody else
    /// can have set the PIN that it checks.
    async fn is_users_own(&self, user: &UserId, row: &LocalUser) -> bool {
        let roles = self.0.membership.certificate().roles;
        let entry = self.0.directory.remembered_entry(user).await;
        bind::is_personal(roles)
            && entry.as_ref().is_some_and(|entry| entry.is_active())
            && self.is_delegated(row, user, entry.as_ref())
    }
}
