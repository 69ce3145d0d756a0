//! Strict JSON (RFC 8259) for texts that must have one reading only.
//!
//! Beyond the grammar: an object at the top, no duplicate members at any depth, no lone surrogates, bounded depth, no
//! number past what a float holds. One pass, no tree: the caller is shown the top-level members as slices of the text.

use std::borrow::Cow;

use smallvec::SmallVec;

/// What is wrong with a text.
pub(crate) type Fault = &'static str;

/// A value as it stands in the text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Value<'a> {
    pub(crate) kind: Kind,
    /// The whole value; a string with its quotes.
    pub(crate) raw: &'a str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `escaped`: a backslash occurs in it.
    String {
        escaped: bool,
    },
    Number,
    Object,
    Array,
    Literal,
}

impl<'a> Value<'a> {
    /// A string's meaning; `None` for any other kind.
    pub(crate) fn text(self) -> Option<Cow<'a, str>> {
        let Kind::String { escaped } = self.kind else {
            return None;
        };
        unescape(self.raw, escaped)
    }

    /// An array's elements; `None` for any other kind.
    pub(crate) fn elements(self) -> Option<Vec<Value<'a>>> {
        let mut elements = Vec::new();
        if self.kind != Kind::Array {
            return None;
        }
        Scanner::new(self.raw).array(1, &mut |value| elements.push(value)).ok()?;
        Some(elements)
    }
}

/// Checks all of `text` and shows `member` each member of its top-level object, in order.
pub(crate) fn scan<'a>(text: &'a str, mut member: impl FnMut(&str, Value<'a>)) -> Result<(), Fault> {
    let mut scanner = Scanner::new(text);
    scanner.space();
    if scanner.peek() != Some(b'{') {
        return Err("not a JSON object");
    }
    scanner.object(1, &mut member)?;
    scanner.space();
    if scanner.at != text.len() {
        return Err("text after the JSON object");
    }
    Ok(())
}

/// The member of that name in the top-level object of a text that [`scan`] accepted.
pub(crate) fn member<'a>(text: &'a str, name: &str) -> Option<Value<'a>> {
    let mut found = None;
    scan(text, |n, value| {
        if n == name {
            found = Some(value);
        }
    })
    .ok()?;
    found
}

struct Scanner<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    /// The names of the objects that are open, innermost last.
    names: SmallVec<[Name; 16]>,
}

/// A member's name: where its quoted text stands.
#[derive(Clone, Copy)]
struct Name {
    /// Equal names have equal prints; see [`print`].
    print: u64,
    start: u32,
    end: u32,
}

impl<'a> Scanner<'a> {
    fn new(text: &'a str) -> Self {
        Self { text, bytes: text.as_bytes(), at: 0, names: SmallVec::new() }
    }

