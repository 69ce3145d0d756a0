//! The walls between the crates: who may depend on whom.

use std::collections::BTreeSet;

use serde_json::Value;

/// Direct dependencies between the workspace's own crates that are not designed, from what `cargo metadata` printed.
pub(super) fn direct(metadata: &Value) -> Vec<String> {
    let packages: Vec<&Value> = metadata["packages"].as_array().into_iter().flatten().collect();
    let own: BTreeSet<&str> = packages.iter().filter(|package| package["source"].is_null()).map(|p| name(p)).collect();
    let mut problems = Vec::new();
    for (package, allowed) in DIRECT {
        let Some(found) = packages.iter().find(|found| name(found) == *package) else { continue };
        let normal = found["dependencies"].as_array().into_iter().flatten().filter(|other| other["kind"].is_null());
        let wrong = normal.map(name).filter(|other| own.contains(other) && !allowed.contains(other));
        problems.extend(wrong.map(|other| format!("{package} must not depend on {other}")));
    }
    let root = metadata["workspace_root"].as_str().unwrap_or_default();
    let in_crates = |package: &&&Value| {
        let path = package["manifest_path"].as_str().unwrap_or_default();
        let path = path.strip_prefix(root).unwrap_or(path);
        path.contains("/crates/") || path.contains("/bench/")
    };
    let unknown = packages.iter().filter(in_crates).map(|package| name(package)).filter(|name| !is_designed(name));
    problems.extend(unknown.map(|name| format!("{name} has no place in the design: give it one in walls.rs")));
    problems
}

/// What `package` reaches and must not, from the lines `NAME vVERSION ...` of its `cargo tree`.
pub(super) fn reached(package: &str, tree: &str) -> Vec<String> {
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
    if count(package) == 0 {
        problems.push(format!("the tree of {package} could not be read"));
    }
    let several = ONE_VERSION.iter().filter(|name| count(name) > 1);
    problems.extend(several.map(|name| format!("{package} reaches {} versions of {name}", count(name))));
    problems
}

/// The packages whose trees are looked at, of those that exist.
pub(super) fn watched(metadata: &Value) -> Vec<&'static str> {
    let packages = metadata["packages"].as_array();
    let exists = |wanted: &str| packages.into_iter().flatten().any(|package| name(package) == wanted);
    BANNED.iter().map(|(package, _)| *package).filter(|package| exists(package)).collect()
}

fn is_designed(name: &str) -> bool {
    DIRECT.iter().any(|(package, _)| *package == name)
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
    ("simulation", &["tokenry-domain", "tokenry"]),
    ("compare", &["tokenry-jwt", "tokenry-guard", "tokenry-domain", "tokenry-store", "tokenry"]),
    // It knows the binary and nothing of its parts.
    ("soak", &[]),
];

const BANNED: &[(&str, &[&str])] = &[
    ("tokenry-jwt", &["tokio", "hyper", "axum", "tracing", "rusqlite"]),
    ("tokenry-domain", &["tokio", "hyper", "axum", "rusqlite", "tokio-postgres", "reqwest", "tower-http"]),
    ("tokenry-store", &["hyper", "axum", "reqwest"]),
    ("tokenry-guard", &["ring", "openssl", "openssl-sys", "native-tls", "rsa", "axum", "rusqlite", "tokio-postgres"]),
    ("tokenry", FOREIGN_CRYPTO),
];

/// aws-lc is the one library for cryptography and TLS; `rsa` leaks through timing (RUSTSEC-2023-0071).
const FOREIGN_CRYPTO: &[&str] = &["ring", "openssl", "openssl-sys", "native-tls", "rsa"];

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
        assert!(reached("tokenry", "tokenry v0.1.0 (/a)\naxum v0.8.9\naxum v0.8.9 (*)\ntokio v1.0.0\n").is_empty());
    }

    #[test]
    fn every_wrong_direction_is_named() {
        let names: Vec<&str> = DIRECT.iter().map(|(package, _)| *package).collect();
        for (package, allowed) in DIRECT {
            for other in names.iter().filter(|other| *other != package && !allowed.contains(other)) {
                let wrong = direct(&metadata(package, other, None));
                assert_eq!(wrong, [format!("{package} must not depend on {other}")]);
            }
        }
    }

    #[test]
    fn every_banned_crate_is_named_however_deep() {
        for (package, banned) in BANNED {
            for name in *banned {
                let tree = format!("{package} v0.1.0 (/a)\nother v1.0.0\n{name} v1.0.0\n");
                assert_eq!(reached(package, &tree), [format!("{package} must not reach {name}")]);
            }
        }
    }

    #[test]
    fn two_versions_of_a_heavy_crate_are_named() {
        for name in ONE_VERSION {
            let tree = format!("tokenry v0.1.0 (/a)\n{name} v1.0.0\n{name} v2.0.0\n");
            assert_eq!(reached("tokenry", &tree), [format!("tokenry reaches 2 versions of {name}")]);
        }
    }

    #[test]
    fn a_crate_without_a_place_in_the_design_is_named() {
        let common = json!({ "packages": [
            { "name": "tokenry-common", "source": null, "manifest_path": "/a/crates/common/Cargo.toml", "dependencies": [] },
        ] });
        assert_eq!(direct(&common), ["tokenry-common has no place in the design: give it one in walls.rs"]);
    }

    #[test]
    fn a_tree_that_was_not_read_is_a_problem() {
        assert_eq!(reached("tokenry", ""), ["the tree of tokenry could not be read"]);
        assert_eq!(watched(&metadata("tokenry", "tokenry-jwt", None)), ["tokenry-jwt", "tokenry"]);
    }
}
