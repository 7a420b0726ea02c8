//! What the admins of a site tell each other: all that they signed, so that each knows every member,
//! user and badge when one of them is gone.
//!
//! An admin asks another when it meets it and once a round, page by page, over `/papermesh/enroll/1`.
//! What it is told is judged like anything else; nothing is believed that the charter does not name.

use std::time::Duration;

use papermesh_frame::{read_message, write_message};
use papermesh_mesh::{Member, Protocol};
use papermesh_protocol::certificate::{Certificate, Role};
use papermesh_protocol::enroll::{Answer, Denial, Request, SignedPage, SignedPlace};
use papermesh_protocol::id::NodeId;
use papermesh_protocol::limits;
use papermesh_protocol::remedy::Remedy;
use papermesh_protocol::user::{Badge, UserEntry};
use papermesh_store::offload::offload;
use papermesh_store::{BadgeRow, Store};

use super::found::enter;
use super::{Authority, AuthorityError, badges, users};
use crate::network::Network;

/// Rows on a page: the largest user entries fit.
const ROWS: usize = 12;
/// Pages that are asked for at most: more than a registry has room for.
const PAGES: usize = 64 * 1024;
/// How long an admin may take for a page.
const ANSWER: Duration = Duration::from_secs(20);

impl<N: Network> Authority<N> {
    /// A page of what is known here, for another admin.
    ///
    /// # Errors
    /// What to answer it.
    pub(super) async fn tell_signed(
        &self,
        from: &Member,
        after: Option<SignedPlace>,
    ) -> Result<Answer, Denial> {
        let charter = self.membership().charter();
        if charter.admin_on(from.node).is_none() {
            return Err(Denial::Refused);
        }
        // Badges are signed as they are told; the key has to be open for that.
        let signer = self.key(None).await.ok();
        let page = offload(self.store(), move |store| -> Result<_, AuthorityError> {
            match after {
                None => certificates(store, None),
                Some(SignedPlace::Certificate(after)) => certificates(store, Some(after)),
                Some(SignedPlace::Users) => entries(store, None),
                Some(SignedPlace::User(after)) => entries(store, Some(after)),
                Some(SignedPlace::Badges) => match signer {
                    Some(signer) => signed_badges(store, &signer, None),
                    None => Ok(SignedPage::default()),
                },
                Some(SignedPlace::Badge(after)) => match signer {
                    Some(signer) => signed_badges(store, &signer, Some(after)),
                    None => Ok(SignedPage::default()),
                },
            }
        });
        let page = page.await.map_err(|error| {
            tracing::error!(error = %error.in_full(), "could not send another admin what was signed here");
            Denial::Trouble
        })?;
        Ok(Answer::Signed(Box::new(page)))
    }

    /// Learns what all other admins know that are connected.
    pub(super) async fn learn_from_admins(&self) {
        let charter = self.membership().charter();
        let own = self.mesh().node();
        let admins = self.mesh().status().members.into_iter();
        let admins = admins.filter(|member| {
            member.node != own
                && member.roles.has(Role::Admin)
                && charter.admin_on(member.node).is_some()
        });
        for admin in admins.map(|member| member.node).collect::<Vec<_>>() {
            self.learn_from(admin).await;
        }
    }

    /// Learns what another admin knows, if both are admins.
    pub(super) async fn learn_from(&self, admin: NodeId) {
        let charter = self.membership().charter();
        let both = [admin, self.mesh().node()].map(|node| charter.admin_on(node).is_some());
        if both != [true, true] {
            return;
        }
        let mut after = None;
        for _ in 0..PAGES {
            match self.ask_signed(admin, after.take()).await {
                Ok(Some(next)) => after = Some(next),
                Ok(None) => return,
                Err(error) => {
                    tracing::info!(%admin, %error, "another admin did not send everything it signed");
                    return;
                }
            }
        }
    }

