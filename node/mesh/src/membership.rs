//! What a node knows of its site and of those it is connected with. Shared between the transport,
//! which judges certificates, the DHT's storage, which judges records, and the event loop.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use papermesh_protocol::certificate::{Certificate, CertificateError};
use papermesh_protocol::charter::{Charter, CharterError, CharterMark};
use papermesh_protocol::id::{NodeId, SiteId};
use papermesh_protocol::judge::Judge;
use papermesh_protocol::signed::{Envelope, Signed};
use papermesh_protocol::site::{SiteSecret, SiteState, SiteStateError};
use papermesh_protocol::time::Timestamp;
use papermesh_protocol::time::{Clock, Moment};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use super::clocks::ClockOffset;

/// A node that proved its membership on a connection that is open now.
#[derive(Clone, Debug)]
pub struct Member {
    /// The node.
    pub node: NodeId,
    /// What it proved it with.
    pub certificate: Arc<Signed<Certificate>>,
}

/// Members whose certificates are remembered, connected or not; a little above the most
/// connections that the swarm accepts, because a handshake comes before the swarm's own limits.
const REMEMBERED: usize = 1024;

/// The site as this node sees it.
#[derive(Debug)]
pub struct Membership {
    site: SiteId,
    secret: SiteSecret,
    clock: Clock,
    steady: Clock,
    own: RwLock<Arc<Signed<Certificate>>>,
    charter: RwLock<Arc<Signed<Charter>>>,
    state: RwLock<Arc<Signed<SiteState>>>,
    /// What of both is known, for who wants to hear when that changes.
    editions: watch::Sender<Edition>,
    met: Mutex<HashMap<NodeId, Met>>,
}

/// What a node has of the site's papers, as it says; the newer charter counts before the newer state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Edition {
    /// Its charter.
    pub(super) charter: CharterMark,
    /// The sequence number of its site state.
    pub(super) state: u64,
}

impl Edition {
    /// That of these papers.
    pub(super) fn of(charter: &Signed<Charter>, state: &SiteState) -> Self {
        Self {
            charter: charter.mark(),
            state: state.sequence,
        }
    }
}

#[derive(Debug)]
struct Met {
    member: Member,
    edition: Edition,
    /// Milliseconds that this clock is ahead of the member's, if it told its time.
    clock_ahead: Option<i64>,
}

impl Membership {
    /// The membership of a node with these papers.
    #[must_use]
    pub fn new(
        own: Signed<Certificate>,
        (charter, state): (Signed<Charter>, Signed<SiteState>),
        secret: SiteSecret,
        clock: Clock,
    ) -> Self {
        let edition = Edition::of(&charter, &state);
        Self {
            site: own.site,
            secret,
            clock,
            steady: clock,
            own: RwLock::new(Arc::new(own)),
            charter: RwLock::new(Arc::new(charter)),
            state: RwLock::new(Arc::new(state)),
            editions: watch::Sender::new(edition),
            met: Mutex::new(HashMap::new()),
        }
    }

    /// The same, with a clock of its own for waits.
    #[must_use]
    pub fn with_waits_by(self, steady: Clock) -> Self {
        Self { steady, ..self }
    }

    /// The site.
    #[must_use]
    pub fn site(&self) -> SiteId {
        self.site
    }

    /// The site's secret.
    #[must_use]
    pub fn secret(&self) -> &SiteSecret {
        &self.secret
    }

    /// This node.
    #[must_use]
    pub fn node(&self) -> NodeId {
        self.certificate().node
    }

