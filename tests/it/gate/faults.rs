//! Whatever goes wrong refuses the push, in a line that says why, and leaves nothing behind.

use std::{
    fs,
    process::Output,
    thread,
    time::{Duration, Instant},
};

use super::{Pair, filler, said, secret};
use crate::support::feed;

const ZERO: &str = "0000000000000000000000000000000000000000";

/// Runs the hook by hand with these lines.
fn run(pair: &Pair, options: &[&str], input: &[u8]) -> Output {
    let mut command = pair.server.abatis();
    command.arg("pre-receive").args(options);
    feed(&mut command, input)
}

#[track_caller]
fn fails(output: &Output, words: &str) {
    let text = said(output);
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(text.contains("push refused") && text.contains(words), "{text}");
}

#[test]
fn input_that_makes_no_sense() {
    let pair = Pair::new("");
    let tip = pair.client.commit_files("one", &[("a.txt", "a\n")]);
    pair.accepted(&["main"]);
    fails(&run(&pair, &[], b""), "no ref updates");
    fails(&run(&pair, &[], format!("{ZERO} {tip} refs/hea").as_bytes()), "cut short");
    fails(&run(&pair, &[], b"\xff\xfe\0\n"), "no ref update");
    let unknown = "1234567890123456789012345678901234567890";
    fails(&run(&pair, &[], format!("{ZERO} {unknown} refs/heads/x\n").as_bytes()), "not in the object store");
    let mut garbage = format!("{ZERO} {tip} ").into_bytes();
    garbage.extend(b"refs/heads/\xff\x1b[31m\xc3\n");
    assert_eq!(run(&pair, &[], &garbage).status.code(), Some(0));
    fails(&run(&pair, &["--config", "missing.toml"], &garbage), "missing.toml");
}

#[test]
fn configuration_that_cannot_be_used() {
    let pair = Pair::new("");
    pair.client.commit_files("one", &[("a.txt", "a\n")]);
    let config = pair.server.path().join("abatis.toml");
    for broken in [
        "this is not toml",
        "schema = 1\n[gate]\nbudget = \"soon\"\n",
        "schema = 1\n[gate]\nunknown = 1\n",
        "schema = 1\n[[gate.policy]]\nwarn = [\"no-such-rule\"]\n",
        "schema = 1\n[[rule]]\nid = \"x\"\npattern = '('\n",
        "schema = 1\nextend = [\"missing.toml\"]\n",
        "schema = 1\nextend = [\"broken.toml\"]\n",
    ] {
        fs::write(pair.server.path().join("broken.toml"), "schema = 1\n[[rule]\n").unwrap();
        fs::write(&config, broken).unwrap();
        let text = pair.refused(&["main"]);
        assert!(text.contains(".toml"), "{text}");
        nothing_left(&pair);
    }
    fs::write(&config, "schema = 1\n").unwrap();
    pair.accepted(&["main"]);
    pair.client.commit_files("two", &[(".abatis.toml", "not toml either")]);
    let text = pair.refused(&["main"]);
    assert!(text.contains("cannot be used"), "{text}");
    // The caret stands below what it points at.
    let place = |words: &str| text.lines().find_map(|line| line.find(words));
    assert_eq!(place("either"), place("^").map(|caret| caret + 5), "{text}");
}

#[test]
fn objects_that_cannot_be_read() {
    let pair = Pair::new("");
    pair.open();
    pair.client.commit_files("one", &[("a.txt", &filler(5)), ("b.txt", "b\n")]);
    pair.accepted(&["main"]);
    let blob = pair.client.git(&["rev-parse", "HEAD:a.txt"]);
    let tip = pair.client.git(&["rev-parse", "HEAD"]);
    pair.server.git(&["update-ref", "-d", "refs/heads/main"]);
    let file = pair.server.path().join("objects").join(&blob[..2]).join(&blob[2..]);
    let whole = fs::read(&file).unwrap();
    let line = format!("{ZERO} {tip} refs/heads/main\n");
    assert_eq!(run(&pair, &[], line.as_bytes()).status.code(), Some(0));
    fs::remove_file(&file).unwrap();
    fs::write(&file, &whole[..whole.len() / 2]).unwrap();
    let output = run(&pair, &[], line.as_bytes());
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    fs::remove_file(&file).unwrap();
    let output = run(&pair, &[], line.as_bytes());
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    assert!(said(&output).contains(&blob), "{}", said(&output));
}

