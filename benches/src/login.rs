//! From the PIN to the list: badge, directory, three holders dialed, three logins, one list. Real
//! nodes and the command line, whose own start is part of the wait.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use crate::Scale;
use crate::table::{Row, Waits};
use crate::three_holders::ThreeHolders;

pub(crate) fn measure(scale: Scale) -> Result<Vec<Row>> {
    let three = ThreeHolders::new();
    let printer = three.site.tray_printer(&three.holders[0], "printer-1");
    three.are_found_at(&printer);

    let mut waits = Waits::default();
    for _ in 0..scale.visits {
        let begun = Instant::now();
        let visit = printer.visit(&three.charlie).list();
        waits.note(begun.elapsed());
        ensure!(
            visit.jobs.len() == three.holders.len(),
            "a holder was missing"
        );
    }
    Ok(vec![Row::wait(
        "PIN to list, 3 holders",
        &waits,
        0.95,
        Duration::from_millis(150),
    )])
}
