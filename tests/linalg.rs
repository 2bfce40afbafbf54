//! Laws of `linalg`: random shapes from 0 on, random values, both number types.

use fact_core::linalg::blas::{
    LANES, axpy, dot, gemm, gemm_nt, gemm_tn, gemv, gemv_t, ger, scal, syrk, syrk_t,
};
use fact_core::linalg::{cholesky, eigen, power, svd, triangular, triangular::Lower};
use fact_core::mat::MatMut;
use fact_core::scalar::Scalar;
use fact_core::{Error, scratch::Scratch};
use fact_tests::matrices::{Draw, M, bits, diagonal, draws, nan};
use fact_tests::tolerance;
use proptest::prelude::*;

type Law = Result<(), TestCaseError>;
type Svd<T> = (M<T>, Vec<T>, M<T>);
type SolveOne<T> = fn(Lower<'_, T>, &mut [T]) -> Result<(), Error>;
type SolveMany<T> = fn(Lower<'_, T>, MatMut<'_, T>) -> Result<(), Error>;

/// States each law once and holds `f32` and `f64` to it.
macro_rules! laws {
    ($(fn $name:ident<$t:ident>($draw:ident in $largest:literal) $body:block)*) => {$(
        #[test]
        fn $name() {
            fn law<$t: Scalar>($draw: Draw) -> Law {
                let mut $draw = $draw;
                $body
                Ok(())
            }
            let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) };
            proptest!(config, |(draw in draws($largest))| {
                law::<f32>(draw.clone())?;
                law::<f64>(draw)?;
            });
        }
    )*};
}

fn close(found: f64, allowed: f64) -> Law {
    prop_assert!(found <= allowed, "{found:e} exceeds {allowed:e}");
    Ok(())
}

fn not_finite<T>(found: Result<T, Error>) -> bool {
    matches!(found, Err(Error::NonFinite { .. }))
}

/// Left vectors as rows, singular values, `ΣVᵀ`.
fn svd_of<T: Scalar>(a: &M<T>) -> Result<Svd<T>, Error> {
    let (mut rows, mut values, mut u) = (a.clone(), vec![nan(); a.rows], M::zeros(a.rows, a.rows));
    svd::left(rows.view_mut(), &mut values, u.view_mut())?;
    Ok((u, values, rows))
}

/// Eigenvalues, and eigenvectors as rows.
fn eigen_of<T: Scalar>(a: &M<T>) -> Result<(Vec<T>, M<T>), Error> {
    let (mut v, mut values) = (a.clone(), vec![nan(); a.rows]);
    let mut memory = vec![nan(); eigen::symmetric_scratch(a.rows)];
    eigen::symmetric(v.view_mut(), &mut values, Scratch::new(&mut memory))?;
    Ok((values, v))
}

fn polar_of<T: Scalar>(a: &M<T>) -> Result<M<T>, Error> {
    let mut c = M::zeros(a.rows, a.rows).map(|_| nan());
    let mut memory = vec![nan(); svd::polar_left_scratch(a.rows, a.cols)];
    svd::polar_left(a.view(), c.view_mut(), Scratch::new(&mut memory))?;
    Ok(c)
}

fn power_of<T: Scalar>(a: &M<T>, p: f64) -> Result<M<T>, Error> {
    let mut c = M::zeros(a.rows, a.rows).map(|_| nan());
    let mut memory = vec![nan(); power::psd_power_scratch(a.rows)];
    power::psd_power(a.view(), T::from_f64(p), c.view_mut(), Scratch::new(&mut memory))?;
    Ok(c)
}

fn norm_of<T: Scalar>(a: &M<T>) -> Result<T, Error> {
    let mut memory = vec![nan(); power::spectral_norm_scratch(a.rows, a.cols)];
    power::spectral_norm(a.view(), Scratch::new(&mut memory))
}

