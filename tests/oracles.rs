//! The oracles are trustworthy: they reproduce the golden networks, agree with differences of plain
//! function values, and satisfy the identities they will be used to test.

use fact_tests::dense::{
    Matrix, cosine, eigen, frobenius, left_polar, pearson, psd_power, relative_residual,
    spectral_norm,
};
use fact_tests::golden::{self, Network};
use fact_tests::near::{assert_near, assert_relative, largest};
use fact_tests::oracle::{Activation, Bias, Loss, Problem, STEP, erf};
use fact_tests::{tolerance, workload};
use proptest::prelude::*;

/// The golden value of FACT and bFACT is a small difference: relative to the neural matrix there.
fn assert_fact(what: &str, found: &Matrix, expected: &Matrix, neural: &Matrix, lambda: f64) {
    let scale = largest(&expected.data).max(frobenius(&neural.data));
    assert_near(what, &found.data, &expected.data, scale, tolerance::golden_fact(lambda));
}

fn for_each_golden(check: impl Fn(&Network, &Problem)) {
    let networks = golden::networks();
    assert_eq!(networks.len(), 8);
    for network in &networks {
        check(network, &network.problem());
    }
}

#[test]
fn golden_layout_is_weights_then_biases_of_each_layer() {
    for_each_golden(|network, problem| {
        assert_eq!((problem.x.nrows, problem.y.nrows), (network.n, network.n));
        for (found, expected) in problem.layers().iter().zip(&network.layers) {
            assert_eq!(found.w, expected.w, "{}", network.name);
            assert_eq!(found.b, expected.b.clone().unwrap_or_default(), "{}", network.name);
        }
    });
}

#[test]
fn golden_outputs_and_losses() {
    for_each_golden(|network, problem| {
        let name = &network.name;
        let outputs: Vec<_> =
            (0..network.n).flat_map(|i| problem.outputs(problem.x.row(i))).collect();
        if let (Some(f), Some(losses)) = (&network.f, &network.losses) {
            assert_relative(&format!("{name}: f"), &outputs, &f.data, tolerance::GOLDEN_F64);
            let what = format!("{name}: losses");
            assert_relative(&what, &problem.losses(), losses, tolerance::GOLDEN_F64);
        }
        let found = [problem.data_loss(), problem.objective()];
        let expected = [network.data_loss, network.objective];
        assert_relative(&format!("{name}: loss"), &found, &expected, tolerance::GOLDEN_F64);
        if let Some(expected) = network.min_abs_z {
            let hidden = 0..problem.depth() - 1;
            let traces: Vec<_> = (0..network.n).map(|i| problem.trace(i)).collect();
            let z = traces.iter().flat_map(|trace| trace.z[hidden.clone()].concat());
            let found = z.fold(f64::INFINITY, |least, z| least.min(z.abs()));
            assert_near(&format!("{name}: |z|"), &[found], &[expected], 1.0, tolerance::GOLDEN_F64);
        }
    });
}

#[test]
fn golden_gradients() {
    for_each_golden(|network, problem| {
        let name = &network.name;
        // Near a critical point the gradient is the difference of two terms as large as λθ.
        let scale = largest(&network.grad).max(largest(&network.theta) * network.lam);
        let near = |what: &str, found: &[f64], expected: &[f64]| {
            let what = format!("{name}: {what}");
            assert_near(&what, found, expected, scale, tolerance::GOLDEN_F64);
        };
        near("gradient", &problem.gradient(), &network.grad);
        near("norm", &[frobenius(&problem.gradient())], &[network.grad_norm]);
        for (found, expected) in problem.gradient_layers().iter().zip(&network.layers) {
            near("weights", &found.w.data, &expected.grad_w.data);
            near("biases", &found.b, &expected.grad_b.clone().unwrap_or_default());
        }
    });
}

