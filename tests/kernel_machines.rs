//! Kernel machines at their limits: singular Gram matrices, broken scales, unfit arguments, small
//! memory; and one problem that tells FACT from NFA.

use fact_core::Error;
use fact_core::kernel::{Centering, Failed, Kernel, Rescale, Rfm, Ridge, Shape, Update, rfm};
use fact_core::rng::Rng;
use fact_core::scalar::Scalar;
use fact_core::scratch::Scratch;
use fact_tests::golden_kernel;
use fact_tests::machine::{Machine, OwnMetric};
use fact_tests::matrices::M;
use fact_tests::near::{assert_relative, exact, largest};
use fact_tests::tolerance;

const UPDATES: [Update<f64>; 4] =
    [Update::Nfa { power: 0.5 }, Update::Fact, Update::FactGeomean, Update::FactInner];

fn rfm(machine: &Machine<f64>, update: Update<f64>, rescale: Rescale) -> Rfm<f64> {
    let Machine { kernel, ridge, .. } = *machine;
    Rfm { kernel, ridge, update, rescale, centering: Centering::None, shape: Shape::Full }
}

fn normal(rows: usize, cols: usize, seed: u64) -> M<f64> {
    let mut rng = Rng::new(seed);
    M { rows, cols, data: (0..rows * cols).map(|_| rng.normal()).collect() }
}

#[test]
fn golden_machines_in_f32() {
    for golden in golden_kernel::machines() {
        let fitted = golden.machine().cast::<f32>().fit().unwrap();
        let near = |what: &str, found: &M<f32>, expected: &[f64]| {
            let what = format!("{}: {what} in f32", golden.name);
            let tolerance = tolerance::golden_kernel_f32(golden.condition);
            assert_relative(&what, &exact(&found.data), expected, tolerance);
        };
        near("K", &fitted.machine.gram(), &golden.gram.data);
        near("alpha", &fitted.dual, &golden.alpha.data);
        near("f", &fitted.predict(&fitted.machine.x, 4), &golden.f_train.data);
        near("AGOP", &fitted.agop(Centering::None, 4), &golden.agop.data);
        near("AGOP, centred", &fitted.agop(Centering::Mean, 4), &golden.agop_centered.data);
        near("FACT", &fitted.fact(Centering::None, 4), &golden.fact.data);
        near("next metric", &fitted.next(Update::Fact), &golden.next["fact"].data);
    }
}

#[test]
fn a_singular_gram_matrix_is_solved_with_a_jitter_that_is_reported() {
    fn check<T: Scalar>() {
        let x = normal(12, 3, 1);
        // Rows twice, with the same targets.
        let twice = M::from_fn(12, 3, |i, k| x.at(i / 2, k));
        let y = M::from_fn(12, 2, |i, k| twice.at(i, k).signum());
        for kernel in [Kernel::Laplace { bandwidth: 2.0 }, Kernel::Gaussian { bandwidth: 1.0 }] {
            let ridge = Ridge::Absolute(0.0);
            let (x, y) = (twice.clone(), y.clone());
            let machine = Machine { kernel, metric: OwnMetric::Identity, ridge, x, y };
            let fitted = machine.cast::<T>().fit().unwrap();
            let jitter = fitted.solved.jitter.to_f64();
            assert_eq!(fitted.solved.ridge, T::ZERO);
            assert!(jitter > 0.0 && jitter < 1e3 * T::EPSILON.to_f64(), "{kernel:?}: {jitter:e}");
            let f = exact(&fitted.predict(&fitted.machine.x, 4).data);
            let allowed = tolerance::interpolation(jitter, largest(&exact(&fitted.dual.data)));
            assert_relative("f", &f, &machine.y.data, allowed);
            let asked = Machine { ridge: Ridge::Relative(0.125), ..machine };
            let solved = asked.cast::<T>().fit().unwrap().solved;
            assert_eq!((solved.ridge.to_f64(), solved.jitter), (0.125, T::ZERO));
        }
    }
    check::<f32>();
    check::<f64>();
}

