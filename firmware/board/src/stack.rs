//! How deep the stack has been: painted before, measured after.

/// What unused stack holds.
const PAINT: u32 = 0x5afe_57ac;
/// Bytes below the caller's frame that painting leaves alone: its own frame lies there.
const OWN: usize = 128;

unsafe extern "C" {
    /// End of the statics, from the linker script.
    static mut __sheap: u32;
    /// Highest address of the stack, likewise.
    static mut _stack_start: u32;
}

fn bottom() -> *mut u32 {
    &raw mut __sheap
}

/// Fills what lies between the statics and the caller's frame with a pattern.
#[inline(never)]
pub fn paint() {
    let here = 0_u32;
    let top = ((&raw const here as usize - OWN) & !3) as *mut u32;
    let mut at = bottom();
    while at < top {
        // SAFETY: between the end of the statics and the stack pointer nothing lives.
        unsafe {
            at.write_volatile(PAINT);
            at = at.add(1);
        }
    }
}

/// Bytes of stack used since [`paint`], counted from the top of the stack.
#[inline(never)]
pub fn used() -> usize {
    &raw mut _stack_start as usize - lowest()
}

/// Whether the stack has kept clear of the statics.
pub fn left() -> bool {
    lowest() > bottom() as usize
}

/// Bytes of stack that one call uses, its own frame included.
#[inline(never)]
pub fn depth(call: &mut dyn FnMut()) -> usize {
    let here = 0_u32;
    paint();
    call();
    // What `paint` leaves alone counts as used only if what lies below it was.
    (&raw const here as usize).saturating_sub(lowest())
}

/// The lowest address that no longer holds the paint.
fn lowest() -> usize {
    let top = &raw mut _stack_start;
    let mut at = bottom();
    // SAFETY: as in `paint`, and reading RAM is harmless.
    while at < top && unsafe { at.read_volatile() } == PAINT {
        at = unsafe { at.add(1) };
    }
    at as usize
}
