//! `requested-attributes`: which attributes an answer carries (RFC 8011 sections 4.2.5.1 and
//! 4.3.4.1).

use std::collections::BTreeSet;

use ipp::attribute::IppAttribute;
use ipp::value::IppValue;

use crate::message::Request;
use crate::values::attribute;

/// By which name of a group an attribute is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `printer-description` and its like.
    Description,
    /// `job-template` and its like.
    Template,
    /// By its own name alone, because it is large.
    Bulky,
}

/// Which attributes a program wants to have.
#[derive(Debug)]
pub struct Requested {
    all: bool,
    template: bool,
    description: bool,
    names: BTreeSet<String>,
}

impl Requested {
    /// What a request says; `default` if it says nothing.
    pub fn read(request: &Request, default: &[&str]) -> Self {
        let said = request.operation().texts("requested-attributes");
        let said = if said.is_empty() { default } else { &said };
        let has = |name: &str| said.contains(&name);
        Self {
            all: has("all"),
            template: has("job-template") || has("document-template"),
            description: has("printer-description")
                || has("job-description")
                || has("document-description"),
            names: said.iter().map(|&name| name.to_owned()).collect(),
        }
    }

    /// Whether an attribute is asked for by its name.
    pub fn names(&self, name: &str) -> bool {
        self.names.contains(name)
    }

    /// Whether an attribute is wanted, by its name or that of its group.
    #[must_use]
    pub fn chooses(&self, name: &str, kind: Kind) -> bool {
        let by_group = match kind {
            Kind::Description => self.all || self.description,
            Kind::Template => self.all || self.template,
            Kind::Bulky => false,
        };
        by_group || self.names(name)
    }

    /// Keeps what is wanted.
    #[must_use]
    pub fn choose(&self, told: Vec<(&'static str, Kind, IppValue)>) -> Vec<IppAttribute> {
        told.into_iter()
            .filter(|(name, kind, _)| self.chooses(name, *kind))
            .filter_map(|(name, _, value)| attribute(name, value))
            .collect()
    }
}
