//! `abatis install` and `uninstall`: hooks that git really runs, beside whatever was there before.
//!
//! A list of steps is made first, then shown or taken. A hook that was there is kept and runs after ours; taking
//! ours away gives back what was there, byte for byte. Must not scan.

pub(crate) mod git;
pub(crate) mod place;
pub(crate) mod server;
pub(crate) mod shim;
mod steps;

use std::{
    ffi::OsString,
    fs, io,
    path::{Path, PathBuf},
};

use anyhow::{Result, bail};
use bstr::ByteSlice as _;

use super::args::{InstallArgs, UninstallArgs};
use git::{Git, shell_path, words};
use place::{Manager, Repository};
use shim::{After, CHAINED, LEGACY, MOVED, Shim};
use steps::{Step, Steps};

/// Hooks that scan.
pub(crate) const HOOKS: [&str; 4] = ["pre-commit", "commit-msg", "pre-merge-commit", "pre-push"];

/// All other hooks that git looks for in a folder of hooks; with `core.hooksPath` set to a folder of ours, the
/// repositories' own must still run. Left out are push-to-checkout and proc-receive: git does something else where
/// they merely exist.
const FORWARDED: [&str; 20] = [
    "applypatch-msg",
    "pre-applypatch",
    "post-applypatch",
    "prepare-commit-msg",
    "post-commit",
    "pre-rebase",
    "post-checkout",
    "post-merge",
    "pre-receive",
    "update",
    "post-receive",
    "post-update",
    "reference-transaction",
    "pre-auto-gc",
    "post-rewrite",
    "sendemail-validate",
    "post-index-change",
    "p4-changelist",
    "p4-prepare-changelist",
    "p4-pre-submit",
];

/// Runs `abatis install`.
pub(crate) fn install(args: &InstallArgs) -> Result<()> {
    if let Some(repositories) = served(&args.server, args.all.as_deref())? {
        let mut steps = Steps::default();
        server::install(&repositories, args.layout, &mut steps)?;
        return steps.finish(args.dry_run, &mut io::stdout().lock());
    }
    let hooks = known(&args.hooks)?;
    let git = Git::new(".")?;
    let program = shell_path(&place::program()?)?;
    let mut steps = Steps::default();
    let config = git.has_config_hooks() && !args.files;
    if args.template {
        install_template(&git, &hooks, &program, &mut steps)?;
    } else if args.global && config {
        install_config(&git, "--global", &hooks, &program, &mut steps)?;
    } else if args.global {
        install_global(&git, &hooks, &program, &mut steps)?;
    } else {
        let repository = Repository::open(&git)?;
        if config {
            install_config(&repository.git, "--local", &hooks, &program, &mut steps)?;
        } else {
            install_files(&repository, &hooks, &program, &mut steps)?;
        }
    }
    steps.finish(args.dry_run, &mut io::stdout().lock())
}

/// Runs `abatis uninstall`.
pub(crate) fn uninstall(args: &UninstallArgs) -> Result<()> {
    if let Some(repositories) = served(&args.server, args.all.as_deref())? {
        let mut steps = Steps::default();
        server::uninstall(&repositories, args.layout, &mut steps)?;
        return steps.finish(args.dry_run, &mut io::stdout().lock());
    }
    let hooks = known(&args.hooks)?;
    let all = hooks.len() == HOOKS.len();
    let git = Git::new(".")?;
    let mut steps = Steps::default();
    if args.template {
        let own = place::data_folder()?.join("template");
        let folder = git.path_in("--global", "init.templateDir")?.unwrap_or_else(|| own.clone());
        remove_files(&folder.join("hooks"), &hooks, &mut steps)?;
        if folder == own && all {
            steps.add(Step::Config {
                git: git.clone(),
                arguments: words(["--global", "--unset", "init.templateDir"]),
            });
            steps.add(Step::RemoveFolder(own));
        }
    } else if args.global {
        remove_config(&git, "--global", &hooks, &mut steps)?;
        let own = place::data_folder()?.join("hooks");
        match git.path_in("--global", "core.hooksPath")? {
            Some(folder) if folder == own && all => {
                steps.add(Step::Config {
                    git: git.clone(),
                    arguments: words(["--global", "--unset", "core.hooksPath"]),
                });
                steps.add(Step::RemoveFolder(own));
            }
            Some(folder) if folder == own => forward_only(&folder, &hooks, &mut steps)?,
            Some(folder) => remove_files(&folder, &hooks, &mut steps)?,
            None => {}
        }
    } else {
        let repository = Repository::open(&git)?;
        remove_config(&repository.git, "--local", &hooks, &mut steps)?;
        let own = repository.common.join("hooks");
        if repository.hooks_path.as_ref().is_none_or(git::Setting::is_own) {
            remove_files(&repository.hooks, &hooks, &mut steps)?;
            if let Manager::Husky(folder) = repository.manager() {
                remove_lines(&folder, &hooks, &mut steps)?;
            }
        }
        if own != repository.hooks {
            remove_files(&own, &hooks, &mut steps)?;
        }
    }
    if steps.is_empty() {
        steps.note("nothing of abatis is installed here".to_owned());
    }
    steps.finish(args.dry_run, &mut io::stdout().lock())
}

