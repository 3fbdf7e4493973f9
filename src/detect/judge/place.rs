//! What a path says about the texts in it.
//!
//! Must not look at content.

use bstr::ByteSlice as _;

use crate::{
    detect::words::{Words, count},
    glob,
};

/// How a text is written, as far as it decides what a bare word means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    /// A bare word is a name: source code.
    Source,
    /// A bare word is a text: YAML, INI, dotenv, shell and the like.
    Config,
    /// Manuals and texts for people.
    Prose,
    /// Texts for people in several languages.
    Translation,
    /// Nothing is known: standard input, a name without an ending.
    Unknown,
}

/// Groups of formats and languages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Yaml,
    Json,
    Properties,
    Markdown,
    Python,
    JavaScript,
    Java,
    Go,
    Ruby,
    Php,
    Shell,
    Html,
    Native,
    Other,
}

/// Where a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// What a bare word means.
    pub(crate) language: Language,
    /// The format.
    pub(crate) kind: Kind,
    /// Among tests.
    pub(crate) test: bool,
    /// Among examples.
    pub(crate) example: bool,
    /// Among documentation.
    pub(crate) docs: bool,
    /// Among copies of other people's code.
    pub(crate) vendor: bool,
    /// Named after a language of people, as `messages_de.properties`: words in it are texts of that language.
    pub(crate) translated: bool,
    /// To be filled in, as `.env.example`.
    pub(crate) template: bool,
    /// A page of a manual: prose in a folder of documentation.
    pub(crate) manual: bool,
    /// Part of tests for certain: a folder says so, or the name of a file of source code. What a key's own file is called
    /// (`test.pem`) says nothing, and a part of a word (`latest`) neither.
    pub(crate) of_tests: bool,
}

impl Place {
    /// Whether what stands there is mostly there to be looked at: among tests, examples or documentation.
    pub(crate) const fn is_sample(&self) -> bool {
        self.test || self.example || self.docs || self.manual
    }

    /// Whether a whole word of the path says that it is there for tests.
    fn is_for_tests(path: &[u8], code: bool) -> bool {
        let name = glob::file_name(path);
        let words = if code { path } else { &path[..path.len() - name.len()] };
        if path.starts_with(b"t/") || path.find(b"/t/").is_some() {
            return true;
        }
        let mut previous = b'/';
        for (place, &byte) in words.iter().enumerate() {
            let hump = previous.is_ascii_lowercase() && byte.is_ascii_uppercase();
            let begins = hump || !previous.is_ascii_alphanumeric();
            previous = byte;
            if !begins || !b"cefmstu".contains(&byte.to_ascii_lowercase()) {
                continue;
            }
            let rest = &words[place..];
            let ends = |length: usize| match rest.get(length) {
                Some(next) if next.is_ascii_uppercase() => rest[length - 1].is_ascii_lowercase(),
                Some(next) => !next.is_ascii_alphanumeric(),
                None => true,
            };
            let same = |word: &&str| {
                rest.get(..word.len()).is_some_and(|part| part.eq_ignore_ascii_case(word.as_bytes()))
                    && ends(word.len())
            };
            if TESTS.iter().any(same) {
                return true;
            }
        }
        false
    }

    /// Judges by the path.
    pub(crate) fn of(path: &[u8]) -> Self {
        let lower = path.to_ascii_lowercase();
        let name = glob::file_name(&lower);
        let folders = &lower[..lower.len() - name.len()];
        let above = SAYING.within(folders);
        let whole = above | SAYING.within(&lower[folders.len().saturating_sub(LONGEST)..]);
        let (stem, template) = without_suffix(name);
        let (language, kind) = of_name(stem);
        let translation = above & TRANSLATION != 0
            || [".po", ".pot", ".resx", ".strings", ".xlf", ".arb"]
                .iter()
                .any(|end| name.ends_with(end.as_bytes()));
        let manual = language == Language::Prose && (above & MANUAL != 0 || MANUALS.begin(folders));
        // `t/`, as Perl has it.
        let test = whole & TEST != 0 || lower.starts_with(b"t/");
        Self {
            language: if translation { Language::Translation } else { language },
            kind,
            test,
            example: above & EXAMPLE != 0,
            docs: whole & DOCS != 0,
            vendor: whole & VENDOR != 0,
            translated: is_named_after_a_language(name),
            template,
            manual,
            of_tests: test && Self::is_for_tests(path, language == Language::Source && kind != Kind::Other),
        }
    }
}

