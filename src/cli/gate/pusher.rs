//! Who pushes to what, as servers tell their hooks by variables.
//!
//! Must not decide what anybody may do.

use std::path::Path;

use bstr::ByteSlice as _;

use crate::cli::edge::Edge;

/// Variables that name whoever pushes: GitLab, GitHub Enterprise Server, Gitea and Forgejo, Bitbucket
/// Data Center, Gerrit, Gitolite, smart HTTP.
const USERS: [&str; 10] = [
    "GL_USERNAME",
    "GITHUB_USER_LOGIN",
    "GITEA_PUSHER_NAME",
    "FORGEJO_PUSHER_NAME",
    "STASH_USER_NAME",
    "BB_USER_NAME",
    "GERRIT_USERNAME",
    "GL_USER",
    "GL_ID",
    "REMOTE_USER",
];
/// The account that the server runs under: who pushes, where each has an own one.
const ACCOUNTS: [&str; 2] = ["LOGNAME", "USER"];
/// Variables that name the repository.
const REPOSITORIES: [&str; 5] =
    ["GL_PROJECT_PATH", "GITHUB_REPO_NAME", "GL_REPO", "GL_REPOSITORY", "GERRIT_PROJECT"];
/// The same in two parts.
const PARTS: [(&str, &str); 3] = [
    ("GITEA_REPO_USER_NAME", "GITEA_REPO_NAME"),
    ("STASH_PROJECT_KEY", "STASH_REPO_NAME"),
    ("BB_PROJECT_KEY", "BB_REPO_SLUG"),
];

/// Who pushes, and the variable that says so.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct User {
    /// The name; empty if nobody says.
    pub(crate) name: String,
    /// The variable.
    pub(crate) variable: String,
}

/// Who pushes: the first of `variables` that is set, else the first of the usual ones.
pub(crate) fn user(variables: Option<&[String]>) -> User {
    let usual = || USERS.iter().chain(&ACCOUNTS).map(|name| (*name).to_owned()).collect();
    let names: Vec<String> = variables.map_or_else(usual, <[String]>::to_vec);
    let mut found = names.into_iter().filter_map(|variable| {
        let name = Edge::variable(&variable)?.to_string_lossy().into_owned();
        Some(User { name, variable })
    });
    found.next().unwrap_or_default()
}

/// All names that the repository goes by: those that the server tells, then its path.
pub(crate) fn repositories(git_dir: &Path) -> Vec<Vec<u8>> {
    let get = |name: &str| Edge::variable(name).map(|value| value.to_string_lossy().into_owned());
    let mut names: Vec<Vec<u8>> =
        REPOSITORIES.iter().filter_map(|name| get(name)).map(String::into_bytes).collect();
    for (first, second) in PARTS {
        names.extend(
            get(first).zip(get(second)).map(|(first, second)| format!("{first}/{second}").into_bytes()),
        );
    }
    let path = dunce::canonicalize(git_dir).unwrap_or_else(|_| git_dir.to_path_buf());
    if let Some(path) = <[u8]>::from_path(&path) {
        let path = if cfg!(windows) { path.replace(b"\\", b"/") } else { path.to_vec() };
        // Globs begin at the root, and a leading slash is not part of what they match.
        let path = path.strip_prefix(b"/").unwrap_or(&path).to_vec();
        for name in
            [path.strip_suffix(b"/.git"), path.strip_suffix(b".git"), Some(&path)].into_iter().flatten()
        {
            names.push(name.to_vec());
        }
    }
    names
}

/// Whether GitLab runs the hook: it shows lines with this prefix only.
pub(crate) fn line_prefix() -> &'static str {
    let gitlab = ["GL_REPOSITORY", "GL_PROTOCOL"].iter().any(|name| Edge::variable(name).is_some());
    if gitlab { "GL-HOOK-ERR: " } else { "" }
}

/// The options given with `git push -o`.
pub(crate) fn push_options() -> Vec<String> {
    let count =
        Edge::variable("GIT_PUSH_OPTION_COUNT").and_then(|count| count.to_str()?.parse::<usize>().ok());
    let option = |number: usize| Edge::variable(&format!("GIT_PUSH_OPTION_{number}"));
    let options = (0..count.unwrap_or(0)).map_while(option);
    options.map(|option| option.to_string_lossy().into_owned()).collect()
}
