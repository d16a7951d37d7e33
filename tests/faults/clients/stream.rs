//! Server-Sent Events as they come, plain or compressed. Written anew, for the parts that
//! our frames use: what the program's own reader takes for right is not to be the measure.

use memchr::memmem;

/// One event.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Frame {
    /// Empty where it had none.
    pub(super) id: String,
    pub(super) event: String,
    pub(super) data: String,
}

/// Cuts a stream into its events.
#[derive(Default)]
pub(super) struct Frames {
    kept: Vec<u8>,
    gunzip: Option<Gunzip>,
}

impl Frames {
    pub(super) fn new(gzip: bool) -> Self {
        Self { kept: Vec::new(), gunzip: gzip.then(Gunzip::default) }
    }

    /// The events that `piece` completes; why it cannot be read, if it cannot.
    pub(super) fn push(&mut self, piece: &[u8]) -> Result<Vec<Frame>, String> {
        match &mut self.gunzip {
            None => self.kept.extend_from_slice(piece),
            Some(gunzip) => gunzip.push(piece, &mut self.kept)?,
        }
        let mut frames = Vec::new();
        let mut begun = 0;
        while let Some(length) = memmem::find(&self.kept[begun..], b"\n\n") {
            let text = std::str::from_utf8(&self.kept[begun..begun + length]);
            frames.push(frame(text.map_err(|error| error.to_string())?));
            begun += length + 2;
        }
        self.kept.drain(..begun);
        Ok(frames)
    }
}

fn frame(text: &str) -> Frame {
    let mut frame = Frame::default();
    for line in text.lines() {
        let (field, value) = line.split_once(": ").unwrap_or((line, ""));
        match field {
            "id" => value.clone_into(&mut frame.id),
            "event" => value.clone_into(&mut frame.event),
            "data" => frame.data.push_str(value),
            _ => {}
        }
    }
    frame
}

/// A gzip stream without an end.
#[derive(Default)]
struct Gunzip {
    head: usize,
    inflate: Option<flate2::Decompress>,
}

impl Gunzip {
    /// As long as the head is without a name or a comment.
    const HEAD: usize = 10;

    fn push(&mut self, piece: &[u8], out: &mut Vec<u8>) -> Result<(), String> {
        let head = (Self::HEAD - self.head).min(piece.len());
        self.head += head;
        let mut rest = &piece[head..];
        let inflate = self.inflate.get_or_insert_with(|| flate2::Decompress::new(false));
        loop {
            out.reserve(32 * 1024);
            let (room, read) = (out.capacity() - out.len(), inflate.total_in());
            let before = out.len();
            inflate
                .decompress_vec(rest, out, flate2::FlushDecompress::None)
                .map_err(|error| error.to_string())?;
            rest = &rest[usize::try_from(inflate.total_in() - read).unwrap_or(rest.len())..];
            if rest.is_empty() && out.len() - before < room {
                return Ok(());
            }
        }
    }
}
