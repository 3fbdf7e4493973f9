//! The words of a name, and what they make of the keyword in it.
//!
//! Must not look at values.

use crate::{detect::words::Words, text::Span};

/// Longest name that is read, in bytes; a candidate has no longer one.
pub(super) const MAX_NAME: usize = 160;
/// Most words of it.
const MAX_WORDS: usize = 16;

/// What a byte of a word is, as bits; for a capital, the bit that makes a small letter of it.
const CAPITAL: u8 = 0x20;
const SMALL: u8 = 1;
const DIGIT: u8 = 1 << 1;
/// The same for each byte, 0 if it is of no word.
static KIND: [u8; 256] = {
    let mut kinds = [0; 256];
    let mut byte = 0;
    while byte < kinds.len() {
        kinds[byte] = match byte as u8 {
            b'A'..=b'Z' => CAPITAL,
            b'a'..=b'z' => SMALL,
            b'0'..=b'9' => DIGIT,
            _ => 0,
        };
        byte += 1;
    }
    kinds
};

/// The words of a key, lower case, in order.
pub(crate) struct Name {
    /// The whole name, lower case.
    lower: [u8; MAX_NAME],
    length: usize,
    /// Where the words are in it.
    words: [(u8, u8); MAX_WORDS],
    count: usize,
    /// `LIKE_THIS`.
    constant: bool,
    /// Letters and digits of it alone, lower case.
    plain: [u8; MAX_NAME],
    letters: usize,
    /// The word that the keyword ends in.
    keyword: Option<usize>,
    /// Letters and digits of the keyword.
    wanted: usize,
}

impl Name {
    /// Takes `key` apart around the keyword in it.
    pub(crate) fn of(key: &[u8], keyword: &[u8]) -> Self {
        let key = &key[..key.len().min(MAX_NAME)];
        let mut name = Self {
            lower: [0; MAX_NAME],
            length: key.len(),
            words: [(0, 0); MAX_WORDS],
            count: 0,
            constant: false,
            plain: [0; MAX_NAME],
            letters: 0,
            keyword: None,
            wanted: 0,
        };
        let (mut seen, mut previous) = (0_u8, 0_u8);
        for (place, (&byte, to)) in key.iter().zip(&mut name.lower).enumerate() {
            let kind = KIND[usize::from(byte)];
            let lower = byte | kind & CAPITAL;
            *to = lower;
            if kind == 0 {
                if previous != 0 {
                    name.words[name.count - 1].1 = place as u8;
                }
                previous = 0;
                continue;
            }
            seen |= kind;
            name.plain[name.letters] = lower;
            name.letters += 1;
            // Behind a part of a word, only a capital begins one.
            let begins = previous == 0
                || kind == CAPITAL
                    && begins_word(previous, byte, key.get(place + 1).copied().unwrap_or_default());
            if begins && name.count < MAX_WORDS {
                if previous != 0 {
                    name.words[name.count - 1].1 = place as u8;
                }
                name.words[name.count].0 = place as u8;
                name.count += 1;
            }
            previous = byte;
        }
        if previous != 0 {
            name.words[name.count - 1].1 = key.len() as u8;
        }
        name.constant = seen & (CAPITAL | SMALL) == CAPITAL;
        name.find_keyword(keyword);
        name
    }

    /// The keyword may go over several words: `api_key`, `apiKey`.
    fn find_keyword(&mut self, keyword: &[u8]) {
        // On the stack, since this is asked of every candidate.
        let mut wanted = [0; MAX_NAME];
        let letters = keyword.iter().filter(|byte| byte.is_ascii_alphanumeric());
        self.wanted =
            letters.zip(wanted.iter_mut()).map(|(byte, to)| *to = byte.to_ascii_lowercase()).count();
        let wanted = &wanted[..self.wanted];
        let Some(last) = self.letters.checked_sub(wanted.len()) else { return };
        // What is looked for is at the end, nearly always.
        let Some(at) = (0..=last).rev().find(|&at| self.plain[at..].starts_with(wanted)) else { return };
        let mut end = 0;
        for index in 0..self.count {
            end += self.word(index).len();
            if end >= at + wanted.len() {
                self.keyword = Some(index);
                return;
            }
        }
    }

