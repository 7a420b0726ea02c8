//! The way in from outside: gateways, the mailbox by which this node is called, what outsiders are shown.

use papermesh_door::{Carrier, GatewayStatus, PipeState, PlaceState};
use papermesh_mail::watch::{State, Status};
use papermesh_protocol::remedy::Remedy;
use papermesh_protocol::time::Timestamp;

use super::{bad, doubtful, good};
use crate::control::message::{Exposure, Finding, PlaceName};
use crate::node::door::DoorHere;
use crate::node::{NodeError, Services, own_domain};

/// Seconds of a day.
const DAY: u64 = 24 * 60 * 60;

impl Services {
    /// The way in from outside: one finding for each gateway at which this node opens places.
    pub(super) fn gateways(&self) -> Vec<Finding> {
        let all = self.door.as_ref().map(DoorHere::status).unwrap_or_default();
        let names = all.iter().flat_map(names_refused);
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

    /// What outsiders are shown at each name of this node, and at places that somebody pretends to be.
    pub(super) async fn shown_outside(&self) -> Result<Vec<Finding>, NodeError> {
        let list = self.gateway_list().await?;
        let (now, asks) = (self.mesh.membership().now(), self.config.acme.is_some());
        let names = list.names.iter().map(|name| shown_at(name, (now, asks)));
        let mut findings: Vec<Finding> = names.chain(list.exposures.iter().map(exposed)).collect();
        let (site, gateways) = (self.mesh.membership().site(), self.authority.gateways());
        for name in &list.own_names_here {
            let certifying = self.certifying.as_ref();
            findings.push(own_domain::finding(name, site, &gateways, certifying).await);
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

/// That somebody pretends to be a place.
fn exposed(exposure: &Exposure) -> Finding {
    let Exposure {
        name,
        by,
        by_name,
        key,
        issuer,
        at,
        ..
    } = exposure;
    let by = by_name
        .as_ref()
        .map_or_else(|| by.to_string(), ToString::to_string);
    bad(
        "place",
        format!(
            "{by} saw at {name} a key that is not its computer's: {key}, in a certificate of {issuer:?}, {at}"
        ),
        "if that is not the network of who saw it, which looks into TLS, the gateway pretends to be the place: print \
         nothing through it, withdraw the tokens that were used there, and leave it with `papermesh gateway remove`",
    )
}

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
        State::Told => good("mailbox", format!("read; {} mails called", status.wakes)),
        State::Asking => doubtful(
            "mailbox",
            format!("asked once a minute; {} mails called", status.wakes),
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
