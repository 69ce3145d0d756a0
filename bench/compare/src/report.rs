use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use crate::finding::{Finding, Table};

/// Writes the page of all that was found, and its plots.
pub(crate) fn write(results: &Path, pages: &Path) {
    fs::create_dir_all(pages).unwrap();
    let findings: Vec<Finding> = ORDER.iter().filter_map(|name| Finding::load(results, name)).collect();
    let mut page = String::from(HEAD);
    let expected: Vec<(bool, &String)> = findings
        .iter()
        .flat_map(|finding| {
            let kept = finding.kept.iter().map(|line| (true, line));
            kept.chain(finding.missed.iter().map(|line| (false, line)))
        })
        .collect();
    if !expected.is_empty() {
        page.push_str("\n## What was promised\n\n| | what was measured (what was promised) |\n| --- | --- |\n");
        for (is_kept, line) in expected {
            writeln!(page, "| {} | {line} |", if is_kept { "kept" } else { "**missed**" }).unwrap();
        }
    }
    for finding in &findings {
        for chart in &finding.charts {
            chart.draw(pages, &origin(finding));
        }
        section(&mut page, finding);
    }
    fs::write(pages.join("README.md"), page).unwrap();
    println!("{} findings in {}", findings.len(), pages.display());
}

fn section(page: &mut String, finding: &Finding) {
    writeln!(page, "\n## {}\n\n{}.", finding.title, origin(finding)).unwrap();
    for paragraph in &finding.how {
        writeln!(page, "\n{}", wrapped(paragraph)).unwrap();
    }
    for chart in &finding.charts {
        writeln!(page, "\n![{}]({}.svg)", chart.title(), chart.file()).unwrap();
    }
    for it in &finding.tables {
        table(page, it);
    }
    if let Some(output) = &finding.output {
        writeln!(page, "\n```text\n{}\n```", output.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")).unwrap();
    }
}

fn table(page: &mut String, table: &Table) {
    let row = |cells: &[String]| format!("| {} |", cells.join(" | "));
    let right = table.columns.iter().skip(1).map(|_| " ---: |").collect::<String>();
    writeln!(page, "\n{}:\n\n{}\n| --- |{right}", table.caption, row(&table.columns)).unwrap();
    for cells in &table.rows {
        writeln!(page, "{}", row(cells)).unwrap();
    }
}

/// When and on what.
fn origin(finding: &Finding) -> String {
    let machine = &finding.machine;
    let quick = if finding.quick { "QUICK, not to be quoted: " } else { "" };
    format!("{quick}{}, {}, {} cores, {}, {}", finding.date, machine.cpu, machine.cores, machine.memory, machine.kernel)
}

/// Broken into lines of the page's width.
fn wrapped(text: &str) -> String {
    let (mut out, mut width) = (String::new(), 0);
    for word in text.split_whitespace() {
        if width + word.len() > LINE && width > 0 {
            out.push('\n');
            width = 0;
        } else if width > 0 {
            out.push(' ');
            width += 1;
        }
        out.push_str(word);
        width += word.len();
    }
    out
}

const LINE: usize = 118;

const HEAD: &str = "\
# Measured

`cargo xtask bench` measures everything on this page again, and writes it, plots and all; `cargo xtask bench --only NAME` one
part of it, and `--quick` shows in `target/compare/quick` that it works. It needs two cores, and a machine that does nothing
else. Other people's software is of the versions that `bench/compare/peers` pins, set up as each section says; what was found
is kept in [results](results), too. When and on what stands below each title.

What is compared takes turns in every round, so that noise hits all alike. Numbers are medians, and a ratio is the median of the
rounds' ratios: it tells more than the numbers do. Two cores are few, and they are those of a virtual machine.

Also: [the refresh protocol under simulation](refresh-simulation.md), [kills and races](soak.md), [mail](mail.md), [requests per user](requests.md).
";

/// The comparisons, then what else was measured.
const ORDER: &[&str] = &[
    "sessions",
    "protected",
    "speed",
    "refresh",
    "parts",
    "verify",
    "instructions",
    "guard",
    "revoke",
    "login",
    "commit",
    "sweep",
    "serve",
    "ceiling",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_as_wide_as_the_page() {
        let text = wrapped(&"word ".repeat(60));
        assert!(text.lines().all(|line| line.len() <= LINE + 1), "{text}");
        assert_eq!(text.split_whitespace().count(), 60);
    }
}
