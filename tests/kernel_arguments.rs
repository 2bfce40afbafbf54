//! Kernel machines and unfit arguments: everything is refused, nothing panics.

use fact_core::kernel::agop::{
    agop, agop_closed, agop_closed_scratch, agop_explicit, agop_explicit_scratch, agop_scratch,
};
use fact_core::kernel::fact::{fact, fact_explicit, fact_explicit_scratch, fact_scratch};
use fact_core::kernel::gram::{cross, cross_scratch, gram, gram_packed, gram_scratch};
use fact_core::kernel::tau::{tau_fit, tau_fit_scratch};
use fact_core::kernel::update::{next_diagonal, next_metric, next_metric_scratch, rescale};
use fact_core::kernel::{
    Centering, Kernel, Metric, Predictor, Rescale, Rfm, Ridge, Shape, Update, jacobian_scratch,
    predict_scratch, rfm, ridge,
};
use fact_core::linalg::triangular::packed_len;
use fact_core::mat::{MatMut, MatRef};
use fact_core::samples::Samples;
use fact_core::scratch::Scratch;
use fact_core::{Error, Result};
use fact_tests::machine::{Machine, OwnMetric, any_kernel};
use fact_tests::matrices::M;
use fact_tests::near::is_size;
use fact_tests::workload::cases;
use proptest::prelude::*;

/// The shapes of the operands; those of [`Shapes::fit`] agree with each other.
#[derive(Clone, Copy, Debug)]
struct Shapes {
    x: (usize, usize),
    y: (usize, usize),
    metric: (usize, usize),
    dual: (usize, usize),
    query: (usize, usize),
    prediction: (usize, usize),
    square: (usize, usize),
    triangle: usize,
}

impl Shapes {
    fn fit(n: usize, d: usize, c: usize, m: usize) -> Self {
        Self {
            x: (n, d),
            y: (n, c),
            metric: (d, d),
            dual: (n, c),
            query: (m, d),
            prediction: (m, c),
            square: (d, d),
            triangle: packed_len(n),
        }
    }
}

fn view(data: &[f64], (nrows, ncols): (usize, usize)) -> MatRef<'_, f64> {
    MatRef::new(&data[..nrows * ncols], nrows, ncols).unwrap()
}

fn view_mut(data: &mut [f64], (nrows, ncols): (usize, usize)) -> MatMut<'_, f64> {
    MatMut::new(&mut data[..nrows * ncols], nrows, ncols).unwrap()
}

const RFM: Rfm<f64> = Rfm {
    kernel: Kernel::Gaussian { bandwidth: 1.0 },
    ridge: Ridge::Absolute(0.5),
    update: Update::Fact,
    rescale: Rescale::Trace,
    centering: Centering::None,
    shape: Shape::Full,
};

