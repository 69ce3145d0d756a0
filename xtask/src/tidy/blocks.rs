//! What holds for code in documents: a block that names a file shows a part of it, so that what is shown is what is tested.

use super::Tree;

/// Blocks that show what their file does not say, and pages to be followed that are not in both languages.
pub(super) fn check(tree: &Tree) -> Vec<String> {
    let mut problems = Vec::new();
    for (file, text) in tree.iter().filter(|(file, _)| file.ends_with(".md")) {
        let blocks = blocks(text.as_deref().unwrap_or_default());
        problems.extend(blocks.iter().filter_map(|block| wrong(tree, file, block)).map(|why| format!("{file}: {why}")));
        if file.starts_with(TUTORIALS) && !file.ends_with(".ko.md") {
            problems.extend(twin(tree, file, &blocks));
        }
    }
    problems
}

/// Between two lines of three backticks.
struct Block<'a> {
    /// The number of the first of them.
    line: usize,
    language: &'a str,
    /// Behind the language: the file that it is a part of.
    source: Option<&'a str>,
    lines: Vec<&'a str>,
}

impl<'a> Block<'a> {
    fn shown(&self) -> (&'a str, Option<&'a str>, &[&'a str]) {
        (self.language, self.source, &self.lines)
    }
}

fn blocks(text: &str) -> Vec<Block<'_>> {
    let mut blocks: Vec<Block<'_>> = Vec::new();
    let mut is_open = false;
    for (number, line) in text.lines().enumerate() {
        if let Some(info) = line.trim_start().strip_prefix("```") {
            is_open = !is_open;
            if is_open {
                let (language, source) = info.split_once(' ').map_or((info, None), |(name, file)| (name, Some(file)));
                blocks.push(Block { line: number + 1, language, source, lines: Vec::new() });
            }
        } else if is_open && let Some(block) = blocks.last_mut() {
            block.lines.push(line);
        }
    }
    blocks
}

fn wrong(tree: &Tree, file: &str, block: &Block<'_>) -> Option<String> {
    let line = block.line;
    let Some(source) = block.source else {
        let may_not = file.starts_with(TUTORIALS) && !TYPED.contains(&block.language);
        return may_not.then(|| format!("the block in line {line} names no file that it is a part of"));
    };
    let Some(Some(text)) = tree.get(source) else {
        return Some(format!("the block in line {line} names {source}, which is not there"));
    };
    let is_part = is_part(&block.lines, &text.lines().collect::<Vec<_>>());
    (!is_part).then(|| format!("the block in line {line} is no part of {source}"))
}

/// Whether the lines stand in the file one after the other, maybe farther to the right.
fn is_part(lines: &[&str], file: &[&str]) -> bool {
    let lines = dedented(lines);
    !lines.is_empty() && file.windows(lines.len()).any(|part| dedented(part) == lines)
}

/// Without the space that all lines begin with.
fn dedented<'a>(lines: &[&'a str]) -> Vec<&'a str> {
    let space = |line: &&str| line.len() - line.trim_start().len();
    let least = lines.iter().filter(|line| !line.is_empty()).map(space).min().unwrap_or_default();
    lines.iter().map(|line| line.get(least..).unwrap_or_default()).collect()
}

/// The page in the other language shows the same blocks.
fn twin(tree: &Tree, file: &str, blocks: &[Block<'_>]) -> Option<String> {
    let twin = file.replace(".md", ".ko.md");
    let Some(text) = tree.get(&twin) else { return Some(format!("{twin}: missing")) };
    let other = self::blocks(text.as_deref().unwrap_or_default());
    let is_same = other.iter().map(Block::shown).eq(blocks.iter().map(Block::shown));
    (!is_same).then(|| format!("{twin}: shows other code than {file}"))
}

/// Pages that are followed step by step: in both languages, and what they show is tested.
const TUTORIALS: &str = "docs/getting-started/";
/// What is typed into a terminal, and what comes back: these blocks need no file.
const TYPED: &[&str] = &["sh", "text"];

#[cfg(test)]
mod tests {
    use super::super::tests::tree;
    use super::*;

    const PAGE: &str = "docs/getting-started/a.md";
    const TWIN: &str = "docs/getting-started/a.ko.md";

    fn problems(page: &str, twin: &str) -> Vec<String> {
        let code = "import a\n\nfn b() {\n    let c = 1;\n\n    let d = 2;\n}\n";
        check(&tree(&[(PAGE, page), (TWIN, twin), ("examples/a.js", code)]))
    }

    #[test]
    fn a_block_is_a_part_of_the_file_that_it_names() {
        for part in ["import a\n\nfn b() {\n", "let c = 1;\n\nlet d = 2;\n", "    let d = 2;\n}\n"] {
            let page = format!("Text.\n\n```js examples/a.js\n{part}```\n");
            assert_eq!(problems(&page, &page), Vec::<String>::new(), "{part}");
        }
        for other in ["import b\n", "let c = 1;\nlet d = 2;\n", "let d = 2;\n}\n", ""] {
            let page = format!("Text.\n\n```js examples/a.js\n{other}```\n");
            let expected = [PAGE, TWIN].map(|file| format!("{file}: the block in line 3 is no part of examples/a.js"));
            assert_eq!(problems(&page, &page), expected.into_iter().rev().collect::<Vec<_>>(), "{other}");
        }
    }

    #[test]
    fn a_block_names_a_file_that_is_there() {
        let page = "```js examples/b.js\na\n```\n";
        assert!(problems(page, page)[0].ends_with("names examples/b.js, which is not there"));
        let page = "```js\nimport a\n```\n";
        assert!(problems(page, page)[0].ends_with("names no file that it is a part of"));
        assert!(check(&tree(&[("docs/a.md", page)])).is_empty(), "only pages to be followed must");
        let page = "```sh\ncargo run\n```\n";
        assert!(problems(page, page).is_empty());
    }

    #[test]
    fn both_languages_show_the_same() {
        let page = "One.\n```sh\ncargo run\n```\n";
        assert!(problems(page, "하나.\n\n```sh\ncargo run\n```\n").is_empty());
        assert_eq!(problems(page, "```sh\ncargo test\n```\n"), [format!("{TWIN}: shows other code than {PAGE}")]);
        assert_eq!(check(&tree(&[(PAGE, page)])), [format!("{TWIN}: missing")]);
    }
}