/// Bits of what parts of paths say.
const TRANSLATION: u64 = 1;
const MANUAL: u64 = 1 << 1;
const TEST: u64 = 1 << 2;
const EXAMPLE: u64 = 1 << 3;
const DOCS: u64 = 1 << 4;
const VENDOR: u64 = 1 << 5;

/// Bytes of the longest part.
const LONGEST: usize = 16;
static SAYING: Words<{ count(PARTS) }> = Words::new(PARTS);
const PARTS: &[(u64, &[&str])] = &[
    (TRANSLATION, &["locale", "i18n", "translation", "/lang/", "/l10n/"]),
    (MANUAL, &["/doc/", "/docs/", "/documentation/", "/guide/", "/guides/", "/manual/"]),
    (TEST, &["test", "spec", "mock", "fixture", "fuzz", "/e2e", "cassette", "/t/"]),
    (EXAMPLE, &["example", "sample", "demo", "tutorial"]),
    (DOCS, &["doc/", "docs/", "documentation", "readme", "changelog"]),
    (VENDOR, &["vendor", "node_modules", "third_party", "thirdparty", "external/"]),
];

/// Endings of files with texts for people, of which there may be one for each language.
const OF_TEXTS: [&[u8]; 6] = [b".json", b".yml", b".yaml", b".php", b".js", b".ts"];
/// Languages that texts are translated into, by ISO 639-1. Left out are those that are words, too: `in`, `my`, `so`, `to`.
const LANGUAGES: &[u8] = b"af ar az be bg bn bs ca cs cy da de el en eo es et eu fa fi fil fr ga gl gu he hi hr hu hy id is it ja \
    ka kk km kn ko lt lv mk ml mn mr ms nb ne nl nn no pa pl pt ro ru si sk sl sq sr sv sw ta te th tl tr uk ur uz vi zh";
/// Of these, what files with other things are called, too.
const AMBIGUOUS: [&[u8]; 4] = [b"ca", b"id", b"is", b"no"];

/// Whether the name of a file, in lower case, says of which language its texts are: `messages_de.properties` as in bundles of
/// Java, `pt-br.json`, `devise.fr.yml`. A profile of Spring is no language: `application_it.properties`.
fn is_named_after_a_language(name: &[u8]) -> bool {
    let is_language = |part: &[u8]| {
        matches!(part.len(), 2 | 3) && LANGUAGES.split(|byte| *byte == b' ').any(|language| language == part)
    };
    // `pt_br`, `zh-hant`: a country or a script.
    let is_further = |part: &[u8]| matches!(part.len(), 2 | 4) && part.iter().all(u8::is_ascii_lowercase);
    if let Some(stem) = name.strip_suffix(b".properties") {
        let mut parts = stem.rsplit(|byte| *byte == b'_');
        let (last, before) = (parts.next().unwrap_or_default(), parts.next());
        return !stem.starts_with(b"application")
            && before.is_some_and(|before| {
                is_language(last) || is_further(last) && is_language(before) && parts.next().is_some()
            });
    }
    let Some(stem) = OF_TEXTS.iter().find_map(|ending| name.strip_suffix(*ending)) else { return false };
    let mut parts = stem.rsplit(|byte| *byte == b'.');
    let last = parts.next().unwrap_or_default();
    let alone = parts.next().is_none();
    let mut parts = last.splitn(2, |byte| matches!(byte, b'_' | b'-'));
    let (first, further) = (parts.next().unwrap_or_default(), parts.next());
    is_language(first) && further.map_or_else(|| !alone || !AMBIGUOUS.contains(&first), is_further)
}

