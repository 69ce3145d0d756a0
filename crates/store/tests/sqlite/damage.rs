use rusqlite::Connection;
use tokenry_domain::store::{Store, StoreError, Write};

use crate::sample::{commit, session, session_id, user, user_id};
use crate::{open, place};

/// The error names the column. What stands there may be anything, so it is not repeated.
#[tokio::test(flavor = "multi_thread")]
async fn a_value_that_cant_be_is_named_by_its_column_only() {
    let (_directory, path) = place();
    let store = open(&path);
    commit(&store, [Write::InsertUser(user(1)), Write::InsertSession(session(1, 2))]).await;
    let connection = Connection::open(&path).unwrap();
    for (table, column, value) in [
        ("users", "roles", "{\"hunter2\":1}"),
        ("users", "attributes", "[\"hunter2\"]"),
        ("users", "status", "hunter2"),
        ("users", "password", "$hunter2"),
        ("sessions", "address", "hunter2"),
    ] {
        let name = format!("{table}.{column}");
        let whole: String =
            connection.query_row(&format!("SELECT {column} FROM {table}"), [], |row| row.get(0)).unwrap();
        let set = format!("UPDATE {table} SET {column} = ?1");
        connection.execute(&set, [value]).unwrap();
        let error = match table {
            "users" => store.user(user_id(1)).await.unwrap_err(),
            _ => store.session(session_id(1)).await.unwrap_err(),
        };
        assert!(matches!(&error, StoreError::Corrupt(place) if *place == name), "{error}");
        connection.execute(&set, [whole]).unwrap();
    }
    store.user(user_id(1)).await.unwrap().unwrap();
    store.session(session_id(1)).await.unwrap().unwrap();
}
