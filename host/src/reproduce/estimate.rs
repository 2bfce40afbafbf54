//! Means over seeds.

use super::summary::Shown;
use serde::{Deserialize, Serialize};

/// A mean with its standard error.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The mean.
    pub mean: f64,
    /// Its standard error `√(Σ(x−x̄)²/((m−1)m))`; `None` of a single value.
    pub error: Option<f64>,
    /// How many values.
    pub count: usize,
}

impl Estimate {
    /// The mean of those values that are there; `None` of none.
    ///
    /// ```
    /// use fact_host::reproduce::Estimate;
    /// let estimate = Estimate::of([Some(1.0), None, Some(3.0)]).unwrap();
    /// assert_eq!((estimate.mean, estimate.error, estimate.count), (2.0, Some(1.0), 2));
    /// assert_eq!(Estimate::of([None]), None);
    /// ```
    pub fn of(values: impl IntoIterator<Item = Option<f64>>) -> Option<Self> {
        let values: Vec<f64> = values.into_iter().flatten().collect();
        let count = values.len();
        if count == 0 {
            return None;
        }
        let mean = values.iter().sum::<f64>() / count as f64;
        let squares = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>();
        let error = (count > 1).then(|| (squares / (count - 1) as f64 / count as f64).sqrt());
        Some(Self { mean, error, count })
    }

    /// `mean ± error`.
    pub fn text(&self, shown: Shown) -> String {
        let mean = shown.text(self.mean);
        self.error.map_or_else(|| mean.clone(), |error| format!("{mean} ± {}", shown.text(error)))
    }
}

/// The least of the values; `None` when one is missing, or of none: for bands that all must meet.
pub fn least(values: impl IntoIterator<Item = Option<f64>>) -> Option<f64> {
    values.into_iter().reduce(|a, b| Some(a?.min(b?))).flatten()
}

/// The largest of the values; `None` when one is missing, or of none.
pub fn largest(values: impl IntoIterator<Item = Option<f64>>) -> Option<f64> {
    values.into_iter().reduce(|a, b| Some(a?.max(b?))).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_value_is_not_passed_over_by_an_extreme() {
        assert_eq!(least([Some(2.0), Some(1.0)]), Some(1.0));
        assert_eq!(least([Some(2.0), None]), None);
        assert_eq!(largest([None, Some(2.0)]), None);
        assert_eq!(largest([]), None);
    }
}
