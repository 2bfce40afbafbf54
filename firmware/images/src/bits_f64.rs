//! Prints the hash of every part of the workload in `f64`.
#![no_std]
#![no_main]

fact_board::entry! {
    fn main() -> u8 {
        fact_workload::bits::run_in::<f64>("f64", &mut fact_board::print);
        0
    }
}
