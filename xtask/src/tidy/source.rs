//! What holds for source files: their size, their names, and nothing left for later.

use super::Tree;

/// What one file's text shows.
pub(super) fn check(file: &str, text: &str) -> Vec<String> {
    let mut problems = Vec::new();
    if file.ends_with("/mod.rs") {
        problems.push("name it after its module, beside the folder".to_owned());
    }
    if !DATA.iter().any(|extension| file.ends_with(extension)) {
        problems.extend(WORDS.iter().filter(|word| has_word(text, word)).map(|word| format!("contains {word}")));
    }
    if !file.ends_with(".rs") {
        return problems;
    }
    problems.extend(MARKS.iter().filter(|mark| text.contains(**mark)).map(|mark| format!("contains {mark}")));
    let lines = code_lines(text);
    if lines > MOST_LINES && !is_test(file) {
        problems.push(format!("{lines} code lines, at most {MOST_LINES}: which second idea lives here?"));
    }
    problems
}

/// The server touches the store in one place.
pub(super) fn store_mentions(tree: &Tree) -> Option<String> {
    let sources = tree.iter().filter(|(file, _)| file.starts_with("crates/server/src/") && file.ends_with(".rs"));
    let naming = sources.filter(|(_, text)| text.as_deref().is_some_and(|text| text.contains("tokenry_store")));
    let naming: Vec<&str> = naming.map(|(file, _)| file.as_str()).collect();
    (naming.len() > 1).then(|| format!("tokenry_store is named in {}: one place is enough", naming.join(", ")))
}

/// Lines of code before the tests, without blank lines and comments.
fn code_lines(text: &str) -> usize {
    let mut lines = text.lines();
    let mut count = 0;
    while let Some(line) = lines.next() {
        let line = line.trim();
        if line == "#[cfg(test)]" {
            // The tests end the file, clippy sees to that; anything else is one item, or one line of it.
            let item = lines.by_ref().map(str::trim).find(|line| !line.starts_with("#["));
            if item.is_some_and(|item| item.starts_with("mod ") && item.ends_with('{')) {
                break;
            }
        } else if !line.is_empty() && !line.starts_with("//") {
            count += 1;
        }
    }
    count
}

fn is_test(file: &str) -> bool {
    file.split('/').any(|part| ["tests", "tests.rs", "benches", "fuzz"].contains(&part))
}

fn has_word(text: &str, word: &str) -> bool {
    let is_letter = |letter: char| letter.is_alphanumeric() || letter == '_';
    text.match_indices(word)
        .any(|(at, _)| !text[..at].ends_with(is_letter) && !text[at + word.len()..].starts_with(is_letter))
}

const MOST_LINES: usize = 400;

// Put together, so that this file passes its own checks.
const WORDS: &[&str] = &[concat!("FIX", "ME"), concat!("TO", "DO"), concat!("X", "XX")];
const MARKS: &[&str] = &[
    concat!("todo", "!"),
    concat!("unimplemented", "!"),
    concat!("dbg", "!"),
    concat!("#[ig", "nore"),
    concat!(", ig", "nore)]"),
    concat!("```", "ignore"),
];

/// Where letters may happen to spell a word.
const DATA: &[&str] = &[".json", ".lock", ".pem", ".txt"];

#[cfg(test)]
mod tests {
    use super::super::tests::tree;
    use super::*;

    #[test]
    fn each_mark_is_found() {
        for mark in MARKS {
            assert_eq!(check("crates/a/src/a.rs", &format!("{mark}\n")), [format!("contains {mark}")]);
        }
        for word in WORDS {
            assert_eq!(check("docs/a.md", &format!("{word}: later\n")), [format!("contains {word}")]);
            assert_eq!(check("docs/a.md", &format!("A{word}\n{word}_A\n")), Vec::<String>::new());
            assert_eq!(check("vectors/a.json", &format!("{word}\n")), Vec::<String>::new());
        }
    }

    #[test]
    fn mod_rs_is_refused() {
        assert_eq!(check("crates/a/src/b/mod.rs", "fn a() {}\n").len(), 1);
    }

    #[test]
    fn a_long_source_file_is_refused_and_a_long_test_is_not() {
        let long = "let a = 1;\n".repeat(MOST_LINES + 1);
        assert_eq!(check("crates/a/src/a.rs", &long).len(), 1);
        assert_eq!(check("xtask/src/a.rs", &long).len(), 1);
        assert_eq!(check("crates/a/src/a.rs", &"let a = 1;\n".repeat(MOST_LINES)).len(), 0);
        for test in ["crates/a/tests/a.rs", "crates/a/src/a/tests.rs", "crates/a/fuzz/a.rs", "crates/a/benches/a.rs"] {
            assert_eq!(check(test, &long).len(), 0);
        }
    }

    #[test]
    fn comments_and_tests_are_not_code() {
        assert_eq!(code_lines("// why\n\nfn a() {}\n#[cfg(test)]\nmod tests {\n    let a = 1;\n}\n"), 1);
        assert_eq!(code_lines("fn a() {}\n#[cfg(test)]\n#[allow(missing_docs)]\nmod tests {\n    let a = 1;\n}\n"), 1);
    }

    #[test]
    fn code_behind_a_line_for_tests_is_counted() {
        assert_eq!(code_lines("#[cfg(test)]\nmod tests;\nfn a() {}\n"), 1);
        assert_eq!(code_lines("    #[cfg(test)]\n    use a::b;\nfn a() {}\nfn b() {}\n"), 2);
    }

    #[test]
    fn a_second_place_that_names_the_store_is_refused() {
        let one = [("crates/server/src/app.rs", "use tokenry_store::Sqlite;"), ("crates/server/src/tls.rs", "")];
        assert_eq!(store_mentions(&tree(&one)), None);
        let two = [one[0], ("crates/server/src/tls.rs", "tokenry_store::Sqlite")];
        let problem = store_mentions(&tree(&two)).unwrap();
        assert!(problem.contains("app.rs, crates/server/src/tls.rs"), "{problem}");
    }
}
