//! Benchmarks of the numeric core: `cargo bench -p fact-benches`.
