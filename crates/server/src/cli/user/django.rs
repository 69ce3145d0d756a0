//! What Django's `auth_user` means here.

use std::collections::BTreeMap;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, de};
use serde_json::Value;
use tokenry_domain::account::{Attributes, Status};
use tokenry_domain::authority::ImportedAccount;
use tokenry_domain::password::PasswordHash;
use tokenry_domain::time::Timestamp;

/// A row of `auth_user`, from either format. Other columns are ignored.
#[derive(Debug, Deserialize)]
pub(super) struct Row {
    username: String,
    password: String,
    #[serde(default)]
    email: Option<String>,
    #[serde(default)]
    first_name: String,
    #[serde(default)]
    last_name: String,
    #[serde(default = "yes", deserialize_with = "flag")]
    is_active: bool,
    #[serde(default, deserialize_with = "flag")]
    is_staff: bool,
    #[serde(default, deserialize_with = "flag")]
    is_superuser: bool,
    #[serde(default)]
    date_joined: Option<String>,
    #[serde(default, deserialize_with = "groups")]
    groups: Vec<Group>,
}

/// A group as a user's row names it.
#[derive(Debug, Clone)]
enum Group {
    Name(String),
    Pk(i64),
}

/// What becomes of one field.
#[derive(Clone, Debug)]
pub(crate) struct Mapping {
    from: String,
    to: Target,
}

#[derive(Clone, Debug, PartialEq)]
enum Target {
    Role(String),
    /// A role of the group's own name.
    SameRole,
    Attribute(String),
    Nothing,
}

/// All mappings: the defaults, and over them what the command line says.
pub(super) struct Mappings(BTreeMap<String, Target>);

impl Mappings {
    pub(super) fn new(given: &[Mapping]) -> Self {
        let defaults = [
            ("is_staff", Target::Role("staff".to_owned())),
            ("is_superuser", Target::Role("superuser".to_owned())),
            ("first_name", Target::Attribute("first_name".to_owned())),
            ("last_name", Target::Attribute("last_name".to_owned())),
            ("group:*", Target::SameRole),
        ];
        let mut all: BTreeMap<String, Target> = defaults.into_iter().map(|(from, to)| (from.to_owned(), to)).collect();
        all.extend(given.iter().map(|mapping| (mapping.from.clone(), mapping.to.clone())));
        Self(all)
    }

    /// Makes an account of a row. `groups` names the groups by their keys.
    pub(super) fn account(&self, row: Row, groups: &BTreeMap<i64, String>) -> Result<ImportedAccount, String> {
        let password = PasswordHash::parse(&row.password).map_err(|error| error.to_string())?;
        let mut out = Output::default();
        for (field, set) in [("is_staff", row.is_staff), ("is_superuser", row.is_superuser)] {
            self.put(field, Value::Bool(set), set, &mut out);
        }
        for (field, text) in [("first_name", &row.first_name), ("last_name", &row.last_name)] {
            self.put(field, text.as_str().into(), !text.is_empty(), &mut out);
        }
        for group in &row.groups {
            let name = match group {
                Group::Name(name) => name,
                Group::Pk(pk) => groups
                    .get(pk)
                    .ok_or_else(|| format!("is in group {pk}, which the file does not contain: dump auth.group too"))?,
            };
            self.put_group(name, &mut out);
        }
        let (username, email) = names(row.username, row.email.filter(|email| !email.is_empty()))?;
        out.roles.dedup();
        Ok(ImportedAccount {
            username,
            email,
            password,
            roles: out.roles,
            attributes: out.attributes,
            status: if row.is_active { Status::Active } else { Status::Disabled },
            created_at: row.date_joined.as_deref().and_then(joined),
        })
    }

    fn put(&self, field: &str, value: Value, set: bool, out: &mut Output) {
        match self.0.get(field) {
            Some(Target::Role(role)) if set => out.roles.push(role.clone()),
            Some(Target::Attribute(name)) if set || value.is_boolean() => {
                out.attributes.insert(name.clone(), value);
            }
            _ => {}
        }
    }

    fn put_group(&self, name: &str, out: &mut Output) {
        match self.0.get(&format!("group:{name}")).or_else(|| self.0.get("group:*")) {
            Some(Target::Role(role)) => out.roles.push(role.clone()),
            Some(Target::SameRole) => out.roles.push(role_of(name)),
            Some(Target::Attribute(attribute)) => {
                let list = out.attributes.entry(attribute.clone()).or_insert_with(|| Value::Array(Vec::new()));
                if let Value::Array(list) = list {
                    list.push(name.into());
                }
            }
            Some(Target::Nothing) | None => {}
        }
    }
}

#[derive(Default)]
struct Output {
    roles: Vec<String>,
    attributes: Attributes,
}

impl FromStr for Mapping {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (from, to) = text.rsplit_once('=').ok_or("write FROM=TO")?;
        let fields = ["is_staff", "is_superuser", "first_name", "last_name"];
        let group = from.strip_prefix("group:").filter(|name| !name.is_empty());
        if group.is_none() && !fields.contains(&from) {
            return Err(format!("{from:?} is none of {} and group:NAME", fields.join(", ")));
        }
        let to = match to.split_once(':') {
            None if to == "none" => Target::Nothing,
            Some(("role", "*")) if group == Some("*") => Target::SameRole,
            Some(("role", name)) if tokenry_domain::account::is_role(name) => Target::Role(name.to_owned()),
            Some(("attribute", name)) if !name.is_empty() => Target::Attribute(name.to_owned()),
            _ => return Err(format!("{to:?} is none of role:NAME, attribute:NAME and none")),
        };
        Ok(Self { from: from.to_owned(), to })
    }
}