/// Folders of manuals at the top.
static MANUALS: Words<{ TOP_MANUALS.len() }> = Words::new(&[(1, TOP_MANUALS)]);
const TOP_MANUALS: &[&str] = &["doc/", "docs/", "documentation/", "guide/", "guides/", "manual/"];

/// Words of paths to tests.
const TESTS: [&str; 20] = [
    "cassettes",
    "e2e",
    "fixture",
    "fixtures",
    "mock",
    "mocks",
    "spec",
    "specs",
    "test",
    "testcase",
    "testcases",
    "testdata",
    "testing",
    "testkit",
    "testlib",
    "tests",
    "testsuite",
    "testutil",
    "testutils",
    "unittest",
];

/// A name without the ending that marks it as one to be filled in.
fn without_suffix(name: &[u8]) -> (&[u8], bool) {
    for suffix in
        [".example", ".sample", ".dist", ".template", ".tmpl", ".tpl", ".in", ".j2", ".erb", ".default"]
    {
        if let Some(stem) = name.strip_suffix(suffix.as_bytes()) {
            return (if stem.contains(&b'.') || suffix == ".erb" { stem } else { name }, true);
        }
    }
    (name, false)
}

fn of_name(name: &[u8]) -> (Language, Kind) {
    let extension = name.rfind_byte(b'.').map_or(&b""[..], |dot| &name[dot + 1..]);
    match extension {
        b"yml" | b"yaml" => (Language::Config, Kind::Yaml),
        b"json" | b"json5" | b"jsonc" | b"ipynb" | b"har" | b"tfstate" | b"webmanifest" => {
            (Language::Config, Kind::Json)
        }
        b"env" | b"ini" | b"cfg" | b"conf" | b"config" | b"properties" | b"props" | b"toml" | b"envrc"
        | b"cnf" | b"service" | b"tfvars" | b"netrc" | b"credentials" | b"secrets" | b"local"
        | b"production" | b"development" | b"staging" | b"testing" | b"test" | b"dist" | b"sample"
        | b"example" | b"template" | b"in" | b"ldif" => (Language::Config, Kind::Properties),
        b"sh" | b"bash" | b"zsh" | b"fish" | b"ksh" | b"ps1" | b"psm1" | b"bat" | b"cmd" | b"dockerfile"
        | b"mk" => (Language::Config, Kind::Shell),
        b"plist" | b"xml" | b"csproj" => (Language::Config, Kind::Html),
        b"http" | b"rest" | b"log" | b"gradle" | b"csv" | b"sql" | b"hcl" => (Language::Config, Kind::Other),
        b"md" | b"markdown" | b"rst" | b"adoc" | b"asciidoc" | b"tex" | b"rdoc" | b"pod" | b"org"
        | b"textile" | b"mdx" => (Language::Prose, Kind::Markdown),
        b"html" | b"htm" | b"xhtml" => (Language::Prose, Kind::Html),
        b"py" | b"pyx" | b"pyi" => (Language::Source, Kind::Python),
        b"js" | b"jsx" | b"ts" | b"tsx" | b"mjs" | b"cjs" | b"vue" | b"coffee" | b"bundle" => {
            (Language::Source, Kind::JavaScript)
        }
        b"java" | b"kt" | b"kts" | b"scala" | b"groovy" | b"cs" | b"clj" | b"dart" | b"swift" => {
            (Language::Source, Kind::Java)
        }
        b"go" => (Language::Source, Kind::Go),
        b"rb" | b"ex" | b"exs" | b"rake" | b"erb" | b"gemspec" | b"pl" | b"pm" => {
            (Language::Source, Kind::Ruby)
        }
        b"php" | b"phtml" | b"twig" => (Language::Source, Kind::Php),
        b"c" | b"h" | b"cc" | b"cpp" | b"hpp" | b"cxx" | b"m" | b"mm" | b"rs" => {
            (Language::Source, Kind::Native)
        }
        // A text of any kind.
        b"txt" | b"text" => (Language::Unknown, Kind::Other),
        _ => unknown(name, extension),
    }
}

