//! What an image needs of its board: entry, output, exit code, panic handler, instruction counter
//! and stack gauge. On other hardware than QEMU's replace [`print`] and [`exit`] (a UART, a reset).
#![cfg(target_os = "none")]
#![no_std]

mod counter;
mod entry;
mod stack;

pub use counter::Counter;
pub use stack::{depth as stack_of, left as stack_left, paint as paint_stack, used as stack_used};

#[cfg(target_arch = "arm")]
#[doc(hidden)]
pub use cortex_m_rt as rt;
#[cfg(target_arch = "riscv32")]
#[doc(hidden)]
pub use riscv_rt as rt;

use semihosting::sys::arm_compat::sys_writec;

/// Writes text to the debugger's console.
pub fn print(text: &str) {
    text.bytes().for_each(sys_writec);
}

/// Writes a whole number.
pub fn print_number(number: u64) {
    // Divisors are constants: a variable one leaves a panic behind where it is not inlined.
    let (mut digits, mut rest, mut count) = ([0; 20], number, 0);
    for digit in digits.iter_mut().rev() {
        if rest > 0 || count == 0 {
            *digit = b'0' + (rest % 10) as u8;
            rest /= 10;
            count += 1;
        }
    }
    digits.into_iter().filter(|&digit| digit > 0).for_each(sys_writec);
}

/// Ends the image with an exit code of its emulator.
pub fn exit(code: u8) -> ! {
    semihosting::process::exit(code.into())
}

/// No image contains it: `proof symbols` fails when a panic stays in one.
#[panic_handler]
fn panicked(_: &core::panic::PanicInfo<'_>) -> ! {
    print("panicked\n");
    exit(101)
}
