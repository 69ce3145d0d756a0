//! The walls between the crates: who may depend on whom.

use std::collections::BTreeSet;

use serde_json::Value;

/// Direct dependencies between the workspace's own crates that are not designed, from what `cargo metadata` printed.
pub(crate) fn direct(metadata: &Value) -> Vec<String> {
    let packages: Vec<&Value> = metadata["packages"].as_array().into_iter().flatten().collect();
    let own: BTreeSet<&str> = packages.iter().filter(|package| package["source"].is_null()).map(|p| name(p)).collect();
    let mut problems = Vec::new();
    for (package, allowed) in DIRECT {
        let Some(found) = packages.iter().find(|found| name(found) == *package) else { continue };
        let normal = found["dependencies"].as_array().into_iter().flatten().filter(|other| other["kind"].is_null());
        let wrong = normal.map(name).filter(|other| own.contains(other) && !allowed.contains(other));
        problems.extend(wrong.map(|other| format!("{package} must not depend on {other}")));
    }
    problems
}

/// What `package` reaches and must not, from the lines `NAME vVERSION ...` of its `cargo tree`.
pub(crate) fn reached(package: &str, tree: &str) -> Vec<String> {
    let all: BTreeSet<(&str, &str)> = tree
        .lines()
        .filter_map(|line| {
            let mut words = line.split(' ');
            words.next().zip(words.next())
        })
        .collect();
    let count = |name: &str| all.iter().filter(|(found, _)| *found == name).count();
    let banned = BANNED.iter().find(|(name, _)| *name == package).map_or(&[][..], |(_, banned)| banned);
    let reached = banned.iter().filter(|name| count(name) > 0);
    let mut problems: Vec<String> = reached.map(|name| format!("{package} must not reach {name}")).collect();
    let several = ONE_VERSION.iter().filter(|name| count(name) > 1);
    problems.extend(several.map(|name| format!("{package} reaches {} versions of {name}", count(name))));
    problems
}

/// The packages whose trees are looked at.
pub(crate) fn watched() -> impl Iterator<Item = &'static str> {
    BANNED.iter().map(|(package, _)| *package)
}

fn name(package: &Value) -> &str {
    package["name"].as_str().unwrap_or_default()
}

const DIRECT: &[(&str, &[&str])] = &[
    ("tokenry-jwt", &[]),
    ("tokenry-guard", &["tokenry-jwt"]),
    ("tokenry-domain", &["tokenry-jwt"]),
    ("tokenry-store", &["tokenry-domain"]),
    ("tokenry", &["tokenry-jwt", "tokenry-domain", "tokenry-store"]),
];

const BANNED: &[(&str, &[&str])] = &[
    ("tokenry-jwt", &["tokio", "hyper", "axum", "tracing", "rusqlite"]),
    ("tokenry-domain", &["tokio", "hyper", "axum", "rusqlite", "tokio-postgres", "reqwest", "tower-http"]),
    ("tokenry-store", &["hyper", "axum", "reqwest"]),
    ("tokenry", &["ring", "openssl", "openssl-sys", "native-tls", "rsa"]),
];

const ONE_VERSION: &[&str] =
    &["axum", "hyper", "tokio", "rustls", "aws-lc-rs", "aws-lc-sys", "serde", "serde_json", "rusqlite"];

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn metadata(package: &str, dependency: &str, kind: Option<&str>) -> Value {
        json!({ "packages": [
            { "name": package, "source": null, "dependencies": [{ "name": dependency, "kind": kind }] },
            { "name": dependency, "source": null, "dependencies": [] },
        ] })
    }

    #[test]
    fn what_is_designed_passes() {
        assert!(direct(&metadata("tokenry", "tokenry-store", None)).is_empty());
        assert!(direct(&metadata("tokenry-jwt", "tokenry-domain", Some("dev"))).is_empty());
        assert!(reached("tokenry", "axum v0.8.9\naxum v0.8.9 (*)\ntokio v1.0.0\n").is_empty());
    }

    #[test]
    fn a_wall_that_is_broken_is_named() {
        let wrong = direct(&metadata("tokenry-jwt", "tokenry-domain", None));
        assert_eq!(wrong, ["tokenry-jwt must not depend on tokenry-domain"]);
        assert_eq!(reached("tokenry-domain", "tokio v1.0.0"), ["tokenry-domain must not reach tokio"]);
        assert_eq!(reached("tokenry", "ring v0.17.0"), ["tokenry must not reach ring"]);
        assert_eq!(reached("tokenry", "axum v1.0.0\naxum v2.0.0"), ["tokenry reaches 2 versions of axum"]);
    }
}
