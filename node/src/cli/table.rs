//! Tables that stay readable on any terminal: as wide as their content where there is room,
//! with wrapped titles where there is less, and one field per line where there is hardly any.
//!
//! Whatever comes into a table is cleaned first: a job's title is text of somebody else.

use comfy_table::presets::NOTHING;
use comfy_table::{
    Attribute, Cell, CellAlignment, ColumnConstraint, ContentArrangement, Table, Width,
};
use papermesh_protocol::text;

use super::screen::Style;

/// Bytes that are shown of one cell.
const CELL: usize = 512;
/// Columns of the screen to which a wrapped column may shrink.
const WRAPPED: u16 = 16;
/// Columns between two of the table's.
const GAP: u16 = 2;

/// How a column is laid out.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Layout {
    Left,
    Right,
    Wrap,
}

/// A table in the making.
pub(super) struct Grid {
    columns: Vec<(&'static str, Layout)>,
    rows: Vec<Vec<String>>,
}

impl Grid {
    /// A table with these columns. A name that begins with `>` is set to the right; one that
    /// ends with `~` may be wrapped.
    pub(super) fn new(columns: &[&'static str]) -> Self {
        let columns = columns
            .iter()
            .map(
                |name| match (name.strip_prefix('>'), name.strip_suffix('~')) {
                    (Some(name), _) => (name, Layout::Right),
                    (_, Some(name)) => (name, Layout::Wrap),
                    _ => (*name, Layout::Left),
                },
            )
            .collect();
        Self {
            columns,
            rows: Vec::new(),
        }
    }

    /// Adds a row. An empty cell is shown as `-`, so that columns can be counted.
    pub(super) fn row<const N: usize>(&mut self, cells: [String; N]) {
        debug_assert_eq!(N, self.columns.len());
        let shown = |cell: String| match text::clean(&cell, CELL) {
            empty if empty.is_empty() => "-".to_owned(),
            clean => clean,
        };
        self.rows.push(cells.map(shown).to_vec());
    }

    /// The table as text, without an end of line at its end.
    pub(super) fn render(&self, style: &Style) -> String {
        let mut table = self.table(style);
        let natural = table.column_max_content_widths();
        let total = |widths: &[u16]| {
            widths.iter().map(|&width| u32::from(width)).sum::<u32>()
                + u32::from(GAP) * (widths.len().saturating_sub(1)) as u32
        };
        let Some(room) = style
            .width
            .filter(|&room| total(&natural) > u32::from(room))
        else {
            return lines(&table);
        };
        let shrunk: Vec<u16> = natural
            .iter()
            .zip(&self.columns)
            .map(|(&width, (_, layout))| match layout {
                Layout::Wrap => width.min(WRAPPED),
                _ => width,
            })
            .collect();
        if total(&shrunk) > u32::from(room) {
            return self.records();
        }
        table
            .set_content_arrangement(ContentArrangement::Dynamic)
            // The gap after the last column is not shown.
            .set_width(room + GAP);
        let fixed: Vec<_> = (0..).zip(&self.columns).zip(&natural).collect();
        for ((index, (_, layout)), &width) in fixed {
            if let (false, Some(column)) = (*layout == Layout::Wrap, table.column_mut(index)) {
                column.set_constraint(ColumnConstraint::Absolute(Width::Fixed(width + GAP)));
            }
        }
        lines(&table)
    }

    fn table(&self, style: &Style) -> Table {
        let mut table = Table::new();
        table
            .load_style(NOTHING)
            .force_no_tty()
            .set_content_arrangement(ContentArrangement::Disabled);
        if style.styled {
            table.enforce_styling();
        }
        table.set_header(
            self.columns
                .iter()
                .map(|(name, _)| Cell::new(name).add_attribute(Attribute::Bold)),
        );
        table.add_rows(&self.rows);
        for (index, (_, layout)) in self.columns.iter().enumerate() {
            if let Some(column) = table.column_mut(index) {
                column.set_padding((0, GAP));
                if *layout == Layout::Right {
                    column.set_cell_alignment(CellAlignment::Right);
                }
            }
        }
        table
    }

    fn records(&self) -> String {
        let records = self.rows.iter().map(|row| {
            let mut facts = Facts::default();
            for ((name, _), cell) in self.columns.iter().zip(row) {
                facts.add(name, cell);
            }
            facts.render()
        });
        records.collect::<Vec<_>>().join("\n\n")
    }
}

fn lines(table: &Table) -> String {
    table
        .lines()
        .map(|line| line.trim_end().to_owned())
        .collect::<Vec<_>>()
        .join("\n")
}

/// What there is to know of one thing: a name and a value per line.
#[derive(Default)]
pub(super) struct Facts(Vec<(String, String)>);

impl Facts {
    /// Adds one; none if there is nothing to tell.
    pub(super) fn add(&mut self, name: &str, value: impl AsRef<str>) -> &mut Self {
        let value = text::clean(value.as_ref(), CELL);
        if !value.is_empty() {
            self.0.push((name.to_owned(), value));
        }
        self
    }

    /// All of them as text, without an end of line at its end.
    pub(super) fn render(&self) -> String {
        let longest = self.0.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
        let width = longest + usize::from(GAP);
        self.0
            .iter()
            .map(|(name, value)| format!("{name:width$}{value}"))
            .collect::<Vec<_>>()
            .join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid() -> Grid {
        let mut grid = Grid::new(&[">#", "JOB", "TITLE~", "HOLDER"]);
        grid.row([
            "1".into(),
            "0a1b2c3d".into(),
            "The annual report, with all of its many appendices".into(),
            "desk".into(),
        ]);
        grid.row([
            "12".into(),
            "99ffee00".into(),
            "印刷\u{1b}[2J\u{202e}".into(),
            String::new(),
        ]);
        grid
    }

    fn style(width: Option<u16>) -> Style {
        Style {
            width,
            ..Style::plain()
        }
    }

    #[test]
    fn with_room_every_row_is_a_line() {
        let wide = "
 #  JOB       TITLE                                               HOLDER
 1  0a1b2c3d  The annual report, with all of its many appendices  desk
12  99ffee00  印刷 [2J                                            -";
        assert_eq!(format!("\n{}", grid().render(&style(None))), wide);
        assert_eq!(format!("\n{}", grid().render(&style(Some(72)))), wide);
    }

    #[test]
    fn with_less_room_titles_are_wrapped() {
        assert_eq!(
            format!("\n{}", grid().render(&style(Some(50)))),
            "
 #  JOB       TITLE                         HOLDER
 1  0a1b2c3d  The annual report, with all   desk
              of its many appendices
12  99ffee00  印刷 [2J                      -"
        );
    }

    #[test]
    fn with_hardly_any_room_every_cell_is_a_line() {
        assert_eq!(
            grid().render(&style(Some(30))),
            "\
#       1
JOB     0a1b2c3d
TITLE   The annual report, with all of its many appendices
HOLDER  desk

#       12
JOB     99ffee00
TITLE   印刷 [2J
HOLDER  -"
        );
    }

    #[test]
    fn only_a_screen_that_wants_it_gets_bold() {
        let styled = Style {
            styled: true,
            ..Style::plain()
        };
        assert!(grid().render(&styled).contains("\u{1b}[1m"));
        assert!(!grid().render(&Style::plain()).contains('\u{1b}'));
    }

    #[test]
    fn facts_that_are_not_known_are_left_out() {
        let mut facts = Facts::default();
        facts
            .add("user", "charlie")
            .add("panel", "")
            .add("jobs", "3");
        assert_eq!(facts.render(), "user  charlie\njobs  3");
    }
}
