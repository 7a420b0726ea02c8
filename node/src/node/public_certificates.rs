//! Certificates for the names that this node has at gateways: got when a place is open, kept, and renewed.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use papermesh_door::acme::{AcmeAccount, AcmeError, CertificateAuthority};
use papermesh_door::{GatewayStatus, PlaceState};
use papermesh_protocol::gateway::name::HostName;
use papermesh_protocol::id::GatewayId;
use papermesh_protocol::remedy::Remedy;
use papermesh_protocol::time::Timestamp;
use papermesh_protocol::web::WebKey;
use papermesh_services::clock;
use papermesh_services::vault::{Vault, VaultError};
use papermesh_store::offload::offload;
use papermesh_store::{OrdersRow, PublicCertificateRow, Store, StoreError, site};
use papermesh_web::PublicCertificateError;
use serde_bytes::ByteBuf;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::acme_orders::{self, TooEarly};
use super::place_certificates::{Issued, PlaceCertificateError, PlaceCertificates};
use super::place_records::PlaceRecords;

/// How often certificates are looked at.
const LOOK: Duration = Duration::from_secs(60 * 60);
/// How long to wait after a failure; it doubles with each further one. Authorities allow few failures in an
/// hour: Let's Encrypt five of one name.
const FIRST_WAIT: Duration = Duration::from_secs(10 * 60);
/// The longest.
const LONGEST_WAIT: Duration = Duration::from_secs(6 * 60 * 60);

/// What gets and keeps them.
pub(super) struct PublicCertificatesKeeper {
    pub(super) store: Store,
    pub(super) vault: Vault,
    pub(super) authority: CertificateAuthority,
    pub(super) certificates: PlaceCertificates,
    /// Tells members which keys there are.
    pub(super) records: PlaceRecords,
    pub(super) status: watch::Receiver<BTreeMap<GatewayId, GatewayStatus>>,
}

/// What is known of names in this run of the node.
#[derive(Default)]
struct Known {
    /// Those that were looked at.
    looked_at: BTreeSet<HostName>,
    /// What the authority advised: until when that is good, and when to renew, if it said so.
    advice: BTreeMap<HostName, (Timestamp, Option<Timestamp>)>,
}

