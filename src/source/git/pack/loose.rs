//! Loose objects: one file each, `objects/ab/cdef…`.

use std::{
    fs, io,
    io::Read as _,
    path::{Path, PathBuf},
};

use super::{
    Fault, IdFormat, ObjectKind,
    inflate::{Inflater, believable, start_of_stream},
};
use crate::origin::ObjectId;

/// The longest header: a kind, a blank, twenty digits and a zero byte.
const LONGEST_HEADER: usize = 32;
/// Source text shrinks to a third or a quarter, rarely to less than an eighth.
const USUAL_EXPANSION: usize = 8;
/// Above this size, in bytes, a guess would cost more than looking at the header first.
const MAX_GUESS: usize = 1 << 20;

/// The ids of a folder's loose objects, in no order.
pub(super) fn list(folder: &Path, format: IdFormat) -> io::Result<Vec<ObjectId>> {
    let mut ids = Vec::new();
    for fan in fs::read_dir(folder)? {
        let fan = fan?;
        let name = fan.file_name();
        let Some(start) = name.to_str().filter(|name| name.len() == 2) else { continue };
        if u8::from_str_radix(start, 16).is_err() || !fan.file_type()?.is_dir() {
            continue;
        }
        for file in fs::read_dir(fan.path())? {
            let name = file?.file_name();
            let Some(rest) = name.to_str() else { continue };
            let hex = format!("{start}{rest}");
            let id = ObjectId::from_hex(hex.as_bytes());
            ids.extend(id.filter(|id| id.as_bytes().len() == format.id_len()));
        }
    }
    Ok(ids)
}

/// The file of an object.
pub(super) fn path(folder: &Path, id: &ObjectId) -> PathBuf {
    let hex = id.to_string();
    let (fan, rest) = hex.split_at(2);
    folder.join(fan).join(rest)
}

/// Reads an object; `None` if the folder does not have it.
pub(super) fn read(folder: &Path, id: &ObjectId, limit: u64) -> Result<Option<(ObjectKind, Vec<u8>)>, Fault> {
    let file = match fs::File::open(path(folder, id)) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    read_file(file, limit).map(Some)
}

/// Kind and size of the object in `file`, from its start.
pub(super) fn header(file: &mut fs::File) -> Result<(ObjectKind, u64), Fault> {
    let header = start_of_stream(file, LONGEST_HEADER)?;
    let (kind, size, _) = parse_header(&header).ok_or(Fault::Header)?;
    Ok((kind, size))
}

/// Reads the object in `file`.
pub(super) fn read_file(file: fs::File, limit: u64) -> Result<(ObjectKind, Vec<u8>), Fault> {
    let size = file.metadata()?.len();
    let mut compressed = Vec::with_capacity(size.min(MAX_GUESS as u64) as usize + 1);
    // Compressed data can be larger than the content, by little.
    file.take(limit.saturating_add(limit / 64 + 1024)).read_to_end(&mut compressed)?;
    if let Some(found) = read_small(&compressed, limit) {
        return Ok(found);
    }
    // The header is inflated as far as it goes; what is cut or broken is found out below.
    let header = start_of_stream(compressed.as_slice(), LONGEST_HEADER)?;
    let (kind, size, header_len) = parse_header(&header).ok_or(Fault::Header)?;
    let len = believable(size, compressed.len() as u64, limit)?;
    let mut bytes = vec![0; header_len + len];
    Inflater::new().fill(&compressed, &mut bytes)?;
    bytes.drain(..header_len);
    Ok((kind, bytes))
}

/// Inflates an object in one go, its size being guessed. `None` if the guess is bad, or the object.
fn read_small(compressed: &[u8], limit: u64) -> Option<(ObjectKind, Vec<u8>)> {
    let guess = compressed.len().checked_mul(USUAL_EXPANSION).filter(|&guess| guess <= MAX_GUESS)?;
    let mut bytes = vec![0; LONGEST_HEADER + guess];
    let len = Inflater::new().fit(compressed, &mut bytes)?;
    bytes.truncate(len);
    let (kind, size, header_len) = parse_header(&bytes[..len.min(LONGEST_HEADER)])?;
    if size > limit || (len - header_len) as u64 != size {
        return None;
    }
    bytes.drain(..header_len);
    Some((kind, bytes))
}

fn parse_header(bytes: &[u8]) -> Option<(ObjectKind, u64, usize)> {
    let end = bytes.iter().position(|&byte| byte == 0)?;
    let text = str::from_utf8(&bytes[..end]).ok()?;
    let (kind, size) = text.split_once(' ')?;
    Some((ObjectKind::from_name(kind.as_bytes())?, size.parse().ok()?, end + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers() {
        assert_eq!(parse_header(b"blob 12\0hello"), Some((ObjectKind::Blob, 12, 8)));
        for broken in [&b"blob 12"[..], b"blob\0", b"blob x\0", b"what 1\0", b"\xff 1\0", b"blob -1\0"] {
            assert_eq!(parse_header(broken), None);
        }
    }
}
