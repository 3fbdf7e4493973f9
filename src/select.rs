//! Scan or skip, with the reason: decided on the entry, before its content is read.
//!
//! Must not read content, nor know rules. Lock files and minified files are not skipped: what is
//! found in them is judged by filters, which keep what they remove.

use crate::{
    glob::{self, GlobMap},
    origin::{Entry, Kind, Skip},
};

/// What is skipped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Longest content that is read, in bytes.
    pub max_size: u64,
    /// Globs of paths that are not read.
    pub exclude: Vec<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self { max_size: MAX_SIZE, exclude: Vec::new() }
    }
}

/// The default of [`Options::max_size`]: beyond it lie disk images and the like. Content is read
/// in parts, so that the limit is one of time and not of memory.
pub const MAX_SIZE: u64 = 256 << 20;

/// Decides on entries.
#[derive(Clone, Debug)]
pub struct Selector {
    max_size: u64,
    exclude: Option<GlobMap<()>>,
}

impl Selector {
    /// Takes the options over.
    ///
    /// # Errors
    ///
    /// A sentence on the first glob that cannot be read.
    pub fn new(options: &Options) -> Result<Self, String> {
        let mut exclude = GlobMap::new();
        for glob in &options.exclude {
            exclude.insert(glob, ())?;
        }
        let exclude = (!options.exclude.is_empty()).then_some(exclude);
        Ok(Self { max_size: options.max_size, exclude })
    }

    /// Whether to read an entry.
    ///
    /// An exclusion matches the path, or the name of an archive member. Media go by the ending
    /// of the name alone, before anything is read: a text that is called `x.png` is not read, and
    /// counted as skipped.
    ///
    /// # Errors
    ///
    /// The reason not to read it.
    pub fn decide(&self, entry: &Entry) -> Result<(), Skip> {
        let kind = entry.origin.kind;
        let named = !matches!(kind, Kind::CommitMessage | Kind::TagMessage);
        if named && self.is_excluded(entry) {
            return Err(Skip::Excluded);
        }
        if kind == Kind::File && is_media_name(entry.origin.rule_path()) {
            return Err(Skip::Media);
        }
        if entry.size.is_some_and(|size| size > self.max_size) {
            return Err(Skip::TooLarge);
        }
        Ok(())
    }

    fn is_excluded(&self, entry: &Entry) -> bool {
        let Some(globs) = &self.exclude else {
            return false;
        };
        let origin = &entry.origin;
        let excluded = |path: &[u8]| !globs.get(path).is_empty();
        excluded(&origin.path) || origin.members.iter().any(|member| excluded(member))
    }
}

/// Endings of names of pictures, sound, film and fonts, sorted. Left out: formats of text (svg,
/// eps, ps), and endings that source code has, too (ts, raw, hdr).
const MEDIA: [&[u8]; 66] = [
    b"3gp", b"aac", b"aif", b"aiff", b"amr", b"arw", b"avi", b"avif", b"bmp", b"cr2", b"cur", b"dds", b"dng",
    b"eot", b"exr", b"flac", b"flv", b"gif", b"heic", b"heif", b"icns", b"ico", b"jp2", b"jpe", b"jpeg",
    b"jpg", b"jxl", b"ktx", b"ktx2", b"m4a", b"m4v", b"mid", b"midi", b"mkv", b"mov", b"mp3", b"mp4",
    b"mpeg", b"mpg", b"nef", b"oga", b"ogg", b"ogv", b"opus", b"orf", b"otf", b"pbm", b"pgm", b"png", b"ppm",
    b"psd", b"tga", b"tif", b"tiff", b"ttc", b"ttf", b"wav", b"weba", b"webm", b"webp", b"wma", b"wmv",
    b"woff", b"woff2", b"xcf", b"xwd",
];

/// Longest of [`MEDIA`].
const MEDIA_LONGEST: usize = 5;

/// True if a file of this name holds no text, as far as its ending tells.
#[must_use]
pub fn is_media_name(path: &[u8]) -> bool {
    let name = glob::file_name(path);
    let Some(dot) = memchr::memrchr(b'.', name) else {
        return false;
    };
    let ending = &name[dot + 1..];
    if ending.len() > MEDIA_LONGEST {
        return false;
    }
    let mut folded = [0; MEDIA_LONGEST];
    let folded = &mut folded[..ending.len()];
    folded.copy_from_slice(ending);
    folded.make_ascii_lowercase();
    MEDIA.binary_search(&&*folded).is_ok()
}

