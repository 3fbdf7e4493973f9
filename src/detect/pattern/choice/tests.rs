//! Expressions that are a choice of many, and the keywords of each alternative.

use std::borrow::Cow;

use super::*;
use crate::detect::pattern::parse;

fn rule(regex: &str, keywords: &[&'static str], ignore_case: bool) -> Pattern {
    Pattern {
        keywords: Cow::Owned(keywords.iter().copied().map(Cow::Borrowed).collect()),
        ignore_case,
        regex: Cow::Owned(regex.to_owned()),
        multiline: false,
        entropy: None,
        check: Cow::Borrowed(""),
        lengths: Cow::Borrowed(&[]),
        placeholders: false,
        binary: false,
    }
}

/// The keywords of each alternative, with least and most bytes in front of them.
fn leads(
    regex: &str,
    keywords: &[&'static str],
    ignore_case: bool,
) -> Vec<(Vec<&'static str>, usize, usize)> {
    let rule = rule(regex, keywords, ignore_case);
    let hir = parse(regex, ignore_case).unwrap();
    let leads = alternatives(hir, &rule).into_iter().filter_map(|(_, lead)| lead);
    leads
        .map(|lead| (lead.keywords.iter().map(|&number| keywords[number]).collect(), lead.least, lead.most))
        .collect()
}

#[test]
fn alternatives_have_keywords_of_their_own() {
    let keywords = ["ab", "cd=", "cd =", "ef", "GH", "ij", "kl", "mn", "op", "qrs"];
    let regex = r"\b(?:x?ab|cd ?=|[a-z]{2,4}ef|gh|(?:i|j)?ij|kl[0-9]|(?:mn|op)x|opy|z{9}\b[qQ]rs)(true|1)";
    let keywords_of: Vec<_> =
        leads(regex, &keywords, true).into_iter().map(|(keywords, ..)| keywords).collect();
    assert_eq!(
        keywords_of,
        [
            vec!["ab"],
            vec!["cd=", "cd ="],
            vec!["ef"],
            vec!["GH"],
            vec!["ij"],
            vec!["kl"],
            vec!["mn"],
            vec!["op"],
            vec!["qrs"]
        ]
    );
    let distance = |place: usize| {
        let (_, least, most) = leads(regex, &keywords, true).remove(place);
        (least, most)
    };
    assert_eq!((distance(0), distance(2), distance(4), distance(8)), ((0, 1), (2, 4), (0, 1), (9, 9)));
    // With the case as it is written, `gh` has no keyword: then all stay together.
    assert_eq!(leads(regex, &keywords, false).len(), 0);
}

#[test]
fn few_alternatives_stay_together() {
    assert_eq!(leads("tok_(?:a|b)x", &["tok_"], false), [(vec!["tok_"], 0, 0)]);
    assert_eq!(leads("(?:ab|cd)x", &["ab", "cd"], false), [(vec!["ab", "cd"], 0, 0)]);
    assert_eq!(leads("[a-z]*ab", &["ab"], false), [(vec!["ab"], 0, usize::MAX)]);
    assert_eq!(leads("[a-z]+", &["ab"], false), []);
}

#[test]
fn an_expression_that_would_be_written_out_as_too_many_texts_is_cut() {
    let many = "(?:a|b|c|d)".repeat(8);
    assert_eq!(leads(&format!("{many}xy"), &["xy"], false), [(vec!["xy"], 8, 8)]);
    assert_eq!(leads(&format!("xy{many}"), &["xy"], false), [(vec!["xy"], 0, 0)]);
}

#[test]
fn long_and_wide_expressions_take_no_time() {
    let wide = format!(
        "(?:{})x{{9}}",
        (0..20_000).map(|number| format!("k{number}z")).collect::<Vec<_>>().join("|")
    );
    assert_eq!(leads(&wide, &["k1"], false), []);
    let long = r"a\b".repeat(3000);
    assert_eq!(leads(&long, &["xyz"], false), []);
    assert_eq!(leads(&format!("{}xyz", "[a-z]".repeat(300)), &["xyz"], false), [(vec!["xyz"], 300, 300)]);
}

#[test]
fn alternatives_find_what_the_whole_finds() {
    let regex = r"\b(?:app\.(?:debug|testing) ?=|config\[debug\] ?=|debug: ?|set\(debug, ?|run\([a-z, ]{0,20}debug=|env debug |--debug[= ]|DEBUG=)(true|1)\b";
    let keywords = [
        "debug =",
        "debug=",
        "testing=",
        "testing =",
        "config[debug",
        "debug:",
        "debug,",
        "env debug",
        "--debug",
        "DEBUG=",
    ];
    let rule = rule(regex, &keywords, false);
    assert!(alternatives(parse(regex, false).unwrap(), &rule).len() > 4);
    let whole = regex::bytes::Regex::new(regex).unwrap();
    let engine = crate::detect::pattern::Engine::default();
    for text in [
        "app.debug = true",
        "app.debug=1 app.testing =true",
        "xapp.debug=true",
        "run(a, debug=true",
        "run(a, b debug=1)",
        "config[debug] =1",
        "set(debug, true) debug: true",
        "env debug 1 --debug true",
        "DEBUG=true",
        "debug=true",
        "--debug=10",
    ] {
        let mut found: Vec<_> = keywords
            .iter()
            .flat_map(|keyword| text.match_indices(keyword))
            .filter_map(|(place, keyword)| {
                let hit = crate::text::Span::new(place, place + keyword.len());
                engine.at(&rule, text.as_bytes(), hit, &mut crate::detect::pattern::Memo::default()).0
            })
            .map(|found| (found.whole.start, found.whole.end, found.secret.of(text.as_bytes()).to_vec()))
            .collect();
        found.sort();
        found.dedup();
        let expected: Vec<_> = whole
            .captures_iter(text.as_bytes())
            .map(|found| {
                let (whole, secret) = (found.get(0).unwrap(), found.get(1).unwrap());
                (whole.start(), whole.end(), secret.as_bytes().to_vec())
            })
            .collect();
        assert_eq!(found, expected, "{text}");
    }
}
