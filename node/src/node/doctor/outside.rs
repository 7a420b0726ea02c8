//! The way in from outside: gateways, the mailbox by which this node is called, what outsiders are shown.

use std::collections::BTreeSet;
use std::net::IpAddr;

use papermesh_door::look::is_global;
use papermesh_door::{Carrier, GatewayStatus, PipeState, PlaceState};
use papermesh_mail::watch::{State, Status};
use papermesh_protocol::gateway::contract::Gateway;
use papermesh_protocol::gateway::sighting::Seen;
use papermesh_protocol::remedy::Remedy;
use papermesh_protocol::text::counted;
use papermesh_protocol::time::Timestamp;

use super::{bad, doubtful, good};
use crate::control::message::{Finding, PlaceMismatch, PlaceName};
use crate::node::door::DoorHere;
use crate::node::{NodeError, Services, own_domain};

/// Seconds of a day.
const DAY: u64 = 24 * 60 * 60;

impl Services {
    /// The way in from outside: one finding for each gateway at which this node opens places.
    pub(super) fn gateways(&self) -> Vec<Finding> {
        let all = self.door.as_ref().map(DoorHere::status).unwrap_or_default();
        let names = all.iter().flat_map(names_refused);
        let names = names.chain(all.iter().flat_map(terminated));
        let findings = all.iter().map(|status| {
            let domain = &status.gateway.domain;
            match &status.pipe {
                PipeState::Up(carrier) => places_of(status, Some(*carrier)),
                PipeState::Asleep => places_of(status, None),
                PipeState::Dialing => doubtful(
                    "gateway",
                    format!("the pipe to {domain} is being dialed"),
                    "look again in a minute",
                ),
                PipeState::Down { why, remedy } => bad(
                    "gateway",
                    format!("nobody can print here through {domain}: {why}"),
                    remedy.as_deref().unwrap_or("ask the gateway's provider"),
                ),
            }
        });
        findings.chain(names).collect()
    }

    /// What outsiders are shown at each name of this node, and places that are not as their doors say.
    pub(super) async fn shown_outside(&self) -> Result<Vec<Finding>, NodeError> {
        let list = self.gateway_list().await?;
        let (now, asks) = (self.mesh.membership().now(), self.config.acme.is_some());
        let names = list.names.iter().map(|name| shown_at(name, (now, asks)));
        let mismatches = list.mismatches.iter().map(mismatch);
        let mut findings: Vec<Finding> = names.chain(mismatches).collect();
        let (site, gateways) = (self.mesh.membership().site(), self.authority.gateways());
        if self.config.probe && self.config.proxy.is_none() {
            for gateway in gateways.iter() {
                let at = own_domain::addresses(&gateway.domain).await;
                findings.extend(out_of_sight(gateway, &at));
            }
        }
        let own = &list.own_names_here;
        let binding = match self.certifying.as_ref().filter(|_| !own.is_empty()) {
            Some(certifying) => certifying.binding().await,
            None => None,
        };
        for name in own {
            findings.push(own_domain::finding(name, site, &gateways, binding.as_ref()).await);
        }
        Ok(findings)
    }
}

/// Names of own domains that a gateway does not let lead to places of this node.
fn names_refused(status: &GatewayStatus) -> impl Iterator<Item = Finding> {
    let domain = &status.gateway.domain;
    status.refused_names.iter().map(move |(name, why)| {
        let detail = format!("{name} does not lead to its place at {domain}: {why}");
        let advice = why.remedy();
        bad("domain", detail, advice.as_deref().unwrap_or(CLOSED))
    })
}

/// What a gateway can read, and texts that ask for no place there.
fn terminated(status: &GatewayStatus) -> impl Iterator<Item = Finding> {
    let domain = &status.gateway.domain;
    let read = status.aliases.iter().map(move |(_, aliases)| {
        let aliases: Vec<String> = aliases.iter().map(ToString::to_string).collect();
        let aliases = aliases.join(", ");
        doubtful(
            "terminated",
            format!("{domain} can read the documents of this place that come by {aliases}"),
            "if no program needs that, end it with `papermesh gateway terminated` or `papermesh gateway place add --no-alias`",
        )
    });
    let refused = status.refused_aliases.iter().map(move |(_, alias, why)| {
        let detail = format!("{domain} finds no place by {alias}: {why}");
        let advice = why.remedy();
        bad("terminated", detail, advice.as_deref().unwrap_or(CLOSED))
    });
    read.chain(refused)
}

/// What to do where nobody knows better.
const CLOSED: &str = "ask the gateway's provider";

