//! The rules of the house that no compiler knows: layers, who may name what, comments on
//! dependencies, paths in ARCHITECTURE.md.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// Who alone may write these in `src`: the words, then the beginnings of paths that may.
const OWNERS: [(&[&str], &[&str]); 6] = [
    (&["git2::"], &["source/git"]),
    (&["libdeflater::"], &["source/git/pack", "source/archive/zip"]),
    (&["clap::", "clap_complete::", "clap_mangen::", "anyhow::", "indicatif::"], &["cli"]),
    (&["println!(", "eprintln!(", "print!(", "eprint!("], &["cli"]),
    (&["std::env::", "env::var", "process::exit"], &["cli"]),
    (&["annotate_snippets::"], &["diagnostic"]),
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// All Rust files under `folder`, relative to it, with `/`.
fn rust_files(folder: &Path) -> Vec<String> {
    fn walk(folder: &Path, prefix: &str, files: &mut Vec<String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
            if entry.file_type().unwrap().is_dir() {
                walk(&entry.path(), &format!("{name}/"), files);
            } else if name.ends_with(".rs") {
                files.push(name);
            }
        }
    }
    let mut files = Vec::new();
    walk(folder, "", &mut files);
    files.sort();
    files
}

/// The texts between backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// Lines that are code: no comments, and nothing from the tests at the end of a file on.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines()
        .enumerate()
        .take_while(|(_, line)| line.trim() != "#[cfg(test)]")
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
        .map(|(number, line)| (number + 1, line))
}

/// What a module may import, out of the table in ARCHITECTURE.md.
fn layers() -> BTreeMap<String, BTreeSet<String>> {
    let text = read("ARCHITECTURE.md");
    let rows: Vec<Vec<&str>> = text
        .lines()
        .filter(|line| line.starts_with("| "))
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
        .filter(|row: &Vec<&str>| row.len() == 4 && row[0].starts_with(|first: char| first.is_ascii_digit()))
        .collect();
    let layer = |row: &[&str]| row[0].split(' ').next().unwrap().parse::<u8>().unwrap();
    let of_layer =
        |number: u8| rows.iter().filter(move |row| layer(row) == number).flat_map(|row| quoted(row[1]));
    let all: BTreeSet<String> = rows.iter().flat_map(|row| quoted(row[1])).map(str::to_owned).collect();
    let mut may = BTreeMap::new();
    for row in &rows {
        // Modules of one row are neighbours and may know each other.
        let mut known: BTreeSet<String> = quoted(row[1]).map(str::to_owned).collect();
        known.extend(quoted(row[2]).map(str::to_owned));
        let words: Vec<&str> = row[2].split([' ', ',']).filter(|word| !word.is_empty()).collect();
        for (place, word) in words.iter().enumerate() {
            let (from, to) = match (word.parse::<u8>(), words.get(place + 1), words.get(place + 2)) {
                (Ok(from), Some(&"to"), Some(to)) => (from, to.parse().unwrap()),
                (Ok(number), ..) => (number, number),
                _ => continue,
            };
            known.extend((from..=to).flat_map(of_layer).map(str::to_owned));
        }
        if words.contains(&"all") {
            known.extend(all.iter().cloned());
        }
        for module in quoted(row[1]) {
            may.insert(module.to_owned(), known.clone());
        }
    }
    may
}

/// Modules that `crate::…` names in this text, with the line of each.
fn imports(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let lines: Vec<(usize, &str)> = code(text).collect();
    let joined: String = lines.iter().map(|(_, line)| format!("{line}\n")).collect();
    let line_of = |at: usize| lines[joined[..at].matches('\n').count()].0;
    for (at, word) in joined.match_indices("crate::") {
        let rest = &joined[at + word.len()..];
        if let Some(list) = rest.strip_prefix('{') {
            let mut depth = 0_usize;
            let mut first = true;
            for (place, character) in list.char_indices() {
                match character {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    ',' if depth == 0 => first = true,
                    _ if first && depth == 0 && !character.is_whitespace() => {
                        found.push((line_of(at + word.len() + 1 + place), module(&list[place..])));
                        first = false;
                    }
                    _ => {}
                }
            }
        } else {
            found.push((line_of(at), module(rest)));
        }
    }
    found
}

fn module(path: &str) -> String {
    path.chars().take_while(|character| character.is_ascii_alphanumeric() || *character == '_').collect()
}

