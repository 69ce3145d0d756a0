use std::fmt;

use tokenry_domain::time::Timestamp;

/// Columns of text, as wide as they need to be.
pub(crate) struct Table<const N: usize> {
    rows: Vec<[String; N]>,
}

impl<const N: usize> Table<N> {
    pub(crate) fn new(head: [&str; N]) -> Self {
        Self { rows: vec![head.map(str::to_owned)] }
    }

    pub(crate) fn row(&mut self, row: [String; N]) {
        // What users chose is shown, not obeyed: no control or bidi character reaches the terminal.
        self.rows.push(row.map(|cell| cell.chars().map(|c| if is_safe(c) { c } else { '\u{fffd}' }).collect()));
    }
}

impl<const N: usize> fmt::Display for Table<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = |column: usize| self.rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
        for row in &self.rows {
            let cells = row.iter().enumerate().map(|(column, cell)| format!("{cell:<width$}", width = width(column)));
            let line = cells.collect::<Vec<_>>().join("  ");
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

/// A moment as people read it, in UTC.
pub(crate) fn moment(at: Timestamp) -> String {
    jiff::Timestamp::from_second(at.seconds()).map_or_else(|_| at.to_string(), |at| at.to_string())
}

fn is_safe(c: char) -> bool {
    !c.is_control() && !matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_and_nothing_controls_the_terminal() {
        let mut table = Table::new(["A", "B"]);
        table.row(["long one".to_owned(), "x\u{1b}[2J".to_owned()]);
        assert_eq!(table.to_string(), "A         B\nlong one  x\u{fffd}[2J\n");
        assert_eq!(moment(Timestamp::from_seconds(0)), "1970-01-01T00:00:00Z");
    }
}