    /// Its letters and digits alone, lower case.
    pub(crate) fn plain(&self) -> &[u8] {
        &self.plain[..self.letters]
    }

    /// The whole name, lower case.
    pub(crate) fn lower(&self) -> &[u8] {
        &self.lower[..self.length]
    }

    fn word(&self, index: usize) -> &[u8] {
        let (start, end) = self.words[index];
        &self.lower[usize::from(start)..usize::from(end)]
    }

    /// Its words.
    pub(crate) fn words(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        (0..self.count).map(|index| self.word(index))
    }

    /// Whether the keyword is in it.
    pub(crate) const fn has_keyword(&self) -> bool {
        self.keyword.is_some()
    }

    pub(crate) const fn is_constant(&self) -> bool {
        self.constant
    }

    pub(crate) fn has_word(&self, wanted: &[&str]) -> bool {
        (0..self.count).any(|index| wanted.iter().any(|one| one.as_bytes() == self.word(index)))
    }

    /// The word that the keyword ends in.
    pub(crate) fn keyword_word(&self) -> &[u8] {
        self.keyword.map_or(&[], |index| self.word(index))
    }

    pub(crate) fn last_is_keyword(&self) -> bool {
        self.keyword.is_some() && self.keyword == self.count.checked_sub(1)
    }

    /// Whether there is nothing but the keyword.
    pub(crate) fn is_keyword_alone(&self) -> bool {
        self.letters <= self.wanted + 3
            && self.count <= 2
            && (self.letters <= self.wanted + 1 || self.count == 1)
    }

    /// Words behind the keyword that make the name mean something else than a secret.
    pub(crate) fn tails(&self) -> usize {
        let from = self.keyword.map_or(self.count, |index| index + 1);
        (from..self.count).filter(|&index| TAILS.has(self.word(index))).count()
    }

    /// Whether the name speaks of the public half of a key pair, or of the key of an assembly.
    pub(crate) fn is_public(&self) -> bool {
        const PARTS: [&[u8]; 5] = [b"publickey", b"public_key", b"public-key", b"pubkey", b"pub_key"];
        let lower = self.lower();
        // All that say so begin alike.
        let Some(first) = lower.windows(3).position(|part| part == b"pub") else { return false };
        (first..lower.len()).any(|at| PARTS.iter().any(|part| lower[at..].starts_with(part)))
            || self.keyword_word().ends_with(b"key") && self.has_word(&["public", "pub", "publishable"])
    }

    /// Whether it names a mark against forged forms.
    pub(crate) fn is_for_one_page(&self) -> bool {
        self.has_word(&["csrf", "xsrf", "authenticity", "antiforgery", "csrfmiddlewaretoken", "csrftoken"])
    }

    /// Whether the last word turns the name into one of something else: `token_type`, `key_id`.
    pub(crate) fn is_about_a_secret(&self) -> bool {
        let Some(keyword) = self.keyword else { return false };
        let last = self.count - 1;
        let word = self.word(last);
        let of_key = |word: &[u8]| word.ends_with(b"key") || word.ends_with(b"api");
        let identifies = || {
            let word = self.keyword_word();
            of_key(word) || word.starts_with(b"cred") || BEARERS.has(self.word(last - 1))
        };
        last > keyword && (ABOUT.has(word) || word == b"id" && identifies())
            || last == keyword && (self.is_key_of_entries() || self.is_hash_of() || self.is_of_pages())
            // Where .NET keeps the secrets of a program in development.
            || self.plain() == b"usersecretsid"
    }

    /// Whether it is a token by which a list goes on, or a key of the handshake of a WebSocket: `nextPageToken`.
    fn is_of_pages(&self) -> bool {
        const HEADS: [&[u8]; 7] =
            [b"next", b"page", b"previous", b"prev", b"continuation", b"pagination", b"idempotency"];
        let Some(keyword) = self.keyword else { return false };
        let before = keyword.checked_sub(1).map(|before| self.word(before));
        matches!(self.word(keyword), b"token") && before.is_some_and(|before| HEADS.contains(&before))
            || self.word(keyword) == b"key" && self.plain().windows(9).any(|part| part == b"websocket")
    }

