//! Bytes as a network in a safetensors file. One that is read is written and read back as the same, and
//! its constants can be exported.
#![no_main]

use fact_fuzz::answered;
use fact_host::export::{Model, c, json, rust};
use fact_host::network::{encode, parse};
use fact_host::plan::Activation;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some(network) = answered(parse("a.safetensors".as_ref(), bytes)) else { return };
    assert_eq!(network.layers().count() + 1, network.widths.len());
    assert_eq!(
        network.layers().map(|(w, b)| w.len() + b.len()).sum::<usize>(),
        network.theta.len()
    );
    let again = parse("b.safetensors".as_ref(), &encode(&network).unwrap()).unwrap();
    assert_eq!(again, network);
    let known = network.about.as_ref().and_then(|about| answered(about.kinds()));
    let activation = known.map_or(Activation::Identity, |(activation, _)| activation);
    let model = Model { network: &network, activation };
    rust(&model);
    c(&model);
    json(&model);
});
