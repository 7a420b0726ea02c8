//! The page of this computer's users: the link that opens it.

use papermesh_protocol::text::UserId;
use papermesh_protocol::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Asks for a link to the portal. Whoever may ask may do all that the page can anyhow.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OpenPortal {
    /// Whether it is to show the site to its admin, rather than jobs to their user.
    pub admin: bool,
    /// Whose page; needed only if there are several users here.
    pub user: Option<UserId>,
}

/// A link to the portal.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PortalLink {
    /// The link: it opens one page, once. What proves it stands behind the `#`, which browsers
    /// send nowhere.
    pub url: String,
    /// Names the link, and opens nothing.
    pub id: String,
    /// Six digits that the page asks for before it does what is grave. Whoever got hold of the link
    /// does not have them: they are to be shown in the terminal, and nowhere else.
    pub code: String,
    /// Whose page it is; none: the admin's.
    pub user: Option<UserId>,
    /// Good until then.
    pub expires_at: Timestamp,
}

/// Waits until a link was used, and for as long as it can be.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AwaitPage {
    /// The link's.
    pub id: String,
}

/// What became of a link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageOpened {
    /// Whether a browser opened the page with it.
    pub opened: bool,
}

impl std::fmt::Debug for PortalLink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Whoever has the link has the page.
        f.debug_struct("PortalLink")
            .field("user", &self.user)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}
