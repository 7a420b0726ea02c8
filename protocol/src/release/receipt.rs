//! Receipts: the printer's signed word on how an attempt to print ended.

use core::fmt;
use core::str::FromStr;

use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use serde::{Deserialize, Serialize};

use crate::id::{JobId, NodeId, ReleaseId, SiteId};
use crate::limits;
use crate::signed::{Envelope, Record, Signed, SignedError};
use crate::text;
use crate::time::Timestamp;

/// How it ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// The device says that the paper is out.
    Printed {
        /// Impressions, where the device counts them.
        pages: Option<u32>,
        /// The user wants to keep the job all the same.
        keep: bool,
    },
    /// Nothing more will come out; the job is to stay as it was.
    NotPrinted,
    /// Nobody can tell whether paper came out; the job is to stay, marked so.
    MayHavePrinted,
}

/// What the printer signs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Receipt {
    /// The site.
    pub site: SiteId,
    /// The attempt.
    pub release: ReleaseId,
    /// The job.
    pub job: JobId,
    /// Who held it.
    pub holder: NodeId,
    /// Who printed it, and signs.
    pub printer: NodeId,
    /// When it ended, by the printer's clock.
    pub at: Timestamp,
    /// How it ended.
    pub outcome: Outcome,
    /// What went wrong, or what else there is to know, for people; cleaned, and at most
    /// [`limits::REASON`] bytes.
    pub reason: Option<String>,
    /// Where the printer's own log of what it did ended then. The holder writes it down: whoever cuts
    /// off the end of that log later is found out.
    pub audit: Option<AuditHead>,
}

/// Where a log ends in which each record names the one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditHead {
    /// How many records it has.
    pub records: u64,
    /// The SHA-256 hash of the last one; zeros if there is none.
    #[serde(with = "serde_bytes")]
    pub hash: [u8; 32],
}

impl fmt::Display for AuditHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.records, HEXLOWER.encode(&self.hash))
    }
}

/// Why a text names no end of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("write the end of a log as its number of records, a colon and 64 hexadecimal digits")]
pub struct AuditHeadError;

impl FromStr for AuditHead {
    type Err = AuditHeadError;

    fn from_str(text: &str) -> Result<Self, AuditHeadError> {
        let (records, hash) = text.split_once(':').ok_or(AuditHeadError)?;
        let hash = HEXLOWER_PERMISSIVE.decode(hash.as_bytes());
        let hash = hash.map_err(|_| AuditHeadError)?.try_into();
        Ok(Self {
            records: records.parse().map_err(|_| AuditHeadError)?,
            hash: hash.map_err(|_| AuditHeadError)?,
        })
    }
}

impl Record for Receipt {
    const DOMAIN: &'static str = "papermesh/receipt/1";
    const MAX: usize = 512;
}

/// Why a receipt is not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReceiptError {
    /// The printer did not sign it.
    #[error(transparent)]
    Signed(#[from] SignedError),
    /// It is of another site, holder or printer.
    #[error("the receipt belongs to another site, holder or printer")]
    Mismatch,
    /// It claims more pages than any job has.
    #[error("the receipt claims more than {} pages", limits::PAGES)]
    Pages,
    /// Its reason was not cleaned, or is too long.
    #[error(
        "the receipt's reason is not clean text of at most {} bytes",
        limits::REASON
    )]
    Reason,
}

impl Receipt {
    /// Verifies a receipt that `printer` handed to `holder`.
    pub fn verify(
        envelope: &Envelope<Self>,
        site: SiteId,
        holder: NodeId,
        printer: NodeId,
    ) -> Result<Signed<Self>, ReceiptError> {
        let receipt = envelope.verify(printer.as_bytes())?;
        if (receipt.site, receipt.holder, receipt.printer) != (site, holder, printer) {
            return Err(ReceiptError::Mismatch);
        }
        if matches!(receipt.outcome, Outcome::Printed { pages: Some(pages), .. } if pages > limits::PAGES)
        {
            return Err(ReceiptError::Pages);
        }
        let is_clean = |reason: &String| text::clean(reason, limits::REASON) == *reason;
        if !receipt.reason.as_ref().is_none_or(is_clean) {
            return Err(ReceiptError::Reason);
        }
        Ok(receipt)
    }
}
