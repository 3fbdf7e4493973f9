//! The command lines of hooks, read without clap: describing all commands and options to it takes
//! longer than much of a small commit.
//!
//! Must read a line as clap would, or leave it to clap: a test holds the two together.

use std::{ffi::OsString, path::PathBuf};

use super::args::{Cli, ColorWhen, Command, CommitMsgArgs, CommonArgs, HookArgs, StagedArgs};

/// What a command line of a hook means; `None` for any other line.
pub(super) fn read(line: &[OsString]) -> Option<Cli> {
    let (_, words) = line.split_first()?;
    let command = match words {
        [command] if command == "staged" => {
            Command::Staged(StagedArgs { whole: false, files: Vec::new(), common: common() })
        }
        [command, dashes, file] if command == "commit-msg" && dashes == "--" => {
            Command::CommitMsg(CommitMsgArgs { file: PathBuf::from(file), common: common() })
        }
        [command, name, arguments @ ..] if command == "hook" => {
            let plain = |word: &OsString| !word.is_empty() && !word.as_encoded_bytes().starts_with(b"-");
            let name = name
                .to_str()
                .filter(|name| name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'));
            let name = name.filter(|name| !name.is_empty() && !name.starts_with('-'))?;
            if !arguments.iter().all(plain) {
                return None;
            }
            Command::Hook(HookArgs { name: name.to_owned(), arguments: arguments.to_vec() })
        }
        _ => return None,
    };
    Some(Cli { color: ColorWhen::Auto, quiet: false, command })
}

fn common() -> CommonArgs {
    CommonArgs { format: "text".to_owned(), ..CommonArgs::default() }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    #[test]
    fn lines_are_read_as_clap_reads_them() {
        for (line, ours) in [
            (&["abatis", "staged"][..], true),
            (&["abatis", "commit-msg", "--", ".git/COMMIT_EDITMSG"], true),
            (&["abatis", "commit-msg", "--", "--odd"], true),
            (&["abatis", "hook", "pre-commit"], true),
            (&["abatis", "hook", "commit-msg", ".git/COMMIT_EDITMSG"], true),
            (&["abatis", "hook", "pre-push", "origin", "https://example.com/"], true),
            (&["abatis", "hook", "pre-push", "--", "x"], false),
            (&["abatis", "hook", "--help"], false),
            (&["abatis", "hook"], false),
            (&["abatis", "staged", "--whole"], false),
            (&["abatis", "staged", "file"], false),
            (&["abatis", "-q", "staged"], false),
            (&["abatis"], false),
            (&[], false),
        ] {
            let words: Vec<OsString> = line.iter().map(OsString::from).collect();
            let quick = read(&words);
            assert_eq!(quick.is_some(), ours, "{line:?}");
            if let Some(quick) = quick {
                let slow = Cli::try_parse_from(words).unwrap();
                assert_eq!(format!("{quick:?}"), format!("{slow:?}"), "{line:?}");
            }
        }
    }
}
