//! A name of a site's own domain: what its owner sets in DNS so that it leads to a place, and that no gateway can have it
//! certified; and what of that is seen there.

mod caa;

use std::collections::BTreeSet;
use std::io;
use std::net::IpAddr;
use std::time::Duration;

use papermesh_dns::{Certifier, Dns, DnsError};
use papermesh_door::acme::CertificateAuthority;
use papermesh_protocol::gateway::contract::Gateways;
use papermesh_protocol::gateway::name::{Domain, HostName};
use papermesh_protocol::gateway::own_name::{Answers, NameRefusal, proof_name, proof_text};
use papermesh_protocol::id::SiteId;
use papermesh_protocol::remedy::Remedy;
use papermesh_services::vault::Vault;
use papermesh_store::offload::offload;
use papermesh_store::{Store, StoreError, site};
use tokio::net::lookup_host;
use tokio::time::timeout;

pub(super) use self::caa::Binding;

use self::caa::Loose;
use super::doctor::{bad, doubtful, good};
use crate::control::message::{Finding, LeadsTo};

/// The name of what [`finding`] finds.
const CHECK: &str = "domain";
/// What is done about lines that are not there.
const SET: &str =
    "set the lines that `papermesh gateway domain show` prints, at whoever keeps the domain";

/// How long it may take to find a gateway.
const LOOKUP: Duration = Duration::from_secs(10);

/// Reads what certificates this node may order.
pub(super) struct Certifying {
    store: Store,
    vault: Vault,
    authority: CertificateAuthority,
}

impl Certifying {
    pub(super) const fn new(store: Store, vault: Vault, authority: CertificateAuthority) -> Self {
        Self {
            store,
            vault,
            authority,
        }
    }

    /// What lets this node alone have a name certified (RFC 8657); none while it has no account yet, or the authority says
    /// no name of its own.
    pub(super) async fn binding(&self) -> Option<Binding> {
        let kept: Result<_, StoreError> =
            offload(&self.store, |store| store.site().get(&site::ACME_ACCOUNT)).await;
        let opened = self
            .vault
            .open_acme_account(&self.authority.directory, &kept.ok()??)
            .ok()?;
        let account = match self.authority.resume(&opened).await {
            Ok(account) => account.uri().to_owned(),
            Err(error) => {
                tracing::info!(error = %error.in_full(), "the certificate authority was not asked for its name");
                return None;
            }
        };
        let issuer = self.authority.caa_identity().await.ok()??.to_string();
        Some(Binding { issuer, account })
    }
}

/// What leads a name to each of the site's gateways. It can lead to one of them only; with several, each is a choice.
pub(super) async fn leads(name: &HostName, gateways: &Gateways) -> Vec<LeadsTo> {
    let mut leads = Vec::new();
    for gateway in gateways.iter() {
        let lines = addresses(&gateway.domain).await.into_iter().map(|address| {
            let kind = if address.is_ipv4() { "A" } else { "AAAA" };
            format!("{name}. {kind} {address}")
        });
        leads.push(LeadsTo {
            domain: gateway.domain.to_string(),
            lines: lines.collect(),
        });
    }
    leads
}

/// What else a domain's owner sets, as lines of a zone file.
pub(super) fn lines(name: &HostName, site: SiteId, binding: Option<&Binding>) -> Vec<String> {
    let proof = format!("{}. TXT \"{}\"", proof_name(name), proof_text(site));
    let bound = binding.map(|binding| format!("{name}. CAA {binding}"));
    [proof].into_iter().chain(bound).collect()
}

/// Where a gateway is; nowhere if that is not found.
pub(super) async fn addresses(domain: &Domain) -> BTreeSet<IpAddr> {
    let domain = domain.to_string();
    let looked = timeout(LOOKUP, lookup_host((domain.as_str(), 443))).await;
    match looked.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())) {
        Ok(found) => found.map(|socket| socket.ip()).collect(),
        Err(error) => {
            tracing::info!(domain, %error, "a gateway's addresses were not found");
            BTreeSet::new()
        }
    }
}

/// What DNS says of a name.
struct Said {
    answers: Answers,
    alias: Option<String>,
    certifiers: Vec<Certifier>,
}

impl Said {
    async fn of(name: &HostName) -> Result<Self, DnsError> {
        let dns = Dns::new(&[])?;
        let proof = proof_name(name);
        let (addresses, texts, alias, certifiers) = tokio::join!(
            dns.addresses(name.as_str()),
            dns.texts(&proof),
            dns.alias(name.as_str()),
            dns.certifiers(name.as_str())
        );
        Ok(Self {
            answers: Answers {
                addresses: addresses?,
                texts: texts?,
            },
            alias: alias?,
            certifiers: certifiers?,
        })
    }

