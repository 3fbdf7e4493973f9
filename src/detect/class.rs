//! What a path makes of the rules, worked out once for all versions of a file.
//!
//! Must not look at content.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use bstr::{BStr, BString, ByteSlice as _};

use super::{Keywords, Scanner, bound, judge::place::Place};
use crate::{
    finding::Match,
    glob::GlobMap,
    policy::format,
    rule::{Detector, RuleSet},
};

/// Paths that are kept in one part of the table; with more it begins anew, which costs time only.
const PATHS: usize = 4096;
/// Parts of the table, so that threads seldom meet.
const PARTS: usize = 16;

/// What a path makes of the rules.
#[derive(Debug)]
pub(super) struct Class {
    path: BString,
    pub(super) place: Place,
    /// Whether there is a content that makes it a file with a structure.
    may_have_format: bool,
    /// Whether each rule that is for certain paths is for this one.
    answers: OnceLock<Box<[bool]>>,
    files: OnceLock<Vec<u32>>,
    in_name: OnceLock<Vec<Match>>,
}

/// The classes of the paths met lately.
#[derive(Debug)]
pub(super) struct Classes {
    /// Place among the answers of each rule that is for certain paths.
    places: Vec<Option<u32>>,
    /// Number of rules that have one, and the globs of their paths.
    limited: usize,
    globs: GlobMap<u32>,
    parts: [Mutex<HashMap<BString, Arc<Class>>>; PARTS],
    /// How far names of bound values may stand from what is looked at, to both sides.
    pub(super) around: (usize, usize),
    /// For each keyword, whether it is such a name.
    pub(super) names: Vec<bool>,
}

impl Classes {
    pub(super) fn new(rules: &RuleSet, keywords: &Keywords) -> Self {
        let (mut places, mut limited) = (Vec::with_capacity(rules.len()), 0);
        let mut globs = GlobMap::new();
        let mut longest = 0;
        for rule in rules.iter() {
            if let Detector::Bound(bound) = &rule.detector {
                longest = bound.keywords.iter().map(|name| name.len()).fold(longest, usize::max);
            }
            places.push((!rule.paths.is_empty()).then_some(limited));
            for glob in rule.paths.iter() {
                // Validation has read them before; a bad glob matches nothing.
                globs.insert(glob, limited).unwrap_or_default();
            }
            limited += u32::from(!rule.paths.is_empty());
        }
        let is_name = |keyword| {
            let mut is_name = false;
            keywords.rules(keyword, |rule| {
                is_name |= matches!(rules.rule(rule).detector, Detector::Bound(_));
            });
            is_name
        };
        let names = (0..keywords.prefilter.len()).map(is_name).collect();
        let limited = limited as usize;
        Self { places, limited, globs, parts: Default::default(), around: bound::around(longest), names }
    }
}

impl Scanner {
    /// The class of a path.
    pub(super) fn class(&self, path: &BStr) -> Arc<Class> {
        // The end of a path tells more than its beginning.
        let sum = path
            .iter()
            .rev()
            .take(16)
            .fold(0_usize, |sum, &byte| sum.wrapping_mul(31).wrapping_add(usize::from(byte)));
        let mut part = self.classes().parts[sum % PARTS].lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = part.get(path) {
            return Arc::clone(known);
        }
        if part.len() >= PATHS {
            part.clear();
        }
        let class = Arc::new(Class {
            path: path.to_owned(),
            place: Place::of(path),
            may_have_format: format::may_have_one(path),
            answers: OnceLock::new(),
            files: OnceLock::new(),
            in_name: OnceLock::new(),
        });
        part.insert(path.to_owned(), Arc::clone(&class));
        class
    }
}

impl Scanner {
    /// Whether any content means the same at both paths, neither of which says something by its name.
    #[must_use]
    pub fn sees_alike(&self, one: &BStr, other: &BStr) -> bool {
        let (one, other) = (self.class(one), self.class(other));
        let says = |class: &Class| !class.files(self).is_empty() || !class.in_name(self).is_empty();
        !says(&one) && !says(&other) && one.is_like(&other, self)
    }
}

impl Class {
    pub(super) fn path(&self) -> &BStr {
        self.path.as_bstr()
    }

    /// Whether rules on structure may have something to say of a file of this path.
    pub(super) const fn may_have_format(&self) -> bool {
        self.may_have_format
    }

    /// Whether a rule is for the path.
    pub(super) fn applies(&self, scanner: &Scanner, rule: usize) -> bool {
        let Some(place) = scanner.classes().places[rule] else { return true };
        self.answers(scanner)[place as usize]
    }

    fn answers(&self, scanner: &Scanner) -> &[bool] {
        self.answers.get_or_init(|| {
            let classes = scanner.classes();
            let mut answers = vec![false; classes.limited];
            classes.globs.get(&self.path).into_iter().for_each(|place| answers[place as usize] = true);
            answers.into()
        })
    }

    /// Whether both make the same of any text.
    pub(super) fn is_like(&self, other: &Self, scanner: &Scanner) -> bool {
        self.place == other.place && self.answers(scanner) == other.answers(scanner)
    }

    /// The rules on files that have such a name.
    pub(super) fn files(&self, scanner: &Scanner) -> &[u32] {
        self.files.get_or_init(|| scanner.named(self.path.as_ref()))
    }

    /// Secrets in the name.
    pub(super) fn in_name(&self, scanner: &Scanner) -> &[Match] {
        self.in_name.get_or_init(|| scanner.in_name(self.path.as_ref()))
    }
}
