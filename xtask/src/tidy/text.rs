//! What holds for every text file.

/// What one file's text shows.
pub(super) fn check(text: &str) -> Vec<String> {
    let mut problems = Vec::new();
    if !text.is_empty() && !text.ends_with('\n') {
        problems.push("does not end with a new line".to_owned());
    }
    if text.contains('\r') {
        problems.push("has carriage returns".to_owned());
    }
    if let Some(line) = text.split('\n').position(|line| line.ends_with([' ', '\t'])) {
        problems.push(format!("has white space at the end of line {}", line + 1));
    }
    problems
}

/// Whether the name promises text.
pub(super) fn must_be_text(file: &str) -> bool {
    file.rsplit_once('.').is_some_and(|(_, extension)| TEXT.contains(&extension))
}

const TEXT: &[&str] =
    &["rs", "md", "toml", "lock", "json", "html", "css", "js", "mjs", "ts", "py", "sql", "sh", "txt", "service"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_check_bites() {
        assert!(check("").is_empty());
        assert!(check("one\n\ntwo\n").is_empty());
        assert_eq!(check("one"), ["does not end with a new line"]);
        assert_eq!(check("one\ntwo \n"), ["has white space at the end of line 2"]);
        assert_eq!(check("one\n\t\n"), ["has white space at the end of line 2"]);
        assert_eq!(check("one\r\n"), ["has carriage returns"]);
    }

    #[test]
    fn names_tell_text_from_data() {
        assert!(must_be_text("crates/a/src/a.rs"));
        assert!(!must_be_text("keys/rsa.der"));
        assert!(!must_be_text("LICENSE"));
    }
}