    /// Whether it says of what it is the hash: `sha256_hash_of_signing_key`.
    fn is_hash_of(&self) -> bool {
        (1..self.count)
            .any(|index| self.word(index) == b"of" && matches!(self.word(index - 1), b"hash" | b"digest"))
    }

    /// Whether it is a key that entries are found by: `cache_key`, `primaryKey`.
    fn is_key_of_entries(&self) -> bool {
        let Some(keyword) = self.keyword else { return false };
        self.word(keyword) == b"key" && keyword > 0 && ENTRY_HEADS.has(self.word(keyword - 1))
    }

    /// Words in front of the keyword that do the same.
    pub(crate) fn heads(&self) -> usize {
        let to = self.keyword.unwrap_or(0);
        (0..to).filter(|&index| HEADS.has(self.word(index))).count()
    }

    /// Whether `key` is one of value: `api_key`, not `sort_key`.
    pub(crate) fn is_key_of_value(&self) -> bool {
        let Some(index) = self.keyword else { return false };
        let word = self.word(index);
        let stem = word.strip_suffix(b"s").unwrap_or(word);
        if stem == b"key" {
            return index > 0 && KEY_HEADS.has(self.word(index - 1));
        }
        stem.strip_suffix(b"key").is_some_and(|head| KEY_HEADS.has(head))
    }

    /// Whether the keyword is only a part of another word: `tokenizer`, `author`, `bypass`.
    pub(crate) fn is_other_word(&self) -> bool {
        let word = self.keyword_word();
        if matches!(word, b"password" | b"passwd" | b"secret" | b"token" | b"key" | b"auth")
            || is_of_its_own(word, self.last_is_keyword())
        {
            return false;
        }
        let verb = |index| index < self.count && PASS_VERB.has(self.word(index));
        if word == b"pass" && self.keyword.is_some_and(|index| verb(index + 1)) {
            return true;
        }
        OTHERS.begin(word)
            || word.windows(4).any(|part| part == b"pass") && OTHERS_WITH_PASS.within(word) != 0
    }
}

/// Whether a word begins as another one does, and speaks of secrets all the same: `authentication`, where no word says what of it is
/// meant.
fn is_of_its_own(word: &[u8], last: bool) -> bool {
    match word.len() {
        13 => word.eq_ignore_ascii_case(b"authorization"),
        14 => last && word.eq_ignore_ascii_case(b"authentication"),
        _ => false,
    }
}

/// Other words that the keywords of a rule begin: [`Name::is_other_word`] without a name, where it takes no more than a look.
#[derive(Debug, Default)]
pub(crate) struct OtherWords {
    words: Vec<OtherWord>,
    /// A bit for each letter that follows the keyword in one of them.
    letters: u32,
}

/// A word that begins with a keyword: the first eight bytes of the keyword and of what follows it there, and which of them count.
#[derive(Clone, Copy, Debug)]
struct OtherWord {
    length: usize,
    keyword: (u64, u64),
    rest: (u64, u64),
}

/// How the words begin that [`is_of_its_own`] knows.
const OF_ITS_OWN: [u64; 2] = [u64::from_le_bytes(*b"authoriz"), u64::from_le_bytes(*b"authenti")];
/// What small letters have, and capitals have not.
const CASE: u64 = u64::from_le_bytes([0x20; 8]);

impl OtherWords {
    /// Of keywords in lower case.
    pub(crate) fn of<K: AsRef<str>>(keywords: &[K]) -> Self {
        let bytes = |part: &str| {
            let mask = u64::MAX >> (64 - 8 * part.len().clamp(1, 8));
            (eight(part.as_bytes()) & mask, mask)
        };
        let mut others = Self::default();
        for keyword in keywords.iter().map(AsRef::as_ref) {
            let rests = || BEGINNINGS.iter().filter_map(|word| word.strip_prefix(keyword));
            let is_first =
                |rest: &&str| !rests().any(|other| other.len() < rest.len() && rest.starts_with(other));
            for rest in rests().filter(is_first).filter(|rest| !rest.is_empty()) {
                others.letters |= 1 << (rest.as_bytes()[0] & 31);
                let (length, keyword) = (keyword.len(), bytes(keyword));
                others.words.push(OtherWord { length, keyword, rest: bytes(rest) });
            }
        }
        others
    }

