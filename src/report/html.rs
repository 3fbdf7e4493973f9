//! One page for people who decide: figures, charts, and a table of what was found.
//!
//! Self-contained: no network, which a policy inside the page forbids as well; the only style and the only script are
//! named in it by their digests. The script sorts and filters the table and nothing else, so without it everything is
//! still there. Every text is escaped, and no secret is shown even where secrets are asked for, since a page is passed on.

mod chart;
mod charts;
mod table;

use std::io::{self, Write};

use sha2::{Digest as _, Sha256};

use crate::{
    finding::{Severity, exposure::State},
    report::{
        Format, Input, Options, advice,
        group::{self},
        metrics::{Days, Metrics},
        view::{self, View},
    },
};

pub(crate) const FORMAT: Format = Format {
    name: "html",
    title: "HTML, one page with charts and a table",
    extension: "html",
    writer: write,
};

const STYLE: &str = include_str!("html/style.css");
const SCRIPT: &str = include_str!("html/script.js");

fn write(input: Input<'_>, target: &mut dyn Write) -> io::Result<()> {
    let options = Options { show_secrets: false, ..input.options.clone() };
    let view = View::new(Input { options: &options, ..input });
    let metrics = Metrics::of(&view);
    head(&view, target)?;
    notice(&view, target)?;
    tiles(&view, &metrics, target)?;
    charts::write(&view, &metrics, target)?;
    steps(&view, target)?;
    table::write(&view, &metrics, target)?;
    coverage(&view, target)?;
    writeln!(
        target,
        "</main><footer>Made by abatis {}. Values are redacted. A fingerprint tells a secret across runs.</footer>\
         <script>{SCRIPT}</script></body></html>",
        env!("CARGO_PKG_VERSION")
    )
}

fn head(view: &View<'_>, target: &mut dyn Write) -> io::Result<()> {
    let subject = view.options().subject.as_deref().map(|subject| escape(&view.text(subject)));
    let title =
        subject.map_or_else(|| "Secret audit".to_owned(), |subject| format!("Secret audit of {subject}"));
    write!(
        target,
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-{}'; \
         script-src 'sha256-{}'; base-uri 'none'; form-action 'none'\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta name=\"referrer\" content=\"no-referrer\"><meta name=\"robots\" content=\"noindex\">\
         <title>{title}</title><style>{STYLE}</style></head><body><header><div><h1>{title}</h1><p>",
        digest(STYLE),
        digest(SCRIPT),
    )?;
    let receipt = &view.outcome().receipt;
    let mut parts = Vec::new();
    parts.extend(view.outcome().today.map(|day| format!("As of {}", view::date(day.seconds()))));
    if receipt.commits > 0 {
        parts.push(view::count(receipt.commits, "commit", "commits"));
    }
    if receipt.refs > 0 {
        parts.push(view::count(receipt.refs, "reference", "references"));
    }
    parts.push(view::count(receipt.contents + receipt.known, "content", "contents"));
    parts.push(if receipt.known > 0 {
        format!("{} of them read in this run", view::thousands(receipt.contents))
    } else {
        view::bytes(receipt.bytes)
    });
    parts.push(view::count(receipt.rules, "rule", "rules"));
    if !receipt.scope.is_empty() {
        parts.push(escape(&format!("only {}", view.text(&receipt.scope))));
    }
    writeln!(target, "{}</p></div></header><main>", parts.join(" · "))
}

/// What is missing from the picture, above everything else.
fn notice(view: &View<'_>, target: &mut dyn Write) -> io::Result<()> {
    /// Problems named; all are in the other formats.
    const SHOWN: usize = 20;
    let reasons = view.incomplete();
    if reasons.is_empty() {
        return Ok(());
    }
    write!(
        target,
        "<section class=\"notice\"><strong>Incomplete: do not take what was not reported for clean.</strong><ul>"
    )?;
    for reason in reasons {
        write!(target, "<li>{}</li>", escape(&reason))?;
    }
    for (subject, message) in view.problems().take(SHOWN) {
        write!(target, "<li><code>{}</code>: {}</li>", escape(&subject), escape(&message))?;
    }
    let more = view.problems().len().saturating_sub(SHOWN) as u64;
    if more > 0 {
        write!(target, "<li>{} more</li>", view::thousands(more))?;
    }
    writeln!(target, "</ul></section>")
}

fn tiles(view: &View<'_>, metrics: &Metrics<'_>, target: &mut dyn Write) -> io::Result<()> {
    let severe: u64 = [Severity::Critical, Severity::High]
        .iter()
        .filter_map(|severity| metrics.by_severity.get(severity))
        .map(|count| count.open)
        .sum();
    let days = |days: Option<u64>| days.map_or("–".to_owned(), |days| view::count(days, "day", "days"));
    let class = match (metrics.all.open, severe, view.outcome().is_incomplete()) {
        (0, _, false) => " class=\"good\"",
        (_, 1.., _) => " class=\"bad\"",
        _ => "",
    };
    let removed = &metrics.removal_days;
    write!(target, "<section class=\"tiles\">")?;
    for (class, number, text) in [
        (
            class,
            view::thousands(metrics.all.open),
            format!("open, {} of them critical or high", view::thousands(severe)),
        ),
        ("", view::thousands(metrics.all.removed), "removed, still in history".to_owned()),
        ("", days(metrics.open_days.max()), "oldest that is open".to_owned()),
        ("", days(metrics.open_days.quantile(50)), "median age of what is open".to_owned()),
        ("", days(removed.quantile(50)), format!("median time to remove (90th percentile {})", p90(removed))),
    ] {
        write!(target, "<div class=\"tile\"><b{class}>{number}</b><span>{text}</span></div>")?;
    }
    writeln!(target, "</section>")
}

