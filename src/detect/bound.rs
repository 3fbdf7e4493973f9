//! Bound rules: values without a mark of their own, which the name of their provider gives away.
//!
//! From the provider's name on, every place is looked at where a value may begin: in the same line or
//! one of the next two. How sure the binding is, the text between says: `acme_token = "…"` leaves no
//! doubt, `new Acme("…")` little, and a value that merely follows somewhere is worth a mention at low
//! confidence only. Must not judge the value beyond its form.

mod runs;

use std::{ops::Range, sync::OnceLock};

use memchr::memmem;
use regex_automata::{
    Anchored, Input,
    meta::{Config, Regex},
};

use runs::{Kind, LOOK, looks_made};

use super::{
    judge::reads_as_words,
    pattern::{Set, Step, Steps, ends_escape, parse, value_expression},
    words::place_of,
};
use crate::{finding::Confidence, rule::Bound, text::Span};

/// How far after the provider's name a value may begin, in bytes: an address with a query, or the next entry of a table.
const REACH: usize = 112;
/// How far before a line the name may begin that binds a value on it, and how far behind it one may end that is read together
/// with what stands on it, in bytes; `longest` is the longest name.
pub(super) const fn around(longest: usize) -> (usize, usize) {
    (REACH + longest, NAME_LOOK + longest)
}

/// Line breaks that may lie between the two: a header below its address, a key below its section.
const LINES: usize = 2;
/// Values that one name may have: an id, a secret and a token in one line.
const MOST_VALUES: usize = 3;
/// A name of so many bytes is no accident, whatever letters stand around it.
const TELLING: usize = 7;
/// Bytes of an identifier that are read backwards from its operator.
const NAME_LOOK: usize = 64;

/// The expression of a rule's value, made ready when first needed.
#[derive(Debug, Default)]
pub(crate) struct Engine(OnceLock<Option<Value>>);

/// The expression of a value: as steps, and as an automaton for what these cannot do.
#[derive(Debug)]
struct Value {
    steps: Option<Steps>,
    /// The bytes that it is made of, if it is all of one token.
    alphabet: Option<Set>,
    /// What it lies in, or what is nearly one.
    run: (Kind, usize),
    compiled: OnceLock<Option<Regex>>,
}

/// A value, with what it is bound by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bond {
    /// The value.
    pub(crate) value: Span,
    /// From the name to the end of the value.
    pub(crate) whole: Span,
    /// How sure the text between them makes it.
    pub(crate) confidence: Confidence,
    /// It only nearly has the form: a token that was cut, or that a few characters too many were typed into.
    pub(crate) near: bool,
}

impl Engine {
    /// The engine of a rule of whose value the steps are known, or known not to be.
    pub(crate) fn with_steps(rule: &Bound, steps: Option<Option<Steps>>) -> Self {
        let engine = Self::default();
        if let Some(steps) = steps {
            engine.0.get_or_init(|| Some(Value::with_steps(rule, steps)));
        }
        engine
    }

    /// Before that place nothing in `text` can be bound to the name at `hit`, as far as that is seen at once; `None` if nothing can
    /// at all.
    #[inline]
    pub(crate) fn first(&self, rule: &Bound, text: &[u8], hit: Span) -> Option<usize> {
        if !stands_alone(text, hit) {
            return None;
        }
        let (value, place) = (self.value(rule)?, hit.end);
        if value.run.1 < MIN_RUN {
            return Some(place);
        }
        let first = runs::first(text, place, REACH, value.run)?;
        value.first_run(text, first..place + REACH)
    }

    /// Adds the values that the name at `hit` binds, and says which bytes decided; there is none before `first`.
    pub(crate) fn at(
        &self,
        rule: &Bound,
        text: &[u8],
        (hit, first): (Span, usize),
        found: &mut Vec<Bond>,
    ) -> Span {
        let end = text.len().min(hit.end + REACH + rule.most + 2);
        let before = hit.start.saturating_sub(NAME_LOOK);
        let last = reach(text, hit.end);
        let Some(form) = self.value(rule) else {
            return Span::new(before, end);
        };
        let least = form.run.1;
        // What may begin before that ends where no part of a token is.
        let open = last > hit.end && is_token_byte(text[last - 1]);
        let rest = if open { run(&text[last.min(end)..end]) } else { 0 };
        let mut seen = text.len().min(last + rest + 1);
        let mut near = Vec::new();
        let mut place = first;
        while found.len() < MOST_VALUES
            && let Some(start) = form.first_run(text, place..last)
        {
            let stop = start + text[start..end].iter().take_while(|&&byte| form.holds(byte)).count();
            place = start;
            while place < last && place + least <= stop && found.len() < MOST_VALUES {
                if !begins(text, place) {
                    place += 1;
                    continue;
                }
                let run = run(&text[place..end]);
                // And what ends it.
                seen = seen.max(text.len().min(place + run + 1));
                let made = looks_made(&text[place..place + run.min(LOOK)]);
                if !made && run <= LOOK {
                    // Nor does any part of what was looked at.
                    place += run;
                    continue;
                }
                if !made || !self.may_begin(rule, &text[place..end]) {
                    place += 1;
                    continue;
                }
                // Where this run has nothing, its parts may have: they begin after a separator.
                let Some(length) = form.length(rule, &text[place..end]) else {
                    if near.len() < MOST_VALUES {
                        near.extend(self.near_miss(rule, text, hit, Span::new(place, place + run)));
                    }
                    place += 1;
                    continue;
                };
                let value = Span::new(place, place + length);
                place = value.end;
                if reads_as_words(value.of(text)) {
                    continue;
                }
                if let Some(confidence) = evidence(rule, text, hit, value) {
                    let whole = Span::new(hit.start, value.end);
                    found.push(Bond { value, whole, confidence, near: false });
                }
            }
            place = place.max(stop);
        }
        keep_best(found);
        found.append(&mut near);
        Span::new(before, seen)
    }

