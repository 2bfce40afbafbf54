//! The core reproduces the golden kernel machines: a second implementation, in another language,
//! from the formulas alone.

use fact_core::features::Missing;
use fact_core::kernel::{Centering, Rescale, Rfm, Shape};
use fact_tests::dense::Matrix;
use fact_tests::golden_kernel::{self, Golden, m, update};
use fact_tests::machine::Fitted;
use fact_tests::matrices::M;
use fact_tests::tolerance;

/// Runs `check` on each golden machine, as the file states it and as the core fits it.
fn for_each(check: impl Fn(&Golden, &Fitted<f64>)) {
    let machines = golden_kernel::machines();
    assert_eq!(machines.len(), 5);
    for golden in &machines {
        let fitted = golden.machine().fit().unwrap();
        assert_eq!((fitted.solved.ridge, fitted.solved.jitter), (golden.ridge, 0.0));
        check(golden, &fitted);
    }
}

/// [`Golden::near`] of a matrix.
#[track_caller]
fn near(golden: &Golden, what: &str, found: &M<f64>, expected: &Matrix, of: &str) -> bool {
    golden.near(what, &found.data, expected, of, 0.0)
}

#[test]
fn gram_matrices_and_slopes() {
    for_each(|golden, fitted| {
        let (machine, kernel) = (&fitted.machine, golden.kernel());
        near(golden, "K", &machine.gram(), &golden.gram, "K");
        near(golden, "K across", &machine.cross(&machine.x), &golden.gram, "K");
        let metric = fitted.metric();
        let t = |i: usize, j: usize| {
            let pair = |k: usize| {
                let (x, z) = (machine.x.at(i, k), machine.x.at(j, k));
                if kernel.is_radial() { (x - z, x - z) } else { (x, z) }
            };
            let d = golden.d;
            (0..d * d).map(|at| pair(at / d).0 * metric.data[at] * pair(at % d).1).sum::<f64>()
        };
        let sign = if kernel.is_radial() { -2.0 } else { 1.0 };
        let n = golden.n;
        let coefficient = M::from_fn(n, n, |i, j| sign * kernel.slope(t(i, j)));
        near(golden, "H", &coefficient, &golden.coefficient, "H");
        let values = M::from_fn(n, n, |i, j| kernel.value(t(i, j)));
        near(golden, "K by its profile", &values, &golden.gram, "K");
    });
}

#[test]
fn duals_predictions_and_jacobians() {
    for_each(|golden, fitted| {
        near(golden, "alpha", &fitted.dual, &golden.alpha, "alpha");
        for rows in [1, 3, golden.n] {
            let train = fitted.predict(&fitted.machine.x, rows);
            near(golden, "f_train", &train, &golden.f_train, "f_query");
            let queries = fitted.predict(&m(&golden.queries), rows);
            near(golden, "f_query", &queries, &golden.f_query, "f_query");
        }
        assert_eq!(golden.jacobian_query.len(), golden.queries.nrows);
        for (i, expected) in golden.jacobian_query.iter().enumerate() {
            let found = fitted.jacobian(golden.queries.row(i));
            near(golden, &format!("Jacobian at query {i}"), &found, expected, "H");
        }
    });
}

#[test]
fn feature_matrices() {
    for_each(|golden, fitted| {
        for rows in [1, 3, golden.n] {
            let found = fitted.agop(Centering::None, rows);
            near(golden, "AGOP", &found, &golden.agop, "agop");
            let found = fitted.agop_explicit(Centering::None, rows);
            near(golden, "AGOP, explicit", &found, &golden.agop, "agop");
            near(golden, "AGOP, closed", &fitted.agop_closed(rows), &golden.agop, "agop");
            let found = fitted.agop(Centering::Mean, rows);
            near(golden, "AGOP, centred", &found, &golden.agop_centered, "agop");
            for (centering, expected) in
                [(Centering::None, &golden.fact), (Centering::Mean, &golden.fact_centered)]
            {
                let what = format!("FACT, {centering:?}");
                near(golden, &what, &fitted.fact(centering, rows), expected, "fact");
                near(golden, &what, &fitted.fact_explicit(centering, rows), expected, "fact");
            }
        }
    });
}

#[test]
fn next_metrics() {
    for_each(|golden, fitted| {
        let mut compared = 0;
        for (name, expected) in &golden.next {
            let found = fitted.next(update(name));
            compared += usize::from(near(golden, name, &found, expected, name));
        }
        assert!(compared >= 5, "{}: {compared} updates compared", golden.name);
    });
}

#[test]
fn three_rounds() {
    for_each(|golden, fitted| {
        for (name, expected) in &golden.three {
            let machine = &fitted.machine;
            let rfm = Rfm {
                kernel: machine.kernel,
                ridge: machine.ridge,
                update: update(name),
                rescale: Rescale::Trace,
                centering: Centering::None,
                shape: Shape::Full,
            };
            let rounds = machine.rounds(&rfm, 3).unwrap();
            assert_eq!(rounds.len(), 4);
            assert_eq!(rounds[0].dual, fitted.dual);
            let of = format!("3x {name}");
            let what = |part: &str| format!("{part} after three updates {name}");
            let queries = rounds[3].predict(&m(&golden.queries), 2);
            let refit = |part: &str, found: &M<f64>, expected: &Matrix| {
                golden.near(&what(part), &found.data, expected, &of, tolerance::GOLDEN_REFIT)
            };
            let known = near(golden, &what("M"), &rounds[3].metric(), &expected.metric, &of)
                & refit("alpha", &rounds[3].dual, &expected.alpha)
                & refit("f_query", &queries, &expected.f_query);
            assert!(known, "{}: {name} is skipped", golden.name);
        }
    });
}

#[test]
fn tau_fits() {
    for_each(|golden, fitted| {
        for rows in [1, 3, golden.n] {
            let fit = fitted.tau(rows);
            if golden.kernel().is_radial() {
                assert_eq!(fit.r2, Err(Missing::NotInnerProduct));
                assert_eq!(fit.r2_origin, Err(Missing::NotInnerProduct));
                continue;
            }
            let found = M { rows: 1, cols: 2, data: vec![fit.r2.unwrap(), fit.r2_origin.unwrap()] };
            let expected = Matrix::new(1, 2, &golden.tau_kprime_r2);
            near(golden, "R² of τ against k′", &found, &expected, "K");
        }
    });
}
