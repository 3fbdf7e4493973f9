//! The gate behind everything that carries a push: files, git's daemon, smart HTTP, ssh.
//!
//! A program that is not there skips its test, and says so.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use super::{Pair, said, script, secret};
use crate::support::Repo;

/// Ends with the test.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn wait_for(port: u16) -> bool {
    let started = Instant::now();
    while started.elapsed() < Duration::from_secs(20) {
        if TcpStream::connect(("127.0.0.1", port)).is_ok() {
            return true;
        }
        thread::sleep(Duration::from_millis(50));
    }
    false
}

#[expect(clippy::print_stdout, reason = "a test that skips says so")]
fn skip(why: &str) {
    println!("SKIPPED: {why}");
}

/// Pushes of every kind: clean ones are let in, those with a secret are refused and leave nothing.
fn check(pair: &Pair, url: &str, prepare: impl Fn(&mut Command)) {
    let (server, client) = (&pair.server, &pair.client);
    let push = |arguments: &[&str]| {
        let mut command = client.command("git");
        command.env("GIT_ALLOW_PROTOCOL", "file:git:http:ssh");
        prepare(&mut command);
        command
            .arg("push")
            .args(&arguments[..arguments.len() - 1])
            .args([url, arguments[arguments.len() - 1]]);
        command.output().unwrap()
    };
    let passes = |arguments: &[&str]| {
        let output = push(arguments);
        assert!(output.status.success(), "{url} {arguments:?}: {}", said(&output));
    };
    let refused = |arguments: &[&str], objects: &[&str]| {
        let before = server.git(&["for-each-ref"]);
        let output = push(arguments);
        let text = said(&output);
        let told = text.contains("remote: abatis: push refused");
        assert!(!output.status.success() && told, "{url} {arguments:?}: {text}");
        for object in objects {
            assert!(!pair.has(object), "{url} {arguments:?} left {object}");
        }
        assert_eq!(server.git(&["for-each-ref"]), before);
    };
    server.config("receive.advertisePushOptions", "true");
    let base = client.commit_files("one", &[("a.txt", "a\n")]);
    passes(&["main"]);
    let bad = client.commit_files("two", &[("b.txt", &secret(1))]);
    refused(&["main"], &[&bad]);
    // Added and removed in one push; by force; as something else than a branch.
    let blob = client.git(&["rev-parse", "HEAD:b.txt"]);
    client.git(&["rm", "-q", "b.txt"]);
    let gone = client.commit("three");
    refused(&["main"], &[&bad, &gone, &blob]);
    refused(&["--force", "main:refs/for/main"], &[&bad, &blob]);
    client.git(&["reset", "-q", "--hard", &base]);
    client.git(&["tag", "-a", "-m", &secret(2), "said"]);
    refused(&["said"], &[&client.git(&["rev-parse", "said"])]);
    client.git(&["tag", "-a", "-m", "of a blob", "of-blob", &blob]);
    refused(&["of-blob"], &[&blob]);
    client.git(&["tag", "light", &blob]);
    refused(&["light"], &[&blob]);
    client.git(&["notes", "add", "-m", &secret(3)]);
    refused(&["refs/notes/commits"], &[&client.git(&["rev-parse", "refs/notes/commits"])]);
    client.git(&["tag", "-a", "-m", "clean", "clean"]);
    passes(&["clean"]);
    // Small pushes are loose objects, large ones a pack.
    for number in 0..60 {
        client.commit_files("many", &[("c.txt", &format!("{number}\n"))]);
    }
    passes(&["main"]);
    passes(&["--force", "HEAD~3:main"]);
    passes(&["main:refs/heads/other"]);
    passes(&["--delete", "other"]);
    for number in 0..60 {
        client.commit_files(
            "many",
            &[("d.txt", &format!("{number}\n{}", if number == 30 { secret(4) } else { String::new() }))],
        );
    }
    refused(&["main"], &[&client.git(&["rev-parse", "HEAD~29:d.txt"]), &client.git(&["rev-parse", "HEAD"])]);
    // Nobody may allow it unless the server says so.
    let wish = ["-o", "abatis.allow=github-pat", "-o", "abatis.reason=SEC-1 made", "main"];
    refused(&wish, &[&client.git(&["rev-parse", "HEAD"])]);
    let permission =
        "schema = 1\n[gate]\nlog = \"override.log\"\n[[gate.override]]\nrules = [\"github-pat\"]\n";
    fs::write(server.path().join("abatis.toml"), permission).unwrap();
    passes(&wish);
    assert_eq!(server.read("override.log").iter().filter(|byte| **byte == b'\n').count(), 1);
}

#[test]
fn files() {
    let pair = Pair::new("");
    check(&pair, &format!("file://{}", pair.server.path().display()), |_| {});
}

