//! This machine, the date, and versions.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::process::Command;

/// What numbers depend on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Machine {
    /// The processor's name.
    pub cpu: String,
    /// What vectors it has.
    pub features: Vec<String>,
    /// Threads that were used at most.
    pub threads: usize,
    /// Operating system and architecture.
    pub os: String,
}

/// This machine.
pub(super) fn this(threads: usize) -> Machine {
    Machine { cpu: cpu(), features: features(), threads, os: platform() }
}

/// Architecture and operating system.
pub(super) fn platform() -> String {
    format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS)
}

/// Year, month and day, in UTC.
pub(super) fn today() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%d").to_string()
}

/// Of this program and of the compiler in reach, which is the one that built it in a checkout.
pub(super) fn versions() -> BTreeMap<String, String> {
    let fact = ("fact".to_owned(), env!("CARGO_PKG_VERSION").to_owned());
    let rustc = version("rustc", &["--version"]).map(|version| ("rustc".to_owned(), version));
    [fact].into_iter().chain(rustc).collect()
}

/// The version that a program prints: the first word with a dot in it.
pub(super) fn version(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let number = |word: &&str| word.contains('.') && word.contains(|c: char| c.is_ascii_digit());
    let word = text.split_whitespace().find(number).filter(|_| output.status.success())?;
    Some(word.trim_start_matches(|c: char| !c.is_ascii_digit()).to_owned())
}

fn cpu() -> String {
    let linux = std::fs::read_to_string("/proc/cpuinfo").ok().and_then(|text| {
        let line = text.lines().find_map(|line| line.strip_prefix("model name"))?;
        Some(line.trim_start_matches([' ', '\t', ':']).to_owned())
    });
    let mac = || {
        let output = Command::new("sysctl").args(["-n", "machdep.cpu.brand_string"]).output();
        let text = String::from_utf8(output.ok()?.stdout).ok()?;
        Some(text.trim().to_owned()).filter(|name| !name.is_empty())
    };
    linux.or_else(mac).unwrap_or_else(|| "unknown".to_owned())
}

/// The vector extensions that the engines choose among.
fn features() -> Vec<String> {
    #[cfg(target_arch = "x86_64")]
    let found = [
        ("sse2", std::arch::is_x86_feature_detected!("sse2")),
        ("avx", std::arch::is_x86_feature_detected!("avx")),
        ("avx2", std::arch::is_x86_feature_detected!("avx2")),
        ("fma", std::arch::is_x86_feature_detected!("fma")),
        ("avx512f", std::arch::is_x86_feature_detected!("avx512f")),
    ];
    #[cfg(target_arch = "aarch64")]
    let found = [("neon", std::arch::is_aarch64_feature_detected!("neon"))];
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    let found: [(&str, bool); 0] = [];
    found.iter().filter(|feature| feature.1).map(|feature| feature.0.to_owned()).collect()
}
