//! Streams: decoders of single compressed files, and readers that peek, count and stop.
//!
//! Must not know members or entries.

use std::io::{self, BufReader, Read};

use ruzstd::decoding::{
    BlockDecodingStrategy, FrameDecoder,
    errors::{FrameDecoderError, ReadFrameHeaderError},
};

use super::{Budget, Format, HEAD};

/// KiB of memory that an xz stream may ask for: `xz -9` needs 64 MiB and a little.
const XZ_MEMORY_KIB: u32 = 72 << 10;

/// Bytes of window that a zstd frame may ask for: what `zstd` itself accepts unasked is 128 MiB,
/// and what its levels make is 8 MiB (128 MiB for `--ultra`).
const ZSTD_WINDOW: u64 = 128 << 20;

/// Decodes `reader`. Archive formats, which are no streams, come out as they are.
pub(super) fn decoder<'r>(format: Format, reader: &'r mut dyn Read) -> Box<dyn Read + 'r> {
    match format {
        Format::Gzip => Box::new(flate2::read::MultiGzDecoder::new(reader)),
        Format::Bzip2 => Box::new(bzip2::read::MultiBzDecoder::new(reader)),
        Format::Xz => {
            Box::new(lzma_rust2::XzReader::new_mem_limit(BufReader::new(reader), true, XZ_MEMORY_KIB))
        }
        Format::Zstd => Box::new(Zstd::new(reader)),
        Format::Zip | Format::Tar => Box::new(reader),
    }
}

/// Decodes the frames of a zstd file one after the other.
pub(super) struct Zstd<'r> {
    source: BufReader<&'r mut dyn Read>,
    decoder: FrameDecoder,
    state: Frames,
}

/// How far the frames of a file are read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Frames {
    None,
    Within,
    Between,
    Ended,
}

impl<'r> Zstd<'r> {
    pub(super) fn new(source: &'r mut dyn Read) -> Self {
        let mut decoder = FrameDecoder::new();
        decoder.set_max_window_size(ZSTD_WINDOW);
        Self { source: BufReader::new(source), decoder, state: Frames::None }
    }

    /// Goes to the next frame, or to the end.
    fn next_frame(&mut self) -> io::Result<()> {
        use FrameDecoderError::ReadFrameHeaderError as Header;
        loop {
            match self.decoder.reset(&mut self.source) {
                Ok(()) => self.state = Frames::Within,
                Err(Header(ReadFrameHeaderError::SkipFrame { length, .. })) => {
                    super::skip_bytes(&mut self.source, u64::from(length))?;
                    continue;
                }
                Err(Header(ReadFrameHeaderError::MagicNumberReadError(error)))
                    if self.state == Frames::Between && error.kind() == io::ErrorKind::UnexpectedEof =>
                {
                    self.state = Frames::Ended;
                }
                Err(error) => return Err(io::Error::other(error)),
            }
            return Ok(());
        }
    }
}

impl Read for Zstd<'_> {
    fn read(&mut self, target: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.state {
                Frames::Ended => return Ok(0),
                Frames::None | Frames::Between => self.next_frame()?,
                Frames::Within => {
                    if self.decoder.can_collect() > 0 {
                        return self.decoder.read(target);
                    }
                    if self.decoder.is_finished() {
                        self.state = Frames::Between;
                    } else {
                        self.decoder
                            .decode_blocks(&mut self.source, BlockDecodingStrategy::UptoBlocks(1))
                            .map_err(io::Error::other)?;
                    }
                }
            }
        }
    }
}

/// A reader whose first bytes are known.
pub(super) struct Head<'r> {
    bytes: [u8; HEAD],
    length: usize,
    taken: usize,
    rest: Option<&'r mut dyn Read>,
    /// Where the whole is in memory, the place in it.
    memory: &'r [u8],
}

impl<'r> Head<'r> {
    /// Reads the first bytes of `reader`.
    pub(super) fn peek(reader: &'r mut dyn Read) -> io::Result<Self> {
        let mut head = Self { bytes: [0; HEAD], length: 0, taken: 0, rest: None, memory: &[] };
        while head.length < HEAD {
            match reader.read(&mut head.bytes[head.length..]) {
                Ok(0) => break,
                Ok(count) => head.length += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // What came before the failure is handed on; it shows again on the next read.
                Err(error) if head.length == 0 => return Err(error),
                Err(_) => break,
            }
        }
        head.rest = Some(reader);
        Ok(head)
    }

    /// A reader of `memory`.
    pub(super) fn known(memory: &'r [u8]) -> Self {
        Self { bytes: [0; HEAD], length: 0, taken: 0, rest: None, memory }
    }

    /// The first bytes, as many as there are up to [`HEAD`].
    pub(super) fn start(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

impl Read for Head<'_> {
    fn read(&mut self, target: &mut [u8]) -> io::Result<usize> {
        if self.taken < self.length {
            let count = (&self.bytes[self.taken..self.length]).read(target)?;
            self.taken += count;
            return Ok(count);
        }
        match &mut self.rest {
            Some(rest) => rest.read(target),
            None => self.memory.read(target),
        }
    }
}

/// Counts what is unpacked against the budget, and fails when that runs out.
pub(super) struct Metered<'b, R> {
    inner: R,
    budget: &'b Budget,
}

impl<'b, R: Read> Metered<'b, R> {
    pub(super) fn new(inner: R, budget: &'b Budget) -> Self {
        Self { inner, budget }
    }
}

impl<R: Read> Read for Metered<'_, R> {
    fn read(&mut self, target: &mut [u8]) -> io::Result<usize> {
        if self.budget.spent.get() {
            return Err(io::Error::other("archive limit"));
        }
        let count = self.inner.read(target)?;
        if self.budget.bytes(count as u64) { Ok(count) } else { Err(io::Error::other("archive limit")) }
    }
}

/// Ends after a number of bytes, and knows whether there was more.
pub(super) struct Capped<'r> {
    inner: &'r mut dyn Read,
    left: u64,
    cut: bool,
}

impl<'r> Capped<'r> {
    pub(super) fn new(inner: &'r mut dyn Read, left: u64) -> Self {
        Self { inner, left, cut: false }
    }

    /// True if the end was that of the cap.
    pub(super) const fn is_cut(&self) -> bool {
        self.cut
    }
}

impl Read for Capped<'_> {
    fn read(&mut self, target: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            self.cut = self.cut || (!target.is_empty() && self.inner.read(&mut [0])? > 0);
            return Ok(0);
        }
        let room = usize::try_from(self.left).unwrap_or(usize::MAX).min(target.len());
        let count = self.inner.read(&mut target[..room])?;
        self.left -= count as u64;
        Ok(count)
    }
}
