//! The node itself: how it is, what is wrong with it, what it did.

use std::borrow::Cow;

use papermesh_mesh::clocks::ClockOffset;
use papermesh_protocol::certificate::Role;
use papermesh_protocol::id::{JobId, NodeId, SiteId};
use papermesh_protocol::release::receipt::AuditHead;
use papermesh_protocol::remedy::Remedy;
use papermesh_protocol::text::{Name, UserId};
use papermesh_protocol::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::{GatewayList, MailHoldStatus};

/// Asks how the node is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct GetStatus {}

/// How the node is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Status {
    /// The program's version.
    pub version: String,
    /// Where it stands in the mesh.
    pub state: MeshState,
    /// The node.
    pub node: NodeIdentity,
    /// Its site.
    pub site: SiteIdentity,
    /// Seconds since it started.
    pub uptime: u64,
    /// Members with a connection now.
    pub peers: u32,
    /// Multiaddrs on which the mesh listens.
    pub listening: Vec<String>,
    /// Users for whom it may hold jobs; none are listed on a shared computer.
    pub users: Vec<UserId>,
    /// Jobs held.
    pub jobs: u64,
    /// Bytes in the spool,
    pub spool: u64,
    /// and how many there may be.
    pub max_spool: u64,
    /// The site's gateways and the places that this node opens there; nothing where the site has none.
    pub outside: Option<GatewayList>,
    /// The mailbox to which users send documents, if there is one.
    pub mail_hold: Option<MailHoldStatus>,
    /// The output device, if the node is a printer.
    pub device: Option<DeviceStatus>,
    /// Where this computer's programs reach the hold printer.
    pub ipp: Option<String>,
    /// Where others do, if it listens for them.
    pub ipp_elsewhere: Option<String>,
    /// Where the panel is.
    pub panel: Option<String>,
    /// What hold printer and panel show over TLS, if either listens.
    pub tls: Option<TlsStatus>,
    /// Where the portal is; `papermesh open` makes a link that opens it.
    pub portal: Option<String>,
    /// How far this computer's clock is from those of connected members, if any told the time.
    pub clock: Option<ClockOffset>,
    /// Devices that wait for approval, if the node is an admin.
    pub pending: Option<u32>,
    /// Whether the authority key is open, if the node is an admin.
    pub authority_open: Option<bool>,
    /// Who keeps the key to this node's own keys; nobody if they lie in files that open by themselves.
    pub keys_kept_by: Option<String>,
}

/// With what a node speaks TLS to browsers and programs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "certificate")]
pub enum TlsStatus {
    /// With a certificate of the site.
    Site {
        /// The names and addresses that it is good for.
        places: Vec<String>,
        /// Those that were asked for and not granted.
        refused: Vec<String>,
        /// Until when it is valid.
        not_after: Timestamp,
    },
    /// With the node's own, which browsers warn of.
    Own,
}

/// A node and what its certificate says of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NodeIdentity {
    /// The node.
    pub id: NodeId,
    /// The name.
    pub name: Name,
    /// Its roles.
    pub roles: Vec<Role>,
    /// Until when its certificate is valid.
    pub not_after: Timestamp,
}

/// A site.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SiteIdentity {
    /// The site.
    pub id: SiteId,
    /// The name.
    pub name: Name,
    /// The sequence number of the site state that the node has.
    pub sequence: u64,
}

/// Where a node stands in the mesh.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MeshState {
    /// It looks for other members.
    Joining,
    /// It knows of no other member and has nobody to look for: the first of its site.
    Alone,
    /// It is connected.
    Joined,
    /// The site withdrew its certificate: no other member speaks with it.
    Revoked,
    /// Its certificate is not valid at the time that its clock shows.
    Expired,
}

impl MeshState {
    /// Whether the node does its work: what `status --wait` waits for.
    #[must_use]
    pub const fn is_ready(self) -> bool {
        matches!(self, Self::Alone | Self::Joined)
    }

    /// Whether it stays so until somebody does something.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Revoked | Self::Expired)
    }
}

/// An output device.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeviceStatus {
    /// Its URI.
    pub output: String,
    /// What it is, in its own words.
    pub name: Option<String>,
    /// Whether it takes jobs.
    pub ready: bool,
    /// What it complains of, such as `media-empty` (RFC 8011 §5.4.12).
    pub reasons: Vec<String>,
}

/// Asks what is wrong with the node.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Diagnose {}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// What was looked at.
    pub check: String,
    /// How it is.
    pub verdict: Verdict,
    /// What was seen.
    pub detail: String,
    /// What to do about it, if something should be done.
    pub advice: Option<String>,
}

impl Finding {
    /// An error that stood in the way.
    pub fn of(check: &str, error: &impl Remedy) -> Self {
        Self {
            check: check.to_owned(),
            verdict: Verdict::Bad,
            detail: error.to_string(),
            advice: error.remedy().map(Cow::into_owned),
        }
    }

    /// The same, with advice for where it has none.
    #[must_use]
    pub fn or(mut self, advice: &str) -> Self {
        self.advice.get_or_insert_with(|| advice.to_owned());
        self
    }
}

/// How a thing that was looked at is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// As it should be.
    Good,
    /// It works, but not as it should.
    Doubtful,
    /// It does not work.
    Bad,
}

/// Asks for audit records. They come as events, oldest first.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ReadAudit {
    /// Those from then on; without a time, all.
    pub since: Option<Timestamp>,
}

/// All audit records that were asked for have come.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AuditRead {
    /// Number of records.
    pub records: u64,
}

/// An audit record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// Its place in the chain.
    pub sequence: u64,
    /// When it was written.
    pub at: Timestamp,
    /// What happened, one word such as `released` or `login-denied`.
    pub what: String,
    /// The user it concerns.
    pub user: Option<UserId>,
    /// The job it concerns.
    pub job: Option<JobId>,
    /// The other node.
    pub peer: Option<NodeId>,
    /// More, for a person.
    pub detail: String,
}

/// Has the chain of audit records checked from its beginning. A chain that does not hold is
/// answered with an error that names the first bad record.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct VerifyAudit {
    /// Where the chain ended at some time, as another node wrote it down.
    pub witnessed: Option<AuditHead>,
}

/// The chain holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AuditVerified {
    /// Records in it.
    pub records: u64,
    /// When the first was written,
    pub first_at: Option<Timestamp>,
    /// and when the last.
    pub last_at: Option<Timestamp>,
    /// How many there are and the hash of the last, hexadecimal, with a colon between: whoever wrote
    /// that down can tell later that nothing before it was changed or cut off.
    pub head: String,
}
