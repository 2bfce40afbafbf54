//! Learns which bits a parity depends on, round by round, in static buffers.
#![no_std]
#![no_main]

use fact_board::print;
use fact_workload::rfm::{Buffers, FIT, INPUTS, METRIC, N, PREDICT, run};
use fact_workload::text::exit_code;

fact_board::entry! {
    fn main(
        x: [f32; INPUTS] = [0.0; INPUTS],
        y: [f32; N] = [0.0; N],
        metric: [f32; METRIC] = [0.0; METRIC],
        dual: [f32; N] = [0.0; N],
        fit: [f32; FIT] = [0.0; FIT],
        predict: [f32; PREDICT] = [0.0; PREDICT],
    ) -> u8 {
        exit_code(run(Buffers { x, y, metric, dual, fit, predict }, &mut print), &mut print)
    }
}
