//! Jobs as their holder keeps them.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use papermesh_protocol::document_password::DocumentPassword;
use papermesh_protocol::id::JobId;
use papermesh_protocol::job::PrintOptions;
use papermesh_protocol::remedy::Remedy;
use papermesh_protocol::text::UserId;
use papermesh_protocol::time::Timestamp;
use serde::{Deserialize, Deserializer, Serialize};

use super::release::JobResult;
use crate::control::TypedPin;

/// Hands over a document to hold, or to print at once. The document follows.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SubmitJob {
    /// Whose; needed only where it is not clear.
    pub user: Option<UserId>,
    /// The title, cleaned.
    pub title: String,
    /// The format, a MIME media type.
    pub format: String,
    /// Bytes of the document, where they are known before.
    pub size: Option<u64>,
    /// How to print it.
    pub options: PrintOptions,
    /// Seconds to keep it; without them the site's policy says it.
    pub lifetime: Option<u32>,
    /// A printer to print it now: its name, or the beginning of its id.
    pub printer: Option<String>,
    /// On a shared computer, the PIN that releases it.
    pub pin: Option<TypedPin>,
    /// A PIN of this job alone, asked for beside the user's own.
    pub job_pin: Option<TypedPin>,
    /// The password that opens the document, if it is locked.
    pub document_password: Option<DocumentPassword>,
    /// How urgent it is, 1 to 100; without one 50.
    pub priority: Option<u8>,
    /// Seconds for which it is not offered at printers.
    pub hold: Option<u32>,
}

/// A document is held, or printed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Submitted {
    /// The job.
    pub job: JobId,
    /// Its number on this device.
    pub number: u32,
    /// The user.
    pub user: UserId,
    /// Its title.
    pub title: String,
    /// Its format.
    pub format: String,
    /// Bytes of the document.
    pub size: u64,
    /// Its pages, where known.
    pub pages: Option<u32>,
    /// Whether it opens with a password only, which is not known here.
    pub locked: bool,
    /// When it will be gone.
    pub expires_at: Timestamp,
    /// How printing at once ended, if that was asked for. If it failed, the job is held.
    pub printed: Option<JobResult>,
}

/// Asks for the jobs held here, in the order in which printers list them.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ListJobs {
    /// Whose; without one everybody's, one user after the other.
    pub user: Option<UserId>,
}

/// Asks for the jobs that were held here and are gone, those that went last first.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ListHistory {
    /// Whose; without one everybody's.
    pub user: Option<UserId>,
}

/// Asks for every job held here whose state changes, from now on: as events, until whoever asked
/// hangs up.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FollowJobs {
    /// Whose; without one everybody's.
    pub user: Option<UserId>,
}

/// The node stopped, or nobody listened any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobsFollowed {
    /// Changes that were told.
    pub changes: u64,
}

/// Shows a job that is held here, or was.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ShowJob {
    /// The job.
    pub job: JobRef,
}

/// Moves a job in its user's list. Answered with the job as it then is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct MoveJob {
    /// The job.
    pub job: JobRef,
    /// Where to, 1 for the first; beyond the end is the last.
    pub position: u32,
}

/// Deletes a job held here. Answered with what it was.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DeleteJob {
    /// The job.
    pub job: JobRef,
}

/// Exempts a job from pressure for space, or no longer. Answered with the job as it then is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ProtectJob {
    /// The job.
    pub job: JobRef,
    /// Whether it is to be exempt.
    pub on: bool,
}

/// Gives the password of a locked document, which is tried and kept sealed with its job. Answered with
/// the job as it then is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct UnlockJob {
    /// The job.
    pub job: JobRef,
    /// What opens its document.
    pub password: DocumentPassword,
}

/// A job as a person names it: up to five digits are its number, more are its id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum JobRef {
    /// Its number on this computer.
    Number(u32),
    /// Its id, or the beginning of that.
    Id(JobPrefix),
}

impl FromStr for JobRef {
    type Err = PrefixError;
    fn from_str(text: &str) -> Result<Self, PrefixError> {
        let text = text.trim();
        match text.strip_prefix('#').map_or_else(
            || (text.len() < JobPrefix::MIN).then(|| text.parse().ok()),
            |number| Some(number.parse().ok()),
        ) {
            Some(Some(number)) => Ok(Self::Number(number)),
            _ => text.parse().map(Self::Id),
        }
    }
}

impl fmt::Display for JobRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Id(prefix) => prefix.fmt(f),
        }
    }
}

impl From<JobId> for JobRef {
    fn from(job: JobId) -> Self {
        Self::Id(JobPrefix(job.to_string()))
    }
}

/// The first digits of a job's id, as a person types them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct JobPrefix(String);

/// Why a prefix names no job.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PrefixError {
    /// It is not the beginning of an id.
    #[error(
        "{0:?} is not a job id: write at least the first {min} of its {max} hexadecimal digits",
        min = JobPrefix::MIN,
        max = JobPrefix::MAX
    )]
    Malformed(String),
    /// No job begins with it.
    #[error("there is no job {0}")]
    Unknown(JobPrefix),
    /// More than one does.
    #[error("{1} job ids begin with {0}")]
    Ambiguous(JobPrefix, usize),
}

