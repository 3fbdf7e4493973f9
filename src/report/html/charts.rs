//! The charts of the page, out of the figures.
//!
//! Must not draw: that is [`super::chart`].

use std::io::{self, Write};

use super::{
    chart::{self, Period, Timeline},
    class, escape, state_class,
};
use crate::{
    finding::{
        Risk, Severity,
        exposure::{Day, State},
    },
    report::{
        metrics::{Count, Days, Item, Metrics},
        view::{self, View},
    },
};

/// Points of the chart over time.
const POINTS: i64 = 180;
/// Texts below a chart over time.
const TICKS: i64 = 6;
/// Exposures drawn that are open, and that are not.
const MOST_PERIODS: (usize, usize) = (18, 10);
/// Rules listed.
const MOST_RULES: usize = 15;
/// What the bars of lists show.
const WHAT: &str = "Colour is open, grey is removed or unreachable";
/// Names of the classes of ages.
const CLASSES: [&str; 6] = ["≤ 1 day", "≤ 1 week", "≤ 30 d", "≤ 90 d", "≤ 1 year", "longer"];

/// Writes all charts for which there are figures.
pub(super) fn write(view: &View<'_>, metrics: &Metrics<'_>, target: &mut dyn Write) -> io::Result<()> {
    if metrics.items.is_empty() {
        return writeln!(
            target,
            "<section class=\"card\"><p class=\"none\">Nothing was found.</p></section><br>"
        );
    }
    writeln!(target, "<section class=\"grid\">")?;
    if let Some(today) = view.outcome().today {
        over_time(metrics, today, target)?;
        exposures(view, metrics, today, target)?;
        ages("Age of what is open", "accent", &metrics.open_days, "days since the first commit", target)?;
        ages(
            "Time to remove",
            "removed",
            &metrics.removal_days,
            "days from the first commit to the removal",
            target,
        )?;
    }
    by_severity(metrics, target)?;
    let risks = metrics.by_risk.iter().filter_map(|(risk, count)| {
        let risk = Risk::new(*risk)?;
        Some((format!("{} {}", risk.number(), risk.title()), *count))
    });
    by("By cloud risk", WHAT, risks.collect(), target)?;
    let mut rules: Vec<_> =
        metrics.by_rule.iter().map(|(rule, count)| (escape(&view.text(rule.as_str())), *count)).collect();
    rules.sort_by_key(|(_, count)| std::cmp::Reverse((count.open, count.total())));
    let more = rules.len().saturating_sub(MOST_RULES);
    rules.truncate(MOST_RULES);
    let sub = if more > 0 {
        format!("{WHAT}; {more} more rules are not shown")
    } else {
        "Open and removed".to_owned()
    };
    by("By rule", &sub, rules, target)?;
    let paths = metrics.by_path.iter().map(|(path, count)| {
        (path.as_ref().map_or_else(|| "everything else".to_owned(), |path| escape(path)), *count)
    });
    by("By path", "By the first part of the path", paths.collect(), target)?;
    writeln!(target, "</section>")
}

/// How many were open at each time, by severity.
fn over_time(metrics: &Metrics<'_>, today: Day, target: &mut dyn Write) -> io::Result<()> {
    let known = |item: &&Item<'_>| item.state != State::Unreachable && item.since.is_some();
    let items: Vec<_> = metrics.items.iter().filter(known).collect();
    let Some(first) = items.iter().filter_map(|item| item.since).min() else { return Ok(()) };
    let (first, span) = scale(first, today);
    let points = POINTS.min(span);
    let day = |place: i64| Day(first.0 + span * place / points);
    let layers: Vec<Severity> = Severity::ALL.into_iter().rev().collect();
    let numbers: Vec<Vec<u64>> = (0..=points)
        .map(|place| {
            let day = day(place);
            let is_open = |item: &&&Item<'_>| {
                item.since.is_some_and(|since| since <= day)
                    && (item.state == State::Open || item.removed.is_some_and(|removed| removed > day))
            };
            let of = |severity: &Severity| {
                items.iter().filter(is_open).filter(|item| item.severity() == *severity).count() as u64
            };
            layers.iter().map(of).collect()
        })
        .collect();
    let ticks: Vec<(usize, String)> = (0..TICKS)
        .map(|tick| {
            let place = points * tick / TICKS;
            (place as usize, month(day(place), span))
        })
        .collect();
    write!(
        target,
        "<div class=\"card all\"><h2>Open over time</h2><p class=\"sub\">Secrets and other findings at the tip of a reference, by \
         severity, from the first commit that brought one in</p>"
    )?;
    let present =
        (0..).zip(&layers).filter(|&(layer, _): &(usize, _)| numbers.iter().any(|point| point[layer] > 0));
    legend(present.map(|(_, severity)| (class(*severity), severity.name())), target)?;
    let classes: Vec<&str> = layers.iter().map(|severity| class(*severity)).collect();
    let chart = Timeline {
        label: "Number of open findings over time, by severity",
        points: &numbers,
        layers: &classes,
        ticks: &ticks,
    };
    writeln!(target, "{}</div>", chart::timeline(&chart))
}

