//! Trains on iris from flash until FACT is certified, and prints what was found.
#![no_std]
#![no_main]

use fact_board::print;
use fact_workload::text::exit_code;
use fact_workload::train::{INPUTS, MEMORY, SCRATCH, THETA, run};

fact_board::entry! {
    fn main(
        x: [f32; INPUTS] = [0.0; INPUTS],
        theta: [f32; THETA] = [0.0; THETA],
        memory: [f32; MEMORY] = [0.0; MEMORY],
        scratch: [f32; SCRATCH] = [0.0; SCRATCH],
    ) -> u8 {
        exit_code(run(x, theta, memory, scratch, &mut print), &mut print)
    }
}
