//! Members and the site: what an admin asks of the node that has the authority key.
//!
//! Commands that sign something carry the key's passphrase where it was given. A node whose key
//! is sealed and not open yet answers them with `passphrase-required`.

use papermesh_protocol::certificate::Role;
use papermesh_protocol::id::{NodeId, Serial, SiteId};
use papermesh_protocol::site::LoginPolicy;
use papermesh_protocol::text::{Name, UserId};
use papermesh_protocol::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::control::{Passphrase, RootFile};

/// Makes an invite for one device.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Invite {
    /// What the device is to be.
    pub roles: Vec<Role>,
    /// Its name; without one it chooses.
    pub name: Option<Name>,
    /// Seconds that the invite is good for.
    pub lifetime: u32,
    /// Opens the authority key.
    pub passphrase: Option<Passphrase>,
}

/// An invite was made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InviteIssued {
    /// The invite, one line.
    pub invite: String,
    /// What its device will be.
    pub roles: Vec<Role>,
    /// Its name, if the invite says it.
    pub name: Option<Name>,
    /// Good until then.
    pub expires_at: Timestamp,
}

/// Asks which devices wait for approval.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ListPending {
    /// Seconds to wait until there is one, if there is none; 0 to answer at once.
    pub wait: u32,
}

/// A device that asks to join. The digits that its screen shows are not told: they are to be read there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PendingDevice {
    /// What it calls itself.
    pub name: Name,
    /// What it wants to be.
    pub roles: Vec<Role>,
    /// The node that it will be.
    pub node: NodeId,
    /// Since when.
    pub since: Timestamp,
}

/// Admits a device that waits. Answered once the device has its certificate.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Approve {
    /// The six digits that its screen shows.
    pub code: String,
    /// Opens the authority key.
    pub passphrase: Option<Passphrase>,
}

/// Sends a device that waits away.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Refuse {
    /// The six digits that its screen shows, its name if no other that waits has it, or the beginning
    /// of its id.
    pub device: String,
}

/// A device was sent away.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// How many: several may show the same digits.
    pub devices: u32,
}

/// Asks which invites are good still.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ListInvites {}

/// An invite whose time is not over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OpenInvite {
    /// Names it; lets nobody in.
    pub id: String,
    /// What its device will be.
    pub roles: Vec<Role>,
    /// Its name, if the invite says it.
    pub name: Option<Name>,
    /// Good until then.
    pub expires_at: Timestamp,
    /// The name, or the beginning of the id, of the device that used it, and for which it is good still.
    pub used_by: Option<String>,
}

/// Takes an invite back: no device joins with it any more, nor again. Answered with the invite.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct WithdrawInvite {
    /// The beginning of its id.
    pub invite: String,
}

/// Asks who is a member.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ListMembers {}

/// Asks for every change of who waits, who is a member and who is connected, from now on: as
/// events, until whoever asked hangs up. An event says that something changed, not what.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FollowSite {}

/// The node stopped, or nobody listened any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SiteFollowed {
    /// Changes that were told.
    pub changes: u64,
}

/// A member as the admin's node knows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Member {
    /// The node.
    pub node: NodeId,
    /// The node's name.
    pub name: Name,
    /// Its roles.
    pub roles: Vec<Role>,
    /// Its newest certificate.
    pub serial: Serial,
    /// Until when that is valid.
    pub not_after: Timestamp,
    /// Whether that was withdrawn.
    pub revoked: bool,
    /// Whether it is the node that answers.
    pub this: bool,
    /// Whether there is a connection to it now.
    pub connected: bool,
    /// When there last was one, if ever.
    pub seen_at: Option<Timestamp>,
}

/// Withdraws all certificates of a member.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Revoke {
    /// The member: its name if no other has it, or the beginning of its id.
    pub node: String,
    /// Opens the authority key.
    pub passphrase: Option<Passphrase>,
    /// Of an admin: takes its key back.
    pub root: Option<RootWord>,
    /// Of an admin, without the root: leaves it its key.
    pub keep_key: bool,
}

/// What opens the root of the site.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RootWord {
    /// Its passphrase.
    pub passphrase: Passphrase,
    /// Its file, where it is not kept on the node.
    pub file: Option<RootFile>,
}

/// Asks whether the root is kept on this node, and who the admins are.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ShowRoot {}

/// Who may sign for the site.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RootView {
    /// The site.
    pub site: SiteId,
    /// The site's name.
    pub site_name: Name,
    /// The sequence number of the charter.
    pub charter: u32,
    /// Whether the root is kept on this node.
    pub here: bool,
    /// The admins that the charter names.
    pub admins: Vec<AdminView>,
    /// Until when this node may issue certificates for the web, if it is an admin's.
    pub web_until: Option<Timestamp>,
}

