//! What outlives the node, so that a proxy's next request just works after it was started again: what it said of its
//! printer, and its subscriptions. And what ends at once: all that goes on with a token that is withdrawn.

use std::collections::BTreeSet;

use papermesh_device::{Change, ProxyId};
use papermesh_ipp_message::message::Failure;
use papermesh_ipp_message::status::Status;
use papermesh_protocol::id::TokenDigest;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::watch;

use crate::server::InfraServer;
use crate::tokens::{NotKept, Registration, Tokens};

impl<T: Tokens> InfraServer<T> {
    /// Takes what is kept.
    pub(super) async fn remember(&self) -> Result<(), NotKept> {
        let mut kept = self.kept.lock().await;
        for admitted in self.tokens.good().await? {
            let registration = self.tokens.kept(admitted.token).await?;
            if let Some(proxy) = &admitted.proxy {
                (self.device).remember(proxy.clone(), &registration.attributes);
            }
            let subscriptions = registration.subscriptions.iter().cloned();
            self.subscriptions.restore(subscriptions, (self.clock)());
            drop(self.sessions.open(&admitted));
            kept.insert(admitted.token, registration);
        }
        Ok(())
    }

    /// Keeps what whoever shows a token has said; what is kept already is not written again.
    pub(super) async fn keep(
        &self,
        token: TokenDigest,
        proxy: Option<&ProxyId>,
    ) -> Result<(), NotKept> {
        let mut kept = self.kept.lock().await;
        let registration = Registration {
            attributes: proxy.map_or_else(Vec::new, |proxy| self.device.said_by(proxy)),
            subscriptions: self.subscriptions.kept_of(&token),
        };
        if kept.get(&token) != Some(&registration) {
            self.tokens.keep(token, registration.clone()).await?;
            kept.insert(token, registration);
        }
        Ok(())
    }

    /// Follows what happens: tells subscribers.
    pub(super) async fn follow(&self, mut changes: broadcast::Receiver<Change>) {
        // Of subscriptions that were kept something else is to be kept from now on.
        self.keep_all().await;
        loop {
            match changes.recv().await {
                Ok(change) if self.tell(change) => self.keep_all().await,
                // What was missed is in Get-Jobs.
                Ok(_) | Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return,
            }
        }
    }

    async fn keep_all(&self) {
        for (token, proxy) in self.sessions.all() {
            if let Err(error) = self.keep(token, proxy.as_ref()).await {
                tracing::warn!(%error, "subscriptions of a proxy are not kept");
            }
        }
    }

    /// Ends what goes on with tokens that are withdrawn, at once.
    pub(super) async fn watch(&self, mut withdrawn: watch::Receiver<()>) {
        while withdrawn.changed().await.is_ok() {
            let good = match self.tokens.good().await {
                Ok(good) => good,
                Err(error) => {
                    tracing::warn!(%error, "device tokens cannot be read");
                    continue;
                }
            };
            let good: BTreeSet<TokenDigest> = good.iter().map(|good| good.token).collect();
            for (token, proxy) in self.sessions.all() {
                if !good.contains(&token) {
                    self.sessions.close(&token);
                    self.forget(token, proxy.as_ref());
                    self.kept.lock().await.remove(&token);
                }
            }
        }
    }

    /// Whoever showed this token has no say any more.
    pub(super) fn forget(&self, token: TokenDigest, proxy: Option<&ProxyId>) {
        self.subscriptions.end(&token);
        if let Some(proxy) = proxy {
            self.device.leave(proxy);
        }
    }
}

/// The failure of an operation of which something is not kept.
impl From<NotKept> for Failure {
    fn from(error: NotKept) -> Self {
        Self::new(Status::InternalError, error.to_string())
    }
}
