//! `status`: how the node is, or the wait until it is well.

use std::time::Duration;

use clap::Args;
use papermesh_protocol::remedy::Remedy;
use tokio::time::{Instant, sleep, timeout_at};

use super::context::Context;
use super::failure::CliError;
use super::gateway;
use super::init::roles;
use super::quantity;
use super::screen::Style;
use super::table::Facts;
use crate::control::message::{GatewayList, GetStatus, MeshState, Status as Answer, TlsStatus};
use crate::control::{CommandError, ControlError, ErrorCode};

/// How often the node is asked while waiting.
const POLL: Duration = Duration::from_millis(200);

/// Show the node's status
#[derive(Args, Debug)]
pub(super) struct Status {
    /// Wait up to this long for the node to run and join its mesh
    #[arg(long, value_name = "TIME", value_parser = quantity::parse_span)]
    wait: Option<Duration>,
}

impl Status {
    pub(super) async fn run(self, context: &Context) -> Result<(), CliError> {
        let status = match self.wait {
            None => context.call(GetStatus {}).await?,
            Some(wait) => wait_until_ready(context, wait).await?,
        };
        context.screen.show(&status, render)
    }
}

async fn wait_until_ready(context: &Context, wait: Duration) -> Result<Answer, CliError> {
    let now = Instant::now();
    let deadline = now.checked_add(wait).unwrap_or(now);
    let mut last = "it did not answer".to_owned();
    loop {
        match timeout_at(deadline, context.call(GetStatus {})).await {
            Ok(Ok(status)) if status.state.is_ready() => return Ok(status),
            // Waiting does not help.
            Ok(Ok(status)) if status.state.is_final() => {
                let mut refused = CommandError::new(ErrorCode::Denied, state(status.state));
                refused.remedy = remedy(status.state).map(str::to_owned);
                return Err(refused.into());
            }
            Ok(Ok(status)) => last = in_full(status.state),
            // It starts, or it was stopped while it answered and is started again.
            Ok(Err(CliError::Control(
                error @ (ControlError::NoNode { .. } | ControlError::Broken),
            ))) => last = error.in_full().to_string(),
            Ok(Err(error)) => return Err(error),
            Err(_) => {}
        }
        if timeout_at(deadline, sleep(POLL)).await.is_err() {
            let waited = humantime::format_duration(wait);
            return Err(CliError::failed(
                ErrorCode::Timeout,
                format!("the node is not ready after {waited}: {last}"),
            ));
        }
    }
}

const fn state(state: MeshState) -> &'static str {
    match state {
        MeshState::Joining => "looking for other members",
        MeshState::Alone => "ready; no other member connected yet",
        MeshState::Joined => "ready",
        MeshState::Revoked => {
            "revoked: the site withdrew this node's certificate and no member accepts it"
        }
        MeshState::Expired => "not admitted: its certificate is not valid at the time on its clock",
    }
}

/// What to do where a node is not ready.
const fn remedy(state: MeshState) -> Option<&'static str> {
    match state {
        MeshState::Joining => Some("`papermesh doctor` shows what prevents it"),
        MeshState::Alone | MeshState::Joined => None,
        MeshState::Revoked => Some(
            "to rejoin, ask your admin for an invite, stop the node, and run `papermesh join INVITE`",
        ),
        MeshState::Expired => Some(
            "set the clock if it is wrong, otherwise ask your admin for an invite, stop the node, and run `papermesh \
             join INVITE`",
        ),
    }
}

fn in_full(of: MeshState) -> String {
    match remedy(of) {
        Some(remedy) => format!("{}; {remedy}", state(of)),
        None => state(of).to_owned(),
    }
}

fn render(status: &Answer, style: &Style) -> String {
    let mut facts = Facts::default();
    facts
        .add("state", in_full(status.state))
        .add("node", format!("{} ({})", status.node.name, status.node.id))
        .add("roles", roles(&status.node.roles))
        .add(
            "certificate",
            format!(
                "valid for {}",
                quantity::rest(status.node.not_after, style.now)
            ),
        )
        .add("site", format!("{} ({})", status.site.name, status.site.id))
        .add(
            "running",
            quantity::span(Duration::from_secs(status.uptime)),
        )
        .add("members connected", status.peers.to_string())
        .add("listening", status.listening.join(" "))
        .add(
            "jobs",
            format!(
                "{}, {} of {}",
                status.jobs,
                quantity::size(status.spool),
                quantity::size(status.max_spool)
            ),
        )
        .add(
            "users",
            status
                .users
                .iter()
                .map(|user| user.as_str())
                .collect::<Vec<_>>()
                .join(" "),
        );
    if let Some(device) = &status.device {
        let reasons = match (device.ready, device.reasons.is_empty()) {
            (true, true) => "ready".to_owned(),
            (true, false) => format!("ready ({})", device.reasons.join(", ")),
            (false, true) => "not ready".to_owned(),
            (false, false) => device.reasons.join(", "),
        };
        let name = device.name.as_deref().unwrap_or(&device.output);
        facts.add("output", format!("{name}: {reasons}"));
    }
    if let Some(outside) = &status.outside {
        add_outside(&mut facts, outside, style);
    }
    if let Some(mail) = &status.mail_hold {
        let state = match mail.is_open {
            true => "read",
            false => "not read; see `papermesh doctor`",
        };
        let text = format!(
            "{}: {state}; {} mails taken, {} documents held, {} mails dropped",
            mail.address, mail.taken, mail.held, mail.dropped
        );
        facts.add("mail to hold", text);
    }
    facts
        .add("hold printer", status.ipp.as_deref().unwrap_or_default())
        .add(
            "from elsewhere",
            status.ipp_elsewhere.as_deref().unwrap_or_default(),
        )
        .add("panel", status.panel.as_deref().unwrap_or_default())
        .add("tls", tls(status.tls.as_ref(), style))
        .add("portal", status.portal.as_deref().unwrap_or_default());
    if let Some(clock) = status.clock {
        facts.add("clock", clock.to_string());
    }
    if let Some(waiting @ 1..) = status.pending {
        facts.add("devices waiting", waiting.to_string());
    }
    if let Some(open) = status.authority_open {
        facts.add("authority key", if open { "open" } else { "sealed" });
    }
    let kept_by = status.keys_kept_by.as_deref();
    facts.add(
        "keys",
        kept_by.map_or_else(
            || "stored unsealed; see `papermesh doctor`".to_owned(),
            |protector| format!("sealed by {protector}"),
        ),
    );
    facts.add("version", &status.version).render()
}

