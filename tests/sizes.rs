//! Shapes and sizes at their limits: what does not fit is refused, what is absurd saturates.

use fact_core::features::{Missing, agop, certificate, enfa, fact, neural};
use fact_core::mat::{MatMut, MatRef};
use fact_core::nn::lbfgs;
use fact_core::nn::objective::{self};
use fact_core::nn::optimizer::Optimizer;
use fact_core::nn::schedule::Schedule;
use fact_core::nn::train::{self};
use fact_core::nn::{Activation, Architecture, Bias, Widths, evaluate, mlp, sgd};
use fact_core::samples::Samples;
use fact_core::scratch::Scratch;
use fact_core::{Error, standardize};
use fact_tests::near::is_size;

#[test]
fn matrices_that_do_not_fit_are_refused() {
    let data = [1.0; 64];
    let view =
        |nrows: usize, ncols: usize| MatRef::new(&data[..nrows * ncols], nrows, ncols).unwrap();
    let refused =
        |found: Result<(), Error>| assert!(found.is_err_and(|e| is_size(&e)), "{found:?}");
    for (nrows, ncols) in [(3, 3), (2, 3), (3, 2), (0, 0), (1, 4)] {
        let mut data = vec![0.0; nrows * ncols];
        macro_rules! out {
            () => {
                MatMut::new(&mut data, nrows, ncols).unwrap()
            };
        }
        // W: 2×5, so that WᵀW: 5×5, WWᵀ: 2×2.
        refused(neural::feature_matrix(view(2, 5), out!()));
        refused(neural::backward_matrix(view(2, 5), out!()));
        refused(fact::from_gradient(0.1, view(2, 5), view(2, 5), out!()).map(drop));
        refused(fact::backward_from_gradient(0.1, view(2, 5), view(2, 5), out!()).map(drop));
        refused(fact::transposed(view(5, 5), out!()));
        refused(fact::transposed(view(2, 5), out!()));
        let mut memory = [0.0; 64];
        if (nrows, ncols) != (0, 0) {
            let visit =
                mlp::Visit { layer: 0, weight: view(2, 5), input: view(1, 5), delta: view(1, 2) };
            refused(mlp::pullback(&visit, out!()));
        }
        let scratch = Scratch::new(&mut memory);
        let gradient = view(nrows, ncols);
        refused(fact::agreement_from_gradient(0.1, view(2, 5), gradient, scratch).map(drop));
        let mut square = [0.0; 25];
        let out = MatMut::new(&mut square, 5, 5).unwrap();
        refused(fact::from_gradient(0.1, view(2, 5), gradient, out).map(drop));
        refused(neural::imbalance(view(5, 2), gradient, 1).map(drop));
    }
    let mut memory = [0.0; 64];
    let lent = Scratch::new(&mut memory);
    refused(certificate::bound(0.1, view(2, 5), view(5, 2), lent).map(drop));
    for matrix in [view(2, 5), view(5, 5)] {
        let mut square = [0.0; 9];
        let out = MatMut::new(&mut square, 3, 3).unwrap();
        refused(fact::symmetrized(matrix, out, Scratch::new(&mut memory)));
    }
    let mut memory = [0.0; 9];
    let scratch = Scratch::new(&mut memory);
    let found = fact::agreement_from_gradient(0.1, view(2, 5), view(2, 5), scratch);
    assert!(matches!(found, Err(Error::Scratch { .. })), "{found:?}");

    let (mut two, mut three) = ([0.0; 2], [0.0; 3]);
    refused(standardize::fit(view(4, 3), &mut two, &mut three));
    refused(standardize::fit(view(4, 3), &mut three, &mut two));
    let mut x = [0.0; 6];
    refused(standardize::apply(&two, &[0.0; 3], MatMut::new(&mut x, 2, 3).unwrap()));
    refused(standardize::apply(&[0.0; 3], &two, MatMut::new(&mut x, 2, 3).unwrap()));
    assert!(Samples::new(view(3, 2), view(2, 2)).is_err());
}

