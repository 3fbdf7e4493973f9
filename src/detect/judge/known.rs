//! What a value is known to be, when it is no secret: a reference, a template, a type, a digest…
//!
//! Decides only where the shape leaves no doubt; what is likely is left to the model. Must not look
//! beyond the candidate.

use bstr::ByteSlice as _;

use super::{
    Ask, Classifier,
    name::{self, Name, WordOfKey},
    place::{Kind, Language, Place},
    value::{self, Marks, Value},
};
use crate::{
    detect::{
        assignment::{self, Behind, Candidate, Quote, Sole, Syntax},
        block::{BLOCK, Part, lowest, with_block},
        check,
        entropy::wordiness,
        words::{Words, begins_with_one},
    },
    text::Span,
};

/// Something that is no secret, for certain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Known {
    /// Nothing, or too little to hide anything.
    Empty,
    /// A name, member or call in code.
    Code,
    /// Stands for a value elsewhere: a variable, a store of secrets, an address.
    Reference,
    /// To be filled in by a program.
    Template,
    /// The word of a type or of nothing: `String`, `null`.
    Type,
    /// A number of code: `0x8000000D`.
    Number,
    /// A few letters: what a machine makes is longer, or has digits.
    Short,
    /// Something about a secret: its name, type, place or length.
    About,
    /// The name once more: `password = "password"`, or a variable called like it.
    OwnName,
    /// A word that asks for the value: `changeme`, `your-token`.
    Placeholder,
    /// One character over and over, or a mask.
    Mask,
    /// A token with one character that its alphabet does not have, or of another length than its mark has: made
    /// unreadable, cut, or mistyped.
    Broken,
    /// A credential behind its scheme, which is looked at by itself.
    Scheme,
    /// A mark against forged forms: good for one page of one session.
    PageMark,
    /// A sentence.
    Prose,
    /// A text in the languages of people.
    Translation,
    /// A version, a date or an object identifier.
    Version,
    /// A password hash: what is kept so that the password need not be.
    PasswordHash,
    /// The checksum that a lock file pins a package to.
    Integrity,
    /// Half of a key pair that anyone may see.
    PublicKey,
    /// An example of a provider's manual.
    Published,
    /// The name is part of a path or an address.
    PartOfPlace,
    /// The name is one of a list of names.
    ListOfNames,
    /// The name does not hold the keyword as a word of its own.
    OtherName,
    /// A UUID, or the number of a public key, behind a name that does not say what it opens.
    Identifier,
}

impl Known {
    /// Said as in "it is …".
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Empty => "empty, or too little to hide anything",
            Self::Code => "a name, a member or a call in code",
            Self::Reference => "a reference: a variable, a store of secrets, an address",
            Self::Template => "a template that a program fills in",
            Self::Type => "the word of a type or of nothing",
            Self::Number => "a number",
            Self::Short => "a few letters: a token is longer, or has digits",
            Self::About => {
                "something about a secret, as its name says: an identifier, a type, a place, a length"
            }
            Self::OwnName => "its own name, or a variable called like it",
            Self::Placeholder => "a word that asks for a value, such as changeme",
            Self::Mask => "a mask, a run through the alphabet or one block over and over",
            Self::Broken => "a token cut short, or with a character in it that no token has",
            Self::Scheme => "a credential behind its scheme, which is looked at by itself",
            Self::PageMark => "a mark against forged forms, good for one page of one session",
            Self::Prose => "a sentence",
            Self::Translation => "a text that is translated",
            Self::Version => "a version, a date or an object identifier",
            Self::PasswordHash => "a password hash, kept so that the password need not be",
            Self::Integrity => "a checksum that pins a download",
            Self::PublicKey => "the public half of a key pair",
            Self::Published => "an example that a provider has published",
            Self::PartOfPlace => "behind a name that is part of a path or an address",
            Self::ListOfNames => "one of a list of names",
            Self::Identifier => "an identifier, behind a name that does not say what it opens",
            Self::OtherName => "behind a name in which the keyword is no word of its own",
        }
    }
}

/// Whether `PASS` tells how a test ended, as in the output of `go test`: `--- PASS: TestLogin (0.02s)`.
fn is_result_of_a_test(text: &[u8], candidate: &Candidate) -> bool {
    let (key, value) = (candidate.key, candidate.value);
    let is_time = |rest: &[u8]| {
        let number = rest.iter().take_while(|byte| byte.is_ascii_digit() || **byte == b'.').count();
        number > 0 && rest[number..].starts_with(b"s)")
    };
    key.of(text) == b"PASS"
        && (text[..key.start].ends_with(b"--- ")
            || text[value.end..].strip_prefix(b" (").is_some_and(is_time))
}

/// Without a digit, or with a number of two at their end, so many bytes are a word rather than a token, and so many are words if
/// nothing is a capital.
const MAX_SHORT: (usize, usize) = (8, 12);
/// So many small letters that read as a word are one, unless it says that it is a secret: hardly a token in a hundred is that.
const MAX_ONE_WORD: usize = 14;

/// Whether a token would be longer, or have digits: also if it is a cookie, which is given what stands behind its name.
fn is_short(value: &[u8]) -> bool {
    is_few_letters(value)
        || memchr::memchr(b'=', value).is_some() && value.split(|byte| *byte == b';').all(is_short_pair)
}

/// `name=tobi`, or what a cookie is good for: `Path=/`, `HttpOnly`.
fn is_short_pair(part: &[u8]) -> bool {
    let letters =
        |part: &[u8]| part.iter().all(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'-' | b'_'));
    let mut sides = part.trim_ascii().splitn(2, |byte| *byte == b'=');
    match (sides.next(), sides.next()) {
        (Some(name), Some(given)) => {
            letters(name) && !matches!(given, [] | [b'=', ..]) && is_few_letters(given)
        }
        (Some(word), None) => letters(word) && word.len() <= MAX_SHORT.1,
        _ => false,
    }
}

fn is_few_letters(value: &[u8]) -> bool {
    let joint = |byte: &u8| matches!(byte, b'-' | b'_' | b'.' | b' ');
    let is_words =
        || value.iter().all(|byte| byte.is_ascii_lowercase() || joint(byte)) && value.iter().any(joint);
    let says = |word: &[u8]| memchr::memmem::find(value, word).is_some();
    let says_secret = || [&b"key"[..], b"pass", b"secret", b"token"].into_iter().any(says);
    let is_word = || {
        value.iter().all(u8::is_ascii_lowercase)
            && wordiness(value).is_some_and(|score| score > 0.0)
            && !says_secret()
    };
    if value.iter().any(u8::is_ascii_digit) {
        // `value4`.
        let word = value.trim_end_with(|c| c.is_ascii_digit());
        return value.len() <= MAX_SHORT.0
            && value.len() <= word.len() + MAX_NUMBER
            && word.len() > 2
            && word.iter().all(u8::is_ascii_lowercase)
            && !says_secret();
    }
    value.len() <= MAX_SHORT.0
        || value.len() <= MAX_SHORT.1 && is_words()
        || value.len() <= MAX_ONE_WORD && is_word()
}

/// What a value is known to be whatever it is given to.
pub(super) fn at_once(value: &[u8], classifier: Classifier) -> Option<Known> {
    if is_empty(value) {
        return Some(Known::Empty);
    }
    (is_number(value) || is_time(value) || classifier == Classifier::Token && is_count(value))
        .then_some(Known::Number)
}

/// What a token is not, as the model is sure in nearly each case: a few letters, a version. It learns from such all the same.
pub(super) fn easily(value: &[u8], classifier: Classifier) -> Option<Known> {
    match classifier {
        Classifier::Password => None,
        Classifier::Token if is_range(value) => Some(Known::Version),
        Classifier::Token => is_short(value).then_some(Known::Short),
    }
}

/// The same of a value that is given to `name`: words written together behind a key that does not say what it opens.
pub(super) fn easily_named(value: &[u8], name: &Name, classifier: Classifier) -> Option<Known> {
    let entry = classifier == Classifier::Token && names_an_entry(name) && is_words_together(value);
    entry.then_some(Known::Identifier)
}

/// Whether it is a version or versions of a package, and nothing but numbers: `^1.0.12`, `>=2.0.0 <3.0`, `npm:^5.0.0 || ^6.0.2`.
fn is_range(value: &[u8]) -> bool {
    let value = value.strip_prefix(b"npm:").unwrap_or(value);
    let part = |byte: &u8| {
        byte.is_ascii_digit()
            || matches!(byte, b'.' | b'^' | b'~' | b'<' | b'>' | b'=' | b' ' | b'x' | b'*' | b'|')
    };
    let dots = value.iter().filter(|byte| **byte == b'.').count();
    dots > 0 && value.len() <= MAX_RANGE && value.iter().all(part)
}

/// Longest range of versions, in bytes.
const MAX_RANGE: usize = 64;

