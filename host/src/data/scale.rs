//! Standardisation of one column.

/// Brings column `column` of the row-major `x` with `d` columns to mean 0 and population standard
/// deviation 1, and returns the mean and the reciprocal deviation it had. A column that is constant up
/// to rounding becomes 0 and has the reciprocal 0.
pub(super) fn standardize(x: &mut [f64], column: usize, d: usize) -> (f64, f64) {
    let n = (x.len() / d.max(1)) as f64;
    let cells = || x.iter().skip(column).step_by(d);
    // Dividing by the largest magnitude keeps the squares of very large numbers finite.
    let largest = cells().fold(0.0_f64, |m, v| m.max(v.abs()));
    let unit = if largest > 0.0 { largest } else { 1.0 };
    let mean = cells().map(|v| v / unit).sum::<f64>() / n;
    let variance = cells().map(|v| (v / unit - mean).powi(2)).sum::<f64>() / n;
    let deviation = variance.sqrt();
    // The mean itself carries an error of this order.
    let constant = deviation <= 8.0 * f64::EPSILON * mean.abs();
    for v in x.iter_mut().skip(column).step_by(d) {
        *v = if constant { 0.0 } else { (*v / unit - mean) / deviation };
    }
    (mean * unit, if constant { 0.0 } else { 1.0 / (deviation * unit) })
}

#[cfg(test)]
mod tests {
    use super::standardize;

    #[test]
    fn standardized_columns_have_mean_zero_and_variance_one() {
        let mut x = [1.0, 7.0, 2.0, 7.0, 3.0, 7.0];
        standardize(&mut x, 0, 2);
        standardize(&mut x, 1, 2);
        let third = (1.5_f64).sqrt();
        for (found, expected) in x.iter().zip([-third, 0.0, 0.0, 0.0, third, 0.0]) {
            assert!((found - expected).abs() < 1e-15, "{x:?}");
        }
    }

    #[test]
    fn constant_and_huge_columns_stay_finite() {
        let mut constant = [0.1; 7];
        standardize(&mut constant, 0, 1);
        assert_eq!(constant, [0.0; 7]);
        let mut huge = [1e300, -1e300];
        standardize(&mut huge, 0, 1);
        assert_eq!(huge, [1.0, -1.0]);
    }
}
