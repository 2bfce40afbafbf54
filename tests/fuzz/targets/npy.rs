//! Bytes as an `.npy` file. What is read as a matrix is written and read back as the same.
#![no_main]

use fact_fuzz::{answered, whole};
use fact_host::data::npy::parse;
use fact_host::experiment::Matrix;
use fact_host::report::encode;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some(array) = answered(parse("a.npy".as_ref(), bytes)) else { return };
    whole(&array);
    if let &[nrows, ncols] = array.shape.as_slice() {
        let bytes = encode(&Matrix { nrows, ncols, data: array.data.clone() }).unwrap();
        assert_eq!(parse("b.npy".as_ref(), &bytes).unwrap().data, array.data);
    }
});
