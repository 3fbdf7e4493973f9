//! Unified diffs, as `diff -u`, `git diff`, `git log -p` and `git format-patch` write them.
//!
//! Every hunk is handed over as its new side, the added lines being fresh, under the real path,
//! lines and commit. Memory is bounded by the longest hunk or a part. Must not apply anything.

mod header;

use std::{
    fmt,
    io::{self, BufRead, BufReader, ErrorKind, Read},
    sync::{Mutex, PoisonError},
};

use bstr::{BString, ByteSlice as _};

use self::header::{Names, Ranges};
use super::{
    Problem, Skip, Source, SourceError, Visitor,
    windows::{self, PART, Place},
};
use crate::{
    origin::{Entry, Kind, ObjectId, Origin},
    text::{Fresh, Span},
};

/// A patch, read to its end.
pub struct Patch {
    name: BString,
    reader: Mutex<Option<Box<dyn Read + Send>>>,
}

/// Longest piece of a line that is looked at in one go. Headers are shorter by far.
const PIECE: u64 = 1 << 20;

/// Bytes of a commit message that are scanned.
const MAX_MESSAGE: usize = 1 << 20;

/// The name that commit messages have, as in git's own folder.
const MESSAGE_NAME: &str = "COMMIT_EDITMSG";

impl Patch {
    /// What `reader` gives; problems call it `name`. It is read once.
    #[must_use]
    pub fn new(name: impl Into<BString>, reader: Box<dyn Read + Send>) -> Self {
        Self { name: name.into(), reader: Mutex::new(Some(reader)) }
    }
}

impl fmt::Debug for Patch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Patch").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Source for Patch {
    fn visit(&self, visitor: &dyn Visitor) -> Result<(), SourceError> {
        let Some(reader) = self.reader.lock().unwrap_or_else(PoisonError::into_inner).take() else {
            return Ok(());
        };
        let mut parser = Parser::new(&self.name, visitor);
        if let Err(error) = parser.run(&mut BufReader::new(reader)) {
            parser.problem(&format!("cannot be read to its end: {error}"));
        }
        parser.finish();
        Ok(())
    }
}

/// Goes through a patch line by line.
struct Parser<'p> {
    name: &'p BString,
    visitor: &'p dyn Visitor,
    /// Number of the line of the patch.
    line: usize,
    commit: Option<ObjectId>,
    /// True in mails of `format-patch`, whose messages are not indented.
    mail: bool,
    /// Text behind the line that names a commit.
    message: Vec<u8>,
    /// The name behind `---`, until `+++` comes.
    old: Option<BString>,
    section: Option<Section>,
    hunk: Option<Hunk>,
    /// Whether there was any file or commit, and anything else.
    found: bool,
    anything: bool,
}

/// The changes of one file.
struct Section {
    entry: Entry,
    /// The names of a `diff --git` line, which tell whether paths have prefixes.
    names: Option<Names>,
    /// True once the path is that of a `+++` line.
    named: bool,
    /// True if git spelt the path out without a prefix.
    exact: bool,
    deleted: bool,
    skip: Option<Skip>,
    wanted: Option<bool>,
    handed: bool,
    /// Whether a hunk, good or bad, was seen.
    hunks: bool,
    /// Bytes of the new side in the hunks so far.
    offset: u64,
}

/// A hunk being read.
struct Hunk {
    /// Lines to come, in each old file and in the new one.
    ranges: Ranges,
    text: Vec<u8>,
    fresh: Vec<Span>,
    place: Place,
    /// What the line in hand is, for its further pieces.
    current: Side,
}

/// Where a line of a hunk stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    /// On the new side, and in no old file.
    Added,
    /// On the new side, and in an old file.
    Kept,
    /// Not on the new side.
    Gone,
}

impl<'p> Parser<'p> {
    fn new(name: &'p BString, visitor: &'p dyn Visitor) -> Self {
        Self {
            name,
            visitor,
            line: 0,
            commit: None,
            mail: false,
            message: Vec::new(),
            old: None,
            section: None,
            hunk: None,
            found: false,
            anything: false,
        }
    }

    fn run(&mut self, reader: &mut dyn BufRead) -> io::Result<()> {
        let mut piece = Vec::new();
        let mut within_line = false;
        while !self.visitor.cancelled() {
            let ended = read_piece(reader, &mut piece)?;
            if piece.is_empty() && !ended {
                break;
            }
            if within_line {
                self.continue_line(&piece, ended);
            } else {
                self.line += 1;
                self.anything = self.anything || !piece.trim().is_empty();
                if !self.hunk_line(&piece, ended) {
                    self.header_line(piece.strip_suffix(b"\r").unwrap_or(&piece));
                }
            }
            within_line = !ended;
        }
        Ok(())
    }

    fn problem(&self, message: &str) {
        self.visitor.problem(Problem { subject: self.name.clone(), message: message.to_owned() });
    }

    fn problem_here(&self, message: &str) {
        self.problem(&format!("line {}: {message}", self.line));
    }

