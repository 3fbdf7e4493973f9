//! Path globs over bytes: `*` and `?` inside a component, `**` over components, `[…]` and `{a,b}`.
//!
//! Made so that hundreds of globs cost nothing to set up: a hook starts for every commit.
//! Must not touch the file system.

use std::collections::BTreeMap;

/// One glob.
///
/// A glob without `/` matches the last component of a path anywhere; one with `/` matches the
/// whole path, a leading `/` being ignored. A trailing `/` means everything below.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glob {
    pattern: Vec<u8>,
    /// Bytes of the pattern behind its last wildcard: a text that matches ends with them.
    tail: usize,
    /// Where in the pattern its longest text without a wildcard is, which must be in what matches. Empty if it is the tail.
    must: (usize, usize),
    whole: bool,
    fold: bool,
}

/// Alternatives that one glob may expand to: enough for people, too few to hurt.
const MAX_ALTERNATIVES: usize = 64;

impl Glob {
    /// Reads a glob; `fold` ignores ASCII case.
    ///
    /// # Errors
    ///
    /// A sentence on what is wrong: an unclosed `[` or `{`, or too many alternatives.
    pub fn parse(text: &str, fold: bool) -> Result<Vec<Self>, String> {
        let alternatives = expand_braces(text)?;
        alternatives.iter().map(|alternative| Self::single(alternative, fold)).collect()
    }

    fn single(text: &str, fold: bool) -> Result<Self, String> {
        check_classes(text)?;
        let whole = text.contains('/');
        let mut pattern = text.strip_prefix('/').unwrap_or(text).as_bytes().to_vec();
        if pattern.last() == Some(&b'/') {
            pattern.extend_from_slice(b"**");
        }
        if fold {
            pattern.make_ascii_lowercase();
        }
        let tail = pattern.iter().rev().take_while(|byte| !b"*?[]".contains(byte)).count();
        let must = must(&pattern, tail);
        Ok(Self { pattern, tail, must, whole, fold })
    }

    /// True if `path` (components separated by `/`) matches.
    #[must_use]
    pub fn matches(&self, path: &[u8]) -> bool {
        if self.fold { self.matches_folded(&path.to_ascii_lowercase()) } else { self.matches_folded(path) }
    }

    /// The same for a path whose case is folded already, if it has to be.
    fn matches_folded(&self, path: &[u8]) -> bool {
        // `**/x` matches `x` too, so the slash behind stars is no part of what must be there.
        let tail = &self.pattern[self.pattern.len() - self.tail..];
        let tail = tail.strip_prefix(b"/").unwrap_or(tail);
        let must = &self.pattern[self.must.0..self.must.1];
        if !path.ends_with(tail) || !must.first().is_none_or(|&first| stands_in(path, first, must)) {
            return false;
        }
        let text = if self.whole { path.strip_prefix(b"./").unwrap_or(path) } else { file_name(path) };
        wild(&self.pattern, text)
    }
}

/// Whether `word`, which begins with `first`, stands in `path`: for paths, too short for a search that is prepared.
fn stands_in(path: &[u8], first: u8, word: &[u8]) -> bool {
    memchr::memchr_iter(first, path).any(|place| path[place..].starts_with(word))
}

/// The longest text in a pattern that stands between wildcards, if it is longer than the tail.
fn must(pattern: &[u8], tail: usize) -> (usize, usize) {
    let (mut longest, mut start) = ((0, 0), 0);
    let end = pattern.len() - tail;
    while start < end {
        // What a class holds is no text.
        let special = match pattern[start] {
            b'[' => class(&pattern[start..], 0).map_or(1, |(_, length)| length),
            b'*' | b'?' => 1,
            _ => 0,
        };
        if special > 0 {
            // `**/x` matches `x` too.
            let stars = pattern[start..].starts_with(b"**/");
            start += if stars { 3 } else { special };
            continue;
        }
        let length = pattern[start..end].iter().take_while(|byte| !b"*?[".contains(byte)).count();
        if length > longest.1 - longest.0 {
            longest = (start, start + length);
        }
        start += length;
    }
    if longest.1 - longest.0 > tail { longest } else { (0, 0) }
}

/// The last component of a path.
#[must_use]
pub fn file_name(path: &[u8]) -> &[u8] {
    memchr::memrchr(b'/', path).map_or(path, |slash| &path[slash + 1..])
}

