//! What a model is told about a candidate: small whole numbers about its shape, its name, how it is
//! written and where.
//!
//! Must not keep or compare any text but the candidate's own and short lists of common words, so
//! that nothing can be learned by heart. Whole numbers only: the same on every machine.

use super::{
    ASKED, Ask, Classifier,
    form::{self, is_identifier, separated_words},
    known,
    name::{Name, TAILS},
    place::{Kind, Language, Place},
    value::{Marks, Value},
};
use crate::{
    detect::{
        assignment::{Candidate, Quote, Syntax},
        entropy::{Charset, Order, fixed_entropy, wordiness_tenths},
        words::{Words, begins_with_one, count, place_of},
    },
    text::Span,
};

macro_rules! features {
    ($($name:ident $words:literal,)*) => {
        /// One number about a candidate.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        #[expect(missing_docs, reason = "each is said in words, beside it")]
        pub enum Feature { $($name,)* }

        impl Feature {
            /// All of them, in the order of [`Features`].
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// What it is, as a noun phrase.
            #[must_use]
            pub const fn words(self) -> &'static str {
                match self { $(Self::$name => $words,)* }
            }

            /// Its name in the table of weights.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)* }
            }
        }
    };
}

features! {
    KeyPassword "the name speaks of a password",
    KeySecret "the name speaks of a secret",
    KeyToken "the name speaks of a token",
    KeyKey "the name speaks of a key",
    KeyAuth "the name speaks of authorization",
    KeyCredential "the name speaks of a credential",
    KeyApi "the name speaks of an API",
    KeyAccess "the name speaks of access or of a client",
    KeyPrivate "the name says private, secret, master or encryption",
    KeySession "the name speaks of a session or a cookie",
    KeySalt "the name speaks of a salt, a nonce or an initial vector",
    KeyHash "the name speaks of a hash or a checksum",
    KeyTest "the name says test, example or wrong",
    KeyService "the name says whose: a database, an administrator, a product",
    KeyPublic "the name says public",
    KeyTails "words behind the keyword that give the name another meaning",
    KeyHeads "words in front of the keyword that give the name another meaning",
    KeyOfValue "the word in front of `key` makes it one of value",
    KeyOtherWord "the keyword is part of another word",
    KeyLast "the keyword is the last word of the name",
    KeyWords "words in the name",
    KeyLength "length of the name",
    KeyConstant "the name is in capitals",
    KeyExact "the name is the keyword and nothing else",
    KeyQuoted "the name is quoted",
    KeyMember "the name is a member of something",
    KeyFirst "the name begins the line",
    KeyPlural "the keyword is in the plural",
    Assign "written as name = value",
    Colon "written as name: value",
    Arrow "written as name => value",
    Compare "written as a comparison",
    Call "written as an argument of what the name calls",
    Comma "written as an argument behind the name",
    Space "written behind the name and a space",
    Markup "written as markup",
    Query "written in the query of a URL",
    NextLine "written on the line below the name",
    Userinfo "written in front of the host of a URL",
    Scheme "written behind an authorization scheme",
    Nested "written in a document inside a string",
    Item "place among the items or arguments",
    Bare "the value has no quotes",
    Escaped "the quotes are escaped",
    InString "the value is inside a longer string",
    Bytes "the value is a list of bytes",
    Trailing "text follows the value",
    After "what stands behind the value",
    LineComment "the line is a comment",
    LineTest "the line asserts something",
    LineUser "the line names a user, a login or a host",
    LineAsk "the line asks for something",
    LineCall "the name stands inside a call",
    LineDefines "the line defines a function or a type",
    LineRepeats "the value stands elsewhere in the line, too",
    LineIndent "depth of indentation",
    LineBefore "length of the line in front of the name",
    LineMany "assignments in the line",
    Length "length of the value",
    Entropy "entropy a character, in tenths of a bit",
    Bits "entropy of the whole value, in bytes",
    Distinct "different characters",
    Lower "share of lower-case letters",
    Upper "share of capitals",
    Digits "share of digits",
    Joints "share of joints such as - _ . / + =",
    Marks "share of punctuation",
    Spaces "spaces in the value",
    Others "characters beyond ASCII",
    Wordy "how much the letters read like words, in tenths",
    LettersRun "longest run of letters",
    DigitsRun "longest run of digits",
    Changes "changes between letters, capitals, digits and marks",
    Steps "longest run of equal or consecutive characters",
    Repeated "one block over and over",
    Hex "all digits are hexadecimal",
    HashLength "as long as a common digest",
    Base64 "could be base64",
    Base64Text "base64 of readable text",
    PlainWord "one lower-case word",
    Capitalised "one word with a capital",
    Identifier "could be a name in code",
    ConstantName "could be the name of a constant",
    Parts "parts between joints",
    WordParts "parts are words and small numbers",
    PathLike "a path",
    UrlLike "an address",
    MailLike "a mail address",
    VersionLike "a version or a date",
    UuidLike "a UUID",
    Placeholder "a word of placeholders",
    SelfHint "says password or secret itself",
    Common "a word of samples, such as test, admin or foo",
    OwnName "repeats its own name",
    Stock "a word of code, such as required or default",
    StartsUpper "begins with a capital",
    StartsMark "begins with punctuation",
    EndsMark "ends with punctuation",
    Braces "brackets or a dollar sign in it",
    Leet "digits in place of letters",
    PathUnknown "the path says nothing",
    Source "in source code",
    Config "in configuration",
    Prose "in a manual or a text",
    Translation "in a translation",
    TestPath "in a folder or file of tests",
    ExamplePath "in an example or a sample",
    DocsPath "in a folder of documentation",
    VendorPath "in a copy of other people's code",
    TemplatePath "in a template of a file",
    Yaml "in YAML",
    Json "in JSON",
    Properties "in properties, INI or an env file",
    Markdown "in Markdown or the like",
    Python "in Python",
    JavaScript "in JavaScript or TypeScript",
    Java "in Java or the like",
    Go "in Go",
    Ruby "in Ruby",
    Php "in PHP",
    Shell "in a shell script or a Dockerfile",
    Html "in HTML or XML",
    Native "in C, C++ or the like",
}

