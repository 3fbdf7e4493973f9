//! Providers whose tokens have a mark: what is named after one and looks like none of its tokens is hardly one.
//!
//! Must not look at values.

use std::collections::HashSet;

use super::{
    CREDENTIALS,
    bound::{is_of_token, words},
};
use crate::rule::{Detector, Rule, RuleSet};

/// Names of providers, in lower case and without separators: `newrelic`.
#[derive(Debug, Default)]
pub(super) struct Providers(HashSet<Vec<u8>>);

/// Shortest name.
const LEAST: usize = 3;

/// Names that the addresses of their documentation do not have: the provider belongs to another, or is a part of one.
const OTHERS: [&str; 24] = [
    "anthropic",
    "artifactory",
    "bitbucket",
    "braintree",
    "dashscope",
    "influxdb",
    "infura",
    "instagram",
    "jira",
    "langsmith",
    "linkedin",
    "linode",
    "loggly",
    "mandrill",
    "meraki",
    "opsgenie",
    "percy",
    "sendgrid",
    "shippo",
    "sonarqube",
    "trello",
    "twitter",
    "vault",
    "xai",
];

impl Providers {
    pub(super) fn of(rules: &RuleSet) -> Self {
        let own = |&(index, _): &(u32, &Rule)| !rules.is_guest(index);
        Self((0..).zip(rules.iter()).filter(own).filter_map(|(_, rule)| provider(rule)).collect())
    }

    /// Whether `name` says that it is the token of a provider, and nothing else: `ACME_API_KEY`, `acmeToken`.
    pub(super) fn name(&self, name: &[u8]) -> bool {
        let words = words(name);
        // `secret_key` is what many call their only key; a mere `secret` is another matter.
        let of_token = |place: usize| {
            is_of_token(&words[place])
                || words[place] == b"secret" && words.get(place + 1).is_some_and(|next| next == b"key")
        };
        let others: Vec<&[u8]> =
            (0..words.len()).filter(|&place| !of_token(place)).map(|place| &*words[place]).collect();
        others.len() < words.len() && self.0.contains(&others.concat())
    }
}

/// Whose tokens a rule knows by their marks: the first words of its id, as far as the address of its documentation has them.
fn provider(rule: &Rule) -> Option<Vec<u8>> {
    let Detector::Pattern(pattern) = &rule.detector else { return None };
    if rule.risk.number() != CREDENTIALS || !has_mark(&pattern.regex) {
        return None;
    }
    let host = rule.docs.split('/').nth(2).unwrap_or_default();
    let labels: Vec<String> = host.split('.').map(|label| label.replace('-', "")).collect();
    let id = rule.id.as_str();
    let ends = id.match_indices('-').map(|(place, _)| place);
    let mut names = ends.map(|end| id[..end].replace('-', "")).filter(|name| name.len() >= LEAST);
    let is_known = |name: &String| {
        labels.iter().rev().skip(1).any(|label| label.starts_with(&**name)) || OTHERS.contains(&&**name)
    };
    names.find(is_known).map(String::into_bytes)
}

/// Fewest letters of a mark.
const LEAST_MARK: usize = 2;

/// Whether what an expression takes for the secret begins with letters that are always the same, or some of a few.
pub(super) fn has_mark(expression: &str) -> bool {
    let group = expression
        .match_indices('(')
        .filter(|&(place, _)| !expression[..place].ends_with('\\'))
        .map(|(place, _)| &expression[place + 1..])
        .find(|rest| !rest.starts_with('?'));
    let secret = group.unwrap_or(expression).trim_start_matches("\\b");
    let literal = secret.trim_start_matches("(?:").bytes();
    literal.take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')).count()
        >= LEAST_MARK
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule;

    #[test]
    fn marks_are_told_from_what_stands_before_a_secret() {
        for expression in [
            r"\b(acme_[0-9a-z]{8})\b",
            r"(?:^|[^0-9])(ac\.[0-9]{8})",
            r"acme_[0-9]{8}",
            r"\b((?:acme|akme)_[0-9]{8})",
        ] {
            assert!(has_mark(expression), "{expression}");
        }
        for expression in
            [r"acme\s([0-9a-z]{8})", r"(?:login\(|token = )([0-9a-z]{8})", r#"acme["'](?:x|y)([^"']{8})"#]
        {
            assert!(!has_mark(expression), "{expression}");
        }
    }

    #[test]
    fn names_of_providers_are_told_from_other_names() {
        let providers = Providers::of(&RuleSet::from_refs(rule::builtin_refs().collect(), Vec::new()));
        for name in [
            "STRIPE_API_KEY",
            "stripe_secret_key",
            "newRelicAccessKey",
            "npm_token",
            "ANTHROPIC_API_KEY",
            "gitlab.token",
        ] {
            assert!(providers.name(name.as_bytes()), "{name}");
        }
        for name in [
            "stripe",
            "api_key",
            "stripe_client_secret",
            "stripe_webhook_token",
            "my_key",
            "session_token",
            "secret_key",
        ] {
            assert!(!providers.name(name.as_bytes()), "{name}");
        }
    }
}