#[test]
fn golden_matrices() {
    for_each_golden(|network, problem| {
        for (index, layer) in network.layers.iter().enumerate() {
            let what = |matrix: &str| format!("{}, layer {index}: {matrix}", network.name);
            let (wtw, wwt) = (problem.neural(index), problem.backward_neural(index));
            let (fact, agop) = (problem.fact(index), problem.agop(index));
            let lambda = network.lam;
            let exact = tolerance::GOLDEN_F64;
            assert_relative(&what("WᵀW"), &wtw.data, &layer.wtw.data, exact);
            assert_relative(&what("WWᵀ"), &wwt.data, &layer.wwt.data, exact);
            assert_relative(&what("AGOP"), &agop.data, &layer.agop.data, exact);
            assert_fact(&what("FACT"), &fact, &layer.fact, &wtw, lambda);
            assert_fact(&what("bFACT"), &problem.bfact(index), &layer.bfact, &wwt, lambda);
            let enfa = problem.enfa(index);
            assert_relative(&what("eNFA"), &enfa.data, &layer.enfa.data, exact);

            // The perturbation of a root is bounded in norm, not entry by entry.
            let near_root = |matrix: &str, found: &Matrix, expected: &Matrix| {
                let scale = frobenius(&expected.data);
                let tolerance = tolerance::GOLDEN_ROOT;
                assert_near(&what(matrix), &found.data, &expected.data, scale, tolerance);
            };
            if let Some(expected) = &layer.fact_sqrt {
                let found = left_polar(&fact);
                near_root("FACT root", &found, expected);
            }
            if let Some(expected) = &layer.agop_sqrt {
                let found = psd_power(&agop, 0.5);
                near_root("AGOP root", &found, expected);
            }
        }
    });
}

#[test]
fn golden_metrics() {
    for_each_golden(|network, problem| {
        for (index, layer) in network.layers.iter().enumerate() {
            let (w, metrics) = (&problem.layers()[index].w, &layer.metrics);
            assert_eq!((metrics.layer, metrics.shape), (index, (w.nrows, w.ncols)));
            let check = |name: &str, found: Option<f64>, tolerance: f64| {
                let what = format!("{}, layer {index}: {name}", network.name);
                match (found, metrics.get(name)) {
                    (Some(found), Some(expected)) => {
                        let scale = expected.abs().max(1.0);
                        assert_near(&what, &[found], &[expected], scale, tolerance);
                    }
                    (found, expected) => assert_eq!(found, expected, "{what}"),
                }
            };
            let (wtw, wwt) = (problem.neural(index), problem.backward_neural(index));
            let (fact, bfact) = (problem.fact(index), problem.bfact(index));
            let gradient = frobenius(&problem.gradient_layers()[index].w.data);
            let bound = spectral_norm(w) * gradient / (network.lam * frobenius(&wtw.data));
            let exact = tolerance::GOLDEN_F64;
            check("W_fro2", Some(frobenius(&w.data).powi(2)), exact);
            check("W_2", Some(spectral_norm(w)), exact);
            // The stable rank.
            let ratio = frobenius(&w.data) / spectral_norm(w);
            check("W_erank", Some(ratio.powi(2)), exact);
            check("grad_fro", Some(gradient), exact);

            let near = tolerance::golden_fact(network.lam);
            check("fact_pearson", pearson(&fact, &wtw), near);
            check("fact_cos", cosine(&fact, &wtw), near);
            check("fact_rel", relative_residual(&fact, &wtw), near);
            check("fact_bound", Some(bound), near);
            check("fact_t_pearson", pearson(&fact.transposed(), &wtw), near);
            check("fact_asym", relative_residual(&fact.transposed(), &fact), near);
            check("bfact_pearson", pearson(&bfact, &wwt), near);
            check("bfact_rel", relative_residual(&bfact, &wwt), near);
            let root = left_polar(&fact);
            check("fact_sqrt_pearson", pearson(&root, &wtw), tolerance::GOLDEN_ROOT);
            check("fact_sqrt_rel", relative_residual(&root, &wtw), tolerance::GOLDEN_ROOT);

            let (agop, enfa) = (problem.agop(index), problem.enfa(index));
            for (suffix, s) in [("s0.333333", 1.0 / 3.0), ("s0.5", 0.5), ("s1", 1.0)] {
                let near = tolerance::golden_power(s);
                let (nfa, enfa) = (psd_power(&agop, s), psd_power(&enfa, s));
                check(&format!("nfa_pearson_{suffix}"), pearson(&nfa, &wtw), near);
                check(&format!("nfa_cos_{suffix}"), cosine(&nfa, &wtw), near);
                check(&format!("enfa_pearson_{suffix}"), pearson(&enfa, &wtw), near);
                check(&format!("enfa_cos_{suffix}"), cosine(&enfa, &wtw), near);
            }
        }
    });
}

