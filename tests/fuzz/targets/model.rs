//! Bytes as the file of a kernel machine: as they are, and with length and checksum put right. One that
//! is read is written and read back as the same, predicts, and can be exported.
#![no_main]

use fact_fuzz::answered;
use fact_host::export::{machine_c, machine_json, machine_rust, machine_safetensors};
use fact_host::model::{decode, encode};
use fact_host::plan::Engine;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    for bytes in [bytes, &mend(bytes)] {
        let Some(model) = answered(decode(bytes)) else { continue };
        assert_eq!(decode(&encode(&model)).unwrap(), model);
        let outputs = answered(model.predict(&vec![0.5; model.d()], Engine::Exact));
        for row in outputs.iter() {
            assert_eq!(row.len(), model.outputs.count());
            model.outputs.class(row);
            model.outputs.shown(row);
            model.outputs.probabilities(row);
        }
        machine_rust(&model);
        machine_c(&model);
        machine_json(&model);
        answered(machine_safetensors(&model));
    }
});

/// The bytes with the length and the checksum of a model, so that the fuzzer gets behind them.
fn mend(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let Some(length) = bytes.len().checked_sub(24) else { return bytes };
    bytes[12..20].copy_from_slice(&(length as u64).to_le_bytes());
    let end = bytes.len() - 4;
    let check = crc32fast::hash(&bytes[..end]);
    bytes[end..].copy_from_slice(&check.to_le_bytes());
    bytes
}
