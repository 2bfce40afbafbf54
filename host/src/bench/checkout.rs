//! The checkout that a command runs in, whose tools count instructions.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What is needed where there is none.
pub(super) const NEEDED: &str = "this folder is in no checkout of the project, whose tools count";

/// The checkout around the current folder.
pub(super) fn find() -> Option<PathBuf> {
    let here = std::env::current_dir().ok()?;
    let is_one = |folder: &&Path| {
        ["benches/instructions.rs", "firmware/ci.sh"].iter().all(|file| folder.join(file).is_file())
    };
    here.ancestors().find(is_one).map(Path::to_owned)
}

/// What a program prints, run in its folder; its conversation goes to stderr unless `quiet`.
///
/// # Errors
/// What went wrong, with the last of what it said.
pub(super) fn output(command: &mut Command, quiet: bool) -> Result<String, String> {
    let name = format!("{command:?}");
    // Built for the baseline, whatever the processor: what is counted must not depend on it.
    for variable in ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_RUSTFLAGS"] {
        command.env_remove(variable);
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    command.stderr(if quiet { Stdio::piped() } else { Stdio::inherit() });
    let child = command.spawn().and_then(|child| child.wait_with_output());
    let output = child.map_err(|error| format!("{name}: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(text);
    }
    let all = text + &String::from_utf8_lossy(&output.stderr);
    let last = all.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("it said nothing");
    Err(format!("{name} failed ({}): {last}", output.status))
}