    /// Ends what is open.
    fn finish(&mut self) {
        if self.hunk.is_some() && !self.visitor.cancelled() {
            self.problem("ends within a hunk; what is there was scanned");
        }
        self.end_section();
        self.end_message();
        if self.anything && !self.found && !self.visitor.cancelled() {
            self.problem("no patch found in it; give the output of `git diff` or `diff -u`");
        }
    }

    /// Takes a line of the open hunk; false if it is none.
    fn hunk_line(&mut self, line: &[u8], ended: bool) -> bool {
        let Some(hunk) = &mut self.hunk else {
            return false;
        };
        if line.starts_with(b"\\") {
            return true;
        }
        let Some((side, text)) = hunk.ranges.take(line) else {
            self.problem_here("the hunk is shorter than its header says; what is there was scanned");
            self.end_hunk();
            return false;
        };
        hunk.current = side;
        self.add(text, ended);
        true
    }

    /// Takes a further piece of a line longer than a piece.
    fn continue_line(&mut self, piece: &[u8], ended: bool) {
        if self.hunk.is_some() {
            self.add(piece, ended);
        }
    }

    /// Adds a piece of the current line to the hunk.
    fn add(&mut self, piece: &[u8], ended: bool) {
        let (Some(hunk), Some(section)) = (&mut self.hunk, &mut self.section) else {
            return;
        };
        if hunk.current != Side::Gone && section.is_wanted(self.visitor) {
            let start = hunk.text.len();
            hunk.text.extend_from_slice(piece);
            if ended {
                hunk.text.push(b'\n');
            }
            if hunk.current == Side::Added {
                hunk.fresh.push(Span::new(start, hunk.text.len()));
            }
            if hunk.text.len() >= PART {
                hunk.hand_over(section, self.visitor);
            }
        }
        if ended && hunk.ranges.is_over() {
            self.end_hunk();
        }
    }

    fn end_hunk(&mut self) {
        if let (Some(mut hunk), Some(section)) = (self.hunk.take(), &mut self.section) {
            section.offset = hunk.place.offset + hunk.text.len() as u64;
            hunk.hand_over(section, self.visitor);
        }
    }

    /// Takes a line outside of hunks.
    fn header_line(&mut self, line: &[u8]) {
        if let Some(rest) = line.strip_prefix(b"diff --git ") {
            self.begin_section(Names::of_git_line(rest), None);
        } else if let Some(path) =
            line.strip_prefix(b"diff --cc ").or_else(|| line.strip_prefix(b"diff --combined "))
        {
            self.begin_section(None, Some(header::unquoted(path)));
        } else if let Some(commit) = self.commit_in(line) {
            self.end_section();
            self.end_message();
            self.found = true;
            self.commit = Some(commit);
        } else if let Some(old) = line.strip_prefix(b"--- ") {
            self.old = Some(header::file_name(old));
        } else if let (Some(new), Some(old)) = (line.strip_prefix(b"+++ "), self.old.take()) {
            self.name_section(old, header::file_name(new));
        } else if self.section.as_ref().is_some_and(|section| section.named) && line.starts_with(b"@@") {
            self.begin_hunk(line);
        } else if let Some(section) = &mut self.section {
            section.read_attribute(line);
        } else if self.commit.is_some() && self.message.len() < MAX_MESSAGE {
            self.message.extend_from_slice(line);
            self.message.push(b'\n');
        }
    }

    /// The commit that a line of `git log` or of a mail names.
    fn commit_in(&mut self, line: &[u8]) -> Option<ObjectId> {
        let (rest, mail) = match line.strip_prefix(b"From ") {
            Some(rest) => (rest, true),
            None => (line.strip_prefix(b"commit ")?, false),
        };
        if self.mail && !mail {
            return None;
        }
        let commit = ObjectId::from_hex(rest.split(|&byte| byte == b' ').next()?)?;
        self.mail = mail;
        Some(commit)
    }

    fn begin_section(&mut self, names: Option<Names>, path: Option<BString>) {
        self.end_section();
        self.end_message();
        self.found = true;
        self.old = None;
        let exact = path.is_some();
        let path = path.or_else(|| names.as_ref().map(|names| names.path().to_owned())).unwrap_or_default();
        let origin = Origin { commit: self.commit, ..Origin::file(path) };
        self.section = Some(Section {
            entry: Entry { origin, ..Entry::default() },
            names,
            named: false,
            exact,
            deleted: false,
            skip: None,
            wanted: None,
            handed: false,
            hunks: false,
            offset: 0,
        });
    }

    /// Takes the names of `---` and `+++`.
    fn name_section(&mut self, old: BString, new: BString) {
        if self.section.as_ref().is_none_or(|section| section.named) {
            self.begin_section(None, None);
        }
        let Some(section) = &mut self.section else {
            return;
        };
        section.named = true;
        let absent = header::is_absent;
        if absent(&new) {
            section.deleted = true;
        } else if !section.exact {
            let names = Names { old, new };
            section.entry.new_name |= absent(&names.old);
            // `/dev/null` says nothing on prefixes; the line of `diff --git` does.
            let told = if absent(&names.old) { section.names.as_ref() } else { None };
            let prefixed = told.unwrap_or(&names).have_prefixes();
            section.entry.origin.path = names.new_path(prefixed).to_owned();
        }
    }

