//! Strict JSON (RFC 8259) for texts that must have one reading only.
//!
//! Beyond the grammar: an object at the top, no duplicate members at any depth, no lone surrogates, bounded depth, no
//! number past what a float holds. One pass, no tree: the caller is shown the top-level members as slices of the text.

use std::borrow::Cow;

use smallvec::SmallVec;

/// What is wrong with a text.
pub(crate) type Fault = &'static str;

/// A member's name as it stands in the text.
#[derive(Clone, Copy)]
pub(crate) struct Name<'a> {
    /// Equal names have equal prints, and unequal ones other prints, unless both have more than seven bytes: see
    /// [`print`].
    pub(crate) print: u64,
    text: &'a str,
    /// With its quotes.
    start: u32,
    end: u32,
}

/// A value as it stands in the text.
#[derive(Clone, Copy)]
pub(crate) struct Value<'a> {
    pub(crate) kind: Kind,
    text: &'a str,
    pub(crate) start: u32,
    pub(crate) end: u32,
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

impl<'a> Name<'a> {
    /// What it means.
    pub(crate) fn text(&self) -> Option<Cow<'a, str>> {
        let quoted = self.text.get(self.start as usize..self.end as usize)?;
        unescape(quoted, quoted.contains('\\'))
    }

    pub(crate) fn is(&self, name: &str) -> bool {
        self.print == print_of(name) && (self.print & 1 == 0 || self.text().is_some_and(|text| text == name))
    }

    /// Whether both mean the same.
    #[inline]
    fn repeats(&self, other: &Self) -> bool {
        self.print == other.print && (self.print & 1 == 0 || self.reads_as(other))
    }

    #[cold]
    fn reads_as(&self, other: &Self) -> bool {
        self.text() == other.text()
    }
}

impl<'a> Value<'a> {
    /// The whole value; a string with its quotes.
    pub(crate) fn raw(&self) -> &'a str {
        self.text.get(self.start as usize..self.end as usize).unwrap_or_default()
    }

    /// A string's meaning; `None` for any other kind.
    pub(crate) fn text(self) -> Option<Cow<'a, str>> {
        let Kind::String { escaped } = self.kind else {
            return None;
        };
        unescape(self.raw(), escaped)
    }

    /// An array's elements; `None` for any other kind.
    pub(crate) fn elements(self) -> Option<Vec<Value<'a>>> {
        let mut elements = Vec::new();
        if self.kind != Kind::Array {
            return None;
        }
        Scanner::new(self.text).array(self.start, 1, |value| elements.push(value)).ok()?;
        Some(elements)
    }
}

/// Checks all of `text` and shows `member` each member of its top-level object, in order.
pub(crate) fn scan<'a>(text: &'a str, member: impl FnMut(Name<'a>, Value<'a>)) -> Result<(), Fault> {
    // Places, and sums of them, stay within 32 bits.
    if text.len() > i32::MAX as usize {
        return Err("JSON text too long");
    }
    let mut scanner = Scanner::new(text);
    let (start, first) = scanner.next(0);
    if first != Some(b'{') {
        return Err("not a JSON object");
    }
    let end = scanner.object(start, 1, member)?;
    match scanner.next(end) {
        (_, None) => Ok(()),
        (_, Some(_)) => Err("text after the JSON object"),
    }
}

/// The member of that name in the top-level object of a text that [`scan`] accepted.
pub(crate) fn member<'a>(text: &'a str, name: &str) -> Option<Value<'a>> {
    let mut found = None;
    scan(text, |member, value| {
        if member.is(name) {
            found = Some(value);
        }
    })
    .ok()?;
    found
}

/// Its methods are told where to begin and return where what they passed over ends.
struct Scanner<'a> {
    text: &'a str,
    /// The names of the objects that are open, innermost last.
    names: SmallVec<[Name<'a>; 16]>,
}

impl<'a> Scanner<'a> {
    fn new(text: &'a str) -> Self {
        Self { text, names: SmallVec::new() }
    }

    /// Passes over an object.
    fn object(&mut self, at: u32, depth: u32, mut member: impl FnMut(Name<'a>, Value<'a>)) -> Result<u32, Fault> {
        let outer = self.names.len();
        let (mut at, mut next) = self.next(at + 1);
        if next == Some(b'}') {
            return Ok(at + 1);
        }
        loop {
            if next != Some(b'"') {
                return Err("JSON syntax");
            }
            let (end, escaped) = self.string(at)?;
            let print = self.print(at, end, escaped).ok_or("JSON string")?;
            let name = Name { print, text: self.text, start: at, end };
            (at, next) = self.next(end);
            if next != Some(b':') {
                return Err("JSON syntax");
            }
            let (start, _) = self.next(at + 1);
            let (end, kind) = self.value(start, depth)?;
            member(name, Value { kind, text: self.text, start, end });
            self.names.push(name);
            (at, next) = self.next(end);
            match next {
                Some(b',') => (at, next) = self.next(at + 1),
                Some(b'}') => break,
                _ => return Err("JSON syntax"),
            }
        }
        let repeated = has_duplicates(self.names.get_mut(outer..).unwrap_or_default());
        self.names.truncate(outer);
        if repeated { Err("duplicate member") } else { Ok(at + 1) }
    }

