//! What is commonly wrong: what `papermesh doctor` looks at when the node runs. What it can see
//! when no node runs, such as a taken port, is the command line's part.

use std::time::Duration;

use papermesh_protocol::certificate::Certificate;
use papermesh_protocol::time::Timestamp;

use super::Services;
use crate::control::CommandError;
use crate::control::message::{Finding, Verdict};
use crate::convert::Converter;

/// Built after then: a clock that shows less is wrong.
const BUILT_AFTER: Timestamp = Timestamp::from_secs(1_760_000_000);
/// A certificate that ends within this time should be renewed by now.
const NEAR: Duration = Duration::from_secs(14 * 24 * 60 * 60);

impl Services {
    pub(super) async fn diagnose(&self) -> Result<Vec<Finding>, CommandError> {
        let mut findings = vec![
            self.clock(),
            self.certificate(),
            self.mesh_reach(),
            self.members(),
            self.relay(),
        ];
        if self.client.is_some() {
            findings.push(self.spool().await?);
        }
        if let Some(printer) = &self.printer {
            findings.push(match printer.device().describe().await {
                Ok(device) if device.accepting && device.reasons.is_empty() => {
                    good("printer", format!("{} answers and takes jobs", device.name))
                }
                Ok(device) => doubtful(
                    "printer",
                    format!(
                        "{} answers and says: {}{}",
                        device.name,
                        if device.accepting { "" } else { "not accepting jobs " },
                        device.reasons.iter().map(|reason| reason.words.as_str()).collect::<Vec<_>>().join(", ")
                    ),
                    "look at the printer itself",
                ),
                Err(error) => bad(
                    "printer",
                    error.to_string(),
                    "check that the printer is on and that --output names it; `papermesh run --help` shows the forms",
                ),
            });
        }
        if let Some(printer) = &self.printer {
            findings.push(converters(printer.converter()));
        }
        if let Some(open) = self.authority.is_open().await? {
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
        Ok(findings)
    }

    fn clock(&self) -> Finding {
        let membership = self.mesh.membership();
        let (now, certificate) = (membership.now(), membership.certificate());
        if now < BUILT_AFTER || now < certificate.not_before {
            bad(
                "clock",
                "this computer's clock is behind the time at which it became a member".to_owned(),
                "set the clock, best with a time service such as NTP, and restart the node",
            )
        } else {
            good("clock", "plausible".to_owned())
        }
    }

    fn certificate(&self) -> Finding {
        let membership = self.mesh.membership();
        let (now, certificate) = (membership.now(), membership.certificate());
        let accepted = Certificate::verify(
            certificate.envelope(),
            certificate.site,
            &membership.state(),
            now,
        );
        let days = certificate.not_after.since(now).as_secs() / 86_400;
        match accepted {
            Err(error) => bad(
                "certificate",
                error.to_string(),
                "ask the admin for an invite and join again with `papermesh join`",
            ),
            Ok(_) if now + NEAR >= certificate.not_after => doubtful(
                "certificate",
                format!("expires in {days} days and was not renewed"),
                "let an admin's node run where this one can reach it; it is renewed by itself then",
            ),
            Ok(_) => good("certificate", format!("valid for {days} more days")),
        }
    }

    fn mesh_reach(&self) -> Finding {
        let status = self.mesh.status();
        if status.listening.is_empty() {
            bad(
                "addresses",
                "this node listens nowhere; others can reach it through a relay at best".to_owned(),
                "check --listen: is the port taken, or the address not this machine's?",
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
                "is another node of the site running? Where multicast does not pass, give --bootstrap an address \
                 of a member that is always on",
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
                format!("{n} connections lead through a relay, which is slower"),
                "open or forward the node's port (--listen, --announce) if that matters",
            ),
        }
    }

    async fn spool(&self) -> Result<Finding, CommandError> {
        let (jobs, bytes) = crate::offload::offload(&self.store, super::status::total)
            .await
            .map_err(super::NodeError::Store)?;
        Ok(if bytes > self.config.max_spool / 10 * 9 {
            doubtful(
                "spool",
                format!("{jobs} jobs fill nine tenths of the space they may have"),
                "delete jobs with `papermesh jobs delete`, or raise max-spool in papermesh.toml",
            )
        } else {
            good("spool", format!("{jobs} jobs held"))
        })
    }
}

/// What is needed to print documents in formats that the device does not take.
fn converters(converter: &Converter) -> Finding {
    match converter.ghostscript() {
        Some(program) => good(
            "converters",
            format!(
                "{} renders PDF for printers that do not take it",
                program.display()
            ),
        ),
        None => doubtful(
            "converters",
            "Ghostscript is missing: PDF cannot be printed at printers that do not take it"
                .to_owned(),
            "install it with `apt-get install ghostscript` or your system's equivalent, and restart the node",
        ),
    }
}

fn good(check: &str, detail: String) -> Finding {
    Finding {
        check: check.to_owned(),
        verdict: Verdict::Good,
        detail,
        advice: None,
    }
}

fn doubtful(check: &str, detail: String, advice: &str) -> Finding {
    Finding {
        check: check.to_owned(),
        verdict: Verdict::Doubtful,
        detail,
        advice: Some(advice.to_owned()),
    }
}

fn bad(check: &str, detail: String, advice: &str) -> Finding {
    Finding {
        check: check.to_owned(),
        verdict: Verdict::Bad,
        detail,
        advice: Some(advice.to_owned()),
    }
}
