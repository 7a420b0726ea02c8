//! From a tap of the badge to the list on the screen: reader, directory, three holders, three logins,
//! a page in a real browser. And what a panel costs its printer.

use std::time::{Duration, Instant};

use anyhow::Result;
use papermesh_tests::browser::Window;

use crate::Scale;
use crate::table::{Row, Waits};
use crate::three_holders::ThreeHolders;

/// The most that a panel may take, in MiB.
const MEMORY: u64 = 20;
/// A job in the list.
const ROW: &str = "#jobs .job-title";
/// Visits to one panel: a badge alone opens no more within an hour, less the one that looks whether the
/// holders are found.
const VISITS: usize = 9;

pub(crate) fn measure(scale: Scale) -> Result<Vec<Row>> {
    let three = ThreeHolders::new();
    // The badge alone opens the list: nobody's typing is in the figure.
    let policy = three.holders[0].papermesh("site policy --login badge --yes");
    let _ = policy.run().succeeded();
    let mut plain = three.site.tray_printer(&three.holders[0], "printer-1");
    three.are_found_at(&plain);
    let (mut waits, mut panels) = (Waits::default(), Vec::new());
    for number in 0..scale.visits.div_ceil(VISITS) {
        let name = format!("panel-{number}");
        let at = three.site.panel(&three.holders[0], &name, &[]);
        three.are_found_at(&at.printer);
        let mut browser = at.browser(Window::PANEL);
        for _ in 0..VISITS.min(scale.visits) {
            at.wait_to_tap(&three.charlie.badge);
            let begun = Instant::now();
            at.tap(&three.charlie.badge);
            for job in 0..three.holders.len() {
                browser.see(&format!("{ROW} >> nth={job}"));
            }
            waits.note(begun.elapsed());
            browser.click("button.leave");
            browser.see("main.welcome");
        }
        panels.push((at, browser));
    }
    // The same visits without a panel.
    for _ in 0..VISITS.min(scale.visits) {
        three.are_found_at(&plain);
    }
    let panel = panels
        .iter_mut()
        .map(|(at, _)| at.printer.node().memory_now())
        .max();
    let panel = panel.unwrap_or_default();
    let above = panel.saturating_sub(plain.node().memory_now());
    Ok(vec![
        Row::wait(
            "tap to list in the browser, 3 holders",
            &waits,
            0.95,
            Duration::from_millis(200),
        ),
        Row::memory(
            "memory of a panel, with a page open",
            "a printer without, as often visited",
            above,
            MEMORY,
        ),
    ])
}
