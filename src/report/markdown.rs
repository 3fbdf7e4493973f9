//! Markdown: a table and details, for a job summary, an issue or a list of work to do.
//!
//! Everything that is not our own text stands in code, where nothing links, mentions or embeds.

use std::io::{self, Write};

use crate::{
    finding::{Finding, Severity},
    report::{
        Format, Input, Mode, advice,
        group::{self, Group},
        plain, uri,
        view::{self, View},
    },
};

pub(crate) const FORMAT: Format =
    Format { name: "markdown", title: "Markdown, for summaries and issues", extension: "md", writer: write };

fn write(input: Input<'_>, target: &mut dyn Write) -> io::Result<()> {
    let view = View::new(input);
    let groups = group::group(&view.outcome().findings);
    writeln!(target, "# abatis report\n")?;
    incomplete(&view, target)?;
    table(&view, &groups, target)?;
    if !groups.is_empty() {
        steps(&view, &groups, target)?;
        writeln!(target, "## Findings\n")?;
    }
    for group in &groups {
        details(&view, group, target)?;
    }
    suppressed(&view, target)?;
    let warnings: Vec<_> = view.warnings().collect();
    if !warnings.is_empty() {
        writeln!(target, "## Warnings\n")?;
        for warning in warnings {
            writeln!(target, "- {}", code(&warning))?;
        }
        writeln!(target)?;
    }
    receipt(&view, target)
}

fn incomplete(view: &View<'_>, target: &mut dyn Write) -> io::Result<()> {
    let reasons = view.incomplete();
    if reasons.is_empty() {
        return Ok(());
    }
    writeln!(target, "> **Incomplete run.** Do not take what was not reported for clean.\n>")?;
    for reason in reasons {
        writeln!(target, "> - {}", code(&reason))?;
    }
    for (subject, message) in view.problems() {
        writeln!(target, "> - {}: {}", code(&subject), code(&message))?;
    }
    writeln!(target)
}

/// How many of each severity, and one row a finding.
fn table(view: &View<'_>, groups: &[Group<'_>], target: &mut dyn Write) -> io::Result<()> {
    if groups.is_empty() {
        return writeln!(target, "No findings.\n");
    }
    let counts: Vec<_> = Severity::ALL
        .into_iter()
        .rev()
        .map(|severity| (groups.iter().filter(|it| it.first.severity == severity).count(), severity))
        .filter(|&(number, _)| number > 0)
        .map(|(number, severity)| format!("{} {severity}", view::thousands(number as u64)))
        .collect();
    let number = view::count(groups.len() as u64, "finding", "findings");
    writeln!(target, "**{number}**: {}.\n", counts.join(", "))?;
    writeln!(target, "| Severity | Rule | Place | Places | Risk | Blocks |")?;
    writeln!(target, "|---|---|---|---:|---|---|")?;
    for group in groups {
        let finding = group.first;
        writeln!(
            target,
            "| {} | {} | {} | {} | {} {} | {} |",
            finding.severity,
            cell(&view.text(finding.rule.as_str())),
            cell(&view.place(finding)),
            group.others.len() + 1,
            finding.risk.number(),
            finding.risk.title(),
            if group.blocking { "yes" } else { "no" },
        )?;
    }
    writeln!(target)
}

fn steps(view: &View<'_>, groups: &[Group<'_>], target: &mut dyn Write) -> io::Result<()> {
    writeln!(target, "## What to do\n")?;
    for (place, step) in advice::steps(view, groups).iter().enumerate() {
        writeln!(target, "{}. {step}", place + 1)?;
    }
    writeln!(target, "\nIf it is meant to be there, say why:\n")?;
    for way in advice::allowances(view, groups) {
        writeln!(target, "- {way}")?;
    }
    writeln!(target)
}

fn details(view: &View<'_>, group: &Group<'_>, target: &mut dyn Write) -> io::Result<()> {
    let finding = group.first;
    let title = escape(&view.text(finding.title.as_bytes()));
    writeln!(target, "### {}: {title}\n", finding.severity)?;
    // Lets whoever keeps the list find this entry again.
    if view.options().mode == Mode::Audit {
        writeln!(target, "<!-- abatis:{} -->\n", finding.fingerprint)?;
    }
    for place in group.findings() {
        let commit = place.origin.commit.map(|it| format!(" in commit `{}`", it.short()));
        writeln!(target, "- [ ] {}{}", code(&view.place(place)), commit.unwrap_or_default())?;
    }
    let snippet = view.snippet(finding);
    if finding.start.line > 0 && !snippet.text.trim().is_empty() {
        let fence = "`".repeat(longest_run(&snippet.text).max(2) + 1);
        writeln!(target, "\n{fence}text\n{}\n{fence}", snippet.text.trim_end_matches('\n'))?;
    }
    writeln!(target)?;
    remark("Rule", &code(&view.text(finding.rule.as_str())), target)?;
    let risk = finding.risk;
    remark("Risk", &format!("{} {}. {}", risk.number(), risk.title(), advice::why(risk)), target)?;
    remark("Confidence", &confidence(finding), target)?;
    if let Some(note) = &finding.note {
        remark("Note", &code(&view.text(note)), target)?;
    }
    if let Some(redacted) = view.redacted(finding) {
        remark("Value", &code(&redacted), target)?;
    }
    if let Some(secret) = view.secret(finding) {
        remark("Secret", &code(&plain::line(secret)), target)?;
    }
    history(view, group, target)?;
    remark("Fingerprint", &code(&finding.fingerprint.to_string()), target)?;
    if let Some((_, rule)) = view.rule(finding) {
        if !rule.help.is_empty() {
            remark("Help", &escape(&view.text(rule.help.as_bytes())), target)?;
        }
        if !rule.docs.is_empty() {
            remark("Docs", &link(&view.text(rule.docs.as_bytes())), target)?;
        }
    }
    writeln!(target)
}

