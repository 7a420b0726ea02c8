//! What is commonly wrong: what `papermesh doctor` looks at, in a node that runs and, as far as it
//! can be seen there, in a home whose node does not. Who may look into the home, and whether the
//! configuration is understood, is the command line's part.

mod mail_hold;

use std::time::Duration;

use papermesh_convert::{Confinement, Converter};
use papermesh_door::{Carrier, GatewayStatus, PipeState, PlaceState};
use papermesh_mail::watch::{State, Status};
use papermesh_mesh::{self as mesh, clocks::ClockOffset};
use papermesh_protocol::certificate::{Certificate, CertificateError, Role, Roles};
use papermesh_protocol::limits;
use papermesh_protocol::remedy::Remedy;
use papermesh_protocol::text::counted;
use papermesh_protocol::time::Timestamp;
use papermesh_protocol::web::HostName;
use papermesh_services::clock;
use papermesh_services::identity::Identity;
use papermesh_services::web_certificate::Kept;
use papermesh_store::offload::offload;
use papermesh_store::{RESERVE, Store, StoreError};

use self::mail_hold::mail_hold_of;
use super::door::DoorHere;
use super::keys::keys_of;
use super::mail_hold::MailHoldHere;
use super::mailbox::MailboxHere;
use super::{NodeError, Services, blocking, open_store, output, own_domain, parts, portal};
use crate::config::{Config, Home};
use crate::control::message::{Diagnose, Exposure, Finding, PlaceName, Verdict};
use crate::control::{Answer, CommandError, Handle, Io};
use crate::panel::badge::ReaderState;

/// Built after then: a clock that shows less is wrong.
const BUILT_AFTER: Timestamp = Timestamp::from_secs(1_760_000_000);
/// A certificate that ends within this time should be renewed by now.
const NEAR: Duration = Duration::from_secs(14 * 24 * 60 * 60);

/// What an admin has from the root should be renewed within this time, while people are there who know
/// its passphrase.
const RENEWAL: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// Seconds of a day.
const DAY: u64 = 24 * 60 * 60;

/// With less free space than this, or than the spool may still take, the disk will be full first.
const ROOM: u64 = 1024 * 1024 * 1024;

/// What to do about a home that cannot be looked at, where the error does not say it.
const HOME_ADVICE: &str = "check the home's disk, owner and permissions; if nothing is wrong with them, restore the home from a backup";

/// Looks at a home whose node does not run: what would be in its way.
pub async fn diagnose_at_rest(home: &Home, config: &Config) -> Vec<Finding> {
    let mut findings = vec![ports(config)];
    let looked = async {
        let _lock = home.lock()?;
        let store = open_store(home).await?;
        let looking = store.clone();
        let (max_spool, root) = (config.max_spool, home.root().to_owned());
        blocking(move || {
            let identity = Identity::load(&looking)?;
            let (now, own) = (clock::now(), &identity.certificate);
            let mut found = vec![
                clock_of(now, own, None),
                certificate_of(now, own, identity.standing(now)),
            ];
            if own.roles.may_hold() {
                found.push(disk_of(&looking, max_spool)?);
            }
            found.push(keys_of(&looking, &root)?);
            Ok::<_, NodeError>((found, own.roles))
        })
        .await
    };
    match looked.await {
        Ok((found, roles)) => {
            findings.extend(found);
            if roles.has(Role::Printer) {
                findings.extend(output::at_rest(config, &home.printer_pins()).await);
            }
            findings.extend(converters(&parts::converter(config), roles).await);
        }
        Err(error) => findings.push(Finding::of("home", &error).or(HOME_ADVICE)),
    }
    findings
}

impl Services {
    fn mesh_reach(&self) -> Finding {
        let status = self.mesh.status();
        if status.listening.is_empty() {
            bad(
                "addresses",
                "this node does not listen on any address; others can reach it only through a relay".to_owned(),
                "check in --listen that the port is free and the address belongs to this machine",
            )
        } else {
            good("addresses", status.advertised.join(", "))
        }
    }

