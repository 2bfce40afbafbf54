//! What is in a linked image: its sections, its statics, and whether it can panic or allocate.

use crate::Result;
use object::{Object, ObjectSection, ObjectSymbol, SectionKind};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

/// What no image may contain. The panic handler itself is among it: nothing reaches it.
const FORBIDDEN: [&str; 14] = [
    "core::panicking",
    "rust_begin_unwind",
    "rust_panic",
    "unwrap_failed",
    "expect_failed",
    "core::slice::index",
    "slice_error_fail",
    "len_mismatch_fail",
    "panic_const",
    "__rust_alloc",
    "__rust_realloc",
    "__rdl_",
    "__rg_",
    "alloc::",
];

/// Bytes of an image.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
pub struct Sizes {
    /// Code, vectors included.
    pub text: u64,
    /// Constants.
    pub rodata: u64,
    /// Initialised statics: flash and RAM.
    pub data: u64,
    /// Statics that start at zero.
    pub bss: u64,
}

impl Sizes {
    /// Bytes of flash.
    pub fn flash(&self) -> u64 {
        self.text + self.rodata + self.data
    }

    /// Bytes of RAM without stack.
    pub fn statics(&self) -> u64 {
        self.data + self.bss
    }
}

/// A linked image.
#[derive(Debug)]
pub struct Image {
    /// Its size.
    pub sizes: Sizes,
    /// Its buffers, by the names that `fact_board::entry!` gives them, in bytes.
    pub statics: BTreeMap<String, u64>,
    /// Symbols of panics and allocators.
    pub forbidden: Vec<String>,
}

impl Image {
    /// Reads an image.
    pub fn read(path: &Path) -> Result<Self> {
        let bytes = std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
        let file = object::File::parse(&*bytes)?;
        let mut sizes = Sizes::default();
        for section in file.sections() {
            let size = section.size();
            match section.kind() {
                SectionKind::Text => sizes.text += size,
                SectionKind::ReadOnlyData | SectionKind::ReadOnlyString => sizes.rodata += size,
                SectionKind::Data => sizes.data += size,
                // The linker script's heap and stack are what is left, not what is taken.
                SectionKind::UninitializedData if section.name()?.starts_with(".bss") => {
                    sizes.bss += size;
                }
                _ => {}
            }
        }
        let mut statics = BTreeMap::new();
        let mut forbidden = Vec::new();
        let mut symbols = 0;
        for symbol in file.symbols() {
            symbols += 1;
            let name = format!("{:#}", rustc_demangle::demangle(symbol.name()?));
            if FORBIDDEN.iter().any(|part| name.contains(part)) {
                forbidden.push(name);
            } else if let Some((_, buffer)) = name.split_once("image_entry::")
                && symbol.size() > 0
            {
                statics.insert(buffer.to_owned(), symbol.size());
            }
        }
        if symbols == 0 {
            return Err(format!("{}: no symbols, so nothing can be proved", path.display()).into());
        }
        Ok(Self { sizes, statics, forbidden })
    }
}
