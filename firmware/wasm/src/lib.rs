//! The workload as a WebAssembly module: exports `bits`, imports `env.print`.
#![cfg(target_family = "wasm")]
#![no_std]

unsafe extern "C" {
    /// Prints `len` bytes of text at `text`.
    fn print(text: *const u8, len: usize);
}

/// Prints the hash of every part of the workload in every precision.
#[unsafe(no_mangle)]
pub extern "C" fn bits() {
    // SAFETY: the host reads the text and keeps nothing of it.
    fact_workload::bits::run(&mut |text| unsafe { print(text.as_ptr(), text.len()) });
}

/// Traps.
#[panic_handler]
fn panicked(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}
