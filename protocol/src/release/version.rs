//! What is said in which version of the release protocol.
//!
//! release/2 is release/1 with places in which structures may grow ([`crate::extension`]), and with the
//! pages that a holder counted.

use crate::extension::Extensions;
use crate::job::JobSummary;
use crate::release::message::{Answer, Refusal, Request};
use crate::version::Version;

/// The protocol's name: request and answer, one after the other, on one stream.
#[must_use]
pub const fn protocol(version: Version) -> &'static str {
    match version {
        Version::One => "/papermesh/release/1",
        Version::Two => "/papermesh/release/2",
    }
}

impl Request {
    /// As it is said in a version.
    #[must_use]
    pub fn said_in(mut self, version: Version) -> Self {
        if version == Version::One {
            match &mut self {
                Self::Login(login) => login.extensions = Extensions::default(),
                Self::Select {
                    options,
                    extensions,
                    ..
                } => {
                    // What the holder need not know; the rest was in no job of a holder of this version.
                    options.reduce();
                    *extensions = Extensions::default();
                }
                _ => {}
            }
        }
        self
    }
}

impl Answer {
    /// As it is said in a version. A job that must not be printed by who does not know all of its options
    /// is neither listed nor granted to a printer that cannot.
    #[must_use]
    pub fn said_in(self, version: Version) -> Self {
        if version == Version::Two {
            return self;
        }
        match self {
            Self::SessionOpen { session, jobs, .. } => Self::session_open(session, jobs),
            Self::Jobs { mut jobs, more } => {
                jobs.retain_mut(JobSummary::reduce);
                Self::Jobs { jobs, more }
            }
            Self::Grant(mut grant) => {
                let extensions = core::mem::take(&mut grant.extensions);
                let understood = extensions.understood(&[]).is_ok();
                grant.counted = None;
                match grant.options.reduce() && understood {
                    true => Self::Grant(grant),
                    false => Self::Refused(Refusal::Policy),
                }
            }
            Self::Settled { .. } => Self::Done,
            Self::Explained { why, .. } => Self::Refused(why),
            answer => answer,
        }
    }
}

impl JobSummary {
    /// Takes out what the first version has no place for; says whether that may be missing.
    pub(crate) fn reduce(&mut self) -> bool {
        let extensions = core::mem::take(&mut self.extensions);
        self.options.reduce() && extensions.understood(&[]).is_ok()
    }
}
