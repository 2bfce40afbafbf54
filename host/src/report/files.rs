//! The directory of `--out`: each file appears whole or not at all.

use super::{Report, npy};
use crate::error::{Error, Result};
use crate::experiment::{Matrix, Outcome};
use std::io::Write;
use std::path::{Path, PathBuf};

/// Writes report, matrices and pictures into `directory`, which is made if need be, and returns
/// the files written.
///
/// # Errors
/// [`Error::Write`] and [`Error::Plot`], which name the file.
pub fn write(directory: &Path, outcome: &Outcome) -> Result<Vec<PathBuf>> {
    prepare(directory)?;
    let mut written = Vec::new();
    let mut add = |name: String, bytes: &[u8]| -> Result<()> {
        written.push(put(directory, &name, bytes)?);
        Ok(())
    };
    add("report.json".to_owned(), Report::new(outcome).to_json().as_bytes())?;
    for (layer, number) in outcome.layers.iter().zip(0..) {
        let matrices: [(&str, Option<&Matrix>); 5] = [
            ("weights", Some(&layer.weights)),
            ("nfm", Some(&layer.nfm)),
            ("fact", layer.fact.as_ref()),
            ("agop", Some(&layer.agop)),
            ("enfa", Some(&layer.egop)),
        ];
        for (name, matrix) in matrices {
            if let Some(matrix) = matrix {
                let name = format!("layer{number}_{name}.npy");
                let fail = |source| Error::Write { path: directory.join(&name), source };
                let bytes = npy::encode(matrix).map_err(fail)?;
                add(name, &bytes)?;
            }
        }
    }
    for picture in crate::plot::pictures(outcome)? {
        add(picture.name, &picture.bytes)?;
    }
    Ok(written)
}

/// Makes `directory` and checks that a file can be created in it.
///
/// # Errors
/// [`Error::Write`]. Called before training, so that nothing is computed in vain.
pub fn prepare(directory: &Path) -> Result<()> {
    let fail = |source| Error::Write { path: directory.to_owned(), source };
    std::fs::create_dir_all(directory).map_err(fail)?;
    temporary(directory).map(drop).map_err(fail)
}

fn put(directory: &Path, name: &str, bytes: &[u8]) -> Result<PathBuf> {
    let path = directory.join(name);
    let fail = |source| Error::Write { path: path.clone(), source };
    let mut file = temporary(directory).map_err(fail)?;
    file.write_all(bytes).map_err(fail)?;
    file.persist(&path).map_err(|error| fail(error.error))?;
    Ok(path)
}

/// A nameless file beside the one it will become, with the permissions of any new file.
fn temporary(directory: &Path) -> std::io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    let builder = {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(std::fs::Permissions::from_mode(0o666))
    };
    builder.tempfile_in(directory)
}
