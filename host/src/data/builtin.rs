//! The data sets that are compiled in. `fixtures/README.md` says where they come from.

use super::{Dataset, Format, Task, parse};
use crate::error::Result;
use std::path::Path;

/// Names of the built-in data sets.
pub const BUILTIN: [&str; 4] = ["digits", "iris", "wine", "breast-cancer"];

/// Built-in data set `name`, or `None` when there is none of that name. Pixels of `digits`, counts
/// from 0 to 16, are divided by 16; nothing else is rescaled.
///
/// # Errors
/// None in practice: the files are part of the program.
///
/// ```
/// let wine = fact_host::data::builtin("wine").expect("compiled in")?;
/// assert_eq!((wine.n, wine.d, wine.outputs()), (178, 13, 3));
/// assert!(fact_host::data::builtin("cider").is_none());
/// # Ok::<(), fact_host::error::Error>(())
/// ```
pub fn builtin(name: &str) -> Option<Result<Dataset>> {
    let (file, text): (_, &[u8]) = match name {
        "digits" => ("digits.csv", include_bytes!("../../../fixtures/small/digits.csv")),
        "iris" => ("iris.csv", include_bytes!("../../../fixtures/small/iris.csv")),
        "wine" => ("wine.csv", include_bytes!("../../../fixtures/small/wine.csv")),
        "breast-cancer" => {
            ("breast_cancer.csv", include_bytes!("../../../fixtures/small/breast_cancer.csv"))
        }
        _ => return None,
    };
    let format = Format { task: Some(Task::Classify), ..Format::default() };
    Some(parse(Path::new(file), text, &format).map(|data| {
        let unit = if name == "digits" { 16.0 } else { 1.0 };
        let x = data.x.into_iter().map(|v| v / unit).collect();
        Dataset { name: name.to_owned(), x, ..data }
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_builtin_set_loads_with_its_published_shape() {
        let shapes = [(1797, 64, 10), (150, 4, 3), (178, 13, 3), (569, 30, 2)];
        for (name, shape) in BUILTIN.iter().zip(shapes) {
            let data = builtin(name).expect("known").expect("valid");
            assert_eq!((data.n, data.d, data.outputs()), shape, "{name}");
            assert_eq!(data.features.len(), data.d);
        }
    }

    #[test]
    fn digits_are_intensities_and_their_classes_are_in_order() {
        let data = builtin("digits").expect("known").expect("valid");
        assert!(data.x.iter().all(|v| (0.0..=1.0).contains(v)));
        let super::super::Target::Classes { labels, index } = &data.target else {
            panic!("classes expected")
        };
        assert_eq!(labels.join(""), "0123456789");
        assert_eq!(index[..4], [0, 1, 2, 3]);
    }
}
