//! The emulated boards, and one run of an image on one of them.

use crate::Result;
use crate::counts::PEERS_TARGET;
use std::io::Read;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Longer than any image takes, also beside other work.
const PATIENCE: Duration = Duration::from_secs(240);
/// How to come by an emulator.
const INSTALL: &str = "Install QEMU (Debian: apt-get install --no-install-recommends \
     qemu-system-arm qemu-system-misc; append `qemu-utils-` where a newer qemu-utils blocks it).";

/// A target with the board it runs on.
#[derive(Clone, Copy, Debug)]
pub struct Machine {
    /// Rust's name of the target.
    pub target: &'static str,
    /// The core, for people.
    pub core: &'static str,
    /// Whether its RAM holds what `counts` works on.
    pub counts: bool,
    emulator: &'static str,
    board: &'static [&'static str],
}

const fn arm(target: &'static str, core: &'static str, board: &'static [&'static str]) -> Machine {
    Machine { target, core, counts: true, emulator: "qemu-system-arm", board }
}

const fn riscv(
    target: &'static str,
    core: &'static str,
    board: &'static [&'static str],
) -> Machine {
    Machine { emulator: "qemu-system-riscv32", ..arm(target, core, board) }
}

/// Every machine.
pub const MACHINES: [Machine; 6] = [
    Machine { counts: false, ..arm("thumbv6m-none-eabi", "Cortex-M0", &["-machine", "microbit"]) },
    arm("thumbv7m-none-eabi", "Cortex-M3", &["-machine", "mps2-an385"]),
    arm("thumbv7em-none-eabihf", "Cortex-M4F", &["-machine", "mps2-an386"]),
    arm("thumbv8m.main-none-eabihf", "Cortex-M33", &["-machine", "mps2-an505"]),
    riscv(
        "riscv32imac-unknown-none-elf",
        "RV32IMAC",
        &["-machine", "virt", "-bios", "none", "-cpu", "rv32,f=false,d=false"],
    ),
    riscv(
        "riscv32imafc-unknown-none-elf",
        "RV32IMAFC",
        &["-machine", "virt", "-bios", "none", "-cpu", "rv32,d=false"],
    ),
];

/// What an image has printed.
#[derive(Clone, Debug)]
pub struct Run {
    /// What it says, the same on every machine.
    pub text: String,
    /// What was measured of this run, lines without their `# `.
    pub measured: Vec<String>,
    /// Exit code.
    pub code: i32,
}

impl Machine {
    /// The machine of a target.
    pub fn of(target: &str) -> Result<&'static Self> {
        let found = MACHINES.iter().find(|machine| machine.target == target);
        let known: Vec<_> = MACHINES.iter().map(|machine| machine.target).collect();
        found
            .ok_or_else(|| format!("no board for {target:?}: expected {}", known.join(", ")).into())
    }

    /// Where cargo puts an image.
    pub fn image(&self, name: &str) -> PathBuf {
        // As `part_build` of ci.sh has them built.
        let fast = self.target == PEERS_TARGET || name == "counts";
        let profile = if fast { "image" } else { "image-small" };
        [env!("CARGO_MANIFEST_DIR"), "..", "target", self.target, profile, name].iter().collect()
    }

    /// Runs an image until it exits, one instruction a nanosecond of its time.
    pub fn run(&self, name: &str) -> Result<Run> {
        let image = self.image(name);
        if !image.exists() {
            return Err(format!("{} is missing: run ./ci.sh firmware", image.display()).into());
        }
        let mut child = Command::new(self.emulator)
            .args(self.board)
            .args("-icount shift=0 -display none -monitor none -serial none".split(' '))
            .args(["-chardev", "stdio,id=out"])
            .args(["-semihosting-config", "enable=on,target=native,chardev=out"])
            .arg("-kernel")
            .arg(&image)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{}: {error}. {INSTALL}", self.emulator))?;
        let mut output = child.stdout.take().ok_or("no output of the emulator")?;
        let reader = std::thread::spawn(move || {
            let mut text = String::new();
            output.read_to_string(&mut text).map(|_| text)
        });
        let start = Instant::now();
        let status = loop {
            if let Some(status) = child.try_wait()? {
                break status;
            }
            if start.elapsed() > PATIENCE {
                child.kill()?;
                child.wait()?;
                return Err(format!("{name} on {} did not end in {PATIENCE:?}", self.core).into());
            }
            std::thread::sleep(Duration::from_millis(20));
        };
        let printed = reader.join().map_err(|_| "the output could not be read")??;
        let (measured, text): (Vec<&str>, Vec<&str>) =
            printed.lines().partition(|line| line.starts_with("# "));
        let measured = measured.iter().map(|line| line.trim_start_matches("# ").to_owned());
        Ok(Run {
            text: text.iter().flat_map(|line| [line, "\n"]).collect(),
            measured: measured.collect(),
            code: status.code().unwrap_or(-1),
        })
    }
}
