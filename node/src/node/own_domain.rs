//! A name of a site's own domain: what its owner sets in DNS so that it leads to a place, and that no gateway can have it
//! certified; and what of that is seen there.

use std::collections::BTreeSet;
use std::io;
use std::net::IpAddr;
use std::time::Duration;

use papermesh_dns::Dns;
use papermesh_door::acme::CertificateAuthority;
use papermesh_protocol::gateway::contract::Gateways;
use papermesh_protocol::gateway::name::HostName;
use papermesh_protocol::gateway::own_name::{Answers, proof_name, proof_text};
use papermesh_protocol::id::SiteId;
use papermesh_protocol::remedy::Remedy;
use papermesh_services::vault::Vault;
use papermesh_store::offload::offload;
use papermesh_store::{Store, StoreError, site};
use tokio::net::lookup_host;
use tokio::time::timeout;

use super::doctor::{bad, doubtful, good};
use crate::control::message::Finding;

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

    /// The line that lets this node alone have a name certified (RFC 8657), without the name; none while it has no
    /// account yet, or the authority says no name of its own.
    async fn line(&self) -> Option<String> {
        let kept: Result<_, StoreError> =
            offload(&self.store, |store| store.site().get(&site::ACME_ACCOUNT)).await;
        let opened = self
            .vault
            .open_acme_account(&self.authority.directory, &kept.ok()??)
            .ok()?;
        let account = match self.authority.resume(&opened).await {
            Ok(account) => account,
            Err(error) => {
                tracing::info!(error = %error.in_full(), "the certificate authority was not asked for its name");
                return None;
            }
        };
        let issuer = self.authority.caa_identity().await.ok()??;
        Some(format!(
            "0 issue \"{issuer}; accounturi={}; validationmethods=tls-alpn-01\"",
            account.uri()
        ))
    }
}

/// The lines that a domain's owner sets, as a zone file has them.
pub(super) async fn lines(
    name: &HostName,
    site: SiteId,
    gateways: &Gateways,
    certifying: Option<&Certifying>,
) -> Vec<String> {
    let mut lines = Vec::new();
    for address in addresses(gateways).await {
        let kind = if address.is_ipv4() { "A" } else { "AAAA" };
        lines.push(format!("{name}. {kind} {address}"));
    }
    lines.push(format!(
        "{}. TXT \"{}\"",
        proof_name(name),
        proof_text(site)
    ));
    if let Some(certifying) = certifying
        && let Some(line) = certifying.line().await
    {
        lines.push(format!("{name}. CAA {line}"));
    }
    lines
}

/// Where the site's gateways are. A name can lead to one of them only; with several, each is a choice.
async fn addresses(gateways: &Gateways) -> BTreeSet<IpAddr> {
    let mut addresses = BTreeSet::new();
    for gateway in gateways.iter() {
        let domain = gateway.domain.to_string();
        let looked = timeout(LOOKUP, lookup_host((domain.as_str(), 443))).await;
        match looked.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())) {
            Ok(found) => addresses.extend(found.map(|socket| socket.ip())),
            Err(error) => tracing::info!(domain, %error, "a gateway's addresses were not found"),
        }
    }
    addresses
}

/// What DNS says of a name, as far as it is seen from here.
pub(super) async fn finding(
    name: &HostName,
    site: SiteId,
    gateways: &Gateways,
    certifying: Option<&Certifying>,
) -> Finding {
    const CHECK: &str = "domain";
    let asked = async {
        let dns = Dns::new(&[])?;
        let proof = proof_name(name);
        let (addresses, texts, certifiers) = tokio::join!(
            dns.addresses(name.as_str()),
            dns.texts(&proof),
            dns.certifiers(name.as_str())
        );
        let answers = Answers {
            addresses: addresses?,
            texts: texts?,
        };
        Ok::<_, papermesh_dns::DnsError>((answers, certifiers?))
    };
    let (answers, certifiers) = match asked.await {
        Ok(answers) => answers,
        Err(error) => {
            return doubtful(CHECK, error.to_string(), "let this computer ask DNS");
        }
    };
    if let Err(why) = answers.judge(site, &addresses(gateways).await) {
        return bad(CHECK, format!("{name}: {why}"), SET);
    }
    let ours = match certifying {
        Some(certifying) => certifying.line().await,
        None => None,
    };
    let is_bound = ours.is_some_and(|line| certifiers.iter().any(|set| is_same(set, &line)))
        && certifiers.iter().all(|set| set.contains("accounturi="));
    match is_bound {
        true => good(
            CHECK,
            format!(
                "{name} leads to the gateway, and only computers of this site can have it certified"
            ),
        ),
        false => doubtful(
            CHECK,
            format!(
                "{name} leads to the gateway, which could have it certified for itself: it has no CAA line that binds it to an account"
            ),
            SET,
        ),
    }
}

/// Whether two CAA values say the same, however they are spaced and quoted.
fn is_same(one: &str, other: &str) -> bool {
    let plain = |text: &str| text.replace(['"', ' '], "").to_ascii_lowercase();
    plain(one) == plain(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spaces_and_quotes_make_no_other_line() {
        let ours = "0 issue \"ca.example; accounturi=https://ca.example/1; validationmethods=tls-alpn-01\"";
        assert!(is_same(
            ours,
            "0 issue ca.example;accounturi=https://ca.example/1;validationmethods=tls-alpn-01"
        ));
        assert!(!is_same(ours, "0 issue \"ca.example\""));
    }
}
