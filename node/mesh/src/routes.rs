//! Which addresses are worth telling others, and which of others' addresses are worth trying.
//! Pure: lists in, lists out.

use libp2p::Multiaddr;
use papermesh_protocol::limits;

use super::peer::{is_dialable, is_loopback, is_relayed, without_peer};

/// What a node tells others of itself, best first, at most four: addresses that were confirmed
/// from outside, then those of its interfaces, and in any case one through a relay if it has one.
/// Loopback only when there is nothing else, as on a machine that talks to itself.
pub(super) fn advertised<'a>(
    external: impl Iterator<Item = &'a Multiaddr>,
    listening: impl Iterator<Item = &'a Multiaddr>,
) -> Vec<Multiaddr> {
    let mut direct: Vec<Multiaddr> = Vec::new();
    let mut relayed: Vec<Multiaddr> = Vec::new();
    for address in external.chain(listening) {
        let list = if is_relayed(address) {
            &mut relayed
        } else {
            &mut direct
        };
        let address = if is_relayed(address) {
            address.clone()
        } else {
            without_peer(address.clone())
        };
        if is_dialable(&address) && address.len() <= limits::ADDRESS && !list.contains(&address) {
            list.push(address);
        }
    }
    if direct.iter().any(|address| !is_loopback(address)) {
        direct.retain(|address| !is_loopback(address));
    }
    relayed.truncate(1);
    direct.truncate(limits::ADDRESSES_PER_ADVERT - relayed.len());
    direct.append(&mut relayed);
    direct
}

/// Of the addresses that a member says it listens on, those worth remembering. Its loopback
/// addresses mean this machine only if it is this machine that it is connected from.
pub(super) fn worth_trying(said: &[Multiaddr], connected_over: &Multiaddr) -> Vec<Multiaddr> {
    let same_machine = is_loopback(connected_over);
    said.iter()
        .filter(|address| is_dialable(address) && (same_machine || !is_loopback(address)))
        .filter(|address| address.len() <= limits::ADDRESS)
        .take(limits::ADDRESSES_PER_ADVERT * 2)
        .cloned()
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn addresses(texts: &[&str]) -> Vec<Multiaddr> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    const RELAYED: &str = "/ip4/192.0.2.9/tcp/4001/p2p/12D3KooWBuwFs9D6pSJ5u8fVKDW6jhQ5e2VvWWVYyJoH7xNcFEsk/p2p-circuit";

    #[test]
    fn loopback_is_told_only_where_there_is_nothing_else() {
        let listening = addresses(&["/ip4/127.0.0.1/tcp/1", "/ip4/192.0.2.1/tcp/1"]);
        assert_eq!(
            advertised([].iter(), listening.iter()),
            addresses(&["/ip4/192.0.2.1/tcp/1"])
        );
        assert_eq!(advertised([].iter(), listening[..1].iter()), listening[..1]);
    }

    #[test]
    fn a_relay_keeps_its_place_among_many_interfaces() {
        let mut listening: Vec<_> = (1..9)
            .map(|n| format!("/ip4/192.0.2.{n}/tcp/1").parse().unwrap())
            .collect();
        listening.push(RELAYED.parse().unwrap());
        let told = advertised([].iter(), listening.iter());
        assert_eq!(told.len(), limits::ADDRESSES_PER_ADVERT);
        assert!(is_relayed(told.last().unwrap()));
    }

    #[test]
    fn another_machines_loopback_is_not_tried() {
        let said = addresses(&[
            "/ip4/127.0.0.1/tcp/1",
            "/ip4/192.0.2.1/tcp/1",
            "/ip4/0.0.0.0/tcp/1",
        ]);
        let far = "/ip4/192.0.2.1/tcp/50000".parse().unwrap();
        let near = "/ip4/127.0.0.1/tcp/50000".parse().unwrap();
        assert_eq!(worth_trying(&said, &far).len(), 1);
        assert_eq!(worth_trying(&said, &near).len(), 2);
    }
}
