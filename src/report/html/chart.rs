//! Charts as SVG: areas over time, bars of exposure, columns of classes, bars of a list.
//!
//! Colours are classes of the page's style sheet, so that light and dark are one drawing. Numbers are whole or have one
//! decimal, made from whole ones, so that no floating point decides what is printed. Texts come in escaped. Must not
//! know findings.

use std::fmt::Write as _;

use crate::report::view;

/// Points of an area over time.
pub(super) struct Timeline<'c> {
    /// What the chart shows, for those who do not see it.
    pub(super) label: &'c str,
    /// Numbers at each point, by layer, the lowest layer first.
    pub(super) points: &'c [Vec<u64>],
    /// Class of each layer.
    pub(super) layers: &'c [&'c str],
    /// Place of a point, and the text below it.
    pub(super) ticks: &'c [(usize, String)],
}

/// A period of an exposure, in thousandths of the whole width.
pub(super) struct Period {
    /// Text above it.
    pub(super) name: String,
    /// Text behind the name.
    pub(super) remark: String,
    pub(super) start: u64,
    pub(super) end: u64,
    /// Whether it goes on.
    pub(super) open: bool,
    pub(super) class: &'static str,
}

/// Widths in which a chart with text is drawn: scaled down, its text could not be read on a telephone.
const WIDTHS: [(&str, u64); 2] = [("wide", 1120), ("narrow", 340)];
/// Width of one character, about, for texts that have to be cut.
const CHARACTER: u64 = 7;

/// Draws `draw` in both widths; it gives the width that it took, and the height.
fn both(label: &str, draw: impl Fn(u64, &mut String) -> (u64, u64)) -> String {
    let mut all = String::new();
    for (class, width) in WIDTHS {
        let mut inside = String::new();
        let (width, height) = draw(width, &mut inside);
        let _ = write!(
            all,
            "<svg class=\"{class}\" viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{label}\">{inside}</svg>"
        );
    }
    all
}

/// Stacked areas over time.
pub(super) fn timeline(chart: &Timeline<'_>) -> String {
    const TOP: u64 = 12;
    const BOTTOM: u64 = 24;
    let most = chart.points.iter().map(|point| point.iter().sum::<u64>()).max().unwrap_or(0).max(1);
    let (step, lines) = steps(most);
    both(chart.label, |width, out| {
        let height: u64 = if width > 500 { 250 } else { 200 };
        let left = 12 + view::thousands(step * lines).len() as u64 * 7;
        let (inner, high) = (width - left - 10, height - TOP - BOTTOM);
        let last = chart.points.len().saturating_sub(1).max(1) as u64;
        let x = |place: u64| tenths(left * 10 + place * inner * 10 / last);
        let y = |number: u64| tenths((TOP + high) * 10 - number * high * 10 / (step * lines));
        for line in 0..=lines {
            let number = line * step;
            let _ = write!(
                out,
                "<line class=\"axis\" x1=\"{left}\" x2=\"{}\" y1=\"{at}\" y2=\"{at}\"/><text x=\"{}\" y=\"{at}\" dy=\"4\" text-anchor=\"end\">{}</text>",
                left + inner,
                left - 7,
                view::thousands(number),
                at = y(number),
            );
        }
        for (layer, class) in chart.layers.iter().enumerate() {
            let below = |point: &[u64]| point[..layer].iter().sum::<u64>();
            if chart.points.iter().all(|point| point[layer] == 0) {
                continue;
            }
            // Forward along the upper edge, back along the lower one; numbers jump, so edges are steps.
            let mut path = String::new();
            for (place, point) in (0..).zip(chart.points) {
                let upper = y(below(point) + point[layer]);
                let _ = if place == 0 {
                    write!(path, "M{} {upper}", x(0))
                } else {
                    write!(path, "H{}V{upper}", x(place))
                };
            }
            for (place, point) in (0..).zip(chart.points).collect::<Vec<(u64, _)>>().into_iter().rev() {
                let lower = y(below(point));
                let _ = if place == last {
                    write!(path, "V{lower}")
                } else {
                    write!(path, "V{lower}H{}", x(place))
                };
            }
            let _ = write!(out, "<path class=\"{class}\" d=\"{path}Z\"/>");
        }
        let room = if width > 500 { 1 } else { 2 };
        for (number, (place, text)) in chart.ticks.iter().enumerate() {
            if number % room == 0 {
                let at = x(*place as u64);
                let anchor = if *place == 0 { "start" } else { "middle" };
                let _ = write!(
                    out,
                    "<text x=\"{at}\" y=\"{}\" text-anchor=\"{anchor}\">{text}</text>",
                    height - 7
                );
            }
        }
        (width, height)
    })
}