/// What the value of `candidate` is known to be, if it is no secret for certain.
pub(super) fn what(
    text: &[u8],
    candidate: &Candidate,
    looked: &Value<'_>,
    name: &Name,
    ask: Ask<'_>,
) -> Option<Known> {
    let about = About { text, candidate, looked, name, ask };
    about.by_name().or_else(|| about.by_form()).or_else(|| about.by_kind())
}

/// What is known of a candidate.
struct About<'a> {
    text: &'a [u8],
    candidate: &'a Candidate,
    looked: &'a Value<'a>,
    name: &'a Name,
    ask: Ask<'a>,
}

impl About<'_> {
    /// What its name says of a value.
    fn by_name(&self) -> Option<Known> {
        let &Self { text, candidate, looked, name, ask } = self;
        let (value, password) = (looked.bytes, ask.classifier == Classifier::Password);
        let bare = is_bare(candidate);
        let named = !matches!(candidate.syntax, Syntax::Scheme | Syntax::Userinfo);
        if named && (!name.has_keyword() || name.is_other_word() || is_result_of_a_test(text, candidate)) {
            return Some(Known::OtherName);
        }
        if !password && is_word_for_an_entry(value, name) {
            return Some(Known::Identifier);
        }
        if name.is_public() || !password && is_behind_public(text, candidate.key) {
            return Some(Known::PublicKey);
        }
        if name.is_about_a_secret() || candidate.nested && is_about_its_member(text, candidate.value) {
            return Some(Known::About);
        }
        is_own_name(candidate, value, name, bare).then_some(Known::OwnName)
    }

    /// What a value is that stands for another, or is written in code.
    fn by_form(&self) -> Option<Known> {
        let &Self { text, candidate, looked, name, ask } = self;
        let (value, place, password) = (looked.bytes, ask.place, ask.classifier == Classifier::Password);
        let bare = is_bare(candidate);
        if check::is_published_example(value) {
            return Some(Known::Published);
        }
        if looked.has(Marks::TEMPLATE)
            && (is_template(value, candidate.quote == Quote::None)
                || is_interpolated(text, candidate)
                || !password && value.starts_with(b"<") && value.contains(&b'>'))
        {
            return Some(Known::Template);
        }
        if looked.has(Marks::BRACE) && is_expression(value)
            || looked.has(Marks::SPACE) && is_between_strings(value)
        {
            return Some(Known::Code);
        }
        if is_password_hash(value) {
            return Some(Known::PasswordHash);
        }
        let parted = Marks::DOT.and(Marks::SLASH);
        if is_reference(value, bare)
            || !password
                && looked.has(parted)
                && (is_place(value)
                    || is_path(value) && (names_an_entry(name) || is_deep(value))
                    || looked.has(Marks::COLON) && is_coordinate(value))
        {
            return Some(Known::Reference);
        }
        // A cipher with its mode and padding: `AES/CBC/PKCS5Padding`.
        if TYPES.has(value)
            || value.ends_with(b"Padding")
            || is_algorithm(value)
            || looked.has(Marks::BRACE) && is_type_of_column(value)
            || looked.has(Marks::BRACE) && is_validation(value)
            || !password && (is_type_of_types(value) || is_type_named_after(value, ask.keyword))
        {
            return Some(Known::Type);
        }
        if !password && looked.has(Marks::DOT) && is_dotted_name(value) {
            return Some(Known::Identifier);
        }
        if bare && STOCK.has(value) {
            return Some(Known::Type);
        }
        if looked.has(Marks::SPACE) && is_command(text, candidate, place) {
            return Some(Known::Code);
        }
        let of_code = Marks::BRACE.and(Marks::DOT).and(Marks::COLON).and(Marks::DASH);
        (bare && (looked.has(of_code) && is_bare_code(value) || candidate.trailing && value == b"await"))
            .then_some(Known::Code)
    }

    /// What else a value is known for.
    fn by_kind(&self) -> Option<Known> {
        let &Self { text, candidate, looked, name, ask } = self;
        let (value, place, password) = (looked.bytes, ask.place, ask.classifier == Classifier::Password);
        if is_mask(value) {
            return Some(Known::Mask);
        }
        if repeats_block(value)
            || looked.has(Marks::DASH) && is_uuid(value) && repeats_block(&value.replace("-", ""))
            || !password && value.len() >= MIN_REPEATED && looked.runs().longest >= value.len() * 2 / 5
        {
            return Some(Known::Mask);
        }
        if name.is_for_one_page() {
            return Some(Known::PageMark);
        }
        if !password
            && (looked.has(Marks::ODD) && is_broken(value)
                || is_elided(value)
                || (looked.has(Marks::DASH) && is_cut_uuid(value)
                    || looked.has(Marks::CAPITAL) && ends_in_a_cut_document(value))
                    && !goes_on_behind(text, candidate)
                || check::is_cut(value))
        {
            return Some(Known::Broken);
        }
        if !password && (looked.is_placeholder() || looked.has(Marks::DIGIT) && value::runs_in_turns(value))
            || looked.asks_for_a_value()
        {
            return Some(Known::Placeholder);
        }
        let spaced = looked.has(Marks::SPACE);
        if spaced && value.iter().filter(|byte| **byte == b' ').count() > MAX_SPACES {
            return Some(Known::Prose);
        }
        if !password && spaced && is_parted(value) {
            return Some(Known::Broken);
        }
        if candidate.syntax == Syntax::Scheme && check::is_sample_of_basic(value) {
            return Some(Known::Published);
        }
        if place.language == Language::Translation
            || place.translated && (!looked.has(Marks::DIGIT) || !has_digit_of_its_own(value))
            || looked.has(Marks::SLASH) && escapes(value).count() >= MIN_ESCAPES
        {
            return Some(Known::Translation);
        }
        if (looked.has(Marks::DOT) || !password && is_day(value)) && is_version_or_date(value)
            || looked.has(Marks::DOT) && is_range(value) && !value[0].is_ascii_digit()
        {
            return Some(Known::Version);
        }
        if !password && looked.has(Marks::SPACE) && is_behind_its_scheme(value) {
            return Some(Known::Scheme);
        }
        if is_public_key(value) || !password && check::is_public_nkey(value) {
            return Some(Known::PublicKey);
        }
        if is_identified(value, name) || is_object_of_docker(value, name) {
            return Some(Known::Identifier);
        }
        let joined = Marks::UNDERSCORE.and(Marks::DASH);
        if is_symbol(value, candidate, name)
            || !password
                && looked.has(joined)
                && (is_constant(value) || is_list_of_constants(value) || is_migration(value))
            || value.contains(&b'=') && is_list_of_options(value)
            || is_in_options(text, candidate)
        {
            return Some(Known::Code);
        }
        if is_part_of_a_place(text, candidate) {
            return Some(Known::PartOfPlace);
        }
        if !password && (looked.has(Marks::BRACE) && is_joined(value) || is_enumeration(value)) {
            return Some(Known::ListOfNames);
        }
        let name = || {
            !looked.has(Marks::CAPITAL) && separated_words(value)
                || is_worded_identifier(value) && precedes_an_item(text, candidate)
        };
        let word = is_plain_word(value) || is_in_a_list(text, candidate.key.start) && name();
        let listed = word && follows_an_item(text, candidate) || precedes_a_value(text, candidate);
        (candidate.syntax == Syntax::Comma && (listed || is_option(value))).then_some(Known::ListOfNames)
    }
}

/// Fewest escapes of letters that make a text of a value.
const MIN_ESCAPES: usize = 3;

/// Where letters beyond ASCII are written as escapes, as bundles of Java do: `\u00DCber`.
fn escapes(value: &[u8]) -> impl Iterator<Item = usize> {
    let beyond = |digits: &[u8]| {
        digits.iter().all(u8::is_ascii_hexdigit) && !digits.starts_with(b"00")
            || digits.starts_with(b"00") && matches!(digits[2], b'8'..=b'9' | b'a'..=b'f' | b'A'..=b'F')
    };
    memchr::memmem::find_iter(value, b"\\u")
        .filter(move |&place| value.get(place + 2..place + 6).is_some_and(beyond))
}

/// Whether there is a digit outside of such escapes.
fn has_digit_of_its_own(value: &[u8]) -> bool {
    let (mut all, mut escaped) = (value.iter().filter(|byte| byte.is_ascii_digit()).count(), 0);
    for place in escapes(value) {
        escaped += value[place + 2..place + 6].iter().filter(|byte| byte.is_ascii_digit()).count();
    }
    all -= escaped;
    all > 0
}

/// Whether somebody left its end out: `9cbaf023786cd7...`.
fn is_elided(value: &[u8]) -> bool {
    value.ends_with(b"...") || value.ends_with("…".as_bytes())
}

