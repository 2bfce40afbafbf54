//! Snapshots: what is written comes back to the bit, what is damaged or foreign is refused by name.

use fact_core::Error;
use fact_core::approx::Approx;
use fact_core::nn::optimizer::Optimizer;
use fact_core::nn::schedule::Schedule;
use fact_core::nn::train::{self, Event, State, Stop, Training};
use fact_core::nn::{Activation, Bias};
use fact_core::scalar::{Precision, Scalar};
use fact_core::scratch::Scratch;
use fact_core::snapshot::{self, BLOCK, Crc32, Failure, Kind, Refused, drain, fill};
use fact_tests::golden;
use fact_tests::minima::{LBFGS, classes, initialise, optimizers, training};
use fact_tests::near::bits;
use fact_tests::network::{Network, scratch};
use proptest::prelude::*;

// ---- a run that can be saved ----------------------------------------------------------------------

/// The three things that a snapshot holds.
#[derive(Clone, Debug)]
struct Run<T> {
    state: State,
    theta: Vec<T>,
    memory: Vec<T>,
}

impl<T: Scalar> Run<T> {
    fn new(training: &Training<'_, T>, network: &Network<T>) -> Self {
        let memory = scratch(train::memory(&training.optimizer, network.theta.len()));
        Self { state: State::new(), theta: network.theta.clone(), memory }
    }

    /// Memory full of NaNs, as after a power failure.
    fn lost(&self) -> Self {
        let (theta, memory) = (scratch(self.theta.len()), scratch(self.memory.len()));
        Self { state: State::new(), theta, memory }
    }

    fn step(&mut self, training: &Training<'_, T>, network: &Network<T>, rows: usize) -> Event {
        let mut lent = scratch(train::step_scratch(&network.widths, rows));
        let (lent, samples) = (Scratch::new(&mut lent), network.samples());
        let Self { state, theta, memory } = self;
        train::step(training, state, &samples, theta, memory, lent).unwrap()
    }

    fn save(&self, training: &Training<'_, T>, sequence: u64) -> Vec<u8> {
        let mut bytes = vec![0; train::saved_size(&training.optimizer, self.theta.len())];
        let Self { state, theta, memory } = self;
        train::save(training, sequence, state, theta, memory, fill(&mut bytes)).unwrap();
        bytes
    }

    fn resume(&mut self, training: &Training<'_, T>, bytes: &[u8]) -> Result<u64, Failure<Error>> {
        let Self { state, theta, memory } = self;
        train::resume(training, state, theta, memory, drain(bytes))
    }

    fn bits(&self) -> (State, Vec<u64>, Vec<u64>) {
        (self.state, bits(&self.theta), bits(&self.memory))
    }
}

/// Some calls into a run of this optimiser.
fn started<T: Scalar>(network: &Network<T>, optimizer: Optimizer<T>, calls: usize) -> Run<T> {
    let training = training(network, optimizer, 1000, 0.0);
    let mut run = Run::new(&training, network);
    (0..calls).for_each(|_| {
        run.step(&training, network, 7);
    });
    run
}

fn small<T: Scalar>() -> Network<T> {
    classes(&[4, 3, 3], Activation::Tanh, 1e-2)
}

// ---- what is written comes back -------------------------------------------------------------------

/// The power fails after each call, until the run stops; the run it would have been.
fn broken_run<T: Scalar>(
    network: &Network<T>,
    training: &Training<'_, T>,
    rows: usize,
) -> (Run<T>, Stop) {
    let what = format!("{} {:?}", T::PRECISION, training.optimizer);
    let mut straight = Run::new(training, network);
    let mut broken = straight.clone();
    for calls in 1.. {
        let event = straight.step(training, network, rows);
        assert_eq!(broken.step(training, network, rows), event, "{what}");
        let bytes = broken.save(training, calls);
        broken = broken.lost();
        assert_eq!(broken.resume(training, &bytes), Ok(calls), "{what}");
        assert_eq!(broken.bits(), straight.bits(), "{what}, call {calls}");
        if let Event::Stopped(stop, _) = event {
            return (straight, stop);
        }
    }
    unreachable!("the loop has no end")
}