#[test]
fn imports_do_not_climb() {
    let may = layers();
    assert!(may.len() >= 12 && may["cli"].len() == may.len(), "the table of layers is not read: {may:?}");
    let mut wrong = Vec::new();
    for file in rust_files(&root().join("src")) {
        let top = file.split(['/', '.']).next().unwrap();
        if matches!(top, "lib" | "main") {
            continue;
        }
        let Some(known) = may.get(top) else {
            wrong.push(format!("src/{file}: `{top}` is not in the table of layers"));
            continue;
        };
        for (line, module) in imports(&read(&format!("src/{file}"))) {
            if may.contains_key(&module) && !known.contains(&module) {
                wrong.push(format!("src/{file}:{line}: {top} may not import {module}"));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn only_the_owner_names_it() {
    let mut wrong = Vec::new();
    for file in rust_files(&root().join("src")) {
        let text = read(&format!("src/{file}"));
        for (words, owners) in OWNERS {
            if file == "main.rs" || owners.iter().any(|owner| file.starts_with(owner)) {
                continue;
            }
            for (line, code) in code(&text) {
                wrong.extend(
                    words.iter().filter(|word| says(code, word)).map(|word| {
                        format!("src/{file}:{line}: only {} may say `{word}`", owners.join(", "))
                    }),
                );
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// True if the line says the word, and not as the end of a longer one.
fn says(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        !line[..at].ends_with(|before: char| before.is_ascii_alphanumeric() || "_:\"`".contains(before))
    })
}

#[test]
fn every_file_says_what_it_is() {
    let mut wrong = Vec::new();
    for folder in ["src", "tests", "benches"] {
        for file in rust_files(&root().join(folder)) {
            if !read(&format!("{folder}/{file}")).starts_with("//! ") {
                wrong.push(format!("{folder}/{file}: begins without a sentence on what it is"));
            }
            if file.ends_with("/mod.rs") {
                wrong.push(format!("{folder}/{file}: name it after its folder"));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn every_dependency_says_why() {
    let manifest = read("Cargo.toml");
    let mut dependencies = false;
    // One comment may speak for neighbours of one family, such as `gix-hash` and `gix-pack`.
    let mut explained = String::new();
    let mut comment = false;
    let mut wrong = Vec::new();
    for line in manifest.lines() {
        if line.starts_with('[') {
            dependencies = line.trim_end_matches(']').ends_with("dependencies");
        } else if dependencies && line.contains('=') && !line.starts_with('#') {
            let family = line.split(['-', ' ', '=']).next().unwrap_or_default();
            if comment {
                explained = family.to_owned();
            } else if family != explained {
                wrong.push(format!("Cargo.toml: `{line}` has no comment that says why"));
            }
        }
        comment = line.starts_with('#');
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn paths_in_architecture_exist() {
    let text = read("ARCHITECTURE.md");
    let mut folder = String::new();
    let mut missing = Vec::new();
    let mut count = 0;
    for line in text.lines() {
        if line.starts_with("- ") || line.is_empty() {
            folder.clear();
        }
        for path in quoted(line) {
            let extension = path.rsplit_once('.').map_or("", |(_, extension)| extension);
            let looks = path.contains('/') || matches!(extension, "rs" | "toml" | "md" | "yaml");
            // Words in capitals stand for a name.
            if !looks || path.contains([' ', '*', ':', '$', '<']) || path.contains("NAME") {
                continue;
            }
            count += 1;
            let candidates =
                [path.to_owned(), format!("{path}.rs"), format!("{folder}{path}"), format!("src/{path}")];
            if !candidates.iter().any(|candidate| root().join(candidate).exists()) {
                missing.push(path.to_owned());
            }
            if path.ends_with('/') {
                folder = path.to_owned();
            }
        }
    }
    assert!(count > 20, "the paths are not read");
    assert!(missing.is_empty(), "ARCHITECTURE.md names what does not exist: {missing:?}");
}

#[test]
fn the_reading_of_imports_itself() {
    let text = "use crate::{\n    finding::{Match, Rule},\n    text,\n};\n// crate::cli\nfn f() { crate::report::x() }\n\
                #[cfg(test)]\nmod tests { use crate::cli; }\n";
    let found: Vec<(usize, String)> = imports(text);
    let expected =
        [(2, "finding"), (3, "text"), (6, "report")].map(|(line, module)| (line, module.to_owned()));
    assert_eq!(found, expected);
}
