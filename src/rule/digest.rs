//! One number for everything in a rule set that decides what is found.
//!
//! Texts for people (title, help, docs, reasons) and examples do not count.

use sha2::{Digest as _, Sha256};

use super::{
    RuleSet,
    model::{Allow, Assignment, Bound, Detector, FileRule, Part, Pattern, Rule, Text},
    structure,
};

impl RuleSet {
    /// SHA-256 over everything that decides a finding: what is looked for, how it is rated and
    /// what is allowed. For caches; it costs some milliseconds the first time.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        *self.digest.get_or_init(|| self.fields())
    }

    fn fields(&self) -> [u8; 32] {
        let mut hash = Fields(Sha256::new());
        // Changes whenever the list of fields below does.
        hash.text("abatis rule set 4");
        hash.number(self.len() as u64);
        self.iter().for_each(|rule| hash.rule(rule));
        (0..self.len() as u32).for_each(|index| hash.number(u64::from(self.is_guest(index))));
        hash.allow(self.allow());
        hash.0.finalize().into()
    }
}

/// Hashes fields so that no two lists of fields give the same bytes: each with its length.
struct Fields(Sha256);

impl Fields {
    fn text(&mut self, text: &str) {
        self.number(text.len() as u64);
        self.0.update(text);
    }

    fn number(&mut self, number: u64) {
        self.0.update(number.to_le_bytes());
    }

    fn texts(&mut self, texts: &[Text]) {
        self.number(texts.len() as u64);
        texts.iter().for_each(|text| self.text(text));
    }

    fn optional(&mut self, number: Option<u64>) {
        self.number(u64::from(number.is_some()));
        self.number(number.unwrap_or_default());
    }

    fn rule(&mut self, rule: &Rule) {
        let Rule { id, title: _, risk, severity, confidence, tags, help: _, docs: _, gate, .. } = rule;
        self.text(id.as_str());
        self.number(u64::from(risk.number()));
        self.text(severity.name());
        self.text(confidence.name());
        self.text(gate.name());
        self.texts(tags);
        // Markers of other tools name rules by these.
        self.texts(&rule.refs);
        self.texts(&rule.paths);
        self.allow(&rule.allow);
        match &rule.detector {
            Detector::Pattern(pattern) => self.pattern(pattern),
            Detector::Bound(bound) => {
                // The lengths follow from the value.
                let Bound { keywords, value, ignore_case, near, entropy, check, lengths, least: _, most: _ } =
                    bound;
                self.text("bound");
                self.texts(keywords);
                self.text(value);
                self.number(u64::from(*ignore_case));
                self.texts(near);
                self.optional(entropy.map(f64::to_bits));
                self.text(check);
                self.lengths(lengths);
            }
            Detector::Assignment(Assignment { keywords, columns, classifier, odds }) => {
                self.text("assignment");
                self.texts(keywords);
                self.texts(columns);
                self.text(classifier);
                odds.iter().for_each(|least| self.number(u64::from(least.cast_unsigned())));
            }
            Detector::File(FileRule { names, except, min_size, max_size, executable, content }) => {
                self.text("file");
                self.texts(names);
                self.texts(except);
                self.optional(*min_size);
                self.optional(*max_size);
                self.optional(executable.map(u64::from));
                self.text(content);
            }
            Detector::Structure => self.text("structure"),
        }
        self.number(rule.parts.len() as u64);
        for Part { name, regex } in rule.parts.iter() {
            self.text(name);
            self.text(regex);
        }
        self.number(rule.structures.len() as u64);
        rule.structures.iter().for_each(|part| self.text(&structure::deciding(part)));
    }

    fn pattern(&mut self, pattern: &Pattern) {
        let Pattern {
            keywords,
            ignore_case,
            regex,
            multiline,
            entropy,
            check,
            lengths,
            placeholders,
            binary,
        } = pattern;
        self.text("pattern");
        self.texts(keywords);
        self.text(regex);
        for flag in [ignore_case, multiline, placeholders, binary] {
            self.number(u64::from(*flag));
        }
        self.optional(entropy.map(f64::to_bits));
        self.text(check);
        self.lengths(lengths);
    }

    fn lengths(&mut self, lengths: &[u16]) {
        self.number(lengths.len() as u64);
        lengths.iter().for_each(|&length| self.number(u64::from(length)));
    }

    fn allow(&mut self, allow: &[Allow]) {
        self.number(allow.len() as u64);
        for entry in allow {
            let Allow { rules, paths, secrets, lines, stopwords, commits, reason: _, until, source: _ } =
                entry;
            for list in [rules, paths, secrets, lines, stopwords, commits] {
                self.texts(list);
            }
            self.text(until);
        }
    }
}
