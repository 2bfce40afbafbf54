//! From records to a [`Dataset`]: features must be finite numbers, the target decides its kind.

use super::cell::Cell;
use super::delimited::field_fault;
use super::{Dataset, Missing, Target, Task};
use crate::error::{Error, Fault, Result};
use csv::StringRecord;
use std::path::Path;

/// Whole-number targets with at most this many distinct values are taken for classes.
const FEW: usize = 32;
/// More classes than this are surely a mistake: an identifier or a free text.
const MANY: usize = 1000;

/// Rows of equal width and the places of the targets.
pub(super) struct Table<'a> {
    /// For messages.
    pub(super) path: &'a Path,
    /// The names of the columns.
    pub(super) header: Option<&'a StringRecord>,
    /// One per sample.
    pub(super) rows: &'a [StringRecord],
    /// Positions of the target columns.
    pub(super) targets: &'a [usize],
    /// What becomes of a feature without a value.
    pub(super) missing: Missing,
    /// Whether all targets may be the same.
    pub(super) uniform: bool,
}

impl<'a> Table<'a> {
    /// Reads every field.
    pub(super) fn dataset(&self, task: Option<Task>) -> Result<Dataset> {
        let Some(first) = self.rows.first() else {
            let fault = Fault::of_file(self.path, "a header and no rows below it");
            return Err(Error::data(
                fault.expected("one row per sample").advice("Without a header, say --header no"),
            ));
        };
        let columns: Vec<usize> = (0..first.len()).filter(|k| !self.targets.contains(k)).collect();
        let x = self.numbers(&columns)?;
        let stem = self.path.file_stem().unwrap_or_default();
        Ok(Dataset {
            name: stem.to_string_lossy().into_owned(),
            features: columns.iter().map(|&k| self.name(k)).collect(),
            x,
            n: self.rows.len(),
            d: columns.len(),
            target: self.read_target(task)?,
        })
    }

    /// The numbers in these columns, row after row.
    pub(super) fn numbers(&self, columns: &[usize]) -> Result<Vec<f64>> {
        let mut x = Vec::with_capacity(self.rows.len() * columns.len());
        let mut gaps = Vec::new();
        for row in self.rows {
            for &k in columns {
                let value = self.feature(row, k)?;
                if value.is_none() {
                    gaps.push(x.len());
                }
                x.push(value.unwrap_or(0.0));
            }
        }
        let d = columns.len().max(1);
        let mut means = vec![None; d];
        for gap in &gaps {
            let column = gap % d;
            let mean = match means[column] {
                Some(mean) => mean,
                None => self.mean(columns[column])?,
            };
            means[column] = Some(mean);
            x[*gap] = mean;
        }
        Ok(x)
    }

    /// The mean of the values there are in column `k`.
    fn mean(&self, k: usize) -> Result<f64> {
        let values =
            self.rows.iter().filter_map(|row| number(Cell::of(row.get(k).unwrap_or_default())));
        let count = values.clone().count() as f64;
        if count > 0.0 {
            return Ok(values.map(|value| value / count).sum());
        }
        let fault = Fault::of_file(self.path, "nothing in every row").field(self.field(k));
        Err(Error::data(fault.expected("values to take the mean of").advice("Remove the column")))
    }

    /// Name of column `k`; its number, counted from 1, when it has none.
    fn name(&self, k: usize) -> String {
        let name = self.header.and_then(|header| header.get(k)).unwrap_or_default();
        if name.is_empty() { (k + 1).to_string() } else { name.to_owned() }
    }

    /// A feature; `None` when it is missing and may be.
    fn feature(&self, row: &StringRecord, k: usize) -> Result<Option<f64>> {
        let cell = Cell::of(row.get(k).unwrap_or_default());
        match cell {
            Cell::Number(value) => return Ok(Some(value)),
            Cell::Missing if self.missing == Missing::Mean => return Ok(None),
            _ => {}
        }
        let first = self.header.is_none() && self.rows.first() == Some(row);
        let (expected, advice) = match cell {
            Cell::Missing => {
                ("a number", "Fill in the missing value, remove the row, or say --missing mean")
            }
            Cell::NonFinite => ("a finite number", "Correct the value or remove the row"),
            _ if first => ("a number", "If the first row names the columns, say --header yes"),
            _ => ("a number", "Correct the value, or encode or remove the column"),
        };
        Err(Error::data(field_fault(self, row, k).expected(expected).advice(advice)))
    }