    fn members(&self) -> Finding {
        match self.mesh.status().members.len() {
            0 => doubtful(
                "members",
                "no other member is connected".to_owned(),
                "check that another node of the site is running; where multicast does not pass, give --bootstrap the \
                 address of a member that is always on",
            ),
            n => good("members", format!("{n} connected")),
        }
    }

    fn relay(&self) -> Finding {
        match self
            .mesh
            .status()
            .members
            .iter()
            .filter(|member| member.relayed)
            .count()
        {
            0 => good("relay", "all connections are direct".to_owned()),
            n => doubtful(
                "relay",
                format!("{n} connections go through a relay, which is slower"),
                "open or forward the node's port (--listen, --announce) if that matters",
            ),
        }
    }

    /// The way in from outside: one finding for each gateway at which this node opens places.
    fn gateways(&self) -> Vec<Finding> {
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
    async fn shown_outside(&self) -> Result<Vec<Finding>, NodeError> {
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

    /// Whether `papermesh open` has something to open.
    fn own_page(&self) -> Finding {
        match (&self.portal, self.config.portal.address()) {
            (Some(portal), _) => good("portal", format!("{} answers", portal.url())),
            (None, None) => good("portal", "switched off".to_owned()),
            (None, Some(_)) if !portal::has_pages(self.mesh.membership().certificate().roles) => {
                good(
                    "portal",
                    "not needed: nobody has a page on this node".to_owned(),
                )
            }
            // It became an admin's, or the other program has gone.
            (None, Some(address)) if mesh::is_free(address).is_ok() => doubtful(
                "portal",
                "it is not open, so `papermesh open` has no page to open".to_owned(),
                "restart the node",
            ),
            (None, Some(address)) => doubtful(
                "portal",
                format!(
                    "another program listens on {address}, so `papermesh open` has no page to open"
                ),
                "stop that program and restart the node, or choose another port with --portal",
            ),
        }
    }

    async fn spool(&self) -> Result<Finding, CommandError> {
        let (jobs, bytes) = offload(&self.store, super::status::total)
            .await
            .map_err(NodeError::Store)?;
        Ok(if bytes > self.config.max_spool / 10 * 9 {
            doubtful(
                "spool",
                format!(
                    "nine tenths of the space for jobs is used, by {}",
                    counted(jobs, "job")
                ),
                "delete jobs with `papermesh jobs delete`, or raise max-spool in papermesh.toml",
            )
        } else {
            good("spool", format!("{} held", counted(jobs, "job")))
        })
    }
}

impl Handle<Diagnose> for Services {
    async fn handle(&self, _: Diagnose, _: Io) -> Answer<Vec<Finding>> {
        let membership = self.mesh.membership();
        let own = membership.certificate();
        let mut findings = vec![
            clock_of(membership.now(), &own, membership.clock_offset()),
            certificate_of(membership.now(), &own, membership.standing()),
            self.mesh_reach(),
            self.members(),
            self.relay(),
            self.own_page(),
        ];
        findings.extend(self.gateways());
        let mailbox = self.mailbox.as_ref().map(MailboxHere::status);
        findings.extend(mailbox.map(|status| mailbox_of(&status)));
        let of = |here: &MailHoldHere| mail_hold_of(&here.status(), &here.counts());
        findings.extend(self.mail_hold.as_ref().map(of));
        findings.extend(self.shown_outside().await?);
        let keys = offload(&self.store, |store| keys_of(store, store.home()));
        findings.push(keys.await.map_err(NodeError::Store)?);
        if self.holder.is_some() {
            findings.push(self.spool().await?);
            let max_spool = self.config.max_spool;
            findings.push(
                offload(&self.store, move |store| disk_of(store, max_spool))
                    .await
                    .map_err(NodeError::Store)?,
            );
        }
        if let Some(printer) = &self.printer {
            findings.extend(output::of(&self.config.output, printer.device()).await);
        }
        if let Some(reader) = self.panel.as_ref().and_then(|panel| panel.reader.as_ref()) {
            findings.push(badge_reader(&reader.now()));
        }
        findings.extend(converters(&self.converter, membership.certificate().roles).await);
        let open = self.authority.is_open().await?;
        if self.bound().next().is_some() {
            findings.push(match self.web_certificate.kept() {
                Some(kept) => tls_of(membership.now(), &kept),
                None => uncertified(open, self.web_certificate.trouble()),
            });
        }
        if let Some(open) = open {
            findings.push(if open {
                good(
                    "authority",
                    "the authority key is open; devices and users can be admitted".to_owned(),
                )
            } else {
                doubtful(
                    "authority",
                    "the authority key is sealed until its passphrase is given".to_owned(),
                    "give it with the next admin command, or set passphrase-file in papermesh.toml",
                )
            });
        }
        if let Some(until) = self.authority.web_until().await? {
            findings.push(issuer_of(membership.now(), until));
        }
        Ok(findings)
    }
}

/// Whether badges are read, and as the site has them.
fn badge_reader(reader: &ReaderState) -> Finding {
    const CHECK: &str = "badge reader";
    match (&reader.trouble, &reader.better_rule) {
        (Some(trouble), _) => Finding::of(CHECK, trouble),
        (None, Some(rule)) => doubtful(
            CHECK,
            "an unknown badge was read whose number is registered in another notation".to_owned(),
            &match rule.to_string() {
                rule if rule.is_empty() => "remove badge-rule from papermesh.toml".to_owned(),
                rule => {
                    format!("set badge-rule = \"{rule}\" in papermesh.toml, and restart the node")
                }
            },
        ),
        (None, None) => good(CHECK, "it is open".to_owned()),
    }
}

/// Whether the configured ports are free. One that is left open always is.
fn ports(config: &Config) -> Finding {
    let sockets = config
        .listen
        .iter()
        .chain(&config.join_listen)
        .filter_map(|text| mesh::socket_of(&text.parse().ok()?))
        .chain(config.ipp.address())
        .chain(config.panel.address().filter(|_| config.panel_demanded))
        .chain(config.portal.address().filter(|_| config.portal_demanded));
    let taken: Vec<String> = sockets
        .filter_map(|socket| {
            let error = mesh::is_free(socket).err()?;
            Some(format!("{socket} ({error})"))
        })
        .collect();
    if taken.is_empty() {
        good("ports", "free".to_owned())
    } else {
        bad(
            "ports",
            format!("the node cannot listen on {}", taken.join(" and ")),
            "stop the program that listens there, or choose another port or an address of this machine",
        )
    }
}

/// Whether the clock is one that other members believe: against what is known for certain, and
/// against the clocks of those who are connected. With a single one, either may be wrong.
fn clock_of(now: Timestamp, own: &Certificate, offset: Option<ClockOffset>) -> Finding {
    if now < BUILT_AFTER || now + limits::CLOCK_SKEW < own.not_before {
        return bad(
            "clock",
            "this computer's clock is behind the time when it became a member".to_owned(),
            CLOCK_ADVICE,
        );
    }
    let Some(offset) = offset else {
        return good(
            "clock",
            "plausible; no other member to compare with".to_owned(),
        );
    };
    let apart = Duration::from_millis(offset.ahead.unsigned_abs());
    let detail = offset.to_string();
    if apart <= limits::CLOCK_SKEW / 2 {
        good("clock", detail)
    } else if apart <= limits::CLOCK_SKEW || offset.members == 1 {
        doubtful("clock", detail, CLOCK_ADVICE)
    } else {
        bad("clock", detail, CLOCK_ADVICE)
    }
}

const CLOCK_ADVICE: &str = "correct the clock that is wrong, preferably with NTP; with more than 5 minutes between them, members do not find each other's jobs";

/// So many days are left until then, to the nearest: what has just begun has all of them.
fn days_until(then: Timestamp, now: Timestamp) -> u64 {
    (then.since(now).as_secs() + DAY / 2) / DAY
}

fn certificate_of(
    now: Timestamp,
    own: &Certificate,
    standing: Result<(), CertificateError>,
) -> Finding {
    let days = days_until(own.not_after, now);
    match standing {
        Err(error @ CertificateError::Expired) => bad(
            "certificate",
            error.to_string(),
            "set the clock if it is ahead; otherwise ask the admin for an invite, stop the node, and join again with \
             `papermesh join INVITE`",
        ),
        Err(error @ CertificateError::NotYetValid) => {
            bad("certificate", error.to_string(), "set the clock")
        }
        Err(error) => bad(
            "certificate",
            error.to_string(),
            "ask the admin for an invite, stop the node, and join again with `papermesh join INVITE`",
        ),
        Ok(()) if now + NEAR >= own.not_after => doubtful(
            "certificate",
            format!("expires in {} and was not renewed", counted(days, "day")),
            "connect this node to an admin's node; the certificate is then renewed automatically",
        ),
        Ok(()) => good("certificate", format!("valid for {days} more days")),
    }
}

/// Whether this admin's node can certify members for the web, and for how long still.
fn issuer_of(now: Timestamp, until: Timestamp) -> Finding {
    let days = days_until(until, now);
    let detail = format!("this admin certifies panels and hold printers for {days} more days");
    match now + RENEWAL >= until {
        true => doubtful(
            "root",
            detail,
            "run `papermesh site root renew` where the site's root is (`papermesh site root show`)",
        ),
        false => good("root", detail),
    }
}

/// That hold printer and panel show a certificate of this node's own, for whatever reason: `open` says whether
/// the authority key is, on a node that is an admin's, `trouble` why it was asked for in vain.
fn uncertified(open: Option<bool>, trouble: Option<String>) -> Finding {
    let (why, advice) = match (open, trouble) {
        (Some(false), _) => (
            "the authority key of this node is sealed".to_owned(),
            "give its passphrase with the next admin command, or set passphrase-file in papermesh.toml; this node then \
             certifies itself",
        ),
        (_, None) => (
            "the site is being asked for one".to_owned(),
            "look again in a few seconds",
        ),
        (Some(true), Some(trouble)) => (
            trouble,
            "this node asks itself again within 15 minutes; if it stays so, look into its log",
        ),
        (None, Some(trouble)) => (
            trouble,
            "connect this node to an admin's node with its authority key open; the certificate is then requested \
             automatically",
        ),
    };
    let detail =
        format!("browsers and programs get this node's own certificate and warn about it: {why}");
    doubtful("tls", detail, advice)
}

/// What hold printer and panel show browsers and programs by the site's word.
fn tls_of(now: Timestamp, kept: &Kept) -> Finding {
    let days = days_until(kept.not_after, now);
    let detail = format!(
        "certified by the site for {}, valid for {days} more days",
        kept.places
    );
    let refused = kept.refused.names();
    if refused.is_empty() {
        return good("tls", detail);
    }
    let refused: Vec<_> = refused.iter().map(HostName::as_str).collect();
    doubtful(
        "tls",
        format!(
            "{detail}; not for {}, which another member has",
            refused.join(", ")
        ),
        "if that member is gone for good, revoke it; this node asks again once a day",
    )
}

/// Whether the disk has room for jobs. Blocks.
fn disk_of(store: &Store, max_spool: u64) -> Result<Finding, StoreError> {
    let (_, held) = super::status::total(store)?;
    Ok(room(store.free_space()?, max_spool.saturating_sub(held)))
}

/// What it means that so much is free on a disk where the spool may grow by so much.
fn room(free: u64, growth: u64) -> Finding {
    let mib = |bytes: u64| format!("{} MiB", bytes / (1024 * 1024));
    let free_shown = format!("{} are free on the spool's disk", mib(free));
    if free <= RESERVE {
        bad(
            "disk",
            format!("{free_shown}: jobs are no longer accepted"),
            "make room on that disk, or delete jobs with `papermesh jobs delete`",
        )
    } else if free < growth.min(ROOM) {
        doubtful(
            "disk",
            format!("{free_shown}, less than the spool may still take"),
            "make room on that disk, or lower max-spool in papermesh.toml",
        )
    } else {
        good("disk", free_shown)
    }
}

/// The name of what [`converters`] finds.
const CONVERTERS: &str = "converters";

/// What is needed to look into documents, and to print those whose format the device does not take.
async fn converters(converter: &Converter, roles: Roles) -> Option<Finding> {
    let is_printer = roles.has(Role::Printer);
    if !is_printer && !roles.may_hold() {
        return None;
    }
    match parts::check(converter).await {
        Err(error) => Some(Finding::of(CONVERTERS, &error)),
        Ok(()) => is_printer.then(|| renderer(converter)),
    }
}

fn renderer(converter: &Converter) -> Finding {
    let Some(program) = converter.ghostscript() else {
        return doubtful(
            CONVERTERS,
            "Ghostscript is missing: PDF cannot be printed at printers that do not accept it"
                .to_owned(),
            "install it with `apt-get install ghostscript` or your system's equivalent, and restart the node",
        );
    };
    match converter.confinement() {
        Confinement::Whole => good(
            CONVERTERS,
            format!(
                "{} renders PDF for printers that do not accept it",
                program.display()
            ),
        ),
        Confinement::WithoutLandlock => doubtful(
            CONVERTERS,
            "Ghostscript could read this user's files if a document took it over: the kernel has no Landlock"
                .to_owned(),
            "switch Landlock on (`lsm=landlock,…` on the kernel's command line), and remove converter-without-landlock \
             from papermesh.toml",
        ),
        Confinement::Refused => doubtful(
            CONVERTERS,
            "Ghostscript is not started because the kernel has no Landlock: PDF cannot be printed at printers that do \
             not accept it"
                .to_owned(),
            "switch Landlock on (`lsm=landlock,…` on the kernel's command line), or set converter-without-landlock = \
             true in papermesh.toml",
        ),
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
fn mailbox_of(status: &Status) -> Finding {
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

pub(super) fn good(check: &str, detail: String) -> Finding {
    Finding {
        check: check.to_owned(),
        verdict: Verdict::Good,
        detail,
        advice: None,
    }
}

pub(super) fn doubtful(check: &str, detail: String, advice: &str) -> Finding {
    Finding {
        check: check.to_owned(),
        verdict: Verdict::Doubtful,
        detail,
        advice: Some(advice.to_owned()),
    }
}

pub(super) fn bad(check: &str, detail: String, advice: &str) -> Finding {
    Finding {
        check: check.to_owned(),
        verdict: Verdict::Bad,
        detail,
        advice: Some(advice.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use papermesh_protocol::id::{NodeId, Serial, SiteId};
    use papermesh_protocol::seal::SealingPublic;

    use super::*;
    use crate::config::Settings;

    const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);
    const DAY: Duration = Duration::from_secs(86_400);

    fn certificate() -> Certificate {
        Certificate {
            site: SiteId::from_bytes([1; 32]),
            node: NodeId::from_bytes([2; 32]),
            sealing: SealingPublic::from_bytes([3; 32]),
            name: "desk".parse().unwrap(),
            roles: Roles::of(&[Role::Client]),
            serial: Serial::from_bytes([4; 8]),
            not_before: NOW,
            not_after: NOW + DAY * 365,
            despite: None,
        }
    }

    #[test]
    fn a_root_that_is_to_be_renewed_is_found_in_time() {
        assert_eq!(issuer_of(NOW, NOW + DAY * 800).verdict, Verdict::Good);
        let late = issuer_of(NOW, NOW + DAY * 80);
        assert_eq!(late.verdict, Verdict::Doubtful);
        assert!(late.detail.contains("80 more days"), "{}", late.detail);
        assert_eq!(issuer_of(NOW, NOW - DAY).verdict, Verdict::Doubtful);
    }

    #[test]
    fn a_clock_that_is_behind_is_found() {
        let own = certificate();
        let verdict = |now| clock_of(now, &own, None).verdict;
        assert_eq!(verdict(NOW), Verdict::Good);
        assert_eq!(verdict(NOW - DAY), Verdict::Bad);
        assert_eq!(verdict(Timestamp::from_secs(0)), Verdict::Bad);
    }

    #[test]
    fn a_clock_that_others_do_not_share_is_found_although_it_is_plausible() {
        let own = certificate();
        let found = |minutes: i64, members| {
            let ahead = minutes * 60_000;
            clock_of(NOW, &own, Some(ClockOffset { ahead, members }))
        };
        assert_eq!(found(0, 3).verdict, Verdict::Good);
        assert_eq!(found(-4, 3).verdict, Verdict::Doubtful);
        let ahead = found(61, 3);
        assert_eq!(ahead.verdict, Verdict::Bad);
        assert_eq!(
            ahead.detail,
            "this computer's clock is 61 min ahead of the other members'"
        );
        let behind = found(-61, 1);
        // One other clock is no proof.
        assert_eq!(behind.verdict, Verdict::Doubtful);
        assert!(behind.detail.contains("61 min behind"), "{}", behind.detail);
    }

    #[test]
    fn a_certificate_near_its_end_or_beyond_is_found() {
        let own = certificate();
        let verdict = |at, standing| certificate_of(at, &own, standing).verdict;
        assert_eq!(verdict(NOW, Ok(())), Verdict::Good);
        assert_eq!(verdict(NOW + DAY * 360, Ok(())), Verdict::Doubtful);
        for error in [
            CertificateError::Expired,
            CertificateError::NotYetValid,
            CertificateError::Revoked,
        ] {
            assert_eq!(verdict(NOW, Err(error)), Verdict::Bad);
        }
    }

    #[test]
    fn a_certificate_that_has_just_been_issued_has_all_its_days() {
        let own = certificate();
        for seconds in [0, 1, 100] {
            let later = NOW + Duration::from_secs(seconds);
            let found = certificate_of(later, &own, Ok(()));
            assert_eq!(found.detail, "valid for 365 more days");
        }
    }

    #[test]
    fn a_node_without_a_certificate_of_the_site_says_what_it_waits_for() {
        let said = |open, trouble: Option<&str>| {
            let found = uncertified(open, trouble.map(str::to_owned));
            assert_eq!(found.verdict, Verdict::Doubtful);
            (found.detail, found.advice.unwrap())
        };
        // Nobody is sent to another admin's node whose own will do.
        let (detail, advice) = said(Some(false), Some("no signature"));
        assert!(detail.ends_with("the authority key of this node is sealed"));
        assert!(advice.contains("passphrase"), "{advice}");
        let (detail, advice) = said(Some(true), None);
        assert!(detail.ends_with("is being asked for one"), "{detail}");
        assert!(advice.contains("seconds"), "{advice}");
        let (detail, advice) = said(Some(true), Some("no signature"));
        assert!(detail.ends_with(": no signature"), "{detail}");
        assert!(!advice.contains("connect"), "{advice}");
        let (detail, advice) = said(None, Some("no admin's node is connected"));
        assert!(detail.ends_with("no admin's node is connected"));
        assert!(advice.contains("connect"), "{advice}");
    }

    #[test]
    fn a_disk_that_fills_before_the_spool_is_found() {
        assert_eq!(room(RESERVE, 10 * ROOM).verdict, Verdict::Bad);
        assert_eq!(room(ROOM / 2, 10 * ROOM).verdict, Verdict::Doubtful);
        assert_eq!(room(ROOM * 2, 10 * ROOM).verdict, Verdict::Good);
        // A small spool needs little.
        assert_eq!(room(ROOM / 2, ROOM / 4).verdict, Verdict::Good);
    }

    #[test]
    fn a_taken_port_is_found() {
        let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let at = taken.local_addr().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let config = |port: u16| {
            let listen = format!("/ip4/127.0.0.1/tcp/{port}").parse().unwrap();
            let settings = Settings {
                listen: Some(vec![listen]),
                ..Settings::default()
            };
            settings.resolve(&Home::at(folder.path()))
        };
        let found = ports(&config(at.port()));
        assert_eq!(found.verdict, Verdict::Bad);
        assert!(found.detail.contains(&at.to_string()), "{}", found.detail);
        assert_eq!(ports(&config(0)).verdict, Verdict::Good);
    }
}
