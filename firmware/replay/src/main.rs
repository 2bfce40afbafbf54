//! `replay PROGRAM`: what an image prints, computed on the desktop from the same code.

use fact_workload::text::exit_code;
use fact_workload::{bits, online, train};
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut out = |text: &str| print!("{text}");
    let ended = match std::env::args().nth(1).as_deref() {
        Some("bits") => {
            bits::run(&mut out);
            Ok(true)
        }
        Some("train") => train::run(
            &mut [0.0; train::INPUTS],
            &mut [0.0; train::THETA],
            &mut [0.0; train::MEMORY],
            &mut [0.0; train::SCRATCH],
            &mut out,
        ),
        Some("online") => online::run(
            &mut [0.0; online::THETA],
            &mut [0.0; online::THETA],
            &mut [0.0; online::SCRATCH],
            &mut |call| call(),
            &mut out,
        ),
        _ => {
            eprintln!("usage: replay bits|train|online");
            return ExitCode::from(2);
        }
    };
    exit_code(ended, &mut out).into()
}