    /// False if no value is at the start of `text`, nor what is nearly one; costs a few comparisons.
    fn may_begin(&self, rule: &Bound, text: &[u8]) -> bool {
        let steps = self.value(rule).and_then(|value| value.steps.as_ref());
        let Some([Step::Save(0), Step::Repeat { set, least, .. }, ..]) = steps.map(|steps| &*steps.steps)
        else {
            return true;
        };
        let least = least.saturating_sub(NEAR);
        text.get(..least).is_some_and(|head| head.iter().all(|&byte| set.holds(byte)))
    }

    /// The value at the start of `run`, if it would have the form with up to [`NEAR`] characters more or less, and the name
    /// surely binds it.
    fn near_miss(&self, rule: &Bound, text: &[u8], hit: Span, run: Span) -> Option<Bond> {
        let part = |byte: &&u8| byte.is_ascii_alphanumeric() || b"-_+/=".contains(byte);
        let value = Span::new(run.start, run.start + run.of(text).iter().take_while(part).count());
        let written = value.of(text);
        if written.len() < MIN_NEAR || written.len() + NEAR < rule.least || written.len() > rule.most + NEAR {
            return None;
        }
        let form = self.value(rule)?;
        // Words are no slip, nor is a digest one of another kind of value.
        if reads_as_words(written) || form.run.0 != Kind::Hex && is_digest(written) {
            return None;
        }
        let has_form = |bytes: &[u8]| form.length(rule, bytes) == Some(bytes.len());
        let mut longer = written.to_vec();
        let near = (1..=NEAR).any(|count| {
            longer.extend(written.last());
            has_form(&written[..written.len() - count]) || has_form(&longer)
        });
        let surely = near && evidence(rule, text, hit, value) == Some(Confidence::High);
        surely.then(|| Bond {
            value,
            whole: Span::new(hit.start, value.end),
            confidence: Confidence::Low,
            near: true,
        })
    }

    fn value(&self, rule: &Bound) -> Option<&Value> {
        self.0.get_or_init(|| Value::new(rule)).as_ref()
    }
}

/// So many characters too few or too many are a slip. What is further from the form may be another kind of value.
const NEAR: usize = 3;
/// Shortest value that is compared with a form so.
const MIN_NEAR: usize = 16;

/// Shortest run of token characters that is looked at, whatever the rule allows.
const MIN_RUN: usize = 8;

/// Whatever may be part of a token: 1 for each such byte.
static TOKEN: [u8; 256] = {
    let mut table = [0; 256];
    let mut place = 0;
    while place < table.len() {
        table[place] = Kind::Token.holds(place as u8) as u8;
        place += 1;
    }
    table
};

const fn is_token_byte(byte: u8) -> bool {
    TOKEN[byte as usize] != 0
}

impl Value {
    fn new(rule: &Bound) -> Option<Self> {
        let hir = parse(&value_expression(&rule.value), rule.ignore_case)?;
        Some(Self::with_steps(rule, Steps::with_group(&hir, 1)))
    }

    fn with_steps(rule: &Bound, steps: Option<Steps>) -> Self {
        let alphabet = steps.as_ref().map(alphabet_of);
        let kind = alphabet.as_ref().and_then(Kind::of);
        let least = rule.least.min(MIN_RUN);
        let run = match kind {
            Some(kind) => (kind, least.max(rule.least.saturating_sub(NEAR))),
            None => (Kind::Token, least),
        };
        Self { steps, alphabet: alphabet.filter(|_| kind.is_some()), run, compiled: OnceLock::new() }
    }

    /// Whether a value may have the byte.
    fn holds(&self, byte: u8) -> bool {
        self.alphabet.as_ref().map_or_else(|| is_token_byte(byte), |alphabet| alphabet.holds(byte))
    }

    /// The first of some places before which no run begins that is long enough for a value and that a machine may have made; `None` if
    /// there is none at all. Few bytes are asked: one that does not belong, found from the back, rules out all before it.
    fn first_run(&self, text: &[u8], places: Range<usize>) -> Option<usize> {
        let mut begin = places.start;
        while begin < places.end
            && let Some(run) = text.get(begin..begin + self.run.1)
        {
            if let Some(other) = run.iter().rposition(|&byte| !self.holds(byte)) {
                begin += other + 1;
            } else if looks_made(Span::new(begin, begin + 2 * LOOK).of(text)) {
                return Some(begin);
            } else {
                // Nor does what begins in the first half of that.
                begin += LOOK;
            }
        }
        None
    }

    /// Length of the value at the start of `text`, if there is one.
    fn length(&self, rule: &Bound, text: &[u8]) -> Option<usize> {
        if let Some(found) = self.steps.as_ref().and_then(|steps| steps.at(text, 0, text.len()).ok()) {
            return found.map(|found| found.secret.len());
        }
        let regex = self.compiled.get_or_init(|| compile(rule)).as_ref()?;
        let mut captures = regex.create_captures();
        regex.search_captures(&Input::new(text).anchored(Anchored::Yes), &mut captures);
        captures.get_group(1).map(|group| group.len())
    }
}

fn compile(rule: &Bound) -> Option<Regex> {
    let hir = parse(&value_expression(&rule.value), rule.ignore_case)?;
    // As of patterns: windows are short and rules are many.
    let config = Config::new().utf8_empty(false).auto_prefilter(false).hybrid(false);
    Regex::builder().configure(config).build_from_hir(&hir).ok()
}