    /// Whether the keyword at `hit` only begins another word, as in `@author`.
    #[inline]
    pub(crate) fn begin(&self, text: &[u8], hit: Span) -> bool {
        let begins = |&next: &u8| next.is_ascii_lowercase() && self.letters >> (next & 31) & 1 != 0;
        text.get(hit.end).is_some_and(begins) && self.begin_as(text, hit)
    }

    fn begin_as(&self, text: &[u8], hit: Span) -> bool {
        let (name, rest) = (eight(&text[hit.start..]) | CASE, eight(&text[hit.end..]));
        let is_there = |word: &OtherWord| {
            let ((keyword, of_keyword), (more, of_rest)) = (word.keyword, word.rest);
            rest & of_rest == more && word.length == hit.len() && (name ^ (keyword | CASE)) & of_keyword == 0
        };
        // In capitals, the name ends before the small letters.
        if !text[hit.end - 1].is_ascii_lowercase() || !self.words.iter().any(is_there) {
            return false;
        }
        let before = hit.start.checked_sub(1).map_or(b' ', |place| text[place]);
        if before.is_ascii_alphanumeric()
            && (before.is_ascii_uppercase() || !text[hit.start].is_ascii_uppercase())
        {
            return false;
        }
        !OF_ITS_OWN.contains(&name) || {
            let rest = &text[hit.start + 1..text.len().min(hit.start + MAX_NAME)];
            let length = 1 + rest.iter().take_while(|byte| byte.is_ascii_lowercase()).count();
            let (word, rest) = text[hit.start..].split_at(length);
            let goes_on = |&byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
            !is_of_its_own(word, !rest.first().is_some_and(goes_on))
        }
    }
}

/// The first eight bytes, the first one lowest; zeros behind the end.
fn eight(text: &[u8]) -> u64 {
    text.first_chunk().map_or_else(
        || text.iter().rev().fold(0, |bytes, &byte| bytes << 8 | u64::from(byte)),
        |bytes| u64::from_le_bytes(*bytes),
    )
}

/// Whether a name with the keyword at `name`, which ends at `end`, ends in another word that makes it one about a secret:
/// [`Name::is_about_a_secret`] without a name.
pub(crate) fn is_about_at_its_end(text: &[u8], name: Span, end: usize) -> bool {
    let mut start = end;
    while start > name.end && text[start - 1].is_ascii_alphanumeric() {
        start -= 1;
        let byte = text[start];
        if byte.is_ascii_uppercase()
            && begins_word(text[start - 1], byte, text.get(start + 1).copied().unwrap_or_default())
        {
            return ABOUT.has(&text[start..end]);
        }
    }
    start > name.end && start < end && ABOUT.has(&text[start..end])
}

/// A name with the word `key` or `keys`, as far as a look around it shows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WordOfKey<'t> {
    plural: bool,
    /// Whether the name ends with it.
    last: bool,
    /// Whether it is the end of a longer word: `nokey`.
    joined: bool,
    /// The word before, or what is before it in its word.
    head: &'t [u8],
}

impl<'t> WordOfKey<'t> {
    /// The name that ends at `end`, with the keyword at `name` in it, if that is the word, and the last of its kind.
    pub(crate) fn at(text: &'t [u8], name: Span, end: usize) -> Option<Self> {
        let at = |place: usize| text.get(place).copied().unwrap_or_default();
        if !text[name.start..].iter().zip(b"key").all(|(byte, letter)| byte | 0x20 == *letter) {
            return None;
        }
        let singular = name.start + 3;
        let plural = matches!(at(singular), b's' | b'S') && name.end <= singular + 1;
        let behind = singular + usize::from(plural);
        if name.end > behind || end < behind {
            return None;
        }
        let joint = |byte: u8| matches!(byte, b'_' | b'-' | b'$' | b'@');
        let last = behind == end;
        let tail = &text[behind..end];
        if !last && !joint(tail[0]) || tail.windows(3).any(|three| three.eq_ignore_ascii_case(b"key")) {
            return None;
        }
        let low = name.start.saturating_sub(MAX_HEAD);
        let joints = text[low..name.start].iter().rev().take_while(|&&byte| joint(byte)).count();
        let before = name.start - joints;
        let begins = |place: usize| begins_word(at(place - 1), at(place), at(place + 1));
        let alone = before == low || !at(before - 1).is_ascii_alphanumeric();
        let joined = !alone && joints == 0 && !begins(name.start);
        let mut start = before;
        while start > low && at(start - 1).is_ascii_alphanumeric() {
            // Only a capital begins a word behind a part of one.
            if start < before && at(start).is_ascii_uppercase() && begins(start) {
                break;
            }
            start -= 1;
        }
        Some(Self { plural, last, joined, head: &text[start..before] })
    }

