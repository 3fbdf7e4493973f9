//! Reads git configuration files: the few values that decide where things are.
//!
//! Conditional includes are followed for `gitdir:` and `gitdir/i:`; other conditions count as
//! false. Must not write, and must not run what a value names.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use bstr::{BStr, BString, ByteSlice as _};

use crate::glob::Glob;

/// Files that include files that include files: git stops at ten.
const MAX_INCLUDE_DEPTH: usize = 10;

/// What paths in values and conditions are relative to.
#[derive(Clone, Copy, Debug, Default)]
pub struct Context<'a> {
    /// What `~` stands for.
    pub home: Option<&'a Path>,
    /// What `gitdir:` conditions look at.
    pub git_dir: Option<&'a Path>,
}

/// Values in the order they were read; the last one of a name counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    values: Vec<(BString, Option<BString>)>,
}

impl Config {
    /// Adds the values of the file at `path`, and of the files it includes. A file that is not
    /// there adds nothing, as in git.
    ///
    /// # Errors
    ///
    /// If it is there and cannot be read.
    pub fn add_file(&mut self, path: &Path, context: Context<'_>) -> io::Result<()> {
        self.add_nested(path, context, 0)
    }

    /// Adds one value.
    pub fn add(&mut self, name: &BStr, value: Option<&BStr>) {
        self.values.push((normal(name), value.map(ToOwned::to_owned)));
    }

    /// Adds the values of another configuration.
    pub fn extend(&mut self, other: &Self) {
        self.values.extend_from_slice(&other.values);
    }

    /// The value of `name` (`section.key` or `section.sub.key`, section and key in lower case).
    /// A key without a value reads as empty.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&BStr> {
        self.last_of(&[name])
    }

    /// The value that was set last under any of `names`.
    #[must_use]
    pub fn last_of(&self, names: &[&str]) -> Option<&BStr> {
        let found = self.values.iter().rev().find(|(key, _)| names.iter().any(|name| key == name))?;
        Some(found.1.as_ref().map_or(BStr::new(b""), |value| value.as_bstr()))
    }

    /// The value of `name` as git reads a boolean.
    #[must_use]
    pub fn bool(&self, name: &str) -> Option<bool> {
        match &self.values.iter().rev().find(|(key, _)| key == name)?.1 {
            None => Some(true),
            Some(value) => match value.to_ascii_lowercase().as_slice() {
                b"true" | b"yes" | b"on" => Some(true),
                b"" | b"false" | b"no" | b"off" => Some(false),
                number => Some(number.to_str().ok()?.parse::<i64>().ok()? != 0),
            },
        }
    }

    /// The value of `name` as a path, with `~/` expanded.
    #[must_use]
    pub fn path(&self, name: &str, home: Option<&Path>) -> Option<PathBuf> {
        expand(self.get(name)?, home).filter(|path| !path.as_os_str().is_empty())
    }

    /// The names that have a value, in the order they were read.
    pub fn names(&self) -> impl Iterator<Item = &BStr> {
        self.values.iter().map(|(name, _)| name.as_bstr())
    }

    fn add_nested(&mut self, path: &Path, context: Context<'_>, depth: usize) -> io::Result<()> {
        let text = match fs::read(path) {
            Ok(text) => text,
            Err(error) if absent(&error) => return Ok(()),
            Err(error) => return Err(error),
        };
        for (name, value) in parse(&text) {
            let included = included(&name, value.as_ref(), path, context);
            self.values.push((name, value));
            if let Some(file) = included
                && depth < MAX_INCLUDE_DEPTH
            {
                self.add_nested(&file, context, depth + 1)?;
            }
        }
        Ok(())
    }
}

/// True for errors that mean "no such file", which is no error for configuration.
fn absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// Expands `~/`; `None` if there is no home to expand it to, or it is not a path on this system.
fn expand(value: &BStr, home: Option<&Path>) -> Option<PathBuf> {
    if value == "~" {
        return home.map(Path::to_path_buf);
    }
    match value.strip_prefix(b"~/") {
        Some(rest) => Some(home?.join(rest.to_path().ok()?)),
        None => value.to_path().ok().map(Path::to_path_buf),
    }
}

