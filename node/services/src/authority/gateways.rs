//! The site's gateways, and the names of its own domains: which they are is part of its state.

use papermesh_protocol::gateway::contract::{Gateway, Gateways, GatewaysError};
use papermesh_protocol::gateway::name::HostName;
use papermesh_protocol::gateway::own_name::{OwnNames, OwnNamesError};
use papermesh_protocol::gateway::terminated::allowed::Allowed;
use papermesh_protocol::site::{SiteState, SiteStateError};

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

    /// The gateways that may end TLS for the site's places, as any member knows them.
    #[must_use]
    pub fn terminated(&self) -> Allowed {
        Allowed::of(&self.membership().state())
    }

    /// Says whether the gateway of a domain may end TLS for the site's places, and read what comes so.
    ///
    /// # Errors
    /// [`AuthorityError::SiteState`], and those of the key.
    pub async fn allow_terminated(
        &self,
        domain: &str,
        allow: bool,
        passphrase: Option<&str>,
    ) -> Result<(), AuthorityError> {
        let changed = |state: &SiteState| {
            let list = Allowed::changed(state, domain, allow);
            list.and_then(|list| list.put(state))
                .map_err(SiteStateError::Terminated)
        };
        // What cannot be done is said before the key is opened.
        changed(&self.membership().state())?;
        let key = self.key(passphrase).await?;
        self.change_state(&key, changed).await?;
        let kind = match allow {
            true => Kind::TerminatedAllowed,
            false => Kind::TerminatedForbidden,
        };
        self.acted(kind, domain).await;
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

    /// The names of the site's own domains, as any member knows them.
    #[must_use]
    pub fn own_names(&self) -> OwnNames {
        OwnNames::of(&self.membership().state())
    }

    /// Lets a place of the site have a name of an own domain. It may have it already.
    ///
    /// # Errors
    /// [`AuthorityError::SiteState`], and those of the key.
    pub async fn add_own_name(
        &self,
        name: HostName,
        passphrase: Option<&str>,
    ) -> Result<(), AuthorityError> {
        let with = |state: &SiteState| OwnNames::of(state).with(name.clone(), &Gateways::of(state));
        self.change_own_names(passphrase, with).await?;
        self.acted(Kind::OwnNameAdded, name).await;
        Ok(())
    }

    /// Lets no place have that name any more.
    ///
    /// # Errors
    /// [`AuthorityError::SiteState`], and those of the key.
    pub async fn remove_own_name(
        &self,
        name: HostName,
        passphrase: Option<&str>,
    ) -> Result<(), AuthorityError> {
        let without = |state: &SiteState| OwnNames::of(state).without(&name);
        self.change_own_names(passphrase, without).await?;
        self.acted(Kind::OwnNameRemoved, name).await;
        Ok(())
    }

    async fn change_own_names(
        &self,
        passphrase: Option<&str>,
        change: impl Fn(&SiteState) -> Result<OwnNames, OwnNamesError>,
    ) -> Result<(), AuthorityError> {
        change(&self.membership().state()).map_err(SiteStateError::OwnNames)?;
        let key = self.key(passphrase).await?;
        self.change_state(&key, |state| {
            let changed = change(state).and_then(|names| names.put(state));
            changed.map_err(SiteStateError::OwnNames)
        })
        .await?;
        Ok(())
    }
}
