//! `fact data`.

use super::{Ending, print};
use crate::cli::Data;
use crate::data::{self, BUILTIN, Dataset, Target};
use crate::error::{Error, Result};
use crate::report;
use serde::Serialize;

pub(super) fn run(arguments: &Data) -> Result<Ending> {
    match arguments {
        Data::List { json } => {
            let rows = BUILTIN.iter().map(|name| load(name).map(|data| Row::of(&data)));
            let rows: Vec<Row> = rows.collect::<Result<_>>()?;
            print(&if *json { report::line(&rows) } else { table(&rows) })?;
        }
        Data::Export { name, out } => {
            let text = delimited(&load(name)?)?;
            match out {
                Some(file) => report::write_file(file, &text)?,
                None => print(&String::from_utf8_lossy(&text))?,
            }
        }
    }
    Ok(Ending::Done)
}

fn load(name: &str) -> Result<Dataset> {
    data::builtin(name).unwrap_or_else(|| {
        let known = BUILTIN.join(", ");
        Err(Error::Usage(format!("no built-in data set {name:?}, expected one of {known}")))
    })
}

/// One line of the list.
#[derive(Serialize)]
struct Row {
    name: String,
    samples: usize,
    features: usize,
    classes: usize,
}

impl Row {
    fn of(data: &Dataset) -> Self {
        let (name, classes) = (data.name.clone(), data.outputs());
        Self { name, samples: data.n, features: data.d, classes }
    }
}

fn table(rows: &[Row]) -> String {
    let line = |name: &str, [samples, features, classes]: [&str; 3]| {
        format!("{name:<14} {samples:>8} {features:>9} {classes:>8}\n")
    };
    let mut text = line("name", ["samples", "features", "classes"]);
    for row in rows {
        let numbers = [row.samples, row.features, row.classes].map(|n| n.to_string());
        text.push_str(&line(&row.name, [&numbers[0], &numbers[1], &numbers[2]]));
    }
    text.push_str("UCI Machine Learning Repository, CC BY 4.0. Pixels of digits are in 0..1.\n");
    text
}

/// The set as it is read: a header, and a row per sample with its class or number last.
fn delimited(data: &Dataset) -> Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let fail = |error: csv::Error| Error::Stdout(error.into());
    let header = data.features.iter().map(String::as_str).chain(["target"]);
    writer.write_record(header).map_err(fail)?;
    for (number, row) in data.x.chunks_exact(data.d).enumerate() {
        let target = match &data.target {
            Target::Classes { labels, index } => {
                index.get(number).and_then(|&class| labels.get(class)).cloned()
            }
            Target::Values(values) => values.get(number).map(f64::to_string),
        };
        let fields = row.iter().map(f64::to_string).chain(target);
        writer.write_record(fields).map_err(fail)?;
    }
    writer.into_inner().map_err(|error| Error::Stdout(error.into_error()))
}
