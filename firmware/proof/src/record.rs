//! What was measured before: budgets for sizes and stacks, and instruction counts.

use crate::Result;
use crate::elf::Sizes;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// What one image takes on one target.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Budget {
    /// Target.
    pub target: String,
    /// Image.
    pub image: String,
    /// Bytes of its sections.
    #[serde(flatten)]
    pub sizes: Sizes,
    /// Bytes of stack used.
    pub stack: u64,
}

/// Stack of one operation on one target.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Depth {
    /// Target.
    pub target: String,
    /// Operation.
    pub operation: String,
    /// Shape.
    pub shape: String,
    /// Bytes.
    pub stack: u64,
}

/// Instructions of one operation on one target.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Count {
    /// Target.
    pub target: String,
    /// Operation.
    pub operation: String,
    /// Shape.
    pub shape: String,
    /// Instructions of one call.
    pub instructions: u64,
}

/// Sizes and stack of every image on every target.
pub const BUDGETS: &str = "firmware/record/budgets.json";
/// Stack of every operation.
pub const DEPTHS: &str = "firmware/record/stacks.json";
/// Instructions of every operation.
pub const COUNTS: &str = "benches/record/firmware.json";
/// Buffers of every image in bytes: `image buffer bytes` a line.
pub const STATICS: &str = "firmware/record/statics.txt";

/// A file of the repository.
pub fn path(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "../..", name].iter().collect()
}

/// Reads text.
pub fn text(name: &str) -> Result<String> {
    std::fs::read_to_string(path(name)).map_err(|error| format!("{name}: {error}").into())
}

/// Reads a record.
pub fn read<T: DeserializeOwned>(name: &str) -> Result<Vec<T>> {
    let rows: Vec<T> =
        serde_json::from_str(&text(name)?).map_err(|error| format!("{name}: {error}"))?;
    Ok(rows)
}

/// Writes a record, one row a line.
pub fn write<T: Serialize>(name: &str, rows: &[T]) -> Result<()> {
    let rows: std::result::Result<Vec<_>, _> = rows.iter().map(serde_json::to_string).collect();
    put(name, &format!("[\n  {}\n]\n", rows?.join(",\n  ")))
}

/// Writes text.
pub fn put(name: &str, text: &str) -> Result<()> {
    if let Some(folder) = path(name).parent() {
        std::fs::create_dir_all(folder).map_err(|error| format!("{name}: {error}"))?;
    }
    std::fs::write(path(name), text).map_err(|error| format!("{name}: {error}").into())
}
