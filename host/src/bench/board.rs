//! Instructions on microcontrollers: the image `counts` of `firmware`, under QEMU.

use super::checkout::output;
use super::machine::version;
use super::{Counts, Failure, Kind, Row, record};
use std::path::Path;
use std::process::Command;

const EMULATORS: [&str; 2] = ["qemu-system-arm", "qemu-system-riscv32"];

/// Builds the images and runs the one that counts on every board that the record has.
pub(super) fn run(checkout: &Path, quiet: bool) -> Counts {
    let mut versions = Vec::new();
    for emulator in EMULATORS {
        let found = version(emulator, &["--version"]).ok_or_else(|| {
            Failure::Missing(format!("missing is {emulator}; ./ci.sh firmware install installs it"))
        })?;
        versions.push((emulator.to_owned(), found));
    }
    let firmware = checkout.join("firmware");
    // A workspace of its own, whose proofs look for images in its own folder.
    let mut build = Command::new(firmware.join("ci.sh"));
    build.env_remove("CARGO_TARGET_DIR").args(["install", "build"]);
    output(&mut build, quiet).map_err(Failure::Failed)?;
    let mut rows = Vec::new();
    for target in record::boards().map_err(|error| Failure::Failed(error.to_string()))? {
        let mut proof = Command::new("cargo");
        proof
            .current_dir(&firmware)
            .env_remove("CARGO_TARGET_DIR")
            .args("run -q --release -p fact-proof -- run counts".split(' '));
        let printed = output(proof.arg(&target), quiet).map_err(Failure::Failed)?;
        let found = counts(&printed, &target);
        if found.is_empty() {
            return Err(Failure::Failed(format!("the image for {target} counted nothing")));
        }
        rows.extend(found);
    }
    Ok((rows, versions.into_iter().collect()))
}

/// The lines `# count operation shape instructions stack`.
fn counts(printed: &str, target: &str) -> Vec<Row> {
    let words = printed.lines().filter_map(|line| line.strip_prefix("# count "));
    let row = |line: &str| {
        let mut words = line.split(' ');
        let (operation, shape) = (words.next()?, words.next()?);
        let count = words.next()?.parse().ok().filter(|count| *count > 0)?;
        Some(Row::count(Kind::McuInstructions, target, operation, shape, count))
    };
    words.filter_map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_the_image_are_read() {
        let rows = counts("text\n# count gemm 16 7974 300\n# stack 9\n", "thumbv7em");
        assert_eq!(rows.len(), 1);
        assert_eq!((&*rows[0].operation, &*rows[0].shape, rows[0].value), ("gemm", "16", 7974.0));
    }
}
