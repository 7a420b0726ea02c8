//! Why there is no certificate for the web.

use std::borrow::Cow;

use papermesh_frame::FrameError;
use papermesh_mesh::MeshError;
use papermesh_protocol::remedy::Remedy;
use papermesh_protocol::web::WebError;
use papermesh_store::StoreError;
use papermesh_web::SiteCertificateError;

use crate::vault::VaultError;

/// Why an admin's node gave nothing.
#[derive(Debug, thiserror::Error)]
pub enum WebCertificateError {
    /// No admin's node is connected.
    #[error("no admin's node is connected")]
    NoAdmin,
    /// It cannot be reached.
    #[error(transparent)]
    Mesh(#[from] MeshError),
    /// It broke off.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// It said nothing.
    #[error("the admin's node closed the connection")]
    HungUp,
    /// It said no, or something that is not to be believed.
    #[error(transparent)]
    Web(#[from] WebError),
    /// What it gave is not what it should be.
    #[error("the admin's answer cannot be trusted: {0}")]
    Certificate(#[from] SiteCertificateError),
    /// The key could not be sealed.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// What it gave could not be kept.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Remedy for WebCertificateError {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Mesh(error) => error.remedy(),
            Self::Web(error) => error.remedy(),
            Self::Vault(error) => error.remedy(),
            Self::Store(error) => error.remedy(),
            _ => None,
        }
    }
}
