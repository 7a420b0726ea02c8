//! The task that keeps the certificate good: when it is looked at, and what comes of looking.

use std::net::IpAddr;
use std::time::Duration;

use futures::StreamExt;
use papermesh_protocol::certificate::Role;
use papermesh_protocol::id::NodeId;
use papermesh_protocol::remedy::Remedy;
use papermesh_protocol::web::Places;
use tokio::time::{Instant, sleep_until};

use super::WebCertificate;
use super::places::places;
use crate::network::{Change, Network};

/// How often it is looked whether something has changed.
const LOOK: Duration = Duration::from_secs(10 * 60);
/// The least time between two attempts, however many members arrive.
const BETWEEN_ATTEMPTS: Duration = Duration::from_secs(5);
/// How long an arriving admin is left to arrive.
const SETTLING: Duration = Duration::from_millis(500);
/// The first wait after an attempt that came to nothing; it doubles with each further one,
const FIRST_WAIT: Duration = Duration::from_secs(30);
/// up to this.
const LONGEST_WAIT: Duration = Duration::from_secs(15 * 60);

/// What looking came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Looked {
    /// There was nothing to do.
    Good,
    /// There is a new certificate.
    Renewed,
    /// A new one is due and nobody gave it.
    Missing,
}

impl<N: Network> WebCertificate<N> {
    /// Keeps the certificate good until the mesh ends, for listeners that are bound to these
    /// addresses.
    pub async fn run(self, bound: Vec<IpAddr>) {
        let mut changes = self.0.deps.network.changes();
        let mut opening = self.0.deps.opening.clone();
        let (mut next, mut last) = (Instant::now(), None::<Instant>);
        let mut wait = FIRST_WAIT;
        loop {
            tokio::select! {
                () = sleep_until(next) => {}
                // This node is the admin's itself, and waited for its own key.
                Ok(()) = opening.changed() => wait = FIRST_WAIT,
                change = changes.next() => {
                    let soon = match change {
                        Some(Change::Arrived(node)) if !self.is_admin(node) => continue,
                        Some(_) => Instant::now() + SETTLING,
                        None => return,
                    };
                    let earliest = last.map_or(soon, |last| last + BETWEEN_ATTEMPTS);
                    next = next.min(soon.max(earliest));
                    continue;
                }
            }
            last = Some(Instant::now());
            let own = self.membership_certificate();
            let looked = self.look(&places(&own, &bound)).await;
            let after = match looked {
                Looked::Good | Looked::Renewed => {
                    wait = FIRST_WAIT;
                    LOOK
                }
                Looked::Missing => {
                    let after = wait;
                    wait = (wait * 2).min(LONGEST_WAIT);
                    after
                }
            };
            next = Instant::now() + after;
        }
    }

    /// Looks whether the certificate is good for a node that is reached at `places`, and asks for
    /// another one if not.
    pub async fn look(&self, places: &Places) -> Looked {
        let membership = self.0.deps.mesh.membership();
        let now = membership.now();
        let kept = self.kept();
        // A node that is no member any more does not speak in the site's name.
        let standing = membership.standing().is_ok();
        if !standing || kept.as_ref().is_some_and(|kept| now > kept.not_after) {
            self.hide();
        }
        if !standing {
            return Looked::Missing;
        }
        if kept.is_some_and(|kept| !kept.is_due(places, now)) {
            return Looked::Good;
        }
        self.set_trouble(None);
        let renewed = self.renew(places).await;
        self.set_trouble((renewed.as_ref().err()).map(|error| error.in_full().to_string()));
        match renewed {
            Ok(kept) => {
                tracing::info!(places = %kept.places, until = %kept.not_after, "received a web certificate from the site");
                if !kept.refused.is_empty() {
                    tracing::info!(refused = %kept.refused, "some places not certified: another member has the name, or the admin's node does not see this one there");
                }
                Looked::Renewed
            }
            Err(error) => {
                tracing::info!(error = %error.in_full(), "no web certificate from the site; will retry");
                Looked::Missing
            }
        }
    }

    fn is_admin(&self, node: NodeId) -> bool {
        let member = self.0.deps.mesh.membership().member(node);
        member.is_some_and(|member| member.certificate.roles.has(Role::Admin))
    }
}
