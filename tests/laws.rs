//! The algebra of networks and features, which holds at any weights: each law over drawn shapes
//! (from 1×1, and with no samples) and values, far from convergence.

use fact_core::features::agreement::agreement;
use fact_core::features::{Missing, certificate, fact};
use fact_core::mat::MatRef;
use fact_core::nn::{mlp, sgd};
use fact_core::scalar::Scalar;
use fact_core::scratch::Scratch;
use fact_tests::dense::{Matrix, eigen, frobenius, spectral_norm};
use fact_tests::near::{assert_near, bits, exact, largest};
use fact_tests::network::{Network, matrix, scratch};
use fact_tests::oracle::{Activation, Bias, Problem};
use fact_tests::{tolerance, workload};
use proptest::prelude::*;

/// How large the terms of FACT and bFACT of a layer are, before residuals or samples cancel.
fn fact_scale(problem: &Problem, layer: usize) -> f64 {
    let w = frobenius(&problem.layers()[layer].w.data);
    let gradient = |problem: &Problem| frobenius(&problem.data_gradient()[layer].w.data);
    let terms = gradient(problem).max(gradient(&problem.without_targets())).max(1.0);
    w.max(1.0) * (terms / problem.lambda).max(w)
}

/// `FACT − WᵀW = −(1/λ) Wᵀ∇_W L_λ` and `bFACT − WWᵀ = −(1/λ) W(∇_W L_λ)ᵀ`, by both routes.
fn assert_identity<T: Scalar>(problem: &Problem, tolerance: f64) {
    let network = Network::<T>::new(problem);
    let gradient = network.gradient(2).1;
    for layer in 0..network.depth() {
        let w = matrix(network.weight(&network.theta, layer));
        let slope = matrix(network.weight(&gradient, layer)).scaled(-1.0 / problem.lambda);
        let scale = fact_scale(problem, layer);
        let expected = w.transposed().times(&w).plus(&w.transposed().times(&slope));
        let what = format!("FACT, layer {layer} of {}", problem.name);
        let of_samples = exact(&network.fact(layer, 2));
        let of_gradient = exact(&network.fact_from_gradient(layer));
        assert_near(&what, &of_samples, &expected.data, scale, tolerance);
        assert_near(&what, &of_gradient, &expected.data, scale, tolerance);
        assert_near(&what, &of_samples, &of_gradient, scale, tolerance);

        let expected = w.times(&w.transposed()).plus(&w.times(&slope.transposed()));
        let what = format!("b{what}");
        let of_samples = exact(&network.bfact(layer, 2));
        let of_gradient = exact(&network.bfact_from_gradient(layer));
        assert_near(&what, &of_samples, &expected.data, scale, tolerance);
        assert_near(&what, &of_gradient, &expected.data, scale, tolerance);
        assert_near(&what, &of_samples, &of_gradient, scale, tolerance);
    }
}

/// FACT, bFACT, AGOP, eNFA are those of the oracle.
fn assert_oracle<T: Scalar>(problem: &Problem, tolerance: f64) {
    let network = Network::<T>::new(problem);
    for layer in 0..network.depth() {
        let near = |what: &str, found: &[T], expected: &Matrix, scale: f64| {
            let what = format!("{what}, layer {layer} of {}", problem.name);
            assert_near(&what, &exact(found), &expected.data, scale, tolerance);
        };
        let scale = fact_scale(problem, layer);
        near("FACT", &network.fact(layer, 2), &problem.fact(layer), scale);
        near("bFACT", &network.bfact(layer, 2), &problem.bfact(layer), scale);
        let agop = problem.agop(layer);
        near("AGOP", &network.agop(layer, 2), &agop, frobenius(&agop.data).max(1.0));
        let enfa = problem.enfa(layer);
        let terms = frobenius(&problem.without_targets().enfa(layer).data);
        near("eNFA", &network.enfa(layer, 2), &enfa, frobenius(&enfa.data).max(terms).max(1.0));
        near("WᵀW", &network.neural(layer), &problem.neural(layer), 1.0);
        near("WWᵀ", &network.backward_neural(layer), &problem.backward_neural(layer), 1.0);
    }
}

