//! The tables, and what is expected of them.

use std::fmt::Write;

use crate::contest::{OURS, ROWS};
use crate::tally::{THEFTS, Tally, Thefts};

/// Both tables, as Markdown.
pub(crate) fn tables(tallies: &[Tally; ROWS.len()]) -> String {
    let mut text = String::new();
    let rule = |count: usize| [vec!["-".repeat(29)], vec![format!("{}:", "-".repeat(21)); count]].concat();
    let head = [
        "",
        "log-outs / 1,000 lost",
        "log-outs / 1,000 wakes",
        "thefts caught, %",
        "thief pairs, median",
        "thief pairs, p95",
    ];
    line(&mut text, &head.map(str::to_owned));
    line(&mut text, &rule(head.len() - 1));
    for (name, tally) in ROWS.iter().zip(tallies) {
        let thefts = tally.thefts_apart();
        let quantile = |percent| thefts.refreshes(percent).map_or("never caught".to_owned(), |count| count.to_string());
        let cells = [
            (*name).to_owned(),
            format!("{:.3}", tally.lost_answers.of(1000.0)),
            format!("{:.3}", tally.wake_ups.of(1000.0)),
            percent(&thefts),
            quantile(50),
            quantile(95),
        ];
        line(&mut text, &cells);
    }
    text.push('\n');
    let names = THEFTS.iter().map(|(_, name)| (*name).to_owned());
    line(&mut text, &[vec!["thefts caught, %".to_owned()], names.collect()].concat());
    line(&mut text, &rule(THEFTS.len()));
    for (name, tally) in ROWS.iter().zip(tallies) {
        line(&mut text, &[vec![(*name).to_owned()], tally.thefts.iter().map(percent).collect()].concat());
    }
    text
}

/// What Tokenry's rows were expected to show and did not.
pub(crate) fn failures(tallies: &[Tally; ROWS.len()]) -> Vec<String> {
    let mut failures = Vec::new();
    for (place, (name, tally)) in ROWS.iter().zip(tallies).take(OURS).enumerate() {
        let keyed = place == 1;
        let mut expect = |what: &str, count: u64| {
            if count > 0 {
                failures.push(format!("{name}: {what}: {count}"));
            }
        };
        expect("forced log-outs after lost answers", tally.lost_answers.part);
        expect("forced log-outs after wake-ups", tally.wake_ups.part);
        expect("forced log-outs before a thief came", tally.before_theft);
        let apart = tally.thefts_apart();
        expect("thefts never caught", apart.caught.whole - apart.caught.part);
        expect("thefts beyond the bound", tally.thefts.iter().map(|thefts| thefts.breaches).sum());
        let shadows = &tally.thefts[THEFTS.len() - 1].caught;
        if keyed {
            expect("thefts within W never caught", shadows.whole - shadows.part);
        }
        expect("nothing was simulated", u64::from(tally.lost_answers.whole == 0 || apart.caught.whole == 0));
    }
    failures
}

fn line(text: &mut String, cells: &[String]) {
    let [name, numbers @ ..] = cells else { return };
    let numbers: String = numbers.iter().map(|number| format!(" {number:>22} |")).collect();
    _ = writeln!(text, "| {name:<29} |{numbers}");
}

fn percent(thefts: &Thefts) -> String {
    format!("{:.3}", thefts.caught.of(100.0))
}
