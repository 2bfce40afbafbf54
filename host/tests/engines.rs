//! Both engines compute the same machine.

use fact_core::kernel::{Centering, Kernel, Metric, Predictor, Rescale, Ridge, Shape, Update};
use fact_core::mat::{MatMut, MatRef};
use fact_core::rng::Rng;
use fact_core::samples::Samples;
use fact_host::engine::machine::{Engine, Exact, Fast, Feature, Real, Stage};
use fact_host::experiment::{Coded, Sets, run};
use fact_host::model::Outputs;
use fact_host::plan::{self, Bandwidth, Machine, Precision};
use fact_tests::tolerance;

const QUIET: &(dyn Fn(Stage, f64) + Sync) = &|_, _| {};

const KERNELS: [Kernel<f64>; 5] = [
    Kernel::Laplace { bandwidth: 3.0 },
    Kernel::GeneralizedLaplace { bandwidth: 3.0, exponent: 1.5 },
    Kernel::Gaussian { bandwidth: 2.0 },
    Kernel::Quadratic,
    Kernel::Exponential { bandwidth: 8.0 },
];
const UPDATES: [Update<f64>; 4] =
    [Update::Nfa { power: 0.5 }, Update::Fact, Update::FactGeomean, Update::FactInner];

struct Case {
    n: usize,
    d: usize,
    c: usize,
    x: Vec<f64>,
    y: Vec<f64>,
    metric: Vec<f64>,
}

/// Samples, some of them repeated, and a positive definite or diagonal metric.
fn case(seed: u64, n: usize, d: usize, c: usize, diagonal: bool) -> Case {
    let mut rng = Rng::new(seed);
    let mut x: Vec<f64> = (0..n * d).map(|_| rng.normal::<f64>() + 0.5).collect();
    // Duplicates, whose distance is exactly 0.
    let (head, tail) = x.split_at_mut(d);
    tail[..d].copy_from_slice(head);
    tail[(n - 2) * d..].copy_from_slice(head);
    let y = (0..n * c).map(|_| rng.normal::<f64>()).collect();
    let factor: Vec<f64> = (0..d * d).map(|_| rng.normal::<f64>()).collect();
    let mut metric = vec![0.0; d * d];
    for i in 0..d {
        for j in 0..d {
            metric[i * d + j] = match (i == j, diagonal) {
                (true, true) => 0.5 + i as f64,
                (false, true) => 0.0,
                (same, false) => {
                    let product: f64 = (0..d).map(|k| factor[i * d + k] * factor[j * d + k]).sum();
                    product / d as f64 + f64::from(u8::from(same))
                }
            };
        }
    }
    Case { n, d, c, x, y, metric }
}

fn relative(found: &[f64], expected: &[f64]) -> f64 {
    let norm = |values: &mut dyn Iterator<Item = f64>| values.map(|v| v * v).sum::<f64>().sqrt();
    assert_eq!(found.len(), expected.len());
    let difference = norm(&mut found.iter().zip(expected).map(|(a, b)| a - b));
    difference / norm(&mut expected.iter().copied()).max(f64::MIN_POSITIVE)
}

fn cast<T: Real>(values: &[f64]) -> Vec<T> {
    values.iter().map(|&v| <T as fact_core::scalar::Scalar>::from_f64(v)).collect()
}

fn widen<T: Real>(values: &[T]) -> Vec<f64> {
    values.iter().map(|&v| fact_core::scalar::Scalar::to_f64(v)).collect()
}

