//! How the text for people looks.

use abatis::report::{Mode, Options};
use insta::assert_snapshot;

use super::{all_shown, sample, written};

#[test]
fn text_of_a_commit_hook() {
    let options = Options { mode: Mode::Staged, brief: true, width: Some(80), ..Options::default() };
    assert_snapshot!(written("text", &sample::single(), &options), @r#"
    critical: GitHub personal access token (classic) [github-pat]
     --> app/config.rb:7:12
      |
    7 |   token = 'ghp_****(40 bytes)'
      |            ^^^^^^^^^^^^^^^^^^
      = risk: 1 developer credentials. Whoever reads the repository can act as the
              owner of this credential.
      = help: Revoke it where it was made, then replace it wherever it is used.
      = docs: https://example.com/github-pat

    To commit without it:
      1. Unstage: `git restore --staged :/app/config.rb` (before the first commit:
         `git rm --cached` in place of `git restore --staged`).
      2. Move the value to an environment variable or a secret manager, and leave
         only its name in the text.
      3. Stage again with `git add`, and commit.
      4. Rotate the secret if it ever left this machine.
    If it is meant to be there, say why:
      - On the line or the one above, in a comment:
        `abatis:allow github-pat REASON`.
      - In the baseline, for what was there before:
        `abatis baseline update --reason "REASON"`.

    abatis: 1 finding (1 critical): it blocks this commit.
    "#);
    assert_eq!(written("text", &sample::clean(), &options), "");
}

#[test]
fn text_of_a_clean_scan() {
    assert_snapshot!(written("text", &sample::clean(), &Options::default()), @r"
    abatis: no findings.
    abatis: scanned 1 content (640 B) with 4 rules.
    ");
}

#[test]
fn text_of_a_message_hook() {
    let options = Options { mode: Mode::Message, brief: true, ..Options::default() };
    let mut outcome = sample::single();
    outcome.findings[0].origin.path = "COMMIT_EDITMSG".into();
    assert_snapshot!(written("text", &outcome, &options), @r"
    critical: GitHub personal access token (classic) [github-pat]
     --> COMMIT_EDITMSG:7:12
      |
    7 |   token = 'ghp_****(40 bytes)'
      |            ^^^^^^^^^^^^^^^^^^
      = risk: 1 developer credentials. Whoever reads the repository can act as the owner of this
              credential.
      = help: Revoke it where it was made, then replace it wherever it is used.
      = docs: https://example.com/github-pat

    To commit without it:
      1. Edit the message and commit again; git keeps the text in .git/COMMIT_EDITMSG.
      2. Rotate the secret if it ever left this machine.
    If it is meant to be there, say why:
      - On the line or the one above: `abatis:allow github-pat REASON`.

    abatis: 1 finding (1 critical): it blocks this commit.
    ");
}

#[test]
fn text_of_a_refused_push() {
    let options = Options { mode: Mode::Receive, brief: true, ..Options::default() };
    let mut outcome = sample::single();
    outcome.findings[0].origin.commit = abatis::origin::ObjectId::from_bytes(&[0x5e; 20]);
    assert_snapshot!(written("text", &outcome, &options), @r"
    critical: GitHub personal access token (classic) [github-pat]
     --> app/config.rb:7:12 (commit 5e5e5e5e5e)
      |
    7 |   token = 'ghp_****(40 bytes)'
      |            ^^^^^^^^^^^^^^^^^^
      = risk: 1 developer credentials. Whoever reads the repository can act
              as the owner of this credential.
      = help: Revoke it where it was made, then replace it wherever it is
              used.
      = docs: https://example.com/github-pat

    To push without it:
      1. Move the value to an environment variable or a secret manager, and
         leave only its name in the text.
      2. Change commit 5e5e5e5e5e: `git commit --amend` if it is the last
         one, else `git rebase -i 5e5e5e5e5e^`, and mark it `edit`, `reword`
         (for its message) or `drop`. A further commit that removes it is
         not enough: the old one would still be sent.
      3. Rotate the secret: it has left the machine it was written on.
    If it is meant to be there, say why:
      - Ask those who run the server.

    abatis: 1 finding (1 critical): it blocks this push.
    ");
}

#[test]
fn text_of_everything() {
    assert_snapshot!(written("text", &sample::outcome(), &all_shown()), @r#"
    critical: GitHub personal access token (classic) [github-pat]
      --> deploy/settings.py:12:10
       |
    11 | import os
    12 | TOKEN = "ghp_****(40 bytes)"
       |          ^^^^^^^^^^^^^^^^^^
    13 | DEBUG = False
       = also in: old/ghp_****(40 bytes).txt:1:1 (commit ababababab)
       = also in: scripts/run.sh:3:10
       = sure: high confidence, proved offline by github-crc32
       = risk: 1 developer credentials. Whoever reads the repository can act as the owner of this
               credential.
       = help: Revoke it where it was made, then replace it wherever it is used.
       = docs: https://example.com/github-pat

    high: Password given to a key [password]
     --> a.pem:3:1
      |
    3 | corr****(24 bytes)
      | ^^^^^^^^^^^^^^^^^^
      = risk: 1 developer credentials. Whoever reads the repository can act as the owner of this
              credential.
      = help: Revoke it where it was made, then replace it wherever it is used.
      = docs: https://example.com/password

    high: File that holds an SSH key [ssh-key-file]
     --> backup.zip!home/id_rsa
      = risk: 1 developer credentials. Whoever reads the repository can act as the owner of this
              credential.
      = help: Revoke it where it was made, then replace it wherever it is used.

    high: Password given to a key [password]
     --> odd/\x1b[31m\n::error::|`$(x),\xff"<b>.txt:2:9
      |
    2 |     鍵 = "corr****(24 bytes)" # note
      |           ^^^^^^^^^^^^^^^^^^
      = note: key is `corr****(24 bytes)`\u{202e}
      = sure: high confidence, decoded from base64, then percent
      = risk: 1 developer credentials; help as above

    medium (does not block): Storage that anyone can read [public-acl]
      --> infra/main.tf:40:9
       |
    40 |   acl = "public-read"
       |         ^^^^^^^^^^^^^
       = note: acl is public-read
       = risk: 2 public storage. Data kept this way can be read, and sometimes changed, by anyone.
       = help: Set the ACL to private & grant readers one by one.
       = docs: https://example.com/public-acl

    What to do:
      1. Rotate the secret first: whoever could read it may have it already, and taking it out of the
         text does not take it back.
      2. Move the value to an environment variable or a secret manager, and leave only its name in the
         text.
      3. Take the file out with `git rm --cached`, and name it in .gitignore.
      4. Change the setting as said under `help`.
    If it is meant to be there, say why:
      - On the line or the one above, in a comment: `abatis:allow github-pat REASON`.
      - In the baseline, for what was there before: `abatis baseline update --reason "REASON"`.

    suppressed: high password at tests/fixture.yml:5:11; inline: =made for tests, was corr****(24
        bytes) (by team-a, until 2030-01-31, at tests/fixture.yml:5)
    warning: abatis-baseline:3: expired on 2024-01-01
    problem: lost/\x07file: cannot be read near ghp_****(40 bytes); check its permissions
    INCOMPLETE: do not take what was not reported for clean.
      - 1 problem kept a part from being looked at. Solve what is listed and run again.

    abatis: 5 findings in 7 places (1 critical, 3 high, 1 medium): 4 block this run.
    abatis: scanned 2,048 contents (3.3 MiB, 4.0 KiB of it new) of 1,234 commits in 2 refs with 4
        rules; skipped 13 (1 too large, 12 media); suppressed 1 (1 inline); disproved 3; 1 problem.
    "#);
}

#[test]
fn text_of_staged_hostile_paths() {
    let options = Options { mode: Mode::Staged, ..Options::default() };
    let mut outcome = sample::outcome();
    outcome.findings.retain(|finding| finding.origin.path == sample::HOSTILE);
    outcome.problems.clear();
    assert_snapshot!(written("text", &outcome, &options), @r#"
    high: Password given to a key [password]
     --> odd/\x1b[31m\n::error::|`$(x),\xff"<b>.txt:2:9
      |
    2 |     鍵 = "corr****(24 bytes)" # note
      |           ^^^^^^^^^^^^^^^^^^
      = note: key is `corr****(24 bytes)`\u{202e}
      = sure: high confidence, decoded from base64, then percent
      = risk: 1 developer credentials. Whoever reads the repository can act as the owner of this
              credential.
      = help: Revoke it where it was made, then replace it wherever it is used.
      = docs: https://example.com/password

    To commit without it:
      1. Unstage:
         `git restore --staged $':(top,literal)odd/\033[31m\012::error::|\140$(x),\377"<b>.txt'` (before
         the first commit: `git rm --cached` in place of `git restore --staged`).
      2. Move the value to an environment variable or a secret manager, and leave only its name in the
         text.
      3. Stage again with `git add`, and commit.
      4. Rotate the secret if it ever left this machine.
    If it is meant to be there, say why:
      - On the line or the one above, in a comment: `abatis:allow password REASON`.
      - In the baseline, for what was there before: `abatis baseline update --reason "REASON"`.

    warning: abatis-baseline:3: expired on 2024-01-01
    abatis: 1 finding (1 high): it blocks this commit.
    abatis: scanned 2,048 contents (3.3 MiB, 4.0 KiB of it new) of 1,234 commits in 2 refs with 4
        rules; skipped 13 (1 too large, 12 media); suppressed 1 (1 inline); disproved 3.
    "#);
}

#[test]
fn text_in_colour() {
    let options = Options { color: true, brief: true, ..Options::default() };
    let shown = written("text", &sample::single(), &options).replace('\x1b', "ESC");
    assert_snapshot!(shown, @r#"
    ESC[1;31mcritical: ESC[0mGitHub personal access token (classic) [github-pat]
     ESC[34m-->ESC[0m app/config.rb:7:12
      ESC[34m|ESC[0m
    ESC[34m7ESC[0m ESC[34m|ESC[0m   token = 'ghp_****(40 bytes)'
      ESC[34m|ESC[0m            ESC[1;31m^^^^^^^^^^^^^^^^^^ESC[0m
      ESC[34m=ESC[0m ESC[1mriskESC[0m: 1 developer credentials. Whoever reads the repository can act as the owner of this
              credential.
      ESC[34m=ESC[0m ESC[1mhelpESC[0m: Revoke it where it was made, then replace it wherever it is used.
      ESC[34m=ESC[0m ESC[1mdocsESC[0m: https://example.com/github-pat

    ESC[1mWhat to do:ESC[0m
      1. Rotate the secret first: whoever could read it may have it already, and taking it out of the
         text does not take it back.
      2. Move the value to an environment variable or a secret manager, and leave only its name in the
         text.
    ESC[1mIf it is meant to be there, say why:ESC[0m
      - On the line or the one above, in a comment: `abatis:allow github-pat REASON`.
      - In the baseline, for what was there before: `abatis baseline update --reason "REASON"`.

    ESC[1;31mabatis: 1 finding (1 critical): it blocks this run.ESC[0m
    "#);
}