/// Many globs, each with a value, asked together.
#[derive(Clone, Debug, Default)]
pub struct GlobMap<V> {
    /// Globs that are a plain file name.
    names: BTreeMap<Vec<u8>, Vec<V>>,
    /// Globs of the form `*.ext` (the part behind the last dot).
    extensions: BTreeMap<Vec<u8>, Vec<V>>,
    /// The others, by their last byte; 0 for those that end in a wildcard.
    others: BTreeMap<u8, Vec<(Glob, V)>>,
}

impl<V: Copy + Ord> GlobMap<V> {
    /// An empty map.
    #[must_use]
    pub const fn new() -> Self {
        Self { names: BTreeMap::new(), extensions: BTreeMap::new(), others: BTreeMap::new() }
    }

    /// Adds a glob that ignores ASCII case.
    ///
    /// # Errors
    ///
    /// As [`Glob::parse`].
    pub fn insert(&mut self, text: &str, value: V) -> Result<(), String> {
        for glob in Glob::parse(text, true)? {
            let special = |bytes: &[u8]| bytes.iter().any(|byte| b"*?[/".contains(byte));
            if !glob.whole && !special(&glob.pattern) {
                self.names.entry(glob.pattern).or_default().push(value);
            } else if let Some(extension) = glob.pattern.strip_prefix(b"*.")
                && !glob.whole
                && !special(extension)
                && !extension.contains(&b'.')
            {
                self.extensions.entry(extension.to_vec()).or_default().push(value);
            } else {
                let last = if glob.tail == 0 { 0 } else { glob.pattern.last().copied().unwrap_or(0) };
                self.others.entry(last).or_default().push((glob, value));
            }
        }
        Ok(())
    }

    /// The values whose glob matches `path`, sorted, each once.
    #[must_use]
    pub fn get(&self, path: &[u8]) -> Vec<V> {
        let path = path.to_ascii_lowercase();
        let name = file_name(&path);
        let mut found: Vec<V> = self.names.get(name).into_iter().flatten().copied().collect();
        if let Some(dot) = memchr::memrchr(b'.', name) {
            found.extend(self.extensions.get(&name[dot + 1..]).into_iter().flatten().copied());
        }
        let last = path.last().copied().filter(|&last| last != 0);
        let others =
            [Some(0), last].into_iter().flatten().filter_map(|last| self.others.get(&last)).flatten();
        found.extend(others.filter(|(glob, _)| glob.matches_folded(&path)).map(|(_, value)| *value));
        found.sort_unstable();
        found.dedup();
        found
    }
}

/// Expands `{a,b}`, nested or not.
fn expand_braces(text: &str) -> Result<Vec<String>, String> {
    let mut done = Vec::new();
    let mut open = vec![text.to_owned()];
    while let Some(next) = open.pop() {
        let Some(start) = next.find('{') else {
            done.push(next);
            continue;
        };
        let mut depth = 0;
        let mut parts = vec![start + 1];
        let mut end = None;
        for (place, character) in next[start..].char_indices() {
            match character {
                '{' => depth += 1,
                ',' if depth == 1 => parts.push(start + place + 1),
                '}' if depth == 1 => {
                    end = Some(start + place);
                    break;
                }
                '}' => depth -= 1,
                _ => {}
            }
        }
        let end = end.ok_or_else(|| format!("unclosed `{{` in glob `{text}`"))?;
        for (index, &from) in parts.iter().enumerate().rev() {
            let to = parts.get(index + 1).map_or(end, |next_part| next_part - 1);
            open.push(format!("{}{}{}", &next[..start], &next[from..to], &next[end + 1..]));
        }
        if done.len() + open.len() > MAX_ALTERNATIVES {
            return Err(format!("glob `{text}` has more than {MAX_ALTERNATIVES} alternatives"));
        }
    }
    Ok(done)
}

fn check_classes(text: &str) -> Result<(), String> {
    let mut rest = text.as_bytes();
    while let Some(open) = memchr::memchr(b'[', rest) {
        let (_, length) = class(&rest[open..], 0).ok_or_else(|| format!("unclosed `[` in glob `{text}`"))?;
        rest = &rest[open + length..];
    }
    Ok(())
}

/// Whether the class at the start of `pattern` holds `byte`, and the length of the class.
fn class(pattern: &[u8], byte: u8) -> Option<(bool, usize)> {
    let negated = matches!(pattern.get(1), Some(b'!' | b'^'));
    let mut place = if negated { 2 } else { 1 };
    let first = place;
    let mut holds = false;
    loop {
        let &low = pattern.get(place)?;
        if low == b']' && place > first {
            return Some((holds != negated, place + 1));
        }
        let high = match (pattern.get(place + 1), pattern.get(place + 2)) {
            (Some(b'-'), Some(&high)) if high != b']' => {
                place += 2;
                high
            }
            _ => low,
        };
        holds |= (low..=high).contains(&byte);
        place += 1;
    }
}

