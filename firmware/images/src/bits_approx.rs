//! Prints the hash of every part of the workload in `Approx`.
#![no_std]
#![no_main]

fact_board::entry! {
    fn main() -> u8 {
        fact_workload::bits::run_in::<fact_core::approx::Approx>("approx", &mut fact_board::print);
        0
    }
}