fn history(view: &View<'_>, group: &Group<'_>, target: &mut dyn Write) -> io::Result<()> {
    let Some(exposure) = view.exposure(group.first) else { return Ok(()) };
    remark("State", &view.standing(exposure), target)?;
    if let Some(since) = &exposure.since {
        remark("Since", &code(&view.act(since)), target)?;
    }
    if let Some(removed) = &exposure.removed {
        remark("Removed", &code(&view.act(removed)), target)?;
    }
    if let Some(reach) = view.reach(exposure) {
        remark("References", &code(&reach), target)?;
    }
    let shown: Vec<_> = group.findings().map(Finding::path).collect();
    for path in exposure.paths.iter().filter(|one| !shown.contains(&one.path)) {
        remark("Also in", &format!("{} ({})", code(&view.text(&path.path)), path.state.name()), target)?;
    }
    Ok(())
}

fn suppressed(view: &View<'_>, target: &mut dyn Write) -> io::Result<()> {
    if view.suppressed().is_empty() {
        return Ok(());
    }
    writeln!(target, "## Suppressed\n\n| Severity | Rule | Place | By |\n|---|---|---|---|")?;
    for finding in view.suppressed() {
        let why = finding.suppression.as_ref().map(|it| view.suppression(it)).unwrap_or_default();
        writeln!(
            target,
            "| {} | {} | {} | {} |",
            finding.severity,
            cell(&view.text(finding.rule.as_str())),
            cell(&view.place(finding)),
            cell(&why),
        )?;
    }
    writeln!(target)
}

fn receipt(view: &View<'_>, target: &mut dyn Write) -> io::Result<()> {
    let receipt = &view.outcome().receipt;
    writeln!(target, "## What was scanned\n\n| What | Number |\n|---|---:|")?;
    let mut rows = vec![
        ("rules".to_owned(), view::thousands(receipt.rules)),
        ("refs".to_owned(), view::thousands(receipt.refs)),
        ("commits".to_owned(), view::thousands(receipt.commits)),
        ("contents".to_owned(), view::thousands(receipt.contents)),
        ("bytes".to_owned(), view::bytes(receipt.bytes)),
        ("new bytes".to_owned(), view::bytes(receipt.fresh_bytes)),
    ];
    if receipt.known > 0 {
        rows.push(("known from before".to_owned(), view::thousands(receipt.known)));
    }
    for (why, number) in &receipt.skipped {
        rows.push((format!("skipped: {}", why.name()), view::thousands(*number)));
    }
    for (kind, number) in &receipt.suppressed {
        rows.push((format!("suppressed: {}", kind.name()), view::thousands(*number)));
    }
    rows.push(("disproved".to_owned(), view::thousands(receipt.disproved)));
    rows.push(("problems".to_owned(), view::thousands(view.problems().len() as u64)));
    for (what, number) in rows {
        writeln!(target, "| {what} | {number} |")?;
    }
    let scope = (!receipt.scope.is_empty()).then(|| format!("Only {} was looked at.", receipt.scope));
    for (place, remark) in scope.iter().chain(&receipt.notes).enumerate() {
        let gap = if place == 0 { "\n" } else { "" };
        writeln!(target, "{gap}- {}", code(&view.text(remark)))?;
    }
    Ok(())
}

fn remark(label: &str, text: &str, target: &mut dyn Write) -> io::Result<()> {
    writeln!(target, "- {label}: {text}")
}

fn confidence(finding: &Finding) -> String {
    let mut words = finding.confidence.to_string();
    if let Some(proof) = finding.proof {
        words.push_str(&format!(", proved offline by {}", code(proof)));
    }
    if !finding.decoded.is_empty() {
        let chain: Vec<_> = finding.decoded.iter().map(|encoding| encoding.name()).collect();
        words.push_str(&format!(", decoded from {}", chain.join(", then ")));
    }
    words
}

/// `text` as a code span, whatever backticks it holds.
fn code(text: &str) -> String {
    if text.is_empty() {
        return String::new();
    }
    let fence = "`".repeat(longest_run(text) + 1);
    // One space inside each end is not part of the code; it parts backticks from the fence.
    let pad = if text.starts_with(['`', ' ']) || text.ends_with(['`', ' ']) { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// A code span inside a table, where `|` ends a cell even in code.
fn cell(text: &str) -> String {
    code(text).replace('|', "\\|")
}

/// A link, if the text is one that can stand between angle brackets.
fn link(text: &str) -> String {
    if uri::is_web(text) { format!("<{text}>") } else { code(text) }
}

/// Our own or a rule author's prose: nothing in it is markup.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '#' | '|' | '~' | '!' => {
                escaped.extend(['\\', character]);
            }
            // An empty comment keeps a name from being mentioned.
            '@' => escaped.push_str("@<!-- -->"),
            _ => escaped.push(character),
        }
    }
    escaped
}

/// Length of the longest run of backticks.
fn longest_run(text: &str) -> usize {
    text.split(|character| character != '`').map(str::len).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_holds_anything() {
        for (text, expected) in
            [("a", "`a`"), ("a`b", "``a`b``"), ("``", "``` `` ```"), ("@x <img>", "`@x <img>`")]
        {
            assert_eq!(code(text), expected);
        }
        assert_eq!(cell("a|b"), "`a\\|b`");
        assert_eq!(escape("see [x](y) @you <b>"), "see \\[x\\](y) @<!-- -->you &lt;b>");
        assert_eq!(link("https://example.com/x"), "<https://example.com/x>");
        assert_eq!(link("javascript:x"), "`javascript:x`");
    }
}
