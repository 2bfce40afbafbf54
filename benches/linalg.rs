//! Dense linear algebra on square matrices. The throughput counts floating-point operations, a
//! multiplication and an addition as two, so criterion's `Gelem/s` reads as GFLOP/s.

use criterion::measurement::WallTime;
use criterion::{
    BenchmarkGroup, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main,
};
use fact_core::linalg::blas;
use fact_core::mat::{MatMut, MatRef};
use fact_core::scalar::Scalar;
use std::hint::black_box;

const SIZES: [usize; 4] = [16, 32, 64, 256];

/// Times `run(a, b, c)` on two `n×n` operands and an `n×n` result, in both precisions.
macro_rules! bench_matrices {
    ($criterion:expr, $name:literal, $flops:expr, $run:expr) => {{
        let mut group = $criterion.benchmark_group($name);
        for n in SIZES {
            group.throughput(Throughput::Elements($flops(n as u64)));
            matrices::<f32>(&mut group, "f32", n, $run);
            matrices::<f64>(&mut group, "f64", n, $run);
        }
        group.finish();
    }};
}

fn matrices<T: Scalar>(
    group: &mut BenchmarkGroup<'_, WallTime>,
    precision: &str,
    n: usize,
    run: impl Fn(MatRef<'_, T>, MatRef<'_, T>, MatMut<'_, T>),
) {
    let (a, b) = (values::<T>(n * n, 1), values::<T>(n * n, 2));
    let mut c = vec![T::ZERO; n * n];
    group.bench_function(BenchmarkId::new(precision, n), |bencher| {
        bencher.iter(|| {
            let a = MatRef::new(black_box(&a[..]), n, n).unwrap();
            let b = MatRef::new(black_box(&b[..]), n, n).unwrap();
            run(a, b, MatMut::new(black_box(&mut c[..]), n, n).unwrap());
        });
    });
}

/// Values in `[−1, 1)` from a linear congruence: far from denormals, without structure.
fn values<T: Scalar>(len: usize, seed: u64) -> Vec<T> {
    let mut state = seed;
    (0..len)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            T::from_f64((state >> 40) as f64 / f64::from(1 << 23) - 1.0)
        })
        .collect()
}

fn gemm(criterion: &mut Criterion) {
    bench_matrices!(criterion, "gemm", |n: u64| 2 * n * n * n, |a, b, c| {
        blas::gemm(Scalar::ONE, a, b, Scalar::ZERO, c).unwrap();
    });
}

fn gemm_tn(criterion: &mut Criterion) {
    bench_matrices!(criterion, "gemm_tn", |n: u64| 2 * n * n * n, |a, b, c| {
        blas::gemm_tn(Scalar::ONE, a, b, Scalar::ZERO, c).unwrap();
    });
}

fn gemm_nt(criterion: &mut Criterion) {
    bench_matrices!(criterion, "gemm_nt", |n: u64| 2 * n * n * n, |a, b, c| {
        blas::gemm_nt(Scalar::ONE, a, b, Scalar::ZERO, c).unwrap();
    });
}

fn syrk(criterion: &mut Criterion) {
    // One triangle of dot products; the other is copied.
    bench_matrices!(criterion, "syrk", |n: u64| n * n * (n + 1), |a, _, c| {
        blas::syrk(Scalar::ONE, a, Scalar::ZERO, c).unwrap();
    });
}

fn gemv(criterion: &mut Criterion) {
    bench_matrices!(criterion, "gemv", |n: u64| 2 * n * n, |a, b, mut c| {
        let (Some(x), Some(y)) = (b.row(0), c.rows_mut().next()) else { return };
        blas::gemv(Scalar::ONE, a, x, Scalar::ZERO, y).unwrap();
    });
}

fn dot(criterion: &mut Criterion) {
    bench_matrices!(criterion, "dot", |n: u64| 2 * n, |a, b, _| {
        let (Some(x), Some(y)) = (a.row(0), b.row(0)) else { return };
        black_box(blas::dot(x, y));
    });
}

criterion_group!(linalg, gemm, gemm_tn, gemm_nt, syrk, gemv, dot);
criterion_main!(linalg);
