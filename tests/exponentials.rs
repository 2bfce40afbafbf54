//! `exp_all` returns the bits of `exp`, in every position and for every kind of argument.

use fact_core::rng::Rng;
use fact_core::scalar::Scalar;

/// Compares blocks of eight with libm.
fn same_f32(bits: impl Iterator<Item = u32>) {
    let values: Vec<f32> = bits.map(f32::from_bits).collect();
    let mut found = values.clone();
    f32::exp_all(&mut found);
    for (x, found) in values.iter().zip(found) {
        assert_eq!(found.to_bits(), Scalar::exp(*x).to_bits(), "{x:e}");
    }
}

fn same_f64(values: Vec<f64>) {
    let mut found = values.clone();
    f64::exp_all(&mut found);
    for (x, found) in values.iter().zip(found) {
        assert_eq!(found.to_bits(), Scalar::exp(*x).to_bits(), "{x:e}");
    }
}

#[test]
fn f32_has_the_bits_of_libm() {
    // All sizes, of both signs; neighbours stand in one block, so that blocks without a branch occur.
    same_f32((0..=u32::MAX).step_by(4099));
    for edge in [86.0_f32, 0.0, f32::from_bits(0x3900_0000), 0.346_573_6, 1.039_720_8] {
        for sign in [0, 1 << 31] {
            let first = (edge.to_bits() | sign).saturating_sub(40);
            same_f32((0..80).map(|step| first.wrapping_add(step)));
        }
    }
    // A special value among others changes none of them.
    same_f32(
        [1.0, f32::NAN, 2.0, -1e9, 0.5, f32::INFINITY, -0.0, 3.0, 1.5]
            .map(f32::to_bits)
            .into_iter(),
    );
}

#[test]
#[ignore = "all 2³² arguments take a minute, compiled with optimisation"]
fn f32_has_the_bits_of_libm_for_every_argument() {
    for high in 0..=u16::MAX {
        same_f32((0..=u16::MAX).map(|low| u32::from(high) << 16 | u32::from(low)));
    }
}

#[test]
fn f64_has_the_bits_of_libm() {
    let mut rng = Rng::new(1);
    for scale in [1e-9, 1e-4, 0.3, 1.0, 3.0, 50.0, 300.0, 699.9, 720.0, 1e4] {
        same_f64((0..80_000).map(|_| scale * (2.0 * rng.uniform() - 1.0)).collect());
    }
    let edges = [700.0_f64, f64::from_bits(0x3e30_0000_ffff_ffff), 0.346_573_590_279_972_65];
    let edges = edges.into_iter().chain([
        f64::from_bits(0x3e30_0001_0000_0000),
        f64::from_bits(0x3fd6_2e42_ffff_ffff),
        f64::from_bits(0x3ff0_a2b2_0000_0000),
    ]);
    for edge in edges {
        for sign in [1.0, -1.0] {
            let first = edge.to_bits() - 40;
            same_f64((0..80).map(|step| sign * f64::from_bits(first + step)).collect());
        }
    }
    same_f64(vec![1.0, f64::NAN, 2.0, -1e9, 0.5, f64::INFINITY, -0.0, 3.0, 1.5]);
}
