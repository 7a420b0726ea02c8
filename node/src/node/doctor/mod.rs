//! What is commonly wrong: what `papermesh doctor` looks at, in a node that runs and, as far as it
//! can be seen there, in a home whose node does not. Who may look into the home, and whether the
//! configuration is understood, is the command line's part.
//!
//! One module per subject. Each says what it finds as [`Finding`]s and knows no other.

mod certificates;
mod clock;
mod converters;
mod disk;
mod mail_hold;
mod mesh;
mod outside;
mod panel;
mod ports;

use papermesh_protocol::certificate::Role;
use papermesh_services::clock as clocks;
use papermesh_services::identity::Identity;
use papermesh_store::offload::offload;

use self::certificates::{certificate_of, issuer_of, tls_of, uncertified};
use self::clock::clock_of;
use self::converters::converters;
use self::disk::disk_of;
use self::mail_hold::mail_hold_of;
use self::outside::mailbox_of;
use self::panel::badge_reader;
use self::ports::ports;
use super::keys::keys_of;
use super::mail_hold::MailHoldHere;
use super::mailbox::MailboxHere;
use super::{NodeError, Services, blocking, open_store, output, parts};
use crate::config::{Config, Home};
use crate::control::message::{Diagnose, Finding, Verdict};
use crate::control::{Answer, Handle, Io};

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
            let (now, own) = (clocks::now(), &identity.certificate);
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
            findings.push(self.spool().await.map_err(NodeError::Store)?);
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
mod sample {
    //! What tests of several subjects look at.
    #![allow(clippy::unwrap_used)]

    use std::time::Duration;

    use papermesh_protocol::certificate::{Certificate, Role, Roles};
    use papermesh_protocol::id::{NodeId, Serial, SiteId};
    use papermesh_protocol::seal::SealingPublic;
    use papermesh_protocol::time::Timestamp;

    pub(super) const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);
    pub(super) const DAY: Duration = Duration::from_secs(86_400);

    pub(super) fn certificate() -> Certificate {
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
}