/// One bar a period, below its name.
pub(super) fn periods(label: &str, periods: &[Period], ticks: &[(u64, String)]) -> String {
    const ROW: u64 = 32;
    const BAR: u64 = 9;
    both(label, |width, out| {
        let inner = width - 12;
        let height = periods.len() as u64 * ROW + 26;
        let x = |thousandths: u64| tenths(thousandths * inner / 100);
        let room = if width > 500 { 1 } else { 2 };
        for (number, (place, text)) in ticks.iter().enumerate() {
            let at = x(*place);
            let _ =
                write!(out, "<line class=\"axis\" x1=\"{at}\" x2=\"{at}\" y1=\"0\" y2=\"{}\"/>", height - 22);
            if number % room == 0 {
                let anchor = if *place == 0 { "start" } else { "middle" };
                let _ = write!(
                    out,
                    "<text x=\"{at}\" y=\"{}\" text-anchor=\"{anchor}\">{text}</text>",
                    height - 6
                );
            }
        }
        for (row, period) in (0..).zip(periods) {
            let top = row * ROW;
            let remark = period.remark.chars().count() as u64;
            let name = shorten(&period.name, (inner / CHARACTER).saturating_sub(remark + 3) as usize);
            let _ = write!(
                out,
                "<text class=\"name\" x=\"0\" y=\"{}\">{name}</text><text x=\"{inner}\" y=\"{}\" text-anchor=\"end\">{}</text>",
                top + 13,
                top + 13,
                period.remark,
            );
            let start = period.start * inner / 100;
            let length = (period.end * inner / 100).saturating_sub(start).max(40);
            let faded = if period.open { "" } else { " faded" };
            let _ = write!(
                out,
                "<rect class=\"{}{faded}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{BAR}\" rx=\"3\"/>",
                period.class,
                tenths(start.min(inner * 10 - 40)),
                top + 18,
                tenths(length),
            );
        }
        (width, height)
    })
}

/// One column a class, with its number above and its name below.
pub(super) fn columns(label: &str, class: &str, columns: &[(&str, u64)]) -> String {
    const TOP: u64 = 22;
    const HIGH: u64 = 130;
    let most = columns.iter().map(|column| column.1).max().unwrap_or(0).max(1);
    both(label, |width, out| {
        // Two such charts stand side by side where there is room.
        let width = width.min(540);
        let slot = width / columns.len().max(1) as u64;
        let gap = slot / 5;
        let foot = TOP + HIGH;
        let _ = write!(out, "<line class=\"axis\" x1=\"0\" x2=\"{width}\" y1=\"{foot}\" y2=\"{foot}\"/>");
        for (place, (name, number)) in (0..).zip(columns) {
            let height = (number * HIGH / most).max(u64::from(*number > 0) * 2);
            let middle = place * slot + slot / 2;
            let _ = write!(
                out,
                "<rect class=\"{class}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{height}\" rx=\"3\"/>\
                 <text class=\"strong\" x=\"{middle}\" y=\"{}\" text-anchor=\"middle\">{}</text>\
                 <text x=\"{middle}\" y=\"{}\" text-anchor=\"middle\">{name}</text>",
                place * slot + gap / 2,
                foot - height,
                slot - gap,
                foot - height - 6,
                view::thousands(*number),
                foot + 17,
            );
        }
        (width, foot + 24)
    })
}

/// One bar in parts, as long as `sum` of `most`.
pub(super) fn bar(parts: &[(&str, u64)], most: u64) -> String {
    let mut out = "<svg viewBox=\"0 0 1000 10\" preserveAspectRatio=\"none\" aria-hidden=\"true\"><rect class=\"track\" width=\"1000\" height=\"10\"/>".to_owned();
    let mut at = 0;
    for (class, number) in parts {
        let width = number * 1000 / most.max(1);
        if width > 0 {
            let _ = write!(out, "<rect class=\"{class}\" x=\"{at}\" width=\"{width}\" height=\"10\"/>");
        }
        at += width;
    }
    out.push_str("</svg>");
    out
}

/// A coloured square for a legend.
pub(super) fn swatch(class: &str) -> String {
    format!(
        "<svg viewBox=\"0 0 10 10\" aria-hidden=\"true\"><rect class=\"{class}\" width=\"10\" height=\"10\" rx=\"2\"/></svg>"
    )
}

/// Distance between lines, and their number, so that `most` is below the last.
fn steps(most: u64) -> (u64, u64) {
    let mut scale = 1_u64;
    loop {
        for factor in [1, 2, 5] {
            let step = factor * scale;
            if step * 5 >= most {
                return (step, most.div_ceil(step).max(1));
            }
        }
        scale = scale.saturating_mul(10);
    }
}

/// A number of tenths as text.
fn tenths(tenths: u64) -> String {
    if tenths.is_multiple_of(10) {
        (tenths / 10).to_string()
    } else {
        format!("{}.{}", tenths / 10, tenths % 10)
    }
}

/// `text` with its middle left out if it is too long. An entity such as `&amp;` stays whole.
fn shorten(text: &str, most: usize) -> String {
    let mut pieces: Vec<&str> = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let entity = rest.find(';').filter(|&end| first == '&' && end < 8).map(|end| end + 1);
        let (piece, after) = rest.split_at(entity.unwrap_or(first.len_utf8()));
        pieces.push(piece);
        rest = after;
    }
    if pieces.len() <= most {
        return text.to_owned();
    }
    let (head, tail) = (most / 3, most.saturating_sub(most / 3 + 1));
    format!("{}…{}", pieces[..head].concat(), pieces[pieces.len() - tail..].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_have_few_round_lines() {
        for (most, expected) in
            [(1, (1, 1)), (5, (1, 5)), (6, (2, 3)), (26, (10, 3)), (101, (50, 3)), (999, (200, 5))]
        {
            assert_eq!(steps(most), expected, "{most}");
        }
    }

    #[test]
    fn long_texts_lose_their_middle_and_entities_stay_whole() {
        assert_eq!(shorten("abcdefghij", 10), "abcdefghij");
        assert_eq!(shorten("abcdefghijkl", 7), "ab…ijkl");
        assert_eq!(shorten("&lt;&lt;&lt;&lt;&lt;&lt;", 4), "&lt;…&lt;&lt;");
        assert_eq!((tenths(120), tenths(7)), ("12".to_owned(), "0.7".to_owned()));
    }
}