/// Number of features.
pub const COUNT: usize = Feature::ALL.len();

/// The numbers about one candidate, by [`Feature`].
pub type Features = [i16; COUNT];

/// What words in a name or a line say, as features of the first 63.
const fn bit(feature: Feature) -> u64 {
    1 << feature as u64
}

/// Words near a value that say what the line does.
static LINE: Words<{ count(OF_LINES) }> = Words::new(OF_LINES);
const OF_LINES: &[(u64, &[&str])] = &[
    (
        bit(Feature::LineTest),
        &["assert", "expect", "should", "refute", "equal", ".to ", "verify", "is_valid", "valid_"],
    ),
    (bit(Feature::LineUser), &["user", "login", "admin", "root", "email", "host", "account", "uid"]),
    (
        bit(Feature::LineAsk),
        &["enter", "please", "prompt", "placeholder", "label", "input", "must", "your ", "invalid", "help"],
    ),
    (
        bit(Feature::LineDefines),
        &["def ", "func ", "function", "fn ", "class ", "void ", "interface ", "lambda"],
    ),
];

/// Words of names.
static NAME: Words<{ count(OF_NAMES) }> = Words::new(OF_NAMES);
/// A name that has such a word speaks of something else than a token.
const OTHER: u64 = 1 << 63;
const OF_NAMES: &[(u64, &[&str])] = &[
    (bit(Feature::KeyPassword), &["pass", "pwd"]),
    (bit(Feature::KeySecret) | bit(Feature::KeyPrivate) | OTHER, &["secret"]),
    (bit(Feature::KeyToken), &["token"]),
    (bit(Feature::KeyKey) | OTHER, &["key"]),
    (bit(Feature::KeyAuth) | OTHER, &["auth"]),
    (bit(Feature::KeyCredential) | OTHER, &["cred"]),
    (bit(Feature::KeyApi) | OTHER, &["api"]),
    (bit(Feature::KeyAccess), &["access", "client", "consumer", "oauth", "bearer", "jwt"]),
    (bit(Feature::KeyPrivate), &["private", "master", "encrypt", "sign", "aes", "hmac"]),
    (bit(Feature::KeySession) | OTHER, &["session", "cookie"]),
    (bit(Feature::KeySession), &["sess"]),
    (bit(Feature::KeySalt) | OTHER, &["salt", "nonce", "pepper"]),
    (OTHER, &["hook"]),
    (
        bit(Feature::KeyHash),
        &["hash", "digest", "checksum", "sha1", "sha256", "integrity", "commit", "revision", "finger"],
    ),
    (bit(Feature::KeyTest), &["test", "example", "wrong", "invalid", "fake", "dummy", "expected", "mock"]),
    (
        bit(Feature::KeyService),
        &[
            "db", "database", "sql", "postgres", "admin", "root", "user", "ldap", "smtp", "mail", "redis",
            "ftp",
        ],
    ),
    (bit(Feature::KeyPublic), &["pub"]),
];

