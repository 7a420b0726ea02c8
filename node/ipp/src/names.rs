//! Which user of the site is meant by a name that a program says.
//!
//! A name may have a domain, as those of accounts in a directory have: `ACME\charlie`,
//! `charlie@acme.example`. If somebody is called so as a whole, that is who is meant; else the name
//! without the domain, if the domain is one of ours.

use std::collections::{BTreeMap, BTreeSet};

use papermesh_protocol::text::{self, UserId};

use super::message::Failure;
use super::queue::{Queue, QueueError};
use super::status::Status;

/// Bytes of a requesting user's name that are shown.
const SHOWN: usize = 64;

/// Which users the names are that programs say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Owners {
    /// Names that programs say, and who is meant.
    pub users: BTreeMap<String, UserId>,
    /// Who is meant by all other names that programs of this computer say.
    pub default_user: Option<UserId>,
    /// Users who may delete the jobs of others here and stop the printer from taking jobs.
    pub operators: BTreeSet<UserId>,
    /// Domains whose names are those of the site's users; if none is named, every domain.
    pub domains: Vec<String>,
    /// Accounts of this computer that print systems run as, by their names.
    pub spoolers: Vec<String>,
    /// Whether PINs are taken from outside the site.
    pub internet_pins: bool,
}

/// Who is meant by a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Meant {
    /// Somebody who prints from this computer as their own.
    Resident(UserId),
    /// Somebody else whom the site may know, at a shared computer.
    Visitor(UserId),
}

impl Owners {
    /// Who is meant by a name that a believed program of this computer says; `is_own` if it
    /// is surely the node's own account.
    pub(super) async fn named<Q: Queue>(
        &self,
        said: &str,
        is_own: bool,
        queue: &Q,
    ) -> Result<Meant, Failure> {
        let here = queue.users().await?;
        let resident = |user: UserId| match here.contains(&user) {
            true => Meant::Resident(user),
            false => Meant::Visitor(user),
        };
        let spellings = self.spellings(said);
        let mapped = spellings.iter().find_map(|name| self.known(name, &here));
        if let Some(user) = mapped.or_else(|| self.default_user.clone()) {
            return Ok(resident(user));
        }
        // At a shared computer people log in as who they are to the site.
        if queue.is_shared() {
            for (place, name) in spellings.iter().enumerate() {
                let Ok(user) = name.parse::<UserId>() else {
                    continue;
                };
                let is_last = place + 1 == spellings.len();
                if is_last || queue.knows(&user).await? {
                    return Ok(Meant::Visitor(user));
                }
            }
        }
        // A personal computer that nobody configured: whoever types there is its user.
        match &here[..] {
            [only] if is_own && self.users.is_empty() => Ok(Meant::Resident(only.clone())),
            _ => Err(self.stranger(said, &here)),
        }
    }

    /// Who is meant by a name that comes with a PIN; none if it can be nobody's.
    pub(super) async fn proving<Q: Queue>(
        &self,
        said: &str,
        queue: &Q,
    ) -> Result<Option<UserId>, QueueError> {
        let here = queue.users().await?;
        let spellings = self.spellings(said);
        if let Some(user) = spellings.iter().find_map(|name| self.known(name, &here)) {
            return Ok(Some(user));
        }
        let users: Vec<UserId> = spellings
            .iter()
            .filter_map(|name| name.parse().ok())
            .collect();
        for user in &users {
            if queue.knows_here(user).await? {
                return Ok(Some(user.clone()));
            }
        }
        Ok(users.into_iter().last())
    }

    /// The user whom the configuration or this computer knows by a name.
    fn known(&self, name: &str, here: &[UserId]) -> Option<UserId> {
        let mapped = self.users.get(name);
        let resident = || {
            here.iter()
                .find(|user| user.as_str().eq_ignore_ascii_case(name))
        };
        mapped.or_else(resident).cloned()
    }

    /// What a name may mean: all of it, and what it is without a domain of ours.
    fn spellings<'a>(&self, said: &'a str) -> Vec<&'a str> {
        let bare = split(said).filter(|(_, domain)| {
            let is_it = |ours: &String| ours.eq_ignore_ascii_case(domain);
            self.domains.is_empty() || self.domains.iter().any(is_it)
        });
        [said]
            .into_iter()
            .chain(bare.map(|(name, _)| name))
            .collect()
    }

    fn stranger(&self, said: &str, here: &[UserId]) -> Failure {
        let shown = text::clean(said, SHOWN);
        let why = if here.is_empty() {
            "nobody is enrolled on this computer; run `papermesh user enroll` there".to_owned()
        } else if split(said).is_some() && self.spellings(said).len() == 1 {
            format!(
                "the domain of {shown:?} is not allowed; add it to ipp-domains in papermesh.toml"
            )
        } else {
            format!(
                "no user here is known as {shown:?}; map that name to a user with [ipp-users] in papermesh.toml, or set \
                 ipp-default-user"
            )
        };
        Failure::new(Status::NotAuthorized, why)
    }
}

