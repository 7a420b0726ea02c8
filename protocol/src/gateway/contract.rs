//! What a site knows of its gateways: the line that a provider gives an admin, and the list in the
//! site's state.

use std::borrow::Cow;
use std::collections::BTreeSet;

use core::str::FromStr;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::name::{Domain, Label};
use crate::codec::{self, CodecError};
use crate::extension::ExtensionError;
use crate::id::GatewayId;
use crate::invite::TicketError;
use crate::invite::line::{self, Ticket, TicketKind};
use crate::limits;
use crate::remedy::Remedy;
use crate::site::{SiteState, number};
use crate::web::Address;

/// A gateway as a site knows it, and as its provider's line says it. It is no secret: what lets a site's
/// doors in is their certificates.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gateway {
    /// The gateway's key.
    pub key: GatewayId,
    /// The domain under which its places have their names.
    pub domain: Domain,
    /// The site's label there.
    pub site: Label,
    /// The TCP port for pipes at that domain.
    pub port: u16,
    /// Where it is, if that is in a local network: strictly ascending, at most [`limits::GATEWAY_ADDRESSES`]. None of one on
    /// the Internet. An admin says so and not its provider: members look at places there, and at no other computer of
    /// their own networks because somebody's DNS leads to it.
    pub within: Vec<Address>,
}

impl Ticket for Gateway {
    const KIND: TicketKind = TicketKind::Gateway;

    fn check(&self) -> Result<(), &'static str> {
        match (self.port, self.within.as_slice()) {
            (0, _) => Err("it has no port"),
            (_, []) => Ok(()),
            _ => Err("it says where in your network it is, which is yours to say"),
        }
    }
}

impl Gateway {
    /// The same, at these addresses of a local network.
    ///
    /// # Errors
    /// [`GatewaysError::Addresses`].
    pub fn at(mut self, addresses: &[Address]) -> Result<Self, GatewaysError> {
        let within: BTreeSet<Address> = addresses.iter().copied().collect();
        self.within = within.into_iter().collect();
        match self.is_well_placed() {
            true => Ok(self),
            false => Err(GatewaysError::Addresses),
        }
    }

    fn is_well_placed(&self) -> bool {
        self.within.len() <= limits::GATEWAY_ADDRESSES
            && self.within.is_sorted_by(|a, b| a < b)
            && !self.within.iter().any(|address| address.is_everybodys())
    }

    /// The line, `papermesh-gateway-1:…`.
    ///
    /// # Errors
    /// [`TicketError::Malformed`].
    pub fn to_line(&self) -> Result<Zeroizing<String>, TicketError> {
        line::write(self)
    }
}

impl FromStr for Gateway {
    type Err = TicketError;
    fn from_str(text: &str) -> Result<Self, TicketError> {
        line::read(text)
    }
}

/// The gateways of a site, as its state lists them: an extension of
/// [`SiteState`]. At most [`limits::GATEWAYS`], ascending by key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Gateways(Vec<Gateway>);

/// Why a site has no such list of gateways.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GatewaysError {
    /// Too many.
    #[error("the site already has {} gateways", limits::GATEWAYS)]
    Full,
    /// It has none of that domain.
    #[error("the site has no gateway {0}")]
    Unknown(String),
    /// Too many addresses of one, or one that every computer has for itself.
    #[error(
        "a gateway has at most {} addresses, and none of the computer that asks",
        limits::GATEWAY_ADDRESSES
    )]
    Addresses,
    /// The state has no room for it.
    #[error(transparent)]
    Extension(#[from] ExtensionError),
    /// It cannot be encoded.
    #[error(transparent)]
    Codec(#[from] CodecError),
}

impl Remedy for GatewaysError {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Full => Some("remove one first, with `papermesh gateway remove`".into()),
            Self::Unknown(_) => Some("`papermesh gateway list` shows those it has".into()),
            _ => None,
        }
    }
}

impl Gateways {
    /// Those that a state lists. A list that is none, which no admin's node signs, is empty.
    #[must_use]
    pub fn of(state: &SiteState) -> Self {
        let listed = state.extensions.get(number::GATEWAYS).map(|bytes| {
            codec::decode::<Self>(bytes, limits::GATEWAYS_LIST)
                .ok()
                .filter(Self::is_in_order)
        });
        listed.flatten().unwrap_or_default()
    }

    fn is_in_order(&self) -> bool {
        self.0.len() <= limits::GATEWAYS
            && self.0.is_sorted_by(|a, b| a.key < b.key)
            && self.0.iter().all(Gateway::is_well_placed)
    }