/// Everything one engine makes of a case, by name. Predictions and features are of a given dual: one
/// that solves the case cancels in them, and so shows rounding many times over.
fn results<T: Real>(
    engine: &impl Engine<T>,
    case: &Case,
    kernel: Kernel<T>,
) -> Vec<(String, Vec<f64>)> {
    let Case { n, d, c, .. } = *case;
    let (x, y, metric) = (cast::<T>(&case.x), cast::<T>(&case.y), cast::<T>(&case.metric));
    let (x, metric) = (MatRef::new(&x, n, d).unwrap(), MatRef::new(&metric, d, d).unwrap());
    let samples = Samples::new(x, MatRef::new(&y, n, c).unwrap()).unwrap();
    let mut solution = vec![T::ZERO; n * c];
    let ridge = Ridge::Absolute(<T as fact_core::scalar::Scalar>::from_f64(0.5));
    engine.solve(kernel, metric, ridge, &samples, &mut solution).expect("solved");
    let mut all = vec![("dual".to_owned(), widen(&solution))];
    let dual = MatRef::new(&y, n, c).unwrap();
    let machine = Predictor { kernel, metric: Metric::Full(metric), x, dual };
    // Queries: samples, and points between them.
    let queries: Vec<T> =
        cast(&case.x.iter().map(|v| 0.9 * v).chain(case.x.clone()).collect::<Vec<_>>());
    let mut f = vec![T::ZERO; 2 * n * c];
    let queries = MatRef::new(&queries, 2 * n, d).unwrap();
    engine.predict(&machine, queries, &mut f).expect("predicts");
    all.push(("predictions".to_owned(), widen(&f)));
    let mut jacobians = vec![T::ZERO; 2 * n * c * d];
    engine.jacobians(&machine, queries, &mut jacobians).expect("formed");
    all.push(("jacobians".to_owned(), widen(&jacobians)));
    for centering in [Centering::None, Centering::Mean] {
        for feature in [Feature::Agop(centering), Feature::Fact(centering)] {
            let mut out = vec![T::ZERO; d * d];
            engine.features(&machine, feature, &mut out).expect("formed");
            all.push((format!("{feature:?}"), widen(&out)));
        }
    }
    if let Ok(tau) = engine.tau(&machine).expect("formed") {
        all.push(("tau".to_owned(), vec![tau]));
    }
    all
}

#[test]
fn the_engines_agree_on_every_quantity_of_every_kernel() {
    // More rows than a tile of the fast engine has, and fewer; more outputs than its closed forms
    // wait for; few enough for AGOP of half of all pairs.
    for (k, (n, d, c, diagonal)) in [
        (90, 5, 1, false),
        (70, 4, 2, true),
        (530, 2, 1, false),
        (20, 6, 9, false),
        (150, 3, 2, false),
    ]
    .into_iter()
    .enumerate()
    {
        let case = case(k as u64, n, d, c, diagonal);
        let kernels = if n > 500 { &KERNELS[2..4] } else { &KERNELS[..] };
        for &kernel in kernels {
            let exact = results::<f64>(&Exact { watch: QUIET }, &case, kernel);
            let fast = results::<f64>(&Fast { watch: QUIET }, &case, kernel);
            assert_eq!(fast.len(), exact.len());
            for ((name, fast), (_, exact)) in fast.iter().zip(&exact) {
                let error = relative(fast, exact);
                let most = match name.as_str() {
                    "dual" => tolerance::ENGINES_DUAL,
                    _ => tolerance::ENGINES,
                };
                assert!(error < most, "{name}, {kernel:?}, n = {n}: {error:e}");
            }
        }
    }
}

#[test]
fn the_engines_agree_in_f32() {
    // Too few samples for AGOP of half of all pairs, and enough.
    engines_agree_in_f32(&case(7, 90, 5, 2, false));
    engines_agree_in_f32(&case(8, 150, 3, 2, false));
    engines_agree_in_f32(&case(9, 130, 5, 1, false));
}

fn engines_agree_in_f32(case: &Case) {
    for kernel in [
        Kernel::Laplace { bandwidth: 3.0_f32 },
        Kernel::GeneralizedLaplace { bandwidth: 3.0, exponent: 1.5 },
        Kernel::Gaussian { bandwidth: 2.0 },
        Kernel::Quadratic,
    ] {
        let exact = results::<f32>(&Exact { watch: QUIET }, case, kernel);
        let fast = results::<f32>(&Fast { watch: QUIET }, case, kernel);
        for ((name, fast), (_, exact)) in fast.iter().zip(&exact) {
            let error = relative(fast, exact);
            let most = match name.as_str() {
                "dual" => tolerance::ENGINES_DUAL_F32,
                _ => tolerance::ENGINES_F32,
            };
            assert!(error < most, "{name}, {kernel:?}: {error:e}");
        }
    }
}

