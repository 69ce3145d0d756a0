use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use axum::body::Bytes;
use serde::Serialize;
use serde_json::value::RawValue;
use tokenry_domain::Error;
use tokenry_domain::authority::Authority;
use tokenry_domain::revocation::{FeedDigest, RevocationRecord};
use tokenry_domain::time::Timestamp;

/// Where an entry stands, and which one it is: `SEQ-TAG` on the wire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) seq: u64,
    pub(super) tag: u64,
}

/// The entries that a live token may match, oldest first.
#[derive(Default)]
pub(super) struct Log {
    /// What the oldest entry follows.
    base: Option<(Place, FeedDigest)>,
    entries: VecDeque<Entry>,
    heartbeat: Option<Arc<str>>,
    /// How often `heartbeat` was replaced.
    beats: u64,
    /// How often commits were found lost: places of an earlier time mean nothing any more.
    resets: u64,
    pub(super) is_over: bool,
}

#[derive(Clone)]
pub(super) struct Entry {
    pub(super) place: Place,
    digest: FeedDigest,
    until: Timestamp,
    pub(super) json: Arc<RawValue>,
}

/// The feed as one document. Cloning is cheap.
#[derive(Clone)]
pub(crate) struct Snapshot {
    pub(crate) etag: String,
    pub(crate) json: Bytes,
}

/// What a snapshot is made of.
pub(super) struct Outline {
    etag: String,
    newest: Place,
    digests: [FeedDigest; 2],
    entries: Vec<Arc<RawValue>>,
}

impl Log {
    /// The place of the newest entry.
    pub(super) fn newest(&self) -> Place {
        self.entries.back().map_or(self.base_place(), |entry| entry.place)
    }

    /// The digest of all entries.
    pub(super) fn digest(&self) -> FeedDigest {
        self.entries.back().map_or(self.base_digest(), |entry| entry.digest)
    }

    pub(super) fn heartbeat(&self) -> Option<(u64, &Arc<str>)> {
        self.heartbeat.as_ref().map(|heartbeat| (self.beats, heartbeat))
    }

    pub(super) fn set_heartbeat(&mut self, statement: String) {
        self.heartbeat = Some(statement.into());
        self.beats += 1;
    }

    pub(super) fn resets(&self) -> u64 {
        self.resets
    }

    /// Whether records, read from the one before the newest on, show that the log is still part of the feed.
    pub(super) fn continues_with(&self, records: &[RevocationRecord]) -> bool {
        match (self.newest().seq, records.first()) {
            // Nothing was known: what there is is read from its beginning.
            (0, _) => false,
            (_, Some(first)) => place(first) == self.newest(),
            (_, None) => false,
        }
    }

    /// Takes over the records after the newest one. Whether there were any.
    pub(super) fn append(&mut self, records: Vec<RevocationRecord>) -> bool {
        let newest = self.newest().seq;
        let before = self.entries.len();
        self.entries.extend(records.into_iter().filter(|record| record.seq > newest).filter_map(entry));
        self.entries.len() > before
    }

    /// Starts anew with all records that are stored. Whether that changed anything.
    pub(super) fn replace(&mut self, records: Vec<RevocationRecord>) -> bool {
        if self.newest().seq == 0 && records.is_empty() {
            return false;
        }
        if self.base.is_some() {
            self.resets += 1;
        }
        let mut records = records;
        // Unless the feed begins with it, the oldest stored one is over, and only kept for what follows it.
        let base = match records.first() {
            Some(first) if first.seq > 1 => {
                let first = records.remove(0);
                (place(&first), first.digest)
            }
            _ => (Place::default(), FeedDigest::START),
        };
        self.base = Some(base);
        self.entries = records.into_iter().filter_map(entry).collect();
        true
    }

    /// Forgets the oldest entries, as long as no live token can match them.
    pub(super) fn forget(&mut self, now: Timestamp) {
        while let Some(oldest) = self.entries.front().filter(|oldest| oldest.until <= now) {
            self.base = Some((oldest.place, oldest.digest));
            self.entries.pop_front();
        }
    }

    /// The entries after `seq`, at most `limit`.
    pub(super) fn after(&self, seq: u64, limit: usize) -> Vec<Entry> {
        let first = self.entries.partition_point(|entry| entry.place.seq <= seq);
        self.entries.range(first..).take(limit).cloned().collect()
    }

    /// Whether the log goes on from `seq`, with this tag there if one is given.
    pub(super) fn holds(&self, seq: u64, tag: Option<u64>) -> bool {
        let at = self.entries.partition_point(|entry| entry.place.seq < seq);
        let there = self.entries.get(at).map(|entry| entry.place).filter(|place| place.seq == seq);
        let there = there.or(Some(self.base_place()).filter(|place| place.seq == seq));
        there.is_some_and(|place| tag.is_none_or(|tag| tag == place.tag))
    }

    /// The place before the oldest entry.
    pub(super) fn base_place(&self) -> Place {
        self.base.map_or(Place::default(), |(place, _)| place)
    }

    /// What the entries are called: other ones are called otherwise.
    pub(super) fn etag(&self) -> String {
        format!("W/\"{}-{}\"", self.base_place().seq, self.newest())
    }

    pub(super) fn outline(&self) -> Outline {
        Outline {
            etag: self.etag(),
            newest: self.newest(),
            digests: [self.digest(), self.base_digest()],
            entries: self.entries.iter().map(|entry| Arc::clone(&entry.json)).collect(),
        }
    }

    fn base_digest(&self) -> FeedDigest {
        self.base.map_or(FeedDigest::START, |(_, digest)| digest)
    }
}

impl Outline {
    /// All entries, with a signed statement of what they are.
    pub(super) fn render(self, authority: &Authority) -> Result<Snapshot, Error> {
        #[derive(Serialize)]
        struct Document<'a> {
            seq: u64,
            tag: String,
            /// Before the entries, so that who reads them can check each as it arrives.
            heartbeat: String,
            entries: Vec<&'a RawValue>,
        }
        let Self { etag, newest, digests: [digest, base], entries } = self;
        let document = Document {
            seq: newest.seq,
            tag: newest.tag_text(),
            heartbeat: authority.sign_place(newest.seq, digest, Some(base))?,
            entries: entries.iter().map(|entry| &**entry).collect(),
        };
        let json = serde_json::to_vec(&document).map_err(|error| Error::Internal(error.to_string()))?;
        Ok(Snapshot { etag, json: json.into() })
    }
}

impl Place {
    fn tag_text(self) -> String {
        format!("{:016x}", self.tag)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}-{:016x}", self.seq, self.tag)
    }
}

fn place(record: &RevocationRecord) -> Place {
    Place { seq: record.seq, tag: record.tag }
}

fn entry(record: RevocationRecord) -> Option<Entry> {
    #[derive(Serialize)]
    struct Json<'a> {
        seq: u64,
        tag: String,
        kind: &'static str,
        value: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        before: Option<i64>,
        until: i64,
    }
    let revocation = &record.revocation;
    let json = Json {
        seq: record.seq,
        tag: place(&record).tag_text(),
        kind: revocation.kind.name(),
        value: &revocation.value,
        before: revocation.before_seconds(),
        until: revocation.until_seconds(),
    };
    // Numbers and text are always JSON.
    let json = serde_json::value::to_raw_value(&json).ok()?;
    Some(Entry { place: place(&record), digest: record.digest, until: revocation.until, json: json.into() })
}
