//! Names and identifiers: what is accepted is accepted again as it is shown, and stands for the same.

use tokenry_domain::id::{SessionId, UserId};
use tokenry_domain::name::{Email, Identifier, Username};

pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(name) = Username::parse(text) {
        assert_eq!(Username::parse(name.display()).unwrap().key(), name.key());
        assert_eq!(Username::parse(name.key()).unwrap().key(), name.key());
    }
    if let Ok(email) = Email::parse(text) {
        assert_eq!(Email::parse(email.display()).unwrap().key(), email.key());
        assert_eq!(Email::parse(email.key()).unwrap().key(), email.key());
    }
    if let Ok(identifier) = Identifier::parse(text) {
        assert_eq!(Identifier::parse(identifier.key()).unwrap().key(), identifier.key());
    }
    assert!(text.parse::<UserId>().is_ok_and(|id| id.to_string() == text) || text.parse::<UserId>().is_err());
    assert!(text.parse::<SessionId>().is_ok_and(|id| id.to_string() == text) || text.parse::<SessionId>().is_err());
}
