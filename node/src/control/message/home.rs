//! Becoming a member: what is asked of a home in which no node runs yet. These never cross the
//! control socket; they stand here because their answers are the same kind of output.

use std::path::PathBuf;

use papermesh_protocol::certificate::Role;
use papermesh_protocol::id::{NodeId, SiteId};
use papermesh_protocol::text::Name;
use papermesh_protocol::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::control::Passphrase;

/// Makes a new site, of which this device is the first member and the admin.
#[derive(Clone, Debug)]
pub struct InitSite {
    /// The site's name.
    pub site: Name,
    /// This node's name.
    pub name: Name,
    /// What it does besides being the admin.
    pub roles: Vec<Role>,
    /// Seals the authority key; without one the key lies open in a file of mode 0600.
    pub passphrase: Option<Passphrase>,
}

/// A site was made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Initialized {
    /// The site.
    pub site: SiteId,
    /// The site's name.
    pub site_name: Name,
    /// This node.
    pub node: NodeId,
    /// The node's name.
    pub name: Name,
    /// All its roles, `admin` among them.
    pub roles: Vec<Role>,
    /// Whether the authority key is sealed under a passphrase.
    pub sealed: bool,
    /// Opens the root of the site. Shown once, and kept nowhere.
    pub root_passphrase: Passphrase,
    /// Where it all is.
    pub home: PathBuf,
}

/// Makes this device a member of a site.
#[derive(Clone, Debug)]
pub struct JoinSite {
    /// The invite as its maker printed it; without one the site is found by mDNS.
    pub invite: Option<String>,
    /// The site to look for, by its name or the beginning of its id, where more than one is in
    /// reach. Without an invite only.
    pub site: Option<String>,
    /// What this device is to be. Without an invite only; an invite says it.
    pub roles: Vec<Role>,
    /// This node's name, where the invite leaves it open.
    pub name: Option<Name>,
}

/// How far joining has come.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "step")]
pub enum JoinStep {
    /// A site is looked for on the local network.
    Searching,
    /// The admin's node that the invite names is being asked.
    Asking,
    /// Both screens show these digits; the admin compares and approves.
    Compare {
        /// Six digits.
        digits: String,
        /// The site that is asked,
        site: SiteId,
        /// and its name, as it says.
        site_name: Name,
    },
}

/// This device is a member.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Joined {
    /// The site.
    pub site: SiteId,
    /// The site's name.
    pub site_name: Name,
    /// This node.
    pub node: NodeId,
    /// The node's name.
    pub name: Name,
    /// Its roles.
    pub roles: Vec<Role>,
    /// Until when its certificate is valid.
    pub not_after: Timestamp,
    /// Where it all is.
    pub home: PathBuf,
}