#[test]
fn golden_networks_at_a_critical_point_satisfy_the_identity() {
    for_each_golden(|network, problem| {
        for layer in 0..problem.depth() {
            // Far from convergence FACT is nothing like WᵀW; at it, what is left is ‖∇L_λ‖/λ.
            let residual = relative_residual(&problem.fact(layer), &problem.neural(layer)).unwrap();
            let exact = residual <= tolerance::GOLDEN_CONVERGED;
            assert_eq!(exact, network.is_converged(), "{}: {residual:e}", network.name);
        }
    });
    assert_eq!(golden::networks().iter().filter(|network| network.is_converged()).count(), 4);
}

#[test]
fn slopes_are_derivatives() {
    for activation in Activation::ALL {
        for z in [-3.0, -1.1, -0.3, 0.06, 0.3, 1.7, 4.0] {
            let value = |step: f64| activation.value(z + step);
            let found = (8.0 * (value(STEP) - value(-STEP))
                - (value(2.0 * STEP) - value(-2.0 * STEP)))
                / (12.0 * STEP);
            let what = format!("{activation:?} at {z}");
            assert_near(&what, &[found], &[activation.slope(z)], 1.0, tolerance::DIFFERENCES);
        }
    }
}

#[test]
fn erf_has_its_published_values() {
    // Abramowitz and Stegun, table 7.1, and DLMF 7.
    for (x, expected) in [
        (0.0, 0.0),
        (0.5, 0.520_499_877_813_046_5),
        (1.0, 0.842_700_792_949_714_9),
        (2.0, 0.995_322_265_018_952_7),
        (-1.0, -0.842_700_792_949_714_9),
        (7.0, 1.0),
    ] {
        assert_near(&format!("erf {x}"), &[erf(x)], &[expected], 1.0, tolerance::ERF);
    }
}