fn resumed_runs_are_uninterrupted_ones<T: Scalar>() {
    let network = small::<T>();
    for optimizer in optimizers::<T>() {
        let limited = training(&network, optimizer, 12, 0.0);
        let (mut straight, stop) = broken_run(&network, &limited, 7);
        assert_eq!((stop, straight.state.evaluations()), (Stop::Exhausted, 12), "{optimizer:?}");
        // A larger budget goes on from the end, across a snapshot too.
        let more = Training { evaluations: 20, ..limited };
        let mut on = straight.lost();
        on.resume(&more, &straight.save(&limited, 0)).unwrap();
        for run in [&mut straight, &mut on] {
            while !matches!(run.step(&more, &network, 30), Event::Stopped(..)) {}
            assert_eq!(run.state.evaluations(), 20, "{optimizer:?}");
        }
        assert_eq!(on.bits(), straight.bits(), "{optimizer:?}, larger budget");
    }
    // Heavy ball on its way through the evaluation that certifies, L-BFGS through its trials.
    let (rate, momentum, schedule) = (T::from_f64(0.1), T::from_f64(0.9), Schedule::Constant);
    let heavy = Optimizer::HeavyBall { rate, momentum, schedule };
    for optimizer in [heavy, Optimizer::Lbfgs { pairs: LBFGS }] {
        let (_, stop) = broken_run(&network, &training(&network, optimizer, 3000, 0.03), 30);
        assert_eq!(stop, Stop::Converged, "{} {optimizer:?}", T::PRECISION);
    }
}

#[test]
fn training_resumes_bit_for_bit() {
    resumed_runs_are_uninterrupted_ones::<f32>();
    resumed_runs_are_uninterrupted_ones::<f64>();
    resumed_runs_are_uninterrupted_ones::<Approx>();
}

#[test]
fn the_bytes_of_version_1_are_fixed() {
    let mut bytes = [0; snapshot::size::<f32>(3, 2)];
    let kind = Kind { shape: 0x1122_3344_5566_7788, content: 0x504 };
    snapshot::write(kind, 9, b"abc", &[&[1.0_f32], &[-2.5]], fill(&mut bytes)).unwrap();
    let expected = [
        &b"FACT"[..],
        &[1, 0, 1, 0, 4, 5, 0, 0, 3, 0, 0, 0],
        &[0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11],
        &[9, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0],
        &HEADER_CHECK,
        b"abc",
        &[0, 0, 0x80, 0x3f, 0, 0, 0x20, 0xc0],
        &CHECK,
    ]
    .concat();
    assert_eq!(bytes[..], expected[..]);
    let precisions = [Precision::F32, Precision::F64, Precision::Approx];
    assert_eq!(precisions.map(Precision::code), [1, 2, 3]);
    assert_eq!(optimizers::<f32>().map(|o| o.content()), [1, 2, 3, 0x504]);
    assert_eq!(small::<f64>().architecture().shape_hash(), SHAPE_HASH);
    assert_eq!(small::<f32>().architecture().shape_hash(), SHAPE_HASH);
}

/// zlib's `crc32` of the 40 bytes before, and of all but these four.
const HEADER_CHECK: [u8; 4] = [0x42, 0x7b, 0xd1, 0x50];
const CHECK: [u8; 4] = [0x58, 0x34, 0xd7, 0xaf];
/// FNV-1a of 4, 3, 3 as 64-bit numbers, 0 (no biases), 4 (tanh), 0.0, 0 (identity), 0.0.
const SHAPE_HASH: u64 = 0x36a1_5e6f_8382_56ef;

#[test]
fn blocks_are_small_and_fill_the_size() {
    let run = started(&small::<f64>(), Optimizer::Lbfgs { pairs: LBFGS }, 40);
    let network = small();
    let training = training(&network, Optimizer::Lbfgs { pairs: LBFGS }, 1000, 0.0);
    let (mut total, Run { state, theta, memory }) = (0, &run);
    let sink = |bytes: &[u8]| -> Result<(), ()> {
        assert!((1..=BLOCK).contains(&bytes.len()));
        total += bytes.len();
        Ok(())
    };
    train::save(&training, 0, state, theta, memory, sink).unwrap();
    assert_eq!(total, train::saved_size(&training.optimizer, theta.len()));
    assert_eq!(total, run.save(&training, 0).len());
}