/// The repositories of a server that are meant, if any are.
fn served(named: &[PathBuf], all: Option<&Path>) -> Result<Option<Vec<PathBuf>>> {
    let mut repositories = named.to_vec();
    if let Some(folder) = all {
        repositories.extend(server::below(folder)?);
    }
    Ok((!repositories.is_empty()).then_some(repositories))
}

/// The hooks named, or all.
fn known(names: &[String]) -> Result<Vec<&'static str>> {
    if names.is_empty() {
        return Ok(HOOKS.to_vec());
    }
    let mut hooks = Vec::new();
    for name in names {
        let Some(hook) = HOOKS.into_iter().find(|hook| hook == name) else {
            bail!("{name}: not a hook that abatis knows; it knows {}", HOOKS.join(", "));
        };
        if !hooks.contains(&hook) {
            hooks.push(hook);
        }
    }
    Ok(hooks)
}

/// Hooks in git's own configuration: no files, and nothing that a hook manager could write over.
fn install_config(git: &Git, scope: &str, hooks: &[&str], program: &str, steps: &mut Steps) -> Result<()> {
    for hook in hooks {
        let name = shim::config_name(hook);
        let command = shim::config_command(hook, program);
        let (command_key, event_key) = (format!("hook.{name}.command"), format!("hook.{name}.event"));
        let get = |key: &str| -> Result<Vec<u8>> { Ok(git.run(["config", scope, "--get-all", key])?.stdout) };
        if get(&command_key)? == format!("{command}\n").as_bytes()
            && get(&event_key)? == format!("{hook}\n").as_bytes()
        {
            steps.note(format!("{hook}: already installed as hook.{name} in git's configuration"));
            continue;
        }
        let set = |key: &str, value: &str| Step::Config {
            git: git.clone(),
            arguments: words([scope, "--replace-all", key, value]),
        };
        steps.add(set(&command_key, &command));
        steps.add(set(&event_key, hook));
    }
    steps.note(
        "git before 2.54 and programs with a git of their own do not run hooks from the configuration; if you use \
         one, install files instead: --files"
            .to_owned(),
    );
    Ok(())
}

fn remove_config(git: &Git, scope: &str, hooks: &[&str], steps: &mut Steps) -> Result<()> {
    for hook in hooks {
        let section = format!("hook.{}", shim::config_name(hook));
        let pattern = format!("^hook\\.{}\\.", shim::config_name(hook));
        let found = git.run(["config", scope, "--get-regexp", &pattern])?;
        if found.status.success() {
            steps.add(Step::Config {
                git: git.clone(),
                arguments: words([scope, "--remove-section", &section]),
            });
        }
    }
    Ok(())
}

