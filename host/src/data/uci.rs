//! The UCI collection of Fernández-Delgado et al. (2014), in the layout it is distributed in: a folder
//! a set, with a description (`iris.txt`), tables of standardised features and a class
//! (`iris_R.dat`), one split to choose settings with (`conxuntos.dat`) and four folds to judge by
//! (`conxuntos_kfold.dat`). Only the table named by `fich1` is used, to which the splits refer.

use super::{Dataset, Target, shuffle};
use fact_core::fingerprint::Fingerprint;
use fact_core::rng::Rng;
use std::path::Path;

/// Folds that judge.
pub const FOLDS: usize = 4;

/// A set with its splits, as row numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct Folded {
    /// The samples.
    pub data: Dataset,
    /// Rows to fit and rows to choose settings with.
    pub choosing: [Vec<usize>; 2],
    /// Rows to fit and rows to judge by, four times.
    pub folds: Vec<[Vec<usize>; 2]>,
}

/// Names of the sets in `folder`: its folders that hold a description, in order.
pub fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| folder.join(name).join(format!("{name}.txt")).is_file())
        .collect();
    names.sort();
    names
}

/// A hash of all files of the set.
pub fn fingerprint(folder: &Path, name: &str) -> String {
    let entries = std::fs::read_dir(folder.join(name)).into_iter().flatten().flatten();
    let mut paths: Vec<_> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    let mut hash = Fingerprint::new();
    for bytes in paths.iter().filter_map(|path| std::fs::read(path).ok()) {
        hash.bytes(&bytes);
    }
    format!("{:016x}", hash.value())
}

/// Number of rows that the description of a set promises.
///
/// # Errors
/// As [`read`].
pub fn rows(folder: &Path, name: &str) -> Result<usize, String> {
    Description::read(folder, name).map(|description| description.rows)
}

/// A set of the collection in `folder`.
///
/// # Errors
/// One sentence that names the file (without its folder), the line and what was expected, when the set
/// is incomplete or broken.
pub fn read(folder: &Path, name: &str) -> Result<Folded, String> {
    let Description { rows, features, classes, table } = Description::read(folder, name)?;
    let text = open(folder, name, &table)?;
    let (mut x, mut index) = (Vec::with_capacity(rows * features), Vec::with_capacity(rows));
    for (line, number) in text.lines().zip(1..).skip(1).filter(|(line, _)| !line.trim().is_empty())
    {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let fault = |found: String, expected: String| {
            format!("{table}, line {number}: found {found}, expected {expected}")
        };
        let [_, inputs @ .., class] = fields.as_slice() else {
            return Err(fault("an empty line".to_owned(), "a sample".to_owned()));
        };
        if inputs.len() != features {
            let found = format!("{} features", inputs.len());
            return Err(fault(found, format!("{features}, as {name}.txt says")));
        }
        for (input, column) in inputs.iter().zip(1..) {
            let value = input.parse().ok().filter(|value: &f64| value.is_finite());
            let found = || fault(format!("{input:?} as feature {column}"), "a number".to_owned());
            x.push(value.ok_or_else(found)?);
        }
        let class_number = class.parse().ok().filter(|class| *class < classes);
        let expected = || format!("a class from 0 to {}", classes.saturating_sub(1));
        index.push(class_number.ok_or_else(|| fault(format!("{class:?}"), expected()))?);
    }
    if index.len() != rows {
        return Err(format!("{table}: found {} rows, expected {rows}", index.len()));
    }
    let pairs = |file: &str, pairs: usize| -> Result<Vec<[Vec<usize>; 2]>, String> {
        let found = splits(&open(folder, name, file)?, rows).map_err(|e| format!("{file}, {e}"))?;
        let (halves, rest) = found.as_chunks::<2>();
        if halves.len() != pairs || !rest.is_empty() {
            return Err(format!(
                "{file}: found {} lists of rows, expected {}",
                found.len(),
                2 * pairs
            ));
        }
        Ok(halves.to_vec())
    };
    let choosing = pairs("conxuntos.dat", 1)?.swap_remove(0);
    let folds = pairs("conxuntos_kfold.dat", FOLDS)?;
    let labels = (0..classes).map(|class| class.to_string()).collect();
    let data = Dataset {
        name: name.to_owned(),
        features: (1..=features).map(|k| format!("f{k}")).collect(),
        d: features,
        n: rows,
        x,
        target: Target::Classes { labels, index },
    };
    Ok(Folded { data, choosing, folds })
}

/// The same kind of splits for any samples: half to fit and half to choose with, and four folds, all
/// drawn by `seed`.
pub fn fold(data: Dataset, seed: u64) -> Folded {
    let mut rng = Rng::new(seed);
    let mut draw = || {
        let mut order: Vec<usize> = (0..data.n).collect();
        shuffle(&mut order, &mut rng);
        order
    };
    let (order, halves) = (draw(), data.n.div_ceil(2));
    let (fit, choose) = order.split_at(halves);
    let choosing = [fit.to_vec(), choose.to_vec()];
    let order = draw();
    let part = |keep: &dyn Fn(usize) -> bool| -> Vec<usize> {
        order.iter().enumerate().filter(|(k, _)| keep(k % FOLDS)).map(|(_, row)| *row).collect()
    };
    let folds = (0..FOLDS).map(|k| [part(&|fold| fold != k), part(&|fold| fold == k)]).collect();
    Folded { data, choosing, folds }
}

