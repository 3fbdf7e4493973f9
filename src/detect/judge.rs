//! Is the value given to a key a secret? A verdict on shape, key name, syntax and path.
//!
//! Two questions, since people choose passwords and machines make tokens: after a password key
//! almost any literal that is no prose, placeholder or reference counts; after a key, token or
//! secret key the value must look random. Must not look at anything beyond the candidate.

use std::sync::OnceLock;

use aho_corasick::AhoCorasick;
use bstr::ByteSlice as _;

use super::{
    assignment::{Candidate, Quote, Syntax},
    entropy::{Charset, shannon, wordiness},
};
use crate::{finding::Confidence, glob};

/// How a text is written, as far as it decides what a bare word means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    /// A bare word is a name: source code.
    Source,
    /// A bare word is a text: YAML, INI, dotenv, shell and the like.
    Config,
    /// Manuals, logs and texts of unknown kind.
    Prose,
    /// Texts for people in several languages.
    Translation,
}

impl Language {
    /// Judges by the path.
    pub(crate) fn of(path: &[u8]) -> Self {
        let lower = path.to_ascii_lowercase();
        let name = glob::file_name(&lower);
        let folders = &lower[..lower.len() - name.len()];
        if [&b"locale"[..], b"i18n", b"translation", b"/lang/", b"/l10n/"]
            .iter()
            .any(|word| folders.find(word).is_some())
            || [&b".po"[..], b".pot", b".resx", b".strings", b".xlf", b".arb"]
                .iter()
                .any(|end| name.ends_with(end))
        {
            return Self::Translation;
        }
        let extension = name.rfind_byte(b'.').map_or(&b""[..], |dot| &name[dot + 1..]);
        match extension {
            b"yml" | b"yaml" | b"env" | b"ini" | b"cfg" | b"conf" | b"config" | b"properties" | b"props"
            | b"toml" | b"sh" | b"bash" | b"zsh" | b"fish" | b"ksh" | b"ps1" | b"psm1" | b"bat" | b"cmd"
            | b"envrc" | b"cnf" | b"service" | b"plist" | b"xml" | b"tfvars" | b"http" | b"rest"
            | b"netrc" | b"credentials" | b"txt" | b"log" | b"dist" | b"sample" | b"example"
            | b"template" | b"in" | b"mk" | b"gradle" | b"secrets" | b"local" | b"production"
            | b"development" | b"staging" | b"testing" | b"test" | b"ipynb" | b"har" | b"csv" | b"sql"
            | b"json" | b"json5" | b"jsonc" => Self::Config,
            b"md" | b"markdown" | b"rst" | b"adoc" | b"asciidoc" | b"html" | b"htm" | b"tex" | b"rdoc"
            | b"pod" | b"org" | b"textile" | b"mdx" => Self::Prose,
            _ if name.starts_with(b".env")
                || name.starts_with(b"dockerfile")
                || name.starts_with(b"makefile")
                || name.starts_with(b"docker-compose")
                || name.starts_with(b"jenkinsfile")
                || name.starts_with(b"vagrantfile") =>
            {
                Self::Config
            }
            b"" => Self::Prose,
            _ => Self::Source,
        }
    }
}

/// What a rule asks of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Classifier {
    /// People choose it.
    Password,
    /// A machine made it.
    Token,
}

impl Classifier {
    /// Reads the word used in packs.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        match name {
            "password" => Some(Self::Password),
            "token" => Some(Self::Token),
            _ => None,
        }
    }
}

/// How sure it is that `candidate` is a secret; `None` if it is none.
pub(crate) fn judge(
    text: &[u8],
    candidate: &Candidate,
    keyword: &[u8],
    classifier: Classifier,
    language: Language,
) -> Option<Confidence> {
    let key = candidate.key.of(text);
    let value = candidate.value.of(text);
    let words = Words::of(key);
    if !words.names_a_secret(keyword, classifier) || is_reference(value, candidate) || is_placeholder(value) {
        return None;
    }
    if repeats_key(key, &words, value) || repeats_block(value) || is_part_of_a_place(text, candidate) {
        return None;
    }
    if candidate.quote == Quote::None && language == Language::Source && candidate.syntax != Syntax::Query {
        return None;
    }
    match classifier {
        Classifier::Password => password(text, candidate, &words, language),
        Classifier::Token => token(candidate, value, &words, language),
    }
}

