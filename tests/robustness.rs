//! Whatever the arguments, every public function of networks and features answers: with a result, a
//! typed error or a typed absence. It never panics, and sizes saturate where they would wrap.

use fact_core::Error;
use fact_core::features::agreement::agreement;
use fact_core::features::{Missing, agop, certificate, enfa, fact, neural};
use fact_core::mat::{MatMut, MatRef};
use fact_core::nn::init::{self, Init};
use fact_core::nn::lbfgs;
use fact_core::nn::objective::{self, Objective};
use fact_core::nn::optimizer::Optimizer;
use fact_core::nn::schedule::Schedule;
use fact_core::nn::train::{self, Event, State, Stop, Training};
use fact_core::nn::{Activation, Architecture, Bias, Loss, evaluate, mlp, sgd};
use fact_core::samples::Samples;
use fact_core::scratch::Scratch;
use fact_tests::near::is_size;

/// The arguments of one call: right as [`GOOD`] has them, wrong in one place of a table's row.
#[derive(Clone, Copy, Debug)]
struct Call {
    widths: &'static [usize],
    theta: usize,
    samples: usize,
    inputs: usize,
    outputs: usize,
    layer: usize,
    /// Side of `out`, less what is right.
    excess: usize,
    /// Rows that the scratch is for; 0 leaves it a word short of one.
    rows: usize,
    /// Length of a gradient.
    gradient: usize,
}

const WIDTHS: &[usize] = &[3, 4, 2];
const PARAMS: usize = 3 * 4 + 4 + 4 * 2 + 2;
const GOOD: Call = Call {
    widths: WIDTHS,
    theta: PARAMS,
    samples: 5,
    inputs: 3,
    outputs: 2,
    layer: 1,
    excess: 0,
    rows: 2,
    gradient: PARAMS,
};

type Outcome = Result<(), Error>;
type Function = (&'static str, fn(Call) -> Outcome);

fn architecture(widths: &[usize]) -> Architecture<'_, f64> {
    Architecture {
        widths,
        hidden: Activation::Tanh,
        output: Activation::Identity,
        bias: Bias::Decayed,
    }
}

fn objective(widths: &[usize]) -> Objective<'_, f64> {
    Objective { architecture: architecture(widths), loss: Loss::HalfSquared, lambda: 0.1 }
}

impl Call {
    fn memory(&self, words: fn(&[usize], usize) -> usize) -> Vec<f64> {
        vec![
            0.0;
            if self.rows == 0 {
                words(self.widths, 1).saturating_sub(1)
            } else {
                words(self.widths, self.rows)
            }
        ]
    }

