//! The judgment on leases: what a printer's receipt does to a job, how long a lease may last, and what
//! becomes of a job whose lease ran out. The driver stores leases; nothing here keeps anything.

use crate::document_password::DocumentPassword;
use crate::id::{JobId, NodeId, ReleaseId};
use crate::job::PrintOptions;
use crate::limits;
use crate::release::message::Refusal;
use crate::release::receipt::{Outcome, Receipt};
use crate::seal::JobKey;
use crate::text::UserId;
use crate::time::Timestamp;

/// A job that a printer selected, as the driver found it.
pub struct Selected<'a> {
    /// The job.
    pub job: JobId,
    /// Whether it has a PIN of its own.
    pub has_pin: bool,
    /// Whose job it is.
    pub owner: &'a UserId,
    /// The printer's name for this attempt.
    pub release: ReleaseId,
    /// How the user wants it printed.
    pub options: &'a PrintOptions,
    /// The job's lease, if there is one.
    pub lease: Option<Lease>,
}

/// A job whose lease is stored.
pub struct Leased<'a> {
    /// The job.
    pub job: JobId,
    /// The attempt.
    pub release: ReleaseId,
    /// The job's key.
    pub key: &'a JobKey,
    /// Bytes of the ciphertext.
    pub sealed_size: u64,
    /// Bytes of the document.
    pub size: u64,
    /// The document's format.
    pub format: String,
    /// The job's title.
    pub title: String,
    /// How to print it.
    pub options: PrintOptions,
    /// Opens the document, if it is locked and its owner gave the password.
    pub document_password: Option<DocumentPassword>,
    /// Pages that were counted in the document, if it was read and is whole.
    pub counted: Option<u32>,
}

/// A lease as the driver stores it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lease {
    /// The attempt.
    pub release: ReleaseId,
    /// The job.
    pub job: JobId,
    /// Who has it.
    pub printer: NodeId,
    /// When it was granted first.
    pub granted_at: Timestamp,
    /// Until then, unless it is extended.
    pub until: Timestamp,
    /// Whether any byte of the job was sent under it.
    pub streamed: bool,
}

impl Lease {
    /// Whether it has lasted as long as a lease may. Otherwise a printer could keep a job from its
    /// owner for ever, and need not even fetch it.
    #[must_use]
    pub fn is_over(&self, now: Timestamp) -> bool {
        let longest = match self.streamed {
            true => limits::LEASE_MAX,
            false => limits::LEASE_UNFETCHED,
        };
        now.since(self.granted_at) >= longest
    }
}

/// What the driver does with a lease and its job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settlement {
    /// Delete the job: the paper is out.
    Delete,
    /// Keep the job, with nothing to remark.
    Keep,
    /// Keep the job and mark it: it may have printed.
    Mark,
    /// Nothing: it was settled before.
    Nothing,
}

/// Judges a receipt. `lease` is what the store has for the receipt's release, `settled` whether
/// that release was settled before.
///
/// The lease is what proves that a session chose this job at this printer, so a printer can
/// report late, after its session or even its process has gone, and can report nothing that was
/// never leased to it.
pub fn report(
    receipt: &Receipt,
    lease: Option<&Lease>,
    settled: bool,
) -> Result<Settlement, Refusal> {
    if settled {
        return Ok(Settlement::Nothing);
    }
    let lease = lease
        .filter(|lease| {
            (lease.release, lease.job, lease.printer)
                == (receipt.release, receipt.job, receipt.printer)
        })
        .ok_or(Refusal::NoLease)?;
    Ok(match receipt.outcome {
        // A job of which no byte was fetched cannot be on paper, whatever the printer says.
        Outcome::Printed { .. } | Outcome::MayHavePrinted if !lease.streamed => {
            return Err(Refusal::NoLease);
        }
        Outcome::Printed { keep: false, .. } => Settlement::Delete,
        Outcome::Printed { keep: true, .. } | Outcome::NotPrinted => Settlement::Keep,
        Outcome::MayHavePrinted => Settlement::Mark,
    })
}

/// Judges an `Extend`: until when the lease then lasts.
pub fn extend(
    lease: Option<&Lease>,
    printer: NodeId,
    now: Timestamp,
) -> Result<Timestamp, Refusal> {
    match lease {
        Some(lease) if lease.printer == printer && !lease.is_over(now) => Ok(now + limits::LEASE),
        _ => Err(Refusal::NoLease),
    }
}

/// What becomes of a job whose lease ran out without a word from the printer. The lease itself
/// stays known, so that a late receipt still finds it.
#[must_use]
pub fn lapse(lease: &Lease) -> Settlement {
    if lease.streamed {
        Settlement::Mark
    } else {
        Settlement::Keep
    }
}
