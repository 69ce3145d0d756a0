//! Exports of Django's users: each row is taken or reported, and none is lost.

use tokenry::cli::rows_of_export;

pub fn run(data: &[u8]) {
    for extension in ["json", "csv"] {
        if let Ok((taken, refused)) = rows_of_export(data, extension) {
            assert!(taken + refused <= data.len());
        }
    }
}