    /// Runs `call` on the objective, `theta`, the samples and an `out` that fits input `end` of a layer.
    fn with<R>(
        &self,
        end: usize,
        call: impl FnOnce(&Objective<'_, f64>, &[f64], &Samples<'_, f64>, MatMut<'_, f64>) -> R,
    ) -> R {
        let theta = vec![0.5; self.theta];
        let x = vec![0.25; self.samples * self.inputs];
        let y = vec![1.0; self.samples * self.outputs];
        let samples = Samples::new(
            MatRef::new(&x, self.samples, self.inputs).unwrap(),
            MatRef::new(&y, self.samples, self.outputs).unwrap(),
        )
        .unwrap();
        let side = self.widths.get(self.layer + end).copied().unwrap_or(1) + self.excess;
        let mut out = vec![0.0; side * side];
        let out = MatMut::new(&mut out, side, side).unwrap();
        call(&objective(self.widths), &theta, &samples, out)
    }
}

/// All functions that take a network and samples, by name.
const FUNCTIONS: [Function; 10] = [
    ("forward", |call| {
        // Takes no block: the scratch is for all samples.
        let rows = if call.rows == 0 { 0 } else { call.samples };
        let mut memory = vec![0.0; mlp::forward_scratch(call.widths, rows)];
        call.with(0, |objective, theta, samples, _| {
            let scratch = Scratch::new(&mut memory);
            mlp::forward(&objective.architecture, theta, samples.x(), scratch).map(drop)
        })
    }),
    ("backward", |call| {
        let rows = if call.rows == 0 { 0 } else { call.samples };
        let mut trace = vec![0.0; mlp::forward_scratch(call.widths, rows)];
        call.with(0, |objective, theta, samples, _| {
            let (x, y) = (samples.x(), samples.y());
            let net = &objective.architecture;
            mlp::backward(net, objective.loss, theta, x, y, &mut trace, |_| Ok(())).map(drop)
        })
    }),
    ("gradient", |call| {
        let mut memory = call.memory(objective::gradient_scratch);
        let mut gradient = vec![0.0; call.gradient];
        call.with(0, |objective, theta, samples, _| {
            let scratch = Scratch::new(&mut memory);
            objective::gradient(objective, theta, samples, 0.0, &mut gradient, scratch).map(drop)
        })
    }),
    ("fit", |call| {
        let mut memory = call.memory(evaluate::fit_scratch);
        call.with(0, |objective, theta, samples, _| {
            evaluate::fit(objective, theta, samples, Scratch::new(&mut memory)).map(drop)
        })
    }),
    ("from_samples", |call| {
        let mut memory = call.memory(fact::from_samples_scratch);
        call.with(0, |objective, theta, samples, out| {
            let scratch = Scratch::new(&mut memory);
            fact::from_samples(objective, theta, samples, call.layer, out, scratch).map(drop)
        })
    }),
    ("backward_from_samples", |call| {
        let mut memory = call.memory(fact::from_samples_scratch);
        call.with(1, |objective, theta, samples, out| {
            let scratch = Scratch::new(&mut memory);
            fact::backward_from_samples(objective, theta, samples, call.layer, out, scratch)
                .map(drop)
        })
    }),
    ("agop", |call| {
        let mut memory = call.memory(agop::agop_scratch);
        call.with(0, |objective, theta, samples, out| {
            let scratch = Scratch::new(&mut memory);
            let net = &objective.architecture;
            agop::agop(net, theta, samples.x(), call.layer, out, scratch)
        })
    }),
    ("jacobian", |call| {
        let rows = if call.rows == 0 { 0 } else { call.samples };
        let mut memory = vec![0.0; agop::agop_scratch(call.widths, rows)];
        call.with(0, |objective, theta, samples, _| {
            let scratch = Scratch::new(&mut memory);
            let net = &objective.architecture;
            agop::jacobian(net, theta, samples.x(), call.layer, scratch).map(drop)
        })
    }),
    ("enfa", |call| {
        let mut memory = call.memory(enfa::enfa_scratch);
        call.with(0, |objective, theta, samples, out| {
            let scratch = Scratch::new(&mut memory);
            enfa::enfa(objective, theta, samples, call.layer, out, scratch)
        })
    }),
    ("stopping_bound", |call| {
        let gradient = vec![0.0; call.gradient];
        call.with(0, |objective, theta, _, _| {
            certificate::stopping_bound(objective, theta, &gradient).map(drop)
        })
    }),
];

/// Runs all functions but `except` on one wrong call.
fn each_refuses(what: &str, call: Call, except: &[&str], refusal: fn(&Error) -> bool) {
    for (name, function) in FUNCTIONS {
        let found = function(call);
        if except.contains(&name) {
            assert_eq!(found, Ok(()), "{name}, {what}");
        } else {
            assert!(found.as_ref().is_err_and(refusal), "{name}, {what}: {found:?}");
        }
    }
}

#[test]
fn right_arguments_are_taken() {
    each_refuses("nothing wrong", GOOD, &FUNCTIONS.map(|(name, _)| name), |_| false);
    for samples in [0, 1, 2, 3] {
        let call = Call { samples, ..GOOD };
        each_refuses("few samples", call, &FUNCTIONS.map(|(name, _)| name), |_| false);
    }
    let single =
        Call { widths: &[1, 1], theta: 2, gradient: 2, inputs: 1, outputs: 1, layer: 0, ..GOOD };
    each_refuses("1×1", single, &FUNCTIONS.map(|(name, _)| name), |_| false);
}

#[test]
fn wrong_shapes_are_refused_even_of_an_empty_batch() {
    for samples in [0, 5] {
        let good = Call { samples, ..GOOD };
        for theta in [0, 1, PARAMS - 1, PARAMS + 1] {
            each_refuses("theta", Call { theta, ..good }, &[], is_size);
        }
        let no_x = ["stopping_bound"];
        for inputs in [0, 1, 2, 4] {
            each_refuses("x", Call { inputs, ..good }, &no_x, is_size);
        }
        let no_y = ["stopping_bound", "forward", "agop", "jacobian"];
        for outputs in [0, 1, 3] {
            each_refuses("y", Call { outputs, ..good }, &no_y, is_size);
        }
        let no_out = ["forward", "backward", "gradient", "fit", "jacobian", "stopping_bound"];
        each_refuses("out", Call { excess: 1, ..good }, &no_out, is_size);
        for layer in [2, 3, usize::MAX - 1] {
            let no_layer = ["forward", "backward", "gradient", "fit", "stopping_bound"];
            let call = Call { layer, ..good };
            each_refuses("layer", call, &no_layer, |e| matches!(e, Error::Parameter { .. }));
        }
        let others: Vec<_> = FUNCTIONS
            .map(|(name, _)| name)
            .into_iter()
            .filter(|name| !["gradient", "stopping_bound"].contains(name))
            .collect();
        for gradient in [0, PARAMS - 1, PARAMS + 1] {
            each_refuses("gradient", Call { gradient, ..good }, &others, is_size);
        }
    }
}

#[test]
fn too_little_scratch_is_refused() {
    let call = Call { rows: 0, ..GOOD };
    let refusal = |e: &Error| matches!(e, Error::Scratch { .. } | Error::Length { .. });
    each_refuses("scratch", call, &["stopping_bound"], refusal);
}

#[test]
fn impossible_widths_are_refused() {
    let is_parameter = |e: &Error| matches!(e, Error::Parameter { .. });
    for widths in [&[][..], &[3], &[0], &[3, 0, 2], &[0, 4, 2], &[3, 4, 0], &[0, 0]] {
        for samples in [0, 5] {
            let theta = architecture(widths).params();
            let call = Call { widths, theta, gradient: theta, samples, ..GOOD };
            each_refuses("widths", call, &[], is_parameter);
        }
        let net = architecture(widths);
        let mut theta = vec![0.0; net.params()];
        let filled = init::fill(&net, Init::Glorot, 1, &mut theta);
        assert!(filled.as_ref().is_err_and(is_parameter), "{widths:?}: {filled:?}");
        assert!(net.layers(&theta).as_ref().is_err_and(is_parameter));
        let (x, y) = (vec![0.0; net.inputs()], vec![0.0; net.outputs()]);
        let objective = objective(widths);
        let mut memory = vec![0.0; sgd::step_scratch(widths)];
        let scratch = Scratch::new(&mut memory);
        let step = sgd::step(&objective, 0.1, &x, &y, &mut theta, scratch);
        assert!(step.as_ref().is_err_and(is_parameter), "{widths:?}: {step:?}");
    }
}

#[test]
fn a_step_of_sgd_checks_all_its_arguments() {
    for widths in [&[3, 2][..], &[3, 4, 2], &[3, 4, 4, 2]] {
        let (params, words) = (architecture(widths).params(), sgd::step_scratch(widths));
        let step = |x: usize, y: usize, theta: usize, words: usize| {
            let mut theta = vec![0.5; theta];
            let mut memory = vec![0.0; words];
            let (x, y) = (vec![1.0; x], vec![1.0; y]);
            let scratch = Scratch::new(&mut memory);
            sgd::step(&objective(widths), 0.1, &x, &y, &mut theta, scratch).map(drop)
        };
        assert_eq!(step(3, 2, params, words), Ok(()));
        assert_eq!(step(3, 2, params, words + 9), Ok(()));
        for (x, y, theta) in [
            (0, 2, params),
            (4, 2, params),
            (3, 0, params),
            (3, 1, params),
            (3, 3, params),
            (3, 2, 0),
            (3, 2, params - 1),
            (3, 2, params + 1),
        ] {
            assert!(step(x, y, theta, words).is_err_and(|e| is_size(&e)), "{x} {y} {theta}");
        }
        for words in [0, 1, words - 1] {
            let found = step(3, 2, params, words);
            assert!(matches!(found, Err(Error::Scratch { .. })), "{found:?}");
        }
    }
}

// ---- data that is not finite ---------------------------------------------------------------------

#[test]
fn broken_numbers_are_refused_or_missing() {
    for hidden in [Activation::Tanh, Activation::Relu, Activation::SmoothRelu { epsilon: 0.1 }] {
        for broken in [f64::NAN, f64::INFINITY] {
            for place in 0..3 {
                broken_in(hidden, broken, place);
            }
        }
    }
}

/// A broken number in `θ`, in `x` or in `y`.
fn broken_in(hidden: Activation<f64>, broken: f64, place: usize) {
    let what = format!("{hidden:?}, {broken} in {}", ["θ", "x", "y"][place]);
    let net = Architecture { hidden, ..architecture(WIDTHS) };
    let objective = Objective { architecture: net, ..objective(WIDTHS) };
    let (mut theta, mut x, mut y) = (vec![0.5; PARAMS], vec![0.25; 15], vec![1.0; 10]);
    [&mut theta, &mut x, &mut y][place][7] = broken;
    let samples =
        Samples::new(MatRef::new(&x, 5, 3).unwrap(), MatRef::new(&y, 5, 2).unwrap()).unwrap();
    let mut memory = [0.0; 400];
    let mut gradient = [0.0; PARAMS];
    let lent = Scratch::new(&mut memory);
    let value = objective::gradient(&objective, &theta, &samples, 0.0, &mut gradient, lent);
    // tanh and the ReLUs of a huge input are numbers; the gradient then is not.
    match value {
        Err(error) => assert!(matches!(error, Error::NonFinite { .. }), "{what}: {error}"),
        Ok(value) => {
            assert!(value.is_finite() && broken == f64::INFINITY, "{what}: {value}");
        }
    }
    let lent = Scratch::new(&mut memory);
    match evaluate::fit(&objective, &theta, &samples, lent) {
        Err(error) => assert!(matches!(error, Error::NonFinite { .. }), "{what}: {error}"),
        Ok(fit) => assert!(fit.loss.is_finite() && broken == f64::INFINITY, "{what}: {fit:?}"),
    }
    let mut gradient = [0.0; PARAMS];
    let lent = Scratch::new(&mut memory);
    if objective::gradient(&objective, &theta, &samples, 0.0, &mut gradient, lent).is_ok() {
        let bound = certificate::stopping_bound(&objective, &theta, &gradient).unwrap();
        assert_eq!(bound, Err(Missing::NonFinite), "{what}");
    }
    let mut out = [0.0; 9];
    let lent = Scratch::new(&mut memory);
    let view = MatMut::new(&mut out, 3, 3).unwrap();
    fact::from_samples(&objective, &theta, &samples, 0, view, lent).unwrap().unwrap();
    let mut neural = [0.0; 9];
    let w = net.layers(&theta).unwrap().next().unwrap().weight;
    neural::feature_matrix(w, MatMut::new(&mut neural, 3, 3).unwrap()).unwrap();
    assert_eq!(agreement(&out, &neural).residual, Err(Missing::NonFinite), "{what}");

    let schedule = Schedule::Constant;
    for optimizer in [
        Optimizer::Sgd { rate: 0.1, schedule },
        Optimizer::HeavyBall { rate: 0.1, momentum: 0.9, schedule },
        Optimizer::Adam {
            rate: 0.1,
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-8,
            decay: 0.0,
            schedule,
        },
        Optimizer::Lbfgs { pairs: 3 },
    ] {
        let training = Training { objective, optimizer, evaluations: 20, tolerance: 1e-3, seed: 1 };
        let mut theta = theta.clone();
        let mut words = vec![0.0; train::memory(&optimizer, PARAMS)];
        let mut state = State::new();
        let end = loop {
            let lent = Scratch::new(&mut memory);
            match train::step(&training, &mut state, &samples, &mut theta, &mut words, lent) {
                Ok(Event::Stopped(stop, last)) => break Ok((stop, last)),
                Ok(_) => {}
                Err(error) => break Err(error),
            }
        };
        match end {
            Err(error) => assert!(matches!(error, Error::NonFinite { .. }), "{what}: {error}"),
            // Online steps never form a gradient; an infinite input of tanh leaves the loss finite.
            Ok((Stop::Exhausted, last)) => {
                let online = matches!(optimizer, Optimizer::Sgd { .. });
                assert!(online && broken == f64::INFINITY, "{what}, {optimizer:?}: {last:?}");
                assert_eq!(last.bound, Err(Missing::NotFormed));
            }
            Ok((stop, _)) => assert_eq!(stop, Stop::Stalled, "{what}, {optimizer:?}"),
        }
    }
}

#[test]
fn a_wrong_sign_of_decay_certifies_nothing() {
    let theta = [0.5; PARAMS];
    let gradient = [0.25; PARAMS];
    let bound = |lambda: f64| {
        let objective = Objective { lambda, ..objective(WIDTHS) };
        certificate::stopping_bound(&objective, &theta, &gradient).unwrap()
    };
    assert_eq!(bound(-0.1), bound(0.1));
    let one = MatRef::new(&[2.0], 1, 1).unwrap();
    let exact = |lambda: f64| {
        let mut memory = vec![0.0; certificate::bound_scratch(1, 1)];
        certificate::bound(lambda, one, one, Scratch::new(&mut memory)).unwrap()
    };
    assert_eq!((exact(-0.5), exact(0.0)), (exact(0.5), Err(Missing::NoDecay)));
    assert_eq!(bound(f64::NAN), Err(Missing::NonFinite));
    assert_eq!(bound(0.0), Err(Missing::NoDecay));
    let mut broken = gradient;
    broken[0] = f64::NAN;
    let found = certificate::stopping_bound(&objective(WIDTHS), &theta, &broken);
    assert_eq!(found, Ok(Err(Missing::NonFinite)));
}

#[test]
fn imbalance_of_what_is_not_finite_is_missing() {
    let (below, above) = ([1.0, f64::NAN], [1.0]);
    let below = MatRef::new(&below, 1, 2).unwrap();
    let above = MatRef::new(&above, 1, 1).unwrap();
    assert_eq!(neural::imbalance(below, above, 1), Ok(Err(Missing::NonFinite)));
    let zero = [0.0; 2];
    let found = neural::imbalance(
        MatRef::new(&zero, 1, 2).unwrap(),
        MatRef::new(&zero[..1], 1, 1).unwrap(),
        1,
    );
    assert_eq!(found, Ok(Err(Missing::Zero)));
}

// ---- training ------------------------------------------------------------------------------------

#[test]
fn a_training_step_checks_its_memory() {
    let schedule = Schedule::Constant;
    for optimizer in [
        Optimizer::Sgd { rate: 0.1, schedule },
        Optimizer::HeavyBall { rate: 0.1, momentum: 0.9, schedule },
        Optimizer::Lbfgs { pairs: 3 },
    ] {
        let training = Training {
            objective: objective(WIDTHS),
            optimizer,
            evaluations: 20,
            tolerance: 1e-3,
            seed: 1,
        };
        let (x, y) = (vec![0.25; 15], vec![1.0; 10]);
        let samples =
            Samples::new(MatRef::new(&x, 5, 3).unwrap(), MatRef::new(&y, 5, 2).unwrap()).unwrap();
        let right = train::memory(&optimizer, PARAMS);
        let step = |theta: usize, words: usize, scratch: usize| {
            let (mut theta, mut words) = (vec![0.5; theta], vec![0.0; words]);
            let mut memory = vec![0.0; scratch];
            let lent = Scratch::new(&mut memory);
            let mut state = State::new();
            train::step(&training, &mut state, &samples, &mut theta, &mut words, lent).map(drop)
        };
        let one = train::step_scratch(WIDTHS, 1);
        assert_eq!(step(PARAMS, right, one), Ok(()));
        assert!(step(PARAMS, right + 1, one).is_err_and(|e| is_size(&e)));
        assert!(
            step(PARAMS, right.wrapping_sub(1).min(right + 1), one).is_err_and(|e| is_size(&e))
        );
        assert!(step(PARAMS + 1, train::memory(&optimizer, PARAMS + 1), one).is_err());
        assert!(step(0, train::memory(&optimizer, 0), one).is_err());
        let short = step(PARAMS, right, one - 1);
        assert!(matches!(short, Err(Error::Scratch { .. })), "{optimizer:?}: {short:?}");
    }
}

#[test]
fn lbfgs_checks_its_memory() {
    let update = |gradient: usize, memory: usize| {
        let mut theta = [0.5; 4];
        let (mut gradient, mut memory) = (vec![1.0; gradient], vec![0.0; memory]);
        let mut state = lbfgs::State::new();
        lbfgs::update(2, &mut state, 1.0, &mut gradient, &mut theta, &mut memory).map(drop)
    };
    let right = lbfgs::words(2, 4);
    assert_eq!(update(4, right), Ok(()));
    for (gradient, memory) in [(3, right), (5, right), (4, right - 1), (4, right + 1), (4, 0)] {
        assert!(update(gradient, memory).is_err_and(|e| is_size(&e)));
    }
    // Nothing to move.
    let mut state = lbfgs::State::new();
    let found = lbfgs::update::<f64>(2, &mut state, 1.0, &mut [], &mut [], &mut [0.0; 4]);
    assert_eq!(found, Ok(lbfgs::Move::Stalled));
}
