//! Names for what several rules look for together: the coarser checks that lists of policies have where we have finer rules.
//!
//! A rule belongs to a group by a tag of the group's name. Each finding is told once, by its rule; reports name the group
//! beside it, and wherever a rule can be named, the group's name means all of its rules. Must not know what rules there are.

use super::Rule;

/// What several rules look for together.
#[derive(Debug)]
pub struct Group {
    /// Its name, and the tag of its rules. No rule has it for its id.
    pub id: &'static str,
    /// What was found, as a noun phrase.
    pub title: &'static str,
    /// What is reported, and what is not.
    pub about: &'static str,
    /// What to do about a finding.
    pub help: &'static str,
}

/// All of them.
pub const GROUPS: &[Group] = &[
    Group {
        id: "cleartext-basic-auth-config",
        title: "Password or token in the clear in a tool's configuration",
        about: "A registry token in .npmrc, a password in the index URL of pip, in Maven's settings.xml, NuGet.Config or .pypirc, \
            the `auths` of a Docker configuration, a git remote with credentials. A variable in its place, or a value that the \
            tool keeps encrypted, is none.",
        help: "Revoke the password or token at the server it is for. Write a variable of the environment in its place, or let \
            the tool ask a credential helper, so that the file can be committed without a secret.",
    },
    Group {
        id: "credential-file-committed",
        title: "File that exists to hold credentials",
        about: "Files that programs keep credentials in, by name and, where the name alone proves nothing, by content: .env, private \
            keys, key stores, .aws/credentials, Terraform state, .tfvars with secrets, .htpasswd, .netrc, .pgpass, Docker and \
            Kubernetes configuration with logins, wp-config.php. Examples and templates (.env.example), public certificates, \
            and files without secret values are none.",
        help: "Change or revoke what is in the file: whoever has a copy of the repository has it. Take the file out of the index \
            (git rm --cached) and out of the history, list it in .gitignore, and commit an example with names only.",
    },
];

impl Group {
    /// The group of this name.
    #[must_use]
    pub fn named(id: &str) -> Option<&'static Self> {
        GROUPS.iter().find(|group| group.id == id)
    }

    /// The group that a rule belongs to.
    #[must_use]
    pub fn of(rule: &Rule) -> Option<&'static Self> {
        GROUPS.iter().find(|group| group.has(rule))
    }

    /// Whether a rule belongs to it.
    #[must_use]
    pub fn has(&self, rule: &Rule) -> bool {
        rule.tags.iter().any(|tag| tag == self.id)
    }
}

/// Whether a name written without `tag:` is the rule's id or its group's.
#[must_use]
pub fn is_called(rule: &Rule, name: &str) -> bool {
    rule.id.as_str() == name || Group::named(name).is_some_and(|group| group.has(rule))
}
