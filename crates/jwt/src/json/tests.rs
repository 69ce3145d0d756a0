use proptest::prelude::*;

use super::*;

fn accepts(text: &str) -> bool {
    scan(text, |_, _| ()).is_ok()
}

#[test]
fn members_in_order() {
    let mut seen = Vec::new();
    let text = r#" { "a" : "x" , "\u0062":[1, {"c":null}],"d":-1.5e3 } "#;
    assert_eq!(scan(text, |name, value| seen.push((name.text().unwrap().into_owned(), value.raw()))), Ok(()));
    let expected = [("a", "\"x\""), ("b", "[1, {\"c\":null}]"), ("d", "-1.5e3")];
    assert_eq!(seen, expected.map(|(name, raw)| (name.to_owned(), raw)));
    assert_eq!(member(text, "b").map(|value| value.kind), Some(Kind::Array));
    assert!(member(text, "e").is_none());
}

#[test]
fn special_bytes_at_every_offset() {
    for before in 0..20 {
        for after in 0..20 {
            let text = |middle: &str| format!("{{\"k\":\"{}{middle}{}\"}}", "é".repeat(before), "a".repeat(after));
            for good in ["", "\\n", "\\\"", "\u{7f}", "!", "[", "]", "#"] {
                assert!(accepts(&text(good)), "{before} {good:?} {after}");
            }
            for bad in ["\"", "\\", "\n", "\u{1f}", "\0", "\\x"] {
                let unescaped = bad == "\\" && after == 0;
                assert!(!accepts(&text(bad)) || unescaped, "{before} {bad:?} {after}");
            }
        }
    }
}

#[test]
fn a_name_comes_once_however_it_is_written() {
    let escaped = |name: &str| name.bytes().map(|byte| format!("\\u{byte:04x}")).collect::<String>();
    for name in ["", "a", "sub", "seven77", "eight888", "client_id", "a name of more than sixteen bytes"] {
        for other in [name.to_owned(), escaped(name)] {
            for more in [0, 20] {
                let rest: String = (0..more).map(|n| format!(",\"{name}{n}\":0")).collect();
                assert!(!accepts(&format!("{{\"{name}\":0{rest},\"{other}\":0}}")), "{name:?} {other:?} {more}");
                assert!(!accepts(&format!("{{\"x\":{{\"{name}\":0{rest},\"{other}\":0}}}}")), "{name:?} within");
                assert!(accepts(&format!("{{\"{name}\":0{rest},\"{other}\\u0000\":0}}")), "{name:?} and NUL");
            }
        }
    }
}

fn fragment() -> impl Strategy<Value = String> {
    let pieces = [
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"",
        "\\",
        "\\u",
        "\\ud83d",
        "\\ude00",
        "\"a\"",
        "\"b\":",
        "0",
        "-",
        "1.5",
        "e9",
        "1e999",
        "true",
        "null",
        "false",
        " ",
        "\n",
        "\t",
        "\u{1}",
        "é",
        "{\"a\":",
        "{\"a\":1}",
    ];
    prop::collection::vec(prop::sample::select(pieces.to_vec()), 0..12).prop_map(|parts| parts.concat())
}

fn value() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        any::<String>().prop_map(Into::into),
    ];
    leaf.prop_recursive(6, 64, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Into::into),
            prop::collection::hash_map(any::<String>(), inner, 0..8)
                .prop_map(|members| members.into_iter().collect::<serde_json::Map<_, _>>().into()),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

    #[test]
    fn what_is_accepted_serde_accepts(body in fragment()) {
        for text in [format!("{{\"x\":{body}}}"), format!("{{{body}}}"), body] {
            let serde = serde_json::from_str::<serde_json::Map<_, serde_json::Value>>(&text);
            prop_assert!(!accepts(&text) || serde.is_ok(), "{:?}", text);
            if let (Ok(map), true) = (serde, accepts(&text)) {
                let mut count = 0;
                scan(&text, |name, value| {
                    assert_eq!(serde_json::from_str::<serde_json::Value>(value.raw()).as_ref().ok(), map.get(&*name.text().unwrap()));
                    count += 1;
                }).ok();
                prop_assert_eq!(count, map.len());
            }
        }
    }

    #[test]
    fn what_serde_writes_is_accepted(value in value()) {
        let text = format!("{{\"x\":{value}}}");
        prop_assert!(accepts(&text), "{}", text);
        let pretty = serde_json::to_string_pretty(&serde_json::json!({ "x": value })).ok();
        prop_assert!(pretty.is_some_and(|text| accepts(&text)));
    }

    #[test]
    fn any_text_is_survived(text in any::<String>()) {
        scan(&text, |_, _| ()).ok();
        scan(&format!("{{\"{text}\":\"{text}\"}}"), |_, _| ()).ok();
    }
}