/// From when to when each was to be read, the open ones first, then the longest.
fn exposures(view: &View<'_>, metrics: &Metrics<'_>, today: Day, target: &mut dyn Write) -> io::Result<()> {
    let mut items: Vec<_> =
        metrics.items.iter().filter(|item| item.days.is_some() && item.since.is_some()).collect();
    items.sort_by_key(|item| std::cmp::Reverse((item.state, item.severity(), item.days)));
    let total = items.len();
    let open = items.iter().filter(|item| item.state == State::Open).count();
    items.drain(open.min(MOST_PERIODS.0)..open);
    items.truncate(open.min(MOST_PERIODS.0) + MOST_PERIODS.1);
    let Some(first) = items.iter().filter_map(|item| item.since).min() else { return Ok(()) };
    let (first, span) = scale(first, today);
    let place = |day: Day| (day.0 - first.0).clamp(0, span).unsigned_abs() * 1000 / span.unsigned_abs();
    let periods: Vec<Period> = items
        .iter()
        .map(|item| {
            let open = item.state == State::Open;
            let finding = item.finding();
            let days = item.days.map_or_else(String::new, |days| view::count(days, "day", "days"));
            Period {
                name: escape(&format!("{} · {}", view.text(finding.rule.as_str()), view.path(finding))),
                remark: if open { format!("open, {days}") } else { format!("removed after {days}") },
                start: item.since.map_or(0, place),
                end: item.removed.filter(|_| !open).map_or(1000, place),
                open,
                class: class(finding.severity),
            }
        })
        .collect();
    let ticks: Vec<(u64, String)> = (0..TICKS)
        .map(|tick| ((1000 * tick / TICKS).unsigned_abs(), month(Day(first.0 + span * tick / TICKS), span)))
        .collect();
    let shown = if total > periods.len() {
        format!("; the {} that matter most of {}", periods.len(), view::thousands(total as u64))
    } else {
        String::new()
    };
    writeln!(
        target,
        "<div class=\"card all\"><h2>Exposure</h2><p class=\"sub\">From the first commit to the removal, or to today: full \
         colour is open, pale is removed{shown}</p>{}</div>",
        chart::periods("Periods of exposure", &periods, &ticks)
    )
}

fn ages(title: &str, class: &str, days: &Days, sub: &str, target: &mut dyn Write) -> io::Result<()> {
    write!(target, "<div class=\"card\"><h2>{title}</h2>")?;
    let (Some(median), Some(p90), Some(max)) = (days.quantile(50), days.quantile(90), days.max()) else {
        return writeln!(target, "<p class=\"none\">None.</p></div>");
    };
    write!(
        target,
        "<p class=\"sub\">{sub}: median {}, 90th percentile {}, longest {}</p>",
        view::thousands(median),
        view::thousands(p90),
        view::thousands(max)
    )?;
    let columns: Vec<_> = CLASSES.into_iter().zip(days.classes()).collect();
    writeln!(target, "{}</div>", chart::columns(title, class, &columns))
}

fn by_severity(metrics: &Metrics<'_>, target: &mut dyn Write) -> io::Result<()> {
    write!(target, "<div class=\"card\"><h2>By severity</h2><p class=\"sub\">{WHAT}</p>")?;
    let most = metrics.by_severity.values().map(Count::total).max().unwrap_or(0);
    write!(target, "<dl class=\"bars\">")?;
    for (severity, count) in metrics.by_severity.iter().rev() {
        let parts = [State::Open, State::Removed, State::Unreachable]
            .map(|state| (state_class(state, *severity), count.of(state)));
        row(severity.name(), &chart::bar(&parts, most), *count, target)?;
    }
    writeln!(target, "</dl></div>")
}

/// One bar for each of `rows`, whose names are escaped.
fn by(title: &str, sub: &str, rows: Vec<(String, Count)>, target: &mut dyn Write) -> io::Result<()> {
    let most = rows.iter().map(|(_, count)| count.total()).max().unwrap_or(0);
    write!(target, "<div class=\"card\"><h2>{title}</h2><p class=\"sub\">{sub}</p><dl class=\"bars\">")?;
    for (name, count) in rows {
        let parts = [("accent", count.open), ("removed", count.removed), ("lost", count.unreachable)];
        row(&name, &chart::bar(&parts, most), count, target)?;
    }
    writeln!(target, "</dl></div>")
}

fn row(name: &str, bar: &str, count: Count, target: &mut dyn Write) -> io::Result<()> {
    let number = if count.total() == count.open {
        format!("{} open", view::thousands(count.open))
    } else {
        format!("{} of {} open", view::thousands(count.open), view::thousands(count.total()))
    };
    write!(target, "<dt>{name}</dt><dd>{bar}</dd><dd class=\"number\">{number}</dd>")
}

fn legend<'l>(entries: impl Iterator<Item = (&'l str, &'l str)>, target: &mut dyn Write) -> io::Result<()> {
    write!(target, "<ul class=\"legend\">")?;
    for (class, name) in entries {
        write!(target, "<li>{}{name}</li>", chart::swatch(class))?;
    }
    write!(target, "</ul>")
}

/// First day and number of days of a scale up to `today`: never none, and with a little room before.
fn scale(first: Day, today: Day) -> (Day, i64) {
    /// Least width of a scale.
    const LEAST: i64 = 30;
    let last = today.max(first);
    let span = (last.0.saturating_sub(first.0)).max(LEAST);
    let room = span / 40;
    (Day(last.0 - span - room), span + room)
}

/// The text below a point: a month, or a day where a scale is short.
fn month(day: Day, span: i64) -> String {
    /// Scales below half a year name days.
    const SHORT: i64 = 180;
    let date = view::date(day.seconds());
    if span < SHORT {
        date
    } else {
        date.rsplit_once('-').map_or(date.clone(), |(month, _)| month.to_owned())
    }
}
