//! Every image on every board: output, exit code, symbols, sizes, stack and RAM.

use crate::elf::Image;
use crate::machine::{MACHINES, Machine, Run};
use crate::record::{self, Budget};
use crate::{Result, counts};
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Images that print the same everywhere.
pub const IMAGES: [&str; 7] =
    ["bits-f32", "bits-f64", "bits-approx", "train", "rfm", "online", "resume"];
/// The image that must panic: the control of the proofs.
const PANICS: &str = "panics";
/// Exit code of a panic.
const PANICKED: i32 = 101;
/// Growth of code that is not worth a failure, in percent; a compiler's next version may need it.
const SLACK: u64 = 2;
/// Bytes of stack aimed at for `train` and `rfm` on a Cortex-M4F.
const STACK: u64 = 1024;
/// Two cores, two emulators at a time.
const WORKERS: usize = 2;

/// The expected hashes.
pub fn bits() -> Result<String> {
    record::text("fixtures/bits.txt")
}

/// `Ok` when `found` is what is expected; the first difference otherwise.
pub fn expect(who: &str, expected: &Result<String>, found: Result<String>) -> Result<()> {
    let expected = expected.as_ref().map_err(|error| error.to_string())?;
    let found = found?;
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    let (expected, found) = (lines(expected), lines(&found));
    for row in 0..expected.len().max(found.len()) {
        let (expected, found) = (expected.get(row), found.get(row));
        if expected != found {
            let shown = |line: Option<&String>| line.map_or("nothing".into(), |l| format!("{l:?}"));
            let (expected, found) = (shown(expected), shown(found));
            let row = row + 1;
            return Err(format!("{who}, line {row}: expected {expected}, found {found}").into());
        }
    }
    println!("ok: {who}");
    Ok(())
}

/// What an image prints, from the file beside it; the hashes of its precision for `bits-…`.
fn expected(image: &str) -> Result<String> {
    match image.strip_prefix("bits-") {
        Some(precision) => {
            let all = bits()?;
            let own = all.lines().filter(|line| line.split(' ').next() == Some(precision));
            Ok(own.flat_map(|line| [line, "\n"]).collect())
        }
        None => record::text(&format!("firmware/images/expected/{image}.txt")),
    }
}

/// Checks everything; with `update`, records sizes, stacks and buffers first.
pub fn check(update: bool) -> Result<()> {
    let mut budgets = Vec::new();
    let mut statics = BTreeMap::new();
    let jobs: Vec<(&Machine, &str)> =
        MACHINES.iter().flat_map(|machine| IMAGES.map(|image| (machine, image))).collect();
    for ((machine, image), run) in jobs.iter().zip(run_all(&jobs)) {
        let (run, who) = (run?, format!("{image} on {}", machine.core));
        expect(&who, &expected(image), Ok(run.text.clone()))?;
        if run.code != 0 {
            return Err(format!("{who}: exit code {}, expected 0", run.code).into());
        }
        let linked = Image::read(&machine.image(image))?;
        no_panic(&who, &linked)?;
        for (name, bytes) in linked.statics {
            let before = statics.insert((image.to_owned(), name.clone()), bytes);
            if before.is_some_and(|before| before != bytes) {
                return Err(format!("{who}: `{name}` differs in size between targets").into());
            }
        }
        budgets.push(Budget {
            target: machine.target.to_owned(),
            image: (*image).to_owned(),
            sizes: linked.sizes,
            stack: counts::measured(&run, "stack")?,
        });
    }
    for machine in &MACHINES {
        control(machine)?;
    }
    let statics: String =
        statics.iter().map(|((image, name), bytes)| format!("{image} {name} {bytes}\n")).collect();
    if update {
        record::write(record::BUDGETS, &budgets)?;
        record::put(record::STATICS, &statics)?;
    }
    within(&budgets)?;
    expect("buffers of the images", &record::text(record::STATICS), Ok(statics))
}

/// Runs the jobs, two at a time, in order of the list.
pub fn run_all(jobs: &[(&Machine, &str)]) -> Vec<Result<Run>> {
    let next = AtomicUsize::new(0);
    let done = Mutex::new(BTreeMap::new());
    std::thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                while let Some((index, (machine, image))) = {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    jobs.get(index).map(|job| (index, job))
                } {
                    let run = machine.run(image);
                    if let Ok(mut done) = done.lock() {
                        done.insert(index, run);
                    }
                }
            });
        }
    });
    done.into_inner().unwrap_or_default().into_values().collect()
}

fn no_panic(who: &str, image: &Image) -> Result<()> {
    match &*image.forbidden {
        [] => Ok(()),
        [first, rest @ ..] => Err(format!(
            "{who} holds {first} and {} more symbols that panic or allocate",
            rest.len()
        )
        .into()),
    }
}

/// A panic exits with its code, and the symbol check sees it.
fn control(machine: &Machine) -> Result<()> {
    let run = machine.run(PANICS)?;
    if run.code != PANICKED {
        let core = machine.core;
        return Err(
            format!("a panic on {core} exits with {}, expected {PANICKED}", run.code).into()
        );
    }
    if Image::read(&machine.image(PANICS))?.forbidden.is_empty() {
        return Err(format!("the symbol check misses a panic on {}", machine.core).into());
    }
    println!("ok: a panic on {} is noticed", machine.core);
    Ok(())
}

/// Compares sizes and stacks with their budgets.
fn within(found: &[Budget]) -> Result<()> {
    let budgets: Vec<Budget> = record::read(record::BUDGETS)?;
    for found in found {
        let who = format!("{} for {}", found.image, found.target);
        let budget = budgets
            .iter()
            .find(|budget| (&budget.target, &budget.image) == (&found.target, &found.image))
            .ok_or_else(|| format!("{who}: no budget. Run ./ci.sh firmware update"))?;
        let grown = |bytes: u64| bytes + bytes * SLACK / 100;
        let (size, limit) = (found.sizes, budget.sizes);
        for (what, bytes, limit) in [
            (".text", size.text, grown(limit.text)),
            (".rodata", size.rodata, grown(limit.rodata)),
            (".data", size.data, limit.data),
            (".bss", size.bss, limit.bss),
            ("stack", found.stack, grown(budget.stack)),
        ] {
            if bytes > limit {
                return Err(format!("{who}: {what} takes {bytes} bytes, budget {limit}").into());
            }
        }
        let aimed = found.target == counts::PEERS_TARGET;
        if aimed && matches!(&*found.image, "train" | "rfm") && found.stack > STACK {
            println!("aim missed: {who}: {} bytes of stack, aim {STACK}", found.stack);
        }
    }
    println!("ok: sizes and stacks are within {}", record::BUDGETS);
    Ok(())
}