/// Everything that streams over samples, in blocks of `rows`, by name and as bits.
fn all_bits<T: Scalar>(network: &Network<T>, rows: usize) -> Vec<(&'static str, Vec<u64>)> {
    let (value, gradient) = network.gradient(rows);
    let mut all = vec![("objective", vec![value.to_bits()]), ("gradient", bits(&gradient))];
    for layer in 0..network.depth() {
        all.push(("FACT", bits(&network.fact(layer, rows))));
        all.push(("bFACT", bits(&network.bfact(layer, rows))));
        all.push(("AGOP", bits(&network.agop(layer, rows))));
        all.push(("eNFA", bits(&network.enfa(layer, rows))));
    }
    let fit = network.fit(rows);
    let sums = [fit.loss, fit.output_spread, fit.target_spread].map(f64::to_bits);
    all.push(("fit", sums.to_vec()));
    all.push(("hits", vec![fit.samples as u64, fit.correct.unwrap_or(usize::MAX) as u64]));
    all
}

fn assert_blocks_change_nothing<T: Scalar>(problem: &Problem) {
    let network = Network::<T>::new(problem);
    let expected = all_bits(&network, network.samples.max(1));
    for rows in [1, 2, 3, network.samples + 3] {
        for (found, expected) in all_bits(&network, rows).iter().zip(&expected) {
            assert_eq!(found, expected, "{rows} rows: {}", problem.name);
        }
    }
}

fn problem() -> impl Strategy<Value = Problem> {
    workload::problem()
}

/// Bias-free networks of homogeneous hidden layers and a linear output.
fn homogeneous() -> impl Strategy<Value = Problem> {
    workload::problem_with(workload::homogeneous_activation(), Just(Bias::None)).prop_map(
        |mut problem| {
            problem.output = Activation::Identity;
            problem
        },
    )
}