#[test]
fn packs_that_are_damaged() {
    let pair = Pair::new("");
    pair.open();
    for number in 0..40 {
        let text = format!("{number}\n{}", filler(200));
        pair.client.commit_files("one", &[("a.txt", &text), ("b.txt", &format!("{number}\n"))]);
    }
    let tip = pair.client.git(&["rev-parse", "HEAD"]);
    pair.client.git(&["repack", "-adfq"]);
    let from = pair.client.path().join(".git/objects/pack");
    let to = pair.server.path().join("objects/pack");
    let mut pack = std::path::PathBuf::new();
    for file in fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), to.join(file.file_name())).unwrap();
        if file.path().extension().is_some_and(|end| end == "pack") {
            pack = to.join(file.file_name());
        }
    }
    let line = format!("{ZERO} {tip} refs/heads/main\n");
    let ways: [&[&str]; 2] = [&["--read", "commits"], &["--read", "packs"]];
    for options in ways {
        assert_eq!(run(&pair, options, line.as_bytes()).status.code(), Some(0));
    }
    let whole = fs::read(&pack).unwrap();
    let mut changed = whole.clone();
    for byte in &mut changed[whole.len() / 3..whole.len() / 3 + 200] {
        *byte ^= 0x55;
    }
    let damaged: [(&str, &[u8]); 3] =
        [("cut", &whole[..whole.len() / 2]), ("changed", &changed), ("empty", &[])];
    for (how, bytes) in damaged {
        fs::remove_file(&pack).unwrap();
        fs::write(&pack, bytes).unwrap();
        for options in ways {
            let output = run(&pair, options, line.as_bytes());
            let text = said(&output);
            assert_eq!(output.status.code(), Some(2), "{how} {options:?}: {text}");
            assert!(text.contains("push refused"), "{how} {options:?}: {text}");
        }
    }
}

/// A push that was refused leaves neither references nor objects, not even in a folder put aside.
#[track_caller]
fn nothing_left(pair: &Pair) {
    assert_eq!(pair.server.git(&["for-each-ref"]), "");
    let objects = fs::read_dir(pair.server.path().join("objects")).unwrap();
    let names: Vec<String> =
        objects.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
    assert!(names.iter().all(|name| name == "info" || name == "pack"), "{names:?}");
    assert_eq!(fs::read_dir(pair.server.path().join("objects/pack")).unwrap().count(), 0);
}

/// As servers should run it: an account that owns nothing, and files that nobody may write.
#[cfg(target_os = "linux")]
#[test]
fn an_account_without_rights_and_files_that_are_read_only() {
    use crate::support::Repo;
    use std::{os::unix::fs::PermissionsExt as _, process::Stdio};
    let place = Repo::outside();
    let mut probe = place.command("setpriv");
    probe.args(["--reuid=65534", "--regid=65534", "--clear-groups", "true"]).stderr(Stdio::null());
    if !probe.status().is_ok_and(|status| status.success()) {
        println!("SKIPPED: another account cannot be used here");
        return;
    }
    let root = place.path().parent().unwrap();
    fs::set_permissions(root, fs::Permissions::from_mode(0o755)).unwrap();
    let program = root.join("abatis");
    fs::copy(env!("CARGO_BIN_EXE_abatis"), &program).unwrap();
    let client = Repo::new();
    let clean = client.commit_files("one", &[("a.txt", "a\n")]);
    let bad = client.commit_files("two", &[("b.txt", &secret(1))]);
    let server = place.path().join("server.git");
    place.git(&["init", "-q", "--bare", "server.git"]);
    client.git(&["push", "-q", server.to_str().unwrap(), "main"]);
    place.git(&["--git-dir", server.to_str().unwrap(), "update-ref", "-d", "refs/heads/main"]);
    fs::write(server.join("abatis.toml"), "schema = 1\n").unwrap();
    for path in [&server, place.path()] {
        let mut command = place.command("chmod");
        assert!(command.args(["-R", "a+rX,a-w"]).arg(path).status().unwrap().success());
    }
    for (tip, code) in [(&clean, 0), (&bad, 1)] {
        let mut command = place.command("setpriv");
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(&program).arg("pre-receive");
        command.env_clear().env("GIT_DIR", ".").current_dir(&server);
        command.env("PATH", std::env::var_os("PATH").unwrap());
        let output = feed(&mut command, format!("{ZERO} {tip} refs/heads/main\n").as_bytes());
        assert_eq!(output.status.code(), Some(code), "{}", said(&output));
    }
    // So that it can be removed again, whoever runs this.
    place.command("chmod").args(["-R", "u+w"]).arg(place.path()).status().unwrap();
}

