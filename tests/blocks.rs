//! Blocking changes no bit: products and factorisations of sizes around the edges of every tile, panel
//! and block equal the textbook's loops. (`linalg` draws small shapes, which are computed unblocked.)

use fact_core::Error;
use fact_core::linalg::blas::{gemm, gemm_nt, gemm_tn, syrk, syrk_t};
use fact_core::linalg::cholesky;
use fact_core::rng::Rng;
use fact_core::scalar::Scalar;
use fact_tests::matrices::{M, nan};

/// Shapes `m, k, n`: whole and broken tiles and panels, one term and many, one column and many.
const SHAPES: [(usize, usize, usize); 10] = [
    (8, 3, 5),
    (9, 65, 10),
    (64, 64, 64),
    (61, 129, 35),
    (67, 128, 31),
    (8, 513, 65),
    (130, 40, 70),
    (2050, 128, 1),
    (600, 1, 450),
    (66, 0, 70),
];

fn random<T: Scalar>(rng: &mut Rng, rows: usize, cols: usize) -> M<T> {
    let data = (0..rows * cols).map(|_| T::from_f64(2.0 * rng.uniform() - 1.0)).collect();
    M { rows, cols, data }
}

fn products<T: Scalar>() {
    let mut rng = Rng::new(5);
    for (m, k, n) in SHAPES {
        let (a, b, c) = (random(&mut rng, m, k), random(&mut rng, k, n), random(&mut rng, m, n));
        for (alpha, beta) in [(1.0, 1.0), (-0.7, 0.0)] {
            let (alpha, beta) = (T::from_f64(alpha), T::from_f64(beta));
            let expected = a.gemm(alpha, &b, beta, &c).bits();
            let mut found = [c.clone(), c.clone(), c.clone()];
            gemm(alpha, a.view(), b.view(), beta, found[0].view_mut()).unwrap();
            gemm_nt(alpha, a.view(), b.t().view(), beta, found[1].view_mut()).unwrap();
            gemm_tn(alpha, a.t().view(), b.view(), beta, found[2].view_mut()).unwrap();
            for found in found {
                assert_eq!(found.bits(), expected, "{m} {k} {n}");
            }
        }
    }
}

fn symmetric_products<T: Scalar>() {
    let mut rng = Rng::new(6);
    for (m, k) in [(8, 3), (33, 200), (64, 65), (130, 129)] {
        let (a, c) = (random(&mut rng, m, k), random(&mut rng, m, m).symmetric());
        let (alpha, beta) = (T::from_f64(-0.7), T::from_f64(0.3));
        let expected = a.gemm(alpha, &a.t(), beta, &c).with_upper(T::ZERO).symmetric().bits();
        let mut found = [c.with_upper(nan()), c.with_upper(nan())];
        syrk(alpha, a.view(), beta, found[0].view_mut()).unwrap();
        syrk_t(alpha, a.t().view(), beta, found[1].view_mut()).unwrap();
        for found in found {
            assert_eq!(found.bits(), expected, "{m} {k}");
        }
    }
}

/// `L` column by column, in the order that `cholesky` states.
fn cholesky_by_columns<T: Scalar>(a: &M<T>) -> M<T> {
    let n = a.rows;
    let mut l = a.with_upper(T::ZERO);
    for j in 0..n {
        for i in j..n {
            let sum = (0..j).fold(a.at(i, j), |sum, k| sum - l.at(i, k) * l.at(j, k));
            l.data[i * n + j] = if i == j { sum.sqrt() } else { sum * (T::ONE / l.at(j, j)) };
        }
    }
    l
}

fn factorisations<T: Scalar>() {
    let mut rng = Rng::new(7);
    for n in [31, 32, 33, 41, 64, 95, 150, 161] {
        let b = random::<T>(&mut rng, n, n);
        let a = b.times(&b.t()).plus(&M::identity(n));
        let expected = cholesky_by_columns(&a);
        let (mut dense, mut packed) = (a.with_upper(nan()), a.packed());
        cholesky::factor(dense.view_mut()).unwrap();
        cholesky::factor_packed(n, &mut packed).unwrap();
        assert_eq!(dense.bits(), expected.with_upper(nan()).bits(), "{n}");
        assert_eq!(packed, expected.packed(), "{n}");
        // A pivot that fails in the first block, within one, and at the end.
        for pivot in [3, n / 2, n - 1] {
            for bad in [-1e3, f64::NAN] {
                let mut broken = a.clone();
                broken.data[pivot * n + pivot] = T::from_f64(bad);
                let mut packed = broken.packed();
                let expected = Err(Error::NotPositiveDefinite { pivot });
                assert_eq!(cholesky::factor(broken.view_mut()), expected);
                assert_eq!(cholesky::factor_packed(n, &mut packed), expected);
            }
        }
    }
}

#[test]
fn blocked_products_are_the_triple_loop() {
    products::<f32>();
    products::<f64>();
}

#[test]
fn blocked_symmetric_products_are_the_triple_loop() {
    symmetric_products::<f32>();
    symmetric_products::<f64>();
}

#[test]
fn blocked_factors_have_the_bits_of_columns() {
    factorisations::<f32>();
    factorisations::<f64>();
}
