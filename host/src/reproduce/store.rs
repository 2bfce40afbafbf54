//! Finished runs on disk: `runs.jsonl`, a header and then one line a run, appended and synced as
//! soon as it is done. What was stopped loses at most the runs that were under way.

use crate::error::{Error, Fault, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fs::{File, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

const NAME: &str = "runs.jsonl";

/// What all runs of a file have in common.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// The claim.
    pub claim: String,
    /// The scale.
    pub scale: String,
    /// The version of the program.
    pub version: String,
    /// Hash of the data that were given.
    pub data: Option<String>,
}

/// One finished run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// What was run.
    pub cell: Value,
    /// What was found.
    pub record: Value,
    /// Seconds it took.
    pub seconds: f64,
}

/// The file, open for appending.
#[derive(Debug)]
pub struct Store {
    path: PathBuf,
    file: Mutex<File>,
}

/// `Ok` when a run may write into `folder`: it is new or empty, or `resume` asks to continue.
///
/// # Errors
/// [`Error::Usage`] that says how to continue or where else to go.
pub fn check(folder: &Path, resume: bool) -> Result<()> {
    let used = std::fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some());
    if !used || resume {
        return Ok(());
    }
    Err(Error::Usage(format!(
        "{}: holds results. Continue them with --resume, choose another directory with --out, or \
         remove it to start anew",
        folder.display()
    )))
}

impl Store {
    /// Opens the runs in `folder`, which is made if need be, and returns those already finished. A
    /// last line that was cut off is dropped.
    ///
    /// # Errors
    /// [`Error::Usage`] as [`check`], or when the file is of other runs than `header` says;
    /// [`Error::Data`] when a line is broken; [`Error::Write`].
    pub fn open(folder: &Path, header: &Header, resume: bool) -> Result<(Self, Vec<Line>)> {
        check(folder, resume)?;
        let path = folder.join(NAME);
        let fail = |source| Error::Write { path: path.clone(), source };
        std::fs::create_dir_all(folder).map_err(fail)?;
        let mut options = OpenOptions::new();
        let mut file = options
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(&path)
            .map_err(fail)?;
        let text = std::fs::read_to_string(&path)
            .map_err(|source| Error::Read { path: path.clone(), source })?;
        let whole = text.rfind('\n').map_or("", |end| &text[..=end]);
        file.set_len(whole.len() as u64).map_err(fail)?;
        file.seek(SeekFrom::End(0)).map_err(fail)?;
        let mut lines = (1..).zip(whole.lines());
        let finished = match lines.next() {
            Some((number, line)) => {
                let found: Header = parse(&path, number, line)?;
                agree(&path, header, &found)?;
                lines.map(|(number, line)| parse(&path, number, line)).collect::<Result<_>>()?
            }
            None => {
                append(&mut file, header).map_err(fail)?;
                Vec::new()
            }
        };
        Ok((Self { path, file: Mutex::new(file) }, finished))
    }

    /// Adds the runs of another `folder` that are not among `known`, and returns them.
    ///
    /// # Errors
    /// As [`open`](Self::open); [`Error::Read`] when there are no runs.
    pub fn take(&self, folder: &Path, header: &Header, known: &[Line]) -> Result<Vec<Line>> {
        let path = folder.join(NAME);
        let text = std::fs::read_to_string(&path)
            .map_err(|source| Error::Read { path: path.clone(), source })?;
        let mut lines = (1..).zip(text.lines());
        if let Some((number, line)) = lines.next() {
            agree(&path, header, &parse(&path, number, line)?)?;
        }
        let mut taken: Vec<Line> = Vec::new();
        for (number, line) in lines {
            let line: Line = parse(&path, number, line)?;
            if !known.iter().chain(&taken).any(|known| known.cell == line.cell) {
                self.append(&line)?;
                taken.push(line);
            }
        }
        Ok(taken)
    }

    /// Adds a finished run.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn append(&self, line: &Line) -> Result<()> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        append(&mut file, line).map_err(|source| Error::Write { path: self.path.clone(), source })
    }
}

fn append(file: &mut File, value: &impl Serialize) -> std::io::Result<()> {
    let mut line = serde_json::to_vec(value)?;
    line.push(b'\n');
    file.write_all(&line)?;
    file.sync_data()
}

fn parse<T: serde::de::DeserializeOwned>(path: &Path, number: u64, line: &str) -> Result<T> {
    serde_json::from_str(line).map_err(|error| {
        let found = Fault::of_file(path, format!("a broken line ({error})")).line(number);
        Error::data(found.advice("Remove that line, and --resume makes its run again"))
    })
}

fn agree(path: &Path, asked: &Header, found: &Header) -> Result<()> {
    if asked == found {
        return Ok(());
    }
    let words = |header: &Header| {
        let data = header.data.as_deref().unwrap_or("none");
        format!("{} {} by version {}, data {data}", header.claim, header.scale, header.version)
    };
    Err(Error::Usage(format!(
        "{}: holds other runs ({}) than those asked for ({}). Choose another directory with --out",
        path.display(),
        words(found),
        words(asked)
    )))
}