impl Remedy for PrefixError {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Ambiguous(..) => Some("write more digits".into()),
            _ => None,
        }
    }
}

impl JobPrefix {
    /// The fewest digits: more than the number that a list shows before a job ever has, so that
    /// the one is not taken for the other.
    pub const MIN: usize = 6;
    /// The digits of a whole id.
    pub const MAX: usize = JobId::LEN * 2;

    /// The digits, in lower case.
    #[must_use]
    pub fn digits(&self) -> &str {
        &self.0
    }

    /// The one job among `jobs` that it names.
    ///
    /// # Errors
    /// [`PrefixError::Unknown`], [`PrefixError::Ambiguous`].
    pub fn choose(&self, jobs: impl IntoIterator<Item = JobId>) -> Result<JobId, PrefixError> {
        let mut found: Vec<JobId> = jobs
            .into_iter()
            .filter(|job| job.to_string().starts_with(&self.0))
            .collect();
        found.sort_unstable();
        found.dedup();
        match found.as_slice() {
            [job] => Ok(*job),
            [] => Err(PrefixError::Unknown(self.clone())),
            several => Err(PrefixError::Ambiguous(self.clone(), several.len())),
        }
    }
}

impl FromStr for JobPrefix {
    type Err = PrefixError;
    fn from_str(text: &str) -> Result<Self, PrefixError> {
        let digits = text.trim().to_ascii_lowercase();
        if (Self::MIN..=Self::MAX).contains(&digits.len())
            && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
        {
            Ok(Self(digits))
        } else {
            Err(PrefixError::Malformed(text.chars().take(64).collect()))
        }
    }
}

impl fmt::Display for JobPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl<'de> Deserialize<'de> for JobPrefix {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use papermesh_protocol::job::JobSummary;
    use papermesh_services::holder::HeldView;
    use papermesh_services::holder::JobState;

    use super::*;

    #[test]
    fn a_prefix_names_exactly_one_job_or_says_why_not() {
        let jobs = [
            JobId::from_bytes([0xab; 16]),
            JobId::from_bytes([0xab; 16]),
            JobId::from_bytes({
                let mut bytes = [0xab; 16];
                bytes[15] = 0;
                bytes
            }),
            JobId::from_bytes([0x12; 16]),
        ];
        let choose = |text: &str| text.parse::<JobPrefix>()?.choose(jobs);
        assert_eq!(choose("121212"), Ok(jobs[3]));
        assert_eq!(choose(&jobs[0].to_string().to_uppercase()), Ok(jobs[0]));
        assert!(matches!(
            choose("ababab"),
            Err(PrefixError::Ambiguous(_, 2))
        ));
        assert!(matches!(choose("ffffff"), Err(PrefixError::Unknown(_))));
        for wrong in ["", "3", "12", "abcdefg", &"a".repeat(33)] {
            assert!(
                matches!(choose(wrong), Err(PrefixError::Malformed(_))),
                "{wrong}"
            );
        }
    }

    #[test]
    fn a_held_job_is_one_flat_object() {
        let job = HeldView {
            token: None,
            client: None,
            damage: None,
            user: "charlie".parse().unwrap(),
            number: 7,
            state: JobState::Held,
            last: None,
            summary: JobSummary {
                job: JobId::from_bytes([1; 16]),
                title: "Report".into(),
                format: "application/pdf".into(),
                size: 10,
                pages: Some(2),
                page_size: None,
                color: None,
                submitted_at: Timestamp::from_secs(1),
                priority: 50,
                listed_at: Timestamp::from_secs(1),
                expires_at: Timestamp::from_secs(2),
                options: PrintOptions::default(),
                protected: false,
                may_have_printed: false,
                leased: false,
                needs_pin: false,
                locked: false,
                extensions: Default::default(),
            },
        };
        let text = serde_json::to_string(&job).unwrap();
        assert!(
            text.starts_with(r#"{"user":"charlie","number":7,"job":"0101"#),
            "{text}"
        );
        assert!(
            text.contains(r#""state":{"kind":"held"},"last":null"#),
            "{text}"
        );
        assert_eq!(serde_json::from_str::<HeldView>(&text).unwrap(), job);
    }

    #[test]
    fn a_job_is_named_by_number_or_id() {
        assert_eq!("7".parse(), Ok(JobRef::Number(7)));
        assert_eq!("#1234567".parse(), Ok(JobRef::Number(1_234_567)));
        assert_eq!("ababab".parse(), Ok(JobRef::Id("ababab".parse().unwrap())));
        assert!("abab".parse::<JobRef>().is_err());
        let job = JobId::from_bytes([0xab; 16]);
        assert_eq!(JobRef::from(job).to_string(), job.to_string());
    }
}
