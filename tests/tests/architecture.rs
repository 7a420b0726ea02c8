//! What ARCHITECTURE.md says of the code, held to it: walls between crates, rows within them.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Modules that start the program or are compiled for tests only.
const NO_MODULES: [&str; 3] = ["lib", "main", "tests"];

/// A line of code that is no comment, and where it stands.
struct Line {
    file: PathBuf,
    text: String,
}

fn root() -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().unwrap().to_owned()
}

/// The lines of code under a folder, without comments and without unit tests.
fn code(folder: &Path) -> Vec<Line> {
    let mut lines = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            if !name.ends_with("tests") {
                lines.extend(code(&path));
            }
        } else if path.extension().is_some_and(|ext| ext == "rs") && !is_test(&path, &name) {
            let text = fs::read_to_string(&path).unwrap();
            let until = text.find("#[cfg(test)]\nmod tests").unwrap_or(text.len());
            let of_code = text[..until]
                .lines()
                .filter(|line| !line.trim_start().starts_with("//"));
            lines.extend(of_code.map(|line| Line {
                file: path.clone(),
                text: line.to_owned(),
            }));
        }
    }
    lines
}

fn is_test(path: &Path, name: &str) -> bool {
    let parent = path.parent().and_then(Path::file_name);
    let of_formats = name == "formats" && parent.is_some_and(|folder| folder == "upgrade");
    name == "tests" || name == "sample" || of_formats
}

/// The crates that have rows.
const LAYERED: [&str; 2] = ["node/src", "node/services/src"];

fn architecture() -> String {
    fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap()
}

/// The cells of the table that follows a line which begins like this.
fn table(text: &str, after: &str) -> Vec<Vec<String>> {
    let from = text
        .lines()
        .skip_while(|line| !line.starts_with(after))
        .skip_while(|line| !line.starts_with('|'));
    let rows = from.take_while(|line| line.starts_with('|')).skip(2);
    let cells = |line: &str| {
        let line = line.trim_matches('|');
        line.split(" | ")
            .map(|cell| cell.trim().to_owned())
            .collect()
    };
    rows.map(cells).collect()
}

/// What stands in backticks.
fn quoted(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2)
}

/// The modules of a crate, with their rows.
fn rows(folder: &str) -> BTreeMap<String, u32> {
    let mut rows = BTreeMap::new();
    for cells in table(&architecture(), &format!("`{folder}`, highest row first")) {
        let row: u32 = cells[0].parse().unwrap();
        for module in cells[1].split(" · ") {
            let name = quoted(module).next().expect("a module in backticks");
            let name = name.trim_end_matches('/').to_owned();
            assert_eq!(
                rows.insert(name.clone(), row),
                None,
                "{name} is on two rows"
            );
        }
    }
    rows
}

/// The module of a crate that a file belongs to.
fn module_of(folder: &str, file: &Path) -> String {
    let within = file.strip_prefix(root().join(folder)).unwrap();
    let first = within.iter().next().unwrap().to_string_lossy();
    first.trim_end_matches(".rs").to_owned()
}

/// The folders of the workspace's crates below `node/`, and `protocol/`.
fn crates() -> Vec<PathBuf> {
    let below = fs::read_dir(root().join("node")).unwrap();
    let below = below.map(|entry| entry.unwrap().path());
    let all = below.chain([root().join("node"), root().join("protocol")]);
    all.filter(|folder| folder.join("Cargo.toml").is_file())
        .collect()
}

/// The name of a crate, and what it depends on when it is not tested.
fn manifest(folder: &Path) -> (String, BTreeSet<String>) {
    let text = fs::read_to_string(folder.join("Cargo.toml")).unwrap();
    let mut section = "";
    let (mut name, mut needs) = (String::new(), BTreeSet::new());
    for line in text.lines() {
        match line.strip_prefix('[') {
            Some(begun) => section = begun.trim_end_matches(']'),
            None => {
                let key = line.split(['.', ' ', '=']).next().unwrap_or_default();
                if section == "package" && key == "name" {
                    name = line.split('"').nth(1).unwrap().to_owned();
                } else if section.ends_with("dependencies")
                    && !section.ends_with("dev-dependencies")
                    && !key.is_empty()
                {
                    needs.insert(key.to_owned());
                }
            }
        }
    }
    (name, needs)
}

/// The modules that a line names after `crate::`.
fn named(line: &str) -> impl Iterator<Item = &str> {
    let after = line.split("crate::").skip(1);
    after.flat_map(|rest| {
        let list = rest.strip_prefix('{').map(|list| list.split('}').next());
        let list = list.flatten().unwrap_or(rest);
        let one = !rest.starts_with('{');
        let names = list.split(',').take(if one { 1 } else { usize::MAX });
        names.map(|name| {
            let name = name.trim();
            let end = name.find(|c: char| !c.is_alphanumeric() && c != '_');
            &name[..end.unwrap_or(name.len())]
        })
    })
}

