//! The portal of a computer: put together.

use papermesh_protocol::remedy::Remedy;

use super::NodeError;
use crate::config::Config;
use crate::mesh::Membership;
use crate::portal::Portal;
use crate::web::ListenError;

/// Opens the portal, unless it is switched off. Its address may be taken: then this computer has
/// none, and `status` and `doctor` say so.
pub(super) async fn open(
    config: &Config,
    membership: &Membership,
) -> Result<Option<Portal>, NodeError> {
    let Some(address) = config.portal.address() else {
        return Ok(None);
    };
    if !address.ip().to_canonical().is_loopback() {
        return Err(NodeError::PortalAddress(address));
    }
    let names = (
        membership.state().name.to_string(),
        membership.certificate().name.to_string(),
    );
    match Portal::open(address, names).await {
        Ok(portal) => {
            tracing::info!(url = portal.door().url(), "portal");
            Ok(Some(portal))
        }
        Err(error @ ListenError::Address { .. }) => {
            tracing::warn!(error = %error.in_full(), "no portal; choose another address with --portal");
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}
