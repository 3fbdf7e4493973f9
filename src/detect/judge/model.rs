//! Boosted trees over the features: their sum is the logarithm of the odds that a candidate is a secret.
//!
//! Whole numbers only, so that every machine gives the same verdict. Must not know what the
//! features mean.

use super::{
    features::{COUNT, Feature, Features},
    weights::TREES,
};

/// Splits of a tree, on three levels.
pub const SPLITS: usize = 7;
/// Nodes of a tree, leaves included.
pub const NODES: usize = 2 * SPLITS + 1;
/// What stands for a factor of e in the odds.
pub const SCALE: i32 = 1000;

/// A tree of three levels; node `n` has the children `2n+1` and `2n+2`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tree {
    /// The feature that each split asks.
    pub feature: [u8; SPLITS],
    /// It goes left if the number is at most this.
    pub limit: [i16; SPLITS],
    /// What is known at each node; the leaf's is what counts, the others are for explanations.
    pub value: [i16; NODES],
}

/// Trees after which it is asked whether the others can still make up for what these say.
const PART: usize = 15;

/// The most that the trees behind each part of them can add.
const REST: [i32; TREES.len().div_ceil(PART)] = {
    let mut rest = [0; TREES.len().div_ceil(PART)];
    let mut tree = TREES.len();
    while tree > PART {
        tree -= 1;
        let mut most = i16::MIN;
        let mut leaf = SPLITS;
        while leaf < NODES {
            if TREES[tree].value[leaf] > most {
                most = TREES[tree].value[leaf];
            }
            leaf += 1;
        }
        let mut part = 0;
        while part < tree / PART {
            rest[part] += most as i32;
            part += 1;
        }
    }
    rest
};

/// The logarithm of the odds, in thousandths.
#[must_use]
pub fn score(features: &Features) -> i32 {
    score_with(TREES, features)
}

/// The same if it is `least` or more: what is far below is seen before all trees are asked.
#[must_use]
pub fn score_from(features: &Features, least: i32) -> Option<i32> {
    let features = padded(features);
    let mut score = 0;
    for (trees, rest) in TREES.chunks(PART).zip(REST) {
        score += sum(trees, &features);
        if score + rest < least {
            return None;
        }
    }
    Some(score)
}

/// The same with other trees.
#[must_use]
pub fn score_with(trees: &[Tree], features: &Features) -> i32 {
    sum(trees, &padded(features))
}

/// With room for every number that a byte can have, so that it need not be asked whether a place is in the table.
type Padded = [i16; 1 << 8];

fn padded(features: &Features) -> Padded {
    let mut padded = [0; 1 << 8];
    padded[..COUNT].copy_from_slice(features);
    padded
}

fn sum(trees: &[Tree], features: &Padded) -> i32 {
    trees.iter().map(|tree| i32::from(tree.value[leaf(tree, features)])).sum()
}

/// The leaf that a tree comes to: its three levels are written out, so that all places are known to be in their tables.
fn leaf(tree: &Tree, features: &Padded) -> usize {
    let first = goes_right(tree, 0, features);
    let second = goes_right(tree, 1 + first, features);
    let third = goes_right(tree, 3 + 2 * first + second, features);
    SPLITS + 4 * first + 2 * second + third
}

/// 1 if it goes right at a node, and 0 if not. No branch: which way it goes, nobody can foresee.
fn goes_right(tree: &Tree, node: usize, features: &Padded) -> usize {
    usize::from(features[usize::from(tree.feature[node])] > tree.limit[node])
}

/// What each feature added to the score, in thousandths; their sum and that of the trees' roots is the score.
#[must_use]
pub fn shares(features: &Features) -> Vec<(Feature, i32)> {
    let features = &padded(features);
    let mut shares = [0_i32; COUNT];
    for tree in TREES {
        let mut node = 0;
        while node < SPLITS {
            let next = 2 * node + 1 + goes_right(tree, node, features);
            shares[usize::from(tree.feature[node])] +=
                i32::from(tree.value[next]) - i32::from(tree.value[node]);
            node = next;
        }
    }
    let mut shares: Vec<_> =
        Feature::ALL.iter().copied().zip(shares).filter(|(_, share)| *share != 0).collect();
    shares.sort_by_key(|&(feature, share)| (-share.abs(), feature));
    shares
}

/// What the trees say before they have looked at anything, in thousandths.
#[must_use]
pub fn start() -> i32 {
    TREES.iter().map(|tree| i32::from(tree.value[0])).sum()
}