/// Looks at a candidate, for `ALL` features or for those that opinions rest on. `value` are its bytes, decoded if it is a list
/// of numbers; `line` is the window of its line.
pub(super) fn of<const ALL: bool>(
    text: &[u8],
    line: Span,
    candidate: &Candidate,
    value: &Value<'_>,
    name: &Name,
    ask: Ask<'_>,
) -> Features {
    let mut seen = Seen::<ALL>([0; COUNT]);
    seen.name(text, line, candidate, name, ask.classifier);
    seen.syntax(text, line, candidate);
    seen.line(text, line, candidate, value.bytes);
    seen.shape(value);
    seen.kind(value, candidate, name, ask.classifier);
    seen.place(ask.place);
    seen.0
}

/// Whether it is a word of code, whatever the case of its letters.
fn is_stock(value: &[u8]) -> bool {
    known::STOCK.has(value) || TAILS.has(value)
}

/// Numbers of `(`, of `)`, and of `=` and `:` in at most 255 bytes.
fn brackets_and_pairs(text: &[u8]) -> (u32, u32, u32) {
    static COUNTED: [u32; 256] = {
        let mut table = [0; 256];
        table[b'(' as usize] = 1;
        table[b')' as usize] = 1 << 8;
        table[b'=' as usize] = 1 << 16;
        table[b':' as usize] = 1 << 16;
        table
    };
    let counts: u32 = text.iter().map(|&byte| COUNTED[usize::from(byte)]).sum();
    (counts & 255, counts >> 8 & 255, counts >> 16)
}

struct Seen<const ALL: bool>(Features);

impl<const ALL: bool> Seen<ALL> {
    /// Whether somebody asks for a feature: what is for others only need not be worked out.
    const fn wants(feature: Feature) -> bool {
        ALL || ASKED[feature as usize]
    }

    fn set(&mut self, feature: Feature, number: usize) {
        self.0[feature as usize] = number.min(999) as i16;
    }

    fn flag(&mut self, feature: Feature, holds: bool) {
        self.0[feature as usize] = i16::from(holds);
    }