/// The file that a value includes, if it does and its condition holds.
fn included(name: &BString, value: Option<&BString>, from: &Path, context: Context<'_>) -> Option<PathBuf> {
    let wanted = if name == "include.path" {
        true
    } else {
        let condition = name.strip_prefix(b"includeif.")?.strip_suffix(b".path")?;
        holds(condition.as_bstr(), from, context)
    };
    let file = expand(value?.as_bstr(), context.home).filter(|_| wanted)?;
    Some(from.parent().map_or_else(|| file.clone(), |folder| folder.join(&file)))
}

/// Whether the condition of an `includeIf` holds.
fn holds(condition: &BStr, from: &Path, context: Context<'_>) -> bool {
    let (pattern, any_case) = match condition.split_once_str(":") {
        Some((b"gitdir", pattern)) => (pattern.as_bstr(), false),
        Some((b"gitdir/i", pattern)) => (pattern.as_bstr(), true),
        _ => return false,
    };
    let (Some(git_dir), Ok(text)) = (context.git_dir, pattern.to_str()) else { return false };
    let slashed = |path: &Path| path.to_string_lossy().replace('\\', "/");
    let mut glob = if let Some(rest) = text.strip_prefix("~/") {
        let Some(home) = context.home else { return false };
        format!("{}/{rest}", slashed(home))
    } else if let (Some(rest), Some(folder)) = (text.strip_prefix("./"), from.parent()) {
        format!("{}/{rest}", slashed(folder))
    } else if Path::new(text).is_absolute() {
        text.to_owned()
    } else {
        format!("**/{text}")
    };
    if glob.ends_with('/') {
        glob.push_str("**");
    }
    let Ok(globs) = Glob::parse(&glob, any_case) else { return false };
    let real = dunce::canonicalize(git_dir).unwrap_or_else(|_| git_dir.to_path_buf());
    [git_dir, &real].iter().any(|folder| {
        let folder = slashed(folder);
        globs.iter().any(|glob| glob.matches(folder.trim_start_matches('/').as_bytes()))
    })
}

/// Section and key in lower case, the part between as it is.
fn normal(name: &BStr) -> BString {
    let mut name = name.to_owned();
    match (name.find_byte(b'.'), name.rfind_byte(b'.')) {
        (Some(first), Some(last)) => {
            name[..first].make_ascii_lowercase();
            name[last..].make_ascii_lowercase();
        }
        _ => name.make_ascii_lowercase(),
    }
    name
}

/// Names and values of a configuration file. What git would refuse is passed over.
fn parse(text: &[u8]) -> Vec<(BString, Option<BString>)> {
    let mut values = Vec::new();
    let mut section = BString::default();
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let mut at = 0;
    while at < text.len() {
        match text[at] {
            byte if byte.is_ascii_whitespace() => at += 1,
            b'#' | b';' => at = line_end(text, at),
            b'[' => {
                let (name, used) = parse_section(&text[at + 1..]);
                section = name;
                at += 1 + used;
            }
            _ => {
                let key_len = text[at..]
                    .iter()
                    .take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'-')
                    .count();
                if key_len == 0 {
                    at = line_end(text, at);
                    continue;
                }
                let mut name = section.clone();
                name.push(b'.');
                name.extend_from_slice(&text[at..at + key_len].to_ascii_lowercase());
                at += key_len;
                at += text[at..].iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
                if text.get(at) == Some(&b'=') {
                    let (value, used) = parse_value(&text[at + 1..]);
                    values.push((name, Some(value)));
                    at += 1 + used;
                } else {
                    values.push((name, None));
                    at = line_end(text, at);
                }
            }
        }
    }
    values
}

fn line_end(text: &[u8], at: usize) -> usize {
    memchr::memchr(b'\n', &text[at..]).map_or(text.len(), |end| at + end)
}

