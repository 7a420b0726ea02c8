//! The site's policy: showing and changing it.

use std::time::Duration;

use papermesh_protocol::id::SiteId;
use papermesh_protocol::limits;
use papermesh_protocol::site::{LoginPolicy, SitePolicy, SiteState};
use papermesh_protocol::text::Name;

use super::{Authority, AuthorityError};
use crate::audit::Kind;
use crate::network::Network;
use crate::policy::SHORTEST_LIFETIME;

/// What is to change; the rest stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PolicyChange {
    /// What a user must show at a printer.
    pub login: Option<LoginPolicy>,
    /// Seconds that an unclaimed job is kept when its owner did not say.
    pub job_lifetime: Option<u32>,
    /// Whether users may register unknown badges at a printer.
    pub bind_badges: Option<bool>,
    /// Fewest characters of a PIN that is chosen from now on.
    pub pin_length: Option<u8>,
}

/// The site's policy as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyView {
    /// The site.
    pub site: SiteId,
    /// The site's name.
    pub site_name: Name,
    /// The sequence number of the site state that says so.
    pub sequence: u64,
    /// The policy.
    pub policy: SitePolicy,
}

impl<N: Network> Authority<N> {
    /// The policy, as any member knows it.
    #[must_use]
    pub fn policy(&self) -> PolicyView {
        view(&self.membership().state())
    }

    /// Changes the policy for the whole site.
    ///
    /// # Errors
    /// [`AuthorityError::JobLifetime`], and those of the key.
    pub async fn change_policy(
        &self,
        change: PolicyChange,
        passphrase: Option<&str>,
    ) -> Result<PolicyView, AuthorityError> {
        let allowed = SHORTEST_LIFETIME..=limits::JOB_LIFETIME_MAX;
        let odd = |seconds: u32| !allowed.contains(&Duration::from_secs(seconds.into()));
        if change.job_lifetime.is_some_and(odd) {
            return Err(AuthorityError::JobLifetime);
        }
        let lengths = limits::PIN_LENGTH..=limits::PIN_LENGTH_MAX;
        if change
            .pin_length
            .is_some_and(|least| !lengths.contains(&least))
        {
            return Err(AuthorityError::PinLength);
        }
        let key = self.key(passphrase).await?;
        let state = self.change_state(&key, |state| {
            let login = change.login.unwrap_or(state.policy.login);
            let job_lifetime = change.job_lifetime.unwrap_or(state.policy.job_lifetime);
            let bind_badges = change.bind_badges.unwrap_or(state.policy.bind_badges);
            let pin_length = change.pin_length.unwrap_or(state.policy.pin_length);
            Ok(state.with_policy(SitePolicy {
                login,
                job_lifetime,
                bind_badges,
                pin_length,
            }))
        });
        let state = state.await?;
        let policy = &state.policy;
        self.acted(
            Kind::PolicyChanged,
            format!(
                "login {:?}, jobs kept {} s, users {} badges, PINs of {} characters",
                policy.login,
                policy.job_lifetime,
                if policy.bind_badges {
                    "register"
                } else {
                    "do not register"
                },
                policy.pin_length
            ),
        )
        .await;
        Ok(view(&state))
    }
}

fn view(state: &SiteState) -> PolicyView {
    PolicyView {
        site: state.site,
        site_name: state.name.clone(),
        sequence: state.sequence,
        policy: state.policy.clone(),
    }
}