    fn name(&mut self, text: &[u8], line: Span, candidate: &Candidate, name: &Name, classifier: Classifier) {
        use Feature as F;
        let said = NAME.within(name.lower());
        let says = |feature: F| said & bit(feature) != 0;
        // A rule of somebody's own may have keywords in any language: its classifier says what they mean.
        let password = classifier == Classifier::Password;
        self.flag(F::KeyPassword, password || says(F::KeyPassword));
        self.flag(F::KeyToken, says(F::KeyToken) || !password && said & OTHER == 0);
        self.flag(F::KeySalt, says(F::KeySalt) || Self::wants(F::KeySalt) && name.has_word(&["iv"]));
        for feature in [
            F::KeySecret,
            F::KeyKey,
            F::KeyAuth,
            F::KeyCredential,
            F::KeyApi,
            F::KeyAccess,
            F::KeyPrivate,
            F::KeySession,
            F::KeyHash,
            F::KeyTest,
            F::KeyService,
            F::KeyPublic,
        ] {
            self.flag(feature, says(feature));
        }
        self.set(F::KeyTails, name.tails());
        self.set(F::KeyHeads, name.heads());
        self.flag(F::KeyOfValue, name.is_key_of_value());
        // A named value of another word is known for it, and has no features.
        let named = !matches!(candidate.syntax, Syntax::Scheme | Syntax::Userinfo);
        self.flag(F::KeyOtherWord, !named && name.is_other_word());
        self.flag(F::KeyLast, name.last_is_keyword());
        self.set(F::KeyWords, name.words().len());
        self.set(F::KeyLength, name.lower().len());
        self.flag(F::KeyConstant, name.is_constant());
        self.flag(F::KeyExact, name.is_keyword_alone());
        let before = candidate.key.start.checked_sub(1).map_or(b'\n', |place| text[place]);
        self.flag(F::KeyQuoted, matches!(before, b'"' | b'\'' | b'`'));
        self.flag(F::KeyMember, matches!(before, b'.' | b'>'));
        let lead = text[line.start..candidate.key.start.max(line.start)].trim_ascii();
        let first = lead.iter().all(|byte| {
            matches!(
                byte,
                b'"' | b'\'' | b'-' | b'*' | b'{' | b'#' | b';' | b':' | b'`' | b'/' | b'<' | b'\\'
            )
        }) || matches!(
            lead,
            b"export"
                | b"set"
                | b"const"
                | b"let"
                | b"var"
                | b"ENV"
                | b"ARG"
                | b"- name:"
                | b"final"
                | b"static"
        );
        self.flag(F::KeyFirst, first);
        self.flag(F::KeyPlural, name.keyword_word().ends_with(b"s") && !name.keyword_word().ends_with(b"ss"));
    }

    fn syntax(&mut self, text: &[u8], line: Span, candidate: &Candidate) {
        use Feature as F;
        let written = match candidate.syntax {
            Syntax::Assign => F::Assign,
            Syntax::Colon => F::Colon,
            Syntax::Arrow => F::Arrow,
            Syntax::Compare => F::Compare,
            Syntax::Call => F::Call,
            Syntax::Comma => F::Comma,
            Syntax::Space => F::Space,
            Syntax::Markup => F::Markup,
            Syntax::Query => F::Query,
            Syntax::NextLine => F::NextLine,
            Syntax::Userinfo => F::Userinfo,
            Syntax::Scheme => F::Scheme,
        };
        self.flag(written, true);
        self.flag(F::Nested, candidate.nested);
        self.set(F::Item, usize::from(candidate.item));
        self.flag(F::Bare, candidate.quote == Quote::None);
        self.flag(F::Escaped, candidate.quote == Quote::Escaped);
        self.flag(F::InString, candidate.quote == Quote::InString);
        self.flag(F::Bytes, candidate.quote == Quote::Bytes);
        self.flag(F::Trailing, candidate.trailing);
        let end = line.end.max(candidate.value.end);
        let mut rest = &text[candidate.value.end..end];
        if !matches!(candidate.quote, Quote::None | Quote::InString) {
            let closes = |byte: &&u8| matches!(byte, b'"' | b'\'' | b'`' | b'\\');
            rest = &rest[rest.iter().take_while(closes).count()..];
        }
        let after = match rest.trim_ascii_start().first() {
            None => 0,
            Some(b',' | b';') => 1,
            Some(b')' | b']' | b'}') => 2,
            Some(b'+' | b'.') => 4,
            Some(b'#' | b'/' | b'<' | b'&') => 3,
            Some(b'"' | b'\'' | b'\\') => 5,
            Some(_) => 6,
        };
        self.set(F::After, after);
    }

