//! What is to be printed and how: the ticket that goes with a document to an output device.
//!
//! Lives here: the ticket, and the checks that hold for every kind of device. Not here: whether a
//! given device can do it (each device module).

use std::fmt;

use papermesh_protocol::job::PrintOptions;

use super::failure::Refusal;
use super::text::printable;

/// Longest job name sent to a device, in bytes: RFC 8011 section 5.3.5, `name(MAX)`, MAX = 255.
pub const MAX_JOB_NAME: usize = 255;

/// Longest user name sent to a device, in bytes: RFC 8011 section 5.3.6, `name(MAX)`.
pub const MAX_USER_NAME: usize = 255;

/// Digits of the release id that mark a job on the device (`job-name`, or a tray's file name).
pub const TAG_DIGITS: usize = 8;

/// Longest release id, in hexadecimal digits.
pub const MAX_RELEASE_DIGITS: usize = 64;

/// One document on its way to paper.
///
/// `Debug` leaves the title out: it is the user's content.
#[derive(Clone, PartialEq, Eq)]
pub struct PrintTicket {
    /// The release this print belongs to: 8 to 64 hexadecimal digits. It marks the job on the
    /// device, so that the device's own log, the journal and the audit log can be laid side by
    /// side, and so that the job can be recognized after a restart.
    pub release: String,
    /// What the user calls the document. Any text; shortened and cleaned before a device sees it.
    pub title: String,
    /// Whose document it is; the device is told this name as `requesting-user-name`.
    pub user: String,
    /// MIME type of the document's bytes.
    pub format: String,
    /// What is asked of the device; what is not said is left to it.
    pub options: PrintOptions,
    /// Length of the document in bytes where known. A document that turns out shorter or longer is
    /// treated as broken, never as printed.
    pub size: Option<u64>,
    /// Whether this node made the document's bytes of another document, so that they hold nothing
    /// but what it wrote.
    pub converted: bool,
}

impl fmt::Debug for PrintTicket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrintTicket")
            .field("release", &self.release)
            .field("format", &self.format)
            .field("options", &self.options)
            .field("size", &self.size)
            .finish_non_exhaustive()
    }
}

impl PrintTicket {
    /// The checks that no device needs to be asked for.
    pub(super) fn check(&self) -> Result<(), Refusal> {
        let digits = self.release.len();
        if !(TAG_DIGITS..=MAX_RELEASE_DIGITS).contains(&digits)
            || !self.release.bytes().all(|b| b.is_ascii_hexdigit())
        {
            return Err(Refusal::Ticket(format!(
                "the release id must be {TAG_DIGITS} to {MAX_RELEASE_DIGITS} hexadecimal digits"
            )));
        }
        if self.options.copies == 0 {
            return Err(Refusal::Ticket("ask for at least one copy".to_owned()));
        }
        Ok(())
    }

    /// The first digits of the release id. Call only after [`Self::check`]; shorter ids give what
    /// they have.
    pub(super) fn tag(&self) -> &str {
        self.release.get(..TAG_DIGITS).unwrap_or(&self.release)
    }

    /// The name of the job on the device: the title and, in brackets, the release tag.
    pub(super) fn job_name(&self) -> String {
        let mark = job_mark(self.tag());
        let title = printable(&self.title, MAX_JOB_NAME - mark.len() - 1);
        if title.is_empty() {
            mark
        } else {
            format!("{title} {mark}")
        }
    }

    /// The user's name as the device is told it.
    pub(super) fn user_name(&self) -> String {
        let name = printable(&self.user, MAX_USER_NAME);
        if name.is_empty() {
            "anonymous".to_owned()
        } else {
            name
        }
    }
}

/// How a job's name ends on the device: `[1f2e3d4c]`.
pub(super) fn job_mark(tag: &str) -> String {
    format!("[{tag}]")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use papermesh_protocol::job::PrintOptions;

    use super::{MAX_JOB_NAME, PrintTicket};

    fn ticket() -> PrintTicket {
        PrintTicket {
            release: "1f2e3d4c5b6a7988".into(),
            title: "Quarterly\nreport".into(),
            user: "ada".into(),
            format: "application/pdf".into(),
            size: None,
            converted: false,
            options: PrintOptions::default(),
        }
    }

    #[test]
    fn a_job_is_named_by_title_and_release() {
        assert_eq!(ticket().job_name(), "Quarterly report [1f2e3d4c]");
        let nameless = PrintTicket {
            title: "\u{7}".into(),
            ..ticket()
        };
        assert_eq!(nameless.job_name(), "[1f2e3d4c]");
    }

    #[test]
    fn a_long_title_is_cut_but_keeps_the_mark() {
        let long = PrintTicket {
            title: "ü".repeat(4000),
            ..ticket()
        };
        let name = long.job_name();
        assert!(name.len() <= MAX_JOB_NAME);
        assert!(name.ends_with(" [1f2e3d4c]"));
    }

    #[test]
    fn the_title_is_not_in_debug_output() {
        assert!(!format!("{:?}", ticket()).contains("report"));
    }

    #[test]
    fn strange_release_ids_and_zero_copies_are_refused() {
        for release in ["", "1234567", "../../etc/passwd", "1f2e3d4g"] {
            assert!(
                PrintTicket {
                    release: release.into(),
                    ..ticket()
                }
                .check()
                .is_err()
            );
        }
        assert!(
            PrintTicket {
                options: PrintOptions {
                    copies: 0,
                    ..PrintOptions::default()
                },
                ..ticket()
            }
            .check()
            .is_err()
        );
        ticket().check().unwrap();
    }
}
