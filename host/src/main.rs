//! The command `fact`.
fn main() {}
