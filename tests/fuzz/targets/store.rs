//! Bytes as the content of a flash, on which a store is opened, read and written: what is saved last
//! is read back, whatever was there before.
#![no_main]

use fact_fuzz::{Flash, REGION};
use fact_store::{Error, Store};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut flash = Flash::new(bytes);
    let payload = &bytes[..bytes.len().min(100)];
    for _ in 0..2 {
        let mut store = Store::open(&mut flash, REGION).unwrap();
        if store.sequence().is_some() {
            read(&mut store);
        }
        match store.save(payload.len() as u32, |_, writer| writer.write(payload)) {
            Ok(sequence) => assert_eq!(store.sequence(), Some(sequence)),
            Err(error) => {
                assert_eq!(error, Error::Sequence);
                return;
            }
        }
        assert_eq!(read(&mut Store::open(&mut flash, REGION).unwrap()), payload);
    }
});

fn read(store: &mut Store<&mut Flash>) -> Vec<u8> {
    let mut reader = store.load().unwrap();
    let mut found = vec![0; reader.remaining() as usize];
    reader.read(&mut found).unwrap();
    found
}
