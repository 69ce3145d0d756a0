use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::Secret;

/// Which database: `sqlite`, or a `postgres://` URL, which is never printed.
#[derive(Clone, Debug, Default)]
pub enum Database {
    /// A SQLite file in the data directory.
    #[default]
    Sqlite,
    /// A PostgreSQL database, shared by any number of processes.
    Postgres(Secret),
}

impl Database {
    /// Whether other machines may use it too.
    pub fn is_shared(&self) -> bool {
        matches!(self, Self::Postgres(_))
    }
}

impl<'de> Deserialize<'de> for Database {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match text.split_once("://") {
            None if text == "sqlite" => Ok(Self::Sqlite),
            Some(("postgres" | "postgresql", _)) => Ok(Self::Postgres(Secret::from(text))),
            // Not quoted: a URL that was written wrong may hold a password all the same.
            _ => Err(de::Error::custom("database: takes sqlite or a postgres:// URL")),
        }
    }
}

impl Serialize for Database {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(match self {
            Self::Sqlite => "sqlite",
            Self::Postgres(_) => "postgres://(set)",
        })
    }
}