/// Whether it would be a UUID, had its last part twelve digits: `8dfa93ee-3419-4300-aed2-e779ed`.
fn is_cut_uuid(value: &[u8]) -> bool {
    const WITHOUT_LAST: usize = 24;
    let Some((head, last)) = value.split_at_checked(WITHOUT_LAST) else { return false };
    last.len() != UUID - WITHOUT_LAST
        && !last.is_empty()
        && last.iter().all(u8::is_ascii_hexdigit)
        && is_uuid(&[head, &[b'0'; UUID - WITHOUT_LAST]].concat())
}

/// Whether its last part is base64 of a document in JSON that is never closed, as of a JWT that was cut: `eyJhbGciOiJSUzI1NiIs`.
fn ends_in_a_cut_document(value: &[u8]) -> bool {
    let Some(start) = memchr::memmem::rfind(value, b"eyJ") else { return false };
    let begins = start == 0 || !value[start - 1].is_ascii_alphanumeric();
    let last = &value[start..];
    // No byte is written in one digit.
    let whole = if last.len() % 4 == 1 { &last[..last.len() - 1] } else { last };
    begins
        && check::base64(whole).is_some_and(|text| {
            // Otherwise something else follows the document.
            let is_text = text.iter().all(|byte| matches!(byte, b' '..=b'~'));
            is_text
                && text.starts_with(b"{\"")
                && (whole.len() < last.len() || !text.trim_ascii_end().ends_with(b"}"))
        })
}

/// Whether a further string is put to it, on its line or the next one: `"eyJhbGciOiJSUzI1NiIs" + "…"`.
fn goes_on_behind(text: &[u8], candidate: &Candidate) -> bool {
    let Some((b'"' | b'\'' | b'`', rest)) = text[candidate.value.end..].split_first() else { return false };
    matches!(rest.trim_ascii_start().first(), Some(b'+' | b'.' | b'\\' | b'"' | b'\'' | b'`' | b'<' | b'&'))
}

/// Length of the identifier of an object of Docker, in digits of base 36.
const OBJECT: usize = 25;

/// Whether it says which secret of a swarm is meant: `SecretID: "fpjqlhnwb19zds35k8wn80lq9"`.
fn is_object_of_docker(value: &[u8], name: &Name) -> bool {
    value.len() == OBJECT
        && value.iter().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        && name.plain().ends_with(b"secretid")
}

/// Whether it is the name of a step that a database is changed in, as Django numbers them: `0012_webhook_index`.
fn is_migration(value: &[u8]) -> bool {
    let Some((number, name)) = value.split_first_chunk::<4>() else { return false };
    number.iter().all(u8::is_ascii_digit)
        && name.len() > 4
        && name.starts_with(b"_")
        && name.iter().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'_')
}

/// Longest name or value in a list of options.
const MAX_OPTION: usize = 24;

/// Whether it is options with values: `format=bgra:afbc=1`.
fn is_list_of_options(value: &[u8]) -> bool {
    let part = |part: &[u8]| {
        (1..=MAX_OPTION).contains(&part.len())
            && part.iter().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(byte))
    };
    let is_name = |name: &[u8]| name[0].is_ascii_lowercase() && !name.iter().any(u8::is_ascii_uppercase);
    memchr::memchr_iter(b'=', value).count() > 1
        && value.split(|byte| *byte == b':').all(|option| {
            let mut parts = option.split(|byte| *byte == b'=');
            parts.clone().count() > 1 && parts.clone().all(part) && parts.next().is_some_and(is_name)
        })
}

/// Whether the name is the value of an option, and what follows is the next one: `eof_action=pass:repeatlast=0`.
fn is_in_options(text: &[u8], candidate: &Candidate) -> bool {
    candidate.syntax == Syntax::Colon
        && candidate.quote == Quote::InString
        && text[..candidate.key.start].ends_with(b"=")
        && text[candidate.key.end..candidate.value.end].contains(&b'=')
}

/// Longest part of a key that is made of several.
const MAX_JOINED: usize = 16;

/// Whether it is a few names in one, as keys of tables are made: `cdp|switch02|24|Fa0/8`.
fn is_joined(value: &[u8]) -> bool {
    memchr::memchr_iter(b'|', value).count() > 1
        && value.split(|byte| *byte == b'|').all(|part| part.len() <= MAX_JOINED)
}

/// Whether it is names in code, one after the other: `testUser,testUser2,testKey1`.
fn is_enumeration(value: &[u8]) -> bool {
    let name = |part: &[u8]| {
        let part = part.trim_ascii();
        let word = part.trim_end_with(|c| c.is_ascii_digit());
        part.len() <= word.len() + MAX_NUMBER && !word.is_empty() && is_worded_identifier(word)
    };
    value.contains(&b',') && value.split(|byte| *byte == b',').all(name)
}

/// Whether a program puts something into it: `$"{scheme}://x"` in C#, `f'{scheme}://x'` in Python.
fn is_interpolated(text: &[u8], candidate: &Candidate) -> bool {
    let before = &text[..candidate.value.start];
    candidate.quote == Quote::Quoted
        && candidate.value.of(text).contains(&b'{')
        && matches!(before, [.., prefix, b'"' | b'\''] if matches!(prefix, b'$' | b'f' | b'F'))
}

/// Whether it is `Basic …` or `Bearer …` and nothing more, as headers have it: rules for schemes say what is behind them.
fn is_behind_its_scheme(value: &[u8]) -> bool {
    let space = value.iter().position(|byte| *byte == b' ').unwrap_or_default();
    let (scheme, rest) = value.split_at(space);
    let credential = rest.trim_ascii();
    assignment::is_scheme(scheme) && !credential.is_empty() && !credential.contains(&b' ')
}

/// Whether it is rules for what may be entered: `required|string|max:255`.
fn is_validation(value: &[u8]) -> bool {
    let plain = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_:,.".contains(byte);
    let is_rule = |part: &[u8]| part.first().is_some_and(u8::is_ascii_lowercase) && part.iter().all(plain);
    let mut rules = value.split(|byte| *byte == b'|');
    TYPES.has(rules.next().unwrap_or_default()) && rules.clone().count() > 0 && rules.all(is_rule)
}

fn is_bare(candidate: &Candidate) -> bool {
    matches!(candidate.quote, Quote::None | Quote::InString)
}

/// Whether it is what a column of a table is made of: `VARCHAR(191) NOT NULL`.
fn is_type_of_column(value: &[u8]) -> bool {
    const NAMES: [&str; 6] = ["binary", "char", "decimal", "int", "varbinary", "varchar"];
    let Some((name, rest)) = value.split_once_str("(") else { return false };
    let size = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    NAMES.iter().any(|known| name.eq_ignore_ascii_case(known.as_bytes()))
        && size > 0
        && rest[size..].starts_with(b")")
}

/// Longest name of an algorithm.
const MAX_ALGORITHM: usize = 32;

/// Whether it is how something is worked out, as Java names it: `PBKDF2WithHmacSHA256`, `SHA1withRSA`.
fn is_algorithm(value: &[u8]) -> bool {
    let joint = memchr::memmem::find(value, b"With").or_else(|| memchr::memmem::find(value, b"with"));
    let Some(joint) = joint.filter(|_| value.len() <= MAX_ALGORITHM) else { return false };
    const HASHES: [&[u8]; 3] = [b"Hmac", b"MD5", b"SHA"];
    value.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'/'))
        && (begins_with_one(&value[joint + 4..], &HASHES) || begins_with_one(value, &HASHES))
}

/// Whether it is what stands between two strings that are put together: `"?token=" + value + "&x"`.
fn is_between_strings(value: &[u8]) -> bool {
    const JOINTS: [&[u8]; 3] = [b" + ", b" . ", b" || "];
    JOINTS.iter().any(|joint| value.starts_with(joint) || value.ends_with(joint))
}

/// Whether it is what a build asks for, with its version: `google-auth-library:1.42.1`.
fn is_coordinate(value: &[u8]) -> bool {
    let Some(colon) = memchr::memrchr(b':', value) else { return false };
    let (name, version) = (&value[..colon], &value[colon + 1..]);
    // `com.acme:core:0.31.9.RELEASE`: a group, too.
    let is_part = |byte: &u8| match name.contains(&b':') {
        true => byte.is_ascii_alphanumeric() || b".-".contains(byte),
        false => byte.is_ascii_digit() || *byte == b'.',
    };
    version.contains(&b'.')
        && version.first().is_some_and(u8::is_ascii_digit)
        && version.iter().all(is_part)
        && name.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:".contains(byte))
}

/// Whether it is a regular expression: `^-{1,2}(user|pass)$`, `[A-Za-z0-9]+`.
fn is_expression(value: &[u8]) -> bool {
    const PARTS: [&[u8]; 8] = [b"(?:", b"[^", b"[a-z", b"[A-Z", b"[0-9", b"[a-f", b"[A-F", b"\\d{"];
    let holds = |part: &[u8]| memchr::memmem::find(value, part).is_some();
    value.starts_with(b"^") && value.ends_with(b"$") || PARTS.iter().any(|part| holds(part))
}

