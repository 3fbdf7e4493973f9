//! How the formats for machines look, and Markdown.

#![expect(clippy::too_many_lines, reason = "a snapshot is as long as the report")]

use abatis::report::Options;
use insta::assert_snapshot;

use super::{all_shown, sample, written};

#[test]
fn json_of_one_finding() {
    assert_snapshot!(written("json", &sample::single(), &Options::default()), @r#"
    {
      "version": 1,
      "tool": {
        "name": "abatis",
        "version": "0.1.0"
      },
      "incomplete": false,
      "incomplete_because": [],
      "blocking": true,
      "findings": [
        {
          "rule": "github-pat",
          "title": "GitHub personal access token (classic)",
          "severity": "critical",
          "confidence": "high",
          "risk": {
            "number": 1,
            "title": "developer credentials"
          },
          "blocking": true,
          "fingerprint": "01010101010101010101010101010101",
          "path": "app/config.rb",
          "kind": "file",
          "region": {
            "start": {
              "line": 7,
              "column": 12
            },
            "end": {
              "line": 7,
              "column": 52
            },
            "bytes": {
              "start": 111,
              "end": 151
            }
          },
          "redacted": "ghp_****(40 bytes)",
          "snippet": {
            "first_line": 7,
            "text": "  token = 'ghp_****(40 bytes)'",
            "mark": {
              "start": 11,
              "end": 29
            }
          }
        }
      ],
      "problems": [],
      "warnings": [],
      "receipt": {
        "rules": 4,
        "refs": 0,
        "commits": 0,
        "moved": 1,
        "contents": 1,
        "bytes": 640,
        "fresh_bytes": 640,
        "skipped": {},
        "suppressed": {},
        "disproved": 0,
        "unfinished": null
      }
    }
    "#);
}

#[test]
fn json_lines_of_everything() {
    assert_snapshot!(written("jsonl", &sample::outcome(), &all_shown()), @r#"
    {"type":"finding","rule":"password","title":"Password given to a key","severity":"high","confidence":"high","risk":{"number":1,"title":"developer credentials"},"blocking":true,"fingerprint":"09090909090909090909090909090909","path":"a.pem","kind":"file","region":{"start":{"line":3,"column":1},"end":{"line":7},"bytes":{"start":100,"end":124}},"redacted":"corr****(24 bytes)","snippet":{"first_line":3,"text":"corr****(24 bytes)","mark":{"start":0,"end":18}}}
    {"type":"finding","rule":"ssh-key-file","title":"File that holds an SSH key","severity":"high","confidence":"high","risk":{"number":1,"title":"developer credentials"},"blocking":true,"fingerprint":"04040404040404040404040404040404","path":"backup.zip","members":["home/id_rsa"],"kind":"file"}
    {"type":"finding","rule":"github-pat","title":"GitHub personal access token (classic)","severity":"critical","confidence":"high","risk":{"number":1,"title":"developer credentials"},"blocking":true,"fingerprint":"01010101010101010101010101010101","path":"deploy/settings.py","kind":"file","region":{"start":{"line":12,"column":10},"end":{"line":12,"column":50},"bytes":{"start":109,"end":149}},"redacted":"ghp_****(40 bytes)","proof":"github-crc32","snippet":{"first_line":11,"text":"import os\nTOKEN = \"ghp_****(40 bytes)\"\nDEBUG = False\n","mark":{"start":19,"end":37}}}
    {"type":"finding","rule":"public-acl","title":"Storage that anyone can read","severity":"medium","confidence":"high","risk":{"number":2,"title":"public storage"},"blocking":false,"fingerprint":"03030303030303030303030303030303","path":"infra/main.tf","kind":"file","region":{"start":{"line":40,"column":9},"end":{"line":40,"column":22},"bytes":{"start":108,"end":108}},"note":"acl is public-read","snippet":{"first_line":40,"text":"  acl = \"public-read\"","mark":{"start":8,"end":21}}}
    {"type":"finding","rule":"password","title":"Password given to a key","severity":"high","confidence":"high","risk":{"number":1,"title":"developer credentials"},"blocking":true,"fingerprint":"02020202020202020202020202020202","path":"odd/\u001b[31m\n::error::|`$(x),�\"<b>.txt","path_bytes":"odd/%1B%5B31m%0A%3A%3Aerror%3A%3A%7C%60%24%28x%29%2C%FF%22%3Cb%3E.txt","kind":"file","region":{"start":{"line":2,"column":9},"end":{"line":2,"column":33},"bytes":{"start":108,"end":132}},"redacted":"corr****(24 bytes)","decoded":["base64","percent"],"note":"key is `corr****(24 bytes)`\u202e","snippet":{"first_line":2,"text":"\t鍵 = \"corr****(24 bytes)\" # note","mark":{"start":8,"end":26}}}
    {"type":"finding","rule":"github-pat","title":"GitHub personal access token (classic)","severity":"critical","confidence":"high","risk":{"number":1,"title":"developer credentials"},"blocking":true,"fingerprint":"01010101010101010101010101010101","path":"old/ghp_****(40 bytes).txt","kind":"file","commit":"abababababababababababababababababababab","object":"cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd","region":{"start":{"line":1,"column":1},"end":{"line":1,"column":41},"bytes":{"start":100,"end":140}},"redacted":"ghp_****(40 bytes)","snippet":{"first_line":1,"text":"ghp_****(40 bytes)","mark":{"start":0,"end":18}}}
    {"type":"finding","rule":"github-pat","title":"GitHub personal access token (classic)","severity":"critical","confidence":"high","risk":{"number":1,"title":"developer credentials"},"blocking":true,"fingerprint":"01010101010101010101010101010101","path":"scripts/run.sh","kind":"file","region":{"start":{"line":3,"column":10},"end":{"line":3,"column":50},"bytes":{"start":109,"end":149}},"redacted":"ghp_****(40 bytes)","snippet":{"first_line":3,"text":"export T=ghp_****(40 bytes)","mark":{"start":9,"end":27}}}
    {"type":"finding","rule":"password","title":"Password given to a key","severity":"high","confidence":"high","risk":{"number":1,"title":"developer credentials"},"blocking":false,"fingerprint":"02020202020202020202020202020202","path":"tests/fixture.yml","kind":"file","region":{"start":{"line":5,"column":11},"end":{"line":5,"column":35},"bytes":{"start":110,"end":134}},"redacted":"corr****(24 bytes)","snippet":{"first_line":5,"text":"password: corr****(24 bytes)","mark":{"start":10,"end":28}},"suppression":{"kind":"inline","reason":"=made for tests, was corr****(24 bytes)","owner":"team-a","until":"2030-01-31","place":"tests/fixture.yml:5"}}
    {"type":"summary","version":1,"findings":8,"tool":{"name":"abatis","version":"0.1.0"},"incomplete":true,"incomplete_because":["1 problem kept a part from being looked at. Solve what is listed and run again."],"blocking":true,"problems":[{"subject":"lost/\\x07file","message":"cannot be read near ghp_****(40 bytes); check its permissions"}],"warnings":["abatis-baseline:3: expired on 2024-01-01"],"receipt":{"rules":4,"refs":2,"commits":1234,"moved":9,"contents":2048,"bytes":3565158,"fresh_bytes":4096,"skipped":{"media":12,"too large":1},"suppressed":{"inline":1},"disproved":3,"unfinished":null}}
    "#);
}

#[test]
fn github_annotations() {
    assert_snapshot!(written("github", &sample::outcome(), &all_shown()), @r#"
    ::error title=abatis%3A incomplete run::1 problem kept a part from being looked at. Solve what is listed and run again.
    ::error title=abatis%3A incomplete run::lost/\x07file: cannot be read near ghp_****(40 bytes); check its permissions
    ::error file=deploy/settings.py,line=12,endLine=12,col=10,endColumn=50,title=GitHub personal access token (classic) (critical)::github-pat, risk 1 developer credentials: ghp_****(40 bytes)%0ARevoke it where it was made, then replace it wherever it is used.%0Ahttps://example.com/github-pat
    ::error file=old/ghp_****(40 bytes).txt,line=1,endLine=1,col=1,endColumn=41,title=GitHub personal access token (classic) (critical)::github-pat, risk 1 developer credentials: ghp_****(40 bytes)%0AIn commit ababababab.%0ARevoke it where it was made, then replace it wherever it is used.%0Ahttps://example.com/github-pat
    ::error file=scripts/run.sh,line=3,endLine=3,col=10,endColumn=50,title=GitHub personal access token (classic) (critical)::github-pat, risk 1 developer credentials: ghp_****(40 bytes)%0ARevoke it where it was made, then replace it wherever it is used.%0Ahttps://example.com/github-pat
    ::error file=a.pem,line=3,endLine=7,title=Password given to a key (high)::password, risk 1 developer credentials: corr****(24 bytes)%0ARevoke it where it was made, then replace it wherever it is used.%0Ahttps://example.com/password
    ::error file=backup.zip!home/id_rsa,title=File that holds an SSH key (high)::ssh-key-file, risk 1 developer credentials%0ARevoke it where it was made, then replace it wherever it is used.
    ::error file=odd/\x1b[31m\n%3A%3Aerror%3A%3A|`$(x)%2C\xff"<b>.txt,line=2,endLine=2,col=9,endColumn=33,title=Password given to a key (high)::password, risk 1 developer credentials: corr****(24 bytes)%0Akey is `corr****(24 bytes)`\u{202e}%0ARevoke it where it was made, then replace it wherever it is used.%0Ahttps://example.com/password
    ::warning file=infra/main.tf,line=40,endLine=40,col=9,endColumn=22,title=Storage that anyone can read (medium)::public-acl, risk 2 public storage%0Aacl is public-read%0ASet the ACL to private & grant readers one by one.%0Ahttps://example.com/public-acl
    ::notice title=abatis%3A suppressed::password at tests/fixture.yml:5:11 is suppressed; inline: =made for tests, was corr****(24 bytes) (by team-a, until 2030-01-31, at tests/fixture.yml:5)
    ::warning title=abatis::abatis-baseline:3: expired on 2024-01-01
    "#);
}

#[test]
fn junit_cases() {
    assert_snapshot!(written("junit", &sample::outcome(), &all_shown()), @r#"
    <?xml version="1.0" encoding="UTF-8"?>
    <testsuites name="abatis" tests="10" failures="6" errors="2" skipped="1">
      <testsuite name="abatis" tests="10" failures="6" errors="2" skipped="1">
        <testcase classname="abatis.password" name="a.pem:3:1">
          <failure message="Password given to a key at a.pem:3:1" type="high">Password given to a key at a.pem:3:1
    severity: high, confidence: high
    risk: 1 developer credentials
    value: corr****(24 bytes)
    fingerprint: 09090909090909090909090909090909
    help: Revoke it where it was made, then replace it wherever it is used.
    docs: https://example.com/password</failure>
        </testcase>
        <testcase classname="abatis.ssh-key-file" name="backup.zip!home/id_rsa">
          <failure message="File that holds an SSH key at backup.zip!home/id_rsa" type="high">File that holds an SSH key at backup.zip!home/id_rsa
    severity: high, confidence: high
    risk: 1 developer credentials
    fingerprint: 04040404040404040404040404040404
    help: Revoke it where it was made, then replace it wherever it is used.</failure>
        </testcase>
        <testcase classname="abatis.github-pat" name="deploy/settings.py:12:10">
          <failure message="GitHub personal access token (classic) at deploy/settings.py:12:10" type="critical">GitHub personal access token (classic) at deploy/settings.py:12:10
    severity: critical, confidence: high
    risk: 1 developer credentials
    value: ghp_****(40 bytes)
    fingerprint: 01010101010101010101010101010101
    help: Revoke it where it was made, then replace it wherever it is used.
    docs: https://example.com/github-pat</failure>
        </testcase>
        <testcase classname="abatis.public-acl" name="infra/main.tf:40:9">
          <system-out>Storage that anyone can read at infra/main.tf:40:9
    severity: medium, confidence: high
    risk: 2 public storage
    note: acl is public-read
    fingerprint: 03030303030303030303030303030303
    help: Set the ACL to private &amp; grant readers one by one.
    docs: https://example.com/public-acl</system-out>
        </testcase>
        <testcase classname="abatis.password" name="odd/\x1b[31m\n::error::|`$(x),\xff&quot;&lt;b&gt;.txt:2:9">
          <failure message="Password given to a key at odd/\x1b[31m\n::error::|`$(x),\xff&quot;&lt;b&gt;.txt:2:9" type="high">Password given to a key at odd/\x1b[31m\n::error::|`$(x),\xff&quot;&lt;b&gt;.txt:2:9
    severity: high, confidence: high
    risk: 1 developer credentials
    value: corr****(24 bytes)
    note: key is `corr****(24 bytes)`\u{202e}
    fingerprint: 02020202020202020202020202020202
    help: Revoke it where it was made, then replace it wherever it is used.
    docs: https://example.com/password</failure>
        </testcase>
        <testcase classname="abatis.github-pat" name="old/ghp_****(40 bytes).txt:1:1">
          <failure message="GitHub personal access token (classic) at old/ghp_****(40 bytes).txt:1:1" type="critical">GitHub personal access token (classic) at old/ghp_****(40 bytes).txt:1:1
    severity: critical, confidence: high
    risk: 1 developer credentials
    value: ghp_****(40 bytes)
    commit: abababababababababababababababababababab
    fingerprint: 01010101010101010101010101010101
    help: Revoke it where it was made, then replace it wherever it is used.
    docs: https://example.com/github-pat</failure>
        </testcase>
        <testcase classname="abatis.github-pat" name="scripts/run.sh:3:10">
          <failure message="GitHub personal access token (classic) at scripts/run.sh:3:10" type="critical">GitHub personal access token (classic) at scripts/run.sh:3:10
    severity: critical, confidence: high
    risk: 1 developer credentials
    value: ghp_****(40 bytes)
    fingerprint: 01010101010101010101010101010101
    help: Revoke it where it was made, then replace it wherever it is used.
    docs: https://example.com/github-pat</failure>
        </testcase>
        <testcase classname="abatis.password" name="tests/fixture.yml:5:11">
          <skipped message="inline: =made for tests, was corr****(24 bytes) (by team-a, until 2030-01-31, at tests/fixture.yml:5)"/>
        </testcase>
        <testcase classname="abatis.problem" name="lost/\x07file">
          <error message="cannot be read near ghp_****(40 bytes); check its permissions" type="incomplete"/>
        </testcase>
        <testcase classname="abatis" name="incomplete run">
          <error message="1 problem kept a part from being looked at. Solve what is listed and run again." type="incomplete"/>
        </testcase>
        <system-err>abatis-baseline:3: expired on 2024-01-01</system-err>
      </testsuite>
    </testsuites>
    "#);
    assert_snapshot!(written("junit", &sample::clean(), &Options::default()), @r#"
    <?xml version="1.0" encoding="UTF-8"?>
    <testsuites name="abatis" tests="1" failures="0" errors="0" skipped="0">
      <testsuite name="abatis" tests="1" failures="0" errors="0" skipped="0">
        <testcase classname="abatis" name="no findings"/>
      </testsuite>
    </testsuites>
    "#);
}

#[test]
fn csv_rows() {
    assert_snapshot!(written("csv", &sample::outcome(), &all_shown()).replace("\r\n", "\n"), @r#"
    kind,rule,title,severity,confidence,risk,blocking,path,line,column,end_line,end_column,commit,redacted,fingerprint,note,suppression,message,secret
    finding,password,Password given to a key,high,high,1 developer credentials,true,a.pem,3,1,7,,,corr****(24 bytes),09090909090909090909090909090909,,,,
    finding,ssh-key-file,File that holds an SSH key,high,high,1 developer credentials,true,backup.zip!home/id_rsa,,,,,,,04040404040404040404040404040404,,,,
    finding,github-pat,GitHub personal access token (classic),critical,high,1 developer credentials,true,deploy/settings.py,12,10,12,50,,ghp_****(40 bytes),01010101010101010101010101010101,,,,
    finding,public-acl,Storage that anyone can read,medium,high,2 public storage,false,infra/main.tf,40,9,40,22,,,03030303030303030303030303030303,acl is public-read,,,
    finding,password,Password given to a key,high,high,1 developer credentials,true,"odd/\x1b[31m\n::error::|`$(x),\xff""<b>.txt",2,9,2,33,,corr****(24 bytes),02020202020202020202020202020202,key is `corr****(24 bytes)`\u{202e},,,
    finding,github-pat,GitHub personal access token (classic),critical,high,1 developer credentials,true,old/ghp_****(40 bytes).txt,1,1,1,41,abababababababababababababababababababab,ghp_****(40 bytes),01010101010101010101010101010101,,,,
    finding,github-pat,GitHub personal access token (classic),critical,high,1 developer credentials,true,scripts/run.sh,3,10,3,50,,ghp_****(40 bytes),01010101010101010101010101010101,,,,
    suppressed,password,Password given to a key,high,high,1 developer credentials,false,tests/fixture.yml,5,11,5,35,,corr****(24 bytes),02020202020202020202020202020202,,"inline: =made for tests, was corr****(24 bytes) (by team-a, until 2030-01-31, at tests/fixture.yml:5)",,
    problem,,,,,,,lost/\x07file,,,,,,,,,,cannot be read near ghp_****(40 bytes); check its permissions,
    incomplete,,,,,,,,,,,,,,,,,1 problem kept a part from being looked at. Solve what is listed and run again.,
    warning,,,,,,,,,,,,,,,,,abatis-baseline:3: expired on 2024-01-01,
    "#);
}

#[test]
fn markdown_of_everything() {
    assert_snapshot!(written("markdown", &sample::outcome(), &all_shown()), @r#"
    # abatis report

    > **Incomplete run.** Do not take what was not reported for clean.
    >
    > - `1 problem kept a part from being looked at. Solve what is listed and run again.`
    > - `lost/\x07file`: `cannot be read near ghp_****(40 bytes); check its permissions`

    **5 findings**: 1 critical, 3 high, 1 medium.

    | Severity | Rule | Place | Places | Risk | Blocks |
    |---|---|---|---:|---|---|
    | critical | `github-pat` | `deploy/settings.py:12:10` | 3 | 1 developer credentials | yes |
    | high | `password` | `a.pem:3:1` | 1 | 1 developer credentials | yes |
    | high | `ssh-key-file` | `backup.zip!home/id_rsa` | 1 | 1 developer credentials | yes |
    | high | `password` | ``odd/\x1b[31m\n::error::\|`$(x),\xff"<b>.txt:2:9`` | 1 | 1 developer credentials | yes |
    | medium | `public-acl` | `infra/main.tf:40:9` | 1 | 2 public storage | no |

    ## What to do

    1. Rotate the secret first: whoever could read it may have it already, and taking it out of the text does not take it back.
    2. Move the value to an environment variable or a secret manager, and leave only its name in the text.
    3. Take the file out with `git rm --cached`, and name it in .gitignore.
    4. Change the setting as said under `help`.

    If it is meant to be there, say why:

    - On the line or the one above, in a comment: `abatis:allow github-pat REASON`.
    - In the baseline, for what was there before: `abatis baseline update --reason "REASON"`.

    ## Findings

    ### critical: GitHub personal access token (classic)

    - [ ] `deploy/settings.py:12:10`
    - [ ] `old/ghp_****(40 bytes).txt:1:1` in commit `ababababab`
    - [ ] `scripts/run.sh:3:10`

    ```text
    import os
    TOKEN = "ghp_****(40 bytes)"
    DEBUG = False
    ```

    - Rule: `github-pat`
    - Risk: 1 developer credentials. Whoever reads the repository can act as the owner of this credential.
    - Confidence: high, proved offline by `github-crc32`
    - Value: `ghp_****(40 bytes)`
    - Fingerprint: `01010101010101010101010101010101`
    - Help: Revoke it where it was made, then replace it wherever it is used.
    - Docs: <https://example.com/github-pat>

    ### high: Password given to a key

    - [ ] `a.pem:3:1`

    ```text
    corr****(24 bytes)
    ```

    - Rule: `password`
    - Risk: 1 developer credentials. Whoever reads the repository can act as the owner of this credential.
    - Confidence: high
    - Value: `corr****(24 bytes)`
    - Fingerprint: `09090909090909090909090909090909`
    - Help: Revoke it where it was made, then replace it wherever it is used.
    - Docs: <https://example.com/password>

    ### high: File that holds an SSH key

    - [ ] `backup.zip!home/id_rsa`

    - Rule: `ssh-key-file`
    - Risk: 1 developer credentials. Whoever reads the repository can act as the owner of this credential.
    - Confidence: high
    - Fingerprint: `04040404040404040404040404040404`
    - Help: Revoke it where it was made, then replace it wherever it is used.

    ### high: Password given to a key

    - [ ] ``odd/\x1b[31m\n::error::|`$(x),\xff"<b>.txt:2:9``

    ```text
    	鍵 = "corr****(24 bytes)" # note
    ```

    - Rule: `password`
    - Risk: 1 developer credentials. Whoever reads the repository can act as the owner of this credential.
    - Confidence: high, decoded from base64, then percent
    - Note: ``key is `corr****(24 bytes)`\u{202e}``
    - Value: `corr****(24 bytes)`
    - Fingerprint: `02020202020202020202020202020202`
    - Help: Revoke it where it was made, then replace it wherever it is used.
    - Docs: <https://example.com/password>

    ### medium: Storage that anyone can read

    - [ ] `infra/main.tf:40:9`

    ```text
      acl = "public-read"
    ```

    - Rule: `public-acl`
    - Risk: 2 public storage. Data kept this way can be read, and sometimes changed, by anyone.
    - Confidence: high
    - Note: `acl is public-read`
    - Fingerprint: `03030303030303030303030303030303`
    - Help: Set the ACL to private &amp; grant readers one by one.
    - Docs: <https://example.com/public-acl>

    ## Suppressed

    | Severity | Rule | Place | By |
    |---|---|---|---|
    | high | `password` | `tests/fixture.yml:5:11` | `inline: =made for tests, was corr****(24 bytes) (by team-a, until 2030-01-31, at tests/fixture.yml:5)` |

    ## Warnings

    - `abatis-baseline:3: expired on 2024-01-01`

    ## What was scanned

    | What | Number |
    |---|---:|
    | rules | 4 |
    | refs | 2 |
    | commits | 1,234 |
    | contents | 2,048 |
    | bytes | 3.3 MiB |
    | new bytes | 4.0 KiB |
    | skipped: too large | 1 |
    | skipped: media | 12 |
    | suppressed: inline | 1 |
    | disproved | 3 |
    | problems | 1 |
    "#);
}

#[test]
fn gitlab_issues() {
    assert_snapshot!(written("gitlab", &sample::single(), &Options::default()), @r#"
    [
      {
        "description": "GitHub personal access token (classic): ghp_****(40 bytes)",
        "check_name": "github-pat",
        "fingerprint": "8f67d41ea33a4142f7506954141bacee",
        "severity": "blocker",
        "location": {
          "path": "app/config.rb",
          "lines": {
            "begin": 7,
            "end": 7
          }
        }
      }
    ]
    "#);
}

#[test]
fn sarif_of_one_finding() {
    let mut outcome = sample::outcome();
    outcome.findings.truncate(3);
    outcome.findings.drain(..2);
    let shown = written("sarif", &outcome, &all_shown());
    let (_, results) = shown.split_once("\"results\"").unwrap();
    assert_snapshot!(results, @r#"
    : [
            {
              "ruleId": "github-pat",
              "ruleIndex": 0,
              "level": "error",
              "message": {
                "text": "GitHub personal access token (classic): ghp_****(40 bytes)."
              },
              "locations": [
                {
                  "physicalLocation": {
                    "artifactLocation": {
                      "uri": "deploy/settings.py"
                    },
                    "region": {
                      "startLine": 12,
                      "startColumn": 10,
                      "endLine": 12,
                      "endColumn": 50,
                      "snippet": {
                        "text": "ghp_****(40 bytes)"
                      }
                    },
                    "contextRegion": {
                      "startLine": 11,
                      "endLine": 13,
                      "snippet": {
                        "text": "import os\nTOKEN = \"ghp_****(40 bytes)\"\nDEBUG = False\n"
                      }
                    }
                  }
                }
              ],
              "partialFingerprints": {
                "abatis/v1": "01010101010101010101010101010101"
              },
              "suppressions": [],
              "properties": {
                "blocking": true,
                "confidence": "high",
                "proof": "github-crc32",
                "risk": {
                  "number": 1,
                  "title": "developer credentials"
                },
                "severity": "critical"
              }
            },
            {
              "ruleId": "password",
              "ruleIndex": 1,
              "level": "error",
              "message": {
                "text": "Password given to a key: corr****(24 bytes)."
              },
              "locations": [
                {
                  "physicalLocation": {
                    "artifactLocation": {
                      "uri": "tests/fixture.yml"
                    },
                    "region": {
                      "startLine": 5,
                      "startColumn": 11,
                      "endLine": 5,
                      "endColumn": 35,
                      "snippet": {
                        "text": "corr****(24 bytes)"
                      }
                    },
                    "contextRegion": {
                      "startLine": 5,
                      "endLine": 5,
                      "snippet": {
                        "text": "password: corr****(24 bytes)"
                      }
                    }
                  }
                }
              ],
              "partialFingerprints": {
                "abatis/v1": "02020202020202020202020202020202"
              },
              "suppressions": [
                {
                  "kind": "inSource",
                  "status": "accepted",
                  "justification": "inline: =made for tests, was corr****(24 bytes) (by team-a, until 2030-01-31, at tests/fixture.yml:5)"
                }
              ],
              "properties": {
                "blocking": false,
                "confidence": "high",
                "risk": {
                  "number": 1,
                  "title": "developer credentials"
                },
                "severity": "high"
              }
            }
          ],
          "properties": {
            "receipt": {
              "bytes": 3565158,
              "commits": 1234,
              "contents": 2048,
              "disproved": 3,
              "fresh_bytes": 4096,
              "moved": 9,
              "refs": 2,
              "rules": 4,
              "skipped": {
                "media": 12,
                "too large": 1
              },
              "suppressed": {
                "inline": 1
              },
              "unfinished": null
            }
          }
        }
      ]
    }
    "#);
}

#[test]
fn sarif_of_the_rules() {
    let shown = written("sarif", &sample::clean(), &Options::default());
    assert_snapshot!(shown.lines().take(38).collect::<Vec<_>>().join("\n"), @r#"
    {
      "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
      "version": "2.1.0",
      "runs": [
        {
          "tool": {
            "driver": {
              "name": "abatis",
              "semanticVersion": "0.1.0",
              "rules": [
                {
                  "id": "github-pat",
                  "name": "GithubPat",
                  "shortDescription": {
                    "text": "GitHub personal access token (classic)"
                  },
                  "fullDescription": {
                    "text": "GitHub personal access token (classic). Whoever reads the repository can act as the owner of this credential."
                  },
                  "help": {
                    "text": "Revoke it where it was made, then replace it wherever it is used.",
                    "markdown": "Revoke it where it was made, then replace it wherever it is used.\n\nDocumentation: <https://example.com/github-pat>"
                  },
                  "helpUri": "https://example.com/github-pat",
                  "defaultConfiguration": {
                    "level": "error"
                  },
                  "properties": {
                    "precision": "high",
                    "risk": {
                      "number": 1,
                      "title": "developer credentials"
                    },
                    "security-severity": "9.5",
                    "tags": [
                      "security",
                      "external/cwe/cwe-798",
                      "sample"
    "#);
}