/// Files in the folder that git looks in, or lines in the files that husky calls.
fn install_files(repository: &Repository, hooks: &[&str], program: &str, steps: &mut Steps) -> Result<()> {
    let covered = place::data_folder()?.join("hooks");
    if repository.hooks == covered {
        steps.note(format!("already installed for every repository, in {}", covered.display()));
        return Ok(());
    }
    repository.check_own()?;
    match repository.manager() {
        Manager::Husky(folder) => {
            if !repository.hooks.is_dir() {
                steps.note(format!(
                    "{} is missing, so git runs no hook at all: run husky first (npm install, or npx husky)",
                    repository.hooks.display()
                ));
            }
            add_lines(&folder, hooks, steps)?;
        }
        Manager::Shared => {
            steps.note(format!(
                "{} lies in the working tree: commit what changes there, and others need abatis on PATH",
                repository.hooks.display()
            ));
            add_files(&repository.hooks, hooks, None, steps)?;
        }
        Manager::None => add_files(&repository.hooks, hooks, Some(program), steps)?,
    }
    for tool in repository.rewriters() {
        steps.note(match tool {
            "lefthook" => "lefthook writes its hooks anew whenever it is installed, and abatis is then no longer called: \
                           name it in lefthook.yml too (pre-commit: commands: abatis: run: abatis hook pre-commit)"
                .to_owned(),
            _ => "the pre-commit framework is set up here; abatis runs before it, and can be one of its hooks instead \
                  (id abatis)"
                .to_owned(),
        });
    }
    Ok(())
}

/// A folder of ours for all repositories, or the user's own folder.
fn install_global(git: &Git, hooks: &[&str], program: &str, steps: &mut Steps) -> Result<()> {
    let own = place::data_folder()?.join("hooks");
    let set = git.path_in("--global", "core.hooksPath")?;
    if let Some(folder) = set.as_ref().filter(|folder| **folder != own) {
        return add_files(folder, hooks, Some(program), steps);
    }
    for hook in HOOKS.into_iter().filter(|hook| hooks.contains(hook)) {
        let text = Shim { hook, program: Some(program), after: After::Repository }.text();
        steps.write_file(own.join(hook), text.into_bytes(), hook)?;
    }
    let rest: Vec<&str> = HOOKS.into_iter().chain(FORWARDED).filter(|hook| !hooks.contains(hook)).collect();
    let rest: Vec<&str> = rest.into_iter().filter(|hook| !scans(&own.join(hook), hook)).collect();
    forward_only(&own, &rest, steps)?;
    if set.is_none() {
        let arguments = [OsString::from("--global"), "core.hooksPath".into(), own.into_os_string()].into();
        steps.add(Step::Config { git: git.clone(), arguments });
    }
    steps.note("repositories with a core.hooksPath of their own (husky) need their own install".to_owned());
    Ok(())
}

/// True if this file of ours scans, and does not only forward.
fn scans(path: &Path, hook: &str) -> bool {
    let call = format!(" hook {hook} ");
    fs::read_to_string(path).is_ok_and(|text| shim::is_ours(text.as_bytes()) && text.contains(&call))
}

fn forward_only(folder: &Path, hooks: &[&str], steps: &mut Steps) -> Result<()> {
    for hook in hooks {
        let path = folder.join(hook);
        let text = shim::forward_text(hook).into_bytes();
        if fs::read(&path).ok().as_ref() != Some(&text) {
            steps.add(Step::Write { path, content: text, executable: true });
        }
    }
    Ok(())
}

/// The folder that `git init` and `git clone` copy.
fn install_template(git: &Git, hooks: &[&str], program: &str, steps: &mut Steps) -> Result<()> {
    let own = place::data_folder()?.join("template");
    let set = git.path_in("--global", "init.templateDir")?;
    let folder = set.clone().unwrap_or_else(|| own.clone());
    if set.is_none() {
        // What git's own template has besides samples, since ours takes its place.
        let exclude = own.join("info").join("exclude");
        if !exclude.exists() {
            let content = b"# Paths that git ignores in this repository only.\n".to_vec();
            steps.add(Step::Write { path: exclude, content, executable: false });
        }
    }
    add_files(&folder.join("hooks"), hooks, Some(program), steps)?;
    if set.is_none() {
        let arguments = [OsString::from("--global"), "init.templateDir".into(), own.into_os_string()].into();
        steps.add(Step::Config { git: git.clone(), arguments });
    }
    steps.note("repositories that are there already: run git init in them, or abatis install".to_owned());
    Ok(())
}

