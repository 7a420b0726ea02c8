//! A user whose jobs wait on three computers: real nodes.

use std::time::Duration;

use papermesh_tests::wait::wait_until;
use papermesh_tests::{Machine, Site, User};

/// How long until everybody has found everybody.
const SOON: Duration = Duration::from_secs(60);

/// Three computers of one user, each with a job.
pub(crate) struct ThreeHolders {
    pub(crate) holders: Vec<Machine>,
    pub(crate) charlie: User,
    // The last to go: it takes the others' homes with it.
    pub(crate) site: Site,
}

impl ThreeHolders {
    pub(crate) fn new() -> Self {
        let (site, charlie) = (Site::new(), User::charlie());
        let first = site.founder("laptop-1");
        first.enroll(&charlie, &first);
        let mut holders = vec![first];
        for name in ["laptop-2", "laptop-3"] {
            let further = site.member(&holders[0], name, "client");
            holders[0].link(&charlie, &further);
            holders.push(further);
        }
        for holder in &holders {
            let name = format!("{}.pdf", holder.name());
            holder.print(&site.document(&name, "x"), &charlie);
        }
        Self {
            holders,
            charlie,
            site,
        }
    }

    /// Waits until this printer lists all three jobs.
    pub(crate) fn are_found_at(&self, printer: &Machine) {
        wait_until(SOON, "the three jobs in one list", || {
            printer.visit(&self.charlie).sees(self.holders.len())
        });
    }
}
