//! What the infrastructure printer asks of whoever keeps device tokens, and nothing of how it is done.

use std::future::Future;

use papermesh_device::ProxyId;
use papermesh_ipp_message::subscriptions;
use papermesh_protocol::gateway::token::DeviceToken;
use papermesh_protocol::id::TokenDigest;
use tokio::sync::watch;

/// A subscription that outlives the node.
pub type KeptSubscription = subscriptions::Kept<TokenDigest>;

/// Keeps device tokens, and what their proxies need not say again when the node was started again.
pub trait Tokens: Clone + Send + Sync + 'static {
    /// Whose token this is. A proxy that says for the first time which it is has the token from then on,
    /// alone; when this returns, that is durable.
    fn admit(
        &self,
        token: &DeviceToken,
        proxy: Option<&ProxyId>,
    ) -> impl Future<Output = Result<Admitted, NotAdmitted>> + Send;

    /// The tokens that are good now.
    fn good(&self) -> impl Future<Output = Result<Vec<Admitted>, NotKept>> + Send;

    /// Changes whenever a token is withdrawn.
    fn withdrawn(&self) -> watch::Receiver<()>;

    /// What is kept for the proxy that has a token.
    fn kept(
        &self,
        token: TokenDigest,
    ) -> impl Future<Output = Result<Registration, NotKept>> + Send;

    /// Keeps it, durably when this returns; nothing where the token is not good any more.
    fn keep(
        &self,
        token: TokenDigest,
        registration: Registration,
    ) -> impl Future<Output = Result<(), NotKept>> + Send;
}

/// What a proxy has said that it need not say again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Registration {
    /// What its printer is and can do, as [`papermesh_device::InfraDevice::said_by`] gives it.
    pub attributes: Vec<u8>,
    /// Its subscriptions to the printer.
    pub subscriptions: Vec<KeptSubscription>,
}

/// Something cannot be kept, or read again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotKept(pub String);

/// A token is good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admitted {
    /// Names the token.
    pub token: TokenDigest,
    /// The proxy that has it; none until one has said which it is.
    pub proxy: Option<ProxyId>,
}

/// A token is not good.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAdmitted {
    /// There is none like it.
    #[error("the device token is wrong")]
    Unknown,
    /// It is another proxy's.
    #[error("this device token is another output device's")]
    Another,
    /// That cannot be found out now.
    #[error("{0}")]
    Failed(String),
}
