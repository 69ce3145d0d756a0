//! What a `User-Agent` says, in two words: enough to tell one's telephone from one's computer.

/// The browser or program, and the system that it runs on, as far as they are known.
pub(super) fn name(agent: &str) -> Option<String> {
    let program = first(agent, PROGRAMS).or_else(|| product(agent));
    let system = first(agent, SYSTEMS);
    match (program, system) {
        (Some(program), Some(system)) => Some(format!("{program} · {system}")),
        (Some(name), None) | (None, Some(name)) => Some(name.to_owned()),
        (None, None) => None,
    }
}

fn first(agent: &str, names: &[(&str, &'static str)]) -> Option<&'static str> {
    names.iter().find_map(|(mark, name)| agent.contains(mark).then_some(*name))
}

/// The first product of who is no browser, such as `curl` or an application (RFC 9110 section 10.1.5).
fn product(agent: &str) -> Option<&str> {
    let product = agent.split([' ', '/', '(']).next()?;
    (!product.is_empty() && product != "Mozilla" && product.len() <= MOST_BYTES).then_some(product)
}

/// Who claims to be others stands before them.
const PROGRAMS: &[(&str, &str)] = &[
    ("KAKAOTALK", "KakaoTalk"),
    ("NAVER(", "NAVER"),
    ("Whale/", "Whale"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("EdgA/", "Edge"),
    ("EdgiOS/", "Edge"),
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("Vivaldi/", "Vivaldi"),
    ("FxiOS/", "Firefox"),
    ("Firefox/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("HeadlessChrome/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Version/", "Safari"),
];

const SYSTEMS: &[(&str, &str)] = &[
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Mac OS X", "Mac"),
    ("Macintosh", "Mac"),
    ("Linux", "Linux"),
];

const MOST_BYTES: usize = 40;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_and_programs_are_told_apart() {
        let webkit = "AppleWebKit/537.36 (KHTML, like Gecko)";
        for (agent, expected) in [
            (format!("Mozilla/5.0 (Windows NT 10.0; Win64; x64) {webkit} Chrome/131.0.0.0 Safari/537.36"), "Chrome · Windows"),
            (format!("Mozilla/5.0 (Windows NT 10.0) {webkit} Chrome/131.0 Safari/537.36 Edg/131.0"), "Edge · Windows"),
            (format!("Mozilla/5.0 (Linux; Android 14; SM-S921N) {webkit} SamsungBrowser/27.0 Chrome/125.0 Mobile Safari/537.36"), "Samsung Internet · Android"),
            ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Version/17.5 Mobile/15E148 Safari/604.1".to_owned(), "Safari · iPhone"),
            ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:133.0) Gecko/20100101 Firefox/133.0".to_owned(), "Firefox · Mac"),
            (format!("Mozilla/5.0 (X11; Linux x86_64) {webkit} HeadlessChrome/131.0 Safari/537.36"), "Chrome · Linux"),
            ("curl/8.5.0".to_owned(), "curl"),
            ("Orders/2.1 (Android 14)".to_owned(), "Orders · Android"),
            ("<script>alert(1)</script>".to_owned(), "<script>alert"),
        ] {
            assert_eq!(name(&agent).as_deref(), Some(expected), "{agent}");
        }
        for unknown in ["", "Mozilla/5.0", " ", &"a".repeat(41)] {
            assert_eq!(name(unknown), None, "{unknown}");
        }
    }
}
