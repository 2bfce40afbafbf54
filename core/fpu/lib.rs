//! The square root instructions of Arm's floating-point unit and of x86-64.
//!
//! Without `std` stable Rust has no square root, and `fact-core` forbids `unsafe`: hence this crate. IEEE 754
//! rounds a root correctly, so it has the bits of any other correct root.

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

/// `√x`: NaN below 0, −0 of −0.
#[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
#[inline(always)]
pub fn sqrtf(x: f32) -> f32 {
    use core::arch::x86_64::{_mm_cvtss_f32, _mm_set_ss, _mm_sqrt_ss};
    // SAFETY: the build has the feature that these need.
    unsafe { _mm_cvtss_f32(_mm_sqrt_ss(_mm_set_ss(x))) }
}

/// `√x`: NaN below 0, −0 of −0.
#[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
#[inline(always)]
pub fn sqrt(x: f64) -> f64 {
    use core::arch::x86_64::{_mm_cvtsd_f64, _mm_set_sd, _mm_sqrt_sd};
    // SAFETY: the build has the feature that these need.
    unsafe { _mm_cvtsd_f64(_mm_sqrt_sd(_mm_set_sd(x), _mm_set_sd(x))) }
}