/// Whether the name at `hit` is a word of its own, or a part of an identifier, and no accident
/// inside another word.
fn stands_alone(text: &[u8], hit: Span) -> bool {
    let name = hit.of(text);
    let before = hit.start.checked_sub(1).map(|place| text[place]);
    let (first, last) = (name[0], name[name.len() - 1]);
    if name.len() >= TELLING {
        return true;
    }
    let joined_before = !escaped(text, hit.start)
        && before.is_some_and(|byte| {
            byte.is_ascii_lowercase() && first.is_ascii_lowercase()
                || byte.is_ascii_uppercase() && first.is_ascii_alphabetic()
        });
    if joined_before {
        return false;
    }
    let rest = &text[hit.end..text.len().min(hit.end + NAME_LOOK)];
    let goes_on = rest.first().is_some_and(|next| {
        last.is_ascii_lowercase() && next.is_ascii_lowercase()
            || last.is_ascii_uppercase() && next.is_ascii_uppercase()
    });
    if !goes_on {
        return true;
    }
    let word = rest.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
    let word = &rest[..word];
    AFTER_NAME
        .iter()
        .any(|start| word.get(..start.len()).is_some_and(|head| head.eq_ignore_ascii_case(start)))
}

/// Whether a provider's name is no accident, whatever letters stand around it, and says nothing of secrets itself: in
/// `app_secret` nobody is named.
pub(super) fn is_telling(name: &[u8]) -> bool {
    let says = |word: &Vec<u8>| SECRET_PARTS.iter().any(|part| memmem::find(word, part.as_bytes()).is_some());
    name.len() >= TELLING && !words(name).iter().any(says)
}

/// Whether `name` has one of the words that the rule wants beside a value, if it wants any.
pub(super) fn is_asked_for(rule: &Bound, name: &[u8]) -> bool {
    let name = name.to_ascii_lowercase();
    rule.near.is_empty() || rule.near.iter().any(|word| memmem::find(&name, word.as_bytes()).is_some())
}

/// The name around `place`, with what it is a member of: `acme.api.key`.
pub(super) fn name_around(text: &[u8], place: usize) -> Span {
    let end = place + text[place..].iter().take(NAME_LOOK).take_while(part_of_a_name).count();
    Span::new(place - name_before(text, place), end)
}

/// `name` with the word before it, if a single space parts them: `acme token`.
pub(super) fn with_word_before(text: &[u8], name: Span) -> Option<Span> {
    let end = name.start.checked_sub(1).filter(|&place| text[place] == b' ')?;
    let length = name_before(text, end);
    (length > 0).then(|| Span::new(end - length, name.end))
}

/// Bytes of a name that end at `place`.
fn name_before(text: &[u8], place: usize) -> usize {
    text[..place].iter().rev().take(NAME_LOOK).take_while(part_of_a_name).count()
}

fn part_of_a_name(byte: &&u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(**byte, b'_' | b'-' | b'.')
}

/// Whether `name` says of the provider's name in it that this is about a token, and says nothing else.
pub(super) fn names_its_token(text: &[u8], name: Span, provider: Span) -> bool {
    if !name.contains(provider) {
        return false;
    }
    let (before, after) = (Span::new(name.start, provider.start), Span::new(provider.end, name.end));
    let mut said = words(before.of(text));
    said.append(&mut words(after.of(text)));
    !said.is_empty() && said.iter().all(|word| is_of_token(word))
}

/// Whether names of a provider's tokens have the word.
pub(super) fn is_of_token(word: &[u8]) -> bool {
    TOKEN_WORDS.iter().any(|known| known.as_bytes() == word)
}

/// Words of which the names of a provider's tokens are made.
static TOKEN_WORDS: &[&str] = &[
    "access",
    "api",
    "apikey",
    "apitoken",
    "auth",
    "bearer",
    "default",
    "dev",
    "io",
    "key",
    "live",
    "my",
    "pat",
    "personal",
    "prod",
    "production",
    "test",
    "the",
    "token",
];

/// What may follow a provider's name without a separator: `acmekey`, `ACMETOKEN`, `acmeio`.
static AFTER_NAME: &[&[u8]] = &[
    b"access", b"account", b"ai", b"api", b"app", b"auth", b"bot", b"client", b"cloud", b"ci", b"com",
    b"cred", b"hq", b"id", b"io", b"key", b"live", b"pass", b"pat", b"prod", b"pw", b"rest", b"secret",
    b"service", b"site", b"test", b"token", b"user", b"web",
];

/// The end of the places where a value may begin.
fn reach(text: &[u8], from: usize) -> usize {
    let high = text.len().min(from + REACH);
    let mut lines = 0;
    let mut last = from;
    for newline in memchr::memchr_iter(b'\n', &text[from..high]) {
        let blank = lines > 0 && text[last..from + newline].trim_ascii().is_empty();
        lines += 1;
        last = from + newline + 1;
        if lines > LINES || blank {
            return from + newline;
        }
    }
    high
}

/// Whether a value may begin at `place`: not inside a word.
fn begins(text: &[u8], place: usize) -> bool {
    let part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'+' | b'.' | b'$' | b'-');
    // A value may begin with `$` or `.`, and follows what is no part of it.
    !matches!(text[place], b' ' | b'\t' | b'\r' | b'\n' | b'"' | b'\'' | b'`' | b'=' | b':' | b',' | b'(')
        && (place == 0 || !part(text[place - 1]) || escaped(text, place))
}

/// Whether a percent or backslash escape ends just before `place`: `%3D`, `\n`.
fn escaped(text: &[u8], place: usize) -> bool {
    place >= 3
        && text[place - 3] == b'%'
        && text[place - 2].is_ascii_hexdigit()
        && text[place - 1].is_ascii_hexdigit()
        || ends_escape(text, place)
}

/// The bytes that the secret of an expression is made of.
fn alphabet_of(steps: &Steps) -> Set {
    let mut alphabet = Box::new([0; 256]);
    let secret = steps.steps.iter().skip_while(|&step| *step != Step::Save(0));
    for step in secret.take_while(|&step| *step != Step::Save(1)) {
        match step {
            Step::Bytes(bytes) => bytes.iter().for_each(|&byte| alphabet[usize::from(byte)] = 1),
            Step::Repeat { set, .. } => {
                alphabet.iter_mut().zip(set.bytes()).for_each(|(known, held)| *known |= held);
            }
            _ => {}
        }
    }
    Set::Made(alphabet)
}

