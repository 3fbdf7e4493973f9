//! Rules asked about the blocks of a module for one call of it.
//!
//! Told is what only the values of the call make bad, at the value that does. Must not know how calls are written.

use std::sync::Arc;

use bstr::{BStr, BString, ByteSlice as _};

use super::{
    Index, Look, Matches, Part,
    condition::{Ground, Judge, Place},
    document::{Block, Document},
    judged,
    modules::{self, Argument, Call},
    part_of, report,
    resolve::{Found, World, document_of},
};
use crate::{
    origin::Siblings,
    rule::RuleSet,
    text::{Fresh, Span},
};

/// Bad blocks of one call of which the cause is looked for.
const MOST_BAD: usize = 400;
/// Calls of one module that are asked whether they use a default.
const MOST_CALLS: usize = 200;

/// Looks at what `call` makes of its module; `trail` has the folders of the calls that led here.
pub(super) fn look(
    rules: &RuleSet,
    (look, outer): (Look<'_>, &Judge<'_>),
    index: &Index,
    (call, trail): ((Found<'_>, Option<&Call>), &mut Vec<BString>),
    found: &mut Matches<'_>,
) {
    let Some(call) = Call::of(outer.world, call.0, call.1) else { return };
    if call.arguments.is_empty() || trail.len() >= modules::DEEPEST || trail.contains(&call.folder) {
        return;
    }
    let world = World::of_module(outer.world, Some(&call.given), &call.siblings);
    let judge = outer.of_world(&world);
    let mut bad: Vec<(Part, Found<'_>, Vec<Span>)> = Vec::new();
    let mut calls = Vec::new();
    world.beside(&|block| index.is_about(rules, &block.kind), &mut |block| {
        if block.block.kind == "module" {
            calls.push(block);
        }
        for &part in index.of(&block.block.kind).iter().chain(&index.others) {
            if world.is_spent() || bad.len() >= MOST_BAD {
                return;
            }
            let Some(structure) = part_of(rules, part) else { continue };
            let Some(verdict) = judged(structure, (look, &judge), (part, index), block) else { continue };
            // What is missing, the module leaves out.
            if verdict.ground == Ground::Written {
                world.touch(block);
                let touched = world.take_touched();
                if call.arguments.iter().any(|one| touched.contains(&one.value)) {
                    bad.push((part, block, touched));
                }
            }
        }
    });
    outer.world.spend(&world);
    for (part, block, touched) in bad {
        let Some(argument) = cause(rules, (look, outer), index, (&call, part, block, &touched)) else {
            continue;
        };
        // A value that is told when it is new, or anything else in the call is, as a block is.
        let mut places = argument.places.iter().copied();
        let new = places.clone().find(|&place| look.fresh.touches(place));
        let changed = call.block.is_some_and(|block| look.fresh.touches(block));
        let Some(value) = new.or_else(|| places.next().filter(|_| changed)) else { continue };
        let Some(structure) = part_of(rules, part) else { continue };
        let place = Place {
            span: look.fresh.first_in(value),
            value: Span::default(),
            element: format!("module.{}", call.name),
            ground: Ground::Written,
        };
        report(rules, (look, &judge), (part, structure), (block, false), vec![place], found);
    }
    trail.push(call.folder.clone());
    for inner in calls {
        self::look(rules, (look, &judge), index, ((inner, Some(&call)), trail), found);
    }
    trail.pop();
    outer.world.spend(&world);
}

/// The argument without which a block is not bad, as far as can be told; none if it is bad without any of them.
fn cause<'c>(
    rules: &RuleSet,
    (look, outer): (Look<'_>, &Judge<'_>),
    index: &Index,
    (call, part, block, touched): (&'c Call, Part, Found<'_>, &[Span]),
) -> Option<&'c Argument> {
    let is_bad = |given: Option<&Document>| {
        let module = Module { outer, given, siblings: &call.siblings };
        module.is_bad(rules, look, index, (part, (block.path, block.block.span)))
    };
    // Where everything is looked at, the module for itself is told at its own place.
    if *look.fresh == Fresh::All && is_bad(None) {
        return None;
    }
    let rests: Vec<&Argument> =
        call.arguments.iter().filter(|argument| touched.contains(&argument.value)).collect();
    let single = rests.iter().find(|argument| !is_bad(Some(&call.without(&[argument.value]))));
    if let Some(argument) = single {
        return Some(argument);
    }
    let all: Vec<Span> = rests.iter().map(|argument| argument.value).collect();
    if is_bad(Some(&call.without(&all))) { None } else { rests.last().copied() }
}

/// A module as it is called.
struct Module<'m> {
    /// Whoever asks about it.
    outer: &'m Judge<'m>,
    /// What its variables are given; none for the module as it is for itself.
    given: Option<&'m Document>,
    siblings: &'m Arc<Siblings>,
}

impl Module<'_> {
    /// Whether a part of a rule finds the block at `place`, a path and its span, bad.
    fn is_bad(
        &self,
        rules: &RuleSet,
        look: Look<'_>,
        index: &Index,
        (part, place): (Part, (&BStr, Span)),
    ) -> bool {
        let world = World::of_module(self.outer.world, self.given, self.siblings);
        let judge = self.outer.of_world(&world);
        let mut is_bad = false;
        world.at(place, &mut |block| {
            let structure = part_of(rules, part);
            is_bad |= structure
                .is_some_and(|structure| judged(structure, (look, &judge), (part, index), block).is_some());
        });
        self.outer.world.spend(&world);
        is_bad || world.is_spent()
    }
}

/// Whether all calls of the module that a block is part of, as far as they lie around it, make good what is bad as the module
/// is for itself: nobody is told to stop for a default that is never used.
pub(super) fn is_overridden(
    rules: &RuleSet,
    (look, judge): (Look<'_>, &Judge<'_>),
    (part, index): (Part, &Index),
    Found { block, own, path, .. }: Found<'_>,
) -> bool {
    let world = judge.world;
    let text = if own { block.span.of(look.bytes) } else { &[] };
    let rests = ["var.", "local."].iter().any(|word| memchr::memmem::find(text, word.as_bytes()).is_some());
    if own && !rests || !world.has_variables() {
        return false;
    }
    let (Some(around), Some(siblings)) = (world.around(), world.folder(modules::folder_of(path))) else {
        return false;
    };
    // A call that was not read may leave it so.
    if !around.complete {
        return false;
    }
    let mut calls = 0;
    for file in around.files.iter().filter(|file| file.path.as_bstr() != path) {
        let Some(document) = document_of(file) else { continue };
        let blocks = document.blocks.iter().enumerate();
        let of_this = |one: &Block| {
            modules::target(one, file.path.as_bstr())
                .is_some_and(|folder| folder == *modules::folder_of(path))
        };
        for (at, _) in blocks.filter(|(_, one)| of_this(one)) {
            let caller = world.of_file((&file.bytes, document), file.path.as_bstr());
            let judge = judge.of_world(&caller);
            let mut is_bad_here = caller.is_spent();
            caller.settled(at, &mut |one| {
                let Some(call) = Call::of(&caller, one, None) else { return };
                calls += 1;
                let module = Module { outer: &judge, given: Some(&call.given), siblings: &siblings };
                is_bad_here |= module.is_bad(rules, look, index, (part, (path, block.span)));
            });
            world.spend(&caller);
            if is_bad_here || calls > MOST_CALLS {
                return false;
            }
        }
    }
    calls > 0
}