fn unknown(name: &[u8], extension: &[u8]) -> (Language, Kind) {
    if name.starts_with(b".env") {
        return (Language::Config, Kind::Properties);
    }
    let scripts: [&[u8]; 8] = [
        b"dockerfile",
        b"makefile",
        b"docker-compose",
        b"jenkinsfile",
        b".bash",
        b".profile",
        b".zsh",
        b".zprofile",
    ];
    // What was typed into a shell is kept in `.zsh_history`, `fish_history` and the like.
    let ends: [&[u8]; 3] = [b"rc", b"_history", b".history"];
    if scripts.iter().any(|start| name.starts_with(start)) || ends.iter().any(|end| name.ends_with(end)) {
        return (Language::Config, Kind::Shell);
    }
    if name.starts_with(b"vagrantfile") || name.starts_with(b"gemfile") || name.starts_with(b"rakefile") {
        return (Language::Source, Kind::Ruby);
    }
    if extension.is_empty() { (Language::Unknown, Kind::Other) } else { (Language::Source, Kind::Other) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_across_the_last_folder() {
        assert!(PARTS.iter().all(|(_, parts)| parts.iter().all(|part| part.len() <= LONGEST)));
        for folder in ["documentation", "a/doc", "a/b/readme"] {
            let place = Place::of(format!("{folder}/x.c").as_bytes());
            assert!(place.docs, "{folder}");
        }
        assert!(Place::of(b"a/third_party/x.c").vendor && !Place::of(b"a/external.c").vendor);
    }

    #[test]
    fn histories_of_shells_are_scripts() {
        for name in [".zsh_history", ".bash_history", "fish_history", "home/.zsh_history", ".zprofile"] {
            let place = Place::of(name.as_bytes());
            assert_eq!((place.language, place.kind), (Language::Config, Kind::Shell), "{name}");
        }
    }

    #[test]
    fn files_of_one_language() {
        for name in [
            "messages_de.properties",
            "a/config_pt_BR.properties",
            "Bundle_zh_Hant.properties",
            "src/de.json",
            "pt-BR.json",
            "zh_CN.ts",
            "devise.ca.yml",
            "messages.fr.yaml",
        ] {
            assert!(Place::of(name.as_bytes()).translated, "{name}");
        }
        for name in [
            "application_it.properties",
            "de.properties",
            "db.properties",
            "app_db.properties",
            "my_app.properties",
            "values-de.yaml",
            "ca.yml",
            "package.json",
            "a.test.js",
            "server.conf.js",
            "de",
            "de_secret-key.json",
        ] {
            assert!(!Place::of(name.as_bytes()).translated, "{name}");
        }
    }

    #[test]
    fn paths_to_tests() {
        for path in [
            "tests/tls/server.key",
            "core/src/test/resources/app.jks",
            "src/dockerTest/key.pem",
            "smoke-test-tomcat/src/main/resources/sample.jks",
            "util/cert/testdata/dontUseThisKey.pem",
            "transport/transport_test.go",
            "src/main/KeyLoaderTest.java",
            "spec/keys.rb",
            "t/lib-gpg/keyring.gpg",
        ] {
            assert!(Place::of(path.as_bytes()).of_tests, "{path}");
        }
        for path in [
            "test.pem",
            "deploy/test_key.pem",
            "latest/server.key",
            "special/id_rsa",
            "src/attest.rs",
            "",
            "contest/a.go",
        ] {
            assert!(!Place::of(path.as_bytes()).of_tests, "{path}");
        }
    }
}
