//! Passes of a caller's own give the bits of the core's, wherever the blocks are cut.

use fact_core::Error;
use fact_core::mat::MatRef;
use fact_core::nn::optimizer::Optimizer;
use fact_core::nn::schedule::Schedule;
use fact_core::nn::train::{self, Event, State};
use fact_core::nn::{Activation, Bias, mlp, objective};
use fact_core::samples::Samples;
use fact_core::scalar::Scalar;
use fact_core::scratch::Scratch;
use fact_tests::minima::{classes, initialise, optimizers, training};
use fact_tests::near::bits;
use fact_tests::network::{Network, scratch};

/// Adds the samples' gradients by the pieces that a host spreads over threads, `rows` at a time.
fn add<T: Scalar>(
    network: &Network<T>,
    rows: usize,
    theta: &[T],
    samples: &Samples<'_, T>,
    mut losses: f64,
    gradient: &mut [T],
) -> fact_core::Result<f64> {
    let architecture = network.architecture();
    for start in (0..samples.len()).step_by(rows) {
        let block = samples.range(start, start + rows);
        let mut trace = scratch(mlp::forward_scratch(&network.widths, block.len()));
        let mut each = vec![f64::NAN; block.len()];
        let (x, y) = (block.x(), block.y());
        mlp::deltas(&architecture, network.loss, theta, x, y, &mut trace, &mut each)?;
        let mut rest = &mut *gradient;
        let layers = architecture.layers(theta)?;
        for (visit, layer) in mlp::visits(&architecture, theta, x, &trace)?.zip(layers) {
            let weight = rest.split_off_mut(..visit.weight.data().len()).unwrap();
            let bias = rest.split_off_mut(..layer.bias.len()).unwrap();
            objective::add_layer(visit.delta, visit.input, weight, bias)?;
        }
        losses = each.iter().fold(losses, |sum, loss| sum + loss);
    }
    Ok(losses)
}

fn gradients<T: Scalar>() {
    for bias in [Bias::None, Bias::Free, Bias::Decayed] {
        for widths in [&[4, 3][..], &[4, 9, 3], &[4, 17, 8, 3]] {
            let mut network = Network { bias, ..classes::<T>(widths, Activation::Gelu, 1e-2) };
            initialise(&mut network, 1);
            let (objective, samples) = (network.objective(), network.samples());
            let carry = T::from_f64(0.7);
            let mut expected = network.theta.clone();
            let mut memory = scratch(objective::gradient_scratch(widths, 30));
            let lent = Scratch::new(&mut memory);
            let theta = &network.theta;
            let value =
                objective::gradient(&objective, theta, &samples, carry, &mut expected, lent);
            for rows in [1, 7, 30, 100] {
                let mut found = network.theta.clone();
                let again =
                    objective::gradient_by(&objective, theta, &samples, carry, &mut found, |sum| {
                        add(&network, rows, theta, &samples, 0.0, sum)
                    });
                assert_eq!(again, value, "{widths:?}, {bias:?}, {rows} rows");
                assert_eq!(bits(&found), bits(&expected), "{widths:?}, {bias:?}, {rows} rows");
            }
        }
    }
}

#[test]
fn gradients_by_other_passes_have_the_same_bits() {
    gradients::<f32>();
    gradients::<f64>();
}

/// Trains by whole evaluations, and by the core's blocks before some of them.
fn steps<T: Scalar>() {
    let network = classes::<T>(&[4, 5, 3], Activation::Tanh, 1e-2);
    let samples = network.samples();
    for optimizer in optimizers::<T>() {
        let training = training(&network, optimizer, 12, 1e-9);
        let run = |own: bool| {
            let (mut state, mut theta) = (State::new(), network.theta.clone());
            let mut memory = scratch(train::memory(&optimizer, theta.len()));
            let mut lent = scratch(train::step_scratch(&network.widths, 7));
            for call in 0_u32.. {
                let lent = Scratch::new(&mut lent);
                let event = if own && call % 3 != 0 {
                    let add = |theta: &[T], samples: &Samples<'_, T>, losses, sum: &mut [T]| {
                        add(&network, 4, theta, samples, losses, sum)
                    };
                    train::step_by(&training, &mut state, &samples, &mut theta, &mut memory, add)
                } else {
                    train::step(&training, &mut state, &samples, &mut theta, &mut memory, lent)
                };
                if let Event::Stopped(stop, last) = event.unwrap() {
                    return (bits(&theta), stop, last);
                }
            }
            unreachable!()
        };
        if let Optimizer::Sgd { .. } = optimizer {
            continue;
        }
        assert_eq!(run(true), run(false), "{optimizer:?}");
    }
}

#[test]
fn steps_by_other_passes_take_the_same_way() {
    steps::<f32>();
    steps::<f64>();
}

#[test]
fn an_evaluation_of_online_sgd_cannot_be_taken_apart() {
    let network = classes::<f64>(&[4, 3], Activation::Tanh, 1e-2);
    let optimizer = Optimizer::Sgd { rate: 0.1, schedule: Schedule::Constant };
    let training = training(&network, optimizer, 3, 0.0);
    let (mut theta, mut memory) = (network.theta.clone(), []);
    let samples = network.samples();
    let refused = train::step_by(
        &training,
        &mut State::new(),
        &samples,
        &mut theta,
        &mut memory,
        |_, _, _, _| panic!("asked for a gradient"),
    );
    assert!(matches!(refused, Err(Error::Parameter { .. })), "{refused:?}");
    assert_eq!(bits(&theta), bits(&network.theta));
}

#[test]
fn what_does_not_fit_is_refused() {
    let network = classes::<f64>(&[4, 3], Activation::Tanh, 1e-2);
    let (architecture, theta) = (network.architecture(), &network.theta);
    let (x, y) = (network.samples().x(), network.samples().y());
    let mut trace = scratch(mlp::forward_scratch(&network.widths, 30));
    for len in [0, 29, 31] {
        let mut losses = vec![0.0; len];
        let refused =
            mlp::deltas(&architecture, network.loss, theta, x, y, &mut trace, &mut losses);
        assert!(matches!(refused, Err(Error::Length { what: "losses", .. })), "{refused:?}");
    }
    assert!(mlp::visits(&architecture, theta, x, &trace[1..]).is_err());
    assert!(mlp::visits(&architecture, &theta[1..], x, &trace).is_err());
    let narrow = MatRef::new(&x.data()[..90], 30, 3).unwrap();
    assert!(mlp::visits(&architecture, theta, narrow, &trace).is_err());
    let (delta, h) = (y, x);
    let (mut weight, mut bias) = ([0.0; 12], [0.0; 3]);
    objective::add_layer(delta, h, &mut weight, &mut bias).unwrap();
    objective::add_layer(delta, h, &mut weight, &mut []).unwrap();
    assert!(objective::add_layer(delta, h, &mut weight[1..], &mut bias).is_err());
    assert!(objective::add_layer(delta, h, &mut weight, &mut bias[1..]).is_err());
    let fewer = MatRef::new(&h.data()[..116], 29, 4).unwrap();
    assert!(objective::add_layer(delta, fewer, &mut weight, &mut bias).is_err());
}
