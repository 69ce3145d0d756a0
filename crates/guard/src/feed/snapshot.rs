use serde::Deserialize;

use super::Fault;
use super::chain::{Entry, Place, Tag};
use super::statement::Statement;
use crate::revocations::Pending;

/// Reads a snapshot as it arrives. A million entries take 24 bytes each meanwhile, not their text.
///
/// That needs the signed statement before the entries, where the server puts it. Entries that come first are kept as
/// text until the statement is there.
pub(crate) struct Snapshot {
    /// The document without its entries.
    frame: Vec<u8>,
    element: Vec<u8>,
    depth: u32,
    in_text: bool,
    after_backslash: bool,
    waiting: Vec<u8>,
    chain: Option<(Statement, Place)>,
    /// In pieces, so that growing moves nothing.
    entries: Vec<Vec<Pending>>,
    count: usize,
    most: usize,
}

/// What a snapshot held, all of it signed.
pub(crate) struct Loaded {
    pub(crate) entries: Vec<Vec<Pending>>,
    pub(crate) statement: Statement,
    pub(crate) place: Place,
}

#[derive(Deserialize)]
struct Frame {
    seq: u64,
    tag: Tag,
    heartbeat: String,
    #[serde(rename = "entries")]
    _entries: [(); 0],
}

/// How a statement and an entry are understood.
pub(crate) trait Reader {
    /// Verifies a signed statement.
    fn statement(&self, heartbeat: &str) -> Result<Statement, Fault>;

    /// Makes an entry ready to take effect; `None` for one of a kind that does not concern tokens.
    fn pending(&self, entry: &Entry) -> Option<Pending>;
}

impl Snapshot {
    /// Takes at most so many entries.
    pub(crate) fn new(most: usize) -> Self {
        Self {
            frame: Vec::new(),
            element: Vec::new(),
            depth: 0,
            in_text: false,
            after_backslash: false,
            waiting: Vec::new(),
            chain: None,
            entries: Vec::new(),
            count: 0,
            most,
        }
    }

    /// Takes in more bytes of the document.
    pub(crate) fn read(&mut self, bytes: &[u8], reader: &impl Reader) -> Result<(), Fault> {
        for &byte in bytes {
            let in_text = self.in_text;
            if in_text {
                self.in_text = self.after_backslash || byte != b'"';
                self.after_backslash = !self.after_backslash && byte == b'\\';
            } else {
                match byte {
                    b'"' => self.in_text = true,
                    b'{' | b'[' => self.depth += 1,
                    b'}' | b']' => self.depth = self.depth.checked_sub(1).ok_or(Fault::Malformed("the snapshot"))?,
                    _ => {}
                }
            }
            let opens = !in_text && matches!(byte, b'{' | b'[');
            if self.depth > ENTRIES || !self.element.is_empty() {
                if self.element.len() >= MAX_ELEMENT {
                    return Err(Fault::TooLarge);
                }
                self.element.push(byte);
                if self.depth == ENTRIES {
                    self.end_element(reader)?;
                }
            } else if self.depth < ENTRIES || opens {
                if self.frame.len() >= MAX_FRAME {
                    return Err(Fault::TooLarge);
                }
                self.frame.push(byte);
            } else if !matches!(byte, b',' | b' ' | b'\n' | b'\r' | b'\t') {
                // Between the entries there is nothing else.
                return Err(Fault::Malformed("the snapshot"));
            }
        }
        Ok(())
    }

    /// The document is complete.
    pub(crate) fn finish(mut self, reader: &impl Reader) -> Result<Loaded, Fault> {
        let frame: Frame = serde_json::from_slice(&self.frame).map_err(|_| Fault::Malformed("the snapshot"))?;
        self.begin(&frame.heartbeat, reader)?;
        for element in std::mem::take(&mut self.waiting).split(|&byte| byte == 0).filter(|text| !text.is_empty()) {
            self.take(element, reader)?;
        }
        let Some((statement, mut place)) = self.chain else { return Err(Fault::Malformed("the snapshot")) };
        if place.digest != statement.digest || frame.seq != statement.seq || (self.count > 0 && place.seq != frame.seq)
        {
            return Err(Fault::Altered);
        }
        (place.seq, place.tag) = (frame.seq, frame.tag.0);
        Ok(Loaded { entries: self.entries, statement, place })
    }

    fn end_element(&mut self, reader: &impl Reader) -> Result<(), Fault> {
        let element = std::mem::take(&mut self.element);
        if self.chain.is_none() {
            if let Some(heartbeat) = self.early_heartbeat() {
                self.begin(&heartbeat, reader)?;
            } else if self.waiting.len() + element.len() > MAX_WAITING {
                return Err(Fault::TooLarge);
            } else {
                self.waiting.extend_from_slice(&element);
                // JSON has no byte 0.
                self.waiting.push(0);
                return Ok(());
            }
        }
        self.take(&element, reader)?;
        // The buffer serves the next one.
        self.element = element;
        self.element.clear();
        Ok(())
    }

    /// The statement, if it stands before the entries.
    fn early_heartbeat(&self) -> Option<String> {
        if !self.waiting.is_empty() {
            return None;
        }
        #[derive(Deserialize)]
        struct Early {
            heartbeat: String,
        }
        // Complete what is there: the entries are open, and so is the document.
        let closed = [&self.frame, &b"]}"[..]].concat();
        serde_json::from_slice::<Early>(&closed).ok().map(|early| early.heartbeat)
    }

    fn begin(&mut self, heartbeat: &str, reader: &impl Reader) -> Result<(), Fault> {
        if self.chain.is_none() {
            let statement = reader.statement(heartbeat)?;
            let digest = statement.base.ok_or(Fault::Malformed("the snapshot's statement"))?;
            self.chain = Some((statement, Place { seq: 0, tag: 0, digest }));
        }
        Ok(())
    }

    fn take(&mut self, element: &[u8], reader: &impl Reader) -> Result<(), Fault> {
        let Some((_, place)) = &mut self.chain else { return Err(Fault::Malformed("the snapshot")) };
        let entry = Entry::parse(element)?;
        *place = place.after(&entry)?;
        self.count += 1;
        if self.count > self.most {
            return Err(Fault::TooLarge);
        }
        if let Some(pending) = reader.pending(&entry) {
            match self.entries.last_mut() {
                Some(piece) if piece.len() < PIECE => piece.push(pending),
                _ => {
                    let mut piece = Vec::with_capacity(if self.entries.is_empty() { 16 } else { PIECE });
                    piece.push(pending);
                    self.entries.push(piece);
                }
            }
        }
        Ok(())
    }
}

/// The depth of the array of entries.
const ENTRIES: u32 = 2;
const PIECE: usize = 16 * 1024;
const MAX_ELEMENT: usize = 8 * 1024;
const MAX_FRAME: usize = 64 * 1024;
const MAX_WAITING: usize = 64 * 1024 * 1024;
