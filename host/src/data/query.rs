//! Features to predict from: a file that holds the columns a model was trained on.

use super::array::bytes;
use super::delimited::{is_header, line, records};
use super::table::Table;
use super::{Header, Missing};
use crate::error::{Error, Fault, Result};
use std::path::Path;

/// Rows of features.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    /// Number of rows.
    pub n: usize,
    /// Features, row-major, in the order asked for.
    pub x: Vec<f64>,
}

/// Reads the columns `features` of the file at `path`: by their names if it has a header, else by
/// their numbers, or in order if there are just as many. Other columns, such as the target, are
/// passed over.
///
/// # Errors
/// [`Error::Read`] when the system refuses, [`Error::Data`] when a column is missing or a field is no
/// number.
pub fn query(path: &Path, header: Header, features: &[String]) -> Result<Query> {
    let records = records(path, &bytes(path)?)?;
    let empty = |found| {
        let fault = Fault::of_file(path, found).expected("one row per sample");
        Error::data(fault.advice("Each row holds the features of the model"))
    };
    let (first, below) = records.split_first().ok_or_else(|| empty("no rows"))?;
    let find = |name: &String| first.iter().position(|found| found == name);
    let by_name: Option<Vec<usize>> = features.iter().map(find).collect();
    let named = match header {
        Header::Yes => true,
        Header::No => false,
        // Columns without a name go by their numbers, which a row of data may show by chance.
        Header::Auto => {
            let names = features.iter().any(|name| name.parse::<usize>().is_err());
            (by_name.is_some() && names) || is_header(first, &[])
        }
    };
    let by_number = || -> Option<Vec<usize>> {
        let place = |name: &String| name.parse::<usize>().ok()?.checked_sub(1);
        let places: Vec<usize> = features.iter().map(place).collect::<Option<_>>()?;
        places.iter().all(|&k| k < first.len()).then_some(places)
    };
    let in_order = || (first.len() == features.len()).then(|| (0..features.len()).collect());
    let columns = if named { by_name } else { in_order().or_else(by_number) };
    let Some(columns) = columns else {
        let missing = features.iter().find(|name| find(name).is_none());
        let fault = Fault::of_file(path, found(first, named)).line(line(first));
        let expected = match missing {
            Some(name) if named => format!("the column {name:?} of the model"),
            _ => format!("the {} features of the model", features.len()),
        };
        return Err(Error::data(fault.expected(expected).advice(
            "The header must name every feature; without a header, give just the features, in order",
        )));
    };
    let (header, rows) = if named { (Some(first), below) } else { (None, records.as_slice()) };
    if rows.is_empty() {
        return Err(empty("a header and no rows"));
    }
    // The mean that a gap would take is that of the training samples, which are not here.
    let missing = Missing::Refuse;
    let table = Table { path, header, rows, targets: &[], missing, uniform: false };
    Ok(Query { n: rows.len(), x: table.numbers(&columns)? })
}

fn found(first: &csv::StringRecord, named: bool) -> String {
    if !named {
        return format!("{} columns without names", first.len());
    }
    let names: Vec<&str> = first.iter().take(8).collect();
    format!("the columns {}{}", names.join(", "), if first.len() > 8 { ", …" } else { "" })
}