#[test]
fn time_that_does_not_suffice() {
    let pair = Pair::new("--budget 1ms");
    pair.client.commit_files("one", &[("a.txt", &filler(20_000))]);
    let text = pair.refused(&["main"]);
    assert!(text.contains("time ran out"), "{text}");
    pair.close("--budget 1ms --on-timeout allow");
    let text = pair.accepted(&["main"]);
    assert!(text.contains("time ran out"), "{text}");
    pair.close("--budget soon");
    pair.client.commit_files("two", &[("a.txt", "a\n")]);
    assert!(pair.refused(&["main"]).contains("--budget"));
}

#[test]
fn a_hook_that_is_killed_refuses() {
    let pair = Pair::new("");
    let program = env!("CARGO_BIN_EXE_abatis");
    pair.client.commit_files("one", &[("a.txt", "a\n")]);
    pair.server.hook("pre-receive", &format!("'{program}' pre-receive <&0 & kill -9 $!; wait $!"));
    assert!(!pair.push(&["main"]).status.success());
    assert!(!pair.has(&pair.client.git(&["rev-parse", "HEAD"])));
    nothing_left(&pair);
    // In the middle of its work, too.
    for number in 0..120 {
        pair.client.commit_files("more", &[("a.txt", &format!("{number}\n{}", filler(2000)))]);
    }
    let hook = format!("'{program}' pre-receive <&0 & sleep 0.05; kill -9 $! 2>/dev/null; wait $!; exit 1");
    pair.server.hook("pre-receive", &hook);
    assert!(!pair.push(&["main"]).status.success());
    nothing_left(&pair);
}

#[test]
fn neither_home_nor_path_nor_locale_is_needed() {
    let pair = Pair::new("");
    let tip = pair.client.commit_files("one", &[("a.txt", &secret(1))]);
    pair.open();
    pair.accepted(&["main"]);
    pair.server.git(&["update-ref", "-d", "refs/heads/main"]);
    let mut command = pair.server.abatis();
    command.env_clear().arg("pre-receive");
    let output = feed(&mut command, format!("{ZERO} {tip} refs/heads/main\n").as_bytes());
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    // What a user configures for themselves has no say.
    let config = pair.server.home().join(".config/abatis");
    fs::create_dir_all(&config).unwrap();
    fs::write(config.join("config.toml"), "schema = 1\n[scan]\nfail-on = \"never\"\n").unwrap();
    let mut command = pair.server.abatis();
    command.arg("pre-receive").env("ABATIS_SKIP", "because I say so");
    let output = feed(&mut command, format!("{ZERO} {tip} refs/heads/main\n").as_bytes());
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
}