fn p90(days: &Days) -> String {
    days.quantile(90).map_or("–".to_owned(), |days| view::count(days, "day", "days"))
}

fn steps(view: &View<'_>, target: &mut dyn Write) -> io::Result<()> {
    let groups = group::group(&view.outcome().findings);
    if groups.is_empty() {
        return Ok(());
    }
    write!(
        target,
        "<section class=\"card\"><h2>What to do</h2><p class=\"sub\">In this order</p><ol class=\"list\">"
    )?;
    for step in advice::steps(view, &groups) {
        write!(target, "<li>{}</li>", prose(&step))?;
    }
    writeln!(target, "</ol></section><br>")
}

fn coverage(view: &View<'_>, target: &mut dyn Write) -> io::Result<()> {
    let receipt = &view.outcome().receipt;
    write!(
        target,
        "<section class=\"card\"><h2>What was looked at</h2><p class=\"sub\">Nothing is left out in silence: what was not \
         read is counted here with its reason</p><dl class=\"facts\">"
    )?;
    let mut facts = vec![
        ("References", view::thousands(receipt.refs)),
        ("Commits", view::thousands(receipt.commits)),
        ("Contents", view::thousands(receipt.contents)),
        ("Known from before", view::thousands(receipt.known)),
        ("Bytes", view::bytes(receipt.bytes)),
        ("Bytes that were new", view::bytes(receipt.fresh_bytes)),
        ("Rules", view::thousands(receipt.rules)),
        ("Disproved offline", view::thousands(receipt.disproved)),
        ("Problems", view::thousands(view.problems().len() as u64)),
    ];
    facts.retain(|(_, number)| number != "0" || receipt.contents == 0);
    for (name, number) in facts {
        write!(target, "<div><dt>{name}</dt><dd>{number}</dd></div>")?;
    }
    write!(target, "</dl>")?;
    let skipped: u64 = receipt.skipped.values().sum();
    let all = (receipt.contents + receipt.known + skipped).max(1);
    write!(
        target,
        "<dl class=\"bars\"><dt>scanned</dt><dd>{}</dd><dd class=\"number\">{}</dd>",
        chart::bar(&[("accent", receipt.contents + receipt.known)], all),
        view::thousands(receipt.contents + receipt.known)
    )?;
    for (why, number) in &receipt.skipped {
        let bar = chart::bar(&[("removed", *number)], all);
        write!(
            target,
            "<dt>not read: {}</dt><dd>{bar}</dd><dd class=\"number\">{}</dd>",
            why.name(),
            view::thousands(*number)
        )?;
    }
    for (kind, number) in &receipt.suppressed {
        let bar = chart::bar(&[("lost", *number)], all);
        let kind = kind.name();
        write!(
            target,
            "<dt>findings suppressed: {kind}</dt><dd>{bar}</dd><dd class=\"number\">{}</dd>",
            view::thousands(*number)
        )?;
    }
    write!(target, "</dl>")?;
    let scope = (!receipt.scope.is_empty()).then(|| format!("Only {} was looked at", receipt.scope));
    let remarks: Vec<&String> = scope.iter().chain(&receipt.notes).collect();
    if view.warnings().len() + remarks.len() > 0 {
        write!(target, "<ul class=\"list\">")?;
        for remark in remarks {
            write!(target, "<li>{}</li>", escape(&view.text(remark)))?;
        }
        for warning in view.warnings() {
            write!(target, "<li>{}</li>", escape(&warning))?;
        }
        write!(target, "</ul>")?;
    }
    writeln!(target, "</section>")
}

/// The class of a severity in the style sheet.
const fn class(severity: Severity) -> &'static str {
    severity.name()
}

/// The class of a bar of a state.
const fn state_class(state: State, severity: Severity) -> &'static str {
    match state {
        State::Open => class(severity),
        State::Removed => "removed",
        State::Unreachable => "lost",
    }
}

/// Text that is neither markup nor the end of an attribute.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            _ => escaped.push(character),
        }
    }
    escaped
}

/// Our own prose, in which backticks are around code.
fn prose(text: &str) -> String {
    let mut out = String::new();
    for (place, part) in text.split('`').enumerate() {
        let part = escape(part);
        out.push_str(&if place % 2 == 1 { format!("<code>{part}</code>") } else { part });
    }
    out
}

/// The SHA-256 of a text in base64, as a content security policy names it.
fn digest(text: &str) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut encoded = String::new();
    for chunk in Sha256::digest(text.as_bytes()).chunks(3) {
        let bits =
            chunk.iter().fold(0_u32, |bits, &byte| bits << 8 | u32::from(byte)) << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let sextet = (bits >> (18 - 6 * place)) as usize & 63;
            encoded.push(if place <= chunk.len() { char::from(ALPHABET[sextet]) } else { '=' });
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_markup() {
        assert_eq!(escape("<a b='\"'>&"), "&lt;a b=&#39;&quot;&#39;&gt;&amp;");
        assert_eq!(prose("run `git <x>`."), "run <code>git &lt;x&gt;</code>.");
    }

    #[test]
    fn digests_are_those_of_a_policy() {
        // Of the empty text, as everyone has it.
        assert_eq!(digest(""), "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
    }

    #[test]
    fn style_and_script_cannot_end_their_elements() {
        assert!(!STYLE.contains("</") && !SCRIPT.contains("</") && !SCRIPT.contains("<!--"));
    }
}
