//! One text from a reader: standard input.
//!
//! Must not open anything itself, so that the edge decides what standard input is.

use std::{
    fmt,
    io::Read,
    sync::{Mutex, PoisonError},
};

use bstr::BString;

use super::{
    Problem, Source, SourceError, Visitor,
    windows::{Buffer, Giants, Reading},
};
use crate::origin::{Entry, Kind, Origin};

/// Standard input, read to its end. It has no size beforehand and so no limit on it: memory is
/// bounded all the same.
pub struct Stdin {
    path: BString,
    kind: Kind,
    reader: Mutex<Option<Box<dyn Read + Send>>>,
}

impl Stdin {
    /// What `reader` gives, named `path`. It is read once: a second visit sees nothing.
    #[must_use]
    pub fn new(path: impl Into<BString>, reader: Box<dyn Read + Send>) -> Self {
        Self { path: path.into(), kind: Kind::Stdin, reader: Mutex::new(Some(reader)) }
    }

    /// The same text as another kind: the message of a commit, say.
    #[must_use]
    pub fn with_kind(self, kind: Kind) -> Self {
        Self { kind, ..self }
    }
}

impl fmt::Debug for Stdin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Stdin").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Source for Stdin {
    fn visit(&self, visitor: &dyn Visitor) -> Result<(), SourceError> {
        let Some(mut reader) = self.reader.lock().unwrap_or_else(PoisonError::into_inner).take() else {
            return Ok(());
        };
        let origin = Origin { kind: self.kind, ..Origin::file(self.path.clone()) };
        let entry = Entry { origin, new_name: true, ..Entry::default() };
        if !visitor.wants(&entry) {
            return Ok(());
        }
        let giants = Giants::default();
        let reading =
            Reading { entry: &entry, visitor, buffer: &mut Buffer::default(), giants: Some(&giants) };
        if let Err(error) = reading.run(&mut reader) {
            let message = format!("cannot be read to its end: {error}");
            visitor.problem(Problem { subject: self.path.clone(), message });
        }
        Ok(())
    }
}