    fn begin_hunk(&mut self, line: &[u8]) {
        if let Some(section) = &mut self.section {
            section.hunks = true;
        }
        let Some((ranges, first)) = header::hunk(line) else {
            return self.problem_here("not the header of a hunk; what follows was not scanned");
        };
        let Some(section) = &self.section else {
            return;
        };
        let over = ranges.is_over();
        self.hunk = Some(Hunk {
            ranges,
            text: Vec::new(),
            fresh: Vec::new(),
            place: Place { offset: section.offset, line: first.max(1), column: 1 },
            current: Side::Gone,
        });
        if over {
            self.end_hunk();
        }
    }

    fn end_section(&mut self) {
        self.end_hunk();
        let Some(mut section) = self.section.take() else {
            return;
        };
        self.old = None;
        if section.named && !section.hunks {
            self.problem_here("names a file but has no hunk of it");
        }
        if section.deleted || section.entry.origin.path.is_empty() {
            return;
        }
        // New names count even where there is no text: of renamed, empty and binary files.
        if section.entry.new_name && !section.handed && section.is_wanted(self.visitor) {
            self.visitor.content(&section.entry, b"", &Fresh::All);
        }
        if let Some(why) = section.skip
            && section.wanted != Some(false)
        {
            self.visitor.skipped(&section.entry, why);
        }
    }

    /// Hands over what stands between the line that names a commit and its changes.
    fn end_message(&mut self) {
        let text = std::mem::take(&mut self.message);
        if text.trim().is_empty() {
            return;
        }
        let origin = Origin { kind: Kind::CommitMessage, commit: self.commit, ..Origin::file(MESSAGE_NAME) };
        let entry = Entry { origin, size: Some(text.len() as u64), ..Entry::default() };
        if self.visitor.wants(&entry) {
            self.visitor.content(&entry, &text, &Fresh::All);
        }
    }
}

impl Section {
    /// Asks the visitor, once.
    fn is_wanted(&mut self, visitor: &dyn Visitor) -> bool {
        if self.skip == Some(Skip::Submodule) {
            return false;
        }
        *self.wanted.get_or_insert_with(|| visitor.wants(&self.entry))
    }

    /// Takes an extended header line of git.
    fn read_attribute(&mut self, line: &[u8]) {
        let after = |prefix: &str| line.strip_prefix(prefix.as_bytes());
        if let Some(mode) = after("new file mode ") {
            self.entry.new_name = true;
            self.read_mode(mode);
        } else if let Some(mode) = after("new mode ") {
            self.read_mode(mode);
        } else if let Some((_, mode)) = after("index ").and_then(|ids| ids.split_once_str(b" ")) {
            self.read_mode(mode);
        } else if after("deleted file mode ").is_some() {
            self.deleted = true;
        } else if let Some(path) = after("rename to ").or_else(|| after("copy to ")) {
            self.entry.new_name = true;
            self.exact = true;
            self.entry.origin.path = header::unquoted(path);
        } else if line == b"GIT binary patch"
            || after("Binary files ").is_some() && line.ends_with(b" differ")
        {
            self.skip = Some(Skip::BinaryPatch);
        }
    }

    fn read_mode(&mut self, mode: &[u8]) {
        self.entry.executable = mode == b"100755";
        match mode {
            b"120000" => self.entry.origin.kind = Kind::Symlink,
            b"160000" => self.skip = Some(Skip::Submodule),
            _ => {}
        }
    }
}

impl Hunk {
    /// Hands over what is new since the last time, and keeps the last lines for the next.
    fn hand_over(&mut self, section: &mut Section, visitor: &dyn Visitor) {
        let fresh = Fresh::from_spans(std::mem::take(&mut self.fresh));
        if !fresh.is_empty() {
            let part = windows::part_of(&section.entry, &self.place);
            // The first text of a file carries its name, wherever it stands.
            let part = Entry { new_name: section.entry.new_name && !section.handed, ..part };
            visitor.content(&part, &self.text, &fresh);
            section.handed = true;
        }
        let keep = windows::keep_from(&self.text, self.text.len(), false);
        self.place.advance(&self.text[..keep]);
        self.text.drain(..keep);
    }
}

/// Reads a line without its newline, or a piece of it. True if the newline was there; at the end
/// of the patch, an empty piece and false.
fn read_piece(reader: &mut dyn BufRead, piece: &mut Vec<u8>) -> io::Result<bool> {
    piece.clear();
    loop {
        match reader.take(PIECE).read_until(b'\n', piece) {
            Ok(_) => break,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    let ended = piece.last() == Some(&b'\n');
    if ended {
        piece.pop();
    }
    Ok(ended)
}