    /// This node's certificate.
    #[must_use]
    pub fn certificate(&self) -> Arc<Signed<Certificate>> {
        self.own
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// The newest charter that this node has seen: who may sign for the site.
    #[must_use]
    pub fn charter(&self) -> Arc<Signed<Charter>> {
        self.charter
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// What this node has of the site's papers.
    pub(super) fn edition(&self) -> Edition {
        *self.editions.borrow()
    }

    /// News of newer papers, from wherever they come.
    pub(super) fn editions(&self) -> watch::Receiver<Edition> {
        self.editions.subscribe()
    }

    /// The newest site state that this node has seen.
    #[must_use]
    pub fn state(&self) -> Arc<Signed<SiteState>> {
        self.state
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// The time, as this node has it.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// The time by which waits within this process are measured. Whoever sets the computer's clock
    /// does not change it.
    #[must_use]
    pub fn steady(&self) -> Timestamp {
        (self.steady)()
    }

    /// This moment by both clocks.
    #[must_use]
    pub fn moment(&self) -> Moment {
        Moment {
            now: self.now(),
            steady: self.steady(),
        }
    }

    /// Judges records with what is known now.
    pub fn judge<T>(&self, judged: impl FnOnce(&Judge<'_>) -> T) -> T {
        let (charter, state) = (self.charter(), self.state());
        judged(&Judge {
            charter: &charter,
            state: &state,
            now: self.now(),
        })
    }

    /// Shows a renewed certificate from the next connection on.
    pub fn renew(&self, certificate: Signed<Certificate>) {
        *self.own.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(certificate);
    }

    /// Takes a charter that somebody handed over; says whether it is newer than the one known.
    pub fn recharter(&self, charter: &Envelope<Charter>) -> Result<bool, CharterError> {
        let charter = Charter::verify(charter, self.site)?;
        let mark = charter.mark();
        let mut known = self.charter.write().unwrap_or_else(PoisonError::into_inner);
        let newer = mark > known.mark();
        if newer {
            *known = Arc::new(charter);
            self.editions.send_modify(|edition| edition.charter = mark);
        }
        Ok(newer)
    }

    /// Takes a state that somebody handed over; says whether it is newer than the one known.
    pub fn advance(&self, state: &Envelope<SiteState>) -> Result<bool, SiteStateError> {
        let state = SiteState::verify(state, &self.charter())?;
        let mut known = self.state.write().unwrap_or_else(PoisonError::into_inner);
        let sequence = state.sequence;
        let newer = sequence > known.sequence;
        if newer {
            *known = Arc::new(state);
            self.editions
                .send_modify(|edition| edition.state = sequence);
        }
        Ok(newer)
    }

    /// Reads the certificate that `node` showed in its handshake: whether the site issued it to
    /// that very node. Whether it still counts is [`Membership::admit`]'s to say.
    pub(super) fn recognise(
        &self,
        node: NodeId,
        certificate: &Envelope<Certificate>,
    ) -> Result<Signed<Certificate>, CertificateError> {
        Certificate::verify_issued_to(certificate, node, &self.charter())
    }

    /// Judges the certificate that a node showed in its handshake by what is known now, and
    /// remembers it.
    pub(super) fn admit(
        &self,
        certificate: Signed<Certificate>,
        edition: Edition,
    ) -> Result<(), CertificateError> {
        self.judge(|judge| certificate.stands(judge))?;
        let node = certificate.node;
        let member = Member {
            node,
            certificate: Arc::new(certificate),
        };
        let mut met = self.met.lock().unwrap_or_else(PoisonError::into_inner);
        if met.len() >= REMEMBERED && !met.contains_key(&node) {
            // Handshakes that led to no connection are all that can pile up here.
            if let Some(oldest) = met.keys().next().copied() {
                met.remove(&oldest);
            }
        }
        met.insert(
            node,
            Met {
                member,
                edition,
                clock_ahead: None,
            },
        );
        Ok(())
    }

    /// The member that a connection proved, unless the site has since withdrawn the certificate
    /// or that has expired.
    #[must_use]
    pub fn member(&self, node: NodeId) -> Option<Member> {
        let met = self
            .met
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&node)
            .map(|met| met.member.clone())?;
        let stands = self.judge(|judge| met.certificate.stands(judge));
        stands.is_ok().then_some(met)
    }

    /// Whether the site accepts this node itself, as far as it knows.
    ///
    /// # Errors
    /// Those of [`Signed::stands`].
    pub fn standing(&self) -> Result<(), CertificateError> {
        let own = self.certificate();
        self.judge(|judge| own.stands(judge))
    }

    /// Which of the site's papers the member said it has.
    pub(super) fn edition_of(&self, node: NodeId) -> Option<Edition> {
        self.met
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&node)
            .map(|met| met.edition)
    }

    /// Notes how many milliseconds this clock is ahead of a member's.
    pub(super) fn note_clock(&self, node: NodeId, ahead: i64) {
        let mut met = self.met.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(met) = met.get_mut(&node) {
            met.clock_ahead = Some(ahead);
        }
    }

    /// How far this clock is from those of members that told their time, if any did.
    #[must_use]
    pub fn clock_offset(&self) -> Option<ClockOffset> {
        let met = self.met.lock().unwrap_or_else(PoisonError::into_inner);
        ClockOffset::median(met.values().filter_map(|met| met.clock_ahead).collect())
    }

    /// Forgets a member that is not connected any more.
    pub(super) fn forget(&self, node: NodeId) {
        self.met
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&node);
    }

    /// The members met whose certificates the site has since withdrawn, or that have expired.
    pub(super) fn no_longer_valid(&self) -> Vec<NodeId> {
        self.judge(|judge| {
            let met = self.met.lock().unwrap_or_else(PoisonError::into_inner);
            met.values()
                .map(|met| &met.member)
                .filter(|member| member.certificate.stands(judge).is_err())
                .map(|member| member.node)
                .collect()
        })
    }
}
