//! What is kept of a job beside its document: sealed, because a title tells much.

use papermesh_protocol::codec::{self, CodecError};
use papermesh_protocol::document_password::DocumentPassword;
use papermesh_protocol::extension::Extensions;
use papermesh_protocol::gateway::terminated::client::Client;
use papermesh_protocol::id::{JobId, TokenDigest};
use papermesh_protocol::job::{JobSummary, PrintOptions};
use papermesh_protocol::seal::{BlobError, StorageKey, open_bytes, seal_bytes};
use papermesh_store::{HeldJob, PastJobRow};
use serde::{Deserialize, Serialize};

use super::submission::DocumentFacts;

/// What the sealed bytes are for.
const PURPOSE: &str = "job meta";
/// Bytes of the encoded form.
const MAX: usize = 4096;
/// What stands for a title that cannot be read any more.
const UNREADABLE: &str = "(unreadable)";

/// A job's title, format, options, and what is known of its pages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct JobMeta {
    pub(super) title: String,
    pub(super) format: String,
    pub(super) pages: Option<u32>,
    pub(super) page_size: Option<String>,
    pub(super) color: Option<bool>,
    pub(super) options: PrintOptions,
    /// The document is locked, and no password that opens it was given.
    pub(super) locked: bool,
    /// Opens the document.
    pub(super) document_password: Option<DocumentPassword>,
    /// The document was read and is whole: its pages are counted, and nobody's word.
    #[serde(default)]
    pub(super) whole: bool,
    /// The print token with which it was submitted from outside, if it was.
    #[serde(default)]
    pub(super) token: Option<TokenDigest>,
    /// Who sent it, as a gateway said that ended their TLS.
    #[serde(default)]
    pub(super) client: Option<Client>,
}

/// How a job came from outside the site, if it did.
pub(super) struct Came {
    /// The print token that it came with.
    pub(super) token: Option<TokenDigest>,
    /// Who sent it, as a gateway said that ended their TLS.
    pub(super) client: Option<Client>,
}