/// Bytes from here on that may be part of a token.
fn run(text: &[u8]) -> usize {
    text.iter().take_while(|&&byte| is_token_byte(byte)).count()
}

/// Where something is surely bound, what merely follows is not mentioned.
fn keep_best(found: &mut Vec<Bond>) {
    let best = found.iter().map(|bond| bond.confidence).max();
    found.retain(|bond| bond.confidence > Confidence::Low || best == Some(Confidence::Low));
    if best == Some(Confidence::Low) {
        found.truncate(1);
    }
}

/// How sure the text between name and value makes it that one belongs to the other; `None` where
/// the rule asks for a word that is not there.
fn evidence(rule: &Bound, text: &[u8], hit: Span, value: Span) -> Option<Confidence> {
    let key = key_of(text, hit, value);
    let between = text[hit.end..value.start].to_ascii_lowercase();
    if !rule.near.is_empty() {
        let asked = |part: &[u8]| rule.near.iter().any(|word| place_of(part, word.as_bytes()).is_some());
        // The whole key counts, such as `secret_acme`.
        if !asked(&between) && !asked(&key.before) && !asked(&hit.of(text).to_ascii_lowercase()) {
            // `acme = "…"`, `new Acme("…")`: what else would it be given that looks like this.
            let made = value.len() >= SURE && Form::of(rule, value.of(text)).mixed;
            return (key.is_given() && made).then_some(Confidence::Medium);
        }
    }
    let form = Form::of(rule, value.of(text));
    let below = memchr::memchr(b'\n', &between).is_some();
    if key.is_public() && form.like_a_hash && (rule.near.is_empty() || below && key.direct) {
        // An id, a digest or a commit, and called so.
        return None;
    }
    let public = key.is_public() && rule.near.is_empty();
    let named = key.is_secret() || key.words.is_empty() && tells(hit.of(text));
    let lines = memchr::memchr_iter(b'\n', &between).count();
    if public {
        return Some(Confidence::Low);
    }
    if !key.direct {
        // `Authorization: Acme …`, `secret = "acme …"`: the string that both stand in has a name. Or the two
        // stand side by side, and the value can be nothing else.
        let beside = lines == 0 && !between.iter().any(u8::is_ascii_alphanumeric);
        let enclosed = lines == 0 && enclosing_key(text, hit, value).is_some_and(|key| key.is_secret());
        return Some(match form.mixed {
            true if enclosed => Confidence::High,
            true if beside && !is_address(text, hit) => Confidence::Medium,
            false if enclosed => Confidence::Medium,
            _ => Confidence::Low,
        });
    }
    let own = own_key(text, hit, value);
    let own_secret = own.as_ref().is_some_and(|own| own.is_secret() && !own.is_public());
    if named || own_secret {
        let sure = lines == 0 || nests(&between) || form.mixed || own_secret;
        return Some(if sure { Confidence::High } else { Confidence::Medium });
    }
    let is_its_own = key.words.is_empty() || own.is_some();
    // `acme = "…"`, `new Acme("…")`: the provider alone is given it, as no commit or digest is. A mapping
    // (`acme: …`) may pin a version.
    let given = key.is_given();
    let may_be_a_digest = form.like_a_hash && !given && !(is_its_own && form.unlike_a_digest);
    Some(if may_be_a_digest || !form.made {
        Confidence::Low
    } else if given && form.mixed && value.len() >= SURE {
        Confidence::High
    } else {
        Confidence::Medium
    })
}

/// What the form of a value says, whatever stands around it.
struct Form {
    /// Long enough to be no accident.
    made: bool,
    /// Hexadecimal digits, or a UUID.
    like_a_hash: bool,
    /// As long as no common digest, commit or UUID is.
    unlike_a_digest: bool,
    /// Letters of both cases and digits, or many digits among letters beyond `f`: no hash and no name.
    mixed: bool,
}

/// Lengths of common digests in hexadecimal. An MD5 is as long as many keys are.
const DIGESTS: &[usize] = &[40, 56, 64, 96, 128];

/// Whether a value is as long as a digest, and hexadecimal.
fn is_digest(value: &[u8]) -> bool {
    DIGESTS.contains(&value.len()) && value.iter().all(u8::is_ascii_hexdigit)
}

/// Shortest mixed value that leaves no doubt where the provider alone is given it.
const SURE: usize = 24;
/// Shortest value whose mixture of characters says something.
const MIN_MIXED: usize = 20;

impl Form {
    fn of(rule: &Bound, value: &[u8]) -> Self {
        let count = |of: fn(&u8) -> bool| value.iter().filter(|byte| of(byte)).count();
        let like_a_hash = value.iter().all(|byte| byte.is_ascii_hexdigit() || *byte == b'-');
        let (upper, lower, digits) =
            (count(u8::is_ascii_uppercase), count(u8::is_ascii_lowercase), count(u8::is_ascii_digit));
        let plain = upper + lower + digits;
        Self {
            made: rule.least >= MIN_RUN,
            like_a_hash,
            unlike_a_digest: value.len() != 36 && !DIGESTS.contains(&value.len()),
            mixed: !like_a_hash
                && value.len() >= MIN_MIXED
                && plain * 10 >= value.len() * 9
                && digits >= 2
                && (upper >= 2 && lower >= 2 || digits * 6 >= value.len()),
        }
    }
}

/// The key of the text in quotes, in braces or behind a sign that name and value stand in on one line.
fn enclosing_key(text: &[u8], hit: Span, value: Span) -> Option<Key> {
    let low = hit.start.saturating_sub(NAME_LOOK);
    let line = memchr::memrchr(b'\n', &text[low..hit.start]).map_or(low, |newline| low + newline + 1);
    let opens = |byte: &u8| matches!(byte, b'"' | b'\'' | b'`' | b'{' | b'>' | b'=' | b':');
    let from = line + text[line..hit.start].iter().rposition(opens)? + 1;
    let key = key_before(text, Span::new(low, low), Span::new(from, value.end));
    key.direct.then_some(key)
}