#[test]
fn three_rounds_agree_for_every_kernel_and_update() {
    let Case { n, d, c, x, y, metric } = case(11, 40, 4, 2, false);
    let train = Coded { x, y, n, classes: vec![None; n] };
    let outputs = Outputs::Values(vec![0.0; c]);
    let sets = Sets { d, outputs, train, validation: None, test: None };
    for kernel in KERNELS {
        for update in UPDATES {
            for shape in [Shape::Full, Shape::Diagonal] {
                let machine = Machine {
                    kernel,
                    bandwidth: Bandwidth::Fixed,
                    ridge: Ridge::Absolute(0.5),
                    update: Some(update),
                    rescale: Rescale::Trace,
                    centering: Centering::None,
                    shape,
                    rounds: 3,
                    precision: Precision::F64,
                    engine: plan::Engine::Exact,
                };
                let exact = run(&Exact { watch: QUIET }, &machine, &sets, &metric, |_| {});
                let fast = run(&Fast { watch: QUIET }, &machine, &sets, &metric, |_| {});
                let (exact, fast) = (exact.expect("fitted"), fast.expect("fitted"));
                for (name, fast, exact) in
                    [("metric", &fast.metric, &exact.metric), ("dual", &fast.dual, &exact.dual)]
                {
                    let error = relative(fast, exact);
                    let of = format!("{name}, {kernel:?}, {update:?}, {shape:?}");
                    assert!(error < tolerance::ENGINES_ROUNDS, "{of}: {error:e}");
                }
            }
        }
    }
}

#[test]
fn a_singular_gram_matrix_gets_the_same_jitter() {
    let Case { n, d, c, x, y, metric } = case(3, 30, 2, 1, false);
    let (x, metric) = (MatRef::new(&x, n, d).unwrap(), MatRef::new(&metric, d, d).unwrap());
    let samples = Samples::new(x, MatRef::new(&y, n, c).unwrap()).unwrap();
    let mut dual = vec![0.0; n * c];
    let (exact, fast) = (Exact { watch: QUIET }, Fast { watch: QUIET });
    let ridge = Ridge::Absolute(0.0);
    let exact = exact.solve(Kernel::Quadratic, metric, ridge, &samples, &mut dual).expect("solved");
    let fast = fast.solve(Kernel::Quadratic, metric, ridge, &samples, &mut dual).expect("solved");
    assert!(exact.jitter > 0.0 && fast.jitter > 0.0);
    let ratio = fast.jitter / exact.jitter;
    assert!(ratio.max(ratio.recip()) < tolerance::JITTER_STEP, "{fast:?} {exact:?}");
}

#[test]
fn equal_samples_get_the_same_jitter() {
    jitters_of_equal_samples::<f64>();
    jitters_of_equal_samples::<f32>();
}

/// Without a ridge, the pivot of a repeated sample is rounding, below `(4 + √n)ε`. The first jitter
/// tried, `ε`, makes it some `2ε`: still too little for these 30 samples. The second, `10ε`, is enough.
fn jitters_of_equal_samples<T: Real>() {
    let Case { n, d, c, x, y, metric } = case(3, 30, 8, 1, false);
    let (x, y, metric) = (cast::<T>(&x), cast::<T>(&y), cast::<T>(&metric));
    let (x, metric) = (MatRef::new(&x, n, d).unwrap(), MatRef::new(&metric, d, d).unwrap());
    let samples = Samples::new(x, MatRef::new(&y, n, c).unwrap()).unwrap();
    let mut dual = vec![T::ZERO; n * c];
    // The samples that differ hardly see each other, and the diagonal is 1.
    let bandwidth = <T as fact_core::scalar::Scalar>::from_f64(0.5);
    let ridge = Ridge::Absolute(T::ZERO);
    for kernel in [Kernel::Gaussian { bandwidth }, Kernel::Laplace { bandwidth }] {
        let exact = Exact { watch: QUIET }.solve(kernel, metric, ridge, &samples, &mut dual);
        let fast = Fast { watch: QUIET }.solve(kernel, metric, ridge, &samples, &mut dual);
        let expected = T::EPSILON * <T as fact_core::scalar::Scalar>::from_f64(10.0);
        assert_eq!(exact.unwrap().jitter, expected, "{kernel:?}");
        assert_eq!(fast.unwrap().jitter, expected, "{kernel:?}");
    }
}