/// Shortest password worth reporting, in bytes.
const MIN_PASSWORD: usize = 4;
/// Longest password that people choose, in bytes.
const MAX_PASSWORD: usize = 128;

fn password(text: &[u8], candidate: &Candidate, words: &Words, language: Language) -> Option<Confidence> {
    let value = candidate.value.of(text);
    let set = Charset::of(value);
    let length = value.len();
    let bare = candidate.quote == Quote::None;
    if !(MIN_PASSWORD..=MAX_PASSWORD).contains(&length)
        || set.spaces > 0
        || set.others > 0
        || set.letters() + set.digits == 0
        || set.digits == length && length < 6
        || language == Language::Translation
    {
        return None;
    }
    // A name of a key in a map, an option or a message is not a value.
    if candidate.syntax == Syntax::Call && !words.last_is_keyword() {
        return None;
    }
    if bare
        && (candidate.trailing && candidate.syntax != Syntax::Space
            || language == Language::Prose && !words.is_constant)
    {
        return None;
    }
    if is_code(value, bare) || hints_at_itself(value) {
        return None;
    }
    // The names of the columns or arguments in a row: `("username", "password", "message")`.
    if candidate.syntax == Syntax::Comma && is_plain_word(value) && follows_an_item(text, candidate) {
        return None;
    }
    let mixed = set.digits > 0 && set.letters() > 0 || set.marks > 0;
    match (bare, mixed) {
        (false, true) if length >= 6 => Some(Confidence::Medium),
        (false, _) if is_plain_word(value) && length < 6 => Some(Confidence::Low),
        (false, _) => Some(Confidence::Medium),
        (true, true) if length >= 6 => Some(Confidence::Medium),
        (true, _) => Some(Confidence::Low),
    }
}

/// Shortest token worth reporting, in bytes.
const MIN_TOKEN: usize = 16;
/// Length from which random text is told from words with little doubt, in bytes.
const LONG_TOKEN: usize = 20;
/// Least entropy of such a text, in bits a character.
const LONG_ENTROPY: f64 = 3.5;
/// Least entropy of hexadecimal text, in bits a character.
const HEX_ENTROPY: f64 = 2.7;
/// Letters reading less like words than this are noise, in doublings a pair.
const NOISE: f64 = -0.6;

fn token(candidate: &Candidate, value: &[u8], words: &Words, language: Language) -> Option<Confidence> {
    let set = Charset::of(value);
    let length = value.len();
    if length < 8 || set.spaces > 0 || set.others > 0 || set.digits == length {
        return None;
    }
    // Frameworks make keys with punctuation; prose and code have fewer digits or less variety.
    if set.marks > 2
        && !(length >= 32 && set.digits >= 3 && shannon(value) >= 4.0 && candidate.quote == Quote::Quoted)
    {
        return None;
    }
    if words.has_any(&[
        "hash",
        "digest",
        "checksum",
        "sha",
        "sha1",
        "sha256",
        "integrity",
        "commit",
        "revision",
    ]) || language == Language::Translation
        || is_code(value, candidate.quote == Quote::None)
        || is_version_or_date(value)
        || is_uuid(value)
    {
        return None;
    }
    // A mark against forged forms holds for one page of one session: nothing to rotate.
    if words.has_any(&["csrf", "xsrf", "authenticity", "antiforgery", "csrfmiddlewaretoken"]) {
        return Some(Confidence::Low);
    }
    let entropy = shannon(value);
    if set.is_hex(length) && set.digits > 0 {
        let strong = length >= MIN_TOKEN && entropy >= HEX_ENTROPY;
        // Bare, a hash of something public is likelier, unless the name says otherwise.
        let named = length >= 32 && words.has_any(&["secret", "token", "password"]);
        let bare = candidate.quote == Quote::None && !(named && language == Language::Config);
        return strong.then_some(if bare || language == Language::Prose {
            Confidence::Low
        } else {
            Confidence::Medium
        });
    }
    let noisy = wordiness(value).is_none_or(|score| score < NOISE);
    let broken = separated_words(value);
    if length >= LONG_TOKEN
        && entropy >= LONG_ENTROPY
        && set.digits > 0
        && set.letters() > 0
        && !broken
        && noisy
    {
        return Some(Confidence::Medium);
    }
    if length >= MIN_TOKEN && set.digits > 1 && set.letters() > 3 && noisy && !broken && entropy >= 3.0 {
        return Some(Confidence::Medium);
    }
    let short = set.digits > 0 && set.letters() > 0 && noisy && !broken && candidate.quote != Quote::None;
    let strong_key = words.has_any(&["secret", "token", "apikey"]) || words.is_constant;
    (short && strong_key && length >= 10).then_some(Confidence::Low)
}

