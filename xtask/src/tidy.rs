//! The repository checks itself. Each check is a function of what it looks at, so that a test can show that it bites.

mod blocks;
mod comparison;
mod documents;
mod source;
mod text;
mod walls;

use std::collections::BTreeMap;
use std::process::Command;

use crate::run::{cargo, metadata, output, root};

/// The repository's files by path; `None` is what is not UTF-8.
type Tree = BTreeMap<String, Option<String>>;

/// Runs all checks, and reports all that they find.
pub(crate) fn run() -> Result<(), String> {
    let mut problems = wall_problems()?;
    problems.extend(check(&read_tree()?));
    match problems.as_slice() {
        [] => Ok(()),
        [one] => Err(format!("one problem\n  {one}")),
        problems => Err(format!("{} problems\n  {}", problems.len(), problems.join("\n  "))),
    }
}

fn check(tree: &Tree) -> Vec<String> {
    let mut problems = Vec::new();
    for (file, content) in tree {
        let found = match content {
            Some(content) => [text::check(content), source::check(file, content)].concat(),
            None if text::must_be_text(file) => vec!["is not UTF-8".to_owned()],
            None => Vec::new(),
        };
        problems.extend(found.into_iter().map(|problem| format!("{file}: {problem}")));
    }
    problems.extend(source::store_mentions(tree));
    problems.extend(documents::check(tree));
    problems.extend(blocks::check(tree));
    problems.extend(comparison::check(tree));
    problems
}

fn wall_problems() -> Result<Vec<String>, String> {
    let metadata = metadata()?;
    let mut problems = walls::direct(&metadata);
    for package in walls::watched(&metadata) {
        let arguments =
            ["tree", "--locked", "--all-features", "--edges", "normal", "--prefix", "none", "--package", package];
        let tree = output(&mut cargo(&arguments))?;
        problems.extend(walls::reached(package, &String::from_utf8_lossy(&tree)));
    }
    Ok(problems)
}

/// What git knows or would add; inputs for the parsers are none of tidy's business.
fn read_tree() -> Result<Tree, String> {
    let listed = output(Command::new("git").args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]))?;
    let listed = String::from_utf8_lossy(&listed).into_owned();
    let files = listed.split('\0').filter(|file| root().join(file).is_file() && !file.contains("/corpus/"));
    files
        .map(|file| {
            let bytes = std::fs::read(root().join(file)).map_err(|error| format!("{file}: {error}"))?;
            Ok((file.to_owned(), String::from_utf8(bytes).ok()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn tree(files: &[(&str, &str)]) -> Tree {
        files.iter().map(|(file, text)| ((*file).to_owned(), Some((*text).to_owned()))).collect()
    }

    #[test]
    fn all_problems_are_reported_with_their_files() {
        let mut tree = tree(&[("crates/a/src/a.rs", "fn a() {} "), ("docs/a.md", "[b](b.md)\n")]);
        tree.insert("docs/c.md".to_owned(), None);
        tree.insert("docs/picture.png".to_owned(), None);
        let problems = check(&tree);
        for expected in [
            "crates/a/src/a.rs: does not end with a new line",
            "crates/a/src/a.rs: has white space at the end of line 1",
            "docs/a.md: links to b.md, which is not there",
            "docs/c.md: is not UTF-8",
            "README.md: missing",
        ] {
            assert!(problems.iter().any(|problem| problem == expected), "{expected} in {problems:?}");
        }
        assert!(!problems.iter().any(|problem| problem.contains("picture")));
    }
}
