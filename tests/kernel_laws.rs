//! Laws of kernel machines: random shapes from 0 on, random values, every kernel and kind of
//! metric.

use fact_core::kernel::{Centering, Kernel, Rescale, Rfm, Ridge, Shape, Update};
use fact_core::scalar::Scalar;
use fact_tests::machine::{Fitted, Machine, OwnMetric, any_kernel, machines, machines_of};
use fact_tests::matrices::M;
use fact_tests::near::{assert_near, bits, largest};
use fact_tests::oracle::STEP;
use fact_tests::tolerance;
use fact_tests::workload::cases;
use proptest::prelude::*;
use proptest::sample::select;

const UPDATES: [Update<f64>; 4] =
    [Update::Nfa { power: 0.5 }, Update::Fact, Update::FactGeomean, Update::FactInner];

/// Equal within [`tolerance::MACHINE`], relative to the largest entry or 1.
#[track_caller]
fn near(what: &str, found: &M<f64>, expected: &M<f64>) {
    let scale = largest(&expected.data).max(1.0);
    assert_near(what, &found.data, &expected.data, scale, tolerance::MACHINE);
}

/// `xᵀMz` or `(x−z)ᵀM(x−z)`, by the formula.
fn pair(machine: &Machine<f64>, x: &[f64], z: &[f64]) -> f64 {
    let d = machine.x.cols;
    let m = machine.metric.dense(d);
    let radial = machine.kernel.is_radial();
    let left = |k: usize| if radial { x[k] - z[k] } else { x[k] };
    let right = |k: usize| if radial { x[k] - z[k] } else { z[k] };
    (0..d * d).map(|at| left(at / d) * m.data[at] * right(at % d)).sum()
}

fn row(m: &M<f64>, i: usize) -> &[f64] {
    &m.data[i * m.cols..(i + 1) * m.cols]
}

/// Jacobians at the machine's own points.
fn jacobians(fitted: &Fitted<f64>) -> Vec<M<f64>> {
    let x = &fitted.machine.x;
    (0..x.rows).map(|i| fitted.jacobian(row(x, i))).collect()
}

fn sum(d: usize, terms: impl Iterator<Item = M<f64>>) -> M<f64> {
    terms.fold(M::zeros(d, d), |sum, term| sum.plus(&term))
}

/// A rotation of the first two inputs.
fn rotation(d: usize) -> M<f64> {
    M::from_fn(d, d, |i, j| match (i, j) {
        (0, 0) | (1, 1) => 0.6,
        (0, 1) => -0.8,
        (1, 0) => 0.8,
        _ => f64::from(u8::from(i == j)),
    })
}

/// Everything that works in blocks of `rows`, as bits.
fn all_bits<T: Scalar>(fitted: &Fitted<T>, rows: usize) -> Vec<Vec<u64>> {
    let mut all = vec![bits(&fitted.predict(&fitted.machine.x, rows).data)];
    all.push(bits(&fitted.agop_closed(rows).data));
    for centering in [Centering::None, Centering::Mean] {
        all.push(bits(&fitted.agop(centering, rows).data));
        all.push(bits(&fitted.agop_explicit(centering, rows).data));
        all.push(bits(&fitted.fact(centering, rows).data));
        all.push(bits(&fitted.fact_explicit(centering, rows).data));
    }
    let tau = fitted.tau(rows);
    all.push(vec![tau.r2.map_or(0, f64::to_bits), tau.r2_origin.map_or(0, f64::to_bits)]);
    all
}

fn assert_blocks_change_nothing<T: Scalar>(machine: &Machine<f64>) {
    let machine = machine.cast::<T>();
    let fitted = machine.fit().unwrap();
    let expected = all_bits(&fitted, machine.x.rows.max(1));
    for rows in [1, 3, machine.x.rows + 3] {
        assert_eq!(all_bits(&fitted, rows), expected, "{rows} rows");
    }
}

