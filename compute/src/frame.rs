//! What a child process sends: frames of a kind, a length and as many bytes.

use std::io::{self, BufWriter, Read, Write};

/// The kinds of frames. The last of a child is [`Frame::Missing`], [`Frame::Ended`] or [`Frame::Failed`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Frame {
    /// Compiled code.
    Code,
    /// Standard error.
    Stderr,
    /// Standard output.
    Stdout,
    /// The path of an output file, whose content follows.
    Path,
    /// The content of an output file.
    Content,
    /// Which protections the kernel lacks.
    Missing,
    /// How the program ended, or that the code is complete.
    Ended,
    /// Why there is no result.
    Failed,
}

/// All kinds, by their numbers.
const KINDS: [Frame; 8] = [
    Frame::Code,
    Frame::Stderr,
    Frame::Stdout,
    Frame::Path,
    Frame::Content,
    Frame::Missing,
    Frame::Ended,
    Frame::Failed,
];

/// Sends frames.
#[derive(Debug)]
pub(crate) struct FrameWriter<W: Write>(BufWriter<W>);

impl<W: Write> FrameWriter<W> {
    /// Sends to a pipe.
    pub(crate) fn new(to: W) -> Self {
        Self(BufWriter::with_capacity(64 << 10, to))
    }

    /// Sends a whole frame. The last one of a child is sent at once, with all before it.
    pub(crate) fn send(&mut self, kind: Frame, bytes: &[u8]) -> io::Result<()> {
        self.begin(kind, u64::try_from(bytes.len()).unwrap_or(u64::MAX))?;
        self.0.write_all(bytes)?;
        if matches!(kind, Frame::Missing | Frame::Ended | Frame::Failed) {
            self.0.flush()
        } else {
            Ok(())
        }
    }

    /// Begins a frame whose bytes follow in parts.
    pub(crate) fn begin(&mut self, kind: Frame, len: u64) -> io::Result<()> {
        let number = KINDS.iter().position(|known| *known == kind).unwrap_or_default();
        self.0.write_all(&[u8::try_from(number).unwrap_or(u8::MAX)])?;
        self.0.write_all(&len.to_le_bytes())
    }

    /// Sends a part of the frame that was begun.
    pub(crate) fn part(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes)
    }
}

/// Reads the head of a frame: its kind, and how many bytes follow.
pub(crate) fn read_head(from: &mut impl Read) -> io::Result<(Frame, u64)> {
    let (mut kind, mut len) = ([0], [0; 8]);
    from.read_exact(&mut kind)?;
    from.read_exact(&mut len)?;
    let [number] = kind;
    let kind = KINDS.get(usize::from(number)).ok_or(io::ErrorKind::InvalidData)?;
    Ok((*kind, u64::from_le_bytes(len)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_read_as_they_were_sent() {
        let mut pipe = Vec::new();
        let mut writer = FrameWriter::new(&mut pipe);
        for kind in KINDS {
            writer.send(kind, b"abc").unwrap();
        }
        drop(writer);
        let mut rest = pipe.as_slice();
        for kind in KINDS {
            assert_eq!(read_head(&mut rest).unwrap(), (kind, 3));
            rest = &rest[3..];
        }
        assert!(rest.is_empty());
        assert!(read_head(&mut [8; 9].as_slice()).is_err());
    }
}
