//! What commands print with `--json`, as far as the tests read it.
//!
//! These are written from the documentation and not shared with the program: a field that it
//! renames is a broken promise to every script, and breaks a test.

use serde::Deserialize;

/// Of `init` and `join`: this device is a member.
#[derive(Debug, Deserialize)]
pub struct Member {
    /// Its node id.
    pub node: String,
    /// Its name.
    pub name: String,
    /// Its roles.
    pub roles: Vec<String>,
}

/// Of `init`: a site was made.
#[derive(Debug, Deserialize)]
pub struct Founded {
    /// Opens the site's root.
    pub root_passphrase: String,
}

/// Of `site root export` and the like: who may sign for the site.
#[derive(Debug, Deserialize)]
pub struct Root {
    /// The charter's sequence number.
    pub charter: u32,
    /// Whether the root is kept on the node.
    pub here: bool,
    /// The admins.
    pub admins: Vec<Admin>,
}

/// An admin.
#[derive(Debug, Deserialize)]
pub struct Admin {
    /// Its node id.
    pub node: String,
}

/// Of `invite`.
#[derive(Debug, Deserialize)]
pub struct Invite {
    /// One line.
    pub invite: String,
}

/// A line of `join` while it waits.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "step")]
pub enum JoinStep {
    /// Both screens show these digits.
    Compare {
        /// Six of them.
        digits: String,
    },
    /// Any other step.
    #[serde(other)]
    Other,
}

/// Of `pending`, one for each device that waits.
#[derive(Debug, Deserialize)]
pub struct Pending {
    /// The device's name.
    pub name: String,
}

/// Of `members`, one for each.
#[derive(Debug, Deserialize)]
pub struct KnownMember {
    /// The node.
    pub node: String,
    /// Its name.
    pub name: String,
    /// Whether it was revoked.
    pub revoked: bool,
}

/// Of `user add`, and of `user link` on the first computer.
#[derive(Debug, Deserialize)]
pub struct Ticket {
    /// One line.
    pub ticket: String,
}

/// Of `print`.
#[derive(Clone, Debug, Deserialize)]
pub struct Submitted {
    /// The job.
    pub job: String,
    /// Its number on the computer.
    pub number: u32,
    /// Its title.
    pub title: String,
    /// Bytes of the document.
    pub size: u64,
}

/// Of `jobs` and of `release`, one for each.
#[derive(Clone, Debug, Deserialize)]
pub struct Job {
    /// The job.
    pub job: String,
    /// Its title.
    pub title: String,
    /// Bytes of the document.
    pub size: u64,
    /// When it was submitted, in milliseconds since 1970.
    pub submitted_at: u64,
    /// Its pages, where they are known.
    pub pages: Option<u32>,
    /// How it is to be printed.
    pub options: Options,
    /// Whether it is exempt from pressure for space.
    pub protected: bool,
    /// Whether nobody knows if it is on paper.
    pub may_have_printed: bool,
    /// Whether a printer has it.
    pub leased: bool,
    /// Whether its document needs a password that is not known.
    pub locked: bool,
    /// Who holds it; said at printers only.
    #[serde(default)]
    pub holder_name: Option<String>,
}

/// How a job is to be printed.
#[derive(Clone, Debug, Deserialize)]
pub struct Options {
    /// Copies.
    pub copies: u16,
    /// `two-sided-long-edge` and so on.
    pub sides: Option<String>,
}

/// Of `release`.
#[derive(Clone, Debug, Deserialize)]
pub struct VisitReport {
    /// The user.
    pub user: String,
    /// The jobs on arrival.
    pub jobs: Vec<Job>,
    /// Who was said to hold some.
    pub holders: Vec<Holder>,
    /// How the chosen ones ended.
    pub results: Vec<JobResult>,
}

/// A holder as a visit found it.
#[derive(Clone, Debug, Deserialize)]
pub struct Holder {
    /// The holder.
    pub holder: String,
    /// Its name, where it is known.
    pub holder_name: Option<String>,
    /// `open`, `denied`, `unreachable` or `failed`.
    pub state: String,
    /// Milliseconds until another PIN is looked at.
    pub retry_after: Option<u64>,
}

/// How a job ended.
#[derive(Clone, Debug, Deserialize)]
pub struct JobResult {
    /// The job.
    pub job: String,
    /// `printed`, `printed-and-kept`, `not-printed`, `may-have-printed`, `deleted`, `not-deleted`.
    pub ending: String,
    /// What went wrong.
    pub reason: Option<String>,
}

/// Of `status`.
#[derive(Clone, Debug, Deserialize)]
pub struct Status {
    /// `joining`, `alone`, `joined`, `revoked` or `expired`.
    pub state: String,
    /// The node.
    pub node: StatusNode,
    /// Members with a connection now.
    pub peers: u32,
    /// Where it listens.
    pub listening: Vec<String>,
    /// Jobs held.
    pub jobs: u64,
    /// Bytes in the spool.
    pub spool: u64,
    /// The output device.
    pub device: Option<Device>,
    /// What panel and hold printer show over TLS.
    pub tls: Option<Tls>,
}

/// What a node shows over TLS, as `status` says.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "certificate")]
pub enum Tls {
    /// A certificate of the site.
    Site {
        /// What it is good for.
        places: Vec<String>,
        /// What was asked for and not granted.
        refused: Vec<String>,
        /// Until when it is valid, in milliseconds since 1970.
        not_after: u64,
    },
    /// The node's own.
    Own,
}

/// Of `site ca`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct SiteAuthority {
    /// The certificate.
    pub pem: String,
    /// Its hash.
    pub fingerprint: String,
}

/// A node as `status` shows it.
#[derive(Clone, Debug, Deserialize)]
pub struct StatusNode {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
}

/// An output device as `status` shows it.
#[derive(Clone, Debug, Deserialize)]
pub struct Device {
    /// Whether it takes jobs.
    pub ready: bool,
    /// What it complains of.
    pub reasons: Vec<String>,
}

/// Of `doctor`, one for each thing that it looks at.
#[derive(Clone, Debug, Deserialize)]
pub struct Finding {
    /// What was looked at.
    pub check: String,
    /// `good`, `doubtful` or `bad`.
    pub verdict: String,
    /// How it is.
    pub detail: String,
    /// What to do, unless it is good.
    pub advice: Option<String>,
}

/// Of `audit`, one line for each.
#[derive(Clone, Debug, Deserialize)]
pub struct AuditEntry {
    /// Its place in the chain.
    pub sequence: u64,
    /// What happened.
    pub what: String,
    /// The user.
    pub user: Option<String>,
    /// The job.
    pub job: Option<String>,
    /// The other node.
    pub peer: Option<String>,
    /// What else there is to say.
    pub detail: String,
}

/// Of `user link` on the further computer.
#[derive(Debug, Deserialize)]
pub struct Linked {
    /// The user.
    pub user: String,
}
