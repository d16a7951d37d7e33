//! Server-Sent Events, written and read. The writer is the server's; the
//! reader is the tests' and the load tool's (browsers bring their own).

/// Appends one event to `out`: `id`, `event`, then `data`, then the blank line
/// that sends it off. An empty `id` is left out: the reader stays where it was.
/// So is one that no field can carry, with a line end or NUL in it; a position
/// that is a part of one could be another.
///
/// Nothing in `data` can become a field of its own: each line of it is written
/// as data, and NUL, which no field can carry, is left out. (Our JSON has
/// neither: a serialised string escapes them.) Names of events are this
/// program's own, and hold no line end.
pub fn push_event(out: &mut Vec<u8>, id: &str, event: &'static str, data: &[u8]) {
    begin_event(out, id, event);
    push_data(out, data);
    end_event(out);
}

/// Appends one event up to its data, which [`push_data`] goes on with.
pub fn begin_event(out: &mut Vec<u8>, id: &str, event: &'static str) {
    debug_assert!(!event.bytes().any(ends_field));
    if !id.is_empty() && !id.bytes().any(ends_field) {
        out.extend_from_slice(b"id: ");
        out.extend_from_slice(id.as_bytes());
        out.push(b'\n');
    }
    out.extend_from_slice(b"event: ");
    out.extend_from_slice(event.as_bytes());
    out.extend_from_slice(b"\ndata: ");
}

/// Whether no field can carry `byte`.
fn ends_field(byte: u8) -> bool {
    matches!(byte, b'\r' | b'\n' | 0)
}

/// Appends some of an event's data.
pub fn push_data(out: &mut Vec<u8>, data: &[u8]) {
    // One line and no more, but for data that is not ours: taken as a whole.
    for (index, line) in data.split(|byte| matches!(byte, b'\r' | b'\n')).enumerate() {
        if index > 0 {
            out.extend_from_slice(b"\ndata: ");
        }
        if line.contains(&0) {
            out.extend(line.iter().filter(|byte| **byte != 0));
        } else {
            out.extend_from_slice(line);
        }
    }
}

/// Appends the blank line that sends an event off.
pub fn end_event(out: &mut Vec<u8>) {
    out.extend_from_slice(b"\n\n");
}

/// Appends a `retry:` field; it belongs to the event that is written next.
pub fn push_retry(out: &mut Vec<u8>, millis: u64) {
    out.extend_from_slice(format!("retry: {millis}\n").as_bytes());
}

/// One event as a reader sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frame {
    /// The last `id:` up to and with this event.
    pub id: String,
    /// The `event:` field; `message` when there was none.
    pub event: String,
    /// The `data:` lines, joined by line feeds.
    pub data: String,
}

/// Reads a stream of Server-Sent Events by the rules of the HTML standard, from
/// pieces cut anywhere.
#[derive(Debug, Default)]
pub struct FrameReader {
    line: Vec<u8>,
    after_cr: bool,
    begun: bool,
    id: String,
    event: String,
    data: String,
    /// The last `retry:`, in milliseconds.
    pub retry: Option<u64>,
}

impl FrameReader {
    /// Takes in the next piece; the events that it completes.
    pub fn push(&mut self, piece: &[u8]) -> Vec<Frame> {
        let mut frames = Vec::new();
        for &byte in piece {
            let line_feed_of_crlf = std::mem::take(&mut self.after_cr) && byte == b'\n';
            match byte {
                b'\n' if line_feed_of_crlf => {}
                b'\r' | b'\n' => {
                    self.after_cr = byte == b'\r';
                    let line = std::mem::take(&mut self.line);
                    frames.extend(self.end_line(&line));
                }
                byte => self.line.push(byte),
            }
        }
        frames
    }

    fn end_line(&mut self, line: &[u8]) -> Option<Frame> {
        let line = if std::mem::replace(&mut self.begun, true) {
            line
        } else {
            line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(line)
        };
        if line.is_empty() {
            return self.dispatch();
        }
        let line = String::from_utf8_lossy(line);
        let (field, value) = line.split_once(':').unwrap_or((&line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "id" if !value.contains('\0') => value.clone_into(&mut self.id),
            "event" => value.clone_into(&mut self.event),
            "data" => {
                self.data.push_str(value);
                self.data.push('\n');
            }
            "retry" if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) => {
                // What cannot be counted is a very long time, and not none.
                self.retry = Some(value.parse().unwrap_or(u64::MAX));
            }
            _ => {}
        }
        None
    }

    fn dispatch(&mut self) -> Option<Frame> {
        let event = std::mem::take(&mut self.event);
        let mut data = std::mem::take(&mut self.data);
        data.pop()?;
        Some(Frame {
            id: self.id.clone(),
            event: if event.is_empty() { "message".to_owned() } else { event },
            data,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_frame_looks_like_this() {
        let mut out = Vec::new();
        push_retry(&mut out, 2000);
        push_event(&mut out, "9f3a01c4-7", "order.ready", br#"{"number":142}"#);
        assert_eq!(
            String::from_utf8(out).expect("UTF-8"),
            "retry: 2000\nid: 9f3a01c4-7\nevent: order.ready\ndata: {\"number\":142}\n\n"
        );
    }

    #[test]
    fn a_time_that_cannot_be_counted_is_a_long_one() {
        let mut reader = FrameReader::default();
        reader.push(b"retry: 1500\nretry: 99999999999999999999\n");
        assert_eq!(reader.retry, Some(u64::MAX));
    }

    proptest! {
        /// Whatever the data, and wherever the network cuts it, exactly one
        /// event comes out, with no field that the data brought along.
        #[test]
        fn data_never_becomes_a_field(data in any::<String>(), cut in any::<prop::sample::Index>()) {
            let mut out = Vec::new();
            push_event(&mut out, "9f3a01c4-7", "order.ready", data.as_bytes());
            let (head, tail) = out.split_at(cut.index(out.len()));
            let mut reader = FrameReader::default();
            let mut frames = reader.push(head);
            frames.extend(reader.push(tail));
            prop_assert_eq!(frames.len(), 1);
            prop_assert_eq!(&frames[0].id, "9f3a01c4-7");
            prop_assert_eq!(&frames[0].event, "order.ready");
            prop_assert_eq!(&frames[0].data, &data.replace(['\r', '\n'], "\n").replace('\0', ""));
            prop_assert_eq!(reader.retry, None);
        }
    }
}