    /// Passes over an array.
    fn array(&mut self, at: u32, depth: u32, mut element: impl FnMut(Value<'a>)) -> Result<u32, Fault> {
        let (mut at, mut next) = self.next(at + 1);
        if next == Some(b']') {
            return Ok(at + 1);
        }
        loop {
            let (end, kind) = self.value(at, depth)?;
            element(Value { kind, text: self.text, start: at, end });
            (at, next) = self.next(end);
            match next {
                Some(b',') => (at, _) = self.next(at + 1),
                Some(b']') => return Ok(at + 1),
                _ => return Err("JSON syntax"),
            }
        }
    }

    /// Passes over a value inside a container at `depth`.
    fn value(&mut self, at: u32, depth: u32) -> Result<(u32, Kind), Fault> {
        match self.byte(at) {
            Some(b'"') => self.string(at).map(|(end, escaped)| (end, Kind::String { escaped })),
            Some(b'-' | b'0'..=b'9') => self.number(at).map(|end| (end, Kind::Number)),
            Some(b'{' | b'[') if depth >= MAX_DEPTH => Err("JSON nested too deeply"),
            Some(b'{') => self.object(at, depth + 1, |_, _| ()).map(|end| (end, Kind::Object)),
            Some(b'[') => self.array(at, depth + 1, |_| ()).map(|end| (end, Kind::Array)),
            Some(b't') => self.literal(at, "true"),
            Some(b'f') => self.literal(at, "false"),
            Some(b'n') => self.literal(at, "null"),
            _ => Err("JSON value"),
        }
    }

    /// Passes over a string; also tells whether it has an escape.
    #[inline]
    fn string(&self, at: u32) -> Result<(u32, bool), Fault> {
        let end = self.plain(at + 1);
        match self.byte(end) {
            Some(b'"') => Ok((end + 1, false)),
            _ => self.rest_of_string(end),
        }
    }

    /// Passes over what follows the first plain part of a string that has more.
    fn rest_of_string(&self, mut at: u32) -> Result<(u32, bool), Fault> {
        let mut escaped = false;
        loop {
            match self.byte(at) {
                Some(b'"') => return Ok((at + 1, escaped)),
                Some(b'\\') => {
                    escaped = true;
                    at = self.plain(self.escape(at + 1)?);
                }
                Some(_) => return Err("control character in a JSON string"),
                None => return Err("JSON string"),
            }
        }
    }

    /// Passes over what follows a backslash.
    fn escape(&self, at: u32) -> Result<u32, Fault> {
        match self.byte(at).ok_or("JSON escape")? {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Ok(at + 1),
            b'u' => match self.hex4(at + 1)? {
                0xdc00..=0xdfff => Err("lone surrogate"),
                0xd800..=0xdbff => match (self.byte(at + 5), self.byte(at + 6)) {
                    (Some(b'\\'), Some(b'u')) => match self.hex4(at + 7)? {
                        0xdc00..=0xdfff => Ok(at + 11),
                        _ => Err("lone surrogate"),
                    },
                    _ => Err("lone surrogate"),
                },
                _ => Ok(at + 5),
            },
            _ => Err("JSON escape"),
        }
    }

    fn hex4(&self, at: u32) -> Result<u16, Fault> {
        let digits = self.rest(at).get(..4).ok_or("JSON escape")?;
        digits.iter().try_fold(0, |unit, &digit| {
            let value = char::from(digit).to_digit(16).ok_or("JSON escape")?;
            Ok(unit << 4 | value as u16)
        })
    }

    /// Passes over a number.
    fn number(&self, start: u32) -> Result<u32, Fault> {
        let mut at = self.pass(start, b"-");
        at = if self.byte(at) == Some(b'0') { at + 1 } else { self.digits(at)? };
        if self.byte(at) == Some(b'.') {
            at = self.digits(at + 1)?;
        }
        let has_exponent = matches!(self.byte(at), Some(b'e' | b'E'));
        if has_exponent {
            at = self.digits(self.pass(at + 1, b"+-"))?;
        }
        // Up to 300 digits a float can't overflow.
        if has_exponent || at - start > 300 {
            let number = self.text.get(start as usize..at as usize).unwrap_or_default();
            if !number.parse().is_ok_and(f64::is_finite) {
                return Err("JSON number out of range");
            }
        }
        Ok(at)
    }

    /// Passes over digits, one at least.
    fn digits(&self, at: u32) -> Result<u32, Fault> {
        let rest = self.rest(at);
        match rest.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(rest.len()) {
            0 => Err("JSON number"),
            count => Ok(at + count as u32),
        }
    }

    fn literal(&self, at: u32, word: &str) -> Result<(u32, Kind), Fault> {
        match self.rest(at).starts_with(word.as_bytes()) {
            true => Ok((at + word.len() as u32, Kind::Literal)),
            false => Err("JSON value"),
        }
    }

    /// Passes over one of `bytes`, if it is there.
    fn pass(&self, at: u32, bytes: &[u8]) -> u32 {
        at + u32::from(self.byte(at).is_some_and(|byte| bytes.contains(&byte)))
    }

    /// Passes over space; also tells what comes behind it.
    #[inline]
    fn next(&self, mut at: u32) -> (u32, Option<u8>) {
        loop {
            match self.byte(at) {
                Some(b' ' | b'\t' | b'\n' | b'\r') => at += 1,
                next => return (at, next),
            }
        }
    }

    /// Passes over what is no quote, backslash or control character.
    #[inline]
    fn plain(&self, at: u32) -> u32 {
        at + plain_length(self.rest(at)) as u32
    }

    /// The print of the name with its quotes here.
    #[inline(always)]
    fn print(&self, start: u32, end: u32, escaped: bool) -> Option<u64> {
        if escaped {
            let quoted = self.text.get(start as usize..end as usize)?;
            return unescape(quoted, escaped).map(|name| print_of(&name));
        }
        Some(print(self.rest(start + 1), (end - start - 2) as usize))
    }

    #[inline]
    fn byte(&self, at: u32) -> Option<u8> {
        self.text.as_bytes().get(at as usize).copied()
    }

    #[inline]
    fn rest(&self, at: u32) -> &'a [u8] {
        self.text.as_bytes().get(at as usize..).unwrap_or_default()
    }
}

