//! What a value is known to be, when it is no secret: a reference, a template, a type, a digest…
//!
//! Decides only where the shape leaves no doubt; what is likely is left to the model. Must not look
//! beyond the candidate.

use bstr::ByteSlice as _;

use super::{
    Ask, Classifier, form,
    name::{self, Name, WordOfKey},
    place::{Kind, Language, Place},
    value::{self, Marks, Value},
};
use crate::{
    detect::{
        assignment::{Behind, Candidate, Quote, Sole, Syntax},
        block::{BLOCK, Part, lowest, with_block},
        check,
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

/// What a value is known to be whatever it is given to.
pub(super) fn at_once(value: &[u8], classifier: Classifier) -> Option<Known> {
    if form::is_empty(value) {
        return Some(Known::Empty);
    }
    (form::is_number(value)
        || form::is_time(value)
        || classifier == Classifier::Token && form::is_count(value))
    .then_some(Known::Number)
}

/// What a token is not, as the model is sure in nearly each case: a few letters, a version. It learns from such all the same.
pub(super) fn easily(value: &[u8], classifier: Classifier) -> Option<Known> {
    match classifier {
        Classifier::Password => None,
        Classifier::Token if form::is_range(value) => Some(Known::Version),
        Classifier::Token => form::is_short(value).then_some(Known::Short),
    }
}

/// The same of a value that is given to `name`: words written together behind a key that does not say what it opens.
pub(super) fn easily_named(value: &[u8], name: &Name, classifier: Classifier) -> Option<Known> {
    let entry = classifier == Classifier::Token && names_an_entry(name) && form::is_words_together(value);
    entry.then_some(Known::Identifier)
}

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
            && (form::is_template(value, candidate.quote == Quote::None)
                || is_interpolated(text, candidate)
                || !password && value.starts_with(b"<") && value.contains(&b'>'))
        {
            return Some(Known::Template);
        }
        if looked.has(Marks::BRACE) && form::is_expression(value)
            || looked.has(Marks::SPACE) && form::is_between_strings(value)
        {
            return Some(Known::Code);
        }
        if form::is_password_hash(value) {
            return Some(Known::PasswordHash);
        }
        let parted = Marks::DOT.and(Marks::SLASH);
        if form::is_reference(value, bare)
            || !password
                && looked.has(parted)
                && (form::is_place(value)
                    || form::is_path(value) && (names_an_entry(name) || form::is_deep(value))
                    || looked.has(Marks::COLON) && form::is_coordinate(value))
        {
            return Some(Known::Reference);
        }
        // A cipher with its mode and padding: `AES/CBC/PKCS5Padding`.
        if form::TYPES.has(value)
            || value.ends_with(b"Padding")
            || form::is_algorithm(value)
            || looked.has(Marks::BRACE) && form::is_type_of_column(value)
            || looked.has(Marks::BRACE) && form::is_validation(value)
            || !password && (form::is_type_of_types(value) || form::is_type_named_after(value, ask.keyword))
        {
            return Some(Known::Type);
        }
        if !password && looked.has(Marks::DOT) && form::is_dotted_name(value) {
            return Some(Known::Identifier);
        }
        if bare && STOCK.has(value) {
            return Some(Known::Type);
        }
        if looked.has(Marks::SPACE) && is_command(text, candidate, place) {
            return Some(Known::Code);
        }
        let of_code = Marks::BRACE.and(Marks::DOT).and(Marks::COLON).and(Marks::DASH);
        (bare
            && (looked.has(of_code) && form::is_bare_code(value) || candidate.trailing && value == b"await"))
            .then_some(Known::Code)
    }

    /// What else a value is known for.
    fn by_kind(&self) -> Option<Known> {
        let &Self { text, candidate, looked, name, ask } = self;
        let (value, place, password) = (looked.bytes, ask.place, ask.classifier == Classifier::Password);
        if form::is_mask(value) {
            return Some(Known::Mask);
        }
        if form::repeats_block(value)
            || looked.has(Marks::DASH) && form::is_uuid(value) && form::repeats_block(&value.replace("-", ""))
            || !password && value.len() >= form::MIN_REPEATED && looked.runs().longest >= value.len() * 2 / 5
        {
            return Some(Known::Mask);
        }
        if name.is_for_one_page() {
            return Some(Known::PageMark);
        }
        if !password
            && (looked.has(Marks::ODD) && form::is_broken(value)
                || form::is_elided(value)
                || (looked.has(Marks::DASH) && form::is_cut_uuid(value)
                    || looked.has(Marks::CAPITAL) && form::ends_in_a_cut_document(value))
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
        if !password && spaced && form::is_parted(value) {
            return Some(Known::Broken);
        }
        if candidate.syntax == Syntax::Scheme && check::is_sample_of_basic(value) {
            return Some(Known::Published);
        }
        if place.language == Language::Translation
            || (place.translated || looked.has(Marks::SLASH) && form::escapes(value).count() >= MIN_ESCAPES)
                && (!looked.has(Marks::DIGIT) || !form::has_digit_of_its_own(value))
        {
            return Some(Known::Translation);
        }
        if (looked.has(Marks::DOT) || !password && form::is_day(value)) && form::is_version_or_date(value)
            || looked.has(Marks::DOT) && form::is_range(value) && !value[0].is_ascii_digit()
        {
            return Some(Known::Version);
        }
        if !password && looked.has(Marks::SPACE) && form::is_behind_its_scheme(value) {
            return Some(Known::Scheme);
        }
        if form::is_public_key(value) || !password && check::is_public_nkey(value) {
            return Some(Known::PublicKey);
        }
        if is_identified(value, name) || is_object_of_docker(value, name) {
            return Some(Known::Identifier);
        }
        let joined = Marks::UNDERSCORE.and(Marks::DASH);
        if is_symbol(value, candidate, name)
            || !password
                && looked.has(joined)
                && (form::is_constant(value)
                    || form::is_list_of_constants(value)
                    || form::is_migration(value))
            || value.contains(&b'=') && form::is_list_of_options(value)
            || is_in_options(text, candidate)
        {
            return Some(Known::Code);
        }
        if is_part_of_a_place(text, candidate) {
            return Some(Known::PartOfPlace);
        }
        if !password && (looked.has(Marks::BRACE) && form::is_joined(value) || form::is_enumeration(value)) {
            return Some(Known::ListOfNames);
        }
        let name = || {
            !looked.has(Marks::CAPITAL) && form::separated_words(value)
                || form::is_worded_identifier(value) && precedes_an_item(text, candidate)
        };
        let word = form::is_plain_word(value) || is_in_a_list(text, candidate.key.start) && name();
        let listed = word && follows_an_item(text, candidate) || precedes_a_value(text, candidate);
        (candidate.syntax == Syntax::Comma && (listed || form::is_option(value)))
            .then_some(Known::ListOfNames)
    }
}

/// Fewest escapes of letters that make a text of a value.
const MIN_ESCAPES: usize = 3;

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

/// Whether the name is the value of an option, and what follows is the next one: `eof_action=pass:repeatlast=0`.
fn is_in_options(text: &[u8], candidate: &Candidate) -> bool {
    candidate.syntax == Syntax::Colon
        && candidate.quote == Quote::InString
        && text[..candidate.key.start].ends_with(b"=")
        // Base64 ends in such.
        && text[candidate.key.end..candidate.value.end].trim_end_with(|c| c == '=').contains(&b'=')
}

/// Whether a program puts something into it: `$"{scheme}://x"` in C#, `f'{scheme}://x'` in Python.
fn is_interpolated(text: &[u8], candidate: &Candidate) -> bool {
    let before = &text[..candidate.value.start];
    candidate.quote == Quote::Quoted
        && candidate.value.of(text).contains(&b'{')
        && matches!(before, [.., prefix, b'"' | b'\''] if matches!(prefix, b'$' | b'f' | b'F'))
}

fn is_bare(candidate: &Candidate) -> bool {
    matches!(candidate.quote, Quote::None | Quote::InString)
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
    line.of(text).trim_ascii_start().starts_with(b"#define") && form::is_identifier(value)
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
    numbered && (name.is_keyword_alone() || word.ends_with(b"keys")) || form::is_uuid(value) && word == b"key"
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
    let literal = behind.literal(text, form::LOOK);
    let short = |literal: Span| form::is_short(literal.of(text));
    if literal.is_some_and(short) || behind.is_called_with(text, form::LOOK, short) {
        return true;
    }
    let entry = |span| is_entry(text, span);
    let entries = |span: Span| entry(span) || form::is_words_together(span.of(text));
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
        || form::TYPES.has(value)
        || form::is_template(value, !sole.quoted)
        || form::is_reference(value, !sole.quoted)
        || value.eq_ignore_ascii_case(sole.key.of(text))
        || !sole.quoted && (STOCK.has(value) || ask.place.language == Language::Source && is_name())
}

/// Whether what stands at `span` may name entries: words, or words with a number, and nothing that a machine made.
fn is_entry(text: &[u8], span: Span) -> bool {
    let (mut digits, mut humps) = (0, 0);
    // Blocks share as many bytes as a word may have, so that a longer one is whole in one of them.
    for place in (span.start..span.end).step_by(BLOCK - form::MAX_WORD) {
        let letters = Letters::at(text, place, span.end);
        // One bit for each letter that so many others follow, by doubling.
        let words = [1, 2, 4, 8].into_iter().fold(letters.all, |runs, length| runs & runs >> length);
        let first = lowest(BLOCK - form::MAX_WORD);
        digits += (letters.digits & first).count_ones() as usize;
        humps += (letters.all & !letters.capitals & letters.capitals >> 1 & first).count_ones() as usize;
        if words & letters.all >> form::MAX_WORD != 0 || digits > form::MAX_NUMBER {
            return false;
        }
    }
    digits == 0 || humps < form::MIN_HUMPS
}

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

/// Whether a setting of a file has nothing in it that need be hidden: nothing at all, a word that asks for a value, a mask, a
/// template or a reference.
pub(crate) fn stands_in(value: &[u8]) -> bool {
    let looked = Value::new(value);
    value.is_empty()
        || form::TYPES.has(value)
        || form::is_mask(value)
        || form::is_template(value, false)
        || form::is_reference(value, false)
        || looked.is_placeholder()
        || looked.asks_for_a_value()
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
            && !value.split(|byte| *byte == b'.').all(form::is_identifier)
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
            && form::letters(value).count() >= MIN_OWN
            && name
                .plain()
                .iter()
                .rev()
                .copied()
                .take(form::letters(value).count())
                .eq(form::letters(value).rev())
    };
    if name.plain().iter().copied().eq(form::letters(value)) || a_word_of_it() || its_words() {
        return true;
    }
    let joined = value.iter().any(|byte| matches!(byte, b'_' | b'.'))
        || value.windows(2).any(|two| two[0].is_ascii_lowercase() && two[1].is_ascii_uppercase());
    let digits = value.iter().any(u8::is_ascii_digit);
    let word = name.keyword_word();
    bare && joined && !digits && word.iter().rev().copied().eq(form::letters(value).rev().take(word.len()))
}

/// Fewest letters of words that a name ends in, too.
const MIN_OWN: usize = 8;

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
    for byte in form::letters(value) {
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
        [before @ .., prefix] if form::is_prefix(*prefix) => before,
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
        [prefix, quote, ..] if form::is_prefix(*prefix) => is_quote(*quote),
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
