//! Whom a gateway lets in, judged by the papers that doors bring.
//!
//! A gateway is a member of no site and asks nobody. Of each site that has a contract it keeps the
//! newest charter and site state that a door ever showed, and judges every door of the site by these:
//! one door that knows of a revocation is enough.

use super::message::{Hello, Papers, Refusal};
use crate::certificate::{Certificate, CertificateError, Role};
use crate::charter::{Charter, CharterError};
use crate::id::{NodeId, SiteId};
use crate::judge::Judge;
use crate::signed::Signed;
use crate::site::{SiteState, SiteStateError};
use crate::time::Timestamp;

/// The newest papers that a gateway has of a site.
#[derive(Clone, Debug)]
pub struct SitePapers {
    charter: Signed<Charter>,
    state: Signed<SiteState>,
}

/// Why papers are not believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PapersError {
    /// The charter is not the site's.
    #[error(transparent)]
    Charter(#[from] CharterError),
    /// The site state is not the site's.
    #[error(transparent)]
    State(#[from] SiteStateError),
}

impl SitePapers {
    /// Believes the first papers of a site.
    ///
    /// # Errors
    /// [`PapersError`].
    pub fn first(papers: &Papers, site: SiteId) -> Result<Self, PapersError> {
        let charter = Charter::verify(&papers.charter, site)?;
        let state = SiteState::verify(&papers.state, &charter)?;
        Ok(Self { charter, state })
    }

    /// Takes of these what is newer; tells whether anything was. A site state is judged by the newer of
    /// both charters, and an old one that the newer charter's admins did not sign is passed over.
    ///
    /// # Errors
    /// [`PapersError::Charter`] where the charter is not the site's.
    pub fn renew(&mut self, papers: &Papers) -> Result<bool, PapersError> {
        let charter = Charter::verify(&papers.charter, self.charter.site)?;
        let newer_charter = charter.mark() > self.charter.mark();
        if newer_charter {
            self.charter = charter;
        }
        let state = SiteState::verify(&papers.state, &self.charter).ok();
        let newer_state = state.filter(|state| state.sequence > self.state.sequence);
        let newer = newer_charter || newer_state.is_some();
        if let Some(state) = newer_state {
            self.state = state;
        }
        Ok(newer)
    }

    /// Them, to be kept.
    #[must_use]
    pub fn papers(&self) -> Papers {
        Papers {
            charter: self.charter.envelope().clone(),
            state: self.state.envelope().clone(),
        }
    }

    /// The site's state.
    #[must_use]
    pub fn state(&self) -> &SiteState {
        &self.state
    }

    /// What to judge the site's records by.
    #[must_use]
    pub fn judge(&self, now: Timestamp) -> Judge<'_> {
        Judge {
            charter: &self.charter,
            state: &self.state,
            now,
        }
    }

    /// Judges the door that proved to be `node`.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn admit(
        &self,
        hello: &Hello,
        node: NodeId,
        now: Timestamp,
    ) -> Result<Signed<Certificate>, Refusal> {
        let certificate = Certificate::verify_of(&hello.certificate, node, &self.judge(now))
            .map_err(|error| refusal(&error))?;
        let roles = certificate.roles;
        if roles.may_hold() || roles.has(Role::Printer) {
            Ok(certificate)
        } else {
            Err(Refusal::NoDoor)
        }
    }

    /// Whether a door that was let in may stay.
    #[must_use]
    pub fn stands(&self, certificate: &Signed<Certificate>, now: Timestamp) -> bool {
        certificate.stands(&self.judge(now)).is_ok()
    }
}

fn refusal(error: &CertificateError) -> Refusal {
    match error {
        CertificateError::Revoked => Refusal::Revoked,
        CertificateError::NotYetValid | CertificateError::Expired => Refusal::Clock,
        _ => Refusal::Certificate,
    }
}
