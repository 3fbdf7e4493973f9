//! Is the value given to a key a secret? A verdict on shape, key name, syntax and path.
//!
//! Three steps: what the value is known to be, if that rules it out (`known`, by its bytes `form`); numbers about it
//! (`features`); what a model makes of these (`model`, `weights`). The model was trained on labelled
//! lines of public repositories by `examples/train-judge.rs`; it holds numbers only.
//!
//! Must not look at anything beyond the candidate's line and path.

pub mod features;
mod form;
pub mod known;
pub mod model;
mod name;
pub(crate) mod place;
mod value;
mod weights;

use std::borrow::Cow;

use features::Feature;
pub(crate) use form::reads_as_words;
use known::Known;
pub(crate) use known::{
    is_none_at_a_look, is_nothing_alone, is_side_of_a_broken, stands_in, words_are_names,
};
use name::Name;
pub(crate) use name::OtherWords;
use place::Place;
use value::Value;
pub(crate) use value::{is_placeholder, is_worded};

use super::assignment::{Candidate, Quote};
use crate::{detect::entropy::fixed_entropy, finding::Confidence, rule::Odds, text::Span};

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

/// What is thought of a candidate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// No secret, for certain.
    Known(Known),
    /// No secret, as the odds show of nearly all that are like it; they are not asked for.
    Easy(Known, Box<features::Features>),
    /// The odds, with what they rest on.
    Odds(Box<features::Features>),
}

/// What a rule asks, and where.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ask<'a> {
    /// The keyword as it stands in the text.
    pub(crate) keyword: &'a [u8],
    /// What the rule looks for.
    pub(crate) classifier: Classifier,
    /// What the path says.
    pub(crate) place: Place,
    /// Odds, as [`model::score`], from which a value counts at each confidence.
    pub(crate) odds: Odds,
}

/// What is thought of `candidate`, in the window `line` of its line, with all features: for studies and explanations.
pub(crate) fn verdict(text: &[u8], line: Span, candidate: &Candidate, ask: Ask<'_>) -> Verdict {
    match look_at::<true>(text, line, candidate, ask) {
        Ok(features) => {
            let (value, name) = (value_of(text, candidate), Name::of(candidate.key.of(text), ask.keyword));
            let easily = known::easily(&value, ask.classifier);
            match easily.or_else(|| known::easily_named(&value, &name, ask.classifier)) {
                Some(known) => Verdict::Easy(known, Box::new(features)),
                None => Verdict::Odds(Box::new(features)),
            }
        }
        Err(known) => Verdict::Known(known),
    }
}

/// How sure it is that `candidate` is a secret; `None` if it is none.
pub(crate) fn judge(text: &[u8], line: Span, candidate: &Candidate, ask: Ask<'_>) -> Option<Opinion> {
    let features = look_at::<false>(text, line, candidate, ask).ok()?;
    let least = ask.odds.into_iter().min()?;
    let confidence = confidence(model::score_from(&features, least)?, ask.odds)?;
    Some(Opinion { confidence, mild: ask.place.manual || is_mild(&features) })
}

/// The features of `candidate`: `ALL`, or those that opinions rest on. It has none if it is known what it is.
fn look_at<const ALL: bool>(
    text: &[u8],
    line: Span,
    candidate: &Candidate,
    ask: Ask<'_>,
) -> Result<features::Features, Known> {
    // The most frequent answer by far, which needs no more than this.
    if known::is_name_in_code(text, line, candidate, ask.place) {
        return Err(Known::Code);
    }
    let value = value_of(text, candidate);
    let easily = || known::easily(&value, ask.classifier).filter(|_| !ALL);
    if let Some(known) = known::at_once(&value, ask.classifier).or_else(easily) {
        return Err(known);
    }
    let name = Name::of(candidate.key.of(text), ask.keyword);
    if let Some(known) = known::easily_named(&value, &name, ask.classifier).filter(|_| !ALL) {
        return Err(known);
    }
    let value = Value::new(&value);
    match known::what(text, candidate, &value, &name, ask) {
        Some(known) => Err(known),
        None => Ok(features::of::<ALL>(text, line, candidate, &value, &name, ask)),
    }
}

/// A candidate that is taken for a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Opinion {
    /// How sure.
    pub(crate) confidence: Confidence,
    /// Likely a secret by its form, and likely one that protects nothing.
    pub(crate) mild: bool,
}