#[test]
fn a_rank_deficient_quadratic_machine_keeps_its_digits_in_f32() {
    // 100 samples for 21 coefficients, and targets that are no quadratic form.
    let x = normal(100, 6, 6).map(|x| f64::from(x as f32));
    let y = M::from_fn(100, 2, |i, k| (x.at(i, k) * x.at(i, k + 1)).signum());
    let (kernel, ridge) = (Kernel::Quadratic, Ridge::Relative(1.0 / 1024.0));
    let machine = Machine { kernel, metric: OwnMetric::Identity, ridge, x, y };
    let (single, double) = (machine.cast::<f32>().fit().unwrap(), machine.fit().unwrap());
    let expected = double.fact(Centering::None, 4);
    let error = |found: M<f32>| {
        let found = M { rows: 6, cols: 6, data: exact(&found.data) };
        found.distance(&expected) / expected.norm()
    };
    let (forms, pairs) =
        (single.fact(Centering::None, 4), single.fact_explicit(Centering::None, 4));
    let (forms, pairs) = (error(forms), error(pairs));
    assert!(forms <= tolerance::FORMS_F32 && pairs > 10.0 * forms, "{forms:e}, {pairs:e}");
    // In f64 the definition has digits to spare.
    let definition = double.fact_explicit(Centering::None, 4);
    assert!(definition.distance(&expected) <= tolerance::FORMS_F64 * expected.norm());
    let agop = single.agop(Centering::None, 4);
    let expected = double.agop(Centering::None, 4);
    assert_relative("AGOP", &exact(&agop.data), &expected.data, tolerance::FORMS_F32);
}

#[test]
fn equal_points_have_no_slope_between_them() {
    let x = M { rows: 3, cols: 2, data: vec![0.3, 0.7, 0.3, 0.7, 1e9, 0.1] };
    let y = M { rows: 3, cols: 1, data: vec![1.0, 1.0, -1.0] };
    let kernel = Kernel::Laplace { bandwidth: 1.0 };
    let w = M { rows: 2, cols: 2, data: vec![0.1, 0.7, 0.3, 0.9] };
    let metric = OwnMetric::Full(w.t().times(&w));
    let machine = Machine { kernel, metric, ridge: Ridge::Absolute(0.5), x, y };
    assert_eq!(machine.gram().at(0, 1), 1.0);
    let fitted = machine.fit().unwrap();
    assert!(fitted.jacobian(&[0.3, 0.7]).data.iter().all(|&slope| slope == 0.0));
    // Too near for 1/u.
    let slope = Kernel::Laplace { bandwidth: 1e-300 }.slope(1e-300);
    assert!(slope.is_finite() && Kernel::Laplace { bandwidth: 1.0 }.slope(5e-324).is_finite());
}

#[test]
fn a_scale_that_breaks_down_is_an_error_with_its_round() {
    // Without rescaling a quadratic machine at ridge 0 takes the scale s to s⁻² in each FACT step.
    let x = normal(5, 3, 2).map(|x| 0.1 * x);
    let y = M::from_fn(5, 1, |i, _| if i % 2 == 0 { 1.0 } else { -1.0 });
    let (kernel, metric, ridge) = (Kernel::Quadratic, OwnMetric::Identity, Ridge::Relative(1e-3));
    let machine = Machine { kernel, metric, ridge, x, y };
    let failed = machine.rounds(&rfm(&machine, Update::Fact, Rescale::None), 60).unwrap_err();
    assert!((2..=12).contains(&failed.round), "{failed}");
    assert!(matches!(failed.error, Error::Scale { .. }), "{failed}");
    assert!(failed.to_string().starts_with(&format!("round {}: ", failed.round)));
    for rescale in [Rescale::Trace, Rescale::MaxEntry] {
        let rounds = machine.rounds(&rfm(&machine, Update::Fact, rescale), 20).unwrap();
        let finite = |m: &M<f64>| m.data.iter().all(|entry| entry.is_finite());
        assert!(rounds.iter().all(|round| finite(&round.dual) && finite(&round.metric())));
    }
    // Nothing to learn from.
    let still = Machine { y: machine.y.map(|_| 0.0), ..machine.clone() };
    for update in UPDATES {
        let failed = still.rounds(&rfm(&still, update, Rescale::Trace), 2).unwrap_err();
        assert_eq!(failed, Failed { round: 1, error: Error::Scale { what: "metric" } });
    }
    // A Gram matrix out of range, though samples and metric are not.
    for size in [1e-160, 1e160] {
        let found = Machine { x: machine.x.map(|x| size * x), ..machine.clone() }.fit();
        assert_eq!(found.unwrap_err(), Error::Scale { what: "Gram matrix" });
    }
}

