//! One finding for each secret and path of a history: the oldest.
//!
//! A secret is in every version of its file from the one that brought it in on. All are found; what
//! is kept is the first, and whether any of them is still there. A version in which something
//! suppresses the finding is counted apart, so that a remark in one version does not speak for
//! versions without it.
//!
//! Must not decide what is found.

use std::collections::{HashMap, HashSet, hash_map::Entry as Slot};

use bstr::BString;

use crate::{
    finding::{Finding, Fingerprint},
    origin::{History, Kind, ObjectId, Origin},
    source::Way,
    text::Span,
};

/// What makes findings of a history one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Identity {
    pub(super) rule: u32,
    pub(super) fingerprint: Fingerprint,
    /// As shown to people.
    pub(super) path: BString,
    pub(super) suppressed: bool,
}

/// The objects that hold a secret, by how they hold it.
pub(super) type Carriers = HashMap<(u32, Fingerprint), Vec<(Way, Vec<ObjectId>)>>;

/// The oldest finding of each identity, and all objects that hold it.
#[derive(Debug, Default)]
pub(super) struct Merged {
    oldest: HashMap<Identity, Finding>,
    carriers: Carriers,
    /// The contents of which a name was told, by path and object, with what was told of them.
    named: HashMap<(BString, ObjectId), Named>,
    /// Of what names tell, where it stood first, and the objects whose places are known.
    first: HashMap<Identity, (Origin, History, Vec<ObjectId>)>,
}

/// A content of which a name was told.
#[derive(Debug)]
struct Named {
    origin: Origin,
    identities: Vec<Identity>,
}

impl Merged {
    /// Takes note of a finding; `named` if its name is what was found. True if it is the oldest so far and is to be
    /// [`put`](Self::put).
    pub(super) fn meets(
        &mut self,
        identity: &Identity,
        history: &History,
        place: (&Origin, Span),
        named: bool,
    ) -> bool {
        self.carries(identity, place.0, named);
        if place.1.is_empty() {
            self.names(identity, place.0);
        }
        let Some(known) = self.oldest.get_mut(identity) else { return true };
        let Some(since) = &mut known.history else { return true };
        let older = (history.age_key(), place) < (since.age_key(), (&known.origin, known.span));
        if !older {
            since.presence = since.presence.max(history.presence);
        }
        older
    }

    /// One that knows of holders, and of nothing else.
    pub(super) fn of(carriers: Carriers) -> Self {
        Self { carriers, ..Self::default() }
    }

    /// What was found.
    pub(super) fn findings(&self) -> impl Iterator<Item = &Finding> {
        self.oldest.values()
    }

    /// The contents in which something was found that stands nowhere in them: their paths tell it.
    pub(super) fn named(&self) -> Vec<Origin> {
        let mut files: Vec<Origin> = self.named.values().map(|named| named.origin.clone()).collect();
        files.sort();
        files
    }

    /// Whether what the path of `origin` tells of its object is known.
    pub(super) fn is_named(&self, origin: &Origin) -> bool {
        origin.object.is_some_and(|object| self.named.contains_key(&(origin.full_path(), object)))
    }

    /// Takes note of where an object has come to a path, for what the path tells of it.
    pub(super) fn came_to(&mut self, origin: &Origin, history: &History) {
        let Some(object) = origin.object else { return };
        let Some(named) = self.named.get(&(origin.full_path(), object)) else { return };
        for identity in &named.identities {
            match self.first.entry(identity.clone()) {
                Slot::Vacant(free) => _ = free.insert((origin.clone(), history.clone(), vec![object])),
                Slot::Occupied(mut known) => {
                    let (place, since, objects) = known.get_mut();
                    objects.push(object);
                    if (history.age_key(), origin) < (since.age_key(), &*place) {
                        (*place, *since) = (origin.clone(), history.clone());
                    }
                }
            }
        }
    }

    /// Tells what names tell where it stood first at their paths, rather than where the first of its objects came from.
    pub(super) fn settle_names(&mut self) {
        self.first.drain().for_each(|(identity, (place, since, objects))| {
            let Some(finding) = self.oldest.get_mut(&identity) else { return };
            let Some(history) = &mut finding.history else { return };
            let known = finding.origin.object.is_some_and(|object| objects.contains(&object));
            if known || (since.age_key(), &place) < (history.age_key(), &finding.origin) {
                let presence = history.presence.max(since.presence);
                finding.history = Some(History { presence, ..since });
                finding.origin = place;
            }
        });
    }

    /// Takes note of who else holds what was found before, and of nothing else.
    pub(super) fn meets_known(&mut self, identity: &Identity, origin: &Origin, named: bool) {
        if self.carriers.contains_key(&(identity.rule, identity.fingerprint)) {
            self.carries(identity, origin, named);
        }
    }

    /// Whether an object is known to hold something.
    pub(super) fn holds(&self, key: (u32, Fingerprint), object: Option<&ObjectId>) -> bool {
        let ways = self.carriers.get(&key).into_iter().flatten();
        object.is_some_and(|object| {
            ways.into_iter().any(|(_, objects)| objects.iter().rev().any(|known| known == object))
        })
    }

    /// All objects that hold something, so far.
    pub(super) const fn carriers(&self) -> &Carriers {
        &self.carriers
    }