/// The words of a key, lower case, in order.
struct Words {
    words: Vec<Vec<u8>>,
    /// `LIKE_THIS`.
    is_constant: bool,
    keyword: std::cell::Cell<Option<usize>>,
}

/// Words behind a keyword that make the name mean something else than a secret.
const TAILS: &[&str] = &[
    "id",
    "ids",
    "name",
    "names",
    "type",
    "types",
    "path",
    "file",
    "filename",
    "url",
    "uri",
    "endpoint",
    "length",
    "len",
    "size",
    "count",
    "field",
    "label",
    "header",
    "prefix",
    "suffix",
    "format",
    "regex",
    "regexp",
    "pattern",
    "policy",
    "policies",
    "expiry",
    "expires",
    "expiration",
    "expire",
    "ttl",
    "age",
    "reset",
    "hint",
    "placeholder",
    "input",
    "prompt",
    "message",
    "error",
    "errors",
    "callback",
    "handler",
    "manager",
    "provider",
    "service",
    "class",
    "column",
    "index",
    "version",
    "algorithm",
    "algo",
    "env",
    "var",
    "variable",
    "key",
    "keys",
    "strength",
    "validator",
    "validation",
    "required",
    "enabled",
    "attribute",
    "attributes",
    "param",
    "parameter",
    "params",
    "form",
    "store",
    "storage",
    "dir",
    "directory",
    "folder",
    "location",
    "mode",
    "method",
    "kind",
    "status",
    "state",
    "changed",
    "created",
    "updated",
    "ref",
    "reference",
    "source",
    "template",
    "text",
    "title",
    "description",
    "desc",
    "help",
    "link",
    "page",
    "screen",
    "view",
    "widget",
    "button",
    "box",
    "icon",
    "min",
    "max",
    "minimum",
    "maximum",
    "limit",
    "duration",
    "interval",
    "timeout",
    "scheme",
    "schema",
    "table",
    "usage",
    "generator",
    "bytes",
    "encoding",
    "case",
    "list",
    "set",
    "map",
    "cmd",
    "command",
    "arn",
    "alias",
    "entry",
    "fingerprint",
    "hash",
    "digest",
    "salt",
    "policyname",
    "lookup",
    "option",
    "options",
    "strategy",
    "char",
    "chars",
    "character",
    "characters",
    "confirmation",
    "re",
    "fn",
    "func",
    "function",
    "util",
    "utils",
    "helper",
    "exception",
    "invalid",
    "missing",
    "incorrect",
    "wrong",
    "mismatch",
    "bundle",
    "ring",
    "spec",
    "pair",
    "code",
    "codes",
    "press",
    "down",
    "up",
    "board",
    "word",
    "words",
    "event",
    "stroke",
    "frame",
    "frames",
    "space",
    "value_type",
];

/// Words in front of a keyword that do the same.
const HEADS: &[&str] = &[
    "public",
    "pub",
    "primary",
    "foreign",
    "partition",
    "sort",
    "cache",
    "next",
    "previous",
    "prev",
    "continuation",
    "page",
    "idempotency",
    "i18n",
    "translation",
    "hot",
    "shortcut",
    "unique",
    "composite",
    "index",
    "object",
    "map",
    "dict",
    "group",
    "sorting",
    "order",
    "publishable",
    "site",
    "no",
    "missing",
    "invalid",
    "has",
    "is",
    "use",
    "show",
    "hide",
    "toggle",
    "forgot",
    "reset",
    "change",
    "update",
    "confirm",
    "wrong",
    "incorrect",
    "bad",
    "lost",
    "enable",
    "disable",
    "require",
    "requires",
    "allow",
    "validate",
    "check",
    "verify",
    "hash",
    "hashed",
    "encrypted",
    "crypted",
    "encrypt",
    "max",
    "min",
    "row",
    "column",
    "arrow",
    "press",
    "lookup",
    "natural",
    "surrogate",
    "host",
    "config",
    "setting",
    "metadata",
    "label",
    "param",
    "parameter",
    "header",
    "field",
    "cookie_name",
    "env",
    "property",
    "routing",
    "shard",
    "hint",
    "csrf_param",
    "ssh_public",
    "event",
    "json",
    "yaml",
    "xml",
    "attribute",
    "dns",
    "keyword",
];

