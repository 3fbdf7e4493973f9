//! The variables that git sets for its hooks, as values.
//!
//! Must not read the environment: the edge does, and hands the pairs in.

use std::{
    collections::BTreeMap,
    ffi::{OsStr, OsString},
    path::PathBuf,
};

use bstr::{BString, ByteSlice as _};

use crate::origin::ObjectId;

/// What the environment says about the repository. Relative paths are relative to the folder
/// that discovery starts in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Environment {
    /// `GIT_DIR`.
    pub git_dir: Option<PathBuf>,
    /// `GIT_WORK_TREE`.
    pub work_tree: Option<PathBuf>,
    /// `GIT_COMMON_DIR`.
    pub common_dir: Option<PathBuf>,
    /// `GIT_INDEX_FILE`: during a commit the one index that tells the truth.
    pub index_file: Option<PathBuf>,
    /// `GIT_OBJECT_DIRECTORY`.
    pub object_directory: Option<PathBuf>,
    /// `GIT_ALTERNATE_OBJECT_DIRECTORIES`, taken apart and unquoted.
    pub alternate_objects: Vec<PathBuf>,
    /// `GIT_SHALLOW_FILE`: the commits without parents while a shallow push is received.
    pub shallow_file: Option<PathBuf>,
    /// `GIT_CEILING_DIRECTORIES`, taken apart: discovery does not go above them.
    pub ceilings: Vec<PathBuf>,
    /// Commits named by `GITHEAD_*`: what `git merge` is merging while pre-merge-commit runs,
    /// when there is no `MERGE_HEAD` yet.
    pub merge_heads: Vec<ObjectId>,
    /// `GIT_EDITOR`; git sets it to `:` for the hooks of a commit that opens no editor.
    pub editor: Option<OsString>,
    /// `HOME`, or `USERPROFILE` where only that is set.
    pub home: Option<PathBuf>,
    /// `XDG_CONFIG_HOME`.
    pub xdg_config_home: Option<PathBuf>,
    /// `GIT_CONFIG_GLOBAL`.
    pub config_global: Option<PathBuf>,
    /// `GIT_CONFIG_SYSTEM`; `None` for git's own place.
    pub config_system: Option<PathBuf>,
    /// `GIT_CONFIG_NOSYSTEM`.
    pub no_system_config: bool,
    /// Configuration of the command line: `GIT_CONFIG_PARAMETERS`, then `GIT_CONFIG_COUNT`.
    pub config: Vec<(BString, Option<BString>)>,
}

impl Environment {
    /// Picks what git uses out of the variables of a process.
    #[must_use]
    pub fn from_vars(vars: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        // Sorted, so that the order of the environment decides nothing.
        let vars: BTreeMap<OsString, OsString> = vars.into_iter().collect();
        let get = |name: &str| vars.get(OsStr::new(name)).filter(|value| !value.is_empty());
        let path = |name: &str| get(name).map(PathBuf::from);
        let mut environment = Self {
            git_dir: path("GIT_DIR"),
            work_tree: path("GIT_WORK_TREE"),
            common_dir: path("GIT_COMMON_DIR"),
            index_file: path("GIT_INDEX_FILE"),
            object_directory: path("GIT_OBJECT_DIRECTORY"),
            alternate_objects: get("GIT_ALTERNATE_OBJECT_DIRECTORIES").map_or_else(Vec::new, split_paths),
            shallow_file: path("GIT_SHALLOW_FILE"),
            ceilings: get("GIT_CEILING_DIRECTORIES").map_or_else(Vec::new, split_paths),
            merge_heads: Vec::new(),
            editor: get("GIT_EDITOR").cloned(),
            home: path("HOME").or_else(|| path("USERPROFILE")),
            xdg_config_home: path("XDG_CONFIG_HOME"),
            config_global: vars.get(OsStr::new("GIT_CONFIG_GLOBAL")).map(PathBuf::from),
            config_system: vars.get(OsStr::new("GIT_CONFIG_SYSTEM")).map(PathBuf::from),
            no_system_config: get("GIT_CONFIG_NOSYSTEM")
                .is_some_and(|value| value != "0" && value != "false"),
            config: get("GIT_CONFIG_PARAMETERS").map_or_else(Vec::new, |value| parameters(&bytes(value))),
        };
        for name in vars.keys() {
            let id = name.to_str().and_then(|name| name.strip_prefix("GITHEAD_"));
            environment.merge_heads.extend(id.and_then(|id| ObjectId::from_hex(id.as_bytes())));
        }
        let count = get("GIT_CONFIG_COUNT").and_then(|count| count.to_str()?.parse::<usize>().ok());
        for number in 0..count.unwrap_or(0) {
            // A count that lies ends with the first variable that is not there.
            let Some(key) = get(&format!("GIT_CONFIG_KEY_{number}")) else { break };
            let value = vars.get(OsStr::new(&format!("GIT_CONFIG_VALUE_{number}")));
            environment.config.push((bytes(key), value.map(|value| bytes(value))));
        }
        environment
    }
}

/// The bytes of a variable. On systems whose strings are not bytes, what is not Unicode is lost.
fn bytes(value: &OsStr) -> BString {
    value.as_encoded_bytes().to_vec().into()
}

