//! The site's gateways: which they are is part of its state.

use papermesh_protocol::gateway::contract::{Gateway, Gateways, GatewaysError};
use papermesh_protocol::site::SiteStateError;

use super::{Authority, AuthorityError};
use crate::audit::Kind;
use crate::network::Network;

impl<N: Network> Authority<N> {
    /// The site's gateways, as any member knows them.
    #[must_use]
    pub fn gateways(&self) -> Gateways {
        Gateways::of(&self.membership().state())
    }

    /// Adds a gateway for the whole site, or replaces what is known of it.
    ///
    /// # Errors
    /// [`AuthorityError::SiteState`], and those of the key.
    pub async fn add_gateway(
        &self,
        gateway: Gateway,
        passphrase: Option<&str>,
    ) -> Result<(), AuthorityError> {
        let domain = gateway.domain.clone();
        self.change_gateways(passphrase, |known| known.with(gateway.clone()))
            .await?;
        self.acted(Kind::GatewayAdded, domain).await;
        Ok(())
    }

    /// Removes the gateway of a domain: all doors of the site leave it.
    ///
    /// # Errors
    /// [`AuthorityError::SiteState`], and those of the key.
    pub async fn remove_gateway(
        &self,
        domain: &str,
        passphrase: Option<&str>,
    ) -> Result<(), AuthorityError> {
        self.change_gateways(passphrase, |known| known.without(domain))
            .await?;
        self.acted(Kind::GatewayRemoved, domain).await;
        Ok(())
    }

    async fn change_gateways(
        &self,
        passphrase: Option<&str>,
        change: impl Fn(Gateways) -> Result<Gateways, GatewaysError>,
    ) -> Result<(), AuthorityError> {
        // What cannot be done is said before the key is opened.
        change(self.gateways()).map_err(SiteStateError::Gateways)?;
        let key = self.key(passphrase).await?;
        self.change_state(&key, |state| {
            let changed = change(Gateways::of(state)).and_then(|gateways| gateways.put(state));
            changed.map_err(SiteStateError::Gateways)
        })
        .await?;
        Ok(())
    }
}
