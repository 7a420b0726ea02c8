//! `printers`: the site's printers, as this computer knows them.

use clap::Args;
use papermesh_protocol::direct::Abilities;
use papermesh_protocol::job::Sides;

use super::context::Context;
use super::failure::CliError;
use super::quantity;
use super::screen::Style;
use super::table::Grid;
use crate::control::message::{ListPrinters, Printer};

/// List the printers that this computer has met, and what they can do
#[derive(Args, Debug)]
pub(super) struct Printers {}

impl Printers {
    pub(super) async fn run(self, context: &Context) -> Result<(), CliError> {
        let printers = context.call(ListPrinters {}).await?;
        context
            .screen
            .show(&printers, |printers, style| table(printers, style))
    }
}

fn table(printers: &[Printer], style: &Style) -> String {
    if printers.is_empty() {
        return "this computer has not met any printer of the site yet".to_owned();
    }
    let mut grid = Grid::new(&[
        "NAME~", "STATE", "COLOR", "DUPLEX", "SEEN", "MODEL~", "NODE",
    ]);
    for printer in printers {
        let known = printer.abilities.as_ref();
        grid.row([
            printer.name.to_string(),
            known.map_or("unreachable".to_owned(), state),
            known
                .and_then(|known| known.color)
                .map(yes_or_no)
                .unwrap_or_default(),
            known
                .filter(|known| !known.sides.is_empty())
                .map(|known| yes_or_no(is_duplex(known)))
                .unwrap_or_default(),
            quantity::age(printer.last_seen, style.now),
            known
                .and_then(|known| known.model.clone())
                .unwrap_or_default(),
            printer.node.to_string()[..16].to_owned(),
        ]);
    }
    grid.render(style)
}

fn state(known: &Abilities) -> String {
    let reasons: Vec<&str> = (known.reasons.iter().map(String::as_str))
        .filter(|reason| *reason != "none")
        .collect();
    match (known.accepting, reasons.is_empty()) {
        (true, true) => "ready".to_owned(),
        (true, false) => reasons.join(" "),
        (false, true) => "not accepting jobs".to_owned(),
        (false, false) => format!("not accepting jobs: {}", reasons.join(" ")),
    }
}

fn is_duplex(known: &Abilities) -> bool {
    let one_sided = Sides::OneSided.keyword();
    known.sides.iter().any(|sides| *sides != one_sided)
}

fn yes_or_no(yes: bool) -> String {
    if yes { "yes" } else { "no" }.to_owned()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use papermesh_protocol::id::NodeId;
    use papermesh_protocol::time::Timestamp;

    use super::*;

    #[test]
    fn a_printer_that_is_not_reached_is_listed_all_the_same() {
        let printer = |name: &str, abilities| Printer {
            name: name.parse().unwrap(),
            node: NodeId::from_bytes([7; 32]),
            last_seen: Timestamp::default(),
            abilities,
            queue: None,
        };
        let ready = Abilities {
            color: Some(false),
            sides: vec!["one-sided".into(), "two-sided-long-edge".into()],
            accepting: true,
            reasons: vec!["media-low".into()],
            ..Abilities::default()
        };
        let shown = table(
            &[printer("front-desk", Some(ready)), printer("stock", None)],
            &Style::plain(),
        );
        assert!(
            shown.contains("media-low") && shown.contains("unreachable"),
            "{shown}"
        );
    }
}