    /// What it means for a name of this site, whose gateways are at these addresses.
    fn judge(
        &self,
        name: &HostName,
        site: SiteId,
        gateways: &[BTreeSet<IpAddr>],
        binding: Option<&Binding>,
    ) -> Finding {
        let judged = gateways
            .iter()
            .map(|at| self.answers.judge(site, at).judged());
        // It leads to one of them: what is wrong is said only if it leads to none.
        let best = judged.min_by_key(|judged| match judged {
            Ok(()) => 0,
            Err(NameRefusal::Elsewhere) => 2,
            Err(_) => 1,
        });
        if let Some(Err(why)) = best {
            return bad(CHECK, format!("{name}: {why}"), SET);
        }
        if let Some(alias) = &self.alias {
            return doubtful(
                CHECK,
                format!(
                    "{name} leads to the gateway as an alias (CNAME) of {alias}: authorities ask there who may have it \
                     certified (RFC 8659), which the owner of {alias} says"
                ),
                "set the lines with A and AAAA that `papermesh gateway domain show` prints in place of the CNAME",
            );
        }
        let Some(binding) = binding else {
            return doubtful(
                CHECK,
                format!(
                    "{name} leads to the gateway, which could have it certified for itself: this computer has no account yet \
                     to which it could be bound"
                ),
                "look again when this computer has its first certificate",
            );
        };
        match caa::bound(&self.certifiers, binding) {
            Ok(()) => good(
                CHECK,
                format!(
                    "{name} leads to the gateway, and nobody but this computer can have it certified"
                ),
            ),
            Err(why @ (Loose::NotThis | Loose::Critical(_))) => bad(
                CHECK,
                format!("{name} leads to the gateway, but {why}"),
                SET,
            ),
            Err(why) => doubtful(
                CHECK,
                format!(
                    "{name} leads to the gateway, which could have it certified for itself: {why}"
                ),
                SET,
            ),
        }
    }
}

/// How it stands with a name in DNS, as far as it is seen from here.
pub(super) async fn finding(
    name: &HostName,
    site: SiteId,
    gateways: &Gateways,
    binding: Option<&Binding>,
) -> Finding {
    let mut at = Vec::new();
    for gateway in gateways.iter() {
        at.push(addresses(&gateway.domain).await);
    }
    match Said::of(name).await {
        Ok(said) => said.judge(name, site, &at, binding),
        Err(error) => doubtful(CHECK, error.to_string(), "let this computer ask DNS"),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::control::message::Verdict;

    const SITE: SiteId = SiteId::from_bytes([1; 32]);

    fn binding() -> Binding {
        Binding {
            issuer: "ca.example".to_owned(),
            account: "https://ca.example/1".to_owned(),
        }
    }

    fn said() -> Said {
        Said {
            answers: Answers {
                addresses: ["192.0.2.7".parse().unwrap()].into(),
                texts: vec![proof_text(SITE)],
            },
            alias: None,
            certifiers: vec![Certifier {
                is_critical: false,
                tag: "issue".to_owned(),
                value: "ca.example; accounturi=https://ca.example/1".to_owned(),
            }],
        }
    }

    fn judged(said: &Said, binding: Option<&Binding>) -> Finding {
        let name = "print.acme.example".parse().unwrap();
        let gateways = [["192.0.2.7"], ["192.0.2.8"]];
        let gateways = gateways.map(|of| of.map(|at| at.parse().unwrap()).into());
        said.judge(&name, SITE, &gateways, binding)
    }

    #[test]
    fn a_name_is_well_set_when_nobody_else_gets_a_certificate() {
        let found = judged(&said(), Some(&binding()));
        assert_eq!(found.verdict, Verdict::Good, "{found:?}");
        let found = judged(&said(), None);
        assert_eq!(found.verdict, Verdict::Doubtful, "{found:?}");
        let alias = Said {
            alias: Some("desk.acme.gw.example.".to_owned()),
            ..said()
        };
        let found = judged(&alias, Some(&binding()));
        assert_eq!(found.verdict, Verdict::Doubtful);
        assert!(found.detail.contains("CNAME"), "{found:?}");
        let unsaid = Said {
            certifiers: Vec::new(),
            ..said()
        };
        assert_eq!(judged(&unsaid, Some(&binding())).verdict, Verdict::Doubtful);
        // Half of it at one gateway and half at another leads to none.
        let mut both = said();
        both.answers.addresses.insert("192.0.2.8".parse().unwrap());
        let found = judged(&both, Some(&binding()));
        assert_eq!(found.verdict, Verdict::Bad, "{found:?}");
    }
}
