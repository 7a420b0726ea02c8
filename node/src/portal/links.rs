//! Links that were handed out. Each opens one page, once. Who comes with one that was used closes the page that it
//! opened: one of the two got the link from the other, and nobody can tell which (as RFC 6749
//! section 4.1.2 has it for authorization codes).

use std::sync::{Mutex, MutexGuard, PoisonError};

use papermesh_protocol::text::UserId;
use tokio::time::Instant;

use super::limits;
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
pub(super) struct Links(Mutex<Vec<Link>>);

struct Link {
    token: Token,
    whose: Whose,
    until: Instant,
    /// The page that it opened.
    opened: Option<String>,
}

/// What a link is good for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Redeemed {
    /// A page of this one.
    Page(Whose),
    /// Nothing any more; this is the page that it opened.
    Before(String),
    /// There is no such link, or it is too old.
    Nothing,
}

impl Links {
    fn all(&self) -> MutexGuard<'_, Vec<Link>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A new one; gives what proves it.
    pub(super) fn issue(&self, whose: Whose, now: Instant) -> Token {
        let token = Token::random();
        let mut all = self.all();
        all.retain(|link| link.until > now);
        if all.len() >= limits::LINKS {
            all.remove(0);
        }
        all.push(Link {
            token: token.clone(),
            whose,
            until: now + limits::LINK,
            opened: None,
        });
        token
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
                Redeemed::Page(link.whose.clone())
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

    #[test]
    fn a_link_opens_one_page_once() {
        let (links, now) = (Links::default(), Instant::now());
        let (own, admin) = (links.issue(charlie(), now), links.issue(Whose::Admin, now));
        let page = |token: &Token, page| links.redeem(&token.text(), page, now);
        assert_eq!(page(&own, "1"), Redeemed::Page(charlie()));
        assert_eq!(page(&own, "2"), Redeemed::Before("1".into()));
        assert_eq!(page(&admin, "3"), Redeemed::Page(Whose::Admin));
        assert_eq!(links.redeem("", "4", now), Redeemed::Nothing);
    }

    #[test]
    fn a_link_grows_old() {
        let (links, now) = (Links::default(), Instant::now());
        let token = links.issue(charlie(), now);
        let late = now + limits::LINK + Duration::from_millis(1);
        assert_eq!(links.redeem(&token.text(), "1", late), Redeemed::Nothing);
    }

    #[test]
    fn there_are_so_many_links_at_once() {
        let (links, now) = (Links::default(), Instant::now());
        let first = links.issue(charlie(), now);
        for _ in 0..limits::LINKS {
            links.issue(Whose::Admin, now);
        }
        assert_eq!(links.all().len(), limits::LINKS);
        assert_eq!(links.redeem(&first.text(), "1", now), Redeemed::Nothing);
    }
}
