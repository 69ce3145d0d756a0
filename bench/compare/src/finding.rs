use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::chart::Chart;
use crate::machine::{Machine, today};

/// What one measurement found: all that a page shows of it.
#[derive(Serialize, Deserialize)]
pub(crate) struct Finding {
    pub(crate) name: String,
    pub(crate) title: String,
    pub(crate) date: String,
    pub(crate) machine: Machine,
    /// Few rounds: not to be quoted.
    pub(crate) quick: bool,
    /// What was done, a paragraph each.
    pub(crate) how: Vec<String>,
    pub(crate) tables: Vec<Table>,
    pub(crate) charts: Vec<Chart>,
    /// What the figures say about what was promised, a line each.
    pub(crate) kept: Vec<String>,
    pub(crate) missed: Vec<String>,
    /// What another program printed.
    pub(crate) output: Option<String>,
}

/// The first column names the rows.
#[derive(Serialize, Deserialize)]
pub(crate) struct Table {
    pub(crate) caption: String,
    pub(crate) columns: Vec<String>,
    pub(crate) rows: Vec<Vec<String>>,
}

impl Finding {
    pub(crate) fn new(name: &str, title: &str, quick: bool) -> Self {
        Self {
            name: name.to_owned(),
            title: title.to_owned(),
            date: today(),
            machine: Machine::here(),
            quick,
            how: Vec::new(),
            tables: Vec::new(),
            charts: Vec::new(),
            kept: Vec::new(),
            missed: Vec::new(),
            output: None,
        }
    }

    /// With what another program printed, where a line begins with `kept: ` or `missed: ` if it is about a bound.
    pub(crate) fn with_output(mut self, output: &str) -> Self {
        let mut rest = Vec::new();
        for line in output.lines() {
            match line.split_once(": ") {
                Some(("kept", what)) => self.kept.push(what.to_owned()),
                Some(("missed", what)) => self.missed.push(what.to_owned()),
                _ => rest.push(line),
            }
        }
        self.output = Some(rest.join("\n").trim_end().to_owned());
        self
    }

    pub(crate) fn explain(&mut self, paragraph: &str) {
        self.how.push(paragraph.to_owned());
    }

    /// Notes a figure that has a bound.
    pub(crate) fn expect(&mut self, what: &str, is_kept: bool) {
        let list = if is_kept { &mut self.kept } else { &mut self.missed };
        list.push(what.to_owned());
    }

    /// As text, for whoever waits for it.
    pub(crate) fn print(&self) {
        println!("\n{}{}", self.title, if self.quick { " (quick: not to be quoted)" } else { "" });
        for table in &self.tables {
            println!("\n{}", table.caption);
            let all = || std::iter::once(&table.columns).chain(&table.rows);
            let widths: Vec<usize> =
                (0..table.columns.len()).map(|at| all().map(|row| row[at].len()).max().unwrap_or_default()).collect();
            for row in all() {
                let cells = row.iter().zip(&widths).enumerate();
                let cells = cells.map(|(at, (cell, width))| match at {
                    0 => format!("{cell:<width$}"),
                    _ => format!("{cell:>width$}"),
                });
                println!("  {}", cells.collect::<Vec<_>>().join("  "));
            }
        }
        println!();
        self.kept.iter().for_each(|line| println!("kept: {line}"));
        self.missed.iter().for_each(|line| println!("missed: {line}"));
    }

    /// As a file of its name.
    pub(crate) fn save(&self, results: &Path) {
        fs::create_dir_all(results).unwrap();
        let text = serde_json::to_string_pretty(self).unwrap();
        let path = results.join(format!("{}.json", self.name));
        // Whole or not at all.
        let next = path.with_extension("next");
        fs::write(&next, text + "\n").unwrap();
        fs::rename(next, path).unwrap();
    }

    /// The one of that name, if it is kept there. One of another form is left out: it must be measured again.
    pub(crate) fn load(results: &Path, name: &str) -> Option<Self> {
        let text = fs::read(results.join(format!("{name}.json"))).ok()?;
        serde_json::from_slice(&text).inspect_err(|error| println!("{name}.json is left out: {error}")).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_another_program_says_of_bounds_is_told_apart() {
        let finding = Finding::new("a", "A", false).with_output("a table\nkept: 1 of 2\n  5 ns\nmissed: 3 of 2: no\n");
        assert_eq!(finding.kept, ["1 of 2"]);
        assert_eq!(finding.missed, ["3 of 2: no"]);
        assert_eq!(finding.output.as_deref(), Some("a table\n  5 ns"));
    }
}