/// Takes a list of paths apart. An element in double quotes is unquoted as git quotes it.
fn split_paths(list: &OsString) -> Vec<PathBuf> {
    let separator = if cfg!(windows) { b';' } else { b':' };
    let text = list.as_encoded_bytes();
    let mut paths = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let (path, used) = match unquote(&text[at..]) {
            Some((path, used)) => (path, used),
            None => {
                let end = memchr::memchr(separator, &text[at..]).unwrap_or(text.len() - at);
                (text[at..at + end].to_vec(), end)
            }
        };
        at += used + 1;
        if let Ok(path) = path.to_path()
            && !path.as_os_str().is_empty()
        {
            paths.push(path.to_path_buf());
        }
    }
    paths
}

/// Reads `"…"` with C escapes; `None` if `text` does not start with a whole quoted string.
fn unquote(text: &[u8]) -> Option<(Vec<u8>, usize)> {
    let mut out = Vec::new();
    let mut at = 1;
    if text.first() != Some(&b'"') {
        return None;
    }
    loop {
        let byte = *text.get(at)?;
        at += 1;
        match byte {
            b'"' => return Some((out, at)),
            b'\\' => {
                let escape = *text.get(at)?;
                at += 1;
                match escape {
                    b'a' => out.push(7),
                    b'b' => out.push(8),
                    b't' => out.push(b'\t'),
                    b'n' => out.push(b'\n'),
                    b'v' => out.push(11),
                    b'f' => out.push(12),
                    b'r' => out.push(b'\r'),
                    b'0'..=b'3' => {
                        let digits = [escape, *text.get(at)?, *text.get(at + 1)?];
                        at += 2;
                        let value = digits.iter().try_fold(0u32, |value, &digit| {
                            Some(value * 8 + char::from(digit).to_digit(8)?)
                        })?;
                        out.push(u8::try_from(value).ok()?);
                    }
                    other => out.push(other),
                }
            }
            other => out.push(other),
        }
    }
}

/// Reads `GIT_CONFIG_PARAMETERS`: `'key'='value'` (or, from older git, `'key=value'`), with blanks between.
fn parameters(text: &[u8]) -> Vec<(BString, Option<BString>)> {
    let mut pairs = Vec::new();
    let mut at = 0;
    loop {
        at += text[at..].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        let Some((key, used)) = shell_word(&text[at..]) else { return pairs };
        at += used;
        if text.get(at) == Some(&b'=') {
            let (value, used) = shell_word(&text[at + 1..]).unwrap_or_default();
            at += 1 + used;
            // `'key'=` is a key without a value, which git takes as true.
            pairs.push((key.into(), (used > 0).then(|| value.into())));
        } else if let Some((key, value)) = key.split_once_str("=") {
            pairs.push((key.into(), Some(value.into())));
        } else {
            pairs.push((key.into(), None));
        }
    }
}

/// Reads `'…'`, in which `'\''` and `'\!'` stand for a quote and an exclamation mark.
fn shell_word(text: &[u8]) -> Option<(Vec<u8>, usize)> {
    if text.first() != Some(&b'\'') {
        return None;
    }
    let mut word = Vec::new();
    let mut at = 1;
    loop {
        let end = memchr::memchr(b'\'', text.get(at..)?)?;
        word.extend_from_slice(&text[at..at + end]);
        at += end + 1;
        match text.get(at..at + 3) {
            Some([b'\\', quoted @ (b'\'' | b'!'), b'\'']) => {
                word.push(*quoted);
                at += 3;
            }
            _ => return Some((word, at)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(pairs: &[(&str, &str)]) -> Environment {
        Environment::from_vars(pairs.iter().map(|(name, value)| (name.into(), value.into())))
    }

    #[test]
    fn empty_variables_are_unset_ones() {
        assert_eq!(from(&[("GIT_DIR", ""), ("GIT_INDEX_FILE", ""), ("OTHER", "x")]), Environment::default());
    }

    #[cfg(not(windows))]
    #[test]
    fn alternates_may_be_quoted() {
        let environment =
            from(&[("GIT_ALTERNATE_OBJECT_DIRECTORIES", r#"/a:"/with:colon\"and\303\244":rel:"broken"#)]);
        let expected = ["/a", "/with:colon\"andä", "rel", "\"broken"].map(PathBuf::from);
        assert_eq!(environment.alternate_objects, expected);
    }

    #[test]
    fn configuration_of_the_command_line() {
        let environment = from(&[
            ("GIT_CONFIG_PARAMETERS", r"'core.hookspath'='it'\''s' 'a.b=c'  'bare.key'= 'd.e'"),
            ("GIT_CONFIG_COUNT", "3"),
            ("GIT_CONFIG_KEY_0", "x.y"),
            ("GIT_CONFIG_VALUE_0", ""),
        ]);
        let pair = |key: &str, value: Option<&str>| (BString::from(key), value.map(BString::from));
        assert_eq!(
            environment.config,
            [
                pair("core.hookspath", Some("it's")),
                pair("a.b", Some("c")),
                pair("bare.key", None),
                pair("d.e", None),
                pair("x.y", Some("")),
            ]
        );
    }

    #[test]
    fn merged_commits_are_named_by_githead() {
        let id = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";
        let environment = from(&[(&format!("GITHEAD_{id}"), "topic"), ("GITHEAD_x", "y")]);
        assert_eq!(environment.merge_heads, [ObjectId::from_hex(id.as_bytes()).unwrap()]);
    }
}
