//! Rows with aligned columns, and notes between them, for people.

use super::{BOLD, PLAIN};
use crate::value::encode::visible;

/// A table whose first row is its headings. A column that is empty in all other rows is left out.
pub(crate) struct Table {
    lines: Vec<Line>,
}

enum Line {
    Row(Vec<String>),
    Note(String),
}

impl Table {
    /// A table with these headings.
    pub(crate) fn new(headings: &[&str]) -> Self {
        let headings = headings.iter().map(ToString::to_string).collect();
        Table {
            lines: vec![Line::Row(headings)],
        }
    }

    /// Adds a row: a cell for each heading.
    pub(crate) fn row(&mut self, cells: Vec<String>) {
        let cells = cells.iter().map(|cell| visible(cell)).collect();
        self.lines.push(Line::Row(cells));
    }

    /// Adds a line that the columns do not matter to.
    pub(crate) fn note(&mut self, text: String) {
        self.lines.push(Line::Note(visible(&text)));
    }

    /// The lines, each after `indent`.
    pub(crate) fn print(&self, indent: &str) -> String {
        let widths = self.widths();
        let mut text = String::new();
        for (number, line) in self.lines.iter().enumerate() {
            let line = match line {
                Line::Note(note) => note.clone(),
                Line::Row(row) => {
                    let cells = row.iter().zip(&widths);
                    let cells =
                        cells.filter_map(|(cell, width)| Some(format!("{cell:<0$}", (*width)?)));
                    cells.collect::<Vec<String>>().join("  ")
                }
            };
            text += &match number {
                0 => format!("{indent}{BOLD}{}{PLAIN}\n", line.trim_end()),
                _ => format!("{indent}{}\n", line.trim_end()),
            };
        }
        text
    }

    /// How wide each column is; none for one that is left out.
    fn widths(&self) -> Vec<Option<usize>> {
        let mut widths: Vec<Option<usize>> = Vec::new();
        for line in &self.lines {
            let Line::Row(row) = line else {
                continue;
            };
            if widths.is_empty() {
                widths = vec![None; row.len()];
                continue;
            }
            for (width, cell) in widths.iter_mut().zip(row) {
                let here = Some(cell.chars().count()).filter(|count| *count > 0);
                *width = (*width).max(here);
            }
        }
        if let Some(Line::Row(headings)) = self.lines.first() {
            for (width, heading) in widths.iter_mut().zip(headings) {
                *width = width.map(|width| width.max(heading.chars().count()));
            }
        }
        widths
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_and_empty_ones_left_out() {
        let mut table = Table::new(&["A", "EMPTY", "LONG", "B"]);
        let row = |cells: [&str; 4]| cells.map(str::to_owned).to_vec();
        table.row(row(["one", "", "x", "1"]));
        table.note("a note".to_owned());
        table.row(row(["é", "", "longest\u{1b}", ""]));
        let text = table.print("  ");
        let plain = text.replace(BOLD, "").replace(PLAIN, "");
        assert_eq!(
            plain,
            "  A    LONG      B\n  one  x         1\n  a note\n  é    longest\u{fffd}\n"
        );
    }
}
