//! Features: what the theory says about the weights, and how well each of its claims agrees.
//!
//! | quantity | formula | module |
//! |---|---|---|
//! | neural feature matrix | `WᵀW`, `WWᵀ` | [`neural`] |
//! | FACT, bFACT | `−(1/(nλ)) Σ gᵢhᵢᵀ`, `−(1/(nλ)) Σ (Whᵢ)δᵢᵀ` | [`fact`] |
//! | NFA's AGOP | `(1/n) Σ JᵢᵀJᵢ` | [`agop`] |
//! | eNFA | `(1/n) Σ gᵢgᵢᵀ` | [`enfa`] |
//! | Pearson, cosine, residual | | [`agreement`] |
//! | how far from critical | `‖W‖₂‖∇_W L_λ‖/(λ‖WᵀW‖)` | [`certificate`] |
//!
//! What cannot be measured is missing, with its reason: never 0, 1 or a NaN.

pub mod agop;
pub mod agreement;
pub mod certificate;
pub mod enfa;
pub mod fact;
pub mod neural;

use core::fmt;

/// A measurement, or why there is none.
pub type Measured = Result<f64, Missing>;

/// Why a measurement does not exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// A matrix without entries.
    Empty,
    /// All entries are equal: no correlation.
    Constant,
    /// All entries are zero, or so small that their squares are: no direction, and nothing to be
    /// relative to.
    Zero,
    /// Without decay (`λ = 0`) FACT is undefined.
    NoDecay,
    /// An entry is infinite or not a number.
    NonFinite,
    /// This quantity is not formed: by this optimiser, at this tolerance, or from what is given.
    NotFormed,
    /// Only an inner-product kernel has this quantity.
    NotInnerProduct,
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "the matrix is empty",
            Self::Constant => "all entries are equal",
            Self::Zero => "all entries are zero",
            Self::NoDecay => "undefined without decay (lambda = 0)",
            Self::NonFinite => "an entry is not finite",
            Self::NotFormed => "not formed",
            Self::NotInnerProduct => "defined for inner-product kernels only",
        })
    }
}
