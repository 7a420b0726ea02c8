//! The portal of a computer: put together.

use papermesh_mesh::Membership;
use papermesh_protocol::certificate::{Role, Roles};
use papermesh_protocol::remedy::Remedy;
use papermesh_web::ListenError;

use super::NodeError;
use crate::config::Config;
use crate::portal::Portal;

/// Whether anybody has a page at a node with these roles: the users of a computer that holds jobs, and
/// admins.
pub(super) fn has_pages(roles: Roles) -> bool {
    roles.may_hold() || roles.has(Role::Admin)
}

/// Opens the portal, unless it is switched off or would have a page for nobody. Its address may be taken:
/// then this computer has none, and `status` and `doctor` say so.
pub(super) async fn open(
    config: &Config,
    membership: &Membership,
) -> Result<Option<Portal>, NodeError> {
    let roles = membership.certificate().roles;
    let Some(address) = config.portal.address().filter(|_| has_pages(roles)) else {
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
            tracing::info!(url = portal.links().url(), "portal");
            Ok(Some(portal))
        }
        Err(error @ ListenError::Address { .. }) => {
            tracing::warn!(error = %error.in_full(), "no portal; choose another address with --portal");
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_without_users_and_without_an_admin_has_no_portal() {
        for role in [Role::Client, Role::SharedClient, Role::Admin] {
            assert!(has_pages(Roles::of(&[role])), "{role:?}");
            assert!(has_pages(Roles::of(&[role, Role::Bootstrap])), "{role:?}");
        }
        for roles in [&[Role::Bootstrap][..], &[Role::Printer]] {
            assert!(!has_pages(Roles::of(roles)), "{roles:?}");
        }
    }
}