/// What a name shows to outsiders; `asks` says whether this node asks for certificates.
fn shown_at(place: &PlaceName, (now, asks): (Timestamp, bool)) -> Finding {
    let PlaceName {
        name,
        certified_until,
        refused,
        ..
    } = place;
    match (certified_until, refused, asks) {
        (Some(until), None, _) => {
            let days = until.since(now).as_secs() / DAY;
            good(
                "place-certificate",
                format!("{name} has a certificate of the Internet's, valid for {days} more days"),
            )
        }
        (Some(_), Some((_, why)), true) => doubtful("place-certificate", why.clone(), WAIT),
        (None, Some((_, why)), true) => bad("place-certificate", why.clone(), WAIT),
        (_, _, false) => good(
            "place-certificate",
            format!("{name} shows a certificate of this node's own, as `acme` is off"),
        ),
        (None, None, true) => doubtful(
            "place-certificate",
            format!(
                "{name} shows a certificate of this node's own, which programs outside do not trust"
            ),
            "wait some minutes after the place was opened; later the log says what the certificate authority answers",
        ),
    }
}

/// What to do while an authority takes no order.
const WAIT: &str = "wait: this node orders again by itself then; until then, programs outside warn of its certificate, if \
                    the one that it has has ended";

/// That no place of a gateway is looked at from here, as it is at these addresses.
fn out_of_sight(gateway: &Gateway, at: &BTreeSet<IpAddr>) -> Option<Finding> {
    let within = |address: &IpAddr| gateway.within.iter().any(|of| of.ip() == *address);
    let may = |address: &IpAddr| is_global(*address) || within(address);
    let first = at.first().filter(|_| !at.iter().any(may))?;
    let domain = &gateway.domain;
    Some(doubtful(
        MISMATCH,
        format!(
            "nobody looks whether places at {domain} are what they should be: it is in a local network, at {first}"
        ),
        &format!(
            "if it belongs there, add it once more with the line of its provider and `--at {first}`"
        ),
    ))
}

/// That a place is not as its door says: what was seen, what it may mean, what to do.
fn mismatch(of: &PlaceMismatch) -> Finding {
    let PlaceMismatch {
        id,
        name,
        seen,
        claims,
        last,
        ..
    } = of;
    let by = of.by();
    let says = claims.iter().map(|claim| match claim.key {
        Some(key) => format!("{} says {key}", claim.called()),
        None => format!("{} says that it has no certificate there", claim.called()),
    });
    let says: Vec<String> = says.collect();
    let says = says.join(", ");
    let dismiss = format!("`papermesh gateway dismiss {id}`");
    match seen {
        Seen::Key { key, issuer } if claims.len() > 1 => bad(
            MISMATCH,
            format!(
                "{name} is claimed by {}: {says}; {by} saw {key}, in a certificate of {issuer:?}, {last}",
                counted(claims.len() as u64, "computer")
            ),
            &format!(
                "see on each of them with `papermesh gateway list` who opened the place; one that claims what it did not open \
                 was changed: revoke it; then {dismiss}"
            ),
        ),
        Seen::Key { key, issuer } => bad(
            MISMATCH,
            format!(
                "{by} saw at {name} the key {key}, in a certificate of {issuer:?}, {last}; {says}"
            ),
            &format!(
                "the network of {by} may look into TLS, or somebody else answers for the place: look from another network with \
                 `papermesh gateway probe {name}`; if the key is there the same, print nothing through that gateway, withdraw \
                 the tokens that were used there, and leave it with `papermesh gateway remove`; if not, {dismiss}"
            ),
        ),
        Seen::NoTls(why) => doubtful(
            MISMATCH,
            format!(
                "{by} was answered at {name} and could not speak TLS, again and again until {last}: {why}; {says}"
            ),
            &format!(
                "a filter in the network of {by} may cut it off, or the gateway shows the place not to everybody: look from \
                 another network with `papermesh gateway probe {name}`, and ask the gateway's provider if it is there the \
                 same; if not, {dismiss}"
            ),
        ),
        Seen::Closed => doubtful(
            MISMATCH,
            format!(
                "{by} found {name} closed, again and again until {last}, while its computer had it open; {says}"
            ),
            &format!(
                "the gateway shows the place not to everybody: look from another network with `papermesh gateway probe {name}`, \
                 and ask the gateway's provider if it is there the same; if not, {dismiss}"
            ),
        ),
    }
}

/// The name of what is found of places that members look at.
const MISMATCH: &str = "place";

