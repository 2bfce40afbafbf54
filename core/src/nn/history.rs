//! A record of the training curve in fixed memory.

use heapless::Vec;

/// Keeps at most `N` records of a run of unknown length, evenly spread: when full, every other
/// record is dropped and from then on only every second, fourth, … offer is taken.
///
/// ```
/// use fact_core::nn::history::History;
/// let mut history = History::<u32, 4>::new();
/// for t in 0..9 {
///     history.offer(t);
/// }
/// assert_eq!(history.records(), [0, 4, 8]);
/// ```
#[derive(Clone, Debug)]
pub struct History<R, const N: usize> {
    records: Vec<R, N>,
    stride: u32,
    offers: u32,
}

impl<R: Copy, const N: usize> History<R, N> {
    /// An empty history.
    ///
    /// ```
    /// use fact_core::nn::history::History;
    /// assert!(History::<u8, 4>::new().records().is_empty());
    /// ```
    pub const fn new() -> Self {
        Self { records: Vec::new(), stride: 1, offers: 0 }
    }

    /// Takes the record, or passes it over when it falls between two strides.
    ///
    /// ```
    /// use fact_core::nn::history::History;
    /// let mut history = History::<u8, 2>::new();
    /// history.offer(7);
    /// assert_eq!(history.records(), [7]);
    /// ```
    pub fn offer(&mut self, record: R) {
        if self.offers.is_multiple_of(self.stride) {
            if self.records.is_full() {
                let mut index = 0_usize;
                self.records.retain(|_| {
                    index += 1;
                    index % 2 == 1
                });
                self.stride = self.stride.saturating_mul(2);
            }
            if self.offers.is_multiple_of(self.stride) {
                // Fails only for N = 0, which keeps nothing by definition.
                let _ = self.records.push(record);
            }
        }
        self.offers = self.offers.wrapping_add(1);
    }

    /// The records kept, oldest first.
    pub fn records(&self) -> &[R] {
        &self.records
    }

    /// Offers between two records kept.
    ///
    /// ```
    /// use fact_core::nn::history::History;
    /// let mut history = History::<u8, 2>::new();
    /// (0..3).for_each(|t| history.offer(t));
    /// assert_eq!(history.stride(), 2);
    /// ```
    pub fn stride(&self) -> u32 {
        self.stride
    }
}

impl<R: Copy, const N: usize> Default for History<R, N> {
    fn default() -> Self {
        Self::new()
    }
}