/// A name and its domain.
fn split(said: &str) -> Option<(&str, &str)> {
    let whole = |(name, domain): &(&str, &str)| !name.is_empty() && !domain.is_empty();
    let behind = said.rsplit_once('@');
    let before = said.split_once('\\').map(|(domain, name)| (name, domain));
    before.or(behind).filter(whole)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::tests::memory::Memory;
    use super::*;

    fn user(name: &str) -> UserId {
        name.parse().unwrap()
    }

    async fn named(owners: &Owners, said: &str, is_own: bool, jobs: &Memory) -> Option<Meant> {
        owners.named(said, is_own, jobs).await.ok()
    }

    fn resident(name: &str) -> Option<Meant> {
        Some(Meant::Resident(user(name)))
    }

    #[tokio::test]
    async fn the_only_user_of_a_computer_is_meant_by_its_own_account_until_names_are_mapped() {
        let (mut owners, jobs) = (Owners::default(), Memory::of(&["charlie"]));
        assert_eq!(
            named(&owners, "root", true, &jobs).await,
            resident("charlie")
        );
        // Another account's programs, or what a print system says of them, are not this user.
        assert_eq!(named(&owners, "root", false, &jobs).await, None);
        owners.users.insert("root".into(), user("charlie"));
        for is_own in [true, false] {
            let meant = named(&owners, "root", is_own, &jobs).await;
            assert_eq!(meant, resident("charlie"));
        }
        let failure = owners.named("not-root", true, &jobs).await.unwrap_err();
        assert_eq!(failure.status, Status::NotAuthorized);
        assert!(failure.text.contains("not-root"), "{}", failure.text);
    }

    #[tokio::test]
    async fn several_users_are_told_apart_by_their_ids() {
        let (mut owners, jobs) = (Owners::default(), Memory::of(&["alice", "bob"]));
        assert_eq!(named(&owners, "Bob", false, &jobs).await, resident("bob"));
        for nobody in ["carol", ""] {
            assert_eq!(named(&owners, nobody, true, &jobs).await, None);
        }
        owners.default_user = Some(user("alice"));
        assert_eq!(named(&owners, "", false, &jobs).await, resident("alice"));
    }

    #[tokio::test]
    async fn at_a_shared_computer_everybody_else_is_a_visitor() {
        let owners = Owners::default();
        let jobs = Memory::of(&["alice"]).shared(&["bob@acme.example"]);
        let visitor = |name| Some(Meant::Visitor(user(name)));
        for is_own in [true, false] {
            assert_eq!(
                named(&owners, "carol", is_own, &jobs).await,
                visitor("carol")
            );
        }
        assert_eq!(
            named(&owners, "alice", false, &jobs).await,
            resident("alice")
        );
        // Nothing is held for a user who is called by a domain that the site does not use.
        for said in ["ACME\\carol", "carol@acme.example"] {
            assert_eq!(named(&owners, said, false, &jobs).await, visitor("carol"));
        }
        let as_a_whole = named(&owners, "bob@acme.example", false, &jobs).await;
        assert_eq!(as_a_whole, visitor("bob@acme.example"));
    }

    #[tokio::test]
    async fn a_domain_of_ours_is_no_part_of_a_name() {
        let jobs = Memory::of(&["charlie", "bob@acme.example"]);
        let mut owners = Owners::default();
        owners.users.insert("chuck".into(), user("charlie"));
        for said in ["ACME\\charlie", "Charlie@acme.example", "acme\\chuck"] {
            assert_eq!(
                named(&owners, said, false, &jobs).await,
                resident("charlie")
            );
            assert_eq!(owners.proving(said, &jobs).await, Ok(Some(user("charlie"))));
        }
        let whole = named(&owners, "Bob@acme.example", false, &jobs).await;
        assert_eq!(whole, resident("bob@acme.example"));

        owners.domains = vec!["acme".into(), "acme.example".into()];
        assert_eq!(
            named(&owners, "ACME\\charlie", false, &jobs).await,
            resident("charlie")
        );
        let failure = owners
            .named("EVIL\\charlie", false, &jobs)
            .await
            .unwrap_err();
        assert!(failure.text.contains("ipp-domains"), "{}", failure.text);
        assert_eq!(owners.proving("EVIL\\charlie", &jobs).await, Ok(None));
        for odd in ["\\", "@", "a@", "@b", "\\b", "a\\"] {
            assert_eq!(named(&owners, odd, false, &jobs).await, None, "{odd}");
        }
    }
}