/// Calls every function with operands of these shapes, all full of `value`, and `less` words of
/// scratch fewer than it asks for; what each answers, by name.
fn call_all(
    kernel: Kernel<f64>,
    diagonal: bool,
    shapes: Shapes,
    value: f64,
    less: usize,
) -> Vec<(&'static str, Result<()>)> {
    let data = [value; 64];
    let ((n, d), c) = (shapes.x, shapes.dual.1);
    let x = view(&data, shapes.x);
    let metric = if diagonal {
        Metric::Diagonal(&data[..shapes.metric.0])
    } else {
        Metric::Full(view(&data, shapes.metric))
    };
    let machine = Predictor { kernel, metric, x, dual: view(&data, shapes.dual) };
    let mut answers = vec![];
    let mut out = [0.0; 64];
    let mut memory = vec![f64::NAN; 4096];
    macro_rules! call {
        ($name:literal, $words:expr, |$scratch:ident, $out:ident| $call:expr) => {{
            let words: usize = $words;
            let $scratch = Scratch::new(&mut memory[..words.saturating_sub(less)]);
            let $out = &mut out;
            answers.push(($name, $call));
        }};
    }
    let (query, square, rows) = (view(&data, shapes.query), shapes.square, 2);
    call!("gram", gram_scratch(n, d), |scratch, out| {
        gram(kernel, metric, x, view_mut(out, (n, shapes.y.0)), scratch)
    });
    call!("gram_packed", gram_scratch(n, d), |scratch, out| {
        gram_packed(kernel, metric, x, &mut out[..shapes.triangle], scratch)
    });
    call!("cross", cross_scratch(shapes.query.0, n, d), |scratch, out| {
        let out = view_mut(out, (shapes.prediction.0, n));
        cross(kernel, metric, query, x, out, scratch)
    });
    call!("predict", predict_scratch(n, d, 1), |scratch, out| {
        machine.predict(query, view_mut(out, shapes.prediction), scratch)
    });
    call!("jacobian", jacobian_scratch(n, d), |scratch, out| {
        machine.jacobian(&data[..shapes.query.1], view_mut(out, (c, square.0)), scratch)
    });
    for centering in [Centering::None, Centering::Mean] {
        call!("agop", agop_scratch(n, d, c, rows), |scratch, out| {
            agop(&machine, centering, view_mut(out, square), scratch)
        });
        call!("agop_explicit", agop_explicit_scratch(n, d, c, rows), |scratch, out| {
            agop_explicit(&machine, centering, view_mut(out, square), scratch)
        });
        call!("fact", fact_scratch(n, d, rows), |scratch, out| {
            fact(&machine, centering, view_mut(out, square), scratch)
        });
        call!("fact_explicit", fact_explicit_scratch(n, d, c, rows), |scratch, out| {
            fact_explicit(&machine, centering, view_mut(out, square), scratch)
        });
    }
    call!("agop_closed", agop_closed_scratch(n, d, c, rows), |scratch, out| {
        agop_closed(&machine, view_mut(out, square), scratch)
    });
    call!("tau_fit", tau_fit_scratch(n, d, rows), |scratch, _out| {
        tau_fit(&machine, scratch).map(drop)
    });
    let feature = view(&data, square);
    for update in [Update::Nfa { power: 0.5 }, Update::Fact, Update::FactGeomean, Update::FactInner]
    {
        let old = view(&data, shapes.metric);
        call!("next_metric", next_metric_scratch(square.0), |scratch, out| {
            next_metric(update, feature, old, view_mut(out, square), scratch)
        });
        answers.push((
            "next_diagonal",
            next_diagonal(update, feature, old, view_mut(&mut out, square)),
        ));
    }
    for kind in [Rescale::None, Rescale::Trace, Rescale::MaxEntry] {
        let mut metric = data;
        answers.push(("rescale", rescale(kind, view_mut(&mut metric, square))));
    }
    match Samples::new(x, view(&data, shapes.y)) {
        Err(error) => answers.push(("samples", Err(error))),
        Ok(samples) => {
            call!("solve", ridge::solve_scratch(n, d), |scratch, out| {
                let out = view_mut(out, shapes.dual);
                ridge::solve(kernel, metric, RFM.ridge, &samples, out, scratch).map(drop)
            });
            for shape in [Shape::Full, Shape::Diagonal] {
                let rfm = Rfm { kernel, shape, ..RFM };
                let mut metric = data;
                call!("fit", rfm::fit_scratch(n, d, shapes.y.1), |scratch, out| {
                    let (metric, dual) =
                        (view_mut(&mut metric, shapes.metric), view_mut(out, shapes.dual));
                    rfm::fit(&rfm, &samples, 2, metric, dual, |_| (), scratch)
                        .map_err(|failed| failed.error)
                        .map(drop)
                });
            }
        }
    }
    answers
}

/// Shapes of which one does not fit, and the functions that have to refuse them.
fn misfit(which: u8, n: usize, d: usize, c: usize, m: usize) -> (Shapes, &'static [&'static str]) {
    let fit = Shapes::fit(n, d, c, m);
    match which {
        0 => (
            Shapes { metric: (d + 1, d + 1), ..fit },
            &[
                "gram",
                "gram_packed",
                "cross",
                "predict",
                "jacobian",
                "agop",
                "agop_explicit",
                "agop_closed",
                "fact",
                "fact_explicit",
                "tau_fit",
                "next_metric",
                "next_diagonal",
                "solve",
                "fit",
            ],
        ),
        1 => (
            Shapes { dual: (n + 1, c), ..fit },
            &[
                "predict",
                "jacobian",
                "agop",
                "agop_explicit",
                "agop_closed",
                "fact",
                "fact_explicit",
                "tau_fit",
                "solve",
                "fit",
            ],
        ),
        2 => (Shapes { query: (m, d + 1), ..fit }, &["cross", "predict", "jacobian"]),
        3 => (Shapes { prediction: (m + 1, c), ..fit }, &["cross", "predict"]),
        4 => (
            Shapes { square: (d, d + 1), ..fit },
            &[
                "agop",
                "agop_explicit",
                "agop_closed",
                "fact",
                "fact_explicit",
                "next_metric",
                "next_diagonal",
                "rescale",
            ],
        ),
        5 => (Shapes { triangle: packed_len(n) + 1, ..fit }, &["gram_packed"]),
        _ => (Shapes { y: (n + 1, c), ..fit }, &["gram", "samples"]),
    }
}

