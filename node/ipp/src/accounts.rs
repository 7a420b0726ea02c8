//! Which programs of this computer are believed when they say whose a job is, by the account that
//! they run as. All others are strangers, who show a PIN as those of other computers do.

use std::collections::BTreeSet;

use nix::unistd::{Uid, User};
use papermesh_web::Account;

/// By what right an account says names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It is the node's own: it reads the node's files and commands it anyway.
    Own,
    /// It is the administrator's, who can become any other.
    Root,
    /// It is a print system's, which says what its own clients said. CUPS asks none of them for a proof
    /// unless its queue demands one.
    Spooler,
}

/// The accounts of this computer that are believed.
#[derive(Clone, Debug)]
pub(super) struct Accounts {
    own: Account,
    /// What the node's own account is called.
    login: Option<String>,
    spoolers: BTreeSet<Account>,
}

impl Accounts {
    /// Those of this node, and those of print systems. Names that this computer does not have are
    /// nobody's.
    pub(super) fn believed<'a>(spoolers: impl Iterator<Item = &'a str>) -> Self {
        let own = Account::own();
        let numbered = |name| User::from_name(name).ok().flatten();
        let spoolers = spoolers
            .filter_map(numbered)
            .map(|user| Account::numbered(user.uid.as_raw()))
            .collect();
        let user = User::from_uid(Uid::from_raw(own.number())).ok().flatten();
        Self {
            own,
            login: user.map(|user| user.name),
            spoolers,
        }
    }

    /// By what right this account says names; none if it is not believed.
    pub(super) fn standing(&self, account: Option<Account>) -> Option<Standing> {
        let account = account?;
        if account == self.own {
            Some(Standing::Own)
        } else if account == Account::ROOT {
            Some(Standing::Root)
        } else {
            self.spoolers
                .contains(&account)
                .then_some(Standing::Spooler)
        }
    }

    /// The name that counts. A program that says none is its account's: that is all that is known of
    /// whom it works for (RFC 8011 section 9.3, the most authenticated name).
    pub(super) fn name<'a>(&'a self, standing: Standing, said: &'a str) -> &'a str {
        match standing {
            Standing::Own if said.is_empty() => self.login.as_deref().unwrap_or_default(),
            Standing::Root if said.is_empty() => "root",
            _ => said,
        }
    }

    /// Whether whoever says this name is meant to be the node's own account.
    pub(super) fn is_own(&self, standing: Standing, said: &str) -> bool {
        standing == Standing::Own || self.login.as_deref() == Some(said)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_nodes_own_account_root_and_print_systems_are_believed() {
        let [own, spooler, other] = [1000, 7, 65_533].map(Account::numbered);
        let accounts = Accounts {
            own,
            login: Some("chuck".into()),
            spoolers: [spooler].into(),
        };
        for (account, standing) in [
            (Some(own), Some(Standing::Own)),
            (Some(Account::ROOT), Some(Standing::Root)),
            (Some(spooler), Some(Standing::Spooler)),
            (Some(other), None),
            (None, None),
        ] {
            assert_eq!(accounts.standing(account), standing, "{account:?}");
        }
        assert_eq!(accounts.name(Standing::Own, "whoever"), "whoever");
        assert_eq!(accounts.name(Standing::Own, ""), "chuck");
        assert_eq!(accounts.name(Standing::Root, ""), "root");
        // Nobody knows whom a print system means that says nothing.
        assert_eq!(accounts.name(Standing::Spooler, ""), "");
        assert!(accounts.is_own(Standing::Own, "whoever"));
        assert!(accounts.is_own(Standing::Spooler, "chuck"));
        assert!(!accounts.is_own(Standing::Spooler, "charlie"));
    }
}
