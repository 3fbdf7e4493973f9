//! Archives of every format, nested, harmful and broken.
