//! Scanning what is a change of something scanned before: only what is fresh is searched, and
//! what was found in a copied range is found again by moving it.
//!
//! A match is decided by the bytes of [`Match::depends`], the path and the encoding. While these
//! stay the same, so does the match; a match that depends on a fresh byte has its keyword within
//! reach of that byte and is looked for anew. Only then it is settled which match speaks where
//! several see the same secret, since that depends on all of them.
//!
//! Must not know what a base is, nor how copies were found.

use bstr::{BStr, BString};

use super::{Encoded, Language, Scanner, Scratch, Subject, Tally, encoding, overlap};
use crate::{
    finding::Match,
    origin::Kind,
    text::{Copied, Fresh, Span},
};

/// What is kept of a scanned content for those built on it.
#[derive(Debug)]
pub struct Kept {
    path: BString,
    kind: Kind,
    encoded: Encoded,
    /// All matches on the content, those included that another one speaks for.
    matches: Vec<Match>,
    /// Whether the content may hold a keyword of a rule that spans lines.
    far: bool,
}

/// How a content came from another one.
#[derive(Clone, Copy, Debug)]
pub struct Change<'c> {
    /// The other one, if it was scanned; without it all is fresh.
    pub base: Option<&'c Kept>,
    /// What was copied from it, in the order of the places in the new content. What does not
    /// touch the fresh ranges lies inside one of these.
    pub copies: &'c [Copied],
}

impl Scanner {
    /// Adds *all* matches of `subject`, fresh or not, as a scan of the whole of it finds them, and
    /// keeps what is needed to do the same for what is built on it.
    ///
    /// Nothing is kept of UTF-16, which is scanned whole each time.
    pub fn scan_change(
        &self,
        subject: Subject<'_>,
        change: Change<'_>,
        scratch: &mut Scratch,
        matches: &mut Vec<Match>,
    ) -> (Tally, Option<Kept>) {
        let encoded = encoding::detect(subject.bytes);
        let base = change.base.filter(|base| base.encoded == encoded && self.judges_alike(base, subject));
        let subject = if base.is_some() { subject } else { Subject { fresh: &Fresh::All, ..subject } };
        let mut collector = self.collector(subject, scratch);
        collector.far = base.is_none_or(|base| base.far);
        self.outermost(subject, encoded, &mut collector);
        let mut raw = std::mem::take(&mut collector.matches);
        let far = collector.far_seen || base.is_some_and(|base| base.far);
        if let Some(base) = base {
            raw.retain(|one| subject.fresh.touches(one.depends));
            inherit(&base.matches, change.copies, subject.fresh, &mut raw);
        }
        raw.sort_by_key(|one| (one.span, one.rule, one.whole, one.depends));
        raw.dedup();
        collector.matches.clone_from(&raw);
        if subject.new_name && subject.kind == Kind::File {
            self.file_rules(subject, &mut collector);
        }
        let tally = collector.tally;
        let mut found = collector.matches;
        self.defer(subject, &mut found);
        overlap::resolve(&self.rules, &mut found);
        matches.append(&mut found);
        let kept = (!matches!(encoded, Encoded::Utf16 { .. })).then(|| Kept {
            path: subject.path.to_owned(),
            kind: subject.kind,
            encoded,
            matches: raw,
            far,
        });
        (tally, kept)
    }

    /// Whether the path of a base makes the same of a text as that of what is built on it.
    fn judges_alike(&self, base: &Kept, subject: Subject<'_>) -> bool {
        let (one, other): (&BStr, &BStr) = (base.path.as_ref(), subject.path);
        let alike = || {
            Language::of(one) == Language::of(other)
                && self.rules.iter().enumerate().all(|(index, rule)| {
                    rule.paths.is_empty() || self.is_for(index, rule, one) == self.is_for(index, rule, other)
                })
        };
        base.kind == subject.kind && (one == other || alike())
    }
}

/// Adds the matches of a base that lie in what was copied from it.
fn inherit(base: &[Match], copies: &[Copied], fresh: &Fresh, found: &mut Vec<Match>) {
    if base.is_empty() {
        return;
    }
    let mut order: Vec<&Match> = base.iter().collect();
    order.sort_by_key(|one| one.depends.start);
    for copy in copies {
        let source = Span::new(copy.from, copy.from + copy.len);
        let first = order.partition_point(|one| one.depends.start < source.start);
        for one in order[first..].iter().take_while(|one| one.depends.start < source.end) {
            let moved =
                |span: Span| Span::new(span.start - copy.from + copy.at, span.end - copy.from + copy.at);
            if source.contains(one.depends) && !fresh.touches(moved(one.depends)) {
                // A match lies within what it depends on.
                found.push(Match {
                    span: moved(one.span),
                    whole: moved(one.whole),
                    depends: moved(one.depends),
                    ..(*one).clone()
                });
            }
        }
    }
}