/// Why they cannot be sealed or opened.
#[derive(Debug, thiserror::Error)]
pub enum MetaError {
    /// They are not what was sealed.
    #[error("the stored job data is damaged: {0}")]
    Sealed(#[from] BlobError),
    /// They are malformed or too long.
    #[error("the stored job data is malformed: {0}")]
    Codec(#[from] CodecError),
}

impl JobMeta {
    /// Pages that were counted in the document, if it was read and is whole.
    pub(super) fn counted(&self) -> Option<u32> {
        self.pages.filter(|_| self.whole)
    }

    /// With what the document says of itself: its pages in any case, the rest where its submitter has
    /// said nothing.
    pub(super) fn fill_missing(self, found: &DocumentFacts) -> Self {
        Self {
            pages: found.pages.or(self.pages),
            whole: found.whole && found.pages.is_some(),
            page_size: self.page_size.or_else(|| found.page_size.clone()),
            color: self.color.or(found.color),
            locked: found.locked,
            ..self
        }
    }

    pub(super) fn seal(&self, storage: &StorageKey, job: JobId) -> Result<Vec<u8>, MetaError> {
        Ok(seal_bytes(
            storage,
            PURPOSE,
            job.as_bytes(),
            &codec::encode(self, MAX)?,
            &mut rand::rng(),
        )?)
    }

    pub(super) fn open(storage: &StorageKey, job: JobId, sealed: &[u8]) -> Result<Self, MetaError> {
        Ok(codec::decode_stored(
            &open_bytes(storage, PURPOSE, job.as_bytes(), sealed)?,
            MAX,
        )?)
    }
}

/// What was sealed, or what stands for it where it cannot be read any more.
fn readable(storage: &StorageKey, job: JobId, sealed: &[u8]) -> JobMeta {
    JobMeta::open(storage, job, sealed).unwrap_or_else(|error| {
        tracing::error!(%job, %error, "could not read a job's title");
        JobMeta {
            title: UNREADABLE.to_owned(),
            format: "application/octet-stream".to_owned(),
            pages: None,
            page_size: None,
            color: None,
            options: PrintOptions::default(),
            locked: false,
            whole: false,
            document_password: None,
            token: None,
            client: None,
        }
    })
}

/// A job that is gone as its user sees it, and how it came.
pub(super) fn past_summary(storage: &StorageKey, past: &PastJobRow) -> (JobSummary, Came) {
    let meta = readable(storage, past.job, &past.sealed_meta);
    let summary = JobSummary {
        job: past.job,
        title: meta.title,
        format: meta.format,
        size: past.plain_size,
        pages: meta.pages,
        page_size: meta.page_size,
        color: meta.color,
        submitted_at: past.submitted_at,
        priority: past.priority,
        listed_at: past.submitted_at,
        expires_at: past.expires_at,
        options: meta.options,
        protected: false,
        may_have_printed: false,
        leased: false,
        needs_pin: false,
        locked: meta.locked,
        extensions: Extensions::default(),
    };
    let came = Came {
        token: meta.token,
        client: meta.client,
    };
    (summary, came)
}

/// A job as its user sees it, and how it came. One whose title cannot be read is
/// still shown, to be deleted.
pub(super) fn summary(storage: &StorageKey, held: &HeldJob, leased: bool) -> (JobSummary, Came) {
    let meta = readable(storage, held.job, &held.row.sealed_meta);
    let summary = JobSummary {
        job: held.job,
        title: meta.title,
        format: meta.format,
        size: held.row.plain_size,
        pages: meta.pages,
        page_size: meta.page_size,
        color: meta.color,
        submitted_at: held.row.submitted_at,
        priority: held.row.priority,
        listed_at: held.row.listed_at,
        expires_at: held.row.expires_at,
        options: meta.options,
        protected: held.row.protected,
        may_have_printed: held.row.may_have_printed,
        leased,
        needs_pin: held.row.sealed_pin.is_some(),
        locked: meta.locked,
        extensions: Extensions::default(),
    };
    let came = Came {
        token: meta.token,
        client: meta.client,
    };
    (summary, came)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use papermesh_protocol::document_password::MAX_DOCUMENT_PASSWORD;
    use papermesh_protocol::job::{PageRange, PageRanges};
    use papermesh_protocol::limits;

    use super::*;

    /// Format 1 ended with the password of the document.
    #[test]
    fn what_the_first_format_kept_of_a_job_is_read() {
        let storage = StorageKey::generate(&mut rand::rng());
        let job = JobId::from_bytes([1; 16]);
        let meta = JobMeta {
            title: "report".to_owned(),
            document_password: DocumentPassword::new("Sesam").ok(),
            ..readable(&storage, job, &[])
        };
        let mut bytes = codec::encode(&meta, MAX).unwrap();
        let added = bytes.split_off(bytes.len() - 6);
        assert_eq!(added, [8, 0xf4, 9, 0xf6, 10, 0xf6]);
        assert_eq!(std::mem::replace(&mut bytes[0], 0xa8), 0xab);
        let sealed = seal_bytes(&storage, PURPOSE, job.as_bytes(), &bytes, &mut rand::rng());
        let read = JobMeta::open(&storage, job, &sealed.unwrap()).unwrap();
        assert_eq!(read, meta);
        assert!(!read.whole);
    }

    #[test]
    fn pages_are_counted_only_by_who_has_read_them() {
        let said = JobMeta {
            pages: Some(7),
            ..readable(
                &StorageKey::generate(&mut rand::rng()),
                JobId::from_bytes([1; 16]),
                &[],
            )
        };
        assert_eq!(said.counted(), None);
        let unknown = said.clone().fill_missing(&DocumentFacts::default());
        assert_eq!((unknown.pages, unknown.counted()), (Some(7), None));
        let whole = DocumentFacts {
            pages: Some(9),
            whole: true,
            ..DocumentFacts::default()
        };
        let known = said.clone().fill_missing(&whole);
        assert_eq!((known.pages, known.counted()), (Some(9), Some(9)));
        // More pages than are believed are not counted.
        let unbelieved = DocumentFacts {
            pages: None,
            ..whole
        };
        assert_eq!(said.fill_missing(&unbelieved).counted(), None);
    }

    #[test]
    fn the_longest_meta_fits_and_shows_nothing() {
        let storage = StorageKey::generate(&mut rand::rng());
        let job = JobId::from_bytes([1; 16]);
        let meta = JobMeta {
            title: "t".repeat(limits::TITLE),
            format: "f".repeat(limits::FORMAT),
            pages: Some(u32::MAX),
            page_size: Some("s".repeat(limits::MEDIA)),
            color: Some(true),
            options: PrintOptions {
                media: Some("m".repeat(limits::MEDIA)),
                page_ranges: PageRanges::try_from(
                    (0..limits::PAGE_RANGES as u32)
                        .map(|page| PageRange {
                            first: limits::PAGES - 2 * page,
                            last: limits::PAGES - 2 * page,
                        })
                        .rev()
                        .collect::<Vec<_>>(),
                )
                .unwrap(),
                finishings: "staple-triple-bottom,punch-multiple-bottom,fold-engineering-z"
                    .parse()
                    .unwrap(),
                extensions: Extensions::default()
                    .with(1, vec![7; limits::KEPT_EXTENSIONS])
                    .unwrap(),
                ..PrintOptions::default()
            },
            locked: true,
            whole: true,
            document_password: DocumentPassword::new(&"p".repeat(MAX_DOCUMENT_PASSWORD)).ok(),
            token: Some(TokenDigest::from_bytes([0xff; 32])),
            client: Some(Client::new(
                "[2001:db8:1111:2222:3333:4444:5555:6666]:65535"
                    .parse()
                    .unwrap(),
                u64::MAX,
            )),
        };
        let sealed = meta.seal(&storage, job).unwrap();
        assert!(!sealed.windows(4).any(|window| window == b"tttt"));
        assert_eq!(JobMeta::open(&storage, job, &sealed).unwrap(), meta);
        assert!(JobMeta::open(&storage, JobId::from_bytes([2; 16]), &sealed).is_err());
    }
}
