//! The users' leave for this computer to hold their jobs, as long as the user key is here.
//!
//! Leaves last two years. Those of linked computers cannot be renewed from afar; when one has run
//! out, its computer is linked again.

use papermesh_protocol::delegation::Delegation;
use papermesh_protocol::id::UserKey;
use papermesh_protocol::remedy::Remedy;
use papermesh_protocol::signed::Signed;
use papermesh_protocol::text::UserId;
use papermesh_protocol::time::Timestamp;
use papermesh_store::offload::offload;
use papermesh_store::{LocalUser, StoreError};

use super::{LocalUsers, LocalUsersError};
use crate::network::Network;

impl<N: Network> LocalUsers<N> {
    /// Renews the leaves that are in their last third.
    pub(super) async fn renew_leaves(&self) {
        let rows = match self.rows().await {
            Ok(rows) => rows,
            Err(error) => {
                tracing::error!(error = %error.in_full(), "could not renew delegations");
                return;
            }
        };
        for (user, row) in rows {
            match self.renew_leave(&user, &row).await {
                Ok(false) => {}
                Ok(true) => {
                    tracing::info!(%user, "delegation renewed")
                }
                Err(error) => {
                    tracing::error!(%user, error = %error.in_full(), "could not renew the delegation")
                }
            }
        }
    }

    async fn renew_leave(&self, user: &UserId, row: &LocalUser) -> Result<bool, LocalUsersError> {
        // Without a PIN the user has not finished enrolling.
        let (Some(sealed), Some(_)) = (&row.sealed_user_key, &row.sealed_pin) else {
            return Ok(false);
        };
        let key = self.0.vault.open_user_key(user, sealed)?;
        let (own, now) = (self.0.membership.certificate(), self.now());
        let whose = (own.site, user, own.node);
        let kept = row
            .delegation
            .as_ref()
            .map(|kept| Delegation::verify(kept, UserKey::from(key.verifying_key()), whose, now));
        if let Some(Ok(kept)) = kept
            && !is_due(&kept, now)
        {
            return Ok(false);
        }
        let renewed = Signed::sign(Delegation::new(own.site, user.clone(), own.node, now), &key)?;
        let name = user.clone();
        let stored: Result<(), StoreError> = offload(self.store(), move |store| {
            store.local_users().change(&name, |row| {
                if let Some(row) = row {
                    row.delegation = Some(renewed.envelope().clone());
                }
            })
        })
        .await;
        stored?;
        self.0.directory.announce_soon(user);
        Ok(true)
    }
}

fn is_due(leave: &Delegation, now: Timestamp) -> bool {
    let third = leave.expires_at.since(leave.issued_at) / 3;
    now + third >= leave.expires_at
}
