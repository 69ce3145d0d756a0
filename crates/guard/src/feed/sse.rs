use super::Fault;

/// Takes a stream of server-sent events apart (WHATWG HTML, section 9.2.6), however its bytes arrive.
#[derive(Default)]
pub(crate) struct Events {
    line: Vec<u8>,
    event: Event,
    has_data: bool,
    /// The last byte was a CR, so that a LF belongs to it.
    after_return: bool,
}

/// One event.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) name: String,
    pub(crate) data: String,
}

impl Events {
    /// Takes in more bytes, and hands out the events that they complete.
    pub(crate) fn read(&mut self, bytes: &[u8], mut each: impl FnMut(Event)) -> Result<(), Fault> {
        for &byte in bytes {
            let is_second_half = byte == b'\n' && self.after_return;
            self.after_return = byte == b'\r';
            match byte {
                b'\n' if is_second_half => {}
                b'\n' | b'\r' => {
                    let line = std::mem::take(&mut self.line);
                    let line = std::str::from_utf8(&line).map_err(|_| Fault::Malformed("an event"))?;
                    if let Some(event) = self.end_line(line)? {
                        each(event);
                    }
                }
                _ if self.line.len() >= MAX_LINE => return Err(Fault::TooLarge),
                _ => self.line.push(byte),
            }
        }
        Ok(())
    }

    fn end_line(&mut self, line: &str) -> Result<Option<Event>, Fault> {
        if line.is_empty() {
            let event = std::mem::take(&mut self.event);
            return Ok(std::mem::take(&mut self.has_data).then_some(event));
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut self.event.name),
            "data" => {
                if self.has_data {
                    self.event.data.push('\n');
                }
                self.has_data = true;
                self.event.data.push_str(value);
                if self.event.data.len() > MAX_LINE {
                    return Err(Fault::TooLarge);
                }
            }
            // An entry says its own place; a comment keeps the connection alive.
            _ => {}
        }
        Ok(None)
    }
}

const MAX_LINE: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn read(chunks: &[&[u8]]) -> Vec<(String, String)> {
        let (mut events, mut found) = (Events::default(), Vec::new());
        for chunk in chunks {
            events.read(chunk, |event| found.push((event.name, event.data))).unwrap();
        }
        found
    }

    #[test]
    fn events_are_the_same_however_they_arrive() {
        let text = b": hello\n\nevent: a\nid: 1\ndata: x\n\nevent:b\r\ndata:y\r\ndata: z\r\n\r\nevent: c\rdata\r\r";
        let expected = [("a", "x"), ("b", "y\nz"), ("c", "")].map(|(name, data)| (name.to_owned(), data.to_owned()));
        assert_eq!(read(&[text]), expected);
        for size in 1..9 {
            assert_eq!(read(&text.chunks(size).collect::<Vec<_>>()), expected);
        }
    }

    #[test]
    fn an_event_that_never_ends_is_refused() {
        let mut events = Events::default();
        assert_eq!(events.read(&[b'a'; MAX_LINE + 1], |_| ()), Err(Fault::TooLarge));
        let mut events = Events::default();
        let line = format!("data: {}\n", "a".repeat(1000));
        let error = (0..100).find_map(|_| events.read(line.as_bytes(), |_| ()).err());
        assert_eq!(error, Some(Fault::TooLarge));
        assert!(Events::default().read(b"data: \xff\n", |_| ()).is_err());
    }
}
