//! Reading delimited text: from bytes to records of equal width and a header or none.

use super::Dataset;
use super::array::{Array, Kind, bytes};
use super::cell::{Cell, shown};
use super::table::Table;
use crate::error::{Error, Fault, Result, counted};
use csv::StringRecord;
use std::path::Path;

/// Whether the first row names the columns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Header {
    /// It does when none of its feature fields is a number
    #[default]
    Auto,
    /// It does
    Yes,
    /// It is data
    No,
}

/// What the target column means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Task {
    /// Its values name classes
    Classify,
    /// Its values are numbers to be predicted
    Regress,
}

/// What becomes of a feature without a value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Missing {
    /// The file is refused
    #[default]
    Refuse,
    /// It takes the mean of its column
    Mean,
}

/// How to read a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Format {
    /// Whether the first row names the columns.
    pub header: Header,
    /// The target column: its number, counted from 1, or its name; or several of them, numeric,
    /// separated by commas. The last when not given.
    pub target: Option<String>,
    /// What the target column means. Inferred when not given: classes when it isn't numeric or
    /// holds few distinct whole numbers.
    pub task: Option<Task>,
    /// What becomes of a feature without a value.
    pub missing: Missing,
    /// Whether all targets may be the same: those of test samples may.
    pub uniform: bool,
}

/// Reads the file at `path`.
///
/// # Errors
/// [`Error::Read`] when the system refuses, [`Error::Data`] when the contents are not a table of
/// numbers with a target.
pub fn read(path: &Path, format: &Format) -> Result<Dataset> {
    parse(path, &bytes(path)?, format)
}

/// Reads the contents of a file; `path` serves for messages and for the name of the set.
///
/// A byte-order mark, CRLF, quoted fields and spaces around fields are accepted. The separator is
/// the one of comma, semicolon and tab that occurs most often in the first line.
///
/// # Errors
/// [`Error::Data`] with line, field, what was found, what was expected and what to do.
///
/// ```
/// use fact_host::data::{Format, Target, parse};
/// let text = b"a,b,y\n1,2,0.5\n3,4,1.5\n";
/// let data = parse("t.csv".as_ref(), text, &Format::default())?;
/// assert_eq!((data.n, data.x), (2, vec![1.0, 2.0, 3.0, 4.0]));
/// assert_eq!(data.target, Target::Values(vec![0.5, 1.5]));
/// # Ok::<(), fact_host::error::Error>(())
/// ```
pub fn parse(path: &Path, bytes: &[u8], format: &Format) -> Result<Dataset> {
    let records = records(path, bytes)?;
    let Some((first, below)) = records.split_first() else {
        let fault = Fault::of_file(path, "no rows").expected("one row per sample");
        return Err(Error::data(fault.advice("Each row holds the features and the target")));
    };
    if first.len() < 2 {
        let fault = Fault::of_file(path, "a single column").line(line(first));
        return Err(Error::data(
            fault
                .expected("at least one feature and the target")
                .advice("Columns are separated by commas, semicolons or tabs"),
        ));
    }
    check_last_column(path, &records)?;
    let Place { targets, by_name } = target_columns(path, first, format)?;
    let named = match format.header {
        Header::Yes => true,
        Header::No => false,
        Header::Auto => {
            check_counting(path, &records)?;
            by_name || is_header(first, &targets)
        }
    };
    let (header, rows) = if named { (Some(first), below) } else { (None, records.as_slice()) };
    let (missing, uniform) = (format.missing, format.uniform);
    Table { path, header, rows, targets: &targets, missing, uniform }.dataset(format.task)
}

/// Reads the contents of a file without a target: every column is a column of numbers.
///
/// # Errors
/// [`Error::Data`] with line, field, what was found, what was expected and what to do.
pub(super) fn parse_array(
    path: &Path,
    bytes: &[u8],
    header: Header,
    missing: Missing,
) -> Result<Array> {
    let records = records(path, bytes)?;
    let Some((first, below)) = records.split_first() else {
        return Err(Error::data(Fault::of_file(path, "no rows").expected("one row per sample")));
    };
    let named = match header {
        Header::Yes => true,
        Header::No => false,
        Header::Auto => is_header(first, &[]),
    };
    let (header, rows) = if named { (Some(first), below) } else { (None, records.as_slice()) };
    let columns: Vec<usize> = (0..first.len()).collect();
    let data =
        Table { path, header, rows, targets: &[], missing, uniform: false }.numbers(&columns)?;
    Ok(Array { shape: vec![rows.len(), columns.len()], data, kind: Kind::Text })
}