fn assert_gram_bits<T: Scalar>(machine: &Machine<f64>) {
    let machine = machine.cast::<T>();
    let gram = machine.gram();
    assert_eq!(gram.bits(), gram.t().bits(), "symmetric");
    assert_eq!(bits(&gram.packed()), bits(&machine.gram_packed()), "packed");
    let full = Machine { metric: OwnMetric::Full(machine.metric.dense(machine.x.cols)), ..machine };
    assert_eq!(full.gram(), gram, "of all of the metric");
    if full.kernel.is_radial() {
        assert_eq!(full.cross(&full.x).bits(), gram.bits(), "across");
        assert!((0..gram.rows).all(|i| gram.at(i, i) == T::ONE), "diagonal");
    }
}

proptest! {
    #![proptest_config(cases(96))]

    #[test]
    fn gram_matrices_are_the_kernel_of_each_pair(machine in machines()) {
        let x = &machine.x;
        let expected = M::from_fn(x.rows, x.rows, |i, j| {
            machine.kernel.value(pair(&machine, row(x, i), row(x, j)))
        });
        near("K", &machine.gram(), &expected);
        assert_gram_bits::<f64>(&machine);
        assert_gram_bits::<f32>(&machine);
    }

    #[test]
    fn the_residual_is_the_ridge_times_the_dual(machine in machines()) {
        let fitted = machine.fit().unwrap();
        prop_assert_eq!(fitted.solved.jitter, 0.0);
        let (f, r) = (fitted.predict(&machine.x, 2), fitted.solved.ridge);
        near("y − f", &machine.y.plus(&f.map(|f| -f)), &fitted.dual.map(|dual| r * dual));
    }

    #[test]
    fn jacobians_are_differences_of_predictions(machine in machines(), at in -64..=64_i32) {
        let (n, d, c) = machine.dims();
        let x: Vec<f64> = (0..d).map(|k| f64::from(at) / 64.0 + 0.3 * k as f64 + 0.01).collect();
        let pairs = || (0..n).map(|i| pair(&machine, &x, row(&machine.x, i)));
        prop_assume!(!machine.kernel.is_radial() || pairs().all(|t| t > 0.01));
        let fitted = machine.fit().unwrap();
        let f = |k: usize, steps: f64| {
            let mut moved = x.clone();
            moved[k] += steps * STEP;
            fitted.predict(&M { rows: 1, cols: d, data: moved }, 1)
        };
        let columns: Vec<M<f64>> = (0..d)
            .map(|k| {
                let near = f(k, 1.0).plus(&f(k, -1.0).map(|f| -f));
                let far = f(k, 2.0).plus(&f(k, -2.0).map(|f| -f));
                near.map(|f| 8.0 * f).plus(&far.map(|f| -f)).map(|f| f / (12.0 * STEP))
            })
            .collect();
        let found = fitted.jacobian(&x);
        let expected = M::from_fn(c, d, |output, k| columns[k].data[output]);
        let scale = largest(&expected.data).max(largest(&fitted.dual.data)).max(1.0);
        let tolerance = tolerance::MACHINE_DIFFERENCES;
        assert_near("Jacobian", &found.data, &expected.data, scale, tolerance);
    }

    #[test]
    fn feature_matrices_are_their_definitions(machine in machines()) {
        let (n, d, _) = machine.dims();
        let fitted = machine.fit().unwrap();
        let jacobians = jacobians(&fitted);
        let mean = jacobians.iter().fold(M::zeros(machine.y.cols, d), |sum, j| sum.plus(j));
        let mean = mean.map(|entry| entry / n.max(1) as f64);
        let middle = M::from_fn(1, d, |_, k| {
            machine.x.column(k).iter().sum::<f64>() / n.max(1) as f64
        });
        for centering in [Centering::None, Centering::Mean] {
            let weight = if centering == Centering::Mean { -1.0 } else { 0.0 };
            let terms = jacobians.iter().map(|j| {
                let j = j.plus(&mean.map(|mean| weight * mean));
                j.t().times(&j).map(|entry| entry / n as f64)
            });
            let agop = sum(d, terms);
            near("AGOP", &fitted.agop(centering, 2), &agop);
            near("AGOP, explicit", &fitted.agop_explicit(centering, 2), &agop);
            if centering == Centering::None {
                near("AGOP, closed", &fitted.agop_closed(2), &agop);
            }
            let terms = jacobians.iter().enumerate().map(|(i, j)| {
                let x = M { rows: 1, cols: d, data: row(&machine.x, i).to_vec() };
                let x = x.plus(&middle.map(|middle| weight * middle));
                let alpha = M { rows: 1, cols: j.rows, data: row(&fitted.dual, i).to_vec() };
                j.t().times(&alpha.t()).times(&x)
            });
            let fact = sum(d, terms);
            near("FACT", &fitted.fact(centering, 2), &fact);
            near("FACT, explicit", &fitted.fact_explicit(centering, 2), &fact);
        }
    }

    #[test]
    fn fact_is_the_networks_with_its_decay(machine in machines()) {
        let (n, d, _) = machine.dims();
        let fitted = machine.fit().unwrap();
        let f = fitted.predict(&machine.x, 2);
        // r = nλ; ℓ = ½‖f − y‖², so ∇ℓ = Jᵀ(f − y).
        let factor = -1.0 / fitted.solved.ridge;
        let terms = jacobians(&fitted).into_iter().enumerate().map(|(i, j)| {
            let delta = M::from_fn(j.rows, 1, |k, _| f.at(i, k) - machine.y.at(i, k));
            let x = M { rows: 1, cols: d, data: row(&machine.x, i).to_vec() };
            j.t().times(&delta).times(&x).map(|entry| factor * entry)
        });
        let expected = sum(d, terms.take(n));
        near("−(1/(nλ)) Σ ∇ℓ xᵀ", &fitted.fact(Centering::None, 2), &expected);
    }

    #[test]
    fn fact_is_the_metric_times_something_symmetric(machine in machines()) {
        let fitted = machine.fit().unwrap();
        let product = fitted.fact(Centering::None, 2).times(&fitted.metric());
        near("FACT·M", &product, &product.t());
    }

    #[test]
    fn blocks_change_nothing(machine in machines()) {
        assert_blocks_change_nothing::<f64>(&machine);
        assert_blocks_change_nothing::<f32>(&machine);
    }

    #[test]
    fn radial_kernels_do_not_know_the_origin(
        machine in machines_of(any_kernel().prop_filter("radial", Kernel::is_radial)),
        shift in -3..=3_i32,
    ) {
        let fitted = machine.fit().unwrap();
        let moved = Machine { x: machine.x.map(|x| x + f64::from(shift)), ..machine.clone() };
        let moved = moved.fit().unwrap();
        near("dual", &moved.dual, &fitted.dual);
        for centering in [Centering::None, Centering::Mean] {
            near("FACT", &moved.fact(centering, 2), &fitted.fact(centering, 2));
            near("AGOP", &moved.agop(centering, 2), &fitted.agop(centering, 2));
        }
    }

    #[test]
    fn order_of_samples_does_not_matter(machine in machines(), step in 1..8_usize) {
        let (n, ..) = machine.dims();
        let from = |i: usize| (i + step) % n.max(1);
        let permute = |m: &M<f64>| M::from_fn(m.rows, m.cols, |i, j| m.at(from(i), j));
        let (x, y) = (permute(&machine.x), permute(&machine.y));
        let fitted = machine.fit().unwrap();
        let permuted = Machine { x, y, ..machine }.fit().unwrap();
        near("dual", &permuted.dual, &permute(&fitted.dual));
        near("FACT", &permuted.fact(Centering::None, 2), &fitted.fact(Centering::None, 2));
        near("AGOP", &permuted.agop(Centering::None, 2), &fitted.agop(Centering::None, 2));
    }

    #[test]
    fn rotated_inputs_conjugate_the_metric(machine in machines()) {
        let (_, d, _) = machine.dims();
        prop_assume!(d >= 2);
        let q = rotation(d);
        let conjugate = |m: &M<f64>| q.t().times(m).times(&q);
        let fitted = machine.fit().unwrap();
        let metric = OwnMetric::Full(conjugate(&fitted.metric()));
        let rotated = Machine { metric, x: machine.x.times(&q), ..machine }.fit().unwrap();
        near("dual", &rotated.dual, &fitted.dual);
        for update in [Update::Fact, Update::Nfa { power: 1.0 }] {
            near("next metric", &rotated.next(update), &conjugate(&fitted.next(update)));
        }
        // A root of a singular matrix doubles the noise's digits: compare its square.
        let square = |m: M<f64>| m.times(&m);
        let update = Update::FactGeomean;
        near("square", &square(rotated.next(update)), &conjugate(&square(fitted.next(update))));
    }

    #[test]
    fn geometric_mean_is_inner_where_the_slope_is_positive_definite(
        machine in machines_of(select(vec![
            Kernel::Quadratic,
            Kernel::Exponential { bandwidth: 1.0 },
        ])),
    ) {
        let fitted = machine.fit().unwrap();
        let square = |m: M<f64>| m.times(&m);
        let expected = fitted.fact(Centering::None, 2).times(&fitted.metric());
        near("inner²", &square(fitted.next(Update::FactInner)), &expected);
        near("geo-mean²", &square(fitted.next(Update::FactGeomean)), &expected);
    }

    #[test]
    fn the_scale_of_the_metric_cancels_in_a_quadratic_machine(
        machine in machines_of(Just(Kernel::Quadratic)),
        share in 0..3_u8,
    ) {
        let (n, d, _) = machine.dims();
        // A singular K at ridge 0 is answered by a jitter that scales too; K = 0 is refused.
        let ridge = Ridge::Relative(f64::from(share) / 16.0);
        let machine = Machine { ridge, ..machine };
        let metric = OwnMetric::Full(machine.metric.dense(d).map(|m| 4.0 * m));
        let scaled = Machine { metric, ..machine.clone() }.fit();
        let Ok(fitted) = machine.fit() else {
            prop_assert!(n > 0 && scaled.is_err());
            return Ok(());
        };
        let scaled = scaled.unwrap();
        // By a power of two, every digit stays.
        prop_assert_eq!(scaled.predict(&machine.x, 2), fitted.predict(&machine.x, 2));
        for centering in [Centering::None, Centering::Mean] {
            prop_assert_eq!(scaled.agop(centering, 2), fitted.agop(centering, 2));
        }
    }

    #[test]
    fn metrics_keep_the_scale_asked_for(machine in machines(), round in 1..3_u32) {
        let (_, d, c) = machine.dims();
        for update in UPDATES {
            for (rescale, shape) in [
                (Rescale::Trace, Shape::Full),
                (Rescale::MaxEntry, Shape::Full),
                (Rescale::Trace, Shape::Diagonal),
            ] {
                let Machine { kernel, ridge, .. } = machine;
                let centering = Centering::None;
                let rfm = Rfm { kernel, ridge, update, rescale, centering, shape };
                let found = match machine.rounds(&rfm, round) {
                    Ok(found) => found,
                    // Nothing to learn from: the metric vanishes.
                    Err(failed) => {
                        let scale = matches!(failed.error, fact_core::Error::Scale { .. });
                        prop_assert!(scale, "{failed}");
                        prop_assert!(failed.round > 0);
                        continue;
                    }
                };
                prop_assert_eq!(found.len() as u32, round + 1);
                let m = found[round as usize].metric();
                prop_assert_eq!(m.bits(), m.t().bits());
                let (size, expected) = match rescale {
                    Rescale::MaxEntry => (m.top(), 1.0),
                    _ => ((0..d).map(|k| m.at(k, k)).sum(), d as f64),
                };
                prop_assert!(d == 0 || (size - expected).abs() <= tolerance::MACHINE * expected);
                prop_assert!(c > 0 || d == 0, "no outputs, nothing to learn from");
            }
        }
    }
}
