//! A certificate for a name, from a certificate authority (RFC 8555) that asks through the gateway who
//! has the name (TLS-ALPN-01, RFC 8737). The key never leaves this node.

mod advice;
mod http;

use std::borrow::Cow;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use instant_acme::{
    Account, AccountBuilder, AccountCredentials, AuthorizationStatus, ChallengeType, Identifier,
    NewAccount, NewOrder, OrderStatus, RetryPolicy,
};
use papermesh_protocol::gateway::name::HostName;
use papermesh_protocol::remedy::Remedy;
use papermesh_protocol::text::clean;
use papermesh_protocol::time::Timestamp;
use serde::Deserialize;
use tokio::time::timeout;
use x509_parser::parse_x509_certificate;
use x509_parser::pem::parse_x509_pem;
use zeroize::Zeroizing;

use self::http::{Heard, Requests};

pub use advice::Advice;

/// How long an order may take, with the questions of the authority.
const ORDER: Duration = Duration::from_secs(3 * 60);
/// How long the authority may take for one step.
const STEP: Duration = Duration::from_secs(60);

/// The certificate authority that a node asks.
#[derive(Clone, Debug)]
pub struct CertificateAuthority {
    /// Its directory, an `https` URL.
    pub directory: String,
    /// The certificate by which its own is verified, PEM; without one those that this computer trusts.
    pub root: Option<PathBuf>,
}

/// A certificate as it was issued.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issued {
    /// The chain, PEM, the name's own certificate first.
    pub chain: String,
    /// Since when it is valid,
    pub not_before: Timestamp,
    /// and until when.
    pub not_after: Timestamp,
}

impl Issued {
    /// When it is to be renewed: when a third of its life is left.
    #[must_use]
    pub fn due_at(&self) -> Timestamp {
        self.not_after - self.not_after.since(self.not_before) / 3
    }
}

/// Why there is no certificate.
#[derive(Debug, thiserror::Error)]
pub enum AcmeError {
    /// The authority cannot be asked, or refuses.
    #[error("the certificate authority: {}", whole(.0))]
    Authority(#[from] instant_acme::Error),
    /// It does not ask in the only way that leads through a gateway.
    #[error("the certificate authority does not offer the challenge tls-alpn-01")]
    NoChallenge,
    /// What it is to be shown cannot be shown.
    #[error("{0}")]
    Challenge(String),
    /// It did not see what it wanted to see.
    #[error("the certificate authority did not reach {name} through the gateway: {why}")]
    NotSeen {
        /// The name.
        name: HostName,
        /// What it says.
        why: String,
    },
    /// It takes no orders for some time.
    #[error("the certificate authority takes no order before {until}: {why}")]
    RateLimited {
        /// Until then.
        until: Timestamp,
        /// Why, in its words.
        why: String,
    },
    /// It took too long.
    #[error("the certificate authority took too long")]
    Timeout,
    /// What was kept of the account cannot be read.
    #[error("what is kept of the account with the certificate authority cannot be read")]
    Account,
    /// What it issued is no certificate.
    #[error("the certificate authority's answer is no certificate")]
    Malformed,
}

impl Remedy for AcmeError {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        let remedy = match self {
            Self::Authority(_) | Self::Timeout => {
                "let this computer reach the authority, or name another with `acme` in papermesh.toml"
            }
            Self::RateLimited { .. } => "wait; this node orders again by itself",
            Self::NoChallenge => "name another authority with `acme` in papermesh.toml",
            Self::NotSeen { .. } => {
                "ask the gateway's provider whether the name leads to the gateway"
            }
            _ => return None,
        };
        Some(remedy.into())
    }
}

/// This node's account with an authority.
pub struct AcmeAccount {
    account: Account,
    heard: Heard,
}

/// How an authority says that it was asked too often (RFC 8555 section 6.7).
const RATE_LIMITED: &str = "urn:ietf:params:acme:error:rateLimited";
/// How long an authority is left alone that does not say how long it wants to be.
const PATIENCE: Duration = Duration::from_secs(6 * 60 * 60);
/// The longest text of an authority that is kept, in bytes.
const WHY: usize = 500;

/// What an authority says by an error.
fn judged(error: instant_acme::Error, heard: &Heard) -> AcmeError {
    let problem = match &error {
        instant_acme::Error::Api(problem) => problem,
        _ => return error.into(),
    };
    if problem.r#type.as_deref() != Some(RATE_LIMITED) {
        return error.into();
    }
    let until = heard.take().unwrap_or_else(|| now() + PATIENCE);
    let why = problem
        .detail
        .as_deref()
        .unwrap_or("it was asked too often");
    AcmeError::RateLimited {
        until,
        why: clean(why, WHY),
    }
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    Timestamp::from_secs(since.map_or(0, |since| since.as_secs()))
}

impl CertificateAuthority {
    fn builder(&self, heard: &Heard) -> Result<AccountBuilder, AcmeError> {
        let requests = Requests::new(self.root.as_deref(), heard.clone())?;
        Ok(Account::builder_with_http(Box::new(requests)))
    }

