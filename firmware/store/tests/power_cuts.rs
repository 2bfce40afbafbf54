//! The power is cut at every byte of every operation: what is there afterwards is the old state or the
//! new one, and the store goes on.

mod simulated;

use proptest::prelude::*;
use simulated::device::Device;
use simulated::{STABLE, Tear};

/// Every cut of one save, on stores that hold nothing up to more than their slots.
fn every_cut<const R: usize, const W: usize, const E: usize>(
    pages: usize,
    slots: u32,
    length: usize,
    tear: Tear,
) {
    let mut device = Device::<R, W, E>::new(pages, slots, length, tear, length as u64);
    for _ in 0..=slots + 1 {
        let total = device.steps();
        assert!(total > (pages * E + length) as u64);
        for cut in 0..=total {
            let mut device = device.clone();
            device.flash.cut_after(cut);
            assert_eq!(device.save(), cut == total, "cut after {cut} of {total} steps");
            device.check();
            assert!(device.save());
            device.check();
        }
        device.save();
        device.check();
    }
}

fn every_cut_of_every_word<const E: usize>(pages: usize, slots: u32, length: usize) {
    for tear in STABLE {
        every_cut::<1, 1, E>(pages, slots, length, tear);
        every_cut::<1, 4, E>(pages, slots, length, tear);
        every_cut::<4, 4, E>(pages, slots, length, tear);
        every_cut::<1, 8, E>(pages, slots, length, tear);
        every_cut::<8, 16, E>(pages, slots, length, tear);
        every_cut::<1, 32, E>(pages, slots, length, tear);
    }
}

#[test]
fn a_cut_at_every_byte_leaves_the_old_or_the_new_state() {
    every_cut_of_every_word::<256>(1, 2, 101);
}

#[test]
fn a_cut_at_every_byte_of_two_pages_leaves_the_old_or_the_new_state() {
    every_cut_of_every_word::<128>(2, 2, 129);
}

#[test]
fn a_cut_at_every_byte_of_three_slots_leaves_the_old_or_the_new_state() {
    every_cut_of_every_word::<128>(1, 3, 17);
}

#[test]
fn a_slot_is_filled_to_its_last_byte() {
    every_cut::<1, 4, 128>(1, 2, 128 - 28 - 8 - 8, Tear::Partial);
    every_cut::<1, 32, 256>(1, 2, 256 - 3 * 32, Tear::Garbage);
    every_cut::<1, 8, 128>(1, 2, 0, Tear::Partial);
}

#[test]
fn a_cut_of_every_recovery_from_every_cut_leaves_the_old_or_the_new_state() {
    for tear in STABLE {
        let mut device = Device::<1, 4, 32>::new(2, 2, 12, tear, 5);
        (0..3).for_each(|_| assert!(device.save()));
        for first in 0..device.steps() {
            let mut device = device.clone();
            device.flash.cut_after(first);
            device.save();
            device.check();
            for second in 0..device.steps() {
                let mut device = device.clone();
                device.flash.cut_after(second);
                assert!(!device.save());
                device.check();
                assert!(device.save());
                device.check();
            }
        }
    }
}

/// The same cut, counted from the end of a save, again and again: states whose confirming word never
/// comes, in every slot.
fn the_same_cut_again_and_again<const W: usize>(slots: u32, tear: Tear) {
    for back in 1..=(10 + 3 * W.max(8) as u64) {
        let mut device = Device::<1, W, 256>::new(1, slots, 30, tear, back);
        assert!(device.save());
        for _ in 0..2 * slots + 1 {
            device.flash.cut_after(device.steps() - back);
            assert!(!device.save());
            let newest = device.check();
            // Behind the commit word come the confirming word and two readings.
            if back <= W.max(8) as u64 + 2 {
                assert!(
                    newest || tear == Tear::Unstable,
                    "{slots} slots, {back} steps before the end"
                );
            }
        }
        assert!(device.save());
        device.check();
    }
}

#[test]
fn cuts_around_the_commit_word_may_be_repeated() {
    for (tear, slots) in STABLE.into_iter().flat_map(|tear| [(tear, 2), (tear, 3), (tear, 4)]) {
        the_same_cut_again_and_again::<1>(slots, tear);
        the_same_cut_again_and_again::<8>(slots, tear);
        the_same_cut_again_and_again::<32>(slots, tear);
    }
    the_same_cut_again_and_again::<8>(3, Tear::Unstable);
}