proptest! {
    #![proptest_config(workload::cases(96))]

    #[test]
    fn fact_misses_the_neural_matrix_by_the_gradient(problem in problem()) {
        assert_identity::<f64>(&problem, tolerance::GOLDEN_F64);
        assert_identity::<f32>(&problem, tolerance::RANDOM_F32);
    }

    #[test]
    fn features_are_the_oracles(problem in problem()) {
        assert_oracle::<f64>(&problem, tolerance::GOLDEN_F64);
    }

    #[test]
    fn features_are_the_oracles_f32(problem in workload::problem_off_kinks()) {
        assert_oracle::<f32>(&problem, tolerance::RANDOM_F32);
    }

    #[test]
    fn the_certificate_bounds_the_residual(problem in problem()) {
        let network = Network::<f64>::new(&problem);
        let gradient = network.gradient(1).1;
        let stopping =
            certificate::stopping_bound(&network.objective(), &network.theta, &gradient).unwrap();
        for layer in 0..network.depth() {
            let w = matrix(network.weight(&network.theta, layer));
            let neural = network.neural(layer);
            let found = agreement(&network.fact(layer, 1), &neural).residual;
            let backward =
                agreement(&network.bfact(layer, 1), &network.backward_neural(layer)).residual;
            if frobenius(&w.data) == 0.0 {
                prop_assert_eq!((found, backward), (Err(Missing::Zero), Err(Missing::Zero)));
                prop_assert_eq!(stopping, Err(Missing::Zero));
                prop_assert_eq!(network.bound(layer), Err(Missing::Zero));
                continue;
            }
            let slope = frobenius(network.weight(&gradient, layer).data());
            let norm = frobenius(&neural);
            let expected = spectral_norm(&w) * slope / (problem.lambda * norm);
            let bound = network.bound(layer).unwrap();
            let what = &problem.name;
            assert_near(what, &[bound], &[expected], expected, tolerance::GOLDEN_F64);
            let slack = tolerance::GOLDEN_F64 * fact_scale(&problem, layer) / norm;
            prop_assert!(found.unwrap() <= bound + slack, "FACT: {found:?} > {bound}");
            prop_assert!(backward.unwrap() <= bound + slack, "bFACT: {backward:?} > {bound}");
            if let Ok(stopping) = stopping {
                let slack = 1.0 + tolerance::GOLDEN_F64;
                prop_assert!(bound <= stopping * slack, "{bound} > {stopping}");
            }
        }
        // With one layer the two differ only by ‖W‖₂ ≤ ‖WᵀW‖^½: the formula itself.
        if let (1, Ok(stopping)) = (network.depth(), stopping) {
            let norm = frobenius(&network.neural(0)).sqrt();
            let slope = frobenius(network.weight(&gradient, 0).data());
            let expected = slope / (problem.lambda * norm);
            let what = &problem.name;
            assert_near(what, &[stopping], &[expected], expected, tolerance::GOLDEN_F64);
        }
    }

    #[test]
    fn agreement_needs_no_matrix(problem in problem()) {
        let network = Network::<f64>::new(&problem);
        let gradient = network.data_gradient();
        for layer in 0..network.depth() {
            let weight = network.weight(&network.theta, layer);
            let gradient = network.weight(&gradient, layer);
            let mut memory = scratch(fact::agreement_scratch(weight.nrows(), weight.ncols()));
            let memory = Scratch::new(&mut memory);
            let found =
                fact::agreement_from_gradient(network.lambda, weight, gradient, memory).unwrap();
            // The same sums in the same order: equal to the bit.
            let fact = agreement(&network.fact_from_gradient(layer), &network.neural(layer));
            let bfact =
                agreement(&network.bfact_from_gradient(layer), &network.backward_neural(layer));
            prop_assert_eq!(found.fact, fact);
            prop_assert_eq!(found.backward, bfact);
        }
    }

    #[test]
    fn the_block_size_changes_no_bit(problem in problem()) {
        assert_blocks_change_nothing::<f64>(&problem);
        assert_blocks_change_nothing::<f32>(&problem);
    }

    #[test]
    fn one_sample_gives_its_row_of_the_batch(problem in problem()) {
        let network = Network::<f32>::new(&problem);
        let all = network.outputs();
        let (inputs, outputs) = (network.widths[0], network.widths[network.depth()]);
        for (index, x) in network.x.chunks(inputs).enumerate() {
            let mut memory = scratch(mlp::forward_scratch(&network.widths, 1));
            let x = MatRef::new(x, 1, inputs).unwrap();
            let memory = Scratch::new(&mut memory);
            let found = mlp::forward(&network.architecture(), &network.theta, x, memory).unwrap();
            let expected = &all[index * outputs..(index + 1) * outputs];
            prop_assert_eq!(bits(found.data()), bits(expected));
        }
        let expected: Vec<_> =
            (0..network.samples).flat_map(|i| problem.outputs(problem.x.row(i))).collect();
        let scale = largest(&expected).max(1.0);
        assert_near(&problem.name, &exact(&all), &expected, scale, tolerance::RANDOM_F32);
    }

    #[test]
    fn a_carried_gradient_is_added(problem in problem(), carry in 0.0..1.0_f64, seed in -1.0..1.0_f64) {
        let network = Network::<f64>::new(&problem);
        let (value, gradient) = network.gradient(2);
        let old: Vec<_> = (0..gradient.len()).map(|i| (seed * (i + 1) as f64).sin()).collect();
        let mut found = old.clone();
        let again = network.gradient_into(2, carry, &mut found);
        prop_assert_eq!(value.to_bits(), again.to_bits());
        let expected: Vec<_> =
            old.iter().zip(&gradient).map(|(old, gradient)| carry * old + gradient).collect();
        let scale = largest(&problem.without_targets().gradient())
            .max(largest(&gradient))
            .max(1.0);
        assert_near(&problem.name, &found, &expected, scale, tolerance::GOLDEN_F64);
    }

    #[test]
    fn homogeneous_layers_hand_the_diagonal_on(problem in homogeneous()) {
        let network = Network::<f64>::new(&problem);
        let k = f64::from(network.hidden.degree().unwrap());
        let facts: Vec<_> = (0..network.depth()).map(|layer| network.fact(layer, 2)).collect();
        let diagonal = |matrix: &[f64], width: usize| -> Vec<f64> {
            (0..width).map(|j| matrix[j * (width + 1)]).collect()
        };
        for layer in 0..network.depth() - 1 {
            let width = network.widths[layer + 1];
            let found = diagonal(&network.bfact(layer, 2), width);
            let expected: Vec<_> =
                diagonal(&facts[layer + 1], width).iter().map(|entry| k * entry).collect();
            let scale = fact_scale(&problem, layer).max(fact_scale(&problem, layer + 1));
            let what = format!("layer {layer} of {}", problem.name);
            assert_near(&what, &found, &expected, scale, tolerance::GOLDEN_F64);
        }
        // −mean f·∂ℓ/∂f/λ.
        let radial = (0..network.samples).map(|i| {
            let f = problem.outputs(problem.x.row(i));
            let slope = problem.loss.slope(&f, problem.y.row(i));
            f.iter().zip(slope).map(|(f, slope)| f * slope).sum::<f64>()
        });
        let radial = -radial.sum::<f64>() / network.samples.max(1) as f64 / problem.lambda;
        for (layer, fact) in facts.iter().enumerate() {
            let trace: f64 = diagonal(fact, network.widths[layer]).iter().sum();
            let expected = k.powi((network.depth() - 1 - layer) as i32) * radial;
            let scale = (0..network.depth()).map(|layer| fact_scale(&problem, layer));
            let scale = scale.fold(expected.abs(), f64::max);
            let what = format!("trace at layer {layer} of {}", problem.name);
            assert_near(&what, &[trace], &[expected], scale, tolerance::GOLDEN_F64);
        }
    }

    #[test]
    fn gradient_outer_products_are_symmetric_and_positive(problem in problem()) {
        let network = Network::<f64>::new(&problem);
        for layer in 0..network.depth() {
            let width = network.widths[layer];
            for found in [
                network.agop(layer, 2),
                network.enfa(layer, 2),
                network.neural(layer),
            ] {
                let found = Matrix::new(width, width, &found);
                prop_assert_eq!(&found, &found.transposed());
                let least = eigen(&found).0.into_iter().fold(0.0, f64::min);
                prop_assert!(least >= -tolerance::GOLDEN_F64 * frobenius(&found.data));
            }
            let width = network.widths[layer + 1];
            let found = Matrix::new(width, width, &network.backward_neural(layer));
            prop_assert_eq!(&found, &found.transposed());
        }
    }

    #[test]
    fn the_order_of_hidden_units_is_no_matter(problem in problem(), seed: u64) {
        prop_assume!(problem.depth() > 1);
        let mut other = problem.clone();
        let layer = seed as usize % (problem.depth() - 1);
        let width = problem.widths[layer + 1];
        let order = fact_core::rng::Permutation::new(width, seed);
        let mut layers = problem.layers();
        let (below, above) = (layers[layer].clone(), layers[layer + 1].clone());
        layers[layer].w =
            Matrix::from_fn(width, below.w.ncols, |i, j| below.w[(order.index(i), j)]);
        layers[layer].b = (0..below.b.len()).map(|i| below.b[order.index(i)]).collect();
        layers[layer + 1].w =
            Matrix::from_fn(above.w.nrows, width, |i, j| above.w[(i, order.index(j))]);
        other.theta = layers.into_iter().flat_map(|layer| [layer.w.data, layer.b].concat()).collect();

        let (one, two) = (Network::<f64>::new(&problem), Network::<f64>::new(&other));
        let exact = tolerance::GOLDEN_F64;
        let scale = largest(&one.outputs()).max(1.0);
        assert_near("outputs", &two.outputs(), &one.outputs(), scale, exact);
        for index in 0..one.depth() {
            let width = one.widths[index];
            let fact = Matrix::new(width, width, &one.fact(index, 2));
            let expected = if index == layer + 1 {
                Matrix::from_fn(width, width, |i, j| fact[(order.index(i), order.index(j))])
            } else {
                fact
            };
            let scale = fact_scale(&problem, index);
            let what = format!("FACT, layer {index} of {}", problem.name);
            assert_near(&what, &two.fact(index, 2), &expected.data, scale, exact);
        }
    }

    #[test]
    fn the_order_of_samples_is_rounding(problem in problem(), seed: u64) {
        let mut other = problem.clone();
        let order = fact_core::rng::Permutation::new(problem.x.nrows, seed);
        let permuted = |matrix: &Matrix| {
            Matrix::from_fn(matrix.nrows, matrix.ncols, |i, j| matrix[(order.index(i), j)])
        };
        (other.x, other.y) = (permuted(&problem.x), permuted(&problem.y));
        let (one, two) = (Network::<f64>::new(&problem), Network::<f64>::new(&other));
        let ((value, gradient), (value_two, gradient_two)) = (one.gradient(2), two.gradient(2));
        let exact = tolerance::GOLDEN_F64;
        let scale = largest(&problem.without_targets().gradient())
            .max(largest(&gradient))
            .max(1.0);
        assert_near("value", &[value_two], &[value], value.max(1.0), exact);
        assert_near(&problem.name, &gradient_two, &gradient, scale, exact);
        for layer in 0..one.depth() {
            let scale = fact_scale(&problem, layer);
            let what = format!("FACT, layer {layer} of {}", problem.name);
            assert_near(&what, &two.fact(layer, 2), &one.fact(layer, 2), scale, exact);
        }
        let (fit, fit_two) = (one.fit(2), two.fit(2));
        prop_assert_eq!(fit.correct, fit_two.correct);
        let scale = one.outputs().iter().map(|f| f * f).sum::<f64>().max(1.0);
        let what = "output spread";
        assert_near(what, &[fit_two.output_spread], &[fit.output_spread], scale, exact);
    }

    #[test]
    fn fit_counts_hits_and_spreads(problem in problem()) {
        let network = Network::<f64>::new(&problem);
        let fit = network.fit(2);
        let outputs = problem.widths[problem.depth()];
        let f = Matrix::new(network.samples, outputs, &network.outputs());
        let first_largest = |row: &[f64]| {
            row.iter().position(|&a| row.iter().all(|&b| b <= a)).unwrap()
        };
        let hits = (0..network.samples)
            .filter(|&i| first_largest(f.row(i)) == first_largest(problem.y.row(i)))
            .count();
        prop_assert_eq!(fit.correct, (outputs > 1).then_some(hits));
        let spread = |m: &Matrix| {
            let mean = |j: usize| {
                (0..m.nrows).map(|i| m[(i, j)]).sum::<f64>() / m.nrows.max(1) as f64
            };
            let from_mean = Matrix::from_fn(m.nrows, m.ncols, |i, j| m[(i, j)] - mean(j));
            frobenius(&from_mean.data).powi(2)
        };
        let exact = tolerance::GOLDEN_F64;
        let scale = frobenius(&f.data).powi(2).max(1.0);
        assert_near("outputs", &[fit.output_spread], &[spread(&f)], scale, exact);
        let scale = frobenius(&problem.y.data).powi(2).max(1.0);
        assert_near("targets", &[fit.target_spread], &[spread(&problem.y)], scale, exact);
        let loss = problem.data_loss();
        assert_near("loss", &[fit.loss], &[loss], scale.max(loss), exact);
        let share = fit.correct.filter(|_| network.samples > 0);
        let share = share.map(|correct| correct as f64 / network.samples as f64);
        prop_assert_eq!(fit.accuracy(), share);
    }

    #[test]
    fn an_online_step_descends_the_gradient_of_its_sample(problem in problem(), rate in 0.0..0.5) {
        let (inputs, outputs) = (problem.widths[0], problem.widths[problem.depth()]);
        for i in 0..problem.x.nrows {
            let mut single = problem.clone();
            single.x = Matrix::new(1, inputs, problem.x.row(i));
            single.y = Matrix::new(1, outputs, problem.y.row(i));
            let network = Network::<f64>::new(&single);
            let gradient = network.gradient(1).1;
            let expected: Vec<_> =
                network.theta.iter().zip(&gradient).map(|(w, g)| w - rate * g).collect();
            let mut theta = network.theta.clone();
            let mut memory = scratch(sgd::step_scratch(&network.widths));
            let memory = Scratch::new(&mut memory);
            let (x, y) = (&network.x, &network.y);
            let loss = sgd::step(&network.objective(), rate, x, y, &mut theta, memory).unwrap();
            let terms = largest(&single.without_targets().gradient());
            let scale = terms.max(largest(&gradient)).max(1.0);
            assert_near(&problem.name, &theta, &expected, scale, tolerance::GOLDEN_F64);
            let expected = single.losses()[0];
            let terms = single.without_targets().losses()[0].max(expected).max(1.0);
            assert_near("loss", &[loss], &[expected], terms, tolerance::GOLDEN_F64);
        }
    }

}
