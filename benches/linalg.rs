//! Dense linear algebra.

use crate::{Task, Work, values};
use Work::{Bytes, Flops};
use fact_core::Result;
use fact_core::linalg::triangular::{self, Lower, packed_len};
use fact_core::linalg::{blas, cholesky, eigen, power, svd};
use fact_core::mat::{MatMut, MatRef};
use fact_core::scalar::Scalar;
use fact_core::scratch::Scratch;
use std::hint::black_box;

/// Right-hand sides of the solvers that take several.
const MANY: usize = 16;
/// Products, also of the sizes that microcontrollers have.
const PRODUCTS: &[usize] = &[16, 32, 64, 256];
/// Factorisations, on their way from `n³` in cache to beyond it.
const FACTORS: &[usize] = &[16, 32, 64, 256];
/// Decompositions, which cost tens of `n³`.
const SPECTRA: &[usize] = &[8, 32, 128];
/// Vectors in the first cache, and beyond all.
const VECTORS: &[usize] = &[64, 4096, 1 << 22];

/// What an operation on square matrices may read and write, all of order `n`.
struct Square<'a, T> {
    n: usize,
    /// Without structure.
    a: MatRef<'a, T>,
    b: MatRef<'a, T>,
    /// Symmetric, positive definite.
    spd: MatRef<'a, T>,
    /// Its packed lower triangle.
    packed: &'a [T],
    /// Its Cholesky factor.
    lower: MatRef<'a, T>,
    /// `n` words.
    x: &'a mut [T],
    /// `n×16`.
    many: MatMut<'a, T>,
    /// `n×n`.
    c: MatMut<'a, T>,
    scratch: Scratch<'a, T>,
}

