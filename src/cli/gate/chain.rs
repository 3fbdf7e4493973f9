//! The log of overrides: lines of JSON, each with the hash of the one before.
//!
//! Whoever changes, drops or reorders lines breaks the chain from there on. Lines cut off at the end
//! leave a chain that holds: note the last hash elsewhere from time to time, and have it looked for.
//! Must not hold a secret: a finding is named by its fingerprint.

use std::{
    fs::{File, OpenOptions},
    io::{BufRead as _, BufReader, Read as _, Seek as _, SeekFrom, Write as _},
    path::Path,
};

use anyhow::{Context as _, Result, bail};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

/// What stands in front of the first line.
const FIRST: &str = "0000000000000000000000000000000000000000000000000000000000000000";
/// How a line ends, around its hash.
const BEFORE_HASH: &str = ",\"hash\":\"";
const AFTER_HASH: &str = "\"}";
/// Bytes of the longest line: paths and reasons are cut before they come here.
const LONGEST: u64 = 64 << 10;

/// A log whose lines hold.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Verified {
    /// Number of lines.
    pub(crate) lines: u64,
    /// Hash of the last one, or what stands in front of the first.
    pub(crate) last: String,
}

/// Appends entries, all or none of them.
pub(crate) fn append(path: &Path, entries: &[Map<String, Value>]) -> Result<()> {
    let shown = || format!("{}: cannot write the log of overrides", path.display());
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).with_context(shown)?;
    }
    let mut file = OpenOptions::new().read(true).append(true).create(true).open(path).with_context(shown)?;
    // Hooks run at once; the lock goes with the file.
    file.lock().with_context(shown)?;
    let (mut number, mut previous) = last_of(&mut file).with_context(shown)?;
    let mut text = String::new();
    for entry in entries {
        number += 1;
        let mut line = Map::new();
        line.insert("number".to_owned(), number.into());
        line.insert("previous".to_owned(), previous.into());
        line.extend(entry.clone());
        let body = Value::Object(line).to_string();
        if body.len() as u64 > LONGEST / 2 {
            bail!("{}: an entry of {} bytes is too long", path.display(), body.len());
        }
        let hash = hash(&body);
        text.push_str(&body[..body.len() - 1]);
        text.push_str(&format!("{BEFORE_HASH}{hash}{AFTER_HASH}\n"));
        previous = hash;
    }
    let length = file.metadata().with_context(shown)?.len();
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_data());
    if let Err(error) = written {
        // Half a line would break the chain for those who come after.
        drop(file.set_len(length));
        return Err(error).with_context(shown);
    }
    Ok(())
}

/// Number and hash of the last line.
fn last_of(file: &mut File) -> Result<(u64, String)> {
    let length = file.metadata()?.len();
    if length == 0 {
        return Ok((0, FIRST.to_owned()));
    }
    file.seek(SeekFrom::Start(length.saturating_sub(LONGEST)))?;
    let mut tail = Vec::new();
    file.read_to_end(&mut tail)?;
    let text = String::from_utf8_lossy(&tail);
    let line = text.strip_suffix('\n').and_then(|text| text.lines().last());
    let line = line.context("its last line is cut short; see `abatis log verify`")?;
    let (body, hash) = take_apart(line).context("its last line is damaged; see `abatis log verify`")?;
    let number = body.get("number").and_then(Value::as_u64).context("its last line has no number")?;
    Ok((number, hash))
}

/// Checks all of a log; `expected` is a hash that one of its lines must have.
pub(crate) fn verify(path: &Path, expected: Option<&str>) -> Result<Verified> {
    let shown = path.display();
    let file = File::open(path).with_context(|| format!("{shown}: cannot read the log"))?;
    let mut reader = BufReader::new(file);
    let mut verified = Verified { lines: 0, last: FIRST.to_owned() };
    let mut seen = expected == Some(FIRST);
    loop {
        let mut line = String::new();
        let number = verified.lines + 1;
        reader
            .by_ref()
            .take(LONGEST)
            .read_line(&mut line)
            .with_context(|| format!("{shown}:{number}: cannot be read"))?;
        if line.is_empty() {
            break;
        }
        let Some(line) = line.strip_suffix('\n') else { bail!("{shown}:{number}: the line is cut short") };
        let Some((body, hash)) = take_apart(line) else {
            bail!("{shown}:{number}: the line was changed: its hash is not that of its text");
        };
        if body.get("previous").and_then(Value::as_str) != Some(&verified.last) {
            bail!("{shown}:{number}: the line in front of this one was changed, dropped or moved");
        }
        if body.get("number").and_then(Value::as_u64) != Some(number) {
            bail!("{shown}:{number}: the line has another number");
        }
        seen |= expected == Some(hash.as_str());
        verified = Verified { lines: number, last: hash };
    }
    if let Some(expected) = expected.filter(|_| !seen) {
        bail!("{shown}: no line has the hash {expected}: lines were cut off, or it is of another log");
    }
    Ok(verified)
}

/// The entry of a line and its hash, if that is the right one.
fn take_apart(line: &str) -> Option<(Map<String, Value>, String)> {
    let (body, hash_part) = line.rsplit_once(BEFORE_HASH)?;
    let found = hash_part.strip_suffix(AFTER_HASH)?;
    let body = format!("{body}}}");
    if hash(&body) != found {
        return None;
    }
    match serde_json::from_str(&body).ok()? {
        Value::Object(entry) => Some((entry, found.to_owned())),
        _ => None,
    }
}

fn hash(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn entry(word: &str) -> Map<String, Value> {
        let mut entry = Map::new();
        entry.insert("reason".to_owned(), format!("{word} \",\"hash\":\"x\"}}").into());
        entry
    }

    #[test]
    fn lines_hold_until_somebody_changes_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/override.log");
        append(&path, &[entry("one"), entry("two")]).unwrap();
        append(&path, &[entry("three")]).unwrap();
        let whole = verify(&path, None).unwrap();
        assert_eq!(whole.lines, 3);
        let text = fs::read_to_string(&path).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        for (changed, what) in [
            (text.replace("two", "too"), "was changed"),
            (format!("{}\n{}\n", lines[0], lines[2]), "in front"),
            (format!("{}\n{}\n", lines[1], lines[0]), "in front"),
            (text.trim_end().to_owned(), "cut short"),
            (text.replace(&whole.last[..8], "00000000"), "was changed"),
        ] {
            fs::write(&path, changed).unwrap();
            let error = verify(&path, None).unwrap_err().to_string();
            assert!(error.contains(what), "{error}");
        }
        fs::write(&path, format!("{}\n{}\n", lines[0], lines[1])).unwrap();
        assert_eq!(verify(&path, None).unwrap().lines, 2);
        assert!(verify(&path, Some(&whole.last)).unwrap_err().to_string().contains("cut off"));
        fs::write(&path, &text[..text.len() - 5]).unwrap();
        assert!(append(&path, &[entry("four")]).is_err());
    }

    #[test]
    fn many_at_once_make_one_chain() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("override.log");
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| (0..10).for_each(|_| append(&path, &[entry("again")]).unwrap()));
            }
        });
        assert_eq!(verify(&path, None).unwrap().lines, 80);
    }
}
