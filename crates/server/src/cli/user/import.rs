use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};
use tokenry_domain::authority::ImportedAccount;
use tokenry_domain::name::Identifier;
use tokio::task::JoinSet;

use super::django::{Mapping, Mappings, Row};
use crate::App;
use crate::cli::{Failure, print, report};

/// A row of the file, and what names it in reports.
struct Source {
    at: String,
    row: Result<Row, String>,
}

/// A row that was not taken.
struct Rejected {
    at: String,
    reason: String,
}

/// Imports a file. Rows that can't be taken are reported, and all others are.
pub(super) async fn run(app: &Arc<App>, file: &Path, mappings: &[Mapping], json: bool) -> Result<(), Failure> {
    let (rows, groups) = read(file)?;
    let total = rows.len();
    let mappings = Mappings::new(mappings);
    let mut rejected = Vec::new();
    let mut accounts = Vec::new();
    let mut seen = HashMap::new();
    for Source { at, row } in rows {
        let account = row.and_then(|row| mappings.account(row, &groups));
        match account.and_then(|account| first_of_its_name(&account, &at, &mut seen).map(|()| account)) {
            Ok(account) => accounts.push((at, account)),
            Err(reason) => rejected.push(Rejected { at, reason }),
        }
    }
    let mut done = rejected.len();
    let mut accounts = accounts.into_iter();
    let mut running = JoinSet::new();
    loop {
        // As many at once as one commit takes: the store writes them as a group.
        while running.len() < AT_ONCE
            && let Some((at, account)) = accounts.next()
        {
            let app = Arc::clone(app);
            running.spawn(async move { app.authority.import_user(account).await.map_err(|error| (at, error)) });
        }
        let Some(result) = running.join_next().await else { break };
        if let Err((at, error)) = result.map_err(|error| Failure::new("internal", error))? {
            rejected.push(Rejected { at, reason: Failure::from(error).detail });
        }
        done += 1;
        if done % PROGRESS == 0 {
            report(&format!("{done} of {total}"));
        }
    }
    summarise(total, rejected, json)
}

fn summarise(total: usize, rejected: Vec<Rejected>, json: bool) -> Result<(), Failure> {
    let imported = total - rejected.len();
    for Rejected { at, reason } in &rejected {
        report(&format!("{at}: {}", reason.escape_debug()));
    }
    if json {
        let rows = rejected.iter().map(|row| json!({ "at": row.at, "reason": row.reason }));
        let rows: Vec<Value> = rows.collect();
        print(&format!("{}\n", json!({ "imported": imported, "rejected": rows })));
    } else {
        print(&format!("{imported} imported, {} not taken\n", rejected.len()));
    }
    match rejected.len() {
        0 => Ok(()),
        number => Err(Failure::new("import_incomplete", format!("{number} of {total} rows were not taken"))),
    }
}

/// The first of several rows with one name is taken, whatever order the store sees them in.
fn first_of_its_name(account: &ImportedAccount, at: &str, seen: &mut HashMap<String, String>) -> Result<(), String> {
    let names = [("username", &account.username), ("email", &account.email)];
    let mut keys = Vec::new();
    for (member, name) in names {
        let Some(name) = name else { continue };
        let key = Identifier::parse(name).map_err(|error| format!("{member} {error}"))?.key().to_owned();
        if let Some(first) = seen.get(&key) {
            return Err(format!("the {member} is that of {first}"));
        }
        keys.push(key);
    }
    seen.extend(keys.into_iter().map(|key| (key, at.to_owned())));
    Ok(())
}

type Rows = (Vec<Source>, BTreeMap<i64, String>);

fn read(file: &Path) -> Result<Rows, Failure> {
    let bad = |error: &dyn std::fmt::Display| Failure::new("invalid_request", format!("{}: {error}", file.display()));
    let text = std::fs::read(file).map_err(|error| bad(&error))?;
    let extension = file.extension().and_then(|extension| extension.to_str());
    parse(&text, extension.unwrap_or_default()).map_err(|error| bad(&error))
}

fn parse(text: &[u8], extension: &str) -> Result<Rows, String> {
    match extension {
        "json" => serde_json::from_slice(text).map(from_dump).map_err(|error| error.to_string()),
        "csv" => from_csv(text).map_err(|error| error.to_string()),
        _ => Err("the name must end in .json or .csv".to_owned()),
    }
}

/// How many rows of an export can be taken and how many can't: what a fuzzer looks at.
pub(in crate::cli) fn count_rows(text: &[u8], extension: &str) -> Result<(usize, usize), String> {
    let (rows, groups) = parse(text, extension)?;
    let mappings = Mappings::new(&[]);
    let total = rows.len();
    let taken = rows.into_iter().filter_map(|source| mappings.account(source.row.ok()?, &groups).ok()).count();
    Ok((taken, total - taken))
}

/// `manage.py dumpdata auth.user auth.group`
fn from_dump(entries: Vec<Value>) -> Rows {
    #[derive(Deserialize)]
    struct Entry {
        model: String,
        pk: Value,
        fields: Value,
    }
    let mut rows = Vec::new();
    let mut groups = BTreeMap::new();
    for (index, entry) in entries.into_iter().enumerate() {
        match serde_json::from_value::<Entry>(entry) {
            Ok(Entry { model, pk, fields }) if model == "auth.group" => {
                let name = fields.get("name").and_then(Value::as_str);
                groups.extend(pk.as_i64().zip(name.map(str::to_owned)));
            }
            Ok(Entry { model, pk, fields }) => {
                let at = format!("index {index} (pk {pk})");
                let row = match model.ends_with(".user") {
                    true => serde_json::from_value(fields).map_err(|error| error.to_string()),
                    false => Err(format!("is of model {model}, not a user")),
                };
                rows.push(Source { at, row });
            }
            Err(error) => rows.push(Source { at: format!("index {index}"), row: Err(error.to_string()) }),
        }
    }
    (rows, groups)
}

fn from_csv(text: &[u8]) -> Result<Rows, csv::Error> {
    let mut reader = csv::Reader::from_reader(text);
    let head = reader.headers()?.clone();
    let mut rows = Vec::new();
    let mut record = csv::StringRecord::new();
    loop {
        let at = format!("line {}", line(text, reader.position()));
        let row = match reader.read_record(&mut record) {
            Ok(false) => break,
            Ok(true) => record.deserialize(Some(&head)),
            Err(error) => Err(error),
        };
        rows.push(Source { at, row: row.map_err(|error| error.to_string()) });
    }
    Ok((rows, BTreeMap::new()))
}

/// The line on which the next record begins: behind the rest of the last line's end, and behind empty lines.
fn line(text: &[u8], position: &csv::Position) -> u64 {
    let rest = usize::try_from(position.byte()).ok().and_then(|start| text.get(start..)).unwrap_or_default();
    let ends = rest.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).filter(|byte| **byte == b'\n');
    position.line() + ends.count() as u64
}

const AT_ONCE: usize = 256;
const PROGRESS: usize = 1000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_counted_whatever_ends_them() {
        for end in ["\n", "\r\n"] {
            let text = ["username,password", "a,x", "", "\"b\nb\",x", "c", "d,x", ""].join(end);
            let (rows, _) = from_csv(text.as_bytes()).unwrap();
            let lines: Vec<(&str, bool)> = rows.iter().map(|row| (row.at.as_str(), row.row.is_ok())).collect();
            assert_eq!(lines, [("line 2", true), ("line 4", true), ("line 6", false), ("line 7", true)]);
        }
    }
}
