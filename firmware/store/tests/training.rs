//! A training run in the store: whenever the power is cut, training ends at the bits of a run that was
//! never interrupted.

mod simulated;

use fact_core::mat::MatRef;
use fact_core::nn::objective::Objective;
use fact_core::nn::optimizer::Optimizer;
use fact_core::nn::schedule::Schedule;
use fact_core::nn::train::{self, Event, State, Training};
use fact_core::nn::{Activation, Architecture, Bias, Loss, Widths};
use fact_core::samples::Samples;
use fact_core::scratch::Scratch;
use fact_core::snapshot::Refused;
use fact_store::{Error, Region, Store};
use simulated::{Failed, Flash, STABLE, Tear};

const WIDTHS: Widths<3> = Widths([2, 3, 1]);
const PARAMS: usize = WIDTHS.params(Bias::Free);
const X: [f32; 8] = [-1.0, -1.0, -1.0, 1.0, 1.0, -1.0, 1.0, 1.0];
const Y: [f32; 4] = [-1.0, 1.0, 1.0, -1.0];
const LBFGS: Optimizer<f32> = Optimizer::Lbfgs { pairs: 2 };

fn training(optimizer: Optimizer<f32>) -> Training<'static, f32> {
    let architecture = Architecture {
        widths: &WIDTHS.0,
        hidden: Activation::Tanh,
        output: Activation::Identity,
        bias: Bias::Free,
    };
    let objective = Objective { architecture, loss: Loss::HalfSquared, lambda: 0.01 };
    Training { objective, optimizer, evaluations: 30, tolerance: 0.0, seed: 4 }
}

type Chip = Flash<4, 8, 1024>;
const REGION: Region = Region { start: 1024, slot: 1024, slots: 2 };
const THREE: Region = Region { slots: 3, ..REGION };

fn chip(tear: Tear) -> Chip {
    Flash::used(1024..1024 + 3 * 1024, tear, 3)
}

/// Trains from what the store has, or anew, and saves after each step, until the run or the power ends.
fn live(
    training: &Training<'_, f32>,
    flash: &mut Chip,
    region: Region,
) -> Result<Vec<u32>, Error<Failed>> {
    let mut theta: Vec<f32> = (0..PARAMS).map(|i| (i as f32 * 2.3).sin()).collect();
    let mut memory = vec![f32::NAN; train::memory(&training.optimizer, PARAMS)];
    let mut scratch = [f32::NAN; train::step_scratch(&WIDTHS.0, 2)];
    let mut state = State::new();
    let mut store = Store::open(flash, region)?;
    match store.resume_training(training, &mut state, &mut theta, &mut memory) {
        Ok(_) | Err(Error::Empty) => {}
        Err(error) => return Err(error),
    }
    let samples =
        Samples::new(MatRef::new(&X, 4, 2).unwrap(), MatRef::new(&Y, 4, 1).unwrap()).unwrap();
    loop {
        let lent = Scratch::new(&mut scratch);
        let event =
            train::step(training, &mut state, &samples, &mut theta, &mut memory, lent).unwrap();
        if let Event::Stopped(..) = event {
            return Ok(theta.iter().map(|w| w.to_bits()).collect());
        }
        store.save_training(training, &state, &theta, &memory)?;
    }
}

#[test]
fn training_through_power_cuts_ends_at_the_same_bits() {
    let schedule = Schedule::Constant;
    let optimizers = [
        Optimizer::Sgd { rate: 0.1, schedule },
        Optimizer::HeavyBall { rate: 0.1, momentum: 0.9, schedule },
        Optimizer::Adam {
            rate: 0.01,
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-8,
            decay: 0.0,
            schedule,
        },
        LBFGS,
    ];
    for (optimizer, tear) in optimizers.into_iter().zip(STABLE) {
        ends_at_the_same_bits(optimizer, tear, REGION);
        ends_at_the_same_bits(optimizer, Tear::Unstable, THREE);
    }
}

fn ends_at_the_same_bits(optimizer: Optimizer<f32>, tear: Tear, region: Region) {
    let training = training(optimizer);
    let straight = live(&training, &mut chip(tear), region).unwrap();
    let (mut flash, mut lives) = (chip(tear), 1_u64);
    let ended = loop {
        // One life is enough for a few saves; each is cut somewhere else.
        flash.cut_after(2500 + lives * 389 % 3000);
        match live(&training, &mut flash, region) {
            Ok(theta) => break theta,
            Err(error) => assert_eq!(error, Error::Flash(Failed::PowerCut)),
        }
        flash.power_on();
        lives += 1;
        assert!(lives < 1000, "no progress: {optimizer:?}");
    };
    assert!(lives > 10, "{lives} lives");
    assert_eq!(ended, straight, "{optimizer:?}");
}

