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
use tokio::time::sleep;

use crate::limits;
use crate::server::InfraServer;
use crate::tokens::{Admitted, NotKept, Registration, Tokens};

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
                Ok(_) => {}
                Err(RecvError::Lagged(_)) => self.tell_again().await,
                Err(RecvError::Closed) => return,
            }
        }
    }

    /// More happened than was told in time: how everything is now is told instead. A proxy that waits for a job would
    /// else wait for the next one.
    async fn tell_again(&self) {
        let mut is_other = false;
        for change in self.device.standing() {
            is_other |= self.tell(change);
        }
        if is_other {
            self.keep_all().await;
        }
    }

    async fn keep_all(&self) {
        for Admitted { token, proxy } in self.sessions.all() {
            if let Err(error) = self.keep(token, proxy.as_ref()).await {
                tracing::warn!(%error, "subscriptions of a proxy are not kept");
            }
        }
    }

    /// Ends what goes on with tokens that are withdrawn, at once.
    pub(super) async fn watch(&self, mut withdrawn: watch::Receiver<()>) {
        while withdrawn.changed().await.is_ok() {
            let good = self.good().await;
            for admitted in self.sessions.all() {
                if !good.contains(&admitted.token) {
                    self.end(&admitted);
                    self.kept.lock().await.remove(&admitted.token);
                }
            }
        }
    }

    /// The tokens that are good, once that can be read.
    async fn good(&self) -> BTreeSet<TokenDigest> {
        loop {
            match self.tokens.good().await {
                Ok(good) => return good.into_iter().map(|good| good.token).collect(),
                Err(error) => {
                    tracing::warn!(%error, "device tokens cannot be read; it is tried again");
                    sleep(limits::UNREADABLE).await;
                }
            }
        }
    }

    /// A token is not good any more: what goes on with it ends.
    pub(super) fn end(&self, admitted: &Admitted) {
        self.sessions.close(&admitted.token);
        self.forget(admitted.token, admitted.proxy.as_ref());
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
