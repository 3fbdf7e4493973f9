//! Problems in text that the user wrote: all of them at once, each with a caret into the file.
