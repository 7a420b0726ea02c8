//! What this computer knows of its users, for those who ask.

use papermesh_protocol::id::NodeId;
use papermesh_protocol::text::{Name, UserId};
use papermesh_protocol::user::UserState;

use super::{LocalUsers, LocalUsersError};
use crate::network::Network;

/// A user as this computer knows them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Here {
    /// The user.
    pub user: UserId,
    /// The user's name.
    pub display: Name,
    /// Whether the user may print.
    pub state: UserState,
    /// How many badges the user has.
    pub badges: u32,
    /// Whether the user enrolled here.
    pub enrolled: bool,
    /// Computers that were linked to this one.
    pub computers: Vec<Further>,
}

/// A computer that was linked to this one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Further {
    /// The computer.
    pub node: NodeId,
    /// The node's name.
    pub name: Name,
    /// Whether it has an older PIN than this one.
    pub outdated: bool,
}

impl<N: Network> LocalUsers<N> {
    /// A user who enrolled or is linked here. Without a user it is the only one who enrolled.
    ///
    /// # Errors
    /// [`LocalUsersError::NobodyEnrolled`], [`LocalUsersError::WhichUser`],
    /// [`LocalUsersError::NotEnrolled`].
    pub async fn show(&self, user: Option<UserId>) -> Result<Here, LocalUsersError> {
        let user = self.whom(user).await?;
        let unknown = || LocalUsersError::NotEnrolled(user.clone());
        let row = self.row(&user).await?.ok_or_else(unknown)?;
        let entry = self.entry(&user, &row).await.ok_or_else(unknown)?;
        let computers = row.linked.iter().map(|linked| Further {
            node: linked.node,
            name: linked.name.clone(),
            outdated: linked.pin_epoch < row.pin_epoch,
        });
        Ok(Here {
            display: entry.display.clone(),
            state: entry.state,
            badges: u32::try_from(entry.badges.len()).unwrap_or(u32::MAX),
            enrolled: row.sealed_user_key.is_some(),
            computers: computers.collect(),
            user,
        })
    }
}