    fn object(&mut self, depth: usize, member: &mut dyn FnMut(&str, Value<'a>)) -> Result<(), Fault> {
        let outer = self.names.len();
        self.expect(b'{')?;
        self.space();
        if self.take(b'}') {
            return Ok(());
        }
        loop {
            self.space();
            let start = self.at;
            let escaped = self.string()?;
            let end = self.at;
            let name = unescape(self.slice(start), escaped).ok_or("JSON string")?;
            self.space();
            self.expect(b':')?;
            let value = self.value(depth)?;
            member(&name, value);
            let print = match &name {
                Cow::Borrowed(name) => print(self.bytes.get(start + 1..).unwrap_or_default(), name.len()),
                Cow::Owned(name) => print(name.as_bytes(), name.len()),
            };
            self.names.push(Name { print, start: index(start)?, end: index(end)? });
            self.space();
            if self.take(b'}') {
                break;
            }
            self.expect(b',')?;
        }
        let repeated = self.has_duplicates(outer);
        self.names.truncate(outer);
        if repeated { Err("duplicate member") } else { Ok(()) }
    }

    /// Whether two of the names from `outer` on are the same.
    fn has_duplicates(&mut self, outer: usize) -> bool {
        let text = self.text;
        let names = self.names.get_mut(outer..).unwrap_or_default();
        if names.len() <= 16 {
            let same = |i: usize, name: &Name| names.iter().skip(i + 1).any(|other| name.is(other, text));
            return names.iter().enumerate().any(|(i, name)| same(i, name));
        }
        names.sort_unstable_by(|a, b| a.print.cmp(&b.print).then_with(|| a.text(text).cmp(&b.text(text))));
        names.windows(2).any(|pair| pair[0].is(&pair[1], text))
    }

    fn array(&mut self, depth: usize, element: &mut dyn FnMut(Value<'a>)) -> Result<(), Fault> {
        self.expect(b'[')?;
        self.space();
        if self.take(b']') {
            return Ok(());
        }
        loop {
            element(self.value(depth)?);
            self.space();
            if self.take(b']') {
                return Ok(());
            }
            self.expect(b',')?;
        }
    }

    /// A value inside a container at `depth`, with the space before it.
    fn value(&mut self, depth: usize) -> Result<Value<'a>, Fault> {
        self.space();
        let start = self.at;
        let kind = match self.peek() {
            Some(b'"') => Kind::String { escaped: self.string()? },
            Some(b'-' | b'0'..=b'9') => {
                self.number()?;
                Kind::Number
            }
            Some(b'{' | b'[') if depth >= MAX_DEPTH => return Err("JSON nested too deeply"),
            Some(b'{') => {
                self.object(depth + 1, &mut |_, _| ())?;
                Kind::Object
            }
            Some(b'[') => {
                self.array(depth + 1, &mut |_| ())?;
                Kind::Array
            }
            Some(b't') => self.literal("true")?,
            Some(b'f') => self.literal("false")?,
            Some(b'n') => self.literal("null")?,
            _ => return Err("JSON value"),
        };
        Ok(Value { kind, raw: self.slice(start) })
    }

    /// Passes over a string; whether it has an escape.
    fn string(&mut self) -> Result<bool, Fault> {
        self.expect(b'"')?;
        let mut escaped = false;
        loop {
            let rest = self.bytes.get(self.at..).unwrap_or_default();
            let plain = plain_length(rest);
            self.at += plain + 1;
            match rest.get(plain) {
                Some(b'"') => return Ok(escaped),
                Some(b'\\') => {
                    escaped = true;
                    self.escape()?;
                }
                Some(_) => return Err("control character in a JSON string"),
                None => return Err("JSON string"),
            }
        }
    }

    /// What follows a backslash.
    fn escape(&mut self) -> Result<(), Fault> {
        let letter = self.peek().ok_or("JSON escape")?;
        self.at += 1;
        match letter {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Ok(()),
            b'u' => match self.hex4()? {
                0xdc00..=0xdfff => Err("lone surrogate"),
                0xd800..=0xdbff => {
                    if !(self.take(b'\\') && self.take(b'u')) {
                        return Err("lone surrogate");
                    }
                    match self.hex4()? {
                        0xdc00..=0xdfff => Ok(()),
                        _ => Err("lone surrogate"),
                    }
                }
                _ => Ok(()),
            },
            _ => Err("JSON escape"),
        }
    }

    fn hex4(&mut self) -> Result<u16, Fault> {
        let digits = self.bytes.get(self.at..self.at + 4).ok_or("JSON escape")?;
        self.at += 4;
        digits.iter().try_fold(0, |unit, &digit| {
            let value = char::from(digit).to_digit(16).ok_or("JSON escape")?;
            Ok(unit << 4 | value as u16)
        })
    }

    fn number(&mut self) -> Result<(), Fault> {
        let start = self.at;
        self.take(b'-');
        if !self.take(b'0') {
            self.digits()?;
        }
        if self.take(b'.') {
            self.digits()?;
        }
        let exponent = self.take(b'e') || self.take(b'E');
        if exponent {
            if !self.take(b'+') {
                self.take(b'-');
            }
            self.digits()?;
        }
        // Up to 300 digits a float can't overflow.
        if exponent || self.at - start > 300 {
            let finite = self.slice(start).parse().is_ok_and(f64::is_finite);
            return if finite { Ok(()) } else { Err("JSON number out of range") };
        }
        Ok(())
    }

    fn digits(&mut self) -> Result<(), Fault> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let count = rest.iter().position(|b| !b.is_ascii_digit()).unwrap_or(rest.len());
        self.at += count;
        if count == 0 { Err("JSON number") } else { Ok(()) }
    }

