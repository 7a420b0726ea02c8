//! Where a gateway may end TLS for places of this node, and which texts ask for them there.

use std::collections::{BTreeMap, BTreeSet};

use papermesh_protocol::gateway::name::{Alias, Label};
use papermesh_protocol::id::GatewayId;

/// What the site allows and this node wants. By default nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Terminated {
    /// The gateways that the site allows it.
    pub allowed: BTreeSet<GatewayId>,
    /// The texts that are to ask for each place.
    pub aliases: BTreeMap<Option<Label>, Vec<Alias>>,
}

impl Terminated {
    /// The texts that ask for a place at one gateway.
    #[must_use]
    pub fn at(&self, gateway: GatewayId, place: &Option<Label>) -> &[Alias] {
        match self.allowed.contains(&gateway) {
            true => self.aliases.get(place).map_or(&[], Vec::as_slice),
            false => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn nothing_asks_for_a_place_where_the_site_does_not_allow_it() {
        let [one, two] = [1, 2].map(|key| GatewayId::from_bytes([key; 32]));
        let desk: Option<Label> = Some("desk".parse().unwrap());
        let alias: Alias = "expp1@abc.com".parse().unwrap();
        let terminated = Terminated {
            allowed: [one].into(),
            aliases: [(desk.clone(), vec![alias.clone()])].into(),
        };
        assert_eq!(terminated.at(one, &desk), [alias]);
        assert!(terminated.at(two, &desk).is_empty());
        assert!(terminated.at(one, &None).is_empty());
    }
}