/// Whether the name at `hit` is part of an address: what follows there are paths.
fn is_address(text: &[u8], hit: Span) -> bool {
    let low = hit.start.saturating_sub(NAME_LOOK);
    let word = text[low..hit.start].iter().rposition(|byte| byte.is_ascii_whitespace() || *byte == b'"');
    memmem::find(&text[word.map_or(low, |place| low + place)..hit.start], b"://").is_some()
}

/// The identifier that the provider's name is part of, if nothing but words of types stands between it and the value:
/// `acmeToken string = "…"`, `acme_token: |`, `name: ACME_KEY` above `value: "…"`.
fn own_key(text: &[u8], hit: Span, value: Span) -> Option<Key> {
    let part = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    let start = hit.start - text[..hit.start].iter().rev().take(NAME_LOOK).take_while(part).count();
    let end = hit.end + text[hit.end..value.start].iter().take(NAME_LOOK).take_while(part).count();
    let mut between = text[end..value.start].split(|byte| !byte.is_ascii_alphanumeric());
    let fills = |word: &[u8]| FILLERS.iter().any(|known| word.eq_ignore_ascii_case(known.as_bytes()));
    between.all(|word| word.is_empty() || fills(word)).then(|| Key {
        direct: true,
        operator: 0,
        before: text[start..hit.start].to_ascii_lowercase(),
        words: words(&text[hit.end..end]),
    })
}

/// Words between a name and its value that mean nothing of their own: types, and what calls a value so.
static FILLERS: &[&str] = &[
    "array", "arr", "byte", "bytes", "char", "chars", "const", "default", "from", "is", "new", "option",
    "secure", "some", "static", "str", "string", "text", "to", "u8", "utf8", "val", "value", "was", "wchar",
];

/// Whether a keyword ends in a word of secrets, such as `acme_token`: then it is a key of its own.
fn tells(name: &[u8]) -> bool {
    let name = name.to_ascii_lowercase();
    ["api", "auth", "key", "pass", "secret", "token"].iter().any(|end| name.ends_with(end.as_bytes()))
}

/// Whether the first line ends right after the name, as a section or an object does.
fn nests(between: &[u8]) -> bool {
    let line = between.split(|&byte| byte == b'\n').next().unwrap_or_default();
    !line.iter().any(u8::is_ascii_alphanumeric)
}

/// What gives a value its meaning: the name before its operator, or the word before it.
struct Key {
    /// Whether the value is given to it.
    direct: bool,
    /// By what: `=`, `(` and the like; 0 where a word does.
    operator: u8,
    /// What of it stands before the provider's name, lower case.
    before: Vec<u8>,
    /// What of it stands after the provider's name, lower case, in words.
    words: Vec<Vec<u8>>,
}

/// Words that a secret's name is made of, wherever they stand in it.
static SECRET_PARTS: &[&str] = &[
    "apikey",
    "auth",
    "bearer",
    "credential",
    "key",
    "licen",
    "passphrase",
    "passwd",
    "password",
    "private",
    "pwd",
    "secret",
    "token",
    "webhook",
    "signature",
];
/// The same, as whole words only.
static SECRET_WORDS: &[&str] = &[
    "access", "api", "basic", "cred", "creds", "dsn", "hmac", "jwt", "login", "oauth", "pass", "pat", "pin",
    "pw", "salt", "session", "sid", "sk", "tok",
];
/// Last words of names of things that are no secrets.
static PUBLIC_WORDS: &[&str] = &[
    "address",
    "branch",
    "checksum",
    "class",
    "client_id",
    "color",
    "commit",
    "digest",
    "etag",
    "file",
    "fingerprint",
    "guid",
    "hash",
    "host",
    "hostname",
    "href",
    "id",
    "ids",
    "image",
    "integrity",
    "md5",
    "name",
    "path",
    "pub",
    "public",
    "publishable",
    "ref",
    "rev",
    "revision",
    "sha",
    "sha1",
    "sha256",
    "sha512",
    "sitekey",
    "src",
    "sri",
    "sum",
    "tag",
    "thumbprint",
    "uri",
    "url",
    "uuid",
    "version",
];

impl Key {
    /// Whether the provider alone is the name, and it is given the value, as a variable or as an argument.
    fn is_given(&self) -> bool {
        self.direct && self.words.is_empty() && self.before.is_empty() && matches!(self.operator, b'=' | b'(')
    }

    fn is_secret(&self) -> bool {
        let telling = |word: &[u8]| {
            SECRET_WORDS.iter().any(|known| known.as_bytes() == word)
                || SECRET_PARTS.iter().any(|part| memmem::find(word, part.as_bytes()).is_some())
        };
        self.words.iter().any(|word| telling(word)) || !self.before.is_empty() && telling(&self.before)
    }

    fn is_public(&self) -> bool {
        let known = |word: &Vec<u8>| PUBLIC_WORDS.iter().any(|known| known.as_bytes() == word.as_slice());
        self.words.last().is_some_and(known)
            || self
                .words
                .iter()
                .any(|word| matches!(word.as_slice(), b"public" | b"publishable" | b"pub" | b"sha256"))
    }
}

/// The key of the value that begins where `value` does.
fn key_of(text: &[u8], hit: Span, value: Span) -> Key {
    let mut key = key_before(text, hit, value);
    if !key.direct {
        // `my acme key is …`: the word is the operator.
        let said = text[hit.end..value.start].trim_ascii_end();
        let verb = [&b" is"[..], b" was"].into_iter().find(|verb| said.ends_with(verb));
        if let Some(verb) = verb.filter(|_| said.len() < value.start - hit.end) {
            let from = hit.end + said.len() - verb.len();
            let said = key_before(text, hit, Span::new(from, value.end));
            key = Key { direct: true, operator: 0, ..said };
        }
    }
    key
}

