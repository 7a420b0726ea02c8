//! The table of column families: everything this node keeps in its database.
//!
//! What a row means is documented at its type; here is which rows there are, under which keys, who
//! has them and how large they may be. Columns are only added, and a field of a row is never
//! reused for something else. Every change raises the format and has a step: see [`super::upgrade`].

use papermesh_protocol::gateway::wake::Row;
use papermesh_protocol::id::{BadgeTag, JobId, NodeId, RecordKey, ReleaseId, Serial, TokenDigest};
use papermesh_protocol::limits;
use papermesh_protocol::release::guess::Guesses;
use papermesh_protocol::text::UserId;
use papermesh_protocol::time::Timestamp;
use papermesh_protocol::web::Label;
use serde_bytes::ByteBuf;

use super::badges::BadgeRow;
use super::choices::ChoiceRow;
use super::column::{Column, OfUser};
use super::floors::Floor;
use super::guesses::Source;
use super::history::{NumberedJob, PastJobRow};
use super::jobs::JobRow;
use super::journal::JournalRow;
use super::leases::{LeaseRow, Settled};
use super::local_users::LocalUser;
use super::mailed::{MailAddressRow, MailedKey, MailedRow};
use super::members::MemberRow;
use super::peers::RememberedPeer;
use super::records::StoredRecord;
use super::tickets::{Ticket, TicketId};
use super::tokens::{ProxyRow, TokenRow};
use super::users::UserRow;
use super::web::PublicCertificateRow;

// Holder ------------------------------------------------------------------------------------

/// Held jobs: everything but the document itself, which is a file of the spool. The row is the
/// truth: a job is held if and only if it has one.
pub(super) const JOBS: Column<JobId, JobRow> = Column::new("jobs", 8 * 1024);
/// Pictures of the first pages of `jobs`, sealed; they come after their row and go with it.
pub(super) const PREVIEWS: Column<JobId, ByteBuf> =
    Column::new("previews", limits::PREVIEW_MESSAGE);
/// Index of `jobs`: user id ‖ 0 ‖ 100 less the priority ‖ listed at ‖ job.
pub(super) const JOBS_BY_USER: Column<OfUser<Listed>, ()> = Column::new("jobs_by_user", 1);
/// A place in a user's list.
pub(super) type Listed = (u8, (Timestamp, JobId));
/// Index of `jobs`: when it expires ‖ job.
pub(super) const JOBS_BY_EXPIRY: Column<(Timestamp, JobId), ()> = Column::new("jobs_by_expiry", 1);
/// Jobs that were held here and are gone: user id ‖ 0 ‖ number.
pub(super) const HISTORY: Column<OfUser<u32>, PastJobRow> = Column::new("history", 4096);
/// Which job has a number, held or gone.
pub(super) const JOB_NUMBERS: Column<u32, NumberedJob> = Column::new("job_numbers", 1024);
/// Numbers that only grow, by name.
pub(super) const COUNTERS: Column<String, u64> = Column::new("counters", 16);
/// Releases under way or without a known end: which job was promised to which printer.
pub(super) const LEASES: Column<ReleaseId, LeaseRow> = Column::new("leases", 4096);
/// The latest release of a job that `leases` has; at most one per job.
pub(super) const LEASE_OF: Column<JobId, ReleaseId> = Column::new("lease_of", 32);
/// Releases that ended, so that a printer that reports twice is told the same twice.
pub(super) const SETTLED: Column<ReleaseId, Settled> = Column::new("settled", 512);
/// Users who print from this computer: their sealed keys and PIN verifiers, what they delegated.
pub(super) const LOCAL_USERS: Column<UserId, LocalUser> = Column::new("local_users", 32 * 1024);
/// Certificates of this node's names at gateways, by the names.
pub(super) const PUBLIC_CERTIFICATES: Column<String, PublicCertificateRow> =
    Column::new("public_certificates", 64 * 1024);
/// Print tokens of these users, by their digests.
pub(super) const TOKENS: Column<TokenDigest, TokenRow> = Column::new("tokens", 512);
/// Wakes that this node took lately: signer ‖ nonce.
pub(super) const WAKES: Column<Vec<u8>, Row> = Column::new("wakes", 256);
/// Mail addresses of these users, in lower case.
pub(super) const MAIL_ADDRESSES: Column<String, MailAddressRow> =
    Column::new("mail_addresses", 512);
