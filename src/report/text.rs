//! Views as text for a terminal: aligned columns within 120 characters, whatever the names are made of.

mod lists;
mod person;

pub use lists::{access, changes, coverage, people, shadow};
pub use person::{inventory, why};

use comfy_table::presets::NOTHING;
use comfy_table::{Cell, CellAlignment, Color, ContentArrangement, Table};

use super::clean;
use super::parts::{Counts, WORST_FIRST};

/// The widest line.
const WIDTH: u16 = 120;

/// How a text is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ink {
    /// Whether the reader sees colours.
    pub coloured: bool,
}

impl Ink {
    /// Text in a colour (an ANSI code such as 31), where colours are seen.
    pub(super) fn paint(self, text: &str, code: u8) -> String {
        if self.coloured { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }

    /// A heading.
    pub(super) fn bold(self, text: &str) -> String {
        self.paint(text, 1)
    }

    /// An empty table, with these headings if there are any.
    pub(super) fn table(self, header: &[&str]) -> Table {
        let mut table = Table::new();
        table.load_style(NOTHING).set_content_arrangement(ContentArrangement::Dynamic).set_width(WIDTH);
        if self.coloured {
            table.enforce_styling();
        } else {
            table.force_no_tty();
        }
        if !header.is_empty() {
            table.set_header(header.iter().map(|text| Cell::new(text).fg(Color::DarkGrey)));
        }
        table
    }

    /// A table's lines, indented by so many blanks.
    pub(super) fn lines(self, table: &mut Table, indent: usize) -> String {
        table.set_width(WIDTH.saturating_sub(indent as u16));
        for column in table.column_iter_mut() {
            column.set_padding((0, 2));
        }
        let blanks = " ".repeat(indent);
        table.lines().map(|line| format!("{blanks}{}\n", line.trim_end())).collect()
    }
}

/// A cell with a cleaned text.
fn cell(text: &str) -> Cell {
    Cell::new(clean::line(text))
}

/// A cell with a number, at the right; nothing for 0.
fn number(number: u64) -> Cell {
    Cell::new(if number == 0 { "·".to_owned() } else { number.to_string() }).set_alignment(CellAlignment::Right)
}

fn colour(severity: &str) -> Color {
    match severity {
        "critical" => Color::Red,
        "high" => Color::DarkYellow,
        "medium" => Color::Blue,
        _ => Color::DarkGrey,
    }
}

/// The ANSI code that goes with [`colour`].
fn code(severity: &str) -> u8 {
    match severity {
        "critical" => 91,
        "high" => 33,
        "medium" => 94,
        _ => 90,
    }
}

/// A severity's word in its colour.
fn severity(word: &str) -> Cell {
    Cell::new(word).fg(colour(word))
}

/// A number of findings of one severity, at the right and in its colour.
fn tally(count: u64, word: &str) -> Cell {
    let cell = number(count);
    if count == 0 { cell } else { cell.fg(colour(word)) }
}

/// "critical 3  high 6", or that there is nothing.
fn counts(counts: &Counts, ink: Ink) -> String {
    let some: Vec<String> = WORST_FIRST
        .iter()
        .filter(|severity| counts.get(**severity) > 0)
        .map(|severity| ink.paint(&format!("{severity} {}", counts.get(*severity)), code(severity.word())))
        .collect();
    if some.is_empty() { "no findings".to_owned() } else { some.join("  ") }
}
