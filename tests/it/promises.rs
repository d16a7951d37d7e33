//! What the README promises, and the tests that it names for each promise.

use std::path::{Path, PathBuf};

/// Rows that the table has.
const PROMISES: usize = 20;

/// The table's rows: a promise, and what is named beside it.
fn rows(readme: &str) -> Vec<(&str, Vec<&str>)> {
    let table = readme
        .split_once("## What shows it")
        .and_then(|(_, rest)| rest.split("\n## ").next())
        .expect("a section of that name");
    let rows = table.lines().filter(|line| line.starts_with('|')).skip(2);
    rows.map(|row| {
        let mut cells = row.trim_matches('|').split(" | ");
        let promise = cells.next().expect("a promise").trim();
        // What stands between each second pair of backticks.
        (promise, cells.next().expect("what shows it").split('`').skip(1).step_by(2).collect())
    })
    .collect()
}

#[test]
fn every_promise_has_a_test_that_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = std::fs::read_to_string(root.join("README.md")).expect("the README");
    let rows = rows(&readme);
    assert_eq!(rows.len(), PROMISES, "a promise was taken out, or put in: {rows:?}");
    for (promise, named) in rows {
        assert!(!named.is_empty(), "nothing shows: {promise}");
        // A name alone stands for a file beside the one named before it.
        let mut folder = PathBuf::new();
        for name in named {
            let path = if name.contains('/') { PathBuf::from(name) } else { folder.join(name) };
            assert!(root.join(&path).is_file(), "{promise}: there is no {}", path.display());
            path.parent().expect("a folder").clone_into(&mut folder);
        }
    }
}
