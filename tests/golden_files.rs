//! The fixtures are the files that `SHA256SUMS` and `README.md` say they are: no bit changed, none
//! missing, none unlisted.

use fact_tests::golden;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// The fixtures' own papers, not fixtures.
const PAPERS: [&str; 2] = ["README.md", "SHA256SUMS"];

/// Hash by path, of every file below `folder`.
fn hash_all(root: &Path, folder: &Path, found: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            hash_all(root, &path, found);
            continue;
        }
        let parts: Vec<_> = path.strip_prefix(root).unwrap().iter().collect();
        let name = parts.join("/".as_ref()).into_string().unwrap();
        if PAPERS.contains(&name.as_str()) {
            continue;
        }
        let hash = Sha256::digest(fs::read(&path).unwrap());
        found.insert(name, hash.iter().map(|byte| format!("{byte:02x}")).collect());
    }
}

#[test]
fn sha256sums_lists_exactly_the_fixtures() {
    let root = golden::fixtures();
    let mut found = BTreeMap::new();
    hash_all(&root, &root, &mut found);

    // Two spaces: the text mode of sha256sum, so that `sha256sum -c SHA256SUMS` reads the file.
    let sums = fs::read_to_string(root.join("SHA256SUMS")).unwrap();
    let listed: BTreeMap<_, _> = sums
        .lines()
        .map(|line| line.split_once("  ").unwrap_or_else(|| panic!("SHA256SUMS: {line:?}")))
        .map(|(hash, name)| (name.to_owned(), hash.to_owned()))
        .collect();
    assert_eq!(listed.len(), sums.lines().count(), "SHA256SUMS lists a file twice");

    assert!(!found.is_empty());
    for (name, hash) in &found {
        assert!(listed.contains_key(name), "fixtures/{name} is not in SHA256SUMS");
        assert_eq!(&listed[name], hash, "fixtures/{name} is not the file that SHA256SUMS lists");
    }
    for name in listed.keys() {
        assert!(found.contains_key(name), "fixtures/{name} is in SHA256SUMS, but not there");
    }
}

#[test]
fn the_readme_names_every_fixture_with_its_hash() {
    let root = golden::fixtures();
    let readme = fs::read_to_string(root.join("README.md")).unwrap();
    for line in fs::read_to_string(root.join("SHA256SUMS")).unwrap().lines() {
        let (hash, name) = line.split_once("  ").unwrap();
        let row = readme.lines().find(|row| row.contains(&format!("`{name}`")));
        let row = row.unwrap_or_else(|| panic!("fixtures/README.md does not mention {name}"));
        assert!(row.contains(hash), "fixtures/README.md has another hash for {name}");
    }
}
