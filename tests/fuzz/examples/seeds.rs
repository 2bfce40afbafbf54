//! `cargo run --example seeds`: writes the seeds of `corpus` that are made by this project.

use fact_core::approx::Approx;
use fact_core::nn::train::{self, State};
use fact_core::scalar::Scalar;
use fact_core::snapshot::fill;
use fact_fuzz::{Flash, PARAMS, REGION, optimizers, step, training};
use fact_store::Store;
use std::{fs, io};

fn main() -> io::Result<()> {
    snapshots::<f32>("f32")?;
    snapshots::<f64>("f64")?;
    snapshots::<Approx>("approx")?;
    store()
}

/// A training run of each optimiser after seven calls.
fn snapshots<T: Scalar>(precision: &str) -> io::Result<()> {
    for (name, optimizer) in ["sgd", "heavy-ball", "adam", "lbfgs"].into_iter().zip(optimizers()) {
        let training = training::<T>(optimizer);
        let mut state = State::new();
        let mut theta = [1.0, -0.5, 0.25, 0.75, -1.0, 0.5].map(T::from_f64);
        let mut memory = vec![T::ZERO; train::memory(&optimizer, PARAMS)];
        for _ in 0..7 {
            step(&training, &mut state, &mut theta, &mut memory).map_err(io::Error::other)?;
        }
        let mut bytes = vec![0; train::saved_size(&optimizer, PARAMS)];
        train::save(&training, 7, &state, &theta, &memory, fill(&mut bytes))
            .map_err(io::Error::other)?;
        fs::write(format!("corpus/snapshot/{name}-{precision}"), bytes)?;
    }
    Ok(())
}

/// A flash after no save, one, and five.
fn store() -> io::Result<()> {
    let mut flash = Flash::new(&[]);
    for saves in 0..=5_u8 {
        if saves > 0 {
            let mut store = Store::open(&mut flash, REGION).map_err(io::Error::other)?;
            let payload = [saves; 70];
            store.save(70, |_, writer| writer.write(&payload)).map_err(io::Error::other)?;
        }
        if [0, 1, 5].contains(&saves) {
            fs::write(format!("corpus/store/{saves}-saves"), flash.0)?;
        }
    }
    Ok(())
}
