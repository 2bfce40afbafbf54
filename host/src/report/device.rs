//! What `fact plan` prints.

use crate::engine::device::{Buffer, PARTS, STACK, fits, total};
use crate::plan::{Bias, Device};

/// Buffers, their sum, and the parts that it fits; at most 80 columns.
pub fn table(device: &Device, buffers: &[Buffer]) -> String {
    let mut text = String::new();
    if let Some(network) = &device.network {
        let widths: Vec<String> = network.widths.iter().map(usize::to_string).collect();
        let bias = match network.bias {
            Bias::None => "no biases",
            Bias::Free => "free biases",
            Bias::Decayed => "decayed biases",
        };
        let (widths, optimizer) = (widths.join("-"), network.optimizer);
        let (batch, precision) = (network.batch, device.precision);
        text += &format!("network {widths}, {bias}, {optimizer}, batch {batch}, {precision}\n");
    }
    if let Some(machine) = &device.machine {
        let (n, d, c) = (machine.n, machine.d, machine.c);
        let precision = device.precision;
        text += &format!("rfm n = {n}, d = {d}, c = {c}, {precision}\n");
    }
    text += &format!("\n{:<8} {:<8} {:>10} {:>11}  holds\n", "of", "buffer", "words", "bytes");
    for Buffer { of, name, words, bytes, holds } in buffers {
        text += &format!("{of:<8} {name:<8} {words:>10} {bytes:>11}  {holds}\n");
    }
    let bytes = total(buffers);
    text +=
        &format!("{:<8} {:<8} {:>10} {bytes:>11}  and {STACK} for the stack\n\n", "sum", "", "");
    for part in &PARTS {
        let word = if fits(part, bytes) { "fits" } else { "does not fit" };
        text += &format!("{:<12} {:<11} {:>4} KB  {word}\n", part.name, part.core, part.ram);
    }
    text
}

/// The same as JSON.
pub fn json(buffers: &[Buffer]) -> String {
    let bytes = total(buffers);
    let parts: Vec<_> = PARTS
        .iter()
        .map(|part| {
            serde_json::json!({
                "name": part.name,
                "core": part.core,
                "ram_bytes": part.ram << 10,
                "fits": fits(part, bytes),
            })
        })
        .collect();
    let report = serde_json::json!({
        "buffers": buffers,
        "bytes": bytes,
        "stack_bytes": STACK,
        "parts": parts,
    });
    format!("{report:#}\n")
}