proptest! {
    #[test]
    fn anything_made_of_numbers_comes_back(
        state in prop::collection::vec(any::<u8>(), 0..200),
        parts in prop::collection::vec(prop::collection::vec(any::<u64>(), 0..30), 0..4),
        (shape, content, sequence) in any::<(u64, u32, u64)>(),
    ) {
        fn check<T: Scalar>(kind: Kind, sequence: u64, state: &[u8], parts: &[Vec<u64>]) {
            let numbers: Vec<Vec<T>> =
                parts.iter().map(|part| part.iter().map(|&x| T::from_bits(x)).collect()).collect();
            let lent: Vec<&[T]> = numbers.iter().map(Vec::as_slice).collect();
            let words = numbers.iter().map(Vec::len).sum();
            let mut bytes = vec![0; snapshot::size::<T>(state.len(), words)];
            snapshot::write(kind, sequence, state, &lent, fill(&mut bytes)).unwrap();
            let header = snapshot::verify(drain(&bytes)).unwrap();
            assert_eq!((header.kind, header.precision), (kind, T::PRECISION));
            let mut found = vec![0xee; state.len()];
            let mut back: Vec<Vec<T>> = numbers.iter().map(|part| scratch(part.len())).collect();
            let mut lent: Vec<&mut [T]> = back.iter_mut().map(Vec::as_mut_slice).collect();
            let read = snapshot::read(kind, &mut found, &mut lent, drain(&bytes));
            assert_eq!((read, found), (Ok(sequence), state.to_vec()));
            for (back, numbers) in back.iter().zip(&numbers) {
                assert_eq!(bits(back), bits(numbers));
            }
        }
        let kind = Kind { shape, content };
        check::<f32>(kind, sequence, &state, &parts);
        check::<f64>(kind, sequence, &state, &parts);
        check::<Approx>(kind, sequence, &state, &parts);
    }

    #[test]
    fn crc_is_the_remainder_bit_by_bit(
        bytes in prop::collection::vec(any::<u8>(), 0..100),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut remainder = !0_u32;
        for &byte in &bytes {
            for bit in 0..8 {
                let feed = (remainder ^ u32::from(byte >> bit)) & 1;
                remainder = (remainder >> 1) ^ (feed * 0xedb8_8320);
            }
        }
        let mut crc = Crc32::new();
        let (head, tail) = bytes.split_at(cut.index(bytes.len() + 1));
        crc.update(head);
        crc.update(tail);
        prop_assert_eq!(crc.value(), !remainder);
    }
}

// ---- what is damaged is refused -------------------------------------------------------------------

#[test]
fn every_truncation_and_every_flipped_bit_is_refused() {
    let network = small::<f32>();
    for optimizer in optimizers() {
        let training = training(&network, optimizer, 1000, 0.0);
        let run = started(&network, optimizer, 40);
        let bytes = run.save(&training, 3);
        let kept = Run { theta: vec![7.0; run.theta.len()], ..run.lost() };
        let refused = |bytes: &[u8]| {
            let mut into = kept.clone();
            let refused = into.resume(&training, bytes).unwrap_err();
            assert_eq!(into.state, kept.state);
            assert!(snapshot::verify(drain(bytes)).is_err());
            // A bad header is seen before anything is overwritten.
            let untouched = bits(&into.theta) == bits(&kept.theta);
            (refused, untouched)
        };
        for len in 0..bytes.len() {
            let (refused, untouched) = refused(&bytes[..len]);
            assert!(matches!(refused, Failure::Stream(Error::Length { .. })), "{refused:?}");
            assert!(untouched || len > 44);
        }
        for at in 0..bytes.len() {
            for bit in 0..8 {
                let mut flipped = bytes.clone();
                flipped[at] ^= 1 << bit;
                let (found, untouched) = refused(&flipped);
                let expected = match at {
                    0..4 => Refused::NotASnapshot,
                    4..6 => {
                        Refused::Version { found: u16::from_le_bytes([flipped[4], flipped[5]]) }
                    }
                    6..44 => Refused::DamagedHeader,
                    _ => Refused::Damaged,
                };
                assert_eq!((found, untouched), (Failure::Refused(expected), at < 44), "byte {at}");
            }
        }
        // What follows is no part of it.
        assert_eq!(kept.clone().resume(&training, &[&bytes[..], b"more"].concat()), Ok(3));
    }
}

/// The fuzzer's seeds: version 1 as it was first written, to be read for ever.
#[test]
fn the_snapshots_kept_as_seeds_are_read() {
    let mut read = 0;
    for file in std::fs::read_dir(golden::fixtures().join("../tests/fuzz/corpus/snapshot")).unwrap()
    {
        let path = file.unwrap().path();
        let header = snapshot::verify(drain(&std::fs::read(&path).unwrap())).unwrap();
        assert_eq!((header.sequence, header.state), (7, 133), "{}", path.display());
        read += 1;
    }
    assert_eq!(read, 12);
}