/// Many pushes at once; `ABATIS_HEAVY=1` makes them 200.
#[test]
fn many_pushes_at_once() {
    let number = if std::env::var_os("ABATIS_HEAVY").is_some() { 200 } else { 12 };
    let pair = Pair::new("");
    let client = &pair.client;
    client.commit_files("base", &[("a.txt", "a\n")]);
    pair.accepted(&["main"]);
    for place in 0..number {
        let bad = place % 2 == 1;
        let content = if bad { secret(1) } else { format!("clean {place}\n") };
        client.git(&["checkout", "-q", "-b", &format!("b{place}"), "main"]);
        client.commit_files("more", &[("b.txt", &content)]);
    }
    thread::scope(|scope| {
        for place in 0..number {
            let pair = &pair;
            scope.spawn(move || {
                let output = pair.push(&[&format!("b{place}")]);
                assert_eq!(output.status.success(), place % 2 == 0, "{place}: {}", said(&output));
            });
        }
    });
    let refs = pair.server.git(&["for-each-ref", "--format=%(refname)"]);
    assert_eq!(refs.lines().count(), 1 + number / 2);
}

/// Very many references in one push; `ABATIS_HEAVY=1` makes them 100,000.
#[test]
fn very_many_references() {
    let number = if std::env::var_os("ABATIS_HEAVY").is_some() { 100_000 } else { 2_000 };
    let pair = Pair::new("");
    let tip = pair.client.commit_files("one", &[("a.txt", "a\n")]);
    pair.accepted(&["main"]);
    let lines: String = (0..number).map(|place| format!("{ZERO} {tip} refs/heads/b{place}\n")).collect();
    let started = Instant::now();
    assert_eq!(run(&pair, &[], lines.as_bytes()).status.code(), Some(0));
    assert!(started.elapsed() < Duration::from_secs(60));
    let bad = pair.client.commit_files("two", &[("a.txt", &secret(1))]);
    pair.open();
    pair.accepted(&["main:refs/heads/left"]);
    pair.server.git(&["update-ref", "-d", "refs/heads/left"]);
    let lines = format!("{lines}{ZERO} {bad} refs/heads/last\n");
    assert_eq!(run(&pair, &[], lines.as_bytes()).status.code(), Some(1));
}

/// A file system without room: only where one can be mounted.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_refuses() {
    use crate::support::Repo;
    use std::{io::Write as _, process::Stdio};
    let place = Repo::outside();
    let folder = place.path().join("small");
    fs::create_dir(&folder).unwrap();
    let mut mount = place.command("mount");
    mount.args(["-t", "tmpfs", "-o", "size=64k", "tmpfs"]).arg(&folder).stderr(Stdio::null());
    if !mount.status().is_ok_and(|status| status.success()) {
        println!("SKIPPED: no file system can be mounted here");
        return;
    }
    let mut file = fs::File::create(folder.join("pushes.jsonl")).unwrap();
    drop(file.write_all(&vec![b'x'; 1 << 20]));
    let pair = Pair::new(&format!("--record '{}'", folder.join("pushes.jsonl").display()));
    pair.client.commit_files("one", &[("a.txt", "a\n")]);
    let output = pair.push(&["main"]);
    let text = said(&output);
    // An override that cannot be written down does not count.
    pair.close("");
    pair.server.config("receive.advertisePushOptions", "true");
    let config = format!(
        "schema = 1\n[gate]\nlog = '{}'\n[[gate.override]]\nrules = [\"*\"]\n",
        folder.join("override.log").display()
    );
    fs::write(pair.server.path().join("abatis.toml"), config).unwrap();
    pair.client.commit_files("two", &[("b.txt", &secret(1))]);
    let allow = pair.push(&["-o", "abatis.allow=*", "-o", "abatis.reason=SEC-17 made", "main"]);
    let left = fs::metadata(folder.join("override.log")).map_or(0, |meta| meta.len());
    drop(file);
    assert!(place.command("umount").arg(&folder).status().unwrap().success());
    assert!(!output.status.success() && text.contains("cannot write the record"), "{text}");
    assert!(!allow.status.success() && said(&allow).contains("override.log"), "{}", said(&allow));
    assert_eq!(left, 0);
    nothing_left(&pair);
}