/// How the places of this node are at a gateway that it reaches, by this carrier if there is a pipe now.
fn places_of(status: &GatewayStatus, carrier: Option<Carrier>) -> Finding {
    let domain = &status.gateway.domain;
    let refused = status.places.iter().find_map(|(label, state)| match state {
        PlaceState::Refused(why) => Some((label, why)),
        PlaceState::Asked | PlaceState::Asleep(_) | PlaceState::Open(_) => None,
    });
    if let Some((label, why)) = refused {
        let label = label.as_ref().map_or("of the site", |label| label.as_str());
        return bad(
            "gateway",
            format!("{domain} does not open the place {label}: {why}"),
            why.remedy()
                .as_deref()
                .unwrap_or("ask the gateway's provider"),
        );
    }
    let names = status.places.iter().flat_map(|(_, state)| state.names());
    let names: Vec<String> = names.map(ToString::to_string).collect();
    let names = names.join(", ");
    match carrier {
        Some(carrier @ (Carrier::Tcp | Carrier::Tls | Carrier::Https)) => {
            good("gateway", format!("{domain}, by {carrier}: {names}"))
        }
        Some(carrier @ Carrier::HttpsPolling) => doubtful(
            "gateway",
            format!("{domain}, by {carrier}: {names}, and outsiders wait long for an answer"),
            "let this computer connect to the gateway's port for pipes, or by TLS to its port 443",
        ),
        None => good("gateway", format!("{domain}, when a mail calls: {names}")),
    }
}

/// How it stands with the mailbox by which this node is called.
pub(super) fn mailbox_of(status: &Status) -> Finding {
    match &status.state {
        State::Told => good("mailbox", format!("read; {} mails called", status.taken)),
        State::Asking => doubtful(
            "mailbox",
            format!("asked once a minute; {} mails called", status.taken),
            "a server with IMAP and IDLE says at once that a mail came",
        ),
        State::Connecting => doubtful(
            "mailbox",
            "its server is being connected to".to_owned(),
            "look again in a minute",
        ),
        State::Down(error) => bad(
            "mailbox",
            error.to_string(),
            error
                .remedy()
                .as_deref()
                .unwrap_or("correct the section mail.read of papermesh.toml"),
        ),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use papermesh_protocol::id::{GatewayId, KeyDigest, NodeId};

    use super::*;
    use crate::control::message::{PlaceClaim, Verdict};

    fn of(seen: Seen, doors: &[&str]) -> PlaceMismatch {
        let claim = |name: &&str| PlaceClaim {
            door: NodeId::from_bytes([6; 32]),
            door_name: Some(name.parse().unwrap()),
            key: Some(KeyDigest::from_bytes([7; 32])),
        };
        PlaceMismatch {
            id: "4f1d02c9".to_owned(),
            name: "desk.acme.gw.example".parse().unwrap(),
            seen,
            claims: doors.iter().map(claim).collect(),
            by: NodeId::from_bytes([5; 32]),
            by_name: None,
            first: Timestamp::from_secs(1_800_000_000),
            last: Timestamp::from_secs(1_800_000_000),
        }
    }

    /// What was seen, what it may mean and what to do: whoever did it is not known.
    #[test]
    fn a_mismatch_says_who_says_what_and_accuses_nobody() {
        let key = || Seen::key(KeyDigest::from_bytes([8; 32]), "R11");
        for (seen, doors) in [
            (key(), &["laptop-1"][..]),
            (key(), &["laptop-1", "laptop-2"]),
            (Seen::no_tls("it hung up"), &["laptop-1"]),
            (Seen::Closed, &["laptop-1"]),
        ] {
            let found = mismatch(&of(seen, doors));
            for door in doors {
                assert!(found.detail.contains(door), "{found:?}");
            }
            assert!(!found.detail.contains("pretend"), "{found:?}");
            let advice = found.advice.unwrap();
            assert!(
                advice.contains("papermesh gateway dismiss 4f1d02c9"),
                "{advice}"
            );
        }
    }

    #[test]
    fn a_gateway_whose_places_nobody_looks_at_is_found() {
        let gateway = Gateway {
            key: GatewayId::from_bytes([1; 32]),
            domain: "gw.example".parse().unwrap(),
            site: "acme".parse().unwrap(),
            port: 4001,
            within: Vec::new(),
        };
        let at = |text: &str| BTreeSet::from([text.parse().unwrap()]);
        let found = out_of_sight(&gateway, &at("10.0.0.7")).unwrap();
        assert_eq!(found.verdict, Verdict::Doubtful);
        assert!(found.advice.unwrap().contains("--at 10.0.0.7"));
        assert_eq!(out_of_sight(&gateway, &at("1.1.1.1")), None);
        assert_eq!(out_of_sight(&gateway, &BTreeSet::new()), None);
        let address: IpAddr = "10.0.0.7".parse().unwrap();
        let within = gateway.at(&[address.try_into().unwrap()]).unwrap();
        assert_eq!(out_of_sight(&within, &at("10.0.0.7")), None);
    }
}