#[test]
fn git_daemon() {
    let pair = Pair::new("");
    let (port, parent) = (free_port(), pair.server.path().parent().unwrap());
    // Not by way of `git`, which would be ended in its place.
    let mut command = pair.server.command(Path::new(&pair.server.git(&["--exec-path"])).join("git-daemon"));
    command.args(["--reuseaddr", "--export-all", "--enable=receive-pack", "--listen=127.0.0.1"]);
    command.arg(format!("--port={port}")).arg(format!("--base-path={}", parent.display()));
    let Ok(child) = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn() else {
        return skip("git daemon cannot be run");
    };
    let _server = Server(child);
    if !wait_for(port) {
        return skip("git daemon does not listen");
    }
    check(&pair, &format!("git://127.0.0.1:{port}/work"), |_| {});
}

/// A small server around `git http-backend`.
const BACKEND: &str = r"
import os, subprocess, sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
class Handler(BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.0'
    def log_message(self, *words): pass
    def serve(self):
        path, _, query = self.path.partition('?')
        body = self.rfile.read(int(self.headers.get('content-length') or 0))
        if (self.headers.get('transfer-encoding') or '') == 'chunked':
            body = b''
            while True:
                size = int(self.rfile.readline().strip(), 16)
                body += self.rfile.read(size)
                self.rfile.readline()
                if size == 0: break
        env = dict(os.environ, GIT_PROJECT_ROOT=sys.argv[1], GIT_HTTP_EXPORT_ALL='1', PATH_INFO=path, QUERY_STRING=query,
                   REQUEST_METHOD=self.command, CONTENT_TYPE=self.headers.get('content-type') or '', REMOTE_USER='tester',
                   REMOTE_ADDR='127.0.0.1', CONTENT_LENGTH=str(len(body)), HTTP_CONTENT_ENCODING=self.headers.get('content-encoding') or '',
                   GIT_PROTOCOL=self.headers.get('git-protocol') or '')
        out = subprocess.run(['git', 'http-backend'], input=body, env=env, stdout=subprocess.PIPE).stdout
        head, _, rest = out.partition(b'\r\n\r\n')
        status, lines = 200, []
        for line in head.decode().split('\r\n'):
            name, _, value = line.partition(': ')
            if name.lower() == 'status': status = int(value.split()[0])
            elif name: lines.append((name, value))
        self.send_response(status)
        for name, value in lines: self.send_header(name, value)
        self.end_headers()
        self.wfile.write(rest)
    do_GET = do_POST = serve
server = ThreadingHTTPServer(('127.0.0.1', 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()
";

#[test]
fn smart_http() {
    let pair = Pair::new("");
    pair.server.config("http.receivepack", "true");
    let mut command = pair.server.command("python3");
    command.arg("-c").arg(BACKEND).arg(pair.server.path().parent().unwrap());
    let Ok(mut child) = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn() else {
        return skip("python3 is not there");
    };
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let _server = Server(child);
    let Ok(port) = line.trim().parse::<u16>() else { return skip("the server does not listen") };
    check(&pair, &format!("http://127.0.0.1:{port}/work"), |_| {});
}

#[test]
fn ssh() {
    let sshd = Path::new("/usr/sbin/sshd");
    let place = Repo::outside();
    let keygen = |file: &str| {
        let mut command = place.command("ssh-keygen");
        command
            .args(["-q", "-t", "ed25519", "-N", "", "-f", file])
            .status()
            .is_ok_and(|status| status.success())
    };
    if !sshd.exists() || !keygen("host") || !keygen("user") {
        return skip("sshd or ssh-keygen is not there");
    }
    let pair = Pair::new("");
    let (port, folder) = (free_port(), place.path());
    fs::copy(folder.join("user.pub"), folder.join("authorized_keys")).unwrap();
    // The account's shell would look for git where the tests do.
    script(
        &folder.join("command"),
        &format!(
            "export PATH='{}'\nexec git-shell -c \"$SSH_ORIGINAL_COMMAND\"",
            std::env::var("PATH").unwrap()
        ),
    );
    let config = format!(
        "ListenAddress 127.0.0.1\nPort {port}\nHostKey {0}/host\nAuthorizedKeysFile {0}/authorized_keys\nPidFile none\n\
         StrictModes no\nUsePAM no\nPasswordAuthentication no\nPermitRootLogin yes\nForceCommand {0}/command\n",
        folder.display()
    );
    fs::write(folder.join("sshd_config"), config).unwrap();
    let mut command = place.command(sshd);
    command.args(["-D", "-e", "-f"]).arg(folder.join("sshd_config"));
    let Ok(child) = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn() else {
        return skip("sshd cannot be run");
    };
    let _server = Server(child);
    if !wait_for(port) {
        return skip("sshd does not listen");
    }
    let options =
        "-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o IdentitiesOnly=yes -o BatchMode=yes";
    let ssh = format!("ssh -F none -i '{}/user' {options}", folder.display());
    let probe =
        place.command("sh").args(["-c", &format!("{ssh} -p {port} 127.0.0.1 true")]).output().unwrap();
    if said(&probe).contains("Permission denied") || said(&probe).contains("not found") {
        return skip("nobody may log in by ssh here");
    }
    let url = format!("ssh://127.0.0.1:{port}{}", pair.server.path().display());
    check(&pair, &url, |command| {
        command.env("GIT_SSH_COMMAND", &ssh);
    });
}