/// Whether it is a command with arguments in back quotes, of which a shell puts in what it prints.
fn is_command(text: &[u8], candidate: &Candidate, place: Place) -> bool {
    let value = candidate.value;
    // In JavaScript and the like these are quotes as others are.
    let shell = place.language != Language::Source || place.kind == Kind::Other;
    shell
        && candidate.quote == Quote::Quoted
        && text[..value.start].ends_with(b"`")
        && memchr::memmem::find(value.of(text), b" -").is_some()
}

/// Whether the name is the second word of `Public Key`.
fn is_behind_public(text: &[u8], key: Span) -> bool {
    const PUBLIC: &[u8] = b"public ";
    let before = key.start.checked_sub(PUBLIC.len()).map(|start| &text[start..key.start]);
    before.is_some_and(|before| before.eq_ignore_ascii_case(PUBLIC))
}

/// Longest name of a member that is read backwards, with what stands between it and its value.
const MAX_MEMBER: usize = 40;

/// Whether `value`, in a document inside a string, belongs to a member of another name than the whole: `token = '{"name": "root", "sig": "…"}'`.
fn is_about_its_member(text: &[u8], value: Span) -> bool {
    let between = |c| matches!(c, '"' | '\'' | '\\' | ' ' | '\t');
    let before = text[value.start.saturating_sub(MAX_MEMBER)..value.start].trim_end_with(between);
    let Some(before) = before.strip_suffix(b":") else { return false };
    let name = before.trim_end_with(between);
    let length = name.iter().rev().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
    let member = &name[name.len() - length..];
    name::ABOUT.has(member) || OF_PEOPLE.iter().any(|word| member.eq_ignore_ascii_case(word))
}

/// Members that say who or which one.
const OF_PEOPLE: [&[u8]; 5] = [b"email", b"id", b"login", b"user", b"username"];

/// Whether it is bare in source code, where only names are.
pub(super) fn is_name_in_code(text: &[u8], line: Span, candidate: &Candidate, place: Place) -> bool {
    if candidate.quote != Quote::None || place.language != Language::Source {
        return false;
    }
    let value = candidate.value.of(text);
    match candidate.syntax {
        Syntax::Query | Syntax::Markup | Syntax::Scheme | Syntax::Userinfo => false,
        // What a macro stands for is code.
        Syntax::Space => is_macro(text, line, value),
        _ => !is_literal_in_code(text, line, value),
    }
}

/// Whether the line makes a macro that stands for a name.
fn is_macro(text: &[u8], line: Span, value: &[u8]) -> bool {
    line.of(text).trim_ascii_start().starts_with(b"#define") && is_identifier(value)
}

/// Whether it is the UUID of an entry among others (`key`, `first_key`, `TimeoutKey`), or a public key as key servers number them (eight bytes or a
/// fingerprint of twenty, upper case) behind a mere `key` or `--recv-keys`.
fn is_identified(value: &[u8], name: &Name) -> bool {
    let word = name.keyword_word();
    if !(word.ends_with(b"key") || word.ends_with(b"keys")) || name.is_key_of_value() {
        return false;
    }
    let numbered = matches!(value.len(), 16 | 40)
        && value.iter().all(|byte| byte.is_ascii_digit() || (b'A'..=b'F').contains(byte));
    numbered && (name.is_keyword_alone() || word.ends_with(b"keys")) || is_uuid(value) && word == b"key"
}

/// Longest word of letters behind a mere `key` that is taken for the name of an entry, in bytes: what a machine made of
/// letters alone is longer.
const MAX_WORD: usize = 16;

/// Of so many bytes one may be a digit in words that are written together.
const WORDS_TO_DIGIT: usize = 10;

/// Whether a value is words written together, as long as a token by chance: a type, a function.
pub(crate) fn reads_as_words(value: &[u8]) -> bool {
    let digits = value.iter().filter(|byte| byte.is_ascii_digit()).count();
    digits * WORDS_TO_DIGIT <= value.len()
        && value.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
        && wordiness(value).is_some_and(|score| score > 0.0)
}

/// Whether it is a name in code that is made of words, or a short one.
fn is_worded_identifier(part: &[u8]) -> bool {
    is_identifier(part) && (part.len() <= 4 || reads_as_words(part))
}

/// Whether it is a type that is made of others: `List[Webhook]`, `Map<String, Secret>`.
fn is_type_of_types(value: &[u8]) -> bool {
    matches!(value.last(), Some(b']' | b'>')) && {
        let mut parts = value.split(|byte| b"[]<>,. ?|".contains(byte)).filter(|part| !part.is_empty());
        is_identifier(&value[..1]) && parts.clone().count() > 1 && parts.all(is_worded_identifier)
    }
}

/// Whether it is a type that is named after what it is given to: `"webhook": "V1WebhookConversion"`.
fn is_type_named_after(value: &[u8], keyword: &[u8]) -> bool {
    let begins_word = |pair: &[u8]| pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase();
    let is_named_after = || {
        let keyword: Vec<u8> = letters(keyword).collect();
        value.len() > keyword.len() && memchr::memmem::find(&value.to_ascii_lowercase(), &keyword).is_some()
    };
    value.first().is_some_and(u8::is_ascii_uppercase)
        && value.iter().all(u8::is_ascii_alphanumeric)
        && value.windows(2).any(begins_word)
        && is_named_after()
        && reads_as_words(value)
}

/// Whether it is a module or a group among others: `.models.v1_secret`, `metrics.k8s.io`.
fn is_dotted_name(value: &[u8]) -> bool {
    let part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.');
    let mut parts = value.strip_prefix(b".").unwrap_or(value).split(|&byte| byte == b'.');
    value.iter().all(part)
        && memchr::memchr_iter(b'.', value).count() > 1
        && parts.clone().any(|part| part.len() > 4)
        // `oauth2`: a version of what the words before it name.
        && parts.all(|part| {
            is_worded_identifier(part)
                || part.split_last().is_some_and(|(last, word)| last.is_ascii_digit() && is_worded_identifier(word))
        })
}

/// Whether it is a word, or words in one, behind a name that does not say what the key opens: `key: "name"`.
fn is_word_for_an_entry(value: &[u8], name: &Name) -> bool {
    is_entry(value, Span::new(0, value.len())) && names_an_entry(name)
}

/// Whether a name says `key` and not what it opens.
fn names_an_entry(name: &Name) -> bool {
    let word = name.keyword_word();
    (word.ends_with(b"key") || word.ends_with(b"keys")) && !name.is_key_of_value()
}

/// Whether a name and what stands behind it show that it is given no secret, as [`what`] says of each candidate, but here it
/// takes no more than a look: it is about a secret, or, for tokens, is given a few letters, or is a key that entries are
/// found by, or one that does not say what it opens and is given words, which name an entry. Needs no line.
pub(crate) fn is_none_at_a_look(text: &[u8], behind: &Behind, classifier: Classifier) -> bool {
    if name::is_about_at_its_end(text, behind.part, behind.end) {
        return true;
    }
    if classifier == Classifier::Password {
        return false;
    }
    let literal = behind.literal(text, LOOK);
    let short = |literal: Span| is_short(literal.of(text));
    if literal.is_some_and(short) || behind.is_called_with(text, LOOK, short) {
        return true;
    }
    let entry = |span| is_entry(text, span);
    let entries = |span: Span| entry(span) || is_words_together(span.of(text));
    WordOfKey::at(text, behind.part, behind.end).is_some_and(|key| {
        key.is_of_entries()
            || (literal.is_some_and(entries) || behind.rest(text).is_some_and(entry)) && !key.is_of_value()
    })
}

/// Whether the only value of a line is no secret for certain, as [`what`] says in the end: nothing, the word of a type, a template,
/// its own name or, bare, a name in code.
pub(crate) fn is_nothing_alone(text: &[u8], line: Span, sole: &Sole, ask: Ask<'_>) -> bool {
    let value = sole.value.of(text);
    let is_name = || match sole.syntax {
        Syntax::Space => is_macro(text, line, value),
        _ => !is_literal_in_code(text, line, value),
    };
    at_once(value, ask.classifier).is_some()
        || easily(value, ask.classifier).is_some()
        || TYPES.has(value)
        || is_template(value, !sole.quoted)
        || is_reference(value, !sole.quoted)
        || value.eq_ignore_ascii_case(sole.key.of(text))
        || !sole.quoted && (STOCK.has(value) || ask.place.language == Language::Source && is_name())
}

/// Bytes of a literal that are looked at.
const LOOK: usize = 64;

