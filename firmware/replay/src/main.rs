//! `replay PROGRAM`: what an image prints, computed on the desktop from the same code.

use fact_workload::text::exit_code;
use fact_workload::{bits, online, resume, rfm, train};
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
        Some("rfm") => {
            let buffers = rfm::Buffers {
                x: &mut [0.0; rfm::INPUTS],
                y: &mut [0.0; rfm::N],
                metric: &mut [0.0; rfm::METRIC],
                dual: &mut [0.0; rfm::N],
                fit: &mut [0.0; rfm::FIT],
                predict: &mut [0.0; rfm::PREDICT],
            };
            rfm::run(buffers, &mut out)
        }
        Some("resume") => {
            let buffers = resume::Buffers {
                x: &mut [0.0; resume::INPUTS],
                theta: &mut [0.0; resume::THETA],
                memory: &mut [0.0; resume::MEMORY],
                scratch: &mut [0.0; resume::SCRATCH],
                cells: &mut [0; resume::CELLS],
            };
            resume::run(buffers, &mut out)
        }
        _ => {
            eprintln!("usage: replay bits|train|rfm|online|resume");
            return ExitCode::from(2);
        }
    };
    exit_code(ended, &mut out).into()
}
