//! How much an application writes for log-in, protected call, renewal and log-out: counted in the examples, shown on a page.

use super::Tree;

/// A table that does not say what is counted, and a count of ours that is above what is promised.
pub(super) fn check(tree: &Tree) -> Vec<String> {
    let Some(Some(page)) = tree.get(PAGE) else { return vec![format!("{PAGE}: missing")] };
    let mut problems = Vec::new();
    for (folder, name) in SYSTEMS {
        let lines = |part: &str| -> usize {
            let prefix = format!("{EXAMPLES}/{folder}/{part}.");
            let files = tree.iter().filter(|(file, _)| file.starts_with(&prefix));
            files.map(|(_, text)| counted(text.as_deref().unwrap_or_default())).sum()
        };
        let (front, service) = (lines("front"), lines("service"));
        let row = format!("| {name} | {front} | {service} |");
        if !page.lines().any(|line| line.starts_with(&row)) {
            problems.push(format!("{PAGE}: has no row `{row}`, which is what {EXAMPLES}/{folder} comes to"));
        }
        if *folder == "tokenry" && (front > MOST || service > MOST) {
            problems.push(format!("{EXAMPLES}/{folder}: more than {MOST} lines"));
        }
    }
    problems
}

/// Lines between the marks, without those that are empty.
fn counted(text: &str) -> usize {
    let mut is_counted = false;
    let mut count = 0;
    for line in text.lines().map(str::trim) {
        match line.trim_start_matches(['/', '#', ' ']) {
            "count" => is_counted = true,
            "end" => is_counted = false,
            "" => {}
            _ => count += usize::from(is_counted),
        }
    }
    count
}

const PAGE: &str = "docs/comparison.md";
const EXAMPLES: &str = "examples/compare";
/// Each with what the page calls it.
const SYSTEMS: &[(&str, &str)] = &[
    ("tokenry", "Tokenry"),
    ("better-auth", "Better Auth"),
    ("auth-js", "Supabase auth-js"),
    ("simplejwt-axios", "simplejwt, axios"),
];
const MOST: usize = 3;

#[cfg(test)]
mod tests {
    use super::super::tests::tree;
    use super::*;

    #[test]
    fn lines_between_the_marks_are_counted() {
        assert_eq!(counted("a\n// count\nb\n\n  c\n// end\nd\n  # count\n  e\n  # end\n"), 3);
    }

    #[test]
    fn a_table_that_says_otherwise_and_a_line_too_many_are_found() {
        let page = "| Tokenry | 1 | 4 |\n| Better Auth | 1 | 0 |\n| Supabase auth-js | 0 | 0 |\n| simplejwt, axios | 0 | 0 |\n";
        let four = "# count\na\nb\nc\nd\n# end\n";
        let files = [
            ("docs/comparison.md", page),
            ("examples/compare/tokenry/front.ts", "// count\na\n// end\n"),
            ("examples/compare/tokenry/service.py", four),
        ];
        let problems = check(&tree(&files));
        assert_eq!(problems.len(), 2, "{problems:?}");
        assert!(problems[0].contains("more than 3") && problems[1].contains("| Better Auth | 0 | 0 |"), "{problems:?}");
        assert_eq!(check(&Tree::new()).len(), 1);
    }
}
