//! Bytes as a snapshot: as they are, with their checks put right, and as state and numbers behind a
//! right header. It is refused, or training goes on from it, and saved again it is of the same header.
#![no_main]

use fact_core::approx::Approx;
use fact_core::nn::optimizer::Optimizer;
use fact_core::nn::train::{self, State};
use fact_core::scalar::Scalar;
use fact_core::snapshot::{self, Crc32, Failure, Kind, drain, fill};
use fact_fuzz::{PARAMS, optimizers, step, training};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = snapshot::verify(drain(bytes));
    answer::<f32>(bytes);
    answer::<f64>(bytes);
    answer::<Approx>(bytes);
});

fn answer<T: Scalar>(bytes: &[u8]) {
    let mended = mend(bytes);
    for optimizer in optimizers::<T>() {
        for bytes in [bytes, &mended, &forge(bytes, optimizer)] {
            resume(bytes, optimizer);
        }
    }
}

fn resume<T: Scalar>(bytes: &[u8], optimizer: Optimizer<T>) {
    let training = training(optimizer);
    let mut theta = [T::HALF; PARAMS];
    let mut memory = vec![T::ZERO; train::memory(&optimizer, PARAMS)];
    let mut state = State::new();
    let read = train::resume(&training, &mut state, &mut theta, &mut memory, drain(bytes));
    let Ok(sequence) = read else {
        assert!(!matches!(read, Err(Failure::Arguments(_))));
        return;
    };
    let mut again = vec![0; train::saved_size(&optimizer, PARAMS)];
    train::save(&training, sequence, &state, &theta, &memory, fill(&mut again)).unwrap();
    assert_eq!(snapshot::verify(drain(&again)), snapshot::verify(drain(bytes)));
    for _ in 0..6 {
        // An error is an answer.
        let _ = step(&training, &mut state, &mut theta, &mut memory);
    }
}

/// The bytes with both checks of a snapshot right, so that the fuzzer gets behind them.
fn mend(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let mut crc = Crc32::new();
    if let Some((header, rest)) = bytes.split_at_mut_checked(40)
        && let Some((check, rest)) = rest.split_at_mut_checked(4)
        && let Some((body, end)) = rest.split_at_mut_checked(rest.len().saturating_sub(4))
    {
        crc.update(header);
        check.copy_from_slice(&crc.value().to_le_bytes());
        crc.update(body);
        end.iter_mut().zip(crc.value().to_le_bytes()).for_each(|(end, byte)| *end = byte);
    }
    bytes
}

/// A snapshot for `optimizer` whose state and numbers are the bytes.
fn forge<T: Scalar>(bytes: &[u8], optimizer: Optimizer<T>) -> Vec<u8> {
    let words = PARAMS + train::memory(&optimizer, PARAMS);
    let length = train::saved_size(&optimizer, PARAMS) - snapshot::size::<T>(0, words);
    let mut body = bytes.iter().copied().chain(std::iter::repeat(0));
    let state: Vec<u8> = body.by_ref().take(length).collect();
    let mut number = || T::from_bits(u64::from_le_bytes([(); 8].map(|()| body.next().unwrap())));
    let numbers: Vec<T> = (0..words).map(|_| number()).collect();
    let architecture = training(optimizer).objective.architecture;
    let kind = Kind { shape: architecture.shape_hash(), content: optimizer.content() };
    let mut forged = vec![0; snapshot::size::<T>(length, words)];
    snapshot::write(kind, 1, &state, &[&numbers], fill(&mut forged)).unwrap();
    forged
}
