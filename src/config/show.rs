//! The merged configuration as TOML, each line with the file and line that set it.

use super::{Change, ChangeKind, Config, Setting, schema::NEVER};
use crate::rule::{
    self, Rule,
    write::{allow_keys, list, quoted},
};

/// Where comments begin, if the line is not longer.
const COMMENT_COLUMN: usize = 40;

impl Config {
    /// The merged configuration as TOML that says the same as all layers together.
    ///
    /// Built-in rules are not spelled out; `abatis rules show ID` does that.
    #[must_use]
    pub fn to_toml(&self) -> String {
        let mut out = String::new();
        let own: Vec<&Rule> = self.rules.iter().filter(|rule| !is_builtin(rule)).collect();
        let builtin = self.rules.len() - own.len();
        out.push_str(&format!(
            "# {} rules in force: {builtin} built in, {} others\n",
            self.rules.len(),
            own.len()
        ));
        out.push_str("schema = 1\n");
        switched(
            &mut out,
            "disable",
            self.changes.iter().filter(|change| change.what == ChangeKind::Disable),
        );
        switched(&mut out, "enable", self.changes.iter().filter(|change| change.what == ChangeKind::Enable));
        self.write_sections(&mut out);
        for change in &self.changes {
            if let ChangeKind::Override(values) = &change.what {
                out.push_str("\n[[override]]\n");
                line(&mut out, &format!("rule = {}", quoted(&change.name)), &change.place);
                for (key, value, place) in values {
                    line(&mut out, &format!("{key} = {value}"), place);
                }
            }
        }
        for allow in self.rules.allow() {
            out.push('\n');
            line(&mut out, "[[allow]]", &allow.source);
            allow_keys(&mut out, allow);
        }
        for rule in own {
            out.push_str(&format!("\n# {}\n{}", rule.source, rule::to_toml(rule)));
        }
        out
    }

    fn write_sections(&self, out: &mut String) {
        let scan = &self.scan;
        out.push_str("\n[scan]\n");
        let fail_on = scan.fail_on.map_or(NEVER, crate::finding::Severity::name);
        line(out, &format!("fail-on = {}", quoted(fail_on)), &scan.fail_on.place);
        let confidence = quoted(scan.min_confidence.name());
        line(out, &format!("min-confidence = {confidence}"), &scan.min_confidence.place);
        line(out, &format!("max-size = {}", scan.max_size.value), &scan.max_size.place);
        line(out, &format!("decode-depth = {}", scan.decode_depth.value), &scan.decode_depth.place);
        line(out, &format!("archive-depth = {}", scan.archive_depth.value), &scan.archive_depth.place);
        line(out, &format!("threads = {}", scan.threads.value), &scan.threads.place);
        items(
            out,
            "exclude",
            scan.exclude.iter().map(|Setting { value, place }| (value.as_str(), place.as_ref())),
        );
        if let Some(markers) = &self.suppress.markers.value {
            out.push_str("\n[suppress]\n");
            line(out, &format!("markers = {}", list(markers)), &self.suppress.markers.place);
        }
        out.push_str("\n[hook]\n");
        let bypass = &self.hook.allow_bypass;
        line(out, &format!("allow-bypass = {}", bypass.value), &bypass.place);
        if let Some(path) = &self.baseline.value {
            out.push_str("\n[baseline]\n");
            line(out, &format!("path = {}", quoted(&path.to_string_lossy())), &self.baseline.place);
        }
    }
}

fn is_builtin(rule: &Rule) -> bool {
    rule.source.starts_with("built-in/")
}

fn switched<'c>(out: &mut String, key: &str, changes: impl Iterator<Item = &'c Change>) {
    items(out, key, changes.map(|change| (change.name.as_str(), change.place.as_ref())));
}

/// A list with one item a line, or nothing if there is no item.
fn items<'i>(out: &mut String, key: &str, items: impl Iterator<Item = (&'i str, &'i str)>) {
    let mut items = items.peekable();
    if items.peek().is_none() {
        return;
    }
    out.push_str(&format!("{key} = [\n"));
    for (item, place) in items {
        line(out, &format!("    {},", quoted(item)), place);
    }
    out.push_str("]\n");
}

fn line(out: &mut String, text: &str, place: &str) {
    // A path may hold anything; a comment ends with its line.
    let place: String =
        place.chars().map(|character| if character.is_control() { '?' } else { character }).collect();
    out.push_str(&format!("{text:<COMMENT_COLUMN$} # {place}\n"));
}
