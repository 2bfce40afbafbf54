//! Vector operations. Where two vectors differ in length, the shorter one counts as padded by zeros.

use crate::scalar::Scalar;

/// Number of partial sums in a reduction.
pub const LANES: usize = 8;

/// `Σᵢ xᵢyᵢ` over the common length, in the order stated in the [module](super) documentation.
///
/// Cost: one multiplication and one addition an element.
///
/// ```
/// use fact_core::linalg::blas::dot;
/// assert_eq!(dot(&[1.0, 2.0, 3.0], &[4.0, 5.0, 6.0]), 32.0);
/// assert_eq!(dot::<f32>(&[], &[]), 0.0);
/// ```
#[inline]
pub fn dot<T: Scalar>(x: &[T], y: &[T]) -> T {
    let (x, y) = common(x, y);
    let (x, x_tail) = x.as_chunks::<LANES>();
    let (y, y_tail) = y.as_chunks::<LANES>();
    let mut sums = [T::ZERO; LANES];
    for (x, y) in x.iter().zip(y) {
        for ((sum, &x), &y) in sums.iter_mut().zip(x).zip(y) {
            *sum += x * y;
        }
    }
    let [s0, s1, s2, s3, s4, s5, s6, s7] = sums;
    let head = ((s0 + s1) + (s2 + s3)) + ((s4 + s5) + (s6 + s7));
    x_tail.iter().zip(y_tail).fold(head, |sum, (&x, &y)| sum + x * y)
}

/// [`dot`], compiled once: a loop of its own keeps its sums off the caller's frame.
#[inline(never)]
pub(crate) fn dot_any<T: Scalar>(x: &[T], y: &[T]) -> T {
    dot(x, y)
}

/// [`axpy`], compiled once, likewise.
#[inline(never)]
pub(crate) fn axpy_any<T: Scalar>(alpha: T, x: &[T], y: &mut [T]) {
    axpy(alpha, x, y);
}

/// `‖x‖`, from [`dot`] where no square can have over- or underflowed, otherwise from the elements
/// divided by the largest.
///
/// ```
/// use fact_core::linalg::blas::norm;
/// assert_eq!(norm(&[3.0, 4.0]), 5.0);
/// assert!((norm(&[3e-30_f32, 4e-30]) - 5e-30).abs() < 1e-36);
/// ```
pub fn norm<T: Scalar>(x: &[T]) -> f64 {
    let squares = dot_any(x, x);
    let safe = T::from_usize(x.len()) * T::MIN_POSITIVE / T::EPSILON;
    if squares.is_finite() && squares > safe {
        return libm::sqrt(squares.to_f64());
    }
    let largest = x.iter().fold(T::ZERO, |largest, x| largest.max(x.abs()));
    if largest == T::ZERO {
        // Zero, or a NaN, which does not compare; the sum has kept it.
        return squares.to_f64();
    }
    let squares = x.iter().fold(T::ZERO, |sum, &x| {
        let share = x / largest;
        sum + share * share
    });
    largest.to_f64() * libm::sqrt(squares.to_f64())
}

/// `y ← αx + y` over the common length. Reads `x`, updates `y`.
///
/// ```
/// use fact_core::linalg::blas::axpy;
/// let mut y = [1.0, 1.0];
/// axpy(2.0, &[3.0, 4.0], &mut y);
/// assert_eq!(y, [7.0, 9.0]);
/// ```
#[inline(always)]
pub fn axpy<T: Scalar>(alpha: T, x: &[T], y: &mut [T]) {
    // Groups of 8 let a core without SIMD move several words per instruction; bits are unaffected.
    let len = x.len().min(y.len());
    let (x, y) = (x.get(..len).unwrap_or(&[]), y.get_mut(..len).unwrap_or_default());
    let (x, x_tail) = x.as_chunks::<LANES>();
    let (y, y_tail) = y.as_chunks_mut::<LANES>();
    for (y, x) in y.iter_mut().zip(x) {
        for (y, &x) in y.iter_mut().zip(x) {
            *y += alpha * x;
        }
    }
    for (y, &x) in y_tail.iter_mut().zip(x_tail) {
        *y += alpha * x;
    }
}

/// `x ← αx`.
///
/// ```
/// use fact_core::linalg::blas::scal;
/// let mut x = [1.0, 2.0];
/// scal(3.0, &mut x);
/// assert_eq!(x, [3.0, 6.0]);
/// ```
#[inline]
pub fn scal<T: Scalar>(alpha: T, x: &mut [T]) {
    for x in x {
        *x *= alpha;
    }
}

/// Both vectors, cut to the shorter length.
fn common<'a, T>(x: &'a [T], y: &'a [T]) -> (&'a [T], &'a [T]) {
    let len = x.len().min(y.len());
    (x.get(..len).unwrap_or(&[]), y.get(..len).unwrap_or(&[]))
}
