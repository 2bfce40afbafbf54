//! The tables of what was measured: `benches/record` as Markdown. Nothing is measured here.

use fact_host::bench::scaling::Scaling;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::error::Error;

const RECORDS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../benches/record/");
/// Targets beside one another, with their cores.
const TARGETS: [(&str, &str); 6] = [
    ("x86_64-unknown-linux-gnu", "x86-64"),
    ("thumbv7em-none-eabihf", "Cortex-M4F"),
    ("thumbv8m.main-none-eabihf", "Cortex-M33"),
    ("riscv32imafc-unknown-none-elf", "RV32IMAFC"),
    ("thumbv7m-none-eabi", "Cortex-M3"),
    ("riscv32imac-unknown-none-elf", "RV32IMAC"),
];
/// The counts that the README shows: operation and shape.
const SHOWN: [(&str, &str); 5] = [
    ("sgd-step", "64-32-10"),
    ("inference", "64-32-10"),
    ("adam-step", "64-32-10"),
    ("gemm", "64"),
    ("cholesky-solve", "64"),
];

/// Ours beside a peer's, as `benches/peers/measure.py` writes it.
#[derive(Deserialize)]
struct Desktop {
    date: String,
    machine: BTreeMap<String, Value>,
    versions: BTreeMap<String, Value>,
    rows: Vec<Pair>,
}

#[derive(Deserialize)]
struct Pair {
    operation: String,
    shape: String,
    precision: String,
    threads: u64,
    ours: f64,
    peer: f64,
    peer_name: String,
    unit: String,
    target: Value,
}

#[derive(Deserialize)]
struct Count {
    target: String,
    operation: String,
    shape: String,
    instructions: u64,
}

/// The README's tables: what there is an aim for, beside peers, and the counts most asked for.
pub(super) fn readme() -> Result<String, Box<dyn Error>> {
    let counts = counts()?;
    let shown = SHOWN.map(|(operation, shape)| (operation.to_owned(), shape.to_owned()));
    let aimed = |row: &Pair| row.target != Value::String(String::new());
    Ok(format!("{}\n{}", desktop(aimed)?, instructions(&counts, &shown)))
}

/// All that was measured beside peers.
pub(super) fn peers() -> Result<String, Box<dyn Error>> {
    desktop(|_| true)
}

/// Every count.
pub(super) fn all_counts() -> Result<String, Box<dyn Error>> {
    let counts = counts()?;
    let mut names: Vec<(String, String)> = Vec::new();
    for Count { operation, shape, .. } in &counts {
        let name = (operation.clone(), shape.clone());
        if !names.contains(&name) {
            names.push(name);
        }
    }
    Ok(instructions(&counts, &names))
}

/// The exponents of the curves.
pub(super) fn scaling() -> Result<String, Box<dyn Error>> {
    let scaling: Scaling = serde_json::from_str(&read("scaling.json")?)?;
    let (date, cpu) = (&scaling.date, &scaling.machine.cpu);
    Ok(format!("{date}, {cpu}, one thread, `f32`.\n\n{}", scaling.to_markdown()))
}

fn read(name: &str) -> Result<String, Box<dyn Error>> {
    let path = format!("{RECORDS}{name}");
    std::fs::read_to_string(&path).map_err(|error| format!("benches/record/{name}: {error}").into())
}

fn counts() -> Result<Vec<Count>, Box<dyn Error>> {
    let mut counts: Vec<Count> = serde_json::from_str(&read("host.json")?)?;
    counts.extend(serde_json::from_str::<Vec<Count>>(&read("firmware.json")?)?);
    Ok(counts)
}

/// What was measured beside peers, as far as it is `shown`.
fn desktop(shown: impl Fn(&Pair) -> bool) -> Result<String, Box<dyn Error>> {
    let Ok(text) = read("desktop.json") else {
        return Ok("Peers were not measured yet: `benches/peers/measure.py` does.\n".to_owned());
    };
    let Desktop { date, machine, versions, rows } =
        serde_json::from_str(&text).map_err(|error| format!("desktop.json: {error}"))?;
    let cpu = machine.get("cpu").map_or("unknown".to_owned(), plain);
    let list: Vec<String> =
        versions.iter().map(|(name, version)| format!("{name} {}", plain(version))).collect();
    let mut table = format!(
        "{date}, {cpu}; {}.\n\n\
         | operation | shape | numbers | threads | fact | peer | times as fast | aim |\n\
         |---|---|---|---|---|---|---|---|\n",
        list.join(", ")
    );
    for row in rows.into_iter().filter(shown) {
        let Pair { operation, shape, precision, threads, ours, peer, peer_name, unit, target } =
            row;
        // Of a rate, more is better; of a time, less.
        let faster = if unit.contains('/') { ours / peer } else { peer / ours };
        table.push_str(&format!(
            "| {operation} | {shape} | {precision} | {threads} | {} {unit} | {peer_name} {} {unit} | \
             {faster:.2} | {} |\n",
            digits(ours),
            digits(peer),
            plain(&target),
        ));
    }
    Ok(table)
}

/// A string without its quotes, a dash for nothing, else as it is in JSON.
fn plain(value: &Value) -> String {
    match value {
        Value::Null => "—".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Three significant digits.
fn digits(value: f64) -> String {
    let whole = value.abs().log10().floor() as i32 + 1;
    format!("{value:.*}", usize::try_from(3 - whole).unwrap_or(0))
}

fn instructions(counts: &[Count], names: &[(String, String)]) -> String {
    let heads: Vec<&str> = TARGETS.iter().map(|target| target.1).collect();
    let mut table = format!(
        "| instructions | shape | {} |\n|---|---{}|\n",
        heads.join(" | "),
        "|---".repeat(heads.len())
    );
    for (operation, shape) in names {
        let cells = TARGETS.map(|(target, _)| {
            let same =
                |c: &&Count| (&*c.target, &c.operation, &c.shape) == (target, operation, shape);
            counts.iter().find(same).map_or("—".to_owned(), |count| grouped(count.instructions))
        });
        table.push_str(&format!("| {operation} | {shape} | {} |\n", cells.join(" | ")));
    }
    table
}

/// A number with its digits in groups of three.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let groups = digits.as_bytes().rchunks(3).rev();
    let groups: Vec<_> = groups.map(|group| String::from_utf8_lossy(group)).collect();
    groups.join(" ")
}
