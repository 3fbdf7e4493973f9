//! What the bytes of a value show of it, whatever name it is given to: a path, a template, a word, a time, a token that was cut.
//!
//! Pure functions of these bytes. Must not know names, places or what is asked.

use bstr::ByteSlice as _;

use crate::detect::{
    assignment, check,
    entropy::wordiness,
    words::{Words, begins_with_one},
};

/// Without a digit, or with a number of two at their end, so many bytes are a word rather than a token, and so many are words if
/// nothing is a capital.
const MAX_SHORT: (usize, usize) = (8, 12);

/// So many small letters that read as a word are one, unless it says that it is a secret: hardly a token in a hundred is that.
const MAX_ONE_WORD: usize = 14;

/// Whether a token would be longer, or have digits: also if it is a cookie, which is given what stands behind its name.
pub(super) fn is_short(value: &[u8]) -> bool {
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

/// Whether it is a version or versions of a package, and nothing but numbers: `^1.0.12`, `>=2.0.0 <3.0`, `npm:^5.0.0 || ^6.0.2`.
pub(super) fn is_range(value: &[u8]) -> bool {
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

/// Where letters beyond ASCII are written as escapes, as bundles of Java do: `\u00DCber`.
pub(super) fn escapes(value: &[u8]) -> impl Iterator<Item = usize> {
    let beyond = |digits: &[u8]| {
        digits.iter().all(u8::is_ascii_hexdigit) && !digits.starts_with(b"00")
            || digits.starts_with(b"00") && matches!(digits[2], b'8'..=b'9' | b'a'..=b'f' | b'A'..=b'F')
    };
    memchr::memmem::find_iter(value, b"\\u")
        .filter(move |&place| value.get(place + 2..place + 6).is_some_and(beyond))
}

/// Whether there is a digit outside of such escapes.
pub(super) fn has_digit_of_its_own(value: &[u8]) -> bool {
    let (mut all, mut escaped) = (value.iter().filter(|byte| byte.is_ascii_digit()).count(), 0);
    for place in escapes(value) {
        escaped += value[place + 2..place + 6].iter().filter(|byte| byte.is_ascii_digit()).count();
    }
    all -= escaped;
    all > 0
}

/// Whether somebody left its end out: `9cbaf023786cd7...`.
pub(super) fn is_elided(value: &[u8]) -> bool {
    value.ends_with(b"...") || value.ends_with("…".as_bytes())
}

/// Whether it would be a UUID, had its last part twelve digits: `8dfa93ee-3419-4300-aed2-e779ed`.
pub(super) fn is_cut_uuid(value: &[u8]) -> bool {
    const WITHOUT_LAST: usize = 24;
    let Some((head, last)) = value.split_at_checked(WITHOUT_LAST) else { return false };
    last.len() != UUID - WITHOUT_LAST
        && !last.is_empty()
        && last.iter().all(u8::is_ascii_hexdigit)
        && is_uuid(&[head, &[b'0'; UUID - WITHOUT_LAST]].concat())
}

/// Whether its last part is base64 of a document in JSON that is never closed, as of a JWT that was cut: `eyJhbGciOiJSUzI1NiIs`.
pub(super) fn ends_in_a_cut_document(value: &[u8]) -> bool {
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

/// Whether it is the name of a step that a database is changed in, as Django numbers them: `0012_webhook_index`.
pub(super) fn is_migration(value: &[u8]) -> bool {
    let Some((number, name)) = value.split_first_chunk::<4>() else { return false };
    number.iter().all(u8::is_ascii_digit)
        && name.len() > 4
        && name.starts_with(b"_")
        && name.iter().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'_')
}

/// Longest name or value in a list of options.
const MAX_OPTION: usize = 24;

/// Whether it is options with values: `format=bgra:afbc=1`.
pub(super) fn is_list_of_options(value: &[u8]) -> bool {
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

/// Longest part of a key that is made of several.
const MAX_JOINED: usize = 16;

/// Whether it is a few names in one, as keys of tables are made: `cdp|switch02|24|Fa0/8`.
pub(super) fn is_joined(value: &[u8]) -> bool {
    memchr::memchr_iter(b'|', value).count() > 1
        && value.split(|byte| *byte == b'|').all(|part| part.len() <= MAX_JOINED)
}

/// Whether it is names in code, one after the other: `testUser,testUser2,testKey1`.
pub(super) fn is_enumeration(value: &[u8]) -> bool {
    let name = |part: &[u8]| {
        let part = part.trim_ascii();
        let word = part.trim_end_with(|c| c.is_ascii_digit());
        part.len() <= word.len() + MAX_NUMBER && !word.is_empty() && is_worded_identifier(word)
    };
    value.contains(&b',') && value.split(|byte| *byte == b',').all(name)
}

/// Whether it is `Basic …` or `Bearer …` and nothing more, as headers have it: rules for schemes say what is behind them.
pub(super) fn is_behind_its_scheme(value: &[u8]) -> bool {
    let space = value.iter().position(|byte| *byte == b' ').unwrap_or_default();
    let (scheme, rest) = value.split_at(space);
    let credential = rest.trim_ascii();
    assignment::is_scheme(scheme) && !credential.is_empty() && !credential.contains(&b' ')
}

/// Whether it is rules for what may be entered: `required|string|max:255`.
pub(super) fn is_validation(value: &[u8]) -> bool {
    let plain = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_:,.".contains(byte);
    let is_rule = |part: &[u8]| part.first().is_some_and(u8::is_ascii_lowercase) && part.iter().all(plain);
    let mut rules = value.split(|byte| *byte == b'|');
    TYPES.has(rules.next().unwrap_or_default()) && rules.clone().count() > 0 && rules.all(is_rule)
}

/// Whether it is what a column of a table is made of: `VARCHAR(191) NOT NULL`.
pub(super) fn is_type_of_column(value: &[u8]) -> bool {
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
pub(super) fn is_algorithm(value: &[u8]) -> bool {
    let joint = memchr::memmem::find(value, b"With").or_else(|| memchr::memmem::find(value, b"with"));
    let Some(joint) = joint.filter(|_| value.len() <= MAX_ALGORITHM) else { return false };
    const HASHES: [&[u8]; 3] = [b"Hmac", b"MD5", b"SHA"];
    value.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'/'))
        && (begins_with_one(&value[joint + 4..], &HASHES) || begins_with_one(value, &HASHES))
}

/// Whether it is what stands between two strings that are put together: `"?token=" + value + "&x"`.
pub(super) fn is_between_strings(value: &[u8]) -> bool {
    const JOINTS: [&[u8]; 3] = [b" + ", b" . ", b" || "];
    JOINTS.iter().any(|joint| value.starts_with(joint) || value.ends_with(joint))
}

/// Whether it is what a build asks for, with its version: `google-auth-library:1.42.1`.
pub(super) fn is_coordinate(value: &[u8]) -> bool {
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
pub(super) fn is_expression(value: &[u8]) -> bool {
    const PARTS: [&[u8]; 8] = [b"(?:", b"[^", b"[a-z", b"[A-Z", b"[0-9", b"[a-f", b"[A-F", b"\\d{"];
    let holds = |part: &[u8]| memchr::memmem::find(value, part).is_some();
    value.starts_with(b"^") && value.ends_with(b"$") || PARTS.iter().any(|part| holds(part))
}

/// Longest word of letters behind a mere `key` that is taken for the name of an entry, in bytes: what a machine made of
/// letters alone is longer.
pub(super) const MAX_WORD: usize = 16;

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
pub(super) fn is_worded_identifier(part: &[u8]) -> bool {
    is_identifier(part) && (part.len() <= 4 || reads_as_words(part))
}

/// Whether it is a type that is made of others: `List[Webhook]`, `Map<String, Secret>`.
pub(super) fn is_type_of_types(value: &[u8]) -> bool {
    matches!(value.last(), Some(b']' | b'>')) && {
        let mut parts = value.split(|byte| b"[]<>,. ?|".contains(byte)).filter(|part| !part.is_empty());
        is_identifier(&value[..1]) && parts.clone().count() > 1 && parts.all(is_worded_identifier)
    }
}

/// Whether it is a type that is named after what it is given to: `"webhook": "V1WebhookConversion"`.
pub(super) fn is_type_named_after(value: &[u8], keyword: &[u8]) -> bool {
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
pub(super) fn is_dotted_name(value: &[u8]) -> bool {
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

/// Bytes of a literal that are looked at.
pub(super) const LOOK: usize = 64;

/// Whether a value without a digit is words written together, as names of settings are: `CFBundleShortVersionString`.
pub(super) fn is_words_together(value: &[u8]) -> bool {
    let part = |byte: &u8| byte.is_ascii_alphabetic() || matches!(byte, b'.' | b'_' | b'-');
    value.len() <= LOOK && value.iter().all(part) && wordiness(value).is_some_and(|score| score > 0.0)
}

const _: () = assert!(MAX_WORD == 16, "runs of sixteen letters are found by doubling");

/// Most digits in the name of an entry: `columns.0.name`, `value_12`.
pub(super) const MAX_NUMBER: usize = 2;

/// Whether it is the name of a constant: words in capitals and numbers, joined by `_`.
pub(super) fn is_constant(value: &[u8]) -> bool {
    value.contains(&b'_')
        && value.iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b'_')
        && separated_words(value)
}

/// Whether it is names of secrets, words in capitals, as workflows ask for them: `SIGNING-KEY,SIGNING-PASSWORD`.
pub(super) fn is_list_of_constants(value: &[u8]) -> bool {
    value.iter().all(|byte| byte.is_ascii_uppercase() || matches!(byte, b'_' | b'-' | b','))
}

/// Longest run of digits behind `token` or `key` that is a number: a count or a time.
const MAX_COUNT: usize = 13;

pub(super) fn is_count(value: &[u8]) -> bool {
    value.len() <= MAX_COUNT && value.iter().all(u8::is_ascii_digit)
}

/// Whether it is an option in a list of arguments: `"passwd", "-stdin"`.
pub(super) fn is_option(value: &[u8]) -> bool {
    let name = value.strip_prefix(b"--").or_else(|| value.strip_prefix(b"-"));
    name.is_some_and(|name| name.first().is_some_and(u8::is_ascii_alphabetic) && is_lower_name(name))
}

fn is_lower_name(value: &[u8]) -> bool {
    value.iter().all(|byte| byte.is_ascii_lowercase() || *byte == b'-')
}

/// Whether a file lies in a folder of a folder, and has an ending: `local/1708076358388/a.zip`.
pub(super) fn is_deep(value: &[u8]) -> bool {
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
pub(super) fn is_place(value: &[u8]) -> bool {
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

/// Shortest value worth reporting, in bytes.
const MIN_VALUE: usize = 3;

pub(super) fn is_empty(value: &[u8]) -> bool {
    value.trim_ascii().len() < MIN_VALUE
        || !value.iter().any(u8::is_ascii_alphanumeric)
        || value.len() < 5 && value.iter().all(u8::is_ascii_digit)
}

/// `0x1F`: longer than 64 bits is a key, not a number.
pub(super) fn is_number(value: &[u8]) -> bool {
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
pub(super) fn is_time(value: &[u8]) -> bool {
    let two = |place: usize| (value[place] - b'0') * 10 + value[place + 1] - b'0';
    let written = || two(4) <= 12 && two(6) <= 31 && two(8) <= 23 && two(10) <= 59 && two(12) <= 59;
    match value.len() {
        length if length != TIMES.0 && length != TIMES.1 || !value.iter().all(u8::is_ascii_digit) => false,
        length if length == TIMES.0 => (14..=20).contains(&two(0)),
        _ => two(0) == 20 && written(),
    }
}

/// A value that a program fills in.
pub(super) fn is_template(value: &[u8], bare: bool) -> bool {
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
pub(super) fn is_reference(value: &[u8], bare: bool) -> bool {
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
pub(super) fn is_bare_code(value: &[u8]) -> bool {
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
pub(super) static TYPES: Words<{ OF_TYPES.len() }> = Words::new(&[(1, OF_TYPES)]);

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

pub(super) fn is_mask(value: &[u8]) -> bool {
    let first = value[0].to_ascii_lowercase();
    value.iter().all(|byte| byte.to_ascii_lowercase() == first)
        || value.iter().all(|byte| matches!(byte, b'x' | b'X' | b'*' | b'.' | b'-' | b'_' | b'#' | b' '))
}

/// Shortest token of which an odd character says something.
const MIN_BROKEN: usize = 16;

/// Of so many bytes one may be odd: passwords and keys that are made of all characters have more.
const ODD_IN: usize = 12;

/// Whether a few characters, inside what is letters and digits otherwise, are of no alphabet that tokens are made of.
pub(super) fn is_broken(value: &[u8]) -> bool {
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
pub(super) fn is_parted(value: &[u8]) -> bool {
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
pub(super) const MIN_HUMPS: usize = 4;

pub(super) fn humps(value: &[u8]) -> usize {
    value.windows(2).filter(|pair| pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase()).count()
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
pub(super) fn is_public_key(value: &[u8]) -> bool {
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

pub(super) fn is_plain_word(value: &[u8]) -> bool {
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

/// Letters and digits, lower case.
pub(super) fn letters(text: &[u8]) -> impl DoubleEndedIterator<Item = u8> {
    text.iter().filter(|byte| byte.is_ascii_alphanumeric()).map(u8::to_ascii_lowercase)
}

/// Least length of a value in which a repeated block is no accident.
pub(super) const MIN_REPEATED: usize = 16;

/// Whether the value is one block over and over, as `0123456789abcdef0123456789abcdef`: typed, not made.
pub(crate) fn repeats_block(value: &[u8]) -> bool {
    value.len() >= MIN_REPEATED
        && (1..=value.len() / 2)
            .any(|period| value[period] == value[0] && value[period..] == value[..value.len() - period])
}

/// Whether a byte stands in front of quotes to say what kind of text is between them: `b"…"`, `r'…'`, `L"…"`.
pub(super) const fn is_prefix(byte: u8) -> bool {
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
pub(super) fn is_day(value: &[u8]) -> bool {
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