    async fn ask_signed(
        &self,
        admin: NodeId,
        after: Option<SignedPlace>,
    ) -> Result<Option<SignedPlace>, String> {
        let text = |error: &dyn std::fmt::Display| error.to_string();
        let mut stream = self
            .mesh()
            .open(admin, &[], Protocol::Enroll)
            .await
            .map_err(|error| text(&error.in_full()))?;
        let request = Request::Signed { after };
        write_message(&mut stream, &request, limits::ENROLL_MESSAGE)
            .await
            .map_err(|error| text(&error))?;
        let answer: Option<Answer> = read_message(&mut stream, limits::ENROLL_MESSAGE, ANSWER)
            .await
            .map_err(|error| text(&error))?;
        let page = match answer {
            Some(Answer::Signed(page)) => page,
            Some(Answer::Denied(denial)) => return Err(denial.in_full().to_string()),
            _ => return Err("protocol error".to_owned()),
        };
        let next = page.next.clone();
        self.adopt(*page)
            .await
            .map_err(|error| text(&error.in_full()))?;
        Ok(next)
    }

    /// Takes over what is newer than what is known here.
    async fn adopt(&self, page: SignedPage) -> Result<(), AuthorityError> {
        let charter = self.membership().charter();
        offload(self.store(), move |store| {
            for certificate in &page.certificates {
                if let Ok(certificate) = Certificate::verify_issued(certificate, &charter) {
                    enter(store, &certificate)?;
                }
            }
            for entry in &page.users {
                if let Ok(entry) = UserEntry::verify(entry, &charter) {
                    users::adopt(store, &entry)?;
                }
            }
            for badge in &page.badges {
                if let Ok(badge) = Badge::verify(badge, &charter) {
                    let row = BadgeRow {
                        user: badge.user.clone(),
                        sequence: badge.sequence,
                    };
                    store.badges().learn(badge.tag, row)?;
                }
            }
            Ok::<_, AuthorityError>(())
        })
        .await?;
        self.tell_change();
        Ok(())
    }
}

fn certificates(
    store: &Store,
    after: Option<papermesh_protocol::id::Serial>,
) -> Result<SignedPage, AuthorityError> {
    let rows = store.members().scan(after.as_ref(), ROWS)?;
    let next = match rows.last() {
        Some((serial, _)) if rows.len() == ROWS => SignedPlace::Certificate(*serial),
        _ => SignedPlace::Users,
    };
    Ok(SignedPage {
        // What was withdrawn here is withdrawn for all by the site state.
        certificates: rows.into_iter().map(|(_, row)| row.certificate).collect(),
        next: Some(next),
        ..SignedPage::default()
    })
}

fn entries(
    store: &Store,
    after: Option<papermesh_protocol::text::UserId>,
) -> Result<SignedPage, AuthorityError> {
    let rows = store.users().scan(after.as_ref(), ROWS)?;
    let next = match rows.last() {
        Some((user, _)) if rows.len() == ROWS => SignedPlace::User(user.clone()),
        _ => SignedPlace::Badges,
    };
    Ok(SignedPage {
        users: rows.into_iter().filter_map(|(_, row)| row.entry).collect(),
        next: Some(next),
        ..SignedPage::default()
    })
}

fn signed_badges(
    store: &Store,
    signer: &super::Signer,
    after: Option<papermesh_protocol::id::BadgeTag>,
) -> Result<SignedPage, AuthorityError> {
    let rows = store.badges().scan(after, ROWS)?;
    let next = rows.last().filter(|_| rows.len() == ROWS);
    let next = next.map(|(tag, _)| SignedPlace::Badge(*tag));
    let signed = rows
        .into_iter()
        .map(|(tag, row)| Ok(badges::sign(tag, &row, signer)?.envelope().clone()));
    Ok(SignedPage {
        badges: signed.collect::<Result<_, AuthorityError>>()?,
        next,
        ..SignedPage::default()
    })
}