/// Gateways and what outsiders find there.
fn add_outside(facts: &mut Facts, outside: &GatewayList, style: &Style) {
    for status in &outside.status {
        let domain = &status.gateway.domain;
        let since = quantity::age(status.since, style.now);
        let text = format!(
            "{domain}: {}, for {since}; {} knocks",
            gateway::pipe(&status.pipe),
            status.knocks
        );
        facts.add("gateway", text);
    }
    for name in &outside.names {
        let text = format!(
            "{}: certificate {}; seen from outside {}",
            name.name,
            gateway::certificate(name, style),
            gateway::seen(name, style)
        );
        facts.add("place", text);
    }
    for of in &outside.mismatches {
        facts.add("mismatch", gateway::mismatch(of));
    }
}

fn tls(status: Option<&TlsStatus>, style: &Style) -> String {
    match status {
        None => String::new(),
        Some(TlsStatus::Own) => "this node's own certificate; none of the site yet".to_owned(),
        Some(TlsStatus::Site {
            places, not_after, ..
        }) => format!(
            "the site's certificate for {}, valid for {}",
            places.join(", "),
            quantity::rest(*not_after, style.now)
        ),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use papermesh_protocol::certificate::Role;
    use papermesh_protocol::id::{NodeId, SiteId};
    use papermesh_protocol::time::Timestamp;

    use super::*;
    use crate::control::message::{DeviceStatus, NodeIdentity, SiteIdentity};

    #[test]
    fn status_is_a_list_of_facts() {
        let status = Answer {
            version: "0.1.0".into(),
            state: MeshState::Joined,
            node: NodeIdentity {
                id: NodeId::from_bytes([0xaa; 32]),
                name: "hall".parse().unwrap(),
                roles: vec![Role::Printer],
                not_after: Timestamp::from_secs(86_400 * 100),
            },
            site: SiteIdentity {
                id: SiteId::from_bytes([0xbb; 32]),
                name: "Acme".parse().unwrap(),
                sequence: 3,
            },
            uptime: 7200,
            peers: 4,
            listening: vec!["/ip4/127.0.0.1/tcp/4631".into()],
            users: vec![],
            jobs: 0,
            spool: 0,
            max_spool: 10 << 30,
            outside: None,
            mail_hold: None,
            device: Some(DeviceStatus {
                output: "ipp://lp.example/ipp/print".into(),
                name: None,
                ready: false,
                reasons: vec!["media-empty".into()],
            }),
            ipp: None,
            ipp_elsewhere: None,
            panel: Some("http://127.0.0.1:8080/".into()),
            tls: Some(TlsStatus::Site {
                places: vec!["localhost".into(), "10.0.0.7".into()],
                refused: vec![],
                not_after: Timestamp::from_secs(86_400 * 90),
            }),
            portal: Some("http://127.0.0.1:8311/".into()),
            clock: None,
            pending: None,
            authority_open: None,
            keys_kept_by: None,
        };
        let shown = render(&status, &Style::plain());
        let expected = format!(
            "\
state              ready
node               hall ({})
roles              printer
certificate        valid for 100 d
site               Acme ({})
running            2 h
members connected  4
listening          /ip4/127.0.0.1/tcp/4631
jobs               0, 0 B of 10 GiB
output             ipp://lp.example/ipp/print: media-empty
panel              http://127.0.0.1:8080/
tls                the site's certificate for localhost, 10.0.0.7, valid for 90 d
portal             http://127.0.0.1:8311/
keys               stored unsealed; see `papermesh doctor`
version            0.1.0",
            "aa".repeat(32),
            "bb".repeat(32)
        );
        assert_eq!(shown, expected);
    }
}