struct Description {
    rows: usize,
    features: usize,
    classes: usize,
    table: String,
}

impl Description {
    /// Lines such as `n_entradas= 4`.
    fn read(folder: &Path, name: &str) -> Result<Self, String> {
        let file = format!("{name}.txt");
        let text = open(folder, name, &file)?;
        let value = |key: &str| {
            let mut values = text.lines().filter_map(|line| line.split_once('='));
            let found = values.find(|(name, _)| name.trim() == key).map(|(_, value)| value.trim());
            found.ok_or_else(|| format!("{file}: no line \"{key}=\""))
        };
        let number = |key: &str| {
            let text = value(key)?;
            text.parse()
                .map_err(|_| format!("{file}: found {key}= {text}, expected a whole number"))
        };
        Ok(Self {
            rows: number("n_patrons1")?,
            features: number("n_entradas")?,
            classes: number("n_clases")?,
            table: value("fich1")?.to_owned(),
        })
    }
}

fn open(folder: &Path, name: &str, file: &str) -> Result<String, String> {
    std::fs::read_to_string(folder.join(name).join(file))
        .map_err(|error| format!("{file}: cannot be read: {error}"))
}

/// Lists of row numbers, one a line; empty lines separate.
fn splits(text: &str, rows: usize) -> Result<Vec<Vec<usize>>, String> {
    let list = |(line, number): (&str, usize)| {
        let row = |text: &str| {
            text.parse().ok().filter(|row| *row < rows).ok_or_else(|| {
                format!(
                    "line {number}: found {text:?}, expected a row from 0 to {}",
                    rows.saturating_sub(1)
                )
            })
        };
        line.split_whitespace().map(row).collect()
    };
    text.lines().zip(1..).filter(|(line, _)| !line.trim().is_empty()).map(list).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A set of eight rows with two features and two classes.
    fn write(folder: &Path, table: &str) {
        let set = folder.join("tiny");
        std::fs::create_dir_all(&set).unwrap();
        let put = |name: &str, text: &str| std::fs::write(set.join(name), text).unwrap();
        put("tiny.txt", "n_entradas= 2\nn_clases= 2\nfich1= tiny_R.dat\nn_patrons1= 8\n");
        put("tiny_R.dat", table);
        put("conxuntos.dat", "0 1 2 3\n4 5 6 7\n");
        put("conxuntos_kfold.dat", &"0 1 2 3 4 5\n6 7\n\n".repeat(4));
    }

    fn table() -> String {
        let row = |k: usize| format!("{}\t{k}.5\t-1\t{}\n", k + 1, k % 2);
        "\tf1\tf2\tclase\n".to_owned() + &(0..8).map(row).collect::<String>()
    }

    #[test]
    fn a_set_is_read_with_its_splits() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), &table());
        assert_eq!(names(folder.path()), ["tiny"]);
        let set = read(folder.path(), "tiny").unwrap();
        assert_eq!((set.data.n, set.data.d, set.data.x[2..4].to_vec()), (8, 2, vec![1.5, -1.0]));
        assert_eq!(set.choosing, [vec![0, 1, 2, 3], vec![4, 5, 6, 7]]);
        assert_eq!((set.folds.len(), &set.folds[3][1]), (4, &vec![6, 7]));
    }

    #[test]
    fn what_is_missing_or_broken_is_said_without_naming_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        for (change, expected) in [
            (("1.5", "x"), "tiny_R.dat, line 3: found \"x\" as feature 1, expected a number"),
            (("\t1\n", "\t2\n"), "line 3: found \"2\", expected a class from 0 to 1"),
            (("8\t7.5\t-1\t1\n", ""), "found 7 rows, expected 8"),
            (("8\t7.5\t-1\t1\n", "8\t7.5\t1\n"), "line 9: found 1 features, expected 2"),
        ] {
            write(folder.path(), &table().replace(change.0, change.1));
            let error = read(folder.path(), "tiny").unwrap_err();
            assert!(error.contains(expected) && !error.contains('/'), "{error}");
        }
        write(folder.path(), &table());
        std::fs::write(folder.path().join("tiny/conxuntos.dat"), "0 1\n8\n").unwrap();
        let error = read(folder.path(), "tiny").unwrap_err();
        assert!(error.contains("conxuntos.dat, line 2: found \"8\""), "{error}");
        std::fs::remove_file(folder.path().join("tiny/conxuntos_kfold.dat")).unwrap();
        assert!(fingerprint(folder.path(), "tiny") != fingerprint(folder.path(), "none"));
    }

    #[test]
    fn drawn_folds_judge_every_row_once() {
        let set = fold(crate::data::builtin("iris").unwrap().unwrap(), 3);
        let mut judged: Vec<usize> = set.folds.iter().flat_map(|fold| fold[1].clone()).collect();
        judged.sort_unstable();
        assert_eq!(judged, Vec::from_iter(0..150));
        for [fit, judge] in set.folds.iter().chain([&set.choosing]) {
            assert_eq!(fit.len() + judge.len(), 150);
            assert!(fit.iter().all(|row| !judge.contains(row)));
        }
    }
}