/// True if `bytes` starts as a picture, sound, film or font does, and is binary: for content
/// whose name does not tell, once it has been read.
#[must_use]
pub fn is_media_content(bytes: &[u8]) -> bool {
    const STARTS: [&[u8]; 13] = [
        b"\x89PNG\r\n\x1a\n",
        b"\xff\xd8\xff",
        b"GIF87a",
        b"GIF89a",
        b"II*\0",
        b"MM\0*",
        b"OggS",
        b"fLaC",
        b"ID3",
        b"wOFF",
        b"wOF2",
        b"OTTO",
        b"\x1a\x45\xdf\xa3",
    ];
    const IN_RIFF: [&[u8]; 3] = [b"WAVE", b"WEBP", b"AVI "];
    let head = &bytes[..bytes.len().min(HEAD)];
    let riff = head.starts_with(b"RIFF") && head.get(8..12).is_some_and(|form| IN_RIFF.contains(&form));
    let container = head.get(4..8) == Some(b"ftyp");
    let known = riff || container || STARTS.iter().any(|start| head.starts_with(start));
    // Text may start like that, too: it has no NUL.
    known && memchr::memchr(0, head).is_some()
}

/// Bytes that [`is_media_content`] looks at: the first NUL of media comes far earlier.
const HEAD: usize = 512;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::origin::Origin;

    fn check(entry: &Entry, expected: Result<(), Skip>) {
        let options = Options { max_size: 1000, exclude: vec!["vendor/**".into(), "*.snap".into()] };
        let selector = Selector::new(&options).unwrap();
        assert_eq!(selector.decide(entry), expected, "{entry:?}");
    }

    #[test]
    fn entries_are_judged_by_path_kind_and_size() {
        check(&Entry::file("src/a.rs"), Ok(()));
        check(&Entry::file("vendor/a.rs"), Err(Skip::Excluded));
        check(&Entry::file("a/vendor/a.rs"), Ok(()));
        check(&Entry::file("a/b.snap"), Err(Skip::Excluded));
        check(&Entry::file("logo.PNG"), Err(Skip::Media));
        check(&Entry::file("package-lock.json"), Ok(()));
        check(&Entry::file("x.min.js"), Ok(()));
        check(&Entry { size: Some(1000), ..Entry::file("a") }, Ok(()));
        check(&Entry { size: Some(1001), ..Entry::file("a") }, Err(Skip::TooLarge));
    }

    #[test]
    fn members_links_and_messages_are_judged_as_what_they_are() {
        let mut member = Entry::file("a.zip");
        member.origin.members.push("deep/logo.gif".into());
        check(&member, Err(Skip::Media));
        member.origin.members[0] = "vendor/x".into();
        check(&member, Err(Skip::Excluded));
        let of_kind =
            |kind, path: &str| Entry { origin: Origin { kind, ..Origin::file(path) }, ..Entry::default() };
        check(&of_kind(Kind::Symlink, "logo.png"), Ok(()));
        check(&of_kind(Kind::CommitMessage, "vendor/x"), Ok(()));
    }

    #[test]
    fn media_endings_are_sorted_and_within_the_longest() {
        assert!(MEDIA.is_sorted());
        assert!(MEDIA.iter().all(|ending| ending.len() <= MEDIA_LONGEST));
        for (name, expected) in [("a.woff2", true), ("png", false), ("a.", false), ("a.png.rs", false)] {
            assert_eq!(is_media_name(name.as_bytes()), expected, "{name}");
        }
    }

    #[test]
    fn media_content_is_binary() {
        assert!(is_media_content(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"));
        assert!(is_media_content(b"RIFF\x24\0\0\0WAVEfmt "));
        assert!(!is_media_content(b"GIF89a is how pictures start"));
        assert!(!is_media_content(b""));
    }

    #[test]
    fn a_bad_glob_is_an_error() {
        assert!(Selector::new(&Options { exclude: vec!["[".into()], ..Options::default() }).is_err());
    }
}