/// Whether what stands at `span` may name entries: words, or words with a number, and nothing that a machine made.
fn is_entry(text: &[u8], span: Span) -> bool {
    let (mut digits, mut humps) = (0, 0);
    // Blocks share as many bytes as a word may have, so that a longer one is whole in one of them.
    for place in (span.start..span.end).step_by(BLOCK - MAX_WORD) {
        let letters = Letters::at(text, place, span.end);
        // One bit for each letter that so many others follow, by doubling.
        let words = [1, 2, 4, 8].into_iter().fold(letters.all, |runs, length| runs & runs >> length);
        let first = lowest(BLOCK - MAX_WORD);
        digits += (letters.digits & first).count_ones() as usize;
        humps += (letters.all & !letters.capitals & letters.capitals >> 1 & first).count_ones() as usize;
        if words & letters.all >> MAX_WORD != 0 || digits > MAX_NUMBER {
            return false;
        }
    }
    digits == 0 || humps < MIN_HUMPS
}

/// Whether a value without a digit is words written together, as names of settings are: `CFBundleShortVersionString`.
fn is_words_together(value: &[u8]) -> bool {
    let part = |byte: &u8| byte.is_ascii_alphabetic() || matches!(byte, b'.' | b'_' | b'-');
    value.len() <= LOOK && value.iter().all(part) && wordiness(value).is_some_and(|score| score > 0.0)
}

const _: () = assert!(MAX_WORD == 16, "runs of sixteen letters are found by doubling");

/// The letters of a block.
struct Letters {
    all: u64,
    capitals: u64,
    digits: u64,
}

impl Letters {
    fn at(text: &[u8], place: usize, end: usize) -> Self {
        let Self { all, capitals, digits } = with_block(text, place, Self::of);
        let inside = lowest(end - place);
        Self { all: all & inside, capitals: capitals & inside, digits: digits & inside }
    }

    // See `detect::decode::Block`.
    #[inline(never)]
    fn of(bytes: &[u8; BLOCK]) -> Self {
        let mut letters = Self { all: 0, capitals: 0, digits: 0 };
        for (number, part) in Part::each(bytes).enumerate() {
            letters.all |= part.is_letter().bits(number);
            letters.capitals |= part.lies(b'A', b'Z').bits(number);
            letters.digits |= part.lies(b'0', b'9').bits(number);
        }
        letters
    }
}

/// Most digits in the name of an entry: `columns.0.name`, `value_12`.
const MAX_NUMBER: usize = 2;

/// Whether it is the name of a constant: words in capitals and numbers, joined by `_`.
fn is_constant(value: &[u8]) -> bool {
    value.contains(&b'_')
        && value.iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b'_')
        && separated_words(value)
}

/// Whether it is names of secrets, words in capitals, as workflows ask for them: `SIGNING-KEY,SIGNING-PASSWORD`.
fn is_list_of_constants(value: &[u8]) -> bool {
    value.iter().all(|byte| byte.is_ascii_uppercase() || matches!(byte, b'_' | b'-' | b','))
}

/// Longest run of digits behind `token` or `key` that is a number: a count or a time.
const MAX_COUNT: usize = 13;

fn is_count(value: &[u8]) -> bool {
    value.len() <= MAX_COUNT && value.iter().all(u8::is_ascii_digit)
}

/// Whether it is an option in a list of arguments: `"passwd", "-stdin"`.
fn is_option(value: &[u8]) -> bool {
    let name = value.strip_prefix(b"--").or_else(|| value.strip_prefix(b"-"));
    name.is_some_and(|name| name.first().is_some_and(u8::is_ascii_alphabetic) && is_lower_name(name))
}

fn is_lower_name(value: &[u8]) -> bool {
    value.iter().all(|byte| byte.is_ascii_lowercase() || *byte == b'-')
}

/// Whether a setting of a file has nothing in it that need be hidden: nothing at all, a word that asks for a value, a mask, a
/// template or a reference.
pub(crate) fn stands_in(value: &[u8]) -> bool {
    let looked = Value::new(value);
    value.is_empty()
        || TYPES.has(value)
        || is_mask(value)
        || is_template(value, false)
        || is_reference(value, false)
        || looked.is_placeholder()
        || looked.asks_for_a_value()
}

/// Whether a file lies in a folder of a folder, and has an ending: `local/1708076358388/a.zip`.
fn is_deep(value: &[u8]) -> bool {
    let ending = value.rfind_byte(b'.').map_or(&b""[..], |dot| &value[dot + 1..]);
    memchr::memchr_iter(b'/', value).count() > 1
        && (2..=MAX_ENDING).contains(&ending.len())
        && ending.iter().all(u8::is_ascii_lowercase)
        && !value.iter().any(|byte| matches!(byte, b'+' | b'='))
}

/// Longest ending of a file's name, the dot left out.
const MAX_ENDING: usize = 5;

/// Whether it is a file (`ci/build-12.war`, `6aa3….tar`), an entry of a registry (`Software\\Vendor\\Product`) or an
/// address without its scheme (`k8s.io/client-go/pkg`): no alphabet of tokens has the marks of such, where they stand.
fn is_place(value: &[u8]) -> bool {
    let plain =
        |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'/' | b'~' | b'@');
    // `@$DIR/key.pem`, as curl reads files.
    let of_file = |byte: &u8| plain(byte) || matches!(byte, b'%' | b'$' | b'{' | b'}');
    let ends_as_file = || {
        let dot = memchr::memrchr(b'.', value).filter(|&dot| dot > 0);
        dot.is_some_and(|dot| {
            let ending = &value[dot + 1..];
            (2..=MAX_ENDING).contains(&ending.len())
                && ending.iter().all(u8::is_ascii_lowercase)
                && !value[..dot].contains(&b'.')
                && value.iter().all(of_file)
        })
    };
    let branches = || {
        if !value.contains(&b'\\') {
            return false;
        }
        let parts = value.split(|&byte| byte == b'\\').filter(|part| !part.is_empty());
        let (all, words) = parts.fold((0, 0), |(all, words), part| {
            (all + 1, words + usize::from(wordiness(part).is_some_and(|score| score > 0.0)))
        });
        words >= 2 && words * 2 > all && value.iter().all(|byte| plain(byte) || matches!(byte, b'\\' | b' '))
    };
    let address = || {
        let Some(slash) = memchr::memchr(b'/', value) else { return false };
        let (host, path) = value.split_at(slash);
        let top = memchr::memrchr(b'.', host).map(|dot| &host[dot + 1..]);
        top.is_some_and(|top| (2..=MAX_ENDING).contains(&top.len()) && top.iter().all(u8::is_ascii_lowercase))
            && host
                .iter()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.".contains(byte))
            && path.iter().all(plain)
    };
    ends_as_file() || branches() || address()
}

/// Longest word in capitals that is taken for a symbol, in bytes.
const MAX_SYMBOL: usize = 20;

/// Whether it is a word in capitals: the `token` of a grammar, a variable of a shell. People's passwords in capitals
/// stand in quotes.
fn is_symbol(value: &[u8], candidate: &Candidate, name: &Name) -> bool {
    let bare = candidate.quote == Quote::None && candidate.syntax == Syntax::Space;
    let token = name.is_keyword_alone() && name.keyword_word() == b"token";
    (bare || token) && value.len() <= MAX_SYMBOL && value.iter().all(u8::is_ascii_uppercase)
}

/// Whether a bare value in source code is no name all the same: in a comment, behind `export` in a text of
/// several lines, or made of what no name is made of.
fn is_literal_in_code(text: &[u8], line: Span, value: &[u8]) -> bool {
    is_no_code(text, line)
        || value.iter().filter(|byte| byte.is_ascii_digit()).count() >= 3
            && !value.split(|byte| *byte == b'.').all(is_identifier)
}

fn is_no_code(text: &[u8], line: Span) -> bool {
    let lead = line.of(text).trim_ascii_start();
    begins_with_one(lead, &[b"//", b"#", b"*", b"/*", b"--", b"export ", b"set ", b"$ "])
}

/// Whether bare words with few digits are names on this line: [`is_name_in_code`] before there is a candidate.
pub(crate) fn words_are_names(text: &[u8], line: Span, place: Place) -> bool {
    place.language == Language::Source && !is_no_code(text, line)
}

/// More spaces than this make a sentence; passphrases of a few words are passwords.
const MAX_SPACES: usize = 4;
/// Shortest value worth reporting, in bytes.
const MIN_VALUE: usize = 3;

fn is_empty(value: &[u8]) -> bool {
    value.trim_ascii().len() < MIN_VALUE
        || !value.iter().any(u8::is_ascii_alphanumeric)
        || value.len() < 5 && value.iter().all(u8::is_ascii_digit)
}