/// Puts both checks right again, as somebody with bad intentions would.
fn mend(bytes: &mut [u8]) {
    let mut crc = Crc32::new();
    crc.update(&bytes[..40]);
    bytes[40..44].copy_from_slice(&crc.value().to_le_bytes());
    let end = bytes.len() - 4;
    crc.update(&bytes[44..end]);
    bytes[end..].copy_from_slice(&crc.value().to_le_bytes());
}

proptest! {
    #[test]
    fn no_state_whose_checks_hold_makes_training_panic(
        which in 0_usize..4,
        changes in prop::collection::vec((0_usize..133, any::<u8>()), 1..8),
        wild in any::<bool>(),
    ) {
        let network = small::<f32>();
        let optimizer = optimizers()[which];
        let training = training(&network, optimizer, 60, 0.0);
        let run = started(&network, optimizer, 40);
        let mut bytes = run.save(&training, 3);
        for (at, value) in changes {
            bytes[44 + at] = if wild { value } else { value % 3 };
        }
        mend(&mut bytes);
        let mut into = run.lost();
        match into.resume(&training, &bytes) {
            Ok(_) => {
                for _ in 0..20 {
                    let mut lent = scratch(train::step_scratch(&network.widths, 7));
                    let (lent, samples) = (Scratch::new(&mut lent), network.samples());
                    let Run { state, theta, memory } = &mut into;
                    // An error is an answer; a panic is not.
                    let _ = train::step(&training, state, &samples, theta, memory, lent);
                }
            }
            Err(refused) => prop_assert_eq!(refused, Failure::Refused(Refused::State)),
        }
    }
}

// ---- what is foreign is refused by name -----------------------------------------------------------

#[test]
fn foreign_networks_and_optimisers_are_refused_by_name() {
    let heavy = optimizers()[1];
    let network = small::<f32>();
    let bytes = started(&network, heavy, 3).save(&training(&network, heavy, 1000, 0.0), 1);
    let refuse = |network: &Network<f32>, optimizer| {
        let training = training(network, optimizer, 1000, 0.0);
        let mut into = Run::new(&training, network);
        let before = into.bits();
        let Err(Failure::Refused(refused)) = into.resume(&training, &bytes) else {
            panic!("not refused");
        };
        assert_eq!(into.bits(), before);
        refused
    };
    let mut others = vec![];
    for widths in [&[4, 4, 3][..], &[4, 3, 3, 3], &[3, 4, 3], &[4, 3]] {
        others.push(Network { widths: widths.to_vec(), ..network.clone() });
    }
    for hidden in [Activation::Relu, Activation::SmoothRelu { epsilon: 0.1 }] {
        others.push(Network { hidden, ..network.clone() });
        others.push(Network { output: hidden, ..network.clone() });
    }
    others.push(Network { bias: Bias::Free, ..network.clone() });
    others.push(Network { bias: Bias::Decayed, ..network.clone() });
    for mut other in others {
        initialise(&mut other, 1);
        let refused = refuse(&other, heavy);
        assert!(matches!(refused, Refused::Shape { .. }), "{refused:?}");
        assert!(refused.to_string().starts_with("snapshot of another network"), "{refused}");
    }
    for other in optimizers().into_iter().filter(|other| *other != heavy) {
        let refused = refuse(&network, other);
        assert!(matches!(refused, Refused::Content { found: 2, .. }), "{refused:?}");
        assert!(refused.to_string().starts_with("snapshot of another optimiser"), "{refused}");
    }
    // The number of pairs lays out the memory; rates and schedules do not.
    let codes = [4, 5].map(|pairs| Optimizer::<f32>::Lbfgs { pairs }.content());
    assert_ne!(codes[0], codes[1]);
    let schedule = Schedule::Constant;
    let slower = Optimizer::HeavyBall { rate: 0.001, momentum: 0.0, schedule };
    let slow = training(&network, slower, 1000, 0.0);
    assert_eq!(Run::new(&slow, &network).resume(&slow, &bytes), Ok(1));
}

