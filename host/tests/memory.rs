//! What a fit announces to need is what it takes.

use super::command::file;
use fact_core::rng::Rng;
use std::fmt::Write as _;
use std::io::Read;
use std::process::{Command, Stdio};
use std::time::Duration;

/// Megabytes announced, and the most that were resident.
fn announced_and_taken(args: &[&str]) -> (f64, f64) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_fact"))
        .args(args)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("runs");
    let status = format!("/proc/{}/status", child.id());
    let mut taken = 0.0_f64;
    let exit = loop {
        if let Some(exit) = child.try_wait().expect("waited for") {
            break exit;
        }
        // Gone once the command has ended; until then it only grows.
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kilobytes = line.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse().ok());
        taken = taken.max(kilobytes.unwrap_or(0.0_f64) * 1024.0 / 1e6);
        std::thread::sleep(Duration::from_millis(2));
    };
    let mut stderr = String::new();
    child.stderr.take().expect("piped").read_to_string(&mut stderr).expect("text");
    assert!(exit.success(), "{stderr}");
    let announced = stderr.split("memory: ").nth(1).and_then(|text| text.split(" MB").next());
    (announced.and_then(|number| number.parse().ok()).expect("announced"), taken)
}

/// A fit of so many samples of ten inputs.
fn fit(n: usize) -> (f64, f64) {
    let folder = tempfile::tempdir().expect("folder");
    let mut rng = Rng::new(1);
    let mut text = String::new();
    for _ in 0..n {
        let x: Vec<f64> = (0..11).map(|_| rng.normal()).collect();
        let row: Vec<String> = x.iter().map(|x| format!("{x:.3}")).collect();
        writeln!(text, "{}", row.join(",")).expect("written");
    }
    let path = file(folder.path(), "samples.csv", text);
    announced_and_taken(&["rfm", "fit", "--train", &path, "--rounds", "1", "--precision", "f64"])
}

#[test]
fn a_fit_takes_the_memory_it_announces() {
    let (mut announced, mut taken) = fit(2000);
    if cfg!(debug_assertions) {
        // The announced size of the command itself is that of a release build.
        let small = fit(300);
        announced -= small.0;
        taken -= small.1;
    }
    assert!(taken < 1.15 * announced, "{taken} MB taken, {announced} MB announced");
    // Nor is it far less.
    assert!(taken > announced / 1.15, "{taken} MB taken, {announced} MB announced");
}
