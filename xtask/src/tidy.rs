//! The repository checks itself.

use std::path::Path;
use std::process::Command;

use crate::run::{cargo, output, root};
use crate::walls;

/// Runs all checks, and reports all that they find.
pub(crate) fn run() -> Result<(), String> {
    let metadata = output(&mut cargo(&["metadata", "--format-version", "1", "--locked", "--no-deps"]))?;
    let metadata = serde_json::from_slice(&metadata).map_err(|error| format!("cargo metadata: {error}"))?;
    let mut problems = walls::direct(&metadata);
    for package in walls::watched() {
        let tree = ["tree", "--locked", "--edges", "normal", "--prefix", "none", "--package", package];
        let tree = output(&mut cargo(&tree))?;
        problems.extend(walls::reached(package, &String::from_utf8_lossy(&tree)));
    }
    let listed = output(Command::new("git").args(["ls-files", "--cached", "--others", "--exclude-standard"]))?;
    let listed = String::from_utf8_lossy(&listed).into_owned();
    let files: Vec<&str> = listed.lines().filter(|file| root().join(file).is_file()).collect();
    for file in &files {
        // What is not text has nothing to check.
        if let Ok(text) = std::fs::read_to_string(root().join(file)) {
            problems.extend(check(file, &text).into_iter().map(|problem| format!("{file}: {problem}")));
            if file.ends_with(".md") {
                problems.extend(broken_links(file, &text));
            }
        }
    }
    problems.extend(REQUIRED.iter().filter(|file| !files.contains(file)).map(|file| format!("{file}: missing")));
    problems.extend(store_mentions(&files));
    problems.extend(twin(&read("README.md"), &read("README.ko.md")));
    match problems.as_slice() {
        [] => Ok(()),
        problems => Err(format!("{} problems\n  {}", problems.len(), problems.join("\n  "))),
    }
}

/// What one file's text shows.
fn check(file: &str, text: &str) -> Vec<String> {
    let mut problems = Vec::new();
    if file.contains("/corpus/") {
        return problems;
    }
    if !text.is_empty() && !text.ends_with('\n') {
        problems.push("does not end with a new line".to_owned());
    }
    if text.lines().any(|line| line.ends_with([' ', '\t'])) && !file.starts_with("LICENSE") {
        problems.push("has white space at the end of a line".to_owned());
    }
    problems.extend(wrong_rfc_links(text));
    if file.ends_with("/mod.rs") {
        problems.push("name it after its module, beside the folder".to_owned());
    }
    if !file.ends_with(".rs") || file.starts_with("xtask/") {
        return problems;
    }
    problems.extend(MARKS.iter().filter(|mark| text.contains(**mark)).map(|mark| format!("contains {mark}")));
    let is_source = !["/tests/", "/benches/", "/fuzz/"].iter().any(|part| file.contains(part));
    let lines = code_lines(text);
    if is_source && lines > MOST_LINES {
        problems.push(format!("{lines} code lines: which second idea lives here?"));
    }
    problems
}

/// Lines of code before the tests, without blank lines and comments.
fn code_lines(text: &str) -> usize {
    let code = text.lines().take_while(|line| !line.starts_with("#[cfg(test)]")).map(str::trim);
    code.filter(|line| !line.is_empty() && !line.starts_with("//")).count()
}

/// `[RFC 7519](https://www.rfc-editor.org/rfc/rfc7519)`: label and link must agree.
fn wrong_rfc_links(text: &str) -> Vec<String> {
    let mut problems = Vec::new();
    for part in text.split(LABEL).skip(1) {
        let label: String = part.chars().take_while(char::is_ascii_digit).collect();
        let Some((_, link)) = part.split_once("](").filter(|(label, _)| !label.contains(['\n', ']'])) else { continue };
        let link = link.split(')').next().unwrap_or_default();
        if let Some((_, number)) = link.rsplit_once("rfc") {
            let number: String = number.chars().take_while(char::is_ascii_digit).collect();
            if number != label {
                problems.push(format!("RFC {label} links to RFC {number}"));
            }
        }
    }
    problems
}

fn broken_links(file: &str, text: &str) -> Vec<String> {
    let folder = Path::new(file).parent().map(|folder| root().join(folder)).unwrap_or_else(root);
    let links = text.split("](").skip(1).filter_map(|part| part.split(')').next());
    let local = links.filter(|link| !link.contains("://") && !link.starts_with('#') && !link.starts_with("mailto:"));
    let broken = local.filter(|link| !folder.join(link.split('#').next().unwrap_or_default()).exists());
    broken.map(|link| format!("{file}: links to {link}, which is not there")).collect()
}

/// The server touches the store in one place.
fn store_mentions(files: &[&str]) -> Option<String> {
    let sources = files.iter().filter(|file| file.starts_with("crates/server/src/") && file.ends_with(".rs"));
    let naming: Vec<&str> = sources.filter(|file| read(file).contains("tokenry_store")).copied().collect();
    (naming.len() > 1).then(|| format!("tokenry_store is named in {}: one place is enough", naming.join(", ")))
}

/// Both languages of the README show the same commands.
fn twin(one: &str, other: &str) -> Option<String> {
    let blocks = |text: &str| -> Vec<String> {
        text.split("```").skip(1).step_by(2).map(|block| block.trim().to_owned()).collect()
    };
    (blocks(one) != blocks(other)).then(|| "README.md and README.ko.md show different code".to_owned())
}

fn read(file: &str) -> String {
    std::fs::read_to_string(root().join(file)).unwrap_or_default()
}

const LABEL: &str = concat!("[", "RFC ");
const MARKS: &[&str] = &["todo!(", "unimplemented!(", "dbg!(", "FIXME", "TODO", "#[ignore"];
const MOST_LINES: usize = 400;
const REQUIRED: &[&str] = &[
    "README.md",
    "README.ko.md",
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "LICENSE-MIT",
    "LICENSE-APACHE",
    "docs/threat-model.md",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_check_bites() {
        assert_eq!(check("a.rs", "fn a() {}\n"), Vec::<String>::new());
        for (file, text) in [
            ("a.rs", "fn a() {}"),
            ("a.rs", "fn a() {} \n"),
            ("a.rs", "fn a() { todo!() }\n"),
            ("a/mod.rs", "\n"),
            ("a.md", concat!("[", "RFC 7519](https://www.rfc-editor.org/rfc/rfc6749)\n")),
        ] {
            assert_eq!(check(file, text).len(), 1, "{text}");
        }
        let long = "let a = 1;\n".repeat(MOST_LINES + 1);
        assert_eq!(check("crates/a/src/a.rs", &long).len(), 1);
        assert_eq!(check("crates/a/tests/a.rs", &long).len(), 0);
    }

    #[test]
    fn comments_and_tests_are_not_code() {
        assert_eq!(code_lines("// why\n\nfn a() {}\n#[cfg(test)]\nmod tests {}\n"), 1);
    }

    #[test]
    fn an_rfc_link_that_agrees_passes() {
        assert!(wrong_rfc_links("[RFC 7519 section 4](https://www.rfc-editor.org/rfc/rfc7519#section-4)").is_empty());
    }

    #[test]
    fn twins_show_the_same_code() {
        assert!(twin("a\n```\nx\n```\nb", "c\n```\nx\n```\nd").is_none());
        assert!(twin("```\nx\n```", "```\ny\n```").is_some());
    }
}