    fn literal(&mut self, word: &str) -> Result<Kind, Fault> {
        if !self.bytes.get(self.at..).unwrap_or_default().starts_with(word.as_bytes()) {
            return Err("JSON value");
        }
        self.at += word.len();
        Ok(Kind::Literal)
    }

    fn space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> bool {
        let taken = self.peek() == Some(byte);
        self.at += usize::from(taken);
        taken
    }

    fn expect(&mut self, byte: u8) -> Result<(), Fault> {
        if self.take(byte) { Ok(()) } else { Err("JSON syntax") }
    }

    /// From `start` to here: both are on character boundaries, beside ASCII.
    fn slice(&self, start: usize) -> &'a str {
        self.text.get(start..self.at).unwrap_or_default()
    }
}

/// How many bytes stand before the first quote, backslash or control character; eight at a time.
fn plain_length(bytes: &[u8]) -> usize {
    const ONES: u64 = u64::from_le_bytes([0x01; 8]);
    const HIGH: u64 = u64::from_le_bytes([0x80; 8]);
    // The lowest byte that is flagged is below `limit`; a borrow can flag only bytes after it.
    let below = |word: u64, limit: u8| word.wrapping_sub(ONES * u64::from(limit)) & !word & HIGH;
    let mut at = 0;
    while let Some(chunk) = bytes.get(at..).and_then(|rest| rest.first_chunk()) {
        let word = u64::from_le_bytes(*chunk);
        let quote = below(word ^ (ONES * u64::from(b'"')), 1);
        let backslash = below(word ^ (ONES * u64::from(b'\\')), 1);
        let flagged = quote | backslash | below(word, b' ');
        if flagged != 0 {
            return at + flagged.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    let rest = bytes.get(at..).unwrap_or_default();
    at + rest.iter().take_while(|&&b| b >= b' ' && b != b'"' && b != b'\\').count()
}

impl Name {
    /// Whether both mean the same. An odd print tells that a name is longer than what it holds.
    #[inline]
    fn is(&self, other: &Self, json: &str) -> bool {
        self.print == other.print && (self.print & 1 == 0 || self.text(json) == other.text(json))
    }

    /// What it means. Names that need this are rare: those that begin alike.
    #[cold]
    fn text(self, json: &str) -> Option<Cow<'_, str>> {
        let quoted = json.get(self.start as usize..self.end as usize)?;
        unescape(quoted, quoted.contains('\\'))
    }
}

/// The first seven bytes of the name of `length` bytes that `bytes` starts with, above a byte that tells its length:
/// twice that, or one more for a name that is longer.
fn print(bytes: &[u8], length: usize) -> u64 {
    let word = match bytes.first_chunk() {
        Some(chunk) => u64::from_le_bytes(*chunk),
        None => bytes.iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte)),
    };
    let held = length.min(7);
    let first = word & ((1 << (8 * held)) - 1);
    first << 8 | (2 * held + usize::from(length > 7)) as u64
}

fn index(at: usize) -> Result<u32, Fault> {
    u32::try_from(at).map_err(|_| "JSON text too long")
}

/// The meaning of a string that was scanned, quotes included.
fn unescape(quoted: &str, escaped: bool) -> Option<Cow<'_, str>> {
    if escaped {
        return serde_json::from_str(quoted).ok().map(Cow::Owned);
    }
    quoted.get(1..quoted.len().checked_sub(1)?).map(Cow::Borrowed)
}

/// Containers within containers, the outermost counted.
pub(crate) const MAX_DEPTH: usize = 16;

#[cfg(test)]
mod tests;
