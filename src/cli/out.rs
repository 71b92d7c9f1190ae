//! Standard output and standard error. A reader that went away (`vestibule … | head`) is no error.

use std::fmt::Display;
use std::io::Write as _;

/// A line of what the command was asked for.
pub(super) fn line(text: impl Display) {
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}

/// A whole text of it.
pub(super) fn text(text: &str) {
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
}

/// A line beside it, for the person at the terminal.
pub(super) fn aside(text: impl Display) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// `1 file`, `2 files`.
pub(super) fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// Rows with their columns under each other; the last column is left as it is.
pub(super) fn table(rows: &[Vec<String>]) {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    for row in rows {
        let last = row.len().saturating_sub(1);
        let pad = |(place, cell): (usize, &String)| {
            let gap = widths.get(place).copied().unwrap_or_default().saturating_sub(cell.chars().count());
            if place == last { cell.clone() } else { format!("{cell}{}  ", " ".repeat(gap)) }
        };
        line(row.iter().enumerate().map(pad).collect::<String>());
    }
}