/// Wildcard matching with one point of return for `*` and one for `**`: linear in practice,
/// never worse than the product of both lengths.
fn wild(pattern: &[u8], text: &[u8]) -> bool {
    let (mut at, mut place) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    let mut stars: Option<(usize, usize)> = None;
    loop {
        if pattern[at..].starts_with(b"**") {
            let mut next = at + 2;
            // `**/` also stands for no component at all.
            if pattern.get(next) == Some(&b'/') && (at == 0 || pattern[at - 1] == b'/') {
                next += 1;
            }
            stars = Some((next, place));
            star = None;
            at = next;
            continue;
        }
        if pattern.get(at) == Some(&b'*') {
            star = Some((at + 1, place));
            at += 1;
            continue;
        }
        if at == pattern.len() && place == text.len() {
            return true;
        }
        if let Some(&byte) = text.get(place) {
            let step = match pattern.get(at) {
                Some(b'?') if byte != b'/' => Some(1),
                Some(b'[') if byte != b'/' => {
                    class(&pattern[at..], byte).and_then(|(holds, length)| holds.then_some(length))
                }
                Some(&literal) if literal == byte && literal != b'?' && literal != b'[' => Some(1),
                _ => None,
            };
            if let Some(step) = step {
                at += step;
                place += 1;
                continue;
            }
        }
        if let Some((after, from)) = star
            && text.get(from).is_some_and(|&byte| byte != b'/')
        {
            star = Some((after, from + 1));
            (at, place) = (after, from + 1);
            continue;
        }
        if let Some((after, from)) = stars
            && from < text.len()
        {
            // Behind `**/` matching goes on at the start of a component.
            let next = if pattern[after - 1] == b'/' {
                memchr::memchr(b'/', &text[from..]).map(|slash| from + slash + 1)
            } else {
                Some(from + 1)
            };
            if let Some(next) = next {
                stars = Some((after, next));
                star = None;
                (at, place) = (after, next);
                continue;
            }
        }
        return false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_match_paths() {
        for (glob, path, expected) in [
            ("*.pem", "a/b/c.pem", true),
            ("*.pem", "a/b/c.pem.txt", false),
            ("id_rsa", "home/.ssh/id_rsa", true),
            ("docs/**", "docs/a/b.md", true),
            ("docs/", "docs/a/b.md", true),
            ("docs/**", "src/docs/a", false),
            ("**/docs/**", "src/docs/a", true),
            ("**/docs/*", "docs/a", true),
            ("**/docs/*", "docs/a/b", false),
            ("a/*/c", "a/b/c", true),
            ("a/*/c", "a/b/x/c", false),
            ("a/**/c", "a/c", true),
            ("a/**/c", "a/b/x/c", true),
            ("/top.txt", "top.txt", true),
            ("/top.txt", "a/top.txt", false),
            ("*.{yml,yaml}", "x.yaml", true),
            ("*.{yml,yaml}", "x.json", false),
            ("[a-c]?.t[!x]t", "b1.tat", true),
            ("[a-c]?.t[!x]t", "b1.txt", false),
            ("settings*.py", "app/settings_dev.py", true),
            (".aws/credentials", ".aws/credentials", true),
            ("**/.aws/credentials", "home/x/.aws/credentials", true),
            ("*a*b*c", "xaxxbxxc", true),
            ("*a*b*c", "xaxxbxx", false),
            ("**", "a/b", true),
        ] {
            let found = Glob::parse(glob, false).unwrap().iter().any(|glob| glob.matches(path.as_bytes()));
            assert_eq!(found, expected, "{glob} on {path}");
        }
    }

    #[test]
    fn maps_find_all_values() {
        let mut map = GlobMap::new();
        for (value, glob) in ["*.pem", "id_rsa", "**/ssh/*", "*.tar.gz", "ID_RSA"].into_iter().enumerate() {
            map.insert(glob, value).unwrap();
        }
        assert_eq!(map.get(b"x/ssh/id_rsa"), vec![1, 2, 4]);
        assert_eq!(map.get(b"KEY.PEM"), vec![0]);
        assert_eq!(map.get(b"a.tar.gz"), vec![3]);
        assert_eq!(map.get(b"nothing"), Vec::<usize>::new());
    }

    #[test]
    fn bad_globs_say_why() {
        for bad in ["a[b", "{a,b", "{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}"] {
            assert!(Glob::parse(bad, false).is_err(), "{bad}");
        }
    }
}