/// One save of a long history.
#[derive(Clone, Copy, Debug)]
enum Save {
    Whole,
    /// Cut somewhere in the erasure, behind it, or within the last words: a share of 2³².
    CutErasing(u32),
    CutProgramming(u32),
    CutCommitting(u32),
}

fn any_save() -> impl Strategy<Value = Save> {
    prop_oneof![
        Just(Save::Whole),
        any::<u32>().prop_map(Save::CutErasing),
        any::<u32>().prop_map(Save::CutProgramming),
        any::<u32>().prop_map(Save::CutCommitting),
        any::<u32>().prop_map(Save::CutCommitting),
    ]
}

fn history<const R: usize, const W: usize, const E: usize>(
    mut device: Device<R, W, E>,
    saves: &[Save],
) {
    for &save in saves {
        let total = device.steps();
        let erasure = u64::from(device.region.slot);
        let (from, to, share) = match save {
            Save::Whole => (total, total + 1, 0),
            Save::CutErasing(share) => (0, erasure, share),
            Save::CutProgramming(share) => (erasure, total, share),
            // Commit word, confirming word and the readings around them.
            Save::CutCommitting(share) => (total - (6 + 3 * W.max(8) as u64), total, share),
        };
        device.flash.cut_after(from + (((to - from) * u64::from(share)) >> 32));
        device.save();
        // Twice: what is unstable differs.
        device.check();
        device.check();
    }
    assert!(device.save());
    device.check();
}

/// What one history is drawn as: pages a slot, slots, length of the payload; how words tear.
type Draw<'a> = ((usize, u32, usize), Tear, u64, &'a [Save]);

fn one_history<const R: usize, const W: usize, const E: usize>(draw: Draw<'_>) {
    let ((pages, slots, length), tear, seed, saves) = draw;
    let length = length.min(pages * E - 3 * W.max(32));
    history(Device::<R, W, E>::new(pages, slots, length, tear, seed), saves);
}

/// [`one_history`] on the flash of this number: bytes read and programmed at once, and of a page.
macro_rules! on_flash {
    ($which:expr, $draw:expr; $($number:literal => $r:literal $w:literal $e:literal,)*) => {
        match $which {
            $($number => one_history::<$r, $w, $e>($draw),)*
            _ => unreachable!("a number of the table"),
        }
    };
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn any_history_of_cuts_on_any_flash_leaves_the_old_or_the_new_state(
        which in 0..16,
        shape in (1_usize..=2, 2_u32..=4, 0_usize..3000),
        tear in prop::sample::select(STABLE.to_vec()),
        seed in any::<u64>(),
        saves in prop::collection::vec(any_save(), 1..10),
    ) {
        on_flash!(which, (shape, tear, seed, &saves);
            0 => 1 1 256, 1 => 1 4 256, 2 => 1 8 256, 3 => 4 16 256, 4 => 1 32 256,
            5 => 1 1 4096, 6 => 4 4 4096, 7 => 1 8 2048, 8 => 16 16 8192, 9 => 32 32 8192,
            10 => 1 1 131_072, 11 => 1 4 131_072, 12 => 8 8 131_072, 13 => 1 16 131_072,
            14 => 1 32 131_072, 15 => 64 64 1024,
        );
    }

    /// What no two slots can promise: torn words that read differently each time, and up to three
    /// cuts between saves that end.
    #[test]
    fn three_slots_survive_words_that_come_and_go(
        which in 0..5,
        shape in (1_usize..=2, 3_u32..=3, 0_usize..150),
        seed in any::<u64>(),
        cuts in prop::collection::vec(prop::collection::vec(any_save(), 0..=3), 1..8),
    ) {
        let saves: Vec<_> =
            cuts.into_iter().flat_map(|cuts| cuts.into_iter().chain([Save::Whole])).collect();
        on_flash!(which, (shape, Tear::Unstable, seed, &saves);
            0 => 1 1 256, 1 => 1 4 256, 2 => 1 8 256, 3 => 1 16 256, 4 => 1 32 256,
        );
    }
}
