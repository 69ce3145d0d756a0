//! Each provider's own manners, a file each of at most 80 lines. One more is one more file and one more line here.

mod apple;
mod facebook;
mod github;
mod google;
mod kakao;
mod naver;
mod openid;

use super::manners::Manners;

/// The manners of the provider that is known by this name; else those of any OpenID provider.
pub(super) fn known(name: &str) -> Box<dyn Manners> {
    match name {
        "apple" => Box::new(apple::Apple),
        "facebook" => Box::new(facebook::Facebook),
        "github" => Box::new(github::Github),
        "google" => Box::new(google::Google),
        "kakao" => Box::new(kakao::Kakao),
        "naver" => Box::new(naver::Naver),
        _ => Box::new(openid::OpenId),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    const NAMES: [&str; 6] = ["apple", "facebook", "github", "google", "kakao", "naver"];

    #[test]
    fn one_more_provider_is_one_file_of_at_most_80_lines() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/social/providers");
        let files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert_eq!(files.len(), NAMES.len() + 1);
        for file in files {
            let text = fs::read_to_string(&file).unwrap();
            let is_code = |line: &&str| !line.trim().is_empty() && !line.trim().starts_with("//");
            assert!(text.lines().filter(is_code).count() <= 80, "{}", file.display());
        }
    }

    #[test]
    fn the_table_in_the_documents_says_what_the_code_says() {
        let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/social.md");
        let page = fs::read_to_string(page).unwrap();
        for name in NAMES {
            let manners = known(name);
            let facts = manners.facts();
            let label = facts.labels[0];
            let row = |title: &str| {
                let start = format!("| {label} | {title}");
                let row = page.lines().find(|line| line.starts_with(&start));
                row.unwrap_or_else(|| panic!("there is no row `{start}`")).to_owned()
            };
            let mut said = vec![
                ("issuer", Some(facts.issuer)),
                ("log-in", Some(facts.authorization)),
                ("token", Some(facts.token)),
                ("profile", facts.profile),
                ("keys", facts.jwks),
            ];
            said.retain(|(_, address)| address.is_some());
            for (title, address) in said {
                let row = row(title);
                assert!(row.contains(&format!("`{}`", address.unwrap())), "{row}");
                assert!(row.contains("](https://"), "its source is not named: {row}");
            }
            let yes = |is: bool| if is { "yes" } else { "no" };
            assert!(row("PKCE").starts_with(&format!("| {label} | PKCE | {}", yes(facts.has_pkce))));
            assert!(row("e-mail").starts_with(&format!("| {label} | e-mail believed | {}", yes(facts.trusts_email))));
        }
    }
}