/// Django allows an `@` in a username, and many use the e-mail address as one.
fn names(username: String, email: Option<String>) -> Result<(Option<String>, Option<String>), String> {
    if !username.contains('@') {
        return Ok((Some(username), email));
    }
    match email {
        Some(email) if !email.eq_ignore_ascii_case(&username) => {
            Err(format!("the username {username:?} is another e-mail address than {email:?}"))
        }
        _ => Ok((None, Some(username))),
    }
}

/// A role has no white space and no comma.
fn role_of(group: &str) -> String {
    group.trim().chars().map(|c| if c.is_whitespace() || c == ',' { '-' } else { c }).collect()
}

/// `2024-05-01T12:00:00Z`, or CSV's `2024-05-01 12:00:00+00:00`.
fn joined(text: &str) -> Option<Timestamp> {
    let at: jiff::Timestamp = text.replacen(' ', "T", 1).parse().ok()?;
    Some(Timestamp::from_millis(at.as_millisecond()))
}

fn yes() -> bool {
    true
}

fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Flag {
        Bool(bool),
        Number(u8),
        Text(String),
    }
    match Flag::deserialize(deserializer)? {
        Flag::Bool(flag) => Ok(flag),
        Flag::Number(number) if number < 2 => Ok(number == 1),
        Flag::Text(text) => match text.to_ascii_lowercase().as_str() {
            "true" | "t" | "1" => Ok(true),
            "false" | "f" | "0" | "" => Ok(false),
            _ => Err(de::Error::custom(format!("{text:?} is neither true nor false"))),
        },
        Flag::Number(number) => Err(de::Error::custom(format!("{number} is neither true nor false"))),
    }
}

/// Keys (`[1, 2]`), natural keys (`[["editors"]]`), or names in one CSV cell (`editors;authors`).
fn groups<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Group>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Item {
        Pk(i64),
        Natural(Vec<String>),
        Name(String),
    }
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Groups {
        List(Vec<Item>),
        Cell(String),
        One(i64),
    }
    Ok(match Groups::deserialize(deserializer)? {
        Groups::One(number) => vec![Group::Name(number.to_string())],
        Groups::Cell(text) => {
            let names = text.split(';').map(str::trim).filter(|name| !name.is_empty());
            names.map(|name| Group::Name(name.to_owned())).collect()
        }
        Groups::List(items) => items
            .into_iter()
            .map(|item| match item {
                Item::Pk(pk) => Group::Pk(pk),
                Item::Natural(key) => Group::Name(key.join(" ")),
                Item::Name(name) => Group::Name(name),
            })
            .collect(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const HASH: &str = "pbkdf2_sha256$1$salt$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

    fn account(row: Value, mappings: &[&str]) -> Result<ImportedAccount, String> {
        let row = serde_json::from_value(row).map_err(|error| error.to_string())?;
        let mappings: Vec<Mapping> = mappings.iter().map(|text| text.parse().unwrap()).collect();
        Mappings::new(&mappings).account(row, &BTreeMap::from([(7, "Content Editors".to_owned())]))
    }

    #[test]
    fn groups_and_flags_become_roles() {
        let row = json!({ "username": "kim", "password": HASH, "is_staff": true, "groups": [7, ["authors"]] });
        let account = account(row, &[]).unwrap();
        assert_eq!(account.roles, ["staff", "Content-Editors", "authors"]);
    }

    #[test]
    fn a_mapping_says_otherwise() {
        let row =
            json!({ "username": "kim", "password": HASH, "is_superuser": true, "is_staff": false, "groups": [7] });
        let account = account(
            row,
            &["is_superuser=attribute:root", "is_staff=attribute:staff", "group:Content Editors=role:editor"],
        )
        .unwrap();
        assert_eq!(account.roles, ["editor"]);
        assert_eq!(account.attributes, BTreeMap::from([("root".into(), json!(true)), ("staff".into(), json!(false))]));
    }

    #[test]
    fn a_username_that_is_an_email_address_is_one() {
        let row = |email: &str| json!({ "username": "kim@example.com", "password": HASH, "email": email });
        let taken = account(row(""), &[]).unwrap();
        assert_eq!((taken.username, taken.email.as_deref()), (None, Some("kim@example.com")));
        assert!(account(row("other@example.com"), &[]).is_err());
    }

    #[test]
    fn what_can_not_be_taken_says_why() {
        let row = |password: &str| json!({ "username": "kim", "password": password });
        assert!(account(row("!unusable"), &[]).unwrap_err().contains("unusable"));
        assert!(account(row("md5$a$b"), &[]).unwrap_err().contains("unknown scheme"));
        assert!(account(json!({ "username": "kim", "password": HASH, "groups": [8] }), &[]).is_err());
        assert!("is_staff=nonsense".parse::<Mapping>().is_err());
        assert!("shoe_size=role:big".parse::<Mapping>().is_err());
    }
}
