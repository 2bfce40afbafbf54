//! Bytes as an IDX file, and as one that is gzipped.
#![no_main]

use fact_fuzz::{answered, whole};
use fact_host::data::idx::parse;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Some(array) = answered(parse("a.idx".as_ref(), bytes)) {
        whole(&array);
    }
});