    /// Keeps a finding, unless an older one came in between. True if it is the first of its identity.
    pub(super) fn put(&mut self, identity: Identity, mut finding: Finding) -> bool {
        match self.oldest.entry(identity) {
            Slot::Vacant(free) => {
                free.insert(finding);
                true
            }
            Slot::Occupied(mut known) => {
                let old = known.get_mut();
                let key = |one: &Finding| one.history.as_ref().map(History::age_key);
                let older =
                    (key(&finding), &finding.origin, finding.span) < (key(old), &old.origin, old.span);
                let presence = old.history.as_ref().map(|history| history.presence);
                let (kept, other) = if older { (&mut finding, &*old) } else { (&mut *old, &finding) };
                let theirs = other.history.as_ref().map(|history| history.presence);
                if let Some(history) = &mut kept.history {
                    history.presence = history.presence.max(presence.max(theirs).unwrap_or(history.presence));
                }
                if older {
                    *old = finding;
                }
                false
            }
        }
    }

    fn names(&mut self, identity: &Identity, origin: &Origin) {
        let is_file = matches!(origin.kind, Kind::File | Kind::Symlink) && origin.members.is_empty();
        let Some(object) = origin.object.filter(|_| is_file) else { return };
        let named = self.named.entry((origin.full_path(), object));
        let named = named.or_insert_with(|| Named { origin: origin.clone(), identities: Vec::new() });
        if !named.identities.contains(identity) {
            named.identities.push(identity.clone());
        }
    }

    fn carries(&mut self, identity: &Identity, origin: &Origin, named: bool) {
        let Some(object) = origin.object.filter(|_| !identity.suppressed) else { return };
        let kind = match origin.kind {
            Kind::Symlink | Kind::Stdin => Kind::File,
            kind => kind,
        };
        let ways = self.carriers.entry((identity.rule, identity.fingerprint)).or_default();
        let prefix = origin.repository.as_ref().map_or(0, |name| name.len() + 1) + origin.path.len();
        let suffix = &identity.path[prefix.min(identity.path.len())..];
        let only = named.then_some(&origin.path);
        let same = |way: &Way| way.kind == kind && way.suffix == suffix && way.only.as_ref() == only;
        match ways.iter_mut().find(|(way, _)| same(way)) {
            // One content is scanned at one go, so what it has several times comes in a row, or nearly so.
            Some((_, objects)) if objects.last() == Some(&object) => {}
            Some((_, objects)) => objects.push(object),
            None => ways.push((Way { kind, suffix: suffix.into(), only: only.cloned() }, vec![object])),
        }
    }

    /// All objects that hold something.
    pub(super) fn take_carriers(&mut self) -> Carriers {
        std::mem::take(&mut self.carriers)
    }

    /// What nothing suppresses.
    pub(super) fn reported(&self) -> HashSet<(u32, Fingerprint)> {
        let reported = self.oldest.values().filter(|finding| finding.suppression.is_none());
        reported.map(|finding| (finding.rule_index, finding.fingerprint)).collect()
    }

    /// All that was kept, in no order.
    pub(super) fn into_findings(self) -> impl Iterator<Item = Finding> {
        self.oldest.into_values()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{
        finding::{Confidence, Risk, RuleId, Severity, Snippet},
        origin::{Introduction, Presence},
        secret::Secret,
        text::Position,
    };

    fn found(id: u8, time: i64, presence: Presence) -> Finding {
        let commit = ObjectId::from_bytes(&[id; 20]).unwrap();
        let since = Introduction { commit, author: BString::from("A"), time };
        Finding {
            rule: RuleId::from_static("made-up"),
            rule_index: 0,
            title: Arc::from("Made up"),
            risk: Risk::new(1).unwrap(),
            severity: Severity::High,
            confidence: Confidence::High,
            origin: Origin { object: Some(commit), ..Origin::file("COMMIT_EDITMSG") },
            span: Span::default(),
            start: Position::default(),
            end: Position::default(),
            secret: Secret::new(&[b'x'; 12]),
            fingerprint: Fingerprint::default(),
            snippet: Snippet::default(),
            proof: None,
            decoded: Vec::new(),
            note: None,
            suppression: None,
            history: Some(History { since: Some(Arc::new(since)), presence }),
            blocking: true,
        }
    }

    #[test]
    fn what_references_reach_is_told_before_what_none_does_whatever_comes_first() {
        let all =
            [found(1, 10, Presence::Unreachable), found(2, 30, Presence::Tip), found(3, 20, Presence::Past)];
        for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
            let mut merged = Merged::default();
            for finding in order.map(|place| &all[place]) {
                let identity = Identity {
                    rule: finding.rule_index,
                    fingerprint: finding.fingerprint,
                    path: finding.path(),
                    suppressed: false,
                };
                let history = finding.history.as_ref().unwrap();
                if merged.meets(&identity, history, (&finding.origin, finding.span), false) {
                    merged.put(identity, finding.clone());
                }
            }
            let told: Vec<Finding> = merged.into_findings().collect();
            let history = told[0].history.as_ref().unwrap();
            assert_eq!((told.len(), told[0].origin.object), (1, all[2].origin.object), "{order:?}");
            assert_eq!(history.presence, Presence::Tip, "{order:?}");
        }
    }
}
