//! The workload in an embedded WebAssembly interpreter.

use crate::Result;
use std::path::PathBuf;
use wasmi::{Caller, Engine, Extern, Linker, Module, Store};

/// Where cargo puts the module.
fn module() -> PathBuf {
    let path = "../target/wasm32-unknown-unknown/image/fact_wasm.wasm";
    [env!("CARGO_MANIFEST_DIR"), path].iter().collect()
}

/// What the module prints.
pub fn run() -> Result<String> {
    let path = module();
    let bytes = std::fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let engine = Engine::default();
    let module = Module::new(&engine, bytes)?;
    let mut store = Store::new(&engine, Vec::new());
    let mut linker = Linker::new(&engine);
    linker.func_wrap("env", "print", |mut caller: Caller<'_, Vec<u8>>, at: u32, len: u32| {
        let memory = caller.get_export("memory").and_then(Extern::into_memory);
        if let Some(memory) = memory {
            let (data, out) = memory.data_and_store_mut(&mut caller);
            out.extend_from_slice(data.get(at as usize..(at + len) as usize).unwrap_or(b"?"));
        }
    })?;
    let instance = linker.instantiate_and_start(&mut store, &module)?;
    instance.get_typed_func::<(), ()>(&store, "bits")?.call(&mut store, ())?;
    Ok(String::from_utf8(store.into_data())?)
}
