//! Inflating entries whose size is known, and buffers that are used again.

use std::io::Read as _;

use super::Fault;

/// The most that deflate can expand: a match of 258 bytes takes at least two bits, so 1032 bytes
/// for one. A header that promises more lies.
const MOST_EXPANSION: u64 = 1032;

/// Decompresses zlib streams in one call.
pub(super) struct Inflater(libdeflater::Decompressor);

impl Inflater {
    pub(super) fn new() -> Self {
        Self(libdeflater::Decompressor::new())
    }

    /// Fills `out` with what `input` holds, which must be exactly as much. What follows the
    /// compressed data in `input` is ignored. The checksum of the data is verified.
    pub(super) fn fill(&mut self, input: &[u8], out: &mut [u8]) -> Result<(), Fault> {
        match self.0.zlib_decompress(input, out) {
            Ok(len) if len == out.len() => Ok(()),
            _ => Err(Fault::Compressed),
        }
    }

    /// Inflates all of `input` into `out` and gives the number of bytes; `None` if they do not fit,
    /// or if the data is damaged.
    pub(super) fn fit(&mut self, input: &[u8], out: &mut [u8]) -> Option<usize> {
        self.0.zlib_decompress(input, out).ok()
    }
}

/// The first bytes of what a stream holds: `most` of them, fewer if there are no more.
pub(super) fn start_of_stream(input: impl std::io::Read, most: usize) -> Result<Vec<u8>, Fault> {
    let mut start = Vec::with_capacity(most);
    let mut stream = flate2::read::ZlibDecoder::new(input).take(most as u64);
    stream.read_to_end(&mut start).map_err(|_| Fault::Compressed)?;
    Ok(start)
}

/// The size as a length in memory, if it can be true and is allowed.
pub(super) fn believable(size: u64, compressed: u64, limit: u64) -> Result<usize, Fault> {
    let len = allowed(size, limit)?;
    if size > compressed.saturating_mul(MOST_EXPANSION) {
        return Err(Fault::Size);
    }
    Ok(len)
}

/// The size as a length in memory, if it is allowed.
pub(super) fn allowed(size: u64, limit: u64) -> Result<usize, Fault> {
    usize::try_from(size).ok().filter(|_| size <= limit).ok_or(Fault::TooLarge { size, limit })
}

/// The most bytes that `size` bytes take when compressed by any writer in use, header of the entry
/// included: what does not shrink is stored in blocks, five bytes more for every 16 KB at most.
pub(super) const fn most_compressed(size: u64) -> u64 {
    size.saturating_add(size >> 11).saturating_add(128)
}

/// Inflates `size` bytes from a stream whose end is not known. Slower than [`Inflater::fill`].
pub(super) fn fill_from_stream(input: impl std::io::Read, size: usize) -> Result<Vec<u8>, Fault> {
    let mut out = Vec::new();
    let mut stream = flate2::read::ZlibDecoder::new(input).take(size as u64 + 1);
    stream.read_to_end(&mut out).map_err(|_| Fault::Compressed)?;
    if out.len() == size { Ok(out) } else { Err(Fault::Compressed) }
}

/// Bytes that were written before stay allocated *and initialised*, so that using a buffer again
/// costs nothing.
#[derive(Debug, Default)]
pub(super) struct Buffer {
    storage: Vec<u8>,
    len: usize,
}

impl Buffer {
    /// `len` bytes of any content, to be overwritten.
    pub(super) fn reset(&mut self, len: usize) -> &mut [u8] {
        if self.storage.len() < len {
            // Nothing of the old content is worth copying to the new place, and the system gives memory that is zero.
            self.storage = vec![0; len];
        }
        self.len = len;
        &mut self.storage[..len]
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.storage[..self.len]
    }

    /// Bytes that the buffer takes, used or not.
    pub(super) fn capacity(&self) -> usize {
        self.storage.capacity()
    }
}

impl From<Vec<u8>> for Buffer {
    fn from(storage: Vec<u8>) -> Self {
        Self { len: storage.len(), storage }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_that_lie_are_refused() {
        assert_eq!(believable(1032, 1, 5000), Ok(1032));
        assert_eq!(believable(1033, 1, 5000), Err(Fault::Size));
        assert_eq!(believable(5001, 9, 5000), Err(Fault::TooLarge { size: 5001, limit: 5000 }));
    }

    #[test]
    fn buffers_keep_what_they_have() {
        let mut buffer = Buffer::default();
        buffer.reset(3).copy_from_slice(b"abc");
        assert_eq!(buffer.reset(1), b"a");
        assert_eq!(buffer.bytes(), b"a");
        assert_eq!(buffer.reset(4).len(), 4);
    }
}