/// Words that the part `key` must follow for a name to speak of a key of value.
const KEY_HEADS: &[&str] = &[
    "api",
    "access",
    "secret",
    "private",
    "auth",
    "authorization",
    "app",
    "application",
    "master",
    "license",
    "licence",
    "encryption",
    "encrypt",
    "crypto",
    "cipher",
    "signing",
    "sign",
    "signature",
    "account",
    "storage",
    "shared",
    "service",
    "consumer",
    "client",
    "ssh",
    "deploy",
    "server",
    "session",
    "cookie",
    "jwt",
    "hmac",
    "aes",
    "des",
    "rsa",
    "admin",
    "user",
    "root",
    "write",
    "read",
    "ingest",
    "subscription",
    "security",
    "token",
    "webhook",
    "integration",
    "stripe",
    "aws",
    "google",
    "maps",
    "sendgrid",
    "mailgun",
    "base",
    "sdk",
    "rest",
    "dev",
    "test",
    "live",
    "prod",
    "production",
    "sandbox",
    "datadog",
    "dd",
    "twilio",
    "algolia",
    "firebase",
    "openai",
    "azure",
    "s3",
    "gcp",
    "merchant",
    "pay",
    "payment",
    "wechat",
    "alipay",
    "recaptcha",
    "captcha",
    "push",
    "fcm",
    "gcm",
    "registration",
];

impl Words {
    fn of(key: &[u8]) -> Self {
        let mut words: Vec<Vec<u8>> = Vec::new();
        let mut previous = 0_u8;
        for (place, &byte) in key.iter().enumerate() {
            if !byte.is_ascii_alphanumeric() {
                previous = 0;
                continue;
            }
            let next_lower = key.get(place + 1).is_some_and(u8::is_ascii_lowercase);
            let starts = previous == 0
                || previous.is_ascii_lowercase() && byte.is_ascii_uppercase()
                || previous.is_ascii_uppercase() && byte.is_ascii_uppercase() && next_lower
                || previous.is_ascii_digit() && byte.is_ascii_uppercase();
            if starts {
                words.push(Vec::new());
            }
            if let Some(word) = words.last_mut() {
                word.push(byte.to_ascii_lowercase());
            }
            previous = byte;
        }
        let is_constant = key.iter().any(u8::is_ascii_uppercase) && !key.iter().any(u8::is_ascii_lowercase);
        Self { words, is_constant, keyword: std::cell::Cell::new(None) }
    }

    fn has_any(&self, wanted: &[&str]) -> bool {
        self.words.iter().any(|word| wanted.iter().any(|one| one.as_bytes() == word.as_slice()))
    }

    fn last_is_keyword(&self) -> bool {
        self.keyword.get() == self.words.len().checked_sub(1)
    }

    /// Whether the name, as a whole, speaks of a secret.
    fn names_a_secret(&self, keyword: &[u8], classifier: Classifier) -> bool {
        // The keyword may go over several words: `api_key`, `apiKey`.
        let joined: Vec<u8> = self.words.concat();
        let plain: Vec<u8> = keyword.iter().filter(|byte| byte.is_ascii_alphanumeric()).copied().collect();
        let Some(at) = joined.rfind(&plain) else { return false };
        let (mut end, mut place) = (0, 0);
        for (index, word) in self.words.iter().enumerate() {
            end += word.len();
            if end >= at + plain.len() {
                place = index;
                break;
            }
        }
        self.keyword.set(Some(place));
        let word = self.words[place].as_slice();
        let before = &self.words[..place];
        let after = &self.words[place + 1..];
        if after.iter().any(|tail| TAILS.iter().any(|one| one.as_bytes() == tail.as_slice())) {
            return false;
        }
        if before.iter().any(|head| HEADS.iter().any(|one| one.as_bytes() == head.as_slice())) {
            return false;
        }
        match classifier {
            Classifier::Password => {
                // `passwords`, `passwd2`, `userpass`; not `passthrough`, `bypass`, `compass`.
                plain != b"pass"
                    || matches!(word, b"pass" | b"userpass" | b"dbpass" | b"mypass" | b"adminpass")
            }
            Classifier::Token => speaks_of_token(word, before),
        }
    }
}

