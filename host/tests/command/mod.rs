//! Running the command as a user does, and files to run it on.

use fact_host::experiment::Matrix;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Runs `fact` with these arguments.
pub fn fact(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_fact")).args(args).output().expect("runs")
}

/// Exit code, and the JSON on standard output.
pub fn json(args: &[&str]) -> (i32, serde_json::Value) {
    let output = fact(&[args, &["--json"]].concat());
    let value = serde_json::from_slice(&output.stdout);
    let value = value.unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
    (output.status.code().expect("exited"), value)
}

/// Standard output and standard error, each with its line breaks made spaces.
pub fn words(output: &Output) -> (String, String) {
    let one = |bytes: &[u8]| {
        let text = String::from_utf8(bytes.to_vec()).expect("UTF-8");
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    (one(&output.stdout), one(&output.stderr))
}

/// The folder `fixtures`.
pub fn fixture(name: &str) -> String {
    let path = fact_tests::golden::fixtures().join(name);
    path.to_str().expect("UTF-8").to_owned()
}

/// Writes `bytes` into a file in `folder` and returns its path.
pub fn file(folder: &Path, name: &str, bytes: impl AsRef<[u8]>) -> String {
    let path: PathBuf = folder.join(name);
    std::fs::write(&path, bytes).expect("written");
    path.to_str().expect("UTF-8").to_owned()
}

/// A matrix as the contents of an `.npy` file.
pub fn npy(nrows: usize, ncols: usize, data: &[f64]) -> Vec<u8> {
    let matrix = Matrix { nrows, ncols, data: data.to_vec() };
    fact_host::report::encode(&matrix).expect("encoded")
}

/// Iris as two files: inputs and names of classes.
pub fn iris(folder: &Path) -> (String, String) {
    let text = std::fs::read_to_string(fixture("small/iris.csv")).expect("read");
    let (x, y): (Vec<&str>, Vec<&str>) =
        text.lines().map(|line| line.rsplit_once(',').expect("columns")).unzip();
    (file(folder, "x.csv", x.join("\n")), file(folder, "y.csv", y.join("\n")))
}