/// Mails that came lately and their documents, by digests of them and their users.
pub(super) const MAILED: Column<MailedKey, MailedRow> = Column::new("mailed", 512);
/// Wrong PINs: user id ‖ 0 ‖ printer.
pub(super) const GUESSES: Column<OfUser<NodeId>, Guesses> = Column::new("guesses", 32);
/// Wrong PINs of a user at all printers together.
pub(super) const GUESS_TOTALS: Column<UserId, Guesses> = Column::new("guess_totals", 32);
/// Wrong PINs typed at this node itself: user id ‖ 0 ‖ from where.
pub(super) const TYPED_GUESSES: Column<OfUser<Source>, Guesses> = Column::new("typed_guesses", 32);
/// Wrong PINs of a user typed here, from wherever.
pub(super) const TYPED_TOTALS: Column<UserId, Guesses> = Column::new("typed_totals", 32);

// Directory ---------------------------------------------------------------------------------

/// Records of the DHT that this node stores for others.
pub(super) const RECORDS: Column<RecordKey, StoredRecord> =
    Column::new("records", limits::ADVERT_SET + 64);
/// Sequence numbers below which a record is a replay.
pub(super) const FLOORS: Column<Vec<u8>, Floor> = Column::new("floors", 32);

// Member ------------------------------------------------------------------------------------

/// Single things by name: certificate, site state, sealed secrets (see [`super::site`]).
pub(super) const SITE: &str = "site";
/// Members met before, to be dialed at the next start.
pub(super) const PEERS: Column<NodeId, RememberedPeer> = Column::new("peers", 4096);

// Printer -----------------------------------------------------------------------------------

/// Releases that this printer began, written before the first byte goes to the device.
pub(super) const JOURNAL: Column<ReleaseId, JournalRow> = Column::new("journal", 8 * 1024);
/// How users wanted things printed last, by the keys at which their entries live in the DHT.
pub(super) const CHOICES: Column<RecordKey, ChoiceRow> = Column::new("choices", 64);

/// What the proxies said that fetch what is released here, by their device tokens.
pub(super) const PROXIES: Column<TokenDigest, ProxyRow> = Column::new("proxies", 320 * 1024);

// Admin -------------------------------------------------------------------------------------

/// Certificates that this admin issued.
pub(super) const MEMBERS: Column<Serial, MemberRow> = Column::new("members", 1024);
/// Users of the site.
pub(super) const USERS: Column<UserId, UserRow> =
    Column::new("users", 2 * limits::USER_ENTRY + 8 * 1024);
/// Whom a badge names or named last.
pub(super) const BADGES: Column<BadgeTag, BadgeRow> = Column::new("badges", 128);
/// Invites and user tickets, by a hash of their secret.
pub(super) const TICKETS: Column<TicketId, Ticket> = Column::new("tickets", 512);
/// Which member has a host name in its certificate for the web.
pub(super) const WEB_NAMES: Column<Label, NodeId> = Column::new("web_names", 64);

// Everyone ----------------------------------------------------------------------------------

/// The audit log: signed entries by their number.
pub(super) const AUDIT: Column<u64, ByteBuf> = Column::new("audit", 4096);

/// The version of all of the above, under [`FORMAT_KEY`] in `site`.
pub(super) const FORMAT: Column<String, u32> = Column::new(SITE, 8);
/// See [`FORMAT`].
pub(super) const FORMAT_KEY: &str = "format";

/// Families of which deleted and overwritten values are secrets. Pictures are not among them: their
/// keys are made of those of the jobs.
pub(super) const SECRET: [&str; 4] = [
    JOBS.name(),
    LOCAL_USERS.name(),
    PUBLIC_CERTIFICATES.name(),
    SITE,
];

/// All families, as they are opened.
pub(super) const NAMES: [&str; 33] = [
    JOBS.name(),
    PREVIEWS.name(),
    JOBS_BY_USER.name(),
    JOBS_BY_EXPIRY.name(),
    HISTORY.name(),
    JOB_NUMBERS.name(),
    COUNTERS.name(),
    LEASES.name(),
    LEASE_OF.name(),
    SETTLED.name(),
    LOCAL_USERS.name(),
    TOKENS.name(),
    WAKES.name(),
    MAIL_ADDRESSES.name(),
    MAILED.name(),
    PUBLIC_CERTIFICATES.name(),
    GUESSES.name(),
    GUESS_TOTALS.name(),
    TYPED_GUESSES.name(),
    TYPED_TOTALS.name(),
    RECORDS.name(),
    FLOORS.name(),
    SITE,
    PEERS.name(),
    JOURNAL.name(),
    CHOICES.name(),
    PROXIES.name(),
    MEMBERS.name(),
    USERS.name(),
    BADGES.name(),
    TICKETS.name(),
    WEB_NAMES.name(),
    AUDIT.name(),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_columns_share_a_name() {
        let names: std::collections::BTreeSet<_> = NAMES.into_iter().collect();
        assert_eq!(names.len(), NAMES.len());
    }
}