/// Puts hooks into a folder. A hook that is there is renamed, and runs after ours.
fn add_files(folder: &Path, hooks: &[&str], program: Option<&str>, steps: &mut Steps) -> Result<()> {
    for hook in hooks {
        let path = folder.join(hook);
        let text = Shim { hook, program, after: After::Chained }.text().into_bytes();
        let legacy = folder.join(format!("{hook}{LEGACY}"));
        if fs::symlink_metadata(&path).is_ok() && !is_our_file(&path) {
            if is_our_file(&legacy) {
                // The pre-commit framework was installed after us: it runs what was there first.
                steps.note(format!(
                    "{}: already installed, runs before the hook in front of it",
                    legacy.display()
                ));
                continue;
            }
            let chained = folder.join(format!("{hook}{CHAINED}"));
            let moved = folder.join(format!("{hook}{MOVED}"));
            if is_our_file(&moved) {
                // Lefthook moves nothing over it, and stops.
                steps.add(Step::Remove(moved));
            }
            if is_made_again(&chained, &path) {
                steps.add(Step::Remove(chained.clone()));
            } else if fs::symlink_metadata(&chained).is_ok() {
                bail!(
                    "{}: a hook that is not abatis's, and {} is there from before; keep one of the two",
                    path.display(),
                    chained.display()
                );
            }
            if !place::is_runnable(&path) {
                steps.note(format!("{}: not executable, so git did not run it; it stays so", path.display()));
            }
            steps.add(Step::Rename { from: path.clone(), to: chained });
            steps.add(Step::Write { path, content: text, executable: true });
        } else {
            steps.write_file(path, text, hook)?;
        }
    }
    Ok(())
}

/// True if `chained`, which a hook manager made before us, was made again by it as `path`: the same file, or that of
/// another version of lefthook.
fn is_made_again(chained: &Path, path: &Path) -> bool {
    let (Ok(before), Ok(now)) = (fs::read(chained), fs::read(path)) else { return false };
    let lefthook = |text: &[u8]| text.contains_str(b"call_lefthook");
    before == now || lefthook(&before) && lefthook(&now)
}

fn remove_files(folder: &Path, hooks: &[&str], steps: &mut Steps) -> Result<()> {
    for hook in hooks {
        let path = folder.join(hook);
        let legacy = folder.join(format!("{hook}{LEGACY}"));
        let chained = folder.join(format!("{hook}{CHAINED}"));
        let moved = folder.join(format!("{hook}{MOVED}"));
        // A hook manager was installed before us and again after us.
        let twice = !is_our_file(&path) && is_made_again(&chained, &path);
        if is_our_file(&moved) {
            steps.add(Step::Remove(moved));
        }
        if twice {
            steps.add(Step::Remove(chained.clone()));
        }
        for ours in [path, legacy].into_iter().filter(|path| is_our_file(path)) {
            if !twice && fs::symlink_metadata(&chained).is_ok() {
                steps.add(Step::Rename { from: chained.clone(), to: ours });
            } else {
                steps.add(Step::Remove(ours));
            }
        }
    }
    Ok(())
}

fn add_lines(folder: &Path, hooks: &[&str], steps: &mut Steps) -> Result<()> {
    for hook in hooks {
        let path = folder.join(hook);
        let content = steps::read_if_there(&path)?;
        if content.as_ref().is_some_and(|content| shim::without_line(content) != shim::Before::Same) {
            steps.note(format!("{}: already installed", path.display()));
            continue;
        }
        let with = shim::with_line(hook, content.as_deref());
        steps.add(Step::Write { path, content: with, executable: false });
    }
    steps.note(format!(
        "{} is shared: commit what changes there, and others need abatis on PATH",
        folder.display()
    ));
    Ok(())
}

fn remove_lines(folder: &Path, hooks: &[&str], steps: &mut Steps) -> Result<()> {
    for hook in hooks {
        let path: PathBuf = folder.join(hook);
        let Some(content) = steps::read_if_there(&path)? else { continue };
        match shim::without_line(&content) {
            shim::Before::Same => {}
            shim::Before::Nothing => steps.add(Step::Remove(path)),
            shim::Before::Content(content) => steps.add(Step::Write { path, content, executable: false }),
        }
    }
    Ok(())
}

/// True for a regular file that `install` wrote.
pub(crate) fn is_our_file(path: &Path) -> bool {
    let regular = fs::symlink_metadata(path).is_ok_and(|meta| meta.is_file());
    regular && fs::read(path).is_ok_and(|content| shim::is_ours(&content))
}
