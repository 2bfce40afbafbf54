//! `replay IMAGE`: what the image prints, computed on the desktop from the same code.

use std::process::ExitCode;

fn main() -> ExitCode {
    let mut out = |text: &str| print!("{text}");
    match std::env::args().nth(1).as_deref() {
        Some("bits") => fact_workload::bits::run(&mut out),
        _ => {
            eprintln!("usage: replay bits");
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}