/// FACT and AGOP of a fitted machine by one engine.
fn fitted_features<T: Real>(engine: &impl Engine<T>, case: &Case) -> Vec<(String, Vec<f64>)> {
    let Case { n, d, c, .. } = *case;
    let (x, y, metric) = (cast::<T>(&case.x), cast::<T>(&case.y), cast::<T>(&case.metric));
    let (x, metric) = (MatRef::new(&x, n, d).unwrap(), MatRef::new(&metric, d, d).unwrap());
    let samples = Samples::new(x, MatRef::new(&y, n, c).unwrap()).unwrap();
    let mut dual = vec![T::ZERO; n * c];
    let ridge = Ridge::Relative(<T as fact_core::scalar::Scalar>::from_f64(2.0_f64.powi(-10)));
    engine.solve(Kernel::Quadratic, metric, ridge, &samples, &mut dual).expect("solved");
    let dual = MatRef::new(&dual, n, c).unwrap();
    let machine = Predictor { kernel: Kernel::Quadratic, metric: Metric::Full(metric), x, dual };
    let of = |feature| {
        let mut out = vec![T::ZERO; d * d];
        engine.features(&machine, feature, &mut out).expect("formed");
        (format!("{feature:?}"), widen(&out))
    };
    [Centering::None, Centering::Mean]
        .into_iter()
        .flat_map(|centering| [of(Feature::Fact(centering)), of(Feature::Agop(centering))])
        .collect()
}

#[test]
fn features_of_a_quadratic_machine_of_low_rank_keep_their_digits() {
    // Its 36 coefficients explain little of the targets: most of the dual has to cancel.
    let case = case(13, 200, 8, 2, false);
    let expected = fitted_features::<f64>(&Exact { watch: QUIET }, &case);
    let found = fitted_features::<f32>(&Fast { watch: QUIET }, &case);
    for ((name, found), (_, expected)) in found.iter().zip(&expected) {
        let error = relative(found, expected);
        assert!(error < tolerance::FORMS_F32, "{name}: {error:e}");
    }
}

#[test]
fn threads_change_no_bit() {
    // More blocks of rows than the parts that pairs are summed in.
    let case = case(5, 530, 4, 2, false);
    let of = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("pool");
        pool.install(|| {
            let kernel = Kernel::Laplace { bandwidth: 3.0 };
            results::<f64>(&Fast { watch: QUIET }, &case, kernel)[1..].to_vec()
        })
    };
    let alone = of(1);
    for threads in [2, 3, 8] {
        assert_eq!(of(threads), alone, "{threads} threads");
    }
}

#[test]
fn the_next_metric_of_a_rank_one_matrix_is_its_root() {
    let v = [3.0, 0.0, 4.0];
    let outer: Vec<f64> = (0..9).map(|k| v[k / 3] * v[k % 3]).collect();
    let (outer, metric) =
        (MatRef::new(&outer, 3, 3).unwrap(), [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]);
    let metric = MatRef::new(&metric, 3, 3).unwrap();
    for update in UPDATES {
        let mut out = [0.0; 9];
        let engine = Fast { watch: QUIET };
        Engine::<f64>::next_metric(
            &engine,
            update,
            outer,
            metric,
            MatMut::new(&mut out, 3, 3).unwrap(),
        )
        .expect("formed");
        // vvᵀ has the eigenvalue ‖v‖² = 25.
        let factor = if update == Update::Fact { 1.0 } else { 0.2 };
        let expected: Vec<f64> = outer.data().iter().map(|value| factor * value).collect();
        assert!(relative(&out, &expected) < tolerance::SMALL_ROOT, "{update:?}: {out:?}");
    }
}
