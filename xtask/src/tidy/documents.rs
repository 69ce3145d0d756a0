//! What holds for documents: links lead somewhere, labels agree with them, the twins agree with each other.

use std::collections::BTreeSet;

use super::Tree;

/// What the documents, and the citations in the sources, show.
pub(super) fn check(tree: &Tree) -> Vec<String> {
    let mut problems: Vec<String> =
        REQUIRED.iter().filter(|file| !tree.contains_key(**file)).map(|file| format!("{file}: missing")).collect();
    for (file, text) in tree {
        let Some(text) = text else { continue };
        let links = links(text);
        let wrong = links.iter().filter_map(wrong_rfc);
        problems.extend(wrong.map(|problem| format!("{file}: {problem}")));
        if file.ends_with(".md") {
            let broken = links.iter().filter(|link| is_broken(tree, file, link.url));
            problems.extend(broken.map(|link| format!("{file}: links to {}, which is not there", link.url)));
        }
    }
    problems.extend(not_indexed(tree));
    problems.extend(twin(content(tree, "README.md"), content(tree, "README.ko.md")));
    problems
}

struct Link<'a> {
    /// The line before the label.
    before: &'a str,
    label: &'a str,
    url: &'a str,
}

/// `[label](url)` and `[label]: url`, outside code blocks.
fn links(text: &str) -> Vec<Link<'_>> {
    let mut links = Vec::new();
    let mut in_code = false;
    for line in text.lines() {
        let line = line.trim_start().trim_start_matches(['/', '!']).trim_start();
        if line.starts_with("```") {
            in_code = !in_code;
        } else if !in_code {
            links.extend(links_of_line(line));
        }
    }
    links
}

fn links_of_line(line: &str) -> Vec<Link<'_>> {
    let definition = line.strip_prefix('[').and_then(|rest| rest.split_once("]: "));
    if let Some((label, url)) = definition.filter(|(label, _)| !label.contains(']')) {
        return vec![Link { before: "", label, url: first_word(url) }];
    }
    let mut links = Vec::new();
    for (at, _) in line.match_indices("](") {
        let (before, label) = line[..at].rsplit_once('[').unwrap_or(("", &line[..at]));
        let url = line[at + 2..].split(')').next().unwrap_or_default();
        links.push(Link { before, label, url: first_word(url) });
    }
    links
}

/// The address without the title that may follow it.
fn first_word(url: &str) -> &str {
    url.split_whitespace().next().unwrap_or_default().trim_start_matches('<').trim_end_matches('>')
}

/// A link to an RFC whose label, or the words before it, name another.
fn wrong_rfc(link: &Link<'_>) -> Option<String> {
    if !link.url.contains("rfc-editor.org/") && !link.url.contains("ietf.org/") {
        return None;
    }
    let linked = last_number(link.url, "rfc")?;
    let said = last_number(link.label, "RFC ").or_else(|| last_number(link.before, "RFC "))?;
    (said != linked).then(|| format!("RFC {said} links to RFC {linked}"))
}

/// The digits behind the last `mark` that has any.
fn last_number<'a>(text: &'a str, mark: &str) -> Option<&'a str> {
    text.rmatch_indices(mark).find_map(|(at, _)| {
        let rest = &text[at + mark.len()..];
        let end = rest.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(rest.len());
        (end > 0).then(|| &rest[..end])
    })
}

/// Whether a link leads out of the repository, or to nothing in it.
fn is_broken(tree: &Tree, file: &str, url: &str) -> bool {
    if url.contains("://") || url.starts_with('#') || url.starts_with("mailto:") {
        return false;
    }
    let path = url.split('#').next().unwrap_or_default();
    match resolve(file, path) {
        Some(path) => !path.is_empty() && !tree.contains_key(&path) && !is_folder(tree, &path),
        None => true,
    }
}

fn is_folder(tree: &Tree, path: &str) -> bool {
    let folder = format!("{path}/");
    tree.range(folder.clone()..).next().is_some_and(|(file, _)| file.starts_with(&folder))
}

