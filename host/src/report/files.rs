//! Files that are written: each appears whole or not at all.

use super::{Report, npy};
use crate::error::{Error, Result};
use crate::experiment::{Matrix, Outcome};
use std::io::Write;
use std::path::{Path, PathBuf};

/// The matrices of a layer, by the names of their files.
const MATRICES: [&str; 7] = ["weights", "nfm", "fact", "nfa", "enfa", "agop", "egop"];

/// Writes report, matrices and pictures into `directory`, which is made if need be, and returns
/// the files written. `nfa` and `enfa` are the matrices compared, raised to their powers; `agop` and
/// `egop` are the averages they are powers of. What an earlier run left there is removed first.
///
/// # Errors
/// [`Error::Write`] and [`Error::Plot`], which name the file.
pub fn write(directory: &Path, outcome: &Outcome) -> Result<Vec<PathBuf>> {
    prepare(directory)?;
    clear(directory)?;
    let mut written = Vec::new();
    let mut add = |name: String, bytes: &[u8]| -> Result<()> {
        written.push(put(directory, &name, bytes)?);
        Ok(())
    };
    add("report.json".to_owned(), Report::new(outcome).to_json().as_bytes())?;
    for (layer, number) in outcome.layers.iter().zip(0..) {
        // In the order of `MATRICES`.
        let matrices: [Option<&Matrix>; MATRICES.len()] = [
            Some(&layer.weights),
            Some(&layer.nfm),
            layer.fact.as_ref(),
            layer.nfa.as_ref(),
            Some(&layer.enfa),
            layer.agop.as_ref(),
            Some(&layer.egop),
        ];
        for (name, matrix) in MATRICES.iter().zip(matrices) {
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

/// Removes the files of an earlier run, which may have had more layers.
fn clear(directory: &Path) -> Result<()> {
    let fail = |source| Error::Write { path: directory.to_owned(), source };
    for entry in std::fs::read_dir(directory).map_err(fail)? {
        let path = entry.map_err(fail)?.path();
        if path.file_name().and_then(|name| name.to_str()).is_some_and(is_own) {
            std::fs::remove_file(&path).map_err(|source| Error::Write { path, source })?;
        }
    }
    Ok(())
}

/// Whether [`write`] gives a file this name.
fn is_own(name: &str) -> bool {
    let Some((stem, extension)) = name.rsplit_once('.') else { return false };
    let picture = matches!(extension, "png" | "svg");
    let Some(rest) = stem.strip_prefix("layer") else {
        return (stem == "training" && picture) || name == "report.json";
    };
    let (number, matrix) = match rest.split_once('_') {
        Some((number, matrix)) => (number, Some(matrix)),
        None => (rest, None),
    };
    number.parse::<usize>().is_ok()
        && match matrix {
            Some(matrix) => extension == "npy" && MATRICES.contains(&matrix),
            None => picture,
        }
}

/// Writes `directory/name`, whole or not at all.
///
/// # Errors
/// [`Error::Write`].
pub(crate) fn put(directory: &Path, name: &str, bytes: &[u8]) -> Result<PathBuf> {
    let path = directory.join(name);
    write_file(&path, bytes)?;
    Ok(path)
}

/// Checks that [`write_file`] can write the file at `path`.
///
/// # Errors
/// [`Error::Write`]. Called before training, so that nothing is computed in vain.
pub fn prepare_file(path: &Path) -> Result<()> {
    let fail = |source| Error::Write { path: path.to_owned(), source };
    if path.is_dir() {
        return Err(fail(std::io::ErrorKind::IsADirectory.into()));
    }
    if is_special(path) {
        return Ok(());
    }
    temporary(&folder(path)).map(drop).map_err(fail)
}

/// Writes the file at `path`: written beside it, brought to the disk, and only then renamed, so that
/// whatever happens the old contents or the new ones are there. A device or a pipe is written to as
/// it is, never replaced.
///
/// # Errors
/// [`Error::Write`], which names the file.
pub fn write_file(path: &Path, bytes: &[u8]) -> Result<()> {
    let fail = |source| Error::Write { path: path.to_owned(), source };
    if is_special(path) {
        let mut file = std::fs::OpenOptions::new().write(true).open(path).map_err(fail)?;
        return file.write_all(bytes).and_then(|()| file.flush()).map_err(fail);
    }
    // What a link points to is replaced, not the link.
    let target = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let directory = folder(&target);
    let mut file = temporary(&directory).map_err(fail)?;
    file.write_all(bytes).map_err(fail)?;
    file.as_file().sync_all().map_err(fail)?;
    file.persist(&target).map_err(|error| fail(error.error))?;
    // The name is on the disk once its directory is. Not every system lets one ask for that.
    let _ = std::fs::File::open(&directory).and_then(|directory| directory.sync_all());
    Ok(())
}

/// Whether something other than a file or a directory is there.
fn is_special(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|found| !found.is_file() && !found.is_dir())
}

/// The directory that holds `path`.
fn folder(path: &Path) -> PathBuf {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    parent.unwrap_or_else(|| Path::new(".")).to_owned()
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