/// `0x1F`: longer than 64 bits is a key, not a number.
fn is_number(value: &[u8]) -> bool {
    let digits = value.strip_prefix(b"0x").or_else(|| value.strip_prefix(b"0X"));
    digits.is_some_and(|digits| {
        digits.iter().filter(|byte| **byte != b'_').count() <= 17
            && digits.iter().all(|byte| byte.is_ascii_hexdigit() || matches!(byte, b'_' | b'L' | b'U'))
    })
}

/// Digits of a time: microseconds since 1970, and year to second.
const TIMES: (usize, usize) = (16, 14);

/// Whether it is a time of these years (2014 to 2036, and of this century where it is written out): `1641941238208691`,
/// `20200119235959`.
fn is_time(value: &[u8]) -> bool {
    let two = |place: usize| (value[place] - b'0') * 10 + value[place + 1] - b'0';
    let written = || two(4) <= 12 && two(6) <= 31 && two(8) <= 23 && two(10) <= 59 && two(12) <= 59;
    match value.len() {
        length if length != TIMES.0 && length != TIMES.1 || !value.iter().all(u8::is_ascii_digit) => false,
        length if length == TIMES.0 => (14..=20).contains(&two(0)),
        _ => two(0) == 20 && written(),
    }
}

/// A value that a program fills in.
fn is_template(value: &[u8], bare: bool) -> bool {
    // In a script that a script writes.
    let is_variable = |rest: &&[u8]| {
        let plain = |byte: &u8| byte.is_ascii_uppercase() || *byte == b'_';
        rest.starts_with(b"${") || rest.len() > 1 && rest.starts_with(b"$") && rest[1..].iter().all(plain)
    };
    let value = value.strip_prefix(b"\\").filter(is_variable).unwrap_or(value);
    const STARTS: [&[u8]; 12] =
        [b"{{", b"${", b"%(", b"%{", b"#{", b"<%", b"{%", b"@@", b"\\u{", b"%s", b"%@", b"$("];
    let marks = |byte: &u8| {
        matches!(byte, b'$' | b'%' | b'{' | b'}' | b'#' | b'<' | b'>' | b'@' | b'\\' | b'"' | b'\'' | b'[')
    };
    if !value.iter().any(marks) {
        return false;
    }
    begins_with_one(value, &STARTS)
        || holds_a_place_to_fill(value)
        || value.starts_with(b"<") && value.ends_with(b">")
        || value.starts_with(b"%") && value.ends_with(b"%")
        || value.starts_with(b"{") && value.ends_with(b"}")
        || value.starts_with(b"$") && is_identifier(&value[1..])
        || bare && value.starts_with(b"$")
        || value.starts_with(b"[") && value.ends_with(b"]") && value.len() > 2
}

/// Whether something is put in inside the value: a variable, or a string in two parts.
fn holds_a_place_to_fill(value: &[u8]) -> bool {
    value.windows(2).enumerate().any(|(place, two)| {
        let third = || value.get(place + 2).copied().unwrap_or_default();
        match two {
            b"${" | b"{{" | b"}}" | b"#{" | b"<%" | b"%>" | b"$(" | b"%(" | b"%s" | b"\\(" | b"%%"
            | b"\"+" => true,
            b"{0" => third() == b'}',
            b"\" " => matches!(third(), b'+' | b'.'),
            b"' " => third() == b'+' || value[place + 2..].starts_with(b". "),
            _ => false,
        }
    })
}

/// A value that stands for another: a store of secrets, a path, a URL.
fn is_reference(value: &[u8], bare: bool) -> bool {
    const BEGINNINGS: &[&str] = &[
        "!ref",
        "!sub",
        "arn:",
        "http://",
        "https://",
        "file:",
        "env:",
        "vault:",
        "ssm:",
        "/run/secrets",
        "./",
        "../",
        "~/",
        "data:",
        "enc[",
        "enc(",
        "encrypted:",
        "op://",
        "secret://",
        "sha256:",
        "sha1-",
        "sha512-",
        "sha384-",
        "sha256-",
        "urn:",
        "@string/",
        "process.env",
        "os.environ",
        "system.get",
        "projects/",
        "aws::",
        "aws4-hmac",
    ];
    static STARTS: Words<{ BEGINNINGS.len() }> = Words::new(&[(1, BEGINNINGS)]);
    // `${BASE_URL:-http://localhost}`.
    let default = || {
        value.strip_prefix(b"-").is_some_and(|default| begins_with_one(default, &[b"http://", b"https://"]))
    };
    if STARTS.begin(value)
        || default()
        || bare
            && matches!(value[0], b'*' | b'&' | b'{' | b'[')
            && value.iter().filter(|byte| byte.is_ascii_digit()).count() < 3
    {
        return true;
    }
    // `a/b/c.txt` and `/etc/x`: a path, not base64 (whose parts are not words).
    value.starts_with(b"/")
        && value[1..].contains(&b'/')
        && (value.len() < 20 || is_path(value) && value.contains(&b'.'))
        // The scope of a signature of AWS: who signs, when and for what.
        || value.ends_with(b"4_request") && (value.contains(&b'/') || memchr::memmem::find(value, b"%2F").is_some())
        || begins_with_one(value, &[b"/", b"%2F", b"%2f"]) && wordiness(value).is_some_and(|score| score > 0.0)
}

/// A bare value in the syntax of code: a call, an index, a member.
fn is_bare_code(value: &[u8]) -> bool {
    let dotted = value.contains(&b'.') && value.split(|&byte| byte == b'.').all(is_identifier);
    // `&Folder{0x2b0f765d`: a value of a type.
    let opens = memchr::memchr(b'{', value).filter(|&open| open > 0);
    let typed = opens.is_some_and(|open| {
        let name = value[..open].strip_prefix(b"&").unwrap_or(&value[..open]);
        name.split(|&byte| byte == b'.').all(is_identifier)
    });
    typed
        || value.contains(&b'(')
        || value.contains(&b'[')
        || value.ends_with(b"{")
        || value.contains(&b'|') && value.iter().filter(|byte| byte.is_ascii_digit()).count() < 4
        || dotted && value.iter().filter(|byte| byte.is_ascii_digit()).count() < 4
        || value.windows(2).any(|two| two == b"->" || two == b"::")
        || value.ends_with(b":")
}

/// Words of types and of nothing.
static TYPES: Words<{ OF_TYPES.len() }> = Words::new(&[(1, OF_TYPES)]);
const OF_TYPES: &[&str] = &[
    "null",
    "nil",
    "none",
    "true",
    "false",
    "undefined",
    "string",
    "str",
    "text",
    "int",
    "integer",
    "bool",
    "boolean",
    "object",
    "array",
    "bytes",
    "varchar",
    "void",
    "number",
    "string!",
    "optional",
    "yes",
    "char",
    "string?",
    "required",
    "confirmed",
    "nullable",
    "sometimes",
    "hashed",
    "encrypted",
];

/// Words of code and of forms that a key is often given.
pub(super) static STOCK: Words<{ OF_STOCK.len() }> = Words::new(&[(1, OF_STOCK)]);
const OF_STOCK: &[&str] = &[
    "any",
    "self",
    "this",
    "required",
    "default",
    "unknown",
    "type",
    "hidden",
    "disabled",
    "enabled",
    "off",
    "auto",
    "empty",
    "invalid",
    "missing",
    "never",
    "always",
    "list",
    "basic",
    "bearer",
    "digest",
    "user",
    "username",
    "client",
    "server",
    "header",
    "cookie",
    "query",
    "body",
    "plain",
    "include",
    "same-origin",
    "compat",
    "files",
    "token",
    "value",
];

fn is_mask(value: &[u8]) -> bool {
    let first = value[0].to_ascii_lowercase();
    value.iter().all(|byte| byte.to_ascii_lowercase() == first)
        || value.iter().all(|byte| matches!(byte, b'x' | b'X' | b'*' | b'.' | b'-' | b'_' | b'#' | b' '))
}

/// Shortest token of which an odd character says something.
const MIN_BROKEN: usize = 16;
/// Of so many bytes one may be odd: passwords and keys that are made of all characters have more.
const ODD_IN: usize = 12;

/// Whether a few characters, inside what is letters and digits otherwise, are of no alphabet that tokens are made of.
fn is_broken(value: &[u8]) -> bool {
    let part =
        |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'/' | b'+' | b'=');
    // No alphabet of tokens has them; `%3D` is one of those it has.
    let is_odd = |place: usize| match value[place] {
        b'?' | b'^' | b'!' | b'*' | b'$' | b'#' | b'&' | b';' => true,
        b'%' => {
            !value[place + 1..].first_chunk::<2>().is_some_and(|two| two.iter().all(u8::is_ascii_hexdigit))
        }
        _ => false,
    };
    let plain =
        |place: usize| value.get(place).is_some_and(|byte| part(byte) || *byte == b'%' && !is_odd(place));
    let odd = || (0..value.len()).filter(|&place| is_odd(place));
    value.len() >= MIN_BROKEN
        && (0..value.len()).all(|place| plain(place) || is_odd(place))
        && (1..=(value.len() / ODD_IN).max(1)).contains(&odd().count())
        && (value.iter().any(u8::is_ascii_digit) || humps(value) >= MIN_HUMPS)
        && odd().all(|place| place > 0 && plain(place - 1) && plain(place + 1))
        // A cookie with what it is good for: `id=8f1…;path=/`.
        && !(value.contains(&b';') && value.trim_end_with(|c| c == '=').contains(&b'='))
}

