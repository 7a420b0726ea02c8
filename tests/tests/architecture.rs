//! What ARCHITECTURE.md says of the code, held to it: rows, walls, and what has its only user.

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

/// The modules of the table in ARCHITECTURE.md, with their rows.
fn rows() -> BTreeMap<String, u32> {
    let text = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let mut rows = BTreeMap::new();
    let table = text.lines().filter_map(|line| {
        let mut cells = line.strip_prefix("| ")?.splitn(2, " | ");
        Some((cells.next()?.parse::<u32>().ok()?, cells.next()?.to_owned()))
    });
    for (row, modules) in table.filter(|(row, _)| *row > 0) {
        for module in modules.split(" · ") {
            let name = module.split('`').nth(1).expect("a module in backticks");
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

/// The module of `node/src` that a file belongs to.
fn module_of(file: &Path) -> String {
    let within = file.strip_prefix(root().join("node/src")).unwrap();
    let first = within.iter().next().unwrap().to_string_lossy();
    first.trim_end_matches(".rs").to_owned()
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
    let (rows, lines) = (rows(), code(&root().join("node/src")));
    let modules: BTreeSet<String> = lines.iter().map(|line| module_of(&line.file)).collect();
    let modules: Vec<&String> = modules
        .iter()
        .filter(|module| !NO_MODULES.contains(&module.as_str()))
        .collect();
    let missing: Vec<_> = modules
        .iter()
        .filter(|module| !rows.contains_key(**module))
        .collect();
    assert!(
        missing.is_empty(),
        "not in the table of ARCHITECTURE.md: {missing:?}"
    );
    let gone: Vec<_> = rows.keys().filter(|row| !modules.contains(row)).collect();
    assert!(
        gone.is_empty(),
        "in the table of ARCHITECTURE.md and nowhere else: {gone:?}"
    );
    let mut wrong = BTreeSet::new();
    for line in &lines {
        let from = module_of(&line.file);
        let Some(row) = rows.get(&from) else { continue };
        for to in named(&line.text).filter(|to| *to != from) {
            if rows.get(to).is_some_and(|below| below >= row) {
                wrong.insert(format!("{from} imports {to}: {}", line.file.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// What is wrong is an error's text and what to do its remedy: nobody has to cut one from the other.
#[test]
fn no_text_of_an_error_has_its_remedy_in_it() {
    let folders = ["protocol/src", "node/src", "bootstrap/src"];
    let mut within = false;
    let mut wrong = Vec::new();
    let lines = folders.iter().flat_map(|folder| code(&root().join(folder)));
    for Line { file, text } in lines {
        within |= text.trim_start().starts_with("#[error(");
        if within && text.contains("; ") {
            wrong.push(format!("{}: {}", file.display(), text.trim()));
        }
        within &= !text.trim_end().ends_with(")]");
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Each of these has one user, so that it can be exchanged, and audited, in one place.
#[test]
fn what_has_its_only_user_has_no_other() {
    let lines = code(&root().join("node/src"));
    for (library, module) in [
        ("libp2p", "mesh"),
        ("libp2p_stream", "mesh"),
        ("rocksdb", "store"),
        ("hayro", "convert"),
        ("lopdf", "convert"),
        ("seccompiler", "convert"),
        ("landlock", "convert"),
        ("pcsc", "panel"),
    ] {
        let uses = |line: &&Line| {
            let text = &line.text;
            text.contains(&format!("{library}::")) || text.contains(&format!("use {library};"))
        };
        let users: BTreeSet<String> = lines
            .iter()
            .filter(uses)
            .map(|line| module_of(&line.file))
            .collect();
        assert_eq!(
            users,
            BTreeSet::from([module.to_owned()]),
            "users of {library}"
        );
    }
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
