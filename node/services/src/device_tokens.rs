//! Device tokens of a printer: who may fetch what is released here. They are few, made by hand, and kept by
//! their digests. With each is kept what its proxy said, which it need not say again when the node was started again.

use std::borrow::Cow;

use papermesh_protocol::gateway::token::DeviceToken;
use papermesh_protocol::id::TokenDigest;
use papermesh_protocol::remedy::Remedy;
use papermesh_protocol::text::Name;
use papermesh_store::offload::offload;
use papermesh_store::site::DEVICE_TOKENS;
use papermesh_store::{DeviceTokenRow, ProxyRow, Store, StoreError};
use tokio::sync::watch;

use crate::audit::{Audit, Event, Kind};
use crate::clock;

/// Device tokens of one printer.
pub const MAX_TOKENS: usize = 16;

/// Why a device token is not made, found or good.
#[derive(Debug, thiserror::Error)]
pub enum DeviceTokenError {
    /// There is no room.
    #[error("this printer already has {MAX_TOKENS} device tokens")]
    TooMany,
    /// One is called so already.
    #[error("there is already a device token called {0}")]
    Taken(Name),
    /// None is called so.
    #[error("no device token is called {0}")]
    None(String),
    /// It is wrong.
    #[error("there is no such device token")]
    Unknown,
    /// Another output device has it.
    #[error("this device token is another output device's")]
    Another,
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Remedy for DeviceTokenError {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        let remedy = match self {
            Self::TooMany => "remove one that is not used any more (`papermesh infra list`)",
            Self::Taken(_) => "choose another name, or remove that one first",
            Self::None(_) => "see `papermesh infra list`",
            Self::Another => "make one for each (`papermesh infra add`)",
            Self::Unknown => return None,
            Self::Store(error) => return error.remedy(),
        };
        Some(remedy.into())
    }
}

/// The device tokens of this printer; cheap to clone.
#[derive(Clone)]
pub struct DeviceTokens {
    store: Store,
    audit: Audit,
    /// Changes whenever one is withdrawn.
    withdrawn: watch::Sender<()>,
}

impl DeviceTokens {
    /// Those that a store keeps.
    #[must_use]
    pub fn new(store: Store, audit: Audit) -> Self {
        let withdrawn = watch::Sender::new(());
        Self {
            store,
            audit,
            withdrawn,
        }
    }

    /// Changes whenever a token was withdrawn.
    #[must_use]
    pub fn withdrawn(&self) -> watch::Receiver<()> {
        self.withdrawn.subscribe()
    }

    /// Makes one. It is told once.
    ///
    /// # Errors
    /// [`DeviceTokenError::TooMany`], [`DeviceTokenError::Taken`].
    pub async fn make(
        &self,
        name: Name,
    ) -> Result<(DeviceToken, DeviceTokenRow), DeviceTokenError> {
        let token = DeviceToken::random(&mut rand::rng());
        let row = DeviceTokenRow {
            token: token.digest(),
            name,
            made_at: clock::now(),
            device: None,
        };
        // Written down first: nobody makes one in secret.
        self.record(Kind::TokenMade, &row).await;
        let new = row.clone();
        self.change(move |rows| match rows {
            rows if rows.iter().any(|other| other.name == new.name) => {
                Err(DeviceTokenError::Taken(new.name))
            }
            rows if rows.len() >= MAX_TOKENS => Err(DeviceTokenError::TooMany),
            rows => {
                rows.push(new);
                Ok(())
            }
        })
        .await?;
        Ok((token, row))
    }