laws! {
    fn gemm_in_all_layouts_is_the_triple_loop<T>(draw in 20) {
        let (m, k, n) = (draw.m, draw.k, draw.n);
        let (a, b, c) = (draw.mat::<T>(m, k), draw.mat(k, n), draw.mat(m, n));
        for (alpha, beta) in [(1.0, 1.0), (1.0, 0.0), (-0.7, 0.3), (1.0, -2.5), (0.3, 0.0)] {
            let (alpha, beta) = (T::from_f64(alpha), T::from_f64(beta));
            let c = if beta == T::ZERO { c.map(|_| nan()) } else { c.clone() };
            let expected = a.gemm(alpha, &b, beta, &c).bits();
            let mut found = [c.clone(), c.clone(), c];
            gemm(alpha, a.view(), b.view(), beta, found[0].view_mut())?;
            gemm_nt(alpha, a.view(), b.t().view(), beta, found[1].view_mut())?;
            gemm_tn(alpha, a.t().view(), b.view(), beta, found[2].view_mut())?;
            for found in found {
                prop_assert_eq!(&found.bits(), &expected);
            }
        }
    }

    fn gemm_nt_of_long_rows_is_the_triple_loop<T>(draw in 20) {
        // Long enough for several panels: nine copies side by side, each smaller than the last.
        let (m, k, n) = (draw.m, draw.k, draw.n);
        let mut long = |rows: usize| {
            let short = draw.mat::<T>(rows, k);
            let shrunk = |i: usize, p: usize| short.data[i * k + p % k] / T::from_usize(1 + p / k);
            M::from_fn(rows, 9 * k, shrunk)
        };
        let (a, b) = (long(m), long(n));
        let c = draw.mat::<T>(m, n);
        for alpha in [T::ONE, T::from_f64(-0.7)] {
            let mut found = c.clone();
            gemm_nt(alpha, a.view(), b.view(), T::ONE, found.view_mut())?;
            prop_assert_eq!(found.bits(), a.gemm(alpha, &b.t(), T::ONE, &c).bits());
        }
    }

    fn gemv_is_a_column_of_gemm<T>(draw in 20) {
        let (m, k) = (draw.m, draw.k);
        let (a, x, y) = (draw.mat::<T>(m, k), draw.mat(k, 1), draw.mat(m, 1));
        for (alpha, beta) in [(1.0, 1.0), (1.0, 0.0), (-0.7, 0.3)] {
            let (alpha, beta) = (T::from_f64(alpha), T::from_f64(beta));
            let (mut expected, mut plain, mut transposed) = (y.clone(), y.data.clone(), y.data.clone());
            gemm(alpha, a.view(), x.view(), beta, expected.view_mut())?;
            gemv(alpha, a.view(), &x.data, beta, &mut plain)?;
            gemv_t(alpha, a.t().view(), &x.data, beta, &mut transposed)?;
            prop_assert_eq!(bits(&plain), expected.bits());
            // (α·x)·a and (α·a)·x may differ in rounding.
            if alpha == T::ONE {
                prop_assert_eq!(bits(&transposed), expected.bits());
            }
            let scaled = M { data: x.data.iter().map(|&x| alpha * x).collect(), ..x.clone() };
            let expected = a.gemm(T::ONE, &scaled, beta, &y);
            prop_assert_eq!(bits(&transposed), expected.bits());
        }
    }

    fn syrk_is_symmetric_and_agrees_with_gemm<T>(draw in 20) {
        let (m, k) = (draw.m, draw.k);
        let (a, c) = (draw.mat::<T>(m, k), draw.mat::<T>(m, m));
        let (alpha, beta) = (T::from_f64(0.7), T::from_f64(-0.4));
        let expected = a.gemm(alpha, &a.t(), beta, &c.symmetric());
        let (mut plain, mut transposed) = (c.with_upper(nan()), c.with_upper(nan()));
        syrk(alpha, a.view(), beta, plain.view_mut())?;
        syrk_t(alpha, a.t().view(), beta, transposed.view_mut())?;
        for found in [plain, transposed] {
            prop_assert_eq!(found.bits(), found.t().bits());
            close(found.plus(&expected.map(|x| -x)).top(), tolerance::sum::<T>(k, k as f64 + 1.0))?;
        }
    }

    fn ger_axpy_and_scal_are_their_formulas<T>(draw in 20) {
        let (m, n) = (draw.m, draw.n);
        let (x, y, mut a) = (draw.vec::<T>(m), draw.vec::<T>(n), draw.mat(m, n));
        let alpha = T::from_f64(0.7);
        let expected = M::from_fn(m, n, |i, j| a.at(i, j) + (alpha * x[i]) * y[j]);
        ger(alpha, &x, &y, a.view_mut())?;
        prop_assert_eq!(a.bits(), expected.bits());
        let mut sum = y.clone();
        axpy(alpha, &x, &mut sum);
        scal(alpha, &mut sum);
        let term = |j: usize| x.get(j).map_or(T::ZERO, |&x| alpha * x);
        let expected: Vec<T> = (0..n).map(|j| alpha * (y[j] + term(j))).collect();
        prop_assert_eq!(sum, expected);
    }

    fn dot_keeps_eight_partial_sums<T>(draw in 40) {
        let (x, y) = (draw.vec::<T>(draw.m), draw.vec::<T>(draw.n));
        let len = x.len().min(y.len());
        let head = len - len % LANES;
        let mut s = [T::ZERO; 8];
        for i in 0..head {
            s[i % 8] += x[i] * y[i];
        }
        let mut sum = ((s[0] + s[1]) + (s[2] + s[3])) + ((s[4] + s[5]) + (s[6] + s[7]));
        for i in head..len {
            sum += x[i] * y[i];
        }
        prop_assert_eq!(dot(&x, &y).bits(), sum.bits());
    }

    fn triangular_solves_undo_products<T>(draw in 20) {
        let (n, c) = (draw.n, draw.k);
        let l = draw.mat::<T>(n, n).with_upper(T::ZERO).plus(&M::identity(n).map(|x| x * T::TWO));
        let b = draw.mat::<T>(n, c);
        let (packed, upper) = (l.packed(), l.with_upper(nan()));
        for transpose in [false, true] {
            let (one, many): (SolveOne<T>, SolveMany<T>) = if transpose {
                (triangular::solve_t, triangular::solve_t_many)
            } else {
                (triangular::solve, triangular::solve_many)
            };
            let mut x = b.clone();
            many(Lower::dense(upper.view())?, x.view_mut())?;
            let mut same = b.clone();
            many(Lower::packed(&packed, n)?, same.view_mut())?;
            prop_assert_eq!(x.bits(), same.bits());
            for j in 0..c {
                for l in [Lower::dense(upper.view())?, Lower::packed(&packed, n)?] {
                    let mut column = b.column(j);
                    one(l, &mut column)?;
                    prop_assert_eq!(bits(&column), bits(&x.column(j)));
                }
            }
            let l = if transpose { l.t() } else { l.clone() };
            let back = l.times(&x).plus(&b.map(|x| -x));
            let mass = l.map(T::abs).times(&x.map(T::abs));
            for (error, mass) in back.data.iter().zip(&mass.data) {
                close(error.abs().to_f64(), 2.0 * tolerance::sum::<T>(n, mass.to_f64()))?;
            }
        }
    }

    fn cholesky_factors_and_solves<T>(draw in 20) {
        let (n, c) = (draw.n, draw.k);
        let b = draw.mat::<T>(n, c);
        let a = draw.gram::<T>(n, draw.m).plus(&M::identity(n));
        let mut l = a.with_upper(nan());
        cholesky::factor(l.view_mut())?;
        prop_assert_eq!(l.bits(), l.with_upper(nan()).bits());
        let mut packed = a.packed();
        cholesky::factor_packed(n, &mut packed)?;
        prop_assert_eq!(bits(&packed), bits(&l.packed()));
        let lower = l.with_upper(T::ZERO);
        let product = lower.times(&lower.t());
        close(product.plus(&a.map(|x| -x)).top(), 2.0 * tolerance::cholesky::<T>(n, a.top()))?;
        let mut x = b.clone();
        cholesky::solve(l.view(), x.view_mut())?;
        let mut same = b.clone();
        cholesky::solve_packed(&packed, same.view_mut())?;
        prop_assert_eq!(x.bits(), same.bits());
        for j in 0..c {
            let mut column = M { rows: n, cols: 1, data: b.column(j) };
            cholesky::solve(l.view(), column.view_mut())?;
            prop_assert_eq!(column.bits(), bits(&x.column(j)));
        }
        let residual = a.times(&x).plus(&b.map(|x| -x)).top();
        close(residual, tolerance::cholesky_solve::<T>(n, a.top(), x.top()))?;
    }

    fn cholesky_follows_its_stated_order<T>(draw in 20) {
        let n = draw.n;
        let a = draw.gram::<T>(n, draw.m).plus(&M::identity(n));
        let mut expected = a.with_upper(T::ZERO);
        for j in 0..n {
            for i in j..n {
                let dot = |sum, k| sum - expected.at(i, k) * expected.at(j, k);
                let sum = (0..j).fold(a.at(i, j), dot);
                expected.data[i * n + j] =
                    if i == j { sum.sqrt() } else { sum * (T::ONE / expected.at(j, j)) };
            }
        }
        let mut l = a.with_upper(T::ZERO);
        cholesky::factor(l.view_mut())?;
        prop_assert_eq!(l.bits(), expected.bits());
    }

    fn cholesky_names_the_first_bad_pivot<T>(draw in 20) {
        let n = draw.n + 1;
        let (p, q) = (draw.m % n, draw.k % n);
        let a = draw.gram::<T>(n, 0).plus(&M::identity(n));
        for (row, column, value) in [(p, p, -0.5), (p, p, 0.0), (p.max(q), p.min(q), f64::NAN)] {
            let mut bad = a.clone();
            bad.data[row * n + column] = T::from_f64(value);
            let mut packed = bad.packed();
            let expected = Err(Error::NotPositiveDefinite { pivot: row });
            prop_assert_eq!(cholesky::factor(bad.view_mut()), expected);
            prop_assert_eq!(cholesky::factor_packed(n, &mut packed), expected);
        }
    }

    fn eigenvectors_diagonalise<T>(draw in 20) {
        let n = draw.n;
        let lower = draw.mat::<T>(n, n);
        let a = lower.symmetric();
        let (values, v) = eigen_of(&lower.with_upper(nan()))?;
        prop_assert!(values.is_sorted());
        let size = a.norm();
        close(v.times(&v.t()).distance(&M::identity(n)), tolerance::orthogonal::<T>(n, 1.0))?;
        let back = v.t().times(&diagonal(&values)).times(&v);
        close(back.distance(&a), tolerance::orthogonal::<T>(n, size))?;
        let trace = |m: &M<T>| (0..n).map(|i| m.at(i, i).to_f64()).sum::<f64>();
        let off = (trace(&a) - trace(&diagonal(&values))).abs();
        close(off, (n as f64).sqrt() * tolerance::orthogonal::<T>(n, size))?;
        for row in v.view().rows() {
            let top = row.iter().fold(T::ZERO, |top, &x| if x.abs() > top.abs() { x } else { top });
            prop_assert!(top > T::ZERO);
        }
        let (mut alone, mut memory) = (vec![nan(); n], vec![nan(); n]);
        eigen::symmetric_values(lower.clone().view_mut(), &mut alone, Scratch::new(&mut memory))?;
        prop_assert_eq!(bits(&alone), bits(&values));
    }

    fn eigenvalues_of_special_matrices<T>(draw in 20) {
        let n = draw.n;
        let mut values = draw.vec::<T>(n);
        let a = diagonal(&values);
        values.sort_by(|x, y| x.partial_cmp(y).unwrap());
        // Exact: nothing needs rotating.
        prop_assert_eq!(eigen_of(&a)?.0, values);
        let (found, v) = eigen_of(&M::<T>::identity(n))?;
        prop_assert_eq!(diagonal(&found), M::identity(n));
        prop_assert_eq!(v, M::identity(n));
        // 1 + eeᵀ: all eigenvalues 1 but one.
        let (found, _) = eigen_of(&M::identity(n).map(|x| x + T::ONE))?;
        let expected = (1..=n).map(|i| T::from_usize(if i == n { n + 1 } else { 1 })).collect();
        let expected = M { rows: n, cols: 1, data: expected };
        let size = tolerance::orthogonal::<T>(n, 2.0 * n as f64);
        close(M { rows: n, cols: 1, data: found }.distance(&expected), size)?;
    }

    fn powers_of_two_scale_exactly<T>(draw in 12) {
        let a = draw.mat::<T>(draw.n, draw.n);
        let reference = (eigen_of(&a)?, svd_of(&a)?, polar_of(&a)?, norm_of(&a)?);
        // f32: 2^±62 is 5e±18; f64: 2^±500 is 3e±150. Their squares are out of range.
        let exponent = if T::EPSILON.to_f64() > 1e-10 { 62 } else { 500 };
        for scale in [2.0_f64.powi(exponent), 2.0_f64.powi(-exponent)].map(T::from_f64) {
            let scaled = a.map(|x| x * scale);
            let times = |x: &[T]| x.iter().map(|&x| x * scale).collect::<Vec<T>>();
            let (values, vectors) = eigen_of(&scaled)?;
            prop_assert_eq!(values, times(&reference.0.0));
            prop_assert_eq!(vectors, reference.0.1.clone());
            let (u, sigma, rows) = svd_of(&scaled)?;
            prop_assert_eq!((u, sigma), (reference.1.0.clone(), times(&reference.1.1)));
            prop_assert_eq!(rows.data, times(&reference.1.2.data));
            close(polar_of(&scaled)?.map(|x| x / scale).distance(&reference.2),
                tolerance::sum::<T>(0, reference.2.norm()))?;
            prop_assert_eq!(norm_of(&scaled)?, reference.3 * scale);
        }
    }

    fn singular_values_and_left_vectors<T>(draw in 16) {
        let (m, n) = (draw.m, draw.n);
        let a = draw.mat::<T>(m, n);
        let (u, values, rows) = svd_of(&a)?;
        let size = a.norm();
        prop_assert!(values.iter().rev().is_sorted() && values.iter().all(|&x| x >= T::ZERO));
        prop_assert!(values.iter().skip(n).all(|&x| x == T::ZERO));
        close(u.times(&u.t()).distance(&M::identity(m)), tolerance::orthogonal::<T>(m + n, 1.0))?;
        close(u.t().times(&rows).distance(&a), tolerance::orthogonal::<T>(m + n, size))?;
        let gram = diagonal(&values.iter().map(|&x| x * x).collect::<Vec<T>>());
        let allowed = tolerance::orthogonal::<T>(m + n, size * size);
        close(rows.times(&rows.t()).distance(&gram), allowed)?;
        // Aᵀ has the same singular values.
        let (_, other, _) = svd_of(&a.t())?;
        for (x, y) in values.iter().zip(&other) {
            close((*x - *y).abs().to_f64(), 2.0 * tolerance::orthogonal::<T>(m + n, size))?;
        }
        let largest = other.first().copied().unwrap_or(T::ZERO).to_f64();
        let found = norm_of(&a)?.to_f64();
        close((found.powi(2) - largest.powi(2)).abs(), 2.0 * allowed)?;
    }

    fn graded_rows_keep_relative_accuracy<T>(draw in 12) {
        let n = draw.n;
        // I + Q/2 has condition number at most 3; the rows of its product with D are 2^−3i long.
        let (_, q) = eigen_of(&draw.mat::<f64>(n, n).symmetric())?;
        let b = M::identity(n).plus(&q.map(|x| 0.5 * x)).map(|x| T::from_f64(x).to_f64());
        let grade = |i: usize| 2.0_f64.powi(-3 * ((5 * i) % n.max(1)) as i32);
        let a = M::from_fn(n, n, |i, j| grade(i) * b.at(i, j));
        let (_, expected, _) = svd_of(&a)?;
        let (_, found, _) = svd_of(&M::from_fn(n, n, |i, j| T::from_f64(a.at(i, j))))?;
        for (x, y) in expected.iter().zip(&found) {
            close((x - y.to_f64()).abs(), 3.0 * tolerance::orthogonal::<T>(n, *x))?;
        }
    }

    fn the_polar_factor_is_the_root_of_the_gram_matrix<T>(draw in 16) {
        let (m, n) = (draw.m, draw.n);
        let a = draw.mat::<T>(m, n);
        let (_, q) = eigen_of(&draw.mat::<T>(n, n).symmetric())?;
        let size = a.norm();
        let c = polar_of(&a)?;
        prop_assert_eq!(c.bits(), c.t().bits());
        let (gram, allowed) = (a.times(&a.t()), tolerance::power::<T>(m + n, size * size));
        close(c.times(&c).distance(&gram), allowed)?;
        let least = eigen_of(&c)?.0.first().map_or(0.0, |x| x.to_f64());
        close(-least, tolerance::orthogonal::<T>(m, size))?;
        // An orthogonal factor on the right does not show; one on the left turns it: with Q from the
        // eigenvectors, C(QB) = Q·C(B)·Qᵀ for B = Aᵀ. The polar factor is Lipschitz, with √2.
        let allowed = 2.0_f64.sqrt() * tolerance::power::<T>(m + n, size);
        close(polar_of(&a.times(&q))?.distance(&c), allowed)?;
        let turned = q.times(&polar_of(&a.t())?).times(&q.t());
        close(polar_of(&q.times(&a.t()))?.distance(&turned), allowed)?;
        close(polar_of(&c)?.distance(&c), allowed)?;
    }

    fn powers_compose<T>(draw in 16) {
        let n = draw.n;
        let a = draw.gram::<T>(n, draw.k);
        let (size, root) = (a.norm(), power_of(&a, 0.5)?);
        prop_assert_eq!(root.bits(), root.t().bits());
        close(root.times(&root).distance(&a), tolerance::power::<T>(n, size))?;
        close(power_of(&a.with_upper(nan()), 1.0)?.distance(&a), tolerance::power::<T>(n, size))?;
        let square = power_of(&a, 2.0)?;
        close(square.distance(&a.times(&a)), tolerance::power::<T>(n, size * size))?;
        // A negative matrix clips to zero, and one with both signs to its positive part.
        prop_assert_eq!(power_of(&a.map(|x| -x).plus(&diagonal(&vec![-T::from_usize(4 * n); n])), 0.3)?,
            M::zeros(n, n));
        let s = draw.mat::<T>(n, n).symmetric();
        let (values, v) = eigen_of(&s)?;
        let positive: Vec<T> = values.iter().map(|&x| x.max(T::ZERO)).collect();
        let part = v.t().times(&diagonal(&positive)).times(&v);
        close(power_of(&s, 1.0)?.distance(&part), tolerance::power::<T>(n, s.norm()))?;
    }

    fn eigenvalues_at_the_level_of_rounding_count_as_zero<T>(draw in 12) {
        let n = draw.n + 1;
        let floor = T::from_usize(n) * T::EPSILON;
        let below = [T::ZERO, floor, floor * T::HALF, -floor, -T::ONE];
        let kept = |i: usize| i.is_multiple_of(3);
        let values: Vec<T> = (0..n)
            .map(|i| if i == 0 { T::ONE } else if kept(i) { T::TWO * floor } else { below[(i + draw.m) % 5] })
            .collect();
        let p = draw.vec::<f64>(1).iter().fold(1.5, |p, x| p + x);
        let c = power_of(&diagonal(&values), p)?;
        for (i, &value) in values.iter().enumerate() {
            let expected = if kept(i) { value.powf(T::from_f64(p)) } else { T::ZERO };
            let off = (c.at(i, i) - expected).abs().to_f64();
            close(off, tolerance::sum::<T>(1, expected.to_f64()))?;
        }
    }

    fn what_is_not_finite_is_an_error<T>(draw in 12) {
        let n = draw.n + 1;
        let mut a = draw.gram::<T>(n, 0);
        let (i, j) = (draw.m % n, draw.k % n);
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            a.data[i.max(j) * n + i.min(j)] = T::from_f64(bad);
            prop_assert!(not_finite(eigen_of(&a)));
            prop_assert!(not_finite(svd_of(&a)));
            prop_assert!(not_finite(polar_of(&a)));
            prop_assert!(not_finite(power_of(&a, 0.5)));
            prop_assert!(not_finite(norm_of(&a)));
        }
        for p in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            let refused = power_of(&M::<T>::identity(n), p);
            prop_assert_eq!(refused.err(), Some(Error::Parameter { what: "p (positive)" }));
        }
        let refused = power_of(&M::<T>::identity(n).map(|x| x * T::from_f64(1e30)), 20.0);
        prop_assert!(not_finite(refused));
    }

    fn what_does_not_fit_is_an_error<T>(draw in 6) {
        let (m, k, n) = (draw.m, draw.k, draw.n);
        let mat = M::<T>::zeros;
        let (one, mut memory) = (T::ONE, vec![T::ZERO; 1000]);
        let (a, b, v) = (mat(m, k), mat(k, n), draw.vec::<T>(k));
        for (mut c, b) in [(mat(m + 1, n), b.clone()), (mat(m, n + 1), b), (mat(m, n), mat(k + 1, n))] {
            prop_assert!(gemm(one, a.view(), b.view(), one, c.view_mut()).is_err());
            prop_assert!(gemm_nt(one, a.view(), b.t().view(), one, c.view_mut()).is_err());
            prop_assert!(gemm_tn(one, a.t().view(), b.view(), one, c.view_mut()).is_err());
        }
        prop_assert!(syrk(one, a.view(), one, mat(m, m + 1).view_mut()).is_err());
        prop_assert!(syrk_t(one, a.view(), one, mat(k + 1, k).view_mut()).is_err());
        prop_assert!(gemv(one, a.view(), &v, one, &mut vec![one; m + 1]).is_err());
        prop_assert!(gemv(one, mat(m, k + 1).view(), &v, one, &mut vec![one; m]).is_err());
        prop_assert!(gemv_t(one, mat(k + 1, m).view(), &v, one, &mut vec![one; m]).is_err());
        prop_assert!(gemv_t(one, mat(k, m).view(), &v, one, &mut vec![one; m + 1]).is_err());
        prop_assert!(ger(one, &v, &v, mat(k, k + 1).view_mut()).is_err());
        prop_assert!(Lower::dense(mat(n, n + 1).view()).is_err());
        prop_assert!(Lower::packed(&vec![one; triangular::packed_len(n) + 1], n).is_err());
        let eye = M::<T>::identity(n + 1);
        let l = Lower::dense(eye.view())?;
        prop_assert!(triangular::solve(l, &mut vec![one; n]).is_err());
        prop_assert!(triangular::solve_t(l, &mut vec![one; n]).is_err());
        prop_assert!(triangular::solve_many(l, mat(n, k).view_mut()).is_err());
        prop_assert!(triangular::solve_t_many(l, mat(n, k).view_mut()).is_err());
        let singular = mat(n + 1, n + 1);
        let refused = triangular::solve(Lower::dense(singular.view())?, &mut vec![one; n + 1]);
        prop_assert_eq!(refused, Err(Error::Parameter { what: "diagonal of L (nonzero)" }));
        prop_assert!(cholesky::factor(mat(n + 1, n).view_mut()).is_err());
        prop_assert!(cholesky::factor_packed(n + 1, &mut vec![one; triangular::packed_len(n)]).is_err());
        prop_assert!(cholesky::solve(eye.view(), mat(n, k).view_mut()).is_err());
        prop_assert!(cholesky::solve_packed(&eye.packed(), mat(n, k).view_mut()).is_err());
        let mut eigen = |mut a: M<T>, values: usize, words: usize| {
            let scratch = Scratch::new(&mut memory[..words]);
            eigen::symmetric(a.view_mut(), &mut vec![one; values], scratch)
        };
        prop_assert!(eigen(mat(n + 1, n), n, 900).is_err() && eigen(mat(n, n), n + 1, 900).is_err());
        prop_assert!(eigen(mat(n + 1, n + 1), n + 1, eigen::symmetric_scratch(n + 1) - 1).is_err());
        let (mut values, mut small) = (vec![one; m], vec![one; m + 1]);
        prop_assert!(svd::left(mat(m, n).view_mut(), &mut values, mat(m, m + 1).view_mut()).is_err());
        prop_assert!(svd::left(mat(m, n).view_mut(), &mut small, mat(m, m).view_mut()).is_err());
        let mut polar = |c: usize, words: usize| {
            let scratch = Scratch::new(&mut memory[..words]);
            svd::polar_left(mat(m + 1, n).view(), mat(c, c).view_mut(), scratch)
        };
        prop_assert!(polar(m, 900).is_err());
        prop_assert!(polar(m + 1, svd::polar_left_scratch(m + 1, n) - 1).is_err());
        let mut root = |a: M<T>, c: usize, words: usize| {
            let scratch = Scratch::new(&mut memory[..words]);
            power::psd_power(a.view(), T::HALF, mat(c, c).view_mut(), scratch)
        };
        prop_assert!(root(mat(n, n + 1), n, 900).is_err() && root(mat(n, n), n + 1, 900).is_err());
        let words = power::psd_power_scratch(n + 1) - 1;
        prop_assert!(root(mat(n + 1, n + 1), n + 1, words).is_err());
        let words = power::spectral_norm_scratch(m + 1, n + 1) - 1;
        let scratch = Scratch::new(&mut memory[..words]);
        prop_assert!(power::spectral_norm(mat(m + 1, n + 1).view(), scratch).is_err());
    }
}
