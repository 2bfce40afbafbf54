//! A training run in the store, as a [snapshot](fact_core::snapshot).

use crate::{Error, Store};
use embedded_storage::nor_flash::NorFlash;
use fact_core::nn::train::{self, State, Training};
use fact_core::scalar::Scalar;
use fact_core::snapshot::Failure;

/// How often a state that reads differently each time is looked for.
const TRIES: usize = 8;

impl<F: NorFlash> Store<F> {
    /// Saves a training run between any two calls of [`train::step`]; returns its sequence number.
    ///
    /// Stack: some blocks of 64 bytes; the weights are not copied.
    ///
    /// # Errors
    /// Those of [`Self::save`], and [`Error::Arguments`] when the arguments do not fit each other.
    pub fn save_training<T: Scalar>(
        &mut self,
        training: &Training<'_, T>,
        state: &State,
        theta: &[T],
        memory: &[T],
    ) -> Result<u64, Error<F::Error>> {
        let length = train::saved_size(&training.optimizer, theta.len());
        let length = u32::try_from(length).unwrap_or(u32::MAX);
        self.save(length, |sequence, writer| {
            let sink = |bytes: &[u8]| writer.write(bytes);
            train::save(training, sequence, state, theta, memory, sink).map_err(flatten)
        })
    }

    /// Resumes the training run last saved; returns its sequence number. See [`train::resume`] for
    /// what `training` must be and what is overwritten.
    ///
    /// # Errors
    /// [`Error::Empty`] when there is none yet: start anew. [`Error::Refused`] when what is stored is
    /// damaged or of another network, precision, optimiser or version. [`Error::Unstable`] when eight
    /// readings in turn found it to change under them.
    pub fn resume_training<T: Scalar>(
        &mut self,
        training: &Training<'_, T>,
        state: &mut State,
        theta: &mut [T],
        memory: &mut [T],
    ) -> Result<u64, Error<F::Error>> {
        let mut resume = |store: &mut Self| {
            let mut reader = store.load()?;
            let source = |bytes: &mut [u8]| reader.read(bytes);
            train::resume(training, state, theta, memory, source).map_err(flatten)
        };
        for _ in 1..TRIES {
            match resume(self) {
                Err(Error::Unstable) => self.refresh(),
                Err(Error::Refused(_)) if !self.settled() => self.refresh(),
                resumed => return resumed,
            }
        }
        resume(self)
    }
}

fn flatten<E>(failure: Failure<Error<E>>) -> Error<E> {
    match failure {
        Failure::Stream(error) => error,
        Failure::Refused(refused) => Error::Refused(refused),
        Failure::Arguments(error) => Error::Arguments(error),
    }
}
