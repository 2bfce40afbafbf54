//! Hands the linker the memory map of the board that belongs to the target.

use std::path::Path;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let target = env::var("TARGET").unwrap_or_default();
    let map = Path::new("boards").join(format!("{target}.x"));
    println!("cargo::rerun-if-changed=boards");
    if map.exists() {
        let out = env::var("OUT_DIR").unwrap_or_default();
        fs::copy(&map, Path::new(&out).join("memory.x"))?;
        println!("cargo::rustc-link-search={out}");
        // cortex-m-rt's script includes the map by itself, riscv-rt's wants it to come first.
        if env::var("CARGO_CFG_TARGET_ARCH").is_ok_and(|arch| arch == "riscv32") {
            println!("cargo::rustc-link-arg-bins=-Tmemory.x");
        }
        println!("cargo::rustc-link-arg-bins=-Tlink.x");
    }
    Ok(())
}
