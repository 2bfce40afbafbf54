//! The square root instruction of Arm's floating-point unit.
//!
//! Without `std` stable Rust has no square root, and `fact-core` forbids `unsafe`: hence this crate of one
//! instruction. IEEE 754 rounds a root correctly, so it has the bits of any other correct root.

#![no_std]

/// `√x`: NaN below 0, −0 of −0. Where there is no such unit, this function does not exist.
///
/// Cost: the instruction and four moves, where `libm::sqrtf` takes some 65 instructions.
#[cfg(all(target_arch = "arm", target_abi = "eabihf"))]
#[inline(always)]
pub fn sqrtf(x: f32) -> f32 {
    let root: u32;
    // SAFETY: the ABI passes numbers in the unit's registers, so it is there; nothing but the registers
    // named is read or written, neither memory nor condition flags.
    unsafe {
        // By way of core registers: rustc takes the unit's as operands only where it has doubles too.
        core::arch::asm!(
            "vmov s0, {bits}",
            "vsqrt.f32 s0, s0",
            "vmov {root}, s0",
            bits = in(reg) x.to_bits(),
            root = lateout(reg) root,
            out("s0") _,
            options(pure, nomem, nostack, preserves_flags),
        );
    }
    f32::from_bits(root)
}