fn speaks_of_token(word: &[u8], before: &[Vec<u8>]) -> bool {
    let stem = word.strip_suffix(b"s").unwrap_or(word);
    if stem == b"key" {
        return before
            .last()
            .is_some_and(|head| KEY_HEADS.iter().any(|one| one.as_bytes() == head.as_slice()));
    }
    if let Some(head) = stem.strip_suffix(b"key") {
        return KEY_HEADS.iter().any(|one| one.as_bytes() == head);
    }
    // `tokenizer`, `authors`, `secretary` are other words.
    const OTHER: [&[u8]; 22] = [
        b"tokeniz",
        b"tokenis",
        b"author",
        b"authent",
        b"secretar",
        b"credit",
        b"authoriz",
        b"authoris",
        b"keyboard",
        b"keyword",
        b"keystroke",
        b"monkey",
        b"donkey",
        b"turkey",
        b"hockey",
        b"jockey",
        b"whiskey",
        b"keypress",
        b"keydown",
        b"keyup",
        b"keyframe",
        b"keychain",
    ];
    !OTHER.iter().any(|other| word.starts_with(other)) || word == b"authorization"
}

/// A value that stands for another: a variable, a template, a call, a path, a URL.
fn is_reference(value: &[u8], candidate: &Candidate) -> bool {
    let bare = matches!(candidate.quote, Quote::None | Quote::InString);
    let starts: &[&[u8]] = &[
        b"$",
        b"{{",
        b"${",
        b"%(",
        b"%{",
        b"#{",
        b"<%",
        b"{%",
        b"@@",
        b"!ref",
        b"!sub",
        b"arn:",
        b"http://",
        b"https://",
        b"file:",
        b"env:",
        b"vault:",
        b"ssm:",
        b"/run/secrets",
        b"./",
        b"../",
        b"~/",
        b"data:",
        b"ENC[",
        b"ENC(",
        b"op://",
        b"secret://",
        b"sha256:",
        b"sha1-",
        b"sha512-",
        b"sha384-",
        b"sha256-",
        b"urn:",
        b"*",
        b"&",
        b"\\u",
        b"%s",
        b"%@",
        b"@string/",
        b"process.env",
        b"os.environ",
        b"System.get",
        b"function",
        b"async ",
        b"new ",
        b"{",
        b"[",
    ];
    if starts
        .iter()
        .any(|start| value.get(..start.len()).is_some_and(|head| head.eq_ignore_ascii_case(start)))
    {
        return true;
    }
    let inside: &[&[u8]] =
        &[b"${", b"{{", b"}}", b"#{", b"<%", b"%>", b"$(", b"%(", b"\" +", b"' +", b"{0}", b"%s", b"\\("];
    if inside.iter().any(|mark| value.find(mark).is_some()) {
        return true;
    }
    if value.starts_with(b"<") && value.ends_with(b">") || value.starts_with(b"%") && value.ends_with(b"%") {
        return true;
    }
    // A format or a template in braces, a call, an index, a member.
    if bare
        && (value.contains(&b'(') || value.contains(&b'[') || value.ends_with(b"{") || value.contains(&b'|'))
    {
        return true;
    }
    // `a/b/c.txt` and `/etc/x`: a path, not base64 (whose parts are not words).
    value.starts_with(b"/") && value[1..].contains(&b'/')
        || value.starts_with(b"/") && wordiness(value).is_some_and(|score| score > 0.0)
}

/// A value in source syntax: a name, a member, a call, a type.
fn is_code(value: &[u8], bare: bool) -> bool {
    const NOTHING: [&[u8]; 41] = [
        b"null",
        b"nil",
        b"none",
        b"true",
        b"false",
        b"undefined",
        b"string",
        b"str",
        b"text",
        b"int",
        b"integer",
        b"bool",
        b"boolean",
        b"digest",
        b"object",
        b"array",
        b"list",
        b"bytes",
        b"char",
        b"varchar",
        b"any",
        b"self",
        b"this",
        b"required",
        b"optional",
        b"default",
        b"unknown",
        b"void",
        b"number",
        b"type",
        b"secret",
        b"hidden",
        b"disabled",
        b"enabled",
        b"off",
        b"auto",
        b"empty",
        b"invalid",
        b"missing",
        b"never",
        b"always",
    ];
    if NOTHING.iter().any(|word| value.eq_ignore_ascii_case(word)) {
        return true;
    }
    if bare {
        let dotted = value.contains(&b'.') && value.split(|&byte| byte == b'.').all(is_identifier);
        let member = value.find(b"->").is_some() || value.find(b"::").is_some();
        return dotted || member || value.ends_with(b":") || value.ends_with(b"=") && value.len() < 16;
    }
    // `user.password`, `PASSWORD_FIELD`, `auth/token`, `#password`, `.password-field`.
    let words = value
        .split(|byte| matches!(byte, b'.' | b'/' | b'_' | b'-' | b':' | b'#' | b'[' | b']'))
        .filter(|part| !part.is_empty());
    let (mut parts, mut plain, mut long) = (0, 0, 0);
    for part in words {
        parts += 1;
        plain += usize::from(part.iter().all(u8::is_ascii_alphabetic));
        long += usize::from(part.len() > 1);
    }
    // A single letter is a word between others: `i-am-invalid`.
    long > 1 && plain == parts && (long == parts || parts > 2)
}