/// Entropy of a whole value, in bytes, from which a machine made it.
const MADE: i16 = 10;

/// Whether the value is a sample: a word in a test, an example or a manual, or a stock word anywhere.
///
/// People label such passwords as secrets, and some are in use; but a commit is not stopped for them.
/// What a machine made counts wherever it stands, but on a page of a manual, which shows what such a value looks like.
pub fn is_mild(features: &features::Features) -> bool {
    use Feature as F;
    let number = |feature: F| features[feature as usize];
    let holds = |feature: F| number(feature) > 0;
    let any = |features: &[F]| features.iter().any(|&feature| holds(feature));
    // A session that a comment or a test shows is over. Base64 of readable text was made by no machine.
    let shown = any(&[F::TestPath, F::ExamplePath, F::DocsPath, F::LineComment]);
    let over = shown && (holds(F::KeySession) || holds(F::Base64Text));
    let made =
        number(F::Bits) >= MADE && holds(F::Digits) && !holds(F::Placeholder) && !holds(F::Repeated) && !over;
    !made && (any(&SAMPLE_PATHS) || any(&STOCK_WORDS))
}

/// Places of samples.
const SAMPLE_PATHS: [Feature; 6] = [
    Feature::TestPath,
    Feature::ExamplePath,
    Feature::DocsPath,
    Feature::VendorPath,
    Feature::TemplatePath,
    Feature::Markdown,
];

/// What words are that many people use.
const STOCK_WORDS: [Feature; 7] = [
    Feature::Placeholder,
    Feature::OwnName,
    Feature::SelfHint,
    Feature::Common,
    Feature::Stock,
    Feature::Repeated,
    Feature::LineComment,
];

/// What else [`is_mild`] asks.
const OF_MAKING: [Feature; 4] = [Feature::Bits, Feature::Digits, Feature::KeySession, Feature::Base64Text];

/// Whether opinions rest on each feature: a tree asks it, or [`is_mild`] does.
const ASKED: [bool; features::COUNT] = {
    let mut asked = [false; features::COUNT];
    let trees = weights::TREES;
    let mut tree = 0;
    while tree < trees.len() {
        let mut split = 0;
        while split < model::SPLITS {
            asked[trees[tree].feature[split] as usize] = true;
            split += 1;
        }
        tree += 1;
    }
    let lists: [&[Feature]; 3] = [&SAMPLE_PATHS, &STOCK_WORDS, &OF_MAKING];
    let mut list = 0;
    while list < lists.len() {
        let mut at = 0;
        while at < lists[list].len() {
            asked[lists[list][at] as usize] = true;
            at += 1;
        }
        list += 1;
    }
    asked
};

/// Whether people rather than a machine made a value, as far as it shows: too little in it, or readable behind base64.
pub(crate) fn is_chosen(value: &[u8]) -> bool {
    fixed_entropy(value).total / 256 / 8 < MADE as u32 || form::readable_base64(value) > 0
}

/// Whether it is hexadecimal, and as long as common digests are.
pub(crate) fn is_as_long_as_a_digest(value: &[u8]) -> bool {
    matches!(value.len(), 32 | 40 | 56 | 64 | 96 | 128) && value.iter().all(u8::is_ascii_hexdigit)
}

/// The confidence that goes with a score.
#[must_use]
pub fn confidence(score: i32, odds: Odds) -> Option<Confidence> {
    let levels = [Confidence::High, Confidence::Medium, Confidence::Low];
    levels.into_iter().zip(odds).find(|&(_, least)| score >= least).map(|(confidence, _)| confidence)
}

/// The bytes of the value: those written, or those that a list of numbers stands for.
fn value_of<'t>(text: &'t [u8], candidate: &Candidate) -> Cow<'t, [u8]> {
    let written = candidate.value.of(text);
    if candidate.quote != Quote::Bytes {
        return Cow::Borrowed(written);
    }
    let numbers = written.split(|byte| !byte.is_ascii_alphanumeric()).filter(|part| !part.is_empty());
    let bytes = numbers.filter_map(|part| {
        let part = std::str::from_utf8(part).ok()?;
        match part.strip_prefix("0x").or_else(|| part.strip_prefix("0X")) {
            Some(hex) => u8::from_str_radix(hex, 16).ok(),
            None => part.parse().ok(),
        }
    });
    Cow::Owned(bytes.collect())
}

#[cfg(test)]
mod tests;
