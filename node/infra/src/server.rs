//! What all operations share.

use std::collections::BTreeMap;

use papermesh_device::{Change, InfraDevice, JobView, ProxyId};
use papermesh_ipp_message::message::{Failure, Request, job_number};
use papermesh_ipp_message::status::Status;
use papermesh_ipp_message::subscriptions::Subscriptions;
use papermesh_protocol::id::TokenDigest;
use papermesh_protocol::time::Timestamp;
use papermesh_web::Rates;
use tokio::sync::Mutex;

use crate::limits;
use crate::listener::Identity;
use crate::news::News;
use crate::sessions::Sessions;
use crate::tokens::{Admitted, Registration};

/// Everything that outlives one request.
pub(super) struct InfraServer<T> {
    pub(super) identity: Identity,
    pub(super) device: InfraDevice,
    pub(super) tokens: T,
    pub(super) subscriptions: Subscriptions<News>,
    /// Whose tokens were shown.
    pub(super) sessions: Sessions,
    /// What is kept of each, as it was kept last; one is kept at a time.
    pub(super) kept: Mutex<BTreeMap<TokenDigest, Registration>>,
    /// Wrong device tokens.
    pub(super) wrong_tokens: Rates,
    pub(super) started: Timestamp,
    pub(super) clock: fn() -> Timestamp,
}

impl<T> InfraServer<T> {
    pub(super) fn new(
        identity: Identity,
        device: InfraDevice,
        tokens: T,
        clock: fn() -> Timestamp,
    ) -> Self {
        Self {
            identity,
            device,
            tokens,
            subscriptions: Subscriptions::default(),
            sessions: Sessions::default(),
            kept: Mutex::default(),
            wrong_tokens: Rates::new(limits::WRONG_TOKENS_EACH, limits::WRONG_TOKENS),
            started: clock(),
            clock,
        }
    }

    /// Tells subscribers what happened; says whether something else is to be kept of their subscriptions by that.
    pub(super) fn tell(&self, change: Change) -> bool {
        let mut is_other = false;
        for news in News::of(change, &self.device, &self.sessions) {
            is_other |= self.subscriptions.note(&news, (self.clock)());
        }
        is_other
    }
}

/// One request, and who made it.
pub(super) struct Asking<'a> {
    pub(super) request: &'a Request,
    /// Who shows a token; none of whoever shows none, who may ask what the printer is.
    pub(super) who: Option<Admitted>,
    /// The printer's URI as whoever asks knows it.
    pub(super) printer: String,
    /// Whether that came protected.
    pub(super) tls: bool,
}

impl Asking<'_> {
    /// Whose token it is.
    pub(super) fn admitted(&self) -> Result<&Admitted, Failure> {
        let nobody = || Failure::new(Status::NotAuthenticated, "show a device token");
        self.who.as_ref().ok_or_else(nobody)
    }

    /// The proxy that asks.
    pub(super) fn proxy(&self) -> Result<&ProxyId, Failure> {
        let proxy = self.admitted()?.proxy.as_ref();
        proxy.ok_or_else(|| {
            Failure::new(
                Status::BadRequest,
                "the request names no output-device-uuid",
            )
        })
    }

    /// The number of the job that is meant.
    pub(super) fn number(&self) -> Result<i32, Failure> {
        let number = job_number(self.request).and_then(|number| i32::try_from(number).ok());
        number.ok_or_else(|| Failure::new(Status::BadRequest, "the request names no job"))
    }

    /// The job that is meant, if it is one that the proxy that asks may know of.
    pub(super) fn job(&self, device: &InfraDevice) -> Result<JobView, Failure> {
        let (number, proxy) = (self.number()?, self.proxy()?);
        device
            .job_of(number, proxy)
            .ok_or_else(|| Failure::new(Status::NotFound, format!("there is no job {number} here")))
    }

    /// Refuses another document than the one that every job has.
    pub(super) fn check_document(&self) -> Result<(), Failure> {
        match self.request.operation().integer("document-number") {
            Some(1) => Ok(()),
            Some(number) => Err(Failure::new(
                Status::NotFound,
                format!("the job has no document {number}: it has one"),
            )),
            None => Err(Failure::new(
                Status::BadRequest,
                "the request names no document-number",
            )),
        }
    }
}
