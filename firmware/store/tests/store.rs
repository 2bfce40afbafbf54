//! What the store promises where the power lasts: what is saved comes back, what does not fit is
//! refused before anything is lost, and damage costs the damaged state only.

mod simulated;

use fact_store::{Condition, Error, Region, Store, overhead};
use simulated::device::Device;
use simulated::{Failed, Flash, STABLE, Tear};

type Small = Flash<1, 8, 256>;
const REGION: Region = Region { start: 256, slot: 512, slots: 3 };

fn used() -> Small {
    Flash::used(256..256 + 3 * 512, Tear::Garbage, 9)
}

fn save(store: &mut Store<&mut Small>, bytes: &[u8]) -> Result<u64, Error<Failed>> {
    store.save(bytes.len() as u32, |_, writer| writer.write(bytes))
}

fn load(store: &mut Store<&mut Small>) -> Result<Vec<u8>, Error<Failed>> {
    let mut reader = store.load()?;
    let mut bytes = vec![0; reader.remaining() as usize];
    reader.read(&mut bytes)?;
    Ok(bytes)
}

#[test]
fn what_is_saved_comes_back_whatever_the_pieces() {
    let mut flash = used();
    let mut store = Store::open(&mut flash, REGION).unwrap();
    assert_eq!((store.sequence(), load(&mut store)), (None, Err(Error::Empty)));
    assert_eq!(store.room(), 512 - (32 + 8 + 8));
    let bytes: Vec<u8> = (0..store.room()).map(|i| (i * 7) as u8).collect();
    for (number, len) in [0, 1, 7, 8, 63, 64, 65, 128, bytes.len()].into_iter().enumerate() {
        for piece in [1, 8, 13, 64, 500] {
            let store = &mut Store::open(&mut flash, REGION).unwrap();
            let fill = |_, writer: &mut fact_store::Writer<'_, _>| {
                bytes[..len].chunks(piece).try_for_each(|piece| writer.write(piece))
            };
            let sequence = store.save(len as u32, fill).unwrap();
            assert_eq!(store.sequence(), Some(sequence));
            // At once and after a restart.
            assert_eq!(load(store).as_deref(), Ok(&bytes[..len]), "{number}");
            let again = &mut Store::open(&mut flash, REGION).unwrap();
            assert_eq!(again.sequence(), Some(sequence));
            let mut reader = again.load().unwrap();
            let mut found = vec![];
            while reader.remaining() > 0 {
                let mut part = vec![0; piece.min(reader.remaining() as usize)];
                reader.read(&mut part).unwrap();
                found.extend(part);
            }
            assert_eq!(found, bytes[..len]);
        }
    }
}

#[test]
fn sequence_numbers_rise_and_slots_take_turns() {
    let mut flash = used();
    for number in 1..=7 {
        let mut store = Store::open(&mut flash, REGION).unwrap();
        assert_eq!(save(&mut store, &[number as u8]), Ok(number));
        let complete = (0..3)
            .filter_map(|slot| match store.condition(slot).unwrap() {
                Condition::Complete { sequence, length: 1 } => Some(sequence),
                _ => None,
            })
            .collect::<Vec<_>>();
        let mut expected: Vec<u64> = (1..=number).rev().take(3).collect();
        expected.sort_by_key(|sequence| (sequence + 2) % 3);
        assert_eq!(complete, expected);
    }
}

#[test]
fn regions_that_do_not_fit_the_flash_are_refused() {
    let refused = |region| {
        let error = Store::open(&mut used(), region).map(drop).unwrap_err();
        assert!(matches!(error, Error::Region { .. }), "{error:?}");
        error.to_string()
    };
    let with = |start, slot, slots| refused(Region { start, slot, slots });
    assert_eq!(with(256, 512, 1), "region of the store: at least two slots");
    assert_eq!(with(256, 512, 0), "region of the store: at least two slots");
    let whole = "region of the store: start and slot in whole pages of ERASE_SIZE";
    assert_eq!(with(128, 512, 2), whole);
    assert_eq!(with(256, 500, 2), whole);
    assert_eq!(with(256, 0, 2), "region of the store: a slot larger than its overhead");
    let end = "region of the store: an end within the flash";
    for (start, slot, slots) in [
        (256, 512, 4),
        (2048, 512, 2),
        (u32::MAX - 255, 512, 2),
        (0, 1 << 31, 2),
        (0, 256, u32::MAX),
    ] {
        assert_eq!(with(start, slot, slots), end);
    }
    assert_eq!(overhead::<Flash<1, 1, 256>>(), 28 + 8 + 8);
    assert_eq!(overhead::<Flash<32, 4, 256>>(), 32 + 32 + 32);
    let mut flash = used();
    let condition = Store::open(&mut flash, REGION).unwrap().condition(3);
    assert!(matches!(condition, Err(Error::Region { .. })));
}