    fn read_target(&self, task: Option<Task>) -> Result<Target> {
        if let &[target] = self.targets {
            return self.read_column(target, task);
        }
        if task == Some(Task::Classify) {
            return Err(Error::Usage(
                "--task classify takes one target column; several are numbers".to_owned(),
            ));
        }
        let mut values = vec![0.0; self.rows.len() * self.targets.len()];
        for (j, &target) in self.targets.iter().enumerate() {
            let Target::Values(column) = self.read_column(target, Some(Task::Regress))? else {
                continue;
            };
            for (row, value) in values.chunks_exact_mut(self.targets.len()).zip(column) {
                row[j] = value;
            }
        }
        Ok(Target::Values(values))
    }

    fn read_column(&self, target: usize, task: Option<Task>) -> Result<Target> {
        let fault = |row| field_fault(self, row, target);
        let mut cells = Vec::with_capacity(self.rows.len());
        for row in self.rows {
            let cell = Cell::of(row.get(target).unwrap_or_default());
            if cell == Cell::Missing {
                let fault = fault(row).expected("a target");
                return Err(Error::data(
                    fault.advice("Fill in the missing value or remove the row"),
                ));
            }
            cells.push((row, cell));
        }
        let numbers: Vec<f64> = cells.iter().filter_map(|&(_, cell)| number(cell)).collect();
        let is_text = |cell: &&(&StringRecord, Cell)| number(cell.1).is_none();
        let text = cells.iter().find(is_text);
        let regress = match task {
            Some(task) => task == Task::Regress,
            None => !numbers.is_empty() && (text.is_some() || !are_classes(&numbers)),
        };
        match text {
            Some((row, _)) if regress => {
                let first = self.header.is_none() && self.rows.first() == Some(row);
                let advice = if first && numbers.len() + 1 == self.rows.len() {
                    "If the first row names the columns, say --header yes"
                } else {
                    "If the column names classes, say --task classify"
                };
                let fault = fault(row).expected("a finite number, as in other rows");
                Err(Error::data(fault.advice(advice)))
            }
            None if regress => self.values(target, numbers),
            _ => self.classes(target, text.is_none().then_some(&numbers)),
        }
    }

    fn values(&self, target: usize, values: Vec<f64>) -> Result<Target> {
        if self.uniform || values.iter().any(|v| Some(v) != values.first()) {
            return Ok(Target::Values(values));
        }
        let found = format!("the same number in all {} rows", values.len());
        let fault = Fault::of_file(self.path, found).field(self.target_field(target));
        Err(Error::data(fault.expected("a target that varies").advice("Change --target")))
    }

    /// Classes in the order of their numbers, if all are numbers, or of their names.
    fn classes(&self, target: usize, numbers: Option<&Vec<f64>>) -> Result<Target> {
        let names: Vec<String> = match numbers {
            Some(numbers) => numbers.iter().map(f64::to_string).collect(),
            None => self.rows.iter().filter_map(|row| row.get(target)).map(str::to_owned).collect(),
        };
        let mut labels = names.clone();
        match numbers {
            Some(_) => labels.sort_by(|a, b| value(a).total_cmp(&value(b))),
            None => labels.sort(),
        }
        labels.dedup();
        let fault = |found| Fault::of_file(self.path, found).field(self.target_field(target));
        if let ([only], false) = (labels.as_slice(), self.uniform) {
            let fault = fault(format!("the single class {only:?}")).expected("two or more");
            return Err(Error::data(fault.advice("Change --target, or add rows of other classes")));
        }
        if labels.len() > MANY {
            let fault = fault(format!("{} classes", labels.len()));
            return Err(Error::data(
                fault
                    .expected(format!("at most {MANY}"))
                    .advice("Change --target, or say --task regress if it is a number"),
            ));
        }
        let place = |name| labels.iter().position(|label| label == name).unwrap_or_default();
        let index = names.iter().map(place).collect();
        Ok(Target::Classes { labels, index })
    }

    fn target_field(&self, target: usize) -> String {
        format!("target {}", self.field(target))
    }

    /// Column `k` as it is called in a message.
    pub(super) fn field(&self, k: usize) -> String {
        let name = self.header.and_then(|header| header.get(k)).unwrap_or_default();
        let name = if name.is_empty() { String::new() } else { format!(" {name:?}") };
        format!("column {}{name}", k + 1)
    }
}

fn number(cell: Cell) -> Option<f64> {
    if let Cell::Number(value) = cell { Some(value) } else { None }
}

fn value(text: &str) -> f64 {
    text.parse().unwrap_or(f64::NAN)
}

/// Whether numeric targets read as classes: few distinct whole numbers, each more than once on
/// average.
fn are_classes(numbers: &[f64]) -> bool {
    let mut distinct = numbers.to_vec();
    distinct.sort_by(f64::total_cmp);
    distinct.dedup();
    let whole = distinct.iter().all(|v| v.fract() == 0.0);
    whole && distinct.len() <= FEW && 2 * distinct.len() <= numbers.len()
}