fn is_identifier(part: &[u8]) -> bool {
    part.first().is_some_and(|first| first.is_ascii_alphabetic() || *first == b'_')
        && part.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
}

fn is_plain_word(value: &[u8]) -> bool {
    value.iter().all(u8::is_ascii_lowercase)
}

/// A password that says what it is: `password1`, `mysecret`, `s3cr3t`.
fn hints_at_itself(value: &[u8]) -> bool {
    let lower = value.to_ascii_lowercase();
    // Words that manuals use; other spellings with digits for letters are passwords in use.
    if matches!(lower.as_slice(), b"s3cr3t" | b"s3cret" | b"secr3t" | b"mypass") {
        return true;
    }
    [&b"password"[..], b"passwd", b"passphrase", b"secret"].iter().any(|word| lower.find(word).is_some())
}

/// Shortest part of a name that counts as its repetition, in bytes.
const MIN_WORD: usize = 4;

/// Whether the value is (nearly) the key's own name, or a part of it.
fn repeats_key(key: &[u8], words: &Words, value: &[u8]) -> bool {
    let squeeze = |text: &[u8]| -> Vec<u8> {
        text.iter().filter(|byte| byte.is_ascii_alphanumeric()).map(u8::to_ascii_lowercase).collect()
    };
    let (key, value) = (squeeze(key), squeeze(value));
    if value.is_empty() {
        return true;
    }
    let part_of_key =
        value.len() >= MIN_WORD && words.words.iter().any(|word| word.as_slice() == value.as_slice());
    let value = value.trim_end_with(|character| character.is_ascii_digit());
    part_of_key
        || key == value
        || value.len() >= 4 && key.ends_with(value)
        || key.len() >= 4 && value.len() <= key.len() + 4 && value.find(&key).is_some()
        || words.words.len() > 1 && words.words.concat() == value
}

/// Least length of a value in which a repeated block is no accident.
const MIN_REPEATED: usize = 16;

/// Whether the value is one block over and over, as `0123456789abcdef0123456789abcdef`: typed, not made.
fn repeats_block(value: &[u8]) -> bool {
    value.len() >= MIN_REPEATED
        && (1..=value.len() / 2).any(|period| value[period..] == value[..value.len() - period])
}

/// Whether the key is a part of a path in a string (`"/etc/passwd", …`) or of the user and host of a
/// URL (`PASSWORD@localhost:6379`): then what follows is not given to it.
fn is_part_of_a_place(text: &[u8], candidate: &Candidate) -> bool {
    let key = candidate.key.of(text);
    let in_path = candidate.syntax == Syntax::Comma && text[..candidate.key.start].ends_with(b"/");
    in_path || candidate.quote == Quote::InString && key.get(1..).is_some_and(|rest| rest.contains(&b'@'))
}

/// Whether another item of a list stands in front of the key: `"user", "password"`. An option in a
/// list of arguments, as `"--password"`, does have a value.
fn follows_an_item(text: &[u8], candidate: &Candidate) -> bool {
    let before = &text[..candidate.key.start];
    if text[candidate.key.start..].starts_with(b"-") || before.ends_with(b"-") {
        return false;
    }
    let before = before.trim_end_with(|character| matches!(character, '"' | '\'' | '`' | '\\'));
    let before = before.trim_ascii_end();
    before.ends_with(b",") || before.ends_with(b"[") && precedes_an_item(text, candidate)
}

