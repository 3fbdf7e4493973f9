//! Where the time of a scan goes: which rules the keywords of a text lead to, and each of them run on its hits again.
//!
//! For `abatis rules test --profile`. Must not measure: whoever asks has the clock.

use super::{Scanner, Scratch, Subject, View, judge::place::Place};
use crate::text::Span;

impl Scanner {
    /// Calls `found` with the index of a rule and the place of one of its keywords, for every hit in the text as it
    /// stands: what is encoded in it is not looked at.
    pub fn keyword_hits(&self, text: &[u8], found: &mut dyn FnMut(u32, Span)) {
        self.near.prefilter.find(text, 0, text.len(), |keyword, place| {
            let hit = Span::new(place, place + self.near.prefilter.length(keyword));
            self.near.rules(keyword, |rule| found(rule, hit));
        });
    }

    /// Runs one rule on hits that [`Scanner::keyword_hits`] gave for the same content, and says how many matches
    /// came of it.
    pub fn revisit(&self, subject: Subject<'_>, rule: u32, hits: &[Span], scratch: &mut Scratch) -> usize {
        let mut collector = self.collector(subject, scratch);
        let view = View {
            bytes: subject.bytes,
            path: subject.path,
            fresh: subject.fresh,
            place: Place::of(subject.path),
            binary: false,
            depth: 0,
        };
        for &hit in hits {
            self.hit(rule, &view, hit, &mut collector);
        }
        self.forget(&mut collector);
        collector.matches.len()
    }
}
