//! Values on their way into a statement, each with the type that the server is told: it is never asked for one, so
//! that a statement takes one round trip and none has to be prepared.

use tokenry_domain::id::{IdentityId, MailId, SessionId, TokenId, UserId};
use tokenry_domain::time::Timestamp;
use tokio_postgres::types::{ToSql, Type};
use uuid::Uuid;

/// A statement's parameter.
#[derive(Debug)]
pub(super) enum Value {
    Bool(bool),
    Int(Option<i64>),
    Uuid(Option<Uuid>),
    Text(Option<String>),
    Bytes(Option<Vec<u8>>),
    Texts(Option<Vec<&'static str>>),
    Bools(Vec<bool>),
    Ints(Vec<Option<i64>>),
    Uuids(Vec<Uuid>),
    OptionalTexts(Vec<Option<String>>),
    BytesList(Vec<Option<Vec<u8>>>),
}

impl Value {
    pub(super) fn typed(&self) -> (&(dyn ToSql + Sync), Type) {
        match self {
            Self::Bool(value) => (value, Type::BOOL),
            Self::Int(value) => (value, Type::INT8),
            Self::Uuid(value) => (value, Type::UUID),
            Self::Text(value) => (value, Type::TEXT),
            Self::Bytes(value) => (value, Type::BYTEA),
            Self::Texts(value) => (value, Type::TEXT_ARRAY),
            Self::Bools(values) => (values, Type::BOOL_ARRAY),
            Self::Ints(values) => (values, Type::INT8_ARRAY),
            Self::Uuids(values) => (values, Type::UUID_ARRAY),
            Self::OptionalTexts(values) => (values, Type::TEXT_ARRAY),
            Self::BytesList(values) => (values, Type::BYTEA_ARRAY),
        }
    }
}

macro_rules! from {
    ($($type:ty: $value:ident => $made:expr;)+) => {
        $(impl From<$type> for Value {
            fn from($value: $type) -> Self {
                $made
            }
        })+
    };
}

from! {
    bool: value => Self::Bool(value);
    i64: value => Self::Int(Some(value));
    u32: value => Self::Int(Some(value.into()));
    Option<i64>: value => Self::Int(value);
    Option<u32>: value => Self::Int(value.map(i64::from));
    Timestamp: value => Self::Int(Some(value.millis()));
    Option<Timestamp>: value => Self::Int(value.map(Timestamp::millis));
    UserId: value => Self::Uuid(Some(Uuid::from_bytes(*value.as_bytes())));
    TokenId: value => Self::Uuid(Some(Uuid::from_bytes(*value.as_bytes())));
    IdentityId: value => Self::Uuid(Some(Uuid::from_bytes(*value.as_bytes())));
    MailId: value => Self::Uuid(Some(Uuid::from_bytes(*value.as_bytes())));
    SessionId: value => Self::Uuid(Some(Uuid::from_bytes(*value.as_bytes())));
    Option<IdentityId>: value => Self::Uuid(value.map(|id| Uuid::from_bytes(*id.as_bytes())));
    Option<UserId>: value => Self::Uuid(value.map(|id| Uuid::from_bytes(*id.as_bytes())));
    Option<SessionId>: value => Self::Uuid(value.map(|id| Uuid::from_bytes(*id.as_bytes())));
    &str: value => Self::Text(Some(value.to_owned()));
    String: value => Self::Text(Some(value));
    Option<&str>: value => Self::Text(value.map(str::to_owned));
    Option<String>: value => Self::Text(value);
    &[u8]: value => Self::Bytes(Some(value.to_vec()));
    Option<&[u8]>: value => Self::Bytes(value.map(<[u8]>::to_vec));
    Option<Vec<&'static str>>: value => Self::Texts(value);
}

/// A list of [`Value`]s.
macro_rules! values {
    ($($value:expr),* $(,)?) => {
        vec![$($crate::postgres::value::Value::from($value)),*]
    };
}
pub(super) use values;
