//! What is written where git looks for hooks: a few lines of shell that find the program and call it.
//!
//! Must not decide where it goes.

use super::git::shell_quote;

/// How the second line of a hook file of ours begins.
const MARK: &str = "# abatis hook ";
/// How a line of ours in somebody else's file ends.
const LINE_MARK: &str = "# abatis install";
/// The same, in a file that was made for it.
const LINE_MARK_NEW: &str = "# abatis install, new file";

/// How a line of ours begins that runs the file it is in once more.
const AGAIN: &str = "[ -n \"$ABATIS_AGAIN\" ]";

/// Hooks to which git gives lines to read: all of them go to each that is called.
const READ_INPUT: [&str; 2] = ["pre-push", "pre-receive"];

/// What a hook that was there before is renamed to, behind its name.
pub(crate) const CHAINED: &str = ".abatis-chained";
/// What the pre-commit framework renames a hook to that was there before.
pub(crate) const LEGACY: &str = ".legacy";

/// What lefthook renames a hook to that was there before. It does not run it any more.
pub(crate) const MOVED: &str = ".old";

/// What a hook file does after the scan found nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum After {
    /// It runs the hook that was there before, if there was one.
    Chained,
    /// It runs the repository's own hook, which `core.hooksPath` keeps git from.
    Repository,
}

/// A hook file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shim<'s> {
    /// The hook.
    pub(crate) hook: &'s str,
    /// The program with `/` between components; `None` for a file that others share, which looks on PATH.
    pub(crate) program: Option<&'s str>,
    /// What comes after the scan.
    pub(crate) after: After,
}

impl Shim<'_> {
    /// The file's text.
    pub(crate) fn text(&self) -> String {
        let Self { hook, program, after } = *self;
        if READ_INPUT.contains(&hook) {
            return self.text_with_input();
        }
        let program = program.map(shell_quote).unwrap_or_default();
        let after = match after {
            // The pre-commit framework, installed once more, runs us as HOOK.legacy: what is chained may be itself.
            After::Chained => format!(
                "chained=\"${{0%/*}}/{hook}{CHAINED}\"\n[ ! -x \"$chained\" ] || \
                 cmp -s \"$chained\" \"${{0%{LEGACY}}}\" 2>/dev/null || exec \"$chained\" \"$@\"\n"
            ),
            After::Repository => forward(hook),
        };
        format!(
            "#!/bin/sh\n\
             {MARK}{hook}: made by `abatis install`, removed by `abatis uninstall`\n\
             abatis={program}\n\
             [ -x \"$abatis\" ] || abatis=$(command -v abatis) || {{\n  \
               echo \"abatis: not found, so {hook} checked nothing. Install it, or skip once: --no-verify\" >&2\n  \
               exit 1\n\
             }}\n\
             \"$abatis\" hook {hook} \"$@\" || exit $?\n\
             {after}"
        )
    }
}

impl<'s> Shim<'s> {
    /// The text of a file that stands among others: nothing comes after it.
    pub(crate) fn alone(hook: &'s str, program: Option<&str>) -> String {
        format!("{}\"$abatis\" hook {hook} \"$@\"\n", head(hook, program))
    }

    /// The text for a hook that gets lines to read, which what comes after it reads as well.
    fn text_with_input(&self) -> String {
        let Self { hook, program, after } = *self;
        let (find, next) = match after {
            After::Chained => (
                format!("next=\"${{0%/*}}/{hook}{CHAINED}\"\n"),
                format!("cmp -s \"$next\" \"${{0%{LEGACY}}}\" 2>/dev/null"),
            ),
            After::Repository => (
                format!(
                    "d=${{GIT_DIR:-.git}}; [ -d \"$d\" ] || d=$(git rev-parse --git-dir) || exit 1\n\
                     [ ! -f \"$d/commondir\" ] || d=$(git rev-parse --git-common-dir) || exit 1\n\
                     next=\"$d/hooks/{hook}\"\n"
                ),
                "false".to_owned(),
            ),
        };
        format!(
            "{}input=$(cat && echo .) || exit 1\ninput=${{input%.}}\n\
             printf %s \"$input\" | \"$abatis\" hook {hook} \"$@\" || exit $?\n\
             {find}[ -x \"$next\" ] || exit 0\n{next} && exit 0\nprintf %s \"$input\" | \"$next\" \"$@\"\n",
            head(hook, program)
        )
    }
}

/// The lines that find the program. Without it nothing is let through.
fn head(hook: &str, program: Option<&str>) -> String {
    let way = if hook == "pre-receive" {
        "Ask those who run this server."
    } else {
        "Install it, or skip once: --no-verify"
    };
    format!(
        "#!/bin/sh\n\
         {MARK}{hook}: made by `abatis install`, removed by `abatis uninstall`\n\
         abatis={}\n\
         [ -x \"$abatis\" ] || abatis=$(command -v abatis) || {{\n  \
           echo \"abatis: not found, so {hook} checked nothing. {way}\" >&2\n  \
           exit 1\n\
         }}\n",
        program.map(shell_quote).unwrap_or_default()
    )
}

/// A file for a hook that is not scanned: it runs the repository's own.
pub(crate) fn forward_text(hook: &str) -> String {
    format!("#!/bin/sh\n{MARK}{hook}: runs the repository's own hook, if it has one\n{}", forward(hook))
}

