//! Executed instructions, under QEMU with `-icount shift=0`: one instruction is one nanosecond.

/// From one tick of the system timer to the next, as a fraction: the clocks of QEMU's boards.
#[cfg(board = "microbit")]
const NANOSECONDS: [u64; 2] = [125, 2];
#[cfg(board = "mps2")]
const NANOSECONDS: [u64; 2] = [40, 1];
#[cfg(board = "an505")]
const NANOSECONDS: [u64; 2] = [50, 1];

/// A running count of instructions.
pub struct Counter {
    #[cfg(target_arch = "arm")]
    timer: cortex_m::peripheral::SYST,
}

#[cfg(target_arch = "arm")]
impl Counter {
    const TOP: u32 = 0x00ff_ffff;
    /// Instructions until a reading comes round again.
    const RANGE: u64 = (Self::TOP as u64 + 1) * NANOSECONDS[0] / NANOSECONDS[1];

    /// Starts the system timer.
    pub fn start() -> Self {
        // SAFETY: the timer belongs to this counter alone: an image starts one.
        let mut timer = unsafe { cortex_m::Peripherals::steal() }.SYST;
        timer.set_clock_source(cortex_m::peripheral::syst::SystClkSource::Core);
        timer.set_reload(Self::TOP);
        timer.clear_current();
        timer.enable_counter();
        Self { timer }
    }

    /// Ticks so far; wraps, see [`Self::since`].
    fn now(&self) -> u32 {
        let _ = &self.timer;
        Self::TOP - cortex_m::peripheral::SYST::get_current()
    }

    /// Instructions since an earlier reading, if fewer than 2²⁴ ticks ago.
    fn since(&self, earlier: u32) -> u64 {
        u64::from(self.now().wrapping_sub(earlier) & Self::TOP) * NANOSECONDS[0] / NANOSECONDS[1]
    }
}

#[cfg(target_arch = "riscv32")]
impl Counter {
    /// Instructions until a reading comes round again: never.
    const RANGE: u64 = u64::MAX;

    /// The processor counts from reset.
    pub fn start() -> Self {
        Self {}
    }

    fn now(&self) -> u64 {
        riscv::register::minstret::read64()
    }

    fn since(&self, earlier: u64) -> u64 {
        self.now() - earlier
    }
}

impl Counter {
    /// Instructions of one call, those of reading the counter included.
    pub fn time(&self, call: &mut dyn FnMut()) -> u64 {
        let earlier = self.now();
        call();
        self.since(earlier)
    }

    /// Instructions of one call of many: `(2N calls − N calls)/N`, so that all but the call cancels;
    /// rounded, because the system timer ticks once in tens of instructions. `N` is `calls`, or, of
    /// calls so long that the timer would wrap, as many as a quarter of its range holds.
    pub fn count(&self, calls: u32, mut call: impl FnMut()) -> u64 {
        let mut repeat = |calls: u32| self.time(&mut || (0..calls).for_each(|_| call()));
        let fit = Self::RANGE / 4 / repeat(1).max(1);
        let calls = calls.min(u32::try_from(fit).unwrap_or(u32::MAX)).max(1);
        let (once, twice) = (repeat(calls), repeat(2 * calls));
        let calls = u64::from(calls);
        (twice.saturating_sub(once) + calls / 2) / calls
    }
}