/// Whether a further item stands behind the value: `["password", "user", "host"]` has no pairs.
fn precedes_an_item(text: &[u8], candidate: &Candidate) -> bool {
    let is_quote = |byte: &u8| matches!(byte, b'"' | b'\'' | b'`');
    let after = text[candidate.value.end..].get(1..).unwrap_or_default().trim_ascii_start();
    after.strip_prefix(b",").is_some_and(|next| next.trim_ascii_start().first().is_some_and(is_quote))
}

/// Words that stand where a value is to be put in.
const PLACEHOLDERS: &[&str] = &[
    "example",
    "sample",
    "placeholder",
    "changeme",
    "change_me",
    "change-me",
    "changeit",
    "your_",
    "your-",
    "yourpass",
    "yoursecret",
    "yourtoken",
    "yourkey",
    "yourapi",
    "replace",
    "insert",
    "dummy",
    "fake",
    "redacted",
    "censored",
    "todo",
    "fixme",
    "xxxx",
    "....",
    "****",
    "----",
    "____",
    "foobar",
    "foo_bar",
    "somepass",
    "somesecret",
    "sometoken",
    "mytoken",
    "my-token",
    "my_token",
    "my-secret",
    "my_secret",
    "my-password",
    "my_password",
    "mypassword",
    "lorem",
    "<your",
    "[your",
    "goes_here",
    "goes-here",
    "goeshere",
    "here>",
    "removed",
    "deadbeef",
    "not-a-real",
    "notreal",
    "undefined",
];

/// True for what stands in place of a secret: an example, a mask, a row of one character or a
/// run through the alphabet.
pub(crate) fn is_placeholder(value: &[u8]) -> bool {
    static WORDS: OnceLock<Option<AhoCorasick>> = OnceLock::new();
    let words =
        WORDS.get_or_init(|| AhoCorasick::builder().ascii_case_insensitive(true).build(PLACEHOLDERS).ok());
    if words.as_ref().is_some_and(|words| words.is_match(value)) {
        return true;
    }
    let lower = value.to_ascii_lowercase();
    let distinct = {
        let mut seen = [false; 256];
        lower.iter().for_each(|&byte| seen[usize::from(byte)] = true);
        seen.iter().filter(|&&one| one).count()
    };
    if distinct <= 2 || value.len() >= 16 && distinct <= 4 {
        return true;
    }
    longest_run(&lower) >= RUN.max(value.len() * 2 / 5)
}

/// Shortest ascending, descending or constant run that shows a made-up value.
const RUN: usize = 7;

/// Length of the longest run whose neighbours differ by the same step of -1, 0 or 1.
fn longest_run(value: &[u8]) -> usize {
    let (mut longest, mut length, mut step) = (0, 1, 2_i16);
    for pair in value.windows(2) {
        let next = i16::from(pair[1]) - i16::from(pair[0]);
        if next == step && (-1..=1).contains(&next) {
            length += 1;
        } else {
            step = next;
            length = if (-1..=1).contains(&next) { 2 } else { 1 };
        }
        longest = longest.max(length);
    }
    longest
}

fn is_uuid(value: &[u8]) -> bool {
    value.len() == 36
        && value.iter().enumerate().all(|(place, byte)| match place {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

fn is_version_or_date(value: &[u8]) -> bool {
    value.first().is_some_and(u8::is_ascii_digit)
        && value.iter().filter(|byte| matches!(byte, b'.' | b'-' | b':' | b'T' | b'Z')).count() >= 2
        && value.iter().all(|byte| {
            byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b':' | b'T' | b'Z' | b'+' | b'/')
        })
}

/// Whether the value is words and small numbers joined by `-`, `_`, `.` or `/`: a name.
fn separated_words(value: &[u8]) -> bool {
    let parts: Vec<&[u8]> = value
        .split(|byte| matches!(byte, b'-' | b'_' | b'.' | b'/' | b':'))
        .filter(|part| !part.is_empty())
        .collect();
    if parts.len() < 3 {
        return false;
    }
    let plain = parts
        .iter()
        .filter(|part| {
            let digits = part.iter().filter(|byte| byte.is_ascii_digit()).count();
            digits == part.len() && part.len() <= 4
                || digits == 0 && part.len() <= 14 && part.iter().all(u8::is_ascii_alphabetic)
        })
        .count();
    plain * 3 >= parts.len() * 2
}

#[cfg(test)]
mod tests;