    /// Opens an account, which accepts the authority's terms. What is to be kept of it is secret.
    ///
    /// # Errors
    /// [`AcmeError`].
    pub async fn register(&self) -> Result<(AcmeAccount, Zeroizing<Vec<u8>>), AcmeError> {
        let new = NewAccount {
            contact: &[],
            terms_of_service_agreed: true,
            only_return_existing: false,
        };
        let heard = Heard::default();
        let registering = self
            .builder(&heard)?
            .create(&new, self.directory.clone(), None);
        let registered = timeout(STEP, registering).await;
        let registered = registered.map_err(|_| AcmeError::Timeout)?;
        let (account, credentials) = registered.map_err(|error| judged(error, &heard))?;
        let kept = serde_json::to_vec(&credentials).map_err(|_| AcmeError::Malformed)?;
        Ok((AcmeAccount { account, heard }, Zeroizing::new(kept)))
    }

    /// Goes on with an account of which this was kept.
    ///
    /// # Errors
    /// [`AcmeError`].
    pub async fn resume(&self, kept: &[u8]) -> Result<AcmeAccount, AcmeError> {
        let credentials: AccountCredentials =
            serde_json::from_slice(kept).map_err(|_| AcmeError::Account)?;
        let heard = Heard::default();
        let resuming = self.builder(&heard)?.from_credentials(credentials);
        let resumed = timeout(STEP, resuming).await;
        let account = resumed.map_err(|_| AcmeError::Timeout)??;
        Ok(AcmeAccount { account, heard })
    }

    /// By what name domains let this authority certify them (RFC 8555 section 9.7.6, `caaIdentities`); none if it does
    /// not say.
    ///
    /// # Errors
    /// [`AcmeError`].
    pub async fn caa_identity(&self) -> Result<Option<HostName>, AcmeError> {
        let requests = Requests::new(self.root.as_deref(), Heard::default())?;
        let asked = timeout(STEP, requests.directory(&self.directory)).await;
        let directory = asked.map_err(|_| AcmeError::Timeout)??;
        let directory: Directory =
            serde_json::from_slice(&directory).map_err(|_| AcmeError::Malformed)?;
        let mut identities = directory.meta.caa_identities.into_iter();
        Ok(identities.find_map(|identity| identity.parse().ok()))
    }
}

/// What is read of an authority's directory.
#[derive(Deserialize)]
struct Directory {
    #[serde(default)]
    meta: Meta,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Meta {
    #[serde(default)]
    caa_identities: Vec<String>,
}

impl AcmeAccount {
    /// Its name, a URL at the authority: what a domain may bind its certificates to (RFC 8657 section 3).
    #[must_use]
    pub fn uri(&self) -> &str {
        self.account.id()
    }

    /// Orders a certificate for a name. `show` shows the authority the digest that it is given, for as long as
    /// what it returns is kept; `request` is the certificate signing request (RFC 2986), DER. `replaced` is the chain
    /// that it takes the place of, where the authority gave an [`Advice`] on that.
    ///
    /// # Errors
    /// [`AcmeError`].
    pub async fn order<T, E: std::fmt::Display>(
        &self,
        name: &HostName,
        (request, replaced): (&[u8], Option<&str>),
        show: impl Fn(&[u8]) -> Result<T, E>,
    ) -> Result<Issued, AcmeError> {
        let ordering = async {
            let identifiers = [Identifier::Dns(name.to_string())];
            let mut wanted = NewOrder::new(&identifiers);
            if let Some(replaced) = replaced {
                wanted = wanted.replaces(advice::identifier(replaced)?);
            }
            let mut order = (self.account.new_order(&wanted).await)
                .map_err(|error| judged(error, &self.heard))?;
            let mut shown = Vec::new();
            let mut authorizations = order.authorizations();
            while let Some(authorization) = authorizations.next().await {
                let mut authorization = authorization?;
                if authorization.status == AuthorizationStatus::Valid {
                    continue;
                }
                let mut challenge = authorization
                    .challenge(ChallengeType::TlsAlpn01)
                    .ok_or(AcmeError::NoChallenge)?;
                let digest = challenge.key_authorization().digest();
                shown.push(
                    show(digest.as_ref())
                        .map_err(|error| AcmeError::Challenge(error.to_string()))?,
                );
                challenge.set_ready().await?;
            }
            let patience = RetryPolicy::new().timeout(STEP);
            if order.poll_ready(&patience).await? != OrderStatus::Ready {
                let why = order.state().error.as_ref().map(ToString::to_string);
                return Err(AcmeError::NotSeen {
                    name: name.clone(),
                    why: why.unwrap_or_else(|| "it says no more".to_owned()),
                });
            }
            drop(shown);
            (order.finalize_csr(request).await).map_err(|error| judged(error, &self.heard))?;
            read(order.poll_certificate(&patience).await?)
        };
        timeout(ORDER, ordering)
            .await
            .map_err(|_| AcmeError::Timeout)?
    }
}

/// An error with all that led to it.
fn whole(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        // Some libraries say their cause in their own words already.
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    text
}

/// Reads until when a chain is valid.
fn read(chain: String) -> Result<Issued, AcmeError> {
    let (_, pem) = parse_x509_pem(chain.as_bytes()).map_err(|_| AcmeError::Malformed)?;
    let (_, certificate) =
        parse_x509_certificate(&pem.contents).map_err(|_| AcmeError::Malformed)?;
    let moment = |time: x509_parser::time::ASN1Time| {
        let seconds = u64::try_from(time.timestamp()).map_err(|_| AcmeError::Malformed)?;
        Ok::<_, AcmeError>(Timestamp::from_secs(seconds))
    };
    let validity = certificate.validity();
    let (not_before, not_after) = (moment(validity.not_before)?, moment(validity.not_after)?);
    Ok(Issued {
        chain,
        not_before,
        not_after,
    })
}
