//! Links that were handed out. Each opens one page, once. Who comes with one that was used closes the page that it
//! opened: one of the two got the link from the other, and nobody can tell which (as RFC 6749
//! section 4.1.2 has it for authorization codes).

use std::sync::{Mutex, MutexGuard, PoisonError};

use data_encoding::HEXLOWER;
use papermesh_protocol::text::UserId;
use rand::RngExt;
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use super::limits;
use super::proof::Code;
use crate::pages::Token;

/// Whose page it is, and with that what it shows and may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whose {
    /// A user's: their jobs on this computer, and nobody else's.
    User(UserId),
    /// The admin's: the site.
    Admin,
}

/// The links.
#[derive(Default)]
pub(super) struct Links {
    all: Mutex<Vec<Link>>,
    /// Counts those that were used.
    used: watch::Sender<u64>,
}

/// A link that was handed out.
pub(super) struct Issued {
    /// Names it, and opens nothing.
    pub(super) id: String,
    /// What opens the page.
    pub(super) token: Token,
    /// What proves on the page who opened it.
    pub(super) code: Code,
}

struct Link {
    id: String,
    token: Token,
    code: Code,
    whose: Whose,
    until: Instant,
    /// The page that it opened.
    opened: Option<String>,
}

/// What a link is good for.
pub(super) enum Redeemed {
    /// A page of this one, on which that is the proof.
    Page(Whose, Code),
    /// Nothing any more; this is the page that it opened.
    Before(String),
    /// There is no such link, or it is too old.
    Nothing,
}

impl Links {
    fn all(&self) -> MutexGuard<'_, Vec<Link>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A new one.
    pub(super) fn issue(&self, whose: Whose, now: Instant) -> Issued {
        let random = &mut rand::rng();
        let issued = Issued {
            id: HEXLOWER.encode(&random.random::<[u8; 16]>()),
            token: Token::random(),
            code: Code::random(random),
        };
        let mut all = self.all();
        all.retain(|link| link.until > now);
        if all.len() >= limits::LINKS {
            all.remove(0);
        }
        all.push(Link {
            id: issued.id.clone(),
            token: issued.token.clone(),
            code: issued.code.clone(),
            whose,
            until: now + limits::LINK,
            opened: None,
        });
        issued
    }

    /// Waits until a link was used, and for as long as it can be; says whether it was.
    pub(super) async fn is_used(&self, id: &str) -> bool {
        let mut used = self.used.subscribe();
        loop {
            used.mark_unchanged();
            let until = {
                let all = self.all();
                match all.iter().find(|link| link.id == id) {
                    None => return false,
                    Some(link) if link.opened.is_some() => return true,
                    Some(link) => link.until,
                }
            };
            if !matches!(timeout_at(until, used.changed()).await, Ok(Ok(()))) {
                return false;
            }
        }
    }

    /// Uses one, for the page that `page` will be.
    pub(super) fn redeem(&self, token: &str, page: &str, now: Instant) -> Redeemed {
        let mut all = self.all();
        all.retain(|link| link.until > now);
        // All are looked at, whichever it is.
        let found = all
            .iter_mut()
            .fold(None, |found, link| match link.token.is(token) {
                true => Some(link),
                false => found,
            });
        match found {
            None => Redeemed::Nothing,
            Some(Link {
                opened: Some(page), ..
            }) => Redeemed::Before(page.clone()),
            Some(link) => {
                link.opened = Some(page.to_owned());
                self.used.send_modify(|used| *used += 1);
                Redeemed::Page(link.whose.clone(), link.code.clone())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::time::Duration;

    use super::*;

    fn charlie() -> Whose {
        Whose::User("charlie".parse().unwrap())
    }

    /// Whose page it opens, or the page that it opened.
    fn used(links: &Links, token: &str, page: &str, now: Instant) -> Result<Whose, Option<String>> {
        match links.redeem(token, page, now) {
            Redeemed::Page(whose, _) => Ok(whose),
            Redeemed::Before(page) => Err(Some(page)),
            Redeemed::Nothing => Err(None),
        }
    }

    #[test]
    fn a_link_opens_one_page_once() {
        let (links, now) = (Links::default(), Instant::now());
        let (own, admin) = (links.issue(charlie(), now), links.issue(Whose::Admin, now));
        let page = |link: &Issued, page| used(&links, &link.token.text(), page, now);
        assert_eq!(page(&own, "1"), Ok(charlie()));
        assert_eq!(page(&own, "2"), Err(Some("1".into())));
        assert_eq!(page(&admin, "3"), Ok(Whose::Admin));
        for nothing in ["", &own.id, own.code.text()] {
            assert_eq!(used(&links, nothing, "4", now), Err(None));
        }
    }

    #[test]
    fn a_link_grows_old() {
        let (links, now) = (Links::default(), Instant::now());
        let link = links.issue(charlie(), now);
        let late = now + limits::LINK + Duration::from_millis(1);
        assert_eq!(used(&links, &link.token.text(), "1", late), Err(None));
    }

    #[test]
    fn there_are_so_many_links_at_once() {
        let (links, now) = (Links::default(), Instant::now());
        let first = links.issue(charlie(), now);
        for _ in 0..limits::LINKS {
            links.issue(Whose::Admin, now);
        }
        assert_eq!(links.all().len(), limits::LINKS);
        assert_eq!(used(&links, &first.token.text(), "1", now), Err(None));
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_made_a_link_learns_what_became_of_it() {
        let links = Links::default();
        let (opened, left) = (
            links.issue(charlie(), Instant::now()),
            links.issue(charlie(), Instant::now()),
        );
        let (is_used, ()) = tokio::join!(links.is_used(&opened.id), async {
            tokio::task::yield_now().await;
            links.redeem(&opened.token.text(), "1", Instant::now());
        });
        assert!(is_used && links.is_used(&opened.id).await);
        assert!(!links.is_used(&left.id).await);
        assert!(!links.is_used("").await);
    }
}