/// A save cut at its confirming word, the next at its commit word, then the erasure of the first:
/// a page that may read as complete when the store is opened, and differently afterwards.
#[test]
fn a_page_that_changes_under_the_reader_is_read_again() {
    let training = training(Optimizer::Sgd { rate: 0.1, schedule: Schedule::Constant });
    let save = |flash: &mut Chip, value: f32| {
        let theta = [value; PARAMS];
        Store::open(flash, THREE)?.save_training(&training, &State::new(), &theta, &[])
    };
    let mut flash = chip(Tear::Unstable);
    (0..2).for_each(|_| assert!(save(&mut flash, 1.0).is_ok()));
    // Steps before the end of a save, and the torn word by which to tell: the confirming word, eight
    // bytes and two readings from the end; the commit word before it; the erasure, the longest part.
    let end = THREE.start + 3 * THREE.slot;
    for (value, back, word) in [
        (2.0, 6, end - THREE.slot + 40),
        (3.0, 14, THREE.start + 32),
        (4.0, THREE.slot.into(), end - 8),
    ] {
        let attempt = |_| {
            // Which slot is erased depends on what torn words read as.
            Store::open(&mut flash, THREE).unwrap();
            let (mut whole, mut cut) = (flash.clone(), flash.clone());
            assert!(save(&mut whole, value).is_ok());
            cut.cut_after(whole.taken() - flash.taken() - back);
            assert_eq!(save(&mut cut, value), Err(Error::Flash(Failed::PowerCut)));
            cut.power_on();
            cut.is_torn(word).then_some(cut)
        };
        flash = (0..1000).find_map(attempt).unwrap();
    }
    let mut seen = [0; 4];
    for _ in 0..20_000 {
        let (mut state, mut theta) = (State::new(), [0.0; PARAMS]);
        let mut store = Store::open(&mut flash, THREE).unwrap();
        let sequence = store.resume_training(&training, &mut state, &mut theta, &mut []).unwrap();
        assert_eq!(theta, [[1.0, 1.0, 2.0, 3.0][sequence as usize - 1]; PARAMS]);
        seen[sequence as usize - 1] += 1;
    }
    assert!(seen[0] == 0 && seen[1..].iter().all(|&times| times > 0), "{seen:?}");
}

#[test]
fn what_is_stored_for_others_is_refused_by_name() {
    let mut flash = chip(Tear::Garbage);
    live(&training(LBFGS), &mut flash, REGION).unwrap();
    let other = training(Optimizer::Lbfgs { pairs: 3 });
    let refused = live(&other, &mut flash, REGION).unwrap_err();
    assert_eq!(refused, Error::Refused(Refused::Content { expected: 0x304, found: 0x204 }));
    let mut other = training(LBFGS);
    other.objective.architecture.hidden = Activation::Relu;
    let refused = live(&other, &mut flash, REGION).unwrap_err();
    assert!(matches!(refused, Error::Refused(Refused::Shape { .. })));
    assert!(refused.to_string().starts_with("snapshot of another network"));
    // Bytes that are no snapshot.
    let mut store = Store::open(&mut flash, REGION).unwrap();
    store.save(50, |_, writer| writer.write(&[7; 50])).unwrap();
    let refused = live(&training(LBFGS), &mut flash, REGION).unwrap_err();
    assert_eq!(refused, Error::Refused(Refused::NotASnapshot));
    let mut store = Store::open(&mut flash, REGION).unwrap();
    store.save(3, |_, writer| writer.write(b"FAC")).unwrap();
    let refused = live(&training(LBFGS), &mut flash, REGION).unwrap_err();
    assert_eq!(refused, Error::Length { expected: 3, found: 44 });
}

#[test]
fn buffers_that_do_not_fit_are_refused() {
    let (training, mut flash) = (training(LBFGS), chip(Tear::Garbage));
    let mut store = Store::open(&mut flash, REGION).unwrap();
    let (theta, memory) = ([0.0; PARAMS], [0.0; 3]);
    let saved = store.save_training(&training, &State::new(), &theta, &memory);
    assert!(matches!(saved, Err(Error::Arguments(_))), "{saved:?}");
    let saved = store.save_training(&training, &State::new(), &[0.0; 400], &memory);
    assert!(matches!(saved, Err(Error::TooLarge { available: 976, .. })), "{saved:?}");
    assert_eq!(store.sequence(), None);
}
