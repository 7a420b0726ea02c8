//! The sections of a page, among which its user goes.

use super::links::Whose;

/// A section.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Section {
    /// Jobs that wait.
    Jobs,
    /// Jobs that are gone.
    History,
    /// PIN, badges, linked computers.
    Account,
    /// What prints for the user outside the site.
    Elsewhere,
    /// Members, and devices that want to be one.
    Devices,
    /// Users.
    People,
    /// Printers and how they are.
    Printers,
    /// Gateways, and the places of this computer.
    Internet,
    /// What the site asks of its users.
    Policy,
    /// What this node wrote down.
    Audit,
}

impl Section {
    /// Where a page begins.
    pub(super) const fn first(whose: &Whose) -> Self {
        match whose {
            Whose::User(_) => Self::Jobs,
            Whose::Admin => Self::Devices,
        }
    }

    /// The sections of a page. Nobody is shown another's.
    pub(super) const fn all(whose: &Whose) -> &'static [Self] {
        match whose {
            Whose::User(_) => &[Self::Jobs, Self::History, Self::Elsewhere, Self::Account],
            Whose::Admin => &[
                Self::Devices,
                Self::People,
                Self::Printers,
                Self::Internet,
                Self::Policy,
                Self::Audit,
            ],
        }
    }

    /// The section of this name, if the page has it.
    pub(super) fn named(whose: &Whose, name: &str) -> Option<Self> {
        let mut all = Self::all(whose).iter().copied();
        all.find(|section| section.name() == name)
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Jobs => "jobs",
            Self::History => "history",
            Self::Account => "account",
            Self::Elsewhere => "elsewhere",
            Self::Devices => "devices",
            Self::People => "people",
            Self::Printers => "printers",
            Self::Internet => "internet",
            Self::Policy => "policy",
            Self::Audit => "audit",
        }
    }

    /// What it is called, among the words of a page.
    pub(super) const fn key(self) -> &'static str {
        match self {
            Self::Jobs => "place-jobs",
            Self::History => "place-history",
            Self::Account => "place-account",
            Self::Elsewhere => "place-elsewhere",
            Self::Devices => "place-devices",
            Self::People => "place-people",
            Self::Printers => "place-printers",
            Self::Internet => "place-internet",
            Self::Policy => "place-policy",
            Self::Audit => "place-audit",
        }
    }

    pub(super) const fn icon(self) -> &'static str {
        match self {
            Self::Jobs => "document",
            Self::History => "history",
            Self::Account => "user",
            Self::Elsewhere => "phone",
            Self::Devices => "device",
            Self::People => "people",
            Self::Printers => "print",
            Self::Internet => "globe",
            Self::Policy => "shield",
            Self::Audit => "list",
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn nobody_goes_where_another_may() {
        let user = Whose::User("charlie".parse().unwrap());
        assert_eq!(Section::named(&user, "jobs"), Some(Section::Jobs));
        assert_eq!(Section::named(&user, "audit"), None);
        assert_eq!(Section::named(&Whose::Admin, "jobs"), None);
        assert_eq!(Section::named(&Whose::Admin, "audit"), Some(Section::Audit));
    }
}
