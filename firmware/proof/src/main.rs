//! Runs the images under emulation and checks what is claimed of them.

mod counts;
mod elf;
mod images;
mod machine;
mod readme;
mod record;
mod wasm;

use machine::Machine;
use std::process::ExitCode;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

const USAGE: &str = "\
usage: proof COMMAND
  images         run every image on every board, check output, symbols, sizes, stack, RAM
  counts         count instructions, compare with the record
  wasm           run the workload in a WebAssembly interpreter, check its hashes
  readme         check the README's table
  update         images and counts, and record what they measure, in the README too
  run IMAGE TARGET  run one image, print what it prints";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match *words {
        ["images"] => images::check(false),
        ["counts"] => counts::check(false),
        ["wasm"] => images::expect("wasm32", &images::bits(), wasm::run()),
        ["readme"] => readme::check(),
        ["update"] => {
            images::check(true).and_then(|()| counts::check(true)).and_then(|()| readme::write())
        }
        ["run", image, target] => match Machine::of(target).and_then(|m| m.run(image)) {
            Ok(run) => {
                print!("{}", run.text);
                run.measured.iter().for_each(|line| println!("# {line}"));
                return ExitCode::from(u8::try_from(run.code).unwrap_or(1));
            }
            Err(error) => Err(error),
        },
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("proof: {error}");
            ExitCode::FAILURE
        }
    }
}
