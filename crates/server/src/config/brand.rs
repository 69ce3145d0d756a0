use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// `[brand]`: what the pages look like.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Brand {
    /// What the pages call the product.
    pub name: BrandName,
    /// The colour of buttons and links.
    pub colour: Colour,
    /// A picture file shown beside the name: PNG, JPEG, WebP or SVG.
    pub logo: Option<PathBuf>,
}

/// A name of 1 to 40 characters in one line; `Tokenry` by default.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrandName(String);

/// A colour, written `#rrggbb`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Colour(pub [u8; 3]);

impl BrandName {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for BrandName {
    fn default() -> Self {
        Self("Tokenry".to_owned())
    }
}

impl Default for Colour {
    fn default() -> Self {
        Self([0x2b, 0x55, 0xc9])
    }
}

impl FromStr for BrandName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let name = text.trim();
        match (1..=MOST_CHARACTERS).contains(&name.chars().count()) && !name.chars().any(char::is_control) {
            true => Ok(Self(name.to_owned())),
            false => Err(format!("brand.name: takes 1 to {MOST_CHARACTERS} characters in one line")),
        }
    }
}

impl FromStr for Colour {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6);
        let digits = digits.filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
        let number = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        let [_, red, green, blue] =
            number.ok_or_else(|| format!("brand.colour: takes #rrggbb, not {text:?}"))?.to_be_bytes();
        Ok(Self([red, green, blue]))
    }
}

impl fmt::Display for BrandName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [red, green, blue] = self.0;
        write!(f, "#{red:02x}{green:02x}{blue:02x}")
    }
}

macro_rules! text {
    ($type:ident) => {
        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
            }
        }

        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
    };
}

text!(BrandName);
text!(Colour);

const MOST_CHARACTERS: usize = 40;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_colour_has_six_digits() {
        for text in ["#000000", "#ffe812"] {
            assert_eq!(text.parse::<Colour>().unwrap().to_string(), text);
        }
        assert_eq!("#FFE812".parse::<Colour>().unwrap(), Colour([0xff, 0xe8, 0x12]));
        for bad in ["", "#", "ffe812", "#fff", "#ffe81", "#ffe8122", "#gggggg", "#+fe812", "red", "#ééé", "#00000;"]
        {
            bad.parse::<Colour>().unwrap_err();
        }
    }

    #[test]
    fn a_name_is_one_short_line() {
        assert_eq!(" 우리 회사 ".parse::<BrandName>().unwrap().as_str(), "우리 회사");
        for bad in ["", "  ", "a\nb", "a\u{0}", &"a".repeat(41)] {
            bad.parse::<BrandName>().unwrap_err();
        }
    }
}