/// The name whose operator ends where `value` begins.
fn key_before(text: &[u8], hit: Span, value: Span) -> Key {
    let low = hit.start.saturating_sub(NAME_LOOK);
    let mut place = value.start;
    let back = |place: usize, stop: fn(u8) -> bool| {
        let taken = text[low..place].iter().rev().take_while(|&&byte| !stop(byte)).count();
        place - taken
    };
    // Quotes, spaces and brackets, then the operator, then the same again.
    let fill =
        |byte: u8| !matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | b'"' | b'\'' | b'`' | b'\\' | b'[' | b'{');
    let sign = |byte: u8| !matches!(byte, b'=' | b':' | b'>' | b',' | b'(' | b'~' | b'?' | b'|');
    // `.=`, `??=`, `+=`, `->`.
    let prefixed = |byte: u8| !matches!(byte, b'.' | b'+' | b'-' | b'?' | b'|' | b'&' | b'!' | b'<');
    let closing = |byte: u8| {
        !matches!(byte, b' ' | b'\t' | b'"' | b'\'' | b'`' | b'\\' | b']' | b'[' | b'}' | b')' | b'*')
    };
    let filled = place;
    place = before_encoded(text, back(place, fill), QUOTES);
    let spaced = place < filled;
    if let Some(prefix) = string_prefix(text, place) {
        place = back(place - prefix, fill);
    }
    let operated = place;
    place = before_encoded(text, back(place, sign), SIGNS);
    let mut direct = place < operated;
    let operator = match &text[place..operated] {
        [] => 0,
        signs if signs.contains(&b'=') || signs.starts_with(b"%") => b'=',
        [first, ..] => *first,
    };
    if direct {
        place = back(place, prefixed);
        place = before_encoded(text, back(place, closing), QUOTES);
        // An operator that begins its line belongs to no name.
        direct = place == 0 || place <= low || text[place - 1] != b'\n';
    }
    // Reading back must not run past the provider's name: the name alone may be the key.
    let end = place.max(hit.end);
    let start =
        back(end, |byte| !(byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'$' | b'@')));
    let (before, after) = if start < hit.start && end >= hit.end {
        (&text[start..hit.start], &text[hit.end..end])
    } else {
        (&text[0..0], &text[start.max(hit.end)..end])
    };
    let mut key = Key { direct, operator, before: before.to_ascii_lowercase(), words: words(after) };
    if !direct {
        // `--acme-token …`, `Bearer …`: the word is the operator.
        let flag = end == hit.end && text[..hit.start].ends_with(b"-");
        key.direct = spaced && (key.is_secret() || flag);
    }
    key
}

/// Quotes, spaces and brackets, percent-encoded.
static QUOTES: &[&[u8]] = &[b"%20", b"%22", b"%27", b"%5b", b"%5d"];
/// Operators, percent-encoded.
static SIGNS: &[&[u8]] = &[b"%3a", b"%3d"];

/// The place before what is encoded so, any number of times, and ends at `place`.
fn before_encoded(text: &[u8], mut place: usize, known: &[&[u8]]) -> usize {
    while let Some(last) = text[..place].last_chunk::<3>()
        && known.iter().any(|sign| last.eq_ignore_ascii_case(sign))
    {
        place -= 3;
    }
    place
}

/// Bytes before the quote at `place` that say what kind of a string it opens: `@"…"`, `b'…'`, `L"…"`.
fn string_prefix(text: &[u8], place: usize) -> Option<usize> {
    let kind = |byte: &&u8| {
        matches!(byte, b'@' | b'$' | b'#')
            || matches!(byte.to_ascii_lowercase(), b'b' | b'f' | b'l' | b'n' | b'r' | b'u')
    };
    let length = text[..place].iter().rev().take(2).take_while(kind).count();
    let opens = text.get(place).is_some_and(|byte| matches!(byte, b'"' | b'\''));
    let word =
        text[..place - length].last().is_some_and(|&byte| byte.is_ascii_alphanumeric() || byte == b'_');
    (opens && length > 0 && !word).then_some(length)
}