    fn line(&mut self, text: &[u8], line: Span, candidate: &Candidate, value: &[u8]) {
        use Feature as F;
        let start = line.start.min(candidate.key.start);
        let whole = &text[start..line.end.max(candidate.key.end)];
        let before = &text[start..candidate.key.start];
        // Near the name only: a line may be a whole program.
        let near = &before[before.len().saturating_sub(120)..];
        let behind = text.get(candidate.value.end..line.end).unwrap_or_default();
        let behind = &behind[..behind.len().min(120)];
        let of_words = [F::LineTest, F::LineUser, F::LineAsk, F::LineDefines];
        if of_words.into_iter().any(Self::wants) {
            let said = LINE.within(near) | LINE.within(behind);
            of_words.into_iter().for_each(|feature| self.flag(feature, said & bit(feature) != 0));
        }
        let lead = whole.trim_ascii_start();
        let comment = begins_with_one(lead, &[b"//", b"#", b"*", b"/*", b"--", b"<!--", b";", b"%"]);
        self.flag(F::LineComment, comment);
        let (opens, closes, pairs) = brackets_and_pairs(near);
        self.flag(F::LineCall, opens > closes);
        let key_to_value = candidate.value.start.saturating_sub(start).min(whole.len());
        let after = whole.get(candidate.value.end - start..).unwrap_or_default();
        let repeats = value.len() > 2
            && [&whole[..key_to_value], after].iter().any(|text| place_of(text, value).is_some());
        self.flag(F::LineRepeats, repeats);
        self.set(F::LineIndent, (whole.len() - lead.len()).min(20));
        self.set(F::LineBefore, before.trim_ascii_start().len().min(200));
        let many = pairs + brackets_and_pairs(behind).2;
        self.set(F::LineMany, many.min(12) as usize);
    }

    fn shape(&mut self, looked: &Value<'_>) {
        use Feature as F;
        let value = looked.bytes;
        let set = Charset::of(value);
        let length = value.len().max(1);
        let share = |count: usize| count * 100 / length;
        let entropy = fixed_entropy(value);
        self.set(F::Length, value.len());
        self.set(F::Entropy, (entropy.per_byte * 10 / 256) as usize);
        self.set(F::Bits, (entropy.total / 256 / 8) as usize);
        self.set(F::Distinct, entropy.distinct as usize);
        self.set(F::Lower, share(set.lower));
        self.set(F::Upper, share(set.upper));
        self.set(F::Digits, share(set.digits));
        self.set(F::Joints, share(set.joints));
        self.set(F::Marks, share(set.marks));
        self.set(F::Spaces, set.spaces);
        self.set(F::Others, set.others);
        self.0[F::Wordy as usize] = wordiness_tenths(value).unwrap_or(-50) as i16;
        let order = Order::of(value);
        self.set(F::LettersRun, order.letters);
        self.set(F::DigitsRun, order.digits);
        self.set(F::Changes, order.changes);
        self.set(F::Steps, looked.runs().longest);
        // What is one block over and over is known for it, and has no features: `Repeated` is for the table of weights.
        let hex = set.is_hex(value.len());
        self.flag(F::Hex, hex);
        self.flag(F::HashLength, hex && matches!(value.len(), 32 | 40 | 56 | 64 | 96 | 128));
        let plain = &value[..value.len() - value.iter().rev().take_while(|byte| **byte == b'=').count()];
        let base64 = value.len() >= 8
            && value.len().is_multiple_of(4)
            && value.len() - plain.len() <= 2
            && plain.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'));
        self.flag(
            F::Base64,
            base64 && (plain.len() < value.len() || set.digits > 0 && set.upper > 0 || set.joints > 0),
        );
        self.set(F::Base64Text, if base64 { form::readable_base64(value) } else { 0 });
        self.flag(F::PlainWord, set.lower == value.len());
        self.flag(F::Capitalised, set.upper > 0 && set.letters() == value.len());
    }

