//! Prints the hash of every part of the workload in `f32`.
#![no_std]
#![no_main]

fact_board::entry! {
    fn main() -> u8 {
        fact_workload::bits::run_in::<f32>("f32", &mut fact_board::print);
        0
    }
}