proptest! {
    #![proptest_config(cases(64))]

    #[test]
    fn shapes_that_agree_are_taken_whatever_the_data(
        (n, d, c, m) in (0..=4_usize, 0..=4_usize, 0..=4_usize, 0..=4_usize),
        kernel in any_kernel(),
        diagonal in any::<bool>(),
        value in prop_oneof![
            -2.0..2.0,
            Just(0.0),
            Just(f64::NAN),
            Just(f64::INFINITY),
            Just(f64::MAX),
            Just(f64::MIN_POSITIVE),
            Just(5e-324),
        ],
    ) {
        for (name, answer) in call_all(kernel, diagonal, Shapes::fit(n, d, c, m), value, 0) {
            if let Err(error) = answer {
                let size = is_size(&error) || matches!(error, Error::Scratch { .. });
                prop_assert!(!size, "{name}: {error}");
            }
            if !value.is_finite() && n > 0 && d > 0 && c > 0 && ["solve", "fit"].contains(&name) {
                prop_assert!(matches!(answer, Err(Error::NonFinite { .. })), "{name}: {answer:?}");
            }
        }
    }

    #[test]
    fn a_shape_that_does_not_agree_is_refused(
        (n, d, c, m) in (1..=3_usize, 1..=3_usize, 1..=3_usize, 1..=3_usize),
        kernel in any_kernel(),
        diagonal in any::<bool>(),
        which in 0..7_u8,
    ) {
        let (shapes, refused) = misfit(which, n, d, c, m);
        let answers = call_all(kernel, diagonal, shapes, 0.5, 0);
        for name in refused {
            let mut given = answers.iter().filter(|(called, _)| called == name).peekable();
            prop_assert!(given.peek().is_some(), "{name} was not called");
            for (_, answer) in given {
                prop_assert!(answer.is_err_and(|error| is_size(&error)), "{name}: {answer:?}");
            }
        }
    }

    #[test]
    fn too_little_scratch_is_refused(
        (n, d, c, m) in (1..=3_usize, 1..=3_usize, 1..=3_usize, 1..=3_usize),
        kernel in any_kernel(),
        diagonal in any::<bool>(),
    ) {
        // Far less than any of them can do with.
        for (name, answer) in call_all(kernel, diagonal, Shapes::fit(n, d, c, m), 0.5, 4096) {
            if !["next_diagonal", "rescale"].contains(&name) {
                prop_assert!(matches!(answer, Err(Error::Scratch { .. })), "{name}: {answer:?}");
            }
        }
    }

    #[test]
    fn no_more_scratch_is_asked_for_than_is_taken(
        (n, d, c, m) in (1..=4_usize, 1..=4_usize, 1..=4_usize, 1..=4_usize),
        kernel in any_kernel(),
    ) {
        // A word less is refused; the others would take fewer rows at a time, or other forms.
        let exact = ["gram", "gram_packed", "cross", "predict", "jacobian", "solve"];
        for (name, answer) in call_all(kernel, false, Shapes::fit(n, d, c, m), 0.5, 1) {
            if exact.contains(&name) {
                prop_assert!(matches!(answer, Err(Error::Scratch { .. })), "{name}: {answer:?}");
            }
        }
    }
}

#[test]
fn parameters_out_of_range_are_refused() {
    let machine = |kernel, ridge| {
        let m = |data: &[f64]| M { rows: 2, cols: 1, data: data.to_vec() };
        Machine {
            kernel,
            metric: OwnMetric::Identity,
            ridge,
            x: m(&[1.0, -1.0]),
            y: m(&[0.0, 1.0]),
        }
    };
    let parameter = |error: Error| matches!(error, Error::Parameter { .. });
    for bandwidth in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        for kernel in [
            Kernel::Laplace { bandwidth },
            Kernel::Gaussian { bandwidth },
            Kernel::Exponential { bandwidth },
            Kernel::GeneralizedLaplace { bandwidth, exponent: 1.0 },
            Kernel::GeneralizedLaplace { bandwidth: 1.0, exponent: bandwidth },
            Kernel::GeneralizedLaplace { bandwidth: 1.0, exponent: 2.5 },
        ] {
            assert!(kernel.check().is_err_and(parameter), "{kernel:?}");
            assert!(machine(kernel, Ridge::Absolute(1.0)).fit().is_err_and(parameter));
        }
    }
    for ridge in [-1.0, f64::NAN, f64::INFINITY] {
        for ridge in [Ridge::Absolute(ridge), Ridge::Relative(ridge)] {
            assert!(machine(Kernel::Quadratic, ridge).fit().is_err_and(parameter), "{ridge:?}");
        }
    }
    // A metric that is not positive semi-definite: no jitter helps.
    let mut indefinite = machine(Kernel::Exponential { bandwidth: 1.0 }, Ridge::Absolute(0.0));
    indefinite.metric = OwnMetric::Diagonal(vec![-4.0]);
    let found = indefinite.fit().unwrap_err();
    assert!(matches!(found, Error::NotPositiveDefinite { .. }), "{found}");
}

#[test]
fn sizes_saturate_instead_of_wrapping() {
    const MAX: usize = usize::MAX;
    for (n, d, c) in [(MAX, MAX, MAX), (1 << 40, 1 << 40, 1), (MAX, 1, 1), (1, MAX, 1), (2, 1, MAX)]
    {
        let least = n.max(d);
        for size in [
            gram_scratch(n, d),
            cross_scratch(1, n, d),
            ridge::solve_scratch(n, d),
            predict_scratch(n, d, MAX),
            jacobian_scratch(n, d),
            agop_scratch(n, d, c, 1),
            agop_explicit_scratch(n, d, c, 1),
            agop_closed_scratch(n, d, c, 1),
            fact_scratch(n, d, 1),
            fact_explicit_scratch(n, d, c, 1),
            tau_fit_scratch(n, d, 1),
            rfm::fit_scratch(n, d, c),
        ] {
            assert!(size >= least, "{n}, {d}, {c}: {size}");
        }
    }
    assert_eq!(next_metric_scratch(MAX), MAX);
}
