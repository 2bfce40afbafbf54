//! Learns from a stream, one sample a call, and times every call.
#![no_std]
#![no_main]

use fact_board::{Counter, print, print_number};
use fact_workload::online::{SCRATCH, THETA, run};
use fact_workload::text::exit_code;

fact_board::entry! {
    fn main(
        theta: [f32; THETA] = [0.0; THETA],
        kept: [f32; THETA] = [0.0; THETA],
        scratch: [f32; SCRATCH] = [0.0; SCRATCH],
    ) -> u8 {
        let counter = Counter::start();
        let mut longest = 0;
        let mut time = |call: &mut dyn FnMut()| longest = counter.time(call).max(longest);
        let ended = run(theta, kept, scratch, &mut time, &mut print);
        print("# longest call ");
        print_number(longest);
        print("\n");
        exit_code(ended, &mut print)
    }
}