/// Reads what stands between `[` and `]`, and gives the bytes used with the `]`.
fn parse_section(text: &[u8]) -> (BString, usize) {
    let mut name = BString::default();
    let mut quoted = false;
    let mut at = 0;
    while at < text.len() {
        let byte = text[at];
        at += 1;
        match byte {
            b'\n' => break,
            b'\\' if quoted => {
                name.extend(text.get(at));
                at += 1;
            }
            b'"' => {
                if !quoted {
                    name.push(b'.');
                }
                quoted = !quoted;
            }
            b']' if !quoted => break,
            b' ' | b'\t' if !quoted => {}
            other if quoted => name.push(other),
            other => name.push(other.to_ascii_lowercase()),
        }
    }
    (name, at.min(text.len()))
}

/// Reads a value up to the end of its (continued) line, and gives the bytes used.
fn parse_value(text: &[u8]) -> (BString, usize) {
    let mut value = BString::default();
    // Blanks count inside quotes and between words, not at the end.
    let mut kept = 0;
    let mut quoted = false;
    let mut at = 0;
    while at < text.len() {
        let byte = text[at];
        at += 1;
        match byte {
            b'\n' => break,
            b'#' | b';' if !quoted => {
                at = line_end(text, at);
                break;
            }
            b'"' => {
                quoted = !quoted;
                kept = value.len();
            }
            b'\\' => {
                let escape = text.get(at).copied();
                at += 1;
                match escape {
                    Some(b'\n') => continue,
                    Some(b'\r') if text.get(at) == Some(&b'\n') => {
                        at += 1;
                        continue;
                    }
                    Some(b'n') => value.push(b'\n'),
                    Some(b't') => value.push(b'\t'),
                    Some(b'b') => value.push(8),
                    Some(other) => value.push(other),
                    None => break,
                }
                kept = value.len();
            }
            b' ' | b'\t' | b'\r' if !quoted => {
                if !value.is_empty() {
                    value.push(byte);
                }
            }
            other => {
                value.push(other);
                kept = value.len();
            }
        }
    }
    value.truncate(kept);
    (value, at.min(text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_git_reads() {
        let text = b"\xef\xbb\xbf[Core]\n\tHooksPath = ~/hooks dir # why\n\tbare\n; comment\n\
            [remote \"Up \\\"Stream\"] url = a;b\n[x.Y] z=\"a;b \" c\\\n d \\t\n[e]v=\n  [f] on = YES\r\nnum = 0\n";
        let config = Config { values: parse(text) };
        for (name, expected) in [
            ("core.hookspath", Some("~/hooks dir")),
            ("core.bare", Some("")),
            ("remote.Up \"Stream.url", Some("a")),
            ("x.y.z", Some("a;b  c d \t")),
            ("e.v", Some("")),
            ("none.such", None),
        ] {
            assert_eq!(config.get(name), expected.map(BStr::new), "{name}");
        }
        for (name, expected) in
            [("core.bare", Some(true)), ("f.on", Some(true)), ("f.num", Some(false)), ("e.v", Some(false))]
        {
            assert_eq!(config.bool(name), expected, "{name}");
        }
        let home = Path::new("/home/u");
        assert_eq!(config.path("core.hookspath", Some(home)), Some(home.join("hooks dir")));
        assert_eq!(config.path("core.hookspath", None), None);
    }

    #[test]
    fn includes_follow_their_condition() {
        let scratch = tempfile::tempdir().unwrap();
        let file = |name: &str| scratch.path().join(name);
        fs::write(
            file("main"),
            "[include]\npath=a\n[includeIf \"gitdir:**/project/.git\"]\npath=b\n\
             [includeIf \"gitdir:elsewhere/\"]\npath=c\n[includeIf \"onbranch:main\"]\npath=c\n\
             [include]\npath=main\n",
        )
        .unwrap();
        for name in ["a", "b", "c"] {
            fs::write(file(name), format!("[k]\n{name} = 1\n")).unwrap();
        }
        let git_dir = file("project").join(".git");
        let mut config = Config::default();
        config.add_file(&file("main"), Context { home: None, git_dir: Some(&git_dir) }).unwrap();
        assert_eq!((config.get("k.a").is_some(), config.get("k.b").is_some()), (true, true));
        assert_eq!(config.get("k.c"), None);
    }

    #[test]
    fn odd_bytes_end_in_no_panic() {
        let text = b"[a \"b\\\"\nx = \"\\\n[[]=\\";
        for end in 0..=text.len() {
            parse(&text[..end]);
        }
    }
}