#[test]
fn matrices_without_entries_are_taken() {
    let none: [f64; 0] = [];
    for (nrows, ncols) in [(0, 0), (0, 3), (3, 0)] {
        let w = MatRef::new(&none, nrows, ncols).unwrap();
        let mut out = vec![f64::NAN; ncols * ncols];
        neural::feature_matrix(w, MatMut::new(&mut out, ncols, ncols).unwrap()).unwrap();
        assert!(out.iter().all(|&entry| entry == 0.0));
        let mut memory = vec![0.0; fact::agreement_scratch(nrows, ncols)];
        let scratch = Scratch::new(&mut memory);
        let found = fact::agreement_from_gradient(0.1, w, w, scratch).unwrap();
        for measured in [found.fact, found.backward] {
            assert!(matches!(measured.pearson, Err(Missing::Empty | Missing::Zero)));
            assert!(matches!(measured.residual, Err(Missing::Empty | Missing::Zero)));
        }
    }
    let (below, above) = (MatRef::new(&none, 0, 3).unwrap(), MatRef::new(&none, 2, 0).unwrap());
    assert_eq!(neural::imbalance(below, above, 1), Ok(Err(Missing::Zero)));
    let mut nothing: [f64; 0] = [];
    assert_eq!(standardize::fit(below, &mut [0.0; 3], &mut [0.0; 3]), Ok(()));
    assert_eq!(standardize::fit(above, &mut nothing, &mut []), Ok(()));
}

#[test]
fn sizes_saturate_instead_of_wrapping() {
    const MAX: usize = usize::MAX;
    const HUGE: &[usize] = &[MAX, MAX];
    let net = Architecture {
        widths: HUGE,
        hidden: Activation::<f64>::Tanh,
        output: Activation::Identity,
        bias: Bias::Decayed,
    };
    assert_eq!((net.params(), net.inputs(), net.outputs()), (MAX, MAX, MAX));
    assert_eq!(net.layers(&[]).map(drop).map_err(|e| is_size(&e)), Err(true));
    for widths in [HUGE, &[1 << 40, 1 << 40, 1], &[2, MAX / 2, 2], &[MAX, 1, MAX]] {
        for rows in [1, 2, MAX] {
            for size in [
                mlp::forward_scratch,
                objective::gradient_scratch,
                evaluate::fit_scratch,
                fact::from_samples_scratch,
                enfa::enfa_scratch,
                agop::agop_scratch,
                train::step_scratch,
            ] {
                // Never less than a part of it, which a wrapped product would be.
                let behind: usize =
                    widths[1..].iter().fold(0, |sum: usize, &w| sum.saturating_add(w));
                assert!(size(widths, rows) >= behind.saturating_mul(rows), "{widths:?}, {rows}");
            }
        }
        assert!(sgd::step_scratch(widths) >= widths[1]);
        assert_eq!(Widths([widths[0], widths[1]]).params(Bias::Free), {
            let (inputs, outputs) = (widths[0] as u128, widths[1] as u128);
            usize::try_from(inputs * outputs + outputs).unwrap_or(MAX)
        });
    }
    assert_eq!(Widths([MAX, 3, MAX]).trace_len(MAX), MAX);
    assert_eq!(fact::agreement_scratch(MAX, 1), MAX);
    assert_eq!(
        (lbfgs::words(MAX, MAX), lbfgs::words(5, MAX), lbfgs::words(MAX, 1)),
        (MAX, MAX, MAX)
    );
    let adam = Optimizer::Adam {
        rate: 0.1,
        beta1: 0.9,
        beta2: 0.999,
        epsilon: 1e-8,
        decay: 0.0,
        schedule: Schedule::Constant,
    };
    assert_eq!((adam.words(MAX), train::memory(&adam, MAX / 2)), (MAX, MAX));
    assert_eq!(Optimizer::<f64>::Lbfgs { pairs: MAX }.words(3), MAX);
}
