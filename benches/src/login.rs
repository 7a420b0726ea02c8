//! From the PIN to the list: badge, directory, three holders dialled, three logins, one list. Real
//! nodes and the command line, whose own start is part of the wait.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use papermesh_tests::Site;
use papermesh_tests::User;
use papermesh_tests::wait::wait_until;

use crate::Scale;
use crate::table::{Row, Waits};

/// How long until everybody has found everybody.
const SOON: Duration = Duration::from_secs(60);

pub(crate) fn measure(scale: Scale) -> Result<Vec<Row>> {
    let (site, charlie) = (Site::new(), User::charlie());
    let first = site.founder("laptop-1");
    first.enroll(&charlie, &first);
    let mut holders = vec![first];
    for name in ["laptop-2", "laptop-3"] {
        let further = site.member(&holders[0], name, "client");
        holders[0].link(&charlie, &further);
        holders.push(further);
    }
    let printer = site.tray_printer(&holders[0], "printer-1");
    for holder in &holders {
        let name = format!("{}.pdf", holder.name());
        holder.print(&site.document(&name, "x"), &charlie);
    }
    wait_until(SOON, "the three jobs in one list", || {
        printer.visit(&charlie).sees(holders.len())
    });

    let mut waits = Waits::default();
    for _ in 0..scale.visits {
        let begun = Instant::now();
        let visit = printer.visit(&charlie).list();
        waits.note(begun.elapsed());
        ensure!(visit.jobs.len() == holders.len(), "a holder was missing");
    }
    Ok(vec![Row::wait(
        "PIN to list, 3 holders",
        &waits,
        0.95,
        Duration::from_millis(150),
    )])
}
