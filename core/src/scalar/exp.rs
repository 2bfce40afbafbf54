//! `eˣ` of many numbers, several at a time, with the bits of libm's `exp`.
//!
//! libm branches on the size of its argument, and a loop with branches is not vectorised. Here the same
//! operations, those of msun's `e_exp.c` and `e_expf.c` (Copyright (C) 1993 by Sun Microsystems, Inc.;
//! permission to use, copy, modify and distribute is freely granted, provided that this notice is
//! preserved), are made without a branch for all arguments whose results are far from over- and
//! underflow; the others are left to libm.

/// Numbers taken together.
const LANES: usize = 8;

macro_rules! implement {
    ($all:ident, $moderate:ident, $t:ident, $exp:path,
     range $range:literal, ln2 $ln2_hi:literal + $ln2_lo:literal,
     thresholds $tiny:literal $half:literal $far:literal,
     whole $whole:literal, bias $bias:literal,
     polynomial $($p:literal)+) => {
        /// Replaces each by its exponential.
        #[inline(always)]
        pub(super) fn $all(values: &mut [$t]) {
            let (blocks, rest) = values.as_chunks_mut::<LANES>();
            for block in blocks {
                // Every one is looked at: a loop that ends early is not vectorised.
                if block.iter().fold(true, |all, value| all & (value.abs() < $range)) {
                    block.iter_mut().for_each(|value| *value = $moderate(*value));
                } else {
                    block.iter_mut().for_each(|value| *value = $exp(*value));
                }
            }
            rest.iter_mut().for_each(|value| *value = $exp(*value));
        }

        /// `eˣ` for an `x` of moderate size. `x = k ln 2 + r`, `|r| ≤ ½ ln 2`; both candidates for `k` are
        /// formed and one is selected.
        #[inline(always)]
        fn $moderate(x: $t) -> $t {
            let size = x.abs();
            let (sign, k_near) = if x < 0.0 { (-1.0, -1.0) } else { (1.0, 1.0) };
            // Rounded towards zero: to the nearest whole number, and down if that was up. A conversion
            // to an integer saturates in Rust and would be made one number after the other.
            let far = size * core::$t::consts::LOG2_E + 0.5;
            let nearest = (far + $whole) - $whole;
            let far = if nearest > far { nearest - 1.0 } else { nearest };
            let k = if size >= $t::from_bits($far) { sign * far } else { k_near };
            let k = if size >= $t::from_bits($half) { k } else { 0.0 };
            let (hi, lo) = (x - k * $ln2_hi, k * $ln2_lo);
            let r = hi - lo;
            let square = r * r;
            let c = r - square * implement!(@horner square, $($p)+);
            let y = 1.0 + (r * c / (2.0 - c) - lo + hi);
            let y = if size >= $t::from_bits($tiny) { y } else { 1.0 + x };
            // The low bits of this sum are the exponent's. The power is a normal number in every case, so
            // that the product is exact.
            let power = (k + ($whole + $bias)).to_bits() << ($t::MANTISSA_DIGITS - 1);
            y * $t::from_bits(power)
        }
    };
    (@horner $x:ident, $p:literal) => { $p };
    (@horner $x:ident, $p:literal $($rest:literal)+) => { ($p + $x * implement!(@horner $x, $($rest)+)) };
}

implement!(
    exp_all_f32, moderate_f32, f32, libm::expf,
    range 86.0, ln2 6.931_457_5e-1 + 1.428_606_8e-6,
    thresholds 0x3900_0001 0x3eb1_7219 0x3f85_1593,
    whole 8_388_608.0, bias 127.0,
    polynomial 1.666_662_5e-1 -2.766_733_3e-3
);
implement!(
    exp_all_f64, moderate_f64, f64, libm::exp,
    range 700.0, ln2 6.931_471_803_691_238e-1 + 1.908_214_929_270_587_7e-10,
    thresholds 0x3e30_0001_0000_0000 0x3fd6_2e43_0000_0000 0x3ff0_a2b2_0000_0000,
    whole 4_503_599_627_370_496.0, bias 1023.0,
    polynomial 1.666_666_666_666_660_2e-1 -2.777_777_777_701_559_3e-3 6.613_756_321_437_934e-5
        -1.653_390_220_546_525_2e-6 4.138_136_797_057_238_5e-8
);