#[test]
fn what_cannot_be_saved_leaves_the_last_state() {
    let mut flash = used();
    let mut store = Store::open(&mut flash, REGION).unwrap();
    assert_eq!(save(&mut store, b"kept"), Ok(1));
    let room = store.room();
    let refused = save(&mut store, &vec![0; room as usize + 1]);
    assert_eq!(refused, Err(Error::TooLarge { needed: room + 1, available: room }));
    // Another number of bytes than announced.
    let short = store.save(5, |_, writer| writer.write(b"four"));
    assert_eq!(short, Err(Error::Length { expected: 5, found: 4 }));
    let long = store.save(3, |_, writer| writer.write(b"four"));
    assert_eq!(long, Err(Error::Length { expected: 3, found: 4 }));
    // The caller's own failure.
    assert_eq!(store.save(4, |_, _| Err(Error::Empty)), Err(Error::Empty));
    assert_eq!(load(&mut store).as_deref(), Ok(&b"kept"[..]));
    // More than there is.
    let mut five = [0; 5];
    let beyond = store.load().unwrap().read(&mut five);
    assert_eq!(beyond, Err(Error::Length { expected: 4, found: 5 }));
    let mut store = Store::open(&mut flash, REGION).unwrap();
    assert_eq!(load(&mut store).as_deref(), Ok(&b"kept"[..]));
}

#[test]
fn a_worn_out_cell_is_found_before_it_counts() {
    // The second slot begins at 768: record, commit word, confirming word, payload.
    let last_of_payload = 768 + 32 + 8 + 8 + 99;
    for offset in (768..768 + 28).chain(768 + 32..768 + 40).chain([768 + 48, last_of_payload]) {
        for value in [0, 0xff] {
            let mut flash = used();
            let mut store = Store::open(&mut flash, REGION).unwrap();
            assert_eq!(save(&mut store, &[3; 100]), Ok(1));
            flash.wear_out(offset, value);
            let mut store = Store::open(&mut flash, REGION).unwrap();
            match save(&mut store, &[5; 100]) {
                // The cell is stuck at what was to be stored.
                Ok(2) => assert_eq!(load(&mut store), Ok(vec![5; 100])),
                refused => {
                    assert_eq!(refused, Err(Error::ReadBack), "{offset}");
                    assert_eq!(load(&mut store), Ok(vec![3; 100]));
                }
            }
        }
    }
}

#[test]
fn a_damaged_state_gives_way_to_the_one_before() {
    let mut device = Device::<1, 8, 256>::new(2, 3, 100, Tear::Garbage, 1);
    (0..3).for_each(|_| assert!(device.save()));
    let newest = 256 + 2 * 512;
    // All bits that count; not the confirming word, nor padding.
    for offset in (0..28).chain(32..40).chain(48..148) {
        for bit in 0..8 {
            let mut flash = device.flash.clone();
            flash.corrupt(newest + offset, 1 << bit);
            let mut store = Store::open(&mut flash, device.region).unwrap();
            assert_eq!(store.sequence(), Some(2), "byte {offset}");
            assert_eq!(store.condition(2), Ok(Condition::Incomplete));
            // And it is the one that is replaced.
            let sequence = store.save(0, |_, _| Ok(())).unwrap();
            assert!(sequence > 2);
            let condition = store.condition(2);
            assert_eq!(condition, Ok(Condition::Complete { sequence, length: 0 }));
        }
    }
    let mut flash = device.flash.clone();
    for slot in 0..3 {
        flash.corrupt(256 + 512 * slot, 1);
    }
    assert_eq!(Store::open(&mut flash, device.region).unwrap().sequence(), None);
}

#[test]
fn half_erased_pages_are_recognised_and_erased_again() {
    for tear in STABLE {
        let mut device = Device::<1, 8, 256>::new(2, 2, 300, tear, 1);
        (0..2).for_each(|_| assert!(device.save()));
        let before = device.flash.taken();
        Store::open(&mut device.flash, device.region).unwrap();
        let opening = device.flash.taken() - before;
        // The first slot is the older: its first page, or its second, is cut, at the last byte too.
        for cut in [1, 100, 255, 256, 257, 400, 511] {
            let mut device = device.clone();
            device.flash.cut_after(opening + cut);
            assert!(!device.save());
            device.flash.power_on();
            let mut store = Store::open(&mut device.flash, device.region).unwrap();
            let condition = store.condition(0).unwrap();
            match tear {
                // Its words are seen to be torn where they are read at all.
                Tear::Faulty => assert!(
                    matches!(
                        condition,
                        Condition::Unreadable(Failed::Fault) | Condition::Incomplete
                    ),
                    "{condition:?}"
                ),
                _ => assert_eq!(condition, Condition::Incomplete, "{tear:?}, {cut}"),
            }
            device.check();
            // The simulated flash fails the test if this does not erase first.
            assert!(device.save());
            device.check();
        }
    }
}