/// An admin, as the charter names it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AdminView {
    /// The node.
    pub node: NodeId,
    /// Its name, if it is known here.
    pub name: Option<Name>,
    /// Since when.
    pub since: Timestamp,
}

/// Asks for the root's file. It is sealed as ever, and opened first to see that it opens.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ExportRoot {
    /// Opens it.
    pub root: RootWord,
}

/// The root's file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RootExported {
    /// Its text.
    pub root: String,
}

/// Keeps the root on this node no longer. Answered with who the admins are.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RemoveRoot {}

/// Has the root sign anew who the admins are, and with what this one issues certificates for the web.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RenewRoot {
    /// Opens the root.
    pub root: RootWord,
    /// Opens the authority key.
    pub passphrase: Option<Passphrase>,
}

/// A member is none any more.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Revocation {
    /// The node.
    pub node: NodeId,
    /// The node's name.
    pub name: Name,
    /// Certificates withdrawn.
    pub certificates: u32,
    /// The sequence number of the site state that says so.
    pub sequence: u64,
    /// Whether it was an admin,
    pub admin: bool,
    /// and its key signs for nobody now.
    pub key_taken: bool,
    /// Of an admin whose key was taken: what it signed and stays good.
    pub legacy: Legacy,
}

/// What an admin leaves behind. It may have let in what nobody else knows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Legacy {
    /// Devices with a certificate of its,
    pub devices: Vec<Name>,
    /// users whose entry it signed last,
    pub users: Vec<UserId>,
    /// and how many of both are not named.
    pub more: u32,
}

/// Asks for all that an admin has, to keep it elsewhere.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ExportSite {
    /// Seals the export. If the authority key is sealed, it opens that, too.
    pub passphrase: Passphrase,
}

/// All that an admin has, sealed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SiteExported {
    /// The site.
    pub site: SiteId,
    /// The site's name.
    pub site_name: Name,
    /// The export: lines of text, to be kept where the passphrase is not.
    pub export: String,
}

/// Takes over an export, which follows as a document: this node becomes an admin of the site.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ImportSite {
    /// This node's name, if it is not a member yet; without one the host's name.
    pub name: Option<Name>,
    /// What it does besides being an admin, if it is not a member yet.
    pub roles: Vec<Role>,
    /// Opens the export, and from then on the key that is made for this node.
    pub passphrase: Passphrase,
    /// Opens the root, which names the node an admin, if it is none yet.
    pub root: Option<RootWord>,
}

/// This node is an admin.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SiteImported {
    /// The site.
    pub site: SiteId,
    /// The site's name.
    pub site_name: Name,
    /// This node.
    pub node: NodeId,
    /// The node's name.
    pub name: Name,
}

/// Asks for the site's policy, or changes it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SitePolicy {
    /// What is to change; none to be shown only, which any member can.
    pub change: Option<PolicyChange>,
    /// Opens the authority key.
    pub passphrase: Option<Passphrase>,
}

/// What is to change; the rest stays.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PolicyChange {
    /// What a user must show at a printer.
    pub login: Option<LoginPolicy>,
    /// Seconds that an unclaimed job is kept when its owner did not say.
    pub job_lifetime: Option<u32>,
    /// Whether users may register unknown badges at a printer.
    pub bind_badges: Option<bool>,
    /// Fewest characters of a PIN that is chosen from now on.
    pub pin_length: Option<u8>,
}

/// The site's policy as it is now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PolicyView {
    /// The site.
    pub site: SiteId,
    /// The site's name.
    pub site_name: Name,
    /// The sequence number of the site state that says so.
    pub sequence: u64,
    /// What a user must show at a printer.
    pub login: LoginPolicy,
    /// Seconds that an unclaimed job is kept when its owner did not say.
    pub job_lifetime: u32,
    /// Whether users may register unknown badges at a printer.
    pub bind_badges: bool,
    /// Fewest characters of a PIN that is chosen from now on.
    pub pin_length: u8,
}

/// Asks how the site's key is kept here. Admin only.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ShowKey {}

/// How the site's key is kept here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SiteKey {
    /// Whether a passphrase opens it.
    pub passphrase: bool,
    /// Whether it is open now.
    pub open: bool,
}

/// Asks for the certificate that people and devices are given to trust, so that they trust all that
/// members show over TLS. Any member can.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ShowSiteAuthority {
    /// Opens the authority key.
    pub passphrase: Option<Passphrase>,
}

/// The site's certificate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SiteAuthority {
    /// The site.
    pub site: SiteId,
    /// The site's name.
    pub site_name: Name,
    /// The certificate, PEM (RFC 7468).
    pub pem: String,
    /// Its SHA-256, as browsers show it: hexadecimal, with colons.
    pub fingerprint: String,
    /// Until when it is valid.
    pub not_after: Timestamp,
}