/// The words of an identifier, lower case: `apiKey_v2` is `api`, `key`, `v2`.
pub(super) fn words(name: &[u8]) -> Vec<Vec<u8>> {
    let mut words: Vec<Vec<u8>> = vec![Vec::new()];
    let mut previous = b' ';
    for &byte in name {
        let parts = !byte.is_ascii_alphanumeric();
        if parts || byte.is_ascii_uppercase() && previous.is_ascii_lowercase() {
            words.push(Vec::new());
        }
        if !parts && let Some(word) = words.last_mut() {
            word.push(byte.to_ascii_lowercase());
        }
        previous = byte;
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use proptest::prelude::*;

    use super::*;
    use crate::rule::Text;

    const HEX: &str = "4f7c0b9e2d61a8350c94fe7d18b3a265";
    const BASE62: &str = "q7XbT2mNvR8wLcY5hKfPzJ4dGs";

    fn rule(keyword: &'static str, value: &'static str, least: usize, near: &'static [Text]) -> Bound {
        Bound {
            keywords: Cow::Owned(vec![Cow::Borrowed(keyword)]),
            value: Cow::Borrowed(value),
            ignore_case: false,
            near: Cow::Borrowed(near),
            entropy: None,
            check: Cow::Borrowed(""),
            lengths: Cow::Borrowed(&[]),
            least,
            most: least,
        }
    }

    /// What the name at `hit` binds.
    fn bonds(rule: &Bound, text: &str, hit: Span) -> Vec<Bond> {
        let (engine, mut found) = (Engine::default(), Vec::new());
        if let Some(first) = engine.first(rule, text.as_bytes(), hit) {
            engine.at(rule, text.as_bytes(), (hit, first), &mut found);
        }
        found
    }

    /// Confidence of what the name `acme` binds in `text`, where `{}` stands for the value.
    fn bound(rule: &Bound, text: &str, value: &str) -> Option<Confidence> {
        let text = text.replace("{}", value);
        let lower = text.to_ascii_lowercase();
        let name = &*rule.keywords[0];
        let start = lower.find(name).unwrap();
        let mut found = bonds(rule, &text, Span::new(start, start + name.len()));
        found.retain(|bond| !bond.near);
        assert!(found.iter().all(|bond| bond.value.of(text.as_bytes()) == value.as_bytes()), "{text}");
        found.first().map(|bond| bond.confidence)
    }

    #[test]
    fn what_stands_between_says_how_sure_it_is() {
        let base62 = rule("acme", "[0-9A-Za-z]{26}", 26, &[]);
        let hex = rule("acme", "[0-9a-f]{32}", 32, &[]);
        let (high, medium, low) = (Some(Confidence::High), Some(Confidence::Medium), Some(Confidence::Low));
        for (text, as_base62, as_hex) in [
            ("ACME_API_KEY={}", high, high),
            ("acme token = '{}'", high, high),
            ("\"acmeToken\": \"{}\",", high, high),
            ("acmeSecret := `{}`", high, high),
            ("'acme_key' => '{}'", high, high),
            ("run --acme-token {} --verbose", high, high),
            ("X-Acme-Key: {}", high, high),
            ("https://api.acme.com/v1/items?key={}&page=2", high, high),
            ("<acme><key>{}</key></acme>", high, high),
            ("acme:\n  url: https://example.org\n  api_key: {}", high, high),
            ("acme {\n  token = \"{}\"", high, high),
            ("# acme\nreq.Header.Set(\"Authorization\", \"Bearer {}\")", high, high),
            ("base = \"https://api.acme.com\"\ntoken = \"{}\"", high, medium),
            ("new Acme(\"{}\")", high, medium),
            ("acme = {}", high, medium),
            ("acme: {}", medium, medium),
            ("acme {}", medium, low),
            ("var acmeToken string = \"{}\"", high, high),
            ("acme_key: Option<&str> = \"{}\"", high, high),
            ("acme_token: |\n  {}", high, high),
            ("<acmeToken>\n  {}\n</acmeToken>", high, high),
            ("- name: ACME_KEY\n  value: {}", high, high),
            ("$acmeToken .= \"{}\";", high, high),
            ("string acmeToken = @\"{}\";", high, high),
            ("acme_token = b'{}'", high, high),
            ("acme_token = verb'{}'", low, low),
            ("acme%20token%3D{}%26x", high, high),
            ("%22acmeToken%22%3A%22{}%22", high, high),
            ("{\"log\": \"a\\nacme_token={}\\n\"}", high, high),
            ("$acmeToken ??= '{}'", high, high),
            ("my acme key is {}", high, high),
            ("Authorization: Acme {}", high, medium),
            ("secret = \"acme {}\"", high, medium),
            ("see acme in the list\n = '{}'", low, low),
            ("https://acme/{}/logo.png", low, low),
            ("acme_client_id = {}", low, None),
            ("acme_key_sha256: {}", low, None),
            ("acme_public_key: {}", low, None),
            ("https://acme.com/{}/logo.png", low, low),
            ("acme\n\ntoken = {}", None, None),
            ("acme\n1\n2\n3\ntoken = {}", None, None),
            ("acme_token = {}a", None, None),
            ("acme_token = {}-2", None, None),
            ("acme_token = {}.com", None, None),
            ("acme_token = x{}", None, None),
            ("acmeist_token = {}", None, None),
            ("pacme_token = {}", None, None),
        ] {
            assert_eq!(bound(&base62, text, BASE62), as_base62, "{text}");
            assert_eq!(bound(&hex, text, HEX), as_hex, "{text}");
        }
    }

    #[test]
    fn what_the_provider_alone_is_given_is_no_digest() {
        let commit = rule("acme", "[0-9a-f]{40}", 40, &[]);
        let sha = "4f7c0b9e2d61a8350c94fe7d18b3a2654f7c0b9e";
        assert_eq!(bound(&commit, "acme = '{}'", sha), Some(Confidence::Medium));
        assert_eq!(bound(&commit, "new Acme('{}')", sha), Some(Confidence::Medium));
        assert_eq!(bound(&commit, "acme: {}", sha), Some(Confidence::Low));
        assert_eq!(bound(&commit, "acme_ref = {}", sha), None);
    }

    #[test]
    fn an_identifier_below_the_name_is_no_secret() {
        static NEAR: [Text; 1] = [Cow::Borrowed("secret")];
        let rule = rule("acme", "[0-9a-f-]{36}", 36, &NEAR);
        let uuid = "9d59aa76-2755-48c6-b1af-beb70a82c3cd";
        assert_eq!(bound(&rule, "acme_secret_info:\n  id: '{}'", uuid), None);
        assert_eq!(bound(&rule, "acme_secret:\n  value: '{}'", uuid), Some(Confidence::High));
        assert_eq!(bound(&rule, "acme_secret_id = '{}'", uuid), Some(Confidence::High));
    }

    #[test]
    fn a_rule_can_ask_for_a_word() {
        static NEAR: [Text; 1] = [Cow::Borrowed("secret")];
        let rule = rule("acme", "[0-9a-f]{32}", 32, &NEAR);
        assert_eq!(bound(&rule, "acme_client_secret = {}", HEX), Some(Confidence::High));
        assert_eq!(bound(&rule, "secret_acme = {}", HEX), Some(Confidence::High));
        assert_eq!(bound(&rule, "acme_token = {}", HEX), None);
        let token = self::rule("acme", "[0-9A-Za-z]{26}", 26, &NEAR);
        assert_eq!(bound(&token, "acme = '{}'", BASE62), Some(Confidence::Medium));
        assert_eq!(bound(&token, "acme_id = '{}'", BASE62), None);
        assert_eq!(bound(&rule, "acme = '{}'", HEX), None);
    }

    #[test]
    fn a_slip_is_near_the_form() {
        let rule = rule("acme", "[0-9a-f]{32}", 32, &[]);
        let long = [HEX, "0c0c"].concat();
        for (text, expected) in [
            (format!("acme_token = '{}'", &HEX[..31]), true),
            (format!("acme_token = '{}'", &HEX[..29]), true),
            (format!("acme_token = '{HEX}0c'"), true),
            (format!("acme_token = '{}'", &HEX[..28]), false),
            (format!("acme_token = '{long}'"), false),
            (format!("acme_token = '{}'", &BASE62[..20]), false),
            (format!("acme_token = '{}z'", &HEX[..30]), false),
            // Nothing says that it is one of its tokens.
            (format!("see acme in the list\n = '{}'", &HEX[..31]), false),
            (format!("acme_token = '{HEX}'"), false),
        ] {
            let start = text.find("acme").unwrap();
            let found = bonds(&rule, &text, Span::new(start, start + 4));
            assert_eq!(found.iter().any(|bond| bond.near), expected, "{text}");
        }
        let wider = self::rule("acme", "[0-9a-z]{43}", 43, &[]);
        let sha1 = [HEX, "0c4f7c0b"].concat();
        for (text, expected) in
            [(format!("acme_token = '{sha1}9z'"), true), (format!("acme_token = '{sha1}'"), false)]
        {
            let start = text.find("acme").unwrap();
            let found = bonds(&wider, &text, Span::new(start, start + 4));
            assert_eq!(found.iter().any(|bond| bond.near), expected, "{text}");
        }
    }

    #[test]
    fn a_name_says_that_it_is_of_a_token_of_a_provider() {
        for (text, expected) in [
            ("acmelabs_api_token = x", true),
            ("MY_ACMELABS_KEY: x", true),
            ("acmelabs.api.key=x", true),
            ("acmelabsAccessToken", true),
            ("acmelabs", false),
            ("acmelabs_webhook_token", false),
            ("acmelabs_secret", false),
            ("acmelabs_client_key", false),
            ("key of acmelabs", false),
        ] {
            let lower = text.to_ascii_lowercase();
            let start = lower.find("acmelabs").unwrap();
            assert!(is_telling(b"acmelabs") && !is_telling(b"app_secret") && !is_telling(b"acme"));
            let name = name_around(text.as_bytes(), text.find(['k', 'K']).unwrap_or_default());
            let provider = Span::new(start, start + 8);
            assert_eq!(names_its_token(text.as_bytes(), name, provider), expected, "{text}");
        }
    }

    #[test]
    fn a_word_before_a_name_may_belong_to_it() {
        let text = b"my acme api  token = x";
        let name = name_around(text, 8);
        assert_eq!(name.of(text), b"api");
        let longer = with_word_before(text, name).unwrap();
        assert_eq!(longer.of(text), b"acme api");
        assert_eq!(with_word_before(text, longer).map(|name| name.of(text)), Some(&b"my acme api"[..]));
        assert_eq!(with_word_before(text, name_around(text, 13)), None);
        assert_eq!(with_word_before(text, Span::new(0, 2)), None);
    }

    #[test]
    fn words_are_no_values() {
        let rule = rule("acme", "[0-9A-Za-z_]{26}", 26, &[]);
        assert_eq!(bound(&rule, "acme_token = {}", "find_the_token_of_a_person"), None);
        assert_eq!(bound(&rule, "acmeToken: {}", "NewGatewayStorageBrokerMap"), None);
        assert_eq!(bound(&rule, "acmeToken: {}", "NewGatewayStorageBrokersV2"), None);
    }

    #[test]
    fn several_values_of_one_name() {
        let rule = rule("acme", "[0-9a-f]{32}", 32, &[]);
        let text = format!("https://api.acme.com/1?key={HEX}&token={HEX}");
        assert_eq!(bonds(&rule, &text, Span::new(12, 16)).len(), 2);
    }

    proptest! {
        #[test]
        fn where_nothing_is_made_nothing_is_bound(parts in prop::collection::vec(
            prop_oneof![
                Just("acme".to_owned()), Just("\n".to_owned()), Just(" = ".to_owned()), Just("\"".to_owned()),
                "[a-z]{1,9}", "[a-zA-Z0-9]{7,9}", "[a-zA-Z]{8,60}", "[a-z0-9=.:]{1,50}", "[ (){},]{1,20}",
            ],
            0..24,
        )) {
            let rules = [
                rule("acme", "[0-9A-Za-z]{8}", 8, &[]),
                rule("acme", "[0-9A-Za-z]{8,}", 8, &[]),
                rule("acme", "[a-zA-Z]{45}", 45, &[]),
                rule("acme", "[0-9a-z]{4}", 4, &[]),
            ];
            let text = parts.concat();
            for place in memmem::find_iter(text.as_bytes(), "acme") {
                let hit = Span::new(place, place + 4);
                if !stands_alone(text.as_bytes(), hit) {
                    continue;
                }
                for rule in &rules {
                    let mut found = Vec::new();
                    let engine = Engine::default();
                    let first = engine.first(rule, text.as_bytes(), hit);
                    engine.at(rule, text.as_bytes(), (hit, hit.end), &mut found);
                    match first {
                        None => prop_assert!(found.is_empty(), "{text:?} at {place}"),
                        Some(first) => {
                            let mut same = Vec::new();
                            engine.at(rule, text.as_bytes(), (hit, first), &mut same);
                            prop_assert_eq!(same, found, "{:?} at {} from {}", text, place, first);
                        }
                    }
                }
            }
        }
    }
}