/// Longest word that says how a credential is to be read: `AWS4-HMAC-SHA256`.
const MAX_SCHEME: usize = 16;

/// Fewest bytes before the space.
const MIN_PART: usize = 8;

/// Whether a space parts what may be a token from more: no token has one but behind the name of a scheme, as `Bearer`.
fn is_parted(value: &[u8]) -> bool {
    let head = value.iter().position(|&byte| byte == b' ').map_or(&[][..], |place| &value[..place]);
    let rest = &value[head.len()..];
    let digits = |part: &[u8]| part.iter().filter(|byte| byte.is_ascii_digit()).count();
    // `ApiKey-v1` is a scheme.
    let both_cases = || {
        head.iter().any(u8::is_ascii_uppercase) && head.iter().any(u8::is_ascii_lowercase) && digits(head) > 1
    };
    digits(head) > 0
        && (head.len() > MAX_SCHEME
            || humps(head) >= MIN_HUMPS
            || head.len() >= MIN_PART && (both_cases() || head.iter().all(u8::is_ascii_hexdigit)))
        && (digits(rest) > 0 || humps(rest) > 0)
}

/// So many changes from lower to upper case are no words written together.
const MIN_HUMPS: usize = 4;

fn humps(value: &[u8]) -> usize {
    value.windows(2).filter(|pair| pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase()).count()
}

/// Bytes on the far side of an odd character that are looked at.
const FAR_SIDE: usize = 24;
/// Longest name of a parameter in an address.
const MAX_PARAMETER: usize = 12;
/// Fewest letters and digits there that are the rest of a token.
const MIN_REST: usize = 3;

/// Whether the token at `span` is one side of a token that has an odd character in it: `q7XbT2mN^R8wLcY5h`.
///
/// A query (`token?page=2`), an anchor and a parameter are none.
pub(crate) fn is_side_of_a_broken(text: &[u8], span: Span) -> bool {
    let odd = |byte: u8| matches!(byte, b'?' | b'^' | b'*');
    let rest = |part: &[u8]| {
        let count = part.iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
        let parameter = count <= MAX_PARAMETER && part.get(count) == Some(&b'=');
        count >= MIN_REST && part[..count].iter().any(u8::is_ascii_digit) && !parameter
    };
    let after = &text[span.end..text.len().min(span.end + FAR_SIDE)];
    if after.first().is_some_and(|&byte| odd(byte)) && rest(&after[1..]) {
        return true;
    }
    let before = &text[span.start.saturating_sub(FAR_SIDE)..span.start];
    let Some((b'^' | b'*', before)) = before.split_last() else { return false };
    let count = before.iter().rev().take_while(|byte| byte.is_ascii_alphanumeric()).count();
    count >= MIN_REST && before[before.len() - count..].iter().any(u8::is_ascii_digit)
}

/// `$2a$10$…`, `$argon2id$…`, `{SSHA}…`, `sha1$…`.
pub(super) fn is_password_hash(value: &[u8]) -> bool {
    const STARTS: [&[u8]; 26] = [
        b"$1$",
        b"$2a$",
        b"$2b$",
        b"$2y$",
        b"$5$",
        b"$6$",
        b"$y$",
        b"$apr1$",
        b"$argon2",
        b"$scrypt",
        b"$pbkdf2",
        b"pbkdf2_",
        b"pbkdf2:",
        b"scrypt:",
        b"{SSHA",
        b"{CRYPT}",
        b"{SHA",
        b"{MD4}",
        b"{MD5}",
        b"{SMD5}",
        // Spring names the encoder so.
        b"{argon2",
        b"{bcrypt",
        b"{ldap}",
        b"{pbkdf2",
        b"{scrypt",
        b"{sha256}",
    ];
    begins_with_one(value, &STARTS)
        || begins_with_one(value, &[b"md5$", b"sha1$", b"sha256$"]) && value.len() > 30
        || value.starts_with(b"SCRAM-SHA")
}

/// PEM and OpenSSH forms of public halves.
fn is_public_key(value: &[u8]) -> bool {
    const STARTS: [&[u8]; 12] = [
        b"ssh-rsa ",
        b"ssh-dss ",
        b"ssh-ed25519 ",
        b"sk-ssh-",
        b"sk-ecdsa-",
        b"ecdsa-sha2-",
        b"-----BEGIN PUBLIC",
        b"-----BEGIN CERT",
        b"MIIBIjAN",
        b"MIGfMA0G",
        b"MFkwEwYH",
        b"AAAAB3NzaC1yc2E",
    ];
    begins_with_one(value, &STARTS) || is_verifier(value)
}

/// Bytes of the number in a verifier's key.
const NUMBER: usize = 8;

/// Whether it verifies signed notes, as logs of Go's checksums have it: a name, a number and a key, with `+` between them. What
/// signs them begins with `PRIVATE`.
fn is_verifier(value: &[u8]) -> bool {
    let mut parts = value.splitn(3, |byte| *byte == b'+');
    let (Some(name), Some(number), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
        return false;
    };
    !name.is_empty()
        && number.len() == NUMBER
        && number.iter().all(u8::is_ascii_hexdigit)
        && key.starts_with(b"A")
        && key.len() > MIN_REPEATED
}

/// A name in code.
pub(crate) fn is_identifier(part: &[u8]) -> bool {
    part.first().is_some_and(|first| first.is_ascii_alphabetic() || *first == b'_')
        && part.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
}

fn is_plain_word(value: &[u8]) -> bool {
    value.iter().all(u8::is_ascii_lowercase)
}

/// A file or a folder.
pub(crate) fn is_path(value: &[u8]) -> bool {
    let slashes = value.iter().filter(|&&byte| byte == b'/' || byte == b'\\').count();
    let ending = value.rfind_byte(b'.').is_some_and(|dot| {
        (2..=5).contains(&(value.len() - dot)) && value[dot + 1..].iter().all(u8::is_ascii_alphabetic)
    });
    slashes > 0 && (ending || value.starts_with(b"/") || separated_words(value)) || value.starts_with(b"C:\\")
}

/// Whether the value is its own name and nothing more; bare, also a name in code that ends in the keyword.
fn is_own_name(candidate: &Candidate, value: &[u8], name: &Name, bare: bool) -> bool {
    if matches!(candidate.syntax, Syntax::Userinfo | Syntax::Scheme) {
        return false;
    }
    // `POSTGRES_PASSWORD = "postgres"` names what it is for a second time.
    let a_word_of_it = || value.len() > 4 && name.words().any(|word| word.eq_ignore_ascii_case(value));
    // A table or a column: `tableSessionTokens = "session_tokens"`.
    let its_words = || {
        let joint =
            |two: &&[u8]| two[0].is_ascii_lowercase() && two[1].is_ascii_uppercase() || two[0] == b'_';
        value.windows(2).any(|two| joint(&two))
            && letters(value).count() >= MIN_OWN
            && name.plain().iter().rev().copied().take(letters(value).count()).eq(letters(value).rev())
    };
    if name.plain().iter().copied().eq(letters(value)) || a_word_of_it() || its_words() {
        return true;
    }
    let joined = value.iter().any(|byte| matches!(byte, b'_' | b'.'))
        || value.windows(2).any(|two| two[0].is_ascii_lowercase() && two[1].is_ascii_uppercase());
    let digits = value.iter().any(u8::is_ascii_digit);
    let word = name.keyword_word();
    bare && joined && !digits && word.iter().rev().copied().eq(letters(value).rev().take(word.len()))
}

/// Fewest letters of words that a name ends in, too.
const MIN_OWN: usize = 8;

/// Letters and digits, lower case.
fn letters(text: &[u8]) -> impl DoubleEndedIterator<Item = u8> {
    text.iter().filter(|byte| byte.is_ascii_alphanumeric()).map(u8::to_ascii_lowercase)
}