    /// Whether entries are found by it, as by `foreign_key`: [`Name::is_about_a_secret`] says so, too.
    pub(crate) fn is_of_entries(&self) -> bool {
        self.last && !self.plural && !self.joined && ENTRY_HEADS.has(self.head)
    }

    /// As [`Name::is_key_of_value`].
    pub(crate) fn is_of_value(&self) -> bool {
        KEY_HEADS.has(self.head)
    }
}

/// Most bytes in front of a key in which a word for entries is looked for.
const MAX_HEAD: usize = 16;

/// Whether `byte` begins a word behind `previous` (0 if that is no part of a word) and in front of `next`.
const fn begins_word(previous: u8, byte: u8, next: u8) -> bool {
    previous == 0
        || byte.is_ascii_uppercase()
            && (previous.is_ascii_lowercase()
                || previous.is_ascii_digit()
                || previous.is_ascii_uppercase() && next.is_ascii_lowercase())
}

/// Words behind which `pass` is a verb: `pass_by_value`.
static PASS_VERB: Words<{ PASS_VERB_LIST.len() }> = Words::new(&[(1, PASS_VERB_LIST)]);
const PASS_VERB_LIST: &[&str] = &["by", "count", "down", "fail", "on", "over", "rate", "through", "to"];

/// Last words of names that are about a secret.
pub(crate) static ABOUT: Words<{ ABOUT_LIST.len() }> = Words::new(&[(1, ABOUT_LIST)]);
const ABOUT_LIST: &[&str] = &[
    "age",
    "alg",
    "algo",
    "algorithm",
    "alias",
    "arn",
    "audience",
    "callback",
    "checksum",
    "claim",
    "claims",
    "class",
    "column",
    "commit",
    "count",
    "description",
    "digest",
    "dir",
    "directory",
    "domain",
    "domains",
    "duration",
    "email",
    "enabled",
    "endpoint",
    "error",
    "expires",
    "expiry",
    "field",
    "file",
    "filename",
    "files",
    "fingerprint",
    "format",
    "group",
    "groups",
    "guid",
    "guids",
    "hash",
    "hashes",
    "header",
    "helper",
    "helpers",
    "hint",
    "host",
    "hostname",
    "hosts",
    "icon",
    "interval",
    "issuer",
    "jti",
    "kid",
    "label",
    "len",
    "length",
    "limit",
    "location",
    "manager",
    "managers",
    "max",
    "message",
    "method",
    "methods",
    "min",
    "mode",
    "name",
    "names",
    "offset",
    "page",
    "path",
    "paths",
    "pattern",
    "placeholder",
    "policy",
    "port",
    "position",
    "prefix",
    "provider",
    "re",
    "realm",
    "ref",
    "reference",
    "regex",
    "regexp",
    "revision",
    "role",
    "roles",
    "scheme",
    "scope",
    "scopes",
    "size",
    "source",
    "status",
    "strength",
    "suffix",
    "table",
    "template",
    "timeout",
    "title",
    "ttl",
    "type",
    "types",
    "uid",
    "uri",
    "uris",
    "url",
    "urls",
    "username",
    "uuid",
    "uuids",
    "version",
    "view",
];

