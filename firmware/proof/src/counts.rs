//! Instruction counts, beside those of peers, against the record.

use crate::Result;
use crate::images::run_all;
use crate::machine::{MACHINES, Machine, Run};
use crate::record::{self, Count, Depth};

/// Growth that fails, in percent.
const SLACK: u64 = 2;
/// Bytes of stack aimed at for an entry point on a Cortex-M4F.
const STACK: u64 = 512;
/// The target that peers were counted on.
pub const PEERS_TARGET: &str = "thumbv7em-none-eabihf";

/// Peers on an emulated Cortex-M4F (QEMU 7.2; C with gcc 12.2 -O2, Rust with opt-level 3, fat LTO),
/// and the figure aimed at.
const PEERS: [(&str, &str, &str, Option<u64>); 13] = [
    ("sgd-step", "2-3-1", "AIfES 4501, Tinn 620, mynn 324, tinymind 722", Some(300)),
    ("sgd-step", "4-16-3", "AIfES 21799, Tinn 3820, mynn 2900, tinymind 7670", Some(2000)),
    ("sgd-step", "64-32-10", "AIfES 289339, Tinn 41891, mynn 48095, tinymind 126573", Some(20_000)),
    ("inference", "64-32-10", "AIfES 16937", Some(7500)),
    ("adam-step", "64-32-10", "AIfES 2938652", Some(90_000)),
    ("batch-32-sample", "64-32-10", "AIfES 99900", None),
    ("gemm", "16", "CMSIS-DSP 24818, nalgebra 13933", None),
    ("gemm", "32", "CMSIS-DSP 172480, nalgebra 170911", None),
    ("gemm", "64", "CMSIS-DSP 1311600, nalgebra 1420859", Some(459_000)),
    ("gemm-any", "64", "the same, with shapes known at run time only", Some(459_000)),
    ("cholesky-solve", "16", "nalgebra 15415", None),
    ("cholesky-solve", "32", "nalgebra 75050", None),
    ("cholesky-solve", "64", "nalgebra 387040", Some(200_000)),
];

/// The number behind `name` among the measurements of a run.
pub fn measured(run: &Run, name: &str) -> Result<u64> {
    let line = run.measured.iter().find_map(|line| line.strip_prefix(name));
    let number = line.and_then(|number| number.trim().parse().ok());
    number.ok_or_else(|| format!("the image prints no `# {name} NUMBER`").into())
}

/// Counts twice, compares with the record; with `update`, records first.
pub fn check(update: bool) -> Result<()> {
    let machines: Vec<&Machine> = MACHINES.iter().filter(|machine| machine.counts).collect();
    let jobs: Vec<_> = machines.iter().map(|machine| (*machine, "counts")).collect();
    let again = run_all(&jobs);
    let (mut counts, mut depths) = (Vec::new(), Vec::new());
    for ((machine, first), second) in machines.iter().zip(run_all(&jobs)).zip(again) {
        let (first, second) = (first?, second?);
        if first.code != 0 {
            return Err(format!("counts on {}: {}", machine.core, first.text).into());
        }
        if first.measured != second.measured {
            return Err(format!("counts on {} differ from run to run", machine.core).into());
        }
        for line in first.measured.iter().filter_map(|line| line.strip_prefix("count ")) {
            let words: Vec<&str> = line.split(' ').collect();
            let [operation, shape, instructions, stack] = *words else {
                return Err(format!("counts on {}: {line:?}", machine.core).into());
            };
            let target = machine.target.to_owned();
            let (operation, shape) = (operation.to_owned(), shape.to_owned());
            depths.push(Depth {
                target: target.clone(),
                operation: operation.clone(),
                shape: shape.clone(),
                stack: stack.parse()?,
            });
            counts.push(Count { target, operation, shape, instructions: instructions.parse()? });
        }
    }
    show(&machines, &counts);
    if update {
        record::write(record::COUNTS, &counts)?;
        record::write(record::DEPTHS, &depths)?;
    }
    within(&counts)?;
    shallow(&depths)
}

fn show(machines: &[&Machine], counts: &[Count]) {
    print!("{:<16}{:<10}", "instructions", "shape");
    machines.iter().for_each(|machine| print!("{:>11}", machine.core));
    println!();
    let rows = counts.iter().filter(|count| count.target == PEERS_TARGET);
    for row in rows {
        print!("{:<16}{:<10}", row.operation, row.shape);
        for machine in machines {
            let same = |c: &&Count| {
                (&*c.target, &c.operation, &c.shape) == (machine.target, &row.operation, &row.shape)
            };
            let count = counts.iter().find(same).map(|c| c.instructions.to_string());
            print!("{:>11}", count.unwrap_or("—".into()));
        }
        println!();
    }
    println!("\nCortex-M4F, executed instructions (not cycles), beside peers:");
    for (operation, shape, peers, aim) in PEERS {
        let found = counts
            .iter()
            .find(|c| (&*c.target, &*c.operation, &*c.shape) == (PEERS_TARGET, operation, shape));
        let own = found.map_or(0, |count| count.instructions);
        let aim = aim.map_or(String::new(), |aim| {
            format!(", aim {aim} {}", if own <= aim { "reached" } else { "missed" })
        });
        println!("  {operation} {shape}: {own}{aim}\n    {peers}");
    }
}

/// Nothing may take more instructions than recorded, but for a compiler's whim.
fn within(found: &[Count]) -> Result<()> {
    let record: Vec<Count> = record::read(record::COUNTS)?;
    for found in found {
        let who = format!("{} {} for {}", found.operation, found.shape, found.target);
        let same = |c: &&Count| {
            (&c.target, &c.operation, &c.shape) == (&found.target, &found.operation, &found.shape)
        };
        let before = record.iter().find(same).map(|count| count.instructions);
        let before =
            before.ok_or_else(|| format!("{who}: not recorded. Run ./ci.sh firmware update"))?;
        if found.instructions > before + before * SLACK / 100 {
            let now = found.instructions;
            return Err(format!("{who}: {now} instructions, recorded {before}").into());
        }
    }
    println!("ok: instructions are within {SLACK} % of {}", record::COUNTS);
    Ok(())
}

/// No operation may take more stack than recorded; those beyond the aim are named.
fn shallow(found: &[Depth]) -> Result<()> {
    let record: Vec<Depth> = record::read(record::DEPTHS)?;
    for found in found {
        let who = format!("{} {} for {}", found.operation, found.shape, found.target);
        let same = |d: &&Depth| {
            (&d.target, &d.operation, &d.shape) == (&found.target, &found.operation, &found.shape)
        };
        let before = record.iter().find(same).map(|depth| depth.stack);
        let before =
            before.ok_or_else(|| format!("{who}: not recorded. Run ./ci.sh firmware update"))?;
        if found.stack > before + before * SLACK / 100 {
            let now = found.stack;
            return Err(format!("{who}: {now} bytes of stack, recorded {before}").into());
        }
        if found.target == PEERS_TARGET && found.stack > STACK {
            println!("aim missed: {who}: {} bytes of stack, aim {STACK}", found.stack);
        }
    }
    println!("ok: stacks of operations are within {SLACK} % of {}", record::DEPTHS);
    Ok(())
}
