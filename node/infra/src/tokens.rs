//! What the infrastructure printer asks of whoever keeps device tokens, and nothing of how it is done.

use std::future::Future;

use papermesh_device::ProxyId;
use papermesh_protocol::gateway::token::DeviceToken;
use papermesh_protocol::id::TokenDigest;

/// Keeps device tokens.
pub trait Tokens: Clone + Send + Sync + 'static {
    /// Whose token this is. A proxy that says for the first time which it is has the token from then on,
    /// alone; when this returns, that is durable.
    fn admit(
        &self,
        token: &DeviceToken,
        proxy: Option<&ProxyId>,
    ) -> impl Future<Output = Result<Admitted, NotAdmitted>> + Send;
}

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