/// Words that make an id the name of somebody or something, whatever stands before them: `oauth_client_id`, `auth.user.id`.
static BEARERS: Words<{ BEARERS_LIST.len() }> = Words::new(&[(1, BEARERS_LIST)]);
const BEARERS_LIST: &[&str] = &[
    "account",
    "app",
    "application",
    "client",
    "customer",
    "installation",
    "org",
    "organization",
    "project",
    "provider",
    "subscription",
    "tenant",
    "user",
];

/// Words in front of `key` that make it one that entries are found by, or one that is locked up itself.
static ENTRY_HEADS: Words<{ ENTRY_HEADS_LIST.len() }> = Words::new(&[(1, ENTRY_HEADS_LIST)]);
const ENTRY_HEADS_LIST: &[&str] = &[
    "cache",
    "composite",
    "dedup",
    "encrypted",
    "foreign",
    "grouping",
    "i18n",
    "idempotency",
    "index",
    "lookup",
    "object",
    "partition",
    "primary",
    "range",
    "routing",
    "row",
    "sealed",
    "shard",
    "sharding",
    "sort",
    "translation",
    "wrapped",
];

/// Beginnings of words that only look as if they spoke of secrets.
static OTHERS: Words<{ BEGINNINGS.len() }> = Words::new(&[(1, BEGINNINGS)]);
const BEGINNINGS: &[&str] = &[
    "tokeniz",
    "tokenis",
    "author",
    "autheli",
    "authent",
    "secretar",
    "credit",
    "authoriz",
    "authoris",
    "keyboard",
    "keyword",
    "keystroke",
    "monkey",
    "donkey",
    "turkey",
    "hockey",
    "jockey",
    "whiskey",
    "keypress",
    "keydown",
    "keyup",
    "keyframe",
    "keychain",
    "keyspace",
    "passthr",
    "passed",
    "passing",
    "passes",
    "keyof",
    "keyring",
    "apigroup",
    "capital",
    "rapid",
    "sacred",
    "gssapi",
    "rspauth",
    "apis",
];

/// Words that have `pass` in them, and do not speak of one.
static OTHERS_WITH_PASS: Words<{ WITH_PASS.len() }> = Words::new(&[(1, WITH_PASS)]);
const WITH_PASS: &[&str] = &[
    "askpass",
    "bypass",
    "compass",
    "minipass",
    "passive",
    "passenger",
    "passage",
    "passenv",
    "passport",
    "passthrough",
];

/// Words behind a keyword that make the name mean something else than a secret.
pub(crate) static TAILS: Words<{ TAILS_LIST.len() }> = Words::new(&[(1, TAILS_LIST)]);
const TAILS_LIST: &[&str] = &[
    "age",
    "algo",
    "algorithm",
    "alias",
    "arn",
    "attribute",
    "attributes",
    "board",
    "box",
    "bundle",
    "button",
    "bytes",
    "callback",
    "case",
    "changed",
    "char",
    "character",
    "characters",
    "chars",
    "class",
    "cmd",
    "code",
    "codes",
    "column",
    "command",
    "confirmation",
    "count",
    "created",
    "desc",
    "description",
    "digest",
    "dir",
    "directory",
    "down",
    "duration",
    "enabled",
    "encoding",
    "endpoint",
    "entry",
    "env",
    "error",
    "errors",
    "event",
    "exception",
    "expiration",
    "expire",
    "expired",
    "expires",
    "expiry",
    "field",
    "file",
    "filename",
    "fingerprint",
    "fn",
    "folder",
    "form",
    "format",
    "frame",
    "frames",
    "func",
    "function",
    "generator",
    "handler",
    "hash",
    "header",
    "help",
    "helper",
    "helpers",
    "hint",
    "icon",
    "id",
    "ids",
    "incorrect",
    "index",
    "info",
    "input",
    "interval",
    "invalid",
    "key",
    "keys",
    "kind",
    "label",
    "len",
    "length",
    "limit",
    "link",
    "list",
    "location",
    "lookup",
    "manager",
    "map",
    "max",
    "maximum",
    "message",
    "method",
    "min",
    "minimum",
    "mismatch",
    "missing",
    "mode",
    "name",
    "names",
    "object",
    "option",
    "options",
    "page",
    "pair",
    "param",
    "parameter",
    "params",
    "path",
    "pattern",
    "placeholder",
    "policies",
    "policy",
    "policyname",
    "prefix",
    "press",
    "prompt",
    "provider",
    "re",
    "ref",
    "reference",
    "regex",
    "regexp",
    "request",
    "required",
    "reset",
    "response",
    "ring",
    "salt",
    "schema",
    "scheme",
    "screen",
    "service",
    "set",
    "size",
    "source",
    "space",
    "spec",
    "state",
    "status",
    "storage",
    "store",
    "strategy",
    "strength",
    "stroke",
    "suffix",
    "table",
    "template",
    "text",
    "timeout",
    "title",
    "ttl",
    "type",
    "types",
    "up",
    "updated",
    "uri",
    "url",
    "usage",
    "util",
    "utils",
    "valid",
    "validation",
    "validator",
    "value_type",
    "var",
    "variable",
    "version",
    "view",
    "widget",
    "word",
    "words",
    "wrong",
];