/// Reads the classes in the file at `path` as their places among `labels`: a text file names them, an
/// array holds their numbers. An array of several columns is returned as it is.
///
/// # Errors
/// [`Error::Read`] and [`Error::Data`], also when a class is not among `labels`.
pub fn read_labels(path: &Path, header: Header, labels: &[String]) -> Result<Array> {
    let unknown = |found: String| {
        let known = labels.iter().take(8).map(String::as_str).collect::<Vec<_>>().join(", ");
        let more = if labels.len() > 8 { ", …" } else { "" };
        let fault = Fault::of_file(path, found).expected(format!("one of {known}{more}"));
        fault.advice("These are the classes that the model was trained on")
    };
    let place = |text: &str| {
        let number = |text: &str| text.parse::<f64>().ok();
        let same = |label: &String| {
            label == text || number(text).is_some_and(|n| Some(n) == number(label))
        };
        labels.iter().position(same)
    };
    if super::array::is_text(path) {
        let contents = bytes(path)?;
        let records = records(path, &contents)?;
        if records.iter().all(|record| record.len() == 1) {
            let named = match (header, records.first().and_then(|first| first.get(0))) {
                (Header::Auto, Some(first)) => place(first).is_none() && records.len() > 1,
                (header, _) => header == Header::Yes,
            };
            let rows = records.iter().skip(usize::from(named));
            let places = rows.map(|record| {
                let class = record.get(0).unwrap_or_default();
                let found = place(class).map(|place| place as f64);
                found.ok_or_else(|| Error::data(unknown(shown(class)).line(line(record))))
            });
            let data = places.collect::<Result<Vec<f64>>>()?;
            return Ok(Array { shape: vec![data.len(), 1], data, kind: Kind::Text });
        }
    }
    let mut array = super::read_array(path, header, Missing::Refuse)?;
    if array.columns() == 1 {
        for (number, value) in (1..).zip(&mut array.data) {
            let found = place(&value.to_string()).ok_or_else(|| {
                Error::data(unknown(value.to_string()).field(format!("row {number}")))
            })?;
            *value = found as f64;
        }
    }
    Ok(array)
}

/// The line on which a record starts, counted from 1.
pub(super) fn line(record: &StringRecord) -> u64 {
    record.position().map_or(1, csv::Position::line)
}

/// The bytes as text, without a byte-order mark.
fn text<'a>(path: &Path, bytes: &'a [u8]) -> Result<&'a str> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    std::str::from_utf8(bytes).map_err(|error| {
        let (valid, rest) = bytes.split_at(error.valid_up_to());
        let line = 1 + valid.iter().filter(|&&b| b == b'\n').count() as u64;
        let byte = rest.first().copied().unwrap_or_default();
        let fault = Fault::of_file(path, format!("the byte 0x{byte:02X}")).line(line);
        Error::data(fault.expected("UTF-8 text").advice("Save the file as UTF-8"))
    })
}

/// The separator that occurs most often in the first line; a comma when there is none.
fn delimiter(text: &str) -> u8 {
    let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let count = |b: u8| first.bytes().filter(|&c| c == b).count();
    let best = |best, b| if count(b) > count(best) { b } else { best };
    [b';', b'\t'].into_iter().fold(b',', best)
}

/// All rows that are not blank, each as wide as the first.
pub(super) fn records(path: &Path, bytes: &[u8]) -> Result<Vec<StringRecord>> {
    let text = text(path, bytes)?;
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .trim(csv::Trim::All)
        .delimiter(delimiter(text))
        .from_reader(text.as_bytes());
    let mut records: Vec<StringRecord> = Vec::new();
    for record in reader.records() {
        let record =
            record.map_err(|error| Error::data(Fault::of_file(path, error.to_string())))?;
        if record.len() == 1 && record.get(0) == Some("") {
            continue;
        }
        if let Some(first) = records.first().filter(|first| first.len() != record.len()) {
            let fault = Fault::of_file(path, counted(record.len(), "field"));
            let extra = record.len() == first.len() + 1 && record.iter().next_back() == Some("");
            let advice = if is_split(&record) {
                UNCLOSED
            } else if extra {
                "Remove the separator at the end of the row"
            } else {
                "A field that contains the separator must be in double quotes"
            };
            return Err(Error::data(
                fault
                    .line(line(&record))
                    .expected(format!(
                        "{} as on line {}",
                        counted(first.len(), "field"),
                        line(first)
                    ))
                    .advice(advice),
            ));
        }
        records.push(record);
    }
    // An unclosed quote takes in the rest of the file, whose fields may add up all the same.
    let odd = text.bytes().filter(|&b| b == b'"').count() % 2 == 1;
    match records.last() {
        Some(last) if odd && is_split(last) => {
            let fault = Fault::of_file(path, "a field of several lines").line(line(last));
            Err(Error::data(fault.expected("a closing quote").advice(UNCLOSED)))
        }
        Some(last) if odd && ends_open(text, last) => {
            let fault = Fault::of_file(path, "an opening quote").line(line(last));
            Err(Error::data(fault.expected("a closing quote").advice(UNCLOSED)))
        }
        _ => Ok(records),
    }
}

/// Whether a field of the last record opens a quote that the text ends in.
fn ends_open(text: &str, last: &StringRecord) -> bool {
    let start = last.position().map_or(0, csv::Position::byte) as usize;
    let separator = char::from(delimiter(text));
    let mut fields = text.get(start..).unwrap_or_default().split(separator).map(str::trim);
    fields.any(|field| field.starts_with('"') && field.matches('"').count() % 2 == 1)
}

const UNCLOSED: &str = "A double quote (\") opens a field there and is not closed on its line";

