//! `tokenry mail preview`: every mail as it is sent.

use crate::program::Program;

const LETTERS: [&str; 9] = [
    "verification",
    "password-reset",
    "login-link",
    "email-change",
    "email-changed",
    "new-device",
    "password-changed",
    "identity-linked",
    "session-stolen",
];

#[test]
fn every_mail_is_previewed_in_both_languages() {
    let program = Program::new();
    let all = program.run(&["mail", "preview"], "");
    assert_eq!((all.code, all.stdout.matches("Subject: ").count()), (0, 2 * LETTERS.len()), "{all:?}");
    let help = program.run(&["mail", "preview", "--help"], "").stdout;
    let listed = include_str!("../../../../docs/cli.md");
    for letter in LETTERS {
        for (language, is_korean) in [("en", false), ("ko", true)] {
            let text = program.run(&["mail", "preview", "--template", letter, "--lang", language], "").stdout;
            assert!(text.contains("Subject: ") && text.contains("To: kimalo@example.com"), "{letter}: {text}");
            assert!(text.contains("https://auth.example.com/") && text.contains("?token="), "{letter}: {text}");
            assert_eq!(text.chars().any(|c| ('가'..='힣').contains(&c)), is_korean, "{letter} {language}");
            assert!(all.stdout.contains(text.trim()), "{letter} {language}");
        }
        let html = program.run(&["mail", "preview", "--template", letter, "--lang", "en", "--part", "html"], "").stdout;
        assert!(html.starts_with("<!doctype html>") && html.contains("href=\"https://auth.example.com/"), "{html}");
        assert!(help.contains(letter) && listed.contains(&format!("`{letter}`")), "{letter} is not listed");
    }
}

#[test]
fn what_is_no_mail_is_wrong_usage_and_says_what_is() {
    let program = Program::new();
    for arguments in [["--template", "nonsense"], ["--lang", "fr"], ["--part", "sound"]] {
        let refused = program.run(&[&["mail", "preview"][..], &arguments].concat(), "");
        assert_eq!(refused.code, 2, "{refused:?}");
    }
    let refused = program.run(&["mail", "preview", "--template", "nonsense"], "");
    assert!(LETTERS.iter().all(|letter| refused.stderr.contains(letter)), "{refused:?}");
}