/// `.git` is a file in linked worktrees and submodules, where git sets `GIT_DIR` or can be asked.
fn forward(hook: &str) -> String {
    format!(
        "d=${{GIT_DIR:-.git}}; [ -d \"$d\" ] || d=$(git rev-parse --git-dir) || exit 1\n\
         [ ! -f \"$d/commondir\" ] || d=$(git rev-parse --git-common-dir) || exit 1\n\
         [ ! -x \"$d/hooks/{hook}\" ] || exec \"$d/hooks/{hook}\" \"$@\"\n"
    )
}

/// The value of `hook.NAME.command`: git appends the hook's arguments.
pub(crate) fn config_command(hook: &str, program: &str) -> String {
    format!(
        "abatis={}; [ -x \"$abatis\" ] || abatis=$(command -v abatis) || {{ echo 'abatis: not found, so {hook} \
         checked nothing. Install it, or skip once: --no-verify' >&2; exit 1; }}; \"$abatis\" hook {hook}",
        shell_quote(program)
    )
}

/// The name of the hook in git's configuration.
pub(crate) fn config_name(hook: &str) -> String {
    format!("abatis-{hook}")
}

/// True if this file is one of ours.
pub(crate) fn is_ours(content: &[u8]) -> bool {
    content.split(|&byte| byte == b'\n').nth(1).is_some_and(|line| line.starts_with(MARK.as_bytes()))
}

/// `content` of a hook that a manager calls with `sh`, with our line in front; `None` for a new file.
pub(crate) fn with_line(hook: &str, content: Option<&[u8]>) -> Vec<u8> {
    let call = |mark: &str| {
        if READ_INPUT.contains(&hook) {
            // What the rest of the file calls reads the same lines: it is run again with them.
            format!(
                "{AGAIN} || {{ refs=$(cat; echo .); printf %s \"${{refs%.}}\" | abatis hook {hook} \"$@\" || exit $?; \
                 printf %s \"${{refs%.}}\" | ABATIS_AGAIN=1 sh -e \"$0\" \"$@\"; exit $?; }} {mark}\n"
            )
        } else {
            format!("abatis hook {hook} \"$@\" || exit $? {mark}\n")
        }
    };
    let Some(content) = content else { return call(LINE_MARK_NEW).into_bytes() };
    let first = if content.starts_with(b"#!") {
        content.iter().position(|&byte| byte == b'\n').map_or(content.len(), |newline| newline + 1)
    } else {
        0
    };
    let (shebang, rest) = content.split_at(first);
    let newline: &[u8] = if shebang.is_empty() || shebang.ends_with(b"\n") { b"" } else { b"\n" };
    [shebang, newline, call(LINE_MARK).as_bytes(), rest].concat()
}

/// What [`with_line`] started from.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Before {
    /// The line is not there.
    Same,
    /// The file had this content.
    Content(Vec<u8>),
    /// There was no file.
    Nothing,
}

/// Takes our line out of `content` again.
pub(crate) fn without_line(content: &[u8]) -> Before {
    let ours = |line: &[u8]| {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        (line.starts_with(b"abatis hook ") || line.starts_with(AGAIN.as_bytes()))
            && (line.ends_with(LINE_MARK.as_bytes()) || line.ends_with(LINE_MARK_NEW.as_bytes()))
    };
    let lines: Vec<&[u8]> = content.split_inclusive(|&byte| byte == b'\n').collect();
    let Some(place) = lines.iter().position(|line| ours(line)) else { return Before::Same };
    let made = lines[place].trim_ascii_end().ends_with(LINE_MARK_NEW.as_bytes());
    if made && lines.len() == 1 {
        return Before::Nothing;
    }
    Before::Content(lines.iter().filter(|line| !ours(line)).copied().collect::<Vec<_>>().concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_short_and_ours() {
        for after in [After::Chained, After::Repository] {
            let text = Shim { hook: "pre-commit", program: Some("/a b/abatis"), after }.text();
            assert!(text.contains("abatis='/a b/abatis'\n"), "{text}");
            assert!(text.lines().count() <= 12, "{text}");
            assert!(is_ours(text.as_bytes()));
        }
        assert!(is_ours(forward_text("post-merge").as_bytes()));
        for other in ["", "#!/bin/sh\n", "#!/bin/sh\nabatis staged\n", "# abatis hook x\n"] {
            assert!(!is_ours(other.as_bytes()), "{other}");
        }
    }

    #[test]
    fn lines_go_in_and_out() {
        for content in ["", "npm test\n", "#!/bin/sh\nnpm test", "#!/usr/bin/env sh\n", "a\r\nb\r\n"] {
            let with = with_line("pre-commit", Some(content.as_bytes()));
            assert_ne!(with, content.as_bytes());
            assert_eq!(without_line(&with), Before::Content(content.into()), "{content:?}");
            assert_eq!(without_line(content.as_bytes()), Before::Same);
        }
        for hook in ["pre-commit", "pre-push"] {
            assert_eq!(without_line(&with_line(hook, None)), Before::Nothing);
        }
        let with = with_line("pre-push", Some(b"lfs\n"));
        assert_eq!(without_line(&with), Before::Content(b"lfs\n".to_vec()));
        let with = with_line("pre-commit", Some(b"#!/bin/sh\nnpm test\n"));
        assert!(with.starts_with(b"#!/bin/sh\nabatis hook pre-commit \"$@\" || exit $? # abatis install\n"));
    }
}