    fn kind(&mut self, looked: &Value<'_>, candidate: &Candidate, name: &Name, classifier: Classifier) {
        use Feature as F;
        let value = looked.bytes;
        self.flag(F::Identifier, Self::wants(F::Identifier) && is_identifier(value));
        let constant = || {
            let part = |byte: &u8| byte.is_ascii_uppercase() || *byte == b'_' || byte.is_ascii_digit();
            value.len() > 3 && value.iter().all(part) && value.contains(&b'_')
        };
        self.flag(F::ConstantName, Self::wants(F::ConstantName) && constant());
        let parts = value
            .split(|byte| matches!(byte, b'-' | b'_' | b'.' | b'/' | b':'))
            .filter(|part| !part.is_empty())
            .count();
        self.set(F::Parts, parts);
        self.flag(F::WordParts, parts > 2 && separated_words(value));
        self.flag(F::PathLike, Self::wants(F::PathLike) && form::is_path(value));
        let address = || value.windows(3).any(|part| part == b"://");
        self.flag(F::UrlLike, Self::wants(F::UrlLike) && address());
        let mail = || memchr::memchr(b'@', value).is_some_and(|at| at > 0 && value[at..].contains(&b'.'));
        self.flag(F::MailLike, Self::wants(F::MailLike) && mail());
        self.flag(F::VersionLike, Self::wants(F::VersionLike) && form::is_version_or_date(value));
        self.flag(F::UuidLike, Self::wants(F::UuidLike) && form::is_uuid(value));
        // A token that is one is known for it, and has no features.
        self.flag(F::Placeholder, classifier == Classifier::Password && looked.is_placeholder());
        self.set(F::SelfHint, looked.hint());
        self.flag(F::Common, looked.is_common());
        self.set(F::OwnName, known::repeats_key(candidate, name, value));
        self.flag(F::Stock, is_stock(value));
        self.flag(F::StartsUpper, value.first().is_some_and(u8::is_ascii_uppercase));
        self.flag(F::StartsMark, value.first().is_some_and(u8::is_ascii_punctuation));
        self.flag(F::EndsMark, value.last().is_some_and(|byte| b".:!?,;".contains(byte)));
        self.flag(F::Braces, looked.has(Marks::BRACE));
        let is_leet = |three: &[u8]| {
            three[0].is_ascii_alphabetic() && three[1].is_ascii_digit() && three[2].is_ascii_alphabetic()
        };
        let leet = value.len() < 20 && looked.has(Marks::DIGIT) && value.windows(3).any(is_leet);
        self.flag(F::Leet, leet);
    }

    fn place(&mut self, place: Place) {
        use Feature as F;
        self.flag(F::PathUnknown, place.language == Language::Unknown);
        self.flag(F::Source, place.language == Language::Source);
        self.flag(F::Config, place.language == Language::Config);
        self.flag(F::Prose, place.language == Language::Prose);
        self.flag(F::Translation, place.language == Language::Translation);
        self.flag(F::TestPath, place.test);
        self.flag(F::ExamplePath, place.example);
        self.flag(F::DocsPath, place.docs);
        self.flag(F::VendorPath, place.vendor);
        self.flag(F::TemplatePath, place.template);
        let kind = match place.kind {
            Kind::Yaml => F::Yaml,
            Kind::Json => F::Json,
            Kind::Properties => F::Properties,
            Kind::Markdown => F::Markdown,
            Kind::Python => F::Python,
            Kind::JavaScript => F::JavaScript,
            Kind::Java => F::Java,
            Kind::Go => F::Go,
            Kind::Ruby => F::Ruby,
            Kind::Php => F::Php,
            Kind::Shell => F::Shell,
            Kind::Html => F::Html,
            Kind::Native => F::Native,
            Kind::Other => return,
        };
        self.flag(kind, true);
    }
}
