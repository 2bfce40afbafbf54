//! Tells the counter whose clock it reads: each Arm target is run on one board.

fn main() {
    let target = std::env::var("TARGET").unwrap_or_default();
    let board = match target.split('-').next() {
        Some("thumbv6m") => "microbit",
        Some("thumbv8m.main") => "an505",
        Some("thumbv7m" | "thumbv7em") => "mps2",
        _ => "none",
    };
    println!(
        "cargo::rustc-check-cfg=cfg(board, values(\"microbit\", \"mps2\", \"an505\", \"none\"))"
    );
    println!("cargo::rustc-cfg=board=\"{board}\"");
}
