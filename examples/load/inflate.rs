//! Reads gzip as it comes: whatever was sent can be read at once.

use anyhow::ensure;
use flate2::{Decompress, FlushDecompress};

/// What a gzip stream begins with, up to and with the flags: none is set.
const GZIP_HEAD: [u8; 4] = [0x1F, 0x8B, 8, 0];
/// The whole of that head.
const GZIP_HEAD_BYTES: usize = 10;

/// Reads one gzip stream, whatever the cuts.
pub(crate) struct Inflater {
    /// Bytes of its head that have come.
    head: Vec<u8>,
    deflate: Decompress,
}

impl Inflater {
    pub(crate) fn new() -> Self {
        Self { head: Vec::new(), deflate: Decompress::new(false) }
    }

    /// Has `each` take in all that `piece` brings to light, by way of `room`.
    pub(crate) fn inflate(
        &mut self,
        piece: &[u8],
        room: &mut [u8],
        mut each: impl FnMut(&[u8]) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let (head, mut rest) = piece.split_at(piece.len().min(GZIP_HEAD_BYTES - self.head.len()));
        if !head.is_empty() {
            self.head.extend_from_slice(head);
            let begun = self.head.len().min(GZIP_HEAD.len());
            ensure!(self.head[..begun] == GZIP_HEAD[..begun], "no gzip");
        }
        loop {
            let (before_in, before_out) = (self.deflate.total_in(), self.deflate.total_out());
            self.deflate.decompress(rest, room, FlushDecompress::None)?;
            let taken = usize::try_from(self.deflate.total_in() - before_in)?;
            let made = usize::try_from(self.deflate.total_out() - before_out)?;
            rest = rest.get(taken..).unwrap_or_default();
            each(room.get(..made).unwrap_or_default())?;
            // Room that is left says that nothing waits to be written.
            if rest.is_empty() && made < room.len() {
                return Ok(());
            }
            ensure!(taken + made > 0, "the compressed stream has ended");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::{Compression, write::GzEncoder};

    use super::*;

    #[test]
    fn a_gzip_stream_is_read_whatever_the_cuts() {
        let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
        let mut plain = Vec::new();
        for number in 0..40 {
            let text = format!("data: order {number} and what it is made of\n\n");
            packer.write_all(text.as_bytes()).expect("packed");
            packer.flush().expect("packed");
            plain.extend_from_slice(text.as_bytes());
        }
        for size in [1, 2, 7, 11, 500, 100_000] {
            let (mut inflater, mut found) = (Inflater::new(), Vec::new());
            let mut room = vec![0; 64];
            for piece in packer.get_ref().chunks(size) {
                let each = |piece: &[u8]| {
                    found.extend_from_slice(piece);
                    Ok(())
                };
                inflater.inflate(piece, &mut room, each).expect("reads");
            }
            assert_eq!(found, plain, "{size}");
        }
        assert!(Inflater::new().inflate(b"id: 1", &mut [0; 9], |_| Ok(())).is_err());
    }
}