/// How far the value repeats its own name: 0 not, 1 a word of it, 2 wholly.
pub(crate) fn repeats_key(candidate: &Candidate, name: &Name, value: &[u8]) -> usize {
    // What stands in a URL has the name of its host or scheme, not one of its own.
    if matches!(candidate.syntax, Syntax::Userinfo | Syntax::Scheme) {
        return 0;
    }
    let key = name.plain();
    // A stem that is longer says nothing; it is on the stack, since this is asked of every candidate.
    let mut buffer = [0; name::MAX_NAME + LONGER];
    let (mut place, mut length) = (0, 0);
    for byte in letters(value) {
        if let Some(to) = buffer.get_mut(place) {
            *to = byte;
        }
        place += 1;
        if !byte.is_ascii_digit() {
            length = place;
        }
    }
    let Some(stem @ [_, ..]) = buffer.get(..length) else { return 0 };
    let holds_key = || stem.windows(key.len()).any(|part| part == key);
    if key == stem || key.len() >= 4 && stem.len() <= key.len() + LONGER && holds_key() {
        return 2;
    }
    let part = stem.len() >= 4 && (key.ends_with(stem) || name.words().any(|word| word == stem));
    usize::from(part)
}

/// So much longer than the name a value may be that is the name with something to it.
const LONGER: usize = 6;

/// Least length of a value in which a repeated block is no accident.
pub(super) const MIN_REPEATED: usize = 16;

/// Whether the value is one block over and over, as `0123456789abcdef0123456789abcdef`: typed, not made.
pub(crate) fn repeats_block(value: &[u8]) -> bool {
    value.len() >= MIN_REPEATED
        && (1..=value.len() / 2)
            .any(|period| value[period] == value[0] && value[period..] == value[..value.len() - period])
}

/// Whether the key is a part of a path in a string (`"/etc/passwd", …`) or of the user and host of a
/// URL (`PASSWORD@localhost:6379`): then what follows is not given to it.
fn is_part_of_a_place(text: &[u8], candidate: &Candidate) -> bool {
    if candidate.syntax == Syntax::Userinfo {
        return false;
    }
    let key = candidate.key.of(text);
    let slashed = text[..candidate.key.start].ends_with(b"/")
        && !text[..candidate.key.start].ends_with(b"</")
        && candidate.key.start > 1;
    let in_path = slashed && matches!(candidate.syntax, Syntax::Comma | Syntax::Colon);
    // `arn:aws:secretsmanager:…:secret:name`, `cpe:2.3:a:vendor.product_api:…`.
    let in_name = candidate.quote == Quote::InString
        && candidate.syntax == Syntax::Colon
        && match text[..candidate.key.start].last() {
            Some(b':') => true,
            Some(b'.') => run_before(text, candidate.key.start).contains(&b':'),
            _ => false,
        };
    // `arn:aws:secretsmanager:…:secret:name` without quotes.
    let in_arn = || {
        let before = run_before(text, candidate.key.start);
        candidate.syntax == Syntax::Colon && begins_with_one(before, &[b"arn:", b"urn:"])
    };
    // `PASSWORD@localhost:27017`.
    let before_a_port = || {
        candidate.syntax == Syntax::Colon
            && key.get(1..).is_some_and(|rest| rest.contains(&b'@'))
            && candidate.value.of(text)[0].is_ascii_digit()
    };
    in_path
        || in_name
        || in_arn()
        || before_a_port()
        || candidate.quote == Quote::InString && key.get(1..).is_some_and(|rest| rest.contains(&b'@'))
}

/// Most bytes of a name with colons in it that are read backwards.
const MAX_NAME: usize = 64;

/// What stands in front of `place` without a space or a quote.
fn run_before(text: &[u8], place: usize) -> &[u8] {
    let part = |byte: &&u8| !byte.is_ascii_whitespace() && !matches!(byte, b'"' | b'\'' | b'`');
    let length = text[..place].iter().rev().take(MAX_NAME).take_while(part).count();
    &text[place - length..place]
}

/// Whether another item of a list stands in front of the key: `"user", "password"`. An option in a
/// list of arguments, as `"--password"`, does have a value.
fn follows_an_item(text: &[u8], candidate: &Candidate) -> bool {
    let before = &text[..candidate.key.start];
    if text[candidate.key.start..].starts_with(b"-") || before.ends_with(b"-") {
        return false;
    }
    let before = before.trim_end_with(|character| matches!(character, '"' | '\'' | '`' | '\\'));
    // `b"user", b"password"`.
    let before = match before {
        [before @ .., prefix] if is_prefix(*prefix) => before,
        _ => before,
    };
    let before = before.trim_ascii_end();
    // `"keywords": ["password", "hashing"]`: a list of its own, not a pair in one.
    let own = || {
        let before = before.strip_suffix(b"[").map_or(&b""[..], |before| before.trim_ascii_end());
        matches!(before.last(), Some(b':' | b'='))
    };
    before.ends_with(b",")
        || before.ends_with(b"]string{")
        || before.ends_with(b"[") && (own() || precedes_an_item(text, candidate))
}

/// Whether a further item stands behind the value: `["password", "user", "host"]` has no pairs.
fn precedes_an_item(text: &[u8], candidate: &Candidate) -> bool {
    let is_quote = |byte: u8| matches!(byte, b'"' | b'\'' | b'`');
    let after = text[candidate.value.end..].get(1..).unwrap_or_default().trim_ascii_start();
    after.strip_prefix(b",").is_some_and(|next| match next.trim_ascii_start() {
        [prefix, quote, ..] if is_prefix(*prefix) => is_quote(*quote),
        next => next.first().is_some_and(|&byte| is_quote(byte)),
    })
}

/// Most bytes of a list in front of one of its items.
const MAX_LIST: usize = 256;

/// Whether what begins at `start` is an item of a list that begins on its line, and no argument of a call.
fn is_in_a_list(text: &[u8], start: usize) -> bool {
    let before = &text[start.saturating_sub(MAX_LIST)..start];
    let mut closed = 0_usize;
    for byte in before.iter().rev().take_while(|byte| **byte != b'\n') {
        match byte {
            b')' | b']' | b'}' => closed += 1,
            b'(' | b'[' | b'{' if closed > 0 => closed -= 1,
            b'(' => return false,
            b'[' | b'{' => return true,
            _ => {}
        }
    }
    false
}

/// Whether the value is the key of another one: `['name' => 'password', 'autocomplete' => 'off']`.
fn precedes_a_value(text: &[u8], candidate: &Candidate) -> bool {
    let after = text[candidate.value.end..].get(1..).unwrap_or_default().trim_ascii_start();
    candidate.quote == Quote::Quoted && after.starts_with(b"=>")
}

/// Whether a byte stands in front of quotes to say what kind of text is between them: `b"…"`, `r'…'`, `L"…"`.
const fn is_prefix(byte: u8) -> bool {
    matches!(byte, b'b' | b'B' | b'r' | b'R' | b'u' | b'U' | b'f' | b'L')
}

/// Length of a UUID.
const UUID: usize = 36;

pub(crate) fn is_uuid(value: &[u8]) -> bool {
    value.len() == UUID
        && value.iter().enumerate().all(|(place, byte)| match place {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

pub(crate) fn is_version_or_date(value: &[u8]) -> bool {
    value.first().is_some_and(u8::is_ascii_digit)
        && value.iter().filter(|byte| matches!(byte, b'.' | b'-' | b':' | b'T' | b'Z')).count() >= 2
        && value.iter().all(|byte| {
            byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b':' | b'T' | b'Z' | b'+' | b'/')
        })
}

/// Whether it begins with a day: `2024-01-31T…`.
fn is_day(value: &[u8]) -> bool {
    matches!(value, [b'1' | b'2', b'0' | b'9', _, _, b'-', _, _, b'-', _, _, ..])
}

/// Whether the value is words and small numbers joined by `-`, `_`, `.` or `/`: a name.
pub(crate) fn separated_words(value: &[u8]) -> bool {
    let (mut parts, mut plain) = (0, 0);
    for part in value.split(|byte| matches!(byte, b'-' | b'_' | b'.' | b'/' | b':')) {
        if part.is_empty() {
            continue;
        }
        parts += 1;
        let digits = part.iter().filter(|byte| byte.is_ascii_digit()).count();
        plain += usize::from(
            digits == part.len() && part.len() <= 4
                || digits == 0 && part.len() <= 14 && part.iter().all(u8::is_ascii_alphabetic),
        );
    }
    parts >= 3 && plain * 3 >= parts * 2
}

/// How much text the value is base64 of: 0 none, 1 readable, 2 with a colon in it.
pub(crate) fn readable_base64(value: &[u8]) -> usize {
    let mut bits = 0_u32;
    let (mut held, mut colon, mut count) = (0, false, 0);
    for &byte in value.iter().take(128) {
        let six = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => break,
        };
        bits = bits << 6 | u32::from(six);
        held += 6;
        if held >= 8 {
            held -= 8;
            let decoded = (bits >> held) as u8;
            if !(b' '..=b'~').contains(&decoded) && decoded != b'\n' {
                return 0;
            }
            colon |= decoded == b':';
            count += 1;
        }
    }
    if count < 4 { 0 } else { 1 + usize::from(colon) }
}