#[test]
fn the_metric_of_a_failed_round_is_that_of_the_round_before() {
    let (x, y) = (normal(4, 2, 3), M::zeros(4, 1));
    let (kernel, ridge) = (Kernel::Gaussian { bandwidth: 1.0 }, Ridge::Absolute(0.1));
    let machine = Machine { kernel, metric: OwnMetric::Identity, ridge, x, y };
    let (mut metric, mut dual) = (M::identity(2), M::zeros(4, 1));
    let mut memory = vec![f64::NAN; rfm::fit_scratch(4, 2, 1)];
    let mut seen = 0;
    let rfm = rfm(&machine, Update::Fact, Rescale::Trace);
    let (samples, scratch) = (machine.samples(), Scratch::new(&mut memory));
    let observe = |_: fact_core::kernel::Round<'_, f64>| seen += 1;
    let found = rfm::fit(&rfm, &samples, 3, metric.view_mut(), dual.view_mut(), observe, scratch);
    assert_eq!((found.unwrap_err().round, seen), (1, 1));
    assert_eq!(metric, M::identity(2));
}

#[test]
fn a_small_machine_fits_32_kilobytes() {
    const N: usize = 64;
    const D: usize = 8;
    const WORDS: usize = N * D + N + D * D + N + rfm::fit_scratch(N, D, 1);
    const { assert!(WORDS * size_of::<f32>() <= 32_768) };
    let x = normal(N, D, 4);
    let y = M::from_fn(N, 1, |i, _| (x.at(i, 0) * x.at(i, 1)).signum());
    let kernel = Kernel::Laplace { bandwidth: 3.0 };
    let metric = OwnMetric::Identity;
    let machine = Machine { kernel, metric, ridge: Ridge::Absolute(1e-2), x, y };
    let machine = machine.cast::<f32>();
    for update in [Update::Nfa { power: 0.5 }, Update::Fact, Update::FactGeomean] {
        for (centering, shape) in
            [(Centering::None, Shape::Full), (Centering::Mean, Shape::Diagonal)]
        {
            let Machine { kernel, ridge, .. } = machine;
            let rfm = Rfm { kernel, ridge, update, rescale: Rescale::Trace, centering, shape };
            let mut memory = vec![0.0; rfm::fit_scratch(N, D, 1)];
            let (mut metric, mut dual) = (M::identity(D), M::zeros(N, 1));
            rfm::fit(
                &rfm,
                &machine.samples(),
                3,
                metric.view_mut(),
                dual.view_mut(),
                |_| (),
                Scratch::new(&mut memory),
            )
            .unwrap();
            let outside = (0..D).map(|k| metric.at(k, k)).skip(2).fold(0.0, f32::max);
            assert!(outside < metric.at(0, 0) && outside < metric.at(1, 1), "{update:?}");
        }
    }
}

/// Share of `queries` whose sign is predicted, after `rounds` updates.
fn accuracy(machine: &Machine<f64>, update: Update<f64>, rounds: u32, queries: &M<f64>) -> f64 {
    let found = machine.rounds(&rfm(machine, update, Rescale::Trace), rounds).unwrap();
    let f = found[rounds as usize].predict(queries, 16);
    let right = (0..queries.rows).filter(|&i| f.at(i, 0) * parity(row(queries, i)) > 0.0).count();
    right as f64 / queries.rows as f64
}

fn row(m: &M<f64>, i: usize) -> &[f64] {
    &m.data[i * m.cols..(i + 1) * m.cols]
}

/// The parity of inputs 2, 7 and 11, as ±1.
fn parity(x: &[f64]) -> f64 {
    if (x[2] + x[7] + x[11]) % 2.0 == 0.0 { -1.0 } else { 1.0 }
}

#[test]
fn fact_finds_a_sparse_parity_that_nfa_misses() {
    let mut rng = Rng::new(2);
    let mut bits = |rows: usize| {
        let data = (0..rows * 20).map(|_| f64::from(rng.next_u32() >> 31)).collect();
        M { rows, cols: 20, data }
    };
    let (x, queries) = (bits(200), bits(300));
    let y = M::from_fn(200, 1, |i, _| parity(row(&x, i)));
    let (kernel, ridge) = (Kernel::Gaussian { bandwidth: 2.0 }, Ridge::Absolute(1e-3));
    let machine = Machine { kernel, metric: OwnMetric::Identity, ridge, x, y };
    let fact = accuracy(&machine, Update::Fact, 4, &queries);
    let nfa = accuracy(&machine, Update::Nfa { power: 0.5 }, 4, &queries);
    assert!(fact >= 0.99 && nfa <= 0.65, "FACT {fact}, NFA {nfa}");
}
