//! The fast engine reproduces the golden kernel machines, as the core does.

use fact_core::kernel::{Centering, Metric, Predictor, Rescale, Ridge, Shape, Update};
use fact_core::mat::{MatMut, MatRef};
use fact_core::samples::Samples;
use fact_host::engine::machine::{Engine, Fast, Feature};
use fact_host::experiment::{Coded, Sets, run};
use fact_host::model::Outputs;
use fact_host::plan::{self, Bandwidth, Machine, Precision};
use fact_tests::dense::Matrix;
use fact_tests::golden_kernel::{self, Golden, update};
use fact_tests::tolerance;

const FAST: Fast<'_> = Fast { watch: &|_, _| {} };

fn view(matrix: &Matrix) -> MatRef<'_, f64> {
    MatRef::new(&matrix.data, matrix.nrows, matrix.ncols).unwrap()
}

/// Runs `check` on each golden machine, with its dual as the fast engine finds it.
fn for_each(check: impl Fn(&Golden, &[f64])) {
    let machines = golden_kernel::machines();
    assert_eq!(machines.len(), 5);
    for golden in &machines {
        let samples = Samples::new(view(&golden.x), view(&golden.y)).unwrap();
        let mut dual = vec![0.0; golden.n * golden.c];
        let (kernel, ridge) = (golden.kernel(), Ridge::Absolute(golden.ridge));
        let solved = FAST.solve(kernel, view(&golden.metric), ridge, &samples, &mut dual).unwrap();
        assert_eq!((solved.ridge, solved.jitter), (golden.ridge, 0.0));
        check(golden, &dual);
    }
}

/// The golden machine with another metric and dual.
fn machine<'a>(golden: &'a Golden, metric: &'a [f64], dual: &'a [f64]) -> Predictor<'a, f64> {
    let (n, d) = (golden.n, golden.d);
    Predictor {
        kernel: golden.kernel(),
        metric: Metric::Full(MatRef::new(metric, d, d).unwrap()),
        x: view(&golden.x),
        dual: MatRef::new(dual, n, dual.len() / n).unwrap(),
    }
}

fn predict(machine: &Predictor<'_, f64>, x: &Matrix) -> Vec<f64> {
    let mut out = vec![0.0; x.nrows * machine.dual.ncols()];
    FAST.predict(machine, view(x), &mut out).unwrap();
    out
}

fn features(machine: &Predictor<'_, f64>, feature: Feature) -> Vec<f64> {
    let d = machine.x.ncols();
    let mut out = vec![0.0; d * d];
    FAST.features(machine, feature, &mut out).unwrap();
    out
}

#[test]
fn gram_matrices() {
    for_each(|golden, _| {
        let n = golden.n;
        // Of the dual I, predictions are kernels.
        let identity = Matrix::identity(n);
        let machine = machine(golden, &golden.metric.data, &identity.data);
        golden.near("K", &predict(&machine, &golden.x), &golden.gram, "K", 0.0);
    });
}

#[test]
fn duals_and_predictions() {
    for_each(|golden, dual| {
        golden.near("alpha", dual, &golden.alpha, "alpha", 0.0);
        let machine = machine(golden, &golden.metric.data, dual);
        for (points, expected) in [(&golden.x, &golden.f_train), (&golden.queries, &golden.f_query)]
        {
            golden.near("f", &predict(&machine, points), expected, "f_query", 0.0);
        }
    });
}

#[test]
fn jacobians() {
    for_each(|golden, dual| {
        let machine = machine(golden, &golden.metric.data, dual);
        let width = golden.c * golden.d;
        let mut out = vec![0.0; golden.queries.nrows * width];
        FAST.jacobians(&machine, view(&golden.queries), &mut out).unwrap();
        assert_eq!(golden.jacobian_query.len(), golden.queries.nrows);
        for ((i, expected), found) in
            golden.jacobian_query.iter().enumerate().zip(out.chunks(width))
        {
            golden.near(&format!("Jacobian at query {i}"), found, expected, "H", 0.0);
        }
    });
}

#[test]
fn feature_matrices() {
    for_each(|golden, dual| {
        let machine = machine(golden, &golden.metric.data, dual);
        for (feature, expected, of) in [
            (Feature::Agop(Centering::None), &golden.agop, "agop"),
            (Feature::Agop(Centering::Mean), &golden.agop_centered, "agop"),
            (Feature::Fact(Centering::None), &golden.fact, "fact"),
            (Feature::Fact(Centering::Mean), &golden.fact_centered, "fact"),
        ] {
            let found = features(&machine, feature);
            golden.near(&format!("{feature:?}"), &found, expected, of, 0.0);
        }
    });
}

#[test]
fn next_metrics() {
    for_each(|golden, dual| {
        let (d, metric) = (golden.d, &golden.metric);
        let machine = machine(golden, &metric.data, dual);
        let mut compared = 0;
        for (name, expected) in &golden.next {
            let update = update(name);
            let feature = match update {
                Update::Nfa { .. } => Feature::Agop(Centering::None),
                _ => Feature::Fact(Centering::None),
            };
            let found = features(&machine, feature);
            let found = MatRef::new(&found, d, d).unwrap();
            let mut next = vec![0.0; d * d];
            let out = MatMut::new(&mut next, d, d).unwrap();
            FAST.next_metric(update, found, view(metric), out).unwrap();
            compared += usize::from(golden.near(name, &next, expected, name, 0.0));
        }
        assert!(compared >= 5, "{}: {compared} updates compared", golden.name);
    });
}

#[test]
fn three_rounds() {
    for_each(|golden, _| {
        let n = golden.n;
        let (x, y) = (golden.x.data.clone(), golden.y.data.clone());
        let train = Coded { x, y, n, classes: vec![None; n] };
        let outputs = Outputs::Values(vec![0.0; golden.c]);
        let sets = Sets { d: golden.d, outputs, train, validation: None, test: None };
        for (name, expected) in &golden.three {
            let plan = Machine {
                kernel: golden.kernel(),
                bandwidth: Bandwidth::Fixed,
                ridge: Ridge::Absolute(golden.ridge),
                update: Some(update(name)),
                rescale: Rescale::Trace,
                centering: Centering::None,
                shape: Shape::Full,
                rounds: 3,
                precision: Precision::F64,
                engine: plan::Engine::Fast,
            };
            let fitted = run(&FAST, &plan, &sets, &golden.metric.data, |_| {}).unwrap();
            let of = format!("3x {name}");
            let what = |part: &str| format!("{part} after three updates {name}");
            let f = predict(&machine(golden, &fitted.metric, &fitted.dual), &golden.queries);
            let refit = |part: &str, found: &[f64], expected: &Matrix| {
                golden.near(&what(part), found, expected, &of, tolerance::GOLDEN_REFIT)
            };
            let known = golden.near(&what("M"), &fitted.metric, &expected.metric, &of, 0.0)
                & refit("alpha", &fitted.dual, &expected.alpha)
                & refit("f_query", &f, &expected.f_query);
            assert!(known, "{}: {name} is skipped", golden.name);
        }
    });
}

#[test]
fn tau_fits() {
    for_each(|golden, dual| {
        let machine = machine(golden, &golden.metric.data, dual);
        let found = FAST.tau(&machine).unwrap();
        assert_eq!(found.is_ok(), !golden.kernel().is_radial());
        if let Ok(found) = found {
            let expected = Matrix::new(1, 1, &golden.tau_kprime_r2[..1]);
            golden.near("R² of τ against k′", &[found], &expected, "K", 0.0);
        }
    });
}