/// The path from the root of what `file` calls `path`; none when it lies outside.
fn resolve(file: &str, path: &str) -> Option<String> {
    if path.starts_with('/') {
        return None;
    }
    let mut parts: Vec<&str> = file.split('/').collect();
    parts.pop();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

/// Decisions that their index does not list.
fn not_indexed(tree: &Tree) -> Vec<String> {
    let listed: BTreeSet<&str> = links(content(tree, INDEX)).iter().map(|link| link.url).collect();
    let files = tree.keys().filter_map(|file| file.strip_prefix("docs/decisions/"));
    let missing = files.filter(|file| *file != "README.md" && !listed.contains(file));
    missing.map(|file| format!("{INDEX}: {file} is not listed")).collect()
}

/// Both languages of the README show the same commands.
fn twin(one: &str, other: &str) -> Option<String> {
    let blocks = |text: &str| -> Vec<String> {
        text.split("```").skip(1).step_by(2).map(|block| block.trim().to_owned()).collect()
    };
    (blocks(one) != blocks(other)).then(|| "README.md and README.ko.md show different code".to_owned())
}

fn content<'a>(tree: &'a Tree, file: &str) -> &'a str {
    tree.get(file).and_then(Option::as_deref).unwrap_or_default()
}

const INDEX: &str = "docs/decisions/README.md";

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
    INDEX,
];

#[cfg(test)]
mod tests {
    use super::super::tests::tree;
    use super::*;

    fn broken(url: &str) -> bool {
        let tree = tree(&[("README.md", ""), ("docs/a.md", ""), ("docs/b/c.md", "")]);
        is_broken(&tree, "docs/a.md", url)
    }

    #[test]
    fn a_link_that_leads_nowhere_is_broken() {
        for url in ["d.md", "b/d.md", "../../README.md", "/README.md", "/etc/passwd"] {
            assert!(broken(url), "{url}");
        }
        for url in ["a.md", "./a.md#part", "b", "b/", "b/c.md", "../README.md", "#part", "https://a.example/x", ".."] {
            assert!(!broken(url), "{url}");
        }
    }

    #[test]
    fn links_are_found_in_text_and_not_in_code() {
        let text = "see [a](a.md \"title\") and [b](<b.md>)\n[c]: c.md\n```\n[d](d.md)\n```\n//! [e](e.md)\n";
        let urls: Vec<&str> = links(text).iter().map(|link| link.url).collect();
        assert_eq!(urls, ["a.md", "b.md", "c.md", "e.md"]);
    }

    #[test]
    fn a_citation_must_agree_with_its_link() {
        let wrong = |text: &str| links(text).iter().filter_map(wrong_rfc).count();
        let link = |number: u32| format!("https://www.rfc-editor.org/rfc/rfc{number}#section-4");
        for text in ["[RFC 7519 section 4](LINK)", "RFC 7519, [section 4](LINK)", "/// [RFC 7519]: LINK"] {
            assert_eq!(wrong(&text.replace("LINK", &link(7519))), 0, "{text}");
            assert_eq!(wrong(&text.replace("LINK", &link(7515))), 1, "{text}");
        }
        assert_eq!(wrong(&format!("RFC 7519 and [RFC 7515]({})", link(7515))), 0);
        assert_eq!(wrong("RFC 7519, [errata](https://www.rfc-editor.org/errata)"), 0);
    }

    #[test]
    fn a_decision_must_be_listed() {
        let mut tree = tree(&[(INDEX, "[one](0001-one.md)\n"), ("docs/decisions/0001-one.md", "")]);
        assert!(not_indexed(&tree).is_empty());
        tree.insert("docs/decisions/0002-two.md".to_owned(), Some(String::new()));
        assert_eq!(not_indexed(&tree), [format!("{INDEX}: 0002-two.md is not listed")]);
    }

    #[test]
    fn twins_show_the_same_code() {
        assert!(twin("a\n```\nx\n```\nb", "c\n```\nx\n```\nd").is_none());
        assert!(twin("```\nx\n```", "```\ny\n```").is_some());
        assert!(twin("```\nx\n```", "").is_some());
    }

    #[test]
    fn every_required_file_is_missed() {
        let problems = check(&Tree::new());
        assert_eq!(problems.len(), REQUIRED.len(), "{problems:?}");
    }
}
