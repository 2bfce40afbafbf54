//! The golden kernel machines of `fixtures/golden/kernel`; `fixtures/README.md` says what each
//! field is.

use crate::dense::Matrix;
use crate::golden::fixtures;
use crate::machine::{Machine, OwnMetric};
use crate::matrices::M;
use crate::near::assert_relative;
use crate::tolerance;
use fact_core::kernel::{Kernel, Ridge, Update};
use serde::Deserialize;
use std::collections::BTreeMap;

/// One golden file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Golden {
    pub name: String,
    pub note: String,
    pub kernel: String,
    pub bandwidth: f64,
    pub ridge: f64,
    pub n: usize,
    pub d: usize,
    pub c: usize,
    #[serde(rename = "cond_K_plus_ridge")]
    pub condition: f64,
    #[serde(rename = "X")]
    pub x: Matrix,
    #[serde(rename = "Y")]
    pub y: Matrix,
    #[serde(rename = "M")]
    pub metric: Matrix,
    #[serde(rename = "Xq")]
    pub queries: Matrix,
    #[serde(rename = "K")]
    pub gram: Matrix,
    #[serde(rename = "H")]
    pub coefficient: Matrix,
    pub alpha: Matrix,
    pub f_train: Matrix,
    pub f_query: Matrix,
    pub jacobian_query: Vec<Matrix>,
    pub agop: Matrix,
    pub agop_centered: Matrix,
    pub fact: Matrix,
    pub fact_centered: Matrix,
    #[serde(rename = "next_M")]
    pub next: BTreeMap<String, Matrix>,
    /// With intercept, and through the origin.
    pub tau_kprime_r2: [f64; 2],
    #[serde(rename = "three_updates_trace_norm")]
    pub three: BTreeMap<String, Three>,
    pub checked_rel_err: BTreeMap<String, f64>,
    #[serde(rename = "sensitivity_1e-15")]
    sensitivity: BTreeMap<String, f64>,
}

/// The machine after three updates.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Three {
    #[serde(rename = "M")]
    pub metric: Matrix,
    pub alpha: Matrix,
    pub f_query: Matrix,
}

/// The same elements, in the type that the tests of kernel machines use.
pub fn m(matrix: &Matrix) -> M<f64> {
    M { rows: matrix.nrows, cols: matrix.ncols, data: matrix.data.clone() }
}

/// The update of this name.
pub fn update(name: &str) -> Update<f64> {
    match name {
        "fact" => Update::Fact,
        "fact_geomean" => Update::FactGeomean,
        "fact_inner" => Update::FactInner,
        // Three updates are made with s = ½.
        "nfa" => Update::Nfa { power: 0.5 },
        power => Update::Nfa { power: power.strip_prefix("nfa_p").unwrap().parse().unwrap() },
    }
}

impl Golden {
    pub fn kernel(&self) -> Kernel<f64> {
        let bandwidth = self.bandwidth;
        match self.kernel.as_str() {
            "laplace" => Kernel::Laplace { bandwidth },
            "gaussian" => Kernel::Gaussian { bandwidth },
            "quadratic" => Kernel::Quadratic,
            "expip" => Kernel::Exponential { bandwidth },
            unknown => panic!("{}: unknown kernel {unknown}", self.name),
        }
    }

    /// The machine to be fitted.
    pub fn machine(&self) -> Machine<f64> {
        Machine {
            kernel: self.kernel(),
            metric: OwnMetric::Full(m(&self.metric)),
            ridge: Ridge::Absolute(self.ridge),
            x: m(&self.x),
            y: m(&self.y),
        }
    }

    /// Fails unless `found` is `expected` within the tolerance that belongs to the sensitivity of the
    /// output `of`, or within `least`; whether there is one.
    #[track_caller]
    pub fn near(&self, what: &str, found: &[f64], expected: &Matrix, of: &str, least: f64) -> bool {
        let what = format!("{}: {what}", self.name);
        let tolerance = tolerance::golden_kernel(self.sensitivity(of)).map(|t| t.max(least));
        if let Some(tolerance) = tolerance {
            assert_relative(&what, found, &expected.data, tolerance);
        }
        tolerance.is_some()
    }

    /// How far the output of this name moves, relatively, when the inputs move by 1e-15.
    fn sensitivity(&self, output: &str) -> f64 {
        *self.sensitivity.get(output).unwrap_or_else(|| panic!("no sensitivity of {output}"))
    }
}

/// All golden kernel machines, by name.
pub fn machines() -> Vec<Golden> {
    let folder = fixtures().join("golden/kernel");
    let mut paths: Vec<_> =
        std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
        .iter()
        .map(|path| {
            let text = std::fs::read_to_string(path).unwrap();
            serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
        })
        .collect()
}