proptest! {
    #[test]
    fn gradients_are_derivatives(problem in workload::problem_off_kinks()) {
        let (found, expected) = (problem.gradient(), problem.gradient_by_differences());
        let scale = largest(&expected).max(1.0);
        assert_near(&problem.name, &found, &expected, scale, tolerance::DIFFERENCES);
    }

    #[test]
    fn jacobians_are_derivatives(problem in workload::problem_off_kinks()) {
        for i in 0..problem.x.nrows {
            let trace = problem.trace(i);
            for layer in 0..problem.depth() {
                let found = problem.jacobian(&trace.h[layer], layer);
                let expected = problem.jacobian_by_differences(&trace.h[layer], layer);
                let scale = largest(&expected.data).max(1.0);
                let what = format!("{}, layer {layer}", problem.name);
                assert_near(&what, &found.data, &expected.data, scale, tolerance::DIFFERENCES);
                // g = Jᵀ ∂ℓ/∂f: the two backward passes agree.
                let slope = problem.loss.slope(&trace.f, problem.y.row(i));
                let pulled = found.transposed().times_vector(&slope);
                let scale = largest(&found.data) * largest(&slope);
                assert_near(&what, &pulled, &trace.g[layer], scale, tolerance::GOLDEN_F64);
            }
        }
    }

    #[test]
    fn both_routes_to_fact_agree(problem in workload::problem()) {
        for (index, gradient) in problem.data_gradient().iter().enumerate() {
            let w = &problem.layers()[index].w;
            let fact = w.transposed().times(&gradient.w).scaled(-1.0 / problem.lambda);
            let bfact = w.times(&gradient.w.transposed()).scaled(-1.0 / problem.lambda);
            for (found, expected) in [(problem.fact(index), fact), (problem.bfact(index), bfact)] {
                let scale = frobenius(&w.data) * frobenius(&gradient.w.data) / problem.lambda;
                let what = format!("{}, layer {index}", problem.name);
                assert_near(&what, &found.data, &expected.data, scale, tolerance::GOLDEN_F64);
            }
        }
    }

    #[test]
    fn eigenpairs_rebuild_the_matrix(n in 0_usize..=6, entries in prop::collection::vec(-1.0..1.0, 36)) {
        let a = Matrix::from_fn(n, n, |i, j| entries[6 * i.min(j) + i.max(j)]);
        let (values, vectors) = eigen(&a);
        let scaled = Matrix::from_fn(n, n, |i, j| vectors[(i, j)] * values[j]);
        let rebuilt = scaled.times(&vectors.transposed());
        assert_near("VΛVᵀ", &rebuilt.data, &a.data, 1.0, tolerance::GOLDEN_F64);
        let squared = left_polar(&a).times(&left_polar(&a));
        let expected = a.times(&a.transposed());
        assert_near("AAᵀ", &squared.data, &expected.data, 6.0, tolerance::GOLDEN_F64);
        let unit = vectors.transposed().times(&vectors);
        assert_near("VᵀV", &unit.data, &Matrix::identity(n).data, 1.0, tolerance::GOLDEN_F64);
    }

    #[test]
    fn workloads_are_well_formed(problem in workload::problem()) {
        let biases = if problem.bias == Bias::None { 0 } else { 1 };
        let params: usize = problem.widths.windows(2).map(|w| (w[0] + biases) * w[1]).sum();
        prop_assert_eq!(problem.theta.len(), params);
        prop_assert!((1..=4).contains(&problem.depth()) && problem.x.nrows <= 6);
        let values = problem.theta.iter().chain(&problem.x.data).chain(&problem.y.data);
        for value in values {
            prop_assert!((value * 1024.0).fract() == 0.0 && value.abs() <= 1.0);
        }
        if problem.loss == Loss::CrossEntropy {
            for i in 0..problem.y.nrows {
                prop_assert_eq!(problem.y.row(i).iter().sum::<f64>(), 1.0);
            }
        }
    }
}

#[test]
fn no_samples_leave_the_penalty() {
    let problem = Problem {
        name: "empty".into(),
        widths: vec![2, 1],
        hidden: Activation::Tanh,
        output: Activation::Identity,
        bias: Bias::Free,
        loss: Loss::HalfSquared,
        lambda: 0.5,
        theta: vec![1.0, 2.0, 3.0],
        x: Matrix::zeros(0, 2),
        y: Matrix::zeros(0, 1),
    };
    assert_eq!((problem.data_loss(), problem.objective()), (0.0, 1.25));
    assert_eq!(problem.gradient(), [0.5, 1.0, 0.0]);
    assert_eq!(problem.fact(0), Matrix::zeros(2, 2).scaled(-2.0));
}

#[test]
fn agreement_of_what_has_none_is_missing() {
    let (zero, constant) = (Matrix::zeros(2, 2), Matrix::from_fn(2, 2, |_, _| 3.0));
    let unit = Matrix::identity(2);
    assert_eq!((pearson(&zero, &unit), pearson(&constant, &unit)), (None, None));
    assert_eq!((cosine(&zero, &unit), relative_residual(&unit, &zero)), (None, None));
    assert_eq!(pearson(&unit.scaled(2.0).plus(&constant), &unit), Some(1.0));
    assert_eq!(relative_residual(&unit.scaled(3.0), &unit), Some(2.0));
}