/// Words in front of a keyword that do the same.
pub(crate) static HEADS: Words<{ HEADS_LIST.len() }> = Words::new(&[(1, HEADS_LIST)]);
const HEADS_LIST: &[&str] = &[
    "allow",
    "arrow",
    "attribute",
    "bad",
    "cache",
    "change",
    "check",
    "column",
    "composite",
    "config",
    "confirm",
    "continuation",
    "cookie_name",
    "crypted",
    "csrf_param",
    "dict",
    "disable",
    "dns",
    "enable",
    "encrypt",
    "encrypted",
    "env",
    "event",
    "field",
    "foreign",
    "forgot",
    "group",
    "has",
    "hash",
    "hashed",
    "header",
    "hide",
    "hint",
    "host",
    "hot",
    "i18n",
    "idempotency",
    "incorrect",
    "index",
    "invalid",
    "is",
    "json",
    "keyword",
    "label",
    "lookup",
    "lost",
    "map",
    "max",
    "metadata",
    "min",
    "missing",
    "natural",
    "next",
    "no",
    "object",
    "order",
    "page",
    "param",
    "parameter",
    "partition",
    "press",
    "prev",
    "previous",
    "primary",
    "property",
    "pub",
    "public",
    "publishable",
    "require",
    "requires",
    "reset",
    "routing",
    "row",
    "setting",
    "shard",
    "shortcut",
    "show",
    "site",
    "sort",
    "sorting",
    "ssh_public",
    "surrogate",
    "toggle",
    "translation",
    "unique",
    "update",
    "use",
    "validate",
    "verify",
    "wrong",
    "xml",
    "yaml",
];

/// Words that the part `key` must follow for a name to speak of a key of value.
pub(crate) static KEY_HEADS: Words<{ KEY_HEADS_LIST.len() }> = Words::new(&[(1, KEY_HEADS_LIST)]);
const KEY_HEADS_LIST: &[&str] = &[
    "access",
    "account",
    "admin",
    "aes",
    "algolia",
    "alipay",
    "api",
    "app",
    "application",
    "auth",
    "authorization",
    "aws",
    "azure",
    "base",
    "captcha",
    "cipher",
    "client",
    "consumer",
    "cookie",
    "crypto",
    "datadog",
    "dd",
    "deploy",
    "des",
    "dev",
    "encrypt",
    "encryption",
    "fcm",
    "firebase",
    "gcm",
    "gcp",
    "google",
    "hmac",
    "ingest",
    "integration",
    "jwt",
    "licence",
    "license",
    "live",
    "mailgun",
    "maps",
    "master",
    "merchant",
    "nkey",
    "oauth",
    "openai",
    "pay",
    "payment",
    "private",
    "prod",
    "production",
    "push",
    "read",
    "recaptcha",
    "registration",
    "rest",
    "root",
    "rsa",
    "s3",
    "sandbox",
    "sdk",
    "secret",
    "security",
    "sendgrid",
    "server",
    "service",
    "session",
    "shared",
    "sign",
    "signature",
    "signing",
    "ssh",
    "storage",
    "stripe",
    "subscription",
    "test",
    "token",
    "twilio",
    "user",
    "webhook",
    "wechat",
    "write",
];