/// Whether a field goes over several lines.
fn is_split(record: &StringRecord) -> bool {
    record.iter().any(|field| field.contains('\n'))
}

/// Refuses a last column without any value, as a separator at the end of each row makes one.
fn check_last_column(path: &Path, records: &[StringRecord]) -> Result<()> {
    let below = if records.len() > 1 { &records[1..] } else { records };
    if below.iter().any(|row| row.iter().next_back() != Some("")) {
        return Ok(());
    }
    let width = records.first().map_or(0, StringRecord::len);
    let fault = Fault::of_file(path, "nothing in every row").field(format!("column {width}"));
    Err(Error::data(
        fault
            .expected("values")
            .advice("Remove the separator at the end of each row, or the whole column"),
    ))
}

/// Refuses to guess about a first row that counts (`2019,2020,2021`), as no other row does.
fn check_counting(path: &Path, records: &[StringRecord]) -> Result<()> {
    let counts = |row: &StringRecord| {
        let numbers: Option<Vec<i64>> = row.iter().map(|field| field.parse().ok()).collect();
        numbers.is_some_and(|n| {
            n.len() > 2
                && n.iter().zip(n.iter().skip(1)).all(|(&a, &b)| a.checked_add(1) == Some(b))
        })
    };
    match records.split_first() {
        Some((first, below)) if !below.is_empty() && counts(first) && !below.iter().any(counts) => {
            let found =
                format!("the numbers {}", first.iter().take(3).collect::<Vec<_>>().join(", "));
            let fault = Fault::of_file(path, format!("{found} in sequence")).line(line(first));
            Err(Error::data(
                fault.expected("names or data").advice(
                    "Say --header yes if they name the columns, --header no if they are data",
                ),
            ))
        }
        _ => Ok(()),
    }
}

/// Where the targets are.
struct Place {
    targets: Vec<usize>,
    by_name: bool,
}

/// The target columns. A name with commas is one name where a column is called that.
fn target_columns(path: &Path, first: &StringRecord, format: &Format) -> Result<Place> {
    let Some(wanted) = &format.target else {
        return Ok(Place { targets: vec![first.len() - 1], by_name: false });
    };
    let mut place = Place { targets: Vec::new(), by_name: false };
    let whole = first.iter().any(|name| name == wanted);
    let names = if whole { vec![wanted.as_str()] } else { wanted.split(',').collect() };
    for name in names {
        let (target, by_name) = target_column(path, first, name.trim(), format.header)?;
        if place.targets.contains(&target) {
            return Err(Error::Usage(format!(
                "--target {wanted}: column {} is named twice",
                target + 1
            )));
        }
        place.targets.push(target);
        place.by_name |= by_name;
    }
    if place.targets.len() == first.len() {
        let fault = Fault::of_file(path, "nothing but targets").line(line(first));
        let fault = fault.expected("at least one feature");
        return Err(Error::data(fault.advice("Name fewer columns with --target")));
    }
    Ok(place)
}

/// One target column, and whether it was found by its name. A number is always a position, so that
/// names cannot be confused with data.
fn target_column(
    path: &Path,
    first: &StringRecord,
    wanted: &str,
    header: Header,
) -> Result<(usize, bool)> {
    let width = first.len();
    if let Ok(number) = wanted.parse::<usize>()
        && (1..=width).contains(&number)
    {
        return Ok((number - 1, false));
    }
    let mut named = (1..).zip(first).filter(|&(_, name)| name == wanted).map(|(number, _)| number);
    let (one, other) = (named.next(), named.next());
    if let (Some(one), Some(other)) = (one, other)
        && header != Header::No
    {
        let fault =
            Fault::of_file(path, format!("the columns {one} and {other}")).line(line(first));
        return Err(Error::data(
            fault
                .expected(format!("one column named {wanted:?}"))
                .advice(format!("Say which: --target {one} or --target {other}")),
        ));
    }
    match one.map(|number: usize| number - 1).filter(|_| header != Header::No) {
        Some(target) => Ok((target, true)),
        None => {
            let columns: Vec<&str> = first.iter().take(8).collect();
            let more = if width > columns.len() { ", …" } else { "" };
            let found = format!("the columns {}{more}", columns.join(", "));
            Err(Error::data(
                Fault::of_file(path, found)
                    .line(line(first))
                    .expected(format!("the target {wanted:?} among them"))
                    .advice(format!("--target takes a name of the header or 1 to {width}")),
            ))
        }
    }
}

/// Whether a first row reads as names: no feature field of it is a number or a missing value.
pub(super) fn is_header(first: &StringRecord, targets: &[usize]) -> bool {
    let mut features = first.iter().enumerate().filter(|(k, _)| !targets.contains(k));
    features.all(|(_, text)| Cell::of(text) == Cell::Text)
}

/// The fault of one field.
pub(super) fn field_fault(table: &Table<'_>, row: &StringRecord, k: usize) -> Fault {
    Fault::of_file(table.path, shown(row.get(k).unwrap_or_default()))
        .line(line(row))
        .field(table.field(k))
}
