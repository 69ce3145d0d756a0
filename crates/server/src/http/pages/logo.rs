use std::fs::File;
use std::io::Read;
use std::path::Path;

/// A picture file that was looked at.
pub(super) struct Logo {
    pub(super) name: &'static str,
    pub(super) bytes: Vec<u8>,
}

impl Logo {
    /// Reads a picture.
    ///
    /// # Errors
    ///
    /// What is wrong with the file: it can't be read, is too big, or is no picture of a kind that browsers show.
    pub(super) fn read(file: &Path) -> Result<Self, String> {
        let named = |detail: &str| format!("brand.logo: {}: {detail}", file.display());
        let mut bytes = Vec::new();
        let open = File::open(file).map_err(|error| named(&error.to_string()))?;
        open.take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(|error| named(&error.to_string()))?;
        if bytes.len() as u64 > MOST_BYTES {
            return Err(named(&format!("is bigger than {} KiB", MOST_BYTES / 1024)));
        }
        let name = kind(&bytes).ok_or_else(|| named("is neither PNG, JPEG, WebP nor plain SVG"))?;
        Ok(Self { name, bytes })
    }
}

/// What the file is by its content, as the name that it is served under.
fn kind(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some("logo.png"),
        [0xff, 0xd8, 0xff, ..] => Some("logo.jpg"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some("logo.webp"),
        _ => std::str::from_utf8(bytes).is_ok_and(is_svg).then_some("logo.svg"),
    }
}

/// A picture alone: no document type, whose entities could grow, and no script, although none would run.
fn is_svg(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let start = lower.trim_start_matches('\u{feff}').trim_start();
    let start = match start.starts_with("<?xml") {
        true => start.split_once("?>").map_or("", |(_, rest)| rest.trim_start()),
        false => start,
    };
    let after_name = start.strip_prefix("<svg").and_then(|rest| rest.chars().next());
    after_name.is_some_and(|next| next.is_whitespace() || next == '>')
        && !REFUSED.iter().any(|part| lower.contains(part))
}

const MOST_BYTES: u64 = 128 * 1024;
const REFUSED: [&str; 4] = ["<!doctype", "<!entity", "<script", "<foreignobject"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_content_tells_the_kind() {
        for (bytes, name) in [
            (&b"\x89PNG\r\n\x1a\nrest"[..], Some("logo.png")),
            (b"\xff\xd8\xff\xe0", Some("logo.jpg")),
            (b"RIFF\x10\0\0\0WEBPVP8 ", Some("logo.webp")),
            (b"<svg xmlns='http://www.w3.org/2000/svg'/>", Some("logo.svg")),
            (b"\n<?xml version='1.0'?>\n<svg>", Some("logo.svg")),
            (b"", None),
            (b"<svgx>", None),
            (b"<html><svg>", None),
            (b"GIF89a", None),
            (b"RIFF\x10\0\0\0WAVE", None),
            (b"<svg><script>alert(1)</script></svg>", None),
            (b"<svg><SCRIPT/></svg>", None),
            (b"<!DOCTYPE svg [<!ENTITY a 'b'>]><svg/>", None),
            (b"<?xml version='1.0'", None),
            (b"<svg \xff", None),
        ] {
            assert_eq!(kind(bytes), name, "{}", String::from_utf8_lossy(bytes));
        }
    }

    #[test]
    fn a_file_that_is_too_big_or_not_there_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("logo.png");
        assert!(Logo::read(&file).err().unwrap().starts_with("brand.logo: "));
        assert!(Logo::read(folder.path()).is_err());
        let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
        bytes.resize(MOST_BYTES as usize, 0);
        std::fs::write(&file, &bytes).unwrap();
        assert!(Logo::read(&file).is_ok());
        bytes.push(0);
        std::fs::write(&file, &bytes).unwrap();
        assert!(Logo::read(&file).err().unwrap().ends_with("is bigger than 128 KiB"));
    }
}