/// Whether two of the names are the same.
fn has_duplicates(names: &mut [Name<'_>]) -> bool {
    if names.len() > 16 {
        names.sort_unstable_by(|a, b| a.print.cmp(&b.print).then_with(|| a.text().cmp(&b.text())));
        return names.windows(2).any(|pair| pair[0].repeats(&pair[1]));
    }
    let mut rest = &*names;
    while let [name, others @ ..] = rest {
        if others.iter().any(|other| name.repeats(other)) {
            return true;
        }
        rest = others;
    }
    false
}

/// How many bytes stand before the first quote, backslash or control character; many at a time.
#[inline(always)]
fn plain_length(bytes: &[u8]) -> usize {
    let mut rest = bytes;
    while let Some((chunk, after)) = rest.split_first_chunk() {
        if let Some(at) = first_special(u64::from_le_bytes(*chunk)) {
            return bytes.len() - rest.len() + at;
        }
        rest = after;
        while let Some((chunk, after)) = rest.split_first_chunk::<16>()
            && !chunk.iter().fold(false, |found, &byte| found | is_special(byte))
        {
            rest = after;
        }
    }
    let at = rest.iter().position(|&byte| is_special(byte)).unwrap_or(rest.len());
    bytes.len() - rest.len() + at
}

/// A quote, a backslash or a control character: to flip the second bit keeps control characters among themselves, and
/// puts the quote where the space was, right behind them.
fn is_special(byte: u8) -> bool {
    (byte ^ 2 <= b' ') | (byte == b'\\')
}

/// The first byte of the word that [`is_special`].
#[inline]
fn first_special(word: u64) -> Option<usize> {
    const ONES: u64 = u64::from_le_bytes([0x01; 8]);
    const HIGH: u64 = u64::from_le_bytes([0x80; 8]);
    let quote_or_control = (word ^ (ONES * 2)).wrapping_sub(ONES * u64::from(b' ' + 1));
    let backslash = (word ^ (ONES * u64::from(b'\\'))).wrapping_sub(ONES);
    // The high bit of a byte that became negative, unless it was beyond ASCII. The lowest is right; a borrow can set
    // only those after it.
    let flagged = (quote_or_control | backslash) & !word & HIGH;
    (flagged != 0).then(|| flagged.trailing_zeros() as usize / 8)
}

/// The print of `name`.
pub(crate) const fn print_of(name: &str) -> u64 {
    print(name.as_bytes(), name.len())
}

/// The first seven bytes of the name of `length` bytes that `bytes` starts with, above a byte that tells its length:
/// twice that, or one more for a name that is longer.
const fn print(bytes: &[u8], length: usize) -> u64 {
    let word = match bytes.first_chunk() {
        Some(chunk) => u64::from_le_bytes(*chunk),
        None => few(bytes),
    };
    let held = if length < 7 { length } else { 7 };
    let first = word & ((1 << (8 * held)) - 1);
    first << 8 | (2 * held + (length > 7) as usize) as u64
}

/// Less than eight bytes as a word.
const fn few(bytes: &[u8]) -> u64 {
    match bytes {
        [first, rest @ ..] => few(rest) << 8 | *first as u64,
        [] => 0,
    }
}

/// The meaning of a string that was scanned, quotes included.
fn unescape(quoted: &str, escaped: bool) -> Option<Cow<'_, str>> {
    if escaped {
        return serde_json::from_str(quoted).ok().map(Cow::Owned);
    }
    quoted.get(1..quoted.len().checked_sub(1)?).map(Cow::Borrowed)
}

/// Containers within containers, the outermost counted.
pub(crate) const MAX_DEPTH: u32 = 16;

#[cfg(test)]
mod tests;