    /// The same state with this list.
    ///
    /// # Errors
    /// [`GatewaysError`].
    pub fn put(&self, state: &SiteState) -> Result<SiteState, GatewaysError> {
        let others = state.extensions.clone().without(number::GATEWAYS);
        // Nodes that know of no gateways can read a state without any.
        let extensions = match self.0.is_empty() {
            true => others,
            false => others.with(
                number::GATEWAYS,
                codec::encode(self, limits::GATEWAYS_LIST)?,
            )?,
        };
        Ok(SiteState {
            extensions,
            ..state.clone()
        })
    }

    /// With one more, in place of one with its key.
    ///
    /// # Errors
    /// [`GatewaysError::Full`].
    pub fn with(mut self, gateway: Gateway) -> Result<Self, GatewaysError> {
        match self.0.binary_search_by_key(&gateway.key, |known| known.key) {
            Ok(at) => self.0[at] = gateway,
            Err(_) if self.0.len() >= limits::GATEWAYS => return Err(GatewaysError::Full),
            Err(at) => self.0.insert(at, gateway),
        }
        Ok(self)
    }

    /// Without those of a domain.
    ///
    /// # Errors
    /// [`GatewaysError::Unknown`] if there is none.
    pub fn without(mut self, domain: &str) -> Result<Self, GatewaysError> {
        let before = self.0.len();
        self.0
            .retain(|gateway| gateway.domain.to_string() != domain);
        match self.0.len() < before {
            true => Ok(self),
            false => Err(GatewaysError::Unknown(domain.to_owned())),
        }
    }

    /// Them, ascending by key.
    pub fn iter(&self) -> impl Iterator<Item = &Gateway> {
        self.0.iter()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::id::SiteId;

    fn gateway(key: u8) -> Gateway {
        Gateway {
            key: GatewayId::from_bytes([key; 32]),
            domain: format!("gw{key}.example").parse().unwrap(),
            site: "acme".parse().unwrap(),
            port: 4001,
            within: Vec::new(),
        }
    }

    fn address(text: &str) -> Address {
        let ip: core::net::IpAddr = text.parse().unwrap();
        ip.try_into().unwrap()
    }

    #[test]
    fn a_line_says_the_gateway() {
        let line = gateway(1).to_line().unwrap();
        assert!(line.starts_with("papermesh-gateway-1:"));
        assert_eq!(line.parse(), Ok(gateway(1)));
    }

    /// A provider does not send members to computers of their own network.
    #[test]
    fn where_in_a_network_it_is_an_admin_says_and_no_line() {
        let within = gateway(1).at(&[address("10.0.0.7"), address("10.0.0.7")]);
        let within = within.unwrap();
        assert_eq!(within.within, [address("10.0.0.7")]);
        assert!(within.to_line().is_err(), "what is not read is not written");
        let many: Vec<Address> = (1..=5).map(|n| address(&format!("10.0.0.{n}"))).collect();
        assert_eq!(gateway(1).at(&many), Err(GatewaysError::Addresses));
        let state = SiteState::new(SiteId::from_bytes([1; 32]), "Acme".parse().unwrap());
        let listed = |gateway: Gateway| {
            let listed = Gateways::default().with(gateway).unwrap();
            Gateways::of(&listed.put(&state).unwrap()).iter().count()
        };
        assert_eq!(listed(within), 1);
        let itself = Gateway {
            within: vec![address("127.0.0.1")],
            ..gateway(1)
        };
        assert_eq!(listed(itself), 0);
    }

    #[test]
    fn a_state_lists_gateways_and_nothing_else_of_it_changes() {
        let state = SiteState::new(SiteId::from_bytes([1; 32]), "Acme".parse().unwrap());
        assert_eq!(Gateways::of(&state), Gateways::default());
        let mut gateways = Gateways::default();
        for key in [3, 1, 2] {
            gateways = gateways.with(gateway(key)).unwrap();
        }
        let listed = gateways.put(&state).unwrap();
        assert_eq!(Gateways::of(&listed), gateways);
        let keys: Vec<_> = gateways.iter().map(|gateway| gateway.key).collect();
        assert!(keys.is_sorted());
        let fewer = gateways.clone().without("gw2.example").unwrap();
        assert_eq!(fewer.iter().count(), 2);
        assert!(matches!(
            fewer.without("gw2.example"),
            Err(GatewaysError::Unknown(_))
        ));
        let none = ["gw1.example", "gw2.example", "gw3.example"]
            .into_iter()
            .try_fold(gateways.clone(), Gateways::without)
            .unwrap();
        assert_eq!(none.put(&listed).unwrap(), state);
        for key in 4..9 {
            gateways = gateways.with(gateway(key)).unwrap();
        }
        assert_eq!(gateways.clone().with(gateway(9)), Err(GatewaysError::Full));
        // The longest list has room.
        assert!(gateways.put(&state).is_ok());
    }
}
