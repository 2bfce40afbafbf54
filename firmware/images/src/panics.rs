//! Panics, so that the proofs can be seen to notice: exit code 101, and a panic in the image.
#![no_std]
#![no_main]

fact_board::entry! {
    fn main(numbers: [u32; 4] = [0; 4]) -> u8 {
        let beyond = core::hint::black_box(4);
        numbers[beyond] as u8
    }
}
