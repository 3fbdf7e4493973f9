//! Every parser of `policy::format`: the first byte of the input says which one, the rest is the file.

#![no_main]

use abatis::policy::format::{Format, outline, parse};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Some((first, text)) = input.split_first() else { return };
    let names = Format::names();
    for format in Format::named(names[usize::from(*first) % names.len()]) {
        let document = parse(format, text);
        for block in &document.blocks {
            assert!(block.span.end <= text.len(), "{block:?}");
        }
        let _ = outline(&document, text);
    }
});