#[test]
fn no_module_is_without_a_row_and_none_looks_up() {
    for folder in LAYERED {
        let (rows, lines) = (rows(folder), code(&root().join(folder)));
        let modules: BTreeSet<String> = lines
            .iter()
            .map(|line| module_of(folder, &line.file))
            .filter(|module| !NO_MODULES.contains(&module.as_str()))
            .collect();
        let listed: BTreeSet<String> = rows.keys().cloned().collect();
        assert_eq!(modules, listed, "{folder} and its table in ARCHITECTURE.md");
        let mut wrong = BTreeSet::new();
        for line in &lines {
            let from = module_of(folder, &line.file);
            let Some(row) = rows.get(&from) else { continue };
            for to in named(&line.text).filter(|to| *to != from) {
                if rows.get(to).is_some_and(|below| below >= row) {
                    wrong.insert(format!("{from} imports {to}: {}", line.file.display()));
                }
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
    }
}

#[test]
fn one_job_can_be_followed_where_the_table_says() {
    let (text, mut lost) = (architecture(), Vec::new());
    let steps = table(&text, "What happens to one job");
    assert!(!steps.is_empty());
    for step in steps {
        let [file, function] = [&step[1], &step[2]].map(|cell| quoted(cell).next().unwrap());
        let source = fs::read_to_string(root().join(file)).unwrap_or_default();
        let found = [format!("fn {function}("), format!("fn {function}<")];
        if !found.iter().any(|found| source.contains(found)) {
            lost.push(format!("{file}: {function}"));
        }
    }
    assert!(lost.is_empty(), "{lost:#?}");
}

/// A crate knows what the table says that it may know, and some libraries have one user.
#[test]
fn every_wall_stands_where_the_table_says() {
    let table = table(&architecture(), "### The walls");
    let crates: BTreeMap<String, BTreeSet<String>> =
        crates().iter().map(|folder| manifest(folder)).collect();
    let listed: BTreeSet<&str> = table
        .iter()
        .map(|cells| quoted(&cells[0]).next().unwrap())
        .collect();
    assert_eq!(
        listed,
        crates.keys().map(String::as_str).collect(),
        "crates and the table of walls"
    );
    for cells in &table {
        let name = quoted(&cells[0]).next().unwrap();
        let all_but = cells[1].starts_with("all of them but");
        let said: BTreeSet<String> = quoted(&cells[1])
            .map(|short| format!("papermesh-{short}"))
            .collect();
        let ours: BTreeSet<String> = crates[name]
            .iter()
            .filter(|other| crates.contains_key(*other))
            .cloned()
            .collect();
        if all_but {
            assert!(ours.is_disjoint(&said), "{name} uses {ours:?}");
        } else {
            assert_eq!(ours, said, "what {name} may use");
        }
        for library in cells.get(2).iter().flat_map(|cell| quoted(cell)) {
            let users: Vec<&String> = crates
                .iter()
                .filter(|(_, needs)| needs.contains(library))
                .map(|(user, _)| user)
                .collect();
            assert_eq!(users, [name], "users of {library}");
        }
    }
}

/// What is wrong is an error's text and what to do its remedy: nobody has to cut one from the other.
#[test]
fn no_text_of_an_error_has_its_remedy_in_it() {
    let mut within = false;
    let mut wrong = Vec::new();
    let folders = crates().into_iter().chain([root().join("bootstrap")]);
    let lines = folders.flat_map(|folder| code(&folder.join("src")));
    for Line { file, text } in lines {
        within |= text.trim_start().starts_with("#[error(");
        if within && text.contains("; ") {
            wrong.push(format!("{}: {}", file.display(), text.trim()));
        }
        within &= !text.trim_end().ends_with(")]");
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The protocol takes time and randomness as arguments, and does no IO.
#[test]
fn the_protocol_has_neither_clock_nor_randomness_nor_io() {
    let forbidden = [
        "SystemTime",
        "Instant",
        "rand::rng",
        "OsRng",
        "getrandom",
        "std::fs",
        "std::net",
        "std::env",
        "std::process",
        "std::thread",
        "tokio",
        "println!",
    ];
    let found: Vec<String> = code(&root().join("protocol/src"))
        .into_iter()
        .filter(|line| forbidden.iter().any(|word| line.text.contains(word)))
        .map(|line| format!("{}: {}", line.file.display(), line.text.trim()))
        .collect();
    assert!(found.is_empty(), "{found:#?}");
}