#[test]
fn foreign_precisions_and_versions_are_refused_by_name() {
    fn saved<T: Scalar>() -> Vec<u8> {
        let (network, sgd) = (small::<T>(), optimizers()[0]);
        started(&network, sgd, 3).save(&training(&network, sgd, 1000, 0.0), 1)
    }
    fn message<T: Scalar>(bytes: &[u8]) -> String {
        let (network, sgd) = (small::<T>(), optimizers()[0]);
        let training = training(&network, sgd, 1000, 0.0);
        match Run::new(&training, &network).resume(&training, bytes) {
            Ok(_) => "read".into(),
            Err(refused) => refused.to_string(),
        }
    }
    let snapshots = [saved::<f32>(), saved::<f64>(), saved::<Approx>()];
    let answers: Vec<[String; 3]> = snapshots
        .iter()
        .map(|bytes| [message::<f32>(bytes), message::<f64>(bytes), message::<Approx>(bytes)])
        .collect();
    assert_eq!(
        answers,
        [
            [
                "read",
                "snapshot of f32 numbers, expected f64",
                "snapshot of f32 numbers, expected approximate f32"
            ],
            [
                "snapshot of f64 numbers, expected f32",
                "read",
                "snapshot of f64 numbers, expected approximate f32"
            ],
            [
                "snapshot of approximate f32 numbers, expected f32",
                "snapshot of approximate f32 numbers, expected f64",
                "read"
            ],
        ]
    );
    for (at, value, expected) in [
        (0, b'f', "not a snapshot: it does not begin with \"FACT\""),
        (4, 0, "snapshot of version 0; this library reads version 1"),
        (4, 2, "snapshot of version 2; this library reads version 1"),
        (6, 9, "snapshot of numbers of the unknown type 9"),
        (12, 1, "snapshot of 1 bytes of state, expected 133"),
        (32, 2, "snapshot of 2 numbers, expected 21"),
    ] {
        let mut bytes = snapshots[0].clone();
        bytes[at] = value;
        mend(&mut bytes);
        assert_eq!(message::<f32>(&bytes), expected);
    }
}

#[test]
fn arguments_that_do_not_fit_are_refused_before_the_stream_is_touched() {
    let (network, heavy) = (small::<f32>(), optimizers()[1]);
    let training = training(&network, heavy, 1000, 0.0);
    let run = started(&network, heavy, 3);
    let (params, mut state) = (run.theta.len(), run.state);
    for (theta, memory) in
        [(params - 1, params), (params, params - 1), (params, params + 1), (0, 0)]
    {
        let (mut theta, mut memory) = (vec![1.0; theta], vec![1.0; memory]);
        let touch = |_: &[u8]| -> Result<(), ()> { panic!("touched") };
        let saved = train::save(&training, 0, &state, &theta, &memory, touch);
        assert!(matches!(saved, Err(Failure::Arguments(Error::Length { .. }))), "{saved:?}");
        let touch = |_: &mut [u8]| -> Result<(), ()> { panic!("touched") };
        let read = train::resume(&training, &mut state, &mut theta, &mut memory, touch);
        assert!(matches!(read, Err(Failure::Arguments(Error::Length { .. }))), "{read:?}");
    }
}

#[test]
fn errors_of_sink_and_source_are_passed_on() {
    let (network, heavy) = (small::<f32>(), optimizers()[1]);
    let training = training(&network, heavy, 1000, 0.0);
    let mut run = started(&network, heavy, 3);
    let bytes = run.save(&training, 1);
    for failing in 0_usize.. {
        let mut calls = 0;
        let mut fails = || {
            calls += 1;
            if calls > failing { Err("no more") } else { Ok(()) }
        };
        let Run { state, theta, memory } = &run;
        let saved = train::save(&training, 1, state, theta, memory, |_: &[u8]| fails());
        if saved.is_ok() {
            assert!(failing > 3);
            break;
        }
        assert_eq!(saved, Err(Failure::Stream("no more")));
        let (mut calls, mut source) = (0, drain(&bytes));
        let reading = |block: &mut [u8]| {
            calls += 1;
            source(block).unwrap();
            if calls > failing / 2 { Err("no more") } else { Ok(()) }
        };
        let Run { state, theta, memory } = &mut run.clone();
        let read = train::resume(&training, state, theta, memory, reading);
        assert_eq!(read, Err(Failure::Stream("no more")));
    }
    run.theta.fill(0.0);
    assert_eq!(run.resume(&training, &bytes), Ok(1));
}
