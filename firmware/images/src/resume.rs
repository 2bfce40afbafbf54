//! Trains through power cuts with the state on flash, and ends at the bits of an undisturbed run.
#![no_std]
#![no_main]

use fact_board::print;
use fact_workload::resume::{Buffers, CELLS, INPUTS, MEMORY, SCRATCH, THETA, run};
use fact_workload::text::exit_code;

fact_board::entry! {
    fn main(
        x: [f32; INPUTS] = [0.0; INPUTS],
        theta: [f32; THETA] = [0.0; THETA],
        memory: [f32; MEMORY] = [0.0; MEMORY],
        scratch: [f32; SCRATCH] = [0.0; SCRATCH],
        cells: [u8; CELLS] = [0; CELLS],
    ) -> u8 {
        exit_code(run(Buffers { x, theta, memory, scratch, cells }, &mut print), &mut print)
    }
}