/// An operation, the sizes it is timed at, its work, and the call.
struct Entry<T> {
    name: &'static str,
    sizes: &'static [usize],
    work: fn(u64) -> Work,
    run: fn(Square<'_, T>) -> Result<()>,
}

const fn entry<T>(
    name: &'static str,
    sizes: &'static [usize],
    work: fn(u64) -> Work,
    run: fn(Square<'_, T>) -> Result<()>,
) -> Entry<T> {
    Entry { name, sizes, work, run }
}

/// Flops of a product.
const CUBE: fn(u64) -> Work = |n| Flops(2 * n * n * n);
/// Flops of half of it, one triangle of which is formed.
const TRIANGLE: fn(u64) -> Work = |n| Flops(n * n * (n + 1));
/// Flops of a factorisation.
const THIRD: fn(u64) -> Work = |n| Flops(n * n * n / 3);
/// Flops of a matrix times a vector.
const SQUARE: fn(u64) -> Work = |n| Flops(2 * n * n);
/// Flops of a triangle times a vector.
const HALF: fn(u64) -> Work = |n| Flops(n * n);
/// Flops of the leading term of an eigenvalue decomposition with vectors.
const NINE: fn(u64) -> Work = |n| Flops(9 * n * n * n);
/// Without vectors.
const FOUR_THIRDS: fn(u64) -> Work = |n| Flops(4 * n * n * n / 3);

fn on_matrices<T: Scalar>() -> [Entry<T>; 21] {
    [
        entry("gemm", PRODUCTS, CUBE, |s| blas::gemm(T::ONE, s.a, s.b, T::ZERO, s.c)),
        entry("gemm_tn", PRODUCTS, CUBE, |s| blas::gemm_tn(T::ONE, s.a, s.b, T::ZERO, s.c)),
        entry("gemm_nt", PRODUCTS, CUBE, |s| blas::gemm_nt(T::ONE, s.a, s.b, T::ZERO, s.c)),
        entry("syrk", PRODUCTS, TRIANGLE, |s| blas::syrk(T::ONE, s.a, T::ZERO, s.c)),
        entry("syrk_t", PRODUCTS, TRIANGLE, |s| blas::syrk_t(T::ONE, s.a, T::ZERO, s.c)),
        entry("gemv", PRODUCTS, SQUARE, |s| blas::gemv(T::ONE, s.a, first(s.b), T::ZERO, s.x)),
        entry("gemv_t", PRODUCTS, SQUARE, |s| blas::gemv_t(T::ONE, s.a, first(s.b), T::ZERO, s.x)),
        entry("ger", PRODUCTS, SQUARE, |s| blas::ger(T::EPSILON, first(s.a), first(s.b), s.c)),
        // The factorisations work in place, so each call copies its matrix first: n² of n³ steps.
        entry("cholesky-factor", FACTORS, THIRD, |mut s| {
            s.c.data_mut().copy_from_slice(s.spd.data());
            cholesky::factor(s.c)
        }),
        entry("cholesky-factor-packed", FACTORS, THIRD, |mut s| {
            let triangle = s.scratch.take(packed_len(s.n))?;
            triangle.copy_from_slice(s.packed);
            cholesky::factor_packed(s.n, triangle)
        }),
        entry("cholesky-solve", FACTORS, SQUARE, |s| {
            s.x.copy_from_slice(first(s.b));
            cholesky::solve(s.lower, MatMut::new(s.x, s.n, 1)?)
        }),
        entry(
            "cholesky-solve-many",
            FACTORS,
            |n| Flops(2 * MANY as u64 * n * n),
            |mut s| {
                refill(&mut s.many, s.b);
                cholesky::solve(s.lower, s.many)
            },
        ),
        entry("triangular-solve", FACTORS, HALF, |s| {
            s.x.copy_from_slice(first(s.b));
            triangular::solve(Lower::dense(s.lower)?, s.x)
        }),
        entry("triangular-solve-t", FACTORS, HALF, |s| {
            s.x.copy_from_slice(first(s.b));
            triangular::solve_t(Lower::dense(s.lower)?, s.x)
        }),
        entry(
            "triangular-solve-many",
            FACTORS,
            |n| Flops(MANY as u64 * n * n),
            |mut s| {
                refill(&mut s.many, s.b);
                triangular::solve_many(Lower::dense(s.lower)?, s.many)
            },
        ),
        entry("eigen", SPECTRA, NINE, |mut s| {
            s.c.data_mut().copy_from_slice(s.spd.data());
            eigen::symmetric(s.c, s.x, s.scratch)
        }),
        entry("eigen-values", SPECTRA, FOUR_THIRDS, |mut s| {
            s.c.data_mut().copy_from_slice(s.spd.data());
            eigen::symmetric_values(s.c, s.x, s.scratch)
        }),
        entry("svd-left", SPECTRA, CUBE, |mut s| {
            s.c.data_mut().copy_from_slice(s.a.data());
            svd::left(s.c, s.x, s.scratch.take_mat(s.n, s.n)?)
        }),
        entry("polar-left", SPECTRA, CUBE, |s| svd::polar_left(s.a, s.c, s.scratch)),
        entry("psd-power", SPECTRA, NINE, |s| {
            power::psd_power(s.spd, T::from_f64(0.5), s.c, s.scratch)
        }),
        entry("spectral-norm", SPECTRA, FOUR_THIRDS, |s| {
            power::spectral_norm(s.a, s.scratch).map(|_| ())
        }),
    ]
}

/// The first row of a matrix, as a vector.
fn first<T: Scalar>(matrix: MatRef<'_, T>) -> &[T] {
    matrix.row(0).unwrap_or_default()
}

fn refill<T: Scalar>(many: &mut MatMut<'_, T>, from: MatRef<'_, T>) {
    many.data_mut().iter_mut().zip(from.data()).for_each(|(to, &from)| *to = from);
}

fn matrices<T: Scalar>(tasks: &mut Vec<Task>) {
    for Entry { name, sizes, work, run } in on_matrices::<T>() {
        for &n in sizes {
            // Room for the right-hand sides also where n is small.
            let (a, b) = (values::<T>(n * n, 1), values::<T>(n * n.max(MANY), 2));
            let mut spd = vec![T::ZERO; n * n];
            let view = MatRef::new(&a, n, n).unwrap();
            blas::syrk(T::ONE, view, T::ZERO, MatMut::new(&mut spd, n, n).unwrap()).unwrap();
            spd.iter_mut().step_by(n + 1).for_each(|diagonal| *diagonal += T::from_usize(n));
            let rows = spd.chunks_exact(n).zip(1..);
            let packed: Vec<T> = rows.flat_map(|(row, len)| row[..len].to_vec()).collect();
            let mut lower = spd.clone();
            cholesky::factor(MatMut::new(&mut lower, n, n).unwrap()).unwrap();
            let words = packed_len(n)
                .max(svd::polar_left_scratch(n, n))
                .max(power::psd_power_scratch(n))
                .max(power::spectral_norm_scratch(n, n));
            let mut memory = vec![T::ZERO; words];
            let (mut x, mut many) = (vec![T::ZERO; n], vec![T::ZERO; n * MANY]);
            let mut c = vec![T::ZERO; n * n];
            tasks.push(Task::new::<T>(name, n, work(n as u64), move || {
                let square = |data| MatRef::new(data, n, n).unwrap();
                let s = Square {
                    n,
                    a: square(&a),
                    b: square(&b[..n * n]),
                    spd: square(&spd),
                    packed: &packed,
                    lower: square(&lower),
                    x: &mut x,
                    many: MatMut::new(&mut many, n, MANY).unwrap(),
                    c: MatMut::new(&mut c, n, n).unwrap(),
                    scratch: Scratch::new(&mut memory),
                };
                run(s).unwrap();
            }));
        }
    }
}

/// A vector operation, the words it moves for each element, and the call on `x` and `y`.
type Vectors<T> = (&'static str, u64, fn(&[T], &mut [T]) -> f64);

fn vectors<T: Scalar>(tasks: &mut Vec<Task>) {
    let operations: [Vectors<T>; 4] = [
        ("dot", 2, |x, y| blas::dot(x, y).to_f64()),
        ("norm", 1, |x, _| blas::norm(x)),
        ("axpy", 3, |x, y| {
            blas::axpy(T::EPSILON, x, y);
            0.0
        }),
        // By one, so that the vector neither grows nor vanishes in a million calls.
        ("scal", 2, |_, y| {
            blas::scal(black_box(T::ONE), y);
            0.0
        }),
    ];
    for (name, moved, run) in operations {
        for &n in VECTORS {
            let (x, mut y) = (values::<T>(n, 1), values::<T>(n, 2));
            let work = Bytes(moved * (n * size_of::<T>()) as u64);
            tasks.push(Task::new::<T>(name, n, work, move || {
                black_box(run(&x, &mut y));
            }));
        }
    }
}

/// Every operation, at every size, in both precisions.
pub fn tasks() -> Vec<Task> {
    let mut tasks = Vec::new();
    matrices::<f32>(&mut tasks);
    matrices::<f64>(&mut tasks);
    vectors::<f32>(&mut tasks);
    vectors::<f64>(&mut tasks);
    tasks
}
