//! Writes shapes and steps as bytes: for `build.rs`, which leaves them in files, and for tests.

use super::{
    shape::Shape,
    steps::{LOOKS, Set, Step, Steps},
};

/// Writes shapes and steps as bytes.
#[derive(Debug, Default)]
pub(crate) struct Writer {
    pub(crate) bytes: Vec<u8>,
    /// Sets, each once.
    pub(crate) sets: Vec<[u8; 256]>,
}

impl Writer {
    /// A number, seven bits a byte. The largest takes the least room: it stands for "any number".
    pub(crate) fn number(&mut self, number: usize) {
        let mut rest = number.wrapping_add(1);
        while rest >= 0x80 {
            self.bytes.push(rest as u8 | 0x80);
            rest >>= 7;
        }
        self.bytes.push(rest as u8);
    }

    pub(crate) fn set(&mut self, set: &Set) {
        let place = self.sets.iter().position(|held| held == set.bytes()).unwrap_or_else(|| {
            self.sets.push(*set.bytes());
            self.sets.len() - 1
        });
        self.number(place);
    }

    pub(crate) fn optional<T>(&mut self, thing: Option<&T>, write: impl FnOnce(&T, &mut Self)) {
        self.number(usize::from(thing.is_some()));
        if let Some(thing) = thing {
            write(thing, self);
        }
    }
}

impl Steps {
    /// Writes the steps, for a table.
    pub(crate) fn write(&self, out: &mut Writer) {
        out.number(self.steps.len());
        for step in &self.steps {
            match step {
                Step::Bytes(bytes) => {
                    out.number(0);
                    out.number(bytes.len());
                    out.bytes.extend_from_slice(bytes);
                }
                Step::Repeat { set, least, most, greedy } => {
                    out.number(1 + usize::from(*greedy));
                    out.set(set);
                    out.number(*least);
                    out.number(*most);
                }
                Step::Split(first, second, begin) => {
                    out.number(3);
                    out.number(*first);
                    out.number(*second);
                    out.optional(begin.as_ref(), |begin, out| out.set(begin));
                }
                Step::Jump(to) => {
                    out.number(4);
                    out.number(*to);
                }
                Step::Save(slot) => {
                    out.number(5);
                    out.number(*slot);
                }
                Step::Look(look) => {
                    out.number(6);
                    out.number(LOOKS.iter().position(|known| known == look).unwrap_or(LOOKS.len()));
                }
                Step::End => out.number(7),
            }
        }
        out.optional(self.begin.as_ref(), |begin, out| out.set(begin));
    }
}

impl Shape {
    /// Writes the shape, for a table.
    pub(crate) fn write(&self, out: &mut Writer) {
        out.number(self.keywords.len());
        self.keywords.iter().for_each(|&keyword| out.number(keyword));
        out.optional(self.steps.as_ref(), Steps::write);
        out.optional(self.run.as_ref(), |run, out| {
            out.set(&run.set);
            out.number(run.least);
        });
        out.optional(self.landmark.as_ref(), |landmark, out| {
            out.number(usize::from(landmark.byte));
            out.number(landmark.skip);
            out.optional(landmark.among.as_ref(), |among, out| out.set(among));
        });
        out.optional(self.lead.as_ref(), |&lead, out| out.number(lead));
        out.number(self.before);
        out.number(self.after);
    }
}
