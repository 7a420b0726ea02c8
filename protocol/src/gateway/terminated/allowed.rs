//! At which gateways a site allows terminated mode, as its state says.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::codec::{self, CodecError};
use crate::extension::ExtensionError;
use crate::gateway::contract::Gateways;
use crate::id::GatewayId;
use crate::limits;
use crate::remedy::Remedy;
use crate::site::{SiteState, number};

/// The gateways that may read what is printed through them: an extension of [`SiteState`]. At most
/// [`limits::GATEWAYS`], ascending. Without it none may.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Allowed(Vec<GatewayId>);

/// Why a site does not have it so.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AllowedError {
    /// It has no gateway of that domain.
    #[error("the site has no gateway {0}")]
    Unknown(String),
    /// The state has no room for it.
    #[error(transparent)]
    Extension(#[from] ExtensionError),
    /// It cannot be encoded.
    #[error(transparent)]
    Codec(#[from] CodecError),
}

impl Remedy for AllowedError {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Unknown(_) => Some("`papermesh gateway list` shows those it has".into()),
            Self::Extension(_) | Self::Codec(_) => None,
        }
    }
}

impl Allowed {
    /// Those that a state lists and that are gateways of the site. A list that is none, which no admin's node
    /// signs, is empty.
    #[must_use]
    pub fn of(state: &SiteState) -> Self {
        let listed = state.extensions.get(number::TERMINATED).and_then(|bytes| {
            codec::decode::<Self>(bytes, limits::TERMINATED_LIST)
                .ok()
                .filter(Self::is_in_order)
        });
        let mut allowed = listed.unwrap_or_default();
        let gateways = Gateways::of(state);
        allowed
            .0
            .retain(|key| gateways.iter().any(|gateway| gateway.key == *key));
        allowed
    }

    fn is_in_order(&self) -> bool {
        self.0.len() <= limits::GATEWAYS && self.0.is_sorted_by(|a, b| a < b)
    }

    /// The same state with this list.
    ///
    /// # Errors
    /// [`AllowedError`].
    pub fn put(&self, state: &SiteState) -> Result<SiteState, AllowedError> {
        let others = state.extensions.clone().without(number::TERMINATED);
        let extensions = match self.0.is_empty() {
            true => others,
            false => others.with(
                number::TERMINATED,
                codec::encode(self, limits::TERMINATED_LIST)?,
            )?,
        };
        Ok(SiteState {
            extensions,
            ..state.clone()
        })
    }

    /// The list of a state after this was said of the gateway of a domain.
    ///
    /// # Errors
    /// [`AllowedError::Unknown`].
    pub fn changed(state: &SiteState, domain: &str, allow: bool) -> Result<Self, AllowedError> {
        let gateways = Gateways::of(state);
        let meant: Vec<GatewayId> = gateways
            .iter()
            .filter(|gateway| gateway.domain.to_string() == domain)
            .map(|gateway| gateway.key)
            .collect();
        if meant.is_empty() {
            return Err(AllowedError::Unknown(domain.to_owned()));
        }
        let Self(mut keys) = Self::of(state);
        keys.retain(|key| !meant.contains(key));
        if allow {
            keys.extend(meant);
            keys.sort();
        }
        Ok(Self(keys))
    }

    /// Whether a gateway is one of them.
    #[must_use]
    pub fn has(&self, gateway: GatewayId) -> bool {
        self.0.binary_search(&gateway).is_ok()
    }

    /// Them, ascending.
    pub fn iter(&self) -> impl Iterator<Item = GatewayId> {
        self.0.iter().copied()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::gateway::contract::Gateway;
    use crate::id::SiteId;

    #[test]
    fn a_site_allows_what_it_says_and_at_gateways_of_its_own() {
        let state = SiteState::new(SiteId::from_bytes([1; 32]), "Acme".parse().unwrap());
        let gateway = |key: u8| Gateway {
            key: GatewayId::from_bytes([key; 32]),
            domain: format!("gw{key}.example").parse().unwrap(),
            site: "acme".parse().unwrap(),
            port: 4001,
            within: Vec::new(),
        };
        let mut gateways = Gateways::default();
        for key in 1..=8 {
            gateways = gateways.with(gateway(key)).unwrap();
        }
        let mut allowed = gateways.put(&state).unwrap();
        let bare = allowed.clone();
        assert_eq!(Allowed::of(&allowed), Allowed::default());
        for key in [3, 1, 2, 8, 4, 5, 6, 7, 3] {
            let list = Allowed::changed(&allowed, &format!("gw{key}.example"), true).unwrap();
            allowed = list.put(&allowed).unwrap();
        }
        let list = Allowed::of(&allowed);
        assert_eq!(list.iter().count(), limits::GATEWAYS);
        assert!(list.has(gateway(3).key) && !list.has(gateway(9).key));
        assert!(Allowed::changed(&allowed, "gw9.example", true).is_err());
        // A gateway that goes is not allowed anything when it comes back.
        let gone = Gateways::of(&allowed).without("gw3.example").unwrap();
        let gone = gone.put(&allowed).unwrap();
        assert!(!Allowed::of(&gone).has(gateway(3).key));
        for key in 1..=8 {
            let list = Allowed::changed(&allowed, &format!("gw{key}.example"), false).unwrap();
            allowed = list.put(&allowed).unwrap();
        }
        assert_eq!(allowed, bare);
    }
}