    /// All of them, in the order in which they were made.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn all(&self) -> Result<Vec<DeviceTokenRow>, DeviceTokenError> {
        let all = offload(&self.store, |store| store.site().get(&DEVICE_TOKENS)).await?;
        Ok(all.unwrap_or_default())
    }

    /// Withdraws the one of this name: it is good for nothing from now on, and nothing that its proxy said is kept.
    ///
    /// # Errors
    /// [`DeviceTokenError::None`].
    pub async fn withdraw(&self, name: &str) -> Result<DeviceTokenRow, DeviceTokenError> {
        let meant = name.to_owned();
        let withdrawn = self
            .change(move |rows| {
                let place = rows.iter().position(|row| row.name.as_str() == meant);
                let place = place.ok_or(DeviceTokenError::None(meant))?;
                Ok(rows.remove(place))
            })
            .await?;
        self.withdrawn.send_replace(());
        let token = withdrawn.token;
        offload(&self.store, move |store| store.proxies().delete(&token)).await?;
        self.record(Kind::TokenWithdrawn, &withdrawn).await;
        Ok(withdrawn)
    }

    /// What is kept for the proxy that has a token.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn kept(&self, token: TokenDigest) -> Result<ProxyRow, DeviceTokenError> {
        let kept = offload(&self.store, move |store| store.proxies().get(&token)).await?;
        Ok(kept.unwrap_or_default())
    }

    /// Keeps it, durably; nothing if the token is withdrawn.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn keep(&self, token: TokenDigest, row: ProxyRow) -> Result<(), DeviceTokenError> {
        offload(&self.store, move |store| store.proxies().put(&token, &row)).await?;
        // Looked at afterwards: one that was withdrawn meanwhile leaves nothing behind.
        if find(&self.all().await?, token).is_none() {
            offload(&self.store, move |store| store.proxies().delete(&token)).await?;
        }
        Ok(())
    }

    /// What a token is, which a device shows that says that it is this one. The first to say so has the
    /// token from then on, durably.
    ///
    /// # Errors
    /// [`DeviceTokenError::Unknown`], [`DeviceTokenError::Another`].
    pub async fn admit(
        &self,
        token: &DeviceToken,
        device: Option<String>,
    ) -> Result<DeviceTokenRow, DeviceTokenError> {
        let digest = token.digest();
        let all = self.all().await?;
        let found = find(&all, digest).ok_or(DeviceTokenError::Unknown)?;
        match (&found.device, device) {
            (_, None) => Ok(found.clone()),
            (Some(known), Some(device)) if *known == device => Ok(found.clone()),
            (Some(_), Some(_)) => Err(DeviceTokenError::Another),
            (None, Some(device)) => self.bind(digest, device).await,
        }
    }

    async fn bind(
        &self,
        digest: TokenDigest,
        device: String,
    ) -> Result<DeviceTokenRow, DeviceTokenError> {
        self.change(move |rows| {
            if rows.iter().any(|row| row.device.as_ref() == Some(&device)) {
                return Err(DeviceTokenError::Another);
            }
            let row = rows.iter_mut().find(|row| row.token == digest);
            let row = row.ok_or(DeviceTokenError::Unknown)?;
            // Somebody else may have been faster.
            match row.device.get_or_insert_with(|| device.clone()) == &device {
                true => Ok(row.clone()),
                false => Err(DeviceTokenError::Another),
            }
        })
        .await
    }

    /// Changes what is kept, durably, and by nobody else meanwhile.
    async fn change<T: Send + 'static>(
        &self,
        change: impl FnOnce(&mut Vec<DeviceTokenRow>) -> Result<T, DeviceTokenError> + Send + 'static,
    ) -> Result<T, DeviceTokenError> {
        offload(&self.store, move |store| {
            let mut done = Err(DeviceTokenError::Unknown);
            let changed = |rows: &mut Vec<DeviceTokenRow>| done = change(rows);
            store.site().change(&DEVICE_TOKENS, changed)?;
            done
        })
        .await
    }

    async fn record(&self, kind: Kind, row: &DeviceTokenRow) {
        let told = format!("device token {} ({})", row.name, row.token);
        let event = Event::new(kind).because(told);
        self.audit.record_best_effort(event).await;
    }
}

fn find(rows: &[DeviceTokenRow], digest: TokenDigest) -> Option<&DeviceTokenRow> {
    rows.iter().find(|row| row.token == digest)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    async fn tokens() -> (tempfile::TempDir, DeviceTokens) {
        let home = tempfile::tempdir().unwrap();
        let store = Store::open(home.path()).unwrap();
        let key = ed25519_dalek::SigningKey::from_bytes(&[7; 32]);
        let audit = Audit::new(store.clone(), key, clock::now);
        (home, DeviceTokens::new(store, audit))
    }

    #[tokio::test]
    async fn the_first_device_that_shows_a_token_has_it() {
        let (_home, tokens) = tokens().await;
        let (token, row) = tokens.make("lobby".parse().unwrap()).await.unwrap();
        assert_eq!(row.device, None);
        let device = |name: &str| Some(name.to_owned());
        assert_eq!(tokens.admit(&token, None).await.unwrap().device, None);
        let bound = tokens.admit(&token, device("a")).await.unwrap();
        assert_eq!(bound.device, device("a"));
        let other = tokens.admit(&token, device("b")).await;
        assert!(matches!(other, Err(DeviceTokenError::Another)));
        // And a device has one token.
        let (second, _) = tokens.make("hall".parse().unwrap()).await.unwrap();
        let again = tokens.admit(&second, device("a")).await;
        assert!(matches!(again, Err(DeviceTokenError::Another)));
        tokens.withdraw("lobby").await.unwrap();
        let gone = tokens.admit(&token, device("a")).await;
        assert!(matches!(gone, Err(DeviceTokenError::Unknown)));
        tokens.admit(&second, device("a")).await.unwrap();
    }

    #[tokio::test]
    async fn what_a_proxy_said_is_kept_for_as_long_as_its_token_is_good() {
        let (_home, tokens) = tokens().await;
        let (_, row) = tokens.make("lobby".parse().unwrap()).await.unwrap();
        assert_eq!(tokens.kept(row.token).await.unwrap(), ProxyRow::default());
        let said = ProxyRow {
            attributes: vec![1, 2, 3].into(),
            subscriptions: Vec::new(),
        };
        tokens.keep(row.token, said.clone()).await.unwrap();
        assert_eq!(tokens.kept(row.token).await.unwrap(), said);
        let mut withdrawn = tokens.withdrawn();
        tokens.withdraw("lobby").await.unwrap();
        assert!(withdrawn.has_changed().unwrap());
        withdrawn.mark_unchanged();
        assert_eq!(tokens.kept(row.token).await.unwrap(), ProxyRow::default());
        tokens.keep(row.token, said).await.unwrap();
        assert_eq!(tokens.kept(row.token).await.unwrap(), ProxyRow::default());
    }

    #[tokio::test]
    async fn there_are_so_many_and_no_two_of_a_name() {
        let (_home, tokens) = tokens().await;
        for number in 0..MAX_TOKENS {
            tokens
                .make(format!("t{number}").parse().unwrap())
                .await
                .unwrap();
        }
        let twice = tokens.make("t1".parse().unwrap()).await;
        assert!(matches!(twice, Err(DeviceTokenError::Taken(_))));
        let more = tokens.make("more".parse().unwrap()).await;
        assert!(matches!(more, Err(DeviceTokenError::TooMany)));
        assert!(matches!(
            tokens.withdraw("x").await,
            Err(DeviceTokenError::None(_))
        ));
    }
}