/// Why a name has no certificate.
#[derive(Debug, thiserror::Error)]
enum KeepError {
    #[error(transparent)]
    Acme(#[from] AcmeError),
    #[error(transparent)]
    TooEarly(#[from] TooEarly),
    #[error(transparent)]
    Request(#[from] PublicCertificateError),
    #[error(transparent)]
    Kept(#[from] PlaceCertificateError),
    #[error(transparent)]
    Vault(#[from] VaultError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Remedy for KeepError {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Acme(error) => error.remedy(),
            Self::Vault(error) => error.remedy(),
            Self::Store(error) => error.remedy(),
            Self::Kept(error) => error.remedy(),
            Self::Request(_) | Self::TooEarly(_) => None,
        }
    }
}

impl PublicCertificatesKeeper {
    /// Keeps a certificate for every name that is open, for as long as it is let run.
    pub(super) async fn run(mut self) {
        let mut account = None;
        let (mut wait, mut due) = (FIRST_WAIT, Instant::now());
        let mut known = Known::default();
        loop {
            tokio::select! {
                () = sleep_until(due) => {}
                // A name that is open for the first time is looked at at once, whatever others came to.
                changed = self.status.changed() => {
                    if changed.is_err() {
                        return;
                    }
                    if self.names().is_subset(&known.looked_at) {
                        continue;
                    }
                }
            }
            match self.look(&mut account, &mut known).await {
                Ok(()) => {
                    wait = FIRST_WAIT;
                    due = Instant::now() + LOOK;
                }
                Err(error) => {
                    tracing::warn!(error = %error.in_full(), "a place has no certificate of the Internet's");
                    due = Instant::now() + wait;
                    wait = (wait * 2).min(LONGEST_WAIT);
                }
            }
        }
    }

    /// The names that are open.
    fn names(&self) -> BTreeSet<HostName> {
        let status = self.status.borrow();
        let places = status.values().flat_map(|gateway| &gateway.places);
        let names = places.filter_map(|(_, state)| match state {
            PlaceState::Open(names) => Some(names),
            // Who knocks for a certificate does not wake the door.
            PlaceState::Asked | PlaceState::Asleep(_) | PlaceState::Refused(_) => None,
        });
        names.flatten().cloned().collect()
    }

    /// Gets what is lacking or due. One name that fails keeps no other from its certificate.
    async fn look(
        &self,
        account: &mut Option<AcmeAccount>,
        known: &mut Known,
    ) -> Result<(), KeepError> {
        let mut looked = Ok(());
        for name in self.names() {
            known.looked_at.insert(name.clone());
            if let Err(error) = self.certify(account, &name, known).await {
                looked = Err(error);
            }
        }
        looked
    }

    async fn certify(
        &self,
        account: &mut Option<AcmeAccount>,
        name: &HostName,
        known: &mut Known,
    ) -> Result<(), KeepError> {
        let mut replaced = None;
        if let Some(row) = self.certificates.kept(name).await? {
            let advised = self.advised(account, name, &row, known).await;
            if advised.unwrap_or(row.due_at) > clock::now() {
                return Ok(());
            }
            replaced = advised.map(|_| row.chain);
        }
        let orders = self.orders().await?;
        acme_orders::may(&orders, name, clock::now())?;
        let account = self.opened(account).await?;
        self.order(account, name, replaced.as_deref()).await?;
        // It was about the one before.
        known.advice.remove(name);
        Ok(())
    }

    /// When the authority advises to renew a certificate. One that cannot be asked advises nothing.
    async fn advised(
        &self,
        account: &mut Option<AcmeAccount>,
        name: &HostName,
        row: &PublicCertificateRow,
        known: &mut Known,
    ) -> Option<Timestamp> {
        let now = clock::now();
        if let Some((good_until, renew_at)) = known.advice.get(name)
            && *good_until > now
        {
            return *renew_at;
        }
        let advice = async {
            let account = self.opened(account).await?;
            Ok::<_, KeepError>(account.advice(&row.chain).await?)
        };
        let advice = advice.await.unwrap_or_else(|error| {
            tracing::debug!(%name, error = %error.in_full(), "the certificate authority gives no advice");
            None
        });
        let good_for = advice.map_or(LOOK, |advice| advice.good_for);
        // One that advises to renew too late is believed only so far.
        let latest = row.due_at + row.not_after.since(row.due_at) / 2;
        let renew_at = advice.map(|advice| advice.renew_at.min(latest));
        known
            .advice
            .insert(name.clone(), (now + good_for, renew_at));
        renew_at
    }

    async fn orders(&self) -> Result<OrdersRow, StoreError> {
        let kept = offload(&self.store, |store| store.site().get(&site::ACME_ORDERS)).await?;
        Ok(kept.unwrap_or_default())
    }

    async fn change_orders(
        &self,
        change: impl FnOnce(&mut OrdersRow) + Send + 'static,
    ) -> Result<(), StoreError> {
        offload(&self.store, move |store| {
            store.site().change(&site::ACME_ORDERS, change)
        })
        .await
    }

    /// The account, opened when it is needed for the first time.
    async fn opened<'a>(
        &self,
        account: &'a mut Option<AcmeAccount>,
    ) -> Result<&'a AcmeAccount, KeepError> {
        Ok(match account {
            Some(account) => account,
            None => account.insert(self.account().await?),
        })
    }

    /// This node's account, which is opened once.
    async fn account(&self) -> Result<AcmeAccount, KeepError> {
        let directory = &self.authority.directory;
        let kept = offload(&self.store, |store| store.site().get(&site::ACME_ACCOUNT)).await?;
        if let Some(kept) = kept
            && let Ok(opened) = self.vault.open_acme_account(directory, &kept)
        {
            match self.authority.resume(&opened).await {
                // One that cannot be read is replaced.
                Err(AcmeError::Account) => {}
                resumed => return Ok(resumed?),
            }
        }
        let registered = self.authority.register().await;
        if let Err(AcmeError::RateLimited { until, why }) = &registered {
            let (until, why) = (*until, why.clone());
            self.change_orders(move |orders| acme_orders::refuse(orders, None, (until, &why)))
                .await?;
        }
        let (account, secret) = registered?;
        let sealed = ByteBuf::from(self.vault.seal_acme_account(directory, &secret)?);
        let kept: Result<(), StoreError> = offload(&self.store, move |store| {
            store.site().put(&site::ACME_ACCOUNT, &sealed)
        })
        .await;
        kept?;
        Ok(account)
    }

    async fn order(
        &self,
        account: &AcmeAccount,
        name: &HostName,
        replaced: Option<&str>,
    ) -> Result<(), KeepError> {
        let key = WebKey::random(&mut rand::rng());
        let request = papermesh_web::signing_request(name.as_str(), &key)?;
        let ordered = name.clone();
        self.change_orders(move |orders| acme_orders::begin(orders, &ordered, clock::now()))
            .await?;
        // Whoever sees the new key from outside is to know that it is this node's.
        self.records.ordered(name, key.public().digest()).await;
        let ordered = self
            .ordered(account, (name, &key), &request, replaced)
            .await;
        self.records.settled(name).await;
        ordered
    }

    async fn ordered(
        &self,
        account: &AcmeAccount,
        (name, key): (&HostName, &WebKey),
        request: &[u8],
        replaced: Option<&str>,
    ) -> Result<(), KeepError> {
        let show = |digest: &[u8]| self.certificates.challenge(name, digest);
        let issued = match account.order(name, (request, replaced), show).await {
            Err(AcmeError::RateLimited { until, why }) => {
                let (of, said) = (name.clone(), why.clone());
                self.change_orders(move |orders| {
                    acme_orders::refuse(orders, Some(&of), (until, &said));
                })
                .await?;
                return Err(AcmeError::RateLimited { until, why }.into());
            }
            issued => issued?,
        };
        let (until, due_at): (Timestamp, Timestamp) = (issued.not_after, issued.due_at());
        let issued = Issued {
            chain: issued.chain,
            key,
            not_after: until,
            due_at,
        };
        self.certificates.keep(name, issued).await?;
        tracing::info!(%name, %until, "a place has a certificate of the Internet's");
        Ok(())
    }
}
